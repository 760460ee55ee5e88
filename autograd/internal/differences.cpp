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

/// The best entry of the tableaus so far. Near a pole the large steps, which leap over it, converge too: to a
/// small number with a small error. So an entry that is precise for its size goes before one with a smaller
/// absolute error.
struct Best {
  double value = 0;
  double error = std::numeric_limits<double>::infinity();
  bool precise = false;

  void offer(double other, double other_error, double noise) {
    bool other_precise = other_error < 1e-3 * std::abs(other) && std::abs(other) > 100 * noise;
    bool better =
        other_precise == precise
            ? (precise ? other_error / std::abs(other) < error / std::abs(value) : other_error < error)
            : other_precise;
    if (better) *this = {other, other_error, other_precise};
  }
};

/// Offers the entries of the tableau for the run of steps [begin, end), all of whose values are finite.
void extrapolate(const Samples& samples, std::size_t begin, std::size_t end, Best& best) {
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
      double noise = rounding(samples, step);
      best.offer(better, error + noise, noise);
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
  Best best;
  std::size_t count = samples.steps.size();
  auto finite = [&](std::size_t i) {
    return std::isfinite(samples.plus[i]) && std::isfinite(samples.minus[i]);
  };
  // Large steps may leave the function's domain, so each run of finite values is extrapolated for itself.
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin;
    while (end < count && finite(end)) ++end;
    extrapolate(samples, begin, end, best);
    begin = end + 1;
  }
  difference.value = best.value;
  difference.error = best.error;
  compare_sides(samples, difference);
  difference.kink |= count > 0 && !finite(count - 1);
  return difference;
}

}  // namespace xgrad::internal
