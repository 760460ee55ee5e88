// Weight initialisation: distributions of nn::init, gains, and how layers start.
#include <cmath>
#include <cstdlib>
#include <numeric>

#include <xgrad/autograd/default_dtype.hpp>
#include <xgrad/autograd/ops.hpp>
#include <xgrad/nn/init.hpp>
#include "arguments.hpp"
#include "cases.hpp"
#include "modules.hpp"

namespace conformance {
namespace {

using xgrad::DType;
using xgrad::Tensor;
namespace init = xgrad::nn::init;

init::Nonlinearity nonlinearity_named(const std::string& name) {
  if (name == "linear" || name.starts_with("conv")) return init::Nonlinearity::linear;
  if (name == "sigmoid") return init::Nonlinearity::sigmoid;
  if (name == "tanh") return init::Nonlinearity::tanh;
  if (name == "relu") return init::Nonlinearity::relu;
  if (name == "leaky_relu") return init::Nonlinearity::leaky_relu;
  if (name == "selu") return init::Nonlinearity::selu;
  throw Unsupported("no such gain");
}

init::HeOptions he_options(Arguments& args) {
  const double slope = args.number(kKeyword, "a", 0);
  const auto fan = args.text(kKeyword, "mode", "fan_in") == "fan_out" ? init::Fan::out : init::Fan::in;
  const auto nonlinearity = nonlinearity_named(args.text(kKeyword, "nonlinearity", "leaky_relu"));
  return {.fan = fan, .gain = init::gain(nonlinearity, slope)};
}

xgrad::nn::Initializer initializer_named(const std::string& name, Arguments& args) {
  const auto gain = [&] { return args.number(kKeyword, "gain", 1); };
  if (name == "zeros_") return init::zeros();
  if (name == "ones_") return init::ones();
  if (name == "eye_") return init::identity();
  if (name == "constant_") return init::constant(args.number(kKeyword, "val"));
  if (name == "uniform_") return init::uniform(args.number(kKeyword, "a", 0), args.number(kKeyword, "b", 1));
  if (name == "normal_") return init::normal(args.number(kKeyword, "mean", 0), args.number(kKeyword, "std", 1));
  if (name == "trunc_normal_")
    return init::truncated_normal({.mean = args.number(kKeyword, "mean", 0),
                                   .std = args.number(kKeyword, "std", 1),
                                   .low = args.number(kKeyword, "a", -2),
                                   .high = args.number(kKeyword, "b", 2)});
  if (name == "xavier_uniform_") return init::glorot_uniform(gain());
  if (name == "xavier_normal_") return init::glorot_normal(gain());
  if (name == "kaiming_uniform_") return init::he_uniform(he_options(args));
  if (name == "kaiming_normal_") return init::he_normal(he_options(args));
  if (name == "orthogonal_") return init::orthogonal(gain());
  if (name == "dirac_") return init::dirac(args.integer(kKeyword, "groups", 1));
  if (name == "sparse_") return init::sparse(args.number(kKeyword, "sparsity"), args.number(kKeyword, "std", 0.01));
  throw Unsupported("no such initialiser");
}

void require(bool holds, const std::string& what, double actual, double expected) {
  if (!holds) throw Mismatch(what + " is " + shown(actual) + ", expected " + shown(expected));
}

/// Sample mean and standard deviation within six standard errors, and every value within the bounds, if there
/// are any.
void check_distribution(const std::string& what, const std::vector<double>& values, const Value& expect) {
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  double largest = 0;
  for (double value : values) {
    squares += (value - mean) * (value - mean);
    largest = std::max(largest, std::abs(value));
    if (!expect["low"].is_null()) {
      require(value >= expect["low"].number(), what + ": a value", value, expect["low"].number());
      require(value <= expect["high"].number(), what + ": a value", value, expect["high"].number());
    }
  }
  const double expected_mean = expect["mean"].number();
  const double expected_std = expect["std"].number();
  const double std = std::sqrt(squares / n);
  require(std::abs(mean - expected_mean) <= 6 * expected_std / std::sqrt(n), what + ": mean", mean, expected_mean);
  require(std::abs(std / expected_std - 1) <= 6 / std::sqrt(n), what + ": standard deviation", std, expected_std);
  if (expect["distribution"].text() == "uniform" && n >= 1000) {
    const double bound = std::max(std::abs(expect["low"].number()), std::abs(expect["high"].number()));
    require(largest > 0.95 * bound, what + ": largest magnitude", largest, bound);
  }
}

/// The smaller of the two Gram matrices of [rows, rest] is gain^2 I.
void check_orthogonal(const Tensor& weight, double gain) {
  const Tensor matrix = flatten(weight, 1);
  const bool wide = matrix.size(0) <= matrix.size(1);
  const Tensor gram = wide ? matmul(matrix, transpose(matrix)) : matmul(transpose(matrix), matrix);
  const Tensor identity = xgrad::eye(gram.size(0), {.dtype = DType::float64});
  check_close("Gram matrix", gram, gain * gain * identity, {1e-9, 1e-9});
}

void check_values(const std::string& what, const Tensor& tensor, const Value& expect) {
  const std::string& distribution = expect["distribution"].text();
  if (distribution == "orthogonal")
    check_orthogonal(tensor, expect["gain"].number());
  else if (distribution == "exact")
    check_close(what, tensor, full_like(tensor, expect["value"].number()), {0, 0});
  else
    check_distribution(what, tensor.to_vector<double>(), expect);
}

void check_start_of_layer(const Value& one_case, const Archive& archive) {
  const Value none = Value::List{};
  Arguments args(none, one_case["init"], archive);
  const xgrad::DefaultDtype in_double(DType::float64);
  const xgrad::nn::NamedTensors state = made_layer(one_case["module"].text(), args).module.state();
  args.check_all_read();
  for (const auto& [name, expect] : one_case["expect"].members()) {
    Tensor tensor;
    for (const auto& [own_name, own] : state)
      if (own_name == name) tensor = own;
    if (!tensor.defined()) throw Mismatch("the layer has no " + name);
    xgrad::Shape shape;
    for (const Value& extent : expect["shape"].list()) shape.push_back(extent.integer());
    if (!(tensor.shape() == shape))
      throw Mismatch(name + ": shape is " + to_string(tensor.shape()) + ", expected " + to_string(shape));
    check_values(name, tensor.detach(), expect);
  }
}

}  // namespace

void run_initializer(const Value& one_case, const Archive& archive) {
  xgrad::manual_seed(0);  // so that a case answers the same whatever ran before it
  const std::string& kind = one_case["kind"].text();
  if (kind == "default_init") return check_start_of_layer(one_case, archive);
  if (kind == "gain") {
    const auto nonlinearity = nonlinearity_named(one_case["nonlinearity"].text());
    const Value& param = one_case["param"];
    const double gain = param.is_null() ? init::gain(nonlinearity) : init::gain(nonlinearity, param.number());
    const double expected = one_case["expect"]["gain"].number();
    return require(std::abs(gain - expected) <= 1e-12 * expected, "gain", gain, expected);
  }
  const Value none = Value::List{};
  Arguments args(none, one_case["kwargs"], archive);
  const xgrad::nn::Initializer initializer = initializer_named(one_case["fn"].text(), args);
  args.check_all_read();
  xgrad::Shape shape;
  for (const Value& extent : one_case["shape"].list()) shape.push_back(extent.integer());
  const Tensor tensor = initializer(shape, {.dtype = DType::float64});
  if (const Value& outputs = one_case["outputs"]; outputs.is_list()) {
    const Tensor expected = archive.load(outputs.list().at(0).text());
    check_close("the tensor", tensor, expected, bound_of(one_case, Kind::values, expected.dtype()));
  } else {
    check_values("the tensor", tensor, one_case["expect"]);
  }
}

}  // namespace conformance
