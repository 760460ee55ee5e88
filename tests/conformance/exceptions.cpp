#include "exceptions.hpp"

#include <cmath>
#include <string_view>

#include <xgrad/autograd/grad_mode.hpp>
#include <xgrad/autograd/ops.hpp>
#include "arguments.hpp"

namespace conformance {
namespace {

using xgrad::DType;
using xgrad::Tensor;
using xgrad::where;

/// A comparison that failed, with the arguments of the call.
struct Failed {
  const Compared& compared;
  Arguments& args;     // of the operation, or of the layer's call
  Arguments& options;  // of the operation, or of the layer's constructor
  const Archive& archive;
  const Tensor& actual = compared.actual;
  const Tensor& recorded = compared.recorded;
};

/// What is right in place of the recorded tensor; undefined where the exception does not hold.
using Right = Tensor (*)(Failed&);

Tensor answers_where(const Tensor& condition, const Failed& f) { return where(condition, f.actual, f.recorded); }
bool holds_anywhere(const Tensor& condition) { return any(condition).item<bool>(); }

bool any_argument(const Failed& f, bool (*holds)(const Tensor&)) {
  for (const Tensor& x : f.args.all_tensors())
    if (holds(x)) return true;
  return false;
}
bool has_zero(const Tensor& x) { return holds_anywhere(x == 0); }
bool is_float32(const Tensor& x) { return x.dtype() == DType::float32; }

// ---- nan among the inputs ----

Tensor nan_stays(Failed& f) {
  const Tensor& x = f.args.tensor(0, "input");
  return where(isnan(x), std::nan(""), f.recorded);
}

/// A nan has no slope.
Tensor no_gradient_at_nan(Failed& f) { return where(isnan(f.args.tensor(0, "input")), 0, f.recorded); }

// ---- Values that PyTorch's way of computing loses ----

/// Infinite where PyTorch's inf / inf is nan, and large where an intermediate result of PyTorch's is infinite.
Tensor bessel_at_large(Failed& f) {
  const Tensor large = abs(f.actual) > (is_float32(f.actual) ? 1e35 : 1e300);
  return answers_where(large & logical_not(isfinite(f.recorded)), f);
}

/// The largest numbers that are representable, where an intermediate result is not.
Tensor large_for_infinite(Failed& f) {
  const double large = is_float32(f.actual) ? 1e35 : 1e300;
  return answers_where(isinf(f.recorded) & isfinite(f.actual) & (abs(f.actual) > large), f);
}

/// Elements whose squares over- or underflow.
bool is_extreme(const Tensor& x) {
  const double most = is_float32(x) ? 1e18 : 1e150;
  return holds_anywhere((abs(x) > most) | ((abs(x) < 1 / most) & (x != 0)));
}
Tensor extreme_elements(Failed& f) {
  if (!any_argument(f, is_extreme)) return {};
  const Tensor lost = (f.recorded == 0) | logical_not(abs(f.recorded) < 1e150);
  return answers_where(logical_not(isnan(f.actual)) & lost, f);
}
/// Of more outputs than one, whose gradients add up.
Tensor sums_of_extreme_elements(Failed& f) {
  return any_argument(f, is_extreme) ? answers_where(isfinite(f.actual), f) : Tensor();
}
/// Rows in whose largest element the others' sum is lost.
Tensor large_rows(Failed& f) {
  const bool large = any_argument(f, [](const Tensor& x) { return holds_anywhere(abs(x) > 1e15); });
  return large ? answers_where(isfinite(f.actual), f) : Tensor();
}

Tensor finite_for_nan(Failed& f) { return answers_where(isnan(f.recorded) & isfinite(f.actual), f); }
Tensor finite_for_nan_beside_0(Failed& f) { return any_argument(f, has_zero) ? finite_for_nan(f) : Tensor(); }
Tensor zero_beside_0(Failed& f) {
  return any_argument(f, has_zero) ? answers_where((f.recorded == 0) & isfinite(f.actual), f) : Tensor();
}
Tensor number_for_nan(Failed& f) { return answers_where(isnan(f.recorded) & logical_not(isnan(f.actual)), f); }
/// A power of 0, the number or an element.
Tensor power_of_0(Failed& f) {
  const auto is_0 = [&](int position, const char* name) {
    const Value& value = f.args.value(position, name);
    return value.is_number() && value.number() == 0;
  };
  return is_0(0, "input") || is_0(1, "other") ? finite_for_nan(f) : finite_for_nan_beside_0(f);
}

Tensor integers_between(Failed& f) {
  if (f.recorded.dtype() != DType::int64) return {};
  const long double first = f.args.number(0, "start"), last = f.args.number(1, "end");
  const std::int64_t count = f.recorded.numel();
  std::vector<std::int64_t> numbers;
  for (std::int64_t i = 0; i < count; ++i)
    numbers.push_back(static_cast<std::int64_t>(
        count == 1 ? first
                   : (first * static_cast<long double>(count - 1 - i) + last * static_cast<long double>(i)) /
                         static_cast<long double>(count - 1)));
  return xgrad::from_vector(numbers);
}

/// The poles at 0, -1, -2 ...: near 0 PyTorch's series is large, not infinite. At inf the limit is 0.
Tensor polygamma_limits(Failed& f) {
  const Tensor& x = f.args.tensor(1, "input");
  const Tensor at_pole = (x <= 0) & (x == floor(x));
  return answers_where((at_pole & logical_not(isfinite(f.actual))) | (xgrad::isposinf(x) & (f.actual == 0)), f);
}

Tensor truncated_bounds(Failed& f) {
  const Tensor& x = f.args.tensor(0, "input");
  const double low = f.options.number(1, "min_val", -1), high = f.options.number(2, "max_val", 1);
  if (x.dtype() != DType::int64 || (low == std::trunc(low) && high == std::trunc(high))) return {};
  return xgrad::clamp(cast(x, DType::float32), low, high);
}

// ---- Rounding to float32: compared by that measure ----

bool is_fraction(Arguments& args, int position, const char* name) {
  if (!args.value(position, name).is_number()) return false;
  const double p = args.number(position, name);
  return std::isfinite(p) && p != std::trunc(p);
}

Tensor as_recorded(Failed& f) { return f.recorded; }
Tensor if_order_is_a_fraction(Failed& f) {
  return is_fraction(f.args, 1, "ord") || is_fraction(f.args, 1, "p") || is_fraction(f.args, 2, "p") ? f.recorded
                                                                                                     : Tensor();
}
bool asks_for_float32(const Value& value) {
  const Value& dtype = value["dtype"];
  return dtype.is_text() && dtype.text() == "float32";
}
/// In float64, of a case that computes partly in float32.
Tensor if_floats_are_mixed(Failed& f) {
  const Value& one_case = f.compared.one_case;
  bool mixed = any_argument(f, is_float32) || asks_for_float32(one_case["kwargs"]["dtype"]);
  if (const Value& args = one_case["args"]; args.is_list())
    for (const Value& value : args.list()) mixed = mixed || asks_for_float32(value);
  return mixed && f.recorded.dtype() == DType::float64 ? f.recorded : Tensor();
}
Tensor if_an_integer_takes_part(Failed& f) {
  return any_argument(f, [](const Tensor& x) { return !is_floating(x.dtype()); }) ? f.recorded : Tensor();
}

/// Places where an integer is shifted by another count than 0 to 63.
Tensor shifts_of_all_bits(Failed& f) {
  const Tensor& count = f.args.tensor(1, "other");
  return answers_where((count < 0) | (count > 63), f);
}

// ---- Any of several is right ----

/// Positions along an axis of elements that are equal to those at the recorded positions.
Tensor among_equals(Failed& f) {
  if (f.compared.place != "1" && f.compared.one_case["op"].text() != "argsort") return {};
  const bool by_count = f.args.given(1, "k");
  const Tensor& x = f.args.tensor(0, "input");
  if (x.ndim() == 0) return {};
  const int axis = static_cast<int>(f.args.integer(by_count ? 2 : 1, "dim", -1));
  const bool dropped = f.recorded.ndim() < x.ndim();
  const auto values_at = [&](const Tensor& positions) {
    const Tensor values = take_along_dim(x, dropped ? unsqueeze(positions, axis) : positions, axis);
    return dropped ? squeeze(values, axis) : values;
  };
  if (holds_anywhere((f.actual < 0) | (f.actual >= x.size(axis)))) return {};
  const Tensor actual = values_at(f.actual), recorded = values_at(f.recorded);
  return answers_where((actual == recorded) | (isnan(actual) & isnan(recorded)), f);
}

/// Distinct elements in any order, where `sorted` is false: the recorded answer, put in order.
Tensor in_order(Failed& f) {
  if (f.args.flag(1, "sorted", true) || f.args.given(4, "dim")) return {};
  const Tensor values = f.archive.load(f.compared.one_case["outputs"].list().at(0).text());
  const Tensor order = argsort(values);
  if (f.compared.place == "0") return take(values, order);
  const bool is_inverse = f.compared.place == "1" && f.args.flag(2, "return_inverse", false);
  return is_inverse ? take(argsort(order), f.recorded) : take(f.recorded, order);
}

// ---- Gradients ----

/// An empty list of axes stands for all.
Tensor of_all_axes(Failed& f) {
  const Value& axes = f.args.value(1, "dim");
  return axes.is_list() && axes.list().empty() ? f.actual : Tensor();
}

/// The last of several that go to one place stays, and it alone has a gradient.
Tensor last_writer(Failed& f) {
  const bool repeated = any_argument(
      f, [](const Tensor& x) { return x.dtype() == DType::int64 && unique(x).values.numel() < x.numel(); });
  return repeated ? answers_where(f.actual == 0, f) : Tensor();
}

/// Elements of the source to which no index belongs have no influence.
Tensor beyond_the_index(Failed& f) {
  const Tensor& index = f.args.tensor(2, "index");
  const Tensor& source = f.args.tensor(3, "src");
  // What PyTorch makes of the gradient, it makes of the gradient's gradient.
  if (f.compared.kind == Kind::second_order) return index.shape() == source.shape() ? Tensor() : f.actual;
  if (!(f.recorded.shape() == source.shape())) return {};
  std::vector<std::int64_t> widths;
  for (int axis = source.ndim() - 1; axis >= 0; --axis) {
    widths.push_back(0);
    widths.push_back(source.size(axis) - index.size(axis));
  }
  const Tensor outside = pad(xgrad::zeros(index.shape(), {.dtype = DType::int64}), widths, {.value = 1}) == 1;
  return where(outside, 0, f.recorded);
}

/// A target of 0 costs nothing, whatever the input is.
Tensor no_divergence_at_0(Failed& f) {
  const bool is_log = f.options.flag(kKeyword, "log_target", false);
  const Tensor target = is_log ? exp(f.args.tensor(1, "target")) : f.args.tensor(1, "target");
  const Tensor at_0 = target == 0;
  if (f.recorded.shape() == at_0.shape()) return answers_where(at_0 & isnan(f.recorded) & (f.actual == 0), f);
  // The mean or the sum of what the others cost.
  if (f.recorded.ndim() > 0 || !holds_anywhere(at_0)) return {};
  const Tensor total = sum(where(at_0, 0, target * (log(where(at_0, 1, target)) - f.args.tensor(0, "input"))));
  const std::string reduction = f.options.text(kKeyword, "reduction", "mean");
  const std::int64_t count = reduction == "sum" ? 1 : reduction == "batchmean" ? target.size(0) : target.numel();
  return where(isnan(f.recorded), total / count, f.recorded);
}

/// PyTorch adds exp(log_probs), which log_softmax's rule takes away again. Without an alignment nothing is to be gained
/// by any class.
Tensor without_probabilities(Failed& f) {
  const Tensor& log_probabilities = f.args.tensor(0, "log_probs");
  const Tensor probabilities = exp(log_probabilities) * sum(f.actual, {-1}, {.keepdims = true});
  return where(isnan(f.recorded) & (f.actual == 0), 0, f.recorded + probabilities);
}

/// The variance does not count below eps.
Tensor clamped_variance(Failed& f) {
  const Tensor& variance = f.args.tensor(2, "var");
  const Tensor clamped = variance < f.options.number(kKeyword, "eps", 1e-6);
  if (f.compared.kind == Kind::second_order)  // one variance for each row may lack the last axis
    return answers_where(clamped.ndim() < f.recorded.ndim() ? unsqueeze(clamped, -1) : clamped, f);
  return f.recorded.shape() == variance.shape() ? where(clamped, 0, f.recorded) : Tensor();
}

enum Kinds : unsigned { values = 1, first = 2, second = 4, gradients = first | second, every = values | gradients };

struct Exception {
  std::string_view operation;  ///< "*" for all
  unsigned kinds;
  Right right;
  const char* reason;
  bool rounds = false;  ///< compared as float32 rounds
};

constexpr const char* kNanStays = "nan stays nan";
constexpr const char* kBessel = "PyTorch's exp(x) times a series is nan or inf where the value is infinite or large";
constexpr const char* kOverflow = "PyTorch overflows on the way to a value that is representable";
constexpr const char* kNorm = "norms neither overflow nor underflow where the answer is representable; PyTorch's do";
constexpr const char* kOrder = "PyTorch rounds the order to float32 and answers for another norm";
constexpr const char* kCelu = "PyTorch's gradient rounds alpha to float32";
constexpr const char* kHardsigmoid = "PyTorch's gradient rounds 1/6 to float32";
constexpr const char* kMixed = "computed partly in float32, where the last bits differ";
constexpr const char* kPole = "polygamma is infinite at 0, -1, -2 ... and 0 at inf; PyTorch's series is neither";
constexpr const char* kLogarithm = "logarithms of sums: the gradient is the softmax, also where the logarithm is large";
constexpr const char* kProduct = "products that over- or underflow have right gradients; PyTorch's are quotients";
constexpr const char* kEmptyAxes = "PyTorch's rule takes an empty list of axes for none, though the value is of all";
constexpr const char* kLogOfGradient = "PyTorch's rule goes through the gradient's logarithm, which 0 has none of";
constexpr const char* kEnds = "PyTorch takes half of the ends away from the sum: inf - inf, nan - nan";
constexpr const char* kInteger = "PyTorch takes the integer's logarithm in float32";
constexpr const char* kShift = "PyTorch's answer is the processor's, which looks at six bits of the count";
constexpr const char* kOrderOfUnique = "not sorted, distinct elements are in any order";
constexpr const char* kLimit = "PyTorch's rule is 0 * inf = nan where the derivative exists";
constexpr const char* kEqual = "which of equal elements PyTorch picks is not determined";
constexpr const char* kLast = "of several that go to one place the last stays, and it alone has a gradient";
constexpr const char* kTarget = "a target of 0 contributes 0, to the gradients too";
constexpr const char* kCtc = "PyTorch's gradient holds exp(log_probs) too, which the rule of log_softmax takes away";
constexpr const char* kVariance = "the variance is clamped at eps in the gradient, too";
constexpr const char* kBounds = "PyTorch truncates the bounds to integers";
constexpr const char* kSource = "without an index the source has no influence; PyTorch gives it a gradient";

constexpr Exception kExceptions[] = {
    {"sign", values, nan_stays, kNanStays},
    {"heaviside", values, nan_stays, kNanStays},
    {"nn.functional.softshrink", values, nan_stays, kNanStays},
    {"nn.Softshrink", values, nan_stays, kNanStays},
    {"nn.functional.softshrink", first, no_gradient_at_nan, kNanStays},
    {"nn.Softshrink", first, no_gradient_at_nan, kNanStays},
    {"i0", every, bessel_at_large, kBessel},
    {"special.i0", every, bessel_at_large, kBessel},
    {"special.modified_bessel_i0", every, bessel_at_large, kBessel},
    {"special.i1", every, bessel_at_large, kBessel},
    {"special.modified_bessel_i1", every, bessel_at_large, kBessel},
    {"sinh", every, large_for_infinite, kOverflow},
    {"cosh", every, large_for_infinite, kOverflow},
    {"norm", every, extreme_elements, kNorm},
    {"linalg.norm", every, extreme_elements, kNorm},
    {"linalg.vector_norm", every, extreme_elements, kNorm},
    {"linalg.matrix_norm", every, extreme_elements, kNorm},
    {"norm", every, if_order_is_a_fraction, kOrder, true},
    {"linalg.norm", every, if_order_is_a_fraction, kOrder, true},
    {"linalg.vector_norm", every, if_order_is_a_fraction, kOrder, true},
    {"dist", every, if_order_is_a_fraction, kOrder, true},
    {"linspace", values, integers_between, "linspace of integers is exact and symmetric"},
    {"polygamma", values, polygamma_limits, kPole},
    {"special.polygamma", values, polygamma_limits, kPole},
    {"nn.functional.hardtanh", values, truncated_bounds, kBounds},
    {"nn.Hardtanh", values, truncated_bounds, kBounds},
    {"norm", second, finite_for_nan_beside_0, kLimit},
    {"linalg.norm", second, finite_for_nan_beside_0, kLimit},
    {"linalg.vector_norm", second, finite_for_nan_beside_0, kLimit},
    {"linalg.matrix_norm", second, finite_for_nan_beside_0, kLimit},
    {"sinc", second, finite_for_nan_beside_0, kLimit},
    {"special.sinc", second, finite_for_nan_beside_0, kLimit},
    {"pow", second, power_of_0, kLimit},
    {"__rpow__", second, power_of_0, kLimit},
    {"float_power", second, power_of_0, kLimit},
    {"hypot", gradients, finite_for_nan, kLimit},
    {"atan2", gradients, finite_for_nan, kLimit},
    {"copysign", second, finite_for_nan, kLimit},
    {"logaddexp", second, finite_for_nan, kLimit},
    {"logaddexp2", second, finite_for_nan, kLimit},
    {"logit", second, finite_for_nan, kLimit},
    {"special.logit", second, finite_for_nan, kLimit},
    {"pow", gradients, if_an_integer_takes_part, kInteger, true},
    {"__rpow__", gradients, if_an_integer_takes_part, kInteger, true},
    {"logsumexp", gradients, large_rows, kLogarithm},
    {"special.logsumexp", gradients, large_rows, kLogarithm},
    {"logcumsumexp", gradients, large_rows, kLogarithm},
    {"log_softmax", gradients, large_rows, kLogarithm},
    {"special.log_softmax", gradients, large_rows, kLogarithm},
    {"nn.functional.log_softmax", gradients, large_rows, kLogarithm},
    {"prod", gradients, extreme_elements, kProduct},
    {"cumprod", gradients, extreme_elements, kProduct},
    {"std", every, extreme_elements, kNorm},
    {"std_mean", values, extreme_elements, kNorm},
    {"std_mean", gradients, sums_of_extreme_elements, kNorm},
    {"std", gradients, of_all_axes, kEmptyAxes},
    {"var", gradients, of_all_axes, kEmptyAxes},
    {"std_mean", gradients, of_all_axes, kEmptyAxes},
    {"var_mean", gradients, of_all_axes, kEmptyAxes},
    {"logcumsumexp", second, zero_beside_0, kLogOfGradient},
    {"trapezoid", values, number_for_nan, kEnds},
    {"trapz", values, number_for_nan, kEnds},
    {"hypot", gradients, extreme_elements, kLimit},
    {"atan2", gradients, extreme_elements, kLimit},
    {"copysign", gradients, extreme_elements, kLimit},
    {"bitwise_left_shift", values, shifts_of_all_bits, kShift},
    {"bitwise_right_shift", values, shifts_of_all_bits, kShift},
    {"unique", values, in_order, kOrderOfUnique},
    {"sort", values, among_equals, kEqual},
    {"argsort", values, among_equals, kEqual},
    {"topk", values, among_equals, kEqual},
    {"kthvalue", values, among_equals, kEqual},
    {"mode", values, among_equals, kEqual},
    {"median", values, among_equals, kEqual},
    {"nanmedian", values, among_equals, kEqual},
    {"scatter", gradients, last_writer, kLast},
    {"index_put", gradients, last_writer, kLast},
    {"put", gradients, last_writer, kLast},
    {"index_copy", gradients, last_writer, kLast},
    {"scatter_reduce", gradients, beyond_the_index, kSource},
    {"nn.functional.kl_div", every, no_divergence_at_0, kTarget},
    {"nn.KLDivLoss", every, no_divergence_at_0, kTarget},
    {"nn.functional.ctc_loss", first, without_probabilities, kCtc},
    {"nn.CTCLoss", first, without_probabilities, kCtc},
    {"nn.functional.gaussian_nll_loss", gradients, clamped_variance, kVariance},
    {"nn.GaussianNLLLoss", first, clamped_variance, kVariance},
    {"nn.functional.celu", gradients, as_recorded, kCelu, true},
    {"nn.CELU", gradients, as_recorded, kCelu, true},
    {"nn.functional.hardsigmoid", gradients, as_recorded, kHardsigmoid, true},
    {"nn.Hardsigmoid", gradients, as_recorded, kHardsigmoid, true},
    {"*", every, if_floats_are_mixed, kMixed, true},
};

unsigned kinds_of(Kind kind) {
  return kind == Kind::values ? unsigned{values} : kind == Kind::gradients ? unsigned{first} : unsigned{second};
}

/// What the case calls, by PyTorch's name.
std::string called_in(const Value& one_case) {
  if (const Value& op = one_case["op"]; op.is_text()) return op.text();
  if (const Value& module = one_case["module"]; module.is_text()) return "nn." + module.text();
  return "";
}

bool is_equal(const Tensor& actual, const Tensor& right, Bound bound) try {
  check_close("", actual, right, bound);
  return true;
} catch (const Mismatch&) {
  return false;
}

bool holds(const Exception& exception, Failed& failed) try {
  const Tensor right = exception.right(failed);
  if (!right.defined()) return false;
  const Compared& c = failed.compared;
  const bool accumulates = c.kind == Kind::second_order || exception.operation == "*";
  const Bound rounding = accumulates ? Bound{1e-5, 1e-6} : Bound{1e-6, 1e-7};
  return is_equal(c.actual, right, exception.rounds ? rounding : bound_of(c.one_case, c.kind, right.dtype()));
} catch (const std::exception&) {
  return false;  // the arguments are not those that it is about
}

}  // namespace

const char* reason_to_differ(const Compared& compared, const Archive& archive) {
  const Value& one_case = compared.one_case;
  const std::string name = called_in(one_case);
  const bool is_module = one_case["module"].is_text();
  const Value none = Value::List{};
  const Value& call = is_module ? one_case["forward"] : one_case;
  Arguments args(call["args"], call["kwargs"], archive);
  std::optional<Arguments> init;
  if (is_module) init.emplace(none, one_case["init"], archive);
  const xgrad::NoGrad no_grad;
  Failed failed{compared, args, init ? *init : args, archive};
  for (const Exception& exception : kExceptions)
    if ((exception.operation == "*" || exception.operation == name) && (exception.kinds & kinds_of(compared.kind)) &&
        holds(exception, failed))
      return exception.reason;
  return nullptr;
}

const char* reason_to_throw(const Value& one_case, const std::string& message) {
  struct Refusal {
    std::string_view operation;
    std::string_view message;
    const char* reason;
  };
  static constexpr const char* kFullMatrices =
      "further singular vectors are any: PyTorch's gradients are no derivatives";
  static constexpr const char* kDegenerate =
      "vectors of equal singular values are undetermined: xgrad throws by default";
  static constexpr const char* kNoElements = "of no elements there is none: xgrad throws, PyTorch answers with any";
  static constexpr Refusal kRefusals[] = {
      {"svd", "further vectors that full_matrices adds", kFullMatrices},
      {"linalg.svd", "further vectors that full_matrices adds", kFullMatrices},
      {"linalg.norm", "values must differ where vectors are differentiated", kDegenerate},
      {"linalg.matrix_norm", "values must differ where vectors are differentiated", kDegenerate},
      {"linalg.cond", "values must differ where vectors are differentiated", kDegenerate},
      {"linalg.norm", "values must not be 0 where they are differentiated a second time", kDegenerate},
      {"linalg.matrix_norm", "values must not be 0 where they are differentiated a second time", kDegenerate},
      {"norm", "it needs at least one element", kNoElements},
      {"linalg.norm", "it needs at least one element", kNoElements},
      {"dist", "it needs at least one element", kNoElements},
      {"median", "must have an element where it holds integers", kNoElements},
      {"nanmedian", "must have an element where it holds integers", kNoElements},
      {"histogram", "edges must ascend", "xgrad refuses edges that are not sorted"},
      {"nn.functional.hinge_embedding_loss", "must have one shape", "losses do not broadcast"},
      {"pow", "must not have a negative integer power", "a negative power of an integer is no integer: xgrad throws"},
      {"__rpow__", "must not have a negative integer power",
       "a negative power of an integer is no integer: xgrad throws"},
      {"*", "an int64 must hold each element", "PyTorch makes any integer of inf and nan: xgrad throws"},
      {"addcmul", "value must be an integer", "PyTorch truncates the factor: xgrad throws"},
  };
  const std::string name = called_in(one_case);
  for (const Refusal& refusal : kRefusals)
    if ((refusal.operation == "*" || refusal.operation == name) && message.find(refusal.message) != std::string::npos)
      return refusal.reason;
  return nullptr;
}

}  // namespace conformance
