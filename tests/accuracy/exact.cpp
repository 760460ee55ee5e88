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

/// exp(x^2) erfc(x) for x >= 4, by Laplace's continued fraction.
Exact erfcx_far(const Exact& x) {
  const double share = static_cast<double>(Exact::bits) / x.to_double();
  Exact below = x;
  for (int k = static_cast<int>(share * share / 16 + 0.2 * static_cast<double>(Exact::bits)) + 10; k > 0; --k)
    below = x + Exact(k) / 2 / below;
  return 1 / (sqrt(pi()) * below);
}
/// MPFR's takes up to a hundred times as long for numbers from 5 to 20.
Exact erfc(const Exact& x) { return x >= 4 && !isinf(x) ? exp(-x * x) * erfcx_far(x) : of(mpfr_erfc, x); }

Exact sigmoid(const Exact& x) { return 1 / (1 + exp(-x)); }
Exact softplus(const Exact& x) { return x > 0 ? x + log1p(exp(-x)) : log1p(exp(x)); }
Exact normal_cdf(const Exact& x) { return erfc(-x / sqrt(Exact(2))) / 2; }
Exact normal_density(const Exact& x) { return exp(-x * x / 2) / sqrt(2 * pi()); }
Exact gelu_tanh(const Exact& x) { return times(x, sigmoid(2 * sqrt(2 / pi()) * (x + Exact("0.044715") * x * x * x))); }

// ---- Gamma ----

Exact lgamma(const Exact& x) {
  Exact y;
  int sign;
  mpfr_lgamma(y.get(), &sign, x.get(), MPFR_RNDN);
  return y;
}
/// The sum of (q + k)^-s for a whole s >= 2 and any q: terms up to 60, then Euler and Maclaurin's formula, to 350 bits.
/// Below 0, the terms on both sides of q's place between whole numbers, without those beyond.
Exact hurwitz(int s, const Exact& q) {
  auto power = [s](const Exact& x) {
    Exact y;
    mpfr_pow_si(y.get(), x.get(), -s, MPFR_RNDN);
    return y;
  };
  static const std::vector<Exact> kCoefficients = [] {  // B_2j / (2j)! = 2 (-1)^(j + 1) zeta(2j) / (2 pi)^2j
    const WithBits enough(1000);
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
  if (q < -60) {
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
    Exact term = kCoefficients[j] * factor;
    sum += term;
    if (term.exponent() < sum.exponent() - Exact::bits - 10) break;
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
Exact multigammaln_slope(int p, const Exact& x) {
  Exact sum = 0;
  for (int j = 0; j < p; ++j) sum += digamma(x - Exact(j) / 2);
  return sum;
}

// ---- The normal distribution ----

/// erfcx(x), or its derivative 2 x erfcx(x) - 2 / sqrt(pi), of which little is left for a large x.
Exact erfcx(const Exact& x, bool slope) {
  if (isinf(x)) return x > 0 ? Exact(0) : infinity();
  if (x < 1000) {
    Exact value = x >= 4 ? erfcx_far(x) : exp(x * x) * erfc(x);
    return slope ? 2 * x * value - 2 / sqrt(pi()) : value;
  }
  // The asymptotic series: 1 / (sqrt(pi) x) (1 - 1 / (2 x^2) + 3 / (4 x^4) ...)
  Exact sum = 0, term = 1;
  for (int k = 1; k < 60; ++k) {
    sum += slope ? term * (1 - 2 * k) / x : term;
    term *= -Exact(2 * k - 1) / (2 * x * x);
    if (term.exponent() < -Exact::bits - 10) break;
  }
  return sum / (sqrt(pi()) * x);
}
Exact erfcx(const Exact& x) { return erfcx(x, false); }
Exact log_ndtr(const Exact& x) {
  if (isinf(x)) return x > 0 ? Exact(0) : x;
  Exact z = -x / sqrt(Exact(2));
  return x < 0 ? log(erfcx(z) / 2) - z * z : log1p(-erfc(-z) / 2);
}
Exact log_ndtr_slope(const Exact& x) {
  return x < 0 ? sqrt(2 / pi()) / erfcx(-x / sqrt(Exact(2))) : normal_density(x) / normal_cdf(x);
}
/// The x >= 0 of which `size` is erf(x) and `tail` is erfc(x), the smaller one of the two exact: Newton's steps, on the
/// logarithm of the tail.
Exact erf_inverse(const Exact& size, const Exact& tail) {
  const bool is_near = size < tail;
  Exact x = 0.886 * size;
  if (!is_near) {
    const double minus_log = -log(tail).to_double();
    x = std::sqrt(std::max(0.1, minus_log - 0.5 * std::log(minus_log + 1)));
  }
  const Exact target = is_near ? size : log(tail);
  for (int i = 0; i < 100 && size != 0; ++i) {
    Exact step;
    if (is_near) {
      step = (target - erf(x)) * exp(x * x) * sqrt(pi()) / 2;
    } else {
      Exact scaled_value = erfcx(x);
      step = (log(scaled_value) - x * x - target) * scaled_value * sqrt(pi()) / 2;
    }
    x += step;
    // The error after it is about the square of the step.
    if (step == 0 || step.exponent() < x.exponent() - Exact::bits / 2 - 10) break;
  }
  return x;
}
Exact erfinv(const Exact& x) {
  Exact size = abs(x);
  if (!(size <= 1)) return nan();
  if (size == 1) return x * infinity();
  Exact y = erf_inverse(size, 1 - size);
  return x < 0 ? -y : y;
}
Exact erfinv_slope(const Exact& x) {
  Exact y = erfinv(x);
  return sqrt(pi()) / 2 * exp(y * y);
}
Exact ndtri(const Exact& p) {
  if (!(p >= 0 && p <= 1)) return nan();
  if (p == 0 || p == 1) return p == 0 ? -infinity() : infinity();
  Exact tail = 2 * min(p, 1 - p);
  Exact y = sqrt(Exact(2)) * erf_inverse(1 - tail, tail);
  return p < 0.5 ? -y : y;
}

// ---- Bessel functions ----

/// exp(-x) I_n(x) for x >= 0, by the power series.
Exact bessel_ie_near(int n, const Exact& x) {
  Exact quarter = x * x / 4, term = 1, sum = 0;
  for (int k = 1; k <= n; ++k) term *= x / 2 / k;
  for (int k = 1; k < 2000; ++k) {
    sum += term;
    term *= quarter / (Exact(k) * (n + k));
    if (term == 0 || term.exponent() < sum.exponent() - Exact::bits - 10) break;
  }
  return sum * exp(-x);
}
/// The same by Hankel's series, where it is exact enough, or its derivative, of which a difference of two functions
/// would leave little.
Exact bessel_ie_far(int n, const Exact& x, bool slope) {
  Exact term = 1, sum = 0;
  for (int k = 1; k < 500; ++k) {
    sum += slope ? term * (1 - 2 * k) / (2 * x) : term;
    term *= -(Exact(4 * n * n) - Exact(2 * k - 1) * (2 * k - 1)) / (8 * k * x);
    if (term.exponent() < -Exact::bits - 10) break;
  }
  return sum / sqrt(2 * pi() * x);
}
/// exp(-|x|) I_n(x) for n = 0 and 1, or its derivative.
Exact bessel_ie(int n, const Exact& x, bool slope = false) {
  if (isinf(x)) return 0;
  Exact size = abs(x), y;
  if (size >= 200) {
    y = bessel_ie_far(n, size, slope);
  } else if (!slope) {
    y = bessel_ie_near(n, size);
  } else {
    Exact order0 = bessel_ie_near(0, size), order1 = bessel_ie_near(1, size);
    y = n == 0 ? order1 - order0 : order0 - order1 / size - order1;
  }
  return x < 0 && (n % 2 != 0) != slope ? -y : y;
}
Exact bessel_i(int n, const Exact& x) {
  return isinf(x) ? (x < 0 && n % 2 != 0 ? -infinity() : infinity()) : bessel_ie(n, x) * exp(abs(x));
}
/// K_n for n = 0 and 1: the series, or the integral of exp(-x cosh(t)) cosh(n t) by the trapezoidal rule.
Exact bessel_k(int n, const Exact& x) {
  if (!(x >= 0)) return nan();
  if (x == 0) return infinity();
  if (isinf(x)) return 0;
  if (x < 4) {
    static const Exact euler = [] {
      const WithBits enough(1000);
      Exact y;
      mpfr_const_euler(y.get(), MPFR_RNDN);
      return y;
    }();
    Exact z = x * x / 4, log_half = log(x / 2), harmonic = 0, term = 1, sum = 0;
    for (int k = 0; k < 500; ++k) {
      if (k > 0) harmonic += Exact(1) / k;
      if (n == 0) sum += term * (harmonic - euler - log_half);
      if (n == 1) sum += term / (k + 1) * (log_half + euler - harmonic - Exact(1) / (2 * (k + 1)));
      term *= z / (Exact(k + 1) * (k + 1));
      if (term.exponent() < -Exact::bits - 10) break;
    }
    return n == 0 ? sum : 1 / x + sum * x / 2;
  }
  // The rule is off by about exp(-pi^2 / step), and of the bell of a large x by exp(-2 pi^2 / (x step^2)).
  const double bits = static_cast<double>(Exact::bits);
  const Exact step = std::min(12 / bits, 4 / std::sqrt(x.to_double() * bits));
  Exact sum = 0;
  for (int i = 0; i < 100000; ++i) {
    Exact sine = sinh(step * i / 2), less_one = 2 * sine * sine;  // cosh(t) - 1
    Exact term = exp(-x * less_one) * (n == 0 ? Exact(1) : 1 + less_one);
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

/// Of logit(clamp(x, low, high)): NaN at the kinks.
Exact logit_slope(const Exact& x, const Exact& low, const Exact& high) {
  if (x < low || x > high) return 0;
  return x == low || x == high ? nan() : 1 / (x * (1 - x));
}

}  // namespace

Exact quotient_slope(ExactFunction f, const Exact& x, bool is_wave) {
  Exact h = scaled(Exact(1), (is_wave ? std::min(x.exponent(), 20L) : x.exponent()) - 130);
  // x + h must have all of h.
  for (mpfr_prec_t more = std::max<mpfr_prec_t>(400, x.exponent() - h.exponent() + 250);; more *= 2) {
    const WithBits enough(more);
    Exact at = f(x), above = f(x + h), below = f(x - h);
    Exact right = above - at, left = at - below;
    Exact slope = (right + left) / (2 * h);
    // At least 100 bits of the differences must be left.
    const long left_over = std::max(right.exponent(), left.exponent()) - at.exponent() + more;
    if (left_over < 100 && more < 3200 && !isnan(slope)) continue;
    // The second order is h f''; at a kink the sides have nothing to do with each other.
    Exact jump = abs(right - left);
    if (jump != 0 && jump.exponent() > std::max(right.exponent(), left.exponent()) - 30) slope = nan();
    return slope;
  }
}

Exact exact_slope(const ExactOperator& row, const Exact& x) {
  return row.slope == nullptr ? quotient_slope(row.value, x, row.is_wave) : row.slope(x);
}

#define OF(expression) [](const Exact& x) -> Exact { return expression; }

const ExactOperator* exact_operator(const std::string& row) {
  static const std::map<std::string, ExactOperator> kOperators = {
      {"neg", {OF(-x)}},
      {"abs", {OF(abs(x))}},
      {"square", {OF(x * x)}},
      {"reciprocal", {OF(1 / x)}},
      {"sqrt", {OF(sqrt(x))}},
      {"cbrt", {OF(cbrt(x))}},
      {"exp", {OF(exp(x))}},
      {"expm1", {OF(expm1(x))}},
      {"log", {OF(log(x))}},
      {"log1p", {OF(log1p(x))}},
      {"sin", {.value = OF(sin(x)), .is_wave = true}},
      {"cos", {.value = OF(cos(x)), .is_wave = true}},
      {"tanh", {OF(tanh(x))}},
      {"sigmoid", {OF(sigmoid(x))}},
      {"log_sigmoid", {OF(-softplus(-x))}},
      {"relu", {OF(max(x, 0))}},
      {"elu", {OF(x > 0 ? x : Exact(1.5) * expm1(x))}},
      {"silu", {OF(times(x, sigmoid(x)))}},
      {"gelu", {OF(times(x, normal_cdf(x))), OF(normal_cdf(x) + times(x, normal_density(x)))}},
      {"gelu(tanh)", {OF(gelu_tanh(x))}},
      {"softplus", {OF(x > 20 ? x : softplus(x))}},
      {"leaky_relu", {OF(x > 0 ? x : x * Exact(0.1))}},
      {"softplus(beta)", {OF(3 * x > 10 ? x : softplus(3 * x) / 3)}},
      {"celu", {OF(x > 0 ? x : Exact(1.5) * expm1(x / Exact(1.5)))}},
      {"selu",
       {OF(Exact("1.0507009873554804934193349852946") *
           (x > 0 ? x : Exact("1.6732632423543772848170429916717") * expm1(x)))}},
      {"hardtanh", {OF(clamp(x, -0.5, 1))}},
      {"relu6", {OF(clamp(x, 0, 6))}},
      {"hardsigmoid", {OF(clamp(x + 3, 0, 6) / 6)}},
      {"hardswish", {OF(times(x, clamp(x + 3, 0, 6)) / 6)}},
      {"tanhshrink", {OF(tanhshrink(x))}},
      {"softsign", {OF(isinf(x) ? x / abs(x) : x / (1 + abs(x)))}},
      {"mish", {OF(x < 0 ? times(x, tanh(softplus(x))) : x * tanh(softplus(x)))}},
      {"pow(number)", {OF(x * x * x)}},
      {"pow(negative number)", {OF(pow(x, Exact(-1.5)))}},
      {"pow(of a number)", {OF(pow(Exact(2.5), x))}},
      {"exp2", {OF(exp2(x))}},
      {"log2", {OF(log2(x))}},
      {"log10", {OF(log10(x))}},
      {"rsqrt", {OF(1 / sqrt(x))}},
      {"tan", {.value = OF(tan(x)), .is_wave = true}},
      {"asin", {OF(asin(x))}},
      {"acos", {OF(acos(x))}},
      {"atan", {OF(atan(x))}},
      {"sinh", {OF(sinh(x))}},
      {"cosh", {OF(cosh(x))}},
      {"asinh", {OF(asinh(x))}},
      {"acosh", {OF(acosh(x))}},
      {"atanh", {OF(atanh(x))}},
      {"deg2rad", {OF(x * pi() / 180)}},
      {"rad2deg", {OF(x * 180 / pi())}},
      {"erf", {OF(erf(x)), OF(2 / sqrt(pi()) * exp(-x * x))}},
      {"erfc", {OF(erfc(x)), OF(-2 / sqrt(pi()) * exp(-x * x))}},
      {"erfcx", {OF(erfcx(x)), OF(erfcx(x, true))}},
      {"erfinv", {OF(erfinv(x)), OF(erfinv_slope(x))}},
      {"ndtr", {OF(normal_cdf(x)), OF(normal_density(x))}},
      {"ndtri", {OF(ndtri(x)), OF(1 / normal_density(ndtri(x)))}},
      {"log_ndtr", {OF(log_ndtr(x)), OF(log_ndtr_slope(x))}},
      {"lgamma", {OF(lgamma(x)), OF(digamma(x))}},
      {"digamma", {OF(digamma(x)), OF(polygamma(1, x))}},
      {"polygamma(0)", {OF(digamma(x)), OF(polygamma(1, x))}},
      {"polygamma(1)", {OF(polygamma(1, x)), OF(polygamma(2, x))}},
      {"polygamma(2)", {OF(polygamma(2, x)), OF(polygamma(3, x))}},
      {"polygamma(5)", {OF(polygamma(5, x)), OF(polygamma(6, x))}},
      {"multigammaln", {OF(multigammaln(3, x)), OF(multigammaln_slope(3, x))}},
      {"zeta(of a number)", {OF(hurwitz(3, x)), OF(-3 * hurwitz(4, x))}},
      {"i0", {OF(bessel_i(0, x)), OF(bessel_i(1, x))}},
      {"i0e", {OF(bessel_ie(0, x)), OF(bessel_ie(0, x, true))}},
      {"i1", {OF(bessel_i(1, x)), OF(bessel_i(0, x) - bessel_i(1, x) / x)}},
      {"i1e", {OF(bessel_ie(1, x)), OF(bessel_ie(1, x, true))}},
      {"bessel_k0", {OF(bessel_k(0, x)), OF(-bessel_k(1, x))}},
      {"bessel_k1", {OF(bessel_k(1, x)), OF(-bessel_k(0, x) - bessel_k(1, x) / x)}},
      {"bessel_j0", {OF(of(mpfr_j0, x)), OF(-of(mpfr_j1, x)), true}},
      {"bessel_j1", {OF(of(mpfr_j1, x)), OF(of(mpfr_j0, x) - of(mpfr_j1, x) / x), true}},
      {"bessel_y0", {OF(of(mpfr_y0, x)), OF(-of(mpfr_y1, x)), true}},
      {"bessel_y1", {OF(of(mpfr_y1, x)), OF(of(mpfr_y0, x) - of(mpfr_y1, x) / x), true}},
      {"sinc", {.value = OF(sinc(x)), .is_wave = true}},
      {"entr", {OF(entr(x))}},
      {"logit", {OF(logit(x))}},
      {"logit(eps)", {OF(logit(clamp(x, 0.25, 0.75))), OF(logit_slope(x, 0.25, 0.75))}},
  };
  const auto found = kOperators.find(row);
  return found == kOperators.end() ? nullptr : &found->second;
}

}  // namespace xgrad::testing
#endif
