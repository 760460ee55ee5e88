// What a graph node does in the backward pass, and what it is handed for it.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "tensor.hpp"

namespace xgrad XGRAD_API {

namespace internal {
struct VjpFrame;
}  // namespace internal

/// Handed to a rule: the cotangents of its operation's outputs and the values it saved. The rule answers with the
/// cotangents of the inputs (a vector-Jacobian product, hence the name):
///
///     [](Vjp& vjp) {                                         // y = a * b
///       if (vjp.needs(0)) vjp.give(0, vjp.g() * vjp.input(1));
///       if (vjp.needs(1)) vjp.give(1, vjp.g() * vjp.input(0));
///     }
///
/// Written with operators on tensors, a rule can itself be differentiated, to any order.
class Vjp {
 public:
  explicit Vjp(internal::VjpFrame& frame) : frame_(frame) {}

  /// Cotangent of an output: zeros where nothing depends on that output.
  const Tensor& g(int output = 0);
  /// The same, handed over: for a rule that passes it on or writes over it. Throws std::logic_error the second time, as
  /// g() does after that.
  Tensor take_g(int output = 0);
  /// Whether anything depends on that output.
  bool has(int output) const;

  /// A value that the operation saved: see Uses. Throws std::logic_error when it was not saved.
  const Tensor& input(int i);
  const Tensor& output(int k = 0);
  /// The same value of an output, without its graph, handed over: where this pass frees the graph and nobody else holds
  /// the elements, the rule may write over them. output() must not be called for it after that.
  Tensor take_output(int k = 0);
  /// Shape and dtype of an input that needs a cotangent; known without saving the input.
  const Shape& shape(int i) const;
  DType dtype(int i) const;

  /// Whether input i's cotangent is wanted. Rules skip the work for the others.
  bool needs(int i) const;
  /// Answers for input i, once. An input without an answer has a zero gradient. Throws std::logic_error, naming the
  /// operation, unless shape and dtype are the input's, and for a second answer.
  void give(int i, Tensor cotangent);

  /// The sum of the cotangents that input i has been given so far in this pass, where the rule may add its own in place
  /// instead of giving it; null where there is none yet, others hold it, or the gradient's graph is wanted.
  Tensor* sum_so_far(int i);

  /// True when the gradient's own graph is wanted: what the rule computes must then be made of operators.
  bool creates_graph() const;
  /// Where the operation was called.
  SourceLocation where() const;

 private:
  internal::VjpFrame& frame_;
};

/// A callable of signature void(Vjp&), its captures stored inside when they are small. Captures must not hold Tensors:
/// what a rule needs of them is named in Uses, so that the graph knows what it keeps alive.
class Rule {
 public:
  Rule() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Rule> && std::is_invocable_v<F&, Vjp&>) Rule(F function) {
    if constexpr (kInline<F>) {
      new (room_) F(std::move(function));
      run_ = [](void* room, Vjp& vjp) { (*std::launder(static_cast<F*>(room)))(vjp); };
      if constexpr (!std::is_trivially_copyable_v<F>)
        move_ = [](void* from, void* to) {
          F* held = std::launder(static_cast<F*>(from));
          if (to != nullptr) new (to) F(std::move(*held));
          held->~F();
        };
    } else {
      F* held = new F(std::move(function));
      std::memcpy(room_, &held, sizeof held);
      run_ = [](void* room, Vjp& vjp) { (*held_in<F>(room))(vjp); };
      move_ = [](void* from, void* to) {
        if (to != nullptr)
          std::memcpy(to, from, sizeof(F*));
        else
          delete held_in<F>(from);
      };
    }
  }
  Rule(Rule&& other) noexcept { take(other); }
  Rule& operator=(Rule&& other) noexcept {
    if (this != &other) {
      clear();
      take(other);
    }
    return *this;
  }
  ~Rule() { clear(); }

  explicit operator bool() const { return run_ != nullptr; }
  void operator()(Vjp& vjp) { run_(room_, vjp); }
  void clear() {
    if (move_ != nullptr) move_(room_, nullptr);
    run_ = nullptr;
    move_ = nullptr;
  }

 private:
  static constexpr std::size_t kRoom = 64;
  template <class F>
  static constexpr bool kInline = sizeof(F) <= kRoom &&
                                  alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;
  template <class F>
  static F* held_in(void* room) {
    F* held;
    std::memcpy(&held, room, sizeof held);
    return held;
  }
  void take(Rule& other) {
    run_ = std::exchange(other.run_, nullptr);
    move_ = std::exchange(other.move_, nullptr);
    if (move_ != nullptr)
      move_(other.room_, room_);
    else
      std::memcpy(room_, other.room_, kRoom);
  }

  alignas(std::max_align_t) unsigned char room_[kRoom];
  void (*run_)(void* room, Vjp& vjp) = nullptr;
  void (*move_)(void* from, void* to) = nullptr;  // to == nullptr destroys; null where copying the bytes is enough
};

}  // namespace xgrad
