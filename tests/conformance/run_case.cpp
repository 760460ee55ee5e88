#include "cases.hpp"

namespace conformance {

Reasons run_case(const Value& one_case, const Archive& archive) {
  const std::string& kind = one_case["kind"].text();
  if (kind == "op") return run_op(one_case, archive);
  if (kind == "module") return run_module(one_case, archive);
  if (kind == "optimizer")
    run_optimizer(one_case, archive);
  else if (kind == "init" || kind == "gain" || kind == "default_init")
    run_initializer(one_case, archive);
  else if (kind == "scheduler")
    run_scheduler(one_case, archive);
  else
    throw Unsupported("the runner knows no cases of kind " + kind);
  return {};
}

}  // namespace conformance
