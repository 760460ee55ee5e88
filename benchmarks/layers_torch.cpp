#include "layers.hpp"

#ifdef XGRAD_WITH_TORCH

#include <map>
#include <string>

#include <torch/torch.h>

namespace bench {
namespace {

/// Weights are small, so that gates are not all open or shut.
constexpr double kSmallWeight = 0.1;

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

/// A recurrent layer of `gates` rows a unit.
template <class F>
Task recurrent(std::int64_t gates, const F& layer) {
  auto small = [](torch::IntArrayRef shape, unsigned seed) {
    return (variable_of(shape, seed).detach() * kSmallWeight).requires_grad_();
  };
  return pulled({variable_of({50, 32, 64}, 1), small({gates * 128, 64}, 2), small({gates * 128, 128}, 3),
                 small({gates * 128}, 4), small({gates * 128}, 5)},
                [layer, h = torch::zeros({1, 32, 128})](const std::vector<torch::Tensor>& v) {
                  return layer(v[0], h, std::vector{v[1], v[2], v[3], v[4]});
                });
}

Task encoder(std::int64_t units) {
  torch::nn::TransformerEncoderLayer layer(
      torch::nn::TransformerEncoderLayerOptions(128, 4).dim_feedforward(units).dropout(0));
  std::map<std::string, torch::Tensor> parameters;
  for (const auto& item : layer->named_parameters()) parameters.emplace(item.key(), item.value());
  std::vector<torch::Tensor> variables = {variable_of({64, 16, 128}, 1)};
  for (auto& [name, parameter] : parameters) {
    torch::NoGradGuard no_grad;
    parameter.copy_(variable_of(parameter.sizes(), static_cast<unsigned>(variables.size() + 1)) * kSmallWeight);
    variables.push_back(parameter);
  }
  return pulled(variables, [layer](const std::vector<torch::Tensor>& v) mutable { return layer->forward(v[0]); });
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
    case Layer::lstm:
      return recurrent(4, [](auto& x, auto& h, const auto& weights) {
        return std::get<0>(torch::lstm(x, {h, h}, weights, true, 1, 0.0, true, false, false));
      });
    case Layer::gru:
      return recurrent(3, [](auto& x, auto& h, const auto& weights) {
        return std::get<0>(torch::gru(x, h, weights, true, 1, 0.0, true, false, false));
      });
    case Layer::encoder:
      return encoder(512);
    case Layer::wide_encoder:
      return encoder(2048);
    default:
      return pulled({variable_of({16, 8, 64, 64}, 1), variable_of({16, 8, 64, 64}, 2), variable_of({16, 8, 64, 64}, 3)},
                    [](Variables v) {
                      return torch::matmul(torch::softmax(torch::matmul(v[0], v[1].transpose(-1, -2)) / 8, -1), v[2]);
                    });
  }
}

}  // namespace bench

#endif
