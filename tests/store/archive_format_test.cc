// The format on disk: the example of FORMAT.md is what is written, and what
// earlier versions wrote is read for ever.

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "store/archive_rig.h"

using namespace archive_rig;

namespace {

const std::string kSource = LODGE_SOURCE_DIR;
const std::string kPage = kSource + "/src/store/FORMAT.md";
const std::string kGolden = kSource + "/tests/store/golden/";
constexpr std::string_view kFence = "```hexdump\n";

bool is_update() {
  return std::getenv("LODGE_UPDATE_GOLDEN") != nullptr;
}

std::string hexdump(std::string_view bytes) {
  std::string out;
  for (size_t at = 0; at < bytes.size(); at += 16) {
    std::string hex, text;
    for (size_t i = at; i < std::min(at + 16, bytes.size()); ++i) {
      hex += fmt::format("{}{:02x}", i % 16 == 8 ? "  " : " ",
                         static_cast<uint8_t>(bytes[i]));
      text += bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.';
    }
    out += fmt::format("{:04x} {:<50} {}\n", at, hex, text);
  }
  return out;
}

struct Golden {
  std::string name;
  Kind kind;
  uint64_t seed;
};
const Golden kFiles[] = {{"v1-prefix", Kind::Prefixed, 101},
                         {"v1-json", Kind::Members, 102},
                         {"v1-mixed", Kind::Mixed, 103},
                         {"v1-unstamped", Kind::Unstamped, 104},
                         // With flags 4, 8 and 16 of frames.
                         {"v1b-mixed", Kind::Mixed, 106},
                         // Counted by level detector 3.
                         {"v1c-mixed", Kind::Mixed, 107},
                         // With the sums of frames.
                         {"v1d-mixed", Kind::Mixed, 108}};

std::vector<store::TimeEntry> golden_times(const Golden& golden, size_t size) {
  std::vector<store::TimeEntry> times;
  if (is_stamped(golden.kind)) return times;
  for (uint64_t at = 0; at < size; at += 517)
    times.push_back({at, {1'795'256'102'123'456 + static_cast<int64_t>(at)}});
  return times;
}

void make(const Golden& golden) {
  Random random(golden.seed);
  const auto log = random_log(golden.kind, 9000, random) + "\n" +
                   std::string(4000, 'l') + "\nlast";
  store::ArchiveOptions options;
  options.frame_size = 1000;
  options.most_in_frame = 2500;
  options.index_share = 1;
  options.stream = store::Stream::Error;
  const Archive archive(log, is_stamped(golden.kind), options,
                        golden_times(golden, log.size()));
  REQUIRE(base::fs::replace_file(kGolden + golden.name + ".log", log));
  REQUIRE(base::fs::replace_file(kGolden + golden.name + ".log.zst",
                                 archive.bytes()));
}

}  // namespace

TEST_CASE("the page on the format shows what is written") {
  const Archive archive("2026-11-21T10:15:02.123456Z ERROR disk full\n", true,
                        {.stream = store::Stream::Error, .index_share = 100});
  auto page = support::slurp(kPage);
  const size_t begin = page.find(kFence);
  REQUIRE(begin != page.npos);
  const size_t at = begin + kFence.size();
  const size_t end = page.find("```", at);
  REQUIRE(end != page.npos);
  const auto dump = hexdump(archive.bytes());
  if (is_update()) {
    page.replace(at, end - at, dump);
    REQUIRE(base::fs::replace_file(kPage, page));
    return;
  }
  CHECK(page.substr(at, end - at) == dump);
}

TEST_CASE("archives of earlier versions are read for ever") {
  for (const auto& golden : kFiles) {
    CAPTURE(golden.name);
    const std::string path = kGolden + golden.name + ".log.zst";
    if (is_update() && !base::fs::exists(path)) make(golden);  // never again
    const auto log = support::slurp(kGolden + golden.name + ".log");
    REQUIRE(log.size() > 9000);
    auto fd = base::fs::open(path, O_RDONLY);
    REQUIRE(fd.has_value());
    auto reader = store::ArchiveReader::open(std::move(*fd), path);
    REQUIRE(reader.has_value());
    CHECK(reader->has_index());
    CHECK(reader->has_filter());
    CHECK(reader->stream() == store::Stream::Error);
    const bool stamped = is_stamped(golden.kind);
    CHECK(reader->stamped() == stamped);
    CHECK((read_all(*reader) == log));
    const auto times = golden_times(golden, log.size());
    CHECK(reader->times() == times);
    auto frames = reader->frames();
    auto facts = naive_facts(support::slurp(path), log, stamped, times, frames);
    if (!reader->has_levels())  // counted by another detector
      for (auto* const both : {&frames, &facts})
        for (auto& frame : *both) frame.levels.fill(0);
    // Not told by the first of them.
    for (auto& frame : facts) {
      if (golden.name.starts_with("v1-"))
        frame.ascii = frame.through_colours = frame.unescaped = false;
      if (golden.name < "v1d") frame.sum = 0;
    }
    CHECK((frames == facts));
    for (const auto& line : child_lines(log, stamped, frames))
      for (size_t at = 0; at < line.text.size(); at += 11) {
        std::vector<bool> may(frames.size(), true);
        REQUIRE(reader->filter(line.text.substr(at, 17), false, may));
        for (size_t f = line.first; f <= line.last; ++f) REQUIRE(may[f]);
      }
    std::vector<bool> may(frames.size(), true);
    REQUIRE(reader->filter("this is in none of them", false, may));
    CHECK(std::ranges::none_of(may, std::identity()));
    reader->verify_index();
    CHECK(reader->problems().empty());
  }
}
