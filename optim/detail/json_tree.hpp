// A JSON text as a tree that takes no memory to be destroyed. Not for users of the library.
#pragma once

#include <cstddef>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

namespace xgrad::optim {

/// Lets go of all that is in a tree, from its leaves on. nlohmann's destructor flattens what there is into a list
/// first, and where there is no memory for that the process ends, as a destructor may not throw. It calls itself for
/// each level: only for what parsed_json() has read, which is not deep.
inline void dismantle(nlohmann::json& tree) noexcept {
  if (tree.is_array()) {
    auto& list = tree.get_ref<nlohmann::json::array_t&>();
    for (nlohmann::json& child : list) dismantle(child);
    list.clear();
  } else if (tree.is_object()) {
    auto& object = tree.get_ref<nlohmann::json::object_t&>();
    for (auto& [key, child] : object) dismantle(child);
    object.clear();
  }
}

/// A JSON text that was read.
class JsonTree : public nlohmann::json {
 public:
  JsonTree(nlohmann::json&& read) : nlohmann::json(std::move(read)) {}
  JsonTree(JsonTree&&) = default;
  JsonTree& operator=(JsonTree&&) = delete;
  ~JsonTree() { dismantle(*this); }
};

/// A text as JSON; discarded where it is none, nests deeper than any of ours, or would be a tree of more than `most`
/// bytes: of brackets and commas alone it is 25 times as large as the text.
JsonTree parsed_json(const std::string& text, std::size_t most);

}  // namespace xgrad::optim
