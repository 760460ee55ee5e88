// Model-agnostic meta-learning: a start from which one step of gradient descent on ten points fits a sine curve that
// was never seen. The gradient for the start goes through that step, which is a gradient itself.
//
//     maml                 about twenty seconds
//     maml --steps 70000   as long as in the paper
//     maml --report FOLDER leaves a page of the run there
//
// Source: Finn, Abbeel, Levine, Model-agnostic meta-learning for fast adaptation of deep networks, 2017.
#include <algorithm>
#include <cstdio>
#include <numbers>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

struct Settings {
  int steps = 10000;  // of the start
  int tasks = 10;     // curves in each of them
  int points = 10;    // of each curve, to adapt to
  double inner_lr = 0.01;
  double lr = 1e-3;
  std::uint64_t seed = 0;
  std::string report;  // folder; empty: none
};

struct Curve : nn::Module {
  nn::Dense hidden1 = child("hidden1", nn::Dense(1, 40));
  nn::Dense hidden2 = child("hidden2", nn::Dense(40, 40));
  nn::Dense output = child("output", nn::Dense(40, 1));

  Tensor operator()(const Tensor& x) const {
    return call(x, [&] { return output(relu(hidden2(relu(hidden1(x))))); });
  }
};

/// amplitude * sin(x + phase), at random places from -5 to 5.
struct Task {
  double amplitude = uniform({}, 0.1, 5).item();
  double phase = uniform({}, 0, std::numbers::pi).item();

  data::Dataset points(std::int64_t count) const {
    Tensor x = uniform({count, 1}, -5, 5);
    return {x, amplitude * sin(x + phase)};
  }
};

/// The model after one step of gradient descent on these points. With create_graph the step itself can be
/// differentiated.
Curve adapted(const Curve& model, const data::Dataset& seen, double lr, bool create_graph) {
  std::vector<Tensor> weights = model.parameters();
  std::vector<Tensor> gradients =
      grad(nn::mse(model(seen.inputs), seen.targets), weights, {.create_graph = create_graph});
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = weights[i] - lr * gradients[i];
  return nn::with_parameters(model, weights);
}

/// Mean squared error on new curves after 0, 1 ... 5 steps on ten of their points.
std::vector<double> errors_on_new_curves(const Curve& model, const Settings& settings) {
  constexpr int kCurves = 200, kSteps = 5;
  std::vector<double> errors(kSteps + 1);
  for (int i = 0; i < kCurves; ++i) {
    const Task task;
    const data::Dataset seen = task.points(settings.points), other = task.points(100);
    Curve current = nn::clone(model);
    for (std::size_t step = 0; step <= kSteps; ++step) {
      errors[step] += nn::mse(current(other.inputs), other.targets).item() / kCurves;
      current.copy_parameters_from(adapted(current, seen, settings.inner_lr, false));
    }
  }
  return errors;
}

void print_errors(const char* start, const std::vector<double>& errors) {
  std::printf("%-24s", start);
  for (double error : errors) std::printf(" %7.3f", error);
  std::printf("\n");
}

void run(const Settings& settings) {
  manual_seed(settings.seed);
  const Curve random;
  Curve model = nn::clone(random), joint = nn::clone(random);
  optim::Adam meta(model.parameters(), {.lr = settings.lr}), plain(joint.parameters(), {.lr = settings.lr});
  RunReport report(settings.report);
  const int every = std::max(1, settings.steps / 100);
  train::RunningMean adapted_error;
  for (int step = 1; step <= settings.steps; ++step) {
    std::vector<Task> tasks(static_cast<std::size_t>(settings.tasks));
    Tensor loss = meta.step([&] {
      Tensor total = zeros({});
      for (const Task& task : tasks) {
        const data::Dataset seen = task.points(settings.points), other = task.points(settings.points);
        const Curve one_step_on = adapted(model, seen, settings.inner_lr, true);
        total = total + nn::mse(one_step_on(other.inputs), other.targets) / settings.tasks;
      }
      return total;
    });
    // The same curves without a step: the best that one network can be for all of them at once.
    plain.step([&] {
      Tensor total = zeros({});
      for (const Task& task : tasks) {
        const data::Dataset seen = task.points(settings.points);
        total = total + nn::mse(joint(seen.inputs), seen.targets) / settings.tasks;
      }
      return total;
    });
    adapted_error.add(loss.item());
    if (step % every == 0) {
      report.scalars(step, {{"error after one step of adaptation", adapted_error.mean()}});
      adapted_error = {};
    }
    if (step % 2000 == 0 || step == settings.steps)
      std::printf("step %5d of %d: error after one step of adaptation %.3f\n", step, settings.steps, loss.item());
  }
  std::printf(
      "\nmean squared error on 200 new curves, after steps of gradient descent on %d points of each:\n"
      "start                          0       1       2       3       4       5\n",
      settings.points);
  const std::vector<double> of_random = errors_on_new_curves(random, settings);
  const std::vector<double> of_joint = errors_on_new_curves(joint, settings);
  print_errors("random", of_random);
  print_errors("learned on all curves", of_joint);
  const std::vector<double> errors = errors_on_new_curves(model, settings);
  print_errors("MAML", errors);
  std::printf("\none step from MAML's start leaves %.0f %% of the error\n", 100 * errors[1] / errors[0]);
  report.note("of the error, one step from MAML's start leaves", 100 * errors[1] / errors[0], "%");
  report.save("MAML: a start from which a step suffices",
              train::Plot({.title = "200 new curves, by steps on ten points of each",
                           .x_label = "steps of gradient descent",
                           .y_label = "mean squared error"})
                  .line("random start", of_random)
                  .line("learned on all curves", of_joint)
                  .line("MAML", errors));
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  CLI::App app("Learns a start from which one step of gradient descent fits a new curve");
  add_integer(app, "--steps", settings.steps, 1, 1'000'000);
  add_integer(app, "--tasks", settings.tasks, 1, 1000);
  add_integer(app, "--points", settings.points, 1, 1000);
  add_seed(app, settings.seed);
  add_report(app, settings.report);
  return run_program(app, argc, argv, [&] { run(settings); });
}
