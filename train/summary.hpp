// summary(): a model's layers as one call of it finds them.
#pragma once

#include <concepts>
#include <cstdint>
#include <iosfwd>
#include <string>
#include <vector>

#include "../autograd/function.hpp"
#include "../nn/module.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// One call of a layer in a Summary.
struct LayerSummary {
  std::string name;           ///< "block.hidden"; the model's class for the model itself
  std::string kind;           ///< its class
  int depth;                  ///< how many layers' calls it lies in; 0 for the model itself
  std::string input, output;  ///< shapes; empty where there is not one tensor
  std::int64_t parameters;    ///< elements of its own parameters; 0 for those that were counted before
  std::int64_t saved_bytes;   ///< what its own operations keep for the backward pass, without parameters
};

/// What summary() has found.
struct Summary {
  std::vector<LayerSummary> layers;  ///< in the order of their calls
  std::int64_t parameters = 0;       ///< elements of all parameters of the model
  std::int64_t trainable = 0;        ///< those of them that are not frozen
  std::int64_t parameter_bytes = 0;
  std::int64_t saved_bytes = 0;  ///< all that the graph of the call keeps alive, without parameters
};

/// Prints a table.
std::ostream& operator<<(std::ostream& out, const Summary& summary);

/// Lists the layers that a call of the model runs, with the shapes of what they take and give, their parameters, and
/// the bytes that the backward pass will need of them: each block of memory is counted once, for the layer that keeps
/// it first; what operations outside of the layers keep is the model's own. Buffers and random numbers are left as they
/// were.
///
/// Layers are seen as hooks see them: those of the library, and classes whose operator() is `return call(x, ...)`.
/// Throws: what `run` throws.
Summary summary(const nn::Module& model, const Function<void()>& run);
/// summary() of a call on one input.
/// Example: `std::cout << train::summary(model, zeros({32, 1, 28, 28}));`
template <std::derived_from<nn::Module> M>
Summary summary(const M& model, const Tensor& x) {
  // What it answers with holds the graph, and must outlive the count.
  return summary(static_cast<const nn::Module&>(model), Function<void()>([&] { [[maybe_unused]] auto y = model(x); }));
}

}  // namespace train
}  // namespace xgrad
