// Progress: plain lines in a file, a bar on a terminal.
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <limits>
#include <string>

#include <xgrad/xgrad.hpp>
#include "../catch.hpp"
#include "../support.hpp"
#include "message.hpp"

using namespace xgrad;
using testing::message_of;
using train::Progress;

namespace {

/// A clock that is set by hand.
struct Clock {
  double seconds = 0;
};

/// A descriptor, and what was written to it.
class Output {
 public:
  explicit Output(bool is_terminal, int columns = 80) {
    if (is_terminal) {
      winsize size = {};
      size.ws_col = static_cast<unsigned short>(columns);
      REQUIRE(openpty(&reader_, &writer_, nullptr, nullptr, &size) == 0);
    } else {
      int ends[2];
      REQUIRE(pipe(ends) == 0);
      reader_ = ends[0];
      writer_ = ends[1];
    }
    fcntl(reader_, F_SETFL, O_NONBLOCK);
  }
  ~Output() {
    close(reader_);
    close(writer_);
  }
  int descriptor() const { return writer_; }
  std::string text() {
    char buffer[4096];
    for (ssize_t count; (count = read(reader_, buffer, sizeof buffer)) > 0;)
      all_.append(buffer, static_cast<std::size_t>(count));
    return all_;
  }

 private:
  int reader_, writer_;
  std::string all_;
};

int count_of(const std::string& text, const std::string& part) {
  int count = 0;
  for (std::size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

}  // namespace

TEST_CASE("progress: plain lines where there is no terminal", "[progress]") {
  Output output(false);
  Clock clock;
  {
    Progress progress(
        {.epochs = 2, .steps = 2, .descriptor = output.descriptor(), .clock = [&clock] { return clock.seconds; }});
    progress.step({{"loss", 1}, {"accuracy", 0.5}}, 3);
    progress.step({{"loss", 2}, {"accuracy", 0.75}}, 1);
    CHECK(output.text().empty());
    CHECK(progress.means() == train::Readings{{"loss", 1.25}, {"accuracy", 0.5625}});
    clock.seconds = 12.4;
    progress.epoch({{"loss", 1.5}});
    CHECK(progress.means() == train::Readings{{"loss", 1.25}, {"accuracy", 0.5625}});
    progress.step({{"loss", 1e-5}});
    progress.step({{"loss", std::numeric_limits<double>::quiet_NaN()}});
    clock.seconds = 150;
    progress.epoch();
  }
  CHECK(output.text() ==
        "epoch 1/2  loss 1.2500  accuracy 0.5625  | validation  loss 1.5000  (12 s)\n"
        "epoch 2/2  loss nan  (2:18 min)\n");
}

TEST_CASE("progress: on a terminal a bar, at most ten times a second", "[progress]") {
  setenv("TERM", "xterm", 1);
  Output output(true);
  Clock clock;
  {
    Progress progress(
        {.epochs = 2, .steps = 100, .descriptor = output.descriptor(), .clock = [&clock] { return clock.seconds; }});
    for (int i = 0; i < 100; ++i) {
      clock.seconds += 0.01;
      progress.step({{"loss", 0.5}});
    }
    const std::string text = output.text();
    CHECK(count_of(text, "\r") >= 9);
    CHECK(count_of(text, "\r") <= 11);
    CHECK(count_of(text, "\n") == 0);
    CHECK(text.find("epoch 1/2 [============>           ]") ==
          text.npos);  // half of the first epoch's is a quarter of all
    CHECK(text.find("epoch 1/2 [=====>") != text.npos);
    CHECK(text.find("loss 0.5000  1.") != text.npos);
    CHECK(text.find(" s left\x1b[K") != text.npos);
    progress.epoch({{"loss", 0.6}});
    CHECK(output.text().find("\repoch 1/2  loss 0.5000  | validation  loss 0.6000  (1.0 s)\x1b[K\r\n") !=
          std::string::npos);
    progress.step({{"loss", 0.25}});
    clock.seconds += 1;
    progress.step({{"loss", 0.25}});
  }
  // The line of the bar is ended, with its last state.
  CHECK(output.text().substr(output.text().size() - 2) == "\r\n");
  CHECK(output.text().find("epoch 2/2 [============>           ]  loss 0.2500") != std::string::npos);
}

TEST_CASE("progress: the bar fits the terminal", "[progress]") {
  setenv("TERM", "xterm", 1);
  Output output(true, 40);
  Clock clock;
  {
    Progress progress({.epochs = 3, .steps = 10, .descriptor = output.descriptor(), .interval = 0, .clock = [&clock] {
                         return clock.seconds;
                       }});
    progress.step({{"a long näme", 0.5}, {"another", 0.25}});
  }
  const std::string text = output.text();
  const std::size_t end = text.find("\x1b[K");
  REQUIRE(end != text.npos);
  CHECK(end - 1 <= 40);  // bytes, of which ä takes two
}

TEST_CASE("progress: wide letters take two columns of the bar, accents none", "[progress]") {
  setenv("TERM", "xterm", 1);
  auto bar = [](const std::string& name) {
    Output output(true, 60);
    Clock clock;
    Progress progress({.epochs = 3, .steps = 10, .descriptor = output.descriptor(), .interval = 0, .clock = [&clock] {
                         return clock.seconds;
                       }});
    progress.step({{name, 0.5}, {name + "2", 0.25}});
    const std::string text = output.text();
    const std::size_t end = text.find("\x1b[K");
    REQUIRE(end != text.npos);
    return text.substr(1, end - 1);
  };
  const std::string head = "epoch 1/3 [>                       ]  ";  // 38 columns of the 59
  CHECK(bar("loss") == head + "loss 0.5000  loss2 0.");
  CHECK(bar("損失") == head + "損失 0.5000  損失2 0.");
  CHECK(bar("l\u0301o\u0301ss") == head + "l\u0301o\u0301ss 0.5000  l\u0301o\u0301ss2 0.");
  CHECK(bar("損失損失損失損失損失失") ==
        head + "損失損失損失損失損失");  // 21 columns are left: none for half of a letter
  CHECK(bar("\U0001F600\U0001F600") == head + "\U0001F600\U0001F600 0.5000  \U0001F600\U0001F6002 0.");
}

TEST_CASE("progress: a dumb terminal gets plain lines", "[progress]") {
  setenv("TERM", "dumb", 1);
  Output output(true);
  Progress progress({.epochs = 1, .steps = 1, .descriptor = output.descriptor()});
  progress.step({{"loss", 1}});
  CHECK(output.text().empty());
  setenv("TERM", "xterm", 1);
}

TEST_CASE("progress: of many epochs some leave a line", "[progress]") {
  Output output(false);
  Clock clock;
  Progress progress(
      {.epochs = 1000, .steps = 1, .descriptor = output.descriptor(), .clock = [&clock] { return clock.seconds; }});
  for (int i = 0; i < 1000; ++i) {
    progress.step({{"loss", 1}});
    progress.epoch();
  }
  CHECK(count_of(output.text(), "\n") == 51);
  CHECK(output.text().find("epoch    1/1000") == 0);
  CHECK(output.text().find("epoch 1000/1000") != std::string::npos);
  Output none(false);
  Progress quiet({.epochs = 2, .lines = 0, .descriptor = none.descriptor()});
  quiet.epoch();
  CHECK(none.text().empty());
}

TEST_CASE("progress: steps that are not known, one epoch, and names with line ends", "[progress]") {
  setenv("TERM", "xterm", 1);
  Output output(true);
  Clock clock;
  {
    Progress progress(
        {.epochs = 2, .descriptor = output.descriptor(), .interval = 0, .clock = [&clock] { return clock.seconds; }});
    progress.step();
    CHECK(output.text() == "\repoch 1/2, step 1\x1b[K");
    progress.step();
    clock.seconds = 4;
    progress.epoch();  // from here on an epoch is known to have two steps
    progress.step({{"a\nb", 1}});
    CHECK(output.text().find("epoch 2/2 [==================>     ]  a b 1.0000  1.3 s left") != std::string::npos);
  }
  Output one(false);
  Progress single({.descriptor = one.descriptor()});
  single.step({{"loss", 2}});
  single.epoch();
  CHECK(one.text().find("step 1  loss 2.0000  (") == 0);
}

TEST_CASE("progress: a closed output is no error, wrong input is", "[progress]") {
  Progress closed({.epochs = 1, .descriptor = 1 << 20});
  closed.step({{"loss", 1}});
  closed.epoch();
  auto message = [](auto f) { return testing::without_place(message_of<std::invalid_argument>(f), __FILE__); };
  CHECK(message([] { Progress({.epochs = -1}); }) ==
        "Progress: epochs, steps and lines must be at least 0, but they are -1, 0 and 50.");
  CHECK(message([&] {
          closed.step({{"loss", 1}}, -1);
        }) == "Progress: the weight must be a number that is at least 0, but it is -1.");
}
