// Trajectories of the optimizers on three small problems.
#include <map>
#include <memory>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/optim/optim.hpp>
#include "arguments.hpp"
#include "cases.hpp"
#include "optimizers.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;
namespace optim = xgrad::optim;

using Tensors = std::map<std::string, Tensor>;

// The problem's loss at the parameters p with the constants d.
Tensor rosenbrock(const Tensors& p, const Tensors&) {
  const Tensor x0 = p.at("x")[0];
  const Tensor x1 = p.at("x")[1];
  return square(1 - x0) + 100 * square(x1 - square(x0));
}

Tensor least_squares(const Tensors& p, const Tensors& d) {
  return mean(square(matmul(d.at("A"), p.at("w")) - d.at("b")));
}

Tensor mlp(const Tensors& p, const Tensors& d) {
  const Tensor hidden = tanh(matmul(d.at("X"), transpose(p.at("W1"))) + p.at("b1"));
  return mean(square(matmul(hidden, transpose(p.at("W2"))) + p.at("b2") - d.at("Y")));
}

using Problem = Tensor (*)(const Tensors&, const Tensors&);

Problem problem_named(const std::string& name) {
  if (name == "rosenbrock") return rosenbrock;
  if (name == "least_squares") return least_squares;
  if (name == "mlp") return mlp;
  throw Unsupported("the runner knows no problem " + name);
}

// The options that PyTorch's names stand for, on top of those in `options`.
void read(Arguments& args, optim::SGDOptions& options) {
  options.momentum = args.number(kKeyword, "momentum", options.momentum);
  options.dampening = args.number(kKeyword, "dampening", options.dampening);
  options.nesterov = args.flag(kKeyword, "nesterov", options.nesterov);
}

void read(Arguments& args, optim::AdagradOptions& options) {
  options.lr_decay = args.number(kKeyword, "lr_decay", options.lr_decay);
  options.initial_accumulator_value =
      args.number(kKeyword, "initial_accumulator_value", options.initial_accumulator_value);
  options.eps = args.number(kKeyword, "eps", options.eps);
}

void read(Arguments& args, optim::RMSPropOptions& options) {
  options.alpha = args.number(kKeyword, "alpha", options.alpha);
  options.eps = args.number(kKeyword, "eps", options.eps);
  options.centered = args.flag(kKeyword, "centered", options.centered);
  options.momentum = args.number(kKeyword, "momentum", options.momentum);
}

void read(Arguments& args, optim::AdadeltaOptions& options) {
  options.rho = args.number(kKeyword, "rho", options.rho);
  options.eps = args.number(kKeyword, "eps", options.eps);
}

std::pair<double, double> pair(Arguments& args, const char* name, const std::pair<double, double>& missing) {
  const Value& value = args.value(kKeyword, name);
  if (value.is_null()) return missing;
  return {value.list().at(0).number(), value.list().at(1).number()};
}

void read(Arguments& args, optim::RpropOptions& options) {
  options.etas = pair(args, "etas", options.etas);
  options.step_sizes = pair(args, "step_sizes", options.step_sizes);
}

void read(Arguments& args, optim::ASGDOptions& options) {
  options.lambd = args.number(kKeyword, "lambd", options.lambd);
  options.alpha = args.number(kKeyword, "alpha", options.alpha);
  options.t0 = args.number(kKeyword, "t0", options.t0);
}

void read(Arguments& args, optim::LBFGSOptions& options) {
  options.max_iter = args.integer(kKeyword, "max_iter", options.max_iter);
  options.max_eval = args.integer(kKeyword, "max_eval", options.max_eval);
  options.tolerance_grad = args.number(kKeyword, "tolerance_grad", options.tolerance_grad);
  options.tolerance_change = args.number(kKeyword, "tolerance_change", options.tolerance_change);
  options.history_size = args.integer(kKeyword, "history_size", options.history_size);
  if (args.text(kKeyword, "line_search_fn", "none") == "strong_wolfe")
    options.line_search = optim::LineSearch::strong_wolfe;
}

/// Adam, AdamW, NAdam, RAdam and Adamax.
template <class AdamLike>
requires requires(AdamLike options) { options.betas; }
void read(Arguments& args, AdamLike& options) {
  options.betas = pair(args, "betas", options.betas);
  options.eps = args.number(kKeyword, "eps", options.eps);
  if constexpr (requires { options.amsgrad; }) options.amsgrad = args.flag(kKeyword, "amsgrad", options.amsgrad);
  if constexpr (requires { options.momentum_decay; })
    options.momentum_decay = args.number(kKeyword, "momentum_decay", options.momentum_decay);
}

template <class Options>
Options with(const Value& keywords, Options options, const Archive& archive) {
  const Value none = Value::List{};
  Arguments args(none, keywords, archive);
  options.lr = args.number(kKeyword, "lr", options.lr);
  if constexpr (requires { options.weight_decay; })
    options.weight_decay = args.number(kKeyword, "weight_decay", options.weight_decay);
  if constexpr (requires { options.maximize; }) options.maximize = args.flag(kKeyword, "maximize", options.maximize);
  read(args, options);
  args.check_all_read();
  return options;
}

template <class Optimizer, class Options>
std::unique_ptr<optim::Optimizer> make(const Value& keywords, const std::vector<OptimizerGroup>& listed,
                                       const Archive& archive) {
  const Options common = with(keywords, Options{}, archive);
  std::vector<optim::Group<Options>> groups;
  for (const OptimizerGroup& group : listed)
    groups.push_back({group.parameters, with(group.keywords, common, archive)});
  return std::make_unique<Optimizer>(std::move(groups));
}

Tensors load_all(const Value& names, const Archive& archive) {
  Tensors tensors;
  for (const auto& [key, name] : names.members()) tensors[key] = archive.load(name.text());
  return tensors;
}

std::vector<OptimizerGroup> groups_of(const Value& one_case, const Tensors& parameters) {
  std::vector<OptimizerGroup> groups;
  if (const Value& listed = one_case["param_groups"]; listed.is_list()) {
    for (const Value& group : listed.list()) {
      groups.push_back({{}, group["kwargs"]});
      for (const Value& name : group["params"].list()) groups.back().parameters.push_back(parameters.at(name.text()));
    }
  } else {
    groups.push_back({{}, Value::Members{}});
    for (const auto& [name, start] : one_case["init"].members())
      groups.back().parameters.push_back(parameters.at(name));
  }
  return groups;
}

}  // namespace

std::unique_ptr<optim::Optimizer> make_optimizer(const std::string& name, const Value& keywords,
                                                 const std::vector<OptimizerGroup>& groups, const Archive& archive) {
  if (name == "SGD") return make<optim::SGD, optim::SGDOptions>(keywords, groups, archive);
  if (name == "Adagrad") return make<optim::Adagrad, optim::AdagradOptions>(keywords, groups, archive);
  if (name == "RMSprop") return make<optim::RMSProp, optim::RMSPropOptions>(keywords, groups, archive);
  if (name == "Adadelta") return make<optim::Adadelta, optim::AdadeltaOptions>(keywords, groups, archive);
  if (name == "Adam") return make<optim::Adam, optim::AdamOptions>(keywords, groups, archive);
  if (name == "AdamW") return make<optim::AdamW, optim::AdamWOptions>(keywords, groups, archive);
  if (name == "NAdam") return make<optim::NAdam, optim::NAdamOptions>(keywords, groups, archive);
  if (name == "RAdam") return make<optim::RAdam, optim::RAdamOptions>(keywords, groups, archive);
  if (name == "Adamax") return make<optim::Adamax, optim::AdamaxOptions>(keywords, groups, archive);
  if (name == "Rprop") return make<optim::Rprop, optim::RpropOptions>(keywords, groups, archive);
  if (name == "ASGD") return make<optim::ASGD, optim::ASGDOptions>(keywords, groups, archive);
  if (name == "LBFGS") {
    if (groups.size() != 1) throw Unsupported("LBFGS has one group");
    return std::make_unique<optim::LBFGS>(groups[0].parameters, with(keywords, optim::LBFGSOptions{}, archive));
  }
  throw Unsupported("no such optimizer");
}

void run_optimizer(const Value& one_case, const Archive& archive) {
  Tensors parameters = load_all(one_case["init"], archive);
  for (auto& [name, parameter] : parameters) parameter.set_requires_grad();
  const std::unique_ptr<optim::Optimizer> optimizer =
      make_optimizer(one_case["optimizer"].text(), one_case["kwargs"], groups_of(one_case, parameters), archive);

  const Tensors data = load_all(one_case["data"], archive);
  const Tensors trajectory = load_all(one_case["trajectory"], archive);
  const Tensor losses = archive.load(one_case["losses"].text());
  const Problem problem = problem_named(one_case["problem"].text());
  const Value::List& tolerance = one_case["tol"]["trajectory"].list();
  const Bound bound{tolerance[0].number(), tolerance[1].number()};
  for (std::int64_t k = 0; k < one_case["compare_steps"].integer(); ++k) {
    const std::string step = " in step " + std::to_string(k + 1);
    const Tensor loss = optimizer->step([&] { return problem(parameters, data); });
    check_close("loss" + step, loss, losses[k], bound);
    for (const auto& [name, parameter] : parameters)
      check_close(name + " after the update" + step, parameter, trajectory.at(name)[k], bound);
  }
}

}  // namespace conformance
