// The seam between a board's program and the network. The network is a translation unit of its
// own behind these two functions, so that its code, weights and memory can be measured apart
// from everything else in the image (targets/firmware_size.cmake).
#pragma once

#include <cstdint>
#include <span>

namespace firmware {

/// The network's input, to be filled before each infer(). Always the same memory.
std::span<std::int8_t> input();

/// Runs the network once on input(). The outputs stay valid until the next call.
/// infer() may use the input's memory for its own work: fill it again before the next call.
std::span<const std::int8_t> infer();

} // namespace firmware
