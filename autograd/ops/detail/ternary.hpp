// How an elementwise operator of three operands is made of a formula, as detail/formula.hpp makes those of one and two:
//
//     struct Lerp {
//       static constexpr unsigned a_reads = of_c, b_reads = of_c, c_reads = of_a | of_b;
//       static auto value(auto a, auto b, auto c) { return ...; }
//       static auto pull_a(auto g, auto c) { return g * (1 - c); }  // handed what a_reads names, in the order a, b, c
//       ...
//     };
#pragma once

#include "formula.hpp"

namespace xgrad::internal {

/// Which operands a derivative reads besides the cotangent.
inline constexpr unsigned of_none = 0, of_a = 1, of_b = 2, of_c = 4;

constexpr Uses uses_of(unsigned reads) {
  Uses uses;
  for (int i = 0; i < 3; ++i)
    if (reads >> i & 1) uses = uses | Uses::input(i);
  return uses;
}

/// Calls use(operand...) with those inputs of the operation that kReads names.
template <unsigned kReads, class Use>
void with_inputs(Vjp& vjp, const Use& use) {
  auto with_b = [&](const auto&... a) {
    auto with_c = [&](const auto&... ab) {
      if constexpr ((kReads & of_c) != 0)
        use(ab..., vjp.input(2));
      else
        use(ab...);
    };
    if constexpr ((kReads & of_b) != 0)
      with_c(a..., vjp.input(1));
    else
      with_c(a...);
  };
  if constexpr ((kReads & of_a) != 0)
    with_b(vjp.input(0));
  else
    with_b();
}

/// Answers for operand i with pull(g, operands...), as give_cotangent() of two operands does.
template <unsigned kReads, class P>
void give_of_three(Vjp& vjp, int i, const Tensor& g, const P& pull) {
  if (!vjp.needs(i)) return;
  with_inputs<kReads>(vjp, [&](const auto&... operands) {
    if (vjp.creates_graph()) return vjp.give(i, unbroadcast(pull(g, operands...), vjp, i));
    Tensor out = new_tensor(g.shape(), g.dtype());
    dispatch_floating(g.dtype(), [&]<class T>(T) { compute_into<T>(out, pull, g, operands...); });
    vjp.give(i, unbroadcast(std::move(out), vjp, i));
  });
}

template <class F>
struct TernaryRule {
  F f;
  void operator()(Vjp& vjp) const {
    const Tensor& g = vjp.g();
    give_of_three<F::a_reads>(vjp, 0, g, [f = f](auto g, auto... v) { return f.pull_a(g, v...); });
    give_of_three<F::b_reads>(vjp, 1, g, [f = f](auto g, auto... v) { return f.pull_b(g, v...); });
    give_of_three<F::c_reads>(vjp, 2, g, [f = f](auto g, auto... v) { return f.pull_c(g, v...); });
  }
};

/// Three operands that broadcast, as tensors of their common dtype.
struct PromotedThree {
  Tensor a, b, c;
  Shape shape;
  DType dtype;

  /// `least` is the earliest dtype that the operator computes in.
  PromotedThree(const char* name, const Operand& a, const Operand& b, const Operand& c, DType least)
      : dtype(is_floating(least) ? to_floating(common_dtype(name, {&a, &b, &c}))
                                 : promote(common_dtype(name, {&a, &b, &c}), least)) {
    const SourceLocation where = a.where();
    shape = broadcast_shapes(name, a.tensor(name).shape(), b.tensor(name).shape(), where);
    shape = broadcast_shapes(name, shape, c.tensor(name).shape(), where);
    this->a = as(name, a, where);
    this->b = as(name, b, where);
    this->c = as(name, c, where);
  }

 private:
  Tensor as(const char* name, const Operand& operand, SourceLocation where) const {
    return operand.is_number() ? operand.number_as(dtype, name) : cast_for(name, {operand.tensor(name), where}, dtype);
  }
};

/// Elementwise operator of three floating operands that broadcast.
template <class F>
Tensor ternary(const char* name, const PromotedThree& x, const F& f, SourceLocation where) {
  static_assert(std::is_trivially_copyable_v<F>, "a formula is a plain struct");
  Tensor y = new_result(name, x.shape, x.dtype, where);
  dispatch_floating(x.dtype, [&]<class T>(T) { compute_into<T>(y, Value{f}, x.a, x.b, x.c); });
  return record(name, where, {x.a, x.b, x.c}, std::move(y),
                {uses_of(F::a_reads), uses_of(F::b_reads), uses_of(F::c_reads)}, TernaryRule<F>{f});
}

}  // namespace xgrad::internal
