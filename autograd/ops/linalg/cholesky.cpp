#include "../../extend.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../diagonal.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "matrices.hpp"
#include "solve.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

namespace {

/// S = L^-T P L^-1 for the lower triangle P of L^T g with its diagonal halved; the cotangent is S's symmetric part.
void rule_of_operators(Vjp& vjp, bool upper) {
  const Tensor factor = upper ? transpose(vjp.output()) : vjp.output();
  const Tensor g = upper ? transpose(vjp.g()) : vjp.g();
  const Tensor product = tril(matmul(transpose(factor), g));
  const Tensor halved = product - 0.5 * diag_embed(diagonal(product, kMatrixDiagonal));
  const Tensor left = solve_triangular(transpose(factor), halved, {.upper = true});
  vjp.give(0, symmetric_part(solve_triangular(factor, left, {.upper = false, .left = false})));
}

void cholesky_rule(Vjp& vjp, bool upper) {
  if (vjp.creates_graph()) return rule_of_operators(vjp, upper);
  const Tensor& factor = vjp.output();
  Tensor g = working_copy("cholesky", vjp.g(), vjp.where());
  dispatch_floating(g.dtype(), [&]<class T>(T) {
    cholesky_cotangent<T>(count_matrices(g), g.size(-1), upper, data_of<T>(factor), data_of<T>(g));
  });
  vjp.give(0, std::move(g));
}

}  // namespace

Tensor cholesky(const Operand& operand, CholeskyOptions options) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_square("cholesky", operand.tensor("cholesky"), where);
  const std::int64_t count = count_matrices(x);
  Tensor y = working_copy("cholesky", x, where);
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    xgrad::internal::cholesky<T>(count, x.size(-1), options.upper, data_of<T>(y), info.data());
  });
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, "cholesky: a matrix must be positive definite, but ", matrix_at(failed, x.shape()),
          " is not: pivot ", info[static_cast<std::size_t>(failed)], " of ", x.size(-1), " is not above 0.");
  return record("cholesky", where, {x}, std::move(y), {Uses::output()},
                [upper = options.upper](Vjp& vjp) { cholesky_rule(vjp, upper); });
}

Tensor cholesky_solve(const Operand& right, const Operand& left, CholeskyOptions options) {
  const SourceLocation where = right.where();
  Tensor b = right.tensor("cholesky_solve"), factor = left.tensor("cholesky_solve");
  promote_floating("cholesky_solve", b, factor, where);
  check_square("cholesky_solve", factor, where);
  check(b.ndim() >= 2 && b.size(-2) == factor.size(-1), where,
        "cholesky_solve: b must be matrices of as many rows as the factor has, but b is ", b.shape(),
        " and the factor is ", factor.shape(), ".");
  broadcast_shapes("cholesky_solve", lead_of(b.shape()), lead_of(factor.shape()), where);
  CallSite site(where);
  const Tensor lower = options.upper ? transpose(factor) : factor;
  return solve_triangular(transpose(lower), solve_triangular(lower, b, {.upper = false}), {.upper = true});
}

Tensor cholesky_inverse(const Operand& operand, CholeskyOptions options) {
  const Tensor& factor = check_square("cholesky_inverse", operand.tensor("cholesky_inverse"), operand.where());
  CallSite site(operand.where());
  const std::int64_t n = factor.size(-1);
  const Tensor lower = options.upper ? transpose(factor) : factor;
  const Tensor inverse =
      solve_triangular(lower, identities(lead_of(factor.shape()), n, factor.dtype()), {.upper = false});
  return matmul(transpose(inverse), inverse);
}

}  // namespace linalg
}  // namespace xgrad
