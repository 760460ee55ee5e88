#include "cores.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdio>
#include <system_error>

namespace xgrad XGRAD_API {
namespace internal {
namespace {

constexpr int kMostThreads = 1024;  // a typing error must not start a million

std::string_view without_blanks(std::string_view text) {
  std::size_t first = text.find_first_not_of(" \t\n");
  if (first == text.npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\n") + 1 - first);
}

/// The whole text as a number; -1 where it is none.
std::int64_t number_of(std::string_view text) {
  text = without_blanks(text);
  std::int64_t number = -1;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size() ? number : -1;
}

/// A file's first line, in `room`. These files are one line long.
std::string_view read_line(const char* path, char (&room)[256]) {
  std::FILE* file = std::fopen(path, "re");
  if (file == nullptr) return {};
  std::size_t length = std::fread(room, 1, sizeof room, file);
  std::fclose(file);
  return without_blanks({room, length});
}

}  // namespace

int first_thread_count(std::string_view text) {
  std::int64_t count = number_of(text.substr(0, text.find(',')));
  return count < 1 ? 0 : static_cast<int>(std::min<std::int64_t>(count, kMostThreads));
}

int cores_of_quota(std::string_view cpu_max) {
  std::size_t blank = cpu_max.find(' ');
  if (blank == cpu_max.npos) return 0;
  std::int64_t quota = number_of(cpu_max.substr(0, blank)), period = number_of(cpu_max.substr(blank));
  if (quota < 1 || period < 1) return 0;
  return static_cast<int>(std::min<std::int64_t>((quota - 1) / period + 1, kMostThreads));
}

int cores_of_quota() {
  char room[256], period[256];
  // As a container sees its own group: version 2, then version 1, which has a file for each number.
  if (std::string_view whole = read_line("/sys/fs/cgroup/cpu.max", room); !whole.empty()) return cores_of_quota(whole);
  std::string_view quota = read_line("/sys/fs/cgroup/cpu/cpu.cfs_quota_us", room);
  std::string_view of = read_line("/sys/fs/cgroup/cpu/cpu.cfs_period_us", period);
  char both[2 * sizeof room];
  int length = std::snprintf(both, sizeof both, "%.*s %.*s", static_cast<int>(quota.size()), quota.data(),
                             static_cast<int>(of.size()), of.data());
  return cores_of_quota({both, static_cast<std::size_t>(length)});
}

}  // namespace internal
}  // namespace xgrad
