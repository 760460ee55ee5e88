// Determinants out of range, singular members of a batch, second derivatives at equal values and at values of 0, and of
// matrices that are nearly singular.
#include <xgrad/autograd/ops/linalg.hpp>

#include <cmath>
#include <limits>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

Tensor diagonal_of(const NestedList& values, DType dtype = DType::float64) { return cast(diag(f64(values)), dtype); }

/// The gradient of f at x.
template <class F>
Tensor slope(const F& f, const Tensor& x) {
  const Tensor leaf = x.detach().set_requires_grad();
  return grad(sum(f(leaf)), leaf);
}

/// The derivative of f's gradient along w (its transpose, rather, which is the same).
template <class F>
Tensor second(const F& f, const Tensor& x, const Tensor& w) {
  const Tensor leaf = x.detach().set_requires_grad();
  return grad(sum(grad(sum(f(leaf)), leaf, {.create_graph = true}) * w), leaf);
}

/// The same by differences of gradients.
template <class F>
Tensor second_by_differences(const F& f, const Tensor& x, const Tensor& w) {
  constexpr double kStep = 1e-5;
  return (slope(f, x + kStep * w) - slope(f, x - kStep * w)) / (2 * kStep);
}

template <class F>
void expect_second(const F& f, const Tensor& x) {
  Generator generator(3);
  const Tensor w = normal(x.shape(), 0, 1, kDouble, generator);
  CHECK(allclose(second(f, x, w), second_by_differences(f, x, w), {.rtol = 1e-7, .atol = 1e-7}));
}

}  // namespace

TEST_CASE("det has its first gradient where the determinant is out of range", "[linalg]") {
  struct Case {
    Tensor x, gradient;
    double value;
  };
  const Case cases[] = {
      {diagonal_of({1e-200, 1e-200}), diagonal_of({1e-200, 1e-200}), 0},
      {diagonal_of({1e-200, 1e-200, 1e200}), diagonal_of({1.0, 1.0, 0.0}), 1e-200},
      {diagonal_of({1e200, 1e200}), diagonal_of({1e200, 1e200}), kInf},
      {diagonal_of({1e200, 1e200, 1e200}), diagonal_of({kInf, kInf, kInf}), kInf},
      {diagonal_of({1e200, 1e200, 1e-200, 1e-200}), diagonal_of({1e-200, 1e-200, 1e200, 1e200}), 1},
      {diagonal_of({1e-160, 1e-160, 1e160}), diagonal_of({1.0, 1.0, 1e-320}), 1e-160},  // subnormal on the way
      {diagonal_of({1.0, 1e-310}), diagonal_of({1e-310, 1.0}), 1e-310},
      {1e-200 * f64({{1.0, 2.0}, {3.0, 4.0}}), 1e-200 * f64({{4.0, -3.0}, {-2.0, 1.0}}), 0},
      {1e200 * f64({{1.0, 2.0}, {3.0, 4.0}}), 1e200 * f64({{4.0, -3.0}, {-2.0, 1.0}}), -kInf},
      {diagonal_of({1e-30, 1e-30}, DType::float32), diagonal_of({1e-30, 1e-30}, DType::float32), 0},
      {diagonal_of({1e30, 1e30}, DType::float32), diagonal_of({1e30, 1e30}, DType::float32), kInf},
      {diagonal_of({1e30, 1e30, 1e-30, 1e-30}, DType::float32), diagonal_of({1e-30, 1e-30, 1e30, 1e30}, DType::float32),
       1},
  };
  for (const Case& one : cases) {
    INFO(one.x.to_vector()[0] << ", " << one.x.size(0));
    const double digits = one.x.dtype() == DType::float32 ? 1e-6 : 1e-13;
    // One of a batch of other matrices too.
    for (const Tensor& given : {one.x, stack({one.x, eye(one.x.size(0), {.dtype = one.x.dtype()})})}) {
      const Tensor x = given.detach().set_requires_grad();
      const Tensor y = linalg::det(x), first = x.ndim() == 2 ? y : y[0];
      CHECK((first.item() == one.value || first.item() == Approx(one.value).epsilon(digits)));
      for (bool graph : {false, true}) {
        const Tensor all = grad(sum(y), x, {.create_graph = graph, .retain_graph = true}).detach();
        CHECK(allclose(x.ndim() == 2 ? all : all[0], one.gradient, {.rtol = digits, .atol = 1e-322}));
      }
    }
  }
  // The second derivative of an order of 2 is the cofactors of the direction, at any scale.
  const Tensor w = f64({{1.0, 2.0}, {3.0, 5.0}});
  for (double scale : {1e-200, 1.0, 1e200})
    CHECK(is_close(second([](const Tensor& x) { return linalg::det(x); }, scale * w, w),
                   f64({{5.0, -3.0}, {-2.0, 1.0}})));
}

TEST_CASE("an inverse overflows alone, with no nan beside it", "[linalg]") {
  const Tensor x = diagonal_of({1.0, 1e-310}), expected = f64({{1.0, 0.0}, {0.0, kInf}});
  CHECK(linalg::inv(x).to_vector() == expected.to_vector());
  CHECK(linalg::inv(expand(x, {9, 2, 2}))[8].to_vector() == expected.to_vector());  // in lanes
  CHECK(linalg::inv(diagonal_of({1.0, 1e-40}, DType::float32)).to_vector() == expected.to_vector());
}

TEST_CASE("a singular member of a batch adds nothing to a gradient with a cotangent of 0", "[linalg]") {
  const Tensor regular = f64({{1.0, 2.0}, {0.5, 3.0}});
  const Tensor mask = cast(f64({0.0, 1.0}), DType::boolean);
  auto expect_nothing = [&](auto f) {
    for (const Tensor& singular : {diagonal_of({1.0, 0.0}), zeros({2, 2}, kDouble)}) {
      const Tensor x = stack({singular, regular});
      for (int kind : {0, 1}) {
        auto chosen = [&](const Tensor& x) { return kind == 0 ? f(x)[1] : where(mask, f(x), 0); };
        const Tensor of_batch = slope(chosen, x);
        CHECK(of_batch[0].to_vector() == std::vector<double>(4, 0));
        CHECK(is_close(of_batch[1], slope(f, regular)));
        const Tensor w = stack({regular, transpose(regular)});
        const Tensor of_second = second(chosen, x, w);
        CHECK(of_second[0].to_vector() == std::vector<double>(4, 0));
        CHECK(is_close(of_second[1], second(f, regular, transpose(regular)), 1e-10));
      }
    }
  };
  for (const linalg::NormOrder& ord : {linalg::NormOrder("fro"), linalg::NormOrder("nuc"), linalg::NormOrder(1),
                                       linalg::NormOrder(INFINITY), linalg::NormOrder(2)}) {
    INFO(concat(ord));
    expect_nothing([&](const Tensor& x) { return linalg::cond(x, ord); });
    const Tensor one = diagonal_of({1.0, 0.0});
    CHECK(linalg::cond(one, ord).item() == kInf);
    CHECK(std::isnan(slope([&](const Tensor& x) { return linalg::cond(x, ord); }, one)[{0, 0}].item()));
  }
  expect_nothing([](const Tensor& x) { return linalg::slogdet(x).log; });
  expect_nothing([](const Tensor& x) { return linalg::logdet(x); });
}

TEST_CASE("singular values have the second derivatives that exist at equal values and at 0", "[linalg]") {
  const Tensor tall = f64({{1.0, 2.0}, {2.0, 4.0}, {3.0, 6.0}});
  auto spectral = [](const Tensor& x) { return linalg::matrix_norm(x, {.ord = 2}); };
  auto first = [](const Tensor& x) { return select(linalg::svdvals(x), -1, 0); };
  for (const Tensor& x : {tall, transpose(tall), diagonal_of({3.0, 1.0, 1.0}), stack({tall, 2 * tall})}) {
    expect_second(spectral, x);
    expect_second(first, x);
    expect_second([](const Tensor& x) { return select(linalg::svd(x, {.full_matrices = false}).s, -1, 0); }, x);
    // Of the norm alone it is known that no other value plays a part.
    expect_second([&](const Tensor& x) { return square(spectral(x) - 1); }, x);
  }
  expect_second([](const Tensor& x) { return linalg::norm(x, {.ord = 2}); }, tall);
  // The slopes of the nuclear norm are the same for all values, whatever it is a part of.
  auto nuclear = [](const Tensor& x) { return linalg::matrix_norm(x, {.ord = "nuc"}); };
  for (const Tensor& x : {diagonal_of({2.0, 2.0}), f64({{2.0, 0.0}, {0.0, 2.0}, {0.0, 0.0}})}) {
    expect_second(nuclear, x);
    expect_second([&](const Tensor& x) { return square(nuclear(x)); }, x);
  }
  expect_second([](const Tensor& x) { return linalg::matrix_norm(x, {.ord = -2}); }, diagonal_of({3.0, 3.0, 1.0}));
  expect_second([](const Tensor& x) { return linalg::cond(x); }, diagonal_of({3.0, 2.0, 2.0, 1.0}));
  expect_second([](const Tensor& x) { return sum(exp(linalg::svdvals(x)), -1); },
                f64({{1.0, 2.0}, {0.5, 3.0}, {1.0, 1.0}}));
  // Third derivatives are made of the vectors.
  gradgradcheck([](const Tensor& x) { return grad(sum(exp(linalg::svdvals(x))), x, {.create_graph = true}); },
                {f64({{1.0, 2.0}, {0.5, 3.0}, {1.0, 1.0}})});
}

TEST_CASE("second derivatives of values that do not exist, or cannot be told from slopes, are refused", "[linalg]") {
  const Tensor w = ones({2, 2}, kDouble), unit = eye(2, kDouble);
  CHECK_THROWS_WITH(second([](const Tensor& x) { return linalg::matrix_norm(x, {.ord = 2}); }, unit, w),
                    Contains("matrix_norm: values must differ where vectors are differentiated, or values a second "
                             "time, but values 0 and 1 of it are equal to rounding (1). at linalg_extremes.cpp:"));
  // 2 is right, but 0 is what equal slopes divided by nothing would make of it.
  CHECK_THROWS_WITH(second([](const Tensor& x) { return sum(square(linalg::svdvals(x))); }, unit, w),
                    Contains("svdvals: values must differ") && !Contains("Degenerate"));
  CHECK_THROWS_WITH(second([](const Tensor& x) { return sum(square(linalg::svdvals(x))); },
                           f64({{1.0, 0.0}, {2.0, 0.0}, {3.0, 0.0}}), ones({3, 2}, kDouble)),
                    Contains("svdvals: values must not be 0 where they are differentiated a second time, but value 1 "
                             "of it is 0 to rounding. at linalg_extremes.cpp:"));
  CHECK_THROWS_WITH(second([](const Tensor& x) { return select(linalg::eigvalsh(x), 0, 0); }, unit, w),
                    Contains("eigvalsh: values must differ") && Contains("Degenerate::zero leaves out their terms."));
}

TEST_CASE("eigenvalues have the second derivatives that exist at equal values", "[linalg]") {
  const Tensor x = diagonal_of({1.0, 1.0, 3.0});
  auto symmetric = [](const Tensor& x) { return 0.5 * (x + transpose(x)); };
  for (bool upper : {false, true}) {
    expect_second([&](const Tensor& x) { return linalg::eigvalsh(symmetric(x), {.upper = upper})[2]; }, x);
    expect_second([&](const Tensor& x) { return linalg::eigh(symmetric(x), {.upper = upper}).values[2]; }, x);
  }
  expect_second([&](const Tensor& x) { return sum(linalg::eigvalsh(symmetric(x))); }, x);
  expect_second([&](const Tensor& x) { return sum(exp(linalg::eigvalsh(symmetric(x)))); },
                f64({{1.0, 0.5, 0.2}, {0.5, 2.0, 0.1}, {0.2, 0.1, 4.0}}));
  // A vector of its own value is differentiable beside equal ones.
  expect_second(
      [&](const Tensor& x) {
        return square(linalg::eigh(symmetric(x)).vectors[{0, 2}]);
      },
      f64({{1.0, 0.0, 0.0}, {0.0, 2.0, 1.0}, {0.0, 1.0, 2.0}}));
}

TEST_CASE("vectors that nothing depends on may have equal values, or values of 0", "[linalg]") {
  const linalg::SvdOptions reduced{.full_matrices = false};
  const Tensor tall = f64({{1.0, 2.0}, {2.0, 4.0}, {3.0, 6.0}});
  for (const Tensor& x : {tall, transpose(tall), diagonal_of({3.0, 1.0, 1.0})}) {
    const Tensor leaf = x.detach().set_requires_grad();
    const linalg::Svd parts = linalg::svd(leaf, reduced);
    CHECK(all(isfinite(
                  grad(sum(square(select(parts.u, -1, 0)) * arange(1, 1 + x.size(0))), leaf, {.retain_graph = true})))
              .item<bool>());
    CHECK_THROWS_AS(grad(sum(parts.u) + sum(parts.vh), leaf), std::invalid_argument);
  }
}

TEST_CASE("singular vectors have their gradients at every scale", "[linalg]") {
  const Tensor x = f64({{3.0, 1.0}, {2.0, -1.0}, {.5, 1.5}}), w = f64({{1.0, 2.0}, {-1.0, .5}, {.3, .7}});
  auto gradients = [&](int power, bool second) {
    const double scale = std::ldexp(1, power);
    const Tensor leaf = (x * scale).detach().set_requires_grad();
    const linalg::Svd parts = linalg::svd(leaf, {.full_matrices = false});
    Tensor g = grad(sum(parts.u * w) + sum(parts.vh * narrow(w, 0, 0, 2)), leaf, {.create_graph = second});
    if (second) g = grad(sum(g * w * scale), leaf);
    return g * scale;
  };
  const Tensor first = gradients(0, false), second = gradients(0, true);
  for (int power : {-530, 520, 1000}) CHECK(allclose(gradients(power, false), first, {.rtol = 1e-9}));
  for (int power : {-350, 350}) CHECK(allclose(gradients(power, true), second, {.rtol = 1e-9}));
}

TEST_CASE("matrices without elements have empty gradients of every decomposition", "[linalg]") {
  for (const Shape& shape : {Shape{5, 0}, Shape{0, 5}, Shape{2, 5, 0}}) {
    const Tensor x = zeros(shape, kVariable);
    const linalg::Svd parts = linalg::svd(x);
    CHECK(grad(sum(parts.u) + sum(parts.s) + sum(parts.vh), x).shape() == shape);
    for (linalg::QrMode mode : {linalg::QrMode::reduced, linalg::QrMode::complete}) {
      const linalg::Qr qr = linalg::qr(x, mode);
      CHECK(grad(sum(qr.q) + sum(qr.r), x).shape() == shape);
    }
    CHECK(grad(sum(linalg::qr(x, linalg::QrMode::r).r), x).shape() == shape);
    CHECK(grad(sum(linalg::svdvals(x)), x, {.create_graph = true}).shape() == shape);
    // backward() leaves one, too.
    Tensor leaf = zeros(shape, kVariable);
    sum(linalg::qr(leaf).r).backward();
    CHECK(leaf.grad().shape() == shape);
    leaf = zeros(shape, kVariable);
    sum(linalg::svd(leaf).s).backward();
    CHECK(leaf.grad().shape() == shape);
  }
}

TEST_CASE("second derivatives of matrices that are nearly singular", "[linalg]") {
  const Tensor w = f64({{1.0, 2.0}, {-1.0, 3.0}});
  // Of order 2 that of det is the cofactors of the direction, whatever the matrix.
  for (double beside : {1e-4, 1e-6, 1e-7})
    CHECK(is_close(second([](const Tensor& x) { return linalg::det(x); }, f64({{1.0, 2.0}, {3.0, 6 + beside}}), w),
                   f64({{3.0, 1.0}, {-2.0, 1.0}}), 1e-11));
  // A third derivative of det of order 3 is the same everywhere, and is there up to a condition of about 1e8.
  Generator generator(5);
  const Tensor w3 = normal({3, 3}, 0, 1, kDouble, generator), v3 = normal({3, 3}, 0, 1, kDouble, generator);
  auto third = [&](const Tensor& x) {
    const Tensor leaf = x.detach().set_requires_grad();
    const Tensor slope = grad(linalg::det(leaf), leaf, {.create_graph = true});
    return grad(sum(grad(sum(slope * w3), leaf, {.create_graph = true}) * v3), leaf);
  };
  CHECK(is_close(third(diagonal_of({1.0, 2.0, 1e-4})), third(eye(3, kDouble)), 1e-5));
  CHECK_THROWS_AS(third(diagonal_of({1.0, 2.0, 1e-9})), std::logic_error);

  auto weighted = [](const Tensor& weights) {
    return [weights](const Tensor& x) { return linalg::pinv(x) * weights; };
  };
  const Tensor square = f64({{1.0, 2.0}, {3.0, 6 + 1e-6}});
  const Tensor weights = f64({{1.0, -2.0}, {2.0, 1.0}});
  const Tensor of_inverse = second([&](const Tensor& x) { return linalg::inv(x) * weights; }, square, w);
  CHECK(is_close(second(weighted(weights), square, w), of_inverse, 1e-7));
  const Tensor symmetric = f64({{1.0, 2.0}, {2.0, 4 + 1e-6}}), both = f64({{1.0, 2.0}, {2.0, 3.0}});
  CHECK(
      is_close(second([&](const Tensor& x) { return linalg::pinv(x, {.hermitian = true}) * weights; }, symmetric, both),
               second([&](const Tensor& x) { return linalg::inv(x) * weights; }, symmetric, both), 1e-7));
  // By mpmath, with 80 digits.
  const Tensor tall = f64({{1.0, 2.0}, {3.0, 6 + std::ldexp(1, -20)}, {2.0, 4.0}});
  const Tensor expected = f64({{1.2436428841851787e+21, -6.2182138097732521e+20},
                               {-6.4545169274286713e+20, 3.2272581545316349e+20},
                               {3.4635623542826073e+20, -1.7317810189435066e+20}});
  const Tensor of_tall = f64({{1.0, -2.0, 3.0}, {2.0, 1.0, -1.0}}), along = f64({{1.0, 2.0}, {-1.0, 3.0}, {2.0, -2.0}});
  CHECK(is_close(second(weighted(of_tall), tall, along), expected, 1e-6));
  CHECK(is_close(second(weighted(transpose(of_tall)), transpose(tall), transpose(along)), transpose(expected), 1e-6));
}
