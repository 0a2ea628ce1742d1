#include <mote/core/record.hpp>

#include <cstddef>
#include <type_traits>
#include <utility>

#include "../catch.hpp"

namespace {

using namespace mote;

struct pair_of_floats {
  float x;
  float y;
};

using mixed = record<std::index_sequence<0, 1, 2, 3, 4>, none, pair_of_floats, none, none, double>;
using same_twice = record<std::index_sequence<0, 1>, int, int>;

} // namespace

TEST_CASE("items are reached by their index", "[core][record]") {
  mixed items{};
  get<1>(items).y = 2.5f;
  get<4>(items) = 4.0;
  const auto& constant = items;
  CHECK(get<1>(constant).y == 2.5f);
  CHECK(get<4>(constant) == 4.0);
  static_assert(std::is_same_v<decltype(get<4>(items)), double&>);
  static_assert(std::is_same_v<decltype(get<4>(constant)), const double&>);
}

TEST_CASE("items of one type are told apart", "[core][record]") {
  same_twice items{};
  get<0>(items) = 1;
  get<1>(items) = 2;
  CHECK(get<0>(items) == 1);
  CHECK(get<1>(items) == 2);
}

TEST_CASE("where there is nothing, nothing is got", "[core][record]") {
  const mixed items{};
  static_assert(std::is_same_v<decltype(get<0>(items)), none>);
  static_assert(std::is_same_v<decltype(get<3>(items)), none>);
  CHECK(is_none<decltype(get<2>(items))>);
}

TEST_CASE("empty items take no memory", "[core][record]") {
  using alone = record<std::index_sequence<0, 1>, pair_of_floats, double>;
  CHECK(sizeof(mixed) == sizeof(alone));
  CHECK(std::is_empty_v<record<std::index_sequence<0, 1, 2>, none, none, none>>);
}

TEST_CASE("a record is an aggregate that the compiler can fill", "[core][record]") {
  static_assert(std::is_aggregate_v<mixed> && std::is_trivially_copyable_v<mixed>);
  constexpr same_twice items{{1}, {2}};
  static_assert(get<0>(items) == 1 && get<1>(items) == 2);
  CHECK(sizeof(items) == 2 * sizeof(int));
}
