// The dtype that operands have in common, and operands in it.
#pragma once

#include <initializer_list>
#include <span>

#include "../../tensor.hpp"

namespace xgrad::internal {

/// The dtype of operands together, by the rule of NumPy and PyTorch: a tensor with axes outweighs a scalar tensor of
/// the same kind (boolean, integer, floating), and both outweigh a number.
DType common_dtype(const char* name, std::initializer_list<const Operand*> operands);
/// Of tensors, which must be defined.
DType common_dtype(std::span<const Tensor> tensors);

/// cast() on behalf of another operation, which its errors name.
Tensor cast_for(const char* operation, const Operand& x, DType dtype);

/// Whether an operator has integer results for integer operands, or computes them in the default floating dtype.
enum class Integers { stay, become_floating };

/// Two operands as tensors of their common dtype. Refers to the operands.
class Promoted {
 public:
  Promoted(const char* name, const Operand& left, const Operand& right, Integers integers = Integers::stay);
  Promoted(const Promoted&) = delete;
  Promoted& operator=(const Promoted&) = delete;

  const Tensor& a() const { return *a_; }
  const Tensor& b() const { return *b_; }
  DType dtype() const { return dtype_; }
  /// The shape that both broadcast to.
  const Shape& shape() const { return shape_; }

 private:
  const Tensor* convert(const Operand& operand, const char* name, SourceLocation where, Tensor& converted) const;

  DType dtype_;
  Tensor converted_a_, converted_b_;
  const Tensor* a_;
  const Tensor* b_;
  Shape shape_;
};

}  // namespace xgrad::internal
