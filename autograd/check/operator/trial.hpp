// One run over a row: calls the operator and writes down what does not hold.
#pragma once

#include <string>

#include "../check_operator.hpp"
#include "compare.hpp"
#include "inputs.hpp"

namespace xgrad::internal {

/// The operator's name as messages have it.
inline std::string shown_name(const OperatorRow& row) { return shortened(row.name, 120); }

class Trial {
 public:
  Trial(const OperatorRow& row, SourceLocation where) : row(row), where(where), generator(row.seed) {}

  const OperatorRow& row;
  SourceLocation where;
  Generator generator;
  OperatorReport report;

  /// Whether so much was found that more would not be read.
  bool is_full() const;
  /// Writes down that something does not hold for these inputs.
  void expect(bool holds, const Tensors& inputs, const std::string& kind, const std::string& what);
  void expect_same(const Tensors& inputs, const std::string& kind, const Tensor& actual, const Tensor& expected,
                   Closeness closeness);
  void expect_same(const Tensors& inputs, const std::string& kind, const Tensors& actual, const Tensors& expected,
                   Closeness closeness);
  /// Runs `body`; an exception of the operator becomes a finding.
  template <class F>
  void guarded(const std::string& what, F&& body) {
    if (is_full()) return;
    try {
      body();
    } catch (const std::exception& error) {
      add(concat(shown_name(row), " of ", what, ": it must not throw, but it said: ", shortened(error.what())));
    }
  }
  void add(std::string error);

  /// The operator's value. Throws std::logic_error where it is undefined.
  Tensor call(const Tensors& inputs) const;
  /// The gradients by the floating inputs.
  Tensors pull_back(const Tensors& inputs, const Tensor& cotangent) const;
  /// The gradients by the floating inputs of the value that `then` may do something to before they are asked for. It is
  /// handed all inputs and the value.
  Tensors pull_back(const Tensors& inputs, const Tensor& cotangent,
                    const Function<void(std::span<const Tensor> inputs, const Tensor& value)>& then) const;
  /// As a function of the floating inputs, the others held. Refers to `inputs`.
  TensorFunction function_of_floating(const Tensors& inputs) const;
  /// A cotangent between 0.5 and 1.5 in the shape and dtype of the value.
  Tensor random_cotangent(const Tensor& value);
};

/// The floating ones among the inputs.
Tensors floating_of(const Tensors& inputs);
/// What the reference says, in float64; undefined where the row has none.
Tensor expected_value(const Trial& trial, const Tensors& inputs);

}  // namespace xgrad::internal
