// The memory behind every tensor, storage and graph node: blocks that were freed are kept for the next of their size.
//
// An allocator of our own, as malloc gives large blocks back to the system and fetches them anew, which costs a page
// fault for each 4 KiB a training step writes; and as it takes three times as long for a block of a graph node, some
// dozen of which a small operation makes and frees. A block is 64-byte aligned, and has one of a fixed list of sizes
// (size_class.hpp). Each thread keeps lists of its own for sizes up to 256 KiB, as long as what it took itself lately;
// larger blocks, and what overflows, go to those that all threads share (block_pool.hpp), which are bounded by what was
// in use at the peak lately. The child of a fork() goes on with the same memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include "../error.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// A std::bad_alloc that says what was asked for, and where. It takes no memory itself, and cuts long texts short.
class OutOfMemory : public std::bad_alloc {
 public:
  /// "add: there must be memory for float32 [1000], but the system does not have 4000 bytes more; 64 bytes are in use
  /// and 0 are cached. at model.cpp:42". A number of bytes of 0 is one that cannot be counted.
  OutOfMemory(std::string_view operation, std::string_view what, std::size_t bytes, SourceLocation where);
  /// Of a block whose taker does not know for which operation it works: it bears the name of the one that this thread
  /// has entered last, until somebody who knows better passes it on.
  explicit OutOfMemory(std::size_t bytes);
  const char* what() const noexcept override { return text_; }
  /// To be called where it is caught: throws it again, in this operation's name where it has none.
  [[noreturn]] void pass_on(std::string_view operation, std::string_view what, SourceLocation where) const;

 private:
  bool is_anonymous_ = false;
  std::size_t bytes_ = 0;
  char text_[512];
};

/// The operation that this thread has entered last, as far as it is known. Operand::tensor() notes it, which each
/// operator calls first that does not name all of its blocks.
struct EnteredOperation {
  const char* name = "memory";
  SourceLocation where;
};
extern constinit thread_local EnteredOperation entered_operation;

/// Alignment of every block: a cache line, and the widest SIMD register.
inline constexpr std::size_t kBlockAlignment = 64;

/// Room for at least `bytes`, which must be given back to free_block.
/// Throws: OutOfMemory when the system has no more, and nothing that is cached could be given back to it for that.
void* allocate_block(std::size_t bytes);
/// Room as allocate_block's, for `what` ("a graph node") of an operation, which the error names.
void* allocate_block_for(const char* operation, const char* what, std::size_t bytes, SourceLocation where);
void free_block(void* block, std::size_t bytes) noexcept;

/// Counts what memory::stats() tells. A positive or negative change.
void count_storage(std::int64_t storages, std::int64_t bytes);
void count_node(std::int64_t nodes);

/// Refuses this thread blocks while it lives, from the one after the first `granted` on: how tests see what a lack of
/// memory leaves behind.
class BlocksRefused {
 public:
  explicit BlocksRefused(std::int64_t granted);
  ~BlocksRefused();
  BlocksRefused(const BlocksRefused&) = delete;
  BlocksRefused& operator=(const BlocksRefused&) = delete;

  /// Whether a block has been refused.
  static bool any();
};

// What memory.hpp tells and does. Bytes and counts of the whole process.
struct AllocatorCounts {
  std::int64_t live = 0, peak = 0, in_use = 0, cached = 0, system_allocations = 0, storages = 0, nodes = 0;
};
AllocatorCounts allocator_counts();
void restart_peak();
void release_blocks() noexcept;

}  // namespace internal
}  // namespace xgrad
