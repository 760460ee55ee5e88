// Flatten: several axes as one.
#pragma once

#include "module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// The axes `first` to `last`, both included, as one: by default all but the batch's.
/// x [n, c, h, w] -> [n, c h w].
class Flatten : public Module {
 public:
  explicit Flatten(int first = 1, int last = -1) : first_(first), last_(last) {}

  /// Throws std::out_of_range for axes that x does not have.
  Tensor operator()(const Operand& x) const;

 private:
  int first_;
  int last_;
};

}  // namespace nn
}  // namespace xgrad
