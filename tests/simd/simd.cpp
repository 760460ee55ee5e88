#include <xgrad/autograd/simd/front.hpp>
#include <xgrad/autograd/simd/math.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "../catch.hpp"

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
    for (int i = 0; i < kSize; ++i) worst = std::max(worst, ulps<T>(y[i], reference(static_cast<long double>(x[i]))));
  }
  return worst;
}

/// f(x) of a batch that holds x throughout.
template <class T, class F>
T at(F f, T x) {
  T lanes[Batch<T>::kSize];
  f(Batch<T>(x)).store(lanes);
  for (T lane : lanes) REQUIRE((lane == lanes[0] || (std::isnan(lane) && std::isnan(lanes[0]))));
  return lanes[0];
}

}  // namespace

TEMPLATE_TEST_CASE("transcendental functions are within two units of the last place", "[simd]", float, double) {
  using T = TestType;
  double range = sizeof(T) == 4 ? 87 : 700;
  auto real = [](long double (*f)(long double)) { return f; };
  CHECK(worst_ulps<T>([](auto x) { return exp(x); }, real(expl), -range, range) < 1);
  CHECK(worst_ulps<T>([](auto x) { return expm1(x); }, real(expm1l), -5, 5) < 1.5);
  CHECK(worst_ulps<T>([](auto x) { return expm1(x); }, real(expm1l), -range, range) < 1.5);
  CHECK(worst_ulps<T>([](auto x) { return log(x); }, real(logl), 1e-30, 1e3) < 1);
  CHECK(worst_ulps<T>([](auto x) { return log(x); }, real(logl), 0.5, 2) < 1);
  CHECK(worst_ulps<T>([](auto x) { return log(x); }, real(logl), 0, 1e-37) < 1);  // half of the floats are denormal
  CHECK(worst_ulps<T>([](auto x) { return log1p(x); }, real(log1pl), -0.9, 5) < 1);
  CHECK(worst_ulps<T>([](auto x) { return log1p(x); }, real(log1pl), 1, 1e6) < 1);
  // 1e7 is beyond what is reduced without libm.
  for (double end : {10.0, 1e4, 1e6, 1e7}) {
    CHECK(worst_ulps<T>([](auto x) { return sin(x); }, real(sinl), -end, end) < 1.6);
    CHECK(worst_ulps<T>([](auto x) { return cos(x); }, real(cosl), -end, end) < 1.6);
  }
  CHECK(worst_ulps<T>([](auto x) { return tanh(x); }, real(tanhl), -1, 1) < 2);
  CHECK(worst_ulps<T>([](auto x) { return tanh(x); }, real(tanhl), -20, 20) < 2);
  CHECK(worst_ulps<T>([](auto x) { return sqrt(x); }, real(sqrtl), 0, 1e6) <= 0.5);
  CHECK(worst_ulps<T>([](auto x) { return erf(x); }, real(erfl), -1, 1) < 2);
  CHECK(worst_ulps<T>([](auto x) { return erf(x); }, real(erfl), -6, 6) < 2);
  auto sigmoid_of = [](long double x) { return 1 / (1 + expl(-x)); };
  CHECK(worst_ulps<T>([](auto x) { return sigmoid(x); }, sigmoid_of, -2, 2) < 2);
  CHECK(worst_ulps<T>([](auto x) { return sigmoid(x); }, sigmoid_of, -range, range) < 2);
}

TEMPLATE_TEST_CASE("tanh with its derivative is tanh, and exact in the tails", "[simd]", float, double) {
  using T = TestType;
  auto slope = [](auto x) { return tanh_and_slope(x).slope; };
  auto slope_of = [](long double x) {
    long double e = expl(-2 * std::fabs(x));
    return 4 * e / ((1 + e) * (1 + e));
  };
  double range = sizeof(T) == 4 ? 53 : 375;  // to the least denormal
  for (double end : {1.0, 20.0, range}) CHECK(worst_ulps<T>(slope, slope_of, -end, end) < 2.5);
  CHECK(at<T>(slope, 0) == 1);
  CHECK(at<T>(slope, std::numeric_limits<T>::infinity()) == 0);
  CHECK(at<T>(slope, -std::numeric_limits<T>::max()) == 0);
  CHECK(std::isnan(at<T>(slope, std::numeric_limits<T>::quiet_NaN())));
  // Bit for bit.
  auto difference = [](auto x) { return tanh_and_slope(x).value - tanh(x); };
  CHECK(worst_ulps<T>(
            difference, [](long double) { return 0.0L; }, -25, 25) == 0);
}

TEMPLATE_TEST_CASE("exponentials reach the ends of the type's range", "[simd]", float, double) {
  using T = TestType;
  constexpr bool kFloat = sizeof(T) == 4;
  using Limits = std::numeric_limits<T>;
  auto real = [](long double (*f)(long double)) { return f; };
  auto sigmoid_of = [](long double x) { return expl(x) / (1 + expl(x)); };
  double log_max = std::log(static_cast<double>(Limits::max()));
  double log_min = std::log(static_cast<double>(Limits::min()));
  double log_least = std::log(static_cast<double>(Limits::denorm_min()));
  double near_top = kFloat ? 88 : 709;
  CHECK(worst_ulps<T>([](auto x) { return exp(x); }, real(expl), near_top, log_max) < 1);
  CHECK(worst_ulps<T>([](auto x) { return expm1(x); }, real(expm1l), near_top, log_max) < 1.5);
  // Denormal results, too.
  CHECK(worst_ulps<T>([](auto x) { return exp(x); }, real(expl), log_least, log_min) < 1.5);
  CHECK(worst_ulps<T>([](auto x) { return sigmoid(x); }, sigmoid_of, log_least, log_min) < 2);

  for (T x : {T(log_max * (1 + 1e-6)), T(1e30), Limits::max()}) {
    CHECK(at([](auto x) { return exp(x); }, x) == Limits::infinity());
    CHECK(at([](auto x) { return expm1(x); }, x) == Limits::infinity());
    CHECK(at([](auto x) { return sigmoid(x); }, x) == 1);
    CHECK(at([](auto x) { return tanh(x); }, x) == 1);
    CHECK(at([](auto x) { return erf(x); }, x) == 1);
  }
  for (T x : {T(log_least - 1), T(-1e30), Limits::lowest()}) {
    CHECK(at([](auto x) { return exp(x); }, x) == 0);
    CHECK(at([](auto x) { return expm1(x); }, x) == -1);
    CHECK(at([](auto x) { return sigmoid(x); }, x) == 0);
    CHECK(at([](auto x) { return tanh(x); }, x) == -1);
    CHECK(at([](auto x) { return erf(x); }, x) == -1);
  }
}

TEMPLATE_TEST_CASE("special values are right", "[simd]", float, double) {
  using T = TestType;
  constexpr T kInf = std::numeric_limits<T>::infinity();
  constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  CHECK(at([](auto x) { return exp(x); }, kInf) == kInf);
  CHECK(at([](auto x) { return exp(x); }, -kInf) == 0);
  CHECK(at([](auto x) { return exp(x); }, T(0)) == 1);
  CHECK(at([](auto x) { return expm1(x); }, kInf) == kInf);
  CHECK(at([](auto x) { return expm1(x); }, -kInf) == -1);
  for (T zero : {T(0), -T(0)}) CHECK(at([](auto x) { return log(x); }, zero) == -kInf);
  CHECK(at([](auto x) { return log(x); }, T(1)) == 0);
  CHECK(at([](auto x) { return log(x); }, kInf) == kInf);
  CHECK(std::isnan(at([](auto x) { return log(x); }, T(-1))));
  CHECK(std::isnan(at([](auto x) { return log(x); }, -kInf)));
  CHECK(at([](auto x) { return log1p(x); }, T(-1)) == -kInf);
  CHECK(at([](auto x) { return log1p(x); }, kInf) == kInf);
  CHECK(std::isnan(at([](auto x) { return log1p(x); }, std::nextafter(T(-1), T(-2)))));
  CHECK(at([](auto x) { return cos(x); }, T(0)) == 1);
  for (T infinity : {kInf, -kInf}) {
    CHECK(std::isnan(at([](auto x) { return sin(x); }, infinity)));
    CHECK(std::isnan(at([](auto x) { return cos(x); }, infinity)));
  }
  CHECK(at([](auto x) { return tanh(x); }, kInf) == 1);
  CHECK(at([](auto x) { return tanh(x); }, -kInf) == -1);
  CHECK(at([](auto x) { return sigmoid(x); }, kInf) == 1);
  CHECK(at([](auto x) { return sigmoid(x); }, -kInf) == 0);
  CHECK(at([](auto x) { return erf(x); }, kInf) == 1);
  CHECK(at([](auto x) { return erf(x); }, -kInf) == -1);
  for (auto f :
       {+[](Batch<T> x) { return exp(x); }, +[](Batch<T> x) { return expm1(x); }, +[](Batch<T> x) { return tanh(x); },
        +[](Batch<T> x) { return erf(x); }, +[](Batch<T> x) { return log(x); }, +[](Batch<T> x) { return log1p(x); },
        +[](Batch<T> x) { return sin(x); }, +[](Batch<T> x) { return cos(x); }, +[](Batch<T> x) { return sqrt(x); },
        +[](Batch<T> x) { return abs(x); }, +[](Batch<T> x) { return sign(x); }, +[](Batch<T> x) { return sigmoid(x); },
        +[](Batch<T> x) { return max(x, Batch<T>(0)); }, +[](Batch<T> x) { return max(Batch<T>(0), x); },
        +[](Batch<T> x) { return min(x, Batch<T>(0)); }, +[](Batch<T> x) { return min(Batch<T>(0), x); }}) {
    CHECK(std::isnan(at(f, kNan)));
    CHECK(std::isnan(at(f, -kNan)));
  }
  for (auto f :
       {+[](Batch<T> x) { return expm1(x); }, +[](Batch<T> x) { return log1p(x); }, +[](Batch<T> x) { return tanh(x); },
        +[](Batch<T> x) { return sin(x); }, +[](Batch<T> x) { return erf(x); }})
    for (T zero : {T(0), -T(0)}) {
      CHECK(at(f, zero) == 0);
      CHECK(std::signbit(at(f, zero)) == std::signbit(zero));
    }
  CHECK(at([](auto x) { return where(x != x, Batch<T>(1), Batch<T>(2)); }, kNan) == 1);
  CHECK(at([](auto x) { return where(isnan(x), Batch<T>(1), Batch<T>(2)); }, kNan) == 1);
  CHECK(at([](auto x) { return where(isnan(x), Batch<T>(1), Batch<T>(2)); }, kInf) == 2);
}

TEMPLATE_TEST_CASE("rounding to whole numbers is as in the C library", "[simd]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  T whole = 1 / Limits::epsilon();  // numbers from here on are whole
  std::vector<T> numbers = {0,
                            T(0.3),
                            T(0.5),
                            std::nextafter(T(0.5), T(0)),
                            T(0.7),
                            1,
                            T(1.5),
                            T(2.5),
                            T(3.5),
                            whole - T(.5),
                            whole / 2,
                            whole / 2 + T(.5),
                            whole + 1,
                            whole * 8,
                            Limits::max(),
                            Limits::denorm_min(),
                            T(4e9),
                            Limits::infinity(),
                            Limits::quiet_NaN()};
  for (T number : numbers)
    for (T x : {number, -number}) {
      INFO(x);
      auto is = [](T got, T right) {
        if (std::isnan(right)) return std::isnan(got);
        return got == right && std::signbit(got) == std::signbit(right);
      };
      CHECK(is(at([](auto x) { return floor(x); }, x), std::floor(x)));
      CHECK(is(at([](auto x) { return ceil(x); }, x), std::ceil(x)));
      CHECK(is(at([](auto x) { return trunc(x); }, x), std::trunc(x)));
      CHECK(is(at([](auto x) { return round(x); }, x), std::nearbyint(x)));
    }
}

TEMPLATE_TEST_CASE("comparisons hold lane by lane, and none but != of NaN", "[simd]", float, double) {
  using T = TestType;
  constexpr int kSize = Batch<T>::kSize;
  constexpr T kNan = std::numeric_limits<T>::quiet_NaN();
  const T numbers[] = {0, -T(0), 1, -1, std::numeric_limits<T>::infinity(), kNan};
  for (T a : numbers)
    for (T b : numbers)
      for (int lane = 0; lane < kSize; ++lane) {
        T x[kSize];
        std::fill_n(x, kSize, T(7));  // every comparison with 7 differs from the one with itself
        x[lane] = a;
        auto only_lane = [&](Mask<T> mask, Mask<T> rest, bool expected) {
          T y[kSize];
          where(mask, Batch<T>(1), Batch<T>(0)).store(y);
          T others[kSize];
          where(rest, Batch<T>(1), Batch<T>(0)).store(others);
          for (int i = 0; i < kSize; ++i)
            if (y[i] != (i == lane ? T(expected) : others[i])) return false;
          return true;
        };
        Batch<T> u = Batch<T>::load(x), v(b), seven(7);
        CHECK(only_lane(u == v, seven == v, a == b));
        CHECK(only_lane(u != v, seven != v, a != b));
        CHECK(only_lane(u < v, seven < v, a < b));
        CHECK(only_lane(u <= v, seven <= v, a <= b));
        CHECK(only_lane(u > v, seven > v, a > b));
        CHECK(only_lane(u >= v, seven >= v, a >= b));
      }
}

TEMPLATE_TEST_CASE("masks combine, and tell whether any or all lanes hold", "[simd]", float, double) {
  using T = TestType;
  constexpr int kSize = Batch<T>::kSize;
  T counted[kSize];
  for (int i = 0; i < kSize; ++i) counted[i] = static_cast<T>(i);
  Batch<T> x = Batch<T>::load(counted);
  CHECK(!any(x < 0));
  CHECK(all(x >= 0));
  for (int i = 0; i < kSize; ++i) {
    Mask<T> here = x == i;
    CHECK(any(here));
    CHECK(!all(here));
    CHECK(!all(!here));
    CHECK(all(here || !here));
    CHECK(!any(here && !here));
    CHECK(!any(here != here));
    CHECK(all(here != !here));
    CHECK(reduce_sum(where(here, x, Batch<T>(0))) == i);
  }
  CHECK(reduce_sum(x) == kSize * (kSize - 1) / 2);
  CHECK(join_lanes(x, [](auto a, auto b) { return max(a, b); }) == kSize - 1);
}

TEMPLATE_TEST_CASE("a lane does not depend on its neighbours", "[simd]", float, double) {
  using T = TestType;
  constexpr int kSize = Batch<T>::kSize;
  using Limits = std::numeric_limits<T>;
  using Function = Batch<T> (*)(Batch<T>);
  const Function functions[] = {
      [](Batch<T> x) { return exp(x); },   [](Batch<T> x) { return expm1(x); },   [](Batch<T> x) { return log(x); },
      [](Batch<T> x) { return log1p(x); }, [](Batch<T> x) { return sin(x); },     [](Batch<T> x) { return cos(x); },
      [](Batch<T> x) { return tanh(x); },  [](Batch<T> x) { return sigmoid(x); }, [](Batch<T> x) { return erf(x); }};
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-3, 3);
  for (Function f : functions)
    for (T neighbour : {Limits::quiet_NaN(), Limits::infinity(), Limits::denorm_min(), Limits::max(),
                        sizeof(T) == 4 ? T(-100) : T(-740)})
      for (int round = 0; round < 200; ++round) {
        T x = static_cast<T>(uniform(random));
        T lanes[kSize];
        std::fill_n(lanes, kSize, neighbour);
        lanes[round % kSize] = x;
        f(Batch<T>::load(lanes)).store(lanes);
        T alone = at(f, x);
        CHECK((lanes[round % kSize] == alone || (std::isnan(alone) && std::isnan(lanes[round % kSize]))));
      }
}

TEST_CASE("floats become doubles and back, in order", "[simd]") {
  constexpr int kSize = Batch<float>::kSize;
  float x[kSize];
  for (int i = 0; i < kSize; ++i) x[i] = 0.1f * static_cast<float>(i + 1);
  Batch<double> low, high;
  widen(Batch<float>::load(x), low, high);
  double wide[kSize];
  low.store(wide);
  high.store(wide + kSize / 2);
  for (int i = 0; i < kSize; ++i) CHECK(wide[i] == x[i]);
  float back[kSize];
  narrow(low, high).store(back);
  for (int i = 0; i < kSize; ++i) CHECK(back[i] == x[i]);
}

TEMPLATE_TEST_CASE("sign is -1, 0 or 1", "[simd]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  auto sign_of = [](auto x) { return sign(x); };
  for (T x : {T(3), Limits::denorm_min(), Limits::max(), Limits::infinity()}) {
    CHECK(at(sign_of, x) == 1);
    CHECK(at(sign_of, -x) == -1);
  }
  for (T zero : {T(0), -T(0)}) {
    CHECK(at(sign_of, zero) == 0);
    CHECK(!std::signbit(at(sign_of, zero)));
  }
}

TEMPLATE_TEST_CASE("pow treats special values as std::pow does", "[simd]", float, double) {
  using T = TestType;
  using Limits = std::numeric_limits<T>;
  std::vector<T> numbers = {Limits::denorm_min(), Limits::min(), Limits::max(), Limits::infinity(),
                            Limits::quiet_NaN()};
  for (double plain : {0.0,   1 / 3.0, 0.5,   0.9,   1.0,       1.5,        2.0,        3.0,          10.0, 127.0,
                       128.0, 149.0,   150.0, 151.0, 8388607.5, 16777215.0, 16777216.0, 2147483648.0, 1e10, 1e30})
    numbers.push_back(static_cast<T>(plain));
  for (T end : {0, 2}) numbers.push_back(std::nextafter(T(1), end));
  for (std::size_t i = 0, n = numbers.size(); i < n; ++i) numbers.push_back(-numbers[i]);
  for (T a : numbers)
    for (T b : numbers) {
      T right = std::pow(a, b);
      T got = at([b](auto x) { return pow(x, b); }, a);
      INFO("pow(" << a << ", " << b << ") is " << got << ", std::pow gives " << right);
      if (std::isnan(right)) {
        CHECK(std::isnan(got));
      } else if (right == 0 || std::isinf(right)) {
        CHECK(got == right);
        CHECK(std::signbit(got) == std::signbit(right));
      } else {
        CHECK(ulps<T>(got, powl(a, b)) < 1);
      }
    }
}

TEST_CASE("pow of floats is within one unit of the last place", "[simd]") {
  constexpr int kSize = Batch<float>::kSize;
  std::mt19937_64 random(7);
  std::uniform_real_distribution<double> uniform(-1, 1);
  double worst = 0;
  for (int round = 0; round < 4000; ++round) {
    double spread = round % 3 == 0 ? 1e-3 : round % 3 == 1 ? 2 : 120;
    float a[kSize], b[kSize], y[kSize];
    for (int i = 0; i < kSize; ++i) {
      a[i] = static_cast<float>(std::exp2(uniform(random) * spread));
      // The results of every second round lie anywhere between the least and the largest number.
      double log2 = std::log2(static_cast<double>(a[i]));
      b[i] = static_cast<float>(round % 2 == 0 || log2 == 0 ? uniform(random) * 10 : uniform(random) * 125 / log2);
    }
    pow(Batch<float>::load(a), Batch<float>::load(b)).store(y);
    for (int i = 0; i < kSize; ++i) worst = std::max(worst, ulps<float>(y[i], powl(a[i], b[i])));
  }
  CHECK(worst < 1);
}

TEMPLATE_TEST_CASE("lanes move to the front in their order", "[simd]", float, double) {
  using T = TestType;
  constexpr int kSize = Batch<T>::kSize;
  T lanes[kSize], moved[kSize];
  for (int i = 0; i < kSize; ++i) lanes[i] = static_cast<T>(i + 1);
  bool is_right = true;
  for (unsigned bits = 0; bits < (1u << kSize); ++bits) {
    internal::FrontLanes<T>(bits).of(Batch<T>::load(lanes)).store(moved);
    int count = 0;
    for (int i = 0; i < kSize; ++i)
      if ((bits >> i & 1) != 0) is_right = is_right && moved[count++] == lanes[i];
  }
  CHECK(is_right);
}
