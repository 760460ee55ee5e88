#include "tensorboard.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <mutex>
#include <unordered_set>

#include "detail/append_file.hpp"
#include "detail/bins.hpp"
#include "detail/event.hpp"
#include "detail/file.hpp"
#include "detail/font.hpp"
#include "detail/image_access.hpp"

namespace xgrad XGRAD_API {
namespace train {

using detail::Message;

// Fields are named as in event.proto and summary.proto.
struct TensorBoard::State {
  std::mutex mutex;
  detail::AppendFile file;
  std::unordered_set<std::string> described;  // names whose plugin has been told

  static Message event(std::int64_t step) {
    const double now = std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
    Message event;
    event.number(1, now);                   // wall_time
    if (step != 0) event.integer(2, step);  // step
    return event;
  }

  /// A value of a summary, begun by its name; the first of a name tells which plugin shows it.
  Message value(const std::string& name, const char* plugin, int data_class) {
    Message value;
    value.bytes(1, name);  // tag
    if (!described.contains(name))
      value.message(9, Message()                                    // metadata
                           .message(1, Message().bytes(1, plugin))  // plugin_data: plugin_name
                           .integer(4, data_class));                // data_class: 1 scalar, 2 tensor, 3 blob sequence
    return value;
  }

  void write(const std::string& name, std::int64_t step, const Message& value, SourceLocation where) {
    const Message summary = Message().message(1, value);
    file.write(detail::record_of(event(step).message(5, summary).text()), where);
    described.insert(name);  // not before: where the record is not written, the next one tells it
  }
};

TensorBoard::TensorBoard(const std::string& folder, std::int64_t resume_from, SourceLocation where) : state_(nullptr) {
  auto state = std::make_unique<State>();
  char host[256] = "localhost";
  if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0') std::snprintf(host, sizeof host, "localhost");
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count();
  // TensorBoard reads a folder's files in the order of their names.
  char start[64];
  std::snprintf(start, sizeof start, "events.out.tfevents.%010lld", static_cast<long long>(seconds));
  for (int i = 0;; ++i) {
    const std::string name =
        concat(folder, "/", std::string_view(start), ".", std::string_view(host), ".", getpid(), ".", i);
    if (i == 0) detail::make_folder_of("TensorBoard", name, where);
    if (state->file.open("TensorBoard", name, true, where)) break;
  }
  state->file.write(detail::record_of(State::event(0).bytes(3, "brain.Event:2").text()), where);  // file_version
  if (resume_from >= 0)
    state->file.write(detail::record_of(State::event(resume_from).message(7, Message().integer(1, 1)).text()),
                      where);  // session_log: START
  state_ = state.release();
}

TensorBoard::~TensorBoard() { delete state_; }

const std::string& TensorBoard::path() const { return state_->file.path(); }

void TensorBoard::scalar(const std::string& name, std::int64_t step, double value, SourceLocation where) {
  std::lock_guard lock(state_->mutex);
  const std::string tag = detail::cleaned(name);
  state_->write(tag, step, state_->value(tag, "scalars", 1).single(2, static_cast<float>(value)),
                where);  // simple_value
}

void TensorBoard::histogram(const std::string& name, std::int64_t step, const Tensor& values, SourceLocation where) {
  check(values.defined(), where,
        "TensorBoard: a histogram's values must be a defined tensor, but it is default-constructed.");
  const detail::Spread spread = detail::spread_of(values, where);
  if (spread.count == 0) return;
  Message histogram;
  histogram.number(1, spread.low)
      .number(2, spread.high)
      .number(3, spread.count)
      .number(4, spread.sum)
      .number(5, spread.squares);
  histogram.numbers(6, std::span(spread.edges).subspan(1)).numbers(7, spread.counts);  // bucket_limit, bucket
  std::lock_guard lock(state_->mutex);
  const std::string tag = detail::cleaned(name);
  state_->write(tag, step, state_->value(tag, "histograms", 2).message(5, histogram), where);  // histo
}

void TensorBoard::image(const std::string& name, std::int64_t step, const ImageGrid& images, SourceLocation where) {
  const std::string png = images.png();
  auto size_at = [&](std::size_t at) {
    std::int64_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(png[at + i]);
    return value;
  };
  Message image;
  image.integer(1, size_at(20))
      .integer(2, size_at(16))
      .integer(3, 3)
      .bytes(4, png);  // height, width, colorspace RGB, bytes
  std::lock_guard lock(state_->mutex);
  const std::string tag = detail::cleaned(name);
  state_->write(tag, step, state_->value(tag, "images", 3).message(4, image), where);
}

}  // namespace train
}  // namespace xgrad
