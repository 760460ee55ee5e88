#include "anomaly.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "../engine/node.hpp"
#include "../engine/observer.hpp"
#include "../engine/pass.hpp"
#include "../error.hpp"
#include "../grad_mode.hpp"
#include "../ops/compare.hpp"
#include "../ops/reduce.hpp"

namespace xgrad XGRAD_API {

using namespace internal;

namespace {

bool has_nan(const Tensor& x) { return x.defined() && is_floating(x.dtype()) && any(isnan(x)).item<bool>(); }
bool has_infinity(const Tensor& x) { return x.defined() && is_floating(x.dtype()) && any(isinf(x)).item<bool>(); }

/// What an operation or a rule was given: whether any of it is nan, or infinite.
struct Given {
  bool nan = false;
  bool infinity = false;
  void add(const Tensor& x) {
    nan = nan || has_nan(x);
    infinity = infinity || has_infinity(x);
  }
  /// Whether this result holds what was not there before.
  bool explains(const Tensor& result) const {
    if (has_nan(result) && !nan) return false;
    return nan || infinity || !has_infinity(result);
  }
};

/// The first element that is not finite, by its index.
struct Finding {
  std::size_t at = 0;
  std::string text;  // "element [1, 0] of float64 [2, 3] is nan (2 of 6 are not finite)"
};

std::string index_text(std::size_t at, const Shape& shape) {
  Shape index = shape;
  for (int axis = shape.ndim() - 1; axis >= 0; --axis) {
    const auto extent = static_cast<std::size_t>(shape[axis]);
    index[axis] = static_cast<std::int64_t>(at % extent);
    at /= extent;
  }
  return to_string(index);
}

Finding first_of(const Tensor& x) {
  const std::vector<double> elements = x.to_vector<double>();
  Finding found;
  std::size_t count = 0;
  for (std::size_t i = elements.size(); i-- > 0;)
    if (!std::isfinite(elements[i])) {
      found.at = i;
      ++count;
    }
  if (x.ndim() == 0)
    found.text = concat("it is ", elements[0]);
  else
    found.text = concat("element ", index_text(found.at, x.shape()), " of ", x.dtype(), " ", x.shape(), " is ",
                        elements[found.at], count > 1 ? concat(" (", count, " are not finite)") : std::string());
  return found;
}

/// "in [0, 4]"; of the elements that are finite, and whether others are there.
std::string range_text(const Tensor& x) {
  if (x.numel() == 0) return concat("empty, ", x.shape());
  double low = HUGE_VAL, high = -HUGE_VAL;
  bool is_finite = true;
  for (double element : x.to_vector<double>()) {
    if (!std::isfinite(element)) {
      is_finite = false;
      continue;
    }
    low = std::min(low, element);
    high = std::max(high, element);
  }
  if (low > high) return "nowhere finite";
  return concat("in [", low, ", ", high, "]", is_finite ? "" : " beside nan or infinity");
}

/// ", input 0 lies in [0, 4], input 1 in [1, 2]" of those that are there and have numbers.
void add_ranges(std::vector<std::string>& parts, const char* what, int number, const Tensor& x) {
  if (x.defined() && x.dtype() != DType::boolean) parts.push_back(concat(what, " ", number, " lies ", range_text(x)));
}

std::string joined(const std::vector<std::string>& parts) {
  std::string text;
  for (std::size_t i = 0; i < parts.size(); ++i)
    text += (i == 0 ? " " : i + 1 == parts.size() ? " and " : ", ") + parts[i];
  return text.empty() ? "" : text + ".";
}

std::string with_capital(std::string text) {
  if (text.size() > 1) text[1] = static_cast<char>(std::toupper(static_cast<unsigned char>(text[1])));
  return text;
}

[[noreturn]] void fail_anomaly(SourceLocation where, const std::string& message) {
  throw anomaly_error(with_place(message, where));
}

}  // namespace

class AnomalyGuard::Watch final : public Observer {
 public:
  explicit Watch(AnomalyOptions options) : options_(options) {}

  void computed(const char* name, SourceLocation where, const Inputs& inputs,
                std::span<const Tensor> outputs) override {
    // What a rule computes on its way is its own affair: what it answers with is looked at.
    if (!options_.values || Pass::is_under_way()) return;
    Unobserved unobserved;
    NoGrad no_grad;
    for (const Tensor& output : outputs) {
      if (!has_nan(output) && !has_infinity(output)) continue;
      Given given;
      for (int i = 0; i < inputs.size(); ++i) given.add(inputs[i]);
      if (given.explains(output)) continue;
      std::vector<std::string> ranges;
      for (int i = 0; i < inputs.size(); ++i) add_ranges(ranges, "input", i, inputs[i]);
      fail_anomaly(where, concat(name, ": its result must be finite, but ", first_of(output).text, ".",
                                 with_capital(joined(ranges))));
    }
  }

  void pulled_back(const Node& node, std::uint64_t pass, std::span<const Tensor> cotangents,
                   std::span<const Tensor> given) override {
    if (!options_.gradients) return;
    Unobserved unobserved;
    NoGrad no_grad;
    follow_choices(node, pass, cotangents, given);
    Given came;
    for (const Tensor& cotangent : cotangents) came.add(cotangent);
    for (std::size_t i = 0; i < given.size(); ++i)
      if (!came.explains(given[i])) fail_rule(node, static_cast<int>(i), given[i], cotangents);
  }

  void summed(const Node& node, const Tensor& before, const Tensor& cotangent, const Tensor& sum) override {
    if (!options_.gradients) return;
    Unobserved unobserved;
    NoGrad no_grad;
    Given came;
    came.add(before);
    came.add(cotangent);
    if (came.explains(sum)) return;
    fail_anomaly(node.where,
                 concat(node.name, ": the sum of the gradients of its result must be finite, but ", first_of(sum).text,
                        ". One lies ", range_text(before), " and one ", range_text(cotangent), "."));
  }

 private:
  /// Notes what lies below a where() or masked_fill() that let nothing through in places: its operands, and all that
  /// they were computed from.
  void follow_choices(const Node& node, std::uint64_t pass, std::span<const Tensor> cotangents,
                      std::span<const Tensor> given) {
    if (pass != pass_) {
      choices_.clear();
      pass_ = pass;
    }
    const std::string_view name = node.name;
    const bool chooses = name == "where" || name == "masked_fill";
    const auto found = choices_.find(&node);
    const auto edges = node.edges();
    for (std::size_t i = 0; i < edges.size(); ++i) {
      const Node* below = edges[i].producer.get();
      if (below == nullptr) continue;
      if (chooses && i < given.size() && is_cut(cotangents[0], given[i]))
        choices_.emplace(below, Choice{node.name, node.where});
      else if (found != choices_.end())
        choices_.emplace(below, found->second);
    }
  }

  /// Whether zeros were made of what came: else all of this operand was chosen.
  static bool is_cut(const Tensor& came, const Tensor& given) {
    if (!came.defined() || !given.defined()) return false;
    return came.shape() != given.shape() || any(logical_and(came != 0, given == 0)).item<bool>();
  }

  [[noreturn]] void fail_rule(const Node& node, int i, const Tensor& gradient, std::span<const Tensor> cotangents) {
    const Finding found = first_of(gradient);
    std::string message =
        concat(node.name, ": the gradient of its input ", i, " must be finite, but ", found.text, ".");
    std::vector<std::string> ranges;
    for (std::size_t k = 0; k < cotangents.size(); ++k) {
      if (!cotangents[k].defined()) continue;
      ranges.push_back(concat(cotangents.size() == 1 ? "its result's gradient" : concat("result ", k, "'s gradient"),
                              " lies ", range_text(cotangents[k])));
    }
    std::size_t next = 0;
    for (int bit = 0; bit < 64 && next < node.saved().size(); ++bit) {
      if ((node.saved_bits >> bit & 1) == 0) continue;
      const Tensor& value = node.saved()[next++].value;
      const bool is_input = bit < Uses::kMaxInputs;
      add_ranges(ranges, is_input ? "input" : "result", is_input ? bit : bit - Uses::kMaxInputs, value);
    }
    message += with_capital(joined(ranges));
    const auto choice = choices_.find(&node);
    if (choice != choices_.end() && came_as_zero(cotangents, gradient, found.at)) {
      const auto& [name, place] = choice->second;
      const bool is_where = std::string_view(name) == "where";
      message += concat(" The gradient came as 0 through ",
                        is_where ? "the branch of where() that was not taken" : "what masked_fill() replaced");
      if (place.known()) message += concat(" (", place, ")");
      message += ": where_safe() keeps such elements out.";
    }
    fail_anomaly(node.where, message);
  }

  /// Whether the gradient that came for this element was 0, or all of it where shapes differ.
  static bool came_as_zero(std::span<const Tensor> cotangents, const Tensor& gradient, std::size_t at) {
    for (const Tensor& cotangent : cotangents) {
      if (!cotangent.defined()) continue;
      const std::vector<double> elements = cotangent.to_vector<double>();
      if (cotangent.shape() == gradient.shape()) {
        if (elements[at] != 0) return false;
        continue;
      }
      for (double element : elements)
        if (element != 0) return false;
    }
    return true;
  }

  struct Choice {
    const char* name;
    SourceLocation where;
  };

  AnomalyOptions options_;
  std::uint64_t pass_ = 0;
  std::map<const Node*, Choice> choices_;
};

AnomalyGuard::AnomalyGuard(AnomalyOptions options) : watch_(new Watch(options)) {}
AnomalyGuard::~AnomalyGuard() { delete watch_; }

}  // namespace xgrad
