// The losses of classes. Expected numbers are PyTorch 1.13.1's.
#include <cmath>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../catch.hpp"
#include "../nn/message.hpp"

using namespace xgrad;
using nn::testing::at;
using nn::testing::message_of;

namespace {

constexpr TensorOptions kDouble{.dtype = DType::float64};
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<double> numbers(const Tensor& x) { return x.to_vector<double>(); }

bool close(const Tensor& a, const Tensor& b) {
  return allclose(a, b, {.rtol = 1e-12, .atol = 1e-12, .equal_nan = true});
}

Tensor variable(const NestedList& values) { return tensor(values, {.dtype = DType::float64, .requires_grad = true}); }

Tensor logits() { return variable({{1, 2, -1}, {0.5, -0.5, 3}, {2, 0, 1}, {-1, 0.25, 0}}); }
Tensor labels() { return tensor({1, 2, 0, 1}); }
Tensor weight() { return tensor({.5, 2., 1.}, kDouble); }
Tensor probabilities() { return tensor({{.2, .5, .3}, {0., 0., 1.}, {1., 0., 0.}, {.1, .6, .3}}, kDouble); }

/// Compares the loss and the gradient of its sum with respect to `x`.
void check_loss(const Tensor& x, const Tensor& loss, const NestedList& value, const NestedList& gradient) {
  CHECK(close(loss, tensor(value, kDouble)));
  CHECK(close(grad(sum(loss), x, {.retain_graph = true}), tensor(gradient, kDouble)));
  CHECK(close(grad(sum(loss), x, {.create_graph = true}), tensor(gradient, kDouble)));
}

}  // namespace

// ---- Labels ----

TEST_CASE("cross_entropy of labels, in each reduction", "[nn][cross_entropy]") {
  Tensor x = logits();
  check_loss(x, cross_entropy(x, labels()), 0.3970776203884711,
             {{0.06487411508560478, -0.0736538718254397, 0.008779756739834933},
              {0.018449676077960213, 0.00678725652535413, -0.02523693260331436},
              {-0.08368976105629455, 0.02250764329259511, 0.06118211776369941},
              {0.03468067869037562, -0.1289525373730505, 0.09427185868267488}});
  NestedList summed = {{0.25949646034241913, -0.2946154873017588, 0.03511902695933973},
                       {0.07379870431184085, 0.02714902610141652, -0.10094773041325744},
                       {-0.3347590442251782, 0.09003057317038043, 0.24472847105479764},
                       {0.13872271476150247, -0.515810149492202, 0.3770874347306995}};
  check_loss(x, cross_entropy(x, labels(), {.reduction = Reduction::sum}), 1.5883104815538844, summed);
  check_loss(x, cross_entropy(x, labels(), {.reduction = Reduction::none}),
             {0.34901221676818633, 0.1064141042799557, 0.4076059644443804, 0.7252781960613618}, summed);
}

TEST_CASE("cross_entropy weighs classes, and divides the mean by the weights", "[nn][cross_entropy]") {
  Tensor x = logits();
  check_loss(x, cross_entropy(x, labels(), {.weight = weight()}), 0.4470541658474986,
             {{0.09436234921542515, -0.10713290447336683, 0.012770555257941721},
              {0.013417946238516519, 0.004936186563893913, -0.018354132802410446},
              {-0.03043264038410711, 0.008184597560943675, 0.022248042823163422},
              {0.05044462354963726, -0.18756732708807347, 0.1371227035384362}});
  CHECK(cross_entropy(x, labels(), {.reduction = Reduction::sum, .weight = weight()}).item() ==
        Approx(2.458797912161242).epsilon(1e-12));
  CHECK(cross_entropy(x, labels(), {.weight = cast(weight(), DType::float32)}).item() ==
        Approx(0.4470541658474986).epsilon(1e-12));
}

TEST_CASE("cross_entropy leaves ignored labels out", "[nn][cross_entropy]") {
  Tensor x = logits();
  check_loss(x, cross_entropy(x, labels(), {.weight = weight(), .ignore_index = 2}), 0.5227519573069526,
             {{0.11533176015218627, -0.13094021657855945, 0.015608456426373212},
              {0, 0, 0},
              {-0.03719544935835313, 0.01000339701893116, 0.027192052339421957},
              {0.0616545398940011, -0.22924895532986755, 0.16759441543586642}});
  Tensor some = tensor({1, -100, 0, -100});
  CHECK(cross_entropy(x, some).item() == Approx((0.34901221676818633 + 0.4076059644443804) / 2));
}

TEST_CASE("cross_entropy of ignored labels only: nan, with gradient 0", "[nn][cross_entropy]") {
  Tensor x = logits();
  Tensor loss = cross_entropy(x, full({4}, -100, {.dtype = DType::int64}));
  CHECK(std::isnan(loss.item()));
  CHECK(close(grad(loss, x), zeros_like(x)));
}

TEST_CASE("what the logits of an ignored label are does not matter", "[nn][cross_entropy]") {
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  for (double smoothing : {0.0, 0.1})
    for (bool create_graph : {false, true}) {
      Tensor x = tensor({{0., kNan}, {1., 2.}}, {.dtype = DType::float64, .requires_grad = true});
      Tensor loss = cross_entropy(x, tensor({-100, 1}), {.label_smoothing = smoothing});
      Tensor g = grad(loss, x, {.create_graph = create_graph});
      CHECK(g[0].to_vector() == std::vector<double>{0, 0});
      CHECK(std::isfinite(g[{1, 0}].item()));
      if (create_graph) CHECK(grad(sum(square(g)), x)[0].to_vector() == std::vector<double>{0, 0});
    }
}

TEST_CASE("an impossible class that is not expected costs nothing", "[nn][cross_entropy]") {
  Tensor x = tensor({{0., -INFINITY, 0.}}, {.dtype = DType::float64, .requires_grad = true});
  Tensor target = tensor({{1., 0., 0.}}, {.dtype = DType::float64, .requires_grad = true});
  Tensor loss = cross_entropy(x, target);
  CHECK(loss.item() == Approx(std::log(2)));
  std::vector<Tensor> g = grad(loss, {x, target});
  CHECK(close(g[0], tensor({{-0.5, 0., 0.5}}, {.dtype = DType::float64})));
  CHECK(close(g[1], tensor({{std::log(2), 0., std::log(2)}}, {.dtype = DType::float64})));
  CHECK(std::isinf(cross_entropy(x, tensor({{0.5, 0.5, 0.}}, {.dtype = DType::float64})).item()));
}

TEST_CASE("cross_entropy smooths labels", "[nn][cross_entropy]") {
  Tensor x = logits();
  check_loss(x, cross_entropy(x, labels(), {.label_smoothing = .1}), 0.5179109537218044,
             {{0.05654078175227145, -0.056987205158773035, 0.00044642340650159935},
              {0.01011634274462688, -0.001546076807979203, -0.008570265936647697},
              {-0.06702309438962789, 0.014174309959261775, 0.05284878443036608},
              {0.026347345357042286, -0.11228587070638385, 0.08593852534934154}});
  check_loss(x, cross_entropy(x, labels(), {.weight = weight(), .ignore_index = 2, .label_smoothing = .1}),
             0.5783407417278036,
             {{0.1068225664421415, -0.11437326311000838, 0.007550696667866924},
              {0, 0, 0},
              {-0.01993262038391133, -0.0034776315266928336, 0.02341025191060415},
              {0.055381897028047355, -0.20858580441334534, 0.15320390738529796}});
  CHECK(
      close(cross_entropy(x, labels(),
                          {.reduction = Reduction::none, .weight = weight(), .ignore_index = 2, .label_smoothing = .1}),
            tensor({0.7856067488056905, 0.0, 0.3976433798518156, 1.41928320911761}, kDouble)));
}

TEST_CASE("cross_entropy takes a single sample and further axes", "[nn][cross_entropy]") {
  Tensor x = logits();
  Tensor single = cross_entropy(x[3], tensor(1));
  CHECK(single.shape() == Shape{});
  CHECK(single.item() == Approx(0.7252781960613618).epsilon(1e-12));
  CHECK(cross_entropy(x[3], tensor(1), {.reduction = Reduction::none}).shape() == Shape{});

  Tensor image = permute(reshape(x, {1, 2, 2, 3}), std::vector<int>{0, 3, 1, 2});  // [1, 3, 2, 2]
  Tensor target = reshape(labels(), {1, 2, 2});
  Tensor loss = cross_entropy(image, target, {.reduction = Reduction::none});
  CHECK(loss.shape() == Shape{1, 2, 2});
  CHECK(close(reshape(loss, {4}), cross_entropy(x, labels(), {.reduction = Reduction::none})));
  CHECK(close(grad(cross_entropy(image, target), x), grad(cross_entropy(x, labels()), x)));
}

TEST_CASE("cross_entropy takes views", "[nn][cross_entropy]") {
  Tensor x = logits();
  double expected = cross_entropy(x, labels()).item();
  CHECK(cross_entropy(transpose(contiguous(transpose(x))), labels()).item() == Approx(expected));
  Tensor spread = stack({labels(), labels()}, 1);
  CHECK(cross_entropy(x, spread[{slice(), 0}]).item() == Approx(expected));
  CHECK(cross_entropy(expand(x[slice(0, 1)], {4, 3}), expand(labels()[slice(0, 1)], {4})).item() ==
        Approx(0.34901221676818633));
}

TEST_CASE("cross_entropy of no samples", "[nn][cross_entropy]") {
  Tensor x = zeros({0, 3}, {.requires_grad = true});
  Tensor none = zeros({0}, {.dtype = DType::int64});
  CHECK(std::isnan(cross_entropy(x, none).item()));
  CHECK(cross_entropy(x, none, {.reduction = Reduction::sum}).item() == 0);
  CHECK(cross_entropy(x, none, {.reduction = Reduction::none}).shape() == Shape{0});
  cross_entropy(x, none).backward();
  CHECK(x.grad().shape() == Shape{0, 3});
}

TEST_CASE("cross_entropy does not overflow", "[nn][cross_entropy]") {
  Tensor x = variable({{1000., -1000.}, {-1000., 1000.}, {-kInfinity, 0.}});
  Tensor loss = cross_entropy(x, tensor({0, 0, 1}), {.reduction = Reduction::none});
  CHECK(numbers(loss) == std::vector<double>{0, 2000, 0});
  CHECK(close(grad(sum(loss), x), tensor({{0., 0.}, {-1., 1.}, {0., 0.}}, kDouble)));
}

TEST_CASE("nan in a sample makes its loss nan, and no other", "[nn][cross_entropy]") {
  Tensor x = tensor({{0., NAN}, {0., 0.}, {-kInfinity, -kInfinity}}, kDouble);
  Tensor loss = cross_entropy(x, tensor({0, 0, 0}), {.reduction = Reduction::none});
  CHECK(std::isnan(loss[0].item()));
  CHECK(loss[1].item() == Approx(std::log(2)));
  CHECK(std::isnan(loss[2].item()));
}

TEST_CASE("cross_entropy agrees with its definition at every number of classes", "[nn][cross_entropy]") {
  Generator generator(4);
  for (DType dtype : {DType::float32, DType::float64})
    for (std::int64_t classes : {1, 2, 3, 7, 8, 15, 16, 17, 31, 33, 63, 64, 65, 130, 1000, 5000}) {
      INFO(classes << " classes, " << name(dtype));
      Tensor x = normal({9, classes}, 0, 3, {.dtype = dtype, .requires_grad = true}, generator);
      Tensor target = randint(0, classes, {9}, generator);
      Tensor loss = cross_entropy(x, target);
      Tensor defined = -mean(gather(log_softmax(x, 1), 1, unsqueeze(target, 1)));
      AllcloseOptions tolerance = dtype == DType::float32 ? AllcloseOptions{1e-5, 1e-6} : AllcloseOptions{1e-12, 1e-14};
      CHECK(allclose(loss, defined, tolerance));
      CHECK(allclose(grad(loss, x), grad(defined, x), tolerance));
    }
}

TEST_CASE("cross_entropy's bits do not depend on the number of threads", "[nn][cross_entropy]") {
  Generator generator(5);
  Tensor x = normal({512, 301}, 0, 3, {.requires_grad = true}, generator);
  Tensor target = randint(0, 301, {512}, generator);
  int threads = num_threads();
  auto run = [&](int count) {
    set_num_threads(count);
    Tensor loss = cross_entropy(x, target);
    auto result = numbers(grad(loss, x));
    result.push_back(loss.item());
    return result;
  };
  auto alone = run(1);
  CHECK(run(3) == alone);
  set_num_threads(threads);
}

TEST_CASE("cross_entropy without a graph has the same value", "[nn][cross_entropy]") {
  Tensor x = logits();
  double recorded = cross_entropy(x, labels()).item();
  NoGrad no_grad;
  Tensor loss = cross_entropy(x, labels());
  CHECK(loss.item() == recorded);
  CHECK_FALSE(loss.requires_grad());
}

TEST_CASE("cross_entropy of labels is one node", "[nn][cross_entropy]") {
  CHECK(std::string(cross_entropy(logits(), labels()).operation()) == "cross_entropy");
}

TEST_CASE("cross_entropy has right gradients to order 3", "[nn][cross_entropy][gradcheck]") {
  Tensor x = logits().detach();
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    auto with = [&](CrossEntropyOptions options) {
      options.reduction = reduction;
      gradcheck([=](const Tensor& x) { return cross_entropy(x, labels(), options); }, {x}, {.order = 3});
    };
    with({});
    with({.weight = weight()});
    with({.weight = weight(), .ignore_index = 2});
    with({.weight = weight(), .ignore_index = 2, .label_smoothing = .2});
  }
  gradgradcheck(
      [](const Tensor& x) {
        return cross_entropy(permute(reshape(x, {2, 2, 3}), std::vector<int>{0, 2, 1}), reshape(labels(), {2, 2}));
      },
      {x});
}

// ---- Probabilities ----

TEST_CASE("cross_entropy of probabilities, in each reduction", "[nn][cross_entropy]") {
  Tensor x = logits();
  check_loss(x, cross_entropy(x, probabilities()), 0.7220776203884711,
             {{0.01487411508560478, 0.0513461281745603, -0.06622024326016507},
              {0.018449676077960213, 0.00678725652535413, -0.02523693260331436},
              {-0.08368976105629455, 0.02250764329259511, 0.06118211776369941},
              {0.009680678690375616, -0.028952537373050508, 0.019271858682674878}});
  CHECK(close(cross_entropy(x, probabilities(), {.reduction = Reduction::none}),
              tensor({1.4490122167681863, 0.1064141042799557, 0.4076059644443804, 0.9252781960613617}, kDouble)));
  CHECK(cross_entropy(x, probabilities(), {.reduction = Reduction::sum}).item() == Approx(4 * 0.7220776203884711));
}

TEST_CASE("cross_entropy of probabilities takes weights and smoothing", "[nn][cross_entropy]") {
  Tensor x = logits();
  check_loss(x, cross_entropy(x, probabilities(), {.weight = weight(), .label_smoothing = .1}), 0.8818166860000164,
             {{0.06264336510118257, 0.0011031697869779808, -0.06374653488816058},
              {0.014590504012592882, -0.009766289199223302, -0.004824214813369617},
              {-0.02242419793190025, -0.003912335467529438, 0.026336533399429665},
              {0.037008959286951144, -0.10368325232892803, 0.06667429304197685}});
}

TEST_CASE("a class weight has a gradient beside probabilities, and is refused beside labels", "[nn][cross_entropy]") {
  Tensor w = weight().set_requires_grad();
  gradgradcheck(
      [](const Tensor& x, const Tensor& w) {
        return cross_entropy(x, probabilities(), {.weight = w, .label_smoothing = 0.2});
      },
      {logits(), w});
  const std::string refused = "beside labels weight must not require a gradient";
  CHECK_THROWS_WITH(cross_entropy(logits(), labels(), {.weight = w}), Catch::Contains("cross_entropy: " + refused));
  CHECK_THROWS_WITH(nll_loss(logits(), labels(), {.weight = w}), Catch::Contains("nll_loss: " + refused));
  CHECK_THROWS_WITH(multi_margin_loss(logits(), labels(), {.weight = w}), Catch::Contains(refused));
  NoGrad no_grad;
  CHECK_NOTHROW(cross_entropy(logits(), labels(), {.weight = w}));
}

TEST_CASE("one-hot targets give what labels give", "[nn][cross_entropy]") {
  Tensor x = logits();
  Tensor hot = cast(one_hot(labels(), 3), DType::float64);
  CHECK(close(cross_entropy(x, hot), cross_entropy(x, labels())));
  Tensor sample = x[0];
  CHECK(close(cross_entropy(sample, hot[0]), cross_entropy(sample, tensor(1))));
  Tensor image = permute(reshape(x, {2, 2, 3}), std::vector<int>{0, 2, 1});
  Tensor image_hot = permute(reshape(hot, {2, 2, 3}), std::vector<int>{0, 2, 1});
  CHECK(close(cross_entropy(image, image_hot), cross_entropy(x, labels())));
}

TEST_CASE("cross_entropy of probabilities has right gradients to order 2, to the target too",
          "[nn][cross_entropy][gradcheck]") {
  Tensor x = logits().detach();
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none})
    gradgradcheck(
        [&](const Tensor& x, const Tensor& target) {
          return cross_entropy(x, target, {.reduction = reduction, .weight = weight(), .label_smoothing = .1});
        },
        {x, probabilities()});
}

// ---- nll_loss ----

TEST_CASE("nll_loss after log_softmax is cross_entropy", "[nn][nll_loss]") {
  Tensor x = logits();
  Tensor loss = nll_loss(log_softmax(x, 1), labels(), {.weight = weight(), .ignore_index = 2});
  check_loss(x, loss, 0.5227519573069526,
             {{0.11533176015218627, -0.13094021657855945, 0.015608456426373212},
              {0, 0, 0},
              {-0.03719544935835313, 0.01000339701893116, 0.027192052339421957},
              {0.0616545398940011, -0.22924895532986755, 0.16759441543586642}});
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none})
    CHECK(close(nll_loss(log_softmax(x, 1), labels(), {.reduction = reduction}),
                cross_entropy(x, labels(), {.reduction = reduction})));
}

TEST_CASE("nll_loss takes a single sample and further axes", "[nn][nll_loss]") {
  Tensor x = variable({-1, -2, -3});
  CHECK(nll_loss(x, tensor(1), {.reduction = Reduction::none}).item() == 2);
  Tensor image = reshape(arange(0, -12, -1, kDouble), {2, 3, 2});
  CHECK(numbers(nll_loss(image, tensor({{0, 1}, {2, 0}}), {.reduction = Reduction::none})) ==
        std::vector<double>{0, 3, 10, 7});
  CHECK(std::isnan(nll_loss(x, tensor(1), {.ignore_index = 1}).item()));
}

TEST_CASE("nll_loss has right gradients to order 2", "[nn][nll_loss][gradcheck]") {
  Tensor x = logits().detach();
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none})
    gradgradcheck(
        [&](const Tensor& x) {
          return nll_loss(square(x), labels(), {.reduction = reduction, .weight = weight(), .ignore_index = 0});
        },
        {x});
}

// ---- Errors ----

TEST_CASE("labels outside of the classes are named", "[nn][cross_entropy]") {
  Tensor x = logits();
  auto call = [&] { cross_entropy(x, tensor({0, 1, 3, 0})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::out_of_range>(call) ==
        "cross_entropy: labels must be in [0, 3) or ignore_index -100, but element 2 is 3." +
            at("cross_entropy.cpp", line));
  CHECK_THROWS_AS(nll_loss(x, tensor({0, -1, 0, 0})), std::out_of_range);
}

TEST_CASE("targets of another shape or dtype are refused", "[nn][cross_entropy]") {
  Tensor x = logits();
  auto call = [&] { cross_entropy(x, tensor({0, 1, 2})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "cross_entropy: the target of logits [4, 3] must be int64 labels [4], but it is int64 [3]." +
            at("cross_entropy.cpp", line));
  auto other = [&] { cross_entropy(x, tensor({0., 1., 2., 0.})); };
  int other_line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(other) ==
        "cross_entropy: a floating target must have the logits' shape [4, 3], but it is [4]. Labels must be "
        "int64." +
            at("cross_entropy.cpp", other_line));
  CHECK_THROWS_AS(cross_entropy(x, tensor({true, false, true, true})), std::invalid_argument);
  CHECK_THROWS_AS(cross_entropy(x, Tensor()), std::invalid_argument);
  CHECK_THROWS_AS(cross_entropy(tensor({{1, 2}}), tensor({0})), std::invalid_argument);
  CHECK_THROWS_AS(cross_entropy(tensor(1.), tensor(0)), std::invalid_argument);
}

TEST_CASE("wrong options are refused", "[nn][cross_entropy]") {
  Tensor x = logits();
  auto call = [&] { cross_entropy(x, labels(), {.weight = ones({2})}); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(call) ==
        "cross_entropy: weight must be [3], one for each class, but it is [2]." + at("cross_entropy.cpp", line));
  CHECK_THROWS_AS(cross_entropy(x, labels(), {.label_smoothing = 1.5}), std::invalid_argument);
  CHECK_THROWS_AS(cross_entropy(x, probabilities(), {.ignore_index = 1}), std::invalid_argument);
}

TEST_CASE("a class of weight 0 costs nothing, even if it is impossible", "[nn][loss]") {
  Tensor logits = tensor({{0., -std::numeric_limits<double>::infinity(), 1.}}, {.dtype = DType::float64});
  Tensor target = tensor({{0.5, 0.5, 0.}}, {.dtype = DType::float64});
  Tensor weight = tensor({1., 0., 1.}, {.dtype = DType::float64});
  CHECK(cross_entropy(logits, target, {.weight = weight}).item() == Approx(0.5 * std::log(1 + std::exp(1.0))));
}

TEST_CASE("a class of weight 0 costs nothing, however impossible it is", "[nn][cross_entropy]") {
  Tensor x = tensor({{0., -kInfinity, 1.}, {0., 2., 1.}}, {.dtype = DType::float64}).set_requires_grad();
  Tensor target = tensor({std::int64_t{1}, std::int64_t{2}});
  Tensor weight = tensor({1., 0., 3.}, {.dtype = DType::float64});
  for (bool create_graph : {false, true}) {
    Tensor loss = cross_entropy(x, target, {.weight = weight});
    CHECK(loss.item() == Approx(std::log(1 + std::exp(1.) + std::exp(-1.))));
    Tensor g = grad(loss, x, {.create_graph = create_graph});
    for (double each : g[0].to_vector<double>()) CHECK(each == 0);
    CHECK(sum(g[1]).item() == Approx(0).margin(1e-12));
    Tensor likelihoods = nll_loss(x, target, {.weight = weight});
    CHECK(likelihoods.item() == -1);
    CHECK(close(grad(likelihoods, x, {.create_graph = create_graph}),
                tensor({{0., 0., 0.}, {0., 0., -1.}}, {.dtype = DType::float64})));
  }
}

TEST_CASE("cross_entropy keeps the derivative of a label that is nearly certain", "[nn][cross_entropy]") {
  for (bool create_graph : {false, true}) {
    Tensor x = tensor({{20.F, 0.F}}, {.dtype = DType::float32}).set_requires_grad();
    Tensor g = grad(cross_entropy(x, zeros({1}, {.dtype = DType::int64})), x, {.create_graph = create_graph});
    CHECK(g[0][0].item() == Approx(-2.0611537e-9).epsilon(1e-6));
    CHECK(g[0][1].item() == Approx(2.0611537e-9).epsilon(1e-6));
  }
}
