#include "query/templates.h"

#include <algorithm>
#include <array>

#include "query/fields.h"
#include "query/json_scan.h"
#include "store/colours.h"
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
bool is_word(char c) {
  return is_digit(c) || is_letter(c) || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Does `text` have the shape, from `at` on? '#' a digit, all else itself; with
// a '#' at the end further digits belong to it.
size_t shaped(std::string_view text, size_t at, std::string_view shape) {
  size_t i = 0;
  for (; i < shape.size(); ++i) {
    if (at + i >= text.size()) return 0;
    const char c = text[at + i];
    if (shape[i] == '#' ? !is_digit(c) : c != shape[i]) return 0;
  }
  return i;
}

// A date, a time of day, or both.
size_t time_size(std::string_view text, size_t at) {
  size_t size = shaped(text, at, "####-##-##");
  if (size == 0) size = shaped(text, at, "####/##/##");
  size_t clock = at + size;
  if (size > 0 && clock < text.size() &&
      (text[clock] == 'T' || text[clock] == ' '))
    ++clock;
  size_t of_day = shaped(text, clock, "##:##:##");
  if (of_day == 0) return size;
  clock += of_day;
  if (clock + 1 < text.size() && (text[clock] == '.' || text[clock] == ',') &&
      is_digit(text[clock + 1]))
    for (++clock; clock < text.size() && is_digit(text[clock]);) ++clock;
  if (clock < text.size() && text[clock] == 'Z') return clock + 1 - at;
  if (const size_t zone = shaped(text, clock, "+##:##")) clock += zone;
  return clock - at;
}

size_t ip_size(std::string_view text, size_t at) {
  size_t end = at;
  for (int part = 0; part < 4; ++part) {
    const size_t begin = end;
    while (end < text.size() && is_digit(text[end])) ++end;
    if (end == begin || end - begin > 3) return 0;
    if (part < 3 && (end >= text.size() || text[end++] != '.')) return 0;
  }
  if (end + 1 < text.size() && text[end] == ':' && is_digit(text[end + 1]))
    for (++end; end < text.size() && is_digit(text[end]);) ++end;
  return end < text.size() && is_word(text[end]) ? 0 : end - at;
}

// What stands for a run of letters and digits (with '-' where it is an id).
void append_run(std::string_view run, std::string& into) {
  const auto digits = std::ranges::count_if(run, is_digit);
  if (digits == 0) {
    into += run;
    return;
  }
  const bool hex =
      std::ranges::all_of(run, [](char c) { return is_hex(c) || c == '-'; });
  const auto first_other = std::ranges::find_if_not(run, is_digit);
  if (first_other == run.end()) {
    into += "<n>";
    return;
  }
  if (hex && run.size() >= 6) {
    into += "<id>";
    return;
  }
  // `12ms`, `3h`: a number with a unit.
  if (std::ranges::all_of(std::string_view(first_other, run.end()),
                          is_letter) &&
      run.end() - first_other <= 3) {
    into += "<n>";
    into.append(first_other, run.end());
    return;
  }
  // `worker3`, `step_12`: a name with a number behind; else an id.
  const auto last_letter =
      std::find_if_not(run.rbegin(), run.rend(), is_digit).base();
  const bool name = std::none_of(run.begin(), last_letter, is_digit);
  if (name && last_letter != run.end()) {
    into.append(run.begin(), last_letter);
    into += "<n>";
    return;
  }
  into += run.size() >= 8 ? "<id>" : run;
}

std::string template_of(std::string_view text) {
  std::string made;
  for (size_t at = 0; at < text.size();) {
    const char c = text[at];
    if (!is_word(c)) {
      made += c;
      ++at;
      continue;
    }
    if (is_digit(c)) {
      if (const size_t size = time_size(text, at)) {
        made += "<time>";
        at += size;
        continue;
      }
      if (const size_t size = ip_size(text, at)) {
        made += "<ip>";
        at += size;
        continue;
      }
    }
    size_t end = at;
    while (end < text.size() && is_word(text[end])) ++end;
    // The parts of an id that has dashes, and of a number that has a point.
    size_t longer = end;
    while (longer + 1 < text.size() && text[longer] == '-' &&
           is_hex(text[longer + 1]))
      for (++longer; longer < text.size() && is_hex(text[longer]);) ++longer;
    const auto dashed = text.substr(at, longer - at);
    if (longer > end && dashed.size() >= 12 &&
        std::ranges::all_of(dashed,
                            [](char d) { return is_hex(d) || d == '-'; }) &&
        (longer == text.size() || !is_word(text[longer]))) {
      made += "<id>";
      at = longer;
      continue;
    }
    if (is_digit(c) && end + 1 < text.size() && text[end] == '.' &&
        is_digit(text[end + 1]) &&
        std::ranges::all_of(text.substr(at, end - at), is_digit)) {
      for (++end; end < text.size() && is_digit(text[end]);) ++end;
      made += "<n>";
      at = end;
      while (end < text.size() && is_letter(text[end]) && end - at < 3) ++end;
      made.append(text, at, end - at);
      at = end;
      continue;
    }
    append_run(text.substr(at, end - at), made);
    at = end;
  }
  return made;
}

}  // namespace

std::string make_template(std::string_view coloured) {
  std::string scratch;
  const auto line = store::without_colours(coloured, scratch);
  if (!line.empty() && !find_object(line).empty()) {
    constexpr std::array names = {"msg", "message", "event"};
    std::vector<FieldValue> values;
    for (const char* name : names) {
      find_fields(line, {.steps = {{.name = name}}, .text = name}, values);
      if (values.empty() || values.back().kind != FieldValue::Kind::String)
        continue;
      const auto level = store::detect_level(line);
      std::string made = level == store::Level::Unknown
                             ? std::string()
                             : std::string(store::level_name(level)) + " ";
      return made + template_of(
                        std::string_view(values.back().text).substr(0, kReach));
    }
  }
  return template_of(line.substr(0, kReach));
}

}  // namespace query
