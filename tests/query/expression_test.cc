#include "query/expression.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "base/json.h"
#include "query/json_lines.h"
#include "store/colours.h"
#include "support/sanitized.h"

using query::Expression;

namespace {

bool holds(std::string_view expression, std::string_view line) {
  auto parsed = Expression::parse(expression);
  REQUIRE_MESSAGE(parsed.has_value(),
                  expression << ": " << parsed.error().message);
  return parsed->matches(line);
}

std::string refused(std::string_view expression) {
  const auto parsed = Expression::parse(expression);
  REQUIRE_MESSAGE(!parsed.has_value(), expression);
  CHECK(parsed.error().code == base::Errc::Invalid);
  return parsed.error().message;
}

// Whether a line has what is required, by the plainest means.
bool satisfies(const query::Requirement& required, std::string_view line) {
  return std::ranges::all_of(required.sets, [&](const auto& set) {
    return std::ranges::any_of(set, [&](const query::Literal& literal) {
      return line.find(literal.text) != line.npos ||
             (literal.unless_escaped && line.find("\\u") != line.npos);
    });
  });
}

// An expression as text, and what it says of an object by the plain rules.
struct Naive {
  std::string text;
  std::function<bool(const nlohmann::json&)> holds;
};

constexpr std::string_view kPlainNames[] = {"status", "level", "msg", "a", "b"};

bool compare(std::string_view op, int order) {
  if (op == "=") return order == 0;
  if (op == "!=") return order != 0;
  if (op == ">") return order > 0;
  if (op == ">=") return order >= 0;
  return op == "<" ? order < 0 : order <= 0;
}

Naive naive_comparison(query_test::Random& random) {
  static constexpr std::string_view kOps[] = {"=", "!=", ">", ">=", "<", "<="};
  const std::string name(query_test::one_of(kPlainNames, random));
  const std::string op(query_test::one_of(kOps, random));
  if (random() % 5 == 0)
    return {"has(" + name + ")", [name](const nlohmann::json& object) {
              return object.contains(name);
            }};
  if (random() % 2 == 0) {
    const auto wanted = static_cast<double>(random() % 3) * 500 - 500;
    return {
        fmt::format("{} {} {}", name, op, wanted),
        [=](const nlohmann::json& object) {
          if (!object.contains(name)) return false;
          const auto& value = object[name];
          std::optional<double> number;
          if (value.is_number()) number = value.get<double>();
          if (value == "500" || value == "5e2") number = 500;
          if (value == "-7") number = -7;
          if (!number) return op == "!=";
          return compare(op, *number < wanted ? -1 : *number > wanted ? 1 : 0);
        }};
  }
  const std::string wanted(query_test::one_of(query_test::kTexts, random));
  const std::string quoted =
      nlohmann::json(wanted).dump();  // escapes as JSON has them
  return {name + op + quoted, [=](const nlohmann::json& object) {
            if (!object.contains(name)) return false;
            const auto& value = object[name];
            // Others than strings are compared as they stand: not here.
            return value.is_string() &&
                   compare(op, value.get<std::string>().compare(wanted));
          }};
}

Naive naive_expression(int depth, query_test::Random& random) {
  if (depth == 0 || random() % 4 == 0) return naive_comparison(random);
  Naive one = naive_expression(depth - 1, random);
  if (random() % 4 == 0)
    return {"not (" + one.text + ")",
            [one](const auto& object) { return !one.holds(object); }};
  Naive two = naive_expression(depth - 1, random);
  if (random() % 2 == 0)
    return {"(" + one.text + ") and (" + two.text + ")",
            [=](const auto& o) { return one.holds(o) && two.holds(o); }};
  return {"(" + one.text + ") or (" + two.text + ")",
          [=](const auto& o) { return one.holds(o) || two.holds(o); }};
}

// Any that parses, with all there is.
std::string random_expression(int depth, query_test::Random& random) {
  static constexpr std::string_view kPaths[] = {
      "status", "level", "msg", "a.b",     "a[0]",
      "b[*].a", "user",  "a",   "\"x-y\"", "caf\xc3\xa9"};
  static constexpr std::string_view kOps[] = {
      "=", "==", "!=", ">", ">=", "<", "<=", "~", "!~"};
  static constexpr std::string_view kValues[] = {
      "500",     "5e2",   "error", "\"some text\"",   "'warn'",
      "true",    "null",  "\"\"",  "\"a \\\"b\\\"\"", "\"caf\xc3\xa9\"",
      "\"x/y\"", "status"};
  switch (depth == 0 ? 0 : random() % 6) {
    case 0:
    case 1:
      return std::string(query_test::one_of(kPaths, random)) +
             std::string(query_test::one_of(kOps, random)) +
             std::string(query_test::one_of(kValues, random));
    case 2:
      return "has(" + std::string(query_test::one_of(kPaths, random)) + ")";
    case 3:
      return "not (" + random_expression(depth - 1, random) + ")";
    case 4:
      return "(" + random_expression(depth - 1, random) + ") and (" +
             random_expression(depth - 1, random) + ")";
    default:
      return "(" + random_expression(depth - 1, random) + ") or (" +
             random_expression(depth - 1, random) + ")";
  }
}

}  // namespace

TEST_CASE("numbers compare as numbers, whatever way they are written") {
  CHECK(holds("a=500", R"({"a":5e2})"));
  CHECK(holds("a=5e2", R"({"a":500})"));
  CHECK(holds("a=500", R"({"a":"500.0"})"));
  CHECK(holds("a>=500", "a=503"));
  CHECK_FALSE(holds("a>=500", "a=\"99\""));
  CHECK(holds("a=0", R"({"a":-0})"));
  CHECK(holds("a<10", R"({"a":9})"));
  CHECK(holds("a<\"10\"", R"({"a":1})"));  // texts: by their letters
  CHECK_FALSE(holds("a<\"10\"", R"({"a":9})"));
  CHECK_FALSE(holds("a>5", R"({"a":"many"})"));
  CHECK_FALSE(holds("a<5", R"({"a":"many"})"));
  CHECK(holds("a!=5", R"({"a":"many"})"));
  CHECK_FALSE(holds("a=1", R"({"a":true})"));
}

TEST_CASE("whole numbers that no double tells apart are told apart") {
  CHECK(holds("a=9007199254740993", R"({"a":9007199254740993})"));
  CHECK_FALSE(holds("a=9007199254740993", R"({"a":9007199254740992})"));
  CHECK(holds("a>9007199254740992", R"({"a":9007199254740993})"));
  CHECK(holds("a<-9007199254740992", R"({"a":-9007199254740993})"));
  CHECK(holds("a>-5", R"({"a":4})"));
}

TEST_CASE("a field that is missing makes any comparison false") {
  for (const std::string_view op :
       {"=", "==", "!=", ">", ">=", "<", "<=", "~", "!~"}) {
    CAPTURE(op);
    CHECK_FALSE(holds("b" + std::string(op) + "1", R"({"a":1})"));
    CHECK_FALSE(holds("b" + std::string(op) + "1", "no fields at all"));
    CHECK(holds("not b" + std::string(op) + "1", R"({"a":1})"));
  }
  CHECK_FALSE(holds("has(b)", R"({"a":1})"));
  CHECK(holds("has(a)", R"({"a":null})"));
}

TEST_CASE("not binds before and, and before or") {
  const std::string_view line = R"({"a":1,"b":2})";
  CHECK(holds("a=1 or a=2 and b=3", line));
  CHECK_FALSE(holds("(a=1 or a=2) and b=3", line));
  CHECK(holds("not a=2 and b=2", line));
  CHECK_FALSE(holds("not (a=2 or b=2)", line));
  CHECK(holds("not not a=1", line));
  CHECK(holds("a=1 && (b=3 || b=2)", line));
}

TEST_CASE("values are words, texts in either quotes, true, false and null") {
  CHECK(holds("level=error", R"({"level":"error"})"));
  CHECK(holds("level=error", "level=error x=1"));
  CHECK(holds(R"(a="v \"q\"")", R"({"a":"v \"q\""})"));
  CHECK(holds("a='v \"q\"'", R"({"a":"v \"q\""})"));
  CHECK(holds(R"(a='it\'s')", R"({"a":"it's"})"));
  CHECK(holds(R"(a='C:\dir')", R"({"a":"C:\\dir"})"));
  CHECK(holds("a=true", R"({"a":true})"));
  CHECK(holds("a=null", R"({"a":null})"));
  CHECK(holds("a=\"\"", R"({"a":""})"));
  CHECK(holds("path=/api/v1", "path=/api/v1"));
  CHECK(holds("\"x-y\".z=1", R"({"x-y":{"z":1}})"));
  CHECK(holds("has = 1 and not has(b)", "has=1"));
}

TEST_CASE("a pattern keeps its backslashes, and is looked for anywhere") {
  CHECK(holds(R"(a~"\berror\b")", R"({"a":"an error here"})"));
  CHECK_FALSE(holds(R"(a~"\berror\b")", R"({"a":"terrors"})"));
  CHECK(holds(R"(a~"^\d+\.\d$")", "a=12.5"));
  CHECK(holds(R"(a~"say \"x\"")", R"({"a":"say \"x\""})"));
  CHECK(holds("path~^/api", "path=/api/v1"));
  CHECK(holds("a!~b", "a=c"));
  CHECK_FALSE(holds("a!~b", "a=abc"));
}

TEST_CASE("of several elements one is enough") {
  const std::string_view line = R"({"a":[{"b":1},{"b":2}]})";
  CHECK(holds("a[*].b=2", line));
  CHECK(holds("a[*].b!=2", line));
  CHECK_FALSE(holds("not a[*].b=2", line));
  CHECK(holds("a[-1].b=2", line));
}

TEST_CASE("what can't be understood is refused with a caret under the place") {
  CHECK(refused("status>=") ==
        "--where: expected a value\n  status>=\n          ^");
  CHECK(refused("status 5").ends_with("\n  status 5\n         ^"));
  CHECK(refused("a=1 b=2").ends_with("\n  a=1 b=2\n      ^"));
  CHECK(refused("(a=1").ends_with("\n  (a=1\n      ^"));
  CHECK(refused("a=\"x").ends_with("string is not closed\n  a=\"x\n    ^"));
  CHECK(refused("a[x]=1").ends_with("\n  a[x]=1\n  ^"));
  CHECK(refused("a~\"(\"").ends_with("\n  a~\"(\"\n    ^"));
  CHECK(refused("").ends_with("^"));
  for (const std::string_view bad :
       {"and", "not", "a=1 and", "a=1 or or b=1", "=1", ")", "()", "has()",
        "has(a", "a==", "a=)", "a&b", "'", "\"", "a=1)", "a<>1", "a=1 and not"})
    (void)refused(bad);
  (void)refused(std::string(5000, '('));
  std::string nots;
  for (int i = 0; i < 5000; ++i) nots += "not ";
  (void)refused(nots + "a=1");
}

TEST_CASE(
    "what is required of a line are names and texts that must stand in it") {
  const auto texts = [](std::string_view expression) {
    std::string all;
    auto parsed = Expression::parse(expression);
    REQUIRE(parsed.has_value());
    for (const auto& set : parsed->requirement().sets) {
      all += '[';
      for (const auto& literal : set) {
        all += literal.text + ' ';
        CHECK(literal.unless_escaped);
        CHECK_FALSE(literal.ignore_case);
      }
      all += ']';
    }
    return all;
  };
  CHECK(texts("status=503") == "[status ]");
  CHECK(texts("level=error") == "[error ][level ]");
  CHECK(texts("level!=error") == "[level ]");
  CHECK(texts("a=\"\"") == "[a ]");
  CHECK(texts("a=\"x/y\"") == "[a ]");
  CHECK(texts("req.headers.id=1") == "[headers ]");
  CHECK(texts("not a=b").empty());
  CHECK(texts("a=b or not a=b").empty());
  CHECK(texts("msg~\"x\"") == "[msg ]");
  CHECK(texts("has(user)") == "[user ]");
  CHECK(texts("aa=1 and bb=2") == "[aa ][bb ]");
  CHECK(texts("aa=1 or bb=2") == "[aa bb ]");
}

TEST_CASE("an expression says what the plain rules say") {
  query_test::Random random(41);
  const int rounds = support::kSanitized ? 2'000 : 40'000;
  int held = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto object = query_test::json_object(1, random);
    const auto json = base::parse_json(object);
    if (!json) continue;
    // Flat values alone: the rules for texts of others are not the naive one's.
    const bool plain = std::ranges::all_of(*json, [](const auto& value) {
      return value.is_string() || value.is_number_float() ||
             value.is_number_integer();
    });
    const auto naive = naive_expression(3, random);
    const bool by_text = naive.text.find('"') != naive.text.npos;
    const bool numbers = std::ranges::any_of(
        *json, [](const auto& value) { return value.is_number(); });
    if (!plain || (by_text && numbers)) continue;
    CAPTURE(object);
    CAPTURE(naive.text);
    const bool wanted = naive.holds(*json);
    CHECK(holds(naive.text, object) == wanted);
    held += wanted ? 1 : 0;
  }
  CHECK(held > rounds / 20);
}

TEST_CASE("no line that an expression takes lacks what it requires") {
  query_test::Random random(43);
  const int rounds = support::kSanitized ? 300 : 6'000;
  int taken = 0, refusals = 0;
  for (int round = 0; round < rounds; ++round) {
    const auto text = random_expression(3, random);
    const auto parsed = Expression::parse(text);
    REQUIRE_MESSAGE(parsed.has_value(), text);
    for (int i = 0; i < 40; ++i) {
      const auto line = query_test::random_line(random);
      const bool may = satisfies(parsed->requirement(), line);
      if (!may) ++refusals;
      if (!parsed->matches(line)) continue;
      ++taken;
      REQUIRE_MESSAGE(may, text << " of " << line);
    }
  }
  CHECK(taken > rounds);
  CHECK(refusals > rounds);
}

TEST_CASE("fields are the same with colours anywhere in the line") {
  query_test::Random random(44);
  int taken = 0;
  for (int round = 0; round < 1'000; ++round) {
    const auto text = random_expression(3, random);
    const auto parsed = Expression::parse(text);
    REQUIRE_MESSAGE(parsed.has_value(), text);
    const auto& required = parsed->requirement();
    CHECK((required.is_empty() || required.through_colours));
    for (int i = 0; i < 10; ++i) {
      const auto line = query_test::random_line(random);
      auto coloured = line;
      for (const std::string_view colour : {"\x1b[1;31m", "\x1b[39m", "\x1b[m"})
        coloured.insert(random() % (line.size() + 1), colour);
      std::string scratch;
      if (store::without_colours(coloured, scratch) != line)
        continue;  // one lies within another
      CAPTURE(coloured);
      REQUIRE(parsed->matches(coloured) == parsed->matches(line));
      taken += parsed->matches(line) ? 1 : 0;
    }
  }
  CHECK(taken > 1'000);
}
