// Prints the samples per second of 784-100-10 and of LeNet in int8, forward in one thread, by mote
// and by oneDNN, with the same weights on the same images. They round in ways of their own, so that
// codes may differ by a unit; that they do not by more than a few is checked first.
#include "stopwatch.hpp"

#include <mote/models/digits.hpp>
#include <mote/models/lenet.hpp>
#include <mote/mote.hpp>

#include <omp.h>
#include <oneapi/dnnl/dnnl.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <memory>
#include <string_view>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace {

using dnnl::memory;
using tag = memory::format_tag;
using type = memory::data_type;
using codes = std::vector<std::int8_t>;

using mlp = mote::models::mlp_784_100_10;
using lenet = mote::models::lenet;
constexpr std::size_t pixels = 28 * 28;
constexpr std::size_t classes = 10;

/// Of a layer: output = round(scale (bias + sum of (input + 128) weights)).
struct integers {
  std::vector<std::int8_t> weights; // [outputs][...], channels innermost
  std::vector<std::int32_t> bias;
  std::vector<float> scales;
};

/// Random layers in mote's form, all but the last with a relu, and the same for others.
template <class Net>
struct problem {
  using network = mote::deployed<mote::quantized<Net>>;
  std::unique_ptr<mote::parameters<network>> parameters =
      std::make_unique<mote::parameters<network>>();
  std::vector<integers> layers;
  codes images;

  explicit problem(std::size_t batch) {
    mote::random_source random{1};
    std::map<std::size_t, integers> all;
    mote::visit_tensors<network>(
        [&](auto layer, const mote::field& field, auto& tensor) {
          fill(random, all[layer], field.name, tensor.values);
        },
        *parameters);
    const auto last = all.rbegin()->first;
    mote::visit_tensors<network>(
        [&](auto layer, const mote::field& field, auto& tensor) {
          const std::string_view name = field.name;
          if (layer == last && name == "output_zero_point") {
            tensor.values[0] = 0;
          }
        },
        *parameters);
    for (auto& [index, layer] : all) {
      layers.push_back(std::move(layer));
    }
    images.resize(batch * pixels);
    for (auto& pixel : images) { // four fifths are zero, as in MNIST
      const bool ink = random.below(5) == 0;
      pixel = static_cast<std::int8_t>(ink ? static_cast<int>(random.below(256)) - 128 : -128);
    }
  }

private:
  template <class Values>
  static void fill(mote::random_source& random, integers& layer, std::string_view name,
                   Values& values) {
    using element = std::remove_reference_t<decltype(values[0])>;
    if (name == "weights") {
      for (auto& weight : values) {
        weight = static_cast<element>(static_cast<int>(random.below(255)) - 127);
        layer.weights.push_back(static_cast<std::int8_t>(weight));
      }
    } else if (name == "bias") {
      const auto terms = static_cast<double>(layer.weights.size() / values.size());
      for (auto& bias : values) {
        bias = static_cast<element>(static_cast<int>(random.below(2000)) - 1000);
        layer.bias.push_back(static_cast<std::int32_t>(bias));
        // Sums deviate by 73 (of the weights) times about 90 (of the inputs) times sqrt(terms).
        layer.scales.push_back(static_cast<float>((0.8 + random.uniform<double>()) * 60.0 /
                                                  (73.0 * 90.0 * std::sqrt(terms))));
      }
    } else if (name == "multipliers" || name == "shifts") {
      for (std::size_t o = 0; o < layer.scales.size(); ++o) {
        const auto factor = mote::to_fixed(static_cast<double>(layer.scales[o]));
        values[o] = static_cast<element>(name == "shifts" ? factor.shift : factor.mantissa);
      }
    } else {
      values[0] = static_cast<element>(name == "highest" ? 127 : -128);
    }
  }
};

/// oneDNN's primitives for unsigned by signed bytes, with every layout left to it.
class onednn_network {
public:
  template <class Net>
  explicit onednn_network(const problem<Net>& from) {
    batch_ = static_cast<memory::dim>(from.images.size() / pixels);
    input_ = memory({{batch_, 1, 28, 28}, type::u8, tag::nhwc}, engine_);
    memory value = input_;
    for (const auto& layer : from.layers) {
      const bool is_last = &layer == &from.layers.back();
      const auto dims = value.get_desc().dims();
      const auto outputs = static_cast<memory::dim>(layer.bias.size());
      const auto terms = static_cast<memory::dim>(layer.weights.size()) / outputs;
      if (dims.size() == 4 && terms == 25 * dims[1]) {
        value = add_pool(add_convolution(value, layer, outputs));
      } else {
        value = add_dense(value, layer, outputs, is_last);
      }
    }
    output_ = reordered(value, {value.get_desc().dims(), type::s8, tag::nc});
  }

  const std::int8_t* forward(const codes& images) {
    const auto* from = reinterpret_cast<const std::uint8_t*>(images.data());
    std::copy_n(from, images.size(), static_cast<std::uint8_t*>(input_.get_data_handle()));
    for (const auto& [primitive, with] : steps_) {
      primitive.execute(stream_, with);
    }
    stream_.wait();
    return static_cast<const std::int8_t*>(output_.get_data_handle());
  }

private:
  void add(const dnnl::primitive& primitive, std::unordered_map<int, memory> with) {
    steps_.emplace_back(primitive, std::move(with));
  }

  memory reordered(const memory& from, const memory::desc& layout) {
    if (from.get_desc() == layout) {
      return from;
    }
    memory to(layout, engine_);
    add(dnnl::reorder(from, to), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
    return to;
  }

  memory constant(const void* data, const memory::desc& as, const memory::desc& layout) {
    memory source(as, engine_, const_cast<void*>(data));
    memory to(layout, engine_);
    dnnl::reorder(source, to).execute(stream_, source, to);
    stream_.wait();
    return to;
  }

  static dnnl::primitive_attr attributes(const integers& layer, bool relu) {
    dnnl::primitive_attr result;
    result.set_output_scales(1 << 1, layer.scales); // one for each channel
    if (relu) {
      dnnl::post_ops after;
      after.append_eltwise(1.0f, dnnl::algorithm::eltwise_relu, 0.0f, 0.0f);
      result.set_post_ops(after);
    }
    return result;
  }

  template <class Forward>
  memory add_weighted(const memory& value, const typename Forward::primitive_desc& description,
                      const integers& layer, const memory::dims& weight_dims, tag order) {
    const memory source = reordered(value, description.src_desc());
    const memory weights =
        constant(layer.weights.data(), {weight_dims, type::s8, order}, description.weights_desc());
    const auto bias_layout = description.bias_desc();
    const memory bias =
        constant(layer.bias.data(), {bias_layout.dims(), type::s32, tag::x}, bias_layout);
    const memory destination(description.dst_desc(), engine_);
    add(Forward(description), {{DNNL_ARG_SRC, source},
                               {DNNL_ARG_WEIGHTS, weights},
                               {DNNL_ARG_BIAS, bias},
                               {DNNL_ARG_DST, destination}});
    return destination;
  }

  memory add_convolution(const memory& value, const integers& layer, memory::dim filters) {
    const auto in = value.get_desc().dims();
    const memory::dims weight_dims{filters, in[1], 5, 5};
    const memory::dims out{batch_, filters, in[2] - 4, in[3] - 4};
    const dnnl::convolution_forward::primitive_desc description(
        {dnnl::prop_kind::forward_inference,
         dnnl::algorithm::convolution_direct,
         {in, type::u8, tag::any},
         {weight_dims, type::s8, tag::any},
         {{filters}, type::s32, tag::any},
         {out, type::u8, tag::any},
         {1, 1},
         {0, 0},
         {0, 0}},
        attributes(layer, true), engine_);
    return add_weighted<dnnl::convolution_forward>(value, description, layer, weight_dims,
                                                   tag::ohwi);
  }

  memory add_pool(const memory& value) {
    const auto in = value.get_desc().dims();
    const dnnl::pooling_forward::primitive_desc description(
        {dnnl::prop_kind::forward_inference,
         dnnl::algorithm::pooling_max,
         value.get_desc(),
         {{in[0], in[1], in[2] / 2, in[3] / 2}, type::u8, tag::any},
         {2, 2},
         {2, 2},
         {0, 0},
         {0, 0}},
        engine_);
    const memory pooled(description.dst_desc(), engine_);
    add(dnnl::pooling_forward(description), {{DNNL_ARG_SRC, value}, {DNNL_ARG_DST, pooled}});
    return pooled;
  }

  memory add_dense(const memory& value, const integers& layer, memory::dim outputs, bool is_last) {
    auto weight_dims = value.get_desc().dims();
    const auto in = weight_dims;
    weight_dims[0] = outputs;
    const dnnl::inner_product_forward::primitive_desc description(
        {dnnl::prop_kind::forward_inference,
         {in, type::u8, tag::any},
         {weight_dims, type::s8, tag::any},
         {{outputs}, type::s32, tag::any},
         {{batch_, outputs}, is_last ? type::s8 : type::u8, tag::any}},
        attributes(layer, !is_last), engine_);
    return add_weighted<dnnl::inner_product_forward>(value, description, layer, weight_dims,
                                                     weight_dims.size() == 4 ? tag::ohwi : tag::oi);
  }

  memory::dim batch_ = 0;
  dnnl::engine engine_{dnnl::engine::kind::cpu, 0};
  dnnl::stream stream_{engine_};
  std::vector<std::pair<dnnl::primitive, std::unordered_map<int, memory>>> steps_;
  memory input_, output_;
};

/// The images as oneDNN takes them: unsigned.
codes unsigned_codes(const codes& images) {
  codes result = images;
  for (auto& code : result) {
    code = static_cast<std::int8_t>(code ^ -128);
  }
  return result;
}

template <class Net, std::size_t Batch>
struct mote_network {
  using network = typename problem<Net>::network;
  std::unique_ptr<mote::workspace<network, std::int8_t, Batch>> memory =
      std::make_unique<mote::workspace<network, std::int8_t, Batch>>();

  const std::int8_t* forward(const problem<Net>& from) {
    std::copy(from.images.begin(), from.images.end(), memory->input().elements().begin());
    return mote::forward<mote::isa::native>(*from.parameters, *memory).data;
  }
};

/// Ends the program if the two do not compute the same but for rounding.
template <class Net, std::size_t Batch>
void check_same(const problem<Net>& task) {
  mote_network<Net, Batch> mine;
  onednn_network others(task);
  const auto* a = mine.forward(task);
  const auto* b = others.forward(unsigned_codes(task.images));
  int largest = 0;
  int spread = 0;
  for (std::size_t i = 0; i < Batch * classes; ++i) {
    largest = std::max(largest, std::abs(a[i] - b[i]));
    spread = std::max(spread, std::abs(a[i] - a[0]));
  }
  if (largest > 3 || spread < 20) {
    std::fprintf(stderr, "int8: results differ by %d units, or are all the same\n", largest);
    std::exit(1);
  }
}

/// Samples per second of a run of `Batch`, for a fifth of a second of the processor.
template <std::size_t Batch, class Run>
double rate(Run&& run) {
  std::size_t runs = 0;
  const double start = bench::seconds_now(1);
  double passed = 0.0;
  do {
    for (int i = 0; i < 16; ++i) {
      const volatile std::int8_t code = *run();
      static_cast<void>(code);
    }
    runs += 16;
    passed = bench::seconds_now(1) - start;
  } while (passed < 0.2);
  return static_cast<double>(runs * Batch) / passed;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

/// A line of the table: medians of measurements in turns.
template <class Net, std::size_t Batch>
void compare(const char* name) {
  const problem<Net> task(Batch);
  check_same<Net, Batch>(task);
  mote_network<Net, Batch> mine;
  onednn_network others(task);
  const codes images = unsigned_codes(task.images);
  std::vector<double> my_rates, other_rates;
  for (int i = 0; i < 7; ++i) {
    my_rates.push_back(rate<Batch>([&] { return mine.forward(task); }));
    other_rates.push_back(rate<Batch>([&] { return others.forward(images); }));
  }
  const double mote = median(my_rates);
  const double onednn = median(other_rates);
  std::printf("| %s | %zu | %.0f | %.0f | %.2f |\n", name, Batch, mote, onednn, mote / onednn);
}

} // namespace

int main() {
  omp_set_num_threads(1);
  std::printf(
      "| int8 network | batch | mote | oneDNN | mote / oneDNN |\n|---|---:|---:|---:|---:|\n");
  compare<mlp, 1>("784-100-10");
  compare<mlp, 100>("784-100-10");
  compare<lenet, 1>("LeNet");
  compare<lenet, 100>("LeNet");
}
