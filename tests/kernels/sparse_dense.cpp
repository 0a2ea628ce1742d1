#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/kernels/generic/sparse_dense.hpp>
#include <mote/kernels/vector/sparse_dense.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "../catch.hpp"
#include "../support.hpp"
#include "guarded.hpp"

namespace {

using namespace mote;

/// Something to see that the kernel applies it, once, to what it stores.
struct twice_plus_one {
  template <class T>
  static constexpr T apply(T x) {
    return T{2} * x + T{1};
  }
};

/// The products of one shape, as functions at run time: what checks them is compiled once.
template <class T>
struct products {
  const char* isa;
  std::size_t inputs;
  std::size_t outputs;
  void (*forward)(std::size_t, const T*, const T*, const T*, T*);
  void (*parameter_gradient)(std::size_t, const T*, const T*, T*, T*);
};

/// Small integers, so that every order of summation gives the same bits.
template <class T>
void draw_integers(guarded<T>& numbers, support::noise& random) {
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers.data()[i] = std::floor(random.between(T{-8}, T{9}));
  }
}

/// Leaves about `density` of the numbers; half of the zeros are negative.
template <class T>
void thin_out(guarded<T>& x, double density, support::noise& random) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    if (random.between(0.0, 1.0) >= density) {
      x.data()[i] = i % 2 == 0 ? T{0} : -T{0};
    } else if (x[i] == T{0}) {
      x.data()[i] = T{5};
    }
  }
}

template <class T>
bool equal_to(const guarded<T>& results, const std::vector<T>& expected) {
  return results.margins_are_whole() &&
         std::equal(expected.begin(), expected.end(), results.data());
}

/// What is multiplied by zero is NaN, and must not be seen in the results.
template <class T>
void check_forward(const products<T>& kernel, std::size_t rows, double density, std::size_t offset,
                   support::noise& random) {
  const std::size_t inputs = kernel.inputs;
  const std::size_t outputs = kernel.outputs;
  guarded<T> x(rows * inputs, offset);
  guarded<T> weights(inputs * outputs, offset);
  guarded<T> bias(outputs, offset);
  draw_integers(x, random);
  draw_integers(weights, random);
  draw_integers(bias, random);
  thin_out(x, density, random);
  for (std::size_t i = 0; i < inputs; ++i) {
    bool is_used = false;
    for (std::size_t row = 0; row < rows; ++row) {
      is_used = is_used || x[row * inputs + i] != T{0};
    }
    if (!is_used) {
      std::fill_n(weights.data() + i * outputs, outputs, std::numeric_limits<T>::quiet_NaN());
    }
  }
  for (const bool has_bias : {true, false}) {
    std::vector<T> expected(rows * outputs);
    for (std::size_t at = 0; at < rows * outputs; ++at) {
      const std::size_t o = at % outputs;
      T sum = has_bias ? bias[o] : T{0};
      for (std::size_t i = 0; i < inputs; ++i) {
        const T value = x[at / outputs * inputs + i];
        sum += value == T{0} ? T{0} : value * weights[i * outputs + o];
      }
      expected[at] = T{2} * sum + T{1};
    }
    guarded<T> y(rows * outputs, offset);
    kernel.forward(rows, x.data(), weights.data(), has_bias ? bias.data() : nullptr, y.data());
    CHECK(equal_to(y, expected));
  }
}

/// Where all of a row's inputs are zero its slopes are NaN, and must be seen in the bias alone.
template <class T>
void check_gradient(const products<T>& kernel, std::size_t rows, double density, std::size_t offset,
                    support::noise& random) {
  const std::size_t inputs = kernel.inputs;
  const std::size_t outputs = kernel.outputs;
  guarded<T> x(rows * inputs, offset);
  guarded<T> dy(rows * outputs, offset);
  draw_integers(x, random);
  draw_integers(dy, random);
  thin_out(x, density, random);
  std::vector<T> bias_slopes(outputs);
  for (std::size_t at = 0; at < rows * outputs; ++at) {
    bias_slopes[at % outputs] += dy[at];
  }
  guarded<T> weight_gradient(inputs * outputs, offset);
  guarded<T> bias_gradient(outputs, offset);
  kernel.parameter_gradient(rows, x.data(), dy.data(), weight_gradient.data(),
                            bias_gradient.data());
  CHECK(equal_to(bias_gradient, bias_slopes));

  for (std::size_t row = 0; row < rows; ++row) {
    const T* from = x.data() + row * inputs;
    if (std::all_of(from, from + inputs, [](T value) { return value == T{0}; })) {
      std::fill_n(dy.data() + row * outputs, outputs, std::numeric_limits<T>::quiet_NaN());
    }
  }
  std::vector<T> slopes(inputs * outputs);
  for (std::size_t at = 0; at < inputs * outputs; ++at) {
    for (std::size_t row = 0; row < rows; ++row) {
      const T value = x[row * inputs + at / outputs];
      slopes[at] += value == T{0} ? T{0} : value * dy[row * outputs + at % outputs];
    }
  }
  kernel.parameter_gradient(rows, x.data(), dy.data(), weight_gradient.data(), nullptr);
  CHECK(equal_to(weight_gradient, slopes));
}

template <class Isa, class T, std::size_t Inputs, std::size_t Outputs>
products<T> products_of() {
  using kernel = kernels::sparse_dense<Isa>;
  return {Isa::name, Inputs, Outputs, kernel::template forward<twice_plus_one, Inputs, Outputs, T>,
          kernel::template parameter_gradient<Inputs, Outputs, T>};
}

template <class T>
void check_products(const products<T>& kernel, std::initializer_list<std::size_t> batches) {
  for (const std::size_t rows : batches) {
    for (const double density : {0.0, 0.2, 1.0}) {
      CAPTURE(kernel.isa, sizeof(T), kernel.inputs, kernel.outputs, rows, density);
      support::noise random{static_cast<unsigned>(rows + 100 * kernel.outputs)};
      check_forward(kernel, rows, density, rows % 4, random);
      check_gradient(kernel, rows, density, rows % 4, random);
    }
  }
}

/// Numbers of outputs from 1 to 70 that leave every rest of the widths of all registers, each with
/// another number of inputs from 1 to 70.
template <class Isa>
void check_isa() {
  [&]<std::size_t... Index>(std::index_sequence<Index...>) {
    (check_products(products_of<Isa, float, 1 + (Index * 37 + 11) % 70, 1 + 3 * Index>(),
                    {0, 1, 3}),
     ...);
  }
  (std::make_index_sequence<24>{});
  check_products(products_of<Isa, double, 1, 1>(), {1, 2, 5});
  check_products(products_of<Isa, double, 70, 7>(), {1, 2, 5});
  check_products(products_of<Isa, double, 33, 29>(), {1, 2, 5});
  // More rows than a word, and than all words, tell of; more inputs than a list; more outputs than
  // the registers hold.
  check_products(products_of<Isa, float, 19, 5>(), {31, 32, 33, 64, 256, 257, 600});
  check_products(products_of<Isa, double, 9, 3>(), {64, 65, 512, 513});
  check_products(products_of<Isa, float, 2500, 3>(), {1, 2});
  check_products(products_of<Isa, float, 40, 500>(), {1, 4});
}

/// NaN is no zero: it is seen in every output of its row and in every slope of its input.
template <class Isa>
void check_not_a_number() {
  INFO(Isa::name);
  constexpr std::size_t inputs = 21;
  constexpr std::size_t outputs = 19;
  constexpr float nan = std::numeric_limits<float>::quiet_NaN();
  using kernel = kernels::sparse_dense<Isa>;
  for (std::size_t at = 0; at < inputs; ++at) {
    std::vector<float> x(2 * inputs, 0.0f);
    x[inputs + at] = nan;
    const std::vector<float> weights(inputs * outputs, 1.0f);
    std::vector<float> y(2 * outputs);
    kernel::template forward<identity, inputs, outputs>(2, x.data(), weights.data(), nullptr,
                                                        y.data());
    std::vector<float> slopes(inputs * outputs);
    kernel::template parameter_gradient<inputs, outputs>(2, x.data(), weights.data(), slopes.data(),
                                                         nullptr);
    for (std::size_t o = 0; o < outputs; ++o) {
      CHECK(y[o] == 0.0f);
      CHECK(std::isnan(y[outputs + o]));
    }
    for (std::size_t i = 0; i < slopes.size(); ++i) {
      CHECK(std::isnan(slopes[i]) == (i / outputs == at));
    }
  }
}

template <class Isa>
constexpr std::array<float, 2> compiled_product() {
  const std::array<float, 3> x{1.0f, 0.0f, 3.0f};
  const std::array<float, 6> weights{1.0f, -4.0f, 2.0f, 5.0f, 3.0f, -6.0f};
  const std::array<float, 2> bias{0.5f, -1.0f};
  std::array<float, 2> y{};
  kernels::sparse_dense<Isa>::template forward<identity, 3, 2>(1, x.data(), weights.data(),
                                                               bias.data(), y.data());
  return y;
}

} // namespace

TEST_CASE("generic sparse products are what they mean", "[kernels][sparse_dense]") {
  check_isa<isa::generic>();
}

TEST_CASE("sparse products in registers of 16 bytes are the same", "[kernels][sparse_dense]") {
  check_isa<isa::simd<16>>();
}

TEST_CASE("sparse products in registers of 32 bytes are the same", "[kernels][sparse_dense]") {
  check_isa<isa::simd<32>>();
}

TEST_CASE("sparse products in registers of 64 bytes are the same", "[kernels][sparse_dense]") {
  check_isa<isa::simd<64>>();
}

TEST_CASE("NaN is not passed by", "[kernels][sparse_dense]") {
  support::for_each_isa([]<class Isa>(Isa) { check_not_a_number<Isa>(); });
}

TEST_CASE("the compiler passes by zeros too", "[kernels][sparse_dense]") {
  constexpr std::array expected{10.5f, -23.0f};
  static_assert(compiled_product<isa::generic>() == expected);
  static_assert(compiled_product<isa::simd<16>>() == expected);
  static_assert(compiled_product<isa::simd<64>>() == expected);
  CHECK(compiled_product<isa::native>() == expected);
}
