#pragma once
// What is asked, and where each answer comes from: plain data that planner,
// readers and printers share.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "query/line_filter.h"
#include "store/segments.h"

namespace query {

// Which lives of an instance (lives.h) lines are of.
struct LifeChoice {
  enum class Which { All, Number, FromEnd, SinceRestart, LastCrash };
  Which which = Which::All;
  uint64_t number = 0;  // FromEnd: 1 is the last
  // Of an instance of which no such life is known, what comes from then on:
  // when it is followed, its start may be told a moment later.
  std::optional<base::Timestamp> newcomers{};
};

struct Query {
  std::vector<std::string> targets;  // none = all apps
  std::vector<std::string> exclude;
  bool out = true;
  bool error = true;
  bool events = true;
  std::optional<base::Timestamp> since;
  std::optional<base::Timestamp> until;  // exclusive
  std::optional<uint64_t> last;          // lines per app; absent = all
  LifeChoice life;
  LineQuery lines;       // which of them
  bool reverse = false;  // the newest first
  size_t threads = 0;    // to search with; 0: as many as fit
};

enum class Kind { Out, Error, Events };

// One live file that a query reads, with the segments that were sealed before
// it: one history. Several of an app are one group when its last lines are
// counted.
struct Origin {
  std::string app;
  int id = -1;        // of the instance, as in `list`; -1 when gone
  int instance = -1;  // -1: the file is about the whole app
  Kind kind = Kind::Out;
  std::string path;
  std::string label;      // "api", "api/2", "api/2 gone"
  bool numbered = false;  // the app has several instances
  bool deleted = false;   // the app is gone, its logs are not
  // Several instances or both streams write it: of a line is not known whose it
  // is. Of several instances: id and instance are -1.
  bool shared = false;
  // Narrower than what the query asks for: of one life, say.
  std::optional<base::Timestamp> since{}, until{};
  std::vector<int> only;  // events: of these instances; none = of all
  // Events: of each instance those from then to then alone, of others none.
  // None: all.
  struct Stretch {
    int instance = 0;  // -1: all that have no other
    base::Timestamp from;
    std::optional<base::Timestamp> until{};
  };
  std::vector<Stretch> stretches{};
  // Whose segments lie before the file; none: it has none.
  std::optional<store::SegmentOwner> owner;
};

}  // namespace query
