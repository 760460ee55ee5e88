#include "random.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

#include "../base/launch.hpp"
#include "../kernels/philox.hpp"
#include "../kernels/portable_math.hpp"
#include "../tensor_impl.hpp"
#include "detail/draw.hpp"
#include "detail/result.hpp"

// The same seed must give the same bits on every machine: see kernels/portable_math.hpp.

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

// Blocks from which a draw is worth a second thread.
constexpr std::int64_t kDrawGrain = 4096;

/// The elements that a batch of blocks gives: element k of block j is stored at [k][j], so that loops over j
/// vectorise.
template <class T, int kPerBlock>
using Elements = T[kPerBlock][PhiloxBatch::kBlocks];

/// to[...] = convert(bits, position of the first, elements), which makes kPerBlock elements of each 128 random bits.
/// Over blocks.
template <class T, int kPerBlock, class F>
struct Draw {
  T* to;
  std::int64_t count;
  DrawPosition first;
  F convert;

  static void run(const Draw& a, std::int64_t begin, std::int64_t end) {
    constexpr int kBlocks = PhiloxBatch::kBlocks;
    PhiloxBatch bits;
    Elements<T, kPerBlock> elements;
    T in_order[kBlocks * kPerBlock];
    for (std::int64_t block = begin; block < end; block += kBlocks) {
      DrawPosition at = a.first;
      at.block += static_cast<std::uint64_t>(block);
      bits.generate(at.seed, at.stream, at.block);
      a.convert(bits, at, elements);
      for (int j = 0; j < kBlocks; ++j)
        for (int k = 0; k < kPerBlock; ++k) in_order[j * kPerBlock + k] = elements[k][j];
      std::int64_t left = std::min(a.count, end * kPerBlock) - block * kPerBlock;
      std::copy_n(in_order, std::min<std::int64_t>(left, kBlocks * kPerBlock), a.to + block * kPerBlock);
    }
  }
};

/// Fills a new tensor, taking the positions that this needs. `convert` is a lambda that captures by value.
template <class T, int kPerBlock, class F>
void draw(const Tensor& tensor, Generator& generator, F convert) {
  std::int64_t count = tensor.numel();
  std::int64_t blocks = count / kPerBlock + (count % kPerBlock != 0);
  launch(Draw<T, kPerBlock, F>{data_of<T>(tensor), count, take(generator, blocks), convert}, blocks, kDrawGrain);
}

/// Element k of a block as a number in [0, 1), of 24 random bits for float32 and 53 for float64. By way of
/// 32-bit integers, whose conversion every machine can vectorise.
template <class T>
[[gnu::always_inline]] inline T unit(const PhiloxBatch& bits, int k, int block) {
  if constexpr (std::same_as<T, float>) {
    return static_cast<float>(static_cast<std::int32_t>(bits.word[k][block] >> 8)) * 0x1p-24f;
  } else {
    auto high = static_cast<std::int32_t>(bits.word[2 * k + 1][block] >> 5);
    auto low = static_cast<std::int32_t>(bits.word[2 * k][block] >> 6);
    return (static_cast<double>(high) * 0x1p26 + static_cast<double>(low)) * 0x1p-53;
  }
}

void check_floating(const char* operation, DType dtype, SourceLocation where) {
  check(is_floating(dtype), where, operation, ": the dtype must be float32 or float64, but it is ", dtype, ".");
}

}  // namespace

Tensor uniform(const Shape& shape, double low, double high, TensorOptions options, Generator& generator,
               SourceLocation where) {
  check_floating("uniform", options.dtype, where);
  check(low <= high && std::isfinite(high - low), where,
        "uniform: low must not exceed high, and both must be finite, but they are ", low, " and ", high, ".");
  constexpr double kMost = std::numeric_limits<float>::max();
  check(options.dtype == DType::float64 || (high - low <= kMost && -kMost <= low && high <= kMost), where,
        "uniform: a float32 must hold the range, but it is from ", low, " to ", high, ".");
  Tensor result = new_checked("uniform", shape, options.dtype, where);
  dispatch_floating(options.dtype, [&]<class T>(T) {
    constexpr int kPerBlock = 16 / sizeof(T);
    // low + range u may round up to high, which is not in the interval.
    T first = static_cast<T>(low), range = static_cast<T>(high - low);
    T last = static_cast<T>(high);
    if (static_cast<double>(last) >= high) last = std::nextafter(last, -std::numeric_limits<T>::infinity());
    last = std::max(first, last);
    draw<T, kPerBlock>(result, generator,
                       [=](const PhiloxBatch& bits, const DrawPosition&, Elements<T, kPerBlock>& elements) {
                         for (int k = 0; k < kPerBlock; ++k)
                           for (int j = 0; j < PhiloxBatch::kBlocks; ++j)
                             elements[k][j] = std::min(first + range * unit<T>(bits, k, j), last);
                       });
  });
  return with_options(std::move(result), options, where);
}

Tensor normal(const Shape& shape, double mean, double std, TensorOptions options, Generator& generator,
              SourceLocation where) {
  check_floating("normal", options.dtype, where);
  check(std >= 0, where, "normal: std must not be negative, but it is ", std, ".");
  check(std::isfinite(std) && std::isfinite(mean), where, "normal: mean and std must be finite, but they are ", mean,
        " and ", std, ".");
  constexpr double kMost = std::numeric_limits<float>::max();
  check(options.dtype == DType::float64 || (std::abs(mean) <= kMost && std <= kMost), where,
        "normal: a float32 must hold mean and std, but they are ", mean, " and ", std, ".");
  Tensor result = new_checked("normal", shape, options.dtype, where);
  dispatch_floating(options.dtype, [&]<class T>(T) {
    constexpr int kPerBlock = 16 / sizeof(T);
    draw<T, kPerBlock>(result, generator,
                       [=](const PhiloxBatch& bits, const DrawPosition&, Elements<T, kPerBlock>& elements) {
                         for (int k = 0; k < kPerBlock; k += 2)
                           for (int j = 0; j < PhiloxBatch::kBlocks; ++j) {
                             SineCosine pair = box_muller(unit<T>(bits, k, j), unit<T>(bits, k + 1, j));
                             elements[k][j] = static_cast<T>(mean + std * pair.cosine);
                             elements[k + 1][j] = static_cast<T>(mean + std * pair.sine);
                           }
                       });
  });
  return with_options(std::move(result), options, where);
}

Tensor randint(std::int64_t low, std::int64_t high, const Shape& shape, Generator& generator, SourceLocation where) {
  check(low < high, where, "randint: low must be below high, but they are ", low, " and ", high, ".");
  Tensor result = new_checked("randint", shape, DType::int64, where);
  std::uint64_t range = static_cast<std::uint64_t>(high) - static_cast<std::uint64_t>(low);
  draw<std::int64_t, 1>(
      result, generator, [=](const PhiloxBatch& bits, const DrawPosition&, Elements<std::int64_t, 1>& elements) {
        for (int j = 0; j < PhiloxBatch::kBlocks; ++j)
          elements[0][j] = static_cast<std::int64_t>(static_cast<std::uint64_t>(low) + bits.below(range, j));
      });
  return result;
}

namespace {

/// 64 more random bits for element k of a block, which nothing else is made of: those of a seed of its own.
[[gnu::noinline, gnu::cold]] std::uint64_t finer_bits(const DrawPosition& first, int k, int block) {
  PhiloxBatch bits;
  bits.generate(~first.seed, first.stream, first.block + static_cast<std::uint64_t>(block));
  return bits.pair(k / 2, k % 2);
}

}  // namespace

Tensor bernoulli(const Shape& shape, double p, Generator& generator, SourceLocation where) {
  check(0 <= p && p <= 1, where, "bernoulli: p must be in [0, 1], but it is ", p, ".");
  Tensor result = new_checked("bernoulli", shape, DType::boolean, where);
  // p = (whole + rest) 2^-32: where the 32 bits of an element equal the whole, the rest decides.
  double whole;
  double rest = std::modf(std::ldexp(p, 32), &whole);
  auto threshold = static_cast<std::uint64_t>(whole);
  // Unless p is near 0 or 1, leaving the rest out is less than float32 can say of p.
  if (rest == 0 || (p >= 0x1p-8 && 1 - p >= 0x1p-8)) {
    draw<bool, 4>(result, generator, [=](const PhiloxBatch& bits, const DrawPosition&, Elements<bool, 4>& elements) {
      for (int k = 0; k < 4; ++k)
        for (int j = 0; j < PhiloxBatch::kBlocks; ++j) elements[k][j] = bits.word[k][j] < threshold;
    });
    return result;
  }
  auto fine_threshold = static_cast<std::uint64_t>(std::ldexp(rest, 64));
  draw<bool, 4>(result, generator,
                [=](const PhiloxBatch& bits, const DrawPosition& first, Elements<bool, 4>& elements) {
                  for (int k = 0; k < 4; ++k)
                    for (int j = 0; j < PhiloxBatch::kBlocks; ++j) {
                      elements[k][j] = bits.word[k][j] < threshold;
                      if (bits.word[k][j] == threshold) [[unlikely]]
                        elements[k][j] = finer_bits(first, k, j) < fine_threshold;
                    }
                });
  return result;
}

namespace {

/// The numbers below `count`, shuffled. Each swap sees what those before it left, so all is one part: over [0, 1).
struct Shuffle {
  std::int64_t* order;
  std::int64_t count;
  DrawPosition first;

  static void run(const Shuffle& a, std::int64_t, std::int64_t) {
    std::iota(a.order, a.order + a.count, std::int64_t{0});
    PhiloxBatch bits;
    for (std::int64_t left = a.count; left > 1; --left) {
      std::int64_t done = a.count - left;
      int block = static_cast<int>(done % PhiloxBatch::kBlocks);
      if (block == 0) bits.generate(a.first.seed, a.first.stream, a.first.block + static_cast<std::uint64_t>(done));
      std::swap(a.order[left - 1], a.order[bits.below(static_cast<std::uint64_t>(left), block)]);
    }
  }
};

}  // namespace

Tensor permutation(std::int64_t count, Generator& generator, SourceLocation where) {
  check(count >= 0, where, "permutation: count must not be negative, but it is ", count, ".");
  Tensor result = new_checked("permutation", {count}, DType::int64, where);
  const DrawPosition first = take(generator, std::max<std::int64_t>(count - 1, 0));
  launch(Shuffle{data_of<std::int64_t>(result), count, first}, 1, 1);
  return result;
}

}  // namespace xgrad
