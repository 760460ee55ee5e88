#include <xgrad/autograd/ops/special.hpp>

#include <numbers>

#include <xgrad/autograd/check/gradcheck.hpp>
#include "numbers.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

template <class F>
double second_at(F f, double x) {
  Tensor t = doubles({x}).set_requires_grad();
  return grad(sum(grad(sum(f(t)), t, {.create_graph = true})), t).item();
}
/// The derivatives to both operands at one point.
template <class F>
std::vector<double> slopes_at(F f, double a, double b) {
  Tensor x = doubles({a}).set_requires_grad(), y = doubles({b}).set_requires_grad();
  std::vector<Tensor> slopes = grad(std::vector<Tensor>{sum(f(x, y))}, std::vector<Tensor>{x, y});
  return {slopes[0].item(), slopes[1].item()};
}

constexpr double kPi = std::numbers::pi;

}  // namespace

TEST_CASE("the gamma function's family at its poles and far away", "[elementwise][special][conventions]") {
  check_close(lgamma(doubles({0, -0.0, -1, -2, 1, 2, kInf, -kInf})), {kInf, kInf, kInf, kInf, 0, 0, kInf, kInf});
  check_close(digamma(doubles({0.0, -0.0, -1, -7, kInf, -kInf})), {-kInf, kInf, kNan, kNan, kInf, kNan});
  check_close(polygamma(1, doubles({0, -1, -7, kInf, -kInf})), {kInf, kInf, kInf, 0, kNan});
  check_close(polygamma(2, doubles({0, -1, kInf})), {-kInf, -kInf, 0});
  check_close(polygamma(4, tensor({-2}, {.dtype = DType::int64})), {-kInf});
  // Relative to what is left of the zeros at 1 and 2.
  check_close(lgamma(doubles({1 + 1e-10, 2 - 1e-10})), {-5.772156648191978e-11, -4.227843350662094e-11}, 1e-7);
  CHECK(std::isnan(slope_at([](auto x) { return lgamma(x); }, -1)));
  // Poles so far away that their reflection is infinite as well.
  check_close(lgamma(doubles({-std::numeric_limits<double>::max(), -1e306})), {kInf, kInf});
  // A large order: neither n! nor x^(n + 1) need be a number.
  check_close(polygamma(200, doubles({100.0})), {-9.1254246910962227e-28}, 1e-13);
}

TEST_CASE("polygamma and zeta keep their digits at every order", "[elementwise][special]") {
  // By MPFR: the reflection's square had been off by 4.1 units of the last place.
  CHECK(polygamma(1, doubles({-0.70392496984582786})).item() == Approx(14.564753694987296).epsilon(4e-16));
  // From mpmath, at 60 digits.
  check_close(polygamma(9, doubles({10.0})), {0.0000614241941199938755}, 1e-15);
  check_close(zeta(doubles({12.0}), doubles({12.0})), {1.87587972925694446e-13}, 1e-15);
  // Beside a zero, where x + 1 is no float: 1e-11 of the terms' 92160.
  CHECK(std::abs(polygamma(6, doubles({-0.4999831602345885})).item() - 0.000126114535324272622) < 4e-11);
}

TEST_CASE("polygamma and zeta of large orders end, with PyTorch's answers", "[elementwise][special]") {
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  auto zetas = [](double x, double q) { return zeta(doubles({x}), doubles({q})).item(); };
  for (double q : {2.5, 20.0, 1e20, kInf})
    for (double x : {1e8, 1e20, 1e300}) CHECK(zetas(x, q) == 0);
  for (double q : {0.25, 1e-300, -0.0, -2.25})
    for (double x : {1e8, 1e20, 1e300}) CHECK(zetas(x, q) == kInf);
  CHECK(zetas(1e20, 1) == 1);
  // Where x is odd the terms on both sides of a half cancel; elsewhere the nearest to 0 is all that counts.
  CHECK(zetas(1025, -2.5) == zetas(1025, 3.5));
  CHECK(zetas(1026, -2.5) == kInf);
  CHECK(zetas(1025, -2.25) == -kInf);
  CHECK(zetas(1025, -1.75) == kInf);
  CHECK(std::abs(zetas(1 + 0x1p-52, 1e300) / 0x1p52 - 1) < 1e-12);
  CHECK(slopes_at([](auto x, auto q) { return zeta(x.detach(), q) + 0 * x; }, 1e20, 2.5)[1] == 0);
  CHECK(slopes_at([](auto x, auto q) { return zeta(x.detach(), q) + 0 * x; }, 1e8, -2.25)[1] == kInf);

  for (std::int64_t n : {std::int64_t{1000000000000}, kMost - 1, kMost - 2}) {
    INFO("order " << n);
    const double sign = n % 2 == 0 ? -1 : 1;
    check_close(polygamma(n, doubles({2.5, 1e-300, -0.5, 0, -3, 1e20, kInf})),
                {sign * kInf, sign * kInf, sign * kInf, sign * kInf, sign * kInf, 0, 0});
    CHECK(slope_at([n](auto x) { return polygamma(n, x); }, 2.5) == -sign * kInf);
  }
  CHECK(polygamma(kMost, doubles({2.5})).item() == kInf);
  CHECK(slope_at([](auto x) { return polygamma(kMost, x); }, 2.5) == -kInf);
  // From 171 on n! is no number, but the product may be one.
  check_close(polygamma(200, doubles({-0.5, -0.25, -0.75, -1.25})), {-kInf, kInf, -kInf, kInf});
  check_close(polygamma(201, doubles({-0.5, -0.25, -0.75, -1.25})), {kInf, kInf, kInf, kInf});
  CHECK(polygamma(172, doubles({-2.5})).item() == polygamma(172, doubles({3.5})).item());
  check_close(polygamma(1000000, doubles({367881})), {-0.00010538604685077458}, 1e-6);
}

TEST_CASE("special functions end at extreme arguments in every order", "[elementwise][special]") {
  const double most = std::numeric_limits<double>::max(), least = std::numeric_limits<double>::denorm_min();
  std::vector<double> extremes;
  for (double x :
       {0.0, least, 1e-300, 1e-20, 0.5, 1.0, 2.5, 20.0, 171.0, 1e3, 1e8, 1e17, 1e20, 1e160, 1e300, most, kInf})
    extremes.insert(extremes.end(), {x, -x});
  extremes.push_back(kNan);
  using Function = Tensor (*)(const Tensor&);
  const Function functions[] = {
      [](const Tensor& x) { return erf(x) + erfc(x) + erfcx(x); },
      [](const Tensor& x) { return erfinv(x) + ndtr(x) + ndtri(x) + log_ndtr(x); },
      [](const Tensor& x) { return lgamma(x) + digamma(x) + multigammaln(x, 3); },
      [](const Tensor& x) { return i0(x) + i0e(x) + i1(x) + i1e(x); },
      [](const Tensor& x) { return bessel_k0(x) + bessel_k1(x); },
      [](const Tensor& x) { return bessel_j0(x) + bessel_j1(x) + bessel_y0(x) + bessel_y1(x); },
      [](const Tensor& x) { return sinc(x) + entr(x) + logit(x) + logit(x, 0.1); },
      [](const Tensor& x) { return xlogy(x, x) + xlog1py(x, x); },
      [](const Tensor& x) { return polygamma(1, x) + polygamma(2, x) + polygamma(170, x) + polygamma(171, x); },
      [](const Tensor& x) { return polygamma(100000, x) + polygamma(100001, x) + polygamma(std::int64_t{1} << 62, x); },
      [](const Tensor& x) { return zeta(unsqueeze(x.detach(), 1), x); },
  };
  for (DType dtype : {DType::float32, DType::float64})
    for (Function f : functions) {
      Tensor x = cast(from_vector(extremes), dtype).detach().set_requires_grad();
      Tensor y = f(x);
      for (int order = 1; order <= 4; ++order) y = grad(sum(y), x, {.create_graph = true});
      CHECK(y.shape() == x.shape());
    }
}

TEST_CASE("higher derivatives of erfcx, logit and cbrt are their limits at extreme numbers", "[elementwise][special]") {
  auto of_erfcx = [](auto x) { return erfcx(x); };
  for (double x : {1e108, 1e160, 1e200, 1e254, 1e300, 1.7e308, kInf}) {
    INFO(x);
    CHECK(second_at(of_erfcx, x) == 0);
  }
  // The slope had been off by 4.6 units of the last place. (Quadruple precision.)
  CHECK(slope_at(of_erfcx, 0.54546155960964815) == Approx(-0.48134715729981786).epsilon(2.5e-16));
  CHECK(slope_at(of_erfcx, 0.2801) == Approx(-0.7090722710475489).epsilon(2.5e-16));
  // 2 / sqrt(pi) / x^3
  CHECK(std::abs(second_at(of_erfcx, 1e50) / (2 / std::sqrt(kPi) * 1e-150) - 1) < 1e-14);
  CHECK(std::abs(second_at(of_erfcx, 3e10) / (2 / std::sqrt(kPi) / 2.7e31) - 1) < 1e-14);
  auto of_logit = [](auto x) { return logit(x); };
  auto of_bounded = [](auto x) { return logit(x, 0); };
  for (double x : {1e-160, 1e-200, 1e-300}) {
    CHECK(second_at(of_logit, x) == -kInf);
    CHECK(second_at(of_bounded, x) == -kInf);
    CHECK(slope_at(of_logit, x) == 1 / x);
  }
  CHECK(std::abs(second_at(of_logit, 0.25) - (-16 + 16 / 9.)) < 1e-13);
  CHECK(second_at(of_logit, 0.5) == 0);
  auto of_cbrt = [](auto x) { return cbrt(x); };
  CHECK(second_at(of_cbrt, 1e-300) == -kInf);
  CHECK(second_at(of_cbrt, -1e-300) == kInf);
  CHECK(second_at(of_cbrt, 0) == -kInf);
  CHECK(slope_at(of_cbrt, 0) == kInf);
  CHECK(slope_at(of_cbrt, kInf) == 0);
  CHECK(slope_at(of_cbrt, -kInf) == 0);
  CHECK(second_at(of_cbrt, kInf) == 0);
  CHECK(std::abs(second_at(of_cbrt, -8) - 1 / 144.) < 1e-17);
}

TEST_CASE("polygamma's derivative is the next order's value", "[elementwise][special]") {
  for (int n : {0, 1, 2, 3, 7})
    for (double x : {-2.3, -0.4, 0.3, 1.7, 9.5, 40.0}) {
      INFO("order " << n << " at " << x);
      const double next = polygamma(n + 1, doubles({x})).item();
      CHECK(std::abs(slope_at([n](auto x) { return polygamma(n, x); }, x) - next) <= 1e-14 * std::abs(next));
    }
}

TEST_CASE("the derivative of bessel_y1 at the least numbers is infinite", "[elementwise][special]") {
  auto slope = [](double x) { return slope_at([](auto x) { return bessel_y1(x); }, x); };
  CHECK(slope(std::numeric_limits<double>::denorm_min()) == kInf);
  CHECK(std::abs(slope(0.591902194993983784) - 1.83542790936351793) < 5e-16);
}

TEST_CASE("xlogy and xlog1py at zeros", "[elementwise][special][conventions]") {
  auto product = [](const Tensor& x, const Tensor& y) { return xlogy(x, y); };
  auto product1 = [](const Tensor& x, const Tensor& y) { return xlog1py(x, y); };
  check_close(xlogy(doubles({0, 0, 0, 0, 1, kNan}), doubles({0, -1, kInf, kNan, 0, 1})), {0, 0, 0, kNan, -kInf, kNan});
  check_close(xlog1py(doubles({0, 0, 0, 1}), doubles({-1, -2, kNan, -1})), {0, 0, kNan, -kInf});
  CHECK(slopes_at(product, 0, 0) == std::vector<double>{0, 0});
  CHECK(slopes_at(product, 0, 2) == std::vector<double>{std::log(2.0), 0});
  CHECK(slopes_at(product, 0, -1) == std::vector<double>{0, 0});
  CHECK(slopes_at(product, 3, 2) == std::vector<double>{std::log(2.0), 1.5});
  CHECK(slopes_at(product1, 0, -1) == std::vector<double>{0, 0});
  CHECK(slopes_at(product1, 0, 1) == std::vector<double>{std::log(2.0), 0});
  // The mixed second derivative is 1 / y where x is 0, too.
  Tensor x = doubles({0}).set_requires_grad(), y = doubles({4}).set_requires_grad();
  Tensor to_y = grad(sum(xlogy(x, y)), y, {.create_graph = true});
  CHECK(grad(sum(to_y), x).item() == 0.25);
}

TEST_CASE("sinc is smooth at 0", "[elementwise][special][conventions]") {
  auto f = [](auto x) { return sinc(x); };
  check_close(sinc(doubles({0, 1, -3, 0.5, kInf})), {1, 0, 0, 2 / kPi, kNan}, 1e-15);
  CHECK(slope_at(f, 0) == 0);
  CHECK(std::abs(second_at(f, 0) + kPi * kPi / 3) < 1e-14);
  CHECK(std::abs(slope_at(f, 1e-9) + kPi * kPi / 3 * 1e-9) < 1e-23);
  CHECK_NOTHROW(
      gradcheck([](const Tensor& x) { return sum(sinc(x)); }, {doubles({0.01, 0.3, -1.5, 7.2})}, {.order = 3}));
}

TEST_CASE("inverses are accurate at the ends", "[elementwise][special]") {
  check_close(erfinv(doubles({-1, 1, 0, 2, 1 - 0x1p-53})), {-kInf, kInf, 0, kNan, 5.863584748755168}, 1e-15);
  check_close(ndtri(doubles({0, 1, 0.5, -1, 1e-300})), {-kInf, kInf, 0, kNan, -37.047096299361199}, 1e-14);
  CHECK(slope_at([](auto x) { return erfinv(x); }, 1) == kInf);
  CHECK(slope_at([](auto p) { return ndtri(p); }, 0) == kInf);
  Tensor x = doubles({-0.999999, -0.3, 0.77, 0.99});
  check_close(erf(erfinv(x)), values(x), 1e-15);
  // In quadruple precision, where the quantile had been off by 5.3 units of the last place, its slope by as many.
  check_close(erfinv(doubles({0.51360090186099394})), {0.49217989038505899}, 5e-16);
  CHECK(slope_at([](auto x) { return erfinv(x); }, 0.7660148942552697) == Approx(1.7994001271838114).epsilon(5e-16));
  CHECK(slope_at([](auto x) { return ndtri(x); }, 0.027596829970406751) == Approx(15.753323422135983).epsilon(5e-16));
}

TEST_CASE("log_ndtr in both tails", "[elementwise][special][conventions]") {
  auto f = [](auto x) { return log_ndtr(x); };
  check_close(log_ndtr(doubles({-kInf, kInf, -1e5, 10, -40})),
              {-kInf, 0, -5000000012.431864, -7.619853024160527e-24, -804.6084420137538}, 1e-14);
  check_close(doubles({slope_at(f, -1e5), slope_at(f, kInf), slope_at(f, -kInf)}), {100000.00000999999, 0, kInf},
              1e-15);
  // Where x^2 is infinite and half of it is not, and where erfcx is denormal.
  check_close(log_ndtr(doubles({-1.3719477707112201e154, -1.8e154})), {-9.411203427797433e307, -1.62e308}, 1e-15);
  for (double x : {-1e10, -1e160, -1.6365e308}) CHECK(slope_at(f, x) == -x);
  // The slope is about -x there; of its own slope, which is -1 + 1 / x^2, nothing is lost.
  CHECK(std::abs(second_at(f, -1e5) + 1 - 1e-10) < 1e-15);
  CHECK(second_at(f, 50) == 0);
  // Where the ratio of the integral to erfcx goes below the least number.
  for (double x : {-1e30, -1e160, -1e308, -kInf}) CHECK(second_at(f, x) == -1);
  Tensor far = tensor({-1e30, -3e38}).set_requires_grad();
  Tensor slope = grad(sum(log_ndtr(far)), far, {.create_graph = true});
  check_close(grad(sum(slope), far), {-1, -1});
}

TEST_CASE("the second derivatives of i0e and i1e far out lose nothing", "[elementwise][special]") {
  // From mpmath, at 40 digits.
  const std::vector<double> of_i0e = {0.307787969138,   0.0010150434195, 3.92116554291e-6,
                                      2.37126450505e-6, 9.4676683256e-9, 9.46180609427e-14};
  const std::vector<double> of_i1e = {-0.149816330683,  0.000753144630291, 3.81193478934e-6,
                                      2.31724736489e-6, 9.44399322563e-9,  9.46156954853e-14};
  for (DType dtype : {DType::float32, DType::float64})
    for (bool is_first : {false, true}) {
      Tensor x = cast(doubles({1, 10, 90, 110, 1000, 1e5}), dtype).set_requires_grad();
      Tensor slope = grad(sum(is_first ? i1e(x) : i0e(x)), x, {.create_graph = true});
      check_close(grad(sum(slope), x), is_first ? of_i1e : of_i0e, dtype == DType::float32 ? 1e-6 : 1e-11);
    }
  CHECK(second_at([](auto x) { return i0e(x); }, -1000) == second_at([](auto x) { return i0e(x); }, 1000));
  CHECK(second_at([](auto x) { return i1e(x); }, -1000) == -second_at([](auto x) { return i1e(x); }, 1000));
  CHECK(std::abs(second_at([](auto x) { return i0e(x); }, 0) - 1.5) < 1e-15);
  CHECK(second_at([](auto x) { return i1e(x); }, 0) == 0);
}

TEST_CASE("Bessel functions at 0 and at infinity", "[elementwise][special][conventions]") {
  check_close(i0(doubles({0, kInf, -kInf, 713})), {1, kInf, kInf, 6.7051282636709967e+307}, 1e-15);
  check_close(i1(doubles({0, kInf, -kInf})), {0, kInf, -kInf});
  check_close(i0e(doubles({0, kInf, -kInf})), {1, 0, 0});
  check_close(bessel_j0(doubles({0, kInf})), {1, 0});
  check_close(bessel_y0(doubles({0, -1})), {-kInf, kNan});
  check_close(bessel_k0(doubles({0, -1, kInf})), {kInf, kNan, 0});
  CHECK(slope_at([](auto x) { return i1(x); }, 0) == 0.5);
  CHECK(std::abs(slope_at([](auto x) { return i1e(x); }, 0) - 0.5) < 1e-15);
  CHECK(slope_at([](auto x) { return i0e(x); }, 0) == 0);
  CHECK(slope_at([](auto x) { return bessel_j1(x); }, 0) == 0.5);
  Tensor x = doubles({-12.5, -3, -0.7, 0.2, 1.9, 9, 21});
  for (Tensor (*f)(const Operand&) : {i0, i1, i0e, i1e, bessel_j0, bessel_j1})
    CHECK_NOTHROW(gradcheck([f](const Tensor& x) { return sum(f(x) / (1 + i0(x))); }, {x}, {.order = 3}));
}

TEST_CASE("logit within bounds, entr, and zeta", "[elementwise][special][conventions]") {
  check_close(logit(doubles({0, 1, 0.5, -1})), {-kInf, kInf, 0, kNan});
  check_close(logit(doubles({0.2, 0.9}), 0.7), {std::log(0.7 / 0.3), std::log(0.3 / 0.7)}, 1e-15);
  check_close(logit(doubles({-1.0}), -1), {kNan});
  CHECK(slope_at([](auto x) { return logit(x, 0.1); }, 0.05) == 0);
  CHECK(slope_at([](auto x) { return logit(x, 0.25); }, 0.25) == 1 / (0.25 * 0.75));
  CHECK(std::isnan(slope_at([](auto x) { return logit(x); }, -1)));
  check_close(entr(doubles({0, -1, 1, kNan})), {0, -kInf, 0, kNan});
  CHECK(slope_at([](auto x) { return entr(x); }, 0) == kInf);
  check_close(zeta(2.0, doubles({1, 0, -1, -0.5, kInf})), {kPi * kPi / 6, kInf, kInf, 8.934802200544679, 0}, 1e-15);
  check_close(zeta(doubles({1, 0.5, 2.5}), doubles({2, 2, -0.5})), {kInf, kNan, kNan});
  Tensor s = doubles({3}).set_requires_grad();
  CHECK_THROWS_WITH(sum(zeta(s, 1.0)).backward(), Contains("zeta: only q may require a gradient, but x does"));
  CHECK_THROWS_WITH(polygamma(-1, doubles({1})),
                    Contains("polygamma: the order n must not be negative, but it is -1."));
  CHECK_THROWS_WITH(multigammaln(doubles({1}), 0),
                    Contains("multigammaln: the dimension p must be at least 1, but it is 0."));
  CHECK_THROWS_WITH(multigammaln(doubles({1}), 2000000),
                    Contains("multigammaln: the dimension p must be at most 1048576, but it is 2000000."));
}

TEST_CASE("special functions are right to the third order", "[elementwise][special][gradcheck]") {
  Tensor x = doubles({-6.5, -2.1, -0.7, -0.1, 0.4, 1.3, 3.2});
  for (Tensor (*f)(const Operand&) : {erfcx, ndtr, log_ndtr, lgamma})
    CHECK_NOTHROW(gradcheck([f](const Tensor& x) { return sum(f(x / 2 - 0.3)); }, {x}, {.order = 3}));
  Tensor p = doubles({0.01, 0.2, 0.5, 0.77, 0.97});
  for (Tensor (*f)(const Operand&) : {erfinv, ndtri, digamma, entr, bessel_k0, bessel_k1})
    CHECK_NOTHROW(gradcheck([f](const Tensor& p) { return sum(f(p) / (1 + square(f(p)))); }, {p}, {.order = 2}));
}
