#include "reduce.hpp"

#include <algorithm>

namespace xgrad::internal {
namespace {

using Axis = ReducePlan::Axis;

bool is_reduced(const Axis& axis) { return axis.out_stride == 0; }

/// Whether `a` lies further out in memory. Broadcast axes come first: what they repeat is then read in order.
bool is_outside(const Axis& a, const Axis& b) {
  if (b.stride == 0) return false;
  return a.stride == 0 || a.stride > b.stride;
}

bool merges(const Axis& a, const Axis& b) {
  return is_reduced(a) == is_reduced(b) && a.stride == b.stride * b.extent && a.out_stride == b.out_stride * b.extent;
}

void cut(ReducePlan& plan) {
  if (plan.by_column) {
    plan.blocks = plan.positions;
    plan.tiles = std::max<std::int64_t>(1, plan.run / ReducePlan::kTile);
    plan.blocks_per_chunk = std::max<std::int64_t>(64, ReducePlan::kChunk / std::min(plan.run, ReducePlan::kTile));
  } else {
    plan.blocks_of_run = (plan.run + ReducePlan::kBlock - 1) / ReducePlan::kBlock;
    plan.blocks = plan.positions * plan.blocks_of_run;
    plan.blocks_per_chunk = ReducePlan::kChunk / std::min(plan.run, ReducePlan::kBlock);
  }
  plan.chunks = (plan.blocks + plan.blocks_per_chunk - 1) / plan.blocks_per_chunk;
}

}  // namespace

bool plan_reduction(const TensorImpl& x, unsigned mask, ReducePlan& plan) {
  Axis axes[kMaxDims];
  int count = 0;
  std::int64_t out_step = 1;
  for (int i = x.shape.ndim() - 1; i >= 0; --i) {
    if (x.shape[i] == 1) continue;
    if (x.strides[i] < 0) return false;
    bool reduced = (mask >> i & 1) != 0;
    Axis axis{x.shape[i], x.strides[i], reduced ? 0 : out_step};
    if (!reduced) out_step *= axis.extent;
    // Insertion sort, innermost first; equal strides stay in the shape's order.
    int at = count++;
    for (; at > 0 && is_outside(axes[at - 1], axis); --at) axes[at] = axes[at - 1];
    axes[at] = axis;
  }
  int merged = 0;
  for (int i = 1; i < count; ++i) {
    if (merges(axes[i], axes[merged]))
      axes[merged].extent *= axes[i].extent;
    else
      axes[++merged] = axes[i];
  }
  if (count > 0) count = merged + 1;

  if (count > 0) {
    if (axes[0].stride != 1) return false;
    plan.run = axes[0].extent;
    plan.by_column = !is_reduced(axes[0]);
    if (plan.by_column) plan.run_out_stride = axes[0].out_stride;
  }
  for (int i = count - 1; i > 0; --i) {
    if (is_reduced(axes[i])) {
      plan.reduced[plan.reduced_ndim++] = axes[i];
      plan.positions *= axes[i].extent;
    } else {
      plan.outer[plan.outer_ndim++] = axes[i];
      plan.outer_count *= axes[i].extent;
    }
  }
  cut(plan);
  return true;
}

}  // namespace xgrad::internal
