#include "query/templates.h"

#include <algorithm>
#include <array>

#include "query/fields.h"
#include "query/json_scan.h"
#include "query/pattern.h"
#include "store/levels.h"

namespace query {
namespace {

// Of longer lines what comes behind tells little.
constexpr size_t kReach = 1024;

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}
bool is_hex(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
// Letters that are not ASCII part words: what they are written with ("第3页")
// often has no blanks.
bool is_word(char c) {
  return is_digit(c) || is_letter(c) || c == '_';
}
bool has_digit(std::string_view text) {
  return std::ranges::any_of(text, is_digit);
}
bool ends_word(std::string_view text, size_t at) {
  return at >= text.size() || !is_word(text[at]);
}

// Does `text` have the shape, from `at` on? '#' a digit, all else itself.
size_t shaped(std::string_view text, size_t at, std::string_view shape) {
  size_t i = 0;
  for (; i < shape.size(); ++i) {
    if (at + i >= text.size()) return 0;
    const char c = text[at + i];
    if (shape[i] == '#' ? !is_digit(c) : c != shape[i]) return 0;
  }
  return i;
}

size_t digits_end(std::string_view text, size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

size_t zone_size(std::string_view text, size_t at) {
  if (at >= text.size()) return 0;
  if (text[at] == 'Z') return 1;
  if (text[at] != '+' && text[at] != '-') return 0;
  if (const size_t size = shaped(text, at + 1, "##:##")) return size + 1;
  const size_t size = shaped(text, at + 1, "####");
  return size > 0 && ends_word(text, at + 1 + size) ? size + 1 : 0;
}

// A date, a time of day, or both.
size_t time_size(std::string_view text, size_t at) {
  size_t size = shaped(text, at, "####-##-##");
  if (size == 0) size = shaped(text, at, "####/##/##");
  size_t clock = at + size;
  if (size > 0 && clock < text.size() &&
      (text[clock] == 'T' || text[clock] == ' '))
    ++clock;
  const size_t of_day = shaped(text, clock, "##:##:##");
  if (of_day == 0) return size;
  clock += of_day;
  if (clock + 1 < text.size() && (text[clock] == '.' || text[clock] == ',') &&
      is_digit(text[clock + 1]))
    clock = digits_end(text, clock + 1);
  return clock + zone_size(text, clock) - at;
}

size_t ip4_size(std::string_view text, size_t at) {
  size_t end = at;
  for (int part = 0; part < 4; ++part) {
    const size_t begin = end;
    end = digits_end(text, end);
    if (end == begin || end - begin > 3) return 0;
    if (part < 3 && (end >= text.size() || text[end++] != '.')) return 0;
  }
  if (end + 1 < text.size() && text[end] == ':' && is_digit(text[end + 1]))
    end = digits_end(text, end + 1);
  return ends_word(text, end) ? end - at : 0;
}

// Groups of hexadecimal digits with colons: what they stand for.
struct Colons {
  size_t size = 0;
  std::string_view as;
};
Colons colons_at(std::string_view text, size_t at) {
  size_t end = at;
  size_t colons = 0, group = 0;
  bool of_two = true, gap = false;
  for (; end < text.size() && (is_hex(text[end]) || text[end] == ':'); ++end) {
    if (text[end] != ':') {
      if (++group > 4) return {};
      continue;
    }
    gap = gap || (end > at && text[end - 1] == ':');
    of_two = of_two && group == 2;
    ++colons;
    group = 0;
  }
  if (colons < 2 || !ends_word(text, end)) return {};
  if (text[end - 1] == ':' && !text.substr(at, end - at).ends_with("::"))
    return {};
  if (colons == 5 && of_two && group == 2) return {end - at, "<id>"};
  const bool ip6 = (colons == 7 || (gap && colons < 7)) &&
                   has_digit(text.substr(at, end - at));
  if (!ip6) return {};
  // ::ffff:10.0.0.1
  if (end < text.size() && text[end] == '.')
    if (const size_t size = ip4_size(text, end - group)) end += size - group;
  return {end - at, "<ip>"};
}

// Of a unit, `ms`, `MiB`: 0 when a word of another kind follows.
size_t unit_size(std::string_view text, size_t at) {
  constexpr std::string_view micro = "\u00b5s";
  if (text.substr(at).starts_with(micro)) return micro.size();
  size_t end = at;
  while (end < text.size() && is_letter(text[end])) ++end;
  return end - at <= 3 && ends_word(text, end) ? end - at : 0;
}

// `1h3m2.5s`, as Go writes it. One number with its unit is none.
size_t duration_size(std::string_view text, size_t at) {
  size_t end = at;
  int parts = 0;
  while (end < text.size() && is_digit(text[end])) {
    end = digits_end(text, end);
    if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]))
      end = digits_end(text, end + 1);
    const auto unit = text.substr(end);
    const size_t size =
        unit.starts_with("ms") || unit.starts_with("us") ||
                unit.starts_with("ns")
            ? 2
        : !unit.empty() && std::string_view("wdhms").find(unit[0]) != unit.npos
            ? 1
            : 0;
    if (size == 0) return 0;
    end += size;
    ++parts;
  }
  return parts > 1 && ends_word(text, end) ? end - at : 0;
}

// A uuid and whatever is like one: hexadecimal with dashes.
size_t dashed_size(std::string_view text, size_t at) {
  size_t end = at;
  bool dash = false;
  while (end < text.size() &&
         (is_hex(text[end]) ||
          (text[end] == '-' && end + 1 < text.size() && is_hex(text[end + 1]))))
    dash = text[end++] == '-' || dash;
  return dash && end - at >= 12 && ends_word(text, end) &&
                 has_digit(text.substr(at, end - at))
             ? end - at
             : 0;
}

// `17`, `1.5`, each perhaps with a unit, which stays.
size_t append_number(std::string_view text, size_t at, std::string& into) {
  size_t end = digits_end(text, at);
  if (end + 1 < text.size() && text[end] == '.' && is_digit(text[end + 1]))
    end = digits_end(text, end + 1);
  const size_t unit = unit_size(text, end);
  if (unit == 0 && !ends_word(text, end)) return 0;
  into += "<n>";
  into.append(text, end, unit);
  return end + unit - at;
}

// A commit, a trace; digits alone are a number.
bool is_hex_id(std::string_view run) {
  return run.size() >= 6 && has_digit(run) &&
         std::ranges::all_of(run, is_hex) &&
         !std::ranges::all_of(run, is_digit);
}

bool is_id(std::string_view run) {
  if (run.starts_with("0x") && run.size() > 2)
    return std::ranges::all_of(run.substr(2), is_hex);
  size_t groups = 0;
  for (size_t i = 0; i < run.size(); ++i)
    if (is_digit(run[i]) && (i == 0 || !is_digit(run[i - 1]))) ++groups;
  if (groups >= 2) return run.size() >= 5;
  return run.size() >= 8 && !is_digit(run.back());
}

// What stands for a word that has digits in it, but is no number.
void append_word(std::string_view run, std::string& into) {
  if (!is_id(run)) {
    // `worker3`, `step_12`: a name with a number behind.
    const size_t letters = run.find_last_not_of("0123456789") + 1;
    into.append(run, 0, letters);
    if (letters < run.size()) into += "<n>";
    return;
  }
  into += "<id>";
}

// What stands for the word at `at`; answers how much of the text that is. Ids
// come before durations: `7d479550` is no week.
size_t append_one(std::string_view text, size_t at, std::string& into) {
  const auto put = [&](std::string_view as, size_t size) {
    if (size > 0) into += as;
    return size;
  };
  const bool digit = is_digit(text[at]);
  if (is_hex(text[at]))
    if (const auto [size, as] = colons_at(text, at); size > 0)
      return put(as, size);
  if (digit) {
    if (const size_t size = put("<time>", time_size(text, at))) return size;
    if (const size_t size = put("<ip>", ip4_size(text, at))) return size;
  }
  if (const size_t size = put("<id>", dashed_size(text, at))) return size;
  size_t end = at;
  while (end < text.size() && is_word(text[end])) ++end;
  const auto run = text.substr(at, end - at);
  if (is_hex_id(run)) return put("<id>", run.size());
  if (digit) {
    if (const size_t size = put("<time>", duration_size(text, at))) return size;
    if (const size_t size = append_number(text, at, into)) return size;
  }
  if (has_digit(run))
    append_word(run, into);
  else
    into += run;
  return run.size();
}

std::string template_of(std::string_view text) {
  std::string made;
  for (size_t at = 0; at < text.size();) {
    if (is_word(text[at])) {
      at += append_one(text, at, made);
      continue;
    }
    // ::1
    if (text[at] == ':' && (at == 0 || !is_word(text[at - 1])))
      if (const auto [size, as] = colons_at(text, at); size > 0) {
        made += as;
        at += size;
        continue;
      }
    made += text[at++];
  }
  return made;
}

// The first kReach bytes, less what of a character is cut.
std::string_view within_reach(std::string_view text) {
  if (text.size() <= kReach) return text;
  size_t end = kReach;
  while (end > kReach - 4 &&
         (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80)
    --end;
  return text.substr(0, end);
}

}  // namespace

std::string make_template(std::string_view line) {
  std::string scratch;
  const auto text = seen_text(line, false, scratch);
  if (find_object(text).empty()) return template_of(within_reach(text));
  constexpr std::array names = {"msg", "message", "event"};
  std::vector<FieldValue> values;
  for (const char* name : names) {
    values.clear();
    find_fields(text, {.steps = {{.name = name}}, .text = name}, values);
    if (values.empty() || values.back().kind != FieldValue::Kind::String)
      continue;
    const auto level = store::detect_level(text);
    std::string made = level == store::Level::Unknown
                           ? std::string()
                           : std::string(store::level_name(level)) + " ";
    return made + template_of(within_reach(values.back().text));
  }
  return template_of(within_reach(text));
}

}  // namespace query
