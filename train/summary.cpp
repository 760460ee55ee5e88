#include "summary.hpp"

#include <algorithm>
#include <ostream>
#include <unordered_map>
#include <unordered_set>

#include "../autograd/engine/node.hpp"
#include "../autograd/engine/observer.hpp"
#include "../nn/call.hpp"
#include "detail/font.hpp"
#include "detail/table.hpp"
#include "detail/undisturbed.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

/// Follows one call of a model: its layers, and what is recorded in each.
class Recorder final : public nn::CallObserver, public internal::Observer {
 public:
  Recorder(const nn::Module& model, Summary& summary) : model_(model), summary_(summary) {
    for (const auto& [name, tensor] : model.named_parameters()) known_.insert(tensor.impl()->storage.get());
    summary_.layers.push_back({model.class_name(), model.class_name(), 0, "", "", own_count(model), 0});
    open_.push_back(0);
  }

  void entered(const nn::Module& layer, const Tensor& x) override {
    // The model's own call is the first line, which is there already.
    if (layer.is_same(model_) && open_.size() == 1 && summary_.layers[0].input.empty()) {
      summary_.layers[0].input = concat(x.shape());
      open_.push_back(0);
      return;
    }
    open_.push_back(summary_.layers.size());
    const int depth = static_cast<int>(open_.size()) - (open_.size() > 1 && open_[1] == 0 ? 2 : 1);
    summary_.layers.push_back(
        {detail::name_in(model_, layer), layer.class_name(), depth, concat(x.shape()), "", own_count(layer), 0});
  }
  void left(const nn::Module&, const Tensor&, const Tensor& y) override {
    if (y.defined()) summary_.layers[open_.back()].output = concat(y.shape());
    open_.pop_back();
  }
  void failed(const nn::Module&) noexcept override { open_.pop_back(); }

  void recorded(const Inputs&, std::span<const Tensor> outputs) override {
    for (const Tensor& output : outputs) {
      if (!output.defined() || !output.impl()->node) continue;
      for (const internal::SavedValue& saved : output.impl()->node->saved()) {
        if (!saved.value.defined() || !known_.insert(saved.value.impl()->storage.get()).second) continue;
        kept_.push_back(saved.value);
        // Of a slice its elements, and of one that is broadcast no more than there are in memory.
        const auto bytes =
            std::min<std::int64_t>(static_cast<std::int64_t>(saved.value.impl()->storage->bytes),
                                   saved.value.numel() * static_cast<std::int64_t>(size_of(saved.value.dtype())));
        summary_.layers[open_.back()].saved_bytes += bytes;
        summary_.saved_bytes += bytes;
      }
      break;  // all outputs are of one node
    }
  }

 private:
  std::int64_t own_count(const nn::Module& layer) {
    std::int64_t count = 0;
    for (const auto& [name, tensor] : detail::own_parameters(layer))
      if (counted_.insert(tensor.impl()).second) count += tensor.numel();
    return count;
  }

  const nn::Module& model_;
  Summary& summary_;
  std::vector<std::size_t> open_;  // the lines of the calls that run
  std::unordered_set<const void*> known_, counted_;
  std::vector<Tensor> kept_;  // so that no other storage gets a known one's address
};

}  // namespace

Summary summary(const nn::Module& model, const Function<void()>& run) {
  check(static_cast<bool>(run), {}, "summary: what runs the model must be callable, but it is empty.");
  Summary summary;
  for (const Tensor& parameter : model.parameters()) {
    summary.parameters += parameter.numel();
    summary.trainable += parameter.requires_grad() ? parameter.numel() : 0;
    summary.parameter_bytes += parameter.numel() * static_cast<std::int64_t>(size_of(parameter.dtype()));
  }
  detail::Undisturbed undisturbed(model);
  Recorder recorder(model, summary);
  run();
  return summary;
}

std::ostream& operator<<(std::ostream& out, const Summary& summary) {
  detail::TextTable table({"layer", "class", "output", "parameters", "saved"}, {0, 0, 0, 1, 1});
  std::vector<std::string> around;  // names of the calls that a line lies in, by depth
  for (const LayerSummary& layer : summary.layers) {
    const auto depth = static_cast<std::size_t>(layer.depth);
    around.resize(depth);
    // Within 'block' it is 'hidden', not 'block.hidden'.
    const std::string prefix = depth > 0 ? around.back() + "." : "";
    const bool is_inside = depth > 0 && layer.name.rfind(prefix, 0) == 0;
    const std::string name = is_inside ? layer.name.substr(prefix.size()) : layer.name;
    around.push_back(layer.name);
    table.row({std::string(2 * depth, ' ') + name, depth == 0 ? "" : layer.kind, layer.output,
               layer.parameters > 0 ? detail::grouped(layer.parameters) : "",
               layer.saved_bytes > 0 ? detail::bytes_text(layer.saved_bytes) : ""});
  }
  table.rule();
  table.row({"all", "", "", detail::grouped(summary.parameters), detail::bytes_text(summary.saved_bytes)});
  out << table.text();
  if (summary.trainable != summary.parameters)
    out << detail::grouped(summary.parameters - summary.trainable) << " parameters are frozen\n";
  return out << "parameters: " << detail::bytes_text(summary.parameter_bytes)
             << "; saved for the backward pass: " << detail::bytes_text(summary.saved_bytes) << '\n';
}

}  // namespace train
}  // namespace xgrad
