// Random numbers: counter-based, so that a seed gives the same numbers on every machine and with any number
// of threads.
#pragma once

#include <cstdint>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// A stream of random numbers: Philox4x32-10 (Salmon et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC
/// 2011). Element i of a draw is a function of the seed and the stream position alone.
class Generator {
 public:
  explicit Generator(std::uint64_t seed) : seed_(seed) {}
  std::uint64_t seed() const { return seed_; }
  /// Starts anew.
  void reseed(std::uint64_t seed) {
    seed_ = seed;
    position_ = 0;
  }
  /// Takes the next `count` positions (of 128 bits each) and returns the first.
  std::uint64_t advance(std::uint64_t count) {
    std::uint64_t first = position_;
    position_ += count;
    return first;
  }

 private:
  std::uint64_t seed_;
  std::uint64_t position_ = 0;
};

/// The generator used where none is given; each thread has its own. Seed 0 until manual_seed().
Generator& default_generator();
/// Reseeds this thread's default generator.
void manual_seed(std::uint64_t seed);

/// Uniform in [low, high). Floating dtypes.
Tensor uniform(const Shape& shape, double low = 0, double high = 1, TensorOptions options = {},
               Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());
/// Uniform in [0, 1).
inline Tensor uniform(const Shape& shape, TensorOptions options, Generator& generator = default_generator(),
                      SourceLocation where = SourceLocation::current()) {
  return uniform(shape, 0, 1, options, generator, where);
}
/// Normal (Box-Muller). Floating dtypes. Throws std::invalid_argument when std < 0.
Tensor normal(const Shape& shape, double mean = 0, double std = 1, TensorOptions options = {},
              Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());
/// With mean 0 and standard deviation 1.
inline Tensor normal(const Shape& shape, TensorOptions options, Generator& generator = default_generator(),
                     SourceLocation where = SourceLocation::current()) {
  return normal(shape, 0, 1, options, generator, where);
}
/// Integers in [low, high), int64.
Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& generator = default_generator(),
               SourceLocation where = SourceLocation::current());
/// True with probability p, boolean. Throws std::invalid_argument unless p is in [0, 1].
Tensor bernoulli(const Shape& shape, double p, Generator& generator = default_generator(),
                 SourceLocation where = SourceLocation::current());
/// 0 ... count - 1 in random order (Fisher-Yates), int64.
Tensor permutation(std::int64_t count, Generator& generator = default_generator(),
                   SourceLocation where = SourceLocation::current());

}  // namespace xgrad
