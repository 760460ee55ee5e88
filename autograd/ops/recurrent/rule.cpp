#include "rule.hpp"

#include <algorithm>

#include "../../extend.hpp"
#include "../../kernels/elementwise.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/matmul.hpp"
#include "../../kernels/recurrent.hpp"
#include "../../tensor_impl.hpp"
#include "../activation.hpp"
#include "../arithmetic.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/reduction.hpp"
#include "../detail/result.hpp"
#include "../movement.hpp"
#include "../pieces.hpp"
#include "../products.hpp"
#include "../reduce.hpp"
#include "../trigonometric.hpp"

namespace xgrad XGRAD_API {
namespace internal {

using Slot = RecurrentInput;

RecurrentShape recurrent_shape(const Tensor& x, const Tensor& hidden_weight, RecurrentCell cell, bool reverse,
                               const Tensor& lengths) {
  return {x.shape()[0],
          x.shape()[1],
          hidden_weight.shape()[0] / gates_of(cell),
          hidden_weight.shape()[1],
          reverse,
          lengths.defined() ? data_of<std::int64_t>(lengths) : nullptr};
}

template <class T>
Tensor packed_weight(const char* name, const Tensor& weight, bool transposed, SourceLocation where) {
  const std::int64_t rows = weight.shape()[0], columns = weight.shape()[1];
  const std::int64_t k = transposed ? columns : rows, n = transposed ? rows : columns;
  Tensor packed = new_checked(name, {packed_weight_size<T>(k, n)}, weight.dtype(), where);
  pack_weight<T>(k, n, data_of<T>(weight), transposed ? 1 : columns, transposed ? columns : 1, data_of<T>(packed));
  return packed;
}
template Tensor packed_weight<float>(const char*, const Tensor&, bool, SourceLocation);
template Tensor packed_weight<double>(const char*, const Tensor&, bool, SourceLocation);

namespace {

/// A cotangent as the kernels write over it: a copy, or zeros where nothing depends on the output.
template <class T>
Tensor state_cotangent(const char* name, Vjp& vjp, int output, const Shape& shape) {
  Tensor result = new_result(name, shape, dtype_of<T>, vjp.where());
  if (vjp.has(output))
    copy_into(result, vjp.g(output));
  else
    fill(data_of<T>(result), result.numel(), T(0));
  return result;
}

template <class T>
void pull_back(const RecurrentRule& rule, Vjp& vjp) {
  const char* name = rule.name;
  const SourceLocation where = vjp.where();
  const Tensor &x = rule.value(vjp, Slot::x), &input_weight = rule.value(vjp, Slot::input_weight),
               &hidden_weight = rule.value(vjp, Slot::hidden_weight);
  const bool is_lstm = rule.cell == RecurrentCell::lstm, is_gru = rule.cell == RecurrentCell::gru;
  const bool is_projected = rule.has(Slot::projection);
  const RecurrentShape shape = recurrent_shape(x, hidden_weight, rule.cell, rule.reverse,
                                               rule.has(Slot::lengths) ? rule.value(vjp, Slot::lengths) : Tensor());
  const std::int64_t steps = shape.steps, batch = shape.batch, units = shape.hidden, out = shape.out;
  const std::int64_t gates = gates_of(rule.cell) * units, rows = steps * batch, in = x.shape()[2];
  const DType dtype = dtype_of<T>;
  auto room = [&](const Shape& extents) { return new_checked(name, extents, dtype, where); };

  const Tensor g = vjp.has(kOutput) ? contiguous(vjp.g(kOutput)) : Tensor();
  Tensor g_state = state_cotangent<T>(name, vjp, kLastState, {batch, out});
  Tensor g_cell = is_lstm ? state_cotangent<T>(name, vjp, kLastCell, {batch, units}) : Tensor();
  Tensor g_gates = room({steps, batch, gates});
  Tensor g_hidden = is_gru ? room({steps, batch, gates}) : g_gates;
  Tensor g_projected = is_projected ? room({steps, batch, out}) : Tensor();
  Tensor g_raw = is_projected ? room({batch, units}) : Tensor();
  Tensor weight = packed_weight<T>(name, hidden_weight, false, where);
  Tensor projection = is_projected ? packed_weight<T>(name, rule.value(vjp, Slot::projection), false, where) : Tensor();
  auto data = [](const Tensor& tensor) { return tensor.defined() ? data_of<T>(tensor) : nullptr; };
  const Tensor& states = vjp.output(kStates);
  recurrent_backward<T>(rule.cell, {shape, data(weight), data(projection), data(vjp.output(kKept)), data(states),
                                    is_lstm ? data(vjp.output(kCells)) : nullptr, data(g), data(g_state), data(g_cell),
                                    data(g_gates), is_gru ? data(g_hidden) : nullptr, data(g_projected), data(g_raw)});

  auto product = [&](Slot slot, std::int64_t m, std::int64_t n, std::int64_t k, const Matrix<T>& a,
                     const Matrix<T>& b) {
    if (!rule.needs(vjp, slot)) return;
    Tensor result = new_result(name, vjp.shape(rule.of(slot)), dtype, where);
    gemm<T>(m, n, k, a, b, T(0), data_of<T>(result), n);
    vjp.give(rule.of(slot), result);
  };
  const Matrix<T> of_gates{data(g_gates), gates, 1}, of_hidden{data(g_hidden), gates, 1};
  const T* before = data(states) + (rule.reverse ? batch * out : 0);
  product(Slot::x, rows, in, gates, of_gates, {data(input_weight), in, 1});
  product(Slot::input_weight, gates, in, rows, of_gates.transposed(), {data(x), in, 1});
  product(Slot::hidden_weight, gates, out, rows, of_hidden.transposed(), {before, out, 1});
  if (is_projected)
    product(Slot::projection, out, units, rows, Matrix<T>{data(g_projected), out, 1}.transposed(),
            {data(vjp.output(kRaw)), units, 1});
  Tensor bias_sum;  // serves both where they just add up
  for (Slot slot : {Slot::input_bias, Slot::hidden_bias}) {
    if (!rule.needs(vjp, slot)) continue;
    const Tensor& from = slot == Slot::input_bias ? g_gates : g_hidden;
    if (!bias_sum.defined() || is_gru)
      bias_sum = rows == 0 ? new_zeros(name, {gates}, dtype, where) : sum_value(from, 0b011, {gates});
    vjp.give(rule.of(slot), bias_sum);
  }
  if (rule.needs(vjp, Slot::h)) vjp.give(rule.of(Slot::h), g_state);
  if (rule.needs(vjp, Slot::c)) vjp.give(rule.of(Slot::c), g_cell);
}

// ---- Of operators ----

Tensor sigmoid_slope_of(const Tensor& x) { return sigmoid(x) * sigmoid(-x); }
Tensor tanh_slope_of(const Tensor& x) { return 4 * sigmoid_slope_of(2 * x); }

/// The sequence once more, step by step, with all that a step's derivative reads; then backwards. The names are the
/// kernels'.
struct ByOperators {
  const RecurrentRule& rule;
  Vjp& vjp;
  RecurrentShape shape;
  Tensor x, input_weight, hidden_weight, projection;
  std::vector<Tensor> states, cells, kept, raw;  // by time; states and cells have one more
  std::vector<Tensor> is_active;                 // [N, 1]; empty where all are

  ByOperators(const RecurrentRule& rule, Vjp& vjp) : rule(rule), vjp(vjp) {
    x = rule.value(vjp, Slot::x);
    input_weight = rule.value(vjp, Slot::input_weight);
    hidden_weight = rule.value(vjp, Slot::hidden_weight);
    if (rule.has(Slot::projection)) projection = rule.value(vjp, Slot::projection);
    shape = recurrent_shape(x, hidden_weight, rule.cell, rule.reverse, Tensor());
  }

  Tensor value_or_zeros(Slot slot, std::int64_t extent) const {
    if (rule.has(slot)) return rule.value(vjp, slot);
    return zeros({shape.batch, extent}, {.dtype = x.dtype()});
  }
  Tensor part(const Tensor& gates, int index) const {
    return narrow_to(gates, index * shape.hidden, (index + 1) * shape.hidden);
  }
  static Tensor narrow_to(const Tensor& gates, std::int64_t begin, std::int64_t end) {
    return split(gates, {begin, end - begin, gates.size(-1) - end}, -1)[1];
  }
  std::int64_t time(std::int64_t i) const { return shape.reverse ? shape.steps - 1 - i : i; }
  /// `a` in the rows that step t touches, `b` in the others.
  Tensor chosen(std::int64_t t, const Tensor& a, const Tensor& b) const {
    return is_active.empty() ? a : where(is_active[static_cast<std::size_t>(t)], a, b);
  }
  Tensor alone(std::int64_t t, const Tensor& a) const {
    return is_active.empty() ? a : where(is_active[static_cast<std::size_t>(t)], a, 0);
  }
  static Tensor& at(std::vector<Tensor>& list, std::int64_t t) { return list[static_cast<std::size_t>(t)]; }

  void run_forward() {
    const auto steps = static_cast<std::size_t>(shape.steps);
    if (rule.has(Slot::lengths))
      for (std::int64_t t = 0; t < shape.steps; ++t)
        is_active.push_back(unsqueeze(rule.value(vjp, Slot::lengths) > t, 1));
    states.resize(steps + 1);
    cells.resize(steps + 1);
    kept.resize(steps);
    raw.resize(steps);
    const std::int64_t first = shape.reverse ? shape.steps : 0;
    at(states, first) = value_or_zeros(Slot::h, shape.out);
    if (rule.cell == RecurrentCell::lstm) at(cells, first) = value_or_zeros(Slot::c, shape.hidden);
    Tensor inputs = matmul(x, transpose(input_weight));
    if (rule.has(Slot::input_bias)) inputs = inputs + rule.value(vjp, Slot::input_bias);
    for (std::int64_t i = 0; i < shape.steps; ++i) forward_step(time(i), select(inputs, 0, time(i)));
  }

  void forward_step(std::int64_t t, const Tensor& input) {
    const Tensor& before = at(states, shape.before(t));
    Tensor product = matmul(before, transpose(hidden_weight));
    if (rule.has(Slot::hidden_bias)) product = product + rule.value(vjp, Slot::hidden_bias);
    Tensor h;
    if (rule.cell == RecurrentCell::gru) {
      const std::int64_t n = shape.hidden;
      Tensor both = narrow_to(input, 0, 2 * n) + narrow_to(product, 0, 2 * n);
      Tensor xn = part(input, 2), hn = part(product, 2);
      at(kept, t) = cat({both, xn, hn}, -1);
      Tensor z = sigmoid(part(both, 1)), candidate = tanh(xn + sigmoid(part(both, 0)) * hn);
      h = candidate + z * (before - candidate);
    } else if (rule.cell == RecurrentCell::lstm) {
      Tensor gates = at(kept, t) = input + product;
      const Tensor& c_before = at(cells, shape.before(t));
      Tensor c = sigmoid(part(gates, 1)) * c_before + sigmoid(part(gates, 0)) * tanh(part(gates, 2));
      at(cells, shape.after(t)) = chosen(t, c, c_before);
      h = at(raw, t) = sigmoid(part(gates, 3)) * tanh(c);
      if (projection.defined()) h = matmul(h, transpose(projection));
    } else {
      Tensor gates = at(kept, t) = input + product;
      h = rule.cell == RecurrentCell::tanh ? tanh(gates) : relu(gates);
    }
    at(states, shape.after(t)) = chosen(t, h, before);
  }

  void run_backward() {
    const std::int64_t steps = shape.steps;
    if (steps == 0) return give_nothing();
    std::vector<Tensor> g_gates(static_cast<std::size_t>(steps)), g_hidden = g_gates, g_projected = g_gates;
    Tensor gh = vjp.g(kLastState), gc = rule.cell == RecurrentCell::lstm ? vjp.g(kLastCell) : Tensor();
    const Tensor g = vjp.g(kOutput);
    for (std::int64_t i = steps - 1; i >= 0; --i) {
      const std::int64_t t = time(i);
      const Tensor waiting = gh;
      Tensor total = alone(t, gh + select(g, 0, t));
      at(g_projected, t) = total;
      if (projection.defined()) total = matmul(total, projection);
      Tensor direct;
      if (rule.cell == RecurrentCell::gru) {
        const Tensor& before = at(states, shape.before(t));
        const Tensor own = at(kept, t), xr = part(own, 0), xz = part(own, 1), hn = part(own, 3);
        Tensor r = sigmoid(xr), inner = part(own, 2) + r * hn;
        Tensor gn = total * sigmoid(-xz) * tanh_slope_of(inner);
        Tensor gr = gn * hn * sigmoid_slope_of(xr);
        Tensor gz = total * (before - tanh(inner)) * sigmoid_slope_of(xz);
        at(g_gates, t) = cat({gr, gz, gn}, -1);
        at(g_hidden, t) = cat({gr, gz, gn * r}, -1);
        direct = total * sigmoid(xz);
      } else if (rule.cell == RecurrentCell::lstm) {
        const Tensor own = at(kept, t), c = at(cells, shape.after(t)), waiting_c = gc;
        Tensor g_cell = alone(t, gc + total * sigmoid(part(own, 3)) * tanh_slope_of(c));
        at(g_gates, t) = cat({g_cell * tanh(part(own, 2)) * sigmoid_slope_of(part(own, 0)),
                              g_cell * at(cells, shape.before(t)) * sigmoid_slope_of(part(own, 1)),
                              g_cell * sigmoid(part(own, 0)) * tanh_slope_of(part(own, 2)),
                              total * tanh(c) * sigmoid_slope_of(part(own, 3))},
                             -1);
        gc = chosen(t, g_cell * sigmoid(part(own, 1)), waiting_c);
      } else {
        const Tensor own = at(kept, t);
        at(g_gates, t) = rule.cell == RecurrentCell::tanh ? total * tanh_slope_of(own) : where(own > 0, total, 0);
      }
      if (rule.cell != RecurrentCell::gru) at(g_hidden, t) = at(g_gates, t);
      Tensor back = matmul(at(g_hidden, t), hidden_weight);
      if (direct.defined()) back = back + direct;
      gh = chosen(t, back, waiting);
    }
    give_all(stack(g_gates, 0), stack(g_hidden, 0), stack(g_projected, 0), gh, gc);
  }

  void give_all(const Tensor& g_gates, const Tensor& g_hidden, const Tensor& g_projected, const Tensor& gh,
                const Tensor& gc) {
    // Sums over steps and rows: a^T b.
    auto summed = [](const Tensor& a, const Tensor& b) { return tensordot(a, b, {0, 1}, {0, 1}); };
    auto give = [&](Slot slot, const auto& make) {
      if (rule.needs(vjp, slot)) vjp.give(rule.of(slot), make());
    };
    std::vector<Tensor> before;
    for (std::int64_t t = 0; t < shape.steps; ++t) before.push_back(at(states, shape.before(t)));
    give(Slot::x, [&] { return matmul(g_gates, input_weight); });
    give(Slot::input_weight, [&] { return summed(g_gates, x); });
    give(Slot::hidden_weight, [&] { return summed(g_hidden, stack(before, 0)); });
    give(Slot::input_bias, [&] { return sum(g_gates, {0, 1}); });
    give(Slot::hidden_bias, [&] { return sum(g_hidden, {0, 1}); });
    give(Slot::projection, [&] { return summed(g_projected, stack(raw, 0)); });
    give(Slot::h, [&] { return gh; });
    give(Slot::c, [&] { return gc; });
  }

  /// Without a step the states pass through.
  void give_nothing() {
    for (const auto& [slot, output] : {std::pair(Slot::h, kLastState), std::pair(Slot::c, kLastCell)})
      if (rule.needs(vjp, slot)) vjp.give(rule.of(slot), vjp.g(output));
  }
};

}  // namespace

void RecurrentRule::by_kernel(Vjp& vjp) const {
  dispatch_floating(value(vjp, Slot::x).dtype(), [&]<class T>(T) { pull_back<T>(*this, vjp); });
}

void RecurrentRule::by_operators(Vjp& vjp) const {
  ByOperators pass(*this, vjp);
  pass.run_forward();
  pass.run_backward();
}

}  // namespace internal
}  // namespace xgrad
