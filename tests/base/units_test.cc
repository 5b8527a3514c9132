#include "base/units.h"

#include <doctest/doctest.h>

#include <string>

namespace base {

using std::chrono::milliseconds;

TEST_CASE("sizes read in every way people write them") {
  struct Row {
    std::string text;
    uint64_t bytes;
  };
  for (const auto& [text, bytes] : {
           Row{"0", 0},
           Row{"500", 500},
           Row{"500B", 500},
           Row{"1k", 1024},
           Row{"64K", 65536},
           Row{"10M", 10u << 20},
           Row{"10MB", 10u << 20},
           Row{"10MiB", 10u << 20},
           Row{"10mib", 10u << 20},
           Row{"1.5G", uint64_t{3} << 29},
           Row{"0.5K", 512},
           Row{"2T", uint64_t{2} << 40},
           Row{"2TiB", uint64_t{2} << 40},
       }) {
    CAPTURE(text);
    const auto size = parse_size(text);
    REQUIRE(size.has_value());
    CHECK(*size == bytes);
  }
}

TEST_CASE("what is no size is refused with how sizes are written") {
  for (const char* text :
       {"",      " ",    "M",         "10 M", "10X",          "10MM",
        "10MBB", "-1",   "-0",        "+5",   "1e3",          "0x10",
        "inf",   "nan",  "1,5M",      "10M ", "99999999999T", "5iB",
        "1.2.3", "\xff", "10\xc3\xa9"}) {
    CAPTURE(text);
    const auto size = parse_size(text);
    REQUIRE_FALSE(size.has_value());
    CHECK(size.error().code == Errc::Invalid);
    CHECK(size.error().message.find(text) != std::string::npos);
    CHECK_FALSE(size.error().hint.empty());
  }
}

TEST_CASE("durations read in every way people write them") {
  struct Row {
    std::string text;
    int64_t ms;
  };
  for (const auto& [text, ms] : {
           Row{"0", 0},
           Row{"500", 500},
           Row{"500ms", 500},
           Row{"2s", 2000},
           Row{"1.5s", 1500},
           Row{"1.001s", 1001},
           Row{"2.3s", 2300},
           Row{"0.29s", 290},
           Row{"10m", 600'000},
           Row{"10min", 600'000},
           Row{"1h", 3'600'000},
           Row{"1H", 3'600'000},
           Row{"7d", 604'800'000},
           Row{"2w", 1'209'600'000},
       }) {
    CAPTURE(text);
    const auto time = parse_duration(text);
    REQUIRE(time.has_value());
    CHECK(time->count() == ms);
  }
}

TEST_CASE("every millisecond under an hour survives being written as seconds") {
  for (int64_t ms = 0; ms < 3'600'000; ms += 37) {
    std::string text = std::to_string(ms / 1000) + ".";
    const std::string rest = std::to_string(1000 + ms % 1000);
    text += rest.substr(1) + "s";
    REQUIRE(parse_duration(text) == milliseconds(ms));
  }
}

TEST_CASE("what is no duration is refused with how durations are written") {
  for (const char* text : {"", "s", "5 s", "5y", "5ss", "-1s", "1e3", "1h30m",
                           "inf", "nan", "999999999999w", "+1s", "5s "}) {
    CAPTURE(text);
    const auto time = parse_duration(text);
    REQUIRE_FALSE(time.has_value());
    CHECK(time.error().code == Errc::Invalid);
    CHECK_FALSE(time.error().hint.empty());
  }
}

TEST_CASE("sizes print short, with a unit that keeps them under 1024") {
  CHECK(format_size(0) == "0 B");
  CHECK(format_size(1023) == "1023 B");
  CHECK(format_size(1024) == "1.0 KB");
  CHECK(format_size(43'200'000) == "41.2 MB");
  CHECK(format_size((1u << 20) - 1) == "1.0 MB");
  CHECK(format_size(uint64_t{4} << 30) == "4.0 GB");
  CHECK(format_size(uint64_t{5} << 40) == "5.0 TB");
}

TEST_CASE("durations print with two units at most") {
  CHECK(format_duration(milliseconds(0)) == "0.0s");
  CHECK(format_duration(milliseconds(200)) == "0.2s");
  CHECK(format_duration(milliseconds(9'999)) == "10s");
  CHECK(format_duration(milliseconds(10'000)) == "10s");
  CHECK(format_duration(milliseconds(59'999)) == "59s");
  CHECK(format_duration(milliseconds(61'000)) == "1m01s");
  CHECK(format_duration(milliseconds(11'520'000)) == "3h12m");
  CHECK(format_duration(milliseconds(90'000'000)) == "1d01h");
}

TEST_CASE("uptimes print as PM2's column does") {
  CHECK(format_uptime(milliseconds(999)) == "0s");
  CHECK(format_uptime(milliseconds(59'999)) == "59s");
  CHECK(format_uptime(milliseconds(60'000)) == "1m");
  CHECK(format_uptime(milliseconds(3'600'000)) == "1h");
  CHECK(format_uptime(milliseconds(172'800'000)) == "2D");
}

TEST_CASE("exact sizes come back as they were, whatever they are") {
  CHECK(base::exact_size(0) == "0");
  CHECK(base::exact_size(1500) == "1500");
  CHECK(base::exact_size(uint64_t{10} << 20) == "10M");
  CHECK(base::exact_size(uint64_t{1536} << 10) == "1536K");
  for (const uint64_t bytes : {uint64_t{1}, uint64_t{1023}, uint64_t{1024},
                               uint64_t{1} << 50, (uint64_t{3} << 30) + 1})
    CHECK(base::parse_size(base::exact_size(bytes)) == bytes);
}

}  // namespace base
