#include <cmath>
#include <limits>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../grad_mode.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../exponential.hpp"
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

struct Factors {
  Tensor lu, pivots;
};

Factors factors_of(const char* name, const Tensor& x, SourceLocation where) {
  const std::int64_t count = count_matrices(x), n = x.size(-1);
  Factors factors{working_copy(name, x, where), new_result(name, {count, n}, DType::int64, where)};
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    factor_lu<T>(count, n, data_of<T>(factors.lu), data_of<std::int64_t>(factors.pivots), info.data());
  });
  return factors;
}

// ---- The adjugate: the derivative of det, at singular matrices too ----
//
// For x = U S V^T, s = det(U) det(V): the cofactors are s U diag(p) V^T, where p[i] is the product of all singular values but
// the i-th; nothing is divided by a singular value, so any rank will do.

/// to = the products of all of a group of n values but those at i and j. Over the rows i of all groups.
template <class T>
struct ProductsWithout {
  const T* values;
  T* to;
  std::int64_t n;

  static void run(const ProductsWithout& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t i = row % a.n;
      const T* values = a.values + (row - i);
      for (std::int64_t j = 0; j < a.n; ++j) {
        T total = 1;
        for (std::int64_t k = 0; k < a.n; ++k)
          if (k != i && k != j) total *= values[k];
        a.to[row * a.n + j] = total;
      }
    }
  }
};

/// The products of all but those at i and j: [..., n, n]; with i == j, of all but one.
Tensor products_without(const Tensor& s) {
  const std::int64_t n = s.size(-1);
  Shape shape = s.shape();
  shape.push_back(n);
  Tensor products = new_tensor(shape, s.dtype());
  dispatch_floating(s.dtype(), [&]<class T>(T) {
    launch(ProductsWithout<T>{data_of<T>(s), data_of<T>(products), n}, s.numel(), 32768 / (n * n + 1) + 1);
  });
  return products;
}

Tensor second_value(const Tensor& g, const Tensor& x) {
  const Svd parts = svd(x);
  const Tensor sign = det(matmul(parts.u, parts.vh));
  const Tensor inside = matmul(transpose(parts.u), matmul(g, transpose(parts.vh)));
  const Tensor products = products_without(parts.s);
  const Tensor is_diagonal = diag_embed(ones(parts.s.shape(), {.dtype = x.dtype()})) != 0;
  const Tensor others = where(is_diagonal, 0, products);
  const Tensor sums = squeeze(matmul(others, unsqueeze(diagonal(inside, kMatrixDiagonal), -1)), -1);
  const Tensor crossed = diag_embed(sums) - others * transpose(inside);
  return unsqueeze(unsqueeze(sign, -1), -1) * matmul(parts.u, matmul(crossed, parts.vh));
}

/// The second derivative of det in the direction g: linear in g, and its own transpose.
Tensor second_derivative(const Tensor& g, const Tensor& x, SourceLocation where) {
  Tensor value;
  {
    NoGrad no_grad;
    value = second_value(g.detach(), x.detach());
  }
  return record("det", where, {g, x}, value, {Uses::input(1)}, [](Vjp& vjp) {
    check<std::logic_error>(
        !vjp.needs(1), vjp.where(),
        "det: its derivatives at matrices that are singular or nearly so must be of first or second "
        "order, but a third one is asked for.");
    vjp.give(0, second_derivative(vjp.g(), vjp.input(1), vjp.where()));
  });
}

Tensor cofactors(const Tensor& x, SourceLocation where) {
  Tensor value;
  {
    NoGrad no_grad;
    const Svd parts = svd(x.detach());
    const Tensor sign = det(matmul(parts.u, parts.vh));
    value = unsqueeze(unsqueeze(sign, -1), -1) *
            matmul(parts.u * unsqueeze(diagonal(products_without(parts.s), kMatrixDiagonal), -2), parts.vh);
  }
  return record("det", where, {x}, value, {Uses::input(0)},
                [](Vjp& vjp) { vjp.give(0, second_derivative(vjp.g(), vjp.input(0), vjp.where())); });
}

/// Whether a pivot is so small beside the largest that its reciprocal would lose more than half of the digits.
template <class T>
bool is_nearly_singular(const Tensor& lu, T bound) {
  const std::int64_t n = lu.size(-1);
  const T* data = data_of<T>(lu);
  for (std::int64_t at = 0; at < lu.numel(); at += n * n) {
    T least = std::numeric_limits<T>::infinity(), most = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const T pivot = std::abs(data[at + i * (n + 1)]);
      if (!std::isfinite(pivot)) return false;  // nan and inf go their way through the products
      least = std::min(least, pivot);
      most = std::max(most, pivot);
    }
    if (least <= bound * most) return true;
  }
  return false;
}

Tensor matrix_wide(const Tensor& x) { return unsqueeze(unsqueeze(x, -1), -1); }

void det_rule(Vjp& vjp) {
  const Tensor& lu = vjp.output(1);
  const bool is_singular = dispatch_floating(lu.dtype(), [&]<class T>(T) {
    return is_nearly_singular<T>(lu.detach(),
                                 vjp.creates_graph() ? std::sqrt(std::numeric_limits<T>::epsilon()) : T(0));
  });
  const Tensor g = matrix_wide(vjp.g(0));
  if (is_singular) return vjp.give(0, g * cofactors(vjp.input(0), vjp.where()));
  const Tensor inverted = vjp.creates_graph() ? inverse("det", vjp.input(0), Singular::refuse, vjp.where())
                                              : inverse_value(lu, vjp.output(2));
  vjp.give(0, g * matrix_wide(vjp.output(0)) * transpose(inverted));
}

}  // namespace

Tensor det(const Operand& operand) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_square("det", operand.tensor("det"), where);
  Factors factors = factors_of("det", x, where);
  Tensor y = new_result("det", lead_of(x.shape()), x.dtype(), where);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    determinant_lu<T>(y.numel(), x.size(-1), data_of<T>(factors.lu), data_of<std::int64_t>(factors.pivots),
                      data_of<T>(y));
  });
  if (!is_recording({x})) return y;
  return record("det", where, {x}, {std::move(y), std::move(factors.lu), std::move(factors.pivots)},
                {Uses::input(0) | Uses::output(0) | Uses::output(1) | Uses::output(2)}, det_rule)[0];
}

SignAndLog slogdet(const Operand& operand) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_square("slogdet", operand.tensor("slogdet"), where);
  Factors factors = factors_of("slogdet", x, where);
  Tensor sign = new_result("slogdet", lead_of(x.shape()), x.dtype(), where);
  Tensor logarithm = new_result("slogdet", lead_of(x.shape()), x.dtype(), where);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    log_determinant_lu<T>(sign.numel(), x.size(-1), data_of<T>(factors.lu), data_of<std::int64_t>(factors.pivots),
                          data_of<T>(sign), data_of<T>(logarithm));
  });
  if (!is_recording({x})) return {sign, logarithm};
  auto rule = [](Vjp& vjp) {
    if (!vjp.has(1)) return;  // the sign is a constant
    const Tensor inverted = vjp.creates_graph() ? inverse("slogdet", vjp.input(0), Singular::infinite, vjp.where())
                                                : inverse_value(vjp.output(2), vjp.output(3));
    vjp.give(0, matrix_wide(vjp.g(1)) * transpose(inverted));
  };
  std::vector<Tensor> outputs = record("slogdet", where, {x}, {sign, logarithm, factors.lu, factors.pivots},
                                       {Uses::input(0) | Uses::output(2) | Uses::output(3)}, rule);
  return {outputs[0], outputs[1]};
}

Tensor logdet(const Operand& operand) {
  check_square("logdet", operand.tensor("logdet"), operand.where());
  CallSite site(operand.where());
  const SignAndLog parts = slogdet(operand);
  return where(parts.sign < 0, std::numeric_limits<double>::quiet_NaN(), parts.log);
}

}  // namespace linalg
}  // namespace xgrad
