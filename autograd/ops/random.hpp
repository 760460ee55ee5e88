// Operators that draw random numbers: the same for a seed on every machine and with any number of threads.
#pragma once

#include <cstdint>

#include "../random.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Numbers that are uniform in [low, high).
///
/// Dtype: float32 or float64, the default dtype where none is given.
/// Throws: std::invalid_argument for another dtype, unless low <= high, and where the distance between them is not
/// finite in the dtype.
/// Source: 24 random bits for a float32, 53 for a float64, divided by 2^24 or 2^53.
/// NumPy: `random.uniform(low, high, shape)`, `random.rand`
/// PyTorch: `rand`, `Tensor.uniform_(low, high)`
Tensor uniform(const Shape& shape, double low = 0, double high = 1, TensorOptions options = {},
               Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());
/// Numbers that are uniform in [0, 1), with options: `uniform({3}, {.dtype = DType::float64})`.
inline Tensor uniform(const Shape& shape, TensorOptions options, Generator& generator = default_generator(),
                      SourceLocation where = SourceLocation::current()) {
  return uniform(shape, 0, 1, options, generator, where);
}
/// Numbers that are normally distributed with this mean and standard deviation.
///
/// Dtype: float32 or float64, the default dtype where none is given.
/// Throws: std::invalid_argument for another dtype, a negative std, and a mean or std that is not finite.
/// Source: Box and Muller, "A Note on the Generation of Random Normal Deviates", 1958.
/// NumPy: `random.normal(mean, std, shape)`, `random.randn`
/// PyTorch: `randn`, `normal(mean, std, shape)`
Tensor normal(const Shape& shape, double mean = 0, double std = 1, TensorOptions options = {},
              Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());
/// Standard normal numbers, with options: `normal({3}, {.dtype = DType::float64})`.
inline Tensor normal(const Shape& shape, TensorOptions options, Generator& generator = default_generator(),
                     SourceLocation where = SourceLocation::current()) {
  return normal(shape, 0, 1, options, generator, where);
}
/// Integers that are uniform in [low, high), to within 2^-64.
///
/// Dtype: int64.
/// Throws: std::invalid_argument unless low < high.
/// NumPy: `random.randint(low, high, shape)`
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& generator = default_generator(),
               SourceLocation where = SourceLocation::current());
/// Booleans that are true with probability p, however small: a p below 2^-32 is met as exactly as any.
///
/// Dtype: boolean.
/// Throws: std::invalid_argument unless p is in [0, 1].
/// NumPy: `random.binomial(1, p, shape)`
/// PyTorch: `Tensor.bernoulli_(p)`, whose result is floating where ours is boolean
Tensor bernoulli(const Shape& shape, double p, Generator& generator = default_generator(),
                 SourceLocation where = SourceLocation::current());
/// The integers 0 ... count - 1 in random order.
///
/// Shapes: [count].
/// Dtype: int64.
/// Throws: std::invalid_argument for a negative count.
/// Source: Fisher and Yates, as Durstenfeld's Algorithm 235, 1964.
/// NumPy: `random.permutation(count)`, which shuffles an array, too
/// PyTorch: `randperm`
Tensor permutation(std::int64_t count, Generator& generator = default_generator(),
                   SourceLocation where = SourceLocation::current());

}  // namespace xgrad
