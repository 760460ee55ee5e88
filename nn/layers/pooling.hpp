// Pooling layers: the largest elements, means or power means of windows, and their inverse.
#pragma once

#include "../../autograd/ops/pooling.hpp"
#include "../../autograd/ops/unpooling.hpp"
#include "../module.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- Largest elements ----

/// MaxPool1d is xgrad::max_pool1d() as a layer: the largest element of windows along the last axis. Without a stride
/// they do not overlap.
/// Shapes: `x [N, C, L] -> [N, C, Lo]`; `[C, L]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class MaxPool1d final : public Module {
 public:
  explicit MaxPool1d(PerAxis window, MaxPoolOptions options = {});

  Tensor operator()(const Operand& x) const;
  /// The values, and where they were found: what MaxUnpool1d wants.
  MaxPooled with_indices(const Operand& x) const;

 private:
  PerAxis window_;
  MaxPoolOptions options_;
};

/// MaxPool2d is xgrad::max_pool2d() as a layer: the largest element of windows along the last two axes. Without a
/// stride they do not overlap.
/// Shapes: `x [N, C, H, W] -> [N, C, Ho, Wo]`; `[C, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class MaxPool2d final : public Module {
 public:
  explicit MaxPool2d(PerAxis window, MaxPoolOptions options = {});

  Tensor operator()(const Operand& x) const;
  /// The values, and where they were found: what MaxUnpool2d wants.
  MaxPooled with_indices(const Operand& x) const;

 private:
  PerAxis window_;
  MaxPoolOptions options_;
};

/// MaxPool3d is xgrad::max_pool3d() as a layer: the largest element of windows along the last three axes. Without a
/// stride they do not overlap.
/// Shapes: `x [N, C, D, H, W] -> [N, C, Do, Ho, Wo]`; `[C, D, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class MaxPool3d final : public Module {
 public:
  explicit MaxPool3d(PerAxis window, MaxPoolOptions options = {});

  Tensor operator()(const Operand& x) const;
  /// The values, and where they were found: what MaxUnpool3d wants.
  MaxPooled with_indices(const Operand& x) const;

 private:
  PerAxis window_;
  MaxPoolOptions options_;
};

/// Options of MaxUnpool1d, MaxUnpool2d and MaxUnpool3d: those of the pooling that it undoes.
struct MaxUnpoolOptions {
  PerAxis stride = {};  ///< the window's size where it is not given
  PerAxis padding = 0;
};

/// MaxUnpool1d undoes MaxPool1d as far as it can be: each value goes back to where it was found, zeros elsewhere.
/// Shapes: x and indices `[N, C, Lo] -> [N, C, L]`; `[C, L]` for one sample. Without an output size the extents are
/// (extent - 1) stride - 2 padding + window.
/// Throws: std::invalid_argument, when it is called, for other shapes, and an output size that is a stride or more off;
/// std::out_of_range for an index outside of the result.
class MaxUnpool1d final : public Module {
 public:
  explicit MaxUnpool1d(PerAxis window, MaxUnpoolOptions options = {});

  Tensor operator()(const Operand& x, const Tensor& indices, const Shape& output_size = {}) const;

 private:
  PerAxis window_;
  MaxUnpoolOptions options_;
};

/// MaxUnpool2d undoes MaxPool2d as far as it can be: each value goes back to where it was found, zeros elsewhere.
/// Shapes: x and indices `[N, C, Ho, Wo] -> [N, C, H, W]`; `[C, H, W]` for one sample. Without an output size the
/// extents are (extent - 1) stride - 2 padding + window.
/// Throws: std::invalid_argument, when it is called, for other shapes, and an output size that is a stride or more off;
/// std::out_of_range for an index outside of the result.
class MaxUnpool2d final : public Module {
 public:
  explicit MaxUnpool2d(PerAxis window, MaxUnpoolOptions options = {});

  Tensor operator()(const Operand& x, const Tensor& indices, const Shape& output_size = {}) const;

 private:
  PerAxis window_;
  MaxUnpoolOptions options_;
};

/// MaxUnpool3d undoes MaxPool3d as far as it can be: each value goes back to where it was found, zeros elsewhere.
/// Shapes: x and indices `[N, C, Do, Ho, Wo] -> [N, C, D, H, W]`; `[C, D, H, W]` for one sample. Without an output size
/// the extents are (extent - 1) stride - 2 padding + window.
/// Throws: std::invalid_argument, when it is called, for other shapes, and an output size that is a stride or more off;
/// std::out_of_range for an index outside of the result.
class MaxUnpool3d final : public Module {
 public:
  explicit MaxUnpool3d(PerAxis window, MaxUnpoolOptions options = {});

  Tensor operator()(const Operand& x, const Tensor& indices, const Shape& output_size = {}) const;

 private:
  PerAxis window_;
  MaxUnpoolOptions options_;
};

// ---- Means ----

/// AvgPool1d is xgrad::avg_pool1d() as a layer: the mean of windows along the last axis. Without a stride they do not
/// overlap.
/// Shapes: `x [N, C, L] -> [N, C, Lo]`; `[C, L]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AvgPool1d final : public Module {
 public:
  explicit AvgPool1d(PerAxis window, AvgPoolOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  PerAxis window_;
  AvgPoolOptions options_;
};

/// AvgPool2d is xgrad::avg_pool2d() as a layer: the mean of windows along the last two axes. Without a stride they do
/// not overlap.
/// Shapes: `x [N, C, H, W] -> [N, C, Ho, Wo]`; `[C, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AvgPool2d final : public Module {
 public:
  explicit AvgPool2d(PerAxis window, AvgPoolOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  PerAxis window_;
  AvgPoolOptions options_;
};

/// AvgPool3d is xgrad::avg_pool3d() as a layer: the mean of windows along the last three axes. Without a stride they do
/// not overlap.
/// Shapes: `x [N, C, D, H, W] -> [N, C, Do, Ho, Wo]`; `[C, D, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AvgPool3d final : public Module {
 public:
  explicit AvgPool3d(PerAxis window, AvgPoolOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  PerAxis window_;
  AvgPoolOptions options_;
};

// ---- To a given size ----

/// AdaptiveAvgPool1d is xgrad::adaptive_avg_pool1d() as a layer: the means of windows that cut the last axis into as
/// many parts as the result has places; kSameExtent keeps an axis.
/// Shapes: `x [N, C, L] -> [N, C, size]`; `[C, L]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AdaptiveAvgPool1d final : public Module {
 public:
  explicit AdaptiveAvgPool1d(PerAxis size);

  Tensor operator()(const Operand& x) const;

 private:
  PerAxis size_;
};

/// AdaptiveAvgPool2d is xgrad::adaptive_avg_pool2d() as a layer: the means of windows that cut the last two axes into
/// as many parts as the result has places; kSameExtent keeps an axis.
/// Shapes: `x [N, C, H, W] -> [N, C, size]`; `[C, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AdaptiveAvgPool2d final : public Module {
 public:
  explicit AdaptiveAvgPool2d(PerAxis size);

  Tensor operator()(const Operand& x) const;

 private:
  PerAxis size_;
};

/// AdaptiveAvgPool3d is xgrad::adaptive_avg_pool3d() as a layer: the means of windows that cut the last three axes into
/// as many parts as the result has places; kSameExtent keeps an axis.
/// Shapes: `x [N, C, D, H, W] -> [N, C, size]`; `[C, D, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AdaptiveAvgPool3d final : public Module {
 public:
  explicit AdaptiveAvgPool3d(PerAxis size);

  Tensor operator()(const Operand& x) const;

 private:
  PerAxis size_;
};

/// AdaptiveMaxPool1d is xgrad::adaptive_max_pool1d() as a layer: the largest elements of windows that cut the last axis
/// into as many parts as the result has places; kSameExtent keeps an axis.
/// Shapes: `x [N, C, L] -> [N, C, size]`; `[C, L]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AdaptiveMaxPool1d final : public Module {
 public:
  explicit AdaptiveMaxPool1d(PerAxis size);

  Tensor operator()(const Operand& x) const;
  /// The values, and where they were found.
  MaxPooled with_indices(const Operand& x) const;

 private:
  PerAxis size_;
};

/// AdaptiveMaxPool2d is xgrad::adaptive_max_pool2d() as a layer: the largest elements of windows that cut the last two
/// axes into as many parts as the result has places; kSameExtent keeps an axis.
/// Shapes: `x [N, C, H, W] -> [N, C, size]`; `[C, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AdaptiveMaxPool2d final : public Module {
 public:
  explicit AdaptiveMaxPool2d(PerAxis size);

  Tensor operator()(const Operand& x) const;
  /// The values, and where they were found.
  MaxPooled with_indices(const Operand& x) const;

 private:
  PerAxis size_;
};

/// AdaptiveMaxPool3d is xgrad::adaptive_max_pool3d() as a layer: the largest elements of windows that cut the last
/// three axes into as many parts as the result has places; kSameExtent keeps an axis.
/// Shapes: `x [N, C, D, H, W] -> [N, C, size]`; `[C, D, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class AdaptiveMaxPool3d final : public Module {
 public:
  explicit AdaptiveMaxPool3d(PerAxis size);

  Tensor operator()(const Operand& x) const;
  /// The values, and where they were found.
  MaxPooled with_indices(const Operand& x) const;

 private:
  PerAxis size_;
};

// ---- Power means ----

/// LPPool1d is xgrad::lp_pool1d() as a layer: (sum of x^p)^(1/p) over windows along the last axis.
/// Shapes: `x [N, C, L] -> [N, C, Lo]`; `[C, L]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class LPPool1d final : public Module {
 public:
  LPPool1d(double p, PerAxis window, LpPoolOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  double p_;
  PerAxis window_;
  LpPoolOptions options_;
};

/// LPPool2d is xgrad::lp_pool2d() as a layer: (sum of x^p)^(1/p) over windows along the last two axes.
/// Shapes: `x [N, C, H, W] -> [N, C, Ho, Wo]`; `[C, H, W]` for one sample.
/// Throws: std::invalid_argument, when it is called, as the operator.
class LPPool2d final : public Module {
 public:
  LPPool2d(double p, PerAxis window, LpPoolOptions options = {});

  Tensor operator()(const Operand& x) const;

 private:
  double p_;
  PerAxis window_;
  LpPoolOptions options_;
};

}  // namespace nn
}  // namespace xgrad
