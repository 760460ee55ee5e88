// A training run that is killed at any moment goes on from its newest whole checkpoint as if it had not been.
//
// XGRAD_KILLS=200 build/release/xgrad_tests_io "[killed]"    as many kills as that; XGRAD_SEED: other moments
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include <xgrad/autograd/random_state.hpp>
#include <xgrad/autograd/threads.hpp>
#include <xgrad/io/checkpoints.hpp>
#include "../catch.hpp"
#include "files.hpp"
#include "run.hpp"

using namespace xgrad;
using namespace xgrad::testing;

namespace {

constexpr int kSteps = 40;

int number_of(const char* variable, int otherwise) {
  const char* text = std::getenv(variable);
  return text == nullptr ? otherwise : std::atoi(text);
}

/// Trains to the end, from the folder's newest checkpoint where there is one, and writes one after each step.
void train(Run& run, const std::string& folder) {
  io::CheckpointEvery every(run.checkpoint, folder, {.steps = 1, .keep = 2});
  every.resume();
  while (run.step < kSteps) {
    run.advance(1);
    every.step(run.step);
  }
}

std::string bits_of(const Run& run) {
  Folder folder;
  run.checkpoint.save(folder("end"));
  return folder.read("end");
}

double seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void sleep_for(double seconds) {
  const auto whole = static_cast<time_t>(seconds);
  timespec time{whole, static_cast<long>((seconds - static_cast<double>(whole)) * 1e9)};
  while (nanosleep(&time, &time) != 0) {
  }
}

}  // namespace

TEST_CASE("a run that is killed at any moment goes on to the same bits", "[io][killed]") {
  const int kills = number_of("XGRAD_KILLS", 10), seed = number_of("XGRAD_SEED", 1);
  double duration = 0;
  std::string expected;
  {
    Folder folder;
    Run run;
    const double begin = seconds();
    train(run, folder.path());
    duration = seconds() - begin;
  }
  manual_seed(11);
  {
    Run run;
    run.advance(kSteps);
    expected = bits_of(run);
  }

  Generator moments(static_cast<std::uint64_t>(seed));
  int killed = 0, ended_before = 0, with_half_a_file = 0;
  while (killed < kills) {
    Folder folder;
    const double moment = uniform({1}, 0, duration, {}, moments).item();
    const pid_t child = fork();
    REQUIRE(child >= 0);
    if (child == 0) {
      manual_seed(11);
      Run run;
      train(run, folder.path());
      _exit(0);
    }
    sleep_for(moment);
    kill(child, SIGKILL);
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    REQUIRE((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));
    if (!WIFSIGNALED(status)) {  // it came too late
      REQUIRE(++ended_before < 10 * kills);
      continue;
    }
    ++killed;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      with_half_a_file += entry.path().string().find(".tmp-") != std::string::npos;

    INFO("killed after " << moment << " s; kill " << killed << " of seed " << seed);
    manual_seed(11);
    Run run;
    {
      io::CheckpointEvery every(run.checkpoint, folder.path(), {.steps = 1, .keep = 2});
      const bool was_there = !every.newest().empty();
      CHECK(every.resume() == was_there);
      CHECK((run.step > 0) == was_there);
    }
    run.advance(kSteps - static_cast<int>(run.step));
    CHECK((bits_of(run) == expected));
    for (const auto& entry : std::filesystem::directory_iterator(folder.path()))
      CHECK(entry.path().string().find(".tmp-") == std::string::npos);
  }
  WARN(killed << " kills (seed " << seed << ") of a run of " << duration << " s, " << with_half_a_file
              << " while a file was being written");
}
