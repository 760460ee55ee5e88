#include "choose.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "../simd/formulas/arithmetic.hpp"
#include "../simd/formulas/choose.hpp"
#include "arithmetic.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/formula.hpp"
#include "rounding.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// a where the mask holds, else b; they have one dtype.
Tensor choose(const char* name, const Tensor& mask, const Tensor& a, const Tensor& b, const Shape& shape,
              SourceLocation place) {
  Tensor y = new_result(name, shape, a.dtype(), place);
  dispatch(a.dtype(), [&]<class T>(T) {
    vectorize<T>(shape, Types<T>{}, {y.impl()}, Types<bool, T, T>{}, {mask.impl(), a.impl(), b.impl()},
                 [](auto condition, auto a, auto b) { return where(condition, a, b); });
  });
  // The condition comes last, so that the branches are inputs 0 and 1.
  return record(name, place, {a, b, mask}, std::move(y), {Uses::input(2)}, [](Vjp& vjp) {
    const Tensor& g = vjp.g();
    const Tensor& mask = vjp.input(2);
    if (vjp.needs(0)) vjp.give(0, unbroadcast(where(mask, g, 0), vjp, 0));
    if (vjp.needs(1)) vjp.give(1, unbroadcast(where(mask, 0, g), vjp, 1));
  });
}

}  // namespace

Tensor where(const Operand& condition, const Operand& a, const Operand& b) {
  const Tensor& mask = condition.tensor("where");
  SourceLocation place = condition.where();
  check(mask.dtype() == DType::boolean, place, "where: the condition must be boolean, but it is ", mask.dtype(), ".");
  Promoted pair("where", a, b);
  Shape shape = broadcast_shapes("where", mask.shape(), pair.shape(), place);
  return choose("where", mask, pair.a(), pair.b(), shape, place);
}

Tensor masked_fill(const Operand& x, const Operand& mask, const Operand& value) {
  const Tensor &kept = x.tensor("masked_fill"), &filled = mask.tensor("masked_fill");
  const SourceLocation place = x.where();
  check(filled.dtype() == DType::boolean, place, "masked_fill: the mask must be boolean, but it is ", filled.dtype(),
        ".");
  check(value.is_number() || value.tensor("masked_fill").ndim() == 0, place,
        "masked_fill: the value must be a number or a 0-d tensor, but its shape is ",
        value.tensor("masked_fill").shape(), ". Use where().");
  Shape shape = broadcast_shapes("masked_fill", kept.shape(), filled.shape(), place);
  Tensor number = value.is_number() ? value.number_as(kept.dtype(), "masked_fill")
                                    : cast_for("masked_fill", {value.tensor("masked_fill"), place}, kept.dtype());
  return choose("masked_fill", filled, number, kept, shape, place);
}

Tensor maximum(const Operand& a, const Operand& b) {
  return binary<Integers::stay>("maximum", a, b, formulas::Maximum{});
}

Tensor minimum(const Operand& a, const Operand& b) {
  return binary<Integers::stay>("minimum", a, b, formulas::Minimum{});
}

namespace {

struct ClampInteger {
  std::int64_t low, high;
  std::int64_t operator()(std::int64_t x) const { return std::min(std::max(x, low), high); }
};

/// The bounds as integers, where they are: a bound that lets every int64 pass is one, whatever its size.
std::optional<ClampInteger> integer_bounds(const Scalar& low, const Scalar& high) {
  constexpr double kLeast = -0x1p63, kBeyond = 0x1p63;
  const auto is_whole = [](const Scalar& bound) { return std::trunc(bound.value()) == bound.value(); };
  if (!is_whole(low) || !is_whole(high)) return std::nullopt;
  if ((!low.is_integer() && low.value() >= kBeyond) || high.value() < kLeast) return std::nullopt;
  const auto integer = [](const Scalar& bound) {
    using Limits = std::numeric_limits<std::int64_t>;
    if (bound.is_integer()) return bound.integer();
    if (bound.value() >= kBeyond) return Limits::max();
    return bound.value() > kLeast ? static_cast<std::int64_t>(bound.value()) : Limits::min();
  };
  return ClampInteger{integer(low), integer(high)};
}

}  // namespace

Tensor clamp(const Operand& x, std::optional<Scalar> low, std::optional<Scalar> high) {
  check(low || high, x.where(), "clamp: at least one of low and high must be given, but neither is.");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const Scalar least = low.value_or(-kInfinity), most = high.value_or(kInfinity);
  const Tensor& tensor = x.tensor("clamp");
  if (!is_floating(tensor.dtype()))
    if (std::optional<ClampInteger> whole = integer_bounds(least, most))
      return compute<std::int64_t>(tensor.shape(), *whole, cast_for("clamp", {tensor, x.where()}, DType::int64));
  return unary("clamp", x, formulas::Clamp{least.value(), most.value()});
}

Tensor clamp_min(const Operand& x, const Operand& low) {
  return binary<Integers::stay>("clamp_min", x, low, formulas::ClampMin{});
}

Tensor clamp_max(const Operand& x, const Operand& high) {
  return binary<Integers::stay>("clamp_max", x, high, formulas::ClampMax{});
}

Tensor clamp(const Operand& x, const Tensor& low, const Tensor& high) {
  const SourceLocation place = x.where();
  const Tensor& tensor = x.tensor("clamp");
  check(low.defined() || high.defined(), place, "clamp: at least one of low and high must be given, but neither is.");
  // Both bounds are looked at before the first is applied.
  Shape shape = tensor.shape();
  for (const Tensor* bound : {&low, &high})
    if (bound->defined()) shape = broadcast_shapes("clamp", shape, bound->shape(), place);
  Tensor y = tensor;
  if (low.defined()) y = binary<Integers::stay>("clamp", {y, place}, {low, place}, formulas::ClampMin{});
  if (high.defined()) y = binary<Integers::stay>("clamp", {y, place}, {high, place}, formulas::ClampMax{});
  return y;
}

Tensor fmax(const Operand& a, const Operand& b) { return binary<Integers::stay>("fmax", a, b, formulas::Fmax{}); }
Tensor fmin(const Operand& a, const Operand& b) { return binary<Integers::stay>("fmin", a, b, formulas::Fmin{}); }

Tensor heaviside(const Operand& x, const Operand& values) {
  return binary<Integers::stay>("heaviside", x, values, formulas::Heaviside{});
}

Tensor nan_to_num(const Operand& x, NanToNumOptions options) {
  const Tensor& tensor = x.tensor("nan_to_num");
  if (!is_floating(tensor.dtype())) return tensor;
  const bool is_float = tensor.dtype() == DType::float32;
  const double largest = is_float ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  return unary("nan_to_num", x,
               formulas::NanToNum{options.nan, options.posinf.value_or(largest), options.neginf.value_or(-largest)});
}

}  // namespace xgrad
