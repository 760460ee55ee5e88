// Memory runs out in what a training run is made of: optimizers, schedules, averages, accumulated gradients,
// checkpoints.
#include <memory>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../data/temporary_file.hpp"
#include "../support.hpp"
#include "scenario.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

/// Of one layer with statistics of its batches.
nn::Sequential model_with_statistics() {
  Generator generator(3);
  return nn::Sequential{nn::Dense(2, 3, {.generator = &generator}), nn::BatchNorm1d(3)};
}

/// Adds 1 to all that a model holds.
void move(const nn::Module& model) {
  NoGrad no_grad;
  for (auto& [name, tensor] : model.state()) Tensor(tensor).assign(tensor.detach() + 1);
}

// ---- Steps by gradients of any layout ----

enum class Layout { transposed, expanded, flipped, of_parameter };

template <class Optimizer, Layout layout>
class StridedStep : public Scenario {
 public:
  StridedStep() {
    NoGrad no_grad;
    first_.set_grad(counted({5}));
    if (layout == Layout::transposed) second_.set_grad(transpose(counted({3, 4})));
    if (layout == Layout::expanded) second_.set_grad(expand(counted({3}), {4, 3}));
    if (layout == Layout::flipped) second_.set_grad(flip(counted({4, 3}), 0));
    if (layout == Layout::of_parameter) second_.set_grad(counted({4, 3}));
  }
  void run() override { optimizer_.step(); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add("first", first_);
    snapshot.add("second", second_);
    snapshot.add(optimizer_.state());
    return snapshot;
  }

 private:
  static Tensor second() {
    return layout == Layout::of_parameter ? transpose(counted({3, 4})).set_requires_grad()
                                          : counted({4, 3}).set_requires_grad();
  }
  Tensor first_ = counted({5}).set_requires_grad(), second_ = second();
  Optimizer optimizer_{std::vector<Tensor>{first_, second_}, {.lr = 0.1}};
};

/// Many enough elements that a step is cut into blocks.
class LargeStep : public Scenario {
 public:
  LargeStep() {
    first_.set_grad(counted({5}));
    second_.set_grad(ones({70'000}));
  }
  void run() override { optimizer_.step(); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add("first", first_);
    snapshot.add("second", narrow(second_.detach(), 0, 69'990, 10));
    return snapshot;
  }

 private:
  Tensor first_ = counted({5}).set_requires_grad(), second_ = zeros({70'000}).set_requires_grad();
  optim::SGD optimizer_{std::vector<Tensor>{second_, first_}, {.lr = 0.1}};
};

class TallMuon : public Scenario {
 public:
  TallMuon() { w_.set_grad(counted({5, 2}) * 3); }
  void run() override { optimizer_.step(); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add("w", w_);
    snapshot.add(optimizer_.state());
    return snapshot;
  }

 private:
  Tensor w_ = ones({5, 2}).set_requires_grad();
  optim::Muon optimizer_{std::vector<Tensor>{w_}};
};

// ---- Steps by a closure ----

template <class Optimizer, class Options, int steps_before>
class ClosureStep : public Scenario {
 public:
  explicit ClosureStep(const Options& options) : optimizer_({a_, b_}, options) {
    for (int i = 0; i < steps_before; ++i) run();
  }
  void run() override {
    optimizer_.step([&]() -> Tensor {
      if (std::is_same_v<Optimizer, optim::LevenbergMarquardt>) return a_ * a_ + sum(b_);
      return sum(square(square(a_))) + sum(square(b_) * a_[0]);
    });
  }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add("a", a_);
    snapshot.add("b", b_);
    snapshot.add(optimizer_.state());
    return snapshot;
  }

 private:
  Tensor a_ = from_vector<double>({3, -2}, {2}).set_requires_grad();
  Tensor b_ = transpose(from_vector<double>({1, 2}, {1, 2})).set_requires_grad();
  Optimizer optimizer_;
};

template <optim::LineSearch search, int steps_before>
class LbfgsStep : public ClosureStep<optim::LBFGS, optim::LBFGSOptions, steps_before> {
 public:
  LbfgsStep()
      : ClosureStep<optim::LBFGS, optim::LBFGSOptions, steps_before>(
            {.lr = 0.5, .max_iter = 2, .max_eval = 5, .line_search = search}) {}
};

class NewtonStep : public ClosureStep<optim::NewtonCG, optim::NewtonCGOptions, 0> {
 public:
  NewtonStep() : ClosureStep({.max_iter = 2}) {}
};

class MarquardtStep : public ClosureStep<optim::LevenbergMarquardt, optim::LevenbergMarquardtOptions, 0> {
 public:
  MarquardtStep() : ClosureStep({.max_tries = 2}) {}
};

// ---- Averages, accumulated gradients, schedules ----

class Average : public Scenario {
 public:
  Average() {
    average_.update();
    move(model_);
  }
  void run() override { average_.update(); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.elements.push_back(static_cast<double>(average_.updates()));
    snapshot.add(average_.averages());
    snapshot.add(model_.state());
    return snapshot;
  }

 protected:
  nn::Sequential model_ = model_with_statistics();
  optim::AveragedWeights average_{model_.state(), {.decay = 0.5}};
};

class SwapIn : public Average {
 public:
  void run() override {
    auto swapped = average_.swap_in();
    inside_ = Snapshot();
    inside_.add(model_.state());
  }
  Snapshot result() const override { return inside_; }

 private:
  Snapshot inside_;
};

class CopyAverages : public Average {
 public:
  void run() override { average_.copy_to_weights(); }
};

template <bool flushes>
class Accumulate : public Scenario {
 public:
  Accumulate() { accumulator_.backward(sum(a_ * b_)); }
  void run() override {
    if (flushes)
      accumulator_.flush();
    else
      accumulator_.backward(sum(a_ * a_ * b_));
  }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.elements.push_back(static_cast<double>(accumulator_.pending()));
    for (const Tensor& parameter : {a_, b_}) {
      snapshot.add("parameter", parameter);
      snapshot.add("gradient", parameter.grad());
    }
    snapshot.add(optimizer_.state());
    return snapshot;
  }

 private:
  Tensor a_ = counted({3}).set_requires_grad(), b_ = counted({3}).set_requires_grad();
  optim::Adam optimizer_{std::vector<Tensor>{a_, b_}, {.lr = 0.1}};
  optim::GradientAccumulator accumulator_{optimizer_, 2};
};

class Chained : public Scenario {
 public:
  void run() override { schedule_.step(); }
  Snapshot held() const override {
    Snapshot snapshot;
    for (const auto& [name, number] : schedule_.state()) snapshot.elements.push_back(number);
    return snapshot;
  }

 private:
  optim::SGD optimizer_{std::vector<Tensor>{zeros({2}).set_requires_grad()}, {.lr = 0.1}};
  optim::ChainedScheduler schedule_{
      {optim::ConstantLR(optimizer_, {.factor = 0.1}), optim::ExponentialLR(optimizer_, {.gamma = 0.9})}};
};

class AddGroup : public Scenario {
 public:
  void run() override { optimizer_.add_group("more", {a_, b_}, {.lr = 0.5}); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.kinds = optimizer_.parameter_names();
    snapshot.elements.push_back(optimizer_.group_count());
    return snapshot;
  }

 private:
  Tensor a_ = zeros({2}).set_requires_grad(), b_ = zeros({2}).set_requires_grad();
  optim::SGD optimizer_{std::vector<Tensor>{zeros({2}).set_requires_grad()}, {.lr = 0.1}};
};

// ---- Models ----

class Statistics : public Scenario {
 public:
  void run() override { y_ = model_(x_); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add(model_.state());
    return snapshot;
  }
  Snapshot result() const override {
    Snapshot snapshot = held();
    snapshot.add("y", y_);
    return snapshot;
  }

 private:
  nn::BatchNorm1d model_{3};
  Tensor x_ = counted({4, 3}), y_;
};

template <bool learns>
class Freezing : public Scenario {
 public:
  Freezing() {
    if (learns) nn::freeze(model_, "*");
  }
  void run() override { learns ? nn::unfreeze(model_, "*") : nn::freeze(model_, "*"); }
  Snapshot held() const override {
    Snapshot snapshot;
    for (const auto& [name, parameter] : model_.state()) snapshot.elements.push_back(parameter.requires_grad());
    return snapshot;
  }

 private:
  nn::Sequential model_ = model_with_statistics();
};

class Evaluating : public Scenario {
 public:
  void run() override { model_.eval(); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.elements.push_back(model_.is_training());
    for (const auto& [name, child] : model_.children()) snapshot.elements.push_back(child.is_training());
    return snapshot;
  }

 private:
  nn::Sequential model_ = model_with_statistics();
};

// ---- Checkpoints ----

/// A run of all kinds of parts. Its values are others than the file's.
class LoadRun : public Scenario {
 public:
  LoadRun() {
    checkpoint_.add("note", note_).add("model", model_).add("step", step_).add("optimizer", adam_);
    checkpoint_.add("schedule", schedule_).add("tensor", tensor_).add("variable", variable_);
    checkpoint_.add("numbers", numbers_).add("generator", generator_);
    static const bool is_written = [this] {
      model_.eval();
      for (int i = 0; i < 2; ++i) {
        adam_.zero_grad();
        sum(square(model_(counted({5, 2})))).backward();
        adam_.step();
        schedule_.step();
      }
      model_.train();
      step_ = 7;
      note_ = "a text that is too long to stand within a std::string itself";
      tensor_ = counted({4});
      numbers_ = {1, 2, 3};
      variable_.assign(1);
      checkpoint_.save(path());
      return true;
    }();
    static_cast<void>(is_written);
  }
  void run() override { checkpoint_.load(path()); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.kinds.push_back(note_);
    snapshot.elements = numbers_;
    snapshot.elements.push_back(static_cast<double>(step_));
    snapshot.elements.push_back(adam_.lr());
    snapshot.elements.push_back(adam_.options().weight_decay);
    for (const auto& [name, number] : schedule_.state()) snapshot.elements.push_back(number);
    snapshot.add(model_.state());
    snapshot.add(adam_.state());
    snapshot.add("tensor", tensor_);
    snapshot.add("variable", variable_);
    return snapshot;
  }

 private:
  static const std::string& path() {
    static const TemporaryFile file("failing_allocations.safetensors", "");
    static const std::string path = file.path();
    return path;
  }
  nn::Sequential model_ = model_with_statistics();
  optim::Adam adam_{model_.named_parameters(), {.lr = 0.1}};
  optim::ExponentialLR schedule_{adam_, {.gamma = 0.9}};
  std::int64_t step_ = 0;
  std::string note_ = "none";
  Tensor tensor_ = counted({3}), variable_ = counted({2}).set_requires_grad();
  std::vector<double> numbers_;
  Generator generator_{5};
  io::Checkpoint checkpoint_;
};

class LoadOptimizer : public Scenario {
 public:
  LoadOptimizer() {
    optim::Adam other{model_.named_parameters(), {.lr = 0.3, .weight_decay = 0.1}};
    for (Tensor& parameter : parameters_) parameter.set_grad(ones(parameter.shape()));
    {
      NoGrad no_grad;
      other.step();
    }
    metadata_ = other.metadata();
    for (const auto& [name, tensor] : other.state()) entries_.emplace_back(name, copy(tensor));
  }
  void run() override { adam_.load_state(entries_, metadata_); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.elements = {adam_.lr(), adam_.options().weight_decay};
    snapshot.add(adam_.state());
    return snapshot;
  }

 private:
  nn::Sequential model_ = model_with_statistics();
  std::vector<Tensor> parameters_ = model_.parameters();
  optim::Adam adam_{model_.named_parameters(), {.lr = 0.1}};
  nn::NamedTensors entries_;
  optim::Metadata metadata_;
};

}  // namespace

TEST_CASE("A step by gradients of any layout for which memory runs out changes nothing", "[allocations]") {
  survives(made<StridedStep<optim::SGD, Layout::transposed>>);
  survives(made<StridedStep<optim::Adam, Layout::transposed>>);
  survives(made<StridedStep<optim::Adam, Layout::expanded>>);
  survives(made<StridedStep<optim::Adam, Layout::flipped>>);
  survives(made<StridedStep<optim::Adam, Layout::of_parameter>>);
  survives(made<TallMuon>);
}

TEST_CASE("A step of parameters so large that they are cut for which memory runs out changes nothing",
          "[allocations]") {
  survives(made<LargeStep>);
}

TEST_CASE("A step by a closure for which memory runs out changes nothing", "[allocations]") {
  survives(made<LbfgsStep<optim::LineSearch::none, 0>>);
  survives(made<LbfgsStep<optim::LineSearch::none, 1>>);
  survives(made<LbfgsStep<optim::LineSearch::strong_wolfe, 1>>);
  survives(made<NewtonStep>);
  survives(made<MarquardtStep>);
}

TEST_CASE("Averages for which memory runs out are as they were", "[allocations]") {
  CHECK(fail_each_allocation<FailingNew>(made<Average>) > 0);
  CHECK(fail_each_allocation<internal::BlocksRefused>(made<Average>) == 0);
  survives(made<SwapIn>);
  CHECK(fail_each_allocation<FailingNew>(made<CopyAverages>) == 0);
  CHECK(fail_each_allocation<internal::BlocksRefused>(made<CopyAverages>) == 0);
}

TEST_CASE("The own weights come back where there is no memory for it", "[allocations]") {
  nn::BatchNorm1d layer(2);
  optim::AveragedWeights average(layer.state());
  average.update();
  move(layer);
  {
    auto swapped = average.swap_in();
    internal::BlocksRefused none(0);
    auto dies = std::move(swapped);
  }
  CHECK(layer.state()[0].second[0].item() == 2);
  CHECK(layer.state()[4].second.item<std::int64_t>() == 1);
  CHECK(average.state().size() == 6);
}

TEST_CASE("A round of accumulated gradients for which memory runs out goes on", "[allocations]") {
  survives(made<Accumulate<false>>);
  survives(made<Accumulate<true>>);
}

TEST_CASE("Schedules and groups for which memory runs out are as they were", "[allocations]") {
  CHECK(fail_each_allocation<FailingNew>(made<Chained>) > 0);
  CHECK(fail_each_allocation<FailingNew>(made<AddGroup>) > 0);
}

TEST_CASE("A layer's statistics for which memory runs out are all as they were", "[allocations]") {
  survives(made<Statistics>);
}

TEST_CASE("Modes of a model are set as a whole where memory runs out", "[allocations]") {
  survives(made<Freezing<true>>);
  CHECK(fail_each_allocation<FailingNew>(made<Freezing<false>>) > 0);
  CHECK(fail_each_allocation<FailingNew>(made<Evaluating>) > 0);
}

TEST_CASE("A state or a checkpoint for which memory runs out is loaded as a whole or not at all", "[allocations]") {
  survives(made<LoadOptimizer>);
  survives(made<LoadRun>);
}
