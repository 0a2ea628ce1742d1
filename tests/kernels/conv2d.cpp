#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/window.hpp>
#include <mote/kernels/generic/conv2d.hpp>
#include <mote/kernels/vector/conv2d.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"
#include "guarded.hpp"

namespace {

using namespace mote;
using real = long double;

/// Something to see that the kernel applies it, once, to what it stores.
struct twice_plus_one {
  template <class T>
  static constexpr T apply(T x) {
    return T{2} * x + T{1};
  }
};

/// The three products of one shape, as functions at run time: what checks them is compiled once.
template <class T>
struct products {
  void (*forward)(std::size_t, const T*, const T*, const T*, T*);
  void (*parameter_gradient)(std::size_t, const T*, const T*, T*, T*);
  void (*input_gradient)(std::size_t, const T*, const T*, T*);
};

template <class Isa, class T, window Window, std::size_t Filters, std::size_t Groups,
          class Activation = twice_plus_one>
constexpr products<T> products_of() {
  using kernel = kernels::conv2d<Isa>;
  return {kernel::template forward<Activation, Window, Filters, Groups, T>,
          kernel::template parameter_gradient<Window, Filters, Groups, T>,
          kernel::template input_gradient<Window, Filters, Groups, T>};
}

struct sizes {
  std::size_t input;
  std::size_t weights;
  std::size_t filters;
  std::size_t output;
};

/// The elements in the type of the exact sums; or their magnitudes.
template <class T>
std::vector<real> exact(const guarded<T>& values, bool magnitude) {
  std::vector<real> result(values.data(), values.data() + values.size());
  for (real& value : result) {
    value = magnitude ? std::fabs(value) : value;
  }
  return result;
}

/// Whether all results are close to the exact ones. A sum of n terms in any order, or with fused
/// steps, is off by at most n units of rounding of the sum of the magnitudes (Higham, "Accuracy and
/// Stability", 2002, section 4.2).
template <class T>
bool all_close(const guarded<T>& results, const std::vector<real>& sums,
               const std::vector<real>& magnitudes, std::size_t terms) {
  for (std::size_t i = 0; i < results.size(); ++i) {
    const auto unit = static_cast<real>(std::numeric_limits<T>::epsilon());
    if (!support::close(static_cast<real>(results[i]), sums[i],
                        unit * static_cast<real>(terms) * magnitudes[i])) {
      UNSCOPED_INFO("element " << i << " is " << results[i] << ", not " << sums[i]);
      return false;
    }
  }
  return results.margins_are_whole();
}

/// Compares a kernel with the plain loops in higher precision.
template <class T>
void check_products(const products<T>& kernel, const products<real>& meaning,
                    const products<real>& linear_meaning, const sizes& size, std::size_t rows,
                    std::size_t offset, bool biased) {
  CAPTURE(rows, offset, biased);
  support::noise random{static_cast<unsigned>(rows + 1)};
  const guarded<T> x(rows * size.input, offset, random);
  const guarded<T> weights(size.weights, offset, random);
  const guarded<T> bias(size.filters, offset, random);
  const guarded<T> dy(rows * size.output, offset, random);
  const auto run = [&](const auto& f, bool magnitude) {
    std::vector<real> y(rows * size.output);
    const auto b = exact(bias, magnitude);
    f(rows, exact(x, magnitude).data(), exact(weights, magnitude).data(),
      biased ? b.data() : nullptr, y.data());
    return y;
  };

  guarded<T> y(rows * size.output, offset);
  kernel.forward(rows, x.data(), weights.data(), biased ? bias.data() : nullptr, y.data());
  CHECK(all_close(y, run(meaning.forward, false), run(meaning.forward, true),
                  size.weights / size.filters + 3));

  const auto parameters = [&](bool magnitude) {
    std::vector<real> w(size.weights);
    std::vector<real> b(size.filters);
    linear_meaning.parameter_gradient(rows, exact(x, magnitude).data(), exact(dy, magnitude).data(),
                                      w.data(), b.data());
    return std::pair{w, b};
  };
  guarded<T> weight_gradient(size.weights, offset);
  guarded<T> bias_gradient(size.filters, offset);
  kernel.parameter_gradient(rows, x.data(), dy.data(), weight_gradient.data(),
                            biased ? bias_gradient.data() : nullptr);
  const std::size_t positions = rows * size.output / size.filters;
  CHECK(all_close(weight_gradient, parameters(false).first, parameters(true).first, positions));
  if (biased) {
    CHECK(all_close(bias_gradient, parameters(false).second, parameters(true).second, positions));
  }

  const auto inputs = [&](bool magnitude) {
    std::vector<real> dx(rows * size.input);
    linear_meaning.input_gradient(rows, exact(dy, magnitude).data(),
                                  exact(weights, magnitude).data(), dx.data());
    return dx;
  };
  guarded<T> dx(rows * size.input, offset);
  kernel.input_gradient(rows, dy.data(), weights.data(), dx.data());
  CHECK(all_close(dx, inputs(false), inputs(true), size.weights));
}

template <class Isa, class T, window Window, std::size_t Filters, std::size_t Groups = 1>
void check() {
  constexpr std::size_t channels = Window.input.channels;
  CAPTURE(Isa::name, sizeof(T), Window.input.height, Window.input.width, channels,
          Window.kernel_height, Window.kernel_width, Window.stride, Window.pad_top, Window.pad_left,
          Filters, Groups);
  constexpr sizes size{Window.input.size(),
                       Filters * Window.kernel_height * Window.kernel_width * channels / Groups,
                       Filters, Window.positions() * Filters};
  const auto kernel = products_of<Isa, T, Window, Filters, Groups>();
  const auto meaning = products_of<isa::generic, real, Window, Filters, Groups>();
  check_products(kernel, meaning, meaning, size, 1, 0, true);
  check_products(kernel, meaning, meaning, size, 3, 1, false);
  check_products(kernel, meaning, meaning, size, 0, 0, true);
}

/// Each takes a while to compile: registers of other doubles only where lanes are left over.
template <window Window, std::size_t Filters, std::size_t Groups = 1>
void check_everywhere() {
  check<isa::simd<16>, float, Window, Filters, Groups>();
  check<isa::simd<32>, float, Window, Filters, Groups>();
  check<isa::simd<64>, float, Window, Filters, Groups>();
  check<isa::simd<32>, double, Window, Filters, Groups>();
  if constexpr (Filters == 17 || Filters == 23) {
    check<isa::simd<16>, double, Window, Filters, Groups>();
    check<isa::simd<64>, double, Window, Filters, Groups>();
  }
}

using enum padding;

} // namespace

TEST_CASE("convolutions of LeNet in registers", "[kernels][conv2d]") {
  check_everywhere<window{shape{28, 28, 1}, 5, 5, 1, valid}, 6>();
  check_everywhere<window{shape{12, 12, 6}, 5, 5, 1, valid}, 16>();
}

TEST_CASE("convolutions of odd shapes in registers", "[kernels][conv2d]") {
  check_everywhere<window{shape{1, 1, 1}, 1, 1, 1, valid}, 1>();
  check_everywhere<window{shape{5, 4, 3}, 3, 3, 1, same}, 2>();
  check_everywhere<window{shape{4, 5, 2}, 2, 2, 1, same}, 3>();  // one more at the end
  check_everywhere<window{shape{7, 6, 3}, 3, 3, 2, same}, 17>(); // stride with a remainder
  check_everywhere<window{shape{6, 7, 2}, 2, 2, 3, valid}, 9>(); // stride beyond the kernel
  check_everywhere<window{shape{3, 2, 1}, 5, 5, 1, same}, 5>();  // kernel beyond the image
  check_everywhere<window{shape{4, 9, 5}, 2, 3, 2, valid}, 4>(); // neither is square
  check_everywhere<window{shape{1, 31, 3}, 1, 5, 2, same}, 7>(); // a sequence
}

TEST_CASE("convolutions of one channel with a few filters in registers", "[kernels][conv2d]") {
  check<isa::simd<64>, float, window{shape{9, 20, 1}, 3, 3, 1, same}, 3>();
  check<isa::simd<64>, float, window{shape{40, 90, 1}, 2, 5, 1, same}, 7>(); // several strips
  check<isa::simd<64>, float, window{shape{1, 47, 1}, 1, 9, 1, same}, 1>();  // a sequence
  check<isa::simd<64>, float, window{shape{4, 17, 1}, 4, 2, 1, valid}, 8>(); // one row of outputs
  check<isa::simd<32>, float, window{shape{5, 11, 1}, 3, 3, 1, valid}, 4>();
  check<isa::simd<16>, float, window{shape{6, 21, 1}, 3, 2, 1, valid}, 2>();
  check<isa::simd<32>, double, window{shape{3, 11, 1}, 3, 3, 1, valid}, 2>();
}

TEST_CASE("convolutions in several strips and blocks", "[kernels][conv2d]") {
  check_everywhere<window{shape{33, 40, 9}, 3, 3, 1, same}, 5>();
  check_everywhere<window{shape{1, 700, 2}, 1, 9, 1, same}, 3>(); // a long sequence
}

TEST_CASE("convolutions beyond the stack take the plain loops", "[kernels][conv2d]") {
  check<isa::simd<64>, float, window{shape{1, 30'000, 2}, 1, 3, 1, same}, 9>();
}

TEST_CASE("convolutions of many channels in registers", "[kernels][conv2d]") {
  check_everywhere<window{shape{7, 7, 16}, 3, 3, 1, same}, 16>();
  check_everywhere<window{shape{5, 6, 32}, 3, 3, 1, valid}, 37>(); // two blocks of filters
  check_everywhere<window{shape{5, 7, 8}, 1, 1, 1, valid}, 40>();  // pointwise
}

TEST_CASE("depthwise convolutions in registers, and groups in between", "[kernels][conv2d]") {
  check_everywhere<window{shape{5, 6, 16}, 3, 3, 1, same}, 16, 16>();
  check_everywhere<window{shape{7, 5, 23}, 3, 3, 2, same}, 23, 23>(); // 16 + 4 + 2 + 1
  check_everywhere<window{shape{4, 4, 6}, 2, 2, 1, valid}, 6, 6>();
  check_everywhere<window{shape{4, 5, 3}, 3, 3, 1, same}, 6, 3>(); // two filters per channel
  check_everywhere<window{shape{4, 4, 8}, 3, 3, 1, valid}, 4, 2>();
}
