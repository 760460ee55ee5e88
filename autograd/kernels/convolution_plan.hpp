// What a convolution's kernels work on: taps as offsets into padded planes, and places as runs of neighbours.
#pragma once

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "../simd/front.hpp"
#include "padded_planes.hpp"

namespace xgrad::internal {

/// What a batch holds that goes to neighbouring places of the output.
struct Piece {
  std::int64_t to;  // in an output plane
  int lane, count;
};

/// How a run's sums are written.
enum class Writing {
  whole,   // a batch as it stands
  front,   // the lanes that are places, moved together; what follows them is written over by the next run
  pieces,  // piece by piece: nothing else may be touched
};

/// Neighbouring elements of a padded plane, as many as a batch holds: places of one row, or of several with what stands
/// between the rows.
struct Run {
  std::int64_t from;   // for the tap at offset 0
  std::int64_t to;     // of its first piece
  std::int64_t first;  // of its pieces; with Writing::front its number among the plan's fronts
  int pieces;
  Writing writing;
};

template <class T>
struct Plan {
  std::vector<std::int64_t> offsets;  // of the taps
  std::vector<std::int64_t> taps;     // which element of the kernel each is
  std::vector<Run> runs;
  std::vector<Piece> pieces;
  std::vector<FrontLanes<T>> fronts;
  std::int64_t step = 1;  // between neighbours of a piece in the output
};

/// Places that are neighbours in a padded plane and, `step` apart, in an output plane.
struct Row {
  std::int64_t from, to, length;
};

/// Cuts rows, which are in the order of `from`, into runs: each row by itself, or without regard to where they end.
template <class T>
void cut_into_runs(Plan<T>& plan, const std::vector<Row>& rows, bool across_rows) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  std::int64_t end = -1;  // of the last run
  for (const Row& row : rows)
    for (std::int64_t at = 0; at < row.length;) {
      if (row.from + at >= end || (!across_rows && at == 0)) {
        plan.runs.push_back({row.from + at, row.to + at * plan.step, static_cast<std::int64_t>(plan.pieces.size()), 0,
                             Writing::pieces});
        end = row.from + at + kSize;
      }
      const std::int64_t count = std::min(row.length - at, end - (row.from + at));
      plan.pieces.push_back(
          {row.to + at * plan.step, static_cast<int>(row.from + at - plan.runs.back().from), static_cast<int>(count)});
      ++plan.runs.back().pieces;
      at += count;
    }
}

/// Chooses how runs are written to a plane of so many elements.
template <class T>
void choose_writing(Plan<T>& plan, std::int64_t plane) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  std::int64_t filled = 0;
  bool is_dense = plan.step == 1;  // the plane is written from its beginning to its end
  for (const Piece& piece : plan.pieces) {
    is_dense = is_dense && piece.to == filled;
    filled += piece.count;
  }
  is_dense = is_dense && filled == plane;
  for (Run& run : plan.runs) {
    const Piece* piece = plan.pieces.data() + run.first;
    const bool has_one = run.pieces == 1, fits = is_dense && run.to + kSize <= plane;
    if (plan.step == 1 && has_one && (fits || piece->count == kSize)) {
      run.writing = Writing::whole;
    } else if (fits) {
      run.writing = Writing::front;
      unsigned bits = 0;
      for (int i = 0; i < run.pieces; ++i) bits |= ((1u << piece[i].count) - 1) << piece[i].lane;
      run.first = static_cast<std::int64_t>(plan.fronts.size());
      plan.fronts.push_back(FrontLanes<T>(bits));
    }
  }
}

/// How many runs rows are cut into.
template <class T>
std::int64_t count_runs(const std::vector<Row>& rows, bool across_rows) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  std::int64_t count = 0, end = -1;
  for (const Row& row : rows) {
    const std::int64_t first = across_rows ? std::max(row.from, end) : row.from, last = row.from + row.length;
    if (last <= first) continue;
    const std::int64_t more = (last - first + kSize - 1) / kSize;
    count += more;
    end = first + more * kSize;
  }
  return count;
}

/// The runs of rows in an output plane of so many elements: across rows where that makes fewer.
template <class T>
void set_runs(Plan<T>& plan, const std::vector<Row>& rows, std::int64_t plane) {
  const std::int64_t across = count_runs<T>(rows, true), by_row = count_runs<T>(rows, false);
  const bool is_across = 32 * across < 31 * by_row;
  plan.runs.reserve(static_cast<std::size_t>(is_across ? across : by_row));
  plan.pieces.reserve(rows.size() + plan.runs.capacity());
  cut_into_runs(plan, rows, is_across);
  choose_writing(plan, plane);
}

/// What the convolution reads of x.
inline Field field_of(const ConvGeometry& g) {
  Field field;
  for (int axis = 0; axis < ConvGeometry::kAxes; ++axis) {
    const std::int64_t s = g.stride[axis];
    const std::int64_t needed = (g.out[axis] - 1) * s + (g.kernel[axis] - 1) * g.dilation[axis] + 1;
    field.source[axis] = g.in[axis];
    field.before[axis] = g.before[axis];
    field.phases[axis] = s;
    field.extent[axis] = (needed + s - 1) / s;
  }
  if (g.stride[2] == 1) field.share_zeros((g.kernel[2] - 1) * g.dilation[2]);
  return field;
}

/// The places of the output by rows.
inline std::vector<Row> rows_of(const ConvGeometry& g, const Field& field) {
  std::vector<Row> rows;
  for (std::int64_t d = 0; d < g.out[0]; ++d)
    for (std::int64_t h = 0; h < g.out[1]; ++h)
      rows.push_back({(d * field.extent[1] + h) * field.extent[2], (d * g.out[1] + h) * g.out[2], g.out[2]});
  return rows;
}

/// The taps of the kernel in its order, as offsets.
inline std::vector<std::int64_t> offsets_of(const ConvGeometry& g, const Field& field) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t d = 0; d < g.kernel[0]; ++d)
    for (std::int64_t h = 0; h < g.kernel[1]; ++h)
      for (std::int64_t w = 0; w < g.kernel[2]; ++w)
        offsets.push_back(field.offset(d * g.dilation[0], h * g.dilation[1], w * g.dilation[2]));
  return offsets;
}

template <class T>
Plan<T> plan_of(const ConvGeometry& g, const Field& field) {
  Plan<T> plan;
  plan.offsets = offsets_of(g, field);
  plan.taps.resize(plan.offsets.size());
  std::iota(plan.taps.begin(), plan.taps.end(), std::int64_t{0});
  set_runs(plan, rows_of(g, field), ConvGeometry::product(g.out));
  return plan;
}

/// One axis of one class of the transpose: the places first, first + stride ... of x.
struct ClassAxis {
  std::int64_t first, count;
  std::vector<std::int64_t> taps, shifts;  // g's place is that within the class plus the shift
};

inline ClassAxis class_axis(const ConvGeometry& g, int axis, std::int64_t first) {
  const std::int64_t s = g.stride[axis];
  ClassAxis result{first, first < g.in[axis] ? (g.in[axis] - first + s - 1) / s : 0, {}, {}};
  for (std::int64_t k = 0; k < g.kernel[axis]; ++k) {
    const std::int64_t distance = first + g.before[axis] - k * g.dilation[axis];
    if (distance % s != 0) continue;
    result.taps.push_back(k);
    result.shifts.push_back(distance / s);
  }
  return result;
}

/// What the transpose reads of g, given all classes of each axis.
inline Field back_field_of(const ConvGeometry& g, const std::vector<ClassAxis> (&classes)[ConvGeometry::kAxes]) {
  Field field;
  for (int axis = 0; axis < ConvGeometry::kAxes; ++axis) {
    std::int64_t before = 0, extent = 1;
    for (const ClassAxis& each : classes[axis])
      for (std::int64_t shift : each.shifts) {
        before = std::max(before, -shift);
        extent = std::max(extent, each.count + shift);
      }
    field.source[axis] = g.out[axis];
    field.before[axis] = before;
    field.phases[axis] = 1;
    field.extent[axis] = before + extent;
  }
  if (g.stride[2] == 1) field.share_zeros((g.kernel[2] - 1) * g.dilation[2]);
  return field;
}

template <class T>
Plan<T> back_plan_of(const ConvGeometry& g, const Field& field, const ClassAxis& d, const ClassAxis& h,
                     const ClassAxis& w) {
  Plan<T> plan;
  plan.step = g.stride[2];
  for (std::size_t i = 0; i < d.taps.size(); ++i)
    for (std::size_t j = 0; j < h.taps.size(); ++j)
      for (std::size_t k = 0; k < w.taps.size(); ++k) {
        plan.taps.push_back((d.taps[i] * g.kernel[1] + h.taps[j]) * g.kernel[2] + w.taps[k]);
        plan.offsets.push_back(
            field.offset(d.shifts[i] + field.before[0], h.shifts[j] + field.before[1], w.shifts[k] + field.before[2]));
      }
  std::vector<Row> rows;
  for (std::int64_t i = 0; i < d.count; ++i)
    for (std::int64_t j = 0; j < h.count; ++j)
      rows.push_back({(i * field.extent[1] + j) * field.extent[2],
                      ((d.first + i * g.stride[0]) * g.in[1] + h.first + j * g.stride[1]) * g.in[2] + w.first,
                      w.count});
  set_runs(plan, rows, ConvGeometry::product(g.in));
  return plan;
}

}  // namespace xgrad::internal
