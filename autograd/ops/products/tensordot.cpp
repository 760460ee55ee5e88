#include <algorithm>
#include <cmath>
#include <limits>

#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "contract.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

DType product_dtype(const char* name, const Tensor& a, const Tensor& b, SourceLocation where) {
  DType dtype = promote(a.dtype(), b.dtype());
  check(dtype != DType::boolean, where, name, ": operands must be numbers, but both are boolean. Use cast().");
  return dtype;
}

/// Sum of products over pairs of axes that are there and fit.
Tensor summed_product(const char* name, const Tensor& a, const Tensor& b, const std::vector<int>& a_axes,
                      const std::vector<int>& b_axes, SourceLocation where) {
  DType dtype = product_dtype(name, a, b, where);
  const int result_ndim = a.ndim() + b.ndim() - 2 * static_cast<int>(a_axes.size());
  check(result_ndim <= kMaxDims, where, name, ": the result has at most ", kMaxDims, " axes, but a is ", a.shape(),
        " and b is ", b.shape(), ".");
  for (std::size_t i = 0; i < a_axes.size(); ++i) {
    const std::int64_t in_a = a.shape()[a_axes[i]], in_b = b.shape()[b_axes[i]];
    check(in_a == in_b || in_a == 1 || in_b == 1, where, name, ": extents of the summed axes must agree, but axis ",
          a_axes[i], " of a ", a.shape(), " and axis ", b_axes[i], " of b ", b.shape(), " differ (", in_a, " != ", in_b,
          ").");
  }
  Labelled left{cast(a, dtype), {}}, right{cast(b, dtype), {}};
  std::vector<int> wanted;
  for (int axis = 0; axis < a.ndim(); ++axis) left.labels.push_back(axis);
  for (int axis = 0; axis < b.ndim(); ++axis) right.labels.push_back(kMaxDims + axis);
  for (std::size_t i = 0; i < a_axes.size(); ++i) right.labels[static_cast<std::size_t>(b_axes[i])] = a_axes[i];
  for (int label : left.labels)
    if (std::find(a_axes.begin(), a_axes.end(), label) == a_axes.end()) wanted.push_back(label);
  for (int label : right.labels)
    if (label >= kMaxDims) wanted.push_back(label);
  Shape shape;
  for (int label : wanted) shape.push_back(label < kMaxDims ? a.shape()[label] : b.shape()[label - kMaxDims]);
  checked_numel(name, shape, where);

  // An axis that the other operand stretches is left out of the product.
  auto leave_out = [](Labelled& x, int label) {
    const auto at = std::find(x.labels.begin(), x.labels.end(), label);
    x.tensor = squeeze(x.tensor, static_cast<int>(at - x.labels.begin()));
    x.labels.erase(at);
  };
  for (std::size_t i = 0; i < a_axes.size(); ++i) {
    const std::int64_t in_a = a.shape()[a_axes[i]], in_b = b.shape()[b_axes[i]];
    if (in_a == in_b) continue;
    leave_out(in_a == 1 ? left : right, a_axes[i]);
  }
  return contiguous(in_order(contract(left, right, set_of(wanted), wanted), wanted).tensor);
}

std::vector<int> normalized(const char* name, const Axes& axes, const Tensor& x, SourceLocation where) {
  std::vector<int> list;
  if (axes.is_all())
    for (int axis = 0; axis < x.ndim(); ++axis) list.push_back(axis);
  for (int axis : axes.list()) list.push_back(normalize_axis(name, axis, x.ndim(), where));
  axis_mask(name, list, x.ndim(), where);  // throws for an axis named twice
  return list;
}

}  // namespace

Tensor tensordot(const Operand& left, const Operand& right, int axes) {
  CallSite site(left.where());
  const Tensor& a = left.tensor("tensordot");
  const Tensor& b = right.tensor("tensordot");
  check(axes >= 0, left.where(), "tensordot: the number of axes must not be negative, but it is ", axes, ".");
  check<std::out_of_range>(axes <= a.ndim() && axes <= b.ndim(), left.where(), "tensordot: both operands must have ",
                           axes, " axes to sum over, but a is ", a.shape(), " and b is ", b.shape(), ".");
  std::vector<int> last, first;
  for (int i = 0; i < axes; ++i) {
    last.push_back(a.ndim() - axes + i);
    first.push_back(i);
  }
  return summed_product("tensordot", a, b, last, first, left.where());
}

Tensor tensordot(const Operand& left, const Operand& right, const Axes& a_axes, const Axes& b_axes) {
  CallSite site(left.where());
  const Tensor& a = left.tensor("tensordot");
  const Tensor& b = right.tensor("tensordot");
  const std::vector<int> of_a = normalized("tensordot", a_axes, a, left.where());
  const std::vector<int> of_b = normalized("tensordot", b_axes, b, left.where());
  check(of_a.size() == of_b.size(), left.where(), "tensordot: the lists of axes must be equally long, but they name ",
        of_a.size(), " of a and ", of_b.size(), " of b.");
  return summed_product("tensordot", a, b, of_a, of_b, left.where());
}

Tensor inner(const Operand& left, const Operand& right) {
  CallSite site(left.where());
  const Tensor& a = left.tensor("inner");
  const Tensor& b = right.tensor("inner");
  if (a.ndim() == 0 || b.ndim() == 0) {
    const DType dtype = product_dtype("inner", a, b, left.where());
    return mul(cast(a, dtype), cast(b, dtype));
  }
  check(a.shape().back() == b.shape().back(), left.where(), "inner: the last extents must agree, but a is ", a.shape(),
        " and b is ", b.shape(), " (", a.shape().back(), " != ", b.shape().back(), ").");
  return summed_product("inner", a, b, {a.ndim() - 1}, {b.ndim() - 1}, left.where());
}

// ---- kron ----

namespace {

/// x with as many axes as asked for.
Tensor with_leading_axes(const Tensor& x, int ndim) {
  Shape shape = x.shape();
  while (shape.ndim() < ndim) shape.insert(0, 1);
  return reshape(x, shape);
}

/// For each element of the product, where its factor stands: at / divisor of each axis, or at % divisor.
Tensor places_of_factors(const Shape& result, const Shape& factor, const Shape& divisor, bool is_left) {
  std::vector<std::int64_t> places(static_cast<std::size_t>(result.numel()));
  const Strides strides = row_major(factor);
  for (std::size_t i = 0; i < places.size(); ++i) {
    const Shape at = position_of(static_cast<std::int64_t>(i), result);
    for (int axis = 0; axis < result.ndim(); ++axis)
      places[i] += strides[axis] * (is_left ? at[axis] / divisor[axis] : at[axis] % divisor[axis]);
  }
  return from_vector(places);
}

/// The product of two shapes; a message in the name of kron where an int64 cannot hold it.
Shape kron_shape(const Shape& a, const Shape& b, SourceLocation where) {
  Shape shape = a;
  for (int axis = 0; axis < a.ndim(); ++axis)
    check(!__builtin_mul_overflow(a[axis], b[axis], &shape[axis]), where,
          "kron: an int64 must hold each extent, but a is ", a, " and b is ", b, ".");
  checked_numel("kron", shape, where);
  return shape;
}

}  // namespace

Tensor kron(const Operand& left, const Operand& right) {
  CallSite site(left.where());
  const Tensor& given_a = left.tensor("kron");
  const Tensor& given_b = right.tensor("kron");
  const int ndim = std::max(given_a.ndim(), given_b.ndim());
  const Tensor a = with_leading_axes(given_a, ndim), b = with_leading_axes(given_b, ndim);
  const Shape shape = kron_shape(a.shape(), b.shape(), left.where());
  if (2 * ndim > kMaxDims) {  // more axes than a tensor of all blocks could have
    Tensor of_a = index_select(flatten(a), 0, places_of_factors(shape, a.shape(), b.shape(), true));
    Tensor of_b = index_select(flatten(b), 0, places_of_factors(shape, b.shape(), b.shape(), false));
    return reshape(mul(of_a, of_b), shape);
  }
  Shape rows, columns;
  for (int axis = 0; axis < ndim; ++axis) {
    rows.push_back(a.shape()[axis]);
    rows.push_back(1);
    columns.push_back(1);
    columns.push_back(b.shape()[axis]);
  }
  return reshape(mul(reshape(a, rows), reshape(b, columns)), shape);
}

}  // namespace xgrad
