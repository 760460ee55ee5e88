#include "division.hpp"

#include <limits>

#include "../simd/formulas/arithmetic.hpp"
#include "arithmetic.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "reduce.hpp"
#include "rounding.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// Of integers. A divisor of 0 has been refused; that of -1 is apart, as the quotient of the least int64 by it is no
// int64, at which the machine's division traps.

struct TruncInteger {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const { return b == -1 ? -a : a / b; }
};
struct FmodInteger {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const { return b == -1 ? 0 : a % b; }
};
struct FloorInteger {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (b == -1) return -a;
    std::int64_t quotient = a / b;
    return quotient - (a % b != 0 && (a < 0) != (b < 0) ? 1 : 0);
  }
};
struct RemainderInteger {
  std::int64_t operator()(std::int64_t a, std::int64_t b) const {
    if (b == -1) return 0;
    std::int64_t rest = a % b;
    return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
  }
};

template <class OfIntegers, class F>
Tensor divide(const char* name, const Operand& a, const Operand& b, const F& f) {
  check(a.dtype(name) != DType::boolean || b.dtype(name) != DType::boolean, a.where(), name,
        ": one operand must be a number, but both are boolean.");
  if (is_floating(a.dtype(name)) || is_floating(b.dtype(name))) return binary(name, a, b, f);
  Promoted pair(name, a, b);
  check(!any(pair.b() == 0).item<bool>() || pair.shape().numel() == 0, a.where(), name,
        ": an integer must not be divided by 0, but a divisor is 0. Make an operand floating with cast().");
  return compute<std::int64_t>(pair.shape(), OfIntegers{}, pair.a(), pair.b());
}

}  // namespace

Tensor div(const Operand& a, const Operand& b, Rounding rounding) {
  if (rounding == Rounding::none) return div(a, b);
  if (rounding == Rounding::floor) return divide<FloorInteger>("div", a, b, formulas::FloorDivide{});
  check(rounding == Rounding::trunc, a.where(), "div: the rounding must be none, trunc or floor, but it is another.");
  return divide<TruncInteger>("div", a, b, formulas::TruncDivide{});
}

Tensor floor_divide(const Operand& a, const Operand& b) {
  return divide<FloorInteger>("floor_divide", a, b, formulas::FloorDivide{});
}

Tensor fmod(const Operand& a, const Operand& b) { return divide<FmodInteger>("fmod", a, b, formulas::Fmod{}); }

Tensor remainder(const Operand& a, const Operand& b) {
  return divide<RemainderInteger>("remainder", a, b, formulas::Remainder{});
}

}  // namespace xgrad
