#include "cli/exit_story.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/units.h"

namespace cli {
namespace {

using std::chrono::milliseconds;
using store::Event;
using store::EventKind;

constexpr int64_t kHourUs = int64_t{3600} * 1'000'000;
constexpr size_t kMostChanges = 5;

bool is_of(const Event& event, const Event& exit) {
  return event.instance == exit.instance;
}

std::string ordinal(int n) {
  const char* ending = "th";
  if (n % 100 < 11 || n % 100 > 13) {
    if (n % 10 == 1) ending = "st";
    if (n % 10 == 2) ending = "nd";
    if (n % 10 == 3) ending = "rd";
  }
  return fmt::format("{}{}", n, ending);
}

std::string span_text(int64_t us) {
  return base::format_duration(milliseconds(std::max<int64_t>(us, 0) / 1000));
}

std::string by(const Event& event) {
  std::string words;
  if (!event.actor.empty()) words += " by " + event.actor;
  if (!event.command.empty()) words += " (" + event.command + ")";
  return words;
}

std::string memory_words(const Event& exit) {
  if (exit.oom == "certain" || exit.oom == "likely")
    return fmt::format("{}out of memory: {}",
                       exit.oom == "certain" ? "" : "likely ", exit.evidence);
  if (exit.oom == "no") return "not out of memory";
  // Only such exits could be for want of memory without a word of it.
  return exit.ended_by == "outside" ? "out of memory or not is unknown"
                                    : std::string();
}

std::string ender_words(const ExitStory& story) {
  const Event& exit = story.exit;
  const std::string who = story.asked ? by(*story.asked) : std::string();
  if (exit.ended_by == "kill_timeout")
    return "asked to stop" + who + ", and killed when kill_timeout was over";
  if (exit.ended_by == "asked") return "asked to stop" + who;
  if (exit.ended_by == "outside") {
    if (exit.oom == "certain" || exit.oom == "likely") return {};
    return "the signal came from outside: no stop, restart or limit of lodge's "
           "sent it";
  }
  if (exit.signal) return "the signal was of its own doing";
  return exit.code ? "not signalled" : std::string();
}

std::string left_words(int left) {
  if (left < 0) return {};
  return fmt::format("{} more unstable {} until errored", left,
                     left == 1 ? "restart" : "restarts");
}

std::string next_words(const ExitStory& story, base::Timestamp now,
                       const NowOf* state) {
  if (story.deleted)
    return fmt::format(
        "nothing: it was deleted{}{}", by(*story.deleted),
        story.renewed ? "; another of its name was started since" : "");
  if (story.next) return left_words(story.next->restarts_left);
  if (story.errored) {
    std::string words = "errored: " + story.errored->reason;
    if (state != nullptr && state->next_start_ms >= 0)
      words += fmt::format(
          "; tried again in {}",
          base::format_duration(milliseconds(state->next_start_ms)));
    return words;
  }
  if (story.wait) {
    const int64_t due =
        story.wait->time.us + story.wait->delay_ms * 1000 - now.us;
    std::string words = due > 0 ? "starts again in " + span_text(due)
                                : std::string("is to start again now");
    if (due <= 0 && state == nullptr) words += ", when a daemon runs";
    const auto left = left_words(story.wait->restarts_left);
    return left.empty() ? words : words + "; " + left;
  }
  if (state != nullptr && state->status == "launching")
    return "it is being started";
  if (story.asked) return "nothing: it was asked to stop" + by(*story.asked);
  return state != nullptr ? fmt::format("nothing: it is {}", state->status)
                          : "nothing that its events tell of";
}

}  // namespace

std::optional<ExitStory> last_exit(const std::vector<Event>& events) {
  const auto last = std::find_if(
      events.rbegin(), events.rend(),
      [](const Event& event) { return event.kind == EventKind::Exit; });
  if (last == events.rend()) return std::nullopt;
  const auto exit = std::prev(last.base());
  ExitStory story;
  story.exit = *exit;
  const auto hour = exit->time.us - kHourUs;
  for (auto event = events.begin(); event != events.end(); ++event) {
    if (event->instance > 0) story.several = true;
    const bool before = event < exit;
    if (event->kind == EventKind::Config) {
      if (event->time <= exit->time &&
          event->time.us >= exit->time.us - 24 * kHourUs)
        story.changes.push_back(*event);
      continue;
    }
    if (!is_of(*event, *exit) || event == exit) continue;
    // Behind that, one of the same name, whose lives are numbered anew.
    if (story.deleted && event->kind == EventKind::Start) {
      story.renewed = *event;
      break;
    }
    if (before && event->kind == EventKind::Delete) {
      story.exits = 1;
      story.began.reset();
      story.asked.reset();
      continue;
    }
    const bool same_life = event->generation == exit->generation;
    switch (event->kind) {
      case EventKind::Exit:
        if (event->time.us >= hour) ++story.exits;
        break;
      case EventKind::Start:
        if (same_life) story.began = event->time;
        if (!before && !same_life && !story.next) story.next = *event;
        break;
      case EventKind::Adopt:
        if (same_life && !story.began) story.began = event->time;
        break;
      case EventKind::Stop:
        if (before && same_life) story.asked = *event;
        break;
      case EventKind::Wait:
        if (!before && !story.wait) story.wait = *event;
        break;
      case EventKind::Errored:
        if (!before) story.errored = *event;
        break;
      case EventKind::Delete:
        if (!before) story.deleted = *event;
        break;
      default:
        break;
    }
  }
  // Asked to end only after it had ended: it waited, and was told not to.
  if (!story.asked && !story.next)
    for (auto event = exit + 1; event != events.end(); ++event) {
      if (!is_of(*event, *exit)) continue;
      if (event->kind == EventKind::Delete) break;
      if (event->kind == EventKind::Stop) story.asked = *event;
    }
  if (story.changes.size() > kMostChanges)
    story.changes.erase(
        story.changes.begin(),
        story.changes.end() - static_cast<std::ptrdiff_t>(kMostChanges));
  return story;
}

StoryWords words_of(const ExitStory& story, base::Timestamp now,
                    const NowOf* state) {
  const Event& exit = story.exit;
  StoryWords words;
  Event bare = exit;
  bare.reason = exit.ended_by == "asked" || exit.ended_by == "kill_timeout"
                    ? std::string()
                    : exit.reason;
  bare.oom.clear();
  words.how = store::describe_event(bare);
  if (exit.core) words.how += ", core dumped";
  if (story.exits > 1)
    words.after = ordinal(story.exits) + " exit in the last hour";
  if (story.next)
    words.came =
        "restarted in " + span_text(story.next->time.us - exit.time.us);
  if (exit.memory_bytes >= 0)
    words.evidence.push_back(
        fmt::format("memory {}, cpu {:.1f} %",
                    base::format_size(static_cast<uint64_t>(exit.memory_bytes)),
                    std::max(exit.cpu_percent, 0.0)));
  else if (exit.uptime_ms >= 0 && exit.uptime_ms < 2000)
    words.evidence.emplace_back("memory and cpu unknown: it lived too short");
  for (auto text : {memory_words(exit), ender_words(story)})
    if (!text.empty()) words.evidence.push_back(std::move(text));
  if (exit.restarts >= 0)
    words.evidence.push_back(
        fmt::format("{} {} before", exit.restarts,
                    exit.restarts == 1 ? "restart" : "restarts"));
  words.next = next_words(story, now, state);
  for (const auto& change : story.changes)
    words.changes.push_back(
        fmt::format("{}{}", fmt::join(change.keys, ", "), by(change)));
  return words;
}

}  // namespace cli
