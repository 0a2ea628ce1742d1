// What the host and the firmware share: the waves, the network, and its two ways to run.
#pragma once

#include <mote/mote.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace streaming {

inline constexpr std::size_t steps = 32;
inline constexpr std::size_t units = 12;
inline constexpr std::size_t kinds = 3;

using recurrent = mote::gru<units>;
using network = mote::network<mote::input<steps, 1>, recurrent, mote::dense<kinds>>;
/// What comes behind the state. Its parameters are those of the network's second layer.
using head = mote::network<mote::input<units>, mote::dense<kinds>>;

/// Sine, square and sawtooth waves in noise. Each sample is drawn from a seed when it is asked for,
/// so that any number of them takes no memory.
struct waves {
  std::size_t count = 0;
  std::uint64_t seed = 0;

  constexpr std::size_t size() const { return count; }
  constexpr std::size_t label(std::size_t i) const { return i % kinds; }

  constexpr void copy_input(std::size_t i, std::span<float> target) const {
    mote::random_source random(seed + i);
    const float frequency = 1.0f / (8.0f + 8.0f * random.uniform<float>()); // per sample
    const float loudness = 0.5f + random.uniform<float>();
    float phase = random.uniform<float>();
    for (float& sample : target) {
      sample = loudness * shape(label(i), phase) + random.uniform<float>() - 0.5f;
      phase += frequency;
      phase = phase < 1.0f ? phase : phase - 1.0f;
    }
  }

private:
  static constexpr float shape(std::size_t kind, float phase) {
    switch (kind) {
    case 0:
      return mote::math::cos(6.2831853f * phase);
    case 1:
      return phase < 0.5f ? 1.0f : -1.0f;
    default:
      return 2.0f * phase - 1.0f;
    }
  }
};

/// Not those that the network was trained on.
inline constexpr waves held_out{600, 1'000'000};

template <class Weights>
constexpr mote::parameters<head> head_of(const Weights& weights) {
  mote::parameters<head> result{};
  mote::get<0>(result) = mote::get<1>(weights);
  return result;
}

/// Hears one sample at a time and can say at any time what it sounds like. Besides this object it
/// takes some stack, see mote::gru::step.
struct listener {
  std::array<float, units> state{};
  mote::workspace<head> memory{};

  template <class Weights>
  constexpr void hear(const Weights& weights, float sample) {
    recurrent::step(mote::get<0>(weights), std::array{sample}, state);
  }

  constexpr std::size_t kind(const mote::parameters<head>& weights) {
    std::copy(state.begin(), state.end(), memory.input().data);
    return mote::argmax(mote::forward(weights, memory)[0]);
  }
};

struct score {
  std::uint32_t correct = 0;    ///< of the waves, classified sample by sample
  std::uint32_t same_state = 0; ///< those whose state is then that of the whole wave, to the bit
};

/// Runs all held-out waves both ways.
template <class Weights>
constexpr score listen(const Weights& weights, const mote::parameters<head>& head_weights) {
  score result;
  mote::workspace<network> whole{};
  std::array<float, steps> wave{};
  for (std::size_t i = 0; i < held_out.size(); ++i) {
    held_out.copy_input(i, wave);
    listener ear;
    for (const float sample : wave) {
      ear.hear(weights, sample);
    }
    result.correct += ear.kind(head_weights) == held_out.label(i) ? 1 : 0;

    std::copy(wave.begin(), wave.end(), whole.input().data);
    mote::forward(weights, whole, 1, [&](std::size_t layer, auto output) {
      if (layer == 0) {
        const auto state = output.elements();
        result.same_state += std::equal(state.begin(), state.end(), ear.state.begin()) ? 1 : 0;
      }
    });
  }
  return result;
}

} // namespace streaming
