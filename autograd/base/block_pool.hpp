// The free blocks that all threads share, and how many of them are kept.
//
// Blocks up to 16 KiB are cut from slabs, which go back to the system whole; larger ones are pages of their own. What
// is kept is bounded by the most that was in use lately: a loop in its steady state finds all of its blocks again, and
// a program that has moved on to other sizes gets its memory back, as does other code in the process.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <mutex>

#include "pages.hpp"
#include "size_class.hpp"

namespace xgrad::internal {

struct FreeBlock {
  FreeBlock* next;
};

/// Free blocks of one size, the last one freed first.
struct FreeList {
  FreeBlock* head = nullptr;

  FreeBlock* pop(std::size_t bytes) {
    FreeBlock* block = head;
    if (block == nullptr) return nullptr;
    ASAN_UNPOISON_MEMORY_REGION(block, bytes);
    head = block->next;
    return block;
  }
  void push(void* memory, std::size_t bytes) {
    auto* block = static_cast<FreeBlock*>(memory);
    block->next = head;
    head = block;
    // The link stays readable: the leak checker follows it.
    ASAN_POISON_MEMORY_REGION(block + 1, bytes - sizeof(FreeBlock));
  }
};

class BlockPool {
 public:
  /// Unlinked blocks on their way to the system.
  struct Doomed {
    Doomed* next;
    int list;
  };
  struct Taken {
    FreeBlock* first = nullptr;  // linked; null when the system has no more
    int count = 0;
    bool from_system = false;
  };

  /// Held around every call of take, put, keep_at_most, bound, bytes_taken and bytes_cached.
  std::mutex mutex;

  /// One block or more of a class, at most `most`.
  Taken take(int size_class, int most);
  /// Takes a block back. What is then to be given back to the system, above the bound, is in keep_at_most(bound()).
  void put(void* block, int size_class);
  /// Unlinks free pages and slabs, the longest unused first, until they come to at most `bytes`.
  Doomed* keep_at_most(std::int64_t bytes);
  /// How many bytes of free pages and slabs are kept.
  std::int64_t bound() const;
  std::int64_t bytes_taken() const { return taken_; }
  std::int64_t bytes_cached() const { return cached_; }

  /// Gives unlinked blocks back to the system. Without the mutex, as it may take milliseconds.
  void give_back(Doomed* blocks);

 private:
  struct Slab;

  static constexpr std::size_t kLargestInSlab = 16 << 10;
  static constexpr int kSlabClasses = class_of(kLargestInSlab) + 1;
  static constexpr int kSmallSlabClasses = class_of(2 << 10) + 1;
  static constexpr int kLists = kClasses + 2;  // by class, and the empty slabs of either size

  static int slab_list_of(int size_class) { return size_class < kSmallSlabClasses ? kClasses : kClasses + 1; }
  static std::size_t bytes_of_list(int list);

  FreeBlock* take_whole(int list, PageSource& source, Taken& taken);
  void put_whole(void* block, int list);
  void take_from_slab(int size_class, int most, Taken& taken);
  Slab* start_slab(int size_class, Taken& taken);
  void link(Slab* slab);
  void unlink(Slab* slab);
  void note_taken(int list, std::int64_t bytes, bool from_system);

  PageSource small_slabs_, large_slabs_, runs_;
  std::array<Slab*, kSlabClasses> partial_{};  // slabs with some free blocks and some used ones
  std::array<FreeList, kLists> lists_{};
  std::array<std::int64_t, kLists> last_taken_{};  // by volume_
  std::array<std::int64_t, kLists> last_dropped_{};

  std::int64_t taken_ = 0;         // bytes that the system has given
  std::int64_t cached_ = 0;        // of those, free ones in here
  std::int64_t whole_ = 0;         // of those, what the lists hold: not in slabs that are partly in use
  std::int64_t volume_ = 0;        // bytes that take() has handed out, ever
  std::int64_t window_start_ = 0;  // volume_ then
  std::int64_t peak_now_ = 0;      // the most that was outside, in this window
  std::int64_t peak_before_ = 0;   // and in the one before
  std::int64_t extra_ = 0;         // allowed above the peak, as what was given back had to be fetched again
};

}  // namespace xgrad::internal
