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

/// The bytes of such a register, or 0 where there is none.
template <class Isa>
inline constexpr std::size_t register_bytes_of = 0;
template <std::size_t Bytes>
inline constexpr std::size_t register_bytes_of<simd<Bytes>> = Bytes;
template <class Isa>
inline constexpr bool has_registers = register_bytes_of<Isa> != 0;

/// A 32-bit core that multiplies and adds one number at a time: Cortex-M0+ and M3, RV32IM.
struct scalar32 {
  static constexpr const char* name = "32-bit scalar";
};

/// The 16-bit pairs of Arm's DSP extension: Cortex-M4, M7, M33.
struct arm_dsp {
  static constexpr const char* name = "Arm DSP";
};

/// Arm's vector extension for microcontrollers (MVE): Cortex-M55.
struct helium {
  static constexpr const char* name = "Helium";
};

#if defined(__AVX512F__)
using native = simd<64>;
#elif defined(__AVX__)
using native = simd<32>;
#elif defined(__SSE2__) || defined(__aarch64__)
using native = simd<16>;
#elif defined(__ARM_FEATURE_MVE)
using native = helium;
#elif defined(__ARM_FEATURE_DSP)
using native = arm_dsp;
#elif (defined(__arm__) && defined(__thumb__)) || (defined(__riscv) && __riscv_xlen == 32)
using native = scalar32;
#else
using native = generic;
#endif

} // namespace mote::isa
