// Names by patterns, freezing, partial loading, and tied tensors.
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/base/glob.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/tensor_impl.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::at;
using nn::testing::message_of;

namespace {

using Names = std::vector<std::string>;

Names names(const nn::NamedTensors& tensors) {
  Names names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}

struct Net : nn::Module {
  nn::Dense body = child("body", nn::Dense(3, 2));
  nn::BatchNorm1d norm = child("norm", nn::BatchNorm1d(2));
  nn::Dense head = child("head", nn::Dense(2, 1));
};

/// An output layer on the embedding's own table.
struct Tied : nn::Module {
  nn::Embedding embedding = child("embedding", nn::Embedding(5, 3));
  nn::Dense output = child("output", nn::Dense(embedding.weight()));
  Tensor operator()(const Tensor& x) const { return output(embedding(x)); }
};

}  // namespace

TEST_CASE("* stands for any characters and none, ? for one", "[nn][state]") {
  using internal::glob_fits;
  CHECK(glob_fits("encoder.*", "encoder.layers.0.weight"));
  CHECK_FALSE(glob_fits("encoder.*", "decoder.encoder.0"));
  CHECK(glob_fits("*weight", "weight"));
  CHECK_FALSE(glob_fits("*.weight", "weight"));
  CHECK(glob_fits("*.layers.?.*", "a.layers.3.bias"));
  CHECK_FALSE(glob_fits("*.layers.?.*", "a.layers.13.bias"));
  CHECK(glob_fits("*", ""));
  CHECK(glob_fits("", ""));
  CHECK_FALSE(glob_fits("", "a"));
  CHECK_FALSE(glob_fits("?", ""));
  CHECK(glob_fits("?.w", "\u00e9.w"));  // two bytes in UTF-8
  CHECK_FALSE(glob_fits("??.w", "\u00e9.w"));
  CHECK(glob_fits("a*b*c", "a1b2b3c"));
  CHECK_FALSE(glob_fits("a*b*c", "a1b2b3"));
  CHECK(glob_fits("**a**", "xax"));
  // Quadratic at most.
  CHECK_FALSE(glob_fits("*a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST_CASE("matching and excluding pick tensors by their names", "[nn][state]") {
  Net net;
  auto all = net.named_parameters();
  CHECK(names(nn::matching(all, "*.bias")) == Names{"body.bias", "norm.bias", "head.bias"});
  CHECK(names(nn::matching(all, {"head.*", "body.w*"})) == Names{"body.weight", "head.weight", "head.bias"});
  CHECK(names(nn::excluding(all, {"*.bias", "norm.*"})) == Names{"body.weight", "head.weight"});
  auto call = [&] { nn::matching(all, "boddy.*"); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "matching: the pattern 'boddy.*' must fit a name, but the names are: body.weight, body.bias, norm.weight, "
        "norm.bias, head.weight, head.bias." +
            at("state.cpp", line));
  CHECK_THROWS_AS(nn::excluding(all, nn::Patterns(std::vector<std::string>{})), std::invalid_argument);
}

TEST_CASE("Groups by pattern go into an optimizer", "[nn][state]") {
  Net net;
  CHECK(nn::matching(net.named_parameters(), "*.weight").size() +
            nn::excluding(net.named_parameters(), "*.weight").size() ==
        net.parameters().size());
}

TEST_CASE("Frozen parameters get no gradient until they are unfrozen", "[nn][state]") {
  Net net;
  nn::freeze(net, "body.*");
  CHECK_FALSE(net.body.weight().requires_grad());
  CHECK(net.head.weight().requires_grad());
  sum(net.head(net.body(ones({2, 3})))).backward();
  CHECK_FALSE(net.body.weight().grad().defined());
  CHECK(net.head.weight().grad().defined());
  nn::unfreeze(net);
  CHECK(net.body.weight().requires_grad());
  CHECK_THROWS_AS(nn::freeze(net, {"head.*", "tail.*"}), std::invalid_argument);
  CHECK(net.head.weight().requires_grad());  // nothing was changed
}

TEST_CASE("load_partial loads what fits and reports the rest", "[nn][state]") {
  Net net;
  nn::NamedTensors values = {{"body.weight", full({2, 3}, 7)},
                             {"body.bias", ones({3})},
                             {"norm.num_batches_tracked", tensor(1.5)},
                             {"tail.weight", ones({1})}};
  nn::LoadReport report = net.load_partial(values);
  CHECK(report.loaded == 1);
  CHECK(net.body.weight().to_vector() == std::vector<double>(6, 7));
  CHECK(report.unexpected == Names{"tail.weight"});
  CHECK(report.missing ==
        Names{"norm.weight", "norm.bias", "head.weight", "head.bias", "norm.running_mean", "norm.running_var"});
  REQUIRE(report.mismatched.size() == 2);
  CHECK(report.mismatched[0] == "body.bias ([2] here, [3] given)");
  CHECK_THAT(report.mismatched[1], Contains("norm.num_batches_tracked (int64 must hold each element, but one is 1.5"));
  CHECK_FALSE(report.complete());
  CHECK_THAT(report.text(), Contains("1 tensor was loaded. Missing: norm.weight") && Contains("tail.weight"));
  CHECK(net.load_partial(net.state()).complete());
}

TEST_CASE("load_partial refuses a name that is given twice", "[nn][state]") {
  Net net;
  double before = net.body.bias().to_vector()[0];
  CHECK_THROWS_WITH(net.load_partial({{"body.bias", ones({2})}, {"body.bias", ones({2})}}),
                    Contains("Given twice: body.bias"));
  CHECK(net.body.bias().to_vector()[0] == before);
}

TEST_CASE("A tied tensor stands under each of its names in the state, and once among the parameters", "[nn][state]") {
  Tied tied;
  CHECK(names(tied.state()) == Names{"embedding.weight", "output.weight"});
  CHECK(names(tied.named_parameters()) == Names{"embedding.weight"});
  CHECK(tied.output.weight().is_same(tied.embedding.weight()));
  Tied copy = nn::clone(tied);
  CHECK(copy.output.weight().is_same(copy.embedding.weight()));
  CHECK_FALSE(copy.output.weight().is_same(tied.embedding.weight()));
  sum(tied(tensor({1}))).backward();
  CHECK(tied.embedding.weight().grad().defined());
  tied.to(DType::float64);
  CHECK(tied.output.weight().dtype() == DType::float64);
}

TEST_CASE("Parameters and buffers that stand in several modules are printed as shared", "[nn][state]") {
  struct Part : nn::Module {
    nn::Parameter w;
    nn::Buffer b;
    Part(const Tensor& w, const Tensor& b) : w(param("w", w)), b(buffer("b", b)) {}
  };
  const Tensor w = ones({3}).set_requires_grad(), b = ones({2});
  struct Pair : nn::Module {
    Part first, second;
    Pair(const Tensor& w, const Tensor& b) : first(child("first", Part(w, b))), second(child("second", Part(w, b))) {}
  } pair(w, b);
  CHECK(nn::to_string(pair) ==
        "Pair: 3 parameters\n  first: Part  w [3], b [2] (buffer)\n  second: Part  w [3] (shared), b [2] (buffer) "
        "(shared)");
}

TEST_CASE("A module that is registered twice is listed under both names", "[nn][state]") {
  struct Twice : nn::Module {
    nn::BatchNorm1d first = child("first", nn::BatchNorm1d(2));
    nn::BatchNorm1d second = child("second", first);
  } twice;
  CHECK(twice.state().size() == 10);
  CHECK(twice.named_parameters().size() == 2);
  CHECK(twice.named_buffers().size() == 3);
}

TEST_CASE("Names of one tensor need one value, and refuse two that differ", "[nn][state]") {
  Tied tied;
  Tensor value = normal({5, 3});
  CHECK_NOTHROW(tied.load({{"embedding.weight", value}, {"output.weight", value + 0}}));
  CHECK(allclose(tied.embedding.weight(), value));
  CHECK_NOTHROW(tied.load({{"output.weight", value * 2}}));
  CHECK(allclose(tied.embedding.weight(), value * 2));
  auto call = [&] { tied.load({{"embedding.weight", value}, {"output.weight", value + 1}}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "Tied: the names and shapes of the state must be the module's own, but they are not. Names of one tensor "
        "with different values: output.weight and embedding.weight." +
            at("state.cpp", line));
  CHECK(allclose(tied.embedding.weight(), value * 2));
  CHECK_THROWS_WITH(tied.load({{"output.weight", value}, {"embedding.weight", value + 1}}),
                    Contains("embedding.weight and output.weight"));
  CHECK_THROWS_AS(tied.load_partial({{"embedding.weight", value}, {"output.weight", value + 1}}),
                  std::invalid_argument);
  Tensor hole = full({5, 3}, std::nan(""));
  CHECK_NOTHROW(tied.load({{"embedding.weight", hole}, {"output.weight", hole + 0}}));
  CHECK_THROWS_WITH(tied.load({}), Contains("Missing: embedding.weight, output.weight"));
}

TEST_CASE("modules() lists a model's modules by their classes", "[nn][state]") {
  Net net;
  Names paths;
  for (const auto& [path, module] : net.modules()) paths.push_back(path);
  CHECK(paths == Names{"", "body", "norm", "head"});
  auto dense = net.modules("Dense");
  REQUIRE(dense.size() == 2);
  CHECK(dense[1].first == "head");
  nn::init::apply(dense[1].second, "weight", nn::init::zeros());
  CHECK(net.head.weight().to_vector() == std::vector<double>{0, 0});
}

TEST_CASE("init::apply starts parameters by their names", "[nn][init]") {
  Net net;
  nn::init::apply(net, {"*.bias"}, nn::init::constant(3));
  CHECK(net.norm.bias().to_vector() == std::vector<double>{3, 3});
  CHECK(net.head.bias().to_vector() == std::vector<double>{3});
  Generator a(3), b(3);
  nn::init::apply(net, {"body.weight", "head.weight"}, nn::init::he_normal(), a);
  CHECK(allclose(net.body.weight(), nn::init::he_normal()({2, 3}, {}, b)));
  CHECK(net.body.weight().requires_grad());
  std::vector<double> before = net.body.weight().to_vector();
  auto call = [&] { nn::init::apply(net, "*.weight", nn::init::he_normal()); };
  CHECK_THAT(message_of<std::invalid_argument>(call),
             Contains("init::apply: 'norm.weight': init: fan-in and fan-out need a weight [out, in, ...]"));
  CHECK(net.body.weight().to_vector() == before);
  CHECK_THROWS_AS(nn::init::apply(net, "*.wieght", nn::init::ones()), std::invalid_argument);
  CHECK_THROWS_WITH(nn::init::apply(net, "body.weight", nn::init::given(ones({3, 2}))), Contains("must give [2, 3]"));
  CHECK_THROWS_WITH(nn::init::apply(net, "*.bias", nn::Initializer()),
                    Contains("init::apply: the initialiser must be"));
}

// ---- Initialisers of this file's neighbourhood ----

TEST_CASE("dirac hands channels on, in groups", "[nn][init]") {
  nn::Conv1d conv(3, 3, 3, {.padding = 1, .bias = false, .weight_init = nn::init::dirac()});
  Tensor x = normal({2, 3, 5});
  CHECK(allclose(conv(x), x));
  Tensor weight = nn::init::dirac(2)({4, 2, 3, 5});
  CHECK(sum(weight).item() == 4);
  CHECK(weight[{2, 0, 1, 2}].item() == 1);
  CHECK(weight[{3, 1, 1, 2}].item() == 1);
  CHECK_THROWS_AS(nn::init::dirac(3)({4, 2, 3}), std::invalid_argument);
  CHECK_THROWS_AS(nn::init::dirac()({4, 2}), std::invalid_argument);
  CHECK_THROWS_AS(nn::init::dirac(0), std::invalid_argument);
}

TEST_CASE("sparse has as many zeros in each column", "[nn][init]") {
  Generator generator(1);
  Tensor weight = nn::init::sparse(0.3, 2)({50, 40}, {}, generator);
  CHECK(sum(cast(weight == 0, DType::int64), 0).to_vector() == std::vector<double>(40, 15));
  CHECK_THROWS_AS(nn::init::sparse(1.5), std::invalid_argument);
  CHECK_THROWS_AS(nn::init::sparse(0.5)({3}), std::invalid_argument);
}

TEST_CASE("load reads all values before it writes, of borrowed arrays too", "[nn]") {
  // Each handle that borrows an array has a storage of its own.
  std::vector<double> a = {1, 2}, b = {3, 4};
  const auto borrowed = [](std::vector<double>& array) {
    return internal::new_foreign(array.data(), {2}, {1}, DType::float64, array.data(), nullptr);
  };
  struct Pair : nn::Module {
    Pair(const Tensor& first, const Tensor& second) : a(param("a", first)), b(param("b", second)) {}
    nn::Parameter a, b;
  } pair(borrowed(a), borrowed(b));
  pair.load({{"a", borrowed(b)}, {"b", borrowed(a)}});
  CHECK(pair.a.to_vector() == std::vector<double>{3, 4});
  CHECK(pair.b.to_vector() == std::vector<double>{1, 2});
}

TEST_CASE("Tied parameters are frozen, started and replaced under any of their names", "[nn][state]") {
  Tied tied;
  nn::freeze(tied, "output.*");
  CHECK_FALSE(tied.embedding.weight().requires_grad());
  nn::unfreeze(tied, {"output.weight", "embedding.*"});
  CHECK(tied.embedding.weight().requires_grad());
  nn::init::apply(tied, "output.weight", nn::init::constant(3));
  CHECK(tied.embedding.weight().to_vector() == std::vector<double>(15, 3));
  // Once, also where both names fit.
  int started = 0;
  const nn::Initializer counting("counting",
                                 [&](const Shape& shape, TensorOptions options, Generator&, SourceLocation) {
                                   ++started;
                                   return ones(shape, options);
                                 });
  nn::init::apply(tied, {"*.weight"}, counting);
  CHECK(started == 1);

  const Tensor value = full({5, 3}, 7);
  Tied copy = nn::with_parameters(tied, nn::NamedTensors{{"output.weight", value}});
  CHECK(copy.embedding.weight().is_same(value));
  CHECK(copy.output.weight().is_same(value));
  CHECK_NOTHROW(nn::with_parameters(tied, nn::NamedTensors{{"output.weight", value}, {"embedding.weight", value}}));
  CHECK_THROWS_WITH(
      nn::with_parameters(tied, nn::NamedTensors{{"output.weight", value}, {"embedding.weight", value + 0}}),
      Contains("with_parameters: names of one parameter must stand for one tensor, but 'output.weight' and "
               "'embedding.weight' stand for two."));

  // A list has the names that it has.
  CHECK_THROWS_AS(nn::matching(tied.named_parameters(), "output.*"), std::invalid_argument);
  CHECK(names(nn::matching(tied.state(), "output.*")) == Names{"output.weight"});
  CHECK_THROWS_WITH(nn::freeze(tied, "outpt.*"),
                    Contains("freeze: the pattern 'outpt.*' must fit a name, but the names "
                             "are: embedding.weight, output.weight."));
}
