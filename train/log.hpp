// Log: what a run measured, in files that spreadsheets, scripts, TensorBoard and the Report read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "../autograd/error.hpp"
#include "../autograd/function.hpp"
#include "plot.hpp"
#include "readings.hpp"

namespace xgrad XGRAD_API {

class Tensor;

namespace train {

class ConfusionMatrix;
class ImageGrid;
struct Diagnosis;

/// What a Log does where its folder has the files of an earlier run.
enum class Existing : std::uint8_t {
  refuse,   ///< throws: nothing is lost
  replace,  ///< removes them
  resume,   ///< goes on after them
};

/// Options of Log.
struct LogOptions {
  Existing existing = Existing::refuse;
  std::int64_t resume_from =
      -1;  ///< with Existing::resume, the step of the checkpoint that the run goes on from: what was
           ///< logged for it and later is dropped; -1: nothing is
  bool csv = true;
  bool tensorboard = true;
  Function<double()> clock = {};  ///< seconds since 1970; empty: the system's clock
};

/// Log keeps what a run measures, in one folder:
/// - `log.jsonl`: everything, a JSON object a line; numbers that JSON has not are "NaN", "Infinity", "-Infinity";
/// - `log.csv`: the numbers, a row for each call of scalars(), a column for each name after `step` and `time`; the
///   column of a quantity that is called so itself is `scalars/step` or `scalars/time`;
/// - `events.out.tfevents...`: numbers, histograms and images for TensorBoard;
/// - `images/`: pictures as PNG and SVG.
///
/// Each line is handed to the system at once, so that a run that is killed has lost at most the one it was writing;
/// resuming removes what is left of that. Of one that a full disk cuts off nothing stays, so that later ones follow
/// whole ones. Several threads may log.
///
/// Throws: std::runtime_error where a file cannot be written.
/// Example:
///
///     train::Log log("runs/digits", {.existing = train::Existing::replace});
///     log.scalars(epoch, {{"loss", loss}, {"validation/loss", validation_loss}});
///     train::Report(log).save();
class Log final {
 public:
  /// Throws: std::invalid_argument where the folder has a log and Existing is refuse, and for a resume_from without
  /// resume.
  explicit Log(const std::string& folder, const LogOptions& options = {},
               SourceLocation where = SourceLocation::current());
  ~Log();
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  /// Adds a number. Names with slashes are shown together: "loss/training" and "loss/validation".
  void scalar(const std::string& name, std::int64_t step, double value,
              SourceLocation where = SourceLocation::current());
  /// Adds the numbers of one step, a row of the CSV file.
  /// Throws: std::invalid_argument for a name that is empty or given twice.
  void scalars(std::int64_t step, const Readings& readings, SourceLocation where = SourceLocation::current());
  /// Adds how the elements of a tensor are spread.
  void histogram(const std::string& name, std::int64_t step, const Tensor& values,
                 SourceLocation where = SourceLocation::current());
  /// Adds a picture.
  void image(const std::string& name, std::int64_t step, const ImageGrid& images,
             SourceLocation where = SourceLocation::current());
  /// Adds how often points of each class (row) were taken for each (column).
  /// Throws: std::invalid_argument unless the counts are a square matrix with a name for each class, or none.
  void confusion(std::int64_t step, const Tensor& counts, const std::vector<std::string>& classes = {},
                 SourceLocation where = SourceLocation::current());
  /// Adds a confusion matrix.
  void confusion(std::int64_t step, const ConfusionMatrix& matrix, SourceLocation where = SourceLocation::current());
  /// Adds how the layers fare: what diagnose() found.
  void layers(std::int64_t step, const Diagnosis& diagnosis, SourceLocation where = SourceLocation::current());
  /// Adds a fact for the head of the report: `log.note("held out", "97.5 %")`. A later one of that name takes its
  /// place.
  void note(const std::string& name, const std::string& text, SourceLocation where = SourceLocation::current());

  /// Draws what the log has so far of a quantity: plot("loss") has "loss", "loss/training" and "validation/loss" in it.
  /// The title is the quantity's name and the scale one that suits it, unless the options say otherwise.
  /// Throws: std::invalid_argument where nothing of it was logged.
  /// Example: `log.plot("loss").save("loss.svg");`
  Plot plot(const std::string& quantity, PlotOptions options = {},
            SourceLocation where = SourceLocation::current()) const;

  const std::string& folder() const;

 private:
  struct State;
  State* state_;
};

}  // namespace train
}  // namespace xgrad
