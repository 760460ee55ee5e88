// Unpooling: the values of a max_pool back at the places where they were found.
#pragma once

#include "../tensor.hpp"
#include "per_axis.hpp"

namespace xgrad XGRAD_API {

/// Options of max_unpool1d, max_unpool2d and max_unpool3d: those of the pooling that is undone.
struct MaxUnpoolingOptions {
  PerAxis stride = {};     ///< the window's size where it is not given
  PerAxis padding = 0;     ///< as the pooling's
  Shape output_size = {};  ///< the extents of the result: all of them, or those along the windows
};
/// Zeros with the values of max_pool1d_with_indices at the places where it found them. Where an index comes several
/// times, as windows that overlap make it, the last one in row-major order stays.
///
/// Several lengths are pooled to the same one: the result has (Lo - 1) stride - 2 padding + window places, or
/// output_size.
/// Shapes: x and indices `[N, C, Lo] -> [N, C, L]`; `[C, Lo]` for one sample.
/// Dtype: x's; indices int64.
/// Derivative: g at the places of the indices; 0 for a value that another one replaced.
/// Throws: std::invalid_argument for other shapes and dtypes, numbers that are not as many as axes or too small, and an
/// output_size that is a stride or more off; std::out_of_range for an index outside of the result.
/// Example: `max_unpool1d(ones({1, 1, 2}), reshape(tensor({1, 2}), {1, 1, 2}), 2)`
/// NumPy: -
/// PyTorch: `nn.functional.max_unpool1d`
Tensor max_unpool1d(const Operand& x, const Tensor& indices, PerAxis window, MaxUnpoolingOptions options = {});
/// Zeros with the values of max_pool2d_with_indices at the places where it found them: see max_unpool1d.
/// Shapes: x and indices `[N, C, Ho, Wo] -> [N, C, H, W]`; `[C, Ho, Wo]` for one sample.
/// Dtype: x's; indices int64.
/// Derivative: as max_unpool1d's.
/// Throws: as max_unpool1d.
/// NumPy: -
/// PyTorch: `nn.functional.max_unpool2d`
Tensor max_unpool2d(const Operand& x, const Tensor& indices, PerAxis window, MaxUnpoolingOptions options = {});
/// Zeros with the values of max_pool3d_with_indices at the places where it found them: see max_unpool1d.
/// Shapes: x and indices `[N, C, Do, Ho, Wo] -> [N, C, D, H, W]`; `[C, Do, Ho, Wo]` for one sample.
/// Dtype: x's; indices int64.
/// Derivative: as max_unpool1d's.
/// Throws: as max_unpool1d.
/// NumPy: -
/// PyTorch: `nn.functional.max_unpool3d`
Tensor max_unpool3d(const Operand& x, const Tensor& indices, PerAxis window, MaxUnpoolingOptions options = {});

}  // namespace xgrad
