// Taking random bits from a generator.
#pragma once

#include <cstdint>

#include "../../random.hpp"

namespace xgrad::internal {

/// What a block's random bits are a function of.
struct DrawPosition {
  std::uint64_t seed, stream, block;
};

/// The position of the first of `blocks` blocks, which are taken from the generator.
inline DrawPosition take(Generator& generator, std::int64_t blocks) {
  return {generator.seed(), generator.stream(), generator.advance(static_cast<std::uint64_t>(blocks))};
}

}  // namespace xgrad::internal
