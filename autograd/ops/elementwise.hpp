// Operators that act on each element alone. Operands of different shapes broadcast by NumPy's rule; the result has the
// common shape. g is the cotangent, y the output; every gradient is summed back to its operand's shape.
#pragma once

#include <optional>

#include "../number.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

// ---- Arithmetic. Mixed dtypes promote; integers stay integers except in division. As in PyTorch, a number, and a 0-d
// tensor beside one with axes, has a say only if it is of a later kind: boolean, integer, floating. ----

/// a + b. Gradients g, g. On booleans: or.
Tensor add(const Operand& a, const Operand& b);
/// a - b. Gradients g, -g. Throws std::invalid_argument on two booleans.
Tensor sub(const Operand& a, const Operand& b);
/// a * b. Gradients g b, g a. On booleans: and.
Tensor mul(const Operand& a, const Operand& b);
/// a / b, floating (integers become float32). Gradients g / b, -g a / b^2.
Tensor div(const Operand& a, const Operand& b);
/// -x. Throws std::invalid_argument on booleans.
Tensor neg(const Operand& x);

inline Tensor operator+(const Operand& a, const Operand& b) { return add(a, b); }
inline Tensor operator-(const Operand& a, const Operand& b) { return sub(a, b); }
inline Tensor operator*(const Operand& a, const Operand& b) { return mul(a, b); }
inline Tensor operator/(const Operand& a, const Operand& b) { return div(a, b); }
inline Tensor operator-(const Operand& x) { return neg(x); }

// Other names may stand for the same tensor: += would have to change it for all of them, or for none. `a = a + b` gives
// this name a new tensor; `a.assign(a + b)` writes into the elements of a leaf.
Tensor& operator+=(Tensor& a, const Operand& b) = delete;  // write a = a + b, or a.assign(a + b)
Tensor& operator-=(Tensor& a, const Operand& b) = delete;  // write a = a - b, or a.assign(a - b)
Tensor& operator*=(Tensor& a, const Operand& b) = delete;  // write a = a * b, or a.assign(a * b)
Tensor& operator/=(Tensor& a, const Operand& b) = delete;  // write a = a / b, or a.assign(a / b)

/// a^b. Gradients g b a^(b-1), g y log a; 0 where the factor b is 0, and to b where a = 0 and b >= 0. Two integers give
/// an integer; a negative integer power throws std::invalid_argument.
Tensor pow(const Operand& a, const Operand& b);
/// x^2. Gradient 2 g x.
Tensor square(const Operand& x);
/// 1 / x. Gradient -g y^2.
Tensor reciprocal(const Operand& x);

// ---- Comparison: boolean results, no gradient ----

Tensor equal(const Operand& a, const Operand& b);
Tensor not_equal(const Operand& a, const Operand& b);
Tensor less(const Operand& a, const Operand& b);
Tensor less_equal(const Operand& a, const Operand& b);
Tensor greater(const Operand& a, const Operand& b);
Tensor greater_equal(const Operand& a, const Operand& b);
inline Tensor operator==(const Operand& a, const Operand& b) { return equal(a, b); }
inline Tensor operator!=(const Operand& a, const Operand& b) { return not_equal(a, b); }
inline Tensor operator<(const Operand& a, const Operand& b) { return less(a, b); }
inline Tensor operator<=(const Operand& a, const Operand& b) { return less_equal(a, b); }
inline Tensor operator>(const Operand& a, const Operand& b) { return greater(a, b); }
inline Tensor operator>=(const Operand& a, const Operand& b) { return greater_equal(a, b); }

/// On any dtype: a number counts as true when it is not 0.
Tensor logical_and(const Operand& a, const Operand& b);
Tensor logical_or(const Operand& a, const Operand& b);
Tensor logical_xor(const Operand& a, const Operand& b);
Tensor logical_not(const Operand& x);
/// Both sides are computed: these are operators on elements.
inline Tensor operator&&(const Operand& a, const Operand& b) { return logical_and(a, b); }
inline Tensor operator||(const Operand& a, const Operand& b) { return logical_or(a, b); }
inline Tensor operator!(const Operand& x) { return logical_not(x); }
Tensor isnan(const Operand& x);
Tensor isinf(const Operand& x);
Tensor isfinite(const Operand& x);

// ---- Choosing ----

/// a where the condition holds, else b. The gradient of the branch not taken is exactly 0. Throws std::invalid_argument
/// unless the condition is boolean.
Tensor where(const Operand& condition, const Operand& a, const Operand& b);
/// where(condition, f(x), g(x)) with each function fed `safe` in place of the elements that it is not chosen for, so
/// that a nan or inf that it would make of them cannot reach the gradient (0 * inf = nan).
template <class F, class G>
Tensor where_safe(const Tensor& condition, F&& f, G&& g, const Tensor& x, double safe = 1,
                  SourceLocation place = SourceLocation::current());
/// The larger, the smaller. NaN where either is NaN, and no gradient there. At a tie each gets half the gradient.
Tensor maximum(const Operand& a, const Operand& b);
Tensor minimum(const Operand& a, const Operand& b);
/// min(max(x, low), high), either bound optional. Gradient g where low <= x <= high, else 0; clamp(nan) is nan with
/// gradient 0; low > high gives high.
Tensor clamp(const Operand& x, std::optional<double> low, std::optional<double> high);
/// The same with bounds that are tensors (an undefined one does not bound). The bounds get g where they were taken.
Tensor clamp(const Operand& x, const Tensor& low, const Tensor& high);

// ---- Functions. Integers become float32 unless the comment says otherwise. ----

/// |x|; integers stay. Gradient g sign(x), 0 at 0.
Tensor abs(const Operand& x);
/// -1, 0 or 1; integers and booleans stay. Gradient 0.
Tensor sign(const Operand& x);
/// Towards minus infinity, plus infinity, zero, the nearest (half to even); integers stay. Gradient 0.
Tensor floor(const Operand& x);
Tensor ceil(const Operand& x);
Tensor trunc(const Operand& x);
Tensor round(const Operand& x);

/// Gradient g y.
Tensor exp(const Operand& x);
/// e^x - 1, accurate near 0. Gradient g (y + 1).
Tensor expm1(const Operand& x);
/// Natural logarithm; nan below 0, -inf at 0. Gradient g / x.
Tensor log(const Operand& x);
/// log(1 + x), accurate near 0. Gradient g / (1 + x).
Tensor log1p(const Operand& x);
/// Gradient g / (2 y); inf at 0.
Tensor sqrt(const Operand& x);
/// Gradient g cos(x).
Tensor sin(const Operand& x);
/// Gradient -g sin(x).
Tensor cos(const Operand& x);
/// Gradient g (1 - y^2).
Tensor tanh(const Operand& x);
/// 2/sqrt(pi) times the integral of exp(-t^2) from 0 to x. Gradient g 2/sqrt(pi) exp(-x^2).
Tensor erf(const Operand& x);

// ---- Activations ----

/// 1 / (1 + exp(-x)); neither end overflows. Gradient g y (1 - y).
Tensor sigmoid(const Operand& x);
/// log(sigmoid(x)), accurate at both ends. Gradient g sigmoid(-x).
Tensor log_sigmoid(const Operand& x);
/// max(x, 0); integers stay. Gradient g where x > 0, 0 at 0.
Tensor relu(const Operand& x);
/// x where x > 0, else slope x. Gradient at 0: slope g. Maas, Hannun, Ng 2013.
Tensor leaky_relu(const Operand& x, double slope = 0.01);
/// x where x > 0, else alpha (exp(x) - 1). Gradient at 0: alpha g. Clevert, Unterthiner, Hochreiter 2016.
Tensor elu(const Operand& x, double alpha = 1);
/// x sigmoid(x). Elfwing, Uchibe, Doya 2017 (also named swish).
Tensor silu(const Operand& x);
enum class GeluForm { erf, tanh };
/// x Phi(x), Phi the normal distribution function; or its tanh approximation. Hendrycks, Gimpel 2016.
Tensor gelu(const Operand& x, GeluForm form = GeluForm::erf);
/// log(1 + exp(beta x)) / beta; x itself where beta x > threshold.
Tensor softplus(const Operand& x, double beta = 1, double threshold = 20);

// ---- Conversion ----

/// x in another dtype (x itself when it has it). Floating to integer truncates; to boolean, not 0 is true. The gradient
/// is converted back. Throws std::invalid_argument where int64 cannot hold an element (nan, inf, 1e30).
Tensor cast(const Operand& x, DType dtype);
/// The same elements in fresh row-major memory. Gradient g.
Tensor copy(const Operand& x);
/// x itself when its elements lie row-major without gaps, else copy(x).
Tensor contiguous(const Operand& x);

/// Whether |a - b| <= atol + rtol |b| everywhere (broadcast); two infinities of one sign are close, nan is close to
/// nothing unless equal_nan.
struct AllcloseOptions {
  double rtol = 1e-5;
  double atol = 1e-8;
  bool equal_nan = false;
};
bool allclose(const Operand& a, const Operand& b, AllcloseOptions tolerance = {});

template <class F, class G>
Tensor where_safe(const Tensor& condition, F&& f, G&& g, const Tensor& x, double safe, SourceLocation place) {
  // No CallSite: f and g are the user's code, which has lines of its own.
  const Operand mask(condition, place), given(x, place), instead(safe, place);
  const auto a = f(where(mask, given, instead));
  const auto b = g(where(mask, instead, given));
  return where(mask, {a, place}, {b, place});
}

}  // namespace xgrad
