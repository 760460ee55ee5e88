// Sums of cotangents, made below the operators.
#pragma once

#include "../tensor.hpp"

namespace xgrad::internal {

/// A tensor of one value.
Tensor filled(const Shape& shape, DType dtype, double value);

/// The elements in a tensor of their own; recorded where this thread records.
Tensor copied(const Tensor& tensor);

/// a + b in a new tensor; recorded where this thread records.
Tensor added(const Tensor& a, const Tensor& b);

/// Adds g to what has come so far, in a buffer that nobody else sees where there is one and no graph is wanted.
void accumulate(Tensor& sum, Tensor g, bool create_graph);

}  // namespace xgrad::internal
