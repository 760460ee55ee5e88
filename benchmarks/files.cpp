// bench_files: reading and loading a safetensors file beside read(2) of the same file into fresh memory, from a warm
// page cache; and npz beside it. Pairs, one after the other; medians of times and of ratios.
//
//   bench_files [megabytes] [pairs] [folder]
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>

using namespace xgrad;

namespace {

constexpr std::int64_t kWidth = 1024;

/// As many square layers as the file is to have of 4 MiB each.
struct Model : nn::Module {
  explicit Model(int layers) {
    for (int i = 0; i < layers; ++i) param(concat("weight", i), zeros({kWidth, kWidth}, {.dtype = DType::float32}));
  }
};

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

/// How long it takes to read the file into memory that the process does not have yet.
double read_plainly(const std::string& path) {
  const double begin = now();
  const int descriptor = open(path.c_str(), O_RDONLY);
  struct stat status {};
  fstat(descriptor, &status);
  const auto size = static_cast<std::size_t>(status.st_size);
  char* memory = static_cast<char*>(std::malloc(size));  // of this size malloc asks the system anew
  for (std::size_t at = 0; at < size;) {
    const ssize_t got = read(descriptor, memory + at, size - at);
    if (got <= 0) std::abort();
    at += static_cast<std::size_t>(got);
  }
  close(descriptor);
  const double time = now() - begin;
  std::free(memory);
  return time;
}

double median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

template <class F>
void compare(const char* what, const std::string& plain, int pairs, const F& run) {
  read_plainly(plain);
  run();
  std::vector<double> ours, theirs, ratios;
  for (int i = 0; i < pairs; ++i) {
    theirs.push_back(read_plainly(plain));
    ours.push_back(run());
    ratios.push_back(ours.back() / theirs.back());
  }
  std::printf("%-44s %8.1f ms   read(2) %8.1f ms   ratio %.2f (%.2f to %.2f)\n", what, 1e3 * median(ours),
              1e3 * median(theirs), median(ratios), *std::min_element(ratios.begin(), ratios.end()),
              *std::max_element(ratios.begin(), ratios.end()));
}

}  // namespace

int main(int argc, char** argv) {
  const int layers = std::max(1, (argc > 1 ? std::atoi(argv[1]) : 400) / 4);
  const int pairs = argc > 2 ? std::atoi(argv[2]) : 11;
  const std::string folder = argc > 3 ? argv[3] : "/tmp", path = folder + "/xgrad_bench_files.safetensors",
                    npz = folder + "/xgrad_bench_files.npz";
  Model model(layers);
  io::save(path, model);
  io::save(npz, model);

  for (int threads : {1, num_threads()}) {
    set_num_threads(threads);
    std::printf("%d MiB, %d thread(s)\n", layers * 4, threads);
    compare("read_safetensors, into fresh memory", path, pairs, [&] {
      memory::release_cached();
      const double begin = now();
      const io::Contents contents = io::read_safetensors(path);
      return now() - begin;
    });
    compare("load into a model that is there", path, pairs, [&] {
      memory::release_cached();
      const double begin = now();
      io::load(path, model);
      return now() - begin;
    });
    compare("read_npz, stored", npz, pairs, [&] {
      memory::release_cached();
      const double begin = now();
      const io::NamedTensors tensors = io::read_npz(npz);
      return now() - begin;
    });
    compare("save, to the disk", path, std::min(pairs, 3), [&] {
      const double begin = now();
      io::save(folder + "/xgrad_bench_files.written.safetensors", model);
      return now() - begin;
    });
  }
  for (const std::string& file : {path, npz, folder + "/xgrad_bench_files.written.safetensors"}) unlink(file.c_str());
}
