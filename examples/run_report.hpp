// What a run leaves in the folder that --report names: a log and report.html, one page that needs no other file. Where
// the option is not given nothing is written, and all of this does nothing.
#pragma once

#include <cstdio>
#include <optional>
#include <string>

#include <xgrad/xgrad.hpp>

class RunReport {
 public:
  /// An empty folder is none.
  explicit RunReport(const std::string& folder) {
    if (!folder.empty()) log_.emplace(folder, xgrad::train::LogOptions{.existing = xgrad::train::Existing::replace});
  }

  /// The log; null where nothing is to be left.
  xgrad::train::Log* log() { return log_ ? &*log_ : nullptr; }
  /// Adds the numbers of a step or epoch.
  void scalars(std::int64_t step, const xgrad::train::Readings& readings) {
    if (log_) log_->scalars(step, readings);
  }
  /// Adds a fact for the head of the page.
  void note(const std::string& name, const std::string& text) {
    if (log_) log_->note(name, text);
  }
  /// Adds a number, in four digits: `note("held out", 1.5824, "nats")`.
  void note(const std::string& name, double value, const std::string& unit = "") {
    char text[32];
    std::snprintf(text, sizeof text, "%.4g", value);
    note(name, unit.empty() ? text : text + (' ' + unit));
  }
  /// Adds how the layers fare.
  void layers(std::int64_t step, const xgrad::train::Diagnosis& diagnosis) {
    if (log_) log_->layers(step, diagnosis);
  }
  /// Writes the page, with plots and pictures of one's own, and says where it is.
  template <class... Parts>
  void save(const std::string& title, const Parts&... parts) {
    if (!log_) return;
    xgrad::train::Report page(*log_, {.title = title});
    (page.add(parts), ...);
    page.save();
    std::printf("report: %s/report.html\n", log_->folder().c_str());
  }

 private:
  std::optional<xgrad::train::Log> log_;
};
