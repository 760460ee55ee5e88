#include "failing_new.hpp"

#include <cstddef>
#include <cstdlib>
#include <new>

namespace xgrad::testing {
namespace {

thread_local long left = -1;  // how many more are granted; below 0: all
thread_local bool has_failed = false;
thread_local long count = 0;

}  // namespace

FailingNew::FailingNew(long granted) {
  left = granted;
  has_failed = false;
}
FailingNew::~FailingNew() { left = -1; }
bool FailingNew::any() { return has_failed; }
long count_of_new() { return count; }

namespace {

void* granted(std::size_t bytes, std::size_t alignment) {
  ++count;
  if (left == 0) {
    left = -1;
    has_failed = true;
    throw std::bad_alloc();
  }
  if (left > 0) --left;
  if (bytes == 0) bytes = 1;
  void* memory = alignment <= __STDCPP_DEFAULT_NEW_ALIGNMENT__
                     ? std::malloc(bytes)
                     : std::aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace
}  // namespace xgrad::testing

// The other forms of new call these: by the standard library's own definitions, but not by the address sanitizer's, so
// that those which do not throw stand here as well.
void* operator new(std::size_t bytes) { return xgrad::testing::granted(bytes, 0); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return xgrad::testing::granted(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return xgrad::testing::granted(bytes, 0);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
