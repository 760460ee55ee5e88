// Derivatives of a closure's answer along vectors of all parameters. Not for users of the library.
#pragma once

#include <vector>

#include "../../autograd/tensor.hpp"
#include "vectors.hpp"

namespace xgrad::optim {

/// A loss with its gradient, and the product of its Hessian with any vector, from one evaluation.
class Curvature {
 public:
  /// Takes the gradient of the loss, recorded. Throws as grad().
  Curvature(const Tensor& loss, const std::vector<Tensor>& parameters, SourceLocation where);
  const Tensor& gradient() const { return gradient_; }  // [n]
  /// H v: a backward pass through the gradient's graph.
  Tensor times(const Tensor& v) const;

 private:
  std::vector<Tensor> parameters_;
  std::vector<Tensor> gradients_;
  Tensor gradient_;
  SourceLocation where_;
};

/// Residuals r [m] with the products of their Jacobian J [m, n] and of its transpose with any vector, from one
/// evaluation.
class Jacobian {
 public:
  Jacobian(const Tensor& residuals, const std::vector<Tensor>& parameters, SourceLocation where);
  /// J' u [n]: a backward pass.
  Tensor transposed_times(const Tensor& u) const;
  /// J v [m]: a backward pass through the graph of J' u, which is linear in u.
  Tensor times(const Tensor& v) const;

 private:
  Tensor residuals_;  // [m]
  std::vector<Tensor> parameters_;
  Tensor dual_;                   // u, any
  std::vector<Tensor> products_;  // J' u
  SourceLocation where_;
};

}  // namespace xgrad::optim
