// Flatten: several axes as one.
#pragma once

#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Flatten makes one axis of the axes `first` to `last`, both included: by default of all but the batch's.
/// Shapes: x [n, c, h, w] -> [n, c h w].
/// Throws: std::out_of_range, when it is called, for axes that x does not have.
class Flatten final : public Module {
 public:
  explicit Flatten(int first = 1, int last = -1) : first_(first), last_(last) {}

  Tensor operator()(const Operand& x) const;

 private:
  int first_;
  int last_;
};

}  // namespace nn
}  // namespace xgrad
