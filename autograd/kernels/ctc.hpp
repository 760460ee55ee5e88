// The forward and backward sums of connectionist temporal classification, over raw memory. T: float or double.
//
// A target of L labels is a row of 2 L + 1 states: blank, label, blank, label ... blank. An alignment stays in its
// state, goes to the next, or skips a blank between two labels that differ.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// Sequences of a batch, and where each one's target lies.
struct CtcBatch {
  std::int64_t times, samples, classes;  // of the log-probabilities [times, samples, classes]
  const std::int64_t* targets;
  const std::int64_t* target_starts;  // where a sample's labels begin in `targets`
  const std::int64_t* input_lengths;
  const std::int64_t* target_lengths;
  std::int64_t blank;
  std::int64_t states;  // 2 L + 1 of the longest target
};

/// losses[n] = -log of the probability that sample n spells its target; sums [samples, times, states] are the
/// logarithms of the probabilities of all beginnings of alignments. Of these and of the losses before they are rounded
/// to T ctc_cotangent() takes exponentials: for a long sequence they are thousands, so both are float64 whatever T is.
template <class T>
void ctc_losses(const CtcBatch& batch, const T* log_probabilities, double* sums, double* unrounded, T* losses);

/// to [times, samples, classes] = -g[n * g_step] times the probability that an alignment of sample n is in a class at a
/// time.
/// `room` has 2 * states numbers for each sample.
template <class T>
void ctc_cotangent(const CtcBatch& batch, const T* log_probabilities, const double* sums, const double* unrounded,
                   const T* g, std::int64_t g_step, double* room, T* to);

}  // namespace xgrad::internal
