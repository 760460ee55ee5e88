#include "sequential.hpp"

namespace xgrad::nn {

Tensor Sequential::operator()(const Operand& x) const {
  return call(x, [&] {
    Tensor y = x.tensor("Sequential");
    for (const Call& layer : layers_->calls) y = layer(y, x.where());
    return y;
  });
}

}  // namespace xgrad::nn
