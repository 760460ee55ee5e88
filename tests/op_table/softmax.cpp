#include <cmath>

#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

std::vector<double> softmax_of(const std::vector<double>& elements) {
  std::vector<double> results;
  const double total = logsumexp_of(elements);
  for (double element : elements) results.push_back(std::exp(element - total));
  return results;
}
std::vector<double> log_softmax_of(const std::vector<double>& elements) {
  std::vector<double> results;
  const double total = logsumexp_of(elements);
  for (double element : elements) results.push_back(element - total);
  return results;
}

Tensor softmin_of(std::span<const Tensor> x) {
  Tensor negative = by_place(x[0].shape(), [all = Elements(x[0])](const Place& place) { return -all(place); });
  return along(negative, x[0].ndim() - 1, softmax_of);
}

Rows rows() {
  const OperatorInput wide = {.low = -30, .high = 30};
  return {
      {.name = "logsumexp",
       .function = [](const Tensor& x) { return logsumexp(x); },
       .shapes = kAnyShape,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], logsumexp_of); },
       .refused = {[](const Tensor& x) { return logsumexp(x, 2); }}},
      {.name = "logsumexp(axes)",
       .function =
           [](const Tensor& x) {
             return logsumexp(x, {0, -1}, {.keepdims = true});
           },
       .inputs = {wide},
       .shapes = kThreeAxes,
       .large = kLarge,
       .expected =
           [](std::span<const Tensor> x) {
             return reduced(x[0], {0, 2}, true, logsumexp_of);
           }},
      {.name = "softmax",
       .function = [](const Tensor& x) { return softmax(x); },
       .shapes = {{{2, 3}}, {{1}}, {{67}}, {{3, 0}}, {{0, 3}}, {{3, 5, 7}}},
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, softmax_of); },
       .refused = {[](const Tensor& x) { return softmax(x, 2); }, [](const Tensor& x) { return softmax(x, -3); }}},
      {.name = "softmin",
       .function = [](const Tensor& x) { return softmin(x); },
       .shapes = {{{2, 3}}, {{1}}, {{67}}, {{3, 0}}, {{0, 3}}, {{3, 5, 7}}},
       .large = kLarge,
       .expected = softmin_of,
       .refused = {[](const Tensor& x) { return softmin(x, 2); }}},
      {.name = "softmin(axis)",
       .function = [](const Tensor& x) { return softmin(x, 1); },
       .shapes = {{{2, 3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Tensor negative = by_place(x[0].shape(), [all = Elements(x[0])](const Place& at) { return -all(at); });
             return along(negative, 1, softmax_of);
           }},
      {.name = "softmax(axis)",
       .function = [](const Tensor& x) { return softmax(x, 1); },
       .inputs = {wide},
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return along(x[0], 1, softmax_of); }},
      {.name = "softmax(first axis)",
       .function = [](const Tensor& x) { return softmax(x, 0); },
       .shapes = {{{3, 3}}, {{2, 3, 2}}},
       .expected = [](std::span<const Tensor> x) { return along(x[0], 0, softmax_of); }},
      {.name = "logsumexp(axis)",
       .function = [](const Tensor& x) { return logsumexp(x, 1); },
       .shapes = {{{3, 3, 3}}},
       .expected = [](std::span<const Tensor> x) { return reduced(x[0], {1}, false, logsumexp_of); }},
      {.name = "softmax(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = softmax(x, -1, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{2, 3}}, {{0, 3}}},
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, softmax_of); },
       .refused = {[](const Tensor& x) { return softmax(x, 0, {.dtype = DType::int64}); }}},
      {.name = "softmin(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = softmin(x, -1, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{2, 3}}, {{0, 3}}},
       .expected = softmin_of,
       .refused = {[](const Tensor& x) { return softmin(x, 0, {.dtype = DType::int64}); }}},
      {.name = "log_softmax(dtype)",
       .function =
           [](const Tensor& x) {
             Tensor y = log_softmax(x, -1, {.dtype = DType::float64});
             return cast(y, x.dtype());
           },
       .shapes = {{{2, 3}}, {{0, 3}}},
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, log_softmax_of); },
       .refused = {[](const Tensor& x) { return log_softmax(x, 0, {.dtype = DType::int64}); }}},
      {.name = "log_softmax",
       .function = [](const Tensor& x) { return log_softmax(x); },
       .shapes = {{{2, 3}}, {{1}}, {{67}}, {{0, 3}}, {{3, 5, 7}}},
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return along(x[0], x[0].ndim() - 1, log_softmax_of); },
       .refused = {[](const Tensor& x) { return log_softmax(x, 2); }}},
      {.name = "log_softmax(axis)",
       .function = [](const Tensor& x) { return log_softmax(x, 1); },
       .shapes = kThreeAxesOrEmpty,
       .large = kLarge,
       .expected = [](std::span<const Tensor> x) { return along(x[0], 1, log_softmax_of); }},
  };
}

const Family kFamily("softmax", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("The softmax family keeps its contract", "[op_table]") { xgrad::testing::expect_family_holds("softmax"); }
