#include <algorithm>
#include <limits>
#include <numeric>

#include "../../extend.hpp"
#include "../../grad_mode.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"
#include "matrices.hpp"
#include "solve.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

namespace {

double epsilon_of(DType dtype) {
  return dtype == DType::float32 ? double{std::numeric_limits<float>::epsilon()}
                                 : std::numeric_limits<double>::epsilon();
}

double default_rcond(const Tensor& x) {
  return epsilon_of(x.dtype()) * static_cast<double>(std::max(x.size(-1), x.size(-2)));
}

}  // namespace

// ---- pinv and matrix_rank ----

Tolerance::Tolerance(double bound) : bounds_(full({}, bound, {.dtype = DType::float64})) {}

namespace {

/// Whether the shapes broadcast; `shape` becomes what they broadcast to.
bool join_shapes(Shape& shape, const Shape& other) {
  if (other.ndim() > kMaxDims - 2) return false;
  Shape joined = shape.ndim() < other.ndim() ? other : shape;
  const Shape& shorter = shape.ndim() < other.ndim() ? shape : other;
  for (int axis = 1; axis <= shorter.ndim(); ++axis) {
    if (joined[-axis] == 1)
      joined[-axis] = shorter[-axis];
    else if (shorter[-axis] != 1 && shorter[-axis] != joined[-axis])
      return false;
  }
  shape = joined;
  return true;
}

/// Checks a tolerance for a batch of matrices, which becomes that of the results: one for each pair of the two.
void check_tolerance(const char* name, const char* which, const Tolerance& tolerance, Shape& lead,
                     SourceLocation where) {
  if (!tolerance.given()) return;
  check(join_shapes(lead, tolerance.bounds().shape()), where, name, ": ", which,
        " must be a number, or broadcast with the batch of matrices, but it is ", tolerance.bounds().shape(),
        " for a batch of ", lead, ".");
}

/// The bound that a magnitude must exceed to count: [..., 1].
Tensor bound_of(const Tensor& x, const Tensor& magnitudes, const RankOptions& options) {
  const double default_rtol = default_rcond(x);
  auto as_double = [](const Tensor& bounds) { return cast(bounds.detach(), DType::float64); };
  const Tensor atol = options.atol.given() ? as_double(options.atol.bounds()) : full({}, 0, {.dtype = DType::float64});
  const Tensor rtol = options.rtol.given() ? as_double(options.rtol.bounds()) : where(atol > 0, 0.0, default_rtol);
  Shape lead = lead_of(x.shape());
  const Tensor largest =
      magnitudes.size(-1) == 0 ? zeros(lead, {.dtype = DType::float64}) : cast(amax(magnitudes, -1), DType::float64);
  return unsqueeze(maximum(atol, rtol * largest), -1);
}

void check_options(const char* name, const Tensor& x, const RankOptions& options, SourceLocation where) {
  if (options.hermitian) check_square(name, x, where);
  Shape lead = lead_of(x.shape());
  check_tolerance(name, "atol", options.atol, lead, where);
  check_tolerance(name, "rtol", options.rtol, lead, where);
}

void check_finite(const char* name, const char* what, const Tensor& x, SourceLocation where) {
  check(all(isfinite(x.detach())).item<bool>(), where, name, ": elements must be finite, but ", what, " ", x.shape(),
        " has inf or nan.");
}

/// A pseudoinverse and how many values count in it; -1 where that tells nothing of x.
struct Pseudoinverse {
  Tensor inverse, rank;
};

/// By the values that exceed the tolerance, or by the first `rank` of them where that is defined.
Pseudoinverse pinv_value(const Tensor& x, const RankOptions& options, const Tensor& rank) {
  Tensor magnitudes, values, left, right;
  if (options.hermitian) {
    const Eigh parts = eigh(x);
    values = parts.values;
    magnitudes = abs(values);
    left = parts.vectors;
    right = transpose(parts.vectors);
  } else {
    const Svd parts = svd(x, {.full_matrices = false});
    values = magnitudes = parts.s;
    left = transpose(parts.vh);
    right = transpose(parts.u);
  }
  const Tensor counts = rank.defined() ? arange(magnitudes.size(-1)) < unsqueeze(rank, -1)
                                       : cast(magnitudes, DType::float64) > bound_of(x, magnitudes, options);
  const Tensor inverse = where(counts, reciprocal(values), 0);
  return {contiguous(matmul(left * unsqueeze(inverse, -2), right)), sum(counts, -1)};
}

/// x's cotangent for the cotangent g of its pseudoinverse p, for matrices of constant rank:
/// dP = -P dx P + P P^T dx^T (I - x P) + (I - P x) dx^T P^T P.
/// I - x P is 0 where the rank is that of all rows, I - P x where it is that of all columns: what rounding leaves of
/// them would be multiplied by the square of the condition number.
Tensor pinv_cotangent(const Tensor& x, const Tensor& p, const Tensor& rank, const Tensor& g) {
  const Tensor pt = transpose(p), gt = transpose(g);
  const Tensor left = matmul(gt, p), right = matmul(p, gt);  // [m, m], [n, n]
  Tensor total = neg(transpose(matmul(p, left)));
  auto add_unless = [&](const Tensor& is_full, const Tensor& term) {
    total = total + where(unsqueeze(unsqueeze(is_full, -1), -1), 0, term);
  };
  const Tensor all_rows = rank == x.size(-2), all_columns = rank == x.size(-1);
  if (!all(all_rows).item<bool>())  // (I - x P) g^T P P^T
    add_unless(all_rows, matmul(left - matmul(x, matmul(p, left)), pt));
  if (!all(all_columns).item<bool>())  // P^T P g^T (I - P x)
    add_unless(all_columns, matmul(pt, right - matmul(matmul(right, p), x)));
  return total;
}

/// The pseudoinverse, recorded, and the rank.
Pseudoinverse pseudoinverse(const Tensor& x, const RankOptions& options, SourceLocation where,
                            const Tensor& rank = {}) {
  Pseudoinverse result;
  {
    NoGrad no_grad;
    result = pinv_value(x.detach(), options, rank);
  }
  if (!is_recording({x})) return result;
  // Of a matrix that is not what it is taken for, as one triangle is read, the result is no pseudoinverse: x P is not
  // the identity at full rank either.
  if (options.hermitian)
    result.rank = xgrad::where(all(x.detach() == transpose(x.detach()), {-2, -1}), result.rank, -1);
  std::vector<Tensor> outputs =
      record("pinv", where, {x}, {result.inverse, result.rank}, {Uses::input(0) | Uses::output(0) | Uses::output(1)},
             [](Vjp& vjp) {
               vjp.give(0, sum_to(pinv_cotangent(vjp.input(0), vjp.output(0), vjp.output(1), vjp.g(0)), vjp.shape(0)));
             });
  return {outputs[0], outputs[1]};
}

}  // namespace

Tensor pinv(const Operand& operand, RankOptions options) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_matrices("pinv", operand.tensor("pinv"), where);
  check_options("pinv", x, options, where);
  check_finite("pinv", "x", x, where);
  CallSite site(where);
  return pseudoinverse(x, options, where).inverse;
}

Tensor matrix_rank(const Operand& operand, RankOptions options) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_matrices("matrix_rank", operand.tensor("matrix_rank"), where);
  check_options("matrix_rank", x, options, where);
  check_finite("matrix_rank", "x", x, where);
  CallSite site(where);
  const Tensor magnitudes = options.hermitian ? abs(eigvalsh(x.detach())) : svdvals(x.detach());
  return sum(cast(magnitudes, DType::float64) > bound_of(x, magnitudes, options), -1);
}

// ---- lstsq ----

namespace {

LeastSquares driver_named(std::string_view name, SourceLocation where) {
  if (name == "gels") return LeastSquares::gels;
  if (name == "gelsy") return LeastSquares::gelsy;
  if (name == "gelsd") return LeastSquares::gelsd;
  check(name == "gelss", where, "lstsq: the driver must be gels, gelsy, gelsd or gelss, but it is ", name, ".");
  return LeastSquares::gelss;
}

/// The derivative of the solution is that of pinv(a) b, with as many singular values as the driver took.
void lstsq_rule(Vjp& vjp) {
  const Tensor rank = vjp.output(1).detach();
  const Tensor& of_a = vjp.input(0);
  const Tensor a = expand(of_a, with_matrix(rank.shape(), of_a.size(-2), of_a.size(-1)));
  const Tensor& b = vjp.input(1);
  const Tensor& g = vjp.g(0);
  const auto [inverse, counted] = pseudoinverse(a, {}, vjp.where(), rank);
  if (vjp.needs(1)) vjp.give(1, sum_to(matmul(transpose(inverse), g), vjp.shape(1)));
  // As of pinv, for the cotangent g b^T of the pseudoinverse.
  if (vjp.needs(0)) vjp.give(0, sum_to(pinv_cotangent(a, inverse, counted, matmul(g, transpose(b))), vjp.shape(0)));
}

}  // namespace

Lstsq lstsq(const Operand& left, const Operand& right, LstsqOptions options) {
  const SourceLocation where = left.where();
  Tensor a = left.tensor("lstsq"), b = right.tensor("lstsq");
  promote_floating("lstsq", a, b, where);
  check_matrices("lstsq", a, where);
  const LeastSquares driver = driver_named(options.driver, where);
  CallSite site(where);
  const bool vectors = lacks_last_axis(b, a);
  if (vectors) b = unsqueeze(b, -1);
  check(b.ndim() >= 2 && b.size(-2) == a.size(-2), where, "lstsq: b must have as many rows as a, but a is ", a.shape(),
        " and b is ", right.tensor("lstsq").shape(), ".");
  check_finite("lstsq", "a", a, where);
  check_finite("lstsq", "b", b, where);
  const Shape lead = broadcast_shapes("lstsq", lead_of(a.shape()), lead_of(b.shape()), where);
  const std::int64_t m = a.size(-2), n = a.size(-1), k = b.size(-1), least = std::min(m, n), count = lead.numel();
  const double rcond = options.rcond.value_or(default_rcond(a));
  const bool has_values = driver == LeastSquares::gelsd || driver == LeastSquares::gelss;

  const Tensor of_a = working_copy("lstsq", a, lead, where), of_b = working_copy("lstsq", b, lead, where);
  Tensor x = new_checked("lstsq", with_matrix(lead, n, k), a.dtype(), where);
  Tensor rank = new_result("lstsq", lead, DType::int64, where);
  Shape values_shape = lead;
  values_shape.push_back(least);
  Tensor values = new_result("lstsq", has_values ? values_shape : Shape{0}, a.dtype(), where);
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(a.dtype(), [&]<class T>(T) {
    least_squares<T>(count, m, n, k, driver, rcond, data_of<T>(of_a), data_of<T>(of_b), data_of<T>(x),
                     data_of<std::int64_t>(rank), has_values ? data_of<T>(values) : nullptr, info.data());
  });
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, "lstsq: a matrix must have full rank for gels, or an iteration that converges, but ",
          matrix_at(failed, of_a.shape()), " has not (LAPACK answers ", info[static_cast<std::size_t>(failed)], ").");
  Lstsq result;
  result.rank = driver == LeastSquares::gels ? zeros({0}, {.dtype = DType::int64}) : copy(rank);
  result.singular_values = values;
  result.solution = record("lstsq", where, {a, b}, {std::move(x), rank},
                           {Uses::input(0) | Uses::input(1) | Uses::output(1)}, lstsq_rule)[0];
  bool full_rank = m > n && driver != LeastSquares::gelsy;  // as PyTorch has it
  for (std::int64_t i = 0; i < count && full_rank; ++i) full_rank = data_of<std::int64_t>(rank)[i] == n;
  result.residuals = full_rank ? sum(square(sub(b, matmul(a, result.solution))), -2) : zeros({0}, {.dtype = a.dtype()});
  if (vectors) result.solution = squeeze(result.solution, -1);
  return result;
}

// ---- Tensors as matrices ----

namespace {

std::int64_t product_of(const Shape& shape, int first, int last) {
  std::int64_t product = 1;
  for (int axis = first; axis < last; ++axis) product *= shape[axis];
  return product;
}

}  // namespace

Tensor tensorsolve(const Operand& left, const Operand& right, const Axes& axes) {
  const SourceLocation where = left.where();
  Tensor a = left.tensor("tensorsolve"), b = right.tensor("tensorsolve");
  promote_floating("tensorsolve", a, b, where);
  CallSite site(where);
  const unsigned moved = axis_mask("tensorsolve", axes, a.ndim(), where);
  if (moved != 0) {
    std::vector<int> order;
    for (int axis = 0; axis < a.ndim(); ++axis)
      if ((moved >> axis & 1) == 0) order.push_back(axis);
    for (int axis : axes.list()) order.push_back(normalize_axis("tensorsolve", axis, a.ndim(), where));
    a = permute(a, order);
  }
  check(a.ndim() >= b.ndim(), where, "tensorsolve: a must have more axes than b, but a is ", a.shape(), " and b is ",
        b.shape(), ".");
  const std::int64_t rows = product_of(a.shape(), 0, b.ndim()), columns = product_of(a.shape(), b.ndim(), a.ndim());
  check(rows == b.numel() && rows == columns, where,
        "tensorsolve: a must have as many elements in front as behind, and as b, "
        "but a is ",
        a.shape(), " and b is ", b.shape(), " (", rows, ", ", columns, " and ", b.numel(), ").");
  const Shape shape(std::span(a.shape().begin() + b.ndim(), a.shape().end()));
  return reshape(solution("tensorsolve", reshape(a, {rows, columns}), reshape(b, {rows, 1}), where), shape);
}

Tensor tensorinv(const Operand& operand, int ind) {
  const SourceLocation where = operand.where();
  const Tensor& x = operand.tensor("tensorinv");
  check(is_floating(x.dtype()), where, "tensorinv: x must be floating, but it is ", x.dtype(), ' ', x.shape(), ".");
  check(ind > 0 && ind <= x.ndim(), where, "tensorinv: ind must be above 0 and at most x's axes, but it is ", ind,
        " and x is ", x.shape(), ".");
  const std::int64_t rows = product_of(x.shape(), 0, ind), columns = product_of(x.shape(), ind, x.ndim());
  check(rows == columns, where, "tensorinv: x must have as many elements in front of axis ind as behind, but x is ",
        x.shape(), " and ind is ", ind, " (", rows, " != ", columns, ").");
  CallSite site(where);
  Shape shape(std::span(x.shape().begin() + ind, x.shape().end()));
  for (int axis = 0; axis < ind; ++axis) shape.push_back(x.shape()[axis]);
  return reshape(inverse("tensorinv", reshape(x, {rows, columns}), Singular::refuse, where), shape);
}

}  // namespace linalg
}  // namespace xgrad
