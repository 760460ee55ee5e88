// backward() and grad(): their options, and what they say when they are misused.
#include <cmath>
#include <stdexcept>
#include <thread>
#include <vector>

#include <xgrad/autograd/engine/node.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/memory.hpp>
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;
using Catch::Matchers::Contains;

// ---- backward ----

TEST_CASE("backward adds to the variables' gradients", "[engine]") {
  Tensor x = variable({1., 2.});
  sum(x * x).backward();
  CHECK(is_close(x.grad(), f64({2., 4.})));
  sum(3 * x).backward();
  CHECK(is_close(x.grad(), f64({5., 7.})));
  x.zero_grad();
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A gradient that was taken out before stays as it was", "[engine]") {
  Tensor x = variable({1., 2.});
  sum(x).backward();
  Tensor kept = x.grad();
  sum(x).backward();
  CHECK(is_close(kept, f64({1., 1.})));
  CHECK(is_close(x.grad(), f64({2., 2.})));
}

TEST_CASE("backward with a cotangent", "[engine]") {
  Tensor x = variable({1., 2.});
  (x * x).backward(f64({10., 100.}));
  CHECK(is_close(x.grad(), f64({20., 400.})));
}

TEST_CASE("backward leaves the caller's cotangent alone", "[engine]") {
  Tensor x = variable({1., 2.}), cotangent = f64({1., 1.});
  Tensor y = x.requires_grad() ? reshape(x, {2}) : x;
  y.backward(cotangent);
  y = reshape(x, {2});
  y.backward(cotangent);
  CHECK(is_close(cotangent, f64({1., 1.}), 0));
  CHECK(is_close(x.grad(), f64({2., 2.})));
}

TEST_CASE("Two variables that share one cotangent keep gradients of their own", "[engine]") {
  Tensor a = variable({1., 2.}), b = variable({3., 4.});
  sum(a + b).backward();
  sum(a).backward();
  CHECK(is_close(a.grad(), f64({2., 2.})));
  CHECK(is_close(b.grad(), f64({1., 1.})));
}

TEST_CASE("Gradients that backward leaves share no memory, recorded ones neither", "[engine]") {
  for (bool create_graph : {false, true}) {
    Tensor a = variable({1., 2.}), b = variable({3., 4.}), cotangent = f64({1., 1.});
    Tensor y = a + b;
    y.retain_grad();
    y.backward(cotangent, {.create_graph = create_graph});
    std::vector<Tensor> all = {a.grad().detach(), b.grad().detach(), y.grad().detach(), cotangent};
    for (std::size_t i = 0; i < all.size(); ++i) all[i].assign(static_cast<double>(i));
    for (std::size_t i = 0; i < all.size(); ++i) CHECK(is_close(all[i], static_cast<double>(i) * f64({1., 1.}), 0));
  }
  // One that had to be copied is differentiated all the same.
  Tensor x = variable({2., 3.}), z = variable({1., 1.}), s = variable({5., 7.});
  (x + z).backward(s * s, {.create_graph = true});
  CHECK(is_close(grad(sum(x.grad() * z.grad()), s), f64({4. * 125, 4. * 343})));
  x.zero_grad(), z.zero_grad(), s.zero_grad();  // else they and their graph keep each other
}

TEST_CASE("A variable is its own output", "[engine]") {
  Tensor x = variable(2.);
  x.backward();
  CHECK(x.grad().item() == 1);
  CHECK(grad(x, x).item() == 1);
}

TEST_CASE("backward of several outputs at once", "[engine]") {
  Tensor x = variable(2.);
  std::vector<Tensor> outputs = {x * x, 3 * x, x * x};
  outputs[2] = outputs[0];  // the same output twice counts twice
  backward(outputs);
  CHECK(x.grad().item() == 11);
  backward({x * x, 3 * x});
  CHECK(x.grad().item() == 18);
}

TEST_CASE("An output named twice is gone through once", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = x * x;
  Tensor b = sin(a), y = b * 3;
  // a waits for the cotangent of b; going through y twice would let it start without.
  for (int pass = 1; pass <= 2; ++pass) {
    backward(std::vector<Tensor>{a * b, y, y}, {}, {.retain_graph = true});
    double s = std::sin(4.0), c = std::cos(4.0);
    CHECK(x.grad().item() == Approx(pass * (6 * c + s + 4 * c) * 4).epsilon(1e-14));
  }
  std::vector<Tensor> outputs = {y, y};
  CHECK(grad(outputs, std::vector<Tensor>{y}, std::vector<Tensor>{f64(1.), f64(10.)})[0].item() == 11);
}

TEST_CASE("An output may lie on the way to another one", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = x * x, b = a * x;
  backward(std::vector<Tensor>{a, b});
  CHECK(x.grad().item() == 4 + 12);
}

TEST_CASE("A retained graph can be gone through again", "[engine]") {
  Tensor x = variable(2.);
  Tensor y = exp(x) * x;
  y.backward({.retain_graph = true});
  Tensor once = x.grad();
  y.backward();
  CHECK(is_close(x.grad(), 2 * once));
}

TEST_CASE("backward with create_graph makes gradients that can be differentiated", "[engine]") {
  Tensor x = variable(2.);
  (x * x * x).backward({.create_graph = true});
  Tensor first = x.grad();
  x.zero_grad();  // the gradient's graph leads to x: let go of it there
  CHECK(grad(first, x).item() == 12);
}

// ---- grad ----

TEST_CASE("grad touches no variable's gradient", "[engine]") {
  Tensor x = variable({1., 2.});
  CHECK(is_close(grad(sum(x * x), x), f64({2., 4.})));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("grad by intermediate results", "[engine]") {
  Tensor x = variable({1., 2.});
  Tensor a = x * x;
  Tensor y = sum(exp(a));
  std::vector<Tensor> gradients = grad(y, {a, x, a});
  CHECK(is_close(gradients[0], exp(a)));
  CHECK(is_close(gradients[1], exp(a) * 2 * x));
  CHECK(is_close(gradients[2], exp(a)));
}

TEST_CASE("grad with cotangents for several outputs", "[engine]") {
  Tensor x = variable({1., 2.});
  std::vector<Tensor> outputs = {x * x, sum(x)}, cotangents = {f64({1., 10.}), f64(100.)};
  CHECK(is_close(grad(outputs, std::vector<Tensor>{x}, cotangents)[0], f64({102., 140.})));
  std::vector<Tensor> of_braces = grad({x * x, sum(x)}, {x}, {f64({1., 10.}), f64(100.)});
  CHECK(is_close(of_braces.at(0), f64({102., 140.})));
}

TEST_CASE("An unused input is an error, or undefined by option", "[engine]") {
  Tensor x = variable(1.), unused = variable({1., 2.});
  CHECK_THROWS_AS(grad(x * 2, unused), std::logic_error);
  int line = __LINE__ + 1;
  auto call = [&] { grad(x * 2, {x, unused}); };
  CHECK_THROWS_WITH(call(),
                    Contains("not on input 1 of shape [2]") && Contains("Unused::zeros") && Contains(place(line)));
  std::vector<Tensor> gradients = grad(x * 2, {x, unused}, {.unused = Unused::undefined});
  CHECK(gradients[0].item() == 2);
  CHECK_FALSE(gradients[1].defined());
}

TEST_CASE("What grad refuses changes nothing: the graph can be used afterwards", "[engine]") {
  Tensor x = variable({1., 2.}), z = variable({1., 2.}), w = variable(3.);
  Tensor a = x * x, y = sum(a * w);
  int hooks = 0;
  HookHandle handle = y.add_hook([&](const Tensor&) { return ++hooks, Tensor(); });
  CHECK_THROWS_AS(grad(y, {x, z}), std::logic_error);
  CHECK_THROWS_AS(grad(y, {a, z * 2}), std::logic_error);
  CHECK_THROWS_AS(grad(y, x, f64({1., 2.})), std::invalid_argument);
  double before = w.item();
  w.assign(5.);
  CHECK_THROWS_AS(grad(y, x), std::logic_error);  // overwritten
  CHECK(hooks == 0);
  w = variable(before);
  y = sum(a * w);
  CHECK_THROWS_AS(grad(y, {x, z}), std::logic_error);
  CHECK(is_close(grad(y, x), f64({6., 12.})));
}

TEST_CASE("An unused input has zeros by option", "[engine]") {
  Tensor x = variable({1., 2.}), unused = ones({2, 3}, {.requires_grad = true});
  std::vector<Tensor> gradients = grad(sum(x * x), {x, unused}, {.unused = Unused::zeros});
  CHECK(is_close(gradients[0], f64({2., 4.})));
  CHECK(gradients[1].dtype() == DType::float32);
  CHECK(gradients[1].shape() == Shape{2, 3});
  CHECK(sum(gradients[1]).item() == 0);
}

TEST_CASE("grad of one output takes a cotangent without spans", "[engine]") {
  Tensor x = variable({1., 2.});
  CHECK(is_close(grad(x * x, x, f64({1., 10.})), f64({2., 40.})));
  CHECK(is_close(grad(x * x, std::vector<Tensor>{x}, f64({1., 10.}))[0], f64({2., 40.})));
  Tensor first = grad(x * x * x, x, ones_like(x), {.create_graph = true});
  CHECK(is_close(grad(sum(first), x), 6 * x));
}

TEST_CASE("A pass does not look below what is wanted", "[engine]") {
  Tensor x = variable(2.);
  Tensor h = exp(x);
  grad(h, x);  // its graph is used up
  Tensor a = h * 2, c = variable(3.);
  std::vector<Tensor> gradients = grad(a * a * c, {a, c});
  CHECK(gradients[0].item() == Approx(2 * a.item() * 3));
  CHECK(gradients[1].item() == Approx(a.item() * a.item()));
  CHECK_THROWS_WITH(grad(a * a * c, {a, x}), Contains("'exp'") && Contains("must not be used up"));
}

TEST_CASE("Small nodes take small blocks", "[engine]") {
  auto bytes = [](const Tensor& y) { return y.impl()->node->block_bytes; };
  Tensor a = ones({8, 8, 1, 2}, kVariable), b = ones({8, 8, 1, 2}, kVariable);
  CHECK(bytes(a + b) <= 192);
  CHECK(bytes(a * b) <= 256);
  CHECK(bytes(map([](auto a, auto b, auto c, auto d, auto e) { return a * b + c * d + e; }, a, b, a, b, a)) <= 512);
}

TEST_CASE("backward() of several threads on one leaf loses nothing", "[engine][threads]") {
  Tensor x = ones({64}, kVariable);
  Tensor w = ones({64}, kVariable);
  constexpr int kThreads = 4, kRounds = 300;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([x, w, t] {
      for (int i = 0; i < kRounds; ++i) {
        if (t % 2 == 0)
          sum(x * w * 2).backward();
        else
          sum(w * x).backward();
        if (i % 50 == 0) CHECK(x.grad().defined());
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(is_close(x.grad(), full({64}, kRounds * 2 * 3, kDouble), 0));
  CHECK(is_close(w.grad(), full({64}, kRounds * 2 * 3, kDouble), 0));
}

TEST_CASE("grad frees only the part of the graph that it went through", "[engine]") {
  Tensor x = variable(2.), z = variable(3.);
  Tensor shared = z * z;
  CHECK(grad(x * shared, x).item() == 9);
  CHECK(grad(x * shared, z).item() == 12);
}

// ---- Modes ----

TEST_CASE("NoGrad records nothing, GradMode records again", "[engine]") {
  Tensor x = variable(2.);
  NoGrad no_grad;
  CHECK_FALSE(grad_enabled());
  CHECK_FALSE((x * x).requires_grad());
  {
    GradMode recording(true);
    CHECK((x * x).requires_grad());
  }
  CHECK_FALSE(grad_enabled());
}

TEST_CASE("A graph recorded before can be gone through under NoGrad", "[engine]") {
  Tensor x = variable(2.);
  Tensor y = x * x;
  NoGrad no_grad;
  y.backward();
  CHECK(x.grad().item() == 4);
}

TEST_CASE("detach cuts the graph and shares the elements", "[engine]") {
  Tensor x = variable(3.);
  Tensor y = x * x;
  CHECK_FALSE(y.detach().requires_grad());
  CHECK(y.detach().item() == 9);
  CHECK(grad(x * y.detach(), x).item() == 9);
}

TEST_CASE("Integers and constants carry no gradient", "[engine]") {
  Tensor x = variable({1., 2.});
  CHECK_FALSE(argmax(x).requires_grad());
  CHECK_FALSE((x > 1).requires_grad());
  CHECK_FALSE((f64(1.) + 2).requires_grad());
  CHECK_FALSE(cast(x, DType::int64).requires_grad());
}

// ---- Hooks and retained gradients ----

TEST_CASE("A hook sees the gradient once, complete", "[engine][hook]") {
  Tensor x = variable(2.);
  Tensor a = x * 3;
  std::vector<double> seen;
  a.add_hook([&](const Tensor& g) { return seen.push_back(g.item()), Tensor(); }).keep();
  x.add_hook([&](const Tensor& g) { return seen.push_back(g.item()), Tensor(); }).keep();
  (a * a + a).backward();
  CHECK(seen == std::vector<double>{13, 39});
  CHECK(x.grad().item() == 39);
}

TEST_CASE("A hook's result replaces the gradient", "[engine][hook]") {
  Tensor x = variable({1., 2.});
  Tensor a = x * 3;
  a.add_hook([](const Tensor& g) { return clamp(g, -1, 1); }).keep();
  sum(a * 100).backward();
  CHECK(is_close(x.grad(), f64({3., 3.})));
}

TEST_CASE("Hooks run in the order they were added, also on variables and in grad()", "[engine][hook]") {
  Tensor x = variable(1.);
  x.add_hook([](const Tensor& g) { return g + 1; }).keep();
  x.add_hook([](const Tensor& g) { return g * 10; }).keep();
  CHECK(grad(x * 5, x).item() == 60);
}

TEST_CASE("A hook's result must fit", "[engine][hook]") {
  Tensor x = variable({1., 2.});
  x.add_hook([](const Tensor&) { return f64(1.); }).keep();
  CHECK_THROWS_WITH(sum(x).backward(), Contains("hook's result must be float64 [2]") && Contains("it is float64 []"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A hook that throws passes its exception on and changes nothing", "[engine][hook]") {
  Tensor x = variable(1.), z = variable(1.);
  Tensor a = x * z;
  a.add_hook([](const Tensor&) -> Tensor { throw std::runtime_error("mine"); }).keep();
  CHECK_THROWS_WITH(a.backward(), "mine");
  CHECK_FALSE(x.grad().defined());
  CHECK(grad_enabled());
}

TEST_CASE("A hook is removed when its handle dies", "[engine][hook]") {
  Tensor x = variable(1.);
  int calls = 0;
  auto count = [&](const Tensor&) { return ++calls, Tensor(); };
  {
    HookHandle handle = x.add_hook(count);
    CHECK(handle.active());
    (x * 2).backward();
  }
  (x * 2).backward();
  CHECK(calls == 1);
  HookHandle first = x.add_hook(count), second = x.add_hook([](const Tensor&g) { return g * 10; });
  first = std::move(second);  // the hook that `first` held is gone
  x.zero_grad();
  (x * 2).backward();
  CHECK(calls == 1);
  CHECK(x.grad().item() == 20);
  first.remove();
  CHECK_FALSE(first.active());
  CHECK(grad(x * 2, x).item() == 2);
  x.add_hook(count).keep();
  (x * 2).backward();
  CHECK(calls == 2);
}

TEST_CASE("A hook may add hooks and remove itself, and a handle may outlive its tensor", "[engine][hook]") {
  std::vector<int> seen;
  HookHandle self, later;
  {
    Tensor x = variable(1.);
    self = x.add_hook([&](const Tensor&) {
      seen.push_back(1);
      self.remove();
      later = x.add_hook([&](const Tensor&) { return seen.push_back(3), Tensor(); });
      return Tensor();
    });
    HookHandle other = x.add_hook([&](const Tensor&) { return seen.push_back(2), Tensor(); });
    (x * 2).backward();
    (x * 2).backward();
    CHECK(seen == std::vector<int>{1, 2, 3, 2, 3});
  }
  later.remove();
}

TEST_CASE("A hook is handed its tensor, which it therefore need not capture", "[engine][hook]") {
  std::int64_t before = memory::stats().storages;
  {
    Tensor x = variable({1., 2.});
    HookHandle scaled = x.add_hook([](const Tensor& g, const Tensor& x) {
      CHECK_FALSE(x.requires_grad());
      return g * x;
    });
    CHECK(is_close(grad(sum(x * 3), x), f64({3., 6.})));
    x.add_hook([](const Tensor& g, const Tensor&) { return g; }).keep();
  }
  CHECK(memory::stats().storages == before);
}

TEST_CASE("A hook that writes into the gradient it is handed is told so", "[engine][hook]") {
  Tensor x = variable({1., 2.}), z = variable({1., 2.});
  Tensor a = x + z;
  int line = 0;
  HookHandle handle = x.add_hook([&](const Tensor& g) {
    Tensor same = g;
    line = __LINE__ + 1;
    same.assign(0);
    return Tensor();
  });
  CHECK_THROWS_WITH(a.backward(f64({1., 1.})), Contains("a hook of 'leaf' must not write into the gradient") &&
                                                   Contains(place(line)) && Contains("Answer with a new tensor"));
  CHECK_FALSE(z.grad().defined());
}

TEST_CASE("retain_grad keeps the gradient of an intermediate result", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = x * x;
  CHECK_FALSE(a.grad().defined());
  a.retain_grad();
  (a * 5).backward();
  CHECK(a.grad().item() == 5);
  a.zero_grad();
  CHECK_FALSE(a.grad().defined());
}

TEST_CASE("grad leaves the gradients that retain_grad keeps alone", "[engine]") {
  Tensor x = variable(2.);
  Tensor a = x * x;
  a.retain_grad();
  CHECK(grad(a * 5, x, {.retain_graph = true}).item() == 20);
  CHECK_FALSE(a.grad().defined());
}

TEST_CASE("Gradients are not the caller's cotangent", "[engine]") {
  Tensor x = variable({1., 2.}), w = variable(3.);
  Tensor a = x + 0.0;
  a.retain_grad();
  Tensor cotangent = f64({1., 1.}) * w;
  a.backward(cotangent);
  for (const Tensor& gradient : {a.grad(), x.grad()}) {
    CHECK_FALSE(gradient.requires_grad());
    gradient.detach().assign(f64({7., 7.}));
  }
  CHECK(is_close(cotangent, f64({3., 3.}), 0));
}

TEST_CASE("Hooks run unrecorded, and the message says so", "[engine][hook]") {
  Tensor x = variable({1., 2.}), w = variable(2.);
  HookHandle handle = x.add_hook([&](const Tensor& g) {
    CHECK_THROWS_WITH(sum(g * w).backward(), Contains("Hooks and rules run unrecorded") && Contains("GradMode(true)"));
    GradMode recording(true);
    sum(g * w).backward();
    return Tensor();
  });
  sum(x * 3).backward();
  CHECK(w.grad().item() == 6);
}

TEST_CASE("A gradient that is not there says why", "[engine][misuse]") {
  Tensor w = variable({1., 2.});
  CHECK_THROWS_WITH(w.grad() * 2, Contains("no backward() has filled") && Contains("is no leaf"));
  CHECK_THROWS_WITH(w.grad().item(), Contains("no backward() has filled"));
  CHECK_THROWS_WITH(w[0].assign(1), Contains("under NoGrad"));
  NoGrad no_grad;
  w[0].assign(5);
  CHECK(w[0].item() == 5);
}

// ---- Passes inside of passes ----

TEST_CASE("A hook may take gradients through the same graph", "[engine][hook]") {
  Tensor x = variable(2.), z = variable(3.);
  Tensor a = x * z;
  Tensor b = sin(a) * z;
  Tensor y = b * a;
  double inner = 0;
  y.add_hook([&](const Tensor&) {
     inner = grad(b, z, {.retain_graph = true}).item();
     CHECK_THROWS_AS(grad(b, variable(1.), {.retain_graph = true}), std::logic_error);
     return Tensor();
   }).keep();
  y.backward();
  CHECK(inner == Approx(std::cos(6.0) * 2 * 3 + std::sin(6.0)));
  CHECK(z.grad().item() == Approx(6 * inner + std::sin(6.0) * 3 * 2));
  CHECK(x.grad().item() == Approx(6 * std::cos(6.0) * 3 * 3 + std::sin(6.0) * 3 * 3));
}

TEST_CASE("A hook that frees the graph it is called from is told so", "[engine][hook]") {
  Tensor x = variable(2.);
  Tensor a = exp(x);
  Tensor b = sin(a);
  b.add_hook([&](const Tensor&) { return grad(a, x), Tensor(); }).keep();
  CHECK_THROWS_WITH((b * 2).backward(), Contains("'exp'") && Contains("was freed"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A hook that overwrites saved values is told so", "[engine][hook]") {
  Tensor x = variable(2.), w = variable(3.);
  Tensor a = x * w;
  a.add_hook([&](const Tensor&) { return w.assign(f64(100.)), Tensor(); }).keep();
  CHECK_THROWS_WITH((a * 2).backward(), Contains("'mul'") && Contains("overwritten"));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("A hook may let go of the tensors that are asked for", "[engine][hook]") {
  Tensor x = variable(2.);
  Tensor a = x * x;
  std::vector<Tensor> outputs = {exp(a)}, inputs = {a, x};
  outputs[0]
      .add_hook([&](const Tensor&) {
        inputs[0] = inputs[1] = outputs[0] = a = Tensor();
        return Tensor();
      })
      .keep();
  std::vector<Tensor> gradients = grad(outputs, inputs);
  CHECK(gradients[0].item() == Approx(std::exp(4.0)));
  CHECK(gradients[1].item() == Approx(4 * std::exp(4.0)));
}

// ---- Misuse ----

TEST_CASE("backward on a non-scalar says what to do", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  CHECK_THROWS_AS((x * 2).backward(), std::invalid_argument);
  int line = __LINE__ + 1;
  auto call = [&] { (x * 2).backward(); };
  CHECK_THROWS_WITH(call(), Contains("must have one element, but its shape is [2]") && Contains("sum() or mean()") &&
                                Contains(place(line)));
}

TEST_CASE("backward twice names the operation and its line", "[engine][misuse]") {
  Tensor x = variable(2.);
  int line = __LINE__ + 1;
  Tensor y = exp(x);
  y.backward();
  std::string message = message_of<std::logic_error>([&] { y.backward(); });
  CHECK_THAT(message, Contains("'exp' (recorded at " + place(line) + ") was freed by an earlier backward pass"));
  CHECK_THAT(message, Contains("retain_graph") && Contains(place(line + 2)));
  CHECK(is_close(x.grad(), exp(x)));
}

TEST_CASE("A freed part of a graph is found from a new part", "[engine][misuse]") {
  Tensor x = variable(2.);
  Tensor a = exp(x);
  Tensor loss = a * 2;
  loss.backward();
  Tensor other = a * 3;
  CHECK_THROWS_WITH(other.backward(), Contains("'exp'") && Contains("was freed"));
}

TEST_CASE("An overwritten saved value names who saved and who wrote", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  int saved = __LINE__ + 1;
  Tensor y = sum(x * x);
  x.assign(f64({3., 4.}));
  std::string message = message_of<std::logic_error>([&] { y.backward(); });
  CHECK_THAT(message, Contains("'mul' saved at " + place(saved)) && Contains("shape [2]") &&
                          Contains("overwritten at " + place(saved + 1)));
  CHECK_FALSE(x.grad().defined());
}

TEST_CASE("Writing through mutable_data or a detached view counts as well", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  Tensor y = sum(exp(x * 1.0) * x);
  x.mutable_data<double>()[0] = 5;
  CHECK_THROWS_WITH(y.backward(), Contains("overwritten at " + place(__LINE__ - 1)));
  Tensor z = sum(x * x);
  x.detach().assign(f64({0., 0.}));
  CHECK_THROWS_WITH(z.backward(), Contains("overwritten at " + place(__LINE__ - 1)));
}

TEST_CASE("Values that no rule reads may be overwritten", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  Tensor y = sum(x + 1.0);
  x.assign(f64({3., 4.}));
  y.backward();
  CHECK(is_close(x.grad(), f64({1., 1.})));
}

TEST_CASE("Differentiating what depends on no variable is explained", "[engine][misuse]") {
  Tensor x = f64({1., 2.});
  CHECK_THROWS_WITH(sum(x).backward(),
                    Contains("must depend on a tensor that requires a gradient") && Contains("set_requires_grad()"));
  Tensor w = variable(1.);
  CHECK_THROWS_WITH(grad(w * 2, f64(1.)), Contains("input must require a gradient"));
  CHECK_THROWS_WITH(grad(w * 2, Tensor()), Contains("input must be defined"));
  CHECK_THROWS_WITH(Tensor().backward(), Contains("defined"));
}

TEST_CASE("Cotangents must fit", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  Tensor y = x * 2;
  CHECK_THROWS_WITH(y.backward(f64({1., 2., 3.})),
                    Contains("cotangent must be float64 [2]") && Contains("float64 [3]"));
  CHECK_THROWS_WITH(y.backward(tensor({1., 2.})), Contains("it is float32 [2]"));
  CHECK_THROWS_WITH(y.backward(Tensor()), Contains("it is undefined"));
  std::vector<Tensor> outputs = {y, y}, cotangents = {f64({1., 2.})};
  CHECK_THROWS_WITH(backward(outputs, cotangents), Contains("one cotangent for each output, but there are 1 for 2"));
  CHECK_THROWS_WITH(backward(std::span<const Tensor>{}), Contains("at least one output"));
}

TEST_CASE("The gradient of a variable must fit", "[engine][misuse]") {
  Tensor x = variable({1., 2.});
  CHECK_THROWS_WITH(x.set_grad(f64(1.)), Contains("must be float64 [2]"));
  CHECK_THROWS_AS(f64(1.).set_grad(f64(1.)), std::logic_error);
  CHECK_THROWS_AS(tensor({1, 2}).set_requires_grad(), std::invalid_argument);
  CHECK_THROWS_AS((x * 2).set_requires_grad(), std::logic_error);
  CHECK_THROWS_AS((x * 2).assign(x), std::logic_error);
  CHECK_THROWS_AS(f64(1.).retain_grad(), std::logic_error);
  CHECK_THROWS_AS(f64(1.).add_hook([](const Tensor& g) { return g; }), std::logic_error);
}
