// The dtype that new tensors have where none is given: a setting of each thread.
#pragma once

#include "dtype.hpp"
#include "error.hpp"

namespace xgrad XGRAD_API {

/// The dtype of new tensors where none is given: float32, unless a DefaultDtype is alive on this thread.
DType default_dtype();
/// The floating dtype for an operator that has no integer form (exp, mean ...): int64 and boolean become the default
/// one.
DType to_floating(DType dtype);

/// While it lives, new floating tensors of this thread have this dtype where none is given: those of the creation and
/// random operators, of tensor() with floating literals, of initial weights, and what exp(), mean() ... make of
/// integers.
///
/// Throws: std::invalid_argument unless the dtype is float32 or float64.
/// Example: `DefaultDtype f64(DType::float64); Tensor x = tensor({0.1, 0.2});  // float64`
class [[nodiscard]] DefaultDtype {
 public:
  explicit DefaultDtype(DType dtype, SourceLocation where = SourceLocation::current());
  ~DefaultDtype();
  DefaultDtype(const DefaultDtype&) = delete;
  DefaultDtype& operator=(const DefaultDtype&) = delete;

 private:
  DType previous_;
};

}  // namespace xgrad
