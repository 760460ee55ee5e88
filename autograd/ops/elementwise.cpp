#include "elementwise.hpp"

#include <limits>
#include <numbers>
#include <optional>

#include "../grad.hpp"
#include "detail/formula.hpp"

namespace xgrad {
namespace internal {
namespace {

/// Operands decide the common dtype by weight: tensors with axes, scalar tensors, numbers.
int weight(const char* name, const Operand& operand) {
  if (operand.is_number()) return 0;
  return operand.tensor(name).ndim() == 0 ? 1 : 2;
}

/// A lighter operand decides only where it is of a later kind: boolean, integer, floating.
DType outweigh(DType heavy, DType light) {
  if (is_floating(heavy)) return heavy;
  return heavy == DType::boolean || is_floating(light) ? promote(heavy, light) : heavy;
}

DType common_dtype(const char* name, const Operand& a, const Operand& b) {
  int weight_a = weight(name, a);
  int weight_b = weight(name, b);
  DType dtype_a = a.dtype(name), dtype_b = b.dtype(name);
  if (weight_a == weight_b) return promote(dtype_a, dtype_b);
  return weight_a > weight_b ? outweigh(dtype_a, dtype_b) : outweigh(dtype_b, dtype_a);
}

}  // namespace

DType common_dtype(const char* name, std::initializer_list<const Operand*> operands) {
  // First those of one weight among themselves: so the order of the operands does not matter.
  std::optional<DType> by_weight[3], common;
  for (const Operand* operand : operands) {
    std::optional<DType>& dtype = by_weight[weight(name, *operand)];
    dtype = dtype ? promote(*dtype, operand->dtype(name)) : operand->dtype(name);
  }
  for (std::optional<DType> dtype : by_weight)
    if (dtype) common = common ? outweigh(*dtype, *common) : *dtype;
  return *common;
}

Promoted::Promoted(const char* name, const Operand& left, const Operand& right, DType least)
    : dtype_(promote(common_dtype(name, left, right), least)),
      a_(convert(left, name, left.where(), converted_a_)),
      b_(convert(right, name, left.where(), converted_b_)),
      shape_(broadcast_shapes(name, a_->shape(), b_->shape(), left.where())) {}

const Tensor* Promoted::convert(const Operand& operand, const char* name, SourceLocation where,
                                Tensor& converted) const {
  if (!operand.is_number() && operand.dtype(name) == dtype_) return &operand.tensor(name);
  converted =
      operand.is_number() ? operand.number_as(dtype_, name) : cast_for(name, {operand.tensor(name), where}, dtype_);
  return &converted;
}

}  // namespace internal

using namespace internal;

// ---- Arithmetic ----

namespace {

/// add and sub read no values: their cotangents are g itself, or its negative.
template <class Value>
Tensor sum_or_difference(const char* name, const Operand& left, const Operand& right, const Value& value,
                         bool subtract) {
  Promoted pair(name, left, right);
  if (!is_floating(pair.dtype())) return compute_integers(pair, left.where(), value);
  Tensor y = new_result(name, pair.shape(), pair.dtype(), left.where());
  dispatch_floating(pair.dtype(), [&]<class T>(T) { compute_into<T>(y, value, pair.a(), pair.b()); });
  return record(name, left.where(), {pair.a(), pair.b()}, std::move(y), {}, [subtract](Vjp& vjp) {
    Tensor g = vjp.take_g();
    if (vjp.needs(0)) vjp.give(0, unbroadcast(g, vjp.shape(0)));
    if (vjp.needs(1)) vjp.give(1, unbroadcast(subtract ? neg(g) : std::move(g), vjp.shape(1)));
  });
}

}  // namespace

Tensor add(const Operand& a, const Operand& b) {
  return sum_or_difference(
      "add", a, b, [](auto a, auto b) { return a + b; }, false);
}

Tensor sub(const Operand& a, const Operand& b) {
  check(a.dtype("sub") != DType::boolean || b.dtype("sub") != DType::boolean, a.where(),
        "sub: booleans cannot be subtracted. Use logical_xor() or logical_not().");
  return sum_or_difference(
      "sub", a, b, [](auto a, auto b) { return a - b; }, true);
}

Tensor mul(const Operand& a, const Operand& b) {
  return binary<reads_b, reads_a, Integers::stay>(
      "mul", a, b, [](auto a, auto b) { return a * b; }, [](auto g, auto, auto b, auto) { return g * b; },
      [](auto g, auto a, auto, auto) { return g * a; });
}

Tensor div(const Operand& a, const Operand& b) {
  return binary<reads_b, reads_a | reads_b>(
      "div", a, b, [](auto a, auto b) { return a / b; }, [](auto g, auto, auto b, auto) { return g / b; },
      [](auto g, auto a, auto b, auto) { return -g * ((a / b) / b); });
}

Tensor neg(const Operand& x) {
  check(x.dtype("neg") != DType::boolean, x.where(), "neg: a boolean has no negative. Use logical_not().");
  return unary<reads_nothing, Integers::stay>(
      "neg", x, [](auto x) { return -x; }, [](auto g, auto, auto) { return -g; });
}

namespace {

std::int64_t integer_power(std::int64_t base, std::int64_t exponent) {
  std::int64_t result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

/// x^c for one number c, with the quick forms of the common ones.
Tensor pow_number(const Tensor& x, double c, SourceLocation where) {
  Operand operand(x, where);
  if (c == 2) return square(operand);
  if (c == 1)
    return unary<reads_nothing>(
        "pow", operand, [](auto x) { return x; }, [](auto g, auto, auto) { return g; });
  if (c == 0.5) return sqrt(operand);
  if (c == -1) return reciprocal(operand);
  if (c == 3)
    return unary<reads_x>(
        "pow", operand, [](auto x) { return x * x * x; }, [](auto g, auto x, auto) { return 3 * g * square(x); });
  return unary<reads_x>(
      "pow", operand, [c](auto x) { return pow(x, c); },
      [c](auto g, auto x, auto) { return c == 0 ? zeros_like(g) : g * (c * pow(x, c - 1)); });
}

}  // namespace

Tensor pow(const Operand& a, const Operand& b) {
  Promoted pair("pow", a, b);
  const Tensor& base = pair.a();
  const Tensor& exponent = pair.b();
  if (!is_floating(base.dtype())) {
    check(base.dtype() == DType::int64, a.where(), "pow: the base must be a number, but both operands are boolean.");
    Tensor y = compute<std::int64_t>(
        pair.shape(), [](auto a, auto b) { return integer_power(a, b); }, base, exponent);
    check(!any(exponent < 0).item<bool>(), a.where(),
          "pow: an integer to a negative integer power is no integer. Make the base floating with cast().");
    return y;
  }
  if (b.is_number()) return pow_number(base, b.number(), a.where());
  // Where a factor is 0 the gradient is 0, even if the other is infinite or nan there: to the base that is b, and to the
  // exponent a^b at a = 0. For further derivatives only those elements are cut out where the other factor is not finite,
  // and a base of 1 is put in their place: the derivative of the branch not taken would make nan of 0 * inf.
  return binary<reads_a | reads_b, reads_a | reads_b | reads_y>(
      "pow", {base, a.where()}, {exponent, a.where()}, [](auto a, auto b) { return pow(a, b); },
      []<class V>(auto g, V a, auto b, auto) {
        if constexpr (std::same_as<V, Tensor>) {
          auto is_cut = logical_and(b == 0, logical_not(isfinite(1 / a)));
          return where(is_cut, zeros_like(g), g * (b * pow(where(is_cut, ones_like(a), a), b - 1)));
        } else {
          return where(b == 0, zeros_like(g), g * (b * pow(a, b - 1)));
        }
      },
      []<class V>(auto g, V a, auto b, auto y) {
        auto is_zero = logical_and(a == 0, b >= 0);
        V base = where(is_zero, ones_like(a), a);
        if constexpr (std::same_as<V, Tensor>)
          return where(is_zero, zeros_like(g), g * (pow(base, b) * log(base)));
        else
          return where(is_zero, zeros_like(g), g * (y * log(base)));
      });
}

Tensor square(const Operand& x) {
  return unary<reads_x, Integers::stay>(
      "square", x, [](auto x) { return x * x; }, [](auto g, auto x, auto) { return g * (2 * x); });
}

Tensor reciprocal(const Operand& x) {
  return unary<reads_y>(
      "reciprocal", x, [](auto x) { return 1 / x; }, [](auto g, auto, auto y) { return -g * (y * y); });
}

// ---- Comparison ----

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
// Of integers and booleans, which are computed one by one: without branches, so that the loop is vectorised.
bool logical_and(bool a, bool b) { return a & b; }
bool logical_or(bool a, bool b) { return a | b; }
}  // namespace

Tensor logical_and(const Operand& a, const Operand& b) {
  return comparison("logical_and", a, b, [](auto a, auto b) { return logical_and(a != 0, b != 0); });
}
Tensor logical_or(const Operand& a, const Operand& b) {
  return comparison("logical_or", a, b, [](auto a, auto b) { return logical_or(a != 0, b != 0); });
}
Tensor logical_xor(const Operand& a, const Operand& b) {
  return comparison("logical_xor", a, b, [](auto a, auto b) { return (a != 0) != (b != 0); });
}
Tensor logical_not(const Operand& x) {
  return predicate("logical_not", x, [](auto x) { return x == 0; });
}

namespace {
// An integer is never one of these.
template <class T>
inline constexpr bool kInteger = std::integral<T>;
}  // namespace

Tensor isnan(const Operand& x) {
  return predicate("isnan", x, []<class V>(V x) {
    if constexpr (kInteger<V>)
      return false;
    else
      return isnan(x);
  });
}
Tensor isinf(const Operand& x) {
  return predicate("isinf", x, []<class V>(V x) {
    if constexpr (kInteger<V>)
      return false;
    else
      return isinf(x);
  });
}
Tensor isfinite(const Operand& x) {
  return predicate("isfinite", x, []<class V>(V x) {
    if constexpr (kInteger<V>)
      return true;
    else
      return isfinite(x);
  });
}

// ---- Choosing ----

Tensor where(const Operand& condition, const Operand& a, const Operand& b) {
  const Tensor& mask = condition.tensor("where");
  SourceLocation place = condition.where();
  check(mask.dtype() == DType::boolean, place, "where: the condition must be boolean, but it is ", mask.dtype(), ".");
  Promoted pair("where", a, b);
  Shape shape = broadcast_shapes("where", mask.shape(), pair.shape(), place);
  Tensor y = new_tensor(shape, pair.dtype());
  dispatch(pair.dtype(), [&]<class T>(T) {
    vectorize<T>(shape, Types<T>{}, {y.impl()}, Types<bool, T, T>{}, {mask.impl(), pair.a().impl(), pair.b().impl()},
                 [](auto condition, auto a, auto b) { return where(condition, a, b); });
  });
  // The condition comes last, so that the branches are inputs 0 and 1.
  return record("where", place, {pair.a(), pair.b(), mask}, std::move(y), {Uses::input(2)}, [](Vjp& vjp) {
    const Tensor& g = vjp.g();
    const Tensor& mask = vjp.input(2);
    if (vjp.needs(0)) vjp.give(0, unbroadcast(where(mask, g, 0), vjp.shape(0)));
    if (vjp.needs(1)) vjp.give(1, unbroadcast(where(mask, 0, g), vjp.shape(1)));
  });
}

Tensor maximum(const Operand& a, const Operand& b) {
  // At a tie half each; 0 beside a NaN, to which every comparison is false.
  return binary<reads_a | reads_b, reads_a | reads_b, Integers::stay>(
      "maximum", a, b,
      []<class V>(V a, V b) {
        if constexpr (kInteger<V>)
          return a > b ? a : b;
        else
          return max(a, b);
      },
      [](auto g, auto a, auto b, auto) { return where(a > b, g, where(a == b, g * 0.5, zeros_like(g))); },
      [](auto g, auto a, auto b, auto) { return where(b > a, g, where(a == b, g * 0.5, zeros_like(g))); });
}

Tensor minimum(const Operand& a, const Operand& b) {
  return binary<reads_a | reads_b, reads_a | reads_b, Integers::stay>(
      "minimum", a, b,
      []<class V>(V a, V b) {
        if constexpr (kInteger<V>)
          return a < b ? a : b;
        else
          return min(a, b);
      },
      [](auto g, auto a, auto b, auto) { return where(a < b, g, where(a == b, g * 0.5, zeros_like(g))); },
      [](auto g, auto a, auto b, auto) { return where(b < a, g, where(a == b, g * 0.5, zeros_like(g))); });
}

Tensor clamp(const Operand& x, std::optional<double> low, std::optional<double> high) {
  check(low || high, x.where(), "clamp: at least one of low and high must be given.");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  double l = low.value_or(-kInfinity);
  double h = high.value_or(kInfinity);
  // Integers stay only where both bounds are integers themselves.
  bool whole = (!low || l == std::int64_t(l)) && (!high || h == std::int64_t(h));
  const Tensor& tensor = x.tensor("clamp");
  if (!is_floating(tensor.dtype()) && whole) {
    std::int64_t lowest = low ? std::int64_t(l) : std::numeric_limits<std::int64_t>::min();
    std::int64_t highest = high ? std::int64_t(h) : std::numeric_limits<std::int64_t>::max();
    return compute<std::int64_t>(
        tensor.shape(), [=](auto x) { return std::min(std::max(x, lowest), highest); },
        cast({tensor, x.where()}, DType::int64));
  }
  return unary<reads_x>(
      "clamp", x, [l, h](auto x) { return min(max(x, decltype(x)(l)), decltype(x)(h)); },
      [l, h](auto g, auto x, auto) { return where(logical_and(x >= l, x <= h), g, zeros_like(g)); });
}

Tensor clamp(const Operand& x, const Tensor& low, const Tensor& high) {
  CallSite site(x.where());
  check(low.defined() || high.defined(), x.where(), "clamp: at least one of low and high must be given.");
  // Each step passes g on where its bound does not bind, ends included, and to the bound elsewhere; nan is a constant.
  Tensor y = x.tensor("clamp");
  auto bound = [&](const Tensor& limit, bool below) {
    Tensor free = below ? y >= limit : y <= limit;
    y = where(free, y, where(isnan(y), y.detach(), limit));
  };
  if (low.defined()) bound(low, true);
  if (high.defined()) bound(high, false);
  return y;
}

// ---- Functions ----

Tensor abs(const Operand& x) {
  return unary<reads_x, Integers::stay>(
      "abs", x,
      []<class V>(V x) {
        if constexpr (kInteger<V>)
          return x < 0 ? -x : x;
        else
          return abs(x);
      },
      [](auto g, auto x, auto) { return g * sign(x); });
}

namespace {
/// Piecewise constant: the gradient is 0. Integers are what they are.
template <class Value>
Tensor step_function(const char* name, const Operand& x, const Value& value) {
  return unary<reads_nothing, Integers::stay>(
      name, x,
      [&]<class V>(V x) {
        if constexpr (kInteger<V>)
          return x;
        else
          return value(x);
      },
      [](auto g, auto, auto) { return zeros_like(g); });
}
}  // namespace

Tensor sign(const Operand& x) {
  if (x.dtype("sign") == DType::boolean) return x.tensor("sign");
  return unary<reads_nothing, Integers::stay>(
      "sign", x,
      []<class V>(V x) {
        if constexpr (kInteger<V>)
          return V((x > 0) - (x < 0));
        else
          return sign(x);
      },
      [](auto g, auto, auto) { return zeros_like(g); });
}
Tensor floor(const Operand& x) {
  return step_function("floor", x, [](auto x) { return floor(x); });
}
Tensor ceil(const Operand& x) {
  return step_function("ceil", x, [](auto x) { return ceil(x); });
}
Tensor trunc(const Operand& x) {
  return step_function("trunc", x, [](auto x) { return trunc(x); });
}
Tensor round(const Operand& x) {
  return step_function("round", x, [](auto x) { return round(x); });
}

Tensor exp(const Operand& x) {
  return unary<reads_y>(
      "exp", x, [](auto x) { return exp(x); }, [](auto g, auto, auto y) { return g * y; });
}
Tensor expm1(const Operand& x) {
  return unary<reads_y>(
      "expm1", x, [](auto x) { return expm1(x); }, [](auto g, auto, auto y) { return g * (y + 1); });
}
Tensor log(const Operand& x) {
  return unary<reads_x>(
      "log", x, [](auto x) { return log(x); }, [](auto g, auto x, auto) { return g / x; });
}
Tensor log1p(const Operand& x) {
  return unary<reads_x>(
      "log1p", x, [](auto x) { return log1p(x); }, [](auto g, auto x, auto) { return g / (1 + x); });
}
Tensor sqrt(const Operand& x) {
  return unary<reads_y>(
      "sqrt", x, [](auto x) { return sqrt(x); }, [](auto g, auto, auto y) { return g / (2 * y); });
}
Tensor sin(const Operand& x) {
  return unary<reads_x>(
      "sin", x, [](auto x) { return sin(x); }, [](auto g, auto x, auto) { return g * cos(x); });
}
Tensor cos(const Operand& x) {
  return unary<reads_x>(
      "cos", x, [](auto x) { return cos(x); }, [](auto g, auto x, auto) { return -g * sin(x); });
}
Tensor tanh(const Operand& x) {
  return unary<reads_y>(
      "tanh", x, [](auto x) { return tanh(x); }, [](auto g, auto, auto y) { return g * (1 - y * y); });
}

namespace {
constexpr double kTwoOverSqrtPi = 2 * std::numbers::inv_sqrtpi;
constexpr double kInvSqrt2 = 1 / std::numbers::sqrt2;
constexpr double kInvSqrtTwoPi = std::numbers::inv_sqrtpi * kInvSqrt2;
constexpr double kSqrtTwoOverPi = 2 * kInvSqrtTwoPi;
}  // namespace

Tensor erf(const Operand& x) {
  return unary<reads_x>(
      "erf", x, [](auto x) { return erf(x); }, [](auto g, auto x, auto) { return g * (kTwoOverSqrtPi * exp(-x * x)); });
}

// ---- Activations ----

Tensor sigmoid(const Operand& x) {
  return unary<reads_y>(
      "sigmoid", x, [](auto x) { return sigmoid(x); }, [](auto g, auto, auto y) { return g * ((1 - y) * y); });
}

Tensor log_sigmoid(const Operand& x) {
  return unary<reads_x>(
      "log_sigmoid", x, [](auto x) { return min(x, decltype(x)(0)) - log1p(exp(-abs(x))); },
      [](auto g, auto x, auto) { return g * sigmoid(-x); });
}

Tensor relu(const Operand& x) {
  return unary<reads_y, Integers::stay>(
      "relu", x,
      []<class V>(V x) {
        if constexpr (kInteger<V>)
          return x > 0 ? x : 0;
        else
          return max(x, V(0));
      },
      [](auto g, auto, auto y) { return where(y > 0, g, zeros_like(g)); });
}

Tensor leaky_relu(const Operand& x, double slope) {
  return unary<reads_x>(
      "leaky_relu", x, [slope](auto x) { return where(x > 0, x, x * slope); },
      [slope](auto g, auto x, auto) { return where(x > 0, g, g * slope); });
}

Tensor elu(const Operand& x, double alpha) {
  return unary<reads_x>(
      "elu", x, [alpha](auto x) { return where(x > 0, x, alpha * expm1(x)); },
      [alpha](auto g, auto x, auto) {
        // exp of the positive side could overflow, and 0 * inf would reach the second order.
        return where(x > 0, g, g * (alpha * exp(where(x > 0, zeros_like(x), x))));
      });
}

Tensor silu(const Operand& x) {
  return unary<reads_x>(
      "silu", x, [](auto x) { return x * sigmoid(x); },
      [](auto g, auto x, auto) {
        auto s = sigmoid(x);
        return g * (s * (1 + x * (1 - s)));
      });
}

Tensor gelu(const Operand& x, GeluForm form) {
  if (form == GeluForm::erf)
    return unary<reads_x>(
        "gelu", x, [](auto x) { return 0.5 * x * (1 + erf(x * kInvSqrt2)); },
        [](auto g, auto x, auto) {
          return g * (0.5 * (1 + erf(x * kInvSqrt2)) + x * (kInvSqrtTwoPi * exp(-0.5 * x * x)));
        });
  constexpr double kCubic = 0.044715;
  return unary<reads_x>(
      "gelu", x, [](auto x) { return 0.5 * x * (1 + tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x))); },
      [](auto g, auto x, auto) {
        auto t = tanh(kSqrtTwoOverPi * (x + kCubic * x * x * x));
        return g * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * (kSqrtTwoOverPi * (1 + 3 * kCubic * x * x)));
      });
}

Tensor softplus(const Operand& x, double beta, double threshold) {
  check(beta > 0, x.where(), "softplus: beta must be above 0, but it is ", beta, ".");
  return unary<reads_x>(
      "softplus", x,
      [=](auto x) {
        auto z = beta * x;
        return where(z > threshold, x, (max(z, decltype(z)(0)) + log1p(exp(-abs(z)))) / beta);
      },
      [=](auto g, auto x, auto) {
        auto z = beta * x;
        return where(z > threshold, g, g * sigmoid(z));
      });
}

// ---- Conversion ----

namespace {
/// Throws std::invalid_argument where int64 cannot hold an element.
void check_fits_int64(const char* operation, const Tensor& x, SourceLocation where) {
  if (x.numel() == 0) return;
  NoGrad no_grad;
  double least = amin(x).item(), largest = amax(x).item();
  check(-0x1p63 <= least && largest < 0x1p63, where, operation,
        ": an int64 must hold each element, but the smallest is ", least, " and the largest ", largest, ".");
}
}  // namespace

Tensor cast(const Operand& x, DType dtype) { return internal::cast_for("cast", x, dtype); }

Tensor internal::cast_for(const char* operation, const Operand& x, DType dtype) {
  if (x.is_number()) return x.number_as(dtype, operation);  // at once: as a float32 tensor it would lose digits
  const Tensor& tensor = x.tensor(operation);
  if (tensor.dtype() == dtype) return tensor;
  if (dtype == DType::int64 && is_floating(tensor.dtype())) check_fits_int64(operation, tensor, x.where());
  Tensor y = new_result(operation, tensor.shape(), dtype, x.where());
  copy_into(y, tensor);
  return record("cast", x.where(), {tensor}, std::move(y), {},
                [](Vjp& vjp) { vjp.give(0, cast(vjp.g(), vjp.dtype(0))); });
}

Tensor copy(const Operand& x) {
  const Tensor& tensor = x.tensor("copy");
  Tensor y = new_result("copy", tensor.shape(), tensor.dtype(), x.where());
  copy_into(y, tensor);
  return record("copy", x.where(), {tensor}, std::move(y), {}, [](Vjp& vjp) { vjp.give(0, vjp.g()); });
}

Tensor contiguous(const Operand& x) {
  const Tensor& tensor = x.tensor("contiguous");
  return tensor.is_contiguous() ? tensor : copy(x);
}

bool allclose(const Operand& a, const Operand& b, AllcloseOptions tolerance) {
  CallSite site(a.where());
  NoGrad no_grad;
  Promoted pair("allclose", a, b, DType::float64);
  const Tensor& x = pair.a();
  const Tensor& y = pair.b();
  // inf - inf is nan, so equal infinities are let in by the first test.
  Tensor close = logical_or(x == y, abs(x - y) <= tolerance.atol + tolerance.rtol * where(isfinite(y), abs(y), 0));
  if (tolerance.equal_nan) close = logical_or(close, logical_and(isnan(x), isnan(y)));
  return all(close).item<bool>();
}

}  // namespace xgrad
