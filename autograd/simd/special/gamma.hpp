// lgamma, digamma, trigamma and what reflects them, on batches.
//
// Everything is computed in double; floats are widened first and rounded once at the end, so
// that their results are within 0.51 units of the last place. Coefficients are minimax as in
// math.hpp.
#pragma once

#include "../math.hpp"
#include "../math/wide.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

// ---- Sine and cosine of pi r, for |r| <= 1/2 ----

/// sin(pi r) / (pi r), with an error of 1e-19 beside roundings.
inline Batch<double> sine_ratio(Batch<double> r) {
  Batch<double> z = r * r;
  return fma(z,
             polynomial(z, -0x1.a51a6625307d3p+0, 0x1.9f9cb402bc44ap-1, -0x1.86a8e4720c447p-3, 0x1.ac6805ce42a02p-6,
                        -0x1.33816a4c191dbp-9, 0x1.3746f45647f62p-13, -0x1.d411dda8694b6p-18, 0x1.0d41300eefed8p-22,
                        -0x1.5ecd6e0689b2p-28),
             Batch<double>(1));
}
/// cos(pi r): where it is small it is the sine of what is left to a quarter, which is exact.
inline Batch<double> cosine_of_turns(Batch<double> r) {
  Batch<double> size = abs(r);
  Batch<double> rest = 0.5 - size;
  Batch<double> z = size * size;
  Batch<double> near =
      fma(z,
          polynomial(z, -0x1.3bd3cc9be45dep+2, 0x1.03c1f081b593p+2, -0x1.55d3c7e3827efp+0, 0x1.e1f505ec0ac74p-3,
                     -0x1.a6d15a567b10cp-6, 0x1.f94a4a94320f2p-10, -0x1.8712522f972b7p-14),
          Batch<double>(1));
  return where(size <= 0.25, near, rest * sine_ratio(rest) * std::numbers::pi);
}

/// Where a whole number is odd.
inline Mask<double> is_odd(Batch<double> whole) {
  Batch<double> half = whole * 0.5;
  return trunc(half) != half;
}

/// log(x) + (0.5 - x) - ... : the sum of Stirling's series beyond (x - 1/2) (log(x) - 1), for x >= 8.
inline Batch<double> stirling_rest(Batch<double> x) {
  Batch<double> u = 1 / x;
  Batch<double> series =
      polynomial(u * u, 0x1.5555555555555p-4, -0x1.6c16c16c0660dp-9, 0x1.a01a00998cbbfp-11, -0x1.3811f69628ef3p-11,
                 0x1.b83739cbfee6ep-11, -0x1.c29d5c080a07cp-10, -0x1.7e508b009cef6p-9, 0x1.2b10259bfd1d8p-3);
  return fma(u, series, Batch<double>(0x1.acfe390c97d69p-2));  // (log(2 pi) - 1) / 2
}

/// The logarithm of Gamma(y), for y > -1/2. Zeros at 1 and 2 have a factor of their own.
inline Batch<double> log_gamma_of_size(Batch<double> y) {
  const Mask<double> is_small = y < 0.65, is_large = y >= 8;
  // Gamma(y) = Gamma(z + 2) times `factor`, or divided by it where y is small.
  Batch<double> factor = where(is_small, abs(y * (1 + y)), where(is_large, y, Batch<double>(1)));
  Batch<double> z = where(is_small, y, y - 2);
  const Mask<double> is_middle = y >= 3 && !is_large;
  if (any(is_middle)) {
    for (int i = 0; i < 5; ++i) {
      const Mask<double> is_more = is_middle && z >= 1;
      factor = where(is_more, factor * (z + 1), factor);
      z = where(is_more, z - 1, z);
    }
  }
  Batch<double> log_factor = log(factor);
  // log(Gamma(2 + z)) / z on [-1/2, 1]
  Batch<double> value =
      fma(z,
          polynomial(z, 0x1.b0ee6072093cep-2, 0x1.4a34cc4a60fa4p-2, -0x1.13e001a557577p-4, 0x1.51322ac7d9818p-6,
                     -0x1.e404fc21b72e3p-8, 0x1.7add6eac4afbbp-9, -0x1.38ac5c19dc72fp-10, 0x1.0b36afda42b09p-11,
                     -0x1.d3fd5508b81ecp-13, 0x1.a127a20af064fp-14, -0x1.78dd37da7a706p-15, 0x1.580d828659b5ep-16,
                     -0x1.3cd24be82b05fp-17, 0x1.25bef55435d65p-18, -0x1.10e7e2ca40382p-19, 0x1.fb2587f7ccd86p-21,
                     -0x1.e52b3716d78ffp-22, 0x1.ee914bf86eeb8p-23, -0x1.e65872cd46967p-24, 0x1.6ee5cb402b04dp-25,
                     -0x1.4a88d61d6825ep-27, 0x1.e57f90eee5378p-31),
          where(is_small, -log_factor, log_factor));
  const Mask<double> is_near_one = !is_small && y < 1.5;
  if (any(is_near_one)) {
    // log(Gamma(1 + z)) / z on [-0.35, 1/2]
    Batch<double> from_one = y - 1;
    value = where(
        is_near_one,
        from_one * polynomial(from_one, -0x1.2788cfc6fb619p-1, 0x1.a51a6625307dp-1, -0x1.9a4d55beab246p-2,
                              0x1.151322ac7e3e5p-2, -0x1.a8b9c17ab9934p-3, 0x1.5b40cb0f48a73p-3, -0x1.2703a1d49e627p-3,
                              0x1.010b36dc0dbd8p-3, -0x1.c8067410b9273p-4, 0x1.9a01d98fc8825p-4, -0x1.748bbc823063bp-4,
                              0x1.556b54f26ca3ap-4, -0x1.3b26d9df5bf9p-4, 0x1.2497aa563bbfdp-4, -0x1.10a016e350d6dp-4,
                              0x1.ff22e43dbe41fp-5, -0x1.e8991e55eef23p-5, 0x1.d30e2cce2ea7dp-5, -0x1.95091db0925cep-5,
                              0x1.4d472c91f0db7p-5, -0x1.9b0d72bf500eap-5, 0x1.2a9f4544ca2c7p-4, -0x1.08c3ff128c193p-4,
                              0x1.809085d6156bap-6),
        value);
  }
  if (!any(is_large)) return value;
  return where(is_large, fma(y - 0.5, log_factor - 1, stirling_rest(y)), value);
}

/// digamma(y) for y >= 0.
inline Batch<double> digamma_of_size(Batch<double> y) {
  const Mask<double> is_small = y < 1, is_large = y >= 2;
  Batch<double> value = 0;
  Batch<double> u = 1 / y;
  if (!all(is_large)) {
    // digamma(1.5 + z) / (z - z0) on [-1/2, 1/2], z0 its root in two parts.
    Batch<double> z = where(is_small, y - 0.5, y - 1.5);
    Batch<double> from_root = (z - -0x1.3a4f395283812p-5) - -0x1.e563779a1f5b1p-60;
    value = from_root *
            polynomial(z, 0x1.e6f0cbb873616p-1, -0x1.b1cb63005ee96p-2, 0x1.eca189b8e7559p-3, -0x1.2feeeb98a8108p-3,
                       0x1.8512e58fc1f17p-4, -0x1.fb44202929375p-5, 0x1.4de9aa51ccc53p-5, -0x1.b9f8b186990abp-6,
                       0x1.256462d49c37fp-6, -0x1.86354b52c2efbp-7, 0x1.03c2d230e010bp-7, -0x1.5a0a0fdbef21cp-8,
                       0x1.ccbc0902c95b5p-9, -0x1.3320f8e1b02f5p-9, 0x1.9faee82f12ae7p-10, -0x1.1413b8a15be92p-10,
                       0x1.31e771409bf3ap-11, -0x1.aaf5bf9597b72p-12, 0x1.52194820a4d13p-11, -0x1.8b0a6ab36ae84p-12,
                       -0x1.d27e68c86d273p-12, 0x1.b66d785df1221p-13, 0x1.0d0ae4e1d4d0fp-11, -0x1.25928bfd3a879p-12);
    value = where(is_small, value - u, value);
    if (!any(is_large)) return value;
  }
  // (log(y) - 1 / (2 y) - digamma(y)) y^2, of y^-2.
  Batch<double> z = where(is_large, u * u, Batch<double>(0));
  Batch<double> rest =
      polynomial(z, 0x1.555555555543dp-4, -0x1.1111110f9e648p-7, 0x1.04103ea13fb9bp-8, -0x1.11101ebcb699ap-8,
                 0x1.f043c520aca7fp-8, -0x1.576ed84854d36p-6, 0x1.4669c2236808ap-4, -0x1.77c336c434716p-2,
                 0x1.c58ac74e39d19p+0, -0x1.fa5e67d858a94p+2, 0x1.dde61d364332fp+4, -0x1.651d5bae71c6ap+6,
                 0x1.8e7eada9dfe2ep+7, -0x1.34f481df0f8cp+8, 0x1.2745e38120caep+8, -0x1.051637d171ffcp+7);
  return where(is_large, log(y) - fma(z, rest, u * 0.5), value);
}

/// The second derivative of log(Gamma(y)), for y >= 0.
inline Batch<double> trigamma_of_size(Batch<double> y) {
  const Mask<double> is_small = y < 2;
  Batch<double> first = 0;
  if (any(is_small)) {
    Batch<double> a = 1 / y, b = 1 / (1 + y);
    first = where(is_small, fma(a, a, b * b), first);
  }
  Batch<double> u = 1 / where(is_small, y + 2, y);
  // (trigamma(y) - 1 / y - 1 / (2 y^2)) y^3, of y^-2.
  Batch<double> z = u * u;
  Batch<double> rest = polynomial(
      z, 0x1.5555555554fc3p-3, -0x1.1111110ddd7f1p-5, 0x1.86185c5558eedp-6, -0x1.110ffcb395e72p-5, 0x1.362aa0ea88445p-4,
      -0x1.01b403bacfc29p-2, 0x1.1f05992ba3ffcp+0, -0x1.803aeee3a0e4dp+2, 0x1.0fb6be4b5882fp+5, -0x1.69c2d8a4f5673p+7,
      0x1.a0f6ef05f18e7p+9, -0x1.886ae297d37e6p+11, 0x1.1fb7b419d895p+13, -0x1.38f4ecbeccb32p+14, 0x1.d838261b3e5d2p+14,
      -0x1.b771c7e8ff8ccp+14, 0x1.7b01a21b88753p+13);
  return first + fma(z, fma(u, rest, Batch<double>(0.5)), u);
}

/// pi / sin(pi r).
inline Batch<double> reflection_pole(Batch<double> r) { return 1 / (r * sine_ratio(r)); }

}  // namespace simd_math

/// log|Gamma(x)|; infinite at the poles and at both infinities.
[[gnu::noinline]] inline Batch<double> lgamma(Batch<double> x) {
  using namespace simd_math;
  const Mask<double> reflects = x < -0.5;
  Batch<double> value = log_gamma_of_size(where(reflects, -x, x));
  if (!any(reflects)) return value;
  // Gamma(x) Gamma(-x) = -pi / (x sin(pi x)), with the distance from the nearest whole number, which is exact.
  Batch<double> r = x - round(x);
  Batch<double> reflected = -log(abs(x * (r * sine_ratio(r)))) - value;
  // At a pole both terms may be infinite.
  reflected = where(isinf(x) || r == 0, Batch<double>(std::numeric_limits<double>::infinity()), reflected);
  return where(reflects, reflected, value);
}

/// The derivative of lgamma. At 0 it is infinite with the other sign of the zero, at the other poles NaN.
[[gnu::noinline]] inline Batch<double> digamma(Batch<double> x) {
  using namespace simd_math;
  const Mask<double> reflects = x < 0;
  Batch<double> value = digamma_of_size(where(reflects, 1 - x, x));
  if (!any(reflects)) return value;
  Batch<double> r = x - round(x);
  Batch<double> cotangent = cosine_of_turns(r) * reflection_pole(r);  // pi cot(pi x)
  // At a pole it has no sign.
  cotangent = where(r == 0, Batch<double>(std::numeric_limits<double>::quiet_NaN()), cotangent);
  return where(reflects, value - cotangent, value);
}

/// The derivative of digamma; infinite at the poles.
[[gnu::noinline]] inline Batch<double> trigamma(Batch<double> x) {
  using namespace simd_math;
  const Mask<double> reflects = x < 0;
  Batch<double> value = trigamma_of_size(where(reflects, 1 - x, x));
  if (!any(reflects)) return value;
  // As reflection_pole(), with what the roundings of product and quotient take, which counts twice in the square.
  Batch<double> r = x - round(x), sine = sine_ratio(r), divisor = r * sine, pole = 1 / divisor, back = pole * divisor;
  Batch<double> rest = (1 - back) - error_of_product(pole, divisor, back) - pole * error_of_product(r, sine, divisor);
  rest = where(abs(pole) < 1e100, 2 * pole * pole * rest, Batch<double>(0));
  return where(reflects, fma(pole, pole, rest - value), value);
}

inline Batch<float> lgamma(Batch<float> x) {
  return simd_math::in_double([](Batch<double> part) { return lgamma(part); }, x);
}
inline Batch<float> digamma(Batch<float> x) {
  return simd_math::in_double([](Batch<double> part) { return digamma(part); }, x);
}
inline Batch<float> trigamma(Batch<float> x) {
  return simd_math::in_double([](Batch<double> part) { return trigamma(part); }, x);
}

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
