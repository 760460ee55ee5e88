// A model as it is when it is used: nothing dropped, nothing recorded, batch by batch.
#pragma once

#include <utility>
#include <vector>

#include "../autograd/grad_mode.hpp"
#include "../autograd/hidden.hpp"
#include "../nn/module.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Evaluation: while it lives the model is switched to evaluation and this thread records nothing. When it dies each
/// layer goes back to what it was, those that were evaluating already, too.
///
/// Example:
///
///     {
///       train::Evaluation evaluation(model);
///       loss = nn::cross_entropy(model(validation.inputs), validation.targets).item();
///     }
class Evaluation {
 public:
  explicit Evaluation(const nn::Module& model);
  ~Evaluation();
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

 private:
  NoGrad no_grad_;
  internal::Hidden<std::vector<std::pair<nn::Module, bool>>> modules_;
};

/// Collector: puts together what comes in batches, for metrics that need all of it at once, as roc_auc() does.
///
/// Example:
///
///     train::Collector scores, targets;
///     for (auto [x, y] : batches) scores.add(model(x)), targets.add(y);
///     double area = train::roc_auc(scores.all(), targets.all());
class Collector {
 public:
  /// Adds a batch's rows, outside of any graph.
  /// Throws: std::invalid_argument for a tensor whose rows have another shape or dtype than those before.
  void add(const Tensor& batch, SourceLocation where = SourceLocation::current());
  /// All rows in the order in which they came.
  /// Throws: std::logic_error where none came.
  Tensor all(SourceLocation where = SourceLocation::current()) const;
  void reset();  ///< forgets them

 private:
  std::vector<Tensor> batches_;
};

}  // namespace train
}  // namespace xgrad
