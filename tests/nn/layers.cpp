#include <cmath>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::at;
using nn::testing::message_of;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

std::vector<double> numbers(const Tensor& x) { return x.to_vector<double>(); }

}  // namespace

// ---- Dense ----

TEST_CASE("Dense computes x weight^T + bias", "[nn][dense]") {
  nn::Dense layer(2, 3);
  layer.weight().assign(tensor({{1., 2.}, {3., 4.}, {5., 6.}}));
  layer.bias().assign(tensor({0.5, 0., -1.}));
  CHECK(numbers(layer(tensor({{1., 10.}, {0., 1.}}))) == std::vector<double>{21.5, 43, 64, 2.5, 4, 5});
  CHECK(numbers(layer(tensor({1., 10.}))) == std::vector<double>{21.5, 43, 64});
  CHECK(layer(zeros({4, 5, 2})).shape() == Shape{4, 5, 3});
  CHECK(layer(zeros({0, 2})).shape() == Shape{0, 3});
}

TEST_CASE("Dense has the shapes and the start of PyTorch's Linear", "[nn][dense]") {
  Generator generator(3);
  nn::Dense layer(50, 40, {.generator = &generator});
  CHECK(layer.weight().shape() == Shape{40, 50});
  CHECK(layer.bias().shape() == Shape{40});
  CHECK(layer.in() == 50);
  CHECK(layer.out() == 40);
  double bound = 0.1414213562373095;
  double largest = amax(abs(layer.weight())).item();
  CHECK(largest <= bound + 1e-7);
  CHECK(largest > 0.95 * bound);
  CHECK(amax(abs(layer.bias())).item() <= bound + 1e-7);
  CHECK(amax(abs(layer.bias())).item() > 0.5 * bound);
}

TEST_CASE("Dense takes options", "[nn][dense]") {
  nn::Dense layer(3, 2, {.weight_init = nn::init::ones(), .bias_init = nn::init::constant(4), .dtype = DType::float64});
  CHECK(numbers(layer(tensor({1., 2., 3.}, kDouble))) == std::vector<double>{10, 10});
  CHECK(layer.weight().dtype() == DType::float64);
  nn::Dense bare(3, 2, {.bias = false});
  CHECK_FALSE(bare.bias().defined());
  CHECK(bare.parameters().size() == 1);
}

TEST_CASE("a generator with the same seed gives the same layer", "[nn][dense]") {
  Generator a(5), b(5);
  CHECK(numbers(nn::Dense(3, 4, {.generator = &a}).weight()) == numbers(nn::Dense(3, 4, {.generator = &b}).weight()));
}

TEST_CASE("Dense without inputs or outputs is empty", "[nn][dense]") {
  nn::Dense none_in(0, 3);
  CHECK(numbers(none_in(zeros({2, 0}))) == std::vector<double>(6, 0));
  CHECK(nn::Dense(3, 0)(zeros({2, 3})).shape() == Shape{2, 0});
}

TEST_CASE("Dense refuses wrong sizes and dtypes", "[nn][dense]") {
  auto call = [] { nn::Dense(-1, 3); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Dense: its sizes must be at least 0, but in is -1 and out is 3." + at("layers.cpp", line));
  CHECK_THROWS_AS(nn::Dense(1, 1, {.dtype = DType::int64}), std::invalid_argument);
}

TEST_CASE("Dense refuses what an initialiser makes of another shape or dtype", "[nn][dense]") {
  auto init_of = [](Tensor value) { return [value](const Shape&, TensorOptions, Generator&) { return value; }; };
  auto call = [&] { nn::Dense(3, 2, {.weight_init = init_of(ones({3, 2}))}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Dense: weight_init must give float32 [2, 3], but it gave float32 [3, 2]." + at("layers.cpp", line));
  CHECK_THROWS_WITH(nn::Dense(3, 2, {.bias_init = init_of(ones({2}, kDouble))}),
                    Contains("Dense: bias_init must give float32 [2], but it gave float64 [2]"));
  CHECK_THROWS_WITH(nn::Dense(3, 2, {.weight_init = init_of({})}), Contains("weight_init must give a tensor"));
}

TEST_CASE("Dense has right gradients to order 2", "[nn][dense]") {
  nn::Dense layer(3, 2, {.dtype = DType::float64});
  Tensor x = normal({4, 3}, 0, 1, kDouble);
  gradgradcheck([&](const Tensor& x) { return square(layer(x)); }, {x});
  gradgradcheck([&] { return sum(square(layer(x))); }, layer.parameters());
}

// ---- Sequential ----

TEST_CASE("Sequential applies modules, functions and lambdas in order", "[nn][sequential]") {
  nn::Dense first(2, 2, {.weight_init = nn::init::identity(), .bias_init = nn::init::zeros()});
  nn::Sequential model(first, relu, [](const Tensor& x) { return x + 1; });
  CHECK(numbers(model(tensor({{-1., 2.}}))) == std::vector<double>{1, 3});
  CHECK(model.size() == 3);
  CHECK(nn::Sequential()(tensor({1., 2.})).shape() == Shape{2});
}

TEST_CASE("Sequential names its modules by place or as told", "[nn][sequential]") {
  nn::Sequential model(nn::Dense(2, 3), relu, nn::Dense(3, 1, {.bias = false}));
  model.add("last", nn::Sequential(nn::Dense(1, 1, {.bias = false}), nn::Tanh()));
  std::vector<std::string> names;
  for (const auto& [name, parameter] : model.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "2.weight", "last.0.weight"});
  CHECK_THROWS_AS(model.add("last", nn::ReLU()), std::invalid_argument);
}

TEST_CASE("Sequential holds users' modules", "[nn][sequential]") {
  struct Twice : nn::Module {
    Tensor factor = param("factor", tensor(2.));
    Tensor operator()(const Tensor& x) const { return factor * x; }
  };
  nn::Sequential model{Twice(), Twice()};
  CHECK(model(tensor(3.)).item() == 12);
  CHECK(model.parameters().size() == 2);
}

TEST_CASE("copies of a Sequential name the same layers", "[nn][sequential]") {
  nn::Sequential model(nn::Dense(2, 2));
  nn::Sequential copy = model;
  copy.add(nn::ReLU());
  CHECK(model.size() == 2);
  CHECK(copy.parameters()[0].is_same(model.parameters()[0]));
}

TEST_CASE("errors inside of a Sequential name the path and the caller's line", "[nn][sequential]") {
  nn::Sequential model(nn::Dense(2, 3), nn::Dense(4, 1));
  auto call = [&] { model(zeros({5, 2})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Sequential.1 (Dense): last axis of x must be 4, but x is [5, 3]." + at("layers.cpp", line));
}

TEST_CASE("Sequential switches its layers between training and evaluation", "[nn][sequential]") {
  nn::Sequential model(nn::Dropout(1), nn::Dropout(1));
  CHECK(numbers(model(ones({3}))) == std::vector<double>{0, 0, 0});
  model.eval();
  CHECK(numbers(model(ones({3}))) == std::vector<double>{1, 1, 1});
}

// ---- Dropout ----

TEST_CASE("Dropout keeps the mean while training", "[nn][dropout]") {
  Generator generator(7);
  nn::Dropout layer(0.25, {.generator = &generator});
  Tensor y = layer(ones({100, 100}));
  int dropped = 0;
  for (double value : numbers(y)) {
    CHECK((value == 0 || value == Approx(4. / 3)));
    dropped += value == 0;
  }
  CHECK(std::abs(dropped - 2500) < 6 * 43.3);
}

TEST_CASE("Dropout draws anew each time, and the same from the same seed", "[nn][dropout]") {
  Generator a(1), b(1);
  nn::Dropout left(0.5, {.generator = &a}), right(0.5, {.generator = &b});
  Tensor x = ones({64});
  auto first = numbers(left(x));
  CHECK(first == numbers(right(x)));
  CHECK(first != numbers(left(x)));
}

TEST_CASE("Dropout is the identity in evaluation and for p = 0", "[nn][dropout]") {
  Tensor x = normal({10});
  nn::Dropout layer(0.5);
  layer.eval();
  CHECK(layer(x).is_same(x));
  CHECK(nn::Dropout(0)(x).is_same(x));
}

TEST_CASE("dropout with p = 1 gives zeros and zero gradients, never nan", "[nn][dropout]") {
  Tensor x = tensor({1., -2., HUGE_VAL}, {.requires_grad = true});
  Tensor y = nn::dropout(x, 1);
  CHECK(numbers(y) == std::vector<double>{0, 0, 0});
  sum(y).backward();
  CHECK(numbers(x.grad()) == std::vector<double>{0, 0, 0});
}

TEST_CASE("dropout's gradient has the zeros and the scale of its result", "[nn][dropout]") {
  Generator generator(2);
  Tensor x = ones({50}, {.requires_grad = true});
  Tensor y = nn::dropout(x, 0.4, generator);
  sum(y).backward();
  CHECK(allclose(x.grad(), y));
}

TEST_CASE("dropout refuses a wrong probability and integers", "[nn][dropout]") {
  auto call = [] { nn::Dropout(1.5); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Dropout: p must be in [0, 1], but it is 1.5." + at("layers.cpp", line));
  CHECK_THROWS_AS(nn::dropout(ones({2}), -0.1), std::invalid_argument);
  CHECK_THROWS_AS(nn::dropout(tensor({1, 2}), 0.5), std::invalid_argument);
}

TEST_CASE("a layer's errors about its input name its path", "[nn]") {
  struct Inner : nn::Module {
    nn::Dropout drop = child("drop", nn::Dropout());
    nn::Dense dense = child("dense", nn::Dense(2, 2));
    nn::Flatten flat = child("flat", nn::Flatten());
    nn::Sequential layers = child("layers", nn::Sequential());
  };
  struct Outer : nn::Module {
    Inner inner = child("inner", Inner());
  };
  Outer outer;
  auto call = [&] { outer.inner.drop(tensor({1, 2})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Outer.inner.drop (Dropout): x must be floating, but it is int64." + at("layers.cpp", line));

  const std::string problem =
      "x must be a defined tensor, but it is not: default-constructed, moved from, or the grad() of";
  Tensor none;
  CHECK_THROWS_WITH(outer.inner.drop(none), Contains("Outer.inner.drop (Dropout): " + problem));
  CHECK_THROWS_WITH(outer.inner.dense(none), Contains("Outer.inner.dense (Dense): " + problem));
  CHECK_THROWS_WITH(outer.inner.flat(none), Contains("Outer.inner.flat (Flatten): " + problem));
  CHECK_THROWS_WITH(outer.inner.layers(none), Contains("Outer.inner.layers (Sequential): " + problem));
}

// ---- Flatten ----

TEST_CASE("Flatten joins all axes but the first, or those given", "[nn][flatten]") {
  Tensor x = zeros({2, 3, 4, 5});
  CHECK(nn::Flatten()(x).shape() == Shape{2, 60});
  CHECK(nn::Flatten(0, 1)(x).shape() == Shape{6, 4, 5});
  CHECK(nn::Flatten(2, -1)(x).shape() == Shape{2, 3, 20});
  CHECK(nn::Flatten()(zeros({0, 3, 4})).shape() == Shape{0, 12});
  // A scalar becomes one number in a row, as by flatten(); an axis 1 it has not.
  for (int axis : {0, -1}) CHECK(nn::Flatten(axis)(full({}, 2.0)).to_vector() == std::vector<double>{2});
  CHECK(nn::Flatten(0)(full({}, 2.0)).shape() == Shape{1});
  CHECK_THROWS_AS(nn::Flatten()(full({}, 2.0)), std::out_of_range);
}

TEST_CASE("Unfold takes one number for both extents of its patches", "[nn][flatten]") {
  const Tensor x = ones({1, 1, 3, 3});
  CHECK(nn::Unfold(2)(x).shape() == Shape{1, 4, 4});
  CHECK(nn::Unfold(Shape{2})(x).shape() == Shape{1, 4, 4});
  CHECK(nn::Unfold({1, 3})(x).shape() == Shape{1, 3, 3});
  CHECK(nn::Unfold(2, {.padding = {1}, .stride = {2}})(x).shape() == Shape{1, 4, 4});
}

TEST_CASE("Flatten refuses axes that are not there", "[nn][flatten]") {
  auto call = [] { nn::Flatten()(zeros({3})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::out_of_range>(call) ==
        "Flatten: x must have the axes 1 to -1, but x is [3]." + at("layers.cpp", line));
}

// ---- Activations ----

TEST_CASE("activation layers are the operators of their names", "[nn][activation]") {
  Tensor x = tensor({{-2., -0.5, 0.}, {0.5, 2., 30.}}, kDouble);
  auto same = [](const Tensor& a, const Tensor& b) { return allclose(a, b, {.rtol = 0, .atol = 0}); };
  CHECK(nn::Identity()(x).is_same(x));
  CHECK(same(nn::Sigmoid()(x), sigmoid(x)));
  CHECK(same(nn::LogSigmoid()(x), log_sigmoid(x)));
  CHECK(same(nn::Tanh()(x), tanh(x)));
  CHECK(same(nn::ReLU()(x), relu(x)));
  CHECK(same(nn::LeakyReLU(0.2)(x), leaky_relu(x, 0.2)));
  CHECK(same(nn::ELU(0.5)(x), elu(x, 0.5)));
  CHECK(same(nn::GELU()(x), gelu(x)));
  CHECK(same(nn::GELU(GeluForm::tanh)(x), gelu(x, GeluForm::tanh)));
  CHECK(same(nn::SiLU()(x), silu(x)));
  CHECK(same(nn::Softplus(2, 10)(x), softplus(x, 2, 10)));
  CHECK(same(nn::Softmax()(x), softmax(x, -1)));
  CHECK(same(nn::Softmax(0)(x), softmax(x, 0)));
  CHECK(same(nn::LogSoftmax()(x), log_softmax(x, -1)));
}

TEST_CASE("an activation layer's errors begin with its path and name the caller's line", "[nn][activation]") {
  struct Net : nn::Module {
    nn::Sequential layers = child("layers", nn::Sequential(nn::Identity(), nn::Softmax(2)));
    nn::ELU act = child("act", nn::ELU(-1));
  } net;
  Tensor x = zeros({2, 3});
  auto call = [&] { net.layers(x); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::out_of_range>(call) ==
        "Net.layers.1 (Softmax): softmax: axis must be in [-2, 1], but it is 2." + at("layers.cpp", line));
  CHECK_THROWS_WITH(net.act(Tensor()), Contains("Net.act (ELU): x must be a defined tensor, but it is not: "
                                                "default-constructed, moved from, or the grad() of"));
}

// ---- What a Sequential takes ----

TEST_CASE("Sequential refuses functions that are empty", "[nn][sequential]") {
  nn::Sequential model;
  std::function<Tensor(const Tensor&)> none;
  auto call = [&] { model.add("gate", none); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Sequential: the layer 'gate' must be callable, but it is an empty function." + at("layers.cpp", line));
  CHECK_THROWS_AS((nn::Sequential{relu, none}), std::invalid_argument);
  CHECK(model.size() == 0);
}

namespace {
struct NotConst : nn::Module {
  Tensor operator()(const Tensor& x) { return x; }
};
}  // namespace
// They reach a static_assert that says const.
static_assert(nn::NonConstLayerFunction<NotConst> && !nn::LayerFunction<NotConst>);
static_assert(!nn::NonConstLayerFunction<nn::Dense> && nn::LayerFunction<nn::Dense>);

// ---- Losses as modules ----

TEST_CASE("loss modules are the functions of their names with their options", "[nn][loss]") {
  Tensor x = normal({4, 3}, 0, 1, kDouble), y = normal({4, 3}, 0, 1, kDouble);
  Tensor labels = tensor({0, 2, 1, 1}), p = sigmoid(x), t = sigmoid(y);
  Tensor weight = tensor({1., 2., 3.}, kDouble);
  auto same = [](const Tensor& a, const Tensor& b) { return allclose(a, b, {.rtol = 0, .atol = 0}); };
  CHECK(same(nn::MSELoss()(x, y), nn::mse(x, y)));
  CHECK(same(nn::MSELoss(Reduction::none)(x, y), nn::mse(x, y, Reduction::none)));
  CHECK(same(nn::L1Loss(Reduction::sum)(x, y), nn::mae(x, y, Reduction::sum)));
  CHECK(same(nn::CrossEntropyLoss()(x, labels), nn::cross_entropy(x, labels)));
  CHECK(same(nn::CrossEntropyLoss({.weight = weight, .label_smoothing = 0.1})(x, labels),
             nn::cross_entropy(x, labels, {.weight = weight, .label_smoothing = 0.1})));
  CHECK(same(nn::NLLLoss({.ignore_index = 2})(log_softmax(x, 1), labels),
             nn::nll_loss(log_softmax(x, 1), labels, {.ignore_index = 2})));
  CHECK(same(nn::BCELoss()(p, t), nn::binary_cross_entropy(p, t)));
  CHECK(same(nn::BCEWithLogitsLoss({.pos_weight = weight})(x, t),
             nn::binary_cross_entropy_with_logits(x, t, {.pos_weight = weight})));
  CHECK(nn::MSELoss().parameters().empty());
}

TEST_CASE("a loss module's errors begin with its class and name the caller's line", "[nn][loss]") {
  nn::MSELoss loss;
  auto call = [&] { loss(ones({2}), ones({3})); };
  int line = __LINE__ - 1;
  std::string message = message_of<std::invalid_argument>(call);
  CHECK_THAT(message, Catch::Matchers::StartsWith("MSELoss: mse: "));
  CHECK_THAT(message, Catch::Matchers::EndsWith(at("layers.cpp", line)));
}
