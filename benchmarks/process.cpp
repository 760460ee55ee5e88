#include <spawn.h>
#include <sys/wait.h>

#include <filesystem>
#include <stdexcept>

#include "contender.hpp"

extern char** environ;

namespace bench {

void run_beside(const std::string& program, const std::vector<std::string>& arguments) {
  static const std::filesystem::path folder = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  std::string path = folder / program;
  std::vector<char*> argv{path.data()};
  std::vector<std::string> copies = arguments;
  for (std::string& argument : copies) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_t child = 0;
  int status = -1;
  if (posix_spawn(&child, path.c_str(), nullptr, nullptr, argv.data(), environ) != 0 ||
      waitpid(child, &status, 0) != child || status != 0)
    throw std::runtime_error(path + " must run to its end, but its status is " + std::to_string(status));
}

}  // namespace bench
