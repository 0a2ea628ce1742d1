// Initial weights. An initializer fills a tensor given the fans of its layer; biases start at zero.
#pragma once

#include <mote/core/math.hpp>
#include <mote/core/random.hpp>

#include <cstddef>
#include <span>

namespace mote {

namespace initializers {

namespace detail {

template <class T>
constexpr void fill_uniform(std::span<T> weights, T bound, random_source& generator) {
  for (T& weight : weights) {
    weight = bound * (T{2} * generator.uniform<T>() - T{1});
  }
}

template <class T>
constexpr void fill_normal(std::span<T> weights, T deviation, random_source& generator) {
  for (T& weight : weights) {
    weight = deviation * generator.normal<T>();
  }
}

} // namespace detail

/// Uniform in [-sqrt(6 / (fan_in + fan_out)), +...) (Glorot & Bengio 2010, equation 16); keeps the
/// variance of signals and gradients through tanh, sigmoid and linear layers.
struct glorot {
  template <class T>
  static constexpr void fill(std::span<T> weights, std::size_t fan_in, std::size_t fan_out,
                             random_source& generator) {
    detail::fill_uniform(weights, math::sqrt(T{6} / static_cast<T>(fan_in + fan_out)), generator);
  }
};

/// Normal with deviation sqrt(2 / fan_in) (He et al. 2015, equation 10); makes up for the half that
/// a relu cuts off.
struct he {
  template <class T>
  static constexpr void fill(std::span<T> weights, std::size_t fan_in, std::size_t,
                             random_source& generator) {
    detail::fill_normal(weights, math::sqrt(T{2} / static_cast<T>(fan_in)), generator);
  }
};

/// Uniform in [-Numerator / Denominator, +Numerator / Denominator).
template <long Numerator, long Denominator = 1>
struct uniform {
  template <class T>
  static constexpr void fill(std::span<T> weights, std::size_t, std::size_t,
                             random_source& generator) {
    detail::fill_uniform(weights, static_cast<T>(Numerator) / static_cast<T>(Denominator),
                         generator);
  }
};

/// Normal with mean 0 and deviation Numerator / Denominator.
template <long Numerator, long Denominator = 1>
struct normal {
  template <class T>
  static constexpr void fill(std::span<T> weights, std::size_t, std::size_t,
                             random_source& generator) {
    detail::fill_normal(weights, static_cast<T>(Numerator) / static_cast<T>(Denominator),
                        generator);
  }
};

/// He before a relu and its kin, Glorot elsewhere.
struct automatic {};

} // namespace initializers

} // namespace mote
