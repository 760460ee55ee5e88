// The modified Bessel functions I and K of orders 0 and 1, and their derivatives, on batches. Computed in double.
#pragma once

#include "gamma.hpp"

namespace xgrad {
namespace XGRAD_SIMD_NAMESPACE {
namespace simd_math {

/// From here on I has its expansion of 1 / x.
inline constexpr double kLargeBessel = 16;
/// Up to here the power series are as accurate as anything; beyond, the roundings of their terms add up.
inline constexpr double kSmallBessel = 8;

/// I_0(x) and I_1(x) / x of z = x^2, for |x| <= 8.
inline Batch<double> bessel_i0_series(Batch<double> z) {
  return polynomial(z, 0x1p+0, 0x1p-2, 0x1.ffffffffffffep-7, 0x1.c71c71c71c786p-12, 0x1.c71c71c71b89fp-18,
                    0x1.23456789bba0cp-24, 0x1.02e85c0753ccp-31, 0x1.522a4417d2d8p-39, 0x1.522a419f72ee2p-47,
                    0x1.0b314fcb11f83p-55, 0x1.55ff7fff29264p-64, 0x1.69e46ddc52f8p-73, 0x1.40afc1dcf2de8p-82,
                    0x1.f2585f05dd405p-92, 0x1.112dba7e41aeap-101, 0x1.1c16bf878870fp-110);
}
inline Batch<double> bessel_i1_series(Batch<double> z) {
  return polynomial(z, 0x1p-1, 0x1p-4, 0x1.5555555555555p-9, 0x1.c71c71c71c73ep-15, 0x1.6c16c16c167b9p-21,
                    0x1.845c8a0cee29p-28, 0x1.27e4fb76d6fa3p-35, 0x1.522a44082358bp-43, 0x1.2c9757a5e87c8p-51,
                    0x1.ab8207e8ff04p-60, 0x1.f17496be4c3d2p-69, 0x1.e27c81e481174p-78, 0x1.8af0a3e4c1045p-87,
                    0x1.1baa5b3959214p-96, 0x1.292623ba8bb0fp-106, 0x1.1561d9a889044p-115);
}
/// y, a series of order n at z = x^2, with what rounding took from z: the series grow by I_(n + 1)(x) / (2 x I_n(x)) of
/// themselves, which Amos's bound tells well enough. (Mathematics of Computation 28, 1974.)
inline Batch<double> with_lost(Batch<double> y, int n, Batch<double> x, Batch<double> z) {
  const double a = n + 0.5, b = n + 1.5;
  const Batch<double> lost = where(z >= 1, error_of_square(x, z), Batch<double>(0));
  return fma(y, lost * 0.5 / (a + sqrt(z + b * b)), y);
}
/// I_0(x) and I_1(x), for |x| <= 8.
inline Batch<double> small_i0(Batch<double> x) {
  const Batch<double> z = x * x;
  return with_lost(bessel_i0_series(z), 0, x, z);
}
inline Batch<double> small_i1(Batch<double> x) {
  const Batch<double> z = x * x;
  return x * with_lost(bessel_i1_series(z), 1, x, z);
}
/// sqrt(x) exp(-x) I_0(x) and that of I_1, of u = 1 / x, for x >= 16. The first term is nearly all, and is added last.
inline Batch<double> bessel_i0_tail(Batch<double> u) {
  return fma(u,
             polynomial(u, 0x1.9884533d4381fp-5, 0x1.cb94dda405382p-6, 0x1.debb12f6bef9dp-6, 0x1.6e86a4a1eee67p-5,
                        0x1.73408342ded92p-4, 0x1.ce055b988b585p-3, 0x1.ae9edc30783c6p-1, -0x1.9e8a392d13981p+1,
                        0x1.373f16055109fp+7, -0x1.3a787aa712a99p+11, 0x1.cd7bfd03a6ef5p+14, -0x1.827ec83705483p+17,
                        0x1.3200ae71ad064p+19),
             Batch<double>(0x1.9884533d43651p-2));
}
inline Batch<double> bessel_i1_tail(Batch<double> u) {
  return fma(u,
             polynomial(u, -0x1.32633e6df293ap-3, -0x1.7efc0e08f23b9p-5, -0x1.4f1c8d0c6aa59p-5, -0x1.d73f84ce5f0f4p-5,
                        -0x1.c5bb4e732cd36p-4, -0x1.11525cce81d0bp-2, -0x1.ea7f1780e50ap-1, 0x1.a7db6457fcb1fp+1,
                        -0x1.4d692dab00ee9p+7, 0x1.4f24f384dea89p+11, -0x1.eb82c98c9de91p+14, 0x1.9af2818c63efap+17,
                        -0x1.451f25550a06dp+19),
             Batch<double>(0x1.9884533d43651p-2));
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

/// exp(x) y for x >= -746, where y is about 1 / sqrt(2 pi x) or sqrt(pi / (2 x)): it may be finite where exp(x) is not,
/// and is rounded once where it is denormal.
inline Batch<double> times_exp(Batch<double> y, Batch<double> x) {
  Exponential<double> e(at_most(720, x));
  return scale(fma(y, e.r + e.s, y), e.shifted);
}

/// sqrt(x) exp(x) K_0(x) and that of K_1, for x >= 1: of (x - 2) / (x + 2) up to 4, of 8 / x - 1 beyond. In each the
/// first number, which is given in two parts, is nearly all: rounding takes little more than the last half of a bit.
inline Batch<double> bessel_k0_tail(Batch<double> x) {
  const Batch<double> s = (x - 2) / (x + 2), t = fma(Batch<double>(8), 1 / x, Batch<double>(-1));
  const Batch<double> middle =
      fma(s,
          polynomial(s, 0x1.ac450893fa546p-4, -0x1.2817f63b0d86dp-4, 0x1.c4e771bcdd042p-5, -0x1.6c141b93c0757p-5,
                     0x1.2ed09e1853823p-5, -0x1.020b42ad6ca61p-5, 0x1.bffcf657ff696p-6, -0x1.8a8ff24082bdep-6,
                     0x1.5f9ded9ec2b48p-6, -0x1.3c67c423be33dp-6, 0x1.1f14c8e029328p-6, -0x1.064944d4059b6p-6,
                     0x1.e142902ba9d94p-7, -0x1.bc68bbe845912p-7, 0x1.a6d149784bb17p-7, -0x1.8c10c0e09213fp-7,
                     0x1.28f284df895f3p-7, -0x1.0e5d7a8d359f8p-7, 0x1.1266f98a6b935p-6, -0x1.0a8c1fe3c3072p-6),
          Batch<double>(-0x1.cc1a454da9c6bp-55)) +
      0x1.30ae2423de262p+0;
  const Batch<double> large =
      fma(t,
          polynomial(t, -0x1.1ad09c5c420b2p-6, 0x1.024ae84e95e81p-10, -0x1.90fb7e259a896p-14, 0x1.a7b7da01ff416p-17,
                     -0x1.14224b1401f0fp-19, 0x1.a454d2706b32ap-22, -0x1.6911fd4e2d65ap-24, 0x1.560fd5a1e83bbp-26,
                     -0x1.5f8f7575e09ap-28, 0x1.8326d4b9e47c6p-30, -0x1.c2af7d677b7b5p-32, 0x1.148bce7daf6f2p-33,
                     -0x1.79c253bd724fp-35, 0x1.04a2e7dd996fp-36, -0x1.9f8bd7f254205p-39, 0x1.dba26b0281d8cp-41,
                     -0x1.8e4820534a77bp-40, 0x1.4c4cbe8d9c9f4p-41),
          Batch<double>(0x1.28f7801f9a5b9p-56)) +
      0x1.3c261a172d207p+0;
  return where(x > 4, large, middle);
}

inline Batch<double> bessel_k1_tail(Batch<double> x) {
  const Batch<double> s = (x - 2) / (x + 2), t = fma(Batch<double>(8), 1 / x, Batch<double>(-1));
  const Batch<double> middle =
      fma(s,
          polynomial(s, -0x1.80fb15bf9d161p-2, 0x1.400c298111382p-2, -0x1.189b971b16f02p-2, 0x1.f9a7758094af6p-3,
                     -0x1.cfd50b12655afp-3, 0x1.aedb4d8358e52p-3, -0x1.93fffc4235244p-3, 0x1.7d944ed911eddp-3,
                     -0x1.6a7f710c4287fp-3, 0x1.5a00d2264ee6cp-3, -0x1.4b8eb27d9e845p-3, 0x1.3ec6249d9e44dp-3,
                     -0x1.3370fcbebbc9cp-3, 0x1.293120b525d4dp-3, -0x1.1e974a2147c84p-3, 0x1.15cf7c94970bdp-3,
                     -0x1.1af8d9b9bc0d6p-3, 0x1.15a8562e7475p-3, -0x1.7a59e9ad65f22p-4, 0x1.60ef53b9e3adep-4,
                     -0x1.d1e3ed7c36688p-3, 0x1.d51f0de4dc3cp-3),
          Batch<double>(0x1.c6da0a9947238p-58)) +
      0x1.7628990a85c65p+0;
  const Batch<double> large =
      fma(t,
          polynomial(t, 0x1.c0b7e3626c15bp-5, -0x1.c642af0ede136p-10, 0x1.279519425d7e3p-13, -0x1.1e5531c91fc8cp-16,
                     0x1.6236510fcc2aap-19, -0x1.044f9e905c247p-21, 0x1.b414882279691p-24, -0x1.954f07ab7720bp-26,
                     0x1.9a5be87974aebp-28, -0x1.be74b756ae66p-30, 0x1.0151d71f96856p-31, -0x1.392c8862c736ap-33,
                     0x1.a7e8e3a32b489p-35, -0x1.227c09443d63p-36, 0x1.d3856a71b053p-39, -0x1.0c1d91cecdc43p-40,
                     0x1.b3d7df3591dbep-40, -0x1.6a39d2cba558p-41),
          Batch<double>(0x1.6dbe40aa7a591p-55)) +
      0x1.4f5b136a71d17p+0;
  return where(x > 4, large, middle);
}

/// The mean of exp(-x c) weight(c) over the circle, with c = 1 - cos(t), for 0 <= x <= 16. The trapezoidal rule on a
/// whole turn: 44 points leave an error of 3e-19. (Trefethen, Weideman, SIAM Review 56, 2014.)
template <class Weight>
[[gnu::noinline]] Batch<double> mean_over_circle(Batch<double> x, Weight weight) {
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
  constexpr int kCount = 22;
  // In four parts, the smallest first, so that few roundings add up.
  Batch<double> parts[4] = {0, 0, 0, 0};
  for (int i = kCount - 1; i >= 0; --i) {
    double c = kOneMinusCosine[i];
    double share = weight(c) / (i == kCount - 1 ? 44 : 22);
    parts[i % 4] = fma(Exponential<double>(x * -c).value_up_to_one(), Batch<double>(share), parts[i % 4]);
  }
  return ((parts[3] + parts[2]) + (parts[1] + parts[0])) + weight(0) / 44;
}

}  // namespace simd_math

namespace simd_math {

/// exp(-|x|) I_n(x) for size = |x| > 8 and n = 0, 1 (which has x's sign).
inline Batch<double> scaled_i0(Batch<double> size) {
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = bessel_i0_tail(1 / size) / sqrt(size);
  if (all(is_large)) return value;
  return where(is_large, value, mean_over_circle(at_most(kLargeBessel, size), [](double) { return 1.0; }));
}
inline Batch<double> scaled_i1(Batch<double> size) {
  const Mask<double> is_large = size > kLargeBessel;
  Batch<double> value = bessel_i1_tail(1 / size) / sqrt(size);
  if (all(is_large)) return value;
  return where(is_large, value, mean_over_circle(at_most(kLargeBessel, size), [](double c) { return 1 - c; }));
}
/// exp(-|x|) times the derivative of I_1, likewise.
inline Batch<double> scaled_i1_slope(Batch<double> size) {
  const Mask<double> is_large = size > kLargeBessel;
  const Batch<double> u = 1 / size;
  Batch<double> value = fma(-u, bessel_i1_tail(u), bessel_i0_tail(u)) / sqrt(size);
  if (all(is_large)) return value;
  return where(is_large, value,
               mean_over_circle(at_most(kLargeBessel, size), [](double c) { return (1 - c) * (1 - c); }));
}

}  // namespace simd_math

[[gnu::noinline]] inline Batch<double> i0(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = at_most(720, abs(x));
  const Mask<double> is_small = size <= kSmallBessel;
  Batch<double> value = small_i0(x);
  if (all(is_small)) return value;
  return where(is_small, value, times_exp(scaled_i0(size), size));
}
[[gnu::noinline]] inline Batch<double> i0e(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_small = size <= kSmallBessel;
  Batch<double> value = small_i0(x) * exp(-size);
  if (all(is_small)) return value;
  return where(is_small, value, scaled_i0(size));
}
[[gnu::noinline]] inline Batch<double> i1(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = at_most(720, abs(x));
  const Mask<double> is_small = size <= kSmallBessel;
  Batch<double> value = small_i1(x);
  if (all(is_small)) return value;
  return where(is_small, value, flip_sign(times_exp(scaled_i1(size), size), x));
}
[[gnu::noinline]] inline Batch<double> i1e(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = abs(x);
  const Mask<double> is_small = size <= kSmallBessel;
  Batch<double> value = small_i1(x) * exp(-size);
  if (all(is_small)) return value;
  return where(is_small, value, flip_sign(scaled_i1(size), x));
}

/// The derivative of i1: I_0(x) - I_1(x) / x.
[[gnu::noinline]] inline Batch<double> i1_slope(Batch<double> x) {
  using namespace simd_math;
  Batch<double> size = at_most(720, abs(x)), z = x * x;
  const Mask<double> is_small = size <= kSmallBessel;
  Batch<double> a = bessel_i0_series(z), b = bessel_i1_series(z);
  // da/dz is b / 2 and db/dz is (a - 2 b) / (2 z): what rounding takes from the square counts where the series grow.
  Batch<double> lost = where(is_small && size >= 1, error_of_square(x, z), Batch<double>(0));
  Batch<double> value = (a - b) + lost * 0.5 * (b - (a - 2 * b) / where(size >= 1, z, Batch<double>(1)));
  if (all(is_small)) return value;
  return where(is_small, value, times_exp(scaled_i1_slope(size), size));
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
  // K_0(x) + (log(x / 2) + 0.5772...) I_0(x) for x <= 1, a multiple of x^2: all terms are positive.
  Batch<double> rest =
      z * polynomial(z, 0x1p-2, 0x1.8p-6, 0x1.a12f684bda12bp-11, 0x1.da12f684c05c4p-17, 0x1.4c88d6302ba61p-23,
                     0x1.3d2976df90fb5p-30, 0x1.b65fce7e50d12p-38, 0x1.d126d95c9c6dep-46);
  Batch<double> near = fma(0x1.dadb014541eb2p-4 - log(x), bessel_i0_series(z), rest);
  const Batch<double> far = times_exp(bessel_k0_tail(x) / sqrt(x), at_least(-746, -x));
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
  const Batch<double> far = times_exp(bessel_k1_tail(x) / sqrt(x), at_least(-746, -x));
  return where(x > 1, far, near);
}

#define XGRAD_IN_DOUBLES(name)                                                     \
  inline Batch<float> name(Batch<float> x) {                                       \
    return simd_math::in_double([](Batch<double> part) { return name(part); }, x); \
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
