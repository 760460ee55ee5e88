// Random programs of the table's operators keep what each operator promises by itself: gradients to the second order, vjp
// against jvp, float32 against float64, the same bits on any number of threads, and nothing left alive.
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

std::string check_gradients(const Program& program) {
  if (program.order() == 0) return "";
  const std::string faults = gradient_faults(program, {});
  // At a kink, as the standard deviation of equal numbers is one, the derivative is rounding; next to it there is none.
  return faults.empty() || gradient_faults(program, {1e-7, 1}).empty() ? "" : faults;
}

/// <u, J v> = <J^T u, v>.
std::string check_transposed(const Program& program) {
  if (program.order() == 0) return "";
  auto function = [&program](std::span<const Tensor> leaves) { return value_of(program, leaves); };
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

/// float32 differs from float64 by no more than what rounding the operands does.
std::string check_float32(const Program& program) {
  const Outcome exact = outcome_of(program, DType::float64), rounded = outcome_of(program, DType::float32);
  auto is_near = [&](int tries, double factor) {
    double spread = 0, spread_of_gradients = 0;
    for (int i = 0; i < tries; ++i) {
      const Outcome other = outcome_of(program, DType::float64, {1e-6, static_cast<std::uint64_t>(1 + 1000 * i)});
      spread = std::max(spread, distance(exact.value, other.value));
      spread_of_gradients = std::max(spread_of_gradients, distance(exact.gradients, other.gradients));
    }
    const double size = largest(exact.value), size_of_gradients = largest(exact.gradients);
    return distance(exact.value, rounded.value) <= factor * spread + 1e-4 * size + 1e-6 &&
           distance(exact.gradients, rounded.gradients) <=
               factor * spread_of_gradients + 1e-3 * size_of_gradients + 1e-5 * (1 + size);
  };
  if (is_near(2, 10) || is_near(40, 30)) return "";
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

/// What is wrong with a program; empty where nothing is.
std::string fault_of(const Program& program) {
  const memory::Stats before = memory::stats();
  std::string fault;
  try {
    for (auto check : {check_gradients, check_transposed, check_float32, check_threads})
      if (fault.empty()) fault = check(program);
  } catch (const std::exception& error) {
    fault = concat("it throws: ", error.what());
  }
  const memory::Stats after = memory::stats();
  if (fault.empty() && (after.nodes != before.nodes || after.storages != before.storages))
    fault = concat(after.nodes - before.nodes, " nodes and ", after.storages - before.storages, " storages stay alive");
  return fault;
}

std::vector<const OperatorRow*> rows_for_programs() {
  std::vector<const OperatorRow*> rows;
  for (const OperatorRow& row : op_table())
    // Not those whose derivative has none itself: programs are differentiated twice.
    if (row.order > 1 || (row.order == 0 && !row.output_dtype)) rows.push_back(&row);
  return rows;
}

/// The fault of the smallest program that fails like this one, and that program.
std::string explained(const Program& program, std::uint64_t seed) {
  const Program smallest = shrunk(program, [](const Program& candidate) { return !fault_of(candidate).empty(); });
  return concat("seed ", seed, "\n", smallest.text(), "// ", fault_of(smallest));
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
    if (fault_of(program).empty()) continue;
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
      if (!fault_of(program).empty()) FAIL_CHECK(explained(program, seed));
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
    const Tensor y = tanh(x);
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
    const std::string fault = fault_of(program);
    CHECK((has_wrong || fault.empty()));
    if (fault.empty()) continue;
    ++found;
    const Program smallest = shrunk(program, [](const Program& candidate) { return !fault_of(candidate).empty(); });
    CHECK(smallest.steps.size() == 1);
    CHECK(smallest.text().find("row_of(\"wrong\")") != std::string::npos);
  }
  CHECK(found > with_wrong / 2);  // in the others it hardly counts
  CHECK(with_wrong > 10);
}
