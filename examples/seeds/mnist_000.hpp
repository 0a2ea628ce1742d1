// The digits of text 000: 1000 images, a hidden layer, and the text's own ways with derivatives.
#pragma once

#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mnist.hpp"
#include "numpy_random.hpp"

namespace seeds {

/// A layer of `Units` without bias, as in all of text 000.
template <std::size_t Units>
using plain_dense = mote::dense<Units, mote::initializers::automatic, mote::bias::none>;

/// The text's relu. Its derivative asks of the output, not of the input, whether it is >= 0: no
/// output of relu is negative, so that the answer is always 1 and errors pass as if there were no
/// relu.
struct text_relu : mote::activation<text_relu> {
  static constexpr const char* name = "relu of text 000";

  template <class T>
  static constexpr T apply(T x) {
    return x >= T{0} ? x : T{0};
  }
  template <class T>
  static constexpr T derivative(T, T y) {
    return y >= T{0} ? T{1} : T{0};
  }
};

/// Which elements dropout keeps: 1 or 0, drawn by NumPy's generator. The program writes them into
/// the layer's cache before each step; the library's own dropout draws its own.
template <std::size_t Size>
struct given_mask {
  mote::tensor<std::uint8_t, Size> mask;
};

/// Dropout of one half with a given mask, done right: what is kept is doubled, forward and
/// backward.
struct given_dropout : mote::layer {
  static constexpr const char* name = "dropout with a given mask";
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool training_only = true;

  template <mote::shape In, class T, std::size_t Batch>
  using cache = given_mask<Batch * In.size()>;

  static constexpr mote::shape output(const mote::shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    mote::copy_unless_same(pass.input, pass.output);
  }
  template <class Pass>
  static constexpr void train_forward(const Pass& pass) {
    using T = typename Pass::value_type;
    for (std::size_t i = 0; i < pass.input.elements().size(); ++i) {
      pass.output.data[i] = pass.cache.mask[i] != 0 ? pass.input.data[i] * T{2} : T{0};
    }
  }
  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using T = typename Pass::value_type;
    for (std::size_t i = 0; i < pass.input.elements().size(); ++i) {
      pass.input_gradient.data[i] =
          pass.cache.mask[i] != 0 ? pass.output_gradient.data[i] * T{2} : T{0};
    }
  }
};

/// An activation with dropout, as the text has it, in one layer because it takes the derivative at
/// the wrong place: at the activation after dropout, doubled or 0 (1 - h^2 is then 1 or as low as
/// -3 for tanh). And what is kept is doubled forward only.
template <class Activation>
struct text_dropout : mote::layer {
  static constexpr const char* name = "activation and dropout of text 000";
  static constexpr mote::aliasing aliasing = mote::aliasing::in_place;
  static constexpr bool backward_reads_output = true;

  template <mote::shape In, class T, std::size_t Batch>
  using cache = given_mask<Batch * In.size()>;

  static constexpr mote::shape output(const mote::shape& in) { return in; }

  template <class Pass>
  static constexpr void forward(const Pass& pass) {
    Activation::forward(pass);
  }
  template <class Pass>
  static constexpr void train_forward(const Pass& pass) {
    using T = typename Pass::value_type;
    for (std::size_t i = 0; i < pass.input.elements().size(); ++i) {
      const T h = Activation::apply(pass.input.data[i]);
      pass.output.data[i] = pass.cache.mask[i] != 0 ? h * T{2} : T{0};
    }
  }
  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    using T = typename Pass::value_type;
    for (std::size_t i = 0; i < pass.input.elements().size(); ++i) {
      const T h = pass.output.data[i];
      pass.input_gradient.data[i] =
          pass.cache.mask[i] != 0 ? pass.output_gradient.data[i] * Activation::derivative(h, h)
                                  : T{0};
    }
  }
};

/// Writes new masks, row by row, into the cache of every layer that has one.
template <class Net, class T, std::size_t Batch>
void draw_masks(mote::workspace<Net, T, Batch, mote::training>& memory, numpy_random& random) {
  mote::for_each_index<Net::size>([&](auto index) {
    auto&& cache = mote::get<index>(memory.caches);
    if constexpr (requires { cache.mask; }) {
      for (std::uint8_t& kept : cache.mask.values) {
        kept = static_cast<std::uint8_t>(random.randint(2));
      }
    }
  });
}

/// The text prints squared errors, summed over batch and outputs, and descends along
/// target - output, divided by the batch.
struct squared_error_of_labels {
  static constexpr const char* name = "squared error";

  /// Writes the slope unless `gradient` is `none`.
  template <class T, std::size_t Classes, class Gradient = mote::none>
  static T evaluate(mote::batch_view<const T, Classes> outputs,
                    std::span<const std::uint8_t> labels, Gradient gradient = {}) {
    double error = 0.0;
    for (std::size_t row = 0; row < outputs.rows; ++row) {
      error += of_row(outputs[row], labels[row], [&](std::size_t i, T delta) {
        if constexpr (!mote::is_none<Gradient>) {
          gradient[row][i] = delta / static_cast<T>(outputs.rows);
        }
      });
    }
    return static_cast<T>(error);
  }

  /// The error of one sample; calls note(i, output - target) for each output.
  template <class T, std::size_t Classes, class Note>
  static double of_row(std::span<const T, Classes> outputs, std::uint8_t label, Note note) {
    double error = 0.0;
    for (std::size_t i = 0; i < Classes; ++i) {
      const T delta = outputs[i] - (i == label ? T{1} : T{0});
      error += static_cast<double>(delta * delta);
      note(i, delta);
    }
    return error;
  }
};

/// Chapter 9: the outputs go through softmax. Printed is the squared error, but what is descended
/// is the cross-entropy: its slope by what enters the softmax is output - target.
struct softmax_squared_error {
  static constexpr const char* name = "squared error of softmax";

  template <class T, std::size_t Classes, class Gradient = mote::none>
  static T evaluate(mote::batch_view<const T, Classes> logits, std::span<const std::uint8_t> labels,
                    Gradient gradient = {}) {
    double error = 0.0;
    for (std::size_t row = 0; row < logits.rows; ++row) {
      error += of_row(logits[row], labels[row], [&](std::size_t i, T delta) {
        if constexpr (!mote::is_none<Gradient>) {
          gradient[row][i] = delta / static_cast<T>(logits.rows);
        }
      });
    }
    return static_cast<T>(error);
  }

  template <class T, std::size_t Classes, class Note>
  static double of_row(std::span<const T, Classes> logits, std::uint8_t label, Note note) {
    std::array<T, Classes> outputs{};
    T sum{0};
    for (std::size_t i = 0; i < Classes; ++i) {
      outputs[i] = mote::math::exp(logits[i]);
      sum += outputs[i];
    }
    for (T& output : outputs) {
      output /= sum;
    }
    return squared_error_of_labels::of_row(std::span<const T, Classes>(outputs), label, note);
  }
};

/// Counts the hits and sums the errors of a batch.
template <class Loss, class T, std::size_t Classes>
void count(mote::evaluation& result, mote::batch_view<const T, Classes> outputs,
           std::span<const std::uint8_t> labels) {
  result.count(outputs, labels);
  for (std::size_t row = 0; row < outputs.rows; ++row) {
    result.total_loss += Loss::of_row(outputs[row], labels[row], [](std::size_t, T) {});
  }
}

/// The text's `(high - low) * np.random.random((inputs, outputs)) + low` with low = -bound, into
/// weights that mote keeps as [outputs][inputs].
template <class T, std::size_t Outputs, std::size_t... Inputs>
void draw_uniform(mote::tensor<T, Outputs, Inputs...>& weights, double bound,
                  numpy_random& random) {
  constexpr std::size_t inputs = (Inputs * ...);
  for (std::size_t i = 0; i < inputs; ++i) {
    for (std::size_t o = 0; o < Outputs; ++o) {
      weights[o * inputs + i] = static_cast<T>(2 * bound * random.random() - bound);
    }
  }
}

/// What the programs of chapters 8 and 9 differ in, besides the network.
struct recipe {
  const char* title;
  std::size_t iterations;
  double alpha;
  double first_bound;   ///< of the initial weights of the first layer
  double second_bound;  ///< and of the second
  bool test_at_the_end; ///< also after the last iteration, not only every tenth
};

/// Five characters of a number, cut off as the text does: str(x)[0:5].
inline std::string five(double number) {
  return text(number).substr(0, 5);
}

/// Trains as the text does: the same 1000 images in the same order in every iteration; errors and
/// hits are counted while training, and on all test images after every tenth iteration.
template <class Net, class Loss, std::size_t Batch, class T>
void learn(const recipe& how, const choices& wanted, const mote::hosted::digit_data& data,
           golden_series& golden) {
  using trainer = mote::trainer<Net, Loss, mote::sgd<T>, Batch, T>;
  constexpr std::size_t images = 1000;
  constexpr std::size_t test_batch = 100;
  constexpr std::size_t pixels = Net::input.size();

  const auto all =
      std::make_unique<trainer>(mote::sgd<T>{.learning_rate = static_cast<T>(how.alpha)}, 1);
  const auto test_memory = std::make_unique<mote::workspace<Net, T, test_batch>>();
  numpy_random random(1);
  draw_uniform(mote::get<0>(all->parameters).weights, how.first_bound, random);
  draw_uniform(mote::get<Net::size - 1>(all->parameters).weights, how.second_bound, random);

  const auto train = scaled<T>(data.train, images);
  const auto test = scaled<T>(data.test, data.test.size());
  const std::span<const std::uint8_t> train_labels(data.train.labels);
  const std::span<const std::uint8_t> test_labels(data.test.labels);

  std::vector<double> train_error, train_correct, test_error, test_correct;
  for (std::size_t iteration = 0; iteration < std::min(how.iterations, wanted.only); ++iteration) {
    mote::evaluation result;
    for (std::size_t first = 0; first < images; first += Batch) {
      const auto labels = train_labels.subspan(first, Batch);
      std::copy_n(train.data() + first * pixels, Batch * pixels, all->workspace.input().data);
      draw_masks(all->workspace, random);
      all->step(Batch, labels, [&](auto output) { count<Loss>(result, output, labels); });
    }
    train_error.push_back(result.loss());
    train_correct.push_back(result.accuracy());

    const bool is_last = iteration + 1 == how.iterations;
    if (iteration % 10 == 0 || (is_last && how.test_at_the_end)) {
      result = {};
      for (std::size_t first = 0; first < test_labels.size(); first += test_batch) {
        const auto labels = test_labels.subspan(first, test_batch);
        std::copy_n(test.data() + first * pixels, test_batch * pixels, test_memory->input().data);
        count<Loss>(result, mote::forward(all->parameters, *test_memory), labels);
      }
      test_error.push_back(result.loss());
      test_correct.push_back(result.accuracy());
      std::printf("I:%zu Train-Err:%s Train-Acc:%s Test-Err:%s Test-Acc:%s\n", iteration,
                  five(train_error.back()).c_str(), text(train_correct.back()).c_str(),
                  five(test_error.back()).c_str(), text(test_correct.back()).c_str());
    }
  }
  golden("train error", train_error);
  golden("train correct", train_correct);
  golden("test error", test_error);
  golden("test correct", test_correct);
  if (train_error.size() == how.iterations) {
    golden("final train error", {train_error.back()});
    golden("final train correct", {train_correct.back()});
  }
}

/// A whole program: the text's network, or the corrected one if that is asked for.
template <class Text, class Corrected, class Loss, std::size_t Batch>
int learn_digits(const recipe& how, const choices& wanted) {
  const auto data = find_mnist();
  if (!data) {
    return 0;
  }
  golden_series golden(wanted);
  std::printf("%s%s%s\n", how.title, wanted.corrected ? ", with the true derivatives" : "",
              wanted.float32 ? ", in single precision" : "");
  const auto run = [&](auto zero) {
    using T = decltype(zero);
    if (wanted.corrected) {
      learn<Corrected, Loss, Batch, T>(how, wanted, *data, golden);
    } else {
      learn<Text, Loss, Batch, T>(how, wanted, *data, golden);
    }
  };
  wanted.float32 ? run(0.0f) : run(0.0);
  return golden.result();
}

} // namespace seeds
