#include "elements.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace xgrad::io::detail {

static_assert(std::endian::native == std::endian::little, "the files' elements are read as they lie in memory");

namespace {

struct Kind {
  std::size_t size;
  std::string_view name;
  DType dtype;
};

constexpr Kind kKinds[] = {
    {1, "boolean", DType::boolean},     {1, "uint8", DType::int64},         {1, "int8", DType::int64},
    {2, "uint16", DType::int64},        {2, "int16", DType::int64},         {4, "uint32", DType::int64},
    {4, "int32", DType::int64},         {8, "uint64", DType::int64},        {8, "int64", DType::int64},
    {1, "float8_e4m3", DType::float32}, {1, "float8_e5m2", DType::float32}, {2, "float16", DType::float32},
    {2, "bfloat16", DType::float32},    {4, "float32", DType::float32},     {8, "float64", DType::float64},
};

const Kind& kind_of(Stored stored) { return kKinds[static_cast<int>(stored)]; }

/// A small floating number of IEEE 754's form. `infinities`: whether the largest exponent stands for infinity and nan;
/// else it is one like the others, and only all ones are nan.
float small_float(std::uint32_t bits, int exponent_bits, int mantissa_bits, bool infinities) {
  const bool negative = bits >> (exponent_bits + mantissa_bits) & 1;
  const std::uint32_t top = (1U << exponent_bits) - 1, ones = (1U << mantissa_bits) - 1;
  const std::uint32_t exponent = bits >> mantissa_bits & top, mantissa = bits & ones;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  std::uint32_t wide;
  if (exponent == top && (infinities || mantissa == ones))
    wide = 0x7F800000U | (infinities ? mantissa << (23 - mantissa_bits) : 0x00400000U);
  else if (exponent == 0)
    wide = std::bit_cast<std::uint32_t>(std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits));
  else
    wide = (exponent + static_cast<std::uint32_t>(127 - bias)) << 23 | mantissa << (23 - mantissa_bits);
  return std::bit_cast<float>(wide | (negative ? 0x80000000U : 0));
}

template <class From, class To, class F>
void each_element(const void* from, void* to, std::size_t count, std::ptrdiff_t step, const F& f) {
  const char* source = static_cast<const char*>(from);
  To* target = static_cast<To*>(to);
  for (std::size_t i = 0; i < count; ++i, source += sizeof(From), target += step) {
    From element;
    std::memcpy(&element, source, sizeof element);
    *target = f(element);
  }
}

template <class From>
std::size_t integers(const void* from, void* to, std::size_t count, std::ptrdiff_t step) {
  each_element<From, std::int64_t>(from, to, count, step, [](From x) { return static_cast<std::int64_t>(x); });
  return count;
}

template <class From, class F>
std::size_t floats(const void* from, void* to, std::size_t count, std::ptrdiff_t step, const F& f) {
  each_element<From, float>(from, to, count, step, f);
  return count;
}

}  // namespace

std::size_t size_of(Stored stored) { return kind_of(stored).size; }
std::string_view name(Stored stored) { return kind_of(stored).name; }
DType dtype_for(Stored stored) { return kind_of(stored).dtype; }

Stored stored_for(DType dtype) {
  constexpr Stored kStored[] = {Stored::boolean, Stored::i64, Stored::f32, Stored::f64};
  return kStored[static_cast<int>(dtype)];
}

bool is_native(Stored stored) { return stored_for(dtype_for(stored)) == stored; }

bool count_elements(const Shape& shape, Stored stored, std::uint64_t& numel, std::uint64_t& bytes) {
  numel = 1;
  bool fits = true, is_empty = false;
  for (std::int64_t extent : shape) {
    is_empty = is_empty || extent == 0;
    if (extent != 0) fits = fits && !__builtin_mul_overflow(numel, static_cast<std::uint64_t>(extent), &numel);
  }
  fits = fits && numel <= static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  if (is_empty) numel = 0;
  return fits && !__builtin_mul_overflow(numel, size_of(stored), &bytes);
}

void swap_bytes(Stored stored, void* elements, std::size_t count) {
  const std::size_t size = size_of(stored);
  char* at = static_cast<char*>(elements);
  if (size > 1)
    for (std::size_t i = 0; i < count; ++i, at += size) std::reverse(at, at + size);
}

std::size_t first_wrong_boolean(const void* elements, std::size_t count) {
  const auto* bytes = static_cast<const unsigned char*>(elements);
  return static_cast<std::size_t>(std::find_if(bytes, bytes + count, [](unsigned char x) { return x > 1; }) - bytes);
}

std::size_t convert(Stored stored, const void* from, void* to, std::size_t count, std::ptrdiff_t step) {
  switch (stored) {
    case Stored::boolean:
      if (const std::size_t wrong = first_wrong_boolean(from, count); wrong < count) return wrong;
      each_element<std::uint8_t, bool>(from, to, count, step, [](std::uint8_t x) { return x != 0; });
      return count;
    case Stored::u8:
      return integers<std::uint8_t>(from, to, count, step);
    case Stored::i8:
      return integers<std::int8_t>(from, to, count, step);
    case Stored::u16:
      return integers<std::uint16_t>(from, to, count, step);
    case Stored::i16:
      return integers<std::int16_t>(from, to, count, step);
    case Stored::u32:
      return integers<std::uint32_t>(from, to, count, step);
    case Stored::i32:
      return integers<std::int32_t>(from, to, count, step);
    case Stored::u64: {
      std::size_t first = count, i = 0;
      each_element<std::uint64_t, std::int64_t>(from, to, count, step, [&](std::uint64_t x) {
        if (x >> 63 != 0 && first == count) first = i;
        ++i;
        return static_cast<std::int64_t>(x);
      });
      return first;
    }
    case Stored::i64:
      return integers<std::int64_t>(from, to, count, step);
    case Stored::f8_e4m3:
      return floats<std::uint8_t>(from, to, count, step, [](std::uint8_t x) { return small_float(x, 4, 3, false); });
    case Stored::f8_e5m2:
      return floats<std::uint8_t>(from, to, count, step, [](std::uint8_t x) { return small_float(x, 5, 2, true); });
    case Stored::f16:
      return floats<std::uint16_t>(from, to, count, step, [](std::uint16_t x) { return small_float(x, 5, 10, true); });
    case Stored::bf16:
      return floats<std::uint16_t>(from, to, count, step, [](std::uint16_t x) {
        return std::bit_cast<float>(static_cast<std::uint32_t>(x) << 16);
      });
    case Stored::f32:
      return floats<float>(from, to, count, step, [](float x) { return x; });
    case Stored::f64:
      each_element<double, double>(from, to, count, step, [](double x) { return x; });
      return count;
  }
  return 0;
}

}  // namespace xgrad::io::detail
