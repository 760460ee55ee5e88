// Layers as functions of their input, and functions of nn.
#include <cmath>
#include <complex>

#include <xgrad/nn/nn.hpp>
#include "op_table.hpp"
#include "references.hpp"

namespace xgrad::testing {
namespace {

/// A layer without parameters.
template <class Layer, class... Options>
OperatorFunction layer(Options... options) {
  return [layer = Layer(options...)](const Tensor& x) { return layer(x); };
}

/// A Dense with the same weights at each call, in x's dtype, all constant.
nn::Dense dense_for(const Tensor& x, bool bias) {
  nn::Initializer counted = [](const Shape& shape, TensorOptions options, Generator&) {
    return reshape(linspace(-1, 1, shape.numel(), options), shape);
  };
  DType dtype = x.defined() && is_floating(x.dtype()) ? x.dtype() : DType::float64;
  nn::Dense dense(3, 4, {.bias = bias, .weight_init = counted, .bias_init = counted, .dtype = dtype});
  for (Tensor parameter : dense.parameters()) parameter.set_requires_grad(false);
  return dense;
}

TensorFunction dense_reference(bool bias) {
  return [bias](std::span<const Tensor> x) {
    nn::Dense dense = dense_for(x[0], bias);
    Elements of(x[0]), weight(dense.weight()), offset(bias ? dense.bias() : dense.weight());
    Shape shape = x[0].shape();
    shape[-1] = 4;
    return by_place(shape, [&](const Place& at) {
      double total = bias ? offset({at.back()}) : 0;
      Place in = at;
      for (in.back() = 0; in.back() < 3; ++in.back()) total += of(in) * weight({at.back(), in.back()});
      return total;
    });
  };
}

Rows layers() {
  const OperatorInput not_zero = {.avoid = {0}};
  return {
      {.name = "nn::Identity", .function = layer<nn::Identity>(), .reference = [](double x) { return x; }},
      {.name = "nn::Sigmoid", .function = layer<nn::Sigmoid>(), .reference = sigmoid_of},
      {.name = "nn::LogSigmoid",
       .function = layer<nn::LogSigmoid>(),
       .reference = [](double x) { return -softplus_of(-x); }},
      {.name = "nn::Tanh", .function = layer<nn::Tanh>(), .reference = [](double x) { return std::tanh(x); }},
      {.name = "nn::ReLU",
       .function = layer<nn::ReLU>(),
       .inputs = {not_zero},
       .reference = [](double x) { return x > 0 ? x : 0; }},
      {.name = "nn::LeakyReLU",
       .function = layer<nn::LeakyReLU>(0.25),
       .inputs = {not_zero},
       .reference = [](double x) { return x > 0 ? x : 0.25 * x; }},
      {.name = "nn::ELU",
       .function = layer<nn::ELU>(1.5),
       .inputs = {not_zero},
       .reference = [](double x) { return x > 0 ? x : 1.5 * std::expm1(x); }},
      {.name = "nn::GELU",
       .function = layer<nn::GELU>(),
       .reference = [](double x) { return x * normal_distribution_of(x); }},
      {.name = "nn::SiLU", .function = layer<nn::SiLU>(), .reference = [](double x) { return x * sigmoid_of(x); }},
      {.name = "nn::Softplus",
       .function = layer<nn::Softplus>(2.0, 20.0),
       .reference = [](double x) { return softplus_of(2 * x) / 2; }},
      {.name = "nn::Softmax",
       .function = layer<nn::Softmax>(1),
       .shapes = kThreeAxesOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], 1, [](const std::vector<double>& elements) {
               std::vector<double> results;
               for (double element : elements) results.push_back(std::exp(element - logsumexp_of(elements)));
               return results;
             });
           }},
      {.name = "nn::LogSoftmax",
       .function = layer<nn::LogSoftmax>(1),
       .shapes = kThreeAxesOrEmpty,
       .expected =
           [](std::span<const Tensor> x) {
             return along(x[0], 1, [](const std::vector<double>& elements) {
               std::vector<double> results;
               for (double element : elements) results.push_back(element - logsumexp_of(elements));
               return results;
             });
           }},
      {.name = "nn::Flatten",
       .function = layer<nn::Flatten>(),
       .shapes = {{{2, 3, 4}}, {{2, 3}}, {{3, 1, 2, 2}}},
       .expected =
           [](std::span<const Tensor> x) {
             return reshaped(x[0], {x[0].size(0), x[0].numel() / x[0].size(0)});
           }},
      {.name = "nn::Dense",
       .function = [](const Tensor& x) { return dense_for(x, true)(x); },
       .shapes = {{{5, 3}}, {{3}}, {{2, 5, 3}}, {{0, 3}}},
       .expected = dense_reference(true)},
      {.name = "nn::Dense(no bias)",
       .function = [](const Tensor& x) { return dense_for(x, false)(x); },
       .shapes = {{{5, 3}}, {{3}}},
       .expected = dense_reference(false)},
      {.name = "nn::Sequential",
       .function = [model = nn::Sequential{nn::Tanh(), nn::Softplus()}](const Tensor& x) { return model(x); },
       .reference = [](double x) { return softplus_of(std::tanh(x)); }},
  };
}

/// Each pair of elements of row t as a complex number, times e^(i angle).
TensorFunction rotary_reference(bool interleaved, double first) {
  return [=](std::span<const Tensor> x) {
    const Elements of(x[0]);
    const std::int64_t size = x[0].size(-1), half = size / 2;
    return by_place(x[0].shape(), [&](const Place& at) {
      const std::int64_t i = at.back(), pair = interleaved ? i / 2 : i % half;
      const bool is_second = interleaved ? i % 2 == 1 : i >= half;
      Place real = at, imaginary = at;
      real.back() = interleaved ? 2 * pair : pair;
      imaginary.back() = interleaved ? 2 * pair + 1 : pair + half;
      const double t = first + static_cast<double>(at[at.size() - 2]);
      const std::complex<double> turned =
          std::complex<double>(of(real), of(imaginary)) *
          std::polar(1.0, t / std::pow(10000.0, 2 * static_cast<double>(pair) / static_cast<double>(size)));
      return is_second ? turned.imag() : turned.real();
    });
  };
}

Rows positions() {
  return {
      {.name = "nn::rotary_positions",
       .function = [](const Tensor& x) { return nn::rotary_positions(x); },
       .shapes = {{{3, 4}}, {{2, 5, 6}}, {{0, 2}}},
       .expected = rotary_reference(false, 0)},
      {.name = "nn::rotary_positions(interleaved)",
       .function = [](const Tensor& x) { return nn::rotary_positions(x, {.first = 7, .interleaved = true}); },
       .shapes = {{{3, 4}}, {{2, 5, 6}}},
       .expected = rotary_reference(true, 7)},
  };
}

/// x / 0.7 where the generator's bernoulli numbers are true; tests/ops/random.cpp checks those.
TensorFunction dropout_reference() {
  return [](std::span<const Tensor> x) {
    Generator generator(5);
    std::vector<double> numbers = x[0].to_vector<double>();
    std::vector<bool> is_kept = bernoulli(x[0].shape(), 1 - 0.3, generator).to_vector<bool>();
    for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = is_kept[i] ? numbers[i] / (1 - 0.3) : 0;
    return from_vector(numbers, x[0].shape());
  };
}

Rows dropouts() {
  const std::vector<std::vector<Shape>> large = {{{301, 703}}};
  return {
      {.name = "nn::Dropout",
       .function =
           [](const Tensor& x) {
             Generator generator(5);
             return nn::Dropout(0.3, {.generator = &generator})(x);
           },
       .shapes = kAnyShapeOrEmpty,
       .large = large,
       .expected = dropout_reference(),
       .propagates_nan = false},
  };
}

/// The rows of the loss functions, called through the module of each.
Rows losses() {
  struct Pair {
    const char* name;
    const char* function;
    OperatorFunction module;
  };
  const Pair kPairs[] = {
      {"nn::MSELoss", "mse", [loss = nn::MSELoss()](const Tensor& x, const Tensor& t) { return loss(x, t); }},
      {"nn::L1Loss", "mae", [loss = nn::L1Loss()](const Tensor& x, const Tensor& t) { return loss(x, t); }},
      {"nn::BCELoss", "binary_cross_entropy",
       [loss = nn::BCELoss()](const Tensor& x, const Tensor& t) { return loss(x, t); }},
      {"nn::BCEWithLogitsLoss", "binary_cross_entropy_with_logits",
       [loss = nn::BCEWithLogitsLoss()](const Tensor& x, const Tensor& t) { return loss(x, t); }},
      {"nn::CrossEntropyLoss", "cross_entropy",
       [loss = nn::CrossEntropyLoss()](const Tensor& x, const Tensor& t) { return loss(x, t); }},
      {"nn::NLLLoss", "nll_loss", [loss = nn::NLLLoss()](const Tensor& x, const Tensor& t) { return loss(x, t); }},
  };
  Rows rows;
  for (const Pair& pair : kPairs)
    for (OperatorRow row : rows_of("loss"))
      if (row.name == pair.function) {
        row.name = pair.name;
        row.function = pair.module;
        row.large = {};
        row.refused = {};
        rows.push_back(std::move(row));
      }
  return rows;
}

Rows rows() {
  Rows rows = layers();
  append(rows, losses());
  append(rows, dropouts());
  append(rows, positions());
  return rows;
}

const Family kFamily("nn", rows);

}  // namespace
}  // namespace xgrad::testing

TEST_CASE("Layers and functions of nn keep their contract", "[op_table]") { xgrad::testing::expect_family_holds("nn"); }
