#include "join.hpp"

#include <algorithm>
#include <concepts>

#include "../base/launch.hpp"
#include "../tensor_impl.hpp"
#include "transpose.hpp"

namespace xgrad::internal {
namespace {

// Elements from which moving them is worth a second thread.
constexpr std::int64_t kJoinGrain = 32768;

enum class Way { join, cut };

template <Way kWay, class T>
[[gnu::always_inline]] inline void move(T& in_whole, T& in_part) {
  if constexpr (kWay == Way::join)
    in_whole = in_part;
  else
    in_part = in_whole;
}

/// Over rows.
template <class T, Way kWay>
struct MoveRows {
  T* whole;
  const RowsOfPart* parts;
  std::int64_t count;   // of parts
  std::int64_t length;  // of a row of `whole`
  bool is_single;       // each part has one element a row, and is there

  static void run(const MoveRows& a, std::int64_t begin, std::int64_t end) {
    if (a.is_single) {
      switch (a.count) {
        case 2:
          return interleave<2>(a, begin, end);
        case 3:
          return interleave<3>(a, begin, end);
        case 4:
          return interleave<4>(a, begin, end);
        default:
          break;
      }
      if constexpr (std::floating_point<T>)
        if (a.count >= kSquare) return transpose(a, begin, end);
    }
    // As many rows at a time as stay in the first-level cache while part after part is moved.
    constexpr std::int64_t kBlockBytes = 16384;
    const std::int64_t block =
        std::max<std::int64_t>(1, kBlockBytes / (a.length * static_cast<std::int64_t>(sizeof(T))));
    for (std::int64_t row = begin; row < end; row += block) {
      const std::int64_t rows = std::min(block, end - row);
      T* first = a.whole + row * a.length;
      for (std::int64_t k = 0; k < a.count; ++k) {
        const std::int64_t length = a.parts[k].length;
        if (T* part = static_cast<T*>(a.parts[k].data); part != nullptr)
          move_part(a, first, part + row * length, length, rows);
        first += length;
      }
    }
  }

 private:
  static constexpr std::int64_t kSquare = 32 / sizeof(T);

  static void move_part(const MoveRows& a, T* in_whole, T* in_part, std::int64_t length, std::int64_t rows) {
    if (length == 1) {
      for (std::int64_t r = 0; r < rows; ++r) move<kWay>(in_whole[r * a.length], in_part[r]);
      return;
    }
    for (std::int64_t r = 0; r < rows; ++r, in_whole += a.length, in_part += length)
      for (std::int64_t i = 0; i < length; ++i) move<kWay>(in_whole[i], in_part[i]);
  }

  template <int kCount>
  static void interleave(const MoveRows& a, std::int64_t begin, std::int64_t end) {
    T* part[kCount];
    for (int k = 0; k < kCount; ++k) part[k] = static_cast<T*>(a.parts[k].data);
    T* __restrict whole = a.whole;
    for (std::int64_t r = begin; r < end; ++r)
      for (int k = 0; k < kCount; ++k) move<kWay>(whole[r * kCount + k], part[k][r]);
  }

  /// Through tiles whose rows are pieces of the parts: a cache line's width of them at a time.
  static void transpose(const MoveRows& a, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kParts = 64 / sizeof(T), kRows = 64;
    alignas(64) T tile[kParts * kRows];
    for (std::int64_t row = begin; row < end; row += kRows) {
      const std::int64_t rows = std::min(kRows, end - row);
      for (std::int64_t k = 0; k < a.count; k += kParts) {
        const std::int64_t parts = std::min(kParts, a.count - k);
        T* corner = a.whole + row * a.count + k;
        if (kWay == Way::cut) transpose_block(corner, a.count, rows, parts, tile, kRows);
        for (std::int64_t p = 0; p < parts; ++p) {
          T* part = static_cast<T*>(a.parts[k + p].data) + row;
          for (std::int64_t r = 0; r < rows; ++r) move<kWay>(tile[p * kRows + r], part[r]);
        }
        if (kWay == Way::join) transpose_block(tile, kRows, parts, rows, corner, a.count);
      }
    }
  }
};

template <Way kWay>
void move_rows(DType dtype, void* whole, std::span<const RowsOfPart> parts, std::int64_t rows) {
  std::int64_t length = 0;
  bool is_single = true;
  for (const RowsOfPart& part : parts) {
    length += part.length;
    is_single = is_single && part.length == 1 && part.data != nullptr;
  }
  if (length == 0) return;
  dispatch(dtype, [&]<class T>(T) {
    launch(MoveRows<T, kWay>{static_cast<T*>(whole), parts.data(), static_cast<std::int64_t>(parts.size()), length,
                             is_single},
           rows, kJoinGrain / length + 1);
  });
}

}  // namespace

void join_rows(DType dtype, void* whole, std::span<const RowsOfPart> parts, std::int64_t rows) {
  move_rows<Way::join>(dtype, whole, parts, rows);
}

void cut_rows(DType dtype, const void* whole, std::span<const RowsOfPart> parts, std::int64_t rows) {
  move_rows<Way::cut>(dtype, const_cast<void*>(whole), parts, rows);
}

}  // namespace xgrad::internal
