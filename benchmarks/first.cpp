// What the first steps of a process cost: bench_first gradient | step
//
//   gradient  the gradient of sum(x x) for four numbers
//   step      a training step of a perceptron 784-1024-1024-1024-10 on 256 rows, the first and the median of
//             later ones, beside a memset of as many fresh bytes as the first took from the system
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include <sys/mman.h>
#include <sys/resource.h>

#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/autograd/threads.hpp>
#include <xgrad/nn/nn.hpp>
#include <xgrad/optim/optim.hpp>

namespace {

using namespace xgrad;

double milliseconds_of(auto&& work) {
  auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

int first_gradient() {
  Tensor x = full({4}, 0.5, {.requires_grad = true});
  sum(x * x).backward();
  return x.grad()[3].item() == 1 ? 0 : 1;
}

long peak_kilobytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss;
}

int first_step() {
  set_num_threads(1);
  nn::Sequential model(nn::Dense(784, 1024), nn::ReLU(), nn::Dense(1024, 1024), nn::ReLU(), nn::Dense(1024, 1024),
                       nn::ReLU(), nn::Dense(1024, 10));
  Tensor x = uniform({256, 784}), y = randint(0, 10, {256});
  optim::Adam adam(model.parameters(), {.lr = 1e-7});
  auto step = [&] {
    Tensor loss = cross_entropy(model(x), y);
    adam.zero_grad();
    loss.backward();
    adam.step();
  };
  long before = peak_kilobytes();
  double first = milliseconds_of(step);
  std::size_t fresh = static_cast<std::size_t>(peak_kilobytes() - before) * 1024;
  std::vector<double> later;
  for (int i = 0; i < 7; ++i) later.push_back(milliseconds_of(step));
  std::sort(later.begin(), later.end());
  double set = milliseconds_of([&] {
    void* block = mmap(nullptr, fresh, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(block, 1, fresh);
  });
  double warm = later[later.size() / 2];
  std::printf("first %.1f ms, warm %.1f ms, memset of %zu MB %.1f ms: (first - warm) / memset = %.2f\n", first, warm,
              fresh >> 20, set, (first - warm) / set);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  std::string mode = argc == 2 ? argv[1] : "";
  if (mode == "gradient") return first_gradient();
  if (mode == "step") return first_step();
  std::fputs("usage: bench_first gradient | step\n", stderr);
  return 2;
}
