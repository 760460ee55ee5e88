#include "worker.hpp"

#include <sys/wait.h>
#include <unistd.h>
#include <csignal>
#include <cstdint>
#include <cstring>

#include "cases.hpp"
#include "exceptions.hpp"
#include "registry.hpp"

namespace conformance {
namespace {

constexpr unsigned kSecondsPerCase = 60;

void write_all(int file, const void* bytes, std::size_t count) {
  const char* at = static_cast<const char*>(bytes);
  while (count > 0) {
    const ssize_t written = ::write(file, at, count);
    if (written <= 0) ::_exit(EXIT_FAILURE);
    at += written;
    count -= static_cast<std::size_t>(written);
  }
}

bool read_all(int file, void* bytes, std::size_t count) {
  char* at = static_cast<char*>(bytes);
  while (count > 0) {
    const ssize_t got = ::read(file, at, count);
    if (got <= 0) return false;
    at += got;
    count -= static_cast<std::size_t>(got);
  }
  return true;
}

struct Header {
  Status status;
  std::uint32_t length;
};

[[noreturn]] void work(const std::vector<Value>& cases, std::size_t first, const Archive& archive, int file) {
  for (std::size_t i = first; i < cases.size(); ++i) {
    ::alarm(kSecondsPerCase);
    const Result result = perform(cases[i], archive);
    const Header header{result.status, static_cast<std::uint32_t>(result.reason.size())};
    write_all(file, &header, sizeof header);
    write_all(file, result.reason.data(), result.reason.size());
  }
  ::_exit(EXIT_SUCCESS);
}

std::string cause_of_death(int status) {
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
    return "took more than " + std::to_string(kSecondsPerCase) + " s";
  if (WIFSIGNALED(status)) return std::string("crashed: ") + ::strsignal(WTERMSIG(status));
  return "ended the process with status " + std::to_string(WEXITSTATUS(status));
}

/// Why xgrad cannot hold what the case expects; empty where it can.
std::string problem_of_outputs(const Value& one_case, const Archive& archive) try {
  if (const Value& outputs = one_case["outputs"]; outputs.is_list())
    for (const Value& name : outputs.list())
      if (name.is_text()) archive.load(name.text());
  return {};
} catch (const Unsupported& problem) {
  return problem.what();
}

}  // namespace

Result perform(const Value& one_case, const Archive& archive) {
  try {
    const Reasons by_design = run_case(one_case, archive);
    if (by_design.empty()) return {Status::passed, ""};
    std::string reasons;
    for (const std::string& reason : by_design) reasons += (reasons.empty() ? "" : "; ") + reason;
    return {Status::by_design, reasons};
  } catch (const Unsupported& error) {
    return {Status::unsupported, error.what()};
  } catch (const Mismatch& error) {
    return {Status::failed, error.what()};
  } catch (const std::exception& error) {
    if (const char* reason = reason_to_throw(one_case, error.what())) return {Status::by_design, reason};
    if (const std::string problem = problem_of_outputs(one_case, archive); !problem.empty())
      return {Status::unsupported, problem};
    return {Status::failed, std::string("throws: ") + error.what()};
  }
}

void perform_all(const std::vector<Value>& cases, const Archive& archive,
                 const std::function<void(const Value&, const Result&)>& done) {
  for (std::size_t next = 0; next < cases.size();) {
    int pipe[2];
    if (::pipe(pipe) != 0) throw std::runtime_error("cannot make a pipe");
    const pid_t child = ::fork();
    if (child < 0) throw std::runtime_error("cannot make a process");
    if (child == 0) {
      ::close(pipe[0]);
      work(cases, next, archive, pipe[1]);
    }
    ::close(pipe[1]);
    Header header;
    while (next < cases.size() && read_all(pipe[0], &header, sizeof header)) {
      std::string reason(header.length, ' ');
      if (!read_all(pipe[0], reason.data(), reason.size())) break;
      done(cases[next++], {header.status, reason});
    }
    ::close(pipe[0]);
    int status = 0;
    ::waitpid(child, &status, 0);
    if (next < cases.size()) {
      done(cases[next], {Status::failed, cause_of_death(status)});
      ++next;
    }
  }
}

}  // namespace conformance
