#include "unpooling.hpp"

#include "create.hpp"
#include "detail/index_check.hpp"
#include "movement.hpp"
#include "scatter.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The extent that is pooled to `places`.
std::int64_t extent_before(const char* name, std::int64_t places, std::int64_t window, std::int64_t stride,
                           std::int64_t padding, SourceLocation where) {
  std::int64_t reach = 0, cut = 0, extent = 0;
  const bool overflows = __builtin_mul_overflow(places - 1, stride, &reach) ||
                         __builtin_mul_overflow(padding, 2, &cut) || __builtin_sub_overflow(reach, cut, &extent) ||
                         __builtin_add_overflow(extent, window, &extent);
  check(!overflows, where, name, ": extents must fit in an int64, but they do not.");
  return extent;
}

Tensor unpooled(const char* name, int axes, const Operand& operand, const Tensor& indices, const PerAxis& window,
                const MaxUnpoolingOptions& options) {
  const Tensor& x = operand.tensor(name);
  SourceLocation where = operand.where();
  check(x.ndim() == axes + 1 || x.ndim() == axes + 2, where, name, ": x must have ", axes + 2, " axes, or ", axes + 1,
        " for one sample, but it is ", x.shape(), ".");
  check(
      indices.defined() && indices.dtype() == DType::int64 && indices.shape() == x.shape(), where, name,
      ": indices must be int64 ", x.shape(), ", but they are ",
      [&] { return indices.defined() ? concat(indices.dtype(), ' ', indices.shape()) : "undefined"; }, ".");
  window.require(name, "window", axes, 1, where);
  const PerAxis& stride = options.stride.empty() ? window : options.stride;
  stride.require(name, "stride", axes, 1, where);
  options.padding.require(name, "padding", axes, 0, where);

  const int lead = x.ndim() - axes;
  const Shape& asked = options.output_size;
  check(asked.ndim() == 0 || asked.ndim() == axes || asked.ndim() == x.ndim(), where, name, ": output_size must have ",
        axes, " or ", x.ndim(), " extents, but it is ", asked, ".");
  Shape shape = x.shape();
  std::int64_t planes = 1, places = 1;
  for (int axis = 0; axis < lead; ++axis) planes *= shape[axis];
  for (int axis = 0; axis < axes; ++axis) {
    const std::int64_t given = shape[lead + axis];
    places *= given;
    std::int64_t extent = extent_before(name, given, window[axis], stride[axis], options.padding[axis], where);
    if (asked.ndim() > 0) {
      const std::int64_t own = asked[asked.ndim() - axes + axis];
      check(extent - stride[axis] < own && own < extent + stride[axis], where, name,
            ": output_size must be less than a stride off ", extent, ", but it is ", own, ".");
      extent = own;
    }
    shape[lead + axis] = extent;
    check(extent > 0, where, name,
          ": the result must have elements along the axes of the windows, but its extents are ", shape, ".");
  }
  checked_numel(name, shape, where);
  std::int64_t extents = 1;
  for (int axis = 0; axis < axes; ++axis) extents *= shape[lead + axis];
  CallSite site(where);
  Tensor empty = zeros({planes, extents}, {.dtype = x.dtype()});
  Tensor checked = checked_indices(name, reshape(indices, {planes, places}), empty, 1, where);
  return reshape(scatter(empty, 1, checked, reshape(x, {planes, places})), shape);
}

}  // namespace

Tensor max_unpool1d(const Operand& x, const Tensor& indices, PerAxis window, MaxUnpoolingOptions options) {
  return unpooled("max_unpool1d", 1, x, indices, window, options);
}
Tensor max_unpool2d(const Operand& x, const Tensor& indices, PerAxis window, MaxUnpoolingOptions options) {
  return unpooled("max_unpool2d", 2, x, indices, window, options);
}
Tensor max_unpool3d(const Operand& x, const Tensor& indices, PerAxis window, MaxUnpoolingOptions options) {
  return unpooled("max_unpool3d", 3, x, indices, window, options);
}

}  // namespace xgrad
