// The element types that files have and tensors have not, and how they become a tensor's.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "../../autograd/dtype.hpp"
#include "../../autograd/shape.hpp"

namespace xgrad::io::detail {

/// Element type in a file.
enum class Stored : std::uint8_t {
  boolean,  // a byte
  u8,
  i8,
  u16,
  i16,
  u32,
  i32,
  u64,
  i64,
  f8_e4m3,  // no infinities; nan is all ones
  f8_e5m2,
  f16,
  bf16,
  f32,
  f64,
};

std::size_t size_of(Stored stored);
/// The element type as a message names it: "float16".
std::string_view name(Stored stored);
/// The nearest dtype that holds every element; of u64 int64, which holds those below 2^63.
DType dtype_for(Stored stored);
Stored stored_for(DType dtype);
/// Whether a file's bytes are a tensor's, so that they are read straight into it.
bool is_native(Stored stored);

/// Counts a tensor's elements, and their bytes in the file. False where an int64 cannot hold the product of the extents
/// that are not 0, or the bytes have no number.
bool count_elements(const Shape& shape, Stored stored, std::uint64_t& numel, std::uint64_t& bytes);

/// Turns elements of the other byte order round, in place.
void swap_bytes(Stored stored, void* elements, std::size_t count);

/// Writes `count` elements to `to`, of dtype_for(stored), `step` elements apart. `from` may be at any address.
/// Answers with the position of the first that the dtype cannot hold (a u64 from 2^63 on, a boolean that is neither 0
/// nor 1), or `count`.
std::size_t convert(Stored stored, const void* from, void* to, std::size_t count, std::ptrdiff_t step = 1);

/// The first boolean that is neither 0 nor 1, or `count`: a bool of another value is none in C++.
std::size_t first_wrong_boolean(const void* elements, std::size_t count);

}  // namespace xgrad::io::detail
