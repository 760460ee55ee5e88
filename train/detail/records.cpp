#include "records.hpp"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>

namespace xgrad::train::detail {
namespace {

using Json = nlohmann::ordered_json;  // curves in the order in which they were logged

/// What stands under a key, or nothing: a log may come from elsewhere.
const Json& at(const Json& json, const char* key) {
  static const Json kNothing;
  if (!json.is_object()) return kNothing;
  const auto found = json.find(key);
  return found == json.end() ? kNothing : *found;
}

double number(const Json& json) {
  if (json.is_number()) return json.get<double>();
  if (json == "Infinity") return std::numeric_limits<double>::infinity();
  if (json == "-Infinity") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

std::string text(const Json& json) { return json.is_string() ? json.get<std::string>() : std::string(); }

std::vector<double> numbers(const Json& json) {
  std::vector<double> list;
  if (json.is_array())
    for (const Json& item : json) list.push_back(number(item));
  return list;
}

class Reader {
 public:
  Records records;

  void add(const Json& line) {
    const double time = number(at(line, "time"));
    if (at(line, "start").is_string()) {
      // The time between the end of one run and the start of the next counts for nothing.
      if (has_time_ && time == time) offset_ += time - last_;
      if (!has_time_) offset_ = time;
      records.resumed += at(line, "start") == "resumed" ? 1 : 0;
    }
    if (time == time) {
      if (!has_time_ && !at(line, "start").is_string()) offset_ = time;
      has_time_ = true;
      last_ = time;
      records.seconds = std::max(records.seconds, time - offset_);
    }
    const double step = number(at(line, "step"));
    if (const Json& note = at(line, "note"); note.is_object()) add_note(text(at(note, "name")), text(at(note, "text")));
    if (const Json& scalars = at(line, "scalars"); scalars.is_object()) {
      records.steps.push_back(step);
      records.times.push_back(time - offset_);
      records.memory.push_back(number(at(line, "memory")));
      for (const auto& [name, value] : scalars.items()) add_point(name, step, number(value));
    }
    if (const Json& histogram = at(line, "histogram"); histogram.is_object()) {
      HistogramRecord record{text(at(histogram, "name")), step, numbers(at(histogram, "edges")),
                             numbers(at(histogram, "counts"))};
      if (record.edges.size() == record.counts.size() + 1 && !record.counts.empty())
        records.histograms.push_back(std::move(record));
    }
    if (const Json& image = at(line, "image"); image.is_object())
      records.images.push_back({text(at(image, "name")), text(at(image, "file")), step});
    if (const Json& confusion = at(line, "confusion"); confusion.is_object()) add_confusion(confusion, step);
    if (const Json& layers = at(line, "layers"); layers.is_array()) add_layers(layers, at(line, "findings"), step);
  }

 private:
  void add_note(const std::string& name, const std::string& note) {
    for (auto& [other, old] : records.notes)
      if (other == name) {
        old = note;
        return;
      }
    records.notes.emplace_back(name, note);
  }

  void add_point(const std::string& name, double step, double value) {
    auto curve = std::find_if(records.curves.begin(), records.curves.end(),
                              [&](const Curve& each) { return each.name == name; });
    if (curve == records.curves.end()) curve = records.curves.insert(curve, {name, {}, {}});
    curve->steps.push_back(step);
    curve->values.push_back(value);
  }

  void add_confusion(const Json& confusion, double step) {
    const Json& counts = at(confusion, "counts");
    if (!counts.is_array() || counts.empty()) return;
    std::vector<std::vector<double>> rows;
    for (const Json& row : counts) rows.push_back(numbers(row));
    if (std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.size() != rows.size(); })) return;
    records.confusion = std::move(rows);
    records.confusion_step = step;
    records.classes.clear();
    if (const Json& classes = at(confusion, "classes");
        classes.is_array() && classes.size() == records.confusion.size())
      for (const Json& name : classes) records.classes.push_back(text(name));
  }

  void add_layers(const Json& layers, const Json& findings, double step) {
    LayersRecord record{step, {}, {}};
    for (const Json& layer : layers)
      record.layers.push_back({text(at(layer, "name")), text(at(layer, "kind")), number(at(layer, "activation")),
                               number(at(layer, "gradient")), number(at(layer, "weight")),
                               number(at(layer, "weight_gradient")), number(at(layer, "update")),
                               text(at(layer, "function")), number(at(layer, "dead")), number(at(layer, "saturated"))});
    if (findings.is_array())
      for (const Json& finding : findings) record.findings.push_back(text(finding));
    records.layers.push_back(std::move(record));
  }

  bool has_time_ = false;
  double offset_ = 0, last_ = 0;
};

}  // namespace

std::string measured(const std::string& name) {
  const std::size_t slash = name.find('/');
  if (slash == name.npos) return name;
  std::string first = name.substr(0, slash);
  for (const char* part : {"train", "training", "val", "valid", "validation", "test", "eval", "evaluation"})
    if (first == part) return name.substr(slash + 1);
  return first;
}

bool wants_log_scale(const std::vector<const Curve*>& curves) {
  double low = std::numeric_limits<double>::infinity(), high = 0;
  for (const Curve* curve : curves)
    for (double value : curve->values) {
      if (!std::isfinite(value)) continue;
      if (value <= 0) return false;
      low = std::min(low, value);
      high = std::max(high, value);
    }
  return high / low > 100;
}

Records read_records(const std::string& folder, SourceLocation where) {
  const std::string path = folder + "/log.jsonl";
  std::ifstream in(path, std::ios::binary);
  check<std::runtime_error>(static_cast<bool>(in), where, "Report: there must be a log, but '", path,
                            "' cannot be read.");
  Reader reader;
  for (std::string line; std::getline(in, line);) {
    const Json json = Json::parse(line, nullptr, false);
    if (json.is_object()) reader.add(json);
  }
  return std::move(reader.records);
}

}  // namespace xgrad::train::detail
