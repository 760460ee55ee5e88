#include "rounding.hpp"

#include <cmath>
#include <cstdlib>

#include "../simd/formulas/arithmetic.hpp"
#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor floor(const Operand& x) { return unary<Integers::stay>("floor", x, formulas::Floor{}); }
Tensor ceil(const Operand& x) { return unary<Integers::stay>("ceil", x, formulas::Ceil{}); }
Tensor trunc(const Operand& x) { return unary<Integers::stay>("trunc", x, formulas::Trunc{}); }
Tensor round(const Operand& x) { return unary<Integers::stay>("round", x, formulas::Round{}); }
Tensor frac(const Operand& x) { return unary<Integers::stay>("frac", x, formulas::Fraction{}); }

namespace {

/// To a multiple of 10^-decimals. Where a number is so large, or the multiple so small, that x 10^decimals overflows, x
/// is one.
struct RoundDecimals : formulas::Step {
  int decimals;
  double power;  // 10^|decimals|

  template <class T>
  Batch<T> value(Batch<T> x) const {
    const Batch<T> factor = T(power);
    if (decimals < 0) {
      Batch<T> y = where(abs(x) < factor * T(0.5), x * 0, round(x / factor) * factor);
      return where(isinf(x), x, y);
    }
    Batch<T> y = round(x * factor) / factor;
    return where(isfinite(x * factor), y, x);
  }
};

/// To a multiple of `power`, which is a power of 10.
struct RoundInteger {
  std::int64_t power;
  std::int64_t operator()(std::int64_t x) const {
    std::int64_t quotient = x / power, rest = x % power;
    std::int64_t size = rest < 0 ? -rest : rest, missing = power - size;
    if (size > missing || (size == missing && quotient % 2 != 0)) quotient += x < 0 ? -1 : 1;
    return quotient * power;
  }
};

}  // namespace

Tensor round(const Operand& x, int decimals) {
  const Tensor& tensor = x.tensor("round");
  if (decimals == 0 || (decimals > 0 && !is_floating(tensor.dtype()))) return round(x);
  if (is_floating(tensor.dtype()))
    return unary("round", x, RoundDecimals{{}, decimals, std::pow(10.0, std::abs(decimals))});
  const Tensor whole = cast_for("round", {tensor, x.where()}, DType::int64);
  if (decimals < -18) return new_zeros("round", whole.shape(), DType::int64, x.where());  // 10^19 is no int64
  std::int64_t power = 1;
  for (int i = 0; i < -decimals; ++i) power *= 10;
  return compute<std::int64_t>(whole.shape(), RoundInteger{power}, whole);
}

}  // namespace xgrad
