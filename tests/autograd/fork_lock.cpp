#include <xgrad/autograd/base/fork_lock.hpp>

#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../support.hpp"

using namespace xgrad;

namespace {

/// Whether f() returns true in a child of this process, rather than hanging.
template <class F>
bool holds_in_child(F f) {
  pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(f() ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0;
}

/// 1 if in one of 50 children f() does not return true, while another thread runs `busy` over and over.
template <class Busy, class F>
int failures_beside(Busy busy, F f) {
  std::atomic<bool> stop{false};
  std::thread other([&] {
    while (!stop) busy();
  });
  int failures = 0;
  for (int round = 0; round < 50 && failures == 0; ++round) failures += !holds_in_child(f);
  stop = true;
  other.join();
  return failures;
}

}  // namespace

TEST_CASE("the child of a fork takes over a lock whose holder it does not have", "[fork]") {
  internal::ForkLock lock;
  std::atomic<int> stage{0};
  std::thread other([&] {
    std::lock_guard hold(lock);
    stage = 1;
    while (stage != 2) std::this_thread::yield();
  });
  while (stage != 1) std::this_thread::yield();
  CHECK(holds_in_child([&] {
    { std::lock_guard hold(lock); }
    std::lock_guard hold(lock);
    return true;
  }));
  stage = 2;
  other.join();
  std::lock_guard hold(lock);
}

TEST_CASE("a lock keeps others out", "[fork][threads]") {
  internal::ForkLock lock;
  long count = 0;
  std::vector<std::thread> threads;
  for (int k = 0; k < 3; ++k)
    threads.emplace_back([&] {
      for (int i = 0; i < 20'000; ++i) {
        std::lock_guard hold(lock);
        ++count;
      }
    });
  for (std::thread& thread : threads) thread.join();
  CHECK(count == 60'000);
}

TEST_CASE("the child of a fork reaches leaves and layers that another thread was at", "[fork]") {
#if defined(__SANITIZE_THREAD__)
  WARN("skipped: the thread sanitizer's runtime knows of no thread that a fork has left behind");
#elif defined(__SANITIZE_ADDRESS__)
  WARN("skipped: the address sanitizer's operator new waits in the child for a lock that another thread had");
#else
  Tensor w = ones({50}).set_requires_grad();
  CHECK(failures_beside([&] { sum(w * w).backward(); },
                        [&] {
                          w.zero_grad();
                          sum(w * w).backward();
                          return w.grad().defined();
                        }) == 0);
  nn::Sequential model{nn::Dense(4, 4), nn::ReLU(), nn::Dense(4, 4)};
  const Tensor x = ones({2, 4});
  CHECK(failures_beside([&] { static_cast<void>(model.path().size() + model.named_parameters().size()), model(x); },
                        [&] {
                          for (auto& [name, module] : model.modules()) module.path();
                          return model(x).numel() == 8 && nn::clone(model)(x).numel() == 8;
                        }) == 0);
#endif
}
