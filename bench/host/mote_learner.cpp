#include "learner.hpp"
#include "stopwatch.hpp"

#include <mote/hosted/flush_denormals.hpp>
#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <memory>
#include <numeric>
#include <span>

namespace bench {

namespace {

/// As the trainer reads samples.
struct view {
  const labelled_images& of;

  std::size_t size() const { return of.size(); }
  std::uint8_t label(std::size_t i) const { return of.labels[i]; }
  void copy_input(std::size_t i, std::span<float> target) const {
    std::copy_n(of.images.data() + i * pixels, pixels, target.data());
  }
};

template <class Net>
double run(const recipe& recipe, std::uint64_t seed, const labelled_images& train,
           const labelled_images& test, double& seconds) {
  using optimizer = mote::fused_update<mote::sgd<float>>;
  using trainer = mote::trainer<Net, mote::softmax_cross_entropy, optimizer, recipe_batch>;
  const mote::hosted::flush_denormals without_denormals;
  const auto all = std::make_unique<trainer>(optimizer{}, seed);
  std::vector<std::uint32_t> order(train.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto samples = static_cast<float>(recipe.epochs * train.size());
  const double start = seconds_now(1);
  for (std::size_t epoch = 0; epoch < recipe.epochs; ++epoch) {
    all->epoch(view{train}, order, [&](std::size_t done) {
      const auto before = static_cast<float>(epoch * train.size() + done);
      all->optimizer.learning_rate = recipe.rate * (1.0f - before / samples);
    });
  }
  seconds = seconds_now(1) - start;
  return mote::evaluate(all->parameters, view{test}, all->workspace).accuracy();
}

template <class First>
using mlp = mote::network<mote::input<side, side, 1>, mote::flatten, First, mote::relu,
                          mote::dense<classes>>;

} // namespace

learner make_mote_learner() {
  return {"mote", [](const recipe& recipe, auto&&... rest) {
            return recipe.network == architecture::lenet
                       ? run<mote::models::lenet>(recipe, rest...)
                       : run<mlp<mote::dense<100>>>(recipe, rest...);
          }};
}

learner make_mote_sparse_learner() {
  return {"mote, sparse input", [](const recipe& recipe, auto&&... rest) {
            return recipe.network == architecture::lenet
                       ? -1.0
                       : run<mlp<mote::sparse_dense<100>>>(recipe, rest...);
          }};
}

} // namespace bench
