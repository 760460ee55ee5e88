// What the process is told of how many threads to use: by the user's environment, and by its control group.
#pragma once

#include <string_view>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// The first number of a list as OMP_NUM_THREADS has it ("4" or "4,2": one for each level of nesting), at most 1024. 0
/// where the text does not begin with one.
int first_thread_count(std::string_view text);

/// The cores that a quota of a control group comes to, rounded up: of "150000 100000" 2. 0 for "max 100000", which is
/// no quota, and for anything else.
int cores_of_quota(std::string_view cpu_max);

/// The cores that this process's control group grants it; 0 where it has no quota, or none that can be read.
int cores_of_quota();

}  // namespace internal
}  // namespace xgrad
