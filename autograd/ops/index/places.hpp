// Reading and writing at places that one tensor of indices names: what all indexing by tensors comes down to.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {
class Vjp;
}

namespace xgrad::internal {

/// Neighbouring axes that are indexed together: an index counts their elements row-major.
struct IndexedAxes {
  int axis, axes;
};

/// The shape of what indices of this shape pick: theirs in place of the indexed axes.
/// Throws: std::invalid_argument, naming the operation, for more than kMaxDims axes.
Shape picked_shape(const char* operation, const Shape& x, IndexedAxes at, const Shape& indices, SourceLocation where);

/// The slices of x at the indices, which are int64, contiguous and checked, as in all that follows. Gradient: sum_at.
Tensor pick_at(const char* operation, const Tensor& x, IndexedAxes at, const Tensor& indices, SourceLocation where);

/// to[..., indices, ...] += source, in place. Answers whether it was done: not where `to` has gaps and is small beside
/// the source, where an index may come so often that its sum asks for care, or where !can_be_added_to() a slice.
bool add_to_places(const char* operation, const Tensor& to, IndexedAxes at, const Tensor& indices, const Tensor& source,
                   SourceLocation where);

/// Gives input 0 its cotangent, of which it was read where indices say: the transpose of pick_at.
void give_places(Vjp& vjp, const Tensor& g, IndexedAxes at, const Tensor& indices);

/// x with the slices of source added at the indices. Gradient: g, and pick_at of g.
Tensor add_at(const char* operation, const Tensor& x, IndexedAxes at, const Tensor& indices, const Tensor& source,
              SourceLocation where);

/// x with the slices at the indices replaced by those of source, the last one staying where an index comes several
/// times.
/// Gradient: g with zeros there, and pick_at of g with zeros for the slices that did not stay.
Tensor put_at(const char* operation, const Tensor& x, IndexedAxes at, const Tensor& indices, const Tensor& source,
              SourceLocation where);

/// For each index whether no later one is the same, in the indices' shape; undefined where that holds for all. `extent`
/// is beyond all of them.
Tensor last_of_each(const char* operation, const Tensor& indices, std::int64_t extent, SourceLocation where);

/// The elements of x where the mask, a contiguous one of x's shape, is true, in row-major order. Gradient: spread_at.
Tensor pick_masked_at(const char* operation, const Tensor& x, const Tensor& mask, SourceLocation where);

/// x with the elements where the mask is true replaced by those of source [number of true] in their order.
Tensor put_masked_at(const char* operation, const Tensor& x, const Tensor& mask, const Tensor& source,
                     SourceLocation where);

/// The positions at which a contiguous mask is true, counted row-major: int64 [number of true].
Tensor positions_of(const char* operation, const Tensor& mask, SourceLocation where);

}  // namespace xgrad::internal
