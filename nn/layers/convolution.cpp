#include "convolution.hpp"

#include "../../autograd/ops.hpp"
#include "../detail/start.hpp"

namespace xgrad XGRAD_API {
namespace nn {
namespace {

constexpr const char* kWeightShapes[] = {"[out, in / groups, kernel]", "[out, in / groups, kernel, kernel]",
                                         "[out, in / groups, kernel, kernel, kernel]"};
constexpr const char* kTransposedShapes[] = {"[in, out / groups, kernel]", "[in, out / groups, kernel, kernel]",
                                             "[in, out / groups, kernel, kernel, kernel]"};

void check_channels(const char* name, std::int64_t in, std::int64_t out, std::int64_t groups, SourceLocation where) {
  check(in >= 1 && out >= 1, where, name, ": there must be at least one channel, but in_channels is ", in,
        " and out_channels is ", out, ".");
  check(groups >= 1, where, name, ": groups must be at least 1, but it is ", groups, ".");
  check(in % groups == 0, where, name, ": in_channels must be a multiple of groups, but they are ", in, " and ", groups,
        ".");
  check(out % groups == 0, where, name, ": out_channels must be a multiple of groups, but they are ", out, " and ",
        groups, ".");
}

/// [first, second, kernel...]
Shape weight_shape(std::int64_t first, std::int64_t second, int axes, const PerAxis& kernel) {
  Shape shape{first, second};
  for (int axis = 0; axis < axes; ++axis) shape.push_back(kernel[axis]);
  return shape;
}

std::int64_t fan_in(const Shape& weight) { return init::fans(weight).in; }

/// The weight, checked before its extents are read.
const Tensor& checked_weight(const char* name, const Tensor& weight, int axes, const char* shape,
                             SourceLocation where) {
  check(weight.defined(), where, name, ": weight must be a tensor, but it is undefined.");
  check(weight.ndim() == axes + 2, where, name, ": weight must be ", shape, ", but it is ", weight.shape(), ".");
  return weight;
}

PerAxis kernel_of(const Tensor& weight) {
  std::vector<std::int64_t> extents;
  for (int axis = 2; axis < weight.ndim(); ++axis) extents.push_back(weight.shape()[axis]);
  return PerAxis(extents);
}

/// The bias that a layer starts with.
template <class Options>
Tensor first_bias(const char* name, const Tensor& weight, std::int64_t out_channels, const Options& options,
                  SourceLocation where) {
  const detail::Start start{name, options.dtype, options.generator, where};
  return start("bias_init", options.bias_init, detail::uniform_by_fan(fan_in(weight.shape())), {out_channels});
}

template <class Options>
Options on_tensors(Options options, const Tensor& weight, const Tensor& bias) {
  options.weight_init = init::given(weight);
  options.bias = bias.defined();
  options.bias_init = bias.defined() ? init::given(bias) : Initializer();
  options.dtype = weight.dtype();
  return options;
}

}  // namespace

// ---- Convolutions ----

Convolution::Convolution(const char* name, int axes, std::int64_t in_channels, std::int64_t out_channels,
                         PerAxis kernel, const ConvLayerOptions& options, SourceLocation where)
    : axes_(axes),
      options_{
          .stride = options.stride, .padding = options.padding, .dilation = options.dilation, .groups = options.groups},
      padding_mode_(options.padding_mode),
      weight_([&] {
        check_channels(name, in_channels, out_channels, options.groups, where);
        kernel.require(name, "kernel", axes, 1, where);
        options.stride.require(name, "stride", axes, 1, where);
        options.dilation.require(name, "dilation", axes, 1, where);
        options.padding.numbers().require(name, "padding", axes, 0, where);
        for (int axis = 0; axis < axes; ++axis)
          check(!options.padding.is_same() || options.stride[axis] == 1, where, name,
                ": Padding::same must go with a stride of 1, but the stride is ", options.stride.given(), ".");
        detail::Start start{name, options.dtype, options.generator, where};
        return param("weight",
                     start("weight_init", options.weight_init, init::uniform_fan_in(),
                           weight_shape(out_channels, in_channels / options.groups, axes, kernel)),
                     where);
      }()),
      bias_(!options.bias ? Parameter()
                          : param("bias", first_bias(name, weight_, out_channels, options, where), where)) {}

// In braces, what is handed on is made from left to right: the weight is checked before it is read.
Convolution::Convolution(const char* name, int axes, const Tensor& weight, const Tensor& bias, ConvLayerOptions options,
                         SourceLocation where)
    : Convolution{name,
                  axes,
                  checked_weight(name, weight, axes, kWeightShapes[axes - 1], where).shape()[1] * options.groups,
                  weight.shape()[0],
                  kernel_of(weight),
                  on_tensors(options, weight, bias),
                  where} {}

std::int64_t Convolution::in_channels() const { return weight_.shape()[1] * options_.groups; }

namespace {

/// x with the border that the padding asks for, and the options of a convolution of that.
Tensor with_border(const Operand& x, int axes, const Tensor& weight, PadMode mode, ConvOptions& options) {
  std::vector<std::int64_t> widths;  // from the last axis on
  for (int axis = axes - 1; axis >= 0; --axis) {
    // `same` has one more behind than before where the number is odd.
    const std::int64_t total = options.dilation[axis] * (weight.shape()[2 + axis] - 1);
    const std::int64_t each = options.padding.numbers()[axis];
    widths.push_back(options.padding.is_same() ? total / 2 : each);
    widths.push_back(options.padding.is_same() ? total - total / 2 : each);
  }
  options.padding = 0;
  return pad(x, widths, {.mode = mode});
}

Tensor convolved(int axes, const Operand& x, const Tensor& weight, const Tensor& bias, const ConvOptions& options) {
  return axes == 1   ? conv1d(x, weight, bias, options)
         : axes == 2 ? conv2d(x, weight, bias, options)
                     : conv3d(x, weight, bias, options);
}

/// Throws unless x is a batch or one sample, and has the channels.
void check_images(const Operand& operand, int axes, std::int64_t channels) {
  const Tensor& x = operand.tensor("convolution");
  check(x.ndim() == axes + 1 || x.ndim() == axes + 2, operand.where(), "x must have ", axes + 2, " axes, or ", axes + 1,
        " for one sample, but it is ", x.shape(), ".");
  check(x.shape()[x.ndim() - axes - 1] == channels, operand.where(), "x must have ", channels, " channels in axis ",
        x.ndim() - axes - 1, ", but it is ", x.shape(), ".");
}

}  // namespace

Tensor Convolution::operator()(const Operand& x) const {
  return call(x, [&] {
    check_images(x, axes_, in_channels());
    if (padding_mode_ == PadMode::constant) return convolved(axes_, x, weight_, bias_, options_);
    ConvOptions options = options_;
    Tensor padded = with_border(x, axes_, weight_, padding_mode_, options);
    return convolved(axes_, {padded, x.where()}, weight_, bias_, options);
  });
}

// ---- Transposes ----

TransposedConvolution::TransposedConvolution(const char* name, int axes, std::int64_t in_channels,
                                             std::int64_t out_channels, PerAxis kernel,
                                             const ConvTransposeLayerOptions& options, SourceLocation where)
    : axes_(axes),
      options_{.stride = options.stride,
               .padding = options.padding,
               .output_padding = options.output_padding,
               .groups = options.groups,
               .dilation = options.dilation},
      weight_([&] {
        check_channels(name, in_channels, out_channels, options.groups, where);
        kernel.require(name, "kernel", axes, 1, where);
        options.stride.require(name, "stride", axes, 1, where);
        options.padding.require(name, "padding", axes, 0, where);
        options.output_padding.require(name, "output_padding", axes, 0, where);
        options.dilation.require(name, "dilation", axes, 1, where);
        detail::Start start{name, options.dtype, options.generator, where};
        return param("weight",
                     start("weight_init", options.weight_init, init::uniform_fan_in(),
                           weight_shape(in_channels, out_channels / options.groups, axes, kernel)),
                     where);
      }()),
      bias_(!options.bias ? Parameter()
                          : param("bias", first_bias(name, weight_, out_channels, options, where), where)) {}

TransposedConvolution::TransposedConvolution(const char* name, int axes, const Tensor& weight, const Tensor& bias,
                                             ConvTransposeLayerOptions options, SourceLocation where)
    : TransposedConvolution{name,
                            axes,
                            checked_weight(name, weight, axes, kTransposedShapes[axes - 1], where).shape()[0],
                            weight.shape()[1] * options.groups,
                            kernel_of(weight),
                            on_tensors(options, weight, bias),
                            where} {}

std::int64_t TransposedConvolution::out_channels() const { return weight_.shape()[1] * options_.groups; }

Tensor TransposedConvolution::transposed(const Operand& x, const ConvTransposeOptions& options) const {
  check_images(x, axes_, in_channels());
  return axes_ == 1   ? conv_transpose1d(x, weight_, bias_, options)
         : axes_ == 2 ? conv_transpose2d(x, weight_, bias_, options)
                      : conv_transpose3d(x, weight_, bias_, options);
}

Tensor TransposedConvolution::operator()(const Operand& x) const {
  return call(x, [&] { return transposed(x, options_); });
}

Tensor TransposedConvolution::operator()(const Operand& x, const Shape& output_size) const {
  return call(x, [&] {
    check_images(x, axes_, in_channels());
    const Shape& shape = x.tensor("convolution").shape();
    check(output_size.ndim() == axes_ || output_size.ndim() == shape.ndim(), x.where(), "output_size must have ", axes_,
          " or ", shape.ndim(), " extents, but it is ", output_size, ".");
    std::vector<std::int64_t> paddings;
    for (int axis = 0; axis < axes_; ++axis) {
      const std::int64_t asked = output_size[output_size.ndim() - axes_ + axis];
      const std::int64_t least = (shape[shape.ndim() - axes_ + axis] - 1) * options_.stride[axis] -
                                 2 * options_.padding[axis] +
                                 options_.dilation[axis] * (weight_.shape()[2 + axis] - 1) + 1;
      check(least <= asked && asked < least + options_.stride[axis], x.where(), "output_size along axis ", axis,
            " of the windows must be in [", least, ", ", least + options_.stride[axis], "), but it is ", asked, ".");
      paddings.push_back(asked - least);
    }
    ConvTransposeOptions options = options_;
    options.output_padding = PerAxis(paddings);
    return transposed(x, options);
  });
}

Conv1d::Conv1d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel, Conv1dOptions options,
               SourceLocation where)
    : Convolution("Conv1d", 1, in_channels, out_channels, kernel, options, where) {}
Conv1d::Conv1d(const Tensor& weight, const Tensor& bias, Conv1dOptions options, SourceLocation where)
    : Convolution("Conv1d", 1, weight, bias, options, where) {}
Conv2d::Conv2d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel, Conv2dOptions options,
               SourceLocation where)
    : Convolution("Conv2d", 2, in_channels, out_channels, kernel, options, where) {}
Conv2d::Conv2d(const Tensor& weight, const Tensor& bias, Conv2dOptions options, SourceLocation where)
    : Convolution("Conv2d", 2, weight, bias, options, where) {}
Conv3d::Conv3d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel, Conv3dOptions options,
               SourceLocation where)
    : Convolution("Conv3d", 3, in_channels, out_channels, kernel, options, where) {}
Conv3d::Conv3d(const Tensor& weight, const Tensor& bias, Conv3dOptions options, SourceLocation where)
    : Convolution("Conv3d", 3, weight, bias, options, where) {}
ConvTranspose1d::ConvTranspose1d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                                 ConvTranspose1dOptions options, SourceLocation where)
    : TransposedConvolution("ConvTranspose1d", 1, in_channels, out_channels, kernel, options, where) {}
ConvTranspose1d::ConvTranspose1d(const Tensor& weight, const Tensor& bias, ConvTranspose1dOptions options,
                                 SourceLocation where)
    : TransposedConvolution("ConvTranspose1d", 1, weight, bias, options, where) {}
ConvTranspose2d::ConvTranspose2d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                                 ConvTranspose2dOptions options, SourceLocation where)
    : TransposedConvolution("ConvTranspose2d", 2, in_channels, out_channels, kernel, options, where) {}
ConvTranspose2d::ConvTranspose2d(const Tensor& weight, const Tensor& bias, ConvTranspose2dOptions options,
                                 SourceLocation where)
    : TransposedConvolution("ConvTranspose2d", 2, weight, bias, options, where) {}
ConvTranspose3d::ConvTranspose3d(std::int64_t in_channels, std::int64_t out_channels, PerAxis kernel,
                                 ConvTranspose3dOptions options, SourceLocation where)
    : TransposedConvolution("ConvTranspose3d", 3, in_channels, out_channels, kernel, options, where) {}
ConvTranspose3d::ConvTranspose3d(const Tensor& weight, const Tensor& bias, ConvTranspose3dOptions options,
                                 SourceLocation where)
    : TransposedConvolution("ConvTranspose3d", 3, weight, bias, options, where) {}

}  // namespace nn
}  // namespace xgrad
