#include "model.hpp"

#include MOTE_MODEL_HEADER

namespace {
mote::workspace<consumer::tiny::network> memory;
}

std::span<std::int8_t> firmware::input() {
  return memory.input()[0];
}

std::span<const std::int8_t> firmware::infer() {
  return mote::forward<consumer::tiny>(memory)[0];
}
