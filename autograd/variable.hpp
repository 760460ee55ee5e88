// What a library of modules does with the tensors it holds, beside the graph. Not for users of the library.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tensor.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// Marks a tensor for good: its copies are looked up in the Substitution that is active on the thread, if there is one.
void mark(const Tensor& tensor) noexcept;

/// Another handle of the same variable, by which it can stand in two places that are told apart.
Tensor alias(const Tensor& tensor);

/// Which storage holds the elements: the same for all views of it.
const void* storage_of(const Tensor& tensor) noexcept;

/// Whether its elements are another library's, of which other handles may show them too without sharing a storage.
bool is_borrowed(const Tensor& tensor) noexcept;

/// How often a tensor's elements have been written over, and where last.
struct Writes {
  std::uint32_t count;
  SourceLocation last;
};
Writes writes_of(const Tensor& tensor) noexcept;

/// Constants of the tensors' values in memory of their own. Of tensors that overlap in memory the copies overlap as
/// well.
std::vector<Tensor> copies_of(std::span<const Tensor> tensors);

/// Throws std::invalid_argument, naming the operation, where elements of the tensor share a place in memory.
void check_own_elements(const char* operation, const Tensor& tensor, SourceLocation where);

/// Gives each leaf the elements and the dtype of its value, a fresh tensor of its shape, so that every handle to the
/// leaf sees them. Gradients are cleared; graphs that saved the old elements refuse to run. Throws nothing: the values
/// have been made before.
void replace_elements(std::span<const Tensor> leaves, std::span<const Tensor> values, SourceLocation where) noexcept;

/// The number of the backward pass that runs the hook that asks.
std::uint64_t current_pass() noexcept;

/// A second tensor of x's elements, behind a node of its own: where a layer's call begins in the graph.
Tensor entrance(const Tensor& x);

/// Leads through `entrance` (of x) what was recorded since that was made: from y down, each operation that took x takes
/// the entrance. So the gradient that comes to the entrance is that of this part of the graph alone.
void lead_through(const Tensor& y, const Tensor& x, const Tensor& entrance);

}  // namespace internal
}  // namespace xgrad
