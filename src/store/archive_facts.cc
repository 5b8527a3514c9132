#include "store/archive_facts.h"

#include <algorithm>
#include <cstring>

#include "store/line.h"

namespace store {

FrameFacts::FrameFacts(bool stamped, std::span<const TimeEntry> times)
    : stamped_(stamped), times_(times) {}

void FrameFacts::take_time(std::optional<base::Timestamp> time) {
  if (!time) {
    timeless_ = true;
    return;
  }
  first_ = first_ ? std::min(*first_, *time) : *time;
  last_ = last_ ? std::max(*last_, *time) : *time;
}

// A line that begins here, with its '\n' if that is here too.
void FrameFacts::take_line(std::string_view line, ArchiveFrame& frame) {
  const bool ended = line.back() == '\n';
  const auto bytes = line.substr(0, line.size() - (ended ? 1 : 0));
  if (!stamped_) {
    ++frame.levels[static_cast<size_t>(detect_level(bytes))];
    return;
  }
  const Line parsed = parse_line(bytes);
  if (parsed.time) now_ = parsed.time;
  take_time(now_);
  ++frame.levels[static_cast<size_t>(detect_level(parsed))];
  if (!parsed.lead.empty()) grams_.add(parsed.lead);
  // The text with what ends it.
  grams_.add(line.substr(bytes.size() - parsed.text.size()));
}

// Of bytes without stamps. Those before the first entry are of no known time.
void FrameFacts::take_times(uint64_t begin, uint64_t end) {
  while (entry_ < times_.size() && times_[entry_].offset <= begin) ++entry_;
  take_time(entry_ == 0 ? std::nullopt
                        : std::optional(times_[entry_ - 1].time));
  for (size_t i = entry_; i < times_.size() && times_[i].offset < end; ++i)
    take_time(times_[i].time);
}

void FrameFacts::collect(const FrameBytes& bytes, GramBits& grams,
                         ArchiveFrame& frame) {
  grams_.redirect(grams);
  first_.reset();
  last_.reset();
  timeless_ = false;
  frame.begins_line = bytes.before.empty();
  const uint64_t end = bytes.begin + bytes.text.size();
  if (frame.begins_line)
    line_begin_ = bytes.begin;
  else if (stamped_)
    take_time(now_);
  if (!stamped_) take_times(line_begin_, end);

  grams_.add(bytes.before);
  if (!stamped_) grams_.add(bytes.text);
  bool begins = frame.begins_line;
  for (std::string_view rest = bytes.text; !rest.empty(); begins = true) {
    const auto* const found =
        static_cast<const char*>(std::memchr(rest.data(), '\n', rest.size()));
    const size_t size = found == nullptr
                            ? rest.size()
                            : static_cast<size_t>(found - rest.data()) + 1;
    const auto line = rest.substr(0, size);
    if (begins) {
      line_begin_ = end - rest.size();
      take_line(line, frame);
    } else if (stamped_) {
      grams_.add(line);
    }
    if (found != nullptr) ++frame.lines;
    rest.remove_prefix(size);
  }
  grams_.add(bytes.after);
  grams_.finish();
  if (timeless_ || !first_) return;
  frame.first = first_;
  frame.last = last_;
}

}  // namespace store
