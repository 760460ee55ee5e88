#include "resample.hpp"

#include <algorithm>
#include <cmath>

#include "../../extend.hpp"
#include "../../kernels/resample.hpp"
#include "../../tensor_impl.hpp"
#include "../cast.hpp"
#include "../detail/result.hpp"

namespace xgrad::internal {
namespace {

// Places are computed in T, and rounded down in float, as PyTorch does: another rounding would name other elements.

template <class T>
T scale_of(const Resampling& r) {
  if (r.align_corners) return r.out > 1 ? static_cast<T>(r.in - 1) / static_cast<T>(r.out - 1) : T(0);
  return r.factor > 0 ? static_cast<T>(1 / r.factor) : static_cast<T>(r.in) / static_cast<T>(r.out);
}

template <class T>
std::int64_t floor_of(T place) {
  return static_cast<std::int64_t>(std::floor(static_cast<float>(place)));
}

/// Weights of the four neighbours of a place that lies `t` after the second.
template <class T>
std::array<T, 4> cubic_weights(T t) {
  constexpr T a = T(-0.75);
  auto near = [](T x) { return ((a + 2) * x - (a + 3)) * x * x + 1; };
  auto far = [](T x) { return ((a * x - 5 * a) * x + 8 * a) * x - 4 * a; };
  return {far(t + 1), near(t), near(1 - t), far(2 - t)};
}

/// The filters of antialiased interpolation.
template <class T>
T filter(Interpolation mode, T x) {
  x = std::abs(x);
  if (mode == Interpolation::linear) return x < 1 ? 1 - x : T(0);
  constexpr T a = T(-0.5);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : T(0);
}

template <class T>
void add_antialiased(SparseRows<T>& rows, const Resampling& r, T scale, std::int64_t i) {
  const T size = r.mode == Interpolation::linear ? T(2) : T(4);
  const T support = scale >= 1 ? size * T(0.5) * scale : size * T(0.5);
  const T center = scale * (static_cast<T>(i) + T(0.5)), inverse = scale >= 1 ? 1 / scale : T(1);
  const std::int64_t first = std::max<std::int64_t>(static_cast<std::int64_t>(center - support + T(0.5)), 0);
  const std::int64_t last = std::min<std::int64_t>(static_cast<std::int64_t>(center + support + T(0.5)), r.in);
  std::vector<T> weights;
  double total = 0;
  for (std::int64_t j = first; j < last; ++j) {
    weights.push_back(filter(r.mode, (static_cast<T>(j) - center + T(0.5)) * inverse));
    total += weights.back();
  }
  for (std::int64_t j = first; j < last; ++j) {
    const T weight = weights[static_cast<std::size_t>(j - first)];
    rows.add(j, total != 0 ? static_cast<T>(weight / total) : weight);
  }
}

template <class T>
void add_row(SparseRows<T>& rows, const Resampling& r, T scale, std::int64_t i) {
  const T at = static_cast<T>(i), middle = scale * (at + T(0.5)) - T(0.5);
  const std::int64_t last = r.in - 1;
  if (r.antialias) return add_antialiased(rows, r, scale, i);
  switch (r.mode) {
    case Interpolation::area: {
      // floor(i in / out) and ceil((i + 1) in / out), without a product that may overflow.
      const std::int64_t whole = r.in / r.out, rest = r.in % r.out;
      const auto share = [&](std::int64_t k, std::int64_t up) {
        return static_cast<std::int64_t>((static_cast<__int128>(k) * rest + up) / r.out);
      };
      const std::int64_t begin = i * whole + share(i, 0), end = (i + 1) * whole + share(i + 1, r.out - 1);
      for (std::int64_t j = begin; j < end; ++j) rows.add(j, 1 / static_cast<T>(end - begin));
      return;
    }
    case Interpolation::nearest:
      return rows.add(std::min(floor_of(scale * at), last), 1);
    case Interpolation::nearest_exact:
      return rows.add(std::clamp<std::int64_t>(floor_of(scale * (at + T(0.5))), 0, last), 1);
    case Interpolation::linear: {
      if (r.in == r.out) return rows.add(i, 1);
      const T place = r.align_corners ? scale * at : std::max(middle, T(0));
      const std::int64_t first = std::min(floor_of(place), last);
      const T part = std::clamp(place - static_cast<T>(first), T(0), T(1));
      rows.add(first, 1 - part);
      return rows.add(std::min(first + 1, last), part);
    }
    default: {
      const T place = r.align_corners ? scale * at : middle;
      const std::int64_t first = std::min(floor_of(place), last);
      const std::array<T, 4> weights = cubic_weights(std::clamp(place - static_cast<T>(first), T(0), T(1)));
      for (int k = 0; k < 4; ++k) rows.add(std::clamp<std::int64_t>(first - 1 + k, 0, last), weights[k]);
    }
  }
}

template <class T>
SparseRows<T> rows_of(const Resampling& r) {
  SparseRows<T> rows;
  const T scale = scale_of<T>(r);
  for (std::int64_t i = 0; i < r.out; ++i) {
    add_row(rows, r, scale, i);
    rows.end_row();
  }
  return rows;
}

/// The map, or its transpose.
Tensor mapped(const char* name, const Tensor& given, int axis, const Resampling& r, bool is_transposed,
              SourceLocation where) {
  Tensor x = contiguous(given);
  Shape shape = x.shape();
  shape[axis] = is_transposed ? r.in : r.out;
  Tensor y = new_checked(name, shape, x.dtype(), where);
  std::int64_t outer = 1, inner = 1;
  for (int k = 0; k < x.ndim(); ++k)
    if (k != axis) (k < axis ? outer : inner) *= shape[k];
  if (y.numel() > 0)
    dispatch_floating(x.dtype(), [&]<class T>(T) {
      SparseRows<T> rows = rows_of<T>(r);
      if (is_transposed) rows = rows.transposed(r.in);
      multiply_along(rows, x.shape()[axis], data_of<T>(x), data_of<T>(y), outer, inner);
    });
  return record(name, where, {x}, y, {},
                [=](Vjp& vjp) { vjp.give(0, mapped(name, vjp.g(), axis, r, !is_transposed, vjp.where())); });
}

}  // namespace

Tensor resampled(const char* name, const Tensor& x, int axis, const Resampling& resampling, SourceLocation where) {
  return mapped(name, x, axis, resampling, false, where);
}

}  // namespace xgrad::internal
