// check_module(): are the derivatives of a layer or model right?
#pragma once

#include <concepts>
#include <utility>
#include <vector>

#include "../autograd/check/gradcheck.hpp"
#include "../autograd/functional.hpp"
#include "../autograd/hidden.hpp"
#include "../autograd/random.hpp"
#include "copy.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of check_module().
struct CheckModuleOptions {
  GradcheckOptions gradcheck = {};  ///< `.order = 2` also checks the derivative of the gradient
  /// Generators of the model's own, which are put back before each evaluation as the thread's default_generator() is.
  std::vector<Generator*> generators = {};
};

namespace detail {

/// A model in float64, and its inputs, put back to where they were before each evaluation.
class ModuleCheck {
 public:
  ModuleCheck(const Module& copy, const std::vector<Tensor>& inputs, const CheckModuleOptions& options,
              SourceLocation where);
  ~ModuleCheck();
  ModuleCheck(const ModuleCheck&) = delete;
  ModuleCheck& operator=(const ModuleCheck&) = delete;

  GradcheckReport run(const functional::Differentiated& f);

 private:
  void put_back();

  std::vector<Tensor> inputs_;
  NamedTensors variables_;
  internal::Hidden<std::vector<std::pair<Tensor, Tensor>>> buffers_;  // and what they were
  internal::Hidden<std::vector<std::pair<Generator*, Generator>>> generators_;
  GradcheckOptions options_;
  SourceLocation where_;
};

/// A function of a model and tensors, bound to the model.
template <class M, class F>
struct BoundToModel {
  const M& model;
  const F& function;
  template <std::same_as<Tensor>... T>
  requires std::is_invocable_r_v<Tensor, const F&, const M&, const T&...> Tensor operator()(const T&... inputs) const {
    return function(model, inputs...);
  }
};

}  // namespace detail

/// Compares the gradients of what a model answers with, by each of its parameters that learns and each floating input,
/// with central differences in float64. It does so on a copy in float64: the model itself is not touched. Before each
/// evaluation the buffers, the thread's default_generator() and the generators of the options are put back, so that
/// running statistics and dropout make the same function of it each time. The model is in the mode, training or
/// evaluation, that it is in.
///
/// What gradients disagree with by design, such as what a layer takes for constant (SpectralNorm's vectors in training,
/// the rows that an Embedding shortens), it reports as wrong.
/// Dtype: the inputs' floating ones become float64, the others are handed over as they are.
/// Throws: gradcheck_error where a gradient is wrong, naming the parameter; std::invalid_argument for a model that
/// cannot be copied (clone()) and what it refuses.
/// Example: `nn::check_module(nn::Dense(3, 2), {x}, {.gradcheck = {.order = 2}});`
template <std::derived_from<Module> M>
GradcheckReport check_module(const M& model, const std::vector<Tensor>& inputs, CheckModuleOptions options = {},
                             SourceLocation where = SourceLocation::current()) {
  M copy = clone(model, where);
  detail::ModuleCheck check(copy, inputs, options, where);
  return check.run(internal::refer("check_module", copy, inputs.size(), where));
}

/// check_module() of what a function makes of the model and the inputs: for models that are called otherwise, or answer
/// with several tensors. The function is handed the copy.
/// Example: `nn::check_module(nn::GRU(3, 4), [](const nn::GRU& gru, const Tensor& x) { return gru(x).output; }, {x});`
template <std::derived_from<Module> M, class F>
requires(!std::convertible_to<const F&, std::vector<Tensor>>) GradcheckReport
    check_module(const M& model, const F& function, const std::vector<Tensor>& inputs, CheckModuleOptions options = {},
                 SourceLocation where = SourceLocation::current()) {
  M copy = clone(model, where);
  detail::ModuleCheck check(copy, inputs, options, where);
  if (inputs.empty()) {
    if constexpr (std::is_invocable_r_v<Tensor, const F&, const M&>) {
      auto of_copy = [&] { return function(std::as_const(copy)); };
      return check.run(internal::refer_closure(of_copy));
    }
  }
  detail::BoundToModel<M, F> bound{copy, function};
  return check.run(internal::refer("check_module", bound, inputs.size(), where));
}

}  // namespace nn
}  // namespace xgrad
