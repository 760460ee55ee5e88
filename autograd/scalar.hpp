// A number of the program, as a parameter of an operator.
#pragma once

#include <concepts>
#include <cstdint>
#include <type_traits>

#include "config.hpp"

namespace xgrad XGRAD_API {

/// A plain number of the program, as operators and their options take it: `full({2, 3}, 1)`, `clamp(x, 0, 2.5)`. Each
/// arithmetic type converts to it by itself. An integer keeps all its digits, which a double would round beyond 2^53;
/// an unsigned one above INT64_MAX counts as a double.
class Scalar {
 public:
  template <class T>
  requires std::is_convertible_v<T, double> Scalar(const T& number) : value_(static_cast<double>(number)) {
    if constexpr (std::integral<T> && sizeof(T) <= sizeof(integer_)) {
      integer_ = static_cast<std::int64_t>(number);
      is_integer_ = std::signed_integral<T> || integer_ >= 0;
    }
  }
  double value() const { return value_; }
  /// Whether it is of an integer type, and an int64 holds it.
  bool is_integer() const { return is_integer_; }
  /// The integer, where is_integer(); else no number that means anything.
  std::int64_t integer() const { return integer_; }

 private:
  double value_;
  std::int64_t integer_ = 0;
  bool is_integer_ = false;
};

}  // namespace xgrad
