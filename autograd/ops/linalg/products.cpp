#include "../products.hpp"
#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../diagonal.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products/order.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

Tensor trace(const Operand& operand) {
  const Tensor& x = operand.tensor("trace");
  check(x.ndim() == 2, operand.where(), "trace: x must be a matrix, but it is ", x.shape(), ".");
  CallSite site(operand.where());
  return sum(diagonal(x));
}

namespace linalg {

Tensor multi_dot(std::span<const Tensor> tensors, SourceLocation where) {
  CallSite site(where);
  const int count = static_cast<int>(tensors.size());
  check(count >= 1, where, "multi_dot: there must be an operand or more, but there is none.");
  std::vector<Tensor> factors;
  for (int i = 0; i < count; ++i) {
    const Tensor& x = tensors[static_cast<std::size_t>(i)];
    check(x.defined(), where, "multi_dot: the operands must be tensors, but operand ", i, " is undefined.");
    const bool is_end = count > 1 && (i == 0 || i == count - 1);  // of a lone one each axis is an end
    check(x.ndim() == 2 || (is_end && x.ndim() == 1), where, "multi_dot: operand ", i, " of ", count,
          " must be a matrix", is_end ? " or a vector" : "", ", but it is ", x.shape(), ".");
    factors.push_back(x.ndim() == 2 ? x : unsqueeze(x, i == 0 ? 0 : 1));
    if (i == 0) continue;
    const Tensor& before = factors[static_cast<std::size_t>(i) - 1];
    check(before.size(1) == factors.back().size(0), where, "multi_dot: inner sizes must agree, but operand ", i - 1,
          " is ", tensors[static_cast<std::size_t>(i) - 1].shape(), " and operand ", i, " is ", x.shape(), " (",
          before.size(1), " != ", factors.back().size(0), ").");
  }
  DType dtype = tensors[0].dtype();
  for (const Tensor& x : tensors) dtype = promote(dtype, x.dtype());
  check(dtype != DType::boolean, where, "multi_dot: operands must be numbers, but all are boolean. Use cast().");

  if (count == 1) return copy(factors[0]);

  // least[i][j]: the multiplications of the product of factors i to j; split[i][j]: where its left part ends.
  std::vector<std::vector<double>> least(factors.size(), std::vector<double>(factors.size(), 0));
  std::vector<std::vector<int>> split(factors.size(), std::vector<int>(factors.size(), 0));
  auto at = [](int i) { return static_cast<std::size_t>(i); };
  auto rows = [&](int i) { return static_cast<double>(factors[at(i)].size(0)); };
  auto columns = [&](int i) { return static_cast<double>(factors[at(i)].size(1)); };
  for (int length = 2; length <= count; ++length)
    for (int i = 0, j = length - 1; j < count; ++i, ++j)
      for (int k = i; k < j; ++k) {
        const double work = least[at(i)][at(k)] + least[at(k + 1)][at(j)] + rows(i) * columns(k) * columns(j);
        if (k > i && work > least[at(i)][at(j)]) continue;  // the last of equals: from the left
        least[at(i)][at(j)] = work;
        split[at(i)][at(j)] = k;
      }
  auto product = [&](auto& self, int i, int j) -> Tensor {
    if (i == j) return cast(factors[at(i)], dtype);
    const int k = split[at(i)][at(j)];
    return matmul(self(self, i, k), self(self, k + 1, j));
  };
  Tensor y = product(product, 0, count - 1);
  if (tensors.back().ndim() == 1) y = squeeze(y, 1);
  return tensors.front().ndim() == 1 ? squeeze(y, 0) : y;
}

Tensor multi_dot(std::initializer_list<Tensor> tensors, SourceLocation where) {
  return multi_dot(std::span(tensors.begin(), tensors.size()), where);
}

Tensor vecdot(const Operand& left, const Operand& right, int axis) {
  CallSite site(left.where());
  const Tensor& a = left.tensor("vecdot");
  const Tensor& b = right.tensor("vecdot");
  check(a.dtype() != DType::boolean || b.dtype() != DType::boolean, left.where(),
        "vecdot: operands must be numbers, but both are boolean. Use cast().");
  const Shape shape = broadcast_shapes("vecdot", a.shape(), b.shape(), left.where());
  if (shape.ndim() == 0 && (axis == 0 || axis == -1)) return mul(a, b);  // as PyTorch has it
  const int summed = normalize_axis("vecdot", axis, shape.ndim(), left.where());
  return sum(mul(a, b), summed);
}

}  // namespace linalg
}  // namespace xgrad
