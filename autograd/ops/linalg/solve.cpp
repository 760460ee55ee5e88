#include "solve.hpp"

#include <algorithm>
#include <limits>

#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/lapack.hpp"
#include "../../kernels/triangular.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../diagonal.hpp"
#include "../linalg.hpp"
#include "../movement.hpp"
#include "../products.hpp"
#include "../reduce.hpp"
#include "matrices.hpp"

namespace xgrad XGRAD_API {

namespace internal {

Tensor inverse_value(const Tensor& lu, const Tensor& pivots) {
  Tensor inverse = working_copy("inv", lu, SourceLocation());
  dispatch_floating(lu.dtype(), [&]<class T>(T) {
    invert_lu<T>(count_matrices(lu), lu.size(-1), data_of<T>(inverse), data_of<std::int64_t>(pivots));
  });
  return inverse;
}

Tensor inverse(const char* name, const Tensor& x, Singular singular, SourceLocation where) {
  const std::int64_t count = count_matrices(x), n = x.size(-1);
  Tensor y = working_copy(name, x, where);
  std::vector<std::int64_t> pivots(static_cast<std::size_t>(count * n));
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    T* data = data_of<T>(y);
    factor_lu<T>(count, n, data, pivots.data(), info.data());
    const std::int64_t failed = first_failure(info);
    if (failed >= 0 && singular == Singular::refuse)
      check(false, where, name, ": a matrix must be invertible, but ", matrix_at(failed, x.shape()),
            " is singular: pivot ", info[static_cast<std::size_t>(failed)], " of ", n, " is 0.");
    invert_lu<T>(count, n, data, pivots.data());
    for (std::int64_t i = 0; i < count; ++i)
      if (info[static_cast<std::size_t>(i)] != 0) fill(data + i * n * n, n * n, std::numeric_limits<T>::infinity());
  });
  return record(name, where, {x}, std::move(y), {Uses::output()}, [](Vjp& vjp) {
    const Tensor transposed = transpose(vjp.output());
    vjp.give(0, neg(matmul(matmul(transposed, vjp.g()), transposed)));
  });
}

namespace {

/// A^-1 b, or A^-T b, from the factors of A.
Tensor solved_value(const Tensor& lu, const Tensor& pivots, const Tensor& b, const Shape& lead, bool transposed,
                    SourceLocation where) {
  Tensor x = working_copy("solve", b, lead, where);
  const Shape own = lead_of(lu.shape());
  const std::vector<std::int64_t> places = own == lead ? std::vector<std::int64_t>() : places_in(own, lead);
  dispatch_floating(b.dtype(), [&]<class T>(T) {
    solve_lu<T>(count_matrices(x), x.size(-2), x.size(-1), data_of<T>(lu), data_of<std::int64_t>(pivots),
                own == lead ? nullptr : places.data(), transposed, data_of<T>(x));
  });
  return x;
}

void solve_rule(const char* name, Vjp& vjp) {
  const Tensor& x = vjp.output(0);
  Tensor of_b;
  if (vjp.creates_graph()) {
    of_b = solution(name, transpose(vjp.input(0)), vjp.g(0), vjp.where());
  } else {
    of_b = solved_value(vjp.output(1), vjp.output(2), vjp.g(0), lead_of(x.shape()), true, vjp.where());
  }
  if (vjp.needs(0)) {
    if (vjp.creates_graph() || x.size(-1) != 1) {
      vjp.give(0, sum_to(matmul(neg(of_b), transpose(x)), vjp.shape(0)));
    } else {
      Shape shape = x.shape();
      shape[-1] = shape[-2];
      const Tensor row = transpose(x);
      Tensor product = dispatch_floating(x.dtype(), [&]<class T>(T) {
        return compute<T>(
            shape, [](auto a, auto b) { return -(a * b); }, of_b, row);
      });
      vjp.give(0, sum_to(product, vjp.shape(0)));
    }
  }
  if (vjp.needs(1)) vjp.give(1, sum_to(of_b, vjp.shape(1)));
}

}  // namespace

Tensor solution(const char* name, const Tensor& a, const Tensor& b, SourceLocation where) {
  const std::int64_t count = count_matrices(a), n = a.size(-1);
  const Shape lead = broadcast_shapes(name, lead_of(a.shape()), lead_of(b.shape()), where);
  Tensor lu = working_copy(name, a, where);
  Tensor pivots = new_result(name, {count, n}, DType::int64, where);
  std::vector<int> info(static_cast<std::size_t>(count));
  dispatch_floating(a.dtype(), [&]<class T>(T) {
    factor_lu<T>(count, n, data_of<T>(lu), data_of<std::int64_t>(pivots), info.data());
  });
  if (const std::int64_t failed = first_failure(info); failed >= 0)
    check(false, where, name, ": a matrix must be invertible, but ", matrix_at(failed, a.shape()),
          " is singular: pivot ", info[static_cast<std::size_t>(failed)], " of ", n, " is 0.");
  Tensor x = solved_value(lu, pivots, b, lead, false, where);
  if (!is_recording({a, b})) return x;
  return record(name, where, {a, b}, {std::move(x), std::move(lu), std::move(pivots)},
                {Uses::input(0) | Uses::output(0) | Uses::output(1) | Uses::output(2)},
                [name](Vjp& vjp) { solve_rule(name, vjp); })[0];
}

}  // namespace internal

using namespace internal;

namespace linalg {

Tensor inv(const Operand& operand) {
  const Tensor& x = check_square("inv", operand.tensor("inv"), operand.where());
  return inverse("inv", x, Singular::refuse, operand.where());
}

namespace {

/// Whether b is a stack of vectors: one, or one for each matrix.
bool are_vectors(const Tensor& a, const Tensor& b) { return b.ndim() == 1 || lacks_last_axis(b, a); }

}  // namespace

Tensor solve(const Operand& left, const Operand& right, SolveOptions options) {
  const SourceLocation where = left.where();
  Tensor a = left.tensor("solve"), b = right.tensor("solve");
  promote_floating("solve", a, b, where);
  check_square("solve", a, where);
  check(b.ndim() >= 1, where, "solve: b must be vectors or matrices, but it is a scalar.");
  CallSite site(where);
  if (!options.left) {
    check(!are_vectors(a, b) || b.ndim() > 1, where,
          "solve: b must be matrices where a stands on the right, but it is ", b.shape(), ".");
    check(b.size(-1) == a.size(-1), where, "solve: sizes must agree in x a = b, but a is ", a.shape(), " and b is ",
          b.shape(), " (", a.size(-1), " != ", b.size(-1), ").");
    return contiguous(transpose(solution("solve", transpose(a), transpose(b), where)));
  }
  if (are_vectors(a, b)) {
    check(b.size(-1) == a.size(-1), where, "solve: sizes must agree in a x = b, but a is ", a.shape(), " and b is ",
          b.shape(), " (", a.size(-1), " != ", b.size(-1), ").");
    return squeeze(solution("solve", a, unsqueeze(b, -1), where), -1);
  }
  check(b.size(-2) == a.size(-1), where, "solve: sizes must agree in a x = b, but a is ", a.shape(), " and b is ",
        b.shape(), " (", a.size(-1), " != ", b.size(-2), ").");
  return solution("solve", a, b, where);
}

// ---- solve_triangular ----

namespace {

Tensor triangular_part(const Tensor& x, bool upper, bool unit) {
  return upper ? triu(x, unit ? 1 : 0) : tril(x, unit ? -1 : 0);
}

void triangular_rule(Vjp& vjp, SolveTriangularOptions options) {
  SolveTriangularOptions transposed = options;
  transposed.upper = !options.upper;
  const Tensor& x = vjp.output();
  const Tensor of_b = solve_triangular(transpose(vjp.input(0)), vjp.g(), transposed);
  if (vjp.needs(0)) {
    const Tensor product = options.left ? matmul(of_b, transpose(x)) : matmul(transpose(x), of_b);
    vjp.give(0, sum_to(neg(triangular_part(product, options.upper, options.unitriangular)), vjp.shape(0)));
  }
  if (vjp.needs(1)) vjp.give(1, sum_to(of_b, vjp.shape(1)));
}

/// Whether the matrices are the transposes of contiguous ones.
bool is_transposed(const Tensor& x) {
  return x.size(-1) > 1 && x.size(-2) > 1 && !x.is_contiguous() && transpose(x.detach()).is_contiguous();
}

}  // namespace

Tensor solve_triangular(const Operand& left, const Operand& right, SolveTriangularOptions options) {
  const SourceLocation where = left.where();
  Tensor a = left.tensor("solve_triangular"), b = right.tensor("solve_triangular");
  promote_floating("solve_triangular", a, b, where);
  check_square("solve_triangular", a, where);
  check(b.ndim() >= 2, where, "solve_triangular: b must be matrices, but it is ", b.shape(), ".");
  const std::int64_t n = a.size(-1);
  check(b.size(options.left ? -2 : -1) == n, where, "solve_triangular: sizes must agree in ",
        options.left ? "a x = b" : "x a = b", ", but a is ", a.shape(), " and b is ", b.shape(), " (", n,
        " != ", b.size(options.left ? -2 : -1), ").");
  const Shape own = lead_of(a.shape());
  const Shape lead = broadcast_shapes("solve_triangular", own, lead_of(b.shape()), where);
  Tensor x = working_copy("solve_triangular", b, lead, where);
  const bool transposed = is_transposed(a);
  const Tensor stored = transposed          ? transpose(a.detach())
                        : a.is_contiguous() ? a
                                            : working_copy("solve_triangular", a, where);
  const std::vector<std::int64_t> places = own == lead ? std::vector<std::int64_t>() : places_in(own, lead);
  const Triangle triangle{options.upper != transposed, transposed, options.unitriangular};
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    solve_triangles<T>(count_matrices(x), triangle, options.left, n, x.size(options.left ? -1 : -2), data_of<T>(stored),
                       own == lead ? nullptr : places.data(), data_of<T>(x));
  });
  return record("solve_triangular", where, {a, b}, std::move(x), {Uses::input(0) | Uses::output()},
                [options](Vjp& vjp) { triangular_rule(vjp, options); });
}

}  // namespace linalg
}  // namespace xgrad
