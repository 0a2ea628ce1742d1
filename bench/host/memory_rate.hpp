#pragma once

#include <cstddef>

namespace bench {

/// Bytes per second that one thread reads from an array of that size, over and over, measured for
/// about `seconds`.
double read_rate(std::size_t bytes, double seconds);

/// The same where each element is changed in place; a byte that is read and written counts once.
double update_rate(std::size_t bytes, double seconds);

} // namespace bench
