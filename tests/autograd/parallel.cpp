#include <xgrad/autograd/base/parallel.hpp>

#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <xgrad/autograd/base/cores.hpp>
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
    for (std::int64_t i = begin; i < end; ++i) {
      auto outer = std::this_thread::get_id();
      parallel_for(64, 1, [&, i](std::int64_t from, std::int64_t to) {
        if (std::this_thread::get_id() != outer) ++moved;
        for (std::int64_t j = from; j < to; ++j) ++visited[i * 64 + j];
      });
    }
  });
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
    parallel_for(1000, 1, count_parts);
  }
  CHECK(parts == 2);  // each loop whole
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
        "set_num_threads: count must be at least 1, but it is 0. at " + testing::place(line));
  CHECK(num_threads() == 3);
}

TEST_CASE("workers take no signals but those of their own faults", "[parallel]") {
  Threads scope(3);
  const std::thread::id caller = std::this_thread::get_id();
  std::atomic<int> workers{0}, wrong{0};
  for (int round = 0; round < 200 && workers == 0; ++round)
    parallel_for(1000, 1, [&](std::int64_t, std::int64_t) {
      std::this_thread::sleep_for(std::chrono::microseconds(10));  // so that a worker comes to do a part
      if (std::this_thread::get_id() == caller) return;
      ++workers;
      sigset_t blocked;
      pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
      for (int signal : {SIGINT, SIGTERM, SIGALRM, SIGCHLD, SIGUSR1, SIGHUP})
        if (sigismember(&blocked, signal) == 0) ++wrong;
      for (int signal : {SIGSEGV, SIGFPE, SIGBUS, SIGILL})
        if (sigismember(&blocked, signal) != 0) ++wrong;
    });
  CHECK(workers > 0);
  CHECK(wrong == 0);
  sigset_t blocked;
  pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
  CHECK(sigismember(&blocked, SIGINT) == 0);  // the caller's are as they were
}

TEST_CASE("the child of a fork has workers of its own, even where another thread's loop had them", "[parallel][fork]") {
#ifdef __SANITIZE_THREAD__
  return;  // its runtime starts no threads after a fork
#endif
  Threads scope(3);
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) visits(2000, 1);
  });
  int failed = 0;
  for (int round = 0; round < 20; ++round) {
    pid_t child = fork();
    if (child == 0) {
      alarm(300);  // a machine may be busy
      const std::thread::id caller = std::this_thread::get_id();
      std::atomic<int> workers{0};
      for (int i = 0; i < 1000 && workers == 0; ++i)
        parallel_for(1000, 1, [&](std::int64_t, std::int64_t) {
          std::this_thread::sleep_for(std::chrono::microseconds(10));
          if (std::this_thread::get_id() != caller) ++workers;
        });
      _exit(workers > 0 && visits(1000, 1) == std::vector<int>(1000, 1) ? 0 : 1);
    }
    int status = 0;
    waitpid(child, &status, 0);
    failed += status != 0;
  }
  stop = true;
  other.join();
  CHECK(failed == 0);
}

TEST_CASE("a number of threads is read as OMP_NUM_THREADS has it", "[parallel]") {
  using internal::first_thread_count;
  CHECK(first_thread_count("4") == 4);
  CHECK(first_thread_count("4,2") == 4);
  CHECK(first_thread_count(" 3 , 1") == 3);
  CHECK(first_thread_count("010") == 10);
  for (const char* text : {"", "0", "-2", "x", "4x", "0x4", ",2", "4.5", "99999999999999999999"})
    CHECK(first_thread_count(text) == 0);
  CHECK(first_thread_count("1000000") == 1024);
}

TEST_CASE("a quota of the control group counts in cores", "[parallel]") {
  using internal::cores_of_quota;
  CHECK(cores_of_quota("200000 100000") == 2);
  CHECK(cores_of_quota("150000 100000") == 2);
  CHECK(cores_of_quota("50000 100000") == 1);
  for (const char* text : {"max 100000", "", "-1 100000", "100000", "100000 0", "a b"})
    CHECK(cores_of_quota(text) == 0);
  CHECK(internal::cores_of_quota() >= 0);
}
