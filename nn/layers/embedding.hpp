// Embedding and EmbeddingBag: rows of a learned table by their numbers.
#pragma once

#include <optional>

#include "../../autograd/ops/embedding.hpp"
#include "../init.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

/// Options of Embedding.
struct EmbeddingLayerOptions {
  /// The row that stands for no entry: it starts as 0 and gets no gradient. Negative: counted from the end.
  std::optional<std::int64_t> padding_index = {};
  /// A row that is looked up and whose norm is larger is scaled down to this norm first, in place.
  std::optional<double> max_norm = {};
  double norm_type = 2;             ///< the order of that norm
  bool scale_grad_by_freq = false;  ///< divide the gradient of a row by how often it is looked up in the call
  Initializer weight_init = {};     ///< none: init::normal(), and 0 for the padding row
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()
};

/// Embedding is xgrad::embedding() as a layer: rows of its weight.
///
/// Parameters: weight [count, features], which starts normal with mean 0 and variance 1, as PyTorch's does.
///
/// Shapes: `indices [...] -> [..., features]`.
/// Dtype: indices int64; the weight's.
/// Throws: when it is called, std::out_of_range for an index outside [0, count) and std::invalid_argument for another
/// dtype; with max_norm std::logic_error where with_parameters() has put the result of an operation in the weight's
/// place.
/// Example: `nn::Embedding(10'000, 64, {.padding_index = 0})`
class Embedding final : public Module {
 public:
  /// Throws: std::invalid_argument for sizes below 0, a max_norm below 0, a norm_type that is not above 0, and an
  /// initialiser that gives another shape or dtype; std::out_of_range for a padding_index that the table does not have.
  Embedding(std::int64_t count, std::int64_t features, EmbeddingLayerOptions options = {},
            SourceLocation where = SourceLocation::current());
  /// A layer on this very table [count, features]; what it says of no entry stays. It learns unless it is frozen
  /// (nn::freeze).
  /// Throws: std::invalid_argument for another number of axes and a dtype that is not floating.
  explicit Embedding(const Tensor& weight, EmbeddingLayerOptions options = {},
                     SourceLocation where = SourceLocation::current());

  Tensor operator()(const Tensor& indices, SourceLocation where = SourceLocation::current()) const;

  std::int64_t count() const { return weight_.shape()[0]; }
  std::int64_t features() const { return weight_.shape()[1]; }
  Parameter weight() const { return weight_; }

 private:
  std::optional<double> max_norm_;
  double norm_type_;
  EmbeddingOptions options_;
  Parameter weight_;
};

/// Options of EmbeddingBag.
struct EmbeddingBagLayerOptions {
  /// As in EmbeddingLayerOptions.
  std::optional<double> max_norm = {};
  double norm_type = 2;
  bool scale_grad_by_freq = false;
  BagMode mode = BagMode::mean;
  bool include_last_offset = false;  ///< the last offset is the end of the last bag, not the start of another
  /// The row that no bag has: its entries do not count, and it starts as 0. Negative: counted from the end.
  std::optional<std::int64_t> padding_index = {};
  Initializer weight_init = {};  ///< none: init::normal(), and 0 for the padding row
  DType dtype = default_dtype();
  Generator* generator = nullptr;  ///< null: the thread's default_generator()
};

/// EmbeddingBag is xgrad::embedding_bag() as a layer: the mean, sum or largest elements of the rows of its weight that
/// each bag names.
///
/// Parameters: weight [count, features], which starts normal with mean 0 and variance 1, as PyTorch's does.
///
/// Shapes: `indices [B, n] -> [B, features]`; `[n]` with offsets `[B]`. per_sample_weights in indices' shape, for
/// BagMode::sum.
/// Dtype: indices and offsets int64; the weight's.
/// Throws: when it is called, what the operator throws; with max_norm as Embedding.
class EmbeddingBag final : public Module {
 public:
  /// Throws: as Embedding.
  EmbeddingBag(std::int64_t count, std::int64_t features, EmbeddingBagLayerOptions options = {},
               SourceLocation where = SourceLocation::current());
  /// A layer on this very table [count, features].
  /// Throws: as Embedding.
  explicit EmbeddingBag(const Tensor& weight, EmbeddingBagLayerOptions options = {},
                        SourceLocation where = SourceLocation::current());

  Tensor operator()(const Tensor& indices, const Tensor& offsets = {}, const Tensor& per_sample_weights = {},
                    SourceLocation where = SourceLocation::current()) const;

  Parameter weight() const { return weight_; }

 private:
  std::optional<double> max_norm_;
  double norm_type_;
  EmbeddingBagOptions options_;
  Parameter weight_;
};

}  // namespace nn
}  // namespace xgrad
