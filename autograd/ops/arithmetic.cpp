#include "arithmetic.hpp"

#include "../simd/formulas/arithmetic.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "exponential.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

struct Add {
  static auto value(auto a, auto b) { return a + b; }
};
struct Sub {
  static auto value(auto a, auto b) { return a - b; }
};
struct Mul {
  static constexpr Reads a_reads = reads_b, b_reads = reads_a;
  static auto value(auto a, auto b) { return a * b; }
  static auto slope_a(auto b) { return b; }
  static auto slope_b(auto a) { return a; }
};
struct Div {
  static constexpr Reads a_reads = reads_b, b_reads = reads_a | reads_b;
  static auto value(auto a, auto b) { return a / b; }
  static auto pull_a(auto g, auto b) { return g / b; }
  static auto pull_b(auto g, auto a, auto b) { return -g * ((a / b) / b); }
};
struct Neg {
  static constexpr Reads reads = reads_nothing;
  static auto value(auto x) { return -x; }
  static auto pull(auto g) { return -g; }
};
struct Cube {
  static constexpr Reads reads = reads_x;
  static auto value(auto x) { return x * x * x; }
  static auto slope(auto x) { return 3 * square(x); }
};
struct IntegerPower {
  std::int64_t operator()(std::int64_t base, std::int64_t exponent) const {
    std::int64_t result = 1;
    for (; exponent > 0; exponent >>= 1, base *= base)
      if (exponent & 1) result *= base;
    return result;
  }
};

/// For further derivatives only those elements are cut out where a factor is 0 and the other is not finite, and a base
/// of 1 is put in their place: the derivative of the branch not taken would make nan of 0 * inf.
struct PowOfTensors : formulas::Pow {
  using formulas::Pow::slope_a;
  using formulas::Pow::slope_b;
  static Tensor slope_a(const Tensor& a, const Tensor& b) {
    Tensor is_cut = logical_and(b == 0, logical_not(isfinite(1 / a)));
    return where(is_cut, zeros_like(a), b * pow(where(is_cut, ones_like(a), a), b - 1));
  }
  static Tensor slope_b(const Tensor& a, const Tensor& b, const Tensor&) {
    Tensor is_zero = logical_and(a == 0, b >= 0);
    Tensor base = where(is_zero, ones_like(a), a);
    return where(is_zero, zeros_like(a), pow(base, b) * log(base));
  }
};

/// add and sub read no values: their cotangents are g itself, or its negative.
struct SumRule {
  bool subtract;
  void operator()(Vjp& vjp) const {
    Tensor g = vjp.take_g();
    if (vjp.needs(0)) vjp.give(0, unbroadcast(vjp.needs(1) ? g : std::move(g), vjp, 0));
    // Moved above only where it is not needed here.
    if (vjp.needs(1))
      vjp.give(1, unbroadcast(subtract ? neg(g) : std::move(g), vjp, 1));  // NOLINT(bugprone-use-after-move)
  }
};

template <class F>
Tensor sum_or_difference(const char* name, const Operand& left, const Operand& right, const F& f, bool subtract) {
  if (are_alike(left, right)) {
    const Tensor &a = *left.tensor_or_null(), &b = *right.tensor_or_null();
    Tensor y = value_of_alike(name, a, b, f, left.where());
    if (!is_recorded(a, b)) return y;
    return record_known(name, left.where(), {a, b}, std::move(y), {}, SumRule{subtract});
  }
  Promoted pair(name, left, right);
  if (!is_floating(pair.dtype())) return compute_integers(name, pair, left.where(), f);
  Tensor y = new_result(name, pair.shape(), pair.dtype(), left.where());
  dispatch_floating(pair.dtype(), [&]<class T>(T) { compute_into<T>(y, Value{f}, pair.a(), pair.b()); });
  return record(name, left.where(), {pair.a(), pair.b()}, std::move(y), {}, SumRule{subtract});
}

/// x^c for one number c, with the quick forms of the common ones.
Tensor pow_number(const Tensor& x, double c, SourceLocation where) {
  Operand operand(x, where);
  if (c == 2) return square(operand);
  if (c == 1) return unary("pow", operand, formulas::Identity{});
  if (c == 0.5) return sqrt(operand);
  if (c == -1) return reciprocal(operand);
  if (c == 3) return unary("pow", operand, Cube{});
  return unary("pow", operand, formulas::PowNumber{c});
}

}  // namespace

Tensor add(const Operand& a, const Operand& b) { return sum_or_difference("add", a, b, Add{}, false); }

Tensor sub(const Operand& a, const Operand& b) {
  check(a.dtype("sub") != DType::boolean || b.dtype("sub") != DType::boolean, a.where(),
        "sub: booleans cannot be subtracted, but both operands are boolean. Use logical_xor() or logical_not().");
  return sum_or_difference("sub", a, b, Sub{}, true);
}

Tensor mul(const Operand& a, const Operand& b) {
  // A tensor by itself: one pass over memory for its gradient where two factors take two.
  const Tensor *left = a.tensor_or_null(), *right = b.tensor_or_null();
  if (left != nullptr && right != nullptr && left->impl() == right->impl() && left->defined() &&
      is_floating(left->impl()->dtype))
    return unary("mul", a, formulas::Square{});
  return binary<Integers::stay>("mul", a, b, Mul{});
}

Tensor div(const Operand& a, const Operand& b) { return binary("div", a, b, Div{}); }

Tensor neg(const Operand& x) {
  check(x.dtype("neg") != DType::boolean, x.where(), "neg: x must be a number, but it is boolean. Use logical_not().");
  return unary<Integers::stay>("neg", x, Neg{});
}

Tensor pow(const Operand& a, const Operand& b) {
  Promoted pair("pow", a, b);
  const Tensor& base = pair.a();
  const Tensor& exponent = pair.b();
  if (!is_floating(base.dtype())) {
    check(base.dtype() == DType::int64, a.where(), "pow: the base must be a number, but both operands are boolean.");
    Tensor y = compute<std::int64_t>(pair.shape(), IntegerPower{}, base, exponent);
    check(!any(exponent < 0).item<bool>(), a.where(),
          "pow: an integer must not have a negative integer power, which is no integer, but an exponent is negative. "
          "Make the base floating with cast().");
    return y;
  }
  if (b.is_number()) return pow_number(base, b.number(), a.where());
  return binary("pow", {base, a.where()}, {exponent, a.where()}, PowOfTensors{});
}

Tensor float_power(const Operand& a, const Operand& b) {
  const Promoted pair("float_power", a, b);
  const Tensor base = cast_for("float_power", {pair.a(), a.where()}, DType::float64);
  const Tensor exponent = cast_for("float_power", {pair.b(), a.where()}, DType::float64);
  return binary("float_power", {base, a.where()}, {exponent, a.where()}, PowOfTensors{});
}

Tensor square(const Operand& x) { return unary<Integers::stay>("square", x, formulas::Square{}); }

Tensor reciprocal(const Operand& x) { return unary("reciprocal", x, formulas::Reciprocal{}); }

Tensor sqrt(const Operand& x) { return unary("sqrt", x, formulas::Sqrt{}); }

Tensor abs(const Operand& x) { return unary<Integers::stay>("abs", x, formulas::Abs{}); }

Tensor sign(const Operand& x) {
  if (x.dtype("sign") == DType::boolean) return x.tensor("sign");
  return unary<Integers::stay>("sign", x, formulas::Sign{});
}

}  // namespace xgrad
