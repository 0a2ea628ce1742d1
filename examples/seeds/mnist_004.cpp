// Text 004: three dense layers written by hand, one digit at a time, three epochs over 30,000.
//
// The text sets a learning rate of 0.05 but updates with 0.01, and gives only the second layer the
// initial weights of He. It adds each digit to its sums after printing them, so that the first
// thousand of an epoch has 999.
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <numeric>
#include <span>
#include <vector>

#include "mnist.hpp"
#include "numpy_random.hpp"

using network = mote::network<mote::input<784>, mote::dense<256>, mote::relu, mote::dense<64>,
                              mote::relu, mote::dense<10>>;

template <class T, class Tensor>
static void draw(Tensor& weights, double deviation, seeds::numpy_random& random) {
  for (T& weight : weights.values) { // the text writes [outputs][inputs], as mote does
    weight = static_cast<T>(deviation * random.randn());
  }
}

template <class T>
static void learn(const seeds::choices& wanted, const mote::hosted::digit_data& data,
                  seeds::golden_series& golden) {
  using trainer = mote::trainer<network, mote::softmax_cross_entropy, mote::sgd<T>, 1, T>;
  constexpr std::size_t images = 30'000;
  constexpr std::size_t test_batch = 100;
  constexpr std::size_t pixels = network::input.size();
  const auto all = std::make_unique<trainer>(mote::sgd<T>{.learning_rate = T(0.01)}, 1);
  const auto test_memory = std::make_unique<mote::workspace<network, T, test_batch>>();
  seeds::numpy_random random(1);
  draw<T>(mote::get<0>(all->parameters).weights, 0.1, random);
  draw<T>(mote::get<2>(all->parameters).weights, std::sqrt(2.0 / 256), random);
  draw<T>(mote::get<4>(all->parameters).weights, 0.1, random);

  const auto train = seeds::scaled<T>(data.train, images);
  const auto test = seeds::scaled<T>(data.test, data.test.size());
  const std::span<const std::uint8_t> test_labels(data.test.labels);
  std::vector<std::size_t> order(images);
  std::iota(order.begin(), order.end(), std::size_t{0});

  std::vector<double> window_loss, window_correct, epoch_loss, epoch_correct;
  std::vector<double> test_correct, test_loss; // of the first 1000 images, of all
  for (std::size_t epoch = 1; epoch <= std::min<std::size_t>(3, wanted.only); ++epoch) {
    const auto permutation = random.permutation(images); // of what is permuted already
    std::vector<std::size_t> next;
    for (const std::size_t index : permutation) {
      next.push_back(order[index]);
    }
    order = next;

    double loss = 0.0;
    double all_loss = 0.0;
    mote::evaluation hits;
    mote::evaluation all_hits;
    for (std::size_t step = 1; step <= images; ++step) {
      const std::size_t image = order[step - 1];
      const std::span<const std::uint8_t> label(&data.train.labels[image], 1);
      if (step % 1000 == 0) {
        std::printf("epoch %zu step %zu  loss %.4f  correct %zu\n", epoch, step, loss / 1000,
                    hits.correct);
        window_loss.push_back(loss / 1000);
        window_correct.push_back(static_cast<double>(hits.correct));
        loss = 0.0;
        hits = {};
      }
      std::copy_n(train.data() + image * pixels, pixels, all->workspace.input().data);
      const double cost = static_cast<double>(all->step(1, label, [&](auto output) {
        hits.count(output, label);
        all_hits.count(output, label);
      }));
      loss += cost;
      all_loss += cost;
    }
    epoch_loss.push_back(all_loss / images);
    epoch_correct.push_back(all_hits.accuracy());

    mote::evaluation result;
    for (std::size_t first = 0; first < test_labels.size(); first += test_batch) {
      const auto labels = test_labels.subspan(first, test_batch);
      std::copy_n(test.data() + first * pixels, test_batch * pixels, test_memory->input().data);
      const auto output = mote::forward(all->parameters, *test_memory);
      result.count(output, labels);
      result.total_loss +=
          test_batch * static_cast<double>(mote::softmax_cross_entropy::evaluate(output, labels));
      if (result.samples == 1000 || result.samples == test_labels.size()) {
        std::printf("epoch %zu  test accuracy %.2f %% of %zu, loss %.4f\n", epoch,
                    100 * result.accuracy(), result.samples, result.loss());
        test_correct.push_back(static_cast<double>(result.correct));
        test_loss.push_back(result.loss());
      }
    }
    std::fflush(stdout);
  }
  golden("window loss", window_loss);
  golden("window correct", window_correct);
  golden("epoch loss", epoch_loss);
  golden("epoch correct", epoch_correct);
  golden("test correct", test_correct);
  golden("test loss", test_loss);
}

int main(int argc, char** argv) {
  const seeds::choices wanted(argc, argv);
  const auto data = seeds::find_mnist();
  if (!data) {
    return 0;
  }
  seeds::golden_series golden(wanted);
  std::printf("text 004: three dense layers, one digit at a time%s\n",
              wanted.float32 ? ", in single precision" : "");
  if (wanted.float32) {
    learn<float>(wanted, *data, golden);
  } else {
    learn<double>(wanted, *data, golden);
  }
  return golden.result();
}
