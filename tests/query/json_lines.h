#pragma once
// Random lines with fields, written in the odd ways that JSON allows, and what
// a JSON library says of them: for tests of whatever reads fields.

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <random>
#include <string>
#include <string_view>

namespace query_test {

using Random = std::mt19937_64;

// Few, so that what is asked for is there.
inline constexpr std::string_view kNames[] = {
    "status", "level", "msg", "user", "a", "b", "a.b", "x-y", "caf\xc3\xa9"};
inline constexpr std::string_view kTexts[] = {"error",
                                              "warn",
                                              "500",
                                              "5e2",
                                              "-7",
                                              "",
                                              "some text",
                                              "a \"b\"",
                                              "\\",
                                              "x/y",
                                              "caf\xc3\xa9",
                                              "line\nend",
                                              "\xf0\x9f\x8e\x89",
                                              "true",
                                              "status"};
inline constexpr std::string_view kNumbers[] = {"0",
                                                "-0",
                                                "500",
                                                "5e2",
                                                "500.0",
                                                "1.5",
                                                "-7",
                                                "9007199254740993",
                                                "9007199254740992",
                                                "1e400"};

template <class List>
std::string_view one_of(const List& list, Random& random) {
  return list[random() % std::size(list)];
}

// With its quotes; characters of ASCII now and then as \u.
inline std::string json_string(std::string_view text, Random& random) {
  const bool odd = random() % 4 == 0;
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\' || (c == '/' && random() % 2 == 0))
      out += fmt::format("\\{}", c);
    else if (c == '\n')
      out += odd ? "\\u000A" : "\\n";
    else if (odd && static_cast<unsigned char>(c) < 0x80 && random() % 2 == 0)
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      out += c;
  }
  return out + '"';
}

inline std::string blanks(Random& random) {
  return std::string(random() % 8 == 0 ? 1 + random() % 2 : 0, ' ');
}

inline std::string json_value(int depth, Random& random);

inline std::string json_object(int depth, Random& random) {
  std::string out = "{";
  for (size_t n = random() % 6; n > 0; --n) {
    if (out.size() > 1) out += ',';
    out += blanks(random) + json_string(one_of(kNames, random), random) +
           blanks(random) + ':' + blanks(random) + json_value(depth, random) +
           blanks(random);
  }
  return out + '}';
}

inline std::string json_value(int depth, Random& random) {
  switch (random() % (depth > 0 ? 8 : 6)) {
    case 0:
    case 1:
    case 2:
      return json_string(one_of(kTexts, random), random);
    case 3:
    case 4:
      return std::string(one_of(kNumbers, random));
    case 5: {
      static constexpr std::string_view kWords[] = {"true", "false", "null"};
      return std::string(one_of(kWords, random));
    }
    case 6:
      return json_object(depth - 1, random);
    default: {
      std::string out = "[";
      for (size_t n = random() % 4; n > 0; --n) {
        if (out.size() > 1) out += ',';
        out += blanks(random) + json_value(depth - 1, random);
      }
      return out + blanks(random) + ']';
    }
  }
}

inline std::string logfmt_line(Random& random) {
  std::string out;
  for (size_t n = random() % 6; n > 0; --n) {
    if (!out.empty()) out += ' ';
    const auto name = one_of(kNames, random);
    const auto value = one_of(kTexts, random);
    const bool bare = value.find_first_of(" \"\n\\") == value.npos;
    out += name;
    if (random() % 6 == 0) continue;  // a word
    out += '=';
    out += bare && random() % 2 == 0 ? std::string(value)
                                     : json_string(value, random);
  }
  return out;
}

inline std::string damaged(std::string line, Random& random) {
  for (size_t n = 1 + random() % 3; n > 0 && !line.empty(); --n) {
    const size_t at = random() % line.size();
    if (random() % 3 == 0)
      line.resize(at);
    else if (random() % 2 == 0)
      line.erase(at, 1);
    else
      line[at] = "\"\\{}[]:,=u \x80"[random() % 12];
  }
  return line;
}

// JSON, behind a prefix or not, or logfmt; damaged or not.
inline std::string random_line(Random& random) {
  static constexpr std::string_view kPrefixes[] = {
      "", "", "", " ", "2026-11-21 10:15:02 INFO ", "[api] {x} "};
  std::string line =
      random() % 3 == 0
          ? logfmt_line(random)
          : std::string(one_of(kPrefixes, random)) + json_object(3, random);
  if (random() % 8 == 0) line += random() % 2 == 0 ? "\r" : "  ";
  return random() % 5 == 0 ? damaged(std::move(line), random) : line;
}

}  // namespace query_test
