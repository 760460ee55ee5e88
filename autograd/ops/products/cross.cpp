#include <optional>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../linalg.hpp"
#include "../products.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// Cross products of a [outer, 3, inner] and b, contiguous, over the places outer * inner.
template <class T>
struct CrossProducts {
  const T* a;
  const T* b;
  T* y;
  std::int64_t inner;

  static void run(const CrossProducts& c, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t first = at / c.inner * 3 * c.inner + at % c.inner, second = first + c.inner,
                         third = second + c.inner;
      const T x = c.a[second] * c.b[third] - c.a[third] * c.b[second];
      const T y = c.a[third] * c.b[first] - c.a[first] * c.b[third];
      const T z = c.a[first] * c.b[second] - c.a[second] * c.b[first];
      c.y[first] = x;
      c.y[second] = y;
      c.y[third] = z;
    }
  }
};

/// x stretched to the shape, contiguous, not recorded.
Tensor stretched_value(const Tensor& x, const Shape& shape) {
  if (x.shape() == shape && x.is_contiguous()) return x;
  Tensor y = new_tensor(shape, x.dtype());
  Strides strides;
  for (int axis = 0; axis < shape.ndim(); ++axis) strides.push_back(x.shape()[axis] == 1 ? 0 : x.strides()[axis]);
  copy_into(y, new_view(x, shape, strides, x.impl()->data));
  return y;
}

Tensor crossed(const char* name, const Operand& left, const Operand& right, std::optional<int> given_axis) {
  const SourceLocation where = left.where();
  const Tensor& given_a = left.tensor(name);
  const Tensor& given_b = right.tensor(name);
  const DType dtype = promote(given_a.dtype(), given_b.dtype());
  check(dtype != DType::boolean, where, name, ": operands must be numbers, but both are boolean. Use cast().");
  check(given_a.ndim() == given_b.ndim(), where, name, ": operands must have the same number of axes, but a is ",
        given_a.shape(), " and b is ", given_b.shape(), ".");
  const Shape shape = broadcast_shapes(name, given_a.shape(), given_b.shape(), where);
  int axis = 0;
  if (given_axis) {
    axis = normalize_axis(name, *given_axis, given_a.ndim(), where);
  } else {
    while (axis < given_a.ndim() && given_a.shape()[axis] != 3) ++axis;
    check(axis < given_a.ndim(), where, name, ": an axis must have extent 3, but a is ", given_a.shape(), ".");
  }
  check(given_a.shape()[axis] == 3 && given_b.shape()[axis] == 3, where, name, ": axis ", axis,
        " must have extent 3, but a is ", given_a.shape(), " and b is ", given_b.shape(), ".");

  const Tensor a = cast_for(name, {given_a, where}, dtype), b = cast_for(name, {given_b, where}, dtype);
  Tensor y = new_checked(name, shape, dtype, where);
  const Tensor of_a = stretched_value(a, shape), of_b = stretched_value(b, shape);
  std::int64_t inner = 1;
  for (int i = axis + 1; i < shape.ndim(); ++i) inner *= shape[i];
  dispatch(dtype, [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>)
      launch(CrossProducts<T>{data_of<T>(of_a), data_of<T>(of_b), data_of<T>(y), inner}, y.numel() / 3,
             kElementwiseGrain / 3);
  });
  return record(name, where, {a, b}, std::move(y), {Uses::input(1), Uses::input(0)}, [axis](Vjp& vjp) {
    if (vjp.needs(0)) vjp.give(0, sum_to(cross(vjp.input(1), vjp.g(), axis), vjp.shape(0)));
    if (vjp.needs(1)) vjp.give(1, sum_to(cross(vjp.g(), vjp.input(0), axis), vjp.shape(1)));
  });
}

}  // namespace

Tensor cross(const Operand& a, const Operand& b, int axis) { return crossed("cross", a, b, axis); }

Tensor cross(const Operand& a, const Operand& b) { return crossed("cross", a, b, std::nullopt); }

namespace linalg {
Tensor cross(const Operand& a, const Operand& b, int axis) { return crossed("cross", a, b, axis); }
}  // namespace linalg

}  // namespace xgrad
