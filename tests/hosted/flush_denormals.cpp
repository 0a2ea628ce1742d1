#include <mote/hosted/flush_denormals.hpp>

#include <limits>

#include "../catch.hpp"

namespace {

/// Half of the smallest normal number, computed now and not by the compiler.
float half_of_least() {
  volatile float least = std::numeric_limits<float>::min();
  return least * 0.5f;
}

} // namespace

TEST_CASE("flush_denormals: tiny numbers are zero while it lives", "[hosted]") {
  REQUIRE(half_of_least() > 0.0f);
#if defined(__SSE__) || defined(__aarch64__)
  {
    const mote::hosted::flush_denormals guard;
    CHECK(half_of_least() == 0.0f);
    {
      const mote::hosted::flush_denormals inner;
      CHECK(half_of_least() == 0.0f);
    }
    CHECK(half_of_least() == 0.0f); // the inner one put back what it found
  }
#endif
  CHECK(half_of_least() > 0.0f);
}
