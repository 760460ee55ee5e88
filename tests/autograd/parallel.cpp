#include <xgrad/autograd/base/parallel.hpp>

#include <atomic>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using internal::parallel_for;

namespace {

/// Sets the number of threads for one test.
class Threads {
 public:
  explicit Threads(int count) : before_(num_threads()) { set_num_threads(count); }
  ~Threads() { set_num_threads(before_); }

 private:
  int before_;
};

/// How often each index of [0, count) is visited.
std::vector<int> visits(std::int64_t count, std::int64_t grain) {
  std::vector<int> visited(count, 0);
  parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) ++visited[i];
  });
  return visited;
}

}  // namespace

TEST_CASE("parallel_for visits each index once", "[parallel]") {
  for (int threads : {1, 2, 3, 5}) {
    Threads scope(threads);
    for (std::int64_t count : {1, 2, 7, 64, 1000, 4097})
      for (std::int64_t grain : {1, 3, 64}) CHECK(visits(count, grain) == std::vector<int>(count, 1));
  }
}

TEST_CASE("parallel_for's parts begin at multiples of a quarter of the grain and are no shorter", "[parallel]") {
  Threads scope(3);
  std::atomic<int> wrong{0};
  parallel_for(1000, 16, [&](std::int64_t begin, std::int64_t end) {
    if (begin % 4 != 0 || (end != 1000 && (end - begin) % 4 != 0)) ++wrong;
  });
  CHECK(wrong == 0);
}

TEST_CASE("parallel_for's parts are small enough for equal shares", "[parallel]") {
  Threads scope(2);
  std::atomic<std::int64_t> longest{0};
  parallel_for(100, 33, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t seen = longest; seen < end - begin && !longest.compare_exchange_weak(seen, end - begin);) {
    }
  });
  CHECK(longest <= 16);
}

TEST_CASE("parallel_for does not call its body for nothing", "[parallel]") {
  bool called = false;
  parallel_for(0, 1, [&](std::int64_t, std::int64_t) { called = true; });
  CHECK_FALSE(called);
}

TEST_CASE("parallel_for stays on the calling thread below two grains", "[parallel]") {
  Threads scope(4);
  int calls = 0;
  std::thread::id thread;
  parallel_for(31, 16, [&](std::int64_t, std::int64_t) {
    ++calls;
    thread = std::this_thread::get_id();
  });
  CHECK(calls == 1);
  CHECK(thread == std::this_thread::get_id());
}

TEST_CASE("parallel_for passes exceptions on, and works afterwards", "[parallel]") {
  Threads scope(3);
  auto throws = [](std::int64_t begin, std::int64_t) {
    if (begin >= 500) throw std::runtime_error("from the body");
  };
  CHECK_THROWS_WITH(parallel_for(1000, 1, throws), "from the body");
  CHECK(visits(1000, 1) == std::vector<int>(1000, 1));
}

TEST_CASE("parallel_for inside of parallel_for runs on the calling thread", "[parallel]") {
  Threads scope(3);
  std::vector<int> visited(64 * 64, 0);
  std::atomic<int> moved{0};
  parallel_for(64, 1, [&](std::int64_t begin, std::int64_t end) {
    if (!internal::in_parallel()) ++moved;
    for (std::int64_t i = begin; i < end; ++i) {
      auto outer = std::this_thread::get_id();
      parallel_for(64, 1, [&, i](std::int64_t from, std::int64_t to) {
        if (std::this_thread::get_id() != outer) ++moved;
        for (std::int64_t j = from; j < to; ++j) ++visited[i * 64 + j];
      });
    }
  });
  CHECK_FALSE(internal::in_parallel());
  CHECK(moved == 0);
  CHECK(visited == std::vector<int>(64 * 64, 1));
}

TEST_CASE("OneThread keeps loops on the thread that it lives on", "[parallel]") {
  Threads scope(3);
  int parts = 0;
  auto count_parts = [&](std::int64_t, std::int64_t) { ++parts; };
  {
    internal::OneThread outer;
    {
      internal::OneThread inner;
      parallel_for(1000, 1, count_parts);
    }
    CHECK(internal::in_parallel());
    parallel_for(1000, 1, count_parts);
  }
  CHECK(parts == 2);  // each loop whole
  CHECK_FALSE(internal::in_parallel());
}

TEST_CASE("several threads may call parallel_for at once", "[parallel]") {
  Threads scope(2);
  std::atomic<int> wrong{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller)
    callers.emplace_back([&] {
      for (int round = 0; round < 50; ++round) {
        std::vector<int> visited = visits(500, 2);
        if (std::accumulate(visited.begin(), visited.end(), 0) != 500) ++wrong;
      }
    });
  for (std::thread& caller : callers) caller.join();
  CHECK(wrong == 0);
}

TEST_CASE("set_num_threads keeps its number and refuses none", "[parallel]") {
  Threads scope(3);
  CHECK(num_threads() == 3);
  int line = __LINE__ + 1;
  auto set_none = [] { set_num_threads(0); };
  CHECK(testing::message_of<std::invalid_argument>(set_none) ==
        "set_num_threads: count must be at least 1, but is 0. at " + testing::place(line));
  CHECK(num_threads() == 3);
}
