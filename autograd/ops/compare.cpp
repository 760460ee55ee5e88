#include "compare.hpp"

#include <algorithm>
#include <cmath>

#include "../grad_mode.hpp"
#include "arithmetic.hpp"
#include "choose.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

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

Tensor isposinf(const Operand& x) {
  return predicate("isposinf", x, [](auto x) {
    if constexpr (std::integral<decltype(x)>)
      return false;
    else
      return isinf(x) && x > 0;
  });
}
Tensor isneginf(const Operand& x) {
  return predicate("isneginf", x, [](auto x) {
    if constexpr (std::integral<decltype(x)>)
      return false;
    else
      return isinf(x) && x < 0;
  });
}
Tensor signbit(const Operand& x) {
  return predicate("signbit", x, [](auto x) {
    if constexpr (std::same_as<decltype(x), bool>)
      return false;
    else if constexpr (std::integral<decltype(x)>)
      return x < 0;
    else
      return has_sign(x);
  });
}

namespace {

struct IsClose {
  double rtol, atol;
  bool equal_nan;
  Mask<double> operator()(Batch<double> a, Batch<double> b) const {
    Batch<double> distance = abs(a - b);
    Mask<double> close = a == b || (isfinite(distance) && distance <= atol + rtol * abs(b));
    return equal_nan ? close || (isnan(a) && isnan(b)) : close;
  }
};
/// The distance of two int64 is a uint64.
struct IsCloseInteger {
  double rtol, atol;
  bool operator()(std::int64_t a, std::int64_t b) const {
    std::uint64_t distance = a < b ? static_cast<std::uint64_t>(b) - static_cast<std::uint64_t>(a)
                                   : static_cast<std::uint64_t>(a) - static_cast<std::uint64_t>(b);
    double bound = atol + rtol * std::abs(static_cast<double>(b));
    return distance == 0 || bound >= 0x1p64 || (bound >= 1 && distance <= static_cast<std::uint64_t>(bound));
  }
};

Tensor close(const char* name, const Operand& a, const Operand& b, const AllcloseOptions& tolerance) {
  const SourceLocation where = a.where();
  check(tolerance.rtol >= 0 && tolerance.atol >= 0, where, name,
        ": the tolerances must not be negative, but rtol and atol are ", tolerance.rtol, " and ", tolerance.atol, ".");
  const bool are_floating = is_floating(a.dtype(name)) || is_floating(b.dtype(name));
  NoGrad no_grad;
  const Promoted pair(name, a, b);
  const DType dtype = are_floating ? DType::float64 : DType::int64;
  const Tensor left = cast_for(name, {pair.a(), where}, dtype), right = cast_for(name, {pair.b(), where}, dtype);
  Tensor y = new_result(name, pair.shape(), DType::boolean, where);
  if (are_floating)
    vectorize<double>(pair.shape(), Types<bool>{}, {y.impl()}, Types<double, double>{}, {left.impl(), right.impl()},
                      IsClose{tolerance.rtol, tolerance.atol, tolerance.equal_nan});
  else
    vectorize<std::int64_t>(pair.shape(), Types<bool>{}, {y.impl()}, Types<std::int64_t, std::int64_t>{},
                            {left.impl(), right.impl()}, IsCloseInteger{tolerance.rtol, tolerance.atol});
  return y;
}

}  // namespace

Tensor isclose(const Operand& a, const Operand& b, AllcloseOptions tolerance) {
  return close("isclose", a, b, tolerance);
}

bool allclose(const Operand& a, const Operand& b, AllcloseOptions tolerance) {
  return all(close("allclose", a, b, tolerance)).item<bool>();
}

}  // namespace xgrad
