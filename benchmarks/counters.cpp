// Counts what training asks of the system in its steady state, and compares the peak of its memory with what
// it needs: scripts/bench.sh --counters. Fails when a step allocates, faults a page in, or needs over 1.15 of
// that memory.
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <xgrad/xgrad.hpp>

#include <xgrad/autograd/ops/loss.hpp>
#include <xgrad/nn/layers/dense.hpp>
#include <xgrad/optim/optim.hpp>
#include "contender.hpp"

// Every way to glibc's heap leads through here, from whichever library.
namespace {
std::atomic<std::int64_t> heap_allocations{0};
void count_allocation() { heap_allocations.fetch_add(1, std::memory_order_relaxed); }
}  // namespace

extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void* __libc_memalign(std::size_t, std::size_t);

void* malloc(std::size_t bytes) { return count_allocation(), __libc_malloc(bytes); }
void* calloc(std::size_t count, std::size_t bytes) { return count_allocation(), __libc_calloc(count, bytes); }
void* realloc(void* block, std::size_t bytes) { return count_allocation(), __libc_realloc(block, bytes); }
void* memalign(std::size_t alignment, std::size_t bytes) {
  return count_allocation(), __libc_memalign(alignment, bytes);
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) { return memalign(alignment, bytes); }
int posix_memalign(void** block, std::size_t alignment, std::size_t bytes) {
  *block = memalign(alignment, bytes);
  return *block == nullptr ? ENOMEM : 0;
}
}

namespace bench {
namespace {

using xgrad::Tensor;

std::int64_t page_faults() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt + usage.ru_majflt;
}

bool promises_hold = true;

/// Counts while `step` is repeated, after it has been repeated often enough for every block to be there.
void count(const char* name, int repetitions, const std::function<void()>& step, int operations_in_step) {
  for (int i = 0; i < std::max(repetitions, 30); ++i) step();
  std::int64_t heap = heap_allocations, system = xgrad::memory::stats().system_allocations, faults = page_faults();
  for (int i = 0; i < repetitions; ++i) step();
  faults = page_faults() - faults;
  system = xgrad::memory::stats().system_allocations - system;
  heap = heap_allocations - heap;
  double operations = static_cast<double>(repetitions) * operations_in_step;
  std::printf("| %s | %d | %.3g | %lld | %lld |\n", name, repetitions, static_cast<double>(heap) / operations,
              static_cast<long long>(system), static_cast<long long>(faults));
  promises_hold &= system == 0 && faults == 0;
}

/// Compares the peak of a step, from which all before it is gone, with the bytes it needs.
void compare_peak(const char* name, double needed, const std::function<void()>& step) {
  for (int i = 0; i < 3; ++i) step();
  xgrad::memory::reset_peak();
  step();
  double peak = static_cast<double>(xgrad::memory::stats().bytes_peak);
  std::printf("| %s | %.1f | %.1f | %.3f |\n", name, needed / (1 << 20), peak / (1 << 20), peak / needed);
  promises_hold &= peak <= 1.15 * needed;
}

struct Mlp : xgrad::nn::Module {
  explicit Mlp(const std::vector<std::int64_t>& sizes) {
    for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
      layers.push_back(child("layer" + std::to_string(i), xgrad::nn::Dense(sizes[i], sizes[i + 1])));
  }
  Tensor operator()(Tensor x) const {
    for (std::size_t i = 0; i + 1 < layers.size(); ++i) x = xgrad::relu(layers[i](x));
    return layers.back()(x);
  }
  std::vector<xgrad::nn::Dense> layers;
};

struct Training {
  Training(const std::vector<std::int64_t>& sizes, std::int64_t batch)
      : model(sizes),
        adam(model.parameters(), {.lr = kLearningRate}),
        x(xgrad::from_vector(numbers(batch * sizes.front(), 100), {batch, sizes.front()})),
        y(xgrad::from_vector(labels(batch, sizes.back()))) {}

  void step() {
    Tensor loss = xgrad::nn::cross_entropy(model(x), y);
    adam.zero_grad();
    loss.backward();
    adam.step();
  }

  Mlp model;
  xgrad::optim::Adam adam;
  Tensor x, y;
};

void count_add_chain(int length) {
  Tensor x = xgrad::ones({4}, {.requires_grad = true}), ones = xgrad::ones({4});
  std::string name = "add of 4 floats, in a chain of " + std::to_string(length) + ", both ways";
  auto step = [&] {
    x.zero_grad();
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = y + x;
    y.backward(ones);
  };
  count(name.c_str(), 1000, step, length);
}

void count_training(const std::vector<std::int64_t>& sizes, std::int64_t batch, int repetitions) {
  Training training(sizes, batch);
  std::string name = "training step of an MLP";
  for (std::int64_t number : sizes) (name += ' ') += std::to_string(number);
  (name += ", batch ") += std::to_string(batch);
  count(
      name.c_str(), repetitions, [&] { training.step(); }, 1);
}

void compare_training(const char* name, const std::vector<std::int64_t>& sizes, std::int64_t batch) {
  double parameters = 0, activations = 0;
  for (std::size_t i = 0; i + 1 < sizes.size(); ++i)
    parameters += static_cast<double>((sizes[i] + 1) * sizes[i + 1] * 4);
  // The input, what each relu gave, and the softmax of the last layer: what the rules save.
  for (std::int64_t size : sizes) activations += static_cast<double>(batch * size * 4);
  double labels_bytes = static_cast<double>(batch * 8);
  Training training(sizes, batch);
  // Parameters, gradients, and Adam's two means.
  compare_peak(name, 4 * parameters + activations + labels_bytes, [&] { training.step(); });
}

void compare_chain(int length, std::int64_t size) {
  Tensor x = xgrad::full({size}, 0.5, {.requires_grad = true});
  std::string name = "chain of " + std::to_string(length) + " tanh on " + std::to_string(size) + " floats";
  // x, its gradient, and what each tanh gave.
  double needed = static_cast<double>(size * 4 * (length + 2));
  compare_peak(name.c_str(), needed, [&] {
    x.zero_grad();
    Tensor y = x;
    for (int i = 0; i < length; ++i) y = xgrad::tanh(y);
    xgrad::sum(y).backward();
  });
}

void run() {
  std::printf(
      "What the steady state asks of the system:\n\n"
      "| step | repetitions | heap allocations per operation or step | blocks taken from the system, in all "
      "| "
      "page faults, in all |\n|---|---|---|---|---|\n");
  count_add_chain(100);
  count_training({2, 16, 2}, 1, 1000);
  count_training({64, 32, 10}, 32, 1000);
  count_training({784, 128, 128, 10}, 64, 100);
  count_training({784, 1024, 1024, 1024, 10}, 256, 10);

  std::printf(
      "\nPeak of a step beside what it needs: parameters, gradients, optimizer state, and the values that "
      "the "
      "rules save:\n\n| step | needed MiB | peak MiB | peak / needed |\n|---|---|---|---|\n");
  compare_training("MLP 784-1024-1024-1024-10, batch 256, Adam", {784, 1024, 1024, 1024, 10}, 256);
  compare_training(
      "MLP of 20 hidden layers of 256, batch 2048, Adam",
      [] {
        std::vector<std::int64_t> sizes(22, 256);
        sizes.back() = 10;
        return sizes;
      }(),
      2048);
  compare_chain(200, 100'000);
}

}  // namespace
}  // namespace bench

int main() {
  bench::run();
  if (!bench::promises_hold) std::fprintf(stderr, "More than promised: see docs/performance.md\n");
  return bench::promises_hold ? 0 : 1;
}
