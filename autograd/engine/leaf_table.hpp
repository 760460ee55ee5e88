// The leaves that one backward pass has reached, each with the sum of its cotangents.
#pragma once

#include <bit>
#include <cstdint>
#include <vector>

#include "node.hpp"

namespace xgrad::internal {

/// A hash table that keeps the order of insertion. The sums are kept here rather than in the leaves because
/// several threads may traverse graphs that share leaves, and because a pass that fails must change no
/// Tensor::grad().
class LeafTable {
 public:
  struct Entry {
    Ref<Node> node;
    Tensor sum;
    bool reached = false;  // some output depends on it

    Leaf* leaf() const { return &Leaf::of(*node); }
  };

  /// The entry of this leaf, or null when it is not in the table.
  Entry* find(const Node* leaf) {
    if (entries_.size() <= kLinear) {
      for (Entry& entry : entries_)
        if (entry.node.get() == leaf) return &entry;
      return nullptr;
    }
    int index = buckets_[bucket_of(leaf)];
    return index < 0 ? nullptr : &entries_[index];
  }

  /// The entry of this leaf, put in when it is not there yet.
  Entry& insert(Leaf& leaf) {
    if (Entry* entry = find(&leaf)) return *entry;
    entries_.push_back({Ref<Node>::share(&leaf), Tensor()});
    if (entries_.size() > kLinear) {
      if (buckets_.size() < 2 * entries_.size())
        rehash();
      else
        buckets_[bucket_of(&leaf)] = static_cast<int>(entries_.size()) - 1;
    }
    return entries_.back();
  }

  void clear() {
    entries_.clear();
    buckets_.clear();
  }

  std::size_t size() const { return entries_.size(); }
  auto begin() { return entries_.begin(); }
  auto end() { return entries_.end(); }

 private:
  static constexpr std::size_t kLinear = 8;  // up to here a search along the list is faster

  /// The leaf's bucket, or the free one where it would go. Fibonacci hashing; blocks are 64-byte aligned, so that the
  /// low six bits are 0.
  std::size_t bucket_of(const Node* leaf) const {
    std::size_t mask = buckets_.size() - 1;
    std::size_t at = (reinterpret_cast<std::uintptr_t>(leaf) >> 6) * 0x9E3779B97F4A7C15u >> 32 & mask;
    while (buckets_[at] >= 0 && entries_[buckets_[at]].node.get() != leaf) at = (at + 1) & mask;
    return at;
  }

  void rehash() {
    buckets_.assign(std::bit_ceil(4 * entries_.size()), -1);
    for (std::size_t i = 0; i < entries_.size(); ++i) buckets_[bucket_of(entries_[i].node.get())] = static_cast<int>(i);
  }

  std::vector<Entry> entries_;
  std::vector<int> buckets_;
};

}  // namespace xgrad::internal
