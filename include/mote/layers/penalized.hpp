#pragma once

#include <mote/core/flatten_list.hpp>
#include <mote/core/layer.hpp>
#include <mote/core/math.hpp>
#include <mote/core/packed.hpp>
#include <mote/core/storage.hpp>
#include <mote/core/tensor.hpp>

#include <cstddef>

namespace mote {

/// The penalty rate * sum of |w| with rate = Numerator / Denominator: pulls weights to zero
/// (Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996). The slope at 0 is 0.
template <std::size_t Numerator, std::size_t Denominator = 1>
struct l1 {
  template <class T>
  static constexpr T value(T w) {
    return rate<T> * math::absolute(w);
  }
  template <class T>
  static constexpr T slope(T w) {
    return w > T{0} ? rate<T> : (w < T{0} ? -rate<T> : T{0});
  }

private:
  template <class T>
  static constexpr T rate = static_cast<T>(Numerator) / static_cast<T>(Denominator);
};

/// The penalty rate / 2 * sum of w^2 with rate = Numerator / Denominator (Hoerl & Kennard, "Ridge
/// Regression", 1970): what sgd does with that `weight_decay`, for one layer.
template <std::size_t Numerator, std::size_t Denominator = 1>
struct l2 {
  template <class T>
  static constexpr T value(T w) {
    return rate<T> / T{2} * w * w;
  }
  template <class T>
  static constexpr T slope(T w) {
    return rate<T> * w;
  }

private:
  template <class T>
  static constexpr T rate = static_cast<T>(Numerator) / static_cast<T>(Denominator);
};

/// A layer whose weights cost something, biases do not: `penalized<dense<10>, l1<1, 1000>,
/// l2<1, 100>>`. `backward` adds the slope of each penalty to the gradient of the weights; the loss
/// does not know, see `penalty`. In inference it is the layer.
template <class Layer, class... Penalties>
struct penalized : Layer {
  template <class Pass>
  static constexpr void backward(const Pass& pass) {
    Layer::backward(pass);
    visit_weights(
        [](const auto& weights, auto& slopes) {
          for (std::size_t i = 0; i < weights.size; ++i) {
            slopes[i] += (Penalties::slope(weights[i]) + ...);
          }
        },
        pass.parameters, pass.gradients);
  }

  /// What these parameters of the layer cost.
  template <class T, class Items>
  static constexpr T penalty(const Items& items) {
    T total{0};
    visit_weights(
        [&](const auto& weights) {
          for (const T weight : weights.values) {
            total += (Penalties::value(weight) + ...);
          }
        },
        items);
    return total;
  }

private:
  static_assert(sizeof...(Penalties) > 0, "mote::penalized: name a penalty, as l2<1, 100>");
  static_assert(!is_structure<Layer>, "mote::penalized: penalize the layers inside one by one");

  template <class F, class Items, class... Others>
  static constexpr void visit_weights(F&& f, Items& items, Others&... others) {
    Items::visit(
        [&](const field& description, auto&... tensors) {
          if (description.role == role::weight) {
            f(tensors...);
          }
        },
        items, others...);
  }
};

template <class Layer, class... Penalties>
struct packed_form<penalized<Layer, Penalties...>> : packed_form<Layer> {};

/// The sum of the penalties of all layers, to be added to the loss that is reported.
template <class Net, class T>
constexpr T penalty(const parameters<Net, T>& weights) {
  T total{0};
  for_each_index<Net::size>([&](auto index) {
    using layer_type = typename Net::template layer<index>;
    const auto& items = get<index>(weights);
    if constexpr (requires { layer_type::template penalty<T>(items); }) {
      total += layer_type::template penalty<T>(items);
    }
  });
  return total;
}

} // namespace mote
