// Takes more stack than any part has, and writes all of it.
#include "semihosting.hpp"

namespace {

[[gnu::noinline]] int descend(int steps) {
  volatile char frame[256];
  for (auto& byte : frame) {
    byte = static_cast<char>(steps);
  }
  const int below = steps == 0 ? 0 : descend(steps - 1);
  return below + frame[0];
}

} // namespace

int main() {
  volatile int steps = 1000;
  firmware::print(descend(steps) == 0 ? "zero\n" : "ended\n");
  return 0;
}
