#include <mote/core/shape.hpp>

#include <type_traits>

#include "../catch.hpp"

using mote::input;
using mote::shape;

namespace {

template <shape Shape>
struct tagged {};

} // namespace

TEST_CASE("a shape has the extents it was given, the others are 1", "[core][shape]") {
  constexpr shape vector{7};
  CHECK(vector.rank == 1);
  CHECK(vector.height == 1);
  CHECK(vector.width == 1);
  CHECK(vector.channels == 7);

  constexpr shape sequence{5, 3};
  CHECK(sequence.rank == 2);
  CHECK(sequence.height == 1);
  CHECK(sequence.width == 5);
  CHECK(sequence.channels == 3);

  constexpr shape image{28, 14, 3};
  CHECK(image.rank == 3);
  CHECK(image.height == 28);
  CHECK(image.width == 14);
  CHECK(image.channels == 3);
}

TEST_CASE("the size is the product of the extents", "[core][shape]") {
  CHECK(shape{}.size() == 0);
  CHECK(shape{7}.size() == 7);
  CHECK(shape{5, 3}.size() == 15);
  CHECK(shape{28, 14, 3}.size() == 1176);
}

TEST_CASE("shapes are equal when rank and extents are", "[core][shape]") {
  CHECK(shape{7} == shape{7});
  CHECK(shape{7} != shape{8});
  CHECK(shape{5, 3} != shape{3, 5});
  CHECK(shape{6} != shape{1, 6}); // the same extents, but a sequence of one step is no vector
  CHECK(shape{1, 6} != shape{1, 1, 6});
}

TEST_CASE("a shape can be a template argument", "[core][shape]") {
  static_assert(std::is_same_v<tagged<shape{2, 3}>, tagged<shape{2, 3}>>);
  static_assert(!std::is_same_v<tagged<shape{2, 3}>, tagged<shape{6}>>);
  CHECK_FALSE(std::is_convertible_v<int, shape>); // a number alone is not taken for a shape
}

TEST_CASE("input is a shape as a type", "[core][shape]") {
  CHECK(input<784>::value == shape{784});
  CHECK(input<20, 6>::value == shape{20, 6});
  CHECK(input<28, 28, 1>::value == shape{28, 28, 1});
}
