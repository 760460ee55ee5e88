// Matrix products of raw memory.
#pragma once

#include <cstdint>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Element (i, j) is data[i * row_stride + j * column_stride].
template <class T>
struct Matrix {
  const T* data;
  std::int64_t row_stride;
  std::int64_t column_stride;

  Matrix transposed() const { return {data, column_stride, row_stride}; }
};

/// Whether gemm() takes a matrix of this size and layout without a copy of it: one of the strides is 1, and
/// neither rows nor columns overlap.
bool fits_blas(std::int64_t rows, std::int64_t columns, std::int64_t row_stride, std::int64_t column_stride);

/// From so many multiplications on gemm() cuts a product into parts: two, of eight times as many four, and so on.
inline constexpr std::int64_t kTwoParts = 1 << 24;

/// c = a b + beta c, for a [m, k], b [k, n] of any layout (those that fits_blas() are faster) and c [m, n]
/// with neighbours along its rows. beta = 0 does not read c. T: float, double or std::int64_t. Large products
/// use num_threads() threads; the result does not depend on it.
template <class T>
XGRAD_API void gemm(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta,
                    T* c, std::int64_t c_row_stride);

/// c = a b + the row [n], which is added to each row: what gemm() gives onto copies of it, to the bit. They are made
/// where the product is about to add to them, as a whole c may be out of the cache again before its end is reached.
template <class T>
XGRAD_API void gemm_onto_row(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b,
                             const T* row, T* c, std::int64_t c_row_stride);

/// The most rows, columns or inner elements that one call to BLAS is given, which counts them as int.
inline constexpr std::int64_t kBlasMost = 1 << 30;
/// gemm() by BLAS, in calls of at most `most` rows, columns and inner elements. False, and nothing is done, where BLAS
/// does not take the layouts. T: float or double.
template <class T>
XGRAD_API bool blas_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b,
                            T beta, T* c, std::int64_t c_row_stride, std::int64_t most = kBlasMost);

/// *to = sum of a[i] b[i], pairwise over blocks. `room` is for dot_product_room(n) elements.
template <class T>
void dot_product(std::int64_t n, const T* a, std::int64_t a_stride, const T* b, std::int64_t b_stride, T* room, T* to);
std::int64_t dot_product_room(std::int64_t n);

}  // namespace internal
}  // namespace xgrad
