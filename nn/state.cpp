#include "state.hpp"

#include <unordered_map>
#include <unordered_set>

#include "../autograd/base/glob.hpp"
#include "../autograd/grad_mode.hpp"
#include "../autograd/ops.hpp"
#include "../autograd/variable.hpp"
#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {

std::vector<Tensor> without_names(NamedTensors named) {
  std::vector<Tensor> tensors;
  tensors.reserve(named.size());
  for (std::pair<std::string, Tensor>& one : named) tensors.push_back(std::move(one.second));
  return tensors;
}

std::string listed(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 6;  // a message fits on a screen
  std::string text;
  for (std::size_t i = 0; i < names.size() && i < kShown; ++i) text += (text.empty() ? "" : ", ") + names[i];
  if (names.size() > kShown) text += concat(" and ", names.size() - kShown, " more");
  return text;
}

namespace {

/// The value of the first element for which `mask` holds, as text.
std::string first_of(const Tensor& value, const Tensor& mask) {
  std::int64_t index = argmax(reshape(cast(mask, DType::int64), {mask.numel()})).item<std::int64_t>();
  Tensor element = reshape(value, {value.numel()})[index];
  return is_floating(element.dtype()) ? concat(element.item()) : concat(element.item<std::int64_t>());
}

/// The value in another dtype. Throws std::invalid_argument for what that dtype cannot hold: an integer dtype holds its
/// numbers exactly, a floating one rounds, but not a finite number to infinity.
Tensor converted(const Tensor& value, DType dtype) {
  if (value.dtype() == dtype || value.numel() == 0) return cast(value, dtype);
  Tensor result = cast({value, SourceLocation{}}, dtype);
  Tensor is_lost = is_floating(dtype) ? isfinite(value) && !isfinite(result)
                                      : cast({result, SourceLocation{}}, value.dtype()) != value;
  if (sum(is_lost).item() > 0)
    fail<std::invalid_argument>({}, concat(dtype, " must hold each element, but one is ", first_of(value, is_lost)));
  return result;
}

/// Whether two tensors of one shape and dtype have the same elements, nan being nan.
bool same_elements(const Tensor& a, const Tensor& b) {
  if (a.is_same(b) || a.numel() == 0) return true;
  Tensor differs = a != b;
  if (is_floating(a.dtype())) differs = differs && !(isnan(a) && isnan(b));
  return sum(differs).item() == 0;
}

/// "Missing: a, b." of a list that is not empty.
void append_list(std::string& text, const char* what, const std::vector<std::string>& names) {
  if (!names.empty()) text += concat(' ', what, ": ", listed(names), ".");
}

void append_report(std::string& text, const LoadReport& report) {
  append_list(text, "Missing", report.missing);
  append_list(text, "Not in this module", report.unexpected);
}

}  // namespace

LoadPlan plan_load(const std::string& module, const NamedTensors& own, const NamedTensors& given, bool strict,
                   SourceLocation where) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::unordered_map<const void*, std::size_t> first_names;  // of each tensor
  std::unordered_set<const void*> storages;
  for (std::size_t i = 0; i < own.size(); ++i) {
    places.emplace(own[i].first, i);
    first_names.emplace(own[i].second.impl(), i);
    storages.insert(xgrad::internal::storage_of(own[i].second));
  }

  LoadPlan plan;
  std::vector<Tensor>& values = plan.values;
  values.resize(own.size());
  std::vector<bool> is_given(own.size()), is_met(own.size());  // by name; by tensor, at its first name
  std::vector<const std::string*> taken_from(own.size());      // by tensor: the name that its value came under
  std::vector<std::string> twice, misshapen, unfit, torn;
  NoGrad no_grad;
  for (const auto& [name, value] : given) {
    auto place = places.find(name);
    if (place == places.end()) {
      plan.report.unexpected.push_back(name);
      continue;
    }
    const Tensor& target = own[place->second].second;
    const std::size_t first = first_names.at(target.impl());
    if (is_given[place->second]) twice.push_back(name);
    is_given[place->second] = is_met[first] = true;
    if (!value.defined() || value.shape() != target.shape()) {
      misshapen.push_back(concat(name, " (", target.shape(), " here, ",
                                 value.defined() ? to_string(value.shape()) : "undefined", " given)"));
      continue;
    }
    try {
      // Values that are views of the module's own tensors are read before any of those is written.
      Tensor fresh = contiguous(converted(value.detach(), target.dtype()));
      if (xgrad::internal::is_borrowed(fresh) || storages.count(xgrad::internal::storage_of(fresh)) != 0)
        fresh = copy(fresh);
      if (!values[first].defined()) {
        values[first] = fresh;
        taken_from[first] = &name;
      } else if (!same_elements(values[first], fresh)) {
        torn.push_back(concat(name, " and ", *taken_from[first]));
      }
    } catch (const std::invalid_argument& error) {
      unfit.push_back(concat(name, " (", error.what(), ")"));
    }
  }
  for (std::size_t i = 0; i < own.size(); ++i) {
    const std::size_t first = first_names.at(own[i].second.impl());
    if (!is_met[first]) plan.report.missing.push_back(own[i].first);
    if (values[i].defined()) ++plan.report.loaded;
  }

  std::string problems;
  if (strict) append_report(problems, plan.report);
  append_list(problems, "Given twice", twice);
  append_list(problems, "Names of one tensor with different values", torn);
  if (strict) {
    append_list(problems, "Of another shape", misshapen);
    append_list(problems, "Of elements that cannot be converted", unfit);
  }
  check(problems.empty(), where, module,
        ": the names and shapes of the state must be the module's own, but they are not.", problems);
  plan.report.mismatched = std::move(misshapen);
  for (std::string& each : unfit) plan.report.mismatched.push_back(std::move(each));
  return plan;
}

}  // namespace detail

bool LoadReport::complete() const { return missing.empty() && unexpected.empty() && mismatched.empty(); }

std::string LoadReport::text() const {
  std::string text;
  detail::append_report(text, *this);
  detail::append_list(text, "Not fitting", mismatched);
  return concat(loaded, loaded == 1 ? " tensor was" : " tensors were", " loaded.", text);
}

// ---- Patterns ----

Patterns::Patterns(const char* pattern) : patterns_{pattern} {}
Patterns::Patterns(std::string pattern) : patterns_{std::move(pattern)} {}
Patterns::Patterns(std::initializer_list<std::string> patterns) : patterns_(patterns) {}
Patterns::Patterns(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {}

bool Patterns::fit(const std::string& name) const {
  for (const std::string& pattern : patterns_)
    if (xgrad::internal::glob_fits(pattern, name)) return true;
  return false;
}

namespace {

void check_patterns(const char* function, const NamedTensors& named, const Patterns& patterns, SourceLocation where) {
  check(!patterns.list().empty(), where, function, ": there must be a pattern, but there is none.");
  for (const std::string& pattern : patterns.list()) {
    bool fits = false;
    for (const auto& [name, tensor] : named) fits = fits || xgrad::internal::glob_fits(pattern, name);
    check(
        fits, where, function, ": the pattern '", pattern, "' must fit a name, but the names are: ",
        [&] {
          std::vector<std::string> names;
          for (const auto& [name, tensor] : named) names.push_back(name);
          return names.empty() ? std::string("none") : detail::listed(names);
        },
        ".");
  }
}

NamedTensors picked(const char* function, const NamedTensors& named, const Patterns& patterns, bool wanted,
                    SourceLocation where) {
  check_patterns(function, named, patterns, where);
  NamedTensors result;
  for (const auto& entry : named)
    if (patterns.fit(entry.first) == wanted) result.push_back(entry);
  return result;
}

}  // namespace

NamedTensors detail::parameters_by_all_names(const Module& model) {
  std::unordered_set<const void*> parameters;
  for (const Tensor& parameter : model.parameters()) parameters.insert(parameter.impl());
  NamedTensors all = model.state();
  std::erase_if(all, [&](const auto& one) { return !parameters.contains(one.second.impl()); });
  return all;
}

NamedTensors detail::matching_parameters(const char* function, const Module& model, const Patterns& patterns,
                                         SourceLocation where) {
  NamedTensors chosen = picked(function, parameters_by_all_names(model), patterns, true, where);
  std::unordered_set<const void*> seen;
  std::erase_if(chosen, [&](const auto& one) { return !seen.insert(one.second.impl()).second; });
  return chosen;
}

namespace {

void set_learning(const char* function, const Module& model, const Patterns& patterns, bool learns,
                  SourceLocation where) {
  NamedTensors chosen = detail::matching_parameters(function, model, patterns, where);
  for (const auto& [name, tensor] : chosen)
    check<std::logic_error>(tensor.is_leaf(), where, function, ": '", name,
                            "' must be a leaf, but it is the result of '", tensor.operation(),
                            "'. Call it for the model that was copied.");
  std::size_t changed = 0;
  std::erase_if(chosen, [&](const auto& one) { return one.second.requires_grad() == learns; });
  try {
    for (; changed < chosen.size(); ++changed) chosen[changed].second.set_requires_grad(learns, where);
  } catch (...) {  // no memory for a leaf; to give one back takes none, and to freeze neither
    while (changed-- > 0) chosen[changed].second.set_requires_grad(!learns, where);
    throw;
  }
}

}  // namespace

NamedTensors matching(const NamedTensors& named, const Patterns& patterns, SourceLocation where) {
  return picked("matching", named, patterns, true, where);
}
NamedTensors excluding(const NamedTensors& named, const Patterns& patterns, SourceLocation where) {
  return picked("excluding", named, patterns, false, where);
}

void freeze(const Module& model, const Patterns& patterns, SourceLocation where) {
  set_learning("freeze", model, patterns, false, where);
}
void unfreeze(const Module& model, const Patterns& patterns, SourceLocation where) {
  set_learning("unfreeze", model, patterns, true, where);
}

}  // namespace nn
}  // namespace xgrad
