// Losses: the options that loss.cpp leaves at their defaults, and the sum and the single losses of each.
#include <algorithm>
#include <cmath>

#include <xgrad/autograd/ops.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

using Numbers = std::vector<double>;
using Vectors = std::vector<Numbers>;

const OperatorInput kAny = {}, kProbability = {.low = 0.1, .high = 0.9},
                    kPositive = {.low = 0.2, .high = 3, .avoid = {1}},
                    kLabel = {.low = 0, .high = 4, .dtype = DType::int64};

/// Losses one by one, their sum or their mean.
Tensor reduced_by(Reduction reduction, const Numbers& losses, const Shape& shape) {
  if (reduction == Reduction::none) return from_vector(losses, shape);
  return f64(reduction == Reduction::sum ? sum_of(losses) : mean_of(losses));
}

std::string name_of(const std::string& loss, Reduction reduction, const std::string& options) {
  return loss +
         (reduction == Reduction::sum    ? "(sum"
          : reduction == Reduction::none ? "(none"
                                         : "(mean") +
         options + ")";
}

/// Rows of a loss of each element and its target: its sum and the losses themselves.
Rows pair_rows(const std::string& name, OperatorInput target,
               Tensor (*function)(const Tensor&, const Tensor&, Reduction), double (*loss)(double x, double target),
               OperatorInput input = {}) {
  Rows rows;
  for (Reduction reduction : {Reduction::sum, Reduction::none})
    rows.push_back({.name = name_of(name, reduction, ""),
                    .function = [=](const Tensor& x, const Tensor& t) { return function(x, t, reduction); },
                    .inputs = {input, target},
                    .shapes = {{{2, 3}, {2, 3}}, {{17}, {17}}},
                    .expected =
                        [=](std::span<const Tensor> x) {
                          Numbers losses = x[0].to_vector<double>(), targets = x[1].to_vector<double>();
                          for (std::size_t i = 0; i < losses.size(); ++i) losses[i] = loss(losses[i], targets[i]);
                          return reduced_by(reduction, losses, x[0].shape());
                        },
                    .propagates_nan = name != "binary_cross_entropy"});
  return rows;
}

double binary(double x, double t) {
  return -(t * std::max(std::log(x), -100.0) + (1 - t) * std::max(std::log(1 - x), -100.0));
}
double of_logit(double x, double t) { return binary(sigmoid_of(x), t); }

Rows reductions() {
  Rows rows = pair_rows(
      "mae", kAny, [](const Tensor& x, const Tensor& t, Reduction r) { return mae(x, t, r); },
      [](double x, double t) { return std::abs(x - t); });
  append(rows, pair_rows(
                   "huber_loss", kAny,
                   [](const Tensor& x, const Tensor& t, Reduction r) { return huber_loss(x, t, {.reduction = r}); },
                   [](double x, double t) {
                     const double z = std::abs(x - t);
                     return z < 1 ? z * z / 2 : z - 0.5;
                   }));
  append(rows, pair_rows(
                   "smooth_l1_loss", kAny,
                   [](const Tensor& x, const Tensor& t, Reduction r) {
                     return smooth_l1_loss(x, t, {.reduction = r, .beta = 0.5});
                   },
                   [](double x, double t) {
                     const double z = std::abs(x - t);
                     return z < 0.5 ? z * z : z - 0.25;
                   }));
  append(rows,
         pair_rows(
             "poisson_nll_loss", kPositive,
             [](const Tensor& x, const Tensor& t, Reduction r) { return poisson_nll_loss(x, t, {.reduction = r}); },
             [](double x, double t) { return std::exp(x) - t * x; }));
  append(rows,
         pair_rows(
             "binary_cross_entropy", kProbability,
             [](const Tensor& x, const Tensor& t, Reduction r) { return binary_cross_entropy(x, t, {.reduction = r}); },
             binary, kProbability));
  append(rows, pair_rows(
                   "binary_cross_entropy_with_logits", kProbability,
                   [](const Tensor& x, const Tensor& t, Reduction r) {
                     return binary_cross_entropy_with_logits(x, t, {.reduction = r});
                   },
                   of_logit));
  append(rows, pair_rows(
                   "soft_margin_loss", kAny,
                   [](const Tensor& x, const Tensor& t, Reduction r) { return soft_margin_loss(x, t, r); },
                   [](double x, double t) { return softplus_of(-t * x); }));
  append(rows, pair_rows(
                   "hinge_embedding_loss", {.low = -1, .high = 2, .dtype = DType::int64},
                   [](const Tensor& x, const Tensor& t, Reduction r) {
                     return hinge_embedding_loss(x, t, {.reduction = r, .margin = 0.5});
                   },
                   [](double x, double t) { return (t != -1 ? x : 0) + (t != 1 ? std::max(0.0, 0.5 - x) : 0); },
                   {.avoid = {0.5}}));
  auto divergence = [](double x, double t) { return t * (std::log(t) - x); };
  append(rows, pair_rows(
                   "kl_div", kPositive,
                   [](const Tensor& x, const Tensor& t, Reduction r) {
                     return kl_div(x, t,
                                   {.reduction = r == Reduction::sum ? KlDivReduction::sum : KlDivReduction::none});
                   },
                   divergence));
  return rows;
}

// ---- Weights of elements ----

Rows weighted_pairs() {
  const std::vector<std::vector<Shape>> shapes = {{{2, 3}, {2, 3}, {3}}, {{2, 3}, {2, 3}, {2, 1}}, {{5}, {5}, {5}}};
  // The weight of each element of x, stretched along the axes that it lacks.
  auto stretched = [](const Tensor& weight, const Shape& shape) {
    const Elements of(weight);
    return by_place(shape,
                    [&](Place at) {
                      at.erase(at.begin(), at.end() - weight.ndim());
                      for (int axis = 0; axis < weight.ndim(); ++axis)
                        if (weight.shape()[axis] == 1) at[static_cast<std::size_t>(axis)] = 0;
                      return of(at);
                    })
        .to_vector<double>();
  };
  Rows rows;
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    rows.push_back(
        {.name = name_of("binary_cross_entropy", reduction, ", weight"),
         .function = [=](const Tensor& x, const Tensor& t,
                         const Tensor& w) { return binary_cross_entropy(x, t, {.reduction = reduction, .weight = w}); },
         .inputs = {kProbability, kProbability, kPositive},
         .shapes = shapes,
         .expected =
             [=](std::span<const Tensor> x) {
               Numbers a = x[0].to_vector<double>(), t = x[1].to_vector<double>(), w = stretched(x[2], x[0].shape());
               for (std::size_t i = 0; i < a.size(); ++i) a[i] = w[i] * binary(a[i], t[i]);
               return reduced_by(reduction, a, x[0].shape());
             },
         .propagates_nan = false});
    rows.push_back({.name = name_of("binary_cross_entropy_with_logits", reduction, ", weight, pos_weight"),
                    .function =
                        [=](const Tensor& x, const Tensor& t, const Tensor& w, const Tensor& p) {
                          return binary_cross_entropy_with_logits(
                              x, t, {.reduction = reduction, .weight = w, .pos_weight = p});
                        },
                    .inputs = {kAny, kProbability, kPositive, kPositive},
                    .shapes = {{{2, 3}, {2, 3}, {2, 1}, {3}}, {{5}, {5}, {5}, {1}}},
                    .expected =
                        [=](std::span<const Tensor> x) {
                          Numbers a = x[0].to_vector<double>(), t = x[1].to_vector<double>(),
                                  w = stretched(x[2], x[0].shape()), p = stretched(x[3], x[0].shape());
                          for (std::size_t i = 0; i < a.size(); ++i) {
                            const double yes = sigmoid_of(a[i]);
                            a[i] = -w[i] * (p[i] * t[i] * std::log(yes) + (1 - t[i]) * std::log(1 - yes));
                          }
                          return reduced_by(reduction, a, x[0].shape());
                        }});
    rows.push_back({.name = name_of("multilabel_soft_margin_loss", reduction, ", weight"),
                    .function =
                        [=](const Tensor& x, const Tensor& t, const Tensor& w) {
                          return multilabel_soft_margin_loss(x, t, {.reduction = reduction, .weight = w});
                        },
                    .inputs = {kAny, kProbability, kPositive},
                    .shapes = {{{2, 3}, {2, 3}, {3}}, {{4, 2, 5}, {4, 2, 5}, {5}}},
                    .expected =
                        [=](std::span<const Tensor> x) {
                          const Numbers a = x[0].to_vector<double>(), t = x[1].to_vector<double>(),
                                        w = x[2].to_vector<double>();
                          Numbers losses(a.size() / w.size());
                          for (std::size_t i = 0; i < a.size(); ++i)
                            losses[i / w.size()] +=
                                w[i % w.size()] * of_logit(a[i], t[i]) / static_cast<double>(w.size());
                          Shape shape = x[0].shape();
                          shape.erase(shape.ndim() - 1);
                          return reduced_by(reduction, losses, shape);
                        }});
    rows.push_back(
        {.name = name_of("gaussian_nll_loss", reduction, ", least variance"),
         .function = [=](const Tensor& x, const Tensor& t,
                         const Tensor& v) { return gaussian_nll_loss(x, t, v, {.reduction = reduction, .eps = 1}); },
         .inputs = {kAny, kAny, kPositive},
         .shapes = {{{2, 3}, {2, 3}, {2, 3}}, {{9}, {9}, {9}}},
         .expected =
             [=](std::span<const Tensor> x) {
               Numbers a = x[0].to_vector<double>(), t = x[1].to_vector<double>(), v = x[2].to_vector<double>();
               for (std::size_t i = 0; i < a.size(); ++i) {
                 const double variance = std::isnan(v[i]) ? v[i] : std::max(1.0, v[i]);
                 a[i] = (std::log(variance) + (a[i] - t[i]) * (a[i] - t[i]) / variance) / 2;
               }
               return reduced_by(reduction, a, x[0].shape());
             }});
  }
  return rows;
}

// ---- Labels ----

/// x's elements of each sample by class: the class axis is 1, or the only one.
Vectors samples_of(const Tensor& x) {
  Elements of(x);
  const int axis = x.ndim() == 1 ? 0 : 1;
  Shape rest = x.shape();
  rest.erase(axis);
  Vectors samples;
  by_place(rest, [&](Place at) {
    at.insert(at.begin() + axis, 0);
    samples.emplace_back();
    for (at[axis] = 0; at[axis] < x.shape()[axis]; ++at[axis]) samples.back().push_back(of(at));
    return 0.0;
  });
  return samples;
}

constexpr std::int64_t kIgnored = 1;
const Numbers kWeights = {0.5, 2, 1.25, 3};
Tensor weights() { return from_vector(kWeights); }

/// The losses of samples whose labels are not ignored, by what each class of a sample costs and its weight; with
/// smoothing a part of the target is spread evenly.
TensorFunction of_labels(Reduction reduction, double smoothing, bool is_log_softmax) {
  return [=](std::span<const Tensor> x) {
    const Vectors samples = samples_of(x[0]);
    const Numbers labels = x[1].to_vector<double>();
    Numbers losses;
    double total_weight = 0;
    for (std::size_t n = 0; n < samples.size(); ++n) {
      losses.push_back(0);
      if (labels[n] == kIgnored) continue;
      const std::size_t label = static_cast<std::size_t>(labels[n]);
      const double log_total = is_log_softmax ? logsumexp_of(samples[n]) : 0;
      losses.back() = -(1 - smoothing) * kWeights[label] * (samples[n][label] - log_total);
      for (std::size_t c = 0; c < 4; ++c) losses.back() -= smoothing / 4 * kWeights[c] * (samples[n][c] - log_total);
      total_weight += kWeights[label];
    }
    if (reduction == Reduction::mean) return f64(sum_of(losses) / total_weight);
    return reduced_by(reduction, losses, x[1].shape());
  };
}

Rows labels() {
  const std::vector<std::vector<Shape>> shapes = {{{9, 4}, {9}}, {{2, 4, 5}, {2, 5}}};
  Rows rows;
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    rows.push_back({.name = name_of("nll_loss", reduction, ", weight, ignore_index"),
                    .function =
                        [=](const Tensor& x, const Tensor& t) {
                          return nll_loss(x, t,
                                          {.reduction = reduction, .weight = weights(), .ignore_index = kIgnored});
                        },
                    .inputs = {kAny, kLabel},
                    .shapes = shapes,
                    .expected = of_labels(reduction, 0, false),
                    .propagates_nan = false});
    for (double smoothing : {0.0, 0.2})
      rows.push_back({.name = name_of("cross_entropy", reduction,
                                      smoothing == 0 ? ", weight, ignore_index" : ", weight, ignore_index, smoothing"),
                      .function =
                          [=](const Tensor& x, const Tensor& t) {
                            return cross_entropy(x, t,
                                                 {.reduction = reduction,
                                                  .weight = weights(),
                                                  .ignore_index = kIgnored,
                                                  .label_smoothing = smoothing});
                          },
                      .inputs = {kAny, kLabel},
                      .shapes = shapes,
                      .expected = of_labels(reduction, smoothing, true),
                      .propagates_nan = false});
    rows.push_back({.name = name_of("cross_entropy", reduction, ", probabilities, weight, smoothing"),
                    .function =
                        [=](const Tensor& x, const Tensor& t, const Tensor& w) {
                          return cross_entropy(x, t, {.reduction = reduction, .weight = w, .label_smoothing = 0.2});
                        },
                    .inputs = {kAny, kProbability, kPositive},
                    .shapes = {{{5, 4}, {5, 4}, {4}}, {{2, 4, 3}, {2, 4, 3}, {4}}},
                    .expected =
                        [=](std::span<const Tensor> x) {
                          const Vectors samples = samples_of(x[0]), targets = samples_of(x[1]);
                          const Numbers w = x[2].to_vector<double>();
                          Numbers losses;
                          for (std::size_t n = 0; n < samples.size(); ++n) {
                            losses.push_back(0);
                            for (std::size_t c = 0; c < 4; ++c)
                              losses.back() -=
                                  w[c] * (0.8 * targets[n][c] + 0.2 / 4) * (samples[n][c] - logsumexp_of(samples[n]));
                          }
                          Shape shape = x[0].shape();
                          shape.erase(1);
                          return reduced_by(reduction, losses, shape);
                        }});
    for (int p : {1, 2})
      rows.push_back({.name = name_of("multi_margin_loss", reduction, p == 1 ? ", weight, margin" : ", squared"),
                      .function =
                          [=](const Tensor& x, const Tensor& t) {
                            return multi_margin_loss(
                                x, t, {.reduction = reduction, .p = p, .margin = 0.5, .weight = weights()});
                          },
                      .inputs = {kAny, kLabel},
                      .shapes = {{{6, 4}, {6}}},
                      .expected =
                          [=](std::span<const Tensor> x) {
                            const Vectors samples = samples_of(x[0]);
                            const Numbers labels = x[1].to_vector<double>();
                            Numbers losses;
                            for (std::size_t n = 0; n < samples.size(); ++n) {
                              const std::size_t label = static_cast<std::size_t>(labels[n]);
                              losses.push_back(0);
                              for (std::size_t c = 0; c < 4; ++c) {
                                const double violation = std::max(0.0, 0.5 - samples[n][label] + samples[n][c]);
                                if (c != label) losses.back() += kWeights[label] * std::pow(violation, p) / 4;
                              }
                            }
                            return reduced_by(reduction, losses, x[1].shape());
                          },
                      .propagates_nan = false});
    if (reduction == Reduction::mean) continue;
    rows.push_back(
        {.name = name_of("multilabel_margin_loss", reduction, ""),
         .function = [=](const Tensor& x, const Tensor& t) { return multilabel_margin_loss(x, t, reduction); },
         .inputs = {kAny, {.low = -1, .high = 4, .dtype = DType::int64}},
         .shapes = {{{6, 4}, {6, 4}}},
         .expected =
             [=](std::span<const Tensor> x) {
               const Vectors samples = samples_of(x[0]), labels = samples_of(x[1]);
               Numbers losses;
               for (std::size_t n = 0; n < samples.size(); ++n) {
                 const auto end = std::find(labels[n].begin(), labels[n].end(), -1);
                 losses.push_back(0);
                 for (auto label = labels[n].begin(); label != end; ++label)
                   for (std::size_t c = 0; c < 4; ++c)
                     if (std::find(labels[n].begin(), end, double(c)) == end)
                       losses.back() +=
                           std::max(0.0, 1 - samples[n][static_cast<std::size_t>(*label)] + samples[n][c]) / 4;
               }
               return reduced_by(reduction, losses, {x[0].size(0)});
             },
         .propagates_nan = false});
  }
  return rows;
}

// ---- Vectors ----

double distance_of(const Numbers& a, const Numbers& b, double p, double eps) {
  Numbers differences;
  for (std::size_t i = 0; i < a.size(); ++i) differences.push_back(a[i] - b[i] + eps);
  return norm_of(differences, p);
}

/// Losses of the rows of three matrices.
TensorFunction of_triplets(Reduction reduction,
                           const Function<double(const Numbers& a, const Numbers& p, const Numbers& n)>& loss) {
  return [=](std::span<const Tensor> x) {
    const Vectors a = samples_of(x[0]), p = samples_of(x[1]), n = samples_of(x[2]);
    Numbers losses;
    for (std::size_t i = 0; i < a.size(); ++i) losses.push_back(loss(a[i], p[i], n[i]));
    return reduced_by(reduction, losses, {x[0].size(0)});
  };
}

Rows vectors() {
  const std::vector<std::vector<Shape>> triplets = {{{4, 5}, {4, 5}, {4, 5}}};
  Rows rows;
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none}) {
    rows.push_back({.name = name_of("triplet_margin_loss", reduction, ", margin, p, eps"),
                    .function =
                        [=](const Tensor& a, const Tensor& p, const Tensor& n) {
                          return triplet_margin_loss(a, p, n,
                                                     {.reduction = reduction, .margin = 0.5, .p = 3, .eps = 0.01});
                        },
                    .inputs = {kAny, kAny, kAny},
                    .shapes = triplets,
                    .expected = of_triplets(reduction, [](const Numbers& a, const Numbers& p, const Numbers& n) {
                      return std::max(0.0, 0.5 + distance_of(a, p, 3, 0.01) - distance_of(a, n, 3, 0.01));
                    })});
    rows.push_back({.name = name_of("triplet_margin_with_distance_loss", reduction, ", margin"),
                    .function =
                        [=](const Tensor& a, const Tensor& p, const Tensor& n) {
                          return triplet_margin_with_distance_loss(a, p, n, {.reduction = reduction, .margin = 0.5});
                        },
                    .inputs = {kAny, kAny, kAny},
                    .shapes = triplets,
                    .expected = of_triplets(reduction, [](const Numbers& a, const Numbers& p, const Numbers& n) {
                      return std::max(0.0, 0.5 + distance_of(a, p, 2, 1e-6) - distance_of(a, n, 2, 1e-6));
                    })});
    if (reduction == Reduction::mean) continue;
    rows.push_back(
        {.name = name_of("cosine_embedding_loss", reduction, ""),
         .function =
             [=](const Tensor& a, const Tensor& b, const Tensor& t) {
               return cosine_embedding_loss(a, b, t, {.reduction = reduction, .margin = 0.2});
             },
         .inputs = {kAny, kAny, {.low = -1, .high = 2, .dtype = DType::int64}},
         .shapes = {{{5, 3}, {5, 3}, {5}}},
         .expected =
             [=](std::span<const Tensor> x) {
               const Vectors a = samples_of(x[0]), b = samples_of(x[1]);
               const Numbers targets = x[2].to_vector<double>();
               Numbers losses;
               for (std::size_t i = 0; i < a.size(); ++i) {
                 double ab = 0, aa = 1e-12, bb = 1e-12;
                 for (std::size_t k = 0; k < a[i].size(); ++k) {
                   ab += a[i][k] * b[i][k];
                   aa += a[i][k] * a[i][k];
                   bb += b[i][k] * b[i][k];
                 }
                 const double cosine = ab / std::sqrt(aa * bb);
                 losses.push_back(targets[i] == 1 ? 1 - cosine : targets[i] == -1 ? std::max(0.0, cosine - 0.2) : 0);
               }
               return reduced_by(reduction, losses, x[2].shape());
             },
         .propagates_nan = false});
    rows.push_back({.name = name_of("margin_ranking_loss", reduction, ""),
                    .function = [=](const Tensor& a, const Tensor& b,
                                    const Tensor& t) { return margin_ranking_loss(a, b, t, {.reduction = reduction}); },
                    .inputs = {kAny, kAny, kAny},
                    .shapes = {{{2, 3}, {2, 3}, {2, 3}}},
                    .expected =
                        [=](std::span<const Tensor> x) {
                          Numbers a = x[0].to_vector<double>(), b = x[1].to_vector<double>(),
                                  t = x[2].to_vector<double>();
                          for (std::size_t i = 0; i < a.size(); ++i) a[i] = std::max(0.0, -t[i] * (a[i] - b[i]));
                          return reduced_by(reduction, a, x[0].shape());
                        }});
  }
  return rows;
}

// ---- Sequences ----

/// All alignments of T times with a target of labels, one by one; inf where there is none.
double loss_over_alignments(const Vectors& log_p, const std::vector<int>& target, std::size_t blank) {
  double total = 0;
  std::vector<std::size_t> path(log_p.size(), 0);
  for (bool more = true; more;) {
    std::vector<int> spelled;
    double p = 0;
    for (std::size_t t = 0; t < path.size(); ++t) {
      p += log_p[t][path[t]];
      if (path[t] != blank && (t == 0 || path[t] != path[t - 1])) spelled.push_back(static_cast<int>(path[t]));
    }
    if (spelled == target) total += std::exp(p);
    more = false;
    for (std::size_t& step : path) {
      if (++step < log_p[0].size()) {
        more = true;
        break;
      }
      step = 0;
    }
  }
  return -std::log(total);
}

Tensor integers(const std::vector<std::int64_t>& numbers) { return from_vector(numbers); }

/// Of two sequences in time with the blank 2: 0 0 and 1 at 4 and 3 times; the third, 0 0 at 2 times, has no alignment.
Tensor ctc_of(const Tensor& x, Reduction reduction) {
  const Elements of(x);
  Numbers losses;
  const std::vector<std::vector<int>> targets = {{0, 0}, {1}, {0, 0}};
  const std::vector<std::int64_t> times = {4, 3, 2};
  for (std::int64_t n = 0; n < 3; ++n) {
    Vectors log_p;
    for (std::int64_t t = 0; t < times[static_cast<std::size_t>(n)]; ++t)
      log_p.push_back({of({t, n, 0}), of({t, n, 1}), of({t, n, 2})});
    const double loss = loss_over_alignments(log_p, targets[static_cast<std::size_t>(n)], 2);
    losses.push_back(std::isinf(loss) ? 0 : loss);
    if (reduction == Reduction::mean) losses.back() /= static_cast<double>(targets[static_cast<std::size_t>(n)].size());
  }
  return reduced_by(reduction, losses, {3});
}

Rows sequences() {
  Rows rows;
  for (Reduction reduction : {Reduction::mean, Reduction::sum, Reduction::none})
    rows.push_back({.name = name_of("ctc_loss", reduction, ", blank, zero_infinity, one after the other"),
                    .function =
                        [=](const Tensor& x) {
                          return ctc_loss(x, integers({0, 0, 1, 0, 0}), integers({4, 3, 2}), integers({2, 1, 2}),
                                          {.reduction = reduction, .blank = 2, .zero_infinity = true});
                        },
                    .inputs = {{.low = -3, .high = -0.1}},
                    .shapes = {{{4, 3, 3}}},
                    .expected = [=](std::span<const Tensor> x) { return ctc_of(x[0], reduction); },
                    .propagates_nan = false,
                    .order = 1});
  return rows;
}

Rows rows() {
  Rows rows = reductions();
  append(rows, weighted_pairs());
  append(rows, labels());
  append(rows, vectors());
  append(rows, sequences());
  return rows;
}

const Family kFamily("loss options", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Options of losses keep their contract", "[op_table]") {
  xgrad::testing::expect_family_holds("loss options");
}
