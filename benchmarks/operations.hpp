// Rows of single operators: each is one call, and its gradient where the name says "both ways". xgrad_operations.cpp
// has them in the order of the table, torch_operations.cpp under the same names.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "contender.hpp"

namespace bench {

/// A row's name, and what makes its task.
using Operations = std::vector<std::pair<std::string, std::function<Task()>>>;

const Operations& xgrad_operations();
/// Empty in a build without libtorch.
const Operations& torch_operations();

/// The task of this name; one with nothing to run where there is none.
inline Task task_named(const Operations& operations, const std::string& name) {
  for (const auto& [own, make] : operations)
    if (own == name) return make();
  return {};
}

}  // namespace bench
