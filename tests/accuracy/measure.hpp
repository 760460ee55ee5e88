// Errors of an operator's value and derivative in units of the last place.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../op_table/op_table.hpp"

namespace xgrad::testing {

/// The largest error so far, and where.
struct Worst {
  double units = 0;
  double at = 0;
  void see(double error, double x) {
    if (!(error <= units)) {
      units = error;
      at = x;
    }
  }
  void see(const Worst& other) { see(other.units, other.at); }
};

/// Of value and derivative.
struct Errors {
  Worst value, slope;
  std::int64_t points = 0;
};

/// The rows of the operators' table that are elementwise, of one floating operand.
std::vector<OperatorRow> rows_to_measure();

/// float32 beside float64, for the floats with the bits begin, begin + step, ... below end.
Errors float32_errors(const OperatorRow& row, std::uint64_t begin, std::uint64_t end, std::uint64_t step);

/// Whether MPFR is at hand and this row has an exact value.
bool has_exact(const OperatorRow& row);
/// float64 results at `count` floats beside the exact ones, in units of float32: what the reference of float32_errors()
/// adds to the half unit of a rounding.
Errors reference_errors(const OperatorRow& row, std::int64_t count, std::uint64_t seed);
/// float64 beside the exact results at about `count` points that are hard: of all sizes, denormals, beside whole and
/// half numbers, ends of domains, and zeros of value and derivative.
Errors float64_errors(const OperatorRow& row, std::int64_t count, std::uint64_t seed);

}  // namespace xgrad::testing
