// Linear algebra: solvers, decompositions, matrix functions and norms, by LAPACK. Every function takes stacks of
// matrices: the last two axes are a matrix, those before them a batch.
//
// All are differentiable to any order, but where a doc block says otherwise. Eigenvalues of a matrix that is not
// symmetric are complex in general: there is no eig, as xgrad has no complex numbers.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Sum of a matrix's diagonal.
/// Shapes: `x [m, n] -> []`.
/// Dtype: floating; integers and booleans become int64.
/// Derivative: g on the diagonal, 0 elsewhere.
/// Throws: std::invalid_argument unless x is a matrix.
/// NumPy: `trace`, of more axes along the first two: `sum(diagonal(x), -1)` here
Tensor trace(const Operand& x);

namespace linalg {

// ---- Products ----

/// Product of matrices in the order that takes the fewest multiplications. The first may be a row and the last a
/// column: their axis vanishes from the result, as in matmul.
/// Shapes: `[a, b], [b, c], [c, d] -> [a, d]`; `[b], [b, c], [c] -> []`.
/// Dtype: the operands' common one; not boolean.
/// Derivative: as of the product.
/// Throws: std::invalid_argument without an operand, for other ranks, and for inner sizes that differ.
/// Example: `linalg::multi_dot({a, b, a})`
Tensor multi_dot(std::span<const Tensor> tensors, SourceLocation where = SourceLocation::current());
/// Product of matrices in braces, in the order that takes the fewest multiplications.
Tensor multi_dot(std::initializer_list<Tensor> tensors, SourceLocation where = SourceLocation::current());

/// Inner products along an axis: sum(a b).
/// Shapes: `a [..., n], b [..., n] -> [...]`; the operands broadcast.
/// Dtype: the operands' common one; not boolean.
/// Derivative: g b and g a.
/// Throws: std::invalid_argument where the operands do not broadcast; std::out_of_range for an axis that is not there.
/// NumPy: -
Tensor vecdot(const Operand& a, const Operand& b, int axis = -1);

/// Cross product of vectors of three elements along an axis; the other axes broadcast. xgrad::cross without an axis
/// takes the first one of extent 3.
/// Shapes: `a [..., 3], b [..., 3] -> [..., 3]`, with the same number of axes.
/// Dtype: the operands' common one; not boolean.
/// Derivative: cross(b, g) and cross(g, a).
/// Throws: std::invalid_argument unless the axis has extent 3 in both; std::out_of_range for one that is not there.
/// NumPy: `cross`
Tensor cross(const Operand& a, const Operand& b, int axis = -1);

// ---- Systems of equations ----

/// Inverse of square matrices.
/// Shapes: `x [..., n, n] -> [..., n, n]`.
/// Dtype: floating.
/// Derivative: -y^T g y^T.
/// Throws: std::invalid_argument unless x is floating and square, and for a singular matrix, with its place in the
/// batch.
/// PyTorch: `linalg.inv`, `inverse`
Tensor inv(const Operand& x);

/// Options of solve.
struct SolveOptions {
  bool left = true;  ///< a x = b; else x a = b
};
/// Solution x of a x = b, by LU factors. b is taken for vectors where it has one axis, or the shape of a without its
/// last axis; else for matrices of several right sides. Leading axes broadcast.
/// Shapes: `a [..., n, n], b [..., n, k] -> [..., n, k]`; `a [..., n, n], b [..., n] -> [..., n]`.
/// Dtype: the operands' common one; floating.
/// Derivative: a^-T g for b; its negative times x^T for a.
/// Throws: std::invalid_argument for other shapes and dtypes, and for a singular matrix, with its place in the batch.
Tensor solve(const Operand& a, const Operand& b, SolveOptions options = {});

/// Options of solve_triangular.
struct SolveTriangularOptions {
  bool upper = false;          ///< the upper triangle of a counts; else the lower one
  bool left = true;            ///< a x = b; else x a = b
  bool unitriangular = false;  ///< the diagonal counts as ones, whatever is stored there
};
/// Solution of a x = b for triangular a. The other triangle is not read. A 0 on the diagonal makes inf and
/// nan, as in PyTorch.
/// Shapes: `a [..., n, n], b [..., n, k] -> [..., n, k]`; leading axes broadcast.
/// Dtype: the operands' common one; floating.
/// Derivative: a^-T g for b; the triangle of its negative times x^T for a.
/// Throws: std::invalid_argument for other shapes and dtypes.
/// Example: `linalg::solve_triangular(tril(b), a, {.upper = false})`
/// NumPy: `scipy.linalg.solve_triangular`
Tensor solve_triangular(const Operand& a, const Operand& b, SolveTriangularOptions options = {});

/// Determinant of square matrices, from LU factors. It and its gradient overflow or vanish only where they are out of
/// the dtype's range themselves, not where a product on the way is.
/// Shapes: `x [..., n, n] -> [...]`.
/// Dtype: floating.
/// Derivative: g det(x) x^-T; at a singular matrix g times the matrix of cofactors, its continuation (PyTorch has 0
/// there). At matrices that are singular or nearly so a third derivative throws std::logic_error.
/// Throws: std::invalid_argument unless x is floating and square.
/// PyTorch: `linalg.det`, `det`
Tensor det(const Operand& x);

/// The determinant as its sign and the logarithm of its magnitude: what slogdet answers with.
struct SignAndLog {
  Tensor sign, log;
};
/// Sign of the determinant and logarithm of its magnitude, where the determinant itself would overflow; 0 and -inf for
/// a singular matrix.
/// Shapes: `x [..., n, n] -> [...], [...]`.
/// Dtype: floating.
/// Derivative: g x^-T for the logarithm, infinite or nan at a singular matrix, but 0 where g is 0; none for the sign.
/// Throws: std::invalid_argument unless x is floating and square.
SignAndLog slogdet(const Operand& x);
/// Logarithm of the determinant; nan where that is negative, -inf where it is 0.
/// Shapes: `x [..., n, n] -> [...]`.
/// Dtype: floating.
/// Derivative: g x^-T, infinite or nan at a singular matrix, but 0 where g is 0.
/// Throws: std::invalid_argument unless x is floating and square.
/// NumPy: -
/// PyTorch: `logdet`
Tensor logdet(const Operand& x);

/// Options of lstsq.
struct LstsqOptions {
  /// Singular values below rcond times the largest count as 0. By default the dtype's epsilon times the longer side.
  std::optional<double> rcond = {};
  /// LAPACK's driver: "gels" (QR, for full rank alone), "gelsy" (QR with pivoting), "gelsd" and "gelss" (SVD).
  std::string_view driver = "gelsy";
};
/// What lstsq answers with. What a driver does not compute is empty.
struct Lstsq {
  Tensor solution;         ///< the shortest x that minimises |a x - b|
  Tensor residuals;        ///< the squared lengths of a x - b, by right side; empty unless m > n and all have full rank
  Tensor rank;             ///< int64, of each matrix; empty for gels
  Tensor singular_values;  ///< by gelsd and gelss
};
/// Least squares: the shortest x that minimises the length of a x - b.
/// Shapes: `a [..., m, n], b [..., m, k] -> [..., n, k]`; `a [..., m, n], b [..., m] -> [..., n]`. Leading axes
/// broadcast.
/// Dtype: the operands' common one; floating.
/// Derivative: that of pinv(a) b at the driver's rank. Values that are not 0 but count as such are taken for constant 0.
/// Throws: std::invalid_argument for other shapes, dtypes and drivers, for elements that are not finite, and where gels
/// meets a matrix without full rank.
Lstsq lstsq(const Operand& a, const Operand& b, LstsqOptions options = {});

/// Solution of a tensor equation: tensordot(a, x, x.ndim()) = b.
/// Shapes: `a [b's..., x's...], b -> x's`, with as many elements in both; `axes` of a are moved to its end first.
/// Dtype: the operands' common one; floating.
/// Derivative: as of solve.
/// Throws: std::invalid_argument where a is not square in that sense, or singular; std::out_of_range for an axis that
/// is not there.
Tensor tensorsolve(const Operand& a, const Operand& b, const Axes& axes = {});
/// Inverse of tensordot with x: tensordot(tensorinv(x, ind), x, ind) is the identity.
/// Shapes: `x [a, b, c, d], ind 2 -> [c, d, a, b]`, where a b = c d.
/// Dtype: floating.
/// Derivative: as of inv.
/// Throws: std::invalid_argument unless ind is above 0 and x is square in that sense, and where it is singular.
Tensor tensorinv(const Operand& x, int ind = 2);

// ---- Decompositions ----

/// Options of cholesky, cholesky_solve and cholesky_inverse.
struct CholeskyOptions {
  bool upper = false;  ///< the factor is the upper triangle U of x = U^T U; else the lower one L of x = L L^T
};
/// Cholesky factor of positive definite matrices. One triangle of x is read, as the factor has it.
/// Shapes: `x [..., n, n] -> [..., n, n]`.
/// Dtype: floating.
/// Derivative: symmetric: the symmetric part of L^-T P L^-1, where P is the lower triangle of L^T g with half its
/// diagonal.
/// Throws: std::invalid_argument unless x is floating and square, and where it is not positive definite, with its place
/// in the batch.
Tensor cholesky(const Operand& x, CholeskyOptions options = {});
/// Solution x of (L L^T) x = b, by the factor.
/// Shapes: `b [..., n, k], factor [..., n, n] -> [..., n, k]`; leading axes broadcast.
/// Dtype: the operands' common one; floating.
/// Derivative: as of two calls of solve_triangular.
/// Throws: std::invalid_argument for other shapes and dtypes.
/// NumPy: `scipy.linalg.cho_solve`
/// PyTorch: `cholesky_solve`
Tensor cholesky_solve(const Operand& b, const Operand& factor, CholeskyOptions options = {});
/// Inverse of L L^T, by the factor.
/// Shapes: `factor [..., n, n] -> [..., n, n]`.
/// Dtype: floating.
/// Derivative: as of solve_triangular and a product.
/// Throws: std::invalid_argument unless the factor is floating and square.
/// NumPy: -
/// PyTorch: `cholesky_inverse`
Tensor cholesky_inverse(const Operand& factor, CholeskyOptions options = {});

/// LU factors as lu_factor answers with them.
struct LuFactors {
  Tensor lu;      ///< L below the diagonal (its own is of ones), U on and above it
  Tensor pivots;  ///< int64: with which row, counted from 1, each row was swapped
};
/// LU factors of matrices with swaps of rows, packed in one matrix: for lu_solve.
/// Shapes: `x [..., m, n] -> [..., m, n], [..., min(m, n)]`.
/// Dtype: floating; the pivots are int64.
/// Derivative: for square x = P L U: P L^-T (the triangles of L^T gL and gU U^T) U^-T.
/// Throws: std::invalid_argument unless x is floating, and where a pivot is 0.
/// NumPy: `scipy.linalg.lu_factor`
LuFactors lu_factor(const Operand& x);
/// Permutation, lower and upper factor: what lu answers with.
struct Lu {
  Tensor p, l, u;
};
/// LU factors x = P L U: P permutes rows, L has ones on its diagonal.
/// Shapes: `x [..., m, n] -> [..., m, m], [..., m, k], [..., k, n]`, k = min(m, n).
/// Dtype: floating.
/// Derivative: as of lu_factor; none for P.
/// Throws: std::invalid_argument unless x is floating.
/// NumPy: `scipy.linalg.lu`
Lu lu(const Operand& x);
/// Options of lu_solve.
struct LuSolveOptions {
  bool left = true;      ///< a x = b; else x a = b
  bool adjoint = false;  ///< solves with the transpose of a
};
/// Solution of a x = b by a's LU factors.
/// Shapes: `lu [..., n, n], pivots [..., n], b [..., n, k] -> [..., n, k]`; leading axes broadcast.
/// Dtype: the common one of the factors and b; floating. Pivots are int64.
/// Derivative: as of two calls of solve_triangular.
/// Throws: std::invalid_argument for other shapes and dtypes; std::out_of_range for pivots that are no rows.
/// NumPy: `scipy.linalg.lu_solve`
Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Operand& b, LuSolveOptions options = {});

/// Which parts of a QR decomposition are computed: Q [m, k] and R [k, n] with k = min(m, n); Q [m, m] and R [m, n]; R
/// alone.
enum class QrMode { reduced, complete, r };
/// Q and R: what qr answers with.
struct Qr {
  Tensor q, r;
};
/// QR decomposition: x = Q R with orthonormal columns in Q and R upper triangular. The signs of R's diagonal are
/// LAPACK's. In mode r, Q is empty.
/// Shapes: `x [..., m, n] -> [..., m, k], [..., k, n]`.
/// Dtype: floating.
/// Derivative: (gQ + Q C) R^-T, C the lower triangle of R gR^T - gQ^T Q mirrored at the diagonal; x must have full
/// rank. As in PyTorch there is none in mode r, and none of complete decompositions with m > n: backward throws
/// std::logic_error.
/// Throws: std::invalid_argument unless x is floating.
Qr qr(const Operand& x, QrMode mode = QrMode::reduced);

/// What becomes of a derivative that does not exist because two values are equal (to rounding).
enum class Degenerate {
  refuse,  ///< backward throws, and names the values
  zero,    ///< the terms of the pair are left out
};
/// Options of svd.
struct SvdOptions {
  bool full_matrices = true;  ///< U [m, m] and Vh [n, n], which no values belong to; else [m, k] and [k, n]
  Degenerate degenerate = Degenerate::refuse;  ///< equal singular values in the derivative of the vectors
};
/// Left vectors (columns), values, right vectors (rows): what svd answers with.
struct Svd {
  Tensor u, s, vh;
};
/// Singular value decomposition: x = U diag(s) Vh, the values from the largest down. Signs of vectors are arbitrary.
/// Shapes: `x [..., m, n] -> [..., m, m], [..., k], [..., n, n]`, k = min(m, n).
/// Dtype: floating.
/// Derivative: U diag(gs) Vh for the values; for vectors with terms 1 / (s_i^2 - s_j^2), which equal values have not:
/// see Degenerate, which is about vectors that something depends on. For a second derivative of the values see svdvals.
/// The further vectors that full_matrices adds have none: where the cotangent of one is not 0, backward
/// throws.
/// Throws: std::invalid_argument unless x is floating and finite.
Svd svd(const Operand& x, SvdOptions options = {});
/// Singular values, from the largest down.
/// Shapes: `x [..., m, n] -> [..., min(m, n)]`.
/// Dtype: floating.
/// Derivative: U diag(g) Vh. A second derivative has terms (g_i - g_j) / (s_i - s_j), and g_i / s_i unless x is square:
/// where values are equal, or 0, it throws std::invalid_argument unless these slopes g are equal, or 0, and depend on
/// nothing, as those of one value that is told apart, or of the sum.
/// Throws: std::invalid_argument unless x is floating and finite.
/// NumPy: `linalg.svd(compute_uv=False)`
Tensor svdvals(const Operand& x);

/// Options of eigh and eigvalsh.
struct EighOptions {
  bool upper = false;                          ///< the upper triangle of x is read; else the lower one
  Degenerate degenerate = Degenerate::refuse;  ///< equal eigenvalues in the derivative of the vectors
};
/// Eigenvalues, and eigenvectors in columns: what eigh answers with.
struct Eigh {
  Tensor values, vectors;
};
/// Eigenvalues, ascending, and eigenvectors of symmetric matrices: x = V diag(w) V^T. One triangle of x is read. Signs
/// of vectors are arbitrary. nan in x makes nan.
/// Shapes: `x [..., n, n] -> [..., n], [..., n, n]`.
/// Dtype: floating.
/// Derivative: symmetric: V (diag(gw) + (V^T gV) / (w_j - w_i)) V^T; for vectors of equal values see Degenerate.
/// Throws: std::invalid_argument unless x is floating and square.
Eigh eigh(const Operand& x, EighOptions options = {});
/// Eigenvalues, ascending, of symmetric matrices, of which one triangle is read. nan in x makes nan.
/// Shapes: `x [..., n, n] -> [..., n]`.
/// Dtype: floating.
/// Derivative: symmetric: V diag(g) V^T. A second derivative has terms (g_i - g_j) / (w_i - w_j): for equal values with
/// slopes g that differ, or depend on something, see Degenerate.
/// Throws: std::invalid_argument unless x is floating and square.
Tensor eigvalsh(const Operand& x, EighOptions options = {});

/// Columns of the product of Householder reflections (I - t_i v_i v_i^T): the vectors v_i are the columns of x,
/// with 1 on the diagonal and zeros above it, whatever is stored there.
/// Shapes: `x [..., m, n], tau [..., k] -> [..., m, n]`, k <= n <= m.
/// Dtype: the operands' common one; floating.
/// Derivative: as of the products.
/// Throws: std::invalid_argument for other shapes and dtypes.
/// NumPy: -
Tensor householder_product(const Operand& x, const Operand& tau);

// ---- Functions of matrices ----

/// A bound below which singular values count as 0: a number, or a tensor that broadcasts with the batch of matrices;
/// where it has more axes or elements there is a result for each of them.
class Tolerance {
 public:
  Tolerance() = default;  ///< the default of whom it is given to
  Tolerance(double bound);
  Tolerance(const Tensor& bounds) : bounds_(bounds) {}
  bool given() const { return bounds_.defined(); }
  const Tensor& bounds() const { return bounds_; }

 private:
  Tensor bounds_;
};
/// Options of pinv and matrix_rank. Singular values count where they are above the larger of atol and rtol times the
/// largest one. rtol is by default the dtype's epsilon times the longer side, or 0 where atol is above 0.
struct RankOptions {
  Tolerance atol = {};
  Tolerance rtol = {};
  bool hermitian = false;  ///< x is symmetric: its eigenvalues serve
};
/// Pseudoinverse (Moore and Penrose), by the SVD.
/// Shapes: `x [..., m, n] -> [..., n, m]`.
/// Dtype: floating.
/// Derivative: that of matrices of constant rank; singular values that count as 0 are taken for constant 0.
/// Throws: std::invalid_argument unless x is floating and finite, and square where it is hermitian.
Tensor pinv(const Operand& x, RankOptions options = {});
/// Rank: the number of singular values that count.
/// Shapes: `x [..., m, n] -> [...]`.
/// Dtype: int64, of a floating x.
/// Derivative: none.
/// Throws: std::invalid_argument unless x is floating and finite, and square where it is hermitian.
Tensor matrix_rank(const Operand& x, RankOptions options = {});

/// Power of square matrices, by repeated squaring; of the inverse where n is negative.
/// Shapes: `x [..., m, m] -> [..., m, m]`.
/// Dtype: x's; not boolean. A negative power must be of a floating x.
/// Derivative: as of the products.
/// Throws: std::invalid_argument unless x is square, and for a negative power of a singular matrix.
Tensor matrix_power(const Operand& x, std::int64_t n);
/// Exponential of square matrices, by scaling, Pade's approximation and squaring. A primitive, for its derivative.
/// Shapes: `x [..., n, n] -> [..., n, n]`.
/// Dtype: floating.
/// Derivative: the upper right block of exp([[x^T, g], [0, x^T]]).
/// Throws: std::invalid_argument unless x is floating and square.
/// Source: N. Higham, The scaling and squaring method for the matrix exponential revisited, SIAM J. Matrix Anal. Appl.
/// 26 (2005).
/// NumPy: `scipy.linalg.expm`
Tensor matrix_exp(const Operand& x);
/// Vandermonde's matrix: the powers 0, 1, ... n - 1 of each element. n is by default the extent of x's last axis.
/// Shapes: `x [..., m] -> [..., m, n]`; a scalar -> [1, n].
/// Dtype: x's; not boolean.
/// Derivative: as of pow.
/// Throws: std::invalid_argument for booleans and for n < 2.
/// NumPy: `vander(increasing=True)`, which begins at the highest power where nothing is said
Tensor vander(const Operand& x, std::optional<std::int64_t> n = {});

// ---- Norms ----

/// The order of a norm: a number, or "fro" (Frobenius) or "nuc" (nuclear).
class NormOrder {
 public:
  NormOrder(double p) : p_(p) {}
  /// Throws std::invalid_argument for another name.
  NormOrder(const char* name, SourceLocation where = SourceLocation::current());
  bool is_frobenius() const { return kind_ == Kind::frobenius; }
  bool is_nuclear() const { return kind_ == Kind::nuclear; }
  bool is_number() const { return kind_ == Kind::number; }
  double number() const { return p_; }

 private:
  enum class Kind : std::uint8_t { number, frobenius, nuclear };
  Kind kind_ = Kind::number;
  double p_ = 0;
};
/// Writes an order in an error message.
void append_text(std::string& out, const NormOrder& order);

/// Options of matrix_norm.
struct MatrixNormOptions {
  NormOrder ord =
      "fro";  ///< "fro"; "nuc"; 2, -2: the largest, least singular value; 1, -1: of the columns; inf, -inf: of the rows
  Axes axes = {-2, -1};             ///< which two axes are the matrix: its rows' and its columns'
  bool keepdims = false;            ///< keep those axes with extent 1
  std::optional<DType> dtype = {};  ///< x is cast to it first
};
/// Norm of matrices.
/// Shapes: `x [..., m, n] -> [...]`.
/// Dtype: floating.
/// Derivative: of the norm; split evenly among ties, 0 at a zero matrix of "fro". Where there is no second derivative,
/// as of order 2 at two equal largest singular values, or of "nuc" at one of 0, it throws std::invalid_argument.
/// Throws: std::invalid_argument unless x is floating, for another order, and for less or more than two axes.
/// Example: `linalg::matrix_norm(x, {.ord = "nuc"})`
/// NumPy: `linalg.norm`
Tensor matrix_norm(const Operand& x, MatrixNormOptions options = {});

/// Options of linalg::norm.
struct NormOptions {
  std::optional<NormOrder> ord = {};
  Axes axes = Axes::all();
  bool keepdims = false;
  std::optional<DType> dtype = {};
};
/// Norm of vectors or of matrices: of all elements without order and axes; with an order, of a vector or a matrix;
/// along one axis that of vectors, along two that of matrices.
/// Shapes: `x [...] -> []`, or x's shape without the axes.
/// Dtype: floating.
/// Derivative: of the norm.
/// Throws: std::invalid_argument unless x is floating, for an order that fits neither, and for more axes than two.
Tensor norm(const Operand& x, NormOptions options = {});

/// Condition number: the norm of a matrix times that of its inverse; with 2 (the default) and -2, of singular values.
/// inf for a singular matrix.
/// Shapes: `x [..., m, n] -> [...]`; square but for 2 and -2.
/// Dtype: floating.
/// Derivative: of the norms; nan at a singular matrix, but 0 where g is 0.
/// Throws: std::invalid_argument unless x is floating, and square where it must be.
Tensor cond(const Operand& x, NormOrder ord = 2);

}  // namespace linalg
}  // namespace xgrad
