#pragma once
// What a configuration file says, as a tree in which everything knows where it
// stands: an error can show the place. Pure.

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace config {

// Counted from 1; 0 = not known (what a program made has no place).
struct Place {
  size_t line = 0;
  size_t column = 0;  // of bytes
  bool operator==(const Place&) const = default;
};

// A template so that it is whole when Value is, of which it has one.
template <typename V>
struct Keyed {
  std::string key;
  Place at;  // of the key
  V value;
};
struct Value;
using Member = Keyed<Value>;

struct Value {
  enum class Kind { Null, Bool, Number, Text, List, Map };

  Kind kind = Kind::Null;
  // Of text its contents; of a number or a truth as it was written, so that a
  // version "1.10" in an environment stays what it is.
  std::string text = {};
  std::vector<Value> items = {};
  std::vector<Member> members = {};  // in the order of the file, each key once
  Place at = {};

  bool is(Kind wanted) const { return kind == wanted; }
  bool is_scalar() const { return kind != Kind::List && kind != Kind::Map; }
  const Member* find(std::string_view key) const;
};

// "a list", "text": for errors.
std::string_view kind_name(Value::Kind kind);

nlohmann::ordered_json to_json(const Value& value);

}  // namespace config
