#include "config/yaml_reader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "base/fs.h"
#include "base/json.h"
#include "config/helper_process.h"
#include "config/json_reader.h"

namespace config {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;

// Beside us in the build, and where `make install` puts it.
Result<std::string> program() {
  auto self = fs::read_link("/proc/self/exe");
  if (!self) return base::fail(std::move(self.error()));
  const std::string dir = fs::dir_name(*self);
  for (const std::string_view place :
       {".", "..", "../libexec/lodge", "../lib/lodge"}) {
    auto path = fs::absolute(fs::join(place, "lodge-yaml"), dir);
    if (::access(path.c_str(), X_OK) == 0) return path;
  }
  return base::fail(Errc::NotFound,
                    fmt::format("lodge-yaml is not beside {}", *self),
                    "it reads YAML, and is installed with lodge; the same in "
                    "JSON needs nothing: lodge init");
}

Value scalar(std::string_view kind, std::string text, Place at) {
  Value value{.kind = Value::Kind::Text, .text = std::move(text), .at = at};
  if (kind == "plain") value.kind = plain_kind(value.text);
  if (value.kind == Value::Kind::Bool)
    value.text = value.text.front() == 't' || value.text.front() == 'T'
                     ? "true"
                     : "false";
  return value;
}

// [kind, line, column, contents]; may let the JSON library throw.
Value value_of(const nlohmann::json& node) {
  const auto& kind = node.at(0).get_ref<const std::string&>();
  const Place at{node.at(1).get<size_t>(), node.at(2).get<size_t>()};
  const auto& contents = node.at(3);
  if (kind == "list") {
    Value list{.kind = Value::Kind::List, .at = at};
    for (const auto& item : contents) list.items.push_back(value_of(item));
    return list;
  }
  if (kind == "map") {
    Value map{.kind = Value::Kind::Map, .at = at};
    for (const auto& pair : contents) {
      Value key = value_of(pair.at(0));
      map.members.push_back(
          {std::move(key.text), key.at, value_of(pair.at(1))});
    }
    return map;
  }
  return scalar(kind, contents.get<std::string>(), at);
}

bool is_number(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (text.empty() || !((text[0] >= '0' && text[0] <= '9'))) return false;
  // JSON's numbers, and zeros in front: "0640" is text, as modes are written.
  return base::is_json(text);
}

}  // namespace

Value::Kind plain_kind(std::string_view text) {
  constexpr std::array<std::string_view, 5> kNull = {"", "~", "null", "Null",
                                                     "NULL"};
  constexpr std::array<std::string_view, 6> kBool = {"true",  "True",  "TRUE",
                                                     "false", "False", "FALSE"};
  if (std::ranges::count(kNull, text) > 0) return Value::Kind::Null;
  if (std::ranges::count(kBool, text) > 0) return Value::Kind::Bool;
  return is_number(text) ? Value::Kind::Number : Value::Kind::Text;
}

Result<Value> read_yaml(const Document& document) try {
  if (!base::is_utf8(document.text())) return document.fault({}, "not UTF-8");
  auto path = program();
  if (!path) return base::pass(std::move(path), document.name());
  auto asked = ask_helper({*path}, document.text());
  if (!asked) return base::pass(std::move(asked), document.name());
  // Four lists of ours a level, and the contents.
  auto json = base::parse_json(
      asked->answer, {.bytes = size_t{64} << 20, .depth = 6 * kDeepest});
  if (!json)
    return document.fault(
        {}, "reading it as YAML failed: " +
                (asked->talk.empty() ? json.error().message : asked->talk));
  if (asked->exit == 0) return value_of(*json);
  const Place at{json->value("line", size_t{0}),
                 json->value("column", size_t{0})};
  return document.fault(at, json->value("why", "not valid YAML"));
} catch (const nlohmann::json::exception& error) {
  return document.fault({}, error.what());
}

}  // namespace config
