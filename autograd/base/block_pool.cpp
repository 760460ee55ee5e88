#include "block_pool.hpp"

#include <algorithm>
#include <new>
#include <utility>

namespace xgrad::internal {
namespace {

constexpr std::size_t kSmallSlab = 64 << 10;   // of blocks up to 2 KiB
constexpr std::size_t kLargeSlab = 128 << 10;  // of blocks up to 16 KiB
constexpr std::int64_t kAlwaysKept = 4 << 20;
// A window of time ends when this many times its peak has been handed out: several steps of any training loop.
constexpr std::int64_t kWindow = 16;
// What is fetched from the system so soon after it was given back should have been kept.
constexpr std::int64_t kSoon = 4;

}  // namespace

/// The head of a slab; the blocks follow it. A slab starts at a multiple of its size, so that a block leads to it.
struct BlockPool::Slab {
  Slab* next;
  Slab* previous;
  FreeBlock* free;
  int size_class;
  int capacity;
  int free_count;  // in `free`, or not carved yet
  int carved;

  char* block(int i) { return reinterpret_cast<char*>(this) + kSmallest + i * size_of_class(size_class); }
};

std::size_t BlockPool::bytes_of_list(int list) {
  if (list == kClasses) return kSmallSlab;
  if (list == kClasses + 1) return kLargeSlab;
  return (size_of_class(list) + kPage - 1) / kPage * kPage;
}

BlockPool::Taken BlockPool::take(int size_class, int most) {
  Taken taken;
  if (size_class < kSlabClasses) {
    take_from_slab(size_class, most, taken);
  } else if (FreeBlock* block = take_whole(size_class, runs_, taken)) {
    block->next = nullptr;
    ASAN_POISON_MEMORY_REGION(block + 1, size_of_class(size_class) - sizeof(FreeBlock));
    taken.first = block;
    taken.count = 1;
  }
  return taken;
}

/// A page run or an empty slab, from its list or else from the system.
FreeBlock* BlockPool::take_whole(int list, PageSource& source, Taken& taken) {
  std::size_t bytes = bytes_of_list(list);
  auto signed_bytes = static_cast<std::int64_t>(bytes);
  FreeBlock* block = lists_[list].pop(bytes);
  taken.from_system = block == nullptr;
  if (block != nullptr) {
    cached_ -= signed_bytes;
    whole_ -= signed_bytes;
  } else {
    std::size_t alignment = list >= kClasses ? bytes : kPage;
    block = static_cast<FreeBlock*>(source.take(bytes, alignment));
    if (block == nullptr) return nullptr;
    taken_ += signed_bytes;
  }
  note_taken(list, signed_bytes, taken.from_system);
  return block;
}

void BlockPool::note_taken(int list, std::int64_t bytes, bool from_system) {
  volume_ += bytes;
  last_taken_[list] = volume_;
  peak_now_ = std::max(peak_now_, taken_ - cached_);
  std::int64_t peak = std::max(peak_now_, peak_before_);
  if (from_system && last_dropped_[list] != 0 && volume_ - last_dropped_[list] <= kSoon * peak)
    extra_ = std::min(extra_ + bytes, peak);
  if (volume_ - window_start_ > kWindow * std::max(peak, kAlwaysKept)) {
    window_start_ = volume_;
    peak_before_ = std::exchange(peak_now_, taken_ - cached_);
    extra_ = std::min(extra_, std::max(peak_now_, peak_before_));
  }
}

std::int64_t BlockPool::bound() const { return std::max(std::max(peak_now_, peak_before_) + extra_, kAlwaysKept); }

void BlockPool::take_from_slab(int size_class, int most, Taken& taken) {
  Slab* slab = partial_[size_class];
  if (slab == nullptr) slab = start_slab(size_class, taken);
  if (slab == nullptr) return;
  FreeBlock** end = &taken.first;
  for (; taken.count < most && slab->free_count > 0; ++taken.count, --slab->free_count) {
    if (slab->free != nullptr) {
      *end = std::exchange(slab->free, slab->free->next);
    } else {
      *end = reinterpret_cast<FreeBlock*>(slab->block(slab->carved++));
      ASAN_POISON_MEMORY_REGION(*end + 1, size_of_class(size_class) - sizeof(FreeBlock));
    }
    end = &(*end)->next;
  }
  *end = nullptr;
  cached_ -= static_cast<std::int64_t>(taken.count * size_of_class(size_class));
  peak_now_ = std::max(peak_now_, taken_ - cached_);
  if (slab->free_count == 0) unlink(slab);
}

BlockPool::Slab* BlockPool::start_slab(int size_class, Taken& taken) {
  int list = slab_list_of(size_class);
  auto* slab = reinterpret_cast<Slab*>(take_whole(list, list == kClasses ? small_slabs_ : large_slabs_, taken));
  if (slab == nullptr) return nullptr;
  std::size_t size = size_of_class(size_class);
  int capacity = static_cast<int>((bytes_of_list(list) - kSmallest) / size);
  *slab = {.next = nullptr,
           .previous = nullptr,
           .free = nullptr,
           .size_class = size_class,
           .capacity = capacity,
           .free_count = capacity,
           .carved = 0};
  static_assert(sizeof(Slab) <= kSmallest);
  cached_ += static_cast<std::int64_t>(capacity * size);
  link(slab);
  return slab;
}

void BlockPool::put(void* block, int size_class) {
  std::size_t size = size_of_class(size_class);
  if (size_class >= kSlabClasses) {
    put_whole(block, size_class);
    return;
  }
  int list = slab_list_of(size_class);
  std::size_t slab_bytes = bytes_of_list(list);
  auto address = reinterpret_cast<std::uintptr_t>(block);
  auto* slab = reinterpret_cast<Slab*>(static_cast<char*>(block) - address % slab_bytes);
  FreeList{slab->free}.push(block, size);
  slab->free = static_cast<FreeBlock*>(block);
  cached_ += static_cast<std::int64_t>(size);
  if (slab->free_count++ == 0) link(slab);
  if (slab->free_count < slab->capacity) return;
  unlink(slab);
  cached_ -= static_cast<std::int64_t>(slab->capacity * size);
  put_whole(slab, list);
}

void BlockPool::put_whole(void* block, int list) {
  std::size_t bytes = bytes_of_list(list);
  lists_[list].push(block, bytes);
  cached_ += static_cast<std::int64_t>(bytes);
  whole_ += static_cast<std::int64_t>(bytes);
}

void BlockPool::link(Slab* slab) {
  Slab*& first = partial_[slab->size_class];
  slab->previous = nullptr;
  slab->next = first;
  if (first != nullptr) first->previous = slab;
  first = slab;
}

void BlockPool::unlink(Slab* slab) {
  (slab->previous != nullptr ? slab->previous->next : partial_[slab->size_class]) = slab->next;
  if (slab->next != nullptr) slab->next->previous = slab->previous;
}

BlockPool::Doomed* BlockPool::keep_at_most(std::int64_t bytes) {
  Doomed* doomed = nullptr;
  while (whole_ > bytes) {
    int oldest = -1;
    for (int i = kSlabClasses; i < kLists; ++i)
      if (lists_[i].head != nullptr && (oldest < 0 || last_taken_[i] < last_taken_[oldest])) oldest = i;
    std::size_t size = bytes_of_list(oldest);
    while (whole_ > bytes) {
      FreeBlock* block = lists_[oldest].pop(size);
      if (block == nullptr) break;
      doomed = new (block) Doomed{doomed, oldest};
      cached_ -= static_cast<std::int64_t>(size);
      whole_ -= static_cast<std::int64_t>(size);
      taken_ -= static_cast<std::int64_t>(size);
    }
    last_dropped_[oldest] = volume_;
  }
  return doomed;
}

void BlockPool::give_back(Doomed* blocks) {
  while (blocks != nullptr) {
    Doomed block = *blocks;
    std::size_t bytes = bytes_of_list(block.list);
    if (!give_back_pages(blocks, bytes)) {
      std::lock_guard lock(mutex);
      put_whole(blocks, block.list);
      taken_ += static_cast<std::int64_t>(bytes);
    }
    blocks = block.next;
  }
}

}  // namespace xgrad::internal
