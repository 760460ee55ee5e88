#include "recurrent.hpp"

#include <algorithm>

#include "../base/launch.hpp"
#include "packed_product.hpp"
#include "rows.hpp"

namespace xgrad::internal {
namespace {

using XGRAD_SIMD_NAMESPACE::ValueAndSlope;
namespace simd_math = XGRAD_SIMD_NAMESPACE::simd_math;

// ---- The functions of gates, and their slopes, by one exponential ----

template <class T>
struct GateValue {
  Batch<T> value;  // sigmoid(x)
  Batch<T> rest;   // 1 - sigmoid(x)
  Batch<T> slope;  // their product
};

/// All three without cancellation.
template <class T>
GateValue<T> gate(Batch<T> x) {
  const Batch<T> e = simd_math::exp_up_to_one(at_least(simd_math::ExpConstants<T>::kLeast, negative_abs(x)));
  const Batch<T> most = 1 / (1 + e), least = e * most;
  const Mask<T> is_negative = x < 0;
  return {where(is_negative, least, most), where(is_negative, most, least), least * most};
}

/// to[i] = from[i] for a row.
template <class T>
void copy_row(const T* from, T* to, std::int64_t n) {
  std::copy_n(from, n, to);
}

// ---- Forward: one row of one step. `kept` has the products of the input and, but for a GRU, of the state. ----

template <class T, class F>
void simple_row(std::int64_t n, const T* bias, T* kept, T* state, const F& function) {
  for_batches<T>(
      n, T(0),
      [&](std::int64_t at, int count, Batch<T> x, Batch<T> b) {
        x = x + b;
        store_batch<T>(kept + at, count, x);
        store_batch<T>(state + at, count, function(x));
      },
      kept, bias);
}

template <class T>
void lstm_row(std::int64_t n, const T* bias, T* kept, const T* cell_before, T* cell, T* state) {
  for_batches<T>(
      n, T(0),
      [&](std::int64_t at, int count, Batch<T> i, Batch<T> f, Batch<T> g, Batch<T> o, Batch<T> bi, Batch<T> bf,
          Batch<T> bg, Batch<T> bo, Batch<T> c) {
        i = i + bi;
        f = f + bf;
        g = g + bg;
        o = o + bo;
        store_batch<T>(kept + at, count, i);
        store_batch<T>(kept + n + at, count, f);
        store_batch<T>(kept + 2 * n + at, count, g);
        store_batch<T>(kept + 3 * n + at, count, o);
        c = fma(sigmoid(f), c, sigmoid(i) * tanh(g));
        store_batch<T>(cell + at, count, c);
        store_batch<T>(state + at, count, sigmoid(o) * tanh(c));
      },
      kept, kept + n, kept + 2 * n, kept + 3 * n, bias, bias + n, bias + 2 * n, bias + 3 * n, cell_before);
}

template <class T>
void gru_row(std::int64_t n, const T* bias, const T* hidden_bias, T* kept, const T* products, const T* before,
             T* state) {
  for_batches<T>(
      n, T(0),
      [&](std::int64_t at, int count, Batch<T> r, Batch<T> z, Batch<T> xn, Batch<T> hr, Batch<T> hz, Batch<T> hn,
          Batch<T> h) {
        auto from = [&](const T* base, std::int64_t offset) {
          return count == Batch<T>::kSize ? Batch<T>::load(base + offset + at)
                                          : load_part(base + offset + at, count, Batch<T>(0));
        };
        r = (r + from(bias, 0)) + (hr + from(hidden_bias, 0));
        z = (z + from(bias, n)) + (hz + from(hidden_bias, n));
        xn = xn + from(bias, 2 * n);
        hn = hn + from(hidden_bias, 2 * n);
        store_batch<T>(kept + at, count, r);
        store_batch<T>(kept + n + at, count, z);
        store_batch<T>(kept + 2 * n + at, count, xn);
        store_batch<T>(kept + 3 * n + at, count, hn);
        const Batch<T> candidate = tanh(fma(sigmoid(r), hn, xn));
        store_batch<T>(state + at, count, fma(sigmoid(z), h - candidate, candidate));
      },
      kept, kept + n, kept + 2 * n, products, products + n, products + 2 * n, before);
}

template <class T, RecurrentCell cell>
struct Forward {
  RecurrentForward<T> p;

  static void run(const Forward& a, std::int64_t begin, std::int64_t end) {
    const RecurrentShape& s = a.p.shape;
    for (std::int64_t i = 0; i < s.steps; ++i) a.step(s.reverse ? s.steps - 1 - i : i, begin, end);
  }

  void step(std::int64_t t, std::int64_t begin, std::int64_t end) const {
    const RecurrentShape& s = p.shape;
    const std::int64_t n = s.hidden, kept_size = kept_of(cell) * n, rows = end - begin;
    const T* before = p.states + (s.before(t) * s.batch + begin) * s.out;
    T* state = p.states + (s.after(t) * s.batch + begin) * s.out;
    T* kept = p.kept + (t * s.batch + begin) * kept_size;
    T* products = cell == RecurrentCell::gru ? p.room + begin * 3 * n : kept;
    const std::int64_t product_stride = cell == RecurrentCell::gru ? 3 * n : kept_size;
    packed_product<T>(rows, gates_of(cell) * n, s.out, before, s.out, Fixed<1>{}, p.weight,
                      cell == RecurrentCell::gru ? T(0) : T(1), products, product_stride);
    const T* cell_before = p.cells != nullptr ? p.cells + (s.before(t) * s.batch + begin) * n : nullptr;
    T* cells = p.cells != nullptr ? p.cells + (s.after(t) * s.batch + begin) * n : nullptr;
    T* raw = p.raw != nullptr ? p.raw + (t * s.batch + begin) * n : state;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (!s.is_active(t, begin + row)) {
        if (p.cells != nullptr) copy_row(cell_before + row * n, cells + row * n, n);
        if (p.raw != nullptr) std::fill_n(raw + row * n, n, T(0));
        if (p.raw == nullptr) copy_row(before + row * s.out, state + row * s.out, s.out);
        continue;
      }
      T* own = kept + row * kept_size;
      if constexpr (cell == RecurrentCell::tanh)
        simple_row<T>(n, p.bias, own, state + row * n, [](Batch<T> x) { return tanh(x); });
      else if constexpr (cell == RecurrentCell::relu)
        simple_row<T>(n, p.bias, own, state + row * n, [](Batch<T> x) { return max(x, Batch<T>(0)); });
      else if constexpr (cell == RecurrentCell::lstm)
        lstm_row<T>(n, p.bias, own, cell_before + row * n, cells + row * n, raw + row * n);
      else
        gru_row<T>(n, p.bias, p.hidden_bias, own, products + row * product_stride, before + row * n, state + row * n);
    }
    if (p.raw != nullptr) {
      packed_product<T>(rows, s.out, n, raw, n, Fixed<1>{}, p.projection, T(0), state, s.out);
      if (s.lengths != nullptr)
        for (std::int64_t row = 0; row < rows; ++row)
          if (!s.is_active(t, begin + row)) copy_row(before + row * s.out, state + row * s.out, s.out);
    }
    if (p.y == nullptr) return;
    T* y = p.y + (t * s.batch + begin) * s.out;
    for (std::int64_t row = 0; row < rows; ++row) {
      if (s.is_active(t, begin + row))
        copy_row(state + row * s.out, y + row * s.out, s.out);
      else
        std::fill_n(y + row * s.out, s.out, T(0));
    }
  }
};

// ---- Backward: one row of one step. `g` is the cotangent of the state after it. ----

template <class T, class F>
void simple_row_back(std::int64_t n, const T* kept, const T* g, T* g_gates, const F& slope) {
  map_row<T>(
      n, T(0), g_gates, [&](Batch<T> x, Batch<T> g) { return slope(x, g); }, kept, g);
}

template <class T>
void lstm_row_back(std::int64_t n, const T* kept, const T* cell_before, const T* cell, const T* g, T* g_cell,
                   T* g_gates) {
  for_batches<T>(
      n, T(0),
      [&](std::int64_t at, int count, Batch<T> xi, Batch<T> xf, Batch<T> xg, Batch<T> xo, Batch<T> c_before, Batch<T> c,
          Batch<T> g, Batch<T> gc) {
        const GateValue<T> i = gate(xi), f = gate(xf), o = gate(xo);
        const ValueAndSlope<T> candidate = tanh_and_slope(xg), bounded = tanh_and_slope(c);
        gc = fma(g * o.value, bounded.slope, gc);
        store_batch<T>(g_gates + at, count, gc * candidate.value * i.slope);
        store_batch<T>(g_gates + n + at, count, gc * c_before * f.slope);
        store_batch<T>(g_gates + 2 * n + at, count, gc * i.value * candidate.slope);
        store_batch<T>(g_gates + 3 * n + at, count, g * bounded.value * o.slope);
        store_batch<T>(g_cell + at, count, gc * f.value);
      },
      kept, kept + n, kept + 2 * n, kept + 3 * n, cell_before, cell, g, g_cell);
}

/// g becomes what goes straight to the state before.
template <class T>
void gru_row_back(std::int64_t n, const T* kept, const T* before, T* g, T* g_gates, T* g_hidden) {
  for_batches<T>(
      n, T(0),
      [&](std::int64_t at, int count, Batch<T> xr, Batch<T> xz, Batch<T> xn, Batch<T> hn, Batch<T> h, Batch<T> gh) {
        const GateValue<T> r = gate(xr), z = gate(xz);
        const ValueAndSlope<T> candidate = tanh_and_slope(fma(r.value, hn, xn));
        const Batch<T> gz = gh * (h - candidate.value) * z.slope;
        const Batch<T> gn = gh * z.rest * candidate.slope;
        const Batch<T> gr = gn * hn * r.slope;
        store_batch<T>(g_gates + at, count, gr);
        store_batch<T>(g_gates + n + at, count, gz);
        store_batch<T>(g_gates + 2 * n + at, count, gn);
        store_batch<T>(g_hidden + at, count, gr);
        store_batch<T>(g_hidden + n + at, count, gz);
        store_batch<T>(g_hidden + 2 * n + at, count, gn * r.value);
        store_batch<T>(g + at, count, gh * z.value);
      },
      kept, kept + n, kept + 2 * n, kept + 3 * n, before, g);
}

template <class T, RecurrentCell cell>
struct Backward {
  RecurrentBackward<T> p;

  static void run(const Backward& a, std::int64_t begin, std::int64_t end) {
    const RecurrentShape& s = a.p.shape;
    for (std::int64_t i = 0; i < s.steps; ++i) a.step(s.reverse ? i : s.steps - 1 - i, begin, end);
  }

  void step(std::int64_t t, std::int64_t begin, std::int64_t end) const {
    const RecurrentShape& s = p.shape;
    const std::int64_t n = s.hidden, gates = gates_of(cell) * n, kept_size = kept_of(cell) * n, rows = end - begin;
    T* g_state = p.g_state + begin * s.out;
    const std::int64_t at = t * s.batch + begin;
    // The cotangents of the states after the step; of rows that the step does not touch they wait in g_state.
    for (std::int64_t row = 0; row < rows; ++row) {
      if (!s.is_active(t, begin + row)) continue;
      T* g = g_state + row * s.out;
      if (p.g != nullptr)
        map_row<T>(
            s.out, T(0), g, [](Batch<T> a, Batch<T> b) { return a + b; }, g, p.g + (at + row) * s.out);
    }
    T* g_raw = g_state;
    if (p.projection != nullptr) {
      T* g_projected = p.g_projected + at * s.out;
      for (std::int64_t row = 0; row < rows; ++row) {
        if (s.is_active(t, begin + row))
          copy_row(g_state + row * s.out, g_projected + row * s.out, s.out);
        else
          std::fill_n(g_projected + row * s.out, s.out, T(0));
      }
      g_raw = p.room + begin * n;
      packed_product<T>(rows, n, s.out, g_projected, s.out, Fixed<1>{}, p.projection, T(0), g_raw, n);
    }
    T* g_gates = p.g_gates + at * gates;
    T* g_hidden = cell == RecurrentCell::gru ? p.g_hidden + at * gates : g_gates;
    for (std::int64_t row = 0; row < rows; ++row) {
      T* own = g_gates + row * gates;
      if (!s.is_active(t, begin + row)) {
        std::fill_n(own, gates, T(0));
        if (cell == RecurrentCell::gru) std::fill_n(g_hidden + row * gates, gates, T(0));
        continue;
      }
      const T* kept = p.kept + (at + row) * kept_size;
      T* g = g_raw + row * n;
      if constexpr (cell == RecurrentCell::tanh)
        simple_row_back<T>(n, kept, g, own, [](Batch<T> x, Batch<T> g) { return g * sigmoid_slope(2 * x, T(4)); });
      else if constexpr (cell == RecurrentCell::relu)
        simple_row_back<T>(n, kept, g, own, [](Batch<T> x, Batch<T> g) { return where(x > 0, g, Batch<T>(0)); });
      else if constexpr (cell == RecurrentCell::lstm)
        lstm_row_back<T>(n, kept, p.cells + (s.before(t) * s.batch + begin + row) * n,
                         p.cells + (s.after(t) * s.batch + begin + row) * n, g, p.g_cell + (begin + row) * n, own);
      else
        gru_row_back<T>(n, kept, p.states + (s.before(t) * s.batch + begin + row) * n, g, own, g_hidden + row * gates);
    }
    // Where a part of g_state is to stay, the products are added to it: nothing stays of the rows that were used up.
    const bool stays = cell == RecurrentCell::gru || s.lengths != nullptr;
    if (cell != RecurrentCell::gru && s.lengths != nullptr)
      for (std::int64_t row = 0; row < rows; ++row)
        if (s.is_active(t, begin + row)) std::fill_n(g_state + row * s.out, s.out, T(0));
    packed_product<T>(rows, s.out, gates, g_hidden, gates, Fixed<1>{}, p.weight, stays ? T(1) : T(0), g_state, s.out);
  }
};

/// Calls f with the cell as a constant.
template <class F>
void with_cell(RecurrentCell cell, const F& f) {
  using enum RecurrentCell;
  switch (cell) {
    case tanh:
      return f(std::integral_constant<RecurrentCell, tanh>{});
    case relu:
      return f(std::integral_constant<RecurrentCell, relu>{});
    case lstm:
      return f(std::integral_constant<RecurrentCell, lstm>{});
    case gru:
      return f(std::integral_constant<RecurrentCell, gru>{});
  }
}

/// Rows that are worth a thread: whole blocks of the products, as parts begin at multiples of a quarter.
std::int64_t grain_of(RecurrentCell cell, const RecurrentShape& s) {
  const std::int64_t work = s.steps * s.hidden * (gates_of(cell) * s.out + 64);
  return (kProductGrain / (work + 1) / 32 + 1) * 32;
}

}  // namespace

template <class T>
void recurrent_forward(RecurrentCell cell, const RecurrentForward<T>& pass) {
  with_cell(cell, [&]<RecurrentCell kCell>(std::integral_constant<RecurrentCell, kCell>) {
    launch(Forward<T, kCell>{pass}, pass.shape.batch, grain_of(cell, pass.shape));
  });
}

template <class T>
void recurrent_backward(RecurrentCell cell, const RecurrentBackward<T>& pass) {
  with_cell(cell, [&]<RecurrentCell kCell>(std::integral_constant<RecurrentCell, kCell>) {
    launch(Backward<T, kCell>{pass}, pass.shape.batch, grain_of(cell, pass.shape));
  });
}

template <class T>
std::int64_t packed_weight_size(std::int64_t k, std::int64_t n) {
  return packed_size<T>(k, n);
}

template <class T>
void pack_weight(std::int64_t k, std::int64_t n, const T* data, std::int64_t row_stride, std::int64_t column_stride,
                 T* to) {
  pack<T>(k, n, {data, row_stride, column_stride}, to);
}

#define XGRAD_INSTANTIATE(T)                                                    \
  template void recurrent_forward(RecurrentCell, const RecurrentForward<T>&);   \
  template void recurrent_backward(RecurrentCell, const RecurrentBackward<T>&); \
  template std::int64_t packed_weight_size<T>(std::int64_t, std::int64_t);      \
  template void pack_weight(std::int64_t, std::int64_t, const T*, std::int64_t, std::int64_t, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
#undef XGRAD_INSTANTIATE

}  // namespace xgrad::internal
