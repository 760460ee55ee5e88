// What the layers' functions have in common. Not for users of the library.
#pragma once

#include "../module.hpp"

namespace xgrad::nn {

/// A layer's input. Throws std::invalid_argument, naming the layer by its path, when it is undefined.
inline const Tensor& input_of(const Module& layer, const Operand& x) {
  check(x.defined(), x.where(), layer, ": x must be a defined tensor, but it is default-constructed.");
  return x.tensor("");  // it is defined
}

}  // namespace xgrad::nn
