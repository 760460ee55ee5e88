#include "autograd/internal/differences.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad::internal {
namespace {

/// What rounding the values to double can change a difference quotient of this step by.
double rounding(const Samples& samples, double step) {
  return 4 * std::numeric_limits<double>::epsilon() * samples.magnitude / step;
}

/// Fills value and error from the run of steps [begin, end), all of whose values are finite.
void extrapolate(const Samples& samples, std::size_t begin, std::size_t end, Difference& best) {
  std::vector<double> previous, current;
  for (std::size_t i = begin; i < end; ++i) {
    double step = samples.steps[i];
    current.assign(1, (samples.plus[i] - samples.minus[i]) / (2 * step));
    double ratio = i == begin ? 1 : samples.steps[i - 1] / step;
    double factor = 1;
    for (std::size_t order = 1; order <= previous.size(); ++order) {
      factor *= ratio * ratio;
      double better = (factor * current[order - 1] - previous[order - 1]) / (factor - 1);
      // As good as the change from both neighbours of lower order; the rounding of the finest step comes on
      // top.
      double error = std::max(std::abs(better - current[order - 1]), std::abs(better - previous[order - 1]));
      error += rounding(samples, step);
      if (error < best.error) {
        best.value = better;
        best.error = error;
      }
      current.push_back(better);
    }
    previous.swap(current);
  }
}

void compare_sides(const Samples& samples, Difference& difference) {
  std::vector<double> gaps;  // by how much the slopes differ, at shrinking steps
  double slope = 0;
  for (std::size_t i = 0; i < samples.steps.size(); ++i) {
    double step = samples.steps[i];
    double left = (samples.zero - samples.minus[i]) / step, right = (samples.plus[i] - samples.zero) / step;
    if (!std::isfinite(left) || !std::isfinite(right)) {
      gaps.clear();
      continue;
    }
    double gap = std::abs(right - left);
    slope = std::max(std::abs(left), std::abs(right));
    if (!gaps.empty() && gap < 20 * rounding(samples, step)) break;  // from here on rounding hides the gap
    gaps.push_back(gap);
    difference.left = left;
    difference.right = right;
  }
  if (gaps.size() < 3) return;
  // A smooth function's gap falls with the step. At a kink it comes to rest, at a jump it grows all the way.
  // One that first falls and then grows is the function's own rounding errors.
  std::size_t count = gaps.size();
  double least = *std::min_element(gaps.end() - 3, gaps.end()),
         most = *std::max_element(gaps.end() - 3, gaps.end());
  bool rests = most < 2 * least && least > 1e-6 * slope;
  bool grows = true;
  for (std::size_t i = 1; i < count; ++i) grows &= gaps[i] > 1.5 * gaps[i - 1];
  difference.kink = rests || grows;
}

}  // namespace

Difference differentiate(const Samples& samples) {
  Difference difference;
  difference.error = std::numeric_limits<double>::infinity();
  std::size_t count = samples.steps.size();
  auto finite = [&](std::size_t i) {
    return std::isfinite(samples.plus[i]) && std::isfinite(samples.minus[i]);
  };
  // Large steps may leave the function's domain, so each run of finite values is extrapolated for itself.
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin;
    while (end < count && finite(end)) ++end;
    extrapolate(samples, begin, end, difference);
    begin = end + 1;
  }
  compare_sides(samples, difference);
  difference.kink |= count > 0 && !finite(count - 1);
  return difference;
}

}  // namespace xgrad::internal
