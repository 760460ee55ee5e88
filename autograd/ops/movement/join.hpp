// cat() on behalf of the operations that are one, and what they share.
#pragma once

#include <span>
#include <vector>

#include "../../tensor.hpp"
#include "../detail/window.hpp"

namespace xgrad::internal {

/// Throws: std::invalid_argument, naming the operation, where there are no tensors and for one that is undefined.
void check_given(const char* operation, std::span<const Tensor> tensors, SourceLocation where);

/// The tensors in their common dtype; `room` holds those that had to be converted.
/// Throws: as check_given().
std::span<const Tensor> in_common_dtype(const char* operation, std::span<const Tensor> tensors,
                                        std::vector<Tensor>& room, SourceLocation where);

/// Parts of a tensor that lie one after the other along an axis: where each starts and the last one ends. Without
/// these, each position along the axis is a part that does not have the axis.
struct Parts {
  int axis;
  std::vector<std::int64_t> starts;

  bool drops_axis() const { return starts.empty(); }
  /// The number of parts of a tensor in this shape, which has passed check_part_count.
  int count(const Shape& shape) const {
    return static_cast<int>(drops_axis() ? shape[axis] : static_cast<std::int64_t>(starts.size()) - 1);
  }
  /// Where part k is.
  AxisWindow operator()(int k) const {
    if (drops_axis()) return {axis, true, k, 1, 1};
    const auto at = static_cast<std::size_t>(k);
    return {axis, false, starts[at], 1, starts[at + 1] - starts[at]};
  }
};

/// Throws std::invalid_argument, naming the operation, for more parts than can be listed.
void check_part_count(const char* operation, std::int64_t count, SourceLocation where);

/// The parts of x as views, recorded as one operation. Gradient: the parts' cotangents joined.
std::vector<Tensor> parts_along(const char* operation, const Tensor& x, Parts parts, SourceLocation where);

/// cat() by the name of the operation, in errors and in the graph.
Tensor cat_as(const char* operation, std::span<const Tensor> tensors, int axis, SourceLocation where);

}  // namespace xgrad::internal
