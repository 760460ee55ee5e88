// How many threads one operation may use.
#pragma once

#include "error.hpp"

namespace xgrad XGRAD_API {

/// Threads that one operation may use, the caller's included. Starts at the number of cores, or OMP_NUM_THREADS where
/// that is set. Results do not depend on it.
int num_threads();
/// Throws std::invalid_argument unless count >= 1. Matrix products follow.
void set_num_threads(int count, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
