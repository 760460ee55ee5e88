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
struct Wide {
  std::uint64_t key;
  std::uint64_t at;
  static Wide make(std::uint64_t key, std::int64_t at) { return {key, static_cast<std::uint64_t>(at)}; }
  std::int64_t position() const { return static_cast<std::int64_t>(at); }
  friend bool operator<(const Wide& a, const Wide& b) { return a.key < b.key || (a.key == b.key && a.at < b.at); }
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
  f(Items<T, Wide>(descending));
}

// ---- Sorting items ----

/// Rows up to this length are sorted in a buffer on the stack.
constexpr std::int64_t kShort = 512;
/// From this length on rows are sorted by digits.
constexpr std::int64_t kByDigits = 384;
/// Pieces of this length are sorted first.
constexpr std::int64_t kPiece = 16;

/// Each item goes to the place that is the number of smaller ones: a loop without branches, for distinct words.
inline void sort_piece(const Packed* items, Packed* to) {
  std::uint64_t words[kPiece];
  for (std::int64_t i = 0; i < kPiece; ++i) words[i] = items[i].word;
  for (std::int64_t i = 0; i < kPiece; ++i) {
    std::uint64_t smaller = 0;
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

/// Merges two sorted runs of `width` items. From both ends at once: two chains of steps that do not wait for one another,
/// neither of which can leave its run.
template <class Item>
void merge_alike(const Item* items, std::int64_t width, Item* to) {
  const Item *left = items, *right = items + width;
  const Item *left_end = items + width - 1, *right_end = items + 2 * width - 1;
  Item* to_end = to + 2 * width - 1;
  for (std::int64_t i = 0; i < width; ++i) {
    const bool takes_right = *right < *left;  // without a branch: it would be mispredicted half of the time
    *to++ = takes_right ? *right : *left;
    right += takes_right;
    left += !takes_right;
    const bool takes_left = *right_end < *left_end;
    *to_end-- = takes_left ? *left_end : *right_end;
    left_end -= takes_left;
    right_end -= !takes_left;
  }
}

template <class Item>
void merge(const Item* items, std::int64_t middle, std::int64_t end, Item* to) {
  const Item *left = items, *right = items + middle;
  const Item *const left_end = right, *const right_end = items + end;
  while (left != left_end && right != right_end) {
    const bool takes_right = *right < *left;
    *to++ = takes_right ? *right : *left;
    right += takes_right;
    left += !takes_right;
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

/// Sorts the row x, of n elements, by the bytes of its keys, the lowest first: through two rooms of n items. The first pass
/// reads x, the last one hands the items to write(place, item).
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

/// Room for kRooms rows of items: on the stack for short rows, else in memory that was taken before the kernel began, for
/// each row its own.
template <class Item>
struct Rooms {
  Item* memory = nullptr;
  std::int64_t length = 0;
  int rooms = 0;

  Item* of(std::int64_t row, int room, Item* stack) const {
    return memory == nullptr ? stack + room * kShort : memory + (row * rooms + room) * length;
  }
};

/// The memory of Rooms.
template <class Item>
struct RoomsInMemory {
  RoomsInMemory(const RowsShape& shape, std::int64_t length, int count) {
    rooms.length = length;
    rooms.rooms = count;
    if (length <= kShort) return;
    constexpr std::int64_t kWords = sizeof(Item) / sizeof(std::int64_t);
    tensor = new_tensor({shape.rows, count, length, kWords}, DType::int64);
    rooms.memory = reinterpret_cast<Item*>(data_of<std::int64_t>(tensor));
  }
  Tensor tensor;
  Rooms<Item> rooms;
};

template <class T, class Item>
struct SortRows {
  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length, keep;  // of which the first are written
  Items<T, Item> items;
  Rooms<Item> rooms;

  static void run(const SortRows& a, std::int64_t begin, std::int64_t end) {
    Item stack[2 * kShort];
    for (std::int64_t row = begin; row < end; ++row) {
      const T* x = a.x + row * a.length;
      T* values = a.values + row * a.keep;
      std::int64_t* positions = a.positions + row * a.keep;
      const std::int64_t keep = a.keep;
      Item *room = a.rooms.of(row, 0, stack), *other = a.rooms.of(row, 1, stack);
      if (a.values == nullptr)
        sort_row(a.items, x, a.length, room, other, [=](std::int64_t place, const Item& item) {
          if (place < keep) positions[place] = item.position();
        });
      else
        sort_row(a.items, x, a.length, room, other, [=](std::int64_t place, const Item& item) {
          if (place >= keep) return;
          const std::int64_t position = item.position();
          positions[place] = position;
          values[place] = x[position];
        });
    }
  }
};

/// The first k of each row by a heap of k items, its largest on top, that most elements do not get into: they are compared
/// with its top, blocks of them at once.
template <class T, class Item>
struct TopOfRows {
  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length, k;
  Items<T, Item> items;
  Rooms<Item> rooms;

  static constexpr std::int64_t kBlock = 64;

  static void run(const TopOfRows& a, std::int64_t begin, std::int64_t end) {
    Item stack[kShort];
    for (std::int64_t row = begin; row < end; ++row) {
      const T* x = a.x + row * a.length;
      Item* heap = a.rooms.of(row, 0, stack);
      const std::int64_t k = a.k;
      for (std::int64_t i = 0; i < k; ++i) heap[i] = a.items.item(x[i], i);
      std::make_heap(heap, heap + k);
      std::int64_t i = k;
      for (; i + kBlock <= a.length; i += kBlock)
        if (beats_top(a, x + i, heap)) take(a, x, i, i + kBlock, heap);
      take(a, x, i, a.length, heap);
      std::sort_heap(heap, heap + k);
      for (std::int64_t j = 0; j < k; ++j) {
        const std::int64_t position = heap[j].position();
        a.positions[row * k + j] = position;
        a.values[row * k + j] = x[position];
      }
    }
  }

 private:
  /// Whether any of a block has a key below the top's: of equal keys the top came first.
  static bool beats_top(const TopOfRows& a, const T* block, const Item* heap) {
    const auto items = a.items;
    const auto top = items.key_in(heap[0]);
    typename Items<T, Item>::Key beats = 0;
    for (std::int64_t i = 0; i < kBlock; ++i) beats |= items.key(block[i]) < top;
    return beats != 0;
  }
  static void take(const TopOfRows& a, const T* x, std::int64_t begin, std::int64_t end, Item* heap) {
    for (std::int64_t i = begin; i < end; ++i)
      if (a.items.key(x[i]) < a.items.key_in(heap[0])) replace_top(heap, a.k, a.items.item(x[i], i));
  }
  static void replace_top(Item* heap, std::int64_t n, const Item& item) {
    std::int64_t at = 0;
    for (std::int64_t child = 1; child < n; child = 2 * at + 1) {
      if (child + 1 < n && heap[child] < heap[child + 1]) ++child;
      if (!(item < heap[child])) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = item;
  }
};

template <class T, class Item>
struct PickOfRows {
  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length;
  Rank rank;
  std::int64_t k;
  Items<T, Item> items;
  Rooms<Item> rooms;

  static void run(const PickOfRows& a, std::int64_t begin, std::int64_t end) {
    Item stack[kShort];
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t position = pick(a, a.x + row * a.length, a.rooms.of(row, 0, stack));
      a.positions[row] = position;
      a.values[row] = a.x[row * a.length + position];
    }
  }

 private:
  static std::int64_t pick(const PickOfRows& a, const T* x, Item* room) {
    std::int64_t nans = 0, first_nan = -1;
    for (std::int64_t i = 0; i < a.length; ++i) {
      room[i] = a.items.item(x[i], i);
      if (x[i] != x[i] && nans++ == 0) first_nan = i;
    }
    std::int64_t k = a.k;
    if (a.rank == Rank::median) {
      if (nans > 0) return first_nan;
      k = (a.length - 1) / 2;
    } else if (a.rank == Rank::nan_median) {
      if (nans == a.length) return first_nan;
      k = (a.length - nans - 1) / 2;
    }
    std::nth_element(room, room + k, room + a.length);
    return room[k].position();
  }
};

template <class T, class Item>
struct ModeOfRows {
  const T* x;
  T* values;
  std::int64_t* positions;
  std::int64_t length;
  Items<T, Item> items;
  Rooms<Item> rooms;

  static void run(const ModeOfRows& a, std::int64_t begin, std::int64_t end) {
    Item stack[3 * kShort];
    for (std::int64_t row = begin; row < end; ++row) {
      const T* x = a.x + row * a.length;
      Item* sorted = a.rooms.of(row, 2, stack);
      sort_row(a.items, x, a.length, a.rooms.of(row, 0, stack), a.rooms.of(row, 1, stack),
               [=](std::int64_t place, const Item& item) { sorted[place] = item; });
      std::int64_t most = 0, found = 0, run = 0;
      for (std::int64_t i = 0; i < a.length; ++i) {
        const std::int64_t at = sorted[i].position();
        ++run;
        if (i + 1 < a.length && x[at] == x[sorted[i + 1].position()]) continue;
        if (run > most) {
          most = run;
          found = at;
        }
        run = 0;
      }
      a.positions[row] = found;
      a.values[row] = x[found];
    }
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
    RoomsInMemory<Item> memory(shape, shape.length, 2);
    launch(SortRows<T, Item>{x, values, positions, shape.length, keep, items, memory.rooms}, shape.rows,
           kSortGrain / shape.length + 1);
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
    RoomsInMemory<Item> memory(shape, k, 1);
    launch(TopOfRows<T, Item>{x, values, positions, shape.length, k, items, memory.rooms}, shape.rows,
           kSortGrain / shape.length + 1);
  });
}

template <class T>
void pick_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape, Rank rank, std::int64_t k) {
  if (is_empty(shape)) return;
  with_items<T>(shape.length, false, [&]<class Item>(const Items<T, Item>& items) {
    RoomsInMemory<Item> memory(shape, shape.length, 1);
    launch(PickOfRows<T, Item>{x, values, positions, shape.length, rank, k, items, memory.rooms}, shape.rows,
           kSortGrain / shape.length + 1);
  });
}

template <class T>
void mode_of_rows(const T* x, T* values, std::int64_t* positions, const RowsShape& shape) {
  if (is_empty(shape)) return;
  with_items<T>(shape.length, false, [&]<class Item>(const Items<T, Item>& items) {
    RoomsInMemory<Item> memory(shape, shape.length, 3);
    launch(ModeOfRows<T, Item>{x, values, positions, shape.length, items, memory.rooms}, shape.rows,
           kSortGrain / shape.length + 1);
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
