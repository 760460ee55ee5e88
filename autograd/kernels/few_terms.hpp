// How many numbers may be added up one after the other.
#pragma once

#include <cstdint>

namespace xgrad::internal {

/// The most terms for which adding them up one by one, in their own type, is as good as a careful sum. The sums of more
/// are made in double, or by blocks of as many: a float32 to which ones are added one by one stops at 2^24.
inline constexpr std::int64_t kFewTerms = 256;
/// The same for windows that overlap, whose sums in double cost little.
inline constexpr std::int64_t kFewOverlaps = 64;

}  // namespace xgrad::internal
