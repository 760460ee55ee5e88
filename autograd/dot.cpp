#include "dot.hpp"

#include <algorithm>
#include <cmath>
#include <unordered_map>
#include <unordered_set>

#include "engine/node.hpp"
#include "error.hpp"

namespace xgrad XGRAD_API {
namespace {

using internal::Edge;
using internal::Node;

/// The text between quotes of Graphviz's language. Backslashes begin its own marks.
std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (c == '\n')
      out += "\\n";
    else if (static_cast<unsigned char>(c) >= 0x20)
      out += c;
  }
  return out + '"';
}

std::string bytes_of(std::size_t bytes) {
  if (bytes < 1024) return concat(bytes, " B");
  const char* const units[] = {"KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes) / 1024;
  int unit = 0;
  for (; value >= 1024 && unit < 3; ++unit) value /= 1024;
  const auto tenths = std::llround(value * 10);
  return concat(tenths / 10, ".", tenths % 10, " ", units[unit]);
}

class Drawing {
 public:
  explicit Drawing(const DotOptions& options) : options_(options) {
    for (const auto& [name, tensor] : options.names)
      if (tensor.defined() && tensor.impl()->node) names_[tensor.impl()->node.get()] = name;
  }

  std::string draw(const Tensor& output) {
    text_ =
        "digraph xgrad {\n  rankdir=BT\n  node [shape=box, style=\"rounded,filled\", fillcolor=\"#eef3fb\", "
        "color=\"#7f93b2\", fontname=\"DejaVu Sans\", fontsize=10]\n"
        "  edge [color=\"#7f93b2\", arrowsize=0.6, fontname=\"DejaVu Sans\", fontsize=8]\n";
    const Node* first = output.impl()->node.get();
    if (first == nullptr) {
      text_ += concat("  output [label=", quoted(concat("constant\n", output.dtype(), ' ', output.shape())), "]\n");
      return text_ + "}\n";
    }
    // Breadth first: of a large graph the part that is nearest to the output is shown.
    number(first);
    std::size_t left_out = 0;
    for (std::size_t i = 0; i < order_.size(); ++i) {
      const Node& node = *order_[i];
      add(node, static_cast<int>(i));
      for (const Edge& edge : node.edges()) {
        if (!edge.producer) continue;
        const int from = number(edge.producer.get());
        if (from < 0) {
          ++left_out;
          if (cut_.insert(&node).second)
            text_ += concat("  cut", i, " [label=\"...\", shape=plain, style=\"\"]\n  cut", i, " -> n", i,
                            " [style=dashed]\n");
          continue;
        }
        text_ += concat("  n", from, " -> n", i);
        if (edge.producer->output_count > 1) text_ += concat(" [label=", quoted(concat("output ", edge.output)), "]");
        text_ += "\n";
      }
    }
    if (left_out > 0)
      text_ += concat("  label=",
                      quoted(concat("The ", order_.size(), " operations nearest to the output; ", left_out,
                                    " edges lead to more of them.")),
                      "\n");
    return text_ + "}\n";
  }

 private:
  /// The node's number; -1 for one that there is no room for.
  int number(const Node* node) {
    if (auto at = numbers_.find(node); at != numbers_.end()) return at->second;
    if (order_.size() >= static_cast<std::size_t>(options_.max_nodes)) return -1;
    order_.push_back(node);
    return numbers_[node] = static_cast<int>(order_.size()) - 1;
  }

  void add(const Node& node, int i) {
    std::string label = node.name;
    if (node.is_leaf) {
      auto name = names_.find(&node);
      label = name != names_.end() ? name->second : "variable";
    }
    for (int k = 0; k < node.output_count; ++k) label += concat("\n", node.output(k).dtype, ' ', node.output_shape(k));
    if (options_.saved && !node.is_leaf) {
      std::size_t bytes = 0;
      for (const internal::SavedValue& saved : node.saved())
        if (saved.value.defined() && storages_.insert(saved.value.impl()->storage.get()).second)
          bytes += std::min<std::size_t>(saved.value.impl()->storage->bytes,
                                         static_cast<std::size_t>(saved.value.numel()) * size_of(saved.value.dtype()));
      if (bytes > 0) label += concat("\nsaves ", bytes_of(bytes));
    }
    if (node.freed) label += "\nused up by a backward pass";
    if (options_.places && node.where.known()) label += concat("\n", node.where);
    text_ +=
        concat("  n", i, " [label=", quoted(label),
               node.is_leaf ? ", shape=ellipse, style=filled, fillcolor=\"#fdf3e3\", color=\"#b2935f\"" : "", "]\n");
  }

  const DotOptions& options_;
  std::unordered_map<const Node*, std::string> names_;
  std::unordered_map<const Node*, int> numbers_;
  std::vector<const Node*> order_;
  std::unordered_set<const Node*> cut_;
  std::unordered_set<const void*> storages_;
  std::string text_;
};

}  // namespace

std::string to_dot(const Tensor& output, const DotOptions& options, SourceLocation where) {
  check(output.defined(), where, "to_dot: the output must be a defined tensor, but it is default-constructed.");
  check(options.max_nodes >= 1, where, "to_dot: max_nodes must be at least 1, but it is ", options.max_nodes, ".");
  return Drawing(options).draw(output);
}

}  // namespace xgrad
