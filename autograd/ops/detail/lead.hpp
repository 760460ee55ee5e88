// Shapes of stacks of matrices: the leading axes, and those of a matrix behind them.
#pragma once

#include <span>
#include <utility>

#include "../../shape.hpp"

namespace xgrad::internal {

/// The shape without its last two axes.
inline Shape lead_of(const Shape& shape) {
  return Shape(std::span(shape.begin(), static_cast<std::size_t>(shape.ndim() - 2)));
}

/// The leading axes with those of a matrix behind them.
inline Shape with_matrix(Shape lead, std::int64_t rows, std::int64_t columns) {
  lead.push_back(rows);
  lead.push_back(columns);
  return lead;
}

}  // namespace xgrad::internal
