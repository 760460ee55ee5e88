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

#include "gradcheck.hpp"

namespace xgrad::testing {

/// Matches a function whose gradient at `inputs` agrees with finite differences: gradcheck() for CHECK_THAT and
/// REQUIRE_THAT. A failure shows gradcheck's report and the test's line. Of a function without arguments `inputs` are
/// the variables that it computes with. It needs nothing of Catch2: a matcher there is what has match() and toString().
class HasRightGradient {
 public:
  HasRightGradient(GradcheckInputs inputs, GradcheckOptions options = {},
                   SourceLocation where = SourceLocation::current())
      : inputs_(std::move(inputs)), options_(options), where_(where) {}
  HasRightGradient(std::initializer_list<Tensor> inputs, GradcheckOptions options = {},
                   SourceLocation where = SourceLocation::current())
      : HasRightGradient(GradcheckInputs(inputs), options, where) {}

  template <class F>
  bool match(F& f) const {
    GradcheckReport report = gradcheck_report(f, inputs_, options_, where_);
    text_ = with_place(report.text(), where_);
    return report.passed();
  }
  std::string toString() const { return "has the right gradient\n" + text_; }

 private:
  GradcheckInputs inputs_;
  GradcheckOptions options_;
  SourceLocation where_;
  mutable std::string text_;
};

}  // namespace xgrad::testing
