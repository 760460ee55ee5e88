// The optimizers' formulas, beside PyTorch 1.13.1, and what all of them share.
#include <xgrad/optim/optim.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include <xgrad/nn/module.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

Tensor variable(std::initializer_list<double> values, DType dtype = DType::float64) {
  return cast(from_vector(std::vector<double>(values)), dtype).set_requires_grad();
}

/// Options as a braced list, for templates that name the optimizer alone.
template <class T>
struct OptionsOf;
template <>
struct OptionsOf<SGD> {
  using type = SGDOptions;
};
template <>
struct OptionsOf<Adagrad> {
  using type = AdagradOptions;
};
template <>
struct OptionsOf<RMSProp> {
  using type = RMSPropOptions;
};
template <>
struct OptionsOf<Adadelta> {
  using type = AdadeltaOptions;
};
template <>
struct OptionsOf<Adam> {
  using type = AdamOptions;
};
template <>
struct OptionsOf<AdamW> {
  using type = AdamWOptions;
};

/// The gradient of step t (from 0), as the reference run made it.
Tensor gradient_of(const Tensor& w, int t) {
  std::vector<double> gradient = w.to_vector<double>();
  for (int i = 0; i < static_cast<int>(gradient.size()); ++i) gradient[i] = (i + 1) * gradient[i] - 0.3 * t + 0.1;
  return cast(from_vector(gradient), w.dtype());
}

/// Seven steps from (1, -2, 0.5) end where PyTorch's do, in both dtypes, for contiguous and for strided
/// gradients.
template <class T>
void check_trajectory(const typename OptionsOf<T>::type& options, std::vector<double> expected) {
  for (DType dtype : {DType::float64, DType::float32}) {
    for (bool strided : {false, true}) {
      Tensor w = variable({1, -2, 0.5}, dtype);
      T optimizer({w}, options);
      for (int t = 0; t < 7; ++t) {
        Tensor gradient = gradient_of(w, t);
        w.set_grad(strided ? flip(copy(flip(gradient, 0)), 0) : gradient);
        optimizer.step();
      }
      const double tolerance = dtype == DType::float64 ? 1e-12 : 1e-5;
      INFO(optimizer.name() << " in " << name(dtype) << (strided ? ", strided gradient" : ""));
      std::vector<double> values = w.to_vector<double>();
      for (std::size_t i = 0; i < expected.size(); ++i)
        CHECK(std::abs(values[i] - expected[i]) <= tolerance * (1 + std::abs(expected[i])));
    }
  }
}

}  // namespace

TEST_CASE("SGD follows PyTorch's trajectories", "[optim][SGD]") {
  check_trajectory<SGD>({.lr = 0.1}, {0.9610172899999999, -0.0016582399999999933, 0.40470705999999995});
  check_trajectory<SGD>({.lr = 0.1, .momentum = 0.9}, {0.6066749599999999, 2.2230108100000003, 0.51588064});
  check_trajectory<SGD>({.lr = 0.1, .momentum = 0.9, .dampening = 0.4},
                        {0.4969612765030398, 1.9180586220601603, 0.17772378827775992});
  check_trajectory<SGD>({.lr = 0.1, .momentum = 0.9, .nesterov = true},
                        {0.879692687859311, 1.506734879002624, 0.6404123456023241});
  check_trajectory<SGD>({.lr = 0.1, .momentum = 0.5, .weight_decay = 0.2},
                        {0.7895509082860799, 0.7383137471027199, 0.44082510243392});
  check_trajectory<SGD>({.lr = 0.1, .weight_decay = 0.2, .maximize = true},
                        {1.0820010424729598, -7.106452862742399, 1.9585968674816});
}

TEST_CASE("Adagrad follows PyTorch's trajectories", "[optim][Adagrad]") {
  check_trajectory<Adagrad>({.lr = 0.1}, {0.9255659137443144, -1.5797848776074965, 0.373193135134074});
  check_trajectory<Adagrad>({.lr = 0.1, .lr_decay = 0.5, .initial_accumulator_value = 0.1},
                            {0.8821075895214449, -1.7605756014836096, 0.3602674340586204});
  check_trajectory<Adagrad>({.lr = 0.1, .eps = 1e-3, .weight_decay = 0.1, .maximize = true},
                            {1.160769257602676, -2.443907385420529, 0.8562865274269196});
}

TEST_CASE("RMSProp follows PyTorch's trajectories", "[optim][RMSProp]") {
  check_trajectory<RMSProp>({.lr = 0.05}, {1.2203684203248097, -0.20303441020426757, 0.5518891341503198});
  check_trajectory<RMSProp>({.lr = 0.05, .alpha = 0.9, .eps = 1e-2, .weight_decay = 0.1},
                            {0.9120397125577518, -1.3153546103104272, 0.3929120889792254});
  check_trajectory<RMSProp>({.lr = 0.05, .momentum = 0.6},
                            {1.5002395543511444, 0.9209312532004051, 0.6711733787219265});
  check_trajectory<RMSProp>({.lr = 0.05, .centered = true},
                            {1.2207963108376871, -0.18019027350615993, 0.5518554891211405});
  check_trajectory<RMSProp>({.lr = 0.05, .centered = true, .momentum = 0.6, .maximize = true},
                            {6.154186916888127, -7.235370629557964, 6.193814818329337});
}

TEST_CASE("Adadelta follows PyTorch's trajectories", "[optim][Adadelta]") {
  check_trajectory<Adadelta>({}, {0.9962562729202, -1.9737291074957442, 0.4892167284867223});
  check_trajectory<Adadelta>({.lr = 0.5, .rho = 0.8, .eps = 1e-3, .weight_decay = 0.1, .maximize = true},
                             {1.0339593349279605, -2.317560316596953, 0.6830391125647735});
}

TEST_CASE("Adam follows PyTorch's trajectories", "[optim][Adam]") {
  check_trajectory<Adam>({.lr = 0.1}, {0.636554455298608, -1.2975532039544269, 0.13571730073962857});
  check_trajectory<Adam>({.lr = 0.1, .betas = {0.8, 0.9}, .eps = 1e-2},
                         {0.6950976375971727, -1.2990477769143356, 0.19012922814988886});
  check_trajectory<Adam>({.lr = 0.1, .betas = {0.9, 0.5}, .amsgrad = true},
                         {0.6522257505582095, -1.3121509209476137, 0.1508826922405717});
  check_trajectory<Adam>({.lr = 0.1, .betas = {0.9, 0.5}, .amsgrad = true, .weight_decay = 0.1, .maximize = true},
                         {1.5416569194116079, -2.6532758799474134, 1.2029015090565556});
}

TEST_CASE("AdamW follows PyTorch's trajectories", "[optim][AdamW]") {
  check_trajectory<AdamW>({.lr = 0.1}, {0.6324873206294125, -1.2857675749835225, 0.13494803549076054});
  check_trajectory<AdamW>({.lr = 0.1, .betas = {0.9, 0.5}, .amsgrad = true, .weight_decay = 0.3, .maximize = true},
                          {1.2918447085651454, -2.221054096152352, 1.046269765809519});
}

/// One parameter of value 2 and gradient 3 after one step: the formulas by hand.
TEST_CASE("eps can stand inside the root", "[optim]") {
  const double eps = 0.25;
  auto after_step = [](auto&& optimizer, Tensor& w) {
    w.set_grad(full({1}, 3, {.dtype = DType::float64}));
    optimizer.step();
    return w.item();
  };
  Tensor a = variable({2}), b = variable({2}), c = variable({2});
  CHECK(after_step(Adagrad({a}, {.lr = 1, .eps = eps, .eps_inside_root = true}), a) ==
        Approx(2 - 3 / std::sqrt(9 + eps)).epsilon(1e-14));
  CHECK(after_step(RMSProp({b}, {.lr = 1, .alpha = 0.5, .eps = eps, .eps_inside_root = true}), b) ==
        Approx(2 - 3 / std::sqrt(4.5 + eps)).epsilon(1e-14));
  CHECK(after_step(Adam({c}, {.lr = 1, .eps = eps, .eps_inside_root = true}), c) ==
        Approx(2 - 3 / std::sqrt(9 + eps)).epsilon(1e-12));
}

TEST_CASE("centered RMSProp stays finite where v - m^2 rounds below 0", "[optim][RMSProp]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Tensor w = variable({1, 1, 1}, dtype);
    RMSProp optimizer({w}, {.lr = 1e-6, .alpha = 0.5, .centered = true});
    for (int t = 0; t < 300; ++t) {
      w.set_grad(cast(tensor({0.1, 0.3, 7.7}), dtype));
      optimizer.step();
    }
    CHECK(all(isfinite(w)).item<bool>());
  }
}

TEST_CASE("a parameter without a gradient is skipped and has no state", "[optim]") {
  Tensor a = variable({1, 2}), b = variable({3});
  Adam adam({a, b}, {.lr = 0.1});
  a.set_grad(tensor({1., 1.}, {.dtype = DType::float64}));
  adam.step();
  CHECK(b.item() == 3);
  CHECK(adam.states()[0].steps == 1);
  CHECK(adam.states()[1].steps == 0);
  CHECK(adam.states()[1].tensors.empty());

  // It starts later as if it had just been made: the first step of Adam has length lr.
  b.set_grad(tensor({5.}, {.dtype = DType::float64}));
  adam.step();
  CHECK(b.item() == Approx(2.9).epsilon(1e-9));
  CHECK(adam.states()[0].steps == 2);
  CHECK(adam.states()[1].steps == 1);
}

TEST_CASE("a zero gradient still moves by momentum and weight decay", "[optim]") {
  Tensor w = variable({1});
  SGD sgd({w}, {.lr = 0.1, .weight_decay = 0.5});
  w.set_grad(zeros_like(w));
  sgd.step();
  CHECK(w.item() == Approx(0.95).epsilon(1e-14));
}

TEST_CASE("a step leaves the gradient as it is", "[optim]") {
  Tensor w = variable({1, -1});
  Tensor gradient = tensor({2., 3.}, {.dtype = DType::float64});
  w.set_grad(gradient);
  SGD({w}, {.lr = 0.1, .weight_decay = 1, .maximize = true}).step();
  CHECK(gradient.to_vector<double>() == std::vector<double>{2, 3});
  CHECK(w.grad().is_same(gradient));
}

TEST_CASE("gradients that are broadcast views, empty or 0-d are taken", "[optim]") {
  Tensor matrix = zeros({2, 3}, {.requires_grad = true});
  Tensor scalar = zeros({}, {.requires_grad = true});
  Tensor empty = zeros({0, 4}, {.requires_grad = true});
  Adam adam({matrix, scalar, empty}, {.lr = 1});
  matrix.set_grad(expand(ones({1}), {2, 3}));
  scalar.set_grad(ones({}));
  empty.set_grad(zeros({0, 4}));
  adam.step();
  CHECK(allclose(matrix, full({2, 3}, -1)));
  CHECK(scalar.item() == Approx(-1));
}

TEST_CASE("the elements of a strided parameter are updated in place", "[optim]") {
  Tensor base = zeros({3, 2});
  Tensor w = transpose(base);
  w.set_requires_grad();
  SGD sgd({w}, {.lr = 1, .momentum = 0.5});
  w.set_grad(reshape(arange(0, 6, 1, {.dtype = DType::float32}), {2, 3}));
  sgd.step();
  CHECK(w.to_vector<double>() == std::vector<double>{0, -1, -2, -3, -4, -5});
}

TEST_CASE("step() writes into the leaves outside of the graph", "[optim]") {
  Tensor w = variable({3});
  SGD sgd({w}, {.lr = 0.1});
  Tensor loss = sum(square(w));
  loss.backward();
  sgd.step();
  CHECK(w.is_leaf());
  CHECK(w.requires_grad());
  CHECK(w.item() == Approx(2.4));
  sgd.zero_grad();
  CHECK_FALSE(w.grad().defined());
}

TEST_CASE("backward through a value that a step has overwritten fails", "[optim]") {
  Tensor w = variable({3});
  SGD sgd({w}, {.lr = 0.1});
  Tensor loss = sum(w * w);
  loss.backward({.retain_graph = true});
  sgd.step();
  CHECK_THROWS_AS(loss.backward(), std::logic_error);
}

TEST_CASE("groups have their own options", "[optim]") {
  Tensor a = variable({1}), b = variable({1});
  SGD sgd({{.parameters = {a}, .options = {.lr = 0.5}}, {.parameters = {b}, .options = {.lr = 0.25}}});
  REQUIRE(sgd.group_count() == 2);
  CHECK(sgd.parameters().size() == 2);
  CHECK(sgd.group(1)[0].is_same(b));
  for (Tensor w : {a, b}) w.set_grad(tensor({1.}, {.dtype = DType::float64}));
  sgd.step();
  CHECK(a.item() == 0.5);
  CHECK(b.item() == 0.75);

  sgd.set_group_lr(1, 0.75);
  CHECK(sgd.lr(0) == 0.5);
  CHECK(sgd.lr(1) == 0.75);
  sgd.set_lr(1);
  CHECK(sgd.lr(0) == 1);
  sgd.step();
  CHECK(a.item() == -0.5);
  CHECK(b.item() == -0.25);

  SGDOptions options = sgd.options(0);
  options.maximize = true;
  sgd.set_options(0, options);
  sgd.step();
  CHECK(a.item() == 0.5);
  CHECK_THROWS_AS(sgd.lr(2), std::out_of_range);
  CHECK_THROWS_WITH(sgd.group(-1),
                    Contains("SGD: the group must be at least 0 and below 2, but it is -1. at optim.cpp:"));
}

TEST_CASE("groups may have names", "[optim]") {
  Tensor a = variable({1}), b = variable({1}), c = variable({1}), d = variable({1});
  SGD sgd({{.parameters = {a}, .options = {.lr = 0.5}, .name = "body"}, {.parameters = {b}}});
  CHECK(sgd.add_group("heads", {c}, {.lr = 0.1}) == 2);
  CHECK(sgd.group_name(0) == "body");
  CHECK(sgd.group_name(1) == "1");
  CHECK(sgd.lr(sgd.group_number("heads")) == 0.1);
  CHECK(sgd.parameter_names() == std::vector<std::string>{"body.0", "1.0", "heads.0"});
  CHECK_THROWS_WITH(
      sgd.group_number("tail"),
      Contains("SGD: the name must be that of a group (body, 1, heads), but it is 'tail'. Names are given with "
               "the groups. at optim.cpp:"));
  CHECK_THROWS_WITH(sgd.add_group("1", {d}), Contains("'1' is the name of two"));
  CHECK(sgd.group_count() == 3);
  CHECK_THROWS_AS(sgd.group_name(3), std::out_of_range);
}

TEST_CASE("options outside their range are named with their value", "[optim]") {
  Tensor w = variable({1});
  const double nan = std::nan("");
  CHECK_THROWS_WITH(SGD({w}, {.lr = -0.1}),
                    Contains("SGD: lr must be at least 0, but it is -0.1") && Contains("optim.cpp"));
  CHECK_THROWS_AS(SGD({w}, {.lr = nan}), std::invalid_argument);
  CHECK_THROWS_WITH(SGD({w}, {.momentum = -1}), Contains("momentum must be at least 0, but it is -1"));
  CHECK_THROWS_WITH(SGD({w}, {.weight_decay = -2}), Contains("weight_decay must be at least 0, but it is -2"));
  CHECK_THROWS_WITH(SGD({w}, {.nesterov = true}), Contains("nesterov needs momentum > 0, but it is 0."));
  CHECK_THROWS_WITH(SGD({w}, {.momentum = 0.9, .dampening = 0.5, .nesterov = true}),
                    Contains("nesterov needs dampening 0, but it is 0.5."));
  CHECK_THROWS_WITH(Adagrad({w}, {.lr_decay = -1}), Contains("Adagrad: lr_decay"));
  CHECK_THROWS_WITH(Adagrad({w}, {.initial_accumulator_value = -1}), Contains("initial_accumulator_value"));
  CHECK_THROWS_WITH(RMSProp({w}, {.alpha = 1}), Contains("RMSProp: alpha must be at least 0 and below 1, but it is 1"));
  CHECK_THROWS_WITH(Adadelta({w}, {.rho = 1.5}), Contains("Adadelta: rho") && Contains("1.5"));
  CHECK_THROWS_WITH(Adam({w}, {.betas = {1, 0.9}}), Contains("Adam: betas.first") && Contains("but it is 1"));
  CHECK_THROWS_WITH(Adam({w}, {.betas = {0.9, -0.5}}), Contains("betas.second") && Contains("-0.5"));
  CHECK_THROWS_WITH(AdamW({w}, {.eps = -1e-8}), Contains("AdamW: eps") && Contains("-1e-08"));

  Adam adam({w});
  CHECK_THROWS_WITH(adam.set_lr(-3), Contains("Adam: lr must be at least 0, but it is -3"));
  CHECK(adam.lr() == 1e-3);
}

TEST_CASE("options that are not finite are refused", "[optim]") {
  Tensor w = variable({1});
  Adam adam({w});
  for (double bad : {kInfinity, std::nan("")}) {
    CHECK_THROWS_AS(SGD({w}, {.lr = bad}), std::invalid_argument);
    CHECK_THROWS_AS(SGD({w}, {.momentum = bad}), std::invalid_argument);
    CHECK_THROWS_AS(SGD({w}, {.momentum = 0.9, .dampening = bad}), std::invalid_argument);
    CHECK_THROWS_AS(SGD({w}, {.weight_decay = bad}), std::invalid_argument);
    CHECK_THROWS_AS(Adagrad({w}, {.lr_decay = bad}), std::invalid_argument);
    CHECK_THROWS_AS(Adagrad({w}, {.initial_accumulator_value = bad}), std::invalid_argument);
    CHECK_THROWS_AS(RMSProp({w}, {.eps = bad}), std::invalid_argument);
    CHECK_THROWS_AS(RMSProp({w}, {.momentum = bad}), std::invalid_argument);
    CHECK_THROWS_AS(Adadelta({w}, {.eps = bad}), std::invalid_argument);
    CHECK_THROWS_AS(Adam({w}, {.eps = bad}), std::invalid_argument);
    CHECK_THROWS_AS(AdamW({w}, {.weight_decay = bad}), std::invalid_argument);
    CHECK_THROWS_AS(adam.set_lr(bad), std::invalid_argument);
  }
  CHECK_THROWS_WITH(SGD({w}, {.dampening = kInfinity}),
                    Contains("SGD: dampening must be finite, but it is inf") && Contains("optim.cpp"));
  CHECK(adam.lr() == 1e-3);
}

TEST_CASE("parameters must be floating leaves, each once", "[optim]") {
  Tensor w = variable({1, 2});
  CHECK_THROWS_WITH(SGD(std::vector<Tensor>{}, {.lr = 1}), Contains("SGD: at least one parameter"));
  CHECK_THROWS_WITH(SGD({w, w}), Contains("parameter 1 [2] was given before."));
  CHECK_THROWS_WITH(SGD({w, Tensor()}),
                    Contains("parameters must be defined tensors, but parameter 1 is not: default-constructed"));
  CHECK_THROWS_WITH(SGD({w, w.grad()}), Contains("parameter 1 is not") && Contains("the grad() of a tensor that no "
                                                                                   "backward() has filled"));
  CHECK_THROWS_WITH(SGD({arange(3)}), Contains("must be floating") && Contains("int64"));
  CHECK_THROWS_WITH(SGD({w * 2}), Contains("must be leaves") && Contains("mul"));
  CHECK_THROWS_WITH(SGD({{.parameters = {w}}, {.parameters = {w}}}), Contains("parameter 1 [2] was given before"));
  CHECK_THROWS_AS(SGD(std::vector<Group<SGDOptions>>{}), std::invalid_argument);
}

TEST_CASE("parameters have memory of their own", "[optim]") {
  Tensor w = variable({1, 2, 3, 4});
  auto leaf = [](const Tensor& x) { return x.detach().set_requires_grad(); };
  CHECK_THROWS_WITH(SGD({w, leaf(w)}),
                    Contains("memory of its own, but parameter 1 [4] has elements in common with 0."));
  CHECK_THROWS_WITH(SGD({{.parameters = {leaf(w[{slice(1, 3)}])}}, {.parameters = {w}}}),
                    Contains("parameter 1 [4] has elements in common with 0 [2]."));
  CHECK_THROWS_WITH(SGD(Parameters{{"a", w}, {"b", leaf(w)}}), Contains("'b' [4] has elements in common with 'a'."));

  // Parts that are apart may be parameters each: halves, and columns, whose addresses cross.
  Tensor x = ones({3, 2});
  SGD halves({leaf(x[0]), leaf(x[1]), leaf(x[2])}), columns({leaf(x[{slice(), 0}]), leaf(x[{slice(), 1}])});
  CHECK_THROWS_WITH(columns.add_group({leaf(x[0])}), Contains("parameter 2 [2] has elements in common with 0 [3]."));
  columns.add_group({w});
  CHECK(columns.group_count() == 2);
}

TEST_CASE("gradients that are not finite: proceed, skip or error", "[optim]") {
  for (double bad : {kInfinity, std::nan("")}) {
    for (NonFinite reaction : {NonFinite::proceed, NonFinite::skip, NonFinite::error}) {
      Tensor a = variable({1}), b = variable({1, 1});
      SGD sgd({a, b}, {.lr = 0.1, .momentum = 0.9, .nonfinite = reaction});
      a.set_grad(ones_like(a).detach());
      b.set_grad(tensor({0., bad}, {.dtype = DType::float64}));
      if (reaction == NonFinite::error)
        CHECK_THROWS_WITH(sgd.step(), Contains("SGD: gradients must be finite, but that of parameter 1 [2]"));
      else
        CHECK_NOTHROW(sgd.step());
      if (reaction == NonFinite::proceed) {
        CHECK(a.item() == Approx(0.9));
        CHECK_FALSE(all(isfinite(b)).item<bool>());
      } else {
        CHECK(a.item() == 1);
        CHECK(sgd.states()[0].steps == 0);
      }
    }
  }
}

TEST_CASE("a run goes on from a loaded state", "[optim]") {
  auto train = [](Optimizer& optimizer, Tensor& w, int from, int to) {
    for (int t = from; t < to; ++t) {
      w.set_grad(gradient_of(w, t));
      optimizer.step();
    }
  };
  Tensor w = variable({1, -2, 0.5});
  Adam whole({w}, {.lr = 0.1, .amsgrad = true});
  train(whole, w, 0, 4);
  Tensor resumed = copy(w.detach()).set_requires_grad();
  Adam rest({resumed}, {.lr = 0.1, .amsgrad = true});
  rest.load_state(whole.state());
  train(whole, w, 4, 8);
  train(rest, resumed, 4, 8);
  CHECK(w.to_vector<double>() == resumed.to_vector<double>());
}

namespace {

struct Pair : nn::Module {
  Tensor first = param("first", ones({2}));
  Tensor second = param("second", ones({3, 2}));
};

/// Makes the optimizer take a step, converts its parameters as Module::to() does, and tells what the next step throws.
template <class T>
std::string problem_after_conversion(const typename OptionsOf<T>::type& options) {
  Pair model;
  T optimizer(model.parameters(), options);
  model.second.set_grad(ones({3, 2}));
  optimizer.step();
  model.to(DType::float64);
  for (Tensor parameter : model.parameters()) parameter.set_grad(ones_like(parameter));
  std::vector<double> before = model.second.to_vector<double>();
  std::string problem = "no error";
  try {
    optimizer.step();
  } catch (const std::invalid_argument& error) {
    problem = error.what();
    CHECK(model.second.to_vector<double>() == before);
    CHECK(model.first.to_vector<double>() == std::vector<double>{1, 1});
    CHECK(optimizer.states()[0].steps == 0);
    CHECK(optimizer.states()[1].steps == 1);
  }
  return problem;
}

}  // namespace

TEST_CASE("state made for another dtype is named, and nothing is changed", "[optim]") {
  CHECK_THAT(
      problem_after_conversion<Adam>({}),
      Contains("Adam: what is kept for a parameter must fit it, but for parameter 1 [3, 2] of float64 the mean "
               "must be float64 [3, 2], and it is float32 [3, 2]. Make a new optimizer after Module::to(). Nothing "
               "was updated. at optim.cpp:"));
  CHECK_THAT(problem_after_conversion<SGD>({.momentum = 0.9}),
             Contains("SGD: ") && Contains("the momentum must be float64 [3, 2], and it is float32"));
  CHECK_THAT(problem_after_conversion<Adagrad>({}), Contains("Adagrad: ") && Contains("parameter 1"));
  CHECK_THAT(problem_after_conversion<RMSProp>({}), Contains("RMSProp: ") && Contains("parameter 1"));
  CHECK_THAT(problem_after_conversion<Adadelta>({}), Contains("Adadelta: ") && Contains("parameter 1"));
  CHECK_THAT(problem_after_conversion<AdamW>({}), Contains("AdamW: ") && Contains("parameter 1"));
  CHECK(problem_after_conversion<SGD>({}) == "no error");  // keeps nothing
}

TEST_CASE("a step does not depend on the number of threads", "[optim]") {
  // Small parameters are shared out among the threads, the large one is split.
  auto train = [](int threads) {
    const int before = num_threads();
    set_num_threads(threads);
    Generator generator(4);
    std::vector<Tensor> parameters;
    for (std::int64_t size : {1 << 18, 7, 0, 1, 3000}) {
      for (int i = 0; i < (size > 10000 ? 1 : 60); ++i) {
        parameters.push_back(normal({size}, 0, 1, {}, generator));
        parameters.back().set_requires_grad();
      }
    }
    Adam adam(parameters, {.lr = 0.1});
    for (int t = 0; t < 3; ++t) {
      for (Tensor& w : parameters) w.set_grad(normal(w.shape(), 0, 1, {}, generator));
      parameters[1].zero_grad();
      adam.step();
    }
    set_num_threads(before);
    std::vector<double> values;
    for (const Tensor& w : parameters)
      for (double value : w.to_vector<double>()) values.push_back(value);
    return values;
  };
  CHECK(train(1) == train(4));
}

TEST_CASE("every optimizer finds the minimum of a parabola", "[optim]") {
  auto minimise = [](auto&& optimizer, const Tensor& w) {
    for (int t = 0; t < 2000; ++t) {
      optimizer.zero_grad();
      sum(square(w - 3)).backward();
      optimizer.step();
    }
    return w.to_vector<double>();
  };
  auto near = [](const std::vector<double>& values, double tolerance) {
    for (double value : values)
      if (std::abs(value - 3) > tolerance) return false;
    return true;
  };
  Tensor a = variable({0, 5}), b = variable({0, 5}), c = variable({0, 5}), d = variable({0, 5}), e = variable({0, 5});
  CHECK(near(minimise(SGD({a}, {.lr = 0.1}), a), 1e-9));
  CHECK(near(minimise(Adagrad({b}, {.lr = 1}), b), 1e-6));
  CHECK(near(minimise(RMSProp({c}, {.lr = 1e-2}), c), 1e-2));
  CHECK(near(minimise(Adam({d}, {.lr = 1e-2}), d), 1e-3));
  CHECK(near(minimise(Adadelta({e}, {.lr = 5}), e), 0.1));
}

TEST_CASE("Parameters whose elements share memory are refused", "[optim]") {
  Tensor w = expand(ones({1, 2}), {3, 2}).set_requires_grad();
  CHECK_THROWS_WITH(SGD({w}), Contains("SGD: each element that is written must have a place of its own"));
}

namespace {

struct DecayingOptions {
  double lr = 0.1;
  NonFinite nonfinite = NonFinite::proceed;
  static constexpr const char* kOptimizer = "Decaying";
  void check(SourceLocation) const {}
};

/// Written with operators on tensors, some of which depend on the parameter.
class Decaying : public OptimizerOf<DecayingOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const DecayingOptions&, const Tensor& w) const override { return {{"velocity", w}}; }
  void update(const DecayingOptions& options, Tensor& w, const Tensor& g, State& state) override {
    Tensor& v = state["velocity"];
    v = v * 0.9 + g + 0.01 * w;
    w.assign(w - options.lr * v);
  }
};

}  // namespace

TEST_CASE("Adadelta steps as far by large gradients", "[optim][Adadelta]") {
  for (float gradient : {1.f, 1e17f, 3e18f, 1e19f}) {
    Tensor w = zeros({1}, {.dtype = DType::float32}).set_requires_grad();
    optim::Adadelta adadelta({w}, {.eps = 1e-9});
    w.set_grad(full({1}, gradient, {.dtype = DType::float32}));
    adadelta.step();
    CHECK(w.item() == Approx(-1e-4));
  }
}

TEST_CASE("An update written with operators is not recorded", "[optim]") {
  std::vector<Tensor> parameters;
  for (int i = 0; i < 500; ++i) parameters.push_back(variable({1., 2.}));
  Decaying optimizer(parameters);
  for (Tensor& parameter : parameters) parameter.set_grad(ones_like(parameter));
  const std::int64_t nodes = memory::stats().nodes;
  for (int step = 0; step < 5; ++step) optimizer.step();
  CHECK(memory::stats().nodes == nodes);
  for (const State& state : optimizer.states()) REQUIRE_FALSE(state["velocity"].requires_grad());
}
