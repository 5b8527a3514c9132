// What is read back from a log directory, which somebody may have damaged.

#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "fuzz/fuzzer.h"
#include "store/archive_index.h"
#include "store/archive_reader.h"
#include "store/archive_writer.h"
#include "store/events.h"
#include "store/line.h"

namespace {

base::UniqueFd in_memory(std::string_view bytes) {
  base::UniqueFd fd(::memfd_create("fuzz", MFD_CLOEXEC));
  fuzz::must(fd && base::fs::write_all(fd.get(), bytes, "memory"), "memory");
  return fd;
}

// Of any bytes: what is read is within its bounds, and can be read again.
void check_archive(std::string_view input) {
  auto reader = store::ArchiveReader::open(in_memory(input), "fuzz");
  fuzz::must(reader.has_value(), "any bytes can be opened");
  uint64_t raw = 0, end = 0;
  std::string text;
  for (size_t i = 0; i < reader->frames().size(); ++i) {
    const auto& frame = reader->frames()[i];
    fuzz::must(frame.begin == raw && frame.size <= store::kMostInFrame,
               "frames of raw bytes follow each other");
    fuzz::must(
        frame.offset >= end && frame.offset + frame.stored <= input.size(),
        "frames lie within the file");
    raw += frame.size;
    end = frame.offset + frame.stored;
    const auto read = reader->read_frame(i, text);
    fuzz::must(text.size() == (read ? frame.size : 0), "all of it, or nothing");
  }
  fuzz::must(reader->size() == raw, "and that is all");
  std::vector<bool> frames(reader->frames().size(), true);
  fuzz::must(reader->filter("some text 12345678", true, frames).has_value(),
             "a filter answers");
  reader->verify_index();
  (void)store::decode_meta(input, input.size(), input.size());
}

// A log of these bytes goes in and comes out, and none of it is hidden.
void check_round(std::string_view input) {
  auto segment = in_memory(input);
  auto to = in_memory({});
  store::ArchiveOptions options;
  options.frame_size = 200 + input.size() % 700;
  options.most_in_frame = 3 * options.frame_size;
  options.index_share = 3;
  const bool stamped = input.size() % 2 == 0;
  const auto done = store::write_archive(segment.get(), "log", stamped, {}, to,
                                         "archive", options, {});
  fuzz::must(done.has_value(), "any bytes can be kept");
  auto reader = store::ArchiveReader::open(std::move(to), "archive");
  fuzz::must(reader && reader->problems().empty(), "and opened");
  std::string all, text;
  for (size_t i = 0; i < reader->frames().size(); ++i) {
    fuzz::must(reader->read_frame(i, text).has_value(), "and read");
    std::vector<bool> frames(reader->frames().size(), true);
    // A line of it, as the child wrote it.
    const size_t begin = text.find('\n') + 1;
    const auto line = stamped ? store::parse_line(std::string_view(text).substr(
                                    begin, text.find('\n', begin) - begin))
                              : store::Line{{}, {}, text};
    (void)reader->filter(line.text.substr(0, 50), false, frames);
    fuzz::must(frames[i], "what is there is not hidden");
    all += text;
  }
  fuzz::must(all == input, "all of it");
}

void check(std::string_view input) {
  check_archive(input);
  check_round(input);
  const auto line = store::parse_line(input);
  if (line.time && line.lead.empty())
    fuzz::must(
        base::format_stamp(*line.time) + " " + std::string(line.text) == input,
        "a line is its stamp and its text");
  else if (line.time)
    fuzz::must(input.starts_with(line.lead) && input.ends_with(line.text) &&
                   input.find(base::format_stamp(*line.time)) != input.npos,
               "or its stamp lies within");
  else
    fuzz::must(line.text == input, "without a stamp all is text");
  if (const auto event = store::parse_event(input)) {
    const std::string text = store::format_event(*event);
    const auto again = store::parse_event(text);
    fuzz::must(again.has_value(), "an event that was read can be written");
    fuzz::must(store::format_event(*again) == text, "and read the same");
    fuzz::must(text.find('\n') == text.npos, "on one line");
    (void)store::describe_event(*event);
  }
}

}  // namespace

std::string archive_of(std::string_view log) {
  auto segment = in_memory(log);
  auto to = in_memory({});
  store::ArchiveOptions options;
  options.frame_size = 120;
  options.most_in_frame = 600;
  options.index_share = 100;
  const auto done = store::write_archive(segment.get(), "seed", true, {}, to,
                                         "seed", options, {});
  fuzz::must(done.has_value(), "a seed");
  std::string bytes(done->stored, '\0');
  fuzz::must(base::fs::pread(to.get(), bytes, 0, "seed") == bytes.size(),
             "a seed");
  return bytes;
}

int main(int argc, char** argv) {
  std::string log;
  for (int i = 0; i < 40; ++i)
    log += fmt::format("2026-11-21T10:15:02.{:06}Z level=info some text {}\n",
                       i, i * 7919);
  return fuzz::run(
      argc, argv,
      {archive_of(log), archive_of(log.substr(0, 300)), archive_of(""), log,
       "2026-11-21T10:15:02.123456Z hello",
       R"( {"@lodge":"2026-11-21T10:15:02.123456Z","a":1})",
       R"({"v":1,"time":"2026-11-21T10:15:02.123456Z","event":"exit",)"
       R"("app":"api","id":3,"instance":1,"generation":7,"pid":4711,)"
       R"("code":1,"uptime_ms":200,"reason":"x"})",
       R"({"v":1,"time":"2026-11-21T10:15:02.123456Z","event":"line_ended",)"
       R"("app":"api","stream":"error","line":"2026-11-21T10:15:02.000001Z"})",
       R"({"v":1,"time":"2026-11-21T10:15:02.123456Z","event":"exit",)"
       R"("signal":9,"delay_ms":100,"bytes":5,"actor":"root"})"},
      check);
}
