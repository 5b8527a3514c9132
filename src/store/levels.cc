#include "store/levels.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string>

#include "store/colours.h"
#include "store/text_times.h"

namespace store {
namespace {

// In text a level stands at the beginning: as a key, or as one of the first
// words.
constexpr size_t kTextReach = 320;
constexpr size_t kWordReach = 112;
// An object behind a prefix: "app-1  | {".
constexpr size_t kObjectReach = 128;

struct Word {
  std::string_view text;  // lower case
  Level level;
};
constexpr Word kWords[] = {
    {"trace", Level::Trace},      {"trc", Level::Trace},
    {"verbose", Level::Trace},    {"finest", Level::Trace},
    {"silly", Level::Trace},      {"debug", Level::Debug},
    {"dbg", Level::Debug},        {"fine", Level::Debug},
    {"info", Level::Info},        {"inf", Level::Info},
    {"information", Level::Info}, {"informational", Level::Info},
    {"notice", Level::Info},      {"warn", Level::Warn},
    {"warning", Level::Warn},     {"wrn", Level::Warn},
    {"error", Level::Error},      {"err", Level::Error},
    {"severe", Level::Error},     {"fatal", Level::Fatal},
    {"ftl", Level::Fatal},        {"critical", Level::Fatal},
    {"crit", Level::Fatal},       {"panic", Level::Fatal},
    {"alert", Level::Fatal},      {"emerg", Level::Fatal},
    {"emergency", Level::Fatal},
};
constexpr size_t kLongestWord = 13;

// A bit each for the letters that a word of these begins with.
constexpr uint32_t kFirstLetters = [] {
  uint32_t letters = 0;
  for (const Word& word : kWords)
    letters |= uint32_t{1} << (word.text.front() - 'a');
  return letters;
}();

constexpr char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}
constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
constexpr bool is_letter(char c) {
  return is_lower(lower(c));
}
constexpr bool is_word(char c) {
  return is_letter(c) || is_digit(c) || c == '_';
}

// `c` is a letter.
constexpr bool may_begin_word(char c) {
  return (kFirstLetters >> (lower(c) - 'a') & 1) != 0;
}

bool equals(std::string_view text, std::string_view lower_case) {
  if (text.size() != lower_case.size()) return false;
  for (size_t i = 0; i < text.size(); ++i)
    if (lower(text[i]) != lower_case[i]) return false;
  return true;
}

std::string_view letters_at(std::string_view text, size_t at) {
  size_t end = at;
  while (end < text.size() && is_letter(text[end])) ++end;
  return text.substr(at, end - at);
}

// --- numbers -----------------------------------------------------------------

// pino's and bunyan's: 10 trace ... 60 fatal.
std::optional<Level> level_of_number(std::string_view digits) {
  if (digits.size() != 2 || digits[1] != '0') return std::nullopt;
  if (digits[0] < '1' || digits[0] > '6') return std::nullopt;
  return static_cast<Level>(digits[0] - '1');
}

// Syslog's: 0 emergency ... 7 debug.
Level level_of_severity(unsigned severity) {
  if (severity <= 2) return Level::Fatal;
  if (severity == 3) return Level::Error;
  if (severity == 4) return Level::Warn;
  return severity <= 6 ? Level::Info : Level::Debug;
}

// --- keys --------------------------------------------------------------------

// Ends of the names that are keys of a level: "log.level", "@level", "Severity"
// are keys too, what goes on before them being no letter.
constexpr std::string_view kKeys[] = {"level", "lvl", "severity", "levelname",
                                      "loglevel"};
constexpr std::string_view kTextKeys[] = {"severitytext", "severity_text"};

// What a key of these ends in.
bool may_end_key(char c) {
  c = lower(c);
  return c == 'l' || c == 'y' || c == 'e' || c == 't';
}

bool is_key(std::string_view before) {
  const auto ends = [&](std::string_view key) {
    if (before.size() < key.size()) return false;
    const size_t at = before.size() - key.size();
    return equals(before.substr(at), key) &&
           (at == 0 || !is_word(before[at - 1]));
  };
  return lower(before.back()) == 't' ? std::ranges::any_of(kTextKeys, ends)
                                     : std::ranges::any_of(kKeys, ends);
}

// Colours within a string of JSON, as winston writes them.
void skip_escaped_colours(std::string_view& value) {
  constexpr std::string_view kEscape = "\\u001b[";
  while (value.size() > kEscape.size() &&
         equals(value.substr(0, kEscape.size()), kEscape)) {
    const auto end = value.find_first_not_of("0123456789;:", kEscape.size());
    if (end == value.npos || value[end] != 'm') return;
    value.remove_prefix(end + 1);
  }
}

// What a key's value says, with quotes or without.
std::optional<Level> level_of_value(std::string_view value) {
  if (!value.empty() && value.front() == '"') value.remove_prefix(1);
  skip_escaped_colours(value);
  const auto word = letters_at(value, 0);
  if (!word.empty()) return parse_level(word);
  size_t digits = 0;
  while (digits < value.size() && is_digit(value[digits])) ++digits;
  return level_of_number(value.substr(0, digits));
}

// "level":"error" and the like, the first of an object that says a level.
Level level_of_json(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const void* const colon =
        std::memchr(text.data() + at, ':', text.size() - at);
    if (colon == nullptr) break;
    at = static_cast<size_t>(static_cast<const char*>(colon) - text.data());
    if (at < 2 || text[at - 1] != '"') continue;
    if (!may_end_key(text[at - 2])) continue;
    if (!is_key(text.substr(0, at - 1))) continue;
    size_t value = at + 1;
    while (value < text.size() && text[value] == ' ') ++value;
    if (const auto level = level_of_value(text.substr(value))) return *level;
  }
  return Level::Unknown;
}

// level=error, "lvl=..." in a line of words.
std::optional<Level> level_of_pairs(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    const void* const equal =
        std::memchr(text.data() + at, '=', text.size() - at);
    if (equal == nullptr) break;
    at = static_cast<size_t>(static_cast<const char*>(equal) - text.data());
    if (at < 3) continue;
    if (!may_end_key(text[at - 1])) continue;
    if (!is_key(text.substr(0, at))) continue;
    if (const auto level = level_of_value(text.substr(at + 1))) return level;
  }
  return std::nullopt;
}

// --- words -------------------------------------------------------------------

// glog's and klog's "I0123 10:15:02.1", syslog's "<3>", "<27>".
std::optional<Level> level_of_head(std::string_view text) {
  if (text.size() < 3) return std::nullopt;
  if (text[0] == '<') {
    unsigned number = 0;
    size_t at = 1;
    for (; at < text.size() && at < 5 && is_digit(text[at]); ++at)
      number = number * 10 + static_cast<unsigned>(text[at] - '0');
    if (at == 1 || at == text.size() || text[at] != '>' || number > 191)
      return std::nullopt;
    return level_of_severity(number % 8);
  }
  if (text.size() < 6 || text[5] != ' ' ||
      !std::ranges::all_of(text.substr(1, 4), is_digit))
    return std::nullopt;
  switch (text[0]) {
    case 'D':
      return Level::Debug;
    case 'I':
      return Level::Info;
    case 'W':
      return Level::Warn;
    case 'E':
      return Level::Error;
    case 'F':
      return Level::Fatal;
    default:
      return std::nullopt;
  }
}

// Whether a word may be meant as a level where it stands: in capitals, or in
// brackets, or, as the first of the line, before a colon.
bool is_meant(std::string_view text, size_t at, size_t end) {
  const char before = at == 0 ? ' ' : text[at - 1];
  const char after = end == text.size() ? ' ' : text[end];
  if (is_word(before) || is_word(after) || before == '-' || after == '-')
    return false;
  if (is_upper(text[at]) && is_upper(text[end - 1])) return true;
  if ((before == '[' && after == ']') || (before == '<' && after == '>') ||
      (before == '(' && after == ')') || (before == '|' && after == '|'))
    return true;
  return at == 0 && after == ':';
}

// Eight bytes of a line as one number, the first the lowest; marks are bits 7.
constexpr uint64_t kOnes = 0x0101010101010101;
constexpr uint64_t kMarks = 0x80 * kOnes;

uint64_t load_eight(std::string_view text, size_t at) {
  uint64_t bytes = 0;
  std::memcpy(&bytes, text.data() + at,
              std::min(sizeof bytes, text.size() - at));
  if constexpr (std::endian::native == std::endian::big)
    bytes = __builtin_bswap64(bytes);
  return bytes;
}

// Letters of either case.
uint64_t mark_letters(uint64_t bytes) {
  const uint64_t low = (bytes | 0x20 * kOnes) & ~kMarks;
  const uint64_t from_a = low + (0x80 - 'a') * kOnes;
  const uint64_t over_z = low + (0x7f - 'z') * kOnes;
  return from_a & ~over_z & ~bytes & kMarks;
}

uint64_t mark_equal(uint64_t bytes, char wanted) {
  const uint64_t odd = bytes ^ static_cast<uint8_t>(wanted) * kOnes;
  return ~(((odd & ~kMarks) + ~kMarks) | odd) & kMarks;
}

// What opens a bracket, see is_meant().
uint64_t mark_openers(uint64_t bytes) {
  // '<' is '|' without bit 6.
  return mark_equal(bytes | 0x40 * kOnes, '|') | mark_equal(bytes, '[') |
         mark_equal(bytes, '(');
}

// Of most words their begin says that they are not meant: no capital, not in
// brackets, not the first of the line.
Level level_of_words(std::string_view text) {
  const size_t reach = std::min(text.size(), kWordReach);
  // Of the byte before; the line's begin lets every word in.
  uint64_t was_letter = 0, was_opener = 0x80;
  for (size_t begin = 0; begin < reach; begin += 8) {
    const uint64_t bytes = load_eight(text, begin);
    const uint64_t letters = mark_letters(bytes);
    const uint64_t openers = mark_openers(bytes);
    const uint64_t capitals = letters & ~(bytes << 2);  // bit 5 is clear
    uint64_t begins = letters & ~(letters << 8 | was_letter) &
                      (capitals | openers << 8 | was_opener);
    was_letter = letters >> 56;
    was_opener = openers >> 56;
    for (; begins != 0; begins &= begins - 1) {
      const size_t at =
          begin + static_cast<size_t>(std::countr_zero(begins)) / 8;
      if (at >= reach) break;
      if (!may_begin_word(text[at])) continue;
      size_t end = at + 1;
      while (end < text.size() && is_letter(text[end])) ++end;
      if (end - at < 3 || end - at > kLongestWord || !is_meant(text, at, end))
        continue;
      if (const auto level = parse_level(text.substr(at, end - at)))
        return *level;
    }
  }
  return Level::Unknown;
}

// Levels that are words in lower case where others have columns: of few, since
// sentences begin with words too.
constexpr std::string_view kBare[] = {"trace",   "debug", "info",
                                      "warn",    "error", "fatal",
                                      "warning", "crit",  "critical"};

// ASP.NET's names for what it doesn't call as others do: `fail: Shop.Cart[0]`.
std::optional<Level> level_of_dotnet(std::string_view word,
                                     std::string_view rest) {
  if (!rest.starts_with(": ")) return std::nullopt;
  const auto category = rest.substr(2, rest.find(' ', 2) - 2);
  if (!category.ends_with(']') || !category.contains('[')) return std::nullopt;
  if (word == "fail") return Level::Error;
  if (word == "dbug") return Level::Debug;
  if (word == "trce") return Level::Trace;
  return std::nullopt;
}

// `info  daemon ready`: no sentence, no assignment.
std::optional<Level> level_of_column(std::string_view word,
                                     std::string_view rest) {
  if (word.size() > 8 || !may_begin_word(word.front()) ||
      std::ranges::find(kBare, word) == std::end(kBare))
    return std::nullopt;
  const auto next = rest.find_first_not_of(" \t");
  if (next == rest.npos || rest[next] == '=') return std::nullopt;
  return parse_level(word);
}

// Behind a date with a time, as winston has it: `2026-11-21 10:15 error: gone`.
std::optional<Level> level_behind_time(std::string_view text) {
  // What most have there, a capital or a bracket, is told soonest.
  size_t at = 16;
  if (text.size() <= at || (text[13] != ':' && text[14] != ':'))
    return std::nullopt;
  while (at < text.size() &&
         (text[at] < 'A' || text[at] == 'Z' || text[at] == ']'))
    ++at;
  if (at == text.size() || !is_lower(text[at])) return std::nullopt;
  const auto word = letters_at(text, at);
  const auto rest = text.substr(at + word.size());
  if (!rest.starts_with(": ")) return std::nullopt;
  const size_t end = text_time_size(text);
  if (end == 0 || end == at || text.find_first_not_of(" \t", end) != at)
    return std::nullopt;
  if (const auto level = level_of_dotnet(word, rest)) return level;
  return parse_level(word);
}

// Apache's `[core:error]`, first or behind its time.
std::optional<Level> level_of_module(std::string_view text) {
  for (int group = 0; group < 2 && text.starts_with('['); ++group) {
    const size_t end = text.find(']');
    if (end == text.npos) return std::nullopt;
    const auto inside = text.substr(1, end - 1);
    const size_t colon = inside.find(':');
    if (colon != inside.npos &&
        std::ranges::all_of(inside.substr(0, colon), is_word))
      if (const auto level = parse_level(inside.substr(colon + 1)))
        return level;
    text.remove_prefix(std::min(end + 2, text.size()));
  }
  return std::nullopt;
}

// What stands first and is a level in lower case.
std::optional<Level> level_of_first(std::string_view text, bool indented) {
  if (text.empty()) return std::nullopt;
  if (is_lower(text[0])) {
    if (!may_begin_word(text[0])) return std::nullopt;
    const auto word = letters_at(text, 0);
    const auto rest = text.substr(word.size());
    if (rest.starts_with(':')) return level_of_dotnet(word, rest);
    if (indented || !(rest.starts_with(' ') || rest.starts_with('\t')))
      return std::nullopt;
    return level_of_column(word, rest);
  }
  if (text[0] == '[')
    if (const auto level = level_of_module(text)) return level;
  if (!is_digit(text[0]) && text[0] != '[') return std::nullopt;
  return level_behind_time(text);
}

Level level_of_text(std::string_view text, bool indented) {
  text = text.substr(0, kTextReach);
  if (const auto level = level_of_head(text)) return *level;
  if (const auto level = level_of_pairs(text)) return *level;
  if (const auto level = level_of_first(text, indented)) return *level;
  return level_of_words(text);
}

// What stands before an object counts first: a syslog's level is the line's.
Level level_of_line(std::string_view text, bool indented) {
  const size_t brace = text.substr(0, kObjectReach).find("{\"");
  if (brace == text.npos) return level_of_text(text, indented);
  if (const Level level = level_of_text(text.substr(0, brace), indented);
      level != Level::Unknown)
    return level;
  const Level level = level_of_json(text.substr(brace + 1));
  return level != Level::Unknown ? level : level_of_text(text, indented);
}

Level level_of_plain(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r");
  if (first == text.npos) return Level::Unknown;
  if (text[first] == '{') return level_of_json(text.substr(first + 1));
  return level_of_line(text.substr(first), first > 0);
}

// Where text has its level; colours that stand further on are of no concern.
bool is_coloured(std::string_view text, size_t reach) {
  return std::memchr(text.data(), '\x1b', std::min(text.size(), reach)) !=
         nullptr;
}

}  // namespace

Level detect_level(std::string_view line) {
  const auto text = line.substr(0, kLevelReach);
  if (text.empty()) return Level::Unknown;
  if (!is_coloured(text, kTextReach)) return level_of_plain(text);
  std::string scratch;
  return level_of_plain(without_colours(text, scratch));
}

Level detect_level(const Line& line) {
  if (line.lead.empty()) return detect_level(line.text);
  // The lead is blanks and the '{', and is part of what the child wrote.
  const size_t lead = line.lead.size();
  const auto text =
      line.text.substr(0, kLevelReach - std::min(lead, kLevelReach));
  if (text.empty() ||
      !is_coloured(text, kTextReach - std::min(lead, kTextReach)))
    return level_of_json(text);
  std::string scratch;
  return level_of_json(without_colours(text, scratch));
}

std::string_view level_name(Level level) {
  static constexpr std::array<std::string_view, kLevels> kNames = {
      "trace", "debug", "info", "warn", "error", "fatal", "unknown"};
  return kNames[static_cast<size_t>(level)];
}

std::optional<Level> parse_level(std::string_view word) {
  if (word.size() < 3 || word.size() > kLongestWord) return std::nullopt;
  const char first = lower(word.front());
  for (const auto& known : kWords)
    if (known.text.front() == first && equals(word, known.text))
      return known.level;
  return std::nullopt;
}

}  // namespace store
