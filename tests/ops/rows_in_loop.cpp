// What is taken of a tensor piece by piece, in a loop: the gradient adds into one sum, also where that is to be
// differentiated again and where views lie between. Each way of taking is checked against one product with the whole.
#include <functional>
#include <string>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

Tensor random(const Shape& shape, DType dtype = DType::float64) {
  Generator generator(7);
  return normal(shape, 0, 1, {.dtype = dtype}, generator);
}

/// Row i of x [n, 3].
struct Way {
  std::string name;
  std::function<Tensor(const Tensor& x, std::int64_t i)> row;
};

Tensor position(std::int64_t i) { return from_vector(std::vector<std::int64_t>{i}); }

std::vector<Way> ways() {
  return {
      {"x[i]", [](const Tensor& x, std::int64_t i) { return x[i]; }},
      {"narrow", [](const Tensor& x, std::int64_t i) { return reshape(narrow(x, 0, i, 1), {3}); }},
      {"select", [](const Tensor& x, std::int64_t i) { return select(x, 0, i); }},
      {"index_select", [](const Tensor& x, std::int64_t i) { return reshape(index_select(x, 0, position(i)), {3}); }},
      {"gather",
       [](const Tensor& x, std::int64_t i) {
         return reshape(gather(x, 0, from_vector(std::vector<std::int64_t>{i, i, i}, {1, 3})), {3});
       }},
      {"x[positions]", [](const Tensor& x, std::int64_t i) { return reshape(x[position(i)], {3}); }},
      {"transposed row", [](const Tensor& x, std::int64_t i) { return reshape(transpose(narrow(x, 0, i, 1)), {3}); }},
      {"row of the transpose", [](const Tensor& x, std::int64_t i) { return select(transpose(x), 1, i); }},
      {"permute",
       [](const Tensor& x, std::int64_t i) {
         return reshape(select(permute(unsqueeze(x, 1), {2, 0, 1}), 1, i), {3});
       }},
      {"reshape", [](const Tensor& x, std::int64_t i) { return narrow(reshape(x, {x.numel()}), 0, 3 * i, 3); }},
      {"flip", [](const Tensor& x, std::int64_t i) { return flip(x, 0)[x.shape()[0] - 1 - i]; }},
      {"flip, transpose",
       [](const Tensor& x, std::int64_t i) { return select(transpose(flip(x, 0)), 1, x.shape()[0] - 1 - i); }},
      {"squeeze",
       [](const Tensor& x, std::int64_t i) {
         return squeeze(unsqueeze(transpose(x), 0), 0)[{ellipsis, i}];
       }},
      {"by halves",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t n = x.shape()[0], half = n / 2;
         return i < half ? narrow(x, 0, 0, half)[i] : narrow(x, 0, half, n - half)[i - half];
       }},
      {"index_select of the transpose",
       [](const Tensor& x, std::int64_t i) { return reshape(index_select(transpose(x), 1, position(i)), {3}); }},
      {"diagonal",
       [](const Tensor& x, std::int64_t i) {
         return diagonal(expand(reshape(x[i], {3, 1}), {3, 3}), {.offset = 0});
       }},
      {"more views than are looked through",
       [](const Tensor& x, std::int64_t i) {
         return transpose(transpose(transpose(transpose(transpose(transpose(x))))))[i];
       }},
  };
}

/// sum_i <w_i, x_i^3> by rows.
Tensor by_rows(const Way& way, const Tensor& x, const Tensor& w) {
  Tensor total;
  for (std::int64_t i = 0; i < x.shape()[0]; ++i) {
    Tensor row = way.row(x, i);
    Tensor part = sum(w[i] * row * row * row);
    total = total.defined() ? total + part : part;
  }
  return total;
}

}  // namespace

TEST_CASE("Rows in a loop have the gradients of the whole, to the third order", "[rows]") {
  for (DType dtype : {DType::float32, DType::float64})
    for (int threads : {1, 2})
      for (const Way& way : ways()) {
        INFO(way.name << ' ' << dtype << ", threads " << threads);
        set_num_threads(threads);
        Tensor x = random({7, 3}, dtype).set_requires_grad(), w = random({7, 3}, dtype);
        Tensor v = random({7, 3}, dtype).set_requires_grad();
        const double rtol = dtype == DType::float32 ? 1e-5 : 1e-12;
        auto close = [&](const Tensor& a, const Tensor& b) { return allclose(a, b, {.rtol = rtol, .atol = rtol}); };
        CHECK(close(grad(by_rows(way, x, w), x), 3 * w * x * x));
        Tensor first = grad(by_rows(way, x, w), x, {.create_graph = true});
        CHECK(close(first, 3 * w * x * x));
        Tensor second = grad(sum(first * v), x, {.create_graph = true});
        CHECK(close(second, 6 * w * x * v));
        std::vector<Tensor> third = grad(sum(second * second), {x, v});
        CHECK(close(third[0], 72 * w * w * v * v * x));
        CHECK(close(third[1], 72 * w * w * x * x * v));
      }
  set_num_threads(1);
}

TEST_CASE("Rows of strided and empty tensors, and of intermediate results", "[rows]") {
  for (const Way& way : ways()) {
    INFO(way.name);
    Tensor w = random({4, 3});
    // x is a result, and its gradient is asked for beside that of what it is made of.
    Tensor base = random({3, 4}).set_requires_grad();
    Tensor x = transpose(exp(base));
    std::vector<Tensor> both = grad(by_rows(way, x, w), {x, base}, {.create_graph = true});
    CHECK(is_close(both[0], 3 * w * square(x)));
    CHECK(is_close(both[1], transpose(3 * w * square(x) * x)));
    CHECK(is_close(grad(sum(both[0]), base), transpose(6 * w * square(x))));
  }
  Tensor empty = zeros({3, 0}, {.requires_grad = true});
  Tensor total =
      sum(empty[0]) + sum(empty[1]) + sum(transpose(empty)[{ellipsis, 2}]) + sum(transpose(empty)[{ellipsis, 1}]);
  CHECK(grad(total, empty, {.create_graph = true}).shape() == Shape{3, 0});
}

TEST_CASE("A view that others look at gets the whole of its own gradient", "[rows]") {
  Tensor x = random({4, 3}).set_requires_grad();
  for (bool create_graph : {false, true}) {
    Tensor total = sum(x[0]) + sum(2 * x[1]) + sum(x);
    std::vector<Tensor> views;
    std::vector<double> seen;
    std::vector<HookHandle> handles;
    for (int i = 0; i < 3; ++i) {
      Tensor view = transpose(x);
      if (i == 1)
        handles.push_back(view.add_hook([&seen](const Tensor& g) {
          seen.push_back(sum(g).item());
          return g * 10;
        }));
      total = total + sum(static_cast<double>(i + 1) * select(view, 1, i));
      views.push_back(view);
    }
    std::vector<Tensor> gradients = grad(total, {x, views[2]}, {.create_graph = create_graph});
    Tensor expected = ones({4, 3}, {.dtype = x.dtype()});
    Tensor rows = from_vector(std::vector<double>{1 + 1 + 1, 1 + 2 + 20, 1 + 3, 1}, {4, 1});
    CHECK(is_close(gradients[0], expected * rows));
    CHECK(is_close(gradients[1],
                   from_vector(std::vector<double>{0, 0, 3, 0}, {1, 4}) * ones({3, 4}, {.dtype = x.dtype()})));
    CHECK(seen == std::vector<double>{6});
  }
}

TEST_CASE("What a rule saved of a sum is not written over", "[rows]") {
  // The first cotangent of y is exp's own output, which its rule needs for the second order.
  Tensor x = random({3, 2}).set_requires_grad(), z = random({3, 2}).set_requires_grad();
  Tensor y = x * 1.0;
  Tensor total = sum(y[0] * y[0]) + sum(y * exp(z)) + sum(transpose(y)[{ellipsis, 1}] * 3.0);
  std::vector<Tensor> first = grad(total, {x, z}, {.create_graph = true});
  Tensor expected = exp(z.detach());
  CHECK(is_close(first[1], y * expected));
  CHECK(is_close(grad(sum(first[0] * first[0]), z), [&] {
    Tensor g = first[0].detach();
    return 2 * g * expected;
  }()));
}

TEST_CASE("A loop over rows makes nodes in proportion to their number, and sums of one size", "[rows]") {
  // A sum made anew for each of 20,000 rows would write 10 GB in each of these passes.
  constexpr std::int64_t kRows = 20'000;
  for (const Way& way : {ways()[0], ways()[1], ways()[3], ways()[4], ways()[5], ways()[7], ways()[9]}) {
    INFO(way.name);
    Tensor x = random({kRows, 3}).set_requires_grad(), w = ones({kRows, 3}, {.dtype = x.dtype()});
    Tensor total = by_rows(way, x, w);
    const std::int64_t before = memory::stats().nodes;
    Tensor first = grad(total, x, {.create_graph = true});
    CHECK(memory::stats().nodes - before < 30 * kRows);
    CHECK(is_close(first, 3 * square(x)));
    CHECK(is_close(grad(sum(first), x), 6 * x));
  }
}
