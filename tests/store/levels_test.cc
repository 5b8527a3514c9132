#include "store/levels.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <regex>
#include <string>
#include <string_view>
#include <vector>

#include "store/colours.h"

using store::detect_level;
using store::Level;

namespace {

struct Row {
  std::string line;
  Level level;
};

void check(const std::vector<Row>& rows) {
  for (const Row& row : rows) {
    CAPTURE(row.line);
    CHECK(store::level_name(detect_level(row.line)) ==
          store::level_name(row.level));
    // However the line is stamped, it is of the same level.
    for (const std::string stamp : {"2026-11-21T10:15:02.123456Z"}) {
      const std::string prefixed = stamp + " " + row.line;
      CHECK(detect_level(store::parse_line(prefixed)) == row.level);
      const auto place = store::find_member_place(row.line);
      if (!place || !place->comma) continue;
      std::string within = row.line;
      within.insert(place->at, "\"@lodge\":\"" + stamp + "\",");
      CHECK(detect_level(store::parse_line(within)) == row.level);
    }
  }
}

// The first word, as a column or before a colon, in lower case.
Level naive_first(const std::string& text) {
  static const std::regex bare(
      "(trace|debug|info|warn|error|fatal|warning|crit|critical)[ \\t]+[^= \\t]"
      "[^]*");
  const std::string stamp = R"((?:\[?[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{5,8}Z?)"
                            R"((?: ?[+-][0-9]{2}:?(?:[0-9]{2})?)?\]?[ \t]+))";
  static const std::regex dotnet(stamp +
                                 "?(fail|dbug|trce): ([^ ]*)(?: [^]*)?");
  static const std::regex stamped(stamp + "([a-z][a-zA-Z]*): [^]*");
  static const std::regex apache(
      R"((?:\[[^\]]*\][^])?\[[A-Za-z0-9_]*:([A-Za-z]*)\][^]*)");
  std::smatch parts;
  if (std::regex_match(text, parts, apache))
    if (const auto level = store::parse_level(parts[1].str())) return *level;
  if (std::regex_match(text, parts, bare))
    return *store::parse_level(parts[1].str());
  if (std::regex_match(text, parts, dotnet)) {
    const std::string category = parts[2];
    if (category.ends_with(']') && category.contains('['))
      return parts[1] == "fail"   ? Level::Error
             : parts[1] == "dbug" ? Level::Debug
                                  : Level::Trace;
  }
  if (std::regex_match(text, parts, stamped))
    return store::parse_level(parts[1].str()).value_or(Level::Unknown);
  return Level::Unknown;
}

// The words of a line, one after another, by the rule that levels.h states.
Level naive_level(std::string_view text) {
  const auto at_or_blank = [&](size_t at) {
    return at < text.size() ? text[at] : ' ';
  };
  const auto is_letter = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  };
  const auto joins = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  for (size_t at = 0, end = 0; at < std::min<size_t>(text.size(), 112);
       at = end) {
    end = at + 1;
    if (!is_letter(text[at])) continue;
    while (is_letter(at_or_blank(end))) ++end;
    const char before = at == 0 ? ' ' : text[at - 1];
    const char after = at_or_blank(end);
    if (joins(before) || joins(after)) continue;
    const std::string around = {before, after};
    const bool capitals = text[at] <= 'Z' && text[end - 1] <= 'Z';
    if (!capitals && around != "[]" && around != "<>" && around != "()" &&
        around != "||" && !(at == 0 && after == ':'))
      continue;
    if (const auto level = store::parse_level(text.substr(at, end - at)))
      return *level;
  }
  return Level::Unknown;
}

}  // namespace

TEST_CASE("eight bytes at a time find the same words as one") {
  const std::vector<std::string> pieces = {"ERROR",
                                           "error",
                                           "[warn]",
                                           "<info>",
                                           "(Fatal)",
                                           "|crit|",
                                           "Warn",
                                           "INFO",
                                           "WARNING",
                                           "[",
                                           "]",
                                           "<",
                                           ">",
                                           "|",
                                           "(",
                                           ")",
                                           "_",
                                           "-",
                                           "7",
                                           " ",
                                           "  ",
                                           ":",
                                           "\xc3\xa9",
                                           "@",
                                           "`",
                                           "{",
                                           "[error",
                                           "debug]",
                                           "[core:error]",
                                           "[core:",
                                           ":warn]",
                                           "a:b",
                                           "info ",
                                           "warning\t",
                                           "fail: a[0]",
                                           "dbug: ",
                                           "2026-11-29 10:00 ",
                                           "[2026-11-29 10:00:00] ",
                                           "\x1b[31m",
                                           "\x1b[0;1m"};
  std::mt19937 random(7);
  size_t known = 0;
  for (int i = 0; i < 20'000; ++i) {
    std::string line(random() % 3 == 0 ? 0 : random() % 12, '.');
    while (line.size() < 1 + random() % 130)
      line += pieces[random() % pieces.size()];
    std::string scratch;
    const std::string seen(store::without_colours(line, scratch));
    // Heads of other kinds.
    if (seen.empty() || std::string_view(" <{").contains(seen.front()))
      continue;
    CAPTURE(line);
    Level level = naive_first(seen);
    if (level == Level::Unknown) level = naive_level(seen);
    known += level != Level::Unknown ? 1 : 0;
    REQUIRE(detect_level(line) == level);
  }
  CHECK(known > 5'000);
}

TEST_CASE("the level of a JSON line is what its key says") {
  check({
      {R"({"level":"error","msg":"x"})", Level::Error},
      {R"( {"time":1,"level": "WARN"})", Level::Warn},
      {R"({"level":30,"time":1})", Level::Info},
      {R"({"level":10})", Level::Trace},
      {R"({"level":60,"a":"error"})", Level::Fatal},
      {R"({"level":3})", Level::Unknown},
      {R"({"level":null,"severity":"CRITICAL"})", Level::Fatal},
      {R"({"severity":"NOTICE"})", Level::Info},
      {R"({"log.level":"debug"})", Level::Debug},
      {R"({"@level":"fatal"})", Level::Fatal},
      {R"({"levelname":"WARNING"})", Level::Warn},
      {R"({"lvl":"err"})", Level::Error},
      {R"({"Level":"Information"})", Level::Info},
      {R"({"msg":"an ERROR in words","x":1})", Level::Unknown},
      {R"({"msg":"\"level\":\"error\"","x":1})", Level::Unknown},
      {R"({"my_level":"error"})", Level::Unknown},
      {R"({"sealevel":"error"})", Level::Unknown},
      {R"({"level":"errors"})", Level::Unknown},
      {R"({"level":"bogus","severity":"info"})", Level::Info},
      {R"({})", Level::Unknown},
      {R"({"level":)", Level::Unknown},
      {R"({"level")", Level::Unknown},
  });
}

TEST_CASE("the level of JSON behind a prefix, and behind a long message") {
  const auto behind = [](size_t size) {
    return R"({"message":")" + std::string(size, 'x') + R"(","level":"error"})";
  };
  check({
      {R"(app-0  | {"level":"error","msg":"x"})", Level::Error},
      {R"(2026-11-21 10:15:02 app[7]: {"msg":"FATAL it says","level":"info"})",
       Level::Info},
      {R"(WARN {"level":"info"})", Level::Warn},
      {R"(level=warn ctx={"level":"info"})", Level::Warn},
      {R"(<3>{"level":"info"})", Level::Error},
      {R"(got {"a":1} ERROR)", Level::Error},
      {R"(got {"a":1})", Level::Unknown},
      {behind(400), Level::Error},
      {behind(8000), Level::Error},
      {behind(store::kLevelReach), Level::Unknown},
  });
}

TEST_CASE("the level of a logfmt line is what its key says") {
  check({
      {"ts=1 level=info msg=\"an ERROR in words\"", Level::Info},
      {"lvl=eror level=warn", Level::Warn},
      {"severity=\"Error\" x", Level::Error},
      {"a=1 log.level=trace", Level::Trace},
      {"sealevel=error", Level::Unknown},
      {"level=", Level::Unknown},
      {"level=50", Level::Error},
  });
}

TEST_CASE("the level of a line of text is a word that is meant as one") {
  check({
      {"[ERROR] it broke", Level::Error},
      {"ERROR it broke", Level::Error},
      {"WARN: low", Level::Warn},
      {"WARNING low", Level::Warn},
      {"2026-11-21 10:15:02,123 INFO  [main] com.example - up", Level::Info},
      {"10:15:02 [error] 7#7: *1 open() failed", Level::Error},
      {"[2026-11-21T10:15:02Z DEBUG app] x", Level::Debug},
      {"<info> NetworkManager up", Level::Info},
      {"error: cannot find module", Level::Error},
      {"npm ERR! code 1", Level::Error},
      {"an error in words", Level::Unknown},
      {"the error: none", Level::Unknown},
      {"NO_ERROR ERRORS NON-FATAL", Level::Unknown},
      {"INFORMATION_SCHEMA", Level::Unknown},
      {"GET /api 200", Level::Unknown},
      {"PANIC", Level::Fatal},
      {"CRITICAL|x", Level::Fatal},
      {"level is ERROR", Level::Error},
      {"\t WARN led by blanks", Level::Warn},
      {std::string(90, '.') + " ERROR late", Level::Error},
      {std::string(400, '.') + " ERROR too late", Level::Unknown},
      {"\xff\xfe ERROR \x80", Level::Error},
      {std::string("ERROR\0x", 7), Level::Error},
      {"", Level::Unknown},
      {" ", Level::Unknown},
  });
}

TEST_CASE("a level in lower case is one where loggers put it") {
  check({
      {"info  daemon 7842 ready", Level::Info},
      {"warn  disk full", Level::Warn},
      {"error daemon: gone", Level::Error},
      {"warning package.json: no license", Level::Warn},
      {"debug\tx", Level::Debug},
      {"error = 7", Level::Unknown},
      {"errors in words", Level::Unknown},
      {"information on it", Level::Unknown},
      {"notice that", Level::Unknown},
      {"fine by me", Level::Unknown},
      {"error", Level::Unknown},
      {"error  ", Level::Unknown},
      {"  info x", Level::Unknown},
      {"an info x", Level::Unknown},
      {"fail: Shop.Cart[0]", Level::Error},
      {"fail: Shop.Cart[0] it broke", Level::Error},
      {"dbug: Shop.Cart[12]", Level::Debug},
      {"trce: Shop.Cart[0]", Level::Trace},
      {"crit: Shop.Cart[0]", Level::Fatal},
      {"10:15 fail: Shop.Cart[0]", Level::Unknown},
      {"2026-11-21 10:15:02 fail: Shop.Cart[0]", Level::Error},
      {"fail: it broke", Level::Unknown},
      {"fail", Level::Unknown},
      {"2026-11-21T10:15:02.123Z error: gone", Level::Error},
      {"[2026-11-21 10:15:02] warn: low", Level::Warn},
      {"2026-11-21T10:15:02.123Z the error: gone", Level::Unknown},
      {"2026/11/21 10:15:02 error reading words", Level::Unknown},
      {"[Sat Nov 21 10:15:02.1 2026] [core:error] [pid 7] gone", Level::Error},
      {"[mpm_event:notice] [pid 7] up", Level::Info},
      {"[:warn] low", Level::Warn},
      {"[a b:warn] low", Level::Unknown},
      {"a:error] x", Level::Unknown},
      {R"({"severity_text":"ERROR","body":"x"})", Level::Error},
      {R"({"severityText":"WARN","severityNumber":13})", Level::Warn},
      {"severity_text=WARN x", Level::Warn},
      {R"({"text":"ERROR"})", Level::Unknown},
  });
}

TEST_CASE("a level is seen through colours") {
  check({
      {"\x1b[31merror\x1b[39m: gone", Level::Error},
      {"\x1b[2m2026-11-29T10:00:00Z\x1b[0m \x1b[31mERROR\x1b[0m app: gone",
       Level::Error},
      {"2026-11-29T10:00:00.000Z\t\x1b[33mWARN\x1b[0m\tlow", Level::Warn},
      {"[\x1b[33mWARN\x1b[0m] low", Level::Warn},
      {"\x1b[32m{\"level\":\"error\",\"status\":500}\x1b[0m", Level::Error},
      {"{\x1b[34m\"level\"\x1b[0m:\x1b[32m\"error\"\x1b[0m}", Level::Error},
      {R"({"level":"\u001b[32minfo\u001b[39m","message":"x"})", Level::Info},
      {R"({"level":"\u001b[32m","severity":"warn"})", Level::Warn},
      {"\x1b[36mlevel=\x1b[0mwarn x", Level::Warn},
      {"\x1b[41m\x1b[30mfail\x1b[39m\x1b[22m\x1b[49m: Shop.Cart[0]",
       Level::Error},
      {"\x1b[1mE\x1b[0mRROR in two", Level::Error},
      {"\x1b[31man error in words\x1b[0m", Level::Unknown},
      {"\x1b[31merror: \x1b", Level::Error},
      {"\x1b[31m", Level::Unknown},
      {"\x1b[2Kerror: no colour", Level::Unknown},
  });
}

TEST_CASE("glog's letters and syslog's numbers are levels") {
  check({
      {"I0123 10:15:02.123456 7 main.cc:1] up", Level::Info},
      {"E1121 10:15:02.123456 7 main.cc:1] down", Level::Error},
      {"W1121 x", Level::Warn},
      {"F1121 x", Level::Fatal},
      {"X1121 x", Level::Unknown},
      {"I01234 x", Level::Unknown},
      {"<3>disk", Level::Error},
      {"<27>Nov 21 app: x", Level::Error},
      {"<30>app: x", Level::Info},
      {"<7>x", Level::Debug},
      {"<192>x", Level::Unknown},
      {"<>x", Level::Unknown},
  });
}

TEST_CASE("only the beginning of a line is looked at") {
  const std::string far = "x=1 " + std::string(store::kLevelReach, '-');
  CHECK(detect_level(far + " level=error") == Level::Unknown);
  const std::string line = "ERROR " + std::string(5000, 'x');
  CHECK(detect_level(line) ==
        detect_level(std::string_view(line).substr(0, store::kLevelReach)));
}

TEST_CASE("a stamp within a line changes nothing of how far is looked") {
  // The colour is the last byte, or the first behind, that makes one coloured;
  // the level the last, or the first behind, that is read.
  constexpr std::string_view kColour = "\x1b[0m";
  for (const std::string_view lead : {"{", "  {"})
    for (const size_t place : {319U, 320U, 321U, 322U, 323U}) {
      std::string text(lead);
      text += R"("pad":")";
      text.append(place - text.size() - 5, 'x').append("\",\"le");
      text.append(kColour).append("vel\":\"info\",\"level\":\"error\"}");
      store::Line line;
      line.lead = std::string_view(text).substr(0, lead.size());
      line.text = std::string_view(text).substr(lead.size());
      CAPTURE(place);
      CHECK(detect_level(line) == detect_level(text));
    }
  for (const std::string_view lead : {"{", "  {"})
    for (size_t more = 0; more < 40; ++more) {
      std::string text(lead);
      text += R"("pad":")";
      text.append(store::kLevelReach - 40 + more, 'x')
          .append("\",\"level\":\"");
      text += "error\"}";
      store::Line line;
      line.lead = std::string_view(text).substr(0, lead.size());
      line.text = std::string_view(text).substr(lead.size());
      CAPTURE(more);
      CHECK(detect_level(line) == detect_level(text));
    }
}

TEST_CASE("a level is known by any of its names") {
  CHECK(store::parse_level("error") == Level::Error);
  CHECK(store::parse_level("Err") == Level::Error);
  CHECK(store::parse_level("WARNING") == Level::Warn);
  CHECK_FALSE(store::parse_level("unknown"));
  CHECK_FALSE(store::parse_level(""));
  CHECK(store::level_name(Level::Unknown) == "unknown");
}
