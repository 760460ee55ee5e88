#include "nn/sequential.hpp"

namespace xgrad::nn {

Tensor Sequential::operator()(const Operand& x) const {
  Tensor y = x.tensor("Sequential");
  for (const Call& layer : *layers_) y = layer(y, x.where());
  return y;
}

}  // namespace xgrad::nn
