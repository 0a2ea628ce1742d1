// The networks that the program knows by name. A network of your own is one more struct in the
// list.
#pragma once

#include <mote/models/depthwise.hpp>
#include <mote/models/digits.hpp>
#include <mote/models/lenet.hpp>

#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>

#include <cstddef>
#include <stdexcept>
#include <string>

namespace mote::program {

/// How a model is trained unless the command line says otherwise; each has one for images as they
/// are and one for augmented ones, of which there is more to learn. The values were chosen by the
/// accuracy on 5,000 training images held back for validation.
struct recipe {
  std::size_t epochs = 20;
  float learning_rate = 0.1f;
  float momentum = 0.9f;
  float weight_decay = 1e-4f;
  float warm_up = 0.05f;
};

struct mlp_784_100_10 {
  static constexpr const char* name = "mlp-784-100-10";
  static constexpr std::size_t batch = 64;
  using network = models::mlp_784_100_10;
  static constexpr program::recipe recipe{};
  static constexpr program::recipe augmented{.epochs = 40};
};

struct mlp_784_256_64_10 {
  static constexpr const char* name = "mlp-784-256-64-10";
  static constexpr std::size_t batch = 64;
  using network = models::mlp_784_256_64_10;
  static constexpr program::recipe recipe{};
  static constexpr program::recipe augmented{.epochs = 40};
};

struct mlp_784_16_10 {
  static constexpr const char* name = "mlp-784-16-10";
  static constexpr std::size_t batch = 64;
  using network = models::mlp_784_16_10;
  static constexpr program::recipe recipe{};
  static constexpr program::recipe augmented{.epochs = 40};
};

struct lenet {
  static constexpr const char* name = "lenet";
  static constexpr std::size_t batch = 64;
  using network = models::lenet;
  static constexpr program::recipe recipe{.weight_decay = 5e-4f};
  static constexpr program::recipe augmented{
      .epochs = 60, .learning_rate = 0.05f, .weight_decay = 2e-4f};
};

struct depthwise {
  static constexpr const char* name = "depthwise";
  static constexpr std::size_t batch = 64;
  using network = models::depthwise;
  static constexpr program::recipe recipe{.epochs = 15, .learning_rate = 0.05f};
  static constexpr program::recipe augmented{.epochs = 40};
};

inline constexpr auto known_models =
    boost::hana::tuple_t<mlp_784_100_10, mlp_784_256_64_10, mlp_784_16_10, lenet, depthwise>;

inline std::string known_model_names() {
  std::string names;
  boost::hana::for_each(known_models, [&](auto model) {
    names += (names.empty() ? "" : ", ") + std::string(decltype(model)::type::name);
  });
  return names;
}

/// Calls f(hana type of the model) for the model of that name and returns what it returns. Throws
/// when there is none.
template <class F>
int with_model(const std::string& name, F&& f) {
  int result = 1;
  bool found = false;
  boost::hana::for_each(known_models, [&](auto model) {
    if (name == decltype(model)::type::name) {
      found = true;
      result = f(model);
    }
  });
  if (!found)
    throw std::runtime_error("there is no model '" + name + "'; known are: " + known_model_names());
  return result;
}

} // namespace mote::program
