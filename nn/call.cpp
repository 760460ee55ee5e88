#include "call.hpp"

#include <stdexcept>
#include <typeinfo>
#include <utility>

#include "../autograd/grad_mode.hpp"
#include "detail/registry.hpp"

namespace xgrad::nn {
namespace {

constinit thread_local CallObserver* innermost_observer = nullptr;
constinit thread_local LayerCall* innermost_call = nullptr;

}  // namespace

// ---- Observers ----

CallObserver::CallObserver() noexcept : outer_(std::exchange(innermost_observer, this)) {}

CallObserver::~CallObserver() {
  // Not always the innermost: observers may be members, and die in any order.
  CallObserver** place = &innermost_observer;
  while (*place != nullptr && *place != this) place = &(*place)->outer_;
  if (*place == this) *place = outer_;
}

void CallObserver::entered(const Module&, const Tensor&) {}
void CallObserver::left(const Module&, const Tensor&, const Tensor&) {}
void CallObserver::failed(const Module&) noexcept {}

// ---- Calls ----

LayerCall::LayerCall(const Module& layer, const Operand& x) : layer_(layer), x_(x), outer_(innermost_call) {
  if (outer_ != nullptr) outer_->is_named_ = !x.defined();  // false: an earlier error in there has been caught
  check(x.defined(), x.where(), layer, ": x must be a defined tensor, but it is default-constructed.");
  is_seen_ = innermost_observer != nullptr || layer.registry_->hooks_or_null() != nullptr;
  if (innermost_observer != nullptr) {
    NoGrad no_grad;
    for (CallObserver* observer = innermost_observer; observer != nullptr; observer = observer->outer_)
      observer->entered(layer, x.tensor("call"));
  }
  innermost_call = this;
}

LayerCall::~LayerCall() { innermost_call = outer_; }

void LayerCall::show(const Tensor& y) {
  NoGrad no_grad;
  const Tensor& x = x_.tensor("call");
  if (Module::ForwardHooks* hooks = layer_.registry_->hooks_or_null())
    for (const auto& hook : hooks->list()) hook(layer_, x, y);
  for (CallObserver* observer = innermost_observer; observer != nullptr; observer = observer->outer_)
    observer->left(layer_, x, y);
}

void LayerCall::fail() {
  if (is_seen_)
    for (CallObserver* observer = innermost_observer; observer != nullptr; observer = observer->outer_)
      observer->failed(layer_);
  if (outer_ != nullptr) outer_->is_named_ = true;
  if (is_named_) throw;
  try {
    throw;
  } catch (const std::exception& error) {
    // Of these very types alone: a class of its own may hold more than a message.
    const std::type_info& type = typeid(error);
    std::string message = concat(layer_, ": ", error.what());
    if (type == typeid(std::invalid_argument)) throw std::invalid_argument(message);
    if (type == typeid(std::out_of_range)) throw std::out_of_range(message);
    if (type == typeid(std::logic_error)) throw std::logic_error(message);
    if (type == typeid(std::runtime_error)) throw std::runtime_error(message);
    throw;
  }
}

}  // namespace xgrad::nn
