#include "sequential.hpp"

#include "detail/input.hpp"

namespace xgrad::nn {

Tensor Sequential::operator()(const Operand& x) const {
  Tensor y = input_of(*this, x);
  for (const Call& layer : layers_->calls) y = layer(y, x.where());
  return y;
}

}  // namespace xgrad::nn
