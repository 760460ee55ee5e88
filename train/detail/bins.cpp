#include "bins.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace xgrad::train::detail {

Spread spread_of(const Tensor& values, SourceLocation where) {
  constexpr int kBins = 40;
  const std::vector<double> all = values.to_vector<double>(where);
  Spread spread;
  for (double value : all) {
    if (!std::isfinite(value)) {
      ++spread.lost;
      continue;
    }
    spread.low = spread.count == 0 ? value : std::min(spread.low, value);
    spread.high = spread.count == 0 ? value : std::max(spread.high, value);
    ++spread.count;
    spread.sum += value;
    spread.squares += value * value;
  }
  if (spread.count == 0) return spread;
  const double width = spread.high / kBins - spread.low / kBins;
  if (!(width > 0) || !(spread.low + width > spread.low) ||
      !(spread.high - width < spread.high)) {  // one number, or next to it
    const double some = std::max(std::abs(spread.low) * 1e-3, 1e-12);
    constexpr double kLargest = std::numeric_limits<double>::max();
    spread.edges = {std::max(spread.low - some, -kLargest), std::min(spread.high + some, kLargest)};
    spread.counts = {spread.count};
    return spread;
  }
  for (int i = 0; i <= kBins; ++i) {
    // 40 widths may be more than a double holds, 20 are not.
    const bool from_low = i <= kBins / 2 || std::isfinite(kBins * width);
    const double edge = from_low ? spread.low + i * width : spread.high - (kBins - i) * width;
    spread.edges.push_back(i == kBins ? spread.high : edge);
  }
  spread.counts.assign(kBins, 0);
  for (double value : all) {
    if (!std::isfinite(value)) continue;
    const double place = value / width - spread.low / width;
    ++spread.counts[static_cast<std::size_t>(std::clamp(place, 0.0, kBins - 1.0))];
  }
  return spread;
}

}  // namespace xgrad::train::detail
