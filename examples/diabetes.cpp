// The progress of diabetes in 442 patients: a linear model fitted by L-BFGS, beside the closed-form solution; and a
// model of too many features, saved from learning its data by heart by early stopping.
//
//     diabetes                    the coefficients agree to 1e-8
//     diabetes --report FOLDER    leaves a page of the early stopping there
//     diabetes --help             all options
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

#include "command_line.hpp"
#include "data.hpp"
#include "run_report.hpp"

using namespace xgrad;

namespace {

struct Patients {
  Tensor features, progress;  // [442, 10] and [442, 1]
};

Patients read_patients() {
  const auto table =
      data::read_csv(example_data("diabetes_data_raw.csv.gz"), {.delimiter = ' ', .dtype = DType::float64});
  const Tensor progress = data::read_csv(example_data("diabetes_target.csv.gz"), {.dtype = DType::float64}).values;
  return {table.values, progress};
}

Tensor with_ones(const Tensor& x) { return cat({x, ones({x.size(0), 1}, {.dtype = DType::float64})}, 1); }

/// Share of the variance of y that the prediction explains.
double r_squared(const Tensor& prediction, const Tensor& y) {
  return 1 - (sum(square(y - prediction)) / sum(square(y - mean(y)))).item();
}

/// Fits the linear model by L-BFGS, prints it beside the normal equations' solution, and answers with the largest
/// difference.
double fit_linear(const Patients& patients) {
  const Tensor x = data::Standardizer::fit(patients.features).transform(patients.features);
  const Tensor& y = patients.progress;
  nn::Dense model(x.size(1), 1, {.dtype = DType::float64});
  // No line search: on a parabola the step 1 is right, and near its least a loss tells steps no longer apart; gradients
  // do.
  optim::LBFGS lbfgs(model.parameters(), {.tolerance_grad = 1e-11, .tolerance_change = 0});
  int evaluations = 0;
  std::printf("A linear model of 10 features, by L-BFGS\n");
  for (int step = 0; step < 10; ++step) {
    const Tensor loss = lbfgs.step([&] {
      ++evaluations;
      return nn::mse(model(x), y);
    });
    if (step < 3) std::printf("  before step %d   mean squared error %.9f\n", step + 1, loss.item());
  }

  NoGrad no_grad;
  const Tensor rows = with_ones(x);
  const Tensor exact = linalg::solve(matmul(transpose(rows), rows), matmul(transpose(rows), y));
  const Tensor found = cat({reshape(model.weight(), {-1}), model.bias()});
  const char* names[] = {"age", "sex", "body mass", "blood pressure", "s1", "s2", "s3", "s4", "s5", "s6", "bias"};
  double largest = 0;
  std::printf("\n  %-14s  %18s  %18s\n", "coefficient of", "L-BFGS", "normal equations");
  for (int i = 0; i < 11; ++i) {
    const double ours = found[i].item(), theirs = exact[{i, 0}].item();
    std::printf("  %-14s  %18.10f  %18.10f\n", names[i], ours, theirs);
    largest = std::max(largest, std::abs(ours - theirs));
  }
  std::printf("\n  R^2 %.6f; the largest difference is %.1e after %d evaluations of the loss\n\n",
              r_squared(model(x), y), largest, evaluations);
  return largest;
}

/// The features, and the products of each two of them.
Tensor with_products(const Tensor& x) {
  std::vector<Tensor> columns = {x};
  for (std::int64_t i = 0; i < x.size(1); ++i) columns.push_back(narrow(x, 1, i, 1) * narrow(x, 1, i, x.size(1) - i));
  return cat(columns, 1);
}

/// Trains the model of 65 features on few patients, once to the end and once until it no longer helps. Answers with
/// both errors on patients that neither training nor stopping has seen.
struct Stopped {
  double to_the_end, early;
};
Stopped stop_early(const Patients& patients, int epochs, RunReport& report) {
  const auto [seen, unseen] =
      data::split({.inputs = patients.features, .targets = patients.progress}, {.test_fraction = 0.5, .seed = 3});
  const auto [training, validation] = data::split(seen, {.test_fraction = 0.4, .seed = 4});
  const auto standard = data::Standardizer::fit(training.inputs);
  const Tensor x = with_products(standard.transform(training.inputs)), y = training.targets;
  const Tensor x_validation = with_products(standard.transform(validation.inputs));
  const Tensor x_unseen = with_products(standard.transform(unseen.inputs));

  nn::Dense model(x.size(1), 1, {.weight_init = nn::init::zeros(), .dtype = DType::float64});
  optim::Adam adam(model.parameters(), {.lr = 1});
  train::EarlyStopping stopping(model, {.patience = epochs});
  std::printf("A linear model of %ld features, learned from %ld patients, by Adam\n", static_cast<long>(x.size(1)),
              static_cast<long>(x.size(0)));
  const auto error = [&](const Tensor& inputs, const Tensor& targets) {
    NoGrad no_grad;
    return std::sqrt(nn::mse(model(inputs), targets).item());
  };
  for (int epoch = 0; epoch < epochs; ++epoch) {
    const double loss = adam.step([&] { return nn::mse(model(x), y); }).item();
    const double validation_error = error(x_validation, validation.targets);
    stopping.update(validation_error);
    if (epoch % std::max(1, epochs / 200) == 0)
      report.scalars(epoch + 1, {{"error/training", std::sqrt(loss)}, {"error/validation", validation_error}});
    if ((epoch + 1) % (epochs / 5) == 0)
      std::printf("  epoch %5d   error on what it learns from %6.2f   on the others %6.2f\n", epoch + 1,
                  std::sqrt(loss), validation_error);
  }
  Stopped result{};
  result.to_the_end = error(x_unseen, unseen.targets);
  stopping.restore();
  result.early = error(x_unseen, unseen.targets);
  std::printf("\n  on %ld patients it never saw: %.2f after all %d epochs, %.2f stopped after epoch %ld\n",
              static_cast<long>(unseen.size()), result.to_the_end, epochs, result.early,
              static_cast<long>(stopping.best_update() + 1));
  return result;
}

int run(int epochs, const std::string& folder) {
  manual_seed(0);
  const Patients patients = read_patients();
  const double difference = fit_linear(patients);
  RunReport report(folder);
  const Stopped stopped = stop_early(patients, epochs, report);
  report.note("largest difference of a coefficient by L-BFGS", difference);
  report.note("error on patients it never saw, to the end", stopped.to_the_end);
  report.note("error on patients it never saw, stopped early", stopped.early);
  report.save("The progress of diabetes: 65 features, stopped early");
  return difference < 1e-8 && stopped.early <= stopped.to_the_end ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  int epochs = 5000;
  std::string report;
  CLI::App app("Fits the progress of diabetes by L-BFGS, and by Adam with early stopping");
  add_integer(app, "--epochs", epochs, 5, 1'000'000, "of the model that is stopped early");
  add_report(app, report);
  return run_program(app, argc, argv, [&] { return run(epochs, report); });
}
