#include <algorithm>
#include <limits>

#include "../../extend.hpp"
#include "../../grad_mode.hpp"
#include "../../kernels/all_finite.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../compare.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
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

/// Ascending values, and vectors or the undefined.
Eigh decomposed(const char* name, const Tensor& x, EighOptions options, bool vectors, SourceLocation where) {
  const std::int64_t count = count_matrices(x), n = x.size(-1);
  Tensor v = working_copy(name, x, where);
  Shape shape = lead_of(x.shape());
  shape.push_back(n);
  Tensor w = new_result(name, shape, x.dtype(), where);
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    T* data = data_of<T>(v);
    // LAPACK may run for ever on nan and inf: such matrices are decomposed as zeros, and answered with nan. Which they
    // are is read outside of kernels, as it decides what is launched.
    std::vector<std::int64_t> bad;
    for (std::int64_t i = 0; i < count; ++i)
      if (!all_finite(data + i * n * n, n * n)) {
        bad.push_back(i);
        fill(data + i * n * n, n * n, T(0));
      }
    factor_symmetric<T>(count, n, options.upper, vectors, data, data_of<T>(w), info.data());
    for (std::int64_t i : bad) {
      fill(data + i * n * n, n * n, std::numeric_limits<T>::quiet_NaN());
      fill(data_of<T>(w) + i * n, n, std::numeric_limits<T>::quiet_NaN());
    }
  });
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, name, ": a matrix must be one that the iteration converges for, but ",
          matrix_at(failed, x.shape()), " is not.");
  return {w, vectors ? v : Tensor()};
}

Eigh recorded(const char* name, const Tensor& x, EighOptions options, SourceLocation where);

/// The cotangents of slopes and matrices from that of V diag(g) V^T.
void values_rule(const SlopeTerms& terms, bool upper, Vjp& vjp) {
  const Tensor& g = vjp.input(0);
  const Tensor& x = vjp.input(1);
  const EighOptions options{.upper = upper, .degenerate = terms.degenerate};
  const Eigh parts = vjp.creates_graph() ? recorded(terms.name, x, options, vjp.where())
                                         : decomposed(terms.name, x.detach(), options, true, vjp.where());
  const Tensor& v = parts.vectors;
  const Tensor p = matmul(transpose(v), matmul(symmetric_part(vjp.g()), v));
  if (vjp.needs(0)) vjp.give(0, copy(diagonal(p, kMatrixDiagonal)));
  if (vjp.needs(1)) vjp.give(1, symmetric_part(matmul(v, matmul(terms.differences(g, parts.values, p), transpose(v)))));
}

/// The cotangent V diag(g) V^T of x for the one of its eigenvalues, with a second derivative.
Tensor values_cotangent(const SlopeTerms& terms, bool upper, const Tensor& g, const Tensor& x) {
  Tensor value;
  {
    NoGrad no_grad;
    const Tensor v = decomposed(terms.name, x.detach(), {.upper = upper}, true, terms.where).vectors;
    value = symmetric_part(matmul(v * unsqueeze(g.detach(), -2), transpose(v)));
  }
  return record(terms.name, terms.where, {g, x}, value, {Uses::input(0) | Uses::input(1)},
                [terms, upper](Vjp& vjp) { values_rule(terms, upper, vjp); });
}

void eigh_rule(const char* name, Vjp& vjp, EighOptions options) {
  const Tensor& w = vjp.output(0);
  const Tensor& v = vjp.output(1);
  Tensor cotangent;
  if (vjp.has(0)) {
    const Tensor& g = vjp.g(0);
    const SlopeTerms terms{name, slopes_of(g), options.degenerate, true, vjp.where()};
    cotangent = vjp.creates_graph() ? values_cotangent(terms, options.upper, g, vjp.input(0))
                                    : symmetric_part(matmul(v * unsqueeze(g, -2), transpose(v)));
  }
  if (vjp.has(1)) {
    const Tensor& g = vjp.g(1);
    const Tensor inside = matmul(transpose(v), g) *
                          inverse_differences(name, w, any(g.detach() != 0, -2), options.degenerate, vjp.where());
    const Tensor of_vectors = symmetric_part(matmul(v, matmul(inside, transpose(v))));
    cotangent = cotangent.defined() ? cotangent + of_vectors : of_vectors;
  }
  if (cotangent.defined()) vjp.give(0, cotangent);
}

Eigh recorded(const char* name, const Tensor& x, EighOptions options, SourceLocation where) {
  Eigh parts = decomposed(name, x, options, true, where);
  std::vector<Tensor> outputs =
      record(name, where, {x}, {parts.values, parts.vectors}, {Uses::input(0) | Uses::output(0) | Uses::output(1)},
             [name, options](Vjp& vjp) { eigh_rule(name, vjp, options); });
  return {outputs[0], outputs[1]};
}

}  // namespace

Eigh eigh(const Operand& operand, EighOptions options) {
  const Tensor& x = check_square("eigh", operand.tensor("eigh"), operand.where());
  return recorded("eigh", x, options, operand.where());
}

Tensor eigvalsh(const Operand& operand, EighOptions options) {
  const Tensor& x = check_square("eigvalsh", operand.tensor("eigvalsh"), operand.where());
  // The vectors cost several times what the values do: they wait until a gradient is asked for.
  return record("eigvalsh", operand.where(), {x}, decomposed("eigvalsh", x, options, false, operand.where()).values,
                {Uses::input(0)}, [options](Vjp& vjp) {
                  const Tensor& g = vjp.g();
                  const SlopeTerms terms{"eigvalsh", slopes_of(g), options.degenerate, true, vjp.where()};
                  vjp.give(0, values_cotangent(terms, options.upper, g, vjp.input(0)));
                });
}

}  // namespace linalg
}  // namespace xgrad
