// Some lanes of a batch moved together to its front.
#pragma once

#include "batch.hpp"

namespace xgrad::internal {

/// Which lanes, kept as the machine takes it.
template <class T>
class FrontLanes {
 public:
  /// A bit for each lane, the first lane's the lowest.
  explicit FrontLanes(unsigned bits) {
#if XGRAD_SIMD_BYTES == 64
    bits_ = bits;
#else
    int count = 0;
    for (int lane = 0; lane < Batch<T>::kSize; ++lane)
      if ((bits >> lane & 1) != 0)
        for (int word = 0; word < kWords; ++word) words_[count++] = kWords * lane + word;
#endif
  }

  /// Those lanes in their order. The ones behind them hold anything.
  Batch<T> of(Batch<T> value) const {
#if XGRAD_SIMD_BYTES == 64
    if constexpr (sizeof(T) == 4)
      return Batch<T>(_mm512_maskz_compress_ps(static_cast<__mmask16>(bits_), value.lanes));
    else
      return Batch<T>(_mm512_maskz_compress_pd(static_cast<__mmask8>(bits_), value.lanes));
#elif XGRAD_SIMD_BYTES == 32
    const __m256i words = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(words_));
    return Batch<T>(std::bit_cast<typename Batch<T>::Register>(
        _mm256_permutevar8x32_epi32(std::bit_cast<__m256i>(value.lanes), words)));
#else
    alignas(16) T lanes[Batch<T>::kSize], moved[Batch<T>::kSize];
    value.store(lanes);
    for (int i = 0; i < Batch<T>::kSize; ++i) moved[i] = lanes[words_[kWords * i] / kWords];
    return Batch<T>::load(moved);
#endif
  }

 private:
#if XGRAD_SIMD_BYTES == 64
  unsigned bits_;
#else
  static constexpr int kWords = sizeof(T) / 4;  // of a lane
  std::int32_t words_[XGRAD_SIMD_BYTES / 4] = {};
#endif
};

}  // namespace xgrad::internal
