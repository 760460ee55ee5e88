// What the library's memory is doing. Blocks that tensors and graph nodes give back are kept for the next one of the
// same size, so a training loop in its steady state asks the system for nothing.
#pragma once

#include <cstdint>

#include "config.hpp"

namespace xgrad XGRAD_API {
namespace memory {

struct Stats {
  std::int64_t bytes_live = 0;          ///< in storages that some tensor uses
  std::int64_t bytes_peak = 0;          ///< the most bytes_live has been (to within 4 KiB per thread)
  std::int64_t bytes_cached = 0;        ///< taken from the system and free for reuse
  std::int64_t system_allocations = 0;  ///< how often memory was asked of the system, since the program began
  std::int64_t storages = 0;            ///< storages alive
  std::int64_t nodes = 0;               ///< graph nodes alive, leaves included
};

/// Counts of the whole process, all threads together.
Stats stats();

/// Starts the peak anew at the bytes now live.
void reset_peak();

/// Gives cached blocks back to the system, those that this thread keeps and those that all threads share. Blocks of
/// up to 1 KiB stay for reuse.
void release_cached();

}  // namespace memory
}  // namespace xgrad
