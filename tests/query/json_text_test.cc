#include "query/json_text.h"

#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "query/json_printer.h"
#include "query/sheet.h"

namespace {

using query_test::origin_of;
using query_test::piece_of;

std::string fields(std::string_view line) {
  std::string text;
  if (!query::append_json_fields(line, text)) CHECK(text.empty());
  return text;
}

std::string without_quotes(std::string_view text) {
  std::string left(text);
  std::erase(left, '"');
  return left;
}

nlohmann::json printed(std::string_view line, query::JsonMembers members = {},
                       bool context = false) {
  query_test::Sheet sheet;
  query::JsonPrinter printer(sheet.output(), {}, false, std::move(members));
  if (context) printer.next_is_context();
  printer.piece(origin_of("api"), piece_of(line));
  auto parsed = base::parse_json(sheet.text());
  REQUIRE(parsed);
  return *parsed;
}

}  // namespace

TEST_CASE("fields of JSON and logfmt lines as an object, of others none") {
  struct Row {
    std::string_view line;
    std::string_view fields;
  };
  constexpr Row kRows[] = {
      {R"({"a":1})", R"({"a":1})"},
      {R"({"b":"x\ny","a":{"c":[null,true]}})",
       R"({"b":"x\ny","a":{"c":[null,true]}})"},
      {"status=502 path=/api", R"({"status":"502","path":"/api"})"},
      {"a=1 b=2 a=3", R"({"b":"2","a":"3"})"},
      {"a=1", ""},
      {"only a=1 here", ""},
      {"plain", ""},
      {"{}", ""},
      {"", ""},
  };
  for (const auto& row : kRows) {
    CAPTURE(row.line);
    const std::string got = fields(row.line);
    // Whether numbers of logfmt are numbers is not said here.
    CHECK(without_quotes(got) == without_quotes(row.fields));
    if (!got.empty()) CHECK(base::parse_json(got));
  }
}

TEST_CASE(
    "a JSON line says its level, fields, host and cursor, if it has any") {
  query::JsonMembers members;
  members.host = "web-\"1\"";
  members.cursor = [](const query::Origin& origin,
                      std::optional<base::Timestamp> time) {
    return origin.app + "@" + base::format_stamp(*time);
  };
  const auto full = printed(R"({"level":"warn","ms":5})", members);
  CHECK(full["level"] == "warn");
  CHECK(full["fields"] == nlohmann::json{{"level", "warn"}, {"ms", 5}});
  CHECK(full["host"] == "web-\"1\"");
  CHECK(full["cursor"] == "api@2026-11-21T10:15:00.000000Z");
  const auto plain = printed("hello");
  for (const char* name : {"level", "fields", "host", "cursor", "context"})
    CHECK_FALSE(plain.contains(name));
  // Not UTF-8: its level is found all the same.
  const auto bytes = printed("ERROR \xff a=1 b=2");
  CHECK(bytes["level"] == "error");
  CHECK_FALSE(bytes.contains("fields"));
  CHECK(bytes.contains("message_base64"));
}

TEST_CASE("a JSON line of context says so, the next one does not") {
  CHECK(printed("a", {}, true)["context"] == true);
  query_test::Sheet sheet;
  query::JsonPrinter printer(sheet.output(), {}, false);
  const auto api = origin_of("api");
  auto open = piece_of("context");
  open.ends = false;
  printer.next_is_context();
  printer.piece(api, open);
  printer.piece(api, piece_of("match"));
  const std::string text = sheet.text();
  CHECK(text.find("\"context\":true") < text.find('\n'));
  CHECK(text.find("\"context\":true", text.find('\n')) == text.npos);
}
