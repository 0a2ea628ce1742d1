// Handwritten digits in forty lines: load, train for a few epochs, test.
#include <mote/hosted/mnist.hpp>
#include <mote/hosted/samples.hpp>
#include <mote/mote.hpp>

#include <cstdio>
#include <memory>
#include <numeric>
#include <vector>

using network = mote::network<mote::input<28, 28, 1>, mote::flatten, mote::dense<32>, mote::relu,
                              mote::dense<10>>;
using trainer = mote::trainer<network, mote::softmax_cross_entropy, mote::adam<float>, 50>;

int main() {
  // MNIST if it is at hand, else digits that the library draws itself.
  const auto data = mote::hosted::load_digits({}, {10'000, 2'000});
  std::printf("data: %s (%s)\n", data.name.c_str(), data.origin.c_str());
  const mote::hosted::image_samples train{data.train, 0, 10'000};
  const auto test = mote::hosted::all_of(data.test);

  const auto all = std::make_unique<trainer>(mote::adam<float>{.learning_rate = 0.002f}, 1);
  std::vector<std::uint32_t> order(train.size());
  std::iota(order.begin(), order.end(), 0u);
  double accuracy = 0.0;
  for (int epoch = 1; epoch <= 4; ++epoch) {
    const auto trained = all->epoch(train, order);
    accuracy = mote::evaluate(all->parameters, test, all->workspace).accuracy();
    std::printf("epoch %d  loss %.3f  train %.1f %%  test %.1f %%\n", epoch, trained.loss(),
                100.0 * trained.accuracy(), 100.0 * accuracy);
  }
  return accuracy > 0.9 ? 0 : 1;
}
