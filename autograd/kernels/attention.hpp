// Attention of raw memory: softmax(q k^T scale + mask) v for stacks of matrices without gaps. T: float or double.
#pragma once

#include <cstdint>

#include "../shape.hpp"

namespace xgrad::internal {

struct AttentionShape {
  std::int64_t stacks, queries, keys, size, value_size;  // q [queries, size], k [keys, size], v [keys, value_size]
  double scale;
  bool causal;  // query i sees the keys up to i
};

/// What is added to the scores, or which of them count. Both null: nothing. It may be broadcast: the strides, in elements, of
/// the axes before the last two and of those.
template <class T>
struct AttentionMask {
  const T* added = nullptr;
  const bool* attends = nullptr;
  int lead_ndim = 0;
  std::int64_t lead[kMaxDims] = {}, lead_stride[kMaxDims] = {};
  std::int64_t query_stride = 0, key_stride = 0;
};

/// y [stacks, queries, value_size]. Where weights is not null it gets the softmax [stacks, queries, keys]; else it is made
/// in `room`. Rows without a key to attend to are 0.
template <class T>
void attend(const AttentionShape& shape, const T* q, const T* k, const T* v, const AttentionMask<T>& mask, T* weights,
            T* y);

/// The cotangents for y's g. Those that are null are left out.
template <class T>
void attend_back(const AttentionShape& shape, const T* q, const T* k, const T* v, const T* weights, const T* g, T* gq,
                 T* gk, T* gv);

}  // namespace xgrad::internal
