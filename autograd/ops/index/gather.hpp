// What other operators use of gather.
#pragma once

#include "../../tensor.hpp"

namespace xgrad {
class Vjp;
}

namespace xgrad::internal {

/// Gives input 0 its cotangent, of which elements were read where indices along an axis say: the transpose of gather.
/// The indices are contiguous, checked, and of the shape of g.
void give_gathered(Vjp& vjp, const Tensor& g, int axis, const Tensor& indices);

}  // namespace xgrad::internal
