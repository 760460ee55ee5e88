#include "allocator.hpp"

#include <sys/mman.h>

#include <array>
#include <atomic>
#include <bit>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <new>
#include <utility>
#include <vector>

#include "../memory.hpp"

// Under the address sanitizer a cached block is poisoned, so that using a freed tensor's memory is still
// caught.
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
namespace {

constexpr std::size_t kSmallest = 64;
constexpr std::size_t kLinearUpTo = 1024;                          // 64-byte steps up to here
constexpr int kLinearClasses = kLinearUpTo / kSmallest;            // 16
constexpr int kStepsPerDoubling = 8;                               // above: at most 1/8 lost
constexpr int kClasses = kLinearClasses + 37 * kStepsPerDoubling;  // up to 2^47 bytes
constexpr std::size_t kLargest = std::size_t{1} << 46;             // more than a machine has
constexpr std::size_t kThreadLocalUpTo = 256 << 10;                // larger blocks are shared at once
constexpr std::int64_t kThreadListBytes = 4 << 20;                 // a thread's list of one size holds at most this
constexpr std::size_t kSlabBytes = 64 << 10;                       // blocks up to kLinearUpTo are cut from slabs
constexpr std::size_t kHugePageBytes = 2 << 20;
constexpr std::int64_t kPublishBytes = 4096;  // how stale a thread's part of the peak may be

int class_of(std::size_t bytes) {
  if (bytes <= kLinearUpTo) return bytes == 0 ? 0 : static_cast<int>((bytes - 1) / kSmallest);
  int doubling = std::bit_width(bytes - 1) - 1;  // 2^doubling <= bytes - 1
  std::size_t step = ((bytes - 1) >> (doubling - 3)) - kStepsPerDoubling;
  return kLinearClasses + (doubling - 10) * kStepsPerDoubling + static_cast<int>(step);
}

std::size_t size_of_class(int size_class) {
  if (size_class < kLinearClasses) return (size_class + 1) * kSmallest;
  int above = size_class - kLinearClasses;
  return static_cast<std::size_t>(above % kStepsPerDoubling + 1 + kStepsPerDoubling) << (above / kStepsPerDoubling + 7);
}

struct FreeBlock {
  FreeBlock* next;
};

struct FreeList {
  FreeBlock* head = nullptr;

  void* pop(std::size_t bytes) {
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

/// A counter that only its thread writes and any thread may read: no locked instruction.
class ThreadCounter {
 public:
  void add(std::int64_t change) { value_.store(value() + change, std::memory_order_relaxed); }
  std::int64_t value() const { return value_.load(std::memory_order_relaxed); }
  std::int64_t take() {
    std::int64_t value = this->value();
    value_.store(0, std::memory_order_relaxed);
    return value;
  }

 private:
  std::atomic<std::int64_t> value_{0};
};

struct ThreadCache {
  std::array<FreeList, kClasses> lists;
  std::array<std::int64_t, kClasses> list_bytes{};
  ThreadCounter unpublished_bytes;  // of live storage, not yet in Shared::bytes_live
  ThreadCounter bytes_cached;
  ThreadCounter storages;
  ThreadCounter nodes;
};

struct Shared {
  std::mutex mutex;
  std::array<FreeList, kClasses> lists;
  std::vector<ThreadCache*> threads;
  std::atomic<std::int64_t> bytes_live{0};
  std::atomic<std::int64_t> bytes_peak{0};
  std::atomic<std::int64_t> bytes_cached{0};
  std::atomic<std::int64_t> system_allocations{0};
  std::atomic<std::int64_t> storages{0};  // of threads that have ended
  std::atomic<std::int64_t> nodes{0};

  void publish(std::int64_t bytes) {
    std::int64_t live = bytes_live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::int64_t peak = bytes_peak.load(std::memory_order_relaxed);
    while (live > peak && !bytes_peak.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
    }
  }
};

// Never destroyed: tensors with static storage duration may outlive any order of destruction.
Shared& shared() {
  static Shared* instance = new Shared;
  return *instance;
}

thread_local ThreadCache* thread_cache = nullptr;
thread_local bool thread_ended = false;

/// Hands a thread's blocks and counts over when the thread ends.
struct ThreadGuard {
  ~ThreadGuard() {
    Shared& all = shared();
    ThreadCache* cache = std::exchange(thread_cache, nullptr);
    thread_ended = true;
    std::lock_guard lock(all.mutex);
    for (int i = 0; i < kClasses; ++i)
      while (void* block = cache->lists[i].pop(size_of_class(i))) all.lists[i].push(block, size_of_class(i));
    all.publish(cache->unpublished_bytes.take());
    all.bytes_cached += cache->bytes_cached.take();
    all.storages += cache->storages.take();
    all.nodes += cache->nodes.take();
    std::erase(all.threads, cache);
    delete cache;
  }
};

[[gnu::noinline]] ThreadCache* start_thread_cache() {
  if (thread_ended) return nullptr;
  static thread_local ThreadGuard guard;
  thread_cache = new ThreadCache;
  std::lock_guard lock(shared().mutex);
  shared().threads.push_back(thread_cache);
  return thread_cache;
}

/// This thread's cache, or null while the thread is ending.
inline ThreadCache* cache_of_this_thread() { return thread_cache != nullptr ? thread_cache : start_thread_cache(); }

[[noreturn]] void fail_to_allocate(std::size_t bytes) {
  char text[128];
  std::snprintf(text, sizeof text, "memory: %zu bytes cannot be had from the system; %lld are in use.", bytes,
                static_cast<long long>(memory::stats().bytes_live));
  throw OutOfMemory(text);
}

void* from_system(std::size_t bytes) {
  shared().system_allocations.fetch_add(1, std::memory_order_relaxed);
  std::size_t alignment = bytes >= kHugePageBytes ? kHugePageBytes : kBlockAlignment;
  std::size_t rounded = (bytes + kBlockAlignment - 1) / kBlockAlignment * kBlockAlignment;
  void* block = nullptr;
  if (posix_memalign(&block, alignment, rounded) != 0) fail_to_allocate(bytes);
  // Huge pages take a 512th of the page faults, once, when a large block is first written.
  if (bytes >= kHugePageBytes) madvise(block, bytes, MADV_HUGEPAGE);
  return block;
}

/// Cuts a slab into blocks of one small class; all but the first go to the thread's list.
void* from_slab(ThreadCache& cache, int size_class) {
  std::size_t bytes = size_of_class(size_class);
  auto* slab = static_cast<char*>(from_system(kSlabBytes));
  std::size_t count = kSlabBytes / bytes;
  for (std::size_t i = count - 1; i > 0; --i) cache.lists[size_class].push(slab + i * bytes, bytes);
  cache.list_bytes[size_class] += static_cast<std::int64_t>((count - 1) * bytes);
  cache.bytes_cached.add(static_cast<std::int64_t>((count - 1) * bytes));
  return slab;
}

}  // namespace

OutOfMemory::OutOfMemory(std::string_view text) { text_[text.copy(text_, sizeof text_ - 1)] = '\0'; }

void* allocate_block(std::size_t bytes) {
  if (bytes > kLargest) fail_to_allocate(bytes);
  int size_class = class_of(bytes);
  std::size_t size = size_of_class(size_class);
  ThreadCache* cache = size <= kThreadLocalUpTo ? cache_of_this_thread() : nullptr;
  if (cache != nullptr) {
    if (void* block = cache->lists[size_class].pop(size)) {
      cache->list_bytes[size_class] -= static_cast<std::int64_t>(size);
      cache->bytes_cached.add(-static_cast<std::int64_t>(size));
      return block;
    }
  }
  Shared& all = shared();
  {
    std::lock_guard lock(all.mutex);
    if (void* block = all.lists[size_class].pop(size)) {
      all.bytes_cached.fetch_sub(static_cast<std::int64_t>(size), std::memory_order_relaxed);
      return block;
    }
  }
  if (cache != nullptr && size_class < kLinearClasses) return from_slab(*cache, size_class);
  return from_system(size);
}

void free_block(void* block, std::size_t bytes) noexcept {
  int size_class = class_of(bytes);
  std::size_t size = size_of_class(size_class);
  auto signed_size = static_cast<std::int64_t>(size);
  ThreadCache* cache = size <= kThreadLocalUpTo ? cache_of_this_thread() : nullptr;
  if (cache != nullptr && cache->list_bytes[size_class] + signed_size <= kThreadListBytes) {
    cache->lists[size_class].push(block, size);
    cache->list_bytes[size_class] += signed_size;
    cache->bytes_cached.add(signed_size);
    return;
  }
  Shared& all = shared();
  std::lock_guard lock(all.mutex);
  all.lists[size_class].push(block, size);
  all.bytes_cached.fetch_add(signed_size, std::memory_order_relaxed);
}

void count_storage(std::int64_t storages, std::int64_t bytes) {
  ThreadCache* cache = cache_of_this_thread();
  if (cache == nullptr) {
    shared().storages += storages;
    shared().publish(bytes);
    return;
  }
  cache->storages.add(storages);
  cache->unpublished_bytes.add(bytes);
  if (std::abs(cache->unpublished_bytes.value()) >= kPublishBytes) shared().publish(cache->unpublished_bytes.take());
}

void count_node(std::int64_t nodes) {
  if (ThreadCache* cache = cache_of_this_thread())
    cache->nodes.add(nodes);
  else
    shared().nodes += nodes;
}

}  // namespace xgrad::internal

namespace xgrad::memory {
using internal::shared;

Stats stats() {
  auto& all = shared();
  std::lock_guard lock(all.mutex);
  Stats stats{.bytes_live = all.bytes_live,
              .bytes_peak = all.bytes_peak,
              .bytes_cached = all.bytes_cached,
              .system_allocations = all.system_allocations,
              .storages = all.storages,
              .nodes = all.nodes};
  for (const auto* thread : all.threads) {
    stats.bytes_live += thread->unpublished_bytes.value();
    stats.bytes_cached += thread->bytes_cached.value();
    stats.storages += thread->storages.value();
    stats.nodes += thread->nodes.value();
  }
  stats.bytes_peak = std::max(stats.bytes_peak, stats.bytes_live);
  return stats;
}

void reset_peak() {
  std::int64_t live = stats().bytes_live;
  shared().bytes_peak = live;
}

void release_cached() {
  using namespace internal;
  auto& all = shared();
  std::lock_guard lock(all.mutex);
  for (int i = 0; i < kClasses; ++i) {
    std::size_t size = size_of_class(i);
    // Smaller blocks were cut from slabs, which cannot be given back in pieces.
    if (size <= kLinearUpTo) continue;
    auto drop = [&](FreeList& list, auto&& uncount) {
      while (void* block = list.pop(size)) {
        std::free(block);
        uncount(static_cast<std::int64_t>(size));
      }
    };
    drop(all.lists[i], [&](std::int64_t bytes) { all.bytes_cached -= bytes; });
    if (ThreadCache* own = thread_cache)
      drop(own->lists[i], [&](std::int64_t bytes) {
        own->list_bytes[i] -= bytes;
        own->bytes_cached.add(-bytes);
      });
  }
}

}  // namespace xgrad::memory
