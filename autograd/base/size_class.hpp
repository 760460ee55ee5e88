// The sizes that blocks have: steps of 64 bytes up to 1 KiB, then eight steps a doubling, so that at most an eighth of
// a block is lost.
#pragma once

#include <bit>
#include <cstddef>

namespace xgrad::internal {

inline constexpr std::size_t kSmallest = 64;
inline constexpr std::size_t kLinearUpTo = 1024;                          // 64-byte steps up to here
inline constexpr int kLinearClasses = kLinearUpTo / kSmallest;            // 16
inline constexpr int kStepsPerDoubling = 8;                               // above: at most 1/8 lost
inline constexpr int kClasses = kLinearClasses + 37 * kStepsPerDoubling;  // up to 2^47 bytes
inline constexpr std::size_t kLargest = std::size_t{1} << 46;             // more than a machine has

constexpr int class_of(std::size_t bytes) {
  if (bytes <= kLinearUpTo) return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / kSmallest);
  int doubling = std::bit_width(bytes - 1) - 1;  // 2^doubling <= bytes - 1
  std::size_t step = ((bytes - 1) >> (doubling - 3)) - kStepsPerDoubling;
  return kLinearClasses + (doubling - 10) * kStepsPerDoubling + static_cast<int>(step);
}

constexpr std::size_t size_of_class(int size_class) {
  if (size_class < kLinearClasses) return (size_class + 1) * kSmallest;
  int above = size_class - kLinearClasses;
  return static_cast<std::size_t>(above % kStepsPerDoubling + 1 + kStepsPerDoubling) << (above / kStepsPerDoubling + 7);
}

}  // namespace xgrad::internal
