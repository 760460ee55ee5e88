// What memory may run out in, and the trial of it: at each allocation in turn.
#pragma once

#include <memory>
#include <new>
#include <string>
#include <vector>

#include <xgrad/autograd/base/allocator.hpp>
#include <xgrad/xgrad.hpp>
#include "../support.hpp"
#include "failing_new.hpp"

namespace xgrad::testing {

/// The tensors' dtypes, shapes and elements, to be compared bit by bit.
struct Snapshot {
  std::vector<std::string> kinds;
  std::vector<double> elements;

  void add(const std::string& name, const Tensor& tensor) {
    if (!tensor.defined()) {
      kinds.push_back(name + ": undefined");
      return;
    }
    kinds.push_back(concat(name, ": ", tensor.dtype(), " ", tensor.shape()));
    for (double element : tensor.detach().to_vector<double>()) elements.push_back(element);
  }
  void add(const nn::NamedTensors& tensors) {
    for (const auto& [name, tensor] : tensors) add(name, tensor);
  }
  bool operator==(const Snapshot&) const = default;
};

/// What is tried: an object made anew for each try.
class Scenario {
 public:
  virtual ~Scenario() = default;
  /// What memory may run out in.
  virtual void run() = 0;
  /// What must be as before where run() throws.
  virtual Snapshot held() const = 0;
  /// What run() gave: the same at each try.
  virtual Snapshot result() const { return held(); }
};

using Make = std::unique_ptr<Scenario> (*)();

/// Answers with the number of allocations.
template <class Failing>
long fail_each_allocation(Make make) {
  auto calm = make();
  calm->run();
  const Snapshot expected = calm->result();
  long tries = 0;
  for (long granted = 0;; ++granted) {
    auto scenario = make();
    const Snapshot before = scenario->held();
    bool has_failed = false, has_thrown = false;
    {
      Failing failing(granted);
      try {
        scenario->run();
      } catch (const std::bad_alloc&) {
        has_thrown = true;
      }
      has_failed = Failing::any();
    }
    if (!has_failed) break;
    ++tries;
    INFO("after " << granted << " allocations");
    if (has_thrown) {
      CHECK(scenario->held() == before);
      scenario->run();
    }
    CHECK(scenario->result() == expected);
  }
  return tries;
}

inline void survives(Make make) {
  CHECK(fail_each_allocation<FailingNew>(make) > 0);
  CHECK(fail_each_allocation<internal::BlocksRefused>(make) > 0);
}

template <class S>
std::unique_ptr<Scenario> made() {
  return std::make_unique<S>();
}

/// -1 to 1, in even steps.
inline Tensor counted(const Shape& shape, DType dtype = DType::float32) {
  return reshape(linspace(-1, 1, shape.numel(), {.dtype = dtype}), shape);
}

}  // namespace xgrad::testing
