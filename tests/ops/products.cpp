#include <xgrad/autograd/ops/products.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/functional.hpp>
#include <xgrad/autograd/kernels/blocked_product.hpp>
#include <xgrad/autograd/kernels/matmul.hpp>
#include <xgrad/autograd/kernels/small_gemm.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Contains;

namespace {

Tensor counted(const Shape& shape, double offset = 0) {
  return reshape(arange(static_cast<double>(shape.numel()), kDouble) * 0.25 + offset, shape);
}

/// The product by its definition, for stacks of matrices.
Tensor reference(const Tensor& a, const Tensor& b) { return sum(unsqueeze(a, -1) * unsqueeze(b, -3), -2); }

Tensor random(const Shape& shape, DType dtype, int seed) {
  Generator generator(seed);
  return normal(shape, 0, 1, {.dtype = dtype}, generator);
}

bool same_bits(const Tensor& a, const Tensor& b) {
  return a.shape() == b.shape() &&
         std::memcmp(a.data<float>(), b.data<float>(), static_cast<std::size_t>(a.numel()) * sizeof(float)) == 0;
}

}  // namespace

TEST_CASE("matmul of two matrices", "[products]") {
  Tensor c = matmul(f64({{1, 2}, {3, 4}}), f64({{5, 6, 7}, {8, 9, 10}}));
  CHECK(is_close(c, f64({{21, 24, 27}, {47, 54, 61}})));
}

TEST_CASE("matmul of every combination of ranks", "[products]") {
  Tensor v3 = counted({3}, 1);
  Tensor v2 = counted({2}, -1);
  Tensor m = counted({2, 3});
  Tensor stack = counted({4, 2, 3});
  CHECK(is_close(matmul(v3, v3), sum(v3 * v3)));
  CHECK(is_close(matmul(m, v3), sum(m * v3, 1)));
  CHECK(is_close(matmul(v2, m), sum(unsqueeze(v2, 1) * m, 0)));
  CHECK(is_close(matmul(stack, v3), sum(stack * v3, 2)));
  CHECK(is_close(matmul(v2, stack), sum(unsqueeze(v2, 1) * stack, 1)));
  CHECK(is_close(matmul(stack, transpose(m)), reference(stack, transpose(m))));
  CHECK(is_close(matmul(transpose(m), stack), reference(transpose(m), stack)));
}

TEST_CASE("matmul broadcasts leading axes", "[products]") {
  Tensor a = counted({5, 1, 2, 3});
  Tensor b = counted({4, 3, 2}, -2);
  Tensor c = matmul(a, b);
  CHECK(c.shape() == Shape{5, 4, 2, 2});
  CHECK(is_close(c, reference(a, b)));
  Tensor expanded = expand(counted({1, 3, 2}), {4, 3, 2});
  CHECK(is_close(matmul(counted({4, 2, 3}), expanded), reference(counted({4, 2, 3}), expanded)));
}

TEST_CASE("matmul of many broadcast matrices, cut between threads anywhere", "[products]") {
  Tensor a = counted({41, 1, 7, 2, 3}, -50);
  Tensor b = transpose(counted({5, 1, 2, 3}, -7));
  Tensor expected = reference(a, b);
  int threads = num_threads();
  for (int count : {1, 2, 3}) {
    set_num_threads(count);
    CHECK(is_close(matmul(a, b), expected));
  }
  set_num_threads(threads);
}

TEST_CASE("matmul takes any layout", "[products]") {
  Tensor a = counted({6, 8});
  Tensor b = counted({6, 10}, 1);
  Tensor at = transpose(a);
  CHECK(is_close(matmul(at, b), reference(contiguous(at), b)));
  Tensor sliced = a[{slice(1, 5), slice(0, 8, 2)}];
  CHECK(is_close(matmul(sliced, counted({4, 3})), reference(contiguous(sliced), counted({4, 3}))));
  Tensor columns = a[{ellipsis, slice(2, 6)}];
  CHECK(is_close(matmul(transpose(columns), columns), reference(contiguous(transpose(columns)), contiguous(columns))));
  Tensor backwards = flip(a, 1);
  CHECK(is_close(matmul(backwards, transpose(a)), reference(contiguous(backwards), contiguous(at))));
  Tensor rows = expand(counted({1, 8}), {3, 8});
  CHECK(is_close(matmul(rows, at), reference(contiguous(rows), contiguous(at))));
  Tensor constant = expand(counted({}, 2), {8, 3});
  CHECK(is_close(matmul(a, constant), reference(a, contiguous(constant))));
  Tensor permuted = permute(counted({2, 3, 4}), {1, 2, 0});
  CHECK(is_close(matmul(permuted, counted({2, 5})), reference(contiguous(permuted), counted({2, 5}))));
}

TEST_CASE("matmul of empty operands", "[products]") {
  CHECK(is_close(matmul(zeros({2, 0}, kDouble), zeros({0, 3}, kDouble)), zeros({2, 3}, kDouble)));
  CHECK(matmul(zeros({0, 2}), zeros({2, 3})).shape() == Shape{0, 3});
  CHECK(matmul(zeros({5, 0, 2}), zeros({2, 3})).shape() == Shape{5, 0, 3});
  CHECK(matmul(zeros({0, 4, 2}), zeros({0, 2, 3})).shape() == Shape{0, 4, 3});
  CHECK(matmul(zeros({0, 300, 300}), zeros({0, 300, 300})).shape() == Shape{0, 300, 300});  // each a large product
  CHECK(matmul(zeros({0}, kDouble), zeros({0}, kDouble)).item() == 0);
}

TEST_CASE("matmul of integers, and of mixed dtypes", "[products]") {
  Tensor c = matmul(tensor({{1, 2}, {3, 4}}), tensor({{1, 0}, {2, 1}}));
  CHECK(c.dtype() == DType::int64);
  CHECK(c.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 2, 11, 4});
  CHECK(matmul(tensor({{1, 2}}), tensor({{0.5}, {0.25}})).dtype() == DType::float32);
  CHECK(matmul(tensor({1, 2}), tensor({3, 4})).item<std::int64_t>() == 11);
}

TEST_CASE("matmul says what does not fit", "[products]") {
  int line = __LINE__ + 1;
  auto product = [] { matmul(zeros({2, 3}), zeros({4, 5})); };
  CHECK(message_of<std::invalid_argument>(product) ==
        "matmul: inner sizes must agree, but a is [2, 3] and b is [4, 5] (3 != 4). at " + place(line));
  CHECK_THROWS_AS(matmul(zeros({2, 3}), zeros({4})), std::invalid_argument);
  CHECK_THROWS_WITH(matmul(zeros({}), zeros({4})), Contains("at least one axis, but a is [] and b is [4]"));
  CHECK_THROWS_WITH(matmul(zeros({2, 4, 3}), zeros({3, 3, 5})),
                    Contains("must broadcast, but a is [2, 4, 3] and b is"));
  CHECK_THROWS_WITH(matmul(tensor({{true}}), tensor({{true}})), Contains("both are boolean"));
  CHECK_THROWS_WITH(dot(zeros({2}), zeros({3})), Contains("equally long, but a is [2] and b is [3]"));
  CHECK_THROWS_WITH(outer(zeros({2, 2}), zeros({3})), Contains("must be 1-d"));
}

TEST_CASE("gradients of matmul by hand", "[products]") {
  Tensor a = variable({{1, 2}, {3, 4}});
  Tensor b = variable({{5, 6}, {7, 8}});
  std::vector<Tensor> g = grad(sum(matmul(a, b)), std::vector<Tensor>{a, b});
  CHECK(is_close(g[0], f64({{11, 15}, {11, 15}})));
  CHECK(is_close(g[1], f64({{4, 4}, {6, 6}})));
}

TEST_CASE("gradients of matmul, first and second order, for every combination of ranks", "[products]") {
  Shape lefts[] = {{3}, {2, 3}, {4, 2, 3}, {1, 2, 3}, {2, 1, 2, 3}, {1, 3}};
  Shape rights[] = {{3}, {3, 2}, {4, 3, 2}, {4, 3, 1}, {3, 1}};
  for (const Shape& left : lefts)
    for (const Shape& right : rights) {
      INFO(to_string(left) << " " << to_string(right));
      gradgradcheck([](const Tensor& a, const Tensor& b) { return matmul(a, b); },
                    {random(left, DType::float64, 1), random(right, DType::float64, 2)});
    }
  gradgradcheck([](const Tensor& a, const Tensor& b) { return matmul(transpose(a), b); },
                {random({3, 2}, DType::float64, 1), random({3, 4}, DType::float64, 2)});
}

TEST_CASE("matmul's cotangent may be a broadcast view, and inner size may be 0", "[products]") {
  Tensor a = ones({3, 0}, kVariable);
  Tensor b = ones({0, 2}, kVariable);
  std::vector<Tensor> g = grad(sum(matmul(a, b)), std::vector<Tensor>{a, b});
  CHECK(g[0].shape() == Shape{3, 0});
  CHECK(g[1].shape() == Shape{0, 2});
}

TEST_CASE("dot and outer", "[products]") {
  Tensor a = f64({1, 2, 3});
  Tensor b = f64({4, 5, 6});
  CHECK(dot(a, b).item() == 32);
  CHECK(is_close(outer(a, b), f64({{4, 5, 6}, {8, 10, 12}, {12, 15, 18}})));
  gradgradcheck([](const Tensor& a, const Tensor& b) { return dot(a, b); }, {a, b});
  gradgradcheck([](const Tensor& a, const Tensor& b) { return outer(a, b); }, {a, b});
  Tensor long_ones = ones({1000003});
  CHECK(dot(long_ones, long_ones).item() == 1000003);
}

TEST_CASE("affine is x weight^T + bias", "[products]") {
  Tensor x = counted({4, 3});
  Tensor weight = counted({2, 3}, -1);
  Tensor bias = f64({10, 20});
  Tensor expected = matmul(x, transpose(weight)) + bias;
  CHECK(is_close(affine(x, weight, bias), expected));
  CHECK(is_close(affine(x, weight), expected - bias));
  CHECK(is_close(affine(x[0], weight, bias), expected[0]));
  CHECK(is_close(affine(x, weight[1], bias[1]), select(expected, -1, 1)));
  CHECK_THROWS_WITH(affine(x, weight[1], bias), Contains("affine: bias must be [], as weight is [3]"));
  CHECK(is_close(affine(reshape(x, {2, 2, 3}), weight, bias), reshape(expected, {2, 2, 2})));
  CHECK(is_close(affine(transpose(counted({3, 4})), weight, bias),
                 matmul(transpose(counted({3, 4})), transpose(weight)) + bias));
  CHECK(is_close(affine(x, transpose(counted({3, 2})), bias), matmul(x, counted({3, 2})) + bias));
  CHECK(is_close(affine(x, weight, expand(f64({7}), {2})), expected - bias + 7));
  CHECK(std::string(affine(x, variable({{1, 2, 3}})).operation()) == "affine");
}

TEMPLATE_TEST_CASE("affine adds a bias of any layout to products of any size", "[products][threads]", float, double) {
  constexpr DType dtype = dtype_of<TestType>;
  const TensorOptions of_dtype{.dtype = dtype};
  const int before = num_threads();
  constexpr std::array<std::int64_t, 3> sizes[] = {{1, 5, 3}, {9, 1, 4}, {4, 5, 6}, {96, 80, 90}, {300, 257, 260}};
  for (const auto& [rows, outs, ins] : sizes) {
    Generator generator(4);
    const Tensor x = normal({rows, ins}, 0, 1, of_dtype, generator),
                 weight = normal({outs, ins}, 0, 1, of_dtype, generator),
                 bias = normal({outs, 2}, 0, 1, of_dtype, generator)[{ellipsis, 1}];
    const Tensor expected = matmul(x, transpose(weight)) + bias;
    const double tolerance = dtype == DType::float32 ? 1e-4 : 1e-12;
    for (int threads : {1, 2}) {
      set_num_threads(threads);
      INFO(rows << " x " << outs << " x " << ins << ", " << threads << " threads");
      for (const Tensor& each : {bias, contiguous(bias)})
        CHECK(allclose(affine(x, weight, each), expected, {.rtol = tolerance, .atol = tolerance}));
    }
  }
  set_num_threads(before);
}

TEST_CASE("affine of nothing", "[products]") {
  CHECK(affine(zeros({0, 3}), ones({2, 3}), ones({2})).shape() == Shape{0, 2});
  CHECK(is_close(affine(zeros({2, 0}, kDouble), ones({2, 0}, kDouble), f64({1, 2})), f64({{1, 2}, {1, 2}})));
  Tensor weight = ones({2, 3}, kVariable);
  Tensor bias = ones({2}, kVariable);
  std::vector<Tensor> g = grad(sum(affine(zeros({0, 3}, kDouble), weight, bias)), std::vector<Tensor>{weight, bias});
  CHECK(is_close(g[0], zeros({2, 3}, kDouble)));
  CHECK(is_close(g[1], zeros({2}, kDouble)));
}

TEST_CASE("gradients of affine, first and second order", "[products]") {
  auto f = [](const Tensor& x, const Tensor& w, const Tensor& b) { return affine(x, w, b); };
  Tensor w = random({2, 3}, DType::float64, 1);
  Tensor b = random({2}, DType::float64, 2);
  for (const Shape& shape : {Shape{3}, Shape{4, 3}, Shape{2, 2, 3}, Shape{1, 3}})
    gradgradcheck(f, {random(shape, DType::float64, 3), w, b});
  gradgradcheck([](const Tensor& x, const Tensor& w) { return affine(x, w); }, {random({4, 3}, DType::float64, 3), w});
  gradgradcheck([](const Tensor& x, const Tensor& w) { return affine(transpose(x), transpose(w)); },
                {random({3, 4}, DType::float64, 3), random({3, 2}, DType::float64, 4)});
}

TEST_CASE("affine promotes and checks its operands", "[products]") {
  CHECK(affine(ones({1, 2}), ones({3, 2}, kDouble)).dtype() == DType::float64);
  CHECK(affine(tensor({{1, 2}}), tensor({{3, 4}}), tensor({5})).item<std::int64_t>() == 16);
  int line = __LINE__ + 1;
  auto layer = [] { affine(zeros({32, 100}), zeros({10, 64})); };
  CHECK(message_of<std::invalid_argument>(layer) ==
        "affine: last axis of x must be 64, as weight is [10, 64], but x is [32, 100]. at " + place(line));
  CHECK_THROWS_WITH(affine(zeros({2, 3}), zeros({})), Contains("weight must be a matrix [out, in], but it is []"));
  CHECK_THROWS_WITH(affine(zeros({2, 4}), zeros({3})), Contains("affine: last axis of x must be 3, as weight is [3]"));
  CHECK_THROWS_WITH(affine(zeros({2, 3}), zeros({4, 3}), zeros({3})), Contains("bias must be [4]"));
}

TEST_CASE("products agree with their definition at many sizes", "[products]") {
  std::int64_t sizes[] = {1, 2, 3, 7, 16, 17, 33};
  for (std::int64_t m : sizes)
    for (std::int64_t n : sizes)
      for (std::int64_t k : sizes) {
        Tensor a = random({m, k}, DType::float64, 1);
        Tensor b = random({k, n}, DType::float64, 2);
        Tensor bt = contiguous(transpose(b));
        Tensor at = contiguous(transpose(a));
        Tensor expected = reference(a, b);
        INFO(m << " " << n << " " << k);
        CHECK(allclose(matmul(a, b), expected, {.rtol = 1e-12, .atol = 1e-13}));
        CHECK(allclose(matmul(a, transpose(bt)), expected, {.rtol = 1e-12, .atol = 1e-13}));
        CHECK(allclose(matmul(transpose(at), b), expected, {.rtol = 1e-12, .atol = 1e-13}));
        CHECK(allclose(matmul(transpose(at), transpose(bt)), expected, {.rtol = 1e-12, .atol = 1e-13}));
      }
}

TEST_CASE("a product of more rows, columns or inner elements than an int counts is many calls to BLAS", "[products]") {
  // With a limit of 7 in the place of 2^30; the layouts are those of a transposed a, and of a c with gaps.
  const std::int64_t m = 23, n = 18, k = 29, gap = 21;
  Tensor a = random({k, m}, DType::float64, 1), b = random({k, n}, DType::float64, 2),
         c = random({m, gap}, DType::float64, 3);
  Tensor expected = matmul(transpose(a), b) + 0.5 * c[{ellipsis, slice(0, n)}];
  REQUIRE(internal::blas_product<double>(m, n, k, {a.data<double>(), 1, m}, {b.data<double>(), n, 1}, 0.5,
                                         c.mutable_data<double>(), gap, 7));
  CHECK(is_close(c[{ellipsis, slice(0, n)}], expected));
  // A leading dimension beyond int is refused, and the plain loops take over.
  const std::int64_t far = std::int64_t{1} << 32;
  CHECK_FALSE(internal::blas_product<double>(2, 2, 2, {a.data<double>(), far, 1}, {b.data<double>(), n, 1}, 0,
                                             c.mutable_data<double>(), gap));
  CHECK_FALSE(internal::blas_product<double>(2, 2, 2, {a.data<double>(), 2, 1}, {b.data<double>(), n, 1}, 0,
                                             c.mutable_data<double>(), far));
  CHECK_FALSE(internal::fits_blas(2, far, far, 1));
}

TEST_CASE("gemm adds to what is there, by beta", "[products]") {
  double a[] = {1, 2, 3, 4};
  double b[] = {5, 6, 7, 8};
  double c[] = {1, 1, -1, 1, 1, -1};
  internal::gemm<double>(2, 2, 2, {a, 2, 1}, {b, 2, 1}, 2, c, 3);
  CHECK(std::vector<double>(c, c + 6) == std::vector<double>{21, 24, -1, 45, 52, -1});
  internal::gemm<double>(2, 2, 0, {a, 2, 1}, {b, 2, 1}, 0, c, 3);
  CHECK(std::vector<double>(c, c + 6) == std::vector<double>{0, 0, -1, 0, 0, -1});
}

TEMPLATE_TEST_CASE("the kernels for small products agree with the definition at every edge", "[products]", float,
                   double) {
  // Called by themselves: whether gemm() takes them depends on the kernels that OpenBLAS has for this machine.
  using T = TestType;
  constexpr T kUntouched = -77;
  auto number = [](std::int64_t i) { return static_cast<T>(i % 7 - 3); };  // sums of a few products are exact
  for (std::int64_t m : {1, 3, 8, 9, 17})
    for (std::int64_t n : {1, 2, 7, 8, 16, 17, 31, 32, 33, 40})
      for (std::int64_t k : {1, 2, 5, 19})
        for (T beta : {T(0), T(1), T(-2)})
          for (bool is_transposed : {false, true}) {
            std::int64_t ldb = (is_transposed ? k : n) + 3, ldc = n + 2;
            std::vector<T> a(m * k), b((is_transposed ? n : k) * ldb), c(m * ldc, kUntouched), expected(c);
            for (std::size_t i = 0; i < a.size(); ++i) a[i] = number(3 * i);
            for (std::size_t i = 0; i < b.size(); ++i) b[i] = number(5 * i + 1);
            for (std::int64_t i = 0; i < m; ++i)
              for (std::int64_t j = 0; j < n; ++j) {
                T sum = 0;
                for (std::int64_t p = 0; p < k; ++p) sum += a[p * m + i] * b[is_transposed ? j * ldb + p : p * ldb + j];
                c[i * ldc + j] = number(i + j);
                expected[i * ldc + j] = sum + (beta == 0 ? T(0) : beta * number(i + j));
              }
            // a is stored by columns.
            if (is_transposed)
              internal::small_gemm_transposed<T>(m, n, k, a.data(), 1, m, b.data(), ldb, beta, c.data(), ldc);
            else
              internal::small_gemm<T>(m, n, k, a.data(), 1, m, b.data(), ldb, beta, c.data(), ldc);
            INFO(m << " x " << n << " x " << k << ", beta " << beta << (is_transposed ? ", b transposed" : ""));
            REQUIRE(c == expected);
          }
}

TEST_CASE("products have the same bits for any number of threads", "[products]") {
  struct Case {
    Shape a, b;
    bool transposed;
  };
  Case cases[] = {{{300, 200}, {200, 310}, false},     {{300, 200}, {310, 200}, true},
                  {{40, 1000}, {1000, 700}, false},    {{700, 1000}, {40, 1000}, true},
                  {{900, 700}, {700}, false},          {{700}, {700, 1100}, false},
                  {{30, 40, 50}, {30, 50, 60}, false}, {{3, 200, 200}, {3, 200, 200}, true}};
  int before = num_threads();
  for (const Case& c : cases) {
    Tensor a = random(c.a, DType::float32, 1);
    Tensor b = random(c.b, DType::float32, 2);
    if (c.transposed) b = transpose(b);
    set_num_threads(1);
    Tensor one = matmul(a, b);
    for (int threads : {2, 3}) {
      set_num_threads(threads);
      CHECK(same_bits(one, matmul(a, b)));
    }
  }
  set_num_threads(before);
}

TEST_CASE("affine without outputs or inputs has derivatives of every order", "[products]") {
  for (Shape shape : {Shape{0, 3}, Shape{2, 0}}) {
    Tensor w = zeros(shape, kVariable), x = ones({2, shape[1]}, kDouble);
    Tensor first = grad(sum(affine(x, w)), w, {.create_graph = true});
    CHECK(first.shape() == shape);
    CHECK(grad(sum(affine(x, w)), w).shape() == shape);
  }
}

TEST_CASE("einsum reads equations as PyTorch does", "[products]") {
  Tensor x = reshape(arange(0, 6, 1, {.dtype = DType::float64}), {2, 3});
  CHECK(einsum("ba", {x}).shape() == Shape{3, 2});
  CHECK(einsum("aB", {x}).shape() == Shape{3, 2});  // A to Z stand before a to z
  CHECK(einsum(" i j , j k -> i k ", {x, transpose(x)}).to_vector() == matmul(x, transpose(x)).to_vector());
  CHECK(einsum("ij...", {x}).shape() == Shape{2, 3});
  CHECK(einsum("...", {x}).shape() == Shape{2, 3});
  CHECK(einsum("...->", {x}).item() == 15);
  CHECK(einsum("i...->i", {x}).to_vector() == std::vector<double>{3, 12});
  CHECK(einsum("ij->...ij", {x}).shape() == Shape{2, 3});
  CHECK(einsum("", {full({}, 3)}).item() == 3);
  CHECK(einsum(",->", {full({}, 3), full({}, 2)}).item() == 6);
  CHECK(einsum("ij,ij", {x, x}).item() == 55);
  CHECK(einsum("ii", {matmul(x, transpose(x))}).item() == 55);
  CHECK(einsum("...ij,...jk->...ik", {ones({2, 1, 3, 4}), ones({5, 4, 2})}).shape() == Shape{2, 5, 3, 2});
  CHECK(einsum("b...i,...ij->...bj", {ones({2, 1, 3}), ones({4, 3, 5})}).shape() == Shape{4, 2, 5});
}

TEST_CASE("einsum of booleans counts, and does not multiply and sum", "[products]") {
  Tensor x = ones({2, 3}, {.dtype = DType::boolean});
  CHECK(einsum("ij->i", {x}).dtype() == DType::int64);
  CHECK(einsum("ij,ij->ij", {x, x}).dtype() == DType::boolean);
  CHECK_THROWS_WITH(einsum("ij,kj->ik", {x, x}),
                    Catch::Contains("einsum: operands of a sum must be numbers, but all are "
                                    "boolean. Use cast(). at products.cpp:"));
  CHECK(einsum("ij,kj->ik", {x, ones({1, 3})}).dtype() == DType::float32);
}

TEST_CASE("einsum stretches axes of extent 1, sums over nothing, and takes any layout", "[products]") {
  Tensor x = tensor({{1.0}, {2.0}}, {.dtype = DType::float64});
  Tensor y = reshape(arange(0, 12, 1, {.dtype = DType::float64}), {3, 4});
  CHECK(einsum("ij,jk->ik", {x, y}).to_vector() == std::vector<double>{12, 15, 18, 21, 24, 30, 36, 42});
  CHECK(einsum("ij,jk->ijk", {x, y}).shape() == Shape{2, 3, 4});
  CHECK(einsum("ij,jk->ik", {ones({2, 0}), ones({0, 3})}).to_vector() == std::vector<double>(6, 0));
  Tensor flipped = flip(y, {0, 1});
  CHECK(allclose(einsum("ij,ik->jk", {flipped, y}), matmul(transpose(flipped), y)));
  CHECK(einsum("iij->j", {expand(ones({1, 1, 2}), {3, 3, 2})}).to_vector() == std::vector<double>{3, 3});
  CHECK(einsum("ij,kj->ki", {y, y}).is_contiguous());
}

TEST_CASE("einsum multiplies in the cheapest order", "[products]") {
  // From the left this would hold 10^8 elements; more operands than the optimal order is searched for.
  Tensor v = ones({10000});
  CHECK(einsum("i,j,i,j->", {v, v, v, v}).item() == 1e8);
  std::vector<Tensor> many(11, ones({2, 2}));
  CHECK(einsum("ab,bc,cd,de,ef,fg,gh,hi,ij,jk,kl->al", many).to_vector() == std::vector<double>(4, 1024));
  CHECK(linalg::multi_dot({ones({10000, 1}), ones({1, 10000}), ones({10000, 1})}).shape() == Shape{10000, 1});
  CHECK(linalg::multi_dot({full({2, 1}, 3)}).to_vector() == std::vector<double>{3, 3});  // as chain_matmul has it
  CHECK_THROWS_WITH(linalg::multi_dot({ones({3})}), Catch::Contains("multi_dot: operand 0 of 1 must be a matrix, but"));
}

TEST_CASE("einsum says what is wrong", "[products]") {
  Tensor x = ones({2, 3});
  CHECK_THROWS_WITH(einsum("i.j", {x}), Catch::Contains("einsum: a dot must be one of the three of an ellipsis, but "
                                                        "\"i.j\" has another at position 1. at products.cpp:"));
  CHECK_THROWS_WITH(einsum("i1", {x}),
                    Catch::Contains("einsum: the equation must be of letters, commas, ellipses and one "
                                    "arrow, but \"i1\" has '1' at position 1. at products.cpp:"));
  CHECK_THROWS_WITH(einsum("ij,", {x}),
                    Catch::Contains("einsum: there must be an operand for each term of \"ij,\", but "
                                    "there are 1 for 2. at products.cpp:"));
  CHECK_THROWS_WITH(einsum("i", {x}),
                    Catch::Contains("einsum: \"i\" must have a label for each axis of operand 0, but it "
                                    "has 1 and the operand is [2, 3]. at products.cpp:"));
  CHECK_THROWS_WITH(einsum("ij->ii", {x}),
                    Catch::Contains("einsum: the result has each label once, but \"ij->ii\" has 'i' "
                                    "twice. at products.cpp:"));
  CHECK_THROWS_WITH(einsum("ij->k", {x}),
                    Catch::Contains("einsum: the result's labels must be some operand's, but 'k'"));
  CHECK_THROWS_WITH(einsum("ij,jk", {x, x}),
                    Catch::Contains("einsum: the axes that 'j' of \"ij,jk\" names must have one "
                                    "extent, but operand 1 is [2, 3] (2 and 3). at products.cpp:"));
  CHECK_THROWS_WITH(einsum("ii", {x}), Catch::Contains("einsum: the axes that 'i' of \"ii\" name"));
  CHECK_THROWS_WITH(einsum("ii->i", {ones({1, 2})}), Catch::Contains("names twice must have one extent"));
  CHECK_THROWS_AS(einsum("a->b->c", {x}), std::invalid_argument);
  CHECK_THROWS_AS(einsum("......", {x}), std::invalid_argument);
  CHECK_THROWS_AS(einsum("abcdefghi->ihgfedcba", {x}), std::invalid_argument);
  CHECK_THROWS_WITH(einsum("abcde,fghij->abcdefghij", {ones({1, 1, 1, 1, 1}), ones({1, 1, 1, 1, 1})}),
                    Catch::Contains("einsum: the result has at most 8 axes"));
}

TEST_CASE("alpha of 0 ignores the product, nan and all, but for addr", "[products]") {
  Tensor a = tensor({{std::nan(""), 1.0}, {1.0, 1.0}}).set_requires_grad();
  Tensor b = ones({2, 2}).set_requires_grad(), input = full({2, 2}, 3).set_requires_grad();
  const std::vector<double> six(4, 6);
  const AddProductOptions options{.beta = 2, .alpha = 0};
  CHECK(addmm(input, a, b, options).to_vector() == six);
  CHECK(addmv(input[0], a, b[0], options).to_vector() == std::vector<double>(2, 6));
  CHECK(addbmm(input, stack({a, a}), stack({b, b}), options).to_vector() == six);
  CHECK(baddbmm(input, unsqueeze(a, 0), unsqueeze(b, 0), options).to_vector() == six);
  CHECK(std::isnan(addr(input, a[0], b[0], options)[{0, 0}].item()));  // as PyTorch has it
  const Tensor whole = ones({2, 2}, {.dtype = DType::int64});
  CHECK(addmm(whole, whole, whole, {.alpha = 0.5}).to_vector<int>() == std::vector<int>(4, 1));
  const Tensor y = sum(addmm(input, a, b, options));
  CHECK(grad(y, a, {.retain_graph = true}).to_vector() == std::vector<double>(4, 0));
  CHECK(grad(y, b, {.retain_graph = true}).to_vector() == std::vector<double>(4, 0));
  CHECK(grad(y, input).to_vector() == std::vector<double>(4, 2));
  // An operand that is ignored has a gradient, of 0.
  CHECK(grad(sum(addmm(input, b, b, {.beta = 0})), input).to_vector() == std::vector<double>(4, 0));
  CHECK(grad(sum(addmm(input, b, b, {.beta = 0})), b).to_vector() == std::vector<double>(4, 4));
  CHECK(addmm(input, a, b, {.beta = 0, .alpha = 0}).to_vector() == std::vector<double>(4, 0));
}

TEST_CASE("beta of 0 ignores the input, nan and all, and integers truncate factors", "[products]") {
  Tensor nan = full({2, 2}, std::nan(""));
  CHECK(addmm(nan, ones({2, 3}), ones({3, 2}), {.beta = 0}).to_vector() == std::vector<double>(4, 3));
  Tensor i = ones({2, 2}, {.dtype = DType::int64});
  CHECK(addmm(i, i, i, {.beta = 0.5, .alpha = 1.9}).to_vector<int>() == std::vector<int>(4, 2));
  constexpr std::int64_t kOdd = (std::int64_t{1} << 53) + 1;  // between two doubles
  CHECK(addmm(i, i, i, {.beta = kOdd, .alpha = 0}).to_vector<std::int64_t>() == std::vector<std::int64_t>(4, kOdd));
  Tensor yes = ones({2}, {.dtype = DType::boolean});
  CHECK(addr(zeros({2, 2}, {.dtype = DType::boolean}), yes, yes).to_vector<bool>() == std::vector<bool>(4, true));
  CHECK_THROWS_WITH(
      addmm(ones({3, 2, 2}), ones({2, 3}), ones({3, 2})),
      Catch::Contains("addmm: the input must broadcast to the product's shape [2, 2], but it is [3, 2, 2]."));
  CHECK_THROWS_WITH(addmm(i, i, i, {.alpha = 1e30}), Catch::Contains("addmm: an int64 must hold beta and alpha"));
}

TEST_CASE("distances of equal points have gradient 0, of every p and order", "[products]") {
  for (double p : {0.5, 1.0, 2.0, 3.0, std::numeric_limits<double>::infinity()}) {
    Tensor x = tensor({{1.0, 2.0}, {1.0, 2.0}, {1.0, 3.0}}, {.dtype = DType::float64}).set_requires_grad();
    Tensor y = sum(cdist(x, x, p));
    Tensor g = grad(y, x, {.create_graph = true});
    INFO("p = " << p);
    CHECK(g.to_vector() == std::vector<double>{0, -2, 0, -2, 0, 4});
    CHECK(grad(y, x, {.retain_graph = true}).to_vector() == g.to_vector());
    for (double second : grad(sum(g * g), x).to_vector()) CHECK(std::isfinite(second));
  }
}

TEST_CASE("distances neither overflow nor underflow, and nan propagates", "[products]") {
  Tensor a = tensor({{3e30, 4e30}, {3e-30, 4e-30}}), zero = zeros({1, 2});
  CHECK(allclose(cdist(a, zero), tensor({{5e30}, {5e-30}}), {.rtol = 1e-6, .atol = 0}));
  CHECK(cdist(tensor({{1.0, 1e-6 + 1.0}}, {.dtype = DType::float64}), ones({1, 2}, {.dtype = DType::float64})).item() ==
        Approx(1e-6).epsilon(1e-9));
  for (double p : {0.0, 0.5, 1.0, 2.0, std::numeric_limits<double>::infinity()})
    CHECK(std::isnan(cdist(tensor({{std::nan(""), 1.0}}), zero, p).item()));
  CHECK(cdist(ones({2, 0}), ones({3, 0})).to_vector() == std::vector<double>(6, 0));
  CHECK_THROWS_WITH(cdist(ones({2, 2}), ones({2, 2}), -1),
                    Catch::Contains("cdist: p must not be negative or nan, but it "
                                    "is -1. at products.cpp:"));
}

TEST_CASE("kron of more axes than a tensor of its blocks could have", "[products]") {
  Tensor a = reshape(arange(0, 8, 1, {.dtype = DType::float64}), {2, 1, 2, 1, 2}).set_requires_grad();
  Tensor b = reshape(arange(0, 4, 1, {.dtype = DType::float64}), {2, 2});
  Tensor y = kron(a, b);
  CHECK(y.shape() == Shape{2, 1, 2, 2, 4});
  CHECK(y.to_vector()[static_cast<std::size_t>(((1 * 2 + 1) * 2 + 1) * 4 + 2)] == 7 * 2);
  CHECK(grad(sum(y), a).to_vector() == std::vector<double>(8, 6));
}

namespace {

/// Small whole numbers, whose sums are exact in each dtype.
template <class T>
std::vector<T> whole_numbers(std::int64_t count, std::int64_t seed) {
  std::vector<T> values;
  for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<T>((i * 7919 + seed) % 8 - 3));
  return values;
}

/// Element (i, j) at [i * row + j * column].
struct Strided {
  std::int64_t row, column;
};

/// gemm() of a layout beside that of integers, which goes by plain loops. c has a gap behind each row, which must stay.
template <class T>
void check_whole_product(std::int64_t m, std::int64_t n, std::int64_t k, Strided a, Strided b, int beta) {
  const std::int64_t a_size = (m - 1) * a.row + (k - 1) * a.column + 1,
                     b_size = (k - 1) * b.row + (n - 1) * b.column + 1;
  const std::int64_t gap = n + 3;
  const auto left = whole_numbers<T>(a_size, 1), right = whole_numbers<T>(b_size, 5);
  const auto left_whole = whole_numbers<std::int64_t>(a_size, 1), right_whole = whole_numbers<std::int64_t>(b_size, 5);
  std::vector<T> c = whole_numbers<T>(m * gap, 3);
  auto expected = whole_numbers<std::int64_t>(m * gap, 3);
  internal::gemm<std::int64_t>(m, n, k, {left_whole.data(), a.row, a.column}, {right_whole.data(), b.row, b.column},
                               beta, expected.data(), gap);
  if (beta == 0)  // must not be read
    for (std::int64_t i = 0; i < m; ++i)
      for (std::int64_t j = 0; j < n; ++j) c[i * gap + j] = std::numeric_limits<T>::quiet_NaN();
  std::vector<T> by_blocks = c;  // gemm() goes by blocks only where it pays on this processor
  const internal::Matrix<T> a_matrix{left.data(), a.row, a.column}, b_matrix{right.data(), b.row, b.column};
  internal::gemm<T>(m, n, k, a_matrix, b_matrix, T(beta), c.data(), gap);
  internal::blocked_product<T>(m, n, k, a_matrix, b_matrix, T(beta), by_blocks.data(), gap,
                               internal::blocked_room<T>());
  std::int64_t wrong = 0;
  for (std::int64_t i = 0; i < m * gap; ++i)
    wrong += (c[i] != static_cast<T>(expected[i])) + (by_blocks[i] != static_cast<T>(expected[i]));
  if (beta == 1) {  // once more onto a row, whatever c holds
    const auto row = whole_numbers<T>(n, 7);
    std::vector<T> onto_row = c, blocks_onto_row = c;
    internal::gemm_onto_row<T>(m, n, k, a_matrix, b_matrix, row.data(), onto_row.data(), gap);
    internal::blocked_product<T>(m, n, k, a_matrix, b_matrix, T(1), blocks_onto_row.data(), gap,
                                 internal::blocked_room<T>(), row.data());
    const std::vector<T> before = whole_numbers<T>(m * gap, 3);
    for (std::int64_t i = 0; i < m * gap; ++i) {
      const std::int64_t j = i % gap;
      const T sum = j < n ? c[i] - before[i] + row[j] : c[i];
      wrong += (onto_row[i] != sum) + (blocks_onto_row[i] != sum);
    }
  }
  INFO(m << " x " << n << " x " << k << ", a by " << a.row << " and " << a.column << ", b by " << b.row << " and "
         << b.column << ", beta " << beta);
  CHECK(wrong == 0);
}

}  // namespace

TEMPLATE_TEST_CASE("products that are worth blocks of their own, of any layout", "[products]", float, double) {
  // Inner blocks, column blocks, tiles and panels, whole and not.
  constexpr std::array<std::int64_t, 3> sizes[] = {
      {64, 64, 513}, {67, 95, 300}, {128, 301, 64}, {101, 256, 1100}, {65, 520, 65}};
  for (const auto& [m, n, k] : sizes)
    for (int beta : {0, 1, 2}) {
      const Strided rows_of_a{k + 1, 1}, pages_of_a{2048, 1}, columns_of_a{1, m + 5}, half_pages_of_a{1, 512};
      const Strided rows_of_b{n, 1}, columns_of_b{1, k};
      check_whole_product<TestType>(m, n, k, rows_of_a, rows_of_b, beta);
      check_whole_product<TestType>(m, n, k, pages_of_a, columns_of_b, beta);
      check_whole_product<TestType>(m, n, k, columns_of_a, rows_of_b, beta);
      check_whole_product<TestType>(m, n, k, columns_of_a, columns_of_b, beta);
      check_whole_product<TestType>(m, n, k, half_pages_of_a, rows_of_b, beta);
      check_whole_product<TestType>(m, n, k, {2 * k, 2}, {2 * n, 2}, beta);
    }
}

TEMPLATE_TEST_CASE("products that are cut into parts have the same bits on two threads", "[products][threads]", float,
                   double) {
  constexpr DType dtype = dtype_of<TestType>;
  const Tensor a = random({310, 700}, dtype, 1), b = random({700, 333}, dtype, 2);
  const int before = num_threads();
  set_num_threads(1);
  const Tensor one = matmul(a, b);
  set_num_threads(2);
  const Tensor two = matmul(a, b);
  set_num_threads(before);
  CHECK(std::equal(one.data<TestType>(), one.data<TestType>() + one.numel(), two.data<TestType>()));
}

TEST_CASE("pdist is of the pairs alone", "[products]") {
  const double inf = std::numeric_limits<double>::infinity();
  const Tensor x = f64({{inf, 0}, {1, 1}, {2, 5}});
  // A row's distance from itself is inf - inf, and no part of it.
  for (double p : {1.0, inf})
    for (bool create_graph : {false, true}) {
      Tensor v = x.detach().set_requires_grad(true);
      const Tensor pairs = pdist(v, p);
      INFO("p = " << p << ", create_graph " << create_graph);
      CHECK(pairs[0].item() == inf);
      CHECK(std::isfinite(pairs[2].item()));
      const Tensor g = grad(pairs[2], v, {.create_graph = create_graph});
      CHECK(g[0].to_vector<double>() == std::vector<double>{0, 0});
      CHECK(is_close(g[1], neg(g[2])));
    }
  CHECK(all(isfinite(grad([](const Tensor& v) { return sum(pdist(v, 1)); }, x))).item<bool>());
  for (double p : {0.0, 0.7, 1.0, 2.0, 3.5, inf}) {
    const Tensor a = f64({{0.3, -1.2, 2}, {1.1, 0.4, -0.6}, {0.2, 0.9, 1.4}, {-2, 0.1, 0.5}});
    const Tensor matrix = cdist(a, a, p), pairs = pdist(a, p);
    for (int i = 0, at = 0; i < 4; ++i)
      for (int j = i + 1; j < 4; ++j) CHECK(pairs[at++].item() == matrix[i][j].item());
    if (p > 0) CHECK_NOTHROW(gradgradcheck([p](const Tensor& v) { return pdist(v, p); }, {a}));
  }
  CHECK_THROWS_AS(pdist(expand(ones({1, 1}), {std::int64_t{1} << 33, 1})), std::invalid_argument);
  CHECK_THROWS_WITH(pdist(expand(ones({1, 1}), {std::int64_t{1} << 24, 1})),
                    Catch::Contains("pdist: ") && Catch::Contains("at products.cpp:"));
}
