#include <xgrad/autograd/each.hpp>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Contains;

TEST_CASE("each writes the tensors that are not const, and no others", "[each]") {
  Tensor w = tensor({1., 2., 3.}), m = zeros({3});
  const Tensor g = tensor({10., 20., 30.});
  each(w, g, m, [](auto& w, auto g, auto& m) {
    m = 0.5 * m + g;
    w -= 0.1 * m;
    g = 0;
  });
  CHECK(allclose(w, tensor({0., 0., 0.}), {.atol = 1e-6}));
  CHECK(allclose(m, g));
  CHECK(g.to_vector<float>() == std::vector<float>{10, 20, 30});
}

TEST_CASE("each reads views and temporaries", "[each]") {
  Tensor w = zeros({2, 3}, {.dtype = DType::float64});
  Tensor g = tensor({{1, 2}, {3, 4}, {5, 6}}, {.dtype = DType::float64});
  each(w, transpose(g), [](auto& w, auto g) { w += g; });
  CHECK(w.to_vector<double>() == std::vector<double>{1, 3, 5, 2, 4, 6});
  CHECK(g.to_vector<double>() == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("each counts as a write for saved values", "[each]") {
  Tensor w = ones({3}).set_requires_grad();
  Tensor y = sum(w * w);
  each(w, [](auto& w) { w += 1; });
  CHECK_THROWS_WITH(y.backward(), Contains("was overwritten at each.cpp:"));
}

TEST_CASE("each checks what it is given before it writes", "[each]") {
  Tensor w = ones({3});
  CHECK_THROWS_WITH(each(w, ones({2}), [](auto& w, auto g) { w += g; }), Contains("[3]") && Contains("[2]"));
  CHECK_THROWS_WITH(each(w, ones({3}, {.dtype = DType::float64}), [](auto& w, auto g) { w += g; }),
                    Contains("agree in shape and dtype"));
  Tensor i = tensor({1, 2});
  CHECK_THROWS_WITH(each(i, [](auto& w) { w += 1; }), Contains("must be floating, but the dtype is int64"));
  Tensor made = ones({3}).set_requires_grad() * 2;
  CHECK_THROWS_AS(each(made, [](auto& w) { w += 1; }), std::logic_error);
  CHECK(w.to_vector<float>() == std::vector<float>{1, 1, 1});
}

TEST_CASE("each refuses to write elements that share memory", "[each]") {
  Tensor w = expand(ones({1, 2}), {3, 2});
  CHECK_THROWS_WITH(each(w, [](auto& w) { w += 1; }), Contains("each: each element that is written must have a place"));
  CHECK(sum(w).item() == 6);
}

TEST_CASE("each refuses to write the same elements twice", "[each][errors]") {
  Tensor x = zeros({3});
  CHECK_THROWS_WITH(each(x, x,
                         [](auto& a, auto& b) {
                           a += 1;
                           b += 1;
                         }),
                    Contains("each: tensors that are written must not share memory"));
  CHECK(x.to_vector() == std::vector<double>{0, 0, 0});
  each(x, std::as_const(x), [](auto& a, auto b) { a = b + 1; });
  CHECK(x.to_vector() == std::vector<double>{1, 1, 1});
}
