#include "peer.hpp"

#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <memory>
#include <span>

namespace bench {

namespace {

template <class... Layers>
using mlp = mote::network<mote::input<side, side, 1>, mote::flatten, Layers...>;
using mlp_784_100_10 = mlp<mote::dense<100>, mote::relu, mote::dense<classes>>;
using mlp_784_256_64_10 =
    mlp<mote::dense<256>, mote::relu, mote::dense<64>, mote::relu, mote::dense<classes>>;

template <class Net>
void set(mote::parameters<Net>& parameters, const std::vector<layer_parameters>& initial) {
  auto layer = initial.begin();
  mote::visit_tensors<Net>(
      [&](auto, const mote::field& description, auto& tensor) {
        if (description.role == mote::role::weight) {
          std::ranges::copy(layer->weights, tensor.values.begin());
        } else {
          std::ranges::copy(layer++->bias, tensor.values.begin());
        }
      },
      parameters);
}

template <class Net, std::size_t Batch>
training_step train(const task& task) {
  using trainer = mote::trainer<Net, mote::softmax_cross_entropy, mote::sgd<float>, Batch>;
  const auto all = std::make_shared<trainer>(mote::sgd<float>{task.learning_rate}, 1);
  set(all->parameters, task.initial);
  return [all](const float* images, const std::uint8_t* labels) {
    std::copy_n(images, Batch * pixels, all->workspace.input().data);
    return all->step(Batch, std::span<const std::uint8_t>(labels, Batch));
  };
}

template <class Net, std::size_t Batch>
inference infer(const task& task) {
  using network = mote::inference_network<Net>;
  struct model {
    mote::parameters<network> parameters;
    mote::workspace<network, float, Batch> workspace;
  };
  const auto all = std::make_shared<model>();
  set(all->parameters, task.initial);
  return [all](const float* images) {
    std::copy_n(images, Batch * pixels, all->workspace.input().data);
    return mote::forward(all->parameters, all->workspace).data;
  };
}

/// Calls f<network, batch>().
template <class F>
auto with_network(const task& task, F&& f) {
  return with_batch(task.batch, [&](auto batch) {
    switch (task.network) {
    case architecture::mlp_784_100_10:
      return f.template operator()<mlp_784_100_10, batch>();
    case architecture::mlp_784_256_64_10:
      return f.template operator()<mlp_784_256_64_10, batch>();
    default:
      return f.template operator()<mote::models::lenet, batch>();
    }
  });
}

} // namespace

peer make_mote() {
  return {"mote",
          MOTE_VERSION,
          [](const task& task) {
            return with_network(
                task, [&]<class Net, std::size_t Batch>() { return train<Net, Batch>(task); });
          },
          [](const task& task) {
            return with_network(
                task, [&]<class Net, std::size_t Batch>() { return infer<Net, Batch>(task); });
          },
          {}}; // its threads, once there are any
}

} // namespace bench
