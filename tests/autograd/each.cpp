#include <xgrad/autograd/each.hpp>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/tensor_impl.hpp>
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
  Tensor none;
  CHECK_THROWS_WITH(each(none, [](auto& w) { w += 1; }),
                    Contains("each: the tensors must be defined, but one is not: "));
  CHECK_THROWS_WITH(each(w, Tensor(), [](auto& w, auto g) { w += g; }),
                    Contains("each: the tensors must be defined, but one is not: "));
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

TEST_CASE("each refuses to read in another layout what it writes", "[each][errors]") {
  constexpr const char* kMessage = "each: a tensor that is only read must not share memory with one that is written";
  auto copies = [](auto& a, auto b) { a = a + b; };
  Tensor w = arange(0, 9, 1, {.dtype = DType::float32});
  Tensor front = w[{slice(0, 8)}];
  const Tensor shifted = w[{slice(1, 9)}];
  CHECK_THROWS_WITH(each(front, shifted, copies), Contains(kMessage) && Contains("at each.cpp:"));
  Tensor c = arange(0, 9, 1, {.dtype = DType::float32});
  c = reshape(c, {3, 3});
  const Tensor turned = transpose(c);
  CHECK_THROWS_WITH(each(c, turned, copies), Contains(kMessage));
  const Tensor q = arange(0, 9, 1, {.dtype = DType::float32});
  Tensor backwards = flip(q, 0);
  if (backwards.impl()->storage.get() == q.impl()->storage.get())
    CHECK_THROWS_WITH(each(backwards, q, copies), Contains(kMessage));
  CHECK(w.to_vector() == std::vector<double>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  // The same elements in the same order are what each() is for.
  const Tensor same = w[{slice(0, 8)}];
  each(front, same, copies);
  CHECK(w.to_vector() == std::vector<double>{0, 2, 4, 6, 8, 10, 12, 14, 8});
}

TEST_CASE("each sees by their addresses whether tensors share memory", "[each][errors]") {
  auto adds = [](auto& a, auto b) { a = a + b; };
  auto add_both = [](auto& a, auto& b) {
    a += 1;
    b += 1;
  };
  // Two handles that borrow one array, each with a storage of its own.
  std::vector<double> array(8, 1);
  auto borrowed = [&] { return internal::new_foreign(array.data(), {8}, {1}, DType::float64, array.data(), nullptr); };
  Tensor t = borrowed(), u = borrowed();
  REQUIRE(t.impl()->storage.get() != u.impl()->storage.get());
  Tensor w = t[slice(1, 8)];
  const Tensor c = u[slice(0, 7)];
  CHECK_THROWS_WITH(each(w, c, adds), Contains("each: a tensor that is only read must not share memory"));
  CHECK_THROWS_WITH(each(t, u, add_both), Contains("each: tensors that are written must not share memory"));
  CHECK(array == std::vector<double>(8, 1));
  each(t, std::as_const(u), adds);  // the same elements in the same order
  CHECK(array == std::vector<double>(8, 2));
  // Parts of one tensor that lie apart.
  Tensor x = zeros({4, 6});
  Tensor upper = x[slice(0, 2)], lower = x[slice(2, 4)];
  each(upper, lower, add_both);
  Tensor left = x[{slice(), 0}], right = x[{slice(), 5}];
  each(left, right, add_both);
  Tensor even = x[{slice(), slice(0, 6, 2)}], odd = flip(x[{slice(), slice(1, 6, 2)}], 0);
  each(even, std::as_const(odd), [](auto& a, auto b) { a = 10 * a + b; });
  CHECK(x[0].to_vector() == std::vector<double>{21, 1, 11, 1, 12, 2});
  Tensor wide = x[{slice(), slice(0, 2)}], next = x[{slice(), slice(1, 3)}];
  CHECK_THROWS_WITH(each(wide, next, add_both), Contains("each: tensors that are written must not share memory"));
}
