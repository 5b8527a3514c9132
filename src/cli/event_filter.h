#pragma once
// The events of chosen apps: which files have them, which of them are wanted.
// They are read as lines are, from the log directory. Needs no daemon.
// Blocking; lives on the thread that asks.

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/result.h"
#include "query/lives.h"
#include "query/pattern.h"
#include "query/planner.h"
#include "store/events.h"

namespace cli {

struct EventFilter {
  std::vector<std::string> targets;  // empty = all, and the daemon's own
  std::vector<std::string> exclude;
  std::optional<base::Timestamp> since;    // inclusive
  std::optional<base::Timestamp> until;    // exclusive
  std::set<store::EventKind> kinds;        // empty = all
  std::optional<int64_t> generation = {};  // -1: the last of each instance
  query::Pattern text;                     // of event_words()
};

// All events of these, or of these kinds.
EventFilter filter_for(std::vector<std::string> targets,
                       std::set<store::EventKind> kinds = {});

// What a row says of an event, without time and app: "exited with code 1 by ada
// (lodge stop api)". `command` is the part in brackets.
struct EventWords {
  std::string what;
  std::string command;
};
EventWords event_words(const store::Event& event);

// Chooses events, told one by one in order of time.
class EventSieve {
 public:
  explicit EventSieve(const EventFilter& filter);  // outlives this

  // Hears of every event, also of those that are not wanted.
  void learn(const store::Event& event);
  bool takes(const store::Event& event) const;
  // By what was learnt so far; counted from the last life, it may not be later.
  bool is_of_life(const store::Event& event) const;

 private:
  const EventFilter& filter_;
  query::LifeChoice choice_;
  query::Lives lives_;
};

// The files of events, as they are now. Errc::NotFound and Errc::Invalid are
// about the targets.
base::Result<query::Plan> plan_events(const std::string& log_dir,
                                      const EventFilter& filter);

// What is there, in time order. Lines that this version doesn't understand are
// passed over.
base::Result<std::vector<store::Event>> read_events(const std::string& log_dir,
                                                    const EventFilter& filter);

}  // namespace cli
