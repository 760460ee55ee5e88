// Seeing what operations compute, record and answer: how gradcheck finds the rule at fault, and an AnomalyGuard the
// operation that made the first nan.
#pragma once

#include <cstdint>
#include <span>
#include <utility>

#include "../extend.hpp"

namespace xgrad::internal {

struct Node;
class Observer;
inline thread_local constinit Observer* observer = nullptr;

/// Sees the operations of this thread while it lives.
class Observer {
 public:
  Observer() : previous_(std::exchange(observer, this)) {}
  virtual ~Observer() { observer = previous_; }
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// An operation has its values; it may be recorded now.
  virtual void computed(const char*, SourceLocation, const Inputs&, std::span<const Tensor>) {}
  /// An operation was recorded.
  virtual void recorded(const Inputs&, std::span<const Tensor>) {}
  /// A backward pass has run a node's rule: the cotangents that came, by output, and those given, by input. Any of them
  /// may be undefined.
  virtual void pulled_back(const Node&, std::uint64_t /*pass*/, std::span<const Tensor>, std::span<const Tensor>) {}
  /// A backward pass adds a cotangent of a node's output to what came before, of this pass or, in a leaf, of others.
  virtual void summed(const Node&, const Tensor& /*before*/, const Tensor& /*cotangent*/, const Tensor& /*sum*/) {}

 private:
  Observer* previous_;
};

/// Stops this thread's observer from seeing anything while it lives: for what an observer itself computes.
class Unobserved {
 public:
  Unobserved() : previous_(std::exchange(observer, nullptr)) {}
  ~Unobserved() { observer = previous_; }
  Unobserved(const Unobserved&) = delete;
  Unobserved& operator=(const Unobserved&) = delete;

 private:
  Observer* previous_;
};

}  // namespace xgrad::internal
