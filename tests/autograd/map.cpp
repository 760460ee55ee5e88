#include <xgrad/autograd/map.hpp>

#include <array>
#include <tuple>
#include <vector>
#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Contains;

namespace {
Tensor random(Shape shape) { return normal(shape, 0, 1, {.dtype = DType::float64}); }
constexpr auto kBump = [](auto a, auto b) { return tanh(a) * exp(-b * b); };
}  // namespace

TEST_CASE("map computes what the operators compute", "[map]") {
  Tensor a = random({3, 5}), b = random({3, 5});
  CHECK(allclose(map(kBump, a, b), tanh(a) * exp(-b * b), {.rtol = 1e-14}));
  CHECK(map(kBump, cast(a, DType::float32), b).dtype() == DType::float64);
  CHECK(map([](auto x) { return x * 0.5; }, tensor({1, 2})).dtype() == DType::float32);
}

TEST_CASE("map broadcasts, takes numbers, and every layout", "[map]") {
  Tensor a = random({4, 3}), b = random({3}), c = random({3, 4});
  auto f = [](auto a, auto b, auto c, auto d) { return a * b + sin(c) * d; };
  CHECK(allclose(map(f, a, b, transpose(c), 2.0), a * b + sin(transpose(c)) * 2.0));
  CHECK(map(f, zeros({0, 3}), ones({3}), 1, 2).shape() == Shape{0, 3});
  CHECK(map([](auto x) { return x + 1; }, full({}, 2)).item() == 3);
}

TEST_CASE("map's first and second derivatives pass gradcheck", "[map][gradcheck]") {
  Tensor a = random({4, 3}), b = random({3}), c = random({4, 1});
  CHECK_NOTHROW(gradgradcheck([](const Tensor& a, const Tensor& b) { return map(kBump, a, b); }, {a, b}));
  auto mixed = [](auto a, auto b, auto c) {
    return where(a > b, sigmoid(a) * c, log1p(exp(b))) + sqrt(1 + c * c) / (2 + cos(a)) - abs(b) * erf(c);
  };
  CHECK_NOTHROW(
      gradgradcheck([&](const Tensor& a, const Tensor& b, const Tensor& c) { return map(mixed, a, b, c); }, {a, b, c}));
}

TEST_CASE("each function of a dual number has the right derivatives", "[map][gradcheck]") {
  Tensor x = tensor({0.3, 0.8, 1.7, 2.4}, {.dtype = DType::float64});
  auto good = [&](auto f) { CHECK_NOTHROW(gradgradcheck([&](const Tensor& x) { return map(f, x); }, {x})); };
  good([](auto x) { return exp(x) - expm1(-x) + log(x); });
  good([](auto x) { return square(x) * reciprocal(x + 1) / x; });
  good([](auto x) { return pow(x, 2.5) + pow(x, x) + pow(x, 0) + 3 / x; });
  good([](auto x) { return relu(x - 1) + leaky_relu(1 - x) + elu(1 - x) + silu(x) + gelu(x) + softplus(x); });
  good([](auto x) { return log_sigmoid(x) * maximum(x, 1) + minimum(x, 2.0) * clamp(x, 0.5, 2); });
  good([](auto x) { return max(x, 1.5 - x) * min(x * x, x + 1) + floor(x) * x; });
  good([](auto x) { return tan(x / 2) + asin(x / 3) * acos(x / 4) + atan(x); });
  good([](auto x) { return sinh(x) * asinh(x) - cosh(x) * acosh(x + 1) + atanh(x / 3); });
  good([](auto x) { return atan2(x, 2 - x) + hypot(x, exp(x)) + atan2(1.0, x) * hypot(x, 3); });
  good([](auto x) { return exp2(x) * log2(x) + log10(x) + logaddexp(x, x * x) * logaddexp2(x * x, x); });
  good([](auto x) { return rsqrt(x) * frac(x) + fmod(7 * x, x + 2) * remainder(-7 * x, x + 2); });
  good([](auto x) { return copysign(x, -x) * ldexp(x, x) + deg2rad(x) * rad2deg(x); });
  good([](auto x) { return mish(x - 1) + selu(1.2 - x) * celu(1.2 - x, 0.7) + softsign(x) * tanhshrink(x); });
  good([](auto x) { return hardsigmoid(x) * hardswish(x) + softshrink(x, 1) * hardshrink(x, 1) + relu6(x); });
  good([](auto x) { return cbrt(x) * cbrt(1 - 2 * x) + lerp(x, x * x, x / 2) * lerp(x, cbrt(x), 0.7); });
  good([](auto x) { return clamp_min(x * x, x) * clamp_max(x * x, 2) + heaviside(x - 1, x) * clamp_max(x, 1 - x); });
  good([](auto x) { return threshold(x, 1, 0.5) * hardtanh(x - 1.5, -1, 1) + fmax(x, x * x) * fmin(x, x * x); });
}

TEST_CASE("cbrt, clamp_min, clamp_max, heaviside and lerp in a map are the operators", "[map]") {
  auto same = [](auto mapped, auto direct, const Tensor& x) {
    CHECK(allclose(mapped(x), direct(x), {.rtol = 1e-14, .equal_nan = true}));
    CHECK(allclose(grad([&](const Tensor& x) { return sum(mapped(x)); }, x),
                   grad([&](const Tensor& x) { return sum(direct(x)); }, x), {.rtol = 1e-14, .equal_nan = true}));
  };
  for (DType dtype : {DType::float64, DType::float32}) {
    Tensor x = tensor({-8, -1, -0.5, 0, 0.25, 1, 27, NAN}, {.dtype = dtype});
    same([](const Tensor& x) { return map([](auto a) { return cbrt(a); }, x); },
         [](const Tensor& x) { return cbrt(x); }, x);
    same([](const Tensor& x) { return map([](auto a) { return clamp_min(a, 1) + clamp_max(2 * a, -1.0); }, x); },
         [](const Tensor& x) { return clamp_min(x, 1) + clamp_max(2 * x, -1.0); }, x);
    same([](const Tensor& x) { return map([](auto a) { return heaviside(a, 0.5) * a; }, x); },
         [](const Tensor& x) { return heaviside(x, 0.5) * x; }, x);
    same([](const Tensor& x) { return map([](auto a) { return lerp(a, a * a, a); }, x); },
         [](const Tensor& x) { return lerp(x, x * x, x); }, x);
  }
}

TEST_CASE("duals keep the operators' conventions at kinks", "[map][conventions]") {
  auto slope = [](auto f) {
    return grad([&](const Tensor& x) { return sum(map(f, x)); }, tensor({0.0}, {.dtype = DType::float64})).item();
  };
  CHECK(slope([](auto x) { return relu(x); }) == 0);
  CHECK(slope([](auto x) { return abs(x); }) == 0);
  CHECK(slope([](auto x) { return elu(x); }) == 1);
  CHECK(slope([](auto x) { return leaky_relu(x, 0.25); }) == 0.25);
  CHECK(slope([](auto x) { return softplus(x); }) == 0.5);
  CHECK(slope([](auto x) { return maximum(x, 0); }) == 0.5);
  CHECK(slope([](auto x) { return clamp(x, 0, 1); }) == 1);
}

TEST_CASE("eight tensors fit, and each gets its own gradient", "[map]") {
  std::vector<Tensor> x;
  for (int i = 0; i < 8; ++i) x.push_back(full({2}, i + 1, {.dtype = DType::float64}).set_requires_grad());
  Tensor y = map([](auto a, auto b, auto c, auto d, auto e, auto f, auto g,
                    auto h) { return a + 2 * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h; },
                 x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7]);
  auto g = grad(sum(y), x);
  for (int i = 0; i < 8; ++i) CHECK(g[i].to_vector<double>() == std::vector<double>{i + 1.0, i + 1.0});
}

TEST_CASE("a third derivative is refused, with the way out", "[map][errors]") {
  Tensor x = random({2}).set_requires_grad();
  Tensor g1 = grad(sum(map([](auto x) { return x * x * x; }, x)), x, {.create_graph = true});
  Tensor g2 = grad(sum(g1), x);
  CHECK(allclose(g2, 6 * x));
  g1 = grad(sum(map([](auto x) { return x * x * x; }, x)), x, {.create_graph = true});
  // It is refused when it is asked for, not when a model with a map is differentiated twice.
  g2 = grad(sum(g1), x, {.create_graph = true});
  CHECK(allclose(g2, 6 * x));
  CHECK_THROWS_WITH(
      grad(sum(g2), x),
      Contains("map: a derivative must be of the first or second order, but one of the third is asked for."));
}

TEST_CASE("map_sum is the sum of map, with its derivatives", "[map]") {
  auto f = [](auto x) { return tanh(x) * sigmoid(x) + exp(-x * x); };
  for (std::int64_t n : {0, 1, 7, 100, 5000, 70001}) {
    Tensor x = random({n});
    CHECK(allclose(map_sum(f, x), sum(map(f, x)), {.rtol = 1e-12, .atol = 1e-12}));
    CHECK(allclose(grad([&](const Tensor& x) { return map_sum(f, x); }, x),
                   grad([&](const Tensor& x) { return sum(map(f, x)); }, x), {.rtol = 1e-12}));
  }
  Tensor a = random({4, 3}), b = random({3});
  CHECK_NOTHROW(gradgradcheck([](const Tensor& a, const Tensor& b) { return map_sum(kBump, a, b); }, {a, b}));
}

TEST_CASE("map_sum does not depend on the number of threads", "[map][threads]") {
  Tensor x = normal({300007});
  auto f = [](auto x) { return exp(x); };
  int before = num_threads();
  set_num_threads(1);
  double one = map_sum(f, x).item();
  set_num_threads(3);
  double three = map_sum(f, x).item();
  set_num_threads(before);
  CHECK(one == three);
}

TEST_CASE("map takes 0-d tensors as weak as the operators do", "[map][dtype]") {
  auto product = [](auto a, auto b) { return a * b; };
  Tensor x = ones({2}), scalar = tensor(2., {.dtype = DType::float64});
  CHECK(map(product, x, scalar).dtype() == (x * scalar).dtype());
  CHECK(map(product, scalar, x).dtype() == DType::float32);
  CHECK(map(product, scalar, tensor({1, 2})).dtype() == DType::float64);
  CHECK(map(product, x, ones({2}, {.dtype = DType::float64})).dtype() == DType::float64);
  CHECK(map_sum(product, x, scalar).dtype() == DType::float32);
}

TEST_CASE("pow in a map has the derivatives of the operator at any base", "[map]") {
  auto numbers = [](NestedList list) { return tensor(list, {.dtype = DType::float64}); };
  Tensor x = numbers({-2, 3, -0.5});
  for (double c : {1.0, 2.0, 3.0, -1.0}) {
    auto mapped = [c](const Tensor& x) { return sum(map([c](auto a) { return pow(a, c); }, x)); };
    auto direct = [c](const Tensor& x) { return sum(pow(x, c)); };
    CHECK(allclose(grad(mapped, x), grad(direct, x)));
    CHECK(allclose(hessian(mapped, x), hessian(direct, x)));
  }
  auto power = [](auto a, auto b) { return pow(a, b); };
  for (auto [a, b] : {std::pair(-2.0, 2.0), std::pair(0.0, 0.5), std::pair(0.0, 2.0), std::pair(3.0, 0.0)}) {
    Tensor base = numbers({a}).set_requires_grad(), exponent = numbers({b}).set_requires_grad();
    std::vector<Tensor> mapped = grad(map_sum(power, base, exponent), {base, exponent});
    std::vector<Tensor> direct = grad(sum(pow(base, exponent)), {base, exponent});
    INFO(a << "^" << b);
    for (int i = 0; i < 2; ++i) CHECK(allclose(mapped[i], direct[i], {.equal_nan = true}));
  }
}

TEST_CASE("a pole of one operand leaves the derivatives of the others alone", "[map]") {
  Tensor a = ones({1}, {.dtype = DType::float64, .requires_grad = true});
  Tensor b = zeros({1}, {.dtype = DType::float64, .requires_grad = true});
  auto of_a = [&](auto f) { return grad(sum(map(f, a, b)), {a, b})[0].item(); };
  CHECK(of_a([](auto a, auto b) { return a + sqrt(b); }) == 1);
  CHECK(of_a([](auto a, auto b) { return a * sqrt(b); }) == 0);
  CHECK(of_a([](auto a, auto b) { return a + log(b); }) == 1);
  CHECK(of_a([](auto a, auto b) { return a + pow(b, 0.5); }) == 1);
  CHECK(of_a([](auto a, auto b) { return a + 1 / b; }) == 1);
  CHECK(of_a([](auto a, auto b) { return a / b; }) == std::numeric_limits<double>::infinity());
}

TEST_CASE("a NaN passes nothing through the kinks of a map", "[map][conventions]") {
  Tensor x = full({1}, std::nan(""), {.dtype = DType::float64, .requires_grad = true});
  auto slope = [&](auto f) {
    Tensor y = map(f, x);
    CHECK(std::isnan(y.item()));
    return grad(sum(y), x).item();
  };
  CHECK(slope([](auto x) { return relu(x); }) == 0);
  CHECK(slope([](auto x) { return clamp(x, -1, 1); }) == 0);
  CHECK(slope([](auto x) { return maximum(x, 1); }) == 0);
  CHECK(slope([](auto x) { return minimum(0, x); }) == 0);
}

TEST_CASE("a choice between two numbers", "[map]") {
  Tensor x = tensor({-1., 0., 2.});
  CHECK(map([](auto x) { return where(x > 0, 1, 0); }, x).to_vector() == std::vector<double>{0, 0, 1});
  CHECK(map([](auto x) { return maximum(0, x); }, x).to_vector() == std::vector<double>{0, 0, 2});
}

TEST_CASE("a model with a map in it has Hessians", "[map]") {
  Tensor scale = ones({1}, {.dtype = DType::float64, .requires_grad = true});
  auto f = [&](const Tensor& x) { return map_sum([](auto x, auto a) { return x * x * x * a; }, x, scale); };
  Tensor x = tensor({1., 2.}, {.dtype = DType::float64});
  CHECK(allclose(hessian(f, x), tensor({{6., 0.}, {0., 12.}}, {.dtype = DType::float64})));
  CHECK(allclose(hvp(f, x, ones_like(x)).product, tensor({6., 12.}, {.dtype = DType::float64})));
}

namespace {
constexpr double kTwo = 2;
}

TEST_CASE("map refuses a formula that captured by reference", "[map][errors]") {
  double d = 2;
  auto by_reference = [&](auto a) { return a * d; };
  auto by_value = [d](auto a) { return a * d; };
  auto several = [d, e = d, f = kTwo](auto a) { return a * d + e - f; };
  auto nothing = [](auto a) { return a * kTwo; };
  // The static_assert in map() asks this; a call with by_reference does not compile.
  static_assert(!internal::kCapturesByValue<decltype(by_reference)>);
  static_assert(internal::kCapturesByValue<decltype(by_value)>);
  static_assert(internal::kCapturesByValue<decltype(several)>);
  static_assert(internal::kCapturesByValue<decltype(nothing)>);
  Tensor x = ones({1}).set_requires_grad();
  auto huber = [&](double d) {
    return map([d = d](auto a) { return where(abs(a) < d, 0.5 * a * a, d * (abs(a) - 0.5 * d)); }, x);
  };
  CHECK(grad(sum(huber(3)), x).item() == 1);
  CHECK(by_reference(3.0) == by_value(3.0));
  CHECK(several(1.0) == nothing(1.0));
}

namespace {
/// A number, and how many copies of it there are.
class Counted {
 public:
  explicit Counted(double number) : number_(number) { ++copies; }
  Counted(const Counted& other) : number_(other.number_) { ++copies; }
  Counted& operator=(const Counted&) = delete;
  ~Counted() {
    --copies;
    number_ = 1e9;  // who reads it after its end is seen
  }
  double number() const { return number_; }
  static inline int copies = 0;

 private:
  double number_;
};
struct alignas(64) Aligned {
  double number;
};

/// The graph's copy of a formula that is gone: value, gradient, second order.
template <class Make>
void check_kept(const Make& make) {
  Tensor a = random({7}).set_requires_grad();
  auto expected = [](const Tensor& a) { return sum(2.5 * a * a * a); };
  Tensor y, summed;
  {
    auto f = make(2.5);
    y = sum(map(f, a));
    summed = map_sum(f, a);
  }
  for (const Tensor& y : {y, summed}) {
    CHECK(allclose(y, expected(a)));
    Tensor g = grad(y, a, {.create_graph = true});
    CHECK(allclose(g, 7.5 * a * a));
    CHECK(allclose(grad(sum(g), a), 15 * a));
  }
  CHECK_NOTHROW(gradgradcheck([&](const Tensor& a) { return map(make(2.5), a); }, {a}));
}
}  // namespace

TEST_CASE("a graph keeps its copy of a formula, whatever it captured", "[map]") {
  check_kept([](double d) { return [d](auto a) { return a * a * a * d; }; });
  check_kept([](double d) {
    return [d, e = std::array{1.5, -1.5, 0.0}](auto a) { return a * a * a * (d + e[0] + e[1]); };
  });
  check_kept([](double d) {
    std::array<double, 9> many{};
    many[8] = d;
    return [many](auto a) { return a * a * a * many[8]; };
  });
  check_kept([](double d) { return [held = Aligned{d}](auto a) { return a * a * a * held.number; }; });
  check_kept([](double d) { return [held = std::vector{d}](auto a) { return a * a * a * held[0]; }; });
  check_kept([](double d) { return [held = Counted(d)](auto a) { return a * a * a * held.number(); }; });
  CHECK(Counted::copies == 0);
}

TEST_CASE("a map has as many results as its formula", "[map]") {
  Tensor a = random({3, 4}), b = random({4});
  auto f = [](auto a, auto b) { return std::tuple(a * a * b, tanh(a) - b, 3 * b); };
  auto [x, y, z] = map(f, a, b);
  CHECK(allclose(x, a * a * b));
  CHECK(allclose(y, tanh(a) - b));
  CHECK(z.shape() == Shape{3, 4});
  CHECK_NOTHROW(gradgradcheck(
      [&](const Tensor& a, const Tensor& b) {
        auto [x, y, z] = map(f, a, b);
        return sum(x * y) + sum(sin(z));
      },
      {a, b}));
  // Results of which nothing came.
  Tensor v = a.detach().set_requires_grad();
  CHECK(allclose(grad(sum(std::get<1>(map(f, v, b))), v), 1 / square((exp(a) + exp(-a)) / 2)));
}

TEST_CASE("sixteen tensors fit into a map", "[map]") {
  std::vector<Tensor> x;
  for (int i = 0; i < 16; ++i) x.push_back(full({2}, i + 1, {.dtype = DType::float64}).set_requires_grad());
  auto f = [](auto a, auto b, auto c, auto d, auto e, auto f, auto g, auto h, auto i, auto j, auto k, auto l, auto m,
              auto n, auto o, auto p) {
    return a * b + 3 * c + 4 * d + 5 * e + 6 * f + 7 * g + 8 * h + 9 * i + 10 * j + 11 * k + 12 * l + 13 * m + 14 * n +
           15 * o + 16 * p * a;
  };
  auto of_all = [&](auto call) {
    return call(x[0], x[1], x[2], x[3], x[4], x[5], x[6], x[7], x[8], x[9], x[10], x[11], x[12], x[13], x[14], x[15]);
  };
  Tensor y = of_all([&](const auto&... x) { return map(f, x...); });
  std::vector<Tensor> g = grad(sum(y), x, {.create_graph = true});
  CHECK(g[0].to_vector<double>() == std::vector<double>{258, 258});
  CHECK(g[1].to_vector<double>() == std::vector<double>{1, 1});
  for (int i = 2; i < 15; ++i) CHECK(g[i].to_vector<double>() == std::vector<double>{i + 1.0, i + 1.0});
  CHECK(g[15].to_vector<double>() == std::vector<double>{16, 16});
  CHECK(grad(sum(g[0]), x[15]).to_vector<double>() == std::vector<double>{16, 16});
  CHECK(of_all([&](const auto&... x) { return map_sum(f, x...); }).item() == sum(y).item());
}

TEST_CASE("map computes the cotangents that are wanted, and no others", "[map]") {
  Tensor a = random({5, 3}).set_requires_grad(), b = random({3}), c = random({5, 1}).set_requires_grad();
  auto f = [](auto a, auto b, auto c) { return a * b * exp(c); };
  CHECK(allclose(grad(sum(map(f, a, b, c)), a), expand(b, {5, 3}) * exp(c)));
  CHECK(allclose(grad(sum(map(f, a, b, c)), c), sum(a * b * exp(c), 1, {.keepdims = true})));
}

TEST_CASE("duals of erfc, gelu's tanh form and softplus with options", "[map][gradcheck]") {
  Tensor x = tensor({-7.5, -2.25, -0.3, 0.8, 2.4}, {.dtype = DType::float64});
  auto good = [&](auto f) { CHECK_NOTHROW(gradgradcheck([&](const Tensor& x) { return map(f, x); }, {x})); };
  good([](auto x) { return exp(0.5 * x * x) * erfc(-x); });
  good([](auto x) { return gelu(x, GeluForm::tanh) + gelu(x, GeluForm::erf); });
  good([](auto x) { return softplus(x, 3, 5) + tanh(x) * sigmoid(x); });
}
