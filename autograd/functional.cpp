#include "functional.hpp"

#include "engine/backward.hpp"
#include "engine/sum.hpp"
#include "extend.hpp"
#include "kernels/fill.hpp"
#include "ops/arithmetic.hpp"
#include "ops/cast.hpp"
#include "ops/choose.hpp"
#include "ops/movement.hpp"

namespace xgrad XGRAD_API {

TensorList::TensorList(std::initializer_list<Tensor> tensors) : tensors_(tensors.begin(), tensors.size()) {}
TensorList::TensorList(std::span<const Tensor> tensors) : tensors_(tensors) {}
TensorList::TensorList(const std::vector<Tensor>& tensors) : tensors_(tensors) {}
TensorList::~TensorList() = default;

void TensorList::add(const Tensor& tensor) {
  owned_.push_back(tensor);
  tensors_ = owned_;
}

namespace internal {

std::vector<Tensor> vector_of(std::span<const Tensor> tensors) { return {tensors.begin(), tensors.end()}; }

void check_argument_count(const char* operation, bool holds, std::size_t given, SourceLocation where) {
  check(holds, where, operation,
        ": the function must take as many tensors as there are inputs, but it cannot be called with ", given, ".");
}

}  // namespace internal

namespace functional {

Differentiated::Differentiated(const TensorFunction& function)
    : Differentiated(internal::address_of(function), &internal::call_with_tensors<const TensorFunction>) {}

namespace {

using internal::PassOptions;

/// The tensor under a node of its own, so that its gradient can be asked for apart from other uses of the
/// tensor.
Tensor alias(const Tensor& tensor, SourceLocation where) {
  return record("argument", where, {tensor}, tensor.detach(), {}, [](Vjp& vjp) { vjp.give(0, vjp.take_g()); });
}

/// Variables of a function's own. When they go they become constants, also in the graphs that they are part of: a
/// result that outlives the function depends on nobody's variables.
class OwnVariables {
 public:
  OwnVariables() = default;
  ~OwnVariables() {
    for (const Tensor& variable : variables_) {
      internal::TensorImpl& impl = *variable.impl();
      if (!impl.node || !impl.node->is_leaf) continue;
      internal::Leaf::of(*impl.node).retired = true;
      impl.node = {};
    }
  }
  OwnVariables(const OwnVariables&) = delete;
  OwnVariables& operator=(const OwnVariables&) = delete;

  /// Makes the constant a variable.
  Tensor add(Tensor constant) {
    variables_.push_back(constant.set_requires_grad());
    return constant;
  }

 private:
  std::vector<Tensor> variables_;
};

/// A function computed at a point, with the arguments that stood for the inputs.
class Evaluation {
 public:
  Evaluation(const char* operation, const Differentiated& f, std::span<const Tensor> inputs, SourceLocation where)
      : operation_(operation), where_(where), may_be_differentiable_(grad_enabled()) {
    GradMode recorded(true);
    arguments_.reserve(inputs.size());
    for (const Tensor& input : inputs) {
      check(input.defined(), where, operation, ": the input must be defined, but it is not: ", internal::kWhyUndefined);
      check(is_floating(input.dtype()), where, operation, ": input ", arguments_.size(),
            " must be floating to have a derivative, but it is ", input.dtype(), ". Convert it with cast().");
      check(!f.is_closure() || input.requires_grad(), where, operation, ": parameter ", arguments_.size(),
            " of the closure must require a gradient, but it does not. Call set_requires_grad().");
      bool linked = may_be_differentiable_ && input.requires_grad();
      differentiable_ |= linked;
      arguments_.push_back(f.is_closure() ? input : linked ? alias(input, where) : own_.add(input.detach()));
    }
    value_ = f(arguments_);
    check(value_.defined() && is_floating(value_.dtype()), where, operation,
          ": the function must give a floating tensor, but it gave ",
          value_.defined() ? name(value_.dtype()) : "nothing", ".");
  }

  /// Whether the derivatives must be differentiable in turn. Known once the value's graph has been traversed.
  bool differentiable() const { return differentiable_; }
  /// The result must be differentiable with respect to these tensors too.
  void follow(std::span<const Tensor> tensors) {
    for (const Tensor& tensor : tensors) differentiable_ |= may_be_differentiable_ && tensor.requires_grad();
  }

  const Tensor& value() const { return value_; }
  /// The value as it may leave the function.
  Tensor result() const { return differentiable_ ? value_ : value_.detach(); }

  void check_scalar() const {
    check(value_.numel() == 1, where_, operation_, ": the function must give one element, but its value has shape ",
          value_.shape(), ". Reduce it with sum() or mean(), or take the jacobian.");
  }

  /// cotangent^T d(output)/d(arguments), for an output computed from the arguments; 0 where it does not
  /// depend on one. With a graph of its own when asked for, and where it must be differentiable.
  std::vector<Tensor> pull_back(const Tensor& output, const Tensor& cotangent, PassOptions options) {
    return pull_back_all({&output, 1}, {&cotangent, 1}, options);
  }
  std::vector<Tensor> pull_back_all(std::span<const Tensor> outputs, std::span<const Tensor> cotangents,
                                    PassOptions options) {
    options.create_graph |= differentiable_;
    options.follow_others = may_be_differentiable_;
    internal::PulledBack pulled = internal::pull_back(outputs, arguments_, cotangents, options, where_);
    differentiable_ |= pulled.on_others;
    for (Tensor& result : pulled.gradients)
      if (!pulled.recorded && result.requires_grad()) result = result.detach();
    return std::move(pulled.gradients);
  }

  /// All rows of d(output)/d(arguments): for each argument [shape of output..., shape of argument...].
  std::vector<Tensor> rows(const Tensor& output) {
    for (const Tensor& argument : arguments_)
      check(output.ndim() + argument.ndim() <= kMaxDims, where_, operation_, ": the result must have at most ",
            kMaxDims, " axes, but ", output.shape(), " by ", argument.shape(),
            " has more. Flatten the value or the input.");
    std::int64_t count = output.numel();
    std::vector<std::vector<Tensor>> rows(arguments_.size());
    for (std::int64_t row = 0; row < count; ++row) {
      std::vector<Tensor> gradients = pull_back(output, one_hot_row(output, row), {.retain_graph = true});
      for (std::size_t i = 0; i < gradients.size(); ++i) rows[i].push_back(std::move(gradients[i]));
    }
    std::vector<Tensor> results;
    for (std::size_t i = 0; i < arguments_.size(); ++i) {
      const Tensor& argument = arguments_[i];
      Shape shape = output.shape();
      for (std::int64_t extent : argument.shape()) shape.push_back(extent);
      DType dtype = promote(output.dtype(), argument.dtype());
      results.push_back(count == 0 ? internal::filled(shape, dtype, 0)
                                   : cast(reshape(stack(rows[i], 0, where_), shape), dtype));
    }
    return results;
  }

  void check_like(const char* what, std::span<const Tensor> tensors) const {
    check(tensors.size() == arguments_.size(), where_, operation_, ": there must be one ", what,
          " for each input, but ", "there are ", tensors.size(), " for ", arguments_.size(), " inputs.");
    for (std::size_t i = 0; i < tensors.size(); ++i) check_like(what, tensors[i], arguments_[i]);
  }
  void check_like(const char* what, const Tensor& tensor, const Tensor& like) const {
    check(tensor.defined(), where_, operation_, ": the ", what, " must be ", like.dtype(), " ", like.shape(),
          ", but it is undefined.");
    check(tensor.shape() == like.shape() && tensor.dtype() == like.dtype(), where_, operation_, ": the ", what,
          " must be ", like.dtype(), " ", like.shape(), ", but it is ", tensor.dtype(), " ", tensor.shape(), ".");
  }

 private:
  static Tensor one_hot_row(const Tensor& like, std::int64_t at) {
    Tensor unit = internal::filled(like.shape(), like.dtype(), 0);
    internal::dispatch_floating(like.dtype(),
                                [&]<class T>(T) { internal::fill(internal::data_of<T>(unit) + at, 1, T(1)); });
    return unit;
  }

  const char* operation_;
  SourceLocation where_;
  bool may_be_differentiable_;
  bool differentiable_ = false;
  OwnVariables own_;
  std::vector<Tensor> arguments_;
  Tensor value_;
};

std::span<const Tensor> list_of(const Tensor& tensor) { return {&tensor, 1}; }

Tensor one_like(const Tensor& value) { return internal::filled(value.shape(), value.dtype(), 1); }

}  // namespace

namespace {

/// What value_and_grad() and grad() are, which are told apart in errors.
ValueAndGrads value_and_grad(const char* operation, const Differentiated& f, std::span<const Tensor> x,
                             SourceLocation where) {
  Evaluation at(operation, f, x, where);
  at.check_scalar();
  std::vector<Tensor> gradients = at.pull_back(at.value(), one_like(at.value()), {});
  return {at.result(), std::move(gradients)};
}

}  // namespace

ValueAndGrads value_and_grad(const Differentiated& f, std::span<const Tensor> x, SourceLocation where) {
  return value_and_grad("value_and_grad", f, x, where);
}

std::vector<Tensor> grad(const Differentiated& f, std::span<const Tensor> x, SourceLocation where) {
  return value_and_grad("grad", f, x, where).grads;
}

std::vector<Tensor> vjp(const Differentiated& f, std::span<const Tensor> x, const Tensor& cotangent,
                        SourceLocation where) {
  Evaluation at("vjp", f, x, where);
  at.check_like("cotangent", cotangent, at.value());
  at.follow({&cotangent, 1});
  return at.pull_back(at.value(), cotangent, {});
}

Tensor jvp(const Differentiated& f, std::span<const Tensor> x, std::span<const Tensor> tangents, SourceLocation where) {
  Evaluation at("jvp", f, x, where);
  at.check_like("tangent", tangents);
  at.follow(tangents);
  const Tensor& value = at.value();
  // The pull-back is linear in the cotangent, so its derivative is the same wherever it is taken; here at 0.
  OwnVariables own;
  Tensor cotangent = own.add(internal::filled(value.shape(), value.dtype(), 0));
  std::vector<Tensor> pulled = at.pull_back(value, cotangent, {.create_graph = true});
  internal::PulledBack pushed =
      internal::pull_back(pulled, {&cotangent, 1}, tangents, {.create_graph = at.differentiable()}, where);
  Tensor& result = pushed.gradients[0];
  return !at.differentiable() && result.requires_grad() ? result.detach() : std::move(result);
}

std::vector<Tensor> jacobian(const Differentiated& f, std::span<const Tensor> x, SourceLocation where) {
  Evaluation at("jacobian", f, x, where);
  return at.rows(at.value());
}

std::vector<std::vector<Tensor>> hessian(const Differentiated& f, std::span<const Tensor> x, SourceLocation where) {
  Evaluation at("hessian", f, x, where);
  at.check_scalar();
  std::vector<Tensor> gradients = at.pull_back(at.value(), one_like(at.value()), {.create_graph = true});
  std::vector<std::vector<Tensor>> blocks;
  for (const Tensor& gradient : gradients) blocks.push_back(at.rows(gradient));
  return blocks;
}

GradientAndProduct<std::vector<Tensor>> hvp(const Differentiated& f, std::span<const Tensor> x,
                                            std::span<const Tensor> vectors, SourceLocation where) {
  Evaluation at("hvp", f, x, where);
  at.check_scalar();
  at.check_like("vector", vectors);
  at.follow(vectors);
  std::vector<Tensor> gradients = at.pull_back(at.value(), one_like(at.value()), {.create_graph = true});
  std::vector<Tensor> products = at.pull_back_all(gradients, vectors, {});
  for (Tensor& gradient : gradients)
    if (!at.differentiable() && gradient.requires_grad()) gradient = gradient.detach();
  return {std::move(gradients), std::move(products)};
}

ValueAndGrad value_and_grad(const Differentiated& f, const Tensor& x, SourceLocation where) {
  ValueAndGrads both = value_and_grad(f, list_of(x), where);
  return {std::move(both.value), std::move(both.grads[0])};
}

Tensor grad(const Differentiated& f, const Tensor& x, SourceLocation where) {
  return std::move(value_and_grad("grad", f, list_of(x), where).grads[0]);
}

Tensor vjp(const Differentiated& f, const Tensor& x, const Tensor& cotangent, SourceLocation where) {
  return std::move(vjp(f, list_of(x), cotangent, where)[0]);
}

Tensor jvp(const Differentiated& f, const Tensor& x, const Tensor& tangent, SourceLocation where) {
  return jvp(f, list_of(x), list_of(tangent), where);
}

Tensor jacobian(const Differentiated& f, const Tensor& x, SourceLocation where) {
  return std::move(jacobian(f, list_of(x), where)[0]);
}

Tensor hessian(const Differentiated& f, const Tensor& x, SourceLocation where) {
  return std::move(hessian(f, list_of(x), where)[0][0]);
}

GradientAndProduct<Tensor> hvp(const Differentiated& f, const Tensor& x, const Tensor& vector, SourceLocation where) {
  auto both = hvp(f, list_of(x), list_of(vector), where);
  return {std::move(both.gradient[0]), std::move(both.product[0])};
}

}  // namespace functional

Tensor parameters_to_vector(const TensorList& tensors, SourceLocation where) {
  CallSite site(where);
  std::span<const Tensor> list = tensors;
  check(!list.empty(), where, "parameters_to_vector: there must be a tensor, but the list is empty.");
  DType widest = DType::boolean;
  for (std::size_t i = 0; i < list.size(); ++i) {
    check(list[i].defined(), where, "parameters_to_vector: the tensors must be defined, but tensor ", i, " is not.");
    widest = promote(widest, list[i].dtype());
  }
  std::vector<Tensor> rows;
  for (const Tensor& tensor : list) rows.push_back(cast(reshape(tensor, {tensor.numel()}), widest));
  return cat(rows, 0, where);
}

std::vector<Tensor> parameters_from_vector(const Tensor& vector, const TensorList& like, SourceLocation where) {
  CallSite site(where);
  check(vector.defined(), where, "parameters_from_vector: there must be a vector, but it is undefined.");
  check(vector.ndim() == 1, where, "parameters_from_vector: there must be a vector, but it is of shape ",
        vector.shape(), ".");
  std::vector<std::int64_t> sizes;
  std::int64_t total = 0;
  for (const Tensor& tensor : std::span<const Tensor>(like)) {
    check(tensor.defined(), where, "parameters_from_vector: the tensors must be defined, but tensor ", sizes.size(),
          " is not.");
    sizes.push_back(tensor.numel());
    total += sizes.back();
  }
  check(total == vector.numel(), where,
        "parameters_from_vector: the vector must have as many elements as the tensors, ", total, ", but it has ",
        vector.numel(), ".");
  std::vector<Tensor> pieces = split(vector, sizes);
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const Tensor& shape = std::span<const Tensor>(like)[i];
    pieces[i] = cast(reshape(pieces[i], shape.shape()), shape.dtype());
  }
  return pieces;
}

}  // namespace xgrad
