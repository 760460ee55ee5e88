#include "window.hpp"

#include <memory>
#include <type_traits>

#include "../../base/overlap.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "axis_rows.hpp"
#include "recorded_sum.hpp"
#include "result.hpp"
#include "view_rule.hpp"

namespace xgrad::internal {
namespace {

/// A view whose first element is `offset` elements after that of x.
Tensor view_at(const Tensor& x, const Shape& shape, const Strides& strides, std::int64_t offset) {
  // An empty view has no first element, and the address that it would have may lie outside of the storage.
  if (shape.numel() == 0) offset = 0;
  return new_view(x, shape, strides, data_of<char>(x) + offset * static_cast<std::int64_t>(size_of(x.dtype())));
}

/// Taking an index of one axis.
struct AxisRule : ViewRule {
  AxisWindow window;

  explicit AxisRule(const AxisWindow& window) : ViewRule{&again}, window(window) {}
  void operator()(Vjp& vjp) const { give_window(vjp, vjp.g(), window); }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    return view_of(x, static_cast<const AxisRule&>(rule).window);
  }
};

/// Taking a window that would take too much room in the node.
template <class AnyWindow>
struct HeldWindowRule : ViewRule {
  std::unique_ptr<const AnyWindow> window;

  explicit HeldWindowRule(const AnyWindow& window)
      : ViewRule{&again}, window(std::make_unique<const AnyWindow>(window)) {}
  void operator()(Vjp& vjp) const { give_window(vjp, vjp.g(), *window); }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    if (std::is_same_v<AnyWindow, StridedWindow> && !x.is_contiguous()) return {};
    return view_of(x, *static_cast<const HeldWindowRule&>(rule).window);
  }
};

/// Notes that g was added to the window of the sum.
template <class AnyWindow>
void record_added(Vjp& vjp, Tensor& sum, const Tensor& g, const AnyWindow& window) {
  record_added_to_sum(vjp, sum, {sum, g}, {}, [window](Vjp& vjp) {
    const Tensor g = std::is_same_v<AnyWindow, StridedWindow> ? recorded_without_gaps(vjp.g(), vjp.where()) : vjp.g();
    if (vjp.needs(1)) vjp.give(1, get("get", g, window, vjp.where()));
    if (vjp.needs(0)) vjp.give(0, g);
  });
}

}  // namespace

Window Window::corner(const Shape& shape) {
  Window window{Shape::filled(shape.ndim(), 0), Shape::filled(shape.ndim(), 1), shape, {}};
  for (int axis = 0; axis < shape.ndim(); ++axis) window.source[axis] = static_cast<std::int8_t>(axis);
  return window;
}

Tensor view_of(const Tensor& x, const Window& window) {
  Strides strides = window.shape;
  for (int k = 0; k < window.shape.ndim(); ++k) {
    int axis = window.source[k];
    strides[k] = axis < 0 ? 1 : x.strides()[axis] * window.step[axis];
  }
  std::int64_t offset = 0;
  for (int axis = 0; axis < x.ndim(); ++axis) offset += window.start[axis] * x.strides()[axis];
  return view_at(x, window.shape, strides, offset);
}

Tensor view_of(const Tensor& x, const AxisWindow& window) {
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::int64_t offset = window.start * strides[window.axis];
  shape[window.axis] = window.length;
  strides[window.axis] *= window.step;
  if (window.drops_axis) {
    shape.erase(window.axis);
    strides.erase(window.axis);
  }
  return view_at(x, shape, strides, offset);
}

Tensor view_of(const Tensor& x, const StridedWindow& window) {
  return view_at(x, window.shape, window.strides, window.offset);
}

StridedWindow window_of(const Tensor& view, const Tensor& whole) {
  const std::ptrdiff_t bytes = data_of<char>(view) - data_of<char>(whole);
  return {view.shape(), view.strides(), bytes / static_cast<std::ptrdiff_t>(size_of(whole.dtype()))};
}

Tensor recorded_without_gaps(const Tensor& x, SourceLocation where) {
  if (x.is_contiguous()) return x;
  return record("copy", where, {x}, without_gaps("copy", x, where), {}, [](Vjp& vjp) { vjp.give(0, vjp.take_g()); });
}

namespace {

constexpr int kNoAxis = -1, kNotOneAxis = -2;

/// The axis along which a view is to be cut so that no elements of a slice share places: the last that will do, as that
/// is where unfold() has the elements of a window. kNoAxis where none share any, kNotOneAxis where no short axis will
/// do.
int cut_axis(const Tensor& view) {
  // As many terms at one place can be added up one by one in float32.
  constexpr std::int64_t kMostCuts = 64;
  if (overlapping_axis(view.shape(), view.strides()) < 0) return kNoAxis;
  for (int axis = view.ndim() - 1; axis >= 0; --axis) {
    if (view.shape()[axis] > kMostCuts) continue;
    Shape shape = view.shape();
    Strides strides = view.strides();
    shape.erase(axis);
    strides.erase(axis);
    if (overlapping_axis(shape, strides) < 0) return axis;
  }
  return kNotOneAxis;
}

}  // namespace

bool can_be_added_to(const Tensor& view) { return cut_axis(view) != kNotOneAxis; }

bool add_elements(const Tensor& target, const Tensor& g) {
  const int axis = cut_axis(target);
  if (axis == kNotOneAxis) return false;
  if (axis == kNoAxis) {
    add_into(target, g);
    return true;
  }
  for (std::int64_t i = 0; i < target.shape()[axis]; ++i) {
    const AxisWindow slice{axis, true, i, 1, 1};
    add_into(view_of(target, slice), view_of(g, slice));
  }
  return true;
}

template <class AnyWindow>
Tensor put(const Tensor& x, const Shape& shape, const AnyWindow& window, SourceLocation where) {
  Tensor result = new_zeros("put", shape, x.dtype(), where);
  if constexpr (std::is_same_v<AnyWindow, StridedWindow>)
    add_elements(view_of(result, window), x);
  else if (x.numel() > 0)
    copy_into(view_of(result, window), x);
  return record("put", where, {x}, result, {},
                [window](Vjp& vjp) { vjp.give(0, get("get", vjp.g(), window, vjp.where())); });
}

template <class AnyWindow>
Tensor get(const char* name, const Tensor& x, const AnyWindow& window, SourceLocation where) {
  Tensor view = with_memory_for(name, where, [&] { return view_of(x, window); });
  if constexpr (std::is_same_v<AnyWindow, AxisWindow>)
    return record_view(name, where, x, std::move(view), AxisRule(window));
  else
    return record_view(name, where, x, std::move(view), HeldWindowRule<AnyWindow>(window));
}

template <class AnyWindow>
Tensor put_window(const char* operation, const Tensor& x, const AnyWindow& window, const Tensor& value,
                  SourceLocation where) {
  Tensor result = new_result(operation, x.shape(), x.dtype(), where);
  copy_into(result, x);
  if (value.numel() > 0) copy_into(view_of(result, window), value);
  return record(operation, where, {x, value}, result, {}, [operation, window](Vjp& vjp) {
    const Tensor& g = vjp.g();
    Tensor taken = get("get", g, window, vjp.where());
    if (vjp.needs(0)) {
      // One zero, seen as many times as the window has elements.
      Tensor zero = new_zeros(operation, {}, g.dtype(), vjp.where());
      Tensor zeros = new_view(zero, taken.shape(), Shape::filled(taken.ndim(), 0), zero.impl()->data);
      vjp.give(0, put_window(operation, g, window, zeros, vjp.where()));
    }
    if (vjp.needs(1)) vjp.give(1, taken);
  });
}

bool add_to_part(Vjp& vjp, const SumPlace& place, const Tensor& target, const Tensor& g) {
  if (!add_elements(target, g)) return false;
  if (vjp.creates_graph()) record_added(vjp, *place.sum, g, window_of(target, *place.sum));
  return true;
}

template <class AnyWindow>
void give_window(Vjp& vjp, const Tensor& g, const AnyWindow& window) {
  const SumPlace place = vjp.place_of_sum(0);
  if (place.sum != nullptr && place.is_direct()) {
    if constexpr (std::is_same_v<AnyWindow, StridedWindow>)
      add_elements(view_of(place.view, window), g);
    else
      add_into(view_of(place.view, window), g);
    if (vjp.creates_graph()) record_added(vjp, *place.sum, g, window);
    return;
  }
  const bool fits = place.sum != nullptr && (!std::is_same_v<AnyWindow, StridedWindow> || place.view.is_contiguous());
  if (!fits || !add_to_part(vjp, place, view_of(place.view, window), g))
    vjp.give(0, put(g, vjp.shape(0), window, vjp.where()));
}

#define XGRAD_INSTANTIATE(AnyWindow)                                                                       \
  template Tensor get(const char*, const Tensor&, const AnyWindow&, SourceLocation);                       \
  template Tensor put(const Tensor&, const Shape&, const AnyWindow&, SourceLocation);                      \
  template Tensor put_window(const char*, const Tensor&, const AnyWindow&, const Tensor&, SourceLocation); \
  template void give_window(Vjp&, const Tensor&, const AnyWindow&);
XGRAD_INSTANTIATE(Window)
XGRAD_INSTANTIATE(AxisWindow)
template Tensor get(const char*, const Tensor&, const StridedWindow&, SourceLocation);
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
