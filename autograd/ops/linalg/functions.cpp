#include "../../extend.hpp"
#include "../../kernels/matrix_exp.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "matrices.hpp"
#include "solve.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

Tensor matrix_power(const Operand& operand, std::int64_t n) {
  const SourceLocation where = operand.where();
  const Tensor& x = operand.tensor("matrix_power");
  check(x.dtype() != DType::boolean, where,
        "matrix_power: matrices must be of numbers, but they are boolean. Use cast().");
  check(x.ndim() >= 2 && x.size(-1) == x.size(-2), where, "matrix_power: matrices must be square, but there is ",
        x.shape(), ".");
  CallSite site(where);
  if (n == 0) return copy(identities(lead_of(x.shape()), x.size(-1), x.dtype()));
  Tensor power = x;
  std::uint64_t left = static_cast<std::uint64_t>(n);
  if (n < 0) {
    check_square("matrix_power", x, where);
    power = inverse("matrix_power", x, Singular::refuse, where);
    left = -left;
  }
  if (left == 1) return n < 0 ? power : copy(x);
  Tensor result;
  for (;; power = matmul(power, power)) {
    if ((left & 1) != 0) result = result.defined() ? matmul(result, power) : power;
    left >>= 1;
    if (left == 0) return result;
  }
}

// ---- matrix_exp ----

namespace {

/// exp([[a, b], [0, a]]) has exp(a)'s derivative in the direction b in its upper right.
Tensor derivative_along(const Tensor& a, const Tensor& b) {
  const std::int64_t n = a.size(-1);
  const Tensor zero = zeros(a.shape(), {.dtype = a.dtype()});
  const Tensor block = cat({cat({a, b}, -1), cat({zero, a}, -1)}, -2);
  return narrow(narrow(matrix_exp(block), -2, 0, n), -1, n, n);
}

}  // namespace

Tensor matrix_exp(const Operand& operand) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_square("matrix_exp", operand.tensor("matrix_exp"), where);
  Tensor y = new_result("matrix_exp", x.shape(), x.dtype(), where);
  const Tensor rows = x.is_contiguous() ? x : working_copy("matrix_exp", x, where);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    matrix_exponentials<T>(count_matrices(x), x.size(-1), data_of<T>(rows), data_of<T>(y));
  });
  return record("matrix_exp", where, {x}, std::move(y), {Uses::input(0)},
                [](Vjp& vjp) { vjp.give(0, contiguous(derivative_along(transpose(vjp.input(0)), vjp.g()))); });
}

Tensor vander(const Operand& operand, std::optional<std::int64_t> given) {
  const SourceLocation where = operand.where();
  const Tensor& x = operand.tensor("vander");
  check(x.dtype() != DType::boolean, where, "vander: x must be of numbers, but it is boolean. Use cast().");
  CallSite site(where);
  const Tensor rows = x.ndim() == 0 ? unsqueeze(x, 0) : x;
  const std::int64_t n = given.value_or(rows.size(-1));
  check(n > 1, where, "vander: there must be two columns or more, but there are ", n, " for x ", x.shape(), ".");
  check(x.ndim() < kMaxDims, where, "vander: the result has at most ", kMaxDims, " axes, but x is ", x.shape(), ".");
  Shape shape = rows.shape();
  shape.push_back(n);
  checked_numel("vander", shape, where);
  return pow(unsqueeze(rows, -1), cast(xgrad::arange(n), x.dtype()));
}

}  // namespace linalg
}  // namespace xgrad
