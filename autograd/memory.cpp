#include "memory.hpp"

#include <cstdlib>

#ifdef __GLIBC__
#include <malloc.h>
#endif

#include "base/allocator.hpp"

namespace xgrad XGRAD_API {
namespace memory {

Stats stats() {
  internal::AllocatorCounts counts = internal::allocator_counts();
  return {.bytes_live = counts.live,
          .bytes_peak = counts.peak,
          .bytes_in_use = counts.in_use,
          .bytes_cached = counts.cached,
          .system_allocations = counts.system_allocations,
          .storages = counts.storages,
          .nodes = counts.nodes};
}

void reset_peak() { internal::restart_peak(); }

void release_cached() {
  internal::release_blocks();
#ifdef __GLIBC__
  malloc_trim(0);  // the rest of what a graph was: rules' closures, vectors
#endif
}

}  // namespace memory
}  // namespace xgrad
