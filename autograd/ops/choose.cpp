#include "choose.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "arithmetic.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/formula.hpp"

namespace xgrad {

using namespace internal;

Tensor where(const Operand& condition, const Operand& a, const Operand& b) {
  const Tensor& mask = condition.tensor("where");
  SourceLocation place = condition.where();
  check(mask.dtype() == DType::boolean, place, "where: the condition must be boolean, but it is ", mask.dtype(), ".");
  Promoted pair("where", a, b);
  Shape shape = broadcast_shapes("where", mask.shape(), pair.shape(), place);
  Tensor y = new_result("where", shape, pair.dtype(), place);
  dispatch(pair.dtype(), [&]<class T>(T) {
    vectorize<T>(shape, Types<T>{}, {y.impl()}, Types<bool, T, T>{}, {mask.impl(), pair.a().impl(), pair.b().impl()},
                 [](auto condition, auto a, auto b) { return where(condition, a, b); });
  });
  // The condition comes last, so that the branches are inputs 0 and 1.
  return record("where", place, {pair.a(), pair.b(), mask}, std::move(y), {Uses::input(2)}, [](Vjp& vjp) {
    const Tensor& g = vjp.g();
    const Tensor& mask = vjp.input(2);
    if (vjp.needs(0)) vjp.give(0, unbroadcast(where(mask, g, 0), vjp, 0));
    if (vjp.needs(1)) vjp.give(1, unbroadcast(where(mask, 0, g), vjp, 1));
  });
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
std::optional<ClampInteger> integer_bounds(double low, double high) {
  constexpr double kLeast = -0x1p63, kBeyond = 0x1p63;
  if (std::trunc(low) != low || std::trunc(high) != high || low >= kBeyond || high < kLeast) return std::nullopt;
  using Limits = std::numeric_limits<std::int64_t>;
  return ClampInteger{low > kLeast ? static_cast<std::int64_t>(low) : Limits::min(),
                      high < kBeyond ? static_cast<std::int64_t>(high) : Limits::max()};
}

}  // namespace

Tensor clamp(const Operand& x, std::optional<double> low, std::optional<double> high) {
  check(low || high, x.where(), "clamp: at least one of low and high must be given.");
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  formulas::Clamp bounds{low.value_or(-kInfinity), high.value_or(kInfinity)};
  const Tensor& tensor = x.tensor("clamp");
  if (!is_floating(tensor.dtype()))
    if (std::optional<ClampInteger> whole = integer_bounds(bounds.low, bounds.high))
      return compute<std::int64_t>(tensor.shape(), *whole, cast_for("clamp", {tensor, x.where()}, DType::int64));
  return unary("clamp", x, bounds);
}

Tensor clamp(const Operand& x, const Tensor& low, const Tensor& high) {
  CallSite site(x.where());
  check(low.defined() || high.defined(), x.where(), "clamp: at least one of low and high must be given.");
  // Each step passes g on where its bound does not bind, ends included, and to the bound elsewhere; nan is a constant.
  Tensor y = x.tensor("clamp");
  auto bound = [&](const Tensor& limit, bool below) {
    Tensor free = below ? y >= limit : y <= limit;
    y = where(free, y, where(isnan(y), y.detach(), limit));
  };
  if (low.defined()) bound(low, true);
  if (high.defined()) bound(high, false);
  return y;
}

}  // namespace xgrad
