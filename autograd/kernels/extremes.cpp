// Rows are searched several at a time: each has little to do at its end, where every step waits for the one before, and
// what one row waits for, the others fill.
#include "extremes.hpp"

#include <algorithm>
#include <bit>

#include "../simd/across.hpp"

namespace xgrad::internal {
namespace {

/// Whether a comes before b in the order asked for; NaN comes before all else. Without branches: they would often be
/// mispredicted.
template <bool kLargest, class T>
bool beats(T a, T b) {
  return (kLargest ? a > b : a < b) | ((a != a) & (b == b));
}

/// Integers up to which each is compared with the best so far.
constexpr std::int64_t kFew = 4;

/// First NaN among n elements, or n.
template <class T>
std::int64_t first_nan(const T* x, std::int64_t n) {
  std::int64_t i = 0;
  while (i < n && x[i] == x[i]) ++i;
  return i;
}

/// Element by element, or for integers by their extreme.
template <bool kLargest, class T>
std::int64_t find_one_by_one(const T* x, std::int64_t n) {
  if constexpr (Lanes<T>::kSize == 1)
    if (n > kFew) {
      const T extreme = across<ExtremeFold<kLargest>>(Folder<T, T, ExtremeFold<kLargest>>::fold_run(x, n, T(0)));
      std::int64_t i = 0;
      while (x[i] != extreme) ++i;
      return i;
    }
  std::int64_t i = 0;
  T best = x[0];
  for (std::int64_t next = 1; next < n; ++next) {
    std::int64_t better = beats<kLargest>(x[next], best);
    best = better ? x[next] : best;
    i += better * (next - i);
  }
  return i;
}

/// The better of two in each lane, b where either is NaN.
template <bool kLargest, class T>
Batch<T> better(Batch<T> a, Batch<T> b) {
  return kLargest ? larger_number(a, b) : smaller_number(a, b);
}

/// Batches that are searched at a time: their lanes are the bits of two words.
constexpr int kSearched = 8;

/// First of n elements, more than a batch less than kBatches batches, that equals `wanted`. Any number below n where
/// none does. Without branches on what the elements are: they would often be mispredicted.
template <int kBatches, class T>
std::int64_t first_equal(const T* x, std::int64_t n, T wanted) {
  constexpr int kSize = Batch<T>::kSize;
  const Batch<T> all_wanted(wanted);
  auto look_at = [&](Batch<T> batch) { return std::uint64_t{lane_bits(batch == all_wanted)}; };
  std::uint64_t words[2] = {0, 0};
  auto note = [&](int batch, std::uint64_t bits) { words[batch * kSize / 64] |= bits << (batch * kSize % 64); };
  if constexpr (kBatches == 1) {
    note(0, look_at(load_part(x, static_cast<int>(n), Batch<T>(std::numeric_limits<T>::quiet_NaN()))));
  } else {
    for (int k = 0; k < kBatches - 1; ++k) note(k, look_at(Batch<T>::load(x + k * kSize)));
    note(kBatches - 1, look_at(Batch<T>::load(x + n - kSize)) >> (kBatches * kSize - n));
  }
  if constexpr (kBatches * kSize <= 64) return std::min<std::int64_t>(n - 1, std::countr_zero(words[0]));
  const std::uint64_t in_second = words[0] == 0;
  return std::min<std::int64_t>(
      n - 1, std::countr_zero(words[0] | (words[1] & -in_second)) + static_cast<std::int64_t>(64 * in_second));
}

/// What the lanes have met in a row.
template <bool kLargest, class T>
struct Met {
  static constexpr int kSize = Batch<T>::kSize;
  /// Batches are noted by groups: then only one group is searched.
  static constexpr std::int64_t kGroup = kSearched * kSize;

  Batch<T> best = ExtremeFold<kLargest>::template start<Batch<T>>();
  Batch<T> group_of_best = T(0);  // where it begins
  Mask<T> nan{};

  /// Of n elements, more than a batch less than kBatches batches; of more than a group where that is more than
  /// kSearched.
  template <int kBatches>
  static Met in(const T* x, std::int64_t n) {
    Met met;
    if constexpr (kBatches == 1) {
      met.best = load_part(x, static_cast<int>(n), met.best);
      met.nan = isnan(met.best);
    } else if constexpr (kBatches <= kSearched) {
      auto batch = [&](int k) { return Batch<T>::load(x + (k < kBatches - 1 ? k * kSize : n - kSize)); };
      for (int k = 0; k + 2 <= kBatches; k += 2) met.look_at(batch(k), batch(k + 1));
      if (kBatches % 2 == 1) met.look_at(batch(kBatches - 1), batch(kBatches - 1));
    } else {
      std::int64_t i = 0;
      for (; i + kGroup <= n; i += kGroup) met.look_at_group(x, i);
      if (i < n) met.look_at_rest(x, i, n);
    }
    return met;
  }

 private:
  void look_at(Batch<T> a, Batch<T> b) {
    nan = nan || either_is_nan(a, b);
    best = better<kLargest>(better<kLargest>(a, b), best);
  }
  void look_at_group(const T* x, std::int64_t begin) {
    Batch<T> pairs[kSearched / 2];
    for (int k = 0; k < kSearched / 2; ++k) {
      const Batch<T> a = Batch<T>::load(x + begin + 2 * k * kSize);
      const Batch<T> b = Batch<T>::load(x + begin + (2 * k + 1) * kSize);
      nan = nan || either_is_nan(a, b);
      pairs[k] = better<kLargest>(a, b);
    }
    const Batch<T> here = better<kLargest>(better<kLargest>(pairs[0], pairs[1]), better<kLargest>(pairs[2], pairs[3]));
    note(here, begin);
  }
  /// Less than a group. As such the last kGroup elements are noted: in those before `i` nothing is found that was not
  /// noted earlier.
  void look_at_rest(const T* x, std::int64_t i, std::int64_t n) {
    Batch<T> here = Batch<T>::load(x + n - kSize);
    nan = nan || isnan(here);
    for (; i + kSize <= n; i += kSize) {
      const Batch<T> a = Batch<T>::load(x + i);
      nan = nan || isnan(a);
      here = better<kLargest>(a, here);
    }
    note(here, n - kGroup);
  }
  void note(Batch<T> here, std::int64_t group) {
    group_of_best = where(kLargest ? here > best : here < best, Batch<T>(static_cast<T>(group)), group_of_best);
    best = better<kLargest>(here, best);
  }
};

/// Stores the joins of one batch or of kSize batches, which are overwritten.
template <int kCount, class T, class Join>
void store_joined(T* to, Batch<T>* batches, const Join& join) {
  if constexpr (kCount == 1)
    *to = join_lanes(*batches, join);
  else
    join_each(batches, join).store(to);
}

/// First positions of the extremes in kRows rows of n elements: as many as Met::in() takes, at most ReducePlan::kBlock.
/// kRows is 1 or a batch's size.
template <bool kLargest, int kRows, int kBatches, class T>
void find_in_rows(const T* const* rows, std::int64_t n, std::int64_t* found) {
  using Row = Met<kLargest, T>;
  constexpr std::int64_t kGroup = Row::kGroup;
  Batch<T> best[kRows], joined[kRows], groups[kRows];
  alignas(64) T extremes[kRows], begins[kRows];
  unsigned with_nan = 0;
  for (int r = 0; r < kRows; ++r) {
    const Row met = Row::template in<kBatches>(rows[r], n);
    joined[r] = best[r] = met.best;
    groups[r] = met.group_of_best;
    with_nan |= static_cast<unsigned>(any(met.nan)) << r;
  }
  store_joined<kRows>(extremes, joined, [](auto a, auto b) { return better<kLargest>(a, b); });
  if constexpr (kBatches <= kSearched) {
    for (int r = 0; r < kRows; ++r) found[r] = first_equal<kBatches>(rows[r], n, extremes[r]);
  } else {
    const Batch<T> last(static_cast<T>(n - kGroup));
    for (int r = 0; r < kRows; ++r) groups[r] = where(best[r] == Batch<T>(extremes[r]), groups[r], last);
    store_joined<kRows>(begins, groups, [](auto a, auto b) { return smaller_number(a, b); });
    for (int r = 0; r < kRows; ++r) {
      const auto begin = static_cast<std::int64_t>(begins[r]);
      found[r] = begin + first_equal<kSearched>(rows[r] + begin, kGroup, extremes[r]);
    }
  }
  for (; with_nan != 0; with_nan &= with_nan - 1) {
    const int r = std::countr_zero(with_nan);
    found[r] = first_nan(rows[r], n);
  }
}

/// The same by the number of elements.
template <bool kLargest, int kRows, class T, int kBatches = 1>
void find_in_rows(const T* const* rows, std::int64_t n, std::int64_t* found) {
  if constexpr (kBatches <= kSearched)
    if (n > kBatches * Batch<T>::kSize) return find_in_rows<kLargest, kRows, T, kBatches + 1>(rows, n, found);
  find_in_rows<kLargest, kRows, kBatches>(rows, n, found);
}

/// First position of the extreme of a run: it is read once, block by block.
template <bool kLargest, class T>
std::int64_t find_in_run(const T* x, std::int64_t n) {
  constexpr std::int64_t kBlock = ReducePlan::kBlock;
  auto find_in_block = [](const T* block, std::int64_t count) {
    if constexpr (Lanes<T>::kSize > 1)
      if (count >= Lanes<T>::kSize) {
        std::int64_t found;
        find_in_rows<kLargest, 1>(&block, count, &found);
        return found;
      }
    return find_one_by_one<kLargest>(block, count);
  };
  std::int64_t found = find_in_block(x, std::min(n, kBlock));
  for (std::int64_t begin = kBlock; begin < n; begin += kBlock) {
    const std::int64_t count = std::min(kBlock, n - begin);
    using F = ExtremeFold<kLargest>;
    if (!beats<kLargest>(across<F>(Folder<T, T, F>::fold_run(x + begin, count, T(0))), x[found])) continue;
    found = begin + find_in_block(x + begin, count);
  }
  return found;
}

/// What find_extremes() is given.
template <class T>
struct Extremes {
  const ReducePlan* plan;
  const T* x;
  std::int64_t* positions;
  T* values;
};

/// By row: rows.
template <bool kLargest, class T>
struct ExtremesOfRows : Extremes<T> {
  static void run(const ExtremesOfRows& a, std::int64_t begin, std::int64_t end) {
    const auto [plan, x, positions, values] = a;
    std::int64_t i = begin;
    if constexpr (constexpr int kRows = Lanes<T>::kSize; kRows > 1)
      if (plan->run <= ReducePlan::kBlock)
        for (; i + kRows <= end; i += kRows) {
          const T* rows[kRows];
          std::int64_t out[kRows], found[kRows];
          for (int r = 0; r < kRows; ++r) {
            const auto place = plan->place(i + r);
            rows[r] = x + place.in;
            out[r] = place.out;
          }
          find_in_rows<kLargest, kRows>(rows, plan->run, found);
          for (int r = 0; r < kRows; ++r) positions[out[r]] = found[r];
          if (values != nullptr)
            for (int r = 0; r < kRows; ++r) values[out[r]] = rows[r][found[r]];
        }
    for (; i < end; ++i) {
      auto [in, out] = plan->place(i);
      const std::int64_t found = find_in_run<kLargest>(x + in, plan->run);
      positions[out] = found;
      if (values != nullptr) values[out] = x[in + found];
    }
  }
};

/// By column: tiles of columns.
template <bool kLargest, class T>
struct ExtremesOfColumns : Extremes<T> {
  static void run(const ExtremesOfColumns& a, std::int64_t begin, std::int64_t end) {
    const auto [plan, x, positions, values] = a;
    T best[ReducePlan::kTileRoom];
    std::int64_t at[ReducePlan::kTileRoom];
    for (std::int64_t i = begin; i < end; ++i) {
      auto [in, out] = plan->place(i / plan->tiles);
      const std::int64_t tile = i % plan->tiles;
      const std::int64_t first = tile * ReducePlan::kTile;
      const std::int64_t count = tile + 1 == plan->tiles ? plan->run - first : ReducePlan::kTile;
      const T* row = x + in + first;
      std::copy_n(row, count, best);
      std::fill_n(at, count, 0);
      for (std::int64_t position = 1; position < plan->positions; ++position) {
        row += plan->reduced[0].stride;
        for (std::int64_t j = 0; j < count; ++j) {
          bool better = beats<kLargest>(row[j], best[j]);
          best[j] = better ? row[j] : best[j];
          at[j] = better ? position : at[j];
        }
      }
      for (std::int64_t j = 0; j < count; ++j) {
        const std::int64_t to = out + (first + j) * plan->run_out_stride;
        positions[to] = at[j];
        if (values != nullptr) values[to] = best[j];
      }
    }
  }
};

}  // namespace

template <bool kLargest, class T>
void find_extremes(const ReducePlan& plan, const T* x, std::int64_t* positions, T* values) {
  if (!plan.by_column)
    return launch(ExtremesOfRows<kLargest, T>{{&plan, x, positions, values}}, plan.outer_count,
                  kElementwiseGrain / plan.run + 1);
  launch(ExtremesOfColumns<kLargest, T>{{&plan, x, positions, values}}, plan.outer_count * plan.tiles,
         kElementwiseGrain / (plan.positions * std::min(plan.run, ReducePlan::kTile)) + 1);
}

#define XGRAD_EXTREMES(T)                                                               \
  template void find_extremes<true, T>(const ReducePlan&, const T*, std::int64_t*, T*); \
  template void find_extremes<false, T>(const ReducePlan&, const T*, std::int64_t*, T*);
XGRAD_EXTREMES(std::int64_t)
XGRAD_EXTREMES(float)
XGRAD_EXTREMES(double)
#undef XGRAD_EXTREMES

}  // namespace xgrad::internal
