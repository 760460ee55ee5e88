#include "scatter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <vector>

#include "../base/launch.hpp"

// A float32 to which ones are added one by one stops at 2^24. So where an index comes often its rows are added with the
// rounding errors kept beside the sum (TwoSum: Knuth, The Art of Computer Programming 2, 4.2.2), which is as good as a sum
// in twice the precision. Most scatters repeat no index often, and a count of the indices is cheap: they add plainly.

namespace xgrad::internal {
namespace {

// Elements from which a scatter is worth a second thread.
constexpr std::int64_t kScatterGrain = 32768;

template <class T>
struct AddRows {
  T* to;
  const T* from;
  const std::int64_t* index;
  RowsLayout layout;

  /// Slices [begin, end) of the outer axes.
  static void run(const AddRows& a, std::int64_t begin, std::int64_t end) {
    const RowsLayout l = a.layout;
    for (std::int64_t o = begin; o < end; ++o) {
      T* slice = a.to + o * l.extent * l.inner;
      const T* in = a.from + o * l.count * l.inner;
      if (l.inner == 1) {
        for (std::int64_t i = 0; i < l.count; ++i) slice[a.index[i]] = static_cast<T>(slice[a.index[i]] + in[i]);
        continue;
      }
      for (std::int64_t i = 0; i < l.count; ++i, in += l.inner) {
        T* out = slice + a.index[i] * l.inner;
        for (std::int64_t k = 0; k < l.inner; ++k) out[k] = static_cast<T>(out[k] + in[k]);
      }
    }
  }
};

/// AddRows with the rows that come often summed apart: each slot is a row of sums and a row of their errors, 0 at first, for
/// each slice of the outer axes.
template <class T>
struct AddRowsCarefully {
  AddRows<T> rows;
  const std::uint32_t* uses;
  std::int64_t mask;
  const std::int64_t* often;  // the places of the slots, sorted; null where each place has its slot
  std::int64_t slots;
  T* sums;

  static void run(const AddRowsCarefully& a, std::int64_t begin, std::int64_t end) {
    const RowsLayout l = a.rows.layout;
    for (std::int64_t o = begin; o < end; ++o) {
      T* slice = a.rows.to + o * l.extent * l.inner;
      const T* in = a.rows.from + o * l.count * l.inner;
      T* sums = a.sums + o * a.slots * 2 * l.inner;
      if (a.often == nullptr) {
        if (l.inner == 1)
          for (std::int64_t i = 0; i < l.count; ++i) add(sums + 2 * a.rows.index[i], in + i, 1);
        else
          for (std::int64_t i = 0; i < l.count; ++i)
            add(sums + 2 * a.rows.index[i] * l.inner, in + i * l.inner, l.inner);
        for (std::int64_t slot = 0; slot < a.slots; ++slot)
          finish(slice + slot * l.inner, sums + 2 * slot * l.inner, l.inner);
        continue;
      }
      for (std::int64_t i = 0; i < l.count; ++i, in += l.inner) {
        std::int64_t place = a.rows.index[i];
        if (a.uses[place & a.mask] <= kFewUses) {
          T* out = slice + place * l.inner;
          for (std::int64_t k = 0; k < l.inner; ++k) out[k] += in[k];
        } else {
          std::int64_t slot = std::lower_bound(a.often, a.often + a.slots, place) - a.often;
          add(sums + 2 * slot * l.inner, in, l.inner);
        }
      }
      for (std::int64_t slot = 0; slot < a.slots; ++slot)
        finish(slice + a.often[slot] * l.inner, sums + 2 * slot * l.inner, l.inner);
    }
  }

 private:
  [[gnu::always_inline]] static inline void add(T* slot, const T* in, std::int64_t inner) {
    T* error = slot + inner;
    for (std::int64_t k = 0; k < inner; ++k) {
      T old = slot[k], next = old + in[k];
      T added = next - old;
      error[k] += (old - (next - added)) + (in[k] - added);
      slot[k] = next;
    }
  }

  static void finish(T* out, const T* slot, std::int64_t inner) {
    for (std::int64_t k = 0; k < inner; ++k) {
      // The error of an infinite sum is nan. What was not added to stays as it is, -0 too.
      T sum = std::isfinite(slot[k]) ? slot[k] + slot[inner + k] : slot[k];
      if (sum != T(0)) out[k] += sum;
    }
  }
};

/// The places that come often, each once, sorted.
std::vector<std::int64_t> places_used_often(const UseCounts& uses, const std::int64_t* index, std::int64_t count) {
  std::vector<std::int64_t> places;
  std::copy_if(index, index + count, std::back_inserter(places), [&](std::int64_t at) { return uses.is_often(at); });
  std::sort(places.begin(), places.end());
  places.erase(std::unique(places.begin(), places.end()), places.end());
  return places;
}

}  // namespace

UseCounts::UseCounts(std::int64_t count, std::int64_t extent) {
  constexpr std::int64_t kSmallest = 256, kUsesEach = 8;  // about, so that some chance meetings do not count as often
  auto size = static_cast<std::int64_t>(
      std::bit_ceil(static_cast<std::uint64_t>(std::max(kSmallest, std::min(count / kUsesEach, extent)))));
  room_ = new_tensor({size}, DType::float32);  // four bytes each
  table_ = data_of<std::uint32_t>(room_);
  mask_ = size - 1;
  std::fill_n(table_, size, 0u);
}

bool UseCounts::any_often() const {
  std::uint32_t most = 0;
  for (std::int64_t i = 0; i <= mask_; ++i) most = std::max(most, table_[i]);
  return most > kFewUses;
}

void add_rows(const Tensor& to, const std::int64_t* index, const Tensor& from, const RowsLayout& layout) {
  if (from.numel() == 0) return;
  std::int64_t grain = kScatterGrain / (layout.count * layout.inner) + 1;
  dispatch(to.dtype(), [&]<class T>(T) {
    AddRows<T> rows{data_of<T>(to), data_of<T>(from), index, layout};
    if constexpr (std::floating_point<T>) {
      if (layout.count > kFewUses) {
        UseCounts uses(layout.count, layout.extent);
        for (std::int64_t i = 0; i < layout.count; ++i) uses.add(index[i]);
        if (uses.any_often()) {
          // No more slots than rows are added. Where there are fewer places than that, each has its slot.
          bool is_direct = layout.extent <= layout.count;
          std::vector<std::int64_t> often;
          if (!is_direct) often = places_used_often(uses, index, layout.count);
          std::int64_t slots = is_direct ? layout.extent : static_cast<std::int64_t>(often.size());
          Tensor room = new_tensor({layout.outer, slots, 2, layout.inner}, to.dtype());
          T* sums = data_of<T>(room);
          std::fill_n(sums, room.numel(), T(0));
          launch(AddRowsCarefully<T>{rows, uses.table(), uses.mask(), is_direct ? nullptr : often.data(), slots, sums},
                 layout.outer, grain);
          return;
        }
      }
    }
    launch(rows, layout.outer, grain);
  });
}

}  // namespace xgrad::internal
