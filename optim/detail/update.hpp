// What the optimizers' formulas have in common. Not for users of the library.
#pragma once

#include <cmath>

#include "../../autograd/each.hpp"
#include "../../autograd/error.hpp"
#include "../../autograd/tensor.hpp"

namespace xgrad::optim {

/// The gradient of what is minimised: g turned round to climb, with the L2 term's gradient where there is one: 0 w
/// would make a nan of an infinite weight, which a mask may have. Inside of a fused pass.
struct Descent {
  explicit Descent(const auto& options) : Descent(options.maximize, options.weight_decay) {}
  Descent(bool maximize, double weight_decay) : sign(maximize ? -1 : 1), weight_decay(weight_decay) {}

  template <class Batch>
  Batch operator()(Batch g, Batch w) const {
    if (weight_decay == 0) return sign * g;
    return sign * g + weight_decay * w;
  }

  double sign, weight_decay;
};

/// sqrt(a) + eps, or sqrt(a + eps) by the option eps_inside_root. Inside of a fused pass.
struct Root {
  explicit Root(const auto& options) : Root(options.eps, options.eps_inside_root) {}
  Root(double eps, bool inside) : inside(inside ? eps : 0), outside(inside ? 0 : eps) {}

  template <class Batch>
  Batch operator()(Batch a) const {
    return sqrt(a + inside) + outside;
  }

  double inside, outside;
};

/// An average that goes on by a share `fresh`, in (0, 1), of the way to a value. What is infinite stays so: inf - inf
/// would make a nan of it. Inside of a fused pass.
template <class Batch>
Batch averaged(Batch average, Batch value, double fresh) {
  const Batch next = average + fresh * (value - average);
  return where(isnan(next), average + value, next);
}

/// Throws std::invalid_argument for infinities and nan: a step would hand them on to the weights.
inline void check_finite(const char* optimizer, const char* option, double value, SourceLocation where) {
  check(std::isfinite(value), where, optimizer, ": ", option, " must be finite, but it is ", value, '.');
}

/// Throws std::invalid_argument unless 0 <= value < infinity.
inline void check_not_negative(const char* optimizer, const char* option, double value, SourceLocation where) {
  check_finite(optimizer, option, value, where);
  check(value >= 0, where, optimizer, ": ", option, " must be at least 0, but it is ", value, '.');
}

/// Throws std::invalid_argument unless 0 <= value < 1: the share that a running average keeps.
inline void check_decay(const char* optimizer, const char* option, double value, SourceLocation where) {
  check(value >= 0 && value < 1, where, optimizer, ": ", std::string_view(option),
        " must be at least 0 and below 1, but it is ", value, '.');
}

}  // namespace xgrad::optim
