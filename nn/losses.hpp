// Losses as modules, and the functions under the names of nn: they are operators (autograd/ops/loss.hpp).
#pragma once

#include <type_traits>
#include <utility>

#include "../autograd/ops/loss.hpp"
#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

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

/// Base of the losses as modules: a function of the answer, the target and an option or option struct, which the module keeps.
/// Weights in the options are constants: they are no parameters, and stay shared by clone() and with_parameters().
template <auto function, class Options>
class Loss : public Module {
 public:
  explicit Loss(Options options = {}) : options_(std::move(options)) {}

  Tensor operator()(const Operand& x, const Tensor& target) const {
    return call(x, [&] {
      if constexpr (std::is_invocable_v<decltype(function), const Operand&, const Operand&, Options>)
        return function(x, Operand(target, x.where()), options_);
      else
        return function(x, target, options_);
    });
  }

 private:
  Options options_;
};

/// MSELoss is nn::mse as a module: `nn::MSELoss(Reduction::sum)`.
struct MSELoss final : Loss<xgrad::mse, Reduction> {
  using Loss::Loss;
};
/// L1Loss is nn::mae as a module.
struct L1Loss final : Loss<xgrad::mae, Reduction> {
  using Loss::Loss;
};
/// CrossEntropyLoss is nn::cross_entropy as a module: `nn::CrossEntropyLoss({.label_smoothing = 0.1})`.
struct CrossEntropyLoss final : Loss<xgrad::cross_entropy, CrossEntropyOptions> {
  using Loss::Loss;
};
/// NLLLoss is nn::nll_loss as a module.
struct NLLLoss final : Loss<xgrad::nll_loss, NllLossOptions> {
  using Loss::Loss;
};
/// BCELoss is nn::binary_cross_entropy as a module.
struct BCELoss final : Loss<xgrad::binary_cross_entropy, BinaryCrossEntropyOptions> {
  using Loss::Loss;
};
/// BCEWithLogitsLoss is nn::binary_cross_entropy_with_logits as a module.
struct BCEWithLogitsLoss final : Loss<xgrad::binary_cross_entropy_with_logits, BinaryCrossEntropyWithLogitsOptions> {
  using Loss::Loss;
};

}  // namespace nn
}  // namespace xgrad
