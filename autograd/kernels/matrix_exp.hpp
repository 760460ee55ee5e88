// The exponential of square matrices.
#pragma once

#include <cstdint>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// y [n, n] = exp(x) for each of a stack of matrices, x and y contiguous.
template <class T>
void matrix_exponentials(std::int64_t count, std::int64_t n, const T* x, T* y);

}  // namespace internal
}  // namespace xgrad
