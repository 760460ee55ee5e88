#include <algorithm>
#include <limits>

#include "../../kernels/elementwise.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

/// A one at each label's place, into zeros. Over labels.
struct MarkLabels {
  const std::int64_t* labels;
  std::int64_t* to;
  std::int64_t classes;

  static void run(const MarkLabels& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i * a.classes + a.labels[i]] = 1;
  }
};

}  // namespace

Tensor one_hot(const Operand& operand, std::int64_t classes) {
  const Tensor& labels = operand.tensor("one_hot");
  SourceLocation where = operand.where();
  check(labels.dtype() == DType::int64, where, "one_hot: labels must be int64, but they are ", labels.dtype(), ".");
  check(labels.ndim() < kMaxDims, where, "one_hot: a tensor has at most ", kMaxDims, " axes, but labels ",
        labels.shape(), " have as many.");
  check(classes >= 0 || classes == -1, where, "one_hot: classes must be -1 or not negative, but it is ", classes, ".");
  check(classes >= 0 || labels.numel() > 0, where,
        "one_hot: the number of classes must be given where there are no labels, but it is -1.");
  Shape shape = labels.shape();
  shape.push_back(std::max<std::int64_t>(classes, 0));
  checked_numel("one_hot", shape, where);  // before a copy of labels that may be expanded
  Tensor flat = labels;
  if (!labels.is_contiguous()) {
    flat = new_result("one_hot", labels.shape(), DType::int64, where);
    copy_into(flat, labels);
  }
  const auto* label = data_of<std::int64_t>(flat);
  std::int64_t count = flat.numel();
  constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max();
  // Labels are read outside of kernels: they decide the shape, and whether to throw.
  if (classes == -1)  // a label of kMost has no place in any case
    classes = std::min(std::max<std::int64_t>(*std::max_element(label, label + count), 0), kMost - 1) + 1;
  for (std::int64_t i = 0; i < count; ++i)
    check<std::out_of_range>(0 <= label[i] && label[i] < classes, where, "one_hot: labels must be in [0, ", classes,
                             "), but label ", i, " is ", label[i], ".");
  shape[-1] = classes;
  Tensor result = new_zeros("one_hot", shape, DType::int64, where);
  launch(MarkLabels{label, data_of<std::int64_t>(result), classes}, count, kElementwiseGrain);
  return result;
}

}  // namespace xgrad
