// The call of a layer: the one function through which layers run their work (Module::call), and who sees it.
#pragma once

#include "../autograd/tensor.hpp"

namespace xgrad XGRAD_API {
namespace nn {

class Module;

/// Sees each call of a layer on this thread while it lives: the library's layers, and the classes whose operator() is
/// `return call(x, [&] { ... })`. Calls nest as the layers do. The functions run unrecorded.
///
/// Example: counting the calls of each class.
///
///     struct Counter : nn::CallObserver {
///       std::map<std::string, int> calls;
///       void entered(const nn::Module& layer, const Tensor&) override { ++calls[layer.class_name()]; }
///     } counter;
///     model(x);
class CallObserver {
 public:
  CallObserver() noexcept;
  virtual ~CallObserver();
  CallObserver(const CallObserver&) = delete;
  CallObserver& operator=(const CallObserver&) = delete;

  /// Called before the layer's work. Each call that was entered is left or has failed, and no other: not one that had
  /// begun when the observer came, nor one whose entered() threw.
  virtual void entered(const Module& layer, const Tensor& x);
  /// Called after it. Of a layer that answers with a struct y is its `output`, or its `h`; undefined where it has
  /// neither.
  virtual void left(const Module& layer, const Tensor& x, const Tensor& y);
  /// Called in place of left() where the work threw.
  virtual void failed(const Module& layer) noexcept;

 private:
  friend class LayerCall;
  CallObserver* outer_;
  int open_ = 0;  // calls that it has seen begin and not end
};

/// For Module::call(): one call of a layer. While nobody watches any layer it costs a comparison.
class LayerCall {
 public:
  /// Throws std::invalid_argument where x is undefined.
  LayerCall(const Module& layer, const Operand& x) : layer_(layer), x_(x) {
    if (!x.defined()) [[unlikely]]
      refuse();
    if (is_watched_) [[unlikely]]
      enter();
  }
  LayerCall(const LayerCall&) = delete;
  LayerCall& operator=(const LayerCall&) = delete;

  /// Shows the result to hooks and observers. With backward hooks, a result that is x itself becomes another handle.
  void finish(Tensor& y) {
    if (is_watched_) [[unlikely]]
      show(y);
  }
  /// Throws the exception that is being handled once more; the message begins with the innermost layer's path.
  [[noreturn]] void fail();

 private:
  friend class CallObserver;
  friend class Module;

  [[noreturn]] void refuse();
  void enter();
  void show(Tensor& y);
  void add_backward_hooks(Tensor& y);

  /// How many observers there are, and layers that had hooks, in the whole process: read without an order, for a thread
  /// sees what it has set itself.
  static int watchers;
  static void count_watchers(int more) noexcept { __atomic_fetch_add(&watchers, more, __ATOMIC_RELAXED); }

  const Module& layer_;
  const Operand& x_;
  Tensor entrance_;  // of a layer with backward hooks, where x needs a gradient
  bool is_watched_ = __atomic_load_n(&watchers, __ATOMIC_RELAXED) != 0;
};

}  // namespace nn
}  // namespace xgrad
