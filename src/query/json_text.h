#pragma once
// Pieces of JSON as text, made without a library: lines by the million. Pure.

#include <string>
#include <string_view>

namespace query {

// `text`, which is UTF-8, as a JSON string with its quotes.
void append_json_string(std::string_view text, std::string& into);

// The fields of a line that is JSON, or logfmt with two pairs or more, as an
// object; of names that are there twice the last. False, and nothing appended,
// of other lines. The line is UTF-8.
bool append_json_fields(std::string_view line, std::string& into);

}  // namespace query
