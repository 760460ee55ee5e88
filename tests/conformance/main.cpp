// xgrad_conformance FOLDER [--json FILE] [--op NAME]... [--id ID]... [--strided] [--in-process]
//
// Replays recorded cases of PyTorch (FOLDER/cases.jsonl, FOLDER/tensors.safetensors) and reports what passed,
// failed and is not offered. Exit status: 0 when no case failed, 1 when some did, 2 for a wrong call, 77
// (skipped) when the folder is absent.
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>
#include <string>

#include "json.hpp"
#include "worker.hpp"

namespace {

using namespace conformance;

constexpr int kSomeFailed = 1;
constexpr int kWrongCall = 2;
constexpr int kSkipped = 77;

constexpr const char* kUsage =
    "usage: xgrad_conformance FOLDER [--json FILE] [--op NAME]... [--id ID]... [--strided] [--in-process]\n"
    "  --json FILE   write the report as JSON, too\n"
    "  --op NAME     only this operator, as the report names it (add, nn.Linear, optim.SGD)\n"
    "  --id ID       only this case\n"
    "  --strided     with arguments that are not contiguous in memory\n"
    "  --in-process  without a child process: for a debugger; a crash ends the run\n";

struct Options {
  std::filesystem::path folder;
  std::string json_file;
  std::set<std::string> operators;
  std::set<std::string> ids;
  Layout layout = Layout::contiguous;
  bool in_process = false;
};

Options parse(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const auto next = [&] {
      if (++i >= argc) throw std::invalid_argument(argument + " needs a value");
      return std::string(argv[i]);
    };
    if (argument == "--json")
      options.json_file = next();
    else if (argument == "--op")
      options.operators.insert(next());
    else if (argument == "--id")
      options.ids.insert(next());
    else if (argument == "--strided")
      options.layout = Layout::strided;
    else if (argument == "--in-process")
      options.in_process = true;
    else if (argument.starts_with("-"))
      throw std::invalid_argument("there is no option " + argument);
    else
      options.folder = argument;
  }
  if (options.folder.empty()) throw std::invalid_argument("the folder of the cases is missing");
  return options;
}

std::vector<Value> read_cases(const Options& options) {
  std::ifstream file(options.folder / "cases.jsonl");
  std::vector<Value> cases;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    Value one_case = parse_json(line);
    const bool all = options.operators.empty() && options.ids.empty();
    if (all || options.operators.contains(operator_of(one_case)) || options.ids.contains(one_case["id"].text()))
      cases.push_back(std::move(one_case));
  }
  return cases;
}

int run(const Options& options) {
  const std::filesystem::path tensors = options.folder / "tensors.safetensors";
  if (!exists(options.folder / "cases.jsonl") || !exists(tensors)) {
    std::cout << "SKIPPED: no conformance cases in " << options.folder.string() << '\n';
    return kSkipped;
  }
  const std::vector<Value> cases = read_cases(options);
  const Archive archive(tensors, options.layout);
  Report report;
  const auto done = [&](const Value& one_case, const Result& result) { report.add(one_case, result); };
  if (options.in_process)
    for (const Value& one_case : cases) done(one_case, perform(one_case, archive));
  else
    perform_all(cases, archive, done);

  report.write_text(std::cout);
  if (!options.json_file.empty()) {
    std::ofstream file(options.json_file);
    file << write_json(report.to_value()) << '\n';
    if (!file.flush()) throw std::runtime_error("cannot write " + options.json_file);
  }
  return report.any_failed() ? kSomeFailed : EXIT_SUCCESS;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return run(parse(argc, argv));
  } catch (const std::invalid_argument& error) {
    std::cerr << error.what() << '\n' << kUsage;
    return kWrongCall;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return kSomeFailed;
  }
}
