// Names of tensors and texts, as they are given and as they stand in a file.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "../../autograd/error.hpp"
#include "file.hpp"

namespace xgrad::io::detail {

bool is_utf8(std::string_view text);

/// The first name in ascending order that is there twice, or null.
template <class List>
const std::string* name_given_twice(const List& list) {
  std::vector<const std::string*> names;
  names.reserve(list.size());
  for (const auto& one : list) names.push_back(&one.first);
  std::sort(names.begin(), names.end(), [](const auto* a, const auto* b) { return *a < *b; });
  const auto twice =
      std::adjacent_find(names.begin(), names.end(), [](const auto* a, const auto* b) { return *a == *b; });
  return twice == names.end() ? nullptr : *twice;
}

/// Throws std::invalid_argument, beginning with the function's name, where a name is there twice or no UTF-8.
template <class List>
void check_names(std::string_view function, std::string_view what, const List& list, SourceLocation where) {
  const std::string* twice = name_given_twice(list);
  check(
      twice == nullptr, where, function, ": each ", what, " must have a name of its own, but there are two of ",
      [&] { return shown_name(*twice); }, '.');
  for (const auto& one : list)
    check(is_utf8(one.first), where, function, ": the name of a ", what, " must be UTF-8, but ", Shown{one.first},
          " is not.");
}

/// Throws std::invalid_argument, beginning with the function's name, where a tensor is undefined.
template <class List>
void check_defined(std::string_view function, const List& tensors, SourceLocation where) {
  for (const auto& one : tensors)
    check(one.second.defined(), where, function, ": tensors must be defined, but ", Shown{one.first}, " is not.");
}

}  // namespace xgrad::io::detail
