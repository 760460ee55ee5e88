// operator new that counts, and fails when it is told to. It is replaced in this program, and with it for the library.
#pragma once

namespace xgrad::testing {

/// While it lives, one `new` of this thread fails: the one after the first `granted`.
class FailingNew {
 public:
  explicit FailingNew(long granted);
  ~FailingNew();
  FailingNew(const FailingNew&) = delete;
  FailingNew& operator=(const FailingNew&) = delete;

  /// Whether it has failed.
  static bool any();
};

/// How often this thread has called `new`.
long count_of_new();

}  // namespace xgrad::testing
