#include "check.hpp"

#include <algorithm>

#include "detail/copy_plan.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {

/// The layers that were called and are not registered.
class RegistrationCheck::Calls final : public CallObserver {
 public:
  explicit Calls(const CopyPlan& plan) : plan_(plan) {}
  void entered(const Module& layer, const Tensor&) override {
    if (plan_.knows(layer)) return;
    std::string name = "a " + concat(layer);
    if (std::find(strangers.begin(), strangers.end(), name) == strangers.end()) strangers.push_back(name);
  }
  std::vector<std::string> strangers;

 private:
  const CopyPlan& plan_;
};

RegistrationCheck::RegistrationCheck(const Module& model, SourceLocation where)
    : model_(model), plan_(new CopyPlan), where_(where) {
  plan_->keep_registry(model);
}

RegistrationCheck::~RegistrationCheck() {
  delete calls_;
  delete plan_;
}

void RegistrationCheck::start_copy() { plan_->start(); }

void RegistrationCheck::finish_copy() {
  plan_->stop();
  std::string problems;
  if (auto names = plan_->not_met(); !names.empty())
    problems += concat(" Registered, but the class holds another tensor in its place, or holds it behind a pointer: ",
                       listed(names), ".");
  if (auto names = plan_->not_registered(); !names.empty())
    problems += concat(" Held, but never handed to child() or param(): ", listed(names), ".");
  check<std::logic_error>(
      problems.empty(), where_, "check_registration: ", model_,
      " must hold by value what it has registered, and no other layers and variables, but it does not.", problems);
}

void RegistrationCheck::start_run() { calls_ = new Calls(*plan_); }

void RegistrationCheck::finish_run() {
  std::vector<std::string> strangers = std::move(calls_->strangers);
  check<std::logic_error>(
      strangers.empty(), where_, "check_registration: each layer that runs must be a part of ", model_,
      ", but these were never handed to child(): ", [&] { return listed(strangers); }, ".");
}

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
