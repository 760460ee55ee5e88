// The derivatives of a checked function as functions of flat lists of numbers: the function, its gradient, the
// gradient's gradient ...
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../tensor.hpp"
#include "checked_function.hpp"
#include "gradcheck.hpp"
#include "numbers.hpp"

namespace xgrad::internal {

/// Uniform numbers with either sign, away from 0 so that no element goes unnoticed. SplitMix64 (Steele, Lea,
/// Flood 2014).
class Weights {
 public:
  explicit Weights(std::uint64_t seed) : state_(seed) {}
  double next() {
    std::uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    z ^= z >> 31;
    double size = 0.5 + static_cast<double>(z >> 12) * 0x1p-52;
    return (z & 1) != 0 ? size : -size;
  }
  Numbers list(std::size_t count) {
    Numbers numbers(count);
    for (double& number : numbers) number = next();
    return numbers;
  }

 private:
  std::uint64_t state_;
};

/// The operations on the way from a variable to the outputs, the last one first: "sum (a.cpp:3), tanh
/// (a.cpp:2)".
std::string operations_between(std::span<const Tensor> outputs, const Tensor& variable);

/// A function's derivative of some order. Order 1 is the function itself; order 2 is its gradient for given cotangents,
/// which count as further variables; and so on.
class DerivativeOfOrder {
 public:
  DerivativeOfOrder(CheckedFunction& function, GradcheckReport& report, SourceLocation where);
  /// The gradient of `below`, its cotangents random.
  DerivativeOfOrder(const DerivativeOfOrder& below, Weights& weights);

  int order() const { return order_; }
  const std::vector<Shape>& variables() const { return variables_; }
  const std::vector<Shape>& outputs() const { return outputs_; }
  /// The elements of all variables, and of all outputs, at the inputs.
  const Numbers& elements() const { return elements_; }
  const Numbers& value() const { return value_; }
  /// What the rounding errors of each output are relative to: its size; of a gradient at least the size that gradients
  /// of this function have on the whole, because a small one may be the difference of larger terms.
  const Numbers& magnitudes() const { return magnitudes_; }
  /// Which input a variable is; -1 for a cotangent.
  int input_of(int variable) const {
    return static_cast<std::size_t>(variable) < counts_[0] ? function_->input_of(variable) : -1;
  }
  std::string name_of_input(int input) const { return function_->name_of_input(input); }

  /// The outputs at other elements.
  Numbers evaluate(const Numbers& elements);

  /// The function recorded at the inputs, for pulling cotangents back through.
  struct Recording {
    std::vector<Tensor> variables;
    std::vector<Tensor> outputs;
    Numbers value() const;
  };
  Recording record_at_inputs();
  Recording record_at(const Numbers& elements);
  /// The function itself recorded, whatever this order is, at the inputs or where its variables have these elements.
  Recording record_function();
  Recording record_function_at(const Numbers& own_elements);
  /// The elements of the function's variables at the inputs.
  Numbers own_elements() const { return Numbers(elements_.begin(), elements_.begin() + own_count()); }
  Numbers pull_back(const Recording& recording, const Numbers& cotangent, bool create_graph = false) const;

 private:
  std::size_t own_count() const;
  void evaluate_inputs();
  Recording run_function(std::vector<Tensor> variables);
  std::vector<Tensor> start_at_inputs();
  std::vector<Tensor> start_at(const Numbers& elements) const;
  std::vector<Tensor> with_cotangents(std::vector<Tensor> variables, const Numbers& elements) const;
  std::vector<Tensor> run(std::span<const Tensor> variables, bool create_graph);
  std::vector<Tensor> run_order(int order, std::span<const Tensor> variables, bool create_graph);

  CheckedFunction* function_;
  int order_;
  GradcheckReport* report_;
  SourceLocation where_;
  std::vector<Shape> variables_;     // the function's, then each order's cotangents
  std::vector<std::size_t> counts_;  // how many of the variables each order has
  std::vector<Shape> outputs_;
  Numbers elements_;
  Numbers value_;
  Numbers magnitudes_;
  double scale_ = 0;  // the size that outputs have on the whole
};

}  // namespace xgrad::internal
