// Rows that are put together from short rows of several tensors, and cut into them again: cat and stack along a last
// axis.
#pragma once

#include <cstdint>
#include <span>

#include "../dtype.hpp"

namespace xgrad::internal {

/// The rows of one tensor, without gaps between them. No data: nothing is read or written for it.
struct RowsOfPart {
  void* data;
  std::int64_t length;  // elements of a row
};

/// Rows up to this length are worth these kernels; longer ones are copied tensor by tensor.
inline constexpr std::int64_t kShortRow = 64;

/// Each of `rows` rows of `whole`, without gaps, is the parts' rows one after the other.
void join_rows(DType dtype, void* whole, std::span<const RowsOfPart> parts, std::int64_t rows);

/// The other way: the parts' rows are cut out of the rows of `whole`.
void cut_rows(DType dtype, const void* whole, std::span<const RowsOfPart> parts, std::int64_t rows);

}  // namespace xgrad::internal
