#pragma once
// The events of chosen apps, read from the log directory: at first what is
// there, then what came since. Needs no daemon. Blocking; lives on the thread
// that asks.

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "query/pattern.h"
#include "store/catalog.h"
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

class EventReader {
 public:
  EventReader(std::string log_dir, EventFilter filter)
      : log_dir_(std::move(log_dir)), filter_(std::move(filter)) {}

  // What came since the last call, in time order. Lines that this version
  // doesn't understand are passed over. Errc::NotFound and Errc::Invalid are
  // about the targets.
  base::Result<std::vector<store::Event>> read_new();

 private:
  struct File {
    uint64_t offset = 0;  // read up to here
    uint64_t inode = 0;
  };
  base::Status choose();
  base::Result<std::string> read_file(const std::string& path, File& file);
  base::Result<std::string> read_whole_lines(const std::string& path,
                                             File& file);
  bool is_wanted(const store::Event& event) const;
  void learn_life(const store::Event& event);
  bool is_of_life(const store::Event& event) const;

  std::string log_dir_;
  EventFilter filter_;
  std::set<std::pair<std::string, int>> instances_;
  std::map<std::string, File> files_;
  struct Life {
    uint64_t generation = 0;
    base::Timestamp begun;
  };
  // Of each instance, in order; known when they are counted from the end.
  std::map<std::pair<std::string, int>, std::vector<Life>> lives_;
};

}  // namespace cli
