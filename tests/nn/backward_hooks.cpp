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

TEST_CASE("backward hooks: an empty one is refused", "[hooks]") {
  Scale layer;
  CHECK(testing::message_of<std::invalid_argument>([&] {
          (void)layer.add_backward_hook({});
        }).find("Scale: a backward hook must be callable, but it is empty.") == 0);
}
