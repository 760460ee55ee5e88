// The extension interface: record() makes any computation an operator with a derivative of its own. xgrad's operators
// are made by it too. docs/extending.md walks through an example.
#pragma once

#include <initializer_list>
#include <span>
#include <vector>

#include "rule.hpp"
#include "tensor.hpp"

namespace xgrad XGRAD_API {

namespace internal {
/// Throws std::out_of_range for an index that Uses::input() or Uses::output() cannot take: of `count`, which `what`
/// counts.
[[noreturn]] void refuse_use(const char* function, const char* what, int index, int count, SourceLocation where);
}  // namespace internal

/// Which values a rule reads: a set of inputs and outputs, Uses::input(1) | Uses::output(). The graph keeps those alive
/// and no others.
class Uses {
 public:
  constexpr Uses() = default;  ///< nothing: the rule needs the cotangent alone
  /// Throws std::out_of_range for an input from kMaxInputs on, or an output from kMaxOutputs on.
  static constexpr Uses input(int i, SourceLocation where = SourceLocation::current()) {
    if (i < 0 || i >= kMaxInputs) internal::refuse_use("Uses::input", "inputs", i, kMaxInputs, where);
    return Uses(std::uint64_t{1} << i);
  }
  static constexpr Uses output(int k = 0, SourceLocation where = SourceLocation::current()) {
    if (k < 0 || k >= kMaxOutputs) internal::refuse_use("Uses::output", "outputs", k, kMaxOutputs, where);
    return Uses(std::uint64_t{1} << (kMaxInputs + k));
  }
  friend constexpr Uses operator|(Uses a, Uses b) { return Uses(a.bits_ | b.bits_); }

  static constexpr int kMaxInputs = 48;
  static constexpr int kMaxOutputs = 16;
  constexpr std::uint64_t bits() const { return bits_; }

 private:
  explicit constexpr Uses(std::uint64_t bits) : bits_(bits) {}
  std::uint64_t bits_ = 0;
};

/// The inputs of an operation: {a, b}, or a list of tensors. Refers to them; lives only as a parameter.
class Inputs {
 public:
  struct Item {
    Item(const Tensor& tensor) : tensor(&tensor) {}
    const Tensor* tensor;
  };
  Inputs(std::initializer_list<Item> items) : items_(items), size_(static_cast<int>(items.size())) {}
  Inputs(std::span<const Tensor> list) : list_(list.data()), size_(static_cast<int>(list.size())) {}
  Inputs(const std::vector<Tensor>& list) : list_(list.data()), size_(static_cast<int>(list.size())) {}

  int size() const { return size_; }
  const Tensor& operator[](int i) const { return list_ != nullptr ? list_[i] : *items_.begin()[i].tensor; }

 private:
  std::initializer_list<Item> items_;
  const Tensor* list_ = nullptr;
  int size_;
};

/// record notes that `output` was computed from `inputs`, and returns it. `rule` computes the inputs' cotangents.
///
/// `uses` tells which values the rule reads to form the cotangent of input 0, of input 1 ...; a single entry speaks for
/// all inputs. An entry of an input that needs no gradient saves nothing. Records nothing when no input requires a
/// gradient or a NoGrad is alive on this thread. `name` must outlive the graph (a string literal).
///
///     Tensor cube(const Operand& x) {                        // y = x^3, dy/dx = 3 x^2
///       Tensor y = ...;                                      // computed in any way, outside of the graph
///       return record("cube", x.where(), {x.tensor("cube")}, y, {Uses::input(0)},
///                     [](Vjp& vjp) { vjp.give(0, 3 * vjp.g() * square(vjp.input(0))); });
///     }
///
/// Where `output` is one of the inputs, or was recorded before, the result is a second handle to its elements. Integer
/// and boolean outputs carry no gradient. Throws std::logic_error when `uses` names inputs or outputs that are not
/// there, an input or output is undefined, or the rule is empty.
Tensor record(const char* name, SourceLocation where, Inputs inputs, Tensor output, std::initializer_list<Uses> uses,
              Rule rule);

/// record of an operation with several outputs.
std::vector<Tensor> record(const char* name, SourceLocation where, Inputs inputs, std::vector<Tensor> outputs,
                           std::initializer_list<Uses> uses, Rule rule);

/// is_recording tells whether record() has anything to do for an operation on these inputs: for operators that compute
/// more then, and call it only then.
bool is_recording(Inputs inputs);

namespace internal {
/// record() for an operator that knows already that its inputs are tensors, that its output is floating, and that there
/// is something to record, or an observer.
Tensor record_known(const char* name, SourceLocation where, Inputs inputs, Tensor output,
                    std::initializer_list<Uses> uses, Rule rule);
}  // namespace internal

}  // namespace xgrad
