#include "scaling.hpp"

#include <algorithm>

namespace xgrad::internal {

Tensor power_of_two_scales(const Tensor& x, unsigned mask) {
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    Tensor scales = fold<LargestMagnitudeFold, T>(x, mask, reduced_shape(x.shape(), mask, true));
    for_each_element<T>(scales, [](T largest) {
      if (largest == 0 || !std::isfinite(largest)) return T(1);
      return std::ldexp(T(1), std::min(-std::ilogb(largest), std::numeric_limits<T>::max_exponent - 1));
    });
    return scales;
  });
}

}  // namespace xgrad::internal
