#include "differences.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad XGRAD_API {
namespace internal {
namespace {

// Over two steps that shrink tenfold each, a smooth function's gap falls to a hundredth.
constexpr double kStillKink = 10;

constexpr std::size_t kFinestSteps = 5;

/// By how much rounding changes the values: their own last digits, and what cancelled inside of the function. That
/// shows at the finest steps, where the difference quotients of a smooth function have long settled. Where the values
/// do not change at all there, the finest step at which they do is used.
double rounding_of_values(const Samples& samples) {
  double rounding = 4 * std::numeric_limits<double>::epsilon() * samples.magnitude;
  std::size_t count = samples.steps.size();
  std::size_t first = count - std::min(count, kFinestSteps);
  while (first > 0 && samples.plus[first] == samples.minus[first]) --first;
  for (std::size_t i = first + 1; i < count; ++i) {
    double finer = (samples.plus[i] - samples.minus[i]) / (2 * samples.steps[i]);
    double coarser = (samples.plus[i - 1] - samples.minus[i - 1]) / (2 * samples.steps[i - 1]);
    double change = std::abs(finer - coarser) * samples.steps[i];
    if (std::isfinite(change)) rounding = std::max(rounding, change);
  }
  return rounding;
}

/// The best entry of the tableaus so far; they are offered from large steps to small ones. An entry that is precise for
/// its size goes before one with a smaller absolute error: large steps across a pole converge too, to a small
/// number. Of two precise entries that contradict each other the finer one is right: the other has a kink between its
/// steps.
struct Best {
  double value = 0;
  double error = std::numeric_limits<double>::infinity();
  bool precise = false;

  void offer(double other, double other_error, double noise) {
    bool other_precise = other_error < 1e-2 * std::abs(other) && std::abs(other) > 10 * noise;
    bool better = other_error < error;
    if (other_precise != precise)
      better = other_precise;
    else if (precise && std::abs(other - value) > 3 * (other_error + error))
      better = true;
    if (better) *this = {other, other_error, other_precise};
  }
};

/// Offers the entries of the tableau for the run of steps [begin, end), all of whose values are finite.
void extrapolate(const Samples& samples, double rounding, std::size_t begin, std::size_t end, Best& best) {
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
      double noise = rounding / step;
      best.offer(better, error + noise, noise);
      current.push_back(better);
    }
    previous.swap(current);
  }
}

void compare_sides(const Samples& samples, double rounding, Difference& difference) {
  std::vector<double> all_gaps,
      gaps;  // by how much the slopes differ, at shrinking steps; those above the rounding
  double slope = 0;
  for (std::size_t i = 0; i < samples.steps.size(); ++i) {
    double step = samples.steps[i];
    double left = (samples.zero - samples.minus[i]) / step, right = (samples.plus[i] - samples.zero) / step;
    if (!std::isfinite(left) || !std::isfinite(right)) {
      all_gaps.clear();
      gaps.clear();
      continue;
    }
    double gap = std::abs(right - left), larger = std::max(std::abs(left), std::abs(right));
    all_gaps.push_back(gap);
    if (20 * rounding / step > std::max(gap, 1e-3 * larger)) continue;
    gaps.push_back(gap);
    slope = larger;
    difference.left = left;
    difference.right = right;
    difference.side_error = rounding / step;
  }
  // A smooth function's gap falls with the step. At a kink it comes to rest; at a jump it grows as the step shrinks,
  // from the first step to the last.
  if (gaps.size() >= 3) {
    double least = *std::min_element(gaps.end() - 3, gaps.end());
    double most = *std::max_element(gaps.end() - 3, gaps.end());
    difference.kink = most < kStillKink * least && least > 1e-6 * slope;
  }
  bool grows = all_gaps.size() >= 4;
  for (std::size_t i = 1; i < all_gaps.size(); ++i)
    grows &= all_gaps[i] > 2 * all_gaps[i - 1] && all_gaps[i] < 20 * all_gaps[i - 1];
  if (!grows) return;
  difference.kink = true;
  std::size_t last = samples.steps.size() - 1;
  difference.left = (samples.zero - samples.minus[last]) / samples.steps[last];
  difference.right = (samples.plus[last] - samples.zero) / samples.steps[last];
}

}  // namespace

Difference differentiate(const Samples& samples) {
  Difference difference;
  Best best;
  double rounding = rounding_of_values(samples);
  std::size_t count = samples.steps.size();
  auto finite = [&](std::size_t i) { return std::isfinite(samples.plus[i]) && std::isfinite(samples.minus[i]); };
  // Large steps may leave the function's domain, so each run of finite values is extrapolated for itself.
  for (std::size_t begin = 0; begin < count;) {
    std::size_t end = begin;
    while (end < count && finite(end)) ++end;
    extrapolate(samples, rounding, begin, end, best);
    begin = end + 1;
  }
  difference.value = best.value;
  difference.error = best.error;
  difference.precise = best.precise;
  if (count > 0) difference.hidden_slope = rounding / samples.steps.back();
  compare_sides(samples, rounding, difference);
  difference.kink |= count > 0 && !finite(count - 1);
  return difference;
}

}  // namespace internal
}  // namespace xgrad
