// Recording a view such that cotangents of what is taken of it can be added to the sum for what it views.
#pragma once

#include <type_traits>
#include <utility>
#include <vector>

#include "../../engine/node.hpp"
#include "../../extend.hpp"

namespace xgrad::internal {

/// Whether a rule begins with a ViewRule, and is small enough for the node to have the captures themselves.
template <class R>
inline constexpr bool kHasViewRule = std::is_base_of_v<ViewRule, R>&& std::is_nothrow_move_constructible_v<R> &&
                                     sizeof(R) <= 64;

/// record() of views of x alone, with a rule that begins with how they are taken.
template <class R>
std::vector<Tensor> record_views(const char* name, SourceLocation where, const Tensor& x, std::vector<Tensor> views,
                                 R rule) {
  static_assert(kHasViewRule<R>);
  std::vector<Tensor> recorded = record(name, where, {x}, std::move(views), {}, std::move(rule));
  if (recorded.empty()) return recorded;
  if (const Ref<Node>& node = recorded.front().impl()->node) node->is_view = true;
  return recorded;
}

/// record_views() of one view.
template <class R>
Tensor record_view(const char* name, SourceLocation where, const Tensor& x, Tensor view, R rule) {
  static_assert(kHasViewRule<R>);
  Tensor recorded = record(name, where, {x}, std::move(view), {}, std::move(rule));
  if (const Ref<Node>& node = recorded.impl()->node) node->is_view = true;
  return recorded;
}

}  // namespace xgrad::internal
