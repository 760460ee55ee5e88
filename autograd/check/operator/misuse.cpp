#include "misuse.hpp"

#include <algorithm>

#include "../../grad_mode.hpp"
#include "../../ops.hpp"

namespace xgrad::internal {
namespace {

/// Other elements in the same memory. False where it cannot be written.
bool overwrite(const Tensor& tensor) {
  NoGrad no_grad;
  Tensor target = tensor.detach();
  Tensor other = target.dtype() == DType::boolean ? logical_not(target)
                 : is_floating(target.dtype())    ? target * 0.5 + 0.25
                                                  : target * 0;
  try {
    target.assign(other);
  } catch (const std::logic_error&) {
    return false;  // memory that is shared within the tensor
  }
  return true;
}

/// Empty, or what is wrong with the error; notes by which operation it is.
std::string problem_of(Trial& trial, const std::exception& error) {
  std::string problem = problem_of_refusal(error), message = error.what();
  std::string name = message.substr(0, message.find(": "));
  std::vector<std::string>& names = trial.report.refused_by;
  if (problem.empty() && std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
  return problem;
}

}  // namespace

void check_wrong_inputs(Trial& trial, const Tensors& inputs) {
  for (const Spoiled& spoiled : spoiled(trial.row, inputs, trial.generator)) {
    if (trial.is_full()) return;
    std::string problem;
    try {
      Tensor value = trial.call(spoiled.inputs);
      // An input that may be left out is undefined here.
      const bool all_defined =
          std::all_of(spoiled.inputs.begin(), spoiled.inputs.end(), [](const Tensor& x) { return x.defined(); });
      if (is_floating(value.dtype()) && trial.row.order > 0 && all_defined && takes_floating(spoiled.inputs))
        trial.pull_back(spoiled.inputs, ones_like(value));
    } catch (const std::exception& error) {
      problem = problem_of(trial, error);
    }
    trial.expect(problem.empty(), inputs, "with " + spoiled.how, problem);
  }
}

void check_refused(Trial& trial, const Tensors& inputs) {
  for (std::size_t i = 0; i < trial.row.refused.size(); ++i) {
    std::string problem = "it must throw, but it did not";
    try {
      trial.row.refused[i].call()(inputs);
    } catch (const std::exception& error) {
      problem = problem_of(trial, error);
    }
    trial.expect(problem.empty(), inputs, concat("refused call ", i), problem);
  }
}

void check_overwritten(Trial& trial, const Tensors& inputs, const Tensor& cotangent) {
  Tensors expected = trial.pull_back(inputs, cotangent);
  // The inputs one by one, and last the value.
  for (std::size_t i = 0; i <= inputs.size(); ++i) {
    const bool is_value = i == inputs.size();
    std::string problem;
    try {
      bool written = false;
      Tensors gradients = trial.pull_back(
          map_all(inputs, plain_copy), cotangent,
          [&](std::span<const Tensor> all, const Tensor& value) { written = overwrite(is_value ? value : all[i]); });
      if (written && !is_identical(gradients, expected))
        problem =
            "the gradient must be the same or an error must say so, but it is another one. Save what the rule "
            "reads by Uses, not in its captures";
    } catch (const std::logic_error& error) {
      problem = problem_of_refusal(error);
    }
    trial.expect(problem.empty(), inputs,
                 concat(is_value ? "the value" : concat("input ", i), " overwritten before backward"), problem);
  }
}

}  // namespace xgrad::internal
