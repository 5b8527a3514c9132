#include "capture/formatter.h"

#include <doctest/doctest.h>

#include <memory>
#include <random>
#include <string>

#include "store/line.h"

namespace {

using capture::Formatter;
using capture::SinkOptions;
using Stamp = SinkOptions::Stamp;

constexpr base::Timestamp kTime{1'795'256'102'123'456};
const std::string kPrefix = base::format_stamp(kTime) + " ";
const std::string kMember = "\"@lodge\":\"" + base::format_stamp(kTime) + "\"";

SinkOptions with(Stamp stamp, std::vector<std::string> redact = {},
                 bool strip_ansi = false) {
  SinkOptions options;
  options.stamp = stamp;
  options.redact = std::move(redact);
  options.strip_ansi = strip_ansi;
  return options;
}

struct Result {
  std::string bytes;
  uint64_t redacted = 0;
  bool mid_line = false;
};

Result format(Formatter& formatter, std::string_view bytes,
              bool mid_line = false, size_t room = Formatter::kLeastRoom) {
  Result result{{}, 0, mid_line};
  const auto out = std::make_unique<char[]>(room);
  while (!bytes.empty()) {
    const auto done =
        formatter.format(bytes, kTime, result.mid_line, {out.get(), room});
    REQUIRE(done.consumed > 0);
    REQUIRE(done.written <= room);
    result.bytes.append(out.get(), done.written);
    result.redacted += done.redacted;
    bytes.remove_prefix(done.consumed);
  }
  return result;
}

std::string formatted(const SinkOptions& options, std::string_view bytes) {
  auto formatter = Formatter::make(options);
  REQUIRE(formatter.has_value());
  return format(*formatter, bytes).bytes;
}

std::string json(std::string_view line) {
  return formatted(with(Stamp::Json), line);
}
std::string stripped(std::string_view line) {
  return formatted(with(Stamp::None, {}, true), line);
}
std::string redacted(std::vector<std::string> patterns, std::string_view line) {
  return formatted(with(Stamp::None, std::move(patterns)), line);
}

// What `--raw` gives back.
std::string unstamped(std::string_view bytes) {
  std::string raw;
  while (!bytes.empty()) {
    const size_t newline = bytes.find('\n');
    const auto line = store::parse_line(bytes.substr(0, newline));
    CHECK(line.time == kTime);
    raw.append(line.lead).append(line.text);
    if (newline == bytes.npos) break;
    raw += '\n';
    bytes.remove_prefix(newline + 1);
  }
  return raw;
}

}  // namespace

TEST_CASE(
    "plain lines get a stamp each, and the formatter says what it wants") {
  auto formatter = Formatter::make({});
  REQUIRE(formatter.has_value());
  CHECK_FALSE(formatter->wants_whole_lines());
  CHECK_FALSE(formatter->is_identity());
  const auto result = format(*formatter, "a\n\nb");
  CHECK(result.bytes == kPrefix + "a\n" + kPrefix + "\n" + kPrefix + "b");
  CHECK(result.mid_line);
  CHECK(format(*formatter, "c\nd\n", true).bytes == "c\n" + kPrefix + "d\n");
}

TEST_CASE("without stamps and treatment what comes is what is written") {
  auto formatter = Formatter::make(with(Stamp::None));
  REQUIRE(formatter.has_value());
  CHECK(formatter->is_identity());
  CHECK_FALSE(formatter->wants_whole_lines());
  std::string bytes;
  for (int i = 0; i < 1000; ++i) bytes += static_cast<char>(i);
  const auto result = format(*formatter, bytes, false, 100);
  CHECK((result.bytes == bytes));
  CHECK(result.mid_line);
}

TEST_CASE("whatever looks at all of a line wants whole lines") {
  for (const SinkOptions& options :
       {with(Stamp::Json), with(Stamp::Prefix, {}, true),
        with(Stamp::None, {"x"})}) {
    const auto formatter = Formatter::make(options);
    REQUIRE(formatter.has_value());
    CHECK(formatter->wants_whole_lines());
    CHECK_FALSE(formatter->is_identity());
  }
}

// --- JSON --------------------------------------------------------------------

TEST_CASE("an object gets its stamp as first member, other lines a prefix") {
  CHECK(json("{\"a\":1}\n") == "{" + kMember + ",\"a\":1}\n");
  CHECK(json("{}\n") == "{" + kMember + "}\n");
  CHECK(json("{ }\n") == "{" + kMember + " }\n");
  CHECK(json(" \t{\"a\":{}} \r\n") == " \t{" + kMember + ",\"a\":{}} \r\n");
  for (const std::string line : {"[1]", "\"{}\"", "", " ", "{", "}", "{\"a\":1",
                                 "x {}", "{} x", "null", "{\"a\"", "\v{}"}) {
    CAPTURE(line);
    CHECK(json(line + "\n") == kPrefix + line + "\n");
  }
  const std::string far(store::kMostBlanks + 1, ' ');
  CHECK(json(far + "{}\n") == kPrefix + far + "{}\n");
  CHECK(json(far.substr(1) + "{}\n") == far.substr(1) + "{" + kMember + "}\n");
}

TEST_CASE("a line that has not ended is no object yet") {
  CHECK(json("{\"a\":1}") == kPrefix + "{\"a\":1}");
  const std::string huge = "{" + std::string(100'000, ' ') + "}\n";
  CHECK((json(huge) == kPrefix + huge));
}

TEST_CASE(
    "without its stamp every line is the child's, forged stamps included") {
  const std::string other = base::format_stamp({1}), mine = kMember;
  std::string all;
  for (const std::string& line : std::vector<std::string>{
           std::string("{\"a\":1}"), std::string("{}"), std::string("{ }"),
           "{" + mine + ",\"a\":1}", "{" + mine + "}", "{" + mine, other + " x",
           other + " {}", "  {,}", "{,\"a\":1}", kPrefix,
           std::string("{\0}", 3), std::string("\xff{}"),
           std::string("{\"\xff\":\x80}"),
           std::string(store::kMostBlanks, ' ') + "{\t}"}) {
    CAPTURE(line);
    CHECK((unstamped(json(line + "\n")) == line + "\n"));
    all += line + "\n";
  }
  CHECK((unstamped(json(all)) == all));
}

// --- escape sequences --------------------------------------------------------

TEST_CASE("whole escape sequences go") {
  CHECK(stripped("\x1b[31mred\x1b[0m\n") == "red\n");
  CHECK(stripped("\x1b[1;38;5;196mx\x1b[K\n") == "x\n");
  CHECK(stripped("\x1b[?25l\x1b[2 qx\n") == "x\n");
  CHECK(stripped("\x1b]0;title\a$ \n") == "$ \n");
  CHECK(stripped("\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\\n") == "link\n");
  CHECK(stripped("\x1bPq#0\x1b\\x\x1b(Bx\x1b=x\x1b\x37x\n") == "xxxx\n");
  CHECK(stripped("\xc2\x9b"
                 "31mred\xc2\x9d"
                 "0;t\xc2\x9c.\n") == "red.\n");
  CHECK(stripped("\x1b[31m\n") == "\n");
}

TEST_CASE("what is no whole escape sequence stays") {
  for (const std::string line :
       {"\x1b", "a\x1b", "\x1b[", "\x1b[31", "\x1b[31\x07m", "\x1b]0;title",
        "\x1b]0;a\x1b[", "\x1b\x7f", "\xc2", "\xc2\xa9", "\xc4\x9b",
        "\x9b"
        "31m",
        "\xc2\x9b", "plain", "tab\tand\rcr"}) {
    CAPTURE(line);
    CHECK((stripped(line + "\n") == line + "\n"));
  }
  // The broken one stays, the whole one in it goes.
  CHECK((stripped("\x1b]0;a\x1b[1mb\n") == "\x1b]0;ab\n"));
}

TEST_CASE("a line of nothing but beginnings of sequences takes no long time") {
  std::string line;
  while (line.size() < 60'000)
    line +=
        "\xc2\x9d"
        "x";
  CHECK((stripped(line + "\n") == line + "\n"));
}

TEST_CASE("a line of which nothing is left is not begun before it goes on") {
  auto formatter = Formatter::make(with(Stamp::Prefix, {}, true));
  REQUIRE(formatter.has_value());
  const auto result = format(*formatter, "\x1b[1m");
  CHECK(result.bytes.empty());
  CHECK_FALSE(result.mid_line);
}

// --- redact ------------------------------------------------------------------

TEST_CASE("what matches is replaced, all over the line, and counted") {
  auto formatter =
      Formatter::make(with(Stamp::Prefix, {"secret=\\S+", "[0-9]{4}"}));
  REQUIRE(formatter.has_value());
  const auto result =
      format(*formatter, "secret=a1234 pin 1234 5678\nnone\nsecret=\n1234");
  CHECK(result.bytes == kPrefix + "[redacted] pin [redacted] [redacted]\n" +
                            kPrefix + "none\n" + kPrefix + "secret=\n" +
                            kPrefix + "[redacted]");
  CHECK(result.redacted == 4);
}

TEST_CASE("patterns see one line, without stamp, without what was put in") {
  CHECK(redacted({"^b$"}, "a\nb\nbc\n") == "a\n[redacted]\nbc\n");
  CHECK(redacted({"(?s)a.*c"}, "a\nc\n") == "a\nc\n");
  CHECK(redacted({"a", "red"}, "a\n") == "[redacted]\n");
  CHECK(redacted({"x*"}, "axxb\n") == "a[redacted]b\n");
  CHECK(redacted({"ab", "bc", "cd"}, "abcd!\n") == "[redacted]!\n");
  CHECK(formatted(with(Stamp::Prefix, {"2026", "^x"}), "x\n") ==
        kPrefix + "[redacted]\n");
  CHECK(formatted(with(Stamp::Prefix, {"secret"}, true), "s\x1b[1mecret\n") ==
        kPrefix + "[redacted]\n");
  CHECK(formatted(with(Stamp::Json, {"\"pw\":\"[^\"]*\""}),
                  "{\"pw\":\"x\"}\n") == "{" + kMember + ",[redacted]}\n");
}

TEST_CASE("matches that would make a line huge are replaced together") {
  const std::string line = "x" + std::string(60'000, 'a') + "y\n";
  auto formatter = Formatter::make(with(Stamp::None, {"a"}));
  REQUIRE(formatter.has_value());
  const auto result = format(*formatter, line);
  CHECK(result.bytes == "x[redacted]y\n");
  CHECK(result.redacted == 60'000);
}

TEST_CASE("a bad pattern is named") {
  const auto formatter =
      Formatter::make(with(Stamp::Prefix, {"fine", "not(fine"}));
  REQUIRE_FALSE(formatter.has_value());
  CHECK(formatter.error().code == base::Errc::Invalid);
  CHECK(formatter.error().message.find("\"not(fine\"") != std::string::npos);
}

// --- rooms and cuts ----------------------------------------------------------

TEST_CASE("treated lines come out the same whatever the room and the calls") {
  std::mt19937 random(11);
  for (const SinkOptions& options :
       {with(Stamp::Json), with(Stamp::Json, {"7+"}, true),
        with(Stamp::Prefix, {}, true), with(Stamp::None, {"a", "\\d+"})}) {
    auto formatter = Formatter::make(options);
    REQUIRE(formatter.has_value());
    const std::string words[] = {"{",  "}", "\x1b[1m", "a", "77", " ",
                                 "\"", "x", "\x1b",    ",", "\n", "{}\n"};
    std::string bytes, wanted;
    for (int i = 0; i < 4000; ++i) bytes += words[random() % 12];
    bytes += '\n';
    for (size_t at = 0; at < bytes.size();) {
      const size_t size = bytes.find('\n', at) + 1 - at;
      wanted += format(*formatter, bytes.substr(at, size)).bytes;
      at += size;
    }
    CHECK((format(*formatter, bytes).bytes == wanted));
    CHECK((format(*formatter, bytes, false, 4096).bytes == wanted));
  }
}

TEST_CASE("a line of more than 64 KiB is treated part by part") {
  auto formatter = Formatter::make(with(Stamp::Prefix, {"b"}));
  REQUIRE(formatter.has_value());
  const std::string line(300'000, 'a');
  const auto result = format(*formatter, line + "b\nab\n");
  CHECK((result.bytes ==
         kPrefix + line + "[redacted]\n" + kPrefix + "a[redacted]\n"));
  CHECK(result.redacted == 2);
}
