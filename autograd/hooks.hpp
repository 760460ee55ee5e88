// Handles of hooks: what Tensor::add_hook and the layers' hooks return.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/ref.hpp"
#include "config.hpp"

namespace xgrad XGRAD_API {

namespace internal {

/// A list of hooks as its handles see it.
class HookOwner : public RefCounted {
 public:
  virtual ~HookOwner() = default;
  virtual void remove(std::uint64_t id) = 0;
  static void destroy(HookOwner* owner) { delete owner; }
};

}  // namespace internal

/// HookHandle keeps a hook, of a tensor or a layer, in place: the hook is removed when its handle dies.
///
/// Example:
///
///     HookHandle clipped = x.add_hook([](const Tensor& g) { return clamp(g, -1, 1); });
///     x.add_hook(...).keep();                                // in place for as long as the tensor
class [[nodiscard]] HookHandle {
 public:
  HookHandle() = default;
  HookHandle(internal::Ref<internal::HookOwner> owner, std::uint64_t id) : owner_(std::move(owner)), id_(id) {}
  HookHandle(HookHandle&&) noexcept = default;
  HookHandle& operator=(HookHandle&& other) noexcept {
    if (this == &other) return *this;
    remove();
    owner_ = std::move(other.owner_);
    id_ = other.id_;
    return *this;
  }
  ~HookHandle() { remove(); }

  /// Removes the hook now.
  void remove() {
    internal::Ref<internal::HookOwner> owner = std::move(owner_);
    if (owner) owner->remove(id_);
  }
  /// Leaves the hook in place for as long as what it was added to lives.
  void keep() { owner_ = {}; }
  /// Whether this handle still holds a hook in place.
  bool active() const { return static_cast<bool>(owner_); }

 private:
  internal::Ref<internal::HookOwner> owner_;
  std::uint64_t id_ = 0;
};

namespace internal {

/// Hooks in the order they were added. They may be added and removed while they run.
template <class Hook>
class HookList {
 public:
  HookList() = default;
  HookList(HookList&&) noexcept = default;
  HookList& operator=(HookList&&) noexcept = default;
  // Handles may outlive the list; what the hooks captured must not.
  ~HookList() {
    if (entries_) entries_->clear();
  }

  HookHandle add(Hook hook) {
    if (!entries_) entries_ = Ref<Entries>::adopt(new Entries);
    entries_->list.push_back({++entries_->last_id, true, std::move(hook)});
    return HookHandle(as_owner(), entries_->last_id);
  }

  bool empty() const { return !entries_ || entries_->removed == entries_->list.size(); }

  /// Calls use(hook) for each, those that are added meanwhile too.
  template <class Use>
  void for_each(Use&& use) const {
    if (!entries_) return;
    Ref<Entries> entries = entries_;  // a hook may let go of what it was added to
    for (std::uint64_t done = 0;;) {
      const std::size_t next = entries->find(done + 1);
      if (next == entries->list.size()) return;
      const Entry& entry = entries->list[next];
      done = entry.id;
      if (!entry.in_place) continue;
      Hook hook = entry.hook;  // a hook may remove itself
      use(hook);
    }
  }

 private:
  struct Entry {
    std::uint64_t id;
    bool in_place;
    Hook hook;
  };
  struct Entries final : HookOwner {
    /// Where the first hook is whose number is at least `id`.
    std::size_t find(std::uint64_t id) const {
      std::size_t low = 0, high = list.size();
      while (low < high) {
        const std::size_t middle = low + (high - low) / 2;
        if (list[middle].id < id)
          low = middle + 1;
        else
          high = middle;
      }
      return low;
    }
    void remove(std::uint64_t id) override {
      const std::size_t at = find(id);
      if (at == list.size() || list[at].id != id || !list[at].in_place) return;
      // The hook's captures go last: their end may reach back here.
      [[maybe_unused]] Hook gone = std::move(list[at].hook);
      list[at].in_place = false;
      // Many at once, so that as many hooks as there are can be removed without the list being moved up for each.
      if (++removed <= 8 || 2 * removed < list.size()) return;
      std::erase_if(list, [](const Entry& entry) { return !entry.in_place; });
      removed = 0;
    }
    void clear() {
      [[maybe_unused]] std::vector<Entry> gone = std::move(list);
      list.clear();
      removed = 0;
    }
    static void destroy(Entries* entries) { delete entries; }

    std::vector<Entry> list;
    std::size_t removed = 0;  // of the list
    std::uint64_t last_id = 0;
  };

  Ref<HookOwner> as_owner() const { return Ref<HookOwner>::share(entries_.get()); }

  Ref<Entries> entries_;
};

}  // namespace internal
}  // namespace xgrad
