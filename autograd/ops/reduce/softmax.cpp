// softmax, log_softmax and logsumexp.
#include <cmath>

#include "../../extend.hpp"
#include "../detail/result.hpp"
#include "../detail/reduction.hpp"
#include "../reduce.hpp"

namespace xgrad {

using namespace internal;

namespace {

struct ExpSumFold : SumFold {
  static constexpr bool kCentered = true;
  static constexpr bool kIsCostly = true;
  template <class V>
  static V step(V sum, V x, V center) {
    if constexpr (IsBatch<V>)
      return sum + exp(x - center);
    else
      return sum + std::exp(x - center);
  }
  template <class V>
  static V neutral(V) {
    return V(lowest_of<V>());
  }
};

/// What the exponents are taken relative to, so that none overflows: the largest element. An infinite one would give
/// inf - inf.
template <class T>
T center_of(T largest) {
  return std::isfinite(largest) ? largest : T(0);
}

// ---- Along the last axis: rows of neighbours, each read while it is in the cache ----

/// Elements of short rows together that are worth a thread.
constexpr std::int64_t kRowsGrain = 16384;

template <class F>
void for_rows(std::int64_t rows, std::int64_t n, const F& f) {
  parallel_for(rows, kRowsGrain / n + 1, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t row = begin; row < end; ++row) f(row * n);
  });
}

/// to[i] = formula(from[i]...) for a row, in batches, the last one filled up with `pad`.
template <class T, class F, class... From>
void map_row(std::int64_t n, T pad, T* to, const F& formula, const From*... from) {
  constexpr int kSize = Batch<T>::kSize;
  std::int64_t i = 0;
  for (; i + kSize <= n; i += kSize) formula(Batch<T>::load(from + i)...).store(to + i);
  if (i == n) return;
  int count = static_cast<int>(n - i);
  store_part(to + i, count, formula(load_part(from + i, count, Batch<T>(pad))...));
}

template <class T, class F>
T fold_row(const T* x, std::int64_t n, T center = 0) {
  return across<F>(Folder<T, T, F>::fold_run(x, n, center));
}

template <class T>
void softmax_row(const T* x, T* y, std::int64_t n) {
  if (n <= Batch<T>::kSize) {
    Batch<T> row = load_part(x, static_cast<int>(n), Batch<T>(lowest_of<T>()));
    Batch<T> power = exp(row - Batch<T>(across<MaxFold>(row)));
    return store_part(y, static_cast<int>(n), power / Batch<T>(across<SumFold>(power)));
  }
  T largest = fold_row<T, MaxFold>(x, n);
  Batch<T> sum = 0;
  map_row<T>(
      n, lowest_of<T>(), y,
      [&](Batch<T> x) {
        Batch<T> power = exp(x - Batch<T>(largest));
        sum += power;
        return power;
      },
      x);
  T scale = 1 / across<SumFold>(sum);
  map_row<T>(
      n, T(0), y, [&](Batch<T> power) { return power * Batch<T>(scale); }, y);
}

template <class T>
void log_softmax_row(const T* x, T* y, std::int64_t n) {
  T largest = fold_row<T, MaxFold>(x, n);
  T log_sum = std::log(fold_row<T, ExpSumFold>(x, n, largest));
  map_row<T>(
      n, T(0), y, [&](Batch<T> x) { return x - Batch<T>(largest) - Batch<T>(log_sum); }, x);
}

template <class T>
void softmax_cotangent_row(const T* g, const T* y, T* to, std::int64_t n) {
  constexpr int kSize = Batch<T>::kSize;
  Batch<T> sum = 0;
  std::int64_t i = 0;
  for (; i + kSize <= n; i += kSize) sum += Batch<T>::load(g + i) * Batch<T>::load(y + i);
  if (i < n) {
    int count = static_cast<int>(n - i);
    sum += load_part(g + i, count, Batch<T>(0)) * load_part(y + i, count, Batch<T>(0));
  }
  T dot = across<SumFold>(sum);
  map_row<T>(
      n, T(0), to, [&](Batch<T> g, Batch<T> y) { return y * (g - Batch<T>(dot)); }, g, y);
}

template <class T>
void log_softmax_cotangent_row(const T* g, const T* y, T* to, std::int64_t n) {
  T sum = fold_row<T, SumFold>(g, n);
  map_row<T>(
      n, T(0), to, [&](Batch<T> g, Batch<T> y) { return g - exp(y) * Batch<T>(sum); }, g, y);
}

// ---- Along another axis: columns side by side ----

struct Parts {
  Tensor center;
  Tensor sum;
};

/// The largest element (0 where that is infinite) and the sum of the exponentials relative to it.
template <class T>
Parts exponential_sum(const Tensor& x, unsigned mask, const Shape& shape) {
  Parts parts{new_tensor(shape, dtype_of<T>), new_tensor(shape, dtype_of<T>)};
  PlannedOperand operand(x, mask);
  fold_twice<MaxFold, ExpSumFold>(operand.plan, data_of<T>(operand.x), data_of<T>(parts.center), data_of<T>(parts.sum),
                                  [](T, T largest) { return center_of(largest); });
  return parts;
}

template <class T>
void softmax_columns(const Tensor& x, const Tensor& y, unsigned mask, bool in_logs) {
  auto [center, sum] = exponential_sum<T>(x, mask, reduced_shape(x.shape(), mask, true));
  if (in_logs) {
    for_each_element<T>(sum, [](T sum) { return std::log(sum); });
    return compute_into<T>(
        y, [](auto x, auto center, auto log_sum) { return x - center - log_sum; }, x, center, sum);
  }
  // As along rows: nan where all elements are -inf, or one is inf.
  for_each_element<T>(
      sum, [](T sum) { return sum > 0 && std::isfinite(sum) ? 1 / sum : std::numeric_limits<T>::quiet_NaN(); });
  compute_into<T>(
      y, [](auto x, auto center, auto scale) { return exp(x - center) * scale; }, x, center, sum);
}

// ---- Both ----

Tensor softmax_value(const char* name, const Tensor& x, unsigned mask, bool in_logs, SourceLocation where) {
  Tensor y = new_result(name, x.shape(), x.dtype(), where);
  if (x.numel() == 0) return y;
  std::int64_t n = reduced_count(x.shape(), mask);
  dispatch_floating(x.dtype(), [&]<class T>(T) {
    bool along_last = mask == 0 || mask >> (x.ndim() - 1) == 1;
    if (!along_last || !x.is_contiguous()) return softmax_columns<T>(x, y, mask, in_logs);
    const T* from = data_of<T>(x);
    T* to = data_of<T>(y);
    for_rows(x.numel() / n, n, [&](std::int64_t at) {
      in_logs ? log_softmax_row(from + at, to + at, n) : softmax_row(from + at, to + at, n);
    });
  });
  return y;
}

/// Not recorded: the first order.
Tensor softmax_cotangent(const Tensor& given, const Tensor& y, unsigned mask, bool in_logs) {
  if (y.numel() == 0) return new_tensor(y.shape(), y.dtype());
  std::int64_t n = reduced_count(y.shape(), mask);
  return dispatch_floating(y.dtype(), [&]<class T>(T) {
    bool along_last = mask == 0 || mask >> (y.ndim() - 1) == 1;
    if (!along_last) {
      Shape kept = reduced_shape(y.shape(), mask, true);
      if (in_logs)
        return compute<T>(
            y.shape(), [](auto g, auto y, auto sum) { return g - exp(y) * sum; }, given, y,
            sum_value(given, mask, kept));
      Tensor products = compute<T>(
          y.shape(), [](auto g, auto y) { return g * y; }, given, y);
      return compute<T>(
          y.shape(), [](auto g, auto y, auto dot) { return y * (g - dot); }, given, y, sum_value(products, mask, kept));
    }
    Tensor result = new_tensor(y.shape(), y.dtype());
    Tensor g = contiguous(given);
    for_rows(y.numel() / n, n, [&](std::int64_t at) {
      const T* from = data_of<T>(g) + at;
      const T* value = data_of<T>(y) + at;
      T* to = data_of<T>(result) + at;
      in_logs ? log_softmax_cotangent_row(from, value, to, n) : softmax_cotangent_row(from, value, to, n);
    });
    return result;
  });
}

Tensor recorded_softmax(const char* name, const Operand& operand, int axis, bool in_logs) {
  Tensor x = floating_operand(name, operand);
  unsigned mask = axis_mask(name, axis, x.ndim(), operand.where());
  return record(name, operand.where(), {x}, softmax_value(name, x, mask, in_logs, operand.where()), {Uses::output()},
                [mask, in_logs](Vjp& vjp) {
                  const Tensor& g = vjp.g();
                  const Tensor& y = vjp.output();
                  if (!vjp.creates_graph())
                    vjp.give(0, softmax_cotangent(g, y, mask, in_logs));
                  else if (in_logs)
                    vjp.give(0, g - exp(y) * sum(g, axes_of(mask), {.keepdims = true}));
                  else
                    vjp.give(0, y * (g - sum(g * y, axes_of(mask), {.keepdims = true})));
                });
}

}  // namespace

Tensor softmax(const Operand& x, int axis) { return recorded_softmax("softmax", x, axis, false); }
Tensor log_softmax(const Operand& x, int axis) { return recorded_softmax("log_softmax", x, axis, true); }

Tensor logsumexp(const Operand& operand, const Axes& axes, ReduceOptions options) {
  Tensor x = floating_operand("logsumexp", operand);
  unsigned mask = axis_mask("logsumexp", axes, x.ndim(), operand.where());
  Shape shape = reduced_shape(x.shape(), mask, options.keepdims);
  Tensor y = dispatch_floating(x.dtype(), [&]<class T>(T) {
    if (x.numel() == 0) {
      Tensor y = new_tensor(shape, dtype_of<T>);
      std::fill_n(data_of<T>(y), y.numel(), lowest_of<T>());
      return y;
    }
    auto [center, sum] = exponential_sum<T>(x, mask, shape);
    compute_into<T>(
        sum, [](auto sum, auto center) { return log(sum) + center; }, sum, center);
    return sum;
  });
  return record("logsumexp", operand.where(), {x}, std::move(y), {Uses::input(0) | Uses::output()}, [mask](Vjp& vjp) {
    const Tensor& x = vjp.input(0);
    Tensor g = with_kept_axes(vjp.g(), x.shape(), mask);
    Tensor y = with_kept_axes(vjp.output(), x.shape(), mask);
    // Where all of x is -inf, exp(-inf - 0) gives the gradient 0, and nothing is made of -inf + inf.
    Tensor finite = where(y == lowest_of<double>(), 0, y);
    if (vjp.creates_graph()) return vjp.give(0, g * exp(x - finite));
    vjp.give(0, dispatch_floating(x.dtype(), [&]<class T>(T) {
               return compute<T>(
                   x.shape(), [](auto g, auto x, auto y) { return g * exp(x - y); }, g, x, finite);
             }));
  });
}

}  // namespace xgrad
