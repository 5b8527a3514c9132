#include "store/times.h"

#include <doctest/doctest.h>

#include <map>
#include <random>

#include "base/fs.h"
#include "store/names.h"
#include "support/temp_dir.h"

using base::Timestamp;
using store::TimesFile;
using store::TimesReader;

namespace {

class Logs {
 public:
  Logs() { dir_.write("api-out.raw.log", "", 0600); }
  std::string log() const { return dir_.file("api-out.raw.log"); }
  std::string idx() const { return store::sidecar_name(log()); }
  TimesFile open(uint64_t log_size = UINT64_MAX) const {
    auto file = TimesFile::open(idx(), log_size);
    REQUIRE(file.has_value());
    return std::move(*file);
  }
  void put(std::string_view bytes) const {
    dir_.write("api-out.raw.idx", bytes, 0600);
  }
  std::string bytes() const { return support::slurp(idx()); }
  TimesReader reader() const {
    auto fd = base::fs::open(log(), O_RDONLY);
    REQUIRE(fd.has_value());
    return TimesReader(log(), fd->get());
  }

 private:
  support::TempDir dir_;
};

std::optional<int64_t> time_at(TimesReader& reader, uint64_t offset) {
  const auto time = reader.at(offset);
  REQUIRE(time.has_value());
  if (!*time) return std::nullopt;
  return (*time)->us;
}

std::optional<uint64_t> offset_of(TimesReader& reader, int64_t us) {
  const auto offset = reader.find({us});
  REQUIRE(offset.has_value());
  return *offset;
}

}  // namespace

TEST_CASE("the bytes on disk are as documented") {
  const Logs logs;
  auto file = logs.open();
  CHECK(file.append(0x0102, {0x030405}));
  CHECK(logs.bytes() == std::string("lodgeidx\1\0\0\0\0\0\0\0"
                                    "\2\1\0\0\0\0\0\0\5\4\3\0\0\0\0\0",
                                    32));
}

TEST_CASE("an entry that is there already is not written again") {
  const Logs logs;
  {
    auto file = logs.open();
    CHECK(file.append(0, {10}));
    CHECK(file.append(5, {20}));
    CHECK(file.append(5, {20}));
    CHECK(file.append(3, {30}));
    CHECK(logs.bytes().size() == 48);
  }
  auto file = logs.open();
  CHECK(file.last() == store::TimeEntry{5, {20}});
  CHECK(file.append(5, {20}));
  CHECK(file.append(0, {10}));
  CHECK(logs.bytes().size() == 48);
  CHECK(file.append(6, {21}));
  CHECK(logs.bytes().size() == 64);
}

TEST_CASE("a torn entry is cut, whatever is left of it") {
  const Logs logs;
  {
    auto file = logs.open();
    CHECK(file.append(0, {10}));
    CHECK(file.append(5, {20}));
  }
  const std::string whole = logs.bytes();
  for (size_t size = 0; size < whole.size(); ++size) {
    CAPTURE(size);
    logs.put(whole.substr(0, size));
    auto file = logs.open();
    CHECK(file.last().has_value() == (size >= 32));
    CHECK(file.append(0, {10}));
    CHECK(file.append(5, {20}));
    CHECK(logs.bytes() == whole);
  }
}

TEST_CASE("zeros of a power cut and entries beyond the log are cut") {
  const Logs logs;
  {
    auto file = logs.open();
    CHECK(file.append(0, {10}));
    CHECK(file.append(5, {20}));
    CHECK(file.append(9, {30}));
  }
  const std::string whole = logs.bytes();
  logs.put(whole + std::string(64, '\0'));
  CHECK(logs.open().last() == store::TimeEntry{9, {30}});
  CHECK(logs.bytes() == whole);
  CHECK(logs.open(10).last() == store::TimeEntry{9, {30}});
  CHECK(logs.open(9).last() == store::TimeEntry{5, {20}});
  CHECK_FALSE(logs.open(0).last().has_value());
}

TEST_CASE("what is no sidecar is replaced, and read as one without times") {
  const Logs logs;
  logs.put("lodgeidx\2-------and so on");
  auto reader = logs.reader();
  CHECK_FALSE(time_at(reader, 0).has_value());
  CHECK_FALSE(offset_of(reader, 0).has_value());
  auto file = logs.open();
  CHECK_FALSE(file.last().has_value());
  CHECK(file.append(7, {10}));
  CHECK(logs.bytes().size() == 32);
}

TEST_CASE("a replaced sidecar begins anew, who reads the old one may finish") {
  const Logs logs;
  auto file = logs.open();
  CHECK(file.append(0, {10}));
  auto reader = logs.reader();
  CHECK(file.replace());
  CHECK_FALSE(file.last().has_value());
  CHECK(file.append(0, {20}));
  CHECK(time_at(reader, 3) == 10);
  auto fresh = logs.reader();
  CHECK(time_at(fresh, 3) == 20);
  CHECK(TimesFile::replace_closed(logs.idx()));
  CHECK(logs.bytes().size() == 16);
  CHECK(TimesFile::replace_closed(logs.idx() + ".none"));
  CHECK_FALSE(base::fs::exists(logs.idx() + ".none"));
}

TEST_CASE("the sidecar of another log tells nothing about ours") {
  const Logs logs;
  CHECK(logs.open().append(0, {10}));
  auto fd = base::fs::open(logs.log(), O_RDONLY);
  CHECK(base::fs::replace_file(logs.log(), "new"));
  TimesReader reader(logs.log(), fd->get());
  CHECK_FALSE(time_at(reader, 0).has_value());
}

TEST_CASE("a sidecar that comes late is found when one looks again") {
  const Logs logs;
  auto fd = base::fs::open(logs.log(), O_RDONLY);
  TimesReader reader(logs.log(), fd->get());
  CHECK_FALSE(time_at(reader, 0).has_value());
  CHECK(logs.open().append(0, {10}));
  reader.look_again(fd->get());
  CHECK(time_at(reader, 0) == 10);
}

TEST_CASE("time of offset and offset of time are as in a map, as it grows") {
  const Logs logs;
  auto file = logs.open();
  auto reader = logs.reader();
  std::mt19937 random(5);
  std::map<uint64_t, int64_t> by_offset;
  std::map<int64_t, uint64_t> by_time;
  uint64_t offset = random() % 2;
  int64_t time = 1000;
  const auto look = [&](uint64_t at) {
    const auto after = by_offset.upper_bound(at);
    const auto wanted = after == by_offset.begin()
                            ? std::nullopt
                            : std::optional(std::prev(after)->second);
    REQUIRE((time_at(reader, at) == wanted));
  };
  for (int round = 0; round < 3000; ++round) {
    REQUIRE(file.append(offset, {time}));
    by_offset[offset] = by_time[time] = 0;
    by_offset[offset] = time;
    by_time[time] = offset;
    look(offset);
    offset += 1 + random() % 300;
    time += 1 + random() % 50;
    look(offset - 1);
    if (round % 10 > 0) continue;
    look(random() % (offset + 10));
    const auto wanted = static_cast<int64_t>(random()) % (time + 10);
    const auto after = by_time.lower_bound(wanted);
    REQUIRE((offset_of(reader, wanted) ==
             (after == by_time.end() ? std::nullopt
                                     : std::optional(after->second))));
  }
  for (uint64_t at = offset; at > 40; at -= 40) look(at);
  for (uint64_t at = 0; at < offset; at += 1 + at / 7) look(at);
  const auto ordered = reader.is_ordered();
  REQUIRE(ordered.has_value());
  CHECK(*ordered);
}

TEST_CASE("times that run backward are noticed") {
  const Logs logs;
  auto file = logs.open();
  for (uint64_t i = 0; i < 100; ++i)
    CHECK(file.append(i, {i < 50 ? 1000 : static_cast<int64_t>(i)}));
  auto reader = logs.reader();
  const auto ordered = reader.is_ordered();
  REQUIRE(ordered.has_value());
  CHECK_FALSE(*ordered);
}
