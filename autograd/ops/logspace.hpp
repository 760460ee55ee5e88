// Numbers on a logarithmic scale.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// `count` numbers from base^start to base^stop, both included, whose exponents are evenly spaced. Exponents are
/// computed with more digits than a double has, so that large powers too are right to the last bits.
///
/// Shapes: [count].
/// Dtype: any; the default dtype where none is given. For int64, start and stop are truncated first, as in PyTorch, and
/// then the powers.
/// Throws: std::invalid_argument when count is negative, unless start, stop, the distance between them and base are
/// finite, and where an int64 tensor cannot hold a power.
/// Example: `logspace(0, 3, 4);  // 1, 10, 100, 1000`
Tensor logspace(double start, double stop, std::int64_t count, double base = 10, TensorOptions options = {},
                SourceLocation where = SourceLocation::current());

}  // namespace xgrad
