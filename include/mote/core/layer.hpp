// What every layer is made of: the defaults it starts from, the shapes it can ask for, and the
// words in which its parameters are described.
#pragma once

#include <mote/core/shape.hpp>
#include <mote/core/tensor.hpp>

#include <cstddef>

namespace mote {

/// How a layer's output may share memory with its input.
enum class aliasing {
  none,     ///< the output needs memory of its own
  in_place, ///< the output may overwrite the input, for each element is read in time
  view      ///< the output is the input's memory, unchanged
};

/// What the optimizer and the quantizer may do with a parameter tensor.
enum class role {
  weight,    ///< trained, decays
  bias,      ///< trained, does not decay
  statistic, ///< not trained: follows what `backward` leaves in its gradient, see update_statistics
  constant   ///< neither: integers, scales, tables
};

/// Whether a layer adds a learned constant to each output.
enum class bias { none, learned };

/// Describes one parameter tensor of a layer to whoever visits it.
struct field {
  const char* name;
  mote::role role;
  std::size_t fan_in = 0;  ///< terms summed into one output: the variance of initial weights
  std::size_t fan_out = 0; ///< outputs that one input feeds
  float initial = 0.0f;    ///< what `initialize` sets all but weights to
  bool frozen = false;     ///< kept as it is, see mote::frozen

  /// Whether an optimizer may change it.
  constexpr bool is_trained() const {
    return (role == mote::role::weight || role == mote::role::bias) && !frozen;
  }
};

/// What a layer can ask of its input. The name of the type is what the compiler prints when it is
/// not met, so a new one should read as a sentence: "needs::image".
namespace needs {

struct any_shape {
  template <class... Shapes>
  static constexpr bool accepts(const Shapes&...) {
    return true;
  }
};
/// A vector; put mote::flatten before the layer to get one.
struct vector {
  static constexpr bool accepts(const shape& in) { return in.rank == 1; }
};
struct image {
  static constexpr bool accepts(const shape& in) { return in.rank == 3; }
};
/// Steps in time or space, each with channels.
struct sequence {
  static constexpr bool accepts(const shape& in) { return in.rank == 2; }
};

} // namespace needs

/// Where weight `i` of output channel `channel` is in the weights of a layer's parameters. They are
/// [channels][...], but [inputs][channels] where the parameters say `inputs_first`.
template <class Items>
constexpr std::size_t weight_index(std::size_t channel, std::size_t i) {
  using weights = decltype(Items::weights);
  if constexpr (requires { Items::inputs_first; }) {
    return i * weights::extents.back() + channel;
  } else {
    return channel * (weights::size / weights::extents.front()) + i;
  }
}

struct identity;

/// Stands for the integer form of a layer that has none.
struct no_int8_form;

/// The base of every layer: a layer without parameters that needs memory of its own for its output.
///
/// A layer defines `name` and `output(shape)` and a template `forward(pass)`; to be trained also
/// `backward(pass)`. It redeclares what differs from the defaults below. `In` is its input shape.
struct layer {
  static constexpr const char* name = "layer";

  /// What the layer asks of its input shape.
  using expects = needs::any_shape;

  /// The layer's parameters; a struct of tensors with a static `visit(f, p...)` that calls
  /// `f(field, p.tensor...)` for each tensor, for any number of structs side by side.
  template <shape In, class T>
  using parameters = none;

  /// What training has to remember from `train_forward` to `backward` besides input and output.
  template <shape In, class T, std::size_t Batch>
  using cache = none;

  static constexpr mote::aliasing aliasing = mote::aliasing::none;

  /// Which of its own activations `backward` reads. The memory plan keeps only those.
  static constexpr bool backward_reads_input = false;
  static constexpr bool backward_reads_output = false;

  /// True when the layer does nothing but in training, so that inference can leave it out.
  static constexpr bool training_only = false;

  /// True when the parameters are kept as they are, see mote::frozen.
  static constexpr bool is_frozen = false;

  /// The layer in int8 arithmetic, with an activation fused into it.
  template <class Rounding, class Activation = identity>
  using quantized = no_int8_form;

  /// Of an integer layer: true when its output means what its input does, with the same scale and
  /// zero point. Others define `output_affine`.
  static constexpr bool keeps_mapping = false;

  /// Bytes of flash that the layer takes in a model, where a kernel may keep its constants in a
  /// layout of its own.
  template <shape In, class Isa, class Policy, class Constants>
  static constexpr std::size_t constant_bytes() {
    return is_none<decltype(Constants::value)> ? 0 : sizeof(Constants::value);
  }

  /// Multiply-accumulate operations for one sample.
  static constexpr std::size_t macs(const shape&) { return 0; }
};

/// The function that changes nothing: what a layer applies to its results when no activation has
/// been fused into it.
struct identity {
  template <class T>
  static constexpr T apply(T x) {
    return x;
  }
  template <class T>
  static constexpr T derivative(T, T) {
    return T{1};
  }
};

} // namespace mote
