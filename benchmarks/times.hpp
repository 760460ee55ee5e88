// What Google Benchmark measures, as medians.
#pragma once

#include <benchmark/benchmark.h>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace bench {

/// Tells Google Benchmark to run the repetitions of all benchmarks in random order, not one benchmark after the other.
/// To be called once, at the start.
inline void interleave() {
  // Google Benchmark keeps the program's name.
  static std::string program = "benchmark", option = "--benchmark_enable_random_interleaving=true";
  char* arguments[] = {program.data(), option.data(), nullptr};
  int count = 2;
  benchmark::Initialize(&count, arguments);
}

/// Milliseconds of one iteration, in each repetition, by benchmark.
class Times : public benchmark::BenchmarkReporter {
 public:
  explicit Times(bool cpu_time) : cpu_time_(cpu_time) {}
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs)
      if (run.run_type == Run::RT_Iteration)
        times_[run.run_name.function_name].push_back(
            1e3 * (cpu_time_ ? run.cpu_accumulated_time : run.real_accumulated_time) /
            static_cast<double>(run.iterations));
  }
  std::optional<double> median(const std::string& name) const {
    auto found = times_.find(name);
    if (found == times_.end()) return {};
    std::vector<double> sorted = found->second;
    std::sort(sorted.begin(), sorted.end());
    std::size_t half = sorted.size() / 2;
    return sorted.size() % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
  }

 private:
  bool cpu_time_;
  std::map<std::string, std::vector<double>> times_;
};

}  // namespace bench
