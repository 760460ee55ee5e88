// The inputs on which an operator is tried: their shapes, elements and memory layouts, right ones and wrong ones.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "../../ops/random.hpp"
#include "../check_operator.hpp"
#include "compare.hpp"

namespace xgrad::internal {

Tensor draw(const OperatorInput& input, const Shape& shape, Generator& generator);

/// Shapes for an elementwise operator of so many operands: small ones, and ones that broadcast.
std::vector<std::vector<Shape>> elementwise_shapes(std::size_t operands);
/// Shapes large enough that an elementwise operator takes several threads.
std::vector<std::vector<Shape>> large_elementwise_shapes(std::size_t operands);

/// The same elements in another memory layout; of `is_other` a part of them, repeated.
struct Layout {
  const char* name;
  Tensor (*make)(const Tensor&);
  bool is_other;
};
std::span<const Layout> layouts();

/// The inputs with one of them spoiled, and how: "input 1 undefined".
struct Spoiled {
  std::string how;
  Tensors inputs;
};
/// Other ranks, extents and dtypes, undefined tensors, and integers that are no index.
std::vector<Spoiled> spoiled(const OperatorRow& row, const Tensors& inputs, Generator& generator);

/// Whole numbers of the range of each floating input, away from what it avoids, as int64 or boolean.
Tensors as_integers(const OperatorRow& row, const Tensors& inputs, DType dtype);

Tensors map_all(const Tensors& tensors, Tensor (*f)(const Tensor&));
Tensor to_float32(const Tensor& x);  ///< of floating tensors; integers stay
Tensor to_float64(const Tensor& x);  ///< of floating tensors; integers stay
Tensor plain_copy(const Tensor& x);
bool takes_floating(const Tensors& inputs);

}  // namespace xgrad::internal
