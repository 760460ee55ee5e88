#include "each.hpp"

#include <cstdint>

namespace xgrad XGRAD_API {
namespace internal {
namespace {

// What the messages tell is put together only where one is needed: an optimizer comes here for each parameter in each
// step.
void check_operand(const EachOperand& operand, const TensorImpl& first, SourceLocation where) {
  const Tensor& tensor = *operand.tensor;
  check(tensor.defined(), where, "each: the tensors must be defined, but one is not: ", kWhyUndefined);
  const TensorImpl& impl = *tensor.impl();
  if (impl.dtype != first.dtype || impl.shape != first.shape) [[unlikely]]
    fail<std::invalid_argument>(
        where, concat("each: the tensors must agree in shape and dtype, but one is ", first.dtype, " ", first.shape,
                      " and another ", impl.dtype, " ", impl.shape, "."));
  if (!operand.is_written) return;
  if (impl.node && !tensor.is_leaf()) [[unlikely]]
    fail<std::logic_error>(where, concat("each: a tensor that is written must be a leaf, but '", tensor.operation(),
                                         "' made it. Pass it as const if it is only read."));
  if (!impl.contiguous) check_writable("each", tensor, where);
}

}  // namespace

void prepare_each(std::span<const EachOperand> operands, SourceLocation where) {
  check(operands[0].tensor->defined(), where, "each: the tensors must be defined, but one is not: ", kWhyUndefined);
  const TensorImpl& first = *operands[0].tensor->impl();
  for (const EachOperand& operand : operands) check_operand(operand, first, where);
  check(is_floating(first.dtype), where, "each: the tensors must be floating, but the dtype is ", first.dtype, ".");
  // Each batch is read, then written: of two tensors that share elements one would lose what the other wrote, and what
  // is read in another layout may have been written or not. By their addresses: two handles may borrow one array.
  const std::uintptr_t bytes = static_cast<std::uintptr_t>(first.numel) * size_of(first.dtype);
  const auto are_apart = [bytes](const TensorImpl& x, const TensorImpl& y) {
    const auto a = reinterpret_cast<std::uintptr_t>(x.data), b = reinterpret_cast<std::uintptr_t>(y.data);
    return x.contiguous && y.contiguous && a - b >= bytes && b - a >= bytes;  // of the differences one wraps around
  };
  for (std::size_t i = 0; i < operands.size(); ++i) {
    if (!operands[i].is_written) continue;
    const TensorImpl& written = *operands[i].tensor->impl();
    for (std::size_t j = 0; j < operands.size(); ++j) {
      if (j <= i && operands[j].is_written) continue;  // itself, and pairs that have been looked at
      const TensorImpl& other = *operands[j].tensor->impl();
      if (are_apart(written, other) || !may_overlap(written, other)) continue;
      check(!operands[j].is_written, where,
            "each: tensors that are written must not share memory, but two of them do.");
      check(
          written.data == other.data && written.strides == other.strides, where,
          "each: a tensor that is only read must not share memory with one that is written, unless both name the same "
          "elements in the same order, but one of them is another view. Pass a copy() of it.");
    }
  }
  for (const EachOperand& operand : operands)
    if (operand.is_written) note_write(*operand.tensor, where);
}

}  // namespace internal
}  // namespace xgrad
