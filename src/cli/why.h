#pragma once
// Why apps last exited, told from their events and logs; a daemon that answers
// adds what comes next. Blocking; any thread.

#include <optional>
#include <string>
#include <vector>

#include "base/time_spec.h"
#include "cli/exit_story.h"
#include "control/message.h"
#include "query/last_lines.h"
#include "query/query.h"
#include "store/events.h"

namespace cli {

struct Why {
  ExitStory story;
  StoryWords words;
  std::vector<query::LastLine> lines;  // the last ones of that life
  std::string name;                    // "api", or "api/1" among several
};

struct WhyAsked {
  base::Timestamp now;
  // Of an exit before that; how it went on may be told by what came later.
  std::optional<base::Timestamp> until;      // exclusive
  const control::ListReply* list = nullptr;  // null: no daemon answers
  size_t lines = 10;                         // at most, of each stream
};

// The last exit of each app that has one among `events`, which are in time
// order. Lines that can't be read are `problems`.
std::vector<Why> find_whys(const std::string& log_dir,
                           std::vector<store::Event> events,
                           const WhyAsked& asked,
                           std::vector<base::Error>& problems);

std::string why_text(const Why& why, base::Timestamp now, base::Zone zone,
                     bool color);
// One object, and a "\n". `daemon`: whether one answered.
std::string why_json(const Why& why, bool daemon);

}  // namespace cli
