// The networks on top of a matrix product, as one writes them with a BLAS or with Eigen: dense
// layers and convolutions by im2col, channels first. `Gemm` has
//   multiply<transpose a, transpose b, M, N, K>(alpha, a, b, accumulate, c)
// with c [M][N] = alpha op(a) op(b) (+ c), all row by row.
#pragma once

#include "softmax_cross_entropy.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <memory>
#include <tuple>
#include <utility>

namespace bench {

/// Weights are kept as [Inputs][Outputs], and the update goes straight into them: the product that
/// is the gradient is added with the factor -rate.
template <class Gemm, std::size_t Batch, std::size_t Inputs, std::size_t Outputs, bool Relu>
class gemm_dense {
public:
  static constexpr std::size_t inputs = Inputs;

  explicit gemm_dense(const layer_parameters& initial) {
    std::ranges::copy(transposed(initial.weights, Outputs, Inputs), weights_.begin());
    std::ranges::copy(initial.bias, bias_.begin());
  }

  const float* forward(const float* x) {
    Gemm::template multiply<false, false, Batch, Outputs, Inputs>(1.0f, x, weights_.data(), false,
                                                                  output_.data());
    for (std::size_t row = 0; row < Batch; ++row) {
      float* y = output_.data() + row * Outputs;
      for (std::size_t o = 0; o < Outputs; ++o) {
        y[o] += bias_[o];
        y[o] = Relu && y[o] < 0.0f ? 0.0f : y[o];
      }
    }
    return output_.data();
  }

  const float* output() const { return output_.data(); } ///< what `forward` returned
  /// Where its gradient belongs before `backward`.
  float* output_gradient() { return gradient_.data(); }

  /// Writes the gradient of `x` to `dx` unless that is null; updates the parameters.
  void backward(const float* x, float* dx, float rate) {
    for (std::size_t row = 0; row < Batch; ++row) {
      const float* y = output_.data() + row * Outputs;
      float* dy = gradient_.data() + row * Outputs;
      for (std::size_t o = 0; o < Outputs; ++o) {
        dy[o] = Relu && y[o] == 0.0f ? 0.0f : dy[o];
        bias_[o] -= rate * dy[o];
      }
    }
    if (dx != nullptr) {
      Gemm::template multiply<false, true, Batch, Inputs, Outputs>(1.0f, gradient_.data(),
                                                                   weights_.data(), false, dx);
    }
    Gemm::template multiply<true, false, Inputs, Outputs, Batch>(-rate, x, gradient_.data(), true,
                                                                 weights_.data());
  }

private:
  alignas(64) std::array<float, Inputs * Outputs> weights_;
  alignas(64) std::array<float, Outputs> bias_;
  alignas(64) std::array<float, Batch * Outputs> output_;
  alignas(64) std::array<float, Batch * Outputs> gradient_;
};

/// Convolution of 5 x 5, relu and max pooling of 2 x 2, image by image, so that an image's columns
/// stay in the cache. Images are [Channels][Side][Side], weights [Filters][Channels 5 5].
template <class Gemm, std::size_t Batch, std::size_t Side, std::size_t Channels,
          std::size_t Filters>
class gemm_convolution {
  static constexpr std::size_t kernel = 5;
  static constexpr std::size_t wide = Side - kernel + 1;
  static constexpr std::size_t positions = wide * wide;
  static constexpr std::size_t window = Channels * kernel * kernel;
  static constexpr std::size_t pooled = wide / 2;
  static constexpr std::size_t outputs = Filters * pooled * pooled;

public:
  static constexpr std::size_t inputs = Channels * Side * Side;

  explicit gemm_convolution(const layer_parameters& initial) {
    std::ranges::copy(initial.weights, weights_.begin());
    std::ranges::copy(initial.bias, bias_.begin());
  }

  const float* forward(const float* x) {
    for (std::size_t image = 0; image < Batch; ++image) {
      to_columns(x + image * inputs);
      Gemm::template multiply<false, false, Filters, positions, window>(
          1.0f, weights_.data(), columns_.data(), false, sums_.data());
      pool(output_.data() + image * outputs, chosen_.data() + image * outputs);
    }
    return output_.data();
  }

  const float* output() const { return output_.data(); }
  float* output_gradient() { return gradient_.data(); }

  void backward(const float* x, float* dx, float rate) {
    weight_gradient_.fill(0.0f);
    for (std::size_t image = 0; image < Batch; ++image) {
      unpool(image, rate);
      to_columns(x + image * inputs);
      Gemm::template multiply<false, true, Filters, window, positions>(
          1.0f, sums_.data(), columns_.data(), true, weight_gradient_.data());
      if (dx != nullptr) {
        Gemm::template multiply<true, false, window, positions, Filters>(
            1.0f, weights_.data(), sums_.data(), false, columns_.data());
        from_columns(dx + image * inputs);
      }
    }
    for (std::size_t i = 0; i < weights_.size(); ++i) {
      weights_[i] -= rate * weight_gradient_[i];
    }
  }

private:
  /// Calls f(a row of `columns_`, the part of the image that is in it) for each row of the output.
  template <class Image, class F>
  void in_windows(Image* x, F&& f) {
    float* column = columns_.data();
    for (std::size_t channel = 0; channel < Channels; ++channel) {
      for (std::size_t i = 0; i < kernel; ++i) {
        for (std::size_t j = 0; j < kernel; ++j) {
          for (std::size_t row = 0; row < wide; ++row, column += wide) {
            f(column, x + (channel * Side + row + i) * Side + j);
          }
        }
      }
    }
  }
  void to_columns(const float* x) {
    in_windows(x, [](float* column, const float* part) { std::copy_n(part, wide, column); });
  }
  void from_columns(float* dx) {
    std::fill_n(dx, inputs, 0.0f);
    in_windows(dx, [](const float* column, float* part) {
      for (std::size_t i = 0; i < wide; ++i) {
        part[i] += column[i];
      }
    });
  }

  void pool(float* y, std::uint8_t* chosen) const {
    for (std::size_t filter = 0; filter < Filters; ++filter) {
      for (std::size_t row = 0; row < pooled; ++row) {
        const float* upper = sums_.data() + filter * positions + 2 * row * wide;
        const float* lower = upper + wide;
        for (std::size_t column = 0; column < pooled; ++column) {
          const float a = upper[2 * column], b = upper[2 * column + 1];
          const float c = lower[2 * column], d = lower[2 * column + 1];
          const float first = b > a ? b : a, second = d > c ? d : c;
          const float largest = (second > first ? second : first) + bias_[filter];
          *chosen++ = static_cast<std::uint8_t>(second > first ? 2 + (d > c) : (b > a));
          *y++ = largest > 0.0f ? largest : 0.0f;
        }
      }
    }
  }

  /// Spreads the gradient of the pooled output over `sums_`; updates the bias.
  void unpool(std::size_t image, float rate) {
    const float* y = output_.data() + image * outputs;
    const float* dy = gradient_.data() + image * outputs;
    const std::uint8_t* chosen = chosen_.data() + image * outputs;
    for (std::size_t filter = 0; filter < Filters; ++filter) {
      float total = 0.0f;
      for (std::size_t row = 0; row < pooled; ++row) {
        float* upper = sums_.data() + filter * positions + 2 * row * wide;
        float* lower = upper + wide;
        for (std::size_t column = 0; column < pooled; ++column, ++y, ++dy, ++chosen) {
          const float slope = *y > 0.0f ? *dy : 0.0f;
          upper[2 * column] = *chosen == 0 ? slope : 0.0f;
          upper[2 * column + 1] = *chosen == 1 ? slope : 0.0f;
          lower[2 * column] = *chosen == 2 ? slope : 0.0f;
          lower[2 * column + 1] = *chosen == 3 ? slope : 0.0f;
          total += slope;
        }
      }
      bias_[filter] -= rate * total;
    }
  }

  alignas(64) std::array<float, Filters * window> weights_;
  alignas(64) std::array<float, Filters * window> weight_gradient_;
  alignas(64) std::array<float, Filters> bias_;
  alignas(64) std::array<float, window * positions> columns_;
  alignas(64) std::array<float, Filters * positions> sums_;
  alignas(64) std::array<float, Batch * outputs> output_;
  alignas(64) std::array<float, Batch * outputs> gradient_;
  alignas(64) std::array<std::uint8_t, Batch * outputs> chosen_;
};

template <std::size_t Batch, class... Layers>
class gemm_network {
public:
  explicit gemm_network(const std::vector<layer_parameters>& initial)
      : gemm_network(initial, std::index_sequence_for<Layers...>{}) {}

  const float* forward(const float* images) {
    std::copy_n(images, Batch * pixels, input_.data());
    const float* x = input_.data();
    std::apply([&](auto&... layer) { ((x = layer.forward(x)), ...); }, layers_);
    return x;
  }

  float train(const float* images, const std::uint8_t* labels, float rate) {
    constexpr std::size_t last = sizeof...(Layers) - 1;
    const float* logits = forward(images);
    const float loss =
        softmax_cross_entropy(Batch, logits, labels, std::get<last>(layers_).output_gradient());
    backward<last>(rate);
    return loss;
  }

private:
  template <std::size_t... Index>
  gemm_network(const std::vector<layer_parameters>& initial, std::index_sequence<Index...>)
      : layers_(initial[Index]...) {}

  template <std::size_t Index>
  void backward(float rate) {
    auto& layer = std::get<Index>(layers_);
    if constexpr (Index == 0) {
      layer.backward(input_.data(), nullptr, rate);
    } else {
      auto& before = std::get<Index - 1>(layers_);
      layer.backward(before.output(), before.output_gradient(), rate);
      backward<Index - 1>(rate);
    }
  }

  alignas(64) std::array<float, Batch * pixels> input_;
  std::tuple<Layers...> layers_;
};

template <class Gemm, std::size_t Batch>
using gemm_mlp_784_100_10 = gemm_network<Batch, gemm_dense<Gemm, Batch, 784, 100, true>,
                                         gemm_dense<Gemm, Batch, 100, 10, false>>;
template <class Gemm, std::size_t Batch>
using gemm_mlp_784_256_64_10 =
    gemm_network<Batch, gemm_dense<Gemm, Batch, 784, 256, true>,
                 gemm_dense<Gemm, Batch, 256, 64, true>, gemm_dense<Gemm, Batch, 64, 10, false>>;
template <class Gemm, std::size_t Batch>
using gemm_lenet =
    gemm_network<Batch, gemm_convolution<Gemm, Batch, 28, 1, 6>,
                 gemm_convolution<Gemm, Batch, 12, 6, 16>, gemm_dense<Gemm, Batch, 256, 120, true>,
                 gemm_dense<Gemm, Batch, 120, 84, true>, gemm_dense<Gemm, Batch, 84, 10, false>>;

/// Calls f(shared pointer to the network of the task).
template <class Gemm, class F>
auto with_gemm_network(const task& task, F&& f) {
  return with_batch(task.batch, [&](auto batch) {
    switch (task.network) {
    case architecture::mlp_784_100_10:
      return f(std::make_shared<gemm_mlp_784_100_10<Gemm, batch>>(task.initial));
    case architecture::mlp_784_256_64_10:
      return f(std::make_shared<gemm_mlp_784_256_64_10<Gemm, batch>>(task.initial));
    default:
      return f(std::make_shared<gemm_lenet<Gemm, batch>>(channels_first(task.initial)));
    }
  });
}

template <class Gemm>
training_step gemm_train(const task& task) {
  return with_gemm_network<Gemm>(task, [&](auto network) -> training_step {
    return [network, rate = task.learning_rate](const float* images, const std::uint8_t* labels) {
      return network->train(images, labels, rate);
    };
  });
}

template <class Gemm>
inference gemm_infer(const task& task) {
  return with_gemm_network<Gemm>(task, [](auto network) -> inference {
    return [network](const float* images) { return network->forward(images); };
  });
}

} // namespace bench
