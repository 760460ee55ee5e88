// A value of a case file: what JSON holds, with integers and floating-point numbers told apart.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace conformance {

/// xgrad offers no such operation, module, option or form of an argument: the case is counted apart from
/// failures. Thrown by the tables of this runner only, never for an error of the library.
class Unsupported : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// xgrad's answer is not the recorded one.
class Mismatch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

class Value {
 public:
  using List = std::vector<Value>;
  using Members = std::vector<std::pair<std::string, Value>>;

  Value() = default;
  Value(bool value) : value_(value) {}
  Value(std::int64_t value) : value_(value) {}
  Value(double value) : value_(value) {}
  Value(std::string value) : value_(std::move(value)) {}
  Value(const char* value) : value_(std::string(value)) {}
  Value(List value) : value_(std::move(value)) {}
  Value(Members value) : value_(std::move(value)) {}

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_boolean() const { return std::holds_alternative<bool>(value_); }
  bool is_integer() const { return std::holds_alternative<std::int64_t>(value_); }
  bool is_floating() const { return std::holds_alternative<double>(value_); }
  bool is_number() const { return is_boolean() || is_integer() || is_floating(); }
  bool is_text() const { return std::holds_alternative<std::string>(value_); }
  bool is_list() const { return std::holds_alternative<List>(value_); }
  bool is_object() const { return std::holds_alternative<Members>(value_); }
  bool is_tensor() const { return !(*this)["tensor"].is_null(); }

  // Throw Unsupported where the value is of another kind: the table that asks knows no such form of the
  // argument.
  bool boolean() const { return get<bool>("a boolean"); }
  std::int64_t integer() const { return is_boolean() ? boolean() : get<std::int64_t>("an integer"); }
  double number() const { return is_floating() ? std::get<double>(value_) : static_cast<double>(integer()); }
  const std::string& text() const { return get<std::string>("a text"); }
  const List& list() const { return get<List>("a list"); }
  const Members& members() const { return get<Members>("an object"); }

  /// A member of an object; the null value where there is none.
  const Value& operator[](std::string_view key) const {
    static const Value kNull;
    if (is_object())
      for (const auto& [name, value] : std::get<Members>(value_))
        if (name == key) return value;
    return kNull;
  }

 private:
  template <class T>
  const T& get(const char* kind) const {
    if (const T* value = std::get_if<T>(&value_)) return *value;
    throw Unsupported(std::string("an argument is not ") + kind + ", as the mapping expects");
  }

  std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Members> value_;
};

}  // namespace conformance
