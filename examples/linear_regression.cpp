// Linear regression on the progress of diabetes in 442 patients: gradient descent, beside the least squares
// that the normal equations give.
//
//     linear_regression                    both, side by side
//     linear_regression --report FOLDER    leaves a page of the descent there
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

/// Share of the variance of y that the prediction explains.
double r_squared(const Tensor& prediction, const Tensor& y) {
  return 1 - (sum(square(y - prediction)) / sum(square(y - mean(y)))).item();
}

/// The w that solves (x^T x) w = x^T y, by Gaussian elimination (x^T x is positive definite: no pivots are
/// needed).
Tensor least_squares(const Tensor& x, const Tensor& y) {
  const std::int64_t n = x.size(1);
  std::vector<double> a = matmul(transpose(x), x).to_vector<double>();
  std::vector<double> w = matmul(transpose(x), y).to_vector<double>();
  for (std::int64_t k = 0; k < n; ++k)
    for (std::int64_t i = k + 1; i < n; ++i) {
      const double factor = a[i * n + k] / a[k * n + k];
      for (std::int64_t j = k; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      w[i] -= factor * w[k];
    }
  for (std::int64_t k = n; k-- > 0;) {
    for (std::int64_t j = k + 1; j < n; ++j) w[k] -= a[k * n + j] * w[j];
    w[k] /= a[k * n + k];
  }
  return from_vector(w, {n, 1});
}

int run(const std::string& folder) {
  const auto table =
      data::read_csv(example_data("diabetes_data_raw.csv.gz"), {.delimiter = ' ', .dtype = DType::float64});
  const Tensor y = data::read_csv(example_data("diabetes_target.csv.gz"), {.dtype = DType::float64}).values;
  const Tensor x = data::Standardizer::fit(table.values).transform(table.values);

  manual_seed(0);
  nn::Dense model(x.size(1), 1, {.dtype = DType::float64});
  optim::SGD sgd(model.parameters(), {.lr = 0.1, .momentum = 0.95});
  RunReport report(folder);
  for (int step = 0; step <= 400; ++step) {
    const Tensor loss = nn::mse(model(x), y);
    sgd.zero_grad();
    loss.backward();
    sgd.step();
    report.scalars(step, {{"mean squared error", loss.item()}});
    if (step % 100 == 0) std::printf("step %4d  mean squared error %9.3f\n", step, loss.item());
  }

  NoGrad no_grad;
  const Tensor with_bias = cat({x, ones({x.size(0), 1}, {.dtype = DType::float64})}, 1);
  const Tensor exact = least_squares(with_bias, y);
  const double by_descent = r_squared(model(x), y), by_equations = r_squared(matmul(with_bias, exact), y);
  std::printf("\nR^2 by gradient descent %.6f, by the normal equations %.6f\n\n", by_descent, by_equations);

  const char* features[] = {"age", "sex", "body mass", "blood pressure", "s1", "s2", "s3", "s4", "s5", "s6", "bias"};
  std::printf("%-14s  %10s  %16s\n", "coefficient of", "descent", "normal equations");
  const Tensor found = cat({reshape(model.weight(), {-1}), model.bias()});
  for (int i = 0; i < 11; ++i)
    std::printf("%-14s  %10.4f  %16.4f\n", features[i], found[i].item(), exact[{i, 0}].item());
  report.note("R^2 by gradient descent", by_descent);
  report.note("R^2 by the normal equations", by_equations);
  report.save("Linear regression by gradient descent");
  return std::abs(by_descent - by_equations) < 1e-4 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  std::string report;
  CLI::App app("Fits a linear model by gradient descent, beside the normal equations");
  add_report(app, report);
  return run_program(app, argc, argv, [&] { return run(report); });
}
