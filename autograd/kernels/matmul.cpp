#include "matmul.hpp"

#include <cblas.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <string_view>

#include "../base/launch.hpp"
#include "blocked_product.hpp"
#include "gemv.hpp"
#include "openblas.hpp"
#include "small_gemm.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

// The parts of a product (see kTwoParts) follow from its shape alone, as how OpenBLAS's kernels add at the edge of a
// part differs from how they do inside. On one thread the cuts cost 1 to 3 % (each part packs its operands anew), and
// more if they came earlier or were finer.
// Multiplications of plain_gemm() that are worth a thread.
constexpr std::int64_t kPlainPart = 3 << 15;
// Elements of a matrix that are worth a thread in its product with a vector, which is bound by memory.
constexpr std::int64_t kVectorPart = 1 << 17;
// Elements of copies of a row that are worth a thread.
constexpr std::int64_t kRowPart = 1 << 15;
// Rows and columns are cut at multiples of this, so that the kernels meet few edges.
constexpr std::int64_t kUnit = 64;

/// A matrix as BLAS sees it.
struct BlasLayout {
  CBLAS_TRANSPOSE transpose;
  int leading;
};

std::optional<BlasLayout> blas_layout(std::int64_t rows, std::int64_t columns, std::int64_t row_stride,
                                      std::int64_t column_stride) {
  auto fits = [](std::int64_t length, std::int64_t count, std::int64_t step, std::int64_t leading) {
    return (step == 1 || length == 1) && (count == 1 || leading >= length) && leading <= INT_MAX && length <= INT_MAX;
  };
  if (fits(columns, rows, column_stride, row_stride))
    return BlasLayout{CblasNoTrans, static_cast<int>(rows == 1 ? columns : row_stride)};
  if (fits(rows, columns, row_stride, column_stride))
    return BlasLayout{CblasTrans, static_cast<int>(columns == 1 ? rows : column_stride)};
  return std::nullopt;
}

void blas_gemm(BlasLayout a_layout, BlasLayout b_layout, int m, int n, int k, const float* a, const float* b,
               float beta, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, a_layout.transpose, b_layout.transpose, m, n, k, 1, a, a_layout.leading, b,
              b_layout.leading, beta, c, ldc);
}
void blas_gemm(BlasLayout a_layout, BlasLayout b_layout, int m, int n, int k, const double* a, const double* b,
               double beta, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, a_layout.transpose, b_layout.transpose, m, n, k, 1, a, a_layout.leading, b,
              b_layout.leading, beta, c, ldc);
}

float blas_dot(int n, const float* a, int incx, const float* b, int incy) { return cblas_sdot(n, a, incx, b, incy); }
double blas_dot(int n, const double* a, int incx, const double* b, int incy) { return cblas_ddot(n, a, incx, b, incy); }

/// c = beta c, with 0 for a beta of 0 whatever c holds.
template <class T>
void multiply_by_beta(std::int64_t m, std::int64_t n, T beta, T* c, std::int64_t c_row_stride) {
  if (beta == T(1)) return;
  for (std::int64_t i = 0; i < m; ++i)
    for (std::int64_t j = 0; j < n; ++j) c[i * c_row_stride + j] = beta == T(0) ? T(0) : beta * c[i * c_row_stride + j];
}

/// Each row of c a copy of one.
template <class T>
void repeat_row(std::int64_t m, std::int64_t n, const T* row, T* c, std::int64_t c_row_stride) {
  for (std::int64_t i = 0; i < m; ++i) std::copy_n(row, n, c + i * c_row_stride);
}

template <class T>
struct RepeatRow {
  std::int64_t n;
  const T* row;
  T* c;
  std::int64_t c_row_stride;

  static void run(const RepeatRow& r, std::int64_t begin, std::int64_t end) {
    repeat_row(end - begin, r.n, r.row, r.c + begin * r.c_row_stride, r.c_row_stride);
  }
};

/// Rows of a product of integers, or of layouts that BLAS does not take. Row by row of b, which the compiler
/// vectorises.
template <class T>
struct PlainRows {
  std::int64_t n, k;
  Matrix<T> a, b;
  T beta;
  T* c;
  std::int64_t c_row_stride;

  static void run(const PlainRows& args, std::int64_t begin, std::int64_t end) {
    const auto [n, k, a, b, beta, c, c_row_stride] = args;  // copies: c may be of n's type
    for (std::int64_t i = begin; i < end; ++i) {
      T* row = c + i * c_row_stride;
      multiply_by_beta(1, n, beta, row, 0);
      for (std::int64_t p = 0; p < k; ++p) {
        T factor = a.data[i * a.row_stride + p * a.column_stride];
        const T* from = b.data + p * b.row_stride;
        if (b.column_stride == 1)
          for (std::int64_t j = 0; j < n; ++j) row[j] += factor * from[j];
        else
          for (std::int64_t j = 0; j < n; ++j) row[j] += factor * from[j * b.column_stride];
      }
    }
  }
};

template <class T>
void plain_gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta, T* c,
                std::int64_t c_row_stride) {
  std::int64_t grain = std::max<std::int64_t>(1, kPlainPart / std::max<std::int64_t>(1, n * k));
  launch(PlainRows<T>{n, k, a, b, beta, c, c_row_stride}, m, grain);
}

/// Elements of y = a x + beta y, a's neighbours lying along its rows or along its columns.
template <class T>
struct MatrixVector {
  bool by_rows;
  std::int64_t k;
  Matrix<T> a;
  const T* x;
  std::int64_t x_stride;
  T beta;
  T* y;
  std::int64_t y_stride;

  static void run(const MatrixVector& m, std::int64_t begin, std::int64_t end) {
    const T* from = m.a.data + begin * m.a.row_stride;
    if (m.by_rows)
      rows_times_vector(end - begin, m.k, from, m.a.row_stride, m.x, m.beta, m.y + begin * m.y_stride, m.y_stride);
    else
      vector_times_columns(end - begin, m.k, from, m.a.column_stride, m.x, m.x_stride, m.beta, m.y + begin);
  }
};

/// y = a x + beta y for a [m, k] with neighbours along rows or columns. False where the strides are others.
template <class T>
bool matrix_vector(std::int64_t m, std::int64_t k, const Matrix<T>& a, const T* x, std::int64_t x_stride, T beta, T* y,
                   std::int64_t y_stride) {
  bool by_rows = a.column_stride == 1 && x_stride == 1;
  if (!by_rows && (a.row_stride != 1 || y_stride != 1)) return false;
  const MatrixVector<T> product{by_rows, k, a, x, x_stride, beta, y, y_stride};
  if (m * k < 2 * kVectorPart)
    MatrixVector<T>::run(product, 0, m);
  else
    launch(product, m, (kVectorPart / k + kUnit) / kUnit * kUnit);
  return true;
}

/// Whether OpenBLAS has kernels for small matrices on this processor. Where it does not (0.3.21: anything but AVX-512,
/// and processors that it does not know), it packs the smallest operands, under a lock that all threads share.
bool blas_has_small_kernels() {
  static const bool has = [] {
    load_openblas();
    const std::string_view core = openblas_get_corename();
    return core == "SkylakeX" || core == "Cooperlake" || core == "SapphireRapids";
  }();
  return has;
}

/// The most multiplications of a product that small_product() looks at.
constexpr std::int64_t kSmall = 64 * 64 * 64;

/// A small product by our own kernels, where they are faster than BLAS (measured against OpenBLAS 0.3.21, whose kernels
/// for small matrices are good but for a transposed b). False where they are not.
template <class T>
bool small_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta, T* c,
                   std::int64_t c_row_stride) {
  constexpr std::int64_t kTiny = 16 * 16 * 16;
  std::int64_t work = m * n * k;
  if (work > kSmall) return false;
  // OpenBLAS chooses its kernels as the program runs: without AVX2 ours keep up with them on the smallest products
  // alone.
  constexpr bool kKeepsUp = Batch<float>::kSize >= 8;
  bool is_wide = n >= Batch<T>::kSize;
  bool pays = work <= kTiny || (kKeepsUp && !blas_has_small_kernels() && (is_wide || a.column_stride == 1));
  if (b.column_stride == 1 && pays) {
    small_gemm(m, n, k, a.data, a.row_stride, a.column_stride, b.data, b.row_stride, beta, c, c_row_stride);
    return true;
  }
  if (b.row_stride != 1 || n * k > kSmallTransposed || !(pays || (kKeepsUp && is_wide && m >= 8))) return false;
  small_gemm_transposed(m, n, k, a.data, a.row_stride, a.column_stride, b.data, b.column_stride, beta, c, c_row_stride);
  return true;
}

/// Whether blocked_product() is faster than BLAS: measured beside OpenBLAS 0.3.21's kernels for AVX-512. It has others
/// for what is below the least work, and for what is above the most its blocks are the better ones.
template <class T>
bool pays_to_block(std::int64_t m, std::int64_t n, std::int64_t k) {
  constexpr std::int64_t kLeast = 1 << 20, kMost = std::int64_t{1} << 31;
  constexpr bool kKeepsUp = sizeof(T) * Batch<T>::kSize == 64;
  const std::int64_t work = m * n * k;
  return kKeepsUp && work > kLeast && work < kMost && m >= kUnit && n >= 2 * kPanel<T> && k >= kUnit;
}

/// How a product is cut into rows x columns parts.
struct Grid {
  std::int64_t rows = 1;
  std::int64_t columns = 1;
};

/// How many parts a product is cut into.
std::int64_t count_parts(std::int64_t work) {
  std::int64_t parts = 1;
  for (; work >= kTwoParts; work /= 8) parts *= 2;
  return parts;
}

/// The grid of so many parts (or fewer, where there are not as many units) that reads the least: each part reads its
/// rows of a and its columns of b.
Grid choose_grid(std::int64_t m, std::int64_t n, std::int64_t parts) {
  Grid best;
  double least = 0;
  for (std::int64_t rows = 1; rows <= parts; ++rows) {
    if (parts % rows != 0 || rows * kUnit > std::max(m, kUnit) || parts / rows * kUnit > std::max(n, kUnit)) continue;
    double reads = static_cast<double>(m) / static_cast<double>(rows) +
                   static_cast<double>(n) * static_cast<double>(rows) / static_cast<double>(parts);
    if (least == 0 || reads < least) {
      least = reads;
      best = {rows, parts / rows};
    }
  }
  return least == 0 && parts > 1 ? choose_grid(m, n, parts - 1) : best;
}

/// Where part `index` of `parts` begins, in units.
std::int64_t cut(std::int64_t extent, std::int64_t index, std::int64_t parts) {
  std::int64_t units = (extent + kUnit - 1) / kUnit;
  return std::min(extent, units * index / parts * kUnit);
}

/// Parts of a product by BLAS, counted along the rows of the grid.
template <class T>
struct BlasParts {
  std::int64_t m, n, k;
  Matrix<T> a;
  BlasLayout a_layout;
  Matrix<T> b;
  BlasLayout b_layout;
  T beta;
  const T* row;  // that each row of c begins as; null: none
  T* c;
  std::int64_t c_row_stride;
  std::int64_t most;
  bool is_blocked;  // by blocked_product()
  Grid grid;

  static void run(const BlasParts& p, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      std::int64_t i = at / p.grid.columns;
      std::int64_t j = at % p.grid.columns;
      p.multiply(cut(p.m, i, p.grid.rows), cut(p.m, i + 1, p.grid.rows), cut(p.n, j, p.grid.columns),
                 cut(p.n, j + 1, p.grid.columns));
    }
  }
  void multiply(std::int64_t begin, std::int64_t end, std::int64_t column, std::int64_t column_end) const {
    T* to = c + begin * c_row_stride + column;
    const T* first = row == nullptr ? nullptr : row + column;
    // Without memory for its room BLAS does it.
    if (T* room = is_blocked ? blocked_room<T>() : nullptr; room != nullptr)
      return blocked_product<T>(
          end - begin, column_end - column, k, {a.data + begin * a.row_stride, a.row_stride, a.column_stride},
          {b.data + column * b.column_stride, b.row_stride, b.column_stride}, beta, to, c_row_stride, room, first);
    if (first != nullptr) repeat_row(end - begin, column_end - column, first, to, c_row_stride);
    for (std::int64_t i = begin; i < end; i += most)
      for (std::int64_t j = column; j < column_end; j += most)
        for (std::int64_t q = 0; q < k; q += most)
          blas_gemm(a_layout, b_layout, static_cast<int>(std::min(most, end - i)),
                    static_cast<int>(std::min(most, column_end - j)), static_cast<int>(std::min(most, k - q)),
                    a.data + i * a.row_stride + q * a.column_stride, b.data + q * b.row_stride + j * b.column_stride,
                    q == 0 ? beta : T(1), c + i * c_row_stride + j, static_cast<int>(c_row_stride));
  }
};

// Small products pass by what follows, and should not pay for it: hence noinline.

/// A product of which one side is a vector. False where the strides are others than matrix_vector() takes.
template <class T>
[[gnu::noinline]] bool vector_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                                      const Matrix<T>& b, T beta, T* c, std::int64_t c_row_stride) {
  return (n == 1 && matrix_vector(m, k, a, b.data, b.row_stride, beta, c, c_row_stride)) ||
         (m == 1 && matrix_vector(n, k, b.transposed(), a.data, a.column_stride, beta, c, std::int64_t{1}));
}

/// blas_product(), or with a row onto that. The row goes with a beta of 1.
template <class T>
bool multiply_parts(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta,
                    const T* row, T* c, std::int64_t c_row_stride, std::int64_t most) {
  std::optional<BlasLayout> a_layout = blas_layout(m, k, a.row_stride, a.column_stride);
  std::optional<BlasLayout> b_layout = blas_layout(k, n, b.row_stride, b.column_stride);
  if (!a_layout || !b_layout || c_row_stride > INT_MAX) return false;
  std::int64_t parts = count_parts(m * n * k);
  const bool is_blocked = most == kBlasMost && pays_to_block<T>(m, n, k);
  BlasParts<T> product{m, n, k, a, *a_layout, b, *b_layout, beta, row, c, c_row_stride, most, is_blocked, Grid{}};
  if (parts == 1) {
    product.multiply(0, m, 0, n);
  } else {
    product.grid = choose_grid(m, n, parts);
    launch(product, product.grid.rows * product.grid.columns, 1);
  }
  return true;
}

/// By BLAS where it takes the type and the layouts.
template <class T>
[[gnu::noinline]] void large_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                                     const Matrix<T>& b, T beta, T* c, std::int64_t c_row_stride) {
  if constexpr (!std::is_same_v<T, std::int64_t>)
    if (blas_product(m, n, k, a, b, beta, c, c_row_stride)) return;
  plain_gemm(m, n, k, a, b, beta, c, c_row_stride);
}

}  // namespace

template <class T>
bool blas_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta, T* c,
                  std::int64_t c_row_stride, std::int64_t most) {
  return multiply_parts<T>(m, n, k, a, b, beta, nullptr, c, c_row_stride, most);
}

bool fits_blas(std::int64_t rows, std::int64_t columns, std::int64_t row_stride, std::int64_t column_stride) {
  return blas_layout(rows, columns, row_stride, column_stride).has_value();
}

template <class T>
void gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta, T* c,
          std::int64_t c_row_stride) {
  if (m == 0 || n == 0) return;
  if (k == 0) return multiply_by_beta(m, n, beta, c, c_row_stride);
  if (m == 1) c_row_stride = n;  // whatever the caller gave: BLAS checks it
  if constexpr (!std::is_same_v<T, std::int64_t>) {
    if ((m == 1 || n == 1) && vector_product(m, n, k, a, b, beta, c, c_row_stride)) return;
    if (small_product(m, n, k, a, b, beta, c, c_row_stride)) return;
  }
  large_product(m, n, k, a, b, beta, c, c_row_stride);
}

template <class T>
void gemm_onto_row(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, const T* row,
                   T* c, std::int64_t c_row_stride) {
  if (m == 0 || n == 0) return;
  if (m > 1 && n > 1 && m * n * k > kSmall && multiply_parts(m, n, k, a, b, T(1), row, c, c_row_stride, kBlasMost))
    return;
  launch(RepeatRow<T>{n, row, c, c_row_stride}, m, kRowPart / n + 1);
  gemm(m, n, k, a, b, T(1), c, c_row_stride);
}

namespace {

/// Elements of a dot product that are summed without a break.
constexpr std::int64_t kDotBlock = 1 << 14;

/// For up to kDotBlock elements.
template <class T>
T dot_of_block(std::int64_t n, const T* a, std::int64_t a_stride, const T* b, std::int64_t b_stride) {
  if constexpr (!std::is_same_v<T, std::int64_t>) {
    if (a_stride > 0 && b_stride > 0 && std::max(a_stride, b_stride) <= INT_MAX)
      return blas_dot(static_cast<int>(n), a, static_cast<int>(a_stride), b, static_cast<int>(b_stride));
  }
  T sum = 0;
  for (std::int64_t i = 0; i < n; ++i) sum += a[i * a_stride] * b[i * b_stride];
  return sum;
}

template <class T>
struct DotBlocks {
  std::int64_t n;
  const T* a;
  std::int64_t a_stride;
  const T* b;
  std::int64_t b_stride;
  T* sums;

  static void run(const DotBlocks& d, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t at = i * kDotBlock;
      d.sums[i] = dot_of_block(std::min(kDotBlock, d.n - at), d.a + at * d.a_stride, d.a_stride, d.b + at * d.b_stride,
                               d.b_stride);
    }
  }
};

/// *to = the sum of the blocks' sums, pairwise, which are written over: all are one part, over [0, 1).
template <class T>
struct AddDotBlocks {
  T* sums;
  std::int64_t count;
  T* to;

  static void run(const AddDotBlocks& a, std::int64_t, std::int64_t) {
    for (std::int64_t count = a.count; count > 1; count = (count + 1) / 2)
      for (std::int64_t i = 0; i < count / 2; ++i) a.sums[i] += a.sums[count - 1 - i];
    *a.to = a.sums[0];
  }
};

}  // namespace

std::int64_t dot_product_room(std::int64_t n) { return n <= kDotBlock ? 0 : (n + kDotBlock - 1) / kDotBlock; }

template <class T>
void dot_product(std::int64_t n, const T* a, std::int64_t a_stride, const T* b, std::int64_t b_stride, T* room, T* to) {
  const std::int64_t blocks = dot_product_room(n);
  if (blocks == 0) return launch(DotBlocks<T>{n, a, a_stride, b, b_stride, to}, 1, 1);
  launch(DotBlocks<T>{n, a, a_stride, b, b_stride, room}, blocks, kVectorPart / kDotBlock);
  launch(AddDotBlocks<T>{room, blocks, to}, 1, 1);
}

#define XGRAD_INSTANTIATE(T)                                                                                 \
  template void gemm<T>(std::int64_t, std::int64_t, std::int64_t, const Matrix<T>&, const Matrix<T>&, T, T*, \
                        std::int64_t);                                                                       \
  template void dot_product<T>(std::int64_t, const T*, std::int64_t, const T*, std::int64_t, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
XGRAD_INSTANTIATE(std::int64_t)
#undef XGRAD_INSTANTIATE
template void gemm_onto_row(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&, const Matrix<float>&,
                            const float*, float*, std::int64_t);
template void gemm_onto_row(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&, const Matrix<double>&,
                            const double*, double*, std::int64_t);
template bool blas_product(std::int64_t, std::int64_t, std::int64_t, const Matrix<float>&, const Matrix<float>&, float,
                           float*, std::int64_t, std::int64_t);
template bool blas_product(std::int64_t, std::int64_t, std::int64_t, const Matrix<double>&, const Matrix<double>&,
                           double, double*, std::int64_t, std::int64_t);

}  // namespace internal
}  // namespace xgrad
