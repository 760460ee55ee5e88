#include "threads.hpp"

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <thread>

#include "base/cores.hpp"

namespace xgrad XGRAD_API {
namespace {

int default_num_threads() {
  if (const char* text = std::getenv("OMP_NUM_THREADS"))
    if (int count = internal::first_thread_count(text); count >= 1) return count;
  int cores = std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  int quota = internal::cores_of_quota();
  return quota >= 1 ? std::min(cores, quota) : cores;
}

std::atomic<int>& thread_count() {
  static std::atomic<int> count{default_num_threads()};
  return count;
}

// Before there is a second thread, which might be at it while another one calls fork(): the child would wait for ever.
[[maybe_unused]] const int kAtLoad = thread_count();

}  // namespace

int num_threads() { return thread_count().load(std::memory_order_relaxed); }

void set_num_threads(int count, SourceLocation where) {
  check(count >= 1, where, "set_num_threads: count must be at least 1, but it is ", count, ".");
  thread_count().store(count, std::memory_order_relaxed);
}

}  // namespace xgrad
