#include "repeat.hpp"

#include <algorithm>
#include <array>

#include "../extend.hpp"
#include "../kernels/elementwise.hpp"
#include "../kernels/fill.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/result.hpp"
#include "detail/window.hpp"
#include "index.hpp"
#include "movement.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// Throws unless an int64 can count the bytes of the shape.
void check_bytes(const char* operation, const Shape& shape, DType dtype, bool overflow, SourceLocation where) {
  auto bytes = static_cast<std::int64_t>(size_of(dtype));
  for (std::int64_t extent : shape)
    if (extent > 0) overflow |= __builtin_mul_overflow(bytes, extent, &bytes);
  check(!overflow, where, operation, ": the number of bytes must fit in an int64, but the shape is ", shape, ".");
}

/// The slices along an axis `times` times: as a whole, or each in a row.
Tensor multiplied(const Tensor& x, int axis, std::int64_t times, bool each_in_a_row) {
  if (times == 1) return x;
  Shape shape = x.shape();
  std::int64_t outer = 1, inner = 1;
  for (int k = 0; k < shape.ndim(); ++k) (k < axis + each_in_a_row ? outer : inner) *= shape[k];
  shape[axis] *= times;
  return reshape(expand(reshape(x, {outer, 1, inner}), {outer, times, inner}), shape);
}

/// y, or a copy where it shows the elements of x.
Tensor apart_from(const Tensor& x, const Tensor& y) { return y.impl()->storage == x.impl()->storage ? copy(y) : y; }

Tensor repeated(const char* operation, const Operand& operand, const Shape& times) {
  const Tensor& x = operand.tensor(operation);
  SourceLocation where = operand.where();
  Shape from = Shape::filled(times.ndim(), 1), shape = times;
  std::copy(x.shape().begin(), x.shape().end(), from.end() - x.ndim());
  bool overflow = false;
  for (int axis = 0; axis < times.ndim(); ++axis) {
    check(times[axis] >= 0, where, operation, ": numbers of copies must not be negative, but they are ", times, ".");
    overflow |= __builtin_mul_overflow(from[axis], times[axis], &shape[axis]);
  }
  check(!overflow, where, operation, ": extents must fit in an int64, but x is ", x.shape(),
        " and the numbers of copies are ", times, ".");
  check_bytes(operation, shape, x.dtype(), false, where);
  CallSite site(where);
  Tensor y = reshape(x, from);
  // Nothing is left where there are no copies: first, so that no step holds more than the result.
  for (int axis = 0; axis < times.ndim(); ++axis)
    if (times[axis] == 0) y = narrow(y, axis, 0, 0);
  for (int axis = times.ndim() - 1; axis >= 0; --axis)
    if (times[axis] != 0) y = multiplied(y, axis, times[axis], false);
  return apart_from(x, y);
}

}  // namespace

Tensor repeat(const Operand& operand, const Shape& times) {
  const Tensor& x = operand.tensor("repeat");
  check(times.ndim() >= x.ndim(), operand.where(), "repeat: there must be a number of copies for each of the ",
        x.ndim(), " axes of x ", x.shape(), ", but they are ", times, ".");
  return repeated("repeat", operand, times);
}

Tensor tile(const Operand& operand, const Shape& times) {
  Shape all = times;
  while (all.ndim() < operand.tensor("tile").ndim()) all.insert(0, 1);
  return repeated("tile", operand, all);
}

// ---- Each in a row ----

namespace {

/// x, or its elements along one axis, and which axis is repeated.
Tensor along(const Tensor& x, std::optional<int> axis, int& at, SourceLocation where) {
  at = axis ? normalize_axis("repeat_interleave", *axis, x.ndim(), where) : 0;
  return axis && x.ndim() > 0 ? x : reshape(Operand(x, where), {x.numel()});
}

}  // namespace

Tensor repeat_interleave(const Operand& operand, std::int64_t times, std::optional<int> axis) {
  SourceLocation where = operand.where();
  check(times >= 0, where, "repeat_interleave: the number of copies must not be negative, but it is ", times, ".");
  CallSite site(where);
  int at;
  Tensor x = along(operand.tensor("repeat_interleave"), axis, at, where);
  Shape shape = x.shape();
  bool overflow = __builtin_mul_overflow(shape[at], times, &shape[at]);
  check(!overflow, where, "repeat_interleave: extents must fit in an int64, but axis ", at, " of x ", x.shape(),
        " is taken ", times, " times.");
  check_bytes("repeat_interleave", shape, x.dtype(), false, where);
  return apart_from(x, times == 0 ? narrow(x, at, 0, 0) : multiplied(x, at, times, true));
}

Tensor repeat_interleave(const Operand& operand, const Tensor& times, std::optional<int> axis) {
  SourceLocation where = operand.where();
  check(times.defined(), where,
        "repeat_interleave: the numbers of copies must be defined, but they are not: ", internal::kWhyUndefined);
  check(times.dtype() == DType::int64 && times.ndim() <= 1, where,
        "repeat_interleave: the numbers of copies must be int64 with at most one axis, but they are ", times.dtype(),
        ' ', times.shape(), ".");
  CallSite site(where);
  int at;
  Tensor x = along(operand.tensor("repeat_interleave"), axis, at, where);
  std::vector<std::int64_t> list = times.to_vector<std::int64_t>();
  std::int64_t extent = x.shape()[at], total = 0;
  if (list.size() == 1) list.assign(static_cast<std::size_t>(extent), list[0]);
  check(static_cast<std::int64_t>(list.size()) == extent, where,
        "repeat_interleave: there must be a number of copies for each of the ", extent, " slices along axis ", at,
        " of x ", x.shape(), ", but there are ", list.size(), ".");
  bool overflow = false;
  for (std::size_t i = 0; i < list.size(); ++i) {
    check(list[i] >= 0, where, "repeat_interleave: numbers of copies must not be negative, but number ", i, " is ",
          list[i], ".");
    overflow |= __builtin_add_overflow(total, list[i], &total);
  }
  check(!overflow, where,
        "repeat_interleave: the numbers of copies must add up to what an int64 holds, but they add up to more.");
  Shape shape = x.shape();
  shape[at] = total;
  check_bytes("repeat_interleave", shape, x.dtype(), false, where);
  Tensor positions = new_checked("repeat_interleave", {total}, DType::int64, where);
  auto* to = data_of<std::int64_t>(positions);
  for (std::int64_t i = 0; i < extent; ++i) {
    const std::int64_t copies = list[static_cast<std::size_t>(i)];
    fill(to, copies, i);
    to += copies;
  }
  return index_select(x, at, positions);
}

// ---- Around ----

namespace {

using Shifts = std::array<std::int64_t, kMaxDims>;

/// x with its slices moved on by shift[axis], in [0, extent), along each axis. Gradient: moved back.
Tensor rolled(const Tensor& x, const Shifts& shifts, SourceLocation where) {
  Tensor result = new_result("roll", x.shape(), x.dtype(), where);
  int moved[kMaxDims], count = 0;
  for (int axis = 0; axis < x.ndim(); ++axis)
    if (shifts[static_cast<std::size_t>(axis)] != 0) moved[count++] = axis;
  // Along each axis that is moved the elements before the cut and those behind it change places: a block for each
  // choice.
  for (unsigned block = 0; x.numel() > 0 && block < 1u << count; ++block) {
    Window from = Window::corner(x.shape()), to = from;
    for (int i = 0; i < count; ++i) {
      int axis = moved[i];
      std::int64_t shift = shifts[static_cast<std::size_t>(axis)], rest = x.shape()[axis] - shift;
      bool behind = (block >> i & 1) != 0;
      from.start[axis] = behind ? rest : 0;
      to.start[axis] = behind ? 0 : shift;
      from.shape[axis] = to.shape[axis] = behind ? shift : rest;
    }
    copy_into(view_of(result, to), view_of(x, from));
  }
  return record("roll", where, {x}, result, {}, [shifts](Vjp& vjp) {
    Shifts back = shifts;
    for (int axis = 0; axis < vjp.g().ndim(); ++axis)
      if (std::int64_t& shift = back[static_cast<std::size_t>(axis)]; shift != 0) shift = vjp.g().shape()[axis] - shift;
    vjp.give(0, rolled(vjp.g(), back, vjp.where()));
  });
}

/// The shift in [0, extent).
std::int64_t wrapped(std::int64_t shift, std::int64_t extent) {
  if (extent == 0) return 0;
  shift %= extent;
  return shift < 0 ? shift + extent : shift;
}

}  // namespace

Tensor roll(const Operand& operand, std::int64_t shift) {
  const Tensor& x = operand.tensor("roll");
  CallSite site(operand.where());
  Tensor y = rolled(reshape(x, {x.numel()}), {wrapped(shift, x.numel())}, operand.where());
  return reshape(y, x.shape());
}

Tensor roll(const Operand& x, std::int64_t shift, int axis) {
  return roll(x, std::vector<std::int64_t>{shift}, std::vector<int>{axis});
}

Tensor roll(const Operand& operand, const std::vector<std::int64_t>& shifts, const std::vector<int>& axes) {
  const Tensor& x = operand.tensor("roll");
  SourceLocation where = operand.where();
  check(shifts.size() == axes.size(), where, "roll: there must be a shift for each axis, but there are ", shifts.size(),
        " shifts and ", axes.size(), " axes.");
  Shifts all{};
  for (std::size_t i = 0; i < axes.size(); ++i) {
    int axis = normalize_axis("roll", axes[i], x.ndim(), where);
    if (x.ndim() == 0) continue;
    // An axis may come several times: its shifts add up.
    std::int64_t extent = x.shape()[axis];
    std::int64_t& sum = all[static_cast<std::size_t>(axis)];
    std::int64_t shift = wrapped(shifts[i], extent);
    sum = sum >= extent - shift ? sum - (extent - shift) : sum + shift;
  }
  return rolled(x, all, where);
}

}  // namespace xgrad
