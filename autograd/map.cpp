#include "autograd/map.hpp"

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

}  // namespace xgrad::internal
