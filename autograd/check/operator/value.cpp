#include "value.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "../../ops.hpp"
#include "../numbers.hpp"

namespace xgrad::internal {
namespace {

/// The dtype that the value must have where floating inputs have this one.
DType output_dtype(const Trial& trial, DType floating) { return trial.row.output_dtype.value_or(floating); }

void expect_dtype(Trial& trial, const Tensors& inputs, const char* kind, DType dtype, DType expected) {
  trial.expect(dtype == expected, inputs, kind,
               concat("the dtype must be ", expected, ", but it is ", dtype,
                      trial.row.output_dtype ? "" : ". Set .output_dtype where it is not the inputs'"));
}

void check_extremes_of(Trial& trial, const Tensors& inputs, DType dtype) {
  bool narrow = dtype == DType::float32;
  const OperatorRow& row = trial.row;
  Tensor value = trial.call(inputs);
  const char* kind = narrow ? "extreme numbers in float32" : "extreme numbers";
  if (row.reference) {
    Tensor expected = cast(expected_value(trial, inputs), value.dtype());
    // Numbers below the smallest normal one have few digits or none.
    double smallest = narrow ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
    trial.expect_same(inputs, kind, value, expected, {.rtol = narrow ? row.rtol32 : row.rtol, .absolute = smallest});
  }
  if (!is_floating(value.dtype()) || row.order == 0) return;
  Tensors gradients = trial.pull_back(inputs, ones_like(value));
  std::vector<double> values = value.to_vector<double>();
  std::size_t floating = 0;
  for (std::size_t k = 0; k < inputs.size(); ++k) {
    if (!is_floating(inputs[k].dtype())) continue;
    std::vector<double> gradient = gradients[floating++].to_vector<double>();
    for (std::size_t i = 0; i < gradient.size(); ++i) {
      bool finite = std::isfinite(values[i]);
      std::string at;
      for (const Tensor& input : inputs) {
        double x = input.to_vector<double>()[i];
        finite &= std::isfinite(x);
        at += (at.empty() ? "" : ", ") + digits(x);
      }
      trial.expect(!finite || !std::isnan(gradient[i]), inputs, kind,
                   concat("the gradient by input ", k, " at (", at, ") must not be nan where the value is finite"));
    }
  }
}

/// Empty, or how an integer operand's value differs from the reference. An integer result is compared where the
/// reference is an integer.
std::string integer_difference(const Trial& trial, const Tensors& inputs, const Tensor& value) {
  Tensor expected = expected_value(trial, inputs);
  if (!expected.defined()) return "";
  if (is_floating(value.dtype()) || expected.shape() != value.shape())
    return difference(value, expected, {.rtol = trial.row.rtol32, .of_largest = trial.row.rtol32});
  std::vector<double> wanted = expected.to_vector<double>(), got = value.to_vector<double>();
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i] != std::floor(wanted[i])) wanted[i] = got[i];
  return difference(value, from_data(wanted.data(), value.shape()), {});
}

}  // namespace

void check_value(Trial& trial, const Tensors& inputs, const Tensor& value) {
  const OperatorRow& row = trial.row;
  Tensors before = map_all(inputs, plain_copy);
  trial.expect(!value.requires_grad(), inputs, "constants", "the value must not require a gradient");
  expect_dtype(trial, inputs, "float64", value.dtype(), output_dtype(trial, DType::float64));
  double rtol = value.dtype() == DType::float32 ? std::max(row.rtol, row.rtol32) : row.rtol;
  if (row.reference)
    trial.expect_same(inputs, "float64", value, expected_value(trial, inputs),
                      {.rtol = rtol, .of_largest = 1e-3 * rtol});
  else if (row.expected)
    trial.expect_same(inputs, "float64", value, expected_value(trial, inputs),
                      {.rtol = rtol, .of_largest = rtol, .absolute = 1e-3 * rtol * largest_of(inputs)});
  trial.call(inputs);
  trial.expect_same(inputs, "inputs after the call", inputs, before, {});
}

void check_float32(Trial& trial, const Tensors& inputs, double of_terms) {
  if (!takes_floating(inputs)) return;
  const OperatorRow& row = trial.row;
  Tensors narrow = map_all(inputs, to_float32), wide = map_all(narrow, to_float64);
  Tensor value = trial.call(narrow), expected = trial.call(wide);
  expect_dtype(trial, inputs, "float32", value.dtype(), output_dtype(trial, DType::float32));
  Closeness closeness{.rtol = row.rtol32, .of_largest = row.rtol32};
  trial.expect_same(inputs, "float32", value, expected, closeness);
  // Where a derivative is the small difference of larger terms (the flat ends of sigmoid), those set its error.
  double size = largest_of(wide);
  if (size > 0) closeness.absolute = row.rtol32 * largest_of(expected) / size;
  if (!is_floating(value.dtype()) || row.order == 0) return;
  Tensor cotangent = trial.random_cotangent(value);
  Tensors gradients = trial.pull_back(narrow, cotangent);
  Tensors exact = trial.pull_back(wide, cast(cotangent, expected.dtype()));
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    Closeness of_sum = closeness;
    // What a mean is rounded to shifts all terms of a sum alike.
    if (exact[i].numel() > 0)
      of_sum.absolute += of_terms * static_cast<double>(value.numel()) / static_cast<double>(exact[i].numel());
    trial.expect_same(inputs, "gradient in float32", gradients[i], exact[i], of_sum);
  }
}

void check_nan(Trial& trial, const Tensors& inputs) {
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!is_floating(inputs[i].dtype()) || inputs[i].numel() == 0) continue;
    for (DType dtype : {DType::float64, DType::float32}) {
      Tensors with_nan = dtype == DType::float64 ? inputs : map_all(inputs, to_float32);
      std::vector<double> numbers = with_nan[i].to_vector<double>();
      numbers[numbers.size() / 2] = std::numeric_limits<double>::quiet_NaN();
      with_nan[i] = cast(from_data(numbers.data(), inputs[i].shape()), dtype);
      Tensor value = trial.call(with_nan);
      if (!is_floating(value.dtype()) || value.numel() == 0) continue;
      std::vector<double> results = value.to_vector<double>();
      bool any_nan = std::any_of(results.begin(), results.end(), [](double x) { return std::isnan(x); });
      trial.expect(any_nan, inputs, "nan", concat("a nan in input ", i, " must make a nan in the value"));
    }
  }
}

void check_extremes(Trial& trial) {
  const OperatorRow& row = trial.row;
  for (DType dtype : {DType::float64, DType::float32}) {
    std::size_t operands = row.inputs.size(), count = 1;
    for (std::size_t k = 0; k < operands; ++k) count *= row.extremes.size();
    Tensors inputs;
    for (std::size_t k = 0, stride = 1; k < operands; ++k, stride *= row.extremes.size()) {
      std::vector<double> numbers;
      for (std::size_t i = 0; i < count; ++i) numbers.push_back(row.extremes[i / stride % row.extremes.size()]);
      inputs.push_back(cast(from_vector(numbers), is_floating(row.inputs[k].dtype) ? dtype : row.inputs[k].dtype));
    }
    check_extremes_of(trial, inputs, dtype);
  }
}

void check_integers(Trial& trial, const Tensors& inputs) {
  if (!takes_floating(inputs)) return;
  for (DType dtype : {DType::int64, DType::boolean}) {
    Tensors integers = as_integers(trial.row, inputs, dtype);
    std::string problem;
    try {
      Tensor value = trial.call(integers);
      // Arithmetic on booleans is logic: add is or.
      if (dtype == DType::int64) problem = integer_difference(trial, integers, value);
    } catch (const std::exception& error) {
      problem = problem_of_refusal(error);
    }
    trial.expect(problem.empty(), inputs, concat(dtype, " operands"), problem);
  }
}

}  // namespace xgrad::internal
