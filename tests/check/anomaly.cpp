// The guard that finds the first nan: which operation, where, from what.
#include <cmath>
#include <limits>
#include <string>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// The message of the anomaly that f makes; empty where it makes none.
template <class F>
std::string anomaly_of(F f, AnomalyOptions options = {}) {
  AnomalyGuard guard(options);
  try {
    f();
  } catch (const anomaly_error& error) {
    return error.what();
  }
  return "";
}

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

}  // namespace

TEST_CASE("An anomaly in a result names the operation, the element, the range and the line", "[anomaly]") {
  Tensor x = f64({{4.0, 1.0}, {0.0, 0.0}});
  int line = 0;
  std::string text = anomaly_of([&] { line = __LINE__, sum(log(x)); });
  INFO(text);
  CHECK(has(text, "log: its result must be finite, but element [1, 0] of float64 [2, 2] is -inf (2 are not finite)."));
  CHECK(has(text, "Input 0 lies in [0, 4]."));
  CHECK(has(text, "anomaly.cpp:" + std::to_string(line)));
}

TEST_CASE("An anomaly is found with and without recording, and in every form of an operator", "[anomaly]") {
  for (bool requires_grad : {false, true}) {
    Tensor x = tensor({1.0, -1.0}, {.dtype = DType::float64, .requires_grad = requires_grad});
    Tensor zero = zeros({2}, {.dtype = DType::float64});
    CHECK(has(anomaly_of([&] { log(x); }), "log: "));
    CHECK(has(anomaly_of([&] { x / zero; }), "div: "));
    CHECK(has(anomaly_of([&] { x / 0.0; }), "div: "));
    CHECK(has(anomaly_of([&] { exp(1000 * x); }), "exp: "));
    CHECK(has(anomaly_of([&] { map([](auto a) { return log(a); }, x); }), "map: "));
    CHECK(has(anomaly_of([&] { sqrt(x.detach()); }), "sqrt: "));
    NoGrad no_grad;
    CHECK(has(anomaly_of([&] { log(x); }), "log: "));
  }
}

TEST_CASE("What the user puts in is no anomaly", "[anomaly]") {
  Tensor mask = f64({0.0, -kInfinity, 0.0});
  Tensor x = variable({1.0, 2.0, 3.0});
  CHECK(anomaly_of([&] { sum(square(softmax(x + mask, 0))).backward(); }) == "");
  CHECK(anomaly_of([&] { full({2}, kInfinity); }) == "");
  CHECK(anomaly_of([&] { 2 * f64({std::nan(""), 1.0}); }) == "");
  // But a nan that comes of an infinity is one.
  CHECK(has(anomaly_of([&] { mask - mask; }), "sub: "));
}

TEST_CASE("An anomaly in a gradient names the rule, and the branch of where() that was not taken", "[anomaly]") {
  Tensor x = variable({4.0, 0.0});
  std::string plain = anomaly_of([&] { sum(sqrt(x)).backward(); });
  INFO(plain);
  CHECK(has(plain, "sqrt: the gradient of its input 0 must be finite, but element [1] of float64 [2] is inf."));
  CHECK(has(plain, "Its result's gradient lies in [1, 1] and result 0 lies in [0, 2]."));
  CHECK_FALSE(has(plain, "where()"));

  std::string dead = anomaly_of([&] { sum(where(x > 0, sqrt(x), 0)).backward(); });
  INFO(dead);
  CHECK(has(dead, "element [1] of float64 [2] is nan"));
  CHECK(has(dead, "came as 0 through the branch of where() that was not taken (anomaly.cpp:"));
  CHECK(has(dead, "where_safe()"));
  CHECK(anomaly_of([&] {
          sum(where_safe(
                  x > 0, [](const Tensor& v) { return sqrt(v); }, [](const Tensor& v) { return 0 * v; }, x))
              .backward();
        }) == "");

  // Further down the branch it is still known.
  std::string below = anomaly_of([&] { sum(where(x > 0, 3 * sqrt(2 * x), 0)).backward(); });
  CHECK(has(below, "sqrt: "));
  CHECK(has(below, "where()"));
}

TEST_CASE("The guard's options choose values or gradients", "[anomaly]") {
  Tensor x = variable({4.0, 0.0});
  CHECK(anomaly_of([&] { log(x); }, {.values = false}) == "");
  CHECK(anomaly_of([&] { sum(sqrt(x)).backward(); }, {.gradients = false}) == "");
  {
    AnomalyGuard all;
    AnomalyGuard none({.values = false, .gradients = false});
    CHECK_NOTHROW(log(x));
  }
  CHECK_NOTHROW(log(x));
}

TEST_CASE("A gradient of a gradient is looked at too", "[anomaly]") {
  Tensor x = variable({0.0});
  std::string text = anomaly_of([&] {
    Tensor g = grad(sum(pow(x, 1.5)), x, {.create_graph = true});
    sum(g).backward();
  });
  INFO(text);
  CHECK(has(text, "must be finite"));
}

TEST_CASE("A gradient that is added to one that has come is looked at by itself", "[anomaly]") {
  Tensor x = variable({0.0, 4.0});
  CHECK(has(anomaly_of([&] { sum(where(x > 0, sqrt(x), x)).backward(); }), "sqrt: the gradient of its input 0"));
  CHECK(has(anomaly_of([&] { sum(x * sqrt(x)).backward(); }), "sqrt: "));
  CHECK(has(anomaly_of([&] {
              Tensor y = x * 2;
              (sum(exp(y)) + sum(sqrt(y)) + sum(y * y)).backward();
            }),
            "sqrt: "));
}

TEST_CASE("A sum of gradients that overflows is an anomaly, within a pass and over several", "[anomaly]") {
  Tensor y = variable({0.5});
  const std::string within = anomaly_of([&] {
    Tensor z = y * 1.0;
    (sum(z * 1e308) + sum(z * 0.9e308)).backward();
  });
  INFO(within);
  CHECK(has(within, "the sum of the gradients of its result must be finite, but element [0] of float64 [1] is inf"));
  const std::string in_a_leaf = anomaly_of([&] { (sum(y * 1e308) + sum(y * 0.9e308)).backward(); });
  INFO(in_a_leaf);
  CHECK(has(in_a_leaf, "the sum of the gradients"));
  y.zero_grad();
  const std::string over_passes = anomaly_of([&] {
    sum(y * 1e308).backward();
    sum(y * 0.9e308).backward();
  });
  INFO(over_passes);
  CHECK(has(over_passes, "the sum of the gradients"));
  CHECK(y.grad().item() == 1e308);  // as it was
}

TEST_CASE("A zero that an operand itself made is no branch that was not taken", "[anomaly]") {
  Tensor v = variable({0.0, 4.0});
  const std::string own = anomaly_of([&] { sum(where(v >= 0, sqrt(v) * 0.0, 1.0)).backward(); });
  INFO(own);
  CHECK(has(own, "sqrt: "));
  CHECK_FALSE(has(own, "where()"));
  const std::string filled = anomaly_of([&] { sum(masked_fill(sqrt(v), v <= 0, 0.0)).backward(); });
  INFO(filled);
  CHECK(has(filled, "came as 0 through what masked_fill() replaced (anomaly.cpp:"));
}

TEST_CASE("What is recorded of a gradient bears the line whose gradient it is", "[anomaly]") {
  Tensor x = variable({0.0, 4.0});
  const std::string text = anomaly_of(
      [&] { hvp([](const Tensor& v) { return sum(pow(v, 1.5)); }, x, ones({2}, {.dtype = DType::float64})); });
  INFO(text);
  CHECK(has(text, "anomaly.cpp:"));
  CHECK_FALSE(has(text, "formulas.hpp"));
}
