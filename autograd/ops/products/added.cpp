#include <cmath>

#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// The operands of input + product in their common dtype.
struct Added {
  const char* name;
  SourceLocation where;
  Tensor input, a, b;
  DType dtype;
  bool skips_product = true;  // where alpha is 0

  Added(const char* name, const Operand& input_operand, const Operand& a_operand, const Operand& b_operand)
      : name(name), where(input_operand.where()) {
    input = input_operand.tensor(name);
    a = a_operand.tensor(name);
    b = b_operand.tensor(name);
    dtype = promote(input.dtype(), promote(a.dtype(), b.dtype()));
  }

  void need_numbers() const {
    check(dtype != DType::boolean, where, name, ": operands must be numbers, but all are boolean. Use cast().");
  }
  void need(int a_ndim, int b_ndim) const {
    check(a.ndim() == a_ndim && b.ndim() == b_ndim, where, name, ": the factors must have ", a_ndim, " and ", b_ndim,
          " axes, but they are ", a.shape(), " and ", b.shape(), ".");
  }
  void need_inner(int a_axis, int b_axis) const {
    check(a.size(a_axis) == b.size(b_axis), where, name, ": inner sizes must agree, but the factors are ", a.shape(),
          " and ", b.shape(), " (", a.size(a_axis), " != ", b.size(b_axis), ").");
  }
  void need_batch() const {
    check(a.size(0) == b.size(0), where, name, ": the factors must be of one batch size, but they are ", a.shape(),
          " and ", b.shape(), " (", a.size(0), " != ", b.size(0), ").");
  }
  void need_input(const Shape& shape) const {
    check(broadcasts_to(input.shape(), shape), where, name, ": the input must broadcast to the product's shape ", shape,
          ", but it is ", input.shape(), ".");
    checked_numel(name, shape, where);
  }

  /// x times the factor, which an integer x truncates.
  Tensor times(const Tensor& x, Scalar factor) const {
    if (!is_floating(dtype)) {
      check(factor.is_integer() || std::abs(factor.value()) < 0x1p63, where, name,
            ": an int64 must hold beta and alpha of integers, but one is ", factor.value(), ".");
      const std::int64_t whole = factor.is_integer() ? factor.integer() : static_cast<std::int64_t>(factor.value());
      return whole == 1 ? x : mul(x, whole);
    }
    return factor.value() == 1 ? x : mul(x, factor.value());
  }

  /// Whether a factor is 0, which an integer result truncates.
  bool is_zero(Scalar factor) const {
    return factor.value() == 0 || (!is_floating(dtype) && std::trunc(factor.value()) == 0);
  }

  template <class Product>
  Tensor sum(const Shape& shape, AddProductOptions options, const Product& product) {
    need_input(shape);
    CallSite site(where);
    input = cast(input, dtype);
    a = cast(a, dtype);
    b = cast(b, dtype);
    if (skips_product && is_zero(options.alpha)) return without_product(shape, options.beta);
    Tensor term = times(product(a, b), options.alpha);
    if (is_zero(options.beta)) return without_input(term);
    return add(times(input, options.beta), term);
  }

  /// The product alone: a beta of 0 makes nothing of the input, even of nan. Its gradient is 0.
  Tensor without_input(const Tensor& term) const {
    if (!is_recording({input})) return term;
    return record(name, where, {input, term}, term, {Uses()}, [](Vjp& vjp) {
      if (vjp.needs(1)) vjp.give(1, vjp.take_g());
    });
  }

  /// beta times the input: an alpha of 0 makes nothing of the product, even of nan. The factors' gradients are 0.
  Tensor without_product(const Shape& shape, Scalar beta) const {
    Tensor nothing = record(name, where, {a, b}, zeros(shape, {.dtype = dtype}), {Uses()}, [](Vjp&) {});
    return is_zero(beta) ? without_input(nothing) : add(times(input, beta), nothing);
  }
};

Tensor matrix_product(const Tensor& a, const Tensor& b) { return matmul(a, b); }

}  // namespace

Tensor addmm(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options) {
  Added added("addmm", input, a, b);
  added.need_numbers();
  added.need(2, 2);
  added.need_inner(1, 0);
  return added.sum({added.a.size(0), added.b.size(1)}, options, matrix_product);
}

Tensor addmv(const Operand& input, const Operand& a, const Operand& x, AddProductOptions options) {
  Added added("addmv", input, a, x);
  added.need_numbers();
  added.need(2, 1);
  added.need_inner(1, 0);
  return added.sum({added.a.size(0)}, options, matrix_product);
}

Tensor addr(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options) {
  Added added("addr", input, a, b);
  added.need(1, 1);
  const Shape shape{added.a.size(0), added.b.size(0)};
  if (added.dtype == DType::boolean) {
    added.need_input(shape);
    CallSite site(added.where);
    Tensor product = logical_and(options.alpha.value() != 0, outer(added.a, added.b));
    return logical_or(logical_and(options.beta.value() != 0, added.input), product);
  }
  added.skips_product = false;  // as PyTorch has it
  return added.sum(shape, options, [](const Tensor& a, const Tensor& b) { return outer(a, b); });
}

Tensor addbmm(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options) {
  Added added("addbmm", input, a, b);
  added.need_numbers();
  added.need(3, 3);
  added.need_batch();
  added.need_inner(2, 1);
  // The sum over the batch is a longer sum over the inner axis.
  return added.sum({added.a.size(1), added.b.size(2)}, options, [](const Tensor& a, const Tensor& b) {
    return tensordot(a, b, {0, 2}, {0, 1});
  });
}

Tensor baddbmm(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options) {
  Added added("baddbmm", input, a, b);
  added.need_numbers();
  added.need(3, 3);
  added.need_batch();
  added.need_inner(2, 1);
  return added.sum({added.a.size(0), added.a.size(1), added.b.size(2)}, options, matrix_product);
}

}  // namespace xgrad
