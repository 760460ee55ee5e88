#include "compare.hpp"

#include "../grad_mode.hpp"
#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "reduce.hpp"

namespace xgrad {

using namespace internal;

Tensor equal(const Operand& a, const Operand& b) {
  return comparison("equal", a, b, [](auto a, auto b) { return a == b; });
}
Tensor not_equal(const Operand& a, const Operand& b) {
  return comparison("not_equal", a, b, [](auto a, auto b) { return a != b; });
}
Tensor less(const Operand& a, const Operand& b) {
  return comparison("less", a, b, [](auto a, auto b) { return a < b; });
}
Tensor less_equal(const Operand& a, const Operand& b) {
  return comparison("less_equal", a, b, [](auto a, auto b) { return a <= b; });
}
Tensor greater(const Operand& a, const Operand& b) {
  return comparison("greater", a, b, [](auto a, auto b) { return a > b; });
}
Tensor greater_equal(const Operand& a, const Operand& b) {
  return comparison("greater_equal", a, b, [](auto a, auto b) { return a >= b; });
}

namespace {
// The functions of one integer or boolean, beside which the batches' own are found.
namespace lanes = XGRAD_SIMD_NAMESPACE;
}  // namespace

Tensor logical_and(const Operand& a, const Operand& b) {
  return comparison("logical_and", a, b, [](auto a, auto b) {
    using lanes::logical_and;
    return logical_and(a != 0, b != 0);
  });
}
Tensor logical_or(const Operand& a, const Operand& b) {
  return comparison("logical_or", a, b, [](auto a, auto b) {
    using lanes::logical_or;
    return logical_or(a != 0, b != 0);
  });
}
Tensor logical_xor(const Operand& a, const Operand& b) {
  return comparison("logical_xor", a, b, [](auto a, auto b) { return (a != 0) != (b != 0); });
}
Tensor logical_not(const Operand& x) {
  return predicate("logical_not", x, [](auto x) { return x == 0; });
}

Tensor isnan(const Operand& x) {
  return predicate("isnan", x, [](auto x) {
    using lanes::isnan;
    return isnan(x);
  });
}
Tensor isinf(const Operand& x) {
  return predicate("isinf", x, [](auto x) {
    using lanes::isinf;
    return isinf(x);
  });
}
Tensor isfinite(const Operand& x) {
  return predicate("isfinite", x, [](auto x) {
    using lanes::isfinite;
    return isfinite(x);
  });
}

bool allclose(const Operand& a, const Operand& b, AllcloseOptions tolerance) {
  CallSite site(a.where());
  NoGrad no_grad;
  Promoted pair("allclose", a, b, DType::float64);
  const Tensor& x = pair.a();
  const Tensor& y = pair.b();
  // inf - inf is nan, so equal infinities are let in by the first test.
  Tensor close = logical_or(x == y, abs(x - y) <= tolerance.atol + tolerance.rtol * where(isfinite(y), abs(y), 0));
  if (tolerance.equal_nan) close = logical_or(close, logical_and(isnan(x), isnan(y)));
  return all(close).item<bool>();
}

}  // namespace xgrad
