// The C library's functions of plain numbers, under the names that operators have too.
//
// Without them `sqrt(2.0)` would be a 0-d tensor of float32, with seven digits, in a file that says
// `using namespace xgrad` and includes no <cmath>. With both, the C library's own function is taken wherever it fits as
// well. (<cmath> itself would add 6 % to the time in which a user's file compiles.)
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "config.hpp"

namespace xgrad XGRAD_API {

namespace internal {
template <class T>
concept PlainNumber = std::floating_point<T> || std::integral<T>;
/// The type of the results: float for a float, else double.
template <class T>
using Real = std::conditional_t<std::same_as<T, float>, float, double>;
}  // namespace internal

#define XGRAD_OF_NUMBERS(name)                                  \
  template <internal::PlainNumber T>                            \
  internal::Real<T> name(T x) {                                 \
    return static_cast<internal::Real<T>>(__builtin_##name(x)); \
  }
XGRAD_OF_NUMBERS(sqrt)
XGRAD_OF_NUMBERS(exp)
XGRAD_OF_NUMBERS(expm1)
XGRAD_OF_NUMBERS(log)
XGRAD_OF_NUMBERS(log1p)
XGRAD_OF_NUMBERS(exp2)
XGRAD_OF_NUMBERS(log2)
XGRAD_OF_NUMBERS(log10)
XGRAD_OF_NUMBERS(sin)
XGRAD_OF_NUMBERS(cos)
XGRAD_OF_NUMBERS(tan)
XGRAD_OF_NUMBERS(asin)
XGRAD_OF_NUMBERS(acos)
XGRAD_OF_NUMBERS(atan)
XGRAD_OF_NUMBERS(sinh)
XGRAD_OF_NUMBERS(cosh)
XGRAD_OF_NUMBERS(tanh)
XGRAD_OF_NUMBERS(asinh)
XGRAD_OF_NUMBERS(acosh)
XGRAD_OF_NUMBERS(atanh)
XGRAD_OF_NUMBERS(erf)
XGRAD_OF_NUMBERS(erfc)
XGRAD_OF_NUMBERS(floor)
XGRAD_OF_NUMBERS(ceil)
XGRAD_OF_NUMBERS(trunc)
XGRAD_OF_NUMBERS(round)
#undef XGRAD_OF_NUMBERS

#define XGRAD_OF_TWO_NUMBERS(name)                                           \
  template <internal::PlainNumber A, internal::PlainNumber B>                \
  auto name(A a, B b) {                                                      \
    using Result = std::common_type_t<internal::Real<A>, internal::Real<B>>; \
    return static_cast<Result>(__builtin_##name(a, b));                      \
  }
XGRAD_OF_TWO_NUMBERS(pow)
XGRAD_OF_TWO_NUMBERS(atan2)
XGRAD_OF_TWO_NUMBERS(hypot)
XGRAD_OF_TWO_NUMBERS(fmod)
XGRAD_OF_TWO_NUMBERS(copysign)
XGRAD_OF_TWO_NUMBERS(fmin)
XGRAD_OF_TWO_NUMBERS(fmax)
#undef XGRAD_OF_TWO_NUMBERS

template <internal::PlainNumber T>
T abs(T x) {
  if constexpr (std::floating_point<T>)
    return static_cast<T>(__builtin_fabsl(x));
  else
    return x < 0 ? -x : x;
}

}  // namespace xgrad
