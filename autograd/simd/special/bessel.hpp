// The modified Bessel functions I and K of orders 0 and 1, and their derivatives, on batches. Computed in double.
#pragma once

#include "gamma.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// From here on I has its expansion of 1 / x.
inline constexpr double kLargeBessel = 16;

/// I_0(x) and I_1(x) / x of z = x^2, for |x| <= 16.
inline Batch<double> bessel_i0_series(Batch<double> z) {
  return polynomial(z, 0x1p+0, 0x1p-2, 0x1p-6, 0x1.c71c71c71c71cp-12, 0x1.c71c71c71c72cp-18, 0x1.23456789abc06p-24,
                    0x1.02e85c089986dp-31, 0x1.522a43f644e48p-39, 0x1.522a43f72090fp-47, 0x1.0b313282561a8p-55,
                    0x1.560188c3c66a6p-64, 0x1.69ca98dc60ea2p-73, 0x1.4197c865c40efp-82, 0x1.e723c9dae8265p-92,
                    0x1.3e2a59ae62171p-101, 0x1.69bf32e1b8f18p-111, 0x1.6b460db51ce1ap-121, 0x1.3aa8c9c5a4144p-131,
                    0x1.12469242c6dbp-141, 0x1.f3bcc972b4ad9p-153, 0x1.b2b2b605c598p-162, -0x1.e15adff9795a7p-174,
                    0x1.ece88393495aep-183);
}
inline Batch<double> bessel_i1_series(Batch<double> z) {
  return polynomial(z, 0x1p-1, 0x1p-4, 0x1.5555555555555p-9, 0x1.c71c71c71c72cp-15, 0x1.6c16c16c16b7dp-21,
                    0x1.845c8a0ce4f7cp-28, 0x1.27e4fb7794b2p-35, 0x1.522a43f53196p-43, 0x1.2c9758eb59139p-51,
                    0x1.ab81e945d54b6p-60, 0x1.f176a7316b837p-69, 0x1.e262ea8d072c6p-78, 0x1.8bd25fb99fe1dp-87,
                    0x1.1648aa88c2394p-96, 0x1.540eb2779102fp-106, 0x1.655c3064de7bfp-116, 0x1.6bb3affcfb6edp-126,
                    0x1.89ecdf0fa215fp-137, 0x1.d25c0c9236499p-146, -0x1.81d50d29ff5bfp-156, 0x1.aa06d452018ccp-165,
                    -0x1.3ee0997008137p-175, 0x1.430b6552b72e4p-186);
}
/// sqrt(x) exp(-x) I_0(x) and that of I_1, of u = 1 / x, for x >= 16.
inline Batch<double> bessel_i0_tail(Batch<double> u) {
  return polynomial(u, 0x1.9884533d43651p-2, 0x1.9884533d4381fp-5, 0x1.cb94dda405382p-6, 0x1.debb12f6bef9dp-6,
                    0x1.6e86a4a1eee67p-5, 0x1.73408342ded92p-4, 0x1.ce055b988b585p-3, 0x1.ae9edc30783c6p-1,
                    -0x1.9e8a392d13981p+1, 0x1.373f16055109fp+7, -0x1.3a787aa712a99p+11, 0x1.cd7bfd03a6ef5p+14,
                    -0x1.827ec83705483p+17, 0x1.3200ae71ad064p+19);
}
inline Batch<double> bessel_i1_tail(Batch<double> u) {
  return polynomial(u, 0x1.9884533d43651p-2, -0x1.32633e6df293ap-3, -0x1.7efc0e08f23b9p-5, -0x1.4f1c8d0c6aa59p-5,
                    -0x1.d73f84ce5f0f4p-5, -0x1.c5bb4e732cd36p-4, -0x1.11525cce81d0bp-2, -0x1.ea7f1780e50ap-1,
                    0x1.a7db6457fcb1fp+1, -0x1.4d692dab00ee9p+7, 0x1.4f24f384dea89p+11, -0x1.eb82c98c9de91p+14,
                    0x1.9af2818c63efap+17, -0x1.451f25550a06dp+19);
}
/// x^(3/2) exp(-x) (I_0(x) - I_1(x)), and that of I_1'(x) - I_1(x).
inline Batch<double> bessel_i0_slope_tail(Batch<double> u) {
  return polynomial(u, 0x1.9884533d4365p-3, 0x1.32633e6df3226p-4, 0x1.1f3d0a84a549ep-4, 0x1.a2e3b35143062p-4,
                    0x1.9c56713cc3fc7p-3, 0x1.feb40d84bd8c1p-2, 0x1.731e87d6d282ep+0, 0x1.c85b1ab51c3dbp+2,
                    -0x1.b9be68c411bdbp+5, 0x1.089caa1634906p+11, -0x1.1bdc462832f91p+15, 0x1.ac93c2a99a344p+18,
                    -0x1.745ecc663a008p+21, 0x1.2f6734305be0ep+23);
}
inline Batch<double> bessel_i1_slope_tail(Batch<double> u) {
  return polynomial(u, -0x1.9884533d43651p-3, 0x1.cb94dda4ec25fp-3, 0x1.debb1189170bdp-4, 0x1.2538fcf08a35p-3,
                    0x1.091327971b506p-2, 0x1.3811c49cf81bap-1, 0x1.b768455765706p+0, 0x1.03116b6f5de51p+3,
                    -0x1.d5ffce8ca826p+5, 0x1.1e04cebecc514p+11, -0x1.314cc0d334c1fp+15, 0x1.cbd85b287ec74p+18,
                    -0x1.8e68778af99fap+21, 0x1.43ec6fc0490bbp+23);
}

/// exp(x) y for x >= 16, where y is about 1 / sqrt(2 pi x): it may be finite where exp(x) is not.
inline Batch<double> times_exp(Batch<double> y, Batch<double> x) {
  Exponential<double> e(at_most(720, x));
  return scale(fma(y, e.r + e.s, y), e.shifted);
}

/// The mean of exp(-x c) weight(c) over the circle, with c = 1 - cos(t), for 0 <= x <= 16. The trapezoidal rule on a whole
/// turn: 44 points leave an error of 3e-19. (Trefethen, Weideman, SIAM Review 56, 2014.)
template <class Weight>
Batch<double> mean_over_circle(Batch<double> x, const Weight& weight) {
  static constexpr double kOneMinusCosine[] = {0x1.4d87ef1ef4424p-7,
                                               0x1.4bd56432afa8dp-5,
                                               0x1.7225b888e9f65p-4,
                                               0x1.451cde26c3d19p-3,
                                               0x1.f439913175d7bp-3,
                                               0x1.616c301114ef3p-2,
                                               0x1.d66240e894feap-2,
                                               0x1.2b4eb931c76a5p-1,
                                               0x1.6fc0c0144b92p-1,
                                               0x1.b722826fc2ec9p-1,
                                               0x1p+0,
                                               0x1.246ebec81e89bp+0,
                                               0x1.481f9ff5da37p+0,
                                               0x1.6a58a3671c4adp+0,
                                               0x1.8a676fc5dac06p+0,
                                               0x1.a7a4f3fbbac43p+0,
                                               0x1.c178cdd9d1451p+0,
                                               0x1.d75c643b2785dp+0,
                                               0x1.e8dda4777160ap+0,
                                               0x1.f5a154de6a82cp+0,
                                               0x1.fd64f021c2178p+0,
                                               0x1p+1};
  Batch<double> sum = 0;
  for (double c : kOneMinusCosine) {
    double share = weight(c) / (c == 2 ? 44 : 22);
    sum = fma(Exponential<double>(x * -c).value_up_to_one(), Batch<double>(share), sum);
  }
  return sum;
}

}  // namespace simd_math

[[gnu::noinline]] inline Batch<double> i0(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = bessel_i0_series(x * x);
  if (!any(is_large)) return value;
  size = at_most(720, size);
  return where(is_large, times_exp(bessel_i0_tail(1 / size) / sqrt(size), size), value);
}
[[gnu::noinline]] inline Batch<double> i0e(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = bessel_i0_series(x * x) * exp(-size);
  return where(is_large, bessel_i0_tail(1 / size) / sqrt(size), value);
}
[[gnu::noinline]] inline Batch<double> i1(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = x * bessel_i1_series(x * x);
  if (!any(is_large)) return value;
  size = at_most(720, size);
  return where(is_large, flip_sign(times_exp(bessel_i1_tail(1 / size) / sqrt(size), size), x), value);
}
[[gnu::noinline]] inline Batch<double> i1e(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = x * bessel_i1_series(x * x) * exp(-size);
  return where(is_large, flip_sign(bessel_i1_tail(1 / size) / sqrt(size), x), value);
}

/// The derivative of i1: I_0(x) - I_1(x) / x.
[[gnu::noinline]] inline Batch<double> i1_slope(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x), z = x * x;
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = bessel_i0_series(z) - bessel_i1_series(z);
  if (!any(is_large)) return value;
  size = at_most(720, size);
  Batch<double> u = 1 / size;
  Batch<double> tail = fma(-u, bessel_i1_tail(u), bessel_i0_tail(u)) / sqrt(size);
  return where(is_large, times_exp(tail, size), value);
}
/// The derivative of i0e, 0 at 0, where it jumps.
[[gnu::noinline]] inline Batch<double> i0e_slope(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = mean_over_circle(at_most(kLargeBessel, size), [](double c) { return c; });
  value = where(is_large, bessel_i0_slope_tail(1 / size) / size / sqrt(size), value);
  return where(x == 0, Batch<double>(0), flip_sign(-value, x));
}
/// The derivative of i1e.
[[gnu::noinline]] inline Batch<double> i1e_slope(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = mean_over_circle(at_most(kLargeBessel, size), [](double c) { return c * (c - 1); });
  return where(is_large, bessel_i1_slope_tail(1 / size) / size / sqrt(size), value);
}

[[gnu::noinline]] inline Batch<double> bessel_k0(Batch<double> x) {
  using namespace simd_math;
  Batch<double> z = x * x;
  // K_0(x) + log(x / 2) I_0(x) for x <= 1
  Batch<double> near =
      fma(std::numbers::ln2 - log(x), bessel_i0_series(z),
          polynomial(z, -0x1.2788cfc6fb619p-1, 0x1.b0ee6072093e4p-4, 0x1.d877303903fc4p-7, 0x1.1dd628657102p-11,
                     0x1.56b9b66a9ea96p-17, 0x1.f0f1893ecd5fdp-24, 0x1.e4c8f7c832fdfp-31, 0x1.5b3d5aadd4a53p-38));
  Batch<double> t = at_most(1e18, x);
  // sqrt(x) exp(x) K_0(x) for x >= 1
  Batch<double> far =
      polynomial((t - 2) / (t + 2), 0x1.30ae2423de262p+0, 0x1.ac450893fa4p-4, -0x1.2817f63b0e9cap-4,
                 0x1.c4e771bd211b1p-5, -0x1.6c141b924513fp-5, 0x1.2ed09df5c6d49p-5, -0x1.020b42f7ebf69p-5,
                 0x1.bffd0689bb0e1p-6, -0x1.8a8ff214d1832p-6, 0x1.5f9be95467625p-6, -0x1.3c646f80ec42ep-6,
                 0x1.1f373c4d5e003p-6, -0x1.06bf7340851bap-6, 0x1.df50836a37a6dp-7, -0x1.ad8cc5f8f45b1p-7,
                 0x1.9e0ed0308c778p-7, -0x1.0169bffc53a33p-6, 0x1.1d6a63320cbaap-6, 0x1.d54cffb44ff4fp-10,
                 -0x1.54ef561bb304dp-5, 0x1.aba096cc90333p-6, 0x1.05aa2dc6eeb93p-3, -0x1.395890abf9c7ap-2,
                 0x1.aaec12952dca8p-3, 0x1.045f67c8bf961p-2, -0x1.758b4df7dc3a6p-1, 0x1.a2cc8f7879b52p-1,
                 -0x1.16299fae4eb66p-1, 0x1.c953e9377a103p-3, -0x1.b1a115a3f80f2p-5, 0x1.6d400752ba515p-8) *
      exp(-x) / sqrt(x);
  return where(x > 1, far, near);
}
[[gnu::noinline]] inline Batch<double> bessel_k1(Batch<double> x) {
  using namespace simd_math;
  Batch<double> z = x * x;
  // (K_1(x) - log(x / 2) I_1(x) - 1 / x) / x for x <= 1
  Batch<double> rest =
      polynomial(z, 0x1.3c467e37db0c8p-5, -0x1.5877303904a0ap-5, -0x1.73ddae5ee472bp-9, -0x1.3a47ef834822p-14,
                 -0x1.246280fbd24acp-20, -0x1.5b7af856c0f2dp-27, -0x1.1f4f9a25b6199p-34, -0x1.7a21ee6e39cfp-42);
  Batch<double> near = fma(x, fma(log(x) - std::numbers::ln2, bessel_i1_series(z), rest), 1 / x);
  near = where(x == 0, Batch<double>(std::numeric_limits<double>::infinity()), near);
  Batch<double> t = at_most(1e18, x);
  Batch<double> far =
      polynomial((t - 2) / (t + 2), 0x1.7628990a85c65p+0, -0x1.80fb15bf9d155p-2, 0x1.400c298111404p-2,
                 -0x1.189b971b183fbp-2, 0x1.f9a775808b0cp-3, -0x1.cfd50b10efe1fp-3, 0x1.aedb4d845233bp-3,
                 -0x1.93fffca674441p-3, 0x1.7d944f3d71e68p-3, -0x1.6a7f619d443c9p-3, 0x1.5a00b3c4d091p-3,
                 -0x1.4b9031a5eff98p-3, 0x1.3ec9cf48fd202p-3, -0x1.335820dda5c48p-3, 0x1.28f27750fd222p-3,
                 -0x1.1fb7a269c9ecp-3, 0x1.1851186e2b6d2p-3, -0x1.11a433149a03ap-3, 0x1.05ff2f6526b5fp-3,
                 -0x1.e65f40c72bce8p-4, 0x1.d86ccee8035d5p-4, -0x1.0ded9a6da069p-3, 0x1.4689c20192144p-3,
                 -0x1.44536692c0bfbp-3, 0x1.a40fd421db1c9p-4, -0x1.6c93db502dbdcp-6, -0x1.cd7c789d11ebdp-6,
                 0x1.0a561c9853cd8p-5, -0x1.0b585ac0629c8p-6, 0x1.195a4e66d4bdap-8, -0x1.f955537c48a7ep-12) *
      exp(-x) / sqrt(x);
  return where(x > 1, far, near);
}

#define XGRAD_IN_DOUBLES(name)                                                      \
  inline Batch<float> name(Batch<float> x) {                                        \
    return simd_math::in_doubles([](Batch<double> part) { return name(part); }, x); \
  }
XGRAD_IN_DOUBLES(i0)
XGRAD_IN_DOUBLES(i0e)
XGRAD_IN_DOUBLES(i1)
XGRAD_IN_DOUBLES(i1e)
XGRAD_IN_DOUBLES(i1_slope)
XGRAD_IN_DOUBLES(i0e_slope)
XGRAD_IN_DOUBLES(i1e_slope)
XGRAD_IN_DOUBLES(bessel_k0)
XGRAD_IN_DOUBLES(bessel_k1)
#undef XGRAD_IN_DOUBLES

}  // namespace XGRAD_SIMD_NAMESPACE
}  // namespace xgrad
