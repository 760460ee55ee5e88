#include "svd.hpp"

#include <algorithm>
#include <limits>

#include "../../extend.hpp"
#include "../../grad_mode.hpp"
#include "../../kernels/all_finite.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
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
      if (!all_finite(data + i * m * n, m * n))
        check(false, where, name, ": a matrix must have finite elements, but ", matrix_at(i, x.shape()),
              " has inf or nan.");
    factor_svd<T>(count, m, n, kind, data, parts.u.defined() ? data_of<T>(parts.u) : nullptr, data_of<T>(parts.s),
                  parts.vh.defined() ? data_of<T>(parts.vh) : nullptr, info.data());
  });
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, name, ": a matrix must be one that the iteration converges for, but ",
          matrix_at(failed, x.shape()), " is not.");
  return parts;
}

Tensor skew_part(const Tensor& x) { return x - transpose(x); }

/// 1 / s, 0 where s is 0 to rounding. Throws for such of which `used` [..., k] names one, unless they make zero.
Tensor inverse_values(const char* name, const Tensor& s, const Tensor& used, Degenerate degenerate,
                      SourceLocation place) {
  if (s.numel() == 0) return s;
  const Tensor is_zero = s.detach() <= rounding_of(s);
  check(degenerate == Degenerate::zero || !any(logical_and(is_zero, used)).item<bool>(), place, name,
        ": values must not be 0 where vectors are differentiated, but one is. Degenerate::zero leaves out its terms.");
  return where(is_zero, 0, reciprocal(where(is_zero, 1, s)));
}

/// s[j] / (s[i] + s[j]), which neither over- nor underflows as a difference of squares does; 0 where both are 0.
Tensor shares(const Tensor& s) {
  const Tensor half = 0.5 * unsqueeze(s, -2), sum = half + transpose(half);
  return half / where(sum.detach() == 0, 1, sum);
}

/// Which columns of a cotangent are not 0 throughout.
Tensor used_columns(const Tensor& g) { return any(g.detach() != 0, -2); }

/// The cotangent of the further vectors that no value belongs to, which must be 0.
Tensor cotangent_of_first(const char* name, const Tensor& g, int axis, std::int64_t k, SourceLocation place) {
  const std::int64_t extra = g.size(axis) - k;
  if (extra == 0) return g;
  check<std::logic_error>(!any(narrow(g.detach(), axis, k, extra) != 0).item<bool>(), place, name,
                          ": the further vectors that full_matrices adds have no derivative, but something depends on "
                          "them. Use .full_matrices = false.");
  return narrow(g, axis, 0, k);
}

Svd recorded(const char* name, const Tensor& x, Orthogonal kind, Degenerate degenerate, SourceLocation where);

/// The cotangents of slopes and matrices from that of U diag(g) V^T.
void values_rule(const SlopeTerms& terms, Vjp& vjp) {
  const Tensor& h = vjp.g();
  const Tensor& g = vjp.input(0);
  const Tensor& x = vjp.input(1);
  const Svd parts = vjp.creates_graph() ? recorded(terms.name, x, Orthogonal::reduced, terms.degenerate, vjp.where())
                                        : decomposed(terms.name, x.detach(), Orthogonal::reduced, vjp.where());
  const Tensor &u = parts.u, &s = parts.s, &vh = parts.vh;
  const Tensor left = matmul(transpose(u), h), p = matmul(left, transpose(vh));
  if (vjp.needs(0)) vjp.give(0, copy(diagonal(p, kMatrixDiagonal)));
  if (!vjp.needs(1)) return;
  const Tensor inside = terms.differences(g, s, symmetric_part(p)) + terms.sums(g, s, 0.5 * skew_part(p));
  Tensor cotangent = matmul(u, matmul(inside, vh));
  const std::int64_t k = s.size(-1);
  if (x.size(-2) > k) {
    const Tensor beside = matmul(h, transpose(vh)) - matmul(u, p);
    cotangent = cotangent + matmul(terms.singles(g, s, beside), vh);
  }
  if (x.size(-1) > k) {
    const Tensor beside = left - matmul(p, vh);
    cotangent = cotangent + matmul(u, transpose(terms.singles(g, s, transpose(beside))));
  }
  vjp.give(1, cotangent);
}

/// The cotangent U diag(g) V^T of x for the one of its singular values, with a second derivative.
Tensor values_cotangent(const SlopeTerms& terms, const Tensor& g, const Tensor& x) {
  Tensor value;
  {
    NoGrad no_grad;
    const Svd parts = decomposed(terms.name, x.detach(), Orthogonal::reduced, terms.where);
    value = matmul(parts.u * unsqueeze(g.detach(), -2), parts.vh);
  }
  return record(terms.name, terms.where, {g, x}, value, {Uses::input(0) | Uses::input(1)},
                [terms](Vjp& vjp) { values_rule(terms, vjp); });
}

void svd_rule(const char* name, Vjp& vjp, Degenerate degenerate) {
  const Tensor& s = vjp.output(1);
  if (s.numel() == 0) return vjp.give(0, zeros(vjp.shape(0), {.dtype = vjp.dtype(0)}));
  const std::int64_t k = s.size(-1), m = vjp.shape(0)[-2], n = vjp.shape(0)[-1];
  const Tensor u = narrow(vjp.output(0), -1, 0, k), vh = narrow(vjp.output(2), -2, 0, k);
  Tensor cotangent;
  auto add_to = [](Tensor& sum, const Tensor& term) { sum = sum.defined() ? sum + term : term; };
  if (vjp.has(1)) {
    const Tensor& g = vjp.g(1);
    add_to(cotangent, vjp.creates_graph()
                          ? values_cotangent({name, slopes_of(g), degenerate, true, vjp.where()}, g, vjp.input(0))
                          : matmul(u * unsqueeze(g, -2), vh));
  }
  Tensor inside;
  if (vjp.has(0)) {
    const Tensor g = cotangent_of_first(name, vjp.g(0), -1, k, vjp.where());
    const Tensor used = used_columns(g);
    const Tensor projected = matmul(transpose(u), g);
    const Tensor inverse = inverse_differences(name, s, used, degenerate, vjp.where());
    add_to(inside, skew_part(projected) * inverse * shares(s));
    if (m > k) {
      const Tensor inverse_s = inverse_values(name, s, used, degenerate, vjp.where());
      add_to(cotangent, matmul((g - matmul(u, projected)) * unsqueeze(inverse_s, -2), vh));
    }
  }
  if (vjp.has(2)) {
    const Tensor g = cotangent_of_first(name, vjp.g(2), -2, k, vjp.where());
    const Tensor used = used_columns(transpose(g));
    const Tensor projected = matmul(vh, transpose(g));
    const Tensor inverse = inverse_differences(name, s, used, degenerate, vjp.where());
    add_to(inside, transpose(shares(s)) * (skew_part(projected) * inverse));
    if (n > k) {
      const Tensor inverse_s = inverse_values(name, s, used, degenerate, vjp.where());
      add_to(cotangent, matmul(u * unsqueeze(inverse_s, -2), g - matmul(transpose(projected), vh)));
    }
  }
  if (inside.defined()) add_to(cotangent, matmul(u, matmul(inside, vh)));
  if (cotangent.defined()) vjp.give(0, cotangent);
}

Svd recorded(const char* name, const Tensor& x, Orthogonal kind, Degenerate degenerate, SourceLocation where) {
  const Svd parts = decomposed(name, x, kind, where);
  std::vector<Tensor> outputs = record(name, where, {x}, {parts.u, parts.s, parts.vh},
                                       {Uses::input(0) | Uses::output(0) | Uses::output(1) | Uses::output(2)},
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
                  const Tensor& g = vjp.g();
                  vjp.give(0, values_cotangent({"svdvals", slopes_of(g), Degenerate::refuse, false, vjp.where()}, g,
                                               vjp.input(0)));
                });
}

}  // namespace linalg

namespace internal {

Extremes extreme_singular_values(const char* name, const Tensor& x, SourceLocation where) {
  const Tensor values = linalg::decomposed(name, x.detach(), Orthogonal::none, where).s;
  Extremes extremes{amax(values, -1), amin(values, -1)};
  if (!is_recording({x})) return extremes;
  // The share that each value has in an extreme's gradient: ties split it evenly.
  auto shares_of = [&](const Tensor& extreme) {
    const Tensor is_extreme = cast(values == unsqueeze(extreme, -1), x.dtype());
    return is_extreme / sum(is_extreme, -1, {.keepdims = true});
  };
  const Tensor of_largest = shares_of(extremes.largest), of_least = shares_of(extremes.least);
  auto rule = [name](Vjp& vjp) {
    Tensor g;
    for (int i : {0, 1}) {
      if (!vjp.has(i)) continue;
      const Tensor part = unsqueeze(vjp.g(i), -1) * vjp.output(2 + i).detach();
      g = g.defined() ? g + part : part;
    }
    if (!g.defined()) return;
    const SlopeTerms terms{name, Slopes::extremes, linalg::Degenerate::refuse, false, vjp.where()};
    vjp.give(0, linalg::values_cotangent(terms, g, vjp.input(0)));
  };
  const std::vector<Tensor> outputs = record(name, where, {x}, {extremes.largest, extremes.least, of_largest, of_least},
                                             {Uses::input(0) | Uses::output(2) | Uses::output(3)}, rule);
  return {outputs[0], outputs[1]};
}

Tensor nuclear_norm(const char* name, const Tensor& x, SourceLocation where) {
  const Tensor values = linalg::decomposed(name, x.detach(), Orthogonal::none, where).s;
  return record(name, where, {x}, sum(values, -1), {Uses::input(0)}, [name](Vjp& vjp) {
    const Tensor& x = vjp.input(0);
    Shape shape = lead_of(x.shape());
    shape.push_back(std::min(x.size(-1), x.size(-2)));
    const SlopeTerms terms{name, Slopes::constant, linalg::Degenerate::refuse, false, vjp.where()};
    vjp.give(0, linalg::values_cotangent(terms, expand(unsqueeze(vjp.g(), -1), shape), x));
  });
}

}  // namespace internal
}  // namespace xgrad
