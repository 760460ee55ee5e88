#include "sort.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <limits>
#include <type_traits>

#include "../base/launch.hpp"
#include "../tensor_impl.hpp"

namespace xgrad::internal {
namespace {

// Elements from which sorting is worth a second thread.
constexpr std::int64_t kSortGrain = 4096;

// ---- Keys ----

/// An unsigned integer in the order of x: nan the largest, -0 and 0 equal.
inline std::uint32_t key_of(float x) {
  const auto bits = std::bit_cast<std::uint32_t>(x + 0.0f);  // -0 becomes 0
  const auto negative = static_cast<std::uint32_t>(static_cast<std::int32_t>(bits) >> 31);
  const std::uint32_t key = bits ^ (negative | 0x80000000u);
  return x != x ? ~std::uint32_t{0} : key;
}
inline std::uint64_t key_of(double x) {
  const auto bits = std::bit_cast<std::uint64_t>(x + 0.0);
  const auto negative = static_cast<std::uint64_t>(static_cast<std::int64_t>(bits) >> 63);
  const std::uint64_t key = bits ^ (negative | 0x8000000000000000u);
  return x != x ? ~std::uint64_t{0} : key;
}
inline std::uint64_t key_of(std::int64_t x) { return static_cast<std::uint64_t>(x) ^ 0x8000000000000000u; }
inline std::uint32_t key_of(bool x) { return x; }

template <class T>
using KeyOf = decltype(key_of(T{}));

/// A key and the position of its element.
struct WideKey {
  std::uint64_t key;
  std::uint64_t at;
  static WideKey make(std::uint64_t key, std::int64_t at) { return {key, static_cast<std::uint64_t>(at)}; }
  std::int64_t position() const { return static_cast<std::int64_t>(at); }
  friend bool operator<(const WideKey& a, const WideKey& b) { return a.key < b.key || (a.key == b.key && a.at < b.at); }
};
/// The same in one word, for keys of 32 bits in rows shorter than 2^32.
struct Packed {
  std::uint64_t word;
  static Packed make(std::uint32_t key, std::int64_t at) {
    return {std::uint64_t{key} << 32 | static_cast<std::uint32_t>(at)};
  }
  std::int64_t position() const { return static_cast<std::int64_t>(word & 0xffffffffu); }
  friend bool operator<(const Packed& a, const Packed& b) { return a.word < b.word; }
};

/// How the elements of a row become items.
template <class T, class I>
struct Items {
  using Item = I;
  using Key = std::conditional_t<std::is_same_v<I, Packed>, std::uint32_t, std::uint64_t>;
  static constexpr int kBytes = std::is_same_v<T, bool> ? 1 : sizeof(KeyOf<T>);  // of a key that differ

  Key flip;  // all bits for a descending order

  explicit Items(bool descending) : flip(descending ? static_cast<Key>(~KeyOf<T>{0}) : Key{0}) {
    if (std::is_same_v<T, bool> && descending) flip = 1;
  }
  Key key(T x) const { return static_cast<Key>(key_of(x)) ^ flip; }
  Item item(T x, std::int64_t at) const { return Item::make(key(x), at); }
  static Key key_in(const Item& item) {
    if constexpr (std::is_same_v<I, Packed>)
      return static_cast<Key>(item.word >> 32);
    else
      return item.key;
  }
};

/// Calls f(Items<T, ...>) for rows of this length.
template <class T, class F>
void with_items(std::int64_t length, bool descending, const F& f) {
  if constexpr (sizeof(KeyOf<T>) == 4) {
    if (length <= std::numeric_limits<std::uint32_t>::max()) return f(Items<T, Packed>(descending));
  }
  f(Items<T, WideKey>(descending));
}

// ---- Sorting items ----

/// Rows up to this length are sorted in a buffer on the stack.
constexpr std::int64_t kShort = 512;
/// From this length on rows are sorted by digits.
constexpr std::int64_t kByDigits = 384;
/// Pieces of this length are sorted first.
constexpr std::int64_t kPiece = 16;

/// Each item goes to the place that is the number of smaller ones: a loop without branches, for distinct words. It stays a
/// loop, of instructions for several words each: g++ at -O3 would unroll it into steps for one word.
inline void sort_piece(const Packed* items, Packed* to) {
  std::uint64_t words[kPiece];
  for (std::int64_t i = 0; i < kPiece; ++i) words[i] = items[i].word;
  for (std::int64_t i = 0; i < kPiece; ++i) {
    std::uint64_t smaller = 0;
#pragma GCC unroll 1
    for (std::int64_t j = 0; j < kPiece; ++j) smaller += words[j] < words[i];
    to[smaller] = items[i];
  }
}
/// By insertion: pairs are compared in two steps.
template <class Item>
void sort_piece(const Item* items, Item* to, std::int64_t n = kPiece) {
  for (std::int64_t i = 0; i < n; ++i) {
    const Item item = items[i];
    std::int64_t j = i;
    for (; j > 0 && item < to[j - 1]; --j) to[j] = to[j - 1];
    to[j] = item;
  }
}

/// Merges two sorted runs of `width` items. From both ends at once: two chains of steps that do not wait for one
/// another, neither of which can leave its run.
template <class Item>
void merge_alike(const Item* items, std::int64_t width, Item* to) {
  const Item *left = items, *right = items + width;
  const Item *left_end = items + width - 1, *right_end = items + 2 * width - 1;
  Item* to_end = to + 2 * width - 1;
  for (std::int64_t i = 0; i < width; ++i) {
    // Without branches, which would be mispredicted half of the time: both items are read, the steps are numbers.
    const Item from_left = *left, from_right = *right;
    const std::int64_t takes_right = from_right < from_left;
    *to++ = takes_right != 0 ? from_right : from_left;
    right += takes_right;
    left += 1 - takes_right;
    const Item last_left = *left_end, last_right = *right_end;
    const std::int64_t takes_left = last_right < last_left;
    *to_end-- = takes_left != 0 ? last_left : last_right;
    left_end -= takes_left;
    right_end -= 1 - takes_left;
  }
}

template <class Item>
void merge(const Item* items, std::int64_t middle, std::int64_t end, Item* to) {
  const Item *left = items, *right = items + middle;
  const Item *const left_end = right, *const right_end = items + end;
  while (left != left_end && right != right_end) {
    const Item from_left = *left, from_right = *right;
    const std::int64_t takes_right = from_right < from_left;
    *to++ = takes_right != 0 ? from_right : from_left;
    right += takes_right;
    left += 1 - takes_right;
  }
  to = std::copy(left, left_end, to);
  std::copy(right, right_end, to);
}

/// Sorts n items by merging, from `items` through `room` and back. Answers with the one that holds the result.
template <class Item>
Item* merge_sort(Item* items, Item* room, std::int64_t n) {
  std::int64_t begin = 0;
  for (; begin + kPiece <= n; begin += kPiece) sort_piece(items + begin, room + begin);
  sort_piece<Item>(items + begin, room + begin, n - begin);
  std::swap(items, room);
  for (std::int64_t width = kPiece; width < n; width *= 2) {
    for (begin = 0; begin < n; begin += 2 * width) {
      const std::int64_t middle = std::min(n - begin, width), end = std::min(n - begin, 2 * width);
      if (end == 2 * width)
        merge_alike(items + begin, width, room + begin);
      else
        merge(items + begin, middle, end, room + begin);
    }
    std::swap(items, room);
  }
  return items;
}

/// How often each value of each byte of the keys comes.
template <int kBytes>
using Histograms = std::array<std::array<std::uint32_t, 256>, kBytes>;

/// Sorts the row x, of n elements, by the bytes of its keys, the lowest first: through two rooms of n items. The first
/// pass reads x, the last one hands the items to write(place, item).
template <class T, class Item, class Write>
void digit_sort(const Items<T, Item>& items, const T* x, std::int64_t n, Item* room, Item* other, const Write& write) {
  constexpr int kBytes = Items<T, Item>::kBytes;
  Histograms<kBytes> counts{};
  for (std::int64_t i = 0; i < n; ++i) {
    const auto key = items.key(x[i]);
    for (int byte = 0; byte < kBytes; ++byte) ++counts[byte][key >> (8 * byte) & 255];
  }
  // A byte that all keys share needs no pass.
  const auto some = items.key(x[0]);
  int passes[kBytes];
  int count = 0;
  for (int byte = 0; byte < kBytes; ++byte)
    if (counts[byte][some >> (8 * byte) & 255] != static_cast<std::uint64_t>(n)) passes[count++] = byte;
  if (count == 0) {
    for (std::int64_t i = 0; i < n; ++i) write(i, items.item(x[i], i));
    return;
  }
  for (int pass = 0; pass < count; ++pass) {
    const int shift = 8 * passes[pass];
    std::int64_t places[256];
    std::int64_t sum = 0;
    for (int value = 0; value < 256; ++value) {
      places[value] = sum;
      sum += counts[passes[pass]][value];
    }
    auto place = [&](const Item& item) -> std::int64_t { return places[items.key_in(item) >> shift & 255]++; };
    const bool is_first = pass == 0, is_last = pass + 1 == count;
    if (is_first && is_last) {
      for (std::int64_t i = 0; i < n; ++i) {
        const Item item = items.item(x[i], i);
        write(place(item), item);
      }
    } else if (is_first) {
      for (std::int64_t i = 0; i < n; ++i) {
        const Item item = items.item(x[i], i);
        other[place(item)] = item;
      }
    } else if (is_last) {
      for (std::int64_t i = 0; i < n; ++i) write(place(room[i]), room[i]);
    } else {
      for (std::int64_t i = 0; i < n; ++i) other[place(room[i])] = room[i];
    }
    std::swap(room, other);
  }
}

/// Sorts the row x and hands the items to write(place, item) one by one.
template <class T, class Item, class Write>
void sort_row(const Items<T, Item>& items, const T* x, std::int64_t n, Item* room, Item* other, const Write& write) {
  // Counts are of 32 bits.
  if (n >= kByDigits && n <= std::numeric_limits<std::uint32_t>::max())
    return digit_sort(items, x, n, room, other, write);
  for (std::int64_t i = 0; i < n; ++i) room[i] = items.item(x[i], i);
  const Item* sorted = merge_sort(room, other, n);
  for (std::int64_t i = 0; i < n; ++i) write(i, sorted[i]);
}

/// Calls kernel.row(row, room, length) for each row: with room for K::kRooms rows of `length` items, on the stack for
/// short rows, else in memory that was taken before. Over groups of rows, each of which has its own memory.
template <class K>
struct RowByRow {
  using Item = typename K::Item;

  K kernel;
  std::int64_t rows, groups;
  Item* memory;  // or null
  std::int64_t length;

  static void run(const RowByRow& a, std::int64_t begin, std::int64_t end) {
    Item stack[K::kRooms * kShort];
    for (std::int64_t group = begin; group < end; ++group) {
      Item* room = a.memory == nullptr ? stack : a.memory + group * K::kRooms * a.length;
      const std::int64_t last = a.first_row(group + 1);
      for (std::int64_t row = a.first_row(group); row < last; ++row) a.kernel.row(row, room, a.length);
    }
  }

 private:
  std::int64_t first_row(std::int64_t group) const { return group * (rows / groups) + std::min(group, rows % groups); }
};

/// Runs the kernel over rows of `cost` elements that each need room for `length` items.
template <class K>
void launch_rows(const K& kernel, std::int64_t rows, std::int64_t cost, std::int64_t length) {
  const std::int64_t grain = kSortGrain / cost + 1;
  if (length <= kShort) return launch(RowByRow<K>{kernel, rows, rows, nullptr, kShort}, rows, grain);
  // More groups than there may be threads, and memory for those alone.
  constexpr std::int64_t kGroups = 32, kWords = sizeof(typename K::Item) / sizeof(std::int64_t);
  const std::int64_t groups = std::min(rows, kGroups);
  const Tensor memory = new_tensor({groups, K::kRooms, length, kWords}, DType::int64);
  auto* items = reinterpret_cast<typename K::Item*>(data_of<std::int64_t>(memory));
  launch(RowByRow<K>{kernel, rows, groups, items, length}, groups, grain / (rows / groups) + 1);
}

template <class T, class I>
struct SortRows {
  using Item = I;
  static constexpr int kRooms = 2;

  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length, keep;  // of which the first are written
  Items<T, Item> items;

  void row(std::int64_t row, Item* room, std::int64_t room_length) const {
    const T* from = x + row * length;
    std::int64_t* row_positions = positions + row * keep;
    const std::int64_t count = keep;
    if (values == nullptr)
      return sort_row(items, from, length, room, room + room_length, [=](std::int64_t place, const Item& item) {
        if (place < count) row_positions[place] = item.position();
      });
    T* row_values = values + row * keep;
    sort_row(items, from, length, room, room + room_length, [=](std::int64_t place, const Item& item) {
      if (place >= count) return;
      const std::int64_t position = item.position();
      row_positions[place] = position;
      row_values[place] = from[position];
    });
  }
};

/// The first k of each row by a heap of k items, its largest on top, that most elements do not get into: they are
/// compared with its top, blocks of them at once.
template <class T, class I>
struct TopOfRows {
  using Item = I;
  static constexpr int kRooms = 1;

  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length, k;
  Items<T, Item> items;

  void row(std::int64_t row, Item* heap, std::int64_t) const {
    const T* from = x + row * length;
    for (std::int64_t i = 0; i < k; ++i) heap[i] = items.item(from[i], i);
    std::make_heap(heap, heap + k);
    std::int64_t i = k;
    for (; i + kBlock <= length; i += kBlock)
      if (beats_top(from + i, heap)) take(from, i, i + kBlock, heap);
    take(from, i, length, heap);
    std::sort_heap(heap, heap + k);
    for (std::int64_t j = 0; j < k; ++j) {
      const std::int64_t position = heap[j].position();
      positions[row * k + j] = position;
      values[row * k + j] = from[position];
    }
  }

 private:
  static constexpr std::int64_t kBlock = 64;

  /// Whether any of a block has a key below the top's: of equal keys the top came first. A loop, as in sort_piece().
  bool beats_top(const T* block, const Item* heap) const {
    const auto keys = items;
    const auto top = keys.key_in(heap[0]);
    typename Items<T, Item>::Key beats = 0;
#pragma GCC unroll 1
    for (std::int64_t i = 0; i < kBlock; ++i) beats |= keys.key(block[i]) < top;
    return beats != 0;
  }
  void take(const T* from, std::int64_t begin, std::int64_t end, Item* heap) const {
    for (std::int64_t i = begin; i < end; ++i)
      if (items.key(from[i]) < items.key_in(heap[0])) replace_top(heap, items.item(from[i], i));
  }
  void replace_top(Item* heap, const Item& item) const {
    std::int64_t at = 0;
    for (std::int64_t child = 1; child < k; child = 2 * at + 1) {
      if (child + 1 < k && heap[child] < heap[child + 1]) ++child;
      if (!(item < heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = item;
  }
};

template <class T, class I>
struct PickOfRows {
  using Item = I;
  static constexpr int kRooms = 1;

  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length;
  Rank rank;
  std::int64_t k;
  Items<T, Item> items;

  void row(std::int64_t row, Item* room, std::int64_t) const {
    const T* from = x + row * length;
    const std::int64_t position = pick(from, room);
    positions[row] = position;
    values[row] = from[position];
  }

 private:
  std::int64_t pick(const T* from, Item* room) const {
    std::int64_t nans = 0, first_nan = -1;
    for (std::int64_t i = 0; i < length; ++i) {
      room[i] = items.item(from[i], i);
      if (from[i] != from[i] && nans++ == 0) first_nan = i;
    }
    std::int64_t place = k;
    if (rank == Rank::median) {
      if (nans > 0) return first_nan;
      place = (length - 1) / 2;
    } else if (rank == Rank::nan_median) {
      if (nans == length) return first_nan;
      place = (length - nans - 1) / 2;
    }
    std::nth_element(room, room + place, room + length);
    return room[place].position();
  }
};

template <class T, class I>
struct ModeOfRows {
  using Item = I;
  static constexpr int kRooms = 3;

  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length;
  Items<T, Item> items;

  void row(std::int64_t row, Item* room, std::int64_t room_length) const {
    const T* from = x + row * length;
    Item* sorted = room + 2 * room_length;
    sort_row(items, from, length, room, room + room_length,
             [=](std::int64_t place, const Item& item) { sorted[place] = item; });
    std::int64_t most = 0, found = 0, run = 0;
    for (std::int64_t i = 0; i < length; ++i) {
      const std::int64_t at = sorted[i].position();
      ++run;
      if (i + 1 < length && from[at] == from[sorted[i + 1].position()]) continue;
      if (run > most) {
        most = run;
        found = at;
      }
      run = 0;
    }
    positions[row] = found;
    values[row] = from[found];
  }
};

/// Rows as words: compared by their first elements that differ; equal ones keep their order. In one piece.
template <class T>
struct OrderRows {
  const T* x;
  std::int64_t* positions;
  RowsShape shape;

  static void run(const OrderRows& a, std::int64_t, std::int64_t) {
    const std::int64_t length = a.shape.length;
    const T* x = a.x;
    std::sort(a.positions, a.positions + a.shape.rows, [=](std::int64_t i, std::int64_t j) {
      const T *left = x + i * length, *right = x + j * length;
      for (std::int64_t k = 0; k < length; ++k) {
        const auto left_key = key_of(left[k]), right_key = key_of(right[k]);
        if (left_key != right_key) return left_key < right_key;
      }
      return i < j;
    });
  }
};

bool is_empty(const RowsShape& shape) { return shape.rows == 0 || shape.length == 0; }

/// The first `keep` of each row.
template <class T>
void sort_to(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, std::int64_t keep,
             bool descending) {
  with_items<T>(shape.length, descending, [&]<class Item>(const Items<T, Item>& items) {
    launch_rows(SortRows<T, Item>{x, values, positions, shape.length, keep, items}, shape.rows, shape.length,
                shape.length);
  });
}

}  // namespace

template <class T>
void sort_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, bool descending) {
  if (!is_empty(shape)) sort_to(x, values, positions, shape, shape.length, descending);
}

template <class T>
void top_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, std::int64_t k,
                 bool descending) {
  if (is_empty(shape) || k == 0) return;
  if (k > shape.length / 8) return sort_to(x, values, positions, shape, k, descending);
  with_items<T>(shape.length, descending, [&]<class Item>(const Items<T, Item>& items) {
    launch_rows(TopOfRows<T, Item>{x, values, positions, shape.length, k, items}, shape.rows, shape.length, k);
  });
}

template <class T>
void pick_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, Rank rank, std::int64_t k) {
  if (is_empty(shape)) return;
  with_items<T>(shape.length, false, [&]<class Item>(const Items<T, Item>& items) {
    launch_rows(PickOfRows<T, Item>{x, values, positions, shape.length, rank, k, items}, shape.rows, shape.length,
                shape.length);
  });
}

template <class T>
void mode_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape) {
  if (is_empty(shape)) return;
  with_items<T>(shape.length, false, [&]<class Item>(const Items<T, Item>& items) {
    launch_rows(ModeOfRows<T, Item>{x, values, positions, shape.length, items}, shape.rows, shape.length, shape.length);
  });
}

template <class T>
void order_rows(const T* x, std::int64_t* positions, const RowsShape& shape) {
  for (std::int64_t row = 0; row < shape.rows; ++row) positions[row] = row;
  launch(OrderRows<T>{x, positions, shape}, 1, 1);
}

#define XGRAD_SORTS(T)                                                                           \
  template void sort_rows(const T*, T*, std::int64_t*, const RowsShape&, bool);                  \
  template void top_of_rows(const T*, T*, std::int64_t*, const RowsShape&, std::int64_t, bool);  \
  template void pick_of_rows(const T*, T*, std::int64_t*, const RowsShape&, Rank, std::int64_t); \
  template void mode_of_rows(const T*, T*, std::int64_t*, const RowsShape&);                     \
  template void order_rows(const T*, std::int64_t*, const RowsShape&);
XGRAD_SORTS(bool)
XGRAD_SORTS(std::int64_t)
XGRAD_SORTS(float)
XGRAD_SORTS(double)
#undef XGRAD_SORTS

}  // namespace xgrad::internal
