// Averages of weights, and gradients of several batches for one step.
#include <xgrad/optim/average.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/autograd/grad_mode.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/nn/layers/normalization.hpp>
#include <xgrad/optim/accumulate.hpp>
#include <xgrad/optim/lbfgs.hpp>
#include <xgrad/optim/sgd.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

Tensor variable(std::initializer_list<double> values) {
  return from_vector(std::vector<double>(values)).set_requires_grad();
}

}  // namespace

TEST_CASE("Averages follow their formulas", "[optim][average]") {
  Tensor w = variable({1, 10}), buffer = tensor({5, 6});
  AveragedWeights equal({{"w", w}, {"n", buffer}}), moving({{"w", w}}, {.decay = 0.5});
  AveragedWeights warm({{"w", w}}, {.decay = 0.999, .warmup = true});
  double expected_warm = 1;
  for (int n = 1; n <= 4; ++n) {  // w[0]: 1, 2, 4, 8
    if (n > 1) w.assign(w.detach() * 2);
    buffer.assign(buffer + 1);
    equal.update();
    moving.update();
    warm.update();
    const double value = w.to_vector<double>()[0], keep = (1.0 + n) / (10 + n);
    if (n > 1) expected_warm = keep * expected_warm + (1 - keep) * value;
  }
  CHECK(equal.averages()[0].second.to_vector<double>()[0] == Approx(15.0 / 4));
  CHECK(equal.averages()[0].second.to_vector<double>()[1] == Approx(150.0 / 4));
  CHECK(equal.averages()[1].second.to_vector<std::int64_t>() == std::vector<std::int64_t>{9, 10});
  CHECK(moving.averages()[0].second.to_vector<double>()[0] == Approx(((1 * 0.5 + 1) * 0.5 + 2) * 0.5 + 4));
  CHECK(warm.averages()[0].second.to_vector<double>()[0] == Approx(expected_warm));
  CHECK(equal.updates() == 4);
}

TEST_CASE("Averages of infinite weights are infinite", "[optim][average]") {
  for (DType dtype : {DType::float64, DType::float32}) {
    Tensor w = cast(tensor({1.0, -INFINITY, INFINITY, -INFINITY}), dtype).set_requires_grad();
    AveragedWeights equal({{"w", w}}), moving({{"w", w}}, {.decay = 0.5}), last({{"w", w}}, {.decay = 0.0});
    AveragedWeights warm({{"w", w}}, {.decay = 0.999, .warmup = true});
    const auto update = [&] {
      for (AveragedWeights* average : {&equal, &moving, &last, &warm}) average->update();
    };
    update();
    w.assign(cast(tensor({3.0, -INFINITY, INFINITY, 4.0}), dtype));
    update();
    const auto values = [](const AveragedWeights& average) { return average.averages()[0].second.to_vector<double>(); };
    CHECK(values(equal) == std::vector<double>{2, -INFINITY, INFINITY, -INFINITY});
    CHECK(values(moving) == std::vector<double>{2, -INFINITY, INFINITY, -INFINITY});
    CHECK(values(last) == std::vector<double>{3, -INFINITY, INFINITY, 4});
    CHECK(values(warm)[1] == -INFINITY);
    CHECK(std::isfinite(values(warm)[0]));
    w.assign(cast(tensor({3.0, INFINITY, INFINITY, -INFINITY}), dtype));
    update();
    CHECK(std::isnan(values(moving)[1]));  // of both infinities there is no average
    CHECK(values(last) == std::vector<double>{3, INFINITY, INFINITY, -INFINITY});
  }
}

TEST_CASE("Averages are swapped in and out, with buffers and ties", "[optim][average]") {
  Tensor w = variable({1, 2});
  Tensor counter = tensor({3});
  AveragedWeights average({{"a", w}, {"b", w}, {"counter", counter}});
  CHECK_THROWS_WITH(average.swap_in(), Contains("there must be an average, but update() was never called"));
  average.update();
  w.assign(tensor({3., 6.}, {.dtype = DType::float64}));
  counter.assign(tensor({9}));
  average.update();
  {
    auto swapped = average.swap_in();
    CHECK(w.to_vector<double>() == std::vector<double>{2, 4});
    CHECK(counter.item<std::int64_t>() == 9);
    CHECK_THROWS_WITH(average.update(), Contains("the averages are swapped in"));
    CHECK_THROWS_AS(average.swap_in(), std::logic_error);
    CHECK_THROWS_WITH(average.swap_in(),
                      Contains("must hold its own weights, but the averages are swapped in already."));
    CHECK_THROWS_AS(average.state(), std::logic_error);
    auto moved = std::move(swapped);
    CHECK(w.to_vector<double>() == std::vector<double>{2, 4});
  }
  CHECK(w.to_vector<double>() == std::vector<double>{3, 6});
  CHECK(w.requires_grad());
  CHECK(average.averages()[1].second.to_vector<double>() == std::vector<double>{2, 4});
  try {
    auto swapped = average.swap_in();
    throw std::runtime_error("validation failed");
  } catch (const std::runtime_error&) {
  }
  CHECK(w.to_vector<double>() == std::vector<double>{3, 6});
  average.copy_to_weights();
  CHECK(w.to_vector<double>() == std::vector<double>{2, 4});
}

TEST_CASE("Averages go on from a saved state to the same bits", "[optim][average]") {
  for (const AveragedWeightsOptions& options : {AveragedWeightsOptions{}, AveragedWeightsOptions{.decay = 0.9}}) {
    Tensor w = variable({1, 0.1});
    AveragedWeights whole({{"w", w}}, options), rest({{"w", w}}, options);
    const auto move = [&] { w.assign(w.detach() * 1.3); };
    rest.load_state(whole.state());
    CHECK(rest.updates() == 0);
    for (int i = 0; i < 3; ++i) {
      move();
      whole.update();
    }
    rest.load_state(whole.state());
    for (int i = 0; i < 3; ++i) {
      move();
      whole.update();
      rest.update();
    }
    CHECK(whole.averages()[0].second.to_vector<double>() == rest.averages()[0].second.to_vector<double>());

    NamedTensors bad = whole.state();
    bad[1].first = "average.v";
    CHECK_THROWS_WITH(rest.load_state(bad), Contains("the state must have 'average.w'") && Contains("average.cpp"));
    bad = whole.state();
    bad[1].second = ones({2});
    CHECK_THROWS_WITH(rest.load_state(bad), Contains("'average.w' is float32 [2] and the weight float64 [2]"));
    bad = whole.state();
    bad.pop_back();
    CHECK_THROWS_WITH(rest.load_state(bad), Contains("must have 1 average, but it has 0"));
    bad = whole.state();
    bad[0].second = ones({2});
    CHECK_THROWS_WITH(rest.load_state(bad), Contains("must have 'updates', one int64, but it is float32 [2]. Nothing"));
    bad.erase(bad.begin());
    CHECK_THROWS_WITH(rest.load_state(bad), Contains("must have 'updates', one int64, but there is none. Nothing"));
    CHECK(rest.updates() == 6);
  }
}

TEST_CASE("What cannot be averaged is refused", "[optim][average]") {
  Tensor w = variable({1});
  CHECK_THROWS_WITH(AveragedWeights(NamedTensors{}), Contains("at least one tensor is needed"));
  CHECK_THROWS_WITH(AveragedWeights({{"w", w}}, {.decay = 1}),
                    Contains("decay must be at least 0 and below 1, but it is 1"));
  CHECK_THROWS_WITH(AveragedWeights({{"w", w * 2}}), Contains("weights must be defined leaves, but 'w' is none"));
  CHECK_THROWS_WITH(AveragedWeights({{"w", w}, {"w", variable({2})}}), Contains("'w' is the name of two"));
  nn::Dense layer(2, 2);
  AveragedWeights average(layer.state());
  average.update();
  layer.to(DType::float64);
  CHECK_THROWS_WITH(average.update(), Contains("'weight' was float32 [2, 2] and is float64 [2, 2]"));
  CHECK(average.updates() == 1);
}

TEST_CASE("Accumulated gradients make the step of the whole batch", "[optim][accumulate]") {
  Generator generator(5);
  const Tensor x = normal({12, 3}, 0, 1, {.dtype = DType::float64}, generator);
  const Tensor y = normal({12}, 0, 1, {.dtype = DType::float64}, generator);
  Tensor a = variable({1, 2, 3}), b = variable({1, 2, 3});
  const auto loss = [&](const Tensor& w, int from, int count) {
    return mean(square(matmul(narrow(x, 0, from, count), w) - narrow(y, 0, from, count)));
  };
  SGD whole({a}, {.lr = 0.1, .momentum = 0.9}), parts({b}, {.lr = 0.1, .momentum = 0.9});
  GradientAccumulator accumulator(parts, 3);
  for (int step = 0; step < 3; ++step) {
    whole.step([&] { return loss(a, 0, 12); });
    b.set_grad(full({3}, 100, {.dtype = DType::float64}));  // of somebody else's
    CHECK_FALSE(accumulator.backward(loss(b, 0, 4)));
    CHECK_THROWS_AS(accumulator.backward(loss(b, 4, 4).detach()), std::logic_error);
    CHECK(accumulator.pending() == 1);
    CHECK_FALSE(accumulator.backward(loss(b, 4, 4)));
    CHECK(accumulator.backward(loss(b, 8, 4)));
    CHECK_FALSE(b.grad().defined());
    CHECK(allclose(a, b, {.rtol = 1e-13}));
  }
  // What is left over counts as a whole batch of its own.
  CHECK_FALSE(accumulator.flush());
  whole.step([&] { return loss(a, 0, 8); });
  accumulator.backward(loss(b, 0, 4));
  accumulator.backward(loss(b, 4, 4));
  CHECK(accumulator.flush());
  CHECK(allclose(a, b, {.rtol = 1e-13}));

  CHECK_THROWS_WITH(GradientAccumulator(parts, 0), Contains("batches must be at least 1, but it is 0"));
  LBFGS lbfgs({a});
  CHECK_THROWS_WITH(GradientAccumulator(lbfgs, 2), Contains("but LBFGS steps by a closure"));
}

TEST_CASE("A round of accumulated gradients goes on where the step refuses a batch", "[optim][accumulate]") {
  Tensor w = variable({1});
  SGD sgd({w}, {.lr = 0.5, .nonfinite = NonFinite::error});
  GradientAccumulator accumulator(sgd, 2);
  accumulator.backward(sum(w * 4));
  CHECK_THROWS_AS(accumulator.backward(sum(w * std::nan(""))), std::runtime_error);
  CHECK(accumulator.pending() == 1);
  REQUIRE(w.grad().defined());
  CHECK(w.grad()[0].item() == 2);
  CHECK(accumulator.backward(sum(w * 2)));
  CHECK(accumulator.pending() == 0);
  CHECK_FALSE(w.grad().defined());
  CHECK(w[0].item() == 1 - 0.5 * 3);
}

TEST_CASE("What a flush leaves undone is still there", "[optim][accumulate]") {
  Tensor w = variable({1});
  SGD sgd({w}, {.lr = 0.5, .nonfinite = NonFinite::error});
  GradientAccumulator accumulator(sgd, 4);
  accumulator.backward(sum(w * std::numeric_limits<double>::infinity()));
  CHECK_THROWS_AS(accumulator.flush(), std::runtime_error);
  CHECK(accumulator.pending() == 1);
  CHECK(w.grad().defined());
  CHECK(w[0].item() == 1);
}

TEST_CASE("Weights that were converted while the averages were swapped in come back", "[optim][average]") {
  nn::BatchNorm1d layer(2);
  AveragedWeights average(layer.state());
  average.update();
  {
    NoGrad no_grad;
    for (auto& [name, tensor] : layer.state()) Tensor(tensor).assign(tensor.detach() + 1);
  }
  {
    auto swapped = average.swap_in();
    CHECK(layer.state()[0].second[0].item() == 1);
    layer.to(DType::float64);
  }
  CHECK(layer.state()[0].second[0].item() == 2);
  CHECK(layer.state()[4].second.item<std::int64_t>() == 1);
  CHECK(average.averages()[0].second[0].item() == 1);
}
