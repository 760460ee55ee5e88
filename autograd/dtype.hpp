// The four element types of a tensor and how they mix.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <string_view>

#include "config.hpp"

namespace xgrad XGRAD_API {

/// Element type of a Tensor. The order is the order of promotion: of two types the later one wins.
enum class DType : std::uint8_t { boolean, int64, float32, float64 };

/// Bytes of one element.
constexpr std::size_t size_of(DType dtype) {
  constexpr std::size_t kSizes[] = {1, 8, 4, 8};
  return kSizes[static_cast<int>(dtype)];
}

constexpr bool is_floating(DType dtype) { return dtype >= DType::float32; }

constexpr std::string_view name(DType dtype) {
  constexpr std::string_view kNames[] = {"boolean", "int64", "float32", "float64"};
  return kNames[static_cast<int>(dtype)];
}
/// Writes the name.
std::ostream& operator<<(std::ostream& out, DType dtype);

/// The type in which values of both types can be computed, as in NumPy and PyTorch.
constexpr DType promote(DType a, DType b) { return a < b ? b : a; }

/// DType of a C++ element type: dtype_of<float> == DType::float32. Storage of a boolean is `bool`.
template <class T>
inline constexpr DType dtype_of = T::no_such_dtype;
template <>
inline constexpr DType dtype_of<bool> = DType::boolean;
template <>
inline constexpr DType dtype_of<std::int64_t> = DType::int64;
template <>
inline constexpr DType dtype_of<float> = DType::float32;
template <>
inline constexpr DType dtype_of<double> = DType::float64;

/// A C++ type that elements have in memory.
template <class T>
concept ElementType =
    std::same_as<T, bool> || std::same_as<T, std::int64_t> || std::same_as<T, float> || std::same_as<T, double>;

}  // namespace xgrad
