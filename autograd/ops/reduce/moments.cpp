// var, std and norm.
#include <cmath>

#include "../../extend.hpp"
#include "../detail/reduction.hpp"
#include "../create.hpp"
#include "../reduce.hpp"

namespace xgrad {

using namespace internal;

namespace {

/// 1 / y, and 0 where y is 0: what makes the derivatives of a root 0 there, in every order.
Tensor reciprocal_or_zero(const Tensor& y) {
  Tensor is_zero = y == 0;
  return where(is_zero, 0, 1 / where(is_zero, 1, y));
}

// ---- Variance ----

/// Sum of the differences from a guess.
struct DifferenceFold {
  static constexpr bool kCentered = true;
  template <class V>
  static V start() {
    return V(0);
  }
  template <class V>
  static V step(V sum, V x, V center) {
    return sum + (x - center);
  }
  template <class V>
  static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  static V neutral(V center) {
    return center;
  }
};

/// Sum of the squared differences from the mean.
struct DeviationFold {
  static constexpr bool kCentered = true;
  template <class V>
  static V start() {
    return V(0);
  }
  template <class V>
  static V step(V sum, V x, V center) {
    V deviation = x - center;
    return sum + deviation * deviation;
  }
  template <class V>
  static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  static V neutral(V center) {
    return center;
  }
};

/// The first element of each group that is reduced: the guess that its mean is taken from. Of equal elements the mean is
/// then exact, and the variance 0.
Tensor first_elements(const Tensor& x, unsigned mask) {
  return copy(new_view(x, reduced_shape(x.shape(), mask, true), x.strides(), x.impl()->data));
}

template <class T>
auto mean_from_guess(const Tensor& x, unsigned mask) {
  return [count = static_cast<T>(reduced_count(x.shape(), mask))](T guess, T differences) {
    return guess + differences / count;
  };
}

Tensor variance_value(const Tensor& x, unsigned mask, const Shape& shape, double divisor, bool root) {
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    Tensor y = new_tensor(shape, dtype_of<T>);
    if (x.numel() == 0) {
      std::fill_n(data_of<T>(y), y.numel(), std::numeric_limits<T>::quiet_NaN());
      return y;
    }
    Tensor means = first_elements(x, mask);
    PlannedOperand operand(x, mask);
    fold_twice<DifferenceFold, DeviationFold>(operand.plan, data_of<T>(operand.x), data_of<T>(means), data_of<T>(y),
                                              mean_from_guess<T>(x, mask));
    T by = static_cast<T>(divisor);
    for_each_element<T>(y, [=](T sum) { return root ? std::sqrt(sum / by) : sum / by; });
    return y;
  });
}

/// (x - mean) factor, with the factor in the shape of the kept axes.
Tensor scaled_deviation(Vjp& vjp, unsigned mask, const Tensor& factor) {
  const Tensor& x = vjp.input(0);
  if (vjp.creates_graph()) return (x - mean(x, axes_of(mask), {.keepdims = true})) * factor;
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    Tensor center = x;
    if (x.numel() > 0) {
      center = first_elements(x, mask);
      Tensor differences = new_tensor(center.shape(), dtype_of<T>);
      PlannedOperand operand(x, mask);
      fold_into<DifferenceFold>(operand.plan, data_of<T>(operand.x), data_of<T>(differences), data_of<T>(center));
      auto to_mean = mean_from_guess<T>(x, mask);
      for (std::int64_t i = 0; i < center.numel(); ++i)
        data_of<T>(center)[i] = to_mean(data_of<T>(center)[i], data_of<T>(differences)[i]);
    }
    return compute<T>(
        x.shape(), [](auto x, auto center, auto factor) { return (x - center) * factor; }, x, center, factor);
  });
}

struct VarianceOperand {
  VarianceOperand(const char* name, const Operand& operand, const Axes& axes, const VarianceOptions& options)
      : x(floating_operand(name, operand)),
        mask(axis_mask(name, axes, x.ndim(), operand.where())),
        shape(reduced_shape(x.shape(), mask, options.keepdims)),
        divisor(std::max(0.0, static_cast<double>(reduced_count(x.shape(), mask)) - options.correction)) {
    check(!std::isnan(options.correction), operand.where(), name, ": correction must be a number, but it is nan.");
  }

  Tensor x;
  unsigned mask;
  Shape shape;
  double divisor;
};

}  // namespace

Tensor var(const Operand& operand, const Axes& axes, VarianceOptions options) {
  auto [x, mask, shape, divisor] = VarianceOperand("var", operand, axes, options);
  return record("var", operand.where(), {x}, variance_value(x, mask, shape, divisor, false), {Uses::input(0)},
                [mask = mask, divisor = divisor](Vjp& vjp) {
                  Tensor factor = with_kept_axes(vjp.g(), vjp.shape(0), mask) * (2 / divisor);
                  vjp.give(0, scaled_deviation(vjp, mask, factor));
                });
}

Tensor std(const Operand& operand, const Axes& axes, VarianceOptions options) {
  auto [x, mask, shape, divisor] = VarianceOperand("std", operand, axes, options);
  return record("std", operand.where(), {x}, variance_value(x, mask, shape, divisor, true),
                {Uses::input(0) | Uses::output()}, [mask = mask, divisor = divisor](Vjp& vjp) {
                  Tensor factor = vjp.g() * reciprocal_or_zero(vjp.output()) / divisor;
                  vjp.give(0, scaled_deviation(vjp, mask, with_kept_axes(factor, vjp.shape(0), mask)));
                });
}

// ---- Norms ----

namespace {

template <class V>
V magnitude(V x) {
  if constexpr (IsBatch<V>)
    return abs(x);
  else
    return std::abs(x);
}

struct SquareFold : SumFold {
  template <class V>
  static V step(V sum, V x, V) {
    return sum + x * x;
  }
};

struct MagnitudeFold : SumFold {
  template <class V>
  static V step(V sum, V x, V) {
    return sum + magnitude(x);
  }
};

struct LargestMagnitudeFold : MaxFold {
  template <class V>
  static V start() {
    return V(0);
  }
  template <class V>
  static V step(V largest, V x, V) {
    return larger(largest, magnitude(x));
  }
  template <class V>
  static V neutral(V) {
    return V(0);
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

Tensor norm_value(const Tensor& x, double p, unsigned mask, const Shape& shape) {
  return dispatch_floating(x.dtype(), [&]<class T>(T) -> Tensor {
    if (p == 0) return fold<NonzeroFold, T>(x, mask, shape);
    if (p == 1) return fold<MagnitudeFold, T>(x, mask, shape);
    if (std::isinf(p))
      return p > 0 ? fold<LargestMagnitudeFold, T>(x, mask, shape) : fold<SmallestMagnitudeFold, T>(x, mask, shape);
    if (p == 2) {
      Tensor y = fold<SquareFold, T>(x, mask, shape);
      for_each_element<T>(y, [](T sum) { return std::sqrt(sum); });
      return y;
    }
    Tensor powers = compute<T>(
        x.shape(), [p](auto x) { return pow(abs(x), decltype(x)(p)); }, x);
    Tensor y = sum_value(powers, mask, shape);
    for_each_element<T>(y, [p](T sum) { return static_cast<T>(std::pow(sum, 1 / p)); });
    return y;
  });
}

/// g and y in the shape of the kept axes.
Tensor norm_cotangent(const Tensor& g, const Tensor& x, const Tensor& y, double p, unsigned mask) {
  if (p == 2) return x * (g * reciprocal_or_zero(y));
  if (p == 1) return sign(x) * g;
  if (std::isinf(p)) {
    Tensor reached = abs(x) == y;
    Tensor share = g / cast(sum(reached, axes_of(mask), {.keepdims = true}), x.dtype());
    return where(reached, sign(x) * share, 0);
  }
  // d|x|^p/dx is 0 at 0 in every order, as long as no negative power of 0 is formed.
  Tensor factor = g * pow(reciprocal_or_zero(y), p - 1);
  Tensor is_zero = x == 0;
  return where(is_zero, 0, sign(x) * pow(where(is_zero, 1, abs(x)), p - 1) * factor);
}

}  // namespace

Tensor norm(const Operand& operand, const Axes& axes, NormOptions options) {
  Tensor x = floating_operand("norm", operand);
  double p = options.p;
  unsigned mask = axis_mask("norm", axes, x.ndim(), operand.where());
  check(reduced_count(x.shape(), mask) > 0 || (p >= 0 && !std::isinf(p)), operand.where(), "norm: with p = ", p,
        " it needs at least one element along the reduced axes, but x is ", x.shape(), ".");
  check(!std::isnan(p), operand.where(), "norm: p must be a number, but it is nan.");
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  Uses uses = p == 0 ? Uses() : p == 1 ? Uses::input(0) : Uses::input(0) | Uses::output();
  return record("norm", operand.where(), {x}, norm_value(x, p, mask, shape), {uses}, [mask, p](Vjp& vjp) {
    const Shape& shape = vjp.shape(0);
    if (p == 0) return vjp.give(0, zeros(shape, {.dtype = vjp.dtype(0)}));
    Tensor y = p == 1 ? Tensor() : with_kept_axes(vjp.output(), shape, mask);
    vjp.give(0, norm_cotangent(with_kept_axes(vjp.g(), shape, mask), vjp.input(0), y, p, mask));
  });
}

}  // namespace xgrad
