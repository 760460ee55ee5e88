#include <algorithm>
#include <cmath>

#include <xgrad/autograd/ops/loss.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

using Pair = double (*)(double x, double target);

/// A loss of each element and its target.
std::vector<double> losses_of(std::span<const Tensor> x, Pair loss) {
  std::vector<double> a = x[0].to_vector<double>(), t = x[1].to_vector<double>();
  for (std::size_t i = 0; i < a.size(); ++i) a[i] = loss(a[i], t[i]);
  return a;
}
TensorFunction mean_loss(Pair loss) {
  return [loss](std::span<const Tensor> x) { return f64(mean_of(losses_of(x, loss))); };
}

double squared(double x, double t) { return (x - t) * (x - t); }
double absolute(double x, double t) { return std::abs(x - t); }
double binary(double x, double t) {
  return -(t * std::max(std::log(x), -100.0) + (1 - t) * std::max(std::log(1 - x), -100.0));
}
double of_logit(double x, double t) { return binary(1 / (1 + std::exp(-x)), t); }

/// x's elements of each sample by class: the class axis is 1, or the only one.
std::vector<std::vector<double>> samples_of(const Tensor& x) {
  Elements of(x);
  const int axis = x.ndim() == 1 ? 0 : 1;
  Shape rest = x.shape();
  rest.erase(axis);
  std::vector<std::vector<double>> samples;
  by_place(rest, [&](Place at) {
    at.insert(at.begin() + axis, 0);
    samples.emplace_back();
    for (at[axis] = 0; at[axis] < x.shape()[axis]; ++at[axis]) samples.back().push_back(of(at));
    return 0.0;
  });
  return samples;
}

/// The mean over the samples of -sum_c target_c log p_c.
Tensor mean_cross_entropy(const Tensor& x, const Function<double(std::size_t sample, std::size_t c)>& target) {
  std::vector<std::vector<double>> samples = samples_of(x);
  double total = 0;
  for (std::size_t n = 0; n < samples.size(); ++n)
    for (std::size_t c = 0; c < samples[n].size(); ++c)
      total -= target(n, c) * (samples[n][c] - logsumexp_of(samples[n]));
  return f64(total / static_cast<double>(samples.size()));
}

Rows rows() {
  const OperatorInput any = {}, probability = {.low = 0.1, .high = 0.9},
                      label = {.low = 0, .high = 4, .dtype = DType::int64};
  const std::vector<std::vector<Shape>> pairs = {{{2, 3}, {2, 3}}, {{}, {}}, {{67}, {67}}};
  const std::vector<std::vector<Shape>> large = {{{301, 703}, {301, 703}}};
  const std::vector<std::vector<Shape>> classes = {{{5, 4}, {5}}, {{4}, {}}, {{2, 4, 3}, {2, 3}}};
  const std::vector<std::vector<Shape>> many = {{{30007, 4}, {30007}}};
  return {
      {.name = "mse",
       .function = [](const Tensor& x, const Tensor& t) { return mse(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .large = large,
       .expected = mean_loss(squared),
       .refused = {[](const Tensor& x, const Tensor& t) { return mse(x, sum(t, 1)); }}},
      {.name = "mse(sum)",
       .function = [](const Tensor& x, const Tensor& t) { return mse(x, t, Reduction::sum); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return f64(sum_of(losses_of(x, squared))); }},
      {.name = "mse(none)",
       .function = [](const Tensor& x, const Tensor& t) { return mse(x, t, Reduction::none); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = [](std::span<const Tensor> x) { return from_vector(losses_of(x, squared), x[0].shape()); }},
      {.name = "mae",
       .function = [](const Tensor& x, const Tensor& t) { return mae(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .large = large,
       .expected = mean_loss(absolute),
       .refused = {[](const Tensor& x, const Tensor& t) { return mae(x, sum(t, 1)); }}},
      {.name = "rmse",
       .function = [](const Tensor& x, const Tensor& t) { return rmse(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .large = large,
       .expected = [](std::span<const Tensor> x) { return f64(std::sqrt(mean_of(losses_of(x, squared)))); },
       .refused = {[](const Tensor& x, const Tensor& t) { return rmse(x, sum(t, 1)); }}},
      {.name = "binary_cross_entropy",
       .function = [](const Tensor& x, const Tensor& t) { return binary_cross_entropy(x, t); },
       .inputs = {probability, probability},
       .shapes = pairs,
       .large = large,
       .expected = mean_loss(binary),
       .refused = {[](const Tensor& x, const Tensor& t) { return binary_cross_entropy(x + 1, t); }},
       .propagates_nan = false},
      {.name = "binary_cross_entropy_with_logits",
       .function = [](const Tensor& x, const Tensor& t) { return binary_cross_entropy_with_logits(x, t); },
       .inputs = {any, probability},
       .shapes = pairs,
       .large = large,
       .expected = mean_loss(of_logit),
       .refused = {[](const Tensor& x, const Tensor& t) { return binary_cross_entropy_with_logits(x, sum(t, 1)); }}},
      {.name = "cross_entropy",
       .function = [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t); },
       .inputs = {any, label},
       .shapes = classes,
       .large = many,
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> labels = x[1].to_vector<double>();
             return mean_cross_entropy(x[0],
                                       [&](std::size_t n, std::size_t c) { return double(labels[n] == double(c)); });
           },
       .refused = {[](const Tensor& x, const Tensor& t) { return cross_entropy(x, t + 4); },
                   [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t, {.label_smoothing = 2}); }}},
      {.name = "cross_entropy(smoothed)",
       .function = [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t, {.label_smoothing = 0.1}); },
       .inputs = {any, label},
       .shapes = classes,
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> labels = x[1].to_vector<double>();
             return mean_cross_entropy(
                 x[0], [&](std::size_t n, std::size_t c) { return 0.9 * double(labels[n] == double(c)) + 0.1 / 4; });
           }},
      {.name = "cross_entropy(probabilities)",
       .function = [](const Tensor& x, const Tensor& t) { return cross_entropy(x, t); },
       .inputs = {any, probability},
       .shapes = {{{5, 4}, {5, 4}}, {{2, 4, 3}, {2, 4, 3}}},
       .large = {{{30007, 4}, {30007, 4}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<std::vector<double>> targets = samples_of(x[1]);
             return mean_cross_entropy(x[0], [&](std::size_t n, std::size_t c) { return targets[n][c]; });
           }},
      {.name = "nll_loss",
       .function = [](const Tensor& x, const Tensor& t) { return nll_loss(x, t); },
       .inputs = {any, label},
       .shapes = classes,
       .large = many,
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<std::vector<double>> samples = samples_of(x[0]);
             std::vector<double> labels = x[1].to_vector<double>(), losses;
             for (std::size_t n = 0; n < samples.size(); ++n)
               losses.push_back(-samples[n][static_cast<std::size_t>(labels[n])]);
             return f64(mean_of(losses));
           },
       .refused = {[](const Tensor& x, const Tensor& t) { return nll_loss(x, t - 4); }},
       .propagates_nan = false},
  };
}

const Family kFamily("loss", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Losses keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("loss"); }
