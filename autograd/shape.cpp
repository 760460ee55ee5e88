#include "shape.hpp"

#include <algorithm>

namespace xgrad XGRAD_API {

Shape::Shape(std::initializer_list<Extent> extents, SourceLocation where) : ndim_(checked_ndim(extents.size(), where)) {
  std::int64_t* to = extents_.data();
  for (Extent extent : extents) *to++ = extent.value;
}

Shape::Shape(std::span<const std::int64_t> extents, SourceLocation where) : ndim_(checked_ndim(extents.size(), where)) {
  std::copy(extents.begin(), extents.end(), extents_.begin());
}

Shape Shape::filled(int ndim, std::int64_t extent, SourceLocation where) {
  Shape shape;
  for (int i = 0; i < ndim; ++i) shape.push_back(extent, where);
  return shape;
}

int Shape::place_from_end(int axis) const {
  check<std::out_of_range>(-ndim_ <= axis && axis < 0, {}, "shape: the axis must be in [", -ndim_, ", ", ndim_ - 1,
                           "], but it is ", axis, " and the shape is ", *this, ".");
  return axis + ndim_;
}

void Shape::fail_ndim(int ndim) {
  fail<std::invalid_argument>({},
                              concat("shape: a tensor has at most ", kMaxDims, " axes, but ", ndim, " were given."));
  __builtin_unreachable();
}

std::int64_t Shape::numel() const {
  std::int64_t n = 1;
  bool overflow = false, empty = false;
  for (std::int64_t extent : *this) {
    if (extent == 0)
      empty = true;  // which must not hide that the others overflow
    else
      overflow |= __builtin_mul_overflow(n, extent, &n);
  }
  if (overflow) return checked_numel("shape", *this, {});
  return empty ? 0 : n;
}

void Shape::push_back(std::int64_t extent, SourceLocation where) { insert(ndim_, extent, where); }

void Shape::insert(int axis, std::int64_t extent, SourceLocation where) {
  check(ndim_ < kMaxDims, where, "shape: a tensor has at most ", kMaxDims, " axes, but ", *this,
        " was to have one more.");
  check<std::out_of_range>(0 <= axis && axis <= ndim_, where, "shape: an axis is inserted at 0 to ", ndim_,
                           ", but the place is ", axis, ".");
  std::copy_backward(begin() + axis, end(), end() + 1);
  extents_[axis] = extent;
  ++ndim_;
}

void Shape::erase(int axis) {
  axis = place_of(axis);
  std::copy(begin() + axis + 1, end(), begin() + axis);
  --ndim_;
}

void set_row_major(const Shape& shape, Strides& strides) {
  strides.resize(shape.ndim());
  std::int64_t step = 1;
  for (int i = shape.ndim() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= shape[i];
  }
}

Strides row_major(const Shape& shape) {
  Strides strides;
  set_row_major(shape, strides);
  return strides;
}

void append_text(std::string& out, const Shape& shape) {
  out += '[';
  for (int i = 0; i < shape.ndim(); ++i) {
    if (i > 0) out += ", ";
    out += std::to_string(shape[i]);
  }
  out += ']';
}

std::string to_string(const Shape& shape) { return concat(shape); }

int normalize_axis(const char* operation, int axis, int ndim, SourceLocation where) {
  // A scalar accepts axis 0 and -1, as in NumPy's and PyTorch's reductions.
  int count = std::max(ndim, 1);
  check<std::out_of_range>(-count <= axis && axis < count, where, operation, ": axis must be in [", -count, ", ",
                           count - 1, "], but it is ", axis, ".");
  return axis < 0 ? axis + count : axis;
}

std::vector<int> Axes::list_of(std::initializer_list<int> axes) { return axes; }

unsigned axis_mask(const char* operation, const Axes& axes, int ndim, SourceLocation where) {
  if (axes.is_all()) return (1u << ndim) - 1;
  unsigned mask = 0;
  for (int axis : axes.list()) {
    unsigned bit = 1u << normalize_axis(operation, axis, ndim, where);
    check((mask & bit) == 0, where, operation, ": each axis may be named once, but axis ", axis, " comes twice.");
    mask |= bit;
  }
  return ndim == 0 ? 0 : mask;
}

Shape broadcast_shapes(const char* operation, const Shape& a, const Shape& b, SourceLocation where) {
  if (a == b) return a;
  const Shape& longer = a.ndim() >= b.ndim() ? a : b;
  const Shape& shorter = a.ndim() >= b.ndim() ? b : a;
  Shape result = longer;
  int lead = longer.ndim() - shorter.ndim();
  for (int i = 0; i < shorter.ndim(); ++i) {
    std::int64_t extent = shorter[i];
    std::int64_t& out = result[lead + i];
    check(extent == out || extent == 1 || out == 1, where, operation, ": shapes must broadcast, but ", a, " and ", b,
          " differ in axis ", i - shorter.ndim(), " (", a[a.ndim() + i - shorter.ndim()], " and ",
          b[b.ndim() + i - shorter.ndim()], ", neither is 1).");
    if (out == 1) out = extent;
  }
  checked_numel(operation, result, where);
  return result;
}

std::int64_t checked_numel(const char* operation, const Shape& shape, SourceLocation where) {
  std::int64_t numel = 1;
  bool overflow = false;
  bool empty = false;
  for (std::int64_t extent : shape) {
    empty |= extent == 0;
    // An extent of 0 must not hide that the others overflow: strides are computed from them all.
    if (extent > 0) overflow |= __builtin_mul_overflow(numel, extent, &numel);
  }
  check(!overflow, where, operation, ": the number of elements must fit in an int64, but the shape is ", shape, ".");
  return empty ? 0 : numel;
}

Shape position_of(std::int64_t at, const Shape& shape) {
  Shape position = shape;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    position[axis] = at % shape[axis];
    at /= shape[axis];
  }
  return position;
}

bool broadcasts_to(const Shape& from, const Shape& to) {
  if (from.ndim() > to.ndim()) return false;
  int lead = to.ndim() - from.ndim();
  for (int i = 0; i < from.ndim(); ++i)
    if (from[i] != to[lead + i] && from[i] != 1) return false;
  return true;
}

std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << to_string(shape); }

}  // namespace xgrad
