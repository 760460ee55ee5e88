#include <algorithm>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../kernels/lapack.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../create.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../index.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"
#include "matrices.hpp"

namespace xgrad XGRAD_API {
namespace linalg {

using namespace internal;

namespace {

/// The matrix of each permutation, from its swaps, into zeros. Over matrices.
template <class T>
struct PermutationMatrices {
  const std::int64_t* pivots;
  std::int64_t least;  // how many swaps there are
  std::int64_t* rows;  // room for m numbers each
  T* to;
  std::int64_t m;

  static void run(const PermutationMatrices& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t* swaps = a.pivots + at * a.least;
      std::int64_t* rows = a.rows + at * a.m;
      for (std::int64_t i = 0; i < a.m; ++i) rows[i] = i;
      for (std::int64_t i = 0; i < a.least; ++i) std::swap(rows[i], rows[swaps[i] - 1]);
      for (std::int64_t i = 0; i < a.m; ++i) a.to[(at * a.m + rows[i]) * a.m + i] = 1;
    }
  }
};

/// The permutation matrices P of x = P L U, from the swaps.
Tensor permutations(const Tensor& pivots, std::int64_t m, DType dtype) {
  Shape shape = pivots.shape();
  shape[-1] = m;
  shape.push_back(m);
  Tensor result = new_zeros("lu", shape, dtype, SourceLocation());
  if (result.numel() == 0) return result;
  const std::int64_t count = result.numel() / (m * m);
  const Tensor rows = new_result("lu", {count, m}, DType::int64, SourceLocation());
  dispatch_floating(dtype, [&]<class T>(T) {
    launch(PermutationMatrices<T>{data_of<std::int64_t>(pivots), pivots.size(-1), data_of<std::int64_t>(rows),
                                  data_of<T>(result), m},
           count, 32768 / m + 1);
  });
  return result;
}

Tensor rows(const Tensor& x, std::int64_t start, std::int64_t length) { return narrow(x, -2, start, length); }

Tensor unit_lower(const Tensor& lu, std::int64_t k) {
  const Tensor lower = tril(columns(lu, 0, k), -1);
  return lower + eye(lu.size(-2), k, {.dtype = lu.dtype()});
}

/// The cotangent of P^T x from that of its factors, packed: below the diagonal L's, on and above U's.
Tensor cotangent_of_rows(const Tensor& g, const Tensor& lu) {
  const std::int64_t m = lu.size(-2), n = lu.size(-1), k = std::min(m, n);
  const Tensor l = unit_lower(rows(lu, 0, k), k), u = triu(columns(rows(lu, 0, k), 0, k));
  Tensor of_l = tril(columns(rows(g, 0, k), 0, k), -1), of_u = triu(columns(rows(g, 0, k), 0, k));
  Tensor rest;
  if (m > n) {  // the rows below: x2 = l2 u
    const Tensor l2 = rows(lu, k, m - k);
    rest = solve_triangular(transpose(u), rows(g, k, m - k), {.upper = false, .left = false});
    of_u = of_u - triu(matmul(transpose(l2), rest));
  } else if (n > m) {  // the columns on the right: x2 = l u2
    const Tensor u2 = columns(lu, k, n - k);
    rest = solve_triangular(transpose(l), columns(g, k, n - k), {.upper = true, .unitriangular = true});
    of_l = of_l - tril(matmul(rest, transpose(u2)), -1);
  }
  const Tensor inside = tril(matmul(transpose(l), of_l), -1) + triu(matmul(of_u, transpose(u)));
  const Tensor left = solve_triangular(transpose(l), inside, {.upper = true, .unitriangular = true});
  Tensor square = solve_triangular(transpose(u), left, {.upper = false, .left = false});
  if (!rest.defined()) return square;
  return cat({square, rest}, m > n ? -2 : -1);
}

/// Factors and pivots; `info` where the caller refuses singular matrices.
std::vector<Tensor> factored(const char* name, const Tensor& x, std::vector<int>& info, SourceLocation where) {
  const std::int64_t m = x.size(-2), n = x.size(-1), count = count_matrices(x);
  Tensor lu = working_copy(name, x, where);
  Shape shape = lead_of(x.shape());
  shape.push_back(std::min(m, n));
  Tensor pivots = new_result(name, shape, DType::int64, where);
  info.resize(static_cast<std::size_t>(count));
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    factor_lu_rows<T>(count, m, n, data_of<T>(lu), data_of<std::int64_t>(pivots), info.data());
  });
  return record(name, where, {x}, {std::move(lu), std::move(pivots)}, {Uses::output(0) | Uses::output(1)},
                [](Vjp& vjp) {
                  const Tensor& lu = vjp.output(0);
                  const Tensor p = permutations(vjp.output(1).detach(), lu.size(-2), lu.dtype());
                  vjp.give(0, matmul(p, cotangent_of_rows(vjp.g(0), lu)));
                });
}

}  // namespace

LuFactors lu_factor(const Operand& operand) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_matrices("lu_factor", operand.tensor("lu_factor"), where);
  std::vector<int> info;
  std::vector<Tensor> outputs = factored("lu_factor", x, info, where);
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, "lu_factor: a matrix must have full rank, but ", matrix_at(failed, x.shape()),
          " is singular: pivot ", info[static_cast<std::size_t>(failed)], " is 0. lu() takes it.");
  return {outputs[0], outputs[1]};
}

Lu lu(const Operand& operand) {
  const SourceLocation where = operand.where();
  const Tensor& x = check_matrices("lu", operand.tensor("lu"), where);
  CallSite site(where);
  std::vector<int> info;
  const std::vector<Tensor> outputs = factored("lu", x, info, where);
  const std::int64_t m = x.size(-2), n = x.size(-1), k = std::min(m, n);
  return {permutations(outputs[1].detach(), m, x.dtype()), unit_lower(outputs[0], k), triu(rows(outputs[0], 0, k))};
}

Tensor lu_solve(const Tensor& lu, const Tensor& pivots, const Operand& right, LuSolveOptions options) {
  const SourceLocation where = right.where();
  check(lu.defined() && pivots.defined(), where, "lu_solve: the factors must be tensors, but one is undefined.");
  Tensor factors = lu, b = right.tensor("lu_solve");
  promote_floating("lu_solve", factors, b, where);
  check_square("lu_solve", factors, where);
  const std::int64_t n = factors.size(-1);
  Shape expected = lead_of(factors.shape());
  expected.push_back(n);
  check(pivots.dtype() == DType::int64 && pivots.shape() == expected, where, "lu_solve: pivots must be int64 ",
        expected, ", but they are ", pivots.dtype(), ' ', pivots.shape(), ".");
  const Tensor swaps = pivots.is_contiguous() ? pivots : working_copy("lu_solve", pivots, where);
  for (std::int64_t i = 0; i < swaps.numel(); ++i) {
    const std::int64_t row = data_of<std::int64_t>(swaps)[i];
    check<std::out_of_range>(row >= 1 && row <= n, where, "lu_solve: pivots must be rows from 1 to ", n,
                             ", but one is ", row, ".");
  }
  check(b.ndim() >= 2 && b.size(options.left ? -2 : -1) == n, where, "lu_solve: sizes must agree, but the factors are ",
        factors.shape(), " and b is ", b.shape(), ".");
  broadcast_shapes("lu_solve", lead_of(factors.shape()), lead_of(b.shape()), where);
  CallSite site(where);
  // x a = b is a^T x^T = b^T.
  const bool transposed = options.adjoint != !options.left;
  Tensor x = options.left ? b : transpose(b);
  const Tensor p = permutations(swaps, n, factors.dtype());
  if (transposed) {
    x = solve_triangular(transpose(factors), x, {.upper = false});
    x = solve_triangular(transpose(factors), x, {.upper = true, .unitriangular = true});
    x = matmul(p, x);
  } else {
    x = solve_triangular(factors, matmul(transpose(p), x), {.upper = false, .unitriangular = true});
    x = solve_triangular(factors, x, {.upper = true});
  }
  return options.left ? x : contiguous(transpose(x));
}

}  // namespace linalg
}  // namespace xgrad
