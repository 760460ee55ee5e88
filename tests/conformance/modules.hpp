// The table of layers: PyTorch's class -> how xgrad builds and calls it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <utility>

#include <xgrad/nn/module.hpp>
#include "arguments.hpp"
#include "registry.hpp"

namespace conformance {

/// A layer whose class is forgotten.
struct Layer {
  xgrad::nn::Module module;
  std::function<Outputs(Arguments&)> call;
};

/// Builds a layer from its constructor's arguments, all by name.
using Maker = std::function<Layer(Arguments& init)>;
using Makers = std::map<std::string, Maker>;

/// Of one tensor.
template <class M>
Layer layer(M module) {
  return {module, [module](Arguments& args) { return module(args.tensor(0, "input")); }};
}

/// Builds the layer of this class. Throws Unsupported where xgrad has none.
Layer made_layer(const std::string& name, Arguments& init);

// Each adds the classes of one family.
void add_activation_layers(Makers& makers);
void add_convolution_layers(Makers& makers);
void add_pooling_layers(Makers& makers);
void add_norm_layers(Makers& makers);
void add_shape_layers(Makers& makers);
void add_loss_layers(Makers& makers);
void add_recurrent_layers(Makers& makers);
void add_attention_layers(Makers& makers);

}  // namespace conformance
