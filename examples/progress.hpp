// Shows how training goes: a bar that is redrawn on a terminal, a line an epoch where the output goes to a
// file or pipe.
#pragma once

#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

class Progress {
 public:
  Progress(int epochs, std::int64_t batches_per_epoch)
      : epochs_(epochs), batches_per_epoch_(batches_per_epoch), on_terminal_(isatty(STDOUT_FILENO) != 0) {}
  /// Ends the line of the bar, when an exception ends the training, too.
  ~Progress() {
    if (bar_is_open_) std::printf("\n");
    std::fflush(stdout);
  }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// After a batch of `points`, with its mean loss and how many of the points the model had right.
  void batch_done(std::int64_t points, double loss, std::int64_t right) {
    ++batches_;
    points_ += points;
    loss_ += loss * static_cast<double>(points);
    right_ += right;
    // Twenty times a second is smooth; more often would cost time.
    if (on_terminal_ && Clock::now() >= next_draw_) draw();
  }

  void epoch_done() {
    if (on_terminal_) {
      draw();
    } else {
      std::printf("epoch %3d/%d  %s\n", epoch(), epochs_, numbers().c_str());
    }
    std::fflush(stdout);
    points_ = right_ = 0;
    loss_ = 0;
  }

 private:
  using Clock = std::chrono::steady_clock;

  /// Counted from 1.
  int epoch() const { return static_cast<int>((batches_ - 1) / batches_per_epoch_) + 1; }

  std::string numbers() const {
    char text[80];
    const auto points = static_cast<double>(points_);
    std::snprintf(text, sizeof text, "loss %.4f  accuracy %6.2f %%", loss_ / points,
                  100 * static_cast<double>(right_) / points);
    return text;
  }

  void draw() {
    next_draw_ = Clock::now() + std::chrono::milliseconds(50);
    constexpr int kWidth = 24;  // leaves room for the numbers on 80 columns
    const auto filled = static_cast<int>(kWidth * batches_ / (epochs_ * batches_per_epoch_));
    const std::string bar = std::string(filled, '=') + (filled < kWidth ? ">" : "");
    std::printf("\repoch %3d/%d [%-*s] %s", epoch(), epochs_, kWidth, bar.c_str(), numbers().c_str());
    std::fflush(stdout);
    bar_is_open_ = true;
  }

  int epochs_;
  std::int64_t batches_per_epoch_;
  bool on_terminal_;
  bool bar_is_open_ = false;
  std::int64_t batches_ = 0;             // of all epochs
  std::int64_t points_ = 0, right_ = 0;  // of this epoch
  double loss_ = 0;                      // summed over its points
  Clock::time_point next_draw_ = Clock::now();
};
