// The one loop behind every elementwise operation: a formula on batches, applied to tensors of any layout.
//
// A formula becomes a kernel over contiguous runs. The driver (elementwise.cpp, compiled once) cuts tensors of
// any strides into such runs: straight from memory where elements are neighbours, else through a block that
// is packed first. Formulas capture by value: what a loop needs travels with it.
#pragma once

#include <array>
#include <cstring>
#include <span>
#include <tuple>
#include <utility>

#include "../base/launch.hpp"
#include "../base/parallel.hpp"
#include "../simd/math.hpp"
#include "../simd/partial.hpp"
#include "../tensor_impl.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Works on n contiguous elements of each operand, outputs first. `formula` is the callable that the kernel was made
/// of.
using Kernel = void (*)(const void* formula, std::int64_t n, void* const* operands);

struct LoopOperand {
  TensorImpl* tensor;
  bool is_written;
  bool is_read;
};

/// The most operands of a loop: what the second order of map() takes with sixteen tensors and eight results.
inline constexpr int kMaxOperands = 64;

/// A formula as a loop keeps it: its code, and what it captured, by value. A user's lambda that is large, or that
/// cannot be copied as bytes (each() runs at once, and may be given any), stays where it is: `outside` has its address
/// then.
struct Formula {
  static constexpr std::size_t kRoom = 48;

  Kernel kernel;
  const void* outside;
  alignas(16) unsigned char captured[kRoom];

  void operator()(std::int64_t n, void* const* operands) const {
    kernel(outside != nullptr ? outside : captured, n, operands);
  }
};

/// The loop of a formula over contiguous operands.
struct FormulaLoop {
  Formula formula;
  std::int64_t n;
  void* operands[kMaxOperands];  // the first few

  static void run(const FormulaLoop& a, std::int64_t, std::int64_t) { a.formula(a.n, a.operands); }
};

/// Runs the loop's formula, which is set, over `shape`, to which every operand broadcasts (those written have this
/// shape).
void run_kernel(FormulaLoop& loop, const Shape& shape, std::span<const LoopOperand> operands);

/// Sum of the results of the loop's formula, which is set, over the shape of the first operand, an input; there is no
/// output. It has the same bits for any number of threads. False where the operands' layouts ask for another way.
bool sum_kernel(FormulaLoop& loop, std::span<const LoopOperand> operands, double& sum);

/// run_kernel() for a formula that stays where it is.
inline void run_kernel(Kernel kernel, const void* formula, const Shape& shape, std::span<const LoopOperand> operands) {
  FormulaLoop loop;
  loop.formula.kernel = kernel;
  loop.formula.outside = formula;
  run_kernel(loop, shape, operands);
}

/// Elements from which a loop is worth a second thread. Measured: a thread is woken in about 5 us.
inline constexpr std::int64_t kElementwiseGrain = 32768;

/// The element types of a formula's operands: outputs, then inputs.
template <class... Elements>
struct Types {};
template <class T, class Tensor>
using ElementOf = T;  // one T for each tensor of a pack

}  // namespace internal
}  // namespace xgrad
namespace xgrad::XGRAD_SIMD_NAMESPACE {
using internal::Types;

/// What a formula that computes in T sees of an operand with elements E: Batch<T>, or Mask<T> of booleans.
/// Integers are computed one by one, in loops that the compiler vectorises.
template <class T>
struct Lanes {
  static constexpr int kSize = Batch<T>::kSize;
  static auto load(const T* from) { return Batch<T>::load(from); }
  /// The first `count` elements; the lanes beyond are 0.
  static auto load_first(const T* from, int count) { return internal::load_part(from, count, Batch<T>(0)); }
  static auto load_first(const bool* from, int count) {
    bool padded[kSize] = {};
    std::memcpy(padded, from, count);
    return load(padded);
  }
  static auto load(const bool* from) {
    alignas(64) T numbers[kSize];
    for (int i = 0; i < kSize; ++i) numbers[i] = static_cast<T>(from[i]);
    return Batch<T>::load(numbers) != Batch<T>(0);
  }
  static void store(T* to, Batch<T> value) { value.store(to); }
  static void store_first(T* to, int count, Batch<T> value) { internal::store_part(to, count, value); }
  static void store_first(bool* to, int count, Mask<T> value) {
    bool padded[kSize];
    store(padded, value);
    std::memcpy(to, padded, count);
  }
  static void store(bool* to, Mask<T> value) {
    alignas(64) T numbers[kSize];
    where(value, Batch<T>(1), Batch<T>(0)).store(numbers);
    for (int i = 0; i < kSize; ++i) to[i] = numbers[i] != 0;
  }
};
template <class T>
requires std::integral<T>
struct Lanes<T> {
  static constexpr int kSize = 1;
  template <class E>
  static E load(const E* from) {
    return *from;
  }
  template <class E, class V>
  static void store(E* to, V value) {
    *to = static_cast<E>(value);
  }
};

template <class T, class Outs, class Ins, class F>
struct FormulaKernel;

template <class T, class... Os, class... Is, class F>
struct FormulaKernel<T, Types<Os...>, Types<Is...>, F> {
  static constexpr int kOuts = sizeof...(Os);
  static constexpr int kSize = Lanes<T>::kSize;

  /// Writes the formula in place: made apart and copied, it would cost small loops 7 %.
  static void store(const F& formula, internal::Formula& to) {
    to.kernel = &run;
    to.outside = nullptr;
    if constexpr (!std::is_trivially_copyable_v<F> || sizeof(F) > internal::Formula::kRoom)
      to.outside = &formula;
    else if constexpr (!std::is_empty_v<F>)
      std::memcpy(to.captured, &formula, sizeof formula);
  }

  static void run(const void* formula, std::int64_t n, void* const* operands) {
    run(*static_cast<const F*>(formula), n, operands, std::index_sequence_for<Os...>(),
        std::index_sequence_for<Is...>());
  }

 private:
  template <std::size_t... O, std::size_t... I>
  static void run(const F& formula, std::int64_t n, void* const* operands, std::index_sequence<O...>,
                  std::index_sequence<I...>) {
    std::tuple<Os*...> outs(static_cast<Os*>(operands[O])...);
    std::tuple<const Is*...> ins(static_cast<const Is*>(operands[kOuts + I])...);
    std::int64_t i = 0;
    for (; i + kSize <= n; i += kSize) {
      auto result = formula(Lanes<T>::load(std::get<I>(ins) + i)...);
      (Lanes<T>::store(std::get<O>(outs) + i, part<O>(result)), ...);
    }
    // The last elements, fewer than a batch, are padded to one, so that formulas meet batches only.
    if constexpr (kSize > 1) {
      if (i == n) return;
      int count = static_cast<int>(n - i);
      auto result = formula(Lanes<T>::load_first(std::get<I>(ins) + i, count)...);
      (Lanes<T>::store_first(std::get<O>(outs) + i, count, part<O>(result)), ...);
    }
  }

  /// Result O of a formula: it returns a std::tuple only where there are several.
  template <std::size_t O, class R>
  static const auto& part(const R& result) {
    if constexpr (kOuts == 1)
      return result;
    else
      return std::get<O>(result);
  }
};

}  // namespace xgrad::XGRAD_SIMD_NAMESPACE
namespace xgrad XGRAD_API {
namespace internal {
using XGRAD_SIMD_NAMESPACE::FormulaKernel;
using XGRAD_SIMD_NAMESPACE::Lanes;

/// outs... = formula(ins...) for each element of `shape`, in one pass. `formula` gets a Batch<T> (or Mask<T>)
/// for each input and returns one, or a std::tuple of as many as there are outputs.
template <class T, class... Os, class... Is, class F>
void vectorize(const Shape& shape, Types<Os...>, const std::array<TensorImpl*, sizeof...(Os)>& outs, Types<Is...>,
               const std::array<TensorImpl*, sizeof...(Is)>& ins, const F& formula) {
  constexpr std::size_t kCount = sizeof...(Os) + sizeof...(Is);
  LoopOperand operands[kCount];
  std::size_t k = 0;
  for (TensorImpl* out : outs) operands[k++] = {out, true, false};
  for (TensorImpl* in : ins) operands[k++] = {in, false, true};
  FormulaLoop loop;
  FormulaKernel<T, Types<Os...>, Types<Is...>, F>::store(formula, loop.formula);
  run_kernel(loop, shape, operands);
}

/// out = formula(ins...), one result for each element. All elements are T. `out` may be one of the inputs.
template <class T, class F, class... In>
void compute_into(const Tensor& out, const F& formula, const In&... ins) {
  vectorize<T>(out.impl()->shape, Types<T>{}, {out.impl()}, Types<ElementOf<T, In>...>{}, {ins.impl()...}, formula);
}

/// compute_into() for a result and operands that are contiguous and have one shape: nothing to look at, cut or pack.
template <class T, class F, class... In>
void compute_alike(const Tensor& out, const F& formula, const In&... ins) {
  const std::int64_t numel = out.impl()->numel;
  if (numel >= 2 * kElementwiseGrain) return compute_into<T>(out, formula, ins...);
  FormulaLoop loop;
  FormulaKernel<T, Types<T>, Types<ElementOf<T, In>...>, F>::store(formula, loop.formula);
  loop.n = numel;
  std::size_t k = 0;
  for (void* data : {out.impl()->data, ins.impl()->data...}) loop.operands[k++] = data;
  if (numel > 0) launch(loop, 1, 1);
}

/// A new tensor of one element: the sum of formula(first, more...) over the shape of `first`, to which the others
/// broadcast. There is no array of what is added up. All elements are T. Undefined where the layouts ask for one.
template <class T, class F, class... More>
Tensor compute_sum(const Shape& shape, const F& formula, const Tensor& first, const More&... more) {
  const LoopOperand operands[] = {{first.impl(), false, true}, {more.impl(), false, true}...};
  FormulaLoop loop;
  FormulaKernel<T, Types<T>, Types<T, ElementOf<T, More>...>, F>::store(formula, loop.formula);
  double sum;
  if (!sum_kernel(loop, operands, sum)) return Tensor();
  Tensor out = new_tensor(shape, dtype_of<T>);
  *data_of<T>(out) = static_cast<T>(sum);
  return out;
}

/// A new tensor of formula(ins...), one result for each element. All elements are T.
template <class T, class F, class... In>
Tensor compute(const Shape& shape, const F& formula, const In&... ins) {
  Tensor out = new_tensor(shape, dtype_of<T>);
  compute_into<T>(out, formula, ins...);
  return out;
}

/// target = source, broadcast to the target's shape and converted to its dtype. The target is of any layout.
void copy_into(const Tensor& target, const Tensor& source);

/// target += source of the same dtype, broadcast to the target's shape.
void add_into(const Tensor& target, const Tensor& source);

}  // namespace internal
}  // namespace xgrad
