#include "early_stopping.hpp"

#include <cmath>
#include <limits>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/create.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

constexpr const char* kPrefix = "best.";

nn::NamedTensors copied(const nn::NamedTensors& state) {
  NoGrad no_grad;
  nn::NamedTensors result;
  for (const auto& [name, tensor] : state) result.emplace_back(name, copy(tensor.detach()));
  return result;
}

Tensor number(double value) { return from_data(&value, Shape{}); }

}  // namespace

EarlyStopping::EarlyStopping(const nn::Module& model, EarlyStoppingOptions options, SourceLocation where)
    : model_(model), options_(options), best_(std::numeric_limits<double>::quiet_NaN()) {
  check(options.patience >= 1, where, "EarlyStopping: patience must be at least 1, but it is ", options.patience, '.');
  check(options.min_delta >= 0, where, "EarlyStopping: min_delta must be at least 0, but it is ", options.min_delta,
        '.');
}

bool EarlyStopping::update(double value) {
  const bool is_better =
      options_.better == Better::smaller ? value < best_ - options_.min_delta : value > best_ + options_.min_delta;
  if (is_better || (std::isnan(best_) && !std::isnan(value))) {
    best_state_ = copied(model_.state());
    best_ = value;
    best_update_ = updates_;
    waited_ = 0;
  } else {
    ++waited_;
  }
  ++updates_;
  return stopped();
}

void EarlyStopping::restore(SourceLocation where) {
  check<std::logic_error>(best_update_ >= 0, where,
                          "EarlyStopping: a value that is no nan must have come before there is a best state, but ",
                          updates_ == 0 ? "none came." : "each was nan.");
  model_.load(best_state_, where);
}

nn::NamedTensors EarlyStopping::state() const {
  nn::NamedTensors state = {{"value", number(best_)},
                            {"best_update", number(static_cast<double>(best_update_))},
                            {"updates", number(static_cast<double>(updates_))},
                            {"waited", number(static_cast<double>(waited_))}};
  for (const auto& [name, tensor] : best_state_) state.emplace_back(kPrefix + name, tensor);
  return state;
}

void EarlyStopping::load_state(const nn::NamedTensors& state, SourceLocation where) {
  auto number_of = [&](const char* key) {
    for (const auto& [name, tensor] : state) {
      if (name != key) continue;
      check(tensor.defined() && tensor.numel() == 1, where, "EarlyStopping: '", std::string_view(key),
            "' must be one number, but it is not. Nothing was changed.");
      return tensor.item();
    }
    fail<std::invalid_argument>(
        where, concat("EarlyStopping: the state must have '", key, "', but it has not. Nothing was changed."));
  };
  const double value = number_of("value"), best_update = number_of("best_update"), updates = number_of("updates"),
               waited = number_of("waited");
  check(updates >= 0 && updates < 0x1p53 && waited >= 0 && waited <= updates && best_update >= -1 &&
            best_update < updates + 1,
        where, "EarlyStopping: best_update, updates and waited must be counts that fit together, but they are ",
        best_update, ", ", updates, " and ", waited, ". Nothing was changed.");
  nn::NamedTensors best;
  for (const auto& [name, tensor] : state)
    if (name.starts_with(kPrefix)) best.emplace_back(name.substr(std::string_view(kPrefix).size()), tensor);
  if (best_update >= 0) {
    const nn::NamedTensors own = model_.state();
    check(own.size() == best.size(), where, "EarlyStopping: the best state must have the model's ", own.size(),
          " tensors, but it has ", best.size(), ". Nothing was changed.");
    for (const auto& [name, tensor] : own) {
      const Tensor* found = nullptr;
      for (const auto& [other, given] : best)
        if (other == name) found = &given;
      check(found != nullptr && found->defined() && found->shape() == tensor.shape(), where,
            "EarlyStopping: the best state must have '", name, "' in the model's shape ", tensor.shape(),
            ", but it has not. Nothing was changed.");
    }
  }
  best_state_ = copied(best);
  best_ = value;
  best_update_ = static_cast<std::int64_t>(best_update);
  updates_ = static_cast<std::int64_t>(updates);
  waited_ = static_cast<std::int64_t>(waited);
}

}  // namespace train
}  // namespace xgrad
