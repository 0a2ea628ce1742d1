#include "peer.hpp"

#include <torch/torch.h>

#include <algorithm>
#include <memory>

namespace bench {

namespace {

namespace nn = torch::nn;

nn::Sequential make_module(architecture which) {
  const auto relu = [] { return nn::ReLU(nn::ReLUOptions(true)); };
  switch (which) {
  case architecture::mlp_784_100_10:
    return nn::Sequential(nn::Flatten(), nn::Linear(784, 100), relu(), nn::Linear(100, 10));
  case architecture::mlp_784_256_64_10:
    return nn::Sequential(nn::Flatten(), nn::Linear(784, 256), relu(), nn::Linear(256, 64), relu(),
                          nn::Linear(64, 10));
  default:
    return nn::Sequential(nn::Conv2d(1, 6, 5), relu(), nn::MaxPool2d(2), nn::Conv2d(6, 16, 5),
                          relu(), nn::MaxPool2d(2), nn::Flatten(), nn::Linear(256, 120), relu(),
                          nn::Linear(120, 84), relu(), nn::Linear(84, 10));
  }
}

/// The plain module, with memory for one batch.
struct network {
  nn::Sequential module;
  torch::Tensor images;
  torch::Tensor labels;
  torch::Tensor logits;

  explicit network(const task& task)
      : module(make_module(task.network)),
        images(torch::empty({static_cast<std::int64_t>(task.batch), 1, 28, 28})),
        labels(torch::empty({static_cast<std::int64_t>(task.batch)}, torch::kLong)) {
    const bool is_lenet = task.network == architecture::lenet;
    const auto initial = is_lenet ? channels_first(task.initial) : task.initial;
    const torch::NoGradGuard guard;
    auto parameters = module->parameters();
    for (std::size_t i = 0; i < initial.size(); ++i) {
      set(parameters[2 * i], initial[i].weights);
      set(parameters[2 * i + 1], initial[i].bias);
    }
  }

  static void set(torch::Tensor& parameter, const std::vector<float>& values) {
    TORCH_CHECK(parameter.numel() == static_cast<std::int64_t>(values.size()));
    std::copy(values.begin(), values.end(), parameter.data_ptr<float>());
  }

  torch::Tensor forward(const float* from) {
    std::copy_n(from, images.numel(), images.data_ptr<float>());
    return module->forward(images);
  }
};

training_step train(const task& task) {
  const auto net = std::make_shared<network>(task);
  const auto optimizer =
      std::make_shared<torch::optim::SGD>(net->module->parameters(), task.learning_rate);
  return [net, optimizer](const float* images, const std::uint8_t* labels) {
    std::copy_n(labels, net->labels.numel(), net->labels.data_ptr<std::int64_t>());
    optimizer->zero_grad();
    const auto loss = torch::cross_entropy_loss(net->forward(images), net->labels);
    loss.backward();
    optimizer->step();
    return loss.item<float>();
  };
}

inference infer(const task& task) {
  const auto net = std::make_shared<network>(task);
  net->module->eval();
  return [net](const float* images) {
    const torch::InferenceMode guard;
    net->logits = net->forward(images);
    return static_cast<const float*>(net->logits.data_ptr<float>());
  };
}

} // namespace

/// The plain module, torch::optim::SGD and inference mode.
peer make_libtorch() {
  return {"libtorch", TORCH_VERSION, train, infer,
          [](int threads) { torch::set_num_threads(threads); }};
}

} // namespace bench
