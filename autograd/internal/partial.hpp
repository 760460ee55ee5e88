// Batches of fewer elements than a register holds, and folding a register's lanes: what short rows and the ends of long
// ones are made of. Elements beyond the end are neither read nor written.
#pragma once

#include <type_traits>

#include "autograd/internal/simd.hpp"

#if defined(__AVX__)
#include <immintrin.h>
#endif

namespace xgrad::internal {

/// The batch in a register of the machine's own type.
template <class T, class Register>
inline Batch<T> batch_of(Register lanes) {
  return decltype(Batch<T>::lanes)(lanes);
}

#if defined(__AVX__) && !defined(__AVX512F__)
/// -1 in the first `count` lanes, as the masked moves of AVX take it.
template <class T>
inline __m256i first_lanes(int count) {
  alignas(32) static constexpr std::int32_t kWindow[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                           0,  0,  0,  0,  0,  0,  0,  0};
  return _mm256_loadu_si256(
      reinterpret_cast<const __m256i*>(kWindow + 8 - count * static_cast<int>(sizeof(T) / 4)));
}
#endif

/// The first `count` elements from memory, the other lanes from `rest`. 0 <= count <= kSize.
template <class T>
inline Batch<T> load_part(const T* from, int count, Batch<T> rest) {
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return batch_of<T>(_mm512_mask_loadu_ps(rest.lanes, static_cast<__mmask16>((1u << count) - 1), from));
  else
    return batch_of<T>(_mm512_mask_loadu_pd(rest.lanes, static_cast<__mmask8>((1u << count) - 1), from));
#elif defined(__AVX__)
  __m256i mask = first_lanes<T>(count);
  if constexpr (sizeof(T) == 4)
    return batch_of<T>(
        _mm256_blendv_ps(rest.lanes, _mm256_maskload_ps(from, mask), _mm256_castsi256_ps(mask)));
  else
    return batch_of<T>(
        _mm256_blendv_pd(rest.lanes, _mm256_maskload_pd(from, mask), _mm256_castsi256_pd(mask)));
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
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), value.lanes);
  else
    _mm512_mask_storeu_pd(to, static_cast<__mmask8>((1u << count) - 1), value.lanes);
#elif defined(__AVX__)
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

#if defined(__AVX512F__)
/// Lanes that are this many bytes apart exchanged.
template <int kBytes>
inline __m512 exchange(__m512 v) {
  if constexpr (kBytes == 32) return _mm512_shuffle_f32x4(v, v, 0b01001110);
  if constexpr (kBytes == 16) return _mm512_shuffle_f32x4(v, v, 0b10110001);
  if constexpr (kBytes == 8) return _mm512_permute_ps(v, 0b01001110);
  if constexpr (kBytes == 4) return _mm512_permute_ps(v, 0b10110001);
}
template <int kBytes>
inline __m512d exchange(__m512d v) {
  return _mm512_castps_pd(exchange<kBytes>(_mm512_castpd_ps(v)));
}
#elif defined(__AVX__)
template <int kBytes>
inline __m256 exchange(__m256 v) {
  if constexpr (kBytes == 16) return _mm256_permute2f128_ps(v, v, 1);
  if constexpr (kBytes == 8) return _mm256_permute_ps(v, 0b01001110);
  if constexpr (kBytes == 4) return _mm256_permute_ps(v, 0b10110001);
}
template <int kBytes>
inline __m256d exchange(__m256d v) {
  return _mm256_castps_pd(exchange<kBytes>(_mm256_castpd_ps(v)));
}
#endif

/// join() of all lanes, in halves.
template <class T, class Join>
inline T join_lanes(Batch<T> value, const Join& join) {
#if defined(__AVX__)
  auto with_lanes_apart = [&]<int kBytes>(std::integral_constant<int, kBytes>) {
    value = join(value, batch_of<T>(exchange<kBytes>(value.lanes.data)));
  };
#if defined(__AVX512F__)
  with_lanes_apart(std::integral_constant<int, 32>{});
#endif
  with_lanes_apart(std::integral_constant<int, 16>{});
  with_lanes_apart(std::integral_constant<int, 8>{});
  if constexpr (sizeof(T) == 4) with_lanes_apart(std::integral_constant<int, 4>{});
#if defined(__AVX512F__)
  if constexpr (sizeof(T) == 4)
    return _mm512_cvtss_f32(value.lanes);
  else
    return _mm512_cvtsd_f64(value.lanes);
#else
  if constexpr (sizeof(T) == 4)
    return _mm256_cvtss_f32(value.lanes);
  else
    return _mm256_cvtsd_f64(value.lanes);
#endif
#else
  alignas(64) T lane[Batch<T>::kSize];
  value.store(lane);
  for (int half = Batch<T>::kSize / 2; half > 0; half /= 2)
    for (int i = 0; i < half; ++i) lane[i] = join(lane[i], lane[i + half]);
  return lane[0];
#endif
}

}  // namespace xgrad::internal
