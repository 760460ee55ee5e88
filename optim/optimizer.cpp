#include "optimizer.hpp"

#include <algorithm>
#include <optional>
#include <unordered_set>
#include <utility>

#include "../autograd/grad.hpp"
#include "../autograd/base/parallel.hpp"
#include "../autograd/kernels/elementwise.hpp"
#include "../autograd/ops/elementwise.hpp"
#include "../autograd/ops/reduce.hpp"

namespace xgrad::optim {
namespace {

// Work is counted in elements. These are measured.
constexpr std::int64_t kCallWork = 400;         // what a call of each() costs beside its elements
constexpr std::int64_t kWorkGrain = 32 * 1024;  // less is not worth waking a thread
// Less than this in all stays on one thread, where the next pass finds it in the core's cache. To fetch it from another
// core's costs more than a second thread saves.
constexpr std::int64_t kCacheWork = 128 * 1024;

/// Whether each() splits a parameter of this size over the threads itself.
bool is_large(const Tensor& parameter) { return parameter.numel() >= 2 * internal::kElementwiseGrain; }

}  // namespace

Optimizer::~Optimizer() = default;

void Optimizer::zero_grad() {
  for (Tensor& parameter : parameters_) parameter.zero_grad();
}

void Optimizer::step(SourceLocation where) {
  check_states(where);
  if (!gradients_are_finite(where)) return;

  std::optional<internal::OneThread> one_thread;
  if (total_work_ < kCacheWork) one_thread.emplace();
  // Large parameters are split over the threads one by one, the others shared out whole. An update may be written with
  // operators: each thread must be told that they are not to be recorded.
  {
    CallSite site(where);
    NoGrad no_grad;
    for (std::size_t i = 0; i < parameters_.size(); ++i)
      if (is_large(parameters_[i])) step_parameter(groups_[i], i);
  }
  internal::parallel_for(shared_work_, kWorkGrain, [&](std::int64_t begin, std::int64_t end) {
    CallSite site(where);
    NoGrad no_grad;
    const auto first = std::lower_bound(work_before_.begin(), work_before_.end(), begin);
    for (auto i = static_cast<std::size_t>(first - work_before_.begin()); i < parameters_.size(); ++i) {
      if (work_before_[i] >= end) break;
      if (!is_large(parameters_[i])) step_parameter(groups_[i], i);
    }
  });
}

std::span<const Tensor> Optimizer::group(int index, SourceLocation where) const {
  check_group(index, where);
  return {parameters_.data() + group_begin(index), parameters_.data() + group_ends_[index]};
}

void Optimizer::set_lr(double lr, SourceLocation where) {
  for (int group = 0; group < group_count(); ++group) set_group_lr(group, lr, where);
}

void Optimizer::add_group(const char* optimizer, std::vector<Tensor> parameters, SourceLocation where) {
  check(!parameters.empty(), where, optimizer, ": at least one parameter is needed, but the list is empty");
  std::unordered_set<const void*> held;
  for (const Tensor& parameter : parameters_) held.insert(parameter.impl());

  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const Tensor& parameter = parameters[i];
    const std::size_t number = parameters_.size() + i;
    check(parameter.defined(), where, optimizer, ": parameters must be defined tensors, but parameter ", number,
          " is default-constructed");
    check(is_floating(parameter.dtype()), where, optimizer, ": parameters must be floating, but parameter ", number,
          ' ', parameter.shape(), " is ", parameter.dtype());
    check(parameter.is_leaf(), where, optimizer, ": parameters must be leaves, but parameter ", number, ' ',
          parameter.shape(), " was made by ", std::string_view(parameter.operation()));
    check(parameter.requires_grad(), where, optimizer, ": parameters must require a gradient, but parameter ", number,
          ' ', parameter.shape(), " does not; call set_requires_grad()");
    internal::check_writable(optimizer, parameter, where);
    check(held.insert(parameter.impl()).second, where, optimizer, ": each parameter may be given once, but parameter ",
          number, ' ', parameter.shape(), " was given before");
  }

  for (const Tensor& parameter : parameters) {
    const std::int64_t work = parameter.numel() + kCallWork;
    total_work_ += work;
    work_before_.push_back(shared_work_);
    if (!is_large(parameter)) shared_work_ += work;
  }
  groups_.resize(groups_.size() + parameters.size(), group_count());
  parameters_.insert(parameters_.end(), std::make_move_iterator(parameters.begin()),
                     std::make_move_iterator(parameters.end()));
  states_.resize(parameters_.size());
  group_ends_.push_back(parameters_.size());
}

void Optimizer::check_group(int group, SourceLocation where) const {
  check<std::out_of_range>(group >= 0 && group < group_count(), where, name(), ": group ", group,
                           " is asked for, but there are ", group_count(), " (counted from 0)");
}

void Optimizer::check_states(SourceLocation where) const {
  check(states_.size() == parameters_.size(), where, name(),
        ": there must be one state for each parameter, but there are ", states_.size(), " states and ",
        parameters_.size(), " parameters; nothing was updated");
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    const DType own = parameters_[i].impl()->dtype;
    for (const Tensor& buffer : states_[i].buffers) {
      if (!buffer.defined() || buffer.impl()->dtype == own) continue;
      check(!parameters_[i].grad().defined(), where, name(),
            ": what is kept for a parameter must have its dtype, but parameter ", i, ' ', parameters_[i].shape(),
            " is ", own, " and what is kept for it ", buffer.impl()->dtype,
            ", as from before a Module::to(); make a new optimizer; nothing was updated");
    }
  }
}

bool Optimizer::gradients_are_finite(SourceLocation where) const {
  CallSite site(where);
  NoGrad no_grad;
  for (int group = 0; group < group_count(); ++group) {
    const NonFinite reaction = nonfinite(group);
    if (reaction == NonFinite::proceed) continue;
    for (std::size_t i = group_begin(group); i < group_ends_[group]; ++i) {
      const Tensor gradient = parameters_[i].grad();
      if (!gradient.defined() || all(isfinite(gradient)).item<bool>()) continue;
      check<std::runtime_error>(reaction != NonFinite::error, where, name(),
                                ": gradients must be finite, but that of parameter ", i, ' ', gradient.shape(),
                                " has an infinite or nan element; nothing was updated");
      return false;
    }
  }
  return true;
}

}  // namespace xgrad::optim
