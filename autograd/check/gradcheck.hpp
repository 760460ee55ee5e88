// Are the derivatives right? Gradients compared with finite differences.
//
//     gradcheck([](const Tensor& x) { return sum(tanh(x)); }, x);              // throws, naming the element
//     gradcheck([&] { return loss(model(x), y); }, model.named_parameters());  // a model: they are moved and restored
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "../functional.hpp"
#include "../tensor.hpp"

namespace xgrad XGRAD_API {

/// Options of gradcheck().
struct GradcheckOptions {
  /// Step of the first comparison, relative to max(1, |x|); where it fails, steps of many sizes follow.
  double eps = 1e-6;
  /// Relative difference that is still right.
  double rtol = 1e-5;
  /// Absolute difference that is still right; the error of the differences themselves is allowed for anyway.
  double atol = 0;
  /// 2 also checks the derivative of the gradient, and so on.
  int order = 1;
  /// Random directions first, single elements where they disagree; false: each entry of the Jacobian.
  bool fast = true;
  /// Seed of the random directions.
  std::uint64_t seed = 0;
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
  int input = 0;                      ///< position among the inputs; -1: a cotangent's element
  std::string input_name;             ///< "input 0", or the name that it was given
  std::vector<std::int64_t> element;  ///< index in that input
  std::vector<std::int64_t> output;   ///< index in the function's value (of order 2: in the gradient of `of_input`)
  int of_input = -1;                  ///< order 2: in which input's gradient `output` is
  std::string of_input_name;          ///< "input 0", or the name that it was given
  double rule = 0;                    ///< what the rule says
  double difference = 0;              ///< what the finite differences say
  double uncertainty = 0;             ///< estimated error of `difference`
  std::string fault;                  ///< of order 1: the operation whose rule is wrong, and its line; empty if unclear
  std::string operations;             ///< those from the input to the output, the last one first, and their lines
};

/// What gradcheck() found.
struct GradcheckReport {
  std::vector<GradcheckFinding> errors;  ///< the first few
  std::vector<GradcheckFinding> kinks;   ///< points that could not be judged; the first few
  std::int64_t evaluations = 0;          ///< how often the function was computed
  std::uint64_t seed = 0;

  // In the .cpp, with those below: each file that checks a gradient would compile them.
  GradcheckReport();
  GradcheckReport(const GradcheckReport&);
  GradcheckReport(GradcheckReport&&) noexcept;
  GradcheckReport& operator=(const GradcheckReport&);
  GradcheckReport& operator=(GradcheckReport&&) noexcept;
  ~GradcheckReport();

  /// Whether no gradient is wrong.
  bool passed() const;
  explicit operator bool() const { return passed(); }
  /// What was found, in sentences.
  std::string text() const;
};

/// Thrown where a gradient is wrong; what() names the input, the element, both numbers, the operation and its line.
class gradcheck_error : public std::runtime_error {
 public:
  gradcheck_error(const std::string& message, GradcheckReport report);
  ~gradcheck_error() override;
  const GradcheckReport& report() const { return report_; }

 private:
  GradcheckReport report_;
};

/// The tensors at which gradients are checked: one, `{x, w}`, a vector of them, or tensors with names, such as
/// model.named_parameters(), which messages then use.
class GradcheckInputs {
 public:
  GradcheckInputs(const Tensor& tensor);
  GradcheckInputs(std::initializer_list<Tensor> tensors);
  GradcheckInputs(std::span<const Tensor> tensors);
  GradcheckInputs(const std::vector<Tensor>& tensors);
  GradcheckInputs(const std::vector<std::pair<std::string, Tensor>>& named);
  GradcheckInputs(const GradcheckInputs&);
  GradcheckInputs& operator=(const GradcheckInputs&);
  ~GradcheckInputs();

  std::span<const Tensor> tensors() const;
  /// One for each tensor, or none.
  std::span<const std::string> names() const;

 private:
  std::vector<Tensor> tensors_;
  std::vector<std::string> names_;
};

namespace functional {
GradcheckReport gradcheck(const Differentiated& f, const GradcheckInputs& inputs, const GradcheckOptions& options,
                          bool throws, SourceLocation where);
}  // namespace functional

/// What gradcheck() can check: a function of tensors, or a closure.
template <class F>
concept CheckableFunction = FunctionOfTensors<F> || Closure<F>;

/// gradcheck() that answers with its report instead of throwing where a gradient is wrong.
template <CheckableFunction F>
GradcheckReport gradcheck_report(F&& f, const GradcheckInputs& inputs, GradcheckOptions options = {},
                                 SourceLocation where = SourceLocation::current(), bool throws = false) {
  if constexpr (Closure<F>)
    return functional::gradcheck(internal::refer_closure(f), inputs, options, throws, where);
  else
    return functional::gradcheck(internal::refer("gradcheck", f, inputs.tensors().size(), where), inputs, options,
                                 throws, where);
}

/// Compares the gradient of f at `inputs` with central differences in float64, to options.order.
///
/// f may return any number of elements: they are weighted with random numbers. Fast mode compares two random directions
/// of each input, at two evaluations of f each; where one disagrees, or without fast mode, single elements are
/// examined, with steps of many sizes and extrapolation, which also tells how far the differences can be trusted. A
/// rule that is off by 0.1 % fails. Points within a step of a kink are listed in the report's `kinks` and are no
/// errors. A step at which f is not finite, or throws std::invalid_argument or std::domain_error, has left its
/// domain: smaller ones are looked at.
/// f may ask for gradients itself, as a gradient penalty does.
///
/// Of an f without arguments, such as a model's loss, `inputs` are the leaf tensors that it computes with. Their
/// elements are changed in place and restored, also when f throws.
/// Dtype: float64; int64 and boolean inputs are handed to f as they are.
/// Throws: gradcheck_error where a gradient is wrong; std::invalid_argument for float32 inputs (their differences have
/// too few digits to judge a gradient by) and for an f that gives different values for the same inputs.
/// Source: C. J. F. Ridders, Accurate computation of F'(x) and F'(x) F''(x), Advances in Engineering Software 4 (1982).
/// Example: `gradcheck([](const Tensor& x) { return sum(tanh(x)); }, cast(x, DType::float64));`
template <CheckableFunction F>
GradcheckReport gradcheck(F&& f, const GradcheckInputs& inputs, GradcheckOptions options = {},
                          SourceLocation where = SourceLocation::current()) {
  return gradcheck_report(f, inputs, options, where, true);
}

/// gradcheck() to order 2: the gradient and its own gradient.
template <CheckableFunction F>
GradcheckReport gradgradcheck(F&& f, const GradcheckInputs& inputs, GradcheckOptions options = {},
                              SourceLocation where = SourceLocation::current()) {
  options.order = 2;
  return gradcheck_report(f, inputs, options, where, true);
}

}  // namespace xgrad
