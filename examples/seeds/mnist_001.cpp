// Text 001: a network with sigmoids everywhere, weight decay and 200 epochs over 55,000 digits, of
// which it gets 97.54 % right when they are new.
//
// The text sums costs and slopes over the batch instead of averaging them, which makes the small
// learning rate right, and its cost has l2 w^2 where its slope has l2 w, half of the derivative.
#include <mote/mote.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <vector>

#include "mnist.hpp"
#include "numpy_random.hpp"

// The sigmoid of the outputs is in the loss, where it belongs: together their slope is simple.
using network = mote::network<mote::input<784>, mote::dense<100>, mote::sigmoid, mote::dense<10>>;

/// -t log a - (1 - t) log(1 - a), summed over batch and outputs, with a the sigmoid of an output;
/// its slope by what enters the sigmoid is a - t.
struct logistic_loss {
  static constexpr const char* name = "logistic loss";

  template <class T, std::size_t Classes, class Gradient = mote::none>
  static T evaluate(mote::batch_view<const T, Classes> outputs,
                    std::span<const std::uint8_t> labels, Gradient gradient = {}) {
    T cost{0};
    for (std::size_t row = 0; row < outputs.rows; ++row) {
      for (std::size_t i = 0; i < Classes; ++i) {
        const T a = mote::math::sigmoid(std::clamp(outputs[row][i], T{-250}, T{250}));
        const bool is_class = i == labels[row];
        if constexpr (mote::is_none<Gradient>) {
          cost -= mote::math::log(is_class ? a : T{1} - a);
        } else { // training needs the slope alone
          gradient[row][i] = a - (is_class ? T{1} : T{0});
        }
      }
    }
    return cost;
  }
};

using trainer = mote::trainer<network, logistic_loss, mote::sgd<double>, 100, double>;
constexpr std::size_t training_images = 55'000; // the other 5,000 are for validation

/// Cost and hits on some of the images.
static mote::evaluation evaluate(trainer& all, std::span<const double> images,
                                 std::span<const std::uint8_t> labels) {
  constexpr std::size_t pixels = network::input.size();
  mote::evaluation result;
  for (std::size_t first = 0; first < labels.size(); first += trainer::batch) {
    std::copy_n(images.data() + first * pixels, trainer::batch * pixels,
                all.workspace.input().data);
    const auto output = mote::forward(all.parameters, all.workspace);
    const auto expected = labels.subspan(first, trainer::batch);
    result.count(output, expected);
    result.total_loss += logistic_loss::evaluate(output, expected);
  }
  return result;
}

template <std::size_t Outputs, std::size_t Inputs>
static double sum_of_squares(const mote::tensor<double, Outputs, Inputs>& weights) {
  double sum = 0.0;
  for (const double weight : weights.values) {
    sum += weight * weight;
  }
  return sum;
}

/// The text draws weights as [inputs][outputs], row by row; mote keeps [outputs][inputs].
template <std::size_t Outputs, std::size_t Inputs>
static void draw(mote::tensor<double, Outputs, Inputs>& weights, seeds::numpy_random& random) {
  for (std::size_t i = 0; i < Inputs; ++i) {
    for (std::size_t o = 0; o < Outputs; ++o) {
      weights[o * Inputs + i] = random.normal(0.0, 0.1);
    }
  }
}

int main(int argc, char** argv) {
  const seeds::choices wanted(argc, argv);
  const auto data = seeds::find_mnist();
  if (!data) {
    return 0;
  }
  seeds::golden_series golden(wanted);
  std::puts("text 001: a multilayer perceptron with sigmoids and weight decay");
  constexpr std::size_t pixels = network::input.size();
  constexpr std::size_t epochs = 200;
  constexpr double l2 = 0.01;

  auto train = seeds::scaled<double>(data->train, data->train.size());
  auto test = seeds::scaled<double>(data->test, data->test.size());
  for (auto* images : {&train, &test}) {
    for (double& value : *images) {
      value = (value - 0.5) * 2; // from -1 to 1
    }
  }
  const std::span<const double> images(train);
  const std::span<const std::uint8_t> labels(data->train.labels);

  seeds::numpy_random random(1);
  const auto all =
      std::make_unique<trainer>(mote::sgd<double>{.learning_rate = 0.0005, .weight_decay = l2}, 1);
  auto& hidden = mote::get<0>(all->parameters).weights; // biases are 0
  auto& out = mote::get<2>(all->parameters).weights;
  draw(hidden, random);
  draw(out, random);

  std::vector<double> costs, train_correct, valid_correct, test_correct;
  for (std::size_t epoch = 1; epoch <= std::min(epochs, wanted.only); ++epoch) {
    const auto order = random.permutation(training_images);
    for (std::size_t first = 0; first < training_images; first += trainer::batch) {
      std::uint8_t batch_labels[trainer::batch];
      for (std::size_t row = 0; row < trainer::batch; ++row) {
        const std::size_t image = order[first + row];
        std::copy_n(images.data() + image * pixels, pixels, all->workspace.input()[row].begin());
        batch_labels[row] = labels[image];
      }
      all->step(trainer::batch, std::span<const std::uint8_t>(batch_labels));
    }

    const auto on_train = evaluate(*all, images, labels.first(training_images));
    const auto on_valid =
        evaluate(*all, images.subspan(training_images * pixels), labels.subspan(training_images));
    const auto on_test = evaluate(*all, test, data->test.labels);
    const double squares = sum_of_squares(hidden) + sum_of_squares(out);
    costs.push_back(on_train.total_loss + l2 * squares);
    train_correct.push_back(on_train.accuracy());
    valid_correct.push_back(on_valid.accuracy());
    test_correct.push_back(on_test.accuracy());
    std::printf("%zu/%zu | Cost: %.2f | Train/Valid Acc.: %.2f%%/%.2f%% | Test: %.2f%%\n", epoch,
                epochs, costs.back(), 100 * on_train.accuracy(), 100 * on_valid.accuracy(),
                100 * on_test.accuracy());
    std::fflush(stdout);
  }
  golden("cost", costs);
  golden("train correct", train_correct);
  golden("valid correct", valid_correct);
  golden("test correct", test_correct);
  return golden.result();
}
