#include "peer.hpp"

#include <mote/hosted/parallel_trainer.hpp>
#include <mote/hosted/thread_team.hpp>
#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <memory>
#include <span>
#include <type_traits>

namespace bench {

namespace {

template <class... Layers>
using mlp = mote::network<mote::input<side, side, 1>, mote::flatten, Layers...>;

/// The networks with `First` as the kind of the layer that sees the pixels.
template <template <std::size_t> class First>
struct networks {
  using mlp_784_100_10 = mlp<First<100>, mote::relu, mote::dense<classes>>;
  using mlp_784_256_64_10 =
      mlp<First<256>, mote::relu, mote::dense<64>, mote::relu, mote::dense<classes>>;
};
template <std::size_t Units>
using dense = mote::dense<Units>;
template <std::size_t Units>
using sparse_dense = mote::sparse_dense<Units>;

template <class Net>
void set(mote::parameters<Net>& parameters, const std::vector<layer_parameters>& initial) {
  auto layer = initial.begin();
  mote::visit_tensors<Net>(
      [&](auto, const mote::field& description, auto& tensor) {
        if (description.role == mote::role::weight) {
          const bool inputs_first = tensor.extents.back() == layer->bias.size() &&
                                    tensor.extents.front() != layer->bias.size();
          std::ranges::copy(inputs_first ? transposed(layer->weights, tensor.extents.back(),
                                                      tensor.extents.front())
                                         : layer->weights,
                            tensor.values.begin());
        } else {
          std::ranges::copy(layer++->bias, tensor.values.begin());
        }
      },
      parameters);
}

template <class Net>
using for_inference = mote::packed<mote::inference_network<Net>>;

template <class Net>
void set_for_inference(mote::parameters<for_inference<Net>>& parameters,
                       const std::vector<layer_parameters>& initial) {
  const auto as_trained = std::make_unique<mote::parameters<mote::inference_network<Net>>>();
  set(*as_trained, initial);
  mote::to_packed(*as_trained, parameters);
}

/// What `use_threads` asked for. With more than one a batch is cut in two; a single sample is work
/// for one thread.
int wanted_threads = 1;
constexpr std::size_t shards = 2;

template <class Net, std::size_t Batch>
training_step train(const task& task) {
  using optimizer = mote::fused_update<mote::sgd<float>>;
  using trainer = mote::trainer<Net, mote::softmax_cross_entropy, optimizer, Batch>;
  const auto all = std::make_shared<trainer>(optimizer{{task.learning_rate}}, 1);
  set(all->parameters, task.initial);
  return [all](const float* images, const std::uint8_t* labels) {
    std::copy_n(images, Batch * pixels, all->workspace.input().data);
    return all->step(Batch, std::span<const std::uint8_t>(labels, Batch));
  };
}

template <class Net, std::size_t Batch>
training_step train_in_threads(const task& task) {
  using optimizer = mote::sgd<float>;
  using trainer =
      mote::hosted::parallel_trainer<Net, mote::softmax_cross_entropy, optimizer, Batch, shards>;
  const auto all = std::make_shared<trainer>(optimizer{task.learning_rate}, 1);
  set(all->parameters, task.initial);
  return [all](const float* images, const std::uint8_t* labels) {
    const auto write = [&](std::size_t row, std::span<float, pixels> input) {
      std::copy_n(images + row * pixels, pixels, input.data());
    };
    return all->step_on(Batch, write, std::span<const std::uint8_t>(labels, Batch));
  };
}

template <class Net, std::size_t Batch>
inference infer(const task& task) {
  using network = for_inference<Net>;
  struct model {
    alignas(64) mote::parameters<network> parameters;
    alignas(64) mote::workspace<network, float, Batch> workspace;
  };
  const auto all = std::make_shared<model>();
  set_for_inference<Net>(all->parameters, task.initial);
  return [all](const float* images) {
    std::copy_n(images, Batch * pixels, all->workspace.input().data);
    return mote::forward(all->parameters, all->workspace).data;
  };
}

/// A thread takes a part of the batch, with a workspace of its own.
template <class Net, std::size_t Batch>
inference infer_in_threads(const task& task) {
  constexpr std::size_t rows = Batch / shards;
  static_assert(rows * shards == Batch);
  using network = for_inference<Net>;
  struct model {
    alignas(64) mote::parameters<network> parameters;
    struct alignas(64) part {
      mote::workspace<network, float, rows> workspace;
    } parts[shards];
    std::array<float, Batch * classes> logits;
    mote::hosted::thread_team team{shards, shards};
  };
  const auto all = std::make_shared<model>();
  set_for_inference<Net>(all->parameters, task.initial);
  return [all](const float* images) {
    all->team.run([&](std::size_t index) {
      auto& memory = all->parts[index].workspace;
      std::copy_n(images + index * rows * pixels, rows * pixels, memory.input().data);
      const auto logits = mote::forward(all->parameters, memory);
      std::copy_n(logits.data, rows * classes, all->logits.data() + index * rows * classes);
    });
    return all->logits.data();
  };
}

/// Calls f<network, batch>(); returns nothing where the first layer of that network is no First.
template <class Result, template <std::size_t> class First, class F>
Result with_network(const task& task, F&& f) {
  return with_batch(task.batch, [&](auto batch) -> Result {
    switch (task.network) {
    case architecture::mlp_784_100_10:
      return f.template operator()<typename networks<First>::mlp_784_100_10, batch>();
    case architecture::mlp_784_256_64_10:
      return f.template operator()<typename networks<First>::mlp_784_256_64_10, batch>();
    default:
      if constexpr (std::is_same_v<First<1>, mote::dense<1>>) {
        return f.template operator()<mote::models::lenet, batch>();
      } else {
        return {};
      }
    }
  });
}

template <template <std::size_t> class First>
peer make(const char* name) {
  return {name, MOTE_VERSION,
          [](const task& task) {
            return with_network<training_step, First>(task, [&]<class Net, std::size_t Batch>() {
              if constexpr (Batch >= shards) {
                if (wanted_threads > 1) {
                  return train_in_threads<Net, Batch>(task);
                }
              }
              return train<Net, Batch>(task);
            });
          },
          [](const task& task) {
            return with_network<inference, First>(task, [&]<class Net, std::size_t Batch>() {
              if constexpr (Batch >= shards) {
                if (wanted_threads > 1) {
                  return infer_in_threads<Net, Batch>(task);
                }
              }
              return infer<Net, Batch>(task);
            });
          },
          [](int threads) { wanted_threads = threads; }};
}

} // namespace

peer make_mote() {
  return make<dense>("mote");
}

/// Skips the pixels that are zero, four of five in MNIST.
peer make_mote_sparse() {
  return make<sparse_dense>("mote, sparse input");
}

} // namespace bench
