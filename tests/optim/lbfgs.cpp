// L-BFGS: minima, going on from a saved state, and steps that fail. (PyTorch's trajectories are in conformance.)
#include <xgrad/optim/lbfgs.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/layers/activation.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/nn/sequential.hpp>
#include <xgrad/nn/state.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

Tensor variable(std::initializer_list<double> values, DType dtype = DType::float64) {
  return cast(from_vector(std::vector<double>(values)), dtype).set_requires_grad();
}

/// Rosenbrock's function of the parameters' elements, in pairs, and how often it was asked for.
struct Valley {
  std::vector<Tensor> parameters;
  mutable int calls = 0;

  Tensor operator()() const {
    ++calls;
    Tensor loss;
    for (const Tensor& w : parameters) {
      const Tensor x = reshape(w, {-1, 2});
      const Tensor first = narrow(x, 1, 0, 1), second = narrow(x, 1, 1, 1);
      const Tensor own = sum(square(1 - first) + 100 * square(second - square(first)));
      loss = loss.defined() ? loss + own : own;
    }
    return loss;
  }
};

std::vector<double> values_of(const std::vector<Tensor>& tensors) {
  std::vector<double> values;
  for (const Tensor& tensor : tensors)
    for (double value : tensor.to_vector<double>()) values.push_back(value);
  return values;
}

std::vector<Tensor> start() {
  Tensor strided = transpose(copy(reshape(from_vector(std::vector<double>{-1.2, 1, 0, 2}), {2, 2}))).detach();
  return {variable({-1.2, 1, 0.5, -0.5}), strided.set_requires_grad()};
}

}  // namespace

TEST_CASE("LBFGS finds the end of the valley", "[optim][LBFGS]") {
  for (LineSearch search : {LineSearch::strong_wolfe, LineSearch::none}) {
    const Valley valley{start()};
    LBFGS lbfgs(valley.parameters,
                {.lr = search == LineSearch::none ? 0.5 : 1, .tolerance_change = 1e-15, .line_search = search});
    for (int t = 0; t < 40; ++t) lbfgs.step([&] { return valley(); });
    for (double value : values_of(valley.parameters)) CHECK(value == Approx(1).epsilon(1e-6));
  }
}

TEST_CASE("LBFGS goes on from a saved state to the same bits", "[optim][LBFGS]") {
  for (std::int64_t history : {2, 5, 100}) {
    for (LineSearch search : {LineSearch::strong_wolfe, LineSearch::none}) {
      for (int saved_at : {0, 1, 3, 12}) {
        const LBFGSOptions options = {.lr = 0.4, .max_iter = 3, .history_size = history, .line_search = search};
        const Valley whole{start()}, rest{start()};
        LBFGS one(whole.parameters, options), other(rest.parameters, options);
        for (int t = 0; t < saved_at; ++t) one.step([&] { return whole(); });
        NamedTensors saved;
        for (const auto& [name, tensor] : one.state()) saved.emplace_back(name, copy(tensor));
        for (int t = 0; t < 2; ++t) other.step([&] { return rest(); });  // which the state must undo
        other.load_state(saved, one.metadata());
        for (std::size_t i = 0; i < rest.parameters.size(); ++i)
          Tensor(rest.parameters[i]).assign(whole.parameters[i].detach());
        for (int t = 0; t < 6; ++t) {
          const double a = one.step([&] { return whole(); }).item(), b = other.step([&] { return rest(); }).item();
          CHECK(a == b);
        }
        CHECK(values_of(whole.parameters) == values_of(rest.parameters));
        const NamedTensors a = one.state(), b = other.state();
        REQUIRE(a.size() == b.size());
        for (std::size_t i = 0; i < a.size(); ++i) {
          CHECK(a[i].first == b[i].first);
          CHECK(a[i].second.to_vector<double>() == b[i].second.to_vector<double>());
        }
      }
    }
  }
}

TEST_CASE("What LBFGS keeps has names and shapes", "[optim][LBFGS]") {
  const Valley valley{start()};
  LBFGS lbfgs({{"a", valley.parameters[0]}, {"b", valley.parameters[1]}}, {.max_iter = 4});
  lbfgs.step([&] { return valley(); });
  std::vector<std::string> names;
  for (const auto& [name, tensor] : lbfgs.state()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"state.a.steps", "state.a.direction", "state.a.previous_gradient",
                                          "state.a.gradient_changes", "state.a.moves", "state.a.iterations",
                                          "state.a.evaluations", "state.a.step_size", "state.a.scale",
                                          "state.a.previous_loss", "state.b.steps", "state.b.direction",
                                          "state.b.previous_gradient", "state.b.gradient_changes", "state.b.moves"});
  CHECK(lbfgs.states()[1]["moves"].shape() == Shape{3, 2, 2});
  CHECK(lbfgs.states()[0].number("iterations") == 4);
  CHECK(lbfgs.states()[0].number("evaluations") == 4);

  NamedTensors bad = lbfgs.state();
  bad[4].second = narrow(bad[4].second, 0, 0, 1);
  CHECK_THROWS_WITH(lbfgs.load_state(bad),
                    Contains("the same number of rows for all parameters, but 'a' has 3 and 'a' 1"));
  bad = lbfgs.state();
  bad.resize(10);
  CHECK_THROWS_WITH(lbfgs.load_state(bad),
                    Contains("an entry for each parameter or for none, but 'b' differs from 'a'"));
}

TEST_CASE("A closure that throws leaves LBFGS and the parameters as they were", "[optim][LBFGS]") {
  for (LineSearch search : {LineSearch::strong_wolfe, LineSearch::none}) {
    const LBFGSOptions options = {.lr = 0.3, .max_iter = 9, .history_size = 3, .line_search = search};
    const Valley valley{start()}, undisturbed{start()};
    LBFGS lbfgs(valley.parameters, options), other(undisturbed.parameters, options);
    for (int t = 0; t < 8; ++t) {
      const std::vector<double> before = values_of(valley.parameters);
      for (int most : {0, 1, 4}) {
        const int calls = valley.calls;
        CHECK_THROWS_WITH(lbfgs.step([&]() -> Tensor {
          if (valley.calls == calls + most) throw std::runtime_error("enough");
          return valley();
        }),
                          Contains("enough"));
        CHECK(values_of(valley.parameters) == before);
      }
      lbfgs.step([&] { return valley(); });
      other.step([&] { return undisturbed(); });
      CHECK(values_of(valley.parameters) == values_of(undisturbed.parameters));
    }
  }
}

TEST_CASE("LBFGS and losses that are not finite", "[optim][LBFGS]") {
  const double nan = std::nan("");
  for (NonFinite reaction : {NonFinite::skip, NonFinite::error}) {
    for (int good : {0, 2}) {
      Tensor w = variable({3, 4});
      LBFGS lbfgs({w}, {.lr = 0.1, .max_iter = 5, .nonfinite = reaction});
      int calls = 0;
      const auto loss = [&] { return sum(square(w)) * (calls++ < good ? 1 : nan); };
      if (reaction == NonFinite::error) {
        CHECK_THROWS_WITH(lbfgs.step(loss), Contains("LBFGS: loss and gradients must be finite, but the loss is nan") &&
                                                Contains("lbfgs.cpp"));
      } else {
        const Tensor answer = lbfgs.step(loss);
        CHECK(std::isnan(answer.item()) == (good == 0));
      }
      CHECK(w.to_vector<double>() == std::vector<double>{3, 4});
      CHECK(lbfgs.states()[0].steps == 0);
    }
  }
}

TEST_CASE("LBFGS takes float32, frozen and unreached parameters", "[optim][LBFGS]") {
  Tensor w = variable({3, 4}, DType::float32), unreached = variable({7}, DType::float32);
  Tensor frozen = variable({5}, DType::float32);
  frozen.set_requires_grad(false);
  LBFGS lbfgs({w, unreached, frozen}, {.line_search = LineSearch::strong_wolfe});
  for (int t = 0; t < 5; ++t) lbfgs.step([&] { return sum(square(w - 1)) + sum(frozen); });
  CHECK(allclose(w, ones({2}), {.rtol = 1e-5}));
  CHECK(unreached.item() == 7);
  CHECK(frozen.item() == 5);
}

TEST_CASE("LBFGS leaves parameters alone that are frozen on the way", "[optim][LBFGS]") {
  // The parameters depend on each other, so that the history of the one speaks of the others.
  const auto loss_of = [](const std::vector<Tensor>& p) {
    return sum(square(p[0] - p[1])) + 10 * sum(square(p[1] * p[2] - 1)) + 0.1 * sum(square(p[2] + p[0]));
  };
  for (LineSearch search : {LineSearch::strong_wolfe, LineSearch::none}) {
    for (std::size_t frozen : {0, 1, 2}) {
      const LBFGSOptions options{.lr = search == LineSearch::none ? 0.1 : 1, .max_iter = 4, .line_search = search};
      const std::vector<Tensor> parameters = {variable({3, 1}), variable({0.5, 2}), variable({1.5, -1})};
      const auto loss = [&] { return loss_of(parameters); };
      LBFGS lbfgs(parameters, options);
      lbfgs.step(loss);
      lbfgs.step(loss);
      Tensor held = parameters[frozen];
      const std::vector<double> before = values_of(parameters), own = held.to_vector<double>();
      held.set_requires_grad(false);

      // As of one that was made for the others alone.
      std::vector<Tensor> copies, rest;
      for (const Tensor& w : parameters) copies.push_back(copy(w.detach()));
      for (std::size_t i = 0; i < 3; ++i)
        if (i != frozen) rest.push_back(copies[i].set_requires_grad());
      LBFGS of_rest(rest, options);
      for (int t = 0; t < 3; ++t) {
        const double value = lbfgs.step(loss).item();
        CHECK(of_rest.step([&] { return loss_of(copies); }).item() == value);
        CHECK(held.to_vector<double>() == own);
        CHECK(values_of(parameters) == values_of(copies));
      }
      CHECK(values_of(parameters) != before);
      CHECK(lbfgs.states()[frozen].number("frozen") == 1);
      CHECK(lbfgs.states()[(frozen + 1) % 3].find_number("frozen") == nullptr);

      // Saved and loaded, frozen still.
      std::vector<Tensor> others;
      for (const Tensor& w : parameters) others.push_back(copy(w.detach()).set_requires_grad(w.requires_grad()));
      LBFGS loaded(others, options);
      loaded.load_state(lbfgs.state(), lbfgs.metadata());
      lbfgs.step(loss);
      loaded.step([&] { return loss_of(others); });
      CHECK(values_of(others) == values_of(parameters));
      CHECK(held.to_vector<double>() == own);

      // It thaws: the history begins anew once more.
      held.set_requires_grad();
      std::vector<Tensor> fresh;
      for (const Tensor& w : parameters) fresh.push_back(copy(w.detach()).set_requires_grad());
      LBFGS anew(fresh, options);
      lbfgs.step(loss);
      anew.step([&] { return loss_of(fresh); });
      CHECK(values_of(parameters) == values_of(fresh));
      CHECK(held.to_vector<double>() != own);
      CHECK(lbfgs.states()[frozen].find_number("frozen") == nullptr);
    }
  }
}

TEST_CASE("LBFGS leaves the frozen part of a model alone", "[optim][LBFGS]") {
  for (LineSearch search : {LineSearch::strong_wolfe, LineSearch::none}) {
    nn::Sequential model{nn::Dense(2, 3), nn::Tanh(), nn::Dense(3, 1)};
    const Tensor x = reshape(arange(8) * 0.25 - 1, {4, 2}), y = sum(x, 1, {.keepdims = true});
    const auto loss = [&] { return mean(square(model(x) - y)); };
    LBFGS lbfgs(model.parameters(), {.lr = 0.1, .max_iter = 3, .line_search = search});
    lbfgs.step(loss);
    nn::freeze(model, "0.*");
    std::vector<std::vector<double>> before;
    for (const Tensor& w : model.parameters()) before.push_back(w.to_vector<double>());
    lbfgs.step(loss);
    lbfgs.step(loss);
    const std::vector<Tensor> after = model.parameters();
    for (std::size_t i = 0; i < after.size(); ++i) CHECK((after[i].to_vector<double>() == before[i]) == (i < 2));
    nn::freeze(model);
    before.clear();
    for (const Tensor& w : model.parameters()) before.push_back(w.to_vector<double>());
    Tensor offset = zeros({}, {.requires_grad = true});  // not the optimizer's
    lbfgs.step([&] { return loss() + offset; });
    for (std::size_t i = 0; i < after.size(); ++i) CHECK(after[i].to_vector<double>() == before[i]);
  }
}

TEST_CASE("LBFGS evaluates no more than it may", "[optim][LBFGS]") {
  for (LineSearch search : {LineSearch::strong_wolfe, LineSearch::none}) {
    const Valley valley{start()};
    LBFGS lbfgs(valley.parameters, {.lr = 0.1, .max_iter = 100, .max_eval = 7, .line_search = search});
    lbfgs.step([&] { return valley(); });
    CHECK(valley.calls <= 7 + (search == LineSearch::strong_wolfe ? 25 : 0));
    CHECK(valley.calls >= 7);
  }
  const Valley done{{variable({1, 1})}};
  LBFGS lbfgs(done.parameters);
  CHECK(lbfgs.step([&] { return done(); }).item() == 0);
  CHECK(done.calls == 1);
  CHECK_NOTHROW(lbfgs.load_state(lbfgs.state()));
}

TEST_CASE("What LBFGS does not do, it says", "[optim][LBFGS]") {
  Tensor w = variable({1, 2}), single = variable({1}, DType::float32);
  CHECK_THROWS_WITH(LBFGS({w, single}), Contains("all parameters must have one dtype, but parameter 1 [1] is float32"));
  LBFGS lbfgs({w});
  CHECK_THROWS_WITH(lbfgs.step(), Contains("LBFGS: a step needs the closure") && Contains("lbfgs.cpp"));
  CHECK_THROWS_AS(lbfgs.step(), std::logic_error);
  CHECK_THROWS_WITH(lbfgs.step([&] { return w * 2; }), Contains("the closure must return a loss of one element"));
  CHECK_THROWS_WITH(LBFGS({w}, {.max_iter = 0}), Contains("max_iter must be at least 1, but it is 0"));
  CHECK_THROWS_WITH(LBFGS({w}, {.history_size = 0}), Contains("history_size must be at least 1"));
  CHECK_THROWS_WITH(LBFGS({w}, {.tolerance_grad = -1}), Contains("tolerance_grad must be at least 0"));
}

TEST_CASE("Of states that are loaded in turn, each is gone on from", "[optim][LBFGS]") {
  struct Saved {
    NamedTensors state;
    std::vector<Tensor> values;
    std::vector<double> next;
  };
  const Valley valley{start()};
  LBFGS lbfgs(valley.parameters, {.lr = 0.3, .max_iter = 3});
  const auto step = [&] { lbfgs.step([&] { return valley(); }); };
  std::vector<Saved> all;
  for (int i = 0; i < 3; ++i) {
    step();
    Saved saved;
    for (const auto& [name, tensor] : lbfgs.state()) saved.state.emplace_back(name, copy(tensor));
    for (const Tensor& w : valley.parameters) saved.values.push_back(copy(w.detach()));
    all.push_back(saved);
    step();
    all.back().next = values_of(valley.parameters);
  }
  for (int i = 0; i < 30; ++i) {
    const Saved& saved = all[i * 7 % 3];
    lbfgs.load_state(saved.state);
    for (std::size_t k = 0; k < saved.values.size(); ++k) Tensor(valley.parameters[k]).assign(saved.values[k]);
    step();
    CHECK(values_of(valley.parameters) == saved.next);
  }
}
