#include "average.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "../autograd/each.hpp"
#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/tensor_impl.hpp"
#include "detail/shown.hpp"
#include "detail/update.hpp"

namespace xgrad XGRAD_API {
namespace optim {
namespace {

/// target = source, converted to the target's dtype. Both are leaves of one shape. It takes no memory, as assign() may:
/// nothing can stop several of them half way.
void write(const Tensor& target, const Tensor& source, SourceLocation where) {
  internal::note_write(target, where);
  internal::copy_into(target, source);
}

}  // namespace

AveragedWeights::AveragedWeights(NamedTensors weights, AveragedWeightsOptions options, SourceLocation where)
    : weights_(std::move(weights)), options_(options) {
  constexpr const char* kName = "AveragedWeights";
  check(!weights_.empty(), where, kName, ": at least one tensor is needed, but there is none.");
  check(!options.decay || (*options.decay >= 0 && *options.decay < 1), where, kName,
        ": decay must be at least 0 and below 1, but it is ", options.decay.value_or(0), '.');
  std::unordered_map<const void*, std::size_t> first_names;  // of each tensor
  std::unordered_set<std::string_view> names;
  first_of_->reserve(weights_.size());
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const auto& [name, weight] = weights_[i];
    check(weight.defined() && weight.is_leaf(), where, kName, ": weights must be defined leaves, but '", name,
          "' is none.");
    internal::check_writable(kName, weight, where);
    first_of_->push_back(first_names.emplace(weight.impl(), i).first->second);
    check(names.insert(name).second, where, kName, ": each weight must have a name of its own, but '", name,
          "' is the name of two.");
  }
}

AveragedWeights::~AveragedWeights() = default;

void AveragedWeights::update(SourceLocation where) {
  check<std::logic_error>(!is_swapped_, where,
                          "AveragedWeights: update() takes the model's own weights, but the averages are swapped in.");
  NoGrad no_grad;
  CallSite site(where);
  std::vector<Tensor> made(weights_.size());
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const Tensor& weight = weights_[i].second;
    if ((*first_of_)[i] != i) continue;
    if (updates_ == 0)
      made[i] = copy(weight.detach());
    else
      check(
          averages_[i].dtype() == weight.dtype() && averages_[i].shape() == weight.shape(), where,
          "AveragedWeights: a weight must be as it was in the first update, but '", weights_[i].first, "' was ",
          [&] { return shown(averages_[i]); }, " and is ", [&] { return shown(weight); }, ". Nothing was changed.");
  }
  // All is made and checked: nothing fails from here on.
  ++updates_;
  if (updates_ == 1) {
    averages_ = std::move(made);
    return;
  }
  const double n = static_cast<double>(updates_);
  double keep = options_.decay ? *options_.decay : 1 - 1 / n;
  if (options_.decay && options_.warmup) keep = std::min(keep, (1 + n) / (10 + n));
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if ((*first_of_)[i] != i) continue;
    const Tensor& weight = weights_[i].second;
    if (is_floating(weight.dtype()) && keep > 0)
      each(averages_[i], weight, [fresh = 1 - keep](auto& average, auto w) { average = averaged(average, w, fresh); });
    else
      write(averages_[i], weight, where);
  }
}

NamedTensors AveragedWeights::averages() const {
  NamedTensors named;
  if (updates_ == 0) return named;
  for (std::size_t i = 0; i < weights_.size(); ++i) named.emplace_back(weights_[i].first, averages_[(*first_of_)[i]]);
  return named;
}

void AveragedWeights::check_swappable(SourceLocation where) const {
  check<std::logic_error>(updates_ > 0, where,
                          "AveragedWeights: there must be an average, but update() was never called.");
  check<std::logic_error>(
      !is_swapped_, where,
      "AveragedWeights: the model must hold its own weights, but the averages are swapped in already.");
}

void AveragedWeights::exchange(SourceLocation where) {
  NoGrad no_grad;
  // Floating elements are exchanged in place. What else there is goes by way of a copy, all of which are made before
  // the first write, and kept for the way back.
  const auto in_place = [&](std::size_t i) {
    const Tensor& weight = weights_[i].second;
    return is_floating(weight.dtype()) && averages_[i].dtype() == weight.dtype();
  };
  spares_.resize(weights_.size());
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const Tensor& weight = weights_[i].second;
    if ((*first_of_)[i] != i || in_place(i)) continue;
    if (!spares_[i].defined() || spares_[i].dtype() != weight.dtype()) spares_[i] = copy(weight.detach());
  }
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    if ((*first_of_)[i] != i) continue;
    Tensor& weight = weights_[i].second;
    if (in_place(i)) {
      each(weight, averages_[i], [](auto& w, auto& average) {
        auto own = w;
        w = average;
        average = own;
      });
    } else {
      write(spares_[i], weight, where);
      write(weight, averages_[i], where);
      write(averages_[i], spares_[i], where);
    }
  }
}

AveragedWeights::Swapped AveragedWeights::swap_in(SourceLocation where) {
  check_swappable(where);
  exchange(where);
  is_swapped_ = true;
  return Swapped(this);
}

AveragedWeights::Swapped::Swapped(Swapped&& other) noexcept : average_(other.average_) { other.average_ = nullptr; }

AveragedWeights::Swapped::~Swapped() {
  if (average_ == nullptr) return;
  try {
    average_->exchange({});
    average_->is_swapped_ = false;
    average_->spares_.clear();
  } catch (...) {  // the model's dtype is another since, and there is no memory: the averages stay swapped in
  }
}

void AveragedWeights::copy_to_weights(SourceLocation where) {
  check_swappable(where);
  NoGrad no_grad;
  for (std::size_t i = 0; i < weights_.size(); ++i)
    if ((*first_of_)[i] == i) write(weights_[i].second, averages_[i], where);
}

NamedTensors AveragedWeights::state(SourceLocation where) const {
  check<std::logic_error>(!is_swapped_, where,
                          "AveragedWeights: state() is for the averages, but they are swapped in.");
  NamedTensors entries = {{"updates", full({}, updates_, {.dtype = DType::int64})}};
  for (const auto& [name, average] : averages()) entries.emplace_back("average." + name, average);
  return entries;
}

void AveragedWeights::load_state(const NamedTensors& entries, SourceLocation where) {
  constexpr const char* kName = "AveragedWeights";
  check<std::logic_error>(!is_swapped_, where, kName, ": load_state() is for the averages, but they are swapped in.");
  struct Entry {
    const Tensor* tensor = nullptr;
    int count = 0;
  };
  std::unordered_map<std::string_view, Entry> by_name;
  for (const auto& [name, tensor] : entries) {
    Entry& entry = by_name[name];
    entry.tensor = &tensor;
    ++entry.count;
  }
  const auto find = [&](const std::string& key) -> const Tensor* {
    const auto found = by_name.find(key);
    if (found == by_name.end()) return nullptr;
    check(found->second.count == 1, where, kName, ": the state must have each entry once, but '", key,
          "' is there twice. Nothing was changed.");
    return found->second.tensor;
  };
  const Tensor* updates = find("updates");
  check(
      updates != nullptr && updates->defined() && updates->dtype() == DType::int64 && updates->numel() == 1, where,
      kName, ": the state must have 'updates', one int64, but ",
      [&] {
        return updates == nullptr || !updates->defined() ? "there is none"
                                                         : concat("it is ", updates->dtype(), ' ', updates->shape());
      },
      ". Nothing was changed.");
  const auto count = updates->item<std::int64_t>();
  check(count >= 0, where, kName, ": the state's 'updates' must be at least 0, but it is ", count,
        ". Nothing was changed.");
  check(entries.size() == (count == 0 ? 1 : 1 + weights_.size()), where, kName, ": the state must have ",
        count == 0 ? 0 : weights_.size(), weights_.size() == 1 ? " average, but it has " : " averages, but it has ",
        entries.size() - 1, ". Nothing was changed.");
  NoGrad no_grad;
  std::vector<Tensor> loaded(weights_.size());
  for (std::size_t i = 0; count > 0 && i < weights_.size(); ++i) {
    const Tensor& weight = weights_[i].second;
    const std::string key = "average." + weights_[i].first;
    const Tensor* average = find(key);
    check(average != nullptr, where, kName, ": the state must have '", key, "', but it has not. Nothing was changed.");
    check(
        average->defined() && average->dtype() == weight.dtype() && average->shape() == weight.shape(), where, kName,
        ": an average must be as its weight, but '", key, "' is ", [&] { return shown(*average); }, " and the weight ",
        [&] { return shown(weight); }, ". Nothing was changed.");
    if ((*first_of_)[i] == i) loaded[i] = copy(average->detach());
  }
  averages_ = std::move(loaded);
  updates_ = count;
}

}  // namespace optim
}  // namespace xgrad
