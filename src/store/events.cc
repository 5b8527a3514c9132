#include "store/events.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <vector>

#include "base/fs.h"
#include "base/json.h"
#include "base/units.h"

namespace store {
namespace {

struct KindName {
  EventKind kind;
  std::string_view name;
};
constexpr std::array kKinds = {
    KindName{EventKind::Start, "start"},
    KindName{EventKind::Exit, "exit"},
    KindName{EventKind::Wait, "wait"},
    KindName{EventKind::Errored, "errored"},
    KindName{EventKind::Stop, "stop"},
    KindName{EventKind::Delete, "delete"},
    KindName{EventKind::Flush, "flush"},
    KindName{EventKind::LineEnded, "line_ended"},
    KindName{EventKind::Ready, "ready"},
    KindName{EventKind::Unhealthy, "unhealthy"},
    KindName{EventKind::Healthy, "healthy"},
    KindName{EventKind::Adopt, "adopt"},
    KindName{EventKind::Lost, "lost"},
    KindName{EventKind::Drop, "drop"},
    KindName{EventKind::DiskFull, "disk_full"},
    KindName{EventKind::DiskOk, "disk_ok"},
    KindName{EventKind::Seal, "seal"},
    KindName{EventKind::Remove, "remove"},
    KindName{EventKind::Daemon, "daemon"},
    KindName{EventKind::Error, "error"},
    KindName{EventKind::Config, "config"},
    KindName{EventKind::Notify, "notify"},
};
static_assert(kKinds.size() == static_cast<size_t>(EventKind::Notify) + 1);

constexpr size_t kMostAtOnce = size_t{64} << 10;

std::string ending(const Event& event) {
  std::string words = "exited";
  if (event.signal)
    words =
        fmt::format("killed by {}",
                    ::sigabbrev_np(*event.signal) != nullptr
                        ? fmt::format("SIG{}", ::sigabbrev_np(*event.signal))
                        : fmt::format("signal {}", *event.signal));
  else if (event.code)
    words = fmt::format("exited with code {}", *event.code);
  if (event.uptime_ms >= 0)
    words += " after " +
             base::format_duration(std::chrono::milliseconds(event.uptime_ms));
  return words;
}

std::string out_of_memory(const Event& event) {
  if (event.oom != "certain" && event.oom != "likely") return {};
  return fmt::format(", {}out of memory",
                     event.oom == "certain" ? "" : "likely ");
}

std::string size_text(int64_t bytes) {
  return base::format_size(static_cast<uint64_t>(std::max<int64_t>(bytes, 0)));
}

std::string dropped(const Event& event) {
  return fmt::format("dropped {} {}, {}", std::max<int64_t>(event.lines, 0),
                     event.lines == 1 ? "line" : "lines",
                     size_text(event.bytes));
}

std::string with_reason(std::string words, const Event& event) {
  if (!event.reason.empty()) words += " (" + event.reason + ")";
  return words;
}

base::Result<bool> ends_torn(int fd, const std::string& path) {
  auto info = base::fs::fstat(fd, path);
  if (!info) return base::fail(std::move(info.error()));
  if (!S_ISREG(info->st_mode) || info->st_size == 0) return false;
  char last = '\n';
  auto got = base::fs::pread(fd, {&last, 1},
                             static_cast<uint64_t>(info->st_size) - 1, path);
  if (!got) return base::fail(std::move(got.error()));
  return *got == 1 && last != '\n';
}

std::string path_of(const std::string& log_dir, const Event& event) {
  return base::fs::join(log_dir, event.app.empty() ? std::string(kDaemonEvents)
                                                   : events_name(event.app));
}

base::Result<base::UniqueFd> open_events(const std::string& path) {
  return base::fs::open(path, O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW);
}

}  // namespace

std::string_view event_name(EventKind kind) {
  return kKinds[static_cast<size_t>(kind)].name;
}

std::optional<EventKind> find_event_kind(std::string_view name) {
  for (const auto& kind : kKinds)
    if (kind.name == name) return kind.kind;
  return std::nullopt;
}

std::vector<std::string_view> event_names() {
  std::vector<std::string_view> names;
  for (const auto& kind : kKinds) names.push_back(kind.name);
  return names;
}

std::string format_event(const Event& event) {
  nlohmann::ordered_json json;
  json["v"] = 1;
  json["time"] = base::format_stamp(event.time);
  json["event"] = event_name(event.kind);
  if (!event.app.empty()) json["app"] = event.app;
  if (event.id >= 0) json["id"] = event.id;
  if (event.instance >= 0) json["instance"] = event.instance;
  if (event.generation > 0) json["generation"] = event.generation;
  if (event.pid > 0) json["pid"] = event.pid;
  if (event.stream) json["stream"] = stream_name(*event.stream);
  if (event.code) json["code"] = *event.code;
  if (event.signal) json["signal"] = *event.signal;
  if (event.uptime_ms >= 0) json["uptime_ms"] = event.uptime_ms;
  if (event.delay_ms >= 0) json["delay_ms"] = event.delay_ms;
  if (event.bytes >= 0) json["bytes"] = event.bytes;
  if (event.lines >= 0) json["lines"] = event.lines;
  if (event.first) json["first"] = base::format_stamp(*event.first);
  if (event.last) json["last"] = base::format_stamp(*event.last);
  if (!event.file.empty()) json["file"] = event.file;
  if (event.line) json["line"] = base::format_stamp(*event.line);
  if (!event.actor.empty()) json["actor"] = event.actor;
  if (!event.command.empty()) json["command"] = event.command;
  if (!event.reason.empty()) json["reason"] = event.reason;
  if (event.memory_bytes >= 0) json["memory_bytes"] = event.memory_bytes;
  // One digit is all there is to it.
  if (event.cpu_percent >= 0)
    json["cpu_percent"] = std::round(event.cpu_percent * 10) / 10;
  if (event.restarts >= 0) json["restarts"] = event.restarts;
  if (event.core) json["core"] = true;
  if (!event.ended_by.empty()) json["ended_by"] = event.ended_by;
  if (!event.oom.empty()) json["oom"] = event.oom;
  if (!event.evidence.empty()) json["evidence"] = event.evidence;
  if (event.restarts_left >= 0) json["restarts_left"] = event.restarts_left;
  if (!event.keys.empty()) json["keys"] = event.keys;
  if (!event.rule.empty()) json["rule"] = event.rule;
  return json.dump(-1, ' ', false,
                   nlohmann::ordered_json::error_handler_t::replace);
}

base::Result<Event> parse_event(std::string_view line) {
  auto parsed = base::parse_json(line, {.bytes = size_t{1} << 20, .depth = 8});
  if (!parsed) return base::pass(std::move(parsed), "event");
  const auto bad = [] {
    return base::fail(base::Errc::Invalid, "event: not an event record");
  };
  if (!parsed->is_object()) return bad();
  Event event;
  try {
    const auto time = base::parse_stamp(parsed->value("time", ""));
    if (!time) return bad();
    event.time = *time;
    const auto kind = find_event_kind(parsed->value("event", ""));
    if (!kind) return bad();
    event.kind = *kind;
    event.app = parsed->value("app", "");
    event.id = parsed->value("id", -1);
    event.instance = parsed->value("instance", -1);
    event.generation = parsed->value("generation", uint64_t{0});
    event.pid = parsed->value("pid", 0);
    const std::string stream = parsed->value("stream", "");
    if (stream == "out") event.stream = Stream::Out;
    if (stream == "error") event.stream = Stream::Error;
    if (parsed->contains("code")) event.code = parsed->at("code").get<int>();
    if (parsed->contains("signal"))
      event.signal = parsed->at("signal").get<int>();
    event.uptime_ms = parsed->value("uptime_ms", int64_t{-1});
    event.delay_ms = parsed->value("delay_ms", int64_t{-1});
    event.bytes = parsed->value("bytes", int64_t{-1});
    event.lines = parsed->value("lines", int64_t{-1});
    event.first = base::parse_stamp(parsed->value("first", ""));
    event.last = base::parse_stamp(parsed->value("last", ""));
    event.file = parsed->value("file", "");
    event.line = base::parse_stamp(parsed->value("line", ""));
    event.actor = parsed->value("actor", "");
    event.command = parsed->value("command", "");
    event.reason = parsed->value("reason", "");
    event.memory_bytes = parsed->value("memory_bytes", int64_t{-1});
    event.cpu_percent = parsed->value("cpu_percent", -1.0);
    event.restarts = parsed->value("restarts", -1);
    event.core = parsed->value("core", false);
    event.ended_by = parsed->value("ended_by", "");
    event.oom = parsed->value("oom", "");
    event.evidence = parsed->value("evidence", "");
    event.restarts_left = parsed->value("restarts_left", -1);
    if (parsed->contains("keys"))
      event.keys = parsed->at("keys").get<std::vector<std::string>>();
    event.rule = parsed->value("rule", "");
  } catch (const nlohmann::json::exception&) {
    return bad();  // a member of another type than ours
  }
  return event;
}

std::string describe_event(const Event& event) {
  switch (event.kind) {
    case EventKind::Start:
      return with_reason(fmt::format("started, pid {}", event.pid), event);
    case EventKind::Exit:
      return with_reason(ending(event), event) + out_of_memory(event);
    case EventKind::Wait:
      return with_reason(
          fmt::format(
              "restart in {}",
              base::format_duration(std::chrono::milliseconds(event.delay_ms))),
          event);
    case EventKind::Errored:
      return with_reason("errored", event);
    case EventKind::Stop:
      return with_reason("stopping", event);
    case EventKind::Delete:
      return with_reason("deleted", event);
    case EventKind::Flush:
      return with_reason(fmt::format("flushed {}", size_text(event.bytes)),
                         event);
    case EventKind::LineEnded:
      return "ended in mid-line; a newline was added";
    case EventKind::Ready:
      return fmt::format("ready after {}",
                         base::format_duration(std::chrono::milliseconds(
                             std::max<int64_t>(event.uptime_ms, 0))));
    case EventKind::Unhealthy:
      return with_reason("unhealthy", event);
    case EventKind::Healthy:
      return "healthy again";
    case EventKind::Adopt:
      return with_reason(
          fmt::format("taken over by a new daemon, pid {}", event.pid), event);
    case EventKind::Lost:
      return with_reason("lost", event);
    case EventKind::Drop:
      return with_reason(dropped(event), event);
    case EventKind::DiskFull:
      return with_reason("disk full", event);
    case EventKind::DiskOk:
      return with_reason("the disk has room again", event);
    case EventKind::Seal:
      return fmt::format("sealed {} as {}", size_text(event.bytes), event.file);
    case EventKind::Remove:
      return with_reason(
          fmt::format("deleted {} of logs: {}", size_text(event.bytes),
                      base::fs::base_name(event.file)),
          event);
    case EventKind::Config:
      return with_reason(fmt::format("changed {}", fmt::join(event.keys, ", ")),
                         event);
    case EventKind::Notify:
      return with_reason(fmt::format("notified: {}", event.rule), event);
    case EventKind::Daemon:
    case EventKind::Error:
      return event.reason;
  }
  return {};
}

base::Status append_event(const std::string& log_dir, const Event& event) {
  const std::string path = path_of(log_dir, event);
  auto fd = open_events(path);
  if (!fd) return base::pass(std::move(fd), "event");
  auto written =
      base::fs::write_all(fd->get(), format_event(event) + "\n", path);
  if (!written) return base::pass(std::move(written), "event");
  return {};
}

base::Status append_events(const std::string& log_dir,
                           std::deque<Event>& events, bool again) {
  if (events.empty()) return {};
  const std::string path = path_of(log_dir, events.front());
  auto fd = open_events(path);
  if (!fd) return base::pass(std::move(fd), "event");
  std::string lines;
  if (again) {
    auto torn = ends_torn(fd->get(), path);
    if (!torn) return base::pass(std::move(torn), "event");
    if (*torn) lines = "\n";
  }
  std::vector<size_t> ends;  // of each event, in `lines`
  for (const auto& event : events) {
    if (event.app != events.front().app || lines.size() >= kMostAtOnce) break;
    lines += format_event(event) + "\n";
    ends.push_back(lines.size());
  }
  size_t done = 0;
  base::Status written;
  while (done < lines.size() && written) {
    auto n = base::fs::write_some(fd->get(),
                                  std::string_view(lines).substr(done), path);
    if (n)
      done += *n;
    else
      written = base::pass(std::move(n), "event");
  }
  const auto whole = std::ranges::upper_bound(ends, done) - ends.begin();
  events.erase(events.begin(), events.begin() + whole);
  return written;
}

base::Status turn_events(const std::string& log_dir, const std::string& app,
                         base::Timestamp now, uint64_t most) {
  Event event;
  event.app = app;
  const std::string path = path_of(log_dir, event);
  const auto size = base::fs::stat(path);
  if (!size || static_cast<uint64_t>(size->st_size) < most) return {};
  const std::string earlier = earlier_events(path);
  if (const auto gone = base::fs::stat(earlier)) {
    event.kind = EventKind::Remove;
    event.time = now;
    event.file = earlier;
    event.bytes = gone->st_size;
    event.reason = "the oldest events; no more are kept";
    if (auto told = append_event(log_dir, event); !told) return told;
  }
  return base::fs::rename(path, earlier);
}

}  // namespace store
