#include <xgrad/nn/call.hpp>

#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <xgrad/autograd/grad_mode.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/nn.hpp>
#include "../catch.hpp"
#include "message.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;
using nn::testing::at;
using nn::testing::message_of;

namespace {

struct Net : nn::Module {
  nn::Dense dense = child("dense", nn::Dense(2, 3));
  nn::Sequential tail = child("tail", nn::Sequential{nn::ReLU(), nn::Softmax()});
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return tail(dense(x)); });
  }
};

/// A class that knows nothing of call().
struct Plain : nn::Module {
  Net net = child("net", Net());
  Tensor operator()(const Tensor& x) const { return net(x) * 2; }
};

struct Recorder : nn::CallObserver {
  std::vector<std::string> seen;
  bool recorded = false;
  void entered(const nn::Module& layer, const Tensor&) override {
    seen.push_back("> " + layer.path());
    recorded = recorded || grad_enabled();
  }
  void left(const nn::Module& layer, const Tensor& x, const Tensor& y) override {
    seen.push_back("< " + layer.path() + " " + to_string(x.shape()) + " " + to_string(y.shape()));
    recorded = recorded || grad_enabled();
  }
  void failed(const nn::Module& layer) noexcept override { seen.push_back("! " + layer.path()); }
};

}  // namespace

// ---- Observers ----

TEST_CASE("an observer sees each layer's call, nested as the layers are", "[nn][call]") {
  Plain model;
  Recorder recorder;
  Tensor y = model(ones({4, 2}));
  CHECK(recorder.seen == std::vector<std::string>{"> Plain.net", "> Plain.net.dense", "< Plain.net.dense [4, 2] [4, 3]",
                                                  "> Plain.net.tail", "> Plain.net.tail.0",
                                                  "< Plain.net.tail.0 [4, 3] [4, 3]", "> Plain.net.tail.1",
                                                  "< Plain.net.tail.1 [4, 3] [4, 3]", "< Plain.net.tail [4, 3] [4, 3]",
                                                  "< Plain.net [4, 2] [4, 3]"});
  CHECK_FALSE(recorder.recorded);
  CHECK(y.requires_grad());
}

TEST_CASE("each layer and loss of the library is seen", "[nn][call]") {
  Tensor x = full({2, 3}, 0.5), target = full({2, 3}, 0.25), labels = tensor({0, 2});
  auto seen = [](const nn::Module& layer, const auto& call) {
    Recorder recorder;
    call();
    REQUIRE(recorder.seen.size() == 2);
    CHECK(recorder.seen[0] == "> " + layer.class_name());
  };
  auto layers = [&](const auto&... all) { (seen(all, [&] { all(x); }), ...); };
  auto losses = [&](const Tensor& y, const auto&... all) { (seen(all, [&] { all(x, y); }), ...); };
  layers(nn::Dense(3, 2), nn::Dropout(), nn::Flatten(), nn::Sequential());
  layers(nn::Identity(), nn::Sigmoid(), nn::LogSigmoid(), nn::Tanh(), nn::ReLU(), nn::LeakyReLU(), nn::ELU(),
         nn::GELU(), nn::SiLU(), nn::Softplus(), nn::Softmax(), nn::LogSoftmax());
  losses(target, nn::MSELoss(), nn::L1Loss(), nn::BCELoss(), nn::BCEWithLogitsLoss());
  losses(labels, nn::CrossEntropyLoss(), nn::NLLLoss());
}

TEST_CASE("an observer is told of calls that fail, and sees only its own life and thread", "[nn][call]") {
  Net model;
  {
    Recorder recorder;
    std::thread([&] { model(ones({1, 2})); }).join();
    CHECK(recorder.seen.empty());
    CHECK_THROWS(model(ones({1, 5})));
    CHECK(recorder.seen == std::vector<std::string>{"> Net", "> Net.dense", "! Net.dense", "! Net"});
  }
  model(ones({1, 2}));
}

TEST_CASE("observers may end in any order", "[nn][call]") {
  Net model;
  auto first = std::make_unique<Recorder>(), second = std::make_unique<Recorder>();
  first.reset();
  model.dense(ones({1, 2}));
  CHECK(second->seen.size() == 2);
  second.reset();
  model.dense(ones({1, 2}));
}

TEST_CASE("an observer sees each call from its beginning to its end, or not at all", "[nn][call]") {
  struct Throws : nn::CallObserver {
    bool at_entry = true;
    void entered(const nn::Module&, const Tensor&) override {
      if (at_entry) throw std::runtime_error("entered");
    }
    void left(const nn::Module&, const Tensor&, const Tensor&) override { throw std::runtime_error("left"); }
    void failed(const nn::Module&) noexcept override { FAIL_CHECK("it has entered nothing, or left it"); }
  };
  Net model;
  {
    Throws throws;
    Recorder recorder;  // the innermost is told first
    CHECK_THROWS(model.dense(ones({1, 2})));
    CHECK(recorder.seen == std::vector<std::string>{"> Net.dense", "! Net.dense"});
    recorder.seen.clear();
    throws.at_entry = false;
    CHECK_THROWS(model.dense(ones({1, 2})));
    CHECK(recorder.seen == std::vector<std::string>{"> Net.dense", "< Net.dense [1, 2] [1, 3]"});
  }
  // One that comes while a layer runs.
  struct Late : nn::Module {
    nn::ReLU relu = child("relu", nn::ReLU());
    std::unique_ptr<Recorder>& recorder;
    explicit Late(std::unique_ptr<Recorder>& recorder) : recorder(recorder) {}
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] {
        recorder = std::make_unique<Recorder>();
        return relu(x);
      });
    }
  };
  std::unique_ptr<Recorder> recorder;
  Late late(recorder);
  HookHandle watched = late.add_forward_hook([](const nn::Module&, const Tensor&, const Tensor&) {});
  late(ones({1}));
  CHECK(recorder->seen == std::vector<std::string>{"> Late.relu", "< Late.relu [1] [1]"});
}

// ---- Hooks ----

TEST_CASE("a forward hook sees the layer, its input and its result until its handle dies", "[nn][hooks]") {
  Net model;
  std::vector<std::string> seen;
  Tensor x = ones({1, 2});
  {
    HookHandle handle =
        model.dense.add_forward_hook([&](const nn::Module& layer, const Tensor& input, const Tensor& y) {
          CHECK(input.is_same(x));
          CHECK_FALSE(grad_enabled());
          seen.push_back(layer.path() + " " + to_string(y.shape()));
        });
    model(x);
    model.dense(x);
  }
  model(x);
  CHECK(seen == std::vector<std::string>{"Net.dense [1, 3]", "Net.dense [1, 3]"});
}

TEST_CASE("forward hooks run in order, and one may remove itself or outlive the layer", "[nn][hooks]") {
  std::vector<int> order;
  HookHandle first, second;
  {
    nn::ReLU layer;
    first = layer.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) {
      order.push_back(1);
      first.remove();
    });
    second = layer.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { order.push_back(2); });
    layer(ones({1}));
    layer(ones({1}));
    auto held = std::make_shared<int>(0);
    std::weak_ptr<int> watched = held;
    HookHandle third = layer.add_forward_hook([held](const nn::Module&, const Tensor&, const Tensor&) {});
    held.reset();
    third.remove();
    CHECK(watched.expired());
  }
  CHECK(order == std::vector<int>{1, 2, 2});
  second.remove();
  CHECK_THROWS_AS(nn::ReLU().add_forward_hook({}), std::invalid_argument);
}

TEST_CASE("a hook that another one removes does not run any more", "[nn][hooks]") {
  nn::ReLU layer;
  int calls = 0;
  HookHandle second;
  HookHandle first = layer.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { second.remove(); });
  second = layer.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { ++calls; });
  layer(ones({1}));
  CHECK(calls == 0);
  HookHandle third;
  HookHandle fourth = layer.add_backward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { third.remove(); });
  third = layer.add_backward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { ++calls; });
  sum(layer(ones({1}).set_requires_grad())).backward();
  CHECK(calls == 0);
}

TEST_CASE("copies that clone makes have no hooks", "[nn][hooks]") {
  nn::Dense layer(2, 2);
  int calls = 0;
  HookHandle handle = layer.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { ++calls; });
  nn::clone(layer)(ones({1, 2}));
  CHECK(calls == 0);
  nn::Dense same = layer;
  same(ones({1, 2}));
  CHECK(calls == 1);
}

TEST_CASE("hooks come and go while other threads call the layer", "[nn][hooks][threads]") {
  nn::ReLU layer;
  Tensor x = ones({1});
  std::atomic<int> calls{0};
  std::vector<std::thread> threads;
  for (int k = 0; k < 3; ++k)
    threads.emplace_back([&] {
      for (int i = 0; i < 200; ++i) {
        HookHandle handle = layer.add_forward_hook([&](const nn::Module&, const Tensor&, const Tensor&) { ++calls; });
        layer(x);
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(calls >= 600);
}

// ---- Users' classes ----

TEST_CASE("an error in a class that joins begins with the innermost layer's path, once", "[nn][call]") {
  struct Product : nn::Module {
    nn::Parameter w = param("w", ones({3, 2}));
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return matmul(x, w); });
    }
  };
  struct Outer : nn::Module {
    Product product = child("product", Product());
    Tensor operator()(const Tensor& x) const {
      return call(x, [&] { return product(x); });
    }
  } model;
  CHECK_THROWS_WITH(model(ones({2, 2})),
                    Catch::Matchers::StartsWith("Outer.product (Product): matmul: inner sizes must agree"));
  CHECK_THROWS_WITH(
      model(Tensor()),
      Catch::Matchers::StartsWith(
          "Outer: x must be a defined tensor, but it is not: default-constructed, moved from, or the grad() of"));
}

TEST_CASE("a layer's long path leaves an error short", "[nn][call]") {
  nn::Sequential inner, model;
  inner.add(std::string(5000, 'a'), nn::Dense(2, 2));
  model.add(std::string(5000, 'b'), inner);
  for (const Tensor& x : {ones({2, 3}), Tensor()}) {
    std::string message = message_of<std::invalid_argument>([&] { model(x); });
    CHECK(message.size() < 400);
    CHECK(message.starts_with("Sequential"));
    CHECK_THAT(message, Contains("must be") && Contains("call.cpp:"));
  }
}

TEST_CASE("an error keeps its type", "[nn][call]") {
  struct Own : std::runtime_error {
    using std::runtime_error::runtime_error;
  };
  struct Throws : nn::Module {
    Tensor operator()(const Tensor& x, int kind) const {
      return call(x, [&]() -> Tensor {
        if (kind == 0) throw std::logic_error("a");
        if (kind == 1) throw std::out_of_range("b");
        if (kind == 2) throw Own("c");
        throw 3;
      });
    }
  } model;
  Tensor x = ones({1});
  CHECK(message_of<std::logic_error>([&] { model(x, 0); }) == "Throws: a");
  CHECK(message_of<std::out_of_range>([&] { model(x, 1); }) == "Throws: b");
  CHECK(message_of<Own>([&] { model(x, 2); }) == "c");
  CHECK_THROWS_AS(model(x, 3), int);
}

TEST_CASE("a layer may answer with more than a tensor", "[nn][call]") {
  struct Split : nn::Module {
    auto operator()(const Tensor& x) const {
      return call(x, [&] { return std::tuple(x * 2, x * 3); });
    }
  } model;
  struct Last : nn::CallObserver {
    bool is_defined = true;
    void left(const nn::Module&, const Tensor&, const Tensor& y) override { is_defined = y.defined(); }
  } last;
  auto [twice, thrice] = model(tensor({1.}));
  CHECK(twice.item() == 2);
  CHECK(thrice.item() == 3);
  CHECK_FALSE(last.is_defined);
}
