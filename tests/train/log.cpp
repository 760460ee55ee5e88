// Log: its files, read back by readers of their own.
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "event_reader.hpp"
#include "message.hpp"
#include "png.hpp"
#include "xml.hpp"

using namespace xgrad;
using testing::message_of;
using testing::read_events;
using train::Existing;
using train::Log;
namespace fs = std::filesystem;

namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN(), kInfinity = std::numeric_limits<double>::infinity();

class Folder {
 public:
  Folder()
      : path_(fs::temp_directory_path() / ("xgrad_log_" + std::to_string(getpid()) + "_" + std::to_string(++count))) {
    fs::remove_all(path_);
  }
  ~Folder() { fs::remove_all(path_); }
  std::string path() const { return path_.string(); }
  std::string read(const std::string& name) const {
    std::ifstream in(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void append(const std::string& name, const std::string& bytes) const {
    std::ofstream(path_ / name, std::ios::binary | std::ios::app) << bytes;
  }
  std::vector<std::string> event_files() const {
    std::vector<std::string> files;
    for (const auto& entry : fs::directory_iterator(path_))
      if (entry.path().filename().string().rfind("events", 0) == 0) files.push_back(entry.path().filename().string());
    std::sort(files.begin(), files.end());
    return files;
  }
  std::vector<nlohmann::json> lines() const {
    std::vector<nlohmann::json> all;
    std::istringstream in(read("log.jsonl"));
    for (std::string line; std::getline(in, line);) all.push_back(nlohmann::json::parse(line));
    return all;
  }

 private:
  fs::path path_;
  static inline int count = 0;
};

}  // namespace

TEST_CASE("log: a CSV file with a column for each name", "[log]") {
  Folder folder;
  double now = 100;
  Log log(folder.path(), {.clock = [&now] { return now; }});
  log.scalars(1, {{"loss", 0.5}, {"a, \"b\"", 0.1}});
  now = 101.25;
  log.scalar("loss", 2, kNan);
  log.scalars(3,
              {{"validation/loss", -kInfinity}, {"loss", 1e-300}});  // a new column: the rows above get an empty field
  CHECK(folder.read("log.csv") ==
        "step,time,loss,\"a, \"\"b\"\"\",validation/loss\n"
        "1,100,0.5,0.1,\n"
        "2,101.25,nan,,\n"
        "3,101.25,1e-300,,-inf\n");
}

TEST_CASE("log: JSON lines hold everything", "[log]") {
  Folder folder;
  Log log(folder.path(), {.clock = [] { return 7.5; }});
  log.scalars(3, {{"loss", 0.25}, {"bad", kNan}, {"worse", -kInfinity}});
  log.histogram("w", 4, tensor({0., 1., 1., kNan}));
  log.note("seed", "7 \"x\" \xff");
  log.confusion(5, tensor({{3, 1}, {0, 2}}), {"cat", "dog"});
  log.image("samples/a b", 6, train::ImageGrid(uniform({2, 4, 4})));
  const auto lines = folder.lines();
  REQUIRE(lines.size() == 6);
  CHECK(lines[0]["start"] == "new");
  CHECK(lines[1]["step"] == 3);
  CHECK(lines[1]["time"] == 7.5);
  CHECK(lines[1]["scalars"] == nlohmann::json{{"loss", 0.25}, {"bad", "NaN"}, {"worse", "-Infinity"}});
  CHECK(lines[1]["memory"].is_number());
  CHECK(lines[2]["histogram"]["not_finite"] == 1);
  double count = 0;
  for (double each : lines[2]["histogram"]["counts"]) count += each;
  CHECK(count == 3);
  CHECK(lines[2]["histogram"]["edges"].front() == 0);
  CHECK(lines[2]["histogram"]["edges"].back() == 1);
  CHECK(lines[3]["note"]["text"] == "7 \"x\" \xEF\xBF\xBD");
  CHECK(lines[4]["confusion"]["counts"] == nlohmann::json{{3.0, 1.0}, {0.0, 2.0}});
  CHECK(lines[4]["confusion"]["classes"] == nlohmann::json{"cat", "dog"});
  CHECK(lines[5]["image"]["file"] == "images/samples_a_b-6.png");
  CHECK(testing::read_png(folder.read("images/samples_a_b-6.png")).width > 8);
}

TEST_CASE("log: event files for TensorBoard", "[log]") {
  // The check value of CRC-32C, and a record's masked checksum as TensorFlow writes it.
  CHECK(testing::crc32c("123456789") == 0xE3069283u);
  Folder folder;
  {
    Log log(folder.path());
    log.scalar("loss", 1, 0.5);
    log.scalar("loss", 2, 0.1);
    log.scalar("ü", -3, kInfinity);
    log.histogram("w", 4, tensor({1., 2., 2., 5.}));
    log.histogram("nothing", 4, tensor({kNan}));
    log.image("picture", 5, train::ImageGrid(uniform({4, 6}), {.zoom = 1, .padding = 0}));
  }
  REQUIRE(folder.event_files().size() == 1);
  const auto events = read_events(folder.read(folder.event_files()[0]));
  REQUIRE(events.size() == 6);
  CHECK(events[0].file_version == "brain.Event:2");
  for (const auto& event : events) CHECK(event.wall_time > 1.6e9);
  CHECK(events[1].tag == "loss");
  CHECK(events[1].step == 1);
  CHECK(events[1].simple_value == 0.5f);
  CHECK(events[1].plugin == "scalars");
  CHECK(events[2].simple_value == 0.1f);
  CHECK(events[2].plugin.empty());  // told once
  CHECK(events[3].tag == "ü");
  CHECK(events[3].step == -3);
  CHECK(events[3].simple_value == std::numeric_limits<float>::infinity());
  CHECK(events[4].plugin == "histograms");
  CHECK(events[4].min == 1);
  CHECK(events[4].max == 5);
  CHECK(events[4].num == 4);
  CHECK(events[4].sum == 10);
  CHECK(events[4].sum_squares == 34);
  REQUIRE(events[4].limits.size() == events[4].buckets.size());
  CHECK(events[4].limits.back() == 5);
  double count = 0;
  for (double each : events[4].buckets) count += each;
  CHECK(count == 4);
  CHECK(events[5].plugin == "images");
  CHECK(events[5].width == 6);
  CHECK(events[5].height == 4);
  CHECK(testing::read_png(events[5].image).width == 6);
}

TEST_CASE("log: an earlier run is refused, replaced, or gone on with", "[log]") {
  Folder folder;
  {
    Log log(folder.path());
    for (int step = 0; step < 5; ++step) log.scalar("loss", step, step);
  }
  CHECK(testing::without_place(message_of<std::invalid_argument>([&] { Log log(folder.path()); }), __FILE__) ==
        "Log: the folder must have no log of another run, but '" + folder.path() +
            "' has one. Choose another, or Existing::replace or Existing::resume.");
  // As a killed run leaves them.
  folder.append("log.jsonl", "{\"step\":5,\"ti");
  folder.append("log.csv", "5,12");
  folder.append(folder.event_files()[0], " broken");
  {
    Log log(folder.path(), {.existing = Existing::resume, .resume_from = 3});
    log.scalars(3, {{"loss", 30}, {"more", 1}});
  }
  const auto lines = folder.lines();
  REQUIRE(lines.size() == 6);  // the start, steps 0, 1, 2, the new start, step 3
  CHECK(lines[3]["step"] == 2);
  CHECK(lines[4]["start"] == "resumed");
  CHECK(lines[4]["from"] == 3);
  CHECK(lines[5]["scalars"]["loss"] == 30);
  std::istringstream csv(folder.read("log.csv"));
  std::vector<std::string> rows;
  for (std::string row; std::getline(csv, row);) rows.push_back(row);
  REQUIRE(rows.size() == 5);
  CHECK(rows[0] == "step,time,loss,more");
  CHECK(rows[3].substr(0, 2) == "2,");
  CHECK(rows[3].back() == ',');
  CHECK(rows[4].substr(rows[4].size() - 5) == ",30,1");
  REQUIRE(folder.event_files().size() == 2);
  std::map<std::int64_t, int> starts;
  std::size_t count = 0;
  for (const std::string& file : folder.event_files())
    for (const auto& event : read_events(folder.read(file))) {  // throws for what is broken
      if (event.session == 1) ++starts[event.step];
      count += event.tag == "loss" ? 1 : 0;
    }
  CHECK(starts == std::map<std::int64_t, int>{{3, 1}});  // TensorBoard forgets what it had from step 3 on
  CHECK(count == 6);

  { Log log(folder.path(), {.existing = Existing::replace}); }
  CHECK(folder.lines().size() == 1);
  CHECK(folder.read("log.csv").empty());
  CHECK(folder.event_files().size() == 1);
}

TEST_CASE("log: resumed without a step, and without a log", "[log]") {
  Folder folder;
  { Log log(folder.path(), {.existing = Existing::resume, .resume_from = 7}); }  // nothing there: a new one
  CHECK(folder.lines()[0]["start"] == "new");
  { Log(folder.path(), {.existing = Existing::resume}).scalar("a", 1, 2); }
  { Log(folder.path(), {.existing = Existing::resume, .csv = false, .tensorboard = false}).scalar("a", 2, 2); }
  CHECK(folder.lines().size() == 5);
  CHECK(folder.event_files().size() == 2);
}

namespace {

/// Until it goes, no file can be longer than that: as on a disk that is full.
class FullDisk {
 public:
  explicit FullDisk(std::uintmax_t size) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &before_);
    rlimit now = before_;
    now.rlim_cur = size;
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~FullDisk() {
    setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_ = {};
  void (*handler_)(int);
};

/// What f says while `file` can take so many bytes more; nothing where it throws nothing.
template <class F>
std::string said_when_full(const std::string& file, std::uintmax_t more, F f) {
  FullDisk full(fs::file_size(file) + more);
  try {
    f();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("log: what a full disk cuts off is taken back, and later records follow whole ones", "[log]") {
  Folder folder;
  const std::string told = "must be a file that can be written, but: File too large. at ";
  for (std::uintmax_t more : {0, 1, 10, 30}) {
    INFO("room for " << more);
    {
      Log log(folder.path(), {.existing = Existing::replace, .csv = false, .tensorboard = false});
      log.scalar("loss", 1, 1);
      CHECK(said_when_full(folder.path() + "/log.jsonl", more, [&] { log.scalar("loss", 2, 2); }).find(told) !=
            std::string::npos);
      log.scalar("loss", 3, 3);
    }
    const auto lines = folder.lines();  // throws for a broken one
    REQUIRE(lines.size() == 3);
    CHECK(lines[2]["step"] == 3);
  }
  for (std::uintmax_t more : {0, 1, 5}) {
    INFO("room for " << more);
    const std::string csv = folder.path() + "/log.csv";
    {
      Log(folder.path(), {.existing = Existing::replace, .tensorboard = false, .clock = [] { return 7.0; }})
          .scalar("loss", 1, 1);
    }
    // Rows of an earlier run, so that this file is the longest.
    for (int i = 0; i < 200; ++i) folder.append("log.csv", "0,7,1\n");
    const std::size_t rows = 202;
    {
      Log log(folder.path(), {.existing = Existing::resume, .tensorboard = false, .clock = [] { return 7.0; }});
      log.scalar("loss", 2, 2);
      CHECK(said_when_full(csv, more, [&] { log.scalar("loss", 3, 3); }).find(told) != std::string::npos);
      // A new column has the file written anew, for which there is no room either: the old columns stay.
      CHECK(said_when_full(csv, more, [&] {
              log.scalars(4, {{"loss", 4}, {"more", 1}});
            }).find(told) != std::string::npos);
      log.scalar("loss", 5, 5);
      const std::string text = folder.read("log.csv");
      CHECK(std::count(text.begin(), text.end(), '\n') == static_cast<std::ptrdiff_t>(rows + 2));
      CHECK(text.ends_with("\n0,7,1\n2,7,2\n5,7,5\n"));
      log.scalars(6, {{"loss", 6}, {"more", 1}});
    }
    CHECK(folder.read("log.csv").starts_with("step,time,loss,more\n1,7,1,\n"));
    CHECK(folder.read("log.csv").ends_with("\n5,7,5,\n6,7,6,1\n"));
    for (const auto& entry : fs::directory_iterator(folder.path())) CHECK(entry.path().extension() != ".part");
  }
  for (std::uintmax_t more : {0, 1, 20}) {
    INFO("room for " << more);
    Folder board_folder;
    train::TensorBoard board(board_folder.path());
    CHECK(said_when_full(board.path(), more, [&] { board.scalar("loss", 1, 1); }).find(told) != std::string::npos);
    board.scalar("loss", 2, 2);
    const auto events = read_events(board_folder.read(board_folder.event_files()[0]));  // throws for a broken one
    REQUIRE(events.size() == 2);
    CHECK(events[1].step == 2);
    CHECK(events[1].plugin == "scalars");  // the one that told it was not written
  }
  // A log that could not be begun is none.
  Folder never;
  fs::create_directories(never.path());
  std::ofstream(never.path() + "/zero");
  CHECK(said_when_full(never.path() + "/zero", 5, [&] { Log log(never.path()); }).find(told) != std::string::npos);
  CHECK(said_when_full(never.path() + "/zero", 5, [&] { Log log(never.path(), {.tensorboard = false}); }).find(told) !=
        std::string::npos);
  CHECK_NOTHROW(Log(never.path()));
}

TEST_CASE("log: a folder that cannot be made is told with the reason", "[log]") {
  Folder folder;
  fs::create_directories(folder.path());
  using fs::perms;
  fs::permissions(folder.path(), perms::owner_read | perms::owner_exec | perms::group_read | perms::group_exec |
                                     perms::others_read | perms::others_exec);
  const bool is_root = geteuid() == 0;  // whom nothing is forbidden
  if (is_root) REQUIRE(seteuid(65534) == 0);
  const std::string log = message_of<std::runtime_error>([&] { Log log(folder.path() + "/run"); }),
                    board = message_of<std::runtime_error>([&] { train::TensorBoard board(folder.path() + "/run"); }),
                    plot = message_of<std::runtime_error>([&] { train::Plot().save(folder.path() + "/run/a.svg"); });
  if (is_root) REQUIRE(seteuid(0) == 0);
  // One that cannot even be looked into.
  fs::permissions(folder.path(), perms::none);
  if (is_root) REQUIRE(seteuid(65534) == 0);
  const std::string closed = message_of<std::runtime_error>([&] { Log again(folder.path() + "/run"); });
  if (is_root) REQUIRE(seteuid(0) == 0);
  fs::permissions(folder.path(), fs::perms::owner_all);
  const std::string told = "' must be a file that can be written, but: Permission denied. at ";
  CHECK(log.find("Log: '" + folder.path() + "/run/log.jsonl" + told) == 0);
  CHECK(closed.find("Log: '" + folder.path() + "/run/log.jsonl" + told) == 0);
  CHECK(board.find("TensorBoard: '" + folder.path() + "/run/events.out.tfevents.") == 0);
  CHECK(board.find(told) != std::string::npos);
  CHECK(plot.find("Plot: '" + folder.path() + "/run/a.svg" + told) == 0);
}

TEST_CASE("log: quantities that are called as the first columns have their own", "[log]") {
  Folder folder;
  {
    Log log(folder.path(), {.tensorboard = false, .clock = [] { return 7.0; }});
    log.scalars(1, {{"step", 0.5}, {"time", 0.25}, {"scalars/step", 3}});
  }
  const std::string head = "step,time,scalars/step,scalars/time,scalars/scalars/step\n1,7,0.5,0.25,3\n";
  CHECK(folder.read("log.csv") == head);
  CHECK(folder.lines()[1]["scalars"] == nlohmann::json{{"step", 0.5}, {"time", 0.25}, {"scalars/step", 3.0}});
  Log log(folder.path(), {.existing = Existing::resume, .tensorboard = false, .clock = [] { return 7.0; }});
  log.scalar("time", 2, 4);
  CHECK(folder.read("log.csv") == head + "2,7,,4,\n");
}

TEST_CASE("log: pictures of different names have files of their own", "[log]") {
  Folder folder;
  const train::ImageGrid grid(uniform({1, 4, 4}));
  const std::string long_name(300, 'n');
  {
    Log log(folder.path(), {.tensorboard = false});
    for (const std::string& name : {std::string("a/b"), std::string("a b"), std::string("a/b"), long_name})
      log.image(name, 1, grid);
  }
  Log log(folder.path(), {.existing = Existing::resume, .tensorboard = false});
  log.image("a b", 2, grid);
  log.image("a_b", 2, grid);
  std::vector<std::string> files;
  for (const auto& line : folder.lines())
    if (line.contains("image")) files.push_back(line["image"]["file"]);
  CHECK(files == std::vector<std::string>{"images/a_b-1.png", "images/a_b_2-1.png", "images/a_b-1.png",
                                          "images/" + std::string(100, 'n') + "-1.png", "images/a_b_2-2.png",
                                          "images/a_b_3-2.png"});
  for (const std::string& file : files) CHECK(fs::exists(folder.path() + "/" + file));
}

TEST_CASE("log: a histogram of the largest numbers has finite edges", "[log]") {
  Folder folder;
  Log log(folder.path());
  log.histogram("w", 1, tensor({-1.7e308, 0., 1.7e308}, {.dtype = DType::float64}));
  log.histogram("one", 1, tensor({std::numeric_limits<double>::max()}, {.dtype = DType::float64}));
  const auto lines = folder.lines();
  for (std::size_t line : {1, 2}) {
    CHECK(lines[line]["histogram"]["not_finite"] == 0);
    double before = -kInfinity;
    for (const auto& edge : lines[line]["histogram"]["edges"]) {
      REQUIRE(edge.is_number());
      CHECK(edge.get<double>() > before);
      before = edge;
    }
  }
}

TEST_CASE("log: draws what it has", "[log]") {
  Folder folder;
  Log log(folder.path(), {.tensorboard = false});
  for (int step = 0; step < 4; ++step)
    log.scalars(step, {{"loss/training", std::pow(0.05, step)}, {"validation/loss", 1}, {"accuracy", 0.5}});
  const std::string svg = log.plot("loss").svg();
  const std::vector<std::string> texts = testing::texts_of(svg);
  auto has = [&](const std::string& text) { return std::find(texts.begin(), texts.end(), text) != texts.end(); };
  CHECK(has("loss/training"));
  CHECK(has("validation/loss"));
  CHECK_FALSE(has("accuracy"));
  CHECK(has("10⁻³"));  // 1 ... 1.25e-4 are drawn on a logarithmic scale
  CHECK(svg.find("<title>loss/training 2: 0.0025</title>") != svg.npos);
  CHECK(
      testing::without_place(message_of<std::invalid_argument>([&] { log.plot("lr"); }), __FILE__) ==
      "Log: a quantity to draw must have been logged, but 'lr' was not; there are 'loss/training', 'validation/loss', "
      "'accuracy'.");
}

TEST_CASE("log: wrong input", "[log]") {
  Folder folder;
  auto message = [](auto f) { return testing::without_place(message_of<std::invalid_argument>(f), __FILE__); };
  CHECK(message([] { Log log(""); }) == "Log: its folder must have a name, but it is empty.");
  CHECK(message([&] { Log log(folder.path(), {.resume_from = 3}); }) ==
        "Log: resume_from goes with Existing::resume, but it is 3 without.");
  Log log(folder.path());
  CHECK(message([&] { log.scalar("", 1, 2); }) == "Log: a number must have a name, but it is empty.");
  CHECK(message([&] { log.scalars(1, {{"a", 1}, {"a", 2}}); }) == "Log: names must differ, but 'a' is given twice.");
  CHECK(message([&] {
          log.confusion(1, ones({2, 3}));
        }) == "Log: the counts must be a square matrix, but they are [2, 3].");
  CHECK(message([&] {
          log.confusion(1, ones({2, 2}), {"a"});
        }) == "Log: there must be a name for each class, but there are 1 for [2, 2].");
  CHECK(message([&] { log.histogram("h", 1, Tensor()); }) ==
        "Log: a histogram's values must be a defined tensor, but it is default-constructed.");
  CHECK(folder.lines().size() == 1);  // nothing was written
  CHECK(message_of<std::runtime_error>([] {
          Log log("/proc/nowhere/x");
        }).find("Log: '/proc/nowhere/x/log.jsonl' must be a file that can be written, but: ") == 0);
}
