#include <doctest/doctest.h>

#include "query/sheet.h"
#include "query/template_printer.h"

namespace {

using query_test::origin_of;
using query_test::piece_of;

std::string printed(std::string_view form, std::string_view line,
                    const query::Origin& origin,
                    query::TemplateStyle style = {}) {
  auto parsed = query::Template::parse(form);
  REQUIRE(parsed);
  query_test::Sheet sheet;
  style.zone = base::Zone::Utc;
  query::TemplatePrinter printer(sheet.output(), std::move(*parsed),
                                 std::move(style));
  printer.piece(origin, piece_of(line));
  printer.settle();
  return sheet.text();
}

}  // namespace

TEST_CASE("a template's names, fields and braces") {
  const auto api = origin_of("api", 2, query::Kind::Error, "api/2");
  // In bytes: who shows it reckons in cells.
  struct Row {
    std::string_view form;
    std::string_view shown;
  };
  constexpr Row kRows[] = {
      {"{time}", "2026-11-21T10:15:00.000000Z"},
      {"{app} {instance} {id} {stream} {label}", "api 2 2 error api/2"},
      {"{level}: {message}",
       R"(warn: {"level":"warn","req":{"id":7},"s":"a\nb"})"},
      {"{.req.id} {.s} {.none}|", R"(7 a\nb |)"},
      {"{{{app}}} }}{{", "{api} }{"},
      {"no names", "no names"},
      {"", ""},
  };
  for (const auto& row : kRows) {
    CAPTURE(row.form);
    CHECK(printed(row.form, R"({"level":"warn","req":{"id":7},"s":"a\nb"})",
                  api) == std::string(row.shown) + "\n");
  }
  auto shared = origin_of("api", -1);
  CHECK(printed("{instance}|{id}|{level}|", "x", shared) == "|||\n");
}

TEST_CASE("PM2's format, its time as PM2 writes it") {
  query::TemplateStyle style;
  style.time = *query::TimeFormat::parse(query::kFormatTimestamp);
  CHECK(printed(query::kPm2Template, "hello", origin_of("api", 3), style) ==
        "timestamp=2026-11-21-10:15:00+0000 app=api id=3 type=out "
        "message=hello\n");
}

TEST_CASE("a template that is wrong says where") {
  struct Row {
    std::string_view form;
    std::string_view message;
  };
  constexpr Row kRows[] = {
      {"{time} {nme}",
       "--template: 'nme' is no name\n  {time} {nme}\n          ^"},
      {"\u00e9 {",
       "--template: '{' without '}'; a brace is '{{'\n  \u00e9 {\n     ^"},
      {"a}", "--template: '}' without '{'; a brace is '}}'\n  a}\n   ^"},
      {"{.}", "--template: not a field's name\n  {.}\n    ^"},
      {"{}", "--template: '' is no name\n  {}\n   ^"},
  };
  for (const auto& row : kRows) {
    const auto parsed = query::Template::parse(row.form);
    REQUIRE_FALSE(parsed);
    CHECK(parsed.error().code == base::Errc::Invalid);
    CHECK(parsed.error().message == row.message);
  }
}

TEST_CASE("a template's rows are harmless on a terminal, of pieces one row") {
  query::TemplateStyle style;
  CHECK(printed("{message}", "a\x07", origin_of("api"), style) == "a\x07\n");
  style.terminal = true;
  CHECK(printed("{message}", "a\x07", origin_of("api"), style) == "a\\x07\n");

  query_test::Sheet sheet;
  query::TemplatePrinter printer(sheet.output(),
                                 *query::Template::parse("<{message}>"), {});
  const auto api = origin_of("api");
  auto piece = piece_of("one ");
  piece.ends = false;
  printer.piece(api, piece);
  piece.text = "line";
  piece.begins = false;
  piece.ends = true;
  printer.piece(api, piece);
  printer.gap();
  piece = piece_of("open");
  piece.ends = false;
  printer.piece(api, piece);
  printer.piece(origin_of("web"), piece_of("other"));
  CHECK(sheet.text() == "<one line>\n--\n<open>\n<other>\n");
}
