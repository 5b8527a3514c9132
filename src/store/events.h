#pragma once
// Events: what Lodge has to say about an app, as JSON lines in
// `<app>-events.log` (and `lodge-events.log` for the daemon itself), beside the
// streams but never in them. One event is one write(2) to a file opened with
// O_APPEND, so control loop and capture thread may both write. A file that has
// grown large becomes the earlier one (names.h): the two are one history.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/names.h"

namespace store {

enum class EventKind {
  Start,      // an instance was started; pid, reason ("restart", "boot", ...)
  Exit,       // it ended; code or signal, uptime_ms, reason
  Wait,       // it will be started again after delay_ms
  Errored,    // given up for now; reason
  Stop,       // somebody asked for it to stop
  Delete,     // the app was deleted; its logs stay
  Flush,      // live files were emptied; bytes
  LineEnded,  // the child left its last line without '\n'; one was added on
              // disk: `line` is the stamp of that line, the last one that
              // bears it in this stream
  Ready,      // it is what it was to be; uptime_ms it took
  Unhealthy,  // its health check failed too often; reason
  Healthy,    // ... and is good again
  Adopt,      // a new daemon took the running instance over; pid
  Lost,       // something could not be accounted for; reason
  Drop,       // lines were not kept; lines, bytes, first, last, and reason:
              // "overflow", "disk_full" or "rate"
  DiskFull,   // the disk of a live file is full; stream
  DiskOk,     // ... and has room again
  Seal,       // the live file became a segment; stream, file, bytes
  Remove,     // a segment or archive was deleted; stream, file, bytes, reason
  Daemon,     // the daemon started or ended; reason
  Error,      // something failed that a user should know of; reason
  Config,     // its definition changed: keys, never values
  Notify,     // a rule of `notify` fired; rule, lines, reason: how its hook did
};
std::string_view event_name(EventKind kind);  // "start", "line_ended", ...
std::optional<EventKind> find_event_kind(std::string_view name);
std::vector<std::string_view> event_names();

struct Event {
  base::Timestamp time;
  EventKind kind = EventKind::Error;
  std::string app;
  int id = -1;        // of the instance; -1 when about the whole app
  int instance = -1;  // number within the app
  uint64_t generation = 0;
  int pid = 0;
  std::optional<Stream> stream;
  std::optional<int> code;    // exit code
  std::optional<int> signal;  // that ended it
  int64_t uptime_ms = -1;     // of the life that ended
  int64_t delay_ms = -1;
  int64_t bytes = -1;
  int64_t lines = -1;
  std::optional<base::Timestamp> first;  // of what was dropped
  std::optional<base::Timestamp> last;
  std::string file;  // absolute
  std::optional<base::Timestamp> line;
  std::string actor;    // who asked: user name or uid
  std::string command;  // with which command
  std::string reason;   // why, in words
  // Of an exit, as last looked at: its whole tree.
  int64_t memory_bytes = -1;
  double cpu_percent = -1;
  int restarts = -1;       // of the instance, ever, before the exit
  bool core = false;       // it left a core dump
  std::string ended_by;    // "asked", "kill_timeout", "outside", "itself"
  std::string oom;         // out of memory: "certain", "likely", "no"
  std::string evidence;    // ... says what
  int restarts_left = -1;  // of start and wait: unstable ones until errored
  std::vector<std::string> keys;  // "env.PORT", "log.max_size"
  std::string rule;               // its name
};

// One line without '\n'; absent fields are left out. `{"v":1,"time":...}`.
std::string format_event(const Event& event);
// Unknown members are ignored, an unknown kind is Errc::Invalid: an older
// reader shows what it understands.
base::Result<Event> parse_event(std::string_view line);

// "exited with code 1 after 3h12m": for rows among log lines.
std::string describe_event(const Event& event);

// Appends to logs/<app>-events.log (or the daemon's when event.app is empty).
// Thread-safe.
base::Status append_event(const std::string& log_dir, const Event& event);
// The same for the first of these and those after it of the same app, in one
// write; what is there, also after a failure, is taken off. `again`: once one
// could not be written, what a full disk left of it is made a line of its own,
// so that it spoils no other.
base::Status append_events(const std::string& log_dir,
                           std::deque<Event>& events, bool again);

// Of an events file; the earlier one may have some more.
inline constexpr uint64_t kMostEventBytes = uint64_t{4} << 20;
// Once the app's file has that many bytes it takes the place of the earlier
// one. What goes with that is told first, as an event of kind Remove. A crash
// leaves it done or not. For the one thread that calls append_events().
base::Status turn_events(const std::string& log_dir, const std::string& app,
                         base::Timestamp now, uint64_t most = kMostEventBytes);

}  // namespace store
