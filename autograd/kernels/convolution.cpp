// Convolution without matrices of columns: those cost as much as a third of the products that they are made for.
//
// Planes of x are copied with their padding, so that every tap of the kernel is one offset into them. With a stride s
// the elements are dealt out to s phases of each axis, and with them the taps: in its phase, a tap's elements are
// neighbours again. The kernel then holds sums of several output channels at several runs of places in registers, and
// adds channel by channel and tap by tap. The transpose is the same sum over g: the places of x fall into classes by
// their remainder modulo the stride, each with taps of its own. What is not of this kind are kernels of one element,
// which are matrix products as they stand.
#include "convolution.hpp"

#include <algorithm>
#include <bit>
#include <optional>
#include <vector>

#include "../base/launch.hpp"
#include "../simd/partial.hpp"
#include "../tensor_impl.hpp"
#include "all_finite.hpp"
#include "convolution_plan.hpp"
#include "fill.hpp"
#include "matmul.hpp"
#include "padded_planes.hpp"
#include "plain_convolution.hpp"

namespace xgrad::internal {
namespace {

constexpr int kAxes = ConvGeometry::kAxes;
/// Output channels whose sums are held together: at most.
constexpr int kOuts = XGRAD_SIMD_BYTES == 64 ? 8 : 4;
/// Runs of places, or pairs of a source channel and a tap, whose sums are held for so many output channels: as many as
/// there are registers, so that each element that is loaded is used as often as can be.
template <int kWidth>
constexpr int kTogetherOf = XGRAD_SIMD_BYTES == 64 ? (kWidth == 8   ? 3
                                                      : kWidth == 4 ? 6
                                                                    : 8)
                                                   : (kWidth == 4   ? 3
                                                      : kWidth == 2 ? 5
                                                                    : 6);
/// Products that are added up without a break, so that sums over many channels are accurate.
constexpr std::int64_t kBlockTerms = 256;

// ---- Packed weights ----

/// Blocks of output channels: whole ones of kOuts, and what is left in blocks of powers of 2, the largest first. A
/// channel that is not there takes the place of one in four, as two small blocks take longer.
struct OutBlocks {
  std::int64_t outs, whole;
  unsigned rest;

  explicit OutBlocks(std::int64_t outs) : outs(outs), whole(outs / kOuts), rest(static_cast<unsigned>(outs % kOuts)) {
    if (rest % 4 == 3) ++rest;
    if (rest == kOuts) {
      ++whole;
      rest = 0;
    }
  }
  std::int64_t count() const { return whole + std::popcount(rest); }
  int width(std::int64_t block) const {
    return block < whole ? kOuts : static_cast<int>(std::bit_floor(rest_from(block)));
  }
  std::int64_t first(std::int64_t block) const { return block < whole ? block * kOuts : packed() - rest_from(block); }
  /// How many of a block's channels there are.
  int there(std::int64_t block) const {
    return static_cast<int>(std::min<std::int64_t>(width(block), outs - first(block)));
  }
  std::int64_t packed() const { return whole * kOuts + rest; }

 private:
  /// The channels of this block and the ones after it, which is none of the whole ones.
  unsigned rest_from(std::int64_t block) const {
    unsigned left = rest;
    for (std::int64_t before = whole; before < block; ++before) left -= std::bit_floor(left);
    return left;
  }
};

/// Calls use.operator()<width>() with a block's width.
template <class Use>
void dispatch_width(int width, const Use& use) {
  if constexpr (kOuts == 8)
    if (width == 8) return use.template operator()<8>();
  switch (width) {
    case 4:
      return use.template operator()<4>();
    case 2:
      return use.template operator()<2>();
    default:
      return use.template operator()<1>();
  }
}

/// The weights of one group: by block, source channel, tap, and last output channel. Over blocks of all groups.
template <class T>
struct PackWeights {
  OutBlocks blocks;
  std::int64_t sources, tap_count;
  const std::int64_t* taps;
  std::int64_t group_step, out_step, source_step;  // in w
  const T* w;
  T* to;

  static void run(const PackWeights& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t group = at / a.blocks.count(), block = at % a.blocks.count();
      const int width = a.blocks.width(block), there = a.blocks.there(block);
      const T* w = a.w + group * a.group_step + a.blocks.first(block) * a.out_step;
      T* to = a.to + group * a.group_size() + a.block_start(block);
      for (std::int64_t c = 0; c < a.sources; ++c, w += a.source_step)
        for (std::int64_t t = 0; t < a.tap_count; ++t, to += width)
          for (int o = 0; o < width; ++o) to[o] = o < there ? w[a.taps[t] + o * a.out_step] : T(0);
    }
  }
  std::int64_t group_size() const { return blocks.packed() * sources * tap_count; }
  std::int64_t block_start(std::int64_t block) const { return blocks.first(block) * sources * tap_count; }
};

/// The batch in a register. g++ would read it from memory for each of its uses, which takes as long as the products.
template <class T>
Batch<T> in_register(Batch<T> value) {
#if defined(__x86_64__)
  asm("" : "+v"(value.lanes));
#endif
  return value;
}

// ---- The sum over source channels and taps ----

template <class T>
struct Correlate {
  const T* x;
  std::int64_t x_plane, sources;
  PackWeights<T> weights;
  const T* bias;
  T* y;
  std::int64_t y_plane, y_step;
  std::int64_t groups;
  const std::int64_t* offsets;
  const Run* runs;
  std::int64_t run_count;
  const Piece* pieces;
  const FrontLanes<T>* fronts;

  /// Over blocks of output channels of groups of samples.
  static void run(const Correlate& a, std::int64_t begin, std::int64_t end) {
    const OutBlocks& blocks = a.weights.blocks;
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t block = at % blocks.count(), group = at / blocks.count() % a.groups,
                         sample = at / blocks.count() / a.groups;
      const std::int64_t first = group * blocks.outs + blocks.first(block);
      const T* x = a.x + (sample * a.groups + group) * a.sources * a.x_plane;
      const T* w = a.weights.to + group * a.weights.group_size() + a.weights.block_start(block);
      T* y = a.y + (sample * a.groups * blocks.outs + first) * a.y_plane;
      const T* bias = a.bias != nullptr ? a.bias + first : nullptr;
      dispatch_width(blocks.width(block), [&]<int kWidth>() {
        a.template all_runs<kWidth, kTogetherOf<kWidth>>(x, w, bias, y, blocks.there(block), a.runs,
                                                         a.runs + a.run_count);
      });
    }
  }

  /// As many runs at a time as there are registers for, then half as many, and so on.
  template <int kWidth, int kTogether>
  void all_runs(const T* x, const T* w, const T* bias, T* y, int there, const Run* run, const Run* end) const {
    for (; end - run >= kTogether; run += kTogether) some_runs<kWidth, kTogether>(x, w, bias, y, there, run);
    if constexpr (kTogether > 1) all_runs<kWidth, (kTogether + 1) / 2>(x, w, bias, y, there, run, end);
  }

  template <int kWidth, int kTogether>
  using Sums = Batch<T>[kWidth][kTogether];

  template <int kWidth, int kTogether>
  [[gnu::noinline]] void some_runs(const T* x, const T* w, const T* bias, T* y, int there, const Run* run) const {
    const std::int64_t block = std::max<std::int64_t>(1, kBlockTerms / (weights.tap_count + 1));
    Sums<kWidth, kTogether> sum;
#pragma GCC unroll 8
    for (int o = 0; o < kWidth; ++o) {
      const Batch<T> start = bias != nullptr && o < there ? bias[o] : T(0);
#pragma GCC unroll 8
      for (int r = 0; r < kTogether; ++r) sum[o][r] = start;
    }
    if (sources <= block) {
      add_sources<kWidth, kTogether>(sum, x, w, run, sources);
      return put_runs<kWidth, kTogether>(sum, y, there, run);
    }
    Sums<kWidth, kTogether> total;
#pragma GCC unroll 8
    for (int o = 0; o < kWidth; ++o)  // std::copy_n would keep the sums out of the registers
#pragma GCC unroll 8
      for (int r = 0; r < kTogether; ++r) total[o][r] = sum[o][r];
    for (std::int64_t first = 0; first < sources; first += block) {
#pragma GCC unroll 8
      for (int o = 0; o < kWidth; ++o)
#pragma GCC unroll 8
        for (int r = 0; r < kTogether; ++r) sum[o][r] = 0;
      add_sources<kWidth, kTogether>(sum, x, w, run, std::min(sources - first, block));
#pragma GCC unroll 8
      for (int o = 0; o < kWidth; ++o)
#pragma GCC unroll 8
        for (int r = 0; r < kTogether; ++r) total[o][r] += sum[o][r];
    }
    put_runs<kWidth, kTogether>(total, y, there, run);
  }

  /// Adds so many source channels, and moves on to the next.
  template <int kWidth, int kTogether>
  [[gnu::always_inline]] void add_sources(Sums<kWidth, kTogether>& sum, const T*& x, const T*& w, const Run* run,
                                          std::int64_t count) const {
    const std::int64_t taps = weights.tap_count;
    for (; count > 0; --count, x += x_plane)
      for (std::int64_t t = 0; t < taps; ++t, w += kWidth) {
        const T* from = x + offsets[t];
        Batch<T> values[kTogether];
#pragma GCC unroll 8
        for (int r = 0; r < kTogether; ++r) values[r] = in_register(Batch<T>::load(from + run[r].from));
#pragma GCC unroll 8
        for (int o = 0; o < kWidth; ++o) {
          const Batch<T> weight = w[o];
#pragma GCC unroll 8
          for (int r = 0; r < kTogether; ++r) sum[o][r] = fma(weight, values[r], sum[o][r]);
        }
      }
  }

  template <int kWidth, int kTogether>
  [[gnu::always_inline]] void put_runs(const Sums<kWidth, kTogether>& sum, T* y, int there, const Run* run) const {
#pragma GCC unroll 8
    for (int r = 0; r < kTogether; ++r) {
      const Run& to = run[r];
#pragma GCC unroll 8
      for (int o = 0; o < kWidth; ++o) {
        if (o >= there) continue;
        T* plane = y + o * y_plane;
        if (to.writing == Writing::whole)
          sum[o][r].store(plane + to.to);
        else if (to.writing == Writing::front)
          fronts[to.first].of(sum[o][r]).store(plane + to.to);
        else
          put_pieces(plane, to, sum[o][r]);
      }
    }
  }

  [[gnu::noinline]] void put_pieces(T* to, const Run& run, Batch<T> value) const {
    const Piece* piece = pieces + run.first;
    if (y_step == 1 && run.pieces == 1) return store_part(to + piece->to, piece->count, value);
    alignas(64) T lanes[2 * Batch<T>::kSize];
    value.store(lanes);
    for (const Piece* end = piece + run.pieces; piece < end; ++piece) {
      if (y_step == 1)
        store_part(to + piece->to, piece->count, Batch<T>::load(lanes + piece->lane));
      else
        for (int i = 0; i < piece->count; ++i) to[piece->to + i * y_step] = lanes[piece->lane + i];
    }
  }
};

/// Where the weights of a correlation lie in w [groups out_channels, in_channels, kernel].
struct WeightSteps {
  std::int64_t group, out, source;
};

template <class T>
void correlate(const Padded<T>& x, const Field& field, const Plan<T>& plan, std::int64_t samples, std::int64_t groups,
               std::int64_t sources, const PackWeights<T>& weights, const T* bias, T* y, std::int64_t y_plane) {
  const auto run_count = static_cast<std::int64_t>(plan.runs.size());
  const std::int64_t work = sources * weights.tap_count * kOuts * run_count * Batch<T>::kSize;
  launch(Correlate<T>{x.data(), field.size(), sources, weights, bias, y, y_plane, plan.step, groups,
                      plan.offsets.data(), plan.runs.data(), run_count, plan.pieces.data(), plan.fronts.data()},
         samples * groups * weights.blocks.count(), kProductGrain / (work + 1) + 1);
}

/// Plans with their weights.
template <class T>
struct PackedPlan {
  Plan<T> plan;
  Tensor room;
  PackWeights<T> weights;

  PackedPlan(Plan<T> given, std::int64_t groups, std::int64_t sources, std::int64_t outs, const WeightSteps& steps,
             const T* w)
      : plan(std::move(given)), weights{OutBlocks(outs),  sources,     static_cast<std::int64_t>(plan.taps.size()),
                                        plan.taps.data(), steps.group, steps.out,
                                        steps.source,     w,           nullptr} {
    room = new_tensor({groups * weights.group_size()}, dtype_of<T>);
    weights.to = data_of<T>(room);
    launch(weights, groups * weights.blocks.count(), kFillGrain / (sources * weights.tap_count * kOuts + 1) + 1);
  }
};

/// y = the sums of all plans, some samples of x at a time.
template <class T>
void correlate_all(const Field& field, const std::vector<PackedPlan<T>>& plans, std::int64_t batch, std::int64_t groups,
                   std::int64_t sources, std::int64_t outs, const T* x, const T* bias, T* y, std::int64_t y_plane) {
  const std::int64_t together = samples_together(field, groups * sources, batch);
  const std::int64_t x_plane = field.source[0] * field.source[1] * field.source[2];
  Padded<T> padded(field, together, groups * sources);
  for (std::int64_t first = 0; first < batch; first += together) {
    const std::int64_t count = std::min(together, batch - first);
    padded.fill(x + first * groups * sources * x_plane, count);
    for (const PackedPlan<T>& each : plans)
      correlate(padded, field, each.plan, count, groups, sources, each.weights, bias,
                y + first * groups * outs * y_plane, y_plane);
  }
}

// ---- The sum over places and samples: the gradient of the weight ----

/// Pairs of a source channel and a tap whose sums are those of one task.
constexpr std::int64_t kTaskPairs = 72;
/// Places of one channel that are added up together.
constexpr std::int64_t kSamplesPlaces = 1024;

template <class T>
struct CorrelateWeight {
  const T* x;
  std::int64_t x_plane;
  const T* g;
  std::int64_t g_plane;
  std::int64_t samples, groups, sources, tap_count;
  OutBlocks blocks;
  const std::int64_t* offsets;
  const Row* rows;  // of places; or one, where g is laid out as x is, with 0 between the rows
  std::int64_t row_count;
  bool adds;
  T* w;

  std::int64_t pairs() const { return sources * tap_count; }
  std::int64_t tasks_of_block() const { return (pairs() + kTaskPairs - 1) / kTaskPairs; }

  /// Over tasks of blocks of output channels of groups.
  static void run(const CorrelateWeight& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t at = begin; at < end; ++at) {
      const std::int64_t first = at % a.tasks_of_block() * kTaskPairs,
                         block = at / a.tasks_of_block() % a.blocks.count(),
                         group = at / a.tasks_of_block() / a.blocks.count();
      const std::int64_t count = std::min(kTaskPairs, a.pairs() - first);
      dispatch_width(a.blocks.width(block), [&]<int kWidth>() { a.template task<kWidth>(group, block, first, count); });
    }
  }

  template <int kWidth>
  void task(std::int64_t group, std::int64_t block, std::int64_t first, std::int64_t count) const {
    constexpr int kTogether = kTogetherOf<kWidth>;
    Batch<T> sums[kTaskPairs * kWidth];
    std::fill_n(sums, count * kWidth, Batch<T>(0));
    const std::int64_t out = group * blocks.outs + blocks.first(block);
    const int there = blocks.there(block);
    // Small planes of several samples are added up before the sums go to memory.
    const std::int64_t together = std::max<std::int64_t>(1, kSamplesPlaces / g_plane);
    for (std::int64_t n = 0; n < samples; n += together) {
      const T* from = x + (n * groups + group) * sources * x_plane;
      const std::int64_t added = std::min(together, samples - n);
      // Channels that are not there repeat the last: their sums are not used.
      const T* cotangents[kWidth];
      for (int o = 0; o < kWidth; ++o)
        cotangents[o] = g + (n * groups * blocks.outs + out + std::min(o, there - 1)) * g_plane;
      for (std::int64_t p = 0; p < count; p += kTogether) {
        const T* values[kTogether];
        const int live = static_cast<int>(std::min<std::int64_t>(kTogether, count - p));
        for (int i = 0; i < kTogether; ++i) {
          const std::int64_t pair = first + p + std::min(i, live - 1);
          values[i] = from + pair / tap_count * x_plane + offsets[pair % tap_count];
        }
        add_places<kWidth, kTogether>(cotangents, values, sums + p * kWidth, live, added);
      }
    }
    for (std::int64_t p = 0; p < count; ++p)
      for (int o = 0; o < there; ++o) {
        T& to = w[(out + o) * pairs() + first + p];
        const T sum = reduce_sum(sums[p * kWidth + o]);
        to = adds ? to + sum : sum;
      }
  }

  /// sums[i][o] += the sum over all places of some samples of g[o] x[i].
  template <int kWidth, int kTogether>
  [[gnu::noinline]] void add_places(const T* const* cotangents, const T* const* values, Batch<T>* sums, int live,
                                    std::int64_t sample_count) const {
    constexpr int kSize = Batch<T>::kSize;
    const T *g[kWidth], *x[kTogether];
    std::copy_n(cotangents, kWidth, g);
    std::copy_n(values, kTogether, x);
    Batch<T> sum[kTogether][kWidth];
#pragma GCC unroll 8
    for (int i = 0; i < kTogether; ++i)
#pragma GCC unroll 8
      for (int o = 0; o < kWidth; ++o) sum[i][o] = 0;
    auto add = [&](std::int64_t from, std::int64_t to, auto load) __attribute__((always_inline)) {
      Batch<T> value[kTogether];
#pragma GCC unroll 8
      for (int i = 0; i < kTogether; ++i) value[i] = in_register(load(x[i] + from));
#pragma GCC unroll 8
      for (int o = 0; o < kWidth; ++o) {
        const Batch<T> cotangent = in_register(load(g[o] + to));
#pragma GCC unroll 8
        for (int i = 0; i < kTogether; ++i) sum[i][o] = fma(cotangent, value[i], sum[i][o]);
      }
    };
    auto whole = [](const T* from) { return Batch<T>::load(from); };
    for (std::int64_t n = 0;;) {
      for (const Row *row = rows, *end = rows + row_count; row < end; ++row) {
        std::int64_t at = 0;
        for (; at + kSize <= row->length; at += kSize) add(row->from + at, row->to + at, whole);
        const int rest = static_cast<int>(row->length - at);
        if (rest > 0)
          add(row->from + at, row->to + at, [rest](const T* from) { return load_part(from, rest, Batch<T>(0)); });
      }
      if (++n == sample_count) break;
      for (const T*& each : g) each += groups * blocks.outs * g_plane;
      for (const T*& each : x) each += groups * sources * x_plane;
    }
#pragma GCC unroll 8
    for (int i = 0; i < kTogether; ++i)  // a bound that is not constant would keep the sums out of the registers
      if (i < live)
#pragma GCC unroll 8
        for (int o = 0; o < kWidth; ++o) sums[i * kWidth + o] += sum[i][o];
  }
};

/// How y's cotangents are laid out as x is: all rows become one, with zeros between them and up to a whole number of
/// batches.
struct Spread {
  Field field;
  Row row;
};

template <class T>
Spread spread_of(const ConvGeometry& g, const Field& x, const std::vector<Row>& rows) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  Spread spread{};
  spread.row.length = (rows.back().from + rows.back().length + kSize - 1) / kSize * kSize;
  Field& field = spread.field;
  for (int axis = 0; axis < kAxes; ++axis) {
    field.source[axis] = g.out[axis];
    field.phases[axis] = 1;
    field.extent[axis] = x.extent[axis];
  }
  field.extent[0] = g.out[0];
  if (g.out[0] == 1) field.extent[1] = g.out[1];
  // So every batch of every plane begins where a batch of memory does: each is read many times.
  field.behind = (field.size() + kSize - 1) / kSize * kSize - field.size();
  return spread;
}

/// Whether copying the cotangents takes less time than short rows cost. A batch that is part of one takes a quarter
/// longer than a whole one; copying a batch takes as long as eight pairs of a source channel and a tap.
template <class T>
bool is_worth_spreading(const std::vector<Row>& rows, const Spread& spread, std::int64_t pairs) {
  constexpr std::int64_t kSize = Batch<T>::kSize;
  std::int64_t quarters = 0;
  for (const Row& row : rows) quarters += row.length / kSize * 4 + (row.length % kSize != 0 ? 5 : 0);
  return 4 * (spread.row.length / kSize) * (pairs + 8) < quarters * pairs;
}

// ---- Kernels of one element: matrix products ----

bool is_pointwise(const ConvGeometry& g) {
  for (int axis = 0; axis < kAxes; ++axis)
    if (g.kernel[axis] != 1 || g.stride[axis] != 1 || g.before[axis] != 0 || g.in[axis] != g.out[axis]) return false;
  return g.groups == 1;
}

/// to[n] = matrix [rows, inner] from[n] + bias. Over samples.
template <class T>
struct PointwiseProducts {
  std::int64_t rows, inner, places;
  Matrix<T> matrix;
  const T* from;
  const T* bias;
  T* to;

  static void run(const PointwiseProducts& a, std::int64_t begin, std::int64_t end) {
    for (std::int64_t n = begin; n < end; ++n) {
      T* to = a.to + n * a.rows * a.places;
      if (a.bias != nullptr)
        for (std::int64_t o = 0; o < a.rows; ++o) std::fill_n(to + o * a.places, a.places, a.bias[o]);
      gemm<T>(a.rows, a.places, a.inner, a.matrix, {a.from + n * a.inner * a.places, a.places, 1}, T(a.bias != nullptr),
              to, a.places);
    }
  }
};

template <class T>
void launch_products(const PointwiseProducts<T>& products, std::int64_t batch) {
  const std::int64_t work = products.rows * products.inner * products.places;
  if (batch < 4 && work >= kTwoParts) return PointwiseProducts<T>::run(products, 0, batch);  // gemm uses the threads
  launch(products, batch, kProductGrain / (work + 1) + 1);
}

}  // namespace

template <class T>
void convolve(const ConvGeometry& g, const T* x, const T* w, const T* bias, T* y) {
  if constexpr (!std::is_floating_point_v<T>) {
    launch(PlainConvolution<T, false>{g, x, w, bias, y}, g.batch * g.groups * g.out_channels, 1);
  } else {
    const std::int64_t places = ConvGeometry::product(g.out), taps = ConvGeometry::product(g.kernel);
    if (is_pointwise(g))
      return launch_products(
          PointwiseProducts<T>{g.out_channels, g.in_channels, places, {w, g.in_channels, 1}, x, bias, y}, g.batch);
    const Field field = field_of(g);
    std::vector<PackedPlan<T>> plans;
    plans.emplace_back(plan_of<T>(g, field), g.groups, g.in_channels, g.out_channels,
                       WeightSteps{g.out_channels * g.in_channels * taps, g.in_channels * taps, taps}, w);
    correlate_all(field, plans, g.batch, g.groups, g.in_channels, g.out_channels, x, bias, y, places);
  }
}

template <class T>
void convolve_back(const ConvGeometry& g, const T* y, const T* w, const T* bias, T* x) {
  if constexpr (!std::is_floating_point_v<T>) {
    launch(PlainConvolution<T, true>{g, y, w, bias, x}, g.batch * g.groups * g.in_channels, 1);
  } else {
    const std::int64_t places = ConvGeometry::product(g.in), taps = ConvGeometry::product(g.kernel);
    if (is_pointwise(g))
      return launch_products(
          PointwiseProducts<T>{g.in_channels, g.out_channels, places, {w, 1, g.in_channels}, y, bias, x}, g.batch);
    // The planes below have a border of 0 around y. A weight that is infinite or nan would make nan of it, in elements
    // of x that the weight does not reach.
    if (!all_finite(w, g.groups * g.out_channels * g.in_channels * taps))
      return launch(PlainConvolution<T, true>{g, y, w, bias, x}, g.batch * g.groups * g.in_channels, 1);
    std::vector<ClassAxis> classes[kAxes];
    for (int axis = 0; axis < kAxes; ++axis)
      for (std::int64_t first = 0; first < std::min(g.stride[axis], g.in[axis]); ++first)
        classes[axis].push_back(class_axis(g, axis, first));
    const Field field = back_field_of(g, classes);
    const WeightSteps steps{g.out_channels * g.in_channels * taps, taps, g.in_channels * taps};
    std::vector<PackedPlan<T>> plans;
    for (const ClassAxis& d : classes[0])
      for (const ClassAxis& h : classes[1])
        for (const ClassAxis& width : classes[2])
          plans.emplace_back(back_plan_of<T>(g, field, d, h, width), g.groups, g.out_channels, g.in_channels, steps, w);
    correlate_all(field, plans, g.batch, g.groups, g.out_channels, g.in_channels, y, bias, x, places);
  }
}

template <class T>
void convolve_weight(const ConvGeometry& g, const T* x, const T* y, T* w) {
  const std::int64_t places = ConvGeometry::product(g.out), taps = ConvGeometry::product(g.kernel);
  const std::int64_t size = g.groups * g.out_channels * g.in_channels * taps;
  if (size == 0) return;
  if (g.batch == 0 || places == 0) return fill(w, size, T(0));
  if (is_pointwise(g)) {
    for (std::int64_t n = 0; n < g.batch; ++n)
      gemm<T>(g.out_channels, g.in_channels, places, {y + n * g.out_channels * places, places, 1},
              {x + n * g.in_channels * places, 1, places}, T(n > 0), w, g.in_channels);
    return;
  }
  const Field field = field_of(g);
  const std::vector<std::int64_t> offsets = offsets_of(g, field);
  const std::vector<Row> rows = rows_of(g, field);
  const Spread spread = spread_of<T>(g, field, rows);
  const std::int64_t in_planes = g.groups * g.in_channels, out_planes = g.groups * g.out_channels;
  const std::int64_t together = samples_together(field, in_planes, g.batch);
  Padded<T> padded(field, together, in_planes);
  std::optional<Padded<T>> cotangents;
  if (is_worth_spreading<T>(rows, spread, g.in_channels * taps)) cotangents.emplace(spread.field, together, out_planes);
  for (std::int64_t first = 0; first < g.batch; first += together) {
    const std::int64_t count = std::min(together, g.batch - first);
    padded.fill(x + first * in_planes * ConvGeometry::product(g.in), count);
    const T* from = y + first * out_planes * places;
    // What stands between the rows is multiplied by 0, which it must not be where it is infinite or nan.
    const bool is_spread = cotangents.has_value() && padded.is_finite();
    if (is_spread) cotangents->fill(from, count);
    const CorrelateWeight<T> kernel{padded.data(),
                                    field.size(),
                                    is_spread ? cotangents->data() : from,
                                    is_spread ? spread.field.size() : places,
                                    count,
                                    g.groups,
                                    g.in_channels,
                                    taps,
                                    OutBlocks(g.out_channels),
                                    offsets.data(),
                                    is_spread ? &spread.row : rows.data(),
                                    is_spread ? 1 : static_cast<std::int64_t>(rows.size()),
                                    first > 0,
                                    w};
    const std::int64_t work = count * kTaskPairs * kOuts * places;
    launch(kernel, g.groups * kernel.blocks.count() * kernel.tasks_of_block(), kProductGrain / (work + 1) + 1);
  }
}

#define XGRAD_INSTANTIATE(T)                                                     \
  template void convolve(const ConvGeometry&, const T*, const T*, const T*, T*); \
  template void convolve_back(const ConvGeometry&, const T*, const T*, const T*, T*);
XGRAD_INSTANTIATE(float)
XGRAD_INSTANTIATE(double)
XGRAD_INSTANTIATE(std::int64_t)
#undef XGRAD_INSTANTIATE
template void convolve_weight(const ConvGeometry&, const float*, const float*, float*);
template void convolve_weight(const ConvGeometry&, const double*, const double*, double*);

}  // namespace xgrad::internal
