// The exported network behind the seam of model.hpp. MOTE_MODEL_HEADER is the header that mote export
// wrote, MOTE_MODEL the struct in it, MOTE_POLICY at what price it is to be fast; mote_add_firmware
// sets all three.
#include "model.hpp"

#include MOTE_MODEL_HEADER

namespace {

// All the RAM that the network needs.
constinit mote::workspace<MOTE_MODEL::network> memory{};

} // namespace

namespace firmware {

std::span<std::int8_t> input() {
  return memory.input().elements();
}

std::span<const std::int8_t> infer() {
  return mote::forward<MOTE_MODEL, MOTE_POLICY>(memory).elements();
}

} // namespace firmware
