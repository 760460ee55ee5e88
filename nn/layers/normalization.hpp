// Normalisation layers: batch, layer, group, instance, root-mean-square and local response normalisation.
#pragma once

#include <optional>

#include "../../autograd/ops/normalization.hpp"
#include "../init.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- With running statistics ----

/// Options of BatchNorm1d, BatchNorm2d and BatchNorm3d.
struct BatchNormLayerOptions {
  double eps = 1e-5;  ///< added to the variance
  /// The part of the new in the running statistics; nullopt: they are the mean of all batches so far.
  std::optional<double> momentum = 0.1;
  bool affine = true;               ///< have a weight and a bias
  bool track_running_stats = true;  ///< else statistics are always the batch's
  Initializer weight_init = {};     ///< none: init::ones()
  Initializer bias_init = {};       ///< none: init::zeros()
  DType dtype = default_dtype();
};
/// Options of BatchNorm1d.
using BatchNorm1dOptions = BatchNormLayerOptions;
/// Options of BatchNorm2d.
using BatchNorm2dOptions = BatchNormLayerOptions;
/// Options of BatchNorm3d.
using BatchNorm3dOptions = BatchNormLayerOptions;

/// Options of InstanceNorm1d, InstanceNorm2d and InstanceNorm3d.
struct InstanceNormLayerOptions {
  double eps = 1e-5;                     ///< added to the variance
  std::optional<double> momentum = 0.1;  ///< the part of the new in the running statistics, which need it
  bool affine = false;                   ///< have a weight and a bias
  bool track_running_stats = false;      ///< keep running statistics, and take them in evaluation
  Initializer weight_init = {};          ///< none: init::ones()
  Initializer bias_init = {};            ///< none: init::zeros()
  DType dtype = default_dtype();
};
/// Options of InstanceNorm1d.
using InstanceNorm1dOptions = InstanceNormLayerOptions;
/// Options of InstanceNorm2d.
using InstanceNorm2dOptions = InstanceNormLayerOptions;
/// Options of InstanceNorm3d.
using InstanceNorm3dOptions = InstanceNormLayerOptions;

/// Base of the layers that may keep running statistics: parameters and buffers.
class RunningNorm : public Module {
 public:
  std::int64_t features() const { return features_; }
  /// The weight and the bias; undefined for a layer that is not affine.
  Parameter weight() const { return weight_; }
  Parameter bias() const { return bias_; }
  /// The running statistics; undefined for a layer that keeps none.
  Buffer running_mean() const { return running_mean_; }
  Buffer running_var() const { return running_var_; }
  Buffer num_batches_tracked() const { return num_batches_tracked_; }

 protected:
  RunningNorm(const char* name, std::int64_t features, const BatchNormLayerOptions& options, SourceLocation where);

  /// Throws unless x has from `least` to `most` axes and as many channels, in this axis, as there are features.
  void check_input(const Operand& x, int least, int most, int channel_axis) const;

  std::int64_t features_;
  double eps_;
  std::optional<double> momentum_;
  Parameter weight_;
  Parameter bias_;
  Buffer running_mean_;
  Buffer running_var_;
  Buffer num_batches_tracked_;
};

/// Base of the batch normalisations: the call.
class BatchNorm : public RunningNorm {
 public:
  Tensor operator()(const Operand& x) const;

 protected:
  BatchNorm(const char* name, int least, int most, std::int64_t features, const BatchNormLayerOptions& options,
            SourceLocation where);

 private:
  int least_, most_;  // how many axes x has
};

/// BatchNorm1d is xgrad::batch_norm() as a layer, for features or sequences: each channel shifted and scaled to mean 0
/// and variance 1 over the batch, then times weight plus bias. In evaluation it takes the running statistics, which
/// each call in training moves towards those of the batch.
///
/// Parameters: weight and bias [features], which start as 1 and 0. Buffers: running_mean, running_var [features] and
/// num_batches_tracked [], which start as 0, 1 and 0.
///
/// Shapes: `x [N, features]` or `[N, features, L] -> ` the same.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes, and for one value a channel in training.
class BatchNorm1d final : public BatchNorm {
 public:
  /// Throws: std::invalid_argument for fewer than no features, an eps below 0, and initialisers that give another shape
  /// or dtype.
  explicit BatchNorm1d(std::int64_t features, BatchNorm1dOptions options = {},
                       SourceLocation where = SourceLocation::current());
};
/// BatchNorm2d is xgrad::batch_norm() as a layer, for images: see BatchNorm1d.
/// Shapes: `x [N, features, H, W] -> ` the same.
class BatchNorm2d final : public BatchNorm {
 public:
  /// Throws: as BatchNorm1d.
  explicit BatchNorm2d(std::int64_t features, BatchNorm2dOptions options = {},
                       SourceLocation where = SourceLocation::current());
};
/// BatchNorm3d is xgrad::batch_norm() as a layer, for volumes: see BatchNorm1d.
/// Shapes: `x [N, features, D, H, W] -> ` the same.
class BatchNorm3d final : public BatchNorm {
 public:
  /// Throws: as BatchNorm1d.
  explicit BatchNorm3d(std::int64_t features, BatchNorm3dOptions options = {},
                       SourceLocation where = SourceLocation::current());
};

/// Base of the instance normalisations: the call.
class InstanceNorm : public RunningNorm {
 public:
  Tensor operator()(const Operand& x) const;

 protected:
  InstanceNorm(const char* name, int axes, std::int64_t features, const InstanceNormLayerOptions& options,
               SourceLocation where);

 private:
  int axes_;  // of a channel
};

/// InstanceNorm1d is xgrad::instance_norm() as a layer, for sequences: each channel of each sample shifted and scaled
/// to mean 0 and variance 1. With track_running_stats, evaluation takes the running statistics.
///
/// Parameters: with affine, weight and bias [features], which start as 1 and 0. Buffers: with track_running_stats those
/// of BatchNorm1d.
///
/// Shapes: `x [N, features, L] -> ` the same; `[features, L]` for one sample.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes, and for one value a channel.
class InstanceNorm1d final : public InstanceNorm {
 public:
  /// Throws: as BatchNorm1d, and for running statistics without a momentum.
  explicit InstanceNorm1d(std::int64_t features, InstanceNorm1dOptions options = {},
                          SourceLocation where = SourceLocation::current());
};
/// InstanceNorm2d is xgrad::instance_norm() as a layer, for images: see InstanceNorm1d.
/// Shapes: `x [N, features, H, W] -> ` the same; `[features, H, W]` for one sample.
class InstanceNorm2d final : public InstanceNorm {
 public:
  /// Throws: as InstanceNorm1d.
  explicit InstanceNorm2d(std::int64_t features, InstanceNorm2dOptions options = {},
                          SourceLocation where = SourceLocation::current());
};
/// InstanceNorm3d is xgrad::instance_norm() as a layer, for volumes: see InstanceNorm1d.
/// Shapes: `x [N, features, D, H, W] -> ` the same; `[features, D, H, W]` for one sample.
class InstanceNorm3d final : public InstanceNorm {
 public:
  /// Throws: as InstanceNorm1d.
  explicit InstanceNorm3d(std::int64_t features, InstanceNorm3dOptions options = {},
                          SourceLocation where = SourceLocation::current());
};

// ---- Without ----

/// Options of LayerNorm.
struct LayerNormOptions {
  double eps = 1e-5;               ///< added to the variance
  bool elementwise_affine = true;  ///< have a weight and a bias
  bool bias = true;                ///< have a bias beside the weight
  Initializer weight_init = {};    ///< none: init::ones()
  Initializer bias_init = {};      ///< none: init::zeros()
  DType dtype = default_dtype();
};
/// LayerNorm is xgrad::layer_norm() as a layer: the elements along the last axes shifted and scaled to mean 0 and
/// variance 1, then times weight plus bias.
///
/// Parameters: weight and bias of the normalised shape, which start as 1 and 0.
///
/// Shapes: `x [..., normalized_shape] -> ` the same.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class LayerNorm final : public Module {
 public:
  /// Throws: std::invalid_argument for an empty shape or negative extents, and initialisers that give another shape or
  /// dtype.
  explicit LayerNorm(const Shape& normalized_shape, LayerNormOptions options = {},
                     SourceLocation where = SourceLocation::current());
  /// A LayerNorm over the last axis alone: LayerNorm(128).
  explicit LayerNorm(std::int64_t features, LayerNormOptions options = {},
                     SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;

  /// The last axes, over which it normalises.
  const Shape& normalized_shape() const { return shape_; }
  /// The weight and the bias; undefined for a layer without them.
  Parameter weight() const { return weight_; }
  Parameter bias() const { return bias_; }

 private:
  Shape shape_;
  double eps_;
  Parameter weight_;
  Parameter bias_;
};

/// Options of RMSNorm.
struct RMSNormOptions {
  /// Added to the mean square; nullopt: the distance from 1 to the next number of x's dtype.
  std::optional<double> eps = std::nullopt;
  bool elementwise_affine = true;  ///< have a weight
  Initializer weight_init = {};    ///< none: init::ones()
  DType dtype = default_dtype();
};
/// RMSNorm is xgrad::rms_norm() as a layer: the elements along the last axes divided by the root of their mean square,
/// then times weight.
///
/// Parameters: weight of the normalised shape, which starts as 1.
///
/// Shapes: `x [..., normalized_shape] -> ` the same.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
/// Source: Zhang, Sennrich, Root mean square layer normalization, 2019.
class RMSNorm final : public Module {
 public:
  /// Throws: std::invalid_argument for an empty shape or negative extents, and initialisers that give another shape or
  /// dtype.
  explicit RMSNorm(const Shape& normalized_shape, RMSNormOptions options = {},
                   SourceLocation where = SourceLocation::current());
  /// An RMSNorm over the last axis alone: RMSNorm(128).
  explicit RMSNorm(std::int64_t features, RMSNormOptions options = {},
                   SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;

  /// The weight; undefined for a layer without one.
  Parameter weight() const { return weight_; }

 private:
  Shape shape_;
  std::optional<double> eps_;
  Parameter weight_;
};

/// Options of GroupNorm.
struct GroupNormOptions {
  double eps = 1e-5;             ///< added to the variance
  bool affine = true;            ///< have a weight and a bias
  Initializer weight_init = {};  ///< none: init::ones()
  Initializer bias_init = {};    ///< none: init::zeros()
  DType dtype = default_dtype();
};
/// GroupNorm is xgrad::group_norm() as a layer: each sample's groups of neighbouring channels shifted and scaled to
/// mean 0 and variance 1, then times weight plus bias by channel.
///
/// Parameters: weight and bias [channels], which start as 1 and 0.
///
/// Shapes: `x [N, channels, ...] -> ` the same.
/// Dtype: x's and the parameters' promote.
/// Throws: std::invalid_argument, when it is called, for other shapes.
class GroupNorm final : public Module {
 public:
  /// Throws: std::invalid_argument for sizes below 1, groups that do not divide the channels, and initialisers that
  /// give another shape or dtype.
  GroupNorm(std::int64_t groups, std::int64_t channels, GroupNormOptions options = {},
            SourceLocation where = SourceLocation::current());

  Tensor operator()(const Operand& x) const;

  /// The weight and the bias; undefined for a layer that is not affine.
  Parameter weight() const { return weight_; }
  Parameter bias() const { return bias_; }

 private:
  std::int64_t groups_, channels_;
  double eps_;
  Parameter weight_;
  Parameter bias_;
};

/// LocalResponseNorm is xgrad::local_response_norm() as a layer: each element divided by a power of the mean square of
/// its neighbours among the channels.
/// Shapes: `x [N, C, d1, ...] -> ` the same.
/// Throws: std::invalid_argument, when it is called, as the operator.
class LocalResponseNorm final : public Module {
 public:
  explicit LocalResponseNorm(std::int64_t size, LocalResponseNormOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  std::int64_t size_;
  LocalResponseNormOptions options_;
};

}  // namespace nn
}  // namespace xgrad
