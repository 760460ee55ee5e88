#include <xgrad/autograd/ops/linalg.hpp>

#include <cstring>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/functional.hpp>
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

TEST_CASE("matmul of two matrices", "[linalg]") {
  Tensor c = matmul(f64({{1, 2}, {3, 4}}), f64({{5, 6, 7}, {8, 9, 10}}));
  CHECK(is_close(c, f64({{21, 24, 27}, {47, 54, 61}})));
}

TEST_CASE("matmul of every combination of ranks", "[linalg]") {
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

TEST_CASE("matmul broadcasts leading axes", "[linalg]") {
  Tensor a = counted({5, 1, 2, 3});
  Tensor b = counted({4, 3, 2}, -2);
  Tensor c = matmul(a, b);
  CHECK(c.shape() == Shape{5, 4, 2, 2});
  CHECK(is_close(c, reference(a, b)));
  Tensor expanded = expand(counted({1, 3, 2}), {4, 3, 2});
  CHECK(is_close(matmul(counted({4, 2, 3}), expanded), reference(counted({4, 2, 3}), expanded)));
}

TEST_CASE("matmul of many broadcast matrices, cut between threads anywhere", "[linalg]") {
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

TEST_CASE("matmul takes any layout", "[linalg]") {
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

TEST_CASE("matmul of empty operands", "[linalg]") {
  CHECK(is_close(matmul(zeros({2, 0}, kDouble), zeros({0, 3}, kDouble)), zeros({2, 3}, kDouble)));
  CHECK(matmul(zeros({0, 2}), zeros({2, 3})).shape() == Shape{0, 3});
  CHECK(matmul(zeros({5, 0, 2}), zeros({2, 3})).shape() == Shape{5, 0, 3});
  CHECK(matmul(zeros({0, 4, 2}), zeros({0, 2, 3})).shape() == Shape{0, 4, 3});
  CHECK(matmul(zeros({0, 300, 300}), zeros({0, 300, 300})).shape() == Shape{0, 300, 300});  // each a large product
  CHECK(matmul(zeros({0}, kDouble), zeros({0}, kDouble)).item() == 0);
}

TEST_CASE("matmul of integers, and of mixed dtypes", "[linalg]") {
  Tensor c = matmul(tensor({{1, 2}, {3, 4}}), tensor({{1, 0}, {2, 1}}));
  CHECK(c.dtype() == DType::int64);
  CHECK(c.to_vector<std::int64_t>() == std::vector<std::int64_t>{5, 2, 11, 4});
  CHECK(matmul(tensor({{1, 2}}), tensor({{0.5}, {0.25}})).dtype() == DType::float32);
  CHECK(matmul(tensor({1, 2}), tensor({3, 4})).item<std::int64_t>() == 11);
}

TEST_CASE("matmul says what does not fit", "[linalg]") {
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

TEST_CASE("gradients of matmul by hand", "[linalg]") {
  Tensor a = variable({{1, 2}, {3, 4}});
  Tensor b = variable({{5, 6}, {7, 8}});
  std::vector<Tensor> g = grad(sum(matmul(a, b)), std::vector<Tensor>{a, b});
  CHECK(is_close(g[0], f64({{11, 15}, {11, 15}})));
  CHECK(is_close(g[1], f64({{4, 4}, {6, 6}})));
}

TEST_CASE("gradients of matmul, first and second order, for every combination of ranks", "[linalg]") {
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

TEST_CASE("matmul's cotangent may be a broadcast view, and inner size may be 0", "[linalg]") {
  Tensor a = ones({3, 0}, kVariable);
  Tensor b = ones({0, 2}, kVariable);
  std::vector<Tensor> g = grad(sum(matmul(a, b)), std::vector<Tensor>{a, b});
  CHECK(g[0].shape() == Shape{3, 0});
  CHECK(g[1].shape() == Shape{0, 2});
}

TEST_CASE("dot and outer", "[linalg]") {
  Tensor a = f64({1, 2, 3});
  Tensor b = f64({4, 5, 6});
  CHECK(dot(a, b).item() == 32);
  CHECK(is_close(outer(a, b), f64({{4, 5, 6}, {8, 10, 12}, {12, 15, 18}})));
  gradgradcheck([](const Tensor& a, const Tensor& b) { return dot(a, b); }, {a, b});
  gradgradcheck([](const Tensor& a, const Tensor& b) { return outer(a, b); }, {a, b});
  Tensor long_ones = ones({1000003});
  CHECK(dot(long_ones, long_ones).item() == 1000003);
}

TEST_CASE("affine is x weight^T + bias", "[linalg]") {
  Tensor x = counted({4, 3});
  Tensor weight = counted({2, 3}, -1);
  Tensor bias = f64({10, 20});
  Tensor expected = matmul(x, transpose(weight)) + bias;
  CHECK(is_close(affine(x, weight, bias), expected));
  CHECK(is_close(affine(x, weight), expected - bias));
  CHECK(is_close(affine(x[0], weight, bias), expected[0]));
  CHECK(is_close(affine(reshape(x, {2, 2, 3}), weight, bias), reshape(expected, {2, 2, 2})));
  CHECK(is_close(affine(transpose(counted({3, 4})), weight, bias),
                 matmul(transpose(counted({3, 4})), transpose(weight)) + bias));
  CHECK(is_close(affine(x, transpose(counted({3, 2})), bias), matmul(x, counted({3, 2})) + bias));
  CHECK(is_close(affine(x, weight, expand(f64({7}), {2})), expected - bias + 7));
  CHECK(std::string(affine(x, variable({{1, 2, 3}})).operation()) == "affine");
}

TEST_CASE("affine of nothing", "[linalg]") {
  CHECK(affine(zeros({0, 3}), ones({2, 3}), ones({2})).shape() == Shape{0, 2});
  CHECK(is_close(affine(zeros({2, 0}, kDouble), ones({2, 0}, kDouble), f64({1, 2})), f64({{1, 2}, {1, 2}})));
  Tensor weight = ones({2, 3}, kVariable);
  Tensor bias = ones({2}, kVariable);
  std::vector<Tensor> g = grad(sum(affine(zeros({0, 3}, kDouble), weight, bias)), std::vector<Tensor>{weight, bias});
  CHECK(is_close(g[0], zeros({2, 3}, kDouble)));
  CHECK(is_close(g[1], zeros({2}, kDouble)));
}

TEST_CASE("gradients of affine, first and second order", "[linalg]") {
  auto f = [](const Tensor& x, const Tensor& w, const Tensor& b) { return affine(x, w, b); };
  Tensor w = random({2, 3}, DType::float64, 1);
  Tensor b = random({2}, DType::float64, 2);
  for (const Shape& shape : {Shape{3}, Shape{4, 3}, Shape{2, 2, 3}, Shape{1, 3}})
    gradgradcheck(f, {random(shape, DType::float64, 3), w, b});
  gradgradcheck([](const Tensor& x, const Tensor& w) { return affine(x, w); }, {random({4, 3}, DType::float64, 3), w});
  gradgradcheck([](const Tensor& x, const Tensor& w) { return affine(transpose(x), transpose(w)); },
                {random({3, 4}, DType::float64, 3), random({3, 2}, DType::float64, 4)});
}

TEST_CASE("affine promotes and checks its operands", "[linalg]") {
  CHECK(affine(ones({1, 2}), ones({3, 2}, kDouble)).dtype() == DType::float64);
  CHECK(affine(tensor({{1, 2}}), tensor({{3, 4}}), tensor({5})).item<std::int64_t>() == 16);
  int line = __LINE__ + 1;
  auto layer = [] { affine(zeros({32, 100}), zeros({10, 64})); };
  CHECK(message_of<std::invalid_argument>(layer) ==
        "affine: last axis of x must be 64, as weight is [10, 64], but x is [32, 100]. at " + place(line));
  CHECK_THROWS_WITH(affine(zeros({2, 3}), zeros({3})), Contains("weight must be a matrix [out, in], but it is [3]"));
  CHECK_THROWS_WITH(affine(zeros({2, 3}), zeros({4, 3}), zeros({3})), Contains("bias must be [4]"));
}

TEST_CASE("products agree with their definition at many sizes", "[linalg]") {
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

TEST_CASE("gemm adds to what is there, by beta", "[linalg]") {
  double a[] = {1, 2, 3, 4};
  double b[] = {5, 6, 7, 8};
  double c[] = {1, 1, -1, 1, 1, -1};
  internal::gemm<double>(2, 2, 2, {a, 2, 1}, {b, 2, 1}, 2, c, 3);
  CHECK(std::vector<double>(c, c + 6) == std::vector<double>{21, 24, -1, 45, 52, -1});
  internal::gemm<double>(2, 2, 0, {a, 2, 1}, {b, 2, 1}, 0, c, 3);
  CHECK(std::vector<double>(c, c + 6) == std::vector<double>{0, 0, -1, 0, 0, -1});
}

TEMPLATE_TEST_CASE("the kernels for small products agree with the definition at every edge", "[linalg]", float,
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

TEST_CASE("products have the same bits for any number of threads", "[linalg]") {
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

TEST_CASE("affine without outputs or inputs has derivatives of every order", "[linalg]") {
  for (Shape shape : {Shape{0, 3}, Shape{2, 0}}) {
    Tensor w = zeros(shape, kVariable), x = ones({2, shape[1]}, kDouble);
    Tensor first = grad(sum(affine(x, w)), w, {.create_graph = true});
    CHECK(first.shape() == shape);
    CHECK(grad(sum(affine(x, w)), w).shape() == shape);
  }
}
