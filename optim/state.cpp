#include "state.hpp"

namespace xgrad::optim {
namespace {

// An optimizer keeps few things: to look at each is faster than a map.
template <class Value>
const Value* find(const std::vector<std::pair<std::string, Value>>& entries, std::string_view name) {
  for (const auto& [own, value] : entries)
    if (own == name) return &value;
  return nullptr;
}

template <class Value>
const Value& need(const Value* found, const char* kind, std::string_view name) {
  check<std::logic_error>(found != nullptr, {}, "State: the ", kind, " '", name,
                          "' must be kept, but it is not. List it in keeps().");
  return *found;
}

}  // namespace

const Tensor* State::find_tensor(std::string_view name) const { return find(tensors, name); }
const double* State::find_number(std::string_view name) const { return find(numbers, name); }

const Tensor& State::operator[](std::string_view name) const { return need(find_tensor(name), "tensor", name); }
Tensor& State::operator[](std::string_view name) { return const_cast<Tensor&>(std::as_const(*this)[name]); }
double State::number(std::string_view name) const { return need(find_number(name), "number", name); }
double& State::number(std::string_view name) { return const_cast<double&>(need(find_number(name), "number", name)); }

}  // namespace xgrad::optim
