#include "sequential.hpp"

#include <vector>

#include "../autograd/base/substitution.hpp"

namespace xgrad XGRAD_API {
namespace nn {

struct Sequential::Layers : internal::RefCounted {
  std::vector<Call> calls;
  static void destroy(Layers* layers) { delete layers; }
};

Layer::Layer(Tensor (*function)(const Operand&), SourceLocation where)
    : add_to_([function, where](Sequential& model) { model.add(function, where); }) {}

Sequential::Sequential() : layers_(internal::Ref<Layers>::adopt(new Layers)) {}
Sequential::Sequential(const Sequential& other)
    : Module(other),
      layers_(internal::share_or_copy(
          other.layers_, [](const Layers&) { return internal::Ref<Layers>::adopt(new Layers); },
          [](Layers& made, const Layers& layers) { made.calls = layers.calls; })) {}
Sequential::Sequential(std::initializer_list<Layer> layers) : Sequential() {
  for (const Layer& layer : layers) layer.add_to_(*this);
}
Sequential::~Sequential() = default;

Sequential& Sequential::add(Tensor (*function)(const Operand&), SourceLocation where) {
  return add<Tensor (*)(const Operand&)>(function, where);
}

int Sequential::size() const { return static_cast<int>(layers_->calls.size()); }

std::string Sequential::next_name() const { return std::to_string(size()); }

Sequential& Sequential::append(Call call) {
  layers_->calls.push_back(std::move(call));
  return *this;
}

void Sequential::refuse_empty(const std::string& name, SourceLocation where) const {
  fail<std::invalid_argument>(where,
                              concat(*this, ": the layer '", name, "' must be callable, but it is an empty function."));
}

Tensor Sequential::operator()(const Operand& x) const {
  return call(x, [&] {
    Tensor y = x.tensor("Sequential");
    for (const Call& layer : layers_->calls) y = layer(y, x.where());
    return y;
  });
}

}  // namespace nn
}  // namespace xgrad
