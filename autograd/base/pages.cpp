#include "pages.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>

namespace xgrad::internal {

#ifdef XGRAD_ASAN

void* PageSource::take(std::size_t bytes, std::size_t alignment) noexcept {
  static_cast<void>(at_), static_cast<void>(end_);
  void* pages = nullptr;
  return posix_memalign(&pages, alignment, bytes) == 0 ? pages : nullptr;
}

bool give_back_pages(void* pages, std::size_t bytes) noexcept {
  ASAN_UNPOISON_MEMORY_REGION(pages, bytes);
  std::free(pages);
  return true;
}

#else

namespace {

constexpr std::size_t kChunk = 4 * kHugePage;

char* round_up(char* address, std::size_t alignment) {
  auto number = reinterpret_cast<std::uintptr_t>(address);
  return address + ((number + alignment - 1) / alignment * alignment - number);
}

void unmap(char* from, char* to) {
  if (from < to) munmap(from, static_cast<std::size_t>(to - from));
}

/// Fresh pages at a multiple of kHugePage.
char* map(std::size_t bytes) {
  std::size_t room = bytes + kHugePage - kPage;
  void* mapped = mmap(nullptr, room, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  char* begin = static_cast<char*>(mapped);
  char* pages = round_up(begin, kHugePage);
  unmap(begin, pages);
  unmap(pages + bytes, begin + room);
  return pages;
}

void ask_for_huge_pages(char* from, char* to) {
  if (from < to) madvise(from, static_cast<std::size_t>(to - from), MADV_HUGEPAGE);
}

}  // namespace

void* PageSource::take(std::size_t bytes, std::size_t alignment) noexcept {
  if (bytes >= kHugePage) {
    char* pages = map(bytes);
    if (pages != nullptr) ask_for_huge_pages(pages, pages + bytes);
    return pages;
  }
  char* pages = round_up(at_, alignment);
  if (at_ == nullptr || pages + bytes > end_) {
    const bool first = at_ == nullptr;
    std::size_t size = kChunk;
    char* chunk = map(size);
    if (chunk == nullptr) chunk = map(size = kHugePage);  // bytes < kHugePage
    if (chunk == nullptr) return nullptr;
    unmap(at_, end_);
    pages = at_ = chunk;
    end_ = chunk + size;
    // A program of a few small tensors is not to wait until two megabytes are cleared.
    ask_for_huge_pages(first ? chunk + kHugePage : chunk, end_);
  }
  unmap(at_, pages);
  at_ = pages + bytes;
  return pages;
}

bool give_back_pages(void* pages, std::size_t bytes) noexcept { return munmap(pages, bytes) == 0; }

#endif

}  // namespace xgrad::internal
