#include <algorithm>
#include <limits>

#include "../../extend.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
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
    // LAPACK may run for ever on nan and inf: such matrices are decomposed as zeros, and answered with nan. Which they are is
    // read outside of kernels, as it decides what is launched.
    std::vector<std::int64_t> bad;
    for (std::int64_t i = 0; i < count; ++i)
      if (!is_finite(data + i * n * n, n * n)) {
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
    check(false, where, name, ": the iteration must converge, but that of ", matrix_at(failed, x.shape()),
          " does not.");
  return {w, vectors ? v : Tensor()};
}

void eigh_rule(const char* name, Vjp& vjp, Degenerate degenerate) {
  const Tensor& w = vjp.output(0);
  const Tensor& v = vjp.output(1);
  Tensor inside;
  if (vjp.has(1)) inside = matmul(transpose(v), vjp.g(1)) * inverse_differences(name, w, {}, degenerate, vjp.where());
  if (vjp.has(0)) {
    if (!inside.defined()) return vjp.give(0, matmul(v * unsqueeze(vjp.g(0), -2), transpose(v)));
    inside = inside + diag_embed(vjp.g(0));
  }
  vjp.give(0, symmetric_part(matmul(v, matmul(inside, transpose(v)))));
}

Eigh recorded(const char* name, const Tensor& x, EighOptions options, SourceLocation where) {
  Eigh parts = decomposed(name, x, options, true, where);
  std::vector<Tensor> outputs =
      record(name, where, {x}, {parts.values, parts.vectors}, {Uses::output(0) | Uses::output(1)},
             [name, degenerate = options.degenerate](Vjp& vjp) { eigh_rule(name, vjp, degenerate); });
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
                  const Tensor v = recorded("eigvalsh", vjp.input(0), options, vjp.where()).vectors;
                  vjp.give(0, symmetric_part(matmul(v * unsqueeze(vjp.g(), -2), transpose(v))));
                });
}

}  // namespace linalg
}  // namespace xgrad
