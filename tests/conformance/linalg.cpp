// Linear algebra.
#include <xgrad/autograd/ops.hpp>
#include "registry.hpp"

namespace conformance {
namespace {

namespace linalg = xgrad::linalg;
using xgrad::Tensor;

int axis(Arguments& args, int position, const char* name, int fallback) {
  return static_cast<int>(args.integer(position, name, fallback));
}

void add_linalg_products(Registry& ops) {
  ops["linalg.multi_dot"] = [](Arguments& args) { return linalg::multi_dot(args.tensors(0, "tensors")); };
  ops["linalg.vecdot"] = [](Arguments& args) {
    return linalg::vecdot(args.tensor(0, "x"), args.tensor(1, "y"), axis(args, kKeyword, "dim", -1));
  };
  ops["linalg.cross"] = [](Arguments& args) {
    return linalg::cross(args.tensor(0, "input"), args.tensor(1, "other"), axis(args, kKeyword, "dim", -1));
  };
}

}  // namespace

void add_linalg(Registry& ops) { add_linalg_products(ops); }

}  // namespace conformance
