#include "base/clock.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <ctime>
#include <limits>
#include <random>

namespace base {
namespace {

// The C library's calendar.
std::string naive_stamp(Timestamp time) {
  time_t seconds = time.us / 1'000'000;
  int64_t us = time.us % 1'000'000;
  if (us < 0) {
    us += 1'000'000;
    --seconds;
  }
  tm t{};
  gmtime_r(&seconds, &t);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
                     t.tm_year + 1900, t.tm_mon + 1, t.tm_mday, t.tm_hour,
                     t.tm_min, t.tm_sec, us);
}

constexpr int64_t kFirst = -62'167'219'200'000'000;  // year 0
constexpr int64_t kLast = 253'402'300'799'999'999;   // end of year 9999

}  // namespace

TEST_CASE("a stamp of any time reads as the C library's calendar has it") {
  std::mt19937_64 random(20261121);
  std::uniform_int_distribution<int64_t> any(kFirst, kLast);
  for (int i = 0; i < 200'000; ++i) {
    const Timestamp time{any(random)};
    const std::string text = format_stamp(time);
    REQUIRE(text == naive_stamp(time));
    REQUIRE(parse_stamp(text) == time);
  }
}

TEST_CASE("the last and first instant of every day go there and back") {
  constexpr int64_t kDay = 86'400'000'000;
  for (int64_t begin = kFirst; begin < kLast; begin += kDay) {
    REQUIRE(parse_stamp(format_stamp(Timestamp{begin})) == Timestamp{begin});
    const Timestamp last{begin + kDay - 1};
    REQUIRE(parse_stamp(format_stamp(last)) == last);
  }
}

TEST_CASE("the known instants have their known stamps") {
  CHECK(format_stamp(Timestamp{0}) == "1970-01-01T00:00:00.000000Z");
  CHECK(format_stamp(Timestamp{-1}) == "1969-12-31T23:59:59.999999Z");
  CHECK(format_stamp(Timestamp{kFirst}) == "0000-01-01T00:00:00.000000Z");
  CHECK(format_stamp(Timestamp{kLast}) == "9999-12-31T23:59:59.999999Z");
  CHECK(format_stamp(Timestamp{1'795'256'102'123'456}) ==
        "2026-11-21T10:15:02.123456Z");
}

TEST_CASE("leap days are where the Gregorian calendar has them") {
  for (const char* good : {"2000-02-29", "2024-02-29", "0000-02-29"})
    CHECK(parse_stamp(std::string(good) + "T00:00:00.000000Z").has_value());
  for (const char* bad : {"1900-02-29", "2100-02-29", "2023-02-29"})
    CHECK_FALSE(parse_stamp(std::string(bad) + "T00:00:00.000000Z"));
}

TEST_CASE("times outside the years 0 to 9999 are clamped, in order") {
  constexpr auto kMin = std::numeric_limits<int64_t>::min();
  constexpr auto kMax = std::numeric_limits<int64_t>::max();
  for (const int64_t us : {kMin, kMin + 1, kFirst - 1})
    CHECK(format_stamp(Timestamp{us}) == "0000-01-01T00:00:00.000000Z");
  for (const int64_t us : {kMax, kMax - 1, kLast + 1})
    CHECK(format_stamp(Timestamp{us}) == "9999-12-31T23:59:59.999999Z");
}

TEST_CASE("a damaged stamp is none") {
  const std::string good = "2026-11-21T10:15:02.123456Z";
  REQUIRE(parse_stamp(good));
  for (const char* bad :
       {"", "2026-11-21T10:15:02.123456", "2026-11-21T10:15:02.123456Z ",
        "2026-11-21 10:15:02.123456Z", "2026-11-21T10:15:02,123456Z",
        "2026-13-21T10:15:02.123456Z", "2026-00-21T10:15:02.123456Z",
        "2026-11-31T10:15:02.123456Z", "2026-11-00T10:15:02.123456Z",
        "2026-11-21T24:15:02.123456Z", "2026-11-21T10:60:02.123456Z",
        "2026-11-21T10:15:60.123456Z", "2026-11-21T10:15:02.12345 Z",
        "+026-11-21T10:15:02.123456Z", "2026-11-21T10:15:02.-23456Z",
        "2026-11-21T10:15:02.123456z", "2026-1a-21T10:15:02.123456Z"})
    CHECK_MESSAGE(!parse_stamp(bad), bad);
}

TEST_CASE("no single damaged byte reads as a stamp unless it writes back") {
  const std::string good = "2024-02-29T19:59:59.999999Z";
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[at] = static_cast<char>(byte);
      if (const auto time = parse_stamp(text))
        REQUIRE(format_stamp(*time) == text);
    }
  }
}

TEST_CASE("the system clock is that of the machine and goes forward") {
  const SystemClock clock;
  const auto seconds = clock.now().us / 1'000'000;
  CHECK(std::abs(seconds - std::time(nullptr)) <= 2);
  const auto before = clock.mono();
  CHECK(clock.mono() >= before);
}

}  // namespace base
