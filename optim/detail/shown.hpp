// A tensor as messages of the optimizers show it.
#pragma once

#include <string>

#include "../../autograd/error.hpp"
#include "../../autograd/print.hpp"
#include "../../autograd/tensor.hpp"

namespace xgrad::optim {

/// "float32 [2, 3]".
inline std::string shown(const Tensor& tensor) {
  return tensor.defined() ? concat(tensor.dtype(), ' ', tensor.shape()) : "undefined";
}

}  // namespace xgrad::optim
