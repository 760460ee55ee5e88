// What the references of linear algebra are made of: matrices of doubles and the textbook's loops.
#pragma once

#include <span>
#include <vector>

#include "references.hpp"

namespace xgrad::testing {

using Mat = std::vector<std::vector<double>>;

Mat zeros_of(std::size_t rows, std::size_t columns);
Mat identity_of(std::size_t n);
Mat transposed(const Mat& a);
Mat times(const Mat& a, const Mat& b);
/// By elimination with pivots.
Mat inverse_of(Mat a);
/// By expansion along the first row.
double determinant_of(const Mat& a);
/// Elimination with pivots: P, L and U side by side, [P | L | U].
Mat lu_of(const Mat& a);
/// Q and R side by side, by the process of Gram and Schmidt, R's diagonal positive.
Mat qr_of(const Mat& a);
/// Values, ascending, in the first row, and below it the vectors in columns, by Jacobi's rotations.
Mat eigen_of(Mat a);
/// From the largest down, by the eigenvalues of a^T a.
std::vector<double> singular_values_of(const Mat& a);
/// By its series, after scaling.
Mat exponential_of(const Mat& a);

/// The matrices of a stack.
std::vector<Mat> matrices_of(const Tensor& x);
/// A stack of such matrices with these leading axes, all of one size; for an empty stack of this size.
Tensor stacked(const std::vector<Mat>& matrices, const Shape& lead, std::int64_t rows, std::int64_t columns);
/// f of each matrix.
Tensor of_each(const Tensor& x, const Function<Mat(const Mat&)>& f);
/// f of each matrix of a and that of b in the same place.
Tensor of_each(const Tensor& a, const Tensor& b, const Function<Mat(const Mat&, const Mat&)>& f);
/// A number of each matrix.
Tensor number_of_each(const Tensor& x, const Function<double(const Mat&)>& f);

// What rows make of their inputs before they hand them over.

bool are_square(const Tensor& x);
/// Far from singular: 4n on the diagonal. Where that cannot be, x itself, for the operator to refuse.
Tensor regular(const Tensor& x);
/// Positive definite, and the same for each triangle.
Tensor positive(const Tensor& x);
/// Symmetric, with values that differ.
Tensor spread(const Tensor& x);
/// With singular values that differ, whatever the shape.
Tensor distinct(const Tensor& x);
/// Square matrices with 5 added to all that an operator of one triangle must not read.
Tensor with_other_half(const Tensor& x, bool upper);
/// With the last row first: an elimination has to swap rows, and not by a swap that is its own inverse.
Tensor with_rolled_rows(const Tensor& x);
Mat rolled(Mat a);

}  // namespace xgrad::testing
