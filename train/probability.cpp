#include "probability.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "../autograd/ops/create.hpp"
#include "detail/points.hpp"

namespace xgrad XGRAD_API {
namespace train {

double log_loss(const Tensor& probabilities, const Tensor& targets, SourceLocation where) {
  std::vector<std::int64_t> labels;
  const detail::Scores given = detail::probabilities_of("log_loss", probabilities, targets, labels, where);
  const double smallest = probabilities.dtype() == DType::float32 ? std::numeric_limits<float>::epsilon()
                                                                  : std::numeric_limits<double>::epsilon();
  double sum = 0;
  for (std::int64_t i = 0; i < given.points; ++i) {
    double p = 0;
    if (given.classes == 0)
      p = labels[i] == 1 ? given.values[i] : 1 - given.values[i];
    else
      p = given.values[i * given.classes + labels[i]];
    sum -= std::log(std::max(p, smallest));
  }
  return sum / static_cast<double>(given.points);
}

double perplexity(const Tensor& logits, const Tensor& targets, PerplexityOptions options, SourceLocation where) {
  check(
      logits.defined() && is_floating(logits.dtype()) && logits.ndim() >= 1 && logits.size(-1) > 0, where,
      "perplexity: logits must be floating [..., C], but they are ",
      [&] { return logits.defined() ? concat(logits.dtype(), ' ', logits.shape()) : std::string("undefined"); }, '.');
  const std::vector<std::int64_t> labels = detail::labels_of("perplexity", "targets", targets, where);
  Shape points = logits.shape();
  points.erase(-1);
  check(points == targets.shape(), where, "perplexity: logits must be [..., C] for targets [...], but they are ",
        logits.shape(), " and ", targets.shape(), '.');
  const std::int64_t classes = logits.size(-1);
  const std::vector<double> values = logits.to_vector<double>();
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == options.ignore_index) continue;
    check<std::out_of_range>(labels[i] >= 0 && labels[i] < classes, where,
                             "perplexity: targets must be at least 0 and below ", classes, ", but that of point ", i,
                             " is ", labels[i], '.');
    const double* row = values.data() + i * static_cast<std::size_t>(classes);
    const double highest = *std::max_element(row, row + classes);
    double total = 0;
    for (std::int64_t c = 0; c < classes; ++c) {
      check(!std::isnan(row[c]), where, "perplexity: logits must not be nan, but one of point ", i, " is.");
      total += std::exp(row[c] - highest);
    }
    sum += highest + std::log(total) - row[labels[i]];
    ++count;
  }
  check(count > 0, where, "perplexity: there must be a target that counts, but there is none.");
  return std::exp(sum / count);
}

Calibration calibration(const Tensor& probabilities, const Tensor& targets, CalibrationOptions options,
                        SourceLocation where) {
  check(options.bins >= 1 && options.bins <= 1'000'000, where,
        "calibration: bins must be at least 1 and at most 1000000, but they are ", options.bins, '.');
  std::vector<std::int64_t> labels;
  const detail::Scores given = detail::probabilities_of("calibration", probabilities, targets, labels, where);
  const auto bins = static_cast<std::size_t>(options.bins);
  std::vector<double> confidence(bins), accuracy(bins);
  std::vector<std::int64_t> counts(bins);
  for (std::int64_t i = 0; i < given.points; ++i) {
    double p = 0;
    bool right = false;
    if (given.classes == 0) {
      p = given.values[i];
      right = labels[i] == 1;
    } else {
      const double* row = given.values.data() + i * given.classes;
      const double* best = std::max_element(row, row + given.classes);
      p = *best;
      right = best - row == labels[i];
    }
    const double inside = std::clamp(p, 0.0, 1.0), width = static_cast<double>(bins);
    double place = std::ceil(inside * width) - 1;
    if (inside <= place / width) --place;  // the product was rounded up, beyond the bin's end
    if (inside > (place + 1) / width) ++place;
    const auto bin = static_cast<std::size_t>(std::max(place, 0.0));
    confidence[bin] += p;
    accuracy[bin] += right;
    ++counts[bin];
  }
  double error = 0;
  for (std::size_t bin = 0; bin < bins; ++bin) {
    if (counts[bin] > 0) error += std::abs(accuracy[bin] - confidence[bin]) / static_cast<double>(given.points);
    confidence[bin] /= static_cast<double>(counts[bin]);
    accuracy[bin] /= static_cast<double>(counts[bin]);
  }
  return {from_vector(confidence), from_vector(accuracy), from_vector(counts), error};
}

double calibration_error(const Tensor& probabilities, const Tensor& targets, CalibrationOptions options,
                         SourceLocation where) {
  return calibration(probabilities, targets, options, where).error;
}

}  // namespace train
}  // namespace xgrad
