// Gradient checks for test suites written with Catch2, 2 or 3; include it beside Catch2's own header.
//
//     TEST_CASE("my layer") {
//       CHECK_THAT(my_layer, xgrad::testing::HasRightGradient({x, w}));                 // the gradient
//       CHECK_THAT(my_layer, xgrad::testing::HasRightGradient({x, w}, {.order = 2}));   // and its own gradient
//     }
#pragma once

#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "gradcheck.hpp"

namespace xgrad::testing {

/// Matches a function whose gradient at `inputs` agrees with finite differences: gradcheck() for CHECK_THAT and
/// REQUIRE_THAT. A failure shows gradcheck's report. Of a function without arguments `inputs` are the variables that it
/// computes with. It needs nothing of Catch2: a matcher there is what has match() and toString().
class HasRightGradient {
 public:
  HasRightGradient(std::vector<Tensor> inputs, GradcheckOptions options = {})
      : inputs_(std::move(inputs)), options_(options) {}
  HasRightGradient(std::initializer_list<Tensor> inputs, GradcheckOptions options = {})
      : inputs_(inputs), options_(options) {}

  template <class F>
  bool match(F& f) const {
    GradcheckReport report = gradcheck_report(f, std::span<const Tensor>(inputs_), options_);
    text_ = report.text();
    return report.passed();
  }
  std::string toString() const { return "has the right gradient\n" + text_; }

 private:
  std::vector<Tensor> inputs_;
  GradcheckOptions options_;
  mutable std::string text_;
};

}  // namespace xgrad::testing
