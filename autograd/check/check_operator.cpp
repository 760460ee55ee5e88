#include "check_operator.hpp"

#include "operator/derivative.hpp"
#include "operator/large.hpp"
#include "operator/misuse.hpp"
#include "operator/trial.hpp"
#include "operator/value.hpp"

namespace xgrad XGRAD_API {
namespace {

using namespace internal;

void check_inputs(Trial& trial, const Tensors& inputs) {
  const OperatorRow& row = trial.row;
  Tensor value = trial.call(inputs);
  check_value(trial, inputs, value);
  check_float32(trial, inputs);
  if (!is_floating(value.dtype()) || row.order == 0 || !takes_floating(inputs)) {
    check_layouts(trial, inputs, value, {});
  } else {
    Tensor cotangent = trial.random_cotangent(value);
    check_layouts(trial, inputs, value, cotangent);
    check_recording(trial, inputs, value, cotangent);
    check_shared(trial, inputs);
    check_gradient(trial, inputs);
    check_overwritten(trial, inputs, cotangent);
    // jvp, which shows at once whether a rule is linear, takes its second derivative.
    if (row.order > 1) {
      check_transposes(trial, inputs, value);
      const Tensors narrow = map_all(inputs, to_float32);
      check_transposes(trial, narrow, trial.call(narrow));
    } else {
      check_linearity(trial, inputs, value);
    }
  }
  if (row.propagates_nan) check_nan(trial, inputs);
  check_integers(trial, inputs);
}

Tensors draw_inputs(Trial& trial, const std::vector<Shape>& shapes) {
  const OperatorRow& row = trial.row;
  check(
      shapes.size() == row.inputs.size(), trial.where, "check_operator: '", [&] { return shown_name(row); },
      "' must have a shape for each of its ", row.inputs.size(), " inputs, but a set has ", shapes.size(), ".");
  Tensors inputs;
  for (std::size_t i = 0; i < shapes.size(); ++i) inputs.push_back(draw(row.inputs[i], shapes[i], trial.generator));
  return inputs;
}

OperatorReport run(const OperatorRow& row, SourceLocation where) {
  Trial trial(row, where);
  if (!row.reference && !row.expected && row.unreferenced.empty())
    trial.add(
        concat(shown_name(row),
               ": the value must have a reference that computes it in another way (.reference of "
               "elements, .expected of tensors), but there is none. Where none exists, say why in .unreferenced."));
  bool is_elementwise = row.shapes.empty();
  auto sets = is_elementwise ? elementwise_shapes(row.inputs.size()) : row.shapes;
  bool is_first = true;
  for (const std::vector<Shape>& shapes : sets) {
    Tensors inputs = draw_inputs(trial, shapes);
    trial.guarded(shapes_text(inputs), [&] { check_inputs(trial, inputs); });
    if (is_first) {
      check_wrong_inputs(trial, inputs);
      check_refused(trial, inputs);
    }
    is_first = false;
  }
  if (is_elementwise && !row.extremes.empty()) trial.guarded("extreme numbers", [&] { check_extremes(trial); });
  for (const std::vector<Shape>& shapes : is_elementwise ? large_elementwise_shapes(row.inputs.size()) : row.large) {
    Tensors inputs = draw_inputs(trial, shapes);
    trial.guarded(shapes_text(inputs), [&] { check_large(trial, inputs); });
  }
  return std::move(trial.report);
}

}  // namespace

std::string OperatorReport::text() const {
  if (passed()) return concat("check_operator: ", checks, " checks hold.");
  std::string text;
  for (const std::string& error : errors) text += concat(text.empty() ? "check_operator: " : "\n  ", error);
  return text;
}

OperatorReport check_operator_report(const OperatorRow& row, SourceLocation where) {
  check(
      !row.inputs.empty(), where, "check_operator: '", [&] { return shown_name(row); },
      "' must have at least one input, but it has none.");
  check(
      !row.reference || row.reference.arity() == row.inputs.size(), where, "check_operator: the reference of '",
      [&] { return shown_name(row); }, "' must take as many numbers as the operator has inputs, but it takes ",
      row.reference.arity(), " and there are ", row.inputs.size(), ". Set .inputs.");
  for (const OperatorInput& input : row.inputs)
    check(
        input.low <= input.high, where, "check_operator: low must be at most high, but an input of '",
        [&] { return shown_name(row); }, "' has ", input.low, " and ", input.high, ".");
  return run(row, CallSite::or_else(where));
}

OperatorReport check_operator(const OperatorRow& row, SourceLocation where) {
  OperatorReport report = check_operator_report(row, where);
  where = CallSite::or_else(where);
  if (!report.passed()) throw operator_error(report.text() + (where.known() ? concat(" at ", where) : ""));
  return report;
}

}  // namespace xgrad
