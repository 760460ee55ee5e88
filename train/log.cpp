#include "log.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <memory>
#include <mutex>
#include <nlohmann/json.hpp>
#include <system_error>

#include "../autograd/memory.hpp"
#include "../autograd/tensor.hpp"
#include "classification.hpp"
#include "detail/append_file.hpp"
#include "detail/bins.hpp"
#include "detail/event.hpp"
#include "detail/file.hpp"
#include "detail/font.hpp"
#include "detail/records.hpp"
#include "diagnose.hpp"
#include "image.hpp"
#include "tensorboard.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

std::string contents_of(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// A number for JSON, which has no nan.
Json json_of(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return value;
}

Json json_of(const std::vector<double>& values) {
  Json list = Json::array();
  for (double value : values) list.push_back(json_of(value));
  return list;
}

/// The fewest digits that read back as the same number.
std::string csv_of(double value) {
  char text[64];
  const auto [end, error] = std::to_chars(text, text + sizeof text, value);
  return std::string(text, end);
}

/// The column of a quantity. What is called as the two columns that each row begins with has its place in log.jsonl as
/// its name, and so no two quantities have one column.
std::string column_of(const std::string& name) {
  return name == "step" || name == "time" || name.starts_with("scalars/") ? "scalars/" + name : name;
}

/// A field of the CSV file's first line.
std::string csv_of(const std::string& name) {
  if (name.find_first_of("\",") == name.npos && name.front() != ' ' && name.back() != ' ') return name;
  std::string quoted = "\"";
  for (char c : name) quoted += c == '"' ? "\"\"" : std::string(1, c);
  return quoted + '"';
}

std::vector<std::string> csv_fields(std::string_view line) {
  std::vector<std::string> fields(1);
  bool is_quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (is_quoted && line[i] == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      fields.back() += line[++i];
    } else if (line[i] == '"') {
      is_quoted = !is_quoted;
    } else if (line[i] == ',' && !is_quoted) {
      fields.emplace_back();
    } else {
      fields.back() += line[i];
    }
  }
  return fields;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  for (std::size_t start = 0;;) {
    const std::size_t end = text.find('\n', start);
    if (end == text.npos) return lines;  // what has no end was being written when the run was killed
    lines.push_back(text.substr(start, end - start));
    start = end + 1;
  }
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

bool is_event_file(const fs::path& path) { return path.filename().string().rfind("events.out.tfevents.", 0) == 0; }

}  // namespace

struct Log::State {
  std::string folder;
  LogOptions options;
  std::mutex mutex;
  detail::AppendFile lines, csv;
  std::vector<std::string> columns;  // of the CSV file, after step and time
  std::unique_ptr<TensorBoard> board;
  std::map<std::string, std::string> images;  // what the files of each picture's name begin with, and that name

  std::string path(const char* name) const { return folder + "/" + name; }

  double now() const {
    if (options.clock) return options.clock();
    const double seconds = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    return std::round(seconds * 1e6) / 1e6;  // a step may take less than a millisecond
  }

  void write(const Json& line, SourceLocation where) {
    lines.write(line.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n", where);
  }

  /// What the files of pictures of a name begin with: of letters that every system takes, not too long, and no other
  /// name's.
  std::string image_stem(const std::string& name) {
    std::string stem = name.substr(0, 100);
    for (char& c : stem)
      if ((c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_') c = '_';
    std::string own = stem;
    for (int i = 2; !images.try_emplace(own, name).second && images[own] != name; ++i)
      own = stem + "_" + std::to_string(i);
    return own;
  }

  std::vector<fs::path> event_files() const {
    std::vector<fs::path> files;
    std::error_code error;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder, error))
      if (is_event_file(entry.path())) files.push_back(entry.path());
    return files;
  }

  void remove_old() const {
    std::error_code error;
    for (const char* name : {"log.jsonl", "log.csv", "report.html"}) fs::remove(path(name), error);
    for (const fs::path& file : event_files()) fs::remove(file, error);
    for (const fs::directory_entry& entry : fs::directory_iterator(path("images"), error))
      if (entry.path().extension() == ".png" || entry.path().extension() == ".svg") fs::remove(entry.path(), error);
  }

  /// Takes over under which names an earlier run has written its pictures.
  void remember_image(const Json& line) {
    const auto image = line.find("image");
    if (image == line.end() || !image->is_object()) return;
    const auto text = [&](const char* key) {
      const auto found = image->find(key);
      return found != image->end() && found->is_string() ? found->get<std::string>() : std::string();
    };
    const std::string name = text("name"), file = text("file");
    const std::size_t end = file.rfind('-');
    if (file.starts_with("images/") && end != file.npos && end > 7) images.emplace(file.substr(7, end - 7), name);
  }

  /// Cuts off what a killed run left half written, and drops what the run will do again.
  void repair(SourceLocation where) {
    auto is_kept = [&](std::int64_t step) { return options.resume_from < 0 || step < options.resume_from; };
    {
      const std::string text = contents_of(path("log.jsonl"));
      std::vector<std::string> kept;
      for (const std::string& line : lines_of(text)) {
        const Json json = Json::parse(line, nullptr, false);
        if (!json.is_object()) continue;
        remember_image(json);
        const auto step = json.find("step");
        if (step == json.end() || !step->is_number_integer() || is_kept(step->get<std::int64_t>()))
          kept.push_back(line);
      }
      if (joined(kept) != text) detail::write_file("Log", path("log.jsonl"), joined(kept), where);
    }
    std::error_code none;
    if (options.csv && fs::exists(path("log.csv"), none)) {
      const std::string text = contents_of(path("log.csv"));
      std::vector<std::string> kept = lines_of(text);
      if (!kept.empty()) {
        columns = csv_fields(kept[0]);
        columns.erase(columns.begin(),
                      columns.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(2, columns.size())));
        std::erase_if(kept, [&](const std::string& line) {
          std::int64_t step = 0;
          const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), step);
          return &line != &kept[0] && (error != std::errc() || !is_kept(step));
        });
      }
      if (joined(kept) != text) detail::write_file("Log", path("log.csv"), joined(kept), where);
    }
    for (const fs::path& file : event_files()) {
      const std::string bytes = contents_of(file.string());
      const std::size_t whole = detail::whole_records(bytes);
      std::error_code error;
      if (whole < bytes.size()) fs::resize_file(file, whole, error);
    }
  }

  /// Takes new names as columns. The rows there are get empty fields for them.
  void add_columns(const Readings& readings, SourceLocation where) {
    std::vector<std::string> wanted = columns;
    for (const auto& [name, value] : readings)
      if (std::find(wanted.begin(), wanted.end(), column_of(name)) == wanted.end()) wanted.push_back(column_of(name));
    if (wanted.size() == columns.size() && csv.is_open()) return;
    std::string header = "step,time";
    for (const std::string& column : wanted) header += "," + csv_of(column);
    std::vector<std::string> rows = lines_of(contents_of(path("log.csv")));
    if (wanted.size() > columns.size() || rows.empty()) {
      if (rows.empty()) rows.emplace_back();
      rows[0] = header;
      for (std::size_t i = 1; i < rows.size(); ++i) rows[i] += std::string(wanted.size() - columns.size(), ',');
      csv.close();
      detail::write_file("Log", path("log.csv"), joined(rows), where);
      columns = std::move(wanted);  // not before: where the file is not written, it has the old ones
    }
    csv.open("Log", path("log.csv"), false, where);
  }
};

Log::Log(const std::string& folder, const LogOptions& options, SourceLocation where) : state_(nullptr) {
  check(!folder.empty(), where, "Log: its folder must have a name, but it is empty.");
  check(options.resume_from < 0 || options.existing == Existing::resume, where,
        "Log: resume_from goes with Existing::resume, but it is ", options.resume_from, " without.");
  auto state = std::make_unique<State>();
  state->folder = folder;
  state->options = options;
  std::error_code none;  // what is wrong with the folder is told where it is made
  const bool exists = fs::exists(state->path("log.jsonl"), none);
  check(!exists || options.existing != Existing::refuse, where,
        "Log: the folder must have no log of another run, but '", folder,
        "' has one. Choose another, or Existing::replace or Existing::resume.");
  detail::make_folder_of("Log", state->path("log.jsonl"), where);
  if (exists && options.existing == Existing::replace) state->remove_old();
  const bool resumes = exists && options.existing == Existing::resume;
  if (resumes) state->repair(where);
  state->lines.open("Log", state->path("log.jsonl"), false, where);
  try {
    if (options.tensorboard)
      state->board = std::make_unique<TensorBoard>(folder, resumes ? options.resume_from : -1, where);
    Json start = {{"time", state->now()}, {"start", resumes ? "resumed" : "new"}};
    if (resumes && options.resume_from >= 0) start["from"] = options.resume_from;
    state->write(start, where);
  } catch (...) {
    // A log without a line would be taken for another run's the next time.
    std::error_code ignored;
    if (!resumes) fs::remove(state->path("log.jsonl"), ignored);
    throw;
  }
  state_ = state.release();
}

Log::~Log() { delete state_; }

const std::string& Log::folder() const { return state_->folder; }

void Log::scalar(const std::string& name, std::int64_t step, double value, SourceLocation where) {
  scalars(step, {{name, value}}, where);
}

void Log::scalars(std::int64_t step, const Readings& given, SourceLocation where) {
  Readings readings;
  Json values = Json::object();
  for (const auto& [name, value] : given) {
    check(!name.empty(), where, "Log: a number must have a name, but it is empty.");
    readings.emplace_back(detail::cleaned(name), value);
    check(!values.contains(readings.back().first), where, "Log: names must differ, but '", name, "' is given twice.");
    values[readings.back().first] = json_of(value);
  }
  std::lock_guard lock(state_->mutex);
  const double time = state_->now();
  state_->write(
      {{"step", step}, {"time", time}, {"memory", memory::stats().bytes_peak}, {"scalars", std::move(values)}}, where);
  if (state_->options.csv) {
    state_->add_columns(readings, where);
    std::string row = std::to_string(step) + "," + csv_of(time);
    for (const std::string& column : state_->columns) {
      row += ',';
      for (const auto& [name, value] : readings)
        if (column_of(name) == column) row += csv_of(value);
    }
    state_->csv.write(row + "\n", where);
  }
  if (state_->board)
    for (const auto& [name, value] : readings) state_->board->scalar(name, step, value, where);
}

void Log::histogram(const std::string& name, std::int64_t step, const Tensor& values, SourceLocation where) {
  check(!name.empty(), where, "Log: a histogram must have a name, but it is empty.");
  check(values.defined(), where, "Log: a histogram's values must be a defined tensor, but it is default-constructed.");
  const detail::Spread spread = detail::spread_of(values, where);
  std::lock_guard lock(state_->mutex);
  state_->write({{"step", step},
                 {"time", state_->now()},
                 {"histogram",
                  {{"name", detail::cleaned(name)},
                   {"edges", json_of(spread.edges)},
                   {"counts", json_of(spread.counts)},
                   {"not_finite", spread.lost}}}},
                where);
  if (state_->board) state_->board->histogram(name, step, values, where);
}

void Log::image(const std::string& name, std::int64_t step, const ImageGrid& images, SourceLocation where) {
  check(!name.empty(), where, "Log: a picture must have a name, but it is empty.");
  const std::string clean = detail::cleaned(name);
  std::lock_guard lock(state_->mutex);
  const std::string file = "images/" + state_->image_stem(clean) + "-" + std::to_string(step) + ".png";
  detail::write_file("Log", state_->folder + "/" + file, images.png(), where);
  // For the report, which is light or dark as its reader wants it.
  detail::write_file("Log", state_->folder + "/" + fs::path(file).replace_extension(".svg").string(), images.svg(),
                     where);
  state_->write({{"step", step}, {"time", state_->now()}, {"image", {{"name", clean}, {"file", file}}}}, where);
  if (state_->board) state_->board->image(name, step, images, where);
}

void Log::confusion(std::int64_t step, const Tensor& counts, const std::vector<std::string>& classes,
                    SourceLocation where) {
  check(
      counts.defined() && counts.ndim() == 2 && counts.size(0) == counts.size(1), where,
      "Log: the counts must be a square matrix, but they are ",
      [&] { return counts.defined() ? concat(counts.shape()) : std::string("undefined"); }, ".");
  check(classes.empty() || static_cast<std::int64_t>(classes.size()) == counts.size(0), where,
        "Log: there must be a name for each class, but there are ", classes.size(), " for ", counts.shape(), ".");
  const std::vector<double> all = counts.to_vector<double>();
  const auto n = static_cast<std::size_t>(counts.size(0));
  Json rows = Json::array(), names = Json::array();
  for (std::size_t i = 0; i < n; ++i)
    rows.push_back(json_of(std::vector<double>(all.begin() + static_cast<std::ptrdiff_t>(i * n),
                                               all.begin() + static_cast<std::ptrdiff_t>((i + 1) * n))));
  for (const std::string& name : classes) names.push_back(detail::cleaned(name));
  std::lock_guard lock(state_->mutex);
  state_->write({{"step", step}, {"time", state_->now()}, {"confusion", {{"classes", names}, {"counts", rows}}}},
                where);
}

void Log::confusion(std::int64_t step, const ConfusionMatrix& matrix, SourceLocation where) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < matrix.classes(); ++i) names.push_back(matrix.name(i));
  confusion(step, matrix.counts(), names, where);
}

void Log::layers(std::int64_t step, const Diagnosis& diagnosis, SourceLocation where) {
  Json layers = Json::array(), findings = Json::array();
  for (const LayerDiagnosis& layer : diagnosis.layers)
    layers.push_back({{"name", layer.name},
                      {"kind", layer.kind},
                      {"activation", json_of(layer.activation)},
                      {"gradient", json_of(layer.gradient)},
                      {"weight", json_of(layer.weight)},
                      {"weight_gradient", json_of(layer.weight_gradient)},
                      {"update", json_of(layer.update)},
                      {"function", layer.function},
                      {"dead", json_of(layer.dead)},
                      {"saturated", json_of(layer.saturated)}});
  for (const std::string& finding : diagnosis.findings) findings.push_back(finding);
  std::lock_guard lock(state_->mutex);
  state_->write({{"step", step}, {"time", state_->now()}, {"layers", layers}, {"findings", findings}}, where);
}

Plot Log::plot(const std::string& quantity, PlotOptions options, SourceLocation where) const {
  detail::Records records;
  {
    std::lock_guard lock(state_->mutex);
    records = detail::read_records(state_->folder, where);
  }
  std::vector<const detail::Curve*> curves;
  std::string known;
  for (const detail::Curve& curve : records.curves) {
    if (detail::measured(curve.name) == quantity || curve.name == quantity) curves.push_back(&curve);
    known += (known.empty() ? "'" : ", '") + curve.name + "'";
  }
  check(!curves.empty(), where, "Log: a quantity to draw must have been logged, but '", quantity, "' was not",
        known.empty() ? "; nothing was." : concat("; there are ", known, "."));
  if (options.title.empty()) options.title = quantity;
  if (options.x_label.empty()) options.x_label = "step";
  if (options.y_scale == AxisScale::linear && detail::wants_log_scale(curves)) options.y_scale = AxisScale::log;
  Plot plot(std::move(options), where);
  for (const detail::Curve* curve : curves) plot.curve(curve->name, curve->steps, curve->values);
  return plot;
}

void Log::note(const std::string& name, const std::string& text, SourceLocation where) {
  std::lock_guard lock(state_->mutex);
  state_->write(
      {{"time", state_->now()}, {"note", {{"name", detail::cleaned(name)}, {"text", detail::cleaned_lines(text)}}}},
      where);
}

}  // namespace train
}  // namespace xgrad
