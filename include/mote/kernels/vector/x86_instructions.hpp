// The few instructions of AVX2 and AVX-512 that no operator means, by their names: the header of
// all intrinsics would add two thirds to what every program pays for including the library.
#pragma once

#include <mote/kernels/vector/vector.hpp>

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mote::kernels {

#if defined(__AVX2__)

/// VPMULDQ: products of the lower 32 bits, signed, of each lane.
template <std::size_t Lanes>
[[gnu::always_inline]] inline vector<std::int64_t, Lanes> vpmuldq(vector<std::int64_t, Lanes> a,
                                                                  vector<std::int64_t, Lanes> b) {
  vector<std::int64_t, Lanes> result;
  asm("vpmuldq {%2, %1, %0|%0, %1, %2}" : "=v"(result) : "v"(a), "v"(b));
  return result;
}

/// VPMOVSXBW: the same numbers in 16 bits.
[[gnu::always_inline]] inline vector<std::int16_t, 16> vpmovsxbw(vector<std::int8_t, 16> from) {
  vector<std::int16_t, 16> result;
  asm("vpmovsxbw {%1, %0|%0, %1}" : "=v"(result) : "v"(from));
  return result;
}

/// VPMADDWD: sums of the products of two neighbouring lanes of 16 bits.
template <std::size_t Bytes>
[[gnu::always_inline]] inline vector<std::int32_t, Bytes / 4>
vpmaddwd(vector<std::int16_t, Bytes / 2> a, vector<std::int16_t, Bytes / 2> b) {
  vector<std::int32_t, Bytes / 4> result;
  asm("vpmaddwd {%2, %1, %0|%0, %1, %2}" : "=v"(result) : "v"(a), "v"(b));
  return result;
}

#endif

#if defined(__AVX512F__)

/// VCMPPS: a bit for each lane in which the numbers differ, or are none.
[[gnu::always_inline]] inline std::uint16_t vcmpneqps(vector<float, 16> a, vector<float, 16> b) {
  std::uint16_t flags;
  asm("vcmpps {$4, %2, %1, %0|%0, %1, %2, 4}" : "=Yk"(flags) : "v"(a), "v"(b));
  return flags;
}

/// VPCOMPRESSD: the lanes whose bit is set side by side; the others are zero.
[[gnu::always_inline]] inline vector<std::uint32_t, 16>
vpcompressd(std::uint16_t flags, vector<std::uint32_t, 16> from) {
  vector<std::uint32_t, 16> result;
  asm("vpcompressd {%1, %0%{%2%}%{z%}|%0%{%2%}%{z%}, %1}" : "=v"(result) : "v"(from), "Yk"(flags));
  return result;
}

#endif

#if defined(__AVX512BW__) && defined(__AVX512VL__)

/// VMOVDQU8: the first `Count` of `Bytes` bytes; the others are zero.
template <std::size_t Bytes, std::size_t Count>
[[gnu::always_inline]] inline vector<std::int8_t, Bytes> vmovdqu8(const std::int8_t* from) {
  using mask = std::conditional_t<Bytes == 64, std::uint64_t, std::uint32_t>;
  vector<std::int8_t, Bytes> result;
  asm("vmovdqu8 {%1, %0%{%2%}%{z%}|%0%{%2%}%{z%}, %1}"
      : "=v"(result)
      : "m"(*reinterpret_cast<const std::int8_t(*)[Count]>(from)), "Yk"((mask{1} << Count) - 1));
  return result;
}

#endif

#if defined(__AVX512VNNI__) || defined(__AVXVNNI__)

/// VPDPBUSD: adds to each lane the products of its four unsigned bytes of `x` and signed ones of
/// `w`.
template <std::size_t Bytes>
[[gnu::always_inline]] inline vector<std::int32_t, Bytes / 4>
vpdpbusd(vector<std::int32_t, Bytes / 4> to, vector<std::int8_t, Bytes> x,
         vector<std::int8_t, Bytes> w) {
#  if defined(__AVX512VNNI__)
  asm("vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+v"(to) : "v"(x), "v"(w));
#  else
  asm("%{vex%} vpdpbusd {%2, %1, %0|%0, %1, %2}" : "+x"(to) : "x"(x), "x"(w));
#  endif
  return to;
}

#endif

} // namespace mote::kernels
