// The largest and the smallest, and where they stand.
#include <cmath>
#include <limits>

#include "../../extend.hpp"
#include "../detail/reduction.hpp"
#include "../create.hpp"
#include "../index.hpp"
#include "../reduce.hpp"

namespace xgrad {

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

/// g shared evenly by those elements of x that equal y. g and y have the shape of the kept axes.
Tensor share_among_ties(Vjp& vjp, unsigned mask) {
  const Tensor& x = vjp.input(0);
  Tensor g = with_kept_axes(vjp.g(), x.shape(), mask);
  Tensor y = with_kept_axes(vjp.output(), x.shape(), mask).detach();
  return dispatch_floating(x.dtype(), [&]<class T>(T) -> Tensor {
    Tensor share = g / fold_around<TiesFold, T>(x, mask, y);
    if (vjp.creates_graph()) return where(x == y, share, 0);
    return compute<T>(
        x.shape(), [](auto x, auto y, auto share) { return where(x == y, share, decltype(x)(0)); }, x, y, share);
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
  Tensor y = dispatch_floating(x.dtype(), [&]<class T>(T) { return fold<F, T>(x, mask, shape); });
  return record(name, operand.where(), {x}, std::move(y), {Uses::input(0) | Uses::output()},
                [mask](Vjp& vjp) { vjp.give(0, share_among_ties(vjp, mask)); });
}

// ---- Positions ----

/// Whether a comes before b in the order asked for; NaN comes before all else. Without branches, which could not be
/// foretold.
template <bool kLargest, class T>
bool beats(T a, T b) {
  return (kLargest ? a > b : a < b) | ((a != a) & (b == b));
}

/// Elements up to which each is compared with the best so far.
constexpr std::int64_t kFew = 4;

/// First position of the extreme among n elements.
template <bool kLargest, class T>
std::int64_t find_in_run(const T* x, std::int64_t n) {
  constexpr int kSize = Lanes<T>::kSize;
  std::int64_t i = 0;
  if (n <= kFew) {
    T best = x[0];
    for (std::int64_t next = 1; next < n; ++next) {
      std::int64_t better = beats<kLargest>(x[next], best);
      best = better ? x[next] : best;
      i += better * (next - i);
    }
    return i;
  }
  using F = std::conditional_t<kLargest, MaxFold, MinFold>;
  T extreme = across<F>(Folder<T, T, F>::fold_run(x, n, T(0)));
  if constexpr (kSize == 1) {
    while (x[i] != extreme) ++i;
    return i;
  } else {
    Batch<T> wanted = extreme;
    for (; i + kSize <= n; i += kSize) {
      Batch<T> here = Batch<T>::load(x + i);
      if (any(here == wanted || here != here)) break;
    }
    // Within one batch from the back, again without branches.
    std::int64_t found = i;
    for (std::int64_t at = std::min(n, i + kSize) - 1; at >= i; --at) {
      const std::int64_t is_it = (x[at] == extreme) | (x[at] != x[at]);
      found += is_it * (at - found);
    }
    return found;
  }
}

/// Position of the extreme along the one reduced axis of the plan.
template <bool kLargest, class T>
void find_extremes(const ReducePlan& plan, const T* x, std::int64_t* positions) {
  if (!plan.by_column) {
    parallel_for(plan.outer_count, kElementwiseGrain / plan.run + 1, [&](std::int64_t begin, std::int64_t end) {
      for (std::int64_t i = begin; i < end; ++i) {
        auto [in, out] = plan.place(i);
        positions[out] = find_in_run<kLargest>(x + in, plan.run);
      }
    });
    return;
  }
  std::int64_t grain = kElementwiseGrain / (plan.positions * std::min(plan.run, ReducePlan::kTile)) + 1;
  parallel_for(plan.outer_count * plan.tiles, grain, [&](std::int64_t begin, std::int64_t end) {
    T best[ReducePlan::kTileRoom];
    std::int64_t at[ReducePlan::kTileRoom];
    for (std::int64_t i = begin; i < end; ++i) {
      auto [in, out] = plan.place(i / plan.tiles);
      std::int64_t tile = i % plan.tiles;
      std::int64_t first = tile * ReducePlan::kTile;
      std::int64_t count = tile + 1 == plan.tiles ? plan.run - first : ReducePlan::kTile;
      const T* row = x + in + first;
      std::copy_n(row, count, best);
      std::fill_n(at, count, 0);
      for (std::int64_t position = 1; position < plan.positions; ++position) {
        row += plan.reduced[0].stride;
        for (std::int64_t j = 0; j < count; ++j) {
          bool better = beats<kLargest>(row[j], best[j]);
          best[j] = better ? row[j] : best[j];
          at[j] = better ? position : at[j];
        }
      }
      for (std::int64_t j = 0; j < count; ++j) positions[out + (first + j) * plan.run_out_stride] = at[j];
    }
  });
}

/// int64, in the shape of the reduction.
template <bool kLargest>
Tensor extreme_positions(const char* name, const Tensor& operand, int axis, bool keepdims, SourceLocation where) {
  Tensor x = operand.dtype() == DType::boolean ? cast(Operand(operand, where), DType::int64) : operand;
  unsigned mask = axis_mask(name, axis, x.ndim(), where);
  check_not_empty(name, x, mask, where);
  Tensor positions = new_tensor(reduced_shape(x.shape(), mask, keepdims), DType::int64);
  if (x.numel() == 0) return positions;
  PlannedOperand planned(x, mask);
  dispatch(x.dtype(), [&]<class T>(T) {
    if constexpr (!std::is_same_v<T, bool>) {
      // An axis of extent 1 is not part of the plan.
      if (reduced_count(x.shape(), mask) == 1)
        std::fill_n(data_of<std::int64_t>(positions), positions.numel(), 0);
      else
        find_extremes<kLargest>(planned.plan, data_of<T>(planned.x), data_of<std::int64_t>(positions));
    }
  });
  return positions;
}

template <bool kLargest>
Tensor flat_position(const char* name, const Operand& operand) {
  const Tensor& x = operand.tensor(name);
  check_not_empty(name, x, axis_mask(name, Axes::all(), x.ndim(), operand.where()), operand.where());
  return extreme_positions<kLargest>(name, reshape(Operand(x.detach(), operand.where()), {x.numel()}), 0, false,
                                     operand.where());
}

template <bool kLargest>
Extreme extreme_along(const char* name, const Operand& operand, int axis, ReduceOptions options) {
  Tensor x = operand.tensor(name);
  SourceLocation where = operand.where();
  if (x.ndim() == 0) {
    normalize_axis(name, axis, 0, where);
    Extreme only = extreme_along<kLargest>(name, Operand(reshape(Operand(x, where), {1}), where), 0, options);
    if (options.keepdims) return {reshape(Operand(only.values, where), {}), reshape(Operand(only.indices, where), {})};
    return only;
  }
  axis = normalize_axis(name, axis, x.ndim(), where);
  Tensor kept = extreme_positions<kLargest>(name, x, axis, true, where);
  Shape shape = reduced_shape(x.shape(), 1u << axis, options.keepdims);
  auto in_shape = [&](const Tensor& tensor) {
    return new_view(tensor, shape, row_major(shape), data_of<void>(tensor));
  };
  std::vector<Tensor> outputs{in_shape(gather(x.detach(), axis, kept)), in_shape(kept)};
  outputs = record(name, where, {x}, std::move(outputs), {Uses::output(1)}, [axis](Vjp& vjp) {
    const Shape& shape = vjp.shape(0);
    Tensor positions = with_kept_axes(vjp.output(1).detach(), shape, 1u << axis);
    Tensor nothing = zeros(shape, {.dtype = vjp.dtype(0)});
    vjp.give(0, scatter_add(nothing, axis, positions, with_kept_axes(vjp.g(), shape, 1u << axis)));
  });
  return {outputs[0], outputs[1]};
}

}  // namespace

Tensor amax(const Operand& x, const Axes& axes, ReduceOptions options) {
  return extreme_value<MaxFold>("amax", x, axes, options);
}
Tensor amin(const Operand& x, const Axes& axes, ReduceOptions options) {
  return extreme_value<MinFold>("amin", x, axes, options);
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
