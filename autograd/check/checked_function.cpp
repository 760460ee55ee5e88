#include "checked_function.hpp"

#include <unordered_set>

#include "../engine/node.hpp"
#include "../ops/create.hpp"

namespace xgrad::internal {
namespace {

class CheckedTensorFunction : public CheckedFunction {
 public:
  CheckedTensorFunction(const functional::Differentiated& f, std::span<const Tensor> inputs,
                        std::span<const std::string> names, SourceLocation where)
      : CheckedFunction("input", names), f_(f), inputs_(inputs.begin(), inputs.end()) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check(
          inputs[i].defined(), where, "gradcheck: ", [&] { return name_of_input(i); },
          " must be defined, but it is not: ", internal::kWhyUndefined);
      if (!is_floating(inputs[i].dtype())) continue;
      check(
          inputs[i].dtype() == DType::float64, where, "gradcheck: ", [&] { return name_of_input(i); },
          " must be float64, but it is ", inputs[i].dtype(),
          ": differences of its values have too few digits to judge a gradient by. Convert it "
          "with cast(x, DType::float64).");
      input_of_.push_back(static_cast<int>(i));
      shapes_.push_back(inputs[i].shape());
    }
  }

  std::vector<Tensor> at_inputs() override {
    std::vector<Tensor> variables;
    for (int i : input_of_) variables.push_back(inputs_[i].detach());
    return variables;
  }
  std::vector<Tensor> at(const Numbers& elements) override { return unflatten(elements, shapes_); }
  Tensor call(std::span<const Tensor> variables) override {
    std::vector<Tensor> arguments = inputs_;
    for (std::size_t v = 0; v < variables.size(); ++v) arguments[input_of_[v]] = variables[v];
    return f_(arguments);
  }
  int input_of(int variable) const override { return input_of_[variable]; }

 private:
  functional::Differentiated f_;
  std::vector<Tensor> inputs_;
  std::vector<int> input_of_;
  std::vector<Shape> shapes_;
};

/// A function of no arguments: its variables are moved in place, and back in the end.
class CheckedClosure : public CheckedFunction {
 public:
  CheckedClosure(const functional::Differentiated& f, std::span<const Tensor> variables,
                 std::span<const std::string> names, SourceLocation where)
      : CheckedFunction("variable", names), f_(f), variables_(variables.begin(), variables.end()) {
    std::unordered_set<const Node*> known;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const Tensor& variable = variables[i];
      check(
          variable.defined(), where, "gradcheck: ", [&] { return name_of_input(i); },
          " must be defined, but it is not: ", internal::kWhyUndefined);
      check(
          variable.dtype() == DType::float64, where, "gradcheck: ", [&] { return name_of_input(i); },
          " must be float64, but it is ", variable.dtype(),
          ": differences of its values have too few digits to judge a gradient by. Check the model "
          "in float64.");
      check<std::logic_error>(
          variable.is_leaf() && variable.requires_grad(), where, "gradcheck: ", [&] { return name_of_input(i); },
          " must be a leaf that requires a gradient, so that it can be moved and differentiated, but it ",
          [&] {
            return variable.is_leaf() ? "requires none" : concat("is the result of '", variable.operation(), "'");
          },
          ".");
      check(
          known.insert(variable.impl()->node.get()).second, where, "gradcheck: ", [&] { return name_of_input(i); },
          " must be named once, but it was named before.");
      shapes_.push_back(variable.shape());
    }
    original_ = unflatten(flatten(variables_), shapes_);
  }
  ~CheckedClosure() override { move_to(original_); }

  std::vector<Tensor> at_inputs() override {
    move_to(original_);
    return variables_;
  }
  std::vector<Tensor> at(const Numbers& elements) override {
    move_to(unflatten(elements, shapes_));
    return variables_;
  }
  Tensor call(std::span<const Tensor>) override { return f_({}); }
  int input_of(int variable) const override { return variable; }

 private:
  void move_to(const std::vector<Tensor>& values) {
    for (std::size_t i = 0; i < variables_.size(); ++i) variables_[i].assign(values[i]);
  }

  functional::Differentiated f_;
  std::vector<Tensor> variables_;
  std::vector<Tensor> original_;
  std::vector<Shape> shapes_;
};

}  // namespace

std::string CheckedFunction::name_of_input(int input) const {
  return static_cast<std::size_t>(input) < names_.size() ? names_[input] : concat(noun_, " ", input);
}

std::unique_ptr<CheckedFunction> CheckedFunction::of(const functional::Differentiated& f,
                                                     std::span<const Tensor> inputs, std::span<const std::string> names,
                                                     SourceLocation where) {
  if (f.is_closure()) return std::make_unique<CheckedClosure>(f, inputs, names, where);
  return std::make_unique<CheckedTensorFunction>(f, inputs, names, where);
}

Numbers flatten(std::span<const Tensor> tensors) {
  Numbers numbers;
  for (const Tensor& tensor : tensors) {
    Numbers part = tensor.to_vector<double>();
    numbers.insert(numbers.end(), part.begin(), part.end());
  }
  return numbers;
}

/// Tensors of these shapes from a flat list of their elements.
std::vector<Tensor> unflatten(const Numbers& numbers, std::span<const Shape> shapes) {
  std::vector<Tensor> tensors;
  const double* at = numbers.data();
  for (const Shape& shape : shapes) {
    tensors.push_back(from_data(at, shape));
    at += shape.numel();
  }
  return tensors;
}

}  // namespace xgrad::internal
