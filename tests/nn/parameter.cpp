#include <xgrad/nn/parameter.hpp>

#include <memory>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::message_of;

namespace {

struct Model : nn::Module {
  nn::Parameter w = param("w", tensor({1., 2.}));
  nn::Buffer seen = buffer("seen", tensor({0, 0}));
  Tensor operator()(const Tensor& x) const { return w * x; }
};

/// A layer that counts the elements it has seen, in a const call as all calls are.
struct Counter : nn::Module {
  nn::Parameter w = param("w", tensor({1.}));
  nn::Buffer seen = buffer("seen", tensor(0., {.dtype = DType::float64}));
  Tensor operator()(const Operand& x) const {
    return call(x, [&] {
      seen.assign(seen + x.tensor("Counter").numel());
      return w * x;
    });
  }
};

}  // namespace

// ---- What a Parameter is ----

static_assert(!std::is_assignable_v<nn::Parameter&, Tensor>);
static_assert(!std::is_assignable_v<nn::Parameter&, const nn::Parameter&>);
static_assert(!std::is_assignable_v<nn::Parameter&, nn::Parameter>);
static_assert(!std::is_assignable_v<nn::Buffer&, Tensor>);
static_assert(!std::is_assignable_v<decltype(std::declval<nn::Dense>().weight()), Tensor>);
static_assert(std::is_copy_constructible_v<nn::Parameter>);
static_assert(std::is_convertible_v<nn::Parameter, Tensor>);
static_assert(!std::is_convertible_v<Tensor, nn::Parameter>);

TEST_CASE("a parameter is used as any tensor", "[nn][parameter]") {
  Model model;
  Tensor handle = model.w;
  CHECK(handle.is_same(model.w));
  CHECK(model.parameters()[0].is_same(model.w));
  sum(square(model.w) * 2).backward();
  CHECK(model.w.grad().to_vector() == std::vector<double>{4, 8});
  CHECK(grad(sum(model.w), {model.w}).to_vector() == std::vector<double>{1, 1});
  CHECK((model.w + model.w).shape() == Shape{2});
  CHECK(std::vector<Tensor>{model.w, model.w}.size() == 2);
  CHECK_FALSE(nn::Parameter().defined());
}

TEST_CASE("assign writes into a parameter and a buffer, which stay registered", "[nn][parameter]") {
  Model model;
  model.w.assign(zeros({2}));
  model.seen.assign(3);
  CHECK(model.parameters()[0].to_vector() == std::vector<double>{0, 0});
  CHECK(model.buffers()[0].to_vector() == std::vector<double>{3, 3});
}

TEST_CASE("a layer may write into its buffer in a const call, and a copy into its own", "[nn][parameter]") {
  const Counter layer;
  layer(ones({3}));
  CHECK(layer.seen.item() == 3);
  CHECK(layer.state()[1].second.item() == 3);
  const Counter copy = nn::clone(layer);
  const Counter other = nn::with_parameters(layer, {tensor({2.})});
  copy(ones({4}));
  other(ones({5}));
  CHECK(layer.seen.item() == 3);
  CHECK(copy.seen.item() == 7);
  CHECK(copy.buffers()[0].item() == 7);
  CHECK(other.seen.item() == 8);
  CHECK(other.buffers()[0].item() == 8);
  nn::check_registration(copy, [&] { copy(ones({1})); });
}

TEST_CASE("a model stays usable when it is moved from", "[nn][parameter]") {
  Model model;
  Model moved = std::move(model);
  CHECK(model(ones({2})).to_vector() == std::vector<double>{1, 2});
  CHECK(moved.w.is_same(model.w));
}

// ---- check_registration ----

TEST_CASE("check_registration is content with a model that registers all", "[nn][check]") {
  struct Whole : nn::Module {
    nn::Dense dense = child("dense", nn::Dense(2, 2));
    nn::Sequential tail = child("tail", nn::Sequential{nn::Dropout(), relu, nn::Dense(2, 2)});
    nn::Parameter tied = param("tied", dense.weight());
    nn::Buffer mean = buffer("mean", zeros({2}));
    Tensor constant = zeros({2});
    Tensor operator()(const Tensor& x) const { return tail(dense(x)) + mean + constant; }
  } model;
  nn::check_registration(model);
  nn::check_registration(model, [&] { model(ones({1, 2})); });
}

TEST_CASE("check_registration finds a tensor member that was assigned another one", "[nn][check]") {
  struct Loose : nn::Module {
    Tensor w = param("w", ones({2}));
    nn::Dense dense = child("dense", nn::Dense(2, 2));
  } model;
  nn::check_registration(model);
  model.w = zeros({2});
  auto call = [&] { nn::check_registration(model); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::logic_error>(call) ==
        "check_registration: Loose must hold by value what it has registered, and no other layers and variables, but "
        "it does "
        "not. Registered, but the class holds another tensor in its place, or holds it behind a pointer: w." +
            nn::testing::at("parameter.cpp", line));
}

TEST_CASE("check_registration finds layers and variables that were never registered", "[nn][check]") {
  struct Forgotten : nn::Module {
    nn::Dropout drop;
    nn::Sequential layers{nn::Dense(2, 3), relu};
    Tensor w = ones({4}, {.requires_grad = true});
    Tensor operator()(const Tensor& x) const { return layers(drop(x)); }
  } model;
  model.eval();
  CHECK(model.drop.is_training());  // what the check is for
  CHECK_THROWS_WITH(nn::check_registration(model),
                    Contains("Held, but never handed to child() or param(): a Dropout, a Sequential, a variable [4]."));
}

TEST_CASE("check_registration of a call finds layers behind pointers", "[nn][check]") {
  struct Hidden : nn::Module {
    nn::Dense dense = child("dense", nn::Dense(2, 2));
    std::shared_ptr<nn::Dropout> drop = std::make_shared<nn::Dropout>();
    Tensor operator()(const Tensor& x) const { return (*drop)(dense(x)); }
  } model;
  nn::check_registration(model);
  CHECK_THROWS_WITH(
      nn::check_registration(model,
                             [&] {
                               model(ones({1, 2}));
                             }),
      Contains("each layer that runs must be a part of Hidden, but these were never handed to child(): a Dropout."));
}
