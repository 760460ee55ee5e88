// Activations: functions of elements between the layers of a network. Their derivatives are computed from x, not from a
// rounded result, so that they are accurate in both tails, to any order.
#pragma once

#include "../scalar.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Logistic function 1 / (1 + exp(-x)) of each element; neither end overflows.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g sigmoid(x) sigmoid(-x), computed as e / (1 + e)^2 with e = exp(-|x|).
Tensor sigmoid(const Operand& x);

/// Logarithm of sigmoid(x), accurate at both ends.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g sigmoid(-x).
/// NumPy: -
/// PyTorch: `nn.functional.logsigmoid`
Tensor log_sigmoid(const Operand& x);

/// Rectifier max(x, 0) of each element.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: g where x > 0, else 0 (at 0 too).
Tensor relu(const Operand& x);

/// Leaky rectifier: x where x > 0, else slope x.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g where x > 0, else slope g (at 0 too).
/// Source: Maas, Hannun, Ng, Rectifier nonlinearities improve neural network acoustic models, 2013.
Tensor leaky_relu(const Operand& x, double slope = 0.01);

/// Exponential linear unit: x where x > 0, else alpha (exp(x) - 1).
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g where x > 0, else g alpha exp(x) (at 0: alpha g).
/// Source: Clevert, Unterthiner, Hochreiter, Fast and accurate deep network learning by exponential linear units, 2016.
/// NumPy: -
Tensor elu(const Operand& x, double alpha = 1);

/// Sigmoid linear unit x sigmoid(x), also named swish.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
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
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (Phi(x) + x phi(x)), phi the normal density; of the approximation g (s + x s (1 - s) 2 u') with s =
/// sigmoid(2 u).
/// Source: Hendrycks, Gimpel, Gaussian error linear units, 2016.
/// NumPy: -
/// PyTorch: `nn.functional.gelu(approximate=)`
Tensor gelu(const Operand& x, GeluForm form = GeluForm::erf);

/// Smooth rectifier log(1 + exp(beta x)) / beta, and x itself where beta x > threshold.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g sigmoid(beta x), g where beta x > threshold.
/// Throws: std::invalid_argument unless beta > 0.
Tensor softplus(const Operand& x, double beta = 1, double threshold = 20);

/// Continuously differentiable exponential unit: x where x > 0, else alpha (exp(x / alpha) - 1).
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g where x > 0, else g exp(x / alpha).
/// Throws: std::invalid_argument where alpha is 0.
/// Source: Barron, Continuously differentiable exponential linear units, 2017.
/// NumPy: -
/// PyTorch: `nn.functional.celu`
Tensor celu(const Operand& x, double alpha = 1);

/// Scaled exponential linear unit: 1.0507 x where x > 0, else 1.0507 * 1.6733 (exp(x) - 1), with which layers keep the
/// mean 0 and the variance 1.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: 1.0507 g where x > 0, else 1.0507 * 1.6733 g exp(x).
/// Source: Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks, 2017.
/// NumPy: -
/// PyTorch: `nn.functional.selu`
Tensor selu(const Operand& x);

/// Rectifier with slope `weight` below 0: x where x > 0, else weight x.
/// Shapes: the result has x's; weight has one element, or one for each channel, which is x's axis 1.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g to x where x > 0, else g weight (at 0 too); to weight the sum of g x where x <= 0.
/// Throws: std::invalid_argument for another number of weights.
/// Source: He, Zhang, Ren, Sun, Delving deep into rectifiers, 2015.
/// NumPy: -
/// PyTorch: `nn.functional.prelu`
Tensor prelu(const Operand& x, const Operand& weight);

/// Gated linear unit: the first half of x along an axis, times the sigmoid of the second.
/// Shapes: the result has x's, but half of the extent along the axis.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g sigmoid(b) to the first half a, g a sigmoid(b) sigmoid(-b) to the second half b.
/// Throws: std::out_of_range for an axis that x does not have, std::invalid_argument where its extent is odd.
/// Source: Dauphin, Fan, Auli, Grangier, Language modeling with gated convolutional networks, 2017.
/// NumPy: -
/// PyTorch: `nn.functional.glu`
Tensor glu(const Operand& x, int axis = -1);

/// x limited to [low, high], as clamp() but for the derivative at the bounds.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay where the bounds are integers, and become the default dtype else.
/// Derivative: g where low < x < high, else 0.
/// NumPy: -
/// PyTorch: `nn.functional.hardtanh`, which truncates the bounds of integers
Tensor hardtanh(const Operand& x, Scalar low = -1, Scalar high = 1);

/// x limited to [0, 6].
/// Shapes: the result has x's.
/// Dtype: x's; integers stay.
/// Derivative: g where 0 < x < 6, else 0.
/// NumPy: -
/// PyTorch: `nn.functional.relu6`
Tensor relu6(const Operand& x);

/// Piecewise linear sigmoid: x / 6 + 1/2, limited to [0, 1].
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / 6 where -3 < x < 3, else 0.
/// NumPy: -
/// PyTorch: `nn.functional.hardsigmoid`
Tensor hardsigmoid(const Operand& x);

/// x hardsigmoid(x).
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: 0 where x < -3, g where x > 3, else g (x / 3 + 1/2).
/// Source: Howard and others, Searching for MobileNetV3, 2019.
/// NumPy: -
/// PyTorch: `nn.functional.hardswish`
Tensor hardswish(const Operand& x);

/// x where it is further from 0 than lambda, else 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g where |x| > lambda, else 0.
/// NumPy: -
/// PyTorch: `nn.functional.hardshrink`
Tensor hardshrink(const Operand& x, double lambda = 0.5);

/// x moved by lambda towards 0, and 0 where it is within lambda of it.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g where |x| > lambda, else 0.
/// Throws: std::invalid_argument where lambda is below 0.
/// NumPy: -
/// PyTorch: `nn.functional.softshrink`, 0 of a nan
Tensor softshrink(const Operand& x, double lambda = 0.5);

/// x - tanh(x), which loses no digits near 0.
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g tanh(x)^2.
/// NumPy: -
/// PyTorch: `nn.functional.tanhshrink`
Tensor tanhshrink(const Operand& x);

/// x / (1 + |x|).
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g / (1 + |x|)^2, also where the square overflows.
/// NumPy: -
/// PyTorch: `nn.functional.softsign`
Tensor softsign(const Operand& x);

/// x tanh(log(1 + exp(x))).
/// Shapes: the result has x's.
/// Dtype: x's, integers become the default dtype.
/// Derivative: g (w + x w') with w = tanh(log(1 + exp(x))).
/// Source: Misra, Mish: a self regularized non-monotonic activation function, 2019.
/// NumPy: -
/// PyTorch: `nn.functional.mish`
Tensor mish(const Operand& x);

/// x where it is above a bound, else another value.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay where the value is an integer, and become the default dtype else.
/// Derivative: g where x > bound, else 0.
/// NumPy: -
/// PyTorch: `nn.functional.threshold`
Tensor threshold(const Operand& x, Scalar bound, Scalar value);

}  // namespace xgrad
