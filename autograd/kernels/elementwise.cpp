#include "elementwise.hpp"

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <vector>

#include "reduce.hpp"
#include "transpose.hpp"
#include "walk.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

constexpr std::int64_t kBlock = 1024;  // elements of a packed block: several of them stay in the first-level cache
constexpr std::int64_t kLongRow = 64;  // rows from this length are taken straight from memory
constexpr std::int64_t kTile = 64;     // a transposed operand is packed in tiles of 64 x 64
constexpr std::int64_t kTileMin = 16;  // below this extent tiles do not pay

/// How an operand's elements reach the kernel where the loop is cut into blocks.
enum class Access {
  linear,    // row-major: straight from memory, however the loop is cut
  periodic,  // repeats with a short period: packed once
  gather,    // anything else: packed block by block
  summed,    // a result that is nowhere stored: the loop answers with the sum of its elements
};

struct LoopAxes {
  char* data;
  std::int64_t stride[kMaxDims];  // in elements, by collapsed axis
  std::int64_t size;              // bytes of an element
  std::int64_t period;
  Access access;
  bool is_written;
  bool is_read;
};

/// How the loop is cut.
enum class Cut {
  blocks,  // of elements in row-major order
  rows,    // along the innermost axis
  tiles,   // along the innermost axis and `down`
  moves,   // nothing to compute: the elements of operand 1 are packed where operand 0 has them
};

/// The loop after axes of extent 1 are dropped and axes that every operand walks through evenly are merged.
struct Loop {
  Formula formula;
  Cut cut;
  int down;
  int ndim;
  int count;
  std::int64_t numel;
  std::int64_t extent[kMaxDims];
  LoopAxes operands[kMaxOperands];  // the first `count`

  std::int64_t inner() const { return extent[ndim - 1]; }
  /// The part [begin, end): of tiles where the loop is cut so, else of elements in row-major order.
  static void run(const Loop& loop, std::int64_t begin, std::int64_t end);
};

Loop collapse(const Formula& formula, const Shape& shape, std::span<const LoopOperand> operands) {
  Loop loop;
  loop.formula = formula;
  loop.ndim = 0;
  loop.numel = 1;
  loop.count = static_cast<int>(operands.size());
  for (int k = 0; k < loop.count; ++k) {
    const TensorImpl& tensor = *operands[k].tensor;
    loop.operands[k].data = static_cast<char*>(tensor.data);
    loop.operands[k].size = static_cast<std::int64_t>(size_of(tensor.dtype));
    loop.operands[k].is_written = operands[k].is_written;
    loop.operands[k].is_read = operands[k].is_read;
  }
  for (int axis = 0; axis < shape.ndim(); ++axis) {
    std::int64_t extent = shape[axis];
    loop.numel *= extent;
    if (extent == 1) continue;
    std::int64_t stride[kMaxOperands];
    bool merges = loop.ndim > 0;
    for (int k = 0; k < loop.count; ++k) {
      const TensorImpl& tensor = *operands[k].tensor;
      int own = axis - (shape.ndim() - tensor.shape.ndim());
      stride[k] = own < 0 || tensor.shape[own] == 1 ? 0 : tensor.strides[own];
      merges = merges && loop.operands[k].stride[loop.ndim - 1] == stride[k] * extent;
    }
    int at = merges ? loop.ndim - 1 : loop.ndim++;
    loop.extent[at] = merges ? loop.extent[at] * extent : extent;
    for (int k = 0; k < loop.count; ++k) loop.operands[k].stride[at] = stride[k];
  }
  if (loop.ndim == 0) {
    loop.ndim = 1;
    loop.extent[0] = 1;
    for (int k = 0; k < loop.count; ++k) loop.operands[k].stride[0] = 1;
  }
  return loop;
}

Access classify(const Loop& loop, LoopAxes& operand) {
  // Row-major from the innermost axis on, up to here; further out either the same or constant.
  std::int64_t step = 1;
  int axis = loop.ndim - 1;
  while (axis >= 0 && operand.stride[axis] == step) step *= loop.extent[axis--];
  if (axis < 0) return Access::linear;
  bool constant_outside = true;
  for (int i = axis; i >= 0; --i) constant_outside &= operand.stride[i] == 0;
  operand.period = step;
  return constant_outside && step <= kBlock / 4 && !operand.is_written ? Access::periodic : Access::gather;
}

/// An element as its bits, whatever it means: read and written through memcpy, as its type is another.
template <class Bits>
Bits load_bits(const char* from) {
  Bits bits;
  std::memcpy(&bits, from, sizeof bits);
  return bits;
}
template <class Bits>
void store_bits(Bits bits, char* to) {
  std::memcpy(to, &bits, sizeof bits);
}

/// n elements that all have these bits.
template <class Bits>
void fill_bits(char* to, std::int64_t n, Bits bits) {
  for (std::int64_t i = 0; i < n; ++i) store_bits(bits, to + i * sizeof bits);
}

/// Calls run(first element's offset, count along the innermost axis) for the elements [at, at + n) of the
/// loop.
template <class F>
void for_runs(const Loop& loop, const LoopAxes& operand, std::int64_t at, std::int64_t n, F&& run) {
  const int last = loop.ndim - 1;
  Walk walk(loop.ndim, loop.extent, operand.stride, at);
  while (n > 0) {
    std::int64_t count = std::min(n, walk.left(last));
    run(walk.offset(), count);
    walk.advance(last, count);
    n -= count;
  }
}

void pack(const Loop& loop, const LoopAxes& operand, std::int64_t at, std::int64_t n, char* to) {
  with_bits(operand.size, [&]<class Bits>(Bits) {
    constexpr std::int64_t kSize = sizeof(Bits);
    const std::int64_t stride = operand.stride[loop.ndim - 1];
    for_runs(loop, operand, at, n, [&](std::int64_t offset, std::int64_t count) {
      const char* from = operand.data + offset * kSize;
      if (stride == 0)
        fill_bits(to, count, load_bits<Bits>(from));
      else if (stride == 1)
        std::memcpy(to, from, static_cast<std::size_t>(count * kSize));
      else
        for (std::int64_t i = 0; i < count; ++i) store_bits(load_bits<Bits>(from + i * stride * kSize), to + i * kSize);
      to += count * kSize;
    });
  });
}

void unpack(const Loop& loop, const LoopAxes& operand, std::int64_t at, std::int64_t n, const char* from) {
  with_bits(operand.size, [&]<class Bits>(Bits) {
    constexpr std::int64_t kSize = sizeof(Bits);
    const std::int64_t stride = operand.stride[loop.ndim - 1];
    for_runs(loop, operand, at, n, [&](std::int64_t offset, std::int64_t count) {
      char* to = operand.data + offset * kSize;
      for (std::int64_t i = 0; i < count; ++i) store_bits(load_bits<Bits>(from + i * kSize), to + i * stride * kSize);
      from += count * kSize;
    });
  });
}

/// A block of n elements that are all the one at `offset`.
void fill(const LoopAxes& operand, std::int64_t offset, std::int64_t n, char* block) {
  with_bits(operand.size, [&]<class Bits>(Bits) {
    fill_bits(block, n, load_bits<Bits>(operand.data + offset * static_cast<std::int64_t>(sizeof(Bits))));
  });
}

/// Room for one packed block (or tile) of each operand.
class PackingRoom {
 public:
  // Half a page: a load is held back by an earlier store to an address that ends in the same 12 bits, as a result's
  // would, which starts at the beginning of a page too.
  static constexpr std::int64_t kSkew = 2048;

  PackingRoom(void* room, std::int64_t bytes_each) : first_(static_cast<char*>(room) + kSkew), each_(bytes_each) {}
  char* of(int operand) const { return first_ + operand * each_; }

 private:
  char* first_;
  std::int64_t each_;
};

/// What is to be done with room, for the part [begin, end) of a loop.
using RoomyWork = double (*)(const Loop& loop, std::int64_t begin, std::int64_t end, PackingRoom room);

// Tiles of ten operands: each optimizer's formula has fewer, and shall not stop where some parameters have moved
// already.
constexpr std::int64_t kReserveOperands = 10;

/// Of a function of its own, so that the stack is only touched where it is needed.
[[gnu::noinline]] double run_on_stack(RoomyWork work, const Loop& loop, std::int64_t begin, std::int64_t end,
                                      std::int64_t bytes_each) {
  alignas(kBlockAlignment) char room[PackingRoom::kSkew + kReserveOperands * kTile * kTile * sizeof(double)];
  return work(loop, begin, end, PackingRoom(room, bytes_each));
}

/// A block from the cache of freed ones; null where there is no memory.
class CachedBlock {
 public:
  explicit CachedBlock(std::int64_t bytes) : bytes_(static_cast<std::size_t>(bytes)) {
    try {
      block_ = allocate_block(bytes_);
    } catch (const std::bad_alloc&) {
      block_ = nullptr;
    }
  }
  ~CachedBlock() {
    if (block_ != nullptr) free_block(block_, bytes_);
  }
  CachedBlock(const CachedBlock&) = delete;
  CachedBlock& operator=(const CachedBlock&) = delete;
  void* get() const { return block_; }

 private:
  std::size_t bytes_;
  void* block_;
};

/// Calls work with a room from the cache of freed blocks or, where there is no memory and few operands, on the stack.
double run_with_room(RoomyWork work, const Loop& loop, std::int64_t begin, std::int64_t end, std::int64_t bytes_each) {
  const std::int64_t bytes = PackingRoom::kSkew + loop.count * bytes_each;
  if (const CachedBlock block(bytes); block.get() != nullptr)
    return work(loop, begin, end, PackingRoom(block.get(), bytes_each));
  if (loop.count > kReserveOperands) throw OutOfMemory(static_cast<std::size_t>(bytes));
  return run_on_stack(work, loop, begin, end, bytes_each);
}

/// The sum of n elements of this size, of which one block has few enough to be added without a break.
double sum_of_block(const void* block, std::int64_t n, std::int64_t size) {
  auto sum_of = [n](const auto* x) {
    using T = std::remove_cvref_t<decltype(*x)>;
    return double{across<SumFold>(Folder<T, T, SumFold>::fold_run(x, n, T(0)))};
  };
  return size == sizeof(float) ? sum_of(static_cast<const float*>(block)) : sum_of(static_cast<const double*>(block));
}

/// The elements [begin, end) of the loop, counted row-major, block by block. Answers with the sum of what is summed.
double run_blocks(const Loop& loop, std::int64_t begin, std::int64_t end, PackingRoom room) {
  double sum = 0;
  std::int64_t longest = end - begin;
  std::int64_t period = 1;
  for (int k = 0; k < loop.count; ++k) {
    const LoopAxes& operand = loop.operands[k];
    if (operand.access != Access::linear) longest = std::min(longest, kBlock);
    if (operand.access == Access::periodic) period = std::max(period, operand.period);
  }
  // Periods divide one another (they are products of the innermost extents): blocks that start and end at a
  // multiple of the longest see the same packed elements each time.
  std::int64_t aligned = longest / period * period;
  std::int64_t packed_phase[kMaxOperands];
  std::int64_t packed_count[kMaxOperands];
  std::fill_n(packed_count, loop.count, 0);

  void* pointers[kMaxOperands];
  for (std::int64_t at = begin; at < end;) {
    std::int64_t n = std::min(end - at, longest);
    if (period > 1 && aligned > 0) n = std::min(n, at % period == 0 ? aligned : period - at % period);
    for (int k = 0; k < loop.count; ++k) {
      const LoopAxes& operand = loop.operands[k];
      pointers[k] = room.of(k);
      switch (operand.access) {
        case Access::linear:
          pointers[k] = operand.data + at * operand.size;
          break;
        case Access::periodic:
          if (packed_count[k] >= n && packed_phase[k] == at % operand.period) break;
          pack(loop, operand, at, n, room.of(k));
          packed_phase[k] = at % operand.period;
          packed_count[k] = n;
          break;
        case Access::gather:
          if (operand.is_read) pack(loop, operand, at, n, room.of(k));
          break;
        case Access::summed:
          break;
      }
    }
    loop.formula(n, pointers);
    for (int k = 0; k < loop.count; ++k)
      if (loop.operands[k].is_written && loop.operands[k].access == Access::gather)
        unpack(loop, loop.operands[k], at, n, room.of(k));
    if (loop.operands[0].access == Access::summed) sum += sum_of_block(pointers[0], n, loop.operands[0].size);
    at += n;
  }
  return sum;
}
double run_blocks(const Loop& loop, std::int64_t begin, std::int64_t end) {
  return run_with_room(run_blocks, loop, begin, end, kBlock * sizeof(double));
}

/// Whether rows along the innermost axis are long, and each operand's elements are neighbours there, or all the same.
bool has_rows(const Loop& loop) {
  return loop.ndim > 1 && loop.inner() >= kLongRow &&
         std::all_of(loop.operands, loop.operands + loop.count, [&](const LoopAxes& operand) {
           std::int64_t inner = operand.stride[loop.ndim - 1];
           return inner == 1 || (inner == 0 && !operand.is_written);
         });
}

/// The elements [begin, end) of a loop that has rows: straight from memory, or from a row that is filled with an
/// element.
double run_rows(const Loop& loop, std::int64_t begin, std::int64_t end, PackingRoom room) {
  const int last = loop.ndim - 1;
  std::int64_t longest = loop.inner();
  bool is_filled[kMaxOperands];
  std::int64_t filled_from[kMaxOperands];
  std::int64_t filled_count[kMaxOperands];
  Walk walks[kMaxOperands];
  for (int k = 0; k < loop.count; ++k) {
    walks[k] = Walk(loop.ndim, loop.extent, loop.operands[k].stride, begin);
    is_filled[k] = loop.operands[k].stride[last] == 0;
    filled_count[k] = 0;
    if (is_filled[k]) longest = std::min(longest, kBlock);
  }

  void* pointers[kMaxOperands];
  for (std::int64_t at = begin; at < end;) {
    const std::int64_t n = std::min({end - at, longest, walks[0].left(last)});
    const bool is_whole = n == loop.inner();
    const std::int64_t rows = is_whole ? std::min((end - at) / n, walks[0].left(last - 1)) : 1;
    std::int64_t offset[kMaxOperands];
    for (int k = 0; k < loop.count; ++k) offset[k] = walks[k].offset();
    for (std::int64_t row = 0; row < rows; ++row) {
      for (int k = 0; k < loop.count; ++k) {
        const LoopAxes& operand = loop.operands[k];
        pointers[k] = is_filled[k] ? room.of(k) : operand.data + offset[k] * operand.size;
        if (is_filled[k] && (filled_count[k] < n || filled_from[k] != offset[k])) {
          fill(operand, offset[k], n, room.of(k));
          filled_from[k] = offset[k];
          filled_count[k] = n;
        }
        offset[k] += operand.stride[last - 1];
      }
      loop.formula(n, pointers);
    }
    at += rows * n;
    for (int k = 0; k < loop.count; ++k) is_whole ? walks[k].advance(last - 1, rows) : walks[k].advance(last, n);
  }
  return 0;
}

/// The axis along which tiles reach down: where some operand, scattered along the innermost axis, has
/// neighbours. -1 where tiles would not help.
int tile_axis(const Loop& loop) {
  if (loop.ndim < 2 || loop.inner() < kTileMin) return -1;
  int found = -1;
  for (int k = 0; k < loop.count; ++k) {
    const LoopAxes& operand = loop.operands[k];
    std::int64_t inner = operand.stride[loop.ndim - 1];
    if (operand.is_written && inner != 1) return -1;
    if (inner == 0 || inner == 1) continue;
    for (int axis = 0; axis < loop.ndim - 1; ++axis)
      if (operand.stride[axis] == 1 && loop.extent[axis] >= kTileMin) found = axis;
  }
  return found;
}

/// Packs rows x columns elements so that they are neighbours along the columns, a row every kTile elements.
template <class Bits>
void transpose_tile(const char* from, std::int64_t row_stride, std::int64_t column_stride, std::int64_t rows,
                    std::int64_t columns, char* to) {
  constexpr std::int64_t kSize = sizeof(Bits);
  if constexpr (kSize > 1) {
    if (row_stride == 1) return transpose_bytes<kSize>(from, column_stride, columns, rows, to, kTile);
  }
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      store_bits(load_bits<Bits>(from + (r * row_stride + c * column_stride) * kSize), to + (r * kTile + c) * kSize);
}

/// Whether all elements of an operand are one and the same.
bool is_constant(const Loop& loop, const LoopAxes& operand) {
  return std::all_of(operand.stride, operand.stride + loop.ndim, [](std::int64_t stride) { return stride == 0; });
}

/// Packs the tile of rows x columns elements whose first is `first`.
void pack_tile(const Loop& loop, const LoopAxes& operand, int down, const char* first, std::int64_t rows,
               std::int64_t columns, char* block) {
  with_bits(operand.size, [&]<class Bits>(Bits) {
    constexpr std::int64_t kSize = sizeof(Bits);
    const std::int64_t row_stride = operand.stride[down];
    const std::int64_t column_stride = operand.stride[loop.ndim - 1];
    if (column_stride == 0)
      for (std::int64_t r = 0; r < rows; ++r)
        fill_bits(block + r * kTile * kSize, columns, load_bits<Bits>(first + r * row_stride * kSize));
    else
      transpose_tile<Bits>(first, row_stride, column_stride, rows, columns, block);
  });
}

/// Tiles [begin, end) of the loop, along `down` and the innermost axis. Results are written row by row: rows of a power
/// of two bytes would otherwise evict each other from the cache while a tile is written column by column.
double run_tiles(const Loop& loop, std::int64_t begin, std::int64_t end, PackingRoom room) {
  const int down = loop.down;
  int last = loop.ndim - 1;
  std::int64_t row_bytes[kMaxOperands];  // from one row of a tile to the next, in memory or packed
  bool is_packed[kMaxOperands];          // for each tile
  for (int k = 0; k < loop.count; ++k) {
    const LoopAxes& operand = loop.operands[k];
    const bool is_same = is_constant(loop, operand);  // one row, filled once, serves all
    is_packed[k] = operand.stride[last] != 1 && !is_same;
    row_bytes[k] = (is_packed[k] ? kTile : operand.stride[down]) * operand.size;
    if (is_same) fill(operand, 0, std::min(kTile, loop.inner()), room.of(k));
  }
  std::int64_t across_count = (loop.extent[last] + kTile - 1) / kTile;
  std::int64_t down_count = (loop.extent[down] + kTile - 1) / kTile;
  for (std::int64_t tile = begin; tile < end; ++tile) {
    std::int64_t column = tile % across_count * kTile;
    std::int64_t row = tile / across_count % down_count * kTile;
    std::int64_t outer = tile / across_count / down_count;
    std::int64_t columns = std::min(kTile, loop.extent[last] - column);
    std::int64_t rows = std::min(kTile, loop.extent[down] - row);
    char* first[kMaxOperands];
    for (int k = 0; k < loop.count; ++k) {
      const LoopAxes& operand = loop.operands[k];
      std::int64_t offset = row * operand.stride[down] + column * operand.stride[last];
      std::int64_t rest = outer;
      for (int axis = last - 1; axis >= 0; --axis) {
        if (axis == down) continue;
        offset += rest % loop.extent[axis] * operand.stride[axis];
        rest /= loop.extent[axis];
      }
      first[k] = operand.data + offset * operand.size;
      if (is_packed[k]) pack_tile(loop, operand, down, first[k], rows, columns, room.of(k));
      if (operand.stride[last] != 1) first[k] = room.of(k);
    }
    for (std::int64_t r = 0; r < rows; ++r) {
      void* rows_at[kMaxOperands];
      for (int k = 0; k < loop.count; ++k) rows_at[k] = first[k] + r * row_bytes[k];
      loop.formula(columns, rows_at);
    }
  }
  return 0;
}

void Loop::run(const Loop& loop, std::int64_t begin, std::int64_t end) {
  const LoopAxes& target = loop.operands[0];
  switch (loop.cut) {
    case Cut::blocks:
      run_blocks(loop, begin, end);
      return;
    case Cut::rows:
      run_with_room(run_rows, loop, begin, end, kBlock * sizeof(double));
      return;
    case Cut::tiles:
      run_with_room(run_tiles, loop, begin, end, kTile * kTile * sizeof(double));
      return;
    case Cut::moves:
      return pack(loop, loop.operands[1], begin, end - begin, target.data + begin * target.size);
  }
}

/// `only_moves`: the loop copies elements as they are, so that packing them may be all there is to do.
void run_loop(Loop& loop, bool only_moves) {
  if (loop.numel == 0) return;
  loop.down = tile_axis(loop);
  if (loop.down >= 0) {
    loop.cut = Cut::tiles;
    std::int64_t across_count = (loop.inner() + kTile - 1) / kTile;
    std::int64_t down_count = (loop.extent[loop.down] + kTile - 1) / kTile;
    std::int64_t tiles = loop.numel / loop.inner() / loop.extent[loop.down] * across_count * down_count;
    return launch(loop, tiles, kElementwiseGrain / (kTile * kTile));
  }
  bool in_blocks = true;  // without packing, or once
  for (int k = 0; k < loop.count; ++k) {
    loop.operands[k].access = classify(loop, loop.operands[k]);
    in_blocks &= loop.operands[k].access != Access::gather;
  }
  loop.cut = !in_blocks && has_rows(loop) ? Cut::rows : Cut::blocks;
  if (only_moves && !in_blocks && loop.cut == Cut::blocks && loop.operands[0].access == Access::linear)
    loop.cut = Cut::moves;
  launch(loop, loop.numel, kElementwiseGrain);
}

/// Sums of a loop whose first operand is summed, each of kElements of its elements.
struct SumParts {
  static constexpr std::int64_t kElements = 16 * kBlock;
  const Loop* loop;
  double* sums;
  static void run(const SumParts& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t part = begin; part < end; ++part)
      a.sums[part] = run_blocks(*a.loop, part * kElements, std::min((part + 1) * kElements, a.loop->numel));
  }
};

/// Kept apart, so that small loops without gaps do not pay for its room.
[[gnu::noinline]] void run_strided(const Formula& formula, const Shape& shape, std::span<const LoopOperand> operands,
                                   bool only_moves = false) {
  Loop loop = collapse(formula, shape, operands);
  run_loop(loop, only_moves);
}

}  // namespace

void run_kernel(FormulaLoop& loop, const Shape& shape, std::span<const LoopOperand> operands) {
  // Small and without gaps: nothing to cut or to pack.
  loop.n = operands[0].tensor->numel;
  bool is_straight = loop.n < 2 * kElementwiseGrain;
  for (std::size_t k = 0; k < operands.size() && is_straight; ++k) {
    const TensorImpl& tensor = *operands[k].tensor;
    is_straight = tensor.contiguous && tensor.numel == loop.n;
    loop.operands[k] = tensor.data;
  }
  if (!is_straight) return run_strided(loop.formula, shape, operands);
  if (loop.n > 0) launch(loop, 1, 1);
}

bool sum_kernel(FormulaLoop& loop, std::span<const LoopOperand> operands, double& sum) {
  const TensorImpl& first = *operands[0].tensor;
  if (first.numel == 0) return false;
  LoopOperand all[kMaxOperands] = {{operands[0].tensor, false, false}};
  std::copy(operands.begin(), operands.end(), all + 1);
  Loop summed = collapse(loop.formula, first.shape, {all, operands.size() + 1});
  if (tile_axis(summed) >= 0) return false;
  summed.cut = Cut::blocks;
  for (int k = 0; k < summed.count; ++k) summed.operands[k].access = classify(summed, summed.operands[k]);
  summed.operands[0].access = Access::summed;
  const std::int64_t parts = (summed.numel + SumParts::kElements - 1) / SumParts::kElements;
  if (parts == 1) {
    sum = run_blocks(summed, 0, summed.numel);
    return true;
  }
  Tensor room = new_tensor({parts}, DType::float64);
  double* sums = data_of<double>(room);
  launch(SumParts{&summed, sums}, parts, kElementwiseGrain / SumParts::kElements);
  sum = std::accumulate(sums, sums + parts, 0.0);
  return true;
}

namespace {

template <class To, class From>
void convert(const void*, std::int64_t n, void* const* operands) {
  auto* to = static_cast<To*>(operands[0]);
  const auto* from = static_cast<const From*>(operands[1]);
  if constexpr (std::is_same_v<To, bool>) {
    for (std::int64_t i = 0; i < n; ++i) to[i] = from[i] != From(0);
  } else {
    for (std::int64_t i = 0; i < n; ++i) to[i] = static_cast<To>(from[i]);
  }
}

template <class E>
void move_elements(const void*, std::int64_t n, void* const* operands) {
  std::memcpy(operands[0], operands[1], n * sizeof(E));
}

template <class T>
void add_to(const void*, std::int64_t n, void* const* operands) {
  auto* to = static_cast<T*>(operands[0]);
  const auto* from = static_cast<const T*>(operands[1]);
  for (std::int64_t i = 0; i < n; ++i) to[i] += from[i];
}

/// Whether no axis of a tensor has smaller strides than the last one that has elements side by side.
bool runs_along_last_axis(const TensorImpl& tensor) {
  std::int64_t last = 0;
  for (int axis = tensor.shape.ndim() - 1; axis >= 0; --axis) {
    if (tensor.shape[axis] == 1) continue;
    const std::int64_t stride = std::abs(tensor.strides[axis]);
    if (last == 0) last = stride;
    if (stride < last) return false;
  }
  return true;
}

/// The axes by their strides, the largest first.
std::vector<int> axes_by_stride(const TensorImpl& tensor) {
  std::vector<int> order(static_cast<std::size_t>(tensor.shape.ndim()));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return std::abs(tensor.strides[a]) > std::abs(tensor.strides[b]); });
  return order;
}

Tensor permuted(const Tensor& tensor, const std::vector<int>& order) {
  Shape shape;
  Strides strides;
  for (int axis : order) {
    shape.push_back(tensor.shape()[axis]);
    strides.push_back(tensor.strides()[axis]);
  }
  return new_view(tensor, shape, strides, tensor.impl()->data);
}

}  // namespace

void copy_into(const Tensor& target, const Tensor& source) {
  const TensorImpl &to = *target.impl(), &from = *source.impl();
  if (to.contiguous && from.contiguous && to.numel == from.numel && to.dtype == from.dtype &&
      to.numel < 2 * kElementwiseGrain) {
    std::memcpy(to.data, from.data, static_cast<std::size_t>(to.numel) * size_of(to.dtype));
    return;
  }
  LoopOperand operands[] = {{target.impl(), true, false}, {source.impl(), false, true}};
  if (to.dtype == from.dtype) {
    Formula formula{nullptr, nullptr, {}};
    with_bits(static_cast<std::int64_t>(size_of(to.dtype)),
              [&]<class Bits>(Bits) { formula.kernel = &move_elements<Bits>; });
    return run_strided(formula, target.shape(), operands, true);
  }
  Kernel kernel = dispatch(to.dtype, [&]<class To>(To) {
    return dispatch(from.dtype, []<class From>(From) -> Kernel { return &convert<To, From>; });
  });
  run_kernel(kernel, nullptr, target.shape(), operands);
}

void add_into(const Tensor& target, const Tensor& source) {
  // The target is read and written along its own smallest stride, and the source is what is transposed: in tiles.
  const TensorImpl& to = *target.impl();
  if (!to.contiguous && source.ndim() == target.ndim() && !runs_along_last_axis(to)) {
    const std::vector<int> order = axes_by_stride(to);
    return add_into(permuted(target, order), permuted(source, order));
  }
  Kernel kernel = dispatch_floating(target.dtype(), []<class T>(T) -> Kernel { return &add_to<T>; });
  LoopOperand operands[] = {{target.impl(), true, true}, {source.impl(), false, true}};
  run_kernel(kernel, nullptr, target.shape(), operands);
}

}  // namespace internal
}  // namespace xgrad
