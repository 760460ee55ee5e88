#include "cases.hpp"

namespace conformance {

void run_case(const Value& one_case, const Archive& archive) {
  const std::string& kind = one_case["kind"].text();
  if (kind == "op") return run_op(one_case, archive);
  if (kind == "module") return run_module(one_case, archive);
  if (kind == "optimizer") return run_optimizer(one_case, archive);
  if (kind == "init" || kind == "gain" || kind == "default_init") return run_initializer(one_case, archive);
  if (kind == "scheduler") return run_scheduler(one_case, archive);
  throw Unsupported("the runner knows no cases of kind " + kind);
}

}  // namespace conformance
