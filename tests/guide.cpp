// The guide's code: docs/guide.md shows these lines, and a test compares the two.
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "pages.hpp"
#include "support.hpp"
// The page shows the next lines together.
#include <iostream>
#include <vector>

#include <xgrad/xgrad.hpp>

using namespace xgrad;

using xgrad::testing::message_of;
using xgrad::testing::place;

namespace {

// ---- Modules ----

struct Rbf : nn::Module {
  Rbf(int in, int units)
      : centers(param("centers", normal({units, in}))), log_width(param("log_width", zeros({units}))) {}

  /// x [n, in] -> [n, units]
  Tensor operator()(const Tensor& x) const {
    return call(x, [&] {
      Tensor distance = sum(square(unsqueeze(x, 1) - centers), -1);
      return exp(-distance * exp(log_width));
    });
  }

  nn::Parameter centers, log_width;
};

struct Net : nn::Module {
  Rbf features = child("features", Rbf(2, 16));
  nn::Dense output = child("output", nn::Dense(16, 1));
  Tensor operator()(const Tensor& x) const { return output(features(x)); }
};

struct Centered : nn::Module {
  nn::Buffer mean = buffer("mean", zeros({2}));
  Tensor operator()(const Tensor& x) const {
    if (is_training()) mean.assign(0.9 * mean + 0.1 * xgrad::mean(x.detach(), 0));
    return x - mean;
  }
};

// ---- Optimizers ----

/// Moves each weight by lr against the sign of its gradient.
class SignDescent {
 public:
  SignDescent(std::vector<Tensor> parameters, double lr) : parameters_(std::move(parameters)), lr_(lr) {}

  void step() {
    for (Tensor& parameter : parameters_) {
      const Tensor gradient = parameter.grad();
      each(parameter, gradient, [lr = lr_](auto& w, auto g) { w -= lr * sign(g); });
    }
  }

 private:
  std::vector<Tensor> parameters_;
  double lr_;
};

/// What is written to std::cout while it lives.
class Printed {
 public:
  Printed() : before_(std::cout.rdbuf(text_.rdbuf())) {}
  ~Printed() { std::cout.rdbuf(before_); }
  std::string text() const { return text_.str(); }

 private:
  std::ostringstream text_;
  std::streambuf* before_;
};

/// While it lives, the repository is the current folder.
class InRepository {
 public:
  InRepository() : before_(std::filesystem::current_path()) { std::filesystem::current_path(testing::source_dir()); }
  ~InRepository() { std::filesystem::current_path(before_); }

 private:
  std::filesystem::path before_;
};

/// While it lives, a folder of its own is the current one.
class InFolder {
 public:
  InFolder() : before_(std::filesystem::current_path()) {
    std::string name = (std::filesystem::temp_directory_path() / "xgrad_guide.XXXXXX").string();
    REQUIRE(::mkdtemp(name.data()) != nullptr);
    folder_ = name;
    std::filesystem::current_path(folder_);
  }
  ~InFolder() {
    std::filesystem::current_path(before_);
    std::filesystem::remove_all(folder_);
  }

 private:
  std::filesystem::path before_, folder_;
};

}  // namespace

TEST_CASE("guide: tensors", "[guide]") {
  Printed printed;
  Tensor a = tensor({{1., 2., 3.}, {4., 5., 6.}});      // float32, [2, 3]
  Tensor b = zeros({2, 3}, {.dtype = DType::float64});  // also ones, full, arange, linspace, eye
  Tensor c = from_vector(std::vector<double>{1, 2, 3, 4}, {2, 2});
  Tensor d = normal({2, 3});   // also uniform, randint, permutation; see manual_seed
  Tensor e = a > 2 && a != 5;  // boolean
  CHECK(a.dtype() == DType::float32);
  CHECK(b.dtype() == DType::float64);
  CHECK(c.shape() == Shape{2, 2});
  CHECK(d.shape() == Shape{2, 3});
  CHECK(e.to_vector<int>() == std::vector<int>{0, 0, 1, 1, 0, 1});

  {
    DefaultDtype f64(DType::float64);
    Tensor exact = tensor({0.1, 0.2});  // float64, as are zeros, ones, linspace, normal ... and initial weights
    CHECK(exact.dtype() == DType::float64);
  }
  Generator generator(42, 3);  // seed and stream: the same numbers whatever the threads do
  Tensor mask = bernoulli({64}, 0.5, generator);
  CHECK(mask.shape() == Shape{64});

  Tensor row = a[0];                                   // [1. 2. 3.]
  Tensor last = a[{-1, -1}];                           // 6.0
  Tensor middle = a[{slice(), slice(1, 2)}];           // a[:, 1:2] of Python, [2, 1]
  Tensor backwards = a[slice({}, {}, -1)];             // a[::-1]
  Tensor columns = a[{ellipsis, newaxis, 0}];          // a[..., None, 0], [2, 1]
  Tensor picked = index_select(a, 1, tensor({2, 0}));  // a[:, [2, 0]]
  CHECK(to_string(row) == "[1. 2. 3.]");
  CHECK(to_string(last) == "6.0");
  CHECK(middle.shape() == Shape{2, 1});
  CHECK(backwards.to_vector<int>() == std::vector<int>{4, 5, 6, 1, 2, 3});
  CHECK(columns.shape() == Shape{2, 1});
  CHECK(picked.to_vector<int>() == std::vector<int>{3, 1, 6, 4});

  Tensor total = sum(a);                             // one number, 0-d
  Tensor rows = mean(a, -1, {.keepdims = true});     // [2, 1]
  Tensor both = sum(a, {0, 1});                      // 0-d
  Tensor absolute = norm(a, Axes::all(), {.p = 1});  // options, and all axes
  Tensor clipped = maximum(a, 2);                    // by elements; max(a) is the largest of all
  auto [largest, where_it_is] = max(a, 1);           // along an axis
  CHECK(rows.shape() == Shape{2, 1});
  CHECK(both.ndim() == 0);
  CHECK(absolute.item() == 21);
  CHECK(amin(clipped).item() == 2);
  CHECK(largest.to_vector<int>() == std::vector<int>{3, 6});
  CHECK(where_it_is.to_vector<int>() == std::vector<int>{2, 2});

  double number = total.item();  // or item<int>() ...
  std::vector<float> numbers = a.to_vector<float>();
  const float* first = a.data<float>();  // of a contiguous tensor
  std::cout << a << ' ' << a.shape() << ' ' << a.dtype() << '\n';
  CHECK(number == 21);
  CHECK(numbers.size() == 6);
  CHECK(first[5] == 6);
  CHECK(printed.text() == "[[1. 2. 3.]\n [4. 5. 6.]] [2, 3] float32\n");
}

TEST_CASE("guide: gradients", "[guide]") {
  Printed printed;
  Tensor w = tensor({1., 2., 3.}, {.requires_grad = true});
  Tensor loss = sum(square(w));
  loss.backward();
  std::cout << w.grad() << '\n';  // [2. 4. 6.]
  w.zero_grad();                  // backward() adds to grad(): clear it between steps
  CHECK(printed.text() == "[2. 4. 6.]\n");

  Tensor y = sum(pow(w, 4));
  Tensor first = grad(y, w, {.create_graph = true});  // 4 w^3; leaves w.grad() alone
  Tensor second = grad(sum(first), w);                // 12 w^2
  CHECK(first.to_vector<int>() == std::vector<int>{4, 32, 108});
  CHECK(second.to_vector<int>() == std::vector<int>{12, 48, 108});
  CHECK_FALSE(w.grad().defined());

  NoGrad no_grad;  // nothing is recorded while it lives
  w.assign(w - 0.1 * first);
  CHECK(w.requires_grad());
}

TEST_CASE("guide: functions of functions", "[guide]") {
  auto f = [](const Tensor& x) { return sum(sin(x) * exp(x)); };
  Tensor x = linspace(-1, 1, 3, {.dtype = DType::float64});
  Tensor dfdx = grad(f, x);
  auto [value, gradient] = value_and_grad(f, x);
  Tensor curvature = hessian(f, x);                // [3, 3]
  Tensor along = hvp(f, x, ones_like(x)).product;  // the Hessian times a vector, without the Hessian
  auto g = [](const Tensor& a, const Tensor& b) { return a * sum(b); };
  std::vector<Tensor> blocks = jacobian(g, {x, x});  // several arguments in braces, a result for each
  CHECK(allclose(dfdx, exp(x) * (sin(x) + cos(x))));
  CHECK(allclose(value, f(x)));
  CHECK(allclose(gradient, dfdx));
  CHECK(curvature.shape() == Shape{3, 3});
  CHECK(allclose(along, sum(curvature, 1)));
  CHECK(blocks.size() == 2);

  gradcheck(f, {x});  // throws where they differ, and names input, element, operation and line
}

TEST_CASE("guide: functions of parameters", "[guide]") {
  nn::Dense layer(3, 1);
  Tensor inputs = uniform({8, 3}, -1, 1), targets = sum(inputs, 1, {.keepdims = true});
  auto loss = [&] { return nn::mse(layer(inputs), targets); };
  auto [slope, along_slope] = hvp(loss, layer.parameters(), grad(loss, layer.parameters()));  // Hessian times gradient
  Tensor flat = parameters_to_vector(layer.parameters());  // and parameters_from_vector(flat, layer.parameters())
  CHECK(slope.size() == 2);
  CHECK(along_slope[0].shape() == Shape{1, 3});
  CHECK(flat.shape() == Shape{4});

  auto losses = [&] { return mean(nn::mse(layer(inputs), targets, Reduction::none), 1); };  // [8], one for each sample
  std::vector<Tensor> each_gradient = jacobian(losses, layer.parameters());                 // [8, 1, 3] and [8, 1]
  Tensor norms = norm(each_gradient[0], {1, 2});                                            // how far each sample pulls
  CHECK(each_gradient[0].shape() == Shape{8, 1, 3});
  CHECK(each_gradient[1].shape() == Shape{8, 1});
  CHECK(norms.shape() == Shape{8});
  std::vector<Tensor> of_the_mean = grad(loss, layer.parameters());
  CHECK(allclose(mean(each_gradient[0], 0), of_the_mean[0], {.atol = 1e-6}));
  CHECK(allclose(mean(each_gradient[1], 0), of_the_mean[1], {.atol = 1e-6}));
}

TEST_CASE("guide: modules and optimizers", "[guide]") {
  manual_seed(0);
  Tensor x = uniform({64, 2}, -2, 2);
  Tensor y = sin(x[{slice(), slice(0, 1)}]) * x[{slice(), slice(1, 2)}];

  Net model;
  optim::Adam adam(model.named_parameters(), {.lr = 0.02});
  optim::ExponentialLR schedule(adam, {.gamma = 0.99});
  for (int step = 0; step < 200; ++step) {
    Tensor loss = nn::mse(model(x), y);
    adam.zero_grad();
    loss.backward();
    optim::clip_grad_norm(model.parameters(), 10);
    adam.step();
    schedule.step();
  }
  CHECK(nn::mse(model(x), y).item() < 0.5 * mean(square(y)).item());
  std::vector<std::string> names;
  for (const auto& [name, parameter] : model.named_parameters()) names.push_back(name);
  CHECK(names == std::vector<std::string>{"features.centers", "features.log_width", "output.weight", "output.bias"});

  Tensor loss = adam.step([&] { return nn::mse(model(x), y); });
  CHECK(loss.item() < 0.5 * mean(square(y)).item());

  optim::SGD sgd({{.parameters = model.features.parameters(), .options = {.lr = 0.001}},
                  {.parameters = model.output.parameters(), .options = {.lr = 0.1}}});
  sgd.scale_lr(0.5);
  CHECK(sgd.lr(1) == 0.05);

  Net resumed;
  resumed.copy_parameters_from(model);
  optim::Adam rest(resumed.named_parameters(), adam.options());
  rest.load_state(adam.state(), adam.metadata());
  CHECK(adam.state()[1].first == "state.features.centers.mean");
  for (int step = 0; step < 3; ++step)
    CHECK(adam.step([&] { return nn::mse(model(x), y); }).item() ==
          rest.step([&] { return nn::mse(resumed(x), y); }).item());

  Tensor x64 = cast(x, DType::float64), y64 = cast(y, DType::float64);
  Net precise;
  precise.to(DType::float64);
  precise.copy_parameters_from(model);
  gradcheck([&] { return nn::mse(precise(x64), y64); }, precise.named_parameters());

  std::vector<Tensor> weights = model.parameters();
  for (int step = 0; step < 3; ++step) {
    Tensor inner = nn::mse(nn::with_parameters(model, weights)(x), y);
    std::vector<Tensor> g = grad(inner, weights, {.create_graph = true});
    for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = weights[i] - 0.1 * g[i];
  }
  Tensor after = nn::mse(nn::with_parameters(model, weights)(x), y);
  after.backward();  // into the parameters that the model started from
  CHECK(after.item() < nn::mse(model(x), y).item());
  CHECK(model.features.centers.grad().defined());

  {
    Printed printed;
    auto show = [](const nn::Module& layer, const Tensor& x, const Tensor& y) {
      std::cout << layer.path() << ": " << x.shape() << " -> " << y.shape() << '\n';
    };
    HookHandle hook = model.features.add_forward_hook(show);  // Net.features: [64, 2] -> [64, 16] at each call
    model(x);
    CHECK(printed.text() == "Net.features: [64, 2] -> [64, 16]\n");
  }

  nn::check_registration(model, [&] { model(x); });

  {
    InFolder in_folder;
    std::int64_t step = 0;
    data::BatchPosition position;
    io::Checkpoint run;
    run.add("model", model).add("optimizer", adam).add("schedule", schedule).add("data", position).add("step", step);
    run.save("run.safetensors");
    run.load("run.safetensors");  // after building all of it as it was built before
    CHECK(step == 0);
  }

  Centered centered;
  for (int step = 0; step < 200; ++step) centered(x);
  CHECK(allclose(centered.mean, mean(x, 0), {.rtol = 1e-3, .atol = 1e-5}));
  centered.eval();
  CHECK(allclose(centered(x + 1), x + 1 - centered.mean));

  nn::Sequential small{nn::Dense(2, 8), tanh, nn::Dropout(0.1), nn::Dense(8, 1)};
  small.train();  // Dropout drops
  small.eval();   // and no more
  SignDescent sign_descent(small.parameters(), 0.01);
  double before = nn::mse(small(x), y).item();
  for (int step = 0; step < 20; ++step) {
    small.zero_grad();
    nn::mse(small(x), y).backward();
    sign_descent.step();
  }
  CHECK(nn::mse(small(x), y).item() < before);
}

TEST_CASE("guide: layers", "[guide]") {
  manual_seed(0);
  // clang-format off
  nn::Sequential cnn{nn::Conv2d(1, 8, 3, {.padding = 1}), nn::BatchNorm2d(8), nn::ReLU(), nn::MaxPool2d(2), nn::Flatten(),
                     nn::Dense(8 * 4 * 4, 10)};
  nn::init::apply(cnn, "0.weight", nn::init::he_normal());
  nn::freeze(cnn, "0.*");  // no gradient flows into the convolution, and optimizers skip it
  optim::AdamW adamw({{.parameters = nn::matching(cnn.named_parameters(), "*bias"), .options = {.weight_decay = 0}},
                      {.parameters = nn::excluding(cnn.named_parameters(), "*bias")}});
  nn::check_module(cnn, {uniform({2, 1, 8, 8}, -1, 1)});  // gradcheck of a copy in float64
  // clang-format on
  CHECK(adamw.group_count() == 2);
}

TEST_CASE("guide: data", "[guide]") {
  InRepository in_repository;
  manual_seed(0);

  data::Table table = data::read_csv("examples/data/iris.csv", {.header = data::Header::counts});
  data::Dataset iris = data::separate_target(table.values);  // the last column as int64 labels
  auto [train, test] = data::split(iris, {.test_fraction = 0.2, .stratify = true, .seed = 1});
  auto standardizer = data::Standardizer::fit(train.inputs);  // on what the model may see, and no more
  train.inputs = standardizer.transform(train.inputs);
  test.inputs = standardizer.transform(test.inputs);

  nn::Dense model(4, 3);
  optim::SGD sgd(model.parameters(), {.lr = 0.1, .momentum = 0.9});
  for (int epoch = 0; epoch < 20; ++epoch)
    for (auto [x, y] : data::batches(train, {.size = 16, .shuffle = true})) {
      Tensor loss = nn::cross_entropy(model(x), y);
      sgd.zero_grad();
      loss.backward();
      sgd.step();
    }
  NoGrad no_grad;
  Tensor right = argmax(model(test.inputs), 1) == test.targets;
  double accuracy = mean(cast(right, DType::float32)).item();
  CHECK(accuracy > 0.85);
}

TEST_CASE("guide: errors", "[guide]") {
  auto misfit = [] { matmul(ones({2, 3}), ones({4, 5})); };
  int line = __LINE__ - 1;
  CHECK(message_of<std::invalid_argument>(misfit) ==
        "matmul: inner sizes must agree, but a is [2, 3] and b is [4, 5] (3 != 4). at " + place(line));
}

TEST_CASE("guide: handles, views, writing", "[guide]") {
  Tensor a = zeros({2, 2});
  Tensor b = a;           // the same tensor under another name
  Tensor first = a[0];    // a view of its elements
  Tensor mine = copy(a);  // elements of its own
  a.assign(7);            // b and first hold 7 now, mine 0
  CHECK(sum(b).item() == 28);
  CHECK(sum(first).item() == 14);
  CHECK(sum(mine).item() == 0);

  a[0].assign(tensor({1., 2.}));  // writes into the first row
  CHECK(a.to_vector<int>() == std::vector<int>{1, 2, 7, 7});
}

TEST_CASE("guide: numbers are weak", "[guide]") {
  Tensor x = ones({3});
  Tensor same = 2.5 * x;                                        // float32, as x
  Tensor wider = x * tensor({2.5}, {.dtype = DType::float64});  // float64
  Tensor counts = arange(3) / 2;                                // int64 divided: the default dtype
  CHECK(same.dtype() == DType::float32);
  CHECK(wider.dtype() == DType::float64);
  CHECK(counts.dtype() == DType::float32);
}

TEST_CASE("guide: a module's state is its own tensors", "[guide]") {
  Net model;
  nn::NamedTensors best;
  for (auto& [name, value] : model.state()) best.emplace_back(name, copy(value.detach()));
  double before = sum(model.output.weight()).item();
  NoGrad no_grad;
  for (Tensor parameter : model.parameters()) parameter.assign(0);
  model.load(best);
  CHECK(sum(model.output.weight()).item() == before);

  std::vector<std::int64_t> extents = {2, 3};
  CHECK(zeros(Shape(std::span<const std::int64_t>(extents))).shape() == Shape{2, 3});
}

TEST_CASE("guide: the graph", "[guide]") {
  Tensor w = ones({2}, {.requires_grad = true});
  Tensor loss = sum(w * w);
  loss.backward({.retain_graph = true});  // keeps the graph for another pass
  loss.backward();                        // frees it; a third one would throw
  CHECK_THROWS_AS(loss.backward(), std::logic_error);

  double total = 0;
  total += loss.item();  // `losses.push_back(loss)` would keep every step's graph alive
  CHECK(total == 2);
}

TEST_CASE("guide: copies of modules", "[guide]") {
  nn::Dense a(2, 2);
  nn::Dense same = a;              // names the same weight
  nn::Dense other = nn::clone(a);  // has a weight of its own with the same values
  a.weight().assign(0);
  CHECK(sum(abs(same.weight())).item() == 0);
  CHECK(sum(abs(other.weight())).item() > 0);
}

TEST_CASE("guide: where a nan comes from", "[guide]") {
  auto dead_branch = [] {
    // clang-format off
    AnomalyGuard guard;
    Tensor x = tensor({4.0, 0.0}, {.requires_grad = true});
    sum(where(x > 0, sqrt(x), 0)).backward();
    // clang-format on
  };
  const int line = __LINE__ - 3;
  CHECK(
      testing::message_of<anomaly_error>(dead_branch) ==
      "sqrt: the gradient of its input 0 must be finite, but element [1] of float32 [2] is nan. Its result's gradient "
      "lies in [0, 1] and result 0 lies in [0, 2]. The gradient came as 0 through the branch of where() that was not "
      "taken (" +
          place(line) + "): where_safe() keeps such elements out. at " + place(line));
}

TEST_CASE("guide: formulas", "[guide]") {
  Tensor x = tensor({-1., 2.});
  Tensor y = map([](auto a) { return where(a > 0, a, 0.1 * a); }, x);
  CHECK(allclose(y, leaky_relu(x, 0.1)));
}

TEST_CASE("the code in docs/guide.md is the code of this file", "[guide][docs]") {
  CHECK(testing::blocks_missing("docs/guide.md", {"tests/guide.cpp"}).empty());
}
