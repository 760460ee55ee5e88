// Activations: functions of elements between the layers of a network. Their derivatives are computed from x, not from a
// rounded result, so that they are accurate in both tails, to any order.
#pragma once

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Logistic function 1 / (1 + exp(-x)) of each element; neither end overflows.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g sigmoid(x) sigmoid(-x), computed as e / (1 + e)^2 with e = exp(-|x|).
Tensor sigmoid(const Operand& x);

/// Logarithm of sigmoid(x), accurate at both ends.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g sigmoid(-x).
Tensor log_sigmoid(const Operand& x);

/// Rectifier max(x, 0) of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: g where x > 0, else 0 (at 0 too).
Tensor relu(const Operand& x);

/// Leaky rectifier: x where x > 0, else slope x.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g where x > 0, else slope g (at 0 too).
/// Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
Tensor leaky_relu(const Operand& x, double slope = 0.01);

/// Exponential linear unit: x where x > 0, else alpha (exp(x) - 1).
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g where x > 0, else g alpha exp(x) (at 0: alpha g).
/// Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by exponential linear units, 2016.
Tensor elu(const Operand& x, double alpha = 1);

/// Sigmoid linear unit x sigmoid(x), also named swish.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g (s + x s (1 - s)) with s = sigmoid(x).
/// Source: Elfwing, Uchibe, Doya, Sigmoid-weighted linear units, 2017.
Tensor silu(const Operand& x);

/// Which formula gelu() takes.
enum class GeluForm {
  erf,  ///< x Phi(x), Phi the normal distribution function
  tanh  ///< x sigmoid(2 u), u = sqrt(2/pi) (x + 0.044715 x^3), an approximation
};
/// Gaussian error linear unit x Phi(x), or its approximation by tanh; accurate also where it is tiny.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g (Phi(x) + x phi(x)), phi the normal density; of the approximation g (s + x s (1 - s) 2 u') with s =
/// sigmoid(2 u).
/// Source: Hendrycks, Gimpel, Gaussian error linear units, 2016.
Tensor gelu(const Operand& x, GeluForm form = GeluForm::erf);

/// Smooth rectifier log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.
/// Shapes: the result has x's.
/// Dtype: x's, integers become float32.
/// Derivative: g sigmoid(beta x), g where beta x > threshold.
/// Throws: std::invalid_argument unless beta > 0.
Tensor softplus(const Operand& x, double beta = 1, double threshold = 20);

}  // namespace xgrad
