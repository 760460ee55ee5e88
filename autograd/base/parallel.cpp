#include "parallel.hpp"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "../threads.hpp"

namespace xgrad XGRAD_API {
namespace internal {
namespace {

thread_local bool inside = false;

/// Tells the processor that this is a waiting loop.
inline void relax() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// How long a worker waits for the next loop before it sleeps: that of a training step tends to come within this time,
// and to wake a thread takes 5 to 50 us. By the clock, as a pause takes 20 ns on one machine and 50 on another.
constexpr std::chrono::microseconds kWait{50};
constexpr std::int64_t kPartsEach = 4;  // parts for each thread, so that a thread that was held up can be helped

/// Waits for `done` to be true, for kWait at most.
template <class Done>
void spin_until(const Done& done) {
  constexpr int kPauses = 32;  // between looks at the clock
  const auto start = std::chrono::steady_clock::now();
  do {
    for (int i = 0; i < kPauses; ++i) {
      if (done()) return;
      relax();
    }
  } while (std::chrono::steady_clock::now() - start < kWait);
}

/// While it lives, signals wait, and the threads that are started meanwhile never take one: but for those that tell of
/// a fault of the thread itself, and a profiler's clock.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t blocked;
    sigfillset(&blocked);
    for (int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS, SIGPROF}) sigdelset(&blocked, signal);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

/// The workers, and the one loop they are working on. It lives as long as the process: workers are never joined, so
/// that a loop run by a destructor at exit still finds them. The child of a fork() has none of its parent's threads: it
/// leaves the pool as it was, perhaps in the midst of a loop, and makes another.
class Pool {
 public:
  /// Null where there is no memory for it.
  static Pool* get() {
    static const bool registered = (pthread_atfork(nullptr, nullptr, [] { current.store(nullptr); }), true);
    static_cast<void>(registered);
    Pool* pool = current.load(std::memory_order_acquire);
    if (pool != nullptr) return pool;
    auto* fresh = new (std::nothrow) Pool;
    if (current.compare_exchange_strong(pool, fresh)) return fresh;
    delete fresh;
    return pool;
  }

  /// Returns false, having done nothing, when another thread's loop has the workers, or when there are none.
  bool run(int threads, std::int64_t count, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
    std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock.owns_lock()) return false;
    threads = start_workers(threads);
    if (threads == 1) return false;
    Loop loop{.body = body, .count = count, .threads = threads, .shares = shares_.get()};
    // Parts are smaller than the grain, which is what a thread is woken for, so that the shares are nearly equal.
    std::int64_t even = (count + threads * kPartsEach - 1) / (threads * kPartsEach);
    std::int64_t least = std::max<std::int64_t>(1, grain / kPartsEach);
    loop.part = (even + least - 1) / least * least;
    std::int64_t parts = (count + loop.part - 1) / loop.part;
    for (int i = 0; i < threads; ++i) {
      shares_[i].next.store(parts * i / threads, std::memory_order_relaxed);
      shares_[i].end = parts * (i + 1) / threads;
    }

    loop_ = &loop;
    gate_.store(kOpen, std::memory_order_release);
    round_.fetch_add(1, std::memory_order_release);
    round_.notify_all();
    loop.work(0);
    // A worker that wakes from now on finds the gate shut. Those inside still read `loop`.
    gate_.fetch_and(~kOpen, std::memory_order_relaxed);
    auto all_left = [this] { return gate_.load(std::memory_order_acquire) == 0; };
    spin_until(all_left);
    while (!all_left()) std::this_thread::yield();
    lock.unlock();
    if (loop.error) std::rethrow_exception(loop.error);
    return true;
  }

 private:
  /// Parts of the loop that one thread does first: neighbours, so that a thread meets the same elements again in the
  /// next loop over the same tensor.
  struct alignas(64) Share {
    std::atomic<std::int64_t> next{0};
    std::int64_t end = 0;
  };

  struct Loop {
    FunctionRef<void(std::int64_t, std::int64_t)> body;
    std::int64_t count;
    std::int64_t part = 0;
    int threads;
    Share* shares;
    std::atomic<bool> failed{false};
    std::mutex error_mutex{};
    std::exception_ptr error{};

    /// Does the parts of this thread's own share, then what is left of the others'.
    void work(int thread) {
      inside = true;
      for (int i = 0; i < threads; ++i) {
        Share& share = shares[(thread + i) % threads];
        while (true) {
          std::int64_t at = share.next.fetch_add(1, std::memory_order_relaxed);
          if (at >= share.end) break;
          if (!failed.load(std::memory_order_relaxed)) run_part(at);
        }
      }
      inside = false;
    }

    void run_part(std::int64_t at) {
      try {
        body(at * part, std::min(count, (at + 1) * part));
      } catch (...) {
        std::lock_guard lock(error_mutex);
        if (!error) error = std::current_exception();
        failed.store(true, std::memory_order_relaxed);
      }
    }
  };

  /// Starts what is missing. Returns how many threads there are, the caller's included: fewer than wanted, 1 at the
  /// least, when the system has no more threads or no memory for them.
  int start_workers(int wanted) {
    if (workers_ + 1 >= wanted) return wanted;  // nearly always; to block signals would cost more than a short loop
    try {
      if (wanted > capacity_) {
        shares_ = std::make_unique<Share[]>(wanted);
        capacity_ = wanted;
      }
      SignalsBlocked blocked;
      for (; workers_ + 1 < wanted; ++workers_)
        std::thread([this, thread = workers_ + 1, seen = round_.load(std::memory_order_relaxed)] {
          serve(thread, seen);
        }).detach();
    } catch (const std::system_error&) {
    } catch (const std::bad_alloc&) {
    }
    return std::min({wanted, workers_ + 1, std::max(1, capacity_)});
  }

  /// A worker's life.
  void serve(int thread, std::uint32_t seen) {
    while (true) {
      spin_until([&] { return round_.load(std::memory_order_relaxed) != seen; });
      round_.wait(seen, std::memory_order_relaxed);
      seen = round_.load(std::memory_order_relaxed);
      if (!enter()) continue;
      if (thread < loop_->threads) loop_->work(thread);
      gate_.fetch_sub(1, std::memory_order_release);
    }
  }

  bool enter() {
    std::uint32_t state = gate_.load(std::memory_order_relaxed);
    while ((state & kOpen) != 0)
      if (gate_.compare_exchange_weak(state, state + 1, std::memory_order_acquire, std::memory_order_relaxed))
        return true;
    return false;
  }

  static constexpr std::uint32_t kOpen = std::uint32_t{1} << 31;

  static inline std::atomic<Pool*> current{nullptr};

  std::mutex mutex_;  // held while a loop runs
  std::unique_ptr<Share[]> shares_;
  int capacity_ = 0;
  int workers_ = 0;
  Loop* loop_ = nullptr;                 // valid for those who entered the gate
  std::atomic<std::uint32_t> gate_{0};   // kOpen, and how many workers are inside
  std::atomic<std::uint32_t> round_{0};  // counts loops: what workers wait for
};

}  // namespace

OneThread::OneThread() : was_inside_(std::exchange(inside, true)) {}
OneThread::~OneThread() { inside = was_inside_; }

void parallel_for(std::int64_t count, std::int64_t grain, FunctionRef<void(std::int64_t, std::int64_t)> body) {
  if (count <= 0) return;
  grain = std::max<std::int64_t>(grain, 1);
  if (count >= 2 * grain && !inside) {
    int threads = static_cast<int>(std::min<std::int64_t>(num_threads(), count / grain));
    Pool* pool = threads > 1 ? Pool::get() : nullptr;
    if (pool != nullptr && pool->run(threads, count, grain, body)) return;
  }
  body(0, count);
}

}  // namespace internal
}  // namespace xgrad
