// What the operators of linear algebra share: stacks of matrices and their checks.
#pragma once

#include <vector>

#include "../../tensor.hpp"
#include "../detail/lead.hpp"
#include "../diagonal.hpp"

namespace xgrad::internal {

/// The tensor, after checking that it is a stack of floating matrices whose sides LAPACK can count.
const Tensor& check_matrices(const char* name, const Tensor& x, SourceLocation where);
/// The tensor, after checking that it is such a stack of square matrices.
const Tensor& check_square(const char* name, const Tensor& x, SourceLocation where);
/// a and b as tensors of one floating dtype.
void promote_floating(const char* name, Tensor& a, Tensor& b, SourceLocation where);

/// The number of matrices in a stack.
std::int64_t count_matrices(const Tensor& x);
/// The elements in fresh row-major memory, to be worked on; not recorded.
Tensor working_copy(const char* name, const Tensor& x, SourceLocation where);
/// The elements stretched to the leading axes, in fresh row-major memory; not recorded.
Tensor working_copy(const char* name, const Tensor& x, const Shape& lead, SourceLocation where);
/// Which matrix of a stack with the leading axes `own` is at each place of `lead`, to which they broadcast.
std::vector<std::int64_t> places_in(const Shape& own, const Shape& lead);

/// The columns [start, start + length) of each matrix.
Tensor columns(const Tensor& x, std::int64_t start, std::int64_t length);
/// Whether b has the extents of a without its last axis: a vector for each matrix.
bool lacks_last_axis(const Tensor& b, const Tensor& a);

/// The first matrix of which info tells something, or -1.
std::int64_t first_failure(const std::vector<int>& info);
/// "matrix [1, 0] of [2, 3, 4, 4]", or "it" for a lone matrix.
std::string matrix_at(std::int64_t at, const Shape& shape);

/// The diagonals of a stack of matrices.
inline constexpr DiagonalOptions kMatrixDiagonal{.offset = 0, .axis1 = -2, .axis2 = -1};
/// The mean of each matrix and its transpose.
Tensor symmetric_part(const Tensor& x);
/// Identity matrices for a stack of this shape's leading axes, as an expanded view.
Tensor identities(const Shape& lead, std::int64_t n, DType dtype);

}  // namespace xgrad::internal
