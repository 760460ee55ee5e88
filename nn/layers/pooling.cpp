#include "pooling.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- Largest elements ----

Tensor MaxPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return max_pool1d(x, window_, options_); });
}
MaxPooled MaxPool1d::with_indices(const Operand& x) const {
  return call(x, [&] { return max_pool1d_with_indices(x, window_, options_); });
}
Tensor MaxPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return max_pool2d(x, window_, options_); });
}
MaxPooled MaxPool2d::with_indices(const Operand& x) const {
  return call(x, [&] { return max_pool2d_with_indices(x, window_, options_); });
}
Tensor MaxPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return max_pool3d(x, window_, options_); });
}
MaxPooled MaxPool3d::with_indices(const Operand& x) const {
  return call(x, [&] { return max_pool3d_with_indices(x, window_, options_); });
}

Tensor MaxUnpool1d::operator()(const Operand& x, const Tensor& indices, const Shape& output_size) const {
  return call(x, [&] {
    return max_unpool1d(x, indices, window_,
                        {.stride = options_.stride, .padding = options_.padding, .output_size = output_size});
  });
}
Tensor MaxUnpool2d::operator()(const Operand& x, const Tensor& indices, const Shape& output_size) const {
  return call(x, [&] {
    return max_unpool2d(x, indices, window_,
                        {.stride = options_.stride, .padding = options_.padding, .output_size = output_size});
  });
}
Tensor MaxUnpool3d::operator()(const Operand& x, const Tensor& indices, const Shape& output_size) const {
  return call(x, [&] {
    return max_unpool3d(x, indices, window_,
                        {.stride = options_.stride, .padding = options_.padding, .output_size = output_size});
  });
}

// ---- Means ----

Tensor AvgPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return avg_pool1d(x, window_, options_); });
}
Tensor AvgPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return avg_pool2d(x, window_, options_); });
}
Tensor AvgPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return avg_pool3d(x, window_, options_); });
}

// ---- To a given size ----

Tensor AdaptiveAvgPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_avg_pool1d(x, size_); });
}
Tensor AdaptiveAvgPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_avg_pool2d(x, size_); });
}
Tensor AdaptiveAvgPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_avg_pool3d(x, size_); });
}
Tensor AdaptiveMaxPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool1d(x, size_); });
}
MaxPooled AdaptiveMaxPool1d::with_indices(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool1d_with_indices(x, size_); });
}
Tensor AdaptiveMaxPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool2d(x, size_); });
}
MaxPooled AdaptiveMaxPool2d::with_indices(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool2d_with_indices(x, size_); });
}
Tensor AdaptiveMaxPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool3d(x, size_); });
}
MaxPooled AdaptiveMaxPool3d::with_indices(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool3d_with_indices(x, size_); });
}

// ---- Power means ----

Tensor LPPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return lp_pool1d(x, p_, window_, options_); });
}
Tensor LPPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return lp_pool2d(x, p_, window_, options_); });
}

}  // namespace nn
}  // namespace xgrad
