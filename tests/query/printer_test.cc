#include <doctest/doctest.h>

#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "base/json.h"
#include "query/json_printer.h"
#include "query/log_dir.h"
#include "query/raw_printer.h"
#include "query/reading.h"
#include "query/sheet.h"
#include "query/text_printer.h"

namespace {

using query_test::LogDir;

constexpr int64_t kStart = 1'795'256'100'000'000;  // 2026-11-21T10:15:00Z

std::string stamped(int64_t us, std::string_view text) {
  return base::format_stamp({kStart + us}) + " " + std::string(text);
}

class StillClock final : public base::Clock {
 public:
  base::Timestamp now() const override { return time; }
  base::MonoTime mono() const override { return {}; }
  base::Timestamp time{kStart + 3'600'000'000};
};

// What a printer made by `make` writes for a query.
template <class Make>
std::string printed(const LogDir& dir, const query::Query& query, Make make) {
  const std::string path = dir.file("printed");
  auto fd = base::fs::open(path, O_WRONLY | O_CREAT | O_TRUNC);
  query::Output output(fd->get());
  query::Reading reading(query, dir.plan(query), false);
  auto printer = make(output);
  printer.widen(reading.label_width());
  reading.replay(printer);
  return query_test::read_whole(path);
}

std::string text(const LogDir& dir, const query::Query& query,
                 query::TextStyle style = {.zone = base::Zone::Utc}) {
  const StillClock clock;
  return printed(dir, query, [&](query::Output& output) {
    return query::TextPrinter(output, clock, style);
  });
}

std::string raw(const LogDir& dir, const query::Query& query) {
  return printed(dir, query, [&](query::Output& output) {
    query::Problems problems;
    return query::RawPrinter(
        output, query::find_line_endings(dir.plan(query).origins, problems));
  });
}

std::vector<nlohmann::json> json(const LogDir& dir, const query::Query& query) {
  const std::string text = printed(dir, query, [&](query::Output& output) {
    query::Problems problems;
    return query::JsonPrinter(
        output, query::find_lives(dir.plan(query).origins, problems), true);
  });
  std::vector<nlohmann::json> objects;
  for (size_t at = 0; at < text.size();) {
    const size_t end = text.find('\n', at);
    auto object = base::parse_json(std::string_view(text).substr(at, end - at));
    REQUIRE(object);
    objects.push_back(std::move(*object));
    at = end + 1;
  }
  return objects;
}

std::string sanitized(const std::vector<std::string_view>& pieces,
                      bool colours) {
  query::Sanitizer sanitizer(colours);
  std::string shown;
  for (const auto piece : pieces) sanitizer.add(piece, shown);
  sanitizer.end(shown);
  return shown;
}

void note_line_ended(const LogDir& dir, int64_t line, store::Stream stream) {
  store::Event event;
  event.time = {kStart + line + 1};
  event.kind = store::EventKind::LineEnded;
  event.app = "api";
  event.instance = 0;
  event.stream = stream;
  event.line = {{kStart + line}};
  (void)store::append_event(dir.path(), event);
}

}  // namespace

TEST_CASE("rows have time, padded name, mark and text; events a dot") {
  LogDir dir;
  dir.add_app("api", 2);
  dir.add_app("web", 1);
  dir.append("api-out-1.log", stamped(123456, "hello\n"));
  dir.append("web-error.log", stamped(200000, "oh\x07 no\n"));
  dir.append("web-out.log", stamped(500000, "prompt> "));
  store::Event event;
  event.time = {kStart + 300000};
  event.kind = store::EventKind::Exit;
  event.app = "api";
  event.instance = 1;
  event.code = 1;
  (void)store::append_event(dir.path(), event);
  CHECK(text(dir, {}) ==
        "10:15:00.123456 api/1   hello\n"
        "10:15:00.200000 web   ! oh\x07 no\n"
        "10:15:00.300000 api/1 \u00b7 exited with code 1\n"
        "10:15:00.500000 web     prompt> \n");
}

TEST_CASE("rows of a deleted app are marked gone") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.add_app("web", 2);
  dir.delete_app("web");
  dir.append("api-out.log", stamped(1, "one\n"));
  dir.append("web-out-1.log", stamped(2, "two\n"));
  store::Event event;
  event.time = {kStart + 3};
  event.kind = store::EventKind::Delete;
  event.app = "web";
  event.instance = 1;
  dir.append("web-events.log", store::format_event(event) + "\n");
  const auto rows = text(dir, {});
  CHECK(
      rows.starts_with("10:15:00.000001 api          one\n"
                       "10:15:00.000002 web/1 gone   two\n"
                       "10:15:00.000003 web/1 gone \u00b7 "));
  const auto objects = json(dir, {});
  REQUIRE(objects.size() == 3);
  CHECK_FALSE(objects[0].contains("gone"));
  CHECK(objects[1]["gone"] == true);
  CHECK(objects[2]["gone"] == true);
}

TEST_CASE("lines of another day say which, those of another year too") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", "2025-01-02T03:04:05.000006Z a\n" +
                                stamped(-86'400'000'000, "b\n") +
                                stamped(0, "c\n"));
  CHECK(text(dir, {}) ==
        "2025-01-02 03:04:05.000006 api   a\n"
        "11-20 10:15:00.000000 api   b\n"
        "10:15:00.000000 api   c\n");
}

TEST_CASE("on a terminal colours pass and are reset, all else is shown") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-error.log", stamped(0, "\x1b[31mred \x1b[2J\x07\n"));
  const auto shown = text(
      dir, {}, {.zone = base::Zone::Utc, .terminal = true, .colour = true});
  CHECK(shown == "10:15:00.000000 " + std::string(query::label_colour("api")) +
                     "api\x1b[0m \x1b[31m!\x1b[0m \x1b[31mred "
                     "\\x1b[2J\\x07\x1b[0m\n");
}

TEST_CASE("on a terminal rows end, and say so, unless all is asked for") {
  LogDir dir;
  dir.add_app("api", 1);
  const std::string line(200'000, 'x');
  dir.append("api-out.log", stamped(0, line + "\n"));
  query::TextStyle style{.zone = base::Zone::Utc, .terminal = true};
  CHECK(text(dir, {}, style) == "10:15:00.000000 api   " +
                                    std::string(8192, 'x') +
                                    "\u2026 (--full shows the rest)\n");
  style.full = true;
  CHECK(text(dir, {}, style) == "10:15:00.000000 api   " + line + "\n");
  CHECK(text(dir, {}) == "10:15:00.000000 api   " + line + "\n");
}

TEST_CASE("a row that was cut takes nothing from the event after it") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(0, std::string(9'000, 'x') + "\n"));
  store::Event event;
  event.time = {kStart + 1};
  event.kind = store::EventKind::Exit;
  event.app = "api";
  event.code = 1;
  (void)store::append_event(dir.path(), event);
  CHECK(text(dir, {}, {.zone = base::Zone::Utc, .terminal = true})
            .ends_with("\n10:15:00.000001 api \u00b7 exited with code 1\n"));
}

TEST_CASE("what a terminal gets of a child's bytes") {
  struct Row {
    std::string_view bytes;
    std::string_view shown;
  };
  constexpr Row kRows[] = {
      {"plain \t tab", "plain \t tab"},
      {"\x1b[1;31mred", "\x1b[1;31mred\x1b[0m"},
      {"\x1b[38:5:9m", "\x1b[38:5:9m\x1b[0m"},
      // Blinking and concealed are no colours; as a part of one they are.
      {"\x1b[8mhidden", "\\x1b[8mhidden"},
      {"\x1b[1;5;31mx", "\\x1b[1;5;31mx"},
      {"\x1b[06m|\x1b[38;2;8;8;8;8m", "\\x1b[06m|\\x1b[38;2;8;8;8;8m"},
      {"\x1b[38;5;8;48;2;5;6;8m", "\x1b[38;5;8;48;2;5;6;8m\x1b[0m"},
      {"\x1b[m\x1b[;1m\x1b[28m", "\x1b[m\x1b[;1m\x1b[28m\x1b[0m"},
      {"\x1b[2J", "\\x1b[2J"},
      {"\x1b]0;title\x07", "\\x1b]0;title\\x07"},
      {"\x1b[31", "\\x1b[31"},
      {"\x1b", "\\x1b"},
      {"a\rb\x08", "a\\x0db\\x08"},
      {"\x7f", "\\x7f"},
      {"caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80",
       "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"},
      {"\xc2\x9b"
       "31m",
       "\\xc2\\x9b31m"},  // C1 CSI
      {"\x9b\xff\xc3", "\\x9b\\xff\\xc3"},
      {"\xed\xa0\x80", "\\xed\\xa0\\x80"},  // a surrogate
      {"\xe0\x80\x80", "\\xe0\\x80\\x80"},  // overlong
      {"\xc2\x85|\xc2\x9f|\xc2\xa0", "\\xc2\\x85|\\xc2\\x9f|\xc2\xa0"},
      // Order and what is seen are as they are written.
      {"user \u202eadmin\u202c", "user \\u202eadmin\\u202c"},
      {"\u2066a\u2069 \u200e\u200f\u061c",
       "\\u2066a\\u2069 \\u200e\\u200f\\u061c"},
      {"a\u200bb\u2060c\ufeffd\u00ade", "a\\u200bb\\u2060c\\ufeffd\\u00ade"},
      {"\u2028\u2029\U000e0041", "\\u2028\\u2029\\U000e0041"},
      {"\u2014 \u201cx\u201d \u2190 \U0001f600",
       "\u2014 \u201cx\u201d \u2190 \U0001f600"},
      {"\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", "\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d"},
  };
  for (const auto& row : kRows) {
    CAPTURE(row.shown);
    CHECK(sanitized({row.bytes}, true) == row.shown);
    // However the bytes are cut into pieces.
    for (size_t i = 0; i <= row.bytes.size(); ++i)
      CHECK(sanitized({row.bytes.substr(0, i), row.bytes.substr(i)}, true) ==
            row.shown);
  }
  using namespace std::string_view_literals;
  CHECK(sanitized({"a\0b"sv}, true) == "a\\x00b");
  CHECK(sanitized({"\x1b[31mred\x1b[0m"}, false) == "red");
}

TEST_CASE("whatever is shown, a terminal gets text and colours, no more") {
  std::mt19937 random(5);
  const auto number = [&](size_t to) {
    return std::uniform_int_distribution<size_t>(0, to)(random);
  };
  constexpr std::string_view kBits[] = {
      "\x1b",         "[",           "31",   "m",    "\x1b[1m",      "\x1b[0m",
      "\x1b]0;x\x07", "\r",          "\xc2", "\x9b", "\xe2\x80\xae", "\xe2",
      "\x80",         "caf\xc3\xa9", "a",    "\t"};
  for (int round = 0; round < 3'000; ++round) {
    query::Sanitizer plain(true), marked(true);
    std::string shown, with_marks;
    for (size_t i = number(12); i > 0; --i) {
      const auto bit = kBits[number(std::size(kBits) - 1)];
      const bool mark = number(3) == 0;
      // What is marked is a text of its own: nothing is kept over its borders.
      if (mark) marked.begin_match(with_marks);
      marked.add(bit, with_marks);
      if (mark) marked.end_match(with_marks);
      plain.add(bit, shown);
    }
    plain.end(shown);
    marked.end(with_marks);
    for (const auto& text : {shown, with_marks}) {
      CAPTURE(text);
      REQUIRE(base::is_utf8(text));
      REQUIRE(text.find("\u202e") == text.npos);
      bool coloured = false;
      for (size_t at = 0; at < text.size(); ++at) {
        if (text[at] == 0x1B) {
          const size_t end = text.find('m', at);
          REQUIRE(end != text.npos);
          coloured = text.substr(at, end + 1 - at) != query::kReset;
          REQUIRE(text.find_first_not_of("[0123456789;:", at + 1) == end);
          at = end;
        } else {
          const auto c = static_cast<unsigned char>(text[at]);
          REQUIRE((c == '\t' || (c >= 0x20 && c != 0x7F)));
        }
      }
      REQUIRE_FALSE(coloured);  // the row left it as it was
    }
  }
}

TEST_CASE("raw gives back byte for byte what the child wrote") {
  std::mt19937 random(7);
  const auto number = [&](int to) {
    return std::uniform_int_distribution<int>(0, to)(random);
  };
  for (int round = 0; round < 40; ++round) {
    CAPTURE(round);
    LogDir dir;
    dir.add_app("api", 1);
    std::string written;
    std::string disk;
    int64_t time = 0;
    const int lives = 1 + number(3);
    for (int life = 0; life < lives; ++life) {
      std::string bytes(static_cast<size_t>(number(200'000)), '\0');
      for (char& c : bytes) c = static_cast<char>(number(255));
      if (number(1) == 0) bytes += "no end";
      written += bytes;
      bool begins = true;
      for (size_t at = 0; at < bytes.size();) {
        // Lines of a batch share a stamp, a line that goes on has none.
        if (number(9) == 0) time += 1 + number(5);
        const size_t end = std::min(bytes.find('\n', at), bytes.size() - 1);
        if (begins) disk += stamped(time, "");
        disk += bytes.substr(at, end + 1 - at);
        begins = bytes[end] == '\n';
        at = end + 1;
      }
      if (!begins) {
        disk += '\n';
        note_line_ended(dir, time, store::Stream::Out);
      }
      time += 10;
    }
    dir.append("api-out.log", disk);
    query::Query query;
    query.error = false;
    CHECK((raw(dir, query) == written));
  }
}

TEST_CASE("raw of a file in mid-line ends there") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(0, "a\n") + stamped(1, "prompt> "));
  CHECK(raw(dir, {}) == "a\nprompt> ");
}

TEST_CASE("raw lines that were picked out each have a newline") {
  LogDir dir;
  dir.add_app("api", 1);
  std::string lives;
  for (int64_t at = 0; at < 30; at += 10) {
    // One batch, which the child ended in mid-line.
    for (const auto* line : {"aa\n", "bb\n", "cc\n"})
      lives += stamped(at, line);
    note_line_ended(dir, at, store::Stream::Out);
  }
  dir.append("api-out.log", lives + stamped(40, "bb, not ended"));
  query::Query query;
  query.lines.text.any = {"bb"};
  const auto picked = [&] {
    const std::string path = dir.file("picked");
    auto fd = base::fs::open(path, O_WRONLY | O_CREAT | O_TRUNC);
    query::Output output(fd->get());
    query::Reading reading(query, dir.plan(query), false);
    query::RawLinePrinter printer(output);
    const auto filter = query::LineFilter::compile(query.lines);
    REQUIRE(filter);
    reading.search(printer, *filter);
    return query_test::read_whole(path);
  };
  CHECK(picked() == "bb\nbb\nbb\nbb, not ended\n");
  query.lines.text.any = {"cc"};
  CHECK(picked() == "cc\ncc\ncc\n");
  query.lines = {};
  query.reverse = true;
  query.until = {{kStart + 10}};
  CHECK(picked() == "cc\nbb\naa\n");
}

TEST_CASE("raw of several streams never mixes two lines") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(0, "no end\n") + stamped(9, "c\n"));
  dir.append("api-error.log", stamped(5, "b\n"));
  note_line_ended(dir, 0, store::Stream::Out);
  CHECK(raw(dir, {}) == "no end\nb\nc\n");
}

TEST_CASE("json lines say which life of the instance wrote them") {
  LogDir dir;
  dir.add_app("api", 1);
  dir.append("api-out.log", stamped(1, "before\n") + stamped(20, "first\n") +
                                stamped(40, "second\n"));
  for (int life = 1; life <= 2; ++life) {
    store::Event event;
    event.time = {kStart + life * 20 - 5};
    event.kind = store::EventKind::Start;
    event.app = "api";
    event.instance = 0;
    event.generation = static_cast<uint64_t>(life);
    event.pid = 100 + life;
    (void)store::append_event(dir.path(), event);
  }
  query::Query query;
  query.since = {{kStart + 1}};
  const auto rows = json(dir, query);
  REQUIRE(rows.size() == 5);
  CHECK(!rows[0].contains("generation"));
  CHECK(rows[2]["generation"] == 1);
  CHECK(rows[2]["pid"] == 101);
  CHECK(rows[4]["message"] == "second");
  CHECK(rows[4]["generation"] == 2);
  // Though the start lies before the range.
  query.since = {{kStart + 40}};
  CHECK(json(dir, query)[0]["generation"] == 2);
}

TEST_CASE("json of a line in two parts says of both that they are parts") {
  query_test::Sheet sheet;
  query::JsonPrinter printer(sheet.output(), {}, true);
  const auto origin = query_test::origin_of("api");
  const auto add = [&](std::string_view text, bool begins, bool ends) {
    printer.piece(origin,
                  {.time = {}, .text = text, .begins = begins, .ends = ends});
    printer.settle();
  };
  add("wait> ", true, false);
  add("so", false, false);
  add("done", false, true);
  add("whole", true, true);
  std::string parts;
  std::istringstream text(sheet.text());
  for (std::string row; std::getline(text, row);) {
    const auto json = *base::parse_json(row);
    parts += json.at("message").get<std::string>();
    parts += json.contains("continued") ? " continued" : "";
    parts += json.contains("partial") ? " partial" : "";
    parts += '\n';
  }
  CHECK(parts ==
        "wait>  partial\nso continued partial\ndone continued\nwhole\n");
}

TEST_CASE("json lines have our members and PM2's") {
  LogDir dir;
  dir.add_app("api", 2);
  dir.append("api-error-1.log",
             stamped(1, "a \"b\" \\ \x01 \xc3\xa9\n") + stamped(2, "\xff\n"));
  store::Event event;
  event.time = {kStart + 3};
  event.kind = store::EventKind::Exit;
  event.app = "api";
  event.id = 1;
  event.code = 7;
  (void)store::append_event(dir.path(), event);
  const auto rows = json(dir, {});
  REQUIRE(rows.size() == 3);
  CHECK(rows[0] == nlohmann::json{{"v", 1},
                                  {"time", "2026-11-21T10:15:00.000001Z"},
                                  {"app", "api"},
                                  {"id", 1},
                                  {"instance", 1},
                                  {"stream", "error"},
                                  {"message", "a \"b\" \\ \x01 \xc3\xa9"},
                                  {"timestamp", "2026-11-21T10:15:00.000001Z"},
                                  {"type", "err"},
                                  {"process_id", 1},
                                  {"app_name", "api"}});
  CHECK(rows[1]["message_base64"] == "/w==");
  CHECK(!rows[1].contains("message"));
  CHECK(rows[2]["type"] == "process_event");
  CHECK(rows[2]["event"] == "exit");
  CHECK(rows[2]["code"] == 7);
  CHECK(rows[2]["app_name"] == "api");
}
