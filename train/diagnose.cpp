#include "diagnose.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>
#include <string_view>
#include <unordered_map>

#include "../autograd/engine/observer.hpp"
#include "../autograd/grad.hpp"
#include "../autograd/grad_mode.hpp"
#include "../autograd/ops.hpp"
#include "../nn/call.hpp"
#include "../optim/optimizer.hpp"
#include "detail/activations.hpp"
#include "detail/table.hpp"
#include "detail/ticks.hpp"
#include "detail/undisturbed.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

const double kNone = std::numeric_limits<double>::quiet_NaN();

/// What one layer did in the evaluation; of several calls, all of them.
struct Row {
  std::string name, kind;
  nn::NamedTensors parameters;
  std::vector<Tensor> outputs;
  std::string function;
  std::vector<Tensor> before;  // what the activation function was given
  bool channels_first = false;
};

/// Sees the layers' calls, and which activation function takes what they give.
class ActivationWitness final : public nn::CallObserver, public internal::Observer {
 public:
  explicit ActivationWitness(const nn::Module& model) : model_(model) {}
  std::vector<Row> rows;

  void left(const nn::Module& layer, const Tensor&, const Tensor& y) override {
    if (y.defined() && !is_floating(y.dtype())) return;
    nn::NamedTensors own = detail::own_parameters(layer);
    if (own.empty()) return;
    const std::string name = detail::name_in(model_, layer);
    auto row = std::find_if(rows.begin(), rows.end(), [&](const Row& each) { return each.name == name; });
    if (row == rows.end()) {
      const std::string kind = layer.class_name();
      const bool is_channels = kind.rfind("Conv", 0) == 0 || kind.rfind("BatchNorm", 0) == 0 ||
                               kind.rfind("InstanceNorm", 0) == 0 || kind == "GroupNorm";
      row = rows.insert(rows.end(), {name, kind, std::move(own), {}, "", {}, is_channels});
    }
    if (!y.defined()) return;  // an LSTM's struct: its weights can be told of, its output not
    row->outputs.push_back(y);
    row_of_[y.impl()] = static_cast<std::size_t>(row - rows.begin());
  }

  void computed(const char* name, SourceLocation, const Inputs& inputs, std::span<const Tensor>) override {
    if (inputs.size() == 0 || !inputs[0].defined() || !detail::is_activation(name)) return;
    auto at = row_of_.find(inputs[0].impl());
    if (at == row_of_.end()) return;
    Row& row = rows[at->second];
    if (row.function.empty()) row.function = name;
    if (row.function == name) row.before.push_back(inputs[0]);
  }

 private:
  const nn::Module& model_;
  std::unordered_map<const void*, std::size_t> row_of_;  // the tensors are held by the rows
};

double norm_of(const std::vector<Tensor>& tensors) {
  double squares = 0;
  bool any = false;
  for (const Tensor& tensor : tensors)
    if (tensor.defined()) {
      const double norm = xgrad::norm(cast(tensor.detach(), DType::float64)).item();
      squares += norm * norm;
      any = true;
    }
  return any ? std::sqrt(squares) : kNone;
}

/// Shares of dead units and of saturated elements.
void add_slopes(const Row& row, LayerDiagnosis& layer) {
  if (row.before.empty()) return;
  Tensor largest;
  double flat = 0, all = 0;
  for (const Tensor& x : row.before) {
    if (x.numel() == 0 || x.ndim() == 0) continue;
    Tensor slope = detail::slope_of(row.function, x);
    flat += sum(slope < 0.01).item();
    all += static_cast<double>(slope.numel());
    // A unit is a channel of images, else an element of the last axis.
    const int axis = slope.ndim() > 1 && row.channels_first ? 1 : slope.ndim() - 1;
    slope = reshape(movedim(slope, axis, -1), {-1, slope.size(axis)});
    const Tensor most = amax(slope, 0);
    largest = largest.defined() && largest.shape() == most.shape() ? maximum(largest, most) : most;
  }
  if (!largest.defined() || largest.numel() == 0) return;
  layer.dead = sum(largest < 1e-3).item() / static_cast<double>(largest.numel());
  if (detail::saturates(row.function)) layer.saturated = flat / all;
}

/// What the optimizer's next step would add to each parameter; undone before it ends. Empty where it cannot be told.
std::unordered_map<const void*, double> steps_of(optim::Optimizer& optimizer,
                                                 const std::unordered_map<const void*, Tensor>& gradients) {
  std::unordered_map<const void*, double> steps;
  NoGrad no_grad;
  std::vector<Tensor> parameters = optimizer.parameters(), before, old_gradients;
  nn::NamedTensors state;
  for (const auto& [name, tensor] : optimizer.state()) state.emplace_back(name, copy(tensor));
  for (const Tensor& parameter : parameters) {
    before.push_back(copy(parameter.detach()));
    old_gradients.push_back(parameter.grad());
  }
  auto restore = [&] {
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      parameters[i].assign(before[i]);
      parameters[i].set_grad(old_gradients[i]);
    }
    optimizer.load_state(state);
  };
  try {
    for (Tensor& parameter : parameters) {
      auto gradient = gradients.find(parameter.impl());
      parameter.set_grad(gradient != gradients.end() ? copy(gradient->second) : Tensor());
    }
    optimizer.step();
    for (std::size_t i = 0; i < parameters.size(); ++i)
      steps[parameters[i].impl()] = norm_of({parameters[i].detach() - before[i]});
  } catch (const std::logic_error&) {
    steps.clear();  // it needs a closure
  } catch (const std::runtime_error&) {
    steps.clear();  // it refuses the step, as with NonFinite::error; the findings say what is not finite
  } catch (...) {
    restore();
    throw;
  }
  restore();
  return steps;
}

// ---- In words ----

std::string rounded_percent(double share) { return detail::readable(std::round(100 * share), 3) + " %"; }

/// The names, of many the first three.
std::string listed(const std::vector<std::string>& names) {
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < 3; ++i) text += (i == 0 ? "'" : ", '") + names[i] + "'";
  return names.size() > 3 ? concat(text, " and ", names.size() - 3, " more") : text;
}

class Findings {
 public:
  explicit Findings(Diagnosis& diagnosis) : diagnosis_(diagnosis), layers_(diagnosis.layers) {}

  void add() {
    if (!std::isfinite(diagnosis_.loss)) {
      diagnosis_.findings.push_back(concat("The loss is ", detail::readable(diagnosis_.loss),
                                           ". An AnomalyGuard around loss and backward() finds the operation that made "
                                           "it; often the learning rate is too high, or a log or a division meets 0."));
      return;
    }
    add_gradients();
    add_dead();
    add_saturated();
    add_steps();
  }

 private:
  void say(std::string text) { diagnosis_.findings.push_back(std::move(text)); }

  void add_gradients() {
    std::vector<std::string> broken;
    std::vector<const LayerDiagnosis*> hidden;
    for (const LayerDiagnosis& layer : layers_) {
      if (std::isinf(layer.gradient) || (std::isnan(layer.weight_gradient) && !std::isnan(layer.gradient)) ||
          std::isinf(layer.weight_gradient))
        broken.push_back(layer.name);
      if (std::isfinite(layer.gradient) && layer.gradient > 0) hidden.push_back(&layer);
    }
    if (!broken.empty()) {
      say("The gradient of " + listed(broken) +
          " is not finite. An AnomalyGuard around loss and backward() finds the operation that made it.");
      return;
    }
    if (hidden.size() < 3) return;
    const LayerDiagnosis &first = *hidden.front(), &last = *hidden.back();
    const double ratio = first.gradient / last.gradient;
    if (ratio < 1e-3)
      say("The gradient vanishes on its way back: that of '" + first.name + "' is " + detail::readable(ratio, 2) +
          " of that of '" + last.name + "'. " + cure_of_vanishing(hidden));
    if (ratio > 1e3)
      say("The gradient explodes on its way back: that of '" + first.name + "' is " + detail::readable(ratio, 2) +
          " times that of '" + last.name +
          "'. Smaller weights at the start (nn::init::he_normal() with relu, glorot_normal() with tanh) or normalising "
          "layers keep its size; optim::clip_grad_norm(model.parameters(), 1) bounds the step.");
  }

  std::string cure_of_vanishing(const std::vector<const LayerDiagnosis*>& hidden) {
    const auto saturating = std::count_if(
        hidden.begin(), hidden.end(), [](const LayerDiagnosis* layer) { return detail::saturates(layer->function); });
    const bool shrinks = hidden[hidden.size() - 2]->activation < 0.03 * hidden.front()->activation;
    const bool is_sigmoid = std::any_of(hidden.begin(), hidden.end(),
                                        [](const LayerDiagnosis* layer) { return layer->function == "sigmoid"; });
    if (is_sigmoid)
      return "The slope of sigmoid is at most 1/4, so each layer takes away as much: take relu or gelu with "
             "nn::init::he_normal(), or put a LayerNorm or BatchNorm1d before each sigmoid.";
    if (shrinks)
      return saturating > 0 ? "The weights start too small, for the activations shrink as well: "
                              "nn::init::glorot_normal() keeps their size with tanh."
                            : "The weights start too small, for the activations shrink as well: nn::init::he_normal() "
                              "keeps their size with relu.";
    if (saturating > 0)
      return "Most of tanh's slope is lost: take relu or gelu with nn::init::he_normal(), or put a LayerNorm or "
             "BatchNorm1d before each tanh.";
    return "Residual connections (nn::Residual) or normalising layers (nn::LayerNorm, nn::BatchNorm1d) lead it past "
           "the layers that lose it.";
  }

  void add_dead() {
    std::vector<std::string> names;
    double most = 0;
    for (const LayerDiagnosis& layer : layers_)
      if (layer.dead >= 0.4 && !detail::saturates(layer.function)) {
        names.push_back(layer.name);
        most = std::max(most, layer.dead);
      }
    if (!names.empty())
      say("Units of " + listed(names) + " are dead (up to " + rounded_percent(most) +
          "): they pass no gradient for any point and learn no more. A lower learning rate, nn::init::he_normal() with "
          "biases at 0, or leaky_relu or gelu in relu's place help; those that are dead already must start anew.");
  }

  void add_saturated() {
    std::vector<std::string> names;
    double most = 0;
    for (const LayerDiagnosis& layer : layers_)
      if (layer.saturated >= 0.5 && detail::saturates(layer.function)) {
        names.push_back(layer.name);
        most = std::max(most, layer.saturated);
      }
    if (!names.empty())
      say("The activation function after " + listed(names) + " is saturated for up to " + rounded_percent(most) +
          " of its elements, where its slope is next to 0. Standardised inputs, smaller weights at the start "
          "(nn::init::glorot_normal()), or a normalising layer before it help.");
  }

  void add_steps() {
    std::vector<std::string> long_steps, short_steps;
    double longest = 0, most = 0;
    std::size_t known = 0;
    for (const LayerDiagnosis& layer : layers_) {
      if (std::isnan(layer.update)) continue;
      ++known;
      if (layer.update > 0.2) {
        long_steps.push_back(layer.name);
        longest = std::max(longest, layer.update);
      }
      if (layer.update < 1e-7 && layer.weight_gradient > 0) short_steps.push_back(layer.name);
      most = std::max(most, layer.update);
    }
    if (!long_steps.empty())
      say("The next step moves " + listed(long_steps) + " by up to " + rounded_percent(longest) +
          " of its weights' norm; about 0.1 % is common. The learning rate is too high.");
    if (known > 0 && short_steps.size() == known)
      say("The next step moves no layer by more than " + detail::readable(most, 2) +
          " of its weights' norm; about 0.001 is common. The learning rate is too low.");
  }

  Diagnosis& diagnosis_;
  const std::vector<LayerDiagnosis>& layers_;
};

Diagnosis examined(const nn::Module& model, optim::Optimizer* optimizer, const Function<Tensor()>& loss,
                   SourceLocation where) {
  check(static_cast<bool>(loss), where, "diagnose: the loss must be callable, but it is empty.");
  detail::Undisturbed undisturbed(model);
  GradMode recording(true);
  std::vector<Row> rows;
  Tensor value;
  {
    ActivationWitness witness(model);
    value = loss();
    rows = std::move(witness.rows);
  }
  check(
      value.defined() && value.numel() == 1, where, "diagnose: the loss must have one element, but it is ",
      [&] { return value.defined() ? concat(value.shape()) : std::string("undefined"); }, ".");
  std::vector<Tensor> wanted;
  for (const Row& row : rows)
    for (const Tensor& output : row.outputs)
      if (output.requires_grad()) wanted.push_back(output);
  const std::size_t outputs = wanted.size();
  for (const Tensor& parameter : model.parameters())
    if (parameter.requires_grad()) wanted.push_back(parameter);
  check<std::logic_error>(value.requires_grad() && wanted.size() > outputs, where,
                          "diagnose: the loss must depend on parameters of ", model, ", but it depends on none.");
  const std::vector<Tensor> given = grad(value, wanted, {.unused = Unused::undefined}, where);

  NoGrad no_grad;
  std::unordered_map<const void*, Tensor> gradients;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (given[i].defined()) gradients[wanted[i].impl()] = given[i];
  auto gradients_of = [&](const std::vector<Tensor>& tensors) {
    std::vector<Tensor> found;
    for (const Tensor& tensor : tensors)
      if (auto at = gradients.find(tensor.impl()); at != gradients.end()) found.push_back(at->second);
    return found;
  };
  std::unordered_map<const void*, double> steps;
  if (optimizer != nullptr) steps = steps_of(*optimizer, gradients);

  Diagnosis diagnosis;
  diagnosis.loss = value.item();
  for (const Row& row : rows) {
    LayerDiagnosis layer{row.name, row.kind, kNone, kNone, kNone, kNone, kNone, row.function, kNone, kNone};
    double squares = 0, count = 0;
    for (const Tensor& output : row.outputs) {
      const double norm = norm_of({output});
      squares += norm * norm;
      count += static_cast<double>(output.numel());
    }
    if (count > 0) layer.activation = std::sqrt(squares / count);
    std::vector<Tensor> weights;
    double moved = 0;
    bool is_known = false;
    for (const auto& [name, parameter] : row.parameters) {
      weights.push_back(parameter);
      if (auto step = steps.find(parameter.impl()); step != steps.end()) {
        moved += step->second * step->second;
        is_known = true;
      }
    }
    layer.gradient = norm_of(gradients_of(row.outputs));
    layer.weight = norm_of(weights);
    layer.weight_gradient = norm_of(gradients_of(weights));
    if (is_known && layer.weight > 0) layer.update = std::sqrt(moved) / layer.weight;
    add_slopes(row, layer);
    diagnosis.layers.push_back(std::move(layer));
  }
  Findings(diagnosis).add();
  return diagnosis;
}

}  // namespace

Diagnosis diagnose(const nn::Module& model, const Function<Tensor()>& loss, SourceLocation where) {
  return examined(model, nullptr, loss, where);
}
Diagnosis diagnose(const nn::Module& model, optim::Optimizer& optimizer, const Function<Tensor()>& loss,
                   SourceLocation where) {
  return examined(model, &optimizer, loss, where);
}

std::ostream& operator<<(std::ostream& out, const Diagnosis& diagnosis) {
  detail::TextTable table({"layer", "class", "activation", "gradient", "|weights|", "|their gradient|", "step/weights",
                           "then", "dead", "saturated"},
                          {0, 0, 1, 1, 1, 1, 1, 0, 1, 1});
  auto number = [](double value) { return std::isnan(value) ? std::string("-") : detail::readable(value, 3); };
  auto share = [](double value) { return std::isnan(value) ? std::string("-") : rounded_percent(value); };
  for (const LayerDiagnosis& layer : diagnosis.layers)
    table.row({layer.name, layer.kind, number(layer.activation), number(layer.gradient), number(layer.weight),
               number(layer.weight_gradient), number(layer.update), layer.function.empty() ? "-" : layer.function,
               share(layer.dead), share(layer.saturated)});
  out << "loss " << detail::readable(diagnosis.loss, 5) << '\n' << table.text();
  for (const std::string& finding : diagnosis.findings) out << finding << '\n';
  return out;
}

}  // namespace train
}  // namespace xgrad
