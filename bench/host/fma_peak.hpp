#pragma once

namespace bench {

/// Floating-point operations per second of nothing but fused multiply-adds in registers of the
/// machine's widest vectors, on one core, measured for about `seconds`.
double fma_peak(double seconds);

} // namespace bench
