#include "cli/gap_form.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/clock.h"
#include "base/json.h"
#include "query/json_text.h"

namespace cli {
namespace {

using query::Gap;

std::string in_quotes(std::optional<base::Timestamp> time) {
  return time ? '"' + base::format_stamp(*time) + '"' : "null";
}

std::string in_quotes(std::string_view words) {
  std::string text;
  query::append_json_string(words, text);
  return text;
}

}  // namespace

std::string gap_json(const Gap& gap) {
  const bool is_loss = gap.cause == Gap::Cause::Dropped ||
                       gap.cause == Gap::Cause::Lost ||
                       gap.cause == Gap::Cause::Damaged;
  std::string members = fmt::format(
      R"("app":{},"{}":{},"{}":{},"reason":{})", in_quotes(gap.app),
      is_loss ? "first" : "begin", in_quotes(is_loss ? gap.kept : gap.begin),
      is_loss ? "last" : "kept", in_quotes(is_loss ? gap.begin : gap.kept),
      in_quotes(query::gap_reason(gap)));
  switch (gap.cause) {
    case Gap::Cause::Flushed:
      members += fmt::format(R"(,"flushed":{})", in_quotes(gap.when));
      break;
    case Gap::Cause::Removed:
      members += fmt::format(R"(,"removed":{},"words":{})", in_quotes(gap.when),
                             in_quotes(gap.words));
      break;
    case Gap::Cause::Dropped:
      members += fmt::format(R"(,"lines":{})", gap.lines);
      break;
    case Gap::Cause::Lost:
    case Gap::Cause::Missing:
      members += fmt::format(R"(,"words":{})", in_quotes(gap.words));
      break;
    case Gap::Cause::Damaged:
      members += fmt::format(R"(,"lines":{},"file":{})",
                             gap.lines > 0 ? std::to_string(gap.lines) : "null",
                             in_quotes(gap.words));
      break;
  }
  return "{" + members + "}";
}

std::string gap_words(const Gap& gap, base::Zone zone) {
  const auto from =
      gap.kept ? base::format_wall_time(*gap.kept, zone) : std::string();
  const auto to = gap.begin ? base::format_wall_time(*gap.begin, zone) : "now";
  switch (gap.cause) {
    case Gap::Cause::Dropped:
      return fmt::format("{} {} dropped between {} and {} ({})", gap.lines,
                         gap.lines == 1 ? "line" : "lines", from, to,
                         gap.words);
    case Gap::Cause::Lost:
      return from == to
                 ? fmt::format("lines may be missing at {} ({})", from,
                               gap.words)
                 : fmt::format("lines may be missing between {} and {} ({})",
                               from, to, gap.words);
    case Gap::Cause::Flushed:
      if (gap.kept)
        return fmt::format("no lines from {} to {} (flushed {})", from, to,
                           base::format_wall_time(gap.when, zone));
      break;
    case Gap::Cause::Damaged: {
      const std::string what =
          gap.lines > 0 ? fmt::format("{} {}", gap.lines,
                                      gap.lines == 1 ? "line" : "lines")
                        : "lines";
      return gap.kept && gap.begin
                 ? fmt::format("{} between {} and {} can't be read ({})", what,
                               from, to, gap.words)
                 : fmt::format("{} can't be read ({})", what, gap.words);
    }
    case Gap::Cause::Missing:
      if (gap.kept)
        return fmt::format("no lines from {} to {} ({})", from, to, gap.words);
      return fmt::format("{} ({})",
                         gap.begin ? "logs begin " + to : "no logs are stored",
                         gap.words);
    case Gap::Cause::Removed:
      break;
  }
  std::string why(query::gap_reason(gap));
  if (gap.cause == Gap::Cause::Flushed)
    why += ' ' + base::format_wall_time(gap.when, zone);
  return fmt::format("{} (older: {})",
                     gap.begin ? "logs begin " + to : "no logs are stored",
                     why);
}

namespace {

std::string text_of(const nlohmann::json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>()
                                                     : std::string();
}

std::optional<base::Timestamp> time_of(const nlohmann::json& object,
                                       const char* key) {
  return base::parse_stamp(text_of(object, key));
}

std::optional<Gap> parse_gap(const nlohmann::json& object) {
  if (!object.is_object()) return std::nullopt;
  Gap gap;
  gap.app = text_of(object, "app");
  const std::string reason = text_of(object, "reason");
  if (gap.app.empty() || reason.empty()) return std::nullopt;
  using enum Gap::Cause;
  if (reason == "flushed")
    gap.cause = Flushed;
  else if (reason == "retention" || reason == "pruned" || reason == "deleted")
    gap.cause = Removed;
  else if (reason == "missing")
    gap.cause = Missing;
  else if (reason == "lost")
    gap.cause = Lost;
  else if (reason == "damaged")
    gap.cause = Damaged;
  else
    gap.cause = Dropped;
  const bool is_loss =
      gap.cause != Flushed && gap.cause != Removed && gap.cause != Missing;
  gap.kept = time_of(object, is_loss ? "first" : "kept");
  gap.begin = time_of(object, is_loss ? "last" : "begin");
  gap.when = time_of(object, gap.cause == Flushed ? "flushed" : "removed")
                 .value_or(base::Timestamp{});
  if (const auto lines = object.find("lines");
      lines != object.end() && lines->is_number_unsigned())
    gap.lines = lines->get<uint64_t>();
  gap.words = gap.cause == Dropped
                  ? reason
                  : text_of(object, gap.cause == Damaged ? "file" : "words");
  return gap;
}

}  // namespace

std::optional<std::vector<Gap>> parse_gaps(std::string_view report) {
  const auto json = base::parse_json(report);
  if (!json || !json->is_object()) return std::nullopt;
  const auto list = json->find("gaps");
  if (list == json->end() || !list->is_array()) return std::nullopt;
  std::vector<Gap> gaps;
  for (const auto& object : *list)
    if (auto gap = parse_gap(object)) gaps.push_back(std::move(*gap));
  return gaps;
}

}  // namespace cli
