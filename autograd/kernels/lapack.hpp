// Decompositions and solvers of stacks of matrices, by LAPACK through xtensor-blas, and by plain loops for small
// matrices.
//
// Memory is row-major, as everywhere: what is a matrix here is its transpose to LAPACK, which is of use more often than
// not (the LQ decomposition of the transpose is the QR decomposition; a lower triangle is an upper one). Only where it
// is of none are matrices copied. Matrices of a stack lie one after the other without gaps.
//
// `info` has a number for each matrix: 0 where all is well, else what LAPACK says (the first pivot, counted from 1,
// that fails, or that the iteration did not converge). Nothing here throws but std::bad_alloc, for LAPACK's workspace.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// a [n, n] = its Cholesky factor, lower (upper) triangular, of the lower (upper) triangle that is given.
template <class T>
void cholesky(std::int64_t count, std::int64_t n, bool upper, T* a, int* info);

/// The cotangent of the matrices, symmetric, in place of that of their Cholesky factors.
template <class T>
void cholesky_cotangent(std::int64_t count, std::int64_t n, bool upper, const T* factor, T* g);

/// a [n, n] = its LU factors in a form that the functions below read. `info` tells of a pivot that is 0: the factors
/// are right all the same.
template <class T>
void factor_lu(std::int64_t count, std::int64_t n, T* a, std::int64_t* pivots, int* info);

/// b [n, k] = A^-1 b, or A^-T b, for the factors of A. Matrix i of b meets factors number which[i]; all in order where
/// `which` is null. A pivot of 0 makes infinite and nan.
template <class T>
void solve_lu(std::int64_t count, std::int64_t n, std::int64_t k, const T* lu, const std::int64_t* pivots,
              const std::int64_t* which, bool transposed, T* b);

/// lu [n, n] = A^-1 for the factors of A. A pivot of 0 makes infinite and nan.
template <class T>
void invert_lu(std::int64_t count, std::int64_t n, T* lu, const std::int64_t* pivots);

/// A product whose exponent is kept apart: none of the products on the way over- or underflows.
template <class T>
struct SplitProduct {
  T mantissa = 1;
  std::int64_t exponent = 0;

  void multiply(T x) {
    normalize(x);
    mantissa *= x;
    normalize(mantissa);
  }
  /// The product times 2^-shift.
  T value(std::int64_t shift = 0) const { return scaled(mantissa, exponent - shift); }

  /// x 2^by, of which more than an int holds makes 0 or infinite.
  static T scaled(T x, std::int64_t by) {
    return std::ldexp(x, static_cast<int>(std::clamp<std::int64_t>(by, -100000, 100000)));
  }

 private:
  void normalize(T& x) {
    if (!std::isfinite(x)) return;  // whose exponent is unspecified
    int its = 0;
    x = std::frexp(x, &its);
    exponent += its;
  }
};

/// The determinants, from the factors.
template <class T>
void determinant_lu(std::int64_t count, std::int64_t n, const T* lu, const std::int64_t* pivots, T* determinant);

/// Their signs and the logarithms of their magnitudes.
template <class T>
void log_determinant_lu(std::int64_t count, std::int64_t n, const T* lu, const std::int64_t* pivots, T* sign,
                        T* logarithm);

/// The LU factors as a user sees them: a [m, n] = L (below the diagonal, which is of ones) and U; pivots [min(m, n)]
/// say with which row, counted from 1, each row was swapped.
template <class T>
void factor_lu_rows(std::int64_t count, std::int64_t m, std::int64_t n, T* a, std::int64_t* pivots, int* info);

/// How much of Q is wanted: none, [m, min(m, n)], [m, m].
enum class Orthogonal { none, reduced, complete };

/// q and r of a [m, n], which is overwritten. r is [min(m, n), n]; [m, n] where Q is complete.
template <class T>
void factor_qr(std::int64_t count, std::int64_t m, std::int64_t n, Orthogonal kind, T* a, T* q, T* r);

/// Singular values s [k] of a [m, n], which is overwritten, k = min(m, n); the vectors u [m, k] and vh [k, n], or [m,
/// m] and [n, n] where they are complete.
template <class T>
void factor_svd(std::int64_t count, std::int64_t m, std::int64_t n, Orthogonal kind, T* a, T* u, T* s, T* vh,
                int* info);

/// Eigenvalues w [n], ascending, of symmetric a [n, n], of which one triangle is read; with `vectors` a becomes the
/// matrix of eigenvectors, one in each column.
template <class T>
void factor_symmetric(std::int64_t count, std::int64_t n, bool upper, bool vectors, T* a, T* w, int* info);

/// LAPACK's ways to least squares: by QR alone (full rank), by QR with pivoting, by bisection of the SVD, by the SVD.
enum class LeastSquares { gels, gelsy, gelsd, gelss };

/// x [n, k], the shortest of those that minimise |a x - b| for a [m, n], b [m, k]. Singular values below rcond times
/// the largest count as 0 in rank (gelsy, gelsd, gelss); s [min(m, n)] is written by gelsd and gelss.
template <class T>
void least_squares(std::int64_t count, std::int64_t m, std::int64_t n, std::int64_t k, LeastSquares driver,
                   double rcond, const T* a, const T* b, T* x, std::int64_t* rank, T* s, int* info);

}  // namespace internal
}  // namespace xgrad
