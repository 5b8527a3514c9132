#pragma once
// Where stored lines are missing in a range that was asked for: apps whose logs
// were flushed after the range began, or whose oldest files were deleted that
// may have reached into it, what was dropped or lost meanwhile, and what can't
// be read. (An app
// that merely wrote nothing that early has no gap.) A flush takes live files
// alone, so segments may lie before the gap. Reads the events and the first and
// last lines of a few files.

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "query/source.h"

namespace query {

struct GapRange {
  base::Timestamp since;
  std::optional<base::Timestamp> until;  // exclusive
};

struct Gap {
  enum class Cause { Flushed, Removed, Dropped, Lost, Damaged, Missing };
  std::string app;
  Cause cause = Cause::Flushed;
  // Last line before it, of the stream that ends first; of a loss or damage,
  // the first that is missing, as near as is known. None: no line is older.
  std::optional<base::Timestamp> kept;
  // First line after it, none = no line; of a loss or damage, the last that is
  // missing. Of damage both may be unknown.
  std::optional<base::Timestamp> begin;
  base::Timestamp when;  // what is missing went, last
  uint64_t lines = 0;    // dropped, or damaged; 0: not known
  std::string words;     // the event's reason; of damage, the file
};

// "flushed", "retention", "pruned", "deleted", "overflow", "disk_full", "rate",
// "lost", "damaged", "missing". The last is known to those who look for sealed
// files that are gone untold; find_gaps() doesn't.
std::string_view gap_reason(const Gap& gap);

// `origins` of all kinds, events among them; by app as they are there. Each
// event that is read goes to `on_event`, too.
std::vector<Gap> find_gaps(
    const std::vector<Origin>& origins, GapRange range, Problems& problems,
    const std::function<void(const store::Event&)>& on_event = {});

// Of `gaps` those of the apps of `origins` that such a range meets.
std::vector<Gap> gaps_within(const std::vector<Gap>& gaps,
                             const std::vector<Origin>& origins,
                             std::optional<base::Timestamp> since,
                             std::optional<base::Timestamp> until);

// What was found damaged while these were read; frames in a row are one gap.
std::vector<Gap> damage_gaps(const Source& source);
std::vector<Gap> damage_gaps(
    const std::vector<std::unique_ptr<Source>>& sources);

}  // namespace query
