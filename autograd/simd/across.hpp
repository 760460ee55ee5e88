// Across the lanes: which of them a mask holds, as a number, and the lanes of several batches joined at once.
#pragma once

#include "batch.hpp"

namespace xgrad::internal {

/// A bit for each lane of the mask, the first lane's the lowest.
template <class T>
inline unsigned lane_bits(Mask<T> mask) {
#if XGRAD_SIMD_BYTES == 64
  return mask.bits;
#elif XGRAD_SIMD_BYTES == 32
  if constexpr (sizeof(T) == 4)
    return static_cast<unsigned>(_mm256_movemask_ps(std::bit_cast<__m256>(mask.bits)));
  else
    return static_cast<unsigned>(_mm256_movemask_pd(std::bit_cast<__m256d>(mask.bits)));
#elif defined(__SSE2__)
  if constexpr (sizeof(T) == 4)
    return static_cast<unsigned>(__builtin_ia32_movmskps(std::bit_cast<typename Batch<T>::Register>(mask.bits)));
  else
    return static_cast<unsigned>(__builtin_ia32_movmskpd(std::bit_cast<typename Batch<T>::Register>(mask.bits)));
#else
  unsigned bits = 0;
  for (int i = 0; i < Batch<T>::kSize; ++i) bits |= mask.bits[i] != 0 ? 1u << i : 0u;
  return bits;
#endif
}

/// The larger (the smaller) of two in each lane, by one instruction; b where either is NaN.
template <class T>
inline Batch<T> larger_number(Batch<T> a, Batch<T> b) {
  return XGRAD_SIMD_NAMESPACE::simd::maximum(a.lanes, b.lanes);
}
template <class T>
inline Batch<T> smaller_number(Batch<T> a, Batch<T> b) {
  return XGRAD_SIMD_NAMESPACE::simd::minimum(a.lanes, b.lanes);
}

/// Where a or b is NaN, by one instruction.
template <class T>
inline Mask<T> either_is_nan(Batch<T> a, Batch<T> b) {
#if XGRAD_SIMD_BYTES == 64
  if constexpr (sizeof(T) == 4)
    return {_mm512_cmp_ps_mask(a.lanes, b.lanes, _CMP_UNORD_Q)};
  else
    return {_mm512_cmp_pd_mask(a.lanes, b.lanes, _CMP_UNORD_Q)};
#elif XGRAD_SIMD_BYTES == 32
  using Bits = decltype(Mask<T>::bits);
  if constexpr (sizeof(T) == 4)
    return {std::bit_cast<Bits>(_mm256_cmp_ps(a.lanes, b.lanes, _CMP_UNORD_Q))};
  else
    return {std::bit_cast<Bits>(_mm256_cmp_pd(a.lanes, b.lanes, _CMP_UNORD_Q))};
#elif defined(__SSE2__)
  using Bits = decltype(Mask<T>::bits);
  if constexpr (sizeof(T) == 4)
    return {std::bit_cast<Bits>(__builtin_ia32_cmpunordps(a.lanes, b.lanes))};
  else
    return {std::bit_cast<Bits>(__builtin_ia32_cmpunordpd(a.lanes, b.lanes))};
#else
  return isnan(a) || isnan(b);
#endif
}

/// In the lanes whose number has the bit kStep those of b, in the others those of a; or with `kOther` the other way
/// round, each lane i exchanged with lane i ^ kStep.
template <int kStep, bool kOther, class T>
inline Batch<T> woven(Batch<T> a, Batch<T> b) {
  constexpr int kSize = Batch<T>::kSize;
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return Batch<T>(__builtin_shufflevector(
        a.lanes, b.lanes,
        ((static_cast<int>(I) & kStep ? kSize : 0) + (static_cast<int>(I) ^ (kOther ? kStep : 0)))...));
  }
  (std::make_index_sequence<kSize>{});
}

/// join_lanes() of as many batches as a batch has lanes: lane i of the answer is the join of batch i, the same bits.
/// The batches are overwritten. A batch at a time takes twice as many steps, each of which waits for the one before.
template <class T, class Join>
inline Batch<T> join_each(Batch<T>* batches, const Join& join) {
  auto halve = [&]<int kStep>(std::integral_constant<int, kStep>) {
    if constexpr (kStep < Batch<T>::kSize)
      for (int i = 0; i < kStep; ++i)
        batches[i] = join(woven<kStep, false>(batches[i], batches[i + kStep]),
                          woven<kStep, true>(batches[i], batches[i + kStep]));
  };
  halve(std::integral_constant<int, 8>{});
  halve(std::integral_constant<int, 4>{});
  halve(std::integral_constant<int, 2>{});
  halve(std::integral_constant<int, 1>{});
  return batches[0];
}

}  // namespace xgrad::internal
