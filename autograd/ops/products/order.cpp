#include "order.hpp"

#include <algorithm>
#include <bit>
#include <limits>

namespace xgrad::internal {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();

/// Multiplications of a product that goes over these labels.
double work_of(LabelSet labels, const std::vector<double>& extents) {
  double work = 1;
  for (; labels != 0; labels &= labels - 1) work *= extents[static_cast<std::size_t>(std::countr_zero(labels))];
  return work;
}

bool has_too_many_axes(LabelSet labels) { return std::popcount(labels) > kMaxDims; }

/// The best way to the product of each subset of the operands, from the small ones to the large ones.
std::vector<std::pair<int, int>> optimal_order(const Contraction& contraction) {
  const int count = static_cast<int>(contraction.operands.size());
  const unsigned all = (1U << count) - 1;
  std::vector<LabelSet> labels(all + 1);  // of the subset's operands; then, of its product
  for (unsigned set = 1; set <= all; ++set)
    labels[set] = labels[set & (set - 1)] | contraction.operands[static_cast<std::size_t>(std::countr_zero(set))];
  std::vector<LabelSet> product(all + 1);
  std::vector<double> least(all + 1, kNever);
  std::vector<unsigned> left(all + 1);
  for (unsigned set = 1; set <= all; ++set) {
    product[set] = labels[set] & (contraction.result | labels[all & ~set]);
    if (std::has_single_bit(set)) {
      least[set] = 0;
      continue;
    }
    if (has_too_many_axes(product[set])) continue;
    for (unsigned part = (set - 1) & set; part != 0; part = (part - 1) & set) {
      const unsigned rest = set & ~part;
      if ((part & (set & ~(set - 1))) == 0) continue;  // the first operand stands in the left part
      const double work = least[part] + least[rest] + work_of(product[part] | product[rest], contraction.extents);
      const bool is_from_left = work == least[set] && std::has_single_bit(rest) && rest > (set & ~left[set]);
      if (work < least[set] || is_from_left) {
        least[set] = work;
        left[set] = part;
      }
    }
  }
  if (least[all] == kNever) return {};

  std::vector<std::pair<int, int>> pairs;
  std::vector<unsigned> list;  // which operands each item of the caller's list is made of
  for (int i = 0; i < count; ++i) list.push_back(1U << i);
  auto place_of = [&](unsigned set) {
    return static_cast<int>(std::find(list.begin(), list.end(), set) - list.begin());
  };
  auto multiply = [&](auto& self, unsigned set) -> void {
    if (std::has_single_bit(set)) return;
    const unsigned part = left[set], rest = set & ~part;
    self(self, part);
    self(self, rest);
    pairs.emplace_back(place_of(part), place_of(rest));
    list.erase(list.begin() + place_of(part));
    list.erase(list.begin() + place_of(rest));
    list.push_back(set);
  };
  multiply(multiply, all);
  return pairs;
}

std::vector<std::pair<int, int>> greedy_order(const Contraction& contraction) {
  std::vector<LabelSet> list = contraction.operands;
  std::vector<std::pair<int, int>> pairs;
  while (list.size() > 1) {
    double least = kNever;
    std::pair<int, int> best;
    LabelSet best_product = 0;
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t j = i + 1; j < list.size(); ++j) {
        LabelSet outside = contraction.result;
        for (std::size_t other = 0; other < list.size(); ++other)
          if (other != i && other != j) outside |= list[other];
        const LabelSet product = (list[i] | list[j]) & outside;
        // What the product leaves to do counts as well: its size beside those of its operands.
        const double work = work_of(list[i] | list[j], contraction.extents) + work_of(product, contraction.extents) -
                            work_of(list[i], contraction.extents) - work_of(list[j], contraction.extents);
        if (has_too_many_axes(product) || !(work < least)) continue;
        least = work;
        best = {static_cast<int>(i), static_cast<int>(j)};
        best_product = product;
      }
    if (least == kNever) return {};
    list.erase(list.begin() + best.second);
    list.erase(list.begin() + best.first);
    list.push_back(best_product);
    pairs.push_back(best);
  }
  return pairs;
}

}  // namespace

std::vector<std::pair<int, int>> contraction_order(const Contraction& contraction) {
  return contraction.operands.size() <= kOptimalOperands ? optimal_order(contraction) : greedy_order(contraction);
}

}  // namespace xgrad::internal
