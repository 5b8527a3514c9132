#include <doctest/doctest.h>

#include "query/context.h"
#include "query/search_dir.h"
#include "query/sieve.h"
#include "support/sanitized.h"

namespace {

using query::Query;
using query_test::Collector;
using query_test::naive_search;
using query_test::SearchDir;
using query_test::Shown;

constexpr unsigned kSeeds = support::kSanitized ? 6 : 80;
constexpr int kQueries = support::kSanitized ? 15 : 50;

constexpr std::string_view kPatterns[] = {"error",       "ERROR",
                                          "timeout",     "time",
                                          "kelvin",      "ask",
                                          "mask",        "3f9d2c71",
                                          "8123",        "refused",
                                          "r.fused",     "ERR|refused",
                                          "(?i)error",   "[a-z]+\\d",
                                          "\\d{3}",      "^ERROR",
                                          "boom$",       "^$",
                                          "x*",          "user.*timeout",
                                          "shard-\\d",   "10\\.0\\.0\\.\\d+",
                                          "Größe",       "größe",
                                          "status=503",  "\\bask\\b",
                                          "a.b",         "(x)",
                                          "\\(x\\)",     "payment",
                                          "in the text", "2026-11-21",
                                          "\\A\\{",      "\\W\\w\\W",
                                          "nul",         "nothing like that",
                                          "T1",          "Z in",
                                          "\xff",        "INFO|WARN|8123",
                                          "\\w\\(\\w",   "[a-z]\\[\\d",
                                          "{}",          "{\"a\"",
                                          "{\"a\":1}",   "{\"level\":\"error\"",
                                          "{\"level\"",  "\\{\"a\"|\\{x",
                                          "^\\{\"a\"",   "^\\{\\}$",
                                          " \\{\"a",     "\\{\"(a|level)\"",
                                          "\\{ ?\\}",    "\\{\"a|\\{x|\\{\\}",
                                          "{{",          "{\"k",
                                          "{\"@lodge",   "Z\",\"a",
                                          "(?i)\\{\"L",  "{\"@lodge\":\"2026"};

query::LineQuery random_lines(SearchDir& dir) {
  query::LineQuery lines;
  const auto pattern = [&] {
    return std::string(
        kPatterns[dir.number(0, static_cast<int>(std::size(kPatterns)) - 1)]);
  };
  const auto chance = [&](int of) { return dir.number(0, of) == 0; };
  const int any = dir.number(0, 5);
  for (int i = 0; i < (any == 5 ? 2 : any > 0 ? 1 : 0); ++i)
    lines.text.any.push_back(pattern());
  if (chance(6)) lines.text.all.push_back(pattern());
  if (chance(6)) lines.text.none.push_back(pattern());
  lines.text.ignore_case = chance(3);
  lines.text.smart_case = chance(6);
  lines.text.fixed = chance(6);
  lines.text.word = chance(8);
  lines.text.whole_line = chance(12);
  lines.text.bytes = chance(6);
  lines.text.invert =
      chance(7) && !(lines.text.any.empty() && lines.text.all.empty());
  if (chance(5)) lines.level = static_cast<store::Level>(dir.number(0, 5));
  constexpr std::string_view wheres[] = {
      "status=503", "status>=500",     "level=error",
      "req.id=abc", "msg~\"payment\"", "has(tags)",
      "tags[*]=b",  "not has(status)", "path=\"/api/v1\" or status=200"};
  if (chance(5))
    lines.where.emplace_back(
        wheres[dir.number(0, static_cast<int>(std::size(wheres)) - 1)]);
  lines.lines_only = chance(2);
  if (chance(2)) lines.cap.lines = static_cast<size_t>(dir.number(1, 30));
  if (chance(4)) lines.cap.bytes = static_cast<size_t>(dir.number(1, 900));
  return lines;
}

Query random_query(SearchDir& dir) {
  Query query;
  query.events = false;
  query.lines = random_lines(dir);
  const auto moment = [&] {
    return base::Timestamp{1'795'256'100'000'000 + dir.number(0, 12'000'000)};
  };
  if (dir.number(0, 3) == 0) query.since = moment();
  if (dir.number(0, 3) == 0) query.until = moment();
  if (dir.number(0, 3) == 0)
    query.last = static_cast<uint64_t>(dir.number(0, 20));
  query.reverse = dir.number(0, 3) == 0;
  query.threads = static_cast<size_t>(dir.number(1, 3));
  return query;
}

std::string describe(const Query& query) {
  std::string words;
  const auto list = [&](const char* name, const auto& all) {
    for (const auto& one : all) words += std::string(name) + one + " ";
  };
  const auto& text = query.lines.text;
  list("-g ", text.any);
  list("--and ", text.all);
  list("--not ", text.none);
  list("--where ", query.lines.where);
  const auto flag = [&](bool set, const char* name) {
    if (set) words += name;
  };
  flag(text.ignore_case, "-i ");
  flag(text.smart_case, "-S ");
  flag(text.fixed, "-F ");
  flag(text.word, "-w ");
  flag(text.whole_line, "-x ");
  flag(text.invert, "-v ");
  flag(text.bytes, "--bytes ");
  flag(query.lines.lines_only, "--lines-only ");
  if (query.lines.cap.lines < 1000)
    words += "lines<" + std::to_string(query.lines.cap.lines) + " ";
  if (query.lines.cap.bytes < 1000)
    words += "bytes<" + std::to_string(query.lines.cap.bytes) + " ";
  flag(query.reverse, "--reverse ");
  flag(query.lines.level.has_value(), "--level ");
  flag(query.since.has_value(), "--since ");
  flag(query.until.has_value(), "--until ");
  if (query.last) words += "-n " + std::to_string(*query.last);
  return words + " -j" + std::to_string(query.threads);
}

// Keeps lines and whether they are matches.
class Sink final : public query::LineSink {
 public:
  explicit Sink(bool others) : others_(others) {}
  void line(const query::Origin& origin,
            const query::FoundLine& line) override {
    shown.push_back({origin.label, origin.kind, line.time,
                     std::string(line.text), line.ends});
  }
  void event(const query::Origin&, const store::Event&) override {}
  void settle() override {}
  bool wants_more() const override { return true; }
  bool needs_others() const override { return others_; }
  bool owes_context() const override { return false; }
  std::vector<Shown> shown;

 private:
  bool others_;
};

// Lines with one stamp may stand in any order where they are told from the end:
// streams that share stamps are none of the writer's.
std::vector<std::string> sorted(const std::vector<Shown>& lines) {
  std::vector<std::string> texts;
  for (const auto& line : lines)
    texts.push_back(line.label + (line.kind == query::Kind::Error ? "!" : " ") +
                    (line.time ? base::format_stamp(*line.time) : "") +
                    line.text + (line.ended ? "" : "|"));
  std::ranges::sort(texts);
  return texts;
}

// The first line in which they differ, for people.
std::string difference(const std::vector<Shown>& got,
                       const std::vector<Shown>& expected) {
  const auto a = sorted(got);
  const auto b = sorted(expected);
  std::string words;
  std::vector<std::string> only;
  std::ranges::set_difference(a, b, std::back_inserter(only));
  for (const auto& line : only) words += "\n  too many: " + line;
  only.clear();
  std::ranges::set_difference(b, a, std::back_inserter(only));
  for (const auto& line : only) words += "\n  missing: " + line;
  if (words.empty())
    for (size_t i = 0; i < got.size() && words.empty(); ++i)
      if (!(got[i] == expected[i]))
        words = "\n  order: " + got[i].label + " " + got[i].text + " / " +
                expected[i].label + " " + expected[i].text;
  return words;
}

// In the order of their times; within one stamp the order of streams is free.
bool is_same(const std::vector<Shown>& a, const std::vector<Shown>& b) {
  if (a == b) return true;
  return sorted(a) == sorted(b) &&
         std::ranges::equal(a, b, {}, &Shown::time, &Shown::time);
}

}  // namespace

TEST_CASE("a search finds what looking at every line finds, and in its order") {
  uint64_t found = 0;
  for (unsigned seed = 0; seed < kSeeds; ++seed) {
    SearchDir dir(seed);
    for (int i = 0; i < kQueries; ++i) {
      const Query query = random_query(dir);
      auto filter = query::LineFilter::compile(query.lines);
      if (!filter) continue;  // (x) with -i is one thing, ( alone another
      CAPTURE(seed);
      CAPTURE(i);
      CAPTURE(describe(query));
      const auto plan = dir.dir.plan(query);
      const auto expected = naive_search(plan, query);
      query::Reading reading(query, plan, false);
      Collector collector;
      reading.search(collector, *filter);
      CHECK(reading.problems().empty());
      for (const auto& problem : reading.problems()) MESSAGE(problem.message);
      found += expected.size();
      CAPTURE(difference(collector.shown, expected));
      REQUIRE(is_same(collector.shown, expected));
    }
  }
  CHECK(found > 1000);
}

TEST_CASE("a sieve over every line finds what a search finds") {
  uint64_t compared = 0;
  for (unsigned seed = 100; seed < 100 + kSeeds; ++seed) {
    SearchDir dir(seed);
    for (int i = 0; i < kQueries / 3; ++i) {
      Query query = random_query(dir);
      query.reverse = false;
      query.last.reset();
      auto filter = query::LineFilter::compile(query.lines);
      if (!filter) continue;
      CAPTURE(seed);
      CAPTURE(describe(query));
      const auto plan = dir.dir.plan(query);
      query::Reading fast(query, plan, false);
      Collector collector;
      fast.search(collector, *filter);
      query::Reading slow(query, plan, false);
      Sink sink(false);
      query_test::Collector rows;
      query::Sieve sieve(sink, rows, *filter);
      // A head without a time is in no range.
      sieve.set_record_finder([&](const query::Origin& origin) {
        const auto* source = slow.find(origin);
        return source == nullptr ? std::nullopt : source->record_before();
      });
      slow.replay(sieve);
      sieve.finish();
      // A record whose head lies before the range is judged with it by one, by
      // its first line by the other. (What has no time is in no range.)
      if (filter->by_record() && (query.since || query.until)) continue;
      CAPTURE(difference(collector.shown, sink.shown));
      REQUIRE(is_same(collector.shown, sink.shown));
      compared += sink.shown.size();
    }
  }
  CHECK(compared > 300);
}

TEST_CASE("lines around matches are those of reading everything") {
  uint64_t compared = 0;
  for (unsigned seed = 200; seed < 200 + kSeeds; ++seed) {
    SearchDir dir(seed);
    for (int i = 0; i < kQueries / 3; ++i) {
      Query query = random_query(dir);
      query.reverse = false;
      query.last.reset();
      if (query.lines.takes_all()) continue;
      auto filter = query::LineFilter::compile(query.lines);
      if (!filter) continue;
      if (filter->by_record() && query.since) continue;
      query::ContextOptions options;
      options.before = static_cast<uint64_t>(dir.number(0, 4));
      options.after = static_cast<uint64_t>(dir.number(0, 4));
      options.parted = true;
      options.whole_flow = dir.number(0, 2) == 0;
      CAPTURE(seed);
      CAPTURE(describe(query));
      CAPTURE(options.before);
      CAPTURE(options.after);
      const auto plan = dir.dir.plan(query);
      const auto show = [&](bool in_excerpts) {
        query::Reading reading(query, plan, false);
        Collector rows;
        query::Context context(rows, options);
        query::Sieve sieve(context, rows, *filter);
        sieve.set_record_finder([&](const query::Origin& origin) {
          const auto* source = reading.find(origin);
          return source == nullptr ? std::nullopt : source->record_before();
        });
        if (in_excerpts)
          reading.replay_around(sieve, *filter,
                                {.before = options.before,
                                 .after = options.after,
                                 .whole_flow = options.whole_flow},
                                [](const auto&, auto) {});
        else
          reading.replay(sieve);
        sieve.finish();
        return rows.shown;
      };
      const auto all = show(false);
      const auto some = show(true);
      CAPTURE(difference(some, all));
      REQUIRE(some == all);
      compared += all.size();
    }
  }
  CHECK(compared > 300);
}

TEST_CASE("the last matches are the same ones with context as without") {
  uint64_t compared = 0;
  for (unsigned seed = 300; seed < 300 + kSeeds; ++seed) {
    SearchDir dir(seed);
    for (int i = 0; i < kQueries / 3; ++i) {
      Query query = random_query(dir);
      query.reverse = false;
      query.last = static_cast<uint64_t>(dir.number(0, 12));
      if (query.lines.takes_all()) continue;
      auto filter = query::LineFilter::compile(query.lines);
      if (!filter) continue;
      if (filter->by_record() && query.since) continue;
      CAPTURE(seed);
      CAPTURE(describe(query));
      const auto plan = dir.dir.plan(query);
      query::Reading reading(query, plan, false);
      Collector rows;
      query::Context context(rows, {.parted = true});
      query::Sieve sieve(context, rows, *filter);
      sieve.set_record_finder([&](const query::Origin& origin) {
        const auto* source = reading.find(origin);
        return source == nullptr ? std::nullopt : source->record_before();
      });
      sieve.set_places([&](const query::Origin& origin) {
        return reading.find(origin)->line_place();
      });
      reading.replay_around(sieve, *filter, {},
                            [&](const auto& origin, query::HitPlace first) {
                              sieve.set_first(origin, first);
                            });
      sieve.finish();
      const auto expected = naive_search(plan, query);
      CAPTURE(difference(rows.shown, expected));
      REQUIRE(is_same(rows.shown, expected));
      compared += expected.size();
    }
  }
  CHECK(compared > 300);
}
