#include "call.hpp"

#include <cstdint>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeinfo>
#include <utility>

#include "../autograd/extend.hpp"
#include "../autograd/grad_mode.hpp"
#include "../autograd/variable.hpp"
#include "detail/registry.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

constinit thread_local CallObserver* innermost_observer = nullptr;

}  // namespace

// ---- Observers ----

CallObserver::CallObserver() noexcept : outer_(std::exchange(innermost_observer, this)) {
  LayerCall::count_watchers(1);
}

CallObserver::~CallObserver() {
  // Not always the innermost: observers may be members, and die in any order.
  CallObserver** place = &innermost_observer;
  while (*place != nullptr && *place != this) place = &(*place)->outer_;
  if (*place == this) *place = outer_;
  LayerCall::count_watchers(-1);
}

void CallObserver::entered(const Module&, const Tensor&) {}
void CallObserver::left(const Module&, const Tensor&, const Tensor&) {}
void CallObserver::failed(const Module&) noexcept {}

// ---- Calls ----

int LayerCall::watchers = 0;

namespace {

/// The last message on this thread that a layer has put its path before: the layers around that one leave it as it is.
std::string& last_named() {
  thread_local std::string message;
  return message;
}

/// How a layer's error begins. A long name leaves room for the error itself.
std::string path_in_message(const Module& layer) { return shortened(concat(layer), 160); }

/// Whether an error names the layer itself or a part of it: a list in it that has no such place, a layer that refused
/// to be changed.
bool names(std::string_view message, const Module& layer) {
  const std::string path = layer.path();
  if (!message.starts_with(path)) return false;
  message.remove_prefix(path.size());
  return message.starts_with('.') || message.starts_with(": ") || message.starts_with(" (");
}

}  // namespace

void LayerCall::refuse() {
  last_named() = xgrad::with_place(
      concat(path_in_message(layer_), ": x must be a defined tensor, but it is not: ", xgrad::internal::kWhyUndefined),
      x_.where());
  throw std::invalid_argument(last_named());
}

void LayerCall::enter() {
  if (layer_.registry_->backward_hooks_or_null() != nullptr && is_recording({x_.tensor("call")}) &&
      x_.tensor("call").requires_grad())
    entrance_ = internal::entrance(x_.tensor("call"));
  NoGrad no_grad;
  CallObserver* observer = innermost_observer;
  try {
    for (; observer != nullptr; observer = observer->outer_) {
      observer->entered(layer_, x_.tensor("call"));
      ++observer->open_;
    }
  } catch (...) {
    for (CallObserver* told = innermost_observer; told != observer; told = told->outer_) {
      --told->open_;
      told->failed(layer_);
    }
    throw;
  }
}

namespace {

/// What a backward pass has brought to one call of a layer so far.
struct Gradients {
  Module layer;
  Tensor of_output;
  std::uint64_t pass = 0;  // that brought it: one that went no further than the layer leaves it here
};

}  // namespace

/// The gradient by the result comes first, that by the input completes it.
void LayerCall::add_backward_hooks(Tensor& y) {
  auto run = [](const Module& layer, const Tensor& of_input, const Tensor& of_output) {
    if (Module::CallHooks* hooks = layer.registry_->backward_hooks_or_null())
      hooks->for_each([&](const auto& hook) { hook(layer, of_input, of_output); });
  };
  // A view of the registry alone: a call must not keep alive what the layer's class holds beside it.
  auto gradients = std::make_shared<Gradients>(Gradients{Module(layer_.registry_), Tensor()});
  // A hook on a leaf, as of a layer that answers with its parameter, would stay there and see each later pass as well.
  if (y.is_leaf() && !y.is_same(x_.tensor("call"))) y = internal::entrance(y);
  if (!entrance_.defined()) {
    y.add_hook([gradients, run](const Tensor& g) {
       run(gradients->layer, Tensor(), g);
       return Tensor();
     }).keep();
    return;
  }
  const Tensor& x = x_.tensor("call");
  if (y.is_same(x))
    y = entrance_;
  else
    internal::lead_through(y, x, entrance_);
  y.add_hook([gradients](const Tensor& g) {
     gradients->of_output = g;
     gradients->pass = internal::current_pass();
     return Tensor();
   }).keep();
  entrance_
      .add_hook([gradients, run](const Tensor& g) {
        Tensor of_output = std::exchange(gradients->of_output, Tensor());
        if (gradients->pass != internal::current_pass()) of_output = Tensor();
        const std::uint32_t writes = of_output.defined() ? internal::writes_of(of_output).count : 0;
        run(gradients->layer, g, of_output);
        // The pass sees to the gradient that it hands to this hook; that by the result is another hook's.
        if (of_output.defined() && internal::writes_of(of_output).count != writes)
          xgrad::fail<std::logic_error>(
              internal::writes_of(of_output).last,
              concat(gradients->layer,
                     ": a backward hook must not write into the gradient by the result, which others ",
                     "may hold too, but it did so. Write into a copy() of it."));
        return Tensor();
      })
      .keep();
}

void LayerCall::show(Tensor& y) {
  if (y.defined() && layer_.registry_->backward_hooks_or_null() != nullptr && y.requires_grad()) add_backward_hooks(y);
  NoGrad no_grad;
  const Tensor& x = x_.tensor("call");
  if (Module::CallHooks* hooks = layer_.registry_->hooks_or_null())
    hooks->for_each([&](const auto& hook) { hook(layer_, x, y); });
  is_watched_ = false;  // each observer is told once, also where one of them throws
  std::exception_ptr thrown;
  for (CallObserver* observer = innermost_observer; observer != nullptr; observer = observer->outer_) {
    if (observer->open_ == 0) continue;  // it came during this call
    --observer->open_;
    try {
      observer->left(layer_, x, y);
    } catch (...) {
      if (!thrown) thrown = std::current_exception();
    }
  }
  if (thrown) std::rethrow_exception(thrown);
}

void LayerCall::fail() {
  if (is_watched_)
    for (CallObserver* observer = innermost_observer; observer != nullptr; observer = observer->outer_) {
      if (observer->open_ == 0) continue;
      --observer->open_;
      observer->failed(layer_);
    }
  try {
    throw;
  } catch (const std::exception& error) {
    // Of these very types alone: a class of its own may hold more than a message.
    const std::type_info& type = typeid(error);
    bool is_plain = type == typeid(std::invalid_argument) || type == typeid(std::out_of_range) ||
                    type == typeid(std::logic_error) || type == typeid(std::runtime_error);
    if (!is_plain || error.what() == last_named()) throw;
    const std::string_view what = error.what();
    const std::string& message = last_named() =
        names(what, layer_) ? std::string(what) : concat(path_in_message(layer_), ": ", what);
    if (type == typeid(std::invalid_argument)) throw std::invalid_argument(message);
    if (type == typeid(std::out_of_range)) throw std::out_of_range(message);
    if (type == typeid(std::logic_error)) throw std::logic_error(message);
    throw std::runtime_error(message);
  }
}

}  // namespace nn
}  // namespace xgrad
