#include "launch.hpp"

#include "parallel.hpp"

namespace xgrad XGRAD_API {
namespace internal {

void launch_parts(KernelFunction run, const void* args, std::int64_t count, std::int64_t grain) {
  parallel_for(count, grain, [run, args](std::int64_t begin, std::int64_t end) { run(args, begin, end); });
}

}  // namespace internal
}  // namespace xgrad
