#include <cmath>
#include <map>

#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/ops/normalization.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// Which group an element belongs to, and where its weight and bias are.
struct Membership {
  Function<Place(const Place&)> group, channel;
};

/// Elements of x[0] by their group's mean and variance (or mean square), times x[1] plus x[2], where those are there.
TensorFunction normalised(Membership of, bool centered = true, double eps = 1e-5) {
  return [=](std::span<const Tensor> x) {
    Elements elements(x[0]);
    std::map<Place, std::vector<double>> groups;
    by_place(x[0].shape(), [&](const Place& at) {
      groups[of.group(at)].push_back(elements(at));
      return 0.0;
    });
    std::map<Place, std::pair<double, double>> moments;  // mean and variance
    for (const auto& [place, group] : groups) {
      double mean = centered ? mean_of(group) : 0, square = 0;
      for (double element : group) square += (element - mean) * (element - mean);
      moments[place] = {mean, square / static_cast<double>(group.size())};
    }
    std::vector<Elements> affine;
    for (std::size_t i = 1; i < x.size(); ++i) affine.emplace_back(x[i]);
    return by_place(x[0].shape(), [&](const Place& at) {
      const auto& [mean, variance] = moments[of.group(at)];
      double y = (elements(at) - mean) / std::sqrt(variance + eps);
      if (affine.size() > 0) y *= affine[0](of.channel(at));
      if (affine.size() > 1) y += affine[1](of.channel(at));
      return y;
    });
  };
}

Membership last_axes(std::size_t count) {
  return {[=](const Place& at) { return Place(at.begin(), at.end() - static_cast<std::ptrdiff_t>(count)); },
          [=](const Place& at) { return Place(at.end() - static_cast<std::ptrdiff_t>(count), at.end()); }};
}
Place channel_of(const Place& at) { return {at[1]}; }

Rows rows() {
  const OperatorInput any = {};
  const Membership by_channel = {channel_of, channel_of};
  const Membership by_sample_and_channel = {[](const Place& at) { return Place{at[0], at[1]}; }, channel_of};
  const Membership by_pair_of_channels = {[](const Place& at) { return Place{at[0], at[1] / 2}; }, channel_of};
  const std::vector<std::vector<Shape>> channels = {
      {{4, 3}, {3}, {3}}, {{2, 3, 5}, {3}, {3}}, {{2, 1, 3, 2}, {1}, {1}}, {{2, 2, 1, 3, 7}, {2}, {2}}};
  auto running = [](std::int64_t channels) {
    return std::pair(linspace(-1, 1, channels, {.dtype = DType::float64}),
                     linspace(0.5, 2, channels, {.dtype = DType::float64}));
  };
  const BatchNormOptions training{.training = true};
  return {
      {.name = "layer_norm",
       .function = [](const Tensor& x, const Tensor& w, const Tensor& b) { return layer_norm(x, {7}, w, b); },
       .inputs = {any, any, any},
       .shapes = {{{3, 7}, {7}, {7}}, {{7}, {7}, {7}}, {{2, 1, 3, 7}, {7}, {7}}, {{0, 7}, {7}, {7}}},
       .large = {{{30011, 7}, {7}, {7}}},
       .expected = normalised(last_axes(1)),
       .refused = {[](const Tensor& x, const Tensor&, const Tensor&) { return layer_norm(x, {}); },
                   [](const Tensor& x, const Tensor&, const Tensor&) {
                     return layer_norm(x, {5, 3, 7});
                   },
                   [](const Tensor& x, const Tensor& w, const Tensor& b) { return layer_norm(x, {7}, w, sum(b)); }}},
      {.name = "layer_norm(two axes, no affine)",
       .function =
           [](const Tensor& x) {
             return layer_norm(x, {3, 11});
           },
       .shapes = {{{2, 3, 11}}, {{3, 11}}},
       .large = {{{3001, 3, 11}}},
       .expected = normalised(last_axes(2))},
      {.name = "layer_norm(long rows)",
       .function = [](const Tensor& x, const Tensor& w, const Tensor& b) { return layer_norm(x, {33}, w, b); },
       .inputs = {any, any, any},
       .shapes = {{{130, 33}, {33}, {33}}},
       .expected = normalised(last_axes(1)),
       .order = 1},
      {.name = "rms_norm",
       .function = [](const Tensor& x, const Tensor& w) { return rms_norm(x, {7}, w, 1e-5); },
       .inputs = {any, any},
       .shapes = {{{3, 7}, {7}}, {{7}, {7}}, {{2, 1, 3, 7}, {7}}},
       .expected = normalised(last_axes(1), false),
       .refused = {[](const Tensor& x, const Tensor& w) { return rms_norm(x, {6}, w); }}},
      {.name = "group_norm",
       .function = [](const Tensor& x, const Tensor& w, const Tensor& b) { return group_norm(x, 2, w, b); },
       .inputs = {any, any, any},
       .shapes = {{{3, 4}, {4}, {4}}, {{2, 4, 5}, {4}, {4}}, {{2, 4, 3, 2}, {4}, {4}}, {{0, 4, 3}, {4}, {4}}},
       .large = {{{5003, 4, 7}, {4}, {4}}},
       .expected = normalised(by_pair_of_channels),
       .refused = {[](const Tensor& x, const Tensor&, const Tensor&) { return group_norm(x, 3); },
                   [](const Tensor& x, const Tensor&, const Tensor&) { return group_norm(x, 0); }}},
      {.name = "instance_norm",
       .function = [](const Tensor& x, const Tensor& w, const Tensor& b) { return instance_norm(x, {}, {}, w, b); },
       .inputs = {any, any, any},
       .shapes = {{{2, 3, 5}, {3}, {3}}, {{2, 1, 3, 2}, {1}, {1}}, {{0, 2, 3}, {2}, {2}}},
       .large = {{{2003, 3, 17}, {3}, {3}}},
       .expected = normalised(by_sample_and_channel),
       .refused = {[](const Tensor& x, const Tensor&, const Tensor&) {
         return instance_norm(x, {}, {}, {}, {}, {.use_input_stats = false});
       }}},
      {.name = "batch_norm",
       .function = [training](const Tensor& x, const Tensor& w,
                              const Tensor& b) { return batch_norm(x, {}, {}, w, b, training); },
       .inputs = {any, any, any},
       .shapes = channels,
       .large = {{{3001, 7, 11}, {7}, {7}}, {{30011, 7}, {7}, {7}}},
       .expected = normalised(by_channel),
       .refused = {[](const Tensor& x, const Tensor& w, const Tensor& b) { return batch_norm(x, {}, {}, w, b); },
                   [training](const Tensor& x, const Tensor&, const Tensor&) {
                     return batch_norm(x, zeros({2}), zeros({3}), {}, {}, training);
                   }}},
      {.name = "batch_norm(evaluation)",
       .function =
           [running](const Tensor& x, const Tensor& w, const Tensor& b) {
             auto [mean, variance] = running(3);
             return batch_norm(x, mean, variance, w, b);
           },
       .inputs = {any, any, any},
       .shapes = {{{4, 3}, {3}, {3}}, {{2, 3, 5}, {3}, {3}}, {{1, 3}, {3}, {3}}},
       .expected =
           [running](std::span<const Tensor> x) {
             auto [mean, variance] = running(3);
             Elements elements(x[0]), m(mean), v(variance), w(x[1]), b(x[2]);
             return by_place(x[0].shape(), [&](const Place& at) {
               const Place c = {at[1]};
               return (elements(at) - m(c)) / std::sqrt(v(c) + 1e-5) * w(c) + b(c);
             });
           }},
      {.name = "local_response_norm",
       .function = [](const Tensor& x) { return local_response_norm(x, 4, {.alpha = 0.5, .beta = 0.75, .k = 1.5}); },
       .shapes = {{{2, 5, 3}}, {{1, 2, 2, 2}}, {{0, 2, 3}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements x(in[0]);
             return by_place(in[0].shape(), [&](const Place& at) {
               double total = 0;
               Place other = at;
               for (std::int64_t c = at[1] - 2; c <= at[1] + 1; ++c)
                 if (c >= 0 && c < in[0].size(1)) {
                   other[1] = c;
                   total += x(other) * x(other);
                 }
               return x(at) / std::pow(1.5 + 0.5 * total / 4, 0.75);
             });
           },
       .refused = {[](const Tensor& x) { return local_response_norm(x, 0); }}},
      {.name = "normalize",
       .function = [](const Tensor& x) { return normalize(x, {.p = 3, .axes = -1}); },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 5}}, {{4}}, {{2, 3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], x[0].ndim() - 1, [](std::vector<double> row) {
               const double length = norm_of(row, 3);
               for (double& element : row) element /= length;
               return row;
             });
           },
       .refused = {[](const Tensor& x) { return normalize(x, {.axes = 2}); },
                   [](const Tensor& x) { return normalize(x, {.p = std::nan("")}); }}},
      {.name = "normalize(second axis)",
       .function = [](const Tensor& x) { return normalize(x); },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 3, 3}}, {{2, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], 1, [](std::vector<double> row) {
               const double length = norm_of(row, 2);
               for (double& element : row) element /= length;
               return row;
             });
           }},
      {.name = "normalize(two axes)",
       .function =
           [](const Tensor& x) {
             return normalize(x, {.p = 1, .axes = {0, 2}});
           },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 3, 3}}, {{2, 3, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements of(x[0]),
                 lengths(reduced(x[0], {0, 2}, false, [](const std::vector<double>&e) { return norm_of(e, 1); }));
             return by_place(x[0].shape(), [&](const Place& at) { return of(at) / lengths({at[1]}); });
           }},
      {.name = "normalize(eps)",
       .function = [](const Tensor& x) { return normalize(x, {.axes = 0, .eps = 30}); },
       .inputs = {{.avoid = {0}}},
       .shapes = {{{3, 3}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Elements of(x[0]);
             return by_place({3, 3}, [&](const Place& at) { return of(at) / 30; });
           }},
      {.name = "layer_norm(eps)",
       .function = [](const Tensor& x, const Tensor& w, const Tensor& b) { return layer_norm(x, {5}, w, b, 0.5); },
       .inputs = {any, any, any},
       .shapes = {{{3, 5}, {5}, {5}}},
       .expected = normalised(last_axes(1), true, 0.5)},
      {.name = "rms_norm(no weight)",
       .function =
           [](const Tensor& x) {
             return rms_norm(x, {2, 5}, {}, 0.5);
           },
       .shapes = {{{3, 2, 5}}},
       .expected = normalised(last_axes(2), false, 0.5)},
      {.name = "rms_norm(default eps)",
       .function = [](const Tensor& x) { return rms_norm(x, {5}); },
       .shapes = {{{3, 5}}},
       .expected = normalised(last_axes(1), false, 0),
       .order = 1},  // no part of random programs: each dtype has an eps of its own
      {.name = "group_norm(eps)",
       .function = [](const Tensor& x, const Tensor& w, const Tensor& b) { return group_norm(x, 2, w, b, 0.5); },
       .inputs = {any, any, any},
       .shapes = {{{2, 4, 3}, {4}, {4}}},
       .expected = normalised({[](const Place& at) {
                                 return Place{at[0], at[1] / 2};
                               },
                               channel_of},
                              true, 0.5)},
      {.name = "instance_norm(eps)",
       .function = [](const Tensor& x) { return instance_norm(x, {}, {}, {}, {}, {.eps = 0.5}); },
       .shapes = {{{2, 3, 5}}},
       .expected = normalised(by_sample_and_channel, true, 0.5)},
      {.name = "instance_norm(evaluation)",
       .function =
           [running](const Tensor& x, const Tensor& w, const Tensor& b) {
             auto [mean, variance] = running(3);
             return instance_norm(x, mean, variance, w, b, {.use_input_stats = false, .eps = 0.5});
           },
       .inputs = {any, any, any},
       .shapes = {{{2, 3, 5}, {3}, {3}}},
       .expected =
           [running](std::span<const Tensor> x) {
             auto [mean, variance] = running(3);
             Elements elements(x[0]), m(mean), v(variance), w(x[1]), b(x[2]);
             return by_place(x[0].shape(), [&](const Place& at) {
               const Place c = {at[1]};
               return (elements(at) - m(c)) / std::sqrt(v(c) + 0.5) * w(c) + b(c);
             });
           }},
      {.name = "batch_norm(eps)",
       .function = [](const Tensor& x) { return batch_norm(x, {}, {}, {}, {}, {.training = true, .eps = 0.5}); },
       .shapes = {{{4, 3}}},
       .expected = normalised(by_channel, true, 0.5)},
      // The running statistics after a step of training: mean and variance side by side.
      {.name = "batch_norm(running statistics)",
       .function =
           [](const Tensor& x) {
             Tensor mean = full({3}, 2., kDouble), variance = full({3}, 3., kDouble);
             batch_norm(x, mean, variance, {}, {}, {.training = true, .momentum = 0.25});
             return cat({mean, variance});
           },
       .shapes = {{{4, 3}}, {{2, 3, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             std::vector<std::vector<double>> channels(3);
             const Elements of(x[0]);
             by_place(x[0].shape(), [&](const Place& at) {
               channels[static_cast<std::size_t>(at[1])].push_back(of(at));
               return 0.0;
             });
             return by_place({6}, [&](const Place& at) {
               const std::vector<double>& channel = channels[static_cast<std::size_t>(at[0] % 3)];
               return at[0] < 3 ? 0.75 * 2 + 0.25 * mean_of(channel) : 0.75 * 3 + 0.25 * variance_of(channel, 1);
             });
           },
       .output_dtype = DType::float64,
       .order = 0},
      {.name = "instance_norm(running statistics)",
       .function =
           [](const Tensor& x) {
             Tensor mean = full({3}, 2., kDouble), variance = full({3}, 3., kDouble);
             instance_norm(x, mean, variance, {}, {}, {.momentum = 0.25});
             return cat({mean, variance});
           },
       .shapes = {{{2, 3, 5}}},
       .expected =
           [](std::span<const Tensor> x) {
             const Tensor means = reduced(x[0], {2}, false, mean_of);
             const Tensor variances =
                 reduced(x[0], {2}, false, [](const std::vector<double>& e) { return variance_of(e, 1); });
             const Elements mean(reduced(means, {0}, false, mean_of)),
                 variance(reduced(variances, {0}, false, mean_of));
             return by_place({6}, [&](const Place& at) {
               return at[0] < 3 ? 0.75 * 2 + 0.25 * mean({at[0]}) : 0.75 * 3 + 0.25 * variance({at[0] - 3});
             });
           },
       .output_dtype = DType::float64,
       .order = 0},
      {.name = "local_response_norm(odd)",
       .function = [](const Tensor& x) { return local_response_norm(x, 3); },
       .inputs = {{.low = -40, .high = 40}},
       .shapes = {{{2, 5, 3}}},
       .expected =
           [](std::span<const Tensor> in) {
             Elements x(in[0]);
             return by_place(in[0].shape(), [&](const Place& at) {
               double total = 0;
               for (std::int64_t c = std::max<std::int64_t>(0, at[1] - 1); c <= std::min<std::int64_t>(4, at[1] + 1);
                    ++c)
                 total += x({at[0], c, at[2]}) * x({at[0], c, at[2]});
               return x(at) / std::pow(1 + 1e-4 * total / 3, 0.75);
             });
           }},
  };
}

const Family kFamily("normalization", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Normalisations keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("normalization"); }
