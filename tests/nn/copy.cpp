#include <xgrad/nn/copy.hpp>

#include <algorithm>
#include <any>
#include <array>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/grad_mode.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::message_of;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

nn::Dense dense(int in, int out) { return nn::Dense(in, out, {.dtype = DType::float64}); }

/// Layers held in every way that is copied: by value, in a vector, an optional, lambdas, a Sequential; a tied weight
/// and a buffer.
struct Net : nn::Module {
  struct Block : nn::Module {
    nn::Dense inner = child("inner", dense(2, 2));
    nn::Parameter gain = param("gain", full({2}, 0.9, kDouble));
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return gain * tanh(inner(x)); });
    }
  };

  nn::Dense hidden = child("hidden", dense(3, 2));
  Block block = child("block", Block());
  std::vector<nn::Dense> rest;
  std::optional<nn::Dense> extra;
  nn::Sequential tail = child("tail", nn::Sequential{dense(2, 2), tanh, nn::Dropout(0.5), nn::Sequential{dense(2, 2)}});
  std::function<Tensor(const Tensor&)> f;
  Function<Tensor(const Tensor&)> g;
  nn::Parameter scale = param("scale", full({2}, 0.7, kDouble));
  nn::Buffer mean = buffer("mean", full({2}, 0.1, kDouble));
  nn::Parameter tied = param("tied", hidden.weight());  // [2, 3]

  Net() {
    for (int i = 0; i < 2; ++i) rest.push_back(child("rest" + std::to_string(i), dense(2, 2)));
    extra.emplace(child("extra", dense(2, 2)));
    f = [layer = child("in_lambda", dense(2, 2))](const Tensor& x) { return sin(layer(x)); };
    g = [layer = child("in_function", dense(2, 2))](const Tensor& x) { return sin(layer(x)); };
    eval();
  }
  Tensor operator()(const Tensor& x) const {
    Tensor h = block(tanh(hidden(x)));
    for (const nn::Dense& layer : rest) h = tanh(layer(h));
    return matmul(g(f(tail((*extra)(h)))) * scale + mean, tied);
  }
};

struct Data {
  Data() {
    Generator generator(3);
    x = normal({4, 3}, 0, 1, kDouble, generator);
    y = normal({4, 3}, 0, 1, kDouble, generator);
  }
  Tensor loss(const Net& net) const { return nn::mse(net(x), y); }
  Tensor x, y;
};

std::vector<Tensor> moved_by(const std::vector<Tensor>& tensors, double step) {
  std::vector<Tensor> result;
  for (const Tensor& tensor : tensors) result.push_back((tensor.detach() + step).set_requires_grad());
  return result;
}

std::vector<std::string> names(const nn::NamedTensors& tensors) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : tensors) result.push_back(name);
  return result;
}

}  // namespace

// ---- with_parameters ----

TEST_CASE("a model on other parameters computes with them, and the original with its own", "[nn][copy]") {
  Net model;
  Data data;
  std::vector<Tensor> own = model.parameters();
  Tensor before = model(data.x).detach();
  CHECK(allclose(nn::with_parameters(model, own)(data.x), before));

  std::vector<Tensor> other = moved_by(own, 0.1);
  Net copy = nn::with_parameters(model, other);
  CHECK(names(copy.state()) == names(model.state()));
  for (std::size_t i = 0; i < own.size(); ++i) CHECK(copy.parameters()[i].is_same(other[i]));
  CHECK(allclose(model(data.x), before));

  Net loaded;
  loaded.copy_parameters_from(copy);
  CHECK(allclose(copy(data.x), loaded(data.x)));
  std::vector<Tensor> gradients = grad(data.loss(copy), other);
  std::vector<Tensor> expected = grad(data.loss(loaded), loaded.parameters());
  for (std::size_t i = 0; i < own.size(); ++i) {
    CHECK(sum(abs(gradients[i])).item() > 0);
    CHECK(allclose(gradients[i], expected[i]));
  }
}

TEST_CASE("a copy keeps ties, paths, classes and the mode, which is its own from then on", "[nn][copy]") {
  Net model;
  Net copy = nn::with_parameters(model, moved_by(model.parameters(), 0.1));
  CHECK(copy.tied.is_same(copy.hidden.weight()));
  CHECK_FALSE(copy.tied.is_same(model.tied));
  CHECK(copy.path() == "Net");
  CHECK(copy.rest[1].path() == "Net.rest1");
  CHECK(copy.block.inner.path() == "Net.block.inner");
  CHECK(copy.block.class_name() == "Block");
  CHECK_FALSE(copy.is_training());
  copy.train();
  CHECK(copy.tail.is_training());
  CHECK_FALSE(model.tail.is_training());
}

TEST_CASE("a copy has buffers of its own", "[nn][copy]") {
  Net model;
  Net copy = nn::with_parameters(model, model.parameters());
  copy.mean.assign(5);
  CHECK(copy.buffers()[0].is_same(copy.mean));
  CHECK(model.mean.to_vector() == std::vector<double>{0.1, 0.1});
}

TEST_CASE("meta-learning: the gradient through three inner steps of a module passes gradcheck", "[nn][copy]") {
  Net model;
  Data data;
  auto after = [&](int steps) {
    GradMode recorded(true);  // in gradcheck's evaluations, too: the inner steps take gradients
    std::vector<Tensor> w = model.parameters();
    for (int step = 0; step < steps; ++step) {
      std::vector<Tensor> g = grad(data.loss(nn::with_parameters(model, w)), w, {.create_graph = true});
      for (std::size_t i = 0; i < w.size(); ++i) w[i] = w[i] - 0.3 * g[i];
    }
    return data.loss(nn::with_parameters(model, w));
  };
  gradcheck([&] { return after(3); }, model.parameters());
  gradcheck([&] { return after(1); }, model.parameters(), {.order = 2});
}

TEST_CASE("a copy of a copy is one more inner step", "[nn][copy]") {
  struct Line : nn::Module {
    nn::Parameter w = param("w", tensor({3.}, kDouble));
    Tensor operator()(const Tensor& x) const { return w * x; }
  } model;
  auto loss = [](const Line& line) { return sum(square(line(tensor({1.}, kDouble)) - 1)); };
  std::function<Tensor(const Line&, int)> descend = [&](const Line& line, int left) {
    if (left == 0) return loss(line);
    Tensor g = grad(loss(line), line.w, {.create_graph = true});
    return descend(nn::with_parameters(line, {line.w - 0.25 * g}), left - 1);
  };
  // Each step halves w - 1: the loss after two is (2 / 4)^2, its derivative 2 (2 / 4) / 4.
  Tensor after = descend(model, 2);
  CHECK(after.item() == 0.25);
  CHECK(grad(after, model.w).item() == 0.25);
}

TEST_CASE("parameters may be given by name, the others stay shared", "[nn][copy]") {
  Net model;
  Tensor scale = full({2}, 2., kDouble);
  Net copy = nn::with_parameters(model, nn::NamedTensors{{"scale", scale}});
  CHECK(copy.scale.is_same(scale));
  CHECK(copy.hidden.weight().is_same(model.hidden.weight()));
  CHECK_THROWS_WITH(nn::with_parameters(model, nn::NamedTensors{{"scales", scale}}),
                    Contains("each name must be that of a parameter of Net, but these are not: scales."));
}

TEST_CASE("parameters may be exchanged, or stand for several", "[nn][copy]") {
  struct Two : nn::Module {
    nn::Dense a = child("a", nn::Dense(2, 2, {.bias = false}));
    nn::Dense b = child("b", nn::Dense(2, 2, {.bias = false}));
    nn::Sequential both = child("both", nn::Sequential{a, b});
    Tensor operator()(const Tensor& x) const { return both(x); }
  } two;
  std::vector<Tensor> own = two.parameters();
  Tensor x = normal({1, 2});
  Two exchanged = nn::with_parameters(two, {own[1], own[0]});
  CHECK(allclose(exchanged.a(x), two.b(x)));
  CHECK(allclose(exchanged(x), two.a(two.b(x))));
  Two twice = nn::with_parameters(two, {own[0], own[0]});
  CHECK(twice.parameters().size() == 2);
  CHECK(allclose(grad(sum(twice(x)), own[0]), grad(sum(two.a(two.a(x))), own[0])));
}

TEST_CASE("a float32 model is checked in float64", "[nn][copy]") {
  struct Small : nn::Module {
    nn::Dense hidden = child("hidden", nn::Dense(2, 3));
    nn::Dense output = child("output", nn::Dense(3, 1));
    Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
  } model;
  std::vector<Tensor> precise;
  for (const Tensor& parameter : model.parameters())
    precise.push_back(cast(parameter.detach(), DType::float64).set_requires_grad());
  Tensor x = normal({4, 2}, 0, 1, kDouble);
  gradcheck([&] { return sum(nn::with_parameters(model, precise)(x)); }, precise);
  CHECK(model.hidden.weight().dtype() == DType::float32);
}

TEST_CASE("with_parameters refuses tensors of another number, shape or kind", "[nn][copy]") {
  Net model;
  std::vector<Tensor> own = model.parameters();
  auto call = [&] { nn::with_parameters(model, {own[0]}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "with_parameters: there must be a tensor for each of the 20 parameters of Net, but there are 1." +
            nn::testing::at("copy.cpp", line));
  auto with_first = [&](const Tensor& first) {
    std::vector<Tensor> tensors = own;
    tensors[0] = first;
    return message_of<std::invalid_argument>([&] { nn::with_parameters(model, tensors); });
  };
  CHECK_THAT(with_first(ones({5})), Contains("'scale' must be [2], but it is [5]."));
  CHECK_THAT(with_first(tensor({1, 2})), Contains("'scale' must be floating, but it is int64."));
  CHECK_THAT(with_first(Tensor()), Contains("'scale' must be a tensor, but it is undefined."));
  const nn::NamedTensors twice = {{"scale", ones({2})}, {"scale", zeros({2})}};
  CHECK_THAT(message_of<std::invalid_argument>([&] { nn::with_parameters(model, twice); }),
             Contains("'scale' and 'scale' stand for two"));
}

TEST_CASE("a copy on results of operations is neither converted nor loaded into", "[nn][copy]") {
  struct Two : nn::Module {
    nn::Parameter a = param("a", ones({2}));
    nn::Parameter b = param("b", ones({2}));
  } model;
  Two copy = nn::with_parameters(model, {model.a.detach(), model.b * 2});
  auto call = [&] { copy.to(DType::float64); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::logic_error>(call) ==
        "Two: to() writes into leaves, but 'b' is the result of 'mul'. Call it for the model that was copied." +
            nn::testing::at("copy.cpp", line));
  CHECK_THROWS_AS(copy.load({{"a", zeros({2})}, {"b", zeros({2})}}), std::logic_error);
  CHECK(copy.a.dtype() == DType::float32);
  CHECK(copy.a.to_vector() == std::vector<double>{1, 1});
  copy.zero_grad();
}

// ---- clone ----

TEST_CASE("a clone has the same values and shares nothing", "[nn][copy]") {
  Net model;
  Data data;
  model.scale.set_requires_grad(false);
  Net clone = nn::clone(model);
  CHECK(allclose(clone(data.x), model(data.x)));
  CHECK(clone.tied.is_same(clone.hidden.weight()));
  CHECK_FALSE(clone.scale.requires_grad());
  CHECK(clone.tied.requires_grad());
  std::vector<Tensor> own = model.parameters(), cloned = clone.parameters();
  REQUIRE(cloned.size() == own.size());
  for (std::size_t i = 0; i < own.size(); ++i) {
    CHECK_FALSE(cloned[i].is_same(own[i]));
    CHECK(cloned[i].is_leaf());
    cloned[i].assign(0);
  }
  CHECK(sum(abs(clone(data.x))).item() == 0);
  CHECK(sum(abs(model(data.x))).item() > 0);
  clone.tail.add(relu);
  CHECK(clone.tail.size() == 5);
  CHECK(model.tail.size() == 4);
}

TEST_CASE("a plain copy is still another handle of the same model", "[nn][copy]") {
  Net model;
  nn::clone(model);
  Net handle = model;
  CHECK(handle.scale.is_same(model.scale));
  CHECK(handle.hidden.weight().is_same(model.hidden.weight()));
}

namespace {

/// A value with copies of its own over a virtual base.
class Box {
 public:
  template <class L>
  explicit Box(L layer) : held_(std::make_unique<Holder<L>>(std::move(layer))) {}
  Box(const Box& other) : held_(other.held_->copy()) {}
  Tensor operator()(const Tensor& x) const { return held_->run(x); }

 private:
  struct Held {
    virtual ~Held() = default;
    virtual std::unique_ptr<Held> copy() const = 0;
    virtual Tensor run(const Tensor& x) const = 0;
  };
  template <class L>
  struct Holder : Held {
    explicit Holder(const L& l) : layer(l) {}
    std::unique_ptr<Held> copy() const override { return std::make_unique<Holder>(layer); }
    Tensor run(const Tensor& x) const override { return layer(x); }
    L layer;
  };
  std::unique_ptr<Held> held_;
};

template <class L>
struct Wrapped : nn::Module {
  explicit Wrapped(L layer) : inner(child("inner", std::move(layer))) {}
  Tensor operator()(const Tensor& x) const { return inner(x); }
  L inner;
};

struct Base : nn::Module {
  nn::Dense dense = child("dense", nn::Dense(2, 2));
};
struct Derived : Base {
  nn::Parameter factor = param("factor", ones({2}));
};

struct Holders : nn::Module {
  struct Part {
    nn::Dense dense;
    nn::Parameter factor;
  };
  std::map<std::string, nn::Dense> by_name;
  std::variant<int, nn::Dense> either;
  std::array<nn::Dense, 2> pair{child("first", nn::Dense(2, 2)), child("second", nn::Dense(2, 2))};
  std::any anything;
  Part part{child("part", nn::Dense(2, 2)), param("factor", ones({2}))};
  Derived derived = child("derived", Derived());
  Wrapped<nn::Sequential> wrapped = child("wrapped", Wrapped(nn::Sequential{nn::Dense(2, 2), tanh, nn::Dense(2, 2)}));
  Box box{child("boxed", nn::Dense(2, 2))};
  nn::Dense unregistered{2, 2};

  Holders() {
    by_name.emplace("k", child("k", nn::Dense(2, 2)));
    either.emplace<nn::Dense>(child("either", nn::Dense(2, 2)));
    anything = child("anything", nn::Dense(2, 2));
  }
  Tensor operator()(const Tensor& x) const {
    Tensor y = std::get<nn::Dense>(either)(by_name.at("k")(unregistered(x)));
    y = part.factor * part.dense(std::any_cast<const nn::Dense&>(anything)(pair[1](pair[0](y))));
    return box(wrapped(derived.factor * derived.dense(y)));
  }
};

}  // namespace

TEST_CASE("layers are found wherever a copy reaches", "[nn][copy]") {
  Holders model;
  std::vector<Tensor> other = moved_by(model.parameters(), 0);
  Holders copy = nn::with_parameters(model, other);
  Tensor x = normal({3, 2});
  CHECK(allclose(copy(x), model(x)));
  for (const Tensor& gradient : grad(sum(square(copy(x))), other)) CHECK(sum(abs(gradient)).item() > 0);
  CHECK(copy.unregistered.weight().is_same(model.unregistered.weight()));
  for (Tensor parameter : model.parameters()) parameter.assign(0);
  CHECK(sum(abs(copy(x))).item() > 0);
}

// ---- What cannot be copied ----

TEST_CASE("a model that a copy does not see through is refused, with the names", "[nn][copy]") {
  struct Shared : nn::Module {
    std::shared_ptr<nn::Dense> layer = std::make_shared<nn::Dense>(child("layer", nn::Dense(2, 2)));
  } shared;
  auto call = [&] { nn::clone(shared); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "clone: copying the class Shared must copy all that it is made of, but it left out layer.weight, layer.bias, "
        "Shared.layer (Dense). Hold layers and tensors by value, not behind a shared_ptr, a pointer or a reference, do "
        "not "
        "assign to them, and let a copy constructor of its own begin with Module(other)." +
            nn::testing::at("copy.cpp", line));
  CHECK_THROWS_WITH(nn::with_parameters(shared, shared.parameters()), Contains("left out layer.weight, layer.bias"));

  struct SharedDropout : nn::Module {
    std::shared_ptr<nn::Dropout> drop = std::make_shared<nn::Dropout>(child("drop", nn::Dropout()));
  } without_parameters;
  CHECK_THROWS_WITH(nn::clone(without_parameters), Contains("left out SharedDropout.drop (Dropout)."));

  struct Forgetful : nn::Module {
    nn::Dense layer = child("layer", nn::Dense(2, 2));
    Forgetful() = default;
    Forgetful(const Forgetful& other) : Module(), layer(other.layer) {}
  } forgetful;
  CHECK_THROWS_WITH(nn::clone(forgetful), Contains("Module(other)"));

  struct Reassigned : nn::Module {
    Tensor w = param("w", ones({2}));
  } reassigned;
  reassigned.w = zeros({2});
  CHECK_THROWS_WITH(nn::clone(reassigned), Contains("left out w."));

  Derived derived;
  const Base& sliced = derived;
  CHECK_THROWS_WITH(
      nn::clone(sliced),
      Contains("the model must be handed over as the class it is, but it is a Derived and is handed over as a Base."));
}

namespace {

nn::Dense plain() { return nn::Dense(2, 2, {.bias = false}); }

// Each holds its layers by value and calls them otherwise.
struct BesideSequential : nn::Module {
  std::vector<std::shared_ptr<nn::Dense>> layers;
  nn::Sequential body = child("body", nn::Sequential());
  BesideSequential() {
    for (int i = 0; i < 2; ++i) {
      layers.push_back(std::make_shared<nn::Dense>(plain()));
      body.add(*layers.back());
    }
  }
  Tensor operator()(Tensor x) const {
    for (const auto& layer : layers) x = (*layer)(x);
    return x;
  }
};
struct ByReference : nn::Module {
  nn::Dense layer = child("layer", plain());
  const nn::Dense& same = layer;
  Tensor operator()(const Tensor& x) const { return same(x); }
};
struct ByThis : nn::Module {
  nn::Dense layer = child("layer", plain());
  std::function<Tensor(const Tensor&)> f = [this](const Tensor& x) { return layer(x); };
  Tensor operator()(const Tensor& x) const { return f(x); }
};

template <class M>
void check_finds_the_original(const M& model) {
  Tensor x = ones({1, 2});
  CHECK_NOTHROW(nn::check_registration(model, [&] { model(x); }));
  M copy = nn::clone(model);
  CHECK_THROWS_WITH(nn::check_registration(copy, [&] { copy(x); }),
                    Contains("these were never handed to child(): a " + model.class_name() + "."));
  M on_others = nn::with_parameters(model, moved_by(model.parameters(), 1));
  CHECK_THROWS_AS(nn::check_registration(on_others, [&] { on_others(x); }), std::logic_error);
}

}  // namespace

TEST_CASE("layers of the original that a copy still calls are found by a check of the copy's registration",
          "[nn][copy]") {
  check_finds_the_original(BesideSequential());
  check_finds_the_original(ByReference());
  check_finds_the_original(ByThis());
}

TEST_CASE("a Function is copied with what it captured, whatever it answers with", "[nn][copy]") {
  struct Writes : nn::Module {
    nn::Dense layer = child("layer", plain());
    Function<void(const Tensor&, Tensor&)> f = [layer = layer](const Tensor& x, Tensor& y) { y = layer(x); };
    Tensor operator()(const Tensor& x) const {
      Tensor y;
      f(x, y);
      return y;
    }
  } model;
  Writes copy = nn::clone(model);
  for (Tensor parameter : copy.parameters()) parameter.assign(0);
  CHECK(sum(abs(copy(ones({1, 2})))).item() == 0);
  CHECK(sum(abs(model(ones({1, 2})))).item() > 0);
  std::vector<Tensor> other = moved_by(model.parameters(), 1);
  CHECK(sum(abs(grad(sum(nn::with_parameters(model, other)(ones({1, 2}))), other[0]))).item() > 0);
}

TEST_CASE("the clones of a Function have counts of their own", "[nn][copy]") {
  struct Counts : nn::Module {
    Function<void(int&)> next = [n = 0](int& count) mutable { count = ++n; };
  } model;
  int count = 0;
  model.next(count);
  Counts copy = nn::clone(model);
  copy.next(count);
  CHECK(count == 2);
  model.next(count);
  CHECK(count == 2);
}

namespace {

struct HoldsUnique : nn::Module {
  nn::Dense layer = child("layer", plain());
  Function<Tensor(const Tensor&)> f = [p = std::make_unique<nn::Dense>(layer)](const Tensor& x) { return (*p)(x); };
};

}  // namespace

TEST_CASE("a Function of what cannot be copied is refused, by its name", "[nn][copy]") {
  HoldsUnique model;
  auto call = [&] { nn::clone(model); };
  int line = __LINE__ - 1;
  std::string message = message_of<std::invalid_argument>(call);
  CHECK_THAT(message,
             Catch::StartsWith("clone: what a Function in the class HoldsUnique holds must be copyable, but this "
                               "is not: "));
  CHECK_THAT(message, Contains("HoldsUnique::f::") &&
                          Catch::EndsWith("Let it capture layers and tensors by value, not behind a unique_ptr." +
                                          nn::testing::at("copy.cpp", line)));
  CHECK_THROWS_WITH(nn::with_parameters(model, model.parameters()), Contains("with_parameters: what a Function in"));
  HoldsUnique handle = model;
  CHECK(handle.f(ones({1, 2})).shape() == Shape{1, 2});
}

TEST_CASE("tensors that share memory share it in the clone", "[nn][copy]") {
  struct Shares : nn::Module {
    nn::Parameter w = param("w", tensor({1., 2., 3., 4.}));
    nn::Parameter same = param("same", w.detach());
    nn::Parameter front = param("front", w.detach()[slice(0, 2)]);
    nn::Parameter back = param("back", w.detach()[slice(2, 4)]);
    nn::Buffer middle = buffer("middle", w.detach()[slice(1, 3)]);
    nn::Parameter apart = param("apart", tensor({5., 6.}));
  } model;
  Shares copy = nn::clone(model);
  CHECK(copy.w.to_vector() == std::vector<double>{1, 2, 3, 4});
  CHECK(copy.apart.to_vector() == std::vector<double>{5, 6});
  CHECK_FALSE(copy.middle.requires_grad());
  CHECK(copy.same.is_leaf());
  copy.w.assign(tensor({7., 8., 9., 10.}));
  CHECK(copy.same.to_vector() == std::vector<double>{7, 8, 9, 10});
  CHECK(copy.front.to_vector() == std::vector<double>{7, 8});
  CHECK(copy.back.to_vector() == std::vector<double>{9, 10});
  CHECK(copy.middle.to_vector() == std::vector<double>{8, 9});
  CHECK(copy.apart.to_vector() == std::vector<double>{5, 6});
  CHECK(model.w.to_vector() == std::vector<double>{1, 2, 3, 4});
  CHECK(model.middle.to_vector() == std::vector<double>{2, 3});
}

TEST_CASE("a failed copy leaves the thread's copies alone", "[nn][copy]") {
  struct Throws : nn::Module {
    nn::Dense layer = child("layer", nn::Dense(2, 2));
    Throws() = default;
    Throws(const Throws& other) : Module(other), layer(other.layer) { throw std::runtime_error("no copy"); }
  } model;
  CHECK_THROWS_WITH(nn::clone(model), Contains("no copy"));
  nn::Dense handle = model.layer;
  CHECK(handle.weight().is_same(model.layer.weight()));
}

TEST_CASE("several threads copy one model", "[nn][copy][threads]") {
  Net model;
  std::vector<Tensor> own = model.parameters();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int k = 0; k < 4; ++k)
    threads.emplace_back([&, k] {
      for (int i = 0; i < 50; ++i) {
        std::vector<Tensor> other = moved_by(own, 1. + k);
        Net copy = nn::with_parameters(model, other);
        Net handle = model;
        wrong += !copy.scale.is_same(other[0]) || copy.hidden.weight().is_same(model.hidden.weight()) ||
                 !handle.scale.is_same(own[0]) || !handle.hidden.weight().is_same(model.hidden.weight());
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("clone copies a Sequential that one of its layers holds", "[nn][clone]") {
  // Which of these layers live: they hold what holds them, until they let go.
  struct Inside {
    std::unique_ptr<nn::Sequential> model;
    std::vector<Inside*>* living;
    Inside(const nn::Sequential& model, std::vector<Inside*>& living)
        : model(new nn::Sequential(model)), living(&living) {
      living.push_back(this);
    }
    Inside(const Inside& other) : Inside(*other.model, *other.living) {}
    ~Inside() { std::erase(*living, this); }
    Tensor operator()(const Tensor& x) const { return 2 * x; }
  };
  std::vector<Inside*> living;
  {
    nn::Sequential model{nn::Dense(2, 3)};
    model.add(Inside(model, living));
    const nn::Sequential copy = nn::clone(model);
    const Tensor x = uniform({4, 2});
    CHECK(allclose(copy(x), model(x)));
    CHECK_FALSE(copy.parameters()[0].is_same(model.parameters()[0]));
  }
  while (true) {
    auto holder = std::find_if(living.begin(), living.end(), [](const Inside* each) { return each->model != nullptr; });
    if (holder == living.end()) break;
    const std::unique_ptr<nn::Sequential> last = std::move((*holder)->model);
  }
  CHECK(living.empty());
}
