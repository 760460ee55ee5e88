#include <xgrad/autograd/ops/linalg.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

Tensor random(const Shape& shape, std::uint64_t seed = 1) {
  Generator generator(seed);
  return normal(shape, 0, 1, kDouble, generator);
}
/// Far from singular.
Tensor regular(const Shape& shape, std::uint64_t seed = 1) {
  return random(shape, seed) + 2 * std::sqrt(static_cast<double>(shape.back())) * eye(shape.back(), kDouble);
}
Tensor positive(const Shape& shape) {
  const Tensor x = random(shape);
  return matmul(x, transpose(x)) + static_cast<double>(shape.back()) * eye(shape.back(), kDouble);
}
bool is_near(const Tensor& a, const Tensor& b, double tolerance = 1e-9) {
  return allclose(a, b, {.rtol = tolerance, .atol = tolerance});
}

}  // namespace

TEST_CASE("singular matrices are refused, with their place in the batch", "[linalg]") {
  Tensor x = regular({2, 3, 4, 4});
  x[{1, 0}].assign(ones({4, 4}));
  CHECK_THROWS_WITH(linalg::inv(x), Contains("inv: a matrix must be invertible, but matrix [1, 0] of [2, 3, 4, 4] is "
                                             "singular: pivot 2 of 4 is 0. at linalg.cpp:"));
  CHECK_THROWS_WITH(linalg::solve(x, ones({4}, kDouble)),
                    Contains("solve: a matrix must be invertible, but matrix [1, 0]"));
  CHECK_THROWS_WITH(linalg::inv(zeros({40, 40})),
                    Contains("inv: a matrix must be invertible, but it is singular: pivot 1 of "
                             "40 is 0. at linalg.cpp:"));
  CHECK_THROWS_WITH(linalg::matrix_power(zeros({2, 2}), -1), Contains("matrix_power: a matrix must be invertible"));
  CHECK_THROWS_WITH(linalg::lu_factor(zeros({2, 2})),
                    Contains("lu_factor: a matrix must have full rank, but it is singular"));
}

TEST_CASE("matrices that are not positive definite are refused by cholesky, nan is not", "[linalg]") {
  for (std::int64_t n : {3, 40}) {
    Tensor x = positive({2, n, n});
    x[1].assign(-eye(n));
    CHECK_THROWS_WITH(linalg::cholesky(x),
                      Contains(concat("cholesky: a matrix must be positive definite, but matrix [1] of [2, ", n, ", ",
                                      n, "] is not: pivot 1 of ", n, " is not above 0. at linalg.cpp:")));
  }
  CHECK(std::isnan(linalg::cholesky(full({2, 2}, std::nan("")))[{0, 0}].item()));
}

TEST_CASE("wrong shapes and dtypes are refused", "[linalg]") {
  CHECK_THROWS_WITH(linalg::inv(ones({2, 3})),
                    Contains("inv: matrices must be square, but there is [2, 3]. at linalg.cpp:"));
  CHECK_THROWS_WITH(linalg::det(ones({2, 2}, {.dtype = DType::int64})),
                    Contains("det: matrices must be floating, but they are int64 [2, 2]. Use cast(). at linalg.cpp:"));
  CHECK_THROWS_WITH(linalg::svd(ones({3})), Contains("svd: matrices must have two axes or more, but there is [3]."));
  CHECK_THROWS_WITH(linalg::solve(ones({2, 2}), ones({3, 2})),
                    Contains("solve: sizes must agree in a x = b, but a is [2, 2] and b is [3, 2] (2 != 3)."));
  CHECK_THROWS_WITH(linalg::solve(ones({2, 2}), ones({2}), {.left = false}),
                    Contains("solve: b must be matrices where a"));
  CHECK_THROWS_WITH(linalg::solve(ones({2, 3, 3}), ones({4, 3, 1})), Contains("solve: "));
  CHECK_THROWS_WITH(linalg::solve_triangular(ones({2, 2}), ones({2})),
                    Contains("solve_triangular: b must be matrices"));
  CHECK_THROWS_WITH(linalg::matrix_norm(ones({2, 2}), {.ord = 3}), Contains("matrix_norm: the order must be"));
  CHECK_THROWS_WITH(linalg::NormOrder("max"),
                    Contains("norm: an order must be a number, \"fro\" or \"nuc\", but it is \"max\"."));
  CHECK_THROWS_WITH(linalg::lstsq(ones({2, 2}), ones({2, 1}), {.driver = "qr"}),
                    Contains("lstsq: the driver must be gels, gelsy, gelsd or gelss, but it is qr."));
}

TEST_CASE("solve takes vectors and matrices, and broadcasts, as PyTorch does", "[linalg]") {
  const Tensor a = regular({3, 2, 2});
  CHECK(linalg::solve(a, ones({2}, kDouble)).shape() == Shape{3, 2});
  CHECK(linalg::solve(a, ones({3, 2}, kDouble)).shape() == Shape{3, 2});
  CHECK(linalg::solve(a[0], ones({4, 2, 1}, kDouble)).shape() == Shape{4, 2, 1});
  CHECK(linalg::solve(reshape(a, {3, 1, 2, 2}), ones({4, 2, 1}, kDouble)).shape() == Shape{3, 4, 2, 1});
  CHECK(linalg::solve(a[0], ones({5, 2}, kDouble), {.left = false}).shape() == Shape{5, 2});
  // As many vectors as the matrices have rows: vectors all the same.
  CHECK(linalg::solve(regular({2, 2, 2}), ones({2, 2}, kDouble)).shape() == Shape{2, 2});
  CHECK(linalg::solve(ones({0, 0}), ones({0, 3})).shape() == Shape{0, 3});
  CHECK(linalg::solve(cast(a, DType::float32), ones({2}, kDouble)).dtype() == DType::float64);
}

TEST_CASE("small and large matrices, one and many right sides, in every layout", "[linalg]") {
  for (std::int64_t n : {2, 8, 24, 25, 60}) {
    const Tensor a = regular({2, n, n});
    for (std::int64_t k : {1, 3}) {
      INFO("n = " << n << ", k = " << k);
      const Tensor b = random({2, n, k}, 2);
      CHECK(is_near(matmul(a, linalg::solve(a, b)), b));
      CHECK(is_near(matmul(transpose(a), linalg::solve(transpose(a), b)), b));
      const Tensor flipped = flip(a, {1});
      CHECK(is_near(matmul(flipped, linalg::solve(flipped, flip(b, {0}))), flip(b, {0})));
      for (bool upper : {false, true})
        for (bool unit : {false, true}) {
          const Tensor triangle = linalg::solve_triangular(a, b, {.upper = upper, .unitriangular = unit});
          const Tensor by_copy =
              linalg::solve_triangular(copy(transpose(a)), b, {.upper = upper, .unitriangular = unit});
          const Tensor by_view = linalg::solve_triangular(transpose(a), b, {.upper = upper, .unitriangular = unit});
          CHECK(is_near(by_copy, by_view, 1e-12));
          CHECK(triangle.shape() == b.shape());
          const Tensor right =
              linalg::solve_triangular(a, copy(transpose(b)), {.upper = upper, .left = false, .unitriangular = unit});
          CHECK(is_near(transpose(right),
                        linalg::solve_triangular(transpose(a), b, {.upper = !upper, .unitriangular = unit})));
        }
    }
    CHECK(is_near(matmul(a, linalg::inv(a)), expand(eye(n, kDouble), {2, n, n})));
    const linalg::SignAndLog parts = linalg::slogdet(a);
    CHECK(is_near(parts.sign * exp(parts.log), linalg::det(a)));
    CHECK(is_near(linalg::det(flip(a, {-1})), linalg::det(a) * (n / 2 % 2 == 0 ? 1 : -1)));
  }
}

TEST_CASE("gradients where LAPACK works, to second order", "[linalg]") {
  const Tensor a = regular({26, 26}), p = positive({26, 26}), b = random({26, 2}, 3);
  const Tensor weights = random({26, 26}, 4);
  gradcheck([](const Tensor& a, const Tensor& b) { return linalg::solve(a, b); }, {a, b});
  gradcheck([](const Tensor& a) { return linalg::inv(a); }, {a});
  gradcheck([](const Tensor& a) { return linalg::slogdet(a).log; }, {a});
  gradcheck([](const Tensor& a) { return linalg::det(0.05 * a); }, {a});
  gradcheck([](const Tensor& a) { return linalg::cholesky(0.5 * (a + transpose(a))); }, {p});
  gradcheck([](const Tensor& a) { return linalg::cholesky(0.5 * (a + transpose(a)), {.upper = true}); }, {p});
  gradgradcheck([](const Tensor& a, const Tensor& b) { return linalg::solve(a, b); }, {a, b});
  // The fast rules and those made of operators agree.
  for (bool upper : {false, true}) {
    Tensor x = p.detach();
    x.set_requires_grad();
    const Tensor y = sum(linalg::cholesky(x, {.upper = upper}) * weights);
    CHECK(is_near(grad(y, x, {.retain_graph = true}), grad(y, x, {.create_graph = true})));
  }
}

TEST_CASE("det at singular matrices has the cofactors for its gradient, and a second derivative", "[linalg]") {
  Tensor x = f64({{1.0, 2.0}, {2.0, 4.0}}).set_requires_grad();
  Tensor y = linalg::det(x);
  CHECK(y.item() == 0);
  CHECK(is_near(grad(y, x, {.retain_graph = true}), f64({{4.0, -2.0}, {-2.0, 1.0}})));
  Tensor g = grad(y, x, {.create_graph = true});
  CHECK(is_near(g, f64({{4.0, -2.0}, {-2.0, 1.0}})));
  CHECK(is_near(grad(sum(g * f64({{1.0, 2.0}, {3.0, 5.0}})), x), f64({{5.0, -3.0}, {-2.0, 1.0}})));
  // Of rank n - 2 the gradient is 0 and the second derivative is not; of the zero matrix of order 3 both are 0.
  for (const Tensor& matrix : {f64({{1.0, 1.0, 1.0}, {1.0, 1.0, 1.0}, {1.0, 1.0, 1.0}}), zeros({3, 3}, kDouble),
                               f64({{1.0, 2.0, 3.0}, {4.0, 5.0, 6.0}, {7.0, 8.0, 9.0}})}) {
    gradcheck([](const Tensor& x) { return linalg::det(x); }, {matrix});
    gradgradcheck([](const Tensor& x) { return linalg::det(x); }, {matrix});
  }
  // One singular matrix leaves the others of its batch alone.
  Tensor batch = stack({eye(2, kDouble), x.detach()}).set_requires_grad();
  CHECK(is_near(grad(sum(linalg::det(batch)), batch)[0], eye(2, kDouble)));
  Tensor second = grad(sum(square(grad(linalg::det(x), x, {.create_graph = true}))), x, {.create_graph = true});
  CHECK_THROWS_WITH(
      grad(sum(second), x),
      Contains("det: its derivatives at matrices that are singular or nearly so must be of first or second"));
}

TEST_CASE("slogdet and logdet where the determinant is 0, negative or out of range", "[linalg]") {
  linalg::SignAndLog parts = linalg::slogdet(f64({{1.0, 2.0}, {2.0, 4.0}}));
  CHECK(parts.sign.item() == 0);
  CHECK(parts.log.item() == -std::numeric_limits<double>::infinity());
  CHECK(std::isnan(linalg::logdet(-eye(3)).item()));
  CHECK(linalg::logdet(zeros({2, 2})).item() == -std::numeric_limits<double>::infinity());
  CHECK(linalg::slogdet(1e30 * eye(40, kDouble)).log.item() == Approx(40 * 30 * std::log(10.0)));
  CHECK(linalg::det(zeros({3, 0, 0})).to_vector() == std::vector<double>(3, 1));
}

TEST_CASE("equal values refuse the gradient of vectors, or leave out its terms", "[linalg]") {
  Tensor x = eye(3, kDouble).set_requires_grad();
  CHECK_THROWS_WITH(
      grad(sum(linalg::eigh(x).vectors), x),
      Contains("eigh: values must differ where vectors are differentiated, or values a second time, but values "
               "0 and 1 of it are equal to rounding (1). Degenerate::zero leaves out their terms. at "
               "linalg.cpp:"));
  CHECK(all(isfinite(grad(sum(linalg::eigh(x, {.degenerate = linalg::Degenerate::zero}).vectors), x))).item<bool>());
  CHECK(is_near(grad(sum(linalg::eigvalsh(x)), x), eye(3, kDouble)));
  Tensor one = ones({2, 3, 3}, kDouble).set_requires_grad();
  CHECK_THROWS_WITH(
      grad(sum(linalg::svd(one, {.full_matrices = false}).u), one),
      Contains("svd: values must differ where vectors are differentiated, or values a second time, but values "
               "1 and 2 of matrix [0] of [2, 3, 3] are equal"));
  const linalg::SvdOptions zero{.full_matrices = false, .degenerate = linalg::Degenerate::zero};
  CHECK(all(isfinite(grad(sum(linalg::svd(one, zero).u), one))).item<bool>());
  // Nearly equal values have a gradient, if a large one.
  Tensor near_equal = f64({{1.0, 0.0, 0.0}, {0.0, 1 + 1e-9, 0.0}, {0.0, 0.0, 2.0}}).set_requires_grad();
  CHECK(all(isfinite(grad(sum(linalg::eigh(near_equal).vectors), near_equal))).item<bool>());
}

TEST_CASE("gradients of eigh and cholesky are symmetric", "[linalg]") {
  Tensor x = positive({5, 5}).set_requires_grad();
  const Tensor weights = random({5, 5}, 7);
  for (const Tensor& y : {sum(linalg::eigh(x).vectors * weights), sum(linalg::cholesky(x) * weights),
                          sum(linalg::eigvalsh(x, {.upper = true}) * weights[0])}) {
    const Tensor g = grad(y, x);
    CHECK(is_near(g, transpose(g), 1e-13));
  }
}

TEST_CASE("which gradients a QR decomposition has follows from its mode", "[linalg]") {
  Tensor tall = random({4, 2}).set_requires_grad(), wide = random({2, 4}).set_requires_grad();
  const linalg::Qr r = linalg::qr(tall, linalg::QrMode::r);
  CHECK(r.q.shape() == Shape{0});
  CHECK(is_near(r.r, linalg::qr(tall).r));
  CHECK_THROWS_WITH(grad(sum(r.r), tall),
                    Contains("qr: the mode must compute Q, which the derivative is made of, but it is QrMode::r. Use"));
  const linalg::Qr complete = linalg::qr(tall, linalg::QrMode::complete);
  CHECK(complete.q.shape() == Shape{4, 4});
  CHECK(is_near(matmul(complete.q, complete.r), tall));
  CHECK(is_near(matmul(complete.q, transpose(complete.q)), eye(4, kDouble)));
  CHECK_THROWS_WITH(grad(sum(complete.r), tall),
                    Contains("qr: a complete decomposition must have no more rows than columns"));
  CHECK(grad(sum(linalg::qr(wide, linalg::QrMode::complete).r), wide).shape() == Shape{2, 4});
  CHECK(is_near(linalg::qr(ones({3, 0}, kDouble), linalg::QrMode::complete).q, eye(3, kDouble)));
  CHECK(linalg::qr(ones({0, 3})).r.shape() == Shape{0, 3});
}

TEST_CASE("svd, complete and reduced, of any shape", "[linalg]") {
  for (const Shape& shape : {Shape{5, 3}, Shape{3, 5}, Shape{2, 4, 4}, Shape{40, 30}}) {
    Tensor x = random(shape).set_requires_grad();
    const std::int64_t m = shape[-2], n = shape[-1], k = std::min(m, n);
    for (bool full : {false, true}) {
      const linalg::Svd parts = linalg::svd(x, {.full_matrices = full});
      CHECK(parts.u.size(-1) == (full ? m : k));
      CHECK(parts.vh.size(-2) == (full ? n : k));
      const Tensor u = narrow(parts.u, -1, 0, k), vh = narrow(parts.vh, -2, 0, k);
      CHECK(is_near(matmul(u * unsqueeze(parts.s, -2), vh), x));
      // The first vectors of a complete decomposition have the gradients that those of a reduced one have.
      const linalg::Svd reduced = linalg::svd(x, {.full_matrices = false});
      CHECK(is_near(grad(sum(square(u) * sin(u)), x), grad(sum(square(reduced.u) * sin(reduced.u)), x), 1e-7));
      CHECK(is_near(grad(sum(linalg::svd(x).s), x), grad(sum(linalg::svdvals(x)), x)));
    }
    if (m != n)
      CHECK_THROWS_WITH(grad(sum(linalg::svd(x).u) + sum(linalg::svd(x).vh), x),
                        Contains("svd: the further vectors that full_matrices adds have no derivative"));
  }
  const linalg::Svd empty = linalg::svd(ones({2, 0, 3}));
  CHECK(empty.u.shape() == Shape{2, 0, 0});
  CHECK(empty.vh.to_vector() == expand(eye(3), {2, 3, 3}).to_vector());
}

TEST_CASE("nan and inf: eigh answers with nan, svd refuses", "[linalg]") {
  Tensor x = positive({2, 3, 3});
  x[1].assign(full({3, 3}, std::numeric_limits<double>::infinity()));
  const Tensor values = linalg::eigvalsh(x);
  CHECK(std::isnan(values[{1, 0}].item()));
  CHECK(std::isfinite(values[{0, 0}].item()));
  CHECK(std::isnan(linalg::eigh(x).vectors[{1, 0, 0}].item()));
  CHECK_THROWS_WITH(linalg::svdvals(x),
                    Contains("svdvals: a matrix must have finite elements, but matrix [1] of [2, 3, 3] has inf or "
                             "nan. at linalg.cpp:"));
  CHECK_THROWS_WITH(linalg::pinv(x), Contains("pinv: elements must be finite"));
  CHECK(std::isnan(linalg::det(x)[1].item()));
  CHECK(std::isnan(linalg::matrix_exp(x)[{1, 0, 0}].item()));
}

TEST_CASE("LU factors are rows' in P L U, and solve with them", "[linalg]") {
  for (const Shape& shape : {Shape{4, 4}, Shape{5, 3}, Shape{3, 5}, Shape{2, 40, 40}}) {
    const Tensor x = random(shape);
    const linalg::Lu parts = linalg::lu(x);
    CHECK(is_near(matmul(parts.p, matmul(parts.l, parts.u)), x));
  }
  const linalg::LuFactors factors = linalg::lu_factor(f64({{0.0, 1.0}, {2.0, 3.0}}));
  CHECK(factors.pivots.to_vector<int>() == std::vector<int>{2, 2});  // counted from 1, as LAPACK and PyTorch have it
  CHECK(factors.lu.to_vector() == std::vector<double>{2, 3, 0, 1});
  const Tensor a = random({3, 4, 4}), b = random({3, 4, 2}, 2);
  const linalg::LuFactors of_a = linalg::lu_factor(a);
  CHECK(is_near(matmul(a, linalg::lu_solve(of_a.lu, of_a.pivots, b)), b));
  CHECK(is_near(matmul(transpose(a), linalg::lu_solve(of_a.lu, of_a.pivots, b, {.adjoint = true})), b));
  const Tensor c = transpose(b);
  CHECK(is_near(matmul(linalg::lu_solve(of_a.lu, of_a.pivots, c, {.left = false}), a), c));
  CHECK(is_near(matmul(linalg::lu_solve(of_a.lu, of_a.pivots, c, {.left = false, .adjoint = true}), transpose(a)), c));
  CHECK_THROWS_WITH(linalg::lu_solve(of_a.lu, 0 * of_a.pivots, b),
                    Contains("lu_solve: pivots must be rows from 1 to 4, but one "
                             "is 0."));
}

TEST_CASE("least squares by every driver, with what each computes", "[linalg]") {
  const Tensor a = random({5, 4, 2}), b = random({5, 4, 3}, 2);
  const Tensor expected = matmul(linalg::pinv(a), b);
  for (const char* driver : {"gels", "gelsy", "gelsd", "gelss"}) {
    INFO(driver);
    const linalg::Lstsq result = linalg::lstsq(a, b, {.driver = driver});
    const bool by_values = std::string(driver) == "gelsd" || std::string(driver) == "gelss";
    CHECK(is_near(result.solution, expected));
    CHECK(result.rank.shape() == (std::string(driver) == "gels" ? Shape{0} : Shape{5}));
    CHECK(result.singular_values.shape() == (by_values ? Shape{5, 2} : Shape{0}));
    CHECK(result.residuals.shape() == (std::string(driver) == "gelsy" ? Shape{0} : Shape{5, 3}));
    if (by_values) CHECK(is_near(result.singular_values, linalg::svdvals(a)));
    if (result.residuals.numel() > 0) CHECK(is_near(result.residuals, sum(square(matmul(a, expected) - b), -2)));
  }
  const Tensor singular = f64({{1.0, 2.0}, {2.0, 4.0}});
  const linalg::Lstsq shortest = linalg::lstsq(singular, ones({2, 1}, kDouble));
  CHECK(is_near(shortest.solution, f64({{0.12}, {0.24}})));
  CHECK(shortest.rank.item<int>() == 1);
  CHECK(linalg::lstsq(ones({0, 2}), ones({0, 3})).solution.to_vector() == std::vector<double>(6, 0));
  CHECK(linalg::lstsq(ones({4, 2}), ones({4})).solution.shape() == Shape{2});
  CHECK_THROWS_WITH(linalg::lstsq(a, b[0][0]), Contains("lstsq: b must have as many rows as a"));
  gradgradcheck([](const Tensor& a, const Tensor& b) { return linalg::lstsq(a, b, {.driver = "gelsd"}).residuals; },
                {a[0], b[0]});
}

TEST_CASE("the gradient of least squares has the rank that the driver took", "[linalg]") {
  const Tensor a = f64({{2.0, .3}, {-.4, .5}, {.1, -.2}}), b = f64({{1.0}, {2.0}, {-1.0}});
  auto slope = [&](const Tensor& x, linalg::LstsqOptions options) {
    const Tensor leaf = x.detach().set_requires_grad();
    return grad(sum(linalg::lstsq(leaf, b, options).solution), leaf);
  };
  // gels has no use for rcond; gelsd takes one outside of (0, 1) for the dtype's epsilon, gelss a negative one.
  const Tensor right = slope(a, {.driver = "gels"});
  CHECK(allclose(slope(a, {.rcond = .5, .driver = "gels"}), right, {.rtol = 1e-12}));
  CHECK(allclose(slope(a, {.rcond = 5., .driver = "gelsd"}), right, {.rtol = 1e-12}));
  CHECK(linalg::lstsq(a, b, {.rcond = 5., .driver = "gelsd"}).rank.item<int>() == 2);
  const Tensor singular = matmul(b, f64({{1.0, 3.0}}));
  for (const char* driver : {"gelsd", "gelss"}) {
    CHECK(linalg::lstsq(singular, b, {.rcond = -1., .driver = driver}).rank.item<int>() == 1);
    CHECK(allclose(slope(singular, {.rcond = -1., .driver = driver}), slope(singular, {.driver = driver}),
                   {.rtol = 1e-12}));
  }
  // A batch with two ranks, of one right side.
  const Tensor batch = stack({a, singular});
  const Tensor leaf = batch.detach().set_requires_grad();
  const Tensor both = grad(sum(linalg::lstsq(leaf, b).solution), leaf);
  CHECK(allclose(both[0], slope(a, {}), {.rtol = 1e-12}));
  CHECK(allclose(both[1], slope(singular, {}), {.rtol = 1e-12}));
  CHECK_THROWS_WITH(linalg::lstsq(a, full({3, 1}, std::nan(""))), Contains("but b [3, 1] has inf or nan"));
}

TEST_CASE("least squares of no right side has ranks and values all the same", "[linalg]") {
  const Tensor a = random({1, 2, 5, 3}), nothing = zeros({1, 2, 5, 0}, kDouble);
  for (const char* driver : {"gels", "gelsy", "gelsd", "gelss"}) {
    INFO(driver);
    const linalg::Lstsq result = linalg::lstsq(a, nothing, {.driver = driver});
    const linalg::Lstsq usual = linalg::lstsq(a, ones({1, 2, 5, 1}, kDouble), {.driver = driver});
    CHECK(result.solution.shape() == Shape{1, 2, 3, 0});
    CHECK(result.rank.to_vector() == usual.rank.to_vector());
    CHECK(result.singular_values.to_vector() == usual.singular_values.to_vector());
    CHECK(result.residuals.shape() == (std::string(driver) == "gelsy" ? Shape{0} : Shape{1, 2, 0}));
  }
  const Tensor singular = f64({{1.0, 2.0}, {2.0, 4.0}, {3.0, 6.0}});
  const linalg::Lstsq result = linalg::lstsq(singular, zeros({3, 0}, kDouble), {.driver = "gelsd"});
  CHECK(result.rank.item<int>() == 1);
  CHECK(result.residuals.shape() == Shape{0});
}

TEST_CASE("tolerances of ranks and pseudoinverses broadcast with the batch", "[linalg]") {
  const Tensor x = f64({{1.0, 0.0, 0.0}, {0.0, 0.15, 0.0}, {0.0, 0.0, 0.05}, {0.0, 0.0, 0.0}});
  const Tensor bounds = f64({0.1, 0.2});
  CHECK(linalg::matrix_rank(x, {.rtol = bounds}).to_vector<int>() == std::vector<int>{2, 1});
  CHECK(linalg::matrix_rank(x, {.atol = unsqueeze(bounds, -1), .rtol = f64({0.0, 0.01, 0.3})}).to_vector<int>() ==
        std::vector<int>{2, 2, 1, 1, 1, 1});
  CHECK(linalg::matrix_rank(expand(x, {3, 1, 4, 3}), {.rtol = bounds}).shape() == Shape{3, 2});
  CHECK(linalg::matrix_rank(eye(2), {.rtol = tensor({0.5, 1.0}), .hermitian = true}).to_vector<int>() ==
        std::vector<int>{2, 0});
  const Tensor inverses = linalg::pinv(x, {.rtol = bounds});
  CHECK(inverses.shape() == Shape{2, 3, 4});
  for (int i : {0, 1}) CHECK(is_near(inverses[i], linalg::pinv(x, {.rtol = i == 0 ? 0.1 : 0.2})));
  gradcheck([&](const Tensor& x) { return linalg::pinv(narrow(x, 0, 0, 2), {.atol = f64({1e-3, 1e-2})}); }, {x});
  CHECK_THROWS_WITH(linalg::matrix_rank(expand(x, {3, 4, 3}), {.rtol = bounds}),
                    Contains("matrix_rank: rtol must be a number, or broadcast with the batch of matrices, but it is "
                             "[2] for a batch of [3]. at linalg.cpp:"));
}

TEST_CASE("ranks, pseudoinverses and condition numbers at their bounds", "[linalg]") {
  const Tensor singular = f64({{1.0, 2.0}, {2.0, 4.0}});
  CHECK(linalg::matrix_rank(singular).item<int>() == 1);
  CHECK(linalg::matrix_rank(eye(2), {.atol = 2.0}).item<int>() == 0);
  CHECK(linalg::matrix_rank(stack({eye(2), 2 * eye(2)}), {.atol = tensor({0.5, 3.0})}).to_vector<int>() ==
        std::vector<int>{2, 0});
  CHECK(linalg::matrix_rank(zeros({0, 2})).item<int>() == 0);
  CHECK(linalg::pinv(zeros({2, 3})).to_vector() == std::vector<double>(6, 0));
  CHECK(is_near(linalg::pinv(singular), singular / 25));
  CHECK(is_near(linalg::pinv(singular, {.hermitian = true}), singular / 25));
  gradcheck([](const Tensor& u, const Tensor& v) { return linalg::pinv(outer(u, v)); },
            {f64({1.0, 2.0, 3.0}), f64({2.0, -1.0})});
  gradgradcheck([](const Tensor& u, const Tensor& v) { return linalg::pinv(outer(u, v)); },
                {f64({1.0, 2.0, 3.0}), f64({2.0, -1.0})});
  for (const linalg::NormOrder& ord : {linalg::NormOrder(1), linalg::NormOrder("fro"), linalg::NormOrder("nuc")})
    CHECK(linalg::cond(singular, ord).item() == std::numeric_limits<double>::infinity());
  CHECK(linalg::cond(eye(2), "nuc").item() == 4);
  CHECK(linalg::cond(zeros({0, 0})).item() == 0);
}

TEST_CASE("the exponential of small, large, nilpotent and stacked matrices", "[linalg]") {
  CHECK(is_near(linalg::matrix_exp(zeros({3, 3}, kDouble)), eye(3, kDouble)));
  const Tensor nilpotent = f64({{0.0, 1e6}, {0.0, 0.0}});
  CHECK(is_near(linalg::matrix_exp(nilpotent), f64({{1.0, 1e6}, {0.0, 1.0}})));
  const Tensor turn = f64({{0.0, -1.0}, {1.0, 0.0}});
  for (double angle : {1e-8, 0.01, 0.2, 0.9, 2.0, 5.0, 100.0})
    CHECK(is_near(linalg::matrix_exp(angle * turn),
                  f64({{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}}), 1e-12));
  for (double angle : {0.3, 1.5, 3.0, 20.0})
    CHECK(is_near(linalg::matrix_exp(tensor({{0.0, -angle}, {angle, 0.0}})),
                  tensor({{std::cos(angle), -std::sin(angle)}, {std::sin(angle), std::cos(angle)}}), 2e-5));
  const Tensor x = random({2, 3, 3, 3});
  CHECK(is_near(linalg::matrix_exp(x)[{1, 2}], linalg::matrix_exp(x[{1, 2}])));
  CHECK(linalg::matrix_exp(ones({2, 0, 0})).shape() == Shape{2, 0, 0});
}

TEST_CASE("powers of matrices", "[linalg]") {
  const Tensor x = tensor({{1, 1}, {0, 1}});
  CHECK(linalg::matrix_power(x, 10).to_vector<int>() == std::vector<int>{1, 10, 0, 1});
  CHECK(linalg::matrix_power(x, 0).to_vector<int>() == std::vector<int>{1, 0, 0, 1});
  CHECK(is_near(linalg::matrix_power(cast(x, DType::float64), -3), f64({{1.0, -3.0}, {0.0, 1.0}})));
}

TEST_CASE("norms choose between vectors and matrices as PyTorch does", "[linalg]") {
  const Tensor x = ones({2, 2}, kDouble);
  CHECK(linalg::norm(ones({2, 2, 2})).item() == Approx(std::sqrt(8)));
  CHECK(linalg::norm(x, {.ord = 2}).item() == Approx(2));
  CHECK(linalg::norm(x, {.ord = 1, .axes = 0}).to_vector() == std::vector<double>{2, 2});
  CHECK(linalg::norm(x, {.ord = "nuc"}).item() == Approx(2));
  CHECK(linalg::norm(ones({2, 2, 3}), {.axes = {0, 1}}).to_vector() == std::vector<double>{2, 2, 2});
  CHECK(linalg::norm(full({}, -3)).item() == 3);
  CHECK_THROWS_WITH(linalg::norm(ones({2, 2, 2}), {.ord = 2}),
                    Contains("norm: with an order and without axes x must be a "
                             "vector or a matrix, but it is [2, 2, 2]."));
  CHECK_THROWS_WITH(linalg::norm(ones({4}), {.ord = "fro"}),
                    Contains("norm: order \"fro\" must be of matrices, but 1 axes"));
  CHECK(linalg::matrix_norm(zeros({0, 3}), {.ord = 1}).item() == 0);
  CHECK_THROWS_WITH(linalg::matrix_norm(zeros({0, 3}), {.ord = 2}), Contains("matrix_norm: of order 2 there must be"));
  CHECK_THROWS_WITH(linalg::matrix_norm(zeros({0, 3}), {.ord = INFINITY}),
                    Contains("matrix_norm: there must be a row"));
  CHECK(linalg::matrix_norm(ones({2, 3, 4}), {.axes = {2, 0}, .keepdims = true}).shape() == Shape{1, 3, 1});
}

TEST_CASE("decompositions have the same bits for any number of threads", "[linalg]") {
  const Tensor x = positive({300, 9, 9});
  auto results = [&] {
    const linalg::Svd svd = linalg::svd(x);
    return std::vector<Tensor>{linalg::inv(x),  linalg::cholesky(x),         svd.u, svd.s, linalg::eigh(x).vectors,
                               linalg::qr(x).q, linalg::matrix_exp(0.01 * x)};
  };
  const int before = num_threads();
  set_num_threads(1);
  const std::vector<Tensor> one = results();
  set_num_threads(3);
  const std::vector<Tensor> three = results();
  set_num_threads(before);
  for (std::size_t i = 0; i < one.size(); ++i) CHECK(one[i].to_vector() == three[i].to_vector());
}
