#include "autograd/map.hpp"

#include "autograd/grad.hpp"

namespace xgrad::internal {

Mapped prepare_map(const char* name, std::initializer_list<const Operand*> operands) {
  SourceLocation where = (*operands.begin())->where();
  Mapped mapped{.inputs = {}, .shape = {}, .dtype = DType::float32};
  bool any_tensor = false;
  for (const Operand* operand : operands) {
    if (operand->is_number()) continue;
    const Tensor& x = operand->tensor(name);
    mapped.dtype = promote(mapped.dtype, x.dtype());
    mapped.shape = broadcast_shapes(name, mapped.shape, x.shape(), where);
    any_tensor = true;
  }
  check(any_tensor, where, name, ": at least one operand must be a tensor.");
  for (const Operand* operand : operands)
    mapped.inputs.push_back(operand->is_number() ? operand->number_as(mapped.dtype)
                                                 : cast({operand->tensor(name), where}, mapped.dtype));
  return mapped;
}

double sum_pairwise(std::span<const double> values) {
  if (values.size() <= 8) {
    double sum = 0;
    for (double value : values) sum += value;
    return sum;
  }
  std::size_t half = values.size() / 2;
  return sum_pairwise(values.first(half)) + sum_pairwise(values.subspan(half));
}

Tensor scale(Tensor x, const Tensor& factor) {
  double number = factor.item();
  if (number == 1) return x;
  NoGrad no_grad;
  if (!owns_elements(x)) return x * number;
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    compute_into<T>(
        x, [number](Batch<T> x) { return x * number; }, x);
  });
  return x;
}

}  // namespace xgrad::internal
