// Attention of raw memory: softmax(q k^T scale + mask) v for stacks of matrices that may lie anywhere, as the heads of
// one projection do. T: float or double.
#pragma once

#include <cstdint>

#include "../shape.hpp"

namespace xgrad::internal {

struct AttentionShape {
  std::int64_t stacks, queries, keys, size, value_size;  // q [queries, size], k [keys, size], v [keys, value_size]
  double scale;
  bool causal;  // query i sees the keys up to i
};

/// The axes before the last two, whose product is the number of stacks.
struct AttentionLead {
  int ndim = 0;
  std::int64_t extent[kMaxDims] = {};
};

/// One matrix for each stack, with neighbours along its rows; null where there is none.
template <class T>
struct AttentionMatrices {
  T* data = nullptr;
  std::int64_t row_stride = 0;
  std::int64_t lead_stride[kMaxDims] = {};
};

/// What is added to the scores, or which of them count. Both null: nothing. It may be broadcast: the strides are in
/// elements.
template <class T>
struct AttentionMask {
  const T* added = nullptr;
  const bool* attends = nullptr;
  std::int64_t lead_stride[kMaxDims] = {};
  std::int64_t query_stride = 0, key_stride = 0;
};

/// y [stacks, queries, value_size]. Where weights is not null it gets the softmax [stacks, queries, keys], without
/// gaps; else it is made in `room`. Rows without a key to attend to are 0.
template <class T>
void attend(const AttentionShape& shape, const AttentionLead& lead, const AttentionMatrices<const T>& q,
            const AttentionMatrices<const T>& k, const AttentionMatrices<const T>& v, const AttentionMask<T>& mask,
            T* weights, const AttentionMatrices<T>& y);

/// The cotangents for y's g. Those that are null are left out.
template <class T>
void attend_back(const AttentionShape& shape, const AttentionLead& lead, const AttentionMatrices<const T>& q,
                 const AttentionMatrices<const T>& k, const AttentionMatrices<const T>& v, const T* weights,
                 const AttentionMatrices<const T>& g, const AttentionMatrices<T>& gq, const AttentionMatrices<T>& gk,
                 const AttentionMatrices<T>& gv);

}  // namespace xgrad::internal
