#include "autograd/internal/simd.hpp"

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "tests/catch.hpp"

using namespace xgrad;

namespace {

/// The distance in units of the last place of the right answer.
template <class T>
double ulps(T got, long double right) {
  T nearest = static_cast<T>(right);
  if (got == nearest || (std::isnan(got) && std::isnan(nearest))) return 0;
  if (!std::isfinite(got) || !std::isfinite(nearest)) return std::numeric_limits<double>::infinity();
  T magnitude = std::abs(nearest);
  T unit = std::nextafter(magnitude, std::numeric_limits<T>::infinity()) - magnitude;
  return static_cast<double>(std::fabs(static_cast<long double>(got) - right) / unit);
}

template <class T, class F, class G>
double worst_ulps(F f, G reference, double low, double high) {
  constexpr int kSize = Batch<T>::kSize;
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(low, high);
  double worst = 0;
  for (int round = 0; round < 4000; ++round) {
    T x[kSize], y[kSize];
    for (T& value : x) value = static_cast<T>(uniform(random) * (round % 2 == 0 ? 1 : 1e-3));
    f(Batch<T>::load(x)).store(y);
    for (int i = 0; i < kSize; ++i)
      worst = std::max(worst, ulps<T>(y[i], reference(static_cast<long double>(x[i]))));
  }
  return worst;
}

}  // namespace

TEMPLATE_TEST_CASE("transcendental functions are within a few units of the last place", "[simd]", float,
                   double) {
  using T = TestType;
  constexpr bool kFloat = sizeof(T) == 4;
  double range = kFloat ? 87 : 700;
  auto real = [](long double (*f)(long double)) { return f; };
  CHECK(worst_ulps<T>([](auto x) { return exp(x); }, real(expl), -range, range) < 2);
  CHECK(worst_ulps<T>([](auto x) { return expm1(x); }, real(expm1l), -5, 5) < 2);
  CHECK(worst_ulps<T>([](auto x) { return log(x); }, real(logl), 1e-30, 1e3) < 2);
  CHECK(worst_ulps<T>([](auto x) { return log1p(x); }, real(log1pl), -0.9, 5) < 2);
  CHECK(worst_ulps<T>([](auto x) { return sin(x); }, real(sinl), -10, 10) < 2);
  CHECK(worst_ulps<T>([](auto x) { return cos(x); }, real(cosl), -10, 10) < 2);
  CHECK(worst_ulps<T>([](auto x) { return tanh(x); }, real(tanhl), -5, 5) < 2);
  CHECK(worst_ulps<T>([](auto x) { return sqrt(x); }, real(sqrtl), 0, 1e6) <= 0.5);
  CHECK(worst_ulps<T>([](auto x) { return erf(x); }, real(erfl), -4, 4) < (kFloat ? 2 : 80));
  CHECK(worst_ulps<T>([](auto x) { return sigmoid(x); }, [](long double x) { return 1 / (1 + expl(-x)); },
                      -20, 20) < 2);
}

TEMPLATE_TEST_CASE("special values are right", "[simd]", float, double) {
  using T = TestType;
  constexpr T kInf = std::numeric_limits<T>::infinity();
  constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  auto at = [](auto f, T x) {
    T lanes[Batch<T>::kSize];
    f(Batch<T>(x)).store(lanes);
    return lanes[0];
  };
  CHECK(at([](auto x) { return exp(x); }, kInf) == kInf);
  CHECK(at([](auto x) { return exp(x); }, -kInf) == 0);
  CHECK(at([](auto x) { return log(x); }, T(0)) == -kInf);
  CHECK(std::isnan(at([](auto x) { return log(x); }, T(-1))));
  CHECK(at([](auto x) { return tanh(x); }, -kInf) == -1);
  CHECK(at([](auto x) { return sigmoid(x); }, T(-1000)) == 0);
  CHECK(at([](auto x) { return erf(x); }, kInf) == 1);
  for (auto f :
       {+[](Batch<T> x) { return exp(x); }, +[](Batch<T> x) { return tanh(x); },
        +[](Batch<T> x) { return erf(x); }, +[](Batch<T> x) { return max(x, Batch<T>(0)); },
        +[](Batch<T> x) { return min(Batch<T>(0), x); }, +[](Batch<T> x) { return max(Batch<T>(0), x); },
        +[](Batch<T> x) { return sign(x); }, +[](Batch<T> x) { return sigmoid(x); }})
    CHECK(std::isnan(at(f, kNan)));
  CHECK(at([](auto x) { return where(x != x, Batch<T>(1), Batch<T>(2)); }, kNan) == 1);
  CHECK(at([](auto x) { return round(x); }, T(2.5)) == 2);
  CHECK(at([](auto x) { return round(x); }, T(-3.5)) == -4);
  CHECK(at([](auto x) { return pow(x, Batch<T>(-1)); }, T(0)) == kInf);
}
