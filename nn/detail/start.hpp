// How a layer's parameters start: by what its options say, checked.
#pragma once

#include "../init.hpp"

namespace xgrad::nn::detail {

/// Starts the parameters of one layer.
struct Start {
  const char* layer;  // its class, for errors
  DType dtype;
  Generator* generator;  // null: the thread's default_generator()
  SourceLocation where;

  /// What `given` makes, or `fallback` where no initialiser is given.
  /// Throws std::invalid_argument, naming the layer and the option, for another shape or dtype: it may be the user's
  /// own.
  Tensor operator()(const char* option, const Initializer& given, const Initializer& fallback,
                    const Shape& shape) const;
};

/// Uniform in +-1 / sqrt(fan_in), as biases start in PyTorch; 0 for a fan of 0.
Initializer uniform_by_fan(std::int64_t fan_in);

}  // namespace xgrad::nn::detail
