#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::at;
using nn::testing::message_of;

namespace {

std::vector<std::string> names(const nn::NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

struct Deep : nn::Module {
  nn::ModuleList<nn::Dense> layers = child("layers", nn::ModuleList<nn::Dense>{nn::Dense(3, 4), nn::Dense(4, 2)});
  nn::ModuleDict<nn::Dense> heads = child("heads", nn::ModuleDict<nn::Dense>{{"a", nn::Dense(2, 1)}});
  Tensor operator()(Tensor x) const {
    for (const nn::Dense& layer : layers) x = tanh(layer(x));
    return heads["a"](x);
  }
};

}  // namespace

TEST_CASE("ModuleList and ModuleDict register what they hold, by place and by name", "[nn][containers]") {
  Deep model;
  CHECK(names(model.named_parameters()) == std::vector<std::string>{"layers.0.weight", "layers.0.bias",
                                                                    "layers.1.weight", "layers.1.bias",
                                                                    "heads.a.weight", "heads.a.bias"});
  CHECK(model(ones({5, 3})).shape() == Shape{5, 1});
  CHECK(model.layers.size() == 2);
  CHECK(model.layers[-1].out() == 2);
  CHECK(model.heads.contains("a"));
  CHECK_FALSE(model.heads.contains("b"));
}

TEST_CASE("Copies of a list share what is appended, clones have their own", "[nn][containers]") {
  Deep model;
  nn::ModuleList<nn::Dense> same = model.layers;
  Deep other = nn::clone(model);
  same.append(nn::Dense(2, 2));
  CHECK(model.layers.size() == 3);
  CHECK(other.layers.size() == 2);
  CHECK(other.parameters().size() == 6);
  CHECK_FALSE(other.layers[0].weight().is_same(model.layers[0].weight()));
  CHECK(allclose(other.layers[0].weight(), model.layers[0].weight()));
  CHECK_NOTHROW(nn::check_registration(other, [&] { other(ones({1, 3})); }));
}

TEST_CASE("Lists and dictionaries name places and names that they do not have", "[nn][containers]") {
  Deep model;
  auto call = [&] { model.layers.at(2); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::out_of_range>(call) ==
        "Deep.layers (ModuleList<Dense>): the index must be in [-2, 2), but it is 2." + at("containers.cpp", line));
  auto in_brackets = [&] { model.layers[-3]; };
  auto by_name = [&] { model.heads["b"]; };
  line = __LINE__ - 2;
  CHECK(message_of<std::out_of_range>(in_brackets) ==
        "Deep.layers (ModuleList<Dense>): the index must be in [-2, 2), but it is -3." + at("containers.cpp", line));
  CHECK(message_of<std::out_of_range>(by_name) ==
        "Deep.heads (ModuleDict<Dense>): there must be a module 'b', but there are: a." +
            at("containers.cpp", line + 1));
  CHECK_THROWS_WITH(nn::ModuleList<nn::Dense>().at(0), Contains("there must be a module at 0, but the list is empty."));
  CHECK_THROWS_WITH(model.heads.at("b"), Contains("there must be a module 'b', but there are: a."));
  CHECK(model.layers[std::size_t{1}].out() == 2);
  CHECK(model.layers[0].out() == 4);
  CHECK(model.heads[std::string("a")].out() == 1);
  CHECK_THROWS_AS(model.heads.add("a", nn::Dense(1, 1)), std::invalid_argument);
}

TEST_CASE("A list within a layer's call is named once", "[nn][containers]") {
  struct Calls : nn::Module {
    nn::ModuleList<nn::Dense> layers = child("layers", nn::ModuleList<nn::Dense>{nn::Dense(2, 2)});
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return layers[3](x); });
    }
  };
  nn::Sequential model{Calls()};
  CHECK_THROWS_WITH(model(ones({1, 2})), Catch::StartsWith("Sequential.0.layers (ModuleList<Dense>): the index must"));
}

TEST_CASE("Residual adds what its layer answers with to x", "[nn][containers]") {
  nn::Dense inner(3, 3);
  nn::Residual layer(inner);
  Tensor x = normal({2, 3});
  CHECK(allclose(layer(x), x + inner(x)));
  CHECK(names(layer.named_parameters()) == std::vector<std::string>{"inner.weight", "inner.bias"});
  CHECK(allclose(nn::Residual([](const Tensor& x) { return x * 2; })(x), x * 3));
  nn::Residual copy = nn::clone(layer);
  CHECK(allclose(copy(x), layer(x)));
  CHECK_FALSE(copy.parameters()[0].is_same(inner.weight()));
  // Broadcasting would hide a mistake.
  CHECK_THROWS_WITH(nn::Residual(nn::Dense(3, 1))(x), Contains("Residual: inner must keep x's shape [2, 3], but it "
                                                               "answered with [2, 1]"));
  std::function<Tensor(const Tensor&)> none;
  CHECK_THROWS_AS(nn::Residual(none), std::invalid_argument);
  CHECK_THROWS_AS(nn::Lambda(none), std::invalid_argument);
}

TEST_CASE("Sequential hands the caller's line to layers that have several calls", "[nn][containers]") {
  nn::Sequential model(nn::ConvTranspose1d(2, 3, 2), nn::Lambda([](const Tensor& x) { return relu(x); }));
  auto call = [&] { model(ones({1, 4, 5})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Sequential.0 (ConvTranspose1d): x must have 2 channels in axis 1, but it is [1, 4, 5]." +
            at("containers.cpp", line));
}
