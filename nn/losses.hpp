// Losses under the names of nn: they are operators (autograd/ops/loss.hpp).
#pragma once

#include "../autograd/ops/loss.hpp"

namespace xgrad::nn {

using xgrad::BinaryCrossEntropyOptions;
using xgrad::BinaryCrossEntropyWithLogitsOptions;
using xgrad::CrossEntropyOptions;
using xgrad::NllLossOptions;
using xgrad::Reduction;

using xgrad::binary_cross_entropy;
using xgrad::binary_cross_entropy_with_logits;
using xgrad::cross_entropy;
using xgrad::mae;
using xgrad::mse;
using xgrad::nll_loss;
using xgrad::rmse;

}  // namespace xgrad::nn
