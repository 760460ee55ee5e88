// map(): any lambda of up to eight tensors as one elementwise operator, its derivatives taken by dual
// numbers.
#pragma once

#include <array>
#include <cstring>
#include <tuple>
#include <vector>

#include "simd/dual.hpp"
#include "extend.hpp"
#include "kernels/elementwise.hpp"
#include "ops/elementwise.hpp"
#include "ops/movement.hpp"
#include "ops/reduce.hpp"

namespace xgrad XGRAD_API {

namespace internal {

/// The operands of a map: one floating dtype, broadcast to one shape (views).
struct Mapped {
  std::vector<Tensor> inputs;
  Shape shape;
  DType dtype;
};
Mapped prepare_map(const char* name, std::initializer_list<const Operand*> operands);

/// Elements that map_sum adds up at a time: a fixed number, so that the sum does not depend on the threads.
inline constexpr std::int64_t kMapSumBlock = 4096;
/// Sum of the blocks' sums, pairwise.
double sum_pairwise(std::span<const double> values);
/// x times a scalar tensor, written over x where nobody else has its elements; x itself where the scalar is 1.
Tensor scale(Tensor x, const Tensor& factor);

template <std::size_t K>
using MapSequence = std::make_index_sequence<K>;
/// f(x...) for lanes of any kind, with direction i of a dual belonging to x_i.
template <class D, class F, class... V>
D on_duals(const F& f, const V&... x) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) { return D(f(D::variable(x, static_cast<int>(I))...)); }
  (std::index_sequence_for<V...>{});
}

Uses uses_inputs(int count);

/// What map() compiles of a formula in the user's file, for float32 and float64: plain loops over contiguous
/// elements. All else is done by functions of the library, so that a use of map() compiles fast.
struct MapKernels {
  int count;             // operands x_1 ... x_K
  Kernel value[2];       // outputs y;                inputs x_1 ... x_K
  Kernel cotangents[2];  // outputs c_1 ... c_K;      inputs g, x_1 ... x_K
  Kernel second_order;   // outputs dg, dx_1 ... dx_K; inputs g, x_1 ... x_K, h_1 ... h_K; float64 alone
};

/// y = f(x...), recorded with the rule, whose work is map_first_order.
Tensor map_forward(const MapKernels& kernels, const void* formula, std::initializer_list<const Operand*> operands,
                   Rule rule);
/// The operands' cotangents c_i = g df/dx_i, in one pass. An operator itself, so that it can be differentiated
/// once more; the rule's work is then map_second_order.
void map_first_order(Vjp& vjp, const char* name, const MapKernels& kernels, const void* formula, Rule rule);
/// With the cotangents h_i of the c_i, by duals of duals:
///
///     dg = sum_i h_i df/dx_i,   dx_j = g d/dx_j (sum_i h_i df/dx_i).
void map_second_order(Vjp& vjp, const MapKernels& kernels, const void* formula);

/// Room for a batch of one operand, at any instruction set.
inline constexpr std::size_t kLaneBytes = 64;
/// Copies the last elements of operands [first, last), fewer than a batch, to `room`, padded with zeros; and those of
/// operands [0, last) back.
void pad_lanes(void* const* operands, int first, int last, std::size_t offset, std::size_t bytes, void* room);
void unpad_lanes(void* const* operands, int last, std::size_t offset, std::size_t bytes, const void* room);

/// Calls step(operands, i) for each batch of elements from i on; operands are outputs, then inputs. The step is
/// compiled once: the last elements, padded to a batch, take the same way.
template <class T, int kOuts, int kIns, class Step>
void for_lanes(std::int64_t n, void* const* operands, const Step& step) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  T* data[kOuts + kIns];
  for (int k = 0; k < kOuts + kIns; ++k) data[k] = static_cast<T*>(operands[k]);
  std::int64_t whole = n - n % kSize;
  std::int64_t end = whole;
  alignas(kLaneBytes) T room[kOuts + kIns][kLaneBytes / sizeof(T)];
  while (true) {
    for (std::int64_t i = 0; i < end; i += kSize) step(data, i);
    if (whole == n) return;
    if (data[0] == room[0]) break;
    pad_lanes(operands, kOuts, kOuts + kIns, whole * sizeof(T), (n - whole) * sizeof(T), room);
    for (int k = 0; k < kOuts + kIns; ++k) data[k] = room[k];
    end = kSize;
  }
  unpad_lanes(operands, kOuts, whole * sizeof(T), (n - whole) * sizeof(T), room);
}

template <class T, class F, class Sequence>
struct MapKernel;

template <class T, class F, std::size_t... I>
struct MapKernel<T, F, std::index_sequence<I...>> {
  static constexpr int K = sizeof...(I);
  using V = Batch<T>;

  static void value(const void* formula, std::int64_t n, void* const* operands) {
    const F& f = *static_cast<const F*>(formula);
    for_lanes<T, 1, K>(n, operands,
                       [&](T* const* p, std::int64_t i) { V(f(V::load(p[1 + I] + i)...)).store(p[0] + i); });
  }

  static void cotangents(const void* formula, std::int64_t n, void* const* operands) {
    using D = Dual<V, K>;
    const F& f = *static_cast<const F*>(formula);
    for_lanes<T, K, K + 1>(n, operands, [&](T* const* p, std::int64_t i) {
      V g = V::load(p[K] + i);
      D y(f(D::variable(V::load(p[K + 1 + I] + i), I)...));
      ((g * y.d[I]).store(p[I] + i), ...);
    });
  }

  static void second_order(const void* formula, std::int64_t n, void* const* operands) {
    using Along = Dual<V, 1>;
    using D = Dual<Along, K>;
    const F& f = *static_cast<const F*>(formula);
    for_lanes<T, K + 1, 2 * K + 1>(n, operands, [&](T* const* p, std::int64_t i) {
      V g = V::load(p[K + 1] + i);
      auto along = [&](int k) {
        Along x(V::load(p[K + 2 + k] + i));
        x.d[0] = V::load(p[2 * K + 2 + k] + i);
        return x;
      };
      D y(f(D::variable(along(I), I)...));
      y.value.d[0].store(p[0] + i);
      ((g * y.d[I].d[0]).store(p[1 + I] + i), ...);
    });
  }
};

/// Stops at a wrong formula where the user can read why.
template <class T, class F, std::size_t... I>
constexpr bool check_formula(std::index_sequence<I...>) {
  constexpr bool kTakesAll = std::is_invocable_v<const F&, decltype((void)I, Batch<T>())...>;
  static_assert(kTakesAll,
                "map(): the formula must take one `auto` parameter for each tensor, and be callable when it is const");
  if constexpr (kTakesAll)
    static_assert(std::is_convertible_v<std::invoke_result_t<const F&, decltype((void)I, Batch<T>())...>, Batch<T>>,
                  "map(): the formula must return a number; make one of a comparison with where(condition, 1, 0)");
  return kTakesAll;
}

template <std::size_t K, class F>
struct MapOf {
  static_assert(check_formula<float, F>(std::make_index_sequence<K>{}));
  using Float = MapKernel<float, F, std::make_index_sequence<K>>;
  using Double = MapKernel<double, F, std::make_index_sequence<K>>;
  static constexpr MapKernels kKernels = {static_cast<int>(K),
                                          {&Float::value, &Double::value},
                                          {&Float::cotangents, &Double::cotangents},
                                          &Double::second_order};

  static void first_order(Vjp& vjp, const char* name, const F& f) {
    map_first_order(vjp, name, kKernels, &f, [f](Vjp& vjp) { map_second_order(vjp, kKernels, &f); });
  }
};

template <std::size_t K, class F>
Tensor map_operands(const F& f, std::initializer_list<const Operand*> operands) {
  return map_forward(MapOf<K, F>::kKernels, &f, operands,
                     [f](Vjp& vjp) { MapOf<K, F>::first_order(vjp, "map_cotangents", f); });
}

/// Adds f(x...) up over the elements [begin, end); with duals also writes the partial derivatives that are wanted.
template <class T, class D, std::size_t K, class F>
double sum_block(const F& f, const std::array<const T*, K>& x, const std::array<T*, K>& partials, std::int64_t begin,
                 std::int64_t end) {
  constexpr int kSize = Batch<T>::kSize;
  constexpr bool kDerives = !std::is_same_v<D, Batch<T>>;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    auto value_at = [&](const std::array<const T*, K>& from, std::int64_t at, const std::array<T*, K>& to) {
      if constexpr (kDerives) {
        D y = on_duals<D>(f, Batch<T>::load(from[I] + at)...);
        ((to[I] != nullptr ? y.d[I].store(to[I] + at) : void()), ...);
        return y.value;
      } else {
        return Batch<T>(f(Batch<T>::load(from[I] + at)...));
      }
    };
    Batch<T> even(0), odd(0);
    std::int64_t i = begin;
    for (; i + 2 * kSize <= end; i += 2 * kSize) {
      even += value_at(x, i, partials);
      odd += value_at(x, i + kSize, partials);
    }
    double sum = reduce_sum(even + odd);
    // The last elements, padded to a batch with copies of the last one.
    for (; i < end; i += kSize) {
      int count = static_cast<int>(std::min<std::int64_t>(kSize, end - i));
      alignas(64) T padded[2 * K + 1][kSize];
      for (std::size_t k = 0; k < K; ++k)
        for (int j = 0; j < kSize; ++j) padded[k][j] = x[k][i + std::min(j, count - 1)];
      value_at({padded[I]...}, 0, {(partials[I] != nullptr ? padded[K + I] : nullptr)...}).store(padded[2 * K]);
      for (int j = 0; j < count; ++j) sum += padded[2 * K][j];
      for (std::size_t k = 0; k < K; ++k)
        if (partials[k] != nullptr) std::memcpy(partials[k] + i, padded[K + k], count * sizeof(T));
    }
    return sum;
  }
  (MapSequence<K>{});
}

/// When a gradient will be wanted, the partial derivatives are taken with the value, in the same pass, and kept as
/// further outputs of the node: the first-order rule then only scales them.
template <std::size_t K, class F>
Tensor map_sum_operands(const F& f, std::initializer_list<const Operand*> operands) {
  Mapped mapped = prepare_map("map_sum", operands);
  SourceLocation where = (*operands.begin())->where();
  std::int64_t n = mapped.shape.numel();
  std::vector<Tensor> outputs{new_tensor(Shape{}, mapped.dtype)};
  bool records = is_recording(mapped.inputs);
  std::vector<Tensor> dense;
  for (const Tensor& x : mapped.inputs) {
    bool is_dense = x.is_contiguous() && x.numel() == n;
    dense.push_back(is_dense ? x : contiguous(expand(x.detach(), mapped.shape)));
    if (records)
      outputs.push_back(x.requires_grad() ? new_tensor(mapped.shape, mapped.dtype) : new_tensor({0}, mapped.dtype));
  }
  std::vector<double> sums((n + kMapSumBlock - 1) / kMapSumBlock);
  dispatch_floating(mapped.dtype, [&]<class T>(T) {
    std::array<const T*, K> x;
    std::array<T*, K> partials{};
    for (std::size_t k = 0; k < K; ++k) {
      x[k] = data_of<T>(dense[k]);
      if (records && mapped.inputs[k].requires_grad()) partials[k] = data_of<T>(outputs[k + 1]);
    }
    auto sum_blocks = [&]<class D>(std::type_identity<D>) {
      parallel_for(static_cast<std::int64_t>(sums.size()), kElementwiseGrain / kMapSumBlock,
                   [&](std::int64_t begin, std::int64_t end) {
                     for (std::int64_t block = begin; block < end; ++block)
                       sums[block] = sum_block<T, D, K>(f, x, partials, block * kMapSumBlock,
                                                        std::min((block + 1) * kMapSumBlock, n));
                   });
    };
    if (records)
      sum_blocks(std::type_identity<Dual<Batch<T>, static_cast<int>(K)>>{});
    else
      sum_blocks(std::type_identity<Batch<T>>{});
    *data_of<T>(outputs[0]) = static_cast<T>(sum_pairwise(sums));
  });
  if (!records) return std::move(outputs[0]);
  Uses all = uses_inputs(static_cast<int>(K));
  for (std::size_t k = 1; k <= K; ++k) all = all | Uses::output(static_cast<int>(k));
  auto rule = [f](Vjp& vjp) {
    if (vjp.creates_graph()) return MapOf<K, F>::first_order(vjp, "map_sum_cotangents", f);
    for (int i = 0; i < static_cast<int>(K); ++i)
      if (vjp.needs(i)) vjp.give(i, sum_to(scale(vjp.take_output(i + 1), vjp.g()), vjp.shape(i)));
  };
  return std::move(record("map_sum", where, mapped.inputs, std::move(outputs), {all}, rule)[0]);
}

}  // namespace internal

/// y = f(a, b, ...) for each element, of up to eight tensors that broadcast:
///
///     Tensor y = map([](auto a, auto b) { return tanh(a) * exp(-b * b); }, a, b);
///
/// One operation: the value in one pass over memory, all partial derivatives in one pass. f is called with
/// SIMD batches and with dual numbers, so it must be generic, and written with arithmetic, comparisons with
/// where(), and the functions of Batch (autograd/internal/simd.hpp); it may capture numbers, but no tensors.
/// Integers become float32. Gradients g df/da, g df/db ...; derivatives up to the second order,
/// std::logic_error beyond.
template <class F>
Tensor map(const F& f, const Operand& a) {
  return internal::map_operands<1>(f, {&a});
}
template <class F>
Tensor map(const F& f, const Operand& a, const Operand& b) {
  return internal::map_operands<2>(f, {&a, &b});
}
template <class F>
Tensor map(const F& f, const Operand& a, const Operand& b, const Operand& c) {
  return internal::map_operands<3>(f, {&a, &b, &c});
}
template <class F, std::convertible_to<Operand>... More>
Tensor map(const F& f, const Operand& a, const Operand& b, const Operand& c, const Operand& d, const More&... more) {
  static_assert(sizeof...(More) <= 4, "map() takes up to eight tensors");
  return [&](const auto&... rest) {
    return internal::map_operands<4 + sizeof...(More)>(f, {&a, &b, &c, &d, &rest...});
  }(Operand(more)...);
}

/// sum(map(f, a, b, ...)) without the intermediate: a loss in one pass over memory, its gradient in another.
/// The sum is taken in blocks and does not depend on the number of threads. -> scalar.
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
  static_assert(sizeof...(More) <= 4, "map_sum() takes up to eight tensors");
  return [&](const auto&... rest) {
    return internal::map_sum_operands<4 + sizeof...(More)>(f, {&a, &b, &c, &d, &rest...});
  }(Operand(more)...);
}

}  // namespace xgrad
