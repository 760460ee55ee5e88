// Keeping gradients within bounds, between backward() and step().
#pragma once

#include <span>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of clip_grad_norm().
struct ClipNormOptions {
  double p = 2;                     ///< of the norm (sum |g|^p)^(1/p); infinity: the largest |g|
  bool error_if_nonfinite = false;  ///< throw std::runtime_error when the norm is infinite or nan
};

/// Scales all gradients by max_norm / (norm + 1e-6) when that is below 1, where norm is that of all of them as one
/// vector, and returns the norm from before. It neither overflows nor underflows where a double can hold it. Parameters
/// without a gradient are skipped. Each scaled gradient is a new tensor: handles to the old ones keep their values.
///
/// Throws: std::invalid_argument unless max_norm >= 0 and p > 0; std::runtime_error by option; std::bad_alloc where
/// memory runs out. No gradient is changed then.
/// Source: Pascanu, Mikolov, Bengio, On the difficulty of training recurrent neural networks, ICML 2013.
double clip_grad_norm(std::span<const Tensor> parameters, double max_norm, ClipNormOptions options = {},
                      SourceLocation where = SourceLocation::current());

/// Puts each element of each gradient into [-bound, bound]. Each clipped gradient is a new tensor.
///
/// Throws: std::invalid_argument unless bound >= 0; std::bad_alloc where memory runs out. No gradient is changed then.
void clip_grad_value(std::span<const Tensor> parameters, double bound,
                     SourceLocation where = SourceLocation::current());

}  // namespace optim
}  // namespace xgrad
