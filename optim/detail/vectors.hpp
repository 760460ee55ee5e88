// The parameters of an optimizer as one vector, and arithmetic on such vectors. Not for users of the library.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "../../autograd/tensor.hpp"

namespace xgrad::optim {

/// Parameters as one vector of n elements, each behind the one before. Their dtype is the same. Not recorded.
class ParameterVector {
 public:
  explicit ParameterVector(std::span<const Tensor> parameters) : parameters_(parameters.begin(), parameters.end()) {}

  std::int64_t size() const;
  DType dtype() const { return parameters_[0].dtype(); }
  /// The values [n], copied.
  Tensor values() const;
  /// The gradients [n], copied; 0 where a parameter has none.
  Tensor gradients() const;
  /// One vector [n] of what there is for each parameter, in its shape; 0 where that is undefined.
  Tensor joined(const std::vector<Tensor>& parts) const;
  /// Writes the vector into the parameters.
  void assign(const Tensor& vector);
  /// Writes what parts() has made into the parameters. It takes no memory: to be able to go back, make the parts
  /// beforehand.
  void assign(std::span<const Tensor> parts);
  /// Views of a vector [n], or of rows [m, n], in the parameters' shapes, or [m, ...].
  std::vector<Tensor> parts(const Tensor& vector) const;

 private:
  std::vector<Tensor> parameters_;
};

// On contiguous vectors of one size and floating dtype. Sums are made in blocks, and do not depend on the number of
// threads.

/// x . y
double dot(const Tensor& x, const Tensor& y);
/// y += a x
void add_scaled(Tensor& y, double a, const Tensor& x);
/// y += a x, and then y . z in the same pass.
double add_scaled_dot(Tensor& y, double a, const Tensor& x, const Tensor& z);
/// x + t d
Tensor moved(const Tensor& x, double t, const Tensor& d);
/// The largest |x|, nan where there is one; 0 of none.
double largest_of(const Tensor& x);

}  // namespace xgrad::optim
