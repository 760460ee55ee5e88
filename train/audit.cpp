#include "audit.hpp"

#include <algorithm>
#include <cstring>
#include <ostream>
#include <unordered_map>
#include <unordered_set>

#include "../autograd/engine/node.hpp"
#include "../autograd/engine/observer.hpp"
#include "../autograd/grad_mode.hpp"
#include "../autograd/ops.hpp"
#include "../nn/call.hpp"
#include "../nn/detail/copy_plan.hpp"
#include "../optim/optimizer.hpp"
#include "detail/undisturbed.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

using internal::Node;

/// A module of the model, and the name it stands under.
struct Part {
  std::string name;
  nn::Module module;
};

/// All modules below, parents first, under each of their names.
void list_parts(const nn::Module& module, const std::string& prefix, std::vector<Part>& parts) {
  for (const auto& [name, child] : module.children()) {
    const bool is_known = std::any_of(parts.begin(), parts.end(),
                                      [&child = child](const Part& part) { return part.module.is_same(child); });
    parts.push_back({prefix + name, child});
    if (!is_known) list_parts(child, prefix + name + ".", parts);
  }
}

/// Sees the layers that run and the operations they are made of.
class Witness final : public nn::CallObserver, public internal::Observer {
 public:
  explicit Witness(const nn::detail::CopyPlan& plan) : plan_(plan) {}

  struct Broadcast {
    std::string place, operation, shapes;
  };
  std::vector<nn::Module> called;     // of the model's
  std::vector<nn::Module> strangers;  // not of the model's
  std::vector<Broadcast> broadcasts;

  void entered(const nn::Module& layer, const Tensor&) override {
    const bool is_known = plan_.knows(layer);
    std::vector<nn::Module>& list = is_known ? called : strangers;
    // A loss is a module too, and not a part of the model: it stands beside it, and has nothing to learn.
    const bool is_beside = !is_known && inside_ == 0 && layer.parameters().empty();
    if (!is_beside &&
        std::none_of(list.begin(), list.end(), [&](const nn::Module& other) { return other.is_same(layer); }))
      list.push_back(layer);
    inside_ += is_known || inside_ > 0 ? 1 : 0;
  }
  void left(const nn::Module&, const Tensor&, const Tensor&) override { inside_ -= inside_ > 0 ? 1 : 0; }
  void failed(const nn::Module&) noexcept override { inside_ -= inside_ > 0 ? 1 : 0; }

  void computed(const char* name, SourceLocation where, const Inputs& inputs,
                std::span<const Tensor> outputs) override {
    if (inputs.size() != 2 || outputs.size() != 1 || !inputs[0].defined() || !inputs[1].defined()) return;
    const Tensor& a = inputs[0].ndim() < inputs[1].ndim() ? inputs[0] : inputs[1];
    const Tensor& b = inputs[0].ndim() < inputs[1].ndim() ? inputs[1] : inputs[0];
    if (a.ndim() != 1 || b.ndim() != 2 || a.numel() < 2 || b.shape() != Shape{a.size(0), 1}) return;
    // Differences of a vector's own elements are meant to be a matrix.
    if (outputs[0].shape() != Shape{a.size(0), a.size(0)} || a.impl()->storage == b.impl()->storage) return;
    broadcasts.push_back(
        {where.known() ? concat(where) : "", name, concat(inputs[0].shape(), " and ", inputs[1].shape())});
  }

 private:
  const nn::detail::CopyPlan& plan_;
  int inside_ = 0;  // how many calls deep, within the model's layers
};

/// The variables that a tensor was computed from.
std::unordered_set<const Node*> leaves_of(const Tensor& output, std::vector<const Node*>& in_order) {
  std::unordered_set<const Node*> seen, leaves;
  std::vector<const Node*> left;
  auto enter = [&](const Node* node) {
    if (node != nullptr && seen.insert(node).second) left.push_back(node);
  };
  enter(output.impl()->node.get());
  while (!left.empty()) {
    const Node* node = left.back();
    left.pop_back();
    if (node->is_leaf && leaves.insert(node).second) in_order.push_back(node);
    for (const internal::Edge& edge : node->edges()) enter(edge.producer.get());
  }
  return leaves;
}

bool is_constant(const std::vector<double>& values) {
  return std::all_of(values.begin(), values.end(), [&](double value) { return value == values[0]; });
}

class Auditor {
 public:
  Auditor(const nn::Module& model, const optim::Optimizer& optimizer) : model_(model), optimizer_(optimizer) {
    parts_.push_back({"", model});
    list_parts(model, "", parts_);
    plan_.keep_registry(model);
    for (const Part& part : parts_)
      for (auto& [name, tensor] : detail::own_parameters(part.module)) {
        const std::string full = part.name.empty() ? name : part.name + "." + name;
        if (names_.emplace(tensor.impl(), full).second) parameters_.push_back({full, tensor, part.module});
      }
  }

  void look_at_class(const Function<void()>& copy) {
    if (!copy) return;
    plan_.start();
    try {
      copy();
    } catch (...) {
      plan_.stop();
      throw;
    }
    plan_.stop();
    for (const std::string& name : plan_.not_met())
      say(Mistake::replaced, name,
          "The model has registered '" + name +
              "', but its class holds another in its place, or holds it behind a pointer: what is trained is not what "
              "it computes with. Write into the elements by assign(), and hold layers by value.");
    held_strangers_ = plan_.not_registered();
    for (const std::string& what : held_strangers_) {
      const bool is_variable = what.rfind("a variable", 0) == 0;
      if (is_variable)
        say(Mistake::unregistered_parameter, what,
            "The model holds " + what +
                " that was never handed to param(): it is not trained, saved or moved with the others.");
      else
        say(Mistake::unregistered_layer, what.substr(2),
            "The model holds " + what +
                " that was never handed to child(): its parameters are not trained or saved, and train(), eval() and "
                "to() pass it by.");
    }
  }

  void look_at_loss(const Function<Tensor()>& loss, SourceLocation where) {
    GradMode recording(true);
    Tensor value;
    std::vector<nn::Module> called, strangers;
    {
      Witness witness(plan_);
      value = loss();
      called = std::move(witness.called);
      strangers = std::move(witness.strangers);
      for (const Witness::Broadcast& each : witness.broadcasts) add_broadcast(each.place, each.operation, each.shapes);
    }
    check(
        value.defined() && value.numel() == 1, where, "audit: the loss must have one element, but it is ",
        [&] { return value.defined() ? concat(value.shape()) : std::string("undefined"); }, ".");
    std::vector<const Node*> in_order;
    const std::unordered_set<const Node*> reached = leaves_of(value, in_order);
    add_strangers(strangers);
    add_unknown(reached, in_order);
    add_unreached(reached, called);
    add_evaluation(called);
  }

  void look_at_optimizer() {
    std::size_t foreign = 0;
    for (std::size_t i = 0; i < optimizer_.parameters().size(); ++i) {
      const Tensor& parameter = optimizer_.parameters()[i];
      auto name = names_.find(parameter.impl());
      if (name == names_.end()) {
        foreign += 1;
        continue;
      }
      if (!parameter.requires_grad())
        say(Mistake::frozen, name->second,
            "'" + name->second +
                "' requires no gradient, but the optimizer holds it: if it is to be trained, thaw it by "
                "set_requires_grad(); if not, give the optimizer the others alone.");
    }
    if (foreign > 0)
      say(Mistake::stale_optimizer, optimizer_.name(),
          concat("The optimizer holds ", foreign, foreign == 1 ? " parameter that is" : " parameters that are",
                 " none of the model's: was it made for another model, or before a part was replaced? Make it of this "
                 "model's parameters."));
  }

  void look_at_registry() {
    for (std::size_t i = 1; i < parts_.size(); ++i)
      for (std::size_t k = 0; k < i; ++k)
        if (parts_[i].module.is_same(parts_[k].module)) {
          say(Mistake::registered_twice, parts_[i].name,
              "'" + parts_[i].name + "' is the same " + parts_[i].module.class_name() + " as '" + parts_[k].name +
                  "': a copy of a layer names the same parameters. Make a layer of its own (nn::clone()), or register "
                  "it once and call it twice.");
          break;
        }
    // Two names in one module. A tie stands in two modules.
    for (std::size_t i = 0; i < parts_.size(); ++i) {
      std::unordered_map<const void*, std::string> own;
      for (const auto& [name, tensor] : parts_[i].module.state()) {
        if (name.find('.') != name.npos) continue;
        auto [at, is_new] = own.emplace(tensor.impl(), name);
        const std::string prefix = parts_[i].name.empty() ? "" : parts_[i].name + ".";
        if (!is_new)
          say(Mistake::registered_twice, prefix + name,
              concat("'", prefix, name, "' is the same tensor as '", prefix, at->second,
                     "' of the same module: hand copy() of it to param(), or register it once."));
      }
    }
    add_cut_ties();
  }

  Audit take() { return std::move(audit_); }

 private:
  struct Parameter {
    std::string name;
    Tensor tensor;
    nn::Module owner;
  };

  void say(Mistake mistake, std::string subject, std::string text) {
    if (!audit_.has(mistake, subject)) audit_.findings.push_back({mistake, std::move(subject), std::move(text)});
  }

  void add_broadcast(const std::string& place, const std::string& operation, const std::string& shapes) {
    say(Mistake::broadcast, place.empty() ? operation : place,
        "In '" + operation + "'" + (place.empty() ? "" : " at " + place) + " shapes " + shapes +
            " meet and make a matrix of every element with every other: squeeze() the one or unsqueeze() the other, so "
            "that they are of one shape.");
  }

  void add_strangers(const std::vector<nn::Module>& strangers) {
    for (const nn::Module& layer : strangers) {
      for (const Tensor& parameter : layer.parameters()) of_strangers_.insert(parameter.impl()->node.get());
      // What the class was seen to hold has been told.
      const std::string kind = layer.class_name();
      const bool is_part = std::any_of(strangers.begin(), strangers.end(), [&](const nn::Module& other) {
        return !other.is_same(layer) && layer.path().rfind(other.path() + ".", 0) == 0;
      });
      if (is_part || audit_.has(Mistake::unregistered_layer, kind)) continue;
      say(Mistake::unregistered_layer, kind,
          "A " + concat(layer) +
              " runs that was never handed to child() of the model: its parameters are not among the model's, and "
              "train(), eval() and to() pass it by.");
    }
  }

  /// What the loss reaches and the optimizer does not hold.
  void add_unknown(const std::unordered_set<const Node*>& reached, const std::vector<const Node*>& in_order) {
    std::unordered_set<const Node*> of_optimizer, of_model;
    for (const Tensor& parameter : optimizer_.parameters()) of_optimizer.insert(parameter.impl()->node.get());
    for (const Parameter& parameter : parameters_) of_model.insert(parameter.tensor.impl()->node.get());
    for (const Parameter& parameter : parameters_) {
      const Node* node = parameter.tensor.impl()->node.get();
      if (reached.count(node) != 0 && of_optimizer.count(node) == 0)
        say(Mistake::unknown_to_optimizer, parameter.name,
            "The loss reaches '" + parameter.name +
                "', but the optimizer does not know it: it keeps its first value. Give the optimizer all parameters, "
                "or freeze it by set_requires_grad(false).");
    }
    for (const Node* node : in_order) {
      if (of_model.count(node) != 0 || of_optimizer.count(node) != 0 || of_strangers_.count(node) != 0) continue;
      const std::string what = concat("a variable ", node->output_shape(0));
      // One that the class was seen to hold has been told.
      if (std::find(held_strangers_.begin(), held_strangers_.end(), what) != held_strangers_.end()) continue;
      say(Mistake::unregistered_parameter, what,
          "The loss reaches " + what +
              " that neither the model has registered nor the optimizer knows: it keeps its first value. Hand it to "
              "param().");
    }
  }

  /// What is registered and the loss does not reach.
  void add_unreached(const std::unordered_set<const Node*>& reached, const std::vector<nn::Module>& called) {
    for (const Parameter& parameter : parameters_) {
      if (!parameter.tensor.requires_grad() || reached.count(parameter.tensor.impl()->node.get()) != 0) continue;
      const bool runs = std::any_of(called.begin(), called.end(),
                                    [&](const nn::Module& layer) { return layer.is_same(parameter.owner); });
      if (runs)
        say(Mistake::detached, parameter.name,
            "The loss does not reach '" + parameter.name +
                "', though its layer runs: something between cuts the graph (detach(), NoGrad, item(), argmax, a cast "
                "to integers), or what it gives is not used.");
      else
        say(Mistake::unused, parameter.name,
            "The loss does not reach '" + parameter.name + "': nothing uses it. Call its layer, or take it out.");
    }
  }

  void add_evaluation(const std::vector<nn::Module>& called) {
    if (!model_.is_training()) {
      say(Mistake::evaluation, model_.class_name(),
          "The model is switched to evaluation: Dropout drops nothing, BatchNorm takes its running means. Call train() "
          "before training.");
      return;
    }
    for (const Part& part : parts_) {
      const std::string kind = part.module.class_name();
      const bool matters =
          kind.find("Dropout") != kind.npos || kind.rfind("BatchNorm", 0) == 0 || kind.rfind("InstanceNorm", 0) == 0;
      const std::vector<Tensor> own = part.module.parameters();
      // Running means that are kept as they are go with weights that are.
      const bool is_frozen =
          !own.empty() && std::none_of(own.begin(), own.end(), [](const Tensor& each) { return each.requires_grad(); });
      const bool runs = std::any_of(called.begin(), called.end(),
                                    [&](const nn::Module& layer) { return layer.is_same(part.module); });
      if (!part.module.is_training() && matters && runs && !is_frozen)
        say(Mistake::evaluation, part.name,
            "'" + part.name + "' (" + kind +
                ") is switched to evaluation, while the model is not: call train() on the model.");
    }
  }

  /// Layers of one class that start alike as wholes: made by cloning, as in a stack of them.
  static bool are_clones(const nn::Module& a, const nn::Module& b) {
    if (a.class_name() != b.class_name()) return false;
    const std::vector<Tensor> of_a = a.parameters(), of_b = b.parameters();
    if (of_a.size() != of_b.size() || of_a.empty()) return false;
    for (std::size_t i = 0; i < of_a.size(); ++i)
      if (of_a[i].shape() != of_b[i].shape() || of_a[i].to_vector<double>() != of_b[i].to_vector<double>())
        return false;
    return true;
  }

  /// Equal numbers in two tensors: no draw gives them, a copy does.
  void add_cut_ties() {
    std::unordered_map<std::string, std::vector<std::size_t>> by_size;
    std::vector<std::vector<double>> values;
    for (std::size_t i = 0; i < parameters_.size(); ++i) {
      const Tensor& tensor = parameters_[i].tensor;
      values.emplace_back();
      if (tensor.numel() < 2 || tensor.ndim() < 2) continue;
      values.back() = tensor.to_vector<double>();
      if (is_constant(values.back())) continue;
      for (std::size_t k : by_size[std::to_string(tensor.numel())]) {
        const Tensor& other = parameters_[k].tensor;
        const bool is_equal = tensor.shape() == other.shape() && values[k] == values[i];
        const bool is_transposed = !is_equal && tensor.ndim() == 2 && other.ndim() == 2 &&
                                   tensor.shape() == Shape{other.size(1), other.size(0)} &&
                                   transpose(other.detach()).to_vector<double>() == values[i];
        if (!is_equal && !is_transposed) continue;
        if (is_equal && are_clones(parameters_[i].owner, parameters_[k].owner)) continue;
        say(Mistake::tie_cut, parameters_[i].name,
            "'" + parameters_[i].name + "' holds the same numbers as '" + parameters_[k].name +
                (is_transposed ? "', transposed" : "'") +
                ", but is another tensor: if they are tied, a copy has cut that, and each learns by itself. Register "
                "the same tensor in both places.");
      }
      by_size[std::to_string(tensor.numel())].push_back(i);
    }
  }

  const nn::Module& model_;
  const optim::Optimizer& optimizer_;
  nn::detail::CopyPlan plan_;
  std::vector<Part> parts_;
  std::vector<Parameter> parameters_;  // each once
  std::unordered_map<const void*, std::string> names_;
  std::vector<std::string> held_strangers_;
  std::unordered_set<const Node*> of_strangers_;
  Audit audit_;
};

}  // namespace

bool Audit::is_sound() const { return findings.empty(); }

bool Audit::has(Mistake mistake, const std::string& subject) const {
  return std::any_of(findings.begin(), findings.end(), [&](const Finding& finding) {
    return finding.mistake == mistake && (subject.empty() || finding.subject == subject);
  });
}

Audit audit_by_copy(const nn::Module& model, const optim::Optimizer& optimizer, const Function<Tensor()>& loss,
                    const Function<void()>& copy, SourceLocation where) {
  check(static_cast<bool>(loss), where, "audit: the loss must be callable, but it is empty.");
  detail::Undisturbed undisturbed(model);
  Auditor auditor(model, optimizer);
  auditor.look_at_class(copy);
  auditor.look_at_loss(loss, where);
  auditor.look_at_optimizer();
  auditor.look_at_registry();
  return auditor.take();
}

std::ostream& operator<<(std::ostream& out, const Audit& audit) {
  if (audit.is_sound()) return out << "audit: nothing found\n";
  for (const Finding& finding : audit.findings) out << finding.text << '\n';
  return out;
}

}  // namespace train
}  // namespace xgrad
