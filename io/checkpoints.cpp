#include "checkpoints.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <exception>
#include <filesystem>
#include <optional>

#include "detail/file.hpp"

namespace xgrad XGRAD_API {
namespace io {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kStep = "step-", kBest = "best-", kSafetensors = ".safetensors";
constexpr int kDigits = 12;  // so that names in order are steps in order

std::string path_of(const std::string& folder, std::string_view prefix, std::int64_t step) {
  std::string digits = std::to_string(step);
  if (digits.size() < kDigits) digits.insert(0, kDigits - digits.size(), '0');
  return concat(folder, '/', prefix, digits, kSafetensors);
}

/// The step in a file's name; none where it is no name of a checkpoint.
std::optional<std::int64_t> step_of(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix) || !name.ends_with(kSafetensors) || name.size() <= prefix.size() + kSafetensors.size())
    return {};
  name = name.substr(prefix.size(), name.size() - prefix.size() - kSafetensors.size());
  std::int64_t step = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), step);
  if (error != std::errc() || end != name.data() + name.size() || step < 0) return {};
  return step;
}

/// The steps of the checkpoints in a folder, the highest first.
std::vector<std::int64_t> steps_in(const std::string& folder, std::string_view prefix) {
  std::vector<std::int64_t> steps;
  std::error_code error;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    const std::string name = entry.path().filename().string();
    const std::optional<std::int64_t> step = step_of(name, prefix);
    if (step && path_of("", prefix, *step) == '/' + name) steps.push_back(*step);
  }
  detail::check_file(!error, folder, "the folder cannot be read: ", [&] { return error.message(); });
  std::sort(steps.rbegin(), steps.rend());
  return steps;
}

void make_folder(const std::string& folder, std::string_view prefix) {
  std::error_code error;
  fs::create_directories(folder, error);
  detail::check_file(!error && fs::is_directory(folder), folder,
                     "the folder cannot be made: ", [&] { return error.message(); });
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, error)) {
    if (!entry.path().filename().string().starts_with(prefix)) continue;
    if (detail::OutputFile::is_abandoned(entry.path().string())) fs::remove(entry.path(), error);
  }
}

/// The score that a best checkpoint says; none where the file is not whole, or not one of KeepBest's.
std::optional<double> score_in(const std::string& path, SourceLocation where) {
  try {
    const Contents about{.tensors = {}, .metadata = read_metadata(path, where)};
    const std::string* text = about.text("score");
    if (text == nullptr) return {};
    double score = 0;
    const char* const text_end = text->data() + text->size();
    const auto [end, error] = std::from_chars(text->data(), text_end, score);
    if (error != std::errc() || end != text_end || std::isnan(score)) return {};
    return score;
  } catch (const FileError&) {
    return {};
  }
}

void remove_file(const std::string& path) {
  std::error_code error;
  fs::remove(path, error);  // one that stays is no reason to end a run
}

void check_step(std::string_view what, std::int64_t step, SourceLocation where) {
  check(step >= 0, where, what, ": a step's number must be at least 0, but it is ", step, '.');
}

}  // namespace

// ---- Every so many steps ----

CheckpointEvery::CheckpointEvery(Checkpoint checkpoint, std::string folder, CheckpointEveryOptions options,
                                 SourceLocation where)
    : checkpoint_(std::move(checkpoint)), folder_(std::move(folder)), options_(options) {
  check(options.steps >= 1, where, "CheckpointEvery: steps must be at least 1, but it is ", options.steps, '.');
  check(options.keep >= 0, where, "CheckpointEvery: keep must be at least 0 (0 for all), but it is ", options.keep,
        '.');
  CallSite site(where);
  make_folder(folder_, kStep);
}

bool CheckpointEvery::resume(SourceLocation where) {
  std::exception_ptr first;
  for (std::int64_t step : steps_in(folder_, kStep)) {
    try {
      checkpoint_.load(path_of(folder_, kStep, step), {}, where);
      return true;
    } catch (const FileError&) {  // it is not whole: the one before may be
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
  return false;
}

bool CheckpointEvery::step(std::int64_t step, SourceLocation where) {
  if (step % options_.steps != 0) return false;
  save(step, where);
  return true;
}

void CheckpointEvery::save(std::int64_t step, SourceLocation where) {
  check_step("CheckpointEvery", step, where);
  checkpoint_.save(path_of(folder_, kStep, step), {}, where);
  if (options_.keep == 0) return;
  // Older than this one: a run that was begun again at an earlier step keeps what it writes.
  int newer = 0;
  for (std::int64_t other : steps_in(folder_, kStep))
    if (other <= step && ++newer > options_.keep) remove_file(path_of(folder_, kStep, other));
}

std::string CheckpointEvery::newest() const {
  const std::vector<std::int64_t> steps = steps_in(folder_, kStep);
  return steps.empty() ? "" : path_of(folder_, kStep, steps.front());
}

// ---- The best ----

KeepBest::KeepBest(Checkpoint checkpoint, std::string folder, KeepBestOptions options, SourceLocation where)
    : checkpoint_(std::move(checkpoint)), folder_(std::move(folder)), options_(options) {
  check(options.keep >= 1, where, "KeepBest: keep must be at least 1, but it is ", options.keep, '.');
  CallSite site(where);
  make_folder(folder_, kBest);
  for (std::int64_t step : steps_in(folder_, kBest)) {
    const std::string path = path_of(folder_, kBest, step);
    // What cannot be read, or says no score, is left where it is: it shall not keep a run from starting again.
    if (const std::optional<double> score = score_in(path, where)) kept_->push_back({*score, step, path});
  }
  std::sort(kept_->begin(), kept_->end(), [this](const Kept& a, const Kept& b) { return is_before(a, b); });
}

std::string KeepBest::best() const { return kept_->empty() ? "" : kept_->front().path; }

bool KeepBest::is_before(const Kept& a, const Kept& b) const {
  if (a.score != b.score) return options_.highest ? a.score > b.score : a.score < b.score;
  return a.step < b.step;
}

bool KeepBest::offer(double score, std::int64_t step, SourceLocation where) {
  check_step("KeepBest", step, where);
  if (std::isnan(score)) return false;
  const Kept offered{score, step, path_of(folder_, kBest, step)};
  std::vector<Kept> kept = *kept_;
  std::erase_if(kept, [&](const Kept& one) { return one.step == step && is_before(offered, one); });  // written over
  const auto place = std::find_if(kept.begin(), kept.end(), [&](const Kept& one) { return is_before(offered, one); });
  const bool is_there = std::any_of(kept.begin(), kept.end(), [&](const Kept& one) { return one.step == step; });
  if (is_there || place - kept.begin() >= options_.keep) return false;
  kept.insert(place, offered);

  char text[40];
  checkpoint_.save(offered.path, {{"score", std::string(text, std::to_chars(text, text + sizeof text, score).ptr)}},
                   where);
  while (kept.size() > static_cast<std::size_t>(options_.keep)) {
    remove_file(kept.back().path);
    kept.pop_back();
  }
  *kept_ = std::move(kept);
  return true;
}

void KeepBest::load(CheckpointOptions options, SourceLocation where) {
  check<std::logic_error>(!kept_->empty(), where,
                          "KeepBest: there must be a best checkpoint to load, but none has been offered.");
  checkpoint_.load(best(), options, where);
}

}  // namespace io
}  // namespace xgrad
