#include "grad_mode.hpp"

#include <utility>

namespace xgrad XGRAD_API {
namespace {
thread_local bool recording = true;
}  // namespace

bool grad_enabled() { return recording; }
GradMode::GradMode(bool enabled) : previous_(std::exchange(recording, enabled)) {}
GradMode::~GradMode() { recording = previous_; }

}  // namespace xgrad
