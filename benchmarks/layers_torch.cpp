#include "layers.hpp"

#ifdef XGRAD_WITH_TORCH

#include <torch/torch.h>

namespace bench {
namespace {

torch::Tensor variable_of(torch::IntArrayRef shape, unsigned seed) {
  std::vector<float> values = numbers(c10::multiply_integers(shape), seed);
  return torch::from_blob(values.data(), shape).clone().requires_grad_();
}

/// f(variables), and the variables' gradients.
template <class F>
Task pulled(std::vector<torch::Tensor> variables, F f) {
  const torch::Tensor value = f(variables).detach();
  std::vector<float> values = numbers(value.numel(), 9);
  torch::Tensor cotangent = torch::from_blob(values.data(), value.sizes()).clone();
  auto run = [=]() mutable {
    for (torch::Tensor& variable : variables) variable.mutable_grad().reset();
    f(variables).backward(cotangent);
  };
  return {run, [=] {
            std::vector<double> result;
            for (const torch::Tensor& variable : variables) {
              const torch::Tensor flat = variable.grad().reshape(-1);
              result.push_back(flat[0].item<double>());
              result.push_back(flat[-1].item<double>());
            }
            return result;
          }};
}

}  // namespace

Task torch_layer(Layer layer) {
  using Variables = const std::vector<torch::Tensor>&;
  switch (layer) {
    case Layer::convolution:
      return pulled({variable_of({32, 16, 28, 28}, 1), variable_of({32, 16, 3, 3}, 2)},
                    [](Variables v) { return torch::conv2d(v[0], v[1], {}, 1, 1); });
    case Layer::max_pool:
      return pulled({variable_of({32, 16, 28, 28}, 1)}, [](Variables v) { return torch::max_pool2d(v[0], 2); });
    case Layer::layer_norm:
      return pulled({variable_of({2048, 512}, 1), variable_of({512}, 2), variable_of({512}, 3)},
                    [](Variables v) { return torch::layer_norm(v[0], {512}, v[1], v[2]); });
    default:
      return pulled({variable_of({16, 8, 64, 64}, 1), variable_of({16, 8, 64, 64}, 2), variable_of({16, 8, 64, 64}, 3)},
                    [](Variables v) {
                      return torch::matmul(torch::softmax(torch::matmul(v[0], v[1].transpose(-1, -2)) / 8, -1), v[2]);
                    });
  }
}

}  // namespace bench

#endif
