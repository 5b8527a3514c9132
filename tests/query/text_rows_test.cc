#include <doctest/doctest.h>

#include "query/sheet.h"
#include "query/text_printer.h"

namespace {

using query_test::origin_of;
using query_test::piece_of;

// Every `word` of a line.
query::Marks marks(std::string_view word) {
  return [word](std::string_view text, std::vector<query::Span>& into) {
    for (size_t at = text.find(word); at != text.npos;
         at = text.find(word, at + word.size()))
      into.push_back({at, at + word.size()});
  };
}

query::TextStyle utc() {
  query::TextStyle style;
  style.zone = base::Zone::Utc;
  return style;
}
query::TextStyle on_terminal() {
  query::TextStyle style = utc();
  style.terminal = true;
  style.colour = true;
  return style;
}

// One line of `api`, after its prefix.
std::string shown(std::string_view line, query::TextStyle style) {
  query_test::Sheet sheet;
  style.bare = true;
  query::TextPrinter printer(sheet.output(), query_test::kClock,
                             std::move(style));
  printer.piece(origin_of("api"), piece_of(line));
  return sheet.text();
}

std::vector<query::FieldPath> paths(
    const std::vector<std::string_view>& texts) {
  std::vector<query::FieldPath> parsed;
  for (const auto text : texts)
    parsed.push_back(*query::parse_field_path(text));
  return parsed;
}

}  // namespace

TEST_CASE("rows of context keep their columns, a '-' before their text") {
  query_test::Sheet sheet;
  query::TextPrinter printer(sheet.output(), query_test::kClock, utc());
  const auto out = origin_of("api");
  const auto error = origin_of("api", 0, query::Kind::Error);
  printer.next_is_context();
  printer.piece(out, piece_of("GET /"));
  printer.piece(error, piece_of("timeout"));
  printer.gap();
  printer.next_is_context();
  printer.piece(error, piece_of("retry"));
  printer.piece(out, piece_of("timeout"));
  CHECK(sheet.text() ==
        "10:15:00.000000 api  -GET /\n"
        "10:15:00.000000 api ! timeout\n"
        "--\n"
        "10:15:00.000000 api !-retry\n"
        "10:15:00.000000 api   timeout\n");
}

TEST_CASE("a row of context that never ended leaves none to the next") {
  query_test::Sheet sheet;
  query::TextPrinter printer(sheet.output(), query_test::kClock, utc());
  auto open = piece_of("prompt> ");
  open.ends = false;
  const auto out = origin_of("api");
  printer.next_is_context();
  printer.piece(out, open);
  printer.piece(out, piece_of("match"));
  CHECK(sheet.text() ==
        "10:15:00.000000 api  -prompt> \n"
        "10:15:00.000000 api   match\n");
}

TEST_CASE("on a terminal rows of context are dim, whatever colours they have") {
  query_test::Sheet sheet;
  query::TextPrinter printer(sheet.output(), query_test::kClock, on_terminal());
  printer.next_is_context();
  printer.piece(origin_of("api", 0, query::Kind::Error),
                piece_of("\x1b[32mgreen\x1b[0m x"));
  printer.gap();
  CHECK(sheet.text() ==
        "\x1b[2m10:15:00.000000 api ! green x\x1b[0m\n"
        "\x1b[2m--\x1b[0m\n");
}

TEST_CASE("matches are set off, the line's own colours come back behind them") {
  auto style = on_terminal();
  style.marks = marks("no");
  CHECK(shown("oh no, no", style) ==
        "oh \x1b[1;31mno\x1b[0m, \x1b[1;31mno\x1b[0m\n");
  CHECK(shown("\x1b[32mgreen no end", style) ==
        "\x1b[32mgreen \x1b[0m\x1b[1;31mno\x1b[0m\x1b[32m end\x1b[0m\n");
  // A colour within a match.
  style.marks = marks("n\x1b[33mo");
  CHECK(shown("a n\x1b[33mo b", style) ==
        "a \x1b[1;31mno\x1b[0m\x1b[33m b\x1b[0m\n");
  // Only on a terminal, and then harmless.
  style.marks = marks("\x07");
  CHECK(shown("a\x07", style) == "a\x1b[1;31m\\x07\x1b[0m\n");
  auto plain = utc();
  plain.marks = marks("no");
  CHECK(shown("oh no", plain) == "oh no\n");
}

TEST_CASE("a mark in the part of a row that is cut is cut too") {
  auto style = on_terminal();
  style.marks = [](std::string_view, std::vector<query::Span>& into) {
    into.push_back({8190, 9000});
    into.push_back({9000, 9001});
  };
  const std::string row = shown(std::string(9000, 'x'), style);
  CHECK(row.starts_with(std::string(8190, 'x').append("\x1b[1;31mxx\x1b[0m")));
  CHECK(row.ends_with("\u2026 (--full shows the rest)\n"));
}

TEST_CASE("-o prints each match in a row of its own, and no context") {
  query_test::Sheet sheet;
  auto style = utc();
  style.marks = marks("no");
  style.only = true;
  query::TextPrinter printer(sheet.output(), query_test::kClock, style);
  const auto out = origin_of("api");
  printer.piece(out, piece_of("no, no"));
  printer.gap();
  printer.next_is_context();
  printer.piece(out, piece_of("no"));
  printer.piece(out, piece_of("yes"));
  CHECK_FALSE(printer.event(out, {}));
  CHECK(sheet.text() ==
        "10:15:00.000000 api   no\n"
        "10:15:00.000000 api   no\n");
  CHECK(shown("no, no", style) == "no\nno\n");
}

TEST_CASE("a time column as it was asked for") {
  query_test::Sheet sheet;
  auto style = utc();
  style.time = *query::TimeFormat::parse("YYYY-MM-DD HH:mm");
  query::TextPrinter printer(sheet.output(), query_test::kClock, style);
  printer.piece(origin_of("api"), piece_of("a"));
  CHECK(sheet.text() == "2026-11-21 10:15 api   a\n");
}

TEST_CASE("pretty rows: level, message, the other fields; others as they are") {
  struct Row {
    std::string_view line;
    std::string_view shown;
  };
  constexpr Row kRows[] = {
      {R"({"level":"error","msg":"no answer","ms":5000,"req":{"id":"7f"}})",
       R"(ERROR no answer  ms=5000 req={"id":"7f"})"},
      {R"({"level":30,"time":1,"msg":"hi"})", "INFO  hi  time=1"},
      {R"({"a":"x y","b":"","c":"k=v","d":null})",
       R"(a="x y" b="" c="k=v" d=null)"},
      {R"({"message":"a\nb\tc","stack":"x\n\"y\""})", R"(a\nb)"
                                                      "\tc"
                                                      R"(  stack="x\n\"y\"")"},
      {R"({"level":"loud","msg":"m"})", "m  level=loud"},
      {R"({"msg":{"a":1}})", R"(msg={"a":1})"},
      {R"({"a":1} trailing)", R"({"a":1} trailing)"},
      {R"({"a":1,)", R"({"a":1,)"},
      {"{}", "{}"},
      {"level=warn a=1", "level=warn a=1"},
      {"plain", "plain"},
  };
  auto style = utc();
  style.pretty = true;
  for (const auto& row : kRows) {
    CAPTURE(row.line);
    CHECK(shown(row.line, style) == std::string(row.shown) + "\n");
  }
  auto coloured = on_terminal();
  coloured.pretty = true;
  CHECK(shown(R"({"level":"warn","msg":"hi \u001b[2J","a":1})", coloured) ==
        "\x1b[33mWARN \x1b[0m hi \\x1b[2J  \x1b[2ma=1\x1b[0m\x1b[0m\n");
}

TEST_CASE("of lines with the fields that were asked for only these are shown") {
  auto style = utc();
  style.fields = paths({"status", "req.id"});
  CHECK(shown(R"({"status":502,"x":1,"req":{"id":"7 f"}})", style) ==
        "status=502 req.id=\"7 f\"\n");
  CHECK(shown(R"({"status":502})", style) == "status=502\n");
  CHECK(shown("status=502 x=1", style) == "status=502\n");
  CHECK(shown("no fields", style) == "no fields\n");
}
