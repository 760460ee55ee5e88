// An optimizer by PyTorch's name and options.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <xgrad/optim/optimizer.hpp>
#include "archive.hpp"
#include "value.hpp"

namespace conformance {

/// Parameters with the options that they have on top of the common ones.
struct OptimizerGroup {
  std::vector<xgrad::Tensor> parameters;
  Value keywords;
};

/// Throws Unsupported for an optimizer or an option that xgrad does not have.
std::unique_ptr<xgrad::optim::Optimizer> make_optimizer(const std::string& name, const Value& keywords,
                                                        const std::vector<OptimizerGroup>& groups,
                                                        const Archive& archive);

}  // namespace conformance
