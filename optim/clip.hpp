// Keeping gradients within bounds, between backward() and step().
#pragma once

#include <span>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace optim {

struct ClipNormOptions {
  double p = 2;                     ///< of the norm (sum |g|^p)^(1/p); infinity: the largest |g|
  bool error_if_nonfinite = false;  ///< throw std::runtime_error when the norm is infinite or nan
};

/// Scales all gradients by max_norm / (norm + 1e-6) when that is below 1, norm being the norm of all of them
/// as one vector. Returns the norm from before. Parameters without a gradient are passed over. Each scaled
/// gradient is a new tensor: handles to the old ones keep their values. Throws std::invalid_argument unless
/// max_norm >= 0 and p > 0. Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural
/// networks, ICML 2013.
double clip_grad_norm(std::span<const Tensor> parameters, double max_norm, ClipNormOptions options = {},
                      SourceLocation where = SourceLocation::current());

/// Puts each element of each gradient into [-bound, bound]. Throws std::invalid_argument unless bound >= 0.
void clip_grad_value(std::span<const Tensor> parameters, double bound,
                     SourceLocation where = SourceLocation::current());

}  // namespace optim
}  // namespace XGRAD_API
