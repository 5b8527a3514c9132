#pragma once
// One rule over what happens to one app: counts within its window, and once it
// has fired is quiet for a while. Pure: times are arguments.

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "config/notify_rule.h"
#include "store/events.h"

namespace notify {

// One thing that a rule may be about: an event, or a line that matches.
struct Occurrence {
  base::Timestamp time;  // the event's, or the line's stamp
  int instance = -1;
  std::optional<store::Stream> stream;  // of a line
  std::string_view text;                // the line, or the event in words
};

struct Firing {
  struct Line {
    base::Timestamp time;
    std::optional<store::Stream> stream;
    std::string text;
  };
  base::Timestamp time;
  int instance = -1;        // of the last of them
  int count = 1;            // within the window
  uint64_t suppressed = 0;  // since it last fired, in quiet
  std::vector<Line> lines;  // the last of them
};

class Watch {
 public:
  static constexpr size_t kMostLines = 10;
  static constexpr size_t kLongestLine = 1024;

  explicit Watch(const config::NotifyRule& rule) : rule_(rule) {}

  // `now` is by the wall, for quiet; counting goes by the occurrences' times.
  std::optional<Firing> saw(const Occurrence& what, base::Timestamp now);
  // It has fired then, as an earlier process knows.
  void fired_at(base::Timestamp time) { fired_ = time; }
  std::optional<base::Timestamp> fired() const { return fired_; }

 private:
  bool is_quiet(base::Timestamp now) const;

  const config::NotifyRule rule_;
  std::deque<base::Timestamp> times_;  // at most as many as make it fire
  std::deque<Firing::Line> lines_;
  std::optional<base::Timestamp> fired_;
  uint64_t suppressed_ = 0;
};

// What of notify_occasions() an event is.
std::vector<std::string_view> occasions_of(const store::Event& event);

}  // namespace notify
