#include "learner.hpp"
#include "stopwatch.hpp"

#include <torch/torch.h>

#include <algorithm>

namespace bench {

namespace {

namespace nn = torch::nn;

nn::Sequential make_module(architecture which) {
  const auto relu = [] { return nn::ReLU(nn::ReLUOptions(true)); };
  if (which == architecture::mlp_784_100_10) {
    return nn::Sequential(nn::Flatten(), nn::Linear(784, 100), relu(), nn::Linear(100, 10));
  }
  return nn::Sequential(nn::Conv2d(1, 6, 5), relu(), nn::MaxPool2d(2), nn::Conv2d(6, 16, 5), relu(),
                        nn::MaxPool2d(2), nn::Flatten(), nn::Linear(256, 120), relu(),
                        nn::Linear(120, 84), relu(), nn::Linear(84, 10));
}

torch::Tensor tensor_of(const labelled_images& from) {
  return torch::from_blob(const_cast<float*>(from.images.data()),
                          {static_cast<std::int64_t>(from.size()), 1, 28, 28}, torch::kFloat);
}

torch::Tensor labels_of(const labelled_images& from) {
  return torch::from_blob(const_cast<std::uint8_t*>(from.labels.data()),
                          {static_cast<std::int64_t>(from.size())}, torch::kByte)
      .to(torch::kLong);
}

double run(const recipe& recipe, std::uint64_t seed, const labelled_images& train,
           const labelled_images& test, double& seconds) {
  torch::set_num_threads(1);
  torch::manual_seed(seed);
  const auto images = tensor_of(train);
  const auto labels = labels_of(train);
  auto module = make_module(recipe.network);
  torch::optim::SGD optimizer(module->parameters(), recipe.rate);
  auto& options = static_cast<torch::optim::SGDOptions&>(optimizer.param_groups()[0].options());
  const auto count = static_cast<std::int64_t>(train.size());
  const double start = seconds_now(1);
  for (std::size_t epoch = 0; epoch < recipe.epochs; ++epoch) {
    const auto order = torch::randperm(count);
    for (std::int64_t first = 0; first < count; first += static_cast<std::int64_t>(recipe_batch)) {
      const auto done =
          static_cast<double>(epoch) + static_cast<double>(first) / static_cast<double>(count);
      options.lr(static_cast<double>(recipe.rate) *
                 (1.0 - done / static_cast<double>(recipe.epochs)));
      const auto chosen =
          order.slice(0, first, std::min(count, first + static_cast<std::int64_t>(recipe_batch)));
      optimizer.zero_grad();
      torch::cross_entropy_loss(module->forward(images.index_select(0, chosen)),
                                labels.index_select(0, chosen))
          .backward();
      optimizer.step();
    }
  }
  seconds = seconds_now(1) - start;
  const torch::InferenceMode guard;
  const auto right = module->forward(tensor_of(test)).argmax(1).eq(labels_of(test)).sum();
  return right.item<double>() / static_cast<double>(test.size());
}

} // namespace

learner make_libtorch_learner() {
  return {"libtorch", run};
}

} // namespace bench
