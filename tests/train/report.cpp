// Report: one page with what the log has, and nothing from elsewhere.
#include <unistd.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <limits>
#include <regex>
#include <string>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "message.hpp"
#include "xml.hpp"

using namespace xgrad;
using testing::message_of;
using train::Log;
using train::Report;
namespace fs = std::filesystem;

namespace {

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

/// The page's elements are closed in order: read as XML, with the elements closed that HTML leaves open.
void check_page(const std::string& html) {
  std::string xml = std::regex_replace(html.substr(html.find("<html")), std::regex("<(meta|img)( [^>]*)>"), "<$1$2/>");
  xml = std::regex_replace(xml, std::regex("<style>[^<]*</style>"), "");
  testing::check_xml(xml);
}

}  // namespace

TEST_CASE("report: everything a log has", "[report]") {
  const std::string folder = (fs::temp_directory_path() / ("xgrad_report_" + std::to_string(getpid()))).string();
  fs::remove_all(folder);
  double now = 1000;
  Log log(folder, {.tensorboard = false, .clock = [&now] { return now; }});
  nn::Sequential model{nn::Dense(4, 8), relu, nn::Dense(8, 3)};
  Tensor x = ones({2, 4});
  for (int step = 0; step < 3; ++step) {
    now += 2;
    log.scalars(step, {{"loss", 1.0 / (1 + step)},
                       {"validation/loss", 1.5 / (1 + step)},
                       {"lr", std::pow(0.1, 2 * step)},
                       {"bad", std::nan("")}});
    log.layers(step, train::diagnose(model, [&] { return sum(model(x)); }));
    log.histogram("weights <0>", step, model.parameters()[0]);
    log.image("samples", step, train::ImageGrid(uniform({2, 4, 4})));
  }
  log.confusion(2, tensor({{3, 1}, {0, 2}}), {"cat & mouse", "dog"});
  log.note("held out", "97 %");
  log.note("held out", "98 %");
  log.note("it writes", "To be,\nor <not> to be");
  train::Diagnosis bad;
  bad.layers = {{"<x>", "Dense", 1, 1, 1, 1, std::nan(""), "", std::nan(""), std::nan("")}};
  bad.findings = {"The gradient <vanishes>."};
  log.layers(3, bad);
  std::ofstream(folder + "/log.jsonl", std::ios::app) << "{\"step\": 4, \"scal";  // as a killed run leaves it

  Report report(log, {.title = "Digits <small>"});
  report.add(train::Plot({.title = "My own"}).line("", {1, 2}))
      .add(train::ImageGrid(uniform({1, 4, 4}), {.title = "My picture"}));
  const std::string html = report.html();
  check_page(html);
  for (const char* part : {"<title>Digits &lt;small&gt;</title>",
                           "98 %",
                           "6.0 s",
                           "aria-label=\"loss\"",
                           "<p>To be,\nor &lt;not&gt; to be</p>",
                           "validation/loss",
                           "aria-label=\"lr\"",
                           "10⁻⁴",
                           "cat &amp; mouse",
                           "5 of 6 right",
                           "weights &lt;0&gt;",
                           "samples, step 2",
                           "data:image/svg+xml;base64,",
                           "The gradient &lt;vanishes&gt;.",
                           "My own",
                           "My picture",
                           "prefers-color-scheme:dark",
                           "Seconds for a step",
                           "Most memory in tensors so far, MiB",
                           "<td>validation/loss</td>"}) {
    INFO(part);
    CHECK(has(html, part));
  }
  CHECK_FALSE(has(html, "97 %"));
  for (const char* part : {"http:", "https:", "<script", "src=\"/", "url("}) CHECK_FALSE(has(html, part));

  report.save();
  CHECK(fs::file_size(folder + "/report.html") == html.size());
  report.save(folder + "/sub/page.html");
  CHECK(fs::exists(folder + "/sub/page.html"));
  fs::remove_all(folder);
}

TEST_CASE("report: logs that are empty, odd or missing", "[report]") {
  const std::string folder = (fs::temp_directory_path() / ("xgrad_report_odd_" + std::to_string(getpid()))).string();
  fs::remove_all(folder);
  CHECK(testing::without_place(message_of<std::runtime_error>([&] { Report report(folder); }), __FILE__) ==
        "Report: there must be a log, but '" + folder + "/log.jsonl' cannot be read.");
  { Log log(folder, {.tensorboard = false}); }
  check_page(Report(folder).html());
  // What others wrote, or a damaged disk left.
  std::ofstream(folder + "/log.jsonl", std::ios::app)
      << "null\n[1,2]\n{}\n{\"scalars\":{\"a\":\"x\",\"b\":null}}\n{\"step\":\"7\",\"time\":[],\"scalars\":{\"a\":"
         "1e999}}\n"
         "{\"confusion\":{\"counts\":[[1],[2]]}}\n{\"confusion\":{\"counts\":[[1]],\"classes\":[3]}}\n{\"confusion\":3}"
         "\n"
         "{\"layers\":[3,{}]}\n{\"layers\":[],\"findings\":3}\n{\"histogram\":{\"edges\":[1],\"counts\":[1,2]}}\n"
         "{\"histogram\":{\"name\":\"h\",\"edges\":[1,1],\"counts\":[0]}}\n{\"image\":{\"file\":\"../../etc/"
         "nothing\"}}\n"
         "{\"note\":{\"name\":3}}\n\xff\xfe\n{\"step\":1,\"scalars\":{}}\n";
  check_page(Report(folder).html());
  CHECK(testing::without_place(message_of<std::invalid_argument>([&] { Report report(folder, {.smoothing = 1}); }),
                               __FILE__) == "Report: smoothing must be in [0, 1), but it is 1.");
  fs::remove_all(folder);
}

TEST_CASE("report: a log from elsewhere, with numbers that no clock and no memory has", "[report]") {
  const std::string folder = (fs::temp_directory_path() / ("xgrad_report_far_" + std::to_string(getpid()))).string();
  fs::create_directories(folder);
  for (const char* time : {"\"Infinity\"", "1e300", "-1e300", "\"NaN\"", "1.7e308"}) {
    INFO(time);
    std::ofstream(folder + "/log.jsonl") << "{\"time\":0,\"start\":\"new\"}\n"
                                            "{\"step\":1,\"time\":1,\"memory\":1e300,\"scalars\":{\"loss\":1e305}}\n"
                                            "{\"step\":2,\"time\":"
                                         << time
                                         << ",\"memory\":\"Infinity\",\"scalars\":{\"loss\":2e305}}\n"
                                            "{\"step\":3,\"time\":2,\"memory\":1,\"scalars\":{\"loss\":1.5e305}}\n";
    const std::string html = Report(folder).html();
    check_page(html);
    CHECK_FALSE(has(html, ">inf"));
    CHECK_FALSE(has(html, "nan"));
    CHECK_FALSE(has(html, "-9223372036854775808"));
    CHECK_FALSE(std::regex_search(html, std::regex("<p class=\"muted\">-")));
    CHECK(has(html, "1.5·10³⁰⁵"));  // three like numbers: a linear axis
  }
  fs::remove_all(folder);
}
