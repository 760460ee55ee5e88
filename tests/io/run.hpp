// A training run with all that can go wrong when it stops and goes on: shuffled batches, dropout, a schedule, an
// optimizer with a state, random numbers of a generator of its own.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/data/batches.hpp>
#include <xgrad/io/checkpoint.hpp>
#include <xgrad/nn/nn.hpp>
#include <xgrad/optim/optim.hpp>

namespace xgrad::testing {

class Run {
 public:
  struct Net : nn::Module {
    nn::Dense hidden = child("hidden", nn::Dense(4, 8));
    nn::Dropout dropout = child("dropout", nn::Dropout(0.25));
    nn::Dense output = child("output", nn::Dense(8, 1));
    nn::Buffer seen = buffer("seen", zeros({1}, {.dtype = DType::float64}));
    Tensor operator()(const Tensor& x) const { return output(dropout(tanh(hidden(x)))); }
  };

  Run() {
    checkpoint.add("model", model).add("adam", adam).add("schedule", schedule).add("position", position);
    checkpoint.add("noise", noise).add("step", step).add("losses", losses);
  }

  /// Makes that many steps more, over passes of seven batches.
  void advance(int steps) {
    const std::int64_t end = step + steps;
    while (step < end)
      for (auto [x, y] : data::batches(points(), {.size = 5, .shuffle = true, .position = &position})) {
        one_step(x, y);
        if (++step == end) break;
      }
  }
  void one_step(const Tensor& x, const Tensor& y) {
    const Tensor noisy = x + 0.01 * normal(x.shape(), 0, 1, {}, noise);
    losses.push_back(adam.step([&] { return nn::mse(model(noisy), y); }).item());
    schedule.step();
    model.seen.assign(model.seen + x.shape()[0]);
  }

  Net model;
  optim::Adam adam{model.named_parameters(), {.lr = 0.01, .amsgrad = true}};
  optim::CosineAnnealingLR schedule{adam, {.T_max = 15}};
  data::BatchPosition position;
  Generator noise{5, 1};
  std::int64_t step = 0;
  std::vector<double> losses;
  io::Checkpoint checkpoint;

 private:
  static data::Dataset points() {
    Generator generator(1);
    const Tensor x = normal({33, 4}, 0, 1, {}, generator);
    return {x, sum(x * x, 1, {.keepdims = true})};
  }
};

}  // namespace xgrad::testing
