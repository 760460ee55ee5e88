// The elementwise operators of one operand over samples of all floats, and in float64 at points that are hard. The rows
// are those of the operators' table. scripts/accuracy.sh has whole sweeps made, one operator a run.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "../catch.hpp"
#include "limits.hpp"
#include "measure.hpp"
#if XGRAD_MPFR
#include "exact.hpp"
#endif

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr std::uint64_t kAll = std::uint64_t{1} << 32;

std::string text_of(const Worst& worst) {
  std::ostringstream text;
  text.precision(17);
  text << worst.units << " at " << worst.at;
  return text.str();
}

std::int64_t number_from(const char* variable, std::int64_t fallback) {
  const char* text = std::getenv(variable);
  return text == nullptr ? fallback : std::strtoll(text, nullptr, 10);
}

/// A sweep's state, kept in a file so that it goes on where it was stopped.
struct State {
  std::uint64_t next = 0;
  Errors float32, reference, float64;
  bool finished = false;

  void read(const std::string& file) {
    std::ifstream in(file);
    State s;
    auto worst = [&](Worst& w) { in >> w.units >> w.at; };
    in >> s.next >> s.float32.points;
    worst(s.float32.value), worst(s.float32.slope);
    in >> s.reference.points;
    worst(s.reference.value), worst(s.reference.slope);
    in >> s.float64.points;
    worst(s.float64.value), worst(s.float64.slope);
    in >> s.finished;
    if (in) *this = s;
  }
  void write(const std::string& file) const {
    const std::string unfinished = file + ".new";
    {
      std::ofstream out(unfinished);
      out.precision(17);
      auto worst = [&](const Worst& w) { out << ' ' << w.units << ' ' << w.at; };
      out << next;
      for (const Errors* errors : {&float32, &reference, &float64}) {
        out << ' ' << errors->points;
        worst(errors->value), worst(errors->slope);
      }
      out << ' ' << finished << '\n';
    }
    std::filesystem::rename(unfinished, file);
  }
};

}  // namespace

TEST_CASE("values and derivatives of elementwise operators are accurate over samples of float32", "[accuracy]") {
  const auto step = static_cast<std::uint64_t>(number_from("XGRAD_ACCURACY_STEP", 1048573));  // a prime
  for (const OperatorRow& row : rows_to_measure()) {
    const Limits& limits = limits_of(row.name);
    const Errors errors = float32_errors(row, 0, kAll, step);
    INFO(row.name << ": value off by " << text_of(errors.value) << ", derivative by " << text_of(errors.slope));
    CHECK(errors.value.units <= limits.value32);
    CHECK(errors.slope.units <= limits.slope32);
  }
}

TEST_CASE("float64 results are those of MPFR to the last bits", "[accuracy][mpfr]") {
  const std::int64_t count = number_from("XGRAD_ACCURACY_POINTS", 24);
  int measured = 0;
  for (const OperatorRow& row : rows_to_measure()) {
    if (!has_exact(row)) continue;
    ++measured;
    const Limits& limits = limits_of(row.name);
    const Errors reference = reference_errors(row, count, 1);
    INFO(row.name << ": value off by " << text_of(reference.value) << ", derivative by " << text_of(reference.slope)
                  << " units of float32");
    CHECK(reference.value.units <= 0.01);
    CHECK(reference.slope.units <= 0.01);
    const Errors errors = float64_errors(row, count, 2);
    INFO(row.name << ": value off by " << text_of(errors.value) << ", derivative by " << text_of(errors.slope));
    CHECK(errors.value.units <= limits.value64);
    CHECK(errors.slope.units <= limits.slope64);
  }
  if (measured == 0) WARN("skipped: MPFR is not installed (Debian: libmpfr-dev)");
}

#if XGRAD_MPFR
TEST_CASE("derivatives that MPFR is given as formulas are those of the values", "[accuracy][mpfr]") {
  int measured = 0;
  for (const OperatorRow& row : rows_to_measure()) {
    const ExactOperator* exact = exact_operator(row.name);
    if (exact == nullptr || exact->slope == nullptr) continue;
    ++measured;
    int compared = 0;
    for (double size : {1e-300, 1e-8, 0.013, 0.26, 0.3,  0.41,  0.498, 0.61,  0.7,    0.999,     1.6,
                        3.9,    4.1,  9.3,   57.2, 61.7, 199.4, 201.6, 990.7, 1010.3, 1e6 + 0.3, 1e30})
      for (double x : {size, -size}) {
        const Exact value = exact->value(Exact(x));
        if (isnan(value) || isinf(value) || value == 0) continue;
        const Exact formula = exact_slope(*exact, Exact(x)),
                    quotient = quotient_slope(exact->value, Exact(x), exact->is_wave);
        if (isnan(quotient) || formula.to_double() == 0) continue;
        ++compared;
        INFO(row.name << " at " << x << ": " << formula.to_double() << ", by differences " << quotient.to_double());
        const long apart = (formula - quotient).exponent() - quotient.exponent();
        CHECK((formula == quotient || apart < -80));
      }
    INFO(row.name);
    CHECK(compared >= 6);
  }
  CHECK(measured > 20);
}
#endif

// One operator, wholly, into a file: for scripts/accuracy.sh.
TEST_CASE("a whole sweep of one operator", "[.sweep]") {
  const char* name = std::getenv("XGRAD_ACCURACY_ROW");
  const char* folder = std::getenv("XGRAD_ACCURACY_FOLDER");
  if (name == nullptr || folder == nullptr) {
    for (const OperatorRow& row : rows_to_measure()) std::printf("%s\n", row.name.c_str());
    return;
  }
  const OperatorRow& row = row_of(name);
  const auto step = static_cast<std::uint64_t>(number_from("XGRAD_ACCURACY_STEP", 1));
  const std::string file = std::string(folder) + "/" + name + ".txt";
  State state;
  state.read(file);
  const std::uint64_t stretch = (std::uint64_t{1} << 27) / step * step;
  while (state.next < kAll) {
    const std::uint64_t end = std::min(kAll, state.next + stretch);
    const Errors errors = float32_errors(row, state.next, end, step);
    state.float32.value.see(errors.value);
    state.float32.slope.see(errors.slope);
    state.float32.points += errors.points;
    state.next = end;
    state.write(file);
  }
  if (has_exact(row) && !state.finished && number_from("XGRAD_ACCURACY_POINTS", 1) > 0) {
    const std::int64_t wanted = number_from("XGRAD_ACCURACY_POINTS", 1000000);
    const std::time_t start = std::time(nullptr);
    const std::int64_t seconds = number_from("XGRAD_ACCURACY_SECONDS", 120);
    for (std::uint64_t seed = 1; state.reference.points < wanted && std::time(nullptr) - start < seconds; ++seed) {
      const Errors errors = reference_errors(row, 250, seed + static_cast<std::uint64_t>(state.reference.points));
      state.reference.value.see(errors.value);
      state.reference.slope.see(errors.slope);
      state.reference.points += errors.points;
      if (errors.points == 0) break;
    }
    for (std::uint64_t seed = 1; state.float64.points < wanted && std::time(nullptr) - start < 2 * seconds; ++seed) {
      const Errors errors = float64_errors(row, 500, seed);
      state.float64.value.see(errors.value);
      state.float64.slope.see(errors.slope);
      state.float64.points += errors.points;
      if (errors.points == 0) break;
    }
  }
  state.finished = true;
  state.write(file);
  std::printf("%-22s float32 value %s, derivative %s\n", name, text_of(state.float32.value).c_str(),
              text_of(state.float32.slope).c_str());
}

namespace {

std::string cell(const Worst& worst) {
  char text[64];
  std::snprintf(text, sizeof text, "%.2f", worst.units);
  return text;
}
std::string place(const Worst& worst) {
  char text[64];
  std::snprintf(text, sizeof text, "%.9g", worst.at);
  return text;
}

constexpr const char* kHead =
    "# Accuracy\n\n"
    "How far the elementwise operators of one operand are off, value and first derivative, in units of the last place "
    "(ulp) of\n"
    "the exact result; of denormal results in units of the least denormal number. `scripts/accuracy.sh --all` makes "
    "this page.\n\n"
    "- **float32**: the worst of all 2^32 numbers (fewer where the column says so), and where it is. What is exact "
    "comes from the\n"
    "  operator's own float64 result. That is held to MPFR on as many random floats as the column *held* says: by at "
    "most 0.01\n"
    "  ulp of float32 it differs from the exact number, so that the figures beside it are off by no more.\n"
    "- **float64**: the worst against MPFR, at points that are hard: all sizes, denormals, neighbours of whole and "
    "half numbers,\n"
    "  of the ends of domains and of the zeros of value and derivative.\n\n"
    "The rule is 2 ulp for float32 and 4 for float64, for the derivative as well as for the value. Where more is "
    "allowed, or\n"
    "errors near a zero are measured beside what cancels there, the last column says why. A dash: MPFR has no such "
    "function.\n\n"
    "| operator | float32 value | at | float32 derivative | at | numbers | float64 value | float64 derivative | held | "
    "remark "
    "|\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n";

}  // namespace

// docs/accuracy.md, from the sweeps' files: for scripts/accuracy.sh.
TEST_CASE("the page on accuracy", "[.table]") {
  const char* folder = std::getenv("XGRAD_ACCURACY_FOLDER");
  const char* page = std::getenv("XGRAD_ACCURACY_TABLE");
  REQUIRE((folder != nullptr && page != nullptr));
  std::ofstream out(page);
  out << kHead;
  for (const OperatorRow& row : rows_to_measure()) {
    State state;
    state.read(std::string(folder) + "/" + row.name + ".txt");
    if (!state.finished) continue;
    const bool held = state.reference.points > 0;
    out << "| " << row.name << " | " << cell(state.float32.value) << " | " << place(state.float32.value) << " | "
        << cell(state.float32.slope) << " | " << place(state.float32.slope) << " | " << state.float32.points << " | "
        << (held ? cell(state.float64.value) : "-") << " | " << (held ? cell(state.float64.slope) : "-") << " | "
        << (held ? std::to_string(state.reference.points) : "-") << " | " << limits_of(row.name).reason << " |\n";
  }
}
