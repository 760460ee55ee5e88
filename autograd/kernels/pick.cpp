#include "pick.hpp"

#include <algorithm>
#include <cstring>

#include "../base/launch.hpp"
#include "walk.hpp"

namespace xgrad::internal {
namespace {

// Elements from which moving them is worth a second thread.
constexpr std::int64_t kPickGrain = 32768;

/// Axes of a layout, collapsed where one runs on in the next.
struct PickLayout {
  int ndim = 0;
  std::int64_t extent[kMaxDims], stride[kMaxDims];

  void add(std::int64_t n, std::int64_t step) {
    if (n == 1) return;
    if (ndim > 0 && stride[ndim - 1] == n * step) {
      extent[ndim - 1] *= n;
      stride[ndim - 1] = step;
      return;
    }
    extent[ndim] = n;
    stride[ndim++] = step;
  }
};

/// Over outer positions and indices together.
template <class T>
struct PickRows {
  T* to;
  const T* from;
  const std::int64_t* index;
  std::int64_t step;  // between neighbours along the indexed axes
  std::int64_t count, inner;
  PickLayout outer, rest;        // the axes before the indexed ones; those behind them without the last
  std::int64_t run, run_stride;  // the last axis

  static void run_rows(const PickRows& a, const T* in, T*& out, std::int64_t i, std::int64_t stop) {
    const std::int64_t run = a.run, step = a.step;
    const std::int64_t* index = a.index;
    T* to = out;
    out += (stop - i) * a.inner;
    if (a.inner == 1) {
      for (; i < stop; ++i) *to++ = in[index[i] * step];
    } else if (a.rest.ndim == 0 && a.run_stride == 1) {
      switch (run) {  // rows of a few elements: without a call for each
        case 2:
          return copy_rows<2>(to, in, index, step, i, stop);
        case 4:
          return copy_rows<4>(to, in, index, step, i, stop);
        case 8:
          return copy_rows<8>(to, in, index, step, i, stop);
        case 16:
          return copy_rows<16>(to, in, index, step, i, stop);
        default:
          for (; i < stop; ++i, to += run)
            std::memcpy(to, in + index[i] * step, static_cast<std::size_t>(run) * sizeof(T));
      }
    } else {
      for (; i < stop; ++i) {
        const T* row = in + index[i] * step;
        Walk walk(a.rest.ndim, a.rest.extent, a.rest.stride, 0);
        for (std::int64_t left = a.inner; left > 0; left -= run, walk.next()) {
          const T* element = row + walk.offset();
          for (std::int64_t k = 0; k < run; ++k) *to++ = element[k * a.run_stride];
        }
      }
    }
  }

  template <int kRun>
  static void copy_rows(T* to, const T* in, const std::int64_t* index, std::int64_t step, std::int64_t i,
                        std::int64_t stop) {
    for (; i < stop; ++i, to += kRun) std::memcpy(to, in + index[i] * step, kRun * sizeof(T));
  }

  static void run_part(const PickRows& a, std::int64_t begin, std::int64_t end) {
    Walk walk(a.outer.ndim, a.outer.extent, a.outer.stride, begin / a.count);
    T* out = a.to + begin * a.inner;
    std::int64_t i = begin % a.count;
    for (; begin < end; walk.next()) {
      std::int64_t stop = std::min(a.count, i + end - begin);
      begin += stop - i;
      run_rows(a, a.from + walk.offset(), out, i, stop);
      i = 0;
    }
  }
};
template <class T>
struct Pick {
  PickRows<T> rows;
  static void run(const Pick& a, std::int64_t begin, std::int64_t end) { PickRows<T>::run_part(a.rows, begin, end); }
};

/// Over outer positions: indices may repeat, and the last one stays.
template <class T>
struct PutRows {
  T* to;
  const T* from;
  const std::int64_t* index;
  std::int64_t count, inner, slice;                       // slice: elements of `to` for an outer position
  std::int64_t outer_stride, index_stride, inner_stride;  // of `from`

  static void run(const PutRows& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t o = begin; o < end; ++o) {
      T* to = a.to + o * a.slice;
      const T* from = a.from + o * a.outer_stride;
      for (std::int64_t i = 0; i < a.count; ++i) {
        T* row = to + a.index[i] * a.inner;
        const T* in = from + i * a.index_stride;
        if (a.inner == 1)
          *row = *in;
        else if (a.inner_stride == 1)
          std::memcpy(row, in, static_cast<std::size_t>(a.inner) * sizeof(T));
        else
          for (std::int64_t k = 0; k < a.inner; ++k) row[k] = in[k * a.inner_stride];
      }
    }
  }
};

/// offset[i] = where element index[i] of the axes lies. Over indices.
struct PlaceOffsets {
  std::int64_t* offset;
  const std::int64_t* index;
  int axes;
  std::int64_t extent[kMaxDims], stride[kMaxDims];

  static void run(const PlaceOffsets& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      std::int64_t left = a.index[i], at = 0;
      for (int k = a.axes - 1; k > 0; --k) {
        at += left % a.extent[k] * a.stride[k];
        left /= a.extent[k];
      }
      a.offset[i] = at + left * a.stride[0];
    }
  }
};

std::int64_t product(const Shape& shape, int begin, int end) {
  std::int64_t result = 1;
  for (int k = begin; k < end; ++k) result *= shape[k];
  return result;
}

/// The stride of `axes` axes seen as one of this extent; false where there is none.
bool as_one_axis(const Shape& shape, const Strides& strides, int axis, int axes, std::int64_t& stride) {
  PickLayout layout;
  for (int k = axis; k < axis + axes; ++k) layout.add(shape[k], strides[k]);
  stride = layout.ndim == 0 ? 0 : layout.stride[0];
  return layout.ndim <= 1;
}

}  // namespace

void pick_places(const Tensor& to, const Tensor& from, int axis, int axes, const std::int64_t* index,
                 std::int64_t count) {
  if (to.numel() == 0) return;
  const Shape& shape = from.shape();
  const Strides& strides = from.strides();
  PickLayout outer, inner;
  for (int k = 0; k < axis; ++k) outer.add(shape[k], strides[k]);
  for (int k = axis + axes; k < shape.ndim(); ++k) inner.add(shape[k], strides[k]);
  std::int64_t step;
  Tensor room;
  if (!as_one_axis(shape, strides, axis, axes, step)) {
    room = new_tensor({count}, DType::int64);
    PlaceOffsets offsets{data_of<std::int64_t>(room), index, axes, {}, {}};
    for (int k = 0; k < axes; ++k) {
      offsets.extent[k] = shape[axis + k];
      offsets.stride[k] = strides[axis + k];
    }
    launch(offsets, count, kPickGrain);
    index = offsets.offset;
    step = 1;
  }
  std::int64_t run = 1, run_stride = 1;
  if (inner.ndim > 0) {
    run = inner.extent[--inner.ndim];
    run_stride = inner.stride[inner.ndim];
  }
  std::int64_t inner_numel = product(shape, axis + axes, shape.ndim());
  with_bits(size_of(from.dtype()), [&]<class T>(T) {
    Pick<T> kernel{{data_of<T>(to), data_of<T>(from), index, step, count, inner_numel, outer, inner, run, run_stride}};
    launch(kernel, product(shape, 0, axis) * count, kPickGrain / inner_numel + 1);
  });
}

void put_places(const Tensor& to, int axis, int axes, const std::int64_t* index, std::int64_t count,
                const Tensor& from) {
  if (from.numel() == 0) return;
  const Shape& shape = to.shape();
  const Shape& values = from.shape();
  std::int64_t outer = product(shape, 0, axis), inner = product(shape, axis + axes, shape.ndim());
  std::int64_t slice = product(shape, axis, axis + axes) * inner;
  int behind = values.ndim() - (shape.ndim() - axis - axes);
  std::int64_t strides[3];
  as_one_axis(values, from.strides(), 0, axis, strides[0]);
  as_one_axis(values, from.strides(), axis, behind - axis, strides[1]);
  as_one_axis(values, from.strides(), behind, values.ndim() - behind, strides[2]);
  with_bits(size_of(to.dtype()), [&]<class T>(T) {
    launch(PutRows<T>{data_of<T>(to), data_of<T>(from), index, count, inner, slice, strides[0], strides[1], strides[2]},
           outer, kPickGrain / (count * inner) + 1);
  });
}

bool find_last(bool* is_last, const std::int64_t* index, std::int64_t count, std::int64_t* owner) {
  for (std::int64_t i = 0; i < count; ++i) owner[index[i]] = i;
  bool all = true;
  for (std::int64_t i = 0; i < count; ++i) all &= is_last[i] = owner[index[i]] == i;
  return all;
}

// ---- Masks ----

namespace {

// Elements of a part.
constexpr std::int64_t kPart = 16384;

struct CountTrue {
  std::int64_t* counts;
  const bool* mask;
  std::int64_t size;

  static void run(const CountTrue& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      const std::int64_t stop = std::min(a.size, (part + 1) * kPart);
      std::int32_t count = 0;
      for (std::int64_t i = part * kPart; i < stop; ++i) count += a.mask[i];
      a.counts[part] = count;
    }
  }
};

/// What masked moves have in common: a part of the mask, and where its elements stand among the true ones.
struct Parts {
  const bool* mask;
  const std::int64_t* before;
  std::int64_t size;

  explicit Parts(const MaskParts& mask) : mask(mask.mask()), before(mask.before()), size(mask.size()) {}
  std::int64_t stop(std::int64_t part) const { return std::min(size, (part + 1) * kPart); }
};

// In all of these an element is written, or read, also where the mask is false: without a branch that a mask without
// order would make the processor guess wrong. They end with the last true element, so that nothing lies beyond the
// other side.

struct Positions {
  std::int64_t* to;
  Parts parts;

  static void run(const Positions& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      std::int64_t k = a.parts.before[part], stop = a.parts.before[part + 1];
      for (std::int64_t i = part * kPart; k < stop; ++i) {
        a.to[k] = i;
        k += a.parts.mask[i];
      }
    }
  }
};

template <class T>
struct PickMasked {
  T* to;
  const T* from;
  Parts parts;

  static void run(const PickMasked& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      std::int64_t k = a.parts.before[part], stop = a.parts.before[part + 1];
      for (std::int64_t i = part * kPart; k < stop; ++i) {
        a.to[k] = a.from[i];
        k += a.parts.mask[i];
      }
    }
  }
};

enum class Others { stay, become_zero };

template <class T, Others kOthers>
struct PutMasked {
  T* to;
  const T* from;
  Parts parts;

  static void run(const PutMasked& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      std::int64_t k = a.parts.before[part], stop = a.parts.before[part + 1], i = part * kPart;
      for (; k < stop; ++i) {
        T value = a.from[k], other = kOthers == Others::stay ? a.to[i] : T(0);
        T chosen = a.parts.mask[i] ? T(~T(0)) : T(0);
        a.to[i] = static_cast<T>((value & chosen) | (other & static_cast<T>(~chosen)));
        k += a.parts.mask[i];
      }
      if (kOthers == Others::become_zero) std::fill(a.to + i, a.to + a.parts.stop(part), T(0));
    }
  }
};

template <class T>
struct AddMasked {
  T* to;
  const T* from;
  Parts parts;

  static void run(const AddMasked& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part) {
      std::int64_t k = a.parts.before[part], stop = a.parts.before[part + 1];
      for (std::int64_t i = part * kPart; k < stop; ++i) {
        T sum = a.to[i] + a.from[k];
        a.to[i] = a.parts.mask[i] ? sum : a.to[i];
        k += a.parts.mask[i];
      }
    }
  }
};

constexpr std::int64_t kPartsGrain = 2;

template <Others kOthers>
void put_parts(const Tensor& to, const Tensor& from, const MaskParts& mask) {
  with_bits(size_of(to.dtype()), [&]<class T>(T) {
    launch(PutMasked<T, kOthers>{data_of<T>(to), data_of<T>(from), Parts(mask)}, mask.parts(), kPartsGrain);
  });
}

}  // namespace

MaskParts::MaskParts(const bool* mask, std::int64_t size)
    : mask_(mask), size_(size), before_(static_cast<std::size_t>((size + kPart - 1) / kPart + 1), 0) {
  launch(CountTrue{before_.data() + 1, mask, size}, parts(), 8 * kPartsGrain);
  for (std::size_t i = 1; i < before_.size(); ++i) before_[i] += before_[i - 1];
}

void true_positions(std::int64_t* to, const MaskParts& mask) {
  launch(Positions{to, Parts(mask)}, mask.parts(), kPartsGrain);
}

void pick_masked(const Tensor& to, const Tensor& from, const MaskParts& mask) {
  with_bits(size_of(to.dtype()), [&]<class T>(T) {
    launch(PickMasked<T>{data_of<T>(to), data_of<T>(from), Parts(mask)}, mask.parts(), kPartsGrain);
  });
}

void put_masked(const Tensor& to, const Tensor& from, const MaskParts& mask) {
  put_parts<Others::stay>(to, from, mask);
}

void spread_masked(const Tensor& to, const Tensor& from, const MaskParts& mask) {
  put_parts<Others::become_zero>(to, from, mask);
}

void add_masked(const Tensor& to, const Tensor& from, const MaskParts& mask) {
  dispatch_floating(to.dtype(), [&]<class T>(T) {
    launch(AddMasked<T>{data_of<T>(to), data_of<T>(from), Parts(mask)}, mask.parts(), kPartsGrain);
  });
}

}  // namespace xgrad::internal
