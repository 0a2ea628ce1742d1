// Instruction sets are types. A kernel is specialized for one; `isa::native` is the one the
// compiler was told to use, and any other can be named by hand.
#pragma once

#include <cstddef>

namespace mote::isa {

/// Plain loops: the meaning that every other instruction set is tested against.
struct generic {
  static constexpr const char* name = "generic";
};

/// GCC/Clang vector extensions with registers of `Bytes` bytes.
template <std::size_t Bytes>
struct simd {
  static constexpr const char* name = Bytes == 64   ? "simd 512"
                                      : Bytes == 32 ? "simd 256"
                                                    : "simd 128";
  static constexpr std::size_t register_bytes = Bytes;
  /// AVX-512 and AArch64 have 32 vector registers, the others 16.
  static constexpr std::size_t registers = Bytes == 64 ? 32 : 16;
};

#if defined(__AVX512F__)
using native = simd<64>;
#elif defined(__AVX__)
using native = simd<32>;
#elif defined(__SSE2__) || defined(__aarch64__)
using native = simd<16>;
#else
using native = generic;
#endif

} // namespace mote::isa
