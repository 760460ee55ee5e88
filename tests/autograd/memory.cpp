#include <xgrad/autograd/memory.hpp>

#include <thread>

#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/base/allocator.hpp>
#include <xgrad/autograd/ops.hpp>
#include "../catch.hpp"

using namespace xgrad;

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
