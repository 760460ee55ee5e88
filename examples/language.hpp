// What the examples that learn to write have in common: a text cut into windows, and the training of a model that maps
// characters [N, T] to logits [N, T, characters] of the ones that follow.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>

#include <sys/resource.h>

#include <xgrad/xgrad.hpp>

#include "data.hpp"
#include "run_report.hpp"

/// Plays by Shakespeare.
inline std::string shakespeare() { return example_data("shakespeare.txt.gz"); }

/// A text in numbers: nine tenths to learn from, the rest held out.
struct Corpus {
  explicit Corpus(const std::string& text)
      : characters(text),
        numbers(characters.encode(text)),
        training(numbers[xgrad::slice(0, numbers.numel() * 9 / 10)]),
        held_out(numbers[xgrad::slice(numbers.numel() * 9 / 10, numbers.numel())]) {}

  xgrad::data::Characters characters;
  xgrad::Tensor numbers, training, held_out;
};

/// Windows of the text that begin at these places, with the character after them: [N, length + 1].
inline xgrad::Tensor windows_at(const xgrad::Tensor& text, const xgrad::Tensor& starts, std::int64_t length) {
  return take(text, unsqueeze(starts, 1) + xgrad::arange(length + 1));
}

/// Mean loss in nats of predicting each character from those before it in its window.
template <class Model>
xgrad::Tensor loss_of(const Model& model, const xgrad::Tensor& windows) {
  const std::int64_t length = windows.size(1) - 1;
  const xgrad::Tensor logits = model(windows[{xgrad::ellipsis, xgrad::slice(0, length)}]);
  return xgrad::cross_entropy(reshape(logits, {-1, logits.size(-1)}),
                              reshape(windows[{xgrad::ellipsis, xgrad::slice(1, length + 1)}], {-1}));
}

/// The mean over a text in windows that do not overlap, all of them or the first so many.
template <class Model>
double validate(const Model& model, const xgrad::Tensor& text, std::int64_t length, std::int64_t most_windows) {
  xgrad::NoGrad no_grad;
  std::int64_t count = (text.numel() - 1) / length;
  if (most_windows > 0) count = std::min(count, most_windows);
  constexpr std::int64_t kTogether = 64;
  double total = 0;
  for (std::int64_t first = 0; first < count; first += kTogether) {
    const std::int64_t end = std::min(count, first + kTogether);
    const xgrad::Tensor starts = xgrad::arange(first, end) * length;
    total += loss_of(model, windows_at(text, starts, length)).item() * static_cast<double>(end - first);
  }
  return total / static_cast<double>(count);
}

/// Takes steps on random windows, each by gradients of norm 1 at most. A hundred points of the course go to the report.
template <class Model>
void fit(const Model& model, xgrad::optim::Optimizer& optimizer, xgrad::optim::TimedSchedule& schedule,
         const xgrad::Tensor& text, std::int64_t length, std::int64_t batch, std::int64_t steps, RunReport& report) {
  using Clock = std::chrono::steady_clock;
  const auto start = Clock::now();
  auto seconds = [&] { return std::chrono::duration<double>(Clock::now() - start).count(); };
  double losses = 0;
  std::int64_t since = 0;
  const std::int64_t every = std::max<std::int64_t>(1, steps / 100);
  xgrad::train::RunningMean noted;
  for (std::int64_t step = 1; step <= steps; ++step) {
    const xgrad::Tensor starts = xgrad::randint(0, text.numel() - length, {batch});
    const xgrad::Tensor loss = loss_of(model, windows_at(text, starts, length));
    optimizer.zero_grad();
    loss.backward();
    xgrad::optim::clip_grad_norm(optimizer.parameters(), 1);
    optimizer.step();
    schedule.step();
    losses += loss.item();
    ++since;
    noted.add(loss.item());
    if (step % every == 0 || step == steps) {
      report.scalars(step, {{"loss", noted.mean()}, {"learning rate", optimizer.lr()}});
      noted = {};
    }
    if (step % 100 != 0 && step != steps) continue;
    std::printf("step %5ld/%ld  loss %.4f  %.1f ms a step\n", static_cast<long>(step), static_cast<long>(steps),
                losses / static_cast<double>(since), 1e3 * seconds() / static_cast<double>(step));
    std::fflush(stdout);
    losses = 0;
    since = 0;
  }
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  std::printf("trained for %.1f s; peak memory %ld MB\n", seconds(), usage.ru_maxrss / 1024);
}

/// Judges the model by the text that was held out, and adds what it writes and the page to the report.
template <class Model>
void conclude(const Model& model, const Corpus& corpus, std::int64_t length, std::int64_t windows,
              const std::string& written, const char* title, std::int64_t step, RunReport& report) {
  const double held_out = validate(model, corpus.held_out, length, windows);
  std::printf("held out: %.4f nats a character\n", held_out);
  if (!written.empty()) std::printf("%s\n", written.c_str());
  report.scalars(step, {{"loss/held out", held_out}});
  report.note("held out", held_out, "nats a character");
  report.note("parameters", std::to_string(model.parameter_count()));
  if (!written.empty()) report.note("it writes", written);
  report.save(title);
}
