// Random programs of the table's operators keep what each operator promises by itself: gradients to the second order,
// vjp against jvp, float32 against float64, the same bits on any number of threads, and nothing left alive.
//
// XGRAD_RANDOM_GRAPHS sets how many are drawn, XGRAD_SEED with which seed the first one is.
#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <exception>
#include <set>
#include <string>

#include <xgrad/autograd/check/gradcheck.hpp>
#include <xgrad/autograd/extend.hpp>
#include <xgrad/autograd/grad_mode.hpp>
#include <xgrad/autograd/memory.hpp>
#include <xgrad/autograd/threads.hpp>
#include "random_program.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr int kSteps = 6;
/// What rounding alone may leave of derivatives that cancel; values are about 1 to 100.
constexpr double kAbsolute = 1e-8;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
  const char* text = std::getenv(variable);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

/// Value and gradients of a program.
struct Outcome {
  std::vector<double> value;
  std::vector<double> gradients;
};

Outcome outcome_of(const Program& program, DType dtype, Disturbance disturbance = {}) {
  std::vector<Tensor> leaves;
  for (const Tensor& leaf : program.leaves) leaves.push_back(cast(leaf, dtype).detach().set_requires_grad());
  const Tensor value = value_of(program, leaves, disturbance);
  Outcome outcome{value.to_vector<double>(), {}};
  if (program.order() == 0 || !value.requires_grad()) return outcome;
  for (const Tensor& gradient : grad(value, leaves, {.unused = Unused::zeros})) {
    const std::vector<double> elements = gradient.to_vector<double>();
    outcome.gradients.insert(outcome.gradients.end(), elements.begin(), elements.end());
  }
  return outcome;
}

double largest(const std::vector<double>& numbers) {
  double largest = 0;
  for (double number : numbers) largest = std::max(largest, std::abs(number));
  return largest;
}
double distance(const std::vector<double>& a, const std::vector<double>& b) {
  double largest = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    if (!(std::abs(a[i] - b[i]) <= largest)) largest = std::abs(a[i] - b[i]);
  return largest;
}

/// What gradcheck finds in the program, where rounding alone does not explain it.
std::string gradient_faults(const Program& program, Disturbance disturbance) {
  auto function = [&](std::span<const Tensor> leaves) { return value_of(program, leaves, disturbance); };
  const GradcheckReport report =
      gradcheck_report(function, program.leaves, {.atol = kAbsolute, .order = program.order()});
  // What a rule gives with and without its graph may differ by rounding alone, too.
  const bool matters = std::any_of(report.errors.begin(), report.errors.end(), [](const GradcheckFinding& finding) {
    return !(std::abs(finding.rule - finding.difference) <= kAbsolute);
  });
  return matters ? report.text() : "";
}

/// <u, J v> = <J^T u, v>.
std::string transposed_faults(const Program& program, Disturbance disturbance) {
  auto function = [&](std::span<const Tensor> leaves) { return value_of(program, leaves, disturbance); };
  std::vector<Tensor> tangents;
  Generator generator(7);
  for (const Tensor& leaf : program.leaves)
    tangents.push_back(uniform(leaf.shape(), -1, 1, {.dtype = DType::float64}, generator));
  const std::vector<Tensor> gradients = grad(function, program.leaves);
  const double along = jvp(function, program.leaves, tangents).item<double>();
  double total = 0, size = 1e-300;
  for (std::size_t i = 0; i < gradients.size(); ++i) {
    const Tensor products = gradients[i].detach() * tangents[i];
    total += sum(products).item<double>();
    size += sum(abs(products)).item<double>();
  }
  return std::abs(total - along) <= 1e-9 * size + kAbsolute ? "" : concat("vjp gives ", total, " and jvp ", along);
}

/// Where elements are equal by chance, as where the standard deviation of equal numbers or the angle between parallel
/// vectors is taken, a function may have a kink, and its derivative is rounding: right next to it there is none. A rule
/// that is wrong is wrong there too.
constexpr Disturbance kNextToIt{1e-7, 1};

std::string check_gradients(const Program& program) {
  if (program.order() == 0) return "";
  std::string faults = gradient_faults(program, {});
  return faults.empty() || gradient_faults(program, kNextToIt).empty() ? "" : faults;
}
std::string check_transposed(const Program& program) {
  if (program.order() == 0) return "";
  std::string faults = transposed_faults(program, {});
  return faults.empty() || transposed_faults(program, kNextToIt).empty() ? "" : faults;
}

/// What rounding to float32 does to a program. What is equal may stay so, or not.
Disturbance rounding(int i, bool as_float32) {
  return {1e-6, static_cast<std::uint64_t>(1 + 1000 * i), as_float32, as_float32 && i % 2 == 1};
}
constexpr int kTries = 40;

/// float32 differs from float64 by no more than what rounding the operands does, or where that does not explain it, the
/// cotangents too.
std::string check_float32(const Program& program) {
  const Outcome exact = outcome_of(program, DType::float64), rounded = outcome_of(program, DType::float32);
  auto is_near = [&](int tries, double factor, bool as_float32) {
    double spread = 0, spread_of_gradients = 0;
    for (int i = 0; i < tries; ++i) {
      const Outcome other = outcome_of(program, DType::float64, rounding(i, as_float32));
      spread = std::max(spread, distance(exact.value, other.value));
      spread_of_gradients = std::max(spread_of_gradients, distance(exact.gradients, other.gradients));
    }
    const double size = largest(exact.value), size_of_gradients = largest(exact.gradients);
    return distance(exact.value, rounded.value) <= factor * spread + 1e-4 * size + 1e-6 &&
           distance(exact.gradients, rounded.gradients) <=
               factor * spread_of_gradients + 1e-3 * size_of_gradients + 1e-5 * (1 + size);
  };
  if (is_near(2, 10, false) || is_near(kTries, 30, true)) return "";
  return concat("float32 gives ", rounded.value[0], " and float64 ", exact.value[0], ", their gradients differ by ",
                distance(exact.gradients, rounded.gradients), " of ", largest(exact.gradients));
}

std::string check_threads(const Program& program) {
  const int threads = num_threads();
  set_num_threads(1);
  const Outcome one = outcome_of(program, DType::float64);
  set_num_threads(2);
  const Outcome two = outcome_of(program, DType::float64);
  set_num_threads(threads);
  const bool same = distance(one.value, two.value) == 0 && distance(one.gradients, two.gradients) == 0;
  return same ? "" : "one thread and two give different results";
}

/// Whether rounding takes the program out of its operators' domain: a matrix, say, that is hardly positive definite.
bool is_at_edge(const Program& program) {
  for (int i = 0; i < kTries; ++i)
    if (!is_defined(program, rounding(i, true))) return true;
  return false;
}

enum class Kind { none, gradients, transposed, float32, threads, thrown, alive };

/// What is wrong with a program.
struct Fault {
  Kind kind = Kind::none;
  std::string text = {};
};

Fault fault_of(const Program& program) {
  const memory::Stats before = memory::stats();
  Fault fault;
  const std::pair<Kind, std::string (*)(const Program&)> checks[] = {{Kind::gradients, check_gradients},
                                                                     {Kind::transposed, check_transposed},
                                                                     {Kind::float32, check_float32},
                                                                     {Kind::threads, check_threads}};
  try {
    for (const auto& [kind, check] : checks)
      if (std::string text = check(program); !text.empty()) {
        fault = {kind, std::move(text)};
        break;
      }
  } catch (const std::exception& error) {
    if (!is_at_edge(program)) fault = {Kind::thrown, concat("it throws: ", error.what())};
  }
  const memory::Stats after = memory::stats();
  if (fault.kind == Kind::none && (after.nodes != before.nodes || after.storages != before.storages))
    fault = {Kind::alive, concat(after.nodes - before.nodes, " nodes and ", after.storages - before.storages,
                                 " storages stay alive")};
  return fault;
}

std::vector<const OperatorRow*> rows_for_programs() {
  std::vector<const OperatorRow*> rows;
  for (const OperatorRow& row : op_table())
    // Not those whose derivative has none itself: programs are differentiated twice.
    if (row.order > 1 || (row.order == 0 && !row.output_dtype)) rows.push_back(&row);
  return rows;
}

/// The fault, and that of the smallest program that fails in the same way.
std::string explained(const Program& program, std::uint64_t seed) {
  const Fault fault = fault_of(program);
  const Program smallest = shrunk(program, [&](const Program& candidate) {
    return is_defined(candidate) && fault_of(candidate).kind == fault.kind;
  });
  return concat("seed ", seed, ": ", fault.text, "\nand the smallest like it:\n", smallest.text(), "// ",
                fault_of(smallest).text);
}

}  // namespace

TEST_CASE("Random programs keep what their operators promise", "[op_table][random_graphs]") {
  const std::uint64_t count = number_from("XGRAD_RANDOM_GRAPHS", 10000), first = number_from("XGRAD_SEED", 1);
  const std::vector<const OperatorRow*> rows = rows_for_programs();
  int found = 0;
  std::set<const OperatorRow*> drawn;
  for (std::uint64_t seed = first; seed < first + count && found < 5; ++seed) {
    const Program program = draw_program(seed, rows, kSteps);
    for (const Step& step : program.steps) drawn.insert(step.row);
    if (fault_of(program).kind == Kind::none) continue;
    ++found;
    FAIL_CHECK(explained(program, seed));
  }
  if (count < 10000 || found > 0) return;
  for (const OperatorRow* row : rows) {
    // Where hardly a tensor fits, programs of that row alone.
    for (std::uint64_t seed = first; seed < first + 100 && !drawn.contains(row); ++seed) {
      const Program program = draw_program(seed, {row}, kSteps);
      if (program.steps.empty()) continue;
      drawn.insert(row);
      if (fault_of(program).kind != Kind::none) FAIL_CHECK(explained(program, seed));
    }
    INFO(row->name << " has part in none of " << count << " programs");
    CHECK(drawn.contains(row));
  }
}

TEST_CASE("A wrong rule in a random program is found, and the program made small", "[op_table][random_graphs]") {
  // Its gradient is a hundredth too large, in the middle of programs of right ones.
  OperatorRow wrong = row_of("tanh");
  wrong.name = "wrong";
  wrong.function = [](const Tensor& x) {
    Tensor y = tanh(x);
    if (!y.requires_grad()) return y;
    return record("wrong", SourceLocation::current(), {y}, y.detach(), {},
                  [](Vjp& vjp) { vjp.give(0, vjp.g() * 1.01); });
  };
  std::vector<const OperatorRow*> rows = {&wrong};
  for (const char* name : {"add", "sin", "sum(axis)", "matmul", "transpose", "softmax(axis)"})
    rows.push_back(&row_of(name));
  int found = 0, with_wrong = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const Program program = draw_program(seed, rows, kSteps);
    const bool has_wrong =
        std::any_of(program.steps.begin(), program.steps.end(), [&](const Step& step) { return step.row == &wrong; });
    with_wrong += has_wrong;
    const Kind kind = fault_of(program).kind;
    CHECK((has_wrong || kind == Kind::none));
    if (kind == Kind::none) continue;
    ++found;
    const Program smallest =
        shrunk(program, [&](const Program& candidate) { return fault_of(candidate).kind == kind; });
    CHECK(smallest.steps.size() == 1);
    CHECK(smallest.text().find("row_of(\"wrong\")") != std::string::npos);
  }
  CHECK(found > with_wrong / 2);  // in the others it hardly counts
  CHECK(with_wrong > 10);
}

TEST_CASE("What is wrong in float32 alone is found in random programs", "[op_table][random_graphs]") {
  // The value is a hundredth too large, or the gradient a twentieth.
  static double too_much_of_value, too_much_of_gradient;
  OperatorRow wrong = row_of("tanh");
  wrong.name = "wrong";
  wrong.function = [](const Tensor& x) {
    Tensor y = tanh(x);
    if (x.dtype() != DType::float32) return y;
    Tensor value = y.detach() * (1 + too_much_of_value);
    if (!y.requires_grad()) return value;
    return record("wrong", SourceLocation::current(), {y}, value, {},
                  [factor = 1 + too_much_of_gradient](Vjp& vjp) { vjp.give(0, vjp.g() * factor); });
  };
  std::vector<const OperatorRow*> rows = {&wrong};
  for (const char* name : {"add", "sin", "sum(axis)", "matmul", "transpose", "softmax(axis)"})
    rows.push_back(&row_of(name));
  for (bool in_value : {true, false}) {
    too_much_of_value = in_value ? 0.01 : 0;
    too_much_of_gradient = in_value ? 0 : 0.05;
    int found = 0, with_wrong = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      const Program program = draw_program(seed, rows, kSteps);
      with_wrong +=
          std::any_of(program.steps.begin(), program.steps.end(), [&](const Step& step) { return step.row == &wrong; });
      const Fault fault = fault_of(program);
      CHECK((fault.kind == Kind::none || fault.kind == Kind::float32));
      found += fault.kind == Kind::float32;
    }
    INFO(found << " of " << with_wrong << " found, " << (in_value ? "values" : "gradients"));
    CHECK(found > with_wrong / 2);
    CHECK(with_wrong > 10);
  }
}

TEST_CASE("Programs that rounding decides are no faults", "[op_table][random_graphs]") {
  auto step = [](const char* row, std::vector<Fitted> operands) { return Step{&row_of(row), std::move(operands)}; };
  auto plain = [](int value, const Shape& shape) { return Fitted{.value = value, .shape = shape}; };
  auto within = [](int value, const Shape& shape, double low, double high) {
    return Fitted{.value = value, .shape = shape, .is_bounded = true, .low = low, .high = high};
  };
  const Fitted labels{.value = -1, .low = -1, .high = 2, .dtype = DType::int64, .seed = 7};
  // The angle between parallel vectors, summed up with large weights.
  const Program parallel{{f64(1.2046857446777164)},
                         {step("cosine_embedding_loss", {plain(0, {7}), plain(0, {7}), labels}),
                          step("cumsum(last)", {plain(1, {5, 1, 33})})}};
  // Equal numbers over their standard deviation, of which float32 leaves nothing but what rounding does.
  const Program equal{{f64(1.9591131567357798), f64(-0.33807690215156683)},
                      {step("mse(sum)", {plain(1, {67}), plain(0, {67})}),
                       step("layer_norm(two axes, no affine)", {within(2, {3, 11}, -2, 2)})}};
  // The angle to a vector of that kind.
  const Program rounded_angle{
      {f64(-1.736004565023709)},
      {step("layer_norm(two axes, no affine)", {plain(0, {3, 11})}),
       step("cosine_embedding_loss",
            {plain(0, {4, 5}), plain(1, {4, 5}),
             Fitted{.value = -1, .shape = {4}, .low = -1, .high = 2, .dtype = DType::int64, .seed = 5}})}};
  // Which of equal sums are one.
  const Program equal_sums{
      {f64({0.63922470575672685, 1.789472356460498, -0.97703196643914891, -1.0599211039194105}),
       f64({{0.96275198248508387, 0.20561091416114863}, {1.3809799914824996, -1.3050764354823143}})},
      {step("matmul", {plain(0, {2, 3, 4}), plain(1, {2, 4, 5})}), step("unique", {within(2, {2, 3}, -2, 2)})}};
  const Program equal_means{
      {f64({1.5265654948787826, 0.916630585476089, 1.1601408506600532})},
      {step("adaptive_avg_pool3d", {plain(0, {1, 2, 4, 3, 5})}), step("mode", {plain(1, {2, 3, 4})})}};
  // A matrix that a step of the finite differences makes indefinite.
  const Program indefinite{{f64(0.14126567862639483)},
                           {step("log", {plain(0, {})}), step("linalg::cholesky(upper)", {plain(1, {2, 2, 2})})}};
  for (const Program* program : {&parallel, &equal, &rounded_angle, &equal_sums, &equal_means, &indefinite}) {
    INFO(program->text());
    CHECK(is_defined(*program));
    CHECK(fault_of(*program).text.empty());
  }
}
