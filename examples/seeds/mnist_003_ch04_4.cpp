// Text 003, chapter 4: TwoLayerNet, its slopes checked with numerical ones, then 10,000 steps on
// random batches: 94.64 % of the training digits and 94.45 % of the test digits.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "mnist.hpp"
#include "numpy_random.hpp"

using network = mote::network<mote::input<784>, mote::dense<50>, mote::sigmoid, mote::dense<10>>;

/// Cross-entropy with 1e-7 inside the logarithm, lest it become infinite; the text leaves the slope
/// as it is without.
struct text_cross_entropy {
  static constexpr const char* name = "cross-entropy";

  template <class T, std::size_t Classes, class Gradient = mote::none>
  static T evaluate(mote::batch_view<const T, Classes> logits, std::span<const std::uint8_t> labels,
                    Gradient gradient = {}) {
    if constexpr (!mote::is_none<Gradient>) {
      mote::softmax_cross_entropy::evaluate(logits, labels, gradient);
    }
    T total{0};
    for (std::size_t row = 0; row < logits.rows; ++row) {
      const T largest = *std::ranges::max_element(logits[row]);
      T sum{0};
      for (const T logit : logits[row]) {
        sum += mote::math::exp(logit - largest);
      }
      const T probability = mote::math::exp(logits[row][labels[row]] - largest) / sum;
      total -= mote::math::log(probability + T(1e-7));
    }
    return total / static_cast<T>(logits.rows);
  }
};

using trainer = mote::trainer<network, text_cross_entropy, mote::sgd<double>, 100, double>;
constexpr std::size_t pixels = network::input.size();

/// The first `labels.size()` images, or those that `order` names, into the workspace.
static void fill(trainer& all, std::span<const double> images, std::span<const std::size_t> order) {
  for (std::size_t row = 0; row < order.size(); ++row) {
    std::copy_n(images.data() + order[row] * pixels, pixels, all.workspace.input()[row].begin());
  }
}

/// Hits over all images.
static double accuracy(trainer& all, std::span<const double> images,
                       std::span<const std::uint8_t> labels) {
  mote::evaluation result;
  for (std::size_t first = 0; first < labels.size(); first += trainer::batch) {
    std::copy_n(images.data() + first * pixels, trainer::batch * pixels,
                all.workspace.input().data);
    result.count(mote::forward(all.parameters, all.workspace),
                 labels.subspan(first, trainer::batch));
  }
  return result.accuracy();
}

/// The text's gradient_check: the slopes of all 39,760 parameters by backpropagation and by central
/// differences, and the mean of their distances in each tensor.
static void check_gradients(trainer& all, std::span<const double> images,
                            std::span<const std::uint8_t> labels, seeds::golden_series& golden) {
  const std::vector<std::size_t> batch{0, 1, 2};
  const auto targets = labels.first(batch.size());
  const auto loss = [&] {
    fill(all, images, batch); // the network works in place
    return text_cross_entropy::evaluate(mote::forward(all.parameters, all.workspace, batch.size()),
                                        targets);
  };
  golden("gradient check: loss", {loss()});

  fill(all, images, batch);
  const auto output = mote::train_forward(all.parameters, all.workspace, all.random, batch.size());
  text_cross_entropy::evaluate(output, targets, all.workspace.output_gradient(batch.size()));
  mote::backward(all.parameters, all.workspace, all.gradients, batch.size());

  constexpr double step = 1e-4;
  mote::visit_tensors<network>(
      [&](auto index, const mote::field& field, auto& weights, const auto& slopes) {
        double sum = 0.0;
        for (std::size_t i = 0; i < weights.size; ++i) {
          const double original = weights[i];
          weights[i] = original + step;
          const double above = loss();
          weights[i] = original - step;
          const double below = loss();
          weights[i] = original;
          sum += std::abs(slopes[i] - (above - below) / (2 * step));
        }
        const auto name =
            (field.role == mote::role::weight ? "W" : "b") + std::string(index == 0 ? "1" : "2");
        const double mean = sum / static_cast<double>(weights.size);
        std::printf("%s:%.16g\n", name.c_str(), mean);
        golden("gradient check: mean difference of " + name, {mean});
      },
      all.parameters, all.gradients);

  const auto& hidden = mote::get<0>(all.gradients);
  const auto& out = mote::get<2>(all.gradients);
  std::vector<double> first_row; // in the text's order: [inputs][outputs]
  for (std::size_t o = 0; o < 10; ++o) {
    first_row.push_back(out.weights[o * 50]);
  }
  golden("gradient check: first row of W2", first_row);
  golden("gradient check: b2", {out.bias.values.begin(), out.bias.values.end()});
  golden("gradient check: ten of b1",
         {hidden.bias.values.begin(), hidden.bias.values.begin() + 10});
}

/// The text's `0.01 * np.random.randn(inputs, outputs)`; mote keeps [outputs][inputs].
template <std::size_t Outputs, std::size_t Inputs>
static void draw(mote::tensor<double, Outputs, Inputs>& weights, seeds::numpy_random& random) {
  for (std::size_t i = 0; i < Inputs; ++i) {
    for (std::size_t o = 0; o < Outputs; ++o) {
      weights[o * Inputs + i] = 0.01 * random.randn();
    }
  }
}

/// The text's images are of single precision, its weights are not.
static std::vector<double> rounded_images(const mote::hosted::image_set& images) {
  const auto rounded = seeds::scaled<float>(images, images.size());
  return {rounded.begin(), rounded.end()};
}

int main(int argc, char** argv) {
  const seeds::choices wanted(argc, argv);
  const auto data = seeds::find_mnist();
  if (!data) {
    return 0;
  }
  seeds::golden_series golden(wanted);
  std::puts("text 003, chapter 4: TwoLayerNet");
  constexpr std::size_t iterations = 10'000;
  const auto train = rounded_images(data->train);
  const auto test = rounded_images(data->test);
  const std::span<const std::uint8_t> labels(data->train.labels);

  const auto all = std::make_unique<trainer>(mote::sgd<double>{.learning_rate = 0.1}, 1);
  seeds::numpy_random random(1);
  draw(mote::get<0>(all->parameters).weights, random); // biases are 0
  draw(mote::get<2>(all->parameters).weights, random);

  check_gradients(*all, train, labels, golden);

  std::vector<double> losses, train_correct, test_correct;
  for (std::size_t i = 0; i < std::min(iterations, wanted.only); ++i) {
    const auto batch = random.choice(60'000, trainer::batch);
    std::array<std::uint8_t, trainer::batch> batch_labels{};
    std::ranges::transform(batch, batch_labels.begin(),
                           [&](std::size_t image) { return labels[image]; });
    const std::span<const std::uint8_t> targets(batch_labels);
    fill(*all, train, batch);
    all->step(trainer::batch, targets);

    const bool is_last = i + 1 == iterations;
    if (i % 100 == 0 || is_last) { // the loss on the batch after the step
      fill(*all, train, batch);
      losses.push_back(
          text_cross_entropy::evaluate(mote::forward(all->parameters, all->workspace), targets));
    }
    if (i % 600 == 0 || is_last) { // 600 steps are an epoch
      train_correct.push_back(accuracy(*all, train, labels));
      test_correct.push_back(accuracy(*all, test, data->test.labels));
      std::printf("train acc, test acc | %s, %s\n", seeds::text(train_correct.back()).c_str(),
                  seeds::text(test_correct.back()).c_str());
    }
  }
  golden("loss", losses);
  golden("train correct", train_correct);
  golden("test correct", test_correct);
  return golden.result();
}
