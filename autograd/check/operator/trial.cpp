#include "trial.hpp"

#include "../../functional.hpp"
#include "../../ops.hpp"

namespace xgrad::internal {
namespace {

constexpr std::size_t kMostErrors = 8;

/// A reference of elements, over all elements of the operands.
Tensor by_elements(const Trial& trial, const Tensors& inputs) {
  Shape shape = inputs[0].shape();
  for (const Tensor& input : inputs)
    shape = broadcast_shapes(trial.row.name.c_str(), shape, input.shape(), trial.where);
  std::vector<std::vector<double>> operands;
  for (const Tensor& input : inputs) operands.push_back(expand(input, shape).to_vector<double>());
  std::vector<double> results(static_cast<std::size_t>(shape.numel())), elements(inputs.size());
  for (std::size_t i = 0; i < results.size(); ++i) {
    for (std::size_t k = 0; k < operands.size(); ++k) elements[k] = operands[k][i];
    results[i] = trial.row.reference(elements);
  }
  return from_data(results.data(), shape);
}

}  // namespace

bool Trial::is_full() const { return report.errors.size() >= kMostErrors; }

void Trial::add(std::string error) {
  if (!is_full()) report.errors.push_back(std::move(error));
}

void Trial::expect(bool holds, const Tensors& inputs, const std::string& kind, const std::string& what) {
  ++report.checks;
  if (!holds)
    add(concat(shown_name(row), " of ", shapes_text(inputs), ", ", kind, ": ", shortened(what),
               what.ends_with('.') ? "" : "."));
}

void Trial::expect_same(const Tensors& inputs, const std::string& kind, const Tensor& actual, const Tensor& expected,
                        Closeness closeness) {
  std::string what = difference(actual, expected, closeness);
  expect(what.empty(), inputs, kind, what);
}

void Trial::expect_same(const Tensors& inputs, const std::string& kind, const Tensors& actual, const Tensors& expected,
                        Closeness closeness) {
  for (std::size_t i = 0; i < actual.size(); ++i) expect_same(inputs, kind, actual[i], expected[i], closeness);
}

Tensor Trial::call(const Tensors& inputs) const {
  Tensor value = row.function.call()(inputs);
  check<std::logic_error>(
      value.defined(), where, [&] { return shown_name(row); }, ": the value must be a tensor, but it is undefined.");
  return value;
}

TensorFunction Trial::function_of_floating(const Tensors& inputs) const {
  return [this, &inputs](std::span<const Tensor> arguments) {
    Tensors all = inputs;
    std::size_t next = 0;
    for (Tensor& input : all)
      if (is_floating(input.dtype())) input = arguments[next++];
    return call(all);
  };
}

Tensors Trial::pull_back(const Tensors& inputs, const Tensor& cotangent) const {
  return functional::vjp(function_of_floating(inputs), floating_of(inputs), cotangent, where);
}

Tensors Trial::pull_back(const Tensors& inputs, const Tensor& cotangent,
                         const Function<void(std::span<const Tensor>, const Tensor&)>& then) const {
  TensorFunction f = [&](std::span<const Tensor> arguments) {
    Tensors all = inputs;
    std::size_t next = 0;
    for (Tensor& input : all)
      if (is_floating(input.dtype())) input = arguments[next++];
    Tensor value = call(all);
    then(all, value);
    return value;
  };
  return functional::vjp(f, floating_of(inputs), cotangent, where);
}

Tensor Trial::random_cotangent(const Tensor& value) {
  return uniform(value.shape(), 0.5, 1.5, {.dtype = value.dtype()}, generator);
}

Tensors floating_of(const Tensors& inputs) {
  Tensors floating;
  for (const Tensor& input : inputs)
    if (is_floating(input.dtype())) floating.push_back(input);
  return floating;
}

Tensor expected_value(const Trial& trial, const Tensors& inputs) {
  if (trial.row.reference) return by_elements(trial, inputs);
  if (trial.row.expected) return trial.row.expected(map_all(inputs, to_float64));
  return {};
}

}  // namespace xgrad::internal
