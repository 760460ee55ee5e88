// Where does the nan come from?
//
//     AnomalyGuard guard;
//     loss(model(x), y).backward();
//     // throws: "log: its result must be finite, but element [3] is -inf ... at model.cpp:41"
#pragma once

#include <stdexcept>

#include "../config.hpp"

namespace xgrad XGRAD_API {

/// What an AnomalyGuard looks at.
struct AnomalyOptions {
  bool values = true;     ///< the results of operations
  bool gradients = true;  ///< the cotangents that their rules give
};

/// An operation has made the first nan or infinity; what() says which, where, and from what.
class anomaly_error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// While it lives, the first operation of this thread that makes a nan or an infinity throws anomaly_error, with the
/// operation's name, the user's line, the element, and the range of what it was computed from.
///
/// A result is an anomaly where it has a nan and no operand has one, or an infinity and no operand has a nan or an
/// infinity: what the user puts in, such as a mask of -inf, is not; nor is a number that the dtype cannot hold (1e300
/// beside float32). Gradients are judged likewise, rule by rule, and where several are added; where the cotangent that
/// came was 0, through the branch of a where() that was not taken or what masked_fill() replaced, the message says so,
/// and where_safe() is the cure.
///
/// Each result and each cotangent is read once more, so that a program takes up to twice its time. Derivatives that are
/// recorded (create_graph) are looked at as gradients alone. Guards nest; the innermost decides.
/// Throws: anomaly_error out of the operation, or out of backward() or grad(), whose graph is then used up.
/// Example:
///     AnomalyGuard guard;
///     Tensor x = tensor({0.0, 4.0}, {.requires_grad = true});
///     sum(where(x > 0, sqrt(x), 0)).backward();  // throws: sqrt: the gradient of its input 0 must be finite, but ...
class [[nodiscard]] AnomalyGuard {
 public:
  explicit AnomalyGuard(AnomalyOptions options = {});
  ~AnomalyGuard();
  AnomalyGuard(const AnomalyGuard&) = delete;
  AnomalyGuard& operator=(const AnomalyGuard&) = delete;

 private:
  class Watch;
  Watch* watch_;  // owned; <memory> would take a tenth of what a user's file compiles
};

}  // namespace xgrad
