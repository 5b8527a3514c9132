// What is read back from a log directory, which somebody may have damaged.

#include "base/clock.h"
#include "fuzz/fuzzer.h"
#include "store/events.h"
#include "store/line.h"

namespace {

void check(std::string_view input) {
  const auto line = store::parse_line(input);
  if (line.time && line.lead.empty())
    fuzz::must(
        base::format_stamp(*line.time) + " " + std::string(line.text) == input,
        "a line is its stamp and its text");
  else if (line.time)
    fuzz::must(input.starts_with(line.lead) && input.ends_with(line.text) &&
                   input.find(base::format_stamp(*line.time)) != input.npos,
               "or its stamp lies within");
  else
    fuzz::must(line.text == input, "without a stamp all is text");
  if (const auto event = store::parse_event(input)) {
    const std::string text = store::format_event(*event);
    const auto again = store::parse_event(text);
    fuzz::must(again.has_value(), "an event that was read can be written");
    fuzz::must(store::format_event(*again) == text, "and read the same");
    fuzz::must(text.find('\n') == text.npos, "on one line");
    (void)store::describe_event(*event);
  }
}

}  // namespace

int main(int argc, char** argv) {
  return fuzz::run(
      argc, argv,
      {"2026-11-21T10:15:02.123456Z hello",
       R"( {"@lodge":"2026-11-21T10:15:02.123456Z","a":1})",
       R"({"v":1,"time":"2026-11-21T10:15:02.123456Z","event":"exit",)"
       R"("app":"api","id":3,"instance":1,"generation":7,"pid":4711,)"
       R"("code":1,"uptime_ms":200,"reason":"x"})",
       R"({"v":1,"time":"2026-11-21T10:15:02.123456Z","event":"line_ended",)"
       R"("app":"api","stream":"error","line":"2026-11-21T10:15:02.000001Z"})",
       R"({"v":1,"time":"2026-11-21T10:15:02.123456Z","event":"exit",)"
       R"("signal":9,"delay_ms":100,"bytes":5,"actor":"root"})"},
      check);
}
