// What gradcheck checks: a function, with the variables by which it is differentiated.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "../functional.hpp"
#include "../tensor.hpp"
#include "numbers.hpp"

namespace xgrad::internal {

/// A function that can be computed anywhere and differentiated where the inputs are.
class CheckedFunction {
 public:
  virtual ~CheckedFunction() = default;
  /// The variables at the inputs themselves, ready to record.
  virtual std::vector<Tensor> at_inputs() = 0;
  /// The variables with these elements.
  virtual std::vector<Tensor> at(const Numbers& elements) = 0;
  virtual Tensor call(std::span<const Tensor> variables) = 0;
  /// Which input a variable is.
  virtual int input_of(int variable) const = 0;
  /// An input as messages name it: by the name that it was given, else "input 1", "variable 1" of a closure.
  std::string name_of_input(int input) const;

  /// A function of tensors; those of its inputs that are floating are its variables. Or a closure: its variables are
  /// moved in place, and back in the end. Names may be empty.
  static std::unique_ptr<CheckedFunction> of(const functional::Differentiated& f, std::span<const Tensor> inputs,
                                             std::span<const std::string> names, SourceLocation where);

 protected:
  /// `noun` stands for inputs without a name: "input" 1.
  CheckedFunction(const char* noun, std::span<const std::string> names)
      : noun_(noun), names_(names.begin(), names.end()) {}

 private:
  const char* noun_;
  std::vector<std::string> names_;
};

Numbers flatten(std::span<const Tensor> tensors);
/// Tensors of these shapes from a flat list of their elements.
std::vector<Tensor> unflatten(const Numbers& numbers, std::span<const Shape> shapes);

}  // namespace xgrad::internal
