#include <algorithm>
#include <cmath>
#include <limits>

#include "../../base/launch.hpp"
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
// For x = U S V^T, s = det(U) det(V): the cofactors are s U diag(p) V^T, where p[i] is the product of all singular
// values but the i-th; nothing is divided by a singular value, so any rank will do.

/// What ProductsWithout leaves out: one value, or any two (where they are the same, that one).
enum class Without { one, two };

/// to = the products of all of a group of n values but one or two, as mantissas and exponents: their values may be out
/// of range, or get there and back. Over the values i of all groups.
template <class T>
struct ProductsWithout {
  const T* values;
  T* mantissas;
  std::int64_t* exponents;
  std::int64_t n;
  Without without;

  static void run(const ProductsWithout& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t i = row % a.n;
      const T* values = a.values + (row - i);
      const std::int64_t first = a.without == Without::one ? i : 0, last = a.without == Without::one ? i + 1 : a.n;
      for (std::int64_t j = first; j < last; ++j) {
        SplitProduct<T> total;
        for (std::int64_t k = 0; k < a.n; ++k)
          if (k != i && k != j) total.multiply(values[k]);
        const std::int64_t at = a.without == Without::one ? row : row * a.n + j;
        a.mantissas[at] = total.mantissa;
        a.exponents[at] = total.exponent;
      }
    }
  }
};

/// Mantissas become products times 2^-shift, with one shift for each matrix: the least one at which sums of as many
/// products as a matrix has stay in range. Over matrices.
template <class T>
struct ShiftProducts {
  T* products;
  const std::int64_t* exponents;
  std::int64_t* shifts;
  std::int64_t size;

  static void run(const ShiftProducts& a, std::int64_t begin, std::int64_t end) {
    constexpr std::int64_t kMost = std::numeric_limits<T>::max_exponent - 24;
    for (std::int64_t at = begin; at < end; ++at) {
      T* products = a.products + at * a.size;
      const std::int64_t* exponents = a.exponents + at * a.size;
      std::int64_t shift = 0;
      for (std::int64_t i = 0; i < a.size; ++i)
        if (products[i] != 0) shift = std::max(shift, exponents[i] - kMost);
      a.shifts[at] = shift;
      for (std::int64_t i = 0; i < a.size; ++i)
        products[i] = SplitProduct<T>::scaled(products[i], exponents[i] - shift);
    }
  }
};

/// Matrices times 2^shift. Over matrices.
template <class T>
struct ScaleMatrices {
  T* values;
  const std::int64_t* shifts;
  std::int64_t size;

  static void run(const ScaleMatrices& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      if (a.shifts[at] == 0) continue;
      for (std::int64_t i = at * a.size; i < (at + 1) * a.size; ++i)
        a.values[i] = SplitProduct<T>::scaled(a.values[i], a.shifts[at]);
    }
  }
};

std::int64_t grain_of(std::int64_t work) { return 32768 / (work + 1) + 1; }

/// Products of the values of each matrix but one [..., n], or but two [..., n, n], times 2^-shift.
struct Products {
  Tensor values, shifts;
};

Products products_without(const Tensor& s, Without without) {
  const std::int64_t n = s.size(-1), count = n == 0 ? 0 : s.numel() / n;
  Shape shape = s.shape();
  if (without == Without::two) shape.push_back(n);
  Products products{new_tensor(shape, s.dtype()), new_tensor({count}, DType::int64)};
  const Tensor exponents = new_tensor(shape, DType::int64);
  const std::int64_t size = without == Without::two ? n * n : n;
  dispatch_floating(s.dtype(), [&]<class T>(T) {
    launch(ProductsWithout<T>{data_of<T>(s), data_of<T>(products.values), data_of<std::int64_t>(exponents), n, without},
           s.numel(), grain_of(size));
    launch(ShiftProducts<T>{data_of<T>(products.values), data_of<std::int64_t>(exponents),
                            data_of<std::int64_t>(products.shifts), size},
           count, grain_of(size));
  });
  return products;
}

/// The matrices, in memory of their own, times the 2^shift that the products were divided by.
Tensor scaled_back(const Tensor& x, const Products& products) {
  Tensor y = contiguous(x);
  const std::int64_t size = x.size(-1) * x.size(-2);
  dispatch_floating(y.dtype(), [&]<class T>(T) {
    launch(ScaleMatrices<T>{data_of<T>(y), data_of<std::int64_t>(products.shifts), size}, products.shifts.numel(),
           grain_of(size));
  });
  return y;
}

Tensor matrix_wide(const Tensor& x) { return unsqueeze(unsqueeze(x, -1), -1); }

// Both are computed in double: LAPACK scales matrices of large elements, so that single precision has no room for the
// small values.

Tensor second_value(const Tensor& given_g, const Tensor& given) {
  const Tensor g = cast(given_g, DType::float64), x = cast(given, DType::float64);
  const Svd parts = svd(x);
  const Tensor sign = det(matmul(parts.u, parts.vh));
  const Tensor inside = matmul(transpose(parts.u), matmul(g, transpose(parts.vh)));
  const Products products = products_without(parts.s, Without::two);
  const Tensor is_diagonal = diag_embed(ones(parts.s.shape(), {.dtype = x.dtype()})) != 0;
  const Tensor others = where(is_diagonal, 0, products.values);
  const Tensor sums = squeeze(matmul(others, unsqueeze(diagonal(inside, kMatrixDiagonal), -1)), -1);
  const Tensor crossed = diag_embed(sums) - others * transpose(inside);
  return cast(scaled_back(matrix_wide(sign) * matmul(parts.u, matmul(crossed, parts.vh)), products), given.dtype());
}

Tensor cofactors_value(const Tensor& given) {
  const Svd parts = svd(cast(given, DType::float64));
  const Tensor sign = det(matmul(parts.u, parts.vh));
  const Products products = products_without(parts.s, Without::one);
  const Tensor scaled = matrix_wide(sign) * matmul(parts.u * unsqueeze(products.values, -2), parts.vh);
  return cast(scaled_back(scaled, products), given.dtype());
}

/// Whether the elements are finite, and a matrix has a pivot that is at most `bound` times its largest, or so small
/// that its reciprocal may overflow.
template <class T>
bool is_nearly_singular(const Tensor& lu, T bound) {
  constexpr T kLeast = std::numeric_limits<T>::min() / std::numeric_limits<T>::epsilon();
  const std::int64_t n = lu.size(-1);
  const T* data = data_of<T>(lu);
  if (!all_finite(data, lu.numel())) return false;  // nan and inf go their way through the products
  for (std::int64_t at = 0; at < lu.numel(); at += n * n) {
    T least = std::numeric_limits<T>::infinity(), most = 0;
    for (std::int64_t i = 0; i < n; ++i) {
      const T pivot = std::abs(data[at + i * (n + 1)]);
      least = std::min(least, pivot);
      most = std::max(most, pivot);
    }
    if (least <= bound * most || least < kLeast) return true;
  }
  return false;
}

/// Whether a determinant of finite matrices is out of the range of normal numbers.
template <class T>
bool is_out_of_range(const Tensor& lu, const Tensor& determinants) {
  if (!all_finite(data_of<T>(lu), lu.numel())) return false;
  const T* data = data_of<T>(determinants);
  for (std::int64_t i = 0; i < determinants.numel(); ++i)
    if (!std::isnormal(data[i])) return true;
  return false;
}

/// At a smaller ratio of pivots a third derivative, made of inverses, has no correct digit.
template <class T>
T least_ratio_of_thirds() {
  return std::sqrt(std::numeric_limits<T>::epsilon());
}

/// The cotangent of x from that of second_derivative(g, x) = d (<m, g> m - m g^T m), m = x^-T, d = det(x).
Tensor third_cotangent(const Tensor& h, const Tensor& g, const Tensor& x, SourceLocation where) {
  const Tensor m = transpose(inverse("det", x, Singular::refuse, where));
  const Tensor along_g = matmul(matmul(m, transpose(g)), m), along_h = matmul(matmul(m, transpose(h)), m);
  const Tensor both = matmul(matmul(along_g, transpose(h)), m), swapped = matmul(matmul(along_h, transpose(g)), m);
  const Tensor of_g = sum(m * g, {-2, -1}, {.keepdims = true}), of_h = sum(m * h, {-2, -1}, {.keepdims = true});
  const Tensor crossed = sum(h * along_g, {-2, -1}, {.keepdims = true});
  return matrix_wide(det(x)) * ((of_g * of_h - crossed) * m - of_h * along_g - of_g * along_h + both + swapped);
}

/// The second derivative of det in the direction g: linear in g, and its own transpose.
Tensor second_derivative(const Tensor& g, const Tensor& x, SourceLocation where) {
  Tensor value;
  {
    NoGrad no_grad;
    value = second_value(g.detach(), x.detach());
  }
  return record("det", where, {g, x}, value, {Uses::input(1), Uses::input(0) | Uses::input(1)}, [](Vjp& vjp) {
    const SourceLocation where = vjp.where();
    const Tensor& x = vjp.input(1);
    if (vjp.needs(0)) vjp.give(0, second_derivative(vjp.g(), x, where));
    if (!vjp.needs(1)) return;
    const Factors factors = factors_of("det", x.detach(), where);
    const bool is_singular = dispatch_floating(
        x.dtype(), [&]<class T>(T) { return is_nearly_singular<T>(factors.lu, least_ratio_of_thirds<T>()); });
    check<std::logic_error>(
        !is_singular, where,
        "det: its derivatives at matrices that are singular or nearly so must be of first or second "
        "order, but a third one is asked for.");
    vjp.give(1, third_cotangent(vjp.g(), vjp.input(0), x, where));
  });
}

/// x, but with the identity in place of what has a cotangent of 0 and an inverse that is not finite: such a matrix adds
/// nothing to a gradient, and 0 times its inverse would make nan of that.
Tensor without_unused(const Tensor& x, const Tensor& g, const Tensor& inverted) {
  const bool is_usual = dispatch_floating(
      inverted.dtype(), [&]<class T>(T) { return all_finite(data_of<T>(inverted), inverted.numel()); });
  if (is_usual) return x;
  const Tensor is_unused = logical_and(g.detach() == 0, logical_not(all(isfinite(inverted), {-2, -1})));
  return where(matrix_wide(is_unused), identities(lead_of(x.shape()), x.size(-1), x.dtype()), x);
}

void det_rule(Vjp& vjp) {
  const Tensor& lu = vjp.output(1);
  const bool is_singular = dispatch_floating(lu.dtype(), [&]<class T>(T) {
    // Of the second derivative by inverses as many digits cancel as the ratio of the pivots has.
    const T bound = vjp.creates_graph() ? std::sqrt(least_ratio_of_thirds<T>()) : T(0);
    return is_nearly_singular<T>(lu.detach(), bound) || is_out_of_range<T>(lu.detach(), vjp.output(0).detach());
  });
  const Tensor g = matrix_wide(vjp.g(0));
  if (is_singular) {
    Tensor value;
    {
      NoGrad no_grad;
      value = cofactors_value(vjp.input(0).detach());
    }
    const Tensor x = without_unused(vjp.input(0), vjp.g(0), value);
    value = without_unused(value, vjp.g(0), value);  // the identity's cofactors are the identity
    return vjp.give(0, g * record("det", vjp.where(), {x}, value, {Uses::input(0)}, [](Vjp& vjp) {
                         vjp.give(0, second_derivative(vjp.g(), vjp.input(0), vjp.where()));
                       }));
  }
  const Tensor inverted = vjp.creates_graph() ? inverse("det", vjp.input(0), Singular::refuse, vjp.where())
                                              : inverse_value(lu, vjp.output(2));
  vjp.give(0, g * matrix_wide(vjp.output(0)) * transpose(inverted));
}

void slogdet_rule(Vjp& vjp) {
  if (!vjp.has(1)) return;  // the sign is a constant
  const Tensor& g = vjp.g(1);
  if (!vjp.creates_graph()) {
    const Tensor value = inverse_value(vjp.output(2), vjp.output(3));
    return vjp.give(0, matrix_wide(g) * transpose(without_unused(value, g, value)));
  }
  Tensor inverted = inverse("slogdet", vjp.input(0), Singular::infinite, vjp.where());
  const Tensor x = without_unused(vjp.input(0), g, inverted.detach());
  if (x.impl() != vjp.input(0).impl()) inverted = inverse("slogdet", x, Singular::infinite, vjp.where());
  vjp.give(0, matrix_wide(g) * transpose(inverted));
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
  std::vector<Tensor> outputs = record("slogdet", where, {x}, {sign, logarithm, factors.lu, factors.pivots},
                                       {Uses::input(0) | Uses::output(2) | Uses::output(3)}, slogdet_rule);
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
