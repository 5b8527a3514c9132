#pragma once
// The story of an exit, from the events of its app: how it ended, what came
// before and what comes next. Pure.

#include <optional>
#include <string>
#include <vector>

#include "store/events.h"

namespace cli {

struct ExitStory {
  store::Event exit;
  int exits = 1;  // of the instance in the hour before, this one included
  bool several = false;  // the app has, or had, several instances
  std::optional<base::Timestamp> began;  // that life
  std::optional<store::Event> asked;     // who asked for the end
  // What came after, of the same instance.
  std::optional<store::Event> wait;
  std::optional<store::Event> next;  // start
  std::optional<store::Event> errored;
  std::optional<store::Event> deleted;
  std::optional<store::Event> renewed;  // start of another, of the same name
  // The definition was changed in the day before, the newest last.
  std::vector<store::Event> changes;
};

// The last exit among `events`, which are of one app and in time order;
// nullopt: it never ended.
std::optional<ExitStory> last_exit(const std::vector<store::Event>& events);

// What is known of it now, from a daemon that answers.
struct NowOf {
  std::string status;
  int64_t next_start_ms = -1;
};

// How it reads: `now` moment and `state` (null: no daemon) at which it is told.
struct StoryWords {
  std::string how;    // "exited with code 1"
  std::string after;  // "4th exit in the last hour"; may be empty
  std::string came;   // "restarted in 0.2 s"; may be empty
  std::vector<std::string> evidence;  // "memory 212 MB, cpu 3 %", ...
  std::string next;                   // what comes next
  std::vector<std::string> changes;   // without times: keys, by whom
};
StoryWords words_of(const ExitStory& story, base::Timestamp now,
                    const NowOf* state);

}  // namespace cli
