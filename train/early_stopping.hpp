// Stopping where more training does not help, with the best weights.
#pragma once

#include <cstdint>

#include "../nn/module.hpp"

namespace xgrad XGRAD_API {
namespace train {

/// Which values are better: of a loss the smaller, of an accuracy the larger ones.
enum class Better : std::uint8_t { smaller, larger };

/// Options of EarlyStopping.
struct EarlyStoppingOptions {
  std::int64_t patience = 10;  ///< how many updates without a better value are waited for
  double min_delta = 0;        ///< by how much a value must be better to count as that
  Better better = Better::smaller;
};

/// EarlyStopping: watches a value that is computed on validation data, keeps a copy of the model's state (parameters
/// and buffers) from when it was best, and says when to stop. A nan is never better.
///
/// Example:
///
///     train::EarlyStopping stopping(model, {.patience = 20});
///     for (int epoch = 0; epoch < 1000; ++epoch) {
///       train_one_epoch();
///       if (stopping.update(validation_loss())) break;
///     }
///     stopping.restore();
class EarlyStopping {
 public:
  /// Throws: std::invalid_argument for a patience below 1 or a min_delta below 0.
  explicit EarlyStopping(const nn::Module& model, EarlyStoppingOptions options = {},
                         SourceLocation where = SourceLocation::current());

  /// Takes the next value. True when it is time to stop: `patience` values in a row were not better than the best one.
  bool update(double value);
  /// Writes the best state into the model.
  /// Throws: std::logic_error where no value was ever one (none came, or each was nan).
  void restore(SourceLocation where = SourceLocation::current());

  bool improved() const { return updates_ > 0 && waited_ == 0; }  ///< whether the last value is the best
  bool stopped() const { return waited_ >= options_.patience; }   ///< what the last update() answered with
  double best() const { return best_; }                           ///< the best value; nan where there is none
  std::int64_t best_update() const { return best_update_; }  ///< which update that was, from 0; -1 where there is none
  std::int64_t updates() const { return updates_; }          ///< how many values came
  std::int64_t waited() const { return waited_; }            ///< how many since the best one

  /// Everything that it keeps, under the names that it has in a file: the best state (`best.<name>`), and numbers.
  nn::NamedTensors state() const;
  /// Goes on where the one stopped that state() came from.
  /// Throws: std::invalid_argument for what none saved of a model with these names and shapes. Nothing is changed then.
  void load_state(const nn::NamedTensors& state, SourceLocation where = SourceLocation::current());

 private:
  nn::Module model_;
  EarlyStoppingOptions options_;
  double best_;
  std::int64_t best_update_ = -1, updates_ = 0, waited_ = 0;
  nn::NamedTensors best_state_;
};

}  // namespace train
}  // namespace xgrad
