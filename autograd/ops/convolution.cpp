// Three nodes, each linear in both of its inputs, and each differentiated to the other two: the convolution, its
// transpose, and the gradient of the weight. conv_transpose is the second, as users call it.
#include "convolution.hpp"

#include <new>

#include "../extend.hpp"
#include "../kernels/convolution.hpp"
#include "../memory.hpp"
#include "../tensor_impl.hpp"
#include "cast.hpp"
#include "detail/promote.hpp"
#include "detail/result.hpp"
#include "movement.hpp"
#include "reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

constexpr int kAxes = ConvGeometry::kAxes;

/// A convolution by the name of what the user called.
struct Convolution {
  const char* name;
  int axes;
  ConvGeometry geometry;

  Shape with_axes(std::int64_t first, std::int64_t second, const std::int64_t (&extents)[kAxes]) const {
    Shape shape{first, second};
    for (int axis = kAxes - axes; axis < kAxes; ++axis) shape.push_back(extents[axis]);
    return shape;
  }
  Shape x_shape() const { return with_axes(geometry.batch, geometry.groups * geometry.in_channels, geometry.in); }
  Shape y_shape() const { return with_axes(geometry.batch, geometry.groups * geometry.out_channels, geometry.out); }
  Shape w_shape() const {
    return with_axes(geometry.groups * geometry.out_channels, geometry.in_channels, geometry.kernel);
  }
};

/// Runs a kernel with the element type. Room for padded planes that is not there is reported as for a result.
template <class F>
void run_kernel(const Convolution& c, DType dtype, SourceLocation where, const F& f) {
  try {
    if (dtype == DType::int64)
      f(std::int64_t{});
    else
      dispatch_floating(dtype, f);
  } catch (const OutOfMemory&) {
    throw;
  } catch (const std::bad_alloc&) {
    throw OutOfMemory(c.name, concat("the padded planes of x ", c.x_shape()), 0, where);
  }
}

template <class T>
const T* data_or_null(const Tensor& tensor) {
  return tensor.defined() ? data_of<T>(tensor) : nullptr;
}

Tensor convolved(const Convolution& c, const Tensor& x, const Tensor& w, const Tensor& bias, SourceLocation where);
Tensor convolved_back(const Convolution& c, const Tensor& g, const Tensor& w, const Tensor& bias, SourceLocation where);

/// The cotangent of a bias.
Tensor bias_cotangent(const Tensor& g) {
  std::vector<int> axes;
  for (int axis = 0; axis < g.ndim(); ++axis)
    if (axis != 1) axes.push_back(axis);
  return sum(g, Axes(axes));
}

Tensor weight_cotangent(const Convolution& c, const Tensor& given_x, const Tensor& given_g, SourceLocation where) {
  Tensor x = contiguous(given_x), g = contiguous(given_g);
  Tensor w = new_result(c.name, c.w_shape(), x.dtype(), where);
  run_kernel(c, x.dtype(), where, [&]<class T>(T) {
    if constexpr (std::is_floating_point_v<T>) convolve_weight(c.geometry, data_of<T>(x), data_of<T>(g), data_of<T>(w));
  });
  return record(c.name, where, {x, g}, w, {Uses::input(1), Uses::input(0)}, [c](Vjp& vjp) {
    if (vjp.needs(0)) vjp.give(0, convolved_back(c, vjp.input(1), vjp.g(), {}, vjp.where()));
    if (vjp.needs(1)) vjp.give(1, convolved(c, vjp.input(0), vjp.g(), {}, vjp.where()));
  });
}

/// record() of a node with or without a bias.
Tensor record_with_bias(const char* name, SourceLocation where, const Tensor& x, const Tensor& w, const Tensor& bias,
                        const Tensor& y, Rule rule) {
  if (!bias.defined()) return record(name, where, {x, w}, y, {Uses::input(1), Uses::input(0)}, std::move(rule));
  return record(name, where, {x, w, bias}, y, {Uses::input(1), Uses::input(0), Uses()}, std::move(rule));
}

Tensor convolved(const Convolution& c, const Tensor& given_x, const Tensor& given_w, const Tensor& bias,
                 SourceLocation where) {
  Tensor x = contiguous(given_x), w = contiguous(given_w);
  Tensor y = new_checked(c.name, c.y_shape(), x.dtype(), where);
  if (y.numel() > 0)
    run_kernel(c, x.dtype(), where, [&]<class T>(T) {
      convolve(c.geometry, data_of<T>(x), data_of<T>(w), data_or_null<T>(bias), data_of<T>(y));
    });
  return record_with_bias(c.name, where, x, w, bias, y, [c](Vjp& vjp) {
    if (vjp.needs(0)) vjp.give(0, convolved_back(c, vjp.g(), vjp.input(1), {}, vjp.where()));
    if (vjp.needs(1)) vjp.give(1, weight_cotangent(c, vjp.input(0), vjp.g(), vjp.where()));
    if (vjp.needs(2)) vjp.give(2, bias_cotangent(vjp.g()));
  });
}

Tensor convolved_back(const Convolution& c, const Tensor& given_g, const Tensor& given_w, const Tensor& bias,
                      SourceLocation where) {
  Tensor g = contiguous(given_g), w = contiguous(given_w);
  Tensor x = new_checked(c.name, c.x_shape(), g.dtype(), where);
  if (x.numel() > 0)
    run_kernel(c, x.dtype(), where, [&]<class T>(T) {
      convolve_back(c.geometry, data_of<T>(g), data_of<T>(w), data_or_null<T>(bias), data_of<T>(x));
    });
  return record_with_bias(c.name, where, g, w, bias, x, [c](Vjp& vjp) {
    if (vjp.needs(0)) vjp.give(0, convolved(c, vjp.g(), vjp.input(1), {}, vjp.where()));
    if (vjp.needs(1)) vjp.give(1, weight_cotangent(c, vjp.g(), vjp.input(0), vjp.where()));
    if (vjp.needs(2)) vjp.give(2, bias_cotangent(vjp.g()));
  });
}

// ---- What users pass ----

/// x with its batch axis, weight and bias, in their common dtype.
struct ConvOperands {
  Tensor x, weight, bias;
  bool is_batch;
};

ConvOperands checked_operands(const char* name, int axes, const Operand& operand, const Tensor& weight,
                              const Tensor& bias) {
  const Tensor& x = operand.tensor(name);
  SourceLocation where = operand.where();
  static constexpr const char* kShapes[] = {"[N, C, L] or [C, L]", "[N, C, H, W] or [C, H, W]",
                                            "[N, C, D, H, W] or [C, D, H, W]"};
  check(x.ndim() == axes + 1 || x.ndim() == axes + 2, where, name, ": x must be ", kShapes[axes - 1], ", but it is ",
        x.shape(), ".");
  check(weight.defined() && weight.ndim() == axes + 2, where, name, ": weight must have ", axes + 2,
        " axes, but it is ", weight.defined() ? to_string(weight.shape()) : "undefined", ".");
  const Operand w(weight, where), b(bias, where);
  const DType dtype = bias.defined() ? common_dtype(name, {&operand, &w, &b}) : common_dtype(name, {&operand, &w});
  check(dtype != DType::boolean, where, name, ": operands must be numbers, but all are boolean. Use cast().");
  ConvOperands result{cast_for(name, operand, dtype), cast_for(name, w, dtype), {}, x.ndim() == axes + 2};
  if (bias.defined()) result.bias = contiguous(cast_for(name, b, dtype));
  if (!result.is_batch) result.x = unsqueeze(result.x, 0);
  return result;
}

/// The numbers of one option, one for each axis.
void set_numbers(const char* name, const char* what, const PerAxis& numbers, int axes, std::int64_t least,
                 std::int64_t (&to)[kAxes], SourceLocation where) {
  numbers.require(name, what, axes, least, where);
  for (int axis = 0; axis < axes; ++axis) to[kAxes - axes + axis] = numbers[axis];
}

/// A sum of products that an int64 may not hold.
class Exact {
 public:
  Exact& add(std::int64_t a, std::int64_t b = 1) {
    std::int64_t product;
    overflow_ |= __builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(value_, product, &value_);
    return *this;
  }
  std::int64_t value_or_throw(const char* name, SourceLocation where) const {
    check(!overflow_, where, name, ": extents with their padding must fit in an int64, but they do not.");
    return value_;
  }

 private:
  std::int64_t value_ = 0;
  bool overflow_ = false;
};

/// Throws unless the padded planes of a sample can be counted.
void check_padded(const char* name, const ConvGeometry& g, SourceLocation where) {
  Shape padded{g.groups * g.in_channels};
  for (int axis = 0; axis < kAxes; ++axis)
    padded.push_back(Exact()
                         .add(g.out[axis], g.stride[axis])
                         .add(g.kernel[axis], g.dilation[axis])
                         .add(g.in[axis])
                         .value_or_throw(name, where));
  checked_numel(name, padded, where);
}

void check_groups(const char* name, std::int64_t groups, std::int64_t channels, std::int64_t weight_channels,
                  std::int64_t of_x, const Tensor& x, const Tensor& weight, SourceLocation where) {
  check(groups > 0, where, name, ": groups must be at least 1, but there are ", groups, ".");
  check(weight_channels % groups == 0 && of_x == channels, where, name, ": with ", groups,
        groups == 1 ? " group" : " groups", " the channels must fit the weight's, but x is ", x.shape(),
        " and weight is ", weight.shape(), ".");
}

void check_bias(const char* name, const Tensor& bias, std::int64_t outs, const Shape& weight, SourceLocation where) {
  check(!bias.defined() || bias.shape() == Shape{outs}, where, name, ": bias must be [", outs, "], as weight is ",
        weight, ", but it is ", bias.defined() ? bias.shape() : Shape{}, ".");
}

ConvGeometry one_everywhere() {
  ConvGeometry g{};
  for (int axis = 0; axis < kAxes; ++axis)
    g.in[axis] = g.out[axis] = g.kernel[axis] = g.stride[axis] = g.dilation[axis] = 1;
  return g;
}

/// The extents of weight and of x along the axes that the windows move along.
void set_extents(const char* name, int axes, const Tensor& x, const Tensor& weight, std::int64_t (&kernel)[kAxes],
                 std::int64_t (&extents)[kAxes], SourceLocation where) {
  for (int axis = 0; axis < axes; ++axis) {
    kernel[kAxes - axes + axis] = weight.shape()[2 + axis];
    extents[kAxes - axes + axis] = x.shape()[2 + axis];
    check(weight.shape()[2 + axis] > 0, where, name, ": windows must have elements, but weight is ", weight.shape(),
          ".");
    check(x.shape()[2 + axis] > 0, where, name, ": x must have elements along the axes after the channels, but it is ",
          x.shape(), ".");
  }
}

Tensor conv(const char* name, int axes, const Operand& operand, const Tensor& given_weight, const Tensor& given_bias,
            const ConvOptions& options) {
  SourceLocation where = operand.where();
  CallSite site(where);
  const auto [x, weight, bias, is_batch] = checked_operands(name, axes, operand, given_weight, given_bias);
  const std::int64_t groups = options.groups;
  check_groups(name, groups, weight.shape()[1] * std::max<std::int64_t>(groups, 1), weight.shape()[0], x.shape()[1], x,
               weight, where);
  check_bias(name, bias, weight.shape()[0], weight.shape(), where);
  Convolution c{name, axes, one_everywhere()};
  ConvGeometry& g = c.geometry;
  g.batch = x.shape()[0];
  g.groups = groups;
  g.in_channels = weight.shape()[1];
  g.out_channels = weight.shape()[0] / groups;
  set_extents(name, axes, x, weight, g.kernel, g.in, where);
  set_numbers(name, "stride", options.stride, axes, 1, g.stride, where);
  set_numbers(name, "dilation", options.dilation, axes, 1, g.dilation, where);
  if (!options.padding.is_same()) set_numbers(name, "padding", options.padding.numbers(), axes, 0, g.before, where);
  for (int axis = kAxes - axes; axis < kAxes; ++axis) {
    const std::int64_t reach = Exact().add(g.kernel[axis] - 1, g.dilation[axis]).value_or_throw(name, where);
    if (options.padding.is_same()) {
      check(g.stride[axis] == 1, where, name, ": Padding::same needs a stride of 1, but it is ", options.stride.given(),
            ".");
      g.before[axis] = reach / 2;
      g.out[axis] = g.in[axis];
      continue;
    }
    const std::int64_t padded = Exact().add(g.in[axis]).add(2, g.before[axis]).value_or_throw(name, where);
    check(reach < padded, where, name, ": a window must not be larger than the padded x, but x is ", x.shape(),
          ", weight is ", weight.shape(), ", padding ", options.padding.numbers().given(), " and dilation ",
          options.dilation.given(), ".");
    g.out[axis] = (padded - reach - 1) / g.stride[axis] + 1;
  }
  check_padded(name, g, where);
  Tensor y = convolved(c, x, weight, bias, where);
  return is_batch ? y : squeeze(y, 0);
}

Tensor conv_transpose(const char* name, int axes, const Operand& operand, const Tensor& given_weight,
                      const Tensor& given_bias, const ConvTransposeOptions& options) {
  SourceLocation where = operand.where();
  CallSite site(where);
  const auto [x, weight, bias, is_batch] = checked_operands(name, axes, operand, given_weight, given_bias);
  const std::int64_t groups = options.groups;
  check_groups(name, groups, weight.shape()[0], weight.shape()[0], x.shape()[1], x, weight, where);
  check_bias(name, bias, Exact().add(weight.shape()[1], groups).value_or_throw(name, where), weight.shape(), where);
  Convolution c{name, axes, one_everywhere()};
  ConvGeometry& g = c.geometry;  // of the convolution from the result to x
  g.batch = x.shape()[0];
  g.groups = groups;
  g.in_channels = weight.shape()[1];
  g.out_channels = weight.shape()[0] / groups;
  std::int64_t behind[kAxes] = {};
  set_extents(name, axes, x, weight, g.kernel, g.out, where);
  set_numbers(name, "stride", options.stride, axes, 1, g.stride, where);
  set_numbers(name, "dilation", options.dilation, axes, 1, g.dilation, where);
  set_numbers(name, "padding", options.padding, axes, 0, g.before, where);
  set_numbers(name, "output_padding", options.output_padding, axes, 0, behind, where);
  for (int axis = kAxes - axes; axis < kAxes; ++axis) {
    // Of no samples there is no result that could be wrong: it only has a shape.
    const bool is_empty = g.batch == 0;
    check(is_empty || behind[axis] < g.stride[axis] || behind[axis] < g.dilation[axis], where, name,
          ": output_padding must be below the stride or the dilation, but it is ", options.output_padding.given(), ".");
    g.in[axis] = Exact()
                     .add(g.out[axis] - 1, g.stride[axis])
                     .add(-2, g.before[axis])
                     .add(g.dilation[axis], g.kernel[axis] - 1)
                     .add(behind[axis])
                     .add(1)
                     .value_or_throw(name, where);
    check(g.in[axis] > 0 || (is_empty && g.in[axis] == 0), where, name, ": the result must have elements, but x is ",
          x.shape(), ", weight is ", weight.shape(), " and padding is ", options.padding.given(), ".");
  }
  check_padded(name, g, where);
  Tensor y = convolved_back(c, x, weight, bias, where);
  return is_batch ? y : squeeze(y, 0);
}

}  // namespace

Tensor conv1d(const Operand& x, const Tensor& weight, const Tensor& bias, ConvOptions options) {
  return conv("conv1d", 1, x, weight, bias, options);
}
Tensor conv2d(const Operand& x, const Tensor& weight, const Tensor& bias, ConvOptions options) {
  return conv("conv2d", 2, x, weight, bias, options);
}
Tensor conv3d(const Operand& x, const Tensor& weight, const Tensor& bias, ConvOptions options) {
  return conv("conv3d", 3, x, weight, bias, options);
}

Tensor conv_transpose1d(const Operand& x, const Tensor& weight, const Tensor& bias, ConvTransposeOptions options) {
  return conv_transpose("conv_transpose1d", 1, x, weight, bias, options);
}
Tensor conv_transpose2d(const Operand& x, const Tensor& weight, const Tensor& bias, ConvTransposeOptions options) {
  return conv_transpose("conv_transpose2d", 2, x, weight, bias, options);
}
Tensor conv_transpose3d(const Operand& x, const Tensor& weight, const Tensor& bias, ConvTransposeOptions options) {
  return conv_transpose("conv_transpose3d", 3, x, weight, bias, options);
}

}  // namespace xgrad
