#include "cotangent.hpp"

#include "../arithmetic.hpp"
#include "../choose.hpp"
#include "../compare.hpp"

namespace xgrad::internal {

Tensor softmax_cotangent_of_operators(const Tensor& g, const Tensor& y, const Axes& axes) {
  const Tensor winner = sum(where(y.detach() > 0.5, g, 0), axes, {.keepdims = true});
  const Tensor relative = g - winner;
  return y * (relative - sum(relative * y, axes, {.keepdims = true}));
}

}  // namespace xgrad::internal
