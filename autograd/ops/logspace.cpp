#include "logspace.hpp"

#include <cmath>
#include <concepts>

#include "../kernels/fill.hpp"
#include "../tensor_impl.hpp"
#include "detail/result.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// Powers of evenly spaced exponents. An exponent is the sum of two doubles, the second one what the first one rounds
/// away: at 10^300 the last bit of a double exponent is worth hundreds of last bits of the power.
/// Source: Knuth, The Art of Computer Programming 2, 4.2.2 (sums and differences without error).
template <class T>
struct SpacedPowers {
  double start, stop, base, log_base, steps;

  T operator()(std::int64_t i) const {
    if constexpr (std::same_as<T, bool>)
      return power(i) != 0;
    else
      return static_cast<T>(power(i));
  }

  /// From the end that is nearer, so that both are met exactly.
  double power(std::int64_t i) const {
    auto forth = static_cast<double>(i);
    double back = steps - forth;
    return forth <= back ? power_at(start, stop, forth) : power_at(stop, start, back);
  }

  /// base^(from + i (to - from) / steps).
  double power_at(double from, double to, double i) const {
    if (i == 0) return std::pow(base, from);
    double distance = to - from, part = distance - to;
    double distance_rest = (to - (distance - part)) - (from + part);
    double way = i * distance;
    double way_rest = std::fma(i, distance, -way) + i * distance_rest;
    double step = way / steps;
    double step_rest = (std::fma(-step, steps, way) + way_rest) / steps;
    double exponent = from + step, added = exponent - from;
    double rest = ((from - (exponent - added)) + (step - added)) + step_rest;
    double power = std::pow(base, exponent);
    return rest != 0 && log_base != 0 && std::isfinite(power) ? std::fma(power, rest * log_base, power) : power;
  }
};

}  // namespace

Tensor logspace(double start, double stop, std::int64_t count, double base, TensorOptions options,
                SourceLocation where) {
  check(count >= 0, where, "logspace: count must not be negative, but it is ", count, ".");
  check(std::isfinite(stop - start) && std::isfinite(base), where,
        "logspace: start, stop, the distance between them and base must be finite, but they are ", start, ", ", stop,
        " and ", base, ".");
  if (options.dtype == DType::int64)
    for (double* number : {&start, &stop}) *number = std::trunc(*number);
  Tensor result = new_checked("logspace", {count}, options.dtype, where);
  double log_base = base > 0 ? std::log(base) : 0, steps = count > 1 ? static_cast<double>(count - 1) : 1;
  dispatch(options.dtype, [&]<class T>(T) {
    SpacedPowers<T> powers{start, stop, base, log_base, steps};
    if constexpr (std::same_as<T, std::int64_t>)
      for (std::int64_t i = 0; i < count; ++i) element_of<T>("logspace", powers.power(i), where);
    generate(data_of<T>(result), count, powers);
  });
  return with_options(std::move(result), options, where);
}

}  // namespace xgrad
