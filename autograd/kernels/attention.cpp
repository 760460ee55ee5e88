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

/// Queries whose scores are in the cache together. Where they see the keys up to themselves, a block's products end at
/// what its last one sees: smaller blocks leave out more.
constexpr std::int64_t kQueries = 64, kCausalQueries = 32;
/// Scores that are made at a time where they are not kept: they stay in the cache.
constexpr std::int64_t kRoom = 1 << 15;

std::int64_t queries_together(const AttentionShape& s) { return s.causal ? kCausalQueries : kQueries; }

/// How many keys the queries before `end` see.
std::int64_t keys_seen(const AttentionShape& s, std::int64_t end) { return s.causal ? std::min(s.keys, end) : s.keys; }

/// How many tasks of so many scores have room at a time: at least one for each thread.
std::int64_t tasks_together(std::int64_t scores, std::int64_t tasks) {
  const std::int64_t fitting = std::max<std::int64_t>(kRoom / std::max<std::int64_t>(1, scores), num_threads());
  return std::clamp<std::int64_t>(fitting, 1, std::max<std::int64_t>(1, tasks));
}

/// Where the matrix of a stack begins.
template <class T>
T* matrix_of(const AttentionMatrices<T>& matrices, const AttentionLead& lead, std::int64_t stack) {
  return matrices.data + Walk(lead.ndim, lead.extent, matrices.lead_stride, stack).offset();
}

/// As gemm() takes it.
template <class T>
Matrix<T> rows_of(const AttentionMatrices<const T>& matrices, const AttentionLead& lead, std::int64_t stack,
                  std::int64_t first = 0) {
  return {matrix_of(matrices, lead, stack) + first * matrices.row_stride, matrices.row_stride, 1};
}

template <class T>
struct Attend {
  AttentionShape shape;
  AttentionLead lead;
  AttentionMask<T> mask;
  AttentionMatrices<const T> q, k, v;
  T* weights;
  bool is_kept;        // the weights: all of them must be there
  std::int64_t first;  // the block whose weights are stored at `weights`
  AttentionMatrices<T> y;

  static std::int64_t blocks(const AttentionShape& s) {
    return (s.queries + queries_together(s) - 1) / queries_together(s);
  }

  /// Over blocks of queries of all stacks, counted from `first`.
  static void run(const Attend& a, std::int64_t begin, std::int64_t end) {
    const AttentionShape& s = a.shape;
    for (std::int64_t at = a.first + begin; at < a.first + end; ++at) {
      const std::int64_t stack = at / blocks(s), query = at % blocks(s) * queries_together(s);
      const std::int64_t count = std::min(queries_together(s), s.queries - query), seen = keys_seen(s, query + count);
      T* weights = a.weights_of(stack, query);
      gemm<T>(count, seen, s.size, rows_of(a.q, a.lead, stack, query), rows_of(a.k, a.lead, stack).transposed(), T(0),
              weights, s.keys);
      const Walk walk(a.lead.ndim, a.lead.extent, a.mask.lead_stride, stack);
      for (std::int64_t i = 0; i < count; ++i)
        a.make_weights(weights + i * s.keys, walk.offset() + (query + i) * a.mask.query_stride,
                       keys_seen(s, query + i + 1), a.is_kept ? s.keys : seen);
      gemm<T>(count, s.value_size, seen, {weights, s.keys, 1}, rows_of(a.v, a.lead, stack), T(0),
              matrix_of(a.y, a.lead, stack) + query * a.y.row_stride, a.y.row_stride);
    }
  }

  /// Where the weights of a block begin.
  T* weights_of(std::int64_t stack, std::int64_t query) const {
    const std::int64_t first_row =
        first / blocks(shape) * shape.queries + first % blocks(shape) * queries_together(shape);
    return weights + (stack * shape.queries + query - first_row) * shape.keys;
  }

  /// The softmax of one query's scores, in place, of those that it sees; up to `end` the others get 0.
  void make_weights(T* row, std::int64_t mask_at, std::int64_t seen, std::int64_t end) const {
    Batch<T> factor = static_cast<T>(shape.scale);
    std::fill(row + seen, row + end, T(0));
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
  AttentionLead lead;
  AttentionMatrices<const T> q, k, v, g;
  const T* weights;
  T* scores;  // room for the cotangents of the scores of stacks from `first` on
  std::int64_t first;
  AttentionMatrices<T> gq, gk, gv;

  static void run(const AttendBack& a, std::int64_t begin, std::int64_t end) {
    const AttentionShape& s = a.shape;
    // Without a limit to what is seen, one block. From the last one on, as it sees the most: the others add to what it
    // gives.
    const std::int64_t together = s.causal ? kCausalQueries : std::max<std::int64_t>(1, s.queries);
    const std::int64_t last = (s.queries - 1) / together * together, seen = s.queries > 0 ? keys_seen(s, s.queries) : 0;
    for (std::int64_t stack = a.first + begin; stack < a.first + end; ++stack) {
      a.clear_rows(a.gk, s.size, stack, seen);
      a.clear_rows(a.gv, s.value_size, stack, seen);
      for (std::int64_t query = last; query >= 0 && s.queries > 0; query -= together)
        a.pull(stack, query, std::min(together, s.queries - query), query == last ? T(0) : T(1));
    }
  }

  /// What a block of queries gives. The cotangents of keys and values begin as `beta` times what they are.
  void pull(std::int64_t stack, std::int64_t query, std::int64_t count, T beta) const {
    const std::int64_t n = shape.keys, seen = keys_seen(shape, query + count), at = query * n;
    const Batch<T> factor = static_cast<T>(shape.scale), zero = 0, half = T(0.5);
    const T* kept = weights + stack * shape.queries * n + at;
    const Matrix<T> g_rows = rows_of(g, lead, stack, query);
    multiply(seen, shape.value_size, count, {kept, 1, n}, g_rows, beta, gv, stack);
    if (gq.data == nullptr && gk.data == nullptr) return;
    T* room = scores + (stack - first) * shape.queries * n + at;
    gemm<T>(count, seen, shape.value_size, g_rows, rows_of(v, lead, stack).transposed(), T(0), room, n);
    for (std::int64_t i = 0; i < count; ++i) {
      T* row = room + i * n;
      const T* weight = kept + i * n;
      // As the p add up to 1, gp may be taken relative to that of the winner, the key with more than half of the sum:
      // its own difference is then 0 rather than what rounding left of 1 - p. Of most rows there is none, and one pass
      // is enough.
      Batch<T> most = 0, winner = 0;
      Batch<T> dot = sum_row<T>(
          seen, T(0),
          [&](Batch<T> p, Batch<T> gp) {
            most = max(most, p);
            return p * gp;
          },
          weight, row);
      if (any(most > half)) {
        winner = sum_row<T>(
            seen, T(0), [&](Batch<T> p, Batch<T> gp) { return where(p > half, gp, zero); }, weight, row);
        dot = sum_row<T>(
            seen, T(0), [&](Batch<T> p, Batch<T> gp) { return p * (gp - winner); }, weight, row);
      }
      map_row<T>(
          seen, T(0), row, [&](Batch<T> p, Batch<T> gp) { return p * ((gp - winner) - dot) * factor; }, weight, row);
    }
    multiply(count, shape.size, seen, {room, n, 1}, rows_of(k, lead, stack), T(0), gq, stack, query);
    multiply(seen, shape.size, count, {room, 1, n}, rows_of(q, lead, stack, query), beta, gk, stack);
  }

  /// The product and beta times what is there, where it is wanted, from this row on.
  void multiply(std::int64_t m, std::int64_t columns, std::int64_t inner, const Matrix<T>& left, const Matrix<T>& right,
                T beta, const AttentionMatrices<T>& to, std::int64_t stack, std::int64_t row = 0) const {
    if (to.data != nullptr)
      gemm<T>(m, columns, inner, left, right, beta, matrix_of(to, lead, stack) + row * to.row_stride, to.row_stride);
  }

  /// The rows of keys that no query sees.
  void clear_rows(const AttentionMatrices<T>& to, std::int64_t columns, std::int64_t stack, std::int64_t row) const {
    if (to.data == nullptr) return;
    for (; row < shape.keys; ++row) std::fill_n(matrix_of(to, lead, stack) + row * to.row_stride, columns, T(0));
  }
};

}  // namespace

template <class T>
void attend(const AttentionShape& s, const AttentionLead& lead, const AttentionMatrices<const T>& q,
            const AttentionMatrices<const T>& k, const AttentionMatrices<const T>& v, const AttentionMask<T>& mask,
            T* weights, const AttentionMatrices<T>& y) {
  const std::int64_t blocks = s.stacks * Attend<T>::blocks(s);
  const std::int64_t rows = queries_together(s), work = rows * s.keys * (s.size + s.value_size),
                     grain = kProductGrain / (work + 1) + 1;
  if (weights != nullptr) return launch(Attend<T>{s, lead, mask, q, k, v, weights, true, 0, y}, blocks, grain);
  const std::int64_t together = tasks_together(rows * s.keys, blocks);
  Tensor room = new_tensor({together * rows, s.keys}, dtype_of<T>);
  for (std::int64_t first = 0; first < blocks; first += together)
    launch(Attend<T>{s, lead, mask, q, k, v, data_of<T>(room), false, first, y}, std::min(together, blocks - first),
           grain);
}

template <class T>
void attend_back(const AttentionShape& s, const AttentionLead& lead, const AttentionMatrices<const T>& q,
                 const AttentionMatrices<const T>& k, const AttentionMatrices<const T>& v, const T* weights,
                 const AttentionMatrices<const T>& g, const AttentionMatrices<T>& gq, const AttentionMatrices<T>& gk,
                 const AttentionMatrices<T>& gv) {
  const std::int64_t scores = std::max<std::int64_t>(1, s.queries * s.keys);
  const std::int64_t together = tasks_together(scores, s.stacks);
  Tensor room;
  if (gq.data != nullptr || gk.data != nullptr) room = new_tensor({together, s.queries, s.keys}, dtype_of<T>);
  const std::int64_t work = scores * 2 * (s.size + s.value_size);
  for (std::int64_t first = 0; first < s.stacks; first += together)
    launch(AttendBack<T>{s, lead, q, k, v, g, weights, room.defined() ? data_of<T>(room) : nullptr, first, gq, gk, gv},
           std::min(together, s.stacks - first), kProductGrain / (work + 1) + 1);
}

#define XGRAD_INSTANTIATE(T)                                                                                          \
  template void attend(const AttentionShape&, const AttentionLead&, const AttentionMatrices<const T>&,                \
                       const AttentionMatrices<const T>&, const AttentionMatrices<const T>&, const AttentionMask<T>&, \
                       T*, const AttentionMatrices<T>&);                                                              \
  template void attend_back(const AttentionShape&, const AttentionLead&, const AttentionMatrices<const T>&,           \
                            const AttentionMatrices<const T>&, const AttentionMatrices<const T>&, const T*,           \
                            const AttentionMatrices<const T>&, const AttentionMatrices<T>&,                           \
                            const AttentionMatrices<T>&, const AttentionMatrices<T>&);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
