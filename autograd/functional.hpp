// Derivatives of functions: grad, jacobian, hessian and their products with vectors, over plain C++ functions
// of tensors.
//
//     auto f = [](const Tensor& x) { return sum(sin(x) * exp(x)); };
//     Tensor dfdx = grad(f, x);
//     Tensor d2fdx2 = hessian(f, x);
//     std::vector<Tensor> both = grad([](const Tensor& a, const Tensor& b) { return sum(a * b); }, {a, b});
//
// A function is anything that can be called with one or several tensors (at most eight, or one
// std::vector<Tensor> or span of them) and returns a tensor. Its arguments need not require gradients: inside
// of the function they do. A function that does not depend on an argument has the derivative 0 there.
//
// Everything nests. The result is itself differentiable where that can matter: when an argument, or a tensor
// that the function captured, requires a gradient. Under NoGrad it is not, which saves the work.
#pragma once

#include <initializer_list>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "grad.hpp"
#include "tensor.hpp"

namespace xgrad XGRAD_API {

/// A function of tensors, the number of its arguments known when it is called.
using TensorFunction = Function<Tensor(std::span<const Tensor> arguments)>;

namespace internal {

template <std::size_t>
using Argument = const Tensor&;

inline constexpr std::size_t kMaxArguments = 8;

template <class F, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return std::is_invocable_r_v<Tensor, F&, Argument<I>...>;
}
template <class F, std::size_t... N>
constexpr bool takes_any(std::index_sequence<N...>) {
  return (takes<F>(std::make_index_sequence<N + 1>()) || ...);
}
/// Whether F can be called with some number of tensors, one by one.
template <class F>
inline constexpr bool kTakesTensors = takes_any<F>(std::make_index_sequence<kMaxArguments>());
/// Whether F takes all its tensors in one list. Asked only of functions that do not take them one by one,
/// because the body of a generic lambda is compiled by the question.
template <class F>
constexpr bool takes_list() {
  if constexpr (kTakesTensors<F>)
    return false;
  else
    return std::is_invocable_r_v<Tensor, F&, const std::vector<Tensor>&> ||
           std::is_invocable_r_v<Tensor, F&, std::span<const Tensor>>;
}

/// Whether F, which takes its tensors one by one, takes so many.
template <class F, std::size_t... N>
constexpr bool takes_count(std::size_t count, std::index_sequence<N...>) {
  return ((count == N + 1 && takes<F>(std::make_index_sequence<N + 1>())) || ...);
}

/// Throws std::invalid_argument unless `holds`.
void check_argument_count(bool holds, std::size_t given, SourceLocation where);

template <std::size_t N, class F>
Tensor call(F& function, std::span<const Tensor> arguments) {
  if constexpr (takes<F>(std::make_index_sequence<N>())) {
    if (arguments.size() == N) return [&]<std::size_t... I>(std::index_sequence<I...>)->Tensor {
        return function(arguments[I]...);
      }
    (std::make_index_sequence<N>());
  }
  if constexpr (N < kMaxArguments) return call<N + 1>(function, arguments);
  check_argument_count(false, arguments.size(), {});
  return {};
}

/// Calls `function` with each tensor of the list, or with the list.
template <class F>
Tensor apply(F& function, std::span<const Tensor> arguments) {
  if constexpr (!takes_list<F>())
    return call<1>(function, arguments);
  else if constexpr (std::is_invocable_r_v<Tensor, F&, std::span<const Tensor>>)
    return function(arguments);
  else
    return function(std::vector<Tensor>(arguments.begin(), arguments.end()));
}

/// Refers to `function`, which must outlive the result and is going to be called with `count` tensors.
template <class F>
TensorFunction refer(F& function, std::size_t count, SourceLocation where) {
  if constexpr (!takes_list<F>())
    check_argument_count(takes_count<F>(count, std::make_index_sequence<kMaxArguments>()), count, where);
  return [&function](std::span<const Tensor> arguments) { return apply(function, arguments); };
}

}  // namespace internal

/// Callable with one tensor, and answers with a tensor.
template <class F>
concept UnaryFunction = std::is_invocable_r_v<Tensor, F&, const Tensor&>;
/// Callable with one to eight tensors, or with a list of them, and answers with a tensor.
template <class F>
concept FunctionOfTensors = internal::kTakesTensors<F> || internal::takes_list<F>();

/// The function as a TensorFunction that owns it.
template <FunctionOfTensors F>
TensorFunction function_of(F function) {
  return [function = std::move(function)](std::span<const Tensor> arguments) mutable {
    return internal::apply(function, arguments);
  };
}

struct ValueAndGrad {
  Tensor value;
  Tensor grad;
};
struct ValueAndGrads {
  Tensor value;
  std::vector<Tensor> grads;  ///< by argument
};

// The work behind the templates below, for functions whose type is erased. Each takes all the function's
// arguments. Errors of all: std::invalid_argument when an argument is not floating, the number of arguments
// is not the function's, or a cotangent's or tangent's shape or dtype is not that of what it belongs to.
namespace functional {
ValueAndGrads value_and_grad(const TensorFunction& f, std::span<const Tensor> x, SourceLocation where);
std::vector<Tensor> vjp(const TensorFunction& f, std::span<const Tensor> x, const Tensor& cotangent,
                        SourceLocation where);
Tensor jvp(const TensorFunction& f, std::span<const Tensor> x, std::span<const Tensor> tangents, SourceLocation where);
std::vector<Tensor> jacobian(const TensorFunction& f, std::span<const Tensor> x, SourceLocation where);
std::vector<std::vector<Tensor>> hessian(const TensorFunction& f, std::span<const Tensor> x, SourceLocation where);
std::vector<Tensor> hvp(const TensorFunction& f, std::span<const Tensor> x, std::span<const Tensor> vectors,
                        SourceLocation where);
}  // namespace functional

/// The value and the gradient of a function with one element: f: x -> scalar. grad has x's shape and dtype.
template <UnaryFunction F>
ValueAndGrad value_and_grad(F&& f, const Tensor& x, SourceLocation where = SourceLocation::current()) {
  ValueAndGrads both = functional::value_and_grad(internal::refer(f, 1, where), {&x, 1}, where);
  return {std::move(both.value), std::move(both.grads[0])};
}
template <FunctionOfTensors F>
ValueAndGrads value_and_grad(F&& f, std::span<const Tensor> x, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer(f, x.size(), where), x, where);
}
template <FunctionOfTensors F>
ValueAndGrads value_and_grad(F&& f, std::initializer_list<Tensor> x, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer(f, x.size(), where), {x.begin(), x.size()}, where);
}

/// The gradient of a function with one element: df/dx, in x's shape; of several arguments, one gradient each.
template <UnaryFunction F>
Tensor grad(F&& f, const Tensor& x, SourceLocation where = SourceLocation::current()) {
  return std::move(functional::value_and_grad(internal::refer(f, 1, where), {&x, 1}, where).grads[0]);
}
template <FunctionOfTensors F>
std::vector<Tensor> grad(F&& f, std::span<const Tensor> x, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer(f, x.size(), where), x, where).grads;
}
template <FunctionOfTensors F>
std::vector<Tensor> grad(F&& f, std::initializer_list<Tensor> x, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer(f, x.size(), where), {x.begin(), x.size()}, where).grads;
}

/// cotangent^T J: the gradient of <cotangent, f(x)>. cotangent in the shape of f(x), the result in that of x.
template <UnaryFunction F>
Tensor vjp(F&& f, const Tensor& x, const Tensor& cotangent, SourceLocation where = SourceLocation::current()) {
  return std::move(functional::vjp(internal::refer(f, 1, where), {&x, 1}, cotangent, where)[0]);
}
template <FunctionOfTensors F>
std::vector<Tensor> vjp(F&& f, std::span<const Tensor> x, const Tensor& cotangent,
                        SourceLocation where = SourceLocation::current()) {
  return functional::vjp(internal::refer(f, x.size(), where), x, cotangent, where);
}
template <FunctionOfTensors F>
std::vector<Tensor> vjp(F&& f, std::initializer_list<Tensor> x, const Tensor& cotangent,
                        SourceLocation where = SourceLocation::current()) {
  return functional::vjp(internal::refer(f, x.size(), where), {x.begin(), x.size()}, cotangent, where);
}

/// J tangent: the derivative of f at x in the direction of `tangent`, exact. tangent in the shape of x, the
/// result in that of f(x). Computed by two reverse passes: cotangent^T J is linear in the cotangent, and its
/// derivative in the direction of the tangent is J tangent.
template <UnaryFunction F>
Tensor jvp(F&& f, const Tensor& x, const Tensor& tangent, SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer(f, 1, where), {&x, 1}, {&tangent, 1}, where);
}
template <FunctionOfTensors F>
Tensor jvp(F&& f, std::span<const Tensor> x, std::span<const Tensor> tangents,
           SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer(f, x.size(), where), x, tangents, where);
}
template <FunctionOfTensors F>
Tensor jvp(F&& f, std::initializer_list<Tensor> x, std::initializer_list<Tensor> tangents,
           SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer(f, x.size(), where), {x.begin(), x.size()},
                         {tangents.begin(), tangents.size()}, where);
}

/// All derivatives of all elements: [shape of f(x)..., shape of x...]. One reverse pass for each element of
/// f(x). Throws std::invalid_argument when that shape would have more than kMaxDims axes.
template <UnaryFunction F>
Tensor jacobian(F&& f, const Tensor& x, SourceLocation where = SourceLocation::current()) {
  return std::move(functional::jacobian(internal::refer(f, 1, where), {&x, 1}, where)[0]);
}
template <FunctionOfTensors F>
std::vector<Tensor> jacobian(F&& f, std::span<const Tensor> x, SourceLocation where = SourceLocation::current()) {
  return functional::jacobian(internal::refer(f, x.size(), where), x, where);
}
template <FunctionOfTensors F>
std::vector<Tensor> jacobian(F&& f, std::initializer_list<Tensor> x, SourceLocation where = SourceLocation::current()) {
  return functional::jacobian(internal::refer(f, x.size(), where), {x.begin(), x.size()}, where);
}

/// Second derivatives of a function with one element: [shape of x..., shape of x...]; of several arguments,
/// the block [i][j] is d2f / dx_i dx_j. One reverse pass for each element of x.
template <UnaryFunction F>
Tensor hessian(F&& f, const Tensor& x, SourceLocation where = SourceLocation::current()) {
  return std::move(functional::hessian(internal::refer(f, 1, where), {&x, 1}, where)[0][0]);
}
template <FunctionOfTensors F>
std::vector<std::vector<Tensor>> hessian(F&& f, std::span<const Tensor> x,
                                         SourceLocation where = SourceLocation::current()) {
  return functional::hessian(internal::refer(f, x.size(), where), x, where);
}
template <FunctionOfTensors F>
std::vector<std::vector<Tensor>> hessian(F&& f, std::initializer_list<Tensor> x,
                                         SourceLocation where = SourceLocation::current()) {
  return functional::hessian(internal::refer(f, x.size(), where), {x.begin(), x.size()}, where);
}

/// The Hessian times a vector of x's shape, in two reverse passes, without the Hessian.
template <UnaryFunction F>
Tensor hvp(F&& f, const Tensor& x, const Tensor& vector, SourceLocation where = SourceLocation::current()) {
  return std::move(functional::hvp(internal::refer(f, 1, where), {&x, 1}, {&vector, 1}, where)[0]);
}
template <FunctionOfTensors F>
std::vector<Tensor> hvp(F&& f, std::span<const Tensor> x, std::span<const Tensor> vectors,
                        SourceLocation where = SourceLocation::current()) {
  return functional::hvp(internal::refer(f, x.size(), where), x, vectors, where);
}
template <FunctionOfTensors F>
std::vector<Tensor> hvp(F&& f, std::initializer_list<Tensor> x, std::initializer_list<Tensor> vectors,
                        SourceLocation where = SourceLocation::current()) {
  return functional::hvp(internal::refer(f, x.size(), where), {x.begin(), x.size()}, {vectors.begin(), vectors.size()},
                         where);
}

}  // namespace xgrad
