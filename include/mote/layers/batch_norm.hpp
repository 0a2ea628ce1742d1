#pragma once

#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/pass.hpp>
#include <mote/core/tensor.hpp>

#include <array>
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
    constexpr std::size_t channels = Pass::input_shape.channels;
    const auto count = static_cast<T>(pass.input.rows * (Pass::input_shape.size() / channels));
    auto& mean = pass.cache.mean;
    auto& variance = pass.cache.variance;
    for (std::size_t c = 0; c < channels; ++c) {
      mean[c] = T{0};
      variance[c] = T{0};
    }
    for_each_element_of<Pass::input_shape>(pass.input.rows, [&](std::size_t i, std::size_t c) {
      mean[c] += pass.input.data[i] / count;
    });
    // A second sweep around the mean: the difference of two sums of squares would cancel.
    for_each_element_of<Pass::input_shape>(pass.input.rows, [&](std::size_t i, std::size_t c) {
      const T distance = pass.input.data[i] - mean[c];
      variance[c] += distance * distance / count;
    });
    normalize<Pass::input_shape>(pass, mean, variance);
  }

  /// With u = (x - mean) / deviation and N elements per channel: d scale = sum of dy u, d offset =
  /// sum of dy, dx = scale / (N deviation) (N dy - d offset - u d scale).
  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using T = typename Pass::value_type;
    constexpr std::size_t channels = Pass::input_shape.channels;
    const auto count = static_cast<T>(pass.input.rows * (Pass::input_shape.size() / channels));
    const auto& mean = pass.cache.mean;
    const auto& variance = pass.cache.variance;
    auto& slopes = pass.gradients;
    std::array<T, channels> inverse_deviation{};
    for (std::size_t c = 0; c < channels; ++c) {
      inverse_deviation[c] = inverse_of_deviation(variance[c]);
      slopes.scale[c] = T{0};
      slopes.offset[c] = T{0};
      slopes.mean[c] = mean[c];
      // Of a sample the running variance wants the unbiased estimate.
      slopes.variance[c] = count > T{1} ? variance[c] * (count / (count - T{1})) : variance[c];
    }
    const auto normalized = [&](std::size_t i, std::size_t c) {
      return (pass.input.data[i] - mean[c]) * inverse_deviation[c];
    };
    for_each_element_of<Pass::input_shape>(pass.input.rows, [&](std::size_t i, std::size_t c) {
      slopes.scale[c] += pass.output_gradient.data[i] * normalized(i, c);
      slopes.offset[c] += pass.output_gradient.data[i];
    });
    if constexpr (Pass::wants_input_gradient) {
      for_each_element_of<Pass::input_shape>(pass.input.rows, [&](std::size_t i, std::size_t c) {
        const T shared = (slopes.offset[c] + normalized(i, c) * slopes.scale[c]) / count;
        pass.input_gradient.data[i] = pass.parameters.scale[c] * inverse_deviation[c] *
                                      (pass.output_gradient.data[i] - shared);
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

  /// f(index, channel) for every element of `rows` samples.
  template <shape In, class F>
  static constexpr void for_each_element_of(std::size_t rows, F&& f) {
    for (std::size_t at = 0; at < rows * (In.size() / In.channels); ++at) {
      for (std::size_t c = 0; c < In.channels; ++c) {
        f(at * In.channels + c, c);
      }
    }
  }

  template <shape In, class Pass, class Statistic>
  static constexpr void normalize(const Pass& pass, const Statistic& mean,
                                  const Statistic& variance) {
    using T = typename Pass::value_type;
    std::array<T, In.channels> factor{};
    for (std::size_t c = 0; c < In.channels; ++c) {
      factor[c] = pass.parameters.scale[c] * inverse_of_deviation(variance[c]);
    }
    for_each_element_of<In>(pass.input.rows, [&](std::size_t i, std::size_t c) {
      pass.output.data[i] = (pass.input.data[i] - mean[c]) * factor[c] + pass.parameters.offset[c];
    });
  }
};

} // namespace mote
