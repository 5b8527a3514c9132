#pragma once
// Fields of lines that are JSON objects (they may follow a prefix) or logfmt
// (`level=warn path="/a b"`). Reads what is asked for and passes over the rest;
// what is not well-formed has the fields before the damage. Colour sequences
// are left out, within values too. Pure; any thread.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace query {

// `a`, `a.b`, `a[0].b`, `a[*]`; a name with other characters: `"x-y".z`.
struct FieldPath {
  struct Step {
    std::string name;    // empty: an index
    int64_t index = 0;   // negative: from the end
    bool every = false;  // `[*]`
  };
  std::vector<Step> steps;
  std::string text;  // as it was written: a flat key of that name comes first
};
// Errc::Invalid with a caret under the place.
base::Result<FieldPath> parse_field_path(std::string_view text);

struct FieldValue {
  enum class Kind { Null, Bool, Number, String, Object, Array };
  Kind kind = Kind::Null;
  std::string text;   // a string's own text, escapes undone; else as it stands
  double number = 0;  // of a Number, a Bool, and a String that is one
  bool is_number = false;
};

// A number as JSON writes it; nullopt: it is none.
std::optional<double> parse_number(std::string_view text);

// The values at `path`; several only with `[*]`. Of keys that are there twice
// the last counts.
void find_fields(std::string_view line, const FieldPath& path,
                 std::vector<FieldValue>& into);

// Every field of the top level, in order; nested values as JSON text. Empty:
// the line has none. For printers.
struct NamedField {
  std::string name;
  FieldValue value;
};
std::vector<NamedField> all_fields(std::string_view line);

}  // namespace query
