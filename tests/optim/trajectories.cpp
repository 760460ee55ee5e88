// The formulas of the further optimizers, beside PyTorch 1.13.1, or beside their papers' formulas in NumPy's terms
// where it has none.
#include <xgrad/optim/optim.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

Tensor variable(std::initializer_list<double> values, const Shape& shape, DType dtype) {
  return reshape(cast(from_vector(std::vector<double>(values)), dtype), shape).detach().set_requires_grad();
}

/// The gradient of step t (from 0), as the reference run made it.
Tensor gradient_of(const Tensor& w, int t) {
  std::vector<double> gradient = w.to_vector<double>();
  for (int i = 0; i < static_cast<int>(gradient.size()); ++i) gradient[i] = (i + 1) * gradient[i] - 0.3 * t + 0.1;
  return reshape(cast(from_vector(gradient), w.dtype()), w.shape());
}

/// Seven steps end where the reference's do, in both dtypes, for contiguous and for strided gradients, and when the
/// optimizer is saved and loaded after the third.
template <class T, class Options>
void check_trajectory(const Options& options, const std::vector<double>& expected,
                      std::initializer_list<double> start = {1, -2, 0.5}, const Shape& shape = {3}) {
  for (DType dtype : {DType::float64, DType::float32}) {
    for (bool strided : {false, true}) {
      Tensor w = variable(start, shape, dtype);
      T before({{"w", w}}, options), after({{"w", w}}, options);
      for (int t = 0; t < 7; ++t) {
        const Tensor gradient = gradient_of(w, t);
        w.set_grad(strided ? flip(copy(flip(gradient, 0)), 0) : gradient);
        if (t == 3) after.load_state(before.state(), before.metadata());
        (t < 3 ? before : after).step();
      }
      const double tolerance = dtype == DType::float64 ? 1e-11 : 1e-5;
      INFO(before.name() << " in " << name(dtype) << (strided ? ", strided gradient" : ""));
      const std::vector<double> values = w.to_vector<double>();
      REQUIRE(values.size() == expected.size());
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::abs(values[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i])));
    }
  }
}

Tensor plain(std::initializer_list<double> values) {
  return variable(values, {static_cast<std::int64_t>(values.size())}, DType::float64);
}

}  // namespace

TEST_CASE("NAdam follows PyTorch's trajectories", "[optim][NAdam]") {
  check_trajectory<NAdam>(NAdamOptions{.lr = 0.1}, {0.9307434483749558, -1.4217489652096538, 0.36407007442056416});
  check_trajectory<NAdam>(
      NAdamOptions{.lr = 0.1, .betas = {0.8, 0.9}, .eps = 1e-2, .weight_decay = 0.1, .momentum_decay = 0.5},
      {0.8866919824908405, -1.3566882877666533, 0.3577013509999421});
}

TEST_CASE("RAdam follows PyTorch's trajectories", "[optim][RAdam]") {
  check_trajectory<RAdam>(RAdamOptions{.lr = 0.1}, {0.6653337534808782, -0.2865107038690903, 0.07999708351294085});
  check_trajectory<RAdam>(RAdamOptions{.lr = 0.1, .betas = {0.5, 0.9}, .eps = 1e-2, .weight_decay = 0.1},
                          {0.746705782853348, -0.2733845906213332, 0.22697522421049582});
}

TEST_CASE("Adamax follows PyTorch's trajectories", "[optim][Adamax]") {
  check_trajectory<Adamax>(AdamaxOptions{.lr = 0.1}, {0.6996124045931165, -1.3225768355301244, 0.1871538046239001});
  check_trajectory<Adamax>(
      AdamaxOptions{.lr = 0.1, .betas = {0.5, 0.6}, .eps = 0.1, .weight_decay = 0.2, .maximize = true},
      {1.4726960339968156, -2.6477930624435877, 1.163349136987867});
}

TEST_CASE("Rprop follows PyTorch's trajectories", "[optim][Rprop]") {
  check_trajectory<Rprop>(RpropOptions{.lr = 0.1}, {0.89808, -0.7084096, 0.39808});
  check_trajectory<Rprop>(RpropOptions{.lr = 0.5, .etas = {0.3, 1.7}, .step_sizes = {0.2, 0.6}},
                          {1.6180000000000003, 0.7, 0.34});
  check_trajectory<Rprop>(RpropOptions{.lr = 0.1, .maximize = true}, {2.2915904, -3.2915904, 1.7915903999999998});
}

TEST_CASE("ASGD follows PyTorch's trajectories", "[optim][ASGD]") {
  check_trajectory<ASGD>(ASGDOptions{.lr = 0.1}, {0.9609672086100224, -0.0016545299765307721, 0.40469296631961793});
  check_trajectory<ASGD>(ASGDOptions{.lr = 0.1, .lambd = 0.2, .alpha = 0.5, .t0 = 2, .weight_decay = 0.1},
                         {0.8342969335713765, 0.04798875586579904, 0.3734525697084341});
}

TEST_CASE("ASGD averages the weights from t0 on", "[optim][ASGD]") {
  Tensor w = plain({4});
  ASGD asgd({w}, {.lr = 1, .lambd = 0, .t0 = 1});
  std::vector<double> averages;
  for (int t = 0; t < 4; ++t) {  // w: 3, 2, 1, 0
    w.set_grad(ones_like(w).detach());
    asgd.step();
    averages.push_back(asgd.states()[0]["average"].item());
  }
  CHECK(averages == std::vector<double>{3, 2, 1, 0.5});
}

TEST_CASE("Lion follows its formula", "[optim][Lion]") {
  check_trajectory<Lion>(LionOptions{.lr = 0.1}, {0.9, -1.2999999999999994, 0.4});
  check_trajectory<Lion>(LionOptions{.lr = 0.1, .betas = {0.3, 0.6}, .weight_decay = 0.5},
                         {0.8369868882812498, -0.7933491843749993, 0.48781824023437503});
}

TEST_CASE("Adafactor follows its formula", "[optim][Adafactor]") {
  check_trajectory<Adafactor>(AdafactorOptions{.eps1 = 2.220446049250313e-16},
                              {0.9938580342558362, -1.9034573434237643, 0.4606884011146729});
  check_trajectory<Adafactor>(
      AdafactorOptions{
          .lr = 0.3, .beta2_decay = -0.5, .eps1 = 1e-2, .eps2 = 2, .clip_threshold = 0.5, .weight_decay = 0.1},
      {1.6387405332636333, 0.4166550402533817, 0.7120018430805284});
  check_trajectory<Adafactor>(AdafactorOptions{.lr = 0.1},
                              {1.0366793381922392, -1.284552265548712, 0.37104841736368943, 0.3544429217414715,
                               0.9586569872287929, -0.04553089600822689},
                              {1, -2, 0.5, 0.3, 1.5, -0.7}, {2, 3});
  Tensor w = zeros({3, 4, 5}, {.requires_grad = true});
  Adafactor adafactor({w});
  w.set_grad(ones({3, 4, 5}));
  adafactor.step();
  CHECK(adafactor.states()[0]["row_mean_square"].shape() == Shape{3, 4, 1});
  CHECK(adafactor.states()[0]["column_mean_square"].shape() == Shape{3, 1, 5});
}

TEST_CASE("Muon follows its formula on matrices", "[optim][Muon]") {
  const std::initializer_list<double> start = {1, -2, 0.5, 0.3, 1.5, -0.7};
  check_trajectory<Muon>(MuonOptions{},
                         {0.9407045433244456, -1.9156720410203663, 0.5493174763286913, 0.26582533443986617,
                          1.444967368426991, -0.6191117847909123},
                         start, {2, 3});
  check_trajectory<Muon>(MuonOptions{.lr = 0.1, .momentum = 0.5, .nesterov = false, .ns_steps = 3, .weight_decay = 0.2},
                         {0.7359123328434086, -1.3420317466332532, 0.6599071611007422, 0.19784984558571916,
                          1.0641596768727442, -0.218822402777872},
                         start, {2, 3});
  check_trajectory<Muon>(MuonOptions{.lr = 0.1},
                         {0.8657583930768102, 0.21427577366547867, -1.4049045344029305, 1.337038585001514,
                          0.7166785695721455, -0.07667187434379709},
                         {1, 0.3, -2, 1.5, 0.5, -0.7}, {3, 2});
}

TEST_CASE("Muon steps by AdamW what is no matrix, or shall not be one", "[optim][Muon]") {
  const auto run = [](auto& optimizer, Tensor& w) {
    for (int t = 0; t < 5; ++t) {
      w.set_grad(gradient_of(w, t));
      optimizer.step();
    }
    return w.to_vector<double>();
  };
  for (const Shape& shape : {Shape{4}, Shape{2, 2}}) {
    Tensor a = variable({1, -2, 0.5, 3}, shape, DType::float64), b = variable({1, -2, 0.5, 3}, shape, DType::float64);
    Muon muon({a}, {.lr = 0.2, .weight_decay = 0.1, .orthogonal = shape.ndim() == 1, .adamw_lr_factor = 0.5});
    AdamW adamw({b}, {.lr = 0.1, .betas = {0.9, 0.95}, .weight_decay = 0.1});
    const std::vector<double> ours = run(muon, a), theirs = run(adamw, b);
    for (int i = 0; i < 4; ++i) CHECK(ours[i] == Approx(theirs[i]).epsilon(1e-13));
  }
}

TEST_CASE("A convolution's weight is a matrix to Muon", "[optim][Muon]") {
  Generator generator(3);
  const Tensor start = normal({4, 2, 3, 3}, 0, 1, {.dtype = DType::float64}, generator);
  const Tensor gradient = normal({4, 2, 3, 3}, 0, 1, {.dtype = DType::float64}, generator);
  Tensor a = copy(start).set_requires_grad(), b = reshape(copy(start), {4, 18}).detach().set_requires_grad();
  Muon four({a}), two({b});
  a.set_grad(gradient);
  b.set_grad(reshape(gradient, {4, 18}));
  four.step();
  two.step();
  CHECK(a.to_vector<double>() == b.to_vector<double>());
}

TEST_CASE("Empty and 0-d parameters are taken by every optimizer", "[optim]") {
  const auto run = [](auto&& make) {
    Tensor empty = zeros({0, 4}, {.requires_grad = true}), scalar = ones({}, {.requires_grad = true});
    auto optimizer = make(std::vector<Tensor>{empty, scalar});
    empty.set_grad(zeros({0, 4}));
    scalar.set_grad(ones({}));
    optimizer->step();
    INFO(optimizer->name());
    CHECK(scalar.item() < 1);
    CHECK(std::isfinite(scalar.item()));
  };
  run([](auto p) { return std::make_unique<NAdam>(p); });
  run([](auto p) { return std::make_unique<RAdam>(p); });
  run([](auto p) { return std::make_unique<Adamax>(p); });
  run([](auto p) { return std::make_unique<Rprop>(p); });
  run([](auto p) { return std::make_unique<ASGD>(p); });
  run([](auto p) { return std::make_unique<Lion>(p); });
  run([](auto p) { return std::make_unique<Muon>(p); });
  run([](auto p) { return std::make_unique<Adafactor>(p); });
}

TEST_CASE("Infinite weights stay, and leave the others alone", "[optim]") {
  // As a mask added to scores has them: their gradient is 0. No option that is off may make 0 * inf of them.
  const auto run = [](const char* what, auto&& make) {
    INFO(what);
    for (DType dtype : {DType::float64, DType::float32}) {
      for (bool matrix : {false, true}) {
        const Shape shape = matrix ? Shape{2, 2} : Shape{4};
        Tensor w = variable({1, -INFINITY, INFINITY, -2}, shape, dtype);
        Tensor finite = variable({1, 0, 0, -2}, shape, dtype);
        auto optimizer = make(std::vector<Tensor>{w}), beside = make(std::vector<Tensor>{finite});
        for (int t = 0; t < 3; ++t) {
          w.set_grad(variable({0.5, 0, 0, -1}, shape, dtype).detach());
          finite.set_grad(w.grad());
          optimizer->step();
          beside->step();
        }
        const std::vector<double> values = w.to_vector<double>(), expected = finite.to_vector<double>();
        CHECK(values[1] == -INFINITY);
        CHECK(values[2] == INFINITY);
        CHECK(values[0] != 1);
        for (int i : {0, 3}) {
          CHECK(std::isfinite(values[i]));
          // Adafactor's step is in proportion to all weights.
          if (std::string(what) != "Adafactor") CHECK(values[i] == expected[i]);
        }
      }
    }
  };
#define RUN(Optimizer, ...) \
  run(#Optimizer, [](auto p) { return std::make_unique<Optimizer>(p, Optimizer##Options{__VA_ARGS__}); })
  RUN(SGD, .lr = 0.01);
  RUN(SGD, .lr = 0.01, .momentum = 0.9);
  RUN(SGD, .lr = 0.01, .momentum = 0.9, .nesterov = true);
  RUN(SGD, .lr = 0.01, .momentum = 0.9, .dampening = 1, .maximize = true);
  RUN(Adam);
  RUN(Adam, .eps_inside_root = true, .amsgrad = true);
  RUN(AdamW);
  RUN(AdamW, .weight_decay = 0);
  RUN(NAdam);
  RUN(RAdam);
  RUN(Adamax);
  RUN(Adagrad);
  RUN(Adadelta);
  RUN(RMSProp);
  RUN(RMSProp, .momentum = 0.9);
  RUN(RMSProp, .centered = true);
  RUN(RMSProp, .centered = true, .momentum = 0.9);
  RUN(Rprop);
  RUN(ASGD);
  RUN(ASGD, .lambd = 0, .t0 = 0);
  RUN(Lion);
  RUN(Muon);
  RUN(Muon, .weight_decay = 0);
  RUN(Muon, .momentum = 0, .weight_decay = 0, .orthogonal = false);
  RUN(Adafactor);
#undef RUN

  // Adafactor by its formula: 1 / sqrt(v) is 1 in the first step, and s = rms(1, -2) 0.01.
  Tensor w = variable({1, -INFINITY, -2}, {3}, DType::float64);
  Adafactor adafactor({w});
  w.set_grad(variable({0.5, 0, -1}, {3}, DType::float64).detach());
  adafactor.step();
  CHECK(w.to_vector<double>()[0] == Approx(1 - std::sqrt(2.5) * 0.01));
  CHECK(w.to_vector<double>()[1] == -INFINITY);
  Tensor mask = variable({-INFINITY, -INFINITY}, {2}, DType::float64);
  Adafactor none_finite({mask});
  mask.set_grad(zeros({2}, {.dtype = DType::float64}));
  none_finite.step();
  CHECK(mask.to_vector<double>() == std::vector<double>{-INFINITY, -INFINITY});

  Tensor averaged = plain({1, -INFINITY});
  ASGD asgd({averaged}, {.lr = 1, .lambd = 0, .t0 = 0});
  for (int t = 0; t < 3; ++t) {  // 0, -1, -2; the average: 0, -1, and from there the half of the way
    averaged.set_grad(plain({1, 0}).detach());
    asgd.step();
  }
  CHECK(asgd.states()[0]["average"].to_vector<double>() == std::vector<double>{-1.5, -INFINITY});
}

TEST_CASE("Options of the further optimizers outside their range are named", "[optim]") {
  Tensor w = plain({1});
  CHECK_THROWS_WITH(NAdam({w}, {.momentum_decay = -1}),
                    Contains("NAdam: momentum_decay must be at least 0, but it is -1"));
  CHECK_THROWS_WITH(RAdam({w}, {.betas = {0.9, 1}}), Contains("RAdam: betas.second"));
  CHECK_THROWS_WITH(Adamax({w}, {.eps = -1}), Contains("Adamax: eps"));
  CHECK_THROWS_WITH(Rprop({w}, {.etas = {1, 1.2}}), Contains("etas.first must be above 0 and below 1, but it is 1"));
  CHECK_THROWS_WITH(Rprop({w}, {.etas = {0.5, 1}}), Contains("etas.second must be above 1, but it is 1"));
  CHECK_THROWS_WITH(Rprop({w}, {.step_sizes = {2, 1}}),
                    Contains("step_sizes.second must be at least step_sizes.first, but they are 1 and 2"));
  CHECK_THROWS_WITH(ASGD({w}, {.lambd = -1}), Contains("ASGD: lambd"));
  CHECK_THROWS_WITH(Lion({w}, {.weight_decay = -1}), Contains("Lion: weight_decay"));
  CHECK_THROWS_WITH(Muon({w}, {.ns_steps = 0}), Contains("ns_steps must be at least 1, but it is 0"));
  CHECK_THROWS_WITH(Adafactor({w}, {.beta2_decay = 0}), Contains("beta2_decay must be below 0, but it is 0"));
  CHECK_THROWS_WITH(Adafactor({w}, {.clip_threshold = 0}), Contains("clip_threshold must be above 0, but it is 0"));
}
