#include <algorithm>
#include <cmath>

#include <xgrad/autograd/ops.hpp>
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

Rows plain() {
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

/// The mean of a loss of rows: of each list along the last axis of x[0] and those of the other operands.
using Vectors = std::vector<std::vector<double>>;
Vectors rows_of_last_axis(const Tensor& x) {
  const std::size_t length = static_cast<std::size_t>(x.ndim() == 0 ? 1 : x.shape().back());
  std::vector<double> all = x.to_vector<double>();
  Vectors rows;
  for (std::size_t at = 0; at < all.size(); at += length)
    rows.emplace_back(all.begin() + static_cast<std::ptrdiff_t>(at),
                      all.begin() + static_cast<std::ptrdiff_t>(at + length));
  return rows;
}
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double total = 0;
  for (std::size_t i = 0; i < a.size(); ++i) total += (a[i] - b[i] + 1e-6) * (a[i] - b[i] + 1e-6);
  return std::sqrt(total);
}
double cosine(const std::vector<double>& a, const std::vector<double>& b) {
  double ab = 0, aa = 1e-12, bb = 1e-12;
  for (std::size_t i = 0; i < a.size(); ++i) {
    ab += a[i] * b[i];
    aa += a[i] * a[i];
    bb += b[i] * b[i];
  }
  return ab / std::sqrt(aa * bb);
}
/// The mean over classes and samples of max(0, 1 - x[label] + x[c])^p.
TensorFunction mean_multi_margin(int p) {
  return [p](std::span<const Tensor> x) {
    Vectors scores = rows_of_last_axis(x[0]);
    std::vector<double> labels = x[1].to_vector<double>(), losses;
    for (std::size_t n = 0; n < scores.size(); ++n) {
      double total = 0;
      for (std::size_t c = 0; c < scores[n].size(); ++c)
        if (c != static_cast<std::size_t>(labels[n]))
          total += std::pow(std::max(0.0, 1 - scores[n][static_cast<std::size_t>(labels[n])] + scores[n][c]), p);
      losses.push_back(total / static_cast<double>(scores[n].size()));
    }
    return f64(mean_of(losses));
  };
}

Rows margins() {
  const OperatorInput any = {}, label = {.low = -1, .high = 2, .dtype = DType::int64},
                      index = {.low = 0, .high = 5, .dtype = DType::int64};
  const std::vector<std::vector<Shape>> pairs = {{{2, 3}, {2, 3}}, {{}, {}}, {{67}, {67}}};
  const std::vector<std::vector<Shape>> triplets = {
      {{4, 5}, {4, 5}, {4, 5}}, {{6}, {6}, {6}}, {{2, 1, 3}, {2, 2, 3}, {1, 2, 3}}};
  return {
      {.name = "soft_margin_loss",
       .function = [](const Tensor& x, const Tensor& t) { return soft_margin_loss(x, t); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = mean_loss([](double x, double t) { return softplus_of(-t * x); }),
       .refused = {[](const Tensor& x, const Tensor& t) { return soft_margin_loss(x, sum(t, 1)); }}},
      {.name = "multilabel_soft_margin_loss",
       .function = [](const Tensor& x, const Tensor& t) { return multilabel_soft_margin_loss(x, t); },
       .inputs = {any, {.low = 0.1, .high = 0.9}},
       .shapes = {{{2, 3}, {2, 3}}, {{67}, {67}}},
       .expected = mean_loss(of_logit),
       .refused = {
           [](const Tensor& x, const Tensor& t) { return multilabel_soft_margin_loss(x, t, {.weight = zeros({7})}); },
           [](const Tensor& x, const Tensor& t) { return multilabel_soft_margin_loss(sum(x), sum(t)); }}},
      {.name = "hinge_embedding_loss",
       .function = [](const Tensor& x, const Tensor& t) { return hinge_embedding_loss(x, t); },
       .inputs = {{.avoid = {1}}, label},
       .shapes = pairs,
       .expected =
           mean_loss([](double x, double t) { return (t != -1 ? x : 0) + (t != 1 ? std::max(0.0, 1 - x) : 0); }),
       .refused = {[](const Tensor& x, const Tensor& t) { return hinge_embedding_loss(x, sum(t, 1)); }}},
      {.name = "cosine_embedding_loss",
       .function = [](const Tensor& a, const Tensor& b,
                      const Tensor& t) { return cosine_embedding_loss(a, b, t, {.margin = 0.1}); },
       .inputs = {any, any, label},
       .shapes = {{{4, 5}, {4, 5}, {4}}, {{7}, {7}, {}}},
       .expected =
           [](std::span<const Tensor> x) {
             Vectors a = rows_of_last_axis(x[0]), b = rows_of_last_axis(x[1]);
             std::vector<double> t = x[2].to_vector<double>(), losses;
             for (std::size_t i = 0; i < t.size(); ++i) {
               double c = cosine(a[i], b[i]);
               losses.push_back(t[i] == 1 ? 1 - c : t[i] == -1 ? std::max(0.0, c - 0.1) : 0);
             }
             return f64(mean_of(losses));
           },
       .refused = {[](const Tensor& a, const Tensor& b, const Tensor& t) {
         return cosine_embedding_loss(a, sum(b, 1), t);
       }},
       .propagates_nan = false},
      {.name = "margin_ranking_loss",
       .function = [](const Tensor& a, const Tensor& b,
                      const Tensor& t) { return margin_ranking_loss(a, b, t, {.margin = 0.5}); },
       .inputs = {any, any, any},
       .shapes = {{{2, 3}, {2, 3}, {2, 3}}, {{}, {}, {}}, {{5, 2}, {5, 2}, {5, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> a = x[0].to_vector<double>(), b = x[1].to_vector<double>(),
                                 t = x[2].to_vector<double>();
             for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::max(0.0, 0.5 - t[i] * (a[i] - b[i]));
             return f64(mean_of(a));
           },
       .refused = {[](const Tensor& a, const Tensor& b, const Tensor& t) {
         return margin_ranking_loss(a, sum(b, 0), t);
       }}},
      {.name = "triplet_margin_loss",
       .function = [](const Tensor& a, const Tensor& p, const Tensor& n) { return triplet_margin_loss(a, p, n); },
       .inputs = {any, any, any},
       .shapes = {triplets[0], triplets[1]},
       .expected =
           [](std::span<const Tensor> x) {
             Vectors a = rows_of_last_axis(x[0]), p = rows_of_last_axis(x[1]), n = rows_of_last_axis(x[2]);
             std::vector<double> losses;
             for (std::size_t i = 0; i < a.size(); ++i)
               losses.push_back(std::max(0.0, 1 + distance(a[i], p[i]) - distance(a[i], n[i])));
             return f64(mean_of(losses));
           },
       .refused = {[](const Tensor& a, const Tensor& p, const Tensor& n) {
                     return triplet_margin_loss(a, p, sum(n, 0));
                   },
                   [](const Tensor& a, const Tensor& p, const Tensor& n) {
                     return triplet_margin_loss(a, p, n, {.p = std::nan("")});
                   }}},
      {.name = "triplet_margin_loss(swap)",
       .function = [](const Tensor& a, const Tensor& p,
                      const Tensor& n) { return triplet_margin_loss(a, p, n, {.margin = 3, .swap = true}); },
       .inputs = {any, any, any},
       .shapes = {triplets[0]},
       .expected =
           [](std::span<const Tensor> x) {
             Vectors a = rows_of_last_axis(x[0]), p = rows_of_last_axis(x[1]), n = rows_of_last_axis(x[2]);
             std::vector<double> losses;
             for (std::size_t i = 0; i < a.size(); ++i)
               losses.push_back(
                   std::max(0.0, 3 + distance(a[i], p[i]) - std::min(distance(a[i], n[i]), distance(p[i], n[i]))));
             return f64(mean_of(losses));
           }},
      {.name = "triplet_margin_with_distance_loss",
       .function =
           [](const Tensor& a, const Tensor& p, const Tensor& n) {
             return triplet_margin_with_distance_loss(
                 a, p, n, {.swap = true, .distance = [](const Tensor& left, const Tensor& right) {
                             return sum(square(left - right), -1);
                           }});
           },
       .inputs = {any, any, any},
       .shapes = {triplets[0], triplets[1]},
       .expected =
           [](std::span<const Tensor> x) {
             Vectors a = rows_of_last_axis(x[0]), p = rows_of_last_axis(x[1]), n = rows_of_last_axis(x[2]);
             auto squared = [](const std::vector<double>& left, const std::vector<double>& right) {
               double total = 0;
               for (std::size_t i = 0; i < left.size(); ++i) total += (left[i] - right[i]) * (left[i] - right[i]);
               return total;
             };
             std::vector<double> losses;
             for (std::size_t i = 0; i < a.size(); ++i)
               losses.push_back(
                   std::max(0.0, 1 + squared(a[i], p[i]) - std::min(squared(a[i], n[i]), squared(p[i], n[i]))));
             return f64(mean_of(losses));
           },
       .refused = {[](const Tensor& a, const Tensor& p, const Tensor& n) {
         return triplet_margin_with_distance_loss(a, p, n,
                                                  {.distance = [](const Tensor&, const Tensor&) { return Tensor(); }});
       }}},
      {.name = "multi_margin_loss",
       .function = [](const Tensor& x, const Tensor& t) { return multi_margin_loss(x, t); },
       .inputs = {any, index},
       .shapes = {{{6, 5}, {6}}, {{5}, {}}, {{5}, {1}}},
       .expected = mean_multi_margin(1),
       .refused = {[](const Tensor& x, const Tensor& t) { return multi_margin_loss(x, t + 5); },
                   [](const Tensor& x, const Tensor& t) { return multi_margin_loss(x, t, {.p = 3}); },
                   [](const Tensor& x, const Tensor& t) { return multi_margin_loss(x, t, {.weight = ones({4})}); }}},
      {.name = "multi_margin_loss(squared)",
       .function = [](const Tensor& x, const Tensor& t) { return multi_margin_loss(x, t, {.p = 2}); },
       .inputs = {any, index},
       .shapes = {{{6, 5}, {6}}},
       .expected = mean_multi_margin(2)},
      {.name = "multilabel_margin_loss",
       .function = [](const Tensor& x, const Tensor& t) { return multilabel_margin_loss(x, t); },
       .inputs = {any, {.low = -1, .high = 5, .dtype = DType::int64}},
       .shapes = {{{6, 5}, {6, 5}}, {{5}, {5}}},
       .large = {{{7001, 5}, {7001, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             Vectors scores = rows_of_last_axis(x[0]), labels = rows_of_last_axis(x[1]);
             std::vector<double> losses;
             for (std::size_t n = 0; n < scores.size(); ++n) {
               std::vector<std::size_t> there;
               for (double label : labels[n]) {
                 if (label < 0) break;
                 there.push_back(static_cast<std::size_t>(label));
               }
               double total = 0;
               for (std::size_t label : there)
                 for (std::size_t c = 0; c < scores[n].size(); ++c)
                   if (std::find(there.begin(), there.end(), c) == there.end())
                     total += std::max(0.0, 1 - scores[n][label] + scores[n][c]);
               losses.push_back(total / static_cast<double>(scores[n].size()));
             }
             return f64(mean_of(losses));
           },
       .refused = {[](const Tensor& x, const Tensor& t) { return multilabel_margin_loss(x, t + 6); },
                   [](const Tensor& x, const Tensor& t) { return multilabel_margin_loss(x, sum(t, 0)); }},
       .propagates_nan = false},
  };
}

/// All alignments of T times with a target of labels, one by one.
double loss_over_alignments(const std::vector<std::vector<double>>& log_p, const std::vector<int>& target) {
  const std::size_t classes = log_p[0].size();
  double total = 0;
  std::vector<std::size_t> path(log_p.size(), 0);
  for (bool more = true; more;) {
    std::vector<int> spelled;
    double p = 0;
    for (std::size_t t = 0; t < path.size(); ++t) {
      p += log_p[t][path[t]];
      if (path[t] != 0 && (t == 0 || path[t] != path[t - 1])) spelled.push_back(static_cast<int>(path[t]));
    }
    if (spelled == target) total += std::exp(p);
    more = false;
    for (std::size_t& step : path) {
      if (++step < classes) {
        more = true;
        break;
      }
      step = 0;
    }
  }
  return -std::log(total);
}

Rows sequences() {
  // Two targets of classes 1 and 2, one with a repetition.
  auto targets = [] { return from_vector(std::vector<std::int64_t>{1, 1, 2, 0}, {2, 2}); };
  auto lengths = [](std::int64_t a, std::int64_t b) { return from_vector(std::vector<std::int64_t>{a, b}); };
  return {
      {.name = "ctc_loss",
       .function = [=](const Tensor& x) { return ctc_loss(x, targets(), lengths(5, 4), lengths(2, 1)); },
       .inputs = {{.low = -3, .high = -0.1}},
       .shapes = {{{5, 2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             Elements of(x[0]);
             auto sample = [&](std::int64_t n, std::int64_t times) {
               Vectors rows;
               for (std::int64_t t = 0; t < times; ++t) rows.push_back({of({t, n, 0}), of({t, n, 1}), of({t, n, 2})});
               return rows;
             };
             return f64((loss_over_alignments(sample(0, 5), {1, 1}) / 2 + loss_over_alignments(sample(1, 4), {2})) / 2);
           },
       .refused = {[=](const Tensor& x) { return ctc_loss(x, targets() + 2, lengths(5, 4), lengths(2, 1)); },
                   [=](const Tensor& x) { return ctc_loss(x, targets(), lengths(6, 4), lengths(2, 1)); },
                   [=](const Tensor& x) { return ctc_loss(x, targets(), lengths(5, 4), lengths(3, 1)); },
                   [=](const Tensor& x) { return ctc_loss(x, targets(), lengths(5, 4), lengths(2, 1), {.blank = 3}); }},
       .propagates_nan = false,
       .order = 1}};
}

double stirling(double t) { return t > 1 ? t * std::log(t) - t + 0.5 * std::log(2 * std::acos(-1.0) * t) : 0; }

Rows likelihoods() {
  const OperatorInput any = {}, positive = {.low = 0.2, .high = 3, .avoid = {1}};
  const std::vector<std::vector<Shape>> pairs = {{{2, 3}, {2, 3}}, {{}, {}}, {{67}, {67}}};
  return {
      {.name = "huber_loss",
       .function = [](const Tensor& x, const Tensor& t) { return huber_loss(x, t, {.delta = 0.8}); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = mean_loss([](double x, double t) {
         double z = std::abs(x - t);
         return z < 0.8 ? z * z / 2 : 0.8 * (z - 0.4);
       }),
       .refused = {[](const Tensor& x, const Tensor& t) { return huber_loss(x, sum(t, 1)); },
                   [](const Tensor& x, const Tensor& t) { return huber_loss(x, t, {.delta = 0}); }}},
      {.name = "smooth_l1_loss",
       .function = [](const Tensor& x, const Tensor& t) { return smooth_l1_loss(x, t, {.beta = 0.8}); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = mean_loss([](double x, double t) {
         double z = std::abs(x - t);
         return z < 0.8 ? z * z / 1.6 : z - 0.4;
       }),
       .refused = {[](const Tensor& x, const Tensor& t) { return smooth_l1_loss(x, t, {.beta = -1}); }}},
      {.name = "smooth_l1_loss(beta 0)",
       .function = [](const Tensor& x, const Tensor& t) { return smooth_l1_loss(x, t, {.beta = 0}); },
       .inputs = {any, any},
       .shapes = pairs,
       .expected = mean_loss(absolute)},
      {.name = "kl_div",
       .function = [](const Tensor& x, const Tensor& t) { return kl_div(x, t); },
       .inputs = {any, positive},
       .shapes = pairs,
       .expected = mean_loss([](double x, double t) { return t * (std::log(t) - x); }),
       .refused = {[](const Tensor& x, const Tensor& t) { return kl_div(x, sum(t, 1)); }}},
      {.name = "kl_div(log target, by batch)",
       .function =
           [](const Tensor& x, const Tensor& t) {
             return kl_div(x, t, {.reduction = KlDivReduction::batchmean, .log_target = true});
           },
       .inputs = {any, any},
       .shapes = {{{2, 3}, {2, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             return f64(sum_of(losses_of(x, [](double x, double t) { return std::exp(t) * (t - x); })) / 2);
           }},
      {.name = "poisson_nll_loss",
       .function = [](const Tensor& x, const Tensor& t) { return poisson_nll_loss(x, t); },
       .inputs = {any, positive},
       .shapes = pairs,
       .expected = mean_loss([](double x, double t) { return std::exp(x) - t * x; }),
       .refused = {[](const Tensor& x, const Tensor& t) { return poisson_nll_loss(x, sum(t, 1)); }}},
      {.name = "poisson_nll_loss(rate, full)",
       .function =
           [](const Tensor& x, const Tensor& t) {
             return poisson_nll_loss(x, t, {.log_input = false, .full = true, .eps = 0.1});
           },
       .inputs = {positive, positive},
       .shapes = pairs,
       .expected = mean_loss([](double x, double t) { return x - t * std::log(x + 0.1) + stirling(t); })},
      {.name = "gaussian_nll_loss",
       .function = [](const Tensor& x, const Tensor& t,
                      const Tensor& v) { return gaussian_nll_loss(x, t, v, {.full = true}); },
       .inputs = {any, any, positive},
       .shapes = {{{2, 3}, {2, 3}, {2, 3}}, {{5}, {5}, {5}}, {{2, 3}, {2, 3}, {2}}, {{2, 3}, {2, 3}, {2, 1}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<double> a = x[0].to_vector<double>(), t = x[1].to_vector<double>(),
                                 v = x[2].to_vector<double>();
             for (std::size_t i = 0; i < a.size(); ++i) {
               double variance = v[i * v.size() / a.size()];
               a[i] =
                   (std::log(variance) + (a[i] - t[i]) * (a[i] - t[i]) / variance + std::log(2 * std::acos(-1.0))) / 2;
             }
             return f64(mean_of(a));
           },
       .refused = {[](const Tensor& x, const Tensor& t, const Tensor& v) { return gaussian_nll_loss(x, t, -v); },
                   [](const Tensor& x, const Tensor& t, const Tensor& v) {
                     return gaussian_nll_loss(x, t, v, {.eps = 0});
                   }}},
  };
}

Rows rows() {
  Rows rows = plain();
  append(rows, likelihoods());
  append(rows, margins());
  append(rows, sequences());
  return rows;
}

const Family kFamily("loss", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Losses keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("loss"); }
