// var and std.
#include <cmath>

#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/reduction.hpp"
#include "../detail/scaling.hpp"
#include "../reduce.hpp"

namespace xgrad {

using namespace internal;

namespace {

// ---- Means ----

/// Sum of the differences from a guess.
struct DifferenceFold : SumFold {
  static constexpr bool kCentered = true;
  template <class V>
  static V step(V sum, V x, V center) {
    return sum + (x - center);
  }
  template <class V>
  static V neutral(V center) {
    return center;
  }
};

/// Sum of the squared differences from the mean.
struct DeviationFold : DifferenceFold {
  template <class V>
  static V step(V sum, V x, V center) {
    V deviation = x - center;
    return sum + deviation * deviation;
  }
};

/// The first element of each group that is reduced: the guess that its mean is taken from. Of equal elements the mean is
/// then exact, and the variance 0.
Tensor first_elements(const Tensor& x, unsigned mask) {
  return copy(new_view(x, reduced_shape(x.shape(), mask, true), x.strides(), x.impl()->data));
}

/// The mean as the guess plus what it is off by on average. What is lost in rounding the sum is the residue: where elements
/// differ by little, it is as large as their deviations.
template <class T>
struct MeanFromGuess {
  T count;
  T* residues;

  T operator()(std::int64_t at, T guess, T differences) const {
    const T shift = differences / count;
    const T mean = guess + shift;
    const T added = mean - guess;
    const T residue = (guess - (mean - added)) + (shift - added);
    residues[at] = residue == residue ? residue : T(0);  // nan where the mean is infinite
    return mean;
  }
};

struct Means {
  Tensor centers;   // rounded
  Tensor residues;  // the means are centers + residues
};

/// The means of a tensor that has elements, in the kept axes' shape.
template <class T>
Means means_of(const Tensor& x, unsigned mask) {
  Means means{first_elements(x, mask), {}};
  means.residues = new_tensor(means.centers.shape(), dtype_of<T>);
  Tensor differences = fold_around<DifferenceFold, T>(x, mask, means.centers);
  MeanFromGuess<T> to_mean{static_cast<T>(reduced_count(x.shape(), mask)), data_of<T>(means.residues)};
  T* centers = data_of<T>(means.centers);
  for (std::int64_t i = 0; i < differences.numel(); ++i)
    centers[i] = to_mean(i, centers[i], data_of<T>(differences)[i]);
  return means;
}

/// Sums of the squared deviations from the means, in this shape, of a tensor that has elements.
template <class T>
Tensor square_sums(const Tensor& x, unsigned mask, const Shape& shape) {
  Tensor sums = new_tensor(shape, dtype_of<T>);
  Tensor centers = first_elements(x, mask);
  Tensor residues = new_tensor(centers.shape(), dtype_of<T>);
  const T count = static_cast<T>(reduced_count(x.shape(), mask));
  PlannedOperand operand(x, mask);
  fold_twice<DifferenceFold, DeviationFold>(operand.plan, data_of<T>(operand.x), data_of<T>(centers), data_of<T>(sums),
                                            MeanFromGuess<T>{count, data_of<T>(residues)});
  const T* residue = data_of<T>(residues);
  T* sum = data_of<T>(sums);
  for (std::int64_t i = 0, n = sums.numel(); i < n; ++i) sum[i] -= std::min(sum[i], count * residue[i] * residue[i]);
  return sums;
}

// ---- Values ----

template <class T>
Tensor variance_value(const Tensor& x, unsigned mask, const Shape& shape, double divisor) {
  Tensor y = square_sums<T>(x, mask, shape);
  for_each_element<T>(y, [by = static_cast<T>(divisor)](T sum) { return sum / by; });
  return y;
}

/// Where squares overflow or underflow, elements are scaled first. Each result is made of its own group alone.
template <class T>
Tensor deviation_value(const Tensor& x, unsigned mask, const Shape& shape, double divisor) {
  Tensor y = square_sums<T>(x, mask, shape);
  Tensor scales, scaled_sums;
  if (!are_safe_square_sums<T>(y)) {
    scales = power_of_two_scales(x, mask);
    Tensor scaled = compute<T>(
        x.shape(), [](auto x, auto scale) { return x * scale; }, x, scales);
    scaled_sums = square_sums<T>(scaled, mask, shape);
  }
  const T by = static_cast<T>(divisor);
  for (std::int64_t i = 0; i < y.numel(); ++i) {
    T& sum = data_of<T>(y)[i];
    sum = scales.defined() && !is_safe_square_sum(sum)
              ? std::sqrt(data_of<T>(scaled_sums)[i] / by) / data_of<T>(scales)[i]
              : std::sqrt(sum / by);
  }
  return y;
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

template <class Value>
Tensor nan_of_nothing(const VarianceOperand& operand, const Value& value) {
  return dispatch_floating(operand.x.dtype(), [&]<class T>(T) {
    if (operand.x.numel() > 0) return value(T{});
    Tensor y = new_tensor(operand.shape, dtype_of<T>);
    std::fill_n(data_of<T>(y), y.numel(), std::numeric_limits<T>::quiet_NaN());
    return y;
  });
}

// ---- Rules ----

/// x - mean, of operators. Taken relative to an element of each group, so that the mean's rounding is that of a small number.
Tensor deviations(const Tensor& x, unsigned mask) {
  if (x.numel() == 0) return x;
  Tensor relative = x - first_elements(x.detach(), mask);
  return relative - mean(relative, axes_of(mask), {.keepdims = true});
}

/// (x - mean) factor, with the factor in the kept axes' shape.
Tensor variance_cotangent(Vjp& vjp, unsigned mask, const Tensor& factor) {
  const Tensor& x = vjp.input(0);
  if (vjp.creates_graph()) return deviations(x, mask) * factor;
  if (x.numel() == 0) return zeros(x.shape(), {.dtype = x.dtype()});
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    auto [centers, residues] = means_of<T>(x, mask);
    return compute<T>(
        x.shape(), [](auto x, auto center, auto residue, auto factor) { return ((x - center) - residue) * factor; }, x,
        centers, residues, factor);
  });
}

template <class T>
Tensor deviation_cotangent_value(const Tensor& x, const Tensor& y, unsigned mask, const Tensor& factor) {
  auto [centers, residues] = means_of<T>(x, mask);
  return compute<T>(
      x.shape(),
      [](auto x, auto center, auto residue, auto y, auto factor) {
        using V = decltype(x);
        return where(y == V(0), V(0), ((x - center) - residue) / y) * factor;
      },
      x, centers, residues, y, factor);
}

/// (x - mean) / y factor, 0 where y is 0, in every order. y and the factor are in the kept axes' shape.
Tensor deviation_cotangent(Vjp& vjp, unsigned mask, const Tensor& y, const Tensor& factor) {
  const Tensor& x = vjp.input(0);
  if (vjp.creates_graph()) {
    Tensor is_zero = y == 0;
    return where(is_zero, 0, deviations(x, mask)) / where(is_zero, 1, y) * factor;
  }
  if (x.numel() == 0) return zeros(x.shape(), {.dtype = x.dtype()});
  return dispatch_floating(x.dtype(), [&]<class T>(T) {
    const T largest = *data_of<T>(fold<LargestMagnitudeFold, T>(y, (1u << y.ndim()) - 1, Shape{}));
    constexpr T kSafe = std::numeric_limits<T>::max() * std::numeric_limits<T>::epsilon();
    if (!(largest > kSafe)) return deviation_cotangent_value<T>(x, y, mask, factor);
    // Sums of such elements may overflow.
    Tensor scales = power_of_two_scales(x, mask);
    auto times = [](auto a, auto b) { return a * b; };
    return deviation_cotangent_value<T>(compute<T>(x.shape(), times, x, scales),
                                        compute<T>(y.shape(), times, y, scales), mask, factor);
  });
}

}  // namespace

Tensor var(const Operand& operand, const Axes& axes, VarianceOptions options) {
  VarianceOperand of("var", operand, axes, options);
  Tensor y = nan_of_nothing(of, [&]<class T>(T) { return variance_value<T>(of.x, of.mask, of.shape, of.divisor); });
  return record("var", operand.where(), {of.x}, std::move(y), {Uses::input(0)},
                [mask = of.mask, divisor = of.divisor](Vjp& vjp) {
                  Tensor factor = with_kept_axes(vjp.g(), vjp.shape(0), mask) * (2 / divisor);
                  vjp.give(0, variance_cotangent(vjp, mask, factor));
                });
}

Tensor std(const Operand& operand, const Axes& axes, VarianceOptions options) {
  VarianceOperand of("std", operand, axes, options);
  Tensor y = nan_of_nothing(of, [&]<class T>(T) { return deviation_value<T>(of.x, of.mask, of.shape, of.divisor); });
  return record("std", operand.where(), {of.x}, std::move(y), {Uses::input(0) | Uses::output()},
                [mask = of.mask, divisor = of.divisor](Vjp& vjp) {
                  const Shape& shape = vjp.shape(0);
                  Tensor factor = with_kept_axes(vjp.g(), shape, mask) / divisor;
                  vjp.give(0, deviation_cotangent(vjp, mask, with_kept_axes(vjp.output(), shape, mask), factor));
                });
}

}  // namespace xgrad
