#include "query/context.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "query/limit.h"
#include "support/process.h"

namespace {

query::Origin origin_of(std::string app, int instance,
                        query::Kind kind = query::Kind::Out) {
  query::Origin origin;
  origin.app = std::move(app);
  origin.instance = instance;
  origin.kind = kind;
  return origin;
}

// What reaches a printer: `:text` a match, `-text` context, `--`, `*reason`.
class Rows final : public query::Printer {
 public:
  void piece(const query::Origin& origin, const store::Piece& piece) override {
    (void)origin;
    CHECK(piece.begins);
    rows.push_back((context_ ? "-" : ":") + std::string(piece.text));
    context_ = false;
  }
  bool event(const query::Origin& origin, const store::Event& event) override {
    (void)origin;
    rows.push_back("*" + event.reason);
    return true;
  }
  void settle() override {}
  bool wants_more() const override { return true; }
  void next_is_context() override { context_ = true; }
  void gap() override { rows.emplace_back("--"); }

  std::vector<std::string> rows;

 private:
  bool context_ = false;
};

using Shown = std::vector<std::string>;

// Of one stream, given as letters: `m` matches, `*` is an event.
Shown around(std::string_view letters, query::ContextOptions options,
             uint64_t most = UINT64_MAX) {
  Rows rows;
  query::Context context(rows, options);
  query::Limit limit(context, most);
  const auto origin = origin_of("api", 0);
  int number = 0;
  for (const char letter : letters) {
    if (!limit.wants_more()) break;
    ++number;
    if (letter == '*') {
      store::Event event;
      event.reason = std::to_string(number);
      limit.event(origin, event);
      continue;
    }
    const std::string text = std::to_string(number) + letter;
    limit.line(origin, {{}, text, true, letter == 'm'});
  }
  limit.settle();
  return rows.rows;
}

query::ContextOptions options(uint64_t before, uint64_t after) {
  return {.before = before, .after = after, .parted = true};
}

}  // namespace

TEST_CASE(
    "lines around matches: groups that touch are one, others are parted") {
  CHECK(around("xxmxx", {}) == Shown{":3m"});
  CHECK(around("xxmxx", options(1, 1)) == Shown{"-2x", ":3m", "-4x"});
  CHECK(around("mxxm", options(1, 1)) == Shown{":1m", "-2x", "-3x", ":4m"});
  CHECK(around("mxxxm", options(1, 1)) ==
        Shown{":1m", "-2x", "--", "-4x", ":5m"});
  CHECK(around("mxm", options(0, 0)) == Shown{":1m", "--", ":3m"});
  CHECK(around("mxm", {}) == Shown{":1m", ":3m"});
  CHECK(around("mm", options(9, 9)) == Shown{":1m", ":2m"});
}

TEST_CASE("after the last match of a limit comes its context, and no match") {
  CHECK(around("mxmxxx", options(0, 2), 1) == Shown{":1m", "-2x", "-3m"});
  CHECK(around("mxmxxx", options(0, 1), 2) ==
        Shown{":1m", "-2x", ":3m", "-4x"});
  CHECK(around("mxmxxx", {}, 1) == Shown{":1m"});
  CHECK(around("mxm", options(3, 3), 0).empty());
}

TEST_CASE("a limit wants no more once its context was shown") {
  Rows rows;
  query::Context context(rows, options(0, 1));
  query::Limit limit(context, 1);
  const auto origin = origin_of("api", 0);
  CHECK(limit.wants_more());
  limit.line(origin, {{}, "a", true, true});
  CHECK(limit.wants_more());
  limit.line(origin, {{}, "b", true, false});
  CHECK_FALSE(limit.wants_more());
  limit.line(origin, {{}, "c", true, true});
  limit.event(origin, {});
  CHECK(rows.rows == Shown{":a", "-b"});
}

TEST_CASE("an event keeps its place among the lines that it came between") {
  CHECK(around("x*xm*", options(2, 0)) ==
        Shown{"-1x", "*2", "-3x", ":4m", "*5"});
  CHECK(around("x*xxxm", options(1, 0)) == Shown{"*2", "-5x", ":6m"});
  CHECK(around("x*x", options(1, 0)) == Shown{"*2"});
  CHECK(around("m*x", options(0, 1)) == Shown{":1m", "*2", "-3x"});
}

TEST_CASE("both streams of an instance are one group, instances are not") {
  const auto out = origin_of("api", 0);
  const auto error = origin_of("api", 0, query::Kind::Error);
  const auto other = origin_of("api", 1);
  for (const bool whole : {false, true}) {
    auto asked = options(1, 0);
    asked.whole_flow = whole;
    Rows rows;
    query::Context context(rows, asked);
    context.line(out, {{}, "out", true, false});
    context.line(other, {{}, "other", true, false});
    context.line(error, {{}, "error", true, true});
    CHECK(rows.rows == Shown{whole ? "-other" : "-out", ":error"});
  }
}

TEST_CASE("lines around matches are those that grep shows") {
  std::mt19937 random(11);
  const auto number = [&](uint64_t to) {
    return std::uniform_int_distribution<uint64_t>(0, to)(random);
  };
  for (int round = 0; round < 150; ++round) {
    std::string letters;
    const uint64_t rarity = 1 + number(12);
    for (uint64_t i = number(60); i > 0; --i)
      letters += number(rarity) == 0 ? 'm' : 'x';
    const uint64_t before = number(4), after = number(4), most = number(6);
    std::string input;
    for (const char letter : letters) input += std::string(1, letter) + "\n";
    std::vector<std::string> words = {"grep", "-n",
                                      "-A" + std::to_string(after),
                                      "-B" + std::to_string(before), "m"};
    if (most < 6) words.insert(words.begin() + 1, "-m" + std::to_string(most));
    const auto grep = support::run(words, {.input = input});
    Shown expected;
    for (size_t at = 0; at < grep.out.size();) {
      const size_t end = grep.out.find('\n', at);
      const std::string row = grep.out.substr(at, end - at);
      at = end + 1;
      const size_t mark = row.find_first_of(":-");
      expected.push_back(row == "--" ? row
                                     : row[mark] + row.substr(0, mark) +
                                           row.substr(mark + 1));
    }
    CAPTURE(letters);
    CAPTURE(support::command_line(words));
    CHECK(around(letters, options(before, after),
                 most < 6 ? most : UINT64_MAX) == expected);
  }
}

TEST_CASE("of several instances each has its context, none a line twice") {
  std::mt19937 random(3);
  const auto number = [&](size_t to) {
    return std::uniform_int_distribution<size_t>(0, to)(random);
  };
  for (int round = 0; round < 300; ++round) {
    const size_t before = number(3), after = number(3);
    std::vector<query::Origin> origins;
    for (int i = 0; i < 3; ++i) origins.push_back(origin_of("api", i));
    struct Line {
      size_t group;
      bool match;
      bool shown = false;
      std::optional<size_t> previous;  // of its group
    };
    std::vector<Line> flow;
    std::vector<std::vector<size_t>> groups(3);
    for (size_t i = 0; i < 40; ++i) {
      const size_t group = number(2);
      flow.push_back({group, number(6) == 0, false, std::nullopt});
      if (!groups[group].empty()) flow.back().previous = groups[group].back();
      groups[group].push_back(i);
    }
    for (const auto& group : groups)
      for (size_t i = 0; i < group.size(); ++i)
        for (size_t k = 0; k < group.size(); ++k)
          if (flow[group[k]].match && i + before >= k && i <= k + after)
            flow[group[i]].shown = true;

    Rows rows;
    query::Context context(rows, options(before, after));
    for (size_t i = 0; i < flow.size(); ++i)
      context.line(origins[flow[i].group],
                   {{}, std::to_string(i), true, flow[i].match});

    // When a line can be shown: with the match that it stands before.
    const auto due = [&](size_t line) {
      const auto& group = groups[flow[line].group];
      size_t behind = line;
      for (size_t i = 0; i < group.size() && group[i] <= line; ++i)
        if (flow[group[i]].match) {
          const auto self = std::ranges::find(group, line) - group.begin();
          if (static_cast<size_t>(self) <= i + after) return line;
        }
      for (const size_t other : group)
        if (other >= line && flow[other].match) return other;
      return behind;
    };
    std::vector<size_t> order;
    for (size_t i = 0; i < flow.size(); ++i)
      if (flow[i].shown) order.push_back(i);
    std::ranges::stable_sort(order, {}, due);
    Shown expected;
    for (size_t i = 0; i < order.size(); ++i) {
      const Line& line = flow[order[i]];
      if (i > 0) {
        const size_t last = order[i - 1];
        bool gap = line.previous && !flow[*line.previous].shown;
        if (flow[last].group != line.group)
          for (const size_t other : groups[flow[last].group])
            gap = gap || (other > last && other < due(order[i]));
        if (gap) expected.emplace_back("--");
      }
      expected.push_back((line.match ? ":" : "-") + std::to_string(order[i]));
    }
    CAPTURE(before);
    CAPTURE(after);
    CHECK(rows.rows == expected);
  }
}
