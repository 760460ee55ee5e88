// Batches of fewer elements than a register holds: what short rows and the ends of long ones are made of. Elements
// beyond the end are neither read nor written.
#pragma once

#include "math.hpp"

namespace xgrad::internal {

#if XGRAD_SIMD_BYTES == 32
/// -1 in the first `count` lanes, as the masked moves of AVX take it.
template <class T>
inline __m256i first_lanes(int count) {
  alignas(32) static constexpr std::int32_t kWindow[16] = {-1, -1, -1, -1, -1, -1, -1, -1, 0, 0, 0, 0, 0, 0, 0, 0};
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(kWindow + 8 - count * static_cast<int>(sizeof(T) / 4)));
}
#endif

/// The first `count` elements from memory, the other lanes from `rest`. 0 <= count <= kSize.
template <class T>
inline Batch<T> load_part(const T* from, int count, Batch<T> rest) {
#if XGRAD_SIMD_BYTES == 64
  if constexpr (sizeof(T) == 4)
    return Batch<T>(_mm512_mask_loadu_ps(rest.lanes, static_cast<__mmask16>((1u << count) - 1), from));
  else
    return Batch<T>(_mm512_mask_loadu_pd(rest.lanes, static_cast<__mmask8>((1u << count) - 1), from));
#elif XGRAD_SIMD_BYTES == 32
  __m256i mask = first_lanes<T>(count);
  if constexpr (sizeof(T) == 4)
    return Batch<T>(_mm256_blendv_ps(rest.lanes, _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask)));
  else
    return Batch<T>(_mm256_blendv_pd(rest.lanes, _mm256_maskload_pd(from, mask), _mm256_castsi256_pd(mask)));
#else
  alignas(64) T lane[Batch<T>::kSize];
  rest.store(lane);
  for (int i = 0; i < count; ++i) lane[i] = from[i];
  return Batch<T>::load(lane);
#endif
}

/// Writes the first `count` lanes.
template <class T>
inline void store_part(T* to, int count, Batch<T> value) {
#if XGRAD_SIMD_BYTES == 64
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), value.lanes);
  else
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1), value.lanes);
#elif XGRAD_SIMD_BYTES == 32
  __m256i mask = first_lanes<T>(count);
  if constexpr (sizeof(T) == 4)
    _mm256_maskstore_ps(to, mask, value.lanes);
  else
    _mm256_maskstore_pd(to, mask, value.lanes);
#else
  alignas(64) T lane[Batch<T>::kSize];
  value.store(lane);
  for (int i = 0; i < count; ++i) to[i] = lane[i];
#endif
}

}  // namespace xgrad::internal
