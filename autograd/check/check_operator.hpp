// Does an operator keep the whole contract? Every dtype, shape and memory layout, its gradient to order 2, extreme
// numbers and NaN. The library's own operators are checked by it, one row each; users check theirs with the same call:
//
//     check_operator({.name = "cube",
//                     .function = [](const Tensor& x) { return cube(x); },
//                     .inputs = {{.low = -2, .high = 2}},
//                     .reference = [](double x) { return x * x * x; }});
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../functional.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// The operator: anything callable with one to eight tensors, or with a list of them.
class OperatorFunction {
 public:
  template <FunctionOfTensors F>
  OperatorFunction(F function) : call_(function_of(std::move(function))) {}
  const TensorFunction& call() const { return call_; }

 private:
  TensorFunction call_;
};

/// What an elementwise operator computes, in double: a callable with one to three doubles. Empty: no reference.
class ElementFunction {
 public:
  ElementFunction() = default;
  template <std::invocable<double> F>
  ElementFunction(F f) : arity_(1), call_([f](std::span<const double> x) -> double { return f(x[0]); }) {}
  template <std::invocable<double, double> F>
  ElementFunction(F f) : arity_(2), call_([f](std::span<const double> x) -> double { return f(x[0], x[1]); }) {}
  template <std::invocable<double, double, double> F>
  ElementFunction(F f) : arity_(3), call_([f](std::span<const double> x) -> double { return f(x[0], x[1], x[2]); }) {}

  /// How many numbers it takes; 0 when empty.
  std::size_t arity() const { return arity_; }
  explicit operator bool() const { return static_cast<bool>(call_); }
  double operator()(std::span<const double> operands) const { return call_(operands); }

 private:
  std::size_t arity_ = 0;
  Function<double(std::span<const double>)> call_;
};

/// Where the elements of one input are drawn from.
struct OperatorInput {
  double low = -2;
  double high = 2;
  std::vector<double> avoid = {};  ///< kinks and poles: elements stay a twentieth away from them
  DType dtype =
      DType::float64;  ///< int64 (from low up to and without high) and boolean inputs are handed over as they are
};

/// An operator and what is known about it.
struct OperatorRow {
  std::string name;
  OperatorFunction function;
  std::vector<OperatorInput> inputs = {{}};

  /// Which shapes to try, one for each input. Empty: the operator is elementwise, and is tried with scalars, empty
  /// tensors, lengths that leave a rest in a SIMD loop, and operands that broadcast.
  std::vector<std::vector<Shape>> shapes = {};

  ElementFunction reference = {};  ///< of an elementwise operator
  TensorFunction expected = {};    ///< of any other: computed from float64 inputs in some other way
  std::vector<double> extremes =
      {};                      ///< numbers (of an elementwise operator, in all combinations) at which the value must
                               ///< be the reference's, and the gradient not nan where inputs and value are finite
  bool propagates_nan = true;  ///< a nan in any floating input makes a nan in the value
  int order = 2;               ///< of the gradient check; 0: the operator has no gradient
  double rtol = 1e-12;         ///< of float64 values to the reference
  double rtol32 = 2e-5;        ///< of float32 values and gradients to those in float64, relative to the largest
  std::uint64_t seed = 0;
};

struct OperatorReport {
  std::vector<std::string> errors;  ///< the first few, one sentence each
  int checks = 0;                   ///< how many comparisons were made
  int kinks = 0;                    ///< elements that the gradient check could not judge

  bool passed() const { return errors.empty(); }
  explicit operator bool() const { return passed(); }
  std::string text() const;
};

/// An operator breaks its contract; what() says where.
class operator_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Runs the operator over float64 and float32 (values and gradients must agree), scalars, empty and broadcast operands,
/// transposed, backward-strided, offset and expanded memory layouts, each input's gradient alone, with NoGrad, extreme
/// numbers and NaN, and checks its gradient against finite differences to row.order. Inputs must stay as they are. Throws
/// operator_error when something does not hold, and std::invalid_argument for a row that makes no sense.
OperatorReport check_operator(const OperatorRow& row, SourceLocation where = SourceLocation::current());

/// The same, but answers with the report instead of throwing.
OperatorReport check_operator_report(const OperatorRow& row, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
