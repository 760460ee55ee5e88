#include <algorithm>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/transformer.hpp>
#include "layers.hpp"

namespace bench {
namespace {

using xgrad::Shape;
using xgrad::Tensor;

/// Weights are small, so that gates are not all open or shut.
constexpr double kSmallWeight = 0.1;

Tensor variable_of(const Shape& shape, unsigned seed) {
  return xgrad::from_vector(numbers(shape.numel(), seed), shape).set_requires_grad();
}

/// f(variables), and the variables' gradients.
template <class F>
Task pulled(std::vector<Tensor> variables, F f) {
  const Shape shape = f(variables).shape();
  Tensor cotangent = xgrad::from_vector(numbers(shape.numel(), 9), shape);
  auto run = [=]() mutable {
    for (Tensor& variable : variables) variable.zero_grad();
    f(variables).backward(cotangent);
  };
  return {run, [=] {
            std::vector<double> result;
            for (const Tensor& variable : variables) {
              const Tensor flat = xgrad::reshape(variable.grad(), {-1});
              result.push_back(flat[0].item());
              result.push_back(flat[-1].item());
            }
            return result;
          }};
}

/// A recurrent layer of `gates` rows a unit.
Task recurrent(std::int64_t gates,
               xgrad::RecurrentResult (*layer)(const xgrad::Operand&, const xgrad::RecurrentWeights&,
                                               xgrad::RecurrentOptions)) {
  auto small = [](const Shape& shape, unsigned seed) {
    return (variable_of(shape, seed).detach() * kSmallWeight).set_requires_grad();
  };
  return pulled({variable_of({50, 32, 64}, 1), small({gates * 128, 64}, 2), small({gates * 128, 128}, 3),
                 small({gates * 128}, 4), small({gates * 128}, 5)},
                [layer](const std::vector<Tensor>& v) {
                  return layer(v[0], {v[1], v[2], v[3], v[4]}, {}).output;
                });
}

Task encoder(std::int64_t units) {
  const xgrad::nn::TransformerEncoderLayer layer(128, 4, {.dim_feedforward = units, .dropout = 0});
  auto parameters = layer.named_parameters();
  std::sort(parameters.begin(), parameters.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<Tensor> variables = {variable_of({64, 16, 128}, 1)};
  for (auto& [name, parameter] : parameters) {
    parameter.assign(variable_of(parameter.shape(), static_cast<unsigned>(variables.size() + 1)) * kSmallWeight);
    variables.push_back(parameter);
  }
  return pulled(variables, [layer](const std::vector<Tensor>& v) { return layer(v[0]); });
}

}  // namespace

Task xgrad_layer(Layer layer) {
  using Variables = const std::vector<Tensor>&;
  switch (layer) {
    case Layer::convolution:
      return pulled({variable_of({32, 16, 28, 28}, 1), variable_of({32, 16, 3, 3}, 2)},
                    [](Variables v) { return xgrad::conv2d(v[0], v[1], {}, {.padding = 1}); });
    case Layer::max_pool:
      return pulled({variable_of({32, 16, 28, 28}, 1)}, [](Variables v) { return xgrad::max_pool2d(v[0], 2); });
    case Layer::layer_norm:
      return pulled({variable_of({2048, 512}, 1), variable_of({512}, 2), variable_of({512}, 3)},
                    [](Variables v) { return xgrad::layer_norm(v[0], {512}, v[1], v[2]); });
    case Layer::lstm:
      return recurrent(4, xgrad::lstm);
    case Layer::gru:
      return recurrent(3, xgrad::gru);
    case Layer::encoder:
      return encoder(512);
    case Layer::wide_encoder:
      return encoder(2048);
    default: {
      const Shape shape{16, 8, 64, 64};
      return pulled({variable_of(shape, 1), variable_of(shape, 2), variable_of(shape, 3)},
                    [](Variables v) { return xgrad::scaled_dot_product_attention(v[0], v[1], v[2]); });
    }
  }
}

}  // namespace bench
