#include <sys/stat.h>
#include <sys/types.h>

#include <algorithm>
#include <optional>

#include "base/fs.h"
#include "base/shared_memory.h"
#include "capture/journal_life.h"
#include "capture/spool.h"
#include "store/line.h"
#include "store/times.h"

namespace capture_test {
namespace {

using Lines = std::vector<std::string>;

Lines split(std::string_view text) {
  Lines lines;
  while (!text.empty()) {
    const size_t newline = text.find('\n');
    const size_t size = newline == text.npos ? text.size() : newline + 1;
    lines.emplace_back(text.substr(0, size));
    text.remove_prefix(size);
  }
  return lines;
}

std::string excerpt(std::string_view text) {
  std::string shown;
  for (const char c : text.substr(0, 60)) {
    if (c == '\n')
      shown += "\\n";
    else
      shown += c;
  }
  return "\"" + shown + (text.size() > 60 ? "\"..." : "\"");
}

// Where two texts part.
std::string difference(std::string_view is, std::string_view should_be) {
  const auto [a, b] = std::ranges::mismatch(is, should_be);
  const auto at = static_cast<size_t>(a - is.begin());
  const size_t from = at < 20 ? 0 : at - 20;
  return "of " + std::to_string(should_be.size()) + " bytes there are " +
         std::to_string(is.size()) + ", and from byte " + std::to_string(from) +
         " on it is " + excerpt(is.substr(std::min(from, is.size()))) +
         " and not " +
         excerpt(should_be.substr(std::min(from, should_be.size())));
}

// The history of a file: its segments in order, and then itself.
struct History {
  std::string text;  // without stamps
  std::string failure;
};

std::string check_times(const std::string& path, size_t size) {
  auto file = base::fs::open(path, O_RDONLY);
  if (!file) return file.error().message;
  store::TimesReader times(path, file->get());
  auto ordered = times.is_ordered();
  if (!ordered || !*ordered) return path + ": its times are out of order";
  if (size == 0) return {};
  auto time = times.at(size - 1);
  if (!time || !*time) return path + ": its last byte has no time";
  return {};
}

History read_history(const Run& run, const Story::File& file) {
  History history;
  std::vector<std::string> paths;
  auto segments = store::list_segments(run.dir, "api");
  if (!segments) return {"", segments.error().message};
  const store::SegmentOwner owner{
      .app = "api", .kind = file.kind, .instance = 0};
  for (const auto& segment : *segments)
    if (segment.is_of(owner)) paths.push_back(segment.path);
  const std::string live = run.dir + "/" + file.name;
  if (base::fs::exists(live)) paths.push_back(live);
  const bool raw = file.options.stamp == capture::SinkOptions::Stamp::None;
  base::Timestamp newest;
  for (const auto& path : paths) {
    auto text = base::fs::read_file(path, size_t{1} << 30);
    if (!text) return {"", text.error().message};
    if (raw) {
      const size_t timed = run.story.may_lack_times ? 0 : text->size();
      if (auto wrong = check_times(path, timed); !wrong.empty())
        return {"", wrong};
      history.text += *text;
      continue;
    }
    if (!text->empty() && !text->ends_with('\n'))
      return {"", path + " ends in mid-line: " +
                      excerpt(std::string_view(*text).substr(text->rfind('\n') +
                                                             1))};
    for (const auto& line : split(*text)) {
      const auto parsed = store::parse_line(line);
      if (!parsed.time) return {"", "a line without stamp: " + excerpt(line)};
      if (*parsed.time < newest) return {"", "stamps fall: " + excerpt(line)};
      newest = *parsed.time;
      history.text.append(parsed.lead).append(parsed.text);
    }
  }
  return history;
}

std::string treated(const Story& story, std::string_view text) {
  if (!story.treat) return std::string(text);
  std::string all;
  for (auto& line : split(text)) {
    const bool ends = line.ends_with('\n');
    if (ends) line.pop_back();
    all += story.treat(std::move(line));
    if (ends) all += '\n';
  }
  return all;
}

// Whether `kept` is some of the lines of `all`, in order; and these with what
// was told are all.
std::string judge_dropped(const Run& run, int source, const std::string& kept,
                          const std::string& all) {
  const auto have = split(kept);
  const auto written = split(all);
  size_t at = 0;
  for (const auto& line : have) {
    while (at < written.size() && written[at] != line) ++at;
    if (at++ >= written.size())
      return "not a line of it, or not in its place: " + excerpt(line);
  }
  const uint64_t bytes = run.shared->dropped_bytes[source];
  const uint64_t lines = run.shared->dropped_lines[source];
  if (kept.size() + bytes == all.size() &&
      have.size() + lines == written.size())
    return {};
  return "written " + std::to_string(all.size()) + " bytes, " +
         std::to_string(written.size()) + " lines; kept " +
         std::to_string(kept.size()) + ", " + std::to_string(have.size()) +
         "; told to be dropped " + std::to_string(bytes) + ", " +
         std::to_string(lines);
}

std::string judge_source(const Run& run, int index, const std::string& kept) {
  const auto& source = run.sources[static_cast<size_t>(index)];
  std::string all = treated(run.story, source.written);
  if (!all.empty() && !all.ends_with('\n')) {
    all += '\n';
    // Without stamps there is none to name the line by.
    const auto file = run.story.file_of[static_cast<size_t>(index)];
    const bool raw = run.story.files[file].options.stamp ==
                     capture::SinkOptions::Stamp::None;
    if (!raw && run.shared->ended_lines[index] == 0)
      return "its last line was ended, and nobody told";
  }
  if (run.story.may_drop) return judge_dropped(run, index, kept, all);
  if (source.flushed_to == 0)
    return kept == all ? std::string() : difference(kept, all);
  // What came after the flush, and the line that it was in, must be there; what
  // is there before that, too, is the end of it.
  const std::string before =
      treated(run.story, source.written.substr(0, source.flushed_to));
  const size_t must_from = before.rfind('\n') + 1;  // npos + 1 is 0
  if (kept.size() < all.size() - must_from || !all.ends_with(kept))
    return "after a flush: " +
           difference(kept, std::string_view(all).substr(must_from));
  if (kept.size() < all.size() && all[all.size() - kept.size() - 1] != '\n')
    return "after a flush: a torn line: " + excerpt(kept);
  return {};
}

std::string judge_file(const Run& run, size_t index) {
  const Story::File& file = run.story.files[index];
  auto history = read_history(run, file);
  if (!history.failure.empty()) return history.failure;
  std::vector<std::string> kept(run.sources.size());
  const bool shared = std::ranges::count(run.story.file_of, index) > 1;
  const auto only = static_cast<size_t>(
      std::ranges::find(run.story.file_of, index) - run.story.file_of.begin());
  for (const auto& line : split(history.text)) {
    const auto source = shared ? static_cast<size_t>(line[0] - 'A') : only;
    if (source >= kept.size() || run.story.file_of[source] != index)
      return file.name + ": a torn line: " + excerpt(line);
    kept[source] += line;
  }
  for (size_t source = 0; source < kept.size(); ++source) {
    if (run.story.file_of[source] != index) continue;
    auto wrong = judge_source(run, static_cast<int>(source), kept[source]);
    if (!wrong.empty())
      return file.name + ": source " + letter_of(static_cast<int>(source)) +
             ": " + wrong;
  }
  return {};
}

// Nothing waits; nothing that nobody knows of is held.
std::string judge_spool(const Run& run) {
  auto fd = base::fs::duplicate(run.spool);
  if (!fd) return fd.error().message;
  auto memory = base::SharedMemory::adopt(std::move(*fd));
  if (!memory) return memory.error().message;
  auto spool = capture::Spool::open(std::move(*memory));
  if (!spool) return spool.error().message;
  for (uint32_t i = 0; i < spool->sources_end(); ++i)
    if (spool->source(i).key != 0)
      return "spool: source " + std::to_string(i) + " is still there";
  for (uint32_t i = 0; i < spool->sinks_end(); ++i)
    if (spool->sink(i).used != 0)
      return "spool: " + std::string(spool->sink(i).path) + " is still there";
  struct ::stat info{};
  if (::fstat(spool->fd(), &info) != 0) return "spool: no size";
  // The header, the intake, what is set apart, the first entries of either
  // kind.
  constexpr int64_t kMost = capture::Spool::kIntakeSize +
                            (int64_t{1536} << 10) + int64_t{16} * (1024 + 512) +
                            4 * 4096;
  if (int64_t{512} * info.st_blocks > kMost)
    return "spool: " + std::to_string(512 * info.st_blocks) +
           " bytes are held for nobody";
  return {};
}

}  // namespace

std::string judge(const Run& run) {
  for (size_t file = 0; file < run.story.files.size(); ++file)
    if (auto wrong = judge_file(run, file); !wrong.empty()) return wrong;
  if (!run.story.may_doubt && run.shared->unaccounted != 0)
    return "bytes were unaccounted for";
  return judge_spool(run);
}

}  // namespace capture_test
