// Functions of PyTorch for which an xgrad user writes an expression: these rows test the operators in it, and are counted
// apart. A row goes when its operator arrives; there is none at present.
#include "registry.hpp"

namespace conformance {

void add_composed(Registry&) {}

}  // namespace conformance
