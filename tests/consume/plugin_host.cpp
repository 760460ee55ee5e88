// A user's program that is not linked with xgrad: a worker loads a plugin (its argument) that is, draws and ends, as do
// the workers after it. Exit status 0 when each draws from a stream of its own, though they get each other's thread
// ids.
#include <dlfcn.h>
#include <cstdint>
#include <cstdio>
#include <thread>

int main(int, char** arguments) {
  std::uint64_t (*stream_drawn_from)() = nullptr;
  std::uint64_t streams[4] = {};
  std::thread([&] {
    void* plugin = dlopen(arguments[1], RTLD_NOW);
    if (plugin == nullptr) {
      std::fprintf(stderr, "%s\n", dlerror());
      return;
    }
    stream_drawn_from = reinterpret_cast<std::uint64_t (*)()>(dlsym(plugin, "stream_drawn_from"));
    streams[0] = stream_drawn_from();
  }).join();
  if (stream_drawn_from == nullptr) return 1;
  for (int i = 1; i < 3; ++i) std::thread([&] { streams[i] = stream_drawn_from(); }).join();
  streams[3] = stream_drawn_from();
  bool is_right = true;
  for (std::uint64_t i = 0; i < 4; ++i) {
    std::fprintf(stderr, "thread %d drew from stream %d\n", static_cast<int>(i), static_cast<int>(streams[i]));
    is_right = is_right && streams[i] == i;
  }
  return is_right ? 0 : 1;
}
