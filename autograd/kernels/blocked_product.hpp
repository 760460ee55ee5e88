// Products whose operands are laid out for the registers block by block, where one side is short: BLAS takes as long
// for its preparations there as for a tenth of the product.
//
// An element's sum goes along the inner axis from its first to its last, in blocks of kInnerBlock, whatever part of the
// product it stands in: parts may be cut in any way, and the bits stay.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>

#include "packed_product.hpp"

namespace xgrad::internal {

/// Rows that are in the registers together.
inline constexpr std::int64_t kTileRows = kSums / 2;
/// A tile of a and a panel of b are in the first cache together, a block of b in the second.
inline constexpr std::int64_t kInnerBlock = 512;
inline constexpr std::int64_t kColumnBlock = 256;

/// Room of a thread for a block of b and a tile of a. Null where there is no memory for it.
template <class T>
T* blocked_room() {
  struct Free {
    void operator()(T* room) const { ::operator delete (room, std::align_val_t{64}); }
  };
  constexpr std::int64_t kRoom = kInnerBlock * (kColumnBlock + kTileRows);
  static thread_local std::unique_ptr<T, Free> room;
  if (!room) room.reset(static_cast<T*>(::operator new (kRoom * sizeof(T), std::align_val_t{64}, std::nothrow)));
  return room.get();
}

/// product(rows, row stride, column stride) for `count` rows of a and one block of the inner axis, where the registers
/// are fed best from: as they lie, or copied to `room`.
template <class T, class F>
void with_tile(const Matrix<T>& a, std::int64_t count, std::int64_t depth, T* room, const F& product) {
  constexpr std::int64_t kHalfPage = 2048 / sizeof(T);
  if (a.column_stride == 1) return product(a.data, a.row_stride, Fixed<1>{});
  // Columns half pages apart would push one another out of the cache.
  if (a.row_stride == 1 && a.column_stride % kHalfPage != 0) return product(a.data, Fixed<1>{}, a.column_stride);
  for (std::int64_t p = 0; p < depth; ++p) {
    const T* from = a.data + p * a.column_stride;
    T* to = room + p * kTileRows;
    if (a.row_stride == 1 && count == kTileRows)
      std::copy_n(from, kTileRows, to);
    else
      for (std::int64_t r = 0; r < count; ++r) to[r] = from[r * a.row_stride];
  }
  product(room, Fixed<1>{}, Fixed<kTileRows>{});
}

/// c [m, n] = a b + beta c for a and b of any strides, c with neighbours along its rows. `room` is blocked_room(). A
/// beta of 0 does not read c. With a row [n], c = a b + that row for each of its own, whatever beta is.
template <class T>
void blocked_product(std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a, const Matrix<T>& b, T beta,
                     T* c, std::int64_t ldc, T* room, const T* row = nullptr) {
  T* tile = room + kInnerBlock * kColumnBlock;
  for (std::int64_t j = 0; j < n; j += kColumnBlock) {
    const std::int64_t width = std::min(kColumnBlock, n - j);
    for (std::int64_t p = 0; p < k; p += kInnerBlock) {
      const std::int64_t depth = std::min(kInnerBlock, k - p);
      pack<T>(depth, width, {b.data + p * b.row_stride + j * b.column_stride, b.row_stride, b.column_stride}, room);
      for (std::int64_t i = 0; i < m; i += kTileRows) {
        const std::int64_t count = std::min(kTileRows, m - i);
        const Matrix<T> rows{a.data + i * a.row_stride + p * a.column_stride, a.row_stride, a.column_stride};
        with_tile(rows, count, depth, tile, [&](const T* data, auto row_stride, auto column_stride) {
          T* to = c + i * ldc + j;
          if (p == 0 && row != nullptr)
            packed_product<T>(count, width, depth, data, row_stride, column_stride, room, OntoRow<T>{row + j}, to, ldc);
          else
            packed_product<T>(count, width, depth, data, row_stride, column_stride, room, p == 0 ? beta : T(1), to,
                              ldc);
        });
      }
    }
  }
}

}  // namespace xgrad::internal
