// What an optimizer keeps for one parameter: named tensors and numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Tensors under names, in order: what Module::named_parameters() and Optimizer::state() answer with.
using NamedTensors = std::vector<std::pair<std::string, Tensor>>;

/// Numbers under names, in order: what Schedule::state() answers with.
using NamedNumbers = std::vector<std::pair<std::string, double>>;

/// A tensor or a number that an optimizer keeps for a parameter: its name, which has no dot, and what it starts as.
struct Kept {
  /// A tensor in the parameter's shape and dtype.
  Kept(const char* name, const Tensor& parameter, double start = 0);
  /// A tensor of any shape and dtype.
  Kept(const char* name, const Shape& shape, DType dtype, double start = 0);
  /// A tensor [rows, ...] of a number of rows that may change, 0 at first, each in the parameter's shape and dtype.
  static Kept rows(const char* name, const Tensor& parameter);
  /// A number.
  static Kept number(const char* name, double start = 0);

  const char* name;
  Shape shape;
  DType dtype;
  double start;
  bool is_number = false;
  bool is_rows = false;      ///< the first axis may have any extent
  bool is_optional = false;  ///< a state may go without it
};

/// What an optimizer keeps for one parameter, nothing until the parameter's first step.
struct State {
 private:
  // An optimizer keeps few things: to look at each is faster than a map. Inline, so that a name of known length is
  // compared without a call.
  template <class T>
  static const T* find(const std::vector<std::pair<std::string, T>>& entries, std::string_view name) {
    for (const std::pair<std::string, T>& entry : entries)
      if (entry.first.size() == name.size() && __builtin_memcmp(entry.first.data(), name.data(), name.size()) == 0)
        return &entry.second;
    return nullptr;
  }
  template <class T>
  static T& need(const std::vector<std::pair<std::string, T>>& entries, std::string_view name) {
    const T* found = find(entries, name);
    if (found == nullptr) [[unlikely]]
      fail_to_find(name);
    return const_cast<T&>(*found);  // for a State that is not const
  }
  [[noreturn]] static void fail_to_find(std::string_view name);

 public:
  std::int64_t steps = 0;  ///< steps that the parameter has taken
  NamedTensors tensors;
  NamedNumbers numbers;
  std::vector<Tensor> prepared;  ///< what prepare() answered with; empty between steps

  /// The tensor of that name. Throws std::logic_error where there is none: the optimizer's keeps() must list it.
  Tensor& operator[](std::string_view name) { return need(tensors, name); }
  const Tensor& operator[](std::string_view name) const { return need(tensors, name); }
  /// The number of that name. Throws as operator[].
  double& number(std::string_view name) { return need(numbers, name); }
  double number(std::string_view name) const { return need(numbers, name); }

  /// The tensor or number of that name, null where there is none.
  const Tensor* find_tensor(std::string_view name) const { return find(tensors, name); }
  const double* find_number(std::string_view name) const { return find(numbers, name); }
};

}  // namespace optim
}  // namespace xgrad
