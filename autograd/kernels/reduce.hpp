// Folding elements together: the loops behind sum, max and all other reductions.
//
// A plan sees the operand as outer x reduced x (a contiguous run): the run is reduced too ("by row") or kept ("by
// column"). Axes are taken in the order in which they lie in memory, whatever their order in the shape, so that a
// transposed operand is read as fast as any other.
//
// A fold tells how elements are put together:
//
//     struct SumFold {
//       static constexpr bool kCentered = false;                          // whether step and neutral use `center`
//       template <class V> static V start();                              // of no elements
//       template <class V> static V step(V sum, V x, V center);           // with one element more
//       template <class V> static V join(V a, V b);                       // of two parts
//       template <class V> static V neutral(V center);                    // an element that changes nothing
//     };
//
// V is a batch or a number. Elements are cut into blocks and chunks by the shape alone, and joined pairwise in a fixed
// order: sums are accurate, and the result has the same bits for any number of threads.
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>
#include <limits>

#include "../base/launch.hpp"
#include "../simd/math.hpp"
#include "../simd/partial.hpp"
#include "../tensor_impl.hpp"
#include "elementwise.hpp"

namespace xgrad::internal {

/// How a reduction traverses its operand. Strides are in elements.
struct ReducePlan {
  struct Axis {
    std::int64_t extent;
    std::int64_t stride;
    std::int64_t out_stride;  // 0 for a reduced axis
  };
  Axis outer[kMaxDims];    // kept
  Axis reduced[kMaxDims];  // besides the run
  int outer_ndim = 0;
  int reduced_ndim = 0;
  std::int64_t outer_count = 1;
  std::int64_t positions = 1;  // of the reduced axes
  bool by_column = false;
  std::int64_t run = 1;             // neighbours in memory
  std::int64_t run_out_stride = 1;  // by column: their distance in the result

  // How the work is cut.
  std::int64_t blocks = 1;         // of one result: parts of a run by row, positions by column
  std::int64_t blocks_of_run = 1;  // by row
  std::int64_t blocks_per_chunk = 1;
  std::int64_t chunks = 1;
  std::int64_t tiles = 1;  // by column: of the run

  /// Where the elements behind one result (or one row of results) begin, and where it goes.
  struct Place {
    std::int64_t in;
    std::int64_t out;
  };
  Place place(std::int64_t outer_index) const {
    if (outer_ndim == 1) return {outer_index * outer[0].stride, outer_index * outer[0].out_stride};
    Place place{0, 0};
    for (int axis = outer_ndim - 1; axis >= 0; --axis) {
      std::int64_t i = axis == 0 ? outer_index : outer_index % outer[axis].extent;
      if (axis > 0) outer_index /= outer[axis].extent;
      place.in += i * outer[axis].stride;
      place.out += i * outer[axis].out_stride;
    }
    return place;
  }
  /// Whether each result is folded of one block by row.
  bool has_short_rows() const { return !by_column && blocks == 1; }
  /// row(in, out) for the places of results [begin, end).
  template <class Row>
  void for_rows(std::int64_t begin, std::int64_t end, const Row& row) const {
    for (std::int64_t i = begin; i < end; ++i) {
      auto [in, out] = place(i);
      row(in, out);
    }
  }
  std::int64_t numel() const { return outer_count * (by_column ? run : 1); }
  std::int64_t tasks() const { return outer_count * chunks * tiles; }
  std::int64_t elements_per_task() const { return outer_count * positions * run / tasks(); }

  static constexpr std::int64_t kBlock = 2048;     // elements of a run that are folded without a break
  static constexpr std::int64_t kChunk = 1 << 14;  // elements of a task; fewer where a result has fewer
  static constexpr std::int64_t kTile = 512;       // columns that are folded together: two tiles fit the L1 cache
  static constexpr std::int64_t kTileRoom = 2 * kTile;
};

/// Makes the plan for the axes of `mask`. The result is row-major over the kept axes. x must have elements. False where
/// no axis has neighbours in memory (or one runs backwards): a contiguous copy must be folded then.
bool plan_reduction(const TensorImpl& x, unsigned mask, ReducePlan& plan);

template <class V>
concept IsBatch = requires {
  typename V::Element;
};

// NaN where either is NaN. Numbers are compared without a branch: it would often be mispredicted.
template <class V>
V larger(V a, V b) {
  if constexpr (IsBatch<V>) {
    return max(a, b);
  } else {
    V larger = a > b ? a : b;  // b where a is NaN
    return a != a ? a : larger;
  }
}
template <class V>
V smaller(V a, V b) {
  if constexpr (IsBatch<V>) {
    return min(a, b);
  } else {
    V smaller = a < b ? a : b;
    return a != a ? a : smaller;
  }
}

/// The fold of a batch's lanes.
template <class F, class V>
auto across(V value) {
  if constexpr (IsBatch<V>) {
    return join_lanes(value, [](auto a, auto b) { return F::join(a, b); });
  } else {
    return value;
  }
}

/// Whether a step of F takes longer for a number than for a batch, as one with exp() does: such an F says so.
template <class F>
inline constexpr bool kIsCostly = requires {
  F::kIsCostly;
};

/// Joins values pairwise as they come: the k-th waits until it has a partner of the same weight.
template <class F, class V>
class Pairwise {
 public:
  void push(V value) {
    int level = std::countr_one(count_++);
    for (int i = 0; i < level; ++i) value = F::join(waiting_[i], value);
    waiting_[level] = value;
  }
  V total() const {
    if (count_ == 0) return F::template start<V>();
    int level = std::countr_zero(count_);
    V value = waiting_[level];
    for (std::uint64_t rest = count_ >> level >> 1 << level << 1; rest != 0; rest &= rest - 1)
      value = F::join(waiting_[std::countr_zero(rest)], value);
    return value;
  }

 private:
  V waiting_[48];
  std::uint64_t count_ = 0;
};

/// The folding of elements of E, computed in T, by F.
template <class E, class T, class F>
class Folder {
 public:
  static constexpr int kLanes = Lanes<T>::kSize;
  using V = std::conditional_t<std::is_floating_point_v<T>, Batch<T>, T>;

  static_assert(std::is_same_v<E, T> || kLanes == 1);

  Folder(const ReducePlan& plan, const E* x) : plan_(plan), x_(x) {}

  /// Folds task `index`, and hands on where its results stand: write(out offset, chunk, results, count, out stride).
  /// `center`, in the result's layout, is read only by folds that use it.
  template <class Write>
  void run_task(std::int64_t index, const T* center, Write&& write) const {
    std::int64_t tile = index % plan_.tiles;
    std::int64_t chunk = index / plan_.tiles % plan_.chunks;
    auto [in, out] = plan_.place(index / plan_.tiles / plan_.chunks);
    const E* from = x_ + in;
    std::int64_t begin = chunk * plan_.blocks_per_chunk;
    std::int64_t end = std::min(plan_.blocks, begin + plan_.blocks_per_chunk);
    if (!plan_.by_column) {
      T result = fold_blocks(from, begin, end, F::kCentered ? center[out] : T(0));
      write(out, chunk, &result, std::int64_t{1}, std::int64_t{1});
      return;
    }
    std::int64_t first = tile * ReducePlan::kTile;
    std::int64_t count = tile + 1 == plan_.tiles ? plan_.run - first : ReducePlan::kTile;
    out += first * plan_.run_out_stride;
    alignas(64) T results[ReducePlan::kTileRoom];
    const T* centers = nullptr;
    alignas(64) T room[F::kCentered ? ReducePlan::kTileRoom : 1] = {};
    if constexpr (F::kCentered) {
      for (std::int64_t j = 0; j < count; ++j) room[j] = center[out + j * plan_.run_out_stride];
      centers = room;
    }
    fold_columns(from + first, begin, end, count, centers, results);
    write(out, chunk, static_cast<const T*>(results), count, plan_.run_out_stride);
  }

  /// A result of one block by row, without the cost of a task. `in` is the row's place.
  T fold_short_row(std::int64_t in, T center) const { return fold_block(x_ + in, plan_.run, center); }

  /// The fold of n neighbours.
  static V fold_run(const E* x, std::int64_t n, T center) {
    V c(center);
    V a[4] = {F::template start<V>(), F::template start<V>(), F::template start<V>(), F::template start<V>()};
    std::int64_t i = 0;
    for (; i + 4 * kLanes <= n; i += 4 * kLanes)
      for (int k = 0; k < 4; ++k) a[k] = F::step(a[k], load(x + i + k * kLanes), c);
    for (; i + kLanes <= n; i += kLanes) a[0] = F::step(a[0], load(x + i), c);
    if constexpr (kLanes > 1) {
      if (i < n) a[1] = F::step(a[1], load_part(x + i, static_cast<int>(n - i), F::template neutral<V>(c)), c);
    }
    return F::join(F::join(a[0], a[1]), F::join(a[2], a[3]));
  }

 private:
  static V load(const E* from) {
    if constexpr (IsBatch<V>)
      return V::load(from);
    else
      return static_cast<T>(*from);
  }

  std::int64_t offset_of(std::int64_t position) const {
    std::int64_t offset = 0;
    for (int axis = plan_.reduced_ndim - 1; axis > 0; --axis) {
      offset += position % plan_.reduced[axis].extent * plan_.reduced[axis].stride;
      position /= plan_.reduced[axis].extent;
    }
    return plan_.reduced_ndim > 0 ? offset + position * plan_.reduced[0].stride : offset;
  }

  static T fold_block(const E* from, std::int64_t n, T center) {
    if constexpr (kLanes > 1) {
      if (n > kLanes) return across<F>(fold_run(from, n, center));
      if (kIsCostly<F> || n > kLanes / 4) {
        V c(center);
        return across<F>(
            F::step(F::template start<V>(), load_part(from, static_cast<int>(n), F::template neutral<V>(c)), c));
      }
    }
    T result = F::template start<T>();
    for (std::int64_t i = 0; i < n; ++i) result = F::step(result, T(from[i]), center);
    return result;
  }

  T fold_blocks(const E* from, std::int64_t begin, std::int64_t end, T center) const {
    if (plan_.blocks == 1) return fold_block(from, plan_.run, center);
    Pairwise<F, V> total;
    for (std::int64_t block = begin; block < end; ++block) {
      std::int64_t position = plan_.blocks_of_run == 1 ? block : block / plan_.blocks_of_run;
      std::int64_t start = (block - position * plan_.blocks_of_run) * ReducePlan::kBlock;
      const E* run = from + (plan_.positions == 1 ? 0 : offset_of(position));
      total.push(fold_run(run + start, std::min(ReducePlan::kBlock, plan_.run - start), center));
    }
    return across<F>(total.total());
  }

  /// results[j] = the fold over the positions [begin, end) of column j.
  void fold_columns(const E* from, std::int64_t begin, std::int64_t end, std::int64_t count, const T* centers,
                    T* results) const {
    bool dense = plan_.reduced_ndim == 1 && plan_.reduced[0].stride == count;
    if (dense && count <= kNarrow) return fold_narrow(from + begin * count, end - begin, count, centers, results);
    fold_rows([&](std::int64_t position) { return from + offset_of(position); }, begin, end, count, centers, results);
  }

  /// A few short rows one after the other are folded as one long row, which is then folded together.
  static void fold_narrow(const E* from, std::int64_t positions, std::int64_t count, const T* centers, T* results) {
    std::int64_t rows = static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(4 * kNarrow / count)));
    std::int64_t wide = rows * count;
    std::int64_t steps = positions / rows;
    alignas(64) T folded[ReducePlan::kTileRoom];
    const T* wide_centers = nullptr;
    alignas(64) T room[F::kCentered ? 4 * kNarrow : 1] = {};
    if constexpr (F::kCentered) {
      for (std::int64_t i = 0; i < rows; ++i) std::copy_n(centers, count, room + i * count);
      wide_centers = room;
    }
    fold_rows([&](std::int64_t step) { return from + step * wide; }, 0, steps, wide, wide_centers, folded);
    for (std::int64_t half = rows / 2; half > 0; half /= 2)
      for (std::int64_t j = 0; j < half * count; ++j) folded[j] = F::join(folded[j], folded[j + half * count]);
    for (std::int64_t position = steps * rows; position < positions; ++position)
      for (std::int64_t j = 0; j < count; ++j)
        folded[j] = F::step(folded[j], T(from[position * count + j]), F::kCentered ? centers[j] : T(0));
    std::copy_n(folded, count, results);
  }

  /// Pairwise over blocks of rows.
  template <class RowAt>
  static void fold_rows(const RowAt& row_at, std::int64_t begin, std::int64_t end, std::int64_t count, const T* centers,
                        T* results) {
    if (end - begin <= kRows) return fold_few_rows(row_at, begin, end, count, centers, results);
    std::int64_t middle = begin + (end - begin + 2 * kRows - 1) / (2 * kRows) * kRows;
    alignas(64) T others[ReducePlan::kTileRoom];
    fold_rows(row_at, begin, middle, count, centers, results);
    fold_rows(row_at, middle, end, count, centers, others);
    for (std::int64_t j = 0; j < count; ++j) results[j] = F::join(results[j], others[j]);
  }

  template <class RowAt>
  static void fold_few_rows(const RowAt& row_at, std::int64_t begin, std::int64_t end, std::int64_t count,
                            const T* centers, T* results) {
    if (count < kLanes) {
      std::fill_n(results, count, F::template start<T>());
      for (std::int64_t position = begin; position < end; ++position) {
        const E* row = row_at(position);
        for (std::int64_t j = 0; j < count; ++j)
          results[j] = F::step(results[j], T(row[j]), F::kCentered ? centers[j] : T(0));
      }
      return;
    }
    // The last batch overlaps the one before: each batch has sums of its own, so no element counts twice.
    std::int64_t batches = (count + kLanes - 1) / kLanes;
    auto column = [&](std::int64_t batch) { return std::min(batch * kLanes, count - kLanes); };
    auto center = [&](std::int64_t batch) {
      if constexpr (F::kCentered)
        return Lanes<T>::load(centers + column(batch));
      else
        return V(0);
    };
    alignas(64) T sums[ReducePlan::kTileRoom + kLanes];
    for (std::int64_t batch = 0; batch < batches; ++batch)
      Lanes<T>::store(sums + batch * kLanes, F::template start<V>());
    std::int64_t position = begin;
    for (; position + 8 <= end; position += 8) {
      const E* rows[8];
      for (int k = 0; k < 8; ++k) rows[k] = row_at(position + k);
      for (std::int64_t batch = 0; batch < batches; ++batch) {
        std::int64_t at = column(batch);
        V c = center(batch);
        V a = Lanes<T>::load(sums + batch * kLanes);
        V b = F::template start<V>();
        for (int k = 0; k < 4; ++k) {
          a = F::step(a, load(rows[k] + at), c);
          b = F::step(b, load(rows[k + 4] + at), c);
        }
        Lanes<T>::store(sums + batch * kLanes, F::join(a, b));
      }
    }
    for (; position < end; ++position) {
      const E* row = row_at(position);
      for (std::int64_t batch = 0; batch < batches; ++batch) {
        V a = Lanes<T>::load(sums + batch * kLanes);
        Lanes<T>::store(sums + batch * kLanes, F::step(a, load(row + column(batch)), center(batch)));
      }
    }
    for (std::int64_t batch = 0; batch < batches; ++batch)
      Lanes<T>::store(results + column(batch), Lanes<T>::load(sums + batch * kLanes));
  }

  static constexpr std::int64_t kNarrow = 64;  // columns up to which rows are folded together
  static constexpr std::int64_t kRows = 64;    // rows that are added without a break

  const ReducePlan& plan_;
  const E* x_;
};

/// Tasks that are worth a thread: from as many elements on as an elementwise loop, so that each thread folds what it
/// has just computed, out of its own cache.
inline std::int64_t tasks_grain(const ReducePlan& plan) {
  return std::max<std::int64_t>(1, kElementwiseGrain / std::max<std::int64_t>(1, plan.elements_per_task()));
}

/// Tasks of a fold. The results of chunk c are stored from out + c * chunk_stride on.
template <class F, class E, class T>
struct FoldTasks {
  const ReducePlan* plan;
  const E* x;
  T* out;
  const T* center;
  std::int64_t chunk_stride;

  static void run(const FoldTasks& a, std::int64_t begin, std::int64_t end) {
    Folder<E, T, F> folder(*a.plan, a.x);
    if (a.plan->has_short_rows())
      return a.plan->for_rows(begin, end, [out = a.out, center = a.center, &folder](std::int64_t in, std::int64_t at) {
        out[at] = folder.fold_short_row(in, F::kCentered ? center[at] : T(0));
      });
    for (std::int64_t task = begin; task < end; ++task)
      folder.run_task(
          task, a.center,
          [&a](std::int64_t at, std::int64_t chunk, const T* results, std::int64_t count, std::int64_t stride) {
            T* to = a.out + chunk * a.chunk_stride + at;
            for (std::int64_t j = 0; j < count; ++j) to[j * stride] = results[j];
          });
  }
};

/// The chunks' results, parts [chunk][result], joined pairwise.
template <class F, class T>
struct JoinChunks {
  T* parts;
  T* out;
  std::int64_t chunks;
  std::int64_t numel;

  static void run(const JoinChunks& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t step = 1; step < a.chunks; step *= 2)
      for (std::int64_t chunk = 0; chunk + step < a.chunks; chunk += 2 * step) {
        T* part = a.parts + chunk * a.numel;
        const T* other = a.parts + (chunk + step) * a.numel;
        for (std::int64_t i = begin; i < end; ++i) part[i] = F::join(part[i], other[i]);
      }
    std::copy(a.parts + begin, a.parts + end, a.out + begin);
  }
};

/// out = fold of x. `center` as in Folder::run_task.
template <class F, class E, class T>
void fold_into(const ReducePlan& plan, const E* x, T* out, const T* center = nullptr) {
  if (plan.chunks == 1) return launch(FoldTasks<F, E, T>{&plan, x, out, center, 0}, plan.tasks(), tasks_grain(plan));
  std::int64_t numel = plan.numel();
  Tensor room = new_tensor({plan.chunks, numel}, dtype_of<T>);
  T* parts = data_of<T>(room);
  launch(FoldTasks<F, E, T>{&plan, x, parts, center, numel}, plan.tasks(), tasks_grain(plan));
  launch(JoinChunks<F, T>{parts, out, plan.chunks, numel}, numel, kElementwiseGrain);
}

/// Tasks of two folds, where one task has all elements of its results: it reads them twice while they are in the cache.
template <class First, class Second, class T, class ToCenter>
struct FoldTwiceTasks {
  const ReducePlan* plan;
  const T* x;
  T* center;
  T* out;
  ToCenter to_center;

  static void run(const FoldTwiceTasks& a, std::int64_t begin, std::int64_t end) {
    Folder<T, T, First> first(*a.plan, a.x);
    Folder<T, T, Second> second(*a.plan, a.x);
    if (a.plan->has_short_rows())
      return a.plan->for_rows(begin, end, [&](std::int64_t in, std::int64_t at) {
        T c = a.to_center(at, a.center[at], first.fold_short_row(in, First::kCentered ? a.center[at] : T(0)));
        a.center[at] = c;
        a.out[at] = second.fold_short_row(in, c);
      });
    for (std::int64_t task = begin; task < end; ++task) {
      first.run_task(task, First::kCentered ? a.center : nullptr,
                     [&a](std::int64_t at, std::int64_t, const T* results, std::int64_t count, std::int64_t stride) {
                       for (std::int64_t j = 0; j < count; ++j, at += stride)
                         a.center[at] = a.to_center(at, a.center[at], results[j]);
                     });
      second.run_task(task, a.center,
                      [&a](std::int64_t at, std::int64_t, const T* results, std::int64_t count, std::int64_t stride) {
                        for (std::int64_t j = 0; j < count; ++j) a.out[at + j * stride] = results[j];
                      });
    }
  }
};

/// Two folds, the second centered on what `to_center(place of the result, guess, first)` makes of the first. `center`
/// starts with guesses, on which the first fold is centered if it is of that kind, and ends with the centers; `out`
/// gets the second fold.
template <class First, class Second, class T, class ToCenter>
void fold_twice(const ReducePlan& plan, const T* x, T* center, T* out, const ToCenter& to_center) {
  if (plan.chunks == 1)
    return launch(FoldTwiceTasks<First, Second, T, ToCenter>{&plan, x, center, out, to_center}, plan.tasks(),
                  tasks_grain(plan));
  fold_into<First>(plan, x, out, First::kCentered ? center : nullptr);
  for (std::int64_t i = 0; i < plan.numel(); ++i) center[i] = to_center(i, center[i], out[i]);
  fold_into<Second>(plan, x, out, center);
}

// ---- Folds ----

struct SumFold {
  static constexpr bool kCentered = false;
  template <class V>
  static V start() {
    return V(0);
  }
  template <class V>
  static V step(V sum, V x, V) {
    return sum + x;
  }
  template <class V>
  static V join(V a, V b) {
    return a + b;
  }
  template <class V>
  static V neutral(V) {
    return V(0);
  }
};

struct ProductFold {
  static constexpr bool kCentered = false;
  template <class V>
  static V start() {
    return V(1);
  }
  template <class V>
  static V step(V product, V x, V) {
    return product * x;
  }
  template <class V>
  static V join(V a, V b) {
    return a * b;
  }
  template <class V>
  static V neutral(V) {
    return V(1);
  }
};

/// The least value of a number type, and of a batch's elements.
template <class V>
constexpr auto lowest_of() {
  if constexpr (IsBatch<V>)
    return -std::numeric_limits<typename V::Element>::infinity();
  else if constexpr (std::is_floating_point_v<V>)
    return -std::numeric_limits<V>::infinity();
  else
    return std::numeric_limits<V>::lowest();
}
template <class V>
constexpr auto highest_of() {
  if constexpr (std::is_integral_v<V>)
    return std::numeric_limits<V>::max();
  else
    return -lowest_of<V>();
}

template <bool kLargest>
struct ExtremeFold {
  static constexpr bool kCentered = false;
  template <class V>
  static V start() {
    if constexpr (kLargest)
      return V(lowest_of<V>());
    else
      return V(highest_of<V>());
  }
  template <class V>
  static V step(V found, V x, V) {
    return join(found, x);
  }
  template <class V>
  static V join(V a, V b) {
    if constexpr (kLargest)
      return larger(a, b);
    else
      return smaller(a, b);
  }
  template <class V>
  static V neutral(V) {
    return start<V>();
  }
};
using MaxFold = ExtremeFold<true>;
using MinFold = ExtremeFold<false>;

}  // namespace xgrad::internal
