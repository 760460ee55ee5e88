// var, std, var_mean and std_mean.
#include <atomic>
#include <cmath>

#include "../../extend.hpp"
#include "../../kernels/fill.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../detail/scaling.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

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

/// The first element of each group that is reduced: the guess that its mean is taken from. Of equal elements the mean
/// is then exact, and the variance 0.
Tensor first_elements(const Tensor& x, unsigned mask) {
  return copy(new_view(x, reduced_shape(x.shape(), mask, true), x.strides(), x.impl()->data));
}

/// The mean as the guess plus what it is off by on average. What is lost in rounding the sum is the residue: where
/// elements differ by little, it is as large as their deviations.
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

/// centers[i] = the mean, from the guess that stands there.
template <class T>
struct CentersFromGuesses {
  T* centers;
  const T* differences;
  MeanFromGuess<T> to_mean;

  static void run(const CentersFromGuesses& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.centers[i] = a.to_mean(i, a.centers[i], a.differences[i]);
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
  launch(CentersFromGuesses<T>{data_of<T>(means.centers), data_of<T>(differences), to_mean}, differences.numel(),
         kElementwiseGrain);
  return means;
}

/// Sums of the squared deviations, or what is made of them, and the means that these were taken from.
struct Spread {
  Tensor y;
  Means means;
};

/// Takes from each sum what the mean's residue has added to it.
template <class T>
struct WithoutResidues {
  T* sums;
  const T* residues;
  T count;

  static void run(const WithoutResidues& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i)
      a.sums[i] -= std::min(a.sums[i], a.count * a.residues[i] * a.residues[i]);
  }
};

/// Sums of the squared deviations from the means, in this shape, of a tensor that has elements.
template <class T>
Spread square_sums(const Tensor& x, unsigned mask, const Shape& shape) {
  Spread spread{new_tensor(shape, dtype_of<T>), {first_elements(x, mask), {}}};
  auto& [sums, means] = spread;
  means.residues = new_tensor(means.centers.shape(), dtype_of<T>);
  const T count = static_cast<T>(reduced_count(x.shape(), mask));
  PlannedOperand operand(x, mask);
  fold_twice<DifferenceFold, DeviationFold>(operand.plan, data_of<T>(operand.x), data_of<T>(means.centers),
                                            data_of<T>(sums), MeanFromGuess<T>{count, data_of<T>(means.residues)});
  launch(WithoutResidues<T>{data_of<T>(sums), data_of<T>(means.residues), count}, sums.numel(), kElementwiseGrain);
  return spread;
}

// ---- Values ----

template <class T>
Spread variance_value(const Tensor& x, unsigned mask, const Shape& shape, double divisor) {
  Spread spread = square_sums<T>(x, mask, shape);
  for_each_element<T>(spread.y, [by = static_cast<T>(divisor)](T sum) { return sum / by; });
  return spread;
}

/// Where squares overflow or underflow, elements are scaled first. Each result is made of its own group alone.
template <class T>
Spread deviation_value(const Tensor& x, unsigned mask, const Shape& shape, double divisor) {
  Spread spread = square_sums<T>(x, mask, shape);
  Tensor& y = spread.y;
  Tensor scales, scaled_sums;
  if (!are_safe_square_sums<T>(y)) {
    scales = power_of_two_scales(x, mask);
    Tensor scaled = compute<T>(
        x.shape(), [](auto x, auto scale) { return x * scale; }, x, scales);
    scaled_sums = square_sums<T>(scaled, mask, shape).y;
  }
  take_roots<T>(y, scales, scaled_sums, divisor);
  return spread;
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
Spread nan_of_nothing(const VarianceOperand& operand, const Value& value) {
  return dispatch_floating(operand.x.dtype(), [&]<class T>(T) {
    if (operand.x.numel() > 0) return value(T{});
    Tensor y = new_tensor(operand.shape, dtype_of<T>);
    fill(data_of<T>(y), y.numel(), std::numeric_limits<T>::quiet_NaN());
    Tensor none = new_tensor({0}, dtype_of<T>);
    return Spread{std::move(y), {none, none}};
  });
}

/// The result, recorded with its means as outputs that the rule reads.
Tensor record_spread(const char* name, SourceLocation where, const VarianceOperand& of, Spread spread, Uses uses,
                     Rule rule) {
  if (!is_recording({of.x})) return std::move(spread.y);
  std::vector<Tensor> outputs{std::move(spread.y), std::move(spread.means.centers), std::move(spread.means.residues)};
  return std::move(record(name, where, {of.x}, std::move(outputs),
                          {uses | Uses::input(0) | Uses::output(1) | Uses::output(2)}, std::move(rule))[0]);
}

// ---- Rules ----

/// x - mean, of operators. Taken relative to an element of each group, so that the mean's rounding is that of a small
/// number.
Tensor deviations(const Tensor& x, unsigned mask) {
  if (x.numel() == 0) return x;
  Tensor relative = x - first_elements(x.detach(), mask);
  return relative - mean(relative, axes_of(mask), {.keepdims = true});
}

/// to = ((x - center) - residue) factor, with a factor for each row.
template <class T>
struct ScaledDeviations {
  const T* x;
  const T* centers;
  const T* residues;
  const T* factors;
  T* to;
  std::int64_t length;

  static void run(const ScaledDeviations& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const T* x = a.x + row * a.length;
      T* to = a.to + row * a.length;
      const T center = a.centers[row], residue = a.residues[row], factor = a.factors[row];
      for (std::int64_t i = 0; i < a.length; ++i) to[i] = ((x[i] - center) - residue) * factor;
    }
  }
};

/// Whether the groups that the mask reduces are rows of neighbours, one after the other.
bool are_rows(const Tensor& x, unsigned mask) {
  bool is_inside = false, are = x.is_contiguous();
  for (int axis = 0; axis < x.ndim(); ++axis) {
    if (x.shape()[axis] == 1) continue;
    const bool is_reduced = (mask >> axis & 1) != 0;
    are &= is_reduced || !is_inside;
    is_inside |= is_reduced;
  }
  return are;
}

/// (x - mean) factor, not recorded. The factors are contiguous, in the kept axes' shape.
template <class T>
Tensor scaled_deviations(Vjp& vjp, unsigned mask, const Tensor& factors) {
  const Tensor& x = vjp.input(0);
  const Tensor &centers = vjp.output(1), &residues = vjp.output(2);
  if (!are_rows(x, mask))
    return compute<T>(
        x.shape(), [](auto x, auto center, auto residue, auto factor) { return ((x - center) - residue) * factor; }, x,
        centers, residues, factors);
  Tensor result = new_tensor(x.shape(), x.dtype());
  const std::int64_t length = reduced_count(x.shape(), mask);
  launch(ScaledDeviations<T>{data_of<T>(x), data_of<T>(centers), data_of<T>(residues), data_of<T>(factors),
                             data_of<T>(result), length},
         x.numel() / length, kElementwiseGrain / length + 1);
  return result;
}

/// (x - mean) factor, with the factor in the kept axes' shape.
Tensor variance_cotangent(Vjp& vjp, unsigned mask, const Tensor& factor) {
  const Tensor& x = vjp.input(0);
  if (vjp.creates_graph()) return deviations(x, mask) * factor;
  if (x.numel() == 0) return zeros(x.shape(), {.dtype = x.dtype()});
  return dispatch_floating(x.dtype(), [&]<class T>(T) { return scaled_deviations<T>(vjp, mask, contiguous(factor)); });
}

/// to = above / below, 0 where `below` is 0. Sets `some_lost` where such a quotient overflows or loses digits.
template <class T>
struct Quotients {
  const T* above;
  const T* below;
  T* to;
  std::atomic<bool>* some_lost;

  static void run(const Quotients& a, std::int64_t begin, std::int64_t end) {
    bool all_fit = true;
    for (std::int64_t i = begin; i < end; ++i) {
      const T above = a.above[i], below = a.below[i];
      a.to[i] = below == 0 ? T(0) * above : above / below;
      all_fit &= std::isnormal(a.to[i]) || above == 0 || below == 0 || !std::isfinite(above) || !std::isfinite(below);
    }
    if (!all_fit) a.some_lost->store(true, std::memory_order_relaxed);
  }
};

/// factor / y, 0 where y is 0; undefined where such a quotient overflows or loses digits.
template <class T>
Tensor quotients(const Tensor& factor, const Tensor& y) {
  Tensor result = new_tensor(y.shape(), y.dtype());
  std::atomic<bool> some_lost = false;
  launch(Quotients<T>{data_of<T>(factor), data_of<T>(y), data_of<T>(result), &some_lost}, y.numel(), kElementwiseGrain);
  return some_lost ? Tensor() : result;
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
    if (!(largest > kSafe)) {
      Tensor factors = quotients<T>(contiguous(factor), y);
      return factors.defined() ? scaled_deviations<T>(vjp, mask, factors)
                               : deviation_cotangent_value<T>(x, y, mask, factor);
    }
    // Sums of such elements may overflow.
    Tensor scales = power_of_two_scales(x, mask);
    auto times = [](auto a, auto b) { return a * b; };
    return deviation_cotangent_value<T>(compute<T>(x.shape(), times, x, scales),
                                        compute<T>(y.shape(), times, y, scales), mask, factor);
  });
}

Tensor variance(const char* name, const VarianceOperand& of, SourceLocation where) {
  Spread spread = with_memory_for(name, where, [&] {
    return nan_of_nothing(of, [&]<class T>(T) { return variance_value<T>(of.x, of.mask, of.shape, of.divisor); });
  });
  return record_spread(name, where, of, std::move(spread), Uses(), [mask = of.mask, divisor = of.divisor](Vjp& vjp) {
    Tensor factor = with_kept_axes(vjp.g(), vjp.shape(0), mask) * (2 / divisor);
    vjp.give(0, variance_cotangent(vjp, mask, factor));
  });
}

Tensor deviation(const char* name, const VarianceOperand& of, SourceLocation where) {
  Spread spread = with_memory_for(name, where, [&] {
    return nan_of_nothing(of, [&]<class T>(T) { return deviation_value<T>(of.x, of.mask, of.shape, of.divisor); });
  });
  return record_spread(name, where, of, std::move(spread), Uses::output(),
                       [mask = of.mask, divisor = of.divisor](Vjp& vjp) {
                         const Shape& shape = vjp.shape(0);
                         Tensor factor = with_kept_axes(vjp.g(), shape, mask) / divisor;
                         Tensor y = with_kept_axes(vjp.output(), shape, mask);
                         vjp.give(0, deviation_cotangent(vjp, mask, y, factor));
                       });
}

Tensor mean_of(const VarianceOperand& of, const Axes& axes, bool keepdims, SourceLocation where) {
  return mean(Operand(of.x, where), axes, {.keepdims = keepdims});
}

}  // namespace

Tensor var(const Operand& x, const Axes& axes, VarianceOptions options) {
  return variance("var", VarianceOperand("var", x, axes, options), x.where());
}
Tensor std(const Operand& x, const Axes& axes, VarianceOptions options) {
  return deviation("std", VarianceOperand("std", x, axes, options), x.where());
}
VarianceAndMean var_mean(const Operand& x, const Axes& axes, VarianceOptions options) {
  const VarianceOperand of("var_mean", x, axes, options);
  return {variance("var_mean", of, x.where()), mean_of(of, axes, options.keepdims, x.where())};
}
DeviationAndMean std_mean(const Operand& x, const Axes& axes, VarianceOptions options) {
  const VarianceOperand of("std_mean", x, axes, options);
  return {deviation("std_mean", of, x.where()), mean_of(of, axes, options.keepdims, x.where())};
}

}  // namespace xgrad
