#include <doctest/doctest.h>

#include <random>
#include <string>
#include <vector>

#include "store/live_reader.h"

namespace {

// Gives as much at a time as it likes.
class MemoryLog final : public store::Log {
 public:
  explicit MemoryLog(std::string bytes)
      : Log("memory"), bytes_(std::move(bytes)) {}
  base::Result<size_t> read_at(std::span<char> into, uint64_t offset) override {
    return std::string_view(bytes_)
        .substr(static_cast<size_t>(offset))
        .copy(into.data(), std::min<size_t>(into.size(), 50'000));
  }
  base::Result<uint64_t> size() override { return bytes_.size(); }
  store::TimesReader* times() override { return nullptr; }

 private:
  std::string bytes_;
};

}  // namespace

TEST_CASE("the last stamp before a line is the one that walking back finds") {
  constexpr std::string_view kLines[] = {
      "2026-11-21T10:15:02.123456Z stamped",
      R"({"@lodge":"2026-11-21T10:15:02.123456Z","a":1})",
      R"(                {"@lodge":"2026-11-21T10:15:03.123456Z"})",
      "2026-11-21T10:15:04.123456Z",
      "x 2026-11-21T10:15:04.123456Z in the text",
      "ZZZZ Z",
      "",
      "                                              ",
      "{",
      "foreign"};
  std::mt19937 random(1);
  const auto number = [&](size_t most) { return random() % (most + 1); };
  size_t found_far = 0;
  for (int round = 0; round < 60; ++round) {
    std::string bytes;
    std::vector<uint64_t> starts;
    // Of most lines few bear a stamp, so that windows end anywhere.
    const size_t rare = number(3) == 0 ? 2 : 3000;
    while (bytes.size() < 160'000) {
      starts.push_back(bytes.size());
      const size_t kind = number(rare);
      bytes += kind < 4 ? kLines[kind] : kLines[4 + number(5)];
      if (number(100) == 0) bytes.append(number(70'000), 'Z');
      bytes += '\n';
    }
    starts.push_back(bytes.size());
    MemoryLog log(bytes);
    for (int i = 0; i < 40; ++i) {
      size_t from = number(starts.size() - 1);
      size_t to =
          number(3) == 0 ? starts.size() - 1 : number(starts.size() - 1);
      if (from > to) std::swap(from, to);
      if (number(1) == 0) from = 0;
      std::optional<uint64_t> expected;
      std::optional<base::Timestamp> stamp;
      store::BackwardLines back(log, starts[to]);
      for (;;) {
        const auto mark = back.previous();
        REQUIRE(mark);
        if (!*mark || (*mark)->start < starts[from]) break;
        if (!(*mark)->stamp) continue;
        expected = (*mark)->start;
        stamp = (*mark)->stamp;
        break;
      }
      const auto got = store::last_stamped(log, starts[from], starts[to]);
      REQUIRE(got);
      REQUIRE(got->has_value() == expected.has_value());
      if (!expected) continue;
      CHECK((*got)->start == *expected);
      CHECK((*got)->stamp == *stamp);
      if (starts[to] - *expected > 70'000) ++found_far;
    }
  }
  CHECK(found_far > 10);
}
