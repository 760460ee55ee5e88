// Are the derivatives right? Gradients compared with finite differences.
//
//     gradcheck([](const Tensor& x) { return sum(tanh(x)); }, {x});           // throws, naming the element
//     gradcheck([&] { return loss(model(x), y); }, model.parameters());       // a model: they are moved and restored
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "../functional.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

struct GradcheckOptions {
  double eps = 1e-6;   ///< step of the first comparison, relative to max(1, |x|); where it fails, steps of
                       ///< many sizes follow
  double rtol = 1e-5;  ///< relative difference that is still right
  double atol = 0;     ///< absolute difference that is; the error of the differences themselves is allowed for anyway
  int order = 1;       ///< 2 also checks the derivative of the gradient, and so on
  bool fast = true;    ///< random directions first, single elements where they disagree; false: each entry of
                       ///< the Jacobian
  std::uint64_t seed = 0;  ///< of the random directions
};

/// One entry of a Jacobian that gradcheck reports.
struct GradcheckFinding {
  enum class Kind {
    wrong,         ///< the rule disagrees with the differences
    kink,          ///< the point is within a step of a kink or jump, where there is no derivative to compare with
    inconsistent,  ///< the rule gives another gradient when it also records the gradient's graph
    not_finite     ///< the rule gives nan or inf where the differences do not
  };
  Kind kind = Kind::wrong;
  int order = 1;                      ///< 1: derivative of the function, 2: of its gradient ...
  int input = 0;                      ///< position among the inputs
  std::vector<std::int64_t> element;  ///< index in that input
  std::vector<std::int64_t> output;   ///< index in the function's value (of order 2: in the gradient of `of_input`)
  int of_input = -1;                  ///< order 2: in which input's gradient `output` is
  double rule = 0;                    ///< what the rule says
  double difference = 0;              ///< what the finite differences say
  double uncertainty = 0;             ///< estimated error of `difference`
  std::string fault;                  ///< of order 1: the operation whose rule is wrong, and its line; empty if unclear
  std::string operations;             ///< those from the input to the output, the last one first, and their lines
};

struct GradcheckReport {
  std::vector<GradcheckFinding> errors;  ///< the first few
  std::vector<GradcheckFinding> kinks;   ///< points that could not be judged; the first few
  std::int64_t evaluations = 0;          ///< how often the function was computed
  std::uint64_t seed = 0;

  bool passed() const { return errors.empty(); }
  explicit operator bool() const { return passed(); }
  /// What was found, in sentences.
  std::string text() const;
};

/// A gradient is wrong; what() names the input, the element, both numbers, the operation and its line.
class gradcheck_error : public std::runtime_error {
 public:
  gradcheck_error(const std::string& message, GradcheckReport report)
      : std::runtime_error(message), report_(std::move(report)) {}
  const GradcheckReport& report() const { return report_; }

 private:
  GradcheckReport report_;
};

namespace functional {
GradcheckReport gradcheck(const TensorFunction& f, std::span<const Tensor> inputs, const GradcheckOptions& options,
                          bool throws, SourceLocation where);
GradcheckReport gradcheck(const Function<Tensor()>& f, std::span<const Tensor> variables,
                          const GradcheckOptions& options, bool throws, SourceLocation where);
}  // namespace functional

/// A function that takes no tensors: it computes with tensors that it has captured.
template <class F>
concept Closure = std::is_invocable_r_v<Tensor, F&>;

/// Compares the gradient of f at `inputs` with central differences in float64, to options.order.
///
/// f may return any number of elements: they are weighted with random numbers. Fast mode compares two random
/// directions of each input, at two evaluations of f each; where one disagrees, or without fast mode, single elements are
/// examined, with steps of many sizes and extrapolation (Ridders 1982), which also tells how far the
/// differences can be trusted. A rule that is off by 0.1 % fails. Points within a step of a kink are listed
/// in the report's `kinks` and are no errors. int64 and boolean inputs are handed to f as they are.
///
/// Throws gradcheck_error when a gradient is wrong; std::invalid_argument for float32 inputs (their
/// differences have too few digits to judge a gradient by) and for an f that gives different values for the
/// same inputs.
template <FunctionOfTensors F>
GradcheckReport gradcheck(F&& f, std::initializer_list<Tensor> inputs, GradcheckOptions options = {},
                          SourceLocation where = SourceLocation::current()) {
  return functional::gradcheck(internal::refer(f, inputs.size(), where), {inputs.begin(), inputs.size()}, options, true,
                               where);
}
template <FunctionOfTensors F>
GradcheckReport gradcheck(F&& f, std::span<const Tensor> inputs, GradcheckOptions options = {},
                          SourceLocation where = SourceLocation::current()) {
  return functional::gradcheck(internal::refer(f, inputs.size(), where), inputs, options, true, where);
}

/// The same for a function without arguments, such as a model's loss: `variables` are the leaf tensors that
/// it computes with (float64, requiring gradients). Their elements are changed in place and restored, also
/// when f throws.
template <Closure F>
GradcheckReport gradcheck(F&& f, std::span<const Tensor> variables, GradcheckOptions options = {},
                          SourceLocation where = SourceLocation::current()) {
  return functional::gradcheck([&f]() -> Tensor { return f(); }, variables, options, true, where);
}
template <Closure F>
GradcheckReport gradcheck(F&& f, std::initializer_list<Tensor> variables, GradcheckOptions options = {},
                          SourceLocation where = SourceLocation::current()) {
  return functional::gradcheck([&f]() -> Tensor { return f(); }, {variables.begin(), variables.size()}, options, true,
                               where);
}

/// gradcheck to order 2: the gradient and its own gradient.
template <class F>
requires FunctionOfTensors<F> || Closure<F> GradcheckReport
gradgradcheck(F&& f, std::initializer_list<Tensor> inputs, GradcheckOptions options = {},
              SourceLocation where = SourceLocation::current()) {
  options.order = 2;
  return gradcheck(f, inputs, options, where);
}
template <class F>
requires FunctionOfTensors<F> || Closure<F> GradcheckReport
gradgradcheck(F&& f, std::span<const Tensor> inputs, GradcheckOptions options = {},
              SourceLocation where = SourceLocation::current()) {
  options.order = 2;
  return gradcheck(f, inputs, options, where);
}

/// gradcheck that answers with its report instead of throwing when a gradient is wrong.
template <class F>
requires FunctionOfTensors<F> || Closure<F> GradcheckReport
gradcheck_report(F&& f, std::span<const Tensor> inputs, GradcheckOptions options = {},
                 SourceLocation where = SourceLocation::current()) {
  if constexpr (Closure<F>)
    return functional::gradcheck([&f]() -> Tensor { return f(); }, inputs, options, false, where);
  else
    return functional::gradcheck(internal::refer(f, inputs.size(), where), inputs, options, false, where);
}
template <class F>
requires FunctionOfTensors<F> || Closure<F> GradcheckReport
gradcheck_report(F&& f, std::initializer_list<Tensor> inputs, GradcheckOptions options = {},
                 SourceLocation where = SourceLocation::current()) {
  return gradcheck_report(f, std::span<const Tensor>(inputs.begin(), inputs.size()), options, where);
}

}  // namespace xgrad
