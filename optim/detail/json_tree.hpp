// A JSON text as a tree that takes no memory to be destroyed. Not for users of the library.
#pragma once

#include <utility>

#include <nlohmann/json.hpp>

namespace xgrad::optim {

/// Lets go of all that is in a tree, from its leaves on. nlohmann's destructor flattens what there is into a list first, and
/// where there is no memory for that the process ends, as a destructor may not throw.
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

}  // namespace xgrad::optim
