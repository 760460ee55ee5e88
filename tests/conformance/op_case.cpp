// One call of an operation: values, gradients, and gradients of gradients.
#include <xgrad/autograd/grad.hpp>
#include <xgrad/autograd/ops.hpp>
#include "cases.hpp"
#include "registry.hpp"

namespace conformance {
namespace {

using xgrad::Tensor;

/// A floating 0-d tensor that depends on nothing has no graph to go through: its gradients are all absent.
std::vector<Tensor> gradients_of(const Tensor& loss, const std::vector<Tensor>& leaves, bool create_graph) {
  if (!loss.defined() || !loss.requires_grad()) return std::vector<Tensor>(leaves.size());
  return grad(loss, leaves, {.create_graph = create_graph, .unused = xgrad::Unused::undefined});
}

Tensor total(Tensor sum, const Tensor& term) { return sum.defined() ? sum + term : term; }

Tensor loss_of(const std::string& kind, const Value& cotangents, const std::vector<Tensor>& outputs,
               const Archive& archive) {
  Tensor loss;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Value& name = cotangents.list().at(i);
    if (name.is_null()) continue;
    const Tensor weighted = archive.load(name.text()) * outputs[i];
    loss = total(loss, kind == "square" ? 0.5 * sum(weighted * outputs[i]) : sum(weighted));
  }
  return loss;
}

/// Compares, and notes the reason where the answer differs by design.
void check(const std::string& what, const Compared& compared, const Archive& archive, Reasons& by_design) try {
  check_close(what, compared.actual, compared.recorded,
              bound_of(compared.one_case, compared.kind, compared.recorded.dtype()));
} catch (const Mismatch&) {
  const char* reason = compared.actual.defined() ? reason_to_differ(compared, archive) : nullptr;
  if (!reason) throw;
  by_design.insert(reason);
}

void check_second_order(const Value& one_case, const std::vector<Tensor>& outputs, const Arguments& args,
                        const Archive& archive, Reasons& by_design) {
  const Value& second = one_case["second"];
  std::vector<Tensor> leaves;
  for (const auto& [path, expected] : second["grads"].members()) leaves.push_back(args.leaf(path));

  const std::string kind = second["loss"].text();
  const Tensor loss = loss_of(kind, one_case["cotangents"], outputs, archive);
  const std::vector<Tensor> first = gradients_of(loss, leaves, true);
  Tensor projected;
  std::size_t i = 0;
  for (const auto& [path, expected] : second["grads"].members()) {
    // The rules may answer by other code when the gradient's own graph is wanted.
    if (kind == "linear")
      check_gradient(one_case, {"gradient with create_graph of", Kind::gradients, path}, first[i],
                     one_case["grads"][path], archive, by_design);
    const Value& direction = second["v"][path];
    if (first[i].defined() && !direction.is_null())
      projected = total(projected, sum(first[i] * archive.load(direction.text())));
    ++i;
  }
  const std::vector<Tensor> gradients = gradients_of(projected, leaves, false);
  i = 0;
  for (const auto& [path, expected] : second["grads"].members())
    check_gradient(one_case, {"second derivative of", Kind::second_order, path}, gradients[i++], expected, archive,
                   by_design);
}

}  // namespace

void check_outputs(const Value& one_case, const std::vector<Tensor>& outputs, const Archive& archive,
                   Reasons& by_design) {
  const Value::List& names = one_case["outputs"].list();
  if (outputs.size() != names.size())
    throw Mismatch("there are " + std::to_string(outputs.size()) + " outputs, expected " +
                   std::to_string(names.size()));
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i].is_null()) continue;
    const Tensor expected = archive.load(names[i].text());
    const std::string place = std::to_string(i);
    check("output " + place, {one_case, Kind::values, place, outputs[i], expected}, archive, by_design);
  }
}

std::vector<Tensor> gradients(const Value& cotangents, const std::vector<Tensor>& outputs,
                              const std::vector<Tensor>& leaves, bool retain_graph, const Archive& archive) {
  std::vector<Tensor> differentiable;
  std::vector<Tensor> weights;
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    const Value& name = cotangents.list().at(i);
    if (name.is_null() || !outputs[i].requires_grad()) continue;
    differentiable.push_back(outputs[i]);
    weights.push_back(archive.laid_out(archive.load(name.text())));
  }
  if (differentiable.empty()) return std::vector<Tensor>(leaves.size());
  return xgrad::grad(differentiable, leaves, weights,
                     {.retain_graph = retain_graph, .unused = xgrad::Unused::undefined});
}

void check_gradient(const Value& one_case, const GradientOf& of, const Tensor& gradient, const Value& expected,
                    const Archive& archive, Reasons& by_design) {
  const std::string what = std::string(of.what) + ' ' + of.place;
  if (expected.is_null()) return check_no_gradient(what, gradient);
  const Tensor wanted = archive.load(expected.text());
  // A leaf that the output does not depend on has no gradient here where PyTorch has one of zeros.
  const Tensor answer = gradient.defined() ? gradient : zeros_like(wanted);
  check(what, {one_case, of.kind, of.place, answer, wanted}, archive, by_design);
}

Reasons run_op(const Value& one_case, const Archive& archive) {
  const Operation& operation = operation_named(one_case["op"].text());
  const Value& expected = one_case["grads"];
  Arguments args(one_case["args"], one_case["kwargs"], archive, expected, one_case["pre"]);
  std::vector<Tensor> outputs = operation(args).list;
  args.check_all_read();

  if (const Value& post = one_case["post"]; post.is_list())
    for (std::size_t i = 0; i < outputs.size(); ++i)
      if (post.list().at(i).is_text()) outputs[i] = abs(outputs[i]);
  Reasons by_design;
  check_outputs(one_case, outputs, archive, by_design);

  if (const Value& mutated = one_case["mutated"]; mutated.is_object())
    for (const auto& [path, name] : mutated.members()) {
      const Tensor after = archive.load(name.text());
      check_close("argument " + path + " after the call", args.at(path), after,
                  bound_of(one_case, Kind::values, after.dtype()));
    }

  if (!one_case["cotangents"].is_list()) return by_design;
  std::vector<Tensor> leaves;
  for (const auto& [path, name] : expected.members()) leaves.push_back(args.leaf(path));
  const bool has_second = one_case["second"].is_object();
  const std::vector<Tensor> answers = gradients(one_case["cotangents"], outputs, leaves, has_second, archive);
  std::size_t i = 0;
  for (const auto& [path, name] : expected.members())
    check_gradient(one_case, {"gradient of", Kind::gradients, path}, answers[i++], name, archive, by_design);
  if (has_second) check_second_order(one_case, outputs, args, archive, by_design);
  return by_design;
}

}  // namespace conformance
