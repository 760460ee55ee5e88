// Division with a whole quotient and a rest, as in C (fmod) and as in Python (remainder, floor_divide).
#pragma once

#include "wide.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// |a| modulo |b|, exact. The rounded quotient may be one too large; `is_usual` tells where it is no further off.
struct Rest {
  Batch<double> rest;
  Mask<double> is_usual;

  template <Float64 T>
  Rest(Batch<T> a, Batch<T> b, double most) {
    Batch<double> quotient = trunc(a / b);
    rest = fma(-quotient, b, a);
    rest = where(rest < 0, rest + b, rest);
    is_usual = quotient < most && b < std::numeric_limits<double>::infinity();
  }
};

}  // namespace simd_math

/// What is left of a by a whole number of times b, with the sign of a; NaN where b is 0 or a infinite.
template <Float64 T>
inline Batch<T> fmod(Batch<T> a, Batch<T> b) {
  auto libm = [](double a, double b) { return __builtin_fmod(a, b); };
  if constexpr (!simd::kFuses) return each_lane(libm, a, b);
  simd_math::Rest r(abs(a), abs(b), 0x1p52);
  Batch<double> y = with_sign(r.rest, a);
  return all(r.is_usual) ? y : where(r.is_usual, y, each_lane(libm, a, b));
}
template <Float32 T>
inline Batch<T> fmod(Batch<T> a, Batch<T> b) {
  // The product of a float and a quotient of 29 bits is exact in a double.
  auto of_doubles = [](Batch<double> a, Batch<double> b) {
    simd_math::Rest r(abs(a), abs(b), 0x1p28);
    Batch<double> y = with_sign(r.rest, a);
    if (all(r.is_usual)) return y;
    return where(r.is_usual, y, each_lane([](double a, double b) { return __builtin_fmod(a, b); }, a, b));
  };
  return simd_math::in_double(of_doubles, a, b);
}

/// The same with the sign of b.
template <class T>
Batch<T> remainder(Batch<T> a, Batch<T> b) {
  Batch<T> rest = fmod(a, b);
  return where(rest != 0 && (b < 0) != (rest < 0), rest + b, rest);
}

/// The greatest whole number that is not above a / b, which would be one too much where rounding takes a / b up to it.
template <class T>
Batch<T> floor_divide(Batch<T> a, Batch<T> b) {
  Batch<T> rest = fmod(a, b);
  Batch<T> quotient = (a - rest) / b;
  quotient = where(rest != 0 && (b < 0) != (rest < 0), quotient - 1, quotient);
  Batch<T> whole = floor(quotient);
  whole = where(quotient - whole > T(0.5), whole + 1, whole);
  Batch<T> plain = a / b;
  whole = where(quotient == 0, with_sign(Batch<T>(0), plain), whole);
  return where(b == 0, plain, whole);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
