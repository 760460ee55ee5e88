#include "print.hpp"

#include <ostream>
#include <unordered_set>

namespace xgrad XGRAD_API {
namespace nn {
namespace {

class Printer {
 public:
  std::string out;

  void add(const std::string& name, const Module& module, int depth, const std::string& note) {
    out.append(2 * static_cast<std::size_t>(depth), ' ');
    if (depth > 0) out += name + ": ";
    out += module.class_name() + note;
    std::string tensors;
    auto list = [&](const NamedTensors& named, bool are_buffers) {
      for (const auto& [path, tensor] : named) {
        if (path.find('.') != path.npos) continue;  // a child's
        tensors += concat(tensors.empty() ? "  " : ", ", path, ' ', tensor.shape());
        if (are_buffers) tensors += " (buffer)";
        if (!seen_.insert(tensor.impl()).second)
          tensors += " (shared)";
        else if (!are_buffers && !tensor.requires_grad())
          tensors += " (frozen)";
      }
    };
    list(module.named_parameters(), false);
    list(module.named_buffers(), true);
    out += tensors + '\n';
    add_children(module, depth);
  }

 private:
  void add_children(const Module& module, int depth) {
    for (const auto& [child_name, child] : module.children()) {
      if (child_name.empty()) {  // wrapped: what it has is its wrapper's
        add_children(child, depth);
        continue;
      }
      bool is_known = false;
      for (const Module& other : modules_) is_known = is_known || other.is_same(child);
      modules_.push_back(child);
      if (is_known)
        out += std::string(static_cast<std::size_t>(2 * depth + 2), ' ') + child_name + ": " + child.class_name() +
               " (the same as above)\n";
      else
        add(child_name, child, depth + 1, "");
    }
  }

  std::unordered_set<const void*> seen_;
  std::vector<Module> modules_;
};

}  // namespace

std::string to_string(const Module& model) {
  Printer printer;
  printer.add("", model, 0, concat(": ", model.parameter_count(), " parameters"));
  printer.out.pop_back();
  return printer.out;
}

std::ostream& operator<<(std::ostream& out, const Module& model) { return out << to_string(model); }

}  // namespace nn
}  // namespace xgrad
