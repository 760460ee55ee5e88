// Planes copied with the zeros around them, so that every tap of a kernel is one offset into them.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>

#include "../base/launch.hpp"
#include "../simd/partial.hpp"
#include "../tensor_impl.hpp"
#include "convolution.hpp"
#include "fill.hpp"

namespace xgrad::internal {

/// Elements of padded planes that are made at a time.
inline constexpr std::int64_t kPaddedRoom = 1 << 19;

/// How a plane is copied: padded, and dealt out to phases.
struct Field {
  static constexpr int kAxes = ConvGeometry::kAxes;

  std::int64_t source[kAxes];  // extents of what is copied
  std::int64_t before[kAxes];  // zeros before it
  std::int64_t phases[kAxes];
  std::int64_t extent[kAxes];  // of each phase
  std::int64_t shared = 0;     // zeros behind a row that are those before the next one
  std::int64_t behind = 0;     // zeros after all phases

  std::int64_t phase_size() const { return extent[0] * extent[1] * extent[2]; }
  std::int64_t size() const { return phase_size() * phases[0] * phases[1] * phases[2] + behind; }
  bool is_dealt_out() const { return phases[0] * phases[1] * phases[2] != 1; }
  /// Where the element stands that has these places with the padding.
  std::int64_t offset(std::int64_t d, std::int64_t h, std::int64_t w) const {
    const std::int64_t phase = ((d % phases[0]) * phases[1] + h % phases[1]) * phases[2] + w % phases[2];
    return phase * phase_size() + ((d / phases[0]) * extent[1] + h / phases[1]) * extent[2] + w / phases[2];
  }
  /// Makes rows shorter where the zeros behind one can be those before the next. A place's taps reach so far.
  void share_zeros(std::int64_t reach) {
    const std::int64_t after = extent[2] - before[2] - source[2];
    shared = std::max<std::int64_t>(0, std::min({before[2], after, reach}));
    extent[2] -= shared;
  }
};

/// Over planes. Notes where an element is not finite.
template <class T>
struct PadPlanes {
  static constexpr int kSize = Batch<T>::kSize;

  Field field;
  const T* from;
  T* to;
  std::atomic<bool>* is_finite;

  static void run(const PadPlanes& a, std::int64_t begin, std::int64_t end) {
    const Field& f = a.field;
    const std::int64_t source_size = f.source[0] * f.source[1] * f.source[2], size = f.size();
    Batch<T> zeros = 0;  // nan where an element is not finite
    for (std::int64_t plane = begin; plane < end; ++plane) {
      const T* from = a.from + plane * source_size;
      T* to = a.to + plane * size;
      if (f.is_dealt_out())
        a.deal_out(from, to, zeros);
      else
        a.pad(from, to, zeros);
    }
    if (reduce_sum(zeros) != T(0)) a.is_finite->store(false, std::memory_order_relaxed);
  }

  /// How much of an axis is copied.
  std::int64_t copied(int axis) const {
    return std::min(field.source[axis], field.phases[axis] * field.extent[axis] - field.before[axis]);
  }

  /// Rows in the order of memory: a register may write zeros beyond its row, where the next one is written later.
  void pad(const T* from, T* to, Batch<T>& zeros) const {
    const Field& f = field;
    const std::int64_t depth = copied(0), height = copied(1), width = copied(2);
    T *const end = to + f.size(), *at = to;  // where what is written ends
    for (std::int64_t d = 0; d < depth; ++d)
      for (std::int64_t h = 0; h < height; ++h) {
        const T* row = from + (d * f.source[1] + h) * f.source[2];
        T* out = to + ((d + f.before[0]) * f.extent[1] + h + f.before[1]) * f.extent[2] + f.before[2];
        write_zeros(at, out, end);
        std::int64_t w = 0;
        for (; w + kSize <= width; w += kSize) {
          const Batch<T> value = Batch<T>::load(row + w);
          zeros += value * T(0);
          value.store(out + w);
        }
        at = out + w;
        if (w >= width) continue;
        const Batch<T> value = load_part(row + w, static_cast<int>(width - w), Batch<T>(0));
        zeros += value * T(0);
        write_within(at, end, value);
      }
    write_zeros(at, end, end);
  }

  /// Writes what fits before the plane ends, and moves on by as much.
  static void write_within(T*& at, T* end, Batch<T> value) {
    if (end - at >= kSize) {
      value.store(at);
      at += kSize;
    } else {
      store_part(at, static_cast<int>(end - at), value);
      at = end;
    }
  }
  static void write_zeros(T*& at, const T* to, T* end) {
    while (at < to && at < end) write_within(at, end, Batch<T>(0));
  }

  void deal_out(const T* from, T* to, Batch<T>& zeros) const {
    const Field& f = field;
    const std::int64_t depth = copied(0), height = copied(1), width = copied(2), step = f.phases[2];
    std::fill_n(to, f.size(), T(0));
    for (std::int64_t d = 0; d < depth; ++d)
      for (std::int64_t h = 0; h < height; ++h) {
        const T* row = from + (d * f.source[1] + h) * f.source[2];
        std::int64_t at = 0;
        for (; at + kSize <= width; at += kSize) zeros += Batch<T>::load(row + at) * T(0);
        if (at < width) zeros += load_part(row + at, static_cast<int>(width - at), Batch<T>(0)) * T(0);
        // The first element goes where it does, the next one to the next phase, and from the last phase to the first
        // one again.
        T* out = to + f.offset(d + f.before[0], h + f.before[1], f.before[2]);
        std::int64_t phase = f.before[2] % step;
        for (std::int64_t first = 0; first < std::min(step, width); ++first) {
          pick(row + first, step, (width - first + step - 1) / step, out);
          out += f.phase_size();
          if (++phase < step) continue;
          phase = 0;
          out -= step * f.phase_size() - 1;
        }
      }
  }

  /// Every step-th element.
  static void pick(const T* __restrict from, std::int64_t step, std::int64_t count, T* __restrict to) {
    if (step == 1)
      std::copy_n(from, count, to);
    else if (step == 2)  // as vector code
      for (std::int64_t i = 0; i < count; ++i) to[i] = from[2 * i];
    else
      for (std::int64_t i = 0; i < count; ++i) to[i] = from[i * step];
  }
};

/// Padded planes of so many samples, with room beyond the last for the zeros that it would share with a next one and
/// for the end of a run.
template <class T>
class Padded {
 public:
  Padded(const Field& field, std::int64_t samples, std::int64_t planes)
      : field_(field),
        planes_(planes),
        room_(new_tensor({samples * planes * field.size() + field.shared + Batch<T>::kSize}, dtype_of<T>)) {}

  /// Copies samples from where they begin. Zeros follow.
  void fill(const T* x, std::int64_t samples) {
    is_finite_ = true;
    std::fill_n(data_of<T>(room_) + samples * planes_ * field_.size(), field_.shared + Batch<T>::kSize, T(0));
    launch(PadPlanes<T>{field_, x, data_of<T>(room_), &is_finite_}, samples * planes_,
           kFillGrain / (field_.size() + 1) + 1);
  }
  const T* data() const { return data_of<T>(room_); }
  bool is_finite() const { return is_finite_; }

 private:
  Field field_;
  std::int64_t planes_;
  Tensor room_;
  std::atomic<bool> is_finite_ = true;
};

/// How many samples are worked on at a time.
inline std::int64_t samples_together(const Field& field, std::int64_t planes, std::int64_t samples) {
  return std::clamp<std::int64_t>(kPaddedRoom / std::max<std::int64_t>(1, field.size() * planes), 1,
                                  std::max<std::int64_t>(1, samples));
}

}  // namespace xgrad::internal
