#include "undisturbed.hpp"

#include "../../autograd/grad_mode.hpp"
#include "../../autograd/ops.hpp"

namespace xgrad::train::detail {

Undisturbed::Undisturbed(const nn::Module& model) : generator_(default_generator()) {
  NoGrad no_grad;
  for (Tensor& buffer : model.buffers()) buffers_.emplace_back(buffer, copy(buffer));
}

Undisturbed::~Undisturbed() {
  default_generator() = generator_;
  // What a layer made of itself in the meantime (another dtype) is left as it is.
  for (auto& [buffer, before] : buffers_)
    if (buffer.dtype() == before.dtype() && buffer.shape() == before.shape()) buffer.assign(before);
}

std::string name_in(const nn::Module& model, const nn::Module& layer) {
  if (layer.is_same(model)) return layer.class_name();
  const std::string path = layer.path(), start = model.path() + ".";
  return path.rfind(start, 0) == 0 ? path.substr(start.size()) : path;
}

nn::NamedTensors own_parameters(const nn::Module& layer) {
  nn::NamedTensors own = layer.named_parameters();
  std::erase_if(own, [](const auto& entry) { return entry.first.find('.') != std::string::npos; });
  return own;
}

}  // namespace xgrad::train::detail
