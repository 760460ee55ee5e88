#include <algorithm>
#include <cmath>
#include <limits>
#include <string_view>

#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../index.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"
#include "matrices.hpp"
#include "solve.hpp"
#include "spectrum.hpp"
#include "svd.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

NormOrder::NormOrder(const char* name, SourceLocation where) {
  const std::string_view text = name;
  check(text == "fro" || text == "nuc", where, "norm: an order must be a number, \"fro\" or \"nuc\", but it is \"",
        text, "\".");
  kind_ = text == "fro" ? Kind::frobenius : Kind::nuclear;
}

void append_text(std::string& out, const NormOrder& order) {
  if (order.is_number())
    xgrad::append_text(out, order.number());
  else
    out += order.is_frobenius() ? "\"fro\"" : "\"nuc\"";
}

namespace {

Tensor norm_operand(const char* name, const Operand& operand, std::optional<DType> dtype) {
  const Tensor& x = operand.tensor(name);
  check(is_floating(x.dtype()), operand.where(), name, ": x must be floating, but it is ", x.dtype(), ' ', x.shape(),
        ".");
  check(!dtype || is_floating(*dtype), operand.where(), name, ": the dtype must be floating, but it is ",
        dtype.value_or(x.dtype()), ".");
  return dtype ? cast(x, *dtype) : x;
}

/// The largest or the least of the sums over one axis; the least or largest over the other.
Tensor of_sums(const char* name, const Tensor& x, int summed, bool largest, SourceLocation where) {
  const Tensor sums = sum(abs(x), summed, {.keepdims = true});
  const int axis = summed == -1 ? -2 : -1;
  check(sums.size(axis) > 0, where, name, ": there must be a ", axis == -1 ? "column" : "row", ", but the matrix is [",
        x.size(-2), ", ", x.size(-1), "].");
  return largest ? amax(sums, {-2, -1}) : amin(sums, {-2, -1});
}

/// The norm of the matrices in the last two axes.
Tensor norm_of_last(const char* name, const Tensor& x, const NormOrder& ord, SourceLocation where) {
  if (ord.is_frobenius()) return xgrad::norm(x, {-2, -1});
  if (ord.is_nuclear()) return nuclear_norm(name, x, where);
  const double p = std::abs(ord.number());
  check(p == 1 || p == 2 || std::isinf(p), where, name,
        ": the order must be \"fro\", \"nuc\", 1, 2, inf, or one of the last "
        "three negated, but it is ",
        ord, ".");
  const bool largest = ord.number() > 0;
  if (p != 2) return of_sums(name, x, p == 1 ? -2 : -1, largest, where);
  check(x.size(-1) > 0 && x.size(-2) > 0, where, name, ": of order ", ord,
        " there must be a singular value, but the matrix is [", x.size(-2), ", ", x.size(-1), "].");
  const Extremes values = extreme_singular_values(name, x, where);
  return largest ? values.largest : values.least;
}

Tensor norm_of_matrices(const char* name, const Tensor& x, const MatrixNormOptions& options, SourceLocation where) {
  check(x.ndim() >= 2, where, name, ": matrices must have two axes or more, but x is ", x.shape(), ".");
  const std::vector<int>& list = options.axes.list();
  check(list.size() == 2 && !options.axes.is_all(), where, name, ": a matrix must have two axes, but ", list.size(),
        " are named.");
  const int rows = normalize_axis(name, list[0], x.ndim(), where),
            columns = normalize_axis(name, list[1], x.ndim(), where);
  axis_mask(name, options.axes, x.ndim(), where);  // throws for an axis named twice
  std::vector<int> order;
  for (int axis = 0; axis < x.ndim(); ++axis)
    if (axis != rows && axis != columns) order.push_back(axis);
  order.push_back(rows);
  order.push_back(columns);
  Tensor y = norm_of_last(name, permute(x, order), options.ord, where);
  if (!options.keepdims) return y;
  for (int axis : {std::min(rows, columns), std::max(rows, columns)}) y = unsqueeze(y, axis);
  return y;
}

}  // namespace

Tensor matrix_norm(const Operand& operand, MatrixNormOptions options) {
  CallSite site(operand.where());
  return norm_of_matrices("matrix_norm", norm_operand("matrix_norm", operand, options.dtype), options, operand.where());
}

Tensor norm(const Operand& operand, NormOptions options) {
  const SourceLocation where = operand.where();
  CallSite site(where);
  const Tensor x = norm_operand("norm", operand, options.dtype);
  const bool is_name = options.ord && !options.ord->is_number();
  Axes axes = options.axes;
  check(!options.ord || !axes.is_all() || x.ndim() == 1 || x.ndim() == 2, where,
        "norm: with an order and without axes x must be a vector or a matrix, but it is ", x.shape(), ".");
  const std::size_t count = axes.is_all() ? static_cast<std::size_t>(x.ndim()) : axes.list().size();
  if (options.ord && (is_name || count == 2)) {
    check(count == 2, where, "norm: order ", *options.ord, " must be of matrices, but ", count, " axes are reduced of ",
          x.shape(), ".");
    if (axes.is_all()) axes = {-2, -1};
    return norm_of_matrices("norm", x, {.ord = *options.ord, .axes = axes, .keepdims = options.keepdims}, where);
  }
  check(!options.ord || count <= 1, where, "norm: an order is one of vectors or matrices, but ", count,
        " axes are reduced of ", x.shape(), ".");
  return xgrad::norm(x, axes, {.p = options.ord ? options.ord->number() : 2, .keepdims = options.keepdims});
}

namespace {

/// What stands for the condition numbers of singular matrices: their values, with a derivative that is nan but for
/// those with a cotangent of 0, which add nothing to a gradient.
Tensor pole(const Tensor& x, Tensor value, SourceLocation where) {
  return record("cond", where, {x}, std::move(value), {Uses()}, [](Vjp& vjp) {
    const Tensor g = unsqueeze(unsqueeze(vjp.g().detach(), -1), -1);
    vjp.give(0, copy(expand(xgrad::where(g == 0, g, std::numeric_limits<double>::quiet_NaN()), vjp.shape(0))));
  });
}

}  // namespace

Tensor cond(const Operand& operand, NormOrder ord) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_matrices("cond", operand.tensor("cond"), where);
  CallSite site(where);
  if (ord.is_number() && std::abs(ord.number()) == 2) {
    if (x.size(-1) == 0 || x.size(-2) == 0) return zeros(lead_of(x.shape()), {.dtype = x.dtype()});
    const auto [largest, least] = extreme_singular_values("cond", x, where);
    const Tensor& above = ord.number() > 0 ? largest : least;
    const Tensor& below = ord.number() > 0 ? least : largest;
    const Tensor is_zero = below.detach() == 0;
    if (!any(is_zero).item<bool>()) return above / below;
    return xgrad::where(is_zero, pole(x, above.detach() / below.detach(), where),
                        above / xgrad::where(is_zero, 1, below));
  }
  check_square("cond", x, where);
  if (x.size(-1) == 0) return zeros(lead_of(x.shape()), {.dtype = x.dtype()});
  const Tensor inverted = inverse("cond", x, Singular::infinite, where);
  const Tensor is_singular = any(isinf(inverted.detach()), {-2, -1});
  if (!any(is_singular).item<bool>())
    return norm_of_last("cond", x, ord, where) * norm_of_last("cond", inverted, ord, where);
  // Singular ones are left out of all that is differentiated; an infinite inverse has no singular values either.
  const Tensor regular =
      xgrad::where(unsqueeze(unsqueeze(is_singular, -1), -1), identities(lead_of(x.shape()), x.size(-1), x.dtype()), x);
  const Tensor of_regular = norm_of_last("cond", regular, ord, where) *
                            norm_of_last("cond", inverse("cond", regular, Singular::infinite, where), ord, where);
  return xgrad::where(
      is_singular,
      pole(x, full(lead_of(x.shape()), std::numeric_limits<double>::infinity(), {.dtype = x.dtype()}), where),
      of_regular);
}

}  // namespace linalg
}  // namespace xgrad
