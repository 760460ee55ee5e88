#include "pooling.hpp"

namespace xgrad XGRAD_API {
namespace nn {

// ---- Largest elements ----

MaxPool1d::MaxPool1d(PerAxis window, MaxPoolOptions options) : window_(window), options_(options) {}
Tensor MaxPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return max_pool1d(x, window_, options_); });
}
MaxPooled MaxPool1d::with_indices(const Operand& x) const {
  return call(x, [&] { return max_pool1d_with_indices(x, window_, options_); });
}
MaxPool2d::MaxPool2d(PerAxis window, MaxPoolOptions options) : window_(window), options_(options) {}
Tensor MaxPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return max_pool2d(x, window_, options_); });
}
MaxPooled MaxPool2d::with_indices(const Operand& x) const {
  return call(x, [&] { return max_pool2d_with_indices(x, window_, options_); });
}
MaxPool3d::MaxPool3d(PerAxis window, MaxPoolOptions options) : window_(window), options_(options) {}
Tensor MaxPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return max_pool3d(x, window_, options_); });
}
MaxPooled MaxPool3d::with_indices(const Operand& x) const {
  return call(x, [&] { return max_pool3d_with_indices(x, window_, options_); });
}

MaxUnpool1d::MaxUnpool1d(PerAxis window, MaxUnpoolOptions options) : window_(window), options_(options) {}
Tensor MaxUnpool1d::operator()(const Operand& x, const Tensor& indices, const Shape& output_size) const {
  return call(x, [&] {
    return max_unpool1d(x, indices, window_,
                        {.stride = options_.stride, .padding = options_.padding, .output_size = output_size});
  });
}
MaxUnpool2d::MaxUnpool2d(PerAxis window, MaxUnpoolOptions options) : window_(window), options_(options) {}
Tensor MaxUnpool2d::operator()(const Operand& x, const Tensor& indices, const Shape& output_size) const {
  return call(x, [&] {
    return max_unpool2d(x, indices, window_,
                        {.stride = options_.stride, .padding = options_.padding, .output_size = output_size});
  });
}
MaxUnpool3d::MaxUnpool3d(PerAxis window, MaxUnpoolOptions options) : window_(window), options_(options) {}
Tensor MaxUnpool3d::operator()(const Operand& x, const Tensor& indices, const Shape& output_size) const {
  return call(x, [&] {
    return max_unpool3d(x, indices, window_,
                        {.stride = options_.stride, .padding = options_.padding, .output_size = output_size});
  });
}

// ---- Means ----

AvgPool1d::AvgPool1d(PerAxis window, AvgPoolOptions options) : window_(window), options_(options) {}
Tensor AvgPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return avg_pool1d(x, window_, options_); });
}
AvgPool2d::AvgPool2d(PerAxis window, AvgPoolOptions options) : window_(window), options_(options) {}
Tensor AvgPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return avg_pool2d(x, window_, options_); });
}
AvgPool3d::AvgPool3d(PerAxis window, AvgPoolOptions options) : window_(window), options_(options) {}
Tensor AvgPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return avg_pool3d(x, window_, options_); });
}

// ---- To a given size ----

AdaptiveAvgPool1d::AdaptiveAvgPool1d(PerAxis size) : size_(size) {}
Tensor AdaptiveAvgPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_avg_pool1d(x, size_); });
}
AdaptiveAvgPool2d::AdaptiveAvgPool2d(PerAxis size) : size_(size) {}
Tensor AdaptiveAvgPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_avg_pool2d(x, size_); });
}
AdaptiveAvgPool3d::AdaptiveAvgPool3d(PerAxis size) : size_(size) {}
Tensor AdaptiveAvgPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_avg_pool3d(x, size_); });
}
AdaptiveMaxPool1d::AdaptiveMaxPool1d(PerAxis size) : size_(size) {}
Tensor AdaptiveMaxPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool1d(x, size_); });
}
MaxPooled AdaptiveMaxPool1d::with_indices(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool1d_with_indices(x, size_); });
}
AdaptiveMaxPool2d::AdaptiveMaxPool2d(PerAxis size) : size_(size) {}
Tensor AdaptiveMaxPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool2d(x, size_); });
}
MaxPooled AdaptiveMaxPool2d::with_indices(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool2d_with_indices(x, size_); });
}
AdaptiveMaxPool3d::AdaptiveMaxPool3d(PerAxis size) : size_(size) {}
Tensor AdaptiveMaxPool3d::operator()(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool3d(x, size_); });
}
MaxPooled AdaptiveMaxPool3d::with_indices(const Operand& x) const {
  return call(x, [&] { return adaptive_max_pool3d_with_indices(x, size_); });
}

// ---- Power means ----

LPPool1d::LPPool1d(double p, PerAxis window, LpPoolOptions options) : p_(p), window_(window), options_(options) {}
Tensor LPPool1d::operator()(const Operand& x) const {
  return call(x, [&] { return lp_pool1d(x, p_, window_, options_); });
}
LPPool2d::LPPool2d(double p, PerAxis window, LpPoolOptions options) : p_(p), window_(window), options_(options) {}
Tensor LPPool2d::operator()(const Operand& x) const {
  return call(x, [&] { return lp_pool2d(x, p_, window_, options_); });
}

}  // namespace nn
}  // namespace xgrad
