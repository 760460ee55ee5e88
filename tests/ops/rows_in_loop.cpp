// What is taken of a tensor piece by piece, in a loop: the gradient adds into one sum, also where that is to be
// differentiated again and where views lie between. Each way of taking is checked against one product with the whole.
#include <algorithm>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include <xgrad/autograd/engine/node.hpp>
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

const char* const kMoreViews = "more views than are looked through";

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
      {"diagonal of planes",
       [](const Tensor& x, std::int64_t i) {
         return reshape(diagonal(unsqueeze(x, 0), {.offset = i, .axis1 = 0, .axis2 = 1}), {3});
       }},
      {"column of a diagonal",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t n = x.shape()[0];
         return select(diagonal(expand(unsqueeze(x, 0), {n, n, 3}), {.axis1 = 0, .axis2 = 1}), 1, i);
       }},
      {"new axis",
       [](const Tensor& x, std::int64_t i) {
         return x[{newaxis, slice(), slice()}][0][i];
       }},
      {"strided slice",
       [](const Tensor& x, std::int64_t i) { return reshape(x[{slice(i, x.shape()[0], x.shape()[0])}], {3}); }},
      {"unfold", [](const Tensor& x, std::int64_t i) { return reshape(unfold(x, 0, 1, 1)[i], {3}); }},
      {"row of a window",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t k = std::min(i, x.shape()[0] - 3);
         return select(unfold(x, 0, 3, 1)[k], 1, i - k);
       }},
      {"windows of a row",
       [](const Tensor& x, std::int64_t i) {
         return reshape(unfold(x[i], 0, 2, 1) * 1.0, {4})[{from_vector(std::vector<std::int64_t>{0, 1, 3})}];
       }},
      {"windows of windows",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t k = std::min(i, x.shape()[0] - 3);
         return select(unfold(unfold(x, 0, 3, 1), 2, 3, 1)[k] * 1.0, 2, i - k)[{slice(), 0}];
       }},
      {"windows that overlap",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t k = std::clamp<std::int64_t>(i - 1, 0, x.shape()[0] - 3);
         Tensor two = unfold(x, 0, 2, 1)[{slice(k, k + 2)}] * 1.0;
         if (i != k + 1) return i == k ? two[{0, slice(), 0}] : two[{1, slice(), 1}];
         return 0.25 * two[{0, slice(), 1}] + 0.75 * two[{1, slice(), 0}];
       }},
      {"positions of windows",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t k = std::min(i, x.shape()[0] - 3);
         return index_select(unfold(x, 0, 3, 1), 0, position(k))[{0, slice(), i - k}];
       }},
      {"piece of a split",
       [](const Tensor& x, std::int64_t i) {
         return reshape(split(x, {i, 1, x.shape()[0] - 1 - i})[1], {3});
       }},
      {"row of a piece of the transpose",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t half = x.shape()[0] / 2, n = x.shape()[0];
         std::vector<Tensor> pieces = split(transpose(x), {half, n - half}, 1);
         return i < half ? select(pieces[0], 1, i) : select(pieces[1], 1, i - half);
       }},
      {"two pieces of a split",
       [](const Tensor& x, std::int64_t i) {
         std::vector<Tensor> pieces = split(x, {i, 1, x.shape()[0] - 1 - i});
         return reshape(pieces[1], {3}) + 0 * sum(pieces[0]);
       }},
      {"unbind", [](const Tensor& x, std::int64_t i) { return unbind(x)[static_cast<std::size_t>(i)]; }},
      {"elements of unbound columns",
       [](const Tensor& x, std::int64_t i) {
         std::vector<Tensor> columns = unbind(x, 1);
         return stack({columns[0][i], columns[1][i], columns[2][i]});
       }},
      {"expand",
       [](const Tensor& x, std::int64_t i) {
         return expand(unsqueeze(x, 0), {2, x.shape()[0], 3})[1][i];
       }},
      {"all of an expanded row",
       [](const Tensor& x, std::int64_t i) {
         return sum(expand(x, {4, x.shape()[0], 3})[{slice(), i}] * 0.25, 0);
       }},
      {"gather of the transpose",
       [](const Tensor& x, std::int64_t i) {
         return reshape(gather(transpose(x), 1, from_vector(std::vector<std::int64_t>{i, i, i}, {3, 1})), {3});
       }},
      {"take",
       [](const Tensor& x, std::int64_t i) {
         return take(x, from_vector(std::vector<std::int64_t>{3 * i, 3 * i + 1, 3 * i + 2}));
       }},
      {"take_along_dim",
       [](const Tensor& x, std::int64_t i) {
         return reshape(take_along_dim(x, reshape(position(i), {1, 1}), 0), {3});
       }},
      {"positions on two axes of the permuted",
       [](const Tensor& x, std::int64_t i) {
         Tensor columns = from_vector(std::vector<std::int64_t>{0, 1, 2});
         return permute(reshape(x, {x.shape()[0], 1, 3}), {2, 1, 0})[{columns, 0, position(i)}];
       }},
      {"a position often, of the flipped",
       [](const Tensor& x, std::int64_t i) {
         std::int64_t k = x.shape()[0] - 1 - i;
         return x.shape()[0] < 100
                    ? flip(x, 0)[k]
                    : 0.5 * sum(index_select(flip(x, 0), 0, from_vector(std::vector<std::int64_t>{k, k})), 0);
       }},
      {"embedding", [](const Tensor& x, std::int64_t i) { return reshape(embedding(position(i), x), {3}); }},
      {"embedding without axes",
       [](const Tensor& x, std::int64_t i) {
         return embedding(tensor(i), x, {.padding_index = -1 - (i == 0 ? 0 : x.shape()[0] - 1)});
       }},
      {"bag of one",
       [](const Tensor& x, std::int64_t i) {
         return reshape(embedding_bag(reshape(position(i), {1, 1}), x), {3});
       }},
      {"largest of a bag",
       [](const Tensor& x, std::int64_t i) {
         return reshape(embedding_bag(reshape(position(i), {1, 1}), x, {.mode = BagMode::max}), {3});
       }},
      {"crop",
       [](const Tensor& x, std::int64_t i) {
         return reshape(pad(x, {0, 0, -i, i + 1 - x.shape()[0]}), {3});
       }},
      {"crop of the transpose within a border",
       [](const Tensor& x, std::int64_t i) {
         return pad(transpose(x), {-i, i + 1 - x.shape()[0], 1, 2})[{slice(1, 4), 0}];
       }},
      {"mask of rows", [](const Tensor& x, std::int64_t i) { return reshape(x[arange(x.shape()[0]) == i], {3}); }},
      {"mask of columns of the transpose",
       [](const Tensor& x, std::int64_t i) {
         return reshape(transpose(x)[{slice(), arange(x.shape()[0]) == i}], {3});
       }},
      {"a view that is used twice",
       [](const Tensor& x, std::int64_t i) {
         Tensor view = transpose(x);
         return 0.25 * select(view, 1, i) + 0.75 * select(view, 1, i);
       }},
      {"sixty views",
       [](const Tensor& x, std::int64_t i) {
         Tensor view = x;
         for (int k = 0; k < 60; ++k) view = transpose(view);
         return view[i];
       }},
      {kMoreViews,
       [](const Tensor& x, std::int64_t i) {
         Tensor view = x;
         for (int k = 0; k < 70; ++k) view = transpose(view);
         return view[i];
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

namespace {

/// The nodes below, once each.
std::set<const internal::Node*> nodes_of(const Tensor& tensor) {
  std::set<const internal::Node*> seen;
  std::vector<const internal::Node*> left{tensor.impl()->node.get()};
  while (!left.empty()) {
    const internal::Node* node = left.back();
    left.pop_back();
    if (!seen.insert(node).second) continue;
    for (const internal::Edge& edge : node->edges())
      if (edge.producer) left.push_back(edge.producer.get());
  }
  return seen;
}

/// How many recorded operations have written an array as large as x: no views, and no additions in place.
std::int64_t whole_arrays(const Tensor& tensor, const Tensor& x) {
  std::int64_t count = 0;
  for (const internal::Node* node : nodes_of(tensor))
    for (int k = 0; k < node->output_count; ++k)
      count += !node->is_leaf && !node->is_view && std::string(node->name) != "add_in_place" &&
               node->output_shape(k).numel() >= x.numel();
  return count;
}

}  // namespace

TEST_CASE("Pieces in a loop write no array of the whole for each", "[rows]") {
  constexpr std::int64_t kRows = 1000;
  for (DType dtype : {DType::float32, DType::float64})
    for (const Way& way : ways()) {
      if (way.name == kMoreViews) continue;
      INFO(way.name << ' ' << dtype);
      Tensor x = random({kRows, 3}, dtype).set_requires_grad(), w = ones({kRows, 3}, {.dtype = dtype});
      const std::int64_t bytes = x.numel() * static_cast<std::int64_t>(size_of(dtype));
      // What comes first is a sum that all rows can be added to.
      Tensor total = by_rows(way, x, w) + sum(2 * x);
      const double rtol = dtype == DType::float32 ? 1e-5 : 1e-12;
      auto close = [&](const Tensor& a, const Tensor& b) { return allclose(a, b, {.rtol = rtol, .atol = rtol}); };
      Tensor gradient;
      const std::int64_t before = memory::stats().bytes_live;
      memory::reset_peak();
      gradient = grad(total, x, {.retain_graph = true});
      // One more array would be 2; the peak is counted to within 4 KiB.
      CHECK(memory::stats().bytes_peak - before < bytes + bytes / 2 + 4096);
      CHECK(close(gradient, 3 * square(x) + 2));

      const std::int64_t forward = whole_arrays(total, x);
      Tensor first = grad(total, x, {.create_graph = true});
      CHECK(whole_arrays(first, x) - forward < 20);
      CHECK(close(first, 3 * square(x) + 2));
      const std::int64_t now = whole_arrays(first, x);
      Tensor second = grad(sum(first), x, {.create_graph = true});
      CHECK(whole_arrays(second, x) - now < 20);
      CHECK(close(second, 6 * x));
    }
}

TEST_CASE("Windows that overlap get the sums of what stands in them", "[rows]") {
  // Too many terms at one place, short axes in the middle, and windows both ways.
  Tensor x = random({200, 2}).set_requires_grad();
  auto check = [&](const std::function<Tensor(const Tensor&)>& take) {
    // Seen by a copy, through which no rule sees the sum.
    Tensor copied = x * 1.0;
    Tensor taken = take(x), weight = random(taken.shape()).set_requires_grad();
    Tensor apart = grad(sum(take(copied) * weight), copied);
    Tensor total = sum(square(x)) + sum(taken * weight);
    CHECK(is_close(grad(total, x, {.retain_graph = true}), apart + 2 * x));
    Tensor first = grad(total, x, {.create_graph = true});
    CHECK(is_close(first, apart + 2 * x));
    Tensor seed = random(x.shape());
    CHECK(is_close(grad(sum(first * seed), weight), take(seed)));
  };
  check([](const Tensor& x) { return unfold(x, 0, 100, 1)[{slice(3, 90)}]; });
  check([](const Tensor& x) { return unfold(x, 0, 5, 2)[{slice(3, 90)}]; });
  check([](const Tensor& x) { return unfold(x, 0, 90, 30)[{slice(1, 3)}]; });
  check([](const Tensor& x) { return transpose(unfold(x, 0, 5, 2), 0, 2)[{slice(1, 4)}]; });
  check([](const Tensor& x) { return unfold(unfold(x, 0, 5, 1), 0, 3, 1)[{slice(2, 9)}]; });
  check([](const Tensor& x) { return unfold(x, 0, 3, 1)[{slice(5, 5)}]; });
  check([](const Tensor& x) { return expand(x, {3, 200, 2})[{slice(1, 3), slice(4, 9)}]; });
  check([](const Tensor& x) { return expand(x, {100, 200, 2})[{slice(1, 90), slice(4, 9)}]; });
  check([](const Tensor& x) { return diagonal(unfold(x, 0, 20, 1)); });
  check([](const Tensor& x) { return split(unfold(x, 0, 5, 1), 50)[1]; });
  check([](const Tensor& x) { return unbind(unfold(x, 0, 5, 1), 2)[3]; });
  check([](const Tensor& x) { return index_select(unfold(x, 0, 5, 1), 2, position(3)); });
  check([](const Tensor& x) { return gather(unfold(x, 0, 5, 1), 0, zeros({4, 2, 5}, {.dtype = DType::int64}) + 7); });
}

TEST_CASE("Blocks of permuted tensors are added at their places", "[rows]") {
  // Large enough for tiles, with ends that fill none, and odd orders of axes.
  const std::vector<std::vector<int>> orders = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
  for (DType dtype : {DType::float32, DType::float64})
    for (int threads : {1, 2})
      for (const std::vector<int>& order : orders) {
        INFO(dtype << ", threads " << threads << ", order " << order[0] << order[1] << order[2]);
        set_num_threads(threads);
        Tensor x = random({70, 45, 37}, dtype).set_requires_grad();
        auto blocks = [&](const Tensor& x) {
          std::vector<Tensor> parts;
          for (std::int64_t from : {0, 5, 14})
            parts.push_back(flip(permute(x, order), 1)[{slice(from, from + 21), slice(2, 37), slice(1, 40, 2)}]);
          return parts;
        };
        Tensor copied = x * 1, apart = 2 * x, total = sum(square(x));
        for (const Tensor& part : blocks(x)) total = total + sum(part * random(part.shape(), dtype));
        for (const Tensor& part : blocks(copied))
          apart = apart + grad(sum(part * random(part.shape(), dtype)), copied, {.retain_graph = true});
        const double tolerance = dtype == DType::float32 ? 1e-5 : 1e-13;
        for (bool create_graph : {false, true})
          CHECK(allclose(grad(total, x, {.create_graph = create_graph, .retain_graph = true}), apart,
                         {.rtol = tolerance, .atol = tolerance}));
      }
  set_num_threads(1);
}

TEST_CASE("Positions that come often are added up with care behind views, too", "[rows]") {
  // More than are added one by one.
  Tensor x = zeros({5000, 2}, {.requires_grad = true});
  Tensor often = zeros({1000}, {.dtype = DType::int64}) + 3;
  for (bool create_graph : {false, true}) {
    Tensor total = sum(2 * x) + sum(index_select(transpose(x), 1, often)) + sum(0.1f * transpose(x)[{0, often}]) +
                   sum(gather(transpose(x), 1, expand(often, {2, 1000})));
    Tensor gradient = grad(total, x, {.create_graph = create_graph});
    CHECK(gradient[{3, 1}].item() == 2002);
    CHECK(gradient[{3, 0}].item() == Approx(2102).epsilon(1e-7));
    CHECK(sum(gradient).item() == Approx(2 * 10'000 + 4000 + 100).epsilon(1e-6));
  }
}

TEST_CASE("A hook on a view that holds several gets the whole of its gradient", "[rows]") {
  Tensor x = random({6, 3}).set_requires_grad();
  for (bool create_graph : {false, true}) {
    std::vector<Tensor> pieces = split(transpose(x), {2, 4}, 1);
    std::vector<double> seen;
    HookHandle handle = pieces[1].add_hook([&seen](const Tensor& g) {
      seen.push_back(sum(g).item());
      return g * 10;
    });
    Tensor windows = unfold(x, 0, 2, 2);
    windows.retain_grad();
    Tensor total = sum(2 * x) + sum(select(pieces[0], 1, 1)) + sum(3 * select(pieces[1], 1, 0)) + sum(5 * windows[2]);
    Tensor expected = from_vector(std::vector<double>{2, 3, 32, 2, 7, 7}, {6, 1}) * ones({6, 3}, {.dtype = x.dtype()});
    if (create_graph) {
      CHECK(is_close(grad(total, x, {.create_graph = true}), expected));
    } else {
      total.backward();
      CHECK(is_close(x.grad(), expected));
      CHECK(is_close(windows.grad()[2], full({3, 2}, 5, {.dtype = x.dtype()})));
      CHECK(sum(windows.grad()).item() == 30);
    }
    CHECK(seen == std::vector<double>{9});
  }
}
