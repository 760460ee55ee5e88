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
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../functional.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// An operator to check: anything callable with one to eight tensors, or with a list of them.
class OperatorFunction {
 public:
  template <FunctionOfTensors F>
  OperatorFunction(F function) : call_(function_of(std::move(function))) {}
  const TensorFunction& call() const { return call_; }

 private:
  TensorFunction call_;
};

/// The value of an elementwise operator, in double: a callable with one to three doubles; empty for no reference.
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
  /// Kinks and poles: elements stay a twentieth of the range away from them.
  std::vector<double> avoid = {};
  /// int64 (from low up to and without high) and boolean inputs are handed over as they are.
  DType dtype = DType::float64;
};

/// An operator and what is known about it.
struct OperatorRow {
  std::string name;
  OperatorFunction function;
  std::vector<OperatorInput> inputs = {{}};

  /// Which shapes to try, one for each input. Empty: the operator is elementwise, and is tried with scalars, empty
  /// tensors, lengths that leave a rest in a SIMD loop, and operands that broadcast.
  std::vector<std::vector<Shape>> shapes = {};
  /// Larger shapes of an operator that has shapes of its own, at which it takes several threads. Value and gradient are
  /// checked there too, so that `expected` should be one that large tensors do not make slow.
  std::vector<std::vector<Shape>> large = {};

  /// The value of an elementwise operator. A row has this or `expected`, or fails.
  ElementFunction reference = {};
  /// The value of any other operator, computed in some other way from inputs in float64.
  TensorFunction expected = {};
  /// Why there is nothing to compare the value with.
  std::string unreferenced = {};

  /// The value's dtype where it is not that of the floating inputs: boolean of a comparison.
  std::optional<DType> output_dtype = {};
  /// Numbers (of an elementwise operator, in all combinations) at which the value must be the reference's, and the
  /// gradient not nan where inputs and value are finite.
  std::vector<double> extremes = {};
  /// Calls on the row's first inputs that must be refused: an axis that is not there, an option that makes no sense.
  std::vector<OperatorFunction> refused = {};
  /// Whether a nan in any floating input makes a nan in the value.
  bool propagates_nan = true;
  /// Highest order of the gradient check; 0: the operator has no gradient.
  int order = 2;
  /// Tolerance of float64 values beside the reference.
  double rtol = 1e-12;
  /// Tolerance of float32 values and gradients beside those in float64, relative to the largest.
  double rtol32 = 2e-5;
  std::uint64_t seed = 0;
};

/// What check_operator() found.
struct OperatorReport {
  std::vector<std::string> errors;  ///< the first few, one sentence each
  int checks = 0;                   ///< how many comparisons were made
  int kinks = 0;                    ///< elements that the gradient check could not judge
  /// The operations by whose names wrong inputs were refused: the operator's own, and any that it calls unchecked.
  std::vector<std::string> refused_by;

  /// Whether nothing was found.
  bool passed() const { return errors.empty(); }
  explicit operator bool() const { return passed(); }
  /// What was found, a line each.
  std::string text() const;
};

/// An operator breaks its contract; what() says where.
class operator_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Checks that an operator keeps the whole contract.
///
/// The value: against the row's reference, in float64 and float32, on scalars, empty and broadcast operands, in
/// transposed, backward-strided, offset and expanded memory layouts, with NoGrad, extreme numbers, NaN and integers,
/// with one thread and with three (the same bits), on large tensors as on small ones. The derivative: against finite
/// differences to row.order (on large tensors along one direction), each input's alone, linear in the cotangent, jvp
/// and vjp as transposes of one another. Inputs must stay as they are, and a value that a rule saved and that
/// is then overwritten must be noticed. Wrong ranks, extents, dtypes and indices must give a result or be refused with
/// std::invalid_argument, std::out_of_range or std::logic_error and a message "operation: what must hold, but what
/// came. at file:line", as check() and fail() of error.hpp write it.
/// Throws: operator_error where something does not hold; std::invalid_argument for a row that makes no sense.
/// Example:
///     check_operator({.name = "cube",
///                     .function = [](const Tensor& x) { return x * x * x; },
///                     .reference = [](double x) { return x * x * x; }});
OperatorReport check_operator(const OperatorRow& row, SourceLocation where = SourceLocation::current());

/// check_operator() that answers with the report instead of throwing operator_error.
OperatorReport check_operator_report(const OperatorRow& row, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
