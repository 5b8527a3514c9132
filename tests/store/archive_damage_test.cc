// Whatever is done to an archive: what is whole is read, what is not is said,
// and nothing is skipped that may hold what is searched.

#include <doctest/doctest.h>
#include <zstd.h>

#include <algorithm>
#include <map>

#include "store/archive_index.h"
#include "store/archive_rig.h"
#include "support/sanitized.h"

using namespace archive_rig;
using store::ArchiveFrame;
using store::ArchiveReader;

namespace {

store::ArchiveOptions small_frames() {
  store::ArchiveOptions options;
  options.frame_size = 2000;
  options.most_in_frame = 5000;
  options.index_share = 2;
  return options;
}

// An archive that is then damaged.
class Victim {
 public:
  explicit Victim(Random& random)
      : log_(random_log(Kind::Mixed, 150'000, random)),
        archive_(log_, true, small_frames()),
        bytes_(archive_.bytes()),
        frames_(archive_.open().frames()),
        lines_(child_lines(log_, true, frames_)) {
    REQUIRE(frames_.size() > 64);
  }

  const std::string& bytes() const { return bytes_; }
  const std::vector<ArchiveFrame>& frames() const { return frames_; }
  size_t seek_table_at() const {
    return bytes_.size() - store::kSkippableHeader -
           (frames_.size() + 1) * store::kSeekEntry - store::kSeekFooter;
  }
  size_t footer_at() const { return seek_table_at() - store::kIndexFooter; }
  store::IndexFooter footer() const {
    const auto footer = store::decode_footer(
        std::string_view(bytes_).substr(footer_at(), store::kIndexFooter));
    REQUIRE(footer.has_value());
    return *footer;
  }
  ArchiveReader open(std::string_view damaged) const {
    return archive_.open_bytes(damaged);
  }

  // Of bytes of which [from, to) are not what they were.
  void check(const std::string& damaged, size_t from, size_t to,
             Random& random) const {
    auto reader = open(damaged);
    std::map<uint64_t, size_t> found;
    for (size_t i = 0; i < reader.frames().size(); ++i)
      found[reader.frames()[i].offset] = i;
    bool lost = false, harmless = false;
    std::string text;
    store::FrameDecoder decoder;
    // Also as a search reads it, which need not compare zstd's checksum.
    const auto read_frame = [&](size_t i) {
      base::BigString more("before ");
      const auto added = decoder.append_frame(reader, i, more);
      auto read = reader.read_frame(i, text);
      REQUIRE(added.has_value() == read.has_value());
      REQUIRE((std::string_view(more) == "before " + text));
      return read;
    };
    for (const auto& frame : frames_) {
      const bool whole =
          to <= frame.offset || from >= frame.offset + frame.stored;
      const auto at = found.find(frame.offset);
      if (whole) {
        REQUIRE(at != found.end());
        REQUIRE(read_frame(at->second));
        REQUIRE((text == log_.substr(frame.begin, frame.size)));
        continue;
      }
      // Read with the right bytes (zstd has bits that mean nothing), or with a
      // word on what is wrong.
      if (at == found.end()) continue;
      const auto read = read_frame(at->second);
      if (read) {
        REQUIRE((text == log_.substr(frame.begin, frame.size)));
        harmless = true;
        continue;
      }
      lost = true;
      CHECK(text.empty());
      CHECK(read.error().code == base::Errc::Invalid);
      CHECK(read.error().message.find("read.log.zst: offset " +
                                      std::to_string(frame.offset)) !=
            std::string::npos);
    }
    for (int i = 0; i < 20; ++i) check_filter(reader, found, random);
    reader.verify_index();
    if (!lost && !harmless) CHECK_FALSE(reader.problems().empty());
    for (const auto& problem : reader.problems())
      CHECK(problem.message.find("read.log.zst: offset ") != std::string::npos);
  }

 private:
  void check_filter(ArchiveReader& reader,
                    const std::map<uint64_t, size_t>& found,
                    Random& random) const {
    const auto& line = lines_[random() % lines_.size()];
    const size_t at = line.text.empty() ? 0 : random() % line.text.size();
    std::vector<bool> may(reader.frames().size(), true);
    REQUIRE(reader.filter(line.text.substr(at, random() % 30), true, may));
    for (size_t f = line.first; f <= line.last; ++f) {
      const auto here = found.find(frames_[f].offset);
      if (here != found.end()) REQUIRE(may[here->second]);
    }
  }

  std::string log_;
  Archive archive_;
  std::string bytes_;
  std::vector<ArchiveFrame> frames_;
  std::vector<ChildLine> lines_;
};

// Where one thing ends and another begins.
std::vector<size_t> borders(const Victim& victim) {
  std::vector<size_t> at;
  const auto& last = victim.frames().back();
  const size_t data = last.offset + last.stored;
  const size_t seek = victim.seek_table_at();
  const size_t size = victim.bytes().size();
  for (const auto& frame : victim.frames()) at.push_back(frame.offset);
  for (const size_t border : {data, data + 8, victim.footer_at(), seek,
                              seek + 8, size - store::kSeekFooter, size - 1})
    for (size_t i = 0; i < 12 && border + i < size; ++i)
      at.push_back(border + i);
  return at;
}

std::string frame_of(const std::string& text, bool checksum, bool size,
                     int window_log = 0) {
  ZSTD_CCtx* const context = ZSTD_createCCtx();
  ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, checksum ? 1 : 0);
  ZSTD_CCtx_setParameter(context, ZSTD_c_contentSizeFlag, size ? 1 : 0);
  if (window_log != 0)
    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer from{text.data(), text.size(), 0};
  ZSTD_outBuffer to{out.data(), out.size(), 0};
  if (size) ZSTD_CCtx_setPledgedSrcSize(context, text.size());
  // In two steps, so that the window does not shrink to the text.
  while (from.pos < from.size)
    ZSTD_compressStream2(context, &to, &from, ZSTD_e_continue);
  while (ZSTD_compressStream2(context, &to, &from, ZSTD_e_end) != 0) {
  }
  ZSTD_freeCCtx(context);
  out.resize(to.pos);
  return out;
}

}  // namespace

TEST_CASE("an archive cut off anywhere keeps its whole frames") {
  Random random(31);
  const Victim victim(random);
  const int rounds = support::kSanitized ? 60 : 200;
  for (int i = 0; i < rounds; ++i) {
    const size_t size = random() % victim.bytes().size();
    CAPTURE(size);
    victim.check(victim.bytes().substr(0, size), size, SIZE_MAX, random);
  }
  for (const size_t size : borders(victim)) {
    CAPTURE(size);
    victim.check(victim.bytes().substr(0, size), size, SIZE_MAX, random);
  }
}

TEST_CASE("a flipped bit costs no more than the frame it is in") {
  Random random(37);
  const Victim victim(random);
  const auto flip = [&](size_t at) {
    CAPTURE(at);
    auto damaged = victim.bytes();
    const int bit = static_cast<int>(random() % 8);
    CAPTURE(bit);
    damaged[at] = static_cast<char>(damaged[at] ^ (1 << bit));
    victim.check(damaged, at, at + 1, random);
  };
  const int rounds = support::kSanitized ? 60 : 300;
  for (int i = 0; i < rounds; ++i) flip(random() % victim.bytes().size());
  for (const size_t at : borders(victim)) flip(at);
}

TEST_CASE("with index and seek table gone, damage is stepped over") {
  Random random(41);
  const Victim victim(random);
  const auto& frames = victim.frames();
  const size_t data = frames.back().offset + frames.back().stored;
  for (int i = 0; i < (support::kSanitized ? 20 : 100); ++i) {
    // Some frames' worth of bytes, wiped; and the end cut off.
    const size_t from = random() % data;
    const size_t to = std::min(data, from + random() % 4000);
    auto damaged = victim.bytes().substr(0, data);
    for (size_t at = from; at < to; ++at) damaged[at] = '\0';
    CAPTURE(from);
    CAPTURE(to);
    victim.check(damaged, from, to, random);
  }
}

TEST_CASE("bytes taken out or put in cost what they touch") {
  Random random(43);
  const Victim victim(random);
  const auto& frames = victim.frames();
  for (int i = 0; i < 20; ++i) {
    const auto& hit = frames[random() % frames.size()];
    auto damaged = victim.bytes();
    if (i % 2 == 0)
      damaged.erase(hit.offset + hit.stored / 2, 5);
    else
      damaged.insert(hit.offset + hit.stored / 2, "junk");
    auto reader = victim.open(damaged);
    size_t readable = 0;
    std::string text;
    for (size_t f = 0; f < reader.frames().size(); ++f)
      readable += reader.read_frame(f, text) ? 1 : 0;
    CHECK(readable == frames.size() - 1);
    CHECK_FALSE(reader.problems().empty());
  }
}

TEST_CASE("no file at all, and what is no archive, hold nothing") {
  Random random(1);
  const Archive archive("x\n", false, {});
  for (const auto& bytes :
       {std::string(), std::string("x"), std::string(100, '\0'),
        std::string("LGIX"), std::string(5000, 'L'),
        random_log(Kind::Noise, 300'000, random)}) {
    const auto reader = archive.open_bytes(bytes);
    CHECK(reader.frames().empty());
    CHECK_FALSE(reader.has_index());
    CHECK_FALSE(reader.problems().empty());
  }
}

TEST_CASE("a frame that could take much memory is refused, the next is read") {
  const Archive archive("x\n", false, {});
  const std::string good = frame_of("good\n", true, true);
  const std::string bomb = frame_of(std::string(20 << 20, 'x'), true, true);
  const std::string nameless = frame_of("of no size\n", true, false);
  const std::string wide = frame_of("wide\n", true, false, 27);
  const std::string unsure = frame_of("no checksum\n", false, true);
  // A window of 2^31 bytes, the content of 5.
  std::string window(good);
  window = std::string("\x28\xb5\x2f\xfd\x84\xa8\x05\0\0\0", 10) +
           std::string("\x29\0\0good\n\0\0\0\0", 12);
  for (const auto& bad : {bomb, nameless, wide, unsure, window}) {
    auto reader = archive.open_bytes(good + bad + good);
    REQUIRE(reader.frames().size() == 2);
    CHECK(reader.frames()[1].offset == good.size() + bad.size());
    CHECK(read_all(reader) == "good\ngood\n");
    bool said = false;
    for (const auto& problem : reader.problems())
      said = said || problem.message.find("read.log.zst: offset " +
                                          std::to_string(good.size()) +
                                          ": a frame") != std::string::npos;
    CHECK(said);
  }
  CHECK(archive.open_bytes(good + good).frames().size() == 2);
}

TEST_CASE("a frame that says less than it holds is damaged") {
  const Archive archive("x\n", false, {});
  auto bomb = frame_of(std::string(1 << 20, 'x'), true, true);
  // The content size, 4 bytes after magic, descriptor (and window).
  const auto at = bomb.find(std::string("\0\0\x10\0", 4));
  REQUIRE(at < 8);
  bomb[at + 2] = 1;
  auto reader = archive.open_bytes(bomb);
  REQUIRE(reader.frames().size() == 1);
  std::string text;
  CHECK_FALSE(reader.read_frame(0, text));
  CHECK(text.empty());
}

TEST_CASE(
    "a sum of stored bytes stands for zstd's checksum only where it fits") {
  Random random(53);
  const Victim victim(random);
  const auto& first = victim.frames()[0];
  // The last bytes of a frame are zstd's checksum: the text is what it was.
  auto bytes = victim.bytes();
  bytes[first.stored - 1] = static_cast<char>(bytes[first.stored - 1] ^ 1);
  const auto reads = [&](uint32_t sum) {
    auto footer = victim.footer();
    const size_t meta_at = victim.footer_at() - footer.meta_size;
    auto index = store::decode_meta(
        std::string_view(victim.bytes()).substr(meta_at, footer.meta_size),
        footer.index_size - store::kIndexFooter - footer.meta_size,
        footer.data_size);
    REQUIRE(index.has_value());
    index->frames[0].sum = sum;
    const auto meta = store::encode_meta(*index);
    REQUIRE(meta.size() == footer.meta_size);
    footer.meta_sum = store::checksum(meta);
    bytes.replace(meta_at, meta.size(), meta);
    bytes.replace(victim.footer_at(), store::kIndexFooter,
                  store::encode_footer(footer));
    auto reader = victim.open(bytes);
    REQUIRE(reader.has_index());
    std::string text;
    CHECK_FALSE(reader.read_frame(0, text));
    store::FrameDecoder decoder;
    base::BigString more;
    const bool read = decoder.append_frame(reader, 0, more).has_value();
    CHECK(more.size() == (read ? first.size : 0));
    return read;
  };
  const auto stored = std::string_view(bytes).substr(0, first.stored);
  CHECK(reads(store::frame_sum(stored)));
  CHECK_FALSE(reads(first.sum));
  CHECK_FALSE(reads(0));
}

TEST_CASE("an index of another version or with other flags is not used") {
  Random random(47);
  const Victim victim(random);
  const auto with = [&](auto change) {
    auto other = victim.footer();
    change(other);
    auto bytes = victim.bytes();
    bytes.replace(victim.footer_at(), store::kIndexFooter,
                  store::encode_footer(other));
    return victim.open(bytes);
  };
  for (auto reader : {0, 1}) {
    auto opened = with([&](store::IndexFooter& other) {
      if (reader == 0) other.version = 2;
      if (reader == 1) other.incompatible = 4;
    });
    CHECK_FALSE(opened.has_index());
    CHECK_FALSE(opened.has_levels());
    REQUIRE(opened.problems().size() == 1);
    CHECK(opened.problems()[0].message.find("not known here") !=
          std::string::npos);
    CHECK(opened.frames().size() == victim.frames().size());
    std::vector<bool> may(opened.frames().size(), true);
    REQUIRE(opened.filter("nowhere to be found", false, may));
    CHECK(std::ranges::all_of(may, std::identity()));
  }
  auto opened = with([](store::IndexFooter& other) { other.compatible = 8; });
  CHECK(opened.has_index());
  CHECK(opened.problems().empty());
}

TEST_CASE("an index may have sections of which this reader knows nothing") {
  store::ArchiveIndex index;
  index.frames.resize(1);
  index.frames[0].stored = 10;
  index.frames[0].size = 20;
  index.detector = store::kLevelDetector + 1;
  auto meta = store::encode_meta(index);
  meta += std::string("\xff\0\0\0\3\0\0\0abc\0\0\0\0\0", 16);
  const auto decoded = store::decode_meta(meta, 0, 10);
  REQUIRE(decoded.has_value());
  CHECK((decoded->frames == index.frames));
  CHECK(decoded->detector == store::kLevelDetector + 1);
  // But what it knows it must understand.
  CHECK_FALSE(store::decode_meta(meta, 0, 11));
  CHECK_FALSE(store::decode_meta(meta.substr(0, meta.size() - 3), 0, 10));
  CHECK_FALSE(store::decode_meta("", 0, 0));
}
