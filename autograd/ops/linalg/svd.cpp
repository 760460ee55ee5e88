#include <algorithm>
#include <limits>

#include "../../extend.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../index.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"
#include "matrices.hpp"
#include "spectrum.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

namespace {

Svd decomposed(const char* name, const Tensor& x, Orthogonal kind, SourceLocation where) {
  const std::int64_t count = count_matrices(x), m = x.size(-2), n = x.size(-1), k = std::min(m, n);
  const Shape lead = lead_of(x.shape());
  const bool complete = kind == Orthogonal::complete;
  Tensor work = working_copy(name, x, where);
  Shape shape = lead;
  shape.push_back(k);
  Svd parts;
  parts.s = new_result(name, shape, x.dtype(), where);
  if (kind != Orthogonal::none) {
    parts.u = new_checked(name, with_matrix(lead, m, complete ? m : k), x.dtype(), where);
    parts.vh = new_checked(name, with_matrix(lead, complete ? n : k, n), x.dtype(), where);
  }
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    T* data = data_of<T>(work);
    for (std::int64_t i = 0; i < count; ++i)
      if (!is_finite(data + i * m * n, m * n))
        check(false, where, name, ": elements must be finite, but ", matrix_at(i, x.shape()), " has inf or nan.");
    factor_svd<T>(count, m, n, kind, data, parts.u.defined() ? data_of<T>(parts.u) : nullptr, data_of<T>(parts.s),
                  parts.vh.defined() ? data_of<T>(parts.vh) : nullptr, info.data());
  });
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, name, ": the iteration must converge, but that of ", matrix_at(failed, x.shape()),
          " does not.");
  return parts;
}

Tensor skew_part(const Tensor& x) { return x - transpose(x); }

/// 1 / s, 0 where s is 0 to rounding. Throws for such unless they are to make zero.
Tensor inverse_values(const char* name, const Tensor& s, Degenerate degenerate, SourceLocation place) {
  if (s.numel() == 0) return s;
  const Tensor values = s.detach();
  const double epsilon =
      s.dtype() == DType::float32 ? std::numeric_limits<float>::epsilon() : std::numeric_limits<double>::epsilon();
  const Tensor bound = amax(values, -1, {.keepdims = true}) * (epsilon * static_cast<double>(s.size(-1)));
  const Tensor is_zero = values <= bound;
  check(degenerate == Degenerate::zero || !any(is_zero).item<bool>(), place, name,
        ": values must not be 0 where vectors are differentiated, but one is. Degenerate::zero leaves out its terms.");
  return where(is_zero, 0, reciprocal(where(is_zero, 1, s)));
}

/// The cotangent of the further vectors that no value belongs to, which must be 0.
Tensor cotangent_of_first(const char* name, const Tensor& g, int axis, std::int64_t k, SourceLocation place) {
  const std::int64_t extra = g.size(axis) - k;
  if (extra == 0) return g;
  check<std::logic_error>(!any(narrow(g.detach(), axis, k, extra) != 0).item<bool>(), place, name,
                          ": the further vectors that full_matrices adds have no derivative, but something depends on "
                          "them. Use .full_matrices = false.");
  return narrow(g, axis, 0, k);
}

void svd_rule(const char* name, Vjp& vjp, Degenerate degenerate) {
  const Tensor& s = vjp.output(1);
  const std::int64_t k = s.size(-1), m = vjp.shape(0)[-2], n = vjp.shape(0)[-1];
  const Tensor u = narrow(vjp.output(0), -1, 0, k), vh = narrow(vjp.output(2), -2, 0, k);
  if (!vjp.has(0) && !vjp.has(2)) {
    if (vjp.has(1)) vjp.give(0, matmul(u * unsqueeze(vjp.g(1), -2), vh));
    return;
  }
  const Tensor row = unsqueeze(s, -2), column = unsqueeze(s, -1);
  const Tensor inverse = inverse_differences(name, s, row + column, degenerate, vjp.where());
  const bool needs_inverse = (vjp.has(0) && m > k) || (vjp.has(2) && n > k);
  const Tensor inverse_s = needs_inverse ? inverse_values(name, s, degenerate, vjp.where()) : Tensor();
  Tensor inside, beside;
  auto add_to = [](Tensor& sum, const Tensor& term) { sum = sum.defined() ? sum + term : term; };
  if (vjp.has(1)) add_to(inside, diag_embed(vjp.g(1)));
  if (vjp.has(0)) {
    const Tensor g = cotangent_of_first(name, vjp.g(0), -1, k, vjp.where());
    const Tensor projected = matmul(transpose(u), g);
    add_to(inside, skew_part(projected) * inverse * row);
    if (m > k) add_to(beside, matmul((g - matmul(u, projected)) * unsqueeze(inverse_s, -2), vh));
  }
  if (vjp.has(2)) {
    const Tensor g = cotangent_of_first(name, vjp.g(2), -2, k, vjp.where());
    const Tensor projected = matmul(vh, transpose(g));
    add_to(inside, column * (skew_part(projected) * inverse));
    if (n > k) add_to(beside, matmul(u * unsqueeze(inverse_s, -2), g - matmul(transpose(projected), vh)));
  }
  Tensor cotangent = matmul(u, matmul(inside, vh));
  vjp.give(0, beside.defined() ? cotangent + beside : cotangent);
}

Svd recorded(const char* name, const Tensor& x, Orthogonal kind, Degenerate degenerate, SourceLocation where) {
  const Svd parts = decomposed(name, x, kind, where);
  std::vector<Tensor> outputs =
      record(name, where, {x}, {parts.u, parts.s, parts.vh}, {Uses::output(0) | Uses::output(1) | Uses::output(2)},
             [name, degenerate](Vjp& vjp) { svd_rule(name, vjp, degenerate); });
  return {outputs[0], outputs[1], outputs[2]};
}

}  // namespace

Svd svd(const Operand& operand, SvdOptions options) {
  const Tensor& x = check_matrices("svd", operand.tensor("svd"), operand.where());
  return recorded("svd", x, options.full_matrices ? Orthogonal::complete : Orthogonal::reduced, options.degenerate,
                  operand.where());
}

Tensor svdvals(const Operand& operand) {
  const Tensor& x = check_matrices("svdvals", operand.tensor("svdvals"), operand.where());
  // The vectors cost several times what the values do: they wait until a gradient is asked for.
  return record("svdvals", operand.where(), {x}, decomposed("svdvals", x, Orthogonal::none, operand.where()).s,
                {Uses::input(0)}, [](Vjp& vjp) {
                  const Svd parts =
                      recorded("svdvals", vjp.input(0), Orthogonal::reduced, Degenerate::refuse, vjp.where());
                  vjp.give(0, matmul(parts.u * unsqueeze(vjp.g(), -2), parts.vh));
                });
}

}  // namespace linalg
}  // namespace xgrad
