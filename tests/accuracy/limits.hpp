// How far the elementwise operators of one operand may be off, and why, where that is more than the rule.
#pragma once

#include <string>

namespace xgrad::testing {

/// The size that an error is measured beside at x, where the result itself is smaller: near a zero that is no float.
using Scale = double (*)(double x);

/// In units of the last place: of the exact result, or of the scale where that is larger.
struct Limits {
  double value32 = 2, slope32 = 2;
  double value64 = 4, slope64 = 4;
  Scale value_scale32 = nullptr, slope_scale32 = nullptr;
  Scale value_scale64 = nullptr, slope_scale64 = nullptr;
  /// The operator's domain, where it is less than all numbers; outside, results are not compared.
  double low = -1.0 / 0.0, high = 1.0 / 0.0;
  /// Why more is allowed, or less is looked at. Stands in docs/accuracy.md.
  std::string reason = {};
};

/// By the name of a row in the operators' table.
const Limits& limits_of(const std::string& row);

}  // namespace xgrad::testing
