// Choosing between elements.
#pragma once

#include <optional>

#include "../scalar.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Elements of a where the condition holds, else of b.
/// Shapes: condition, a and b broadcast to the result's shape.
/// Dtype: the common one of a and b.
/// Derivative: g to the branch that was taken, exactly 0 to the other, even where that is nan or inf.
/// Throws: std::invalid_argument unless the condition is boolean.
/// NumPy: `where`; of a condition alone `nonzero_tuple(condition)` here
/// PyTorch: `where`; of a condition alone `nonzero_tuple(condition)` here
Tensor where(const Operand& condition, const Operand& a, const Operand& b);

/// Chooses between f(x) and g(x), with each function fed `safe` in place of the elements that it is not chosen for, so
/// that a nan or inf that it would make of them cannot reach the gradient (0 * inf = nan).
/// Shapes: condition and x broadcast; f and g keep the shape.
/// Dtype: the common one of f(x) and g(x).
/// Derivative: that of the branch that was taken.
/// Example: where_safe(x > 0, [](const Tensor& x) { return sqrt(x); }, [](const Tensor& x) { return 0 * x; }, x);
/// NumPy: -
/// PyTorch: -
template <class F, class G>
Tensor where_safe(const Tensor& condition, F&& f, G&& g, const Tensor& x, double safe = 1,
                  SourceLocation place = SourceLocation::current());

/// Larger of two tensors, element by element; nan where either is nan.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to the larger, half each at a tie, 0 where either is nan.
Tensor maximum(const Operand& a, const Operand& b);

/// Smaller of two tensors, element by element; nan where either is nan.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to the smaller, half each at a tie, 0 where either is nan.
Tensor minimum(const Operand& a, const Operand& b);

/// Elements limited to [low, high], that is min(max(x, low), high), either bound optional: low > high gives high, nan
/// stays.
/// Shapes: the result has x's.
/// Dtype: x's; integers stay where the bounds are whole numbers or infinite, and become the default dtype else. A bound
/// of an integer type limits them exactly, as large as it may be.
/// Derivative: g where low <= x <= high, else 0.
/// Throws: std::invalid_argument without a bound.
/// NumPy: `clip`
/// PyTorch: `clamp`, `clip`, to which integers stay only beside bounds of an integer type
Tensor clamp(const Operand& x, std::optional<Scalar> low, std::optional<Scalar> high);

/// Elements limited to bounds that are tensors; an undefined one does not bound.
/// Shapes: x and the bounds broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to x where low <= x <= high, to a bound where it was taken, nothing to a nan. Of equal bounds low was
/// taken below them, high above.
/// Throws: std::invalid_argument without a bound.
/// PyTorch: `clamp`, `clip`, which give nothing below equal bounds
Tensor clamp(const Operand& x, const Tensor& low, const Tensor& high);

/// Elements not below a bound, a number or a tensor; nan where either is nan.
/// Shapes: x and low broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to x where x >= low, to low where x < low, nothing to a nan.
/// NumPy: `maximum`
Tensor clamp_min(const Operand& x, const Operand& low);

/// Elements not above a bound, a number or a tensor; nan where either is nan.
/// Shapes: x and high broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to x where x <= high, to high where x > high, nothing to a nan.
/// NumPy: `minimum`
Tensor clamp_max(const Operand& x, const Operand& high);

/// Larger of two tensors, element by element; beside a nan the other one.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to the one that was taken, to a at a tie.
Tensor fmax(const Operand& a, const Operand& b);

/// Smaller of two tensors, element by element; beside a nan the other one.
/// Shapes: a and b broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: g to the one that was taken, to a at a tie.
Tensor fmin(const Operand& a, const Operand& b);

/// Step function: 0 below 0, 1 above, and `values` at 0; nan of a nan.
/// Shapes: x and values broadcast to the result's shape.
/// Dtype: the common one; integers stay.
/// Derivative: 0 to x; g to values where x is 0.
/// NumPy: `heaviside`, float64 of integers
/// PyTorch: `heaviside`, 0 of a nan
Tensor heaviside(const Operand& x, const Operand& values);

/// Elements of x, and `value` where the mask holds.
/// Shapes: x and mask broadcast to the result's shape; value is a number or a 0-d tensor.
/// Dtype: x's, to which value is converted.
/// Derivative: g to x where the mask does not hold; the sum of the other g to value.
/// Throws: std::invalid_argument unless the mask is boolean and value has no axes.
/// NumPy: `where(mask, value, x)`
Tensor masked_fill(const Operand& x, const Operand& mask, const Operand& value);

struct NanToNumOptions {
  double nan = 0;                               ///< in place of nan
  std::optional<double> posinf = std::nullopt;  ///< in place of infinity: where not given the dtype's largest number
  std::optional<double> neginf = std::nullopt;  ///< in place of -infinity: where not given the dtype's least number
};
/// Elements of x, with numbers in place of nan and of the infinities.
/// Shapes: the result has x's.
/// Dtype: x's; integers and booleans stay as they are.
/// Derivative: g where x is finite, else 0.
Tensor nan_to_num(const Operand& x, NanToNumOptions options = {});

template <class F, class G>
Tensor where_safe(const Tensor& condition, F&& f, G&& g, const Tensor& x, double safe, SourceLocation place) {
  // No CallSite: f and g are the user's code, which has lines of its own.
  const Operand mask(condition, place), given(x, place), instead(safe, place);
  const auto a = f(where(mask, given, instead));
  const auto b = g(where(mask, instead, given));
  return where(mask, {a, place}, {b, place});
}

}  // namespace xgrad
