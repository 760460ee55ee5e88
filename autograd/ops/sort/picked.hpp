// What sort, topk, kthvalue, median and mode share: the rule for elements that were picked along an axis.
#pragma once

#include "../../kernels/sort.hpp"
#include "../sort.hpp"

namespace xgrad::internal {

/// Values and their positions, both in this shape, recorded under this name: the cotangent goes to the positions along
/// the axis, 0 elsewhere.
Picked recorded_picks(const char* name, SourceLocation where, const Tensor& x, int axis, Tensor values,
                      Tensor positions);

/// One element of each row of x along an axis, by its rank; k is that of Rank::kth, from 0 on. x has elements along the
/// axis.
Picked picked_of_rows(const char* name, const Tensor& x, int axis, bool keepdims, Rank rank, std::int64_t k,
                      SourceLocation where);

}  // namespace xgrad::internal
