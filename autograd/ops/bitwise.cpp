#include "bitwise.hpp"

#include <numeric>

#include "detail/formula.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

void check_whole(const char* name, const Operand& operand, SourceLocation where) {
  check(!is_floating(operand.dtype(name)), where, name, ": the operands must be int64 or boolean, but one is ",
        operand.dtype(name), ".");
}

/// A formula of two int64, and of two booleans as 0 and 1.
template <class F>
Tensor of_bits(const char* name, const Operand& a, const Operand& b, const F& f) {
  check_whole(name, a, a.where());
  check_whole(name, b, a.where());
  return compute_integers(name, Promoted(name, a, b), a.where(), f);
}

/// A formula of two int64.
template <class F>
Tensor of_integers(const char* name, const Operand& a, const Operand& b, const F& f) {
  check_whole(name, a, a.where());
  check_whole(name, b, a.where());
  check(a.dtype(name) != DType::boolean || b.dtype(name) != DType::boolean, a.where(), name,
        ": one operand must be an integer, but both are boolean.");
  return of_bits(name, a, b, f);
}

struct And {
  static std::int64_t value(std::int64_t a, std::int64_t b) { return a & b; }
};
struct Or {
  static std::int64_t value(std::int64_t a, std::int64_t b) { return a | b; }
};
struct Xor {
  static std::int64_t value(std::int64_t a, std::int64_t b) { return a ^ b; }
};
struct Not {
  std::int64_t operator()(std::int64_t x) const { return ~x; }
};
struct LeftShift {
  static std::int64_t value(std::int64_t a, std::int64_t b) {
    return b < 0 || b > 63 ? 0 : static_cast<std::int64_t>(static_cast<std::uint64_t>(a) << b);
  }
};
struct RightShift {
  static std::int64_t value(std::int64_t a, std::int64_t b) { return a >> (b < 0 || b > 63 ? 63 : b); }
};

// Of the sizes, as the least int64 has none that is one. The divisor 2^63 itself is handed back as the least int64.
std::uint64_t size_of_integer(std::int64_t x) {
  return x < 0 ? -static_cast<std::uint64_t>(x) : static_cast<std::uint64_t>(x);
}
struct Gcd {
  static std::int64_t value(std::int64_t a, std::int64_t b) {
    return static_cast<std::int64_t>(std::gcd(size_of_integer(a), size_of_integer(b)));
  }
};
struct Lcm {
  static std::int64_t value(std::int64_t a, std::int64_t b) {
    const std::uint64_t divisor = std::gcd(size_of_integer(a), size_of_integer(b));
    if (divisor == 0) return 0;
    const auto multiple = static_cast<std::int64_t>(size_of_integer(a) / divisor * size_of_integer(b));
    return static_cast<std::int64_t>(size_of_integer(multiple));  // not negative where it wraps either
  }
};

}  // namespace

Tensor bitwise_and(const Operand& a, const Operand& b) { return of_bits("bitwise_and", a, b, And{}); }
Tensor bitwise_or(const Operand& a, const Operand& b) { return of_bits("bitwise_or", a, b, Or{}); }
Tensor bitwise_xor(const Operand& a, const Operand& b) { return of_bits("bitwise_xor", a, b, Xor{}); }

Tensor bitwise_not(const Operand& x) {
  check_whole("bitwise_not", x, x.where());
  const Tensor& tensor = x.tensor("bitwise_not");
  if (tensor.dtype() == DType::boolean)
    return comparison("bitwise_not", x, false, [](auto a, auto b) { return a == b; });
  return compute<std::int64_t>(tensor.shape(), Not{}, tensor);
}

Tensor bitwise_left_shift(const Operand& a, const Operand& b) {
  return of_integers("bitwise_left_shift", a, b, LeftShift{});
}
Tensor bitwise_right_shift(const Operand& a, const Operand& b) {
  return of_integers("bitwise_right_shift", a, b, RightShift{});
}

Tensor gcd(const Operand& a, const Operand& b) { return of_integers("gcd", a, b, Gcd{}); }
Tensor lcm(const Operand& a, const Operand& b) { return of_integers("lcm", a, b, Lcm{}); }

}  // namespace xgrad
