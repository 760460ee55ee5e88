// Borders around tensors.
#pragma once

#include <cstdint>
#include <vector>

#include "../scalar.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// What pad() puts around a tensor, for elements a b c and two on each side.
enum class PadMode : std::uint8_t {
  constant,   ///< one number: v v a b c v v
  reflect,    ///< the elements mirrored at the outermost ones: c b a b c b a
  replicate,  ///< the outermost ones: a a a b c c c
  circular    ///< from the other end: b c a b c a b
};
/// Options of pad().
struct PadOptions {
  PadMode mode = PadMode::constant;
  Scalar value = 0;  ///< of constant mode; an int64 tensor holds an integer exactly, else truncates
};
/// x with a border: `widths` has how many elements come before and behind along the last axis, then along the one
/// before it, and so on, as in PyTorch. A negative width crops. What is mirrored, or repeated, are the elements of x
/// where reflect and replicate crop the other side, and what is left of them in circular mode.
///
/// Shapes: x [a, b], {1, 2} -> [a, b + 3]; {1, 2, 3, 0} -> [a + 3, b + 3].
/// Derivative: g at the elements' own places, and in the modes that repeat them at the others too, added up as
/// accurately as sum().
/// Throws: std::invalid_argument for an odd number of widths, or more than for all axes; where x is cropped to less
/// than nothing; for a reflect width that is not below the extent, a circular one above what is left, and replicate of
/// no elements; and where an int64 cannot count the bytes.
/// Example: `pad(x, {1, 1, 1, 1}, {.mode = PadMode::reflect})`
/// NumPy: `pad`, with pairs from the first axis on
/// PyTorch: `nn.functional.pad`
Tensor pad(const Operand& x, const std::vector<std::int64_t>& widths, PadOptions options = {});

}  // namespace xgrad
