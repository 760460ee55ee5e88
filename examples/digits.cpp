// Handwritten digits: trains a multilayer perceptron on 1198 images of 8x8 pixels and tells how many of 599
// others it reads right.
//
//     digits                                                            learns: 98 %
//     digits --activation sigmoid --hidden 32x10 --init glorot_normal   ten layers: the gradients vanish
//     digits --activation relu --hidden 32x10 --init he_normal          the cure: they keep their size
//     digits --help                                                     all options
#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <regex>
#include <stdexcept>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "arguments.hpp"
#include "progress.hpp"

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
  // Found from any folder, for the source's path is compiled in.
  std::string file = (std::filesystem::path(__FILE__).parent_path() / "data" / "digits.csv.gz").string();
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

  /// The logits. What each hidden layer hands to its activation is added to `inputs_of_activations`, where
  /// given.
  Tensor operator()(Tensor x, std::vector<Tensor>* inputs_of_activations = nullptr) const {
    for (const nn::Dense& layer : layers) {
      const Tensor z = layer(x);
      if (&layer == &layers.back()) return z;
      if (inputs_of_activations != nullptr) inputs_of_activations->push_back(z);
      x = activation(z);
    }
    return x;
  }

  Activation activation;
  std::vector<nn::Dense> layers;
};

std::int64_t count_right(const Tensor& logits, const Tensor& labels) {
  return sum(argmax(logits, 1) == labels).item<std::int64_t>();
}

void train(const Mlp& model, optim::Optimizer& optimizer, const data::Dataset& dataset, const Settings& settings) {
  const data::Batches batches = data::batches(dataset, {.size = settings.batch, .shuffle = true});
  Progress progress(settings.epochs, batches.count());
  for (int epoch = 0; epoch < settings.epochs; ++epoch) {
    for (auto [x, y] : batches) {
      const Tensor logits = model(x);
      const Tensor loss = nn::cross_entropy(logits, y);
      optimizer.zero_grad();
      loss.backward();
      optimizer.step();
      const double value = loss.item();
      if (!std::isfinite(value))
        throw std::runtime_error("the training has diverged: the loss must be finite, but it is " +
                                 std::to_string(value) + ". Try a smaller --lr.");
      progress.batch_done(x.size(0), value, count_right(logits, y));
    }
    progress.epoch_done();
  }
}

/// How many points of a data set the model has right.
std::int64_t test(const Mlp& model, const data::Dataset& dataset) {
  NoGrad no_grad;
  return count_right(model(dataset.inputs), dataset.targets);
}

/// What the loss of all training data does to each layer.
struct LayerReport {
  double gradient_norm;  // of the weight
  std::int64_t dead;     // units whose activation passes no gradient for any point
};

std::vector<LayerReport> examine(const Mlp& model, const data::Dataset& dataset) {
  std::vector<Tensor> weights, z;
  for (const nn::Dense& layer : model.layers) weights.push_back(layer.weight());
  const std::vector<Tensor> gradients = grad(nn::cross_entropy(model(dataset.inputs, &z), dataset.targets), weights);

  std::vector<LayerReport> report;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    report.push_back({norm(gradients[i]).item(), 0});
    if (i == z.size()) continue;
    // A unit is dead when the slope of its activation is (next to) 0 wherever the data take it: a relu never
    // above 0, a sigmoid in saturation.
    const Tensor at = z[i].detach().set_requires_grad();
    const Tensor slope = grad(sum(model.activation(at)), at);
    report.back().dead = sum(amax(abs(slope), 0) < 1e-3).item<std::int64_t>();
  }
  return report;
}

void print_layers(const Mlp& model, const std::vector<LayerReport>& before, const std::vector<LayerReport>& after) {
  std::printf("\nlayer        units  |gradient| at the start  |gradient| at the end  dead units\n");
  for (std::size_t i = 0; i < model.layers.size(); ++i) {
    const bool hidden = i + 1 < model.layers.size();
    std::printf("%-10s %7ld  %23.3e  %21.3e  %10s\n", ("layer" + std::to_string(i + 1)).c_str(),
                static_cast<long>(model.layers[i].out()), before[i].gradient_norm, after[i].gradient_norm,
                hidden ? std::to_string(after[i].dead).c_str() : "-");
  }
  const double ratio = before.front().gradient_norm / before.back().gradient_norm;
  if (ratio < 1e-3)
    std::printf(
        "The gradient vanishes: at the start the first layer's is %.0e of the last one's. Another "
        "activation\n"
        "(relu, elu) with its initialiser (he_normal, lecun_normal), or fewer layers, would help.\n",
        ratio);
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

  const std::vector<LayerReport> before = examine(model, training);
  const auto start = std::chrono::steady_clock::now();
  train(model, *optimizer, training, settings);
  const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;

  const std::int64_t right = test(model, held_out);
  std::printf("held out: %ld of %ld right, %.2f %% (trained for %.2f s)\n", static_cast<long>(right),
              static_cast<long>(held_out.size()),
              100 * static_cast<double>(right) / static_cast<double>(held_out.size()), seconds.count());

  print_layers(model, before, examine(model, training));
  check_gradients(model, settings, held_out);
}

/// Ends the program's reading of options where there is a problem with one.
void refuse(const std::string& option, const std::string& problem) {
  if (!problem.empty()) throw CLI::ValidationError(option, problem + '.');
}

/// Adds an option that is a whole number within bounds.
template <class Integer>
CLI::Option* add_integer(CLI::App& app, const char* name, Integer& value, Integer lowest, Integer highest,
                         const char* help = "") {
  return app
      .add_option_function<std::string>(
          name, [=, &value](const std::string& text) { refuse(name, read_integer(text, lowest, highest, value)); },
          help)
      ->type_name("INT")
      ->default_str(std::to_string(value));
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
  add_integer(app, "--batch", settings.batch, std::int64_t{0}, std::numeric_limits<std::int64_t>::max(),
              "points in a batch; 0: all");
  app.add_option_function<std::string>(
         "--lr", [&](const std::string& text) { refuse("--lr", read_positive(text, settings.lr)); },
         "learning rate; left out: one that suits the optimizer")
      ->type_name("FLOAT");
  add_integer(app, "--seed", settings.seed, std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max());
  app.add_option("--data", settings.file, "the table of digits")->check(CLI::ExistingFile)->capture_default_str();
  CLI11_PARSE(app, argc, argv);

  try {
    run(settings);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
  return 0;
}
