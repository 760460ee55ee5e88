#include "derivative_of_order.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "../engine/backward.hpp"
#include "../engine/node.hpp"
#include "../grad.hpp"
#include "../ops/create.hpp"

namespace xgrad::internal {
namespace {

std::int64_t total(std::span<const Shape> shapes) {
  std::int64_t count = 0;
  for (const Shape& shape : shapes) count += shape.numel();
  return count;
}

std::vector<Shape> shapes_of(std::span<const Tensor> tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

void require_gradients(std::span<const Tensor> variables) {
  for (Tensor variable : variables)
    if (!variable.requires_grad()) variable.set_requires_grad();
}

}  // namespace

std::string operations_between(std::span<const Tensor> outputs, const Tensor& variable) {
  constexpr std::size_t kMost = 6;
  const Node* target = variable.impl()->node.get();
  std::unordered_map<const Node*, bool> reaches{{target, true}};
  std::vector<const Node*> order;  // each after its producers
  struct Visit {
    const Node* node;
    int next = 0;
  };
  std::vector<Visit> path;
  auto enter = [&](const Node* node) {
    if (node != nullptr && reaches.emplace(node, false).second) path.push_back({node});
  };
  for (const Tensor& output : outputs) {
    enter(output.impl()->node.get());
    while (!path.empty()) {
      Visit& visit = path.back();
      if (visit.next < visit.node->edge_count) {
        enter(visit.node->edges()[visit.next++].producer.get());
        continue;
      }
      const Node* done = visit.node;
      path.pop_back();
      bool& reached = reaches[done];
      for (const auto& edge : done->edges()) reached |= edge.producer && reaches[edge.producer.get()];
      if (reached) order.push_back(done);
    }
  }
  std::string text;
  std::vector<std::string> named;
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    std::string name = (*node)->where.known() ? concat((*node)->name, " (", (*node)->where, ")") : (*node)->name;
    if (std::find(named.begin(), named.end(), name) != named.end()) continue;
    if (named.size() == kMost) return text + ", ...";
    text += (named.empty() ? "" : ", ") + name;
    named.push_back(std::move(name));
  }
  return text;
}

DerivativeOfOrder::DerivativeOfOrder(CheckedFunction& function, GradcheckReport& report, SourceLocation where)
    : function_(&function), order_(1), report_(&report), where_(where) {
  std::vector<Tensor> variables = function.at_inputs();
  variables_ = shapes_of(variables);
  elements_ = flatten(variables);
  counts_ = {variables_.size()};
  evaluate_inputs();
  scale_ = largest_of(value_);
}

DerivativeOfOrder::DerivativeOfOrder(const DerivativeOfOrder& below, Weights& weights)
    : function_(below.function_),
      order_(below.order_ + 1),
      report_(below.report_),
      where_(below.where_),
      variables_(below.variables_),
      counts_(below.counts_),
      elements_(below.elements_) {
  for (const Shape& shape : below.outputs_) {
    variables_.push_back(shape);
    Numbers cotangent = weights.list(shape.numel());
    elements_.insert(elements_.end(), cotangent.begin(), cotangent.end());
  }
  counts_.push_back(variables_.size());
  evaluate_inputs();
  double size = largest_of(own_elements());
  scale_ = size > 0 ? below.scale_ / size : below.scale_;
  for (double& magnitude : magnitudes_) magnitude = std::max(magnitude, scale_);
}

std::size_t DerivativeOfOrder::own_count() const {
  return static_cast<std::size_t>(total(std::span(variables_).first(counts_[0])));
}

Numbers DerivativeOfOrder::Recording::value() const { return flatten(outputs); }

void DerivativeOfOrder::evaluate_inputs() {
  std::vector<Tensor> outputs = run(start_at_inputs(), false);
  outputs_ = shapes_of(outputs);
  value_ = flatten(outputs);
  magnitudes_ = value_;
  for (double& magnitude : magnitudes_) magnitude = std::isfinite(magnitude) ? std::abs(magnitude) : 0;
}

Numbers DerivativeOfOrder::evaluate(const Numbers& elements) { return flatten(run(start_at(elements), false)); }

DerivativeOfOrder::Recording DerivativeOfOrder::record_at_inputs() {
  Recording recording{start_at_inputs(), {}};
  recording.outputs = run(recording.variables, true);
  return recording;
}

DerivativeOfOrder::Recording DerivativeOfOrder::record_at(const Numbers& elements) {
  Recording recording{start_at(elements), {}};
  recording.outputs = run(recording.variables, true);
  return recording;
}

DerivativeOfOrder::Recording DerivativeOfOrder::record_function() { return run_function(function_->at_inputs()); }

DerivativeOfOrder::Recording DerivativeOfOrder::record_function_at(const Numbers& own_elements) {
  return run_function(function_->at(own_elements));
}

DerivativeOfOrder::Recording DerivativeOfOrder::run_function(std::vector<Tensor> variables) {
  Recording recording{std::move(variables), {}};
  require_gradients(recording.variables);
  recording.outputs = run_order(1, recording.variables, true);
  return recording;
}

Numbers DerivativeOfOrder::pull_back(const Recording& recording, const Numbers& cotangent, bool create_graph) const {
  return flatten(internal::pull_back(recording.outputs, recording.variables, unflatten(cotangent, outputs_),
                                     {.create_graph = create_graph, .retain_graph = true}, where_)
                     .gradients);
}

std::vector<Tensor> DerivativeOfOrder::start_at(const Numbers& elements) const {
  return with_cotangents(function_->at(Numbers(elements.begin(), elements.begin() + own_count())), elements);
}

std::vector<Tensor> DerivativeOfOrder::start_at_inputs() { return with_cotangents(function_->at_inputs(), elements_); }

std::vector<Tensor> DerivativeOfOrder::with_cotangents(std::vector<Tensor> variables, const Numbers& elements) const {
  for (Tensor& cotangent :
       unflatten(Numbers(elements.begin() + own_count(), elements.end()), std::span(variables_).subspan(counts_[0])))
    variables.push_back(std::move(cotangent));
  return variables;
}

std::vector<Tensor> DerivativeOfOrder::run(std::span<const Tensor> variables, bool create_graph) {
  require_gradients(variables);
  return run_order(order_, variables, create_graph);
}

std::vector<Tensor> DerivativeOfOrder::run_order(int order, std::span<const Tensor> variables, bool create_graph) {
  if (order == 1) {
    ++report_->evaluations;
    // Recorded even where the value alone is wanted: the function may ask for gradients inside.
    GradMode recorded(true);
    Tensor value = function_->call(variables);
    check(
        value.defined() && value.dtype() == DType::float64, where_, "gradcheck: the function must give a float64 ",
        "tensor, but it gave ", [&] { return value.defined() ? concat("one of ", value.dtype()) : "an undefined one"; },
        ".");
    return {std::move(value)};
  }
  std::span<const Tensor> below = variables.first(counts_[order - 2]);
  std::vector<Tensor> outputs = run_order(order - 1, below, true);
  std::span<const Tensor> cotangents = variables.subspan(below.size(), outputs.size());
  return internal::pull_back(outputs, below, cotangents, {.create_graph = create_graph}, where_).gradients;
}

}  // namespace xgrad::internal
