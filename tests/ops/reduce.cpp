#include <xgrad/autograd/ops/reduce.hpp>

#include <cmath>
#include <cstring>
#include <limits>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

Tensor random(const Shape& shape, DType dtype = DType::float64, int seed = 1) {
  Generator generator(seed);
  return normal(shape, 0, 1, {.dtype = dtype}, generator);
}

/// Every subset of the axes.
std::vector<std::vector<int>> subsets(int ndim) {
  std::vector<std::vector<int>> all;
  for (unsigned mask = 0; mask < 1u << ndim; ++mask) {
    std::vector<int> axes;
    for (int axis = 0; axis < ndim; ++axis)
      if ((mask >> axis & 1) != 0) axes.push_back(axis);
    all.push_back(axes);
  }
  return all;
}

/// join over the axes by definition: element by element.
template <class Join>
Tensor by_definition(const Tensor& x, const std::vector<int>& axes, double start, Join join) {
  Shape kept = x.shape();
  for (int axis : axes) kept[axis] = 1;
  std::vector<double> result(kept.numel(), start);
  std::vector<double> from = x.to_vector<double>();
  for (std::int64_t i = 0; i < x.numel(); ++i) {
    std::int64_t rest = i;
    std::int64_t at = 0;
    std::int64_t step = 1;
    for (int axis = x.ndim() - 1; axis >= 0; --axis) {
      std::int64_t k = rest % x.shape()[axis];
      rest /= x.shape()[axis];
      at += kept[axis] == 1 ? 0 : k * step;
      step *= kept[axis];
    }
    result[at] = join(result[at], from[i]);
  }
  return from_vector(result, kept);
}

/// The same elements in several layouts: row-major, transposed, sliced out of a larger tensor, reversed, expanded.
std::vector<Tensor> layouts_of(const Shape& shape) {
  Tensor x = random(shape);
  Shape reversed;
  std::vector<int> order;
  Shape doubled = shape;
  std::vector<Index> every_second;
  std::vector<Index> leading;
  Shape flat = shape;
  flat[0] = 1;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    reversed.push_back(shape[axis]);
    order.push_back(axis);
    doubled[axis] = 2 * shape[axis];
    every_second.push_back(slice(0, std::nullopt, 2));
  }
  for (int axis = 0; axis < shape.ndim(); ++axis) leading.push_back(slice(0, shape[axis]));
  return {x,
          permute(random(reversed), order),
          random(doubled)[Indices(every_second)],
          random(doubled)[Indices(leading)],
          flip(x, Axes::all()),
          expand(random(flat), shape),
          expand(f64(0.5), shape)};
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() && a.dtype() == b.dtype() &&
         std::memcmp(a.data<float>(), b.data<float>(), static_cast<std::size_t>(a.numel()) * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("sum, mean, prod, amax and amin agree with their definition on every layout and every set of axes",
          "[reduce]") {
  for (const Shape& shape : {Shape{5}, Shape{3, 4}, Shape{2, 17, 5}, Shape{3, 1, 2, 20}, Shape{2, 70, 3}})
    for (const Tensor& x : layouts_of(shape))
      for (const std::vector<int>& axes : subsets(shape.ndim())) {
        INFO(to_string(shape) << " strides " << to_string(x.strides()) << " axes "
                              << to_string(from_vector(std::vector<std::int64_t>(axes.begin(), axes.end()))));
        ReduceOptions keep{.keepdims = true};
        double count = static_cast<double>(x.numel());
        Tensor total = by_definition(x, axes, 0, [](double a, double b) { return a + b; });
        count /= static_cast<double>(total.numel());
        CHECK(allclose(sum(x, axes, keep), total, {.rtol = 1e-12, .atol = 1e-13}));
        CHECK(allclose(mean(x, axes, keep), total / count, {.rtol = 1e-12, .atol = 1e-13}));
        CHECK(allclose(prod(x, axes, keep), by_definition(x, axes, 1, [](double a, double b) { return a * b; })));
        CHECK(is_close(amax(x, axes, keep),
                       by_definition(x, axes, -kInf, [](double a, double b) { return std::max(a, b); })));
        CHECK(is_close(amin(x, axes, keep),
                       by_definition(x, axes, kInf, [](double a, double b) { return std::min(a, b); })));
      }
}

TEST_CASE("var, std, norm and logsumexp agree with compositions on every layout and every set of axes", "[reduce]") {
  for (const Shape& shape : {Shape{5}, Shape{3, 4}, Shape{2, 17, 5}, Shape{2, 70, 3}})
    for (const Tensor& x : layouts_of(shape))
      for (const std::vector<int>& axes : subsets(shape.ndim())) {
        INFO(to_string(shape) << " strides " << to_string(x.strides()));
        ReduceOptions keep{.keepdims = true};
        AllcloseOptions close{.rtol = 1e-11, .atol = 1e-13};
        Tensor spread = mean(square(x - mean(x, axes, keep)), axes, keep);
        CHECK(allclose(var(x, axes, {.correction = 0, .keepdims = true}), spread, close));
        CHECK(allclose(xgrad::std(x, axes, {.correction = 0, .keepdims = true}), sqrt(spread), close));
        CHECK(allclose(norm(x, axes, {.keepdims = true}), sqrt(sum(square(x), axes, keep)), close));
        CHECK(allclose(logsumexp(x, axes, keep), log(sum(exp(x), axes, keep)), close));
      }
}

TEST_CASE("axes may be negative, one, several or all, kept or not", "[reduce]") {
  Tensor x = f64({{1, 2, 3}, {4, 5, 6}});
  CHECK(sum(x).item() == 21);
  CHECK(is_close(sum(x, 0), f64({5, 7, 9})));
  CHECK(is_close(sum(x, -1), f64({6, 15})));
  CHECK(is_close(sum(x, {0, -1}), f64(21)));
  CHECK(sum(x, 1, {.keepdims = true}).shape() == Shape{2, 1});
  CHECK(sum(x, Axes::all(), {.keepdims = true}).shape() == Shape{1, 1});
  CHECK(sum(f64(3), 0).item() == 3);
}

TEST_CASE("axes that do not exist are refused", "[reduce]") {
  Tensor x = zeros({2, 3});
  CHECK_THROWS_AS(sum(x, 2), std::out_of_range);
  int line = __LINE__ + 1;
  auto beyond = [&] { mean(x, -3); };
  CHECK(message_of<std::out_of_range>(beyond) == "mean: axis must be in [-2, 1], but it is -3. at " + place(line));
  CHECK_THROWS_WITH(amax(x, {0, 0}), Contains("axis 0 comes twice"));
  CHECK_THROWS_AS(argmax(x, 2), std::out_of_range);
  CHECK_THROWS_AS(softmax(x, 5), std::out_of_range);
}

TEST_CASE("dtypes of reductions", "[reduce]") {
  Tensor ints = tensor({{1, 2}, {3, 4}});
  Tensor flags = tensor({true, true, false});
  CHECK(sum(ints).item<std::int64_t>() == 10);
  CHECK(sum(ints).dtype() == DType::int64);
  CHECK(sum(flags).dtype() == DType::int64);
  CHECK(sum(flags).item<std::int64_t>() == 2);
  CHECK(mean(ints).dtype() == DType::float32);
  CHECK(mean(ints).item() == 2.5);
  CHECK(prod(ints, 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{3, 8});
  CHECK(prod(flags).item<std::int64_t>() == 0);
  CHECK(amax(ints, 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{2, 4});
  CHECK(amin(flags).dtype() == DType::boolean);
  CHECK(argmax(flags).item<std::int64_t>() == 0);
  CHECK(max(ints).item<std::int64_t>() == 4);
  CHECK(softmax(ints).dtype() == DType::float32);
  CHECK(xgrad::std(ints, 0).dtype() == DType::float32);
}

TEST_CASE("integers do not lose digits in a sum", "[reduce]") {
  Tensor x = full({3}, 0, {.dtype = DType::int64}) + tensor({std::int64_t{1} << 60, std::int64_t{1}, std::int64_t{2}});
  CHECK(sum(tensor({3, 4, 5})).item<std::int64_t>() == 12);
  CHECK(sum(x).dtype() == DType::int64);
}

TEST_CASE("reductions of nothing", "[reduce]") {
  Tensor empty = zeros({0}, kDouble);
  CHECK(sum(empty).item() == 0);
  CHECK(prod(empty).item() == 1);
  CHECK(std::isnan(mean(empty).item()));
  CHECK(std::isnan(var(empty).item()));
  CHECK(norm(empty).item() == 0);
  CHECK(logsumexp(empty).item() == -kInf);
  CHECK(is_close(sum(zeros({0, 3}, kDouble), 0), zeros({3}, kDouble)));
  CHECK(sum(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK(softmax(zeros({0, 3})).shape() == Shape{0, 3});
  CHECK(softmax(zeros({3, 0})).shape() == Shape{3, 0});
  CHECK_FALSE(any(empty).item<bool>());
  CHECK(all(empty).item<bool>());
  CHECK(amax(zeros({0, 3}), 1).shape() == Shape{0});
  CHECK_THROWS_WITH(max(empty), Contains("max: it needs at least one element along the reduced axes, but x is [0]"));
  CHECK_THROWS_AS(amin(zeros({2, 0}), 1), std::invalid_argument);
  CHECK_THROWS_AS(argmax(zeros({2, 0}), 1), std::invalid_argument);
  CHECK_THROWS_AS(argmin(empty), std::invalid_argument);
  CHECK_THROWS_WITH(norm(empty, Axes::all(), {.p = kInf}), Contains("at least one element"));
}

TEST_CASE("gradients of reductions of nothing have the operand's shape", "[reduce]") {
  for (auto f : {+[](const Tensor& x) { return sum(x); }, +[](const Tensor& x) { return sum(sum(x, 0)); },
                 +[](const Tensor& x) { return prod(x); }, +[](const Tensor& x) { return norm(x); },
                 +[](const Tensor& x) { return sum(softmax(x)); }}) {
    Tensor x = zeros({0, 3}, kVariable);
    CHECK(grad(f(x), x).shape() == Shape{0, 3});
  }
}

TEST_CASE("long float sums stay accurate", "[reduce]") {
  CHECK(sum(ones({20000000})).item() == 20000000);
  CHECK(mean(full({3000000}, 0.1f)).item() == Approx(0.1).epsilon(1e-6));
  CHECK(allclose(sum(full({3000000, 2}, 0.1f), 0), full({2}, 300000), {.rtol = 1e-6}));
  Tensor shifted = random({100000}, DType::float32) + 1e4;
  CHECK(var(shifted).item() == Approx(1).epsilon(0.02));
}

TEST_CASE("sums have the same bits for any number of threads", "[reduce]") {
  Tensor big = random({1000, 700}, DType::float32);
  Tensor tall = random({200000, 3}, DType::float32);
  Tensor deep = random({40, 30, 500}, DType::float32);
  auto results = [&] {
    return std::vector<Tensor>{sum(big),      sum(big, 0),        sum(big, 1),          sum(transpose(big), 0),
                               sum(tall, 0),  sum(tall, 1),       sum(deep, {0, 2}),    mean(deep, 1),
                               var(big, 0),   xgrad::std(big),    norm(tall, {0}),      logsumexp(big, 0),
                               softmax(big),  softmax(big, 0),    log_softmax(deep, 1), prod(big, 0),
                               amax(tall, 0), max(deep, 1).values};
  };
  int before = num_threads();
  set_num_threads(1);
  std::vector<Tensor> one = results();
  for (int threads : {2, 3}) {
    set_num_threads(threads);
    std::vector<Tensor> more = results();
    for (std::size_t i = 0; i < one.size(); ++i) {
      INFO("result " << i << " with " << threads << " threads");
      CHECK(same_bits(one[i], more[i]));
    }
  }
  set_num_threads(before);
}

TEST_CASE("the gradient of sum is a view, that of mean its share", "[reduce]") {
  Tensor x = variable({{1, 2, 3}, {4, 5, 6}});
  Tensor g = grad(sum(x), x);
  CHECK(is_close(g, ones({2, 3}, kDouble)));
  CHECK(g.strides() == Strides{0, 0});
  CHECK(is_close(grad(mean(x), x), full({2, 3}, 1.0 / 6, kDouble)));
  CHECK(is_close(grad(sum(square(mean(x, 1))), x), f64({{4. / 3, 4. / 3, 4. / 3}, {10. / 3, 10. / 3, 10. / 3}})));
}

TEST_CASE("first and second derivatives of the reductions, over each kind of axes and layout", "[reduce]") {
  using Op = Tensor (*)(const Tensor&, const Axes&, bool);
  Op ops[] = {
      [](const Tensor& x, const Axes& axes, bool keep) { return sum(x, axes, {keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return mean(x, axes, {keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return prod(x, axes, {keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return var(x, axes, {.keepdims = keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) {
        return xgrad::std(x, axes, {.correction = 0, .keepdims = keep});
      },
      [](const Tensor& x, const Axes& axes, bool keep) { return amax(x, axes, {keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return logsumexp(x, axes, {keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return norm(x, axes, {.keepdims = keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return norm(x, axes, {.p = 1, .keepdims = keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return norm(x, axes, {.p = 3, .keepdims = keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return norm(x, axes, {.p = 1.5, .keepdims = keep}); },
      [](const Tensor& x, const Axes& axes, bool keep) { return norm(x, axes, {.p = kInf, .keepdims = keep}); }};
  int number = 0;
  for (Op op : ops) {
    INFO("operator " << number++);
    for (bool keep : {false, true})
      for (const Axes& axes : {Axes::all(), Axes(0), Axes({0, 2}), Axes(-1)})
        gradgradcheck([&](const Tensor& x) { return op(x, axes, keep); }, {random({3, 2, 4})});
    gradgradcheck([&](const Tensor& x) { return op(transpose(x), 0, false); }, {random({4, 3})});
  }
}

TEST_CASE("first and second derivatives of softmax and log_softmax", "[reduce]") {
  for (int axis : {0, 1, -1}) {
    gradgradcheck([&](const Tensor& x) { return softmax(x, axis); }, {random({3, 4, 5})});
    gradgradcheck([&](const Tensor& x) { return log_softmax(x, axis); }, {random({3, 4, 5})});
  }
  gradgradcheck([](const Tensor& x) { return softmax(transpose(x)); }, {random({3, 20})});
}

TEST_CASE("prod's gradient is right where elements are 0", "[reduce]") {
  Tensor x = variable({{2, 0, 3}, {0, 0, 5}, {1, 2, 4}});
  CHECK(is_close(grad(sum(prod(x, 1)), x), f64({{0, 6, 0}, {0, 0, 0}, {8, 4, 2}})));
  Tensor y = variable({2, 0, 3});
  Tensor first = grad(prod(y), y, {.create_graph = true});
  CHECK(is_close(first.detach(), f64({0, 6, 0})));
  CHECK(is_close(grad(first[1], y), f64({3, 0, 2})));
}

TEST_CASE("std and norm have derivative 0 where they are 0, in every order", "[reduce]") {
  auto zero_in_all_orders = [](auto f) {
    Tensor x = full({3}, 0, kVariable);
    Tensor first = grad(f(x), x, {.create_graph = true});
    CHECK(is_close(first.detach(), zeros({3}, kDouble)));
    Tensor second = grad(sum(first), x, {.create_graph = true, .unused = Unused::undefined});
    if (second.defined()) CHECK(is_close(second.detach(), zeros({3}, kDouble)));
  };
  zero_in_all_orders([](const Tensor& x) { return norm(x); });
  zero_in_all_orders([](const Tensor& x) { return norm(x, {0}, {.p = 3}); });
  zero_in_all_orders([](const Tensor& x) { return norm(x, {0}, {.p = 1.5}); });
  zero_in_all_orders([](const Tensor& x) { return xgrad::std(x); });
}

TEST_CASE("ties share the gradient of amax evenly; with an axis the first one takes it", "[reduce]") {
  Tensor x = variable({{3, 1, 3}, {2, 2, 2}});
  CHECK(is_close(grad(sum(amax(x, 1)), x), f64({{0.5, 0, 0.5}, {1. / 3, 1. / 3, 1. / 3}})));
  CHECK(is_close(grad(max(x), x), f64({{0.5, 0, 0.5}, {0, 0, 0}})));
  CHECK(is_close(grad(sum(max(x, 1).values), x), f64({{1, 0, 0}, {1, 0, 0}})));
  CHECK(is_close(grad(sum(min(x, 0, {.keepdims = true}).values), x), f64({{0, 1, 0}, {1, 0, 1}})));
  Tensor y = variable({-2, 2, 1});
  CHECK(is_close(grad(norm(y, {0}, {.p = kInf}), y), f64({-0.5, 0.5, 0})));
  gradgradcheck([](const Tensor& x) { return max(x, 1).values; }, {random({3, 4})});
  gradgradcheck([](const Tensor& x) { return min(x, 0).values; }, {random({3, 4})});
}

TEST_CASE("ties share as loops over the elements say, on every layout, row length and dtype", "[reduce]") {
  const int before = num_threads();
  for (int threads : {1, 2})
    for (DType dtype : {DType::float32, DType::float64})
      // The longest does not stay in the cache as a whole; extent 0 keeps no rows.
      for (const Shape& shape :
           {Shape{3, 1}, Shape{5, 7}, Shape{2, 3, 17}, Shape{90, 300}, Shape{2, 9000}, Shape{0, 4}})
        for (const Axes& axes : {Axes(-1), Axes(0), Axes({0, -1})})
          for (int layout = 0; layout < 3; ++layout) {
            if (shape.numel() == 0 && axes.list().front() != -1) continue;
            set_num_threads(threads);
            INFO(to_string(shape) << ' ' << dtype << " layout " << layout << " threads " << threads);
            Tensor few = floor(2 * random(shape, dtype));
            Tensor base = (layout == 0 ? few : layout == 1 ? copy(transpose(few)) : copy(flip(few, 0))).detach();
            base.set_requires_grad();
            Tensor x = layout == 0 ? base : layout == 1 ? transpose(base) : flip(base, 0);
            Tensor y = amax(x, axes, {.keepdims = true});
            Tensor w = random(y.shape(), dtype, 3);
            Tensor is_largest = cast(x.detach() == y.detach(), dtype);
            Tensor expected = is_largest * (w / sum(is_largest, axes, {.keepdims = true}));
            const double rtol = dtype == DType::float32 ? 1e-6 : 1e-14;
            CHECK(is_close(grad(sum(y * w), x), expected, rtol));
            // Beside another cotangent, before and after.
            CHECK(is_close(grad(sum(amax(x, axes, {.keepdims = true}) * w) + sum(3 * x), x), expected + 3, rtol));
            CHECK(is_close(grad(sum(3 * x) + sum(amax(x, axes, {.keepdims = true}) * w), x), expected + 3, rtol));
            CHECK(
                is_close(grad(sum(amax(x, axes, {.keepdims = true}) * w), x, {.create_graph = true}), expected, rtol));
          }
  set_num_threads(before);
}

TEST_CASE("max finds the first of the largest wherever it stands in a long row, and NaN before all", "[reduce]") {
  for (DType dtype : {DType::float32, DType::float64, DType::int64})
    for (std::int64_t n : {5, 255, 256, 257, 511, 600, 2047, 2048, 2049, 5000})
      for (std::int64_t at : {std::int64_t{0}, n / 3, n / 2, n - 2, n - 1}) {
        INFO(dtype << " n " << n << " at " << at);
        std::vector<double> numbers(static_cast<std::size_t>(n));
        for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = -static_cast<double>(i % 7) - 1;
        numbers[static_cast<std::size_t>(at)] = 5;
        numbers.back() = 5;  // a later one is not taken
        Tensor x = cast(from_vector(numbers), dtype);
        CHECK(max(x, 0).indices.item<std::int64_t>() == at);
        CHECK(max(x, 0).values.item() == 5);
        CHECK(min(-x, 0).indices.item<std::int64_t>() == at);
        if (dtype == DType::int64) continue;
        numbers[static_cast<std::size_t>(n / 2)] = kNan;
        Tensor with_nan = cast(from_vector(numbers), dtype);
        CHECK(max(with_nan, 0).indices.item<std::int64_t>() == n / 2);
        CHECK(min(with_nan, 0).indices.item<std::int64_t>() == n / 2);
        CHECK(std::isnan(max(with_nan, 0).values.item()));
      }
}

TEST_CASE("NaN goes through max and min", "[reduce]") {
  for (int n : {3, 16, 40, 100})
    for (int at = 0; at < n; at += 7) {
      std::vector<double> numbers(n, 1);
      numbers[at] = kNan;
      Tensor x = from_vector(numbers);
      CHECK(std::isnan(amax(x).item()));
      CHECK(std::isnan(amin(x).item()));
      CHECK(argmax(x, 0).item<std::int64_t>() == at);
      CHECK(argmin(x).item<std::int64_t>() == at);
      Tensor columns = expand(unsqueeze(x, 1), {n, 3});
      CHECK(std::isnan(amax(columns, 0)[0].item()));
      CHECK(argmax(contiguous(columns), 0).to_vector<std::int64_t>() == std::vector<std::int64_t>(3, at));
    }
}

TEST_CASE("argmax gives the first of equals, on every layout", "[reduce]") {
  for (const Shape& shape : {Shape{40}, Shape{3, 50}, Shape{4, 6, 21}, Shape{2, 1, 3}})
    for (const Tensor& x : layouts_of(shape))
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        INFO(to_string(shape) << " strides " << to_string(x.strides()) << " axis " << axis);
        Tensor rounded = round(x);
        for (const Tensor& values : {x, rounded}) {
          Tensor at = argmax(values, axis, {.keepdims = true});
          CHECK(is_close(gather(values, axis, at), amax(values, axis, {.keepdims = true})));
          Tensor low = argmin(values, axis, {.keepdims = true});
          CHECK(is_close(gather(values, axis, low), amin(values, axis, {.keepdims = true})));
        }
      }
  CHECK(argmax(f64({{1, 5, 5}, {7, 7, 2}}), 1).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0});
  CHECK(argmin(f64({{2, 1}, {1, 1}}), 0).to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0});
  CHECK(argmax(transpose(f64({{1, 2}, {9, 3}}))).item<std::int64_t>() == 1);
  CHECK(argmax(f64(4), 0).item<std::int64_t>() == 0);
}

TEST_CASE("max along an axis of integers and of a scalar", "[reduce]") {
  auto [values, indices] = max(tensor({{1, 9, 3}, {7, 2, 7}}), 1);
  CHECK(values.to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 7});
  CHECK(indices.to_vector<std::int64_t>() == std::vector<std::int64_t>{1, 0});
  Extreme scalar = max(f64(2.5), 0);
  CHECK(scalar.values.item() == 2.5);
  CHECK(scalar.indices.shape() == Shape{});
  CHECK_THROWS_AS(max(f64(2.5), 1), std::out_of_range);
}

TEST_CASE("all and any", "[reduce]") {
  Tensor x = tensor({{1., 0.}, {kNan, 2.}});
  CHECK(all(x, 1).to_vector<bool>() == std::vector<bool>{false, true});
  CHECK(any(x, 0).to_vector<bool>() == std::vector<bool>{true, true});
  CHECK_FALSE(any(zeros({3, 4})).item<bool>());
  CHECK(all(tensor({1, 2})).dtype() == DType::boolean);
}

TEST_CASE("variance of too few elements is as in PyTorch", "[reduce]") {
  CHECK(std::isnan(var(f64({1})).item()));
  CHECK(var(f64({1, 2}), 0, {.correction = 2}).item() == kInf);
  CHECK(var(f64({4}), 0, {.correction = 0}).item() == 0);
}

TEST_CASE("logsumexp does not overflow, and infinities are as agreed", "[reduce]") {
  CHECK(logsumexp(f64({1000, 1000})).item() == Approx(1000 + std::log(2)));
  CHECK(logsumexp(f64({-1000, -1000})).item() == Approx(-1000 + std::log(2)));
  CHECK(logsumexp(f64({1, kInf})).item() == kInf);
  Tensor x = variable({-kInf, -kInf});
  Tensor y = logsumexp(x);
  CHECK(y.item() == -kInf);
  Tensor g = grad(y, x, {.create_graph = true});
  CHECK(is_close(g.detach(), f64({0, 0})));
  CHECK(is_close(grad(sum(g), x), f64({0, 0})));
}

TEST_CASE("softmax is shifted, sums to 1, and is nan over a row of -inf", "[reduce]") {
  for (std::int64_t n : {1, 3, 8, 16, 17, 100, 1000}) {
    Tensor x = random({5, n}) * 3;
    for (const Tensor& each : {x, transpose(contiguous(transpose(x)))}) {
      Tensor expected = exp(x) / sum(exp(x), 1, {.keepdims = true});
      CHECK(allclose(softmax(each), expected, {.rtol = 1e-12}));
      CHECK(allclose(log_softmax(each), log(expected), {.rtol = 1e-11, .atol = 1e-12}));
      CHECK(allclose(transpose(softmax(transpose(each), 0)), expected, {.rtol = 1e-12}));
    }
  }
  CHECK(is_close(softmax(f64({1000, 1000})), f64({0.5, 0.5})));
  CHECK(is_close(softmax(f64({-kInf, 0})), f64({0, 1})));
  Tensor masked = f64({{-kInf, -kInf, -kInf}, {0, 0, 0}});
  CHECK(is_close(softmax(masked), f64({{kNan, kNan, kNan}, {1. / 3, 1. / 3, 1. / 3}})));
  CHECK(is_close(softmax(transpose(masked), 0), transpose(softmax(masked))));
  CHECK(is_close(log_softmax(transpose(masked), 0), transpose(log_softmax(masked))));
  CHECK(softmax(f64(3)).item() == 1);
}

TEST_CASE("the softmax family answers infinities alike in every layout and along every axis", "[reduce]") {
  CHECK(is_close(log_softmax(f64({kInf, 1, 2})), f64({kNan, kNan, kNan})));
  CHECK(is_close(log_softmax(f64({{kInf}, {1}, {2}}), 0), f64({{kNan}, {kNan}, {kNan}})));
  for (DType dtype : {DType::float32, DType::float64})
    for (std::int64_t n : {3, 40})
      for (auto f : {+[](const Tensor&x, int axis) { return softmax(x, axis); },
                     +[](const Tensor&x, int axis) { return log_softmax(x, axis); },
                     +[](const Tensor&x, int axis) { return softmin(x, axis); },
                     +[](const Tensor&x, int axis) { return logsumexp(x, axis, {.keepdims = true}); }})
        for (bool create_graph : {false, true}) {
          Tensor rows = random({6, n}, dtype);
          rows[0].assign(-kInf);
          rows[1][0].assign(kInf);
          rows[2].assign(where(arange(n) == 1, -kInf, kInf));
          rows[3][2].assign(-kInf);
          rows[4][1].assign(kNan);
          auto with_gradient = [&](const Tensor& given, int axis) {
            Tensor x = given.detach().set_requires_grad();
            Tensor y = f(x, axis);
            Tensor weights = reshape(arange(y.shape()[axis]), axis == 0 ? Shape{y.shape()[0], 1} : Shape{y.shape()[1]});
            return stack({y + zeros_like(x), grad(sum(y * weights), x, {.create_graph = create_graph})}).detach();
          };
          Tensor expected = with_gradient(rows, 1);
          const AllcloseOptions alike{.rtol = 1e-4, .atol = 1e-4, .equal_nan = true};
          CHECK(allclose(transpose(with_gradient(contiguous(transpose(rows)), 0)), expected, alike));
          CHECK(allclose(with_gradient(transpose(contiguous(transpose(rows))), 1), expected, alike));
          CHECK(allclose(transpose(with_gradient(transpose(rows), 0)), expected, alike));
        }
}

TEST_CASE("softmax, log_softmax, softmin and norm in the dtype that is asked for", "[reduce][dtype]") {
  const Tensor x = tensor({1, 2, 4}), floats = tensor({1.f, 2.f, 4.f});
  const Tensor wide = cast(x, DType::float64);
  for (const Tensor& each : {x, floats}) {
    CHECK(is_close(softmax(each, 0, {.dtype = DType::float64}), softmax(wide, 0), 1e-15));
    CHECK(is_close(log_softmax(each, 0, {.dtype = DType::float64}), log_softmax(wide, 0), 1e-15));
    CHECK(is_close(softmin(each, 0, {.dtype = DType::float64}), softmin(wide, 0), 1e-15));
    CHECK(
        is_close(norm(each, Axes::all(), {.p = 3, .dtype = DType::float64}), norm(wide, Axes::all(), {.p = 3}), 1e-15));
  }
  CHECK(softmax(wide, 0, {.dtype = DType::float32}).dtype() == DType::float32);
  CHECK(softmax(floats, 0, {}).dtype() == DType::float32);
  CHECK(norm(wide, {0}, {.keepdims = true, .dtype = DType::float32}).dtype() == DType::float32);
  auto of_floats = [](const Tensor& x) { return softmax(x, 0, {.dtype = DType::float64})[0]; };
  CHECK(grad(of_floats, floats).dtype() == DType::float32);
  CHECK_THROWS_WITH(softmax(x, 0, {.dtype = DType::int64}),
                    Contains("softmax: dtype must be floating, but it is int64. at reduce.cpp:"));
  CHECK_THROWS_WITH(softmin(x, 0, {.dtype = DType::int64}), Contains("softmin: dtype must be floating"));
  CHECK_THROWS_WITH(log_softmax(x, 0, {.dtype = DType::boolean}), Contains("log_softmax: dtype must be floating"));
  CHECK_THROWS_WITH(norm(x, {0}, {.dtype = DType::int64}), Contains("norm: dtype must be floating"));
}

TEST_CASE("argmax and argmin of all elements keep the axes if asked to", "[reduce]") {
  const Tensor x = f64({{1, 5, 3}, {7, 0, 2}});
  CHECK(argmax(x, {.keepdims = true}).shape() == Shape{1, 1});
  CHECK(argmax(x, {.keepdims = true}).item<std::int64_t>() == 3);
  CHECK(argmin(transpose(x), {.keepdims = true}).item<std::int64_t>() == 3);
  CHECK(argmin(x, ReduceOptions{}).shape() == Shape{});
  CHECK(argmax(f64(4), {.keepdims = true}).shape() == Shape{});
  CHECK_THROWS_WITH(argmax(zeros({0, 3}), {.keepdims = true}), Contains("argmax: it needs at least one element"));
}

TEST_CASE("softmax's gradient by hand", "[reduce]") {
  Tensor x = variable({0, std::log(2), std::log(5)});
  CHECK(is_close(grad(softmax(x)[2], x), f64({-5. / 64, -10. / 64, 15. / 64})));
  CHECK(is_close(grad(log_softmax(x)[0], x), f64({7. / 8, -2. / 8, -5. / 8})));
}

TEST_CASE("sum_to undoes a broadcast", "[reduce]") {
  Tensor x = random({2, 3, 4});
  CHECK(is_close(sum_to(x, {3, 1}), sum(sum(x, 0), 1, {.keepdims = true})));
  CHECK(is_close(sum_to(x, {}), sum(x)));
  CHECK(sum_to(x, {2, 3, 4}).is_same(x));
  CHECK_THROWS_WITH(sum_to(x, {5}), Contains("sum_to: the shape must broadcast to x [2, 3, 4], but it is [5]"));
  gradgradcheck([](const Tensor& x) { return sum_to(x, {3, 1}); }, {x});
}

TEST_CASE("norms of every order", "[reduce]") {
  Tensor x = f64({{3, -4}, {0, 12}});
  CHECK(norm(x).item() == 13);
  CHECK(is_close(norm(x, {1}), f64({5, 12})));
  CHECK(norm(x, Axes::all(), {.p = 1}).item() == 19);
  CHECK(norm(x, Axes::all(), {.p = kInf}).item() == 12);
  CHECK(norm(x, Axes::all(), {.p = -kInf}).item() == 0);
  CHECK(norm(x, Axes::all(), {.p = 0}).item() == 3);
  CHECK(norm(x, {1}, {.p = 3})[0].item() == Approx(std::cbrt(27 + 64)));
  CHECK(is_close(norm(x, {0}, {.keepdims = true}), f64({{3, std::sqrt(160)}})));
  Tensor v = variable({3, 4});
  CHECK(is_close(grad(norm(v), v), f64({0.6, 0.8})));
  CHECK(is_close(grad(norm(v, {0}, {.p = 0}), v), f64({0, 0})));
}

TEST_CASE("std of a constant is 0 with derivative 0, though its mean may round", "[reduce][conventions]") {
  for (DType dtype : {DType::float32, DType::float64})
    for (std::int64_t n : {3, 67, 5000}) {
      Tensor x = full({n}, 0.1, {.dtype = dtype}).set_requires_grad();
      Tensor y = xgrad::std(x);
      CHECK(y.item() == 0);
      CHECK(abs(grad(y, x)).to_vector<double>() == std::vector<double>(n, 0.0));
    }
}

TEST_CASE("a broadcast axis is summed by a multiplication", "[reduce]") {
  Tensor x = expand(tensor({{1.5}, {2.}}), {2, 1000});
  CHECK(sum(x, 1).to_vector<float>() == std::vector<float>{1500, 2000});
  CHECK(sum(x).item() == 3500);
  CHECK(mean(x, 1, {.keepdims = true}).to_vector<float>() == std::vector<float>{1.5, 2});
  CHECK(sum(expand(tensor({1., 2.}), {0, 2})).item() == 0);
}

TEST_CASE("An extreme beyond the precision of 1 is no tie with what pads a batch", "[reduce]") {
  for (double largest : {1e30, kInf}) {
    Tensor x = from_vector(std::vector<double>{0, largest, 1}).set_requires_grad();
    CHECK(is_close(grad(amax(x), x), f64({0., 1., 0.})));
    auto row = [&] { return cat({x, zeros({34}, kDouble)}); };
    CHECK(is_close(grad(amax(row()), x), f64({0., 1., 0.})));
    CHECK(is_close(grad(amin(-row()), x), f64({0., -1., 0.})));
  }
}

TEST_CASE("var refuses a correction that is no number; argmax names the shape it was given", "[reduce]") {
  CHECK_THROWS_WITH(var(ones({3}), Axes::all(), {.correction = kNan}), Contains("var: correction must be a number"));
  CHECK_THROWS_WITH(argmax(zeros({0, 3})), Contains("argmax: it needs at least one element") && Contains("[0, 3]"));
}

// ---- What was wrong once ----

TEST_CASE("logsumexp's gradient is the softmax however large the result is", "[reduce]") {
  Tensor x = full({4}, 1e7, {.dtype = DType::float32});
  x.set_requires_grad();
  for (float each : grad(logsumexp(x), x).to_vector<float>()) CHECK(each == 0.25F);
  for (bool create_graph : {false, true})
    for (int axis : {0, 1}) {
      Tensor rows = (random({5, 7}, DType::float32) + 3e6).detach().set_requires_grad();
      Tensor g = grad(sum(logsumexp(rows, axis)), rows, {.create_graph = create_graph});
      CHECK(allclose(g, softmax(rows.detach(), axis), {.rtol = 1e-6}));
    }
  gradgradcheck([](const Tensor& x) { return logsumexp(x, {0, 2}); }, {random({2, 3, 4}) + 1e3});
}

TEST_CASE("the winner of a softmax keeps its derivative", "[reduce]") {
  const double p = 1 / (1 + std::exp(20.));  // of the other element
  for (bool create_graph : {false, true})
    for (int axis : {0, 1}) {
      Tensor x = tensor({{20.F, 0.F}}, {.dtype = DType::float32});
      if (axis == 0) x = contiguous(transpose(x));
      x.set_requires_grad();
      auto pull = [&](const Tensor& y) {
        return grad(reshape(y, {2})[0], x, {.create_graph = create_graph}).detach().to_vector<float>();
      };
      CHECK(pull(softmax(x, axis))[0] == Approx(p * (1 - p)).epsilon(1e-6));
      CHECK(pull(softmax(x, axis))[1] == Approx(-p * (1 - p)).epsilon(1e-6));
      CHECK(pull(log_softmax(x, axis))[0] == Approx(p).epsilon(1e-6));
      CHECK(pull(log_softmax(x, axis))[1] == Approx(-p).epsilon(1e-6));
    }
  Tensor wide = zeros({3, 50}, {.dtype = DType::float64});
  wide.assign(where(arange(50) == 31, 30, random({3, 50})));
  for (int axis : {0, 1}) {
    Tensor x = axis == 0 ? contiguous(transpose(wide)) : wide;
    gradgradcheck([axis](const Tensor& x) { return softmax(x, axis); }, {x});
    gradgradcheck([axis](const Tensor& x) { return log_softmax(x, axis); }, {x});
  }
}

TEST_CASE("the winner of a sum of exponentials keeps its second derivative", "[reduce]") {
  using Function = Tensor (*)(const Tensor&);
  const Function functions[] = {
      [](const Tensor& x) { return logsumexp(x); },
      [](const Tensor& x) {
        return sum(logsumexp(reshape(x, {2, 1}), 0));
      },
      [](const Tensor& x) {
        return logsumexp(reshape(x, {1, 2}), {0, 1});
      },
      [](const Tensor& x) { return logcumsumexp(x, 0)[1]; },
      [](const Tensor& x) { return logaddexp(x[0], x[1]); },
      [](const Tensor& x) { return -log_softmax(x, 0)[0]; },
      [](const Tensor& x) { return -log_softmax(x, 0)[1]; },
      [](const Tensor& x) { return softmax(x, 0)[1]; },
      [](const Tensor& x) { return cross_entropy(x, from_vector(std::vector<std::int64_t>{0})[0]); },
      [](const Tensor& x) { return cross_entropy(x, from_vector(std::vector<std::int64_t>{1})[0]); },
  };
  for (const DType dtype : {DType::float32, DType::float64})
    for (const bool is_first : {true, false}) {
      const double gap = dtype == DType::float32 ? 20 : 40, p = 1 / (1 + std::exp(gap));
      const Tensor x = is_first ? tensor({gap, 0.}, {.dtype = dtype}) : tensor({0., gap}, {.dtype = dtype});
      for (std::size_t i = 0; i < std::size(functions); ++i) {
        INFO(name(dtype) << " function " << i << " winner " << (is_first ? 0 : 1));
        const std::vector<double> h = hessian(functions[i], x).to_vector<double>();
        // softmax's is that of the loser's probability, which rises with the loser, or of the winner's, which falls.
        const double sign = i == 7 && !is_first ? -1 : 1;
        for (std::size_t at = 0; at < 4; ++at)
          CHECK(h[at] == Approx(sign * (at == 0 || at == 3 ? p : -p)).epsilon(dtype == DType::float32 ? 2e-6 : 1e-12));
      }
    }
}

TEST_CASE("norms neither overflow nor underflow where the answer is representable", "[reduce]") {
  auto holds = [](double size, DType dtype) {
    INFO(size << " " << name(dtype));
    Tensor x = tensor({3 * size, -4 * size}, {.dtype = dtype});
    x.set_requires_grad();
    Tensor y = norm(x);
    CHECK(y.item() == Approx(5 * size).epsilon(1e-6));
    Tensor g = grad(y, x);
    CHECK(g[0].item() == Approx(0.6).epsilon(1e-6));
    CHECK(g[1].item() == Approx(-0.8).epsilon(1e-6));
    Tensor rows = tensor({{3 * size, 4 * size}, {0., 0.}, {3., 4.}}, {.dtype = dtype});
    std::vector<double> norms = norm(rows, {1}).to_vector<double>();
    CHECK(norms[0] == Approx(5 * size).epsilon(1e-6));
    CHECK(norms[1] == 0);
    CHECK(norms[2] == 5);
    CHECK(rmse(x.detach(), zeros({2}, {.dtype = dtype})).item() == Approx(std::sqrt(12.5) * size).epsilon(1e-6));
  };
  for (double size : {1e200, 1e-200, 1e305, 1e-300}) holds(size, DType::float64);
  for (double size : {1e30, 1e-30, 1e37, 1e-36}) holds(size, DType::float32);
  CHECK(norm(f64({1e200, 1e200})).item() == Approx(std::sqrt(2.) * 1e200));

  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor x = full({4}, 100, {.dtype = dtype});
    x.set_requires_grad();
    Tensor y = norm(x, Axes::all(), {.p = 20});
    CHECK(y.item() == Approx(100 * std::pow(4, 0.05)).epsilon(1e-6));
    CHECK(grad(y, x)[0].item() == Approx(std::pow(4, -0.95)).epsilon(1e-5));
    CHECK(norm(full({4}, 1e20, {.dtype = dtype}), Axes::all(), {.p = 1000}).item() == Approx(1e20 * std::pow(4, 1e-3)));
    CHECK(norm(full({4}, 1e-20, {.dtype = dtype}), Axes::all(), {.p = -3}).item() ==
          Approx(1e-20 * std::pow(4, -1. / 3)));
  }
  Tensor tiny = f64({3e-200, 4e-200}).set_requires_grad();
  Tensor first = grad(norm(tiny), tiny, {.create_graph = true});
  CHECK(grad(first[0], tiny)[0].item() == Approx(0.64 / 5e-200));
}

TEST_CASE("norm with a negative p beside a zero has the gradient 0", "[reduce]") {
  for (bool create_graph : {false, true}) {
    Tensor x = f64({0, 2, 4}).set_requires_grad();
    Tensor y = norm(x, Axes::all(), {.p = -1});
    CHECK(y.item() == 0);
    CHECK(is_close(grad(y, x, {.create_graph = create_graph}), f64({0, 0, 0})));
  }
  gradgradcheck([](const Tensor& x) { return norm(x, {1}, {.p = -1}); }, {f64({{1, -2, 3}, {0.5, 2, -4}})});
}

TEST_CASE("std neither overflows nor underflows where the answer is representable", "[reduce]") {
  Tensor large = tensor({1e20F, -1e20F, 0.F}, {.dtype = DType::float32}).set_requires_grad();
  Tensor y = xgrad::std(large);
  CHECK(y.item() == Approx(1e20));
  Tensor g = grad(y, large);
  CHECK(g[0].item() == Approx(0.5));
  CHECK(g[1].item() == Approx(-0.5));
  CHECK(g[2].item() == Approx(0).margin(1e-6));
  CHECK(xgrad::std(tensor({1e-25F, -1e-25F, 0.F}, {.dtype = DType::float32})).item() == Approx(1e-25));
  CHECK(xgrad::std(f64({1e-200, -1e-200, 0})).item() == Approx(1e-200));
  std::vector<double> rows = xgrad::std(f64({{1e200, -1e200, 0}, {5, 5, 5}, {1, -1, 0}}), 1).to_vector<double>();
  CHECK(rows[0] == Approx(1e200));
  CHECK(rows[1] == 0);
  CHECK(rows[2] == 1);
}

TEST_CASE("var is right where elements differ by little from their mean", "[reduce]") {
  Tensor x = tensor({16777216.F, 16777218.F, 16777220.F, 16777222.F}, {.dtype = DType::float32}).set_requires_grad();
  CHECK(var(x).item() == Approx(20. / 3).epsilon(1e-6));
  CHECK(xgrad::std(x).item() == Approx(std::sqrt(20. / 3)).epsilon(1e-6));
  for (bool create_graph : {false, true}) {
    Tensor g = grad(var(x), x, {.create_graph = create_graph});
    CHECK(is_close(g, tensor({-2.F, -2.F / 3, 2.F / 3, 2.F}, {.dtype = DType::float32})));
    CHECK(sum(g).item() == Approx(0).margin(1e-6));
  }
}

TEST_CASE("max along an axis gives values, first positions and their cotangents on every layout", "[reduce]") {
  for (const Shape& shape : {Shape{5}, Shape{3, 4}, Shape{2, 17, 5}, Shape{3, 1, 20}, Shape{2, 70, 3}, Shape{2, 3000}})
    for (const Tensor& x : layouts_of(shape))
      for (int axis = 0; axis < shape.ndim(); ++axis) {
        INFO(to_string(shape) << " strides " << to_string(x.strides()) << " axis " << axis);
        auto [values, indices] = max(x, axis, {.keepdims = true});
        CHECK(is_close(values, amax(x, axis, {.keepdims = true})));
        CHECK(is_close(values, gather(x, axis, indices)));
        Tensor leaf = copy(x).set_requires_grad();
        Tensor weights = random(values.shape());
        Tensor g = grad(sum(max(leaf, axis, {.keepdims = true}).values * weights), leaf);
        CHECK(is_close(g, scatter_add(zeros(shape, {.dtype = DType::float64}), axis, indices, weights)));
        Tensor twice = max(leaf, axis).values;
        Tensor both = grad(sum(twice) + sum(leaf * 2) + sum(max(leaf, axis).values), leaf);
        CHECK(is_close(both, 2 + 2 * scatter_add(zeros(shape, {.dtype = DType::float64}), axis, indices,
                                                 ones(values.shape(), {.dtype = DType::float64}))));
      }
}

template <class X>
concept TakesABareInteger = requires(X x) {
  norm(x, 1);
}
|| requires(X x) { norm(x, 1, {.p = 1}); }
|| requires(X x, std::int64_t axis) { norm(x, axis, {.keepdims = true}); };
template <class X>
concept TakesAxes = requires(X x, int axis) {
  norm(x, {1});
  norm(x, {1}, {.p = 1});
  norm(x, {axis}, {.keepdims = true});
  norm(x, Axes(axis), {.keepdims = true});
};
TEST_CASE("norm takes no bare integer, which others read as the order", "[reduce]") {
  STATIC_REQUIRE_FALSE(TakesABareInteger<Tensor>);
  STATIC_REQUIRE(TakesAxes<Tensor>);
}
