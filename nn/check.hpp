// check_registration(): finds what a model holds without having registered it, and the other way round.
#pragma once

#include <concepts>
#include <string>
#include <vector>

#include "copy.hpp"

namespace xgrad XGRAD_API {
namespace nn {

namespace detail {

/// Sees what a copy of the model meets, or which layers a call of it runs.
class RegistrationCheck {
 public:
  RegistrationCheck(const Module& model, SourceLocation where);
  ~RegistrationCheck();
  RegistrationCheck(const RegistrationCheck&) = delete;
  RegistrationCheck& operator=(const RegistrationCheck&) = delete;

  void start_copy();
  void finish_copy();
  void start_run();
  void finish_run();

 private:
  class Calls;
  const Module& model_;
  CopyPlan* plan_;
  Calls* calls_ = nullptr;
  SourceLocation where_;
};

}  // namespace detail

/// Checks that a model holds what it has registered, and has registered what it holds; a line for a test of each model.
/// It copies the class, and compares what that meets with the registry. So it finds
/// - a registered tensor whose member, a plain Tensor, was assigned another one: `model.w = zeros({2})`;
/// - a layer that is held but was never handed to child(), such as a Dropout that ignores eval();
/// - a variable that is held but was never handed to param();
/// - what is registered but held behind a pointer, so that clone() and with_parameters() would miss it.
///
/// It cannot find a constant that was meant to be a parameter or a buffer (it is a tensor like any other), nor what is
/// held behind a pointer and not registered: for layers, hand over a call of the model as well.
///
/// Throws: std::logic_error, naming all of that.
/// Example: `nn::check_registration(model, [&] { model(x); });`
template <std::derived_from<Module> M>
void check_registration(const M& model, SourceLocation where = SourceLocation::current()) {
  if constexpr (detail::is_copyable<M>()) {
    detail::RegistrationCheck check(model, where);
    check.start_copy();
    M copy(model);
    check.finish_copy();
  }
}
/// Checks what check_registration(model) does, and that each layer which runs on this thread while `run` calls the
/// model is a registered one, wherever it is held. For a copy that clone() or with_parameters() made it finds the
/// layers of the original that the copy still calls, behind a pointer or by a lambda that captured `this`.
/// Throws: std::logic_error, naming the layers that are not.
template <std::derived_from<Module> M, class F>
requires std::invocable<const F&>
void check_registration(const M& model, const F& run, SourceLocation where = SourceLocation::current()) {
  check_registration(model, where);
  detail::RegistrationCheck check(model, where);
  check.start_run();
  run();
  check.finish_run();
}

}  // namespace nn
}  // namespace xgrad
