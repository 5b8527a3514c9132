#include "config/value.h"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace config {

const Member* Value::find(std::string_view key) const {
  const auto found = std::ranges::find(members, key, &Member::key);
  return found == members.end() ? nullptr : &*found;
}

std::string_view kind_name(Value::Kind kind) {
  switch (kind) {
    case Value::Kind::Null:
      return "null";
    case Value::Kind::Bool:
      return "true or false";
    case Value::Kind::Number:
      return "a number";
    case Value::Kind::Text:
      return "text";
    case Value::Kind::List:
      return "a list";
    case Value::Kind::Map:
      return "an object";
  }
  return {};
}

nlohmann::ordered_json to_json(const Value& value) {
  using Json = nlohmann::ordered_json;
  switch (value.kind) {
    case Value::Kind::Null:
      return {};
    case Value::Kind::Bool:
      return value.text == "true";
    case Value::Kind::Number: {
      // What JSON does not know (.5, 0x10) is left to whoever reads text.
      auto number = Json::parse(value.text, nullptr, false);
      return number.is_number() ? number : Json(value.text);
    }
    case Value::Kind::Text:
      return value.text;
    case Value::Kind::List: {
      Json list = Json::array();
      for (const auto& item : value.items) list.push_back(to_json(item));
      return list;
    }
    case Value::Kind::Map: {
      Json map = Json::object();
      for (const auto& member : value.members)
        map[member.key] = to_json(member.value);
      return map;
    }
  }
  return {};
}

}  // namespace config
