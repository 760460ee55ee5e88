// Sums with a factor, and of three operands.
#include <cmath>

#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../create.hpp"
#include "../detail/formula.hpp"
#include "../detail/ternary.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// What becomes of a factor with a fraction beside integers.
enum class Broken { refused, truncated };

/// A factor of an operator, beside operands of this dtype.
struct Factor {
  double number;
  std::int64_t integer = 0;  // where the dtype is not floating

  Factor(const char* name, const char* what, const Operand& factor, DType dtype, Broken broken, SourceLocation where) {
    check(factor.is_number(), where, name, ": ", what, " must be a number, but it is a tensor.");
    number = factor.number();
    if (is_floating(dtype)) return;
    if (!is_floating(factor.dtype(name))) {
      integer = factor.number_as(DType::int64, name).item<std::int64_t>();
      return;
    }
    check(broken == Broken::truncated, where, name, ": ", what, " must be an integer beside operands of dtype ", dtype,
          ", but it is ", number, ".");
    check(std::abs(number) < 0x1p63, where, name, ": ", what, " must fit in int64 beside operands of dtype ", dtype,
          ", but it is ", number, ".");
    integer = static_cast<std::int64_t>(number);
  }
};

/// p a + q b
struct WeightedSum {
  static constexpr Reads a_reads = reads_nothing, b_reads = reads_nothing;
  double p, q;
  auto value(auto a, auto b) const { return p * a + q * b; }
  auto pull_a(auto g) const { return g * p; }
  auto pull_b(auto g) const { return g * q; }
};
struct WeightedSumOfIntegers {
  std::int64_t p, q;
  std::int64_t value(std::int64_t a, std::int64_t b) const { return p * a + q * b; }
};

/// p a + q b, where one of the factors is 1 or -1 and the other `alpha`, or its negative.
Tensor weighted_sum(const char* name, const Operand& a, const Operand& b, const Operand& alpha, int sign_a, int sign_b,
                    bool alpha_is_of_a) {
  check(sign_a + sign_b > 0 || a.dtype(name) != DType::boolean || b.dtype(name) != DType::boolean, a.where(), name,
        ": booleans cannot be subtracted, but both operands are boolean. Use logical_xor() or logical_not().");
  Promoted pair(name, a, b);
  Factor factor(name, "alpha", alpha, pair.dtype(), Broken::refused, a.where());
  if (!is_floating(pair.dtype()))
    return compute_integers(name, pair, a.where(),
                            WeightedSumOfIntegers{sign_a * (alpha_is_of_a ? factor.integer : 1),
                                                  sign_b * (alpha_is_of_a ? 1 : factor.integer)});
  return binary(
      name, {pair.a(), a.where()}, {pair.b(), a.where()},
      WeightedSum{sign_a * (alpha_is_of_a ? factor.number : 1), sign_b * (alpha_is_of_a ? 1 : factor.number)});
}

/// a + factor b c
struct AddProduct {
  static constexpr unsigned a_reads = of_none, b_reads = of_c, c_reads = of_b;
  double factor;
  auto value(auto a, auto b, auto c) const { return a + factor * b * c; }
  auto pull_a(auto g) const { return g; }
  auto pull_b(auto g, auto c) const { return g * (factor * c); }
  auto pull_c(auto g, auto b) const { return g * (factor * b); }
};
struct AddProductOfIntegers {
  std::int64_t factor;
  std::int64_t operator()(std::int64_t a, std::int64_t b, std::int64_t c) const { return a + factor * b * c; }
};
/// a + factor b / c
struct AddQuotient {
  static constexpr unsigned a_reads = of_none, b_reads = of_c, c_reads = of_b | of_c;
  double factor;
  auto value(auto a, auto b, auto c) const { return a + factor * b / c; }
  auto pull_a(auto g) const { return g; }
  auto pull_b(auto g, auto c) const { return g * factor / c; }
  auto pull_c(auto g, auto b, auto c) const { return -g * (factor * b / c / c); }
};
/// From whichever end is nearer, so that both are exact.
struct Lerp {
  static constexpr unsigned a_reads = of_c, b_reads = of_c, c_reads = of_a | of_b;
  static auto value(auto a, auto b, auto c) { return where(abs(c) < 0.5, a + c * (b - a), b - (b - a) * (1 - c)); }
  static auto pull_a(auto g, auto c) { return g * (1 - c); }
  static auto pull_b(auto g, auto c) { return g * c; }
  static auto pull_c(auto g, auto a, auto b) { return g * (b - a); }
};

}  // namespace

Tensor add(const Operand& a, const Operand& b, const Operand& alpha) {
  return weighted_sum("add", a, b, alpha, 1, 1, false);
}
Tensor sub(const Operand& a, const Operand& b, const Operand& alpha) {
  return weighted_sum("sub", a, b, alpha, 1, -1, false);
}
Tensor rsub(const Operand& a, const Operand& b, const Operand& alpha) {
  return weighted_sum("rsub", a, b, alpha, -1, 1, true);
}

Tensor addcmul(const Operand& x, const Operand& a, const Operand& b, const Operand& value) {
  const SourceLocation where = x.where();
  PromotedThree all("addcmul", x, a, b, DType::boolean);
  check(all.dtype != DType::boolean, where, "addcmul: an operand must be a number, but all are boolean.");
  Factor factor("addcmul", "value", value, all.dtype, Broken::truncated, where);
  if (!is_floating(all.dtype))
    return compute<std::int64_t>(all.shape, AddProductOfIntegers{factor.integer}, all.a, all.b, all.c);
  return ternary("addcmul", all, AddProduct{factor.number}, where);
}

Tensor addcdiv(const Operand& x, const Operand& a, const Operand& b, double value) {
  return ternary("addcdiv", PromotedThree("addcdiv", x, a, b, DType::float32), AddQuotient{value}, x.where());
}

Tensor lerp(const Operand& a, const Operand& b, const Operand& weight) {
  return ternary("lerp", PromotedThree("lerp", a, b, weight, DType::float32), Lerp{}, a.where());
}

}  // namespace xgrad
