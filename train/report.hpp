// Report: one page that shows a run.
#pragma once

#include <string>
#include <vector>

#include "../autograd/error.hpp"
#include "readings.hpp"

namespace xgrad XGRAD_API {
namespace train {

class ImageGrid;
class Log;
class Plot;

/// Options of Report.
struct ReportOptions {
  std::string title = {};  ///< empty: the folder's name
  double smoothing = 0;    ///< of curves of many steps, as LineOptions has it; they are shown faintly as well
};

/// Report is one HTML page of a run, made of what a Log has written: notes, curves, how the layers fared (gradients,
/// dead units, step sizes) with what diagnose() found, the confusion matrix, histograms, pictures, time and memory. It
/// needs no other file and no script, follows the light or dark scheme of the system, and fits a phone. It can be made
/// while the run goes on, and for runs that were killed.
///
/// Curves are shown together where they measure the same: "loss", "validation/loss" and "loss/test".
///
/// Example: `train::Report(log, {.title = "Digits"}).save();  // runs/digits/report.html`
class Report final {
 public:
  /// Reads what the log has so far.
  explicit Report(const Log& log, ReportOptions options = {}, SourceLocation where = SourceLocation::current());
  /// Reads the log of a folder.
  /// Throws: std::runtime_error where there is none.
  explicit Report(const std::string& folder, ReportOptions options = {},
                  SourceLocation where = SourceLocation::current());
  ~Report();
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  /// Adds a plot of one's own, on top of the curves.
  Report& add(const Plot& plot);
  /// Adds a picture of one's own.
  Report& add(const ImageGrid& images);

  /// The page.
  std::string html() const;
  /// Writes the page; an empty path stands for report.html in the log's folder.
  /// Throws: std::runtime_error where it cannot be written.
  void save(const std::string& path = "", SourceLocation where = SourceLocation::current()) const;

 private:
  struct State;
  State* state_;
};

}  // namespace train
}  // namespace xgrad
