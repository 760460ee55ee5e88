// The largest or the smallest along an axis, and where it stands.
#pragma once

#include <cstdint>

#include "reduce.hpp"

namespace xgrad::internal {

/// First positions of the extremes along the plan's one reduced axis, and the extremes where `values` is not null. NaN
/// comes before all else.
template <bool kLargest, class T>
void find_extremes(const ReducePlan& plan, const T* x, std::int64_t* positions, T* values);

}  // namespace xgrad::internal
