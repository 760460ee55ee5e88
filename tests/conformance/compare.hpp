// Comparing xgrad's tensors with the recorded ones.
#pragma once

#include <string>

#include <xgrad/autograd/tensor.hpp>
#include "value.hpp"

namespace conformance {

/// |actual - expected| <= atol + rtol |expected|.
struct Bound {
  double rtol;
  double atol;
};

/// What is compared; the tolerances differ by it.
enum class Kind { values, gradients, second_order };

/// The default for the kind and the expected tensor's dtype, or the case's own "tol".
Bound bound_of(const Value& one_case, Kind kind, xgrad::DType dtype);

/// Throws Mismatch, beginning with `what`, unless shape and dtype are equal and all elements within the
/// bound; it names the first element that is not, with both numbers.
void check_close(const std::string& what, const xgrad::Tensor& actual, const xgrad::Tensor& expected, Bound bound);

/// Throws Mismatch unless the gradient is absent or zero everywhere.
void check_no_gradient(const std::string& what, const xgrad::Tensor& gradient);

/// The shortest text that reads back as the same number.
std::string shown(double number);

}  // namespace conformance
