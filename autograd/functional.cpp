#include "functional.hpp"

#include <unordered_set>

#include "extend.hpp"
#include "engine/node.hpp"
#include "ops/detail/pull_back.hpp"
#include "ops/create.hpp"
#include "ops/movement.hpp"

namespace xgrad {

void internal::check_argument_count(bool holds, std::size_t given, SourceLocation where) {
  check(holds, where, "grad: the function must take as many tensors as there are inputs, but it cannot be called with ",
        given, ".");
}

namespace functional {
namespace {

using internal::Node;

/// Whether the graph of `value` reaches a variable other than these arguments.
bool depends_on_others(const Tensor& value, std::span<const Tensor> arguments) {
  std::unordered_set<const Node*> known;
  for (const Tensor& argument : arguments) known.insert(argument.impl()->node.get());
  std::vector<const Node*> left;
  auto visit = [&](const Node* node) {
    if (node != nullptr && known.insert(node).second) left.push_back(node);
  };
  visit(value.impl()->node.get());
  while (!left.empty()) {
    const Node* node = left.back();
    left.pop_back();
    if (node->is_leaf) return true;
    for (const auto& edge : node->edges) visit(edge.producer.get());
  }
  return false;
}

/// The tensor under a node of its own, so that its gradient can be asked for apart from other uses of the
/// tensor.
Tensor alias(const Tensor& tensor, SourceLocation where) {
  return record("argument", where, {tensor}, tensor.detach(), {}, [](Vjp& vjp) { vjp.give(0, vjp.g()); });
}

/// A function computed at a point, with the arguments that stood for the inputs.
class Evaluation {
 public:
  Evaluation(const char* operation, const TensorFunction& f, std::span<const Tensor> inputs, SourceLocation where)
      : operation_(operation), where_(where), differentiable_(grad_enabled()) {
    bool linked = false;
    GradMode recorded(true);
    arguments_.reserve(inputs.size());
    for (const Tensor& input : inputs) {
      check(input.defined(), where, operation, ": the input must be defined.");
      check(is_floating(input.dtype()), where, operation, ": input ", arguments_.size(),
            " must be floating to have a derivative, but it is ", input.dtype(), ". Convert it with cast().");
      if (differentiable_ && input.requires_grad()) {
        linked = true;
        arguments_.push_back(alias(input, where));
      } else {
        arguments_.push_back(input.detach().set_requires_grad());
      }
    }
    value_ = f(arguments_);
    check(value_.defined() && is_floating(value_.dtype()), where, operation,
          ": the function must give a floating tensor, but it gave ",
          value_.defined() ? concat("one of ", value_.dtype()) : "an undefined one", ".");
    differentiable_ = differentiable_ && (linked || depends_on_others(value_, arguments_));
  }

  /// Whether the derivatives must be differentiable in turn.
  bool differentiable() const { return differentiable_; }
  /// The result must be differentiable with respect to these tensors too.
  void follow(std::span<const Tensor> tensors) {
    for (const Tensor& tensor : tensors) differentiable_ |= grad_enabled() && tensor.requires_grad();
  }

  const Tensor& value() const { return value_; }
  /// The value as it may leave the function.
  Tensor result() const { return differentiable_ ? value_ : value_.detach(); }

  void check_scalar() const {
    check(value_.numel() == 1, where_, operation_, ": the function must give one element, but its value has shape ",
          value_.shape(), ". Reduce it with sum() or mean(), or take the jacobian.");
  }

  /// cotangent^T d(output)/d(arguments), for an output computed from the arguments; 0 where it does not
  /// depend on one.
  std::vector<Tensor> pull_back(const Tensor& output, const Tensor& cotangent, GradOptions options) const {
    return pull_back_all({&output, 1}, {&cotangent, 1}, options);
  }
  std::vector<Tensor> pull_back_all(std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                                    GradOptions options) const {
    std::vector<Tensor> results = internal::pull_back(outputs, arguments_, cotangents, options, where_);
    for (Tensor& result : results)
      if (!options.create_graph && result.requires_grad()) result = result.detach();
    return results;
  }

  /// All rows of d(output)/d(arguments): for each argument [shape of output..., shape of argument...].
  std::vector<Tensor> rows(const Tensor& output) const {
    std::int64_t count = output.numel();
    std::vector<std::vector<Tensor>> rows(arguments_.size());
    for (std::int64_t row = 0; row < count; ++row) {
      Tensor unit = one_hot_row(output, row);
      std::vector<Tensor> gradients = pull_back(output, unit, {.create_graph = differentiable_, .retain_graph = true});
      for (std::size_t i = 0; i < gradients.size(); ++i) rows[i].push_back(std::move(gradients[i]));
    }
    std::vector<Tensor> results;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const Tensor& argument = arguments_[i];
      check(output.ndim() + argument.ndim() <= kMaxDims, where_, operation_, ": the result must have at most ",
            kMaxDims, " axes, but ", output.shape(), " by ", argument.shape(),
            " has more. Flatten the value or the input.");
      Shape shape = output.shape();
      for (std::int64_t extent : argument.shape()) shape.push_back(extent);
      results.push_back(count == 0 ? zeros(shape, {.dtype = argument.dtype()})
                                   : reshape(stack(rows[i], 0, where_), shape));
    }
    return results;
  }

  void check_like(const char* what, std::span<const Tensor> tensors) const {
    check(tensors.size() == arguments_.size(), where_, operation_, ": there must be one ", what,
          " for each input, but ", "there are ", tensors.size(), " for ", arguments_.size(), " inputs.");
    for (std::size_t i = 0; i < tensors.size(); ++i) check_like(what, tensors[i], arguments_[i]);
  }
  void check_like(const char* what, const Tensor& tensor, const Tensor& like) const {
    check(tensor.defined() && tensor.shape() == like.shape() && tensor.dtype() == like.dtype(), where_, operation_,
          ": the ", what, " must be ", like.dtype(), " ", like.shape(), ", but it is ",
          tensor.defined() ? concat(tensor.dtype(), " ", tensor.shape()) : "undefined", ".");
  }

 private:
  static Tensor one_hot_row(const Tensor& like, std::int64_t at) {
    Tensor unit = zeros(like.shape(), {.dtype = like.dtype()});
    internal::dispatch_floating(like.dtype(), [&]<class T>(T) { internal::data_of<T>(unit)[at] = 1; });
    return unit;
  }

  const char* operation_;
  SourceLocation where_;
  bool differentiable_;
  std::vector<Tensor> arguments_;
  Tensor value_;
};

Tensor one_like(const Tensor& value) { return ones(value.shape(), {.dtype = value.dtype()}); }

}  // namespace

ValueAndGrads value_and_grad(const TensorFunction& f, std::span<const Tensor> x, SourceLocation where) {
  Evaluation at("grad", f, x, where);
  at.check_scalar();
  std::vector<Tensor> gradients = at.pull_back(at.value(), one_like(at.value()), {.create_graph = at.differentiable()});
  return {at.result(), std::move(gradients)};
}

std::vector<Tensor> vjp(const TensorFunction& f, std::span<const Tensor> x, const Tensor& cotangent,
                        SourceLocation where) {
  Evaluation at("vjp", f, x, where);
  at.check_like("cotangent", cotangent, at.value());
  at.follow({&cotangent, 1});
  return at.pull_back(at.value(), cotangent, {.create_graph = at.differentiable()});
}

Tensor jvp(const TensorFunction& f, std::span<const Tensor> x, std::span<const Tensor> tangents, SourceLocation where) {
  Evaluation at("jvp", f, x, where);
  at.check_like("tangent", tangents);
  at.follow(tangents);
  const Tensor& value = at.value();
  // The pull-back is linear in the cotangent, so its derivative is the same wherever it is taken; here at 0.
  Tensor cotangent = zeros(value.shape(), {.dtype = value.dtype(), .requires_grad = true});
  std::vector<Tensor> pulled = at.pull_back(value, cotangent, {.create_graph = true});
  std::vector<Tensor> outputs, weights;
  for (std::size_t i = 0; i < pulled.size(); ++i) {
    if (!pulled[i].requires_grad()) continue;
    outputs.push_back(pulled[i]);
    weights.push_back(tangents[i]);
  }
  Tensor pushed;
  if (!outputs.empty()) {
    GradOptions options{.create_graph = at.differentiable(), .allow_unused = true};
    pushed = xgrad::grad(outputs, {&cotangent, 1}, weights, options, where)[0];
  }
  if (!pushed.defined()) return zeros(value.shape(), {.dtype = value.dtype()});
  return !at.differentiable() && pushed.requires_grad() ? pushed.detach() : pushed;
}

std::vector<Tensor> jacobian(const TensorFunction& f, std::span<const Tensor> x, SourceLocation where) {
  Evaluation at("jacobian", f, x, where);
  return at.rows(at.value());
}

std::vector<std::vector<Tensor>> hessian(const TensorFunction& f, std::span<const Tensor> x, SourceLocation where) {
  Evaluation at("hessian", f, x, where);
  at.check_scalar();
  std::vector<Tensor> gradients = at.pull_back(at.value(), one_like(at.value()), {.create_graph = true});
  std::vector<std::vector<Tensor>> blocks;
  for (const Tensor& gradient : gradients) blocks.push_back(at.rows(gradient));
  return blocks;
}

std::vector<Tensor> hvp(const TensorFunction& f, std::span<const Tensor> x, std::span<const Tensor> vectors,
                        SourceLocation where) {
  Evaluation at("hvp", f, x, where);
  at.check_scalar();
  at.check_like("vector", vectors);
  at.follow(vectors);
  std::vector<Tensor> gradients = at.pull_back(at.value(), one_like(at.value()), {.create_graph = true});
  return at.pull_back_all(gradients, vectors, {.create_graph = at.differentiable()});
}

}  // namespace functional
}  // namespace xgrad
