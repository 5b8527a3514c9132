#include "store/archive_facts.h"

#include <algorithm>
#include <cstring>

#include "store/colours.h"

namespace store {
namespace {

// Whether `\u` may stand over the frame's begin or end.
bool divided_in_escape(const FrameBytes& bytes) {
  return bytes.before.ends_with('\\') || bytes.text.ends_with('\\');
}

bool is_ascii(std::string_view text) {
  // A loop of a constant length without a way out, of which vectors are made.
  constexpr size_t kStep = 512;
  for (; text.size() >= kStep; text.remove_prefix(kStep)) {
    char seen = 0;
    for (size_t i = 0; i < kStep; ++i) seen |= text[i];
    if ((seen & 0x80) != 0) return false;
  }
  return std::ranges::all_of(text, [](char c) { return (c & 0x80) == 0; });
}

}  // namespace

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
  const Line parsed = parser_.parse(bytes);
  if (parsed.time) now_ = parsed.time;
  take_time(now_);
  ++frame.levels[static_cast<size_t>(detect_level(parsed))];
  if (!parsed.lead.empty()) take_text(parsed.lead);
  // The text with what ends it.
  take_text(line.substr(bytes.size() - parsed.text.size()));
}

// Of bytes without stamps. Those before the first entry are of no known time.
void FrameFacts::take_times(uint64_t begin, uint64_t end) {
  while (entry_ < times_.size() && times_[entry_].offset <= begin) ++entry_;
  take_time(entry_ == 0 ? std::nullopt
                        : std::optional(times_[entry_ - 1].time));
  for (size_t i = entry_; i < times_.size() && times_[i].offset < end; ++i)
    take_time(times_[i].time);
}

// Lines that have colours once more, without them: who looks for a text looks
// through colours.
void FrameFacts::take_colourless(std::string_view text) {
  std::string whole;
  std::string scratch;
  size_t done = 0;
  for (auto at = text.find('\x1b'); at != text.npos;
       at = text.find('\x1b', done)) {
    const auto before = at == 0 ? text.npos : text.rfind('\n', at - 1);
    const size_t begin = before == text.npos ? 0 : before + 1;
    done = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(begin, done - begin);
    whole = line;
    if (stamped_) {
      const Line parsed = parse_line(line);
      whole.assign(parsed.lead).append(parsed.text);
    }
    take_text(without_colours(whole, scratch));
    take_text("\n");
  }
}

void FrameFacts::collect(const FrameBytes& bytes, GramBits* grams,
                         ArchiveFrame& frame) {
  wants_grams_ = grams != nullptr;
  if (wants_grams_) grams_.redirect(*grams);
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

  take_text(bytes.before);
  if (!stamped_) take_text(bytes.text);
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
      take_text(line);
    }
    if (found != nullptr) ++frame.lines;
    rest.remove_prefix(size);
  }
  take_text(bytes.after);
  frame.ascii = is_ascii(bytes.text);
  // A colour may divide it.
  frame.unescaped = !divided_in_escape(bytes) &&
                    bytes.text.find("\\u") == bytes.text.npos &&
                    bytes.text.find("\\\x1b") == bytes.text.npos;
  // Of a line that is divided nobody here sees the whole.
  const bool divided = !bytes.before.empty() || !bytes.after.empty();
  const bool coloured = bytes.text.find('\x1b') != bytes.text.npos;
  frame.through_colours = !divided || !coloured;
  if (coloured && !divided && wants_grams_) {
    take_text("\n");
    take_colourless(bytes.text);
  }
  if (wants_grams_) grams_.finish();
  if (timeless_ || !first_) return;
  frame.first = first_;
  frame.last = last_;
}

}  // namespace store
