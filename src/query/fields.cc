#include "query/fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "query/json_scan.h"
#include "store/colours.h"

namespace query {
namespace {

using Kind = FieldValue::Kind;

bool is_name_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '@' ||
         c == '$' || static_cast<unsigned char>(c) >= 0x80;
}

std::unexpected<base::Error> bad_path(std::string_view text, size_t at,
                                      std::string_view why) {
  return base::fail(
      base::Errc::Invalid,
      fmt::format("{}\n  {}\n  {}^", why, text, std::string(at, ' ')),
      "a field is written a, a.b, a[0], a[*], \"odd name\".b");
}

// Colours may be written as escapes, too.
std::string text_of_string(std::string_view inside) {
  if (inside.find('\\') == inside.npos) return std::string(inside);
  std::string scratch;
  return std::string(store::without_colours(undo_escapes(inside), scratch));
}

void set_number(FieldValue& value) {
  const auto number = parse_number(value.text);
  value.is_number = number.has_value();
  value.number = number.value_or(0);
}

FieldValue value_of(std::string_view json) {
  FieldValue value;
  const char first = json.empty() ? '\0' : json.front();
  if (first == '"') {
    const auto inside = json.substr(1, json.size() - 2);
    value.kind = Kind::String;
    value.text = text_of_string(inside);
    set_number(value);
    return value;
  }
  value.text = json;
  value.kind = first == '{'                        ? Kind::Object
               : first == '['                      ? Kind::Array
               : json == "true" || json == "false" ? Kind::Bool
               : json == "null"                    ? Kind::Null
                                                   : Kind::Number;
  if (value.kind == Kind::Number) set_number(value);
  return value;
}

bool is_named(std::string_view inside, std::string_view name) {
  if (inside.find('\\') == inside.npos) return inside == name;
  return undo_escapes(inside) == name;
}

// Calls `visit` with each member of an object, as they stand, up to the damage.
template <class Visit>
void for_each_member(std::string_view object, Visit visit) {
  JsonScan scan(object);
  if (!scan.take('{')) return;
  std::string_view name;
  std::string_view value;
  while (scan.take_string(name) && scan.take(':') && scan.take_value(value)) {
    visit(name, value);
    if (!scan.take(',')) return;
  }
}

template <class Visit>
void for_each_element(std::string_view array, Visit visit) {
  JsonScan scan(array);
  if (!scan.take('[')) return;
  std::string_view value;
  while (scan.take_value(value)) {
    visit(value);
    if (!scan.take(',')) return;
  }
}

void follow(std::string_view value, const std::vector<FieldPath::Step>& steps,
            size_t at, std::vector<FieldValue>& into) {
  for (; at < steps.size(); ++at) {
    const auto& step = steps[at];
    std::string_view next;
    if (!step.name.empty()) {
      for_each_member(value, [&](std::string_view name, std::string_view v) {
        if (is_named(name, step.name)) next = v;
      });
    } else if (step.every) {
      for_each_element(value, [&](std::string_view element) {
        follow(element, steps, at + 1, into);
      });
      return;
    } else {
      std::vector<std::string_view> elements;
      for_each_element(value,
                       [&](std::string_view e) { elements.push_back(e); });
      const auto count = static_cast<int64_t>(elements.size());
      const int64_t index = step.index < 0 ? count + step.index : step.index;
      if (index >= 0 && index < count)
        next = elements[static_cast<size_t>(index)];
    }
    if (next.empty()) return;
    value = next;
  }
  into.push_back(value_of(value));
}

// Calls `visit` with each `key=value`, values without their quotes.
template <class Visit>
void for_each_pair(std::string_view line, Visit visit) {
  for (size_t at = 0; at < line.size();) {
    if (line[at] == ' ' || line[at] == '\t') {
      ++at;
      continue;
    }
    const size_t end = std::min(line.find_first_of(" \t=\"", at), line.size());
    const auto key = line.substr(at, end - at);
    at = end;
    if (at >= line.size()) return;
    if (line[at] != '=') {  // a word, or what stands in quotes
      std::string_view inside;
      JsonScan scan(line, at);
      if (line[at] == '"' && !scan.take_string(inside)) return;
      at = std::max(at + 1, scan.at());
      continue;
    }
    ++at;
    std::string_view inside;
    JsonScan scan(line, at);
    if (at < line.size() && line[at] == '"') {
      if (!scan.take_string(inside)) return;
      at = scan.at();
      if (!key.empty()) visit(key, inside, true);
      continue;
    }
    const size_t stop = std::min(line.find_first_of(" \t", at), line.size());
    auto value = line.substr(at, stop - at);
    if (value.ends_with('\r')) value.remove_suffix(1);
    at = stop;
    if (!key.empty()) visit(key, value, false);
  }
}

FieldValue pair_value(std::string_view value, bool quoted) {
  FieldValue made;
  made.kind = Kind::String;
  made.text = quoted ? text_of_string(value) : std::string(value);
  set_number(made);
  if (!quoted && made.is_number) made.kind = Kind::Number;
  if (!quoted && (value == "true" || value == "false")) made.kind = Kind::Bool;
  return made;
}

}  // namespace

std::optional<double> parse_number(std::string_view text) {
  double number = 0;
  const char* end = text.data() + text.size();
  // from_chars() takes "-inf" and "nan" as well.
  const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  const auto [at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || at != end) return std::nullopt;
  return number;
}

base::Result<FieldPath> parse_field_path(std::string_view text) {
  FieldPath path;
  path.text = text;
  size_t at = 0;
  for (bool first = true; at < text.size() || first; first = false) {
    if (!first && text[at] == '[') {
      const size_t end = text.find(']', at);
      if (end == text.npos) return bad_path(text, at, "'[' is not closed");
      const auto index = text.substr(at + 1, end - at - 1);
      FieldPath::Step step;
      step.every = index == "*";
      const char* last = index.data() + index.size();
      const auto [stop, error] =
          std::from_chars(index.data(), last, step.index);
      if (!step.every && (error != std::errc{} || stop != last))
        return bad_path(text, at + 1, "expected a number or *");
      path.steps.push_back(step);
      at = end + 1;
      continue;
    }
    if (!first) {
      if (text[at] != '.') return bad_path(text, at, "not part of a field");
      ++at;
    }
    FieldPath::Step step;
    if (at < text.size() && text[at] == '"') {
      JsonScan scan(text, at);
      std::string_view inside;
      if (!scan.take_string(inside))
        return bad_path(text, at, "'\"' is not closed");
      step.name = undo_escapes(inside);
      at = scan.at();
      if (text.find('"') == 0 && at == text.size()) path.text = step.name;
    } else {
      const size_t begin = at;
      while (at < text.size() && is_name_char(text[at])) ++at;
      step.name = text.substr(begin, at - begin);
    }
    if (step.name.empty())
      return bad_path(text, at, "expected the name of a field");
    path.steps.push_back(std::move(step));
  }
  return path;
}

void find_fields(std::string_view line, const FieldPath& path,
                 std::vector<FieldValue>& into) {
  std::string scratch;
  line = store::without_colours(line, scratch);
  const auto object = find_object(line);
  if (object.empty()) {
    std::optional<FieldValue> found;
    for_each_pair(
        line, [&](std::string_view key, std::string_view value, bool quoted) {
          if (key == path.text) found = pair_value(value, quoted);
        });
    if (found) into.push_back(std::move(*found));
    return;
  }
  std::string_view flat;
  std::string_view nested;
  const auto& first = path.steps.front().name;
  const bool one = path.steps.size() == 1;
  for_each_member(object, [&](std::string_view name, std::string_view value) {
    if (is_named(name, first)) nested = value;
    if (!one && is_named(name, path.text)) flat = value;
  });
  if (!flat.empty())
    into.push_back(value_of(flat));
  else if (!nested.empty())
    follow(nested, path.steps, 1, into);
}

std::vector<NamedField> all_fields(std::string_view line) {
  std::vector<NamedField> fields;
  std::string scratch;
  line = store::without_colours(line, scratch);
  const auto object = find_object(line);
  if (!object.empty()) {
    for_each_member(object, [&](std::string_view name, std::string_view value) {
      fields.push_back({undo_escapes(name), value_of(value)});
    });
    return fields;
  }
  for_each_pair(
      line, [&](std::string_view key, std::string_view value, bool quoted) {
        fields.push_back({std::string(key), pair_value(value, quoted)});
      });
  return fields;
}

}  // namespace query
