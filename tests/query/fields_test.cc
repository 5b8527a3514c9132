#include "query/fields.h"

#include <doctest/doctest.h>

#include <optional>

#include "base/json.h"
#include "query/json_lines.h"
#include "support/sanitized.h"

using query::FieldValue;
using Kind = query::FieldValue::Kind;

namespace {

query::FieldPath path_of(std::string_view text) {
  auto path = query::parse_field_path(text);
  REQUIRE_MESSAGE(path.has_value(), text);
  return *path;
}

std::vector<FieldValue> find(std::string_view line, std::string_view path) {
  std::vector<FieldValue> values;
  query::find_fields(line, path_of(path), values);
  return values;
}

// The texts, joined.
std::string found(std::string_view line, std::string_view path) {
  std::string all;
  for (const auto& value : find(line, path)) {
    if (!all.empty()) all += '|';
    all += value.text;
  }
  return all;
}

// What a JSON library finds by the plain rules of fields.h.
void follow(const nlohmann::json& at, const query::FieldPath& path, size_t step,
            std::vector<nlohmann::json>& into) {
  if (step == path.steps.size()) {
    into.push_back(at);
    return;
  }
  const auto& wanted = path.steps[step];
  if (!wanted.name.empty()) {
    if (at.is_object() && at.contains(wanted.name))
      follow(at[wanted.name], path, step + 1, into);
    return;
  }
  if (!at.is_array()) return;
  if (wanted.every) {
    for (const auto& element : at) follow(element, path, step + 1, into);
    return;
  }
  const auto size = static_cast<int64_t>(at.size());
  const auto index = wanted.index < 0 ? size + wanted.index : wanted.index;
  if (index >= 0 && index < size)
    follow(at[static_cast<size_t>(index)], path, step + 1, into);
}

void check_same(const FieldValue& value, const nlohmann::json& wanted) {
  CAPTURE(value.text);
  CAPTURE(wanted.dump());
  switch (wanted.type()) {
    case nlohmann::json::value_t::string:
      CHECK(value.kind == Kind::String);
      CHECK(value.text == wanted.get<std::string>());
      break;
    case nlohmann::json::value_t::boolean:
      CHECK(value.kind == Kind::Bool);
      CHECK(value.text == wanted.dump());
      break;
    case nlohmann::json::value_t::null:
      CHECK(value.kind == Kind::Null);
      break;
    case nlohmann::json::value_t::object:
    case nlohmann::json::value_t::array: {
      CHECK(value.kind == (wanted.is_object() ? Kind::Object : Kind::Array));
      const auto parsed = base::parse_json(value.text);
      CHECK((parsed && *parsed == wanted));
      break;
    }
    default:
      CHECK(value.kind == Kind::Number);
      CHECK(value.is_number);
      CHECK(value.number == wanted.get<double>());
  }
}

}  // namespace

TEST_CASE("fields of JSON are found by name, path and index") {
  const std::string line =
      R"({"a":{"b":1,"c":[10,20,{"d":"x"}]},"a.b":2,"n":null,"t":true})";
  CHECK(found(line, "a.b") == "2");  // the flat key comes first
  CHECK(found(line, "a.c[0]") == "10");
  CHECK(found(line, "a.c[-1].d") == "x");
  CHECK(found(line, "a.c[-3]") == "10");
  CHECK(find(line, "a.c[3]").empty());
  CHECK(find(line, "a.c[-4]").empty());
  CHECK(found(line, "a.c[*]") == R"(10|20|{"d":"x"})");
  CHECK(found(line, "a.c[*].d") == "x");
  CHECK(find(line, "a.b.c").empty());
  CHECK(find(line, "n").front().kind == Kind::Null);
  CHECK(find(line, "t").front().kind == Kind::Bool);
  CHECK(find(line, "x").empty());
}

TEST_CASE("of keys that are there twice the last counts") {
  CHECK(found(R"({"a":1,"a":2})", "a") == "2");
  CHECK(found(R"({"a":{"b":1},"a":{"c":2}})", "a.b").empty());
  CHECK(found("a=1 a=2", "a") == "2");
}

TEST_CASE("a name or a text is the same however it is escaped") {
  CHECK(found(R"({"\u0061":"\u00e9\n\/\ud83c\udf89"})", "a") ==
        "\u00e9\n/\U0001F389");
  CHECK(found(R"({"a":"\ud83c"})", "a") == "\ufffd");
  CHECK(found(R"({"a":"\ud83c\u0041"})", "a") == "\ufffdA");
  CHECK(found(R"({"a":"\x\u12"})", "a") == R"(\x\u12)");
  CHECK(found(R"({"x-\"y":1})", R"("x-\"y")") == "1");
}

TEST_CASE("an object may follow a prefix, and must run to the line's end") {
  CHECK(found("2026-11-21 INFO {\"a\":1}", "a") == "1");
  CHECK(found("[api] {x} {\"a\":1}\r", "a") == "1");
  CHECK(found("  {\"a\":1} \t", "a") == "1");
  CHECK(find("INFO {\"a\":1} and more", "a").empty());
  CHECK(find("INFO {a:1}", "a").empty());
}

TEST_CASE("logfmt: words are passed over, quotes hold blanks and escapes") {
  const std::string line =
      "started level=warn took=12.5 path=\"/a b\" msg=\"v \\\"q\\\"\" empty= "
      "\"a=1 in quotes\" x.y=z ok=true\r";
  CHECK(found(line, "level") == "warn");
  CHECK(find(line, "took").front().kind == Kind::Number);
  CHECK(find(line, "took").front().number == 12.5);
  CHECK(found(line, "path") == "/a b");
  CHECK(found(line, "msg") == "v \"q\"");
  CHECK(find(line, "empty").size() == 1);
  CHECK(found(line, "x.y") == "z");
  CHECK(found(line, "ok") == "true");
  CHECK(find(line, "a").empty());
  CHECK(find(line, "started").empty());
  CHECK(find("a=1 b=\"not closed", "b").empty());
}

TEST_CASE("what is before the damage is found") {
  CHECK(found(R"({"a":1,"b":"cut off)", "a") == "1");
  CHECK(find(R"({"a":1,"b":"cut off)", "b").empty());
  CHECK(found(R"({"a":1,"b":{"c":2,)", "a") == "1");
  for (const std::string_view line :
       {"{", "{\"", "{\"a\"", "{\"a\":", "{\"a\":}", "{\"a\":]", "{]", "", "}",
        "{\"a\\", "={", "=", "\"", "{\"a\":\"\\"})
    CHECK(find(line, "a").empty());
}

TEST_CASE("numbers are those of JSON; a text that is one counts as one") {
  CHECK(find(R"({"a":5e2})", "a").front().number == 500);
  CHECK(find(R"({"a":"500"})", "a").front().is_number);
  CHECK(find(R"({"a":"500"})", "a").front().kind == Kind::String);
  for (const std::string_view no : {"", "-", "-inf", "inf", "nan", "-nan",
                                    "0x10", "1e999", "1 ", "+1", "12ms", "-.5"})
    CHECK_MESSAGE(!query::parse_number(no), no);
  CHECK(query::parse_number("-1.5e-3") == -0.0015);
}

TEST_CASE("depth beyond all measure costs neither stack nor time") {
  std::string line = "{\"a\":";
  line.append(200'000, '[');
  CHECK(find(line, "a").empty());
  CHECK(find(line, "a[0]").empty());
  line.append(200'000, ']');
  line += ",\"b\":1}";
  CHECK(found(line, "b") == "1");
  CHECK(find("x " + std::string(200'000, '{'), "a").empty());
}

TEST_CASE(
    "a path that makes no sense is refused with a caret under the place") {
  const auto refused = [](std::string_view text) {
    const auto path = query::parse_field_path(text);
    REQUIRE_FALSE(path.has_value());
    return path.error().message;
  };
  CHECK(refused("a..b").ends_with("\n  a..b\n    ^"));
  CHECK(refused("").ends_with("^"));
  CHECK(refused("a[").ends_with("\n  a[\n   ^"));
  CHECK(refused("a[x]").ends_with("\n  a[x]\n    ^"));
  CHECK(refused("a b").ends_with("\n  a b\n   ^"));
  CHECK(refused("\"a").ends_with("\n  \"a\n  ^"));
  CHECK(refused("[0]").ends_with("\n  [0]\n  ^"));
}

TEST_CASE("all fields of a line come in its order") {
  std::string names;
  for (const auto& field : query::all_fields(R"(x {"b":[1],"\u0061":"t"})"))
    names += field.name + "=" + field.value.text + ";";
  CHECK(names == "b=[1];a=t;");
  CHECK(query::all_fields("just words").empty());
  CHECK(query::all_fields("a=1 word b=\"2 3\"").size() == 2);
}

TEST_CASE("fields are those that a JSON library finds") {
  query_test::Random random(31);
  static constexpr std::string_view kPaths[] = {"a",          "b",
                                                "a.b",        "a.b.a",
                                                "status",     "level.msg",
                                                "a[0]",       "a[-1].b",
                                                "a[*]",       "b[*].a",
                                                "user",       "a[*][*]",
                                                "\"x-y\"",    "\"caf\xc3\xa9\"",
                                                "msg.\"x-y\""};
  const int rounds = support::kSanitized ? 3'000 : 60'000;
  int compared = 0;
  for (int round = 0; round < rounds; ++round) {
    const std::string object = query_test::json_object(3, random);
    const auto parsed = base::parse_json(object);
    if (!parsed) continue;  // a name twice, a number beyond all
    const auto path = path_of(query_test::one_of(kPaths, random));
    CAPTURE(object);
    CAPTURE(path.text);
    std::vector<nlohmann::json> wanted;
    if (path.steps.size() > 1 && parsed->contains(path.text))
      wanted.push_back((*parsed)[path.text]);
    else
      follow(*parsed, path, 0, wanted);
    const std::string prefix = random() % 3 == 0 ? "10:15:02 INFO " : "";
    // Nothing but an object makes a line of JSON.
    std::vector<FieldValue> values;
    query::find_fields(prefix + object, path, values);
    REQUIRE(values.size() == wanted.size());
    for (size_t i = 0; i < values.size(); ++i) check_same(values[i], wanted[i]);
    compared += static_cast<int>(values.size());
  }
  CHECK(compared > rounds / 20);
}

TEST_CASE("fields are seen through colours") {
  const std::string whole = "\x1b[32m{\"status\":500}\x1b[0m";
  CHECK(found(whole, "status") == "500");
  CHECK(found("\x1b[36mstatus=\x1b[0m500", "status") == "500");
  CHECK(found("{\x1b[34m\"a\"\x1b[0m:\"\x1b[1mb\x1b[0mc\"}", "a") == "bc");
  CHECK(found(R"({"level":"\u001b[32minfo\u001b[39m"})", "level") == "info");
  CHECK(query::all_fields(whole).size() == 1);
}
