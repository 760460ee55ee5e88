// Parameter and Buffer: tensors that a module has registered.
#pragma once

#include <utility>

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace nn {

class Module;

/// A tensor that a module learns: what Module::param() returns, and what layers and models hold. It is used as any
/// Tensor is, and copying it names the same tensor, but it cannot be given another one: `model.w = zeros({2})` would
/// leave the registry, and with it the optimizer and the files, at the old tensor, and does not compile.
/// `model.w.assign(...)` writes into the elements.
///
/// Default-constructed it is undefined, as the bias of a layer without one. Moving one Parameter into another copies
/// it; but
/// `Tensor t = std::move(model.w)` takes the tensor out of model.w, as of any Tensor: write `Tensor t = model.w`.
///
/// Example:
///
///     struct Scale : nn::Module {
///       nn::Parameter factor = param("factor", ones({10}));
///       Tensor operator()(const Tensor& x) const { return factor * x; }
///     };
class Parameter : public Tensor {
 public:
  Parameter() = default;
  Parameter(const Parameter&) = default;  // moving is copying: what was moved from stays usable
  Parameter& operator=(const Parameter&) = delete;
  Parameter& operator=(const Tensor&) = delete;  // the module would keep the old tensor: write into it by w.assign(y)
  ~Parameter() = default;

 private:
  friend class Module;
  explicit Parameter(Tensor tensor) : Tensor(std::move(tensor)) {}
};

/// A tensor that is part of a module's state but not learned: what Module::buffer() returns. It cannot be given another
/// tensor, as a Parameter; `mean.assign(...)` writes into it.
class Buffer : public Tensor {
 public:
  Buffer() = default;
  Buffer(const Buffer&) = default;  // moving is copying, as of a Parameter
  Buffer& operator=(const Buffer&) = delete;
  Buffer& operator=(const Tensor&) = delete;  // the module would keep the old tensor: write into it by mean.assign(y)
  ~Buffer() = default;

  /// assign is Tensor::assign(). It may be called in a const function, as a layer's operator() is: what the layer
  /// computes by does not change who it is.
  void assign(const Operand& value, SourceLocation where = SourceLocation::current()) const {
    Tensor elements = *this;
    elements.assign(value, where);
  }

 private:
  friend class Module;
  explicit Buffer(Tensor tensor) : Tensor(std::move(tensor)) {}
};

static_assert(sizeof(Parameter) == sizeof(Tensor) && sizeof(Buffer) == sizeof(Tensor));

}  // namespace nn
}  // namespace xgrad
