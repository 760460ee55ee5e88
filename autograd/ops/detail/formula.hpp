// How an elementwise operator is made of a formula (simd/formulas.hpp).
//
//     Tensor sin(const Operand& x) { return unary("sin", x, formulas::Sin{}); }
//
// The formula is compiled for batches of float and double: forward and first-order backward are one pass each. Its
// derivative is compiled a third time with Tensor in place of the batch, for when the gradient's own graph is wanted:
// every order from one formula. The file of the operator includes the operators that this takes.
#pragma once

#include "../../engine/observer.hpp"
#include "../../extend.hpp"
#include "../../grad_mode.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../simd/formulas.hpp"
#include "../../tensor_impl.hpp"
#include "promote.hpp"
#include "reduction.hpp"
#include "result.hpp"

namespace xgrad::internal {

namespace formulas = XGRAD_SIMD_NAMESPACE::formulas;

constexpr Uses to_uses(Reads reads) {
  Uses uses;
  if (reads & reads_a) uses = uses | Uses::input(0);
  if (reads & reads_b) uses = uses | Uses::input(1);
  if (reads & reads_y) uses = uses | Uses::output(0);
  return uses;
}

/// The cotangent of input i, which may have been broadcast: summed to the input's own shape.
inline Tensor unbroadcast(Tensor cotangent, const Vjp& vjp, int i) {
  if (vjp.has_shape(i, cotangent)) return cotangent;
  return recorded_sum_to("sum_to", cotangent, vjp.shape(i), {});
}

/// g times a slope, or g where the slope is a comparison that holds, and 0 elsewhere.
template <class G, class Slope>
G times_slope(const G& g, const Slope& slope) {
  if constexpr (std::same_as<G, Tensor>)
    return slope.dtype() == DType::boolean ? where(slope, g, zeros_like(g)) : g * slope;
  else if constexpr (std::same_as<G, Slope>)
    return g * slope;
  else
    return where(slope, g, zeros_like(g));
}

/// The cotangents of a formula's operands, from the result's: called with g and the values that the derivative reads.
template <class F>
struct Pull {
  F f;
  template <class G, class... V>
  G operator()(const G& g, const V&... values) const {
    if constexpr (requires { f.pull(g, values...); })
      return f.pull(g, values...);
    else if constexpr (requires { f.divisor(values...); })
      return g / f.divisor(values...);
    else
      return times_slope(g, f.slope(values...));
  }
};
template <class F>
struct PullA {
  F f;
  template <class G, class... V>
  G operator()(const G& g, const V&... values) const {
    if constexpr (requires { f.pull_a(g, values...); })
      return f.pull_a(g, values...);
    else
      return times_slope(g, f.slope_a(values...));
  }
};
template <class F>
struct PullB {
  F f;
  template <class G, class... V>
  G operator()(const G& g, const V&... values) const {
    if constexpr (requires { f.pull_b(g, values...); })
      return f.pull_b(g, values...);
    else
      return times_slope(g, f.slope_b(values...));
  }
};

/// Answers for operand i with pull(g, values...): operators when the gradient's graph is wanted, else one pass over
/// memory, which adds to what has come before, or writes over g, where nobody else can see it. What is broadcast of one
/// element is given the sum of the pass, of which there is no array.
template <Reads kReads, class P>
void give_cotangent(Vjp& vjp, int i, Tensor g, const P& pull) {
  const Tensor* a = kReads & reads_a ? &vjp.input(0) : nullptr;
  const Tensor* b = kReads & reads_b ? &vjp.input(1) : nullptr;
  const Tensor* y = kReads & reads_y ? &vjp.output() : nullptr;
  with_values<kReads>(a, b, y, [&](const auto&... values) {
    if (vjp.creates_graph()) return vjp.give(i, unbroadcast(pull(g, values...), vjp, i));
    const bool is_alike = vjp.has_shape(i, g);
    Tensor* sum = is_alike ? vjp.sum_so_far(i) : nullptr;
    dispatch_floating(g.impl()->dtype, [&]<class T>(T) {
      if (!is_alike && vjp.shape(i).numel() == 1)
        if (Tensor total = compute_sum<T>(vjp.shape(i), pull, g, values...); total.defined())
          return vjp.give(i, std::move(total));
      if (sum != nullptr)
        return compute_into<T>(
            *sum, [pull](Batch<T> sum, auto... v) { return sum + pull(v...); }, *sum, g, values...);
      Tensor out = owns_elements(g) ? g : new_tensor(g.impl()->shape, g.impl()->dtype);
      compute_into<T>(out, pull, g, values...);
      vjp.give(i, unbroadcast(std::move(out), vjp, i));
    });
  });
}

/// A formula's value, as the loop over batches or integers calls it.
template <class F>
struct Value {
  F f;
  template <class... V>
  auto operator()(const V&... x) const {
    return f.value(x...);
  }
};
template <class F>
Value(F) -> Value<F>;

/// Whether two operands are tensors of one floating dtype and shape without gaps, between which there is no number, no
/// conversion and no broadcast. They take the first line of each operator: most operands of a model are so.
inline bool are_alike(const Operand& left, const Operand& right) {
  const Tensor *a = left.tensor_or_null(), *b = right.tensor_or_null();
  if (a == nullptr || b == nullptr || !a->defined() || !b->defined()) return false;
  const TensorImpl &x = *a->impl(), &y = *b->impl();
  return x.dtype == y.dtype && is_floating(x.dtype) && x.contiguous && y.contiguous && x.shape == y.shape;
}

/// The value of a formula of alike operands.
template <class F>
Tensor value_of_alike(const char* name, const Tensor& a, const Tensor& b, const F& f, SourceLocation where) {
  Tensor y = new_result(name, a.impl()->shape, a.impl()->dtype, where);
  dispatch_floating(a.impl()->dtype, [&]<class T>(T) { compute_alike<T>(y, Value{f}, a, b); });
  return y;
}

/// Whether record() has anything to do for an operation on two defined tensors.
inline bool is_recorded(const Tensor& a, const Tensor& b) {
  return ((a.impl()->node || b.impl()->node) && grad_enabled()) || observer != nullptr;
}

/// Elementwise operator of one operand.
template <Integers kIntegers = Integers::become_floating, class F>
Tensor unary(const char* name, const Operand& operand, const F& f) {
  static_assert(std::is_trivially_copyable_v<F>, "a formula is a plain struct");
  const Tensor* x = &operand.tensor(name);
  Tensor converted;
  if (DType dtype = x->dtype(); !is_floating(dtype)) {
    if constexpr (kIntegers == Integers::stay) {
      Tensor whole = cast_for(name, {*x, operand.where()}, DType::int64);
      return compute<std::int64_t>(whole.shape(), Value{f}, whole);
    }
    converted = cast_for(name, {*x, operand.where()}, to_floating(dtype));
    x = &converted;
  }
  Tensor y = new_result(name, x->shape(), x->dtype(), operand.where());
  dispatch_floating(y.impl()->dtype, [&]<class T>(T) {
    x->impl()->contiguous ? compute_alike<T>(y, Value{f}, *x) : compute_into<T>(y, Value{f}, *x);
  });
  if (!is_recorded(*x, *x)) return y;
  return record_known(name, operand.where(), {*x}, std::move(y), {to_uses(F::reads)},
                      [f](Vjp& vjp) { give_cotangent<F::reads>(vjp, 0, vjp.take_g(), Pull<F>{f}); });
}

/// The result of an operator on integers or booleans, which is computed in int64.
template <class F>
Tensor compute_integers(const char* name, const Promoted& pair, SourceLocation where, const F& f) {
  Tensor y = compute<std::int64_t>(pair.shape(), Value{f}, cast_for(name, {pair.a(), where}, DType::int64),
                                   cast_for(name, {pair.b(), where}, DType::int64));
  return cast_for(name, {y, where}, pair.dtype());
}

/// The rule of a formula of two operands. It moves g where it is needed no more.
template <class F>
struct BinaryRule {
  F f;
  void operator()(Vjp& vjp) const {
    Tensor g = vjp.take_g();
    if (vjp.needs(0)) give_cotangent<F::a_reads>(vjp, 0, vjp.needs(1) ? g : std::move(g), PullA<F>{f});
    if (vjp.needs(1)) give_cotangent<F::b_reads>(vjp, 1, std::move(g), PullB<F>{f});  // NOLINT(bugprone-use-after-move)
  }
};

/// Elementwise operator of two operands that broadcast. The cotangents are computed in the common shape, and then
/// summed to each operand's own.
template <Integers kIntegers = Integers::become_floating, class F>
Tensor binary(const char* name, const Operand& left, const Operand& right, const F& f) {
  static_assert(std::is_trivially_copyable_v<F>, "a formula is a plain struct");
  const std::initializer_list<Uses> uses = {to_uses(F::a_reads), to_uses(F::b_reads)};
  if (are_alike(left, right)) {
    const Tensor &a = *left.tensor_or_null(), &b = *right.tensor_or_null();
    Tensor y = value_of_alike(name, a, b, f, left.where());
    if (!is_recorded(a, b)) return y;
    return record_known(name, left.where(), {a, b}, std::move(y), uses, BinaryRule<F>{f});
  }
  Promoted pair(name, left, right, kIntegers);
  if constexpr (kIntegers == Integers::stay)
    if (!is_floating(pair.dtype())) return compute_integers(name, pair, left.where(), f);
  Tensor y = new_result(name, pair.shape(), pair.dtype(), left.where());
  dispatch_floating(pair.dtype(), [&]<class T>(T) { compute_into<T>(y, Value{f}, pair.a(), pair.b()); });
  return record(name, left.where(), {pair.a(), pair.b()}, std::move(y), uses, BinaryRule<F>{f});
}

/// Comparison: boolean results, nothing recorded.
template <class F>
Tensor comparison(const char* name, const Operand& left, const Operand& right, const F& f) {
  Promoted pair(name, left, right);
  Tensor y = new_result(name, pair.shape(), DType::boolean, left.where());
  dispatch(pair.dtype(), [&]<class T>(T) {
    vectorize<T>(pair.shape(), Types<bool>{}, {y.impl()}, Types<T, T>{}, {pair.a().impl(), pair.b().impl()}, f);
  });
  return y;
}

/// A test of each element: boolean results, nothing recorded.
template <class F>
Tensor predicate(const char* name, const Operand& operand, const F& f) {
  const Tensor& x = operand.tensor(name);
  Tensor y = new_result(name, x.shape(), DType::boolean, operand.where());
  dispatch(x.dtype(),
           [&]<class T>(T) { vectorize<T>(x.shape(), Types<bool>{}, {y.impl()}, Types<T>{}, {x.impl()}, f); });
  return y;
}

}  // namespace xgrad::internal
