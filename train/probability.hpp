// How good probabilities are: what they cost, and whether they are what happens.
#pragma once

#include <cstdint>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Mean of -log of the probability that was given to each point's class. One below the dtype's epsilon counts as that:
/// a single sure mistake would cost infinity.
///
/// Shapes: probabilities [n] of class 1 with targets [n] of 0 and 1; or [n, C] with targets [n] of 0 ... C - 1.
/// Dtype: probabilities floating; targets int64 or boolean.
/// Throws: std::invalid_argument for other shapes and dtypes, no point, what is outside of [0, 1] or does not add up to
/// 1 (as logits do not); std::out_of_range for a target that is no class.
double log_loss(const Tensor& probabilities, const Tensor& targets, SourceLocation where = SourceLocation::current());

/// Options of perplexity().
struct PerplexityOptions {
  std::int64_t ignore_index = -100;  ///< targets that count for nothing
};

/// Perplexity of a model of classes, or of a language: exp of the mean of -log of the probability given to each target,
/// computed of logits.
///
/// Shapes: logits [..., C], targets [...].
/// Throws: std::invalid_argument for other shapes and dtypes, a logit that is nan, no target that counts;
/// std::out_of_range for a target that is no class.
double perplexity(const Tensor& logits, const Tensor& targets, PerplexityOptions options = {},
                  SourceLocation where = SourceLocation::current());

/// Calibration: how often points of like confidence are right. float64, [bins]; what is 0 / 0 is nan.
struct Calibration {
  Tensor confidence;  ///< mean confidence of the bin's points
  Tensor accuracy;    ///< share of them that are right
  Tensor counts;      ///< int64: how many there are
  double error = 0;   ///< expected calibration error: the mean of |accuracy - confidence|, each bin by its points
};

/// Options of calibration() and calibration_error().
struct CalibrationOptions {
  std::int64_t bins = 15;  ///< of equal width, (0, 1/15], (1/15, 2/15] ...; a confidence of 0 is in the first
};

/// Compares confidence with what happens. Of probabilities [n, C] the confidence is the largest one, and a point is
/// right where that is its class's; of [n] the confidence is that in class 1, and a point is right where it is of class
/// 1.
///
/// Shapes: as log_loss().
/// Throws: as log_loss(), and for fewer than one bin.
/// Source: Guo, Pleiss, Sun, Weinberger, On calibration of modern neural networks, 2017.
Calibration calibration(const Tensor& probabilities, const Tensor& targets, CalibrationOptions options = {},
                        SourceLocation where = SourceLocation::current());
/// The expected calibration error alone.
double calibration_error(const Tensor& probabilities, const Tensor& targets, CalibrationOptions options = {},
                         SourceLocation where = SourceLocation::current());

}  // namespace train
}  // namespace xgrad
