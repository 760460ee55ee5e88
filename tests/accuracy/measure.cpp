#include "measure.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <span>

#include "limits.hpp"
#if XGRAD_MPFR
#include "exact.hpp"
#endif

namespace xgrad::testing {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// Value and derivative of a row's operator at these points, contiguous.
struct Results {
  Tensor value, slope;
};

Results results_of(const OperatorRow& row, const Tensor& points) {
  const Tensor x = points.detach().set_requires_grad();
  const Tensor y = row.function.call()(std::span<const Tensor>(&x, 1));
  if (!y.requires_grad()) return {contiguous(y), zeros_like(y)};
  return {contiguous(y.detach()), contiguous(grad(sum(y), x, {.unused = Unused::zeros}))};
}

/// The size of the last place of a float32 beside which an error stands, as its reciprocal: 2^(23 - e), with e the
/// exponent of the size, but at least -126.
double places_per_unit(double size) {
  constexpr std::uint64_t kBias = 1023;
  const std::uint64_t exponent = std::max(std::bit_cast<std::uint64_t>(size) >> 52, kBias - 126);
  return std::bit_cast<double>((2 * kBias + 23 - exponent) << 52);
}

template <class T>
std::span<const T> elements(const Tensor& x) {
  return {x.data<T>(), static_cast<std::size_t>(x.numel())};
}

double scale_at(Scale scale, double x) { return scale == nullptr ? 0 : scale(x); }

/// Sees the errors of float32 numbers beside float64 ones, at these points, in units of float32. Points at which
/// `undefined` is NaN are skipped.
void see_errors(Worst& worst, std::span<const float> at, std::span<const float> got, std::span<const double> exact,
                Scale scale, std::span<const double> undefined) {
  constexpr double kMost = std::numeric_limits<float>::max();
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (!undefined.empty() && std::isnan(undefined[i])) continue;
    const double size = std::abs(exact[i]);
    double error;
    if (size < kMost) [[likely]] {
      error = std::abs(got[i] - exact[i]) * places_per_unit(scale == nullptr ? size : std::max(size, scale(at[i])));
    } else if (std::isnan(size)) {
      error = std::isnan(got[i]) ? 0 : kInfinity;
    } else {
      error = std::abs(got[i]) >= kMost * 0.9999998 && std::signbit(got[i]) == std::signbit(exact[i]) ? 0 : kInfinity;
    }
    worst.see(error, at[i]);
  }
}

}  // namespace

std::vector<OperatorRow> rows_to_measure() {
  std::vector<OperatorRow> rows;
  for (const OperatorRow& row : op_table())
    if (row.name.find(':') == row.name.npos && row.shapes.empty() && row.inputs.size() == 1 &&
        is_floating(row.inputs[0].dtype) && !row.output_dtype)
      rows.push_back(row);
  return rows;
}

Errors float32_errors(const OperatorRow& row, std::uint64_t begin, std::uint64_t end, std::uint64_t step) {
  constexpr std::size_t kPart = 1 << 16;
  const Limits& limits = limits_of(row.name);
  Errors errors;
  std::vector<float> part;
  auto measure = [&] {
    if (part.empty()) return;
    const Tensor x = from_vector(part);
    const Results got = results_of(row, x), exact = results_of(row, cast(x, DType::float64));
    const std::span<const double> values = elements<double>(exact.value);
    see_errors(errors.value, part, elements<float>(got.value), values, limits.value_scale32, {});
    // Where the value is NaN there is no slope to speak of.
    see_errors(errors.slope, part, elements<float>(got.slope), elements<double>(exact.slope), limits.slope_scale32,
               values);
    errors.points += static_cast<std::int64_t>(part.size());
    part.clear();
  };
  for (std::uint64_t word = begin; word < end; word += step) {
    const float x = std::bit_cast<float>(static_cast<std::uint32_t>(word));
    if (std::isnan(x) || x < limits.low || x > limits.high) continue;
    part.push_back(x);
    if (part.size() == kPart) measure();
  }
  measure();
  return errors;
}

#if XGRAD_MPFR
namespace {

/// Of a double beside an exact number, in units of a type with so many digits and this least exponent.
double units_of(double got, const Exact& exact, int digits, int least_exponent, double most, double scale) {
  if (isnan(exact)) return std::isnan(got) ? 0 : kInfinity;
  const double rounded = exact.to_double();
  if (std::abs(rounded) >= most)
    return std::abs(got) >= most * (1 - 0x1p-23) && std::signbit(got) == std::signbit(rounded) ? 0 : kInfinity;
  if (!std::isfinite(got)) return kInfinity;
  long exponent = std::max<long>(exact.exponent() - 1, least_exponent);
  if (scale > 0) exponent = std::max<long>(exponent, std::ilogb(scale));
  return std::abs(scaled(Exact(got) - exact, digits - 1 - exponent).to_double());
}

/// The errors of float64 results at these points. `narrow`: in units of float32.
Errors errors_at(const OperatorRow& row, std::vector<double> points, bool narrow) {
  const Limits& limits = limits_of(row.name);
  std::erase_if(points, [&](double x) { return x == 0 || std::isnan(x) || x < limits.low || x > limits.high; });
  Errors errors;
  errors.points = static_cast<std::int64_t>(points.size());
  if (points.empty()) return errors;
  const ExactOperator& exact = *exact_operator(row.name);
  const Results got = results_of(row, from_vector(points));
  const std::span<const double> values = elements<double>(got.value), slopes = elements<double>(got.slope);
  const int digits = narrow ? 24 : 53, least = narrow ? -126 : -1022;
  const double most = narrow ? std::numeric_limits<float>::max() : std::numeric_limits<double>::max();
  for (std::size_t i = 0; i < points.size(); ++i) {
    const double x = points[i];
    const Exact value = exact.value(Exact(x));
    errors.value.see(units_of(values[i], value, digits, least, most,
                              scale_at(narrow ? limits.value_scale32 : limits.value_scale64, x)),
                     x);
    if (isnan(value) || isinf(value) || std::isinf(x)) continue;
    const Exact slope = exact_slope(exact, Exact(x));
    if (isnan(slope)) continue;  // a kink, or the end of the domain
    errors.slope.see(units_of(slopes[i], slope, digits, least, most,
                              scale_at(narrow ? limits.slope_scale32 : limits.slope_scale64, x)),
                     x);
  }
  return errors;
}

/// Neighbours of the zeros of value and slope that lie between -30 and 30.
void add_zeros(const OperatorRow& row, std::vector<double>& points) {
  std::vector<double> grid;
  for (int i = -3000; i <= 3000; ++i) grid.push_back(i / 100.0 + 1.7e-4);
  const Results results = results_of(row, from_vector(grid));
  auto changes = [](double a, double b) { return (a < 0 && b > 0) || (a > 0 && b < 0); };
  for (std::size_t i = 0; i + 1 < grid.size(); ++i)
    for (bool of_slope : {false, true}) {
      const std::span<const double> y = elements<double>(of_slope ? results.slope : results.value);
      if (!changes(y[i], y[i + 1])) continue;
      double low = grid[i], high = grid[i + 1], at_low = y[i];
      for (int k = 0; k < 60 && std::nextafter(low, high) < high; ++k) {
        const double middle = low + (high - low) / 2;
        const Results there = results_of(row, from_vector(std::vector<double>{middle}));
        const double at_middle = (of_slope ? there.slope : there.value).item<double>();
        (changes(at_low, at_middle) ? high : low) = middle;
      }
      for (double distance : {0.0, 1e-15, 1e-13, 1e-10, 1e-6, 1e-3})
        for (double sign : {-1.0, 1.0}) points.push_back(low * (1 + sign * distance));
    }
}

}  // namespace

bool has_exact(const OperatorRow& row) { return exact_operator(row.name) != nullptr; }

Errors reference_errors(const OperatorRow& row, std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<double> points;
  for (std::int64_t i = 0; i < count; ++i) {
    float x = std::bit_cast<float>(static_cast<std::uint32_t>(random()));
    // Every other one of a size at which functions do something.
    if (i % 2 == 0)
      x = std::ldexp(x < 0 ? -1.f : 1.f, static_cast<int>(random() % 16) - 8) *
          (1 + static_cast<float>(random() % (1 << 23)) * 0x1p-23f);
    points.push_back(x);
  }
  return errors_at(row, std::move(points), true);
}

Errors float64_errors(const OperatorRow& row, std::int64_t count, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  auto share = [&] { return static_cast<double>(random() >> 11) * 0x1p-53; };
  auto sign = [&] { return random() % 2 == 0 ? 1.0 : -1.0; };
  std::vector<double> points = {1,
                                -1,
                                0.5,
                                -0.5,
                                2,
                                -2,
                                0x1p-1074,
                                -0x1p-1074,
                                0x1p-1022,
                                -0x1p-1022,
                                std::numeric_limits<double>::max(),
                                -std::numeric_limits<double>::max()};
  for (std::int64_t i = 0; i < count; i += 8) {
    points.push_back(sign() * std::ldexp(1 + share(), static_cast<int>(random() % 2098) - 1074));
    points.push_back(sign() * std::ldexp(1 + share(), static_cast<int>(random() % 20) - 10));
    points.push_back(share() * 12 - 6);
    points.push_back(share() * 2 - 1);
    points.push_back(share() * 80 - 40);
    points.push_back(sign() * (1 - std::exp2(-53 * share())));
    // Beside whole and half numbers.
    points.push_back(static_cast<double>(random() % 81) / 2 - 20 + sign() * std::exp2(-45 * share()));
    // Where exponentials end.
    points.push_back(sign() * (share() < 0.5 ? 650 + 150 * share() : 20 + 25 * share()));
  }
  add_zeros(row, points);
  return errors_at(row, std::move(points), false);
}
#else
bool has_exact(const OperatorRow&) { return false; }
Errors reference_errors(const OperatorRow&, std::int64_t, std::uint64_t) { return {}; }
Errors float64_errors(const OperatorRow&, std::int64_t, std::uint64_t) { return {}; }
#endif

}  // namespace xgrad::testing
