// PyTorch's weights, and what PyTorch makes of them: written by tests/io/data/pytorch_models.py.
#include <algorithm>
#include <string>

#include <xgrad/io/io.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "../source_dir.hpp"
#include "../support.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(6, 9));
  nn::Dense output = child("output", nn::Dense(9, 4));
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
};

struct Cnn : nn::Module {
  nn::Conv2d conv1 = child("conv1", nn::Conv2d(2, 4, 3, {.padding = 1}));
  nn::BatchNorm2d norm1 = child("norm1", nn::BatchNorm2d(4));
  nn::Conv2d conv2 = child("conv2", nn::Conv2d(4, 6, 3, {.stride = 2, .groups = 2, .bias = false}));
  nn::BatchNorm2d norm2 = child("norm2", nn::BatchNorm2d(6));
  nn::Dense output = child("output", nn::Dense(12, 3));
  Tensor operator()(const Tensor& x) const {
    const Tensor pooled = max_pool2d(relu(norm1(conv1(x))), 2);
    return output(flatten(relu(norm2(conv2(pooled))), 1));
  }
};

struct Lstm : nn::Module {
  nn::LSTM lstm = child("lstm", nn::LSTM(5, 7, {.num_layers = 2, .batch_first = true}));
  nn::Dense output = child("output", nn::Dense(7, 3));
  Tensor operator()(const Tensor& x) const {
    auto [all, h, c] = lstm(x);
    return output(all) + sum(h[0]) * mean(c[1]);
  }
};

struct Transformer : nn::Module {
  nn::TransformerEncoderLayer layer = child(
      "layer",
      nn::TransformerEncoderLayer(
          8, 2, {.dim_feedforward = 16, .activation = [](const Tensor& x) { return gelu(x); }, .batch_first = true}));
  Tensor operator()(const Tensor& x) const { return layer(x); }
};

/// The largest difference, as a part of the largest number, or of 1.
double difference(const Tensor& a, const Tensor& b) {
  REQUIRE(a.shape() == b.shape());
  REQUIRE(a.dtype() == b.dtype());
  NoGrad no_grad;
  const Tensor x = cast(a.detach(), DType::float64), y = cast(b.detach(), DType::float64);
  return max(abs(x - y)).item() / std::max(1.0, max(abs(y)).item());
}

/// Loads the weights, and compares the output and all gradients.
template <class Model>
void compare(const std::string& name, bool training) {
  INFO(name);
  const DefaultDtype f64(DType::float64);
  const std::string folder = source_dir() + "/tests/io/data/";
  Model model;
  model.train(training);
  io::load(folder + name + ".safetensors", model);
  const io::Contents expected{.tensors = io::load(folder + name + ".expected.npz"), .metadata = {}};

  Tensor x = copy(expected["input"]);
  x.set_requires_grad();
  const Tensor y = model(x);
  CHECK(difference(y, expected["output"]) < 1e-10);
  y.backward(expected["cotangent"]);
  CHECK(difference(x.grad(), expected["grad_input"]) < 1e-10);
  std::size_t compared = 0;
  for (const auto& [own, parameter] : model.named_parameters()) {
    INFO(own);
    CHECK(difference(parameter.grad(), expected["grad." + own]) < 1e-10);
    ++compared;
  }
  if (training)
    for (const auto& [own, buffer] : model.named_buffers()) {
      INFO(own);
      CHECK(difference(buffer, expected["after." + own]) < 1e-10);
      ++compared;
    }
  CHECK(compared + 4 == expected.tensors.size());
}

}  // namespace

TEST_CASE("PyTorch's weights give PyTorch's outputs and gradients", "[io][pytorch]") {
  compare<Mlp>("mlp", false);
  compare<Cnn>("cnn", false);
  compare<Cnn>("cnn_training", true);
  compare<Lstm>("lstm", false);
  compare<Transformer>("transformer", false);
}
