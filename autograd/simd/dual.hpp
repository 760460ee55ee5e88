// Dual numbers: a value together with its derivatives along N directions, carried through a formula by the
// chain rule (forward mode). map() evaluates a user's lambda on duals of SIMD batches to get all its partial
// derivatives in one pass; duals of duals give the second order. Griewank, Walther, Evaluating Derivatives,
// 2nd ed., SIAM 2008, ch. 3.
#pragma once

#include <concepts>

#include "formulas.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {

template <class V, int N>
struct Dual;

/// A type that formulas of map() are evaluated on: a Batch, or a Dual.
template <class V>
inline constexpr bool kIsLane = false;
template <class T>
inline constexpr bool kIsLane<Batch<T>> = true;
template <class V, int N>
inline constexpr bool kIsLane<Dual<V, N>> = true;
template <class V>
concept Lane = kIsLane<V>;

template <class T>
Mask<T> is_zero(Batch<T> x) {
  return x == 0;
}

/// A derivative d times the slope of what comes after, or d where the slope is a mask that holds. At a pole the slope
/// may be infinite or nan: directions that x does not depend on stay out of it.
template <bool kAtPole = false, class V, class Slope>
V scaled(const V& d, const Slope& slope) {
  if constexpr (!std::same_as<V, Slope>)
    return where(slope, d, V(0));
  else if constexpr (kAtPole)
    return where(is_zero(d), V(0), slope * d);
  else
    return slope * d;
}

// A formula (formulas.hpp) on lanes, by the chain rule where they are duals.
template <class F, class T>
Batch<T> evaluate(const F& f, const Batch<T>& x) {
  return f.value(x);
}
template <class F, class T>
Batch<T> evaluate(const F& f, const Batch<T>& a, const Batch<T>& b) {
  return f.value(a, b);
}
template <class F, class V, int N>
Dual<V, N> evaluate(const F& f, const Dual<V, N>& x);
template <class F, class V, int N>
Dual<V, N> evaluate(const F& f, const Dual<V, N>& a, const Dual<V, N>& b);

/// V is a Batch, or a Dual again. The functions are those of Batch; conventions at kinks are the operators'.
template <class V, int N>
struct Dual {
  V value;
  V d[N];

  Dual() = default;
  Dual(V value) : value(value) {
    for (V& part : d) part = V(0);
  }
  template <Number T>
  Dual(T number) : Dual(V(number)) {}

  /// The variable that direction i belongs to.
  static Dual variable(V value, int i) {
    Dual x(value);
    x.d[i] = V(1);
    return x;
  }

  /// A value, with the derivative part(i) along each direction i.
  template <class F>
  static Dual combine(V value, const F& part) {
    Dual y;
    y.value = value;
    for (int i = 0; i < N; ++i) y.d[i] = part(i);
    return y;
  }

  friend Dual operator+(const Dual& a, const Dual& b) {
    return combine(a.value + b.value, [&](int i) { return a.d[i] + b.d[i]; });
  }
  friend Dual operator-(const Dual& a, const Dual& b) {
    return combine(a.value - b.value, [&](int i) { return a.d[i] - b.d[i]; });
  }
  friend Dual operator*(const Dual& a, const Dual& b) {
    return combine(a.value * b.value, [&](int i) { return a.d[i] * b.value + a.value * b.d[i]; });
  }
  friend Dual operator/(const Dual& a, const Dual& b) {
    V ratio = a.value / b.value;
    return combine(ratio, [&](int i) { return scaled<true>(a.d[i] - scaled<true>(b.d[i], ratio), 1 / b.value); });
  }
  friend Dual operator-(const Dual& x) {
    return combine(-x.value, [&](int i) { return -x.d[i]; });
  }

  // With a plain number on one side there is nothing to differentiate on that side.
  template <Number T>
  friend Dual operator+(const Dual& a, T b) {
    return combine(a.value + b, [&](int i) { return a.d[i]; });
  }
  template <Number T>
  friend Dual operator+(T a, const Dual& b) {
    return b + a;
  }
  template <Number T>
  friend Dual operator-(const Dual& a, T b) {
    return combine(a.value - b, [&](int i) { return a.d[i]; });
  }
  template <Number T>
  friend Dual operator-(T a, const Dual& b) {
    return combine(a - b.value, [&](int i) { return -b.d[i]; });
  }
  template <Number T>
  friend Dual operator*(const Dual& a, T b) {
    return combine(a.value * b, [&](int i) { return a.d[i] * b; });
  }
  template <Number T>
  friend Dual operator*(T a, const Dual& b) {
    return b * a;
  }
  template <Number T>
  friend Dual operator/(const Dual& a, T b) {
    return combine(a.value / b, [&](int i) { return a.d[i] / b; });
  }
  template <Number T>
  friend Dual operator/(T a, const Dual& b) {
    V ratio = a / b.value;
    return combine(ratio, [slope = -ratio / b.value, &b](int i) { return scaled<true>(b.d[i], slope); });
  }
  Dual& operator+=(const Dual& b) { return *this = *this + b; }
  Dual& operator-=(const Dual& b) { return *this = *this - b; }
  Dual& operator*=(const Dual& b) { return *this = *this * b; }
  Dual& operator/=(const Dual& b) { return *this = *this / b; }

  friend auto operator==(const Dual& a, const Dual& b) { return a.value == b.value; }
  friend auto operator!=(const Dual& a, const Dual& b) { return a.value != b.value; }
  friend auto operator<(const Dual& a, const Dual& b) { return a.value < b.value; }
  friend auto operator<=(const Dual& a, const Dual& b) { return a.value <= b.value; }
  friend auto operator>(const Dual& a, const Dual& b) { return a.value > b.value; }
  friend auto operator>=(const Dual& a, const Dual& b) { return a.value >= b.value; }
  friend auto isnan(const Dual& x) { return isnan(x.value); }
  friend auto isinf(const Dual& x) { return isinf(x.value); }
  friend auto isfinite(const Dual& x) { return isfinite(x.value); }

  template <class M>
  friend Dual where(M condition, const Dual& a, const Dual& b) {
    return combine(where(condition, a.value, b.value), [&](int i) { return where(condition, a.d[i], b.d[i]); });
  }
  friend Dual max(const Dual& a, const Dual& b) { return evaluate(formulas::Maximum{}, a, b); }
  friend Dual min(const Dual& a, const Dual& b) { return evaluate(formulas::Minimum{}, a, b); }
  friend Dual pow(const Dual& a, const Dual& b) { return evaluate(formulas::Pow{}, a, b); }
  template <Number T>
  friend Dual pow(const Dual& x, T c) {
    return evaluate(formulas::PowNumber{static_cast<double>(c)}, x);
  }
  friend Dual zeros_like(const Dual&) { return 0; }
  friend Dual ones_like(const Dual&) { return 1; }
  /// For a factor of what has vanished where the bound is: there the derivative does not matter.
  friend Dual bounded(const Dual& x, double limit) {
    return combine(bounded(x.value, limit), [&](int i) { return x.d[i]; });
  }
  friend auto is_zero(const Dual& x) {
    auto zero = is_zero(x.value);
    for (const V& part : x.d) zero = zero && is_zero(part);
    return zero;
  }
};

// Which members a formula's derivative is made of, whatever they read. Asked outside of the lambdas below, in which
// clang++ 14 does not see it.
template <class F, class... Read>
concept PullOf = requires(const F& f, const Read&... read) {
  f.pull(read...);
};
template <class F, class... Read>
concept DivisorOf = requires(const F& f, const Read&... read) {
  f.divisor(read...);
};
template <class F, class... Read>
concept PullAOf = requires(const F& f, const Read&... read) {
  f.pull_a(read...);
};
template <class F, class V>
concept HasPull = PullOf<F, V> || PullOf<F, V, V> || PullOf<F, V, V, V>;
template <class F, class V>
concept HasDivisor = DivisorOf<F, V> || DivisorOf<F, V, V>;
template <class F, class V>
concept HasPullA = PullAOf<F, V> || PullAOf<F, V, V> || PullAOf<F, V, V, V> || PullAOf<F, V, V, V, V>;

template <class F, class V, int N>
Dual<V, N> evaluate(const F& f, const Dual<V, N>& x) {
  using D = Dual<V, N>;
  constexpr bool kAtPole = requires { F::has_pole; };
  constexpr bool kPulls = HasPull<F, V>, kDivides = HasDivisor<F, V>;
  if constexpr (requires { f.value_and_slope(x.value); }) {
    const auto both = f.value_and_slope(x.value);
    return D::combine(both.value, [&](int i) { return scaled<kAtPole>(x.d[i], both.slope); });
  } else {
    const V y = evaluate(f, x.value);
    return internal::with_values<F::reads, V>(&x.value, nullptr, &y, [&](const auto&... read) {
      if constexpr (kPulls) {
        return D::combine(y, [&](int i) { return V(f.pull(x.d[i], read...)); });
      } else if constexpr (kDivides) {
        const V slope = 1 / f.divisor(read...);
        return D::combine(y, [&](int i) { return scaled<true>(x.d[i], slope); });
      } else {
        const auto slope = f.slope(read...);
        return D::combine(y, [&](int i) { return scaled<kAtPole>(x.d[i], slope); });
      }
    });
  }
}

template <class F, class V, int N>
Dual<V, N> evaluate(const F& f, const Dual<V, N>& a, const Dual<V, N>& b) {
  using D = Dual<V, N>;
  constexpr bool kAtPole = requires { F::has_pole; };
  constexpr bool kPulls = HasPullA<F, V>;
  const V y = evaluate(f, a.value, b.value);
  return internal::with_values<F::a_reads, V>(&a.value, &b.value, &y, [&](const auto&... a_read) {
    return internal::with_values<F::b_reads, V>(&a.value, &b.value, &y, [&](const auto&... b_read) {
      if constexpr (kPulls) {
        return D::combine(y, [&](int i) { return V(f.pull_a(a.d[i], a_read...) + f.pull_b(b.d[i], b_read...)); });
      } else {
        const auto slope_a = f.slope_a(a_read...), slope_b = f.slope_b(b_read...);
        return D::combine(y,
                          [&](int i) { return scaled<kAtPole>(a.d[i], slope_a) + scaled<kAtPole>(b.d[i], slope_b); });
      }
    });
  });
}

// The functions that batches have of their own (batch.hpp, math.hpp), on duals.
#define XGRAD_ON_DUALS(name, Formula)        \
  template <class V, int N>                  \
  Dual<V, N> name(const Dual<V, N>& x) {     \
    return evaluate(formulas::Formula{}, x); \
  }
XGRAD_ON_DUALS(abs, Abs)
XGRAD_ON_DUALS(sign, Sign)
XGRAD_ON_DUALS(floor, Floor)
XGRAD_ON_DUALS(ceil, Ceil)
XGRAD_ON_DUALS(trunc, Trunc)
XGRAD_ON_DUALS(round, Round)
XGRAD_ON_DUALS(square, Square)
XGRAD_ON_DUALS(reciprocal, Reciprocal)
XGRAD_ON_DUALS(sqrt, Sqrt)
XGRAD_ON_DUALS(exp, Exp)
XGRAD_ON_DUALS(expm1, Expm1)
XGRAD_ON_DUALS(log, Log)
XGRAD_ON_DUALS(log1p, Log1p)
XGRAD_ON_DUALS(sin, Sin)
XGRAD_ON_DUALS(cos, Cos)
XGRAD_ON_DUALS(tanh, Tanh)
XGRAD_ON_DUALS(bell, Bell)
XGRAD_ON_DUALS(erf, Erf)
XGRAD_ON_DUALS(erfc, Erfc)
XGRAD_ON_DUALS(normal_density, NormalDensity)
XGRAD_ON_DUALS(normal_cdf, NormalCdf)
XGRAD_ON_DUALS(sigmoid, Sigmoid)
XGRAD_ON_DUALS(sigmoid_slope, SigmoidSlope)
#undef XGRAD_ON_DUALS

// Functions that batches have from here.
template <Lane V>
V relu(const V& x) {
  return evaluate(formulas::Relu{}, x);
}
template <Lane V>
V leaky_relu(const V& x, double slope = 0.01) {
  return evaluate(formulas::LeakyRelu{slope}, x);
}
template <Lane V>
V elu(const V& x, double alpha = 1) {
  return evaluate(formulas::Elu{alpha}, x);
}
template <Lane V>
V silu(const V& x) {
  return evaluate(formulas::Silu{}, x);
}
template <Lane V>
V gelu(const V& x) {
  return evaluate(formulas::Gelu{}, x);
}
/// gelu(x, GeluForm::tanh)
template <Lane V, class Form>
V gelu(const V& x, Form form) {
  return form == Form::erf ? evaluate(formulas::Gelu{}, x) : evaluate(formulas::GeluTanh{}, x);
}
template <Lane V>
V softplus(const V& x, double beta = 1, double threshold = 20) {
  return evaluate(formulas::Softplus{beta, threshold}, x);
}
template <Lane V>
V log_sigmoid(const V& x) {
  return evaluate(formulas::LogSigmoid{}, x);
}
template <Lane V>
V clamp(const V& x, double low, double high) {
  return evaluate(formulas::Clamp{low, high}, x);
}
/// The larger, the smaller of a lane and a number.
template <Lane V, Number T>
V maximum(const V& a, T b) {
  return max(a, V(b));
}
template <Lane V, Number T>
V maximum(T a, const V& b) {
  return max(V(a), b);
}
template <Lane V>
V maximum(const V& a, const V& b) {
  return max(a, b);
}
template <Lane V, Number T>
V minimum(const V& a, T b) {
  return min(a, V(b));
}
template <Lane V, Number T>
V minimum(T a, const V& b) {
  return min(V(a), b);
}
template <Lane V>
V minimum(const V& a, const V& b) {
  return min(a, b);
}

}  // namespace XGRAD_SIMD_NAMESPACE

using XGRAD_SIMD_NAMESPACE::Dual;
using XGRAD_SIMD_NAMESPACE::kIsLane;
using XGRAD_SIMD_NAMESPACE::Lane;
}  // namespace xgrad
