// The one way to start a kernel: a function of plain arguments over a range.
//
//     template <class T>
//     struct Negate {
//       const T* x;
//       T* y;
//       static void run(const Negate& a, std::int64_t begin, std::int64_t end) {
//         for (std::int64_t i = begin; i < end; ++i) a.y[i] = -a.x[i];
//       }
//     };
//     launch(Negate<T>{data_of<T>(x), data_of<T>(y)}, x.numel(), kElementwiseGrain);
//
// The arguments are trivially copyable, and a kernel touches nothing that they do not name: so every effect on elements
// passes through one place with its pointers in sight, where it can be counted, profiled, or kept to be run again. A
// kernel neither allocates nor throws. Plans and flags that its arguments point to live as long as its starter waits.
#pragma once

#include <cstdint>
#include <type_traits>

#include "../config.hpp"

namespace xgrad XGRAD_API {
namespace internal {

/// As many multiplications as are worth a thread.
inline constexpr std::int64_t kProductGrain = 1 << 18;

/// A kernel without the type of its arguments.
using KernelFunction = void (*)(const void* args, std::int64_t begin, std::int64_t end);

/// Calls run(args, begin, end) on parts of [0, count) that together cover it: see launch() below.
void launch_parts(KernelFunction run, const void* args, std::int64_t count, std::int64_t grain);

/// Calls Args::run(args, begin, end) on parts of [0, count) that together cover it, shared out among the threads where
/// each has at least `grain` of it to do. Returns when all are done.
template <class Args>
void launch(const Args& args, std::int64_t count, std::int64_t grain) {
  static_assert(std::is_trivially_copyable_v<Args>, "a kernel's arguments are a plain struct");
  if (count < 2 * grain) {  // for one thread: called by name, so that the compiler sees through it
    if (count > 0) Args::run(args, 0, count);
    return;
  }
  launch_parts([](const void* plain, std::int64_t begin,
                  std::int64_t end) { Args::run(*static_cast<const Args*>(plain), begin, end); },
               &args, count, grain);
}

}  // namespace internal
}  // namespace xgrad
