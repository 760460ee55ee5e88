// Triangular systems and products of raw row-major memory: BLAS for large ones, plain loops where its preparations
// would cost more than the work.
#pragma once

#include <cstdint>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Up to this order plain loops are faster than BLAS and LAPACK.
inline constexpr std::int64_t kPlainOrder = 24;
/// Multiplications, of a stack of matrices, that are worth a thread.
inline constexpr std::int64_t kStackGrain = 1 << 17;

/// Which triangle of a matrix counts, and how.
struct Triangle {
  bool upper;
  bool transposed = false;  // the matrix is the transpose of what is stored
  bool unit = false;        // ones stand on the diagonal, whatever is stored there
};

/// b [n, k] = A^-1 b for the triangle A of a [n, n]. Rows of a are `lda` apart, those of b `ldb`.
template <class T>
XGRAD_API void solve_left(Triangle triangle, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda, T* b,
                          std::int64_t ldb);

/// b [m, n] = b A^-1 for the triangle A of a [n, n].
template <class T>
XGRAD_API void solve_right(Triangle triangle, std::int64_t m, std::int64_t n, const T* a, std::int64_t lda, T* b,
                           std::int64_t ldb);

/// b [n, k] = A b for the triangle A of a [n, n].
template <class T>
XGRAD_API void multiply_left(Triangle triangle, std::int64_t n, std::int64_t k, const T* a, std::int64_t lda, T* b,
                             std::int64_t ldb);

/// b [n, k], or [k, n] where the triangle stands on the right, for each of a stack: A^-1 b or b A^-1. Matrix i of b
/// meets matrix which[i] of a; all in order where `which` is null.
template <class T>
XGRAD_API void solve_triangles(std::int64_t count, Triangle triangle, bool left, std::int64_t n, std::int64_t k,
                               const T* a, const std::int64_t* which, T* b);

}  // namespace internal
}  // namespace xgrad
