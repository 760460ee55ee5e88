#include <algorithm>
#include <numeric>

#include "../../base/launch.hpp"
#include "../../extend.hpp"
#include "../../grad_mode.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/fill.hpp"
#include "../../tensor_impl.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/index_check.hpp"
#include "../detail/result.hpp"
#include "../index/places.hpp"
#include "../index/rows.hpp"
#include "../movement.hpp"
#include "../scatter.hpp"
#include "scatter.hpp"

// scatter_reduce.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

const char* const kName = "scatter_reduce";

// ---- Sum and mean ----

/// Zeros in place of x where any index is, unless it counts.
Tensor start_of_sum(const Tensor& x, int axis, const Tensor& indices, bool include_self) {
  return include_self ? x : scatter(x, axis, indices, 0);
}

struct FloorDivide {
  std::int64_t* sum;
  const std::int64_t* count;

  static void run(const FloorDivide& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t quotient = a.sum[i] / a.count[i];
      a.sum[i] = quotient - (a.sum[i] % a.count[i] < 0);
    }
  }
};

Tensor scatter_mean(const Tensor& x, int axis, const Tensor& indices, const Tensor& source, bool include_self) {
  Tensor sum = scatter_add(start_of_sum(x, axis, indices, include_self), axis, indices, source);
  // Counts are exact in float32 up to 2^24, and added up carefully beyond.
  DType dtype = is_floating(x.dtype()) ? x.dtype() : DType::int64;
  Tensor one = ones({}, {.dtype = dtype});
  Tensor from = full(x.shape(), include_self ? 1 : 0, {.dtype = dtype});
  Tensor counts = maximum(scatter_add(from, axis, indices, expand(one, indices.shape())), one);
  if (is_floating(x.dtype())) return sum / counts;
  launch(FloorDivide{data_of<std::int64_t>(sum), data_of<std::int64_t>(counts)}, sum.numel(), 32768);
  return sum;
}

// ---- Product ----

Tensor int64s(const std::vector<std::int64_t>& list) { return from_vector(list, SourceLocation{}); }

/// Neighbours are multiplied until one number is left for each place: so zeros need no case of their own in any
/// derivative. Which are neighbours is found outside of kernels, as it decides how many products there are, and so the
/// shapes.
Tensor scatter_prod(const Tensor& x, int axis, const Tensor& indices, const Tensor& source, bool include_self,
                    SourceLocation where) {
  std::int64_t count = indices.numel();
  Tensor places = flat_places(kName, x.shape(), indices, axis, where);
  const auto* place = data_of<std::int64_t>(places);
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [place](std::int64_t a, std::int64_t b) { return place[a] < place[b]; });
  std::vector<std::int64_t> distinct, lengths;
  for (std::int64_t at : order) {
    if (distinct.empty() || distinct.back() != place[at]) {
      distinct.push_back(place[at]);
      lengths.push_back(0);
    }
    ++lengths.back();
  }
  Tensor values = index_select(reshape(source, {count}), 0, int64s(order));
  const Tensor one = ones({1}, {.dtype = x.dtype()});
  while (values.numel() > static_cast<std::int64_t>(distinct.size())) {
    std::vector<std::int64_t> left, right;
    std::int64_t start = 0, none = values.numel();  // where the one stands that has no partner
    for (std::int64_t& length : lengths) {
      for (std::int64_t j = 0; j < length; j += 2) {
        left.push_back(start + j);
        right.push_back(j + 1 < length ? start + j + 1 : none);
      }
      start += length;
      length = (length + 1) / 2;
    }
    Tensor all = cat({values, one});
    values = index_select(all, 0, int64s(left)) * index_select(all, 0, int64s(right));
  }
  Tensor at = int64s(distinct), flat = reshape(x, {x.numel()});
  if (include_self) values = values * index_select(flat, 0, at);
  return reshape(put_at(kName, flat, {0, 1}, at, values, where), x.shape());
}

// ---- Extremes ----

/// to[place[i]] = the larger, or the smaller, of it and from[i]; the first one alone where `is_fresh`. nan stays.
template <class T, bool kLargest>
struct TakeExtremes {
  T* to;
  const T* from;
  const std::int64_t* place;
  bool* is_fresh;  // null: the elements that are there count

  static void run(const TakeExtremes& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      T value = a.from[i];
      T& best = a.to[a.place[i]];
      bool is_first = a.is_fresh != nullptr && a.is_fresh[a.place[i]];
      bool is_better = kLargest ? !(value <= best) : !(value >= best);
      if (is_first || (is_better && best == best)) best = value;
      if (is_first) a.is_fresh[a.place[i]] = false;
    }
  }
};

/// Equal, nan to nan as well.
Tensor is_same(const Operand& a, const Operand& b) { return a == b || (isnan(a) && isnan(b)); }

template <bool kLargest>
Tensor scatter_extreme(const Tensor& x, int axis, const Tensor& indices, const Tensor& source, bool include_self,
                       SourceLocation where) {
  Tensor result = new_result(kName, x.shape(), x.dtype(), where);
  copy_into(result, x);
  Tensor places = flat_places(kName, x.shape(), indices, axis, where), fresh, from = source;
  if (!include_self) {
    fresh = new_result(kName, x.shape(), DType::boolean, where);
    fill(data_of<bool>(fresh), fresh.numel(), true);
  }
  if (!source.is_contiguous()) {
    from = new_result(kName, source.shape(), source.dtype(), where);
    copy_into(from, source);
  }
  dispatch(x.dtype(), [&]<class T>(T) {
    launch(TakeExtremes<T, kLargest>{data_of<T>(result), data_of<T>(from), data_of<std::int64_t>(places),
                                     include_self ? nullptr : data_of<bool>(fresh)},
           indices.numel(), indices.numel());
  });
  Uses all = Uses::input(0) | Uses::input(1) | Uses::input(2) | Uses::output();
  return record(kName, where, {x, indices, source}, result, {all, Uses(), all}, [axis, include_self](Vjp& vjp) {
    CallSite site(vjp.where());
    const Tensor &g = vjp.g(), &indices = vjp.input(1);
    Tensor chosen, self, ties;
    {
      NoGrad no_grad;
      const Tensor& y = vjp.output();
      chosen = is_same(vjp.input(2), gather(y, axis, indices));
      if (include_self) self = is_same(vjp.input(0), y);
      Tensor from = include_self ? cast(self, g.dtype()) : zeros_like(g);
      ties = maximum(scatter_add(from, axis, indices, cast(chosen, g.dtype())), ones_like(g));
    }
    Tensor share = g / ties;
    if (vjp.needs(0)) vjp.give(0, include_self ? xgrad::where(self, share, 0) : scatter(g, axis, indices, 0));
    if (vjp.needs(2)) vjp.give(2, xgrad::where(chosen, gather(share, axis, indices), 0));
  });
}

}  // namespace

Tensor scatter_reduce(const Operand& operand, int axis, const Tensor& given_indices, const Operand& source_operand,
                      ScatterReduction reduction, ScatterReduceOptions options) {
  SourceLocation where = operand.where();
  auto [x, source] = promoted_pair(kName, operand, source_operand);
  axis = normalize_axis(kName, axis, x.ndim(), where);
  Tensor indices = checked_indices(kName, given_indices, x, axis, where);
  CallSite site(where);
  if (source_operand.is_number()) source = expand(source, indices.shape());
  check_scatter(kName, x, indices, source, axis, where);
  check(reduction != ScatterReduction::mean || x.dtype() != DType::boolean, where,
        "scatter_reduce: the mean is of numbers, but x is boolean. Cast it.");
  if (indices.numel() == 0) return copy(x);
  source = cut_to(source, indices.shape(), where);
  const bool include_self = options.include_self;
  switch (reduction) {
    case ScatterReduction::sum:
      return scatter_add(start_of_sum(x, axis, indices, include_self), axis, indices, source);
    case ScatterReduction::mean:
      return scatter_mean(x, axis, indices, source, include_self);
    case ScatterReduction::prod:
      return scatter_prod(x, axis, indices, source, include_self, where);
    case ScatterReduction::amax:
      return scatter_extreme<true>(x, axis, indices, source, include_self, where);
    default:
      return scatter_extreme<false>(x, axis, indices, source, include_self, where);
  }
}

}  // namespace xgrad
