#include "state.hpp"

#include <unordered_map>
#include <unordered_set>

#include "../autograd/grad_mode.hpp"
#include "../autograd/ops.hpp"
#include "../autograd/variable.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace detail {

std::vector<Tensor> without_names(NamedTensors named) {
  std::vector<Tensor> tensors;
  tensors.reserve(named.size());
  for (auto& [name, tensor] : named) tensors.push_back(std::move(tensor));
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

}  // namespace

std::vector<Tensor> values_for(const std::string& module, const NamedTensors& own, const NamedTensors& given,
                               SourceLocation where) {
  std::unordered_map<std::string_view, std::size_t> places;
  std::unordered_set<const void*> storages;
  for (std::size_t i = 0; i < own.size(); ++i) {
    places.emplace(own[i].first, i);
    storages.insert(xgrad::internal::storage_of(own[i].second));
  }

  std::vector<std::string> missing, unknown, twice, misshapen, unfit;
  std::vector<Tensor> values(own.size());
  std::vector<bool> is_given(own.size());
  NoGrad no_grad;
  for (const auto& [name, value] : given) {
    auto place = places.find(name);
    if (place == places.end()) {
      unknown.push_back(name);
      continue;
    }
    const Tensor& target = own[place->second].second;
    if (is_given[place->second]) twice.push_back(name);
    is_given[place->second] = true;
    if (!value.defined() || value.shape() != target.shape()) {
      misshapen.push_back(concat(name, " (", target.shape(), " here, ",
                                 value.defined() ? to_string(value.shape()) : "undefined", " given)"));
      continue;
    }
    try {
      // Values that are views of the module's own tensors are read before any of those is written.
      Tensor fresh = contiguous(converted(value.detach(), target.dtype()));
      values[place->second] = storages.count(xgrad::internal::storage_of(fresh)) != 0 ? copy(fresh) : fresh;
    } catch (const std::invalid_argument& error) {
      unfit.push_back(concat(name, " (", error.what(), ")"));
    }
  }
  for (std::size_t i = 0; i < own.size(); ++i)
    if (!is_given[i]) missing.push_back(own[i].first);

  std::string problems;
  if (!missing.empty()) problems += " Missing: " + listed(missing) + ".";
  if (!unknown.empty()) problems += " Not in this module: " + listed(unknown) + ".";
  if (!twice.empty()) problems += " Given twice: " + listed(twice) + ".";
  if (!misshapen.empty()) problems += " Of another shape: " + listed(misshapen) + ".";
  if (!unfit.empty()) problems += " Of elements that cannot be converted: " + listed(unfit) + ".";
  check(problems.empty(), where, module, ": the names and shapes of the state must be the module's own.", problems);
  return values;
}

}  // namespace detail
}  // namespace nn
}  // namespace xgrad
