// Counting results and writing them: a table for people, JSON for programs.
#pragma once

#include <iosfwd>
#include <map>
#include <string>
#include <vector>

#include "value.hpp"

namespace conformance {

enum class Status { passed, failed, unsupported, by_design };

struct Result {
  Status status;
  std::string reason;  ///< empty for a case that passed
};

class Report {
 public:
  void add(const Value& one_case, const Result& result);
  bool any_failed() const { return total_.failed > 0; }

  /// Per group, per tag, per operator, then each failed case with its reason.
  void write_text(std::ostream& out) const;
  Value to_value() const;

 private:
  struct Tally {
    int passed = 0;
    int failed = 0;
    int unsupported = 0;
    int by_design = 0;
    void add(Status status);
    Value to_value() const;
  };
  struct Noted {
    std::string id;
    std::string reason;
  };
  static void write_rows(std::ostream& out, const char* heading, const std::map<std::string, Tally>& rows);
  static Value to_value(const std::map<std::string, Tally>& rows);
  static Value to_value(const std::vector<Noted>& cases);

  Tally total_;
  std::map<std::string, Tally> groups_;
  std::map<std::string, Tally> operators_;  // by "group: operator"
  std::map<std::string, Tally> tags_;
  std::vector<Noted> failures_;
  std::vector<Noted> by_design_;
  std::vector<Noted> unsupported_;
};

/// The operator's name in a case's id: "nn.Linear-4f0a" -> "nn.Linear".
std::string operator_of(const Value& one_case);

}  // namespace conformance
