#include "default_dtype.hpp"

#include <utility>

namespace xgrad XGRAD_API {
namespace {

thread_local constinit DType of_this_thread = DType::float32;

DType checked(DType dtype, SourceLocation where) {
  check(is_floating(dtype), where, "DefaultDtype: the dtype must be float32 or float64, but it is ", dtype, ".");
  return dtype;
}

}  // namespace

DType default_dtype() { return of_this_thread; }

DType to_floating(DType dtype) { return is_floating(dtype) ? dtype : of_this_thread; }

DefaultDtype::DefaultDtype(DType dtype, SourceLocation where)
    : previous_(std::exchange(of_this_thread, checked(dtype, where))) {}

DefaultDtype::~DefaultDtype() { of_this_thread = previous_; }

}  // namespace xgrad
