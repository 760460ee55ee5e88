#include "file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <vector>

#include "../../autograd/base/launch.hpp"

namespace xgrad::io::detail {
namespace {

constexpr std::size_t kBuffer = 256 << 10;
constexpr std::string_view kTemporaryMark = ".tmp-";

std::string reason(int error) { return std::strerror(error); }

/// The folder of a path, as it is opened.
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == path.npos ? "." : slash == 0 ? "/" : path.substr(0, slash);
}

/// The name under which a file is written, up to a number: in the same folder, and begun as the file's own, but cut, as
/// with what comes after it a long one would be too long.
std::string temporary_of(const std::string& path) {
  constexpr std::size_t kKept = 100;
  const std::size_t name = path.rfind('/') + 1;  // npos + 1 is 0
  std::size_t end = std::min(path.size(), name + kKept);
  // Not within a character of UTF-8, which some file systems would refuse.
  while (end < path.size() && end > name && (static_cast<unsigned char>(path[end]) & 0xC0) == 0x80) --end;
  return concat(path.substr(0, end), kTemporaryMark, static_cast<std::int64_t>(getpid()), '-');
}

/// Reads all of the bytes; the number of an error, -1 where the file ends before.
int read_all(int descriptor, char* to, std::size_t count, std::uint64_t at) {
  while (count > 0) {
    const ssize_t got = pread(descriptor, to, std::min(count, std::size_t{1} << 30), static_cast<off_t>(at));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno;
    if (got == 0) return -1;
    to += got;
    at += static_cast<std::uint64_t>(got);
    count -= static_cast<std::size_t>(got);
  }
  return 0;
}

/// Parts of a file, one after the other in one row of bytes, of which each thread reads a share.
struct ReadPieces {
  int descriptor;
  const InputFile::Piece* pieces;
  const std::uint64_t* begins;  // of each piece in the row
  std::size_t count;
  int* error;

  static void run(const ReadPieces& a, std::int64_t begin, std::int64_t end) {
    auto at = static_cast<std::uint64_t>(begin);
    const auto stop = static_cast<std::uint64_t>(end);
    auto piece = static_cast<std::size_t>(std::upper_bound(a.begins, a.begins + a.count, at) - a.begins) - 1;
    for (; at < stop && piece < a.count; ++piece) {
      const InputFile::Piece& one = a.pieces[piece];
      const std::uint64_t skipped = at - a.begins[piece];
      const std::uint64_t length = std::min<std::uint64_t>(one.count - skipped, stop - at);
      if (int error = read_all(a.descriptor, static_cast<char*>(one.to) + skipped, length, one.at + skipped)) {
        __atomic_store_n(a.error, error, __ATOMIC_RELAXED);
        return;
      }
      at += length;
    }
  }
};

}  // namespace

void fail_file(const std::string& path, std::string problem) {
  // The problem is cut where it is long, as messages are; the file's name is not.
  if (!problem.ends_with('.')) problem += '.';
  if (problem.size() > 600) problem.replace(400, problem.size() - 560, " [...] ");
  throw FileError(path, 0, 0, problem);
}

std::string shown_name(std::string_view name) {
  constexpr std::size_t kShown = 100;
  std::string text = "'";
  for (std::size_t i = 0; i < name.size() && i < kShown; ++i) {
    const auto byte = static_cast<unsigned char>(name[i]);
    text += byte < 0x20 || byte == 0x7f ? '?' : name[i];
  }
  if (name.size() > kShown) {
    while (text.size() > 1 && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
    text += "...";
  }
  return text + '\'';
}

// ---- Reading ----

InputFile::InputFile(const std::string& path) : path_(path) {
  // Without O_NONBLOCK the opening of a pipe would wait for its other end.
  descriptor_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  check_file(descriptor_ >= 0, path, "the file cannot be opened: ", [] { return reason(errno); });
  struct stat status {};
  const bool is_known = fstat(descriptor_, &status) == 0;
  if (!is_known || !S_ISREG(status.st_mode)) {
    close(descriptor_);
    fail_file(path,
              concat("the file must be a regular one, but it is ", S_ISDIR(status.st_mode) ? "a folder" : "none"));
  }
  size_ = static_cast<std::uint64_t>(status.st_size);
}

InputFile::~InputFile() { close(descriptor_); }

void InputFile::read(void* to, std::size_t count, std::uint64_t at) const {
  const Piece piece{to, count, at};
  read(&piece, 1);
}

void InputFile::read(const Piece* pieces, std::size_t count) const {
  std::vector<std::uint64_t> begins;
  begins.reserve(count);
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < count; ++i) {
    begins.push_back(bytes);
    bytes += pieces[i].count;
  }
  constexpr std::int64_t kGrain = 4 << 20;  // measured: less is not worth a second thread
  int error = 0;
  internal::launch(ReadPieces{descriptor_, pieces, begins.data(), count, &error}, static_cast<std::int64_t>(bytes),
                   kGrain);
  check_file(error != -1, path_, "the file must not change while it is read, but it has become shorter");
  check_file(error == 0, path_, "the file cannot be read: ", [&] { return reason(error); });
}

// ---- Writing ----

OutputFile::OutputFile(const std::string& path) : path_(path), target_(path) {
  check_file(!path.empty() && !path.ends_with('/'), path, "a file to write must have a name");
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    // What the link leads to is replaced, not the link.
    char resolved[PATH_MAX];
    check_file(realpath(path.c_str(), resolved) != nullptr, path,
               "the link leads nowhere: ", [] { return reason(errno); });
    target_ = resolved;
  }
  const bool exists = stat(target_.c_str(), &status) == 0;
  check_file(!exists || S_ISREG(status.st_mode), path, "a file to write over must be a regular one, but it is ",
             S_ISDIR(status.st_mode) ? "a folder" : "none");

  static std::atomic<unsigned> number{0};
  // Another process of this number, on another machine, may write to the same folder: then the next name is tried.
  for (int attempt = 0; attempt < 1000 && descriptor_ < 0; ++attempt) {
    temporary_ = concat(temporary_of(target_), ++number);
    descriptor_ = open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (descriptor_ < 0 && errno != EEXIST) break;
  }
  if (descriptor_ < 0) {
    const int error = errno;
    temporary_.clear();
    fail_file(path, concat("the file cannot be written: ", reason(error)));
  }
  // Held by the kernel while this process lives: whoever cleans up knows by it what nobody writes.
  flock(descriptor_, LOCK_EX | LOCK_NB);
  if (exists) static_cast<void>(fchmod(descriptor_, status.st_mode & 07777));  // as the file that it replaces
  buffer_.resize(kBuffer);
}

OutputFile::~OutputFile() {
  if (!temporary_.empty()) unlink(temporary_.c_str());
  if (descriptor_ >= 0) close(descriptor_);
}

void OutputFile::fail_to(const char* action) const {
  const int error = errno;
  fail_file(path_, concat("the file cannot be ", action, ": ", reason(error), ". What was there before is as it was"));
}

void OutputFile::write_out(const char* bytes, std::size_t count, std::uint64_t at) {
  while (count > 0) {
    const ssize_t put = pwrite(descriptor_, bytes, std::min(count, std::size_t{1} << 30), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_to("written");
    bytes += put;
    at += static_cast<std::uint64_t>(put);
    count -= static_cast<std::size_t>(put);
  }
}

void OutputFile::flush() {
  write_out(buffer_.data(), buffered_, at_);
  at_ += buffered_;
  buffered_ = 0;
}

void OutputFile::write(const void* bytes, std::size_t count) {
  if (count > kBuffer - buffered_) flush();
  if (count > kBuffer) {
    write_out(static_cast<const char*>(bytes), count, at_);
    at_ += count;
    return;
  }
  if (count > 0) std::memcpy(buffer_.data() + buffered_, bytes, count);
  buffered_ += count;
}

void OutputFile::write_at(std::uint64_t at, std::string_view bytes) {
  flush();
  write_out(bytes.data(), bytes.size(), at);
}

void OutputFile::commit() {
  flush();
  if (fsync(descriptor_) != 0) fail_to("written to the disk");
  if (rename(temporary_.c_str(), target_.c_str()) != 0) fail_to("given its name");
  temporary_.clear();
  // The name is an entry of the folder, which has to reach the disk too. Some file systems cannot be asked for that.
  const int folder = open(folder_of(target_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return;
  const bool failed = fsync(folder) != 0 && errno != EINVAL && errno != EROFS;
  const int error = errno;
  close(folder);
  check_file(!failed, path_,
             "the file is written, but its folder cannot be written to the disk: ", [&] { return reason(error); });
}

bool OutputFile::is_abandoned(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (path.find(kTemporaryMark, slash == path.npos ? 0 : slash) == path.npos) return false;
  const int descriptor = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (descriptor < 0) return false;
  const bool is_free = flock(descriptor, LOCK_EX | LOCK_NB) == 0;
  close(descriptor);
  return is_free;
}

}  // namespace xgrad::io::detail
