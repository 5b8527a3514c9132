// Lines that programs wrote, which may be anything, and what a person asks of
// them: fields, conditions, records, templates, patterns.

#include <algorithm>

#include "base/json.h"
#include "fuzz/fuzzer.h"
#include "query/expression.h"
#include "query/fields.h"
#include "query/line_finder.h"
#include "query/pattern.h"
#include "query/records.h"
#include "query/templates.h"

namespace {

void check_fields(std::string_view line) {
  for (const auto& field : query::all_fields(line)) {
    fuzz::must(field.value.text.size() <= 3 * line.size(),
               "a value is of the line");
    if (field.name.empty()) continue;
    std::vector<query::FieldValue> found;
    query::find_fields(
        line, {.steps = {{.name = field.name}}, .text = field.name}, found);
    fuzz::must(found.size() == 1, "what is there is found");
  }
}

void check_path(std::string_view text, std::string_view line) {
  const auto path = query::parse_field_path(text);
  if (!path) {
    fuzz::must(path.error().message.ends_with("^"), "a path has its caret");
    return;
  }
  fuzz::must(!path->steps.empty() && !path->steps.front().name.empty(),
             "a path begins with a name");
  std::vector<query::FieldValue> found;
  query::find_fields(line, *path, found);
  const bool several = std::ranges::any_of(
      path->steps, [](const auto& step) { return step.every; });
  fuzz::must(several || found.size() <= 1, "one path, one value");
}

bool lacks(std::string_view line, const query::Requirement& required) {
  return std::ranges::any_of(required.sets, [&](const auto& set) {
    return std::ranges::none_of(set, [&](const query::Literal& literal) {
      return line.find(literal.text) != line.npos ||
             (literal.unless_escaped && line.find("\\u") != line.npos);
    });
  });
}

void check_expression(std::string_view text, std::string_view line) {
  const auto expression = query::Expression::parse(text);
  if (!expression) {
    fuzz::must(expression.error().message.ends_with("^"),
               "a condition has its caret");
    return;
  }
  fuzz::must(
      !expression->matches(line) || !lacks(line, expression->requirement()),
      "what is taken has what is required");
}

// A pattern with the lines of a buffer: found at once, or each by itself.
void check_pattern(std::string_view text, std::string_view lines) {
  query::TextQuery query;
  query.any.emplace_back(text.substr(0, 200));
  query.ignore_case = text.size() % 2 == 0;
  query.fixed = text.size() % 5 == 0;
  query.bytes = text.size() % 3 == 0;
  const auto pattern = query::Pattern::compile(query);
  if (!pattern) return;
  query::LineFinder finder(*pattern, {});
  finder.set_buffer(lines, query::LineForm::Plain);
  size_t from = 0;
  query::Span found;
  bool more = finder.next(from, found);
  while (from < lines.size()) {
    const size_t end = std::min(lines.find('\n', from), lines.size());
    const auto line = lines.substr(from, end - from);
    const bool matches = pattern->matches(line);
    fuzz::must(matches == (more && found == query::Span{from, end}),
               "a buffer is searched as its lines are");
    std::vector<query::Span> spans;
    pattern->find_spans(line, spans);
    size_t last = 0;
    for (const auto& span : spans) {
      fuzz::must(span.begin >= last && span.begin < span.end &&
                     span.end <= line.size(),
                 "spans lie in the line, in order");
      last = span.end;
    }
    from = end + 1;
    if (matches) more = from < lines.size() && finder.next(from, found);
  }
}

void check(std::string_view input) {
  // What is asked, and what is read: the first line, and those after it.
  const size_t end = std::min(input.find('\n'), input.size());
  const auto question = input.substr(0, end);
  const auto rest = input.substr(std::min(end + 1, input.size()));
  const auto line = rest.substr(0, rest.find('\n'));
  check_fields(line);
  check_path(question, line);
  check_expression(question, line);
  check_pattern(question, rest);
  fuzz::must(
      query::asks_previous(line) || query::continues_record(line, {}) ==
                                        query::continues_record(line, question),
      "the line before counts only where it is asked for");
  const auto made = query::make_template(line);
  fuzz::must(made.size() <= 8 * 1024, "a template is bounded");
  fuzz::must(!base::is_utf8(line) || base::is_utf8(made),
             "a template of text is text");
  fuzz::must(made == query::make_template(line), "and always the same");
}

}  // namespace

int main(int argc, char** argv) {
  return fuzz::run(
      argc, argv,
      {"status>=500 and (level=\"error\" or not has(user.id))\n"
       R"({"status":5e2,"level":"err\u006fr","user":{"id":7},"a":[1,{"b":2}]})",
       "a[*].b=2 or a[-1]!~\"^x\\\"\" && msg='it\\'s'\n"
       R"(10:15:02 INFO {"a":[{"b":2}],"msg":"it's \ud83c\udf89","a.b":null})",
       "\"x-y\".z<-0.5\nlevel=warn x-y=\"v \\\"q\\\"\" took=12ms path=/a word",
       "(?i)err(or)?|caf\xc3\xa9 [0-9]+$\nERROR caf\xc3\xa9 12\n    at f "
       "(a:1)\n"
       "\x1b[31merr\x1b[0mor\n",
       "disk full\n10.0.0.1 3f9d2c71-8e4a-4b6f-9c11-2a7d5e8f0b34 12ms ::1 "
       "0x1f 2026-11-21T10:15:02.5Z 1h3m2.5s 12\xc2\xb5s disk full",
       "a\ngoroutine 1 [running]:\nmain.main()\nCaused by: x\n"},
      check);
}
