#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/kernels/generic/dense.hpp>
#include <mote/kernels/vector/dense.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
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

/// Whether all results are those of `exact(index, add)`, which calls add(term) for each term of the
/// sum. A sum of n terms in any order, or with fused steps, is off by at most n units of rounding
/// of the sum of the magnitudes (Higham, "Accuracy and Stability", 2002, section 4.2).
template <class T, class Exact>
bool all_close(const guarded<T>& results, std::size_t count, Exact exact) {
  for (std::size_t i = 0; i < count; ++i) {
    long double sum = 0.0L;
    long double magnitudes = 0.0L;
    std::size_t terms = 0;
    exact(i, [&](long double term) {
      sum += term;
      magnitudes += std::fabs(term);
      ++terms;
    });
    const auto tolerance = static_cast<long double>(std::numeric_limits<T>::epsilon()) *
                           static_cast<long double>(terms + 1) * magnitudes;
    if (!support::close(static_cast<long double>(results[i]), sum, tolerance)) {
      UNSCOPED_INFO("element " << i << " is " << results[i] << ", not " << sum);
      return false;
    }
  }
  return true;
}

template <class T>
long double product(T a, T b) {
  return static_cast<long double>(a) * static_cast<long double>(b);
}

/// Stands for an optimizer with one number per weight, which counts the updates.
struct shift {
  template <class V>
  constexpr void operator()(V& w, V g, V& count) const {
    w = g;
    count += 1;
  }
};

/// Stands for an optimizer that does nothing where the gradient is zero, or for one that does.
struct descent {
  bool idle;
  constexpr bool is_idle_at_zero() const { return idle; }
  template <class V>
  constexpr void operator()(V& w, V g) const {
    w -= V{} + 0.5f * g + (idle ? 0.0f : 1.0f);
  }
};

/// A single row in which every other slope is zero.
template <class Isa>
void check_idle_rule() {
  constexpr std::size_t inputs = 21;
  constexpr std::size_t outputs = 6;
  support::noise random{1};
  const guarded<float> x(inputs, 1, random);
  const guarded<float> before(outputs * inputs, 1, random);
  guarded<float> dy(outputs, 1, random);
  for (std::size_t o = 0; o < outputs; o += 2) {
    dy.data()[o] = 0.0f;
  }
  for (const bool idle : {true, false}) {
    guarded<float> weights(outputs * inputs, 1);
    std::copy_n(before.data(), outputs * inputs, weights.data());
    kernels::dense<Isa>::template update_weights<inputs, outputs>(1, x.data(), dy.data(),
                                                                  descent{idle}, weights.data());
    CHECK(weights.margins_are_whole());
    CHECK(all_close(weights, outputs * inputs, [&](std::size_t at, auto add) {
      add(product(before[at], 1.0f));
      add(-0.5L * product(dy[at / inputs], x[at % inputs]));
      add(idle ? 0.0L : -1.0L);
    }));
  }
}

/// The products of one shape, as functions at run time: what checks them is compiled once.
template <class T>
struct products {
  const char* isa;
  std::size_t inputs;
  std::size_t outputs;
  void (*forward)(std::size_t, const T*, const T*, const T*, T*);
  void (*packed_forward)(std::size_t, const T*, const T*, const T*, T*);
  std::size_t (*packed_index)(std::size_t, std::size_t);
  void (*parameter_gradient)(std::size_t, const T*, const T*, T*, T*);
  void (*input_gradient)(std::size_t, const T*, const T*, T*);
  void (*update_weights)(std::size_t, const T*, const T*, const shift&, T*, T*);
  void (*update_bias)(std::size_t, const T*, const shift&, T*, T*);
};

/// Forward alone, with weights in either order.
template <class T>
void check_forward(const products<T>& kernel, std::size_t rows, std::size_t offset) {
  const std::size_t inputs = kernel.inputs;
  const std::size_t outputs = kernel.outputs;
  CAPTURE(kernel.isa, sizeof(T), inputs, outputs, rows, offset);
  support::noise random{static_cast<unsigned>(rows + 1)};
  const guarded<T> x(rows * inputs, offset, random);
  const guarded<T> weights(outputs * inputs, offset, random);
  const guarded<T> bias(outputs, offset, random);
  guarded<T> packed(outputs * inputs, offset);
  for (std::size_t o = 0; o < outputs; ++o) {
    for (std::size_t i = 0; i < inputs; ++i) {
      packed.data()[kernel.packed_index(o, i)] = weights[o * inputs + i];
    }
  }
  CHECK(packed.margins_are_whole());
  guarded<T> y(rows * outputs, offset);
  kernel.forward(rows, x.data(), weights.data(), bias.data(), y.data());
  guarded<T> packed_y(rows * outputs, offset);
  kernel.packed_forward(rows, x.data(), packed.data(), bias.data(), packed_y.data());
  for (const guarded<T>* result : {&y, &packed_y}) {
    CHECK(result->margins_are_whole());
    CHECK(all_close(*result, rows * outputs, [&](std::size_t at, auto add) {
      const std::size_t row = at / outputs;
      const std::size_t o = at % outputs;
      for (std::size_t i = 0; i < inputs; ++i) {
        add(2.0L * product(x[row * inputs + i], weights[o * inputs + i]));
      }
      add(2.0L * product(bias[o], T{1}));
      add(1.0L);
    }));
  }
}

template <class T>
void check_product(const products<T>& kernel, std::size_t rows, std::size_t offset) {
  const std::size_t inputs = kernel.inputs;
  const std::size_t outputs = kernel.outputs;
  CAPTURE(kernel.isa, sizeof(T), inputs, outputs, rows, offset);
  support::noise random{static_cast<unsigned>(rows + 1)};
  const guarded<T> x(rows * inputs, offset, random);
  const guarded<T> weights(outputs * inputs, offset, random);
  const guarded<T> dy(rows * outputs, offset, random);

  guarded<T> weight_gradient(outputs * inputs, offset);
  guarded<T> bias_gradient(outputs, offset);
  kernel.parameter_gradient(rows, x.data(), dy.data(), weight_gradient.data(),
                            bias_gradient.data());
  CHECK(weight_gradient.margins_are_whole());
  CHECK(bias_gradient.margins_are_whole());
  CHECK(all_close(weight_gradient, outputs * inputs, [&](std::size_t at, auto add) {
    for (std::size_t row = 0; row < rows; ++row) {
      add(product(dy[row * outputs + at / inputs], x[row * inputs + at % inputs]));
    }
  }));
  CHECK(all_close(bias_gradient, outputs, [&](std::size_t o, auto add) {
    for (std::size_t row = 0; row < rows; ++row) {
      add(product(dy[row * outputs + o], T{1}));
    }
  }));

  guarded<T> new_weights(outputs * inputs, offset);
  guarded<T> weight_counts(outputs * inputs, offset);
  std::fill_n(weight_counts.data(), outputs * inputs, T{0});
  kernel.update_weights(rows, x.data(), dy.data(), {}, new_weights.data(), weight_counts.data());
  CHECK(new_weights.margins_are_whole());
  CHECK(weight_counts.margins_are_whole());
  guarded<T> new_bias(outputs, offset);
  guarded<T> bias_counts(outputs, offset);
  std::fill_n(bias_counts.data(), outputs, T{0});
  kernel.update_bias(rows, dy.data(), {}, new_bias.data(), bias_counts.data());
  CHECK(new_bias.margins_are_whole());
  CHECK(bias_counts.margins_are_whole());
  bool is_same = true;
  for (std::size_t i = 0; i < outputs * inputs; ++i) {
    is_same = is_same && new_weights[i] == weight_gradient[i] && weight_counts[i] == T{1};
  }
  for (std::size_t i = 0; i < outputs; ++i) {
    is_same =
        is_same && support::close(new_bias[i], bias_gradient[i], T(1e-5)) && bias_counts[i] == T{1};
  }
  CHECK(is_same);

  guarded<T> dx(rows * inputs, offset);
  kernel.input_gradient(rows, dy.data(), weights.data(), dx.data());
  CHECK(dx.margins_are_whole());
  CHECK(all_close(dx, rows * inputs, [&](std::size_t at, auto add) {
    for (std::size_t o = 0; o < outputs; ++o) {
      add(product(dy[at / inputs * outputs + o], weights[o * inputs + at % inputs]));
    }
  }));
}

template <class Isa, class T, std::size_t Inputs, std::size_t Outputs>
void check_shape() {
  using kernel = kernels::dense<Isa>;
  const products<T> functions{Isa::name,
                              Inputs,
                              Outputs,
                              kernel::template forward<twice_plus_one, Inputs, Outputs, T>,
                              kernel::template packed_forward<twice_plus_one, Inputs, Outputs, T>,
                              kernels::packed_weights<Inputs, Outputs>::index,
                              kernel::template parameter_gradient<Inputs, Outputs, T>,
                              kernel::template input_gradient<Inputs, Outputs, T>,
                              kernel::template update_weights<Inputs, Outputs, T, shift, T>,
                              kernel::template update_bias<Outputs, T, shift, T>};
  for (std::size_t rows = 0; rows <= 9; ++rows) {
    check_forward(functions, rows, rows % 2);
    check_product(functions, rows, rows % 2);
  }
  check_forward(functions, 13, 3);
  check_forward(functions, 24, 0);
  check_product(functions, 5, 3);
}

/// Sizes around the multiples of the widths of all registers, and of blocks of three and four.
template <class Isa>
void check_isa() {
  check_shape<Isa, float, 1, 1>();
  check_shape<Isa, float, 1, 7>();
  check_shape<Isa, float, 3, 2>();
  check_shape<Isa, float, 4, 16>();
  check_shape<Isa, float, 5, 9>();
  check_shape<Isa, float, 15, 6>();
  check_shape<Isa, float, 16, 4>();
  check_shape<Isa, float, 17, 13>();
  check_shape<Isa, float, 33, 10>();
  check_shape<Isa, float, 48, 65>();
  check_shape<Isa, float, 70, 11>();
  check_shape<Isa, float, 9, 100>();
  check_shape<Isa, float, 128, 7>();
  check_shape<Isa, double, 1, 1>();
  check_shape<Isa, double, 7, 3>();
  check_shape<Isa, double, 8, 5>();
  check_shape<Isa, double, 35, 6>();
  check_shape<Isa, double, 2, 45>();
  check_shape<Isa, double, 64, 3>();
}

template <class Isa>
constexpr std::array<float, 2> compiled_product() {
  const std::array<float, 3> x{1.0f, -2.0f, 3.0f};
  const std::array<float, 6> weights{1.0f, 2.0f, 3.0f, -4.0f, 5.0f, -6.0f};
  const std::array<float, 2> bias{0.5f, -1.0f};
  std::array<float, 2> y{};
  kernels::dense<Isa>::template forward<identity, 3, 2>(1, x.data(), weights.data(), bias.data(),
                                                        y.data());
  return y;
}

} // namespace

TEST_CASE("generic products are what they mean", "[kernels][dense]") {
  check_isa<isa::generic>();
}

TEST_CASE("products in registers of 16 bytes are the same", "[kernels][dense]") {
  check_isa<isa::simd<16>>();
}

TEST_CASE("products in registers of 32 bytes are the same", "[kernels][dense]") {
  check_isa<isa::simd<32>>();
}

TEST_CASE("products in registers of 64 bytes are the same", "[kernels][dense]") {
  check_isa<isa::simd<64>>();
}

TEST_CASE("a rule that is idle at zero changes the same weights", "[kernels][dense]") {
  check_idle_rule<isa::generic>();
  check_idle_rule<isa::simd<16>>();
  check_idle_rule<isa::simd<32>>();
  check_idle_rule<isa::simd<64>>();
}

TEST_CASE("the order of packed weights has a place for each", "[kernels][dense]") {
  const auto is_permutation =
      []<std::size_t Inputs, std::size_t Outputs>(kernels::packed_weights<Inputs, Outputs> order) {
        std::vector<int> found(Inputs * Outputs);
        for (std::size_t o = 0; o < Outputs; ++o) {
          for (std::size_t i = 0; i < Inputs; ++i) {
            ++found.at(order.index(o, i));
          }
        }
        return std::ranges::all_of(found, [](int times) { return times == 1; });
      };
  CHECK(is_permutation(kernels::packed_weights<5, 1>{}));
  CHECK(is_permutation(kernels::packed_weights<1, 16>{}));
  CHECK(is_permutation(kernels::packed_weights<3, 10>{}));
  CHECK(is_permutation(kernels::packed_weights<7, 100>{}));
  CHECK(is_permutation(kernels::packed_weights<2, 120>{}));
  CHECK(is_permutation(kernels::packed_weights<2, 256>{}));
}

TEST_CASE("the compiler multiplies too, whatever the instruction set", "[kernels][dense]") {
  constexpr std::array expected{6.5f, -33.0f};
  static_assert(compiled_product<isa::generic>() == expected);
  static_assert(compiled_product<isa::simd<16>>() == expected);
  static_assert(compiled_product<isa::simd<64>>() == expected);
  CHECK(compiled_product<isa::native>() == expected);
}
