// Signs, exponents and last bits.
#include "../../simd/formulas/arithmetic.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../division.hpp"
#include "../rounding.hpp"
#include "slopes.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor rsqrt(const Operand& x) { return unary("rsqrt", x, formulas::Rsqrt{}); }
Tensor cbrt(const Operand& x) { return unary("cbrt", x, formulas::Cbrt{}); }

Tensor positive(const Operand& x) {
  check(x.dtype("positive") != DType::boolean, x.where(), "positive: the operand must be a number, but it is boolean.");
  return unary<Integers::stay>("positive", x, formulas::Identity{});
}

Tensor copysign(const Operand& a, const Operand& b) { return binary("copysign", a, b, formulas::Copysign{}); }
Tensor nextafter(const Operand& a, const Operand& b) { return binary("nextafter", a, b, formulas::Nextafter{}); }
Tensor ldexp(const Operand& a, const Operand& b) { return binary("ldexp", a, b, formulas::Ldexp{}); }

namespace {

struct BinaryExponent {
  auto operator()(auto x) const { return binary_exponent(x); }
};

}  // namespace

Frexp frexp(const Operand& x) {
  CallSite site(x.where());
  Tensor number = floating_operand("frexp", x);
  Tensor exponent = new_result("frexp", number.shape(), number.dtype(), x.where());
  dispatch_floating(number.dtype(), [&]<class T>(T) { compute_into<T>(exponent, BinaryExponent{}, number); });
  return {binary("frexp", number, neg(exponent), formulas::Ldexp{}), cast(exponent, DType::int64)};
}

}  // namespace xgrad
