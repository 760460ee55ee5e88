// Recording a view such that cotangents of what is taken of it can be added to the sum for what it views.
#pragma once

#include <type_traits>
#include <utility>

#include "../../engine/node.hpp"
#include "../../extend.hpp"

namespace xgrad::internal {

/// record() of a view of x alone, with a rule that begins with how the view is taken.
template <class R>
Tensor record_view(const char* name, SourceLocation where, const Tensor& x, Tensor view, R rule) {
  // So that the node has the captures themselves.
  static_assert(std::is_base_of_v<ViewRule, R> && std::is_trivially_copyable_v<R> && sizeof(R) <= 64);
  Tensor recorded = record(name, where, {x}, std::move(view), {}, rule);
  if (const Ref<Node>& node = recorded.impl()->node) node->is_view = true;
  return recorded;
}

}  // namespace xgrad::internal
