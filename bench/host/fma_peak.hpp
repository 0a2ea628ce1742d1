#pragma once

namespace bench {

/// Floating-point operations per second of nothing but fused multiply-adds in registers of the
/// machine's widest vectors, in `threads` threads together, measured for about `seconds`.
double fma_peak(int threads, double seconds);

} // namespace bench
