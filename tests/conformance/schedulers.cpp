// Schedules: the rates and momenta of an optimizer without gradients, step by step.
#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/optim/schedule/schedules.hpp>
#include "arguments.hpp"
#include "cases.hpp"
#include "optimizers.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;
namespace optim = xgrad::optim;
using Factor = xgrad::Function<double(std::int64_t)>;

optim::PerGroup per_group(Arguments& args, const char* name, const optim::PerGroup& missing) {
  const Value& value = args.value(kKeyword, name);
  if (value.is_null()) return missing;
  if (!value.is_list()) return value.number();
  std::vector<double> numbers;
  for (const Value& number : value.list()) numbers.push_back(number.number());
  return numbers;
}

std::vector<std::int64_t> integers(const Value& list) {
  std::vector<std::int64_t> values;
  for (const Value& value : list.list()) values.push_back(value.integer());
  return values;
}

Factor function_of(const Value& described) {
  const std::string& name = described["lambda"].text();
  const double c = described["value"].number();
  if (name == "pow") return [c](std::int64_t e) { return std::pow(c, static_cast<double>(e)); };
  if (name == "inverse") return [c](std::int64_t e) { return 1 / (1 + c * static_cast<double>(e)); };
  if (name == "warmup") return [c](std::int64_t e) { return std::min(1.0, static_cast<double>(e + 1) / c); };
  if (name == "const") return [c](std::int64_t) { return c; };
  if (name == "steps") return [c](std::int64_t e) { return std::pow(0.5, std::floor(static_cast<double>(e) / c)); };
  throw Unsupported("the runner knows no function " + name);
}

template <class Schedule>
optim::SchedulePart by_function(Arguments& args, optim::Optimizer& optimizer) {
  const Value& described = args.value(kKeyword, "lr_lambda");
  if (!described.is_list()) return Schedule(optimizer, function_of(described));
  std::vector<Factor> functions;
  for (const Value& one : described.list()) functions.push_back(function_of(one));
  return Schedule(optimizer, functions);
}

optim::CyclicMode cyclic_mode(const std::string& name) {
  if (name == "triangular") return optim::CyclicMode::triangular;
  if (name == "triangular2") return optim::CyclicMode::triangular2;
  if (name == "exp_range") return optim::CyclicMode::exp_range;
  throw Unsupported("no such mode");
}

optim::SchedulePart cyclic(Arguments& args, optim::Optimizer& optimizer) {
  optim::CyclicLROptions options;
  options.base_lr = per_group(args, "base_lr", options.base_lr);
  options.max_lr = per_group(args, "max_lr", options.max_lr);
  options.step_size_up = args.integer(kKeyword, "step_size_up", options.step_size_up);
  options.step_size_down = args.integer(kKeyword, "step_size_down", options.step_size_down);
  options.mode = cyclic_mode(args.text(kKeyword, "mode", "triangular"));
  options.gamma = args.number(kKeyword, "gamma", options.gamma);
  if (const Value& scale = args.value(kKeyword, "scale_fn"); !scale.is_null())
    options.scale_fn = [scale = function_of(scale)](double at) { return scale(static_cast<std::int64_t>(at)); };
  const bool by_cycle = args.text(kKeyword, "scale_mode", "cycle") == "cycle";
  options.scale_mode = by_cycle ? optim::ScaleMode::cycle : optim::ScaleMode::iterations;
  options.cycle_momentum = args.flag(kKeyword, "cycle_momentum", options.cycle_momentum);
  options.base_momentum = per_group(args, "base_momentum", options.base_momentum);
  options.max_momentum = per_group(args, "max_momentum", options.max_momentum);
  return optim::CyclicLR(optimizer, options);
}

optim::SchedulePart one_cycle(Arguments& args, optim::Optimizer& optimizer) {
  optim::OneCycleLROptions options;
  options.max_lr = per_group(args, "max_lr", options.max_lr);
  options.total_steps = args.integer(kKeyword, "total_steps", options.total_steps);
  options.epochs = args.integer(kKeyword, "epochs", options.epochs);
  options.steps_per_epoch = args.integer(kKeyword, "steps_per_epoch", options.steps_per_epoch);
  options.pct_start = args.number(kKeyword, "pct_start", options.pct_start);
  const bool cosine = args.text(kKeyword, "anneal_strategy", "cos") == "cos";
  options.anneal_strategy = cosine ? optim::Anneal::cosine : optim::Anneal::linear;
  options.cycle_momentum = args.flag(kKeyword, "cycle_momentum", options.cycle_momentum);
  options.base_momentum = per_group(args, "base_momentum", options.base_momentum);
  options.max_momentum = per_group(args, "max_momentum", options.max_momentum);
  options.div_factor = args.number(kKeyword, "div_factor", options.div_factor);
  options.final_div_factor = args.number(kKeyword, "final_div_factor", options.final_div_factor);
  options.three_phase = args.flag(kKeyword, "three_phase", options.three_phase);
  return optim::OneCycleLR(optimizer, options);
}

optim::ReduceLROnPlateau plateau(Arguments& args, optim::Optimizer& optimizer) {
  optim::ReduceLROnPlateauOptions options;
  const bool lowest = args.text(kKeyword, "mode", "min") == "min";
  options.mode = lowest ? optim::PlateauMode::min : optim::PlateauMode::max;
  options.factor = args.number(kKeyword, "factor", options.factor);
  options.patience = args.integer(kKeyword, "patience", options.patience);
  options.threshold = args.number(kKeyword, "threshold", options.threshold);
  const bool relative = args.text(kKeyword, "threshold_mode", "rel") == "rel";
  options.threshold_mode = relative ? optim::ThresholdMode::rel : optim::ThresholdMode::abs;
  options.cooldown = args.integer(kKeyword, "cooldown", options.cooldown);
  options.min_lr = per_group(args, "min_lr", options.min_lr);
  options.eps = args.number(kKeyword, "eps", options.eps);
  return optim::ReduceLROnPlateau(optimizer, options);
}

optim::SchedulePart make_schedule(const Value& described, optim::Optimizer& optimizer, const Archive& archive);

std::vector<optim::SchedulePart> parts_of(const Value& described, optim::Optimizer& optimizer, const Archive& archive) {
  std::vector<optim::SchedulePart> parts;
  for (const Value& part : described["schedulers"].list()) parts.push_back(make_schedule(part, optimizer, archive));
  return parts;
}

optim::SchedulePart make_schedule(const std::string& name, const Value& described, Arguments& args,
                                  optim::Optimizer& optimizer, const Archive& archive) {
  if (name == "StepLR")
    return optim::StepLR(
        optimizer, {.step_size = args.integer(kKeyword, "step_size"), .gamma = args.number(kKeyword, "gamma", 0.1)});
  if (name == "MultiStepLR")
    return optim::MultiStepLR(optimizer, {.milestones = integers(args.value(kKeyword, "milestones")),
                                          .gamma = args.number(kKeyword, "gamma", 0.1)});
  if (name == "ConstantLR")
    return optim::ConstantLR(optimizer, {.factor = args.number(kKeyword, "factor", 1.0 / 3),
                                         .total_iters = args.integer(kKeyword, "total_iters", 5)});
  if (name == "LinearLR")
    return optim::LinearLR(optimizer, {.start_factor = args.number(kKeyword, "start_factor", 1.0 / 3),
                                       .end_factor = args.number(kKeyword, "end_factor", 1),
                                       .total_iters = args.integer(kKeyword, "total_iters", 5)});
  if (name == "ExponentialLR") return optim::ExponentialLR(optimizer, {.gamma = args.number(kKeyword, "gamma")});
  if (name == "PolynomialLR")
    return optim::PolynomialLR(optimizer, {.total_iters = args.integer(kKeyword, "total_iters", 5),
                                           .power = args.number(kKeyword, "power", 1)});
  if (name == "CosineAnnealingLR")
    return optim::CosineAnnealingLR(
        optimizer, {.T_max = args.integer(kKeyword, "T_max"), .eta_min = args.number(kKeyword, "eta_min", 0)});
  if (name == "CosineAnnealingWarmRestarts")
    return optim::CosineAnnealingWarmRestarts(optimizer, {.T_0 = args.integer(kKeyword, "T_0"),
                                                          .T_mult = args.integer(kKeyword, "T_mult", 1),
                                                          .eta_min = args.number(kKeyword, "eta_min", 0)});
  if (name == "CyclicLR") return cyclic(args, optimizer);
  if (name == "OneCycleLR") return one_cycle(args, optimizer);
  if (name == "LambdaLR") return by_function<optim::LambdaLR>(args, optimizer);
  if (name == "MultiplicativeLR") return by_function<optim::MultiplicativeLR>(args, optimizer);
  if (name == "ChainedScheduler") return optim::ChainedScheduler(parts_of(described, optimizer, archive));
  if (name == "SequentialLR")
    return optim::SequentialLR(parts_of(described, optimizer, archive), integers(args.value(kKeyword, "milestones")));
  throw Unsupported("no such schedule");
}

optim::SchedulePart make_schedule(const Value& described, optim::Optimizer& optimizer, const Archive& archive) {
  const Value none = Value::List{};
  Arguments args(none, described["kwargs"], archive);
  optim::SchedulePart schedule = make_schedule(described["scheduler"].text(), described, args, optimizer, archive);
  args.check_all_read();
  return schedule;
}

/// Calls `step(i)` for each step, and compares the rates before, between and after.
void follow(const Value& one_case, const optim::Optimizer& optimizer, const Archive& archive,
            const std::function<void(std::int64_t)>& step) {
  const std::vector<double> lrs = archive.load(one_case["lrs"].text()).to_vector<double>();
  std::vector<double> momenta;
  if (one_case["momenta"].is_text()) momenta = archive.load(one_case["momenta"].text()).to_vector<double>();
  const auto require = [](const std::string& what, double actual, double expected) {
    if (!(std::abs(actual - expected) <= 1e-12 + 1e-9 * std::abs(expected)))
      throw Mismatch(what + " is " + shown(actual) + ", expected " + shown(expected));
  };
  for (std::int64_t i = 0; i <= one_case["steps"].integer(); ++i) {
    if (i > 0) step(i - 1);
    for (int group = 0; group < optimizer.group_count(); ++group) {
      const std::string where = " of group " + std::to_string(group) + " after step " + std::to_string(i);
      const std::size_t k = i * optimizer.group_count() + group;
      require("the rate" + where, optimizer.lr(group), lrs.at(k));
      if (!momenta.empty()) require("the momentum" + where, optimizer.momentum(group).value(), momenta.at(k));
    }
  }
}

}  // namespace

void run_scheduler(const Value& one_case, const Archive& archive) {
  const Value& described = one_case["optimizer"];
  std::vector<OptimizerGroup> groups;
  for (const Value& lr : described["lrs"].list())
    groups.push_back(
        {{xgrad::zeros({2}, {.dtype = xgrad::DType::float64, .requires_grad = true})}, Value::Members{{"lr", lr}}});
  const auto optimizer = make_optimizer(described["type"].text(), described["kwargs"], groups, archive);

  if (one_case["scheduler"].text() == "ReduceLROnPlateau") {
    const Value none = Value::List{};
    Arguments args(none, one_case["kwargs"], archive);
    optim::ReduceLROnPlateau schedule = plateau(args, *optimizer);
    args.check_all_read();
    return follow(one_case, *optimizer, archive, [&](std::int64_t i) {
      optimizer->step();
      schedule.step(one_case["metrics"].list().at(i).number());
    });
  }
  const optim::SchedulePart schedule = make_schedule(one_case, *optimizer, archive);
  follow(one_case, *optimizer, archive, [&](std::int64_t) {
    optimizer->step();
    schedule->step();
  });
}

}  // namespace conformance
