#include "labels.hpp"

#include <algorithm>

#include "../autograd/ops/arithmetic.hpp"
#include "../autograd/ops/cast.hpp"
#include "../autograd/ops/choose.hpp"
#include "../autograd/ops/create.hpp"
#include "../autograd/ops/index.hpp"

namespace xgrad XGRAD_API {
namespace data {
namespace {

template <class T>
Labels<T> encode(const std::vector<T>& labels, std::vector<T> classes, SourceLocation where) {
  std::vector<T> sorted = classes.empty() ? labels : classes;
  std::sort(sorted.begin(), sorted.end());
  const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
  check(classes.empty() || twice == sorted.end(), where, "encode_labels: each class may be named once, but '",
        twice == sorted.end() ? T() : *twice, "' is named twice.");
  sorted.erase(std::unique(sorted.begin(), sorted.end()), sorted.end());
  if (classes.empty()) classes = sorted;

  // sorted[i] is class number_of[i].
  std::vector<std::int64_t> number_of(classes.size());
  for (std::size_t i = 0; i < classes.size(); ++i)
    number_of[std::lower_bound(sorted.begin(), sorted.end(), classes[i]) - sorted.begin()] =
        static_cast<std::int64_t>(i);

  std::vector<std::int64_t> indices;
  indices.reserve(labels.size());
  for (const T& label : labels) {
    const auto at = std::lower_bound(sorted.begin(), sorted.end(), label);
    check(at != sorted.end() && *at == label, where, "encode_labels: each label must be among the ", classes.size(),
          " classes, but '", label, "' of point ", indices.size(), " is not.");
    indices.push_back(number_of[at - sorted.begin()]);
  }
  return {from_vector(indices), std::move(classes)};
}

}  // namespace

Labels<std::string> encode_labels(const std::vector<std::string>& labels, const std::vector<std::string>& classes,
                                  SourceLocation where) {
  return encode(labels, classes, where);
}

Labels<std::int64_t> encode_labels(const Tensor& labels, const std::vector<std::int64_t>& classes,
                                   SourceLocation where) {
  check(
      labels.defined() && labels.dtype() == DType::int64 && labels.ndim() == 1, where,
      "encode_labels: labels must be int64 [n], but they are ",
      [&] { return labels.defined() ? concat(labels.dtype(), ' ', labels.shape()) : "undefined"; }, '.');
  return encode(labels.to_vector<std::int64_t>(), classes, where);
}

Tensor one_hot(const Tensor& labels, std::int64_t classes, DType dtype, SourceLocation where) {
  CallSite site(where);
  return cast(xgrad::one_hot(labels, classes), dtype);
}

}  // namespace data
}  // namespace xgrad
