// Measures xgrad beside libtorch and the machine's limit, and writes a table: scripts/bench.sh.
//
// Each row is measured on its own: Google Benchmark repeats the contenders' iterations in random order, so
// that what the machine does besides hits them alike, and the medians of the repetitions are compared. Before
// that the contenders have to agree on what they computed.
#include <benchmark/benchmark.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <regex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "contender.hpp"
#include "operations.hpp"
#include "times.hpp"

namespace bench {
namespace {

using Json = nlohmann::ordered_json;

struct Options {
  std::string json;
  std::string filter = "";
  bool quick = false;
  bool more = false;
  bool busy = false;
};

constexpr const char* kUsage =
    "usage: compare [--json FILE] [--filter REGEX] [--quick] [--more] [--busy]\n"
    "  --json FILE     write the rows to FILE too, as a JSON list\n"
    "  --filter REGEX  only the workloads whose name has a match\n"
    "  --quick         few and short repetitions: to see that it runs, not to compare\n"
    "  --more          other sizes of the same workloads as well\n"
    "  --busy          one thread only, by its CPU time: for a machine that has other work to do\n";

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    auto value = [&] {
      if (++i == argc) throw std::invalid_argument(argument + " takes a value");
      return std::string(argv[i]);
    };
    if (argument == "--json")
      options.json = value();
    else if (argument == "--filter")
      options.filter = value();
    else if (argument == "--quick")
      options.quick = true;
    else if (argument == "--more")
      options.more = true;
    else if (argument == "--busy")
      options.busy = true;
    else
      throw std::invalid_argument("unknown argument " + argument);
  }
  return options;
}

struct Workload {
  std::string name;
  std::function<Task(Contender&)> prepare;
};

template <class... Parts>
std::string text_of(const Parts&... parts) {
  std::ostringstream out;
  (out << ... << parts);
  return out.str();
}

Workload add_chain(int length, std::int64_t size) {
  return {text_of("add chain ", length, "x", size), [=](Contender& c) { return c.add_chain(length, size); }};
}
Workload mlp(const std::vector<std::int64_t>& sizes, std::int64_t batch) {
  std::string name = "mlp ";
  for (std::int64_t size : sizes) name += text_of(size, "-");
  name.back() = ' ';
  return {text_of(name, "batch ", batch), [=](Contender& c) { return c.mlp_step(sizes, batch); }};
}
Workload formula(std::int64_t size) {
  return {text_of("formula ", size), [=](Contender& c) { return c.formula(size); }};
}
Workload map_sum(std::int64_t size) {
  return {text_of("map_sum ", size), [=](Contender& c) { return c.fused_formula(size); }};
}
Workload special(Special function, std::int64_t size) {
  return {text_of(name_of(function), " ", size), [=](Contender& c) { return c.special(function, size); }};
}
Workload cross_entropy(std::int64_t rows, std::int64_t classes) {
  return {text_of("cross_entropy ", rows, "x", classes), [=](Contender& c) { return c.cross_entropy(rows, classes); }};
}
Workload normalize(std::int64_t size) {
  return {text_of("normalize ", size, "x", size), [=](Contender& c) { return c.normalize(size); }};
}
Workload transposed(std::int64_t size) {
  return {text_of("transposed ", size, "x", size), [=](Contender& c) { return c.transposed(size); }};
}
Workload adam(int count, std::int64_t size) {
  return {text_of("adam ", count, "x", size), [=](Contender& c) { return c.adam(count, size); }};
}
Workload sgd(int count, std::int64_t size) {
  return {text_of("sgd momentum ", count, "x", size), [=](Contender& c) { return c.sgd_momentum(count, size); }};
}
Workload batched_matmul(std::int64_t batch, std::int64_t size) {
  return {text_of("batched matmul ", batch, "x", size, "x", size),
          [=](Contender& c) { return c.batched_matmul(batch, size); }};
}
Workload add(std::int64_t size) {
  return {text_of("add ", size), [=](Contender& c) { return c.add(size); }};
}
Workload recorded_add(std::int64_t size) {
  return {text_of("add ", size, " recorded"), [=](Contender& c) { return c.recorded_add(size); }};
}
Workload nested_gradient(int steps, std::int64_t size) {
  return {text_of("nested gradient ", steps, "x", size), [=](Contender& c) { return c.nested_gradient(steps, size); }};
}
Workload rows_in_loop(std::int64_t rows, std::int64_t columns) {
  return {text_of("rows in a loop ", rows, "x", columns), [=](Contender& c) { return c.rows_in_loop(rows, columns); }};
}
Workload layer(const char* name, Layer which) {
  return {name, [=](Contender& c) { return c.layer(which); }};
}
Workload bound(const char* name, Bound operation, std::int64_t size) {
  return {text_of(name, " ", size, "x", size), [=](Contender& c) { return c.bound(operation, size); }};
}
Workload first_gradient() {
  return {"first gradient of a process", [](Contender& c) { return c.first_gradient(); }};
}

std::vector<Workload> workloads(bool more) {
  std::vector<Workload> all{
      add_chain(100, 4),
      mlp({2, 16, 2}, 1),
      mlp({64, 32, 10}, 32),
      mlp({784, 128, 128, 10}, 64),
      mlp({784, 1024, 1024, 1024, 10}, 256),
      formula(1'000),
      formula(100'000),
      formula(4'000'000),
      map_sum(1'000),
      map_sum(100'000),
      map_sum(4'000'000),
      special(Special::lgamma, 1'000'000),
      special(Special::digamma, 1'000'000),
      special(Special::erfinv, 1'000'000),
      cross_entropy(512, 1000),
      normalize(1024),
      transposed(1024),
      adam(20, 50'000),
      adam(2'000, 50),
      sgd(20, 50'000),
      sgd(2'000, 50),
      batched_matmul(64, 32),
      add(4'000'000),
      add(4),
      recorded_add(4),
      nested_gradient(100, 4),
      nested_gradient(400, 4),
      rows_in_loop(500, 16),
      rows_in_loop(2'000, 16),
      bound("stack along the last axis", Bound::stack, 1'000),
      bound("largest of rows", Bound::largest, 1'000),
      bound("shared largest of rows", Bound::ties, 1'000),
      bound("times a scalar", Bound::scalar, 1'000),
      bound("sum of squares", Bound::square_sum, 1'000),
      bound("one of a fused three", Bound::one_of_fused, 1'000),
      layer("conv2d 32x16x28x28 by 32x16x3x3", Layer::convolution),
      layer("max_pool2d 32x16x28x28 by 2x2", Layer::max_pool),
      layer("layer_norm 2048x512", Layer::layer_norm),
      layer("attention 16x8x64x64", Layer::attention),
      layer("lstm 50x32x64 to 128, both ways", Layer::lstm),
      layer("gru 50x32x64 to 128, both ways", Layer::gru),
      layer("transformer encoder 64x16x128, 512, both ways", Layer::encoder),
      layer("transformer encoder 64x16x128, 2048, both ways", Layer::wide_encoder),
      first_gradient(),
  };
  for (const auto& [name, make] : xgrad_operations())
    all.push_back({name, [name = name](Contender& c) { return c.operation(name); }});
  if (more)
    for (Workload& workload : std::vector<Workload>{
             add_chain(1'000, 64),
             mlp({10, 8, 8, 3}, 4),
             mlp({30, 64, 64, 64, 5}, 16),
             mlp({256, 512, 512, 100}, 128),
             formula(100),
             formula(10'000),
             formula(1'000'003),
             map_sum(10'000),
             map_sum(1'000'003),
             cross_entropy(64, 10),
             cross_entropy(33, 20'001),
             normalize(77),
             normalize(500),
             transposed(100),
             transposed(777),
             adam(6, 1'000'000),
             adam(100, 3'000),
             sgd(6, 1'000'000),
             sgd(100, 3'000),
             batched_matmul(1'000, 4),
             batched_matmul(8, 100),
             add(1'000),
             add(100'000),
         })
      all.push_back(std::move(workload));
  return all;
}

struct Row {
  std::string workload;
  int threads;
  std::optional<double> xgrad_ms, libtorch_ms, limit_ms;

  std::optional<double> ratio() const {
    if (!xgrad_ms || !libtorch_ms) return {};
    return *libtorch_ms / *xgrad_ms;
  }
};

struct Entrant {
  std::string name;
  std::unique_ptr<Contender> contender;
};

/// Throws std::runtime_error when two have not computed the same.
void check_agreement(const std::string& workload, std::vector<std::pair<std::string, Task>>& tasks) {
  constexpr int kSteps = 3;  // a training step shows its effect in the next one
  std::optional<std::vector<double>> expected;
  std::string expected_of;
  for (auto& [name, task] : tasks) {
    if (!task.outcome) continue;
    for (int step = 0; step < kSteps; ++step) task.run();
    std::vector<double> outcome = task.outcome();
    if (!expected) {
      expected = outcome;
      expected_of = name;
      continue;
    }
    bool agrees = outcome.size() == expected->size();
    for (std::size_t i = 0; agrees && i < outcome.size(); ++i) {
      double scale = std::max(std::abs(outcome[i]), std::abs((*expected)[i]));
      agrees = std::abs(outcome[i] - (*expected)[i]) <= 1e-3 * scale + 1e-9;
    }
    if (agrees) continue;
    std::ostringstream message;
    message << workload << ": " << expected_of << " and " << name << " computed different numbers:";
    for (double number : *expected) message << ' ' << number;
    message << " and";
    for (double number : outcome) message << ' ' << number;
    throw std::runtime_error(message.str());
  }
}

Row measure(const Workload& workload, int threads, std::vector<Entrant>& entrants, const Options& options) {
  std::vector<std::pair<std::string, Task>> tasks;
  for (Entrant& entrant : entrants) {
    entrant.contender->set_threads(threads);
    Task task = workload.prepare(*entrant.contender);
    if (task.run) tasks.emplace_back(entrant.name, std::move(task));
  }
  check_agreement(workload.name, tasks);

  benchmark::ClearRegisteredBenchmarks();
  for (auto& [name, task] : tasks) {
    Contender& contender =
        *std::find_if(entrants.begin(), entrants.end(), [&](auto& e) { return e.name == name; })->contender;
    benchmark::RegisterBenchmark(name.c_str(),
                                 [&contender, &task = task, threads](benchmark::State& state) {
                                   contender.set_threads(threads);
                                   // Waiting threads of the one before go to sleep, not only the caches get warm.
                                   std::this_thread::sleep_for(std::chrono::milliseconds(threads == 1 ? 1 : 30));
                                   task.run();
                                   for (auto _ : state) task.run();
                                 })
        ->Repetitions(options.quick ? 3 : 15)
        ->MinTime(options.quick ? 0.005 : 0.06)
        ->UseRealTime();
  }
  Times times(options.busy);
  benchmark::RunSpecifiedBenchmarks(&times, ".");
  return {workload.name, threads, times.median("xgrad"), times.median("libtorch"), times.median("limit")};
}

std::string machine() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  std::string line, model = "unknown processor";
  while (std::getline(cpuinfo, line))
    if (line.starts_with("model name")) {
      model = line.substr(line.find(':') + 2);
      break;
    }
  std::string text = text_of(model, ", ", std::thread::hardware_concurrency(), " cores");
  for (const auto& cache : benchmark::CPUInfo::Get().caches)
    text += text_of(", L", cache.level, " ", cache.type, " ", cache.size / 1024, " KiB");
  double gib = static_cast<double>(sysconf(_SC_PHYS_PAGES)) * static_cast<double>(sysconf(_SC_PAGESIZE)) / (1 << 30);
  return text_of(text, ", ", std::lround(gib), " GiB of memory");
}

std::string versions() {
  std::string torch = torch_version();
  return text_of(xgrad_version(), torch.empty() ? "" : ", ", torch, ", ", blas_version(), ", ",
                 XGRAD_BENCHMARK_COMPILER);
}

std::string flags() { return XGRAD_BENCHMARK_FLAGS; }

std::string with_digits(std::optional<double> number, int digits) {
  if (!number) return "";
  int decimals = *number <= 0 ? 0 : std::max(0, digits - 1 - static_cast<int>(std::floor(std::log10(*number))));
  char text[64];
  std::snprintf(text, sizeof text, "%.*f", decimals, *number);
  return text;
}

std::string markdown(const Row& row) {
  std::optional<double> above_limit;
  if (row.xgrad_ms && row.limit_ms) above_limit = *row.xgrad_ms / *row.limit_ms;
  std::string text = text_of("| ", row.workload, " | ", row.threads);
  for (std::optional<double> number : {row.xgrad_ms, row.libtorch_ms, row.limit_ms, row.ratio(), above_limit})
    text += text_of(" | ", with_digits(number, 3));
  return text + " |\n";
}

Json json_of(const Row& row) {
  auto number = [](std::optional<double> value) { return value ? Json(*value) : Json(nullptr); };
  return {{"workload", row.workload},
          {"threads", row.threads},
          {"xgrad_ms", number(row.xgrad_ms)},
          {"libtorch_ms", number(row.libtorch_ms)},
          {"limit_ms", number(row.limit_ms)},
          {"ratio", number(row.ratio())},
          {"machine", machine()},
          {"versions", versions()},
          {"flags", flags()}};
}

void run(const Options& options) {
  std::regex filter(options.filter);
  std::vector<Entrant> entrants;
  entrants.push_back({"xgrad", make_xgrad()});
  if (auto torch = make_torch()) entrants.push_back({"libtorch", std::move(torch)});
  entrants.push_back({"limit", make_limits()});

  std::cout << "Machine: " << machine() << "\nVersions: " << versions() << "\nFlags: " << flags() << "\n\n"
            << "| workload | threads | xgrad ms | libtorch ms | limit ms | libtorch / xgrad | xgrad / limit |\n"
            << "|---|---|---|---|---|---|---|\n";
  Json rows = Json::array();
  std::vector<int> thread_counts{1};
  if (std::thread::hardware_concurrency() >= 2 && !options.busy) thread_counts.push_back(2);
  for (const Workload& workload : workloads(options.more)) {
    if (!std::regex_search(workload.name, filter)) continue;
    for (int threads : thread_counts) {
      Row row = measure(workload, threads, entrants, options);
      std::cout << markdown(row) << std::flush;
      rows.push_back(json_of(row));
    }
  }
  if (options.json.empty()) return;
  std::ofstream file(options.json);
  file << rows.dump(2) << "\n";
  if (!file.flush()) throw std::runtime_error("cannot write " + options.json);
}

}  // namespace
}  // namespace bench

int main(int argc, char** argv) {
  bench::Options options;
  try {
    options = bench::parse(argc, argv);
  } catch (const std::invalid_argument& error) {
    std::cerr << error.what() << "\n" << bench::kUsage;
    return 2;
  }
  bench::interleave();
  try {
    bench::run(options);
  } catch (const std::exception& error) {
    std::cerr << error.what() << "\n";
    return 1;
  }
  return 0;
}
