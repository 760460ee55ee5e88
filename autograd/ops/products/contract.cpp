#include "contract.hpp"

#include <algorithm>

#include "../arithmetic.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"

namespace xgrad::internal {
namespace {

bool has(LabelSet set, int label) { return (set >> label & 1) != 0; }

int axis_of(const Labelled& x, int label) {
  return static_cast<int>(std::find(x.labels.begin(), x.labels.end(), label) - x.labels.begin());
}

std::vector<int> joined(std::initializer_list<const std::vector<int>*> lists) {
  std::vector<int> all;
  for (const std::vector<int>* list : lists) all.insert(all.end(), list->begin(), list->end());
  return all;
}

/// The labels of both, those of a first, in the order that is wanted.
std::vector<int> sorted(std::vector<int> labels, const std::vector<int>& wanted) {
  auto place = [&](int label) { return std::find(wanted.begin(), wanted.end(), label) - wanted.begin(); };
  std::stable_sort(labels.begin(), labels.end(), [&](int a, int b) { return place(a) < place(b); });
  return labels;
}

/// x with an axis for each of these labels: of extent 1 for those that it has not.
Tensor aligned(const Labelled& x, const std::vector<int>& labels) {
  std::vector<int> own;
  for (int label : labels)
    if (axis_of(x, label) < static_cast<int>(x.labels.size())) own.push_back(label);
  Tensor tensor = in_order(x, own).tensor;
  for (std::size_t i = 0; i < labels.size(); ++i)
    if (i >= own.size() || own[i] != labels[i]) {
      tensor = unsqueeze(tensor, static_cast<int>(i));
      own.insert(own.begin() + static_cast<std::ptrdiff_t>(i), labels[i]);
    }
  return tensor;
}

/// The axes of x in groups, each group as one axis.
Tensor grouped(const Labelled& x, std::initializer_list<const std::vector<int>*> groups, bool has_batch) {
  Tensor tensor = in_order(x, joined(groups)).tensor;
  Shape shape;
  int axis = 0;
  for (const std::vector<int>* group : groups) {
    std::int64_t extent = 1;
    for (std::size_t i = 0; i < group->size(); ++i) extent *= tensor.shape()[axis++];
    if (has_batch || group != *groups.begin()) shape.push_back(extent);
  }
  return shape == tensor.shape() ? tensor : reshape(tensor, shape);
}

}  // namespace

Labelled in_order(const Labelled& x, const std::vector<int>& labels) {
  if (x.labels == labels) return x;
  std::vector<int> order;
  for (int label : labels) order.push_back(axis_of(x, label));
  return {permute(x.tensor, order), labels};
}

Labelled summed_to(const Labelled& x, LabelSet kept) {
  std::vector<int> axes, left;
  for (std::size_t i = 0; i < x.labels.size(); ++i) {
    if (has(kept, x.labels[i]))
      left.push_back(x.labels[i]);
    else
      axes.push_back(static_cast<int>(i));
  }
  return axes.empty() ? x : Labelled{sum(x.tensor, axes), left};
}

Labelled contract(const Labelled& given_a, const Labelled& given_b, LabelSet kept, const std::vector<int>& wanted) {
  LabelSet labels_a = set_of(given_a.labels), labels_b = set_of(given_b.labels);
  Labelled a = summed_to(given_a, kept | labels_b), b = summed_to(given_b, kept | labels_a);
  std::vector<int> batch, rows, columns, inner;
  for (int label : a.labels) (!has(labels_b, label) ? rows : has(kept, label) ? batch : inner).push_back(label);
  for (int label : b.labels)
    if (!has(labels_a, label)) columns.push_back(label);

  if (inner.empty()) {
    const std::vector<int> labels = sorted(joined({&batch, &rows, &columns}), wanted);
    return {mul(aligned(a, labels), aligned(b, labels)), labels};
  }

  // Along the longer operand, which is then the less likely to be copied.
  if (b.tensor.numel() > a.tensor.numel()) {
    std::vector<int> along_b;
    for (int label : b.labels)
      if (std::find(inner.begin(), inner.end(), label) != inner.end()) along_b.push_back(label);
    inner = along_b;
  }
  batch = sorted(batch, wanted);
  rows = sorted(rows, wanted);
  columns = sorted(columns, wanted);
  // Where the result's columns are wanted first, the product of the transposes has them there.
  if (!rows.empty() && !columns.empty() && sorted({rows[0], columns[0]}, wanted)[0] != rows[0]) {
    std::swap(a, b);
    std::swap(rows, columns);
  }
  const bool has_batch = !batch.empty();
  Tensor product =
      matmul(grouped(a, {&batch, &rows, &inner}, has_batch), grouped(b, {&batch, &inner, &columns}, has_batch));
  const std::vector<int> labels = joined({&batch, &rows, &columns});
  Shape shape;
  for (int label : labels) {
    int axis = axis_of(a, label);
    shape.push_back(axis < a.tensor.ndim() ? a.tensor.shape()[axis] : b.tensor.shape()[axis_of(b, label)]);
  }
  return {shape == product.shape() ? product : reshape(product, shape), labels};
}

}  // namespace xgrad::internal
