// Memory from the system, in whole pages that can be given back one by one.
//
// Not malloc's: it keeps what is freed in arenas of its own, a large block now and then does not come back at all, and
// the first write of each page of fresh memory costs a page fault. Pages here come from 8 MiB that are asked for huge
// pages, which take a 512th of the faults.
#pragma once

#include <cstddef>

// Under the address sanitizer freed blocks are poisoned, so that using a freed tensor's memory is still caught, and
// memory is malloc's, so that the leak checker follows what it points to.
#if defined(__SANITIZE_ADDRESS__)
#define XGRAD_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define XGRAD_ASAN 1
#endif
#endif
#ifdef XGRAD_ASAN
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(address, size) ((void)(address), (void)(size))
#endif

namespace xgrad::internal {

inline constexpr std::size_t kPage = 4096;
inline constexpr std::size_t kHugePage = 2 << 20;

/// Hands out pages one after the other. One thread at a time.
class PageSource {
 public:
  /// Pages that start at a multiple of `alignment`; null when the system has none. Both are multiples of kPage, the
  /// alignment a power of two, at most kHugePage. They read as zero.
  void* take(std::size_t bytes, std::size_t alignment) noexcept;

 private:
  char* at_ = nullptr;  // the chunk's rest
  char* end_ = nullptr;
};

/// Gives pages back; false, with nothing changed, when the system cannot take them. Any thread, at any time.
bool give_back_pages(void* pages, std::size_t bytes) noexcept;

}  // namespace xgrad::internal
