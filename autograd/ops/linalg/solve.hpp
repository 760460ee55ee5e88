// The inverse, and the solution of a system, on behalf of other operators.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// What becomes of a singular matrix.
enum class Singular {
  refuse,    // throws
  infinite,  // its inverse is infinite throughout
};

/// The inverse of square matrices, which must have been checked, recorded under this name.
Tensor inverse(const char* name, const Tensor& x, Singular singular, SourceLocation where);

/// The solution of a x = b for stacks of matrices of one dtype whose sizes agree, recorded under this name.
Tensor solution(const char* name, const Tensor& a, const Tensor& b, SourceLocation where);

/// The inverses' values from LU factors, where pivots of 0 make infinite and nan.
Tensor inverse_value(const Tensor& lu, const Tensor& pivots);

}  // namespace xgrad::internal
