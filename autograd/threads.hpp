// How many threads one operation may use.
#pragma once

#include "error.hpp"

namespace xgrad XGRAD_API {

/// The number of threads that one operation may use, the calling one included. It starts at the number of cores that
/// this process may run on (its affinity and its control group's quota count), or at the first number of
/// OMP_NUM_THREADS where that is 1 or more. Results have the same bits for any number.
int num_threads();

/// Sets the number of threads that one operation may use, for the whole process, matrix products included.
/// Throws: std::invalid_argument unless count >= 1.
void set_num_threads(int count, SourceLocation where = SourceLocation::current());

}  // namespace xgrad
