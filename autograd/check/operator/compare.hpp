// How far two tensors are apart, and whether an error message is one of the house's.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "../../tensor.hpp"

namespace xgrad::internal {

using Tensors = std::vector<Tensor>;

struct Closeness {
  double rtol = 0;        // relative to the element
  double of_largest = 0;  // relative to the largest finite element
  double absolute = 0;
};

/// Empty, or by what the tensors differ. Nan is close to nan alone.
std::string difference(const Tensor& actual, const Tensor& expected, Closeness closeness);

/// Whether both have the same shape and the same elements, bit by bit; the bits of a nan do not matter.
bool is_identical(const Tensor& a, const Tensor& b);
bool is_identical(const Tensors& a, const Tensors& b);

/// The largest finite magnitude; 0 where there is none.
double largest_of(const Tensor& tensor);
double largest_of(const Tensors& tensors);

/// The tensors' shapes: "[2, 3], []".
std::string shapes_text(const Tensors& tensors);

/// Empty, or what is wrong with the way in which an operator refused its input: it must throw std::invalid_argument,
/// std::out_of_range or std::logic_error with one message, "operation: what must hold, but what came. at file:line".
std::string problem_of_refusal(const std::exception& error);

}  // namespace xgrad::internal
