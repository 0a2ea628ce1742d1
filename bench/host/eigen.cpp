#include "gemm_network.hpp"

#include <Eigen/Core>

namespace bench {

namespace {

/// A row-by-row matrix in memory that somebody else owns.
template <int Rows, int Columns>
using matrix = Eigen::Matrix<float, Rows, Columns, Eigen::RowMajor>;

template <bool Transpose, class Matrix>
auto transposed_if(const Matrix& of) {
  if constexpr (Transpose) {
    return of.transpose();
  } else {
    return of;
  }
}

/// Products with a vector have their sizes fixed at compile time, which is faster there. Between
/// matrices it changes nothing but the time to compile, seconds for each size.
constexpr int size_of(int size, bool has_vector) {
  return has_vector ? size : Eigen::Dynamic;
}

struct eigen_gemm {
  template <bool TransposeA, bool TransposeB, int M, int N, int K>
  static void multiply(float alpha, const float* a, const float* b, bool accumulate, float* c) {
    constexpr bool has_vector = M == 1 || K == 1;
    constexpr int m = size_of(M, has_vector), n = size_of(N, has_vector),
                  k = size_of(K, has_vector);
    const Eigen::Map<const matrix<TransposeA ? k : m, TransposeA ? m : k>> left(
        a, TransposeA ? K : M, TransposeA ? M : K);
    const Eigen::Map<const matrix<TransposeB ? n : k, TransposeB ? k : n>> right(
        b, TransposeB ? N : K, TransposeB ? K : N);
    Eigen::Map<matrix<m, n>> result(c, M, N);
    const auto product = transposed_if<TransposeA>(left) * transposed_if<TransposeB>(right);
    if (accumulate) {
      result.noalias() += alpha * product;
    } else {
      result.noalias() = alpha * product;
    }
  }
};

} // namespace

/// Convolutions by im2col.
peer make_eigen() {
  return {"Eigen",
          std::to_string(EIGEN_WORLD_VERSION) + "." + std::to_string(EIGEN_MAJOR_VERSION) + "." +
              std::to_string(EIGEN_MINOR_VERSION),
          gemm_train<eigen_gemm>, gemm_infer<eigen_gemm>,
          [](int threads) { Eigen::setNbThreads(threads); }};
}

} // namespace bench
