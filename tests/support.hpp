// Small things that several tests need.
#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/passes.hpp>
#include <mote/core/run.hpp>
#include <mote/core/storage.hpp>
#include <mote/losses/mean_squared_error.hpp>
#include <mote/training/check_gradients.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <random>
#include <span>
#include <string_view>
#include <type_traits>

namespace support {

/// False for NaN as well.
template <class T>
constexpr bool close(T a, T b, std::type_identity_t<T> tolerance) {
  return (a > b ? a - b : b - a) <= tolerance;
}

/// The error of `got` in units of the last place that a normal T has at `exact`.
template <class T>
long double ulps(T got, long double exact) {
  const auto magnitude = std::fabs(exact);
  const auto smallest = static_cast<long double>(std::numeric_limits<T>::min());
  const int exponent = std::ilogb(std::max(magnitude, smallest));
  const auto unit = std::ldexp(1.0L, exponent - (std::numeric_limits<T>::digits - 1));
  return std::fabs(static_cast<long double>(got) - exact) / unit;
}

/// Test data that does not come from the library's own generator.
class noise {
public:
  explicit noise(unsigned seed = 1) : engine_(seed) {}

  template <class T>
  T between(T lowest, T highest) {
    return lowest + (highest - lowest) * (static_cast<T>(engine_() >> 8) * T(0x1p-24));
  }

  template <class T>
  void fill(std::span<T> values, std::type_identity_t<T> lowest = T{-1},
            std::type_identity_t<T> highest = T{1}) {
    for (T& value : values) {
      value = between(lowest, highest);
    }
  }

  template <class Net, class T>
  void fill(mote::parameters<Net, T>& weights) {
    mote::visit_tensors<Net>(
        [&](auto, const mote::field&, auto& tensor) { fill(std::span<T>{tensor.values}); },
        weights);
  }

private:
  std::mt19937 engine_;
};

/// Whether f(value of a, value of b) holds for all parameters of the two.
template <class Net, class A, class B, class F>
bool all_parameters(const A& a, const B& b, F f) {
  bool all = true;
  mote::visit_tensors<Net>(
      [&](auto, const mote::field&, const auto& x, const auto& y) {
        for (std::size_t i = 0; i < x.size; ++i) {
          all = all && f(x[i], y[i]);
        }
      },
      a, b);
  return all;
}

template <class Net, class A, class B>
bool same_parameters(const A& a, const B& b) {
  return all_parameters<Net>(a, b, [](auto x, auto y) { return x == y; });
}

/// f(instruction set) for each that a test can name.
template <class F>
void for_each_isa(F f) {
  f(mote::isa::generic{});
  f(mote::isa::simd<16>{});
  f(mote::isa::simd<32>{});
  f(mote::isa::simd<64>{});
}

/// A network with all that its way there and back needs.
template <class Net, class T, std::size_t Batch = 1>
struct subject {
  static constexpr std::size_t inputs = Net::input.size();
  static constexpr std::size_t outputs = Net::output.size();
  using input = std::array<T, Batch * inputs>;
  using output = std::array<T, Batch * outputs>;

  mote::parameters<Net, T> weights{};
  mote::gradients<Net, T> slopes{};
  mote::workspace<Net, T, Batch, mote::training_with_input_gradient> memory{};
  mote::random_source random{1};

  template <class Isa>
  output forward(const input& x) {
    std::copy(x.begin(), x.end(), memory.input().data);
    const auto y = mote::train_forward<Isa>(weights, memory, random);
    output result{};
    std::copy_n(y.data, result.size(), result.begin());
    return result;
  }

  /// Returns the gradient by the input.
  template <class Isa>
  input backward(const output& slope) {
    std::copy(slope.begin(), slope.end(), memory.output_gradient().data);
    mote::backward<Isa>(weights, memory, slopes);
    input result{};
    std::copy_n(memory.input_gradient().data, result.size(), result.begin());
    return result;
  }
};

/// The parameters of one network in another arithmetic.
template <class Net, class From, class To>
void copy_parameters(const mote::parameters<Net, From>& from, mote::parameters<Net, To>& to) {
  mote::visit_tensors<Net>(
      [](auto, const mote::field&, const auto& source, auto& target) {
        std::copy_n(source.data(), source.size, target.data());
      },
      from, to);
}

/// Whether float gives what double does, forward and backward, on random parameters and inputs.
template <class Net, std::size_t Batch, class Isa>
bool is_as_in_double(double tolerance) {
  const auto single = std::make_unique<subject<Net, float, Batch>>();
  const auto wide = std::make_unique<subject<Net, double, Batch>>();
  noise random;
  random.fill(single->weights);
  copy_parameters(single->weights, wide->weights);
  typename subject<Net, float, Batch>::input x{};
  typename subject<Net, double, Batch>::input wide_x{};
  random.fill(std::span<float>{x});
  std::copy(x.begin(), x.end(), wide_x.begin());
  const auto is_close = [&](const auto& found, const auto& exact) {
    return std::equal(found.begin(), found.end(), exact.begin(), [&](float a, double b) {
      return close(static_cast<double>(a), b, tolerance);
    });
  };
  const auto y = single->template forward<Isa>(x);
  const auto wide_y = wide->template forward<Isa>(wide_x);
  return is_close(y, wide_y) &&
         is_close(single->template backward<Isa>(y), wide->template backward<Isa>(wide_y));
}

/// Whether the network that inference runs computes what `Net` does, with statistics that are drawn
/// at random, too.
template <class Net, class Isa>
bool folds_into_the_same(double tolerance) {
  using folded = mote::inference_network<Net>;
  const auto all = std::make_unique<subject<Net, double, 2>>();
  noise random{5};
  random.fill(all->weights);
  mote::visit_tensors<Net>(
      [&](auto, const mote::field& description, auto& tensor) {
        if (std::string_view(description.name) == "variance") {
          random.fill(std::span<double>{tensor.values}, 0.5, 2.0);
        }
      },
      all->weights);
  const auto weights = std::make_unique<mote::parameters<folded, double>>();
  mote::to_inference(all->weights, *weights);
  const auto memory = std::make_unique<mote::workspace<folded, double, 2>>();
  random.fill(memory->input().elements());
  std::copy_n(memory->input().data, 2 * Net::input.size(), all->memory.input().data);
  const auto y = mote::forward<Isa>(*weights, *memory).elements();
  const auto expected = mote::forward<mote::isa::generic>(all->weights, all->memory).elements();
  return std::equal(y.begin(), y.end(), expected.begin(),
                    [&](double a, double b) { return close(a, b, tolerance); });
}

/// Compares the gradients of `Net` in double with differences of its mean squared error against
/// random targets, on the parameters and inputs that `prepare(weights, inputs)` writes.
template <class Net, std::size_t Batch, class Isa, class Prepare>
mote::gradient_check check_network(Prepare prepare) {
  auto all = std::make_unique<subject<Net, double, Batch>>();
  mote::tensor<double, Batch, Net::input.size()> inputs{};
  mote::tensor<double, Batch, Net::output.size()> targets{};
  noise random{7};
  random.fill(std::span<double>{targets.values});
  prepare(all->weights, std::span<double>{inputs.values});
  const mote::batch_view<const double, Net::output.size()> view{targets.data(), Batch};
  return mote::check_gradients<mote::mean_squared_error, Isa>(all->weights, inputs, view,
                                                              all->memory, all->slopes);
}

/// The same on random parameters and inputs: for networks without kinks.
template <class Net, std::size_t Batch, class Isa = mote::isa::generic>
mote::gradient_check check_network() {
  return check_network<Net, Batch, Isa>([](auto& weights, std::span<double> inputs) {
    noise random{3};
    random.fill(weights);
    random.fill(inputs);
  });
}

} // namespace support
