// What the library's memory is doing. Blocks that tensors and graph nodes give back are kept for the next of their
// size, so that a training loop in its steady state asks the system for nothing: at most as many bytes as were in use
// at the peak lately, and none where the system has no more for a tensor.
#pragma once

#include <cstdint>

#include "config.hpp"

namespace xgrad XGRAD_API {
namespace memory {

/// Counts of the library's memory, as stats() gives them.
struct Stats {
  std::int64_t bytes_live = 0;  ///< elements of the storages that some tensor uses
  std::int64_t bytes_peak = 0;  ///< the most bytes_live has been (to within 4 KiB per thread)
  std::int64_t bytes_in_use =
      0;  ///< all that is in use: storages, tensors' handles and graph nodes, rounded up to blocks
  std::int64_t bytes_cached = 0;        ///< taken from the system and free for reuse
  std::int64_t system_allocations = 0;  ///< how often memory was asked of the system, since the program began
  std::int64_t storages = 0;            ///< storages alive
  std::int64_t nodes = 0;               ///< graph nodes alive, leaves included
};

/// Counts of the whole process, all threads together.
Stats stats();

/// Starts the peak anew at the bytes now live.
void reset_peak();

/// Gives free memory back to the system: the blocks that this thread keeps, those that all threads share, and what the
/// C library holds of the same kind. A few blocks that share their pages with blocks in use stay, as do those that
/// other running threads keep (each at most what it took itself lately).
void release_cached();

}  // namespace memory
}  // namespace xgrad
