// What a library of modules does with the tensors it holds, beside the graph. Not for users of the library.
#pragma once

#include <span>

#include "tensor.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Marks a tensor for good: its copies are looked up in the Substitution that is active on the thread, if there is one.
void mark(const Tensor& tensor) noexcept;

/// Another handle of the same variable, by which it can stand in two places that are told apart.
Tensor alias(const Tensor& tensor);

/// Which storage holds the elements: the same for all views of it.
const void* storage_of(const Tensor& tensor) noexcept;

/// Throws std::invalid_argument, naming the operation, where elements of the tensor share a place in memory.
void check_own_elements(const char* operation, const Tensor& tensor, SourceLocation where);

/// Gives each leaf the elements and the dtype of its value, a fresh tensor of its shape, so that every handle to the leaf
/// sees them. Gradients are cleared; graphs that saved the old elements refuse to run. Throws nothing: the values have
/// been made before.
void replace_elements(std::span<const Tensor> leaves, std::span<const Tensor> values, SourceLocation where) noexcept;

}  // namespace internal
}  // namespace xgrad
