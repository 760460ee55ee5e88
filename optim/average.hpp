// Averages of weights: exponential moving averages, and the equal ones of SWA.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/hidden.hpp"
#include "../autograd/tensor.hpp"
#include "state.hpp"

namespace xgrad XGRAD_API {
namespace optim {

/// Options of AveragedWeights.
struct AveragedWeightsOptions {
  std::optional<double> decay =
      {};               ///< share that an update keeps, in [0, 1); none: the equal average of all updates (SWA)
  bool warmup = false;  ///< with decay: keeps at most (1 + n) / (10 + n) in update n, so that early weights fade fast
};

/// AveragedWeights keeps an average of a model's weights, which often does better than the last of them. Give it
/// everything that the model's answer depends on, buffers too (`model.state()`): floating tensors are averaged, of
/// others the last value is taken.
///
///     optim::AveragedWeights average(model.state(), {.decay = 0.999});
///     for (...) {
///       adam.step();
///       average.update();
///     }
///     {
///       auto swapped = average.swap_in();      // the model has the averages ...
///       validate(model);
///     }                                        // ... and here its own weights again
///
/// The first update takes the weights as they are. Averages are kept in the weights' dtype. An infinite weight, as a
/// mask may have, makes its average infinite, for good.
/// Source: Polyak, Juditsky, Acceleration of stochastic approximation by averaging, 1992; Izmailov et al., Averaging
/// Weights Leads to Wider Optima and Better Generalization, UAI 2018.
class AveragedWeights {
 public:
  /// Takes handles to the weights. Throws std::invalid_argument unless each is a defined leaf with a name of its own
  /// (the same tensor may stand under several), and decay is in [0, 1).
  explicit AveragedWeights(NamedTensors weights, AveragedWeightsOptions options = {},
                           SourceLocation where = SourceLocation::current());
  ~AveragedWeights();
  AveragedWeights(const AveragedWeights&) = delete;
  AveragedWeights& operator=(const AveragedWeights&) = delete;

  /// Takes the weights as they are now into the average. Throws std::logic_error while the averages are swapped in,
  /// std::invalid_argument where a weight's dtype has changed, std::bad_alloc where memory runs out; nothing is changed
  /// then.
  void update(SourceLocation where = SourceLocation::current());
  /// Number of updates.
  std::int64_t updates() const { return updates_; }
  /// The averages, by the weights' names; empty before the first update. They are the object's own: copy() what shall
  /// outlast the next update.
  NamedTensors averages() const;

  /// Swapped: while it lives, the weights have the averages' values. Then they have their own again.
  class [[nodiscard]] Swapped {
   public:
    Swapped(Swapped&& other) noexcept;
    Swapped& operator=(Swapped&&) = delete;
    ~Swapped();

   private:
    friend class AveragedWeights;
    explicit Swapped(AveragedWeights* average) : average_(average) {}
    AveragedWeights* average_;
  };
  /// Exchanges weights and averages until the answer dies. Throws std::logic_error before the first update, and while
  /// they are exchanged already; std::bad_alloc where there is no memory for copies of integer buffers. Nothing is
  /// changed then. The way back takes no memory, unless Module::to() has changed the weights' dtype in between: where
  /// there is none for that, the averages stay in the model.
  Swapped swap_in(SourceLocation where = SourceLocation::current());
  /// Writes the averages into the weights, for good. Throws as swap_in().
  void copy_to_weights(SourceLocation where = SourceLocation::current());

  /// Everything that a later run needs to go on: `average.<name>`, and `updates`. Nothing while they are swapped in may
  /// be saved: throws std::logic_error then.
  NamedTensors state(SourceLocation where = SourceLocation::current()) const;
  /// Takes over copies of what state() answered with. Throws std::invalid_argument, naming them, for entries that are
  /// unknown, missing, or of another shape or dtype. Nothing is changed then.
  void load_state(const NamedTensors& entries, SourceLocation where = SourceLocation::current());

 private:
  void check_swappable(SourceLocation where) const;
  void exchange(SourceLocation where);

  NamedTensors weights_;
  internal::Hidden<std::vector<std::size_t>> first_of_;  // by weight: the first one that is the same tensor
  std::vector<Tensor> averages_;                         // by weight; undefined for a further name of the same tensor
  std::vector<Tensor> spares_;                           // by weight: room for what is not exchanged in place
  AveragedWeightsOptions options_;
  std::int64_t updates_ = 0;
  bool is_swapped_ = false;
};

}  // namespace optim
}  // namespace xgrad
