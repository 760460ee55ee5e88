#include "lapack.hpp"

#include <xtensor-blas/xlinalg.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../base/launch.hpp"
#include "all_finite.hpp"
#include "openblas.hpp"
#include "small_stacks.hpp"
#include "transpose.hpp"
#include "triangular.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

// xtensor-blas's own functions take xtensor's containers, one matrix a call, and allocate: 1.3 us each. What they call
// is called here as well.
namespace lapack = cxxlapack;

// The forwarders of openblas.cpp have as many arguments as the functions.
template <class F>
constexpr int kArity = 0;
template <class R, class... P>
constexpr int kArity<R(P...)> = sizeof...(P);
#define XGRAD_CHECK_ARITY(name, count) \
  static_assert(kArity<decltype(lapack::s##name##_)> == (count) && kArity<decltype(lapack::d##name##_)> == (count));
XGRAD_LAPACK_FUNCTIONS(XGRAD_CHECK_ARITY)
#undef XGRAD_CHECK_ARITY

int as_int(std::int64_t n) { return static_cast<int>(n); }

/// The length that LAPACK asks for in the first element of the workspace.
template <class T>
int asked(T first) {
  return static_cast<int>(first);
}

/// Starts the kernel on a stack of matrices, each of this much work.
template <class Args>
void launch_stack(const Args& args, std::int64_t count, double work) {
  launch(args, count, static_cast<std::int64_t>(static_cast<double>(kStackGrain) / (work + 64)) + 1);
}

double cube(std::int64_t n) { return static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(n); }

template <class T>
void transpose_square(std::int64_t n, T* a) {
  constexpr std::int64_t kBlock = 32;
  for (std::int64_t i = 0; i < n; i += kBlock)
    for (std::int64_t j = 0; j <= i; j += kBlock)
      for (std::int64_t p = i; p < std::min(n, i + kBlock); ++p)
        for (std::int64_t q = j; q < std::min(p, j + kBlock); ++q) std::swap(a[p * n + q], a[q * n + p]);
}

// ---- Cholesky ----

/// Rows of the upper factor, each taken out of those below it. 0, or the pivot that is not positive.
template <class T>
int plain_cholesky(std::int64_t n, T* a) {
  for (std::int64_t k = 0; k < n; ++k) {
    T* row = a + k * n;
    if (row[k] <= 0) return as_int(k + 1);
    const T root = std::sqrt(row[k]);
    row[k] = root;
    const T inverse = 1 / root;
    for (std::int64_t j = k + 1; j < n; ++j) row[j] *= inverse;
    for (std::int64_t i = k + 1; i < n; ++i) {
      const T factor = row[i];
      T* below = a + i * n;
      for (std::int64_t j = i; j < n; ++j) below[j] -= factor * row[j];
    }
  }
  return 0;
}

template <class T>
struct Cholesky {
  std::int64_t n;
  bool upper;
  T* a;
  int* info;

  static void run(const Cholesky& c, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      T* a = c.a + at * c.n * c.n;
      if (c.n <= kPlainOrder) {
        if (!c.upper) transpose_square(c.n, a);
        c.info[at] = plain_cholesky(c.n, a);
        if (!c.upper) transpose_square(c.n, a);
      } else {
        c.info[at] = lapack::potrf<int>(c.upper ? 'L' : 'U', as_int(c.n), a, as_int(c.n));
      }
      for (std::int64_t i = 0; i < c.n; ++i)
        std::fill(a + i * c.n + (c.upper ? 0 : i + 1), a + i * c.n + (c.upper ? i : c.n), T(0));
    }
  }
};

template <class T>
struct CholeskyCotangent {
  std::int64_t n;
  bool upper;
  const T* factor;
  T* g;

  // With the lower factor L and the lower triangle P of L^T g, its diagonal halved: (S + S^T) / 2 for S = L^-T P L^-1.
  static void run(const CholeskyCotangent& c, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = c.n;
    for (std::int64_t at = begin; at < end; ++at) {
      const T* factor = c.factor + at * n * n;
      T* g = c.g + at * n * n;
      if (c.upper) transpose_square(n, g);  // that of the lower factor
      const Triangle of_transpose{c.upper, !c.upper}, of_factor{c.upper, c.upper};
      for (std::int64_t i = 0; i < n; ++i) std::fill(g + i * n + i + 1, g + (i + 1) * n, T(0));
      multiply_left(of_transpose, n, n, factor, n, g, n);
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j <= i; ++j) g[i * n + j] = g[j * n + i] = g[i * n + j] / 2;
      solve_left(of_transpose, n, n, factor, n, g, n);
      solve_right(of_factor, n, n, factor, n, g, n);
      for (std::int64_t i = 0; i < n; ++i)  // equal but for rounding
        for (std::int64_t j = 0; j < i; ++j) g[i * n + j] = g[j * n + i] = (g[i * n + j] + g[j * n + i]) / 2;
    }
  }
};

// ---- LU ----
//
// Small matrices: P A = L U. Larger ones: LAPACK's factors of the transpose.

template <class T>
int plain_lu(std::int64_t n, T* a, std::int64_t* pivots) {
  int info = 0;
  for (std::int64_t k = 0; k < n; ++k) {
    std::int64_t pivot = k;
    T largest = std::abs(a[k * n + k]);
    for (std::int64_t i = k + 1; i < n; ++i)
      if (std::abs(a[i * n + k]) > largest) {
        largest = std::abs(a[i * n + k]);
        pivot = i;
      }
    pivots[k] = pivot;
    T* row = a + k * n;
    if (pivot != k) std::swap_ranges(row, row + n, a + pivot * n);
    if (row[k] == 0) {
      if (info == 0) info = as_int(k + 1);
      continue;
    }
    const T inverse = 1 / row[k];
    const bool is_exact = std::isfinite(inverse);
    for (std::int64_t i = k + 1; i < n; ++i) {
      T* below = a + i * n;
      const T factor = is_exact ? below[k] * inverse : below[k] / row[k];
      below[k] = factor;
      for (std::int64_t j = k + 1; j < n; ++j) below[j] -= factor * row[j];
    }
  }
  return info;
}

template <class T>
void swap_rows(std::int64_t n, std::int64_t k, const std::int64_t* pivots, bool backwards, T* b) {
  for (std::int64_t step = 0; step < n; ++step) {
    const std::int64_t i = backwards ? n - 1 - step : step;
    if (pivots[i] != i) std::swap_ranges(b + i * k, b + (i + 1) * k, b + pivots[i] * k);
  }
}

template <class T>
void solve_factors(std::int64_t n, std::int64_t k, const T* lu, const std::int64_t* pivots, bool transposed, T* b) {
  // What is stored is that of A for small matrices, of A^T for others.
  const bool of_stored = (n <= kPlainOrder) != transposed;
  // LAPACK stores by columns: L, with its unit diagonal, is the upper triangle of the rows.
  const bool l_upper = n > kPlainOrder;
  const Triangle l{l_upper, l_upper, true}, u{!l_upper, l_upper, false};
  const Triangle lt{l_upper, !l_upper, true}, ut{!l_upper, !l_upper, false};
  if (of_stored) {
    swap_rows(n, k, pivots, false, b);
    solve_left(l, n, k, lu, n, b, k);
    solve_left(u, n, k, lu, n, b, k);
  } else {
    solve_left(ut, n, k, lu, n, b, k);
    solve_left(lt, n, k, lu, n, b, k);
    swap_rows(n, k, pivots, true, b);
  }
}

template <class T>
struct FactorLu {
  std::int64_t n;
  T* a;
  std::int64_t* pivots;
  int* info;

  static void run(const FactorLu& f, std::int64_t begin, std::int64_t end) {
    std::vector<int> from_1(static_cast<std::size_t>(f.n <= kPlainOrder ? 0 : f.n));  // LAPACK's pivots
    for (std::int64_t at = begin; at < end; ++at) {
      T* a = f.a + at * f.n * f.n;
      std::int64_t* pivots = f.pivots + at * f.n;
      if (f.n <= kPlainOrder) {
        f.info[at] = plain_lu(f.n, a, pivots);
      } else {
        f.info[at] = lapack::getrf<int>(as_int(f.n), as_int(f.n), a, as_int(f.n), from_1.data());
        for (std::int64_t i = 0; i < f.n; ++i) pivots[i] = from_1[static_cast<std::size_t>(i)] - 1;
      }
    }
  }
};

template <class T>
struct SolveLu {
  std::int64_t n, k;
  const T* lu;
  const std::int64_t* pivots;
  const std::int64_t* which;
  bool transposed;
  T* b;

  static void run(const SolveLu& s, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t factors = s.which == nullptr ? at : s.which[at];
      solve_factors(s.n, s.k, s.lu + factors * s.n * s.n, s.pivots + factors * s.n, s.transposed, s.b + at * s.n * s.k);
    }
  }
};

/// Mends the elements of an inverse that are not finite though the factors are and no pivot is 0: where one of them
/// overflows, it makes nan of zeros beside it. Solved for a smaller identity nothing overflows before the last step.
template <class T>
void mend_inverse(std::int64_t n, const T* lu, const std::int64_t* pivots, T* inverse) {
  if (n > kPlainOrder) return;  // BLAS multiplies by the pivots' reciprocals, which overflow all the same
  bool is_mendable = all_finite(lu, n * n);
  for (std::int64_t i = 0; i < n; ++i) is_mendable &= lu[i * (n + 1)] != 0;
  if (!is_mendable) return;
  constexpr int kDown = std::numeric_limits<T>::max_exponent / 4;  // the least number has no larger reciprocal
  T scaled[kPlainOrder * kPlainOrder] = {};
  for (std::int64_t i = 0; i < n; ++i) scaled[i * (n + 1)] = std::ldexp(T(1), -kDown);
  solve_factors(n, n, lu, pivots, false, scaled);
  for (std::int64_t i = 0; i < n * n; ++i)
    if (!std::isfinite(inverse[i])) inverse[i] = std::ldexp(scaled[i], kDown);
}

template <class T>
struct InvertLu {
  std::int64_t n;
  T* lu;
  const std::int64_t* pivots;

  static void run(const InvertLu& s, std::int64_t begin, std::int64_t end) {
    const std::int64_t size = s.n * s.n;
    std::vector<T> identity(static_cast<std::size_t>(size));
    for (std::int64_t at = begin; at < end; ++at) {
      std::fill(identity.begin(), identity.end(), T(0));
      for (std::int64_t i = 0; i < s.n; ++i) identity[static_cast<std::size_t>(i * (s.n + 1))] = 1;
      solve_factors(s.n, s.n, s.lu + at * size, s.pivots + at * s.n, false, identity.data());
      if (!all_finite(identity.data(), size)) mend_inverse(s.n, s.lu + at * size, s.pivots + at * s.n, identity.data());
      std::copy(identity.begin(), identity.end(), s.lu + at * size);
    }
  }
};

bool is_odd(std::int64_t n, const std::int64_t* pivots) {
  bool odd = false;
  for (std::int64_t i = 0; i < n; ++i) odd ^= pivots[i] != i;
  return odd;
}

template <class T>
struct FactorLuRows {
  std::int64_t m, n;
  T* a;
  std::int64_t* pivots;
  int* info;

  static void run(const FactorLuRows& f, std::int64_t begin, std::int64_t end) {
    const std::int64_t least = std::min(f.m, f.n);
    std::vector<T> columns(static_cast<std::size_t>(f.m * f.n));
    std::vector<int> pivots(static_cast<std::size_t>(least));
    for (std::int64_t at = begin; at < end; ++at) {
      T* a = f.a + at * f.m * f.n;
      transpose_block(a, f.n, f.m, f.n, columns.data(), f.m);
      f.info[at] = lapack::getrf<int>(as_int(f.m), as_int(f.n), columns.data(), as_int(f.m), pivots.data());
      transpose_block(columns.data(), f.m, f.n, f.m, a, f.n);
      for (std::int64_t i = 0; i < least; ++i) f.pivots[at * least + i] = pivots[static_cast<std::size_t>(i)];
    }
  }
};

// ---- QR ----

template <class T>
struct FactorQr {
  std::int64_t m, n;
  Orthogonal kind;
  T* a;
  T* q;
  T* r;

  static void run(const FactorQr& f, std::int64_t begin, std::int64_t end) {
    const std::int64_t m = f.m, n = f.n, k = std::min(m, n);
    const std::int64_t rows = f.kind == Orthogonal::complete ? m : k;  // of r, and columns of q
    std::vector<T> tau(static_cast<std::size_t>(std::max<std::int64_t>(1, k)));
    T length[2] = {};
    lapack::gelqf<int>(as_int(n), as_int(m), f.a, as_int(n), tau.data(), length, -1);
    if (f.kind != Orthogonal::none)
      lapack::orglq<int>(as_int(rows), as_int(m), as_int(k), f.q, as_int(rows), tau.data(), length + 1, -1);
    const int work_length = std::max({1, asked(length[0]), asked(length[1])});
    std::vector<T> work(static_cast<std::size_t>(work_length));
    for (std::int64_t at = begin; at < end; ++at) {
      T* a = f.a + at * m * n;
      lapack::gelqf<int>(as_int(n), as_int(m), a, as_int(n), tau.data(), work.data(), work_length);
      T* r = f.r + at * rows * n;
      for (std::int64_t i = 0; i < rows; ++i) {
        const std::int64_t zeros = std::min(i, n);
        std::fill_n(r + i * n, zeros, T(0));
        std::copy(a + i * n + zeros, a + (i + 1) * n, r + i * n + zeros);
      }
      if (f.kind == Orthogonal::none) continue;
      T* q = f.q + at * m * rows;
      for (std::int64_t i = 0; i < m; ++i) std::copy_n(a + i * n, k, q + i * rows);
      lapack::orglq<int>(as_int(rows), as_int(m), as_int(k), q, as_int(rows), tau.data(), work.data(), work_length);
    }
  }
};

// ---- SVD ----

template <class T>
struct FactorSvd {
  std::int64_t m, n;
  Orthogonal kind;
  T* a;
  T* u;
  T* s;
  T* vh;
  int* info;

  // Of the transpose: its left vectors by columns are vh by rows, and so on.
  static void run(const FactorSvd& f, std::int64_t begin, std::int64_t end) {
    const std::int64_t m = f.m, n = f.n, k = std::min(m, n);
    const bool complete = f.kind == Orthogonal::complete;
    const std::int64_t u_columns = complete ? m : k, vh_rows = complete ? n : k;
    const char job = f.kind == Orthogonal::none ? 'N' : complete ? 'A' : 'S';
    std::vector<int> integers(static_cast<std::size_t>(8 * k));
    const int ldu = as_int(n), ldvt = std::max(1, as_int(u_columns));
    T length = 0;
    lapack::gesdd<int>(job, as_int(n), as_int(m), f.a, as_int(n), f.s, f.vh, ldu, f.u, ldvt, &length, -1,
                       integers.data());
    std::vector<T> work(static_cast<std::size_t>(std::max(1, asked(length))));
    for (std::int64_t at = begin; at < end; ++at)
      f.info[at] = lapack::gesdd<int>(job, as_int(n), as_int(m), f.a + at * m * n, as_int(n), f.s + at * k,
                                      f.vh + at * vh_rows * n, ldu, f.u + at * m * u_columns, ldvt, work.data(),
                                      as_int(static_cast<std::int64_t>(work.size())), integers.data());
  }
};

// ---- Symmetric matrices ----

template <class T>
struct FactorSymmetric {
  std::int64_t n;
  bool upper, vectors;
  T* a;
  T* w;
  int* info;

  static void run(const FactorSymmetric& f, std::int64_t begin, std::int64_t end) {
    const int n = as_int(f.n);
    const char job = f.vectors ? 'V' : 'N', triangle = f.upper ? 'L' : 'U';
    T length = 0;
    int integer_length = 0;
    lapack::syevd<int>(job, triangle, n, f.a, n, f.w, &length, -1, &integer_length, -1);
    std::vector<T> work(static_cast<std::size_t>(std::max(1, asked(length))));
    std::vector<int> integers(static_cast<std::size_t>(std::max(1, integer_length)));
    for (std::int64_t at = begin; at < end; ++at) {
      T* a = f.a + at * f.n * f.n;
      f.info[at] = lapack::syevd<int>(job, triangle, n, a, n, f.w + at * f.n, work.data(),
                                      as_int(static_cast<std::int64_t>(work.size())), integers.data(),
                                      as_int(static_cast<std::int64_t>(integers.size())));
      if (f.vectors) transpose_square(f.n, a);
    }
  }
};

// ---- Least squares ----

template <class T>
struct SolveLeastSquares {
  std::int64_t m, n, k;
  LeastSquares driver;
  double rcond;
  const T* a;
  const T* b;
  T* x;
  std::int64_t* rank;
  T* s;
  int* info;

  struct Workspace {
    std::vector<T> a, b, s, work;
    std::vector<int> pivots, integers;
  };

  /// How many right sides LAPACK is given: without one it answers with neither ranks nor values.
  std::int64_t given_sides() const { return std::max<std::int64_t>(1, k); }

  /// LAPACK's info; `length` -1 asks for the workspace.
  int call(Workspace& w, T* work, int length, std::int64_t& rank) const {
    const int rows = as_int(m), columns = as_int(n), sides = as_int(given_sides());
    const int ldb = std::max({1, rows, columns});
    const T bound = static_cast<T>(rcond);
    int found = 0, status = 0;
    switch (driver) {
      case LeastSquares::gels:
        return lapack::gels<int>('N', rows, columns, sides, w.a.data(), rows, w.b.data(), ldb, work, length);
      case LeastSquares::gelsy:
        std::fill(w.pivots.begin(), w.pivots.end(), 0);
        lapack::gelsy<int>(rows, columns, sides, w.a.data(), rows, w.b.data(), ldb, w.pivots.data(), bound, found, work,
                           length);
        rank = found;
        return 0;
      case LeastSquares::gelsd:
        status = lapack::gelsd<int>(rows, columns, sides, w.a.data(), rows, w.b.data(), ldb, w.s.data(), bound, found,
                                    work, length, w.integers.data());
        break;
      case LeastSquares::gelss:
        status = lapack::gelss<int>(rows, columns, sides, w.a.data(), rows, w.b.data(), ldb, w.s.data(), bound, found,
                                    work, length);
        break;
    }
    // What LAPACK takes the bound for: that of the dtype where it is negative, and gelsd where it is not in (0, 1).
    const bool is_default = driver == LeastSquares::gelsd ? bound <= 0 || bound >= 1 : bound < 0;
    const T used = is_default ? std::numeric_limits<T>::epsilon() : bound;
    rank = 0;
    for (T value : w.s) rank += value > used * w.s[0];
    return status;
  }

  static void run(const SolveLeastSquares& f, std::int64_t begin, std::int64_t end) {
    const std::int64_t ldb = std::max(f.m, f.n), least = std::min(f.m, f.n);
    Workspace w;
    w.a.resize(static_cast<std::size_t>(f.m * f.n));
    w.b.resize(static_cast<std::size_t>(ldb * f.given_sides()));
    w.s.resize(static_cast<std::size_t>(least));
    w.pivots.resize(static_cast<std::size_t>(f.n));
    // What gelsd asks for at most, with levels for subproblems of 25.
    int levels = 1;
    for (std::int64_t size = least; size > 25; size /= 2) ++levels;
    w.integers.resize(static_cast<std::size_t>(least * (3 * (levels + 1) + 11) + 64));
    T length[4] = {};
    std::int64_t rank = 0;
    f.call(w, length, -1, rank);
    const int work_length = std::max(1, asked(length[0]));
    w.work.resize(static_cast<std::size_t>(work_length));
    for (std::int64_t at = begin; at < end; ++at) {
      transpose_block(f.a + at * f.m * f.n, f.n, f.m, f.n, w.a.data(), f.m);
      if (f.k > 0) transpose_block(f.b + at * f.m * f.k, f.k, f.m, f.k, w.b.data(), ldb);
      rank = least;
      f.info[at] = f.call(w, w.work.data(), work_length, rank);
      if (f.k > 0) transpose_block(w.b.data(), ldb, f.k, f.n, f.x + at * f.n * f.k, f.k);
      f.rank[at] = rank;
      if (f.s != nullptr) std::copy(w.s.begin(), w.s.end(), f.s + at * least);
    }
  }
};

// ---- Stacks of small matrices, in lanes ----

/// As many matrices as there are lanes, or what is left of the stack.
template <class T>
struct Group {
  std::int64_t first, count;
  Group(std::int64_t index, std::int64_t total)
      : first(index * lanes::kCount<T>), count(std::min(lanes::kCount<T>, total - first)) {}
};

template <class T>
void set_info(const Group<T>& group, Batch<T> failed, int* info) {
  alignas(64) T numbers[lanes::kCount<T>];
  failed.store(numbers);
  for (std::int64_t i = 0; i < group.count; ++i) info[group.first + i] = static_cast<int>(numbers[i]);
}

template <class T>
struct SmallCholesky {
  std::int64_t total, n;
  bool upper;
  T* a;
  int* info;

  static void run(const SmallCholesky& c, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = c.n;
    Batch<T> a[lanes::kMost * lanes::kMost], failed;
    for (std::int64_t index = begin; index < end; ++index) {
      const Group<T> group(index, c.total);
      T* matrices = c.a + group.first * n * n;
      lanes::gather(matrices, n * n, group.count, a);
      if (c.upper) transpose_square(n, a);
      lanes::cholesky<T>(n, a, failed);
      for (std::int64_t i = 0; i < n; ++i) std::fill(a + i * n + i + 1, a + (i + 1) * n, Batch<T>(0));
      if (c.upper) transpose_square(n, a);
      lanes::scatter(a, n * n, group.count, matrices);
      set_info(group, failed, c.info);
    }
  }
};

template <class T>
struct SmallCholeskyCotangent {
  std::int64_t total, n;
  bool upper;
  const T* factor;
  T* g;

  static void run(const SmallCholeskyCotangent& c, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = c.n;
    Batch<T> factor[lanes::kMost * lanes::kMost], g[lanes::kMost * lanes::kMost];
    for (std::int64_t index = begin; index < end; ++index) {
      const Group<T> group(index, c.total);
      lanes::gather(c.factor + group.first * n * n, n * n, group.count, factor);
      lanes::gather(c.g + group.first * n * n, n * n, group.count, g);
      if (c.upper) {
        transpose_square(n, factor);
        transpose_square(n, g);
      }
      lanes::cholesky_cotangent<T>(n, factor, g);
      lanes::scatter(g, n * n, group.count, c.g + group.first * n * n);
    }
  }
};

template <class T>
struct SmallFactorLu {
  std::int64_t total, n;
  T* a;
  std::int64_t* pivots;
  int* info;

  static void run(const SmallFactorLu& f, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = f.n;
    Batch<T> a[lanes::kMost * lanes::kMost], pivots[lanes::kMost], failed;
    alignas(64) T numbers[lanes::kCount<T>];
    for (std::int64_t index = begin; index < end; ++index) {
      const Group<T> group(index, f.total);
      T* matrices = f.a + group.first * n * n;
      lanes::gather(matrices, n * n, group.count, a);
      lanes::lu<T>(n, a, pivots, failed);
      lanes::scatter(a, n * n, group.count, matrices);
      for (std::int64_t k = 0; k < n; ++k) {
        pivots[k].store(numbers);
        for (std::int64_t i = 0; i < group.count; ++i)
          f.pivots[(group.first + i) * n + k] = static_cast<std::int64_t>(numbers[i]);
      }
      set_info(group, failed, f.info);
    }
  }
};

/// Right sides of a stack that are solved in lanes at once.
constexpr std::int64_t kSides = lanes::kMost;

template <class T>
struct SmallSolveLu {
  std::int64_t total, n, k;
  const T* lu;
  const std::int64_t* pivots;
  bool transposed;
  T* b;

  static void run(const SmallSolveLu& s, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = s.n;
    Batch<T> lu[lanes::kMost * lanes::kMost], pivots[lanes::kMost], b[lanes::kMost * kSides];
    alignas(64) T numbers[lanes::kCount<T>] = {};
    for (std::int64_t index = begin; index < end; ++index) {
      const Group<T> group(index, s.total);
      lanes::gather(s.lu + group.first * n * n, n * n, group.count, lu);
      for (std::int64_t k = 0; k < n; ++k) {
        for (std::int64_t i = 0; i < group.count; ++i) numbers[i] = static_cast<T>(s.pivots[(group.first + i) * n + k]);
        pivots[k] = Batch<T>::load(numbers);
      }
      T* sides = s.b + group.first * n * s.k;
      lanes::gather(sides, n * s.k, group.count, b);
      lanes::solve_factors<T>(n, s.k, lu, pivots, s.transposed, b);
      lanes::scatter(b, n * s.k, group.count, sides);
    }
  }
};

template <class T>
struct SmallInvertLu {
  std::int64_t total, n;
  T* lu;
  const std::int64_t* pivots;

  static void run(const SmallInvertLu& s, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = s.n;
    Batch<T> lu[lanes::kMost * lanes::kMost], pivots[lanes::kMost], b[lanes::kMost * lanes::kMost];
    alignas(64) T numbers[lanes::kCount<T>] = {};
    for (std::int64_t index = begin; index < end; ++index) {
      const Group<T> group(index, s.total);
      T* matrices = s.lu + group.first * n * n;
      lanes::gather(matrices, n * n, group.count, lu);
      for (std::int64_t k = 0; k < n; ++k) {
        for (std::int64_t i = 0; i < group.count; ++i) numbers[i] = static_cast<T>(s.pivots[(group.first + i) * n + k]);
        pivots[k] = Batch<T>::load(numbers);
      }
      for (std::int64_t i = 0; i < n; ++i)
        for (std::int64_t j = 0; j < n; ++j) b[i * n + j] = Batch<T>(T(i == j));
      lanes::solve_factors<T>(n, n, lu, pivots, false, b);
      lanes::scatter(b, n * n, group.count, matrices);
      if (all_finite(matrices, group.count * n * n)) continue;
      std::vector<T> factors(static_cast<std::size_t>(group.count * n * n));
      lanes::scatter(lu, n * n, group.count, factors.data());
      for (std::int64_t i = 0; i < group.count; ++i)
        mend_inverse(n, factors.data() + i * n * n, s.pivots + (group.first + i) * n, matrices + i * n * n);
    }
  }
};

/// Starts a kernel on groups of matrices, each matrix of this much work.
template <class T, class Args>
void launch_groups(const Args& args, std::int64_t count, double work) {
  launch_stack(args, (count + lanes::kCount<T> - 1) / lanes::kCount<T>, work);
}

}  // namespace

template <class T>
void cholesky(std::int64_t count, std::int64_t n, bool upper, T* a, int* info) {
  if (lanes::fits(count, n)) return launch_groups<T>(SmallCholesky<T>{count, n, upper, a, info}, count, cube(n));
  launch_stack(Cholesky<T>{n, upper, a, info}, count, cube(n));
}

template <class T>
void cholesky_cotangent(std::int64_t count, std::int64_t n, bool upper, const T* factor, T* g) {
  if (lanes::fits(count, n))
    return launch_groups<T>(SmallCholeskyCotangent<T>{count, n, upper, factor, g}, count, 3 * cube(n));
  launch_stack(CholeskyCotangent<T>{n, upper, factor, g}, count, 3 * cube(n));
}

template <class T>
void factor_lu(std::int64_t count, std::int64_t n, T* a, std::int64_t* pivots, int* info) {
  if (lanes::fits(count, n)) return launch_groups<T>(SmallFactorLu<T>{count, n, a, pivots, info}, count, cube(n));
  launch_stack(FactorLu<T>{n, a, pivots, info}, count, cube(n));
}

template <class T>
void solve_lu(std::int64_t count, std::int64_t n, std::int64_t k, const T* lu, const std::int64_t* pivots,
              const std::int64_t* which, bool transposed, T* b) {
  const double work = static_cast<double>(n) * static_cast<double>(n) * static_cast<double>(k);
  if (lanes::fits(count, n) && k <= kSides && which == nullptr)
    return launch_groups<T>(SmallSolveLu<T>{count, n, k, lu, pivots, transposed, b}, count, work);
  launch_stack(SolveLu<T>{n, k, lu, pivots, which, transposed, b}, count, work);
}

template <class T>
void invert_lu(std::int64_t count, std::int64_t n, T* lu, const std::int64_t* pivots) {
  if (lanes::fits(count, n)) return launch_groups<T>(SmallInvertLu<T>{count, n, lu, pivots}, count, cube(n));
  launch_stack(InvertLu<T>{n, lu, pivots}, count, cube(n));
}

template <class T>
void determinant_lu(std::int64_t count, std::int64_t n, const T* lu, const std::int64_t* pivots, T* determinant) {
  for (std::int64_t at = 0; at < count; ++at) {
    const T sign = is_odd(n, pivots + at * n) ? -1 : 1;
    T product = sign;
    bool in_range = true;
    for (std::int64_t i = 0; i < n; ++i) {
      product *= lu[(at * n + i) * n + i];
      in_range &= std::abs(product) >= std::numeric_limits<T>::min() && std::isfinite(product);
    }
    if (!in_range) {  // on the way, perhaps, and not at the end
      SplitProduct<T> split;
      split.mantissa = sign;
      for (std::int64_t i = 0; i < n; ++i) split.multiply(lu[(at * n + i) * n + i]);
      product = split.value();
    }
    determinant[at] = product;
  }
}

template <class T>
void log_determinant_lu(std::int64_t count, std::int64_t n, const T* lu, const std::int64_t* pivots, T* sign,
                        T* logarithm) {
  for (std::int64_t at = 0; at < count; ++at) {
    T signs = is_odd(n, pivots + at * n) ? -1 : 1;
    T sum = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const T pivot = lu[(at * n + i) * n + i];
      signs *= pivot > 0 ? T(1) : pivot < 0 ? T(-1) : pivot;
      sum += std::log(std::abs(pivot));
    }
    sign[at] = signs;
    logarithm[at] = sum;
  }
}

template <class T>
void factor_lu_rows(std::int64_t count, std::int64_t m, std::int64_t n, T* a, std::int64_t* pivots, int* info) {
  std::fill_n(info, count, 0);
  if (m == 0 || n == 0) return;
  launch_stack(FactorLuRows<T>{m, n, a, pivots, info}, count, cube(std::max(m, n)));
}

template <class T>
void factor_qr(std::int64_t count, std::int64_t m, std::int64_t n, Orthogonal kind, T* a, T* q, T* r) {
  if (m == 0 || n == 0) {  // no r; q is the identity
    if (kind != Orthogonal::complete) return;
    std::fill_n(q, count * m * m, T(0));
    for (std::int64_t i = 0; i < count * m; ++i) q[i * m + i % m] = 1;
    return;
  }
  launch_stack(FactorQr<T>{m, n, kind, a, q, r}, count, 4 * cube(std::max(m, n)));
}

template <class T>
void factor_svd(std::int64_t count, std::int64_t m, std::int64_t n, Orthogonal kind, T* a, T* u, T* s, T* vh,
                int* info) {
  std::fill_n(info, count, 0);
  if (m == 0 || n == 0) {
    if (kind != Orthogonal::complete) return;
    std::fill_n(u, count * m * m, T(0));
    std::fill_n(vh, count * n * n, T(0));
    for (std::int64_t i = 0; i < count * m; ++i) u[i * m + i % m] = 1;
    for (std::int64_t i = 0; i < count * n; ++i) vh[i * n + i % n] = 1;
    return;
  }
  launch_stack(FactorSvd<T>{m, n, kind, a, u, s, vh, info}, count, 16 * cube(std::max(m, n)));
}

template <class T>
void factor_symmetric(std::int64_t count, std::int64_t n, bool upper, bool vectors, T* a, T* w, int* info) {
  std::fill_n(info, count, 0);
  if (n == 0) return;
  launch_stack(FactorSymmetric<T>{n, upper, vectors, a, w, info}, count, 16 * cube(n));
}

template <class T>
void least_squares(std::int64_t count, std::int64_t m, std::int64_t n, std::int64_t k, LeastSquares driver,
                   double rcond, const T* a, const T* b, T* x, std::int64_t* rank, T* s, int* info) {
  std::fill_n(info, count, 0);
  if (m == 0 || n == 0) {  // no values
    std::fill_n(x, count * n * k, T(0));
    std::fill_n(rank, count, 0);
    return;
  }
  launch_stack(SolveLeastSquares<T>{m, n, k, driver, rcond, a, b, x, rank, s, info}, count, 16 * cube(std::max(m, n)));
}

#define XGRAD_INSTANTIATE(T)                                                                                   \
  template void cholesky<T>(std::int64_t, std::int64_t, bool, T*, int*);                                       \
  template void cholesky_cotangent<T>(std::int64_t, std::int64_t, bool, const T*, T*);                         \
  template void factor_lu<T>(std::int64_t, std::int64_t, T*, std::int64_t*, int*);                             \
  template void solve_lu<T>(std::int64_t, std::int64_t, std::int64_t, const T*, const std::int64_t*,           \
                            const std::int64_t*, bool, T*);                                                    \
  template void invert_lu<T>(std::int64_t, std::int64_t, T*, const std::int64_t*);                             \
  template void determinant_lu<T>(std::int64_t, std::int64_t, const T*, const std::int64_t*, T*);              \
  template void log_determinant_lu<T>(std::int64_t, std::int64_t, const T*, const std::int64_t*, T*, T*);      \
  template void factor_lu_rows<T>(std::int64_t, std::int64_t, std::int64_t, T*, std::int64_t*, int*);          \
  template void factor_qr<T>(std::int64_t, std::int64_t, std::int64_t, Orthogonal, T*, T*, T*);                \
  template void factor_svd<T>(std::int64_t, std::int64_t, std::int64_t, Orthogonal, T*, T*, T*, T*, int*);     \
  template void factor_symmetric<T>(std::int64_t, std::int64_t, bool, bool, T*, T*, int*);                     \
  template void least_squares<T>(std::int64_t, std::int64_t, std::int64_t, std::int64_t, LeastSquares, double, \
                                 const T*, const T*, T*, std::int64_t*, T*, int*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace internal
}  // namespace xgrad
