// Elements repeated, and shifted around.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Copies of x one after the other, as many along each axis as `times` says; more numbers than axes add axes in front.
/// (NumPy calls it tile; its repeat is repeat_interleave here, as in PyTorch.)
///
/// Shapes: x [a, b], {2, 3} -> [2 a, 3 b]; x [b], {2, 3} -> [2, 3 b].
/// Derivative: g summed over the copies.
/// Throws: std::invalid_argument for fewer numbers than axes, a negative one, and where an int64 cannot count the
/// bytes.
/// NumPy: `tile`
/// PyTorch: `Tensor.repeat`
Tensor repeat(const Operand& x, const Shape& times);
/// Copies of x one after the other, as repeat(), but of fewer numbers than axes: they stand for the last axes.
///
/// Shapes: x [a, b], {3} -> [a, 3 b]; x [b], {2, 3} -> [2, 3 b].
/// Derivative: g summed over the copies.
/// Throws: std::invalid_argument for a negative number and where an int64 cannot count the bytes.
Tensor tile(const Operand& x, const Shape& times);
/// Each slice of x along the axis `times` times in a row; without an axis each element of x.
///
/// Shapes: x [a, b], 2, 1 -> [a, 2 b]; x [a, b], 2 -> [2 a b].
/// Derivative: g summed over the copies.
/// Throws: std::invalid_argument for a negative number and where an int64 cannot count the bytes; std::out_of_range for
/// an axis that x does not have.
/// NumPy: `repeat`
Tensor repeat_interleave(const Operand& x, std::int64_t times, std::optional<int> axis = std::nullopt);
/// Each slice of x along the axis as many times in a row as `times` says for it; without an axis each element of x.
///
/// Shapes: x [a, n, b], times [n], axis 1 -> [a, sum of times, b]; times of one element stand for all.
/// Dtype: x's; times int64.
/// Derivative: g summed over the copies, none by `times`.
/// Throws: std::invalid_argument for times of another dtype or length, a negative one, and where an int64 cannot count
/// the bytes; std::out_of_range for an axis that x does not have.
Tensor repeat_interleave(const Operand& x, const Tensor& times, std::optional<int> axis = std::nullopt);
/// Elements moved on by `shift` places in row-major order, those that fall off the end come in at the start.
///
/// Shapes: x [...] -> x's.
/// Derivative: roll(g, -shift).
Tensor roll(const Operand& x, std::int64_t shift);
/// Slices moved on by `shift` places along an axis, those that fall off the end come in at the start.
///
/// Shapes: x [...] -> x's.
/// Derivative: roll(g, -shift, axis).
/// Throws: std::out_of_range for an axis that x does not have.
Tensor roll(const Operand& x, std::int64_t shift, int axis);
/// Slices moved on by `shifts[i]` places along axis i of `axes`, those that fall off the end come in at the start.
///
/// Shapes: x [...] -> x's.
/// Derivative: roll(g, -shifts, axes).
/// Throws: std::invalid_argument for as many shifts as axes are not; std::out_of_range for an axis that x does not
/// have.
/// Example: `roll(x, {1, -1}, {0, 1})`
Tensor roll(const Operand& x, const std::vector<std::int64_t>& shifts, const std::vector<int>& axes);

}  // namespace xgrad
