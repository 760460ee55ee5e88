// What the tests of elementwise operators share.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

namespace xgrad::testing {

inline constexpr double kInf = std::numeric_limits<double>::infinity();
inline constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

inline Tensor doubles(NestedList values) { return tensor(values, {.dtype = DType::float64}); }
inline std::vector<double> values(const Tensor& x) { return x.to_vector<double>(); }

/// The derivative of sum(f) at a single point.
template <class F>
double slope_at(F f, double x) {
  return grad([&](const Tensor& t) { return sum(f(t)); }, doubles({x})).item();
}

inline void check_close(const Tensor& got, std::vector<double> expected, double tolerance = 1e-14) {
  std::vector<double> all = values(got);
  REQUIRE(all.size() == expected.size());
  for (std::size_t i = 0; i < all.size(); ++i) {
    INFO("element " << i << ": " << all[i] << ", expected " << expected[i]);
    bool both_nan = std::isnan(all[i]) && std::isnan(expected[i]);
    CHECK((both_nan || all[i] == expected[i] || std::abs(all[i] - expected[i]) <= tolerance * std::abs(expected[i])));
  }
}

}  // namespace xgrad::testing
