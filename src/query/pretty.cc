#include "query/pretty.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "base/json.h"
#include "query/row_style.h"
#include "store/levels.h"

namespace query {
namespace {

constexpr std::array<std::string_view, 3> kMessageNames = {"message", "msg",
                                                           "event"};
constexpr std::array<std::string_view, 3> kLevelNames = {"level", "severity",
                                                         "lvl"};

void append_escaped(std::string_view text, bool quoted, std::string& into) {
  for (const char c : text) {
    switch (c) {
      case '\n':
        into += "\\n";
        break;
      case '\r':
        into += "\\r";
        break;
      case '\t':
        into += quoted ? "\\t" : "\t";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 && c != '\x1b')
          fmt::format_to(std::back_inserter(into), "\\x{:02x}",
                         static_cast<unsigned>(c));
        else if (quoted && (c == '"' || c == '\\'))
          (into += '\\') += c;
        else
          into += c;
    }
  }
}

std::string_view level_colour(store::Level level) {
  switch (level) {
    case store::Level::Fatal:
    case store::Level::Error:
      return "\x1b[31m";
    case store::Level::Warn:
      return "\x1b[33m";
    case store::Level::Info:
      return "\x1b[32m";
    default:
      return kDim;
  }
}

// Whether a field says no more than the level that was found.
bool is_level(const NamedField& field, store::Level level) {
  if (std::ranges::find(kLevelNames, field.name) == kLevelNames.end())
    return false;
  if (field.value.kind == FieldValue::Kind::String)
    return store::parse_level(field.value.text) == level;
  return field.value.kind == FieldValue::Kind::Number &&
         field.value.text == fmt::format("{}0", static_cast<int>(level) + 1);
}

const NamedField* find_message(const std::vector<NamedField>& fields) {
  for (const auto name : kMessageNames)
    for (const auto& field : fields)
      if (field.name == name && field.value.kind == FieldValue::Kind::String)
        return &field;
  return nullptr;
}

void append_field(std::string_view name, const FieldValue& value, bool colour,
                  std::string& into) {
  if (!into.empty() && into.back() != ' ') into += ' ';
  if (colour) into += kDim;
  append_escaped(name, true, into);
  into += '=';
  append_value(value, into);
  if (colour) into += kReset;
}

bool begins_object(std::string_view line) {
  const size_t begin = line.find_first_not_of(" \t");
  return begin != line.npos && line[begin] == '{';
}

}  // namespace

void append_value(const FieldValue& value, std::string& into) {
  const std::string_view text = value.text;
  const bool bare =
      value.kind != FieldValue::Kind::String ||
      (!text.empty() && text.find_first_of(" \t\n\r\"\\=") == text.npos);
  if (!bare) into += '"';
  append_escaped(text, !bare, into);
  if (!bare) into += '"';
}

bool append_pretty(std::string_view line, bool colour, std::string& into) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  // Of what is not well-formed, what stands behind the damage would be lost.
  if (!begins_object(line) || !base::is_json(line)) return false;
  const auto fields = all_fields(line);
  if (fields.empty()) return false;
  const auto level = store::detect_level(line);
  if (level != store::Level::Unknown) {
    std::string name(store::level_name(level));
    for (char& c : name) c = static_cast<char>(c & ~0x20);
    if (colour) into += level_colour(level);
    into += fmt::format("{:<5}", name);
    if (colour) into += kReset;
    into += ' ';
  }
  const NamedField* message = find_message(fields);
  if (message != nullptr) append_escaped(message->value.text, false, into);
  std::string rest;
  for (const auto& field : fields)
    if (&field != message && !is_level(field, level))
      append_field(field.name, field.value, colour, rest);
  if (message != nullptr && !rest.empty()) into += "  ";
  into += rest;
  return true;
}

bool append_fields(std::string_view line, const std::vector<FieldPath>& paths,
                   bool colour, std::string& into) {
  std::string found;
  std::vector<FieldValue> values;
  for (const auto& path : paths) {
    values.clear();
    find_fields(line, path, values);
    for (const auto& value : values)
      append_field(path.text, value, colour, found);
  }
  into += found;
  return !found.empty();
}

}  // namespace query
