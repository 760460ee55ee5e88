// The random bits behind every draw: Philox4x32-10 (Salmon, Moraes, Dror, Shaw: Parallel Random Numbers: As
// Easy as 1, 2, 3, SC 2011). Block i of a stream is a function of key and counter alone, so blocks can be
// made in any order.
#pragma once

#include <array>
#include <cstdint>

namespace xgrad::internal {

/// One round function applied ten times to a 128-bit counter under a 64-bit key.
inline std::array<std::uint32_t, 4> philox(std::array<std::uint32_t, 4> counter, std::array<std::uint32_t, 2> key) {
  for (int round = 0; round < 10; ++round) {
    std::uint64_t a = std::uint64_t{0xD2511F53} * counter[0];
    std::uint64_t b = std::uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<std::uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<std::uint32_t>(b),
               static_cast<std::uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<std::uint32_t>(a)};
    key[0] += 0x9E3779B9;
    key[1] += 0xBB67AE85;
  }
  return counter;
}

/// Neighbouring blocks of one stream, made side by side in loops that the compiler vectorises.
struct PhiloxBatch {
  static constexpr int kBlocks = 16;

  std::uint32_t word[4][kBlocks];

  /// The blocks at position, position + 1, ... of a stream; the counter is position and stream, the key is the seed.
  void generate(std::uint64_t seed, std::uint64_t stream, std::uint64_t position) {
    for (int j = 0; j < kBlocks; ++j) {
      std::uint64_t at = position + static_cast<std::uint64_t>(j);
      std::array<std::uint32_t, 4> block =
          philox({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(at >> 32),
                  static_cast<std::uint32_t>(stream), static_cast<std::uint32_t>(stream >> 32)},
                 {static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)});
      for (int k = 0; k < 4; ++k) word[k][j] = block[k];
    }
  }

  /// The first (0) or second (1) half of a block as one number.
  std::uint64_t pair(int half, int block) const {
    return std::uint64_t{word[2 * half + 1][block]} << 32 | word[2 * half][block];
  }

  /// A number in [0, range), range > 0: the block as a fraction of 2^128 times the range. Uniform to within
  /// 2^-64.
  std::uint64_t below(std::uint64_t range, int block) const {
    __extension__ using Wide = unsigned __int128;
    Wide low = static_cast<Wide>(pair(0, block)) * range >> 64;
    return static_cast<std::uint64_t>((static_cast<Wide>(pair(1, block)) * range + low) >> 64);
  }
};

}  // namespace xgrad::internal
