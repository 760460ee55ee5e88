// map(): any lambda of up to eight tensors as one elementwise operator, its derivatives taken by dual
// numbers.
#pragma once

#include <array>
#include <tuple>
#include <vector>

#include "autograd/dual.hpp"
#include "autograd/extend.hpp"
#include "autograd/internal/vectorize.hpp"
#include "autograd/ops/elementwise.hpp"
#include "autograd/ops/movement.hpp"
#include "autograd/ops/reduce.hpp"

namespace xgrad {

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
template <class T, std::size_t>
using RepeatFor = T;

template <std::size_t K>
std::array<TensorImpl*, K> impls_of(std::span<const Tensor> tensors) {
  std::array<TensorImpl*, K> impls;
  for (std::size_t i = 0; i < K; ++i) impls[i] = tensors[i].impl();
  return impls;
}

/// f(x...) for lanes of any kind, with direction i of a dual belonging to x_i.
template <class D, class F, class... V>
D on_duals(const F& f, const V&... x) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return D(f(D::variable(x, static_cast<int>(I))...));
  }
  (std::index_sequence_for<V...>{});
}

template <std::size_t K>
Uses uses_inputs() {
  Uses all;
  for (std::size_t i = 0; i < K; ++i) all = all | Uses::input(static_cast<int>(i));
  return all;
}

/// The rule of map_cotangents.
template <std::size_t K, class F>
void map_second_order(Vjp& vjp, const F& f) {
  check<std::logic_error>(
      !vjp.creates_graph(), vjp.where(),
      "map: derivatives up to the second order are supported. Write the formula with operators on "
      "tensors for higher ones.");
  // Operands: g, x_1 ... x_K as saved, and the cotangents h_1 ... h_K.
  std::vector<Tensor> operands{vjp.input(0)};
  for (std::size_t i = 0; i < K; ++i) operands.push_back(vjp.input(static_cast<int>(i) + 1));
  for (std::size_t i = 0; i < K; ++i) operands.push_back(vjp.g(static_cast<int>(i)));
  Shape shape = operands[K + 1].shape();
  DType dtype = operands[0].dtype();
  std::vector<Tensor> results;
  for (std::size_t i = 0; i <= K; ++i) results.push_back(new_tensor(shape, dtype));
  dispatch_floating(dtype, [&]<class T>(T) {
    [&]<std::size_t... I, std::size_t... J>(std::index_sequence<I...>, std::index_sequence<J...>) {
      using Along = Dual<Batch<T>, 1>;
      using Second = Dual<Along, static_cast<int>(K)>;
      auto formula = [&](auto... lanes) {
        std::array<Batch<T>, sizeof...(lanes)> v{lanes...};
        auto along = [&](std::size_t i) {
          Along x(v[1 + i]);
          x.d[0] = v[1 + K + i];
          return x;
        };
        Second y = on_duals<Second>(f, along(J)...);
        return std::make_tuple(y.value.d[0], v[0] * y.d[J].d[0]...);
      };
      vectorize<T>(shape, Types<RepeatFor<T, I>..., T>{}, impls_of<K + 1>(results),
                   Types<T, RepeatFor<T, J>..., RepeatFor<T, J>...>{}, impls_of<2 * K + 1>(operands),
                   formula);
    }
    (MapSequence<K>{}, MapSequence<K>{});
  });
  for (std::size_t i = 0; i <= K; ++i)
    if (int at = static_cast<int>(i); vjp.needs(at)) vjp.give(at, sum_to(results[i], vjp.shape(at)));
}

/// c_i = g df/dx_i: the cotangents of all operands, in one pass. An operator itself, so that it can be
/// differentiated once more; then duals of duals give, for the cotangents h_i of the c_i,
///
///     dg = sum_i h_i df/dx_i,   dx_j = g d/dx_j (sum_i h_i df/dx_i).
template <std::size_t K, class F>
std::vector<Tensor> map_cotangents(const char* name, SourceLocation where, const F& f, const Shape& shape,
                                   std::vector<Tensor> operands) {
  DType dtype = operands[0].dtype();
  std::vector<Tensor> results;
  for (std::size_t i = 0; i < K; ++i) results.push_back(new_tensor(shape, dtype));
  dispatch_floating(dtype, [&]<class T>(T) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      auto formula = [&](Batch<T> g, auto... x) {
        auto y = on_duals<Dual<Batch<T>, static_cast<int>(K)>>(f, x...);
        if constexpr (K == 1)
          return g * y.d[0];
        else
          return std::make_tuple(g * y.d[I]...);
      };
      vectorize<T>(shape, Types<RepeatFor<T, I>...>{}, impls_of<K>(results), Types<T, RepeatFor<T, I>...>{},
                   impls_of<K + 1>(operands), formula);
    }
    (MapSequence<K>{});
  });
  return record(name, where, operands, std::move(results), {uses_inputs<K + 1>()},
                [f](Vjp& vjp) { map_second_order<K>(vjp, f); });
}

template <std::size_t K, class F>
void map_first_order(Vjp& vjp, const char* name, const F& f, const Shape& shape) {
  std::vector<Tensor> operands{vjp.g()};
  for (std::size_t i = 0; i < K; ++i) operands.push_back(vjp.input(static_cast<int>(i)));
  std::vector<Tensor> cotangents = map_cotangents<K>(name, vjp.where(), f, shape, std::move(operands));
  for (std::size_t i = 0; i < K; ++i)
    if (int at = static_cast<int>(i); vjp.needs(at)) vjp.give(at, sum_to(cotangents[i], vjp.shape(at)));
}

template <std::size_t K, class F>
Tensor map_operands(const F& f, std::initializer_list<const Operand*> operands) {
  Mapped mapped = prepare_map("map", operands);
  SourceLocation where = (*operands.begin())->where();
  Tensor y = new_tensor(mapped.shape, mapped.dtype);
  dispatch_floating(mapped.dtype, [&]<class T>(T) {
    [&]<std::size_t... I>(std::index_sequence<I...>) {
      vectorize<T>(mapped.shape, Types<T>{}, {y.impl()}, Types<RepeatFor<T, I>...>{},
                   impls_of<K>(mapped.inputs), [&](auto... x) { return Batch<T>(f(x...)); });
    }
    (MapSequence<K>{});
  });
  return record("map", where, mapped.inputs, std::move(y), {uses_inputs<K>()},
                [f, shape = mapped.shape](Vjp& vjp) { map_first_order<K>(vjp, "map_cotangents", f, shape); });
}

/// Adds f(x...) up over the elements [begin, end); with duals also writes the partial derivatives that are wanted.
template <class T, class D, std::size_t K, class F>
double sum_block(const F& f, const std::array<const T*, K>& x, const std::array<T*, K>& partials,
                 std::int64_t begin, std::int64_t end) {
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
      value_at({padded[I]...}, 0, {(partials[I] != nullptr ? padded[K + I] : nullptr)...})
          .store(padded[2 * K]);
      for (int j = 0; j < count; ++j) sum += padded[2 * K][j];
      for (std::size_t k = 0; k < K; ++k)
        if (partials[k] != nullptr) std::copy_n(padded[K + k], count, partials[k] + i);
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
      outputs.push_back(x.requires_grad() ? new_tensor(mapped.shape, mapped.dtype)
                                          : new_tensor({0}, mapped.dtype));
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
  Uses all = uses_inputs<K>();
  for (std::size_t k = 1; k <= K; ++k) all = all | Uses::output(static_cast<int>(k));
  auto rule = [f, shape = mapped.shape](Vjp& vjp) {
    if (vjp.creates_graph()) return map_first_order<K>(vjp, "map_sum_cotangents", f, shape);
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
Tensor map(const F& f, const Operand& a, const Operand& b, const Operand& c, const Operand& d,
           const More&... more) {
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
