// Equal eigenvalues and singular values, at which vectors have no derivative.
#pragma once

#include "../linalg.hpp"

namespace xgrad::internal {

/// 1 / ((v_j - v_i) weight_ij) for all pairs of values [..., n] but the equal ones (and i = j), where it is 0: a tensor
/// [..., n, n]. An undefined weight is 1.
/// Throws: std::invalid_argument, in the operation's name, for equal values unless they are to make zero.
Tensor inverse_differences(const char* name, const Tensor& values, const Tensor& weight, linalg::Degenerate degenerate,
                           SourceLocation where);

}  // namespace xgrad::internal
