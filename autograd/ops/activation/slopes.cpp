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
  Tensor y = softplus(x);
  return tanh(y) + x * (4 * sigmoid_slope(2 * y) * sigmoid(x));
}
Tensor softsign_slope(const Tensor& x) {
  Tensor d = 1 + abs(x);
  return 1 / d / d;
}

}  // namespace xgrad
