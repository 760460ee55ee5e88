#include "matrices.hpp"

#include <algorithm>
#include <climits>

#include "../../kernels/elementwise.hpp"
#include "../../kernels/walk.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../create.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"

namespace xgrad::internal {

const Tensor& check_matrices(const char* name, const Tensor& x, SourceLocation where) {
  check(is_floating(x.dtype()), where, name, ": matrices must be floating, but they are ", x.dtype(), ' ', x.shape(),
        ". Use cast().");
  check(x.ndim() >= 2, where, name, ": matrices must have two axes or more, but there is ", x.shape(), ".");
  check(x.size(-1) <= INT_MAX / 8 && x.size(-2) <= INT_MAX / 8, where, name,
        ": a matrix must have fewer rows and columns than 2^28, but there is ", x.shape(), ".");
  return x;
}

const Tensor& check_square(const char* name, const Tensor& x, SourceLocation where) {
  check_matrices(name, x, where);
  check(x.size(-1) == x.size(-2), where, name, ": matrices must be square, but there is ", x.shape(), ".");
  return x;
}

void promote_floating(const char* name, Tensor& a, Tensor& b, SourceLocation where) {
  const DType dtype = promote(a.dtype(), b.dtype());
  check(is_floating(dtype), where, name, ": an operand must be floating, but they are ", a.dtype(), " and ", b.dtype(),
        ".");
  a = cast_for(name, {a, where}, dtype);
  b = cast_for(name, {b, where}, dtype);
}

Tensor columns(const Tensor& x, std::int64_t start, std::int64_t length) { return narrow(x, -1, start, length); }

bool lacks_last_axis(const Tensor& b, const Tensor& a) {
  if (b.ndim() != a.ndim() - 1) return false;
  for (int axis = 0; axis < b.ndim(); ++axis)
    if (b.shape()[axis] != a.shape()[axis]) return false;
  return true;
}

std::int64_t count_matrices(const Tensor& x) {
  std::int64_t count = 1;
  for (int axis = 0; axis < x.ndim() - 2; ++axis) count *= x.shape()[axis];
  return count;
}

Tensor working_copy(const char* name, const Tensor& x, SourceLocation where) {
  Tensor copied = new_result(name, x.shape(), x.dtype(), where);
  copy_into(copied, x);
  return copied;
}

Tensor working_copy(const char* name, const Tensor& x, const Shape& lead, SourceLocation where) {
  const Shape shape = with_matrix(lead, x.size(-2), x.size(-1));
  if (x.shape() == shape) return working_copy(name, x, where);
  Strides strides;
  const int shift = shape.ndim() - x.ndim();
  for (int axis = 0; axis < shape.ndim(); ++axis)
    strides.push_back(axis < shift || (x.shape()[axis - shift] == 1 && shape[axis] != 1) ? 0
                                                                                         : x.strides()[axis - shift]);
  Tensor copied = new_checked(name, shape, x.dtype(), where);
  copy_into(copied, new_view(x, shape, strides, x.impl()->data));
  return copied;
}

std::vector<std::int64_t> places_in(const Shape& own, const Shape& lead) {
  const Strides row = row_major(own);
  Strides strides;
  const int shift = lead.ndim() - own.ndim();
  for (int axis = 0; axis < lead.ndim(); ++axis)
    strides.push_back(axis < shift || own[axis - shift] == 1 ? 0 : row[axis - shift]);
  std::vector<std::int64_t> places(static_cast<std::size_t>(lead.numel()));
  if (places.empty()) return places;
  Walk walk(lead.ndim(), lead.begin(), strides.begin(), 0);
  for (std::int64_t& place : places) {
    place = walk.offset();
    walk.next();
  }
  return places;
}

std::int64_t first_failure(const std::vector<int>& info) {
  for (std::size_t i = 0; i < info.size(); ++i)
    if (info[i] != 0) return static_cast<std::int64_t>(i);
  return -1;
}

std::string matrix_at(std::int64_t at, const Shape& shape) {
  if (shape.ndim() <= 2) return "it";
  return concat("matrix ", position_of(at, lead_of(shape)), " of ", shape);
}

Tensor symmetric_part(const Tensor& x) { return 0.5 * (x + transpose(x)); }

Tensor identities(const Shape& lead, std::int64_t n, DType dtype) {
  return expand(eye(n, {.dtype = dtype}), with_matrix(lead, n, n));
}

}  // namespace xgrad::internal
