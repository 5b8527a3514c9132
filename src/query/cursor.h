#pragma once
// A place behind a line of the merged flow, as text that a user keeps: the
// line's stamp, whose it is, and where it lies in its history. It stays good
// through rotation and compression.
//
//   1:<stamp in µs>:<app>:<instance>:<out|error>:<segment number>:<offset>
//
// `:<stamp in µs>` follows where events were shown behind that line: of the
// last. They come from other files than lines do, which a later stamp must not
// pass over. Before any line was shown the place is that of an event: `events`
// in place of the stream.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "query/query.h"

namespace query {

struct Cursor {
  base::Timestamp time;
  std::string app;
  int instance = -1;  // -1: of several
  Kind kind = Kind::Out;
  uint64_t sequence = 0;     // of its segment; what it will be of a live file
  uint64_t offset = 0;       // of the line in it
  base::Timestamp events{};  // those up to there were shown, if behind `time`
  bool operator==(const Cursor&) const = default;
  bool is_of(const Origin& origin) const {
    return app == origin.app && instance == origin.instance &&
           kind == origin.kind;
  }
};

std::string format_cursor(const Cursor& cursor);
base::Result<Cursor> parse_cursor(std::string_view text);

// As --cursor-file keeps them, each on a line of its own: the place in the
// merged flow, then of each other history the line that was shown last. What
// reaches one of these late stands before that place, by its stamp, and was not
// shown.
std::string format_cursors(const std::vector<Cursor>& cursors);
// Not empty.
base::Result<std::vector<Cursor>> parse_cursors(std::string_view text);

}  // namespace query
