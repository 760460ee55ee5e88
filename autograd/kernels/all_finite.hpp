// Whether numbers are all finite.
#pragma once

#include <cmath>
#include <cstdint>

namespace xgrad::internal {

/// Whether none of n neighbouring elements is nan or infinite. It looks at each, without a branch.
template <class T>
bool all_finite(const T* x, std::int64_t n) {
  bool finite = true;
  for (std::int64_t i = 0; i < n; ++i) finite &= std::isfinite(x[i]);
  return finite;
}

}  // namespace xgrad::internal
