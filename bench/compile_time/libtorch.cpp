// LeNet with libtorch: a training step with momentum.
#include <torch/torch.h>

namespace nn = torch::nn;

struct trainer {
  nn::Sequential network{nn::Conv2d(1, 6, 5),  nn::ReLU(),           nn::MaxPool2d(2),
                         nn::Conv2d(6, 16, 5), nn::ReLU(),           nn::MaxPool2d(2),
                         nn::Flatten(),        nn::Linear(256, 120), nn::ReLU(),
                         nn::Linear(120, 84),  nn::ReLU(),           nn::Linear(84, 10)};
  torch::optim::SGD optimizer{network->parameters(), torch::optim::SGDOptions(0.1).momentum(0.9)};
};

float step(trainer& all, const torch::Tensor& images, const torch::Tensor& labels) {
  all.optimizer.zero_grad();
  const auto loss = torch::cross_entropy_loss(all.network->forward(images), labels);
  loss.backward();
  all.optimizer.step();
  return loss.item<float>();
}

// Else the constructor would not be compiled.
trainer make_trainer() {
  return {};
}
