#include "dropout.hpp"

#include <cmath>
#include <limits>

#include "../simd/formulas/activation.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "choose.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "random.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// Which elements, or channels, are kept.
Tensor drawn_mask(const char* name, const Operand& x, double p, bool by_channel, Generator& generator) {
  const Tensor& input = x.tensor(name);
  const SourceLocation where = x.where();
  check(p >= 0 && p <= 1, where, name, ": p must be in [0, 1], but it is ", p, ".");
  check(is_floating(input.dtype()), where, name, ": x must be floating, but it is ", input.dtype(), ".");
  Shape shape = input.shape();
  if (by_channel) {
    check(shape.ndim() >= 2, where, name, ": x must have at least two axes, [N, C, ...], but its shape is ", shape,
          ".");
    for (int axis = 2; axis < shape.ndim(); ++axis) shape[axis] = 1;
  }
  return bernoulli(shape, 1 - p, generator, where);
}

Tensor dropped(const char* name, const Operand& x, double p, bool by_channel, Generator& generator) {
  CallSite site(x.where());
  Tensor is_kept = drawn_mask(name, x, p, by_channel, generator);
  // where(), not a product: an infinity that is dropped gives 0, and the mask takes one byte an element.
  return where(is_kept, x.tensor(name) * (p < 1 ? 1 / (1 - p) : 0.0), 0);
}

/// Kept elements become scale x + shift, the others scale times selu's least value + shift, where both keep mean and
/// variance.
Tensor alpha_dropped(const char* name, const Operand& x, double p, bool by_channel, Generator& generator) {
  CallSite site(x.where());
  constexpr double kLeast = -formulas::Selu::kScale * formulas::Selu::kAlpha;
  Tensor is_kept = drawn_mask(name, x, p, by_channel, generator);
  const Tensor& input = x.tensor(name);
  if (p == 1) return where(is_kept, input, 0);
  const double scale = 1 / std::sqrt((1 - p) * (1 + p * kLeast * kLeast)), shift = -scale * kLeast * p;
  return where(is_kept, scale * input + shift, scale * kLeast + shift);
}

}  // namespace

Tensor dropout(const Operand& x, double p, Generator& generator) { return dropped("dropout", x, p, false, generator); }

Tensor feature_dropout(const Operand& x, double p, Generator& generator) {
  return dropped("feature_dropout", x, p, true, generator);
}

Tensor alpha_dropout(const Operand& x, double p, Generator& generator) {
  return alpha_dropped("alpha_dropout", x, p, false, generator);
}

Tensor feature_alpha_dropout(const Operand& x, double p, Generator& generator) {
  return alpha_dropped("feature_alpha_dropout", x, p, true, generator);
}

Tensor rrelu(const Operand& x, double lower, double upper, Generator& generator) {
  const Tensor& input = x.tensor("rrelu");
  const SourceLocation place = x.where();
  check(is_floating(input.dtype()), place, "rrelu: x must be floating, but it is ", input.dtype(), ".");
  constexpr double kLargest = std::numeric_limits<float>::max() / 2;
  check(lower <= upper && lower >= -kLargest && upper <= kLargest, place,
        "rrelu: lower must not exceed upper, and a float32 must hold their distance, but they are ", lower, " and ",
        upper, ".");
  CallSite site(place);
  // Drawn in float32 whatever x is: the same numbers for a seed. Those of a float64 x have its digits nevertheless.
  Tensor slopes;
  if (input.dtype() == DType::float64) {
    Tensor parts = uniform(input.shape(), 0, 1, {.dtype = DType::float32}, generator, place);
    slopes = clamp(lower + cast(parts, DType::float64) * (upper - lower), lower, upper);
  } else {
    slopes = uniform(input.shape(), lower, upper, {.dtype = DType::float32}, generator, place);
  }
  return binary("rrelu", input, slopes, formulas::Prelu{});
}

}  // namespace xgrad
