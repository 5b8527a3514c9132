#include "query/time_format.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <ctime>
#include <iterator>

namespace query {
namespace {

// Longer ones first: the first that fits is taken.
constexpr std::array<std::string_view, 28> kTokens = {
    "YYYY", "MMMM", "dddd", "MMM", "ddd", "YY", "MM", "DD", "HH", "hh",
    "mm",   "ss",   "ZZ",   "Do",  "M",   "D",  "H",  "h",  "m",  "s",
    "S",    "Z",    "A",    "a",   "X",   "x",  "E",  "d"};

struct Moment {
  std::tm tm{};
  int64_t seconds = 0;
  int64_t us = 0;
};

Moment at(base::Timestamp time, base::Zone zone) {
  Moment moment;
  moment.seconds = time.us / 1'000'000;
  moment.us = time.us % 1'000'000;
  if (moment.us < 0) {
    moment.us += 1'000'000;
    --moment.seconds;
  }
  const std::time_t seconds = moment.seconds;
  if (zone == base::Zone::Utc)
    ::gmtime_r(&seconds, &moment.tm);
  else
    ::localtime_r(&seconds, &moment.tm);
  return moment;
}

void append_strftime(const std::string& format, const std::tm& tm,
                     std::string& into) {
  // No conversion of a time is longer.
  constexpr size_t kMost = 64;
  const size_t before = into.size();
  into.resize(before + format.size() * kMost + kMost);
  const size_t size = std::strftime(into.data() + before, into.size() - before,
                                    format.c_str(), &tm);
  into.resize(before + size);
}

void append_offset(const std::tm& tm, std::string_view between,
                   std::string& into) {
  const long minutes = std::labs(tm.tm_gmtoff) / 60;
  fmt::format_to(std::back_inserter(into), "{}{:02}{}{:02}",
                 tm.tm_gmtoff < 0 ? '-' : '+', minutes / 60, between,
                 minutes % 60);
}

std::string_view ordinal(int day) {
  if (day / 10 == 1) return "th";
  constexpr std::array<std::string_view, 4> kEnds = {"th", "st", "nd", "rd"};
  return day % 10 < 4 ? kEnds[static_cast<size_t>(day % 10)] : "th";
}

void append_token(std::string_view token, const Moment& moment,
                  std::string& into) {
  const std::tm& tm = moment.tm;
  const auto number = [&](int64_t value, size_t digits) {
    fmt::format_to(std::back_inserter(into), "{:0{}}", value, digits);
  };
  const int hour = (tm.tm_hour + 11) % 12 + 1;
  switch (token[0]) {
    case 'Y':
      number(token.size() == 4 ? tm.tm_year + 1900 : (tm.tm_year + 1900) % 100,
             token.size());
      break;
    case 'M':
      if (token.size() > 2)
        append_strftime(token.size() == 4 ? "%B" : "%b", tm, into);
      else
        number(tm.tm_mon + 1, token.size());
      break;
    case 'D':
      number(tm.tm_mday, token == "DD" ? 2 : 1);
      if (token == "Do") into += ordinal(tm.tm_mday);
      break;
    case 'd':
      if (token.size() > 2)
        append_strftime(token.size() == 4 ? "%A" : "%a", tm, into);
      else
        number(tm.tm_wday, 1);
      break;
    case 'E':
      number(tm.tm_wday == 0 ? 7 : tm.tm_wday, 1);
      break;
    case 'H':
      number(tm.tm_hour, token.size());
      break;
    case 'h':
      number(hour, token.size());
      break;
    case 'm':
      number(tm.tm_min, token.size());
      break;
    case 's':
      number(tm.tm_sec, token.size());
      break;
    case 'S': {
      const std::string digits = fmt::format("{:06}", moment.us);
      for (size_t i = 0; i < token.size(); ++i)
        into += i < digits.size() ? digits[i] : '0';
      break;
    }
    case 'Z':
      append_offset(tm, token.size() == 1 ? ":" : "", into);
      break;
    case 'A':
      into += tm.tm_hour < 12 ? "AM" : "PM";
      break;
    case 'a':
      into += tm.tm_hour < 12 ? "am" : "pm";
      break;
    case 'X':
      number(moment.seconds, 1);
      break;
    case 'x':
      number(moment.seconds * 1000 + moment.us / 1000, 1);
      break;
    default:
      break;
  }
}

// Of the token at the front; 0: there is none.
size_t token_length(std::string_view text) {
  if (text[0] == 'S') return std::min(text.find_first_not_of('S'), text.size());
  for (const auto token : kTokens)
    if (text.starts_with(token)) return token.size();
  return 0;
}

}  // namespace

base::Result<TimeFormat> TimeFormat::parse(std::string_view text) {
  const auto wrong = [&](std::string_view why) {
    return base::fail(base::Errc::Invalid,
                      fmt::format("--timestamp: '{}': {}", text, why),
                      "for example: 'YYYY-MM-DD HH:mm:ss.SSS' or '%H:%M:%S'");
  };
  if (text.empty()) return wrong("a format is empty");
  TimeFormat format;
  auto& parts = format.parts_;
  const auto add = [&](Part::Kind kind, std::string_view more) {
    if (parts.empty() || parts.back().kind != kind || kind == Part::Kind::Token)
      parts.push_back({kind, {}});
    parts.back().text += more;
  };
  const bool strftime = text.contains('%');
  for (size_t i = 0; i < text.size();) {
    const auto rest = text.substr(i);
    if (strftime) {
      if (rest == "%") return wrong("a conversion must follow '%'");
      if (rest.starts_with("%f"))
        add(Part::Kind::Token, "SSSSSS");
      else if (rest.starts_with("%s"))  // strftime takes it for local time
        add(Part::Kind::Token, "X");
      else
        add(Part::Kind::Strftime, rest.substr(0, rest[0] == '%' ? 2 : 1));
      i += rest[0] == '%' ? 2 : 1;
    } else if (rest[0] == '[') {
      const size_t end = rest.find(']');
      if (end == rest.npos) return wrong("'[' has no ']'");
      add(Part::Kind::Text, rest.substr(1, end - 1));
      i += end + 1;
    } else if (const size_t length = token_length(rest)) {
      add(Part::Kind::Token, rest.substr(0, length));
      i += length;
    } else {
      add(Part::Kind::Text, rest.substr(0, 1));
      ++i;
    }
  }
  return format;
}

void TimeFormat::append(base::Timestamp time, base::Zone zone,
                        std::string& into) const {
  const Moment moment = at(time, zone);
  for (const auto& part : parts_) {
    switch (part.kind) {
      case Part::Kind::Text:
        into += part.text;
        break;
      case Part::Kind::Token:
        append_token(part.text, moment, into);
        break;
      case Part::Kind::Strftime:
        append_strftime(part.text, moment.tm, into);
        break;
    }
  }
}

}  // namespace query
