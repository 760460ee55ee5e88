// What the references of order.cpp and statistics.cpp are made of: lists of elements and their order.
#pragma once

#include <algorithm>
#include <numeric>
#include <vector>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {

using List = const std::vector<double>&;
using Numbers = std::vector<double>;

/// Positions in ascending (or descending) order, equals in theirs.
inline std::vector<std::size_t> order_of(List elements, bool descending = false) {
  std::vector<std::size_t> places(elements.size());
  std::iota(places.begin(), places.end(), 0);
  std::stable_sort(places.begin(), places.end(), [&](std::size_t i, std::size_t j) {
    return descending ? elements[i] > elements[j] : elements[i] < elements[j];
  });
  return places;
}
inline Numbers sorted(List elements) {
  Numbers sorted = elements;
  std::sort(sorted.begin(), sorted.end());
  return sorted;
}
inline Numbers sorted_down(List elements) {
  Numbers numbers = sorted(elements);
  std::reverse(numbers.begin(), numbers.end());
  return numbers;
}
inline Numbers places_of(List elements) {
  const auto order = order_of(elements);
  return {order.begin(), order.end()};
}
inline Numbers places_down(List elements) {
  const auto order = order_of(elements, true);
  return {order.begin(), order.end()};
}

inline TensorFunction along_axis(int axis, Numbers (*change)(List)) {
  return [=](std::span<const Tensor> x) { return along(x[0], axis, change); };
}
inline TensorFunction folded(int axis, double (*fold)(List)) {
  return [=](std::span<const Tensor> x) { return reduced(x[0], {axis}, false, fold); };
}
inline TensorFunction folded(double (*fold)(List)) {
  return [=](std::span<const Tensor> x) { return reduced(x[0], fold); };
}

// Long rows, which are sorted by digits, and many short ones.
inline const std::vector<std::vector<Shape>> kRows = {{{2, 1500}}, {{400, 33}}};

}  // namespace xgrad::testing
