// Runs the test cases, and fails when a case leaves tensors or graph nodes behind.
#define CATCH_CONFIG_RUNNER
#include <iostream>
#include <string>
#include <vector>

#include <xgrad/autograd/memory.hpp>
#include "catch.hpp"

#if __has_include(<catch2/catch_all.hpp>)
using ListenerBase = Catch::EventListenerBase;
#else
using ListenerBase = Catch::TestEventListenerBase;
#endif

namespace {

std::vector<std::string>& leaking_cases() {
  static std::vector<std::string> cases;
  return cases;
}

/// Compares what is alive after a test case with what was alive before it.
struct LeakListener : ListenerBase {
  using ListenerBase::ListenerBase;

  void testCaseStarting(const Catch::TestCaseInfo&) override { before_ = xgrad::memory::stats(); }

  void testCaseEnded(const Catch::TestCaseStats& stats) override {
    xgrad::memory::Stats after = xgrad::memory::stats();
    if (after.storages == before_.storages && after.nodes == before_.nodes) return;
    leaking_cases().push_back(stats.testInfo.name + ": " + std::to_string(after.storages - before_.storages) +
                              " storages, " + std::to_string(after.nodes - before_.nodes) + " nodes");
  }

 private:
  xgrad::memory::Stats before_;
};

}  // namespace

CATCH_REGISTER_LISTENER(LeakListener)

int main(int argc, char** argv) {
  int failed = Catch::Session().run(argc, argv);
  for (const std::string& leak : leaking_cases()) std::cout << "left alive by the test case " << leak << '\n';
  return failed != 0 ? failed : static_cast<int>(leaking_cases().size());
}
