#include "query/count_printer.h"

#include <doctest/doctest.h>

#include "query/sheet.h"

namespace {

using query_test::piece_of;

query::Origin stream(const std::string& app, int instance, query::Kind kind) {
  auto origin = query_test::origin_of(app, instance, kind,
                                      app + "/" + std::to_string(instance));
  origin.path = origin.label + (kind == query::Kind::Error ? ".err" : ".out");
  return origin;
}

const auto kOut = stream("api", 0, query::Kind::Out);
const auto kError = stream("api", 0, query::Kind::Error);
const auto kOther = stream("api", 1, query::Kind::Out);

// Two matches of kOut, one of kError; the rest is context.
void feed(query::Printer& printer) {
  printer.next_is_context();
  printer.piece(kOther, piece_of("context"));
  printer.piece(kOut, piece_of("a"));
  auto part = piece_of("b");
  part.ends = false;
  printer.piece(kOut, part);
  part.begins = false;
  part.ends = true;
  printer.piece(kOut, part);
  CHECK_FALSE(printer.event(kOut, {}));
  printer.next_is_context();
  printer.piece(kOut, piece_of("context"));
  printer.piece(kError, piece_of("c"));
  printer.settle();
}

std::string counted(const std::vector<query::Origin>& origins,
                    query::CountForm form = query::CountForm::Text) {
  query_test::Sheet sheet;
  query::CountPrinter printer(sheet.output(), origins, form);
  feed(printer);
  printer.finish();
  return sheet.text();
}

}  // namespace

TEST_CASE("matches are counted for each app, those without one too") {
  auto idle = kOther;
  idle.app = "idle";
  CHECK(counted({kOut, kError, idle}) == "api:3\nidle:0\n");
  // One that appeared under way.
  CHECK(counted({kOut}) == "3\n");
  CHECK(counted({kError}, query::CountForm::Json) ==
        R"({"v":1,"app":"api","id":0,"instance":0,"stream":"error","count":1})"
        "\n"
        R"({"v":1,"app":"api","id":0,"instance":0,"stream":"out","count":2})"
        "\n");
}

TEST_CASE("the count of one app is the number alone") {
  query_test::Sheet sheet;
  auto events = kOut;
  events.kind = query::Kind::Events;
  query::CountPrinter printer(sheet.output(), {kOut, events},
                              query::CountForm::Text);
  printer.piece(kOut, piece_of("a"));
  printer.finish();
  CHECK(sheet.text() == "1\n");
}

TEST_CASE("streams with a match are listed once, until none is left") {
  struct Row {
    query::ListForm form;
    std::string_view text;
  };
  const Row rows[] = {
      {query::ListForm::Text, "api/0 out\napi/0 error\n"},
      {query::ListForm::Json,
       R"({"v":1,"app":"api","id":0,"instance":0,"stream":"out"})"
       "\n"
       R"({"v":1,"app":"api","id":0,"instance":0,"stream":"error"})"
       "\n"},
  };
  for (const auto& row : rows) {
    query_test::Sheet sheet;
    query::ListPrinter printer(sheet.output(), 3, row.form);
    feed(printer);
    CHECK(printer.wants_more());
    printer.piece(kOut, piece_of("again"));
    CHECK(sheet.text() == row.text);
    printer.piece(kOther, piece_of("d"));
    CHECK_FALSE(printer.wants_more());
  }
}

TEST_CASE("files with a match are listed once, whichever stream they are of") {
  const std::string sealed = "archive/api/\"0\".zst";
  const std::string* file = &sealed;
  for (const auto form : {query::ListForm::Text, query::ListForm::Json}) {
    query_test::Sheet sheet;
    query::ListPrinter printer(
        sheet.output(), 3, form,
        [&](const query::Origin&) -> const std::string& { return *file; });
    for (const auto* at : {&sealed, &sealed, &kOut.path, &sealed, &kOut.path}) {
      file = at;
      printer.piece(kOut, piece_of("a"));
    }
    CHECK(printer.wants_more());
    file = &kError.path;
    printer.piece(kError, piece_of("a"));
    CHECK_FALSE(printer.wants_more());
    if (form == query::ListForm::Text)
      CHECK(sheet.text() == sealed + "\napi/0.out\napi/0.err\n");
    else
      CHECK(sheet.text().starts_with(
          R"({"v":1,"app":"api","id":0,"instance":0,"stream":"out",)"
          R"("path":"archive/api/\"0\".zst"})"
          "\n"));
  }
}

TEST_CASE("quiet wants no more after a match, but after context it does") {
  query::QuietPrinter printer;
  printer.next_is_context();
  printer.piece(kOut, piece_of("context"));
  CHECK(printer.wants_more());
  CHECK_FALSE(printer.found());
  printer.piece(kOut, piece_of("a"));
  CHECK_FALSE(printer.wants_more());
  CHECK(printer.found());
}
