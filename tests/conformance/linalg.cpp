// Linear algebra.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

namespace linalg = xgrad::linalg;
using xgrad::Tensor;

int axis(Arguments& args, int position, const char* name, int fallback) {
  return static_cast<int>(args.integer(position, name, fallback));
}

void add_linalg_products(Registry& ops) {
  ops["linalg.multi_dot"] = [](Arguments& args) { return linalg::multi_dot(args.tensors(0, "tensors")); };
  ops["linalg.vecdot"] = [](Arguments& args) {
    return linalg::vecdot(args.tensor(0, "x"), args.tensor(1, "y"), axis(args, kKeyword, "dim", -1));
  };
  ops["linalg.cross"] = [](Arguments& args) {
    return linalg::cross(args.tensor(0, "input"), args.tensor(1, "other"), axis(args, kKeyword, "dim", -1));
  };
}

bool flag(Arguments& args, const char* name, bool fallback) { return args.flag(kKeyword, name, fallback); }

void add_solvers(Registry& ops) {
  ops["linalg.inv"] = [](Arguments& args) { return linalg::inv(args.tensor(0, "A")); };
  ops["linalg.det"] = [](Arguments& args) { return linalg::det(args.tensor(0, "A")); };
  ops["linalg.slogdet"] = [](Arguments& args) {
    const auto parts = linalg::slogdet(args.tensor(0, "A"));
    return Outputs{parts.sign, parts.log};
  };
  ops["logdet"] = [](Arguments& args) { return linalg::logdet(args.tensor(0, "input")); };
  ops["linalg.solve"] = [](Arguments& args) {
    return linalg::solve(args.tensor(0, "A"), args.tensor(1, "B"), {.left = flag(args, "left", true)});
  };
  ops["linalg.solve_triangular"] = [](Arguments& args) {
    return linalg::solve_triangular(args.tensor(0, "A"), args.tensor(1, "B"),
                                    {.upper = flag(args, "upper", false),
                                     .left = flag(args, "left", true),
                                     .unitriangular = flag(args, "unitriangular", false)});
  };
  // It answers with a copy of the matrix as well.
  ops["triangular_solve"] = [](Arguments& args) {
    const Tensor& b = args.tensor(0, "b");
    const Tensor& a = args.tensor(1, "A");
    const bool upper = args.flag(2, "upper", true), transposed = args.flag(3, "transpose", false);
    return Outputs{
        linalg::solve_triangular(transposed ? transpose(a) : a, b,
                                 {.upper = upper != transposed, .unitriangular = args.flag(4, "unitriangular", false)}),
        copy(a)};
  };
  ops["linalg.lstsq"] = [](Arguments& args) {
    const std::string driver = args.text(kKeyword, "driver", "gelsy");
    const auto result = linalg::lstsq(args.tensor(0, "A"), args.tensor(1, "B"),
                                      {.rcond = args.optional_number(2, "rcond"), .driver = driver});
    return Outputs{result.solution, result.residuals, result.rank, result.singular_values};
  };
  ops["linalg.tensorsolve"] = [](Arguments& args) {
    const xgrad::Axes axes = args.given(2, "dims") ? args.axes(2, "dims") : xgrad::Axes();
    return linalg::tensorsolve(args.tensor(0, "A"), args.tensor(1, "B"), axes);
  };
  ops["linalg.tensorinv"] = [](Arguments& args) {
    return linalg::tensorinv(args.tensor(0, "A"), axis(args, 1, "ind", 2));
  };
}

Outputs svd_of(Arguments& args, bool full) {
  const auto parts = linalg::svd(args.tensor(0, "input"), {.full_matrices = full});
  return Outputs{parts.u, parts.s, parts.vh};
}

void add_decompositions(Registry& ops) {
  for (const char* name : {"cholesky", "linalg.cholesky"})
    ops[name] = [](Arguments& args) {
      return linalg::cholesky(args.tensor(0, "input"), {.upper = args.flag(1, "upper", false)});
    };
  ops["cholesky_solve"] = [](Arguments& args) {
    return linalg::cholesky_solve(args.tensor(0, "B"), args.tensor(1, "L"), {.upper = args.flag(2, "upper", false)});
  };
  ops["cholesky_inverse"] = [](Arguments& args) {
    return linalg::cholesky_inverse(args.tensor(0, "L"), {.upper = args.flag(1, "upper", false)});
  };
  ops["linalg.eigh"] = [](Arguments& args) {
    const auto parts = linalg::eigh(args.tensor(0, "A"), {.upper = args.text(1, "UPLO", "L") == "U"});
    return Outputs{parts.values, parts.vectors};
  };
  ops["linalg.eigvalsh"] = [](Arguments& args) {
    return linalg::eigvalsh(args.tensor(0, "A"), {.upper = args.text(1, "UPLO", "L") == "U"});
  };
  ops["linalg.qr"] = [](Arguments& args) {
    const std::string mode = args.text(1, "mode", "reduced");
    const auto parts = linalg::qr(args.tensor(0, "A"), mode == "r"          ? linalg::QrMode::r
                                                       : mode == "complete" ? linalg::QrMode::complete
                                                                            : linalg::QrMode::reduced);
    return Outputs{parts.q, parts.r};
  };
  ops["qr"] = [](Arguments& args) {
    const auto parts = linalg::qr(args.tensor(0, "input"),
                                  args.flag(1, "some", true) ? linalg::QrMode::reduced : linalg::QrMode::complete);
    return Outputs{parts.q, parts.r};
  };
  ops["linalg.svd"] = [](Arguments& args) { return svd_of(args, args.flag(1, "full_matrices", true)); };
  ops["svd"] = [](Arguments& args) {
    const auto parts = linalg::svd(args.tensor(0, "input"), {.full_matrices = !args.flag(1, "some", true)});
    return Outputs{parts.u, parts.s, transpose(parts.vh)};
  };
  ops["linalg.svdvals"] = [](Arguments& args) { return linalg::svdvals(args.tensor(0, "A")); };
  ops["linalg.lu"] = [](Arguments& args) {
    if (!flag(args, "pivot", true)) throw Unsupported("xgrad's lu always pivots");
    const auto parts = linalg::lu(args.tensor(0, "A"));
    return Outputs{parts.p, parts.l, parts.u};
  };
  ops["linalg.householder_product"] = [](Arguments& args) {
    return linalg::householder_product(args.tensor(0, "A"), args.tensor(1, "tau"));
  };
}

linalg::Tolerance tolerance(Arguments& args, int position, const char* name) {
  if (!args.given(position, name)) return {};
  if (args.is_tensor(position, name)) return args.tensor(position, name);
  return args.number(position, name);
}

linalg::NormOrder order(Arguments& args, int position, const char* name, linalg::NormOrder fallback) {
  if (!args.given(position, name)) return fallback;
  const Value& value = args.value(position, name);
  return value.is_text() ? linalg::NormOrder(value.text().c_str()) : linalg::NormOrder(value.number());
}

void add_functions_of_matrices(Registry& ops) {
  // pinv(A, rcond, hermitian) and matrix_rank(A, tol, hermitian) are older forms of theirs: rcond is rtol, tol atol.
  ops["linalg.pinv"] = [](Arguments& args) {
    return linalg::pinv(args.tensor(0, "A"), {.atol = tolerance(args, kKeyword, "atol"),
                                              .rtol = tolerance(args, 1, args.given(1, "rcond") ? "rcond" : "rtol"),
                                              .hermitian = args.flag(2, "hermitian", false)});
  };
  ops["pinverse"] = [](Arguments& args) {
    return linalg::pinv(args.tensor(0, "input"), {.rtol = args.number(1, "rcond", 1e-15)});
  };
  ops["linalg.matrix_rank"] = [](Arguments& args) {
    const bool by_tol = args.count() > 1 || args.given(kKeyword, "tol");
    return linalg::matrix_rank(args.tensor(0, "A"),
                               {.atol = by_tol ? tolerance(args, 1, "tol") : tolerance(args, kKeyword, "atol"),
                                .rtol = by_tol ? linalg::Tolerance(0) : tolerance(args, kKeyword, "rtol"),
                                .hermitian = args.flag(2, "hermitian", false)});
  };
  ops["linalg.matrix_power"] = [](Arguments& args) {
    return linalg::matrix_power(args.tensor(0, "A"), args.integer(1, "n"));
  };
  ops["matrix_exp"] = [](Arguments& args) { return linalg::matrix_exp(args.tensor(0, "A")); };
  ops["linalg.vander"] = [](Arguments& args) {
    std::optional<std::int64_t> count;
    if (args.given(kKeyword, "N")) count = args.integer(kKeyword, "N");
    return linalg::vander(args.tensor(0, "x"), count);
  };
  ops["linalg.matrix_norm"] = [](Arguments& args) {
    linalg::MatrixNormOptions options{.ord = order(args, 1, "ord", "fro"),
                                      .keepdims = args.flag(3, "keepdim", false),
                                      .dtype = args.dtype(kKeyword, "dtype")};
    if (args.given(2, "dim")) options.axes = args.axes(2, "dim");
    return linalg::matrix_norm(args.tensor(0, "A"), options);
  };
  ops["linalg.norm"] = [](Arguments& args) {
    linalg::NormOptions options{.keepdims = args.flag(3, "keepdim", false), .dtype = args.dtype(kKeyword, "dtype")};
    if (args.given(1, "ord")) options.ord = order(args, 1, "ord", 2);
    if (args.given(2, "dim")) options.axes = args.axes(2, "dim");
    return linalg::norm(args.tensor(0, "A"), options);
  };
  ops["linalg.cond"] = [](Arguments& args) { return linalg::cond(args.tensor(0, "A"), order(args, 1, "p", 2)); };
  ops["chain_matmul"] = [](Arguments& args) { return linalg::multi_dot(args.tensors_from(0)); };
}

}  // namespace

void add_linalg(Registry& ops) {
  add_linalg_products(ops);
  add_solvers(ops);
  add_decompositions(ops);
  add_functions_of_matrices(ops);
}

}  // namespace conformance
