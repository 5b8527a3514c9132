#include "store/archive_rig.h"

#include <algorithm>
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace archive_rig {
namespace {

using base::Timestamp;

constexpr int64_t kBegin = 1'795'256'102'123'456;

std::string some(Random& random, std::string_view of, size_t most) {
  std::string text;
  for (size_t n = random() % (most + 1); n > 0; --n)
    text += of[random() % of.size()];
  return text;
}

std::string noise(Random& random, size_t most) {
  std::string bytes;
  for (size_t n = random() % (most + 1); n > 0; --n) {
    const auto byte = static_cast<char>(random() % 256);
    bytes += byte == '\n' ? '\0' : byte;
  }
  return bytes;
}

std::string words(Random& random) {
  static const std::string_view kWords[] = {
      "request",     "completed", "ERROR",      "user=4711", "10.1.2.3",
      "took",        "ms",        "level=info", "GET",       "/api/v1/orders",
      "caf\xc3\xa9", "[warn]",    "timeout",    "12345678"};
  std::string text;
  for (size_t n = 1 + random() % 9; n > 0; --n) {
    text += kWords[random() % std::size(kWords)];
    text += ' ';
    if (random() % 3 == 0) text += some(random, "0123456789", 12);
    if (random() % 4 == 0) text += some(random, "0123456789abcdef-", 36);
    if (random() % 40 == 0) text += noise(random, 20);
  }
  return text;
}

std::string object(Random& random, const std::string& member) {
  std::string text = some(random, " \t", 3) + "{" + member;
  const bool empty = random() % 20 == 0;
  if (!empty) {
    if (!member.empty()) text += ',';
    text += R"("level":")" + std::string(random() % 2 ? "info" : "error") +
            R"(","msg":")" + some(random, "abc 0123456789", 60) + R"(","n":)" +
            some(random, "123456789", 9) + "0";
  }
  return text + "}";
}

std::string random_line(Kind kind, int64_t us, Random& random) {
  if (random() % 25 == 0) return {};
  if (kind == Kind::Noise) return noise(random, 200);
  if (kind == Kind::Unstamped)
    return random() % 3 == 0 ? object(random, {}) : words(random);
  const std::string stamp = base::format_stamp({us});
  const bool member =
      kind == Kind::Members || (kind == Kind::Mixed && random() % 2 == 0);
  if (kind == Kind::Mixed && random() % 6 == 0) return words(random);
  if (member) return object(random, "\"@lodge\":\"" + stamp + "\"");
  return stamp + " " + words(random);
}

std::optional<Timestamp> time_of(std::string_view line) {
  return store::parse_line(line).time;
}

}  // namespace

std::string random_log(Kind kind, size_t size, Random& random) {
  std::string log;
  int64_t us = kBegin;
  while (log.size() < size) {
    us += static_cast<int64_t>(random() % 5'000'000) - 500'000;
    log += random_line(kind, us, random);
    if (random() % 400 == 0)  // one that takes more than a frame
      log += some(random, "0123456789abcdef ", 15'000);
    log += '\n';
  }
  if (!log.empty() && random() % 3 == 0) log.pop_back();
  return log;
}

std::vector<store::TimeEntry> random_times(size_t size, Random& random) {
  std::vector<store::TimeEntry> times;
  int64_t us = kBegin;
  for (uint64_t at = random() % 3 * 50; at < size; at += 1 + random() % 900) {
    us += 1 + static_cast<int64_t>(random() % 1'000'000);
    times.push_back({at, {us}});
  }
  return times;
}

Archive::Archive(std::string_view log, bool stamped,
                 const store::ArchiveOptions& options,
                 const std::vector<store::TimeEntry>& times) {
  const std::string path = dir_.write("a.log", log);
  auto segment = base::fs::open(path, O_RDONLY);
  REQUIRE(segment.has_value());
  auto to = base::fs::open(this->path(), O_WRONLY | O_CREAT | O_EXCL);
  REQUIRE(to.has_value());
  auto done = store::write_archive(segment->get(), path, stamped, times, *to,
                                   this->path(), options, {});
  REQUIRE_MESSAGE(done.has_value(), done.error().message);
  result_ = *done;
}

store::ArchiveReader Archive::open_bytes(std::string_view bytes) const {
  const std::string path = dir_.write("read.log.zst", bytes);
  auto fd = base::fs::open(path, O_RDONLY);
  REQUIRE(fd.has_value());
  auto reader = store::ArchiveReader::open(std::move(*fd), path);
  REQUIRE_MESSAGE(reader.has_value(), reader.error().message);
  return std::move(*reader);
}

std::vector<ChildLine> child_lines(
    std::string_view log, bool stamped,
    const std::vector<store::ArchiveFrame>& frames) {
  std::vector<ChildLine> lines;
  const auto frame_at = [&](uint64_t at) {
    size_t f = 0;
    while (f + 1 < frames.size() && frames[f + 1].begin <= at) ++f;
    return f;
  };
  for (size_t at = 0; at < log.size();) {
    const size_t end = std::min(log.find('\n', at), log.size());
    std::string text(log.substr(at, end - at));
    if (stamped) {
      const auto line = store::parse_line(text);
      text = std::string(line.lead) + std::string(line.text);
    }
    lines.push_back(
        {std::move(text), frame_at(at), frame_at(std::max(at, end - 1))});
    if (end == at) lines.back().last = lines.back().first;
    at = end + 1;
  }
  return lines;
}

std::vector<store::ArchiveFrame> naive_facts(
    std::string_view archive, std::string_view log, bool stamped,
    const std::vector<store::TimeEntry>& times,
    const std::vector<store::ArchiveFrame>& frames) {
  std::vector<store::ArchiveFrame> facts;
  for (const auto& given : frames) {
    store::ArchiveFrame frame;
    frame.offset = given.offset;
    frame.stored = given.stored;
    frame.begin = given.begin;
    frame.size = given.size;
    frame.sum = static_cast<uint32_t>(
        XXH3_64bits(archive.data() + frame.offset, frame.stored));
    frame.begins_line = frame.begin == 0 || log[frame.begin - 1] == '\n';
    const uint64_t end = frame.begin + frame.size;
    for (uint64_t at = frame.begin; at < end; ++at)
      if (log[at] == '\n') ++frame.lines;
    const auto text = log.substr(frame.begin, frame.size);
    frame.ascii = std::ranges::all_of(
        text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
    const bool divided =
        !frame.begins_line || (end < log.size() && log[end - 1] != '\n');
    frame.through_colours = !divided || text.find('\x1b') == text.npos;
    frame.unescaped = text.find("\\u") == text.npos &&
                      text.find("\\\x1b") == text.npos &&
                      !text.ends_with('\\') &&
                      (frame.begin == 0 || log[frame.begin - 1] != '\\');
    facts.push_back(frame);
  }
  std::optional<Timestamp> now;
  std::vector<bool> unknown(frames.size());
  for (size_t at = 0; at < log.size();) {
    const size_t end = std::min(log.find('\n', at), log.size() - 1) + 1;
    auto line = log.substr(at, end - at);
    if (line.ends_with('\n')) line.remove_suffix(1);
    if (stamped && time_of(line)) now = time_of(line);
    for (size_t f = 0; f < facts.size(); ++f) {
      auto& frame = facts[f];
      if (frame.begin >= end || frame.begin + frame.size <= at) continue;
      if (frame.begin <= at)
        ++frame.levels[static_cast<size_t>(
            stamped ? store::detect_level(store::parse_line(line))
                    : store::detect_level(line))];
      const auto take = [&](std::optional<Timestamp> time) {
        if (!time) unknown[f] = true;
        if (!time) return;
        frame.first = std::min(frame.first.value_or(*time), *time);
        frame.last = std::max(frame.last.value_or(*time), *time);
      };
      if (stamped) {
        take(now);
        continue;
      }
      // Of each byte of the line that is in the frame, and of its first.
      std::optional<Timestamp> batch;
      for (const auto& entry : times) {
        if (entry.offset <= at) batch = entry.time;
        if (entry.offset > at && entry.offset < end &&
            entry.offset < frame.begin + frame.size)
          take(entry.time);
      }
      take(batch);
    }
    at = end;
  }
  for (size_t f = 0; f < facts.size(); ++f)
    if (unknown[f]) facts[f].first = facts[f].last = std::nullopt;
  return facts;
}

std::string read_all(store::ArchiveReader& reader) {
  std::string all, frame;
  for (size_t i = 0; i < reader.frames().size(); ++i) {
    const auto read = reader.read_frame(i, frame);
    REQUIRE_MESSAGE(read.has_value(), read.error().message);
    all += frame;
  }
  return all;
}

}  // namespace archive_rig
