// Seeing each operation that is recorded: how gradcheck finds the rule at fault.
#pragma once

#include <span>
#include <utility>

#include "../extend.hpp"

namespace xgrad::internal {

class RecordObserver;
inline thread_local constinit RecordObserver* record_observer = nullptr;

/// Sees each operation that this thread records while it lives.
class RecordObserver {
 public:
  RecordObserver() : previous_(std::exchange(record_observer, this)) {}
  virtual ~RecordObserver() { record_observer = previous_; }
  RecordObserver(const RecordObserver&) = delete;
  RecordObserver& operator=(const RecordObserver&) = delete;
  virtual void recorded(const Inputs& inputs, std::span<const Tensor> outputs) = 0;

 private:
  RecordObserver* previous_;
};

}  // namespace xgrad::internal
