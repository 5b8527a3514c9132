#include "config/node_reader.h"

#include <fmt/format.h>
#include <string.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/fs.h"
#include "base/json.h"
#include "config/helper_process.h"
#include "config/json_reader.h"

namespace config {
namespace {

namespace fs = base::fs;
using base::Errc;
using base::Result;

// The answer is on descriptor 3, so that console.log disturbs nothing. "V" and
// the value, or "E" and the error. `import` tells no line of a syntax error:
// node --check does.
constexpr const char* kLoader = R"JS(
const fs = require('fs');
const { pathToFileURL } = require('url');
const file = process.argv[1];
const send = (text) => {
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length;) at += fs.writeSync(3, bytes, at);
};
const plain = (key, value) =>
  value instanceof RegExp ? String(value)
  : typeof value === 'bigint' ? Number(value) : value;
const load = async () => {
  if (file.endsWith('.mjs')) return import(pathToFileURL(file));
  try {
    return require(file);
  } catch (error) {
    if (error && error.code === 'ERR_REQUIRE_ESM')
      return import(pathToFileURL(file));
    throw error;
  }
};
(async () => {
  try {
    let value = await load();
    if (value && (value[Symbol.toStringTag] === 'Module' || value.__esModule) &&
        'default' in value) value = value.default;
    if (typeof value === 'function') value = value();
    value = await value;
    const text = JSON.stringify(value, plain);
    send(text === undefined ? 'N' : 'V' + text);
  } catch (error) {
    let stack = String(error && error.stack || error);
    if (error instanceof SyntaxError && !stack.includes(file + ':')) {
      const checked = require('child_process').spawnSync(
        process.execPath, ['--check', file], { encoding: 'utf8' });
      stack = (checked.stderr || '') + '\n' + stack;
    }
    send('E' + JSON.stringify({
      message: String(error && error.message || error),
      name: String(error && error.name || 'Error'), stack }));
  }
  process.exit(0);
})();
)JS";

std::string find_on_path(std::string_view program) {
  const char* path = std::getenv("PATH");
  std::string_view left =
      path != nullptr ? path : "/usr/local/bin:/usr/bin:/bin";
  while (!left.empty()) {
    const auto dir = left.substr(0, left.find(':'));
    left.remove_prefix(std::min(left.size(), dir.size() + 1));
    if (dir.empty() || dir.front() != '/') continue;
    auto file = fs::join(dir, program);
    const auto info = fs::stat(file);
    if (info && S_ISREG(info->st_mode) && ::access(file.c_str(), X_OK) == 0)
      return file;
  }
  return {};
}

Result<std::string> find_node() {
  const char* given = std::getenv("LODGE_NODE");
  if (given != nullptr && *given != '\0') {
    if (::access(given, X_OK) == 0) return std::string(given);
    return base::fail(Errc::NotFound,
                      fmt::format("LODGE_NODE: {}: no such program", given));
  }
  for (const auto* name : {"node", "nodejs"})
    if (auto path = find_on_path(name); !path.empty()) return path;
  return base::fail(Errc::NotFound, "node is not on PATH, and has to read it",
                    "install nodejs, say where it is (LODGE_NODE), or write "
                    "lodge.config.json: lodge init");
}

Value value_of(const nlohmann::ordered_json& json) {
  using Kind = Value::Kind;
  if (json.is_object()) {
    Value map{.kind = Kind::Map};
    for (const auto& [key, value] : json.items())
      map.members.push_back({key, {}, value_of(value)});
    return map;
  }
  if (json.is_array()) {
    Value list{.kind = Kind::List};
    for (const auto& item : json) list.items.push_back(value_of(item));
    return list;
  }
  if (json.is_string())
    return {.kind = Kind::Text, .text = json.get<std::string>()};
  if (json.is_null()) return {};
  return {.kind = json.is_boolean() ? Kind::Bool : Kind::Number,
          .text = json.dump()};
}

// "PATH:12:5" in what node says of an error; also as a URL.
Place place_in(std::string_view stack, const std::string& path) {
  for (size_t at = stack.find(path + ":"); at != stack.npos;
       at = stack.find(path + ":", at + 1)) {
    const char* next = stack.data() + at + path.size() + 1;
    const char* const end = stack.data() + stack.size();
    Place place;
    auto [behind, error] = std::from_chars(next, end, place.line);
    if (error != std::errc{}) continue;
    if (behind != end && *behind == ':')
      (void)std::from_chars(behind + 1, end, place.column);
    return place;
  }
  return {};
}

size_t depth_of(std::string_view json) {
  size_t depth = 0;
  size_t deepest = 0;
  bool quoted = false;
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (c == '"') {
      quoted = true;
    } else if (c == '{' || c == '[') {
      deepest = std::max(deepest, ++depth);
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return deepest;
}

std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

std::unexpected<base::Error> thrown(const Document& document,
                                    const std::string& path,
                                    std::string_view answer) {
  auto json = base::parse_json(answer);
  if (!json || !json->is_object())
    return document.fault({}, "node failed: " + std::string(answer));
  const auto text = [&](const char* key) {
    const auto found = json->find(key);
    return found != json->end() && found->is_string()
               ? found->get<std::string>()
               : std::string();
  };
  std::string message = text("message");
  message.resize(std::min(message.find('\n'), message.size()));
  std::string hint;
  if (message.starts_with("Unexpected token 'export'") ||
      message.starts_with("Cannot use import statement"))
    hint = "a file with import or export is named .mjs";
  return document.fault(place_in(text("stack"), path),
                        text("name") + ": " + message, std::move(hint));
}

}  // namespace

Result<Value> read_with_node(const Document& document, const std::string& path,
                             std::chrono::milliseconds time_limit) try {
  auto node = find_node();
  if (!node) return base::pass(std::move(node), document.name());
  auto asked = ask_helper({*node, "-e", kLoader, path}, "",
                          {.time = time_limit, .answer = size_t{4} << 20});
  if (!asked) {
    if (asked.error().code == Errc::Timeout)
      asked.error().hint = "what it waits for has no place in a configuration";
    asked.error().code = Errc::Invalid;
    return base::pass(std::move(asked), document.name());
  }
  std::string_view answer = asked->answer;
  const char kind = answer.empty() ? '\0' : answer.front();
  if (kind != '\0') answer.remove_prefix(1);
  if (kind == 'E') return thrown(document, path, answer);
  if (kind == 'N')
    return document.fault({}, "exports nothing",
                          "module.exports = { apps: [...] }");
  if (kind != 'V')
    return document.fault(
        {},
        asked->signal != 0
            ? fmt::format("node was killed by {}: {}",
                          ::strsignal(asked->signal), last_line(asked->talk))
            : fmt::format("it ended node with {} instead of exporting{}{}",
                          asked->exit, asked->talk.empty() ? "" : ": ",
                          last_line(asked->talk)));
  if (depth_of(answer) > kDeepest)
    return document.fault({}, fmt::format("nested deeper than {}", kDeepest));
  return value_of(nlohmann::ordered_json::parse(answer));
} catch (const nlohmann::json::exception& error) {
  return document.fault({}, error.what());
}

}  // namespace config
