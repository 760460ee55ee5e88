// Products of tensors, by OpenBLAS where they are sums: of matrices, of vectors, over any axes, of distances.
#pragma once

#include <initializer_list>
#include <span>
#include <string_view>

#include "../scalar.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Matrix product. A 1-d operand is a row (a) or a column (b) whose axis vanishes from the result. Transposed operands
/// are not copied.
/// Shapes: `a [..., m, k], b [..., k, n] -> [..., m, n]`; leading axes broadcast.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g b^T and a^T g, summed over the axes that were broadcast.
/// Throws: std::invalid_argument for scalars and where inner sizes differ.
/// NumPy: `matmul`, `a @ b`
/// PyTorch: `matmul`, `mm`, `bmm`, `mv`
Tensor matmul(const Operand& a, const Operand& b);

/// Affine map: x weight^T + bias. A primitive, for speed: the product itself adds the bias. An undefined bias is none.
/// Shapes: `x [..., in], weight [out, in], bias [out] -> [..., out]`; `weight [in], bias [] -> [...]`.
/// Dtype: the operands' common one.
/// Derivative: g weight for x, g^T x for weight, the sum of g over the rows for bias.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: -
/// PyTorch: `nn.functional.linear`
Tensor affine(const Operand& x, const Tensor& weight, const Tensor& bias = {});

/// Inner product: sum(a b) of two 1-d tensors, pairwise over blocks.
/// Shapes: `a [n], b [n] -> []`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g b and g a.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: `dot`, which multiplies matrices, too: `matmul(a, b)` here
/// PyTorch: `dot`
Tensor dot(const Operand& a, const Operand& b);

/// Outer product: each element of a times each of b.
/// Shapes: `a [m], b [n] -> [m, n]`.
/// Dtype: the operands' common one.
/// Derivative: g b for a, g^T a for b.
/// Throws: std::invalid_argument for operands that are not 1-d.
/// NumPy: `outer`, which flattens what has more axes; refused here
/// PyTorch: `outer`, `ger`
Tensor outer(const Operand& a, const Operand& b);

// ---- Sums of products over axes that are named ----

/// Einstein's sum: each operand's axes are named by letters, and the products are summed over the letters that the
/// result does not have. "ij,jk->ik" is a matrix product, "ii->i" a diagonal, "bij,bjk->bik" a batch of products. A
/// letter named twice in one term takes the diagonal; an axis of extent 1 stretches to the others of its letter. "..."
/// stands for axes that have no letter; those of several operands broadcast. Without an arrow the result has the
/// ellipsis, then the letters that occur once, A to Z before a to z. Spaces are skipped.
///
/// Up to eight operands are multiplied in the order that takes the fewest multiplications, more by the cheapest pair
/// next. A lone operand that is neither summed nor copied comes back as a view.
/// Shapes: by the equation.
/// Dtype: the operands' common one; a sum of booleans is int64, a sum of products of booleans is refused.
/// Derivative: for each operand, g times the others, summed over what that operand does not have.
/// Throws: std::invalid_argument for a malformed equation, other numbers of operands or axes than it has, extents that
/// differ, and more than kMaxDims axes in the result or on the way to it.
/// Example: `einsum("ij,jk->ik", {a, b})`
Tensor einsum(std::string_view equation, std::span<const Tensor> operands,
              SourceLocation where = SourceLocation::current());
/// Einstein's sum of operands in braces: `einsum("ij,jk->ik", {a, b})`.
Tensor einsum(std::string_view equation, std::initializer_list<Tensor> operands,
              SourceLocation where = SourceLocation::current());

/// Sum of products over the last axes of a and the first of b, `axes` of them: 1 is a matrix product, 0 all products of
/// two elements. An axis of extent 1 stretches to the other's, as in PyTorch.
/// Shapes: `a [i, j, k], b [j, k, l], 2 -> [i, l]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g summed with the other operand over its own axes.
/// Throws: std::invalid_argument where extents differ, for a negative number of axes and for more than kMaxDims in the
/// result; std::out_of_range for more axes than an operand has.
Tensor tensordot(const Operand& a, const Operand& b, int axes = 2);
/// Sum of products over axes of a and those of b in the same place of the list.
/// Shapes: `a [j, i, k], b [k, l, j], {0, 2}, {2, 0} -> [i, l]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g summed with the other operand over its own axes.
/// Throws: std::invalid_argument where extents differ, for lists of different lengths and for an axis named twice;
/// std::out_of_range for an axis that is not there.
/// Example: `tensordot(a, b, {0, 1}, {1, 0})`
Tensor tensordot(const Operand& a, const Operand& b, const Axes& a_axes, const Axes& b_axes);

/// Inner products of the last axes: sum(a[..., k] b[..., k]) for all places of a with all places of b. Of a scalar and
/// a tensor it is their product.
/// Shapes: `a [i..., k], b [j..., k] -> [i..., j...]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g summed with the other operand over its own axes.
/// Throws: std::invalid_argument where the last extents differ, and for more than kMaxDims axes in the result.
Tensor inner(const Operand& a, const Operand& b);

/// Kronecker product: b in place of each element of a, times that element. The operand with fewer axes gets leading
/// axes of extent 1.
/// Shapes: `a [m, n], b [p, q] -> [m p, n q]`.
/// Dtype: the operands' common one; of booleans, boolean.
/// Derivative: for a, the sums of g b over each block; for b, the sum of the blocks of g times a's elements.
/// Throws: std::invalid_argument where an int64 cannot hold an extent.
Tensor kron(const Operand& a, const Operand& b);

/// Cross product of vectors of three elements along an axis; the other axes broadcast.
/// Shapes: `a [..., 3], b [..., 3] -> [..., 3]`, with the same number of axes.
/// Dtype: the operands' common one; not boolean.
/// Derivative: cross(b, g) and cross(g, a).
/// Throws: std::invalid_argument unless the axis has extent 3 in both; std::out_of_range for one that is not there.
/// NumPy: `cross`, along the last axis where none is named; of two elements, too
/// PyTorch: `cross`, along the first axis of extent 3 where none is named, as here
Tensor cross(const Operand& a, const Operand& b, int axis);
/// Cross product along the first axis whose extent is 3, as PyTorch's cross has it: linalg::cross takes the last axis.
/// Shapes: `a [..., 3, ...], b [..., 3, ...] -> [..., 3, ...]`, with the same number of axes.
/// Dtype: the operands' common one; not boolean.
/// Derivative: cross(b, g) and cross(g, a).
/// Throws: std::invalid_argument where no axis has extent 3.
Tensor cross(const Operand& a, const Operand& b);

// ---- Products that are added to something ----

/// Options of addmm, addmv, addr, addbmm and baddbmm: the factors of beta input + alpha product. A beta of 0 ignores
/// the input, nan and all; an alpha of 0 the product, but for addr. Where the result is of integers they are truncated
/// to integers.
struct AddProductOptions {
  Scalar beta = 1;
  Scalar alpha = 1;
};

/// Matrix product added to a matrix: beta input + alpha a b.
/// Shapes: `input [m, n] or what broadcasts to it, a [m, k], b [k, n] -> [m, n]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: beta g summed to input's shape; alpha g b^T and alpha a^T g.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: -
Tensor addmm(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options = {});
/// Product of a matrix and a vector added to a vector: beta input + alpha a x.
/// Shapes: `input [m] or what broadcasts to it, a [m, k], x [k] -> [m]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: beta g summed to input's shape; alpha g x^T and alpha a^T g.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: -
Tensor addmv(const Operand& input, const Operand& a, const Operand& x, AddProductOptions options = {});
/// Outer product added to a matrix: beta input + alpha a b^T. Of booleans it is logic: input or (a and b).
/// Shapes: `input [m, n] or what broadcasts to it, a [m], b [n] -> [m, n]`.
/// Dtype: the operands' common one.
/// Derivative: beta g summed to input's shape; alpha g b and alpha g^T a.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: -
Tensor addr(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options = {});
/// Sum of a batch of matrix products added to a matrix: beta input + alpha sum(a[i] b[i]).
/// Shapes: `input [m, n] or what broadcasts to it, a [B, m, k], b [B, k, n] -> [m, n]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: beta g summed to input's shape; alpha g b^T and alpha a^T g for each of the batch.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: -
Tensor addbmm(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options = {});
/// Batch of matrix products added to a batch of matrices: beta input + alpha a b.
/// Shapes: `input [B, m, n] or what broadcasts to it, a [B, m, k], b [B, k, n] -> [B, m, n]`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: beta g summed to input's shape; alpha g b^T and alpha a^T g.
/// Throws: std::invalid_argument for other shapes.
/// NumPy: -
Tensor baddbmm(const Operand& input, const Operand& a, const Operand& b, AddProductOptions options = {});

// ---- Distances ----

/// Distances of all rows of a to all rows of b, in the p-norm: p = 2 Euclid's, p = 1 the sum of the magnitudes, p = 0
/// the number of elements that differ, p = inf the largest difference. Computed from the differences, so that the
/// distance of near points is right.
/// Shapes: `a [..., m, d], b [..., n, d] -> [..., m, n]`; leading axes broadcast.
/// Dtype: the operands' common one; floating.
/// Derivative: that of the norm of each difference, 0 where the points are equal and for p = 0; at p < 1 0 for an
/// element that does not differ; at p = inf shared by the elements that are largest.
/// Throws: std::invalid_argument for fewer than two axes, extents that differ, and a p that is negative or nan.
/// NumPy: -
Tensor cdist(const Operand& a, const Operand& b, double p = 2);
/// Distances of each row to each later one, in the p-norm as in cdist: of rows 0 and 1, 0 and 2, ... 1 and 2, ...
/// Shapes: `x [n, d] -> [n (n - 1) / 2]`.
/// Dtype: floating.
/// Derivative: as in cdist.
/// Throws: std::invalid_argument unless x is a floating matrix, and for a p that is negative or nan.
/// NumPy: `scipy.spatial.distance.pdist`
/// PyTorch: `pdist`, `nn.functional.pdist`
Tensor pdist(const Operand& x, double p = 2);

}  // namespace xgrad
