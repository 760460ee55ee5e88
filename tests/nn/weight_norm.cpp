// Values and gradients are PyTorch 1.13's.
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};

std::vector<std::string> names(const nn::NamedTensors& tensors) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : tensors) names.push_back(name);
  return names;
}
Tensor named(const nn::Module& module, const std::string& name) {
  return nn::matching(module.state(), name.c_str())[0].second;
}
bool near(const Tensor& x, const std::vector<double>& expected) {
  return allclose(reshape(x, {x.numel()}), from_vector(expected), {.rtol = 1e-12, .atol = 1e-12});
}

nn::Conv1d counted_conv() {
  Tensor weight = reshape(arange(12, kDouble), {3, 2, 2}) / 4 - 1.2;
  return nn::Conv1d(weight, tensor({0.1, 0.2, 0.3}, kDouble));
}
nn::Dense small_dense() { return nn::Dense(tensor({{1., -2., 0.5}, {0.3, 0.7, -1.1}}, kDouble), zeros({2}, kDouble)); }

}  // namespace

TEST_CASE("WeightNorm has PyTorch's names, values and gradients", "[nn][weight_norm]") {
  nn::WeightNorm layer(counted_conv());
  CHECK(names(layer.state()) == std::vector<std::string>{"weight_g", "weight_v", "bias"});
  Tensor g = named(layer, "weight_g");
  CHECK(g.shape() == Shape{3, 1, 1});
  CHECK(near(g.detach(), {1.7421251390184345, 0.659545297913646, 2.4155744658362326}));
  g.assign(g * 1.5);
  Tensor x = reshape(arange(8, kDouble), {1, 2, 4}) / 3 - 1;
  Tensor y = layer(x);
  CHECK(near(y, {2.05, 0.4, -1.25, 1.15, 1.5, 1.85, 0.25, 2.6, 4.95}));
  sum(square(y)).backward();
  CHECK(near(g.grad(), {4.442849613180456, 12.321620201635778, 15.99895478829208}));
  CHECK(near(named(layer, "weight_v").grad(),
             {-1.1095551894563431, -0.8658978583196058, 1.777759472817134, 2.0214168039538727, -2.6954022988505777,
              -5.201149425287358, 1.2931034482758614, -1.2126436781609156, -18.847900599828623, -13.531619537275065,
              7.384661525278495, 12.700942587832047}));
}

TEST_CASE("WeightNorm without an axis has one length", "[nn][weight_norm]") {
  nn::WeightNorm layer(nn::Dense(3, 2), {.axis = {}});
  CHECK(named(layer, "weight_g").shape() == Shape{});
  CHECK(layer(ones({4, 3})).shape() == Shape{4, 2});
}

TEST_CASE("SpectralNorm has PyTorch's names, iteration and gradient", "[nn][weight_norm]") {
  nn::SpectralNorm layer(small_dense());
  CHECK(names(layer.state()) == std::vector<std::string>{"weight_orig", "bias", "weight_u", "weight_v"});
  named(layer, "weight_u").assign(tensor({0.6, 0.8}, kDouble));
  named(layer, "weight_v").assign(tensor({0., 0.6, 0.8}, kDouble));
  Tensor x = tensor({{1., 2., 3.}, {-1., 0.5, 0.2}}, kDouble);
  Tensor y = layer(x);
  const std::vector<double> expected = {-0.95995683915228, -1.023953961762432, -1.215945329592888,
                                        -0.10879510843725841};
  CHECK(near(y, expected));
  CHECK(near(named(layer, "weight_u"), {0.9720487765153969, 0.23477899410918343}));
  CHECK(near(named(layer, "weight_v"), {0.6971974761497045, -0.5311980770664415, -0.4813982573414628}));
  sum(square(y)).backward();
  CHECK(near(named(layer, "weight_orig").grad(), {-2.673967137403942, -0.9486022459503234, -1.9247910049923735,
                                                  -1.896331547606388, -2.1384636431478095, -3.45907469316806}));
  layer.eval();
  CHECK(near(layer(x), expected));  // no iteration any more
}

TEST_CASE("SpectralNorm of a transposed convolution takes the output's channels for rows", "[nn][weight_norm]") {
  nn::SpectralNorm layer(nn::ConvTranspose1d(2, 3, 2));
  CHECK(named(layer, "weight_u").shape() == Shape{3});
  CHECK(named(layer, "weight_v").shape() == Shape{4});
}

TEST_CASE("A backward pass may follow later calls of SpectralNorm", "[nn][weight_norm]") {
  nn::SpectralNorm layer(nn::Dense(3, 2));
  Tensor first = layer(ones({1, 3})), second = layer(ones({1, 3}));
  CHECK_NOTHROW(sum(first + second).backward());
}

TEST_CASE("Wrapped layers are copied, found and reported as parts of their wrapper", "[nn][weight_norm]") {
  struct Net : nn::Module {
    nn::WeightNorm<nn::Dense> dense = child("dense", nn::WeightNorm(nn::Dense(3, 2)));
    nn::SpectralNorm<nn::Conv1d> conv = child("conv", nn::SpectralNorm(nn::Conv1d(1, 1, 1)));
    Tensor operator()(const Tensor& x) const { return conv(unsqueeze(dense(x), 1)); }
  } net;
  CHECK(names(net.named_parameters()) ==
        std::vector<std::string>{"dense.weight_g", "dense.weight_v", "dense.bias", "conv.weight_orig", "conv.bias"});
  Tensor x = ones({2, 3});
  CHECK_NOTHROW(nn::check_registration(net, [&] { net(x); }));
  net.eval();
  Net copy = nn::clone(net);
  CHECK(allclose(copy(x), net(x)));
  named(copy, "dense.weight_g").assign(0);
  named(copy, "dense.bias").assign(0);
  CHECK_FALSE(allclose(copy(x), net(x)));
  sum(copy(x)).backward();
  CHECK(named(copy, "dense.weight_g").grad().defined());
  CHECK_FALSE(named(net, "dense.weight_g").grad().defined());
  CHECK_THROWS_WITH(net(ones({2, 4})), Contains("Net.dense (Dense): last axis of x must be 3"));
}

TEST_CASE("A wrapped layer is printed as its wrapper", "[nn][weight_norm]") {
  nn::Sequential model(nn::WeightNorm(nn::Dense(3, 2)));
  CHECK(to_string(model) ==
        "Sequential: 10 parameters\n"
        "  0: WeightNorm<Dense>  weight_g [2, 1], weight_v [2, 3], bias [2]");
}

TEST_CASE("Two weights of one layer are wrapped one after the other", "[nn][weight_norm]") {
  nn::WeightNorm layer(nn::WeightNorm(nn::Dense(3, 2)), {.name = "bias", .axis = {}});
  CHECK(names(layer.state()) == std::vector<std::string>{"bias_g", "weight_g", "weight_v", "bias_v"});
  nn::Dense plain(3, 2);
  nn::WeightNorm wrapped(nn::WeightNorm(nn::Dense(plain.weight().detach() + 0, plain.bias().detach() + 0)),
                         {.name = "bias", .axis = {}});
  Tensor x = normal({5, 3});
  CHECK(allclose(wrapped(x), plain(x), {.rtol = 1e-5, .atol = 1e-6}));
}

TEST_CASE("Wrappers refuse parameters and axes that a layer does not have", "[nn][weight_norm]") {
  CHECK_THROWS_WITH(nn::WeightNorm(nn::Dense(3, 2), {.name = "wieght"}), Contains("must have a parameter 'wieght'"));
  CHECK_THROWS_AS(nn::WeightNorm(nn::Dense(3, 2), {.axis = 2}), std::out_of_range);
  CHECK_THROWS_AS(nn::SpectralNorm(nn::Dense(3, 2), {.power_iterations = -1}), std::invalid_argument);
  // The layer is what it was.
  nn::Dense layer(3, 2);
  CHECK_THROWS_AS(nn::WeightNorm(layer, {.axis = 2}), std::out_of_range);
  CHECK_THROWS_AS(nn::SpectralNorm(layer, {.axis = 2}), std::out_of_range);
  CHECK_THROWS_AS(nn::SpectralNorm(layer, {.power_iterations = -1}), std::invalid_argument);
  CHECK_THROWS_AS(nn::SpectralNorm(layer, {.eps = -1}), std::invalid_argument);
  CHECK(names(layer.state()) == std::vector<std::string>{"weight", "bias"});
}
