#include "config/setting_reader.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <optional>

#include "config/key_facts.h"
#include "config/shell_words.h"

namespace config {
namespace {

using Json = nlohmann::ordered_json;
using ValueKind = Value::Kind;

// JSON, or why not.
using Made = std::expected<Json, std::string>;

std::string quoted(const Value& value) {
  if (!value.is_scalar()) return std::string(kind_name(value.kind));
  std::string text =
      to_json(value).dump(-1, ' ', false, Json::error_handler_t::replace);
  constexpr size_t kEnough = 60;
  if (text.size() <= kEnough) return text;
  size_t end = kEnough;
  while ((static_cast<unsigned char>(text[end]) & 0xC0u) == 0x80) --end;
  return text.substr(0, end) + "...";
}

std::unexpected<std::string> is_not(const Value& value, std::string_view what) {
  return std::unexpected(fmt::format("{} is not {}", quoted(value), what));
}

std::optional<int64_t> whole(const Value& value) {
  int64_t number = 0;
  if (value.kind != ValueKind::Number && value.kind != ValueKind::Text)
    return std::nullopt;
  const char* const end = value.text.data() + value.text.size();
  const auto [at, error] = std::from_chars(value.text.data(), end, number);
  if (error != std::errc{} || at != end) return std::nullopt;
  return number;
}

Made flag(const Value& value) {
  if (value.kind == ValueKind::Bool) return value.text == "true";
  if (value.kind == ValueKind::Text &&
      (value.text == "true" || value.text == "false"))
    return value.text == "true";
  return is_not(value, "true or false");
}

Made number(const Value& value) {
  if (const auto n = whole(value)) return *n;
  return is_not(value, "a whole number");
}

Made count(const Value& value) {
  const auto cpus = std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
  if (value.kind == ValueKind::Text && value.text == "max") return cpus;
  const auto n = whole(value);
  if (!n) return is_not(value, "a number of instances, or \"max\"");
  return *n > 0 ? *n : std::max<int64_t>(1, cpus + *n);
}

Made amount(const Value& value, std::string_view example) {
  if (value.kind == ValueKind::Text || value.kind == ValueKind::Number)
    return to_json(value);
  return is_not(value, example);
}

Made list(const Value& value) {
  if (value.kind == ValueKind::Text) return value.text;
  if (value.kind != ValueKind::List)
    return is_not(value, "text or a list of it");
  Json texts = Json::array();
  for (const auto& item : value.items) {
    if (!item.is_scalar() || item.kind == ValueKind::Null)
      return is_not(item, "text");
    texts.push_back(item.text);
  }
  return texts;
}

Made words(const Value& value) {
  if (value.kind == ValueKind::Number) return Json::array({value.text});
  if (value.kind != ValueKind::Text) return list(value);
  auto parted = shell_words(value.text);
  if (!parted) return std::unexpected(parted.error().message);
  return *parted;
}

Made codes(const Value& value) {
  Json all = Json::array();
  if (const auto code = whole(value)) return Json::array({*code});
  if (value.kind != ValueKind::List)
    return is_not(value, "an exit code or a list of them");
  for (const auto& item : value.items) {
    const auto code = whole(item);
    if (!code || *code < 0 || *code > 255) return is_not(item, "an exit code");
    all.push_back(*code);
  }
  return all;
}

Made made(Kind kind, const Value& value) {
  if (value.kind == ValueKind::Null) return Json(nullptr);
  switch (kind) {
    case Kind::Flag:
      return flag(value);
    case Kind::Whole:
      return number(value);
    case Kind::Count:
      return count(value);
    case Kind::Time:
      return amount(value, R"(a time: 500, "500ms", "2s", "10m")");
    case Kind::Size:
      return amount(value, R"(a size: 1024, "10M", "1G")");
    case Kind::Words:
      return words(value);
    case Kind::List:
      return list(value);
    case Kind::Codes:
      return codes(value);
    case Kind::Object:
      if (value.kind != ValueKind::Map) return is_not(value, "an object");
      return to_json(value);
    case Kind::Text:
      if (!value.is_scalar()) return is_not(value, "text");
      return to_json(value);
    case Kind::Env:
    case Kind::Any:
      return to_json(value);
  }
  return Json();
}

}  // namespace

base::Result<Json> read_setting(const Key& key, const Value& value, Place at,
                                const Document& document) {
  if (value.at.line > 0) at = value.at;
  const auto* fact = find_fact(key.name);
  if (fact != nullptr && fact->kind == Kind::Env)
    return read_variables(std::string(key.name), value, at, document);
  auto json = made(fact != nullptr ? fact->kind : Kind::Any, value);
  if (!json)
    return document.fault(at, fmt::format("{}: {}", key.name, json.error()));
  AppSpec scratch;
  if (auto read = read_key(key, scratch, nlohmann::json(*json)); !read)
    return document.fault(at, read.error().message, read.error().hint);
  return std::move(*json);
}

base::Result<Json> read_variables(const std::string& key, const Value& value,
                                  Place at, const Document& document) {
  if (value.kind == ValueKind::Null) return Json::object();
  if (value.kind != ValueKind::Map)
    return document.quiet_fault(value.at.line > 0 ? value.at : at,
                                fmt::format("{}: {} is no object of variables",
                                            key, kind_name(value.kind)),
                                R"("env": {"PORT": 3000})");
  Json env = Json::object();
  for (const auto& [name, place, given] : value.members) {
    const Place where = place.line > 0 ? place : at;
    if (name.empty() ||
        name.find_first_of(std::string_view("=\0", 2)) != name.npos)
      return document.quiet_fault(
          where, fmt::format("{}: '{}' is no name of a variable", key, name));
    if (!given.is_scalar())
      return document.quiet_fault(
          where, fmt::format("{}: {}: {} where text should be", key, name,
                             kind_name(given.kind)));
    if (given.text.find('\0') != std::string::npos)
      return document.quiet_fault(where,
                                  fmt::format("{}: {}: a NUL byte", key, name));
    if (given.kind != ValueKind::Null) env[name] = given.text;
  }
  return env;
}

}  // namespace config
