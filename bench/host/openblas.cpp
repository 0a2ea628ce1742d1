#include "gemm_network.hpp"

#include <cblas.h>

namespace bench {

namespace {

struct openblas_gemm {
  template <bool TransposeA, bool TransposeB, int M, int N, int K>
  static void multiply(float alpha, const float* a, const float* b, bool accumulate, float* c) {
    const float beta = accumulate ? 1.0f : 0.0f;
    if constexpr (M == 1) {
      cblas_sgemv(CblasRowMajor, TransposeB ? CblasNoTrans : CblasTrans, TransposeB ? N : K,
                  TransposeB ? K : N, alpha, b, TransposeB ? K : N, a, 1, beta, c, 1);
    } else if (K == 1 && accumulate) {
      cblas_sger(CblasRowMajor, M, N, alpha, a, 1, b, 1, c, N);
    } else {
      cblas_sgemm(CblasRowMajor, TransposeA ? CblasTrans : CblasNoTrans,
                  TransposeB ? CblasTrans : CblasNoTrans, M, N, K, alpha, a, TransposeA ? M : K, b,
                  TransposeB ? K : N, beta, c, N);
    }
  }
};

} // namespace

/// Convolutions by im2col. The kernels for the newest instructions are not always the fastest at
/// these sizes, so the best are searched.
peer make_openblas() {
  return {"OpenBLAS",
          std::string(MOTE_OPENBLAS_VERSION) + " (" + openblas_get_corename() + " kernels)",
          gemm_train<openblas_gemm>,
          gemm_infer<openblas_gemm>,
          [](int threads) { openblas_set_num_threads(threads); },
          {"OPENBLAS_CORETYPE", {"Haswell", "Zen", "SkylakeX", "Cooperlake"}}};
}

} // namespace bench
