#include "query/json_text.h"

#include <fmt/format.h>

#include <iterator>
#include <map>

#include "base/json.h"
#include "query/fields.h"

namespace query {

namespace {

// U+0080 to U+009F, which terminals obey.
bool is_c1(std::string_view text) {
  return text.size() > 1 && text[0] == '\xC2' &&
         static_cast<unsigned char>(text[1]) >= 0x80 &&
         static_cast<unsigned char>(text[1]) < 0xA0;
}

}  // namespace

void append_json_string(std::string_view text, std::string& into) {
  into += '"';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    switch (c) {
      case '"':
        into += "\\\"";
        break;
      case '\\':
        into += "\\\\";
        break;
      case '\n':
        into += "\\n";
        break;
      case '\t':
        into += "\\t";
        break;
      case '\r':
        into += "\\r";
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == '\x7f') {
          fmt::format_to(std::back_inserter(into), "\\u{:04x}",
                         static_cast<unsigned>(c));
        } else if (c == '\xC2' && is_c1(text.substr(i))) {
          ++i;
          fmt::format_to(std::back_inserter(into), "\\u{:04x}",
                         static_cast<unsigned char>(text[i]));
        } else {
          into += c;
        }
    }
  }
  into += '"';
}

bool append_json_fields(std::string_view line, std::string& into) {
  const auto fields = all_fields(line);
  const size_t end = line.find_last_not_of(" \t\r");
  const bool is_object = end != line.npos && line[end] == '}';
  if (fields.empty() || (fields.size() < 2 && !is_object)) return false;
  std::map<std::string_view, size_t> last;
  for (size_t i = 0; i < fields.size(); ++i) last[fields[i].name] = i;
  char before = '{';
  for (size_t i = 0; i < fields.size(); ++i) {
    const auto& [name, value] = fields[i];
    if (last[name] != i) continue;
    into += before;
    before = ',';
    append_json_string(name, into);
    into += ':';
    // A number of logfmt need not be one of JSON: 007.
    if (value.kind != FieldValue::Kind::String && base::is_json(value.text))
      into += value.text;
    else
      append_json_string(value.text, into);
  }
  into += '}';
  return true;
}

}  // namespace query
