// One node serves all three: see rule.hpp.
#include "../recurrent.hpp"

#include <algorithm>
#include <array>

#include "../../extend.hpp"
#include "../../kernels/fill.hpp"
#include "../../kernels/matmul.hpp"
#include "../../kernels/recurrent.hpp"
#include "../../tensor_impl.hpp"
#include "../cast.hpp"
#include "../choose.hpp"
#include "../compare.hpp"
#include "../create.hpp"
#include "../detail/promote.hpp"
#include "../detail/result.hpp"
#include "../movement.hpp"
#include "rule.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

using Slot = RecurrentInput;

struct Operands {
  std::array<Tensor, kRecurrentInputs> inputs;
  Tensor& operator[](Slot slot) { return inputs[static_cast<std::size_t>(slot)]; }
};

/// What is told of in a message.
constexpr const char* kNames[] = {
    "x", "weights.input", "weights.hidden", "weights.input_bias", "weights.hidden_bias", "weights.projection", "h",
    "c", "lengths"};

void check_shape(const char* name, Slot slot, const Tensor& given, const Shape& wanted, SourceLocation where) {
  check(!given.defined() || given.shape() == wanted, where, name, ": ", kNames[static_cast<int>(slot)], " must be ",
        wanted, ", but it is ", given.defined() ? given.shape() : Shape{}, ".");
}

void check_shapes(const char* name, RecurrentCell cell, Operands& given, SourceLocation where) {
  const Tensor &x = given[Slot::x], &weight = given[Slot::input_weight], &hidden = given[Slot::hidden_weight],
               &projection = given[Slot::projection], &lengths = given[Slot::lengths];
  check(weight.defined() && hidden.defined(), where, name, ": weights.input and weights.hidden must be tensors, but ",
        weight.defined() ? "the second" : "the first", " is undefined.");
  check(cell == RecurrentCell::lstm || !projection.defined(), where, name,
        ": weights.projection must be undefined, but it is ", projection.defined() ? projection.shape() : Shape{},
        ". lstm() alone projects its states.");
  check(cell == RecurrentCell::lstm || !given[Slot::c].defined(), where, name, ": c must be undefined, but it is ",
        given[Slot::c].defined() ? given[Slot::c].shape() : Shape{}, ". lstm() alone has cells.");
  check(x.ndim() == 3, where, name, ": x must be [T, N, in], but it is ", x.shape(), ".");
  const std::int64_t gates = gates_of(cell);
  check(weight.ndim() == 2 && weight.shape()[0] % gates == 0, where, name, ": weights.input must be [", gates,
        " * hidden, in], but it is ", weight.shape(), ".");
  const std::int64_t units = weight.shape()[0] / gates, steps = x.shape()[0], batch = x.shape()[1];
  check(weight.shape()[1] == x.shape()[2], where, name,
        ": x and weights.input must have one last extent, but they are ", x.shape(), " and ", weight.shape(), ".");
  check(!projection.defined() || (projection.ndim() == 2 && projection.shape()[1] == units), where, name,
        ": weights.projection must be [out, ", units, "], but it is ",
        projection.defined() ? projection.shape() : Shape{}, ".");
  const std::int64_t out = projection.defined() ? projection.shape()[0] : units;
  check_shape(name, Slot::hidden_weight, hidden, {gates * units, out}, where);
  check_shape(name, Slot::input_bias, given[Slot::input_bias], {gates * units}, where);
  check_shape(name, Slot::hidden_bias, given[Slot::hidden_bias], {gates * units}, where);
  check_shape(name, Slot::h, given[Slot::h], {batch, out}, where);
  check_shape(name, Slot::c, given[Slot::c], {batch, units}, where);
  if (!lengths.defined()) return;
  check(lengths.dtype() == DType::int64, where, name, ": lengths must be int64, but they are ", lengths.dtype(), ".");
  check_shape(name, Slot::lengths, lengths, {batch}, where);
  given[Slot::lengths] = contiguous(lengths.detach());
  // Read outside of kernels, which do not throw.
  const auto* length = data_of<std::int64_t>(given[Slot::lengths]);
  for (std::int64_t n = 0; n < batch; ++n)
    check<std::out_of_range>(0 <= length[n] && length[n] <= steps, where, name, ": lengths must be in [0, ", steps,
                             "], but that of sequence ", n, " is ", length[n], ".");
}

/// All but the lengths in their common dtype, without gaps.
void promote_all(const char* name, Operands& given, SourceLocation where) {
  DType dtype = DType::float32;
  bool is_first = true;
  for (int i = 0; i < kRecurrentInputs; ++i) {
    const Tensor& each = given.inputs[static_cast<std::size_t>(i)];
    if (!each.defined() || static_cast<Slot>(i) == Slot::lengths) continue;
    dtype = is_first ? each.dtype() : promote(dtype, each.dtype());
    is_first = false;
  }
  dtype = to_floating(dtype);
  for (int i = 0; i < kRecurrentInputs; ++i) {
    Tensor& each = given.inputs[static_cast<std::size_t>(i)];
    if (each.defined() && static_cast<Slot>(i) != Slot::lengths)
      each = contiguous(cast_for(name, {each, where}, dtype));
  }
}

/// x with zeros beyond the lengths: whatever stands there, were it nan, has no part in a product. The lengths are read
/// outside of kernels, as they decide whether there is anything to do.
Tensor without_rest(const Tensor& x, const Tensor& lengths) {
  const std::int64_t steps = x.shape()[0];
  const auto* length = data_of<std::int64_t>(lengths);
  if (std::all_of(length, length + lengths.numel(), [steps](std::int64_t each) { return each == steps; })) return x;
  return where(unsqueeze(unsqueeze(arange(steps), 1) < lengths, 2), x, 0);
}

/// Where the tensor's elements begin; null for none.
template <class T>
T* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? data_of<T>(tensor) : nullptr;
}

/// The first state, or zeros, at `to`.
template <class T>
void put(const Tensor& first, T* to, std::int64_t count) {
  if (first.defined())
    copy_run<T>(data_of<T>(first), count, to);
  else
    fill(to, count, T(0));
}

/// to[i] += bias[i].
template <class T>
struct AddBias {
  const T* bias;
  T* to;

  static void run(const AddBias& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) a.to[i] += a.bias[i];
  }
};

/// The biases that the kernel adds: [2, gates hidden], of which those but a GRU's are summed in the first row.
template <class T>
Tensor biases_of(const char* name, RecurrentCell cell, Operands& given, std::int64_t count, SourceLocation where) {
  Tensor result = new_zeros(name, {2, count}, dtype_of<T>, where);
  T *first = data_of<T>(result), *second = cell == RecurrentCell::gru ? first + count : first;
  for (const auto& [slot, to] : {std::pair(Slot::input_bias, first), std::pair(Slot::hidden_bias, second)})
    if (const Tensor& bias = given[slot]; bias.defined()) launch(AddBias<T>{data_of<T>(bias), to}, count, kFillGrain);
  return result;
}

/// The node's outputs.
template <class T>
std::vector<Tensor> outputs_of(const RecurrentRule& rule, Operands& given, SourceLocation where) {
  const char* name = rule.name;
  const RecurrentCell cell = rule.cell;
  const Tensor& x = given[Slot::x];
  const RecurrentShape shape = recurrent_shape(x, given[Slot::hidden_weight], cell, rule.reverse, given[Slot::lengths]);
  const std::int64_t steps = shape.steps, batch = shape.batch, units = shape.hidden, out = shape.out;
  const std::int64_t gates = gates_of(cell) * units, kept_size = kept_of(cell) * units;
  const bool is_projected = given[Slot::projection].defined(), is_lstm = cell == RecurrentCell::lstm;
  const DType dtype = dtype_of<T>;

  Tensor kept = new_checked(name, {steps, batch, kept_size}, dtype, where);
  Tensor states = new_checked(name, {steps + 1, batch, out}, dtype, where);
  Tensor cells = is_lstm ? new_checked(name, {steps + 1, batch, units}, dtype, where) : Tensor();
  Tensor raw = is_projected ? new_checked(name, {steps, batch, units}, dtype, where) : Tensor();
  Tensor room = cell == RecurrentCell::gru ? new_checked(name, {batch, gates}, dtype, where) : Tensor();
  const Shape output_shape{steps, batch, out};
  T* first_shown = data_of<T>(states) + (rule.reverse ? 0 : batch * out);
  Tensor output = shape.lengths != nullptr
                      ? new_checked(name, output_shape, dtype, where)
                      : new_result_view(name, where, states, output_shape, row_major(output_shape), first_shown);
  Tensor biases = biases_of<T>(name, cell, given, gates, where);
  Tensor weight = packed_weight<T>(name, given[Slot::hidden_weight], true, where);
  Tensor projection = is_projected ? packed_weight<T>(name, given[Slot::projection], true, where) : Tensor();

  const std::int64_t in = x.shape()[2];
  gemm<T>(steps * batch, gates, in, {data_of<T>(x), in, 1}, {data_of<T>(given[Slot::input_weight]), 1, in}, T(0),
          data_of<T>(kept), kept_size);
  const std::int64_t first = (rule.reverse ? steps : 0) * batch, last = (rule.reverse ? 0 : steps) * batch;
  put(given[Slot::h], data_of<T>(states) + first * out, batch * out);
  if (is_lstm) put(given[Slot::c], data_of<T>(cells) + first * units, batch * units);
  recurrent_forward<T>(
      cell, {shape, data_of<T>(weight), data_or_null<T>(projection), data_of<T>(biases), data_of<T>(biases) + gates,
             data_of<T>(kept), data_of<T>(states), data_or_null<T>(cells), data_or_null<T>(raw), data_or_null<T>(room),
             shape.lengths != nullptr ? data_of<T>(output) : nullptr});
  // Copies, so that who keeps the last state does not keep all.
  Tensor h = new_result(name, {batch, out}, dtype, where), c;
  copy_run<T>(data_of<T>(states) + last * out, batch * out, data_of<T>(h));
  if (is_lstm) {
    c = new_result(name, {batch, units}, dtype, where);
    copy_run<T>(data_of<T>(cells) + last * units, batch * units, data_of<T>(c));
  } else {
    c = new_result(name, {0}, dtype, where);  // nobody sees it: all cells have the same outputs
  }
  std::vector<Tensor> outputs = {output, h, c, states, kept};
  if (is_lstm) outputs.push_back(cells);
  if (is_projected) outputs.push_back(raw);
  return outputs;
}

RecurrentResult recurrent(const char* name, RecurrentCell cell, const Operand& x, const RecurrentWeights& weights,
                          const RecurrentOptions& options) {
  const SourceLocation where = x.where();
  const Tensor& given_x = x.tensor(name);
  CallSite site(where);
  check(given_x.ndim() == 3, where, name, ": x must be ", options.batch_first ? "[N, T, in]" : "[T, N, in]",
        ", but it is ", given_x.shape(), ".");
  Operands given{{options.batch_first ? transpose(given_x, 0, 1) : given_x, weights.input, weights.hidden,
                  weights.input_bias, weights.hidden_bias, weights.projection, options.h, options.c, options.lengths}};
  check_shapes(name, cell, given, where);
  promote_all(name, given, where);
  if (given[Slot::lengths].defined()) given[Slot::x] = without_rest(given[Slot::x], given[Slot::lengths]);

  RecurrentRule rule{name, cell, options.reverse, {}};
  std::vector<Tensor> inputs;
  Uses uses;
  for (int i = 0; i < kRecurrentInputs; ++i) {
    const Tensor& each = given.inputs[static_cast<std::size_t>(i)];
    rule.at[i] = each.defined() ? static_cast<std::int8_t>(inputs.size()) : std::int8_t{-1};
    if (!each.defined()) continue;
    uses = uses | Uses::input(static_cast<int>(inputs.size()));
    inputs.push_back(each);
  }
  std::vector<Tensor> outputs =
      dispatch_floating(given[Slot::x].dtype(), [&]<class T>(T) { return outputs_of<T>(rule, given, where); });
  if (is_recording(inputs)) {
    for (int i = kStates; i < static_cast<int>(outputs.size()); ++i) uses = uses | Uses::output(i);
    outputs = record(name, where, inputs, std::move(outputs), {uses}, rule);
  }
  RecurrentResult result{options.batch_first ? transpose(outputs[kOutput], 0, 1) : outputs[kOutput],
                         outputs[kLastState]};
  if (cell == RecurrentCell::lstm) result.c = outputs[kLastCell];
  return result;
}

}  // namespace

RecurrentResult rnn(const Operand& x, const RecurrentWeights& weights, RecurrentOptions options) {
  const bool is_tanh = options.nonlinearity == RnnFunction::tanh;
  return recurrent("rnn", is_tanh ? RecurrentCell::tanh : RecurrentCell::relu, x, weights, options);
}

RecurrentResult lstm(const Operand& x, const RecurrentWeights& weights, RecurrentOptions options) {
  return recurrent("lstm", RecurrentCell::lstm, x, weights, options);
}

RecurrentResult gru(const Operand& x, const RecurrentWeights& weights, RecurrentOptions options) {
  return recurrent("gru", RecurrentCell::gru, x, weights, options);
}

}  // namespace xgrad
