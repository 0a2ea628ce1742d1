#pragma once

#include <mote/core/isa.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/tensor.hpp>

#include <array>
#include <bit>
#include <cstddef>

namespace mote {

/// Batch normalization (Ioffe & Szegedy, 2015, algorithm 1), per channel over the batch and all
/// positions: y = scale (x - mean) / sqrt(variance + epsilon) + offset. Any shape; all parameters
/// are [channels].
///
/// Training normalizes by the statistics of the batch, inference by their running mean, which
/// `update_statistics` moves by a tenth of the way per batch (the trainer calls it). Directly
/// behind a layer with weights, inference folds it into them.
struct batch_norm : layer {
  static constexpr const char* name = "batch_norm";
  static constexpr bool backward_reads_input = true;
  static constexpr bool is_normalization = true;
  static constexpr float epsilon = 1e-5f;

  template <shape In, class T>
  struct parameters {
    tensor<T, In.channels> scale;
    tensor<T, In.channels> offset;
    tensor<T, In.channels> mean;
    tensor<T, In.channels> variance;

    template <class F, class... Parameters>
    static constexpr void visit(F&& f, Parameters&... p) {
      f(field{.name = "scale", .role = role::bias, .initial = 1.0f}, p.scale...);
      f(field{.name = "offset", .role = role::bias}, p.offset...);
      f(field{.name = "mean", .role = role::statistic}, p.mean...);
      f(field{.name = "variance", .role = role::statistic, .initial = 1.0f}, p.variance...);
    }
  };

  /// The statistics of the batch.
  template <shape In, class T, std::size_t Batch>
  struct cache {
    tensor<T, In.channels> mean;
    tensor<T, In.channels> variance;
  };

  static constexpr shape output(const shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    normalize<Pass::input_shape>(pass, pass.parameters.mean, pass.parameters.variance);
  }

  template <class Pass>
  static constexpr void train_forward(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr shape in = Pass::input_shape;
    const auto count = static_cast<T>(pass.input.rows * (in.size() / in.channels));
    auto& mean = pass.cache.mean;
    auto& variance = pass.cache.variance;
    std::array<T, width<in>> sums{};
    for_each_element_of<in>(pass.input.rows, [&](std::size_t i, std::size_t place) {
      sums[place] += pass.input.data[i];
    });
    join<in>(sums, [&](std::size_t c, T sum) { mean[c] = sum / count; });
    // A second sweep around the mean: the difference of two sums of squares would cancel.
    const auto means = spread<in>([&](std::size_t c) { return mean[c]; });
    std::array<T, width<in>> squares{};
    for_each_element_of<in>(pass.input.rows, [&](std::size_t i, std::size_t place) {
      const T distance = pass.input.data[i] - means[place];
      squares[place] += distance * distance;
    });
    join<in>(squares, [&](std::size_t c, T sum) { variance[c] = sum / count; });
    normalize<in>(pass, mean, variance);
  }

  /// With u = (x - mean) / deviation and N elements per channel: d scale = sum of dy u, d offset =
  /// sum of dy, dx = scale / (N deviation) (N dy - d offset - u d scale).
  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr shape in = Pass::input_shape;
    const auto count = static_cast<T>(pass.input.rows * (in.size() / in.channels));
    auto& slopes = pass.gradients;
    for (std::size_t c = 0; c < in.channels; ++c) {
      const T variance = pass.cache.variance[c];
      slopes.mean[c] = pass.cache.mean[c];
      // Of a sample the running variance wants the unbiased estimate.
      slopes.variance[c] = count > T{1} ? variance * (count / (count - T{1})) : variance;
    }
    const auto means = spread<in>([&](std::size_t c) { return pass.cache.mean[c]; });
    const auto inverse_deviations =
        spread<in>([&](std::size_t c) { return inverse_of_deviation(pass.cache.variance[c]); });
    const auto normalized = [&](std::size_t i, std::size_t place) {
      return (pass.input.data[i] - means[place]) * inverse_deviations[place];
    };
    std::array<T, width<in>> products{};
    std::array<T, width<in>> sums{};
    for_each_element_of<in>(pass.input.rows, [&](std::size_t i, std::size_t place) {
      products[place] += pass.output_gradient.data[i] * normalized(i, place);
      sums[place] += pass.output_gradient.data[i];
    });
    join<in>(products, [&](std::size_t c, T sum) { slopes.scale[c] = sum; });
    join<in>(sums, [&](std::size_t c, T sum) { slopes.offset[c] = sum; });
    if constexpr (Pass::wants_input_gradient) {
      const auto tilts = spread<in>([&](std::size_t c) { return slopes.scale[c] / count; });
      const auto shifts = spread<in>([&](std::size_t c) { return slopes.offset[c] / count; });
      const auto factors = spread<in>([&](std::size_t c) {
        return pass.parameters.scale[c] * inverse_of_deviation(pass.cache.variance[c]);
      });
      for_each_element_of<in>(pass.input.rows, [&](std::size_t i, std::size_t place) {
        const T shared = shifts[place] + normalized(i, place) * tilts[place];
        pass.input_gradient.data[i] = factors[place] * (pass.output_gradient.data[i] - shared);
      });
    }
  }

  /// The parameters of the layer before it with this normalization inside: `to` computes what
  /// `before` and then `norm` did.
  template <class Before, class Norm, class To>
  static constexpr void fold(const Before& before, const Norm& norm, To& to) {
    using T = typename decltype(norm.scale)::value_type;
    constexpr std::size_t channels = decltype(norm.scale)::size;
    constexpr std::size_t per_channel = decltype(to.weights)::size / channels;
    for (std::size_t c = 0; c < channels; ++c) {
      const T factor = norm.scale[c] * inverse_of_deviation(norm.variance[c]);
      for (std::size_t i = 0; i < per_channel; ++i) {
        const std::size_t at = weight_index<Before>(c, i);
        to.weights[at] = before.weights[at] * factor;
      }
      T bias{0};
      if constexpr (!is_none<decltype(before.bias)>) {
        bias = before.bias[c];
      }
      to.bias[c] = (bias - norm.mean[c]) * factor + norm.offset[c];
    }
  }

private:
  template <class T>
  static constexpr T inverse_of_deviation(T variance) {
    return T{1} / math::sqrt(variance + static_cast<T>(epsilon));
  }

  /// Elements that are taken side by side: where there are wide registers some pixels, so that
  /// sums do not wait for each other. Each of them has a place of its own in an array.
  template <shape In>
  static constexpr std::size_t width = In.channels*(
      isa::has_registers<isa::native>&& In.channels < 64 ? std::bit_ceil(64 / In.channels) : 1);

  /// f(index, place) for every element of `rows` samples.
  template <shape In, class F>
  static constexpr void for_each_element_of(std::size_t rows, F&& f) {
    const std::size_t count = rows * In.size();
    const std::size_t whole = count - count % width<In>;
    for (std::size_t at = 0; at < whole; at += width<In>) {
      for (std::size_t place = 0; place < width<In>; ++place) {
        f(at + place, place);
      }
    }
    for (std::size_t at = whole; at < count; ++at) {
      f(at, at - whole);
    }
  }

  /// f(channel) at each place.
  template <shape In, class F>
  static constexpr auto spread(F&& f) {
    std::array<decltype(f(0)), width<In>> result{};
    for (std::size_t place = 0; place < width<In>; ++place) {
      result[place] = place < In.channels ? f(place) : result[place - In.channels];
    }
    return result;
  }

  /// f(channel, sum over its places).
  template <shape In, class T, std::size_t Size, class F>
  static constexpr void join(const std::array<T, Size>& sums, F&& f) {
    for (std::size_t c = 0; c < In.channels; ++c) {
      T sum{0};
      for (std::size_t place = c; place < Size; place += In.channels) {
        sum += sums[place];
      }
      f(c, sum);
    }
  }

  template <shape In, class Pass, class Statistic>
  static constexpr void normalize(const Pass& pass, const Statistic& mean,
                                  const Statistic& variance) {
    const auto means = spread<In>([&](std::size_t c) { return mean[c]; });
    const auto factors = spread<In>([&](std::size_t c) {
      return pass.parameters.scale[c] * inverse_of_deviation(variance[c]);
    });
    const auto offsets = spread<In>([&](std::size_t c) { return pass.parameters.offset[c]; });
    for_each_element_of<In>(pass.input.rows, [&](std::size_t i, std::size_t place) {
      pass.output.data[i] = (pass.input.data[i] - means[place]) * factors[place] + offsets[place];
    });
  }
};

} // namespace mote
