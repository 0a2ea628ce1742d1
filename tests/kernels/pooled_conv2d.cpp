#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d.hpp>
#include <mote/kernels/generic/elementwise.hpp>
#include <mote/kernels/generic/max_pool2d.hpp>
#include <mote/kernels/generic/pooled_conv2d.hpp>
#include <mote/kernels/vector/pooled_conv2d.hpp>
#include <mote/layers/leaky_relu.hpp>
#include <mote/layers/linear.hpp>
#include <mote/layers/relu.hpp>
#include <mote/layers/relu6.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"
#include "guarded.hpp"

namespace {

using namespace mote;
using quarter_leaky = leaky_relu<1, 4>;

/// The functions of one shape at run time: what checks them is compiled once.
template <class T>
struct products {
  void (*forward)(std::size_t, const T*, const T*, const T*, T*);
  void (*train_forward)(std::size_t, const T*, const T*, const T*, T*, std::uint8_t*);
  void (*parameter_gradient)(std::size_t, const T*, const T*, const T*, const std::uint8_t*, T*,
                             T*);
  void (*input_gradient)(std::size_t, const T*, const T*, const std::uint8_t*, const T*, T*);
};

template <class Isa, class T, window Window, std::size_t Filters, class Activation,
          std::size_t Size>
constexpr products<T> products_of() {
  using kernel = kernels::pooled_conv2d<Isa>;
  return {kernel::template forward<Activation, Window, Filters, Size, T>,
          kernel::template train_forward<Activation, Window, Filters, Size, T>,
          kernel::template parameter_gradient<Activation, Window, Filters, Size, T>,
          kernel::template input_gradient<Activation, Window, Filters, Size, T>};
}

/// The same by convolution, activation and pool one after the other.
template <class T>
struct steps {
  void (*convolve)(std::size_t, const T*, const T*, const T*, T*);
  void (*activate)(std::size_t, const T*, T*);
  void (*pool)(std::size_t, const T*, T*);
  void (*pool_gradient)(std::size_t, const T*, const T*, T*);
  void (*activation_gradient)(std::size_t, const T*, const T*, const T*, T*);
  void (*parameter_gradient)(std::size_t, const T*, const T*, T*, T*);
  void (*input_gradient)(std::size_t, const T*, const T*, T*);
};

template <class T, window Window, std::size_t Filters, class Activation, std::size_t Size>
constexpr steps<T> steps_of() {
  using conv2d = kernels::conv2d<isa::generic>;
  using pool = kernels::max_pool2d<isa::generic>;
  using elementwise = kernels::elementwise<isa::generic>;
  constexpr window pooled{shape{Window.output_height, Window.output_width, Filters}, Size, Size,
                          Size, padding::valid};
  return {conv2d::forward<identity, Window, Filters, 1, T>,
          elementwise::forward<Activation, T>,
          pool::forward<pooled, T>,
          pool::input_gradient<pooled, T>,
          elementwise::backward<Activation, T>,
          conv2d::parameter_gradient<Window, Filters, 1, T>,
          conv2d::input_gradient<Window, Filters, 1, T>};
}

struct sizes {
  std::size_t input;
  std::size_t weights;
  std::size_t filters;
  std::size_t convolved;
  std::size_t output;
};

/// `size` small whole numbers that end where their memory does. With them all sums are exact in any
/// order, and many outputs are equal.
template <class T>
class whole_numbers {
public:
  whole_numbers(std::size_t size, std::size_t offset, int largest, support::noise& random)
      : offset_(offset), cells_(offset + size) {
    for (T& cell : cells_) {
      const float value = random.between(0.0f, static_cast<float>(2 * largest + 1));
      cell = static_cast<T>(static_cast<int>(value) - largest);
    }
  }
  const T* data() const { return cells_.data() + offset_; }

private:
  std::size_t offset_;
  std::vector<T> cells_;
};

template <class T>
bool all_equal(const guarded<T>& results, const std::vector<T>& expected) {
  return std::equal(expected.begin(), expected.end(), results.data()) &&
         results.margins_are_whole();
}

template <class T>
void check_products(const products<T>& kernel, const steps<T>& meaning, const sizes& size,
                    std::size_t rows, std::size_t offset, bool biased) {
  CAPTURE(rows, offset, biased);
  support::noise random{static_cast<unsigned>(rows + 1)};
  const whole_numbers<T> x(rows * size.input, offset, 2, random);
  const whole_numbers<T> weights(size.weights, offset, 2, random);
  const whole_numbers<T> biases(size.filters, offset, 3, random);
  const whole_numbers<T> dy(rows * size.output, offset, 3, random);
  const T* bias = biased ? biases.data() : nullptr;

  std::vector<T> sums(rows * size.convolved);
  std::vector<T> activated(sums.size());
  std::vector<T> expected(rows * size.output);
  meaning.convolve(rows, x.data(), weights.data(), bias, sums.data());
  meaning.activate(sums.size(), sums.data(), activated.data());
  meaning.pool(rows, activated.data(), expected.data());
  guarded<T> y(expected.size(), offset);
  kernel.forward(rows, x.data(), weights.data(), bias, y.data());
  CHECK(all_equal(y, expected));

  constexpr std::size_t margin = 64;
  constexpr std::uint8_t untouched = 0xa5;
  std::vector<std::uint8_t> cells(expected.size() + 2 * margin, untouched);
  guarded<T> trained(expected.size(), offset);
  kernel.train_forward(rows, x.data(), weights.data(), bias, trained.data(), cells.data() + margin);
  CHECK(all_equal(trained, expected));
  const auto is_untouched = [](std::uint8_t cell) { return cell == untouched; };
  CHECK(std::all_of(cells.begin(), cells.begin() + margin, is_untouched));
  CHECK(std::all_of(cells.end() - margin, cells.end(), is_untouched));
  const std::vector<std::uint8_t> chosen(cells.begin() + margin, cells.end() - margin);

  std::vector<T> slopes(sums.size());
  std::vector<T> weight_slopes(size.weights);
  std::vector<T> bias_slopes(size.filters);
  std::vector<T> input_slopes(rows * size.input);
  meaning.pool_gradient(rows, activated.data(), dy.data(), slopes.data());
  meaning.activation_gradient(slopes.size(), sums.data(), activated.data(), slopes.data(),
                              slopes.data());
  meaning.parameter_gradient(rows, x.data(), slopes.data(), weight_slopes.data(),
                             bias_slopes.data());
  meaning.input_gradient(rows, slopes.data(), weights.data(), input_slopes.data());

  guarded<T> weight_gradient(size.weights, offset);
  guarded<T> bias_gradient(size.filters, offset);
  kernel.parameter_gradient(rows, x.data(), expected.data(), dy.data(), chosen.data(),
                            weight_gradient.data(), biased ? bias_gradient.data() : nullptr);
  CHECK(all_equal(weight_gradient, weight_slopes));
  if (biased) {
    CHECK(all_equal(bias_gradient, bias_slopes));
  }
  guarded<T> dx(rows * size.input, offset);
  kernel.input_gradient(rows, expected.data(), dy.data(), chosen.data(), weights.data(), dx.data());
  CHECK(all_equal(dx, input_slopes));
}

template <class Isa, class T, window Window, std::size_t Filters, class Activation = relu,
          std::size_t Size = 2>
void check() {
  constexpr std::size_t channels = Window.input.channels;
  CAPTURE(Isa::name, sizeof(T), Window.input.height, Window.input.width, channels,
          Window.kernel_height, Window.kernel_width, Window.pad_top, Filters, Size,
          Activation::name);
  constexpr sizes size{Window.input.size(),
                       Filters * Window.kernel_height * Window.kernel_width * channels, Filters,
                       Window.positions() * Filters,
                       (Window.output_height / Size) * (Window.output_width / Size) * Filters};
  const auto kernel = products_of<Isa, T, Window, Filters, Activation, Size>();
  const auto meaning = steps_of<T, Window, Filters, Activation, Size>();
  check_products(kernel, meaning, size, 1, 0, true);
  check_products(kernel, meaning, size, 2, 3, false);
  check_products(kernel, meaning, size, 5, 1, true);
  check_products(kernel, meaning, size, 0, 0, true);
}

/// Each takes a while to compile.
template <window Window, std::size_t Filters, class Activation = relu, std::size_t Size = 2>
void check_everywhere() {
  check<isa::generic, float, Window, Filters, Activation, Size>();
  check<isa::simd<16>, float, Window, Filters, Activation, Size>();
  check<isa::simd<32>, float, Window, Filters, Activation, Size>();
  check<isa::simd<64>, float, Window, Filters, Activation, Size>();
  check<isa::simd<64>, double, Window, Filters, Activation, Size>();
}

using enum padding;

} // namespace

TEST_CASE("convolutions of LeNet with their pools", "[kernels][pooled_conv2d]") {
  check_everywhere<window{shape{28, 28, 1}, 5, 5, 1, valid}, 6>();
  check_everywhere<window{shape{12, 12, 6}, 5, 5, 1, valid}, 16>();
}

TEST_CASE("pooled convolutions of odd shapes", "[kernels][pooled_conv2d]") {
  check_everywhere<window{shape{9, 11, 3}, 3, 3, 1, same}, 5,
                   quarter_leaky>(); // a row is left over
  check_everywhere<window{shape{7, 6, 1}, 1, 1, 1, valid}, 1, linear>();
  check_everywhere<window{shape{5, 6, 6}, 3, 2, 1, valid}, 20, relu6>();
  check<isa::simd<64>, float, window{shape{8, 9, 3}, 5, 5, 1, same}, 7>();
  check<isa::simd<32>, double, window{shape{6, 7, 3}, 3, 3, 1, same}, 6>();
  check<isa::simd<16>, double, window{shape{6, 7, 2}, 2, 3, 1, same}, 3>();
}

TEST_CASE("pooled convolutions with pools of other sizes", "[kernels][pooled_conv2d]") {
  check_everywhere<window{shape{5, 8, 3}, 3, 3, 1, same}, 5, relu, 3>(); // what is padded goes
  check<isa::simd<64>, float, window{shape{9, 9, 1}, 3, 3, 1, valid}, 6, quarter_leaky, 3>();
  check<isa::simd<64>, float, window{shape{7, 8, 5}, 2, 2, 1, valid}, 4, linear, 3>();
  check<isa::simd<32>, float, window{shape{6, 5, 2}, 2, 2, 1, same}, 3, linear, 1>();
  check<isa::simd<64>, float, window{shape{14, 14, 1}, 3, 3, 1, valid}, 2, relu, 6>();
  check<isa::simd<64>, float, window{shape{4, 3, 2}, 3, 3, 1, valid}, 3>(); // no window at all
}

TEST_CASE("pooled convolutions of one channel with a few filters", "[kernels][pooled_conv2d]") {
  check<isa::simd<64>, float, window{shape{9, 21, 1}, 3, 3, 1, same}, 3, linear>();  // 16 + 4
  check<isa::simd<64>, float, window{shape{7, 20, 1}, 3, 3, 1, same}, 10>();         // alone
  check<isa::simd<64>, float, window{shape{6, 35, 1}, 5, 5, 1, valid}, 8, linear>(); // 16 + 14
  check<isa::simd<64>, float, window{shape{60, 90, 1}, 5, 5, 1, same}, 6>();         // strips
  check<isa::simd<32>, float, window{shape{9, 19, 1}, 3, 5, 1, same}, 4, relu6>();
  check<isa::simd<16>, float, window{shape{6, 15, 1}, 3, 3, 1, same}, 3>();
  check<isa::simd<32>, double, window{shape{6, 10, 1}, 3, 3, 1, valid}, 3, linear>();
}

TEST_CASE("pooled convolutions in several strips and blocks", "[kernels][pooled_conv2d]") {
  check<isa::simd<64>, float, window{shape{33, 40, 9}, 3, 3, 1, same}, 5>();
  check<isa::simd<32>, float, window{shape{33, 40, 9}, 3, 3, 1, valid}, 5>();
  check_everywhere<window{shape{6, 7, 16}, 3, 3, 1, same}, 33>();
  check<isa::simd<64>, float, window{shape{4, 4, 200}, 3, 3, 1, same}, 40>();
  check<isa::simd<64>, float, window{shape{300, 200, 1}, 3, 3, 1, same}, 2>();
}

TEST_CASE("pooled convolutions beyond the stack take the plain loops", "[kernels][pooled_conv2d]") {
  check<isa::simd<64>, float, window{shape{2, 30'000, 3}, 1, 3, 1, same}, 2>();
}

TEST_CASE("pooled convolutions are constant expressions", "[kernels][pooled_conv2d]") {
  constexpr auto y = [] {
    constexpr window on{shape{3, 3, 1}, 2, 2, 1, valid};
    const std::array<float, 9> x{1, 2, 3, 4, 5, 6, 7, 8, 9};
    const std::array<float, 4> weights{1, 0, 0, 1};
    std::array<float, 1> result{};
    kernels::pooled_conv2d<isa::simd<64>>::forward<relu, on, 1, 2>(1, x.data(), weights.data(),
                                                                   nullptr, result.data());
    return result[0];
  }();
  STATIC_REQUIRE(y == 14);
}
