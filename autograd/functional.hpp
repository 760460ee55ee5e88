// Derivatives of functions: grad, jacobian, hessian and their products with vectors, over plain C++ functions of
// tensors, and over closures that read their parameters.
//
//     auto f = [](const Tensor& x) { return sum(sin(x) * exp(x)); };
//     Tensor dfdx = grad(f, x);
//     Tensor d2fdx2 = hessian(f, x);
//     std::vector<Tensor> both = grad([](const Tensor& a, const Tensor& b) { return sum(a * b); }, {a, b});
//     auto [gradients, products] = hvp([&] { return loss(model(input)); }, model.parameters(), vectors);
//
// A function is anything that can be called with one or several tensors (at most eight, or one
// std::vector<Tensor> or span of them) and returns a tensor. Its arguments need not require gradients: inside
// of the function they do, and after it they do not. A closure takes no arguments: it reads the parameters that it is
// differentiated by, which must require gradients. Neither need depend on all of its arguments: the derivative is 0
// there.
//
// Everything nests. The result is itself differentiable where that can matter: when an argument, a parameter, or a
// tensor that the function captured, requires a gradient. Under NoGrad it is not, which saves the work.
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

inline constexpr std::size_t kMaxArguments = 8;

template <std::size_t>
using Argument = const Tensor&;

/// Whether F can be called with a tensor for each index, one by one.
template <class F, std::size_t... I>
constexpr bool takes(std::index_sequence<I...>) {
  return CallableAs<F, Tensor, Argument<I>...>;
}
/// Whether F can be called with N or more tensors, one by one.
template <class F, std::size_t N = 1>
constexpr bool takes_tensors() {
  if constexpr (takes<F>(std::make_index_sequence<N>()))
    return true;
  else if constexpr (N < kMaxArguments)
    return takes_tensors<F, N + 1>();
  else
    return false;
}
template <class F>
concept TakesSpan = CallableAs<F, Tensor, std::span<const Tensor>>;
template <class F>
concept TakesVector = CallableAs < F,
        Tensor, const std::vector<Tensor>
& > ;
/// Whether F takes all its tensors in one list. Asked only of functions that do not take them one by one,
/// because the body of a generic lambda is compiled by the question.
template <class F>
constexpr bool takes_list() {
  if constexpr (takes_tensors<F>())
    return false;
  else
    return TakesVector<F> || TakesSpan<F>;
}

/// A copy, for functions that take a vector. (Spans are made of vectors, and vectors filled, in the .cpp: otherwise
/// each user's file would compile that.)
std::vector<Tensor> vector_of(std::span<const Tensor> tensors);

/// Throws std::invalid_argument, naming the operation, unless `holds`.
void check_argument_count(const char* operation, bool holds, std::size_t given, SourceLocation where);

/// Calls `function` with each of the tensors, of which there must be N or more.
template <std::size_t N, class F>
Tensor call(F& function, std::span<const Tensor> arguments) {
  if constexpr (takes<F>(std::make_index_sequence<N>())) {
    if (arguments.size() == N) return [&]<std::size_t... I>(std::index_sequence<I...>)->Tensor {
        return function(arguments[I]...);
      }
    (std::make_index_sequence<N>());
  }
  if constexpr (N < kMaxArguments) return call<N + 1>(function, arguments);
  check_argument_count("function of tensors", false, arguments.size(), SourceLocation());
  return {};
}

/// Calls `function` with each tensor of the list, or with the list.
template <class F>
Tensor apply(F& function, std::span<const Tensor> arguments) {
  if constexpr (!takes_list<F>())
    return call<1>(function, arguments);
  else if constexpr (TakesSpan<F>)
    return function(arguments);
  else
    return function(vector_of(arguments));
}

/// Whether F, which takes its tensors one by one, takes so many.
template <class F, std::size_t... N>
constexpr bool takes_count(std::size_t count, std::index_sequence<N...>) {
  return ((count == N + 1 && takes<F>(std::make_index_sequence<N + 1>())) || ...);
}

}  // namespace internal

/// Callable with one tensor, and answers with a tensor.
template <class F>
concept UnaryFunction = internal::CallableAs<F, Tensor, const Tensor&>;
/// Callable with one to eight tensors, or with a list of them, and answers with a tensor.
template <class F>
concept FunctionOfTensors = internal::takes_tensors<F>() || internal::takes_list<F>();
/// Callable without arguments, and answers with a tensor.
template <class F>
concept Closure = !FunctionOfTensors<F> && internal::CallableAs<F, Tensor>;

/// TensorList is a list of tensors as a parameter: {a, b}, a vector, a span, or any range of what converts to Tensor.
/// It refers to the tensors, and lives only as a parameter.
class TensorList {
 public:
  TensorList(std::initializer_list<Tensor> tensors);
  TensorList(std::span<const Tensor> tensors);
  TensorList(const std::vector<Tensor>& tensors);
  template <class Range>
  requires(!std::is_convertible_v<const Range&, std::span<const Tensor>> && requires(const Range& range) {
    static_cast<const Tensor&>(*range.begin());
  }) TensorList(const Range& range) {
    for (const Tensor& tensor : range) add(tensor);
  }
  TensorList(const TensorList&) = delete;
  TensorList& operator=(const TensorList&) = delete;
  ~TensorList();

  operator std::span<const Tensor>() const { return tensors_; }
  std::size_t size() const { return tensors_.size(); }

 private:
  void add(const Tensor& tensor);

  std::vector<Tensor> owned_;
  std::span<const Tensor> tensors_;
};

/// The function as a TensorFunction that owns it.
template <FunctionOfTensors F>
TensorFunction function_of(F function) {
  return [function = std::move(function)](std::span<const Tensor> arguments) mutable {
    return internal::apply(function, arguments);
  };
}

/// A function's value and its gradient.
struct ValueAndGrad {
  Tensor value;
  Tensor grad;
};
/// A function's value and its gradients, by argument.
struct ValueAndGrads {
  Tensor value;
  std::vector<Tensor> grads;
};
/// What hvp answers: the gradient, and the Hessian's product with the vector; lists of them for several arguments.
template <class T>
struct GradientAndProduct {
  T gradient;
  T product;
};

// The work behind the templates below, for functions whose type is erased. Each takes all the function's
// arguments. Errors of all: std::invalid_argument when an argument is not floating, the number of arguments
// is not the function's, or a cotangent's or tangent's shape or dtype is not that of what it belongs to.
namespace functional {

/// Refers to what is differentiated, a function of tensors or a closure over them, which outlives it.
class Differentiated {
 public:
  using Call = Tensor (*)(void* function, std::span<const Tensor> arguments);

  Differentiated(void* function, Call call, bool is_closure = false)
      : function_(function), call_(call), is_closure_(is_closure) {}
  Differentiated(const TensorFunction& function);

  Tensor operator()(std::span<const Tensor> arguments) const { return call_(function_, arguments); }
  bool is_closure() const { return is_closure_; }

 private:
  void* function_;
  Call call_;
  bool is_closure_;
};

ValueAndGrads value_and_grad(const Differentiated& f, std::span<const Tensor> x, SourceLocation where);
std::vector<Tensor> grad(const Differentiated& f, std::span<const Tensor> x, SourceLocation where);
std::vector<Tensor> vjp(const Differentiated& f, std::span<const Tensor> x, const Tensor& cotangent,
                        SourceLocation where);
Tensor jvp(const Differentiated& f, std::span<const Tensor> x, std::span<const Tensor> tangents, SourceLocation where);
std::vector<Tensor> jacobian(const Differentiated& f, std::span<const Tensor> x, SourceLocation where);
std::vector<std::vector<Tensor>> hessian(const Differentiated& f, std::span<const Tensor> x, SourceLocation where);
GradientAndProduct<std::vector<Tensor>> hvp(const Differentiated& f, std::span<const Tensor> x,
                                            std::span<const Tensor> vectors, SourceLocation where);
// Of one argument.
ValueAndGrad value_and_grad(const Differentiated& f, const Tensor& x, SourceLocation where);
Tensor grad(const Differentiated& f, const Tensor& x, SourceLocation where);
Tensor vjp(const Differentiated& f, const Tensor& x, const Tensor& cotangent, SourceLocation where);
Tensor jvp(const Differentiated& f, const Tensor& x, const Tensor& tangent, SourceLocation where);
Tensor jacobian(const Differentiated& f, const Tensor& x, SourceLocation where);
Tensor hessian(const Differentiated& f, const Tensor& x, SourceLocation where);
GradientAndProduct<Tensor> hvp(const Differentiated& f, const Tensor& x, const Tensor& vector, SourceLocation where);
}  // namespace functional

namespace internal {
/// A tensor, but not {x}, which is a list of tensors.
template <class T>
concept TensorOrDerived = std::is_base_of_v<Tensor, T>;

template <class F>
F& function_at(void* function) {
  return *reinterpret_cast<F*>(function);  // of a plain function too
}
template <class F>
void* address_of(F& function) {
  if constexpr (std::is_function_v<F>)
    return reinterpret_cast<void*>(&function);
  else
    return const_cast<void*>(static_cast<const void*>(__builtin_addressof(function)));
}

template <class F>
Tensor call_unary(void* function, std::span<const Tensor> arguments) {
  return function_at<F>(function)(arguments[0]);
}
template <class F>
Tensor call_with_tensors(void* function, std::span<const Tensor> arguments) {
  return apply(function_at<F>(function), arguments);
}
template <class F>
Tensor call_closure(void* closure, std::span<const Tensor>) {
  return function_at<F>(closure)();
}

/// Refers to a function of one tensor, of `count` tensors, or of none.
template <class F>
functional::Differentiated refer_unary(F& function) {
  return {address_of(function), &call_unary<F>};
}
template <class F>
functional::Differentiated refer(const char* operation, F& function, std::size_t count, SourceLocation where) {
  if constexpr (!takes_list<F>())
    check_argument_count(operation, takes_count<F>(count, std::make_index_sequence<kMaxArguments>()), count, where);
  return {address_of(function), &call_with_tensors<F>};
}
template <class F>
functional::Differentiated refer_closure(F& closure) {
  return {address_of(closure), &call_closure<F>, true};
}
}  // namespace internal

/// value_and_grad computes the value and the gradient of a function with one element: f: x -> scalar.
///
/// Shapes: grad as x.
/// Dtype: grad as x.
/// Throws: std::invalid_argument where the value has another number of elements than one, or x is not floating.
template <UnaryFunction F, internal::TensorOrDerived T>
ValueAndGrad value_and_grad(F&& f, const T& x, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer_unary(f), x, where);
}
/// value_and_grad of a function of several arguments: one gradient each.
template <FunctionOfTensors F>
ValueAndGrads value_and_grad(F&& f, const TensorList& x, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer("value_and_grad", f, x.size(), where), x, where);
}
/// value_and_grad of a closure, by the parameters that it reads:
/// `value_and_grad([&] { return loss(); }, model.parameters())`. The parameters' own grad() is not touched. Throws
/// std::invalid_argument for one that requires no gradient.
template <Closure F>
ValueAndGrads value_and_grad(F&& closure, const TensorList& parameters,
                             SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer_closure(closure), parameters, where);
}
/// value_and_grad of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
ValueAndGrad value_and_grad(F&& closure, const T& parameter, SourceLocation where = SourceLocation::current()) {
  return functional::value_and_grad(internal::refer_closure(closure), parameter, where);
}

/// grad computes the gradient of a function with one element, df/dx, in x's shape and dtype.
template <UnaryFunction F, internal::TensorOrDerived T>
Tensor grad(F&& f, const T& x, SourceLocation where = SourceLocation::current()) {
  return functional::grad(internal::refer_unary(f), x, where);
}
/// grad of a function of several arguments: one gradient each.
template <FunctionOfTensors F>
std::vector<Tensor> grad(F&& f, const TensorList& x, SourceLocation where = SourceLocation::current()) {
  return functional::grad(internal::refer("grad", f, x.size(), where), x, where);
}
/// grad of a closure, by the parameters that it reads: `grad([&] { return loss(); }, model.parameters())`.
template <Closure F>
std::vector<Tensor> grad(F&& closure, const TensorList& parameters, SourceLocation where = SourceLocation::current()) {
  return functional::grad(internal::refer_closure(closure), parameters, where);
}
/// grad of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
Tensor grad(F&& closure, const T& parameter, SourceLocation where = SourceLocation::current()) {
  return functional::grad(internal::refer_closure(closure), parameter, where);
}

/// vjp computes cotangent^T J: the gradient of <cotangent, f(x)>.
///
/// Shapes: cotangent as f(x); the result as x.
/// Dtype: cotangent as f(x); the result as x.
template <UnaryFunction F, internal::TensorOrDerived T>
Tensor vjp(F&& f, const T& x, const Tensor& cotangent, SourceLocation where = SourceLocation::current()) {
  return functional::vjp(internal::refer_unary(f), x, cotangent, where);
}
/// vjp of a function of several arguments: one product each.
template <FunctionOfTensors F>
std::vector<Tensor> vjp(F&& f, const TensorList& x, const Tensor& cotangent,
                        SourceLocation where = SourceLocation::current()) {
  return functional::vjp(internal::refer("vjp", f, x.size(), where), x, cotangent, where);
}
/// vjp of a closure, by the parameters that it reads.
template <Closure F>
std::vector<Tensor> vjp(F&& closure, const TensorList& parameters, const Tensor& cotangent,
                        SourceLocation where = SourceLocation::current()) {
  return functional::vjp(internal::refer_closure(closure), parameters, cotangent, where);
}
/// vjp of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
Tensor vjp(F&& closure, const T& parameter, const Tensor& cotangent, SourceLocation where = SourceLocation::current()) {
  return functional::vjp(internal::refer_closure(closure), parameter, cotangent, where);
}

/// jvp computes J tangent, the derivative of f at x in the direction of `tangent`, exactly. By two reverse passes:
/// cotangent^T J is linear in the cotangent, and its derivative in the direction of the tangent is J tangent.
///
/// Shapes: tangent as x; the result as f(x).
/// Dtype: tangent as x; the result as f(x).
template <UnaryFunction F, internal::TensorOrDerived T>
Tensor jvp(F&& f, const T& x, const Tensor& tangent, SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer_unary(f), x, tangent, where);
}
/// jvp of a function of several arguments, with one tangent each.
template <FunctionOfTensors F>
Tensor jvp(F&& f, const TensorList& x, const TensorList& tangents, SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer("jvp", f, x.size(), where), x, tangents, where);
}
/// jvp of a closure, by the parameters that it reads, with one tangent each.
template <Closure F>
Tensor jvp(F&& closure, const TensorList& parameters, const TensorList& tangents,
           SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer_closure(closure), parameters, tangents, where);
}
/// jvp of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
Tensor jvp(F&& closure, const T& parameter, const Tensor& tangent, SourceLocation where = SourceLocation::current()) {
  return functional::jvp(internal::refer_closure(closure), parameter, tangent, where);
}

/// jacobian computes all derivatives of all elements of f(x), by one reverse pass for each of them.
///
/// Shapes: [shape of f(x)..., shape of x...].
/// Dtype: the wider one of x and f(x). A derivative passes through the dtype of x, so that of a float32 argument it is
/// exact to float32.
/// Throws: std::invalid_argument when that shape would have more than kMaxDims axes.
template <UnaryFunction F, internal::TensorOrDerived T>
Tensor jacobian(F&& f, const T& x, SourceLocation where = SourceLocation::current()) {
  return functional::jacobian(internal::refer_unary(f), x, where);
}
/// jacobian of a function of several arguments: one Jacobian each.
template <FunctionOfTensors F>
std::vector<Tensor> jacobian(F&& f, const TensorList& x, SourceLocation where = SourceLocation::current()) {
  return functional::jacobian(internal::refer("jacobian", f, x.size(), where), x, where);
}
/// jacobian of a closure, by the parameters that it reads: one Jacobian each.
template <Closure F>
std::vector<Tensor> jacobian(F&& closure, const TensorList& parameters,
                             SourceLocation where = SourceLocation::current()) {
  return functional::jacobian(internal::refer_closure(closure), parameters, where);
}
/// jacobian of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
Tensor jacobian(F&& closure, const T& parameter, SourceLocation where = SourceLocation::current()) {
  return functional::jacobian(internal::refer_closure(closure), parameter, where);
}

/// hessian computes the second derivatives of a function with one element, by one reverse pass for each element of x.
///
/// Shapes: [shape of x..., shape of x...].
/// Dtype: as x.
template <UnaryFunction F, internal::TensorOrDerived T>
Tensor hessian(F&& f, const T& x, SourceLocation where = SourceLocation::current()) {
  return functional::hessian(internal::refer_unary(f), x, where);
}
/// hessian of a function of several arguments: the block [i][j] is d2f / dx_i dx_j.
template <FunctionOfTensors F>
std::vector<std::vector<Tensor>> hessian(F&& f, const TensorList& x, SourceLocation where = SourceLocation::current()) {
  return functional::hessian(internal::refer("hessian", f, x.size(), where), x, where);
}
/// hessian of a closure, by the parameters that it reads: the block [i][j] is d2f / dp_i dp_j.
template <Closure F>
std::vector<std::vector<Tensor>> hessian(F&& closure, const TensorList& parameters,
                                         SourceLocation where = SourceLocation::current()) {
  return functional::hessian(internal::refer_closure(closure), parameters, where);
}
/// hessian of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
Tensor hessian(F&& closure, const T& parameter, SourceLocation where = SourceLocation::current()) {
  return functional::hessian(internal::refer_closure(closure), parameter, where);
}

/// hvp computes the gradient of a function with one element and the Hessian's product with a vector, in two reverse
/// passes, without the Hessian.
///
/// Shapes: vector, gradient and product as x.
/// Dtype: vector, gradient and product as x.
/// Example: `auto [gradient, product] = hvp([](const Tensor& x) { return sum(exp(x)); }, x, ones_like(x));`
template <UnaryFunction F, internal::TensorOrDerived T>
GradientAndProduct<Tensor> hvp(F&& f, const T& x, const Tensor& vector,
                               SourceLocation where = SourceLocation::current()) {
  return functional::hvp(internal::refer_unary(f), x, vector, where);
}
/// hvp of a function of several arguments, with one vector each.
template <FunctionOfTensors F>
GradientAndProduct<std::vector<Tensor>> hvp(F&& f, const TensorList& x, const TensorList& vectors,
                                            SourceLocation where = SourceLocation::current()) {
  return functional::hvp(internal::refer("hvp", f, x.size(), where), x, vectors, where);
}
/// hvp of a closure, by the parameters that it reads, with one vector each.
template <Closure F>
GradientAndProduct<std::vector<Tensor>> hvp(F&& closure, const TensorList& parameters, const TensorList& vectors,
                                            SourceLocation where = SourceLocation::current()) {
  return functional::hvp(internal::refer_closure(closure), parameters, vectors, where);
}
/// hvp of a closure by one parameter.
template <Closure F, internal::TensorOrDerived T>
GradientAndProduct<Tensor> hvp(F&& closure, const T& parameter, const Tensor& vector,
                               SourceLocation where = SourceLocation::current()) {
  return functional::hvp(internal::refer_closure(closure), parameter, vector, where);
}

/// parameters_to_vector copies the elements of several tensors, one after the other, into one vector, for a method that
/// thinks of its parameters as a point. The copy is differentiable.
///
/// Shapes: [the sum of the numbers of elements].
/// Dtype: the widest among them.
/// Derivative: parameters_from_vector(g, tensors).
/// Throws: std::invalid_argument where there is no tensor, or one is undefined.
Tensor parameters_to_vector(const TensorList& tensors, SourceLocation where = SourceLocation::current());

/// parameters_from_vector cuts a vector into tensors in the shapes and dtypes of `like`; it is differentiable too.
///
/// Shapes: vector [the sum of the numbers of elements in `like`]; results as `like`.
/// Dtype: as `like`.
/// Derivative: parameters_to_vector(g).
/// Throws: std::invalid_argument where the vector has another length.
std::vector<Tensor> parameters_from_vector(const Tensor& vector, const TensorList& like,
                                           SourceLocation where = SourceLocation::current());

}  // namespace xgrad
