// What gradcheck checks, as functions of flat lists of numbers: the function, its gradient, the gradient's
// gradient ...
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../functional.hpp"
#include "../tensor.hpp"
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

  /// A function of tensors; those of its inputs that are floating are its variables.
  static std::unique_ptr<Subject> of(const TensorFunction& f, std::span<const Tensor> inputs, SourceLocation where);
  /// A function of no arguments: its variables are moved in place, and back in the end.
  static std::unique_ptr<Subject> of(const Function<Tensor()>& f, std::span<const Tensor> variables,
                                     SourceLocation where);
};

/// A subject's derivative of some order. Level 1 is the subject itself; level 2 is its gradient for given
/// cotangents, which count as further variables; and so on.
class Level {
 public:
  Level(Subject& subject, GradcheckReport& report, SourceLocation where);
  /// The gradient of `below`, its cotangents random.
  Level(const Level& below, Weights& weights);

  int level() const { return level_; }
  const std::vector<Shape>& variables() const { return variables_; }
  const std::vector<Shape>& outputs() const { return outputs_; }
  /// The elements of all variables, and of all outputs, at the inputs.
  const Numbers& elements() const { return elements_; }
  const Numbers& value() const { return value_; }
  /// What the rounding errors of each output are relative to: its size; of a gradient at least the size that gradients of
  /// this function have on the whole, because a small one may be the difference of larger terms.
  const Numbers& magnitudes() const { return magnitudes_; }
  /// Which input a variable is; -1 for a cotangent.
  int input_of(int variable) const {
    return static_cast<std::size_t>(variable) < counts_[0] ? subject_->input_of(variable) : -1;
  }

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
  /// The subject itself recorded, whatever this level is, at the inputs or where its variables have these elements.
  Recording record_subject();
  Recording record_subject_at(const Numbers& own_elements);
  /// The elements of the subject's variables at the inputs.
  Numbers own_elements() const { return Numbers(elements_.begin(), elements_.begin() + own_count()); }
  Numbers pull_back(const Recording& recording, const Numbers& cotangent, bool create_graph = false) const;

 private:
  std::size_t own_count() const;
  void evaluate_inputs();
  Recording run_subject(std::vector<Tensor> variables);
  std::vector<Tensor> start_at_inputs();
  std::vector<Tensor> start_at(const Numbers& elements) const;
  std::vector<Tensor> with_cotangents(std::vector<Tensor> variables, const Numbers& elements) const;
  std::vector<Tensor> run(std::span<const Tensor> variables, bool record);
  std::vector<Tensor> run_level(int level, std::span<const Tensor> variables, bool record);

  Subject* subject_;
  int level_;
  GradcheckReport* report_;
  SourceLocation where_;
  std::vector<Shape> variables_;     // the subject's, then each level's cotangents
  std::vector<std::size_t> counts_;  // how many of the variables each level has
  std::vector<Shape> outputs_;
  Numbers elements_;
  Numbers value_;
  Numbers magnitudes_;
  double scale_ = 0;  // the size that outputs have on the whole
};

}  // namespace xgrad::internal
