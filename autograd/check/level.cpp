#include "level.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "../engine/node.hpp"
#include "../grad.hpp"
#include "../ops/create.hpp"
#include "../ops/detail/pull_back.hpp"

namespace xgrad::internal {
namespace {

Numbers flatten(std::span<const Tensor> tensors) {
  Numbers numbers;
  for (const Tensor& tensor : tensors) {
    Numbers part = tensor.to_vector<double>();
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

/// Tensors of these shapes from a flat list of their elements.
std::vector<Tensor> unflatten(const Numbers& numbers, std::span<const Shape> shapes) {
  std::vector<Tensor> tensors;
  const double* at = numbers.data();
  for (const Shape& shape : shapes) {
    tensors.push_back(from_data(at, shape));
    at += shape.numel();
  }
  return tensors;
}

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

class FunctionSubject : public Subject {
 public:
  FunctionSubject(const TensorFunction& f, std::span<const Tensor> inputs, SourceLocation where)
      : f_(f), inputs_(inputs.begin(), inputs.end()) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check(inputs[i].defined(), where, "gradcheck: input ", i, " must be defined.");
      if (!is_floating(inputs[i].dtype())) continue;
      check(inputs[i].dtype() == DType::float64, where, "gradcheck: input ", i, " must be float64, but it is ",
            inputs[i].dtype(),
            ": differences of its values have too few digits to judge a gradient by. Convert it "
            "with cast(x, DType::float64).");
      input_of_.push_back(static_cast<int>(i));
      shapes_.push_back(inputs[i].shape());
    }
  }

  std::vector<Tensor> at_inputs() override {
    std::vector<Tensor> variables;
    for (int i : input_of_) variables.push_back(inputs_[i].detach());
    return variables;
  }
  std::vector<Tensor> at(const Numbers& elements) override { return unflatten(elements, shapes_); }
  Tensor call(std::span<const Tensor> variables) override {
    std::vector<Tensor> arguments = inputs_;
    for (std::size_t v = 0; v < variables.size(); ++v) arguments[input_of_[v]] = variables[v];
    return f_(arguments);
  }
  int input_of(int variable) const override { return input_of_[variable]; }

 private:
  const TensorFunction& f_;
  std::vector<Tensor> inputs_;
  std::vector<int> input_of_;
  std::vector<Shape> shapes_;
};

/// A function of no arguments: its variables are moved in place, and back in the end.
class ClosureSubject : public Subject {
 public:
  ClosureSubject(const Function<Tensor()>& f, std::span<const Tensor> variables, SourceLocation where)
      : f_(f), variables_(variables.begin(), variables.end()) {
    std::unordered_set<const Node*> known;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const Tensor& variable = variables[i];
      check(variable.defined(), where, "gradcheck: variable ", i, " must be defined.");
      check(variable.dtype() == DType::float64, where, "gradcheck: variable ", i, " must be float64, but it is ",
            variable.dtype(),
            ": differences of its values have too few digits to judge a gradient by. Check the model "
            "in float64.");
      check<std::logic_error>(variable.is_leaf() && variable.requires_grad(), where, "gradcheck: variable ", i,
                              " must be a leaf that requires a gradient, so that it can be moved and differentiated.");
      check(known.insert(variable.impl()->node.get()).second, where, "gradcheck: variable ", i,
            " must be named once, but it was named before.");
      shapes_.push_back(variable.shape());
    }
    original_ = unflatten(flatten(variables_), shapes_);
  }
  ~ClosureSubject() override { move_to(original_); }

  std::vector<Tensor> at_inputs() override {
    move_to(original_);
    return variables_;
  }
  std::vector<Tensor> at(const Numbers& elements) override {
    move_to(unflatten(elements, shapes_));
    return variables_;
  }
  Tensor call(std::span<const Tensor>) override { return f_(); }
  int input_of(int variable) const override { return variable; }

 private:
  void move_to(const std::vector<Tensor>& values) {
    for (std::size_t i = 0; i < variables_.size(); ++i) variables_[i].assign(values[i]);
  }

  const Function<Tensor()>& f_;
  std::vector<Tensor> variables_;
  std::vector<Tensor> original_;
  std::vector<Shape> shapes_;
};

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
      if (visit.next < visit.node->edges.size()) {
        enter(visit.node->edges[visit.next++].producer.get());
        continue;
      }
      const Node* done = visit.node;
      path.pop_back();
      bool& reached = reaches[done];
      for (const auto& edge : done->edges) reached |= edge.producer && reaches[edge.producer.get()];
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

std::unique_ptr<Subject> Subject::of(const TensorFunction& f, std::span<const Tensor> inputs, SourceLocation where) {
  return std::make_unique<FunctionSubject>(f, inputs, where);
}

std::unique_ptr<Subject> Subject::of(const Function<Tensor()>& f, std::span<const Tensor> variables,
                                     SourceLocation where) {
  return std::make_unique<ClosureSubject>(f, variables, where);
}

Level::Level(Subject& subject, GradcheckReport& report, SourceLocation where)
    : subject_(&subject), level_(1), report_(&report), where_(where) {
  std::vector<Tensor> variables = subject.at_inputs();
  variables_ = shapes_of(variables);
  elements_ = flatten(variables);
  counts_ = {variables_.size()};
  evaluate_inputs();
  scale_ = largest_of(value_);
}

Level::Level(const Level& below, Weights& weights)
    : subject_(below.subject_),
      level_(below.level_ + 1),
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

std::size_t Level::own_count() const {
  return static_cast<std::size_t>(total(std::span(variables_).first(counts_[0])));
}

Numbers Level::Recording::value() const { return flatten(outputs); }

void Level::evaluate_inputs() {
  std::vector<Tensor> outputs = run(start_at_inputs(), false);
  outputs_ = shapes_of(outputs);
  value_ = flatten(outputs);
  magnitudes_ = value_;
  for (double& magnitude : magnitudes_) magnitude = std::isfinite(magnitude) ? std::abs(magnitude) : 0;
}

Numbers Level::evaluate(const Numbers& elements) { return flatten(run(start_at(elements), false)); }

Level::Recording Level::record_at_inputs() {
  Recording recording{start_at_inputs(), {}};
  recording.outputs = run(recording.variables, true);
  return recording;
}

Level::Recording Level::record_at(const Numbers& elements) {
  Recording recording{start_at(elements), {}};
  recording.outputs = run(recording.variables, true);
  return recording;
}

Level::Recording Level::record_subject() { return run_subject(subject_->at_inputs()); }

Level::Recording Level::record_subject_at(const Numbers& own_elements) {
  return run_subject(subject_->at(own_elements));
}

Level::Recording Level::run_subject(std::vector<Tensor> variables) {
  Recording recording{std::move(variables), {}};
  require_gradients(recording.variables);
  recording.outputs = run_level(1, recording.variables, true);
  return recording;
}

Numbers Level::pull_back(const Recording& recording, const Numbers& cotangent, bool create_graph) const {
  return flatten(internal::pull_back(recording.outputs, recording.variables, unflatten(cotangent, outputs_),
                                     {.create_graph = create_graph, .retain_graph = true}, where_));
}

std::vector<Tensor> Level::start_at(const Numbers& elements) const {
  return with_cotangents(subject_->at(Numbers(elements.begin(), elements.begin() + own_count())), elements);
}

std::vector<Tensor> Level::start_at_inputs() { return with_cotangents(subject_->at_inputs(), elements_); }

std::vector<Tensor> Level::with_cotangents(std::vector<Tensor> variables, const Numbers& elements) const {
  for (Tensor& cotangent :
       unflatten(Numbers(elements.begin() + own_count(), elements.end()), std::span(variables_).subspan(counts_[0])))
    variables.push_back(std::move(cotangent));
  return variables;
}

std::vector<Tensor> Level::run(std::span<const Tensor> variables, bool record) {
  require_gradients(variables);
  return run_level(level_, variables, record);
}

std::vector<Tensor> Level::run_level(int level, std::span<const Tensor> variables, bool record) {
  if (level == 1) {
    ++report_->evaluations;
    GradMode mode(record);
    Tensor value = subject_->call(variables);
    check(value.defined() && value.dtype() == DType::float64, where_, "gradcheck: the function must give a float64 ",
          "tensor, but it gave ", value.defined() ? concat("one of ", value.dtype()) : "an undefined one", ".");
    return {value};
  }
  std::span<const Tensor> below = variables.first(counts_[level - 2]);
  std::vector<Tensor> outputs = run_level(level - 1, below, true);
  std::span<const Tensor> cotangents = variables.subspan(below.size(), outputs.size());
  return internal::pull_back(outputs, below, cotangents, {.create_graph = record}, where_);
}

}  // namespace xgrad::internal
