// How an elementwise operator is made of formulas.
//
//     Tensor tanh(const Operand& x) {
//       return unary<reads_y>("tanh", x, [](auto x) { return tanh(x); },
//                             [](auto g, auto, auto y) { return g * (1 - y * y); });
//     }
//
// The first formula is the value, the next ones give the cotangent of each operand. They are compiled for
// batches of float and double: forward and first-order backward are one pass each. The derivative is compiled
// a third time with Tensor in place of the batch, for when the gradient's own graph is wanted: every order
// from one formula. What a derivative does not read (see Reads) arrives as an Unused, so a formula that reads
// more than it declares does not compile.
#pragma once

#include "../../extend.hpp"
#include "result.hpp"
#include "../../kernels/elementwise.hpp"
#include "../create.hpp"
#include "../elementwise.hpp"
#include "../reduce.hpp"

namespace xgrad::internal {

/// Which values a derivative reads besides the cotangent: x (or a), b, and the result y.
enum Reads : unsigned { reads_nothing = 0, reads_x = 1, reads_a = 1, reads_b = 2, reads_y = 4 };
constexpr Reads operator|(Reads r, Reads s) { return static_cast<Reads>(unsigned{r} | unsigned{s}); }

/// Stands where a value is not read.
struct Unused {};

constexpr Uses to_uses(Reads reads) {
  Uses uses;
  if (reads & reads_a) uses = uses | Uses::input(0);
  if (reads & reads_b) uses = uses | Uses::input(1);
  if (reads & reads_y) uses = uses | Uses::output(0);
  return uses;
}

/// Calls use(value...) with the tensors whose bit is set, in order.
template <unsigned kReads, class Use>
void with_read(const Tensor* a, const Tensor* b, const Tensor* y, Use&& use) {
  if constexpr (kReads == 0)
    return use();
  else if constexpr (kReads == 1)
    return use(*a);
  else if constexpr (kReads == 2)
    return use(*b);
  else if constexpr (kReads == 3)
    return use(*a, *b);
  else if constexpr (kReads == 4)
    return use(*y);
  else if constexpr (kReads == 5)
    return use(*a, *y);
  else if constexpr (kReads == 6)
    return use(*b, *y);
  else
    return use(*a, *b, *y);
}

/// Puts the values read back in their places: spread<reads_b>(f, g, b) calls f(g, Unused, b, Unused).
template <unsigned kReads, class F, class G, class... V>
auto spread(const F& formula, const G& g, const V&... values) {
  auto all = std::tie(values...);
  constexpr int at_b = (kReads & reads_a) ? 1 : 0;
  constexpr int at_y = at_b + ((kReads & reads_b) ? 1 : 0);
  auto pick = [&]<unsigned bit, int at>() {
    if constexpr ((kReads & bit) != 0)
      return std::get<at>(all);
    else
      return Unused{};
  };
  return formula(g, pick.template operator()<reads_a, 0>(), pick.template operator()<reads_b, at_b>(),
                 pick.template operator()<reads_y, at_y>());
}

/// The cotangent of an operand that was broadcast: summed to the operand's own shape.
inline Tensor unbroadcast(Tensor cotangent, const Shape& shape) {
  return cotangent.impl()->shape == shape ? std::move(cotangent) : sum_to(cotangent, shape);
}

/// Answers for operand i with what a formula of (g, a, b, y) gives: operators when the gradient's graph is wanted, else
/// one pass over memory, which adds to what has come before, or writes over g, where nobody else can see it.
template <Reads kReads, class F>
void give_cotangent(Vjp& vjp, int i, Tensor g, const F& formula) {
  const Tensor* a = kReads & reads_a ? &vjp.input(0) : nullptr;
  const Tensor* b = kReads & reads_b ? &vjp.input(1) : nullptr;
  const Tensor* y = kReads & reads_y ? &vjp.output() : nullptr;
  with_read<kReads>(a, b, y, [&](const auto&... values) {
    const Shape& shape = vjp.shape(i);
    if (vjp.creates_graph()) return vjp.give(i, unbroadcast(Tensor(spread<kReads>(formula, g, values...)), shape));
    Tensor* sum = g.impl()->shape == shape ? vjp.sum_so_far(i) : nullptr;
    dispatch_floating(g.impl()->dtype, [&]<class T>(T) {
      auto on_batches = [&](auto g, auto... v) { return Batch<T>(spread<kReads>(formula, g, v...)); };
      if (sum != nullptr)
        return compute_into<T>(
            *sum, [&](auto sum, auto... v) { return sum + on_batches(v...); }, *sum, g, values...);
      Tensor out = owns_elements(g) ? g : new_tensor(g.impl()->shape, g.impl()->dtype);
      compute_into<T>(out, on_batches, g, values...);
      vjp.give(i, unbroadcast(std::move(out), shape));
    });
  });
}

/// Whether an operator has integer results for integer operands, or computes them in float32.
enum class Integers { stay, become_floating };

/// Elementwise operator of one operand. `value(x)` and `derivative(g, x, y)`.
template <Reads kReads, Integers kIntegers = Integers::become_floating, class Value, class Derivative>
Tensor unary(const char* name, const Operand& operand, const Value& value, const Derivative& derivative) {
  const Tensor* x = &operand.tensor(name);
  Tensor converted;
  if (DType dtype = x->dtype(); !is_floating(dtype)) {
    if constexpr (kIntegers == Integers::stay) {
      Tensor whole = cast({*x, operand.where()}, DType::int64);
      return compute<std::int64_t>(whole.shape(), value, whole);
    }
    converted = cast({*x, operand.where()}, to_floating(dtype));
    x = &converted;
  }
  Tensor y = new_result(name, x->shape(), x->dtype(), operand.where());
  dispatch_floating(x->dtype(), [&]<class T>(T) {
    compute_into<T>(
        y, [&](Batch<T> x) { return Batch<T>(value(x)); }, *x);
  });
  return record(name, operand.where(), {*x}, std::move(y), {to_uses(kReads)}, [derivative](Vjp& vjp) {
    auto of_x = [&](auto g, auto x, auto, auto y) { return derivative(g, x, y); };
    give_cotangent<kReads>(vjp, 0, vjp.take_g(), of_x);
  });
}

/// The dtype of operands together, by the rule of NumPy and PyTorch: a tensor with axes outweighs a scalar tensor of the
/// same kind (boolean, integer, floating), and both outweigh a number.
DType common_dtype(const char* name, std::initializer_list<const Operand*> operands);

/// Two operands as tensors of their common dtype. Refers to the operands.
class Promoted {
 public:
  /// `least` is the earliest dtype that the operator computes in.
  Promoted(const char* name, const Operand& left, const Operand& right, DType least = DType::boolean);
  Promoted(const Promoted&) = delete;
  Promoted& operator=(const Promoted&) = delete;

  const Tensor& a() const { return *a_; }
  const Tensor& b() const { return *b_; }
  DType dtype() const { return dtype_; }
  /// The shape that both broadcast to.
  const Shape& shape() const { return shape_; }

 private:
  const Tensor* convert(const Operand& operand, const char* name, SourceLocation where, Tensor& converted) const;

  DType dtype_;
  Tensor converted_a_, converted_b_;
  const Tensor* a_;
  const Tensor* b_;
  Shape shape_;
};

/// The result of an operator on integers or booleans, which is computed in int64.
template <class Value>
Tensor compute_integers(const Promoted& pair, SourceLocation where, const Value& value) {
  Tensor y = compute<std::int64_t>(pair.shape(), value, cast({pair.a(), where}, DType::int64),
                                   cast({pair.b(), where}, DType::int64));
  return cast({y, where}, pair.dtype());
}

/// Elementwise operator of two operands that broadcast. `value(a, b)`; `derivative_a(g, a, b, y)` and
/// `derivative_b` give the cotangents in the common shape, which are then summed to each operand's own.
template <Reads kReadsA, Reads kReadsB, Integers kIntegers = Integers::become_floating, class Value, class DA, class DB>
Tensor binary(const char* name, const Operand& left, const Operand& right, const Value& value, const DA& derivative_a,
              const DB& derivative_b) {
  Promoted pair(name, left, right, kIntegers == Integers::stay ? DType::boolean : DType::float32);
  if constexpr (kIntegers == Integers::stay)
    if (!is_floating(pair.dtype())) return compute_integers(pair, left.where(), value);
  Tensor y = new_result(name, pair.shape(), pair.dtype(), left.where());
  dispatch_floating(pair.dtype(), [&]<class T>(T) {
    compute_into<T>(
        y, [&](Batch<T> a, Batch<T> b) { return Batch<T>(value(a, b)); }, pair.a(), pair.b());
  });
  return record(name, left.where(), {pair.a(), pair.b()}, std::move(y), {to_uses(kReadsA), to_uses(kReadsB)},
                [derivative_a, derivative_b](Vjp& vjp) {
                  Tensor g = vjp.take_g();
                  if (vjp.needs(0)) give_cotangent<kReadsA>(vjp, 0, vjp.needs(1) ? g : std::move(g), derivative_a);
                  if (vjp.needs(1)) give_cotangent<kReadsB>(vjp, 1, std::move(g), derivative_b);
                });
}

/// Comparison: boolean results, nothing recorded.
template <class Value>
Tensor comparison(const char* name, const Operand& left, const Operand& right, const Value& value) {
  Promoted pair(name, left, right);
  Tensor y = new_result(name, pair.shape(), DType::boolean, left.where());
  dispatch(pair.dtype(), [&]<class T>(T) {
    vectorize<T>(pair.shape(), Types<bool>{}, {y.impl()}, Types<T, T>{}, {pair.a().impl(), pair.b().impl()}, value);
  });
  return y;
}

/// A test of each element: boolean results, nothing recorded.
template <class Value>
Tensor predicate(const char* name, const Operand& operand, const Value& value) {
  const Tensor& x = operand.tensor(name);
  Tensor y = new_result(name, x.shape(), DType::boolean, operand.where());
  dispatch(x.dtype(),
           [&]<class T>(T) { vectorize<T>(x.shape(), Types<bool>{}, {y.impl()}, Types<T>{}, {x.impl()}, value); });
  return y;
}

}  // namespace xgrad::internal
