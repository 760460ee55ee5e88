// What optimizers keep, under which names, and that a step does all of its work or none.
#include <xgrad/optim/optim.hpp>

#include <cmath>
#include <limits>
#include <new>
#include <string>
#include <vector>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/tensor_impl.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include "../catch.hpp"

using namespace xgrad;
using namespace xgrad::optim;
using Catch::Matchers::Contains;

namespace {

Tensor variable(std::initializer_list<double> values) {
  return from_vector(std::vector<double>(values)).set_requires_grad();
}

void step_by(Optimizer& optimizer, double gradient) {
  for (Tensor w : optimizer.parameters()) w.set_grad(full(w.shape(), gradient, {.dtype = w.dtype()}));
  optimizer.step();
}

std::vector<std::string> names_of(const NamedTensors& entries) {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : entries) names.push_back(name);
  return names;
}

NamedTensors copied(const NamedTensors& entries) {
  NamedTensors copies;
  for (const auto& [name, tensor] : entries) copies.emplace_back(name, copy(tensor));
  return copies;
}

struct FactoredOptions {
  double lr = 0.1;
  std::int64_t huge = 0;  // elements of one more tensor that is kept
  NonFinite nonfinite = NonFinite::proceed;
  static constexpr const char* kOptimizer = "Factored";
  void check(SourceLocation) const {}
};

/// Keeps the mean squares of the rows and of the columns of a matrix [n, m], in float64, and a number.
class Factored : public OptimizerOf<FactoredOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const FactoredOptions& options, const Tensor& w) const override {
    std::vector<Kept> kept = {{"rows", Shape{w.size(0)}, DType::float64},
                              {"columns", Shape{w.size(1)}, DType::float64, 0.5},
                              Kept::number("scale", 2)};
    if (options.huge > 0) kept.emplace_back("huge", Shape{options.huge * w.size(0)}, DType::float64);
    return kept;
  }
  void update(const FactoredOptions& options, Tensor& w, const Tensor& g, State& state) override {
    const Tensor squares = square(cast(g, DType::float64));
    state["rows"].assign(state["rows"] + mean(squares, 1));
    state["columns"].assign(state["columns"] + mean(squares, 0));
    state.number("scale") *= 0.5;
    w.assign(w - options.lr * state.number("scale") * g);
  }
};

}  // namespace

TEST_CASE("state has keys of parameter and name: given names, or group and index", "[optim][state]") {
  Tensor a = variable({1}), b = variable({2, 3}), c = variable({4});
  Adam named({{"fc.weight", a}, {"fc.bias", b}});
  step_by(named, 1);
  CHECK(named.parameter_names() == std::vector<std::string>{"fc.weight", "fc.bias"});
  CHECK(names_of(named.state()) == std::vector<std::string>{"state.fc.weight.steps", "state.fc.weight.mean",
                                                            "state.fc.weight.mean_square", "state.fc.bias.steps",
                                                            "state.fc.bias.mean", "state.fc.bias.mean_square"});
  CHECK(named.state()[0].second.item<std::int64_t>() == 1);
  CHECK(named.state()[0].second.dtype() == DType::int64);
  CHECK(named.state()[4].second.shape() == Shape{2});

  SGD groups({{.parameters = {a}, .options = {.momentum = 0.5}}, {.parameters = {b, c}}});
  step_by(groups, 1);
  CHECK(names_of(groups.state()) == std::vector<std::string>{"state.0.0.steps", "state.0.0.momentum",
                                                             "state.0.0.momentum_steps", "state.1.0.steps",
                                                             "state.1.1.steps"});
  CHECK(groups.metadata() ==
        Metadata{{"format_version", "1"},
                 {"class", "SGD"},
                 {"options", R"([{"lr":0.001,"momentum":0.5,"dampening":0,"nesterov":false,"weight_decay":0,)"
                             R"("maximize":false,"nonfinite":"proceed"},{"lr":0.001,"momentum":0,"dampening":0,)"
                             R"("nesterov":false,"weight_decay":0,"maximize":false,"nonfinite":"proceed"}])"}});
}

// Each option has another value, so that names in another order than the struct's show.
TEST_CASE("the options stand in the metadata as JSON", "[optim][state]") {
  Tensor w = variable({2, 2});
  auto options_of = [](const Optimizer& optimizer) { return optimizer.metadata().at(2).second; };
  const std::vector<Tensor> one = {w};
  CHECK(options_of(Adadelta(one, {.lr = 2, .rho = .5, .eps = 3, .weight_decay = 4, .maximize = true})) ==
        R"([{"lr":2,"rho":0.5,"eps":3,"weight_decay":4,"maximize":true,"nonfinite":"proceed"}])");
  CHECK(options_of(Adafactor(one, {.lr = 2,
                                   .beta2_decay = -3,
                                   .eps1 = 4,
                                   .eps2 = 5,
                                   .clip_threshold = 6,
                                   .weight_decay = 7,
                                   .nonfinite = NonFinite::skip})) ==
        R"([{"lr":2,"beta2_decay":-3,"eps1":4,"eps2":5,"clip_threshold":6,"weight_decay":7,"maximize":false,)"
        R"("nonfinite":"skip"}])");
  CHECK(options_of(Adagrad(one, {.lr = 2,
                                 .lr_decay = 3,
                                 .initial_accumulator_value = 4,
                                 .eps = 5,
                                 .eps_inside_root = true,
                                 .weight_decay = 6,
                                 .nonfinite = NonFinite::error})) ==
        R"([{"lr":2,"lr_decay":3,"initial_accumulator_value":4,"eps":5,"eps_inside_root":true,"weight_decay":6,)"
        R"("maximize":false,"nonfinite":"error"}])");
  CHECK(options_of(Adam(one, {.lr = 0.1, .betas = {.2, .3}, .eps = 4, .amsgrad = true, .weight_decay = 5})) ==
        R"([{"lr":0.1,"betas":[0.2,0.3],"eps":4,"eps_inside_root":false,"amsgrad":true,"weight_decay":5,)"
        R"("maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(AdamW(one, {.lr = 2, .betas = {.2, .3}, .eps = 4, .eps_inside_root = true, .weight_decay = 5})) ==
        R"([{"lr":2,"betas":[0.2,0.3],"eps":4,"eps_inside_root":true,"amsgrad":false,"weight_decay":5,)"
        R"("maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(Adamax(one, {.lr = 2, .betas = {.2, .3}, .eps = 4, .weight_decay = 5})) ==
        R"([{"lr":2,"betas":[0.2,0.3],"eps":4,"weight_decay":5,"maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(ASGD(one, {.lr = 2, .lambd = 3, .alpha = 4, .t0 = 5, .weight_decay = 6})) ==
        R"([{"lr":2,"lambd":3,"alpha":4,"t0":5,"weight_decay":6,"maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(LBFGS(one, {.lr = 2,
                               .max_iter = 3,
                               .max_eval = 4,
                               .tolerance_grad = 5,
                               .tolerance_change = 6,
                               .history_size = 7,
                               .line_search = LineSearch::strong_wolfe})) ==
        R"([{"lr":2,"max_iter":3,"max_eval":4,"tolerance_grad":5,"tolerance_change":6,"history_size":7,)"
        R"("line_search":"strong_wolfe","nonfinite":"proceed"}])");
  CHECK(
      options_of(LevenbergMarquardt(one, {.lr = .5, .damping = 2, .max_tries = 3, .max_cg = 4, .tolerance_grad = 5})) ==
      R"([{"lr":0.5,"damping":2,"max_tries":3,"max_cg":4,"tolerance_grad":5,"nonfinite":"proceed"}])");
  CHECK(options_of(Lion(one, {.lr = 2, .betas = {.2, .3}, .weight_decay = 5})) ==
        R"([{"lr":2,"betas":[0.2,0.3],"weight_decay":5,"maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(Muon(one, {.lr = 2,
                              .momentum = .3,
                              .nesterov = false,
                              .ns_steps = 4,
                              .weight_decay = 5,
                              .adamw_lr_factor = 6,
                              .adamw_betas = {.7, .8},
                              .adamw_eps = 9})) ==
        R"([{"lr":2,"momentum":0.3,"nesterov":false,"ns_steps":4,"weight_decay":5,"orthogonal":true,)"
        R"("adamw_lr_factor":6,"adamw_betas":[0.7,0.8],"adamw_eps":9,"maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(NAdam(one, {.lr = 2, .betas = {.2, .3}, .eps = 4, .weight_decay = 5, .momentum_decay = 6})) ==
        R"([{"lr":2,"betas":[0.2,0.3],"eps":4,"weight_decay":5,"momentum_decay":6,"maximize":false,)"
        R"("nonfinite":"proceed"}])");
  CHECK(options_of(NewtonCG(
            one, {.lr = 20, .initial_radius = 3, .acceptance = .2, .max_iter = 5, .max_cg = 6, .tolerance_grad = 7})) ==
        R"([{"lr":20,"initial_radius":3,"acceptance":0.2,"max_iter":5,"max_cg":6,"tolerance_grad":7,)"
        R"("nonfinite":"proceed"}])");
  CHECK(options_of(RAdam(one, {.lr = 2, .betas = {.2, .3}, .eps = 4, .weight_decay = 5})) ==
        R"([{"lr":2,"betas":[0.2,0.3],"eps":4,"weight_decay":5,"maximize":false,"nonfinite":"proceed"}])");
  CHECK(
      options_of(RMSProp(one, {.lr = 2, .alpha = .3, .eps = 4, .centered = true, .momentum = 5, .weight_decay = 6})) ==
      R"([{"lr":2,"alpha":0.3,"eps":4,"eps_inside_root":false,"centered":true,"momentum":5,"weight_decay":6,)"
      R"("maximize":false,"nonfinite":"proceed"}])");
  CHECK(options_of(Rprop(one, {.lr = 2, .etas = {.3, 4}, .step_sizes = {5, 6}, .maximize = true})) ==
        R"([{"lr":2,"etas":[0.3,4],"step_sizes":[5,6],"maximize":true,"nonfinite":"proceed"}])");
}

TEST_CASE("a module's named parameters name the state", "[optim][state]") {
  nn::Dense dense(2, 3);
  Adam adam(dense.named_parameters());
  CHECK(adam.parameter_names() == std::vector<std::string>{"weight", "bias"});
  adam.step([&] { return sum(dense(ones({1, 2}))); });
  CHECK(adam.state()[1].first == "state.weight.mean");
}

TEST_CASE("what is kept may have any shape and dtype, and be a number", "[optim][state]") {
  Tensor w = ones({2, 3}).set_requires_grad();
  Factored optimizer({{"w", w}});
  CHECK(optimizer.state().empty());
  step_by(optimizer, 2);
  CHECK(allclose(w, full({2, 3}, 0.8)));
  step_by(optimizer, 2);
  CHECK(allclose(w, full({2, 3}, 0.7)));
  NamedTensors entries = optimizer.state();
  CHECK(names_of(entries) ==
        std::vector<std::string>{"state.w.steps", "state.w.rows", "state.w.columns", "state.w.scale"});
  CHECK(entries[1].second.to_vector<double>() == std::vector<double>{8, 8});
  CHECK(entries[2].second.to_vector<double>() == std::vector<double>{8.5, 8.5, 8.5});
  CHECK(entries[3].second.item() == 0.5);

  Tensor v = copy(w.detach()).set_requires_grad();
  Factored resumed({{"w", v}});
  resumed.load_state(entries);
  step_by(optimizer, 3);
  step_by(resumed, 3);
  CHECK(v.to_vector() == w.to_vector());
  CHECK(resumed.states()[0].number("scale") == 0.25);
  CHECK_THROWS_WITH(resumed.states()[0]["mean"], Contains("State: what is asked for must be kept, but 'mean' is not."));
}

TEST_CASE("a loaded state is a copy, and goes on in the same bits for every optimizer", "[optim][state]") {
  auto run = [&]<class T, class Options>(T*, Options options) {
    Tensor w = variable({1, -2, 0.5}), v = variable({0, 0, 0});
    T whole({{"w", w}}, options);
    for (double gradient : {0.5, -1.0, 2.0}) step_by(whole, gradient);
    v.assign(w.detach());
    T rest({{"w", v}}, options);
    NamedTensors entries = copied(whole.state());
    rest.load_state(entries, whole.metadata());
    for (auto& [name, tensor] : entries) tensor.assign(77);
    for (double gradient : {3.0, -0.25}) {
      step_by(whole, gradient);
      step_by(rest, gradient);
    }
    INFO(whole.name());
    CHECK(v.to_vector<double>() == w.to_vector<double>());
    CHECK(names_of(whole.state()) == names_of(rest.state()));
  };
  run(static_cast<SGD*>(nullptr), SGDOptions{.momentum = 0.9, .dampening = 0.5});
  run(static_cast<Adagrad*>(nullptr), AdagradOptions{.lr_decay = 0.1, .initial_accumulator_value = 0.3});
  run(static_cast<RMSProp*>(nullptr), RMSPropOptions{.centered = true, .momentum = 0.5});
  run(static_cast<Adadelta*>(nullptr), AdadeltaOptions{});
  run(static_cast<Adam*>(nullptr), AdamOptions{.amsgrad = true});
  run(static_cast<AdamW*>(nullptr), AdamWOptions{});
}

TEST_CASE("momentum that a schedule has led to 0 is kept in the state, for it may come back", "[optim][state]") {
  auto expect_the_same = []<class T>(T whole, T rest, Tensor& w, Tensor& v) {
    step_by(whole, 1), step_by(whole, 1);
    whole.set_group_momentum(0, 0);
    step_by(whole, 1);
    v.assign(w.detach());
    rest.load_state(copied(whole.state()), whole.metadata());
    for (Optimizer* each : {static_cast<Optimizer*>(&whole), static_cast<Optimizer*>(&rest)}) {
      step_by(*each, 1);
      each->set_group_momentum(0, 0.9);
      step_by(*each, 1);
    }
    CHECK(v.item() == w.item());
  };
  Tensor w = variable({1}), v = variable({0});
  expect_the_same(SGD({{"w", w}}, {.lr = 0.1, .momentum = 0.9}), SGD({{"w", v}}, {.lr = 0.1, .momentum = 0.9}), w, v);
  expect_the_same(RMSProp({{"w", w}}, {.lr = 0.1, .momentum = 0.9}), RMSProp({{"w", v}}, {.lr = 0.1, .momentum = 0.9}),
                  w, v);
}

TEST_CASE("a state brings the options of its groups along", "[optim][state]") {
  Tensor a = variable({1}), b = variable({2}), c = variable({1}), d = variable({2});
  const AdamOptions first{.lr = 0.25, .betas = {0.5, 0.75}, .eps = 1e-6, .amsgrad = true, .nonfinite = NonFinite::skip};
  Adam saved({{.parameters = {a}, .options = first}, {.parameters = {b}, .options = {.lr = 2, .weight_decay = 3}}});
  step_by(saved, 1);
  saved.set_group_lr(1, 0.125);  // as a schedule does

  Adam other({{.parameters = {c}}, {.parameters = {d}}});
  c.assign(a), d.assign(b);
  other.load_state(saved.state(), saved.metadata());
  CHECK(other.metadata() == saved.metadata());
  CHECK(other.options(0).amsgrad);
  CHECK(other.options(0).nonfinite == NonFinite::skip);
  CHECK(other.options(1).lr == 0.125);
  CHECK(other.options(1).weight_decay == 3);
  step_by(saved, -2), step_by(other, -2);
  CHECK(c.item() == a.item());
  CHECK(d.item() == b.item());

  // The entries alone leave the options, and with them what is kept: there is no largest square here.
  Adam plain({{.parameters = {c}}, {.parameters = {d}}});
  CHECK_THROWS_WITH(plain.load_state(saved.state()), Catch::Matchers::Contains("unknown: state.0.0."));
  CHECK(plain.options(0).lr == AdamOptions{}.lr);

  // All kinds of values come back: those that JSON has not, whole numbers, and names.
  Tensor w = variable({1});
  LBFGS lbfgs({w}, {.max_iter = 7, .max_eval = 9, .history_size = 3, .line_search = LineSearch::strong_wolfe});
  LBFGS lbfgs_again({variable({1})});
  lbfgs_again.load_state(lbfgs.state(), lbfgs.metadata());
  CHECK(lbfgs_again.metadata() == lbfgs.metadata());
  Rprop rprop({w}, {.etas = {0.25, 4}, .step_sizes = {1e-9, 1e300}, .maximize = true});
  Rprop rprop_again({variable({1})});
  rprop_again.load_state(rprop.state(), rprop.metadata());
  CHECK(rprop_again.options(0).step_sizes == std::pair(1e-9, 1e300));
  CHECK(rprop_again.options(0).maximize);
}

TEST_CASE("options that nest deeper than any are refused, rather than followed down", "[optim][state]") {
  SGD sgd({variable({1})}, {});
  for (int group = 1; group < 100; ++group) sgd.add_group({variable({1})});
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  CHECK_THROWS_WITH(sgd.load_state({}, {{"options", deep}}), Catch::Matchers::Contains("must be a JSON list"));
}

TEST_CASE("options that cannot be are refused, and none is changed", "[optim][state]") {
  Tensor a = variable({1}), b = variable({1});
  SGD sgd({{.parameters = {a}, .options = {.lr = 0.5}}, {.parameters = {b}, .options = {.lr = 0.25}}});
  const std::string before = sgd.metadata().at(2).second;
  auto problem_of = [&](const std::string& options, const NamedTensors& entries = {}) -> std::string {
    std::string problem = "no error";
    try {
      sgd.load_state(entries, {{"options", options}});
    } catch (const std::invalid_argument& error) {
      problem = error.what();
      CHECK(sgd.metadata().at(2).second == before);
    }
    return problem;
  };
  using Catch::Matchers::Contains;
  for (const char* text : {"", "{}", "[1,2]", "[{},{}", "null", "[{},[]]"})
    CHECK_THAT(problem_of(text),
               Contains("SGD: the state's options must be a JSON list with an object for each group"));
  CHECK_THAT(problem_of("[{\"lr\":1}" + std::string(100'000, ' ') + ",{}]"), Contains("must be a JSON list"));
  CHECK_THAT(problem_of("[{}]"), Contains("as many groups as the state, but it has 2, and the state 1"));
  CHECK_THAT(problem_of(R"([{"lr":1},{"lr":"big"}])"),
             Contains(R"(the option 'lr' of group 1 must be of the kind of this optimizer's 0.25, but it is "big")"));
  CHECK_THAT(problem_of(R"([{"lr":1},{"lr":-1}])"), Contains("lr must be at least 0"));
  CHECK_THAT(problem_of(R"([{"lr":1,"nesterov":1},{}])"), Contains("'nesterov' of group 0"));
  CHECK_THAT(
      problem_of(R"([{"nonfinite":"ignore"},{}])"),
      Contains(R"('nonfinite' of group 0 must be of the kind of this optimizer's "proceed", but it is "ignore")"));
  CHECK_THAT(problem_of(R"([{"lr":1},{}])", {{"state.7.0.steps", zeros({}, {.dtype = DType::int64})}}),
             Contains("unknown: state.7.0.steps"));
  // What another version has is left alone, and what it has not stays.
  CHECK(problem_of(R"([{"new":[{}],"lr":1},{}])") == "no error");
  CHECK(sgd.lr(0) == 1);
  CHECK(sgd.lr(1) == 0.25);
}

TEST_CASE("a state that does not fit is refused whole, and named", "[optim][state]") {
  Tensor a = variable({1}), b = variable({2, 3});
  Adam adam({{"a", a}, {"b.c", b}});
  step_by(adam, 1);
  const NamedTensors good = copied(adam.state());
  auto problem_of = [&](const NamedTensors& entries, const Metadata& metadata = {}) -> std::string {
    try {
      adam.load_state(entries, metadata);
    } catch (const std::invalid_argument& error) {
      CHECK(adam.states()[0].steps == 1);
      CHECK(adam.states()[0]["mean"].item() == good[1].second.item());
      return error.what();
    }
    return "no error";
  };
  NamedTensors entries = good;
  entries.pop_back();
  CHECK_THAT(problem_of(entries),
             Contains("Adam: the state must have what this optimizer keeps, but there are entries missing: "
                      "state.b.c.mean_square. Load it into an optimizer of the same class, options and parameters. "
                      "Nothing was changed. at state.cpp:"));
  entries = good;
  entries[1].second = zeros({3}, {.dtype = DType::float64});
  entries[2].second = zeros({1}, {.dtype = DType::float32});
  CHECK_THAT(problem_of(entries), Contains("of another kind: state.a.mean (float64 [1] here, float64 [3] given), "
                                           "state.a.mean_square (float64 [1] here, float32 [1] given)"));
  entries = good;
  entries.emplace_back("state.b.mean", zeros({1}));
  entries.emplace_back("weight", zeros({1}));
  CHECK_THAT(problem_of(entries), Contains("unknown: weight, state.b.mean"));
  entries = good;
  entries[0].second = tensor(-1);
  CHECK_THAT(problem_of(entries), Contains("state.a.steps (-1, below 0)"));
  entries[0].second = Tensor();
  CHECK_THAT(problem_of(entries), Contains("(int64 [] here, undefined given)"));
  CHECK_THAT(problem_of(good, {{"class", "AdamW"}}),
             Contains("Adam: the state must be one of Adam, but AdamW saved it. Nothing was changed. at state.cpp:"));
  CHECK_THAT(problem_of(good, {{"format_version", "2"}}), Contains("must have format version 1, but it has 2."));

  CHECK(problem_of(good, adam.metadata()) == "no error");
  CHECK(problem_of({}) == "no error");  // all start anew
  CHECK(adam.states()[0].steps == 0);
}

TEST_CASE("names of parameters are their own", "[optim][state]") {
  Tensor a = variable({1}), b = variable({2});
  CHECK_THROWS_WITH(SGD({{"w", a}, {"w", b}}), Contains("must have a name of its own, but 'w' is the name of two."));
  CHECK_THROWS_WITH(SGD({{"", a}}), Contains("name must not be empty"));
  SGD sgd({{"0.5", a}});
  CHECK_THROWS_WITH(sgd.add_group({a}), Contains("parameter 1 [1] was given before."));
  SGD clash({{"1.0", a}});
  CHECK_THROWS_WITH(clash.add_group({b}), Contains("'1.0' is the name of two"));
  CHECK(clash.group_count() == 1);
}

TEST_CASE("a named parameter is named in messages", "[optim][state]") {
  Tensor w = variable({1, 2});
  SGD sgd({{"fc.weight", w}}, {.nonfinite = NonFinite::error});
  w.set_grad(tensor({0., std::nan("")}, {.dtype = DType::float64}));
  CHECK_THROWS_WITH(sgd.step(),
                    Contains("but that of parameter 'fc.weight' [2] has an infinite or nan element. Nothing "
                             "was updated. at state.cpp:"));
}

TEST_CASE("options that ask for more are followed from the next step on", "[optim][state]") {
  Tensor w = variable({1});
  Adam adam({{"w", w}});
  step_by(adam, 1);
  adam.set_options(0, {.amsgrad = true});
  CHECK(names_of(adam.state()).back() == "state.w.largest_mean_square");  // as it will start
  adam.load_state(copied(adam.state()));
  step_by(adam, 2);
  CHECK(adam.states()[0]["largest_mean_square"].item() == adam.states()[0]["mean_square"].item());
  adam.set_options(0, {});
  CHECK(names_of(adam.state()).back() == "state.w.mean_square");
  step_by(adam, 2);
}

TEST_CASE("momentum that is switched on later takes its first gradient whole", "[optim][state]") {
  Tensor w = variable({0});
  SGD sgd({w}, {.lr = 1});
  step_by(sgd, 1);
  sgd.set_options(0, {.lr = 1, .momentum = 0.5, .dampening = 0.75});
  step_by(sgd, 4);  // b = 4
  CHECK(w.item() == -5);
  step_by(sgd, 4);  // b = 0.5 * 4 + 0.25 * 4
  CHECK(w.item() == -8);
}

TEST_CASE("frozen parameters are skipped, and picked up again when they thaw", "[optim]") {
  Tensor a = variable({1}), b = from_vector(std::vector<double>{2});
  Adam adam({{"a", a}, {"b", b}}, {.lr = 0.5});
  auto loss = [&] { return sum(a * b); };
  adam.step(loss);
  CHECK(a.item() == Approx(0.5));
  CHECK(b.item() == 2);
  CHECK(adam.states()[1].steps == 0);
  b.set_requires_grad();
  a.set_requires_grad(false);
  adam.step(loss);
  CHECK(a.item() == Approx(0.5));
  CHECK(b.item() == Approx(1.5));
  CHECK(adam.states()[0].steps == 1);
  a.set_requires_grad();
  adam.step(loss);
  CHECK(a.item() < 0.45);
  CHECK(adam.states()[0].steps == 2);
}

TEST_CASE("parameters can be added later", "[optim]") {
  Tensor a = variable({1}), b = variable({1}), c = variable({1});
  SGD sgd({a}, {.lr = 0.5, .momentum = 0.9});
  step_by(sgd, 1);
  CHECK(sgd.add_group({{"b", b}, {"c", c}}, {.lr = 0.25}) == 1);
  CHECK(sgd.group_count() == 2);
  CHECK(sgd.group(1)[0].is_same(b));
  CHECK(sgd.lr(1) == 0.25);
  step_by(sgd, 1);
  CHECK(a.item() == Approx(1 - 0.5 - 0.5 * 1.9));
  CHECK(c.item() == 0.75);

  CHECK_THROWS_AS(sgd.add_group({a}), std::invalid_argument);
  CHECK_THROWS_AS(sgd.add_group({variable({1})}, {.lr = -1}), std::invalid_argument);
  CHECK_THROWS_AS(sgd.options(2), std::out_of_range);
  CHECK(sgd.group_count() == 2);
  step_by(sgd, 1);

  // What a group that was refused had named is free again.
  Tensor d = variable({1});
  CHECK_THROWS_WITH(sgd.add_group("more", Parameters({{"d", d}, {"b", variable({1})}})),
                    Contains("'b' is the name of two"));
  CHECK(sgd.add_group("more", Parameters({{"d", d}})) == 2);
}

TEST_CASE("scale_lr keeps the ratios of the groups' rates", "[optim]") {
  Tensor a = variable({1}), b = variable({1});
  SGD sgd({{.parameters = {a}, .options = {.lr = 0.5}}, {.parameters = {b}, .options = {.lr = 0.125}}});
  sgd.scale_lr(0.5);
  CHECK(sgd.lr(0) == 0.25);
  CHECK(sgd.lr(1) == 0.0625);
  sgd.set_group_lr(1, 1e300);
  CHECK_THROWS_WITH(sgd.scale_lr(1e20), Contains("SGD: lr must be finite, but it is inf."));
  CHECK(sgd.lr(0) == 0.25);
  CHECK(sgd.lr(1) == 1e300);
  CHECK_THROWS_AS(sgd.scale_lr(-1), std::invalid_argument);
  CHECK(sgd.lr(0) == 0.25);
}

TEST_CASE("step(closure) goes by the gradient of the loss that the closure returns", "[optim]") {
  Tensor w = variable({3}), v = variable({3});
  Adam by_closure({w}, {.lr = 0.1}), by_hand({v}, {.lr = 0.1});
  w.set_grad(tensor({1e6}, {.dtype = DType::float64}));  // dropped
  for (int t = 0; t < 5; ++t) {
    Tensor loss = by_closure.step([&] { return sum(square(w)); });
    Tensor same = sum(square(v));
    by_hand.zero_grad();
    same.backward();
    by_hand.step();
    CHECK(loss.item() == same.item());
    CHECK_FALSE(loss.requires_grad());
  }
  CHECK(w.item() == v.item());

  Optimizer& base = by_closure;
  CHECK(base.step([&] { return sum(square(w)); }).item() > 0);
}

TEST_CASE("step(closure) refuses what is no loss, before it drops a gradient", "[optim]") {
  Tensor w = variable({3, 4});
  SGD sgd({w});
  w.set_grad(ones_like(w).detach());
  CHECK_THROWS_WITH(
      sgd.step([&] { return w * 2; }),
      Contains("SGD: the closure must return a loss of one element, but it is float64 [2]. at state.cpp:"));
  CHECK_THROWS_WITH(sgd.step([] { return Tensor(); }), Contains("but it is undefined."));
  CHECK_THROWS_WITH(sgd.step([] { return ones({}); }), Contains("the loss must require a gradient, but it does not."));
  CHECK_THROWS_AS(sgd.step([]() -> Tensor { throw std::runtime_error("mine"); }), std::runtime_error);
  CHECK(w.grad().defined());
  CHECK(w.to_vector() == std::vector<double>{3, 4});
}

TEST_CASE("a step for which memory runs out has done nothing", "[optim]") {
  Tensor a = ones({1, 2}).set_requires_grad(), b = ones({1 << 10, 1}).set_requires_grad();
  Factored optimizer({{"a", a}, {"b", b}}, {.huge = 1 << 3});
  optimizer.set_options(0, {.huge = std::int64_t{1} << 40});
  for (Tensor w : {a, b}) w.set_grad(ones_like(w).detach());
  CHECK_THROWS_AS(optimizer.step(), std::bad_alloc);
  CHECK(a.to_vector() == std::vector<double>{1, 1});
  CHECK(optimizer.states()[0].steps == 0);
  CHECK(optimizer.states()[0].tensors.empty());

  optimizer.set_options(0, {});
  optimizer.step();
  CHECK(allclose(a, full({1, 2}, 0.9)));
}

namespace {

struct GreedyOptions {
  double lr = 1;
  NonFinite nonfinite = NonFinite::proceed;
  static constexpr const char* kOptimizer = "Greedy";
  void check(SourceLocation) const {}
};

/// Prepares its step, for which memory runs out with the second parameter.
class Greedy : public OptimizerOf<GreedyOptions> {
 public:
  using OptimizerOf::OptimizerOf;

 protected:
  std::vector<Kept> keeps(const GreedyOptions&, const Tensor& w) const override { return {{"sum", w}}; }
  bool prepares() const override { return true; }
  std::vector<Tensor> prepare(const GreedyOptions&, const Tensor& w, const Tensor& g,
                              const State& state) const override {
    if (w.numel() > 1 && state.steps == 1) throw std::bad_alloc();
    return {state["sum"] + g};
  }
  void update(const GreedyOptions& options, Tensor& w, const Tensor&, State& state) override {
    state["sum"].assign(state.prepared.at(0));
    w.assign(w.detach() - options.lr * state["sum"]);
  }
};

}  // namespace

TEST_CASE("what is prepared comes before the first write", "[optim][state]") {
  Tensor a = variable({10}), b = variable({10, 10});
  Greedy greedy({a, b});
  step_by(greedy, 1);
  CHECK(b.to_vector<double>() == std::vector<double>{9, 9});
  CHECK_THROWS_AS(step_by(greedy, 1), std::bad_alloc);
  CHECK(a.item() == 9);
  CHECK(greedy.states()[0].steps == 1);
  CHECK(greedy.states()[0].prepared.empty());
  CHECK(greedy.states()[0]["sum"].item() == 1);
}

TEST_CASE("a gradient that is another view of its parameter is refused before the first write", "[optim]") {
  Tensor a = variable({1}), w = cast(tensor({{1., 2.}, {3., 4.}}), DType::float64).set_requires_grad();
  SGD sgd({a, w}, {.lr = 1});
  a.set_grad(tensor({1.}, {.dtype = DType::float64}));
  w.set_grad(transpose(w.detach()));
  CHECK_THROWS_WITH(sgd.step(),
                    Contains("SGD: a gradient must not be another view of its parameter's elements, but that "
                             "of parameter 1 [2, 2] is. Nothing was updated."));
  CHECK(a.item() == 1);
  // Of another storage: both borrow one array.
  std::vector<double> array = {1, 2, 3, 4};
  auto borrowed = [&](const Strides& strides) {
    return internal::new_foreign(array.data(), {2, 2}, strides, DType::float64, array.data(), nullptr);
  };
  Tensor lent = borrowed({2, 1}).set_requires_grad();
  lent.set_grad(borrowed({1, 2}));
  CHECK_THROWS_WITH(SGD({lent}, {.lr = 1}).step(), Contains("must not be another view of its parameter's elements"));
  CHECK(array == std::vector<double>{1, 2, 3, 4});
  w.set_grad(w.detach());
  sgd.step();
  CHECK(max(abs(w)).item() == 0);
}
