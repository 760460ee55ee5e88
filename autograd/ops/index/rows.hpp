// What gather and the scatters share: an index for each element, along one axis.
#pragma once

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

/// Where the elements named by indices along an axis lie in x: element j of a row, which runs along the last axis of
/// the indices, at start + j * along + index * across. `index` names them; `start` comes from a walk over the rows.
struct IndexedRows {
  const std::int64_t* index;
  std::int64_t rows, length;
  int lead;  // axes before the last
  std::int64_t extent[kMaxDims], stride[kMaxDims];
  std::int64_t along, across;

  /// Of a tensor with these strides.
  IndexedRows(const Strides& x_strides, const Tensor& indices, int axis)
      : index(data_of<std::int64_t>(indices)), rows(1) {
    Shape shape = at_least_1d(indices.shape());
    Strides strides = at_least_1d(x_strides);
    across = strides[axis];
    strides[axis] = 0;
    along = strides.back();
    length = shape.back();
    lead = shape.ndim() - 1;
    for (int k = 0; k < lead; ++k) {
      rows *= shape[k];
      extent[k] = shape[k];
      stride[k] = strides[k];
    }
  }

  Walk walk(std::int64_t row) const { return Walk(lead, extent, stride, row); }
  std::int64_t grain() const { return kGatherGrain / length + 1; }
};

/// place[row, j] = where (row, j) lies in x. Over rows.
struct PlacesOfRows {
  std::int64_t* place;
  IndexedRows rows;

  static void run(const PlacesOfRows& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t length = a.rows.length;
    Walk walk = a.rows.walk(begin);
    for (std::int64_t row = begin; row < end; ++row, walk.next())
      for (std::int64_t j = 0; j < length; ++j)
        a.place[row * length + j] = walk.offset() + j * a.rows.along + a.rows.index[row * length + j] * a.rows.across;
  }
};

}  // namespace xgrad::internal
