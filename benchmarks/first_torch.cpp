// The gradient of sum(x x) for four numbers, by libtorch: see first.cpp.
#include <torch/torch.h>

int main() {
  torch::Tensor x = torch::full({4}, 0.5, torch::requires_grad());
  torch::sum(x * x).backward();
  return x.grad()[3].item<double>() == 1 ? 0 : 1;
}
