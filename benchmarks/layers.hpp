// Layers of networks and their gradients, as workloads: what each contender answers Contender::layer() with.
#pragma once

#include "contender.hpp"

namespace bench {

Task xgrad_layer(Layer layer);
Task torch_layer(Layer layer);
/// The matrix products of a convolution; nothing for other layers.
Task limit_of_layer(Layer layer);

}  // namespace bench
