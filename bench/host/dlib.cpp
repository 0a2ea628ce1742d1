#include "peer.hpp"

#include <dlib/dnn.h>
#include <dlib/revision.h>

#include <algorithm>
#include <memory>

namespace bench {

namespace {

using input = dlib::input<dlib::matrix<float>>;
using mlp_784_100_10 = dlib::loss_multiclass_log<dlib::fc<10, dlib::relu<dlib::fc<100, input>>>>;
using mlp_784_256_64_10 = dlib::loss_multiclass_log<
    dlib::fc<10, dlib::relu<dlib::fc<64, dlib::relu<dlib::fc<256, input>>>>>>;
/// dlib::con would pad the image.
template <long Filters, class Below>
using convolution =
    dlib::max_pool<2, 2, 2, 2,
                   dlib::relu<dlib::add_layer<dlib::con_<Filters, 5, 5, 1, 1, 0, 0>, Below>>>;
using lenet = dlib::loss_multiclass_log<dlib::fc<
    10,
    dlib::relu<dlib::fc<84, dlib::relu<dlib::fc<120, convolution<16, convolution<6, input>>>>>>>>;

/// dlib keeps dense weights as [inputs][outputs], followed by the bias as those of convolutions
/// are.
std::vector<std::vector<float>> in_dlibs_order(const task& task) {
  const bool is_lenet = task.network == architecture::lenet;
  const auto initial = is_lenet ? channels_first(task.initial) : task.initial;
  std::vector<std::vector<float>> result;
  for (std::size_t i = 0; i < initial.size(); ++i) {
    const auto& [weights, bias] = initial[i];
    const bool is_convolution = is_lenet && i < 2;
    result.push_back(
        is_convolution ? weights : transposed(weights, bias.size(), weights.size() / bias.size()));
    result.back().insert(result.back().end(), bias.begin(), bias.end());
  }
  return result;
}

template <class Net>
struct network {
  Net net;
  dlib::resizable_tensor images;
  std::vector<unsigned long> labels;
  std::vector<dlib::sgd> solvers;

  explicit network(const task& task)
      : labels(task.batch), solvers(Net::num_computational_layers, dlib::sgd(0.0f, 0.0f)) {
    const std::vector<dlib::matrix<float>> blank(task.batch, dlib::zeros_matrix<float>(28, 28));
    net.subnet().to_tensor(blank.begin(), blank.end(), images);
    net.subnet().forward(images); // makes the parameters
    const auto initial = in_dlibs_order(task);
    std::size_t next = initial.size(); // from the output to the input
    dlib::visit_layer_parameters(net.subnet(), [&](std::size_t, dlib::tensor& parameters) {
      if (parameters.size() != 0) {
        std::ranges::copy(initial.at(--next), parameters.host_write_only());
      }
    });
  }

  void copy_in(const float* from) { std::copy_n(from, images.size(), images.host_write_only()); }

  float train(const float* from, const std::uint8_t* classes, float rate) {
    copy_in(from);
    std::copy_n(classes, labels.size(), labels.begin());
    const double loss = net.compute_parameter_gradients(images, labels.begin());
    net.update_parameters(solvers, static_cast<double>(rate));
    return static_cast<float>(loss);
  }

  const float* forward(const float* from) {
    copy_in(from);
    return net.subnet().forward(images).host();
  }
};

/// Calls f(shared pointer to the network of the task).
template <class F>
auto with_network(const task& task, F&& f) {
  switch (task.network) {
  case architecture::mlp_784_100_10:
    return f(std::make_shared<network<mlp_784_100_10>>(task));
  case architecture::mlp_784_256_64_10:
    return f(std::make_shared<network<mlp_784_256_64_10>>(task));
  default:
    return f(std::make_shared<network<lenet>>(task));
  }
}

training_step train(const task& task) {
  return with_network(task, [&](auto net) -> training_step {
    return [net, rate = task.learning_rate](const float* images, const std::uint8_t* labels) {
      return net->train(images, labels, rate);
    };
  });
}

inference infer(const task& task) {
  return with_network(task, [](auto net) -> inference {
    return [net](const float* images) { return net->forward(images); };
  });
}

} // namespace

/// Products are those of the BLAS that dlib is linked with, which has the threads.
peer make_dlib() {
  return {"dlib",
          std::to_string(DLIB_MAJOR_VERSION) + "." + std::to_string(DLIB_MINOR_VERSION) + "." +
              std::to_string(DLIB_PATCH_VERSION),
          train, infer, [](int) {}};
}

} // namespace bench
