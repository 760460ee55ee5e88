#include <xgrad/nn/module.hpp>

#include <sys/resource.h>
#include <unistd.h>

#include <cmath>
#include <fstream>
#include <memory>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/activation.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/nn/sequential.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using nn::testing::message_of;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(4, 3));
  nn::Dense output = child("output", nn::Dense(3, 2, {.bias = false}));
  Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
};

struct Scaled : nn::Module {
  Tensor scale = param("scale", tensor({2., 3.}));
  Tensor seen = buffer("seen", tensor({0, 0}));
  Mlp body = child("body", Mlp());
  Tensor operator()(const Tensor& x) const { return scale * body(x); }
};

/// Opens the registering functions to the tests.
struct Open : nn::Module {
  using Module::buffer;
  using Module::child;
  using Module::param;
};

std::vector<std::string> names(const nn::NamedTensors& tensors) {
  std::vector<std::string> result;
  for (const auto& [name, tensor] : tensors) result.push_back(name);
  return result;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a module lists its parameters by path, its own before its children's", "[nn][module]") {
  Scaled model;
  CHECK(names(model.named_parameters()) ==
        Names{"scale", "body.hidden.weight", "body.hidden.bias", "body.output.weight"});
  CHECK(names(model.named_buffers()) == Names{"seen"});
  CHECK(names(model.state()) == Names{"scale", "body.hidden.weight", "body.hidden.bias", "body.output.weight", "seen"});
  REQUIRE(model.parameters().size() == 4);
  CHECK(model.parameters()[1].is_same(model.body.hidden.weight()));
  CHECK(model.buffers()[0].is_same(model.seen));
  CHECK(model.parameter_count() == 2 + 12 + 3 + 6);
}

TEST_CASE("parameters require gradients, buffers do not", "[nn][module]") {
  Scaled model;
  for (const Tensor& parameter : model.parameters()) {
    CHECK(parameter.requires_grad());
    CHECK(parameter.is_leaf());
  }
  CHECK_FALSE(model.seen.requires_grad());
}

TEST_CASE("children are listed in order, with their class", "[nn][module]") {
  Scaled model;
  auto children = model.children();
  REQUIRE(children.size() == 1);
  CHECK(children[0].first == "body");
  CHECK(children[0].second.class_name() == "Mlp");
  auto layers = children[0].second.children();
  REQUIRE(layers.size() == 2);
  CHECK(layers[1].first == "output");
  CHECK(layers[1].second.class_name() == "Dense");
  CHECK(layers[1].second.path() == "Scaled.body.output");
  CHECK(layers[1].second.parameters()[0].is_same(model.body.output.weight()));
}

TEST_CASE("a copied and a moved module name the same parameters", "[nn][module]") {
  Mlp model;
  Mlp copy = model;
  Mlp moved = std::move(copy);
  CHECK(moved.hidden.weight().is_same(model.hidden.weight()));
  CHECK(moved.parameters()[0].is_same(model.parameters()[0]));
  CHECK(copy.parameters().size() == 3);
  moved.eval();
  CHECK_FALSE(model.is_training());
}

TEST_CASE("a shared module's parameters come once", "[nn][module]") {
  Open model;
  nn::Dense layer(2, 2);
  model.child("first", layer);
  model.child("second", layer);
  CHECK(names(model.named_parameters()) == Names{"first.weight", "first.bias"});
  CHECK(layer.path() == "Open.first");
}

TEST_CASE("a tensor that two modules register is one parameter", "[nn][module]") {
  Open model;
  Tensor shared = model.param("a", ones({2}));
  model.param("b", shared);
  CHECK(model.parameters().size() == 1);
}

TEST_CASE("a parameter that is a broadcast view gets elements of its own", "[nn][module]") {
  Open model;
  Tensor parameter = model.param("w", expand(ones({1}), {3}));
  parameter.assign(tensor({1., 2., 3.}));
  CHECK(parameter.to_vector<double>() == std::vector<double>{1, 2, 3});
}

TEST_CASE("paths begin with the class of the outermost module", "[nn][module]") {
  Scaled model;
  CHECK(model.path() == "Scaled");
  CHECK(model.body.path() == "Scaled.body");
  CHECK(model.body.hidden.path() == "Scaled.body.hidden");
  CHECK(model.body.hidden.class_name() == "Dense");
  CHECK(nn::Dense(1, 1).path() == "Dense");
}

TEST_CASE("a path survives copies, moves and the end of the first handle", "[nn][module]") {
  auto first = std::make_unique<Mlp>();
  Mlp second = *first;
  nn::Dense layer = first->hidden;
  first.reset();
  CHECK(second.path() == "Mlp");
  CHECK(layer.path() == "Mlp.hidden");
  std::vector<Mlp> many;
  for (int i = 0; i < 5; ++i) many.emplace_back();
  CHECK(many[0].hidden.path() == "Mlp.hidden");
}

TEST_CASE("a layer that outlives its model is outermost", "[nn][module]") {
  auto model = std::make_unique<Mlp>();
  nn::Dense layer = model->hidden;
  model.reset();
  CHECK(layer.path() == "Dense");
}

namespace inner {
template <class T>
struct Wrapped : nn::Module {};
}  // namespace inner

TEST_CASE("a class's name comes without namespaces", "[nn][module]") {
  struct Local : nn::Module {};
  CHECK(Local().class_name() == "Local");
  CHECK(inner::Wrapped<int>().class_name() == "Wrapped<int>");
}

TEST_CASE("errors of layers carry path, class and the user's line", "[nn][module]") {
  Mlp model;
  Tensor x = zeros({32, 100});
  auto call = [&] { model.hidden(x); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Mlp.hidden (Dense): last axis of x must be 4, but x is [32, 100]." + nn::testing::at("module.cpp", line));
  nn::Dense alone(4, 3);
  auto other = [&] { alone(tensor(1.)); };
  int other_line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(other) ==
        "Dense: last axis of x must be 4, but x is []." + nn::testing::at("module.cpp", other_line));
}

TEST_CASE("names must be there, be new and have no dot", "[nn][module]") {
  Open model;
  model.param("w", ones({1}));
  CHECK_THROWS_AS(model.param("", ones({1})), std::invalid_argument);
  CHECK_THROWS_AS(model.param("a.b", ones({1})), std::invalid_argument);
  CHECK_THROWS_AS(model.buffer("w", ones({1})), std::invalid_argument);
  CHECK_THROWS_AS(model.child("w", Open()), std::invalid_argument);
  auto call = [&] { model.param("w", ones({1})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Open: the names of parameters, buffers and children must differ, but there is a 'w' already." +
            nn::testing::at("module.cpp", line));
  CHECK(model.parameters().size() == 1);
}

TEST_CASE("parameters are floating leaves, buffers need no gradient", "[nn][module]") {
  Open model;
  CHECK_THROWS_AS(model.param("w", tensor({1, 2})), std::invalid_argument);
  CHECK_THROWS_AS(model.param("w", Tensor()), std::invalid_argument);
  Tensor variable = ones({2}, {.requires_grad = true});
  CHECK_THROWS_AS(model.param("w", variable * 2), std::logic_error);
  CHECK_THROWS_AS(model.buffer("b", variable), std::invalid_argument);
  CHECK_THROWS_WITH(model.buffer("b", variable),
                    Catch::Contains("the buffer 'b' must not require a gradient, but it does. Register it"));
  CHECK(model.state().empty());
}

TEST_CASE("a module cannot become a part of itself", "[nn][module]") {
  Open model;
  CHECK_THROWS_AS(model.child("self", model), std::invalid_argument);
  Open part = model.child("part", Open());
  CHECK_THROWS_AS(part.child("whole", model), std::invalid_argument);
  CHECK_THROWS_WITH(
      part.child("whole", model),
      Catch::Contains("the child 'whole' must not contain the module that it becomes a part of, but it does."));
}

TEST_CASE("train and eval reach every module below", "[nn][module]") {
  Scaled model;
  CHECK(model.is_training());
  model.eval();
  CHECK_FALSE(model.is_training());
  CHECK_FALSE(model.body.hidden.is_training());
  model.train();
  CHECK(model.body.hidden.is_training());
}

TEST_CASE("zero_grad clears every gradient", "[nn][module]") {
  Scaled model;
  sum(model(ones({1, 4}))).backward();
  CHECK(model.scale.grad().defined());
  model.zero_grad();
  for (const Tensor& parameter : model.parameters()) CHECK_FALSE(parameter.grad().defined());
}

TEST_CASE("to converts in place what user classes hold", "[nn][module]") {
  Scaled model;
  Tensor x = ones({1, 4});
  Tensor before = model(x);
  sum(before).backward();
  model.to(DType::float64);
  CHECK(model.scale.dtype() == DType::float64);
  CHECK(model.body.hidden.weight().dtype() == DType::float64);
  CHECK(model.seen.dtype() == DType::int64);
  CHECK_FALSE(model.scale.grad().defined());
  Tensor after = model(cast(x, DType::float64));
  CHECK(after.dtype() == DType::float64);
  CHECK(allclose(before, after, {.rtol = 1e-5, .atol = 1e-6}));
  sum(after).backward();
  REQUIRE(model.body.hidden.weight().grad().defined());
  CHECK(model.body.hidden.weight().grad().dtype() == DType::float64);
  CHECK_THROWS_AS(model.to(DType::int64), std::invalid_argument);
}

TEST_CASE("a graph that saved parameters of the old dtype refuses to run", "[nn][module]") {
  Open model;
  Tensor w = model.param("w", ones({3}));
  Tensor loss = sum(w * w);
  model.to(DType::float64);
  CHECK_THROWS_AS(loss.backward(), std::logic_error);
}

TEST_CASE("to the dtype that is there changes nothing", "[nn][module]") {
  Open model;
  Tensor w = model.param("w", ones({3}));
  const float* data = w.data<float>();
  model.to(DType::float32);
  CHECK(w.data<float>() == data);
}

TEST_CASE("copy_parameters_from takes over values, not handles", "[nn][module]") {
  Scaled a, b;
  b.seen.assign(tensor({7, 8}));
  a.copy_parameters_from(b);
  CHECK(allclose(a.body.hidden.weight(), b.body.hidden.weight(), {.rtol = 0, .atol = 0}));
  CHECK(a.seen.to_vector<std::int64_t>() == std::vector<std::int64_t>{7, 8});
  b.scale.assign(tensor({0., 0.}));
  CHECK(a.scale.to_vector<double>() == std::vector<double>{2, 3});
}

TEST_CASE("load keeps the module's dtype", "[nn][module]") {
  Mlp a, b;
  b.to(DType::float64);
  a.copy_parameters_from(b);
  CHECK(a.hidden.weight().dtype() == DType::float32);
}

TEST_CASE("load names what does not match, and changes nothing then", "[nn][module]") {
  Mlp model;
  auto before = model.hidden.bias().to_vector<float>();
  nn::NamedTensors values = {{"hidden.bias", ones({3})}, {"hidden.weight", ones({4, 3})}, {"extra", ones({1})}};
  auto call = [&] { model.load(values); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Mlp: the names and shapes of the state must be the module's own, but they are not. Missing: output.weight. "
        "Not in this module: extra. Of another shape: hidden.weight ([3, 4] here, [4, 3] given)." +
            nn::testing::at("module.cpp", line));
  CHECK(model.hidden.bias().to_vector<float>() == before);
}

TEST_CASE("load changes nothing when an element cannot be converted", "[nn][module]") {
  struct Counted : nn::Module {
    Tensor weight = param("weight", zeros({1}));
    Tensor count = buffer("count", zeros({1}, {.dtype = DType::int64}));
  } model;
  auto call = [&] { model.load({{"weight", ones({1})}, {"count", full({1}, std::nan(""))}}); };
  CHECK_THAT(message_of<std::invalid_argument>(call), Catch::Contains("Of elements that cannot be converted: count ("));
  CHECK(model.weight.item() == 0);
}

TEST_CASE("a model is differentiated through all of its layers", "[nn][module]") {
  Mlp model;
  sum(model(ones({5, 4}))).backward();
  for (const Tensor& parameter : model.parameters()) CHECK(parameter.grad().shape() == parameter.shape());
}

TEST_CASE("load reads values that are the module's own before it writes", "[nn][module]") {
  struct Two : nn::Module {
    Tensor a = param("a", tensor({1.}));
    Tensor b = param("b", tensor({2.}));
  } model;
  model.load({{"a", model.b}, {"b", model.a}});
  CHECK(model.a.item() == 2);
  CHECK(model.b.item() == 1);
}

TEST_CASE("a parameter or buffer has elements of its own", "[nn][module]") {
  struct Viewed : nn::Module {
    Tensor w = param("w", expand(ones({1}), {3}));
    Tensor b = buffer("b", expand(ones({1}), {3}));
  } model;
  model.load({{"w", tensor({1., 2., 3.})}, {"b", tensor({4., 5., 6.})}});
  CHECK(model.w.to_vector() == std::vector<double>{1, 2, 3});
  CHECK(model.b.to_vector() == std::vector<double>{4, 5, 6});
}

TEST_CASE("a layer stays usable when it is moved from", "[nn][module]") {
  nn::Dense dense(2, 3);
  nn::Dense moved = std::move(dense);
  CHECK(dense(ones({1, 2})).shape() == Shape{1, 3});
  nn::Sequential layers(relu, nn::Dense(2, 2));
  nn::Sequential taken = std::move(layers);
  CHECK(layers.size() == 2);
  CHECK(layers(ones({1, 2})).shape() == Shape{1, 2});
}

TEST_CASE("a child outlives its parent, and is called by its class then", "[nn][module]") {
  nn::Dense inner(2, 2);
  {
    struct Outer : nn::Module {
      explicit Outer(nn::Dense& dense) { child("inner", dense); }
    } outer(inner);
    CHECK(inner.path() == "Outer.inner");
  }
  CHECK(inner.path() == "Dense");
}

// ---- Faults that were found ----

TEST_CASE("load refuses what the module's dtype cannot hold, and changes nothing then", "[nn][module]") {
  struct Mixed : nn::Module {
    nn::Parameter w = param("w", tensor({1., 2.}));
    nn::Buffer count = buffer("count", tensor({3}));
    nn::Buffer mask = buffer("mask", tensor({true}));
  } model;
  auto message = [&](const Tensor& w, const Tensor& count, const Tensor& mask) {
    return message_of<std::invalid_argument>([&] { model.load({{"w", w}, {"count", count}, {"mask", mask}}); });
  };
  Tensor w = tensor({5., 6.}), count = tensor({7}), mask = tensor({false});
  TensorOptions in_double{.dtype = DType::float64};
  CHECK_THAT(message(tensor({1., 1e300}, in_double), count, mask),
             Catch::Contains("w (float32 must hold each element, but one is 1e+300)"));
  CHECK_THAT(message(w, tensor({1.5}), mask), Catch::Contains("count (int64 must hold each element, but one is 1.5)"));
  CHECK_THAT(message(w, tensor({1e300}, in_double), mask), Catch::Contains("count ("));
  CHECK_THAT(message(w, tensor({std::nan("")}), mask), Catch::Contains("count ("));
  CHECK_THAT(message(w, count, tensor({2})), Catch::Contains("mask (bool"));
  CHECK(model.w.to_vector() == std::vector<double>{1, 2});
  CHECK(model.count.item() == 3);
  CHECK(model.mask.item() == 1);

  // What is held: rounded numbers, infinities and nan that are given as such, whole numbers in any dtype.
  model.load({{"w", tensor({HUGE_VAL, 0.1}, in_double)}, {"count", tensor({4.})}, {"mask", tensor({0.})}});
  CHECK(std::isinf(model.w.to_vector()[0]));
  CHECK(model.w.to_vector<float>()[1] == 0.1f);
  CHECK(model.count.item() == 4);
  CHECK(model.mask.item() == 0);
}

TEST_CASE("load refuses a name that is given twice", "[nn][module]") {
  Open model;
  model.param("w", ones({1}));
  CHECK_THROWS_WITH(model.load({{"w", zeros({1})}, {"w", ones({1})}}), Catch::Contains("Given twice: w."));
}

TEST_CASE("a message of load lists the first names, and how many more there are", "[nn][module]") {
  Open model;
  for (int i = 0; i < 100; ++i) model.buffer("b" + std::to_string(i), ones({1}));
  std::string message = message_of<std::invalid_argument>([&] { model.load({}); });
  CHECK_THAT(message, Catch::Contains("Missing: b0, b1, b2, b3, b4, b5 and 94 more."));
}

TEST_CASE("modules that share a child at many levels are traversed once", "[nn][module]") {
  struct Level : nn::Module {
    explicit Level(const nn::Module& below) {
      child("left", below);
      child("right", below);
    }
  };
  std::vector<nn::Module> levels{nn::Dense(2, 2)};
  for (int i = 0; i < 60; ++i) levels.push_back(Level(levels.back()));
  nn::Module& top = levels.back();
  CHECK(top.parameters().size() == 2);
  top.eval();
  CHECK_FALSE(levels.front().is_training());
  top.to(DType::float64);
  CHECK(levels.front().parameters()[0].dtype() == DType::float64);
}

TEST_CASE("a module of many children is made, listed and loaded in linear time", "[nn][module]") {
  Open model;
  for (int i = 0; i < 20000; ++i) model.child("layer" + std::to_string(i), nn::Identity());
  CHECK(model.children().size() == 20000);
  Open wide;
  Tensor one = ones({1});
  for (int i = 0; i < 20000; ++i) wide.buffer("b" + std::to_string(i), copy(one));
  wide.load(wide.state());
  CHECK(wide.buffers().size() == 20000);
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)  // whose own memory a limit would cut

namespace {

/// Leaves this process so many more bytes of memory while it lives.
class MemoryLeft {
 public:
  explicit MemoryLeft(rlim_t bytes) {
    std::ifstream statm("/proc/self/statm");
    rlim_t pages = 0;
    statm >> pages;
    getrlimit(RLIMIT_AS, &before_);
    rlimit limit{pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE)) + bytes, before_.rlim_max};
    setrlimit(RLIMIT_AS, &limit);
  }
  ~MemoryLeft() { setrlimit(RLIMIT_AS, &before_); }

 private:
  rlimit before_;
};

}  // namespace

TEST_CASE("a conversion or a load for which memory runs out has changed nothing", "[nn][module]") {
  constexpr std::int64_t kSize = 16 << 20;  // 64 MiB of float32, 128 of float64
  struct Large : nn::Module {
    nn::Parameter first = param("first", zeros({kSize}));
    nn::Parameter second = param("second", zeros({kSize}));
  } model;
  memory::release_cached();
  {
    MemoryLeft left(rlim_t{192} << 20);  // enough for one of them
    CHECK_THROWS_AS(model.to(DType::float64), std::bad_alloc);
  }
  CHECK(model.first.dtype() == DType::float32);
  CHECK(model.second.dtype() == DType::float32);

  memory::release_cached();
  Tensor one = expand(ones({1}, {.dtype = DType::float64}), {kSize});
  {
    MemoryLeft left(rlim_t{96} << 20);
    CHECK_THROWS_AS(model.load({{"first", one}, {"second", one}}), std::bad_alloc);
  }
  CHECK(amax(model.first).item() == 0);
  model.load({{"first", one}, {"second", one}});
  CHECK(amin(model.second).item() == 1);
}

#endif
