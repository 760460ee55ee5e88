#include "report.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>

#include "../autograd/ops.hpp"
#include "detail/file.hpp"
#include "detail/font.hpp"
#include "detail/image_access.hpp"
#include "detail/plot_access.hpp"
#include "detail/records.hpp"
#include "detail/svg.hpp"
#include "detail/table.hpp"
#include "detail/ticks.hpp"
#include "image.hpp"
#include "log.hpp"
#include "plot.hpp"

namespace xgrad XGRAD_API {
namespace train {
namespace {

using detail::Curve;
using detail::escaped;
using detail::readable;
using detail::Records;

// Of a size at which three stand beside each other on a screen, and letters can be read on a phone.
constexpr double kWidth = 380, kHeight = 260;

constexpr const char* kStyle = R"(
:root{color-scheme:light dark;--back:#f4f6f9;--card:#fff;--text:#1b2330;--muted:#5b6675;--line:#dfe3ea;--warn:#fff4e5;--warn-line:#e8a13a}
@media(prefers-color-scheme:dark){:root{--back:#0b0f14;--card:#11161d;--text:#e6eaf0;--muted:#9ba7b6;--line:#262e39;--warn:#2a2112;--warn-line:#b9822f}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--text);font:15px/1.5 system-ui,-apple-system,"Segoe UI","DejaVu Sans",sans-serif}
main{max-width:1240px;margin:0 auto;padding:28px 24px 48px}
h1{font-size:26px;margin:0 0 2px;overflow-wrap:anywhere}
h2{font-size:18px;margin:34px 0 12px}
p{margin:0 0 8px}
.muted{color:var(--muted)}
.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(150px,1fr));gap:12px;margin:18px 0 0}
.fact{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:10px 14px;overflow-wrap:anywhere}
.fact b{display:block;font-size:19px;font-weight:600}
.fact span{color:var(--muted);font-size:13px}
.long{grid-column:1/-1}
.long p{margin:0 0 6px;white-space:pre-wrap}
.grid{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,350px),1fr));gap:16px}
.pictures{grid-template-columns:repeat(auto-fill,minmax(min(100%,540px),1fr))}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:6px;min-width:0}
.card svg,.card img{display:block;width:100%;height:auto}
.card img{padding:2px}
.card.wide{max-width:620px}
figure{margin:0}
figcaption{padding:4px 8px 6px;color:var(--muted);font-size:13px}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:10px}
table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}
th,td{padding:7px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--line)}
tr:last-child td{border-bottom:0}
th{color:var(--muted);font-weight:500}
th:first-child,td:first-child{text-align:left}
.finding{background:var(--warn);border-left:4px solid var(--warn-line);border-radius:6px;padding:10px 14px;margin:0 0 10px}
@media(max-width:600px){main{padding:18px 12px 36px}h1{font-size:22px}.facts{grid-template-columns:repeat(2,1fr)}}
)";

std::string time_of_run(double seconds) {
  char text[64];
  // A log may come from elsewhere, with times that no clock has.
  const double shown = seconds > 0 ? std::min(seconds, 1e12) : 0;
  const auto whole = static_cast<long long>(shown);
  if (shown < 100)
    std::snprintf(text, sizeof text, "%.1f s", shown);
  else if (whole < 3600)
    std::snprintf(text, sizeof text, "%lld min %02lld s", whole / 60, whole % 60);
  else
    std::snprintf(text, sizeof text, "%lld h %02lld min", whole / 3600, whole / 60 % 60);
  return text;
}

std::string contents_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

PlotOptions options_of(const std::string& title, const std::string& x_label = "step") {
  PlotOptions options;
  options.title = title;
  options.x_label = x_label;
  options.width = kWidth;
  options.height = kHeight;
  return options;
}

class Page {
 public:
  Page(const Records& records, const ReportOptions& options, const std::string& folder,
       const std::vector<std::string>& own)
      : records_(records), options_(options), folder_(folder), own_(own) {}

  std::string text() {
    const std::string name = std::filesystem::path(folder_).lexically_normal().filename().string();
    const std::string title = !options_.title.empty() ? options_.title : name.empty() || name == "." ? "A run" : name;
    out_ =
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
        "content=\"width=device-width,initial-scale=1\">\n<title>" +
        escaped(title) + "</title>\n<style>" + kStyle + detail::svg_style(Theme::automatic) +
        "</style>\n</head>\n<body>\n<main>\n<h1>" + escaped(title) + "</h1>\n";
    add_facts();
    add_findings();
    add_curves();
    add_layers();
    add_confusion();
    add_histograms();
    add_images();
    add_time();
    add_table();
    return out_ + "</main>\n</body>\n</html>\n";
  }

 private:
  void heading(const char* text) { out_ += concat("<h2>", text, "</h2>\n"); }
  void open_grid() { out_ += "<div class=\"grid\">\n"; }
  void close() { out_ += "</div>\n"; }
  void card(const Plot& plot, const char* more = "") {
    out_ += concat("<div class=\"card", more, "\">", PlotAccess::svg_part(plot), "</div>\n");
  }
  void fact(const std::string& name, const std::string& value) {
    // What is no figure but a text, as one that a model has written: across the page, in its own lines.
    constexpr std::size_t kLong = 60;
    if (value.size() > kLong || value.find('\n') != value.npos) {
      std::string lines;
      for (std::size_t begin = 0, end = 0; begin <= value.size(); begin = end + 1) {
        end = std::min(value.find('\n', begin), value.size());
        lines += (begin > 0 ? "\n" : "") + escaped(value.substr(begin, end - begin));
      }
      out_ += "<div class=\"fact long\"><p>" + lines + "</p><span>" + escaped(name) + "</span></div>\n";
      return;
    }
    out_ += "<div class=\"fact\"><b>" + escaped(value) + "</b><span>" + escaped(name) + "</span></div>\n";
  }

  void add_facts() {
    std::string line = "<p class=\"muted\">" + time_of_run(records_.seconds);
    if (!records_.steps.empty())
      line += ", " + detail::grouped(static_cast<std::int64_t>(records_.steps.size())) + " rows logged, up to step " +
              readable(records_.steps.back(), 9);
    if (records_.resumed > 0)
      line += records_.resumed == 1 ? ", resumed once" : ", resumed " + std::to_string(records_.resumed) + " times";
    out_ += line + "</p>\n";
    if (records_.notes.empty() && records_.memory.empty()) return;
    out_ += "<div class=\"facts\">\n";
    for (const auto& [name, text] : records_.notes) fact(name, text);
    const double peak = records_.memory.empty() ? 0 : *std::max_element(records_.memory.begin(), records_.memory.end());
    if (peak > 0) fact("most memory in tensors", detail::bytes_text(static_cast<std::int64_t>(std::min(peak, 1e18))));
    close();
  }

  void add_findings() {
    if (records_.layers.empty() || records_.layers.back().findings.empty()) return;
    heading("What stands out");
    for (const std::string& finding : records_.layers.back().findings)
      out_ += "<p class=\"finding\">" + escaped(finding) + "</p>\n";
  }

  void add_curves() {
    std::vector<std::pair<std::string, std::vector<const Curve*>>> charts;
    for (const Curve& curve : records_.curves) {
      const std::string key = detail::measured(curve.name);
      auto chart = std::find_if(charts.begin(), charts.end(),
                                [&](const auto& each) { return each.first == key && each.second.size() < 8; });
      if (chart == charts.end()) chart = charts.insert(charts.end(), {key, {}});
      chart->second.push_back(&curve);
    }
    if (charts.empty() && own_.empty()) return;
    heading("Curves");
    open_grid();
    for (const std::string& part : own_) out_ += "<div class=\"card\">" + part + "</div>\n";
    for (const auto& [key, curves] : charts) {
      PlotOptions options = options_of(curves.size() == 1 ? curves[0]->name : key);
      if (detail::wants_log_scale(curves)) options.y_scale = AxisScale::log;
      Plot plot(options);
      for (const Curve* curve : curves) {
        const bool is_long = curve->values.size() > 200;
        plot.curve(curve->name, curve->steps, curve->values, {.smoothing = is_long ? options_.smoothing : 0});
      }
      card(plot);
    }
    close();
  }

  /// One line a layer over the steps, or, of one diagnosis, one point a layer.
  void add_layer_chart(const std::string& title, double LayerDiagnosis::*what, bool is_share) {
    const auto& last = records_.layers.back().layers;
    PlotOptions options = options_of(title);
    if (!is_share) options.y_scale = AxisScale::log;
    bool any = false;
    auto shown = [&](double value) {
      any = any || std::isfinite(value);
      return is_share ? 100 * value : value;
    };
    std::vector<std::string> names;
    for (const LayerDiagnosis& layer : last) names.push_back(layer.name);
    if (records_.layers.size() > 1 && last.size() <= 8) {
      Plot plot(options);
      for (const LayerDiagnosis& layer : last) {
        std::vector<double> steps, values;
        for (const auto& record : records_.layers)
          for (const LayerDiagnosis& each : record.layers)
            if (each.name == layer.name) {
              steps.push_back(record.step);
              values.push_back(shown(each.*what));
            }
        if (std::any_of(values.begin(), values.end(), [](double value) { return std::isfinite(value); }))
          plot.curve(layer.name, steps, values, {.points = steps.size() <= 30});
      }
      if (any) card(plot);
      return;
    }
    options.x_label = "";
    options.x_names = names;
    options.height = kHeight + 40;
    Plot plot(options);
    std::vector<const detail::LayersRecord*> records = {&records_.layers.front()};
    if (records_.layers.size() > 1) records.push_back(&records_.layers.back());
    for (const auto* record : records) {
      std::vector<double> values;
      for (const std::string& name : names) {
        double value = std::nan("");
        for (const LayerDiagnosis& layer : record->layers)
          if (layer.name == name) value = layer.*what;
        values.push_back(shown(value));
      }
      plot.line("step " + readable(record->step, 9), values, {.points = true});
    }
    if (any) card(plot);
  }

  void add_layers() {
    if (records_.layers.empty() || records_.layers.back().layers.empty()) return;
    heading("Layers");
    open_grid();
    add_layer_chart("Gradient by what each layer gives (norm)", &LayerDiagnosis::gradient, false);
    add_layer_chart("Gradient by its weights (norm)", &LayerDiagnosis::weight_gradient, false);
    add_layer_chart("Size of activations (root mean square)", &LayerDiagnosis::activation, false);
    add_layer_chart("Dead units, %", &LayerDiagnosis::dead, true);
    add_layer_chart("Saturated elements, %", &LayerDiagnosis::saturated, true);
    add_layer_chart("Step, relative to the weights", &LayerDiagnosis::update, false);
    close();
    out_ += "<p></p><div class=\"scroll\"><table><tr><th>layer at step " +
            escaped(readable(records_.layers.back().step, 9)) +
            "</th><th>class</th><th>activation</th><th>gradient</th><th>weights</th><th>their "
            "gradient</th><th>step/weights</th><th>then</th><th>dead</th><th>saturated</th></tr>\n";
    auto number = [](double value) { return std::isnan(value) ? std::string("–") : readable(value, 3); };
    auto share = [](double value) {
      return std::isnan(value) ? std::string("–") : readable(std::round(100 * value), 3) + " %";
    };
    for (const LayerDiagnosis& layer : records_.layers.back().layers) {
      out_ += "<tr>";
      for (const std::string& cell :
           {layer.name, layer.kind, number(layer.activation), number(layer.gradient), number(layer.weight),
            number(layer.weight_gradient), number(layer.update),
            layer.function.empty() ? std::string("–") : layer.function, share(layer.dead), share(layer.saturated)})
        out_ += "<td>" + escaped(cell) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</table></div>\n";
  }

  void add_confusion() {
    if (records_.confusion.empty()) return;
    heading("Confusion");
    const auto n = static_cast<std::int64_t>(records_.confusion.size());
    std::vector<double> all;
    double right = 0, count = 0;
    for (std::size_t i = 0; i < records_.confusion.size(); ++i)
      for (std::size_t k = 0; k < records_.confusion.size(); ++k) {
        const double value = records_.confusion[i][k];
        all.push_back(value);
        count += std::isfinite(value) ? value : 0;
        right += i == k && std::isfinite(value) ? value : 0;
      }
    PlotOptions options = options_of(concat("Step ", readable(records_.confusion_step, 9), ": ", readable(right, 9),
                                            " of ", readable(count, 9), " right"),
                                     "taken for");
    options.y_label = "is";
    options.width = std::clamp(150.0 + 38.0 * static_cast<double>(n), 360.0, 600.0);
    options.height = std::clamp(120.0 + 30.0 * static_cast<double>(n), 300.0, 540.0);
    Plot plot(options);
    plot.heat_map(from_vector(all, {n, n}), {.rows = records_.classes, .columns = records_.classes});
    card(plot, " wide");
  }

  void add_histograms() {
    if (records_.histograms.empty()) return;
    heading("Histograms");
    open_grid();
    std::vector<std::string> done;
    for (const auto& first : records_.histograms) {
      if (std::find(done.begin(), done.end(), first.name) != done.end()) continue;
      done.push_back(first.name);
      const detail::HistogramRecord* last = &first;
      for (const auto& other : records_.histograms)
        if (other.name == first.name) last = &other;
      PlotOptions options = options_of(first.name, "value");
      Plot plot(options);
      auto add = [&](const detail::HistogramRecord& record) {
        // Outlines of densities, for bins of different widths.
        double count = 0;
        for (double each : record.counts) count += each;
        std::vector<double> x = {record.edges.front()}, y = {0};
        for (std::size_t i = 0; i < record.counts.size(); ++i) {
          const double density = record.counts[i] / count / (record.edges[i + 1] - record.edges[i]);
          x.insert(x.end(), {record.edges[i], record.edges[i + 1]});
          y.insert(y.end(), {density, density});
        }
        x.push_back(record.edges.back());
        y.push_back(0);
        plot.band(x, std::vector<double>(x.size(), 0.0), y);
        plot.curve("step " + readable(record.step, 9), x, y);
      };
      add(first);
      if (last != &first) add(*last);
      card(plot);
    }
    close();
  }

  void add_images() {
    if (records_.images.empty()) return;
    heading("Pictures");
    out_ += "<div class=\"grid pictures\">\n";
    std::vector<std::string> done;
    for (const auto& image : records_.images) {
      if (std::find(done.begin(), done.end(), image.name) != done.end()) continue;
      done.push_back(image.name);
      std::vector<const detail::ImageRecord*> all;
      for (const auto& other : records_.images)
        if (other.name == image.name) all.push_back(&other);
      // Of many the last ones.
      for (std::size_t i = all.size() > 3 ? all.size() - 3 : 0; i < all.size(); ++i) {
        // Only what a Log puts there: a page shall not take other files with it.
        if (all[i]->file.rfind("images/", 0) != 0 || all[i]->file.find("..") != std::string::npos) continue;
        std::string kind = "svg+xml";
        std::string bytes = contents_of(std::filesystem::path(folder_ + "/" + all[i]->file).replace_extension(".svg"));
        if (bytes.empty()) {
          kind = "png";
          bytes = contents_of(folder_ + "/" + all[i]->file);
        }
        if (bytes.empty()) continue;  // somebody has removed it
        const std::string caption = escaped(image.name + ", step " + readable(all[i]->step, 9));
        out_ += concat("<figure class=\"card\"><img alt=\"", caption, "\" src=\"data:image/", kind, ";base64,",
                       detail::base64(bytes), "\"><figcaption>", caption, "</figcaption></figure>\n");
      }
    }
    close();
  }

  void add_time() {
    if (records_.steps.size() < 2) return;
    heading("Time and memory");
    open_grid();
    std::vector<double> steps, seconds, mebibytes;
    for (std::size_t i = 1; i < records_.steps.size(); ++i) {
      const double count = records_.steps[i] - records_.steps[i - 1];
      // Several rows of one step: only the first tells.
      if (!(count > 0)) continue;
      steps.push_back(records_.steps[i]);
      seconds.push_back((records_.times[i] - records_.times[i - 1]) / count);
    }
    for (double bytes : records_.memory) mebibytes.push_back(bytes / 1048576);
    if (!steps.empty()) {
      PlotOptions options = options_of("Seconds for a step");
      double most = 0;
      for (double each : seconds)
        if (std::isfinite(1.1 * each)) most = std::max(most, each);
      options.y_range = {0, std::max(1e-6, 1.1 * most)};
      card(Plot(options).curve("", steps, seconds));
    }
    card(Plot(options_of("Most memory in tensors so far, MiB")).curve("", records_.steps, mebibytes));
    close();
  }

  void add_table() {
    if (records_.curves.empty()) return;
    heading("Numbers");
    out_ +=
        "<div class=\"scroll\"><table><tr><th>name</th><th>first</th><th>last</th><th>lowest</th><th>at "
        "step</th><th>highest</th><th>at step</th></tr>\n";
    for (const Curve& curve : records_.curves) {
      std::size_t low = curve.values.size(), high = low;
      for (std::size_t i = 0; i < curve.values.size(); ++i) {
        if (!std::isfinite(curve.values[i])) continue;
        if (low == curve.values.size() || curve.values[i] < curve.values[low]) low = i;
        if (high == curve.values.size() || curve.values[i] > curve.values[high]) high = i;
      }
      const bool any = low < curve.values.size();
      out_ += "<tr>";
      for (const std::string& cell :
           {curve.name, readable(curve.values.front()), readable(curve.values.back()),
            any ? readable(curve.values[low]) : "–", any ? readable(curve.steps[low], 9) : "–",
            any ? readable(curve.values[high]) : "–", any ? readable(curve.steps[high], 9) : "–"})
        out_ += "<td>" + escaped(cell) + "</td>";
      out_ += "</tr>\n";
    }
    out_ += "</table></div>\n";
  }

  const Records& records_;
  const ReportOptions& options_;
  const std::string& folder_;
  const std::vector<std::string>& own_;
  std::string out_;
};

}  // namespace

struct Report::State {
  std::string folder;
  ReportOptions options;
  Records records;
  std::vector<std::string> own;  // plots and pictures that were added, as parts of the page
};

Report::Report(const Log& log, ReportOptions options, SourceLocation where)
    : Report(log.folder(), std::move(options), where) {}

Report::Report(const std::string& folder, ReportOptions options, SourceLocation where) : state_(nullptr) {
  check(options.smoothing >= 0 && options.smoothing < 1, where, "Report: smoothing must be in [0, 1), but it is ",
        options.smoothing, ".");
  Records records = detail::read_records(folder, where);
  state_ = new State{folder, std::move(options), std::move(records), {}};
}

Report::~Report() { delete state_; }

Report& Report::add(const Plot& plot) {
  state_->own.push_back(PlotAccess::svg_part(plot));
  return *this;
}

Report& Report::add(const ImageGrid& images) {
  state_->own.push_back(ImageAccess::svg_part(images));
  return *this;
}

std::string Report::html() const { return Page(state_->records, state_->options, state_->folder, state_->own).text(); }

void Report::save(const std::string& path, SourceLocation where) const {
  detail::write_file("Report", path.empty() ? state_->folder + "/report.html" : path, html(), where);
}

}  // namespace train
}  // namespace xgrad
