#include <algorithm>

#include "../../extend.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../index.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "matrices.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

namespace {

/// The lower triangle, mirrored at the diagonal.
Tensor mirrored(const Tensor& x) { return tril(x) + transpose(tril(x, -1)); }

/// The cotangent of x = q r for m >= n.
Tensor tall_cotangent(const Tensor& of_q, const Tensor& of_r, const Tensor& q, const Tensor& r) {
  const Tensor inside = mirrored(matmul(r, transpose(of_r)) - matmul(transpose(of_q), q));
  return solve_triangular(transpose(r), of_q + matmul(q, inside), {.upper = false, .left = false});
}

void qr_rule(Vjp& vjp, QrMode mode) {
  if (vjp.shape(0).numel() == 0) return vjp.give(0, zeros(vjp.shape(0), {.dtype = vjp.dtype(0)}));
  check<std::logic_error>(
      mode != QrMode::r, vjp.where(),
      "qr: the mode must compute Q, which the derivative is made of, but it is QrMode::r. Use QrMode::reduced.");
  const Tensor& q = vjp.output(0);
  const Tensor& r = vjp.output(1);
  const std::int64_t m = vjp.shape(0)[-2], n = vjp.shape(0)[-1];
  check<std::logic_error>(
      mode != QrMode::complete || m <= n, vjp.where(),
      "qr: a complete decomposition must have no more rows than columns for its derivative, but x is ", vjp.shape(0),
      ". Use QrMode::reduced.");
  if (m >= n) return vjp.give(0, tall_cotangent(vjp.g(0), vjp.g(1), q, r));
  // x = [x1 x2] = q [r1 r2], with r2 = q^T x2.
  const Tensor r1 = columns(r, 0, m), r2 = columns(r, m, n - m);
  const Tensor of_r2 = columns(vjp.g(1), m, n - m);
  const Tensor of_x2 = matmul(q, of_r2);
  const Tensor of_q = vjp.g(0) + matmul(matmul(q, r2), transpose(of_r2));
  vjp.give(0, cat({tall_cotangent(of_q, columns(vjp.g(1), 0, m), q, r1), of_x2}, -1));
}

}  // namespace

Qr qr(const Operand& operand, QrMode mode) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_matrices("qr", operand.tensor("qr"), where);
  const Shape lead = lead_of(x.shape());
  const std::int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
  const std::int64_t inner = mode == QrMode::complete ? m : k;
  Tensor work = working_copy("qr", x, where);
  Tensor q = mode == QrMode::r ? new_result("qr", {0}, x.dtype(), where)
                               : new_checked("qr", with_matrix(lead, m, inner), x.dtype(), where);
  Tensor r = new_checked("qr", with_matrix(lead, inner, n), x.dtype(), where);
  const Orthogonal kind = mode == QrMode::r          ? Orthogonal::none
                          : mode == QrMode::complete ? Orthogonal::complete
                                                     : Orthogonal::reduced;
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    factor_qr<T>(count_matrices(x), m, n, kind, data_of<T>(work), data_of<T>(q), data_of<T>(r));
  });
  std::vector<Tensor> outputs = record("qr", where, {x}, {std::move(q), std::move(r)},
                                       {Uses::output(0) | Uses::output(1)}, [mode](Vjp& vjp) { qr_rule(vjp, mode); });
  return {outputs[0], outputs[1]};
}

Tensor householder_product(const Operand& left, const Operand& right) {
  const SourceLocation where = left.where();
  Tensor x = left.tensor("householder_product"), tau = right.tensor("householder_product");
  promote_floating("householder_product", x, tau, where);
  check_matrices("householder_product", x, where);
  const std::int64_t m = x.size(-2), n = x.size(-1);
  check(m >= n, where, "householder_product: x must have no more columns than rows, but it is ", x.shape(), ".");
  Shape lead = lead_of(x.shape());
  bool fits = tau.ndim() == x.ndim() - 1 && tau.size(-1) <= n;
  for (int axis = 0; fits && axis < lead.ndim(); ++axis) fits = tau.shape()[axis] == lead[axis];
  check(fits, where, "householder_product: tau must have a number for each column or fewer, but x is ", x.shape(),
        " and tau is ", tau.shape(), ".");
  CallSite site(where);
  const Tensor vectors = tril(x, -1) + eye(m, n, {.dtype = x.dtype()});
  Tensor product = expand(eye(m, n, {.dtype = x.dtype()}), x.shape());
  for (std::int64_t i = tau.size(-1); i-- > 0;) {
    const Tensor v = narrow(vectors, -1, i, 1);
    product = product - unsqueeze(narrow(tau, -1, i, 1), -1) * matmul(v, matmul(transpose(v), product));
  }
  return contiguous(product);
}

}  // namespace linalg
}  // namespace xgrad
