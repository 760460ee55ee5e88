#include "attention.hpp"

#include <algorithm>

#include "../base/launch.hpp"
#include "../tensor_impl.hpp"
#include "../threads.hpp"
#include "matmul.hpp"
#include "rows.hpp"
#include "walk.hpp"

namespace xgrad::internal {
namespace {

/// Multiplications that are worth a thread.
constexpr std::int64_t kWork = 1 << 18;
/// Queries whose scores are in the cache together.
constexpr std::int64_t kQueries = 64;
/// Scores that are made at a time where they are not kept: they stay in the cache.
constexpr std::int64_t kRoom = 1 << 15;

/// How many tasks of so many scores have room at a time: at least one for each thread.
std::int64_t tasks_together(std::int64_t scores, std::int64_t tasks) {
  const std::int64_t fitting = std::max<std::int64_t>(kRoom / std::max<std::int64_t>(1, scores), num_threads());
  return std::clamp<std::int64_t>(fitting, 1, std::max<std::int64_t>(1, tasks));
}

template <class T>
struct Attend {
  AttentionShape shape;
  AttentionMask<T> mask;
  const T *q, *k, *v;
  T* weights;
  std::int64_t first;  // the block whose weights stand at `weights`
  T* y;

  static std::int64_t blocks(const AttentionShape& s) { return (s.queries + kQueries - 1) / kQueries; }

  /// Over blocks of queries of all stacks, counted from `first`.
  static void run(const Attend& a, std::int64_t begin, std::int64_t end) {
    const AttentionShape& s = a.shape;
    for (std::int64_t at = a.first + begin; at < a.first + end; ++at) {
      const std::int64_t stack = at / blocks(s), query = at % blocks(s) * kQueries;
      const std::int64_t count = std::min(kQueries, s.queries - query);
      T* weights = a.weights_of(stack, query);
      const T* k = a.k + stack * s.keys * s.size;
      gemm<T>(count, s.keys, s.size, {a.q + (stack * s.queries + query) * s.size, s.size, 1}, {k, 1, s.size}, T(0),
              weights, s.keys);
      const Walk walk(a.mask.lead_ndim, a.mask.lead, a.mask.lead_stride, stack);
      for (std::int64_t i = 0; i < count; ++i)
        a.make_weights(weights + i * s.keys, walk.offset() + (query + i) * a.mask.query_stride, query + i);
      gemm<T>(count, s.value_size, s.keys, {weights, s.keys, 1}, {a.v + stack * s.keys * s.value_size, s.value_size, 1},
              T(0), a.y + (stack * s.queries + query) * s.value_size, s.value_size);
    }
  }

  /// Where the weights of a block begin.
  T* weights_of(std::int64_t stack, std::int64_t query) const {
    const std::int64_t first_row = first / blocks(shape) * shape.queries + first % blocks(shape) * kQueries;
    return weights + (stack * shape.queries + query - first_row) * shape.keys;
  }

  /// The softmax of one query's scores, in place.
  void make_weights(T* row, std::int64_t mask_at, std::int64_t query) const {
    const std::int64_t seen = shape.causal ? std::min(shape.keys, query + 1) : shape.keys;
    Batch<T> factor = static_cast<T>(shape.scale);
    std::fill(row + seen, row + shape.keys, T(0));
    if (mask.attends != nullptr) {
      for (std::int64_t j = 0; j < seen; ++j)
        row[j] = mask.attends[mask_at + j * mask.key_stride] ? row[j] * T(shape.scale) : lowest_of<T>();
      factor = 1;
    } else if (mask.added != nullptr) {
      for (std::int64_t j = 0; j < seen; ++j)
        row[j] = row[j] * T(shape.scale) + mask.added[mask_at + j * mask.key_stride];
      factor = 1;
    } else if (!(shape.scale > 0)) {
      for (std::int64_t j = 0; j < seen; ++j) row[j] *= T(shape.scale);
      factor = 1;
    }
    const T largest = across<MaxFold>(Folder<T, T, MaxFold>::fold_run(row, seen, T(0)));
    if (largest == lowest_of<T>()) {
      std::fill_n(row, seen, T(0));
      return;
    }
    // Scaled by the way: the largest stays the largest.
    const Batch<T> center = largest;
    double total = 0;
    for (std::int64_t begin = 0; begin < seen; begin += kRowBlock) {
      Batch<T> sum = 0;
      for_batches<T>(
          std::min(kRowBlock, seen - begin), lowest_of<T>(),
          [&](std::int64_t at, int count, Batch<T> score) {
            const Batch<T> power = exp((score - center) * factor);
            sum += power;
            store_batch<T>(row + begin + at, count, power);
          },
          row + begin);
      total += across<SumFold>(sum);
    }
    const Batch<T> inverse = static_cast<T>(1 / total);
    map_row<T>(
        seen, T(0), row, [&](Batch<T> power) { return power * inverse; }, row);
  }
};

/// The cotangents of whole stacks.
template <class T>
struct AttendBack {
  AttentionShape shape;
  const T *q, *k, *v, *weights, *g;
  T* scores;  // room for the cotangents of the scores of stacks from `first` on
  std::int64_t first;
  T *gq, *gk, *gv;

  static void run(const AttendBack& a, std::int64_t begin, std::int64_t end) {
    const AttentionShape& s = a.shape;
    const std::int64_t l = s.queries, n = s.keys, e = s.size, d = s.value_size;
    const Batch<T> factor = static_cast<T>(s.scale);
    for (std::int64_t stack = a.first + begin; stack < a.first + end; ++stack) {
      const T *weights = a.weights + stack * l * n, *g = a.g + stack * l * d;
      if (a.gv != nullptr) gemm<T>(n, d, l, {weights, 1, n}, {g, d, 1}, T(0), a.gv + stack * n * d, d);
      if (a.gq == nullptr && a.gk == nullptr) continue;
      T* scores = a.scores + (stack - a.first) * l * n;
      gemm<T>(l, n, d, {g, d, 1}, {a.v + stack * n * d, 1, d}, T(0), scores, n);
      for (std::int64_t i = 0; i < l; ++i) {
        T* row = scores + i * n;
        const T* weight = weights + i * n;
        const Batch<T> dot = sum_row<T>(
            n, T(0), [](Batch<T> p, Batch<T> gp) { return p * gp; }, weight, row);
        map_row<T>(
            n, T(0), row, [&](Batch<T> p, Batch<T> gp) { return p * (gp - dot) * factor; }, weight, row);
      }
      if (a.gq != nullptr) gemm<T>(l, e, n, {scores, n, 1}, {a.k + stack * n * e, e, 1}, T(0), a.gq + stack * l * e, e);
      if (a.gk != nullptr) gemm<T>(n, e, l, {scores, 1, n}, {a.q + stack * l * e, e, 1}, T(0), a.gk + stack * n * e, e);
    }
  }
};

}  // namespace

template <class T>
void attend(const AttentionShape& s, const T* q, const T* k, const T* v, const AttentionMask<T>& mask, T* weights,
            T* y) {
  const std::int64_t blocks = s.stacks * Attend<T>::blocks(s);
  const std::int64_t work = kQueries * s.keys * (s.size + s.value_size), grain = kWork / (work + 1) + 1;
  if (weights != nullptr) return launch(Attend<T>{s, mask, q, k, v, weights, 0, y}, blocks, grain);
  const std::int64_t together = tasks_together(kQueries * s.keys, blocks);
  Tensor room = new_tensor({together * kQueries, s.keys}, dtype_of<T>);
  for (std::int64_t first = 0; first < blocks; first += together)
    launch(Attend<T>{s, mask, q, k, v, data_of<T>(room), first, y}, std::min(together, blocks - first), grain);
}

template <class T>
void attend_back(const AttentionShape& s, const T* q, const T* k, const T* v, const T* weights, const T* g, T* gq,
                 T* gk, T* gv) {
  const std::int64_t scores = std::max<std::int64_t>(1, s.queries * s.keys);
  const std::int64_t together = tasks_together(scores, s.stacks);
  Tensor room;
  if (gq != nullptr || gk != nullptr) room = new_tensor({together, s.queries, s.keys}, dtype_of<T>);
  const std::int64_t work = scores * 2 * (s.size + s.value_size);
  for (std::int64_t first = 0; first < s.stacks; first += together)
    launch(AttendBack<T>{s, q, k, v, weights, g, room.defined() ? data_of<T>(room) : nullptr, first, gq, gk, gv},
           std::min(together, s.stacks - first), kWork / (work + 1) + 1);
}

#define XGRAD_INSTANTIATE(T)                                                                                  \
  template void attend(const AttentionShape&, const T*, const T*, const T*, const AttentionMask<T>&, T*, T*); \
  template void attend_back(const AttentionShape&, const T*, const T*, const T*, const T*, const T*, T*, T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
