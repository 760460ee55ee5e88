// Backward hooks of layers: the gradients of a call's input and result.
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"

using namespace xgrad;
using testing::f64;
using testing::is_close;
using testing::variable;

namespace {

struct Scale : nn::Module {
  nn::Parameter w = param("w", f64({2, 3}));
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return w * x * x; });
  }
};

struct Same : nn::Module {
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return x; });
  }
};

/// What a hook has seen.
struct Seen {
  std::vector<Tensor> in, out;
  HookHandle add_to(nn::Module& layer) {
    return layer.add_backward_hook([this](const nn::Module&, const Tensor& gx, const Tensor& gy) {
      in.push_back(gx);
      out.push_back(gy);
    });
  }
};

}  // namespace

TEST_CASE("backward hooks: the gradient of this call alone, where others use the input too", "[hooks]") {
  Scale layer;
  Seen seen;
  HookHandle handle = seen.add_to(layer);
  Tensor x = variable({5, 7});
  Tensor y = layer(x);
  sum(3 * y + 100 * x).backward();
  REQUIRE(seen.in.size() == 1);
  CHECK(is_close(seen.out[0], f64({3, 3})));
  CHECK(is_close(seen.in[0], f64({3 * 2 * 2 * 5, 3 * 2 * 3 * 7})));  // without the 100
  CHECK(is_close(x.grad(), f64({100 + 60, 100 + 126})));
  CHECK(is_close(layer.w.grad(), f64({3 * 25, 3 * 49})));

  handle.remove();
  sum(layer(x)).backward();
  CHECK(seen.in.size() == 1);
}

TEST_CASE("backward hooks: two calls, nested layers, intermediate inputs", "[hooks]") {
  struct Twice : nn::Module {
    Scale inner = child("inner", Scale());
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return inner(inner(x)) + x; });
    }
  } model;
  Seen inner, outer;
  HookHandle a = inner.add_to(model.inner), b = outer.add_to(model);
  Tensor x = variable({1, 1});
  Tensor start = 2 * x;
  Tensor y = model(start);
  sum(y).backward();
  // inner(x) = w x^2 with x = 2: [8, 12]; inner of that: w h^2.
  REQUIRE(inner.in.size() == 2);
  CHECK(is_close(inner.out[0], f64({1, 1})));
  CHECK(is_close(inner.in[0], f64({2. * 2 * 8, 2. * 3 * 12})));
  CHECK(is_close(inner.out[1], inner.in[0]));
  CHECK(is_close(inner.in[1], f64({32. * 2 * 2 * 2, 72. * 2 * 3 * 2})));
  REQUIRE(outer.in.size() == 1);
  CHECK(is_close(outer.in[0], inner.in[1] + 1));
  CHECK(is_close(x.grad(), 2 * outer.in[0]));
}

TEST_CASE("backward hooks: an input without gradient, and a layer that hands x on", "[hooks]") {
  Scale layer;
  Seen seen;
  HookHandle handle = seen.add_to(layer);
  sum(layer(f64({1, 2}))).backward();
  REQUIRE(seen.in.size() == 1);
  CHECK_FALSE(seen.in[0].defined());
  CHECK(is_close(seen.out[0], f64({1, 1})));
  {
    NoGrad no_grad;
    layer(f64({1, 2}));
  }
  CHECK(seen.in.size() == 1);

  Same same;
  Seen passed;
  HookHandle other = passed.add_to(same);
  Tensor x = variable({1, 2});
  sum(same(x) * 4 + x).backward();
  REQUIRE(passed.in.size() == 1);
  CHECK(is_close(passed.in[0], f64({4, 4})));
  CHECK(is_close(passed.out[0], f64({4, 4})));
  CHECK(is_close(x.grad(), f64({5, 5})));
}

TEST_CASE("backward hooks: a layer that answers with its parameter leaves no hook on it", "[hooks]") {
  struct Prompt : nn::Module {
    nn::Parameter w = param("w", f64({2, 3}));
    Tensor operator()(const Tensor& x) const {
      return call(x, [&]() -> Tensor { return w; });
    }
  } prompt;
  Seen seen;
  HookHandle handle = seen.add_to(prompt);
  for (int i = 0; i < 3; ++i) sum(prompt(f64({1, 1}))).backward();
  CHECK(seen.out.size() == 3);
  sum(2 * prompt.w).backward();
  CHECK(seen.out.size() == 3);
  CHECK(is_close(prompt.w.grad(), f64({5, 5})));
  // Where x needs a gradient the pass does not come to it: the hook has nothing to say.
  for (int i = 0; i < 3; ++i) sum(prompt(variable({1, 1}))).backward();
  CHECK(is_close(prompt.w.grad(), f64({8, 8})));
}

TEST_CASE("backward hooks: second derivatives stay right, and nothing stays alive", "[hooks]") {
  const auto nodes = memory::stats().nodes;
  {
    Scale layer;
    Seen seen;
    HookHandle handle = seen.add_to(layer);
    Tensor x = variable({5, 7});
    Tensor g = grad(sum(layer(x)), x, {.create_graph = true});
    CHECK(is_close(g, f64({20, 42})));
    CHECK(is_close(grad(sum(g), x), f64({4, 6})));
    CHECK(seen.in.size() >= 1);
    auto loss = [&] { return sum(layer(x)); };
    gradcheck(loss, {x, layer.w});
  }
  CHECK(memory::stats().nodes == nodes);
}

TEST_CASE("backward hooks: neither gradient may be written into, which others hold too", "[hooks]") {
  Scale layer;
  auto writes_into = [&](bool output) {
    Tensor x = variable({5, 7}), z = variable({1, 1});
    const Tensor cotangent = f64({3, 3});
    HookHandle handle = layer.add_backward_hook([&](const nn::Module&, const Tensor& gx, const Tensor& gy) {
      Tensor taken = output ? gy : gx;
      taken.assign(9);
    });
    // z and the caller share the gradient that comes to the layer's result.
    const std::string message = testing::message_of<std::logic_error>([&] { (layer(x) + z).backward(cotangent); });
    CHECK_FALSE(z.grad().defined());
    CHECK_FALSE(x.grad().defined());
    return message;
  };
  CHECK_THAT(writes_into(true),
             Catch::Contains("Scale: a backward hook must not write into the gradient by the result") &&
                 Catch::Contains("at backward_hooks.cpp:"));
  CHECK_THAT(writes_into(false), Catch::Contains("must not write into the gradient it is handed"));
  // A copy may be written into.
  Tensor x = variable({5, 7}), z = variable({1, 1});
  HookHandle handle = layer.add_backward_hook([](const nn::Module&, const Tensor&, const Tensor& gy) {
    Tensor own = copy(gy);
    own.assign(9);
  });
  (layer(x) + z).backward(f64({3, 3}));
  CHECK(is_close(z.grad(), f64({3, 3})));
}

TEST_CASE("backward hooks: an empty one is refused", "[hooks]") {
  Scale layer;
  CHECK(testing::message_of<std::invalid_argument>([&] {
          (void)layer.add_backward_hook({});
        }).find("Scale: a backward hook must be callable, but it is empty.") == 0);
}

TEST_CASE("hooks: layers with several results show their output", "[hooks]") {
  manual_seed(3);
  nn::LSTM lstm(3, 4, {.num_layers = 2, .bidirectional = true, .dtype = DType::float64});
  const Tensor x = normal({5, 2, 3}, 0, 1, {.dtype = DType::float64}).set_requires_grad();
  Seen seen;
  Tensor shown;
  HookHandle backward = seen.add_to(lstm);
  HookHandle forward =
      lstm.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor& y) { shown = y.detach(); });
  const nn::LSTMOutput result = lstm(x);
  CHECK(is_close(shown, result.output.detach()));
  // Through the output and the last cells: the input's gradient has both.
  (sum(square(result.output)) + 3 * sum(result.c)).backward();
  REQUIRE(seen.in.size() == 1);
  CHECK(is_close(seen.in[0], x.grad()));
  CHECK(is_close(seen.out[0], 2 * result.output.detach()));

  // The last states alone: nothing comes to the output.
  const Tensor before = copy(x.grad());
  const nn::LSTMOutput again = lstm(x);
  sum(again.h).backward({.retain_graph = true});
  REQUIRE(seen.in.size() == 2);
  CHECK(is_close(seen.in[1], x.grad() - before));
  CHECK_FALSE(seen.out[1].defined());

  // A pass that goes no further than the layer leaves nothing for the next one.
  seen = {};
  grad({7 * sum(again.output)}, lstm.parameters(), {.retain_graph = true, .unused = Unused::zeros});
  CHECK(seen.in.empty());
  grad({sum(again.c)}, {x}, {.retain_graph = true});
  REQUIRE(seen.in.size() == 1);
  CHECK_FALSE(seen.out[0].defined());
  seen = {};
  seen.in.resize(2), seen.out.resize(2);

  // The first layer of a model, whose input needs no gradient.
  sum(lstm(x.detach()).output).backward();
  REQUIRE(seen.in.size() == 3);
  CHECK_FALSE(seen.in[2].defined());
  CHECK(is_close(seen.out[2], ones_like(again.output)));

  // What hooks see changes no gradient.
  Tensor plain = x.detach().set_requires_grad();
  backward.remove(), forward.remove();
  sum(square(lstm(plain).output)).backward();
  Tensor hooked = x.detach().set_requires_grad();
  HookHandle once_more = seen.add_to(lstm);
  sum(square(lstm(hooked).output)).backward();
  CHECK(is_close(hooked.grad(), plain.grad()));
}

TEST_CASE("hooks: attention and cells", "[hooks]") {
  manual_seed(4);
  const TensorOptions f64_options{.dtype = DType::float64};
  nn::MultiheadAttention attention(4, 2, {.dtype = DType::float64});
  Seen seen;
  HookHandle handle = seen.add_to(attention);
  const Tensor x = normal({3, 2, 4}, 0, 1, f64_options).set_requires_grad();
  const nn::AttentionOutput result = attention(x, x, x);
  (sum(square(result.output)) + sum(square(result.weights))).backward();
  REQUIRE(seen.in.size() == 1);
  CHECK(is_close(seen.in[0], x.grad()));
  CHECK(is_close(seen.out[0], 2 * result.output.detach()));

  nn::LSTMCell cell(4, 3, {.dtype = DType::float64});
  Seen of_cell;
  HookHandle second = of_cell.add_to(cell);
  const Tensor row = normal({2, 4}, 0, 1, f64_options).set_requires_grad();
  const nn::LSTMState state = cell(row);
  (sum(square(state.h)) + sum(state.c)).backward();
  REQUIRE(of_cell.in.size() == 1);
  CHECK(is_close(of_cell.in[0], row.grad()));
  CHECK(is_close(of_cell.out[0], 2 * state.h.detach()));
}
