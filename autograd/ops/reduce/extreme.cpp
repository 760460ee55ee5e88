// The largest and the smallest, and where they stand.
#include <array>
#include <cmath>
#include <limits>

#include "../../extend.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../index.hpp"
#include "../movement.hpp"
#include "../reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

void check_not_empty(const char* name, const Tensor& x, unsigned mask, SourceLocation where) {
  check(reduced_count(x.shape(), mask) > 0, where, name,
        ": it needs at least one element along the reduced axes, but x is ", x.shape(), ".");
}

// ---- Values ----

/// How many elements equal the center.
struct TiesFold : SumFold {
  static constexpr bool kCentered = true;
  template <class V>
  static V step(V count, V x, V center) {
    if constexpr (IsBatch<V>)
      return count + where(x == center, V(1), V(0));
    else
      return count + V(x == center);
  }
  template <class V>
  static V neutral(V) {
    return V(std::numeric_limits<double>::quiet_NaN());
  }
};

/// For each row: counts the elements that equal its y, and while the row is in the cache gives each its share of g.
template <class T>
struct ShareInRows {
  const T* x;
  const T* y;
  const T* g;
  T* to;
  std::int64_t length;
  bool adds;

  /// The longest row.
  static constexpr std::int64_t kMost = (std::int64_t{1} << 14) / static_cast<std::int64_t>(sizeof(T));

  static void run(const ShareInRows& a, std::int64_t begin, std::int64_t end) {
    const std::int64_t n = a.length;
    for (std::int64_t row = begin; row < end; ++row) {
      const T* x = a.x + row * n;
      T* to = a.to + row * n;
      const T y = a.y[row];
      const T share = a.g[row] / across<TiesFold>(Folder<T, T, TiesFold>::fold_run(x, n, y));
      if (a.adds)
        for (std::int64_t j = 0; j < n; ++j) to[j] += x[j] == y ? share : T(0);
      else
        for (std::int64_t j = 0; j < n; ++j) to[j] = x[j] == y ? share : T(0);
    }
  }
};

/// Whether the axes of the mask are the last ones.
bool are_last(unsigned mask, int ndim) {
  int axis = ndim;
  while (axis > 0 && (mask >> (axis - 1) & 1) != 0) --axis;
  return axis < ndim && mask >> axis << axis == mask;
}

/// share_among_ties() where the rows lie one after the other and stay in the cache. Answers whether they do.
template <class T>
bool share_in_rows(Vjp& vjp, const Tensor& x, unsigned mask, const Tensor& y, const Tensor& g) {
  const std::int64_t length = reduced_count(x.shape(), mask);
  if (!x.is_contiguous() || !are_last(mask, x.ndim()) || length > ShareInRows<T>::kMost || x.numel() == 0) return false;
  Tensor dense_y = contiguous(y), dense_g = contiguous(g);
  Tensor* sum = vjp.sum_so_far(0);
  Tensor result = sum != nullptr ? *sum : new_tensor(x.shape(), x.dtype());
  launch(ShareInRows<T>{data_of<T>(x), data_of<T>(dense_y), data_of<T>(dense_g), data_of<T>(result), length,
                        sum != nullptr},
         x.numel() / length, kElementwiseGrain / length + 1);
  if (sum == nullptr) vjp.give(0, std::move(result));
  return true;
}

/// Gives x g shared evenly by those of its elements that equal y. g and y have the shape of the kept axes.
void share_among_ties(Vjp& vjp, unsigned mask) {
  const Tensor& x = vjp.input(0);
  Tensor g = with_kept_axes(vjp.g(), x.shape(), mask);
  Tensor y = with_kept_axes(vjp.output(), x.shape(), mask).detach();
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    if (!vjp.creates_graph() && share_in_rows<T>(vjp, x, mask, y, g)) return;
    Tensor share = g / fold_around<TiesFold, T>(x, mask, y);
    if (vjp.creates_graph()) return vjp.give(0, where(x == y, share, 0));
    vjp.give(0, compute<T>(
                    x.shape(), [](auto x, auto y, auto share) { return where(x == y, share, decltype(x)(0)); }, x, y,
                    share));
  });
}

template <class F>
Tensor extreme_value(const char* name, const Operand& operand, const Axes& axes, ReduceOptions options) {
  const Tensor& x = operand.tensor(name);
  unsigned mask = axis_mask(name, axes, x.ndim(), operand.where());
  check_not_empty(name, x, mask, operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  switch (x.dtype()) {
    case DType::boolean:
      return cast(fold<F, bool, std::int64_t>(x, mask, shape), DType::boolean);
    case DType::int64:
      return fold<F, std::int64_t>(x, mask, shape);
    default:
      break;
  }
  Tensor y = with_memory_for(name, operand.where(), [&] {
    return dispatch_floating(x.dtype(), [&]<class T>(T) { return fold<F, T>(x, mask, shape); });
  });
  return record(name, operand.where(), {x}, std::move(y), {Uses::input(0) | Uses::output()},
                [mask](Vjp& vjp) { share_among_ties(vjp, mask); });
}

// ---- Positions ----

/// Whether a comes before b in the order asked for; NaN comes before all else. Without branches: they would often be
/// mispredicted.
template <bool kLargest, class T>
bool beats(T a, T b) {
  return (kLargest ? a > b : a < b) | ((a != a) & (b == b));
}

/// Integers up to which each is compared with the best so far.
constexpr std::int64_t kFew = 4;

/// First NaN among n elements, or n.
template <class T>
std::int64_t first_nan(const T* x, std::int64_t n) {
  std::int64_t i = 0;
  while (i < n && x[i] == x[i]) ++i;
  return i;
}

/// The smaller of two batches without NaN.
template <class T>
Batch<T> lesser(Batch<T> a, Batch<T> b) {
  return where(a < b, a, b);
}

/// First of n elements, at least a batch, that equals `wanted`, which one does. Without branches.
template <class T>
std::int64_t first_equal(const T* x, std::int64_t n, T wanted) {
  constexpr int kSize = Batch<T>::kSize;
  alignas(64) static constexpr auto kNumbers = [] {
    std::array<T, kSize> numbers{};
    for (int j = 0; j < kSize; ++j) numbers[static_cast<std::size_t>(j)] = static_cast<T>(j);
    return numbers;
  }();
  const Batch<T> lane = Batch<T>::load(kNumbers.data()), none(static_cast<T>(n)), all_wanted(wanted);
  Batch<T> found = none;
  // From the back, so that what comes first is noted last.
  const std::int64_t whole = n / kSize * kSize;
  if (whole < n)
    found = where(Batch<T>::load(x + n - kSize) == all_wanted, lane + Batch<T>(static_cast<T>(n - kSize)), found);
  Batch<T> position = lane + Batch<T>(static_cast<T>(whole - kSize));
  const Batch<T> step(static_cast<T>(kSize));
  for (std::int64_t i = whole - kSize; i >= 0; i -= kSize, position = position - step)
    found = where(Batch<T>::load(x + i) == all_wanted, position, found);
  return static_cast<std::int64_t>(join_lanes(found, [](auto a, auto b) { return lesser(a, b); }));
}

/// First position of the extreme of n elements, at least a batch: each lane notes the group of batches in which it met its
/// own, and then only one group is searched. Without branches: they would often be mispredicted.
template <bool kLargest, class T>
std::int64_t find_by_lanes(const T* x, std::int64_t n) {
  using F = ExtremeFold<kLargest>;
  constexpr std::int64_t kGroup = 8 * Batch<T>::kSize;
  if (n < kGroup) {
    const T extreme = across<F>(Folder<T, T, F>::fold_run(x, n, T(0)));
    return extreme != extreme ? first_nan(x, n) : first_equal(x, n, extreme);
  }
  Batch<T> best = F::template start<Batch<T>>(), group_of_best(T(0));
  auto look_at = [&](std::int64_t begin) {
    const Batch<T> here = Folder<T, T, F>::fold_run(x + begin, kGroup, T(0));
    group_of_best = where(kLargest ? here > best : here < best, Batch<T>(static_cast<T>(begin)), group_of_best);
    best = F::join(best, here);
  };
  std::int64_t i = 0;
  for (; i + kGroup <= n; i += kGroup) look_at(i);
  if (i < n) look_at(n - kGroup);  // what it shows again is not better than itself
  const T extreme = across<F>(best);
  if (extreme != extreme) return first_nan(x, n);
  const Batch<T> groups = where(best == Batch<T>(extreme), group_of_best, Batch<T>(static_cast<T>(n)));
  const auto begin = static_cast<std::int64_t>(join_lanes(groups, [](auto a, auto b) { return lesser(a, b); }));
  return begin + first_equal(x + begin, kGroup, extreme);
}

/// First position of the extreme among n elements that stay in the cache, at most ReducePlan::kBlock.
template <bool kLargest, class T>
std::int64_t find_in_block(const T* x, std::int64_t n) {
  constexpr int kSize = Lanes<T>::kSize;
  if constexpr (kSize > 1)
    if (n >= kSize) return find_by_lanes<kLargest>(x, n);
  if constexpr (kSize == 1)
    if (n > kFew) {
      const T extreme = across<ExtremeFold<kLargest>>(Folder<T, T, ExtremeFold<kLargest>>::fold_run(x, n, T(0)));
      std::int64_t i = 0;
      while (x[i] != extreme) ++i;
      return i;
    }
  std::int64_t i = 0;
  T best = x[0];
  for (std::int64_t next = 1; next < n; ++next) {
    std::int64_t better = beats<kLargest>(x[next], best);
    best = better ? x[next] : best;
    i += better * (next - i);
  }
  return i;
}

/// First position of the extreme of a run: it is read once, block by block.
template <bool kLargest, class T>
std::int64_t find_in_run(const T* x, std::int64_t n) {
  constexpr std::int64_t kBlock = ReducePlan::kBlock;
  std::int64_t found = find_in_block<kLargest>(x, std::min(n, kBlock));
  for (std::int64_t begin = kBlock; begin < n; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, n - begin);
    using F = ExtremeFold<kLargest>;
    if (!beats<kLargest>(across<F>(Folder<T, T, F>::fold_run(x + begin, count, T(0))), x[found])) continue;
    found = begin + find_in_block<kLargest>(x + begin, count);
  }
  return found;
}

/// Positions of the extremes along the plan's one reduced axis, and the extremes where `values` is not null. By row: rows.
template <bool kLargest, class T>
struct ExtremesOfRows {
  const ReducePlan* plan;
  const T* x;
  std::int64_t* positions;
  T* values;

  static void run(const ExtremesOfRows& a, std::int64_t begin, std::int64_t end) {
    const auto [plan, x, positions, values] = a;
    for (std::int64_t i = begin; i < end; ++i) {
      auto [in, out] = plan->place(i);
      const std::int64_t found = find_in_run<kLargest>(x + in, plan->run);
      positions[out] = found;
      if (values != nullptr) values[out] = x[in + found];
    }
  }
};

/// By column: tiles of columns.
template <bool kLargest, class T>
struct ExtremesOfColumns {
  const ReducePlan* plan;
  const T* x;
  std::int64_t* positions;
  T* values;

  static void run(const ExtremesOfColumns& a, std::int64_t begin, std::int64_t end) {
    const auto [plan, x, positions, values] = a;
    T best[ReducePlan::kTileRoom];
    std::int64_t at[ReducePlan::kTileRoom];
    for (std::int64_t i = begin; i < end; ++i) {
      auto [in, out] = plan->place(i / plan->tiles);
      const std::int64_t tile = i % plan->tiles;
      const std::int64_t first = tile * ReducePlan::kTile;
      const std::int64_t count = tile + 1 == plan->tiles ? plan->run - first : ReducePlan::kTile;
      const T* row = x + in + first;
      std::copy_n(row, count, best);
      std::fill_n(at, count, 0);
      for (std::int64_t position = 1; position < plan->positions; ++position) {
        row += plan->reduced[0].stride;
        for (std::int64_t j = 0; j < count; ++j) {
          bool better = beats<kLargest>(row[j], best[j]);
          best[j] = better ? row[j] : best[j];
          at[j] = better ? position : at[j];
        }
      }
      for (std::int64_t j = 0; j < count; ++j) {
        const std::int64_t to = out + (first + j) * plan->run_out_stride;
        positions[to] = at[j];
        if (values != nullptr) values[to] = best[j];
      }
    }
  }
};

template <bool kLargest, class T>
void find_extremes(const ReducePlan& plan, const T* x, std::int64_t* positions, T* values) {
  if (!plan.by_column)
    return launch(ExtremesOfRows<kLargest, T>{&plan, x, positions, values}, plan.outer_count,
                  kElementwiseGrain / plan.run + 1);
  launch(ExtremesOfColumns<kLargest, T>{&plan, x, positions, values}, plan.outer_count * plan.tiles,
         kElementwiseGrain / (plan.positions * std::min(plan.run, ReducePlan::kTile)) + 1);
}

/// The positions of the extremes of x, which is not boolean, over the axis of the mask; and the extremes where `values` is
/// defined. Both have the reduction's elements.
template <bool kLargest>
void locate(const Tensor& x, unsigned mask, const Tensor& positions, const Tensor& values) {
  if (x.numel() == 0) return;
  dispatch(x.dtype(), [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>) {
      if (reduced_count(x.shape(), mask) == 1) {  // an axis of extent 1 is not part of a plan
        std::fill_n(data_of<std::int64_t>(positions), positions.numel(), 0);
        if (values.defined())
          copy_into(x.ndim() == values.ndim() ? values : with_kept_axes(values, x.shape(), mask), x);
        return;
      }
      PlannedOperand planned(x, mask);
      find_extremes<kLargest>(planned.plan, data_of<T>(planned.x), data_of<std::int64_t>(positions),
                              values.defined() ? data_of<T>(values) : nullptr);
    }
  });
}

/// x with booleans as integers.
Tensor comparable(const Tensor& x, SourceLocation where) {
  return x.dtype() == DType::boolean ? cast(Operand(x, where), DType::int64) : x;
}

/// int64, in the shape of the reduction.
template <bool kLargest>
Tensor extreme_positions(const char* name, const Tensor& operand, int axis, bool keepdims, SourceLocation where) {
  Tensor x = comparable(operand, where);
  unsigned mask = axis_mask(name, axis, x.ndim(), where);
  check_not_empty(name, x, mask, where);
  Tensor positions = new_tensor(reduced_shape(x.shape(), mask, keepdims), DType::int64);
  locate<kLargest>(x, mask, positions, {});
  return positions;
}

template <bool kLargest>
Tensor flat_position(const char* name, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  check_not_empty(name, x, axis_mask(name, Axes::all(), x.ndim(), operand.where()), operand.where());
  return extreme_positions<kLargest>(name, reshape(Operand(x.detach(), operand.where()), {x.numel()}), 0, false,
                                     operand.where());
}

/// One element of each group along an axis: where it is stored. The others are 0, or stay what they are.
template <class T>
struct PutAtPositions {
  const T* g;
  const std::int64_t* positions;
  T* to;
  std::int64_t length;
  std::int64_t inner;
  bool adds;

  static constexpr std::int64_t kColumns = 512;
  static std::int64_t tiles(std::int64_t inner) { return (inner + kColumns - 1) / kColumns; }
  static void run(const PutAtPositions& a, std::int64_t begin, std::int64_t end) {
    const auto [g, positions, to, length, inner, adds] = a;
    const std::int64_t tiles_count = tiles(inner);
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = i % tiles_count * kColumns;
      const std::int64_t count = std::min(kColumns, inner - first);
      const std::int64_t from = i / tiles_count * inner + first;
      T* block = to + i / tiles_count * length * inner + first;
      if (!adds && count == inner)
        std::fill_n(block, length * inner, T(0));
      else if (!adds)
        for (std::int64_t k = 0; k < length; ++k) std::fill_n(block + k * inner, count, T(0));
      for (std::int64_t j = 0; j < count; ++j) block[positions[from + j] * inner + j] += g[from + j];
    }
  }
};

/// The cotangent of the extremes: g where each was found.
void extremes_rule(Vjp& vjp, int axis) {
  const Shape& shape = vjp.shape(0);
  Tensor positions = with_kept_axes(vjp.output(1).detach(), shape, 1u << axis);
  Tensor g = with_kept_axes(vjp.g(), shape, 1u << axis);
  if (vjp.creates_graph()) return vjp.give(0, scatter_add(zeros(shape, {.dtype = vjp.dtype(0)}), axis, positions, g));
  Tensor dense = contiguous(g);
  Tensor* sum = vjp.sum_so_far(0);
  const bool adds = sum != nullptr && sum->is_contiguous();
  Tensor result = adds ? *sum : new_tensor(shape, vjp.dtype(0));
  std::int64_t inner = 1;
  for (int i = axis + 1; i < shape.ndim(); ++i) inner *= shape[i];
  const std::int64_t outer = dense.numel() / std::max<std::int64_t>(1, inner);
  dispatch_floating(vjp.dtype(0), [&]<class T>(T) {
    using Put = PutAtPositions<T>;
    const std::int64_t elements = shape[axis] * std::min(std::max<std::int64_t>(1, inner), Put::kColumns);
    launch(Put{data_of<T>(dense), data_of<std::int64_t>(positions), data_of<T>(result), shape[axis], inner, adds},
           outer * Put::tiles(inner), kElementwiseGrain / elements + 1);
  });
  if (!adds) vjp.give(0, std::move(result));
}

template <bool kLargest>
Extreme extreme_along(const char* name, const Operand& operand, int axis, ReduceOptions options) {
  const Tensor& x = operand.tensor(name);
  SourceLocation where = operand.where();
  if (x.ndim() == 0) {
    normalize_axis(name, axis, 0, where);
    Extreme only = extreme_along<kLargest>(name, Operand(reshape(Operand(x, where), {1}), where), 0, options);
    if (options.keepdims) return {reshape(Operand(only.values, where), {}), reshape(Operand(only.indices, where), {})};
    return only;
  }
  axis = normalize_axis(name, axis, x.ndim(), where);
  const unsigned mask = 1u << axis;
  check_not_empty(name, x, mask, where);
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  Tensor compared = comparable(x, where);
  Tensor values = new_tensor(shape, compared.dtype());
  Tensor positions = new_tensor(shape, DType::int64);
  locate<kLargest>(compared, mask, positions, values);
  if (x.dtype() == DType::boolean) values = cast(Operand(values, where), DType::boolean);
  std::vector<Tensor> outputs{std::move(values), std::move(positions)};
  outputs =
      record(name, where, {x}, std::move(outputs), {Uses::output(1)}, [axis](Vjp& vjp) { extremes_rule(vjp, axis); });
  return {outputs[0], outputs[1]};
}

}  // namespace

Tensor amax(const Operand& x, const Axes& axes, ReduceOptions options) {
  return extreme_value<MaxFold>("amax", x, axes, options);
}
Tensor amin(const Operand& x, const Axes& axes, ReduceOptions options) {
  return extreme_value<MinFold>("amin", x, axes, options);
}
MinMax aminmax(const Operand& x, const Axes& axes, ReduceOptions options) {
  return {extreme_value<MinFold>("aminmax", x, axes, options), extreme_value<MaxFold>("aminmax", x, axes, options)};
}
Tensor max(const Operand& x) { return extreme_value<MaxFold>("max", x, Axes::all(), {}); }
Tensor min(const Operand& x) { return extreme_value<MinFold>("min", x, Axes::all(), {}); }

Extreme max(const Operand& x, int axis, ReduceOptions options) { return extreme_along<true>("max", x, axis, options); }
Extreme min(const Operand& x, int axis, ReduceOptions options) { return extreme_along<false>("min", x, axis, options); }

Tensor argmax(const Operand& x, int axis, ReduceOptions options) {
  return extreme_positions<true>("argmax", x.tensor("argmax"), axis, options.keepdims, x.where());
}
Tensor argmin(const Operand& x, int axis, ReduceOptions options) {
  return extreme_positions<false>("argmin", x.tensor("argmin"), axis, options.keepdims, x.where());
}
Tensor argmax(const Operand& x) { return flat_position<true>("argmax", x); }
Tensor argmin(const Operand& x) { return flat_position<false>("argmin", x); }

}  // namespace xgrad
