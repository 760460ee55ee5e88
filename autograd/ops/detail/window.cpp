#include "window.hpp"

#include <type_traits>

#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
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

/// x without gaps, recorded.
Tensor dense(const Tensor& x, SourceLocation where) {
  if (x.is_contiguous()) return x;
  Tensor result = new_result("copy", x.shape(), x.dtype(), where);
  copy_into(result, x);
  return record("copy", where, {x}, result, {}, [](Vjp& vjp) { vjp.give(0, vjp.take_g()); });
}

/// Taking an index of one axis.
struct AxisRule : ViewRule {
  AxisWindow window;

  explicit AxisRule(const AxisWindow& window) : ViewRule{&again}, window(window) {}
  void operator()(Vjp& vjp) const { give_window(vjp, vjp.g(), window); }
  static Tensor again(const ViewRule& rule, const Node&, const Tensor& x) {
    return view_of(x, static_cast<const AxisRule&>(rule).window);
  }
};

/// Notes that g was added to the window of the sum.
template <class AnyWindow>
void record_added(Vjp& vjp, Tensor& sum, const Tensor& g, const AnyWindow& window) {
  record_added_to_sum(vjp, sum, {sum, g}, {}, [window](Vjp& vjp) {
    const Tensor g = std::is_same_v<AnyWindow, StridedWindow> ? dense(vjp.g(), vjp.where()) : vjp.g();
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

template <class AnyWindow>
Tensor put(const Tensor& x, const Shape& shape, const AnyWindow& window, SourceLocation where) {
  Tensor result = new_zeros("put", shape, x.dtype(), where);
  if (x.numel() > 0) copy_into(view_of(result, window), x);
  return record("put", where, {x}, result, {},
                [window](Vjp& vjp) { vjp.give(0, get("get", vjp.g(), window, vjp.where())); });
}

template <class AnyWindow>
Tensor get(const char* name, const Tensor& x, const AnyWindow& window, SourceLocation where) {
  Tensor view = with_memory_for(name, where, [&] { return view_of(x, window); });
  if constexpr (std::is_same_v<AnyWindow, AxisWindow>)
    return record_view(name, where, x, std::move(view), AxisRule(window));
  else
    return record(name, where, {x}, std::move(view), {}, [window](Vjp& vjp) { give_window(vjp, vjp.g(), window); });
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

template <class AnyWindow>
void give_window(Vjp& vjp, const Tensor& g, const AnyWindow& window) {
  SumPlace place = vjp.place_of_sum(0);
  if (place.sum == nullptr) return vjp.give(0, put(g, vjp.shape(0), window, vjp.where()));
  Tensor target = view_of(place.view, window);
  add_into(target, g);
  if (!vjp.creates_graph()) return;
  if (place.is_direct()) return record_added(vjp, *place.sum, g, window);
  const std::ptrdiff_t bytes = data_of<char>(target) - data_of<char>(*place.sum);
  record_added(
      vjp, *place.sum, g,
      StridedWindow{target.shape(), target.strides(), bytes / static_cast<std::ptrdiff_t>(size_of(g.dtype()))});
}

#define XGRAD_INSTANTIATE(AnyWindow)                                                                       \
  template Tensor get(const char*, const Tensor&, const AnyWindow&, SourceLocation);                       \
  template Tensor put(const Tensor&, const Shape&, const AnyWindow&, SourceLocation);                      \
  template Tensor put_window(const char*, const Tensor&, const AnyWindow&, const Tensor&, SourceLocation); \
  template void give_window(Vjp&, const Tensor&, const AnyWindow&);
XGRAD_INSTANTIATE(Window)
XGRAD_INSTANTIATE(AxisWindow)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
