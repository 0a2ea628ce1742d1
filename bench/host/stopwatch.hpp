#pragma once

#include <chrono>
#include <ctime>

namespace bench {

/// Seconds from some start. In one thread those that the processor worked for this program, so that
/// others on the machine disturb less; in several the real ones, because waiting counts there.
inline double seconds_now(int threads) {
  if (threads == 1) {
    return static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  }
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

} // namespace bench
