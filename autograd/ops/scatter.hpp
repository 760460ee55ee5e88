// New tensors with other elements at some places: the counterparts of gather, select, take and x[...].
#pragma once

#include <cstdint>

#include "../tensor.hpp"
#include "index.hpp"

namespace xgrad XGRAD_API {

// ---- At an index for each element ----

/// x with the elements of source at the places that gather() would read. Where an index comes several times along the
/// axis, the last one in row-major order stays. A number as source is stored at all of them.
///
/// Shapes: x, indices and source with as many axes; indices no larger than source, nor than x in the other axes -> x's.
/// Dtype: that of x and source, promoted, but a number takes x's (an integer tensor truncates it); indices int64.
/// Derivative: g with zeros at those places for x; gather(g, axis, indices) for source, 0 for elements that others
/// replaced and where no index is.
/// Throws: std::out_of_range for an index outside [0, extent); std::invalid_argument for indices of another dtype or
/// shape.
/// NumPy: `put_along_axis`, in place
Tensor scatter(const Operand& x, int axis, const Tensor& indices, const Operand& source);

/// What scatter_reduce() makes of elements at one place.
enum class ScatterReduction : std::uint8_t { sum, prod, mean, amax, amin };
/// Options of scatter_reduce().
struct ScatterReduceOptions {
  bool include_self = true;  ///< the element of x counts as well; else it is replaced where any index is
};
/// x with the elements of source combined into the places that gather() would read. Places without an index keep their
/// element of x.
///
/// Shapes: x, indices and source with as many axes; indices no larger than source, nor than x in the other axes -> x's.
/// Dtype: that of x and source, promoted; indices int64. The mean of integers is rounded down.
/// Derivative: that of the reduction: of amax and amin split evenly among ties, of prod the product of the others, also
/// where elements are 0.
/// Throws: std::out_of_range for an index outside [0, extent); std::invalid_argument for indices of another dtype or
/// shape, and for the mean of booleans.
/// Example: `scatter_reduce(x, 0, tensor({{1, 0, 1}}), 1, ScatterReduction::amax, {.include_self = false})`
/// NumPy: -
Tensor scatter_reduce(const Operand& x, int axis, const Tensor& indices, const Operand& source,
                      ScatterReduction reduction, ScatterReduceOptions options = {});

// ---- At slices ----

/// x with the slices of source at these positions along the axis. Where a position comes several times, the last one
/// stays.
///
/// Shapes: x [a, b, c], axis 1, indices [n], source [a, n, c] -> x's.
/// Dtype: that of x and source, promoted; indices int64.
/// Derivative: g with zeros at those positions for x; index_select(g, axis, indices) for source, 0 for slices that
/// others replaced.
/// Throws: std::out_of_range for an index outside [0, extent); std::invalid_argument for indices of another dtype or
/// shape, and for a source of another shape.
/// NumPy: `x[indices] = source`, in place
Tensor index_copy(const Operand& x, int axis, const Tensor& indices, const Operand& source);
/// x with one value in the slices at these positions along the axis; negative ones count from the end.
///
/// Shapes: x [a, b, c], axis 1, indices [n], value a number or a scalar -> x's.
/// Dtype: that of x and value, promoted as in arithmetic, but a number takes x's (an integer tensor truncates it);
/// indices int64.
/// Derivative: g with zeros at those positions for x; the sum of g there for the value.
/// Throws: std::out_of_range for an index outside [-extent, extent); std::invalid_argument for indices of another dtype
/// or shape, and for a value with axes.
/// NumPy: `x[indices] = value`, in place
Tensor index_fill(const Operand& x, int axis, const Tensor& indices, const Operand& value);
/// x with source as the slice at one position of an axis: the counterpart of select().
///
/// Shapes: x [a, n, b], axis 1, source [a, b] -> x's.
/// Dtype: that of x and source, promoted.
/// Derivative: g with zeros in the slice for x; the slice of g for source.
/// Throws: std::out_of_range for a position beyond the axis; std::invalid_argument for a source of another shape.
/// NumPy: -
Tensor select_scatter(const Operand& x, const Operand& source, int axis, std::int64_t position);
/// x with source in a slice of an axis: `slice_scatter(x, source, 1, slice(0, 4, 2))`.
///
/// Shapes: x [a, n, b], axis 1, source [a, length of the slice, b] -> x's.
/// Dtype: that of x and source, promoted.
/// Derivative: g with zeros in the slice for x; the slice of g for source.
/// Throws: std::out_of_range for an axis that x does not have; std::invalid_argument for a source of another shape and
/// a step of 0.
/// NumPy: -
Tensor slice_scatter(const Operand& x, const Operand& source, int axis = 0, Slice range = {});

// ---- In row-major order ----

/// x with the elements of source, in row-major order, where the mask is true.
///
/// Shapes: x and mask broadcast -> the common shape; source with at least as many elements as are true.
/// Dtype: that of x and source, promoted; mask boolean.
/// Derivative: g with zeros where the mask is true for x; g there for source, 0 for elements that were not used.
/// Throws: std::invalid_argument for a mask of another dtype, shapes that do not broadcast, and too few elements.
/// NumPy: `place(x, mask, source)`, in place
Tensor masked_scatter(const Operand& x, const Tensor& mask, const Operand& source);
/// x with the elements of source at these positions of its row-major order; negative ones count from the end. Where a
/// position comes several times, the last one stays, or with accumulate all are added.
///
/// Shapes: x [...], indices [...], source with as many elements as indices -> x's.
/// Dtype: that of x and source, promoted; indices int64.
/// Derivative: that of index_put().
/// Throws: std::out_of_range for a position outside of [-n, n), n the number of elements of x; std::invalid_argument
/// for indices of another dtype and another number of elements in source.
/// NumPy: `put`, in place; it repeats the values where they are too few, and here they must fit
/// PyTorch: `put`
Tensor put(const Operand& x, const Tensor& indices, const Operand& source, IndexPutOptions options = {});

}  // namespace xgrad
