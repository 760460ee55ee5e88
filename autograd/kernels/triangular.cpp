#include "triangular.hpp"

#include <cblas.h>

#include "../base/launch.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

CBLAS_UPLO uplo(Triangle t) { return t.upper ? CblasUpper : CblasLower; }
CBLAS_TRANSPOSE trans(Triangle t) { return t.transposed ? CblasTrans : CblasNoTrans; }
CBLAS_DIAG diag(Triangle t) { return t.unit ? CblasUnit : CblasNonUnit; }

void blas_solve(CBLAS_SIDE side, Triangle t, std::int64_t rows, std::int64_t columns, const float* a, std::int64_t lda,
                float* b, std::int64_t ldb) {
  cblas_strsm(CblasRowMajor, side, uplo(t), trans(t), diag(t), static_cast<int>(rows), static_cast<int>(columns), 1, a,
              static_cast<int>(lda), b, static_cast<int>(ldb));
}
void blas_solve(CBLAS_SIDE side, Triangle t, std::int64_t rows, std::int64_t columns, const double* a, std::int64_t lda,
                double* b, std::int64_t ldb) {
  cblas_dtrsm(CblasRowMajor, side, uplo(t), trans(t), diag(t), static_cast<int>(rows), static_cast<int>(columns), 1, a,
              static_cast<int>(lda), b, static_cast<int>(ldb));
}
void blas_solve_vector(Triangle t, std::int64_t n, const float* a, std::int64_t lda, float* b, std::int64_t step) {
  cblas_strsv(CblasRowMajor, uplo(t), trans(t), diag(t), static_cast<int>(n), a, static_cast<int>(lda), b,
              static_cast<int>(step));
}
void blas_solve_vector(Triangle t, std::int64_t n, const double* a, std::int64_t lda, double* b, std::int64_t step) {
  cblas_dtrsv(CblasRowMajor, uplo(t), trans(t), diag(t), static_cast<int>(n), a, static_cast<int>(lda), b,
              static_cast<int>(step));
}
void blas_multiply(Triangle t, std::int64_t rows, std::int64_t columns, const float* a, std::int64_t lda, float* b,
                   std::int64_t ldb) {
  cblas_strmm(CblasRowMajor, CblasLeft, uplo(t), trans(t), diag(t), static_cast<int>(rows), static_cast<int>(columns),
              1, a, static_cast<int>(lda), b, static_cast<int>(ldb));
}
void blas_multiply(Triangle t, std::int64_t rows, std::int64_t columns, const double* a, std::int64_t lda, double* b,
                   std::int64_t ldb) {
  cblas_dtrmm(CblasRowMajor, CblasLeft, uplo(t), trans(t), diag(t), static_cast<int>(rows), static_cast<int>(columns),
              1, a, static_cast<int>(lda), b, static_cast<int>(ldb));
}

/// Element (i, j) of the matrix A.
template <class T>
T element(Triangle t, const T* a, std::int64_t lda, std::int64_t i, std::int64_t j) {
  return t.transposed ? a[j * lda + i] : a[i * lda + j];
}

/// One right side with neighbours. Where A is stored by its columns, each unknown is taken out of all that follow.
template <class T>
void plain_solve_vector(Triangle t, std::int64_t n, const T* a, std::int64_t lda, T* b) {
  const bool forward = t.upper == t.transposed;
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = forward ? step : n - 1 - step;
    const std::int64_t first = forward ? 0 : i + 1, last = forward ? i : n;
    if (!t.transposed) {
      T sum = b[i];
      for (std::int64_t j = first; j < last; ++j) sum -= a[i * lda + j] * b[j];
      b[i] = t.unit ? sum : sum / a[i * lda + i];
      continue;
    }
    const T x = t.unit ? b[i] : b[i] / a[i * lda + i];
    b[i] = x;
    const T* row = a + i * lda;
    for (std::int64_t j = forward ? i + 1 : 0, end = forward ? n : i; j < end; ++j) b[j] -= row[j] * x;
  }
}

template <class T>
void plain_solve_left(Triangle t, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda, T* b,
                      std::int64_t ldb) {
  const bool forward = t.upper == t.transposed;
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = forward ? step : n - 1 - step;
    T* row = b + i * ldb;
    for (std::int64_t j = forward ? 0 : i + 1, end = forward ? i : n; j < end; ++j) {
      const T factor = element(t, a, lda, i, j);
      const T* other = b + j * ldb;
      for (std::int64_t c = 0; c < k; ++c) row[c] -= factor * other[c];
    }
    if (t.unit) continue;
    const T pivot = a[i * lda + i];
    for (std::int64_t c = 0; c < k; ++c) row[c] /= pivot;
  }
}

}  // namespace

template <class T>
void solve_left(Triangle t, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda, T* b, std::int64_t ldb) {
  if (n == 0 || k == 0) return;
  if (n > kPlainOrder)
    return k == 1 ? blas_solve_vector(t, n, a, lda, b, ldb) : blas_solve(CblasLeft, t, n, k, a, lda, b, ldb);
  if (k == 1 && ldb == 1) return plain_solve_vector(t, n, a, lda, b);
  plain_solve_left(t, n, k, a, lda, b, ldb);
}

template <class T>
void solve_right(Triangle t, std::int64_t m, std::int64_t n, const T* a, std::int64_t lda, T* b, std::int64_t ldb) {
  if (n == 0 || m == 0) return;
  if (n > kPlainOrder && m > 1) return blas_solve(CblasRight, t, m, n, a, lda, b, ldb);
  // Each row x of the result: x A = b, so that A^T x = b.
  const Triangle transposed{t.upper, !t.transposed, t.unit};
  for (std::int64_t i = 0; i < m; ++i) solve_left(transposed, n, std::int64_t{1}, a, lda, b + i * ldb, std::int64_t{1});
}

template <class T>
void multiply_left(Triangle t, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda, T* b, std::int64_t ldb) {
  if (n == 0 || k == 0) return;
  if (n > kPlainOrder) return blas_multiply(t, n, k, a, lda, b, ldb);
  const bool from_last = t.upper == t.transposed;  // a lower triangle reads the rows above, which must be old ones
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = from_last ? n - 1 - step : step;
    T* row = b + i * ldb;
    if (!t.unit)
      for (std::int64_t c = 0; c < k; ++c) row[c] *= a[i * lda + i];
    for (std::int64_t j = from_last ? 0 : i + 1, end = from_last ? i : n; j < end; ++j) {
      const T factor = element(t, a, lda, i, j);
      const T* other = b + j * ldb;
      for (std::int64_t c = 0; c < k; ++c) row[c] += factor * other[c];
    }
  }
}

namespace {

template <class T>
struct SolveTriangles {
  Triangle triangle;
  bool left;
  std::int64_t n, k;
  const T* a;
  const std::int64_t* which;
  T* b;

  static void run(const SolveTriangles& s, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const T* a = s.a + (s.which == nullptr ? at : s.which[at]) * s.n * s.n;
      T* b = s.b + at * s.n * s.k;
      if (s.left)
        solve_left(s.triangle, s.n, s.k, a, s.n, b, s.k);
      else
        solve_right(s.triangle, s.k, s.n, a, s.n, b, s.n);
    }
  }
};

}  // namespace

template <class T>
void solve_triangles(std::int64_t count, Triangle triangle, bool left, std::int64_t n, std::int64_t k, const T* a,
                     const std::int64_t* which, T* b) {
  launch(SolveTriangles<T>{triangle, left, n, k, a, which, b}, count, kStackGrain / (n * n * k + 64) + 1);
}

#define XGRAD_INSTANTIATE(T)                                                                                      \
  template void solve_left<T>(Triangle, std::int64_t, std::int64_t, const T*, std::int64_t, T*, std::int64_t);    \
  template void solve_right<T>(Triangle, std::int64_t, std::int64_t, const T*, std::int64_t, T*, std::int64_t);   \
  template void multiply_left<T>(Triangle, std::int64_t, std::int64_t, const T*, std::int64_t, T*, std::int64_t); \
  template void solve_triangles<T>(std::int64_t, Triangle, bool, std::int64_t, std::int64_t, const T*,            \
                                   const std::int64_t*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace internal
}  // namespace xgrad
