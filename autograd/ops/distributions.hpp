// Random numbers of further distributions, beside the uniform and normal ones of random.hpp: the same for a seed on
// every machine and with any number of threads. Samples are constants: no gradient flows through them.
#pragma once

#include <cstdint>

#include "../random.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Numbers that are exponentially distributed, with mean 1 / rate; 0 only where the dtype holds no
/// number so small.
///
/// Dtype: float32 or float64, the default dtype where none is given.
/// Throws: std::invalid_argument for another dtype, and unless the rate is positive and finite.
/// NumPy: `random.exponential(1 / rate, shape)`
/// PyTorch: `Tensor.exponential_(rate)`
Tensor exponential(const Shape& shape, double rate = 1, TensorOptions options = {},
                   Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());

/// Numbers of Gumbel's distribution, that of the largest of many: location - scale log(e), e exponential.
///
/// Dtype: float32 or float64, the default dtype where none is given.
/// Throws: std::invalid_argument for another dtype, a location that is not finite, and unless the scale is positive and
/// finite.
/// NumPy: `random.gumbel(location, scale, shape)`
/// PyTorch: `distributions.Gumbel(location, scale).sample(shape)`
Tensor gumbel(const Shape& shape, double location = 0, double scale = 1, TensorOptions options = {},
              Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());

/// Numbers of the gamma distribution, with mean concentration / rate and variance concentration / rate^2.
///
/// Dtype: float32 or float64, the default dtype where none is given.
/// Throws: std::invalid_argument for another dtype, and unless concentration and rate are positive and finite.
/// Source: Marsaglia and Tsang, A simple method for generating gamma variables, 2000.
/// NumPy: `random.gamma(concentration, 1 / rate, shape)`
/// PyTorch: `distributions.Gamma(concentration, rate).sample(shape)`
Tensor gamma(const Shape& shape, double concentration, double rate = 1, TensorOptions options = {},
             Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());

/// Numbers of the beta distribution, in [0, 1] with mean a / (a + b).
///
/// Dtype: float32 or float64, the default dtype where none is given.
/// Throws: std::invalid_argument for another dtype, and unless a and b are positive and finite.
/// NumPy: `random.beta(a, b, shape)`
/// PyTorch: `distributions.Beta(a, b).sample(shape)`
Tensor beta(const Shape& shape, double a, double b, TensorOptions options = {},
            Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());

/// Numbers of Poisson's distribution: for each rate a whole number, drawn with that mean and variance.
/// Shapes: the result has the rates'.
/// Dtype: the rates', integers become the default dtype.
/// Throws: std::invalid_argument where a rate is negative, nan or infinite.
/// Source: for rates from 10 on Hörmann, The transformed rejection method for generating Poisson random variables,
/// 1993.
/// NumPy: `random.poisson(rates)`
Tensor poisson(const Operand& rates, Generator& generator = default_generator());

/// Ones and zeros, one for each probability: 1 with that probability, else 0, as exactly as it is given, however small
/// it is. With one probability for all elements, and booleans: bernoulli(shape, p).
/// Shapes: probabilities of any -> the same.
/// Dtype: that of the probabilities, integers become the default dtype.
/// Throws: std::invalid_argument for a probability outside of [0, 1], or nan.
/// NumPy: `random.binomial(1, probabilities)`
/// PyTorch: `bernoulli(probabilities)`
Tensor bernoulli(const Operand& probabilities, Generator& generator = default_generator());

/// Positions that are drawn with a probability proportional to their weights: `count` of each list of weights, with
/// replacement or without.
/// Shapes: weights [C] -> [count], [N, C] -> [N, count].
/// Dtype: int64; weights of any dtype.
/// Throws: std::invalid_argument for other shapes, a weight that is negative, nan or infinite, weights that are all 0,
/// a negative count, and where without replacement fewer than `count` weights are not 0.
/// Source: without replacement Efraimidis and Spirakis, Weighted random sampling with a reservoir, 2006.
/// NumPy: `random.choice(p=)`
Tensor multinomial(const Operand& weights, std::int64_t count, bool replacement = false,
                   Generator& generator = default_generator());

/// One position along an axis for each list of logits there, drawn with the probabilities softmax(logits).
/// Shapes: the logits' without the axis.
/// Dtype: int64; logits are floating.
/// Throws: std::out_of_range for an axis that the logits do not have; std::invalid_argument where they are not
/// floating, one is nan or +infinity, or a list of them is empty or -infinity throughout.
/// Source: Gumbel, as in Maddison, Tarlow, Minka, A* sampling, 2014.
/// NumPy: -
/// PyTorch: `distributions.Categorical(logits=logits).sample()`
Tensor categorical(const Operand& logits, int axis = -1, Generator& generator = default_generator());

}  // namespace xgrad
