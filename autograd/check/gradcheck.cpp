#include "gradcheck.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>
#include <unordered_set>

#include "checked_function.hpp"
#include "derivative_of_order.hpp"
#include "differences.hpp"
#include "faulty_rule.hpp"
#include "numbers.hpp"

namespace xgrad XGRAD_API {

gradcheck_error::gradcheck_error(const std::string& message, GradcheckReport report)
    : std::runtime_error(message), report_(std::move(report)) {}
gradcheck_error::~gradcheck_error() = default;

GradcheckInputs::GradcheckInputs(const Tensor& tensor) : tensors_{tensor} {}
GradcheckInputs::GradcheckInputs(std::initializer_list<Tensor> tensors) : tensors_(tensors) {}
GradcheckInputs::GradcheckInputs(std::span<const Tensor> tensors) : tensors_(tensors.begin(), tensors.end()) {}
GradcheckInputs::GradcheckInputs(const std::vector<Tensor>& tensors) : tensors_(tensors) {}
GradcheckInputs::GradcheckInputs(const std::vector<std::pair<std::string, Tensor>>& named) {
  for (const auto& [name, tensor] : named) {
    names_.push_back(name);
    tensors_.push_back(tensor);
  }
}
GradcheckInputs::GradcheckInputs(const GradcheckInputs&) = default;
GradcheckInputs& GradcheckInputs::operator=(const GradcheckInputs&) = default;
GradcheckInputs::~GradcheckInputs() = default;
std::span<const Tensor> GradcheckInputs::tensors() const { return {tensors_.data(), tensors_.size()}; }
std::span<const std::string> GradcheckInputs::names() const { return {names_.data(), names_.size()}; }

namespace {

using internal::CheckedFunction;
using internal::DerivativeOfOrder;
using internal::Difference;
using internal::digits;
using internal::index_text;
using internal::largest_of;
using internal::Numbers;
using internal::Place;
using internal::place_of;
using internal::Samples;
using internal::Weights;

constexpr std::size_t kMostErrors = 5;      // reported
constexpr std::size_t kMostKinks = 20;      // reported
constexpr std::size_t kMostKinksShown = 3;  // in text()
constexpr std::size_t kMostOutputs = 4096;  // for which one backward pass each is made to name the output
constexpr double kLargestStep = 1e-2;
constexpr double kStepRatio = 10;

double dot(const Numbers& a, const Numbers& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != 0 && b[i] != 0) sum += a[i] * b[i];  // a weight of 0 leaves out what may be inf
  return sum;
}

bool all_finite(const Numbers& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
}

/// What the rounding errors of <cotangent, outputs> are relative to.
double weighted_magnitude(const DerivativeOfOrder& derivative, const Numbers& cotangent) {
  double sum = 0;
  for (std::size_t j = 0; j < cotangent.size(); ++j) sum += std::abs(cotangent[j]) * derivative.magnitudes()[j];
  return sum;
}

/// The value a step away from the inputs. Where the function refuses what it is given, the step has left its domain:
/// NaN.
Numbers value_at_step(DerivativeOfOrder& derivative, const Numbers& elements) {
  try {
    return derivative.evaluate(elements);
  } catch (const std::invalid_argument&) {
  } catch (const std::domain_error&) {
  }
  return Numbers(derivative.value().size(), std::numeric_limits<double>::quiet_NaN());
}

/// Checks one derivative and writes what it finds into the report.
class Checker {
 public:
  Checker(DerivativeOfOrder& derivative, const GradcheckOptions& options, Weights& weights, GradcheckReport& report)
      : derivative_(derivative), options_(options), weights_(weights), report_(report) {}

  void fast() {
    const Numbers& x = derivative_.elements();
    const Numbers& y = derivative_.value();
    std::size_t count = x.size();
    if (count == 0 || y.empty()) return;

    // The first direction moves each element by its size or 1, the second one in proportion and with outputs
    // brought to one scale, so that elements and outputs of all magnitudes are seen.
    Numbers direction = weights_.list(count), cotangent = weights_.list(y.size());
    for (std::size_t i = 0; i < count; ++i) direction[i] *= std::max(1.0, std::abs(x[i]));
    check_direction(direction, cotangent);

    direction = weights_.list(count);
    cotangent = weights_.list(y.size());
    for (std::size_t i = 0; i < count; ++i) direction[i] *= x[i] != 0 ? std::abs(x[i]) : 1;
    double largest = largest_of(y);
    for (std::size_t j = 0; j < y.size() && largest > 0; ++j) cotangent[j] /= y[j] != 0 ? std::abs(y[j]) : largest;
    check_direction(direction, cotangent);
  }

  void full() {
    std::size_t count = derivative_.elements().size(), outputs = derivative_.value().size();
    if (count == 0 || outputs == 0) return;
    std::vector<Numbers> rows = jacobian_rows();
    Numbers column(outputs);
    for (std::size_t i = 0; i < count && report_.errors.size() < kMostErrors; ++i) {
      for (std::size_t j = 0; j < outputs; ++j) column[j] = rows[j][i];
      check_column(i, column);
    }
  }

  /// Whether the rules give the same gradient when they also record its graph: that is what the next order is
  /// built on.
  void check_consistency() {
    if (derivative_.value().empty()) return;
    Numbers cotangent = weights_.list(derivative_.value().size());
    DerivativeOfOrder::Recording recording = derivative_.record_at_inputs();
    Numbers plain = derivative_.pull_back(recording, cotangent);
    Numbers recorded = derivative_.pull_back(recording, cotangent, true);
    // Sums that cancel to 0 may differ by the rounding of their terms: about the function's value by the input's size.
    double largest = largest_of(plain), size = largest_of(derivative_.elements());
    if (size > 0) largest += weighted_magnitude(derivative_, cotangent) / size;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      bool same = plain[i] == recorded[i] || (std::isnan(plain[i]) && std::isnan(recorded[i])) ||
                  std::abs(plain[i] - recorded[i]) <= 1e-8 * std::abs(plain[i]) + 1e-13 * largest;
      if (same) continue;
      add(GradcheckFinding::Kind::inconsistent, i, -1, recorded[i], plain[i], 0);
      return;
    }
  }

 private:
  /// The function along a line: value(t) = <cotangent, f(x + t direction)>.
  class Line {
   public:
    Line(DerivativeOfOrder& derivative, const Numbers& direction, const Numbers& cotangent)
        : derivative_(derivative), direction_(direction), cotangent_(cotangent) {}
    double value(double step) {
      Numbers moved = derivative_.elements();
      for (std::size_t i = 0; i < moved.size(); ++i)
        if (direction_[i] != 0) moved[i] += step * direction_[i];
      return dot(value_at_step(derivative_, moved), cotangent_);
    }
    double magnitude() const { return weighted_magnitude(derivative_, cotangent_); }

   private:
    DerivativeOfOrder& derivative_;
    const Numbers& direction_;
    const Numbers& cotangent_;
  };

  void check_direction(const Numbers& direction, Numbers cotangent) {
    // An output that is not finite itself (the gradient of sqrt at 0) has no differences to compare with.
    for (std::size_t j = 0; j < cotangent.size(); ++j)
      if (!std::isfinite(derivative_.value()[j])) cotangent[j] = 0;
    Numbers gradient = derivative_.pull_back(derivative_.record_at_inputs(), cotangent);
    // Each variable by itself: beside a large gradient a small one would go unseen, however wrong.
    std::size_t begin = 0;
    for (const Shape& shape : derivative_.variables()) {
      std::size_t end = begin + static_cast<std::size_t>(shape.numel());
      if (begin < end) examine(begin, end, direction, cotangent, gradient);
      begin = end;
    }
  }

  /// Halves a block of elements whose direction disagrees until the elements at fault stand alone.
  void examine(std::size_t begin, std::size_t end, const Numbers& direction, const Numbers& cotangent,
               const Numbers& gradient) {
    if (report_.errors.size() >= kMostErrors) return;
    if (direction_agrees(begin, end, direction, cotangent, gradient)) return;
    if (end - begin == 1) {
      check_element(begin, cotangent, gradient[begin]);
      return;
    }
    std::size_t middle = begin + (end - begin) / 2;
    examine(begin, middle, direction, cotangent, gradient);
    examine(middle, end, direction, cotangent, gradient);
  }

  bool direction_agrees(std::size_t begin, std::size_t end, const Numbers& direction, const Numbers& cotangent,
                        const Numbers& gradient) {
    Numbers part(direction.size(), 0.0);
    std::copy(direction.begin() + begin, direction.begin() + end, part.begin() + begin);
    double expected = dot(gradient, part);
    if (!std::isfinite(expected)) return false;
    // Far stricter than for one element: a single wrong one is diluted by all others.
    double tolerance = 1e-3 * options_.rtol;
    auto close = [&](double value, double allowed) {
      return std::abs(expected - value) <=
             options_.atol + tolerance * std::max(std::abs(expected), std::abs(value)) + allowed;
    };
    Line line(derivative_, part, cotangent);
    double quick = (line.value(options_.eps) - line.value(-options_.eps)) / (2 * options_.eps);
    if (close(quick, 0)) return true;
    Samples samples;
    samples.magnitude = line.magnitude();
    samples.zero = dot(derivative_.value(), cotangent);
    for (double step = kLargestStep; step > 1e-9; step /= kStepRatio) {
      samples.steps.push_back(step);
      samples.plus.push_back(line.value(step));
      samples.minus.push_back(line.value(-step));
    }
    Difference difference = internal::differentiate(samples);
    bool precise = difference.error <= std::max(tolerance * std::abs(difference.value), 1e-9 * samples.magnitude);
    return precise && !difference.kink && close(difference.value, 3 * difference.error);
  }

  enum class Verdict { right, wrong, kink, not_finite };

  Verdict judge(double rule, const Difference& difference) const {
    bool have_difference = std::isfinite(difference.error);
    // Beside an output that is itself infinite, 0 * inf in the rule is no fault of its own.
    if (std::isnan(rule) && have_difference)
      return all_finite(derivative_.value()) ? Verdict::not_finite : Verdict::kink;
    double allowed = options_.atol + options_.rtol * std::max(std::abs(rule), std::abs(difference.value));
    bool agrees = std::abs(rule - difference.value) <= allowed + 5 * difference.error;
    if (std::isfinite(rule) && agrees && difference.error <= allowed) return Verdict::right;
    if (difference.kink || !have_difference) {
      double low = std::min(difference.left, difference.right), high = std::max(difference.left, difference.right);
      double room = 1e-3 * (high - low) + 20 * difference.side_error +
                    options_.rtol * std::max(std::abs(low), std::abs(high)) + options_.atol;
      bool one_of_the_slopes = rule >= low - room && rule <= high + room;
      if (one_of_the_slopes || !have_difference || std::isinf(rule)) return Verdict::kink;
      return Verdict::wrong;
    }
    if (std::isinf(rule))
      return difference.error > 1e-3 * std::abs(difference.value) ? Verdict::kink : Verdict::not_finite;
    if (agrees) return Verdict::right;
    // Where no step finds a slope, one that hides between the steps cannot be called wrong.
    bool hidden = !difference.precise && std::abs(rule - difference.value) <= difference.hidden_slope;
    return hidden ? Verdict::kink : Verdict::wrong;
  }

  /// Whether a rule that seems wrong gives nothing but rounding errors of terms that cancel: then it gives others where
  /// the inputs differ in their last digits.
  bool is_rounding(Verdict verdict, std::size_t i, const Numbers& cotangent, double rule,
                   const Difference& difference) {
    if (verdict != Verdict::wrong || difference.kink) return false;
    double noise = 0;
    for (int trial = 0; trial < 3; ++trial) {
      Numbers elements = derivative_.elements();
      for (double& element : elements) element += 1e-15 * weights_.next() * element;
      double other = derivative_.pull_back(derivative_.record_at(elements), cotangent)[i];
      noise = std::max(noise, std::abs(other - rule));
    }
    return noise > 1e-2 * std::abs(rule) && std::abs(rule - difference.value) <= 10 * noise + 5 * difference.error;
  }

  /// Steps for one element: down to a small part of its own size, as near a pole or a border of the domain.
  Numbers steps_for(double x) const {
    double size = std::abs(x);
    double smallest = 1e-10 * (size == 0 ? 1 : size);
    Numbers steps;
    for (double step = kLargestStep * std::max(1.0, size); step > smallest * 0.99; step /= kStepRatio)
      steps.push_back(step);
    return steps;
  }

  /// The outputs at x and at steps to both sides of element i.
  struct Moves {
    Numbers steps;
    std::vector<Numbers> plus, minus;

    Samples project(const DerivativeOfOrder& derivative, const Numbers& cotangent) const {
      Samples samples;
      samples.steps = steps;
      samples.zero = dot(derivative.value(), cotangent);
      for (std::size_t k = 0; k < steps.size(); ++k) {
        samples.plus.push_back(dot(plus[k], cotangent));
        samples.minus.push_back(dot(minus[k], cotangent));
      }
      samples.magnitude = weighted_magnitude(derivative, cotangent);
      return samples;
    }
    Samples output(const DerivativeOfOrder& derivative, std::size_t j) const {
      Samples samples;
      samples.steps = steps;
      samples.zero = derivative.value()[j];
      samples.magnitude = derivative.magnitudes()[j];
      for (std::size_t k = 0; k < steps.size(); ++k) {
        samples.plus.push_back(plus[k][j]);
        samples.minus.push_back(minus[k][j]);
      }
      return samples;
    }
  };
  Moves move_element(std::size_t i, const Numbers& steps) {
    Moves moves{.steps = steps, .plus = {}, .minus = {}};
    Numbers moved = derivative_.elements();
    double x = moved[i];
    for (double step : steps) {
      moved[i] = x + step;
      moves.plus.push_back(value_at_step(derivative_, moved));
      moved[i] = x - step;
      moves.minus.push_back(value_at_step(derivative_, moved));
    }
    return moves;
  }

  /// One element of the inputs, all outputs weighted together.
  void check_element(std::size_t i, const Numbers& cotangent, double rule) {
    if (!examined_.insert(i).second) return;
    Moves moves = move_element(i, steps_for(derivative_.elements()[i]));
    Difference difference = internal::differentiate(moves.project(derivative_, cotangent));
    Verdict verdict = judge(rule, difference);
    if (verdict == Verdict::right || is_rounding(verdict, i, cotangent, rule, difference)) return;
    // Each output by itself is judged more precisely, and can be named.
    if (derivative_.value().size() > (verdict == Verdict::kink ? kMostKinks : kMostOutputs)) {
      add_verdict(verdict, i, -1, rule, difference);
      return;
    }
    Numbers column;
    for (const Numbers& row : jacobian_rows()) column.push_back(row[i]);
    judge_column(i, column, moves);
  }

  /// One column of the Jacobian: two evaluations, and more where they disagree.
  void check_column(std::size_t i, const Numbers& column) {
    double x = derivative_.elements()[i];
    double step = options_.eps * std::max(1.0, std::abs(x));
    Moves quick = move_element(i, {step});
    bool agrees = all_finite(column);
    for (std::size_t j = 0; j < column.size() && agrees; ++j) {
      double value = (quick.plus[0][j] - quick.minus[0][j]) / (2 * step);
      agrees =
          std::abs(column[j] - value) <= options_.atol + options_.rtol * std::max(std::abs(column[j]), std::abs(value));
    }
    if (!agrees) judge_column(i, column, move_element(i, steps_for(x)));
  }

  /// Reports the entry that is furthest off, or a kink if there is one.
  void judge_column(std::size_t i, const Numbers& column, const Moves& moves) {
    struct Entry {
      Verdict verdict = Verdict::right;
      std::int64_t output = -1;
      Difference difference;
      double off = 0;
    };
    Entry worst, kink;
    for (std::size_t j = 0; j < column.size(); ++j) {
      if (!std::isfinite(derivative_.value()[j])) continue;
      Entry entry{Verdict::right, static_cast<std::int64_t>(j), internal::differentiate(moves.output(derivative_, j))};
      entry.verdict = judge(column[j], entry.difference);
      if (entry.verdict == Verdict::wrong) {
        Numbers unit(column.size(), 0.0);
        unit[j] = 1;
        if (is_rounding(entry.verdict, i, unit, column[j], entry.difference)) continue;
      }
      double scale = std::max(std::abs(column[j]), std::abs(entry.difference.value));
      // Beside an infinite derivative, 0 * inf makes nan of the others: those are least of all to blame.
      entry.off = std::isfinite(scale) ? std::abs(column[j] - entry.difference.value) / scale : 0;
      if (entry.verdict == Verdict::kink) {
        if (kink.output < 0 || std::isinf(column[j])) kink = entry;
      } else if (entry.verdict != Verdict::right && (worst.output < 0 || entry.off > worst.off)) {
        worst = entry;
      }
    }
    bool beside_infinity = kink.output >= 0 && std::isinf(column[kink.output]);
    if (worst.verdict == Verdict::not_finite && std::isnan(column[worst.output]) && beside_infinity) worst = {};
    for (const Entry& entry : {worst, kink})
      if (entry.output >= 0) add_verdict(entry.verdict, i, entry.output, column[entry.output], entry.difference);
  }

  /// One backward pass for each output.
  const std::vector<Numbers>& jacobian_rows() {
    if (!rows_.empty()) return rows_;
    DerivativeOfOrder::Recording recording = derivative_.record_at_inputs();
    Numbers unit(derivative_.value().size(), 0.0);
    for (std::size_t j = 0; j < unit.size(); ++j) {
      unit[j] = 1;
      rows_.push_back(derivative_.pull_back(recording, unit));
      unit[j] = 0;
    }
    return rows_;
  }

  void add_verdict(Verdict verdict, std::size_t i, std::int64_t output, double rule, const Difference& difference) {
    using Kind = GradcheckFinding::Kind;
    Kind kind = verdict == Verdict::kink ? Kind::kink : verdict == Verdict::not_finite ? Kind::not_finite : Kind::wrong;
    add(kind, i, output, rule, difference.value, difference.error);
  }

  /// output: the flat position, or -1 for a random weighting of all.
  void add(GradcheckFinding::Kind kind, std::size_t element, std::int64_t output, double rule, double difference,
           double uncertainty) {
    bool is_kink = kind == GradcheckFinding::Kind::kink;
    std::vector<GradcheckFinding>& list = is_kink ? report_.kinks : report_.errors;
    if (list.size() >= (is_kink ? kMostKinks : kMostErrors)) return;
    GradcheckFinding finding;
    finding.kind = kind;
    finding.order = derivative_.order();
    Place place = place_of(static_cast<std::int64_t>(element), derivative_.variables());
    finding.input = derivative_.input_of(place.tensor);
    finding.element = std::move(place.index);
    if (finding.input >= 0) {
      finding.input_name = derivative_.name_of_input(finding.input);
      DerivativeOfOrder::Recording recording = derivative_.record_function();
      finding.operations = internal::operations_between(recording.outputs, recording.variables[place.tensor]);
    }
    if (derivative_.order() == 1 && !is_kink)
      finding.fault = kind == GradcheckFinding::Kind::inconsistent ? internal::find_inconsistent_rule(derivative_)
                                                                   : internal::find_faulty_rule(derivative_, element);
    if (output >= 0) {
      Place at = place_of(output, derivative_.outputs());
      finding.output = std::move(at.index);
      if (derivative_.order() > 1) finding.of_input = derivative_.input_of(at.tensor);
      if (finding.of_input >= 0) finding.of_input_name = derivative_.name_of_input(finding.of_input);
    }
    finding.rule = rule;
    finding.difference = difference;
    finding.uncertainty = uncertainty;
    list.push_back(std::move(finding));
  }

  DerivativeOfOrder& derivative_;
  const GradcheckOptions& options_;
  Weights& weights_;
  GradcheckReport& report_;
  std::unordered_set<std::size_t> examined_;
  std::vector<Numbers> rows_;
};

std::string text_of(const GradcheckFinding& finding) {
  using Kind = GradcheckFinding::Kind;
  std::string text = finding.input >= 0 ? concat(finding.input_name, ", element ", index_text(finding.element))
                                        : concat("the cotangent's element ", index_text(finding.element));
  if (finding.order == 2) text += " (second order)";
  if (finding.order > 2) text += concat(" (order ", finding.order, ")");
  std::string value = finding.output.empty() ? "" : concat(" of output ", index_text(finding.output));
  if (finding.of_input >= 0)
    value = concat(" of the gradient by ", finding.of_input_name, ", element ", index_text(finding.output));
  std::string difference = concat("finite differences give ", digits(finding.difference, 10));
  if (std::isfinite(finding.uncertainty)) difference += concat(" (to within ", digits(finding.uncertainty, 1), ")");
  switch (finding.kind) {
    case Kind::kink:
      text += concat(": within a step of a kink, a jump or the border of the domain, so the derivative", value,
                     " cannot be judged; the rule gives ", digits(finding.rule, 10), ", ", difference, ".");
      break;
    case Kind::inconsistent:
      text += concat(": the rule gives ", digits(finding.rule, 10), " when it records the gradient's graph and ",
                     digits(finding.difference, 10), " when it does not.");
      break;
    case Kind::not_finite:
    case Kind::wrong: {
      double apart =
          std::abs(finding.rule - finding.difference) / std::max(std::abs(finding.rule), std::abs(finding.difference));
      text += concat(": the derivative", value, " is ", digits(finding.rule, 10), " by the rule, but ", difference);
      if (std::isfinite(apart)) text += concat(", ", digits(100 * apart, 3), " % apart");
      text += '.';
    }
  }
  if (!finding.fault.empty())
    text += concat(" The rule at fault is that of ", finding.fault, ".");
  else if (!finding.operations.empty())
    text += concat(" Operations from there on, last first: ", finding.operations, ".");
  return text;
}

/// f must be a function: the same inputs, the same value. Recorded or not, with views as inputs or copies of
/// them.
void check_repeatable(DerivativeOfOrder& derivative, SourceLocation where) {
  const Numbers& value = derivative.value();
  for (std::size_t j = 0; j < value.size(); ++j)
    check(
        std::isfinite(value[j]), where, "gradcheck: the function must be finite at the inputs, but element ",
        [&] { return index_text(place_of(static_cast<std::int64_t>(j), derivative.outputs()).index); },
        " of its value is ", [&] { return digits(value[j]); }, ".");
  double largest = largest_of(value);
  for (const Numbers& again : {derivative.evaluate(derivative.elements()), derivative.record_at_inputs().value()}) {
    check(again.size() == value.size(), where, "gradcheck: the function must give the same shape each time, but gave ",
          value.size(), " elements and then ", again.size(), ".");
    for (std::size_t j = 0; j < value.size(); ++j)
      check(
          std::abs(again[j] - value[j]) <= 1e-9 * largest, where,
          "gradcheck: the function must give the same value each time, but gave ", [&] { return digits(value[j], 17); },
          " and then ", [&] { return digits(again[j], 17); },
          ". Draw random numbers (dropout ...) before, or in eval().");
  }
}

GradcheckReport run_gradcheck(CheckedFunction& function, const GradcheckOptions& options, bool throws,
                              SourceLocation where) {
  check(options.eps > 0 && options.rtol >= 0 && options.atol >= 0, where,
        "gradcheck: eps must be above 0, rtol and atol not below 0, but they are ", digits(options.eps), ", ",
        digits(options.rtol), " and ", digits(options.atol), ".");
  check(options.order >= 1, where, "gradcheck: order must be at least 1, but it is ", options.order, ".");
  GradcheckReport report;
  report.seed = options.seed;
  Weights weights(options.seed);
  DerivativeOfOrder derivative(function, report, where);
  check_repeatable(derivative, where);
  while (true) {
    Checker checker(derivative, options, weights, report);
    if (options.fast)
      checker.fast();
    else
      checker.full();
    if (!report.passed() || derivative.order() == options.order) break;
    checker.check_consistency();
    if (!report.passed()) break;
    derivative = DerivativeOfOrder(derivative, weights);
  }
  if (throws && !report.passed()) {
    std::string message = report.text();
    where = CallSite::or_else(where);
    if (where.known()) message += concat(" at ", where);
    throw gradcheck_error(message, std::move(report));
  }
  return report;
}

}  // namespace

GradcheckReport::GradcheckReport() = default;
GradcheckReport::GradcheckReport(const GradcheckReport&) = default;
GradcheckReport::GradcheckReport(GradcheckReport&&) noexcept = default;
GradcheckReport& GradcheckReport::operator=(const GradcheckReport&) = default;
GradcheckReport& GradcheckReport::operator=(GradcheckReport&&) noexcept = default;
GradcheckReport::~GradcheckReport() = default;

bool GradcheckReport::passed() const { return errors.empty(); }

std::string GradcheckReport::text() const {
  std::string text = errors.empty() ? "gradcheck: the gradient agrees with finite differences."
                                    : concat("gradcheck: the gradient must agree with finite differences, but at ",
                                             text_of(errors[0]));
  for (std::size_t i = 1; i < errors.size(); ++i) text += concat("\n  Also at ", text_of(errors[i]));
  if (errors.size() == kMostErrors) text += "\n  There may be more.";
  for (std::size_t i = 0; i < std::min(kinks.size(), kMostKinksShown); ++i)
    text += concat("\n  Not judged: ", text_of(kinks[i]));
  if (kinks.size() > kMostKinksShown)
    text += concat("\n  Not judged: ", kinks.size() - kMostKinksShown, kinks.size() == kMostKinks ? " and more" : "",
                   " others.");
  return text + concat(text.find('\n') == text.npos ? " " : "\n  ", "Seed ", seed, ".");
}

namespace functional {

GradcheckReport gradcheck(const Differentiated& f, const GradcheckInputs& inputs, const GradcheckOptions& options,
                          bool throws, SourceLocation where) {
  return run_gradcheck(*CheckedFunction::of(f, inputs.tensors(), inputs.names(), where), options, throws, where);
}

}  // namespace functional
}  // namespace xgrad
