// Random numbers: Philox itself, the distributions, and what makes them the same everywhere.
#include <xgrad/autograd/ops/random.hpp>

#include <sys/wait.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <thread>
#include <vector>

#include <xgrad/autograd/kernels/philox.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/random_state.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../catch.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

using Words = std::array<std::uint32_t, 4>;

struct Moments {
  double mean = 0, variance = 0;
};

Moments moments(const std::vector<double>& values) {
  Moments result;
  auto count = static_cast<double>(values.size());
  result.mean = std::accumulate(values.begin(), values.end(), 0.0) / count;
  for (double value : values) result.variance += (value - result.mean) * (value - result.mean) / count;
  return result;
}

/// Sets the number of threads for one test.
struct Threads {
  explicit Threads(int count) : before(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before); }
  int before;
};

}  // namespace

TEST_CASE("Philox gives the known answers of Random123", "[random]") {
  using internal::philox;
  CHECK(philox({0, 0, 0, 0}, {0, 0}) == Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  CHECK(philox({~0u, ~0u, ~0u, ~0u}, {~0u, ~0u}) == Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  CHECK(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}) ==
        Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

TEST_CASE("uniform takes 24 bits of each word in order, or 53 of each pair", "[random]") {
  Generator generator(0);
  CHECK(uniform({4}, 0, 1, {}, generator).to_vector<float>() ==
        std::vector<float>{0x6627e8p-24f, 0xe169c5p-24f, 0xbc57acp-24f, 0x9b00dbp-24f});
  generator.reseed(0);
  std::vector<double> pairs = {(0xe169c58d >> 5) * 0x1p-27 + (0x6627e8d5 >> 6) * 0x1p-53,
                               (0x9b00dbd8 >> 5) * 0x1p-27 + (0xbc57ac4c >> 6) * 0x1p-53};
  CHECK(uniform({2}, 0, 1, {.dtype = DType::float64}, generator).to_vector<double>() == pairs);
}

TEST_CASE("an element depends on seed and position alone", "[random]") {
  Generator generator(7);
  std::vector<float> whole = uniform({1000}, -1, 1, {}, generator).to_vector<float>();
  generator.reseed(7);
  std::vector<float> first = uniform({20, 20}, -1, 1, {}, generator).to_vector<float>();
  CHECK(std::equal(first.begin(), first.end(), whole.begin()));
  std::vector<float> second = uniform({599}, -1, 1, {}, generator).to_vector<float>();
  CHECK(std::equal(second.begin(), second.end(), whole.begin() + 400));
  // A draw that does not fill its last block leaves the rest of it unused.
  generator.reseed(7);
  uniform({1}, 0, 1, {}, generator);
  CHECK(uniform({1}, -1, 1, {}, generator).item<float>() == whole[4]);
}

TEST_CASE("seeds give different numbers", "[random]") {
  Generator a(1), b(2), wide(1 + (std::uint64_t{1} << 32));
  float from_a = uniform({1}, 0, 1, {}, a).item<float>();
  CHECK(from_a != uniform({1}, 0, 1, {}, b).item<float>());
  CHECK(from_a != uniform({1}, 0, 1, {}, wide).item<float>());
}

TEST_CASE("draws do not depend on the number of threads", "[random]") {
  auto all = [](int threads) {
    Threads scope(threads);
    Generator generator(3);
    std::vector<double> values = normal({100003}, 0, 1, {}, generator).to_vector<double>();
    for (const Tensor& draw :
         {uniform({50001}, 0, 1, {.dtype = DType::float64}, generator), randint(0, 1000, {50001}, generator),
          bernoulli({70001}, 0.5, generator), permutation(50001, generator)})
      for (double value : draw.to_vector<double>()) values.push_back(value);
    return values;
  };
  CHECK(all(1) == all(3));
}

namespace {

/// What a thread of its own draws first.
float first_draw() {
  float drawn = 0;
  std::thread([&] { drawn = uniform({1}).item<float>(); }).join();
  return drawn;
}

float first_of(Generator generator) { return uniform({1}, 0, 1, {}, generator).item<float>(); }

}  // namespace

TEST_CASE("each thread draws from a stream of its own under the process's seed", "[random]") {
  manual_seed(5);
  float here = uniform({1}).item<float>();
  CHECK(here == first_of(Generator(5)));
  // Numbered as they draw.
  float second = first_draw(), third = first_draw();
  CHECK(second == first_of(Generator(5, 1)));
  CHECK(third == first_of(Generator(5, 2)));
  CHECK(second != here);
  CHECK(third != second);
  manual_seed(5);
  CHECK(first_draw() == second);
  CHECK(uniform({1}).item<float>() == here);
  CHECK(default_generator().seed() == 5);
  CHECK(default_generator().stream() == 0);
}

TEST_CASE("manual_seed in one thread starts the others anew", "[random]") {
  std::atomic<int> step = 0;
  float before = 0, after = 0;
  manual_seed(1);
  std::thread other([&] {
    before = uniform({1}).item<float>();
    step = 1;
    while (step != 2) std::this_thread::yield();
    after = uniform({1}).item<float>();
  });
  while (step != 1) std::this_thread::yield();
  manual_seed(2);
  step = 2;
  other.join();
  CHECK(before == first_of(Generator(1, 1)));
  CHECK(after == first_of(Generator(2, 1)));
}

TEST_CASE("a generator that is held starts anew with manual_seed", "[random]") {
  Generator& generator = default_generator();
  manual_seed(7);
  CHECK(generator.seed() == 7);
  CHECK(&generator == &default_generator());
}

TEST_CASE("streams of one seed are independent of each other", "[random]") {
  Generator first(3, 0), second(3, 1), far(3, std::uint64_t{1} << 40);
  constexpr std::int64_t kCount = 100'000;
  std::vector<double> a = uniform({kCount}, {}, first).to_vector<double>();
  for (Generator* other : {&second, &far}) {
    std::vector<double> b = uniform({kCount}, {}, *other).to_vector<double>();
    double correlation = 0;
    for (std::size_t i = 0; i < a.size(); ++i) correlation += (a[i] - 0.5) * (b[i] - 0.5) * 12 / kCount;
    CHECK(std::abs(correlation) < 0.015);  // 5 standard deviations
  }
  second.reseed(3);
  CHECK(second.stream() == 1);
}

TEST_CASE("uniform stays in [low, high) and never gives high", "[random]") {
  Generator generator(11);
  // A range of one rounding step: most sums round to an end.
  float low = 1, high = std::nextafter(1.f, 2.f);
  for (float value : uniform({1000}, low, high, {}, generator).to_vector<float>()) CHECK(value == low);
  for (float value : uniform({10000}, 1e8, 1e8 + 16, {}, generator).to_vector<float>()) {
    CHECK(value >= 1e8f);
    CHECK(value < 1e8f + 16);
  }
  CHECK(uniform({3}, 2, 2, {}, generator).to_vector<float>() == std::vector<float>(3, 2));
  CHECK(uniform({0}, 0, 1, {}, generator).numel() == 0);
}

TEST_CASE("uniform has the moments of its distribution", "[random]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Generator generator(2);
    Moments found = moments(uniform({200000}, -1, 3, {.dtype = dtype}, generator).to_vector<double>());
    CHECK(found.mean == Approx(1).margin(0.02));
    CHECK(found.variance == Approx(16. / 12).epsilon(0.02));
  }
}

TEST_CASE("normal is Box and Muller's transform of the uniform numbers", "[random]") {
  Generator generator(9);
  std::vector<double> u = uniform({4000}, 0, 1, {.dtype = DType::float64}, generator).to_vector<double>();
  generator.reseed(9);
  std::vector<double> z = normal({4000}, 0, 1, {.dtype = DType::float64}, generator).to_vector<double>();
  double two_pi = 8 * std::atan(1.);
  for (std::size_t i = 0; i < u.size(); i += 2) {
    double radius = std::sqrt(-2 * std::log(1 - u[i]));
    CHECK(z[i] == Approx(radius * std::cos(two_pi * u[i + 1])).margin(1e-14));
    CHECK(z[i + 1] == Approx(radius * std::sin(two_pi * u[i + 1])).margin(1e-14));
  }
}

TEST_CASE("normal has the moments of its distribution", "[random]") {
  for (DType dtype : {DType::float32, DType::float64}) {
    Generator generator(4);
    std::vector<double> values = normal({200001}, 2, 3, {.dtype = dtype}, generator).to_vector<double>();
    Moments found = moments(values);
    CHECK(found.mean == Approx(2).margin(0.03));
    CHECK(found.variance == Approx(9).epsilon(0.02));
    auto beyond = std::count_if(values.begin(), values.end(), [](double x) { return std::abs(x - 2) > 6; });
    CHECK(static_cast<double>(beyond) / 200001 == Approx(0.0455).margin(0.002));
  }
  Generator generator(4);
  CHECK(normal({2}, 5, 0, {}, generator).to_vector<float>() == std::vector<float>{5, 5});
}

TEST_CASE("normal gives the same bits with and without fused multiplication", "[random]") {
  // The library is built for several instruction sets. These bits come from a build for the oldest.
  Generator generator(1);
  std::uint64_t digest = 0;
  for (double value : normal({4096}, 0.1, 1.7, {.dtype = DType::float64}, generator).to_vector<double>())
    digest = digest * 0x9E3779B97F4A7C15 + std::bit_cast<std::uint64_t>(value);
  CHECK(digest == 0x479611208c2deca6);
}

TEST_CASE("randint covers [low, high) evenly", "[random]") {
  Generator generator(6);
  std::vector<int> counts(5);
  for (std::int64_t value : randint(-2, 3, {50000}, generator).to_vector<std::int64_t>()) {
    REQUIRE((-2 <= value && value < 3));
    ++counts[static_cast<std::size_t>(value + 2)];
  }
  for (int count : counts) CHECK(count == Approx(10000).epsilon(0.04));
  Tensor wide =
      randint(std::numeric_limits<std::int64_t>::min(), std::numeric_limits<std::int64_t>::max(), {100}, generator);
  std::vector<std::int64_t> values = wide.to_vector<std::int64_t>();
  CHECK(std::count_if(values.begin(), values.end(), [](std::int64_t x) { return x < 0; }) > 20);
  CHECK(std::count_if(values.begin(), values.end(), [](std::int64_t x) { return x > 0; }) > 20);
}

TEST_CASE("bernoulli is true with probability p", "[random]") {
  Generator generator(8);
  Tensor draw = bernoulli({100000}, 0.3, generator);
  CHECK(draw.dtype() == DType::boolean);
  CHECK(moments(draw.to_vector<double>()).mean == Approx(0.3).margin(0.01));
  CHECK(moments(bernoulli({1000}, 0, generator).to_vector<double>()).mean == 0);
  CHECK(moments(bernoulli({1000}, 1, generator).to_vector<double>()).mean == 1);
}

TEST_CASE("bernoulli meets probabilities below 2^-32", "[random]") {
  // With p = word 2^-32 and a little more, where word is Philox's first for a seed, 64 further bits decide.
  std::uint32_t seed = 0;
  while (internal::philox({0, 0, 0, 0}, {seed, 0})[0] >= 1u << 20) ++seed;
  double below = internal::philox({0, 0, 0, 0}, {seed, 0})[0] * 0x1p-32, above = below + 0x1p-32;
  auto first = [seed](double p) {
    Generator generator(seed);
    return bernoulli({1}, p, generator).item<bool>();
  };
  CHECK(!first(below));
  CHECK(first(above));
  int met = 0;
  double from = 0, to = 1;  // where between them the element becomes true
  for (int halving = 0; halving < 16; ++halving) {
    double middle = (from + to) / 2;
    bool is_met = first(below + middle * 0x1p-32);
    (is_met ? to : from) = middle;
    met += is_met;
  }
  CHECK(met > 0);
  CHECK(met < 16);
  CHECK(!first(std::nextafter(below + from * 0x1p-32, 0.0)));
  CHECK(first(below + to * 0x1p-32));
}

TEST_CASE("permutation holds each number once", "[random]") {
  Generator generator(10);
  std::vector<std::int64_t> order = permutation(1000, generator).to_vector<std::int64_t>();
  CHECK_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> expected(1000);
  std::iota(expected.begin(), expected.end(), 0);
  CHECK(order == expected);
  CHECK(permutation(0, generator).shape() == Shape{0});
  CHECK(permutation(1, generator).to_vector<std::int64_t>() == std::vector<std::int64_t>{0});
  // Each of the six orders of three comes equally often.
  std::vector<int> counts(9);
  for (int i = 0; i < 6000; ++i) {
    std::vector<std::int64_t> three = permutation(3, generator).to_vector<std::int64_t>();
    ++counts[static_cast<std::size_t>(3 * three[0] + three[1])];
  }
  for (std::size_t i : {1, 2, 3, 5, 6, 7}) CHECK(counts[i] == Approx(1000).margin(150));
}

TEST_CASE("impossible distributions are refused", "[random]") {
  CHECK_THROWS_WITH(uniform({2}, 1, 0),
                    Contains("uniform: low must not exceed high, and both must be finite, but they are 1 and 0. at "
                             "random.cpp:"));
  CHECK_THROWS_AS(uniform({2}, 0, 1, {.dtype = DType::int64}), std::invalid_argument);
  CHECK_THROWS_WITH(normal({2}, 0, -1), Contains("normal: std must not be negative, but it is -1"));
  CHECK_THROWS_WITH(bernoulli({2}, 1.5), Contains("bernoulli: p must be in [0, 1], but it is 1.5"));
  CHECK_THROWS_WITH(randint(3, 3, {2}), Contains("randint: low must be below high, but they are 3 and 3"));
  CHECK_THROWS_AS(permutation(-1), std::invalid_argument);
  CHECK_THROWS_AS(normal({-1}), std::invalid_argument);
}

TEST_CASE("draws can be variables", "[random]") {
  CHECK(normal({2}, 0, 1, {.requires_grad = true}).requires_grad());
  CHECK(uniform({2}, 0, 1, {.dtype = DType::float64, .requires_grad = true}).is_leaf());
}

TEST_CASE("a range that the dtype cannot span is refused", "[random]") {
  CHECK_THROWS_WITH(uniform({2}, -3e38, 3e38),
                    Contains("uniform: a float32 must hold the range, but it is from -3e+38 to 3e+38. at random.cpp:"));
  CHECK(uniform({2}, -3e38, 3e38, {.dtype = DType::float64}).numel() == 2);
  CHECK_THROWS_WITH(normal({2}, std::nan(""), 1), Contains("normal: mean and std must be finite"));
  CHECK_THROWS_WITH(uniform({4}, 1e39, 1.0000001e39), Contains("uniform: a float32 must hold the range"));
  CHECK_THROWS_WITH(normal({4}, 1e39, 1),
                    Contains("normal: a float32 must hold mean and std, but they are 1e+39 and 1"));
  CHECK_THROWS_WITH(normal({4}, 0, 1e39), Contains("normal: a float32 must hold mean and std"));
}

TEST_CASE("the state of all random numbers is kept and put back", "[random]") {
  manual_seed(3);
  normal({5});
  const RandomState state = random_state();
  CHECK(state.seed == 3);
  REQUIRE(state.generators.size() == 1);
  CHECK(state.generators[0].stream == 0);
  CHECK(state.generators[0].position > 0);
  const std::vector<double> expected = normal({7}).to_vector();
  manual_seed(99);
  normal({2});
  Generator& held = default_generator();
  set_random_state(state);
  CHECK(normal({7}, TensorOptions(), held).to_vector() == expected);
  set_random_state(state);
  CHECK(normal({7}).to_vector() == expected);
  // A generator of one's own.
  Generator own(8, 2);
  uniform({3}, TensorOptions(), own);
  Generator copy = generator_at(state_of(own));
  CHECK(uniform({4}, TensorOptions(), copy).to_vector() == uniform({4}, TensorOptions(), own).to_vector());
}

TEST_CASE("threads go on from the streams that a random state has", "[random]") {
  manual_seed(3);
  std::vector<double> worker_next, late;
  RandomState state;
  {
    std::atomic<int> stage{0};
    std::thread worker([&] {
      uniform({3});  // stream 1
      stage = 1;
      while (stage != 2) std::this_thread::yield();
      worker_next = uniform({4}).to_vector();
    });
    while (stage != 1) std::this_thread::yield();
    std::thread([&] { uniform({1}); }).join();  // stream 2, which ends
    state = random_state();
    std::thread([&] { late = uniform({2}).to_vector(); }).join();  // stream 3
    stage = 2;
    worker.join();
  }
  REQUIRE(state.generators.size() == 2);  // the thread of stream 2 has ended
  CHECK(state.generators[0].position == 0);
  CHECK(state.generators[1].stream == 1);
  CHECK(state.next_stream == 3);

  manual_seed(4);
  set_random_state(state);
  CHECK(random_state().generators.size() == 2);  // that of stream 1 waits
  std::vector<double> first, second;
  std::thread([&] { first = uniform({4}).to_vector(); }).join();
  std::thread([&] { second = uniform({2}).to_vector(); }).join();
  CHECK(first == worker_next);
  CHECK(second == late);
}

TEST_CASE("the child of a fork has the generator of the thread that forked, and no others", "[random][fork]") {
#ifdef __SANITIZE_THREAD__
  return;  // its runtime starts no threads after a fork
#endif
  manual_seed(6);
  std::atomic<int> stage{0};
  int status = -1;
  std::thread worker([&] {
    uniform({1});  // stream 1
    stage = 1;
    while (stage != 2) std::this_thread::yield();
  });
  while (stage != 1) std::this_thread::yield();
  const float next = first_of(Generator(6));
  const pid_t child = fork();
  if (child == 0) {
    alarm(300);  // a machine may be busy
    bool holds = uniform({1}).item<float>() == next;
    const std::vector<GeneratorState> generators = random_state().generators;
    holds = holds && generators.size() == 1 && generators[0].stream == 0;
    _exit(holds ? 0 : 1);
  }
  waitpid(child, &status, 0);
  stage = 2;
  worker.join();
  CHECK(status == 0);
  CHECK(random_state().generators.size() == 1);
  CHECK(uniform({1}).item<float>() == next);
}

TEST_CASE("impossible random states are refused", "[random]") {
  manual_seed(3);
  const double next = uniform({1}).item();
  manual_seed(3);
  CHECK_THROWS_AS(set_random_state({.seed = 1, .next_stream = 0}), std::invalid_argument);
  CHECK_THROWS_WITH(set_random_state({.seed = 1, .next_stream = 2, .generators = {{1, 2, 0}}}),
                    Contains("must have a stream below next_stream, 2, but one has 2."));
  CHECK_THROWS_WITH(set_random_state({.seed = 1, .next_stream = 2, .generators = {{1, 1, 0}, {1, 1, 5}}}),
                    Contains("but two have 1."));
  CHECK(uniform({1}).item() == next);
}
