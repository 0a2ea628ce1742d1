#include <mote/core/tensor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "../catch.hpp"

using namespace mote;

TEST_CASE("a tensor knows its extents", "[core][tensor]") {
  using matrix = tensor<float, 2, 3>;
  CHECK(matrix::rank == 2);
  CHECK(matrix::size == 6);
  CHECK(matrix::extents == std::array<std::size_t, 2>{2, 3});
  CHECK(tensor<float, 4, 3, 3, 2>::size == 72);
  CHECK(tensor<float, 4, 3, 3, 2>::rank == 4);
}

TEST_CASE("a tensor without extents is a scalar", "[core][tensor]") {
  CHECK(tensor<float>::rank == 0);
  CHECK(tensor<float>::size == 1);
  constexpr tensor<int> three{3};
  CHECK(three[0] == 3);
}

TEST_CASE("a tensor is its elements and nothing else", "[core][tensor]") {
  static_assert(std::is_aggregate_v<tensor<float, 2, 3>>);
  static_assert(std::is_trivially_copyable_v<tensor<float, 2, 3>>);
  static_assert(std::is_trivially_default_constructible_v<tensor<float, 2, 3>>);
  CHECK(sizeof(tensor<float, 2, 3>) == 6 * sizeof(float));
  CHECK(sizeof(tensor<std::int8_t, 5, 1>) == 5);
}

TEST_CASE("a tensor's elements are read and written in row-major order", "[core][tensor]") {
  tensor<int, 2, 3> matrix{1, 2, 3, 4, 5, 6};
  CHECK(matrix[1 * 3 + 0] == 4);
  matrix[5] = 60;
  CHECK(matrix.values == std::array{1, 2, 3, 4, 5, 60});
  CHECK(matrix.data() == &matrix[0]);
  const auto& constant = matrix;
  static_assert(std::is_same_v<decltype(constant.data()), const int*>);
  CHECK(constant.data()[5] == 60);
}

TEST_CASE("a batch view shows samples in memory of somebody else", "[core][tensor]") {
  std::array<float, 6> memory{1, 2, 3, 4, 5, 6};
  const batch_view<float, 3> view{memory.data(), 2};
  static_assert(decltype(view)::sample_size == 3);
  static_assert(decltype(view[0])::extent == 3);
  CHECK(view[0].data() == memory.data());
  CHECK(view[1].data() == memory.data() + 3);
  CHECK(view.elements().size() == 6);
  view[1][2] = 60.0f;
  CHECK(memory[5] == 60.0f);

  const auto constant = view.as_const();
  static_assert(std::is_same_v<decltype(constant), const batch_view<const float, 3>>);
  CHECK(constant[1][2] == 60.0f);
  CHECK(constant.rows == 2);
}

TEST_CASE("a view of no rows has no elements", "[core][tensor]") {
  CHECK(batch_view<float, 3>{}.elements().empty());
}

TEST_CASE("none is recognized however it is held", "[core][tensor]") {
  static_assert(is_none<none> && is_none<const none> && is_none<none&>);
  static_assert(!is_none<float> && !is_none<none*>);
  CHECK(std::is_empty_v<none>);
}
