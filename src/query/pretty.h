#pragma once
// JSON lines for people: `ERROR payment failed  req=7f1c ms=5000`. The level,
// the message, then the other fields in their order; nothing is left out. And
// the few fields of a line that were asked for (`--fields`). What comes out is
// one row: control characters of values are escaped. Pure; any thread.

#include <string>
#include <string_view>
#include <vector>

#include "query/fields.h"

namespace query {

// False, and nothing appended, when the line is not a JSON object as a whole:
// show it as it is.
bool append_pretty(std::string_view line, bool colour, std::string& into);

// `a=1 b.c="x y"`; what the line lacks is left out. False when that is all of
// them.
bool append_fields(std::string_view line, const std::vector<FieldPath>& paths,
                   bool colour, std::string& into);

// A value as one word or in quotes, `"` `\` and control characters escaped.
void append_value(const FieldValue& value, std::string& into);

}  // namespace query
