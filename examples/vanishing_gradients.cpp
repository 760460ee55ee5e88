// Why deep networks did not learn: the gradient of each of twenty layers, for four activations under three ways for weights to
// start, on images of digits, before any training.
//
//     vanishing_gradients                        in words
//     vanishing_gradients --picture norms.svg    and as a picture
#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

struct Activation {
  std::string name;
  Function<Tensor(const Tensor&)> apply;
};

const std::vector<Activation> kActivations = {
    {"sigmoid", [](const Tensor& x) { return sigmoid(x); }},
    {"tanh", [](const Tensor& x) { return tanh(x); }},
    {"ReLU", [](const Tensor& x) { return relu(x); }},
    {"leaky ReLU", [](const Tensor& x) { return leaky_relu(x, 0.1); }},
};

struct Start {
  std::string name;
  nn::Initializer weight;
};

const std::vector<Start> kStarts = {
    {"small", nn::init::normal(0, 0.01)},
    {"Glorot", nn::init::glorot_normal()},
    {"He", nn::init::he_normal()},
};

/// The norm of the gradient of each layer's weight, from the first layer to the last.
std::vector<double> gradient_norms(const Activation& activation, const Start& start, const data::Dataset& digits,
                                   int depth) {
  manual_seed(0);
  constexpr std::int64_t kWidth = 64;
  std::vector<nn::Dense> layers;
  for (int i = 0; i < depth; ++i)
    layers.emplace_back(kWidth, i + 1 < depth ? kWidth : 10,
                        nn::DenseOptions{.weight_init = start.weight, .bias_init = nn::init::zeros(), .dtype = DType::float64});
  Tensor x = digits.inputs;
  for (int i = 0; i < depth; ++i) x = i + 1 < depth ? activation.apply(layers[i](x)) : layers[i](x);
  nn::cross_entropy(x, digits.targets).backward();
  std::vector<double> norms;
  for (const nn::Dense& layer : layers) norms.push_back(norm(layer.weight().grad()).item());
  return norms;
}

/// What becomes of the gradient on its way from the last hidden layer to the first.
std::string in_words(double factor) {
  const double share = std::abs(factor);
  if (share == 0 || share < 1e-6) return "vanishes";
  if (share < 0.03) return "fades";
  if (share > 1e3) return "explodes";
  if (share > 30) return "grows";
  return "arrives";
}

void run(int depth, const std::string& picture) {
  const auto file = std::filesystem::path(__FILE__).parent_path() / "data" / "digits.csv.gz";
  const data::Dataset all = data::separate_target(data::read_csv(file.string(), {.dtype = DType::float64}).values);
  const data::Dataset digits = {.inputs = data::Standardizer::fit(all.inputs).transform(all.inputs),
                                .targets = all.targets};

  std::printf("Norm of the gradient of the weights of %d layers of 64, before training\n\n", depth);
  std::printf("%-8s %-11s %12s %12s %18s\n", "start", "activation", "first layer", "last hidden", "factor a layer");
  std::vector<train::Plot> panels;
  for (const Start& start : kStarts) {
    train::Plot panel({.title = start.name + " weights",
                       .x_label = "layer, counted from the input",
                       .y_label = "norm of its gradient",
                       .y_scale = train::Scale::log,
                       .y_range = {1e-20, 1e2},
                       .width = 380,
                       .height = 400});
    std::vector<double> layers;
    for (int i = 0; i < depth; ++i) layers.push_back(i + 1);
    for (const Activation& activation : kActivations) {
      const std::vector<double> norms = gradient_norms(activation, start, digits, depth);
      const double factor = norms[0] / norms[depth - 2];
      std::printf("%-8s %-11s %12.2e %12.2e %18.3f   the gradient %s\n", start.name.c_str(), activation.name.c_str(),
                  norms[0], norms[depth - 2], std::pow(factor, 1.0 / (depth - 2)), in_words(factor).c_str());
      panel.curve(activation.name, layers, norms);
    }
    panels.push_back(panel);
    std::printf("\n");
  }
  std::printf(
      "On its way back the gradient is multiplied, in each layer, by the weights and by the slope of the activation.\n"
      "  Small weights make it smaller whatever the activation is: the first layers learn nothing.\n"
      "  The slope of sigmoid is 1/4 at most: no start of the weights that keeps its inputs near 0 makes up for that.\n"
      "  Glorot's weights keep the size of what goes through tanh, whose slope at 0 is 1.\n"
      "  ReLU cuts half of what comes: He's weights are sqrt(2) larger, and make up for it; leaky ReLU cuts a little "
      "less.\n"
      "So: tanh with Glorot, ReLU and leaky ReLU with He, and sigmoid nowhere but at the end.\n");
  if (!picture.empty()) train::Panels(panels).save(picture);
}

}  // namespace

int main(int argc, char** argv) {
  int depth = 20;
  std::string picture;
  CLI::App app("Shows how the gradient fares in a deep network");
  app.add_option("--depth", depth, "layers")->check(CLI::Range(3, 1000))->capture_default_str();
  app.add_option("--picture", picture, "where to write the norms, as .svg or .png");
  CLI11_PARSE(app, argc, argv);
  try {
    run(depth, picture);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
