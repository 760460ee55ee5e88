#include <xgrad/autograd/ops/cumulative.hpp>

#include <cmath>
#include <limits>
#include <utility>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/functional.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor random(const Shape& shape, TensorOptions options = kDouble, int seed = 1) {
  Generator generator(seed);
  return normal(shape, 0, 1, options, generator);
}

/// The running fold along the last axis by plain loops, from either end.
template <class Join>
Tensor by_loops(const Tensor& x, Join join) {
  std::vector<double> numbers = x.to_vector<double>();
  const std::int64_t n = x.size(-1);
  for (std::int64_t i = 0; i < x.numel(); ++i)
    if (i % n != 0) numbers[i] = join(numbers[i - 1], numbers[i]);
  return from_vector(numbers, x.shape());
}

}  // namespace

TEST_CASE("cumsum and cumprod agree with plain loops at every length and along every axis", "[cumulative]") {
  const auto plus = [](double a, double b) { return a + b; };
  const auto times = [](double a, double b) { return a * b; };
  for (std::int64_t n : {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 33, 64, 100, 1000}) {
    const Tensor x = random({3, n});
    CHECK(is_close(cumsum(x, 1), by_loops(x, plus), 1e-12));
    CHECK(is_close(cumprod(x, 1), by_loops(x, times), 1e-12));
    CHECK(is_close(transpose(cumsum(transpose(x), 0)), by_loops(x, plus), 1e-12));
    CHECK(is_close(transpose(cumprod(transpose(x), 0)), by_loops(x, times), 1e-12));
    const Tensor narrow_x = cast(x, DType::float32);
    CHECK(is_close(cast(cumsum(narrow_x, 1), DType::float64), by_loops(cast(narrow_x, DType::float64), plus), 1e-5));
    // From the end: the gradient.
    const Tensor w = random({3, n}, kDouble, 2);
    auto weighted = [&](const Tensor& v) { return sum(w * cumsum(v, 1)); };
    CHECK(is_close(grad(weighted, x), flip(cumsum(flip(w, 1), 1), 1), 1e-12));
    auto weighted32 = [&](const Tensor& v) { return sum(cast(w, DType::float32) * cumsum(v, 1)); };
    CHECK(allclose(cast(grad(weighted32, narrow_x), DType::float64), flip(cumsum(flip(w, 1), 1), 1),
                   {.rtol = 1e-5, .atol = 1e-5}));
  }
}

TEST_CASE("Cumulative operators of nothing and of scalars", "[cumulative]") {
  for (DType dtype : {DType::float32, DType::float64, DType::int64}) {
    CHECK(cumsum(zeros({0}, {.dtype = dtype}), 0).shape() == Shape{0});
    CHECK(cumprod(zeros({2, 0}, {.dtype = dtype}), 1).shape() == Shape{2, 0});
    CHECK(cumprod(zeros({0, 2}, {.dtype = dtype}), 1).shape() == Shape{0, 2});
    CHECK(cumsum(full({}, 3, {.dtype = dtype}), 0).item() == 3);
    CHECK(cumprod(full({}, 3, {.dtype = dtype}), -1).item() == 3);
    CHECK(cummax(zeros({2, 0}, {.dtype = dtype}), 1).values.shape() == Shape{2, 0});
    CHECK(cummax(full({}, 3, {.dtype = dtype}), 0).indices.item() == 0);
  }
  CHECK(logcumsumexp(zeros({0}), 0).shape() == Shape{0});
  CHECK(logcumsumexp(f64(3), 0).item() == 3);
  // Their gradients.
  for (const Shape& shape : {Shape{0}, Shape{}, Shape{1}, Shape{0, 3}, Shape{3, 0}}) {
    const Tensor x = full(shape, 0.5, kDouble);
    const Tensor one = ones(shape, kDouble);
    CHECK(is_close(grad([](const Tensor& v) { return sum(cumsum(v, 0)); }, x), flip(cumsum(flip(one, 0), 0), 0)));
    CHECK(grad([](const Tensor& v) { return sum(cumprod(v, 0)); }, x).shape() == shape);
    CHECK(grad([](const Tensor& v) { return sum(logcumsumexp(v, 0)); }, x).shape() == shape);
    CHECK(grad([](const Tensor& v) { return sum(cummax(v, -1).values); }, x).shape() == shape);
  }
  CHECK_THROWS_AS(cumsum(f64({1, 2}), 1), std::out_of_range);
  CHECK_THROWS_AS(cumsum(f64(1), 1), std::out_of_range);
}

TEST_CASE("cumsum in float32 is as accurate as a sum", "[cumulative]") {
  const std::int64_t n = 20'000'000;
  const Tensor y = cumsum(ones({n}, {.dtype = DType::float32}), 0);
  CHECK(y[n - 1].item() == 2e7);
  CHECK(y[(1 << 24) + 1].item() == (1 << 24) + 2);
  // Along the first axis, column by column.
  const Tensor columns = cumsum(expand(ones({1}, {.dtype = DType::float32}), {n / 2, 2}), 0);
  CHECK(columns[n / 2 - 1].to_vector<double>() == std::vector<double>{1e7, 1e7});
  // In float64: 0.1 a million times, against the exact 100000.00000000000555.
  const Tensor tenths = cumsum(full({1'000'000}, 0.1, kDouble), 0);
  CHECK(std::abs(tenths[-1].item() - 1e5) < 2e-11);
  CHECK(std::abs(cumsum(full({1'000'000, 2}, 0.1, kDouble), 0)[-1][1].item() - 1e5) < 2e-11);
}

TEST_CASE("cumsum passes infinities on, and no further than it must", "[cumulative]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    const Tensor x = cast(f64({1, kInf, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, -kInf, 1}), dtype);
    const std::vector<double> y = cumsum(x, 0).to_vector<double>();
    CHECK(y[0] == 1);
    for (int i = 1; i < 18; ++i) CHECK(y[i] == kInf);
    CHECK(std::isnan(y[18]));
    CHECK(std::isnan(y[19]));
    CHECK(is_close(cumsum(stack({x, x}, 1), 0), stack({cumsum(x, 0), cumsum(x, 0)}, 1)));
  }
}

TEST_CASE("cumsum and cumprod of integers and booleans, and in another dtype", "[cumulative]") {
  CHECK(cumsum(tensor({true, false, true}), 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 1, 2});
  CHECK(cumsum(tensor({true, false, true}), 0).dtype() == DType::int64);
  CHECK(cumprod(tensor({true, true, false}), 0).dtype() == DType::int64);
  CHECK(cumprod(tensor({2, 3, 4}), 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 6, 24});
  const std::int64_t most = std::numeric_limits<std::int64_t>::max();
  CHECK(cumsum(from_vector(std::vector<std::int64_t>{most, 1}), 0)[1].item<std::int64_t>() ==
        std::numeric_limits<std::int64_t>::min());  // wraps around
  CHECK(cumsum(tensor({1, 2}), 0, {.dtype = DType::float64}).dtype() == DType::float64);
  CHECK(cumprod(f64({1.5, 2.5}), 0, {.dtype = DType::int64}).to_vector<std::int64_t>() ==
        std::vector<std::int64_t>{1, 2});
  CHECK_THAT(message_of<std::invalid_argument>([] { cumsum(tensor({1}), 0, {.dtype = DType::boolean}); }),
             Contains("cumsum: dtype must be that of numbers, but it is boolean."));
}

TEST_CASE("cumprod has right derivatives where elements are 0", "[cumulative]") {
  for (const Tensor& x : {f64({2, 0, 3, 4}), f64({0, 2, 0, 3}), f64({0, 0, 0, 0}), f64({1, 2, 3, 0})}) {
    auto f = [](const Tensor& v) { return cumprod(v, 0); };
    CHECK_NOTHROW(gradcheck(f, {x}));
    CHECK_NOTHROW(gradgradcheck(f, {x}));
    auto along_first = [](const Tensor& v) { return cumprod(stack({v, v * v}, 1), 0); };
    CHECK_NOTHROW(gradgradcheck(along_first, {x}));
  }
  const Tensor slope = grad([](const Tensor& v) { return sum(cumprod(v, 0)); }, f64({2, 0, 3}));
  CHECK(is_close(slope, f64({1, 8, 0})));  // 1 + x1 + x1 x2, x0 + x0 x2, x0 x1
}

TEST_CASE("cumprod in float32 leaves the range on the way and comes back", "[cumulative]") {
  const Tensor x = tensor({1e30, 1e30, 1e-30, 1e-30}, {.dtype = DType::float32});
  const std::vector<double> y = cumprod(x, 0).to_vector<double>();
  CHECK(y[1] == kInf);
  CHECK(y[2] == Approx(1e30));
  CHECK(y[3] == Approx(1));
}

TEST_CASE("logcumsumexp at infinities, ties and large numbers", "[cumulative]") {
  const Tensor x = f64({-kInf, -kInf, 1, kInf, 2, kNan, 3});
  const std::vector<double> y = logcumsumexp(x, 0).to_vector<double>();
  CHECK(y[0] == -kInf);
  CHECK(y[1] == -kInf);
  CHECK(y[2] == 1);
  CHECK(y[3] == kInf);
  CHECK(y[4] == kInf);
  CHECK(std::isnan(y[5]));
  CHECK(std::isnan(y[6]));
  CHECK(is_close(logcumsumexp(f64({1000, 1000, -1000}), 0), f64({1000, 1000 + std::log(2), 1000 + std::log(2)})));
  CHECK(is_close(logcumsumexp(f64({-1000, 1000}), 0), f64({-1000, 1000})));
  CHECK(is_close(logcumsumexp(stack({x, x}, 1), 0)[slice(0, 3)],
                 stack({logcumsumexp(x, 0), logcumsumexp(x, 0)}, 1)[slice(0, 3)]));

  auto total = [](const Tensor& v) { return sum(logcumsumexp(v, 0)[slice(1)]); };
  // All -inf: the value is -inf, and the gradient 0.
  const Tensor nothing = variable({-kInf, -kInf});
  logcumsumexp(nothing, 0).backward(f64({1, 1}));
  CHECK(is_close(nothing.grad(), f64({0, 0})));
  CHECK(is_close(grad(total, f64({-kInf, 0, 0})), f64({0, 1.5, 0.5})));
  CHECK(is_close(grad(total, f64({0, -kInf, 0})), f64({1.5, 0, 0.5})));
  CHECK(is_close(grad(total, f64({-kInf, -kInf, 0.5})), f64({0, 0, 1})));
  // An infinity takes all of what follows it: nothing is left for the others, and no nan.
  const std::vector<double> beside = grad(total, f64({0, 1, kInf, 2})).to_vector<double>();
  const double share = 1 / (1 + std::exp(1));
  CHECK(beside[0] == Approx(share));
  CHECK(beside[1] == Approx(1 - share));
  CHECK(beside[2] == 2);
  CHECK(beside[3] == 0);
  // Differences of thousands.
  CHECK(is_close(grad(total, f64({0, 2000, -2000, 2000})), f64({0, 2.5, 0, 0.5})));
  CHECK_NOTHROW(gradgradcheck([](const Tensor& v) { return logcumsumexp(v, 0); }, {f64({3, -800, 3, 900, 900.5})}));
  // -inf among the elements, to the second order.
  const Tensor masked = f64({-kInf, 1, -kInf, 2});
  const Tensor curvature = hessian([](const Tensor& v) { return sum(square(logcumsumexp(v, 0)[slice(1)])); }, masked);
  CHECK(all(isfinite(curvature)).item<bool>());
}

TEST_CASE("logcumsumexp's gradient is the softmax however large the result is", "[cumulative]") {
  for (const bool create_graph : {false, true})
    for (const auto& [size, dtype] : {std::pair{1e5, DType::float32}, std::pair{1e7, DType::float32},
                                      std::pair{-1e7, DType::float32}, std::pair{1e16, DType::float64}})
      for (const Shape& shape : {Shape{4}, Shape{4, 3}}) {
        INFO(size << " " << name(dtype) << " " << shape << " create_graph " << create_graph);
        Tensor x = full(shape, size, {.dtype = dtype}).set_requires_grad();
        Tensor g = grad(sum(logcumsumexp(x, 0)[3]), x, {.create_graph = create_graph});
        for (const double each : g.to_vector<double>()) CHECK(each == Approx(0.25).epsilon(1e-6));
      }
  // And the second derivative, diag(p) - p p^T.
  const Tensor curvature =
      hessian([](const Tensor& x) { return logcumsumexp(x, 0)[3]; }, full({4}, 1e7, {.dtype = DType::float32}));
  for (std::int64_t i = 0; i < 4; ++i)
    for (std::int64_t j = 0; j < 4; ++j)
      CHECK(curvature[{i, j}].item() == Approx(i == j ? 0.1875 : -0.0625).epsilon(1e-5));
  gradgradcheck([](const Tensor& x) { return logcumsumexp(x, 1); }, {random({2, 5, 3}) + 1e3});
  gradgradcheck([](const Tensor& x) { return logcumsumexp(x, -1); }, {3 * random({3, 7})});
}

TEST_CASE("cummax and cummin take the last of equals and keep to nan", "[cumulative]") {
  const auto [values, indices] = cummax(f64({1, 3, 3, 2, 3}), 0);
  CHECK(is_close(values, f64({1, 3, 3, 3, 3})));
  CHECK(indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, 2, 4});
  CHECK(cummin(tensor({2, 1, 1, 3}), 0).indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 2, 2});
  CHECK(cummax(tensor({true, false, true}), 0).values.dtype() == DType::boolean);
  for (auto* function : {cummax, cummin}) {
    const auto [with_nan, places] = function(f64({1, kNan, 3, kNan, 2}), 0);
    CHECK(with_nan[0].item() == 1);
    for (int i = 1; i < 5; ++i) CHECK(std::isnan(with_nan[i].item()));
    CHECK(places.to_vector<std::int64_t>() == std::vector<std::int64_t>{0, 1, 1, 3, 3});
  }
  const Tensor x = variable({1, 3, 2, 4});
  cummax(x, 0).values.backward(f64({1, 10, 100, 1000}));
  CHECK(is_close(x.grad(), f64({1, 110, 0, 1000})));
  // A float32 that stands for many gets all that they get.
  const std::int64_t n = 20'000'000;
  Tensor long_row = zeros({n}, {.dtype = DType::float32});
  long_row[0].assign(1);
  long_row.set_requires_grad();
  sum(cummax(long_row, 0).values).backward();
  CHECK(long_row.grad()[0].item() == 2e7);
}

TEST_CASE("diff takes differences of what stands beside x too", "[cumulative]") {
  CHECK(diff(tensor({1, 4, 9})).to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 5});
  CHECK(diff(tensor({1, 4, 9}), {.n = 0}).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 4, 9});
  CHECK(diff(tensor({1, 4, 9}), {.n = 2}).to_vector<std::int64_t>() == std::vector<std::int64_t>{2});
  for (int n : {3, 4, 2'000'000'000}) {
    CHECK(diff(tensor({1, 4, 9}), {.n = n}).shape() == Shape{0});
    CHECK(diff(zeros({2, 3, 4}), {.n = n, .axis = 1}).shape() == Shape{2, 0, 4});
  }
  CHECK(diff(zeros({0})).shape() == Shape{0});
  CHECK(diff(tensor({true, false, true})).to_vector<bool>() == std::vector<bool>{true, true});
  CHECK(diff(tensor({true, false, true}), {.n = 2}).to_vector<bool>() == std::vector<bool>{false});
  CHECK(is_close(diff(tensor({1, 4, 9}), {.prepend = f64({0.5})}), f64({0.5, 3, 5})));
  CHECK(is_close(diff(f64({1, 4}), {.prepend = f64({0}), .append = f64({0, 1})}), f64({1, 3, -4, 1})));
  CHECK(diff(f64({1, 4}), {.n = 0, .prepend = f64({0})}).numel() == 2);
  CHECK_THAT(message_of<std::invalid_argument>([] {
               diff(f64({1, 4}), {.prepend = f64(0)});
             }),
             Contains("diff: prepend must have x's extents but on axis 0, but it is [] and x is [2]."));
  CHECK_THAT(message_of<std::invalid_argument>([] { diff(f64(1)); }), Contains("diff: x must have an axis"));
  CHECK_THAT(message_of<std::invalid_argument>([] { diff(f64({1}), {.n = -2}); }), Contains("n must not be negative"));
}

TEST_CASE("The trapezoidal rule with few points, with points of its own, and broadcast", "[cumulative]") {
  CHECK(trapezoid(tensor({1, 2, 3})).item() == 4);
  CHECK(trapezoid(tensor({1, 2, 3})).dtype() == DType::float32);
  CHECK(trapezoid(tensor({1, 2, 3}), tensor({0, 1, 3})).item() == 6.5);
  CHECK(trapezoid(f64({5})).item() == 0);
  CHECK(trapezoid(zeros({2, 0})).to_vector<double>() == std::vector<double>{0, 0});
  CHECK(trapezoid(zeros({2, 0}), zeros({0})).to_vector<double>() == std::vector<double>{0, 0});
  CHECK(cumulative_trapezoid(f64({5})).shape() == Shape{0});
  CHECK(cumulative_trapezoid(zeros({0})).shape() == Shape{0});
  CHECK(cumulative_trapezoid(zeros({2, 0}), zeros({2, 0})).shape() == Shape{2, 0});
  CHECK(is_close(trapezoid(ones({2, 3}, kDouble), f64({{0, 1, 3}, {0, 2, 5}})), f64({3, 5})));
  CHECK(is_close(trapezoid(ones({2, 3}, kDouble), f64({0, 1}), {.axis = 0}), f64({1, 1, 1})));
  CHECK(is_close(trapezoid(f64({1, 1}), f64({{0, 1}, {0, 3}})), f64({1, 3})));
  CHECK_THAT(message_of<std::invalid_argument>([] {
               trapezoid(f64({1, 2, 3}), f64({0, 1}));
             }),
             Contains("trapezoid: x must have one value for each of the 3 points on axis 0 of y [3], but it is [2]."));
  CHECK_THAT(message_of<std::invalid_argument>([] { cumulative_trapezoid(f64(1)); }),
             Contains("cumulative_trapezoid: y must have an axis"));
}

TEST_CASE("gradient is exact where its differences are, and orders its results as the axes", "[cumulative]") {
  const Tensor x = f64({0, 1, 3, 4, 8});
  // A parabola between uneven points, to its ends.
  const Tensor slope = gradient(x * x, {.coordinates = {x}, .edge_order = 2})[0];
  CHECK(is_close(slope, 2 * x));
  for (double value :
       gradient(full({3, 3}, 0.1, kDouble), {.coordinates = {f64({0, 1, 3}), f64({0, 1, 3})}})[1].to_vector())
    CHECK(value == 0);  // of a constant
  const Tensor plane = arange(4.)[{slice(), newaxis}] * 10 + arange(3.)[{newaxis, slice()}];
  const std::vector<Tensor> both = gradient(plane, {.axes = {1, 0}});
  CHECK(is_close(cast(both[0], DType::float64), ones({4, 3}, kDouble)));
  CHECK(is_close(cast(both[1], DType::float64), full({4, 3}, 10, kDouble)));
  CHECK(gradient(plane, {.spacing = {2, 5}})[0][0][0].item() == 5);
  CHECK(gradient(tensor({1, 4, 9}))[0].to_vector() == std::vector<double>{3, 4, 5});
  CHECK(gradient(f64(1)).empty());
  CHECK(gradient(f64({1, 2}).set_requires_grad(false), {.axes = {}}).empty());
  CHECK_THAT(message_of<std::invalid_argument>([] {
               gradient(f64({1, 4}), {.edge_order = 2});
             }),
             Contains("gradient: with edge_order 2 each axis needs at least 3 points, but axis 0 of x [2] has 2."));
  CHECK_THAT(message_of<std::invalid_argument>([] {
               gradient(f64({1, 4}), {.coordinates = {f64({1})}});
             }),
             Contains("gradient: coordinates must be [2] for axis 0 of x [2], but they are [1]."));
  CHECK_THAT(message_of<std::invalid_argument>([] {
               gradient(f64({{1, 4}, {2, 3}}), {.axes = {1, 1}});
             }),
             Contains("comes twice"));
}

TEST_CASE("gradient between even points leaves the middle one out", "[cumulative]") {
  CHECK(gradient(f64({1, 1e16, 4}))[0][1].item() == 1.5);
  CHECK(gradient(tensor({0.f, 1e8f, 3.f}))[0][1].item() == 1.5);
  CHECK(gradient(f64({1, 1e16, 4}), {.spacing = {3}})[0][1].item() == 0.5);
  for (double odd : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    const std::vector<double> slope = gradient(f64({0, odd, 2, 3, 5}))[0].to_vector<double>();
    CHECK((slope[1] == 1 && slope[3] == 1.5 && slope[4] == 2));
    CHECK((!std::isfinite(slope[0]) && !std::isfinite(slope[2])));
  }
}
