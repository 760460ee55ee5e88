// audit(): each planted mistake is found, and sound models give no false alarm.
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "message.hpp"

using namespace xgrad;
using testing::message_of;
using train::Audit;
using train::Mistake;

namespace {

struct Mlp : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(4, 8));
  nn::BatchNorm1d norm = child("norm", nn::BatchNorm1d(8));
  nn::Dropout drop = child("drop", nn::Dropout(0.5));
  nn::Dense output = child("output", nn::Dense(8, 3));
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return output(drop(relu(norm(hidden(x))))); });
  }
};

/// The same without `call`: the layers inside are seen all the same.
struct Plain : nn::Module {
  nn::Dense hidden = child("hidden", nn::Dense(4, 8));
  nn::Dense output = child("output", nn::Dense(8, 3));
  Tensor operator()(const Tensor& x) const { return output(tanh(hidden(x))); }
};

Tensor inputs() { return reshape(cast(arange(24), DType::float32), {6, 4}) / 24; }
Tensor labels() { return tensor({0, 1, 2, 0, 1, 2}); }

/// The audit of a classifier under its optimizer.
template <class M>
Audit audited(const M& model, const optim::Optimizer& optimizer) {
  return train::audit(model, optimizer, [&] { return nn::cross_entropy(model(inputs()), labels()); });
}
template <class M>
Audit audited(const M& model) {
  return audited(model, optim::SGD(model.parameters(), {.lr = 0.1}));
}

std::string text_of(const Audit& audit) {
  std::ostringstream out;
  out << audit;
  return out.str();
}

}  // namespace

// ---- Ten planted mistakes ----

TEST_CASE("audit: forgotten child", "[audit]") {
  struct Forgetful : nn::Module {
    nn::Dense hidden = nn::Dense(4, 8);  // not handed to child()
    nn::Dense output = child("output", nn::Dense(8, 3));
    Tensor operator()(const Tensor& x) const { return output(relu(hidden(x))); }
  } model;
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::unregistered_layer, "Dense"));
  CHECK(audit.findings.size() == 1);
  CHECK(audit.findings[0].text.find("child()") != std::string::npos);

  // Held behind a pointer, a copy of the class does not meet it, but it runs.
  struct Hidden : nn::Module {
    std::vector<nn::Dense>* layers = new std::vector<nn::Dense>{nn::Dense(4, 8)};
    nn::Dense output = child("output", nn::Dense(8, 3));
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return output(relu(layers->front()(x))); });
    }
  } behind;
  const Audit second = audited(behind);
  delete behind.layers;
  CHECK(second.has(Mistake::unregistered_layer, "Dense"));
  CHECK(second.findings.size() == 1);
}

TEST_CASE("audit: forgotten param", "[audit]") {
  struct Forgetful : nn::Module {
    nn::Dense hidden = child("hidden", nn::Dense(4, 3));
    Tensor scale = ones({3}, {.requires_grad = true});  // not handed to param()
    Tensor operator()(const Tensor& x) const { return scale * hidden(x); }
  } model;
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::unregistered_parameter, "a variable [3]"));
  CHECK(audit.findings.size() == 1);
}

TEST_CASE("audit: stale optimizer", "[audit]") {
  Mlp old, model;
  optim::Adam adam(old.parameters());
  const Audit audit = audited(model, adam);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::stale_optimizer, "Adam"));
  CHECK(audit.has(Mistake::unknown_to_optimizer, "hidden.weight"));

  // Made before a layer was added.
  struct Growing : nn::Module {
    nn::Dense hidden = child("hidden", nn::Dense(4, 3));
    std::optional<nn::Dense> head;
    void grow() { head.emplace(child("head", nn::Dense(3, 3))); }
    Tensor operator()(const Tensor& x) const { return head ? (*head)(hidden(x)) : hidden(x); }
  } growing;
  optim::SGD sgd(growing.parameters(), {.lr = 0.1});
  CHECK(audited(growing, sgd).is_sound());
  growing.grow();
  const Audit grown = audited(growing, sgd);
  CHECK(grown.has(Mistake::unknown_to_optimizer, "head.weight"));
  CHECK(grown.has(Mistake::unknown_to_optimizer, "head.bias"));
  CHECK(grown.findings.size() == 2);
}

TEST_CASE("audit: frozen by accident", "[audit]") {
  Mlp model;
  Tensor weight = model.hidden.weight();
  weight.set_requires_grad(false);
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::frozen, "hidden.weight"));
  CHECK(audit.findings.size() == 1);
}

TEST_CASE("audit: detached branch", "[audit]") {
  struct Detached : nn::Module {
    nn::Dense left = child("left", nn::Dense(4, 3));
    nn::Dense right = child("right", nn::Dense(4, 3));
    Tensor operator()(const Tensor& x) const { return left(x) + right(x).detach(); }
  } model;
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::detached, "right.weight"));
  CHECK(audit.has(Mistake::detached, "right.bias"));
  CHECK(audit.findings.size() == 2);

  struct Unrecorded : nn::Module {
    nn::Dense left = child("left", nn::Dense(4, 3));
    nn::Dense right = child("right", nn::Dense(4, 3));
    Tensor operator()(const Tensor& x) const {
      Tensor y;
      {
        NoGrad no_grad;
        y = right(x);
      }
      return left(x) + y;
    }
  } unrecorded;
  CHECK(audited(unrecorded).has(Mistake::detached, "right.weight"));
}

TEST_CASE("audit: double registration", "[audit]") {
  struct Twice : nn::Module {
    nn::Dense first = child("first", nn::Dense(4, 4));
    nn::Dense second = child("second", first);  // meant to be another layer
    nn::Dense output = child("output", nn::Dense(4, 3));
    Tensor operator()(const Tensor& x) const { return output(relu(second(relu(first(x))))); }
  } model;
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::registered_twice, "second"));
  CHECK(audit.findings.size() == 1);

  struct SameTensor : nn::Module {
    nn::Parameter a = param("a", ones({4, 3}));
    nn::Parameter b = param("b", a);
    Tensor operator()(const Tensor& x) const { return matmul(x, a) + matmul(x, b); }
  } same;
  CHECK(audited(same).has(Mistake::registered_twice, "b"));
}

TEST_CASE("audit: wrong broadcast", "[audit]") {
  nn::Dense model(4, 1);
  optim::SGD sgd(model.parameters(), {.lr = 0.1});
  Tensor targets = cast(labels(), DType::float32);
  const Audit audit = train::audit(model, sgd, [&] { return mean(square(model(inputs()) - targets)); });
  const int line = __LINE__ - 1;
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::broadcast, testing::place(line)));
  CHECK(audit.findings.size() == 1);
  CHECK(audit.findings[0].text.find("[6, 1] and [6]") != std::string::npos);
  CHECK(train::audit(model, sgd, [&] { return mean(square(targets * model(inputs()))); }).has(Mistake::broadcast));
}

TEST_CASE("audit: unused layer", "[audit]") {
  struct Unused : nn::Module {
    nn::Dense hidden = child("hidden", nn::Dense(4, 3));
    nn::Dense skip = child("skip", nn::Dense(4, 3));
    Tensor operator()(const Tensor& x) const { return hidden(x); }
  } model;
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::unused, "skip.weight"));
  CHECK(audit.has(Mistake::unused, "skip.bias"));
  CHECK(audit.findings.size() == 2);
}

TEST_CASE("audit: eval left on", "[audit]") {
  Mlp model;
  model.eval();
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::evaluation, "Mlp"));
  CHECK(audit.findings.size() == 1);

  Mlp part;
  part.drop.eval();
  CHECK(audited(part).has(Mistake::evaluation, "drop"));
  Plain plain;
  plain.eval();
  CHECK(audited(plain).has(Mistake::evaluation));
}

TEST_CASE("audit: tied weight cut", "[audit]") {
  struct Cut : nn::Module {
    nn::Dense in = child("in", nn::Dense(4, 3));
    nn::Parameter out = param("out", copy(in.weight().detach()));  // meant to be in's
    Tensor operator()(const Tensor& x) const { return matmul(matmul(in(x), out), transpose(out)); }
  } model;
  const Audit audit = audited(model);
  INFO(text_of(audit));
  CHECK(audit.has(Mistake::tie_cut, "in.weight"));
  CHECK(audit.findings.size() == 1);

  struct Transposed : nn::Module {
    nn::Embedding words = child("words", nn::Embedding(5, 4));
    nn::Parameter out = param("out", transpose(words.weight().detach()));
    Tensor operator()(const Tensor& x) const { return matmul(words(x), out); }
  } transposed;
  optim::SGD sgd(transposed.parameters(), {.lr = 0.1});
  const Audit second = train::audit(transposed, sgd, [&] { return nn::cross_entropy(transposed(labels()), labels()); });
  INFO(text_of(second));
  CHECK(second.has(Mistake::tie_cut));
  CHECK(second.findings.size() == 1);

  struct SameClass : nn::Module {
    nn::Dense a = child("a", nn::Dense(4, 4));
    nn::Dense b = child("b", nn::Dense(4, 4));
    nn::Dense out = child("out", nn::Dense(4, 3));
    SameClass() { b.weight().assign(a.weight()); }
    Tensor operator()(const Tensor& x) const { return out(tanh(b(tanh(a(x))))); }
  } same_class;
  CHECK(audited(same_class).has(Mistake::tie_cut, "b.weight"));

  // The class was given another tensor after it was registered.
  struct Replaced : nn::Module {
    Tensor weight = param("weight", normal({4, 3}));
    Tensor operator()(const Tensor& x) const { return matmul(x, weight); }
  } replaced;
  replaced.weight = normal({4, 3}, {.requires_grad = true});
  CHECK(audited(replaced).has(Mistake::replaced, "weight"));
}

// ---- Sound models ----

TEST_CASE("audit: sound models give no alarm", "[audit]") {
  auto check = [](const Audit& audit) {
    INFO(text_of(audit));
    CHECK(audit.is_sound());
    CHECK(text_of(audit) == "audit: nothing found\n");
  };
  check(audited(Mlp()));
  check(audited(Plain()));
  check(audited(nn::Sequential{nn::Dense(4, 8), relu, nn::Dropout(0.1), nn::Dense(8, 3)}));

  SECTION("a loss that is a module, named parameters, groups") {
    Mlp model;
    nn::CrossEntropyLoss loss;
    optim::SGD sgd({{.parameters = model.hidden.parameters(), .options = {.lr = 0.1}},
                    {.parameters = model.norm.parameters(), .options = {.lr = 0.1}},
                    {.parameters = model.output.named_parameters(), .options = {.lr = 0.01}}});
    check(train::audit(model, sgd, [&] { return loss(model(inputs()), labels()); }));
  }
  SECTION("a frozen part that the optimizer does not hold, its norm in evaluation") {
    Mlp model;
    for (Tensor parameter : model.hidden.parameters()) parameter.set_requires_grad(false);
    for (Tensor parameter : model.norm.parameters()) parameter.set_requires_grad(false);
    model.norm.eval();
    check(audited(model, optim::SGD(model.output.parameters(), {.lr = 0.1})));
  }
  SECTION("a tie, a layer that is called twice, clones") {
    struct Tied : nn::Module {
      nn::Embedding words = child("words", nn::Embedding(3, 4));
      nn::Dense mix = child("mix", nn::Dense(4, 4));
      nn::Dense more = child("more", nn::clone(mix));  // starts alike, and is meant to
      nn::Parameter out = param("out", words.weight());
      Tensor operator()(const Tensor& x) const { return matmul(more(mix(mix(words(x)))), transpose(out)); }
    } model;
    optim::SGD sgd(model.parameters(), {.lr = 0.1});
    check(train::audit(model, sgd, [&] { return nn::cross_entropy(model(labels()), labels()); }));
  }
  SECTION("pairwise differences, and targets of the right shape") {
    nn::Dense model(4, 1);
    optim::SGD sgd(model.parameters(), {.lr = 0.1});
    Tensor targets = cast(labels(), DType::float32);
    check(train::audit(model, sgd, [&] {
      Tensor scores = reshape(model(inputs()), {-1});
      return mean(square(scores - targets)) + mean(square(unsqueeze(scores, 1) - scores)) + sum(targets / sum(targets));
    }));
  }
  SECTION("a transformer, an LSTM, wrapped layers") {
    auto is_sound = [&](const auto& model, const Tensor& x) {
      optim::Adam adam(model.parameters());
      check(train::audit(model, adam, [&] { return mean(square(model(x))); }));
    };
    is_sound(nn::TransformerEncoder(nn::TransformerEncoderLayer(8, 2, {.dim_feedforward = 16}), 3), normal({5, 3, 8}));
    is_sound(nn::Sequential{nn::OutputOf(nn::LSTM(8, 16, {.num_layers = 2})), nn::Dense(16, 4)}, normal({5, 2, 8}));
    is_sound(nn::Sequential{nn::WeightNorm(nn::Dense(8, 8)), relu, nn::SpectralNorm(nn::Dense(8, 4)),
                            nn::Residual(nn::LayerNorm(4))},
             normal({5, 8}));
  }
  SECTION("a convolutional network") {
    nn::Sequential images{nn::Conv2d(1, 4, 3), nn::BatchNorm2d(4), relu,
                          nn::MaxPool2d(2),    nn::Flatten(),      nn::Dense(36, 3)};
    optim::Adam adam(images.parameters());
    Tensor x = reshape(cast(arange(6 * 64), DType::float32), {6, 1, 8, 8}) / 400;
    check(train::audit(images, adam, [&] { return nn::cross_entropy(images(x), labels()); }));
  }
}

TEST_CASE("audit: leaves all as it was", "[audit]") {
  manual_seed(3);
  Mlp model;
  optim::SGD sgd(model.parameters(), {.lr = 0.1});
  nn::cross_entropy(model(inputs()), labels()).backward();
  std::vector<Tensor> before, gradients;
  for (const auto& [name, tensor] : model.state()) before.push_back(copy(tensor.detach()));
  for (const Tensor& parameter : model.parameters()) gradients.push_back(copy(parameter.grad()));
  Generator generator = default_generator();
  const Tensor expected = uniform({4}, 0, 1, {}, generator);
  audited(model, sgd);
  CHECK(uniform({4}).to_vector<float>() == expected.to_vector<float>());
  std::size_t i = 0;
  for (const auto& [name, tensor] : model.state()) CHECK(tensor.to_vector<float>() == before[i++].to_vector<float>());
  i = 0;
  for (const Tensor& parameter : model.parameters())
    CHECK(parameter.grad().to_vector<float>() == gradients[i++].to_vector<float>());
}

TEST_CASE("audit: wrong input", "[audit]") {
  Mlp model;
  optim::SGD sgd(model.parameters(), {.lr = 0.1});
  CHECK(testing::without_place(
            message_of<std::invalid_argument>([&] { train::audit(model, sgd, [&] { return model(inputs()); }); }),
            __FILE__) == "audit: the loss must have one element, but it is [6, 3].");
  CHECK(testing::without_place(
            message_of<std::invalid_argument>([&] { train::audit(model, sgd, Function<Tensor()>()); }), __FILE__) ==
        "audit: the loss must be callable, but it is empty.");
  CHECK_THROWS_WITH(train::audit(model, sgd, []() -> Tensor { throw std::runtime_error("no data"); }), "no data");
  CHECK(audited(model, sgd).is_sound());
}
