// Random programs of the table's operators: drawn from a seed, computed, made smaller while they fail, and printed as
// C++.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/autograd/functional.hpp>
#include "op_table.hpp"

namespace xgrad::testing {

/// The layouts in which an operand may be stored.
enum class Stored { plain, transposed, backwards, offset, expanded };

/// How a value becomes an operand: in another shape, layout and range.
struct Fitted {
  int value = 0;  ///< which value, the leaves first; -1: a constant of its own
  Shape shape = {};
  Stored stored = Stored::plain;
  bool is_bounded = false;  ///< whether it is mapped into [low, high]
  double low = 0;
  double high = 1;
  DType dtype = DType::float64;  ///< of a constant
  std::uint64_t seed = 0;        ///< of a constant
};

/// One call of an operator.
struct Step {
  const OperatorRow* row;
  std::vector<Fitted> operands;
  double size =
      1;  ///< the largest element of its result where it was drawn: no result drowns another in the program's value
};

/// Variables, and operators on them and on each other's results. Its value is a sum over all results that no operator
/// reads, linear and squared, with fixed weights and scales.
struct Program {
  std::vector<Tensor> leaves;  ///< constants in float64
  std::vector<Step> steps;

  /// How often every rule can be differentiated.
  int order() const;
  /// As C++ that compiles in a test of this folder.
  std::string text() const;
};

/// A value as an operand: fit(v, {2, 3}, Stored::transposed, -1, 1). Elements are repeated or left out to fill the
/// shape; the map into [low, high] is smooth. Differentiable.
Tensor fit(const Tensor& value, const Shape& shape, Stored stored);
Tensor fit(const Tensor& value, const Shape& shape, Stored stored, double low, double high);

/// What disturbs a program: each element of an operand is multiplied by 1 +- size, and size / 10 is added to or taken
/// from each of a result, as where terms of about 1 cancel. It shows how much rounding may change the program's result.
struct Disturbance {
  double size = 0;
  std::uint64_t seed = 0;
  /// Operands are then rounded to float32, which makes equals of near neighbours, and size / 10 of the largest
  /// cotangent that its step was handed or gave is added to or taken from each of an operand's cotangents, as where
  /// terms of that size cancel. Such a program is differentiated once.
  bool as_float32 = false;
  bool keeps_equals = false;  ///< all elements of an operand are multiplied by the same
};

/// The program's value at these leaves, computed in their dtype.
Tensor value_of(const Program& program, std::span<const Tensor> leaves, Disturbance disturbance = {});

/// The program that this seed stands for, of at most so many steps out of these rows. Operators that throw or give no
/// finite number where they are drawn are left out.
Program draw_program(std::uint64_t seed, const std::vector<const OperatorRow*>& rows, int steps);

/// Whether no step throws or gives a number that is not finite.
bool is_defined(const Program& program, Disturbance disturbance = {});

/// The smallest program found that still fails.
Program shrunk(Program program, const Function<bool(const Program& program)>& fails);

}  // namespace xgrad::testing
