// Whether operations are recorded: a switch of each thread.
#pragma once

#include "config.hpp"

namespace xgrad XGRAD_API {

/// Whether operations on this thread are recorded. True unless a NoGrad is alive.
bool grad_enabled();

/// While it lives, operations on this thread are (or are not) recorded.
class [[nodiscard]] GradMode {
 public:
  explicit GradMode(bool enabled);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  bool previous_;
};

/// While it lives, operations on this thread are not recorded: for evaluation and for updating parameters.
class [[nodiscard]] NoGrad : public GradMode {
 public:
  NoGrad() : GradMode(false) {}
};

}  // namespace xgrad
