// Functions of singular values that norms and condition numbers are made of.
#pragma once

#include "../../tensor.hpp"

namespace xgrad::internal {

/// The largest and the least singular value of matrices.
struct Extremes {
  Tensor largest, least;
};
/// Those of matrices that have one, recorded under this name.
Extremes extreme_singular_values(const char* name, const Tensor& x, SourceLocation where);
/// The sum of the singular values of matrices, recorded under this name.
Tensor nuclear_norm(const char* name, const Tensor& x, SourceLocation where);

}  // namespace xgrad::internal
