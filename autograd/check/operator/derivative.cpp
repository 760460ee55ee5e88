#include "derivative.hpp"

#include <algorithm>
#include <cmath>

#include "../../functional.hpp"
#include "../../grad_mode.hpp"
#include "../../ops.hpp"
#include "../../threads.hpp"
#include "../gradcheck.hpp"
#include "../numbers.hpp"

namespace xgrad::internal {
namespace {

/// While it lives, operations take so many threads.
class ThreadCount {
 public:
  explicit ThreadCount(int count) : before_(num_threads()) { set_num_threads(count); }
  ~ThreadCount() { set_num_threads(before_); }
  ThreadCount(const ThreadCount&) = delete;
  ThreadCount& operator=(const ThreadCount&) = delete;

 private:
  int before_;
};

/// A sum of products, and the sum of their magnitudes.
struct Product {
  double sum = 0;
  double size = 0;

  void add(const Tensor& a, const Tensor& b) {
    std::vector<double> x = a.to_vector<double>(), y = b.to_vector<double>();
    for (std::size_t i = 0; i < x.size(); ++i) {
      sum += x[i] * y[i];
      size += std::abs(x[i] * y[i]);
    }
  }
};

}  // namespace

void check_layouts(Trial& trial, const Tensors& inputs, const Tensor& value, const Tensor& cotangent) {
  // Another order of summation is allowed, another value is not.
  bool narrow = value.dtype() == DType::float32;
  Closeness closeness{.rtol = narrow ? 1e-6 : 1e-12, .of_largest = narrow ? 1e-7 : 1e-13};
  Tensors gradients = cotangent.defined() ? trial.pull_back(inputs, cotangent) : Tensors{};
  for (const Layout& layout : layouts()) {
    Tensors laid_out = map_all(inputs, layout.make);
    Tensors contiguous_inputs = layout.is_other ? map_all(laid_out, plain_copy) : inputs;
    trial.expect_same(inputs, layout.name, trial.call(laid_out),
                      layout.is_other ? trial.call(contiguous_inputs) : value, closeness);
    if (!cotangent.defined()) continue;
    trial.expect_same(inputs, concat("gradient, ", layout.name), trial.pull_back(laid_out, cotangent),
                      layout.is_other ? trial.pull_back(contiguous_inputs, cotangent) : gradients, closeness);
    Tensor other = layout.make(cotangent);
    trial.expect_same(inputs, concat("gradient, cotangent with ", layout.name), trial.pull_back(inputs, other),
                      layout.is_other ? trial.pull_back(inputs, copy(other)) : gradients, closeness);
  }
}

void check_recording(Trial& trial, const Tensors& inputs, const Tensor& value, const Tensor& cotangent) {
  Tensors together = trial.pull_back(inputs, cotangent);
  std::size_t floating = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (!is_floating(inputs[i].dtype())) continue;
    Tensors arguments = inputs;
    arguments[i] = inputs[i].detach().set_requires_grad();
    trial.expect_same(inputs, "recorded", trial.call(arguments), value, {});
    {
      NoGrad no_grad;
      Tensor unrecorded = trial.call(arguments);
      bool is_argument = unrecorded.is_same(arguments[i]);  // as of contiguous()
      trial.expect(is_argument || !unrecorded.requires_grad(), inputs, "NoGrad",
                   "the value must not require a gradient");
    }
    TensorFunction of_this = [&](std::span<const Tensor> argument) {
      Tensors all = inputs;
      all[i] = argument[0];
      return trial.call(all);
    };
    Tensor alone = functional::vjp(of_this, {&inputs[i], 1}, cotangent, trial.where)[0];
    trial.expect_same(inputs, concat("gradient by input ", i, " alone"), alone, together[floating++], {.rtol = 1e-14});
  }
}

void check_gradient(Trial& trial, const Tensors& inputs) {
  if (!takes_floating(inputs)) return;
  const OperatorRow& row = trial.row;
  GradcheckReport gradient = functional::gradcheck(row.function.call(), std::span<const Tensor>(inputs),
                                                   {.order = row.order, .seed = row.seed}, false, trial.where);
  trial.report.kinks += static_cast<int>(gradient.kinks.size());
  trial.expect(gradient.passed(), inputs, "gradient", gradient.text());
}

void check_transposes(Trial& trial, const Tensors& inputs, const Tensor& value) {
  Tensors floating = floating_of(inputs), tangents;
  if (floating.empty() || value.numel() == 0) return;
  for (const Tensor& input : floating)
    tangents.push_back(uniform(input.shape(), -1, 1, {.dtype = input.dtype()}, trial.generator));
  Tensor cotangent = uniform(value.shape(), -1, 1, {.dtype = value.dtype()}, trial.generator);
  Product forward, backward;
  forward.add(functional::jvp(trial.function_of_floating(inputs), floating, tangents, trial.where), cotangent);
  Tensors gradients = trial.pull_back(inputs, cotangent);
  for (std::size_t i = 0; i < gradients.size(); ++i) backward.add(gradients[i], tangents[i]);
  auto is_float32 = [](const Tensor& x) { return x.dtype() == DType::float32; };
  const bool is_narrow = is_float32(value) || std::any_of(floating.begin(), floating.end(), is_float32);
  // What is beneath the value's own rounding is nothing: the slope 0 of a condition number of 1, say.
  Product of_value;
  of_value.add(value, cotangent);
  const double tolerance =
      (is_narrow ? 1e-4 : 1e-10) * (forward.size + backward.size) + (is_narrow ? 1e-6 : 1e-15) * of_value.size;
  bool holds = !(std::abs(forward.sum - backward.sum) > tolerance);
  trial.expect(holds, inputs, "transposes",
               concat("jvp and vjp must be of one matrix, <u, J v> = <J^T u, v>, but they give ", digits(forward.sum),
                      " and ", digits(backward.sum)));
}

void check_shared(Trial& trial, const Tensors& inputs) {
  const auto& of_row = trial.row.inputs;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    for (std::size_t k = i + 1; k < inputs.size(); ++k) {
      const bool fits = is_floating(inputs[i].dtype()) && inputs[i].dtype() == inputs[k].dtype() &&
                        inputs[i].shape() == inputs[k].shape() && of_row[i].low == of_row[k].low &&
                        of_row[i].high == of_row[k].high && of_row[i].avoid == of_row[k].avoid;
      if (!fits) continue;
      Tensors apart = inputs, shared = inputs;
      apart[k] = copy(inputs[i]);
      shared[k] = inputs[i];
      const std::string kind = concat("input ", i, " as input ", k, " too");
      const Tensor value = trial.call(apart);
      trial.expect_same(inputs, kind, trial.call(shared), value, {.rtol = 1e-14});
      const Tensor cotangent = trial.random_cotangent(value);
      TensorFunction of_both = [&](std::span<const Tensor> argument) {
        Tensors all = inputs;
        all[i] = all[k] = argument[0];
        return trial.call(all);
      };
      const Tensors gradients = trial.pull_back(apart, cotangent);
      std::size_t at_i = 0, at_k = 0;
      for (std::size_t j = 0; j < k; ++j) {
        at_i += j < i && is_floating(inputs[j].dtype());
        at_k += is_floating(inputs[j].dtype());
      }
      trial.expect_same(inputs, concat("gradient, ", kind),
                        functional::vjp(of_both, {&inputs[i], 1}, cotangent, trial.where)[0],
                        gradients[at_i] + gradients[at_k], {.rtol = 1e-12, .of_largest = 1e-13});
    }
}

void check_linearity(Trial& trial, const Tensors& inputs, const Tensor& value) {
  if (value.numel() == 0) return;
  auto cotangent = [&] { return uniform(value.shape(), -1, 1, {.dtype = value.dtype()}, trial.generator); };
  const Tensor u = cotangent(), w = cotangent();
  const Tensors of_u = trial.pull_back(inputs, u), of_w = trial.pull_back(inputs, w);
  const Tensors of_scaled = trial.pull_back(inputs, -0.3 * u), of_sum = trial.pull_back(inputs, u + w);
  const bool narrow = value.dtype() == DType::float32;
  for (std::size_t i = 0; i < of_u.size(); ++i) {
    // Terms that cancel leave the error of the largest.
    const double size = largest_of(of_u[i]) + largest_of(of_w[i]);
    const Closeness closeness{.absolute = (narrow ? 1e-4 : 1e-10) * size};
    trial.expect_same(inputs, concat("gradient by input ", i, " for -0.3 of a cotangent"), of_scaled[i], -0.3 * of_u[i],
                      closeness);
    trial.expect_same(inputs, concat("gradient by input ", i, " for the sum of two cotangents"), of_sum[i],
                      of_u[i] + of_w[i], closeness);
  }
}

void check_threads(Trial& trial, const Tensors& inputs) {
  auto results = [&](int threads, const Tensor& cotangent) {
    ThreadCount count(threads);
    Tensors all{trial.call(inputs)};
    if (cotangent.defined())
      for (Tensor& gradient : trial.pull_back(inputs, cotangent)) all.push_back(std::move(gradient));
    return all;
  };
  Tensor value = trial.call(inputs), cotangent;
  if (is_floating(value.dtype()) && trial.row.order > 0 && takes_floating(inputs))
    cotangent = trial.random_cotangent(value);
  bool same = is_identical(results(1, cotangent), results(3, cotangent));
  trial.expect(same, inputs, concat("threads, ", inputs[0].dtype()),
               "one thread and three must give the same bits, in value and gradient");
}

}  // namespace xgrad::internal
