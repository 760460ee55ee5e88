// Shapes that the user asks for: what they must hold, and whether a view can show it.
#pragma once

#include <optional>

#include "../../shape.hpp"

namespace xgrad::internal {

/// The strides that show elements of this layout in another shape without moving them, if there are such.
std::optional<Strides> reshaped_strides(const Shape& shape, const Strides& strides, const Shape& target);

/// The extents that are asked for in place of `from` [...] with `numel` elements, with -1, if there is one, replaced by
/// the extent that makes the number of elements right.
/// Throws: std::invalid_argument, naming the operation, where the numbers of elements differ.
Shape resolved_shape(const char* operation, const Shape& from, std::int64_t numel, Shape shape, SourceLocation where);

/// The shape that `from` is stretched to, with each -1 replaced by the extent that is there.
/// Throws: std::invalid_argument, naming the operation, where it cannot be.
Shape expanded_shape(const char* operation, const Shape& from, const Shape& target, SourceLocation where);

}  // namespace xgrad::internal
