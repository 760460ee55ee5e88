#include "ctc.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../base/launch.hpp"

namespace xgrad::internal {
namespace {

constexpr double kNever = -std::numeric_limits<double>::infinity();

/// log(exp(a) + exp(b) + exp(c)).
double log_of_sum(double a, double b, double c) {
  if (a == kNever && b == kNever && c == kNever) return kNever;
  const double largest = std::max(std::max(a, b), c);
  return largest + std::log(std::exp(a - largest) + std::exp(b - largest) + std::exp(c - largest));
}

/// One sample's states.
struct States {
  const std::int64_t* labels;
  std::int64_t blank, count;

  States(const CtcBatch& batch, std::int64_t sample)
      : labels(batch.targets + batch.target_starts[sample]),
        blank(batch.blank),
        count(2 * batch.target_lengths[sample] + 1) {}

  std::int64_t class_of(std::int64_t state) const { return state % 2 == 0 ? blank : labels[state / 2]; }
  /// Whether an alignment may go from state - 2 to this one.
  bool is_reached_by_skip(std::int64_t state) const {
    return state >= 2 && state % 2 == 1 && labels[state / 2] != labels[state / 2 - 1];
  }
};

template <class T>
struct Losses {
  CtcBatch batch;
  const T* log_probabilities;
  double* sums;
  double* unrounded;
  T* losses;

  static void run(const Losses& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      a.unrounded[n] = loss_of(a, n);
      a.losses[n] = static_cast<T>(a.unrounded[n]);
    }
  }

  static double loss_of(const Losses& a, std::int64_t n) {
    const CtcBatch& b = a.batch;
    const States states(b, n);
    const std::int64_t times = b.input_lengths[n];
    if (times == 0) return states.count == 1 ? 0 : -kNever;
    double* row = a.sums + n * b.times * b.states;
    const T* p = a.log_probabilities + n * b.classes;
    for (std::int64_t s = 0; s < states.count; ++s) row[s] = s < 2 ? p[states.class_of(s)] : kNever;
    for (std::int64_t t = 1; t < times; ++t) {
      const double* before = row;
      row += b.states;
      p += b.samples * b.classes;
      for (std::int64_t s = 0; s < states.count; ++s)
        row[s] = p[states.class_of(s)] + log_of_sum(before[s], s >= 1 ? before[s - 1] : kNever,
                                                    states.is_reached_by_skip(s) ? before[s - 2] : kNever);
    }
    const std::int64_t last = states.count - 1;
    return -log_of_sum(row[last], last >= 1 ? row[last - 1] : kNever, kNever);
  }
};

template <class T>
struct Cotangent {
  CtcBatch batch;
  const T* log_probabilities;
  const double* sums;
  const double* losses;
  const T* g;
  std::int64_t g_step;
  double* room;
  T* to;

  static void run(const Cotangent& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) sample(a, n);
  }

  static void sample(const Cotangent& a, std::int64_t n) {
    const CtcBatch& b = a.batch;
    const std::int64_t step = b.samples * b.classes, times = b.input_lengths[n];
    T* to = a.to + n * b.classes;
    for (std::int64_t t = 0; t < b.times; ++t) std::fill_n(to + t * step, b.classes, T(0));
    const T g = a.g[n * a.g_step];
    if (times == 0 || g == T(0)) return;  // of an infinite loss that does not count, too
    const States states(b, n);
    // after[s]: the logarithm of the probability of the rest of an alignment that is in state s.
    double *after = a.room + n * 2 * b.states, *next = after + b.states;
    for (std::int64_t s = 0; s < states.count; ++s) after[s] = s + 2 >= states.count ? 0 : kNever;
    for (std::int64_t t = times - 1;; --t) {
      const double* before = a.sums + (n * b.times + t) * b.states;
      for (std::int64_t s = 0; s < states.count; ++s)
        to[t * step + states.class_of(s)] -= static_cast<T>(g * std::exp(before[s] + after[s] + a.losses[n]));
      if (t == 0) break;
      const T* p = a.log_probabilities + n * b.classes + t * step;
      std::swap(after, next);  // next: of time t
      for (std::int64_t s = 0; s < states.count; ++s) {
        auto by_way_of = [&](std::int64_t to_state) { return next[to_state] + p[states.class_of(to_state)]; };
        after[s] = log_of_sum(by_way_of(s), s + 1 < states.count ? by_way_of(s + 1) : kNever,
                              s + 2 < states.count && states.is_reached_by_skip(s + 2) ? by_way_of(s + 2) : kNever);
      }
    }
  }
};

}  // namespace

template <class T>
void ctc_losses(const CtcBatch& batch, const T* log_probabilities, double* sums, double* unrounded, T* losses) {
  launch(Losses<T>{batch, log_probabilities, sums, unrounded, losses}, batch.samples, 1);
}

template <class T>
void ctc_cotangent(const CtcBatch& batch, const T* log_probabilities, const double* sums, const double* losses,
                   const T* g, std::int64_t g_step, double* room, T* to) {
  launch(Cotangent<T>{batch, log_probabilities, sums, losses, g, g_step, room, to}, batch.samples, 1);
}

#define XGRAD_INSTANTIATE(T)                                                                                   \
  template void ctc_losses(const CtcBatch&, const T*, double*, double*, T*);                                   \
  template void ctc_cotangent(const CtcBatch&, const T*, const double*, const double*, const T*, std::int64_t, \
                              double*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
