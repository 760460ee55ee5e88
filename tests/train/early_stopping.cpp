#include <xgrad/train/early_stopping.hpp>
#include <xgrad/train/evaluation.hpp>

#include <cmath>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using train::Better;
using train::EarlyStopping;

namespace {

void set(const nn::Dense& layer, double value) {
  NoGrad no_grad;
  Tensor(layer.weight()).assign(value);
}
double get(const nn::Dense& layer) { return layer.weight()[{0, 0}].item(); }

struct Net : nn::Module {
  nn::Dense layer = child("layer", nn::Dense(2, 2));
  nn::Dropout dropout = child("dropout", nn::Dropout(0.5));
  Tensor operator()(const Tensor& x) const { return dropout(layer(x)); }
};

}  // namespace

TEST_CASE("training stops when nothing is better, and the best weights come back", "[train][early_stopping]") {
  nn::Dense layer(1, 1);
  EarlyStopping stopping(layer, {.patience = 2});
  const std::vector<double> losses = {3, 2, 2.5, 1, 1, 1.5};
  std::vector<bool> answers;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    set(layer, static_cast<double>(i));
    answers.push_back(stopping.update(losses[i]));
    CHECK(stopping.improved() == (i == 0 || i == 1 || i == 3));
  }
  CHECK(answers == std::vector<bool>{false, false, false, false, false, true});
  CHECK(stopping.stopped());
  CHECK(stopping.best() == 1);
  CHECK(stopping.best_update() == 3);
  CHECK(stopping.updates() == 6);
  CHECK(get(layer) == 5);
  stopping.restore();
  CHECK(get(layer) == 3);
  set(layer, 9);  // what is kept is a copy
  stopping.restore();
  CHECK(get(layer) == 3);
}

TEST_CASE("larger may be better, and by how much", "[train][early_stopping]") {
  nn::Dense layer(1, 1);
  EarlyStopping stopping(layer, {.patience = 3, .min_delta = 0.1, .better = Better::larger});
  CHECK_FALSE(stopping.update(0.5));
  CHECK_FALSE(stopping.update(0.55));
  CHECK_FALSE(stopping.improved());
  CHECK_FALSE(stopping.update(0.7));
  CHECK(stopping.improved());
  CHECK(stopping.best() == 0.7);
}

TEST_CASE("a nan is never better", "[train][early_stopping]") {
  nn::Dense layer(1, 1);
  EarlyStopping stopping(layer, {.patience = 2});
  CHECK_THROWS_WITH(stopping.restore(), Contains("but none came."));
  CHECK_FALSE(stopping.update(std::nan("")));
  CHECK_THROWS_WITH(stopping.restore(), Contains("but each was nan."));
  CHECK_FALSE(stopping.update(4));
  CHECK(stopping.improved());
  CHECK_FALSE(stopping.update(std::nan("")));
  CHECK(stopping.update(std::nan("")));
  CHECK(stopping.best() == 4);
  CHECK_THROWS_WITH(EarlyStopping(layer, {.patience = 0}), Contains("patience must be at least 1, but it is 0."));
  CHECK_THROWS_AS(EarlyStopping(layer, {.min_delta = -1}), std::invalid_argument);
}

TEST_CASE("early stopping goes on where it was saved", "[train][early_stopping]") {
  nn::Dense layer(1, 1), other(1, 1);
  EarlyStopping stopping(layer, {.patience = 3}), resumed(other, {.patience = 3});
  set(layer, 1);
  stopping.update(2);
  set(layer, 5);
  stopping.update(3);
  resumed.load_state(stopping.state());
  CHECK(resumed.best() == 2);
  CHECK(resumed.waited() == 1);
  CHECK_FALSE(resumed.update(3));
  CHECK(resumed.update(3));
  resumed.restore();
  CHECK(get(other) == 1);

  EarlyStopping fresh(other);
  fresh.load_state(EarlyStopping(layer).state());
  CHECK(std::isnan(fresh.best()));
  for (std::size_t i = 0; i < stopping.state().size(); ++i) {
    nn::NamedTensors broken = stopping.state();
    broken.erase(broken.begin() + static_cast<std::ptrdiff_t>(i));
    CHECK_THROWS_WITH(resumed.load_state(broken), Contains("Nothing was changed."));
  }
  nn::Dense wide(2, 1);
  EarlyStopping unfit(wide);
  CHECK_THROWS_WITH(unfit.load_state(stopping.state()), Contains("in the model's shape [1, 2]"));
  CHECK(unfit.updates() == 0);
}

TEST_CASE("a model evaluates for a while, and every layer goes back to what it was", "[train][evaluation]") {
  Net net;
  net.dropout.eval();
  nn::Dense frozen(2, 2);
  {
    train::Evaluation evaluation(net);
    CHECK_FALSE(net.is_training());
    CHECK_FALSE(net.layer.is_training());
    CHECK_FALSE(net(ones({1, 2})).requires_grad());
  }
  CHECK(net.is_training());
  CHECK(net.layer.is_training());
  CHECK_FALSE(net.dropout.is_training());
  CHECK(net(ones({1, 2})).requires_grad());
}

TEST_CASE("batches are put together", "[train][evaluation]") {
  train::Collector collector;
  CHECK_THROWS_AS(collector.all(), std::logic_error);
  Tensor batch = tensor({{1., 2.}}, {.requires_grad = true});
  collector.add(batch);
  collector.add(zeros({0, 2}));
  collector.add(tensor({{3., 4.}, {5., 6.}}));
  {
    NoGrad no_grad;
    batch.assign(0);
  }
  CHECK(collector.all().to_vector<int>() == std::vector<int>{1, 2, 3, 4, 5, 6});
  CHECK_FALSE(collector.all().requires_grad());
  CHECK_THROWS_WITH(collector.add(ones({1, 3})),
                    Contains("the rows of all batches must be alike, but they are float32 [2] and float32 [3]."));
  CHECK_THROWS_AS(collector.add(ones({})), std::invalid_argument);
  collector.reset();
  collector.add(ones({1, 3}));
  CHECK(collector.all().shape() == Shape{1, 3});
}
