#include "check_operator.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <optional>

#include "gradcheck.hpp"
#include "../ops/create.hpp"
#include "../ops/elementwise.hpp"
#include "../ops/index.hpp"
#include "../ops/movement.hpp"
#include "../ops/random.hpp"

namespace xgrad {
namespace {

constexpr std::size_t kMostErrors = 8;

using Tensors = std::vector<Tensor>;

// ---- Making inputs ----

Tensor draw(const OperatorInput& input, const Shape& shape, Generator& generator) {
  Tensor uniform_numbers = uniform(shape, 0, 1, {.dtype = DType::float64}, generator);
  std::vector<double> numbers = uniform_numbers.to_vector<double>();
  double keep_away = (input.high - input.low) / 20;
  for (double& number : numbers) {
    number = input.low + (input.high - input.low) * number;
    if (!is_floating(input.dtype)) number = std::floor(number);
    for (double point : input.avoid)
      if (std::abs(number - point) < keep_away) number = point + std::copysign(keep_away, number - point);
  }
  return cast(from_data(numbers.data(), shape), input.dtype);
}

/// Shapes for an elementwise operator of so many operands.
std::vector<std::vector<Shape>> elementwise_shapes(std::size_t operands) {
  std::vector<std::vector<Shape>> sets;
  for (const Shape& shape : {Shape{2, 3}, Shape{}, Shape{0}, Shape{3, 0, 2}, Shape{67}, Shape{3, 5, 7}})
    sets.push_back(std::vector<Shape>(operands, shape));
  if (operands < 2) return sets;
  const std::vector<std::vector<Shape>> kBroadcasts = {
      {{2, 3}, {}, {3}}, {{3, 1}, {1, 4}, {4}}, {{4}, {2, 3, 4}, {3, 1}}, {{2, 0}, {1, 1}, {}}, {{1}, {33}, {1, 1}}};
  for (const std::vector<Shape>& shapes : kBroadcasts)
    for (std::size_t turn = 0; turn < operands; ++turn) {
      std::vector<Shape> set;
      for (std::size_t i = 0; i < operands; ++i) set.push_back(shapes[(i + turn) % 3]);
      sets.push_back(set);
    }
  return sets;
}

/// The same elements with the strides of the transposed tensor.
Tensor transposed(const Tensor& x) {
  std::vector<int> reversed;
  for (int axis = x.ndim() - 1; axis >= 0; --axis) reversed.push_back(axis);
  return permute(copy(permute(x, Axes(reversed))), Axes(reversed));
}

/// The same elements, each second one of a larger tensor, backwards; between them lies what must not be read.
Tensor backwards(const Tensor& x) {
  if (x.ndim() == 0) return x;
  int last = x.ndim() - 1;
  std::int64_t length = x.shape()[last];
  Tensor gap = full_like(x, is_floating(x.dtype()) ? std::numeric_limits<double>::quiet_NaN() : 0);
  Shape wide = x.shape();
  wide[last] *= 2;
  // x[n-1], gap, x[n-2], gap ...
  Tensor pairs = reshape(stack({flip(x, last), gap}, x.ndim()), wide);
  return narrow(pairs, last, std::max<std::int64_t>(2 * length - 2, 0), length, -2);
}

/// The same elements in the middle of a larger tensor.
Tensor offset(const Tensor& x) {
  Tensor gap = full_like(x, is_floating(x.dtype()) ? std::numeric_limits<double>::quiet_NaN() : 0);
  return stack({gap, x, gap})[1];
}

/// Along one axis the first element only, stretched by stride 0.
Tensor expanded(const Tensor& x) {
  for (int axis = 0; axis < x.ndim(); ++axis)
    if (x.shape()[axis] > 1) return expand(narrow(x, axis, 0, 1), x.shape());
  return x;
}

Tensors map_all(const Tensors& tensors, Tensor (*f)(const Tensor&)) {
  Tensors results;
  for (const Tensor& tensor : tensors) results.push_back(f(tensor));
  return results;
}

Tensor to_float32(const Tensor& x) { return is_floating(x.dtype()) ? cast(x, DType::float32) : x; }
Tensor to_float64(const Tensor& x) { return is_floating(x.dtype()) ? cast(x, DType::float64) : x; }
Tensor plain_copy(const Tensor& x) { return copy(x); }

// ---- Comparing ----

std::string index_text(std::int64_t position, const Shape& shape) {
  Shape index = shape;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    index[axis] = position % shape[axis];
    position /= shape[axis];
  }
  return to_string(index);
}

std::string digits(double value) {
  if (std::isnan(value)) return "nan";
  char text[40];
  std::snprintf(text, sizeof text, "%.10g", value);
  return text;
}

double largest_of(const Tensor& tensor) {
  double largest = 0;
  for (double number : tensor.to_vector<double>())
    if (std::isfinite(number)) largest = std::max(largest, std::abs(number));
  return largest;
}

double largest_of(const Tensors& tensors) {
  double largest = 0;
  for (const Tensor& tensor : tensors) largest = std::max(largest, largest_of(tensor));
  return largest;
}

struct Closeness {
  double rtol = 0;        // relative to the element
  double of_largest = 0;  // relative to the largest finite element
  double absolute = 0;
};

/// Empty, or by what the tensors differ.
std::string difference(const Tensor& actual, const Tensor& expected, Closeness closeness) {
  if (actual.shape() != expected.shape())
    return concat("the shape must be ", expected.shape(), ", but it is ", actual.shape());
  std::vector<double> a = actual.to_vector<double>(), b = expected.to_vector<double>();
  double largest = largest_of(expected);
  for (std::size_t i = 0; i < a.size(); ++i) {
    bool same =
        a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
        std::abs(a[i] - b[i]) <= closeness.rtol * std::abs(b[i]) + closeness.of_largest * largest + closeness.absolute;
    if (!same)
      return concat("element ", index_text(static_cast<std::int64_t>(i), actual.shape()), " must be ", digits(b[i]),
                    ", but it is ", digits(a[i]));
  }
  return "";
}

std::string shapes_text(const Tensors& tensors) {
  std::string text;
  for (const Tensor& tensor : tensors) {
    if (!text.empty()) text += ", ";
    append_text(text, tensor.shape());
  }
  return text;
}

/// One run over a row.
class OperatorCheck {
 public:
  OperatorCheck(const OperatorRow& row, SourceLocation where) : row_(row), where_(where), generator_(row.seed) {}

  OperatorReport run() {
    std::vector<std::vector<Shape>> sets = row_.shapes.empty() ? elementwise_shapes(row_.inputs.size()) : row_.shapes;
    for (const std::vector<Shape>& shapes : sets) {
      check(shapes.size() == row_.inputs.size(), where_, "check_operator: '", row_.name,
            "' must have a shape for each of its ", row_.inputs.size(), " inputs, but a set has ", shapes.size(), ".");
      Tensors inputs;
      for (std::size_t i = 0; i < shapes.size(); ++i) inputs.push_back(draw(row_.inputs[i], shapes[i], generator_));
      guarded(shapes_text(inputs), [&] { check_inputs(inputs); });
    }
    if (row_.shapes.empty() && !row_.extremes.empty()) guarded("extreme numbers", [&] { check_extremes(); });
    return std::move(report_);
  }

 private:
  /// Turns an exception of the operator into a finding.
  template <class F>
  void guarded(const std::string& what, F&& body) {
    if (report_.errors.size() >= kMostErrors) return;
    try {
      body();
    } catch (const std::exception& error) {
      report_.errors.push_back(concat(row_.name, " of ", what, ": it must not throw, but it said: ", error.what()));
    }
  }

  void expect(bool holds, const Tensors& inputs, const char* kind, const std::string& what) {
    ++report_.checks;
    if (!holds && report_.errors.size() < kMostErrors)
      report_.errors.push_back(
          concat(row_.name, " of ", shapes_text(inputs), ", ", kind, ": ", what, what.ends_with('.') ? "" : "."));
  }
  void expect_same(const Tensors& inputs, const char* kind, const Tensor& actual, const Tensor& expected,
                   Closeness closeness) {
    std::string what = difference(actual, expected, closeness);
    expect(what.empty(), inputs, kind, what);
  }

  Tensor call(const Tensors& inputs) {
    Tensor value = row_.function.call()(inputs);
    check<std::logic_error>(value.defined(), where_, "the value must be a tensor, but it is undefined.");
    return value;
  }

  void check_inputs(const Tensors& inputs) {
    Tensor value = call(inputs);
    check_value(inputs, value);
    check_float32(inputs);
    if (!is_floating(value.dtype()) || row_.order == 0) {
      check_layouts(inputs, value, {});
    } else {
      Tensor cotangent = uniform(value.shape(), 0.5, 1.5, {.dtype = value.dtype()}, generator_);
      check_layouts(inputs, value, cotangent);
      check_recording(inputs, value, cotangent);
      check_gradient(inputs);
    }
    if (row_.propagates_nan) check_nan(inputs);
  }

  void check_value(const Tensors& inputs, const Tensor& value) {
    Tensors before = map_all(inputs, plain_copy);
    expect(!value.requires_grad(), inputs, "constants", "the value must not require a gradient");
    if (row_.reference)
      expect_same(inputs, "float64", value, by_reference(inputs), {.rtol = row_.rtol, .of_largest = 1e-3 * row_.rtol});
    else if (row_.expected)
      expect_same(inputs, "float64", value, row_.expected(inputs),
                  {.rtol = row_.rtol, .of_largest = row_.rtol, .absolute = 1e-3 * row_.rtol * largest_of(inputs)});
    call(inputs);
    for (std::size_t i = 0; i < inputs.size(); ++i)
      expect_same(inputs, "inputs after the call", inputs[i], before[i], {});
  }

  Tensor by_reference(const Tensors& inputs) const {
    Shape shape = inputs[0].shape();
    for (const Tensor& input : inputs) shape = broadcast_shapes(row_.name.c_str(), shape, input.shape(), where_);
    std::vector<std::vector<double>> operands;
    for (const Tensor& input : inputs) operands.push_back(expand(input, shape).to_vector<double>());
    std::vector<double> results(static_cast<std::size_t>(shape.numel())), elements(inputs.size());
    for (std::size_t i = 0; i < results.size(); ++i) {
      for (std::size_t k = 0; k < operands.size(); ++k) elements[k] = operands[k][i];
      results[i] = row_.reference(elements);
    }
    return from_data(results.data(), shape);
  }

  bool takes_floating(const Tensors& inputs) const {
    return std::any_of(inputs.begin(), inputs.end(), [](const Tensor& x) { return is_floating(x.dtype()); });
  }

  void check_float32(const Tensors& inputs) {
    if (!takes_floating(inputs)) return;
    Tensors narrow = map_all(inputs, to_float32), wide = map_all(narrow, to_float64);
    Tensor value = call(narrow), expected = call(wide);
    DType dtype = is_floating(expected.dtype()) ? DType::float32 : expected.dtype();
    expect(value.dtype() == dtype, inputs, "float32",
           concat("the dtype must be ", dtype, ", but it is ", value.dtype()));
    Closeness closeness{.rtol = row_.rtol32, .of_largest = row_.rtol32};
    expect_same(inputs, "float32", value, expected, closeness);
    // Where a derivative is the small difference of larger terms (the flat ends of sigmoid), those set its error.
    double size = largest_of(wide);
    if (size > 0) closeness.absolute = row_.rtol32 * largest_of(expected) / size;
    if (!is_floating(value.dtype()) || row_.order == 0) return;
    Tensor cotangent = uniform(value.shape(), 0.5, 1.5, {.dtype = DType::float32}, generator_);
    Tensors gradients = pull_back(narrow, cotangent), exact = pull_back(wide, to_float64(cotangent));
    for (std::size_t i = 0; i < gradients.size(); ++i)
      expect_same(inputs, "gradient in float32", gradients[i], exact[i], closeness);
  }

  /// The gradients by the floating inputs.
  Tensors pull_back(const Tensors& inputs, const Tensor& cotangent) {
    Tensors variables;
    std::vector<std::size_t> which;
    for (std::size_t i = 0; i < inputs.size(); ++i)
      if (is_floating(inputs[i].dtype())) {
        which.push_back(i);
        variables.push_back(inputs[i]);
      }
    TensorFunction f = [&](std::span<const Tensor> arguments) {
      Tensors all = inputs;
      for (std::size_t k = 0; k < which.size(); ++k) all[which[k]] = arguments[k];
      return call(all);
    };
    return functional::vjp(f, variables, cotangent, where_);
  }

  void check_layouts(const Tensors& inputs, const Tensor& value, const Tensor& cotangent) {
    const struct {
      const char* name;
      Tensor (*make)(const Tensor&);
    } kLayouts[] = {{"transposed layout", transposed},
                    {"backward strides", backwards},
                    {"offset", offset},
                    {"expanded by stride 0", expanded}};
    // Another order of summation is allowed, another value is not.
    Closeness closeness{.rtol = 1e-12, .of_largest = 1e-13};
    Tensors gradients = cotangent.defined() ? pull_back(inputs, cotangent) : Tensors{};
    for (const auto& layout : kLayouts) {
      Tensors laid_out = map_all(inputs, layout.make);
      bool is_other = layout.make == expanded;  // these are other elements
      Tensors contiguous_inputs = is_other ? map_all(laid_out, plain_copy) : inputs;
      expect_same(inputs, layout.name, call(laid_out), is_other ? call(contiguous_inputs) : value, closeness);
      if (!cotangent.defined()) continue;
      Tensors expected = is_other ? pull_back(contiguous_inputs, cotangent) : gradients;
      compare_all(inputs, concat("gradient, ", layout.name), pull_back(laid_out, cotangent), expected, closeness);
      compare_all(inputs, concat("gradient, cotangent with ", layout.name), pull_back(inputs, layout.make(cotangent)),
                  is_other ? pull_back(inputs, copy(layout.make(cotangent))) : gradients, closeness);
    }
  }

  void compare_all(const Tensors& inputs, const std::string& kind, const Tensors& actual, const Tensors& expected,
                   Closeness closeness) {
    for (std::size_t i = 0; i < actual.size(); ++i)
      expect_same(inputs, kind.c_str(), actual[i], expected[i], closeness);
  }

  /// Recorded or not, the value is the same; each input's gradient is the same whether others need one or not.
  void check_recording(const Tensors& inputs, const Tensor& value, const Tensor& cotangent) {
    Tensors together = pull_back(inputs, cotangent);
    std::size_t floating = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!is_floating(inputs[i].dtype())) continue;
      Tensors arguments = inputs;
      arguments[i] = inputs[i].detach().set_requires_grad();
      Tensor recorded = call(arguments);
      expect_same(inputs, "recorded", recorded, value, {});
      {
        NoGrad no_grad;
        Tensor unrecorded = call(arguments);
        bool is_argument = unrecorded.is_same(arguments[i]);  // as of contiguous()
        expect(is_argument || !unrecorded.requires_grad(), inputs, "NoGrad", "the value must not require a gradient");
      }
      Tensor alone;
      if (recorded.requires_grad())
        alone = grad(Tensors{recorded}, Tensors{arguments[i]}, Tensors{cotangent}, {.allow_unused = true}, where_)[0];
      if (!alone.defined()) alone = zeros_like(inputs[i]);
      expect_same(inputs, concat("gradient by input ", i, " alone").c_str(), alone, together[floating++],
                  {.rtol = 1e-14});
    }
  }

  void check_gradient(const Tensors& inputs) {
    if (!takes_floating(inputs)) return;
    ++report_.checks;
    GradcheckReport gradient =
        functional::gradcheck(row_.function.call(), inputs, {.order = row_.order, .seed = row_.seed}, false, where_);
    report_.kinks += static_cast<int>(gradient.kinks.size());
    expect(gradient.passed(), inputs, "gradient", gradient.text());
  }

  void check_nan(const Tensors& inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      if (!is_floating(inputs[i].dtype()) || inputs[i].numel() == 0) continue;
      for (DType dtype : {DType::float64, DType::float32}) {
        Tensors with_nan = dtype == DType::float64 ? inputs : map_all(inputs, to_float32);
        std::vector<double> numbers = with_nan[i].to_vector<double>();
        numbers[numbers.size() / 2] = std::numeric_limits<double>::quiet_NaN();
        with_nan[i] = cast(from_data(numbers.data(), inputs[i].shape()), dtype);
        Tensor value = call(with_nan);
        if (!is_floating(value.dtype()) || value.numel() == 0) continue;
        std::vector<double> results = value.to_vector<double>();
        bool any_nan = std::any_of(results.begin(), results.end(), [](double x) { return std::isnan(x); });
        expect(any_nan, inputs, "nan", concat("a nan in input ", i, " must make a nan in the value"));
      }
    }
  }

  /// All combinations of the extreme numbers.
  void check_extremes() {
    for (DType dtype : {DType::float64, DType::float32}) {
      std::size_t operands = row_.inputs.size(), count = 1;
      for (std::size_t k = 0; k < operands; ++k) count *= row_.extremes.size();
      Tensors inputs;
      for (std::size_t k = 0, stride = 1; k < operands; ++k, stride *= row_.extremes.size()) {
        std::vector<double> numbers;
        for (std::size_t i = 0; i < count; ++i) numbers.push_back(row_.extremes[i / stride % row_.extremes.size()]);
        inputs.push_back(cast(from_vector(numbers), is_floating(row_.inputs[k].dtype) ? dtype : row_.inputs[k].dtype));
      }
      check_extremes_of(inputs, dtype);
    }
  }

  void check_extremes_of(const Tensors& inputs, DType dtype) {
    bool narrow = dtype == DType::float32;
    Tensor value = call(inputs);
    const char* kind = narrow ? "extreme numbers in float32" : "extreme numbers";
    if (row_.reference) {
      Tensor expected = cast(by_reference(inputs), value.dtype());
      // Numbers below the smallest normal one have few digits or none.
      double smallest = narrow ? std::numeric_limits<float>::min() : std::numeric_limits<double>::min();
      expect_same(inputs, kind, value, expected, {.rtol = narrow ? row_.rtol32 : row_.rtol, .absolute = smallest});
    }
    if (!is_floating(value.dtype()) || row_.order == 0) return;
    Tensors gradients = pull_back(inputs, ones_like(value));
    std::vector<double> values = value.to_vector<double>();
    std::size_t floating = 0;
    for (std::size_t k = 0; k < inputs.size(); ++k) {
      if (!is_floating(inputs[k].dtype())) continue;
      std::vector<double> gradient = gradients[floating++].to_vector<double>();
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        bool finite = std::isfinite(values[i]);
        std::string at;
        for (const Tensor& input : inputs) {
          double x = input.to_vector<double>()[i];
          finite &= std::isfinite(x);
          at += (at.empty() ? "" : ", ") + digits(x);
        }
        expect(!finite || !std::isnan(gradient[i]), inputs, kind,
               concat("the gradient by input ", k, " at (", at, ") must not be nan where the value is finite"));
      }
    }
  }

  const OperatorRow& row_;
  SourceLocation where_;
  Generator generator_;
  OperatorReport report_;
};

}  // namespace

std::string OperatorReport::text() const {
  if (passed()) return concat("check_operator: ", checks, " checks hold.");
  std::string text;
  for (const std::string& error : errors) text += concat(text.empty() ? "check_operator: " : "\n  ", error);
  return text;
}

OperatorReport check_operator_report(const OperatorRow& row, SourceLocation where) {
  check(!row.inputs.empty(), where, "check_operator: '", row.name, "' must have at least one input.");
  check(!row.reference || row.reference.arity() == row.inputs.size(), where, "check_operator: the reference of '",
        row.name, "' must take as many numbers as the operator has inputs, but it takes ", row.reference.arity(),
        " and there are ", row.inputs.size(), ". Set .inputs.");
  for (const OperatorInput& input : row.inputs)
    check(input.low <= input.high, where, "check_operator: low must be at most high, but an input of '", row.name,
          "' has ", input.low, " and ", input.high, ".");
  return OperatorCheck(row, CallSite::or_else(where)).run();
}

OperatorReport check_operator(const OperatorRow& row, SourceLocation where) {
  OperatorReport report = check_operator_report(row, where);
  where = CallSite::or_else(where);
  if (!report.passed()) throw operator_error(report.text() + (where.known() ? concat(" at ", where) : ""));
  return report;
}

}  // namespace xgrad
