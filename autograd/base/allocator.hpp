// The cache of freed blocks behind every tensor, storage and graph node.
//
// A block has one of a fixed list of sizes (steps of 64 bytes up to 1 KiB, then eight steps a doubling, so at
// most an eighth is lost). Each thread keeps lists of its own for the smaller sizes; larger ones, and what
// overflows, go to lists shared by all threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <string_view>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// A std::bad_alloc that says what was asked for. It takes no memory itself, and cuts long texts short.
class OutOfMemory : public std::bad_alloc {
 public:
  explicit OutOfMemory(std::string_view text);
  const char* what() const noexcept override { return text_; }

 private:
  char text_[512];
};

/// Alignment of every block: a cache line, and the widest SIMD register.
inline constexpr std::size_t kBlockAlignment = 64;

/// Room for at least `bytes`; throws std::bad_alloc when the system has none. `bytes` must be given back to
/// free_block.
void* allocate_block(std::size_t bytes);
void free_block(void* block, std::size_t bytes) noexcept;

/// What memory::stats() counts. A positive or negative change.
void count_storage(std::int64_t storages, std::int64_t bytes);
void count_node(std::int64_t nodes);

}  // namespace internal
}  // namespace xgrad
