// Why deep networks did not learn: the gradient of each of twelve layers, for four activations under three ways for
// weights to start, on images of digits, before any training.
//
//     vanishing_gradients                        in words
//     vanishing_gradients --picture norms.svg    and as a picture
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "data.hpp"

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

/// How the layers of a network stand, from the first to the last.
struct Course {
  std::vector<double> weight_gradients;  // the norm for each layer
  double forward, backward;              // by what a layer multiplies what goes on, and the gradient that comes back
};

Course examine(const Activation& activation, const Start& start, const data::Dataset& digits, int depth) {
  manual_seed(0);
  constexpr std::int64_t kWidth = 64;
  std::vector<nn::Dense> layers;
  for (int i = 0; i < depth; ++i)
    layers.emplace_back(
        kWidth, i + 1 < depth ? kWidth : 10,
        nn::DenseOptions{.weight_init = start.weight, .bias_init = nn::init::zeros(), .dtype = DType::float64});
  std::vector<Tensor> hidden;
  Tensor x = digits.inputs;
  for (int i = 0; i + 1 < depth; ++i) {
    x = activation.apply(layers[i](x));
    x.retain_grad();
    hidden.push_back(x);
  }
  nn::cross_entropy(layers[depth - 1](x), digits.targets).backward();

  Course course{};
  for (const nn::Dense& layer : layers) course.weight_gradients.push_back(norm(layer.weight().grad()).item());
  const auto per_layer = [&](const Tensor& to, const Tensor& from) {
    return std::pow((norm(to) / norm(from)).item(), 1.0 / (depth - 2));
  };
  course.forward = per_layer(hidden.back().detach(), hidden.front().detach());
  course.backward = per_layer(hidden.front().grad(), hidden.back().grad());
  return course;
}

std::string in_words(const Course& course) {
  if (course.backward < 0.5)
    return course.forward < 0.5 ? "nothing is left in any layer" : "it vanishes on its way back";
  if (course.backward > 1.5) return "it explodes";
  return course.backward < 0.8 ? "it fades" : "it arrives";
}

void run(int depth, const std::string& picture) {
  const std::string file = example_data("digits.csv.gz");
  const data::Dataset all = data::separate_target(data::read_csv(file, {.dtype = DType::float64}).values);
  const data::Dataset digits = {.inputs = data::Standardizer::fit(all.inputs).transform(all.inputs),
                                .targets = all.targets};

  std::printf("Norm of the gradient of the weights of %d layers of 64, before training\n\n", depth);
  std::printf("%-8s %-11s %12s %12s   %s\n", "", "", "in the first", "in the last", "a layer multiplies what goes");
  std::printf("%-8s %-11s %12s %12s %10s %10s\n", "start", "activation", "layer", "hidden one", "forward", "back");
  std::vector<train::Plot> panels;
  for (const Start& start : kStarts) {
    train::Plot panel({.title = start.name + " weights",
                       .x_label = "layer, from the input on",
                       .y_label = "norm of the weights' gradient",
                       .y_scale = train::AxisScale::log,
                       .y_range = {1e-20, 1e1},
                       .width = 380,
                       .height = 400});
    std::vector<double> layers;
    for (int i = 0; i < depth; ++i) layers.push_back(i + 1);
    for (const Activation& activation : kActivations) {
      const Course course = examine(activation, start, digits, depth);
      std::printf("%-8s %-11s %12.2e %12.2e %10.3f %10.3f   %s\n", start.name.c_str(), activation.name.c_str(),
                  course.weight_gradients[0], course.weight_gradients[depth - 2], course.forward, course.backward,
                  in_words(course).c_str());
      panel.curve(activation.name, layers, course.weight_gradients,
                  {.dashed = activation.name == "leaky ReLU"});  // which would hide ReLU's
    }
    panels.push_back(panel);
    std::printf("\n");
  }
  std::printf(
      "The gradient of a layer's weights is what came to the layer times the gradient that comes back to it. Each "
      "layer between\n"
      "multiplies the one on its way forward and the other on its way back, and many factors make a power.\n"
      "  Small weights shrink both: what little comes to the last layers gives as little gradient as what comes back "
      "to the first.\n"
      "  The slope of sigmoid is 1/4 at most, so that the gradient vanishes on its way back, whatever the start.\n"
      "  Glorot's weights keep what goes through tanh, whose slope at 0 is 1. ReLU cuts half of it, and fades by "
      "sqrt(2) a layer,\n"
      "  both ways: He's weights are larger by just that.\n"
      "So: tanh with Glorot, ReLU and leaky ReLU with He, and sigmoid nowhere but at the end.\n");
  if (!picture.empty()) train::Panels(panels, {.title = "Gradients of a deep network before training"}).save(picture);
}

}  // namespace

int main(int argc, char** argv) {
  int depth = 12;
  std::string picture;
  CLI::App app("Shows how the gradient fares in a deep network");
  add_integer(app, "--depth", depth, 3, 1000, "layers");
  app.add_option("--picture", picture, "where to write the norms, as .svg or .png");
  return run_program(app, argc, argv, [&] { run(depth, picture); });
}
