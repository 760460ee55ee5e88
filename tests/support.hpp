// What many tests need: double tensors from braces, comparison to the last digits, messages of exceptions.
#pragma once

#include <string>

#include <xgrad/autograd/ops.hpp>
#include "catch.hpp"

namespace xgrad::testing {

inline constexpr TensorOptions kDouble{.dtype = DType::float64};
inline constexpr TensorOptions kVariable{.dtype = DType::float64, .requires_grad = true};

/// A float64 constant, and a float64 variable.
inline Tensor f64(const NestedList& values) { return tensor(values, kDouble); }
inline Tensor variable(const NestedList& values) { return tensor(values, kVariable); }

/// Same shape, and the elements equal to within `rtol` (and a thousandth of that absolutely, for zeros).
inline bool is_close(const Tensor& a, const Tensor& b, double rtol = 1e-12) {
  return a.defined() && b.defined() && a.shape() == b.shape() &&
         allclose(a.detach(), b.detach(), {.rtol = rtol, .atol = 1e-3 * rtol, .equal_nan = true});
}

/// What the exception says; "nothing was thrown" otherwise.
template <class Error, class F>
std::string message_of(F&& f) {
  try {
    f();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing was thrown";
}

/// This file's name and the line, as error messages write a place: "graph.cpp:42".
inline std::string place(int line, const char* file = __builtin_FILE()) {
  std::string path = file;
  return path.substr(path.rfind('/') + 1) + ":" + std::to_string(line);
}

}  // namespace xgrad::testing
