#include <array>

#include "../../extend.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../detail/reshape.hpp"
#include "../detail/result.hpp"
#include "../detail/view_rule.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"

// Views: other shapes, orders and directions of the same elements.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// What the rules of views are, and how the same view is taken of other elements of the same shape.

struct ReshapeRule : ViewRule {
  ReshapeRule() : ViewRule{&again} {}
  void operator()(Vjp& vjp) const { vjp.give(0, reshape(vjp.g(), vjp.shape(0))); }
  static Tensor again(const ViewRule&, const Node& node, int, const Tensor& x) {
    Shape shape = node.output_shape(0);
    if (x.numel() == 0) return {};
    std::optional<Strides> strides = reshaped_strides(x.shape(), x.strides(), shape);
    return strides ? new_view(x, shape, *strides, x.impl()->data) : Tensor();
  }
};

/// inverse[axis of x] is the axis of the result.
struct PermuteRule : ViewRule {
  std::array<std::int8_t, kMaxDims> inverse;

  explicit PermuteRule(const std::array<std::int8_t, kMaxDims>& inverse) : ViewRule{&again}, inverse(inverse) {}
  void operator()(Vjp& vjp) const {
    vjp.give(0, permute(vjp.g(), std::vector<int>(inverse.begin(), inverse.begin() + vjp.g().ndim())));
  }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    const auto& inverse = static_cast<const PermuteRule&>(rule).inverse;
    Shape shape = x.shape();
    Strides strides = x.strides();
    for (int axis = 0; axis < x.ndim(); ++axis) {
      shape[inverse[axis]] = x.shape()[axis];
      strides[inverse[axis]] = x.strides()[axis];
    }
    return new_view(x, shape, strides, x.impl()->data);
  }
};

struct TransposeRule : ViewRule {
  int axis1, axis2;

  TransposeRule(int axis1, int axis2) : ViewRule{&again}, axis1(axis1), axis2(axis2) {}
  void operator()(Vjp& vjp) const { vjp.give(0, transpose(vjp.g(), axis1, axis2)); }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    const auto& self = static_cast<const TransposeRule&>(rule);
    Shape shape = x.shape();
    Strides strides = x.strides();
    if (!shape.empty()) {
      std::swap(shape[self.axis1], shape[self.axis2]);
      std::swap(strides[self.axis1], strides[self.axis2]);
    }
    return new_view(x, shape, strides, x.impl()->data);
  }
};

/// x seen from the other end along these axes.
Tensor flipped(const Tensor& x, unsigned mask) {
  Strides strides = x.strides();
  std::int64_t offset = 0;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    if ((mask >> axis & 1) == 0) continue;
    if (x.numel() > 0) offset += (x.shape()[axis] - 1) * strides[axis];
    strides[axis] = -strides[axis];
  }
  char* first = data_of<char>(x) + offset * static_cast<std::int64_t>(size_of(x.dtype()));
  return new_view(x, x.shape(), strides, first);
}

struct FlipRule : ViewRule {
  unsigned mask;

  explicit FlipRule(unsigned mask) : ViewRule{&again}, mask(mask) {}
  void operator()(Vjp& vjp) const {
    std::vector<int> axes;
    for (int axis = 0; axis < kMaxDims; ++axis)
      if ((mask >> axis & 1) != 0) axes.push_back(axis);
    vjp.give(0, flip(vjp.g(), axes));
  }
  static Tensor again(const ViewRule& rule, const Node&, int, const Tensor& x) {
    return flipped(x, static_cast<const FlipRule&>(rule).mask);
  }
};

/// A view in another shape, whose gradient is the reshaped gradient.
Tensor record_reshape(const char* name, SourceLocation where, const Tensor& x, const Shape& shape,
                      const Strides& strides) {
  return record_view(name, where, x, new_result_view(name, where, x, shape, strides, x.impl()->data), ReshapeRule());
}

Tensor reshape_to(const char* name, SourceLocation where, const Tensor& x, const Shape& shape) {
  const TensorImpl& impl = *x.impl();
  if (impl.contiguous || impl.numel == 0) return record_reshape(name, where, x, shape, row_major(shape));
  if (auto strides = reshaped_strides(impl.shape, impl.strides, shape))
    return record_reshape(name, where, x, shape, *strides);
  return record_reshape(name, where, copy(Operand(x, where)), shape, row_major(shape));
}

int checked_axis(const char* operation, int axis, const Tensor& x, SourceLocation where) {
  return normalize_axis(operation, axis, x.ndim(), where);
}

}  // namespace

Tensor reshape(const Operand& operand, const Shape& shape) {
  const Tensor& x = operand.tensor("reshape");
  return reshape_to("reshape", operand.where(), x,
                    resolved_shape("reshape", x.shape(), x.numel(), shape, operand.where()));
}

Tensor flatten(const Operand& operand, int first, int last) {
  const Tensor& x = operand.tensor("flatten");
  first = checked_axis("flatten", first, x, operand.where());
  last = checked_axis("flatten", last, x, operand.where());
  check(first <= last, operand.where(), "flatten: the first axis must not come after the last, but they are ", first,
        " and ", last, ".");
  Shape shape;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    if (first < axis && axis <= last)
      shape[first] *= x.shape()[axis];
    else
      shape.push_back(x.shape()[axis]);
  }
  if (shape.empty()) shape.push_back(1);
  return reshape_to("flatten", operand.where(), x, shape);
}

Tensor squeeze(const Operand& operand, const Axes& axes) {
  const Tensor& x = operand.tensor("squeeze");
  unsigned mask = axis_mask("squeeze", axes, x.ndim(), operand.where());
  Shape shape;
  Strides strides;
  for (int axis = 0; axis < x.ndim(); ++axis) {
    if ((mask >> axis & 1) != 0 && x.shape()[axis] == 1) continue;
    shape.push_back(x.shape()[axis]);
    strides.push_back(x.strides()[axis]);
  }
  return record_reshape("squeeze", operand.where(), x, shape, strides);
}

Tensor unsqueeze(const Operand& operand, int axis) {
  const Tensor& x = operand.tensor("unsqueeze");
  axis = normalize_axis("unsqueeze", axis, x.ndim() + 1, operand.where());
  Shape shape = x.shape();
  Strides strides = x.strides();
  check(x.ndim() < kMaxDims, operand.where(), "unsqueeze: a tensor has at most ", kMaxDims, " axes, but x ", x.shape(),
        " has as many.");
  strides.insert(axis, axis < x.ndim() ? shape[axis] * strides[axis] : 1);
  shape.insert(axis, 1);
  return record_reshape("unsqueeze", operand.where(), x, shape, strides);
}

// ---- The order of axes ----

Tensor transpose(const Operand& operand, int axis1, int axis2) {
  const Tensor& x = operand.tensor("transpose");
  axis1 = checked_axis("transpose", axis1, x, operand.where());
  axis2 = checked_axis("transpose", axis2, x, operand.where());
  Shape shape = x.shape();
  Strides strides = x.strides();
  if (!shape.empty()) {
    std::swap(shape[axis1], shape[axis2]);
    std::swap(strides[axis1], strides[axis2]);
  }
  return record_view("transpose", operand.where(), x,
                     new_result_view("transpose", operand.where(), x, shape, strides, x.impl()->data),
                     TransposeRule(axis1, axis2));
}

Tensor transpose(const Operand& operand) {
  const Tensor& x = operand.tensor("transpose");
  return x.ndim() < 2 ? x : transpose(operand, -2, -1);
}

Tensor permute(const Operand& operand, const Axes& order) {
  const Tensor& x = operand.tensor("permute");
  const std::vector<int>& list = order.list();
  check(!order.is_all() && static_cast<int>(list.size()) == x.ndim(), operand.where(), "permute: the order must name ",
        x.ndim(), " axes, as many as x ", x.shape(), " has, but it names ", list.size(), ".");
  axis_mask("permute", order, x.ndim(), operand.where());
  Shape shape = x.shape();
  Strides strides = x.strides();
  std::array<std::int8_t, kMaxDims> inverse{};
  for (int i = 0; i < x.ndim(); ++i) {
    int axis = checked_axis("permute", list[i], x, operand.where());
    shape[i] = x.shape()[axis];
    strides[i] = x.strides()[axis];
    inverse[axis] = static_cast<std::int8_t>(i);
  }
  return record_view("permute", operand.where(), x,
                     new_result_view("permute", operand.where(), x, shape, strides, x.impl()->data),
                     PermuteRule(inverse));
}

Tensor flip(const Operand& operand, const Axes& axes) {
  const Tensor& x = operand.tensor("flip");
  unsigned mask = axis_mask("flip", axes, x.ndim(), operand.where());
  Tensor view = with_memory_for("flip", operand.where(), [&] { return flipped(x, mask); });
  return record_view("flip", operand.where(), x, std::move(view), FlipRule(mask));
}

// ---- Broadcasting ----

namespace {

/// Strides of x in a shape that it broadcasts to.
Strides expanded_strides(const Tensor& x, const Shape& shape) {
  int lead = shape.ndim() - x.ndim();
  Strides strides = shape;
  for (int axis = 0; axis < shape.ndim(); ++axis)
    strides[axis] = axis < lead || x.shape()[axis - lead] != shape[axis] ? 0 : x.strides()[axis - lead];
  return strides;
}

struct ExpandRule : ViewRule {
  ExpandRule() : ViewRule{&again} {}
  void operator()(Vjp& vjp) const { vjp.give(0, sum_to(vjp.g(), vjp.shape(0))); }
  static Tensor again(const ViewRule&, const Node& node, int, const Tensor& x) {
    Shape shape = node.output_shape(0);
    return new_view(x, shape, expanded_strides(x, shape), x.impl()->data);
  }
};

}  // namespace

Tensor expand(const Operand& operand, const Shape& target) {
  const Tensor& x = operand.tensor("expand");
  Shape shape = expanded_shape("expand", x.shape(), target, operand.where());
  return record_view("expand", operand.where(), x,
                     new_result_view("expand", operand.where(), x, shape, expanded_strides(x, shape), x.impl()->data),
                     ExpandRule());
}

}  // namespace xgrad
