// Windows: evenly spaced elements of a tensor as a view, and the derivative of taking it.
#pragma once

#include <array>

#include "../../tensor.hpp"

namespace xgrad {
class Vjp;
}

namespace xgrad::internal {

struct SumPlace;

/// What a basic index picks of a tensor, whatever the tensor's layout.
struct Window {
  Shape start, step;                         // by axis of the tensor
  Shape shape;                               // of the result
  std::array<std::int8_t, kMaxDims> source;  // by axis of the result: the tensor's axis, or -1 for a new one

  /// The window of this shape that starts at the first element.
  static Window corner(const Shape& shape);
};

/// What an index of one axis picks, as most are. It takes little room in a rule.
struct AxisWindow {
  int axis;
  bool drops_axis;
  std::int64_t start, step, length;
};

/// A view by its layout in a tensor without gaps: what views of views have come to. can_be_added_to() holds of it.
struct StridedWindow {
  Shape shape;
  Strides strides;
  std::int64_t offset;  // of its first element
};

/// The window's elements as a view that is not recorded.
Tensor view_of(const Tensor& x, const Window& window);
Tensor view_of(const Tensor& x, const AxisWindow& window);
Tensor view_of(const Tensor& x, const StridedWindow& window);

/// The window of x, recorded under this name. Gradient: put of g.
template <class AnyWindow>
Tensor get(const char* name, const Tensor& x, const AnyWindow& window, SourceLocation where);

/// Zeros of this shape with x in the window: the transpose of get. Gradient: the window of g.
template <class AnyWindow>
Tensor put(const Tensor& x, const Shape& shape, const AnyWindow& window, SourceLocation where);

/// x with `value`, in the window's shape, in the window: a new tensor. Gradient: g with zeros in the window, and the
/// window of g.
template <class AnyWindow>
Tensor put_window(const char* operation, const Tensor& x, const AnyWindow& window, const Tensor& value,
                  SourceLocation where);

/// The layout of a view of elements of `whole`, which has no gaps.
StridedWindow window_of(const Tensor& view, const Tensor& whole);

/// x where it is contiguous, else a recorded copy that is: contiguous() for what stands below the operators.
Tensor recorded_without_gaps(const Tensor& x, SourceLocation where);

/// Whether add_elements() can add to this view: its elements may share places along one short axis, as windows that
/// overlap do.
bool can_be_added_to(const Tensor& view);

/// target += g, also where elements of the target share places: those get the sum. Answers whether it can be added to.
bool add_elements(const Tensor& target, const Tensor& g);

/// Adds g to `target`, a view of the elements of the sum of cotangents that is at this place, and records it where the
/// gradient's graph is wanted. Answers whether that could be done: see can_be_added_to().
bool add_to_part(Vjp& vjp, const SumPlace& place, const Tensor& target, const Tensor& g);

/// Gives input 0 its cotangent, which is `g` in the window and 0 elsewhere. Where a sum of cotangents is there, g is
/// added to its window: a loop that takes a tensor's rows one by one is linear in their number. So is the gradient of
/// that gradient.
template <class AnyWindow>
void give_window(Vjp& vjp, const Tensor& g, const AnyWindow& window);

}  // namespace xgrad::internal
