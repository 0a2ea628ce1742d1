#pragma once

#include <cstdint>

#if defined(__SSE__)
#  include <xmmintrin.h>
#endif

namespace mote::hosted {

/// While an object of this type lives, this thread takes numbers below the smallest normal one as
/// zero and makes none, where the processor can: x86 (the bits FTZ and DAZ of MXCSR) and AArch64
/// (FZ of FPCR); elsewhere nothing changes. Momentum of weights that rarely change decays into such
/// numbers, which on x86 take a hundred times as long: training then takes up to twice the time.
class flush_denormals {
public:
  flush_denormals() : before_(control()) { set_control(before_ | flush); }
  ~flush_denormals() { set_control(before_); }
  flush_denormals(const flush_denormals&) = delete;
  flush_denormals& operator=(const flush_denormals&) = delete;

private:
#if defined(__SSE__)
  using word = unsigned;
  static constexpr word flush = 0x8040;
  static word control() { return _mm_getcsr(); }
  static void set_control(word to) { _mm_setcsr(to); }
#elif defined(__aarch64__)
  using word = std::uint64_t;
  static constexpr word flush = word{1} << 24;
  static word control() {
    word value = 0;
    __asm__ volatile("mrs %0, fpcr" : "=r"(value));
    return value;
  }
  static void set_control(word to) { __asm__ volatile("msr fpcr, %0" : : "r"(to)); }
#else
  using word = unsigned;
  static constexpr word flush = 0;
  static word control() { return 0; }
  static void set_control(word) {}
#endif

  word before_;
};

} // namespace mote::hosted
