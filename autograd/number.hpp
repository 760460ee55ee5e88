// The C library's functions of plain numbers, under the names that operators have too.
//
// Without them `sqrt(2.0)` would be a 0-d tensor of float32, with seven digits, in a file that says `using namespace xgrad`
// and includes no <cmath>. With both, the C library's own function is taken wherever it fits as well. (<cmath> itself would
// add 6 % to the time in which a user's file compiles.)
#pragma once

#include <concepts>
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

template <internal::PlainNumber T>
internal::Real<T> sqrt(T x) {
  return static_cast<internal::Real<T>>(__builtin_sqrt(x));
}
template <internal::PlainNumber T>
internal::Real<T> exp(T x) {
  return static_cast<internal::Real<T>>(__builtin_exp(x));
}
template <internal::PlainNumber T>
internal::Real<T> expm1(T x) {
  return static_cast<internal::Real<T>>(__builtin_expm1(x));
}
template <internal::PlainNumber T>
internal::Real<T> log(T x) {
  return static_cast<internal::Real<T>>(__builtin_log(x));
}
template <internal::PlainNumber T>
internal::Real<T> log1p(T x) {
  return static_cast<internal::Real<T>>(__builtin_log1p(x));
}
template <internal::PlainNumber T>
internal::Real<T> sin(T x) {
  return static_cast<internal::Real<T>>(__builtin_sin(x));
}
template <internal::PlainNumber T>
internal::Real<T> cos(T x) {
  return static_cast<internal::Real<T>>(__builtin_cos(x));
}
template <internal::PlainNumber T>
internal::Real<T> tanh(T x) {
  return static_cast<internal::Real<T>>(__builtin_tanh(x));
}
template <internal::PlainNumber T>
internal::Real<T> erf(T x) {
  return static_cast<internal::Real<T>>(__builtin_erf(x));
}
template <internal::PlainNumber T>
internal::Real<T> floor(T x) {
  return static_cast<internal::Real<T>>(__builtin_floor(x));
}
template <internal::PlainNumber T>
internal::Real<T> ceil(T x) {
  return static_cast<internal::Real<T>>(__builtin_ceil(x));
}
template <internal::PlainNumber T>
internal::Real<T> trunc(T x) {
  return static_cast<internal::Real<T>>(__builtin_trunc(x));
}
template <internal::PlainNumber T>
internal::Real<T> round(T x) {
  return static_cast<internal::Real<T>>(__builtin_round(x));
}
template <internal::PlainNumber A, internal::PlainNumber B>
auto pow(A a, B b) {
  using Result = std::common_type_t<internal::Real<A>, internal::Real<B>>;
  return static_cast<Result>(__builtin_pow(a, b));
}
template <internal::PlainNumber T>
T abs(T x) {
  if constexpr (std::floating_point<T>)
    return static_cast<T>(__builtin_fabsl(x));
  else
    return x < 0 ? -x : x;
}

}  // namespace xgrad
