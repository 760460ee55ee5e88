#include "scatter.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <iterator>
#include <span>
#include <vector>

#include "../base/launch.hpp"

// A float32 to which ones are added one by one stops at 2^24. So where an index comes often its rows are added in
// float64; those of float64 with the rounding errors kept beside the sum (TwoSum: Knuth, The Art of Computer
// Programming 2, 4.2.2), which is as good as a sum in twice the precision. Most scatters repeat no index often, and a
// count of the indices is cheap: they add plainly.

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

/// The sum of a row that comes often: `kParts` float64 for each of its elements, 0 at first.
template <class T>
struct CarefulSum {
  static constexpr std::int64_t kParts = sizeof(T) == sizeof(float) ? 1 : 2;  // the sums, and their errors

  [[gnu::always_inline]] static inline void add(double* slot, const T* in, std::int64_t inner) {
    for (std::int64_t k = 0; k < inner; ++k) {
      if constexpr (kParts == 1) {
        slot[k] += in[k];
      } else {
        const double old = slot[k], next = old + in[k], added = next - old;
        slot[inner + k] += (old - (next - added)) + (in[k] - added);
        slot[k] = next;
      }
    }
  }

  static void finish(T* out, const double* slot, std::int64_t inner) {
    for (std::int64_t k = 0; k < inner; ++k) {
      double sum = slot[k];
      if constexpr (kParts == 2)
        if (std::isfinite(sum)) sum += slot[inner + k];     // the error of an infinite sum is nan
      if (sum != 0) out[k] = static_cast<T>(out[k] + sum);  // what was not added to stays as it is, -0 too
    }
  }
};

/// AddRows with the rows that come often summed apart, in a slot each, for each slice of the outer axes.
template <class T>
struct AddRowsCarefully {
  AddRows<T> rows;
  const std::uint32_t* uses;
  std::int64_t mask;
  const std::int64_t* often;  // the places of the slots, sorted; null where each place has its slot
  std::int64_t slots;
  double* sums;

  static void run(const AddRowsCarefully& a, std::int64_t begin, std::int64_t end) {
    using Sum = CarefulSum<T>;
    const RowsLayout l = a.rows.layout;
    const std::int64_t step = Sum::kParts * l.inner;
    for (std::int64_t o = begin; o < end; ++o) {
      T* slice = a.rows.to + o * l.extent * l.inner;
      const T* in = a.rows.from + o * l.count * l.inner;
      double* sums = a.sums + o * a.slots * step;
      if (a.often == nullptr) {
        if (l.inner == 1)
          for (std::int64_t i = 0; i < l.count; ++i) Sum::add(sums + a.rows.index[i] * Sum::kParts, in + i, 1);
        else
          for (std::int64_t i = 0; i < l.count; ++i) Sum::add(sums + a.rows.index[i] * step, in + i * l.inner, l.inner);
        for (std::int64_t slot = 0; slot < a.slots; ++slot)
          Sum::finish(slice + slot * l.inner, sums + slot * step, l.inner);
        continue;
      }
      for (std::int64_t i = 0; i < l.count; ++i, in += l.inner) {
        std::int64_t place = a.rows.index[i];
        if (a.uses[place & a.mask] <= kFewTerms) {
          T* out = slice + place * l.inner;
          for (std::int64_t k = 0; k < l.inner; ++k) out[k] += in[k];
        } else {
          std::int64_t slot = std::lower_bound(a.often, a.often + a.slots, place) - a.often;
          Sum::add(sums + slot * step, in, l.inner);
        }
      }
      for (std::int64_t slot = 0; slot < a.slots; ++slot)
        Sum::finish(slice + a.often[slot] * l.inner, sums + slot * step, l.inner);
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

/// Adds the rows where some come often, or are likely to; false where none does.
template <class T>
bool add_carefully(const AddRows<T>& rows, std::int64_t grain) {
  const RowsLayout& layout = rows.layout;
  auto add = [&](const UseCounts* uses, std::span<const std::int64_t> often, std::int64_t slots) {
    Tensor room = new_tensor({layout.outer, slots, CarefulSum<T>::kParts, layout.inner}, DType::float64);
    double* sums = data_of<double>(room);
    std::fill_n(sums, room.numel(), 0.0);
    launch(AddRowsCarefully<T>{rows, uses ? uses->table() : nullptr, uses ? uses->mask() : 0,
                               often.empty() ? nullptr : often.data(), slots, sums},
           layout.outer, grain);
  };
  // Where there are few places, to give each its slot costs less than to count.
  const std::int64_t uses_each = layout.count / layout.extent;
  if (uses_each >= (CarefulSum<T>::kParts == 1 && layout.inner == 1 ? 4 : kFewTerms)) {
    add(nullptr, {}, layout.extent);
    return true;
  }
  UseCounts uses(layout.count, layout.extent);
  for (std::int64_t i = 0; i < layout.count; ++i) uses.add(rows.index[i]);
  if (!uses.any_often()) return false;
  // No more slots than rows are added.
  if (uses_each >= 1) {
    add(nullptr, {}, layout.extent);
  } else {
    std::vector<std::int64_t> often = places_used_often(uses, rows.index, layout.count);
    add(&uses, often, static_cast<std::int64_t>(often.size()));
  }
  return true;
}

}  // namespace

UseCounts::UseCounts(std::int64_t count, std::int64_t extent) {
  // About kUsesEach chance meetings are far from what counts as often, and a million uses are counted in the
  // first-level cache.
  constexpr std::int64_t kSmallest = 256, kUsesEach = kFewTerms / 2;
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
  return most > kFewTerms;
}

void add_rows(const Tensor& to, const std::int64_t* index, const Tensor& from, const RowsLayout& layout) {
  if (from.numel() == 0) return;
  std::int64_t grain = kScatterGrain / (layout.count * layout.inner) + 1;
  dispatch(to.dtype(), [&]<class T>(T) {
    AddRows<T> rows{data_of<T>(to), data_of<T>(from), index, layout};
    if constexpr (std::floating_point<T>) {
      if (layout.count > kFewTerms && add_carefully(rows, grain)) return;
    }
    launch(rows, layout.outer, grain);
  });
}

}  // namespace xgrad::internal
