#include "softmax_cross_entropy.hpp"

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <memory>
#include <unordered_map>
#include <utility>

namespace bench {

namespace {

using dnnl::memory;
using dnnl::prop_kind;
using tag = memory::format_tag;
using arguments = std::unordered_map<int, memory>;

/// Primitives in the order in which they run.
class sequence {
public:
  void add(const dnnl::primitive& primitive, arguments with) {
    steps_.emplace_back(primitive, std::move(with));
  }
  void run(dnnl::stream& stream) const {
    for (const auto& [primitive, with] : steps_) {
      primitive.execute(stream, with);
    }
    stream.wait();
  }

private:
  std::vector<std::pair<dnnl::primitive, arguments>> steps_;
};

float* data_of(const memory& from) {
  return static_cast<float*>(from.get_data_handle());
}

memory::desc any_layout(const memory::dims& dims) {
  return {dims, memory::data_type::f32, tag::any};
}
memory::desc any_layout(const memory::desc& like) {
  return any_layout(like.dims());
}

/// The layers with every layout left to the library, and a reorder where two of them differ.
class network {
public:
  explicit network(const task& task, bool trains)
      : task_(task), kind_(trains ? prop_kind::forward_training : prop_kind::forward_inference),
        batch_(static_cast<memory::dim>(task.batch)) {
    input_ = memory({{batch_, 1, side, side}, memory::data_type::f32, tag::nchw}, engine_);
    switch (task.network) {
    case architecture::mlp_784_100_10:
      build({100, 10}, trains);
      break;
    case architecture::mlp_784_256_64_10:
      build({256, 64, 10}, trains);
      break;
    case architecture::lenet:
      build({120, 84, 10}, trains);
      break;
    }
  }

  const float* forward(const float* images) {
    std::copy_n(images, task_.batch * pixels, data_of(input_));
    forward_.run(stream_);
    return data_of(logits_);
  }

  float train(const float* images, const std::uint8_t* labels) {
    const float loss =
        softmax_cross_entropy(task_.batch, forward(images), labels, data_of(logits_gradient_));
    backward_.run(stream_);
    return loss;
  }

private:
  /// A convolution or an inner product, with what its backward pass needs.
  template <class Forward>
  struct weighted {
    typename Forward::primitive_desc description;
    memory weights, bias, source, destination;
    bool relu;
  };
  struct pool {
    dnnl::pooling_forward::primitive_desc description;
    memory workspace;
  };
  using convolution = weighted<dnnl::convolution_forward>;
  using dense = weighted<dnnl::inner_product_forward>;

  void build(const std::vector<memory::dim>& units, bool trains) {
    memory value = input_;
    std::vector<convolution> convolutions;
    std::vector<pool> pools;
    std::vector<dense> denses;
    std::size_t layer = 0;
    if (task_.network == architecture::lenet) {
      for (const memory::dim filters : {6, 16}) {
        convolutions.push_back(add_convolution(value, filters, task_.initial[layer++]));
        pools.push_back(add_pool(value = convolutions.back().destination));
        value = pooled_;
      }
    }
    for (const memory::dim outputs : units) {
      denses.push_back(
          add_dense(value, outputs, task_.initial[layer++], outputs != memory::dim{classes}));
      value = denses.back().destination;
    }
    logits_ =
        reordered(value, {value.get_desc().dims(), memory::data_type::f32, tag::nc}, forward_);
    if (!trains) {
      return;
    }
    logits_gradient_ = memory(logits_.get_desc(), engine_);
    memory gradient = logits_gradient_;
    for (std::size_t i = denses.size(); i-- > 0;) {
      const bool is_first = i == 0 && convolutions.empty();
      gradient =
          add_backward<dnnl::inner_product_backward_data, dnnl::inner_product_backward_weights>(
              denses[i], gradient, is_first);
    }
    for (std::size_t i = convolutions.size(); i-- > 0;) {
      gradient = add_pool_backward(pools[i], gradient);
      gradient = add_backward<dnnl::convolution_backward_data, dnnl::convolution_backward_weights>(
          convolutions[i], gradient, i == 0);
    }
  }

  /// With a single channel the kernels take it without a reorder.
  static bool is_image_as_it_comes(const memory::desc& value) {
    const auto dims = value.dims();
    return dims.size() == 4 && dims[1] == 1;
  }

  /// `from` in another layout, written each time that `to_run` runs; itself if it has that layout.
  memory reordered(const memory& from, const memory::desc& layout, sequence& to_run) {
    if (from.get_desc() == layout) {
      return from;
    }
    memory to(layout, engine_);
    to_run.add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    return to;
  }

  /// A copy of initial parameters, which are in the order `order`, in the library's layout.
  memory parameters(const std::vector<float>& from, const memory::dims& dims, tag order,
                    const memory::desc& layout) {
    const memory source({dims, memory::data_type::f32, order}, engine_,
                        const_cast<float*>(from.data()));
    memory to(layout, engine_);
    dnnl::reorder(source, to).execute(stream_, const_cast<memory&>(source), to);
    stream_.wait();
    return to;
  }

  static dnnl::primitive_attr with_relu(bool relu) {
    dnnl::primitive_attr attributes;
    dnnl::post_ops after;
    if (relu) {
      after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
    }
    attributes.set_post_ops(after);
    return attributes;
  }

  template <class Forward>
  weighted<Forward> add_weighted(const memory& value,
                                 const typename Forward::primitive_desc& description,
                                 const layer_parameters& initial, const memory::dims& weight_dims,
                                 tag order, bool relu) {
    const memory source = reordered(value, description.src_desc(), forward_);
    const memory weights =
        parameters(initial.weights, weight_dims, order, description.weights_desc());
    const memory bias =
        parameters(initial.bias, description.bias_desc().dims(), tag::x, description.bias_desc());
    const memory destination(description.dst_desc(), engine_);
    forward_.add(Forward(description), {{DNNL_ARG_SRC, source},
                                        {DNNL_ARG_WEIGHTS, weights},
                                        {DNNL_ARG_BIAS, bias},
                                        {DNNL_ARG_DST, destination}});
    return {description, weights, bias, source, destination, relu};
  }

  convolution add_convolution(const memory& value, memory::dim filters,
                              const layer_parameters& initial) {
    const auto in = value.get_desc().dims();
    const memory::dims weight_dims{filters, in[1], 5, 5};
    const memory::dims out{batch_, filters, in[2] - 4, in[3] - 4};
    const auto source = is_image_as_it_comes(value.get_desc()) ? value.get_desc() : any_layout(in);
    const dnnl::convolution_forward::primitive_desc description(
        {kind_,
         dnnl::algorithm::convolution_direct,
         source,
         any_layout(weight_dims),
         any_layout({filters}),
         any_layout(out),
         {1, 1},
         {0, 0},
         {0, 0}},
        with_relu(true), engine_);
    return add_weighted<dnnl::convolution_forward>(value, description, initial, weight_dims,
                                                   tag::ohwi, true);
  }

  pool add_pool(const memory& value) {
    const auto in = value.get_desc().dims();
    const dnnl::pooling_forward::primitive_desc description(
        {kind_,
         dnnl::algorithm::pooling_max,
         value.get_desc(),
         any_layout({in[0], in[1], in[2] / 2, in[3] / 2}),
         {2, 2},
         {2, 2},
         {0, 0},
         {0, 0}},
        engine_);
    pooled_ = memory(description.dst_desc(), engine_);
    arguments with{{DNNL_ARG_SRC, value}, {DNNL_ARG_DST, pooled_}};
    memory workspace;
    if (kind_ == prop_kind::forward_training) {
      workspace = memory(description.workspace_desc(), engine_);
      with.emplace(DNNL_ARG_WORKSPACE, workspace);
    }
    forward_.add(dnnl::pooling_forward(description), with);
    return {description, workspace};
  }

  dense add_dense(const memory& value, memory::dim outputs, const layer_parameters& initial,
                  bool relu) {
    memory::dims weight_dims = value.get_desc().dims();
    weight_dims[0] = outputs;
    const dnnl::inner_product_forward::primitive_desc description(
        {kind_, any_layout(value.get_desc()), any_layout(weight_dims), any_layout({outputs}),
         any_layout({batch_, outputs})},
        with_relu(relu), engine_);
    return add_weighted<dnnl::inner_product_forward>(value, description, initial, weight_dims,
                                                     weight_dims.size() == 4 ? tag::ohwi : tag::oi,
                                                     relu);
  }

  /// Adds the steps that lead from the gradient of a layer's output to that of its input, and
  /// update its parameters. Returns the gradient of the input unless `is_first`.
  template <class BackwardData, class BackwardWeights, class Forward>
  memory add_backward(const weighted<Forward>& layer, memory gradient, bool is_first) {
    if (layer.relu) {
      gradient = add_relu_backward(layer.destination, gradient);
    }
    memory input_gradient;
    if (!is_first) {
      const typename BackwardData::primitive_desc description(data_description<BackwardData>(layer),
                                                              engine_, layer.description);
      input_gradient = memory(description.diff_src_desc(), engine_);
      backward_.add(
          BackwardData(description),
          {{DNNL_ARG_DIFF_DST, reordered(gradient, description.diff_dst_desc(), backward_)},
           {DNNL_ARG_WEIGHTS, reordered(layer.weights, description.weights_desc(), backward_)},
           {DNNL_ARG_DIFF_SRC, input_gradient}});
    }
    const typename BackwardWeights::primitive_desc description(
        weights_description<BackwardWeights>(layer), engine_, layer.description);
    const memory slopes(description.diff_weights_desc(), engine_);
    const memory bias_slopes(description.diff_bias_desc(), engine_);
    backward_.add(BackwardWeights(description),
                  {{DNNL_ARG_SRC, reordered(layer.source, description.src_desc(), backward_)},
                   {DNNL_ARG_DIFF_DST, reordered(gradient, description.diff_dst_desc(), backward_)},
                   {DNNL_ARG_DIFF_WEIGHTS, slopes},
                   {DNNL_ARG_DIFF_BIAS, bias_slopes}});
    add_update(layer.weights, slopes);
    add_update(layer.bias, bias_slopes);
    return input_gradient;
  }

  template <class Backward, class Forward>
  auto data_description(const weighted<Forward>& layer) const {
    const auto source = any_layout(layer.source.get_desc());
    const auto weights = any_layout(layer.weights.get_desc());
    const auto destination = any_layout(layer.destination.get_desc());
    if constexpr (std::is_same_v<Forward, dnnl::convolution_forward>) {
      return typename Backward::desc(dnnl::algorithm::convolution_direct, source, weights,
                                     destination, {1, 1}, {0, 0}, {0, 0});
    } else {
      return typename Backward::desc(source, weights, destination);
    }
  }

  template <class Backward, class Forward>
  auto weights_description(const weighted<Forward>& layer) const {
    const auto in = layer.source.get_desc();
    const auto source = is_image_as_it_comes(in) ? in : any_layout(in);
    const auto weights = any_layout(layer.weights.get_desc());
    const auto bias = any_layout(layer.bias.get_desc());
    const auto destination = any_layout(layer.destination.get_desc());
    if constexpr (std::is_same_v<Forward, dnnl::convolution_forward>) {
      return typename Backward::desc(dnnl::algorithm::convolution_direct, source, weights, bias,
                                     destination, {1, 1}, {0, 0}, {0, 0});
    } else {
      return typename Backward::desc(source, weights, bias, destination);
    }
  }

  memory add_relu_backward(const memory& output, const memory& gradient) {
    const auto layout = output.get_desc();
    const dnnl::eltwise_forward::primitive_desc hint(
        {prop_kind::forward_training, dnnl::algorithm::eltwise_relu, layout, 0.0f}, engine_);
    const dnnl::eltwise_backward::primitive_desc description(
        {dnnl::algorithm::eltwise_relu_use_dst_for_bwd, layout, layout, 0.0f}, engine_, hint);
    const memory result = reordered(gradient, layout, backward_);
    backward_.add(
        dnnl::eltwise_backward(description),
        {{DNNL_ARG_DST, output}, {DNNL_ARG_DIFF_DST, result}, {DNNL_ARG_DIFF_SRC, result}});
    return result;
  }

  memory add_pool_backward(const pool& layer, const memory& gradient) {
    const auto& forward = layer.description;
    const dnnl::pooling_backward::primitive_desc description({dnnl::algorithm::pooling_max,
                                                              forward.src_desc(),
                                                              forward.dst_desc(),
                                                              {2, 2},
                                                              {2, 2},
                                                              {0, 0},
                                                              {0, 0}},
                                                             engine_, forward);
    const memory result(description.diff_src_desc(), engine_);
    backward_.add(dnnl::pooling_backward(description),
                  {{DNNL_ARG_DIFF_DST, reordered(gradient, description.diff_dst_desc(), backward_)},
                   {DNNL_ARG_WORKSPACE, layer.workspace},
                   {DNNL_ARG_DIFF_SRC, result}});
    return result;
  }

  /// w = w - rate g
  void add_update(const memory& weights, const memory& slopes) {
    const memory gradient = reordered(slopes, weights.get_desc(), backward_);
    const dnnl::sum::primitive_desc description(weights.get_desc(), {1.0f, -task_.learning_rate},
                                                {weights.get_desc(), gradient.get_desc()}, engine_);
    backward_.add(dnnl::sum(description), {{DNNL_ARG_MULTIPLE_SRC, weights},
                                           {DNNL_ARG_MULTIPLE_SRC + 1, gradient},
                                           {DNNL_ARG_DST, weights}});
  }

  task task_;
  prop_kind kind_;
  memory::dim batch_;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  sequence forward_, backward_;
  memory input_, pooled_, logits_, logits_gradient_;
};

std::string version() {
  const auto* is = dnnl::version();
  return std::to_string(is->major) + "." + std::to_string(is->minor) + "." +
         std::to_string(is->patch);
}

} // namespace

peer make_onednn() {
  return {"oneDNN", version(),
          [](const task& task) -> training_step {
            return [net = std::make_shared<network>(task, true)](const float* images,
                                                                 const std::uint8_t* labels) {
              return net->train(images, labels);
            };
          },
          [](const task& task) -> inference {
            return [net = std::make_shared<network>(task, false)](const float* images) {
              return net->forward(images);
            };
          },
          [](int threads) { omp_set_num_threads(threads); }};
}

} // namespace bench
