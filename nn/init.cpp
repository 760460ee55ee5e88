#include "init.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/compare.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/diagonal.hpp"
#include "../autograd/ops/exponential.hpp"
#include "../autograd/ops/linalg.hpp"
#include "../autograd/ops/movement.hpp"
#include "../autograd/ops/sort.hpp"
#include "../autograd/ops/special.hpp"
#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

Initializer::Initializer() noexcept = default;
Initializer::Initializer(const Initializer&) = default;
Initializer::Initializer(Initializer&&) noexcept = default;
Initializer& Initializer::operator=(const Initializer&) = default;
Initializer& Initializer::operator=(Initializer&&) noexcept = default;
Initializer::~Initializer() = default;

Initializer::Initializer(std::string name, Function function) : function_(std::move(function)) {
  if (function_) name_ = std::move(name);
}

Tensor Initializer::operator()(const Shape& shape, TensorOptions options, Generator& generator,
                               SourceLocation where) const {
  check<std::logic_error>(static_cast<bool>(function_), where,
                          "Initializer: it must be one of nn::init or a callable, "
                          "but it is default-constructed.");
  return function_(shape, options, generator, where);
}

namespace init {
namespace {

/// 1 / sqrt(fan), or 0 for a weight without elements.
double inverse_root(double fan) { return fan > 0 ? 1 / std::sqrt(fan) : 0; }

/// Uniform in +-bound, the bound taken from the shape.
template <class Bound>
Initializer symmetric(std::string name, Bound bound) {
  return {std::move(name),
          [bound](const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where) {
            double b = bound(fans(shape, where));
            return xgrad::uniform(shape, -b, b, options, generator, where);
          }};
}

/// Normal around 0, the standard deviation taken from the shape.
template <class Deviation>
Initializer centered(std::string name, Deviation deviation) {
  return {std::move(name),
          [deviation](const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where) {
            return xgrad::normal(shape, 0, deviation(fans(shape, where)), options, generator, where);
          }};
}

double fan_of(const Fans& fans, Fan fan) { return static_cast<double>(fan == Fan::in ? fans.in : fans.out); }
double both(const Fans& fans) { return static_cast<double>(fans.in + fans.out); }

void check_gain(const char* initializer, double gain, SourceLocation where) {
  check(gain >= 0 && std::isfinite(gain), where, "init::", initializer,
        ": gain must be finite and at least 0, but it is ", gain, ".");
}

}  // namespace

Fans fans(const Shape& shape, SourceLocation where) {
  check(shape.ndim() >= 2, where, "init: fan-in and fan-out need a weight [out, in, ...], but the shape is ", shape,
        ". Take one of the initialisers that do not look at the shape.");
  std::int64_t area = 1;
  for (int axis = 2; axis < shape.ndim(); ++axis) area *= shape[axis];
  return {shape[1] * area, shape[0] * area};
}

double gain(Nonlinearity nonlinearity, double slope) {
  switch (nonlinearity) {
    case Nonlinearity::tanh:
      return 5.0 / 3;
    case Nonlinearity::relu:
      return std::numbers::sqrt2;
    case Nonlinearity::leaky_relu:
      return std::sqrt(2 / (1 + slope * slope));
    case Nonlinearity::selu:
      return 0.75;
    default:
      return 1;
  }
}

void apply(const Module& model, const Patterns& patterns, const Initializer& initializer, Generator& generator,
           SourceLocation where) {
  check<std::logic_error>(static_cast<bool>(initializer), where,
                          "init::apply: the initialiser must be one of nn::init or a callable, but it is "
                          "default-constructed.");
  NamedTensors chosen = detail::matching_parameters("init::apply", model, patterns, where);
  std::vector<Tensor> values;  // all are made before the first is written
  for (const auto& [name, tensor] : chosen) {
    check<std::logic_error>(tensor.is_leaf(), where, "init::apply: '", name,
                            "' must be a leaf, but it is the result of '", tensor.operation(),
                            "'. Call it for the model that was copied.");
    const auto start = [&, &parameter = tensor, &own_name = name] {
      try {
        return initializer(parameter.shape(), {.dtype = parameter.dtype()}, generator, {});
      } catch (const std::invalid_argument& error) {
        fail<std::invalid_argument>(where, concat("init::apply: '", own_name, "': ", error.what()));
      }
    };
    Tensor value = start();
    check(
        value.defined() && value.shape() == tensor.shape(), where, "init::apply: the initialiser must give ",
        tensor.shape(), " for '", name, "', but it gave ",
        [&] { return value.defined() ? to_string(value.shape()) : std::string("an undefined tensor"); }, ".");
    values.push_back(value.is_same(tensor) ? value : value.detach());
  }
  for (std::size_t i = 0; i < chosen.size(); ++i) chosen[i].second.assign({values[i], where}, where);
}

// ---- The same for every shape ----

namespace {

Initializer filled(std::string name, double value) {
  return {std::move(name), [value](const Shape& shape, TensorOptions options, Generator&, SourceLocation where) {
            return full(shape, value, options, where);
          }};
}

}  // namespace

Initializer constant(double value) { return filled("constant", value); }
Initializer zeros() { return filled("zeros", 0); }
Initializer ones() { return filled("ones", 1); }

Initializer given(Tensor values, SourceLocation where) {
  check(values.defined(), where, "init::given: the values must be a tensor, but it is undefined.");
  return {"given",
          [values = std::move(values)](const Shape&, TensorOptions, Generator&, SourceLocation) { return values; }};
}

Initializer uniform(double low, double high, SourceLocation where) {
  check(low <= high && std::isfinite(high - low), where,
        "init::uniform: low must not exceed high, and both must be finite, but they are ", low, " and ", high, ".");
  return {"uniform",
          [low, high](const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where) {
            return xgrad::uniform(shape, low, high, options, generator, where);
          }};
}

Initializer normal(double mean, double std, SourceLocation where) {
  check(std >= 0, where, "init::normal: std must be at least 0, but it is ", std, ".");
  check(std::isfinite(std) && std::isfinite(mean), where, "init::normal: mean and std must be finite, but they are ",
        mean, " and ", std, ".");
  return {"normal", [mean, std](const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where) {
            return xgrad::normal(shape, mean, std, options, generator, where);
          }};
}

namespace {

/// The normal distribution function, accurate in the lower tail.
double normal_cdf(double x) { return 0.5 * std::erfc(-x / std::numbers::sqrt2); }

/// The inverse of a truncated normal distribution's function.
class TruncatedQuantile {
 public:
  explicit TruncatedQuantile(const TruncatedNormalOptions& options) : options_(options) {
    low_ = (options.low - options.mean) / options.std;
    high_ = (options.high - options.mean) / options.std;
    // The distribution function is near 1 in the upper tail and would lose its digits: mirror it.
    is_mirrored_ = low_ > 0;
    if (is_mirrored_) {
      std::swap(low_, high_);
      low_ = -low_;
      high_ = -high_;
    }
    p_low_ = normal_cdf(low_);
    p_high_ = normal_cdf(high_);
  }

  /// Of float64 numbers in [0, 1), as uniform() draws them.
  Tensor operator()(const Tensor& uniform) const {
    Tensor p = clamp_min(uniform, 0x1p-53);  // the next number above 0, whose quantile may be infinite
    Tensor value;
    if (high_ < kFarTail) {
      double near = is_mirrored_ ? options_.low : options_.high;
      Tensor distance = options_.std * tail_distance(p);
      value = is_mirrored_ ? near + distance : near - distance;
    } else {
      Tensor x = ndtri(p_low_ + (p_high_ - p_low_) * p);
      value = options_.mean + (is_mirrored_ ? -options_.std : options_.std) * x;
    }
    return clamp(value, options_.low, options_.high);
  }

 private:
  static constexpr double kFarTail = -37;  // from about here the distribution function underflows

  /// How far below high_ x lies, in standard deviations: by the density -x exp(-x^2 / 2), which differs from the
  /// normal one by less than 1 / high_^2 of it there, and whose distribution function has a simple inverse.
  Tensor tail_distance(const Tensor& p) const {
    double width = (options_.high - options_.low) / options_.std;
    Tensor exponent = log1p((1 - p) * std::expm1(width * (low_ + high_) / 2));
    return -2 * exponent / (sqrt(high_ * high_ - 2 * exponent) - high_);
  }

  TruncatedNormalOptions options_;
  double low_, high_;  // in standard deviations from the mean; high_ is not above -low_
  bool is_mirrored_;
  double p_low_, p_high_;  // the share of the normal distribution below them
};

}  // namespace

Initializer truncated_normal(TruncatedNormalOptions options, SourceLocation where) {
  check(options.std > 0 && std::isfinite(options.std), where,
        "init::truncated_normal: std must be finite and above 0, but it is ", options.std, ".");
  check(std::isfinite(options.mean), where, "init::truncated_normal: mean must be finite, but it is ", options.mean,
        ".");
  check(options.low < options.high, where, "init::truncated_normal: low must be below high, but they are ", options.low,
        " and ", options.high, ".");
  return {"truncated_normal",
          [options](const Shape& shape, TensorOptions tensor_options, Generator& generator, SourceLocation where) {
            CallSite site(where);
            const TruncatedQuantile quantile(options);
            Tensor values = quantile(xgrad::uniform(shape, 0, 1, {.dtype = DType::float64}, generator));
            return cast(values, tensor_options.dtype).set_requires_grad(tensor_options.requires_grad);
          }};
}

// ---- By the weight's fans ----

Initializer uniform_fan_in(double gain, SourceLocation where) {
  check_gain("uniform_fan_in", gain, where);
  return symmetric("uniform_fan_in", [gain](const Fans& fans) { return gain * inverse_root(fan_of(fans, Fan::in)); });
}

Initializer glorot_uniform(double gain, SourceLocation where) {
  check_gain("glorot_uniform", gain, where);
  return symmetric("glorot_uniform", [gain](const Fans& f) { return gain * std::sqrt(6) * inverse_root(both(f)); });
}

Initializer glorot_normal(double gain, SourceLocation where) {
  check_gain("glorot_normal", gain, where);
  return centered("glorot_normal", [gain](const Fans& f) { return gain * std::sqrt(2) * inverse_root(both(f)); });
}

Initializer lecun_normal() {
  return centered("lecun_normal", [](const Fans& fans) { return inverse_root(fan_of(fans, Fan::in)); });
}

Initializer he_uniform(HeOptions options, SourceLocation where) {
  check_gain("he_uniform", options.gain, where);
  return symmetric("he_uniform", [options](const Fans& fans) {
    return options.gain * std::sqrt(3) * inverse_root(fan_of(fans, options.fan));
  });
}

Initializer he_normal(HeOptions options, SourceLocation where) {
  check_gain("he_normal", options.gain, where);
  return centered("he_normal",
                  [options](const Fans& fans) { return options.gain * inverse_root(fan_of(fans, options.fan)); });
}

// ---- Matrices ----

Initializer identity() {
  return {"identity", [](const Shape& shape, TensorOptions options, Generator&, SourceLocation where) {
            check(shape.ndim() == 2, where, "init::identity: the shape must have two axes, but it is ", shape, ".");
            return eye(shape[0], shape[1], options, where);
          }};
}

Initializer dirac(std::int64_t groups, SourceLocation where) {
  check(groups >= 1, where, "init::dirac: groups must be at least 1, but it is ", groups, ".");
  return {"dirac", [groups](const Shape& shape, TensorOptions options, Generator&, SourceLocation where) {
            check(shape.ndim() >= 3 && shape.ndim() <= 5, where,
                  "init::dirac: the shape must have three to five axes, but it is ", shape, ".");
            check(shape[0] % groups == 0, where, "init::dirac: groups must divide the output channels, but they are ",
                  groups, " and the shape ", shape, ".");
            std::int64_t area = 1, middle = 0;
            for (int axis = 2; axis < shape.ndim(); ++axis) {
              area *= shape[axis];
              middle = middle * shape[axis] + shape[axis] / 2;
            }
            std::vector<double> values(static_cast<std::size_t>(shape.numel()));
            const std::int64_t group = shape[0] / groups;
            if (area > 0)
              for (std::int64_t out = 0; out < shape[0]; ++out)
                if (std::int64_t in = out % group; in < shape[1])
                  values[static_cast<std::size_t>((out * shape[1] + in) * area + middle)] = 1;
            CallSite site(where);
            return cast(from_vector(values, shape), options.dtype).set_requires_grad(options.requires_grad);
          }};
}

Initializer sparse(double sparsity, double std, SourceLocation where) {
  check(sparsity >= 0 && sparsity <= 1, where, "init::sparse: sparsity must be in [0, 1], but it is ", sparsity, ".");
  check(std >= 0 && std::isfinite(std), where, "init::sparse: std must be finite and at least 0, but it is ", std, ".");
  return {"sparse",
          [sparsity, std](const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where) {
            CallSite site(where);
            check(shape.ndim() == 2, where, "init::sparse: the shape must have two axes, but it is ", shape, ".");
            const std::int64_t zeros = static_cast<std::int64_t>(std::ceil(sparsity * static_cast<double>(shape[0])));
            Tensor values = xgrad::normal(shape, 0, std, {.dtype = options.dtype}, generator);
            if (values.numel() == 0) return values.set_requires_grad(options.requires_grad);
            // Each column's rows in a random order of their own: those that come first become zeros.
            Tensor order = argsort(xgrad::uniform(shape, 0, 1, {.dtype = DType::float64}, generator), 0);
            Tensor rank = argsort(order, 0);
            Tensor result = copy(xgrad::where(rank < zeros, 0, values));
            return result.set_requires_grad(options.requires_grad);
          }};
}

namespace {

/// Random orthonormal rows, rows <= columns. The triangular factor's diagonal is made positive, so that rows of normal
/// numbers give the uniform distribution (Mezzadri 2007).
Tensor orthonormal(std::int64_t rows, std::int64_t columns, Generator& generator) {
  Tensor numbers = xgrad::normal({rows, columns}, 0, 1, {.dtype = DType::float64}, generator);
  auto [q, r] = linalg::qr(transpose(numbers));
  return transpose(xgrad::where(diagonal(r) < 0, -q, q));
}

}  // namespace

Initializer orthogonal(double gain, SourceLocation where) {
  check(std::isfinite(gain), where, "init::orthogonal: gain must be finite, but it is ", gain, ".");
  return {"orthogonal", [gain](const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where) {
            CallSite site(where);
            check(shape.ndim() >= 2, where, "init::orthogonal: the shape must have at least two axes, but it is ",
                  shape, ".");
            std::int64_t rows = shape[0];
            std::int64_t columns = rows > 0 ? shape.numel() / rows : 0;  // axes after the first as one
            Tensor matrix = rows <= columns ? orthonormal(rows, columns, generator)
                                            : transpose(orthonormal(columns, rows, generator));
            Tensor result = cast(contiguous(reshape(gain * matrix, shape)), options.dtype);
            return result.set_requires_grad(options.requires_grad);
          }};
}

}  // namespace init
}  // namespace nn
}  // namespace xgrad
