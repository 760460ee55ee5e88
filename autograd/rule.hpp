// What a graph node does in the backward pass, and what it is handed for it.
#pragma once

#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

#include "tensor.hpp"

namespace xgrad XGRAD_API {

class Vjp;

namespace internal {
struct VjpFrame;
struct SumPlace;

/// What can be done with a rule's captures, wherever they are stored.
struct RuleOperations {
  void (*run)(void* captures, Vjp& vjp);
  void (*move)(void* from, void* to);  // to == nullptr destroys; null where copying the bytes is enough
  std::size_t bytes;
};
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

  /// g is the cotangent of an output: zeros where nothing depends on that output. It must not be written to: others may
  /// hold it too.
  const Tensor& g(int output = 0);
  /// take_g hands the cotangent of an output over, for a rule that passes it on: a buffer that nobody else holds is
  /// then reused. Throws std::logic_error the second time, as g() does after that.
  Tensor take_g(int output = 0);
  /// Whether anything depends on that output.
  bool has(int output) const;

  /// input is the value of an input that the operation saved: see Uses. Throws std::logic_error when it was not saved.
  const Tensor& input(int i);
  /// output is the value of an output that the operation saved: see Uses. Throws std::logic_error when it was not
  /// saved.
  const Tensor& output(int k = 0);
  /// take_output hands the saved value of an output over, without its graph: where this pass frees the graph and nobody
  /// else holds the elements, the rule may write over them. output() must not be called for it after that.
  Tensor take_output(int k = 0);
  /// shape is that of an input that needs a cotangent; it is known without saving the input.
  Shape shape(int i) const;
  /// has_shape tells whether a tensor has the shape of an input that needs a cotangent: quicker than to compare with
  /// shape().
  bool has_shape(int i, const Tensor& tensor) const;
  /// dtype is that of an input that needs a cotangent; it is known without saving the input.
  DType dtype(int i) const;

  /// Whether input i's cotangent is wanted. Rules skip the work for the others.
  bool needs(int i) const;
  /// Answers for input i, once. An input without an answer has a zero gradient. Throws std::logic_error, naming the
  /// operation, unless shape and dtype are the input's, and for a second answer.
  void give(int i, Tensor cotangent);

  /// The sum of the cotangents that input i has been given so far in this pass, where the rule may add its own in place
  /// instead of giving it; null where there is none yet, others hold it, or the gradient's graph is wanted.
  Tensor* sum_so_far(int i);
  /// For the library's own use: the same also where the gradient's graph is wanted, and behind views that lie between.
  internal::SumPlace place_of_sum(int i);

  /// True when the gradient's own graph is wanted: what the rule computes must then be made of operators.
  bool creates_graph() const;
  /// Where the operation was called.
  SourceLocation where() const;

 private:
  internal::VjpFrame& frame_;
};

/// Rule holds a callable of signature void(Vjp&), its captures inside when they are small; C++23 has
/// std::move_only_function for that, whose captures could not be moved into a graph node's
/// own block. Captures must not hold Tensors: what a rule needs of them is named in Uses,
/// so that the graph knows what it keeps alive. Captured references must outlive the
/// graph.
class Rule {
 public:
  Rule() = default;
  template <class F>
  requires(!std::is_same_v<std::decay_t<F>, Rule> && std::is_invocable_v<F&, Vjp&>) Rule(F function) {
    if constexpr (kInline<F>) {
      new (room_) F(std::move(function));
      operations_ = &kInlineOperations<F>;
    } else {
      F* held = new F(std::move(function));
      std::memcpy(room_, &held, sizeof held);
      operations_ = &kHeapOperations<F>;
    }
  }
  Rule(Rule&& other) noexcept : operations_(other.move_to(room_)) {}
  Rule& operator=(Rule&& other) noexcept {
    if (this == &other) return *this;
    clear();
    operations_ = other.move_to(room_);
    return *this;
  }
  ~Rule() { clear(); }

  explicit operator bool() const { return operations_ != nullptr; }
  void operator()(Vjp& vjp) { operations_->run(room_, vjp); }
  void clear() {
    if (operations_ != nullptr && operations_->move != nullptr) operations_->move(room_, nullptr);
    operations_ = nullptr;
  }

  /// For the library's own use: the bytes that the captures take.
  std::size_t bytes() const { return operations_ != nullptr ? operations_->bytes : 0; }
  /// For the library's own use: moves the captures to where bytes(), rounded up to whole words, have room, and answers
  /// with what can be done there.
  const internal::RuleOperations* move_to(void* to) noexcept {
    if (operations_ == nullptr) return nullptr;
    if (operations_->move != nullptr)
      operations_->move(room_, to);
    else if (operations_->bytes <= kWord)
      std::memcpy(to, room_, kWord);  // most rules: without a call
    else
      std::memcpy(to, room_, operations_->bytes);
    return std::exchange(operations_, nullptr);
  }

 private:
  static constexpr std::size_t kRoom = 64;
  static constexpr std::size_t kWord = 8;
  template <class F>
  static constexpr bool kInline = sizeof(F) <= kRoom &&
                                  alignof(F) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<F>;

  template <class F>
  static void run_inline(void* room, Vjp& vjp) {
    (*std::launder(static_cast<F*>(room)))(vjp);
  }
  template <class F>
  static void move_inline(void* from, void* to) {
    F* held = std::launder(static_cast<F*>(from));
    if (to != nullptr) new (to) F(std::move(*held));
    held->~F();
  }
  template <class F>
  static F* held_in(void* room) {
    F* held;
    std::memcpy(&held, room, sizeof held);
    return held;
  }
  template <class F>
  static void run_held(void* room, Vjp& vjp) {
    (*held_in<F>(room))(vjp);
  }
  template <class F>
  static void move_held(void* from, void* to) {
    if (to != nullptr)
      std::memcpy(to, from, sizeof(F*));
    else
      delete held_in<F>(from);
  }
  template <class F>
  static constexpr internal::RuleOperations kInlineOperations{
      &run_inline<F>, std::is_trivially_copyable_v<F> ? nullptr : &move_inline<F>,
      std::is_empty_v<F>&& std::is_trivially_copyable_v<F> ? 0 : sizeof(F)};
  template <class F>
  static constexpr internal::RuleOperations kHeapOperations{&run_held<F>, &move_held<F>, sizeof(F*)};

  alignas(std::max_align_t) unsigned char room_[kRoom];
  const internal::RuleOperations* operations_ = nullptr;
};

}  // namespace xgrad
