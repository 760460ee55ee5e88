// The largest and the smallest, and where they stand.
#include <array>
#include <cmath>
#include <limits>

#include "../../extend.hpp"
#include "../../kernels/extremes.hpp"
#include "../../kernels/fill.hpp"
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
  if (const Tensor is_nan = isnan(y); any(is_nan).item<bool>()) {  // which equals nothing: each nan has its share
    const Tensor reached = logical_or(x.detach() == y, logical_and(is_nan, isnan(x.detach())));
    const Tensor count = sum(reached, axes_of(mask), {.keepdims = true});
    return vjp.give(0, where(reached, g / cast(count, x.dtype()), 0));
  }
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

/// The positions of the extremes of x, which is not boolean, over the axis of the mask; and the extremes where `values`
/// is defined. Both have the reduction's elements.
template <bool kLargest>
void locate(const Tensor& x, unsigned mask, const Tensor& positions, const Tensor& values) {
  if (x.numel() == 0) return;
  dispatch(x.dtype(), [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>) {
      if (reduced_count(x.shape(), mask) == 1) {  // an axis of extent 1 is not part of a plan
        fill<std::int64_t>(data_of<std::int64_t>(positions), positions.numel(), 0);
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
Tensor flat_position(const char* name, const Operand& operand, ReduceOptions options = {}) {
  const Tensor& x = operand.tensor(name);
  const SourceLocation where = operand.where();
  const unsigned mask = axis_mask(name, Axes::all(), x.ndim(), where);
  check_not_empty(name, x, mask, where);
  Tensor position =
      extreme_positions<kLargest>(name, reshape(Operand(x.detach(), where), {x.numel()}), 0, false, where);
  return options.keepdims ? reshape(Operand(position, where), reduced_shape(x.shape(), mask, true)) : position;
}

/// One element of each group along an axis: where it is stored. The others are 0, or stay what they are. By groups
/// of neighbours, or by tiles of columns.
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
    if (a.inner == 1) return put_in_rows(a, begin, end);
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

 private:
  /// Elements that are set to 0 at a time: they are in the cache still when one of each row is written.
  static constexpr std::int64_t kCleared = 2048;

  static void put_in_rows(const PutAtPositions& a, std::int64_t begin, std::int64_t end) {
    const auto [g, positions, to, length, inner, adds] = a;
    if (adds) {
      for (std::int64_t row = begin; row < end; ++row) to[row * length + positions[row]] += g[row];
      return;
    }
    const std::int64_t rows = std::max<std::int64_t>(1, kCleared / length);
    for (std::int64_t row = begin; row < end;) {
      const std::int64_t next = std::min(end, row + rows);
      std::fill_n(to + row * length, (next - row) * length, T(0));
      for (; row < next; ++row) to[row * length + positions[row]] = g[row];
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
Tensor argmax(const Operand& x, ReduceOptions options) { return flat_position<true>("argmax", x, options); }
Tensor argmin(const Operand& x, ReduceOptions options) { return flat_position<false>("argmin", x, options); }

}  // namespace xgrad
