// to_dot(): the graph of a tensor, for Graphviz to draw.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tensor.hpp"

namespace xgrad XGRAD_API {

/// Options of to_dot().
struct DotOptions {
  std::vector<std::pair<std::string, Tensor>> names = {};  ///< of variables, as Module::named_parameters() lists them
  int max_nodes = 300;  ///< of a larger graph those nearest to the output are shown, and how many more there are
  bool saved = true;    ///< how many bytes each operation has saved for its gradient
  bool places = true;   ///< where each operation was called: "model.cpp:42"
};

/// The graph that a tensor was computed by, in Graphviz's language: operations with their results' shapes, what they
/// have saved for the backward pass, and their source lines; variables with their names; the output on top. What
/// several operations have saved is counted for the first of them. A graph that a backward pass has used up ends there,
/// and says so.
///
/// Throws: std::invalid_argument for an undefined tensor, and for max_nodes below 1.
/// Example: `std::ofstream("loss.dot") << to_dot(loss, {.names = model.named_parameters()});  // dot -Tsvg loss.dot`
std::string to_dot(const Tensor& output, const DotOptions& options = {},
                   SourceLocation where = SourceLocation::current());

}  // namespace xgrad
