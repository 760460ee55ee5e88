// diagnose() and summary(): what they measure, beside hand-made numbers, and what they say.
#include <cmath>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "message.hpp"

using namespace xgrad;
using testing::message_of;
using train::Diagnosis;

namespace {

using Activation = Tensor (*)(const Operand&);

/// Ten Dense layers with an activation function between them.
struct Deep : nn::Module {
  Deep(Activation function, const nn::Initializer& init, int depth = 10) : activation(function) {
    for (int i = 0; i < depth; ++i)
      layers.push_back(child(
          "layer" + std::to_string(i + 1),
          nn::Dense(i == 0 ? 8 : 32, i + 1 == depth ? 3 : 32, {.weight_init = init, .bias_init = nn::init::zeros()})));
  }
  Tensor operator()(Tensor x) const {
    for (const nn::Dense& layer : layers) x = &layer == &layers.back() ? layer(x) : activation(layer(x));
    return x;
  }
  Activation activation;
  std::vector<nn::Dense> layers;
};

struct Data {
  Tensor x, y;
  Data() {
    manual_seed(1);
    x = normal({64, 8});
    y = randint(0, 3, {64});
  }
};

template <class M>
Diagnosis diagnosed(const M& model) {
  const Data data;
  return train::diagnose(model, [&] { return nn::cross_entropy(model(data.x), data.y); });
}

std::string said(const Diagnosis& diagnosis) {
  std::string text;
  for (const std::string& finding : diagnosis.findings) text += finding + "\n";
  return text;
}

bool says(const Diagnosis& diagnosis, const std::string& words) {
  return said(diagnosis).find(words) != std::string::npos;
}

}  // namespace

TEST_CASE("diagnose: the numbers are those of the graph", "[diagnose]") {
  manual_seed(2);
  nn::Sequential model{nn::Dense(3, 4), relu, nn::Dense(4, 2)};
  optim::SGD sgd(model.parameters(), {.lr = 0.5});
  Tensor x = normal({5, 3});
  auto loss = [&] { return mean(square(model(x))); };
  const Diagnosis diagnosis = train::diagnose(model, sgd, loss);
  REQUIRE(diagnosis.layers.size() == 2);
  const auto& first = diagnosis.layers[0];
  CHECK(first.name == "0");
  CHECK(first.kind == "Dense");
  CHECK(first.function == "relu");
  CHECK(diagnosis.layers[1].function.empty());
  CHECK(std::isnan(diagnosis.layers[1].dead));

  std::vector<Tensor> parameters = model.parameters();
  Tensor h = matmul(x, transpose(parameters[0])) + parameters[1];
  Tensor y = matmul(relu(h), transpose(parameters[2])) + parameters[3];
  Tensor value = mean(square(y));
  std::vector<Tensor> g = grad(value, {h, parameters[0], parameters[1]});
  CHECK(diagnosis.loss == Approx(value.item()));
  CHECK(first.activation == Approx(std::sqrt(mean(square(h)).item())));
  CHECK(first.gradient == Approx(norm(g[0]).item()));
  const double weight = std::hypot(norm(parameters[0].detach()).item(), norm(parameters[1].detach()).item());
  const double gradient = std::hypot(norm(g[1]).item(), norm(g[2]).item());
  CHECK(first.weight == Approx(weight));
  CHECK(first.weight_gradient == Approx(gradient));
  CHECK(first.update == Approx(0.5 * gradient / weight).epsilon(1e-4));
  const std::vector<int> alive = amax(cast(h > 0, DType::int64), 0).to_vector<int>();
  CHECK(first.dead == Approx(1 - (alive[0] + alive[1] + alive[2] + alive[3]) / 4.0));
  CHECK(std::isnan(first.saturated));  // relu is flat on one side, as it should be
}

TEST_CASE("diagnose: vanishing gradients, and the cure that fits", "[diagnose]") {
  const Diagnosis sigmoid_small =
      diagnosed(Deep([](const Operand& x) { return sigmoid(x); }, nn::init::normal(0, 0.1)));
  CHECK(says(sigmoid_small, "The gradient vanishes on its way back: that of 'layer1'"));
  CHECK(says(sigmoid_small, "relu or gelu"));
  const Diagnosis relu_small = diagnosed(Deep([](const Operand& x) { return relu(x); }, nn::init::normal(0, 0.02)));
  CHECK(says(relu_small, "The gradient vanishes"));
  CHECK(says(relu_small, "nn::init::he_normal() keeps their size with relu"));
  const Diagnosis tanh_small = diagnosed(Deep([](const Operand& x) { return tanh(x); }, nn::init::normal(0, 0.02)));
  CHECK(says(tanh_small, "nn::init::glorot_normal() keeps their size with tanh"));
}

TEST_CASE("diagnose: exploding gradients, saturation, death", "[diagnose]") {
  const Diagnosis large = diagnosed(Deep([](const Operand& x) { return relu(x); }, nn::init::normal(0, 1)));
  CHECK(says(large, "The gradient explodes on its way back"));
  CHECK(says(large, "clip_grad_norm"));
  const Diagnosis saturated = diagnosed(Deep([](const Operand& x) { return tanh(x); }, nn::init::normal(0, 3), 4));
  CHECK(says(saturated, "is saturated for up to"));
  CHECK(saturated.layers[1].saturated > 0.5);
  Deep dead([](const Operand& x) { return relu(x); }, nn::init::he_normal(), 3);
  Tensor bias = dead.layers[1].bias();
  bias.assign(-100);
  const Diagnosis found = diagnosed(dead);
  CHECK(says(found, "Units of 'layer2' are dead (up to 100 %)"));
  CHECK(found.layers[1].dead == 1);
  CHECK(found.layers[0].dead < 0.4);
}

TEST_CASE("diagnose: sound models give no finding", "[diagnose]") {
  CHECK(said(diagnosed(Deep([](const Operand& x) { return relu(x); }, nn::init::he_normal()))).empty());
  CHECK(said(diagnosed(Deep([](const Operand& x) { return tanh(x); }, nn::init::glorot_normal()))).empty());
  CHECK(said(diagnosed(Deep([](const Operand& x) { return gelu(x); }, nn::init::he_normal(), 5))).empty());
  CHECK(said(diagnosed(Deep([](const Operand& x) { return leaky_relu(x); }, nn::init::he_normal()))).empty());
  CHECK(said(diagnosed(nn::Sequential{nn::Dense(8, 3)})).empty());
}

TEST_CASE("diagnose: steps too long and too short, and a loss that is not finite", "[diagnose]") {
  const Data data;
  auto with_rate = [&](double lr) {
    manual_seed(4);
    nn::Sequential model{nn::Dense(8, 16), relu, nn::Dense(16, 3)};
    optim::Adam adam(model.parameters(), {.lr = lr});
    return train::diagnose(model, adam, [&] { return nn::cross_entropy(model(data.x), data.y); });
  };
  CHECK(says(with_rate(1), "The learning rate is too high."));
  CHECK(says(with_rate(1e-10), "The learning rate is too low."));
  CHECK(with_rate(1e-3).findings.empty());
  nn::Dense model(8, 1);
  CHECK(says(train::diagnose(model, [&] { return sum(log(model(data.x) * 0 - 1)); }),
             "The loss is nan. An AnomalyGuard"));
  optim::SGD strict(model.parameters(), {.nonfinite = optim::NonFinite::error});
  CHECK(says(train::diagnose(model, strict, [&] { return sum(log(model(data.x) * 0 - 1)); }),
             "The loss is nan. An AnomalyGuard"));
}

TEST_CASE("diagnose: leaves momentum that is off for now", "[diagnose]") {
  auto run = [](bool with_diagnosis) {
    nn::Dense model(1, 1, {.weight_init = nn::init::zeros(), .bias_init = nn::init::zeros()});
    optim::SGD sgd(model.parameters(), {.lr = 0.1, .momentum = 0.9});
    auto loss = [&] { return sum(model(ones({1, 1}))); };
    sgd.step(loss);
    sgd.set_group_momentum(0, 0);
    sgd.step(loss);
    if (with_diagnosis) train::diagnose(model, sgd, loss);
    sgd.set_group_momentum(0, 0.9);
    sgd.step(loss);
    return model.parameters()[0].item();
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("diagnose: channels are units of convolutions", "[diagnose]") {
  nn::Sequential model{nn::Conv2d(1, 2, 3), relu, nn::Flatten(), nn::Dense(2 * 16, 3)};
  Tensor bias = model.parameters()[1];
  bias.assign(tensor({-100., 100.}));
  const Diagnosis diagnosis = train::diagnose(model, [&] { return mean(square(model(normal({3, 1, 6, 6})))); });
  CHECK(diagnosis.layers[0].dead == 0.5);
}

TEST_CASE("diagnose: a layer that answers with several tensors is told of by its output", "[diagnose]") {
  const nn::LSTM lstm(3, 4);
  const nn::Sequential model{nn::OutputOf(lstm), nn::Dense(4, 1)};
  const Tensor x = ones({2, 1, 3});
  const Diagnosis diagnosis = train::diagnose(model, [&] { return sum(model(x)); });
  REQUIRE(diagnosis.layers.size() == 2);
  CHECK(diagnosis.layers[0].kind == "LSTM");
  const Tensor output = lstm(x).output;
  CHECK(diagnosis.layers[0].activation == Approx(std::sqrt(mean(square(output)).item())));
  const Tensor dense = model.parameters().at(4);  // the same gradient comes to each of two steps
  CHECK(diagnosis.layers[0].gradient == Approx(std::sqrt(2.0) * norm(dense).item()));
  CHECK(diagnosis.layers[0].weight_gradient > 0);
  CHECK(diagnosis.findings.empty());
}

TEST_CASE("diagnose: attention, cells, and a loss that reads the last states alone", "[diagnose]") {
  struct Net : nn::Module {
    nn::MultiheadAttention attention = child("attention", nn::MultiheadAttention(4, 2));
    nn::LSTMCell cell = child("cell", nn::LSTMCell(4, 3));
    nn::LSTM lstm = child("lstm", nn::LSTM(3, 2));
    Tensor operator()(const Tensor& x) const {
      const Tensor seen = attention(x, x, x).output;
      return lstm(unsqueeze(cell(seen[0]).h, 0)).c;
    }
  } net;
  const Diagnosis diagnosis = train::diagnose(net, [&] { return sum(net(normal({5, 2, 4}))); });
  REQUIRE(diagnosis.layers.size() == 4);  // with the attention's out_proj
  for (const auto& layer : diagnosis.layers) {
    CHECK(layer.activation > 0);
    CHECK(layer.weight_gradient > 0);
    // No gradient comes to the LSTM's output: the loss is of its cells.
    CHECK((layer.name == "lstm" ? std::isnan(layer.gradient) : layer.gradient > 0));
  }
}

TEST_CASE("diagnose: leaves all as it was, to the bit", "[diagnose]") {
  manual_seed(5);
  struct Net : nn::Module {
    nn::Dense in = child("in", nn::Dense(8, 6));
    nn::BatchNorm1d norm = child("norm", nn::BatchNorm1d(6));
    nn::Dropout drop = child("drop", nn::Dropout(0.5));
    nn::Dense out = child("out", nn::Dense(6, 3));
    Tensor operator()(const Tensor& x) const { return out(drop(relu(norm(in(x))))); }
  } model;
  const Data data;
  optim::Adam adam(model.parameters(), {.lr = 0.01});
  auto loss = [&] { return nn::cross_entropy(model(data.x), data.y); };
  adam.step(loss);
  auto run = [&](bool with_diagnosis) {
    manual_seed(9);
    Net copy = nn::clone(model);
    optim::Adam own(copy.parameters(), adam.options());
    own.load_state(adam.state());
    std::vector<double> losses;
    auto its_loss = [&] { return nn::cross_entropy(copy(data.x), data.y); };
    for (int i = 0; i < 3; ++i) {
      if (with_diagnosis) CHECK(train::diagnose(copy, own, its_loss).layers.size() == 3);
      losses.push_back(own.step(its_loss).item());
    }
    return losses;
  };
  CHECK(run(true) == run(false));
}

TEST_CASE("diagnose: prints a table, and refuses what has no gradient", "[diagnose]") {
  nn::Sequential model{nn::Dense(2, 2), relu, nn::Dense(2, 1)};
  std::ostringstream out;
  out << train::diagnose(model, [&] { return sum(model(ones({3, 2}))); });
  CHECK(out.str().find("layer  class  activation") != std::string::npos);
  CHECK(out.str().find("\n0      Dense") != std::string::npos);
  CHECK(testing::without_place(message_of<std::invalid_argument>([&] {
                                 train::diagnose(model, [&] { return model(ones({3, 2})); });
                               }),
                               __FILE__) == "diagnose: the loss must have one element, but it is [3, 1].");
  CHECK(testing::without_place(message_of<std::invalid_argument>([&] { train::diagnose(model, Function<Tensor()>()); }),
                               __FILE__) == "diagnose: the loss must be callable, but it is empty.");
  CHECK(testing::without_place(message_of<std::logic_error>([&] { train::diagnose(model, [&] { return ones({}); }); }),
                               __FILE__) ==
        "diagnose: the loss must depend on parameters of Sequential, but it depends on none.");
}

// ---- summary ----

TEST_CASE("summary: layers, shapes, parameters, and bytes that the backward pass needs", "[summary]") {
  struct Mlp : nn::Module {
    nn::Dense hidden = child("hidden", nn::Dense(64, 32));
    nn::Dense output = child("output", nn::Dense(32, 10));
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return output(relu(hidden(x))); });
    }
  } model;
  const train::Summary summary = train::summary(model, zeros({16, 64}));
  REQUIRE(summary.layers.size() == 3);
  CHECK(summary.layers[0].name == "Mlp");
  CHECK(summary.layers[0].input == "[16, 64]");
  CHECK(summary.layers[0].output == "[16, 10]");
  CHECK(summary.layers[0].depth == 0);
  CHECK(summary.layers[1].name == "hidden");
  CHECK(summary.layers[1].output == "[16, 32]");
  CHECK(summary.layers[1].depth == 1);
  CHECK(summary.layers[1].parameters == 64 * 32 + 32);
  CHECK(summary.layers[1].saved_bytes == 16 * 64 * 4);                                  // its input
  CHECK(summary.layers[0].saved_bytes + summary.layers[2].saved_bytes == 16 * 32 * 4);  // relu's result, once
  CHECK(summary.parameters == model.parameter_count());
  CHECK(summary.trainable == summary.parameters);
  CHECK(summary.saved_bytes == 16 * 64 * 4 + 16 * 32 * 4);
  std::ostringstream out;
  out << summary;
  CHECK(out.str().find("  hidden  Dense  [16, 32]") != std::string::npos);
  CHECK(out.str().find("2,080") != std::string::npos);
  // Wide letters take two columns, accents none: the next column begins at the same place.
  struct Wide : nn::Module {
    nn::Dense first = child("隠れ層", nn::Dense(4, 4)), second = child("sche\u0301ma", nn::Dense(4, 4));
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return second(first(x)); });
    }
  } wide;
  std::ostringstream lines;
  lines << train::summary(wide, zeros({2, 4}));
  CHECK(lines.str().find("  隠れ層  Dense  [2, 4]") != std::string::npos);
  CHECK(lines.str().find("  sche\u0301ma  Dense  [2, 4]") != std::string::npos);

  // Without recording nothing is kept; a layer that is called twice is counted once.
  const train::Summary twice = train::summary(model, [&] {
    NoGrad no_grad;
    model.output(model.output(zeros({2, 32}))[{slice(), newaxis, 0}] + zeros({2, 32}));
  });
  CHECK(twice.saved_bytes == 0);
  REQUIRE(twice.layers.size() == 3);
  CHECK(twice.layers[1].parameters == 330);
  CHECK(twice.layers[2].parameters == 0);
}

TEST_CASE("models print as trees", "[summary]") {
  struct Block : nn::Module {
    nn::Dense dense = child("dense", nn::Dense(4, 4));
    nn::BatchNorm1d norm = child("norm", nn::BatchNorm1d(4));
  };
  struct Net : nn::Module {
    Block block = child("block", Block());
    nn::Parameter scale = param("scale", ones({4}));
    nn::Dense again = child("again", block.dense);
  } model;
  Tensor bias = model.block.dense.bias();
  bias.set_requires_grad(false);
  std::ostringstream out;
  out << model;
  CHECK(out.str() ==
        "Net: 32 parameters  scale [4]\n"
        "  block: Block\n"
        "    dense: Dense  weight [4, 4], bias [4] (frozen)\n"
        "    norm: BatchNorm1d  weight [4], bias [4], running_mean [4] (buffer), running_var [4] (buffer), "
        "num_batches_tracked [] (buffer)\n"
        "  again: Dense (the same as above)");
}
