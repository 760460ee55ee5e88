// How weights start. The layers of this library take one of these as an option; each can fill any tensor:
// `weight.assign(init::he_normal()(weight.shape(), {.dtype = weight.dtype()}))`.
#pragma once

#include <concepts>
#include <string>
#include <utility>

#include "../autograd/ops/random.hpp"
#include "../autograd/tensor.hpp"
#include "state.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Initializer makes a tensor of a given shape: one of nn::init, or any callable that takes shape, options and
/// generator.
class Initializer {
 public:
  /// The callable inside. `where`, the line that asks for the tensor, is for errors; a user's callable goes without it.
  using Function =
      xgrad::Function<Tensor(const Shape& shape, TensorOptions options, Generator& generator, SourceLocation where)>;

  /// Holds none: a layer then takes its own default.
  Initializer() noexcept;
  Initializer(const Initializer&);
  Initializer(Initializer&&) noexcept;
  Initializer& operator=(const Initializer&);
  Initializer& operator=(Initializer&&) noexcept;
  ~Initializer();  // in the .cpp, as nearly every model's file would compile them
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, Initializer> &&
           std::is_invocable_r_v<Tensor, F&, const Shape&, TensorOptions, Generator&>) Initializer(F function)
      : Initializer("custom", std::move(function)) {}
  template <class F>
  requires std::is_invocable_r_v<Tensor, F&, const Shape&, TensorOptions, Generator&> Initializer(std::string name,
                                                                                                  F function)
      : Initializer(std::move(name), with_place(std::move(function))) {}
  Initializer(std::string name, Function function);

  /// Makes the tensor.
  /// Throws: std::logic_error where it holds none.
  Tensor operator()(const Shape& shape, TensorOptions options = {}, Generator& generator = default_generator(),
                    SourceLocation where = SourceLocation::current()) const;

  /// name is what the initialiser is called: "he_uniform"; "custom" for a callable without a name; "" for none.
  const std::string& name() const { return name_; }
  explicit operator bool() const { return static_cast<bool>(function_); }

 private:
  /// A user's callable, which takes no place.
  template <class F>
  static Function with_place(F function) {
    if (internal::is_empty(function)) return {};
    return [function = std::move(function)](const Shape& shape, TensorOptions options, Generator& generator,
                                            SourceLocation) mutable -> Tensor {
      return function(shape, options, generator);
    };
  }

  std::string name_;
  Function function_;
};

namespace init {

/// How many values enter and leave each unit of a weight.
struct Fans {
  std::int64_t in;
  std::int64_t out;
};
/// The fans of a weight: [out, in, kernel...] has fan-in in * area and fan-out out * area, area the product of the
/// kernel's extents.
/// Throws: std::invalid_argument for a shape with fewer than two axes.
Fans fans(const Shape& shape, SourceLocation where = SourceLocation::current());

/// What follows a layer, for gain().
enum class Nonlinearity { linear, sigmoid, tanh, relu, leaky_relu, selu };

/// The factor on a weight's standard deviation that makes up for what the nonlinearity after it takes away: 1 (linear,
/// sigmoid), 5/3 (tanh), sqrt(2) (relu), sqrt(2 / (1 + slope^2)) (leaky_relu), 3/4 (selu).
double gain(Nonlinearity nonlinearity, double slope = 0.01);

/// Starts the parameters of a model, or of one layer, that have a name which fits a pattern anew. A parameter with
/// several names, as tied ones have, may be called by any, and is started once.
/// Throws: std::invalid_argument for a pattern that fits no name, and where the initialiser does not go with a
/// parameter's shape (which is named); std::logic_error where with_parameters() has put the result of an operation in a
/// parameter's place. Nothing is changed then.
/// Example:
/// `nn::init::apply(model, "*.weight", nn::init::he_normal()); nn::init::apply(model.head, "bias", nn::init::zeros());`
void apply(const Module& model, const Patterns& patterns, const Initializer& initializer,
           Generator& generator = default_generator(), SourceLocation where = SourceLocation::current());

// ---- Of one kind for every shape ----

/// Every element is `value`.
Initializer constant(double value);
/// Every element is 0.
Initializer zeros();
/// Every element is 1.
Initializer ones();
/// Uniform in [low, high).
/// Throws: std::invalid_argument when low > high, and for bounds that are not finite.
Initializer uniform(double low = 0, double high = 1, SourceLocation where = SourceLocation::current());
/// Normal with this mean and standard deviation.
/// Throws: std::invalid_argument when std < 0, and for numbers that are not finite.
Initializer normal(double mean = 0, double std = 1, SourceLocation where = SourceLocation::current());

/// Options of truncated_normal().
struct TruncatedNormalOptions {
  double mean = 0;
  double std = 1;
  double low = -2;  ///< bounds of the values themselves, whatever the mean and std
  double high = 2;
};
/// Normal, restricted to [low, high]: by the inverse of its distribution function, so any bounds cost the same.
/// Throws: std::invalid_argument unless low < high, std > 0, and mean and std are finite.
Initializer truncated_normal(TruncatedNormalOptions options = {}, SourceLocation where = SourceLocation::current());

/// given is the initialiser that hands over a tensor of one's own, which a layer then holds itself. With a tensor that
/// another layer holds, the two layers are tied.
/// Throws: std::invalid_argument for an undefined tensor. A layer refuses another shape or dtype than its own.
/// Example: `nn::Dense(128, 65, {.bias = false, .weight_init = nn::init::given(embedding.weight())})`
Initializer given(Tensor values, SourceLocation where = SourceLocation::current());

// ---- By the weight's fans. Throw std::invalid_argument for a gain below 0 or not finite, and for fewer than two axes
// when they are applied ----

/// Uniform in +-gain / sqrt(fan_in).
Initializer uniform_fan_in(double gain = 1, SourceLocation where = SourceLocation::current());
/// Glorot's (or Xavier's) initialisation, uniform in +-gain sqrt(6 / (fan_in + fan_out)).
/// Source: Glorot, Bengio 2010.
Initializer glorot_uniform(double gain = 1, SourceLocation where = SourceLocation::current());
/// Glorot's (or Xavier's) initialisation, normal with standard deviation gain sqrt(2 / (fan_in + fan_out)).
/// Source: Glorot, Bengio 2010.
Initializer glorot_normal(double gain = 1, SourceLocation where = SourceLocation::current());
/// LeCun's initialisation, normal with standard deviation 1 / sqrt(fan_in).
/// Source: LeCun, Bottou, Orr, Müller 1998.
Initializer lecun_normal();

/// Which of a weight's fans counts.
enum class Fan { in, out };
/// Options of he_uniform() and he_normal().
struct HeOptions {
  Fan fan = Fan::in;  ///< in keeps the size of the values going forward, out that of the gradients going back
  double gain = 1.4142135623730951;  ///< of relu
};
/// He's (or Kaiming's) initialisation, uniform in +-gain sqrt(3 / fan).
/// Source: He, Zhang, Ren, Sun 2015.
Initializer he_uniform(HeOptions options = {}, SourceLocation where = SourceLocation::current());
/// He's (or Kaiming's) initialisation, normal with standard deviation gain / sqrt(fan).
/// Source: He, Zhang, Ren, Sun 2015.
Initializer he_normal(HeOptions options = {}, SourceLocation where = SourceLocation::current());

// ---- Matrices ----

/// Ones on the diagonal, zeros elsewhere.
/// Throws: std::invalid_argument, when it is applied, unless the shape has two axes.
Initializer identity();
/// A convolution's weight that hands its channels on: 1 at the middle of the kernel between channel i and channel i, as
/// far as there are both, in each of the groups of output channels; 0 elsewhere.
/// Throws: std::invalid_argument for groups below 1 and, when it is applied, unless the shape has three to five axes
/// and groups divide the output channels.
Initializer dirac(std::int64_t groups = 1, SourceLocation where = SourceLocation::current());
/// A matrix whose columns have a part of zeros, ceil(sparsity * rows) of them at random places, and else normal numbers
/// with mean 0.
/// Throws: std::invalid_argument for a sparsity outside [0, 1], a std below 0 or not finite, and, when it is applied,
/// unless the shape has two axes.
/// Source: Martens, Deep learning via Hessian-free optimization, 2010.
Initializer sparse(double sparsity, double std = 0.01, SourceLocation where = SourceLocation::current());
/// gain times a random matrix with orthonormal rows or columns, whichever are fewer; axes after the first are taken as
/// one.
/// Throws: std::invalid_argument for a gain that is not finite.
/// Source: Saxe, McClelland, Ganguli 2014.
Initializer orthogonal(double gain = 1, SourceLocation where = SourceLocation::current());

}  // namespace init
}  // namespace nn
}  // namespace xgrad
