// The functions of Batch beside xsimd's: nanoseconds for an element, of numbers that lie in the cache, on one thread.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <iterator>
#include <string>
#include <type_traits>
#include <vector>
#include <xsimd/xsimd.hpp>

#include <xgrad/autograd/simd/math.hpp>
#include "contender.hpp"
#include "times.hpp"

namespace bench {
namespace {

constexpr std::int64_t kCount = 4096;

template <class T>
struct Xgrad {
  using Lanes = xgrad::Batch<T>;
  static Lanes load(const T* from) { return Lanes::load(from); }
  static void store(T* to, Lanes value) { value.store(to); }
};
template <class T>
struct Xsimd {
  using Lanes = xsimd::batch<T>;
  static Lanes load(const T* from) { return Lanes::load_unaligned(from); }
  static void store(T* to, Lanes value) { value.store_unaligned(to); }
};

template <class T, class Library, class F>
void add_benchmark(const char* name, const std::vector<T>& x, F f) {
  benchmark::RegisterBenchmark(name,
                               [=](benchmark::State& state) {
                                 constexpr std::int64_t kSize = sizeof(typename Library::Lanes) / sizeof(T);
                                 std::vector<T> y(x.size());
                                 for (auto _ : state) {
                                   for (std::int64_t i = 0; i < kCount; i += kSize)
                                     Library::store(y.data() + i, f(Library::load(x.data() + i)));
                                   benchmark::ClobberMemory();
                                 }
                               })
      ->Repetitions(11)
      ->MinTime(0.02);
}

template <class T, class F>
void compare_of(const char* name, double low, double high, F f) {
  std::vector<T> x;
  for (float number : numbers(kCount, 1)) x.push_back(static_cast<T>(low + (high - low) * (number + 1) / 2));
  benchmark::ClearRegisteredBenchmarks();
  add_benchmark<T, Xgrad<T>>("xgrad", x, f);
  add_benchmark<T, Xsimd<T>>("xsimd", x, f);
  Times times(true);
  benchmark::RunSpecifiedBenchmarks(&times, ".");
  double ours = *times.median("xgrad") * 1e6 / kCount, theirs = *times.median("xsimd") * 1e6 / kCount;
  std::printf("| %s | %s | %.3f | %.3f | %.2f |\n", name, std::is_same_v<T, float> ? "float" : "double", ours, theirs,
              theirs / ours);
  std::fflush(stdout);
}

/// f on numbers between low and high.
template <class F>
void compare(const char* name, double low, double high, F f) {
  compare_of<float>(name, low, high, f);
  compare_of<double>(name, low, high, f);
}

}  // namespace
}  // namespace bench

int main() {
  bench::interleave();
  std::puts("| function | elements | xgrad ns | xsimd ns | xsimd / xgrad |\n|---|---|---|---|---|");
  bench::compare("sqrt", 0, 10, [](auto x) { return sqrt(x); });
  bench::compare("exp", -10, 10, [](auto x) { return exp(x); });
  bench::compare("expm1", -2, 2, [](auto x) { return expm1(x); });
  bench::compare("log", 1e-3, 10, [](auto x) { return log(x); });
  bench::compare("log1p", -0.9, 10, [](auto x) { return log1p(x); });
  bench::compare("sin", -10, 10, [](auto x) { return sin(x); });
  bench::compare("cos", -10, 10, [](auto x) { return cos(x); });
  bench::compare("tanh", -5, 5, [](auto x) { return tanh(x); });
  bench::compare("erf", -3, 3, [](auto x) { return erf(x); });
}
