#include "norm.hpp"

#include <cmath>

#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/promote.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../detail/scaling.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

struct SquareFold : SumFold {
  template <class V>
  static V step(V sum, V x, V) {
    return sum + x * x;
  }
};

/// Sum of the squares of the elements times the center.
struct ScaledSquareFold : SumFold {
  static constexpr bool kCentered = true;
  template <class V>
  static V step(V sum, V x, V scale) {
    V scaled = x * scale;
    return sum + scaled * scaled;
  }
};

template <class T>
Tensor root_of_squares_value(const Tensor& x, unsigned mask, const Shape& shape, double divisor) {
  Tensor y = fold<SquareFold, T>(x, mask, shape);
  Tensor scales, scaled_sums;
  if (!are_safe_square_sums<T>(y)) {
    scales = power_of_two_scales(x, mask);
    scaled_sums = fold_around<ScaledSquareFold, T>(x, mask, scales);
  }
  take_roots<T>(y, scales, scaled_sums, divisor);
  return y;
}

/// g x / (y divisor) by the unit vector x / y, 0 where y is 0, in every order.
void root_of_squares_rule(Vjp& vjp, unsigned mask, double divisor) {
  const Tensor& x = vjp.input(0);
  Tensor g = with_kept_axes(vjp.g(), x.shape(), mask);
  Tensor y = with_kept_axes(vjp.output(), x.shape(), mask);
  if (vjp.creates_graph()) {
    Tensor is_zero = y == 0;
    Tensor unit = where(is_zero, 0, x) / where(is_zero, 1, y);
    return vjp.give(0, divisor == 1 ? unit * g : unit * (g / divisor));
  }
  vjp.give(0, dispatch_floating(x.dtype(), [&]<class T>(T) {
             return compute<T>(
                 x.shape(),
                 [factor = static_cast<T>(1 / divisor)](auto g, auto x, auto y) {
                   using V = decltype(x);
                   return where(y == V(0), V(0), x / y) * (g * V(factor));
                 },
                 g, x, y);
           }));
}

}  // namespace

Tensor root_of_squares(const char* name, const Tensor& x, unsigned mask, const Shape& shape, double divisor,
                       SourceLocation where) {
  Tensor y =
      dispatch_floating(x.dtype(), [&]<class T>(T) { return root_of_squares_value<T>(x, mask, shape, divisor); });
  return record(name, where, {x}, std::move(y), {Uses::input(0) | Uses::output()},
                [mask, divisor](Vjp& vjp) { root_of_squares_rule(vjp, mask, divisor); });
}

}  // namespace internal

using namespace internal;

namespace {

struct MagnitudeFold : SumFold {
  template <class V>
  static V step(V sum, V x, V) {
    return sum + magnitude(x);
  }
};

struct SmallestMagnitudeFold : MinFold {
  template <class V>
  static V step(V least, V x, V) {
    return smaller(least, magnitude(x));
  }
};

struct NonzeroFold : SumFold {
  template <class V>
  static V step(V count, V x, V) {
    if constexpr (IsBatch<V>)
      return count + where(x != 0, V(1), V(0));
    else
      return count + V(x != 0);
  }
};

/// How many elements have the magnitude of the center.
struct MagnitudeTiesFold : SumFold {
  static constexpr bool kCentered = true;
  template <class V>
  static V step(V count, V x, V center) {
    if constexpr (IsBatch<V>)
      return count + where(abs(x) == center, V(1), V(0));
    else
      return count + V(std::abs(x) == center);
  }
  template <class V>
  static V neutral(V) {
    return V(std::numeric_limits<double>::quiet_NaN());
  }
};

/// Powers are taken relative to the magnitude that counts most, so that they neither overflow nor underflow.
template <class T>
Tensor power_norm_value(const Tensor& x, double p, unsigned mask, const Shape& shape) {
  const Shape kept = reduced_shape(x.shape(), mask, true);
  Tensor scales = p > 0 ? fold<LargestMagnitudeFold, T>(x, mask, kept) : fold<SmallestMagnitudeFold, T>(x, mask, kept);
  for_each_element<T>(scales, [](T size) { return size > 0 && std::isfinite(size) ? size : T(1); });
  Tensor powers = compute<T>(
      x.shape(), [p = static_cast<T>(p)](auto x, auto scale) { return pow(abs(x) / scale, decltype(x)(p)); }, x,
      scales);
  Tensor y = sum_value(powers, mask, shape);
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    T& sum = data_of<T>(y)[i];
    sum = static_cast<T>(std::pow(sum, 1 / p)) * data_of<T>(scales)[i];
  }
  return y;
}

Tensor norm_value(const Tensor& x, double p, unsigned mask, const Shape& shape) {
  return dispatch_floating(x.dtype(), [&]<class T>(T) -> Tensor {
    if (p == 0) return fold<NonzeroFold, T>(x, mask, shape);
    if (p == 1) return fold<MagnitudeFold, T>(x, mask, shape);
    if (std::isinf(p))
      return p > 0 ? fold<LargestMagnitudeFold, T>(x, mask, shape) : fold<SmallestMagnitudeFold, T>(x, mask, shape);
    return power_norm_value<T>(x, p, mask, shape);
  });
}

/// The cotangent of norms with p other than 0 and 2, of operators. g and y are in the kept axes' shape.
Tensor norm_cotangent_of_operators(const Tensor& g, const Tensor& x, const Tensor& y, double p, unsigned mask) {
  if (p == 1) return sign(x) * g;
  if (std::isinf(p)) {
    Tensor reached = abs(x) == y;
    Tensor share = g / cast(sum(reached, axes_of(mask), {.keepdims = true}), x.dtype());
    return where(reached, sign(x) * share, where(isnan(y), y, 0));
  }
  // d|x|^p/dx is 0 at 0 in every order, as long as no negative power of 0 is formed.
  Tensor is_zero = logical_or(x == 0, y == 0);
  Tensor ratio = where(is_zero, 1, abs(x)) / where(y == 0, 1, y);
  return where(is_zero, 0, sign(x) * pow(ratio, p - 1) * g);
}

template <class T>
Tensor norm_cotangent_value(const Tensor& g, const Tensor& x, const Tensor& y, double p, unsigned mask) {
  if (p == 1)
    return compute<T>(
        x.shape(), [](auto g, auto x) { return sign(x) * g; }, g, x);
  if (std::isinf(p)) {
    Tensor share = fold_around<MagnitudeTiesFold, T>(x, mask, y);
    compute_into<T>(
        share, [](auto count, auto g) { return g / count; }, share, g);
    return compute<T>(
        x.shape(),
        [](auto x, auto y, auto share) {
          return where(abs(x) == y, sign(x) * share, where(y == y, decltype(x)(0), y));
        },
        x, y, share);
  }
  return compute<T>(
      x.shape(),
      [p = static_cast<T>(p - 1)](auto g, auto x, auto y) {
        using V = decltype(x);
        auto power = pow(abs(x) / y, V(p));
        return where(x == V(0), V(0), where(y == V(0), V(0), sign(x) * power * g));
      },
      g, x, y);
}

}  // namespace

Tensor norm(const Operand& operand, const Axes& axes, NormOptions options) {
  Tensor x = floating_operand("norm", operand, options.dtype);
  double p = options.p;
  unsigned mask = axis_mask("norm", axes, x.ndim(), operand.where());
  check(!std::isnan(p), operand.where(), "norm: p must be a number, but it is nan.");
  check(reduced_count(x.shape(), mask) > 0 || (p >= 0 && !std::isinf(p)), operand.where(), "norm: with p = ", p,
        " it needs at least one element along the reduced axes, but x is ", x.shape(), ".");
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  if (p == 2) return root_of_squares("norm", x, mask, shape, 1, operand.where());
  Uses uses = p == 0 ? Uses() : p == 1 ? Uses::input(0) : Uses::input(0) | Uses::output();
  return record("norm", operand.where(), {x},
                with_memory_for("norm", operand.where(), [&] { return norm_value(x, p, mask, shape); }), {uses},
                [mask, p](Vjp& vjp) {
                  const Shape& shape = vjp.shape(0);
                  if (p == 0) return vjp.give(0, zeros(shape, {.dtype = vjp.dtype(0)}));
                  const Tensor& x = vjp.input(0);
                  Tensor g = with_kept_axes(vjp.g(), shape, mask);
                  Tensor y = p == 1 ? Tensor() : with_kept_axes(vjp.output(), shape, mask);
                  if (vjp.creates_graph() || x.numel() == 0)
                    return vjp.give(0, norm_cotangent_of_operators(g, x, y, p, mask));
                  vjp.give(0, dispatch_floating(x.dtype(),
                                                [&]<class T>(T) { return norm_cotangent_value<T>(g, x, y, p, mask); }));
                });
}

Tensor dist(const Operand& a, const Operand& b, double p) {
  const CallSite site(a.where());
  const Promoted promoted("dist", a, b, Integers::become_floating);
  check(!std::isnan(p), a.where(), "dist: p must be a number, but it is nan.");
  const Tensor difference = promoted.a() - promoted.b();
  // Of no elements it is 0 for every p.
  return norm(difference, Axes::all(), {.p = difference.numel() == 0 ? 1 : p});
}

Tensor renorm(const Operand& operand, double p, int axis, double max_norm) {
  const SourceLocation place = operand.where();
  const CallSite site(place);
  const Tensor x = floating_operand("renorm", operand);
  check(x.ndim() > 0, place, "renorm: x must have an axis, but it is a scalar.");
  axis = normalize_axis("renorm", axis, x.ndim(), place);
  check(p > 0, place, "renorm: p must be above 0, but it is ", p, ".");
  check(max_norm >= 0, place, "renorm: max_norm must not be negative, but it is ", max_norm, ".");
  if (x.numel() == 0) return copy(x);
  const unsigned others = ((1u << x.ndim()) - 1) & ~(1u << axis);
  const NormOptions options{.p = p, .keepdims = true};
  const Tensor is_long = norm(x.detach(), axes_of(others), options) > max_norm;
  // Of slices that stay no norm is formed, whose derivative a nan would spoil; and the divisor is safe there.
  const Tensor lengths = norm(where(is_long, x, 0), axes_of(others), options);
  return where(is_long, x * (max_norm / (where(is_long, lengths, 1) + 1e-7)), x);
}

}  // namespace xgrad
