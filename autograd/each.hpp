// each(): a formula on the elements of several tensors, in place and in one pass. Optimizers are written with
// it.
#pragma once

#include <span>
#include <tuple>
#include <type_traits>
#include <utility>

#include "kernels/elementwise.hpp"

namespace xgrad XGRAD_API {

namespace internal {

/// Tells which arguments of each() are written: those that are Tensor&, not const.
template <class Argument>
inline constexpr bool kIsWritten = std::is_same_v<Argument, Tensor&>;

struct EachOperand {
  const Tensor* tensor;
  bool is_written;
};

/// Checks that each() may run over these tensors, the first of which is written, and marks those it will write as
/// written. Throws as each(); nothing is marked then.
void prepare_each(std::span<const EachOperand> operands, SourceLocation where);

template <class Formula, class... Arguments>
void each_tensor(const Formula& formula, SourceLocation where, Arguments&&... tensors) {
  auto all = std::tie(tensors...);
  const Tensor& first = std::get<0>(all);
  const EachOperand operands[] = {{&tensors, kIsWritten<Arguments>}...};
  prepare_each(operands, where);

  constexpr int kWritten = (int{kIsWritten<Arguments>} + ...);
  static_assert(kWritten > 0, "each() must write something: pass a Tensor that is not const");
  std::array<TensorImpl*, kWritten> outs;
  int k = 0;
  ((kIsWritten<Arguments> ? void(outs[k++] = tensors.impl()) : void()), ...);

  auto keep_written = []<bool kKeep>(std::bool_constant<kKeep>, const auto& lanes) {
    if constexpr (kKeep)
      return std::tuple(lanes);
    else
      return std::tuple<>();
  };
  auto on_batches = [&](auto... lanes) {
    formula(lanes...);
    auto written = std::tuple_cat(keep_written(std::bool_constant<kIsWritten<Arguments>>{}, lanes)...);
    if constexpr (kWritten == 1)
      return std::get<0>(written);
    else
      return written;
  };
  dispatch_floating(first.impl()->dtype, [&]<class T>(T) {
    [&]<std::size_t... O>(std::index_sequence<O...>) {
      vectorize<T>(first.impl()->shape, Types<std::tuple_element_t<O * 0, std::tuple<T>>...>{}, outs,
                   Types<ElementOf<T, Arguments>...>{}, {tensors.impl()...}, on_batches);
    }
    (std::make_index_sequence<kWritten>{});
  });
}

}  // namespace internal

/// The first tensor of each(), which is always written. Picks up the caller's line.
class Written {
 public:
  Written(Tensor& tensor, SourceLocation where = SourceLocation::current()) : tensor_(tensor), where_(where) {}
  Tensor& tensor() const { return tensor_; }
  SourceLocation where() const { return where_; }

 private:
  Tensor& tensor_;
  SourceLocation where_;
};

/// Calls a formula for all elements of tensors of one shape and floating dtype, at once and outside of the graph:
///
///     each(w, g, m, [=](auto& w, auto g, auto& m) {          // SGD with momentum
///       m = momentum * m + g;
///       w -= lr * m;
///     });
///
/// Arguments that are Tensor& are read and written, const Tensor& only read; the formula comes last and gets SIMD
/// batches in the same order. One pass over memory. The formula may capture by reference.
/// Shapes: all tensors have one.
/// Dtype: all tensors have one, which is floating.
/// Throws: std::invalid_argument where shapes or dtypes differ, or a tensor that is written shares memory within
/// itself, with another one that is written, or with one that is read in another layout; std::logic_error where a
/// tensor that is written is no leaf. Nothing is written then.
template <class... More>
void each(const Written& first, More&&... more) {
  auto all = std::forward_as_tuple(first.tensor(), std::forward<More>(more)...);
  constexpr std::size_t kTensors = sizeof...(More);
  [&]<std::size_t... I>(std::index_sequence<I...>) {
    // Each element of the tuple is moved from once. NOLINTNEXTLINE(bugprone-use-after-move)
    internal::each_tensor(std::get<kTensors>(all), first.where(), std::get<I>(std::move(all))...);
  }
  (std::make_index_sequence<kTensors>{});
}

}  // namespace xgrad
