#include "progress.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "detail/columns.hpp"
#include "detail/font.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

bool is_terminal(int descriptor) {
  const char* kind = std::getenv("TERM");
  return isatty(descriptor) != 0 && (kind == nullptr || std::strcmp(kind, "dumb") != 0);
}

/// Of one width for numbers of common size, so that the lines of epochs stand below each other.
std::string shown(double value) {
  char text[64];
  const double size = std::abs(value);
  const bool is_common = size == 0 || (size >= 0.001 && size < 10'000);
  std::snprintf(text, sizeof text, is_common ? "%.4f" : "%.3e", value);
  return text;
}

std::string shown(const Readings& readings) {
  std::string text;
  // A line is a line, whatever is in a name.
  for (const auto& [name, value] : readings) text += "  " + detail::cleaned(name) + " " + shown(value);
  return text;
}

std::string duration(double seconds) {
  char text[64];
  const auto whole = static_cast<long long>(std::clamp(std::round(seconds), 0.0, 1e12));
  if (seconds < 0.1)
    std::snprintf(text, sizeof text, "%.0f ms", 1000 * seconds);
  else if (seconds < 10)
    std::snprintf(text, sizeof text, "%.1f s", seconds);
  else if (whole < 100)
    std::snprintf(text, sizeof text, "%lld s", whole);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld min", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld h", whole / 3600, whole / 60 % 60);
  return text;
}

}  // namespace

Progress::Progress(ProgressOptions options, SourceLocation where)
    : options_(std::move(options)), on_terminal_(is_terminal(options_.descriptor)) {
  check(options_.epochs >= 0 && options_.steps >= 0 && options_.lines >= 0, where,
        "Progress: epochs, steps and lines must be at least 0, but they are ", options_.epochs, ", ", options_.steps,
        " and ", options_.lines, ".");
  check(options_.interval >= 0, where, "Progress: interval must be at least 0, but it is ", options_.interval, ".");
  start_ = epoch_start_ = next_draw_ = now();
}

Progress::~Progress() { finish(); }

double Progress::now() const {
  if (options_.clock) return options_.clock();
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

void Progress::step(const Readings& readings, double weight, SourceLocation where) {
  check(weight >= 0 && std::isfinite(weight), where,
        "Progress: the weight must be a number that is at least 0, but it is ", weight, ".");
  if (std::exchange(epoch_is_over_, false)) {
    means_.clear();
    sums_->clear();
  }
  for (const auto& [name, value] : readings) {
    std::size_t i = 0;
    while (i < means_.size() && means_[i].first != name) ++i;
    if (i == means_.size()) {
      means_.emplace_back(name, 0);
      sums_->emplace_back();
    }
    (*sums_)[i].sum += value * weight;
    (*sums_)[i].weight += weight;
    means_[i].second = (*sums_)[i].weight > 0 ? (*sums_)[i].sum / (*sums_)[i].weight : value;
  }
  ++steps_done_;
  ++all_steps_;
  if (on_terminal_ && now() >= next_draw_) draw();
}

void Progress::epoch(const Readings& validation) {
  if (std::exchange(epoch_is_over_, true)) {  // without steps
    means_.clear();
    sums_->clear();
  }
  ++epochs_done_;
  if (options_.steps == 0) options_.steps = steps_done_;
  const double at = now();
  const std::int64_t every =
      options_.lines > 0 ? std::max<std::int64_t>(1, (options_.epochs + options_.lines - 1) / options_.lines) : 0;
  const bool is_shown =
      every > 0 && (epochs_done_ % every == 0 || epochs_done_ == options_.epochs || epochs_done_ == 1);
  if (is_shown) {
    std::string line = position() + shown(means_);
    if (!validation.empty()) line += "  | validation" + shown(validation);
    line += "  (" + duration(at - epoch_start_) + ")";
    write(on_terminal_ ? "\r" + line + "\x1b[K\n" : line + "\n");
    bar_is_open_ = false;
  } else if (on_terminal_ && at >= next_draw_) {
    draw();
  }
  steps_done_ = 0;
  epoch_start_ = at;
}

std::string Progress::position() const {
  // The epoch that is running, counted from 1, or the one that has just ended.
  const std::int64_t epoch = epoch_is_over_ ? epochs_done_ : epochs_done_ + 1;
  if (options_.epochs <= 1)
    return epoch_is_over_ || options_.steps == 0
               ? "step " + std::to_string(all_steps_)
               : "step " + std::to_string(steps_done_) + "/" + std::to_string(options_.steps);
  const std::string all = std::to_string(options_.epochs);
  std::string number = std::to_string(epoch);
  number.insert(0, all.size() > number.size() ? all.size() - number.size() : 0, ' ');
  return "epoch " + number + "/" + all;
}

std::string Progress::time_left(double at) const {
  if (options_.steps == 0 || all_steps_ == 0) return "";
  const double done = static_cast<double>(all_steps_);
  const double all =
      static_cast<double>(options_.steps) * static_cast<double>(std::max<std::int64_t>(options_.epochs, 1));
  if (done >= all) return "";
  return "  " + duration((at - start_) / done * (all - done)) + " left";
}

void Progress::draw() {
  const double at = now();
  next_draw_ = at + options_.interval;
  std::string line = position();
  if (options_.steps > 0) {
    constexpr int kWidth = 24;  // leaves room for the numbers on 80 columns
    const double all =
        static_cast<double>(options_.steps) * static_cast<double>(std::max<std::int64_t>(options_.epochs, 1));
    const double share = std::clamp(static_cast<double>(all_steps_) / all, 0.0, 1.0);
    const auto filled = static_cast<std::size_t>(kWidth * share);
    line +=
        " [" + std::string(filled, '=') + (filled < kWidth ? ">" + std::string(kWidth - filled - 1, ' ') : "") + "]";
  } else {
    line += ", step " + std::to_string(steps_done_);
  }
  line += shown(means_) + time_left(at);
  // One column is left free: some terminals begin a new line after the last.
  write("\r" + detail::cut(line, static_cast<std::size_t>(std::max(width() - 1, 10))) + "\x1b[K");
  bar_is_open_ = true;
}

void Progress::finish() {
  if (!std::exchange(bar_is_open_, false)) return;
  draw();
  bar_is_open_ = false;
  write("\n");
}

int Progress::width() const {
  winsize size = {};
  return ioctl(options_.descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void Progress::write(const std::string& text) const {
  // At once, so that lines of several processes do not mix. A closed file is no reason to end a training.
  for (std::size_t done = 0; done < text.size();) {
    const ssize_t count = ::write(options_.descriptor, text.data() + done, text.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    done += static_cast<std::size_t>(count);
  }
}

}  // namespace train
}  // namespace xgrad
