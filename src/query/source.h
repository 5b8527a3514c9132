#pragma once
// One file of a query being read: its descriptor, where we are in it, and the
// piece or event that is next. Lives on the thread that asks.

#include <sys/stat.h>

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/unique_fd.h"
#include "query/query.h"
#include "store/events.h"
#include "store/live_reader.h"

namespace query {

// What could not be read; the rest is shown all the same.
using Problems = std::vector<base::Error>;

class Source {
 public:
  Source(Origin origin, const Query& query);

  // Opens the file if it is there. A file that does not exist (yet) is no
  // error, and is empty.
  base::Status open();
  // Takes the file that is now under our path, opened already.
  void adopt(base::UniqueFd fd, const struct ::stat& identity);
  bool is_open() const { return static_cast<bool>(fd_); }
  int fd() const { return fd_.get(); }
  bool is_file(const struct ::stat& other) const;
  base::Result<uint64_t> size() const;

  // Reads up to `limit` from now on; with `partial`, also a line that has not
  // ended there.
  void allow(uint64_t limit, bool partial);
  // No line in range begins at `end` or later; until allow() says more.
  void narrow(uint64_t end) { limit_ = std::min(limit_, end); }
  uint64_t limit() const { return limit_; }
  bool held() const { return reader_.offset() < limit_; }
  // Goes to the next piece or event in range; false when there is none for
  // now.
  base::Result<bool> advance();
  const store::Piece& piece() const { return piece_; }
  const store::Event& event() const { return event_; }
  bool has_event() const { return origin_.kind == Kind::Events; }
  // What sources are merged by: the stamp, but never less than one before it.
  std::optional<base::Timestamp> key() const { return key_; }

  const Origin& origin() const { return origin_; }
  void relabel(const Origin& origin) { origin_ = origin; }
  store::LiveReader& reader() { return reader_; }

 private:
  bool in_range(std::optional<base::Timestamp> time) const;
  bool take_event();

  Origin origin_;
  std::optional<base::Timestamp> since_;
  std::optional<base::Timestamp> until_;
  base::UniqueFd fd_;
  struct ::stat identity_{};
  store::LiveReader reader_;
  uint64_t limit_ = 0;
  bool partial_ = false;
  bool skipping_ = false;  // the line we are in is out of range
  store::Piece piece_;
  std::string event_text_;
  store::Event event_;
  std::optional<base::Timestamp> key_;
};

// All events of the origins that have any.
void read_events(const std::vector<Origin>& origins, Problems& problems,
                 const std::function<void(const store::Event&)>& on_event);

}  // namespace query
