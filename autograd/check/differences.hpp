// Derivatives by finite differences that know how far they can be trusted.
#pragma once

#include <vector>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Values of a function of one variable at 0, and at steps to both sides; the steps shrink by the same
/// factor.
struct Samples {
  std::vector<double> steps;
  std::vector<double> plus, minus;
  double zero = 0;
  double magnitude = 0;  ///< of the numbers that were added up to a value: what rounding errors are relative to
};

struct Difference {
  double value = 0;
  double error = 0;         ///< estimate; infinity when no step had finite values on both sides
  bool precise = false;     ///< the error is small beside the value
  double hidden_slope = 0;  ///< slopes up to this size could hide in noise, or in waves shorter than all steps
  double left = 0;          ///< slope to the left and to the right, at the smallest step that rounding leaves usable
  double right = 0;
  double side_error = 0;  ///< what rounding can have changed either slope by
  bool kink = false;      ///< the two slopes do not draw together as the step shrinks, or one side has no values
};

/// The derivative at 0: central differences, extrapolated to step 0 by Richardson's scheme, the most precise
/// entry of the tableau taken. C. J. F. Ridders, Accurate computation of F'(x) and F'(x)
/// F''(x), Advances in Engineering Software 4 (1982) 75-76.
Difference differentiate(const Samples& samples);

}  // namespace internal
}  // namespace xgrad
