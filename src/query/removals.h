#pragma once
// Sealed files that are gone, as events tell: until when each may have had
// lines, so that a history whose oldest line is young is known to be cut. What
// is pruned or flushed has one event an app, which names no file: those that
// were sealed before and are not there any more are meant. Pure; any thread.

#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "base/clock.h"
#include "store/events.h"
#include "store/segments.h"

namespace query {

struct RemovedFile {
  base::Timestamp first;  // of its first line, to the second
  base::Timestamp end;    // it has no later line
  base::Timestamp when;   // it was deleted
  std::string reason;
  bool flushed = false;
};

// Of sealed files alone, unlike other flushes.
bool is_prune(const store::Event& event);

class Removals {
 public:
  // In the order of their times; others than these are passed over.
  void add(const store::Event& event);
  // Whether there is anything to say at all of one.
  bool has_any(const store::SegmentOwner& owner) const;
  // The last by number of those that lay before a history's oldest file;
  // `oldest`: its number, none = there is no sealed one.
  std::optional<RemovedFile> before(const store::SegmentOwner& owner,
                                    std::optional<uint64_t> oldest) const;

 private:
  using Owner = std::tuple<std::string, store::SegmentKind, int>;
  struct Sealed {
    base::Timestamp first, end;
    std::optional<base::Timestamp> removed;
    std::string reason;
  };
  std::map<Owner, std::map<uint64_t, Sealed>> files_;  // by number
  std::map<std::string, base::Timestamp> pruned_;      // last, by app
  std::map<std::string, std::vector<base::Timestamp>> flushed_;
};

}  // namespace query
