#include "json.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace conformance {
namespace {

using Json = nlohmann::ordered_json;

Value special_number(const std::string& name) {
  if (name == "inf") return std::numeric_limits<double>::infinity();
  if (name == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

Value from_json(const Json& json) {
  switch (json.type()) {
    case Json::value_t::boolean:
      return json.get<bool>();
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
      return json.get<std::int64_t>();
    case Json::value_t::number_float:
      return json.get<double>();
    case Json::value_t::string:
      return json.get<std::string>();
    case Json::value_t::array: {
      Value::List list;
      for (const Json& item : json) list.push_back(from_json(item));
      return list;
    }
    case Json::value_t::object: {
      if (json.size() == 1 && json.contains("float")) return special_number(json["float"].get<std::string>());
      Value::Members members;
      for (const auto& [key, item] : json.items()) members.emplace_back(key, from_json(item));
      return members;
    }
    default:
      return {};
  }
}

Json to_json(const Value& value) {
  if (value.is_boolean()) return value.boolean();
  if (value.is_integer()) return value.integer();
  if (value.is_floating()) return value.number();
  if (value.is_text()) return value.text();
  if (value.is_list()) {
    Json json = Json::array();
    for (const Value& item : value.list()) json.push_back(to_json(item));
    return json;
  }
  if (value.is_object()) {
    Json json = Json::object();
    for (const auto& [key, item] : value.members()) json[key] = to_json(item);
    return json;
  }
  return nullptr;
}

}  // namespace

Value parse_json(std::string_view text) { return from_json(Json::parse(text)); }

std::string write_json(const Value& value) {
  return to_json(value).dump(2, ' ', false, Json::error_handler_t::replace);
}

}  // namespace conformance
