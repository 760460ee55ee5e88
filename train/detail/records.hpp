// What a Log has written, read back for a Report.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "../../autograd/error.hpp"
#include "../diagnose.hpp"

namespace xgrad::train::detail {

struct Curve {
  std::string name;
  std::vector<double> steps, values;
};

struct LayersRecord {
  double step;
  std::vector<LayerDiagnosis> layers;
  std::vector<std::string> findings;
};

struct HistogramRecord {
  std::string name;
  double step;
  std::vector<double> edges, counts;
};

struct ImageRecord {
  std::string name, file;
  double step;
};

struct Records {
  std::vector<std::pair<std::string, std::string>> notes;
  std::vector<Curve> curves;
  std::vector<LayersRecord> layers;
  std::vector<HistogramRecord> histograms;
  std::vector<ImageRecord> images;
  std::vector<std::string> classes;
  std::vector<std::vector<double>> confusion;  // the last
  double confusion_step = 0;
  std::vector<double> steps, times,
      memory;  // of the lines with numbers; seconds since the first line, without the pauses between runs
  double seconds = 0;
  int resumed = 0;
};

/// Lines that are no JSON, as the last of a killed run, are skipped.
/// Throws std::runtime_error where there is no log.
Records read_records(const std::string& folder, SourceLocation where);

/// What a curve measures, by which curves share a chart: "loss" of "loss/test", "validation/loss" and "loss".
std::string measured(const std::string& name);

/// Whether the curves go over more than two powers of ten.
bool wants_log_scale(const std::vector<const Curve*>& curves);

}  // namespace xgrad::train::detail
