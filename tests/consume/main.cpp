// What a first program of a user looks like: exit status 0 when the gradient is right.
#include <xgrad.hpp>

int main() {
  xgrad::Tensor x = xgrad::full({3}, 2.0, {.requires_grad = true});
  xgrad::Tensor y = xgrad::sum(x * x);
  y.backward();
  bool is_right = y.item() == 12 && x.grad().to_vector<float>() == std::vector<float>{4, 4, 4};
  return is_right ? 0 : 1;
}
