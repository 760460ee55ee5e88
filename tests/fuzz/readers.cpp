#include "readers.hpp"

#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include <xgrad/autograd/memory.hpp>
#include <xgrad/io/checkpoint.hpp>
#include <xgrad/io/npy.hpp>
#include <xgrad/io/safetensors.hpp>

namespace {

// What the C++ library gives out, and together with the tensors. The readers run on one thread here.
std::int64_t bytes_live = 0, bytes_peak = 0, bytes_largest = 0;
bool is_counting = false;

void note_peak() {
  if (is_counting) bytes_peak = std::max(bytes_peak, bytes_live + xgrad::memory::stats().bytes_live);
}

void* counted(std::size_t bytes) {
  void* block = std::malloc(bytes == 0 ? 1 : bytes);
  if (block == nullptr) throw std::bad_alloc();
  bytes_live += static_cast<std::int64_t>(malloc_usable_size(block));
  note_peak();
  bytes_largest = std::max(bytes_largest, static_cast<std::int64_t>(bytes));
  return block;
}

void uncounted(void* block) {
  note_peak();
  if (block != nullptr) bytes_live -= static_cast<std::int64_t>(malloc_usable_size(block));
  std::free(block);
}

}  // namespace

void* operator new(std::size_t bytes) { return counted(bytes); }
void* operator new[](std::size_t bytes) { return counted(bytes); }
void operator delete(void* block) noexcept { uncounted(block); }
void operator delete[](void* block) noexcept { uncounted(block); }
void operator delete(void* block, std::size_t) noexcept { uncounted(block); }
void operator delete[](void* block, std::size_t) noexcept { uncounted(block); }

namespace xgrad::testing {
namespace {

// Beside what grows with the file: messages, and the parser's own state.
constexpr std::int64_t kSlack = 24 << 10;

[[noreturn]] void end(std::string_view reader, const void* bytes, std::size_t count, const std::string& problem) {
  const std::string path = "fuzz-" + std::string(reader) + ".bin";
  if (std::FILE* file = std::fopen(path.c_str(), "wb")) {
    std::fwrite(bytes, 1, count, file);
    std::fclose(file);
  }
  std::fprintf(stderr, "%.*s: %s (the file is in %s)\n", static_cast<int>(reader.size()), reader.data(),
               problem.c_str(), path.c_str());
  std::abort();
}

/// Whether a member of an archive says that it is deflated.
bool has_deflated(std::string_view bytes) {
  constexpr std::string_view kHeader = "PK\x03\x04";
  for (std::size_t at = bytes.find(kHeader); at != bytes.npos; at = bytes.find(kHeader, at + 1))
    if (bytes.size() - at > 8 && bytes[at + 8] == 8) return true;
  return false;
}

void read(std::string_view reader, const std::string& path) {
  if (reader == "npy") {
    io::read_npy(path);
  } else if (reader == "npz") {
    io::read_npz(path);
  } else if (reader == "safetensors") {
    io::read_safetensors(path);
    io::read_metadata(path);
  } else {
    std::int64_t step = 0;
    double loss = 0;
    std::string text;
    std::vector<double> losses;
    Tensor tensor;
    data::BatchPosition position;
    io::Checkpoint checkpoint;
    checkpoint.add("step", step).add("loss", loss).add("text", text).add("losses", losses).add("tensor", tensor);
    checkpoint.add("position", position);
    try {
      checkpoint.load(path);
    } catch (const std::invalid_argument&) {  // it is one of another run
    }
  }
}

}  // namespace

bool is_reader(std::string_view reader) {
  return reader == "safetensors" || reader == "npy" || reader == "npz" || reader == "checkpoint";
}

Outcome read_bytes(std::string_view reader, const void* bytes, std::size_t count) {
  // A file that is in memory alone, the same one each time.
  static const int descriptor = memfd_create("fuzz", 0);
  static const std::string path = "/proc/self/fd/" + std::to_string(descriptor);
  if (descriptor < 0 || ftruncate(descriptor, 0) != 0 ||
      pwrite(descriptor, bytes, count, 0) != static_cast<ssize_t>(count))
    end(reader, bytes, count, "there is no memory for the file itself");

  memory::reset_peak();
  const std::int64_t tensors_before = memory::stats().bytes_live, before = bytes_live + tensors_before;
  bytes_peak = before;
  bytes_largest = 0;
  is_counting = true;
  Outcome outcome;
  std::string problem;
  try {
    read(reader, path);
    outcome.was_read = true;
  } catch (const io::FileError& error) {
    if (std::strncmp(error.what(), path.c_str(), path.size()) != 0) problem = "the message does not name the file";
  } catch (const std::exception& error) {
    problem = std::string("it throws something else than FileError: ") + error.what();
  }
  note_peak();
  is_counting = false;
  outcome.most_bytes = std::max(memory::stats().bytes_peak - tensors_before, bytes_peak - before);
  const std::int64_t most =
      (has_deflated({static_cast<const char*>(bytes), count}) ? 1100 : 8) * static_cast<std::int64_t>(count) + kSlack;
  if (outcome.most_bytes > most || bytes_largest > most)
    problem = "it takes " + std::to_string(outcome.most_bytes) + " bytes for a file of " + std::to_string(count);
  if (memory::stats().bytes_live != tensors_before) problem = "it leaves tensors behind";
  if (!problem.empty()) end(reader, bytes, count, problem);
  return outcome;
}

}  // namespace xgrad::testing

#ifdef XGRAD_LIBFUZZER
/// libFuzzer's entry. Which reader it is says the environment: XGRAD_FUZZ_READER.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t count) {
  static const char* const reader = std::getenv("XGRAD_FUZZ_READER");
  if (reader == nullptr || !xgrad::testing::is_reader(reader)) {
    std::fprintf(stderr, "XGRAD_FUZZ_READER must be safetensors, npy, npz or checkpoint\n");
    std::exit(2);
  }
  xgrad::testing::read_bytes(reader, bytes, count);
  return 0;
}
#endif
