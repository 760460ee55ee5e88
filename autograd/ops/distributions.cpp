#include "distributions.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../base/launch.hpp"
#include "../grad_mode.hpp"
#include "../kernels/philox.hpp"
#include "../kernels/portable_math.hpp"
#include "../tensor_impl.hpp"
#include "arithmetic.hpp"
#include "cast.hpp"
#include "compare.hpp"
#include "create.hpp"
#include "detail/draw.hpp"
#include "detail/promote.hpp"
#include "detail/reduction.hpp"
#include "detail/result.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// Elements from which a draw is worth a second thread.
constexpr std::int64_t kSampleGrain = 1024;

/// As many random numbers as an element asks for, which only its position and the seed decide: those that are rejected
/// shift no other element's.
class Source {
 public:
  explicit Source(DrawPosition at) : at_(at) {}

  /// A number in (0, 1), the middle of one of 2^52 intervals.
  double unit() {
    if (left_ == 0) refill();
    --left_;
    std::uint64_t bits = std::uint64_t{words_[2 * left_ + 1]} << 32 | words_[2 * left_];
    return (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52;
  }
  /// A standard exponential number.
  double exponential() { return -log_of(unit()); }
  /// A standard normal number.
  double normal() {
    double u = unit();
    return box_muller(u, unit()).cosine;
  }

 private:
  void refill() {
    // Each turn has a key of its own. (splitmix64, Steele, Lea, Flood 2014.)
    std::uint64_t mix = ++turn_ * 0x9E3779B97F4A7C15;
    mix = (mix ^ (mix >> 30)) * 0xBF58476D1CE4E5B9;
    mix = (mix ^ (mix >> 27)) * 0x94D049BB133111EB;
    const std::uint64_t key = at_.seed ^ mix ^ (mix >> 31);
    words_ = philox({static_cast<std::uint32_t>(at_.block), static_cast<std::uint32_t>(at_.block >> 32),
                     static_cast<std::uint32_t>(at_.stream), static_cast<std::uint32_t>(at_.stream >> 32)},
                    {static_cast<std::uint32_t>(key), static_cast<std::uint32_t>(key >> 32)});
    left_ = 2;
  }

  DrawPosition at_;
  std::uint64_t turn_ = 0;
  std::array<std::uint32_t, 4> words_{};
  int left_ = 0;
};

/// to[i] = sample(source of element i, parameter[i])
template <class T, class F>
struct DrawEach {
  T* to;
  const T* parameter;  // null where there is none
  DrawPosition first;
  F sample;

  static void run(const DrawEach& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      DrawPosition at = a.first;
      at.block += static_cast<std::uint64_t>(i);
      Source source(at);
      a.to[i] = static_cast<T>(a.sample(source, a.parameter == nullptr ? 0.0 : static_cast<double>(a.parameter[i])));
    }
  }
};

template <class F>
Tensor draw(const char* name, const Shape& shape, const TensorOptions& options, Generator& generator, F sample,
            SourceLocation where) {
  check(is_floating(options.dtype), where, name, ": the dtype must be float32 or float64, but it is ", options.dtype,
        ".");
  Tensor result = new_checked(name, shape, options.dtype, where);
  const DrawPosition first = take(generator, result.numel());
  dispatch_floating(options.dtype, [&]<class T>(T) {
    launch(DrawEach<T, F>{data_of<T>(result), nullptr, first, sample}, result.numel(), kSampleGrain);
  });
  return with_options(std::move(result), options, where);
}

void check_positive(const char* name, const char* what, double number, SourceLocation where) {
  check(number > 0 && std::isfinite(number), where, name, ": ", what, " must be positive and finite, but it is ",
        number, ".");
}

struct Exponential {
  double rate;
  double operator()(Source& source, double) const { return source.exponential() / rate; }
};
struct Gumbel {
  double location, scale;
  double operator()(Source& source, double) const { return location - scale * log_of(source.exponential()); }
};

/// A gamma number is size e^log_factor: for small concentrations the factor underflows where beta still needs it.
struct GammaParts {
  double size, log_factor;
};
GammaParts gamma_parts(Source& source, double concentration) {
  double log_factor = 0;
  if (concentration < 1) {
    log_factor = -source.exponential() / concentration;
    concentration += 1;
  }
  const double d = concentration - 1.0 / 3, c = 1 / std::sqrt(9 * d);
  while (true) {
    const double x = source.normal(), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (log_of(source.unit()) < 0.5 * x * x + d * (1 - v + log_of(v))) return {d * v, log_factor};
  }
}
struct Gamma {
  double concentration, rate;
  double operator()(Source& source, double) const {
    const GammaParts parts = gamma_parts(source, concentration);
    return (parts.log_factor < -700 ? 0 : parts.size * exp_of(parts.log_factor)) / rate;
  }
};
/// Of two gamma numbers the first one's share.
struct Beta {
  double a, b;
  double operator()(Source& source, double) const {
    const GammaParts first = gamma_parts(source, a), second = gamma_parts(source, b);
    const double log_ratio = second.log_factor - first.log_factor + log_of(second.size / first.size);
    return log_ratio > 700 ? 0 : log_ratio < -700 ? 1 : 1 / (1 + exp_of(log_ratio));
  }
};

/// (1 + d) log(1 + d) - d, without what cancels near 0.
double deviation(double d) {
  if (std::abs(d) > 0.01) return (1 + d) * log_of(1 + d) - d;
  double sum = 0, power = d * d;
  for (int n = 2; n <= 10; ++n, power *= -d) sum += power / (n * (n - 1));
  return sum;
}

/// The logarithm of Poisson's probability of a whole number k.
double log_probability(double k, double rate) {
  if (k < 16) return k * log_of(rate) - rate - log_factorial(k);
  // k log(rate) - rate - log(k!) by Stirling's series, without the parts that cancel.
  constexpr double kTwoPi = 6.283185307179586476925;
  return -rate * deviation((k - rate) / rate) - 0.5 * log_of(kTwoPi * k) - stirling_rest(k);
}

struct Poisson {
  double operator()(Source& source, double rate) const { return rate < 10 ? small(source, rate) : large(source, rate); }

 private:
  /// How many exponential intervals fit into the rate.
  static double small(Source& source, double rate) {
    const double limit = exp_of(-rate);
    double count = 0;
    for (double product = source.unit(); product > limit; product *= source.unit()) ++count;
    return count;
  }
  /// Hörmann's PTRS.
  static double large(Source& source, double rate) {
    const double b = 0.931 + 2.53 * std::sqrt(rate), a = -0.059 + 0.02483 * b;
    const double inverse_alpha = 1.1239 + 1.1328 / (b - 3.4), v_r = 0.9277 - 3.6224 / (b - 2);
    while (true) {
      const double u = source.unit() - 0.5, v = source.unit();
      const double us = 0.5 - std::abs(u);
      const double k = std::floor((2 * a / us + b) * u + rate + 0.43);
      if (us >= 0.07 && v <= v_r) return k;
      if (k < 0 || (us < 0.013 && v > us)) continue;
      if (log_of(v) + log_of(inverse_alpha) - log_of(a / (us * us) + b) <= log_probability(k, rate)) return k;
    }
  }
};

/// 1 with a probability.
struct Bernoulli {
  double operator()(Source& source, double probability) const {
    // The probability is (whole + rest) 2^-52: where the first 52 bits equal the whole, the rest decides.
    double whole;
    const double rest = std::modf(probability * 0x1p52, &whole);
    const double bits = std::floor(source.unit() * 0x1p52);
    return bits < whole || (bits == whole && source.unit() < rest);
  }
};

}  // namespace

Tensor exponential(const Shape& shape, double rate, TensorOptions options, Generator& generator, SourceLocation where) {
  check_positive("exponential", "the rate", rate, where);
  return draw("exponential", shape, options, generator, Exponential{rate}, where);
}

Tensor gumbel(const Shape& shape, double location, double scale, TensorOptions options, Generator& generator,
              SourceLocation where) {
  check(std::isfinite(location), where, "gumbel: the location must be finite, but it is ", location, ".");
  check_positive("gumbel", "the scale", scale, where);
  return draw("gumbel", shape, options, generator, Gumbel{location, scale}, where);
}

Tensor gamma(const Shape& shape, double concentration, double rate, TensorOptions options, Generator& generator,
             SourceLocation where) {
  check_positive("gamma", "the concentration", concentration, where);
  check_positive("gamma", "the rate", rate, where);
  return draw("gamma", shape, options, generator, Gamma{concentration, rate}, where);
}

Tensor beta(const Shape& shape, double a, double b, TensorOptions options, Generator& generator, SourceLocation where) {
  check_positive("beta", "a", a, where);
  check_positive("beta", "b", b, where);
  return draw("beta", shape, options, generator, Beta{a, b}, where);
}

namespace {

/// Contiguous, floating and cut off from the graph; refused where an element is negative or not finite.
Tensor not_negative(const char* name, const char* what, const Operand& operand) {
  CallSite site(operand.where());
  NoGrad no_grad;
  Tensor x = contiguous(floating_operand(name, operand).detach());
  check(all(logical_and(x >= 0, isfinite(x))).item<bool>(), operand.where(), name, ": each ", what,
        " must be finite and not negative, but one is not.");
  return x;
}

/// Each element drawn by a parameter of its own.
template <class Distribution>
Tensor draw_each(const char* name, const Tensor& parameter, Generator& generator, SourceLocation where) {
  Tensor result = new_result(name, parameter.shape(), parameter.dtype(), where);
  const DrawPosition first = take(generator, result.numel());
  dispatch_floating(parameter.dtype(), [&]<class T>(T) {
    launch(DrawEach<T, Distribution>{data_of<T>(result), data_of<T>(parameter), first, {}}, result.numel(),
           kSampleGrain);
  });
  return result;
}

}  // namespace

Tensor poisson(const Operand& rates, Generator& generator) {
  return draw_each<Poisson>("poisson", not_negative("poisson", "rate", rates), generator, rates.where());
}

Tensor bernoulli(const Operand& probabilities, Generator& generator) {
  const Tensor p = not_negative("bernoulli", "probability", probabilities);
  {
    CallSite site(probabilities.where());
    NoGrad no_grad;
    check(
        all(p <= 1).item<bool>(), probabilities.where(), "bernoulli: each probability must be in [0, 1], but one is ",
        [&] { return amax(p).item(); }, ".");
  }
  return draw_each<Bernoulli>("bernoulli", p, generator, probabilities.where());
}

namespace {

/// Sums of the weights up to each one, row by row.
struct CumulativeWeights {
  const double* weights;
  double* sums;
  std::int64_t length;

  static void run(const CumulativeWeights& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      double sum = 0;
      for (std::int64_t i = row * a.length; i < (row + 1) * a.length; ++i) a.sums[i] = sum += a.weights[i];
    }
  }
};
/// The first position whose sum exceeds a uniform part of the whole: `count` of each row.
struct DrawWithReplacement {
  const double* sums;
  std::int64_t* to;
  std::int64_t length, count;
  DrawPosition first;

  static void run(const DrawWithReplacement& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const double* row = a.sums + i / a.count * a.length;
      DrawPosition at = a.first;
      at.block += static_cast<std::uint64_t>(i);
      const double total = row[a.length - 1];
      const double* found = std::upper_bound(row, row + a.length, Source(at).unit() * total);
      // Where rounding has reached the end: the last position that has a weight.
      if (found == row + a.length) found = std::lower_bound(row, row + a.length, total);
      a.to[i] = found - row;
    }
  }
};
/// Exponential numbers of the weights' rates, of which the least come first; infinite where there is no weight.
struct Race {
  const double* weights;
  double* times;
  DrawPosition first;

  static void run(const Race& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      DrawPosition at = a.first;
      at.block += static_cast<std::uint64_t>(i);
      using Limits = std::numeric_limits<double>;
      a.times[i] =
          a.weights[i] > 0 ? std::min(Source(at).exponential() / a.weights[i], Limits::max()) : Limits::infinity();
    }
  }
};
/// The positions of the `count` least times of each row, in their order. `order` is room for all positions.
struct FirstOfRace {
  const double* times;
  std::int64_t *order, *to;
  std::int64_t length, count;

  static void run(const FirstOfRace& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) {
      const double* times = a.times + row * a.length;
      std::int64_t* order = a.order + row * a.length;
      for (std::int64_t i = 0; i < a.length; ++i) order[i] = i;
      std::partial_sort(order, order + a.count, order + a.length, [times](std::int64_t i, std::int64_t j) {
        return times[i] < times[j] || (times[i] == times[j] && i < j);
      });
      std::copy_n(order, a.count, a.to + row * a.count);
    }
  }
};

}  // namespace

Tensor multinomial(const Operand& weights, std::int64_t count, bool replacement, Generator& generator) {
  const SourceLocation where = weights.where();
  const Shape given = weights.tensor("multinomial").shape();
  check(given.ndim() == 1 || given.ndim() == 2, where,
        "multinomial: weights must have one or two axes, but their shape is ", given, ".");
  check(count >= 0, where, "multinomial: count must not be negative, but it is ", count, ".");
  const std::int64_t length = given[given.ndim() - 1], rows = given.ndim() == 2 ? given[0] : 1;
  Shape shape = given;
  shape[given.ndim() - 1] = count;
  CallSite site(where);
  NoGrad no_grad;
  Tensor x = cast(not_negative("multinomial", "weight", weights), DType::float64);
  const std::int64_t least = replacement ? 1 : count;
  if (count > 0 && rows > 0)
    check(length > 0 && all(sum(x > 0, -1) >= least).item<bool>(), where,
          "multinomial: each list of weights must have at least ", least, " that are not 0, but one has fewer.");
  Tensor result = new_checked("multinomial", shape, DType::int64, where);
  if (result.numel() == 0) return result;
  Tensor numbers = new_result("multinomial", x.shape(), DType::float64, where);
  if (replacement) {
    // Relative to the largest, so that their sum is finite.
    Tensor relative = x / amax(x, -1, {.keepdims = true});
    launch(CumulativeWeights{data_of<double>(relative), data_of<double>(numbers), length}, rows,
           kSampleGrain / length + 1);
    const DrawPosition first = take(generator, result.numel());
    launch(DrawWithReplacement{data_of<double>(numbers), data_of<std::int64_t>(result), length, count, first},
           result.numel(), kSampleGrain);
    return result;
  }
  Tensor order = new_result("multinomial", x.shape(), DType::int64, where);
  launch(Race{data_of<double>(x), data_of<double>(numbers), take(generator, x.numel())}, x.numel(), kSampleGrain);
  launch(
      FirstOfRace{data_of<double>(numbers), data_of<std::int64_t>(order), data_of<std::int64_t>(result), length, count},
      rows, kSampleGrain / length + 1);
  return result;
}

Tensor categorical(const Operand& logits, int axis, Generator& generator) {
  const SourceLocation where = logits.where();
  const Tensor& given = logits.tensor("categorical");
  check(is_floating(given.dtype()), where, "categorical: the logits must be floating, but they are ", given.dtype(),
        ".");
  axis = normalize_axis("categorical", axis, given.ndim(), where);
  CallSite site(where);
  NoGrad no_grad;
  Tensor x = cast(given.detach(), DType::float64);
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  check(given.ndim() == 0 || given.shape()[axis] > 0, where,
        "categorical: there must be logits along the axis, but the shape is ", given.shape(), ".");
  check(all(x < kInfinity).item<bool>(), where, "categorical: no logit may be nan or +infinity, but one is.");
  check(given.ndim() == 0 || all(amax(x, axis) > -kInfinity).item<bool>(), where,
        "categorical: each list of logits must have one above -infinity, but one has none.");
  return argmax(x + gumbel(x.shape(), 0, 1, {.dtype = DType::float64}, generator, where), axis);
}

}  // namespace xgrad
