#include "support/lines/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "base/clock.h"
#include "base/fs.h"
#include "store/line.h"
#include "support/lines/plain_bytes.h"

namespace support {
namespace {

constexpr std::array kNames = {
    "lost",         "doubled",  "torn",      "out of order",    "never written",
    "wrong stream", "NUL byte", "unstamped", "stamp backwards", "write failed",
    "restarted",    "orphan",   "daemons",   "unreadable"};
static_assert(kNames.size() == static_cast<size_t>(Breach::Unreadable) + 1);

constexpr size_t kExamplesOfKind = 5;

std::string shown(std::string_view text) {
  std::string result;
  for (const char c : text.substr(0, 100))
    result += c >= ' ' && c <= '~' ? std::string(1, c)
                                   : fmt::format("\\x{:02x}", c & 0xff);
  if (text.size() > 100) result += fmt::format("... ({} bytes)", text.size());
  return result;
}

struct Head {
  std::string_view token;
  uint64_t seq = 0;
};

// "L api.1.out 17 aaa E" -> api.1.out, 17.
std::optional<Head> head_of(std::string_view text) {
  if (!text.starts_with("L ")) return std::nullopt;
  const auto space = text.find(' ', 2);
  if (space == text.npos) return std::nullopt;
  Head head{text.substr(2, space - 2), 0};
  const char* const end = text.data() + text.size();
  const auto [after, error] =
      std::from_chars(text.data() + space + 1, end, head.seq);
  if (error != std::errc{} || after == end || *after != ' ')
    return std::nullopt;
  return head;
}

class FilePlace final : public LinePlace {
 public:
  explicit FilePlace(std::string path) : path_(std::move(path)) {}
  std::string name() const override { return path_; }

  base::Status each(
      const std::function<void(std::string_view, bool)>& call) override {
    std::string held;
    auto read = read_plain(path_, [&](std::string_view bytes) {
      held.append(bytes);
      held.erase(0, whole_lines(held, call));
    });
    if (!read) return read;
    if (!held.empty()) call(held, false);
    return {};
  }

  static size_t whole_lines(
      std::string_view text,
      const std::function<void(std::string_view, bool)>& call) {
    size_t at = 0;
    for (;;) {
      const auto end = text.find('\n', at);
      if (end == text.npos) return at;
      call(text.substr(at, end - at), true);
      at = end + 1;
    }
  }

 private:
  std::string path_;
};

class TextPlace final : public LinePlace {
 public:
  TextPlace(std::string name, std::string text)
      : name_(std::move(name)), text_(std::move(text)) {}
  std::string name() const override { return name_; }
  base::Status each(
      const std::function<void(std::string_view, bool)>& call) override {
    const size_t whole = FilePlace::whole_lines(text_, call);
    if (whole < text_.size())
      call(std::string_view(text_).substr(whole), false);
    return {};
  }

 private:
  std::string name_;
  std::string text_;
};

}  // namespace

std::string_view breach_name(Breach breach) {
  return kNames[static_cast<size_t>(breach)];
}

uint64_t Report::count(Breach breach) const {
  const auto found = counts.find(breach);
  return found == counts.end() ? 0 : found->second;
}

void Report::add(Breach breach, std::string_view where, std::string_view what,
                 uint64_t times) {
  counts[breach] += times;
  if (++told[breach] <= kExamplesOfKind)
    examples.push_back(
        fmt::format("{}: {}: {}", breach_name(breach), where, what));
}

std::string Report::text() const {
  std::string text = fmt::format("{} lines whole", lines);
  for (const auto& [breach, number] : counts)
    text += fmt::format(", {} {}", number, breach_name(breach));
  for (const auto& example : examples) text += "\n  " + example;
  return text;
}

std::unique_ptr<LinePlace> file_place(const std::string& path) {
  return std::make_unique<FilePlace>(path);
}

std::unique_ptr<LinePlace> text_place(std::string name, std::string text) {
  return std::make_unique<TextPlace>(std::move(name), std::move(text));
}

// One run and stream of a source: what must be there, and what was found.
struct LineChecker::Track {
  Track(LineShape s, StreamTruth& t, SourceStream which)
      : shape(std::move(s)), truth(&t), stream(which) {}

  LineShape shape;
  StreamTruth* truth;
  SourceStream stream;
  uint64_t must_lines = 0;    // handed when the check began
  uint64_t must_rest = 0;     // bytes of the line after them
  std::vector<uint8_t> seen;  // by seq - 1: how often
  uint64_t last = 0;          // greatest seq seen
  bool tail_seen = false;

  void begin() {
    const uint64_t handed = truth->handed_bytes;
    while (must_end_ + shape.size(must_lines + 1) <= handed)
      must_end_ += shape.size(++must_lines);
    must_rest = handed - must_end_;
    seen.resize(must_lines);
    offered_lines_ = must_lines;
    offered_end_ = must_end_;
  }

  bool was_offered(uint64_t seq) {
    const uint64_t offered = truth->offered_bytes;
    while (offered_lines_ < seq &&
           offered_end_ + shape.size(offered_lines_ + 1) <= offered)
      offered_end_ += shape.size(++offered_lines_);
    return seq <= offered_lines_;
  }

  // Bytes offered by now of the lines after `seq`, which is not before
  // must_lines.
  uint64_t offered_after(uint64_t seq) const {
    uint64_t end = must_end_;
    for (uint64_t i = must_lines + 1; i <= seq; ++i) end += shape.size(i);
    const uint64_t offered = truth->offered_bytes;
    return offered > end ? offered - end : 0;
  }

 private:
  uint64_t must_end_ = 0;
  uint64_t offered_lines_ = 0;
  uint64_t offered_end_ = 0;
};

LineChecker::LineChecker() = default;
LineChecker::~LineChecker() = default;

void LineChecker::add_truth(const std::string& path) {
  truth_paths_.push_back(path);
}

void LineChecker::add_place(std::unique_ptr<LinePlace> place,
                            PlaceTraits traits) {
  places_.push_back({std::move(place), traits});
}

Report LineChecker::check() {
  Report report;
  begin_tracks(report);
  for (auto& place : places_) read_place(place, report);
  for (const auto& [token, track] : tracks_) end_track(track, report);
  check_runs(report);
  return report;
}

void LineChecker::begin_tracks(Report& report) {
  tracks_.clear();
  truths_.clear();
  for (const auto& path : truth_paths_) {
    auto truth = TruthMap::open(path);
    if (!truth) {
      report.add(Breach::Unreadable, path, truth.error().message);
      continue;
    }
    TruthFile& file = **truth;
    const uint64_t runs = std::min<uint64_t>(file.runs, TruthFile::kMaxRuns);
    for (uint64_t run = 1; run <= runs; ++run) {
      for (const auto stream : {SourceStream::Out, SourceStream::Error}) {
        Track track(LineShape(file.source.data(), run, stream,
                              file.least_padding, file.most_padding),
                    file.run[run - 1].streams[static_cast<size_t>(stream)],
                    stream);
        track.begin();
        std::string token = track.shape.token();
        tracks_.emplace(std::move(token), std::move(track));
      }
    }
    truths_.push_back(std::move(*truth));
  }
}

void LineChecker::read_place(Place& place, Report& report) {
  std::optional<base::Timestamp> before;
  const auto status = place.lines->each([&](std::string_view line, bool ended) {
    if (!place.traits.stamped) {
      check_text(line, ended, place, report);
      return;
    }
    // The writer may be in the middle of a stamp.
    if (!ended && line.size() < store::kPrefixSize) return;
    const auto parsed = store::parse_line(line);
    if (!parsed.time) {
      report.add(Breach::Unstamped, place.lines->name(), shown(line));
    } else {
      if (before && *parsed.time < *before)
        report.add(Breach::StampBackwards, place.lines->name(), shown(line));
      before = parsed.time;
    }
    check_text(parsed.text, ended, place, report);
  });
  if (!status)
    report.add(Breach::Unreadable, place.lines->name(), status.error().message);
}

void LineChecker::check_text(std::string_view text, bool ended,
                             const Place& place, Report& report) {
  const std::string& where = place.lines->name();
  if (text.find('\0') != text.npos)
    report.add(Breach::NulByte, where, shown(text));
  const auto head = head_of(text);
  const auto found = head ? tracks_.find(head->token) : tracks_.end();
  if (found == tracks_.end()) {
    if (take_tail(text)) return;
    if (!place.traits.foreign) report.add(Breach::Torn, where, shown(text));
    return;
  }
  Track& track = found->second;
  const uint64_t seq = head->seq;
  std::string expected;
  // A damaged number must not make us build a line of any size.
  if (seq >= 1 && track.shape.size(seq) == text.size() + 1)
    track.shape.append(seq, expected);
  const bool whole = !expected.empty() &&
                     text == std::string_view(expected).substr(0, text.size());
  // A whole line without its '\n' is not whole: it was handed, too.
  if (!whole || !ended) {
    if (!take_tail(text)) report.add(Breach::Torn, where, shown(text));
    return;
  }
  if (!track.was_offered(seq)) {
    if (!take_tail(text)) report.add(Breach::NeverWritten, where, shown(text));
    return;
  }
  if (place.traits.stream && *place.traits.stream != track.stream)
    report.add(Breach::WrongStream, where, shown(text));
  ++report.lines;
  if (track.seen.size() < seq) track.seen.resize(seq);
  if (track.seen[seq - 1]++ > 0) {
    track.seen[seq - 1] = 2;
    report.add(Breach::Doubled, where, shown(text));
  } else if (seq < track.last) {
    report.add(Breach::OutOfOrder, where, shown(text));
  }
  track.last = std::max(track.last, seq);
}

// The line in whose middle a source died: what was handed of it, and no more
// than was offered.
bool LineChecker::take_tail(std::string_view text) {
  if (text.empty()) return false;
  for (auto& [token, track] : tracks_) {
    if (track.tail_seen || track.last < track.must_lines) continue;
    std::string next;
    track.shape.append(track.last + 1, next);
    if (text.size() >= next.size() || !next.starts_with(text)) continue;
    const uint64_t least = track.last == track.must_lines ? track.must_rest : 0;
    if (text.size() < least || text.size() > track.offered_after(track.last))
      continue;
    track.tail_seen = true;
    return true;
  }
  return false;
}

void LineChecker::end_track(const Track& track, Report& report) const {
  const std::string& token = track.shape.token();
  // Told as ranges: a lost file is one thing to read, and 20 million are cheap.
  uint64_t first = 1;
  if (heads_forgiven_)
    while (first <= track.must_lines && track.seen[first - 1] == 0) ++first;
  for (uint64_t seq = first; seq <= track.must_lines; ++seq) {
    if (track.seen[seq - 1] != 0) continue;
    uint64_t last = seq;
    while (last < track.must_lines && track.seen[last] == 0) ++last;
    report.add(Breach::Lost, token,
               fmt::format("lines {} to {} of {}", seq, last, track.must_lines),
               last - seq + 1);
    seq = last;
  }
  if (track.must_rest > 0 && !track.tail_seen && track.last <= track.must_lines)
    report.add(Breach::Lost, token,
               fmt::format("{} bytes after line {}", track.must_rest,
                           track.must_lines));
}

void LineChecker::check_runs(Report& report) const {
  for (const auto& truth : truths_) {
    TruthFile& file = *truth;
    const std::string source = file.source.data();
    const uint64_t runs = file.runs;
    if (expected_runs_ && runs != *expected_runs_)
      report.add(Breach::Restarted, source,
                 fmt::format("{} runs, expected {}", runs, *expected_runs_));
    for (uint64_t i = 0; i < std::min<uint64_t>(runs, TruthFile::kMaxRuns);
         ++i) {
      const RunTruth& run = file.run[i];
      if (run.failures > 0 || run.sigpipes > 0)
        report.add(Breach::WriteFailed, source,
                   fmt::format("run {}: errno {}, {} failed writes, {} SIGPIPE",
                               i + 1, run.last_errno.load(),
                               run.failures.load(), run.sigpipes.load()));
    }
  }
}

}  // namespace support
