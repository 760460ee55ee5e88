#if XGRAD_MPFR
#include "exact.hpp"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

namespace xgrad::testing {

namespace {

#define XGRAD_OF_MPFR(name) \
  [[maybe_unused]] Exact name(const Exact& x) { return of(mpfr_##name, x); }
XGRAD_OF_MPFR(abs)
XGRAD_OF_MPFR(sqrt)
XGRAD_OF_MPFR(cbrt)
XGRAD_OF_MPFR(exp)
XGRAD_OF_MPFR(exp2)
XGRAD_OF_MPFR(expm1)
XGRAD_OF_MPFR(log)
XGRAD_OF_MPFR(log2)
XGRAD_OF_MPFR(log10)
XGRAD_OF_MPFR(log1p)
XGRAD_OF_MPFR(sin)
XGRAD_OF_MPFR(cos)
XGRAD_OF_MPFR(tan)
XGRAD_OF_MPFR(asin)
XGRAD_OF_MPFR(acos)
XGRAD_OF_MPFR(atan)
XGRAD_OF_MPFR(sinh)
XGRAD_OF_MPFR(cosh)
XGRAD_OF_MPFR(tanh)
XGRAD_OF_MPFR(asinh)
XGRAD_OF_MPFR(acosh)
XGRAD_OF_MPFR(atanh)
XGRAD_OF_MPFR(erf)
XGRAD_OF_MPFR(erfc)
XGRAD_OF_MPFR(digamma)
#undef XGRAD_OF_MPFR
Exact round(const Exact& x) { return of(mpfr_rint, x); }

Exact pow(const Exact& a, const Exact& b) { return of(mpfr_pow, a, b); }
Exact pi() {
  Exact y;
  mpfr_const_pi(y.get(), MPFR_RNDN);
  return y;
}
Exact infinity() { return Exact(INFINITY); }
Exact nan() { return Exact(NAN); }
Exact max(const Exact& a, const Exact& b) { return a < b ? b : a; }
Exact min(const Exact& a, const Exact& b) { return a < b ? a : b; }
/// x times a factor that has vanished where x is infinite.
Exact times(const Exact& x, const Exact& factor) { return factor == 0 ? factor : x * factor; }

Exact sigmoid(const Exact& x) { return 1 / (1 + exp(-x)); }
Exact softplus(const Exact& x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
Exact normal_cdf(const Exact& x) { return erfc(-x / sqrt(Exact(2))) / 2; }
Exact gelu_tanh(const Exact& x) { return times(x, sigmoid(2 * sqrt(2 / pi()) * (x + Exact("0.044715") * x * x * x))); }

// ---- Gamma ----

Exact lgamma(const Exact& x) {
  Exact y;
  int sign;
  mpfr_lgamma(y.get(), &sign, x.get(), MPFR_RNDN);
  return y;
}
/// The sum of (q + k)^-s for a whole s >= 2 and any q: terms up to 60, then Euler and Maclaurin's formula, to 350 bits.
/// Far below 0, the terms on both sides of q's place between whole numbers, without those beyond.
Exact hurwitz(int s, const Exact& q) {
  auto power = [s](const Exact& x) {
    Exact y;
    mpfr_pow_si(y.get(), x.get(), -s, MPFR_RNDN);
    return y;
  };
  static const std::vector<Exact> kCoefficients = [] {  // B_2j / (2j)! = 2 (-1)^(j + 1) zeta(2j) / (2 pi)^2j
    std::vector<Exact> list;
    for (int j = 1; j <= 60; ++j) {
      Exact zeta;
      mpfr_zeta_ui(zeta.get(), 2 * j, MPFR_RNDN);
      Exact c = 2 * zeta * pow(2 * pi(), Exact(-2 * j));
      list.push_back(j % 2 == 0 ? -c : c);
    }
    return list;
  }();
  if (isnan(q) || q == -infinity()) return nan();
  if (q <= 0 && q == round(q)) return infinity();
  if (q < -1000) {
    Exact r = q - round(q), mirrored = hurwitz(s, 1 - r) - hurwitz(s, 1 - q);
    return power(r) + hurwitz(s, 1 + r) + (s % 2 == 0 ? mirrored : -mirrored);
  }
  if (isinf(q)) return 0;
  Exact sum = 0, a = q;
  while (a < 60) {
    sum += power(a);
    a += 1;
  }
  sum += a * power(a) / (s - 1) + power(a) / 2;
  Exact factor = s * power(a) / a;
  for (int j = 0; j < 60; ++j) {
    sum += kCoefficients[j] * factor;
    factor *= (Exact(s + 2 * j + 1) / a) * (Exact(s + 2 * j + 2) / a);
  }
  return sum;
}
Exact polygamma(int n, const Exact& x) {
  if (isnan(x)) return x;
  if (isinf(x)) return x > 0 ? Exact(0) : nan();
  Exact factorial = 1;
  for (int k = 2; k <= n; ++k) factorial *= k;
  const double sign = n % 2 == 0 ? -1 : 1;
  if (x == round(x) && x <= 0) return sign * infinity();
  return sign * factorial * hurwitz(n + 1, x);
}
Exact multigammaln(int p, const Exact& x) {
  Exact sum = Exact(p * (p - 1)) / 4 * log(pi());
  for (int j = 0; j < p; ++j) sum += lgamma(x - Exact(j) / 2);
  return sum;
}

// ---- The normal distribution ----

Exact erfcx(const Exact& x) {
  if (isinf(x)) return x > 0 ? Exact(0) : infinity();
  if (x < 1000) return exp(x * x) * erfc(x);
  // The asymptotic series: 1 / (sqrt(pi) x) (1 - 1 / (2 x^2) + 3 / (4 x^4) ...)
  Exact sum = 0, term = 1;
  for (int k = 1; k < 60; ++k) {
    sum += term;
    term *= -Exact(2 * k - 1) / (2 * x * x);
  }
  return sum / (sqrt(pi()) * x);
}
Exact log_ndtr(const Exact& x) {
  if (isinf(x)) return x > 0 ? Exact(0) : x;
  Exact z = -x / sqrt(Exact(2));
  return x < 0 ? log(erfcx(z) / 2) - z * z : log1p(-erfc(-z) / 2);
}
/// The x of which `tail` is erfc(x), for 0 < tail <= 1: Newton's steps on the logarithm.
Exact erfc_inverse(const Exact& tail) {
  const double start = tail.to_double() > 0 ? tail.to_double() : 0;
  if (tail == 1) return 0;
  Exact x = start > 0.5 ? (1 - start) * 0.886
                        : std::sqrt(std::max(0.1, -std::log(start) - 0.5 * std::log(-std::log(start) + 1)));
  const Exact target = log(tail);
  for (int i = 0; i < 100; ++i) {
    Exact scaled_value = erfcx(x);
    Exact step = (log(scaled_value) - x * x - target) * scaled_value * sqrt(pi()) / 2;
    x += step;
    if (step == 0 || step.exponent() < x.exponent() - Exact::bits + 10) break;
  }
  return x;
}
Exact erfinv(const Exact& x) {
  Exact size = abs(x);
  if (!(size <= 1)) return nan();
  if (size == 1) return x * infinity();
  if (size < scaled(Exact(1), -Exact::bits / 4 - 40)) return x * sqrt(pi()) / 2 * (1 + pi() / 12 * x * x);
  Exact y = erfc_inverse(1 - size);
  return x < 0 ? -y : y;
}
Exact ndtri(const Exact& p) {
  if (!(p >= 0 && p <= 1)) return nan();
  if (p == 0 || p == 1) return p == 0 ? -infinity() : infinity();
  if (p == Exact(0.5)) return 0;
  Exact y = sqrt(Exact(2)) * erfc_inverse(2 * min(p, 1 - p));
  return p < 0.5 ? -y : y;
}

// ---- Bessel functions ----

/// exp(-|x|) I_n(x): the power series, or Hankel's where it is exact enough.
Exact bessel_ie(int n, const Exact& x) {
  if (isinf(x)) return 0;
  Exact size = abs(x), sum = 0;
  if (size < 200) {
    Exact quarter = size * size / 4, term = 1;
    for (int k = 1; k <= n; ++k) term *= size / 2 / k;
    for (int k = 1; k < 2000; ++k) {
      sum += term;
      term *= quarter / (Exact(k) * (n + k));
      if (term == 0 || term.exponent() < sum.exponent() - Exact::bits - 10) break;
    }
    sum *= exp(-size);
  } else {
    Exact term = 1;
    for (int k = 1; k < 500; ++k) {
      sum += term;
      term *= -(Exact(4 * n * n) - Exact(2 * k - 1) * (2 * k - 1)) / (8 * k * size);
      if (term.exponent() < sum.exponent() - Exact::bits - 10) break;
    }
    sum = sum / sqrt(2 * pi() * size);
  }
  return x < 0 && n % 2 != 0 ? -sum : sum;
}
Exact bessel_i(int n, const Exact& x) {
  return isinf(x) ? (x < 0 && n % 2 != 0 ? -infinity() : infinity()) : bessel_ie(n, x) * exp(abs(x));
}
/// K_n for n = 0 and 1: the integral of exp(-x cosh(t)) cosh(n t) by the trapezoidal rule.
Exact bessel_k(int n, const Exact& x) {
  if (!(x >= 0)) return nan();
  if (x == 0) return infinity();
  if (isinf(x)) return 0;
  if (x < scaled(Exact(1), -30)) {
    static const Exact euler = [] {
      Exact y;
      mpfr_const_euler(y.get(), MPFR_RNDN);
      return y;
    }();
    // The series, its first terms.
    Exact z = x * x / 4, log_half = log(x / 2), harmonic = 0, term = 1, sum = 0;
    for (int k = 0; k < 12; ++k) {
      if (k > 0) harmonic += Exact(1) / k;
      if (n == 0) sum += term * (harmonic - euler - log_half);
      if (n == 1) sum += term / (k + 1) * (log_half + euler - harmonic - Exact(1) / (2 * (k + 1)));
      term *= z / (Exact(k + 1) * (k + 1));
    }
    return n == 0 ? sum : 1 / x + sum * x / 2;
  }
  const Exact step = Exact(1) / 40;
  Exact sum = 0;
  for (int i = 0; i < 100000; ++i) {
    Exact t = step * i;
    Exact hyperbolic = cosh(t);
    // exp(-x (cosh(t) - 1)), the rest is multiplied at the end
    Exact term = exp(-x * (hyperbolic - 1)) * (n == 0 ? Exact(1) : hyperbolic);
    sum += i == 0 ? term / 2 : term;
    if (term.exponent() < sum.exponent() - Exact::bits - 10) break;
  }
  return sum * step * exp(-x);
}

// ---- Elementary ----

Exact sinc(const Exact& x) {
  if (x == 0) return 1;
  if (isinf(x)) return nan();
  Exact whole = round(x);
  Exact sine = sin(pi() * (x - whole));
  return (round(whole / 2) * 2 == whole ? sine : -sine) / (pi() * x);
}
/// x - tanh(x), where next to nothing of it may be left.
Exact tanhshrink(const Exact& x) {
  if (abs(x) > scaled(Exact(1), -60)) return x - tanh(x);
  Exact z = x * x;
  return x * z / 3 * (1 - z * 2 / 5 * (1 - z * 17 / 42 * (1 - z * 62 / 153)));
}
Exact entr(const Exact& x) { return x == 0 ? Exact(0) : x < 0 ? -infinity() : -x * log(x); }
Exact logit(const Exact& x) { return log(x / (1 - x)); }
Exact clamp(const Exact& x, const Exact& low, const Exact& high) { return x < low ? low : x > high ? high : x; }

}  // namespace

bool is_wave(const std::string& row) {
  return row == "sin" || row == "cos" || row == "tan" || row == "sinc" || row.starts_with("bessel_j") ||
         row.starts_with("bessel_y");
}

Exact exact_slope(ExactFunction f, const Exact& x, bool is_wave) {
  const mpfr_prec_t bits = Exact::bits;
  Exact h = scaled(Exact(1), (is_wave ? std::min(x.exponent(), 20L) : x.exponent()) - 130);
  Exact slope;
  // x + h must have all of h.
  for (mpfr_prec_t more = std::max<mpfr_prec_t>(bits, x.exponent() - h.exponent() + 250);; more *= 2) {
    Exact::bits = more;
    Exact at = f(x), above = f(x + h), below = f(x - h);
    Exact right = above - at, left = at - below;
    slope = (right + left) / (2 * h);
    // At least 100 bits of the differences must be left.
    const long left_over = std::max(right.exponent(), left.exponent()) - at.exponent() + more;
    if (left_over < 100 && more < 8 * bits && !isnan(slope)) continue;
    // The second order is h f''; at a kink the sides have nothing to do with each other.
    Exact jump = abs(right - left);
    if (jump != 0 && jump.exponent() > std::max(right.exponent(), left.exponent()) - 30) slope = nan();
    break;
  }
  Exact::bits = bits;
  return slope;
}

#define VALUE(expression) [](const Exact& x) -> Exact { return expression; }

ExactFunction exact_function(const std::string& row) {
  static const std::map<std::string, ExactFunction> kFunctions = {
      {"neg", VALUE(-x)},
      {"abs", VALUE(abs(x))},
      {"square", VALUE(x * x)},
      {"reciprocal", VALUE(1 / x)},
      {"sqrt", VALUE(sqrt(x))},
      {"cbrt", VALUE(cbrt(x))},
      {"exp", VALUE(exp(x))},
      {"expm1", VALUE(expm1(x))},
      {"log", VALUE(log(x))},
      {"log1p", VALUE(log1p(x))},
      {"sin", VALUE(sin(x))},
      {"cos", VALUE(cos(x))},
      {"tanh", VALUE(tanh(x))},
      {"sigmoid", VALUE(sigmoid(x))},
      {"log_sigmoid", VALUE(-softplus(-x))},
      {"relu", VALUE(max(x, 0))},
      {"elu", VALUE(x > 0 ? x : Exact(1.5) * expm1(x))},
      {"silu", VALUE(times(x, sigmoid(x)))},
      {"gelu", VALUE(times(x, normal_cdf(x)))},
      {"gelu(tanh)", VALUE(gelu_tanh(x))},
      {"softplus", VALUE(x > 20 ? x : softplus(x))},
      {"leaky_relu", VALUE(x > 0 ? x : x * Exact(0.1))},
      {"softplus(beta)", VALUE(3 * x > 10 ? x : softplus(3 * x) / 3)},
      {"celu", VALUE(x > 0 ? x : Exact(1.5) * expm1(x / Exact(1.5)))},
      {"selu", VALUE(Exact("1.0507009873554804934193349852946") *
                     (x > 0 ? x : Exact("1.6732632423543772848170429916717") * expm1(x)))},
      {"hardtanh", VALUE(clamp(x, -0.5, 1))},
      {"relu6", VALUE(clamp(x, 0, 6))},
      {"hardsigmoid", VALUE(clamp(x + 3, 0, 6) / 6)},
      {"hardswish", VALUE(times(x, clamp(x + 3, 0, 6)) / 6)},
      {"tanhshrink", VALUE(tanhshrink(x))},
      {"softsign", VALUE(isinf(x) ? x / abs(x) : x / (1 + abs(x)))},
      {"mish", VALUE(x < 0 ? times(x, tanh(softplus(x))) : x * tanh(softplus(x)))},
      {"pow(number)", VALUE(x * x * x)},
      {"pow(negative number)", VALUE(pow(x, Exact(-1.5)))},
      {"pow(of a number)", VALUE(pow(Exact(2.5), x))},
      {"exp2", VALUE(exp2(x))},
      {"log2", VALUE(log2(x))},
      {"log10", VALUE(log10(x))},
      {"rsqrt", VALUE(1 / sqrt(x))},
      {"tan", VALUE(tan(x))},
      {"asin", VALUE(asin(x))},
      {"acos", VALUE(acos(x))},
      {"atan", VALUE(atan(x))},
      {"sinh", VALUE(sinh(x))},
      {"cosh", VALUE(cosh(x))},
      {"asinh", VALUE(asinh(x))},
      {"acosh", VALUE(acosh(x))},
      {"atanh", VALUE(atanh(x))},
      {"deg2rad", VALUE(x * pi() / 180)},
      {"rad2deg", VALUE(x * 180 / pi())},
      {"erf", VALUE(erf(x))},
      {"erfc", VALUE(erfc(x))},
      {"erfcx", VALUE(erfcx(x))},
      {"erfinv", VALUE(erfinv(x))},
      {"ndtr", VALUE(normal_cdf(x))},
      {"ndtri", VALUE(ndtri(x))},
      {"log_ndtr", VALUE(log_ndtr(x))},
      {"lgamma", VALUE(lgamma(x))},
      {"digamma", VALUE(digamma(x))},
      {"polygamma(0)", VALUE(digamma(x))},
      {"polygamma(1)", VALUE(polygamma(1, x))},
      {"polygamma(2)", VALUE(polygamma(2, x))},
      {"polygamma(5)", VALUE(polygamma(5, x))},
      {"multigammaln", VALUE(multigammaln(3, x))},
      {"zeta(of a number)", VALUE(hurwitz(3, x))},
      {"i0", VALUE(bessel_i(0, x))},
      {"i0e", VALUE(bessel_ie(0, x))},
      {"i1", VALUE(bessel_i(1, x))},
      {"i1e", VALUE(bessel_ie(1, x))},
      {"bessel_k0", VALUE(bessel_k(0, x))},
      {"bessel_k1", VALUE(bessel_k(1, x))},
      {"bessel_j0", VALUE(of(mpfr_j0, x))},
      {"bessel_j1", VALUE(of(mpfr_j1, x))},
      {"bessel_y0", VALUE(of(mpfr_y0, x))},
      {"bessel_y1", VALUE(of(mpfr_y1, x))},
      {"sinc", VALUE(sinc(x))},
      {"entr", VALUE(entr(x))},
      {"logit", VALUE(logit(x))},
      {"logit(eps)", VALUE(logit(clamp(x, 0.25, 0.75)))},
  };
  const auto found = kFunctions.find(row);
  return found == kFunctions.end() ? nullptr : found->second;
}

}  // namespace xgrad::testing
#endif
