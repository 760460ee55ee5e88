// Memory runs out at each allocation in turn, of `new` and of the library's blocks: what the user holds is then as it
// was, and the second try gives the same bits.
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../data/temporary_file.hpp"
#include "../support.hpp"
#include "scenario.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

nn::Sequential small_model() {
  Generator generator(3);
  return nn::Sequential{nn::Dense(4, 8, {.generator = &generator}), nn::Tanh(),
                        nn::Dense(8, 3, {.generator = &generator})};
}

// ---- A training step: the first, which makes the optimizer's state, and the second ----

template <class Optimizer, int steps_before>
class TrainingStep : public Scenario {
 public:
  TrainingStep() {
    for (int i = 0; i < steps_before; ++i) run();
  }
  void run() override {
    optimizer_.zero_grad();
    cross_entropy(model_(x_), labels_).backward();
    optimizer_.step();
  }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add(model_.state());
    snapshot.add(optimizer_.state());
    return snapshot;
  }

 private:
  nn::Sequential model_ = small_model();
  Optimizer optimizer_{model_.parameters()};
  Tensor x_ = counted({5, 4});
  Tensor labels_ = tensor({0, 2, 1, 1, 0});
};

// ---- Clipping ----

template <bool by_norm>
class Clip : public Scenario {
 public:
  Clip() {
    for (const Shape& shape : {Shape{3}, Shape{2, 2}, Shape{5}}) {
      parameters_.push_back(counted(shape).set_requires_grad());
      parameters_.back().set_grad(counted(shape) * 10);
    }
  }
  void run() override {
    if (by_norm)
      optim::clip_grad_norm(parameters_, 1);
    else
      optim::clip_grad_value(parameters_, 0.5);
  }
  Snapshot held() const override {
    Snapshot snapshot;
    for (const Tensor& parameter : parameters_) snapshot.add("gradient", parameter.grad());
    return snapshot;
  }

 private:
  std::vector<Tensor> parameters_;
};

// ---- Models ----

class To : public Scenario {
 public:
  void run() override { model_.to(DType::float64); }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add(model_.state());
    return snapshot;
  }

 protected:
  nn::Sequential model_ = small_model();
};

class Load : public To {
 public:
  Load() {
    for (const auto& [name, tensor] : model_.state()) values_.emplace_back(name, counted(tensor.shape()));
  }
  void run() override { model_.load(values_); }

 private:
  nn::NamedTensors values_;
};

// ---- Tensors, checks and files ----

class Cat : public Scenario {
 public:
  void run() override {
    Tensor joined = cat({a_, b_, transpose(c_)}, 1);
    gradients_ = grad(sum(joined * joined), std::vector<Tensor>{a_, b_, c_});
    joined_ = joined.detach();
  }
  Snapshot held() const override {
    Snapshot snapshot;
    for (const Tensor& tensor : {a_, b_, c_}) snapshot.add("input", tensor);
    return snapshot;
  }
  Snapshot result() const override {
    Snapshot snapshot = held();
    snapshot.add("joined", joined_);
    for (const Tensor& gradient : gradients_) snapshot.add("gradient", gradient);
    return snapshot;
  }

 private:
  Tensor a_ = counted({2, 3}).set_requires_grad(), b_ = counted({2, 1}).set_requires_grad(),
         c_ = counted({4, 2}).set_requires_grad();
  Tensor joined_;
  std::vector<Tensor> gradients_;
};

class Gradcheck : public Scenario {
 public:
  void run() override {
    report_ = gradcheck_report([&] { return sum(tanh(w_) * b_); }, {w_, b_});
  }
  Snapshot held() const override {
    Snapshot snapshot;
    snapshot.add("w", w_);
    snapshot.add("b", b_);
    return snapshot;
  }
  Snapshot result() const override {
    Snapshot snapshot = held();
    snapshot.kinds.push_back(report_.text());
    snapshot.elements.push_back(static_cast<double>(report_.evaluations));
    return snapshot;
  }

 private:
  Tensor w_ = counted({3}, DType::float64).set_requires_grad(), b_ = variable(0.5);
  GradcheckReport report_;
};

class ReadCsv : public Scenario {
 public:
  void run() override { table_ = data::read_csv(file_.path(), {.header = data::Header::names, .text_columns = {-1}}); }
  Snapshot held() const override { return {}; }
  Snapshot result() const override {
    Snapshot snapshot;
    snapshot.add("values", table_.values);
    snapshot.kinds.insert(snapshot.kinds.end(), table_.columns.begin(), table_.columns.end());
    for (const auto& column : table_.text) snapshot.kinds.insert(snapshot.kinds.end(), column.begin(), column.end());
    return snapshot;
  }

 private:
  TemporaryFile file_{"failing_allocations.csv", "a,b,kind\n1,2.5,setosa\n3,4.5,virginica\n5,6.5,setosa\n"};
  data::Table table_;
};

}  // namespace

TEST_CASE("A training step for which memory runs out changes nothing, and can be repeated", "[allocations]") {
  survives(made<TrainingStep<optim::Adam, 0>>);
  survives(made<TrainingStep<optim::Adam, 1>>);
  survives(made<TrainingStep<optim::SGD, 1>>);
}

TEST_CASE("Clipping for which memory runs out changes no gradient", "[allocations]") {
  survives(made<Clip<true>>);
  survives(made<Clip<false>>);
}

TEST_CASE("Module::to() for which memory runs out changes no parameter", "[allocations]") { survives(made<To>); }

TEST_CASE("Module::load() for which memory runs out changes no parameter", "[allocations]") { survives(made<Load>); }

TEST_CASE("cat and its gradient for which memory runs out can be repeated", "[allocations]") { survives(made<Cat>); }

TEST_CASE("gradcheck for which memory runs out leaves its variables as they were", "[allocations]") {
  survives(made<Gradcheck>);
}

TEST_CASE("read_csv for which memory runs out can be repeated", "[allocations]") { survives(made<ReadCsv>); }
