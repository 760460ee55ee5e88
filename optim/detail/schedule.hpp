// Checks of options that the schedules have in common. Not for users of the library.
#pragma once

#include <cmath>
#include <cstdint>

#include "../../autograd/error.hpp"
#include "update.hpp"

namespace xgrad::optim {

/// Throws std::invalid_argument unless value >= 1.
inline void check_count(const char* schedule, const char* option, std::int64_t value, SourceLocation where) {
  check(value >= 1, where, schedule, ": ", option, " must be at least 1, but it is ", value, '.');
}

/// A number that is at least 0 but for rounding: 0 where it came out below by no more than what sums of numbers as large
/// as `scale` leave. The optimizers refuse what is below 0.
inline double without_rounding_below_0(double number, double scale) {
  return number < 0 && number >= -1e-9 * scale ? 0 : number;
}

/// From `start` to `end` along half a wave of the cosine, as `share` goes from 0 to 1.
inline double along_cosine(double start, double end, double share) {
  return end + (start - end) / 2 * (1 + std::cos(M_PI * share));
}

}  // namespace xgrad::optim
