// Operators that draw random numbers while a model is trained: the dropout family, and a rectifier with random slopes.
#pragma once

#include "../random.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// x with each element set to 0 with probability p, the others multiplied by 1 / (1 - p), so that the mean stays. p = 1
/// gives zeros.
/// Shapes: the result has x's.
/// Dtype: floating; the result's is x's.
/// Derivative: g / (1 - p) where x was kept, 0 elsewhere.
/// Throws: std::invalid_argument unless p is in [0, 1] and x is floating.
/// Source: Srivastava, Hinton, Krizhevsky, Sutskever, Salakhutdinov, Dropout, 2014.
/// NumPy: -
/// PyTorch: `nn.functional.dropout(training=True)`
Tensor dropout(const Operand& x, double p = 0.5, Generator& generator = default_generator());

/// Dropout of whole channels: x [N, C, ...] with all elements of a sample's channel set to 0 with probability p, the
/// others multiplied by 1 / (1 - p).
/// Shapes: x has at least two axes, the second that of the channels; the result has x's shape.
/// Dtype: floating; the result's is x's.
/// Derivative: g / (1 - p) where x was kept, 0 elsewhere.
/// Throws: std::invalid_argument unless p is in [0, 1], and x is floating and has two axes.
/// Source: Tompson, Goroshin, Jain, LeCun, Bregler, Efficient object localization using convolutional networks, 2015.
/// NumPy: -
/// PyTorch: `nn.functional.dropout1d(training=True)`, `nn.functional.dropout2d(training=True)`,
/// `nn.functional.dropout3d(training=True)`
Tensor feature_dropout(const Operand& x, double p = 0.5, Generator& generator = default_generator());

/// Dropout that goes with selu(): elements are set to selu's least value with probability p, and all are then scaled
/// and moved, so that mean 0 and variance 1 stay. p = 1 gives zeros.
/// Shapes: the result has x's.
/// Dtype: floating; the result's is x's.
/// Derivative: g times the scale where x was kept, 0 elsewhere.
/// Throws: std::invalid_argument unless p is in [0, 1] and x is floating.
/// Source: Klambauer, Unterthiner, Mayr, Hochreiter, Self-normalizing neural networks, 2017.
/// NumPy: -
/// PyTorch: `nn.functional.alpha_dropout(training=True)`
Tensor alpha_dropout(const Operand& x, double p = 0.5, Generator& generator = default_generator());

/// alpha_dropout() of whole channels, as in feature_dropout().
/// Shapes: x has at least two axes, the second that of the channels; the result has x's shape.
/// Dtype: floating; the result's is x's.
/// Derivative: g times the scale where x was kept, 0 elsewhere.
/// Throws: std::invalid_argument unless p is in [0, 1], and x is floating and has two axes.
/// NumPy: -
/// PyTorch: `nn.functional.feature_alpha_dropout(training=True)`
Tensor feature_alpha_dropout(const Operand& x, double p = 0.5, Generator& generator = default_generator());

/// Leaky rectifier whose slope below 0 is drawn for each element, uniform in [lower, upper] as x's dtype has them; after
/// training it is taken to be their mean: leaky_relu(x, (lower + upper) / 2).
/// Shapes: the result has x's.
/// Dtype: floating; the result's is x's.
/// Derivative: g where x > 0, else g times the slope that was drawn.
/// Throws: std::invalid_argument unless lower <= upper, a float32 holds their distance, and x is floating.
/// Source: Xu, Wang, Chen, Li, Empirical evaluation of rectified activations in convolution network, 2015.
/// NumPy: -
/// PyTorch: `nn.functional.rrelu(training=True)`
Tensor rrelu(const Operand& x, double lower = 1.0 / 8, double upper = 1.0 / 3,
             Generator& generator = default_generator());

}  // namespace xgrad
