#include <xgrad/autograd/ops.hpp>
#include "layers.hpp"

namespace bench {
namespace {

using xgrad::Shape;
using xgrad::Tensor;

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
    default: {
      const Shape shape{16, 8, 64, 64};
      return pulled({variable_of(shape, 1), variable_of(shape, 2), variable_of(shape, 3)},
                    [](Variables v) { return xgrad::scaled_dot_product_attention(v[0], v[1], v[2]); });
    }
  }
}

}  // namespace bench
