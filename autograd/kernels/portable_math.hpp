// Functions of one double that give the same bits on every machine, as random numbers must for a seed: they are made of
// additions, multiplications, divisions and roots, which IEEE 754 rounds in one way only, not of the C library's log
// and cos; and the build keeps the compiler from contracting a * b + c (-ffp-contract=off), which it would do where the
// machine has the instruction.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>

namespace xgrad::internal {

/// Natural logarithm of a positive number that is no denormal: FreeBSD's e_log.c (Sun Microsystems 1993), within 1 ulp.
[[gnu::always_inline]] inline double log_of(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  auto bits = std::bit_cast<std::uint64_t>(x);
  // x = 2^k (1 + f), sqrt(1/2) < 1 + f < sqrt(2)
  std::uint64_t shifted = bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd);
  double k = static_cast<double>(static_cast<std::int32_t>(shifted >> 52) - 0x3ff);
  double f = std::bit_cast<double>((shifted & 0x000fffffffffffff) + 0x3fe6a09e667f3bcd) - 1;
  double s = f / (2 + f);
  double z = s * s;
  double w = z * z;
  double t1 = w * (3.999999999940941908e-01 + w * (2.222219843214978396e-01 + w * 1.531383769920937332e-01));
  double t2 = z * (6.666666666666735130e-01 +
                   w * (2.857142874366239149e-01 + w * (1.818357216161805012e-01 + w * 1.479819860511658591e-01)));
  double half_square = 0.5 * f * f;
  return k * kLn2High - ((half_square - (s * (half_square + (t1 + t2)) + k * kLn2Low)) - f);
}

struct SineCosine {
  double sine, cosine;
};

/// Sine and cosine of 2 pi turn, turn in [0, 1): the polynomials of FreeBSD's k_sin.c and k_cos.c on an
/// eighth of a turn. The reduction is exact.
[[gnu::always_inline]] inline SineCosine sine_cosine_of_turn(double turn) {
  constexpr double kTwoPi = 6.283185307179586476925;
  double quarters = static_cast<double>(static_cast<std::int32_t>(4 * turn + 0.5));
  double x = (turn - 0.25 * quarters) * kTwoPi;
  double z = x * x;
  double sine = x + x * z *
                        (-1.66666666666666324348e-01 +
                         z * (8.33333333332248946124e-03 +
                              z * (-1.98412698298579493134e-04 +
                                   z * (2.75573137070700676789e-06 +
                                        z * (-2.50507602534068634195e-08 + z * 1.58969099521155010221e-10)))));
  double cosine = 1 - 0.5 * z +
                  z * z *
                      (4.16666666666666019037e-02 +
                       z * (-1.38888888888741095749e-03 +
                            z * (2.48015872894767294178e-05 +
                                 z * (-2.75573143513906633035e-07 +
                                      z * (2.08757232129817482790e-09 + z * -1.13596475577881948265e-11)))));
  auto quarter = static_cast<std::int32_t>(quarters);
  bool swapped = (quarter & 1) != 0;
  double first = swapped ? cosine : sine, second = swapped ? sine : cosine;
  return {(quarter & 2) != 0 ? -first : first, ((quarter + 1) & 2) != 0 ? -second : second};
}

/// Two independent standard normal numbers of two uniform ones in [0, 1) (Box, Muller 1958).
[[gnu::always_inline]] inline SineCosine box_muller(double u, double turn) {
  double radius = std::sqrt(-2 * log_of(1 - u));
  SineCosine direction = sine_cosine_of_turn(turn);
  return {radius * direction.sine, radius * direction.cosine};
}

/// e^x for x from -700 to 700, within 2 ulp: 2^n times Taylor's series of the rest, |rest| <= log(2) / 2.
inline double exp_of(double x) {
  constexpr double kLn2High = 6.93147180369123816490e-01, kLn2Low = 1.90821492927058770002e-10;
  double n = std::nearbyint(x * 1.44269504088896338700);
  double r = (x - n * kLn2High) - n * kLn2Low;
  double sum = 1;
  for (int k = 14; k > 0; --k) sum = 1 + r / k * sum;
  return sum * std::bit_cast<double>(static_cast<std::uint64_t>(static_cast<std::int64_t>(n) + 1023) << 52);
}

/// What Stirling's formula (k + 1/2) log(k) - k + log(2 pi) / 2 leaves of log(k!), for k >= 16.
inline double stirling_rest(double k) {
  double inverse = 1 / k, square = inverse * inverse;
  return inverse * (1.0 / 12 - square * (1.0 / 360 - square * (1.0 / 1260 - square / 1680)));
}
/// log(k!) for a whole k from 0 to 15.
inline double log_factorial(double k) {
  double product = 1;
  for (double i = 2; i <= k; ++i) product *= i;
  return log_of(product);
}

}  // namespace xgrad::internal
