#include "slopes.hpp"

#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../exponential.hpp"
#include "../special/slopes.hpp"
#include "../trigonometric.hpp"

namespace xgrad XGRAD_API {

Tensor scaled_exp(double factor, double divisor, const Tensor& x) {
  return factor * exp(divisor == 1 ? x : x / divisor);
}
Tensor mish_slope(const Tensor& x) {
  // Of a bound where the second term has vanished: 2 y must not overflow.
  const Tensor z = bounded(x, 800);
  return tanh(softplus(x)) + z * (4 * sigmoid_slope(2 * softplus(z)) * sigmoid(z));
}
Tensor softsign_slope(const Tensor& x) {
  Tensor d = 1 + abs(x);
  return 1 / d / d;
}

}  // namespace xgrad
