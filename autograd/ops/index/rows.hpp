// What gather and the scatters share: an index for each element, along one axis.
#pragma once

#include <algorithm>
#include <type_traits>

#include "../../kernels/walk.hpp"
#include "../../tensor_impl.hpp"

namespace xgrad::internal {

// Elements from which a gather is worth a second thread.
inline constexpr std::int64_t kGatherGrain = 32768;

inline Shape at_least_1d(Shape shape) {
  if (shape.empty()) shape.push_back(1);
  return shape;
}

/// Throws unless `inner` has as many axes as `outer` and is nowhere larger, but for the axis `except`.
void check_fits(const char* operation, const char* inner_name, const Shape& inner, const char* outer_name,
                const Shape& outer, int except, SourceLocation where);

/// Where the elements named by indices along an axis lie in x, and where those of a source of the indices' shape do.
/// Rows are the indices along their last axis.
struct IndexedRows {
  const std::int64_t* index;
  std::int64_t rows, length;
  int lead;  // axes before the last; one of a single row where there are none
  std::int64_t extent[kMaxDims], stride[kMaxDims], source_stride[kMaxDims];
  std::int64_t along, across, source_along;

  /// Of a tensor with these strides. The source has no gaps.
  IndexedRows(const Strides& x_strides, const Tensor& indices, int axis)
      : IndexedRows(x_strides, indices, axis, row_major(indices.shape())) {}

  IndexedRows(const Strides& x_strides, const Tensor& indices, int axis, const Strides& source_strides)
      : index(data_of<std::int64_t>(indices)), rows(1), extent{1}, stride{}, source_stride{} {
    Shape shape = at_least_1d(indices.shape());
    Strides strides = at_least_1d(x_strides), source = at_least_1d(source_strides);
    across = strides[axis];
    strides[axis] = 0;
    along = strides.back();
    source_along = source.back();
    length = shape.back();
    lead = std::max(1, shape.ndim() - 1);
    for (int k = 0; k < shape.ndim() - 1; ++k) {
      rows *= shape[k];
      extent[k] = shape[k];
      stride[k] = strides[k];
      source_stride[k] = source[k];
    }
  }

  std::int64_t grain() const { return kGatherGrain / length + 1; }

  /// A part of some rows that follow each other: element j of its row r lies in x at
  /// start + r * step + j * along + index[r * length + j] * across, and in the source at
  /// source + r * source_step + j * source_along.
  struct Piece {
    std::int64_t rows, columns;
    const std::int64_t* index;
    std::int64_t start, step, source, source_step;
  };

  // Elements of a piece at most: a core's first cache holds their indices.
  static constexpr std::int64_t kPiece = 2048;

  /// Calls f(piece) for the pieces of the rows [begin, end), in their order. A step of a walk costs as much as some
  /// elements, and rows may be as short as that: so there is one for each piece alone.
  template <class F>
  void each_piece(std::int64_t begin, std::int64_t end, const F& f) const {
    const std::int64_t at_once = std::max<std::int64_t>(1, kPiece / length);
    const int last = lead - 1;
    Walk walk(lead, extent, stride, begin), source_walk(lead, extent, source_stride, begin);
    for (std::int64_t row = begin, count; row < end; row += count) {
      count = std::min({at_once, walk.left(last), end - row});
      for (std::int64_t column = 0; column < length; column += kPiece)
        f(Piece{count, std::min(kPiece, length - column), index + row * length + column, walk.offset() + column * along,
                stride[last], source_walk.offset() + column * source_along, source_stride[last]});
      walk.advance(last, count);
      source_walk.advance(last, count);
    }
  }

  /// Calls f(place, source) for the elements of a piece, in their order: where each lies in x, and in the source.
  template <class F>
  void each(const Piece& piece, const F& f) const {
    auto run = [&](auto source_along) {
      const std::int64_t along = this->along, across = this->across;
      for (std::int64_t r = 0; r < piece.rows; ++r) {
        const std::int64_t* of_row = piece.index + r * length;
        const std::int64_t start = piece.start + r * piece.step, source = piece.source + r * piece.source_step;
        for (std::int64_t j = 0; j < piece.columns; ++j)
          f(start + j * along + of_row[j] * across, source + j * source_along);
      }
    };
    if (source_along == 1)
      run(std::integral_constant<std::int64_t, 1>{});
    else
      run(source_along);
  }

  /// The same for the elements of the rows [begin, end).
  template <class F>
  void each(std::int64_t begin, std::int64_t end, const F& f) const {
    each_piece(begin, end, [&](const Piece& piece) { each(piece, f); });
  }
};

/// place[i] = where element i of the indices, which the source is as large as, lies in x. Over rows.
struct PlacesOfRows {
  std::int64_t* place;
  IndexedRows rows;

  static void run(const PlacesOfRows& a, std::int64_t begin, std::int64_t end) {
    a.rows.each(begin, end, [&](std::int64_t place, std::int64_t at) { a.place[at] = place; });
  }
};

}  // namespace xgrad::internal
