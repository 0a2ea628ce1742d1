#include <mote/kernels/mean_int8.hpp>

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <utility>

#include "../catch.hpp"

namespace {

using mote::kernels::mean_of;
using mote::kernels::rounded_mean;

/// To nearest, ties away from zero.
std::int32_t expected(std::int32_t sum, std::int32_t count) {
  const std::int32_t magnitude = (2 * (sum < 0 ? -sum : sum) + count) / (2 * count);
  return sum < 0 ? -magnitude : magnitude;
}

/// How many sums of Count codes have another mean.
template <std::uint32_t Count>
int wrong_means() {
  constexpr auto count = static_cast<std::int32_t>(Count);
  int wrong = 0;
  for (std::int32_t sum = -128 * count; sum <= 127 * count; ++sum) {
    const std::int32_t mean = expected(sum, count);
    wrong += mean_of<Count>::of(sum) != mean || rounded_mean(sum, count) != mean;
  }
  return wrong;
}

template <std::uint32_t Count>
constexpr std::int32_t mean_of_all(std::int32_t code) {
  return mean_of<Count>::of(code * static_cast<std::int32_t>(Count));
}

} // namespace

TEST_CASE("the mean of any sum of up to 256 codes is exact without a division", "[int8]") {
  [&]<std::uint32_t... Before>(std::integer_sequence<std::uint32_t, Before...>) {
    static_assert((mean_of<Before + 1>::is_exact && ...));
    const int wrong[]{wrong_means<Before + 1>()...};
    for (std::size_t i = 0; i < std::size(wrong); ++i) {
      CAPTURE(i + 1);
      CHECK(wrong[i] == 0);
    }
  }
  (std::make_integer_sequence<std::uint32_t, 256>{});
}

TEST_CASE("the mean of more codes than a product in 32 bits has room for", "[int8]") {
  static_assert(!mean_of<267>::is_exact && !mean_of<999>::is_exact);
  CHECK(wrong_means<257>() == 0);
  CHECK(wrong_means<267>() == 0);
  CHECK(wrong_means<999>() == 0);
  CHECK(wrong_means<784>() == 0);
}

TEST_CASE("ties go away from zero, and the ends are reached", "[int8]") {
  static_assert(mean_of<4>::of(2) == 1 && mean_of<4>::of(-2) == -1);
  static_assert(mean_of<4>::of(1) == 0 && mean_of<4>::of(-1) == 0);
  static_assert(mean_of<2>::of(-255) == -128 && mean_of<2>::of(253) == 127);
  static_assert(mean_of_all<49>(-128) == -128 && mean_of_all<49>(127) == 127);
  static_assert(mean_of_all<256>(-128) == -128 && mean_of_all<256>(127) == 127);
  CHECK(mean_of<6>::of(-3) == -1);
}
