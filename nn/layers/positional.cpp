#include "positional.hpp"

#include <cmath>

#include "../../autograd/ops.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

void check_base(const char* name, double base, SourceLocation where) {
  check(base > 0 && std::isfinite(base), where, name, ": base must be positive, but it is ", base, ".");
}

/// The angles t / base^(2 i / size), [length, (size + 1) / 2], in double: of many places a float would not hold them.
Tensor angles(std::int64_t first, std::int64_t length, std::int64_t size, double base) {
  const TensorOptions in_double{.dtype = DType::float64};
  Tensor places = cast(arange(first, first + length), DType::float64);
  Tensor powers =
      arange(0.0, static_cast<double>(size), 2.0, in_double) / static_cast<double>(std::max<std::int64_t>(1, size));
  return unsqueeze(places, 1) * exp(powers * -std::log(base));
}

}  // namespace

Tensor sinusoidal_positions(std::int64_t length, std::int64_t size, SinusoidalOptions options, SourceLocation where) {
  constexpr const char* kName = "sinusoidal_positions";
  check(length >= 0 && size >= 0, where, kName, ": length and size must be at least 0, but they are ", length, " and ",
        size, ".");
  check_base(kName, options.base, where);
  check(is_floating(options.dtype), where, kName, ": dtype must be floating, but it is ", options.dtype, ".");
  CallSite site(where);
  const Tensor turned = angles(options.first, length, size, options.base);
  const Tensor both = reshape(stack({sin(turned), cos(turned)}, -1), {length, 2 * ((size + 1) / 2)});
  return cast(size % 2 == 0 ? both : split(both, {size, 1}, -1)[0], options.dtype);
}

SinusoidalPositions::SinusoidalPositions(std::int64_t size, SinusoidalOptions options, SourceLocation where)
    : size_(size), options_(options) {
  check(size >= 1, where, "SinusoidalPositions: size must be at least 1, but it is ", size, ".");
  check_base("SinusoidalPositions", options.base, where);
}

Tensor SinusoidalPositions::operator()(const Operand& operand) const {
  return call(operand, [&] {
    const Tensor& x = operand.tensor("x");
    const SourceLocation where = operand.where();
    check(x.ndim() == 2 || x.ndim() == 3, where, "x must be ", options_.batch_first ? "[N, T, " : "[T, N, ", size_,
          "] or [T, ", size_, "], but it is ", x.shape(), ".");
    check(x.size(-1) == size_ && is_floating(x.dtype()), where, "x must be floating with a last axis of ", size_,
          ", but it is ", x.dtype(), ' ', x.shape(), ".");
    SinusoidalOptions options = options_;
    options.dtype = x.dtype();
    const Tensor waves = sinusoidal_positions(x.size(x.ndim() == 3 && options_.batch_first ? 1 : 0), size_, options);
    return x + (x.ndim() == 3 && !options_.batch_first ? unsqueeze(waves, 1) : waves);
  });
}

Tensor rotary_positions(const Operand& operand, RotaryOptions options) {
  constexpr const char* kName = "rotary_positions";
  const Tensor& x = operand.tensor(kName);
  const SourceLocation where = operand.where();
  check(x.ndim() >= 2 && x.size(-1) % 2 == 0, where, kName, ": x must be [..., T, size] with an even size, but it is ",
        x.shape(), ".");
  check(is_floating(x.dtype()), where, kName, ": x must be floating, but it is ", x.dtype(), ".");
  check_base(kName, options.base, where);
  CallSite site(where);
  const std::int64_t half = x.size(-1) / 2;
  const Tensor turned = angles(options.first, x.size(-2), x.size(-1), options.base);
  const Tensor c = cast(cos(turned), x.dtype()), s = cast(sin(turned), x.dtype());
  if (options.interleaved) {
    Shape pairs = x.shape();
    pairs[-1] = half;
    pairs.push_back(2);
    const Tensor paired = reshape(x, pairs);
    const Tensor a = select(paired, -1, 0), b = select(paired, -1, 1);
    return reshape(stack({a * c - b * s, a * s + b * c}, -1), x.shape());
  }
  const std::vector<Tensor> halves = split(x, {half, half}, -1);
  return cat({halves[0] * c - halves[1] * s, halves[0] * s + halves[1] * c}, -1);
}

RotaryPositions::RotaryPositions(RotaryOptions options) : options_(options) {}
Tensor RotaryPositions::operator()(const Operand& x) const {
  return call(x, [&] { return rotary_positions(x, options_); });
}

}  // namespace nn
}  // namespace xgrad
