#include "allocator.hpp"

#include <pthread.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <utility>

#include "block_pool.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

constexpr std::size_t kThreadLocalUpTo = 256 << 10;  // larger blocks are shared at once
constexpr int kThreadClasses = class_of(kThreadLocalUpTo) + 1;
constexpr std::int64_t kLeastListBytes = 8 << 10;  // a thread's list of one size may always hold this
constexpr std::int64_t kMostListBytes = 4 << 20;   // and at most this
constexpr std::int64_t kPublishBytes = 4096;       // how stale a thread's part of the peak may be

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

/// A thread's free blocks of one size. How many bytes it may hold doubles each time that it has run empty, and halves
/// when it overflows without having run empty since: a thread that only frees what others have made keeps nearly
/// nothing.
struct ThreadList {
  FreeList blocks;
  ThreadCounter bytes;
  std::int64_t most_bytes = kLeastListBytes;
  bool ran_empty = false;
};

struct ThreadCache {
  ThreadList lists[kThreadClasses];
  ThreadCounter unpublished_bytes;  // of live storage, not yet in Shared::bytes_live
  ThreadCounter storages;
  ThreadCounter nodes;
  ThreadCache* next = nullptr;  // in Shared::threads
  ThreadCache* previous = nullptr;
};

void end_thread_cache(void* cache);

struct Shared {
  Shared() {
    has_key = pthread_key_create(&key, end_thread_cache) == 0;
    // The lock is held while the process is copied, so that the child finds the lists whole. Blocks in the lists of
    // threads that the child does not have are lost to it.
    pthread_atfork([] { get().pool.mutex.lock(); }, [] { get().pool.mutex.unlock(); },
                   [] { get().pool.mutex.unlock(); });
  }

  // Never destroyed: tensors with static storage duration may outlive any order of destruction.
  static Shared& get() {
    alignas(Shared) static char room[sizeof(Shared)];
    static Shared& shared = *new (room) Shared;
    return shared;
  }

  void publish(std::int64_t bytes) {
    std::int64_t live = bytes_live.fetch_add(bytes, std::memory_order_relaxed) + bytes;
    std::int64_t peak = bytes_peak.load(std::memory_order_relaxed);
    while (live > peak && !bytes_peak.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
    }
  }

  BlockPool pool;
  ThreadCache* threads = nullptr;  // under the pool's mutex
  pthread_key_t key{};             // its destructor runs after those of thread-local tensors, and never fails
  bool has_key = false;
  std::atomic<std::int64_t> bytes_live{0};
  std::atomic<std::int64_t> bytes_peak{0};
  std::atomic<std::int64_t> system_allocations{0};
  std::atomic<std::int64_t> storages{0};
  std::atomic<std::int64_t> nodes{0};
};

inline Shared& shared() { return Shared::get(); }

thread_local ThreadCache* thread_cache = nullptr;
thread_local ThreadCache* set_aside = nullptr;  // while blocks are refused: without its cache a thread asks for each
thread_local std::int64_t blocks_left = -1;     // before blocks are refused; -1: they are not
thread_local bool refused_one = false;
thread_local bool has_no_cache = false;  // the thread is ending, or blocks are refused

/// Moves blocks of one list to the pool until `bytes` are left. Under the pool's mutex.
void shrink(ThreadList& list, int size_class, std::int64_t bytes) {
  std::size_t size = size_of_class(size_class);
  while (list.bytes.value() > bytes) {
    shared().pool.put(list.blocks.pop(size), size_class);
    list.bytes.add(-static_cast<std::int64_t>(size));
  }
}

/// Hands a thread's blocks and counts over when the thread ends.
void end_thread_cache(void* ended) {
  Shared& all = shared();
  auto* cache = static_cast<ThreadCache*>(ended);
  thread_cache = nullptr;
  has_no_cache = true;
  BlockPool::Doomed* doomed;
  {
    std::lock_guard lock(all.pool.mutex);
    for (int i = 0; i < kThreadClasses; ++i) shrink(cache->lists[i], i, 0);
    all.publish(cache->unpublished_bytes.take());
    all.storages += cache->storages.take();
    all.nodes += cache->nodes.take();
    (cache->previous != nullptr ? cache->previous->next : all.threads) = cache->next;
    if (cache->next != nullptr) cache->next->previous = cache->previous;
    doomed = all.pool.keep_at_most(all.pool.bound());
  }
  all.pool.give_back(doomed);
  delete cache;
}

[[gnu::noinline]] ThreadCache* start_thread_cache() {
  Shared& all = shared();
  if (has_no_cache || !all.has_key) return nullptr;
  auto* cache = new (std::nothrow) ThreadCache;
  if (cache == nullptr) return nullptr;
  if (pthread_setspecific(all.key, cache) != 0) {
    delete cache;
    return nullptr;
  }
  std::lock_guard lock(all.pool.mutex);
  cache->next = all.threads;
  if (all.threads != nullptr) all.threads->previous = cache;
  all.threads = cache;
  return thread_cache = cache;
}

/// This thread's cache, or null while it has none: as it ends, or for lack of memory.
inline ThreadCache* cache_of_this_thread() { return thread_cache != nullptr ? thread_cache : start_thread_cache(); }

/// A block that the thread's own list does not have; null when the system has none either.
void* take_shared(int size_class) {
  Shared& all = shared();
  std::size_t size = size_of_class(size_class);
  ThreadCache* cache = size_class < kThreadClasses ? cache_of_this_thread() : nullptr;
  int most = 1;
  if (cache != nullptr) {
    ThreadList& list = cache->lists[size_class];
    most = std::max(1, static_cast<int>(list.most_bytes / 2 / static_cast<std::int64_t>(size)));
    list.most_bytes = std::min(2 * std::max(list.most_bytes, static_cast<std::int64_t>(size)), kMostListBytes);
    list.ran_empty = true;
  }
  BlockPool::Taken taken;
  {
    std::lock_guard lock(all.pool.mutex);
    taken = all.pool.take(size_class, most);
  }
  if (taken.from_system) all.system_allocations.fetch_add(1, std::memory_order_relaxed);
  if (taken.first == nullptr) return nullptr;
  FreeList rest{taken.first};
  void* block = rest.pop(size);
  if (cache != nullptr) {
    cache->lists[size_class].blocks = rest;  // the list is empty, or we would not be here
    cache->lists[size_class].bytes.add((taken.count - 1) * static_cast<std::int64_t>(size));
  }
  return block;
}

/// Null when there is no memory for it.
[[gnu::noinline]] void* allocate_slowly(std::size_t bytes) {
  if (blocks_left == 0) refused_one = true;
  if (blocks_left > 0) --blocks_left;
  if (bytes > kLargest || refused_one) return nullptr;
  void* block = take_shared(class_of(bytes));
  if (block != nullptr) return block;
  release_blocks();
  return take_shared(class_of(bytes));
}

inline void* try_allocate(std::size_t bytes) {
  int size_class = class_of(bytes);
  if (ThreadCache* cache = thread_cache; cache != nullptr && bytes <= kThreadLocalUpTo) [[likely]] {
    ThreadList& list = cache->lists[size_class];
    std::size_t size = size_of_class(size_class);
    if (FreeBlock* block = list.blocks.pop(size)) [[likely]] {
      // The next one's link is read when it is taken: a cache miss in a graph that is larger than the cache.
      __builtin_prefetch(list.blocks.head, 1);
      list.bytes.add(-static_cast<std::int64_t>(size));
      return block;
    }
  }
  return allocate_slowly(bytes);
}

[[gnu::noinline]] void free_slowly(void* block, int size_class) noexcept {
  Shared& all = shared();
  ThreadCache* cache = size_class < kThreadClasses ? cache_of_this_thread() : nullptr;
  BlockPool::Doomed* doomed;
  {
    std::lock_guard lock(all.pool.mutex);
    all.pool.put(block, size_class);
    if (cache != nullptr) {
      ThreadList& list = cache->lists[size_class];
      if (!std::exchange(list.ran_empty, false)) list.most_bytes = std::max(list.most_bytes / 2, kLeastListBytes);
      shrink(list, size_class, list.most_bytes / 2);
    }
    doomed = all.pool.keep_at_most(all.pool.bound());
  }
  all.pool.give_back(doomed);
}

}  // namespace

constinit thread_local EnteredOperation entered_operation;

OutOfMemory::OutOfMemory(std::string_view operation, std::string_view what, std::size_t bytes, SourceLocation where) {
  AllocatorCounts counts = allocator_counts();
  char number[32] = "so many";
  if (bytes != 0) std::snprintf(number, sizeof number, "%zu", bytes);
  // Formatted in place: a string would need memory.
  int length = std::snprintf(text_, sizeof text_,
                             "%.*s: there must be memory for %.*s, but the system does not have %s bytes more; %lld "
                             "bytes are in use and %lld are cached.",
                             static_cast<int>(std::min<std::size_t>(operation.size(), 80)), operation.data(),
                             static_cast<int>(std::min<std::size_t>(what.size(), 120)), what.data(), number,
                             static_cast<long long>(counts.in_use), static_cast<long long>(counts.cached));
  where = CallSite::or_else(where);
  if (!where.known()) return;
  const char* slash = std::strrchr(where.file, '/');
  length = std::min(length, static_cast<int>(sizeof text_) - 1);
  std::snprintf(text_ + length, sizeof text_ - length, " at %.100s:%d", slash != nullptr ? slash + 1 : where.file,
                where.line);
}

OutOfMemory::OutOfMemory(std::size_t bytes)
    : OutOfMemory(entered_operation.name, "a block", bytes, entered_operation.where) {
  is_anonymous_ = true;
  bytes_ = bytes;
}

void OutOfMemory::pass_on(std::string_view operation, std::string_view what, SourceLocation where) const {
  if (!is_anonymous_) throw;
  throw OutOfMemory(operation, what, bytes_, where);
}

void* allocate_block(std::size_t bytes) {
  void* block = try_allocate(bytes);
  if (block == nullptr) [[unlikely]]
    throw OutOfMemory(bytes);
  return block;
}

void* allocate_block_for(const char* operation, const char* what, std::size_t bytes, SourceLocation where) {
  void* block = try_allocate(bytes);
  if (block == nullptr) [[unlikely]]
    throw OutOfMemory(operation, what, bytes, where);
  return block;
}

void free_block(void* block, std::size_t bytes) noexcept {
  int size_class = class_of(bytes);
  if (ThreadCache* cache = thread_cache; cache != nullptr && bytes <= kThreadLocalUpTo) [[likely]] {
    ThreadList& list = cache->lists[size_class];
    std::size_t size = size_of_class(size_class);
    if (list.bytes.value() + static_cast<std::int64_t>(size) <= list.most_bytes) [[likely]] {
      list.blocks.push(block, size);
      list.bytes.add(static_cast<std::int64_t>(size));
      return;
    }
  }
  free_slowly(block, size_class);
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

BlocksRefused::BlocksRefused(std::int64_t granted) {
  cache_of_this_thread();
  set_aside = std::exchange(thread_cache, nullptr);
  has_no_cache = true;
  blocks_left = granted;
  refused_one = false;
}

BlocksRefused::~BlocksRefused() {
  thread_cache = std::exchange(set_aside, nullptr);
  has_no_cache = false;
  blocks_left = -1;
  refused_one = false;
}

bool BlocksRefused::any() { return refused_one; }

AllocatorCounts allocator_counts() {
  Shared& all = shared();
  std::lock_guard lock(all.pool.mutex);
  AllocatorCounts counts{.live = all.bytes_live,
                         .peak = all.bytes_peak,
                         .cached = all.pool.bytes_cached(),
                         .system_allocations = all.system_allocations,
                         .storages = all.storages,
                         .nodes = all.nodes};
  for (const ThreadCache* thread = all.threads; thread != nullptr; thread = thread->next) {
    counts.live += thread->unpublished_bytes.value();
    counts.storages += thread->storages.value();
    counts.nodes += thread->nodes.value();
    for (const ThreadList& list : thread->lists) counts.cached += list.bytes.value();
  }
  counts.in_use = all.pool.bytes_taken() - counts.cached;
  counts.peak = std::max(counts.peak, counts.live);
  return counts;
}

void restart_peak() {
  std::int64_t live = allocator_counts().live;
  shared().bytes_peak = live;
}

void release_blocks() noexcept {
  Shared& all = shared();
  BlockPool::Doomed* doomed;
  {
    std::lock_guard lock(all.pool.mutex);
    if (ThreadCache* cache = thread_cache)
      for (int i = 0; i < kThreadClasses; ++i) shrink(cache->lists[i], i, 0);
    doomed = all.pool.keep_at_most(0);
  }
  all.pool.give_back(doomed);
}

}  // namespace internal
}  // namespace xgrad
