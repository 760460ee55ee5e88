// The same network, from the same start, on the same images of digits, under eight optimizers: how fast the loss falls.
//
//     optimizers                            a table
//     optimizers --picture curves.svg       and the curves of the loss
//     optimizers --report FOLDER            leaves a page of the runs there
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

struct Network : nn::Module {
  nn::Dense first = child("first", nn::Dense(64, 32));
  nn::Dense second = child("second", nn::Dense(32, 10));
  Tensor operator()(const Tensor& x) const { return second(relu(first(x))); }
};

/// A way to train: how many images a step sees, and what it makes of their gradient.
struct Way {
  std::string name;
  std::int64_t batch;  // 0: all
  Function<std::unique_ptr<optim::Optimizer>(const Network&)> make;
};

template <class Optimizer, class Options>
Way way(const std::string& name, std::int64_t batch, const Options& options) {
  return {name, batch, [=](const Network& network) -> std::unique_ptr<optim::Optimizer> {
            return std::make_unique<Optimizer>(network.parameters(), options);
          }};
}

const std::vector<Way>& ways() {
  using namespace optim;
  static const std::vector<Way> kWays = {
      way<SGD>("gradient descent", 0, SGDOptions{.lr = 0.5}),
      way<SGD>("SGD, one by one", 1, SGDOptions{.lr = 0.01}),
      way<SGD>("mini-batch", 32, SGDOptions{.lr = 0.1}),
      way<SGD>("momentum", 32, SGDOptions{.lr = 0.1, .momentum = 0.9}),
      way<Adagrad>("Adagrad", 32, AdagradOptions{.lr = 0.1}),
      way<Adadelta>("Adadelta", 32, AdadeltaOptions{.lr = 1}),
      way<RMSProp>("RMSProp", 32, RMSPropOptions{.lr = 3e-3}),
      way<Adam>("Adam", 32, AdamOptions{.lr = 1e-2}),
  };
  return kWays;
}

struct Course {
  std::vector<double> losses;  // over all images to learn from: before, and after each epoch
  std::int64_t steps = 0;
  double accuracy = 0;  // on the others
};

Course train_by(const Way& way, const data::Dataset& training, const data::Dataset& others, int epochs) {
  manual_seed(1);  // each starts from the same weights
  const Network network;
  const auto optimizer = way.make(network);
  Course course;
  const auto note = [&] {
    NoGrad no_grad;
    course.losses.push_back(nn::cross_entropy(network(training.inputs), training.targets).item());
  };
  note();
  for (int epoch = 0; epoch < epochs; ++epoch) {
    for (auto [x, y] : data::batches(training, {.size = way.batch, .shuffle = true})) {
      const Tensor inputs = x, targets = y;
      optimizer->step([&] { return nn::cross_entropy(network(inputs), targets); });
      ++course.steps;
    }
    note();
  }
  NoGrad no_grad;
  const Tensor right = argmax(network(others.inputs), 1) == others.targets;
  course.accuracy = mean(cast(right, DType::float32)).item();
  return course;
}

void run(int epochs, const std::string& picture, const std::string& folder) {
  RunReport report(folder);
  const std::string file = example_data("digits.csv.gz");
  data::Dataset digits = data::separate_target(data::read_csv(file).values);
  digits.inputs = digits.inputs / 16;  // pixels are 0 ... 16
  const auto [training, others] = data::split(digits, {.test_fraction = 1.0 / 3, .stratify = true, .seed = 0});

  std::printf("%ld images to learn from, %ld others, %d epochs\n\n", static_cast<long>(training.size()),
              static_cast<long>(others.size()), epochs);
  std::printf("%-18s %8s %8s   %12s %12s\n", "", "lr", "steps", "last loss", "others right");
  const train::PlotOptions common = {.x_label = "epoch",
                                     .y_label = "loss on the training images",
                                     .y_scale = train::AxisScale::log,
                                     .y_range = {1e-3, 4},
                                     .width = 520,
                                     .height = 420};
  train::PlotOptions left = common, right = common;
  left.title = "One rate for all weights";
  right.title = "A rate for each weight";
  train::Plot plain(left), adaptive(right);
  for (std::size_t i = 0; i < ways().size(); ++i) {
    const Way& way = ways()[i];
    const Course course = train_by(way, training, others, epochs);
    std::printf("%-18s %8.3g %8ld   %12.4f %10.1f %%\n", way.name.c_str(), way.make(Network())->lr(),
                static_cast<long>(course.steps), course.losses.back(), 100 * course.accuracy);
    (i < 4 ? plain : adaptive).line(way.name, course.losses, {.colour = static_cast<int>(i)});
    if (way.name == "mini-batch")  // for comparison
      adaptive.line(way.name, course.losses, {.dashed = true, .colour = static_cast<int>(i)});
    report.note(way.name + ", others right", 100 * course.accuracy, "%");
  }
  report.save("The same network under eight optimizers", plain, adaptive);
  if (!picture.empty())
    train::Panels({plain, adaptive}, {.title = "The same network under eight optimizers"}).save(picture);
}

}  // namespace

int main(int argc, char** argv) {
  int epochs = 30;
  std::string picture, report;
  CLI::App app("Trains one network under eight optimizers");
  add_integer(app, "--epochs", epochs, 1, 1'000'000);
  app.add_option("--picture", picture, "where to write the curves, as .svg or .png");
  add_report(app, report);
  return run_program(app, argc, argv, [&] { run(epochs, picture, report); });
}
