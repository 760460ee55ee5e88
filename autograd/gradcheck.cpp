#include "autograd/gradcheck.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "autograd/internal/differences.hpp"
#include "autograd/internal/node.hpp"
#include "autograd/ops/create.hpp"

namespace xgrad {
namespace {

using internal::Difference;
using internal::Node;
using internal::Samples;
using Numbers = std::vector<double>;

constexpr std::size_t kMostErrors = 5;      // reported
constexpr std::size_t kMostKinks = 20;      // reported
constexpr std::size_t kMostOutputs = 4096;  // for which one backward pass each is made to name the output
constexpr double kLargestStep = 1e-2;
constexpr double kStepRatio = 10;

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

std::int64_t total(std::span<const Shape> shapes) {
  std::int64_t count = 0;
  for (const Shape& shape : shapes) count += shape.numel();
  return count;
}

std::vector<Shape> shapes_of(std::span<const Tensor> tensors) {
  std::vector<Shape> shapes;
  for (const Tensor& tensor : tensors) shapes.push_back(tensor.shape());
  return shapes;
}

/// Which tensor of the list, and where in it, a flat position is.
struct Place {
  int tensor = 0;
  std::vector<std::int64_t> index;
};
Place place_of(std::int64_t position, std::span<const Shape> shapes) {
  Place place;
  while (position >= shapes[place.tensor].numel()) position -= shapes[place.tensor++].numel();
  const Shape& shape = shapes[place.tensor];
  place.index.resize(shape.ndim());
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    place.index[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return place;
}

double dot(const Numbers& a, const Numbers& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (a[i] != 0 && b[i] != 0) sum += a[i] * b[i];  // a weight of 0 leaves out what may be inf
  return sum;
}

bool all_finite(const Numbers& numbers) {
  return std::all_of(numbers.begin(), numbers.end(), [](double number) { return std::isfinite(number); });
}

/// What is checked: a function that can be computed anywhere and differentiated where the inputs are.
class Subject {
 public:
  virtual ~Subject() = default;
  /// The variables at the inputs themselves, ready to record.
  virtual std::vector<Tensor> at_inputs() = 0;
  /// The variables with these elements.
  virtual std::vector<Tensor> at(const Numbers& elements) = 0;
  virtual Tensor call(std::span<const Tensor> variables) = 0;
  /// Which input a variable is.
  virtual int input_of(int variable) const = 0;
};

class FunctionSubject : public Subject {
 public:
  FunctionSubject(const TensorFunction& f, std::span<const Tensor> inputs, SourceLocation where)
      : f_(f), inputs_(inputs.begin(), inputs.end()) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      check(inputs[i].defined(), where, "gradcheck: input ", i, " must be defined.");
      if (!is_floating(inputs[i].dtype())) continue;
      check(inputs[i].dtype() == DType::float64, where, "gradcheck: input ", i,
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
  const TensorFunction& f_;
  std::vector<Tensor> inputs_;
  std::vector<int> input_of_;
  std::vector<Shape> shapes_;
};

/// A function of no arguments: its variables are moved in place, and back in the end.
class ClosureSubject : public Subject {
 public:
  ClosureSubject(const std::function<Tensor()>& f, std::span<const Tensor> variables, SourceLocation where)
      : f_(f), variables_(variables.begin(), variables.end()) {
    std::unordered_set<const Node*> known;
    for (std::size_t i = 0; i < variables.size(); ++i) {
      const Tensor& variable = variables[i];
      check(variable.defined(), where, "gradcheck: variable ", i, " must be defined.");
      check(variable.dtype() == DType::float64, where, "gradcheck: variable ", i,
            " must be float64, but it is ", variable.dtype(),
            ": differences of its values have too few digits to judge a gradient by. Check the model "
            "in float64.");
      check<std::logic_error>(
          variable.is_leaf() && variable.requires_grad(), where, "gradcheck: variable ", i,
          " must be a leaf that requires a gradient, so that it can be moved and differentiated.");
      check(known.insert(variable.impl()->node.get()).second, where, "gradcheck: variable ", i,
            " must be named once, but it was named before.");
      shapes_.push_back(variable.shape());
    }
    original_ = unflatten(flatten(variables_), shapes_);
  }
  ~ClosureSubject() override { move_to(original_); }

  std::vector<Tensor> at_inputs() override {
    move_to(original_);
    return variables_;
  }
  std::vector<Tensor> at(const Numbers& elements) override {
    move_to(unflatten(elements, shapes_));
    return variables_;
  }
  Tensor call(std::span<const Tensor>) override { return f_(); }
  int input_of(int variable) const override { return variable; }

 private:
  void move_to(const std::vector<Tensor>& values) {
    for (std::size_t i = 0; i < variables_.size(); ++i) variables_[i].assign(values[i]);
  }

  const std::function<Tensor()>& f_;
  std::vector<Tensor> variables_;
  std::vector<Tensor> original_;
  std::vector<Shape> shapes_;
};

/// A subject's derivative of some order as a function of flat lists of numbers. Level 1 is the subject
/// itself; level 2 is its gradient for given cotangents, which count as further variables; and so on.
class Level {
 public:
  Level(Subject& subject, GradcheckReport& report, SourceLocation where)
      : subject_(&subject), level_(1), report_(&report), where_(where) {
    std::vector<Tensor> variables = subject.at_inputs();
    variables_ = shapes_of(variables);
    elements_ = flatten(variables);
    counts_ = {variables_.size()};
    evaluate_inputs();
  }
  /// The gradient of `below`, its cotangents random.
  Level(const Level& below, Weights& weights)
      : subject_(below.subject_),
        level_(below.level_ + 1),
        report_(below.report_),
        where_(below.where_),
        variables_(below.variables_),
        counts_(below.counts_),
        elements_(below.elements_) {
    for (const Shape& shape : below.outputs_) {
      variables_.push_back(shape);
      Numbers cotangent = weights.list(shape.numel());
      elements_.insert(elements_.end(), cotangent.begin(), cotangent.end());
    }
    counts_.push_back(variables_.size());
    evaluate_inputs();
  }

  int level() const { return level_; }
  const std::vector<Shape>& variables() const { return variables_; }
  const std::vector<Shape>& outputs() const { return outputs_; }
  const Numbers& elements() const { return elements_; }
  const Numbers& value() const { return value_; }
  /// Which input a variable is; -1 for a cotangent.
  int input_of(int variable) const {
    return static_cast<std::size_t>(variable) < counts_[0] ? subject_->input_of(variable) : -1;
  }

  Numbers evaluate(const Numbers& elements) {
    std::vector<Tensor> variables =
        subject_->at(Numbers(elements.begin(), elements.begin() + own_elements()));
    return flatten(run(with_cotangents(std::move(variables), elements), false));
  }

  /// The function recorded at the inputs, for pulling cotangents back through.
  struct Recording {
    std::vector<Tensor> variables;
    std::vector<Tensor> outputs;
  };
  Recording record_at_inputs() {
    Recording recording{start_at_inputs(), {}};
    recording.outputs = run(recording.variables, true);
    return recording;
  }
  /// The subject itself recorded, whatever this level is.
  Recording record_subject() {
    Recording recording{subject_->at_inputs(), {}};
    require_gradients(recording.variables);
    recording.outputs = run_level(1, recording.variables, true);
    return recording;
  }
  Numbers pull_back(const Recording& recording, const Numbers& cotangent, bool create_graph = false) const {
    return flatten(gradients(recording.outputs, recording.variables, unflatten(cotangent, outputs_),
                             {.create_graph = create_graph, .retain_graph = true}));
  }

 private:
  void evaluate_inputs() {
    std::vector<Tensor> outputs = run(start_at_inputs(), false);
    outputs_ = shapes_of(outputs);
    value_ = flatten(outputs);
  }

  std::int64_t own_elements() const { return total(std::span(variables_).first(counts_[0])); }

  std::vector<Tensor> start_at_inputs() { return with_cotangents(subject_->at_inputs(), elements_); }

  std::vector<Tensor> with_cotangents(std::vector<Tensor> variables, const Numbers& elements) const {
    for (Tensor& cotangent : unflatten(Numbers(elements.begin() + own_elements(), elements.end()),
                                       std::span(variables_).subspan(counts_[0])))
      variables.push_back(std::move(cotangent));
    return variables;
  }

  std::vector<Tensor> run(std::span<const Tensor> variables, bool record) {
    require_gradients(variables);
    return run_level(level_, variables, record);
  }

  static void require_gradients(std::span<const Tensor> variables) {
    for (Tensor variable : variables)
      if (!variable.requires_grad()) variable.set_requires_grad();
  }

  std::vector<Tensor> run_level(int level, std::span<const Tensor> variables, bool record) {
    if (level == 1) {
      ++report_->evaluations;
      GradMode mode(record);
      Tensor value = subject_->call(variables);
      check(value.defined() && value.dtype() == DType::float64, where_,
            "gradcheck: the function must give a float64 ", "tensor, but it gave ",
            value.defined() ? concat("one of ", value.dtype()) : "an undefined one", ".");
      return {value};
    }
    std::span<const Tensor> below = variables.first(counts_[level - 2]);
    std::vector<Tensor> outputs = run_level(level - 1, below, true);
    std::span<const Tensor> cotangents = variables.subspan(below.size(), outputs.size());
    return gradients(outputs, below, cotangents, {.create_graph = record});
  }

  std::vector<Tensor> gradients(std::span<const Tensor> outputs, std::span<const Tensor> variables,
                                std::span<const Tensor> cotangents, GradOptions options) const {
    std::vector<Tensor> kept_outputs, kept_cotangents;
    for (std::size_t i = 0; i < outputs.size(); ++i) {
      if (!outputs[i].requires_grad()) continue;
      kept_outputs.push_back(outputs[i]);
      kept_cotangents.push_back(cotangents[i]);
    }
    options.allow_unused = true;
    std::vector<Tensor> results(variables.size());
    if (!kept_outputs.empty()) results = grad(kept_outputs, variables, kept_cotangents, options, where_);
    for (std::size_t i = 0; i < results.size(); ++i)
      if (!results[i].defined()) results[i] = zeros(variables[i].shape(), {.dtype = DType::float64});
    return results;
  }

  Subject* subject_;
  int level_;
  GradcheckReport* report_;
  SourceLocation where_;
  std::vector<Shape> variables_;     // the subject's, then each level's cotangents
  std::vector<std::size_t> counts_;  // how many of the variables each level has
  std::vector<Shape> outputs_;
  Numbers elements_;
  Numbers value_;
};

/// The operations on the way from a variable to the outputs, the last one first: "sum (a.cpp:3), tanh
/// (a.cpp:2)".
std::string operations_between(std::span<const Tensor> outputs, const Tensor& variable) {
  constexpr std::size_t kMost = 6;
  const Node* target = variable.impl()->node.get();
  std::unordered_map<const Node*, bool> reaches{{target, true}};
  std::vector<const Node*> order;  // each after its producers
  struct Visit {
    const Node* node;
    int next = 0;
  };
  std::vector<Visit> path;
  auto enter = [&](const Node* node) {
    if (node != nullptr && reaches.emplace(node, false).second) path.push_back({node});
  };
  for (const Tensor& output : outputs) {
    enter(output.impl()->node.get());
    while (!path.empty()) {
      Visit& visit = path.back();
      if (visit.next < visit.node->edges.size()) {
        enter(visit.node->edges[visit.next++].producer.get());
        continue;
      }
      const Node* done = visit.node;
      path.pop_back();
      bool& reached = reaches[done];
      for (const auto& edge : done->edges) reached |= edge.producer && reaches[edge.producer.get()];
      if (reached) order.push_back(done);
    }
  }
  std::string text;
  std::vector<std::string> named;
  for (auto node = order.rbegin(); node != order.rend(); ++node) {
    std::string name =
        (*node)->where.known() ? concat((*node)->name, " (", (*node)->where, ")") : (*node)->name;
    if (std::find(named.begin(), named.end(), name) != named.end()) continue;
    if (named.size() == kMost) return text + ", ...";
    text += (named.empty() ? "" : ", ") + name;
    named.push_back(std::move(name));
  }
  return text;
}

/// Checks one level and writes what it finds into the report.
class Checker {
 public:
  Checker(Level& level, const GradcheckOptions& options, Weights& weights, GradcheckReport& report)
      : level_(level), options_(options), weights_(weights), report_(report) {}

  void fast() {
    const Numbers& x = level_.elements();
    const Numbers& y = level_.value();
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
    double largest = 0;
    for (double value : y) largest = std::max(largest, std::isfinite(value) ? std::abs(value) : 0);
    for (std::size_t j = 0; j < y.size() && largest > 0; ++j)
      cotangent[j] /= std::max(std::abs(y[j]), 1e-3 * largest);
    check_direction(direction, cotangent);
  }

  void full() {
    std::size_t count = level_.elements().size(), outputs = level_.value().size();
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
    if (level_.value().empty()) return;
    Numbers cotangent = weights_.list(level_.value().size());
    Level::Recording recording = level_.record_at_inputs();
    Numbers plain = level_.pull_back(recording, cotangent);
    Numbers recorded = level_.pull_back(recording, cotangent, true);
    double largest = 0;
    for (double number : plain) largest = std::max(largest, std::isfinite(number) ? std::abs(number) : 0);
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
    Line(Level& level, const Numbers& direction, const Numbers& cotangent)
        : level_(level), direction_(direction), cotangent_(cotangent) {}
    double value(double step) {
      Numbers moved = level_.elements();
      for (std::size_t i = 0; i < moved.size(); ++i)
        if (direction_[i] != 0) moved[i] += step * direction_[i];
      return dot(level_.evaluate(moved), cotangent_);
    }
    double magnitude() const {
      double sum = 0;
      for (std::size_t j = 0; j < cotangent_.size(); ++j)
        if (cotangent_[j] != 0) sum += std::abs(cotangent_[j] * level_.value()[j]);
      return sum;
    }

   private:
    Level& level_;
    const Numbers& direction_;
    const Numbers& cotangent_;
  };

  void check_direction(const Numbers& direction, Numbers cotangent) {
    // An output that is not finite itself (the gradient of sqrt at 0) has no differences to compare with.
    for (std::size_t j = 0; j < cotangent.size(); ++j)
      if (!std::isfinite(level_.value()[j])) cotangent[j] = 0;
    Numbers gradient = level_.pull_back(level_.record_at_inputs(), cotangent);
    examine(0, direction.size(), direction, cotangent, gradient);
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

  bool direction_agrees(std::size_t begin, std::size_t end, const Numbers& direction,
                        const Numbers& cotangent, const Numbers& gradient) {
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
    Line line(level_, part, cotangent);
    double quick = (line.value(options_.eps) - line.value(-options_.eps)) / (2 * options_.eps);
    if (close(quick, 0)) return true;
    Samples samples;
    samples.magnitude = line.magnitude();
    samples.zero = dot(level_.value(), cotangent);
    for (double step = kLargestStep; step > 1e-9; step /= kStepRatio) {
      samples.steps.push_back(step);
      samples.plus.push_back(line.value(step));
      samples.minus.push_back(line.value(-step));
    }
    Difference difference = internal::differentiate(samples);
    bool precise =
        difference.error <= std::max(tolerance * std::abs(difference.value), 1e-9 * samples.magnitude);
    return precise && !difference.kink && close(difference.value, 3 * difference.error);
  }

  enum class Verdict { right, wrong, kink, not_finite };

  Verdict judge(double rule, const Difference& difference) const {
    bool have_difference = std::isfinite(difference.error);
    if (std::isnan(rule) && have_difference) return Verdict::not_finite;
    if (difference.kink || !have_difference) {
      double low = std::min(difference.left, difference.right),
             high = std::max(difference.left, difference.right);
      double room =
          1e-3 * (high - low) + options_.rtol * std::max(std::abs(low), std::abs(high)) + options_.atol;
      bool one_of_the_slopes = rule >= low - room && rule <= high + room;
      if (one_of_the_slopes || !have_difference || std::isinf(rule)) return Verdict::kink;
      return Verdict::wrong;
    }
    if (std::isinf(rule))
      return difference.error > 1e-3 * std::abs(difference.value) ? Verdict::kink : Verdict::not_finite;
    double allowed = options_.atol + options_.rtol * std::max(std::abs(rule), std::abs(difference.value));
    return std::abs(rule - difference.value) <= allowed + 5 * difference.error ? Verdict::right
                                                                               : Verdict::wrong;
  }

  /// Steps for one element: down to a small part of its own size, as near a pole or a border of the domain.
  Numbers steps_for(double x) const {
    double size = std::abs(x);
    double smallest = std::max(1e-7 * (size == 0 ? 1 : std::min(1.0, size)), 1e-8 * size);
    Numbers steps;
    for (double step = kLargestStep * std::max(1.0, size); step > smallest * 0.99; step /= kStepRatio)
      steps.push_back(step);
    return steps;
  }

  /// The outputs at x and at steps to both sides of element i.
  struct Moves {
    Numbers steps;
    std::vector<Numbers> plus, minus;

    Samples project(const Numbers& zero, const Numbers& cotangent) const {
      Samples samples;
      samples.steps = steps;
      samples.zero = dot(zero, cotangent);
      for (std::size_t k = 0; k < steps.size(); ++k) {
        samples.plus.push_back(dot(plus[k], cotangent));
        samples.minus.push_back(dot(minus[k], cotangent));
      }
      for (std::size_t j = 0; j < zero.size(); ++j)
        if (cotangent[j] != 0) samples.magnitude += std::abs(cotangent[j] * zero[j]);
      return samples;
    }
    Samples output(const Numbers& zero, std::size_t j) const {
      Samples samples;
      samples.steps = steps;
      samples.zero = zero[j];
      samples.magnitude = std::abs(zero[j]);
      for (std::size_t k = 0; k < steps.size(); ++k) {
        samples.plus.push_back(plus[k][j]);
        samples.minus.push_back(minus[k][j]);
      }
      return samples;
    }
  };
  Moves move_element(std::size_t i, const Numbers& steps) {
    Moves moves{.steps = steps, .plus = {}, .minus = {}};
    Numbers moved = level_.elements();
    double x = moved[i];
    for (double step : steps) {
      moved[i] = x + step;
      moves.plus.push_back(level_.evaluate(moved));
      moved[i] = x - step;
      moves.minus.push_back(level_.evaluate(moved));
    }
    return moves;
  }

  /// One element of the inputs, all outputs weighted together.
  void check_element(std::size_t i, const Numbers& cotangent, double rule) {
    if (!examined_.insert(i).second) return;
    Moves moves = move_element(i, steps_for(level_.elements()[i]));
    Difference difference = internal::differentiate(moves.project(level_.value(), cotangent));
    Verdict verdict = judge(rule, difference);
    if (verdict == Verdict::right) return;
    if (verdict == Verdict::kink) {
      add(GradcheckFinding::Kind::kink, i, -1, rule, difference.value, difference.error);
      return;
    }
    if (level_.value().size() == 1) {
      add_wrong(verdict, i, 0, rule / cotangent[0], scaled(difference, 1 / cotangent[0]));
      return;
    }
    std::size_t before = report_.errors.size();
    if (level_.value().size() <= kMostOutputs) {
      Numbers column;
      for (const Numbers& row : jacobian_rows()) column.push_back(row[i]);
      judge_column(i, column, moves);
    }
    if (report_.errors.size() == before) add_wrong(verdict, i, -1, rule, difference);
  }

  static Difference scaled(Difference difference, double factor) {
    difference.value *= factor;
    difference.error *= std::abs(factor);
    return difference;
  }

  /// One column of the Jacobian: two evaluations, and more where they disagree.
  void check_column(std::size_t i, const Numbers& column) {
    double x = level_.elements()[i];
    double step = options_.eps * std::max(1.0, std::abs(x));
    Moves quick = move_element(i, {step});
    bool agrees = all_finite(column);
    for (std::size_t j = 0; j < column.size() && agrees; ++j) {
      double value = (quick.plus[0][j] - quick.minus[0][j]) / (2 * step);
      agrees = std::abs(column[j] - value) <=
               options_.atol + options_.rtol * std::max(std::abs(column[j]), std::abs(value));
    }
    if (!agrees) judge_column(i, column, move_element(i, steps_for(x)));
  }

  /// Reports the entry that is furthest off, and a kink if there is one.
  void judge_column(std::size_t i, const Numbers& column, const Moves& moves) {
    std::optional<std::size_t> worst, kink;
    Difference worst_difference, kink_difference;
    double worst_ratio = 0;
    Verdict worst_verdict = Verdict::right;
    for (std::size_t j = 0; j < column.size(); ++j) {
      if (!std::isfinite(level_.value()[j])) continue;
      Difference difference = internal::differentiate(moves.output(level_.value(), j));
      Verdict verdict = judge(column[j], difference);
      if (verdict == Verdict::kink && !kink) {
        kink = j;
        kink_difference = difference;
      }
      if (verdict != Verdict::wrong && verdict != Verdict::not_finite) continue;
      double scale = std::max(std::abs(column[j]), std::abs(difference.value));
      double ratio = std::isfinite(scale) ? std::abs(column[j] - difference.value) / scale : 2;
      if (worst && ratio <= worst_ratio) continue;
      worst = j;
      worst_ratio = ratio;
      worst_difference = difference;
      worst_verdict = verdict;
    }
    if (worst)
      add_wrong(worst_verdict, i, static_cast<std::int64_t>(*worst), column[*worst], worst_difference);
    if (kink)
      add(GradcheckFinding::Kind::kink, i, static_cast<std::int64_t>(*kink), column[*kink],
          kink_difference.value, kink_difference.error);
  }

  /// One backward pass for each output.
  const std::vector<Numbers>& jacobian_rows() {
    if (!rows_.empty()) return rows_;
    Level::Recording recording = level_.record_at_inputs();
    Numbers unit(level_.value().size(), 0.0);
    for (std::size_t j = 0; j < unit.size(); ++j) {
      unit[j] = 1;
      rows_.push_back(level_.pull_back(recording, unit));
      unit[j] = 0;
    }
    return rows_;
  }

  void add_wrong(Verdict verdict, std::size_t i, std::int64_t output, double rule,
                 const Difference& difference) {
    auto kind =
        verdict == Verdict::not_finite ? GradcheckFinding::Kind::not_finite : GradcheckFinding::Kind::wrong;
    add(kind, i, output, rule, difference.value, difference.error);
  }

  /// output: the flat position, or -1 for a random weighting of all.
  void add(GradcheckFinding::Kind kind, std::size_t element, std::int64_t output, double rule,
           double difference, double uncertainty) {
    bool is_kink = kind == GradcheckFinding::Kind::kink;
    std::vector<GradcheckFinding>& list = is_kink ? report_.kinks : report_.errors;
    if (list.size() >= (is_kink ? kMostKinks : kMostErrors)) return;
    GradcheckFinding finding;
    finding.kind = kind;
    finding.order = level_.level();
    Place place = place_of(static_cast<std::int64_t>(element), level_.variables());
    finding.input = level_.input_of(place.tensor);
    finding.element = std::move(place.index);
    if (finding.input >= 0) {
      Level::Recording recording = level_.record_subject();
      finding.operations = operations_between(recording.outputs, recording.variables[place.tensor]);
    }
    if (output >= 0) {
      Place at = place_of(output, level_.outputs());
      finding.output = std::move(at.index);
      if (level_.level() > 1) finding.of_input = level_.input_of(at.tensor);
    }
    finding.rule = rule;
    finding.difference = difference;
    finding.uncertainty = uncertainty;
    list.push_back(std::move(finding));
  }

  Level& level_;
  const GradcheckOptions& options_;
  Weights& weights_;
  GradcheckReport& report_;
  std::unordered_set<std::size_t> examined_;
  std::vector<Numbers> rows_;
};

std::string digits(double value, const char* format = "%.10g") {
  char text[40];
  std::snprintf(text, sizeof text, format, value);
  return text;
}

std::string index_text(const std::vector<std::int64_t>& index) { return to_string(Shape(std::span(index))); }

std::string text_of(const GradcheckFinding& finding) {
  using Kind = GradcheckFinding::Kind;
  std::string text = finding.input >= 0
                         ? concat("input ", finding.input, ", element ", index_text(finding.element))
                         : concat("the cotangent's element ", index_text(finding.element));
  if (finding.order == 2) text += " (second order)";
  if (finding.order > 2) text += concat(" (order ", finding.order, ")");
  std::string value = finding.output.empty() ? "" : concat(" of output ", index_text(finding.output));
  if (finding.of_input >= 0)
    value = concat(" of the gradient by input ", finding.of_input, ", element ", index_text(finding.output));
  std::string difference = concat("finite differences give ", digits(finding.difference));
  if (std::isfinite(finding.uncertainty))
    difference += concat(" (to within ", digits(finding.uncertainty, "%.1g"), ")");
  switch (finding.kind) {
    case Kind::kink:
      text +=
          concat(": within a step of a kink, a jump or the border of the domain, so the derivative", value,
                 " cannot be judged; the rule gives ", digits(finding.rule), ", ", difference, ".");
      break;
    case Kind::inconsistent:
      text += concat(": the rule gives ", digits(finding.rule), " when it records the gradient's graph and ",
                     digits(finding.difference), " when it does not.");
      break;
    case Kind::not_finite:
    case Kind::wrong: {
      double apart = std::abs(finding.rule - finding.difference) /
                     std::max(std::abs(finding.rule), std::abs(finding.difference));
      text +=
          concat(": the derivative", value, " is ", digits(finding.rule), " by the rule, but ", difference);
      if (std::isfinite(apart)) text += concat(", ", digits(100 * apart, "%.2g"), " % apart");
      text += '.';
    }
  }
  if (!finding.operations.empty())
    text += concat(" Operations from there on, last first: ", finding.operations, ".");
  return text;
}

/// f must be a function: the same inputs, the same value. Recorded or not, with views as inputs or copies of
/// them.
void check_repeatable(Level& level, SourceLocation where) {
  const Numbers& value = level.value();
  for (std::size_t j = 0; j < value.size(); ++j)
    check(std::isfinite(value[j]), where,
          "gradcheck: the function must be finite at the inputs, but element ",
          index_text(place_of(static_cast<std::int64_t>(j), level.outputs()).index), " of its value is ",
          digits(value[j]), ".");
  double largest = 0;
  for (double number : value) largest = std::max(largest, std::abs(number));
  for (const Numbers& again : {level.evaluate(level.elements()), flatten(level.record_at_inputs().outputs)}) {
    check(again.size() == value.size(), where,
          "gradcheck: the function must give the same shape each time, but gave ", value.size(),
          " elements and then ", again.size(), ".");
    for (std::size_t j = 0; j < value.size(); ++j)
      check(std::abs(again[j] - value[j]) <= 1e-9 * largest, where,
            "gradcheck: the function must give the same value each time, but gave ",
            digits(value[j], "%.17g"), " and then ", digits(again[j], "%.17g"),
            ". Draw random numbers (dropout ...) before, or in eval().");
  }
}

GradcheckReport run_gradcheck(Subject& subject, const GradcheckOptions& options, bool throws,
                              SourceLocation where) {
  check(options.eps > 0 && options.rtol >= 0 && options.atol >= 0, where,
        "gradcheck: eps must be above 0, rtol and atol not below 0, but they are ", options.eps, ", ",
        options.rtol, " and ", options.atol, ".");
  check(options.order >= 1, where, "gradcheck: order must be at least 1, but it is ", options.order, ".");
  GradcheckReport report{.errors = {}, .kinks = {}, .seed = options.seed};
  Weights weights(options.seed);
  Level level(subject, report, where);
  check_repeatable(level, where);
  while (true) {
    Checker checker(level, options, weights, report);
    if (options.fast)
      checker.fast();
    else
      checker.full();
    if (!report.passed() || level.level() == options.order) break;
    checker.check_consistency();
    if (!report.passed()) break;
    level = Level(level, weights);
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

std::string GradcheckReport::text() const {
  std::string text =
      errors.empty()
          ? "gradcheck: the gradient agrees with finite differences."
          : concat("gradcheck: the gradient must agree with finite differences, but at ", text_of(errors[0]));
  for (std::size_t i = 1; i < errors.size(); ++i) text += concat("\n  Also at ", text_of(errors[i]));
  if (errors.size() == kMostErrors) text += "\n  There may be more.";
  for (const GradcheckFinding& kink : kinks) text += concat("\n  Not judged: ", text_of(kink));
  return text + concat(text.find('\n') == text.npos ? " " : "\n  ", "Seed ", seed, ".");
}

namespace functional {

GradcheckReport gradcheck(const TensorFunction& f, std::span<const Tensor> inputs,
                          const GradcheckOptions& options, bool throws, SourceLocation where) {
  FunctionSubject subject(f, inputs, where);
  return run_gradcheck(subject, options, throws, where);
}

GradcheckReport gradcheck(const std::function<Tensor()>& f, std::span<const Tensor> variables,
                          const GradcheckOptions& options, bool throws, SourceLocation where) {
  ClosureSubject subject(f, variables, where);
  return run_gradcheck(subject, options, throws, where);
}

}  // namespace functional
}  // namespace xgrad
