// map(): any lambda of up to sixteen tensors as one elementwise operator, its derivatives taken by dual
// numbers.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <tuple>
#include <vector>

#include "base/launch.hpp"
#include "extend.hpp"
#include "kernels/elementwise.hpp"
#include "simd/functions.hpp"

namespace xgrad XGRAD_API {

namespace internal {

/// Elements that map_sum adds up at a time: a fixed number, so that the sum does not depend on the threads.
inline constexpr std::int64_t kMapSumBlock = 4096;

/// What map() compiles of a formula in the user's file, for float32 and float64: plain loops over contiguous
/// elements. All else is done by functions of the library, so that a use of map() compiles fast.
struct MapKernels {
  int operands;          // x_1 ... x_K
  int results;           // y_1 ... y_R
  Kernel value[2];       // outputs y;      inputs x
  Kernel cotangents[2];  // outputs those c_i that are wanted; inputs g_1 ... g_R, x. Their formula is a WantedOf.
  Kernel second_order;   // outputs dg, dx; inputs g, x, h_1 ... h_K; float64 alone
  // Of the formula itself, which the graph keeps a copy of: its bytes, or a copy by new where they are not all of it.
  std::size_t bytes;
  void* (*copy)(const void* formula);
  void (*destroy)(void* copy);
};
/// Most bytes that are copied without `copy`.
inline constexpr std::size_t kMostFormulaBytes = 48;
/// A formula, and which operands' cotangents are wanted of it: bit i for operand i.
struct WantedOf {
  const void* formula;
  std::uint32_t wanted;
};

/// y = f(x...), recorded. Its rule takes the operands' cotangents c_i = sum_r g_r dy_r/dx_i, in one pass: an operator
/// itself, so that it can be differentiated once more. That one's rule, with the cotangents h_i of the c_i, by duals of
/// duals:
///
///     dg_r = sum_i h_i dy_r/dx_i,   dx_j = sum_r g_r d/dx_j (sum_i h_i dy_r/dx_i).
std::vector<Tensor> map_forward(const MapKernels& kernels, const void* formula,
                                std::initializer_list<const Operand*> operands);
/// map_forward() of a formula with one result.
Tensor map_to_one(const MapKernels& kernels, const void* formula, std::initializer_list<const Operand*> operands);

/// A map_sum on its way, but for what depends on the formula: dense operands of one floating dtype, room for the sum of
/// each block and, where a gradient will be wanted, for the partial derivatives.
class MapSum {
 public:
  explicit MapSum(std::initializer_list<const Operand*> operands);
  ~MapSum();
  MapSum(const MapSum&) = delete;
  MapSum& operator=(const MapSum&) = delete;

  DType dtype;
  bool records;
  std::int64_t n;
  std::int64_t blocks;
  double* sums;

  /// The elements of operand k, and of the partial derivatives by it: null where they are not wanted.
  const void* operand(std::size_t k) const;
  void* partials(std::size_t k) const;
  /// The sum of the blocks' sums as the result, recorded. Its rule scales the partial derivatives that were taken with
  /// the value, or is map()'s, where the gradient's own graph is wanted.
  Tensor finish(const MapKernels& kernels, const void* formula);

 private:
  struct Tensors;
  Tensors* tensors_;
};
/// sum() of all elements, which this header would otherwise include.
Tensor sum_of(const Tensor& x);

template <std::size_t K>
using MapSequence = std::make_index_sequence<K>;
/// f(x...) for lanes of any kind, with direction i of a dual belonging to x_i.
template <class D, class F, class... V>
D on_duals(const F& f, const V&... x) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return D(f(D::variable(x, static_cast<int>(I))...)); }
  (std::index_sequence_for<V...>{});
}

/// Whether all that a formula captured lies in it: one that captured by reference would read what is gone when the
/// backward pass calls it again. (A closure with a reference in it is not standard-layout, on g++ and clang++.)
template <class F>
inline constexpr bool kCapturesByValue = std::is_standard_layout_v<F>;

/// How many results a formula has: several where it returns a std::tuple.
template <class R>
inline constexpr int kResults = 1;
template <class... R>
inline constexpr int kResults<std::tuple<R...>> = static_cast<int>(sizeof...(R));
/// They, as lanes of type V.
template <class V, class R>
std::array<V, 1> results_of(const R& result) {
  return {V(result)};
}
template <class V, class... R>
std::array<V, sizeof...(R)> results_of(const std::tuple<R...>& results) {
  return std::apply([](const auto&... result) { return std::array<V, sizeof...(R)>{V(result)...}; }, results);
}

/// Room for a batch of one operand, at any instruction set.
inline constexpr std::size_t kLaneBytes = 64;
/// Copies the last elements of operands [first, last), fewer than a batch, to `room`, padded with zeros; and those of
/// operands [0, last) back.
void pad_lanes(void* const* operands, int first, int last, std::size_t offset, std::size_t bytes, void* room);
void unpad_lanes(void* const* operands, int last, std::size_t offset, std::size_t bytes, const void* room);

/// Calls step(operands, i) for each batch of elements from i on; operands are outputs, then inputs, at most kMost. The
/// step is compiled once: the last elements, padded to a batch, take the same way.
template <class T, int kMost, class Step>
void for_lanes(std::int64_t n, void* const* operands, int outs, int ins, const Step& step) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  T* data[kMost];
  for (int k = 0; k < outs + ins; ++k) data[k] = static_cast<T*>(operands[k]);
  std::int64_t whole = n - n % kSize;
  std::int64_t end = whole;
  alignas(kLaneBytes) T room[kMost][kLaneBytes / sizeof(T)];
  while (true) {
    for (std::int64_t i = 0; i < end; i += kSize) step(data, i);
    if (whole == n) return;
    if (data[0] == room[0]) break;
    pad_lanes(operands, outs, outs + ins, whole * sizeof(T), (n - whole) * sizeof(T), room);
    for (int k = 0; k < outs + ins; ++k) data[k] = room[k];
    end = kSize;
  }
  unpad_lanes(operands, outs, whole * sizeof(T), (n - whole) * sizeof(T), room);
}

template <class T, int R, class F, class Sequence>
struct MapKernel;

template <class T, int R, class F, std::size_t... I>
struct MapKernel<T, R, F, std::index_sequence<I...>> {
  static constexpr int K = sizeof...(I);
  using V = Batch<T>;

  static void value(const void* formula, std::int64_t n, void* const* operands) {
    const F& f = *static_cast<const F*>(formula);
    for_lanes<T, R + K>(n, operands, R, K, [&](T* const* p, std::int64_t i) {
      auto y = results_of<V>(f(V::load(p[R + I] + i)...));
      for (int r = 0; r < R; ++r) y[r].store(p[r] + i);
    });
  }

  static void cotangents(const void* formula, std::int64_t n, void* const* operands) {
    using D = Dual<V, K>;
    const auto [held, wanted] = *static_cast<const WantedOf*>(formula);
    const F& f = *static_cast<const F*>(held);
    const int outs = std::popcount(wanted);
    for_lanes<T, R + 2 * K>(n, operands, outs, R + K, [&, wanted = wanted](T* const* p, std::int64_t i) {
      T* const* in = p + outs;
      auto y = results_of<D>(f(D::variable(V::load(in[R + I] + i), I)...));
      for (int k = 0; k < K; ++k)
        if ((wanted >> k & 1) != 0) weighed(in, i, [&](int r) { return y[r].d[k]; }).store(*p++ + i);
    });
  }

  static void second_order(const void* formula, std::int64_t n, void* const* operands) {
    using Along = Dual<V, 1>;
    using D = Dual<Along, K>;
    const F& f = *static_cast<const F*>(formula);
    for_lanes<T, 2 * R + 3 * K>(n, operands, R + K, R + 2 * K, [&](T* const* p, std::int64_t i) {
      T* const* in = p + R + K;
      auto along = [&](int k) {
        Along x(V::load(in[R + k] + i));
        x.d[0] = V::load(in[R + K + k] + i);
        return x;
      };
      auto y = results_of<D>(f(D::variable(along(I), I)...));
      for (int r = 0; r < R; ++r) y[r].value.d[0].store(p[r] + i);
      for (int k = 0; k < K; ++k) weighed(in, i, [&](int r) { return y[r].d[k].d[0]; }).store(p[R + k] + i);
    });
  }

 private:
  /// sum_r g_r part(r)
  template <class Part>
  static V weighed(T* const* g, std::int64_t i, const Part& part) {
    V sum = V::load(g[0] + i) * part(0);
    for (int r = 1; r < R; ++r) sum = sum + V::load(g[r] + i) * part(r);
    return sum;
  }
};

template <class V, class R>
inline constexpr bool kGivesLanes = std::is_convertible_v<R, V>;
template <class V, class... R>
inline constexpr bool kGivesLanes<V, std::tuple<R...>> = sizeof...(R) > 0 && (std::is_convertible_v<R, V> && ...);

/// Stops at a wrong formula where the user can read why.
template <class T, class F, std::size_t... I>
constexpr bool check_formula(std::index_sequence<I...>) {
  static_assert(
      kCapturesByValue<F>,
      "map(): the formula must capture by value, [d = d], as the backward pass calls it again; but it captures a "
      "reference (or an object with one, or with a base class, in it)");
  constexpr bool kTakesAll = std::is_invocable_v<const F&, decltype((void)I, Batch<T>())...>;
  static_assert(kTakesAll,
                "map(): the formula must take one `auto` parameter for each tensor, be callable when it is const, and "
                "call tanh(a), exp(a) ... without std:: before them");
  if constexpr (kTakesAll) {
    constexpr bool kGives = kGivesLanes<Batch<T>, std::invoke_result_t<const F&, decltype((void)I, Batch<T>())...>>;
    static_assert(kGives,
                  "map(): the formula must return a number, or a std::tuple of numbers; make one of a comparison with "
                  "where(condition, 1, 0)");
    return kCapturesByValue<F> && kGives;
  }
  return false;
}

/// Whether map() can be compiled for it: where not, the error is the one that says why.
template <std::size_t K, class F>
inline constexpr bool kIsFormula = check_formula<float, F>(std::make_index_sequence<K>{});

/// Its number of results.
template <class F, std::size_t... I>
constexpr int results_of_formula(std::index_sequence<I...>) {
  return kResults<std::invoke_result_t<const F&, decltype((void)I, Batch<float>())...>>;
}

template <std::size_t K, class F>
struct MapOf {
  using Sequence = std::make_index_sequence<K>;
  static constexpr int R = results_of_formula<F>(Sequence{});
  using Float = MapKernel<float, R, F, Sequence>;
  using Double = MapKernel<double, R, F, Sequence>;

  static constexpr MapKernels kernels() {
    MapKernels kernels = {static_cast<int>(K),
                          R,
                          {&Float::value, &Double::value},
                          {&Float::cotangents, &Double::cotangents},
                          &Double::second_order,
                          std::is_empty_v<F> ? 0 : sizeof(F),
                          nullptr,
                          nullptr};
    if constexpr (!std::is_trivially_copyable_v<F> || sizeof(F) > kMostFormulaBytes || alignof(F) > alignof(void*)) {
      kernels.copy = [](const void* formula) -> void* { return new F(*static_cast<const F*>(formula)); };
      kernels.destroy = [](void* copy) { delete static_cast<F*>(copy); };
    }
    return kernels;
  }
  static constexpr MapKernels kKernels = kernels();
};

/// A tensor, or a std::tuple of them where the formula returns one.
template <std::size_t K, class F>
auto map_operands(const F& f, std::initializer_list<const Operand*> operands) {
  if constexpr (kIsFormula<K, F>) {
    using Map = MapOf<K, F>;
    if constexpr (Map::R == 1) {
      return map_to_one(Map::kKernels, &f, operands);
    } else {
      std::vector<Tensor> y = map_forward(Map::kKernels, &f, operands);
      return [&]<std::size_t... R>(std::index_sequence<R...>) { return std::tuple(std::move(y[R])...); }
      (std::make_index_sequence<Map::R>{});
    }
  } else {
    return Tensor();
  }
}

/// Adds f(x...) up over the elements [begin, end); with duals also writes the partial derivatives that are wanted. The
/// formula is compiled once, and inlined into the loop: the last elements, padded to a batch with copies of the last
/// one, take the same way.
template <class T, class D, std::size_t K, class F>
[[gnu::flatten]] double sum_block(const F& f, const std::array<const T*, K>& x, const std::array<T*, K>& partials,
                                  std::int64_t begin, std::int64_t end) {
  constexpr int kSize = Batch<T>::kSize;
  constexpr bool kDerives = !std::is_same_v<D, Batch<T>>;
  std::array<const T*, K> from = x;
  std::array<T*, K> to = partials;
  alignas(64) T padded[2 * K + 1][kSize];
  const std::int64_t whole = end - (end - begin) % kSize;
  const int rest = static_cast<int>(end - whole);
  Batch<T> even(0), odd(0);
  for (std::int64_t i = begin; i < end; i += kSize) {
    const bool is_rest = i == whole;
    const std::int64_t at = is_rest ? 0 : i;
    if (is_rest) {
      for (std::size_t k = 0; k < K; ++k) {
        for (int j = 0; j < kSize; ++j) padded[k][j] = x[k][whole + std::min(j, rest - 1)];
        from[k] = padded[k];
        if (to[k] != nullptr) to[k] = padded[K + k];
      }
    }
    Batch<T> value = [&]<std::size_t... I>(std::index_sequence<I...>) {
      if constexpr (kDerives) {
        D y = on_duals<D>(f, Batch<T>::load(from[I] + at)...);
        ((to[I] != nullptr ? y.d[I].store(to[I] + at) : void()), ...);
        return y.value;
      } else {
        return Batch<T>(f(Batch<T>::load(from[I] + at)...));
      }
    }
    (MapSequence<K>{});
    if (is_rest) {
      value.store(padded[2 * K]);
      break;
    }
    even += value;
    std::swap(even, odd);
  }
  double sum = reduce_sum(even + odd);
  for (int j = 0; j < rest; ++j) sum += padded[2 * K][j];
  for (std::size_t k = 0; k < K && rest > 0; ++k)
    if (partials[k] != nullptr) std::memcpy(partials[k] + whole, padded[K + k], rest * sizeof(T));
  return sum;
}

/// The blocks [begin, end) of a map_sum.
template <class T, class D, std::size_t K, class F>
struct SumBlocks {
  const F* f;
  std::array<const T*, K> x;
  std::array<T*, K> partials;
  double* sums;
  std::int64_t n;
  static void run(const SumBlocks& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block)
      a.sums[block] =
          sum_block<T, D, K>(*a.f, a.x, a.partials, block * kMapSumBlock, std::min((block + 1) * kMapSumBlock, a.n));
  }
};

/// When a gradient will be wanted, the partial derivatives are taken with the value, in the same pass, and kept as
/// further outputs of the node.
template <std::size_t K, class F>
Tensor map_sum_operands(const F& f, std::initializer_list<const Operand*> operands) {
  if constexpr (kIsFormula<K, F>) {
    static_assert(MapOf<K, F>::R == 1, "map_sum(): the formula must return one number");
    if constexpr (K + 1 > Uses::kMaxOutputs) return sum_of(map_operands<K>(f, operands));
    MapSum all(operands);
    dispatch_floating(all.dtype, [&]<class T>(T) {
      std::array<const T*, K> x;
      std::array<T*, K> partials{};
      for (std::size_t k = 0; k < K; ++k) {
        x[k] = static_cast<const T*>(all.operand(k));
        partials[k] = static_cast<T*>(all.partials(k));
      }
      auto sum_blocks = [&]<class D>(std::type_identity<D>) {
        launch(SumBlocks<T, D, K, F>{&f, x, partials, all.sums, all.n}, all.blocks, kElementwiseGrain / kMapSumBlock);
      };
      if (all.records)
        sum_blocks(std::type_identity<Dual<Batch<T>, static_cast<int>(K)>>{});
      else
        sum_blocks(std::type_identity<Batch<T>>{});
    });
    return all.finish(MapOf<K, F>::kKernels, &f);
  }
  return {};
}

}  // namespace internal

/// Result of a formula for each element of up to sixteen tensors that broadcast:
///
///     Tensor y = map([](auto a, auto b) { return tanh(a) * exp(-b * b); }, a, b);
///     auto [s, d] = map([](auto a, auto b) { return std::tuple(a + b, a - b); }, a, b);
///
/// One operation: the value in one pass over memory, the partial derivatives that are wanted in another. The formula is
/// called with SIMD batches and with dual numbers, so it must be generic, and written with arithmetic, comparisons with
/// where(), and functions without std:: before them: abs, sign, floor, ceil, trunc, round, frac; square, reciprocal,
/// sqrt, rsqrt, cbrt, pow, hypot; exp, exp2, expm1, log, log2, log10, log1p, logaddexp, logaddexp2; sin, cos, tan,
/// asin, acos, atan, atan2, sinh, cosh, tanh, asinh, acosh, atanh, deg2rad, rad2deg; erf, erfc; maximum, minimum, max,
/// min, fmax, fmin, clamp, clamp_min, clamp_max; fmod, remainder, copysign, ldexp, heaviside, lerp; isnan, isinf,
/// isfinite; sigmoid, log_sigmoid, softplus, softsign, relu, relu6, leaky_relu, elu, celu, selu, silu, gelu, mish,
/// hardswish, hardsigmoid, hardtanh, hardshrink, softshrink, tanhshrink, threshold. Special functions (lgamma, erfinv,
/// xlogy ...) are operators on tensors alone. A formula captures numbers by value, [d = d], since the backward pass
/// calls it again; one that captures `this` reads the object as it is then.
/// Shapes: the operands broadcast to the results' shape.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: sum over the results of g dy/dx, to the second order. A third derivative throws std::logic_error: write
/// the formula with operators on tensors for it.
/// Throws: std::invalid_argument where no operand is a tensor, or the shapes do not broadcast.
template <class F>
auto map(const F& f, const Operand& a) {
  return internal::map_operands<1>(f, {&a});
}
template <class F>
auto map(const F& f, const Operand& a, const Operand& b) {
  return internal::map_operands<2>(f, {&a, &b});
}
template <class F>
auto map(const F& f, const Operand& a, const Operand& b, const Operand& c) {
  return internal::map_operands<3>(f, {&a, &b, &c});
}
template <class F, std::convertible_to<Operand>... More>
auto map(const F& f, const Operand& a, const Operand& b, const Operand& c, const Operand& d, const More&... more) {
  static_assert(sizeof...(More) <= 12, "map() takes up to sixteen tensors");
  return [&](const auto&... rest) {
    return internal::map_operands<4 + sizeof...(More)>(f, {&a, &b, &c, &d, &rest...});
  }(Operand(more)...);
}

/// Sum of map(f, a, b, ...) without the intermediate: a loss in one pass over memory, its gradient in another. It is
/// taken in blocks and does not depend on the number of threads. The formula is as map()'s, with one result.
/// Shapes: the operands broadcast; the result is a scalar.
/// Dtype: the common one, integers become the default dtype.
/// Derivative: g df/dx, to the second order.
/// Throws: std::invalid_argument where no operand is a tensor, or the shapes do not broadcast.
template <class F>
Tensor map_sum(const F& f, const Operand& a) {
  return internal::map_sum_operands<1>(f, {&a});
}
template <class F>
Tensor map_sum(const F& f, const Operand& a, const Operand& b) {
  return internal::map_sum_operands<2>(f, {&a, &b});
}
template <class F>
Tensor map_sum(const F& f, const Operand& a, const Operand& b, const Operand& c) {
  return internal::map_sum_operands<3>(f, {&a, &b, &c});
}
template <class F, std::convertible_to<Operand>... More>
Tensor map_sum(const F& f, const Operand& a, const Operand& b, const Operand& c, const Operand& d,
               const More&... more) {
  static_assert(sizeof...(More) <= 12, "map_sum() takes up to sixteen tensors");
  return [&](const auto&... rest) {
    return internal::map_sum_operands<4 + sizeof...(More)>(f, {&a, &b, &c, &d, &rest...});
  }(Operand(more)...);
}

}  // namespace xgrad
