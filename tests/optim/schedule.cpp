// Schedules: their shapes by hand, going on from a saved state, and what is refused. (PyTorch's own are in
// conformance.)
#include <xgrad/optim/schedule/schedules.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/optim/adagrad.hpp>
#include <xgrad/optim/adam.hpp>
#include <xgrad/optim/asgd.hpp>
#include <xgrad/optim/levenberg_marquardt.hpp>
#include <xgrad/optim/sgd.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

Tensor variable() { return ones({2}, {.requires_grad = true}); }

/// Two groups, at 0.1 and at 1.
SGD two_groups(double momentum = 0.5) {
  return SGD({{.parameters = {variable()}, .options = {.lr = 0.1, .momentum = momentum}},
              {.parameters = {variable()}, .options = {.lr = 1, .momentum = momentum}}});
}

std::vector<double> rates_of(const Optimizer& optimizer) {
  std::vector<double> rates;
  for (int group = 0; group < optimizer.group_count(); ++group) {
    rates.push_back(optimizer.lr(group));
    rates.push_back(optimizer.momentum(group).value_or(0));
  }
  return rates;
}

std::vector<double> curve(TimedSchedule& schedule, int steps) {
  std::vector<double> rates = {schedule.optimizer().lr()};
  for (int i = 0; i < steps; ++i) {
    schedule.step();
    rates.push_back(schedule.optimizer().lr());
  }
  return rates;
}

void check_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  REQUIRE(actual.size() == expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) CHECK(actual[i] == Approx(expected[i]).margin(1e-14));
}

/// Every timed schedule, by a function that makes it.
std::vector<std::function<SchedulePart(Optimizer&)>> all_schedules() {
  return {
      [](Optimizer& o) { return StepLR(o, {.step_size = 3}); },
      [](Optimizer& o) {
        return MultiStepLR(o, {.milestones = {2, 9, 2}, .gamma = 0.5});
      },
      [](Optimizer& o) { return ConstantLR(o, {.total_iters = 8}); },
      [](Optimizer& o) { return LinearLR(o, {.total_iters = 12}); },
      [](Optimizer& o) { return ExponentialLR(o, {.gamma = 0.9}); },
      [](Optimizer& o) { return PolynomialLR(o, {.total_iters = 15, .power = 2}); },
      [](Optimizer& o) { return CosineAnnealingLR(o, {.T_max = 6, .eta_min = 1e-3}); },
      [](Optimizer& o) { return CosineAnnealingWarmRestarts(o, {.T_0 = 3, .T_mult = 2}); },
      [](Optimizer& o) { return WarmupCosineLR(o, {.warmup_steps = 4, .total_steps = 18, .final_factor = 0.1}); },
      [](Optimizer& o) {
        return CyclicLR(o, {.base_lr = {0.1, 0.2}, .max_lr = 1, .step_size_up = 3});
      },
      [](Optimizer& o) {
        return OneCycleLR(o, {.max_lr = {0.1, 2}, .total_steps = 25});
      },
      [](Optimizer& o) { return LambdaLR(o, [](std::int64_t t) { return 1.0 / (1 + t); }); },
      [](Optimizer& o) { return MultiplicativeLR(o, [](std::int64_t t) { return 1 - 0.01 * t; }); },
      [](Optimizer& o) {
        return SequentialLR(
            {LinearLR(o, {.total_iters = 4}), StepLR(o, {.step_size = 2}), ExponentialLR(o, {.gamma = 0.7})}, {5, 11});
      },
      [](Optimizer& o) {
        return ChainedScheduler({ConstantLR(o), CosineAnnealingLR(o, {.T_max = 7}), ExponentialLR(o, {.gamma = 0.9})});
      },
      [](Optimizer& o) {
        return SequentialLR({ChainedScheduler({ConstantLR(o), ExponentialLR(o, {.gamma = 0.9})}),
                             SequentialLR({LinearLR(o), ExponentialLR(o, {.gamma = 0.5})}, {3})},
                            {6});
      },
  };
}

}  // namespace

TEST_CASE("A schedule goes on from a saved state to the same bits", "[schedule]") {
  for (const auto& make : all_schedules()) {
    for (int saved_at : {0, 1, 5, 6, 11, 13}) {
      SGD whole = two_groups(), resumed = two_groups();
      SchedulePart schedule = make(whole);
      INFO(schedule->name() << ", saved after " << saved_at);
      for (int i = 0; i < saved_at; ++i) schedule->step();
      const NamedNumbers state = schedule->state();
      SchedulePart other = make(resumed);
      other->step();  // which the state must undo
      other->load_state(state);
      CHECK(other->steps() == saved_at);
      CHECK(rates_of(whole) == rates_of(resumed));
      for (int i = saved_at; i < 20; ++i) {
        schedule->step();
        other->step();
        CHECK(rates_of(whole) == rates_of(resumed));
      }
      CHECK(schedule->state() == other->state());
    }
  }
}

TEST_CASE("Each group starts from its own base rate", "[schedule]") {
  SGD sgd = two_groups();
  StepLR schedule(sgd, {.step_size = 2, .gamma = 0.5});
  for (int i = 0; i < 4; ++i) schedule.step();
  CHECK(sgd.lr(0) == Approx(0.025));
  CHECK(sgd.lr(1) == Approx(0.25));
  CHECK(sgd.base_lr(0) == 0.1);
  CHECK(sgd.base_lr(1) == 1);
}

TEST_CASE("Warm-up and cosine decay, by hand", "[schedule]") {
  Tensor w = variable();
  SGD sgd({w}, {.lr = 2});
  WarmupCosineLR schedule(sgd, {.warmup_steps = 3, .total_steps = 7, .final_factor = 0.5});
  const double half = std::sqrt(0.5);
  check_near(curve(schedule, 9), {0.5, 1, 1.5, 2, 1.5 + half / 2, 1.5, 1.5 - half / 2, 1, 1, 1});

  SGD direct({w}, {.lr = 2});
  WarmupCosineLR no_warmup(direct, {.total_steps = 2});
  check_near(curve(no_warmup, 3), {2, 1, 0, 0});
}

TEST_CASE("Warm restarts may be set to any moment", "[schedule]") {
  Tensor w = variable();
  for (std::int64_t factor : {1, 2, 3}) {
    SGD counted({w}, {.lr = 1}), set({w}, {.lr = 1});
    CosineAnnealingWarmRestarts one(counted, {.T_0 = 3, .T_mult = factor}), other(set, {.T_0 = 3, .T_mult = factor});
    for (int epoch = 1; epoch < 90; ++epoch) {
      one.step();
      other.step(static_cast<double>(epoch));
      CHECK(counted.lr() == set.lr());
    }
  }
  SGD sgd({w}, {.lr = 1});
  CosineAnnealingWarmRestarts schedule(sgd, {.T_0 = 2});
  schedule.step(2.5);
  CHECK(sgd.lr() == Approx((1 + std::cos(M_PI / 4)) / 2));
  CHECK(schedule.steps() == 2);
  schedule.step();
  CHECK(sgd.lr() == Approx((1 + std::cos(M_PI * 0.75)) / 2));
  CHECK_THROWS_WITH(schedule.step(-1.0), Contains("epoch must be at least 0 and finite, but it is -1"));
}

TEST_CASE("A factor of 0 does not swallow the rate", "[schedule]") {
  Tensor w = variable();
  SGD a({w}, {.lr = 2}), b({w}, {.lr = 2});
  LinearLR line(a, {.start_factor = 0, .total_iters = 4});
  check_near(curve(line, 5), {0, 0.5, 1, 1.5, 2, 2});
  ConstantLR constant(b, {.factor = 0, .total_iters = 2});
  check_near(curve(constant, 3), {0, 0, 2, 2});
}

TEST_CASE("A rate that ends at 0 is not led below it by rounding", "[schedule]") {
  Tensor w = variable();
  for (double lr : {0.1, 0.3, 0.7, 1e-5}) {
    for (std::int64_t total : {3, 5, 7, 10, 49, 100}) {
      for (double start : {1.0, 1.0 / 3, 0.9}) {
        SGD sgd({w}, {.lr = lr});
        LinearLR schedule(sgd, {.start_factor = start, .end_factor = 0, .total_iters = total});
        for (int i = 0; i < total + 2; ++i) {
          INFO(lr << ' ' << total << ' ' << start << ' ' << i);
          REQUIRE_NOTHROW(schedule.step());
          REQUIRE(sgd.lr() == Approx(lr * start * static_cast<double>(std::max<std::int64_t>(total - i - 1, 0)) /
                                     static_cast<double>(total))
                                  .margin(1e-13 * lr));
        }
        CHECK(sgd.lr() == 0);
      }
      SGD power({w}, {.lr = lr});
      PolynomialLR polynomial(power, {.total_iters = total, .power = 0.5});
      for (int i = 0; i < total + 2; ++i) REQUIRE_NOTHROW(polynomial.step());
      CHECK(power.lr() == 0);
      // Up from 0, and back to it.
      SGD risen({w}, {.lr = 0});
      CosineAnnealingLR cosine(risen, {.T_max = total, .eta_min = lr});
      for (int i = 0; i < 6 * total; ++i) REQUIRE_NOTHROW(cosine.step());
      CHECK(risen.lr() == Approx(0).margin(1e-9 * lr));
      // Down to 0 and up, rate and momentum against each other.
      for (std::int64_t down : {1, 3, 11}) {
        SGD both({w}, {.lr = 1, .momentum = 0.5});
        CyclicLR cycle(both, {.base_lr = 0,
                              .max_lr = lr,
                              .step_size_up = total,
                              .step_size_down = down,
                              .base_momentum = 0,
                              .max_momentum = 0.9});
        for (int i = 0; i < 4 * (total + down); ++i) REQUIRE_NOTHROW(cycle.step());
        SGD upside({w}, {.lr = 1, .momentum = 0.5});
        CyclicLR falls(upside, {.base_lr = lr, .max_lr = 0, .step_size_up = total, .step_size_down = down});
        for (int i = 0; i < 4 * (total + down); ++i) REQUIRE_NOTHROW(falls.step());
      }
    }
  }
  // A function of the user's that rounds: 0.7 - 7 * 0.1 is -1e-16.
  SGD sgd({w}, {.lr = 2});
  LambdaLR lambda(sgd, [](std::int64_t t) { return 0.7 - 0.1 * static_cast<double>(t); });
  for (int i = 0; i < 7; ++i) REQUIRE_NOTHROW(lambda.step());
  CHECK(sgd.lr() == 0);
  // What rounding has not done is refused still.
  CHECK_THROWS_WITH(lambda.step(), Contains("SGD: lr must be at least 0, but it is -0.2"));
  SGD chained({w}, {.lr = 0.1});
  ChainedScheduler chain({CosineAnnealingLR(chained, {.T_max = 1, .eta_min = 0.2}),
                          MultiStepLR(chained, {.milestones = {1}}), StepLR(chained, {.step_size = 1})});
  bool refused = false;
  for (int i = 0; i < 4 && !refused; ++i) {
    try {
      chain.step();
    } catch (const std::invalid_argument& error) {
      CHECK_THAT(error.what(), Contains("SGD: lr must be at least 0, but it is -0.0"));
      refused = true;
    }
  }
  CHECK(refused);
  CHECK(chained.lr() >= 0);
}

TEST_CASE("A rate that ends at the most is not led above it by rounding", "[schedule]") {
  for (std::int64_t total = 2; total < 60; ++total) {
    LevenbergMarquardt fit({variable()});
    LinearLR warmup(fit, {.total_iters = total});
    for (int i = 0; i < total + 1; ++i) REQUIRE_NOTHROW(warmup.step());
    CHECK(fit.lr() == Approx(1).epsilon(1e-12));
  }
}

TEST_CASE("A schedule may lead Nesterov's momentum to 0", "[schedule]") {
  Tensor w = variable(), v = variable();
  SGD sgd({w}, {.lr = 0.1, .momentum = 0.9, .nesterov = true});
  OneCycleLR schedule(sgd, {.max_lr = 1, .total_steps = 4, .pct_start = 0.5, .base_momentum = 0});
  std::vector<double> momenta;
  for (int t = 0; t < 4; ++t) {
    w.set_grad(ones({2}));
    const Tensor before = copy(w.detach());
    momenta.push_back(*sgd.momentum());
    sgd.step();
    if (momenta.back() == 0) {
      CHECK(allclose(w.detach(), before - sgd.lr()));  // a step without momentum
      // In between the rate can be set, and the state can be saved and loaded.
      CHECK_NOTHROW(sgd.set_lr(sgd.lr()));
      SGD loaded({v}, {.lr = 0.1, .momentum = 0.9, .nesterov = true});
      CHECK_NOTHROW(loaded.load_state(SGD({v}, {.lr = 0.1}).state(), sgd.metadata()));
      CHECK(loaded.momentum() == 0.0);
      CHECK(loaded.options().nesterov);
    }
    CHECK_NOTHROW(schedule.step());
  }
  CHECK(std::count(momenta.begin(), momenta.end(), 0.0) == 1);
  CHECK_THROWS_WITH(SGD({w}, {.lr = 0.1, .nesterov = true}), Contains("nesterov needs momentum > 0"));
}

TEST_CASE("ASGD takes a schedule's rate in its next step", "[schedule]") {
  Tensor w = zeros({}, {.dtype = DType::float64, .requires_grad = true});
  ASGD asgd({w}, {.lr = 1});
  StepLR schedule(asgd, {.step_size = 1, .gamma = 0.1});
  std::vector<double> values;
  for (int t = 0; t < 3; ++t) {
    w.set_grad(ones({}, {.dtype = DType::float64}));
    asgd.step();
    schedule.step();
    values.push_back(w.item());
  }
  CHECK(values[0] == -1);
  CHECK(values[1] == Approx(-1.09999).margin(1e-5));
  CHECK(values[2] == Approx(-1.10999).margin(1e-5));
}

TEST_CASE("The base rate comes back with the optimizer's state", "[schedule]") {
  Tensor w = variable();
  SGD begun({{.parameters = {w}, .options = {.lr = 0.1}}, {.parameters = {variable()}, .options = {.lr = 0.5}}});
  const Metadata without = begun.metadata();  // as before there was a schedule, and as older files have it
  CHECK(without.back().second.find("base_lr") == std::string::npos);
  ExponentialLR first(begun, {.gamma = 0.5});
  first.step();
  CHECK(begun.metadata().back().second.find("\"base_lr\":0.1}") != std::string::npos);

  const auto make = [] {
    return SGD(
        {{.parameters = {variable()}, .options = {.lr = 0.7}}, {.parameters = {variable()}, .options = {.lr = 3}}});
  };
  SGD going_on = make();
  going_on.load_state(begun.state(), begun.metadata());
  CHECK(going_on.lr() == 0.05);
  CHECK(going_on.base_lr() == 0.1);
  CHECK(going_on.base_lr(1) == 0.5);
  CHECK(going_on.metadata() == begun.metadata());
  ConstantLR second(going_on, {.factor = 0, .total_iters = 1});
  second.step();
  CHECK(going_on.lr() == 0.1);
  CHECK(going_on.lr(1) == 0.5);

  // With a schedule of its own already.
  SGD scheduled = make();
  StepLR own(scheduled, {.step_size = 5});
  CHECK(scheduled.base_lr() == 0.7);
  scheduled.load_state(begun.state(), begun.metadata());
  CHECK(scheduled.base_lr() == 0.1);

  // What fails changes nothing; what is not there neither.
  SGD kept = make();
  StepLR of_kept(kept, {.step_size = 5});
  NamedTensors wrong = begun.state();
  wrong.emplace_back("state.nobody.steps", ones({}));
  CHECK_THROWS_AS(kept.load_state(wrong, begun.metadata()), std::invalid_argument);
  CHECK(kept.base_lr() == 0.7);
  CHECK(kept.lr() == 0.7);
  kept.load_state(begun.state(), without);
  CHECK(kept.lr() == 0.1);
  CHECK(kept.base_lr() == 0.7);
  for (const char* bad : {"\"much\"", "\"inf\"", "null", "[1]"}) {
    Metadata metadata = begun.metadata();
    std::string& options = metadata.back().second;
    options.replace(options.find("\"base_lr\":0.1}"), 14, std::string("\"base_lr\":") + bad + '}');
    CHECK_THROWS_WITH(kept.load_state(begun.state(), metadata),
                      Contains("SGD: 'base_lr' of group 0 must be a finite number, but it is"));
    CHECK(kept.base_lr() == 0.7);
  }
}

TEST_CASE("What else sets the rate stays in it where a schedule multiplies", "[schedule]") {
  Tensor w = variable();
  SGD sgd({w}, {.lr = 1});
  ExponentialLR schedule(sgd, {.gamma = 0.5});
  schedule.step();
  sgd.set_lr(8);
  schedule.step();
  CHECK(sgd.lr() == 4);
}

TEST_CASE("One cycle ends at its least rate, and goes no further", "[schedule]") {
  Tensor w = variable();
  for (Anneal anneal : {Anneal::cosine, Anneal::linear}) {
    SGD sgd({w}, {.lr = 1, .momentum = 0.9});
    OneCycleLR schedule(sgd, {.max_lr = 1, .total_steps = 10, .anneal_strategy = anneal});
    CHECK(sgd.lr() == Approx(0.04));
    CHECK(*sgd.momentum() == Approx(0.95));
    for (int i = 0; i < 2; ++i) schedule.step();
    CHECK(sgd.lr() == Approx(1));
    CHECK(*sgd.momentum() == Approx(0.85));
    for (int i = 0; i < 8; ++i) schedule.step();
    CHECK(sgd.lr() == Approx(4e-6));
    CHECK_THROWS_WITH(schedule.step(), Contains("OneCycleLR: step() may be called as often as there are steps in the "
                                                "cycle, but total_steps is 10") &&
                                           Contains("schedule.cpp"));
    CHECK(schedule.steps() == 10);
  }
}

TEST_CASE("Momentum is cycled by way of the betas, too", "[schedule]") {
  Tensor w = variable();
  Adam adam({w});
  CyclicLR schedule(adam, {.base_lr = 0.1, .max_lr = 1, .step_size_up = 2, .base_momentum = 0.8, .max_momentum = 0.9});
  CHECK(adam.options().betas.first == Approx(0.9));
  for (int i = 0; i < 2; ++i) schedule.step();
  CHECK(adam.options().betas.first == Approx(0.8));
  CHECK(adam.options().betas.second == 0.999);
  Adagrad adagrad({w});
  CHECK_FALSE(adagrad.momentum().has_value());
  CHECK_THROWS_WITH(
      CyclicLR(adagrad, {.base_lr = 0.1, .max_lr = 1}),
      Contains("CyclicLR: cycle_momentum needs an optimizer with momentum or betas, but Adagrad has neither"));
  CHECK(adagrad.lr() == 1e-2);
  CHECK_THROWS_WITH(adagrad.set_group_momentum(0, 0.5),
                    Contains("Adagrad: an optimizer must have a momentum for it to be set, but this one has none."));
  // What the optimizer refuses leaves no trace.
  CHECK_THROWS_AS(CyclicLR(adam, {.base_lr = 0.3, .max_lr = 1, .max_momentum = 1}), std::invalid_argument);
  CHECK(adam.lr() == Approx(1));
  CHECK(adam.base_lr() == 0.1);
}

TEST_CASE("A momentum that appears is kept from then on", "[schedule]") {
  Tensor w = variable();
  SGD sgd({w}, {.lr = 0.1});
  w.set_grad(ones({2}));
  sgd.step();
  CyclicLR schedule(sgd, {.base_lr = 0.1, .max_lr = 0.1, .max_momentum = 0.5});
  CHECK_NOTHROW(sgd.step());
  CHECK(sgd.states()[0].find_tensor("momentum") != nullptr);
}

TEST_CASE("Rates fall when the metric no longer improves", "[schedule]") {
  Tensor w = variable();
  SGD sgd({w}, {.lr = 1});
  ReduceLROnPlateau schedule(sgd, {.factor = 0.5, .patience = 1, .cooldown = 1});
  std::vector<double> rates;
  for (double metric : {3.0, 2.0, 2.0, std::nan(""), 2.0, 2.0, 2.0}) {
    schedule.step(metric);
    rates.push_back(sgd.lr());
  }
  CHECK(rates == std::vector<double>{1, 1, 1, 0.5, 0.5, 0.5, 0.25});
  CHECK(schedule.best() == 2);

  SGD other({w}, {.lr = 9});
  ReduceLROnPlateau resumed(other, {.factor = 0.5, .patience = 1, .cooldown = 1});
  resumed.load_state(schedule.state());
  for (double metric : {2.0, 2.0, 2.0, 1.0, 1.0, 1.0}) {
    schedule.step(metric);
    resumed.step(metric);
    CHECK(sgd.lr() == other.lr());
  }
  CHECK(schedule.state() == resumed.state());
}

TEST_CASE("A group that is added later takes part", "[schedule]") {
  SGD sgd = two_groups();
  ExponentialLR schedule(sgd, {.gamma = 0.5});
  schedule.step();
  sgd.add_group({variable()}, {.lr = 4, .momentum = 0.5});
  schedule.step();
  CHECK(sgd.lr(2) == 2);
  CHECK(sgd.base_lr(2) == 4);
  CHECK(sgd.lr(1) == 0.25);

  SGD listed = two_groups();
  CyclicLR cyclic(listed, {.base_lr = {0.1, 0.2}, .max_lr = 1});
  listed.add_group({variable()}, {.lr = 4});
  CHECK_THROWS_WITH(cyclic.step(), Contains("Make a new schedule after add_group()"));
  CHECK(cyclic.steps() == 0);
  CHECK(listed.lr(0) == Approx(0.1));
}

TEST_CASE("A step that is refused changes nothing", "[schedule]") {
  SGD sgd = two_groups();
  ChainedScheduler schedule({ExponentialLR(sgd, {.gamma = 0.5}), LambdaLR(sgd, [](std::int64_t t) -> double {
                               if (t == 2) throw std::runtime_error("no more");
                               return t == 1 ? 1 : t == 3 ? -1 : 1;
                             })});
  schedule.step();
  const std::vector<double> rates = rates_of(sgd);
  const NamedNumbers state = schedule.state();
  CHECK_THROWS_WITH(schedule.step(), Contains("no more"));
  CHECK(rates_of(sgd) == rates);
  CHECK(schedule.state() == state);

  SGD other = two_groups();
  LambdaLR negative(other, {[](std::int64_t) { return 1.0; }, [](std::int64_t t) { return t == 0 ? 1.0 : -1.0; }});
  CHECK_THROWS_WITH(negative.step(), Contains("SGD: lr must be at least 0, but it is -1"));
  CHECK(other.lr(0) == 0.1);
  CHECK(negative.steps() == 0);
}

TEST_CASE("States that do not fit are refused and named", "[schedule]") {
  SGD sgd = two_groups();
  StepLR schedule(sgd, {.step_size = 2});
  schedule.step();
  const NamedNumbers good = schedule.state();
  const auto refuse = [&](const std::function<void(NamedNumbers&)>& spoil, const std::string& message) {
    NamedNumbers bad = good;
    spoil(bad);
    CHECK_THROWS_WITH(schedule.load_state(bad), Contains(message) && Contains("schedule.cpp"));
    CHECK(schedule.state() == good);
  };
  refuse([](NamedNumbers& n) { n.pop_back(); }, "must have one entry 'momentum.1', but it has 0");
  refuse([](NamedNumbers& n) { n.push_back(n.front()); }, "must have one entry 'steps', but it has 2");
  refuse([](NamedNumbers& n) { n.emplace_back("best", 1); }, "it has 'best'");
  refuse([](NamedNumbers& n) { n[0].second = 1.5; }, "'steps' must be a count, but it is 1.5");
  refuse([](NamedNumbers& n) { n[0].second = -1; }, "'steps' must be a count, but it is -1");
  refuse([](NamedNumbers& n) { n[1].second = std::nan(""); }, "'base_lr.0' must be a number");
  refuse([](NamedNumbers& n) { n[n.size() - 3].second = -4; }, "lr must be at least 0, but it is -4");
}

TEST_CASE("Options of schedules outside their range are named", "[schedule]") {
  SGD sgd = two_groups(), other = two_groups();
  CHECK_THROWS_WITH(StepLR(sgd, {}), Contains("StepLR: step_size must be at least 1, but it is 0. at schedule.cpp"));
  CHECK_THROWS_WITH(MultiStepLR(sgd, {.milestones = {3, -1}}),
                    Contains("milestones must be at least 0, but one is -1"));
  CHECK_THROWS_WITH(ConstantLR(sgd, {.factor = 1.5}),
                    Contains("factor must be at least 0 and at most 1, but it is 1.5"));
  CHECK_THROWS_WITH(LinearLR(sgd, {.total_iters = 0}), Contains("LinearLR: total_iters must be at least 1"));
  CHECK_THROWS_WITH(ExponentialLR(sgd, {}), Contains("gamma must be above 0 and finite, but it is 0"));
  CHECK_THROWS_WITH(PolynomialLR(sgd, {.power = -1}), Contains("power must be at least 0"));
  CHECK_THROWS_WITH(CosineAnnealingLR(sgd, {}), Contains("T_max must be at least 1"));
  CHECK_THROWS_WITH(CosineAnnealingWarmRestarts(sgd, {.T_0 = 1, .T_mult = 0}), Contains("T_mult must be at least 1"));
  CHECK_THROWS_WITH(WarmupCosineLR(sgd, {.warmup_steps = 5, .total_steps = 5}),
                    Contains("total_steps must be more than warmup_steps, but they are 5 and 5"));
  CHECK_THROWS_WITH(
      CyclicLR(sgd, {.base_lr = {0.1}, .max_lr = 1}),
      Contains("base_lr must be one number, or a list of as many as there are groups (2), but the list has 1."));
  CHECK_THROWS_WITH(OneCycleLR(sgd, {.max_lr = 1}),
                    Contains("total_steps, or epochs and steps_per_epoch, must be above 0"));
  CHECK_THROWS_WITH(OneCycleLR(sgd, {.max_lr = 1, .total_steps = 4, .pct_start = 1.5}), Contains("pct_start"));
  CHECK_THROWS_WITH(ReduceLROnPlateau(sgd, {.factor = 1}), Contains("factor must be at least 0 and below 1"));
  CHECK_THROWS_WITH(LambdaLR(sgd, std::vector<Function<double(std::int64_t)>>{[](std::int64_t) { return 1.0; }}),
                    Contains("one function, or as many as there are groups (2), but the number is 1."));
  CHECK_THROWS_AS(LambdaLR(sgd, Function<double(std::int64_t)>()), std::logic_error);
  CHECK_THROWS_WITH(SequentialLR({ExponentialLR(sgd, {.gamma = 1})}, {3}),
                    Contains("one milestone fewer than schedules, but there are 1 milestones and 1 schedules"));
  CHECK_THROWS_WITH(SequentialLR({ExponentialLR(sgd, {.gamma = 1}), ExponentialLR(other, {.gamma = 1})}, {3}),
                    Contains("must belong to one optimizer"));
  CHECK_THROWS_WITH(ChainedScheduler(std::vector<SchedulePart>{}), Contains("at least one schedule is needed"));
  CHECK(rates_of(sgd) == rates_of(other));
}
