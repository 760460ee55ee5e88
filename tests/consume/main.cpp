// A user's program: exit status 0 when values and gradients are right. Its lambda becomes SIMD code of its own, which
// meets the library's, maybe of another instruction set.
#include <xgrad.hpp>

int main() {
  using namespace xgrad;
  Tensor x = full({37}, 2.0, {.requires_grad = true});
  Tensor y = sum(map([](auto x) { return x * x; }, x) + x);
  y.backward();
  Tensor dydx = x.grad();
  optim::SGD sgd({x}, {.lr = 0.1});
  sgd.step();
  bool is_right = y.item() == 37 * 6 && allclose(dydx, 5 * ones({37})) && allclose(x, 1.5 * ones({37}));
  return is_right ? 0 : 1;
}
