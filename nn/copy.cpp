#include "copy.hpp"

#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops.hpp"
#include "../autograd/variable.hpp"
#include "detail/copy_plan.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {

ModelCopy::ModelCopy(const char* function, const Module& model, const std::type_info& type, SourceLocation where)
    : model_(model), plan_(nullptr), function_(function), where_(where) {
  check(
      typeid(model) == type, where, function, ": the model must be handed over as the class it is, but it is a ",
      [&] { return short_name(typeid(model)); }, " and is handed over as a ", [&] { return short_name(type); }, ".");
  plan_ = new CopyPlan;
}

ModelCopy::~ModelCopy() { delete plan_; }

TensorSwap::TensorSwap(const Tensor& from, Tensor to) : plan_(new CopyPlan) {
  plan_->put("", from, std::move(to));
  plan_->start();
}

TensorSwap::~TensorSwap() { delete plan_; }

namespace {

/// Puts a copy of each tensor in its place.
void put_copies(CopyPlan& plan, const NamedTensors& tensors) {
  std::vector<Tensor> copies = xgrad::internal::copies_of(without_names(tensors));
  for (std::size_t i = 0; i < tensors.size(); ++i) {
    const auto& [name, tensor] = tensors[i];
    plan.put(name, tensor, copies[i].set_requires_grad(tensor.requires_grad()));
  }
}

}  // namespace

void ModelCopy::take(std::span<const Tensor> tensors) {
  NamedTensors own = model_.named_parameters();
  check(tensors.size() == own.size(), where_, function_, ": there must be a tensor for each of the ", own.size(),
        " parameters of ", model_, ", but there are ", tensors.size(), ".");
  // A tensor that stands for one parameter must not be another's key, nor stand twice: an alias is told apart.
  std::unordered_set<const void*> seen;
  for (const auto& [name, parameter] : own) seen.insert(parameter.impl());
  for (std::size_t i = 0; i < own.size(); ++i) {
    const auto& [name, parameter] = own[i];
    Tensor tensor = tensors[i];
    check(tensor.defined(), where_, function_, ": '", name, "' must be a tensor, but it is undefined.");
    check(tensor.shape() == parameter.shape(), where_, function_, ": '", name, "' must be ", parameter.shape(),
          ", but it is ", tensor.shape(), ".");
    check(is_floating(tensor.dtype()), where_, function_, ": '", name, "' must be floating, but it is ", tensor.dtype(),
          ".");
    if (!tensor.is_same(parameter) && !seen.insert(tensor.impl()).second) tensor = xgrad::internal::alias(tensor);
    plan_->put(name, parameter, std::move(tensor));
  }
  put_copies(*plan_, model_.named_buffers());
  plan_->copy_registry(model_);
  plan_->start();
}

void ModelCopy::take(const NamedTensors& tensors) {
  NamedTensors own = model_.named_parameters();
  const NamedTensors by_all_names = parameters_by_all_names(model_);
  std::unordered_map<const void*, std::size_t> place_of;
  std::unordered_map<std::string_view, std::size_t> places;
  std::vector<Tensor> all;
  for (std::size_t i = 0; i < own.size(); ++i) {
    place_of.emplace(own[i].second.impl(), i);
    all.push_back(own[i].second);
  }
  for (const auto& [name, parameter] : by_all_names) places.emplace(name, place_of.at(parameter.impl()));
  std::vector<std::string> unknown;
  std::unordered_map<std::size_t, const std::pair<std::string, Tensor>*> given;
  for (const auto& one : tensors) {
    const auto& [name, tensor] = one;
    const auto at = places.find(name);
    if (at == places.end()) {
      unknown.push_back(name);
      continue;
    }
    const auto [other, is_first] = given.emplace(at->second, &one);
    check(is_first || tensor.is_same(other->second->second), where_, function_,
          ": names of one parameter must stand for one tensor, but '", other->second->first, "' and '", name,
          "' stand for two.");
    all[at->second] = tensor;
  }
  check(
      unknown.empty(), where_, function_, ": each name must be that of a parameter of ", model_,
      ", but these are not: ", [&] { return listed(unknown); }, ".");
  take(std::span<const Tensor>(all));
}

void ModelCopy::take_copies() {
  NamedTensors all = model_.named_parameters();
  for (auto& buffer : model_.named_buffers()) all.push_back(std::move(buffer));
  put_copies(*plan_, all);
  plan_->copy_registry(model_);
  plan_->start();
}

void ModelCopy::finish(const Module& copy) {
  plan_->stop();
  std::vector<std::string> uncopyable = plan_->uncopyable();
  check(
      uncopyable.empty(), where_, function_, ": what a Function in the class ",
      [&] { return short_name(typeid(copy)); },
      " holds must be copyable, but this is not: ", [&] { return listed(uncopyable); },
      ". Let it capture layers and tensors by value, not behind a unique_ptr.");
  std::vector<std::string> missed = plan_->not_met();
  check(
      plan_->is_root(copy) && missed.empty(), where_, function_, ": copying the class ",
      [&] { return short_name(typeid(copy)); }, " must copy all that it is made of, but it left out ",
      [&] { return missed.empty() ? std::string("its base class") : listed(missed); },
      ". Hold layers and tensors by value, not behind a shared_ptr, a pointer or a reference, do not assign to them, "
      "and "
      "let a copy constructor of its own begin with Module(other).");
}

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
