// Handwritten digits: trains a multilayer perceptron on 1198 images of 8x8 pixels and tells how many of 599
// others it reads right.
//
//     digits                                                            learns: 98 %
//     digits --activation sigmoid --hidden 32x10 --init glorot_normal   ten layers: the gradients vanish
//     digits --activation relu --hidden 32x10 --init he_normal          the cure: they keep their size
//     digits --report runs/digits                                       leaves runs/digits/report.html
//     digits --help                                                     all options
#include <chrono>
#include <cmath>
#include <cstdio>
#include <functional>
#include <iostream>
#include <limits>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

using Activation = std::function<Tensor(const Tensor&)>;

const std::map<std::string, Activation> kActivations = {
    {"relu", [](const Tensor& x) { return relu(x); }},
    {"leaky_relu", [](const Tensor& x) { return leaky_relu(x); }},
    {"elu", [](const Tensor& x) { return elu(x); }},
    {"gelu", [](const Tensor& x) { return gelu(x); }},
    {"silu", [](const Tensor& x) { return silu(x); }},
    {"softplus", [](const Tensor& x) { return softplus(x); }},
    {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
    {"tanh", [](const Tensor& x) { return tanh(x); }},
};

const std::map<std::string, nn::Initializer> kInitializers = {
    {"uniform", nn::init::uniform_fan_in()},      {"glorot_uniform", nn::init::glorot_uniform()},
    {"glorot_normal", nn::init::glorot_normal()}, {"he_uniform", nn::init::he_uniform()},
    {"he_normal", nn::init::he_normal()},         {"lecun_normal", nn::init::lecun_normal()},
    {"orthogonal", nn::init::orthogonal()},
};

/// An optimizer, and the learning rate that suits it here.
struct OptimizerChoice {
  double lr;
  std::function<std::unique_ptr<optim::Optimizer>(const std::vector<Tensor>& parameters, double lr)> make;
};

const std::map<std::string, OptimizerChoice> kOptimizers = {
    {"sgd", {0.1, [](auto& p, double lr) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = lr}); }}},
    {"momentum",
     {0.02, [](auto& p,
               double lr) { return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = lr, .momentum = 0.9}); }}},
    {"nesterov",
     {0.02,
      [](auto& p, double lr) {
        return std::make_unique<optim::SGD>(p, optim::SGDOptions{.lr = lr, .momentum = 0.9, .nesterov = true});
      }}},
    {"adagrad",
     {0.02, [](auto& p, double lr) { return std::make_unique<optim::Adagrad>(p, optim::AdagradOptions{.lr = lr}); }}},
    {"rmsprop",
     {0.001, [](auto& p, double lr) { return std::make_unique<optim::RMSProp>(p, optim::RMSPropOptions{.lr = lr}); }}},
    {"adadelta",
     {1, [](auto& p, double lr) { return std::make_unique<optim::Adadelta>(p, optim::AdadeltaOptions{.lr = lr}); }}},
    {"adam",
     {0.002, [](auto& p, double lr) { return std::make_unique<optim::Adam>(p, optim::AdamOptions{.lr = lr}); }}},
    {"adamw",
     {0.002, [](auto& p, double lr) { return std::make_unique<optim::AdamW>(p, optim::AdamWOptions{.lr = lr}); }}},
};

struct Settings {
  std::string optimizer = "adam", activation = "relu", init = "he_normal";
  std::vector<std::string> hidden = {"256", "128"};
  int epochs = 40;
  std::int64_t batch = 32;
  double lr = 0;  // 0: the one that suits the optimizer
  std::uint64_t seed = 0;
  std::string report;  // a folder for the log and the report; empty: none
  std::string file = example_data("digits.csv.gz");
};

/// What is wrong with an item of --hidden; empty when nothing is.
std::string size_problem(const std::string& item) {
  static const std::regex kSize("[1-9][0-9]{0,4}(x[0-9]{1,3})?");
  return std::regex_match(item, kSize) ? "" : '"' + item + "\" is no size of a layer";
}

/// "32x10" stands for ten layers of 32.
std::vector<std::int64_t> layer_sizes(const std::vector<std::string>& hidden) {
  std::vector<std::int64_t> sizes = {64};
  for (const std::string& item : hidden) {
    const std::size_t x = item.find('x');
    const std::int64_t times = x == std::string::npos ? 1 : std::stoll(item.substr(x + 1));
    sizes.insert(sizes.end(), times, std::stoll(item));
  }
  sizes.push_back(10);
  return sizes;
}

/// Dense layers with an activation between them.
struct Mlp : nn::Module {
  Mlp(const Settings& settings, DType dtype) : activation(kActivations.at(settings.activation)) {
    const std::vector<std::int64_t> sizes = layer_sizes(settings.hidden);
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      layers.push_back(child(
          "layer" + std::to_string(i + 1),
          nn::Dense(sizes[i], sizes[i + 1],
                    {.weight_init = kInitializers.at(settings.init), .bias_init = nn::init::zeros(), .dtype = dtype})));
  }

  /// The logits.
  Tensor operator()(Tensor x) const {
    for (const nn::Dense& layer : layers) x = &layer == &layers.back() ? layer(x) : activation(layer(x));
    return x;
  }

  Activation activation;
  std::vector<nn::Dense> layers;
};

std::int64_t count_right(const Tensor& logits, const Tensor& labels) {
  return sum(argmax(logits, 1) == labels).item<std::int64_t>();
}

void learn(const Mlp& model, optim::Optimizer& optimizer, const data::Dataset& dataset, const data::Dataset& held_out,
           const Settings& settings, train::Log* log) {
  const data::Batches batches = data::batches(dataset, {.size = settings.batch, .shuffle = true});
  train::Progress progress({.epochs = settings.epochs, .steps = batches.count()});
  for (int epoch = 1; epoch <= settings.epochs; ++epoch) {
    for (auto [x, y] : batches) {
      const Tensor logits = model(x);
      const Tensor loss = nn::cross_entropy(logits, y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      const double value = loss.item(), points = static_cast<double>(x.size(0));
      if (!std::isfinite(value))
        throw std::runtime_error("the training has diverged: the loss must be finite, but it is " +
                                 std::to_string(value) + ". Try a smaller --lr.");
      progress.step({{"loss", value}, {"accuracy", static_cast<double>(count_right(logits, y)) / points}}, points);
    }
    progress.epoch();
    if (log == nullptr) continue;
    const train::Readings means = progress.means();
    NoGrad no_grad;
    const Tensor logits = model(held_out.inputs);
    log->scalars(epoch, {{"loss/training", means[0].second},
                         {"loss/held out", nn::cross_entropy(logits, held_out.targets).item()},
                         {"accuracy/training", means[1].second},
                         {"accuracy/held out", static_cast<double>(count_right(logits, held_out.targets)) /
                                                   static_cast<double>(held_out.size())}});
  }
}

/// How the layers fare on the way to the loss of all training data and back.
train::Diagnosis examine(const Mlp& model, optim::Optimizer& optimizer, const data::Dataset& dataset) {
  return train::diagnose(model, optimizer, [&] { return nn::cross_entropy(model(dataset.inputs), dataset.targets); });
}

/// What the report shows at the end: which digits are taken for which, and the images of those that are.
void log_mistakes(train::Log& log, int step, const data::Dataset& held_out, const Tensor& logits) {
  const Tensor read = argmax(logits, 1);
  log.confusion(step, train::confusion_matrix(logits, held_out.targets));
  const Tensor wrong = flatten(nonzero(read != held_out.targets));
  if (wrong.numel() == 0) return;
  const Tensor first = wrong[slice(0, 24)];
  std::vector<std::string> labels;
  for (auto i : first.to_vector<std::int64_t>())
    labels.push_back(std::to_string(held_out.targets[i].item<int>()) + " as " + std::to_string(read[i].item<int>()));
  log.image(
      "digits that are taken for others", step,
      train::ImageGrid(reshape(index_select(held_out.inputs, 0, first), {-1, 8, 8}), {.columns = 8, .labels = labels}));
}

/// The logits of the held-out points.
Tensor test(const Mlp& model, const data::Dataset& dataset) {
  NoGrad no_grad;
  return model(dataset.inputs);
}

/// Compares the derivative of the trained model's loss with finite differences, in float64.
void check_gradients(const Mlp& model, const Settings& settings, const data::Dataset& dataset) {
  Mlp precise(settings, DType::float64);
  precise.copy_parameters_from(model);
  const Tensor x = cast(dataset.inputs[slice(0, 16)], DType::float64);
  const Tensor y = dataset.targets[slice(0, 16)];
  const GradcheckReport report = gradcheck([&] { return nn::cross_entropy(precise(x), y); }, precise.parameters());
  std::printf(
      "\ngradcheck in float64: the gradients of all %ld parameters agree with finite differences (%ld "
      "evaluations)\n",
      static_cast<long>(precise.parameter_count()), static_cast<long>(report.evaluations));
}

void run(const Settings& settings) {
  manual_seed(settings.seed);
  data::Dataset digits = data::separate_target(data::read_csv(settings.file).values);
  digits.inputs = digits.inputs / 16;  // pixels are 0 ... 16
  const auto [training, held_out] =
      data::split(digits, {.test_fraction = 1.0 / 3, .stratify = true, .seed = settings.seed});

  const Mlp model(settings, DType::float32);
  const OptimizerChoice& choice = kOptimizers.at(settings.optimizer);
  const auto optimizer = choice.make(model.parameters(), settings.lr > 0 ? settings.lr : choice.lr);
  std::printf("%ld images to learn from, %ld held out; %s with %ld parameters, %s, lr %g, batches of %s\n",
              static_cast<long>(training.size()), static_cast<long>(held_out.size()), settings.activation.c_str(),
              static_cast<long>(model.parameter_count()), optimizer->name(), optimizer->lr(),
              settings.batch == 0 ? "all" : std::to_string(settings.batch).c_str());

  RunReport report(settings.report);
  const train::Diagnosis before = examine(model, *optimizer, training);
  report.layers(0, before);
  const auto start = std::chrono::steady_clock::now();
  learn(model, *optimizer, training, held_out, settings, report.log());
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const Tensor logits = test(model, held_out);
  const std::int64_t right = count_right(logits, held_out.targets);
  std::printf("held out: %ld of %ld right, %.2f %% (trained for %.2f s)\n", static_cast<long>(right),
              static_cast<long>(held_out.size()),
              100 * static_cast<double>(right) / static_cast<double>(held_out.size()), seconds.count());

  const train::Diagnosis after = examine(model, *optimizer, training);
  std::cout << "\nbefore the training: " << before << "\nafter it: " << after;
  if (train::Log* log = report.log()) {
    log->layers(settings.epochs, after);
    log->note("held out, right", std::to_string(right) + " of " + std::to_string(held_out.size()));
    log->note("optimizer", optimizer->name());
    log->note("activation, start", settings.activation + ", " + settings.init);
    log_mistakes(*log, settings.epochs, held_out, logits);
    report.save("Handwritten digits");
  }
  check_gradients(model, settings, held_out);
}

/// The keys of a map, for an option that must be one of them.
template <class Map>
CLI::IsMember one_of(const Map& map) {
  std::vector<std::string> names;
  for (const auto& [name, value] : map) names.push_back(name);
  return CLI::IsMember(names);
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Trains a multilayer perceptron on images of handwritten digits");
  app.add_option("--optimizer", settings.optimizer)->check(one_of(kOptimizers))->capture_default_str();
  app.add_option("--activation", settings.activation)->check(one_of(kActivations))->capture_default_str();
  app.add_option("--init", settings.init, "how weights start")->check(one_of(kInitializers))->capture_default_str();
  app.add_option("--hidden", settings.hidden, "sizes of the hidden layers; 32x10 stands for ten of 32")
      ->check(CLI::Validator(size_problem, "SIZE[xTIMES]"))
      ->delimiter(',')
      ->capture_default_str();
  add_integer(app, "--epochs", settings.epochs, 1, 1'000'000);
  add_integer(app, "--batch", settings.batch, 0, std::numeric_limits<std::int64_t>::max(), "points in a batch; 0: all");
  add_positive(app, "--lr", settings.lr, "learning rate; left out: one that suits the optimizer");
  add_seed(app, settings.seed);
  add_report(app, settings.report);
  app.add_option("--data", settings.file, "the table of digits")->check(CLI::ExistingFile)->capture_default_str();
  return run_program(app, argc, argv, [&] { run(settings); });
}
