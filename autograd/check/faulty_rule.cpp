#include "faulty_rule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "../engine/node.hpp"
#include "../engine/observer.hpp"
#include "../grad.hpp"
#include "../ops/create.hpp"

namespace xgrad::internal {
namespace {

// Elements of all operations together that are copied to be compared; beyond it the search is given up.
constexpr std::size_t kMostElements = 50'000'000;
constexpr double kStep = 1e-6;

/// One recorded operation: its operands' elements, and its outputs, which keep its node alive.
struct Operation {
  std::vector<Numbers> inputs;  // empty for those that are not float64
  std::vector<bool> linked;     // whether the input has a place in the graph
  std::vector<Numbers> outputs;
  std::vector<Tensor> tensors;

  Node& node() const {
    for (const Tensor& output : tensors)
      if (output.impl()->node) return *output.impl()->node;
    std::abort();  // a recorded operation has a floating output
  }
  std::string name() const { return node().where.known() ? concat(node().name, " (", node().where, ")") : node().name; }
};

/// Writes down what a function records.
class Recorder : public Observer {
 public:
  void recorded(const Inputs& inputs, std::span<const Tensor> outputs) override {
    Operation operation;
    for (int i = 0; i < inputs.size(); ++i) {
      operation.inputs.push_back(elements(inputs[i]));
      operation.linked.push_back(static_cast<bool>(inputs[i].impl()->node));
    }
    for (const Tensor& output : outputs) operation.outputs.push_back(elements(output));
    operation.tensors.assign(outputs.begin(), outputs.end());
    operations_.push_back(std::move(operation));
  }
  const std::vector<Operation>& operations() const { return operations_; }
  bool complete() const { return total_ <= kMostElements; }

 private:
  Numbers elements(const Tensor& tensor) {
    if (tensor.dtype() != DType::float64) return {};
    total_ += static_cast<std::size_t>(tensor.numel());
    return complete() ? tensor.to_vector<double>() : Numbers{};
  }

  std::vector<Operation> operations_;
  std::size_t total_ = 0;
};

std::vector<Operation> record_operations(DerivativeOfOrder& derivative, const Numbers& elements, bool& complete) {
  Recorder recorder;
  derivative.record_function_at(elements);
  complete &= recorder.complete();
  return recorder.operations();
}

/// Whether the operation's rule can be run by itself: it has its values yet (no pass inside of the function used them
/// up), and is of float64.
bool can_run(const Operation& operation) {
  return operation.node().rule &&
         std::all_of(operation.tensors.begin(), operation.tensors.end(), [](const Tensor& output) {
           return !is_floating(output.dtype()) || output.dtype() == DType::float64;
         });
}

std::vector<Tensor> random_cotangents(const Operation& operation, Weights& weights) {
  std::vector<Tensor> cotangents;
  for (const Tensor& output : operation.tensors) {
    Numbers numbers = weights.list(static_cast<std::size_t>(output.numel()));
    cotangents.push_back(is_floating(output.dtype()) ? from_data(numbers.data(), output.shape()) : Tensor());
  }
  return cotangents;
}

/// A sum of products, with what is needed to tell whether it is 0.
struct Balance {
  double sum = 0;
  double squares = 0;  // of the terms
  double rounding = 0;

  /// Adds sign weight (plus - minus) / (2 step) over all elements.
  void add(double sign, const Numbers& weight, const Numbers& plus, const Numbers& minus, double step) {
    for (std::size_t i = 0; i < plus.size() && i < weight.size(); ++i) {
      double move = (plus[i] - minus[i]) / (2 * step);
      if (move == 0) continue;  // inf times nothing
      sum += sign * weight[i] * move;
      squares += weight[i] * move * weight[i] * move;
      double error = std::numeric_limits<double>::epsilon() * std::abs(weight[i] * plus[i]) / step;
      rounding += error * error;
    }
  }
  /// How far it is off, relative to its terms; 0 within rounding errors.
  double off() const {
    if (std::isnan(sum) || std::isinf(squares)) return std::numeric_limits<double>::infinity();
    double size = std::sqrt(squares);
    double excess = std::abs(sum) - 1e-5 * size - 20 * std::sqrt(rounding);
    return excess > 0 ? excess / size : 0;
  }
};

}  // namespace

std::string find_faulty_rule(DerivativeOfOrder& derivative, std::size_t element) {
  Numbers elements = derivative.own_elements();
  double x = elements[element], step = kStep * (x != 0 ? std::min(1.0, std::abs(x)) : 1);
  bool complete = true;
  elements[element] = x + step;
  std::vector<Operation> plus = record_operations(derivative, elements, complete);
  elements[element] = x - step;
  std::vector<Operation> minus = record_operations(derivative, elements, complete);
  elements[element] = x;
  std::vector<Operation> here = record_operations(derivative, elements, complete);
  if (!complete || plus.size() != here.size() || minus.size() != here.size()) return "";

  Weights weights(0);
  std::string worst;
  double worst_off = 0;
  for (std::size_t n = 0; n < here.size(); ++n) {
    const Operation& operation = here[n];
    if (!can_run(operation)) continue;
    std::vector<Tensor> cotangents = random_cotangents(operation, weights);
    Balance balance;
    for (std::size_t k = 0; k < cotangents.size(); ++k)
      if (cotangents[k].defined())
        balance.add(1, cotangents[k].to_vector<double>(), plus[n].outputs[k], minus[n].outputs[k], step);
    std::string cut_off;
    std::vector<Tensor> given = run_rule(operation.node(), cotangents, false);
    for (std::size_t i = 0; i < given.size(); ++i) {
      if (given[i].defined())
        balance.add(-1, given[i].to_vector<double>(), plus[n].inputs[i], minus[n].inputs[i], step);
      if (!operation.linked[i] && plus[n].inputs[i] != minus[n].inputs[i])
        cut_off = concat(", whose input ", i, " moves too but is cut off from the graph");
    }
    if (balance.off() <= worst_off) continue;
    worst_off = balance.off();
    worst = operation.name() + cut_off;
  }
  return worst;
}

std::string find_inconsistent_rule(DerivativeOfOrder& derivative) {
  bool complete = true;
  std::vector<Operation> operations = record_operations(derivative, derivative.own_elements(), complete);
  Weights weights(0);
  for (const Operation& operation : operations) {
    if (!can_run(operation)) continue;
    std::vector<Tensor> cotangents = random_cotangents(operation, weights);
    std::vector<Tensor> plain = run_rule(operation.node(), cotangents, false);
    std::vector<Tensor> recorded = run_rule(operation.node(), cotangents, true);
    for (std::size_t i = 0; i < plain.size(); ++i) {
      Numbers a = plain[i].defined() ? plain[i].to_vector<double>() : Numbers{};
      Numbers b = recorded[i].defined() ? recorded[i].to_vector<double>() : Numbers(a.size(), 0.0);
      a.resize(b.size());
      double size = std::max(largest_of(a), largest_of(b));
      for (std::size_t e = 0; e < a.size(); ++e)
        if (std::abs(a[e] - b[e]) > 1e-8 * size) return operation.name();
    }
  }
  return "";
}

}  // namespace xgrad::internal
