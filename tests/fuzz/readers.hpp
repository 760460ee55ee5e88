// One run of a reader on bytes that may be anything: what a fuzzer calls.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace xgrad::testing {

/// What came of a run.
struct Outcome {
  bool was_read = false;        // else it was refused
  std::int64_t most_bytes = 0;  // that were in use at once, beyond what was before
};

/// The readers by name: "safetensors", "npy", "npz", "checkpoint". False for another name.
bool is_reader(std::string_view reader);

/// Has the reader read a file of these bytes. Ends the process where it throws something else than FileError, or takes
/// more memory than it may: 8 times the file's size, 1,100 times where something in it is deflated.
Outcome read_bytes(std::string_view reader, const void* bytes, std::size_t count);

}  // namespace xgrad::testing
