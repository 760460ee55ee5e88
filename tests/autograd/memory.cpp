#include <xgrad/autograd/memory.hpp>

#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstring>
#include <fstream>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <xgrad/autograd/base/allocator.hpp>
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/map.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/tensor_impl.hpp>
#include <xgrad/autograd/threads.hpp>
#include "../support.hpp"

using namespace xgrad;
using Catch::Matchers::Contains;

namespace {

#if defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true, kForks = false;  // its runtime starts no threads after a fork
#elif defined(__SANITIZE_ADDRESS__)
constexpr bool kSanitized = true, kForks = true;  // takes terabytes of addresses, and malloc's memory
#else
constexpr bool kSanitized = false, kForks = true;
#endif

/// Runs f in a child of this process; whether it returned true.
template <class F>
bool holds_in_child(F f) {
  pid_t child = fork();
  if (child == 0) {
    alarm(300);  // a machine may be busy
    bool holds = false;
    try {
      holds = f();
    } catch (const std::exception& error) {
      static_cast<void>(!write(2, error.what(), std::strlen(error.what())));
    }
    _exit(holds ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  return status == 0;
}

/// Bytes of this process's memory that are there.
std::int64_t resident() {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  file >> pages >> pages;
  return pages * 4096;
}

/// Bytes of addresses that this process may take from here on.
void limit_addresses(std::int64_t more) {
  std::ifstream file("/proc/self/statm");
  std::int64_t pages = 0;
  file >> pages;
  rlimit limit{static_cast<rlim_t>(pages * 4096 + more), RLIM_INFINITY};
  setrlimit(RLIMIT_AS, &limit);
}

}  // namespace

TEST_CASE("live bytes and the peak follow tensors", "[memory]") {
  memory::reset_peak();
  memory::Stats before = memory::stats();
  {
    Tensor a = zeros({1000, 1000});
    CHECK(memory::stats().bytes_live - before.bytes_live == 4'000'000);
    CHECK(memory::stats().storages - before.storages == 1);
    Tensor view = transpose(a);
    CHECK(memory::stats().storages - before.storages == 1);
  }
  memory::Stats after = memory::stats();
  CHECK(after.bytes_live == before.bytes_live);
  CHECK(after.bytes_peak - before.bytes_live >= 4'000'000);
  memory::reset_peak();
  CHECK(memory::stats().bytes_peak == memory::stats().bytes_live);
}

TEST_CASE("freed blocks are reused", "[memory]") {
  auto step = [] {
    Tensor x = ones({300, 70}).set_requires_grad();
    sum(tanh(x * 2) + x).backward();
  };
  step();
  std::int64_t before = memory::stats().system_allocations;
  for (int i = 0; i < 10; ++i) step();
  CHECK(memory::stats().system_allocations == before);
}

TEST_CASE("cached blocks can be given back", "[memory]") {
  { Tensor big = zeros({1 << 20}); }
  std::int64_t before = memory::stats().bytes_cached;
  memory::release_cached();
  CHECK(before - memory::stats().bytes_cached >= 4 << 20);
}

TEST_CASE("a tensor may be freed by another thread than made it", "[memory][threads]") {
  memory::Stats before = memory::stats();
  for (int round = 0; round < 20; ++round) {
    Tensor x = ones({1000}).set_requires_grad();
    Tensor y = exp(x);
    std::thread([moved = std::move(y)]() mutable { moved = Tensor(); }).join();
  }
  memory::Stats after = memory::stats();
  CHECK(after.storages == before.storages);
  CHECK(after.nodes == before.nodes);
  CHECK(after.bytes_live == before.bytes_live);
}

TEST_CASE("blocks of every size are aligned and large enough", "[memory]") {
  for (std::size_t bytes : {0ul, 1ul, 64ul, 65ul, 1024ul, 1025ul, 1152ul, 1153ul, 65536ul, 65537ul, 3000000ul}) {
    auto* block = static_cast<unsigned char*>(internal::allocate_block(bytes));
    CHECK(reinterpret_cast<std::uintptr_t>(block) % internal::kBlockAlignment == 0);
    std::fill_n(block, bytes, 0xAB);
    internal::free_block(block, bytes);
  }
}

TEST_CASE("asking for more memory than there is throws and leaves nothing behind", "[memory]") {
  memory::Stats before = memory::stats();
  CHECK_THROWS_AS(zeros({std::int64_t(1) << 40, 1 << 10}), std::bad_alloc);
  CHECK(memory::stats().bytes_live == before.bytes_live);
}

TEST_CASE("what is cached is bounded by what was in use at the peak", "[memory]") {
  for (int i = 0; i < 2000; ++i) zeros({1 << 18});  // until the peaks of other tests are long gone
  memory::release_cached();
  memory::reset_peak();
  const std::int64_t before = memory::stats().bytes_cached;
  constexpr std::int64_t kRounding = 8 << 20;  // blocks are up to an eighth larger, and a few megabytes are always kept
  for (std::int64_t n = 1 << 20; n < 1 << 24; n += n / 5) {
    { Tensor one = zeros({n}); }
    memory::Stats stats = memory::stats();
    CHECK(stats.bytes_cached - before <= stats.bytes_peak * 9 / 8 + kRounding);
  }
}

TEST_CASE("a loop over tensors of two sizes, one after the other, finds its blocks again", "[memory]") {
  auto step = [] {
    for (std::int64_t n : {1 << 20, 3 << 18}) {
      std::vector<Tensor> tensors;
      for (int i = 0; i < 8; ++i) tensors.push_back(zeros({n}));
    }
  };
  for (int i = 0; i < 100; ++i) step();  // until the peaks of other tests are long gone
  std::int64_t before = memory::stats().system_allocations;
  for (int i = 0; i < 50; ++i) step();
  CHECK(memory::stats().system_allocations == before);
}

TEST_CASE("memory that is cached is there for a tensor of another size, and for other code", "[memory]") {
  if (kSanitized) return;
  memory::release_cached();
  auto grows = [] {
    set_num_threads(1);
    limit_addresses(std::int64_t{3} << 26);  // 201 MB
    for (std::int64_t bytes = 1 << 22; bytes < std::int64_t{5} << 25; bytes += bytes / 6) zeros({bytes / 4});
    // 139 MB at last, in a block of 144.
    std::unique_ptr<char[]> other(new (std::nothrow) char[1 << 24]);
    return other != nullptr && memory::stats().bytes_live == 0;
  };
  CHECK(holds_in_child(grows));
}

TEST_CASE("a lack of memory names the operation and the line, for small blocks too", "[memory]") {
  Tensor x = ones({4}).set_requires_grad();
  int line = 0;
  std::vector<std::string> messages;
  for (int granted = 0;; ++granted) {
    internal::BlocksRefused scope(granted);
    try {
      line = __LINE__ + 1;
      Tensor y = exp(x);
      break;
    } catch (const std::bad_alloc& error) {
      CHECK(internal::BlocksRefused::any());
      messages.push_back(error.what());
    }
  }
  REQUIRE(messages.size() >= 3);  // elements, handle, node
  for (std::size_t i = 0; i < 3; ++i)
    CHECK_THAT(messages[i], Contains("exp: there must be memory for ") && Contains(" bytes more; ") &&
                                Contains(testing::place(line)));
  for (const std::string& message : messages) CHECK_THAT(message, Contains(": there must be memory for "));
}

TEST_CASE("a lack of memory names the operation for values in between, for views and in rules", "[memory]") {
  Tensor m = reshape(arange(24.0) / 24.0, {4, 6});
  m.set_requires_grad();
  using Operation = Tensor (*)(const Tensor& m);
  const Operation operations[] = {
      [](const Tensor& m) {
        return matmul(expand(m[slice(0, 1)], {4, 6}), transpose(m));
      },
      [](const Tensor& m) { return sum(m, 0) + mean(m, 0) + prod(m, 0) + amax(m, 0); },
      [](const Tensor& m) {
        return map([](auto a, auto b) { return a * b; }, m, permute(m, {0, 1}));
      },
  };
  int number = 0;
  for (Operation operation : operations) {
    INFO("operation " << number++);
    for (int granted = 0;; ++granted) {
      bool complete = false;
      std::string message;
      {
        internal::BlocksRefused scope(granted);
        try {
          sum(operation(m)).backward();
          complete = true;
        } catch (const std::bad_alloc& error) {
          message = error.what();
        }
      }
      CHECK_FALSE((!complete && message.starts_with("memory:")));
      if (complete) break;
    }
  }
}

TEST_CASE("each block that is refused to a training step leaves nothing behind, and the next step is right",
          "[memory]") {
  Tensor w = ones({3, 4}).set_requires_grad();
  auto loss = [&] { return sum(tanh(w * 2) + w); };
  grad(loss(), w);
  const Tensor right = grad(loss(), w);
  const memory::Stats before = memory::stats();
  for (int granted = 0;; ++granted) {
    bool complete = false;
    {
      internal::BlocksRefused scope(granted);
      try {
        Tensor g = grad(loss(), w);
        complete = true;
      } catch (const std::bad_alloc&) {
      }
    }
    CHECK(memory::stats().storages == before.storages);
    CHECK(memory::stats().nodes == before.nodes);
    CHECK(memory::stats().bytes_live == before.bytes_live);
    Tensor again = grad(loss(), w);
    CHECK(std::memcmp(again.data<float>(), right.data<float>(), 12 * sizeof(float)) == 0);
    if (complete) break;
  }
}

TEST_CASE("a thread that begins and ends without memory leaves no trace", "[memory][threads]") {
  std::thread([] {
    internal::BlocksRefused scope(0);
    CHECK_THROWS_AS(zeros({4}), std::bad_alloc);
  }).join();
  Tensor made = zeros({1000});
  std::thread([&] {  // a thread whose first act is to drop a tensor
    internal::BlocksRefused scope(0);
    made = Tensor();
  })
      .join();
}

TEST_CASE("tensors that live until their thread has ended are freed", "[memory][threads]") {
  const memory::Stats before = memory::stats();
  std::thread([] {
    static thread_local std::vector<Tensor> kept;
    kept.push_back(exp(ones({1000}).set_requires_grad()));
    kept.push_back(zeros({1 << 20}));
  }).join();
  memory::Stats after = memory::stats();
  CHECK(after.storages == before.storages);
  CHECK(after.nodes == before.nodes);
  CHECK(after.bytes_live == before.bytes_live);
}

TEST_CASE("the child of a fork allocates, whatever the other threads were doing", "[memory][fork]") {
  if (!kForks) return;
  std::atomic<bool> stop{false};
  std::vector<std::thread> others;
  for (int i = 0; i < 2; ++i)
    others.emplace_back([&] {
      while (!stop) {
        Tensor large = zeros({100'000});
        std::vector<Tensor> small;
        for (int k = 0; k < 500; ++k) small.push_back(zeros({k}));
      }
    });
  int failed = 0;
  for (int round = 0; round < 50; ++round)
    failed += !holds_in_child([] {
      std::thread([] { zeros({300'000}); }).join();
      Tensor x = ones({200'000}).set_requires_grad();
      sum(exp(x)).backward();
      return x.grad().defined() && memory::stats().bytes_live > 0;
    });
  stop = true;
  for (std::thread& other : others) other.join();
  CHECK(failed == 0);
}

TEST_CASE("a thread that only drops what another one makes keeps nearly nothing", "[memory][threads]") {
  memory::release_cached();
  const std::int64_t before = memory::stats().bytes_cached;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<Tensor> handed;
  std::int64_t most = 0;
  std::thread consumer([&] {
    for (int i = 0; i < 3000; ++i) {
      std::unique_lock lock(mutex);
      changed.wait(lock, [&] { return !handed.empty(); });
      handed.clear();
      changed.notify_one();
    }
  });
  for (int i = 0; i < 3000; ++i) {
    Tensor made = zeros({16 + 97 * (i % 500)});  // of 40 sizes
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return handed.empty(); });
    handed.push_back(std::move(made));
    changed.notify_one();
    if (i % 100 == 0) most = std::max(most, memory::stats().bytes_cached);
  }
  consumer.join();
  CHECK(most - before < 8 << 20);
}

TEST_CASE("what a large graph took goes back to the system", "[memory]") {
  memory::release_cached();
  const std::int64_t before = memory::stats().bytes_cached, resident_before = resident();
  {
    Tensor x = ones({4}).set_requires_grad(), y = x;
    for (int i = 0; i < 200'000; ++i) y = y + x;
    CHECK(memory::stats().bytes_in_use > memory::stats().bytes_live + 200'000 * 128);
  }
  memory::release_cached();
  CHECK(memory::stats().bytes_cached - before < 2 << 20);
  if (!kSanitized) CHECK(resident() - resident_before < 16 << 20);
}

TEST_CASE("a view of more elements than can be counted leaves no handle behind", "[memory]") {
  Tensor x = ones({1});
  const std::int64_t before = memory::stats().bytes_in_use;
  constexpr std::int64_t kMany = std::int64_t{1} << 40;
  CHECK_THROWS(internal::new_view(x, Shape{kMany, kMany}, x.strides(), internal::data_of<void>(x)));
  CHECK(memory::stats().bytes_in_use == before);
}
