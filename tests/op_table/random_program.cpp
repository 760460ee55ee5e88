#include "random_program.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <sstream>
#include <utility>

#include <xgrad/autograd/extend.hpp>
#include <xgrad/autograd/grad_mode.hpp>
#include <xgrad/autograd/ops.hpp>

namespace xgrad::testing {
namespace {

/// Whole numbers and choices from one seed.
class Choices {
 public:
  explicit Choices(std::uint64_t seed) : state_(seed * 0x9e3779b97f4a7c15u + 0x1234567) {}
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  int below(std::size_t count) { return static_cast<int>(next() % count); }
  bool chance(int one_in) { return below(static_cast<std::size_t>(one_in)) == 0; }
  template <class List>
  const auto& of(const List& list) {
    return list[static_cast<std::size_t>(below(std::size(list)))];
  }

 private:
  std::uint64_t state_;
};

Tensor drawn(const Shape& shape, double low, double high, DType dtype, std::uint64_t seed) {
  Generator generator(seed);
  std::vector<double> numbers = uniform(shape, low, high, {.dtype = DType::float64}, generator).to_vector<double>();
  if (!is_floating(dtype))
    for (double& number : numbers) number = std::floor(number);
  return cast(from_data(numbers.data(), shape), dtype);
}

Tensor in_layout(const Tensor& x, Stored stored) {
  if (x.ndim() == 0) return x;
  std::vector<int> reversed;
  for (int axis = x.ndim() - 1; axis >= 0; --axis) reversed.push_back(axis);
  switch (stored) {
    case Stored::transposed:
      return permute(copy(permute(x, Axes(reversed))), Axes(reversed));
    case Stored::backwards: {
      // Each second element of a larger tensor, from its end.
      const int last = x.ndim() - 1;
      const std::int64_t length = x.size(last);
      Shape wide = x.shape();
      wide[last] *= 2;
      const Tensor pairs = reshape(stack({flip(x, last), zeros_like(x)}, x.ndim()), wide);
      return narrow(pairs, last, std::max<std::int64_t>(2 * length - 2, 0), length, -2);
    }
    case Stored::offset:
      return stack({zeros_like(x), x, zeros_like(x)})[1];
    case Stored::expanded:
      for (int axis = 0; axis < x.ndim(); ++axis)
        if (x.size(axis) > 1) return expand(narrow(x, axis, 0, 1), x.shape());
      return x;
    case Stored::plain:
      break;
  }
  return x;
}

const char* name_of(Stored stored) {
  switch (stored) {
    case Stored::transposed:
      return "Stored::transposed";
    case Stored::backwards:
      return "Stored::backwards";
    case Stored::offset:
      return "Stored::offset";
    case Stored::expanded:
      return "Stored::expanded";
    case Stored::plain:
      break;
  }
  return "Stored::plain";
}

std::string name_of(DType dtype) { return concat("DType::", dtype == DType::boolean ? "boolean" : name(dtype)); }
std::string braced(const Shape& shape) {
  std::string text = to_string(shape);
  text.front() = '{';
  text.back() = '}';
  return text;
}

/// The operand that is made of a value; `x` is undefined for a constant of its own.
Tensor operand_of(const Fitted& fitted, const Tensor& x, DType dtype) {
  if (fitted.value < 0) {
    const DType own = is_floating(fitted.dtype) ? dtype : fitted.dtype;
    return in_layout(drawn(fitted.shape, fitted.low, fitted.high, own, fitted.seed), fitted.stored);
  }
  return fitted.is_bounded ? fit(x, fitted.shape, fitted.stored, fitted.low, fitted.high)
                           : fit(x, fitted.shape, fitted.stored);
}

/// Weights between 0.5 and 1.5, never the same twice.
Tensor weights_for(const Tensor& value, std::uint64_t seed) {
  return drawn(value.shape(), 0.5, 1.5, value.dtype(), seed);
}

/// The largest of the cotangents around a step, which its rule comes by.
using LargestCotangent = std::shared_ptr<double>;

double largest_of(const Tensor& x) { return x.numel() > 0 ? max(abs(x)).item<double>() : 0; }

/// A step's result that notes its cotangent.
Tensor noting(const Tensor& result, const LargestCotangent& largest) {
  return record("noting", SourceLocation::current(), {result}, result.detach(), {}, [largest](Vjp& vjp) {
    *largest = largest_of(vjp.g());
    vjp.give(0, vjp.take_g());
  });
}

/// A step's operand whose cotangent is disturbed.
Tensor with_disturbed_cotangent(const Tensor& operand, const LargestCotangent& largest, double size,
                                std::uint64_t seed) {
  return record("disturbed", SourceLocation::current(), {operand}, operand.detach(), {}, [=](Vjp& vjp) {
    const Tensor g = vjp.g();
    const double scale = std::max(*largest, largest_of(g));
    vjp.give(0, g + 0.1 * size * scale * sign(drawn(g.shape(), -1, 1, g.dtype(), seed)));
  });
}

/// The results of the steps after the leaves; undefined where a result is not floating.
std::vector<Tensor> values_of(const Program& program, std::span<const Tensor> leaves, Disturbance disturbance) {
  std::vector<Tensor> values(leaves.begin(), leaves.end());
  const DType dtype = leaves.front().dtype();
  std::uint64_t seed = disturbance.seed;
  for (const Step& step : program.steps) {
    std::vector<Tensor> operands;
    const auto largest = std::make_shared<double>(0);
    for (const Fitted& fitted : step.operands) {
      const Tensor x = fitted.value < 0 ? Tensor() : values[static_cast<std::size_t>(fitted.value)];
      Tensor operand = operand_of(fitted, x, dtype);
      if (disturbance.size != 0 && is_floating(operand.dtype())) {
        const Shape shape = disturbance.keeps_equals ? Shape{} : operand.shape();
        operand = operand * (1 + disturbance.size * sign(drawn(shape, -1, 1, operand.dtype(), ++seed)));
      }
      if (disturbance.as_float32 && is_floating(operand.dtype()))
        operand = with_disturbed_cotangent(cast(cast(operand, DType::float32), operand.dtype()), largest,
                                           disturbance.size, ++seed);
      operands.push_back(std::move(operand));
    }
    Tensor result = step.row->function.call()(operands);
    if (disturbance.size != 0 && is_floating(result.dtype()))
      result = result + 0.1 * disturbance.size * sign(drawn(result.shape(), -1, 1, result.dtype(), ++seed));
    if (disturbance.as_float32 && is_floating(result.dtype())) result = noting(result, largest);
    values.push_back(std::move(result));
  }
  return values;
}

/// The interval between two neighbours among the points that a row's input avoids, a twentieth of the range away from
/// them.
void choose_interval(const OperatorInput& input, Choices& choices, Fitted& fitted) {
  const double margin = (input.high - input.low) / 20;
  std::vector<std::pair<double, double>> intervals;
  double low = input.low;
  std::vector<double> points = input.avoid;
  std::sort(points.begin(), points.end());
  for (double point : points) {
    if (point - margin > low) intervals.emplace_back(low, std::min(point - margin, input.high));
    low = std::max(low, point + margin);
  }
  if (input.high > low) intervals.emplace_back(low, input.high);
  const auto& [chosen_low, chosen_high] = choices.of(intervals);
  fitted.low = chosen_low;
  fitted.high = chosen_high;
}

bool is_inside(const Tensor& x, double low, double high) {
  const double margin = (high - low) / 100;
  for (double element : x.to_vector<double>())
    if (!(element >= low + margin && element <= high - margin)) return false;
  return true;
}

bool is_finite(const Tensor& x) { return all(isfinite(x)).item<bool>(); }

/// Shapes for an elementwise operator of so many operands, which broadcast to one that a value has.
std::vector<Shape> shapes_like(const Shape& shape, std::size_t operands, Choices& choices) {
  std::vector<Shape> shapes(operands, shape);
  for (std::size_t i = 1; i < operands; ++i) {
    if (!choices.chance(3)) continue;
    Shape& other = shapes[i];
    if (other.ndim() > 0 && choices.chance(2))
      other = Shape(std::span(other.begin() + 1, other.end()));
    else if (other.ndim() > 0)
      other[choices.below(static_cast<std::size_t>(other.ndim()))] = 1;
  }
  return shapes;
}

const std::vector<Shape> kLeafShapes = {{}, {2}, {3}, {5}, {2, 3}, {3, 1}, {2, 2}, {1, 4}, {2, 1, 3}};

bool is_read(const Program& program, int value) {
  for (const Step& step : program.steps)
    for (const Fitted& operand : step.operands)
      if (operand.value == value) return true;
  return false;
}

}  // namespace

Tensor fit(const Tensor& value, const Shape& shape, Stored stored) {
  const std::int64_t have = value.numel(), want = shape.numel();
  if (value.shape() == shape) return in_layout(value, stored);
  Tensor flat = reshape(value, {-1});
  if (want != have) {
    std::vector<std::int64_t> places(static_cast<std::size_t>(want));
    // Without a period: rows of equal elements have no derivative in much.
    for (std::int64_t i = 0; i < want && have > 0; ++i)
      places[static_cast<std::size_t>(i)] = ((i + 1) * 2654435761 >> 9) % have;
    flat =
        have == 0 ? zeros({want}, {.dtype = value.dtype()}) : index_select(flat, 0, from_data(places.data(), {want}));
  }
  return in_layout(reshape(flat, shape), stored);
}

Tensor fit(const Tensor& value, const Shape& shape, Stored stored, double low, double high) {
  const Tensor x = fit(value, shape, Stored::plain);
  // x / sqrt(1 + x x), whose derivative is no difference here: rounding would be large beside that of a large x.
  return in_layout((low + high) / 2 + (high - low) / 2 * tanh(asinh(x)), stored);
}

int Program::order() const {
  int order = 2;
  for (const Step& step : steps) order = std::min(order, step.row->order);
  return order;
}

std::string Program::text() const {
  std::ostringstream out;
  out.precision(17);
  for (std::size_t i = 0; i < leaves.size(); ++i) {
    out << "Tensor v" << i << " = reshape(f64({";
    const std::vector<double> numbers = leaves[i].to_vector<double>();
    for (std::size_t k = 0; k < numbers.size(); ++k) out << (k > 0 ? ", " : "") << numbers[k];
    out << "}), " << braced(leaves[i].shape()) << ").set_requires_grad();\n";
  }
  for (std::size_t s = 0; s < steps.size(); ++s) {
    out << "Tensor v" << leaves.size() + s << " = row_of(\"" << steps[s].row->name
        << "\").function.call()(std::vector<Tensor>{";
    bool is_first = true;
    for (const Fitted& operand : steps[s].operands) {
      out << (is_first ? "\n    " : ",\n    ");
      is_first = false;
      if (operand.value < 0) {
        out << "constant(" << braced(operand.shape) << ", " << name_of(operand.stored) << ", " << operand.low << ", "
            << operand.high << ", " << name_of(operand.dtype) << ", " << operand.seed << ")";
      } else {
        out << "fit(v" << operand.value << ", " << braced(operand.shape) << ", " << name_of(operand.stored);
        if (operand.is_bounded) out << ", " << operand.low << ", " << operand.high;
        out << ")";
      }
    }
    out << "});\n";
  }
  return out.str();
}

Tensor value_of(const Program& program, std::span<const Tensor> leaves, Disturbance disturbance) {
  const std::vector<Tensor> values = values_of(program, leaves, disturbance);
  Tensor total;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const Tensor& value = values[i];
    if (!is_floating(value.dtype()) || is_read(program, static_cast<int>(i))) continue;
    const std::size_t before = program.leaves.size();
    const Tensor scaled = value / (i < before ? 1 : program.steps[i - before].size);
    Tensor part = sum(weights_for(value, 2 * i) * scaled) + 0.5 * sum(weights_for(value, 2 * i + 1) * scaled * scaled);
    if (part.dtype() != leaves.front().dtype()) part = cast(part, leaves.front().dtype());
    total = total.defined() ? total + part : part;
  }
  return total;
}

bool is_defined(const Program& program, Disturbance disturbance) {
  NoGrad no_grad;
  try {
    const std::vector<Tensor> values = values_of(program, program.leaves, disturbance);
    return std::all_of(values.begin(), values.end(),
                       [](const Tensor& value) { return !is_floating(value.dtype()) || is_finite(value); });
  } catch (const std::exception&) {
    return false;
  }
}

Program draw_program(std::uint64_t seed, const std::vector<const OperatorRow*>& rows, int steps) {
  Choices choices(seed);
  Program program;
  const int leaf_count = 1 + choices.below(3);
  for (int i = 0; i < leaf_count; ++i)
    program.leaves.push_back(drawn(choices.of(kLeafShapes), -2, 2, DType::float64, choices.next()));
  NoGrad no_grad;
  std::vector<Tensor> values = program.leaves;
  const int wanted = 1 + choices.below(static_cast<std::size_t>(steps));
  for (int attempt = 0; attempt < 3 * wanted && static_cast<int>(program.steps.size()) < wanted; ++attempt) {
    const OperatorRow& row = *choices.of(rows);
    Step step{&row, {}, 1};
    std::vector<int> usable;
    for (std::size_t i = 0; i < values.size(); ++i)
      if (is_floating(values[i].dtype()) && values[i].numel() > 0) usable.push_back(static_cast<int>(i));
    // Later values more often, so that programs are deep.
    auto any_value = [&] { return choices.chance(2) ? usable.back() : choices.of(usable); };
    const int model = any_value();
    const std::vector<Shape> shapes =
        row.shapes.empty() ? shapes_like(values[static_cast<std::size_t>(model)].shape(), row.inputs.size(), choices)
                           : choices.of(row.shapes);
    std::vector<Tensor> operands;
    for (std::size_t i = 0; i < row.inputs.size(); ++i) {
      const OperatorInput& input = row.inputs[i];
      Fitted fitted{.value = i == 0 ? model : any_value(), .shape = shapes[i]};
      if (choices.chance(3)) fitted.stored = static_cast<Stored>(1 + choices.below(4));
      choose_interval(input, choices, fitted);
      fitted.dtype = input.dtype;
      fitted.seed = choices.next();
      if (!is_floating(input.dtype)) {
        fitted.value = -1;
        fitted.low = input.low;
        fitted.high = input.high;
        fitted.stored = Stored::plain;  // repeated indices would change what the operator is asked
      }
      Tensor x = fitted.value < 0 ? Tensor() : values[static_cast<std::size_t>(fitted.value)];
      if (x.defined()) fitted.is_bounded = !is_inside(x, fitted.low, fitted.high);
      operands.push_back(operand_of(fitted, x, DType::float64));
      step.operands.push_back(fitted);
    }
    Tensor value;
    try {
      value = row.function.call()(operands);
    } catch (const std::exception&) {
      continue;
    }
    if (!is_floating(value.dtype()) || value.numel() > 500 || !is_finite(value)) continue;
    values.push_back(value);
    if (value.numel() > 0) step.size += max(abs(value)).item<double>();
    program.steps.push_back(std::move(step));
  }
  return program;
}

namespace {

/// The program without a step; who read its result reads an earlier value.
Program without(const Program& program, std::size_t step, int instead) {
  Program smaller = program;
  smaller.steps.erase(smaller.steps.begin() + static_cast<std::ptrdiff_t>(step));
  const int gone = static_cast<int>(program.leaves.size() + step);
  for (std::size_t s = step; s < smaller.steps.size(); ++s)
    for (Fitted& operand : smaller.steps[s].operands) {
      if (operand.value == gone) {
        operand.value = instead;
        operand.is_bounded = true;
      } else if (operand.value > gone) {
        --operand.value;
      }
    }
  return smaller;
}

/// The program without a leaf that nobody reads.
Program without_leaf(const Program& program, std::size_t leaf) {
  Program smaller = program;
  smaller.leaves.erase(smaller.leaves.begin() + static_cast<std::ptrdiff_t>(leaf));
  for (Step& step : smaller.steps)
    for (Fitted& operand : step.operands)
      if (operand.value > static_cast<int>(leaf)) --operand.value;
  return smaller;
}

/// Programs that are one step simpler.
std::vector<Program> simpler(const Program& program) {
  std::vector<Program> list;
  const int leaves = static_cast<int>(program.leaves.size());
  for (std::size_t s = program.steps.size(); s-- > 0;)
    for (int instead = 0; instead < leaves; ++instead) list.push_back(without(program, s, instead));
  for (std::size_t leaf = 0; leaf < program.leaves.size(); ++leaf) {
    if (leaves > 1 && !is_read(program, static_cast<int>(leaf))) list.push_back(without_leaf(program, leaf));
    if (program.leaves[leaf].ndim() > 0) {
      list.push_back(program);
      list.back().leaves[leaf] = reshape(narrow(reshape(program.leaves[leaf], {-1}), 0, 0, 1), {});
    }
  }
  for (std::size_t s = 0; s < program.steps.size(); ++s)
    for (std::size_t i = 0; i < program.steps[s].operands.size(); ++i) {
      const Fitted& operand = program.steps[s].operands[i];
      if (operand.stored != Stored::plain) {
        list.push_back(program);
        list.back().steps[s].operands[i].stored = Stored::plain;
      }
      if (operand.value >= leaves) {
        list.push_back(program);
        list.back().steps[s].operands[i].value = 0;
        list.back().steps[s].operands[i].is_bounded = true;
      }
    }
  return list;
}

}  // namespace

Program shrunk(Program program, const Function<bool(const Program& program)>& fails) {
  for (bool is_smaller = true; is_smaller;) {
    is_smaller = false;
    for (Program& candidate : simpler(program)) {
      if (candidate.steps.empty() || !fails(candidate)) continue;
      program = std::move(candidate);
      is_smaller = true;
      break;
    }
  }
  return program;
}

}  // namespace xgrad::testing
